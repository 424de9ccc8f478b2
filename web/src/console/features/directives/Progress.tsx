import { useI18n } from "../../../shared/i18n/i18n";
import type { Summary } from "./standings";

/** How many units are how far, as one bar; the numbers stand below it, so that no colour needs to be told apart. */
export function Progress({ of }: { of: Summary }) {
  const { t, text, format } = useI18n();
  return (
    <div className="progress">
      <div className="progress-bar" aria-hidden>
        {of.states.map(({ state, n }) => (
          <span key={state} className={`unit-${state}`} style={{ flexGrow: n }} />
        ))}
      </div>
      <small>
        {of.states
          .map(({ label, n }) => `${text(label)} ${format.count(n)}`)
          .join(t("common.list_separator"))}
        {of.late > 0 && (
          <b className="worse">
            {t("common.list_separator")}
            {t("tasks.late")} {format.count(of.late)}
          </b>
        )}
      </small>
    </div>
  );
}
