import { DownloadOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Input, Skeleton, Tag, Timeline } from "antd";
import { addDays } from "../../../shared/format/format";
import { fromCivil } from "../../../shared/format/zone";
import { useI18n } from "../../../shared/i18n/i18n";
import { useSession } from "../../../shared/session";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { useUrlState } from "../../../shared/urlState";
import { chronicleExport, chronicleQuery, type Span } from "./queries";

/** Whole days at the place of the installation; nothing without a first day, which means the last hour. */
function spanOf(from: string | undefined, to: string | undefined, zone: string): Span {
  if (!from) return {};
  const last = to && to >= from ? to : from;
  return { from: fromCivil(`${from}T00:00`, zone), to: fromCivil(`${addDays(last, 1)}T00:00`, zone) };
}

/** What happened in the last hour, or on the days asked for; the same as a file for the report after an action. */
export function ChronicleCard({ region }: { region: string }) {
  const { t, text, format, lang } = useI18n();
  const url = useUrlState();
  const zone = useSession().time_zone;
  const span = spanOf(url.get("from"), url.get("to"), zone);
  const chronicle = useQuery(chronicleQuery(region, span));
  const items = [...(chronicle.data?.items ?? [])].reverse();
  const title = span.from ? t("desk.happened") : t("desk.last_hour");
  return (
    <section className="card" aria-label={title}>
      <div className="card-head">
        <h2>{title}</h2>
        <Button icon={<DownloadOutlined />} size="small" href={chronicleExport(region, span, lang)} download>
          {t("desk.export")}
        </Button>
      </div>
      <div className="card-body">
        <div className="filters">
          <Input
            type="date"
            aria-label={t("desk.from")}
            value={url.get("from") ?? ""}
            onChange={(event) => url.set({ from: event.target.value }, { replace: true })}
          />
          <Input
            type="date"
            aria-label={t("desk.to")}
            value={url.get("to") ?? ""}
            onChange={(event) => url.set({ to: event.target.value }, { replace: true })}
          />
          {span.from && (
            <Button size="small" onClick={() => url.set({ from: null, to: null })}>
              {t("desk.last_hour")}
            </Button>
          )}
        </div>
        <ProblemAlert error={chronicle.error} retry={() => void chronicle.refetch()} />
        {chronicle.isPending && <Skeleton active />}
        {chronicle.data && items.length === 0 && <p className="muted">{t("desk.quiet")}</p>}
        {chronicle.data?.left_out && <p className="muted">{t("desk.left_out")}</p>}
        {/* A long hour scrolls, also by keys. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <div className="chronicle" role="group" aria-label={title} tabIndex={0}>
          <Timeline
            items={items.map((entry, i) => ({
              key: items.length - i,
              color: COLOUR[entry.kind] ?? "blue",
              content: (
                <div className="version">
                  <b>{text(entry.what)}</b> {entry.drill && <Tag color="orange">{t("tasks.drill")}</Tag>}
                  <br />
                  <span className="muted">
                    {format.instant(entry.at)} · {entry.region?.name} · {entry.by}
                  </span>
                  {entry.reason && <p className="history-reason">{entry.reason}</p>}
                </div>
              ),
            }))}
          />
        </div>
      </div>
    </section>
  );
}

const COLOUR: Record<string, string> = {
  signal: "red",
  level: "orange",
  plan: "purple",
  publication: "green",
};
