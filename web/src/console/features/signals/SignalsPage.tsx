import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Segmented, Select, Table } from "antd";
import type { ColumnsType } from "antd/es/table";
import { Suspense } from "react";
import { Link, Outlet, useLocation, useNavigate, useParams } from "react-router";
import type { Signal } from "../../../api/types";
import { diseasesQuery, useLabels } from "../../../shared/catalog";
import { useI18n } from "../../../shared/i18n/i18n";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { MoreButton } from "../../../shared/ui/MoreButton";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { SignalStatusTag } from "../../../shared/ui/StatusTag";
import { useUrlState } from "../../../shared/urlState";
import { paths } from "../../paths";
import { signalsQuery } from "./queries";

const ALL = "all";
const STATUSES = ["open", "alarm", "dismissed", ALL] as const;

/** Inbox of what the detectors raised: nothing becomes an alarm before a person has assessed it here. */
export function SignalsPage() {
  const { t, text, format } = useI18n();
  const labels = useLabels();
  const navigate = useNavigate();
  const { search } = useLocation();
  const { id: opened } = useParams();
  const url = useUrlState();
  const diseases = useQuery(diseasesQuery).data?.items ?? [];
  const status = url.get("status") ?? "open";
  const filter = {
    status: status === ALL ? undefined : status,
    region: url.get("region"),
    disease: url.get("disease"),
  };
  const list = useInfiniteQuery(signalsQuery(filter));
  const signals = list.data?.pages.flatMap((page) => page.items) ?? [];

  const columns: ColumnsType<Signal> = [
    {
      title: t("signals.column.status"),
      dataIndex: "status",
      width: 110,
      render: (value: string) => <SignalStatusTag status={value} />,
    },
    {
      title: t("signals.column.region"),
      render: (_, s) => (
        <>
          <Link to={paths.signal(s.id, search)} onClick={(event) => event.stopPropagation()}>
            {s.region.name}
          </Link>
          <small className="muted path">{s.region.path_names.slice(0, -1).join(" / ")}</small>
        </>
      ),
    },
    { title: t("signals.column.date"), dataIndex: "date", width: 130, render: format.date },
    {
      title: t("signals.column.what"),
      render: (_, s) => (
        <>
          {labels.disease(s.disease)}
          <small className="muted path">{labels.measure(s.measure)}</small>
        </>
      ),
    },
    {
      title: t("signals.column.observed"),
      dataIndex: "observed",
      align: "right",
      render: (n: number) => <b>{format.count(n)}</b>,
    },
    {
      title: t("signals.column.expected"),
      dataIndex: "expected",
      align: "right",
      render: (n: number | null) => format.decimal(n),
    },
    {
      title: t("signals.column.upper"),
      dataIndex: "upper",
      align: "right",
      render: (n: number | null) => format.decimal(n),
    },
    { title: t("signals.column.method"), render: (_, s) => text(s.method_label) || s.method },
    { title: t("signals.column.raised"), dataIndex: "raised_at", width: 150, render: format.instant },
  ];
  return (
    <>
      <PageHeader title={t("signals.title")} note={t("signals.note")} />
      <div className="filters" role="search" aria-label={t("signals.filters")}>
        <Segmented
          aria-label={t("signals.column.status")}
          value={status}
          onChange={(value) => url.set({ status: value === "open" ? undefined : String(value) })}
          options={STATUSES.map((value) => ({ value, label: t(`signals.status.${value}`) }))}
        />
        <RegionSelect
          ariaLabel={t("signals.column.region")}
          value={filter.region}
          onChange={(region) => url.set({ region })}
          width={220}
        />
        <Select
          aria-label={t("situation.disease")}
          value={filter.disease}
          onChange={(disease?: string) => url.set({ disease })}
          allowClear
          placeholder={t("signals.any_disease")}
          options={diseases.map((d) => ({ value: d.id, label: text(d.label) }))}
          style={{ width: 180 }}
        />
      </div>
      <ProblemAlert error={list.error} retry={() => void list.refetch()} />
      <section className="card" aria-label={t("signals.list")}>
        <Table
          size="small"
          rowKey="id"
          columns={columns}
          dataSource={signals}
          loading={list.isPending}
          pagination={false}
          locale={{ emptyText: t("signals.none") }}
          rowClassName={(s) => (s.id === opened ? "row-open" : "row-link")}
          onRow={(s) => ({ onClick: () => void navigate(paths.signal(s.id, search)) })}
        />
        <div className="more">
          <MoreButton list={list} />
        </div>
      </section>
      <Suspense fallback={null}>
        <Outlet />
      </Suspense>
    </>
  );
}
