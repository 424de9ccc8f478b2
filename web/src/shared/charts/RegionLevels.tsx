import { useQuery } from "@tanstack/react-query";
import { request } from "../../api/client";
import { keys } from "../../api/keys";
import type { CurveDay, Levels } from "../../api/types";
import { LevelStrip } from "./LevelStrip";

interface Props {
  region: string;
  curve: CurveDay[];
}

/** The response levels of a region under its curve; nothing where none was ever decided. */
export function RegionLevels({ region, curve }: Props) {
  const levels = useQuery({
    queryKey: [...keys.levels, region],
    queryFn: ({ signal }) =>
      request<Levels>("GET", `/regions/${encodeURIComponent(region)}/levels`, { signal }),
  }).data;
  const [first, last] = [curve[0], curve.at(-1)];
  if (!levels?.timeline.length || !first || !last) return null;
  return <LevelStrip spans={levels.timeline} from={first.date} to={last.date} />;
}
