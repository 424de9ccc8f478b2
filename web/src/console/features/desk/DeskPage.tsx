import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Skeleton, Tag } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { WorkItem } from "../../../api/types";
import { useLabels } from "../../../shared/catalog";
import { useI18n } from "../../../shared/i18n/i18n";
import { openSignalsQuery } from "../../../shared/openSignals";
import { useMay, useSession } from "../../../shared/session";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { useUrlState } from "../../../shared/urlState";
import { StateTag } from "../../../shared/work/StateTag";
import { workQuery } from "../../../shared/work/queries";
import { paths } from "../../paths";
import { ChronicleCard } from "./ChronicleCard";
import { noticesQuery, proposalsQuery } from "./queries";

/** What a duty officer looks at first: what waits for a decision, what is late, what changed in the last hour. */
export function DeskPage() {
  const { t } = useI18n();
  const session = useSession();
  const url = useUrlState();
  const region = url.get("region") ?? session.home_region.code;
  return (
    <>
      <PageHeader title={t("desk.title")} note={t("desk.note")} />
      <div className="filters" role="search" aria-label={t("desk.region")}>
        <RegionSelect
          ariaLabel={t("desk.region")}
          value={region}
          width={260}
          onChange={(value) => url.set({ region: value })}
        />
      </div>
      <div className="desk-columns">
        <div>
          <Waiting region={region} />
          <WorkCard title={t("desk.offered")} filter={{ whose: "offered", region }} />
        </div>
        <div>
          <WorkCard title={t("desk.late")} filter={{ whose: "region", region, late: true }} />
          <NoticesCard />
        </div>
        <ChronicleCard region={region} />
      </div>
    </>
  );
}

function Card({ title, n, children }: { title: string; n?: string; children: ReactNode }) {
  return (
    <section className="card" aria-label={title}>
      <div className="card-head">
        <h2>{title}</h2>
        {n && <span className="desk-count">{n}</span>}
      </div>
      <div className="card-body">{children}</div>
    </section>
  );
}

function Waiting({ region }: { region: string }) {
  const { t, text, format } = useI18n();
  const labels = useLabels();
  const levels = useQuery({ ...proposalsQuery(region), enabled: useMay("situation.read") }).data;
  const signals = useQuery({ ...openSignalsQuery, enabled: useMay("signal.read") }).data;
  const work = useInfiniteQuery(workQuery({ whose: "decision", region, open: true }));
  const items = work.data?.pages.flatMap((page) => page.items) ?? [];
  const proposals = levels?.proposals ?? [];
  const open = signals?.items ?? [];
  const counted = Object.values(work.data?.pages[0]?.counts ?? {}).reduce((sum, { n }) => sum + n, 0);
  const n = counted + proposals.length + open.length;
  return (
    <Card title={t("desk.waiting")} n={signals?.next_cursor ? `${format.count(n)}+` : format.count(n)}>
      <ProblemAlert error={work.error} />
      <ul className="desk-list">
        {proposals.map((proposal) => (
          <li key={proposal.id}>
            <Link to={paths.levels({ region: proposal.region })}>
              {t("levels.proposed", {
                region: proposal.region_name,
                level: text(levels?.levels.find((option) => option.level === proposal.level)?.label),
              })}
            </Link>
            <small className="muted">{format.instant(proposal.proposed_at)}</small>
          </li>
        ))}
        {open.slice(0, 5).map((signal) => (
          <li key={signal.id}>
            <Link to={paths.signal(signal.id)}>
              {t("desk.signal", { region: signal.region.name, disease: labels.disease(signal.disease) })}
            </Link>
            <small className="muted">{format.date(signal.date)}</small>
          </li>
        ))}
        {open.length > 5 && (
          <li>
            <Link to={paths.signals()}>{t("desk.more_signals", { n: open.length - 5 })}</Link>
          </li>
        )}
        {items.slice(0, 12).map((item) => (
          <WorkLine key={item.record} item={item} />
        ))}
      </ul>
      {work.isPending && <Skeleton active />}
      {n === 0 && !work.isPending && <p className="muted">{t("desk.nothing_waits")}</p>}
    </Card>
  );
}

function WorkLine({ item }: { item: WorkItem }) {
  const { format } = useI18n();
  return (
    <li>
      <span>
        <Link to={paths.task(item.record)}>{item.title || item.register}</Link> <StateTag work={item} />
      </span>
      <small className="muted">
        {item.unit.name}
        {item.due_at && ` · ${format.instant(item.due_at)}`}
      </small>
    </li>
  );
}

function WorkCard({ title, filter }: { title: string; filter: Parameters<typeof workQuery>[0] }) {
  const { t, format } = useI18n();
  const list = useInfiniteQuery(workQuery(filter));
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const n = Object.values(list.data?.pages[0]?.counts ?? {}).reduce((sum, count) => sum + count.n, 0);
  return (
    <Card title={title} n={format.count(n)}>
      <ProblemAlert error={list.error} />
      <ul className="desk-list">
        {items.slice(0, 12).map((item) => (
          <WorkLine key={item.record} item={item} />
        ))}
      </ul>
      {list.isPending && <Skeleton active />}
      {list.data && items.length === 0 && <p className="muted">{t("desk.nothing")}</p>}
      {n > 12 && (
        <Link
          to={paths.tasks({ whose: filter.whose, region: filter.region, late: filter.late ? "true" : null })}
        >
          {t("desk.all", { n: format.count(n) })}
        </Link>
      )}
    </Card>
  );
}

function NoticesCard() {
  const { t, text, format } = useI18n();
  const notices = useQuery(noticesQuery());
  const items = notices.data?.items ?? [];
  return (
    <Card title={t("desk.notices")} n={format.count(items.length)}>
      <ProblemAlert error={notices.error} />
      <ul className="desk-list">
        {items.map((notice) => (
          <li key={notice.id}>
            <span>
              {text(notice.text)} {notice.drill && <Tag color="orange">{t("tasks.drill")}</Tag>}
            </span>
            <small className="muted">{format.instant(notice.at)}</small>
          </li>
        ))}
      </ul>
      {notices.data && items.length === 0 && <p className="muted">{t("desk.nothing")}</p>}
    </Card>
  );
}
