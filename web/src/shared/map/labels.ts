/** Something written on the map, around a point. */
export interface Label {
  code: string;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Where two labels meet, the larger stays. */
  weight: number;
}

/**
 * Codes of the labels that fit on the map without touching each other. What is left out is still in the tooltip, in the
 * name that a screen reader hears, and in the table.
 */
export function labelSpots(labels: Label[]): Set<string> {
  const placed: Label[] = [];
  const byWeight = [...labels].sort((a, b) => b.weight - a.weight || a.code.localeCompare(b.code));
  for (const label of byWeight) if (!placed.some((other) => touch(label, other))) placed.push(label);
  return new Set(placed.map((label) => label.code));
}

function touch(a: Label, b: Label): boolean {
  return 2 * Math.abs(a.x - b.x) < a.width + b.width && 2 * Math.abs(a.y - b.y) < a.height + b.height;
}
