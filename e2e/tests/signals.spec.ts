import { expectAccessible } from "../support/axe.ts";
import { Api, expect, signIn, test } from "../support/fixtures.ts";
import { raiseSignal } from "../support/outbreak.ts";

test("a signal appears by itself, is assessed, and changes on another screen without reload", async ({
  page,
  server,
  admin,
  browser,
}) => {
  await admin.addUser("chief", "Chief Liu", "commander", "140400");
  await admin.addUser("epi", "Dr Wang", "epidemiologist", "140423");
  await signIn(page, server, "chief");
  await page.getByRole("link", { name: "Signals" }).click();
  await expect(page.getByRole("heading", { name: "Signals", level: 1 })).toBeVisible();
  await expect(page.getByRole("status").filter({ hasText: "Live" })).toBeVisible();
  await expect(page.getByText("No signals")).toBeVisible();

  const other = await browser.newContext();
  const second = await other.newPage();
  await signIn(second, server, "epi");
  await second.getByRole("link", { name: "Signals" }).click();
  await expect(second.getByText("No signals")).toBeVisible();

  // Nobody touches either page while the counts arrive.
  await raiseSignal(await Api.signIn(server, "epi"));
  const row = page.getByRole("row", { name: /襄垣县/ });
  await expect(row).toBeVisible();
  await expect(row).toContainText("9");
  await expect(second.getByRole("row", { name: /襄垣县/ })).toBeVisible();
  await expectAccessible(page, "the list of signals");

  await row.getByRole("link", { name: "襄垣县" }).click();
  const drawer = page.getByRole("dialog", { name: /Signal in 襄垣县/ });
  await expect(drawer.getByRole("img", { name: /^Epidemic curve/ })).toBeVisible();
  await expect(drawer.getByText("EARS", { exact: false }).first()).toBeVisible();
  await expectAccessible(page, "a signal");
  await drawer.getByRole("button", { name: "Raise alarm" }).click();
  await expect(drawer.getByText("A decision needs a reason")).toBeVisible();
  await drawer.getByLabel("Reason").fill("Nine cases in one school, confirmed by telephone.");
  await drawer.getByRole("button", { name: "Raise alarm" }).click();
  await expect(drawer.getByText("Already an alarm")).toBeVisible();
  await expect(drawer.getByText("Nine cases in one school")).toBeVisible();

  // The list of open signals of the other person becomes empty, and the alarm stands in the next one.
  await expect(second.getByText("No signals")).toBeVisible();
  await second.getByText("Alarm", { exact: true }).click();
  await expect(second.getByRole("row", { name: /襄垣县/ })).toContainText("Alarm");
  await other.close();
});

test("a dismissed signal needs a reason and may become an alarm later", async ({ page, server, admin }) => {
  await admin.addUser("epi", "Dr Wang", "epidemiologist", "140423");
  await raiseSignal(await Api.signIn(server, "epi"));
  await signIn(page, server, "epi");
  await page.getByRole("link", { name: "Signals" }).click();
  await page
    .getByRole("row", { name: /襄垣县/ })
    .getByRole("link", { name: "襄垣县" })
    .click();
  const drawer = page.getByRole("dialog", { name: /Signal in 襄垣县/ });
  await drawer.getByLabel("Reason").fill("Backlog of a week reported at once.");
  await drawer.getByRole("button", { name: "Dismiss" }).click();
  await expect(drawer.getByText("Already dismissed")).toHaveCount(0);
  await expect(drawer.getByRole("button", { name: "Dismiss" })).toBeDisabled();
  await expect(drawer.getByText("Backlog of a week")).toBeVisible();
  await expect(drawer.getByRole("button", { name: "Raise alarm" })).toBeEnabled();
});

test("the situation counts open signals and leads to them", async ({ page, server, admin }) => {
  await admin.addUser("chief", "Chief Liu", "commander", "140400");
  await admin.addUser("epi", "Dr Wang", "epidemiologist", "140423");
  await raiseSignal(await Api.signIn(server, "epi"));
  await signIn(page, server, "chief");
  await expect(page.getByRole("button", { name: /襄垣县: .*open signals 1/ })).toBeVisible();
  await page.getByRole("group", { name: "Open signals" }).getByRole("link").click();
  await expect(page.getByRole("row", { name: /襄垣县/ })).toBeVisible();
});
