import { Spin, Table } from "antd";
import { lazy, Suspense } from "react";
import type { CurveDay, Situation } from "../../../../api/types";
import { messageKey, useI18n } from "../../../../shared/i18n/i18n";
import { RegionLevels } from "../../../../shared/charts/RegionLevels";
import { FigureCard } from "../../../../shared/ui/FigureCard";
import { ProvenanceButton } from "./ProvenanceButton";

// Drawing code is half as large again as everything else on the page; figures and table do not wait for it.
const EpidemicCurve = lazy(async () => ({
  default: (await import("../../../../shared/charts/EpidemicCurve")).EpidemicCurve,
}));
const RtRibbon = lazy(async () => ({
  default: (await import("../../../../shared/charts/RtRibbon")).RtRibbon,
}));

export function CurveCards({ situation }: { situation: Situation }) {
  const { t, text, format } = useI18n();
  const measure = text(situation.measure.label);
  const place = situation.region.name;
  return (
    <div className="curve-cards">
      <FigureCard
        title={t("curve.title", { measure })}
        extra={<ProvenanceButton situation={situation} />}
        table={() => <CurveTable curve={situation.curve} />}
      >
        <Suspense fallback={<Wait height={268} />}>
          <EpidemicCurve curve={situation.curve} measure={measure} place={place} />
          <RegionLevels region={situation.region.code} curve={situation.curve} />
        </Suspense>
      </FigureCard>
      <FigureCard
        title={t("rt.title")}
        table={() => (
          <Table
            size="small"
            rowKey="date"
            dataSource={[...situation.rt].reverse()}
            pagination={{ pageSize: 6, size: "small", showSizeChanger: false }}
            columns={[
              { title: t("table.date"), dataIndex: "date", render: format.date },
              { title: "Rt", dataIndex: "mean", align: "right", render: (n: number) => format.decimal(n, 2) },
              {
                title: t("rt.interval"),
                align: "right",
                render: (_, day) => format.interval(day.lower, day.upper, 2),
              },
            ]}
          />
        )}
      >
        {situation.rt.length > 0 ? (
          <Suspense fallback={<Wait height={150} />}>
            <RtRibbon rt={situation.rt} dates={situation.curve.map((day) => day.date)} place={place} />
          </Suspense>
        ) : (
          <p className="muted rt-none">{t(messageKey(`note.${situation.rt_note}`) ?? "rt.none")}</p>
        )}
      </FigureCard>
    </div>
  );
}

/** Keeps the place of a drawing, so that nothing jumps when it arrives. */
function Wait({ height }: { height: number }) {
  return (
    <div className="figure-wait" style={{ height }}>
      <Spin />
    </div>
  );
}

function CurveTable({ curve }: { curve: CurveDay[] }) {
  const { t, format } = useI18n();
  return (
    <Table
      size="small"
      rowKey="date"
      dataSource={[...curve].reverse()}
      pagination={{ pageSize: 8, size: "small", showSizeChanger: false }}
      columns={[
        { title: t("table.date"), dataIndex: "date", render: format.date },
        { title: t("figure.daily"), dataIndex: "n", align: "right", render: format.count },
        {
          title: t("figure.expected"),
          dataIndex: "expected",
          align: "right",
          render: (n: number | null) => format.decimal(n),
        },
        {
          title: t("figure.upper"),
          dataIndex: "upper",
          align: "right",
          render: (n: number | null) => format.decimal(n),
        },
        {
          title: t("table.remark"),
          render: (_, day) =>
            [day.alarm && `▲ ${day.methods.join(", ")}`, day.incomplete && t("figure.incomplete")]
              .filter(Boolean)
              .join(" · "),
        },
      ]}
    />
  );
}
