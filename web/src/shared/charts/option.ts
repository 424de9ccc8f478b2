import type {
  BarSeriesOption,
  CustomSeriesOption,
  LineSeriesOption,
  ScatterSeriesOption,
} from "echarts/charts";
import type { GridComponentOption, TooltipComponentOption } from "echarts/components";
import type { ComposeOption } from "echarts/core";

export type ChartOption = ComposeOption<
  | BarSeriesOption
  | LineSeriesOption
  | ScatterSeriesOption
  | CustomSeriesOption
  | GridComponentOption
  | TooltipComponentOption
>;

/** Colours that the drawings share with the style sheet. */
export const ink = {
  bar: "#3b6ea8",
  barPale: "#a9c1dc",
  expected: "#7b8794",
  upper: "#c97a1a",
  alarm: "#c0322b",
  ribbon: "#5b8f6f",
  ribbonFill: "rgba(91,143,111,0.22)",
  grid: "#e8ecf1",
  text: "#4a5765",
  incomplete: "rgba(120,134,150,0.13)",
  one: "#9aa5b1",
} as const;

export const fontFamily =
  '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Source Han Sans SC",system-ui,sans-serif';

/** Axes, grid and tooltip that all time charts have in common. */
export function timeFrame(
  dates: string[],
  dayLabel: (iso: string) => string,
  values: { min?: number; max?: number; interval?: number } = {},
): ChartOption {
  return {
    animation: false,
    textStyle: { fontFamily, color: ink.text },
    grid: { left: 46, right: 14, top: 14, bottom: 26 },
    xAxis: {
      type: "category",
      data: dates,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: "#b8c2cd" } },
      axisLabel: { color: ink.text, formatter: dayLabel, hideOverlap: true },
    },
    yAxis: {
      type: "value",
      ...values,
      splitLine: { lineStyle: { color: ink.grid } },
      axisLabel: { color: ink.text },
    },
  };
}

/** Consecutive runs of days for which `test` holds, as first and last index. */
export function runs<T>(days: T[], test: (day: T) => boolean): [number, number][] {
  const found: [number, number][] = [];
  days.forEach((day, i) => {
    if (!test(day)) return;
    const last = found.at(-1);
    if (last && last[1] === i - 1) last[1] = i;
    else found.push([i, i]);
  });
  return found;
}

/** Shades runs of days over their whole width; a marked area of the library would end in the middle of its last day. */
export function shade(stretches: [number, number][], name: string): CustomSeriesOption {
  return {
    type: "custom",
    name,
    silent: true,
    z: 0,
    data: stretches,
    renderItem: (params, api) => {
      const day = (api.size?.([1, 0]) as number[])[0] ?? 0;
      const [left = 0] = api.coord([api.value(0), 0]);
      const [right = 0] = api.coord([api.value(1), 0]);
      const frame = params.coordSys as unknown as { y: number; height: number };
      const shape = { x: left - day / 2, y: frame.y, width: right - left + day, height: frame.height };
      return {
        type: "group",
        children: [
          { type: "rect", shape, style: { fill: ink.incomplete } },
          {
            type: "text",
            style: {
              text: name,
              x: shape.x + shape.width - 4,
              y: frame.y + 4,
              align: "right",
              fill: ink.text,
              font: `11px ${fontFamily}`,
            },
          },
        ],
      };
    },
    encode: { x: [0, 1] },
  };
}
