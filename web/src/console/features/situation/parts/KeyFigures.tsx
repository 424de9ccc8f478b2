import { ArrowDownOutlined, ArrowUpOutlined } from "@ant-design/icons";
import { Tooltip } from "antd";
import { useId, type ReactNode } from "react";
import { Link } from "react-router";
import type { Growth, Situation } from "../../../../api/types";
import { messageKey, useI18n } from "../../../../shared/i18n/i18n";
import { paths } from "../../../paths";

interface FigureProps {
  label: string;
  value: ReactNode;
  note?: ReactNode;
  tone?: "worse" | "better";
  help?: string;
}

function Figure({ label, value, note, tone, help }: FigureProps) {
  const id = useId();
  const name = (
    <div id={id} className="key-label">
      {label}
    </div>
  );
  return (
    <div className={`key-figure ${tone ?? ""}`} role="group" aria-labelledby={id}>
      {help ? <Tooltip title={help}>{name}</Tooltip> : name}
      <div className="key-value">{value}</div>
      <div className="key-note">{note ?? " "}</div>
    </div>
  );
}

export function KeyFigures({ situation }: { situation: Situation }) {
  const { t, format } = useI18n();
  const { totals, growth, rt, signals, region, disease } = situation;
  const change = totals.last_7 - totals.previous_7;
  const lastRt = rt.at(-1);
  return (
    <section className="key-figures" aria-label={t("kpi.title")}>
      <Figure
        label={t("kpi.cumulative")}
        value={format.count(totals.cumulative)}
        note={t("kpi.today", { n: format.signed(totals.today) })}
      />
      <Figure
        label={t("kpi.last_7")}
        value={format.count(totals.last_7)}
        tone={change > 0 ? "worse" : change < 0 ? "better" : undefined}
        note={
          <>
            {change > 0 ? (
              <ArrowUpOutlined aria-hidden />
            ) : change < 0 ? (
              <ArrowDownOutlined aria-hidden />
            ) : null}{" "}
            {t("kpi.previous_7", { n: format.count(totals.previous_7), change: format.signed(change) })}
          </>
        }
      />
      <Figure
        label={t("kpi.per_100k")}
        value={format.decimal(totals.incidence_per_100k_7d, 2)}
        note={
          region.population
            ? t("kpi.population", { n: format.count(region.population.n) })
            : t("kpi.population_unknown")
        }
        help={region.population?.source}
      />
      {(totals.deaths != null || totals.cured != null) && (
        <Figure
          label={t("kpi.deaths_cured")}
          value={`${format.count(totals.deaths)} / ${format.count(totals.cured)}`}
          note={t("kpi.deaths_cured_note")}
        />
      )}
      <Figure
        label={t("kpi.rt")}
        value={lastRt ? format.decimal(lastRt.mean, 2) : "–"}
        tone={lastRt && lastRt.lower > 1 ? "worse" : lastRt && lastRt.upper < 1 ? "better" : undefined}
        note={
          lastRt
            ? t("kpi.rt_note", {
                interval: format.interval(lastRt.lower, lastRt.upper, 2),
                date: format.dayOfYear(lastRt.date),
              })
            : t("kpi.rt_none")
        }
      />
      <GrowthFigure growth={growth} />
      <Figure
        label={t("kpi.signals")}
        tone={signals.open > 0 ? "worse" : undefined}
        value={
          <Link to={paths.signals({ region: region.code, disease: disease.id, status: "open" })}>
            {format.count(signals.open)}
          </Link>
        }
        note={t("kpi.alarms", { n: format.count(signals.alarms) })}
      />
    </section>
  );
}

function GrowthFigure({ growth }: { growth: Growth }) {
  const { t, format } = useI18n();
  if (growth.rate_per_day == null) {
    return (
      <Figure
        label={t("kpi.doubling")}
        value="–"
        note={t(messageKey(`note.${growth.note}`) ?? "kpi.growth_none")}
      />
    );
  }
  const rate = t("kpi.growth_rate", {
    rate: format.percent(growth.rate_per_day, 1),
    interval: format.interval(
      growth.lower == null ? null : growth.lower * 100,
      growth.upper == null ? null : growth.upper * 100,
      1,
    ),
  });
  // Where the interval of the rate holds 0, counts may as well grow as shrink.
  if (growth.doubling_time_days == null) {
    return <Figure label={t("kpi.doubling")} value="–" note={rate} />;
  }
  // A shrinking epidemic halves; the server gives the time with the sign of the growth.
  const days = growth.doubling_time_days;
  const shrinking = growth.rate_per_day < 0;
  return (
    <Figure
      label={shrinking ? t("kpi.halving") : t("kpi.doubling")}
      value={t("kpi.days", { n: format.decimal(Math.abs(days), 1) })}
      note={rate}
      tone={
        growth.lower != null && growth.lower > 0
          ? "worse"
          : growth.upper != null && growth.upper < 0
            ? "better"
            : undefined
      }
    />
  );
}
