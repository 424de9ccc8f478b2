import type { Page } from "@playwright/test";
import { expectAccessible } from "../support/axe.ts";
import { type Api, expect, signIn, test } from "../support/fixtures.ts";
import { choose } from "../support/page.ts";
import { Api as SignedIn } from "../support/fixtures.ts";
import type { Server } from "../support/server.ts";

async function cases(server: Server, admin: Api): Promise<Api> {
  await admin.addUser("epi", "Dr Wang", "epidemiologist", "140423");
  const epi = await SignedIn.signIn(server, "epi");
  const add = (case_id: string, region: string, onset_date: string, classification: string) =>
    epi.request("POST", "/registers/case/records", {
      data: {
        case_id,
        disease: "measles",
        region,
        onset_date,
        report_date: "2020-02-20",
        classification,
        name: "张三",
      },
    });
  await add("XY-1", "140423100", "2020-02-14", "suspected");
  await add("XY-2", "140423101", "2020-02-16", "confirmed");
  await add("XY-3", "140423100", "2020-02-18", "confirmed");
  return epi;
}

const table = (page: Page) => page.getByRole("region", { name: "Records: Cases" });

test("a list filters by words, region and choices, and keeps its filters in the address", async ({
  page,
  server,
  admin,
}) => {
  await cases(server, admin);
  await signIn(page, server, "epi");
  await page.getByRole("link", { name: "Registers" }).click();
  await expect(page.getByRole("heading", { name: "Registers", level: 1 })).toBeVisible();
  await expectAccessible(page, "the registers");
  await page.getByRole("link", { name: "Cases", exact: true }).click();
  await expect(table(page).getByRole("link", { name: /^XY-/ })).toHaveCount(3);
  await expectAccessible(page, "a list of records");

  await choose(page, "Classification", "Confirmed");
  await expect(table(page).getByRole("link", { name: /^XY-/ })).toHaveText(["XY-3", "XY-2"]);
  await choose(page, "Region", "古韩镇", "古韩");
  await expect(table(page).getByRole("link", { name: /^XY-/ })).toHaveText(["XY-3"]);
  await page.reload();
  await expect(table(page).getByRole("link", { name: /^XY-/ })).toHaveText(["XY-3"]);
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(table(page).getByRole("link", { name: /^XY-/ })).toHaveCount(3);

  await page.getByRole("searchbox", { name: "Search" }).fill("XY-1");
  await page.keyboard.press("Enter");
  await expect(table(page).getByRole("link", { name: /^XY-/ })).toHaveText(["XY-1"]);
});

test("a record is entered, refused where it contradicts itself, and changed as a new version", async ({
  page,
  server,
  admin,
}) => {
  await admin.addUser("epi", "Dr Wang", "epidemiologist", "140423");
  await signIn(page, server, "epi");
  await page.goto(`${server.url}/console/registers/case/new`);
  await page.getByRole("textbox", { name: "Case number", exact: true }).fill("XY-9");
  await choose(page, "Disease", "Measles");
  await choose(page, "Region", "古韩镇", "古韩");
  await choose(page, "Classification", "Suspected");
  await page.getByRole("textbox", { name: "Onset date" }).fill("2020-02-20");
  await page.keyboard.press("Tab");
  await page.getByRole("textbox", { name: "Last possible exposure" }).fill("2020-02-10");
  await page.keyboard.press("Tab");
  await page.getByRole("textbox", { name: "First possible exposure" }).fill("2020-02-12");
  await page.keyboard.press("Tab");
  await expectAccessible(page, "the form of a record");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText(/exposure ends before it starts/)).toBeVisible();

  await page.getByRole("textbox", { name: "First possible exposure" }).fill("2020-02-09");
  await page.keyboard.press("Tab");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { name: "XY-9" })).toBeVisible();
  await expect(page.getByText("Version 1", { exact: true })).toBeVisible();
  // What nobody answered is not answered: the first choice of a list is no answer.
  const values = page.getByRole("region", { name: "Values" });
  for (const unanswered of ["Sex", "Health worker", "Severity", "Outcome", "Infected elsewhere"]) {
    await expect(values.getByRole("rowheader", { name: unanswered, exact: true }).locator("+ td")).toHaveText(
      "–",
    );
  }

  await page.getByRole("button", { name: "Edit" }).click();
  await choose(page, "Classification", "Confirmed");
  await page.getByLabel("Reason").fill("IgM positive");
  await page.getByRole("button", { name: "Save" }).click();
  const versions = page.getByRole("region", { name: "Versions" });
  await expect(versions.getByText("Version 2")).toBeVisible();
  await expect(versions).toContainText("IgM positive");
  await expect(versions.locator("del")).toHaveText(["Suspected"]);
  await expect(versions.locator("ins")).toHaveText(["Confirmed"]);
  await expectAccessible(page, "a record");
});

test("whoever saves second sees what the first one changed and loses nothing", async ({
  page,
  server,
  admin,
}) => {
  const epi = await cases(server, admin);
  await signIn(page, server, "epi");
  await page.goto(`${server.url}/console/registers/case`);
  await table(page).getByRole("link", { name: "XY-1" }).click();
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Remark" }).fill("called the family");

  const id = page.url().match(/records\/([0-9a-f-]+)/)?.[1] ?? "";
  const record = await epi.request<{ version: number; data: object }>("GET", `/records/${id}`);
  await epi.request(
    "PUT",
    `/records/${id}`,
    {
      data: { ...record.data, classification: "confirmed" },
      reason: "laboratory",
    },
    { "if-match": `"${record.version}"` },
  );

  await page.getByRole("button", { name: "Save" }).click();
  const conflict = page.getByRole("alert");
  await expect(conflict).toContainText("Dr Wang saved version 2");
  await expect(conflict).toContainText("Confirmed");
  await expectAccessible(page, "a conflict");
  await page.getByRole("button", { name: "Apply my changes to it" }).click();
  await expect(page.getByRole("textbox", { name: "Remark" })).toHaveValue("called the family");
  await page.getByRole("button", { name: "Save" }).click();
  const values = page.getByRole("region", { name: "Values" });
  await expect(values).toContainText("called the family");
  await expect(values).toContainText("Confirmed");
  await expect(page.getByText("Version 3", { exact: true })).toBeVisible();
});

test("personal fields are hidden from those who need not know them", async ({ page, server, admin }) => {
  await cases(server, admin);
  await admin.addUser("guest", "Guest", "viewer", "140400");
  await signIn(page, server, "guest");
  await page.goto(`${server.url}/console/registers/case`);
  await table(page).getByRole("link", { name: "XY-1" }).click();
  const values = page.getByRole("region", { name: "Values" });
  await expect(values).toContainText("Not shown to your role");
  await expect(page.getByText("张三")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Edit" })).toBeDisabled();
});

test("a withdrawn record stays in its versions and leaves the list", async ({ page, server, admin }) => {
  await cases(server, admin);
  await signIn(page, server, "epi");
  await page.goto(`${server.url}/console/registers/case`);
  await table(page).getByRole("link", { name: "XY-2" }).click();
  await page.getByRole("button", { name: "Withdraw" }).click();
  const dialog = page.getByRole("dialog", { name: "Withdraw" });
  await dialog.getByRole("button", { name: "Withdraw" }).click();
  await expect(dialog.getByText("Withdrawing needs a reason")).toBeVisible();
  await dialog.getByLabel("Reason").fill("entered twice");
  await dialog.getByRole("button", { name: "Withdraw" }).click();
  await expect(table(page).getByRole("link", { name: /^XY-/ })).toHaveText(["XY-3", "XY-1"]);
});
