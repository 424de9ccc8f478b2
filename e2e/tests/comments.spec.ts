import { expectAccessible } from "../support/axe.ts";
import { expect, signIn, test } from "../support/fixtures.ts";
import { people, prove, publish } from "../support/portal.ts";

for (const script of [true, false]) {
  test(`a reader comments ${script ? "with" : "without"} script, a moderator approves, the list counts`, async ({
    page,
    server,
    admin,
    browser,
  }) => {
    const [editor, reviewer] = await people(server, admin);
    const content = { title: "Notice of the city", body: "Text.", lang: "en", comments_open: true };
    const { address } = (await publish(editor, reviewer, content)).summary;

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

    await signIn(page, server, "qian");
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
