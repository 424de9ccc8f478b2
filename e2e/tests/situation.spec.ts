import { expectAccessible } from "../support/axe.ts";
import { Api, expect, signIn, test } from "../support/fixtures.ts";
import { figure } from "../support/page.ts";

/** Counts that became known day by day, and a correction that came a week later. */
const HISTORY = [
  "region,disease,date,indicator,count,known_on",
  "140423,covid-19,2020-02-10,confirmed,4,2020-02-10",
  "140423,covid-19,2020-02-11,confirmed,6,2020-02-11",
  "140403,covid-19,2020-02-12,confirmed,5,2020-02-12",
  "140423,covid-19,2020-02-19,confirmed,-3,2020-02-19",
  "",
].join("\n");

test("the screen replays what was known on an earlier day", async ({ page, server, admin }) => {
  await admin.addUser("chief", "Chief Liu", "commander", "140400");
  await admin.addUser("epi", "Dr Wang", "epidemiologist", "140400");
  const epi = await Api.signIn(server, "epi");
  const file = new TextEncoder().encode(HISTORY);
  await epi.request("POST", "/registers/count_report/imports?filename=h.csv&dry_run=false", file);

  await signIn(page, server, "chief");
  await expect(
    page.getByRole("status", { name: "" }).or(page.getByText("Now: 1 Mar 2020")).first(),
  ).toBeVisible();
  await expect(figure(page, "Cumulative")).toHaveText("12");
  await expectAccessible(page, "the situation");

  const slider = page.getByRole("slider", { name: "Day as known on" });
  await slider.focus();
  await page.keyboard.press("Home");
  await expect(page.getByText("As known on 10 Feb 2020")).toBeVisible();
  await expect(figure(page, "Cumulative")).toHaveText("4");
  await page.getByRole("button", { name: "One day forward" }).click();
  await expect(page.getByText("As known on 11 Feb 2020")).toBeVisible();
  await expect(figure(page, "Cumulative")).toHaveText("10");
  await page.getByRole("button", { name: "One day forward" }).click();
  await expect(figure(page, "Cumulative")).toHaveText("15");
  // The correction of 19 February was not known yet on the 18th.
  await page.goto(`${server.url}/console/situation?as_of=2020-02-18`);
  await expect(figure(page, "Cumulative")).toHaveText("15");
  await page.getByRole("button", { name: "One day forward" }).click();
  await expect(figure(page, "Cumulative")).toHaveText("12");
  await page.getByRole("button", { name: "Back to now" }).click();
  await expect(page.getByText("Now: 1 Mar 2020")).toBeVisible();
});

test("playing steps through the days and stops at the present", async ({ page, server, admin }) => {
  await admin.addUser("chief", "Chief Liu", "commander", "140400");
  await admin.addUser("epi", "Dr Wang", "epidemiologist", "140400");
  const epi = await Api.signIn(server, "epi");
  const rows = ["region,disease,date,indicator,count,known_on"];
  for (const [day, n] of [
    ["2020-02-27", 1],
    ["2020-02-28", 2],
    ["2020-02-29", 4],
  ]) {
    rows.push(`140423,covid-19,${day},confirmed,${n},${day}`);
  }
  const file = new TextEncoder().encode(`${rows.join("\n")}\n`);
  await epi.request("POST", "/registers/count_report/imports?filename=h.csv&dry_run=false", file);
  await signIn(page, server, "chief");
  await expect(figure(page, "Cumulative")).toHaveText("7");
  await page.getByRole("button", { name: "Play" }).click();
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Play" })).toBeVisible();
  await expect(page.getByText("Now: 1 Mar 2020")).toBeVisible();
  await expect(figure(page, "Cumulative")).toHaveText("7");
});

test("regions open by map, table, trail and keyboard, down to the township", async ({
  page,
  server,
  admin,
}) => {
  await admin.addUser("chief", "Chief Liu", "commander", "140400");
  await signIn(page, server, "chief");
  await expect(page.getByRole("heading", { name: "Map of 长治市" })).toBeVisible();
  await page.getByRole("button", { name: /^襄垣县: / }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Map of 襄垣县" })).toBeVisible();
  await page
    .getByRole("region", { name: "Regions of 襄垣县" })
    .getByRole("button", { name: "古韩镇" })
    .click();
  await expect(page.getByRole("heading", { name: "Map of 古韩镇" })).toBeVisible();
  const trail = page.getByRole("navigation", { name: "Region" });
  await expect(trail).toContainText("襄垣县");
  await trail.getByRole("button", { name: "长治市" }).click();
  await expect(page.getByRole("heading", { name: "Map of 长治市" })).toBeVisible();
});

test("every drawing can be read as a table", async ({ page, server, admin }) => {
  await admin.addUser("chief", "Chief Liu", "commander", "140400");
  await admin.addUser("epi", "Dr Wang", "epidemiologist", "140400");
  const epi = await Api.signIn(server, "epi");
  const file = new TextEncoder().encode(HISTORY);
  await epi.request("POST", "/registers/count_report/imports?filename=h.csv&dry_run=false", file);
  await signIn(page, server, "chief");
  const card = page.getByRole("region", { name: /^Epidemic curve/ });
  await card.getByRole("button", { name: "As table" }).click();
  await expect(card.getByRole("row", { name: /19 Feb 2020/ })).toContainText("−3");
  await expectAccessible(page, "the curve as a table");
});
