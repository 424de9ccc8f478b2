import {
  CaretRightOutlined,
  PauseOutlined,
  StepBackwardOutlined,
  StepForwardOutlined,
} from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Slider } from "antd";
import { useEffect, useState } from "react";
import { addDays, daysBetween } from "../../../../shared/format/format";
import { useI18n } from "../../../../shared/i18n/i18n";
import { ReasonedButton } from "../../../../shared/ui/ReasonedButton";
import { timelineQuery, type View } from "../queries";

interface Props {
  view: View;
  today: string;
  /** Whether the day last asked for is on screen. */
  settled: boolean;
  onChange: (patch: { as_of: string | undefined }, options?: { replace?: boolean }) => void;
}

/** Pause on each day of a replay, long enough to see what changed. */
const STEP_MS = 650;

/** Moves the whole screen to what was known on a day, by hand or by playing through the days. */
export function ReplayBar({ view, today, settled, onChange }: Props) {
  const { t, format } = useI18n();
  const timeline = useQuery(timelineQuery(view)).data;
  const [playing, setPlaying] = useState(false);
  const [dragged, setDragged] = useState<number | null>(null);

  const first = timeline?.first ?? null;
  const length = first ? Math.max(0, daysBetween(first, today)) : 0;
  const asOf = view.as_of ?? today;
  const position = first ? Math.min(length, Math.max(0, daysBetween(first, asOf))) : 0;
  const past = view.as_of !== undefined && view.as_of < today;

  const show = (day: number, options?: { replace?: boolean }) => {
    if (!first) return;
    // The last position is the present, which has no date in the address: such a link stays current.
    onChange({ as_of: day >= length ? undefined : addDays(first, Math.max(0, day)) }, options);
  };

  useEffect(() => {
    if (!playing || !settled) return undefined;
    const timer = setTimeout(() => {
      const next = position + 1;
      if (next >= length) setPlaying(false);
      show(next, { replace: true });
    }, STEP_MS);
    return () => clearTimeout(timer);
  });

  const play = () => {
    if (!playing && position >= length) show(0, { replace: true });
    setPlaying(!playing);
  };
  const none = length === 0 && t("replay.nothing");
  const shown = dragged ?? position;
  const shownDate = first ? addDays(first, shown) : today;
  const marks = first ? monthMarks(first, length, format.dayOfYear) : {};
  return (
    <section className={past ? "replay-bar card past" : "replay-bar card"} aria-label={t("replay.title")}>
      <span className="replay-buttons">
        <ReasonedButton
          size="small"
          icon={<StepBackwardOutlined />}
          aria-label={t("replay.day_back")}
          disabledReason={none}
          onClick={() => show(position - 1)}
        />
        <ReasonedButton
          type="primary"
          shape="circle"
          icon={playing ? <PauseOutlined /> : <CaretRightOutlined />}
          aria-label={playing ? t("replay.pause") : t("replay.play")}
          disabledReason={none}
          onClick={play}
        />
        <ReasonedButton
          size="small"
          icon={<StepForwardOutlined />}
          aria-label={t("replay.day_forward")}
          disabledReason={none}
          onClick={() => show(position + 1)}
        />
      </span>
      <Slider
        className="replay-slider"
        min={0}
        max={Math.max(1, length)}
        value={shown}
        disabled={length === 0}
        marks={marks}
        ariaLabelForHandle={t("replay.slider")}
        ariaValueTextFormatterForHandle={(value) => format.date(first ? addDays(first, value) : today)}
        tooltip={{ formatter: (value) => format.date(first ? addDays(first, value ?? 0) : today) }}
        onChange={(value) => {
          setPlaying(false);
          setDragged(value);
        }}
        onChangeComplete={(value) => {
          setDragged(null);
          show(value);
        }}
      />
      <output className="replay-date" aria-live={playing ? "off" : "polite"}>
        {past || dragged !== null ? (
          <>
            <b>{t("replay.as_known_on", { date: format.date(shownDate) })}</b>
            <small>{t("replay.past_note")}</small>
          </>
        ) : (
          <>
            <b>{t("replay.now", { date: format.date(today) })}</b>
            <small>{t("replay.now_note")}</small>
          </>
        )}
      </output>
      <Button size="small" disabled={!past} onClick={() => show(length)}>
        {t("replay.back_to_now")}
      </Button>
    </section>
  );
}

/** The first of each month, or of each quarter in long histories. */
function monthMarks(first: string, length: number, label: (iso: string) => string): Record<number, string> {
  const marks: Record<number, string> = {};
  for (let day = 0; day <= length; day += 1) {
    const date = addDays(first, day);
    const month = Number(date.slice(5, 7));
    if (date.endsWith("-01") && (length < 300 || month % 3 === 1)) marks[day] = label(date);
  }
  return marks;
}
