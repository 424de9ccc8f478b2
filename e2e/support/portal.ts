import { expect, type Page } from "@playwright/test";
import { Api } from "./fixtures.ts";
import { answerQuestion } from "./question.ts";
import type { Server } from "./server.ts";

export interface Article {
  summary: { id: string; address: string };
}

/** An editor and a reviewer of the city. */
export async function people(server: Server, admin: Api): Promise<[Api, Api]> {
  await admin.addUser("sun", "Editor Sun", "portal_editor", "140400");
  await admin.addUser("qian", "Reviewer Qian", "portal_reviewer", "140400");
  return [await Api.signIn(server, "sun"), await Api.signIn(server, "qian")];
}

/** An article of the API that one person wrote and another one approved. */
export async function publish(
  editor: Api,
  reviewer: Api,
  content: Record<string, unknown>,
): Promise<Article> {
  const draft = await editor.request<Article>("POST", "/articles", {
    channel: "gsyl",
    region: "140400",
    content: { lang: "zh", ...content },
  });
  const path = `/articles/${draft.summary.id}`;
  await editor.request("POST", `${path}/submit`, {});
  return reviewer.request<Article>("POST", `${path}/approve`, {});
}

/** Answers what stands at the end of a form, or waits until the page has. The page is in English. */
export async function prove(page: Page, script: boolean): Promise<void> {
  if (script) {
    await expect(page.getByText("Checked: you can send.")).toBeVisible({ timeout: 30_000 });
    return;
  }
  await answerQuestion(page);
}

/** True if nothing on the page stands beyond its width. */
export async function expectToFit(page: Page, what: string): Promise<void> {
  const { scrollWidth, clientWidth } = await page
    .locator("html")
    .evaluate((html) => ({ scrollWidth: html.scrollWidth, clientWidth: html.clientWidth }));
  expect(scrollWidth, `${what} is no wider than the screen`).toBeLessThanOrEqual(clientWidth);
}
