/** Names that the console uses for the generated shapes of `/api/v1`. */
import type { components } from "./schema";

type Shape<Name extends keyof components["schemas"]> = components["schemas"][Name];

export type Label = Shape<"Label">;
export type RegionRef = Shape<"RegionRef">;
export type Issue = Shape<"IssueBody">;
export type Problem = Shape<"Problem">;
export type Health = Shape<"Health">;
export type Session = Shape<"SessionBody">;
export type RegisterSummary = Shape<"RegisterSummary">;
export type Field = Shape<"FieldBody">;
export type RegisterRecord = Shape<"RecordBody">;
export type RecordPage = Shape<"RecordPage">;
export type RecordVersion = Shape<"RecordVersion">;
export type RecordVersions = Shape<"RecordVersions">;
export type Register = Shape<"RegisterBody">;

// From here on written by hand, until the server declares these shapes too.

export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

export interface Population {
  n: number;
  as_of: string;
  source: string;
}

export interface Region extends RegionRef {
  name_en?: string | null;
  path: string;
  parent?: string | null;
  population?: Population | null;
  has_children: boolean;
  ancestors: RegionRef[];
}

export interface RegionMap {
  kind: string;
  source?: string | null;
  shapes: { code: string; name: string; label: number[]; polygons: number[][][][] }[];
  tiles: { code: string; name: string; col: number; row: number }[];
}

export interface Disease {
  id: string;
  label: Label;
  icd10?: string | null;
  parameters: {
    name: string;
    mean: number;
    sd?: number | null;
    distribution: string;
    unit: string;
    source: string;
  }[];
  main_measure: string;
}

export interface Measure {
  id: string;
  register: string;
  label: Label;
  unit: string;
}

export interface CurveDay {
  date: string;
  n: number;
  expected?: number | null;
  upper?: number | null;
  alarm: boolean;
  methods: string[];
  incomplete: boolean;
}

export interface RtDay {
  date: string;
  mean: number;
  lower: number;
  upper: number;
}

export interface Growth {
  rate_per_day?: number | null;
  lower?: number | null;
  upper?: number | null;
  doubling_time_days?: number | null;
  doubling_lower?: number | null;
  doubling_upper?: number | null;
  /** Code of why there is no rate. */
  note?: string | null;
}

export interface SituationRegion extends RegionRef {
  cumulative: number;
  last_7: number;
  previous_7: number;
  per_100k_7d?: number | null;
  open_signals: number;
  has_children: boolean;
  spark: number[];
}

export interface Situation {
  region: RegionRef & { path: string; population?: Population | null };
  ancestors: RegionRef[];
  as_of: string;
  disease: { id: string; label: Label };
  measure: { id: string; label: Label; unit: string };
  step: string;
  totals: {
    cumulative: number;
    last_7: number;
    previous_7: number;
    today: number;
    incidence_per_100k_7d?: number | null;
    deaths?: number | null;
    cured?: number | null;
  };
  curve: CurveDay[];
  rt: RtDay[];
  /** Code of why there is none. */
  rt_note?: string | null;
  growth: Growth;
  signals: { open: number; alarms: number };
  regions: SituationRegion[];
  /** Of everything counted, what was reported for the region as a whole and for none below. */
  undivided: number;
  known_dates: { first?: string | null; last?: string | null };
  provenance: { method_versions: Record<string, string>; input_digest: string; sources: string[] };
}

export interface Timeline {
  first?: string | null;
  last?: string | null;
  days: { date: string; cumulative: number }[];
}

export interface Signal {
  id: string;
  region: { code: string; name: string; path_names: string[] };
  disease: string;
  measure: string;
  date: string;
  step: string;
  method: string;
  method_version: number;
  method_label: Label;
  params: unknown;
  observed: number;
  expected?: number | null;
  upper?: number | null;
  score?: number | null;
  p_value?: number | null;
  status: string;
  raised_at: string;
  known_on: string;
  input_digest: string;
  version: number;
  explanation: Label;
  actions: { assess: { allowed: boolean; blocked?: string | null } };
}

export interface SignalDetail extends Signal {
  curve: CurveDay[];
  history: { at: string; by: string; act: string; reason?: string | null }[];
}

export type Data = Record<string, unknown>;

export interface ImportReport {
  batch_id?: string | null;
  dry_run: boolean;
  register: string;
  file: {
    name: string;
    format: string;
    encoding?: string | null;
    delimiter?: string | null;
    compression?: string | null;
    sheet?: string | null;
    bytes: number;
  };
  layout: string;
  columns: {
    column: string;
    field?: string | null;
    how: string;
    date_format?: string | null;
    samples?: string[];
  }[];
  rows_read: number;
  accepted: number;
  refused: number;
  created: number;
  changed: number;
  unchanged: number;
  warnings: number;
  issue_counts: { code: string; severity: string; count: number; message_en: string; message_zh: string }[];
  issues: Issue[];
  refusal?: { code: string; message: string } | null;
}

export interface ImportSummary {
  batch_id: string;
  file_name: string;
  at: string;
  by: string;
  rows_read: number;
  accepted: number;
  refused: number;
  created: number;
  changed: number;
  unchanged: number;
}

export interface User {
  id: string;
  username: string;
  display_name: string;
  disabled: boolean;
  grants: { id: string; role: string; role_label: Label; region: string; region_name: string }[];
}

export interface Role {
  id: string;
  label: Label;
  grants: string[];
}

export interface Token {
  id: string;
  name: string;
  created_at: string;
  expires_at?: string | null;
  last_used_at?: string | null;
}

export interface Publication {
  id: string;
  region: { code: string; name: string };
  title: string;
  text: string;
  status: string;
  figures: unknown;
  drafted_by: string;
  drafted_at: string;
  published_by?: string | null;
  published_at?: string | null;
  version: number;
}
