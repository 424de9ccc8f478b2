import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { RegionMap } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { RegionMapView, type MapValue } from "../../../shared/map/RegionMapView";
import { colourScale } from "../../../shared/map/scale";
import { FigureCard } from "../../../shared/ui/FigureCard";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { loadsQuery } from "../../../shared/work/queries";

/** Where work is open, and where it is late. */
export function LoadMap({ region, onOpen }: { region: string; onOpen: (code: string) => void }) {
  const { t, format } = useI18n();
  const map = useQuery({
    queryKey: [...keys.maps, region],
    queryFn: ({ signal }) =>
      request<RegionMap>("GET", `/regions/${encodeURIComponent(region)}/map`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });
  const loads = useQuery(loadsQuery(region));
  const below = loads.data?.items.slice(1) ?? [];
  const values = new Map<string, MapValue>(
    below.flatMap((load): [string, MapValue][] => {
      if (!load.region) return [];
      const words = { name: load.region.name, open: format.count(load.open), late: format.count(load.late) };
      const text = `${words.late}/${words.open}`;
      return [
        [load.region.code, { value: load.late, text, label: t("tasks.map_region", words), signals: 0 }],
      ];
    }),
  );
  return (
    <FigureCard title={t("tasks.map_title")}>
      <ProblemAlert error={map.error ?? loads.error} />
      {(map.isPending || loads.isPending) && <Skeleton active />}
      {map.data && below.length > 0 && (
        <div className="map-frame">
          <RegionMapView
            map={map.data}
            values={values}
            scale={colourScale(below.map((load) => load.late))}
            label={t("tasks.map_title")}
            onOpen={(code) => (values.has(code) ? () => onOpen(code) : undefined)}
          />
        </div>
      )}
      {loads.data && below.length === 0 && <p className="muted">{t("map.nothing_below")}</p>}
    </FigureCard>
  );
}
