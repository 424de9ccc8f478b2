import type { LevelSpan } from "../../api/types";
import { useI18n } from "../i18n/i18n";
import { daysBetween } from "../format/format";

interface Props {
  spans: LevelSpan[];
  /** First and last day of the curve above. */
  from: string;
  to: string;
}

/** The response levels that held on the days of the curve above it. */
export function LevelStrip({ spans, from, to }: Props) {
  const { t, text, format } = useI18n();
  // What was decided after the last day of the curve stands at its end: it is what holds now.
  const shown = spans
    .map((span, i) => ({ ...span, end: spans[i + 1]?.from ?? null }))
    .map((span) => ({ ...span, first: span.from < from ? from : span.from > to ? to : span.from }))
    .filter((span) => span.end === null || (span.from <= to && span.end > from));
  const before = shown[0] ? daysBetween(from, shown[0].first) : 0;
  return (
    <ol className="level-strip" aria-label={t("levels.timeline")}>
      {before > 0 && <li className="level-routine" style={{ flexGrow: before }} aria-hidden />}
      {shown.map((span) => {
        // A level holds to the end of the day before the next one.
        const days =
          span.end && span.end <= to ? daysBetween(span.first, span.end) : daysBetween(span.first, to) + 1;
        const label = `${text(span.label)} · ${format.date(span.from)}`;
        return (
          <li key={span.from} className={`level-${span.level}`} style={{ flexGrow: days }} title={label}>
            <span>{text(span.label)}</span>
            <span className="visually-hidden">{format.date(span.from)}</span>
          </li>
        );
      })}
    </ol>
  );
}
