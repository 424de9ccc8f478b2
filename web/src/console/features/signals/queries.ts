import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { Page, Signal, SignalDetail } from "../../../api/types";

export interface SignalFilter {
  status?: string;
  region?: string;
  disease?: string;
}

const PAGE = 50;

export function signalsQuery(filter: SignalFilter) {
  return infiniteQueryOptions({
    queryKey: [...keys.signals, "list", filter],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Signal>>("GET", "/signals", {
        query: { ...filter, cursor: pageParam, limit: PAGE },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

export function signalQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.signals, "one", id],
    queryFn: ({ signal }) => request<SignalDetail>("GET", `/signals/${encodeURIComponent(id)}`, { signal }),
  });
}

export interface Assessment {
  decision: "raise_alarm" | "dismiss";
  reason: string;
  version: number;
}

export function assessSignal(id: string, assessment: Assessment): Promise<Signal> {
  return request<Signal>("POST", `/signals/${encodeURIComponent(id)}/assess`, { json: assessment });
}
