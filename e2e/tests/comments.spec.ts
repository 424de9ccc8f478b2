import type { Page } from "@playwright/test";
import { expectAccessible } from "../support/axe.ts";
import { Api, expect, signIn, test } from "../support/fixtures.ts";

const NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

async function publishArticle(editor: Api, reviewer: Api): Promise<{ id: string; address: string }> {
  const drafted = await editor.request<{ summary: { id: string } }>("POST", "/articles", {
    channel: "gsyl",
    region: "140400",
    content: { title: "Notice of the city", body: "Text.", lang: "en", comments_open: true },
  });
  const id = drafted.summary.id;
  await editor.request("POST", `/articles/${id}/submit`, {});
  const done = await reviewer.request<{ summary: { address: string } }>(
    "POST",
    `/articles/${id}/approve`,
    {},
  );
  return { id, address: done.summary.address };
}

async function prove(page: Page, script: boolean): Promise<void> {
  if (script) {
    await expect(page.getByText("Checked: you can send.")).toBeVisible({ timeout: 30_000 });
    return;
  }
  const asked = (await page.locator("label[for=f-answer]").textContent()) ?? "";
  const [, a, b] = asked.match(/How much is (\w+) plus (\w+)\?/) ?? [];
  await page.locator("#f-answer").fill(String(NUMBERS.indexOf(a ?? "") + NUMBERS.indexOf(b ?? "")));
}

for (const script of [true, false]) {
  test(`a reader comments ${script ? "with" : "without"} script, a moderator approves, the list counts`, async ({
    page,
    server,
    admin,
    browser,
  }) => {
    await admin.addUser("editor", "Editor Sun", "portal_editor", "140400");
    await admin.addUser("reviewer", "Reviewer Qian", "portal_reviewer", "140400");
    const reviewer = await Api.signIn(server, "reviewer");
    const { address } = await publishArticle(await Api.signIn(server, "editor"), reviewer);

    const context = await browser.newContext({
      javaScriptEnabled: script,
      viewport: { width: 360, height: 740 },
    });
    const reader = await context.newPage();
    const dialogs: string[] = [];
    reader.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await reader.goto(`${server.url}${address}?lang=en`);
    await reader.getByRole("link", { name: "Comments: 0" }).click();
    await reader.getByLabel("Name (may be left empty)").fill("Reader");
    await reader.getByLabel("Comment (required)").fill("<img src=x onerror=alert(1)> Good to know.");
    await prove(reader, script);
    await reader.getByRole("button", { name: "Send" }).click();
    await expect(reader.getByText("Your comment is shown once somebody has read it.")).toBeVisible();
    await expect(reader.getByText("Good to know.")).toHaveCount(0);

    await signIn(page, server, "reviewer");
    await page.getByRole("link", { name: "Comments" }).click();
    const row = page.getByRole("row", { name: /Good to know/ });
    await expect(row).toContainText("Reader");
    await expectAccessible(page, "the comments that wait");
    await row.getByRole("button", { name: "Show" }).click();
    await expect(page.getByText("Shown on the portal", { exact: true })).toBeVisible();
    await expect(row).toHaveCount(0);

    await reader.goto(`${server.url}/gsyl/?lang=en`);
    await reader.getByRole("link", { name: "Comments: 1" }).click();
    await expect(reader.getByText("<img src=x onerror=alert(1)> Good to know.")).toBeVisible();
    if (script) await expectAccessible(reader, "the comments of an article");
    expect(dialogs).toEqual([]);
    await context.close();
  });
}
