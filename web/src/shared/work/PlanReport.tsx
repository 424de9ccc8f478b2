import { useQuery } from "@tanstack/react-query";
import type { PlanRun } from "../../api/types";
import { messageKey, useI18n } from "../i18n/i18n";
import { workRegisterQuery } from "./queries";

/** What a plan does or would do, in numbers. */
export function PlanReport({ run }: { run: PlanRun }) {
  const { t, text, format } = useI18n();
  if (run.nothing) {
    const key = messageKey(`plans.nothing.${run.nothing}`);
    return <p>{key ? t(key) : run.nothing}</p>;
  }
  const counts = [
    ["plans.notices", run.notices],
    ["plans.proposals", run.proposals],
    ["plans.drafts", run.drafts],
  ] as const;
  return (
    <div className="plan-report">
      <b>{text(run.title)}</b>
      <ul>
        {run.records.map(({ register, action, n }) => (
          <li key={`${register}.${action}`}>
            <RegisterName id={register} /> <span className="muted">({action})</span>: <b>{format.count(n)}</b>
          </li>
        ))}
        {counts.map(
          ([key, n]) =>
            n > 0 && (
              <li key={key}>
                {t(key)}: <b>{format.count(n)}</b>
              </li>
            ),
        )}
      </ul>
    </div>
  );
}

function RegisterName({ id }: { id: string }) {
  const { text } = useI18n();
  return <>{text(useQuery(workRegisterQuery(id)).data?.title) || id}</>;
}
