import type { Totals } from "../../../api/types";

export interface Ranked {
  code: string;
  name: string;
  totals: Record<string, number>;
  /** Mean; absent where nothing was inspected, which is not a score of 0. */
  mean: number | null;
  /** Equal means share a rank; who has none has no rank. */
  rank: number | null;
}

/** The regions below (the first item is the region itself), the best mean first, those without one last. */
export function ranked(items: Totals["items"], sum: string, n: string): Ranked[] {
  const rows = items.slice(1).flatMap(({ region, totals }): Ranked[] => {
    if (!region) return [];
    const times = totals[n] ?? 0;
    const mean = times > 0 ? (totals[sum] ?? 0) / times : null;
    return [{ code: region.code, name: region.name, totals, mean, rank: null }];
  });
  rows.sort((a, b) => (b.mean ?? -1) - (a.mean ?? -1) || a.code.localeCompare(b.code));
  rows.forEach((row, i) => {
    const before = rows[i - 1];
    if (row.mean != null) row.rank = before?.mean === row.mean ? before.rank : i + 1;
  });
  return rows;
}
