import { expectAccessible } from "../support/axe.ts";
import { expect, signIn, test } from "../support/fixtures.ts";
import { asGb18030, asXlsx, tianjin } from "../support/files.ts";
import { choose, figure } from "../support/page.ts";

const FILES = {
  "a GB18030 file with semicolons": {
    name: "天津.csv",
    encoding: "GB18030",
    build: async () => asGb18030(tianjin()),
  },
  "a workbook": {
    name: "天津.xlsx",
    encoding: "–",
    build: async () => asXlsx(tianjin()),
  },
};

for (const [what, { name, encoding, build }] of Object.entries(FILES)) {
  test(`the outbreak in Tianjin arrives as ${what}, is checked, stored, and seen`, async ({
    page,
    server,
    admin,
  }) => {
    await admin.addUser("epi", "Dr Wang", "epidemiologist", "120000");
    await signIn(page, server, "epi");
    await page.goto(`${server.url}/console/registers/case/import`);
    await expectAccessible(page, "the import before a file is chosen");
    await page.locator("input[type=file]").setInputFiles({
      name,
      mimeType: "application/octet-stream",
      buffer: await build(),
    });
    await choose(page, "Disease", "COVID-19");
    await page.getByRole("button", { name: "Check the file" }).click();

    await expect(page.getByRole("heading", { name: /nothing stored yet/ })).toBeVisible();
    await expect(figure(page, "Rows read")).toHaveText("135");
    await expect(figure(page, "Accepted")).toHaveText("135");
    await expect(figure(page, "Refused")).toHaveText("0");
    await expect(figure(page, "New")).toHaveText("135");
    await expect(page.getByRole("row", { name: /发病日期/ })).toContainText("onset_date");
    await expect(page.getByRole("row", { name: /现住地区/ })).toContainText("region");
    await expect(page.getByText(encoding, { exact: true }).first()).toBeVisible();
    await expectAccessible(page, "the report of a dry run");
    const nothing = await admin.request<{
      items: { id: string; record_count?: number | null }[];
    }>("GET", "/registers");
    expect(nothing.items.find((register) => register.id === "case")?.record_count).toBe(0);

    await page.getByRole("button", { name: "Import 135 rows" }).click();
    await expect(page.getByRole("status").filter({ hasText: "135 new" })).toBeVisible();
    await page.getByRole("link", { name: "See the situation" }).click();

    await choose(page, "Measure", "Cases by onset");
    await expect(figure(page, "Cumulative")).toHaveText("125");
    const curve = page.getByRole("img", {
      name: /^Epidemic curve, Cases by onset, 天津市/,
    });
    await expect(curve).toHaveAttribute("aria-label", /125 in total/);
    await expect(page.getByRole("img", { name: /^Reproduction number, 天津市/ })).toBeVisible();
  });
}

test("the same file again changes nothing", async ({ page, server, admin }) => {
  await admin.addUser("epi", "Dr Wang", "epidemiologist", "120000");
  await signIn(page, server, "epi");
  const upload = async () => {
    await page.goto(`${server.url}/console/registers/case/import`);
    const file = {
      name: "t.csv",
      mimeType: "text/csv",
      buffer: asGb18030(tianjin()),
    };
    await page.locator("input[type=file]").setInputFiles(file);
    await choose(page, "Disease", "COVID-19");
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByRole("button", { name: "Import 135 rows" }).click();
  };
  await upload();
  await expect(page.getByRole("status").filter({ hasText: "135 new" })).toBeVisible();
  await upload();
  await expect(page.getByRole("status").filter({ hasText: "0 new, 0 changed, 135 unchanged" })).toBeVisible();
});

test("rows that do not hold are refused one by one, a damaged file as a whole", async ({
  page,
  server,
  admin,
}) => {
  await admin.addUser("epi", "Dr Wang", "epidemiologist", "120000");
  await signIn(page, server, "epi");
  await page.goto(`${server.url}/console/registers/case/import`);
  const [header = [], ...rows] = tianjin();
  const broken = rows.map((row, i) =>
    row.map((cell, k) => (i === 3 && header[k] === "发病日期" ? "2020年13月1日" : cell)),
  );
  const csv = {
    name: "b.csv",
    mimeType: "text/csv",
    buffer: asGb18030([header, ...broken]),
  };
  await page.locator("input[type=file]").setInputFiles(csv);
  await choose(page, "Disease", "COVID-19");
  await page.getByRole("button", { name: "Check the file" }).click();
  await expect(figure(page, "Rows read")).toHaveText("135");
  const finding = page.getByRole("row", { name: /2020年13月1日/ });
  await expect(finding).toContainText("5");
  await expect(finding).toContainText("发病日期");

  const whole = await asXlsx(tianjin());
  const cut = whole.subarray(0, whole.length / 2);
  await page.locator("input[type=file]").setInputFiles({ name: "cut.xlsx", mimeType: "x/x", buffer: cut });
  await page.getByRole("button", { name: "Check the file" }).click();
  await expect(page.getByRole("alert")).toContainText("This file cannot be read");
  await expect(page.getByRole("button", { name: "Import 0 rows" })).toBeDisabled();
});
