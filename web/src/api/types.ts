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
export type Duplicates = Shape<"DuplicatesBody">;
export type Duplicate = Shape<"DuplicateBody">;
export type Person = Shape<"PersonBody">;
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
export type Article = Shape<"ArticleBody">;
export type ArticleSummary = Shape<"ArticleSummary">;
export type ArticleContent = Shape<"ArticleContentBody">;
export type Preview = Shape<"Preview">;
export type PortalFile = Shape<"PortalFileBody">;
export type Channel = Shape<"ChannelBody">;
export type ChannelArrangement = Shape<"ChannelArrangement">;
export type Bulletin = Shape<"BulletinBody">;
export type PublicComment = Shape<"CommentBody">;
export type PortalLink = Shape<"LinkBody">;
export type LinkList = Shape<"LinkList">;
export type CommentRules = Shape<"CommentRulesBody">;
export type Work = Shape<"WorkBody">;
export type WorkItem = Shape<"WorkItem">;
export type WorkPage = Shape<"WorkPage">;
export type Life = Shape<"LifeBody">;
export type Step = Shape<"StepBody">;
export type StepOutcome = Shape<"OutcomeBody">;
export type Standing = Shape<"StandingBody">;
export type Standings = Shape<"StandingList">;
export type Loads = Shape<"LoadList">;
export type Levels = Shape<"LevelsBody">;
export type Held = Shape<"HeldBody">;
export type LevelSpan = Shape<"LevelSpan">;
export type LevelDecision = Shape<"DecisionBody">;
export type LevelForecast = Shape<"LevelForecast">;
export type PlanRun = Shape<"RunBody">;
export type Plan = Shape<"PlanBody">;
export type Chronicle = Shape<"ChronicleBody">;
export type Totals = Shape<"TotalsList">;
export type Notices = Shape<"NoticeList">;

export type ImportSummary = Shape<"ImportSummary">;
export type User = Shape<"UserBody">;
export type NewUser = Shape<"NewUser">;
export type Role = Shape<"RoleBody">;
export type Token = Shape<"TokenBody">;
export type NewToken = Shape<"NewToken">;
export type CreatedToken = Shape<"CreatedToken">;

/** One page of a list. */
export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

/** Values of a record by field. */
export type Data = Record<string, unknown>;
