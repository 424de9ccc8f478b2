interface Props {
  values: number[];
  label: string;
  /** Days at the end that are still being reported, drawn paler. */
  incompleteDays?: number;
}

const WIDTH = 92;
const HEIGHT = 22;

/** Daily counts as tiny bars. Its label says the same in words. */
export function Sparkline({ values, label, incompleteDays = 0 }: Props) {
  const max = Math.max(1, ...values);
  const step = WIDTH / Math.max(1, values.length);
  return (
    <svg className="sparkline" width={WIDTH} height={HEIGHT} role="img" aria-label={label}>
      <line x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} className="sparkline-base" />
      {values.map((value, i) => {
        // A correction may be negative; it has no height here, the table beside has the number.
        const height = value > 0 ? Math.max(1.5, (value / max) * (HEIGHT - 2)) : 0;
        return (
          <rect
            key={i}
            x={i * step + 0.4}
            width={Math.max(0.8, step - 0.8)}
            y={HEIGHT - 1 - height}
            height={height}
            className={i >= values.length - incompleteDays ? "sparkline-bar pale" : "sparkline-bar"}
          />
        );
      })}
    </svg>
  );
}
