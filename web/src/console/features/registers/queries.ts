import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { apiUrl, request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type {
  Data,
  Duplicates,
  ImportReport,
  ImportSummary,
  Page,
  Person,
  RecordPage,
  RecordVersion,
  Register,
  RegisterRecord,
  RegisterSummary,
} from "../../../api/types";

const part = encodeURIComponent;
const PAGE = 50;

export const registersQuery = queryOptions({
  queryKey: [...keys.registers, "list"],
  queryFn: ({ signal }) => request<Page<RegisterSummary>>("GET", "/registers", { signal }),
});

export function registerQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.registers, "one", id],
    queryFn: ({ signal }) => request<Register>("GET", `/registers/${part(id)}`, { signal }),
    staleTime: 10 * 60_000,
  });
}

/** Query of a record list; filters on fields are named `f.<field>`. */
export type RecordFilter = Record<string, string | undefined>;

export function recordsQuery(register: string, filter: RecordFilter) {
  return infiniteQueryOptions({
    queryKey: [...keys.records, register, filter],
    queryFn: ({ pageParam, signal }) =>
      request<RecordPage>("GET", `/registers/${part(register)}/records`, {
        query: { ...filter, cursor: pageParam, limit: PAGE },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

export function exportUrl(
  register: string,
  format: "csv" | "xlsx",
  names: "zh" | "en",
  filter: RecordFilter,
): string {
  return apiUrl(`/registers/${part(register)}/export`, { format, names, ...filter });
}

export function recordQuery(id: string, asOf?: string) {
  return queryOptions({
    queryKey: [...keys.records, "one", id, asOf ?? null],
    queryFn: ({ signal }) =>
      request<RegisterRecord>("GET", `/records/${part(id)}`, { query: { as_of: asOf }, signal }),
  });
}

export function versionsQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.records, "versions", id],
    queryFn: ({ signal }) => request<Page<RecordVersion>>("GET", `/records/${part(id)}/versions`, { signal }),
  });
}

/** Whose record it is, where the person who enters it has said so. */
export interface Whose {
  person?: string;
  another_person?: boolean;
}

export function createRecord(
  register: string,
  data: Data,
  whose: Whose,
  idempotencyKey: string,
): Promise<RegisterRecord> {
  return request("POST", `/registers/${part(register)}/records`, {
    json: { data, ...whose },
    headers: { "idempotency-key": idempotencyKey },
  });
}

/** Who may be the person of a record that is about to be entered. */
export function findDuplicates(register: string, data: Data): Promise<Duplicates> {
  return request("POST", `/registers/${part(register)}/duplicates`, { json: { data } });
}

export function personQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.persons, id],
    queryFn: ({ signal }) => request<Person>("GET", `/persons/${part(id)}`, { signal }),
  });
}

/** Who else may be this person. */
export function alikeQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.persons, id, "alike"],
    queryFn: ({ signal }) => request<Duplicates>("GET", `/persons/${part(id)}/alike`, { signal }),
  });
}

/** By what a person is found. */
export interface AskedPerson {
  document?: string;
  phone?: string;
}

export function findPersons(json: AskedPerson): Promise<{ items: string[] }> {
  return request("POST", "/persons/find", { json });
}

export function knownUrl(id: string, form: "html" | "csv" | "json", lang: "zh" | "en"): string {
  return apiUrl(`/persons/${part(id)}/known`, { form, lang });
}

export function mergePersons(kept: string, merged: string, reason: string): Promise<unknown> {
  return request("POST", `/persons/${part(kept)}/merges`, { json: { merged, reason } });
}

export function unmergePersons(id: string, merge: string): Promise<undefined> {
  return request("DELETE", `/persons/${part(id)}/merges/${part(merge)}`);
}

export function erasePerson(id: string, reason: string): Promise<unknown> {
  return request("POST", `/persons/${part(id)}/erase`, { json: { reason } });
}

export function updateRecord(
  id: string,
  version: number,
  data: Data,
  reason: string,
): Promise<RegisterRecord> {
  return request("PUT", `/records/${part(id)}`, {
    json: { data, reason },
    headers: { "if-match": `"${version}"` },
  });
}

export function withdrawRecord(id: string, version: number, reason: string): Promise<undefined> {
  return request("DELETE", `/records/${part(id)}`, {
    json: { reason },
    headers: { "if-match": `"${version}"` },
  });
}

export interface ImportOptions {
  disease?: string;
  region?: string;
  date_order?: string;
  layout?: string;
  known_on?: string;
}

export function importFile(
  register: string,
  file: File,
  options: ImportOptions,
  dryRun: boolean,
): Promise<ImportReport> {
  return request("POST", `/registers/${part(register)}/imports`, {
    query: { ...options, filename: file.name, dry_run: dryRun },
    body: file,
  });
}

export function importsQuery(register: string) {
  return queryOptions({
    queryKey: [...keys.imports, register],
    queryFn: ({ signal }) =>
      request<Page<ImportSummary>>("GET", `/registers/${part(register)}/imports`, { signal }),
  });
}
