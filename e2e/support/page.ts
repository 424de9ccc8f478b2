import { expect, type Page } from "@playwright/test";

/** Chooses an entry of a select box: opens it, types what is to be found, takes the entry with this text. */
export async function choose(page: Page, label: string, entry: string, typed?: string): Promise<void> {
  // The label of a field that must be filled carries a sign that says so.
  const box = page.getByRole("combobox", { name: labelled(label) });
  await box.click();
  if (typed) await box.fill(typed);
  // The list that is read aloud holds identifiers only; what people see and click stands beside it.
  const item = page.locator(".ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option", {
    hasText: entry,
  });
  await item.first().click();
  await expect(page.locator(".ant-select-dropdown:not(.ant-select-dropdown-hidden)")).toHaveCount(0);
}

/** The whole label, with or without the sign of a field that must be filled. */
export function labelled(label: string): RegExp {
  return new RegExp(`^[\\s*]*${label.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}[\\s*]*$`);
}

/** The number that stands beside a label, for example in the key figures. */
export function figure(page: Page, label: string) {
  return page.getByRole("group", { name: label, exact: true }).locator(".key-value");
}
