import { queryOptions } from "@tanstack/react-query";
import { apiUrl, request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { Chronicle, Levels, Notices } from "../../../api/types";

const part = encodeURIComponent;

export interface Span {
  from?: string;
  to?: string;
}

/** What happened; the last hour unless a span is given. */
export function chronicleQuery(region: string, span: Span) {
  return queryOptions({
    queryKey: [...keys.chronicle, region, span],
    queryFn: ({ signal }) =>
      request<Chronicle>("GET", `/regions/${part(region)}/chronicle`, { query: { ...span }, signal }),
    // The hour moves on also when nothing happens.
    refetchInterval: 60_000,
  });
}

export function chronicleExport(region: string, span: Span, lang: string): string {
  return apiUrl(`/regions/${part(region)}/chronicle/export`, { ...span, lang });
}

export function noticesQuery() {
  return queryOptions({
    queryKey: [...keys.chronicle, "notices"],
    queryFn: ({ signal }) => request<Notices>("GET", "/notices", { query: { limit: 20 }, signal }),
  });
}

export function proposalsQuery(region: string) {
  return queryOptions({
    queryKey: [...keys.levels, region],
    queryFn: ({ signal }) => request<Levels>("GET", `/regions/${part(region)}/levels`, { signal }),
  });
}
