import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Checkbox, Segmented, Table } from "antd";
import type { ColumnsType } from "antd/es/table";
import { Suspense } from "react";
import { Link, Outlet, useLocation, useNavigate, useParams } from "react-router";
import type { WorkItem } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { useSession } from "../../../shared/session";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { useUrlState } from "../../../shared/urlState";
import { paths } from "../../paths";
import { LoadMap } from "./LoadMap";
import { StateTag } from "../../../shared/work/StateTag";
import { ExportButton } from "../../../shared/work/ExportButton";
import { workQuery } from "../../../shared/work/queries";

const WHOSE = ["region", "unit", "mine", "offered", "decision"] as const;

/** What is to be done: by the units of a region, by its own unit, by the person. */
export function TasksPage() {
  const { t, format } = useI18n();
  const session = useSession();
  const navigate = useNavigate();
  const { search } = useLocation();
  const { id: opened } = useParams();
  const url = useUrlState();
  const whose = url.get("whose") ?? "region";
  const view = url.get("view");
  const late = url.get("late") === "true";
  const finished = url.get("finished") === "true";
  const region = url.get("region") ?? session.home_region?.code;
  const list = useInfiniteQuery(
    workQuery({
      whose,
      region: whose === "mine" ? undefined : region,
      late: late || undefined,
      open: finished ? undefined : true,
    }),
  );
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];

  const columns: ColumnsType<WorkItem> = [
    {
      title: t("tasks.column.title"),
      render: (_, item) => (
        <>
          <Link to={paths.task(item.record, search)} onClick={(event) => event.stopPropagation()}>
            {item.title || item.register}
          </Link>
          <small className="muted path">{item.region?.name}</small>
        </>
      ),
    },
    { title: t("tasks.column.unit"), render: (_, item) => item.unit.name, width: 180 },
    { title: t("tasks.column.state"), render: (_, item) => <StateTag work={item} />, width: 260 },
    { title: t("tasks.column.due"), dataIndex: "due_at", render: format.instant, width: 180 },
  ];

  return (
    <>
      <PageHeader
        title={t("tasks.title")}
        note={t("tasks.note")}
        actions={<ExportButton register="task" region={region} />}
      />
      <div className="filters" role="search" aria-label={t("tasks.whose")}>
        <Segmented
          aria-label={t("tasks.whose")}
          value={whose}
          options={WHOSE.map((value) => ({ value, label: t(`tasks.whose.${value}`) }))}
          onChange={(value) => url.set({ whose: value })}
        />
        <RegionSelect
          ariaLabel={t("tasks.whose")}
          value={region}
          width={260}
          onChange={(value) => url.set({ region: value })}
        />
        <Checkbox checked={late} onChange={(e) => url.set({ late: e.target.checked ? "true" : undefined })}>
          {t("tasks.late_only")}
        </Checkbox>
        <Checkbox
          checked={finished}
          onChange={(e) => url.set({ finished: e.target.checked ? "true" : undefined })}
        >
          {t("tasks.finished_too")}
        </Checkbox>
        <Checkbox
          checked={view === "map"}
          onChange={(e) => url.set({ view: e.target.checked ? "map" : undefined })}
        >
          {t("tasks.map")}
        </Checkbox>
      </div>
      {view === "map" && region && <LoadMap region={region} onOpen={(code) => url.set({ region: code })} />}
      <ProblemAlert error={list.error} retry={() => void list.refetch()} />
      <section className="card" aria-label={t("tasks.list")}>
        <Table<WorkItem>
          rowKey="record"
          size="small"
          columns={columns}
          dataSource={items}
          loading={list.isPending}
          pagination={false}
          locale={{ emptyText: t("tasks.none") }}
          rowClassName={(item) => (item.record === opened ? "row-open" : "row-link")}
          onRow={(item) => ({ onClick: () => void navigate(paths.task(item.record, search)) })}
        />
        {list.hasNextPage && (
          <div className="card-body">
            <Button loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
              {t("common.load_more")}
            </Button>
          </div>
        )}
      </section>
      <Suspense>
        <Outlet />
      </Suspense>
    </>
  );
}
