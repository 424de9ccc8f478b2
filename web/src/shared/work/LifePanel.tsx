import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Descriptions, Skeleton, Timeline } from "antd";
import { Link } from "react-router";
import { keys } from "../../api/keys";
import type { Life } from "../../api/types";
import { paths } from "../../console/paths";
import { messageKey, useI18n } from "../i18n/i18n";
import { ProblemAlert } from "../ui/ProblemAlert";
import { StateTag } from "./StateTag";
import { StepForms } from "./StepForms";
import { acceptRecord, lifeQuery, workRegisterQuery } from "./queries";

/** The life of a record: who answers until when, what can be done next, what happened. */
export function LifePanel({ id }: { id: string }) {
  const life = useQuery(lifeQuery(id));
  return (
    <>
      <ProblemAlert error={life.error} retry={() => void life.refetch()} />
      {life.isPending && <Skeleton active />}
      {life.data && <Detail life={life.data} />}
    </>
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
                  children: <Link to={paths.directive(work.parent)}>{t("tasks.open_parent")}</Link>,
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
        {life.steps.length === 0 ? <p className="muted">{t("tasks.no_steps")}</p> : <StepForms life={life} />}
      </section>
      <section aria-labelledby="task-history">
        <h2 id="task-history">{t("tasks.history")}</h2>
        <History life={life} />
      </section>
    </div>
  );
}

function History({ life }: { life: Life }) {
  const { t, text, format } = useI18n();
  // Names of steps that are behind come from the register; the life itself names those that are ahead.
  const register = useQuery(workRegisterQuery(life.work.register)).data;
  const label = (act: string, step: string | null | undefined) => {
    const declared = register?.steps.find((s) => s.id === step);
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
