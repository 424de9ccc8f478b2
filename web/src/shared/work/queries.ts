import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { apiUrl, request } from "../../api/client";
import { keys } from "../../api/keys";
import type { Life, Loads, Register, Standings, StepOutcome, Work, WorkPage } from "../../api/types";

export interface WorkFilter {
  whose: string;
  region?: string;
  parent?: string;
  register?: string;
  state?: string;
  late?: boolean;
  open?: boolean;
}

const PAGE = 50;
const part = encodeURIComponent;

export function workQuery(filter: WorkFilter) {
  return infiniteQueryOptions({
    queryKey: [...keys.records, "work", filter],
    queryFn: ({ pageParam, signal }) =>
      request<WorkPage>("GET", "/work", { query: { ...filter, cursor: pageParam, limit: PAGE }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

export function lifeQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.records, "life", id],
    queryFn: ({ signal }) => request<Life>("GET", `/records/${part(id)}/life`, { signal }),
  });
}

export function standingsQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.records, "standings", id],
    queryFn: ({ signal }) => request<Standings>("GET", `/records/${part(id)}/standings`, { signal }),
  });
}

export function workRegisterQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.registers, "one", id],
    queryFn: ({ signal }) => request<Register>("GET", `/registers/${part(id)}`, { signal }),
    enabled: id !== "",
  });
}

export interface StepTaken {
  values: Record<string, unknown>;
  reason?: string;
  version?: number;
}

export function takeStep(id: string, step: string, taken: StepTaken): Promise<StepOutcome> {
  return request("POST", `/records/${part(id)}/steps/${part(step)}`, { json: taken });
}

export function acceptRecord(id: string): Promise<Work> {
  return request("POST", `/records/${part(id)}/accept`);
}

/** Open and late work of a region and of those one level below it. */
export function loadsQuery(region: string, register?: string) {
  return queryOptions({
    queryKey: [...keys.records, "loads", region, register ?? null],
    queryFn: ({ signal }) => request<Loads>("GET", "/work/regions", { query: { region, register }, signal }),
  });
}

/** Address of a register's records as a table. */
export function exportUrl(register: string, format: "csv" | "xlsx", region?: string): string {
  return apiUrl(`/registers/${part(register)}/export`, { format, region });
}
