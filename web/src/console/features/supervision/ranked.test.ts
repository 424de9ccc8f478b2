import { describe, expect, it } from "vitest";
import { ranked } from "./ranked";

const row = (code: string, totals: Record<string, number>) => ({
  region: { code, name: code, level: "county" },
  totals,
});

describe("ranked", () => {
  it("ranks by the mean, shares ranks, and gives none to who was not inspected", () => {
    const items = [
      row("city", { sum: 999, n: 9 }),
      row("a", { sum: 160, n: 2 }),
      row("b", {}),
      row("c", { sum: 270, n: 3 }),
      row("d", { sum: 90, n: 1 }),
    ];
    const found = ranked(items, "sum", "n").map(({ code, mean, rank }) => [code, mean, rank]);
    expect(found).toEqual([
      ["c", 90, 1],
      ["d", 90, 1],
      ["a", 80, 3],
      ["b", null, null],
    ]);
  });
});
