import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Descriptions, Drawer, Skeleton, Tag, Timeline } from "antd";
import { Link, useLocation, useNavigate, useParams } from "react-router";
import { keys } from "../../../api/keys";
import type { Life } from "../../../api/types";
import { messageKey, useI18n } from "../../../shared/i18n/i18n";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { useDocumentTitle } from "../../../shared/ui/useDocumentTitle";
import { paths } from "../../paths";
import { StateTag } from "./StateTag";
import { StepForms } from "./StepForms";
import { acceptRecord, lifeQuery, standingsQuery } from "./queries";

/** One piece of work beside the list: who answers until when, what can be done next, what happened. */
export function TaskDrawer() {
  const { t } = useI18n();
  const { id = "" } = useParams();
  const { search } = useLocation();
  const navigate = useNavigate();
  const life = useQuery(lifeQuery(id));
  const title = t("tasks.one");
  useDocumentTitle(title);
  return (
    <Drawer
      open
      size={720}
      title={title}
      aria-label={title}
      onClose={() => void navigate(`${paths.tasks()}${search}`)}
    >
      <ProblemAlert error={life.error} retry={() => void life.refetch()} />
      {life.isPending && <Skeleton active />}
      {life.data && <Detail life={life.data} />}
    </Drawer>
  );
}

function Detail({ life }: { life: Life }) {
  const { t, format } = useI18n();
  const { message } = App.useApp();
  const client = useQueryClient();
  const { work } = life;
  const accept = useMutation({
    mutationFn: () => acceptRecord(work.record),
    onSuccess: async () => {
      void message.success(t("tasks.taken"));
      await client.invalidateQueries({ queryKey: keys.records });
    },
  });
  return (
    <div className="signal-detail">
      <Descriptions
        size="small"
        column={2}
        items={[
          { key: "state", label: t("tasks.column.state"), children: <StateTag work={work} /> },
          { key: "due", label: t("tasks.column.due"), children: format.instant(work.due_at) },
          { key: "unit", label: t("tasks.column.unit"), children: work.unit.name },
          {
            key: "record",
            label: "",
            children: <Link to={paths.record(work.register, work.record)}>{t("tasks.open_record")}</Link>,
          },
          ...(work.parent
            ? [
                {
                  key: "parent",
                  label: t("tasks.from"),
                  children: <Link to={paths.task(work.parent)}>{work.parent.slice(0, 8)}</Link>,
                },
              ]
            : []),
        ]}
      />
      {work.offered_to && (
        <Alert
          type="info"
          showIcon
          title={t("tasks.offered_to", { unit: work.offered_to.name })}
          action={
            life.may_accept && (
              <Button size="small" type="primary" loading={accept.isPending} onClick={() => accept.mutate()}>
                {t("tasks.accept")}
              </Button>
            )
          }
        />
      )}
      <ProblemAlert error={accept.error} />
      <section aria-labelledby="task-steps">
        <h2 id="task-steps">{t("tasks.steps")}</h2>
        {life.steps.length === 0 ? (
          <p className="muted">{t("tasks.no_steps")}</p>
        ) : (
          <StepForms work={work} steps={life.steps} />
        )}
      </section>
      <UnitStandings id={work.record} />
      <section aria-labelledby="task-history">
        <h2 id="task-history">{t("tasks.history")}</h2>
        <History life={life} />
      </section>
    </div>
  );
}

/** How every unit stands with what was made from this record: a directive down the tree. */
function UnitStandings({ id }: { id: string }) {
  const { t } = useI18n();
  const units = useQuery(standingsQuery(id)).data?.items ?? [];
  if (units.length === 0) return null;
  const counts = new Map<string, number>();
  for (const unit of units) counts.set(unit.state, (counts.get(unit.state) ?? 0) + 1);
  const late = units.filter((unit) => unit.late);
  return (
    <section aria-labelledby="task-units">
      <h2 id="task-units">
        {t("tasks.standings")} ({units.length})
      </h2>
      <p>
        {[...counts].map(([state, n]) => (
          <Tag key={state}>
            {state}: {n}
          </Tag>
        ))}
        {late.length > 0 && (
          <Tag color="red">
            {t("tasks.late")}: {late.length}
          </Tag>
        )}
      </p>
      <ul className="unit-grid">
        {units.map((unit) => (
          <li key={unit.record}>
            <Link to={paths.task(unit.record)}>{unit.region?.name}</Link>{" "}
            <small className="muted">
              {unit.state}
              {unit.late && ` · ${t("tasks.late")}`}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}

function History({ life }: { life: Life }) {
  const { t, text, format } = useI18n();
  const label = (act: string, step: string | null | undefined) => {
    const declared = life.steps.find((s) => s.id === step);
    if (declared) return text(declared.label);
    const key = messageKey(`tasks.act.${act}`);
    return step ?? (key ? t(key) : act);
  };
  return (
    <Timeline
      items={[...life.history].reverse().map((entry, i) => ({
        key: life.history.length - i,
        color: entry.act === "late" || entry.act === "escalated" ? "red" : "blue",
        content: (
          <div className="version">
            <b>{label(entry.act, entry.step)}</b>
            {entry.unit && ` · ${entry.unit.name}`} · {entry.by} ·{" "}
            <span className="muted">{format.instant(entry.at)}</span>
            {entry.reason && <p className="history-reason">{entry.reason}</p>}
          </div>
        ),
      }))}
    />
  );
}
