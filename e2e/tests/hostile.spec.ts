import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import type { Page } from "@playwright/test";
import { expect, signIn, test } from "../support/fixtures.ts";
import { choose } from "../support/page.ts";
import { people, prove, publish } from "../support/portal.ts";
import { command, type Server } from "../support/server.ts";

/** Ways in which a text has been made to run in a browser. Each that does sets `window.hit`. */
const BODY = [
  "<script>window.hit=1</script>",
  "<scr<script>ipt>window.hit=1</scr</script>ipt>",
  "<img src=x onerror='window.hit=1'>",
  "<img src='x' oNeRrOr=window.hit=1//>",
  "<svg onload='window.hit=1'><script>window.hit=1</script><animate onbegin='window.hit=1'/></svg>",
  "<svg><a xlink:href='javascript:window.hit=1'><text y='20'>click me</text></a></svg>",
  "<math><mtext><table><mglyph><style><img src=x onerror=window.hit=1></style></mglyph></table></mtext></math>",
  "<a href='javascript:window.hit=1'>click me</a> [click me](javascript:window.hit=1)",
  "<a href=' java\nscript:window.hit=1'>click me</a> [click me](JaVaScRiPt&colon;window.hit=1)",
  "<a href='data:text/html,<script>opener.hit=1</script>'>click me</a> [click me](data:text/html,x)",
  "<a href='vbscript:window.hit=1'>click me</a> <a href='//evil.example/' ping='//evil.example/'>away</a>",
  "<iframe srcdoc='<script>parent.hit=1</script>'></iframe><object data='javascript:window.hit=1'></object>",
  "<embed src='javascript:window.hit=1'><base href='//evil.example/'><link rel=stylesheet href='//evil.example/a.css'>",
  "<meta http-equiv=refresh content='0;url=javascript:window.hit=1'>",
  "<form action='javascript:window.hit=1'><button formaction='javascript:window.hit=1'>click me</button></form>",
  "<details open ontoggle='window.hit=1'><summary>x</summary></details><video><source onerror='window.hit=1'></video>",
  "<input autofocus onfocus='window.hit=1'><marquee onstart='window.hit=1'>x</marquee>",
  "<style>@import url(//evil.example/a.css); body{background:url(//evil.example/b)}</style>",
  "<p style='background:url(//evil.example/c);position:fixed;inset:0' onmouseover='window.hit=1'>hover</p>",
  "<template><script>window.hit=1</script></template><noscript><p title='</noscript><img src=x onerror=window.hit=1>'>",
  "<!--><script>window.hit=1</script>--> <![CDATA[<script>window.hit=1</script>]]>",
  "</div></article></main><script>window.hit=1</script>",
  '![x](https://evil.example/pixel.png) ![x" onerror="window.hit=1](x)',
  '```"><script>window.hit=1</script>\ncode\n```',
  "admin\u202egnp.exe \u2066x\u2069 &#x202e;y &rlm;",
].join("\n\n");
const LINE = "</title></script><script>window.hit=1</script>\"'><img src=x onerror=window.hit=1>\u202e";

/** Watches a page: what ran, what asked elsewhere, what its policy had to stop, what it asked the reader. */
async function watched(
  page: Page,
  server: Server,
): Promise<{ expectNothing: (what: string) => Promise<void> }> {
  const found: string[] = [];
  page.on("dialog", (dialog) => {
    found.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url)) found.push(`asked for ${request.url()}`);
  });
  page.on("popup", (popup) => found.push(`opened ${popup.url()}`));
  await page.exposeFunction("reportViolation", (violation: string) => found.push(violation));
  await page.addInitScript(() => {
    const report = (window as unknown as { reportViolation: (text: string) => void }).reportViolation;
    document.addEventListener("securitypolicyviolation", (event) =>
      report(`stopped by the policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
    );
  });
  return {
    expectNothing: async (what) => {
      expect(await page.evaluate(() => (window as { hit?: number }).hit), `${what} ran`).toBeUndefined();
      expect(found, what).toEqual([]);
    },
  };
}

/** Does with a page what a curious reader does. */
async function touch(page: Page): Promise<void> {
  for (const text of await page.getByText("hover", { exact: true }).all()) await text.hover();
  for (const link of await page.getByText("click me").all()) {
    const address = page.url();
    await link.click({ modifiers: [] });
    expect(page.url().split("#")[0], "a link of a text leads nowhere").toBe(address.split("#")[0]);
  }
}

/** A picture of one pixel with a script behind its last byte. */
function picture(): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([head, body, sum]);
  };
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("tEXt", Buffer.from("Comment\0<script>window.hit=1</script>", "latin1")),
    chunk("IDAT", deflateSync(Buffer.from([0, 200, 0, 0]))),
    chunk("IEND", Buffer.alloc(0)),
    Buffer.from("<script>window.hit=1</script>"),
  ]);
}

test("hostile articles run nothing, on their page, on lists, in search and for machines", async ({
  page,
  server,
  admin,
}) => {
  const [editor, reviewer] = await people(server, admin);
  const { expectNothing } = await watched(page, server);
  const article = await publish(editor, reviewer, {
    title: LINE,
    subtitle: LINE,
    author: LINE,
    source: LINE,
    summary: LINE,
    body: BODY,
    tags: [LINE.slice(0, 30)],
  });
  for (const path of [
    article.summary.address,
    `${article.summary.address}?lang=en&version=1`,
    "/",
    "/gsyl/",
    "/tags/",
    `/tags/${encodeURIComponent(LINE.slice(0, 30))}/`,
    "/archive/",
    "/feed.atom",
    "/feed.rss",
    "/feed.json",
  ]) {
    await page.goto(`${server.url}${path}`);
    await touch(page);
    await expectNothing(path);
  }
  // What search engines read is data, not script.
  await page.goto(`${server.url}${article.summary.address}`);
  const data = await page.locator("script[type='application/ld+json']").textContent();
  expect(JSON.parse(data ?? "")["@type"]).toBe("NewsArticle");
  expect(await page.locator("script:not([type='application/ld+json'])").count()).toBe(0);
  expect(
    await page.locator("main :is(svg, math, iframe, object, embed, style, link, meta, base, form)").count(),
  ).toBe(0);
  const body = page.locator(".prose");
  expect(await body.locator("img[src]").count(), "pictures come from this portal alone").toBe(0);
  expect(await body.innerHTML()).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);

  for (const asked of [
    LINE,
    "javascript:window.hit=1",
    "' or 1=1 --",
    "title:*",
    "\u202e\u0000",
    "(".repeat(200),
    "的".repeat(5_000),
  ]) {
    await page.goto(`${server.url}/`);
    await page.getByRole("searchbox").fill(asked);
    await page.getByRole("searchbox").press("Enter");
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expectNothing(`the search for ${asked.slice(0, 30)}`);
  }
});

test("what is pasted into the editor or written as Markdown runs nothing in the console, even without its policy", async ({
  server,
  admin,
  browser,
}) => {
  await people(server, admin);
  // The policy of the console would stop what runs; nothing is to get that far.
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  const { expectNothing } = await watched(page, server);
  await signIn(page, server, "sun");
  await page.goto(`${server.url}/console/portal/articles/new`);
  await page.getByLabel("Title", { exact: true }).fill(LINE.slice(0, 100));
  const text = page.getByRole("textbox", { name: "Text", exact: true });
  await text.click();
  await text.evaluate((element, html) => {
    const data = new DataTransfer();
    data.setData("text/html", html);
    data.setData("text/plain", "plain");
    element.dispatchEvent(
      new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }),
    );
  }, `<p>pasted words</p>${BODY}`);
  await expect(text).toContainText("pasted words");
  await expectNothing("the paste");
  const mode = (name: string) => page.locator(".ant-segmented").getByText(name, { exact: true }).first();
  await mode("Markdown").click();
  await page.getByRole("textbox", { name: "Text", exact: true }).fill(`${BODY}\n\nwritten words`);
  await mode("Preview").click();
  await expect(page.frameLocator("iframe").getByText("written words")).toBeVisible();
  await expectNothing("the preview");
  await mode("Text").click();
  await expect(page.getByRole("textbox", { name: "Text", exact: true })).toContainText("written words");
  await choose(page, "Channel", "Notices");
  await choose(page, "Region", "长治市", "140400");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expectNothing("the article in the console");
  await context.close();
});

test("imports of Markdown and WordPress run nothing and break nothing", async ({ page, server, admin }) => {
  void admin;
  const { expectNothing } = await watched(page, server);
  const folder = await mkdtemp(join(tmpdir(), "wanquan-hostile-"));
  try {
    const cdata = (text: string) => `<![CDATA[${text.replaceAll("]]>", "]]]]><![CDATA[>")}]]>`;
    const item = (title: string, body: string) => `<item><title>${cdata(title)}</title>
<link>https://old.example/${encodeURIComponent(title.slice(0, 10))}/</link><dc:creator>${cdata(LINE)}</dc:creator>
<content:encoded>${cdata(body)}</content:encoded><wp:post_date>2020-02-12 08:30:00</wp:post_date>
<wp:post_date_gmt>2020-02-12 00:30:00</wp:post_date_gmt><wp:status>publish</wp:status><wp:post_type>post</wp:post_type>
<category domain="post_tag" nicename="x">${cdata(LINE.slice(0, 30))}</category></item>`;
    const wxr = `<?xml version="1.0"?><rss xmlns:content="c" xmlns:dc="d" xmlns:wp="w"><channel>
${item(`WordPress ${LINE}`, BODY)}${item("Deep", "<blockquote>".repeat(2_000))}${item("Long", "长 ".repeat(150_000))}</channel></rss>`;
    await writeFile(join(folder, "export.xml"), wxr.replaceAll("\u202e", ""));
    await writeFile(join(folder, "broken.xml"), "<rss><channel><item></rss>");
    const facts = `+++\ntitle = ${JSON.stringify(`Markdown ${LINE}`)}\ndate = "2020-02-13T00:00:00Z"\n+++\n`;
    await writeFile(join(folder, "a.md"), `${facts}${BODY}`);
    await writeFile(join(folder, "b.md"), Buffer.from([0xff, 0xfe, 0x00, 0x3c]));
    const place = [
      "--channel",
      "gsyl",
      "--region",
      "140400",
      "--publish",
      "--data",
      server.data,
      "--time-zone",
      "+08:00",
    ];
    expect(command(["portal", "import", join(folder, "broken.xml"), ...place]).code).not.toBe(0);
    expect(command(["portal", "import", join(folder, "export.xml"), ...place]).out).toContain(
      "articles taken",
    );
    // The file that is no text is refused, by name; the other one is taken.
    const markdown = command(["portal", "import", folder, ...place]);
    expect([markdown.code, markdown.out]).toEqual([4, expect.stringContaining("b.md")]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  // Another process wrote them; the server follows by itself.
  await expect(async () => {
    await page.goto(`${server.url}/gsyl/`);
    for (const name of ["WordPress", "Markdown"])
      await expect(page.getByRole("link", { name }).first()).toBeVisible({ timeout: 500 });
  }).toPass();
  const links = await page
    .locator(".headlines a")
    .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href));
  expect(links.length).toBeGreaterThanOrEqual(2);
  for (const link of links) {
    const answer = await page.goto(link);
    expect(answer?.status()).toBe(200);
    await touch(page);
    await expectNothing(link);
  }
});

test("hostile comments and forms run nothing, and forms of other sites are not taken", async ({
  page,
  server,
  admin,
  browser,
}) => {
  const [editor, reviewer] = await people(server, admin);
  const article = await publish(editor, reviewer, {
    title: "Notice",
    body: "Text.",
    lang: "en",
    comments_open: true,
  });
  const here = `${server.url}/comments/${article.summary.id}?lang=en`;
  const { expectNothing } = await watched(page, server);
  const hostile = BODY.slice(0, 900);
  await page.goto(here);
  await page.getByLabel("Name (may be left empty)").fill(LINE.slice(0, 28));
  await page.getByLabel("Comment (required)").fill(hostile);
  await prove(page, true);
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.getByText("Your comment is shown once somebody has read it.")).toBeVisible();
  await expectNothing("sending");

  const moderator = await browser.newContext();
  const queue = await moderator.newPage();
  const console_ = await watched(queue, server);
  await signIn(queue, server, "qian");
  await queue.getByRole("link", { name: "Comments" }).click();
  await expect(queue.getByText("window.hit=1").first()).toBeVisible();
  await console_.expectNothing("the comments that wait");
  await queue.getByRole("button", { name: "Show" }).first().click();
  await expect(queue.getByText("Shown on the portal", { exact: true })).toBeVisible();
  await moderator.close();

  await page.goto(here);
  await expect(page.getByText("<script>window.hit=1</script>").first()).toBeVisible();
  await touchText(page);
  await expectNothing("the comment");

  // What is refused is shown again, as text.
  await page.goto(`${server.url}/takedown?lang=en`);
  for (const label of [
    "Address of what is meant",
    "Work or right concerned",
    "Explanation",
    "Name of the requester",
  ])
    await page.getByLabel(label).fill(LINE);
  await page.getByLabel("Ground").selectOption("copyright");
  await page.getByLabel("Telephone or e-mail").fill(" ");
  await prove(page, true);
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expectNothing("the form of a rights holder");

  // Another site lets the browser of a reader send the form, with whatever cookies the browser adds.
  const other = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html");
    answer.end(
      `<form method="post" action="${here}"><input name="text" value="from elsewhere"><input name="token" value="x.1.y"></form>
       <script>document.forms[0].submit()</script>`,
    );
  });
  await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
  const { port } = other.address() as { port: number };
  const answered = page.waitForResponse((response) => response.request().method() === "POST");
  await page.goto(`http://localhost:${port}/`).catch(() => undefined);
  expect((await answered).status()).toBe(403);
  await new Promise((done) => other.close(done));
  const waiting = await reviewer.request<{ items: unknown[] }>("GET", "/comments?queue=waiting");
  expect(waiting.items).toEqual([]);
});

/** Clicks on what looks like a link in a text that is none. */
async function touchText(page: Page): Promise<void> {
  expect(
    await page.locator("main a[href^='javascript' i], main img, main svg, main iframe, main style").count(),
  ).toBe(0);
}

test("requests that are broken or too large are refused, and the server goes on", async ({
  server,
  admin,
}) => {
  const [editor, reviewer] = await people(server, admin);
  const article = await publish(editor, reviewer, { title: "Notice", body: "Text.", comments_open: true });
  const comments = `/comments/${article.summary.id}`;
  const form = "application/x-www-form-urlencoded";
  const send = async (path: string, type: string, body: string | Uint8Array<ArrayBuffer>) =>
    (await fetch(`${server.url}${path}`, { method: "POST", headers: { "content-type": type }, body })).status;
  expect(await send(comments, form, "text=".padEnd(200_000, "a"))).toBe(413);
  expect(await send(comments, form, "%%%=\u0000&&&=;token")).toBe(403);
  expect(await send(comments, "application/json", "{".repeat(60_000))).toBe(403);
  expect(await send(comments, "multipart/form-data; boundary=x", "--x\r\n\r\n--x")).toBe(403);
  expect(await send(comments, form, new Uint8Array([0xff, 0xfe, 0x3d, 0xff]))).toBe(403);
  expect(await send("/takedown", form, "a=".padEnd(200_000, "a"))).toBe(413);
  expect(await send("/api/v1/articles", "application/json", "[".repeat(100_000))).toBeGreaterThanOrEqual(400);
  for (const path of [
    `/${"a".repeat(8_000)}`,
    "/%ff%fe",
    "/..%2f..%2fetc%2fpasswd",
    "/search?q=%ff%00",
    `/search?q=${"%25".repeat(2_000)}`,
    "/gsyl/?page=99999999999999999999",
    "/gsyl/?page=-1",
    "/services?page=99999999999999999999&region=%00",
    "/figures/%00%22%0d%0a",
    "/comments/x?after=x",
    "/preferences?view=d1&back=//evil.example",
    "/preferences?view=d1&back=/%0d%0aset-cookie:x",
  ]) {
    const answer = await fetch(`${server.url}${path}`, { redirect: "manual" });
    expect(answer.status, path.slice(0, 60)).toBeLessThan(500);
    expect(new URL(answer.headers.get("location") ?? "/", server.url).origin, path.slice(0, 60)).toBe(
      server.url,
    );
    expect(answer.headers.get("set-cookie") ?? "").not.toMatch(/^x/);
  }
  expect((await fetch(`${server.url}${article.summary.address}`)).status).toBe(200);
});

test("uploads are known by their content, written anew, and bounded", async ({ page, server, admin }) => {
  const [editor, reviewer] = await people(server, admin);
  const { expectNothing } = await watched(page, server);
  const upload = (name: string, bytes: Uint8Array) =>
    editor.request<{ digest: string; address: string; media_type: string }>(
      "POST",
      `/portal-files?name=${name}`,
      bytes,
    );
  for (const [name, bytes] of [
    ["x.svg", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' onload='window.hit=1'/>")],
    ["x.png", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' onload='window.hit=1'/>")],
    ["x.html", Buffer.from("<script>window.hit=1</script>")],
    ["x.pdf", Buffer.from("<html><script>window.hit=1</script>")],
    ["x.png", picture().subarray(0, 40)],
    ["x.pdf", Buffer.concat([Buffer.from("%PDF-1.4"), Buffer.alloc(20_000_000)])],
  ] as [string, Buffer][])
    await expect(upload(name, bytes), name).rejects.toThrow(/422|413/);
  // A picture under the name of a page is a picture, and what hung on it is gone.
  const kept = await upload("page.html", picture());
  expect([kept.media_type, kept.address.slice(-4)]).toEqual(["image/png", ".png"]);
  const article = await publish(editor, reviewer, {
    title: "Picture",
    body: `![x](${kept.address})`,
    cover: kept.digest,
  });
  const answer = await page.request.get(`${server.url}${kept.address}`);
  expect(answer.headers()["content-type"]).toBe("image/png");
  expect((await answer.body()).toString("latin1")).not.toContain("script");
  await page.goto(`${server.url}${article.summary.address}`);
  const width = await page
    .locator(".prose img")
    .evaluate((img) => (img as HTMLImageElement).decode().then(() => (img as HTMLImageElement).naturalWidth));
  expect(width).toBe(1);
  await expectNothing("the picture");
});
