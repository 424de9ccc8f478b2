import { expectAccessible } from "../support/axe.ts";
import { Api, expect, signIn, test } from "../support/fixtures.ts";
import { choose } from "../support/page.ts";
import type { Page } from "@playwright/test";
import type { Server } from "../support/server.ts";

const NUMBER = "140423198002030014";

/** A county with a clerk, who has entered somebody, and the officer who answers and erases. */
async function town(server: Server, admin: Api): Promise<Api> {
  await admin.addUser("clerk", "Clerk Li", "data_clerk", "140423");
  await admin.addUser("officer", "Officer Zhao", "privacy_officer", "140400");
  const clerk = await Api.signIn(server, "clerk");
  await enter(clerk, "XY-1", {});
  return clerk;
}

function enter(clerk: Api, case_id: string, whose: object): Promise<{ id: string; person: string }> {
  const data = {
    case_id,
    disease: "measles",
    region: "140423100",
    onset_date: "2020-02-14",
    report_date: "2020-02-20",
    classification: "suspected",
    name: "李雷",
    document_number: NUMBER,
  };
  return clerk.request("POST", "/registers/case/records", { data, ...whose });
}

/** Fills the form of a case so that it may be saved. */
async function fill(page: Page, server: Server, number: string): Promise<void> {
  await page.goto(`${server.url}/console/registers/case/new`);
  await page.getByRole("textbox", { name: "Case number", exact: true }).fill(number);
  await choose(page, "Disease", "Measles");
  await choose(page, "Region", "古韩镇", "古韩");
  await choose(page, "Classification", "Suspected");
  await page.getByRole("textbox", { name: "Onset date" }).fill("2020-02-20");
  await page.keyboard.press("Tab");
  await page.getByRole("textbox", { name: "Document number" }).fill("1404 2319 8002 0300 14");
}

test("who is entered a second time is shown before anything is saved, and a person decides", async ({
  page,
  server,
  admin,
}) => {
  await town(server, admin);
  await signIn(page, server, "clerk");
  await fill(page, server, "XY-2");
  await page.getByRole("button", { name: "Save" }).click();
  const dialog = page.getByRole("dialog", { name: "Entered before?" });
  await expect(dialog).toContainText("李雷");
  await expect(dialog).toContainText("same document");
  await expectAccessible(page, "who was entered before");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await dialog.getByRole("button", { name: "The same person" }).click();
  await expect(page.getByRole("heading", { name: "XY-2" })).toBeVisible();
  await page.getByRole("button", { name: /Person$/ }).click();
  const records = page.getByRole("region", { name: "Records" });
  await expect(records.getByRole("link")).toHaveText(["XY-2", "XY-1"]);

  await fill(page, server, "XY-3");
  await page.getByRole("button", { name: "Save" }).click();
  await dialog.getByRole("button", { name: "Another person" }).click();
  await expect(page.getByRole("heading", { name: "XY-3" })).toBeVisible();
  await page.getByRole("button", { name: /Person$/ }).click();
  await expect(records.getByRole("link")).toHaveText(["XY-3"]);
});

test("two entries are said to be one person, are shown together, and are taken apart again", async ({
  page,
  server,
  admin,
}) => {
  const clerk = await town(server, admin);
  const second = await enter(clerk, "XY-2", { another_person: true });
  await signIn(page, server, "clerk");
  await page.goto(`${server.url}/console/persons/${second.person}`);
  const alike = page.getByRole("region", { name: "Perhaps the same person" });
  await expect(alike).toContainText("李雷 XY-1");
  await expectAccessible(page, "a person");
  await alike.getByRole("button", { name: "The same person" }).click();
  const dialog = page.getByRole("dialog", { name: "The same person" });
  await dialog.getByRole("button", { name: "The same person" }).click();
  await expect(dialog.getByText("Say why, without names")).toBeVisible();
  await dialog.getByLabel("Reason").fill("one document");
  await dialog.getByRole("button", { name: "The same person" }).click();
  const records = page.getByRole("region", { name: "Records" });
  await expect(records.getByRole("link")).toHaveText(["XY-2", "XY-1"]);
  await expect(alike).toContainText("No other entry is like this one.");

  const merges = page.getByRole("region", { name: "Said to be one person" });
  await expect(merges).toContainText("one document");
  await merges.getByRole("button", { name: "Take back" }).click();
  await expect(records.getByRole("link")).toHaveText(["XY-2"]);
  await expect(merges).toContainText("Taken back by Clerk Li");
});

test("whoever asks is answered, and erased for good where that is decided", async ({
  page,
  server,
  admin,
}) => {
  const clerk = await town(server, admin);
  await signIn(page, server, "officer");
  await page.goto(`${server.url}/console/registers`);
  await page.getByRole("button", { name: "Find a person" }).click();
  await page.getByLabel("Telephone").fill("13900000000");
  await page.getByRole("button", { name: "Find a person" }).click();
  await expect(page.getByText("Nobody was found.")).toBeVisible();
  await page.getByLabel("Telephone").fill("");
  await page.getByLabel("Document number").fill("1404-2319-8002-0300-14");
  await page.getByRole("button", { name: "Find a person" }).click();
  await expectAccessible(page, "finding a person");
  await page.getByRole("link", { name: /^Person/ }).click();

  await page.getByRole("button", { name: "What is known" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "HTML" }).click();
  const stream = await (await download).createReadStream();
  let answer = "";
  for await (const chunk of stream) answer += String(chunk);
  expect(answer).toContain("李雷");

  await page.getByRole("button", { name: "Erase" }).click();
  const dialog = page.getByRole("dialog", { name: "Erase" });
  await dialog.getByLabel("Reason").fill("retention ended");
  await dialog.getByRole("button", { name: "Erase" }).click();
  await expect(page.getByText("Person erased")).toBeVisible();
  await expect(page.getByRole("button", { name: "Erase" })).toBeDisabled();
  await page.getByRole("region", { name: "Records" }).getByRole("link").click();
  await expect(page.getByText("Person erased")).toBeVisible();
  await expect(page.getByText("李雷")).toHaveCount(0);
  const list = await clerk.request<{ items: { data: object }[] }>("GET", "/registers/case/records");
  expect(list.items).toHaveLength(1);
  expect(JSON.stringify(list)).not.toContain(NUMBER);
});
