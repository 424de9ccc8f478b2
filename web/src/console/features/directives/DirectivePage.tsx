import { ExclamationCircleOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Descriptions, Segmented, Skeleton } from "antd";
import { Suspense } from "react";
import { Link, Outlet, useLocation, useParams } from "react-router";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { RegisterRecord, Standing } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { useValueText } from "../../../shared/records/values";
import { FigureCard } from "../../../shared/ui/FigureCard";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { useUrlState } from "../../../shared/urlState";
import { LifePanel } from "../../../shared/work/LifePanel";
import { lifeQuery, standingsQuery, workRegisterQuery } from "../../../shared/work/queries";
import { paths } from "../../paths";
import { groups, summary } from "./standings";

const ALL = "all";
const LATE = "late";

/** One directive, and how every unit down the tree stands with it, at a glance. */
export function DirectivePage() {
  const { t } = useI18n();
  const { id = "" } = useParams();
  const record = useQuery({
    queryKey: [...keys.records, "one", id, null],
    queryFn: ({ signal }) => request<RegisterRecord>("GET", `/records/${encodeURIComponent(id)}`, { signal }),
  });
  const life = useQuery(lifeQuery(id)).data;
  const title = record.data?.data.title;
  return (
    <>
      <PageHeader
        title={typeof title === "string" ? title : t("directives.one")}
        trail={<Link to={paths.directives()}>{t("directives.title")}</Link>}
        note={record.data?.region.name}
      />
      <ProblemAlert error={record.error} retry={() => void record.refetch()} />
      {record.isPending && <Skeleton active />}
      <Units id={id} />
      {record.data && life && (
        <div className="record-columns">
          <section className="card card-body" aria-label={t("directives.text")}>
            <Values record={record.data} register={life.work.register} />
          </section>
          <section className="card card-body" aria-label={t("tasks.history")}>
            <LifePanel id={id} />
          </section>
        </div>
      )}
      <Suspense>
        <Outlet />
      </Suspense>
    </>
  );
}

function Values({ record, register: id }: { record: RegisterRecord; register: string }) {
  const { text } = useI18n();
  const valueText = useValueText();
  const register = useQuery(workRegisterQuery(id)).data;
  const filled = register?.fields.filter((field) => record.data[field.id] != null) ?? [];
  return (
    <Descriptions
      size="small"
      column={1}
      items={filled.map((field) => ({
        key: field.id,
        label: text(field.label),
        children: (
          <span className="multiline">
            {field.role === "region" ? record.region.name : valueText(field, record.data[field.id])}
          </span>
        ),
      }))}
    />
  );
}

/** A tile for each unit, below the region above it: 149 townships fit on one screen. */
function Units({ id }: { id: string }) {
  const { t, text, format } = useI18n();
  const url = useUrlState();
  const shown = url.get("state") ?? ALL;
  const standings = useQuery(standingsQuery(id));
  const units = standings.data?.items ?? [];
  const task = useQuery(workRegisterQuery(units.length > 0 ? "task" : "")).data;
  if (standings.data && units.length === 0)
    return (
      <section className="card card-body" aria-label={t("directives.units")}>
        <p className="muted">{t("directives.not_out_note")}</p>
      </section>
    );
  const counted = summary(units, task?.states.map((state) => state.id) ?? []);
  const visible = units.filter(
    (unit) => shown === ALL || (shown === LATE ? unit.late : unit.state === shown),
  );
  const options = [
    { value: ALL, label: `${t("directives.all")} ${format.count(counted.total)}` },
    ...counted.states.map(({ state, label, n }) => ({
      value: state,
      label: `${text(label)} ${format.count(n)}`,
    })),
    { value: LATE, label: `${t("tasks.late")} ${format.count(counted.late)}` },
  ];
  return (
    <FigureCard
      title={t("directives.units")}
      extra={
        <Segmented
          size="small"
          aria-label={t("directives.shown")}
          value={shown}
          options={options}
          onChange={(value) => url.set({ state: value === ALL ? undefined : value }, { replace: true })}
        />
      }
    >
      <ProblemAlert error={standings.error} retry={() => void standings.refetch()} />
      {standings.isPending && <Skeleton active />}
      {groups(visible).map((group) => (
        <section key={group.code} className="tile-group" aria-label={group.name}>
          <h3>{group.name}</h3>
          <ul className="tiles">
            {group.units.map((unit) => (
              <Tile key={unit.record} id={id} unit={unit} />
            ))}
          </ul>
        </section>
      ))}
      {units.length > 0 && visible.length === 0 && <p className="muted">{t("directives.none_in_state")}</p>}
    </FigureCard>
  );
}

function Tile({ id, unit }: { id: string; unit: Standing }) {
  const { t, text, format } = useI18n();
  const { search } = useLocation();
  const name = unit.organisation ?? unit.region?.name ?? "";
  const state = text(unit.state_label);
  const late = unit.late
    ? unit.levels_up > 0
      ? t("tasks.late_up", { n: unit.levels_up })
      : t("tasks.late")
    : null;
  return (
    <li>
      <Link
        className={`tile unit-${unit.state}${unit.late ? " is-late" : ""}`}
        to={paths.directiveUnit(id, unit.record, search)}
        title={`${name} · ${state} · ${late ?? format.instant(unit.due_at)}`}
      >
        <b>{name}</b>
        <small>
          {late && <ExclamationCircleOutlined aria-hidden />} {state}
          {late && ` · ${late}`}
        </small>
      </Link>
    </li>
  );
}
