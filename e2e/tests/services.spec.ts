import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expectAccessible } from "../support/axe.ts";
import { Api, expect, signIn, test } from "../support/fixtures.ts";
import { answerQuestion } from "../support/question.ts";

/** The last code that was sent to a number. */
async function codeFor(data: string, phone: string): Promise<string> {
  const lines = (await readFile(join(data, "codes.txt"), "utf8")).trim().split("\n");
  const last = lines.filter((line) => line.startsWith(`${phone}\t`)).at(-1) ?? "";
  return last.match(/code: (\d{6})/)?.[1] ?? "";
}

async function publishPlaces(editor: Api): Promise<void> {
  const places = [
    {
      code: "A",
      category: "fever_clinic",
      name: "City fever clinic",
      region: "140403",
      latitude: 36.19,
      longitude: 113.12,
    },
    {
      code: "B",
      category: "testing",
      name: "Xiangyuan test point",
      region: "140423100",
      latitude: 36.53,
      longitude: 113.05,
    },
    { code: "C", category: "hotline", name: "Hotline 12345", region: "140400", phone: "12345" },
  ];
  for (const place of places) {
    const made = await editor.request<{ id: string }>("POST", "/registers/service_place/records", {
      data: place,
    });
    await editor.request("POST", `/records/${made.id}/steps/publish`, {});
  }
}

for (const script of [true, false]) {
  test.describe(script ? "with script" : "without script", () => {
    test.use({ javaScriptEnabled: script });

    test("a resident finds a service and signs in to declare a trip", async ({ page, server, admin }) => {
      await admin.addUser("editor", "Editor Sun", "portal_editor", "140400");
      await publishPlaces(await Api.signIn(server, "editor"));
      await page.goto(`${server.url}/services?lang=en`);
      await expect(page.getByRole("heading", { name: "Public services" })).toBeVisible();
      await page.getByLabel("My county or township").selectOption("140423");
      await page.getByRole("button", { name: "Show" }).click();
      await expect(page.getByRole("link", { name: "Xiangyuan test point" })).toBeVisible();
      await expect(page.getByRole("link", { name: "Hotline 12345" })).toBeVisible();
      await expect(page.getByRole("link", { name: "City fever clinic" })).toHaveCount(0);

      // Search finds places beside articles, and tells them apart.
      await expect(async () => {
        await page.goto(`${server.url}/search?q=fever&lang=en`);
        await expect(page.getByRole("link", { name: "City fever clinic" })).toBeVisible({ timeout: 500 });
      }).toPass();
      await page.getByRole("link", { name: "Services", exact: true }).last().click();
      await expect(page.getByRole("link", { name: "City fever clinic" })).toBeVisible();
      await page.getByRole("link", { name: "Articles", exact: true }).click();
      await expect(page.getByText("Nothing was found.")).toBeVisible();

      await page.getByRole("link", { name: "My desk" }).click();
      await expect(page.getByRole("heading", { name: "The desk is closed" })).toBeVisible();
    });

    test("a rights holder's request is taken and keeps its sender out of the log", async ({
      page,
      server,
      admin,
    }) => {
      void admin;
      await page.goto(`${server.url}/takedown?lang=en`);
      await page.getByLabel("Address of what is meant").fill("/news/1.html");
      await page.getByLabel("Ground").selectOption("copyright");
      await page.getByLabel("Work or right concerned").fill("A photograph");
      await page.getByLabel("Explanation").fill("I took it.");
      await page.getByLabel("Name of the requester").fill("Zhang Lihua");
      await page.getByLabel("Telephone or e-mail").fill("zhang@example.org");
      if (script) await expect(page.getByText("Checked: you can send.")).toBeVisible({ timeout: 30_000 });
      else await answerQuestion(page);
      await page.getByRole("button", { name: "Send" }).click();
      await expect(page.getByText("Your request has been received.")).toBeVisible();
      expect(await page.content()).not.toContain("Zhang");
    });
  });
}

test("the desk of the demonstration works on a phone and keeps to itself", async ({ browser }) => {
  const { start } = await import("../support/server.ts");
  const server = await start("demo");
  try {
    const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
    const page = await context.newPage();
    const failures: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") failures.push(message.text());
    });
    await page.goto(`${server.url}/desk?lang=en`);
    await page.getByLabel("Telephone").fill("139 0000 1234");
    await expect(page.getByText("Checked: you can send.")).toBeVisible({ timeout: 30_000 });
    await page.getByRole("button", { name: "Send me a code" }).click();
    await page.getByLabel("Code").fill(await codeFor(server.data, "13900001234"));
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByText("Signed in with *** 1234")).toBeVisible();
    await page.getByRole("link", { name: "Declare a trip" }).click();
    await expectAccessible(page, "the form of a trip");
    await page.getByLabel("Name").fill("Zhang Lihua");
    await page.getByLabel("Coming from").selectOption("420000");
    await page.getByLabel("Means of transport").selectOption("train");
    await page.getByLabel("Arrival").fill("2020-02-13");
    await page.getByLabel("Destination").selectOption("140423");
    await page.getByRole("button", { name: "Send" }).click();
    await expect(page.getByText("Your trip has been declared.")).toBeVisible();
    await expect(page.getByText("Zhang Lihua")).toBeVisible();
    await expectAccessible(page, "the desk");
    for (const path of [
      "/",
      "/services",
      "/risk",
      "/travel",
      "/figures",
      "/takedown",
      "/takedowns",
      "/desk",
    ]) {
      await page.goto(`${server.url}${path}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(wide, `${path} is no wider than the phone`).toBeLessThanOrEqual(0);
      await expectAccessible(page, path);
    }
    // The position is simulated, sorts the list and goes nowhere.
    await context.grantPermissions(["geolocation"]);
    await context.setGeolocation({ latitude: 36.84, longitude: 112.86 });
    const asked: string[] = [];
    // The picture of the tab is fetched when the browser likes.
    page.on("request", (request) => {
      if (!request.url().endsWith("/favicon.svg")) asked.push(request.url());
    });
    await page.goto(`${server.url}/services?category=testing&lang=en`);
    asked.length = 0;
    await page.getByRole("button", { name: "Sort by distance from me" }).click();
    await expect(page.getByText("Sorted by distance.")).toBeVisible();
    await expect(page.locator("#places > li").first()).toContainText("武乡县");
    expect(asked).toEqual([]);
    expect(failures, "errors in the browser's console").toEqual([]);
    await context.close();
  } finally {
    await server.stop();
  }
});

test("an editor sees the links of services to pages of others", async ({ page, server, admin }) => {
  await admin.addUser("editor", "Editor Sun", "portal_editor", "140400");
  const editor = await Api.signIn(server, "editor");
  const made = await editor.request<{ id: string }>("POST", "/registers/service_place/records", {
    data: {
      code: "L",
      category: "testing",
      name: "Linked place",
      region: "140403",
      link: "https://clinic.example/hours",
    },
  });
  await editor.request("POST", `/records/${made.id}/steps/publish`, {});
  await signIn(page, server, "editor");
  await page.getByRole("link", { name: "Portal", exact: true }).click();
  await page.getByRole("button", { name: "Links" }).click();
  // Nothing is asked of others unless the set-up says so, and the page says that.
  await expect(page.getByText("Links are not looked at")).toBeVisible();
  await expectAccessible(page, "links");
});
