import type { Label, Standing } from "../../../api/types";

export interface StateCount {
  state: string;
  label: Label;
  n: number;
}

export interface Summary {
  total: number;
  late: number;
  finished: number;
  /** In the order in which the units' records go through them. */
  states: StateCount[];
}

/** Numbers of units by state, and of late ones; `order` lists the states as the register declares them. */
export function summary(units: Standing[], order: string[] = []): Summary {
  const states = new Map<string, StateCount>();
  for (const unit of units) {
    const count = states.get(unit.state) ?? { state: unit.state, label: unit.state_label, n: 0 };
    states.set(unit.state, { ...count, n: count.n + 1 });
  }
  const place = (state: string) => (order.includes(state) ? order.indexOf(state) : order.length);
  return {
    total: units.length,
    late: units.filter((unit) => unit.late).length,
    finished: units.filter((unit) => unit.is_final).length,
    states: [...states.values()].sort((a, b) => place(a.state) - place(b.state) || b.n - a.n),
  };
}

export interface Group {
  code: string;
  name: string;
  units: Standing[];
}

/** Units by the region above theirs, in the order in which they come. */
export function groups(units: Standing[]): Group[] {
  const found = new Map<string, Group>();
  for (const unit of units) {
    const above = unit.organisation ? unit.region : unit.parent;
    const code = above?.code ?? "";
    const group = found.get(code) ?? { code, name: above?.name ?? "", units: [] };
    group.units.push(unit);
    found.set(code, group);
  }
  return [...found.values()];
}
