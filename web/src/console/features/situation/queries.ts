import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { RegionMap, Situation, Timeline } from "../../../api/types";

export interface View {
  region: string;
  disease: string;
  measure: string;
  /** Day as known on which everything is shown; absent for now. */
  as_of?: string;
}

export function situationQuery(view: View) {
  return queryOptions({
    queryKey: [...keys.situation, view],
    queryFn: ({ signal }) => request<Situation>("GET", "/situation", { query: { ...view }, signal }),
    // While a replay steps, the day before stays on screen until the next one has arrived.
    placeholderData: keepPreviousData,
    staleTime: view.as_of ? 10 * 60_000 : 30_000,
  });
}

export function timelineQuery({ region, disease, measure }: View) {
  return queryOptions({
    queryKey: [...keys.timeline, { region, disease, measure }],
    queryFn: ({ signal }) =>
      request<Timeline>("GET", "/situation/timeline", { query: { region, disease, measure }, signal }),
    placeholderData: keepPreviousData,
  });
}

export function mapQuery(region: string) {
  return queryOptions({
    queryKey: [...keys.maps, region],
    queryFn: ({ signal }) =>
      request<RegionMap>("GET", `/regions/${encodeURIComponent(region)}/map`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });
}
