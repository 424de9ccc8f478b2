import type { Page } from "@playwright/test";
import { expectAccessible } from "../support/axe.ts";
import { Api, expect, signIn, test } from "../support/fixtures.ts";
import { choose } from "../support/page.ts";
import type { Server } from "../support/server.ts";

interface Article {
  summary: { id: string; address: string };
}

/** An article of the API that one person wrote and another one approved. */
async function publish(editor: Api, reviewer: Api, content: Record<string, unknown>): Promise<Article> {
  const draft = await editor.request<Article>("POST", "/articles", {
    channel: "gsyl",
    region: "140400",
    content: { lang: "zh", ...content },
  });
  const path = `/articles/${draft.summary.id}`;
  await editor.request("POST", `${path}/submit`, {});
  return reviewer.request<Article>("POST", `${path}/approve`, {});
}

async function people(server: Server, admin: Api): Promise<[Api, Api]> {
  await admin.addUser("sun", "Editor Sun", "portal_editor", "140400");
  await admin.addUser("qian", "Reviewer Qian", "portal_reviewer", "140400");
  return [await Api.signIn(server, "sun"), await Api.signIn(server, "qian")];
}

async function signedIn(page: Page, server: Server, name: string): Promise<void> {
  await page.context().clearCookies();
  await signIn(page, server, name);
}

test("an editor writes, a reviewer approves, a reader finds it, and its address outlives a move", async ({
  page,
  server,
  admin,
}) => {
  await people(server, admin);
  await signedIn(page, server, "sun");
  await page.getByRole("link", { name: "Portal", exact: true }).click();
  await page.getByRole("button", { name: "New article" }).click();
  await page.getByLabel("Title", { exact: true }).fill("复工复产须知");
  await page.getByRole("textbox", { name: "Text", exact: true }).fill("企业复工请提前报备。");
  await choose(page, "Channel", "Notices");
  await choose(page, "Region", "长治市", "140400");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "复工复产须知" })).toBeVisible();
  await expectAccessible(page, "the page of an article");
  await page.getByRole("button", { name: "Hand to reviewers" }).click();
  await expect(page.getByText("In review").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Approve and publish" })).toBeDisabled();

  await signedIn(page, server, "qian");
  await page.goto(`${server.url}/console/portal?status=in_review`);
  await page.getByRole("link", { name: "复工复产须知" }).click();
  await page.getByRole("button", { name: "Approve and publish" }).click();
  await expect(page.getByRole("link", { name: "Open the public page" })).toBeVisible();

  // A reader finds it by its words; search follows within a second.
  await expect(async () => {
    await page.goto(`${server.url}/`);
    await page.getByRole("searchbox").fill("报备");
    await page.getByRole("searchbox").press("Enter");
    await expect(page.getByRole("link", { name: "复工复产须知" })).toBeVisible({ timeout: 500 });
  }).toPass();
  await page.getByRole("link", { name: "复工复产须知" }).click();
  await expect(page).toHaveURL(`${server.url}/gsyl/changzhi/1.html`);
  await expect(page.getByText("企业复工请提前报备。")).toBeVisible();

  const reviewer = await Api.signIn(server, "qian");
  const { items } = await reviewer.request<{ items: { id: string }[] }>("GET", "/articles");
  await reviewer.request("POST", `/articles/${items[0]?.id}/move`, { channel: "bianmin", region: "140403" });
  await page.goto(`${server.url}/gsyl/changzhi/1.html`);
  await expect(page).toHaveURL(`${server.url}/bianmin/luzhou/1.html`);
  await expect(page.getByRole("heading", { level: 1, name: "复工复产须知" })).toBeVisible();
});

test("hostile articles execute nothing in a browser", async ({ page, server, admin }) => {
  const [editor, reviewer] = await people(server, admin);
  const hostile = [
    "<script>window.hit=1</script>",
    "<img src=x onerror='window.hit=1'>",
    "<svg onload='window.hit=1'><script>window.hit=1</script></svg>",
    "<a href='javascript:window.hit=1'>click me</a> [click me](javascript:window.hit=1)",
    "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
    "<p style='background:url(//evil.example)' onmouseover='window.hit=1'>hover</p>",
    "</div></main><script>window.hit=1</script>",
  ].join("\n\n");
  const title = "</title><script>window.hit=1</script>\u202e";
  const article = await publish(editor, reviewer, {
    title,
    subtitle: title,
    body: hostile,
    tags: [title.slice(0, 30)],
  });
  for (const path of [
    article.summary.address,
    "/",
    "/gsyl/",
    "/tags/",
    `/search?q=${encodeURIComponent(title)}`,
  ]) {
    await page.goto(`${server.url}${path}`);
    for (const link of await page.getByText("click me").all()) await link.click();
    for (const text of await page.getByText("hover").all()) await text.hover();
    expect(await page.evaluate(() => (window as { hit?: number }).hit)).toBeUndefined();
  }
  // What search engines read is data, not script: the policy of the page, which allows nothing inline, lets it stand.
  await page.goto(`${server.url}${article.summary.address}`);
  const data = await page.locator("script[type='application/ld+json']").textContent();
  expect(JSON.parse(data ?? "")["@type"]).toBe("NewsArticle");
  expect(await page.locator("script:not([type='application/ld+json'])").count()).toBe(0);
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
      const { scrollWidth, clientWidth } = await page
        .locator("html")
        .evaluate((html) => ({ scrollWidth: html.scrollWidth, clientWidth: html.clientWidth }));
      expect(scrollWidth, path).toBeLessThanOrEqual(clientWidth);
    }
    await page.goto(`${server.url}${article.summary.address}`);
    await page.getByRole("link", { name: "深色" }).click();
    await expect(page).toHaveURL(`${server.url}${article.summary.address}`);
    await expect(page.locator("html")).toHaveClass("dark");
    await page.getByRole("link", { name: "大字版" }).click();
    await expect(page.locator("html")).toHaveClass("dark large");
  });
});

test("the portal is accessible in light and dark and in both languages", async ({ page, server, admin }) => {
  const [editor, reviewer] = await people(server, admin);
  const article = await publish(editor, reviewer, {
    title: "复工复产须知",
    body: "## 小标题\n\n正文，[链接](https://example.org)。\n\n> 引用\n\n| 列 | 列 |\n|---|---|\n| 1 | 2 |",
    tags: ["通知"],
    author: "记者",
  });
  for (const view of ["l1", "d2"]) {
    for (const path of ["/", article.summary.address, "/gsyl/", "/search?q=%E5%A4%8D%E5%B7%A5", "/tags/"]) {
      const address = `${path}${path.includes("?") ? "&" : "?"}lang=en`;
      await page.goto(`${server.url}/preferences?view=${view}&back=${encodeURIComponent(address)}`);
      await expect(page.locator("html")).toHaveClass(view === "l1" ? "light" : "dark large");
      await expectAccessible(page, `${path} as ${view}`);
    }
  }
});
