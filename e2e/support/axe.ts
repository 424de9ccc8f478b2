import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, type Page } from "@playwright/test";
import type { AxeResults } from "axe-core";

const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Checks the page as it stands against WCAG 2.1 AA; anything serious or critical fails the test. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(SOURCE);
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run: (options: unknown) => Promise<AxeResults> };
    };
    const results = await axe.run({
      runOnly: {
        type: "tag",
        values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
      },
    });
    return results.violations
      .filter((violation) => violation.impact === "serious" || violation.impact === "critical")
      .map(({ id, help, nodes }) => ({
        id,
        help,
        nodes: nodes.map((node) => node.html.slice(0, 200)),
      }));
  });
  expect(found, `accessibility of ${what}`).toEqual([]);
}
