import { readFile } from "node:fs/promises";
import type { Browser, Page } from "@playwright/test";
import { expectAccessible } from "../support/axe.ts";
import { Api, DEMO_PASSWORD, expect, PASSWORD, signIn, test } from "../support/fixtures.ts";
import { choose, labelled } from "../support/page.ts";
import { start, type Server } from "../support/server.ts";

const COUNTY = "140423";
const TOWNSHIP = "140423100";

async function people(admin: Api): Promise<void> {
  await admin.addUser("epi", "Dr Li", "epidemiologist", COUNTY);
  await admin.addUser("chief", "Chief Wang", "commander", "140400");
  await admin.addUser("county", "Chief Zhao", "commander", COUNTY);
  await admin.addUser("township", "Officer Zhang", "unit_officer", TOWNSHIP);
  await admin.addUser("inspector", "Inspector Zhou", "inspector", "140400");
}

/** A browser of its own for a person, signed in. */
async function as(browser: Browser, server: Server, username: string, password = PASSWORD): Promise<Page> {
  const context = await browser.newContext({ acceptDownloads: true });
  const page = await context.newPage();
  await signIn(page, server, username, password);
  return page;
}

const open = (page: Page, server: Server, path: string) => page.goto(`${server.url}/console${path}`);

test("the whole chain in the demo city: signal, alarm, plan, level, directive, escalation, finding, way back, timeline", async ({
  browser,
}) => {
  // Ten people sign in, the city opens three times, eleven pages are looked through.
  test.setTimeout(600_000);
  const first = await start("demo");
  let server = first;

  // The county's epidemiologist assesses the signal as an alarm.
  const epi = await as(browser, server, "epidemiologist", DEMO_PASSWORD);
  await epi.getByRole("link", { name: "Signals" }).click();
  await epi.getByRole("link", { name: "襄垣县", exact: true }).first().click();
  const signal = epi.getByRole("dialog", { name: /Signal in 襄垣县/ });
  await signal.getByLabel("Reason").fill("Nine cases in one school.");
  await signal.getByRole("button", { name: "Raise alarm" }).click();
  await expect(signal.getByText("Already an alarm")).toBeVisible();

  // The plan has opened: an investigation within a day, contacts, sites.
  await open(epi, server, "/tasks?whose=unit");
  const tasks = epi.getByRole("region", { name: "List of tasks" });
  await expect(tasks.getByRole("row", { name: /流行病学调查/ })).toContainText("13 Feb 2020 08:0");
  await expect(tasks.getByRole("row", { name: /密接追踪/ })).toBeVisible();
  await expect(tasks.getByRole("row", { name: /场所管控建议/ })).toBeVisible();
  await expectAccessible(epi, "the tasks of a unit");

  // The commander confirms the proposed level, once it was seen what it brings.
  const chief = await as(browser, server, "commander", DEMO_PASSWORD);
  await open(chief, server, "/desk");
  await expectAccessible(chief, "the duty desk");
  await chief
    .getByRole("region", { name: "Waits for a decision" })
    .getByRole("link", { name: "襄垣县: Level III is proposed" })
    .click();
  await chief.getByRole("button", { name: "Look and decide" }).click();
  const decide = chief.getByRole("dialog", { name: "Change the level" });
  await expect(decide.getByRole("button", { name: "Decide" })).toBeDisabled();
  await decide.getByLabel("Evidence").fill("Nine cases in one school, contacts in three towns.");
  await decide.getByRole("button", { name: "What would change" }).click();
  const seen = decide.getByRole("status");
  await expect(seen).toContainText("Routine → Level III");
  await expect(seen).toContainText("Tasks (checkpoints): 10");
  // A button that is just changing its colour has no contrast that could be looked at.
  await chief.evaluate(async () => {
    const changing = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    await Promise.allSettled(changing.map((animation) => animation.finished));
  });
  await expectAccessible(chief, "deciding a level");
  await decide.getByRole("button", { name: "Decide" }).click();
  const below = chief.getByRole("region", { name: "Levels of the regions" });
  await expect(below.getByRole("row", { name: /襄垣县/ })).toContainText("Level III");
  await expect(chief.getByRole("list", { name: "Levels over time" })).toContainText("Level III");
  await expectAccessible(chief, "the levels");

  // The county issues a directive to its townships and four departments.
  const county = await as(browser, server, "county", DEMO_PASSWORD);
  await open(county, server, "/directives");
  await county.getByRole("button", { name: "Draft a directive" }).click();
  await county.getByRole("textbox", { name: labelled("Number") }).fill("襄防办〔2020〕3号");
  await county.getByRole("textbox", { name: labelled("Title") }).fill("学校停课与密接排查");
  await county.getByRole("textbox", { name: labelled("Text") }).fill("当日完成，逐日反馈。");
  await choose(county, "Issued for", "襄垣县", "襄垣");
  await choose(county, "Addressed to every", "Township");
  for (const department of ["Health", "Disease control", "Public security", "Education"])
    await county.getByRole("checkbox", { name: department, exact: true }).check();
  await county.getByLabel("To be carried out by").fill("2020-02-12T18:00");
  await county.getByRole("textbox", { name: labelled("Date") }).fill("2020-02-12");
  await county.keyboard.press("Tab");
  await expectAccessible(county, "the form of a directive");
  await county.getByRole("button", { name: "Save" }).click();
  await expect(county.getByRole("heading", { name: "学校停课与密接排查", level: 1 })).toBeVisible();
  await county.getByRole("button", { name: "Issue", exact: true }).click();
  const units = county.getByRole("region", { name: "Units", exact: true });
  await expect(units.getByRole("link")).toHaveCount(14);
  await expect(units.getByRole("link", { name: /襄垣县教育局/ })).toContainText("Assigned");
  const directive = new URL(county.url()).pathname.split("/").at(-1) ?? "";
  const path = `/directives/${directive}`;

  // Thirteen units confirm receipt and report as done; one does not.
  const asCounty = await Api.signIn(server, "county", DEMO_PASSWORD);
  const { items } = await asCounty.request<{
    items: { record: string; region: { code: string } }[];
  }>("GET", `/records/${directive}/standings`);
  const late = items.find((unit) => unit.region.code === TOWNSHIP)?.record ?? "";
  const records = items.map((unit) => unit.record).filter((record) => record !== late);
  for (const [step, values] of [
    ["receive", {}],
    ["finish", { result: "已落实" }],
  ] as const)
    await asCounty.request("POST", "/work/steps", { records, step, values, together: true });
  // The page follows by itself.
  await expect(units.getByRole("link", { name: /Done, to be checked/ })).toHaveCount(13);
  await expectAccessible(county, "a directive followed down the tree");
  for (const page of [epi, chief, county]) await page.context().close();

  // Hours pass. Deadlines survive the restart, and lateness climbs up the tree by itself.
  await server.stop({ keep: true });
  const at = (moment: string) => start("demo", ["--at", moment], first.data);
  server = await at("2020-02-12T18:30");
  let page = await as(browser, server, "county", DEMO_PASSWORD);
  await open(page, server, path);
  const tile = (of: Page) => of.getByRole("link", { name: /^古韩镇/ });
  await expect(tile(page)).toContainText("Late");
  await page.context().close();
  await server.stop({ keep: true });
  server = await at("2020-02-12T23:00");
  page = await as(browser, server, "county", DEMO_PASSWORD);
  await open(page, server, path);
  await expect(tile(page)).toContainText("raised 1");
  await open(page, server, "/desk");
  await expect(page.getByRole("region", { name: "Notices" })).toContainText(
    "late, raised to you: 学校停课与密接排查",
  );

  // The township receives it at last and reports; the county checks.
  const township = await as(browser, server, "township", DEMO_PASSWORD);
  await open(township, server, `/tasks/${late}`);
  const task = township.getByRole("dialog", { name: "Task" });
  await task.getByRole("button", { name: "Confirm receipt" }).click();
  await task.getByRole("button", { name: "Report as done" }).click();
  await task.getByLabel("Result").fill("排查完毕，登记12人。");
  await task.getByRole("button", { name: "Report as done" }).last().click();
  await expect(task.getByText("Done, to be checked").first()).toBeVisible();
  await expect(task.getByRole("button", { name: "Check and close" })).toBeDisabled();
  await open(page, server, `${path}/units/${late}`);
  await page.getByRole("dialog", { name: "Unit" }).getByRole("button", { name: "Check and close" }).click();
  await expect(tile(page)).toContainText("Closed");
  await township.context().close();

  // Contacts are registered and followed up; the task of the plan is done.
  const epi2 = await as(browser, server, "epidemiologist", DEMO_PASSWORD);
  const asEpi = await Api.signIn(server, "epidemiologist", DEMO_PASSWORD);
  await asEpi.request("POST", "/registers/contact/records", {
    data: {
      contact_id: "MJ-1",
      disease: "covid-19",
      region: TOWNSHIP,
      source_case: "C-1",
      report_date: "2020-02-12",
    },
  });
  await open(epi2, server, "/registers/follow_up/new");
  await epi2.getByRole("textbox", { name: labelled("Contact") }).fill("MJ-1");
  await choose(epi2, "Disease", "COVID-19");
  await choose(epi2, "Region", "古韩镇", "古韩");
  await epi2.getByRole("textbox", { name: labelled("Date") }).fill("2020-02-12");
  await epi2.keyboard.press("Tab");
  await choose(epi2, "Outcome", "Well");
  await epi2.getByRole("button", { name: "Save" }).click();
  await expect(epi2.getByRole("heading", { name: "MJ-1", level: 1 })).toBeVisible();
  await open(epi2, server, "/tasks?whose=unit");
  await epi2.getByRole("link", { name: /密接追踪/ }).click();
  const tracing = epi2.getByRole("dialog", { name: "Task" });
  await tracing.getByRole("button", { name: "Report as done" }).click();
  await tracing.getByLabel("Result").fill("登记密接1人，均已随访。");
  await tracing.getByRole("button", { name: "Report as done" }).last().click();
  await expect(tracing.getByText("Done, to be checked").first()).toBeVisible();
  await epi2.context().close();

  // An inspection finds a fault; it is put right; the inspector checks again and closes.
  const inspector = await as(browser, server, "inspector", DEMO_PASSWORD);
  await open(inspector, server, "/supervision");
  await inspector.getByRole("button", { name: "New: Findings" }).click();
  await inspector.getByRole("textbox", { name: labelled("Fault") }).fill("隔离点通道未分开");
  await inspector.getByRole("textbox", { name: "What was found" }).fill("清洁与污染通道共用。");
  await choose(inspector, "Kind", "Facilities and equipment");
  await choose(inspector, "Gravity", "Critical");
  await choose(inspector, "Region", "襄垣县", "襄垣");
  await inspector.getByRole("textbox", { name: labelled("Found") }).fill("2020-02-12");
  await inspector.keyboard.press("Tab");
  await inspector.getByLabel("To be put right by").fill("2020-02-14T18:00");
  await inspector.getByRole("button", { name: "Save" }).click();
  const finding = inspector.getByRole("dialog", { name: "Finding or visit" });
  await expect(finding.getByText("Open", { exact: true }).first()).toBeVisible();
  const address = new URL(inspector.url()).pathname.replace(/^\/console/, "");
  await open(page, server, address);
  const mend = page.getByRole("dialog", { name: "Finding or visit" });
  await mend.getByRole("button", { name: "Report as put right" }).click();
  await mend.getByLabel("What was done").fill("增设专用电梯。");
  await mend.getByLabel("Evidence").fill("photo-7");
  await mend.getByRole("button", { name: "Report as put right" }).last().click();
  await expect(finding.getByText("Reported as put right").first()).toBeVisible();
  await finding.getByRole("button", { name: "Re-check and close" }).click();
  await choose(inspector, "Re-check", "Put right");
  await finding.getByRole("button", { name: "Re-check and close" }).last().click();
  await expect(finding.getByText("Closed", { exact: true }).first()).toBeVisible();
  await open(inspector, server, "/supervision");
  await expect(inspector.getByRole("region", { name: /^Closed/ })).toContainText("隔离点通道未分开");
  await expectAccessible(inspector, "the board of findings");
  await inspector.context().close();
  await page.context().close();

  // The way back, and the timeline after the action as a file.
  const chief2 = await as(browser, server, "commander", DEMO_PASSWORD);
  await open(chief2, server, `/levels?region=${COUNTY}`);
  await chief2.getByRole("button", { name: "Back to Routine" }).click();
  const back = chief2.getByRole("dialog", { name: "Back to the level before" });
  await back.getByLabel("Evidence").fill("No further cases; contacts released.");
  await back.getByRole("button", { name: "What would change" }).click();
  await expect(back.getByRole("status")).toContainText("Level III → Routine");
  await back.getByRole("button", { name: "Decide" }).click();
  await expect(chief2.getByRole("region", { name: "Decisions" })).toContainText("No further cases");
  await open(chief2, server, `/desk?region=${COUNTY}&from=2020-02-12&to=2020-02-13`);
  await expect(chief2.getByRole("region", { name: "What happened" })).toContainText("Assessed as an alarm");
  const download = chief2.waitForEvent("download");
  await chief2.getByRole("link", { name: "Export timeline" }).click();
  const table = await readFile(await (await download).path(), "utf8");
  const story = [
    "Assessed as an alarm",
    "Plan ran: Response to an alarm",
    "Level III decided",
    "Directives: 学校停课与密接排查 - Issue",
    "Tasks: 学校停课与密接排查 - Confirm receipt",
    "Tasks: 学校停课与密接排查 - late",
    "lateness raised to 襄垣县",
    "Tasks: 学校停课与密接排查 - Check and close",
    "Findings: 隔离点通道未分开 - Report as put right",
    "Findings: 隔离点通道未分开 - Re-check and close",
    "Routine decided",
  ];
  const places = story.map((line) => table.indexOf(line));
  expect(places, table).toEqual([...places].sort((a, b) => a - b));
  expect(places.every((place) => place >= 0)).toBe(true);
  await chief2.context().close();
  await server.stop();
});

test("two people take a step on one record at once: one wins, the other is told what changed", async ({
  browser,
  server,
  admin,
}) => {
  await people(admin);
  await admin.addUser("deputy", "Officer Qian", "unit_officer", TOWNSHIP);
  const county = await Api.signIn(server, "county");
  const task = await county.request<{ id: string }>("POST", "/registers/task/records", {
    data: { title: "入户排查", category: "other", region: TOWNSHIP, created_on: "2020-03-01" },
  });
  const slow = await as(browser, server, "township");
  // This page hears of no changes, as on a line that just broke.
  await slow.route("**/api/v1/events", (route) => route.abort());
  await open(slow, server, `/tasks/${task.id}`);
  const quick = await as(browser, server, "deputy");
  await open(quick, server, `/tasks/${task.id}`);
  const finish = async (page: Page, result: string) => {
    const drawer = page.getByRole("dialog", { name: "Task" });
    await drawer.getByRole("button", { name: "Report as done" }).click();
    await drawer.getByLabel("Result").fill(result);
    await drawer.getByRole("button", { name: "Report as done" }).last().click();
    return drawer;
  };
  const slowDrawer = slow.getByRole("dialog", { name: "Task" });
  await expect(slowDrawer.getByRole("button", { name: "Report as done" })).toBeVisible();
  const won = await finish(quick, "120 households, nobody ill.");
  await expect(won.getByText("Done, to be checked").first()).toBeVisible();
  const lost = await finish(slow, "Nobody was at home.");
  await expect(lost.getByRole("alert")).toContainText("Someone else changed this");
  await expect(lost.getByRole("status")).toContainText("Officer Qian");
  await expect(lost.getByRole("status")).toContainText("Result");
  // It shows the newest state; the first result stands.
  await expect(lost.getByText("Done, to be checked").first()).toBeVisible();
  const { data } = await county.request<{ data: { result: string } }>("GET", `/records/${task.id}`);
  expect(data.result).toBe("120 households, nobody ill.");
  await slow.context().close();
  await quick.context().close();
});

test("a register with states shows its diagram, and a plan is read, tried out and rehearsed", async ({
  page,
  server,
  admin,
}) => {
  await people(admin);
  await signIn(page, server, "county");
  await open(page, server, "/registers/task");
  await page.getByRole("button", { name: "States and steps" }).click();
  const picture = page.getByRole("img", { name: "Diagram: Tasks" });
  await expect(picture).toBeVisible();
  expect(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(800);
  await open(page, server, "/plans?plan=level_raised");
  await expect(page.getByRole("img", { name: /^Diagram: / })).toBeVisible();
  await expectAccessible(page, "a plan");
  await page.getByRole("textbox", { name: "previous" }).fill("routine");
  await page.getByRole("textbox", { name: "level", exact: true }).fill("iii");
  await page.getByRole("button", { name: "Try out" }).click();
  const outcome = page.getByRole("status", { name: "Outcome" });
  await expect(outcome).toContainText("Tasks (checkpoints): 10");
  await expect(page.getByRole("button", { name: "Run", exact: true })).toBeDisabled();
  await page.getByRole("button", { name: "Rehearse" }).click();
  await expect(outcome).toContainText("Drill");
  await open(page, server, "/tasks");
  await expect(page.getByRole("row").filter({ hasText: "Drill" }).first()).toBeVisible();
  await open(page, server, "/tasks?view=map");
  await expect(page.getByRole("button", { name: /古韩镇: 0 late of \d+ open/ })).toBeVisible();
  await expectAccessible(page, "the map of tasks");
});
