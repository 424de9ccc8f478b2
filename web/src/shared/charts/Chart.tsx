import { BarChart, CustomChart, LineChart, ScatterChart } from "echarts/charts";
import { AriaComponent, GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use as register, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import type { ChartOption } from "./option";

register([
  BarChart,
  LineChart,
  ScatterChart,
  CustomChart,
  AriaComponent,
  GridComponent,
  TooltipComponent,
  MarkLineComponent,
  SVGRenderer,
]);

interface Props {
  option: ChartOption;
  /** What the drawing shows, in one sentence. */
  label: string;
  height: number;
}

/** An ECharts drawing that follows its option and the width of its frame. */
export function Chart({ option, label, height }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);

  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const made = init(element, null, { renderer: "svg" });
    chart.current = made;
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);

  // Series are replaced rather than merged: a replayed day may have fewer of them.
  useEffect(() => chart.current?.setOption(option, { replaceMerge: ["series"] }), [option]);

  return <div ref={frame} role="img" aria-label={label} style={{ height, width: "100%" }} />;
}
