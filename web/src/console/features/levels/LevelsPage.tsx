import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Select, Skeleton, Table, Tag } from "antd";
import { useState } from "react";
import { useNavigate } from "react-router";
import { keys } from "../../../api/keys";
import type { Held, LevelDecision, Levels } from "../../../api/types";
import { diseasesQuery } from "../../../shared/catalog";
import { EpidemicCurve } from "../../../shared/charts/EpidemicCurve";
import { LevelStrip } from "../../../shared/charts/LevelStrip";
import { useI18n } from "../../../shared/i18n/i18n";
import { useSession } from "../../../shared/session";
import { FigureCard } from "../../../shared/ui/FigureCard";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { useUrlState } from "../../../shared/urlState";
import { paths } from "../../paths";
import { DecideDialog, type Wanted } from "./DecideDialog";
import { curveQuery, declineProposal, levelsQuery } from "./queries";

/** Response levels: what holds where, deciding after a dry run, and the way back. */
export function LevelsPage() {
  const { t, text } = useI18n();
  const session = useSession();
  const url = useUrlState();
  const region = url.get("region") ?? session.home_region.code;
  const levels = useQuery(levelsQuery(region));
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const own = levels.data?.held[0];
  const closed = levels.data && !levels.data.may_decide && t("common.not_allowed");
  return (
    <>
      <PageHeader
        title={t("levels.title")}
        note={t("levels.note")}
        actions={
          <>
            {levels.data?.previous && (
              <ReasonedButton
                disabledReason={closed}
                onClick={() => setWanted({ level: levels.data.previous?.level ?? "routine", back: true })}
              >
                {t("levels.back", { level: text(levels.data.previous.label) })}
              </ReasonedButton>
            )}
            <ReasonedButton
              type="primary"
              disabledReason={closed}
              onClick={() => setWanted({ level: own?.level ?? "routine" })}
            >
              {t("levels.change")}
            </ReasonedButton>
          </>
        }
      />
      <div className="filters" role="search" aria-label={t("levels.region")}>
        <RegionSelect
          ariaLabel={t("levels.region")}
          value={region}
          width={260}
          onChange={(value) => url.set({ region: value })}
        />
        {own && <LevelTag held={own} />}
      </div>
      <ProblemAlert error={levels.error} retry={() => void levels.refetch()} />
      {levels.isPending && <Skeleton active />}
      {levels.data && (
        <>
          <Proposals levels={levels.data} onAnswer={setWanted} />
          <UnderCurve region={region} levels={levels.data} />
          <div className="record-columns">
            <Below levels={levels.data} />
            <Decisions levels={levels.data} />
          </div>
          {wanted && (
            <DecideDialog
              key={`${wanted.region ?? region}.${wanted.level}`}
              region={wanted.region ?? region}
              wanted={wanted}
              options={levels.data.levels}
              onClose={() => setWanted(null)}
            />
          )}
        </>
      )}
    </>
  );
}

function LevelTag({ held }: { held: Pick<Held, "level" | "label"> }) {
  const { text } = useI18n();
  return <Tag className={`level-tag level-${held.level}`}>{text(held.label)}</Tag>;
}

function Proposals({ levels, onAnswer }: { levels: Levels; onAnswer: (wanted: Wanted) => void }) {
  const { t, text, format } = useI18n();
  const { message } = App.useApp();
  const client = useQueryClient();
  const decline = useMutation({
    mutationFn: ({ region, id }: { region: string; id: string }) => declineProposal(region, id),
    onSuccess: async () => {
      void message.success(t("levels.declined"));
      await client.invalidateQueries({ queryKey: keys.levels });
    },
  });
  return (
    <>
      {levels.proposals.map((proposal) => (
        <Alert
          key={proposal.id}
          className="proposal"
          type="warning"
          showIcon
          title={t("levels.proposed", {
            region: proposal.region_name,
            level: text(levels.levels.find((option) => option.level === proposal.level)?.label),
          })}
          description={
            <>
              {proposal.evidence} · {format.instant(proposal.proposed_at)}{" "}
              {proposal.drill && <Tag color="orange">{t("tasks.drill")}</Tag>}
            </>
          }
          action={
            proposal.may_answer && (
              <div className="step-buttons">
                <Button
                  type="primary"
                  size="small"
                  onClick={() =>
                    onAnswer({ level: proposal.level, region: proposal.region, proposal: proposal.id })
                  }
                >
                  {t("levels.look")}
                </Button>
                <Button
                  size="small"
                  loading={decline.isPending}
                  onClick={() => decline.mutate({ region: proposal.region, id: proposal.id })}
                >
                  {t("levels.decline")}
                </Button>
              </div>
            )
          }
        />
      ))}
      <ProblemAlert error={decline.error} />
    </>
  );
}

/** The curve of a disease, and below it which level held when. */
function UnderCurve({ region, levels }: { region: string; levels: Levels }) {
  const { t, text } = useI18n();
  const url = useUrlState();
  const diseases = useQuery(diseasesQuery).data?.items ?? [];
  const disease = url.get("disease") ?? diseases[0]?.id ?? "";
  const situation = useQuery(curveQuery(region, disease));
  const curve = situation.data?.curve ?? [];
  const [first, last] = [curve[0], curve.at(-1)];
  return (
    <FigureCard
      title={t("levels.curve")}
      extra={
        <Select
          size="small"
          aria-label={t("levels.disease")}
          value={disease}
          onChange={(id) => url.set({ disease: id })}
          options={diseases.map((d) => ({ value: d.id, label: text(d.label) }))}
          style={{ minWidth: 200 }}
        />
      }
    >
      <ProblemAlert error={situation.error} />
      {situation.data && first && last ? (
        <>
          <EpidemicCurve
            curve={curve}
            measure={text(situation.data.measure.label)}
            place={situation.data.region.name}
            height={190}
          />
          <LevelStrip spans={levels.timeline} from={first.date} to={last.date} />
        </>
      ) : (
        <p className="muted">{t("levels.no_curve")}</p>
      )}
    </FigureCard>
  );
}

function Below({ levels }: { levels: Levels }) {
  const { t, format } = useI18n();
  const navigate = useNavigate();
  return (
    <section className="card" aria-label={t("levels.below")}>
      <Table<Held>
        size="small"
        rowKey={(held) => held.region?.code ?? ""}
        pagination={false}
        dataSource={levels.held}
        rowClassName="row-link"
        onRow={(held) => ({ onClick: () => void navigate(paths.levels({ region: held.region?.code })) })}
        columns={[
          { title: t("levels.column.region"), render: (_, held) => held.region?.name },
          { title: t("levels.column.level"), render: (_, held) => <LevelTag held={held} /> },
          {
            title: t("levels.column.by"),
            render: (_, held) =>
              held.own ? t("levels.own") : held.by ? t("levels.inherited") : t("levels.none_decided"),
          },
          { title: t("levels.column.review"), render: (_, held) => format.date(held.by?.review_on) },
        ]}
      />
    </section>
  );
}

function Decisions({ levels }: { levels: Levels }) {
  const { t, text, format } = useI18n();
  return (
    <section className="card" aria-labelledby="levels-history">
      <div className="card-head">
        <h2 id="levels-history">{t("levels.history")}</h2>
      </div>
      <Table<LevelDecision>
        size="small"
        rowKey="id"
        pagination={false}
        dataSource={levels.history}
        locale={{ emptyText: t("levels.no_history") }}
        columns={[
          { title: t("levels.column.start"), render: (_, d) => format.date(d.start) },
          { title: t("levels.column.region"), render: (_, d) => d.region_name },
          {
            title: t("levels.column.level"),
            render: (_, d) => text(levels.levels.find((option) => option.level === d.level)?.label),
          },
          { title: t("levels.column.evidence"), render: (_, d) => d.evidence },
          { title: t("levels.column.decided_by"), render: (_, d) => d.decided_by },
        ]}
      />
    </section>
  );
}
