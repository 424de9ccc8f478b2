import { describe, expect, it } from "vitest";
import { changedFields } from "./values";

describe("changedFields", () => {
  it("names what was added, removed and altered, and nothing else", () => {
    const before = { kept: 1, altered: "a", removed: true, list: ["x"] };
    const after = { kept: 1, altered: "b", added: 0, list: ["x", "y"] };
    expect(changedFields(before, after).sort()).toEqual(["added", "altered", "list", "removed"]);
  });

  it("takes an absent value and null for the same", () => {
    expect(changedFields({ a: null }, {})).toEqual([]);
  });
});
