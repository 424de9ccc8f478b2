import { useInfiniteQuery } from "@tanstack/react-query";
import { Checkbox, Segmented } from "antd";
import { Suspense } from "react";
import { Outlet, useLocation, useParams } from "react-router";
import { useI18n } from "../../../shared/i18n/i18n";
import { useSession } from "../../../shared/session";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { useUrlState } from "../../../shared/urlState";
import { paths } from "../../paths";
import { LoadMap } from "./LoadMap";
import { WorkTable } from "../../../shared/work/WorkTable";
import { ExportButton } from "../../../shared/work/ExportButton";
import { workQuery } from "../../../shared/work/queries";

const WHOSE = ["region", "unit", "mine", "offered", "decision"] as const;

/** What is to be done: by the units of a region, by its own unit, by the person. */
export function TasksPage() {
  const { t } = useI18n();
  const session = useSession();
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
      <WorkTable
        list={list}
        label={t("tasks.list")}
        title={t("tasks.column.title")}
        none={t("tasks.none")}
        middle={[{ title: t("tasks.column.unit"), render: (_, item) => item.unit.name, width: 180 }]}
        address={(item) => paths.task(item.record, search)}
        opened={opened}
      />
      <Suspense>
        <Outlet />
      </Suspense>
    </>
  );
}
