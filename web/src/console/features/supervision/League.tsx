import { useQuery } from "@tanstack/react-query";
import { Table } from "antd";
import type { ColumnsType } from "antd/es/table";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { Totals } from "../../../api/types";
import { useLabels } from "../../../shared/catalog";
import { useI18n } from "../../../shared/i18n/i18n";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { ranked, type Ranked } from "./ranked";

/** Measures that the table shows beside the mean score. */
const COUNTS = ["inspection.scored", "inspection.faults", "finding.found", "finding.open", "finding.closed"];
const SCORE = "inspection.score";

/** Counties by the mean score of their inspections; self-inspections do not count. */
export function League({ region }: { region: string }) {
  const { t, format } = useI18n();
  const labels = useLabels();
  const measures = [SCORE, ...COUNTS];
  const totals = useQuery({
    queryKey: [...keys.totals, region, measures],
    queryFn: ({ signal }) =>
      request<Totals>("GET", "/totals", { query: { region, measures: measures.join(",") }, signal }),
  });
  const rows = ranked(totals.data?.items ?? [], SCORE, "inspection.scored");
  const columns: ColumnsType<Ranked> = [
    {
      title: t("supervision.rank"),
      key: "rank",
      width: 80,
      align: "right",
      render: (_, row) => row.rank ?? "–",
    },
    { title: t("supervision.county"), key: "region", render: (_, row) => row.name },
    {
      title: t("supervision.mean_score"),
      key: "mean",
      align: "right",
      render: (_, row) => (row.mean == null ? t("supervision.not_inspected") : format.decimal(row.mean)),
    },
    ...COUNTS.map((measure) => ({
      title: labels.measure(measure),
      key: measure,
      align: "right" as const,
      render: (_: unknown, row: Ranked) => format.count(row.totals[measure] ?? 0),
    })),
  ];
  return (
    <>
      <ProblemAlert error={totals.error} retry={() => void totals.refetch()} />
      <section className="card" aria-label={t("supervision.view.league")}>
        <Table<Ranked>
          rowKey="code"
          size="small"
          columns={columns}
          dataSource={rows}
          loading={totals.isPending}
          pagination={false}
          scroll={{ x: "max-content" }}
          locale={{ emptyText: t("supervision.nothing_below") }}
        />
      </section>
      <p className="muted">{t("supervision.league_note")}</p>
    </>
  );
}
