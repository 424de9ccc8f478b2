import { Table, Tag } from "antd";
import type { ColumnsType } from "antd/es/table";
import type { Situation, SituationRegion } from "../../../../api/types";
import { useI18n } from "../../../../shared/i18n/i18n";
import { reportedAsWhole } from "../undivided";
import { Sparkline } from "../../../../shared/ui/Sparkline";

interface Props {
  situation: Situation;
  onOpen: (code: string) => void;
}

const PAGE = 15;

export function RegionTable({ situation, onOpen }: Props) {
  const { t, format } = useI18n();
  const whole = reportedAsWhole(situation);
  const incompleteDays = situation.curve.filter((day) => day.incomplete).length;
  const numeric = (key: "cumulative" | "last_7" | "previous_7" | "open_signals", title: string) => ({
    title,
    dataIndex: key,
    align: "right" as const,
    sorter: (a: SituationRegion, b: SituationRegion) => a[key] - b[key],
    sortDirections: ["descend" as const, "ascend" as const],
    render: (n: number) => format.count(whole && key !== "open_signals" ? null : n),
  });
  const columns: ColumnsType<SituationRegion> = [
    {
      title: t("table.region"),
      dataIndex: "name",
      sorter: (a, b) => a.code.localeCompare(b.code),
      render: (name: string, r) => (
        <button type="button" className="link" onClick={() => onOpen(r.code)}>
          {name}
        </button>
      ),
    },
    { ...numeric("cumulative", t("table.cumulative")), defaultSortOrder: "descend" },
    numeric("last_7", t("table.last_7")),
    numeric("previous_7", t("table.previous_7")),
    {
      title: t("table.change"),
      align: "right",
      sorter: (a, b) => a.last_7 - a.previous_7 - (b.last_7 - b.previous_7),
      render: (_, r) => {
        if (whole) return "–";
        const change = r.last_7 - r.previous_7;
        const arrow = change > 0 ? "↑" : change < 0 ? "↓" : "";
        return (
          <span className={change > 0 ? "worse" : change < 0 ? "better" : ""}>
            {arrow} {format.signed(change)}
          </span>
        );
      },
    },
    {
      title: t("table.per_100k"),
      dataIndex: "per_100k_7d",
      align: "right",
      sorter: (a, b) => (a.per_100k_7d ?? -1) - (b.per_100k_7d ?? -1),
      render: (n: number | null) => format.decimal(whole ? null : n, 2),
    },
    {
      title: t("table.spark"),
      dataIndex: "spark",
      width: 120,
      render: (spark: number[], r) => (
        <Sparkline
          values={spark}
          incompleteDays={incompleteDays}
          label={t("table.spark_label", { name: r.name, values: spark.join(", ") })}
        />
      ),
    },
    {
      ...numeric("open_signals", t("table.open_signals")),
      render: (n: number) =>
        n > 0 ? <Tag color="gold">▲ {format.count(n)}</Tag> : <span className="muted">0</span>,
    },
  ];
  if (situation.regions.length === 0) return null;
  return (
    <section className="card" aria-labelledby="regions-heading">
      <div className="card-head">
        <h2 id="regions-heading">{t("table.title", { place: situation.region.name })}</h2>
      </div>
      <Table
        size="small"
        rowKey="code"
        aria-labelledby="regions-heading"
        columns={columns}
        dataSource={situation.regions}
        pagination={
          situation.regions.length > PAGE ? { pageSize: PAGE, size: "small", showSizeChanger: false } : false
        }
      />
      {situation.undivided !== 0 && (
        <p className="muted figure-note">
          {t("table.undivided", { n: format.count(situation.undivided), place: situation.region.name })}
        </p>
      )}
    </section>
  );
}
