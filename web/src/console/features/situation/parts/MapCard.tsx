import { Empty, Segmented, Skeleton } from "antd";
import { useMemo, useState } from "react";
import type { RegionMap, Situation, SituationRegion } from "../../../../api/types";
import { useI18n } from "../../../../shared/i18n/i18n";
import { RegionMapView, type MapValue } from "../../../../shared/map/RegionMapView";
import { colourScale } from "../../../../shared/map/scale";
import { reportedAsWhole } from "../undivided";
import { FigureCard } from "../../../../shared/ui/FigureCard";
import { ProblemAlert } from "../../../../shared/ui/ProblemAlert";

interface Props {
  situation: Situation;
  map: RegionMap | undefined;
  error: unknown;
  onOpen: (code: string) => void;
}

type Shown = "cumulative" | "last_7";
type Drawn = Pick<SituationRegion, "code" | "name" | "open_signals" | Shown>;

export function MapCard({ situation, map, error, onOpen }: Props) {
  const { t, text, format } = useI18n();
  const [shown, setShown] = useState<Shown>("cumulative");
  const regions = useMemo(() => new Map(situation.regions.map((r) => [r.code, r])), [situation.regions]);
  // The map of a region with nothing below shows the region itself.
  const drawn = useMemo<Drawn[]>(
    () =>
      situation.regions.length > 0
        ? situation.regions
        : [{ ...situation.region, ...situation.totals, open_signals: situation.signals.open }],
    [situation],
  );
  const whole = reportedAsWhole(situation);
  const scale = useMemo(() => colourScale(drawn.map((r) => r[shown])), [drawn, shown]);
  const values = useMemo(() => {
    const sentence = (r: Drawn) =>
      t(whole ? "map.region_unknown" : "map.region", {
        name: r.name,
        cumulative: format.count(r.cumulative),
        last_7: format.count(r.last_7),
        signals: format.count(r.open_signals),
      });
    return new Map<string, MapValue>(
      drawn.map((r) => [
        r.code,
        {
          value: r[shown],
          text: format.count(whole ? null : r[shown]),
          label: sentence(r),
          signals: r.open_signals,
        },
      ]),
    );
  }, [drawn, shown, whole, t, format]);

  const label = t("map.label", { measure: text(situation.measure.label), place: situation.region.name });
  const empty = map && map.shapes.length === 0 && map.tiles.length === 0;
  return (
    <FigureCard
      className="map-card"
      title={t("map.title", { place: situation.region.name })}
      extra={
        <Segmented<Shown>
          size="small"
          aria-label={t("map.shown")}
          value={shown}
          onChange={setShown}
          options={[
            { value: "cumulative", label: t("table.cumulative") },
            { value: "last_7", label: t("table.last_7") },
          ]}
        />
      }
    >
      <ProblemAlert error={error} />
      {!map && !error && <Skeleton active paragraph={{ rows: 8 }} />}
      {empty && <Empty description={t("map.nothing_below")} image={Empty.PRESENTED_IMAGE_SIMPLE} />}
      {map && !empty && (
        <>
          <div className="map-frame">
            <RegionMapView
              map={map}
              values={values}
              scale={scale}
              label={label}
              onOpen={(code) => (regions.has(code) ? () => onOpen(code) : undefined)}
            />
          </div>
          <div className="map-foot">
            <ul className="legend" aria-label={t("figure.legend")}>
              {scale.classes.map((c) => (
                <li key={c.from}>
                  <i className="key swatch" style={{ background: c.colour }} />
                  {c.to === 0
                    ? "0"
                    : c.to === null
                      ? `≥ ${format.count(c.from)}`
                      : c.to - c.from <= 1
                        ? format.count(c.from)
                        : `${format.count(c.from)}–${format.count(c.to - 1)}`}
                </li>
              ))}
              <li>
                <span className="key triangle">▲</span> {t("map.open_signal")}
              </li>
            </ul>
            <small className="muted">
              {whole && t("map.unknown_note", { place: situation.region.name })}{" "}
              {map.tiles.length > 0 && t("map.tiles_note")}
            </small>
          </div>
        </>
      )}
    </FigureCard>
  );
}
