import { useQuery } from "@tanstack/react-query";
import { Button, Skeleton } from "antd";
import { diseasesQuery, measuresQuery } from "../../../shared/catalog";
import { useI18n } from "../../../shared/i18n/i18n";
import { useSession } from "../../../shared/session";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { useDocumentTitle } from "../../../shared/ui/useDocumentTitle";
import { useUrlState } from "../../../shared/urlState";
import { CurveCards } from "./parts/CurveCards";
import { KeyFigures } from "./parts/KeyFigures";
import { MapCard } from "./parts/MapCard";
import { RegionTable } from "./parts/RegionTable";
import { ReplayBar } from "./parts/ReplayBar";
import { ViewBar } from "./parts/ViewBar";
import { mapQuery, situationQuery, type View } from "./queries";

/** One screen: what is going on in a region, now or as it was known on an earlier day. */
export function SituationPage() {
  const { t } = useI18n();
  useDocumentTitle(t("situation.title"));
  const session = useSession();
  const url = useUrlState();
  const diseases = useQuery(diseasesQuery);
  const measures = useQuery(measuresQuery);

  const disease = diseases.data?.items.find((d) => d.id === url.get("disease")) ?? diseases.data?.items[0];
  const ready = disease && measures.data;
  const view: View = {
    region: url.get("region") ?? session.home_region.code,
    disease: disease?.id ?? "",
    measure: url.get("measure") ?? disease?.main_measure ?? "",
    as_of: url.get("as_of"),
  };
  const situation = useQuery({ ...situationQuery(view), enabled: !!ready });
  const map = useQuery({ ...mapQuery(view.region), enabled: !!ready });

  const open = (region: string) => url.set({ region });
  const data = situation.data;
  return (
    <div className="situation" aria-busy={situation.isFetching}>
      <h1 className="visually-hidden">{t("situation.title")}</h1>
      <ViewBar
        view={view}
        situation={data}
        diseases={diseases.data?.items ?? []}
        measures={measures.data?.items ?? []}
        onChange={url.set}
      />
      {ready && (
        <ReplayBar view={view} today={session.today} settled={!situation.isFetching} onChange={url.set} />
      )}
      <ProblemAlert
        error={diseases.error ?? measures.error ?? situation.error}
        retry={() => void situation.refetch()}
      />
      {situation.error && view.region !== session.home_region.code && (
        <Button type="link" onClick={() => url.set({ region: undefined })}>
          {t("situation.go_home", { region: session.home_region.name })}
        </Button>
      )}
      {data ? (
        <>
          <KeyFigures situation={data} />
          <div className="situation-figures">
            <MapCard situation={data} map={map.data} error={map.error} onOpen={open} />
            <CurveCards situation={data} />
          </div>
          <RegionTable situation={data} onOpen={open} />
        </>
      ) : (
        !situation.error && <Skeleton active paragraph={{ rows: 12 }} />
      )}
    </div>
  );
}
