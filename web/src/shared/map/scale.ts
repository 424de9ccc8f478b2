/** Five classes from white to deep blue-red; each stays distinguishable in grey. */
const COLOURS = ["#f4f6f9", "#fde3cf", "#f9b993", "#ee8262", "#cf4a3e", "#96232c"] as const;

export interface ColourScale {
  colour: (value: number) => string;
  /** Text colour that can be read on it. */
  ink: (value: number) => string;
  classes: { from: number; to: number | null; colour: string }[];
}

/**
 * Classes at 0, at 1, then round steps up to the largest value. How fast the steps widen follows the median: where one
 * region has most of the cases the steps are wide, so that the others still differ.
 */
export function colourScale(values: number[]): ColourScale {
  const positive = values.filter((value) => value > 0).sort((a, b) => a - b);
  const max = positive.at(-1) ?? 1;
  const median = positive[Math.floor(positive.length / 2)] ?? 1;
  const bounds = classBounds(max, median);
  const index = (value: number) => (value <= 0 ? 0 : Math.max(1, bounds.filter((b) => value >= b).length));
  return {
    colour: (value) => COLOURS[index(value)] ?? COLOURS[0],
    ink: (value) => (index(value) >= 4 ? "#ffffff" : "#1d2b3a"),
    classes: [
      { from: 0, to: 0, colour: COLOURS[0] },
      ...bounds.map((from, i) => ({ from, to: bounds[i + 1] ?? null, colour: COLOURS[i + 1] ?? COLOURS[0] })),
    ],
  };
}

const CLASSES = 5;
/** Beyond this the lowest classes would hold single cases only, whatever the median. */
const WIDENING_MAX = 8;

/** Lower bounds of the classes above zero, whole, ascending, the first is one. */
function classBounds(max: number, median: number): number[] {
  const widening = Math.min(WIDENING_MAX, Math.max(1, Math.log(median / max) / Math.log(0.5)));
  const bounds = [1];
  for (let i = 1; i < CLASSES; i += 1) {
    const bound = round125(max * (i / CLASSES) ** widening);
    if (bound > (bounds.at(-1) ?? 0) && bound <= max) bounds.push(bound);
  }
  return bounds;
}

function round125(x: number): number {
  if (x < 1) return 1;
  const power = 10 ** Math.floor(Math.log10(x));
  const lead = x / power;
  const step = lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10;
  return step * power;
}
