import type { Page } from "@playwright/test";
import { expectAccessible } from "../support/axe.ts";
import { Api, expect, signIn, test } from "../support/fixtures.ts";
import { choose } from "../support/page.ts";
import { expectToFit, people, prove, publish } from "../support/portal.ts";
import type { Server } from "../support/server.ts";

async function signedIn(page: Page, server: Server, name: string): Promise<void> {
  await page.context().clearCookies();
  await signIn(page, server, name);
}

test("an editor writes, a reviewer approves, a reader finds it and comments, a moderator approves, the list counts, and the address outlives a move", async ({
  page,
  server,
  admin,
  browser,
}) => {
  await people(server, admin);
  await signedIn(page, server, "sun");
  await page.getByRole("link", { name: "Portal", exact: true }).click();
  await page.getByRole("button", { name: "New article" }).click();
  await page.getByLabel("Title", { exact: true }).fill("复工复产须知");
  await page.getByRole("textbox", { name: "Text", exact: true }).fill("企业复工请提前报备。");
  await page.getByLabel("Readers may comment").check();
  await choose(page, "Channel", "Notices");
  await choose(page, "Region", "长治市", "140400");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "复工复产须知" })).toBeVisible();
  await expectAccessible(page, "the page of an article");
  await page.getByRole("button", { name: "Hand to reviewers" }).click();
  await expect(page.getByText("In review").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Approve and publish" })).toBeDisabled();

  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: "en-GB" });
  const reader = await context.newPage();
  const address = `${server.url}/gsyl/changzhi/1.html`;
  expect((await reader.goto(address))?.status(), "nothing is public before it is approved").toBe(404);

  await signedIn(page, server, "qian");
  await page.goto(`${server.url}/console/portal?status=in_review`);
  await page.getByRole("link", { name: "复工复产须知" }).click();
  await page.getByRole("button", { name: "Approve and publish" }).click();
  await expect(page.getByRole("link", { name: "Open the public page" })).toBeVisible();

  // A reader finds it by its words; search follows within a second.
  await expect(async () => {
    await reader.goto(`${server.url}/?lang=en`);
    await reader.getByRole("searchbox").fill("报备");
    await reader.getByRole("searchbox").press("Enter");
    await expect(reader.getByRole("link", { name: "复工复产须知" })).toBeVisible({ timeout: 500 });
  }).toPass();
  await reader.getByRole("link", { name: "复工复产须知" }).click();
  await expect(reader).toHaveURL(`${address}?lang=en`);
  await expect(reader.getByText("企业复工请提前报备。")).toBeVisible();

  await reader.getByRole("link", { name: "Comments: 0" }).click();
  await reader.getByLabel("Comment (required)").fill("To whom do I report?");
  await prove(reader, true);
  await reader.getByRole("button", { name: "Send" }).click();
  await expect(reader.getByText("Your comment is shown once somebody has read it.")).toBeVisible();
  await reader.goto(`${server.url}/gsyl/?lang=en`);
  await expect(reader.getByRole("link", { name: "复工复产须知" })).toBeVisible();
  await expect(reader.getByRole("link", { name: /^Comments:/ })).toHaveCount(0);

  await page.goto(`${server.url}/console/`);
  await page.getByRole("link", { name: "Comments" }).click();
  const row = page.getByRole("row", { name: /To whom do I report/ });
  await row.getByRole("button", { name: "Show" }).click();
  await expect(page.getByText("Shown on the portal", { exact: true })).toBeVisible();
  for (const list of ["/gsyl/", "/"]) {
    await reader.goto(`${server.url}${list}?lang=en`);
    await expect(reader.getByRole("link", { name: "Comments: 1" }).first()).toBeVisible();
  }

  const reviewer = await Api.signIn(server, "qian");
  const { items } = await reviewer.request<{ items: { id: string }[] }>("GET", "/articles");
  await reviewer.request("POST", `/articles/${items[0]?.id}/move`, { channel: "bianmin", region: "140403" });
  await reader.goto(address);
  await expect(reader).toHaveURL(`${server.url}/bianmin/luzhou/1.html`);
  await expect(reader.getByRole("heading", { level: 1, name: "复工复产须知" })).toBeVisible();
  await reader.goto(`${server.url}/bianmin/?lang=en`);
  await reader.getByRole("link", { name: "Comments: 1" }).click();
  await expect(reader.getByText("To whom do I report?")).toBeVisible();
  await context.close();
});

test.describe("on a phone, without script", () => {
  test.use({ javaScriptEnabled: false, viewport: { width: 360, height: 740 } });

  test("pages fit, and a reader chooses how they look", async ({ page, server, admin }) => {
    const [editor, reviewer] = await people(server, admin);
    const article = await publish(editor, reviewer, {
      title: "一个相当长的标题，用来检查手机屏幕上是否能完整显示而不需要左右滚动",
      body: `## 小标题\n\n正文。\n\n| 列 | 列 | 列 | 列 | 列 | 列 |\n|---|---|---|---|---|---|\n| 很长的内容 | 很长的内容 | 很长的内容 | 很长的内容 | 很长的内容 | 很长的内容 |\n\n${"x".repeat(200)}`,
      tags: ["通知"],
    });
    for (const path of ["/", article.summary.address, "/gsyl/", "/tags/", "/archive/", "/search?q=x"]) {
      await page.goto(`${server.url}${path}`);
      await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
      await expectToFit(page, path);
    }
    await page.goto(`${server.url}${article.summary.address}`);
    await page.getByRole("link", { name: "深色" }).click();
    await expect(page).toHaveURL(`${server.url}${article.summary.address}`);
    await expect(page.locator("html")).toHaveClass("dark");
    await page.getByRole("link", { name: "大字版" }).click();
    await expect(page.locator("html")).toHaveClass("dark large");
  });
});

test("every kind of page is accessible: light, dark, large, on a phone, in both languages", async ({
  page,
  server,
  admin,
}) => {
  test.slow();
  const [editor, reviewer] = await people(server, admin);
  const article = await publish(editor, reviewer, {
    title: "复工复产须知",
    body: "## 小标题\n\n正文，[链接](https://example.org)。\n\n> 引用\n\n| 列 | 列 |\n|---|---|\n| 1 | 2 |",
    tags: ["通知"],
    author: "记者",
    comments_open: true,
  });
  const withdrawn = await publish(editor, reviewer, { title: "误发", body: "误发。" });
  await reviewer.request("POST", `/articles/${withdrawn.summary.id}/withdraw`, { text: "有误" });
  const paths = [
    "/",
    article.summary.address,
    withdrawn.summary.address,
    "/no-such-page",
    "/gsyl/",
    "/search?q=%E5%A4%8D%E5%B7%A5",
    "/tags/",
    "/tags/%E9%80%9A%E7%9F%A5/",
    "/archive/",
    `/comments/${article.summary.id}`,
    "/figures",
    "/risk",
    "/travel",
    "/services",
    "/desk",
    "/takedown",
    "/takedowns",
  ];
  const looks = [
    { view: "l1", classes: "light", lang: "", width: 1440 },
    { view: "d2", classes: "dark large", lang: "lang=en", width: 1440 },
    { view: "d2", classes: "dark large", lang: "", width: 360 },
  ];
  for (const { view, classes, lang, width } of looks) {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(`${server.url}/preferences?view=${view}&back=/`);
    for (const path of paths) {
      const address = lang ? `${path}${path.includes("?") ? "&" : "?"}${lang}` : path;
      await page.goto(`${server.url}${address}`);
      const what = `${address} as ${view}, ${width} wide`;
      await expect(page.locator("html"), what).toHaveClass(classes);
      await expect(page.getByRole("heading", { level: 1 }), what).toHaveCount(1);
      await expect(
        page.getByRole("navigation", { name: lang ? "Channels" : "栏目" }).first(),
        what,
      ).toBeVisible();
      await expect(page.getByRole("searchbox"), what).toHaveCount(path === "/services" ? 2 : 1);
      await expectToFit(page, what);
      await expectAccessible(page, what);
    }
  }
});
