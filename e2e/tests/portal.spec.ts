import { expectAccessible } from "../support/axe.ts";
import { Api, expect, signIn, test } from "../support/fixtures.ts";
import { raiseSignal } from "../support/outbreak.ts";

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("the public page shows what was published and nothing of a person", async ({
    page,
    server,
    admin,
  }) => {
    await page.goto(`${server.url}/`);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();

    await admin.addUser("chief", "Chief Liu", "commander", "140400");
    await admin.addUser("epi", "Dr Wang", "epidemiologist", "140423");
    const epi = await Api.signIn(server, "epi");
    await raiseSignal(epi);
    await epi.request("POST", "/registers/case/records", {
      data: {
        case_id: "XY-77",
        disease: "covid-19",
        region: "140423100",
        report_date: "2020-02-20",
        classification: "confirmed",
        name: "张小三",
        phone: "13800001111",
        address: "府前街七号",
        document_number: "140423198001010011",
      },
    });
    const chief = await Api.signIn(server, "chief");
    const title = "长治市疫情通报";
    const draft = await chief.request<{ id: string; version: number }>("POST", "/publications", {
      region: "140400",
      title,
      text: "请保持通风。<script>alert(1)</script>",
    });
    await page.reload();
    await expect(page.getByText(title)).toHaveCount(0);

    await chief.request("POST", `/publications/${draft.id}/publish`, {
      version: draft.version,
    });
    await page.reload();
    await expect(page.getByRole("heading", { name: title })).toBeVisible();
    await expect(page.getByText("请保持通风。<script>alert(1)</script>")).toBeVisible();
    const html = await page.content();
    for (const secret of ["张小三", "13800001111", "府前街七号", "140423198001010011", "XY-77"]) {
      expect(html).not.toContain(secret);
    }
    // Nine cases of one county in four weeks may be shown, and are.
    expect(html).toContain("襄垣");
    const figures = await (await fetch(`${server.url}/`)).text();
    expect(figures).not.toMatch(/<script/i);
  });
});

test("the public page is accessible and reached from the console", async ({ page, server, admin }) => {
  await admin.addUser("chief", "Chief Liu", "commander", "140400");
  await signIn(page, server, "chief");
  await page.getByRole("link", { name: "Publications" }).click();
  await page.getByRole("button", { name: "New publication" }).click();
  const dialog = page.getByRole("dialog", { name: "New publication" });
  await dialog.getByLabel("Title").fill("Situation in Changzhi");
  await dialog.getByLabel("Text").fill("Nothing new.");
  await dialog.getByRole("button", { name: "Save draft" }).click();
  const row = page.getByRole("row", { name: /Situation in Changzhi/ });
  await expect(row).toContainText("Draft");
  await row.getByRole("button", { name: "Publish" }).click();
  await page.getByRole("tooltip").getByRole("button", { name: "Publish" }).click();
  await expect(row).toContainText("Published");
  await expectAccessible(page, "the list of publications");

  const opened = page.waitForEvent("popup");
  await page.getByRole("navigation").getByRole("link", { name: "Public portal" }).click();
  const portal = await opened;
  await expect(portal.getByRole("heading", { name: "Situation in Changzhi" })).toBeVisible();
  await portal.bringToFront();
  const source = await portal.context().newPage();
  await source.goto(`${server.url}/`);
  await expectAccessible(source, "the public page");
});
