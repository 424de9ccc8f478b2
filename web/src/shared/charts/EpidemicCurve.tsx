import { useMemo } from "react";
import type { CurveDay } from "../../api/types";
import { useI18n } from "../i18n/i18n";
import { Chart } from "./Chart";
import { ink, runs, shade, timeFrame, type ChartOption } from "./option";

interface Props {
  curve: CurveDay[];
  /** What is counted, for the label and the tooltip. */
  measure: string;
  place: string;
  height?: number;
  /** A day to point at. */
  marked?: string;
}

/** Daily counts as bars, with what was expected, the alarm threshold, alarms, and the days still being reported. */
export function EpidemicCurve({ curve, measure, place, height = 250, marked }: Props) {
  const { t, format } = useI18n();
  const option = useMemo<ChartOption>(() => {
    const frame = timeFrame(
      curve.map((day) => day.date),
      format.dayOfYear,
    );
    const incomplete = runs(curve, (day) => day.incomplete);
    const alarms = curve.filter((day) => day.alarm);
    const line = {
      type: "line" as const,
      step: "middle" as const,
      showSymbol: false,
      silent: true,
      connectNulls: false,
    };
    return {
      ...frame,
      tooltip: {
        trigger: "axis",
        axisPointer: { type: "shadow" },
        confine: true,
        formatter: (params) => {
          const first = Array.isArray(params) ? params[0] : params;
          const day = first && curve[first.dataIndex ?? 0];
          return day ? tooltip(day) : "";
        },
      },
      series: [
        {
          type: "bar",
          name: measure,
          barCategoryGap: "18%",
          data: curve.map((day) => ({
            value: day.n,
            itemStyle: {
              color: day.date === marked ? ink.alarm : day.incomplete ? ink.barPale : ink.bar,
            },
          })),
        },
        shade(incomplete, t("figure.incomplete")),
        {
          ...line,
          name: t("figure.expected"),
          data: curve.map((day) => day.expected ?? null),
          lineStyle: { color: ink.expected, width: 1.4, type: "dashed" },
        },
        {
          ...line,
          name: t("figure.upper"),
          data: curve.map((day) => day.upper ?? null),
          lineStyle: { color: ink.upper, width: 1.4 },
        },
        {
          type: "scatter",
          name: t("figure.signal"),
          symbol: "triangle",
          symbolSize: 9,
          symbolOffset: [0, -9],
          itemStyle: { color: ink.alarm },
          data: alarms.map((day) => [day.date, day.n]),
          z: 5,
        },
      ],
    };

    function tooltip(day: CurveDay): string {
      const rows = [
        `<b>${format.date(day.date)}</b>`,
        `${escape(measure)}: <b>${format.count(day.n)}</b>`,
        day.expected != null && `${t("figure.expected")}: ${format.decimal(day.expected)}`,
        day.upper != null && `${t("figure.upper")}: ${format.decimal(day.upper)}`,
        day.alarm && `▲ ${t("figure.signal")}: ${escape(day.methods.join(", "))}`,
        day.incomplete && t("figure.incomplete"),
      ];
      return rows.filter(Boolean).join("<br>");
    }
  }, [curve, measure, marked, t, format]);

  const last = curve.at(-1);
  const label = t("figure.curve_label", {
    measure,
    place,
    from: format.date(curve[0]?.date),
    to: format.date(last?.date),
    total: format.count(curve.reduce((sum, day) => sum + day.n, 0)),
    alarms: curve.filter((day) => day.alarm).length,
  });
  return (
    <>
      <Chart option={option} label={label} height={height} />
      <CurveLegend />
    </>
  );
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

function CurveLegend() {
  const { t } = useI18n();
  return (
    <ul className="legend" aria-label={t("figure.legend")}>
      <li>
        <i className="key bar" /> {t("figure.daily")}
      </li>
      <li>
        <i className="key dashed" /> {t("figure.expected")}
      </li>
      <li>
        <i className="key line" /> {t("figure.upper")}
      </li>
      <li>
        <span className="key triangle">▲</span> {t("figure.signal")}
      </li>
      <li>
        <i className="key shade" /> {t("figure.incomplete")}
      </li>
    </ul>
  );
}
