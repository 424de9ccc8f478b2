import { queryOptions } from "@tanstack/react-query";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { LevelDecision, LevelForecast, Levels, Situation } from "../../../api/types";

const part = encodeURIComponent;

export interface Decision {
  level: string;
  evidence: string;
  start?: string;
  review_on?: string;
  proposal?: string;
}

export function levelsQuery(region: string) {
  return queryOptions({
    queryKey: [...keys.levels, region],
    queryFn: ({ signal }) => request<Levels>("GET", `/regions/${part(region)}/levels`, { signal }),
  });
}

export function curveQuery(region: string, disease: string) {
  return queryOptions({
    queryKey: [...keys.situation, { region, disease }],
    queryFn: ({ signal }) => request<Situation>("GET", "/situation", { query: { region, disease }, signal }),
    enabled: disease !== "",
  });
}

export function dryRun(region: string, decision: Decision): Promise<LevelForecast> {
  return request("POST", `/regions/${part(region)}/levels/dry-run`, { json: decision });
}

export function decide(region: string, decision: Decision): Promise<LevelDecision> {
  return request("POST", `/regions/${part(region)}/levels`, { json: decision });
}

export function declineProposal(region: string, id: string): Promise<undefined> {
  return request("DELETE", `/regions/${part(region)}/levels/proposals/${part(id)}`);
}
