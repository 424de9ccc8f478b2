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
export type ImportReport = Shape<"ImportReport">;
export type Region = Shape<"RegionBody">;
export type RegionMap = Shape<"RegionMapBody">;
export type Disease = Shape<"DiseaseBody">;
export type Measure = Shape<"MeasureBody">;
export type CurveDay = Shape<"CurveDayBody">;
export type RtDay = Shape<"RtBody">;
export type Growth = Shape<"GrowthBody">;
export type SituationRegion = Shape<"SituationRegion">;
export type Situation = Shape<"SituationBody">;
export type Timeline = Shape<"TimelineBody">;
export type Signal = Shape<"SignalBody">;
export type SignalDetail = Shape<"SignalDetailBody">;
export type Publication = Shape<"PublicationBody">;
export type Work = Shape<"WorkBody">;
export type WorkItem = Shape<"WorkItem">;
export type WorkPage = Shape<"WorkPage">;
export type Life = Shape<"LifeBody">;
export type Step = Shape<"StepBody">;
export type StepOutcome = Shape<"OutcomeBody">;
export type Standings = Shape<"StandingList">;

// From here on written by hand, until the server declares these shapes too.

export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

export type Data = Record<string, unknown>;

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
