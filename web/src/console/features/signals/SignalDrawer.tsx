import { useQuery } from "@tanstack/react-query";
import { Descriptions, Drawer, Skeleton, Timeline } from "antd";
import { lazy, Suspense } from "react";
import { Link, useLocation, useNavigate, useParams } from "react-router";
import type { SignalDetail } from "../../../api/types";
import { useLabels } from "../../../shared/catalog";
import { messageKey, useI18n } from "../../../shared/i18n/i18n";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { SignalStatusTag } from "../../../shared/ui/StatusTag";
import { useDocumentTitle } from "../../../shared/ui/useDocumentTitle";
import { paths } from "../../paths";
import { AssessForm } from "./AssessForm";
import { signalQuery } from "./queries";

const EpidemicCurve = lazy(async () => ({
  default: (await import("../../../shared/charts/EpidemicCurve")).EpidemicCurve,
}));

/** One signal beside the list: the curve, why it fired, the assessment, the history. */
export function SignalDrawer() {
  const { t } = useI18n();
  const { id = "" } = useParams();
  const { search } = useLocation();
  const navigate = useNavigate();
  const query = useQuery(signalQuery(id));
  const title = query.data ? t("signals.one", { region: query.data.region.name }) : t("signals.loading");
  useDocumentTitle(title);
  return (
    <Drawer
      open
      size={760}
      title={
        <span className="drawer-title">
          {title} {query.data && <SignalStatusTag status={query.data.status} />}
        </span>
      }
      onClose={() => void navigate(`${paths.signals()}${search}`)}
      aria-label={title}
    >
      <ProblemAlert error={query.error} retry={() => void query.refetch()} />
      {query.isPending && <Skeleton active />}
      {query.data && <Detail signal={query.data} />}
    </Drawer>
  );
}

function Detail({ signal }: { signal: SignalDetail }) {
  const { t, text, format } = useI18n();
  const labels = useLabels();
  const measure = labels.measure(signal.measure);
  return (
    <div className="signal-detail">
      <p className="muted">
        {signal.region.path_names.join(" / ")} · {labels.disease(signal.disease)} · {measure} ·{" "}
        <Link
          to={paths.situation({
            region: signal.region.code,
            disease: signal.disease,
            measure: signal.measure,
            as_of: signal.known_on,
          })}
        >
          {t("signals.open_situation")}
        </Link>
      </p>

      <section aria-labelledby="signal-why">
        <h2 id="signal-why">{t("signals.why")}</h2>
        <p className="signal-why">{text(signal.explanation)}</p>
        <Descriptions
          size="small"
          column={3}
          items={[
            { key: "date", label: t("signals.column.date"), children: format.date(signal.date) },
            {
              key: "observed",
              label: t("signals.column.observed"),
              children: <b>{format.count(signal.observed)}</b>,
            },
            { key: "known", label: t("signals.known_on"), children: format.date(signal.known_on) },
            {
              key: "expected",
              label: t("signals.column.expected"),
              children: format.decimal(signal.expected, 2),
            },
            { key: "upper", label: t("signals.column.upper"), children: format.decimal(signal.upper, 2) },
            {
              key: "score",
              label: t("signals.score"),
              children: format.decimal(signal.score ?? signal.p_value, 3),
            },
          ]}
        />
      </section>

      <section aria-labelledby="signal-curve">
        <h2 id="signal-curve">{t("signals.curve", { date: format.date(signal.known_on) })}</h2>
        <Suspense fallback={<Skeleton active />}>
          <EpidemicCurve
            curve={signal.curve}
            measure={measure}
            place={signal.region.name}
            marked={signal.date}
            height={210}
          />
        </Suspense>
      </section>

      <AssessForm key={signal.version} signal={signal} />

      <section aria-labelledby="signal-history">
        <h2 id="signal-history">{t("signals.history")}</h2>
        <Timeline
          items={signal.history.map((entry) => {
            const act = messageKey(`signals.act.${entry.act}`);
            return {
              key: `${entry.at}${entry.act}`,
              color: entry.act === "raise_alarm" ? "red" : entry.act === "dismiss" ? "gray" : "blue",
              content: (
                <>
                  <b>{act ? t(act) : entry.act}</b> · {entry.by} ·{" "}
                  <span className="muted">{format.instant(entry.at)}</span>
                  {entry.reason && <p className="history-reason">{entry.reason}</p>}
                </>
              ),
            };
          })}
        />
      </section>

      <section aria-labelledby="signal-method">
        <h2 id="signal-method">{t("signals.method")}</h2>
        <Descriptions
          size="small"
          column={1}
          items={[
            {
              key: "method",
              label: t("signals.column.method"),
              children: `${text(signal.method_label) || signal.method} (${signal.method} v${signal.method_version})`,
            },
            {
              key: "params",
              label: t("signals.params"),
              children: <code className="wrap">{JSON.stringify(signal.params)}</code>,
            },
            {
              key: "digest",
              label: t("provenance.digest"),
              children: <code className="wrap">{signal.input_digest}</code>,
            },
          ]}
        />
      </section>
    </div>
  );
}
