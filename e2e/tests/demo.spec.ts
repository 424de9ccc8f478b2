import { existsSync } from "node:fs";
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";
import { figure } from "../support/page.ts";
import { start } from "../support/server.ts";

test("the demonstration opens on real history and marks what is invented", async ({ page }) => {
  const demo = await start("demo");
  try {
    expect(demo.lines.join("\n")).toMatch(/commander\s+\S+\s+Commander/);
    await page.goto(`${demo.url}/console/`);
    await expectAccessible(page, "the sign-in page of the demonstration");
    await page.getByRole("button", { name: /commander/ }).click();
    await expect(page.getByText("12 Feb 2020", { exact: true })).toBeVisible();
    await expect(page.getByRole("complementary", { name: "Notice" })).toContainText("real history");

    // Eight persons in Changzhi by then, as its health commission published.
    await expect(page.getByRole("heading", { name: "Map of 长治市" })).toBeVisible();
    await expect(figure(page, "Cumulative")).toHaveText("8");
    await page.getByRole("link", { name: "Signals" }).click();
    await expect(page.getByRole("row", { name: /襄垣县/ }).first()).toContainText("Influenza (synthetic)");

    await page.getByRole("link", { name: "Registers" }).click();
    await page.getByRole("link", { name: "Cases", exact: true }).click();
    await expect(page.getByRole("link", { name: /^SYN-/ }).first()).toBeVisible();

    const portal = await (await fetch(`${demo.url}/`)).text();
    expect(portal).toContain("（演示）");
  } finally {
    await demo.stop();
  }
});

test("a demonstration kept in a folder opens again and is refused as an installation in earnest", async () => {
  const first = await start("demo");
  await first.stop({ keep: true });
  expect(existsSync(first.data)).toBe(true);
  await expect(start("serve", [], first.data)).rejects.toThrow(/demonstration/);
  const again = await start("demo", [], first.data);
  const health = (await (await fetch(`${again.url}/api/v1/health`)).json()) as { demo: boolean; now: string };
  expect(health.demo).toBe(true);
  expect(health.now).toContain("2020-02-12T00:0");
  await again.stop();
  expect(existsSync(first.data)).toBe(false);
});

test("sample accounts are refused in a folder that holds an installation in earnest", async ({
  server,
  admin,
}) => {
  void admin;
  await server.stop({ keep: true });
  await expect(start("demo", [], server.data)).rejects.toThrow(/no demonstration/);
});
