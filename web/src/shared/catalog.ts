import { queryOptions, useQuery } from "@tanstack/react-query";
import { request } from "../api/client";
import { keys } from "../api/keys";
import type { Disease, Measure, Page, Region } from "../api/types";
import { useI18n } from "./i18n/i18n";

// What packs declare changes only when the server restarts.
const declared = { staleTime: Number.POSITIVE_INFINITY };

export const diseasesQuery = queryOptions({
  queryKey: keys.diseases,
  queryFn: ({ signal }) => request<Page<Disease>>("GET", "/diseases", { signal }),
  ...declared,
});

export const measuresQuery = queryOptions({
  queryKey: keys.measures,
  queryFn: ({ signal }) => request<Page<Measure>>("GET", "/measures", { signal }),
  ...declared,
});

export function regionQuery(code: string) {
  return queryOptions({
    queryKey: [...keys.regions, code],
    queryFn: ({ signal }) => request<Region>("GET", `/regions/${encodeURIComponent(code)}`, { signal }),
    ...declared,
  });
}

export function regionSearchQuery(q: string) {
  return queryOptions({
    queryKey: [...keys.regions, "search", q],
    queryFn: ({ signal }) => request<Page<Region>>("GET", "/regions", { query: { q, limit: 30 }, signal }),
    ...declared,
  });
}

/** Names of diseases and measures in the reader's language; the identifier until they are known. */
export function useLabels(): { disease: (id: string) => string; measure: (id: string) => string } {
  const { text } = useI18n();
  const diseases = useQuery(diseasesQuery).data?.items;
  const measures = useQuery(measuresQuery).data?.items;
  return {
    disease: (id) => text(diseases?.find((d) => d.id === id)?.label) || id,
    measure: (id) => text(measures?.find((m) => m.id === id)?.label) || id,
  };
}
