import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { translate } from "./i18n";
import { messages, type MessageKey } from "./messages";

const all = Object.entries(messages) as [MessageKey, { en: string; zh: string }][];
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === "messages" ? [] : sources(path);
    return /\.tsx?$/.test(name) ? [readFileSync(path, "utf8")] : [];
  });
}

describe("messages", () => {
  it("speak both languages", () => {
    for (const [key, text] of all) {
      expect(text.en.trim(), key).not.toBe("");
      expect(text.zh.trim(), key).not.toBe("");
      expect(text.en, `${key} is not Chinese`).not.toMatch(/\p{Script=Han}/u);
    }
  });

  it("name the same placeholders in both languages", () => {
    for (const [key, text] of all) expect(placeholders(text.zh), key).toEqual(placeholders(text.en));
  });

  it("are all used, as a whole key or by a prefix that a code of the server completes", () => {
    const code = sources(join(import.meta.dirname, "../..")).join("\n");
    const prefixes = [...code.matchAll(/`([a-z_.]+\.)\$\{/g)].map((match) => match[1] ?? "");
    const unused = all
      .map(([key]) => key)
      .filter((key) => !code.includes(`"${key}"`) && !prefixes.some((prefix) => key.startsWith(prefix)));
    expect(unused).toEqual([]);
  });

  it("replace placeholders and leave unknown ones visible", () => {
    expect(translate("en", "replay.as_known_on", { date: "1 Feb" })).toContain("1 Feb");
    expect(translate("en", "replay.as_known_on")).toContain("{date}");
  });
});
