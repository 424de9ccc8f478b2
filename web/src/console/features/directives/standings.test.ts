import { describe, expect, it } from "vitest";
import type { Standing } from "../../../api/types";
import { groups, summary } from "./standings";

const region = (code: string, name: string) => ({ code, name, level: "township" });
const unit = (code: string, above: string, state: string, more: Partial<Standing> = {}): Standing => ({
  region: region(code, code),
  parent: region(above, above),
  record: code,
  state,
  state_label: { en: state, zh: state },
  is_final: false,
  late: false,
  levels_up: 0,
  entered_at: "2020-02-12T00:00:00Z",
  ...more,
});

describe("summary", () => {
  it("counts units by state in the order of the register, and late and finished ones", () => {
    const units = [
      unit("a", "x", "done"),
      unit("b", "x", "assigned", { late: true }),
      unit("c", "x", "assigned"),
      unit("d", "x", "closed", { is_final: true }),
    ];
    const { total, late, finished, states } = summary(units, ["assigned", "done", "closed"]);
    expect([total, late, finished]).toEqual([4, 1, 1]);
    expect(states.map(({ state, n }) => [state, n])).toEqual([
      ["assigned", 2],
      ["done", 1],
      ["closed", 1],
    ]);
  });
});

describe("groups", () => {
  it("puts townships below their county and a department into its own region", () => {
    const units = [
      unit("1", "x", "done"),
      unit("y", "z", "done", { organisation: "health" }),
      unit("2", "x", "done"),
    ];
    expect(groups(units).map(({ name, units }) => [name, units.length])).toEqual([
      ["x", 2],
      ["y", 1],
    ]);
  });
});
