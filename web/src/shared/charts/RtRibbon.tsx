import { useMemo } from "react";
import type { RtDay } from "../../api/types";
import { useI18n } from "../i18n/i18n";
import { Chart } from "./Chart";
import { ink, timeFrame, type ChartOption } from "./option";

interface Props {
  rt: RtDay[];
  /** Days of the axis, so that the ribbon stands below the same days of the epidemic curve. */
  dates: string[];
  place: string;
  height?: number;
}

/** Above this the early, wide intervals would flatten the part that matters. */
const TOP_MAX = 6;

/** Reproduction number with its interval, and the line at one. */
export function RtRibbon({ rt, dates, place, height = 150 }: Props) {
  const { t, format } = useI18n();
  const option = useMemo<ChartOption>(() => {
    const byDate = new Map(rt.map((day) => [day.date, day]));
    const days = dates.map((date) => byDate.get(date));
    const top = Math.min(TOP_MAX, Math.max(2, Math.ceil(Math.max(0, ...rt.map((day) => day.upper)))));
    return {
      ...timeFrame(dates, format.dayOfYear, { min: 0, max: top, interval: top > 3 ? 2 : 1 }),
      tooltip: {
        trigger: "axis",
        confine: true,
        formatter: (params) => {
          const first = Array.isArray(params) ? params[0] : params;
          const index = first?.dataIndex ?? 0;
          const day = days[index];
          const date = `<b>${format.date(dates[index])}</b><br>`;
          if (!day) return `${date}${t("figure.rt_none")}`;
          return `${date}Rt ${format.decimal(day.mean, 2)} (${format.interval(day.lower, day.upper, 2)})`;
        },
      },
      series: [
        {
          // The two invisible parts of a stack: up to the lower bound nothing, from there to the upper the ribbon.
          type: "line",
          stack: "interval",
          silent: true,
          showSymbol: false,
          lineStyle: { opacity: 0 },
          data: days.map((day) => day?.lower ?? null),
        },
        {
          type: "line",
          stack: "interval",
          silent: true,
          showSymbol: false,
          lineStyle: { opacity: 0 },
          areaStyle: { color: ink.ribbonFill },
          data: days.map((day) => (day ? day.upper - day.lower : null)),
        },
        {
          type: "line",
          name: "Rt",
          showSymbol: rt.length < 3,
          symbol: "circle",
          symbolSize: 5,
          lineStyle: { color: ink.ribbon, width: 2 },
          itemStyle: { color: ink.ribbon },
          data: days.map((day) => day?.mean ?? null),
          markLine: {
            silent: true,
            symbol: "none",
            label: { show: false },
            lineStyle: { color: ink.alarm, type: "solid", width: 1, opacity: 0.7 },
            data: [{ yAxis: 1 }],
          },
        },
      ],
    };
  }, [rt, dates, t, format]);

  const last = rt.at(-1);
  const label = t("figure.rt_label", {
    place,
    date: format.date(last?.date),
    mean: format.decimal(last?.mean, 2),
    lower: format.decimal(last?.lower, 2),
    upper: format.decimal(last?.upper, 2),
  });
  return <Chart option={option} label={label} height={height} />;
}
