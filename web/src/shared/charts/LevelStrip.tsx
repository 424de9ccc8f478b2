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
  const shown = spans
    .map((span, i) => ({ ...span, end: spans[i + 1]?.from ?? null }))
    .map((span) => ({ ...span, from: span.from > from ? span.from : from }))
    .filter((span) => span.from <= to && (span.end === null || span.end > from));
  return (
    <ol className="level-strip" aria-label={t("levels.timeline")}>
      {shown.map((span) => {
        // A level holds to the end of the day before the next one.
        const days =
          span.end && span.end <= to ? daysBetween(span.from, span.end) : daysBetween(span.from, to) + 1;
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
