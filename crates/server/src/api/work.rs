//! The life of records: their work, the steps that people take, handing over, deadlines, what a unit is to do.

use super::error::Problem;
use super::{Api, ApiError, Caller, Label, RegionRef};
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wanquan_app::life::{self, Bulk, Life, Outcome, StepInput, StepView};
use wanquan_app::supervise::{self, Asked, Query as Wanted};
use wanquan_domain::record::RecordId;
use wanquan_domain::region::RegionCode;
use wanquan_domain::unit::Unit;
use wanquan_domain::work::{Work, WorkEntry};

/// Longest page.
const LIMIT_MAX: u32 = 200;
const LIMIT: u32 = 50;

/// The unit that answers for a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnitBody {
    /// `region:CODE`, `organisation:KEY` or `person:ID`.
    pub id: String,
    /// Its name.
    pub name: String,
}

fn unit_body(api: &Api, unit: &Unit) -> UnitBody {
    let name = match unit {
        Unit::Region(code) => {
            api.app.packs().regions.get(code).map_or_else(|| code.to_string(), |r| r.name.clone())
        }
        Unit::Organisation(key) => key.clone(),
        Unit::Person(id) => id.to_string(),
    };
    UnitBody { id: unit.to_string(), name }
}

/// What is to be done about a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkBody {
    /// Record.
    pub record: Uuid,
    /// Its register.
    pub register: String,
    /// State.
    pub state: String,
    /// The state's name.
    pub state_label: Label,
    /// Something is left to do.
    pub is_open: bool,
    /// Who answers for it.
    pub unit: UnitBody,
    /// Record from which it was made.
    pub parent: Option<Uuid>,
    /// When the state was entered.
    #[schema(format = DateTime)]
    pub entered_at: String,
    /// When its deadline ends.
    #[schema(format = DateTime)]
    pub due_at: Option<String>,
    /// The deadline has passed.
    pub late: bool,
    /// Levels up the tree to which lateness was raised.
    pub levels_up: u32,
    /// Unit to which it is offered and that has not accepted yet.
    pub offered_to: Option<UnitBody>,
    /// A rehearsal.
    pub drill: bool,
}

/// Name of a state; its identifier if the register does not declare it any more.
fn state_label(api: &Api, register: &str, state: &str) -> Label {
    let life = api.app.packs().register(register).and_then(|r| r.lifecycle.as_ref());
    let declared = life.and_then(|life| life.state(state));
    declared.map_or_else(|| Label { en: state.into(), zh: state.into() }, |s| Label::from(&s.label))
}

fn work_body(api: &Api, work: &Work) -> WorkBody {
    WorkBody {
        record: work.record.0,
        register: work.register.clone(),
        state: work.state.clone(),
        state_label: state_label(api, &work.register, &work.state),
        is_open: work.is_open,
        unit: unit_body(api, &work.unit),
        parent: work.parent.map(|p| p.0),
        entered_at: work.entered_at.to_string(),
        due_at: work.due_at.map(|at| at.to_string()),
        late: work.is_open && work.due_at.is_some_and(|due| due <= api.app.now()),
        levels_up: work.raised.levels_up(),
        offered_to: work.offered_to.as_ref().map(|unit| unit_body(api, unit)),
        drill: work.drill,
    }
}

/// One entry of a record's history.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkEntryBody {
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// Who.
    pub by: String,
    /// What: `made`, `step`, `proposed`, `offered`, `accepted`, `declined`, `warned`, `late`, `escalated`, `snoozed`.
    pub act: &'static str,
    /// The step, of steps.
    pub step: Option<String>,
    /// State before.
    pub from: Option<String>,
    /// State after.
    pub to: Option<String>,
    /// Unit concerned.
    pub unit: Option<UnitBody>,
    /// Why.
    pub reason: Option<String>,
}

fn entry_body(api: &Api, entry: WorkEntry) -> WorkEntryBody {
    WorkEntryBody {
        at: entry.at.to_string(),
        by: entry.by,
        act: entry.act.as_str(),
        step: entry.step,
        from: entry.from,
        to: entry.to,
        unit: entry.unit.map(|unit| unit_body(api, &unit)),
        reason: entry.reason,
    }
}

/// A step that begins in the record's state.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepBody {
    /// Identifier.
    pub id: String,
    /// Name, an imperative.
    pub label: Label,
    /// State to which it leads.
    pub to: String,
    /// Fields that must be filled and are not yet.
    pub required: Vec<String>,
    /// A reason must be given.
    pub reason: bool,
    /// Two persons must agree.
    pub two_persons: bool,
    /// Who proposed it, where it waits for a second person.
    pub proposed_by: Option<String>,
    /// Why the caller cannot take it; absent if it can.
    pub blocked: Option<Label>,
}

impl From<StepView> for StepBody {
    fn from(step: StepView) -> Self {
        Self {
            id: step.id,
            label: step.label.into(),
            to: step.to,
            required: step.required,
            reason: step.reason,
            two_persons: step.two_persons,
            proposed_by: step.proposed_by,
            blocked: step.blocked.map(Label::from),
        }
    }
}

/// The life of a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct LifeBody {
    /// What is to be done.
    pub work: WorkBody,
    /// What happened, oldest first.
    pub history: Vec<WorkEntryBody>,
    /// Steps that begin in its state.
    pub steps: Vec<StepBody>,
    /// Version of the record; a step on it says that this is what was seen.
    pub version: u32,
    /// The caller may accept it for the unit to which it is offered.
    pub may_accept: bool,
    /// The caller may offer it to another unit.
    pub may_offer: bool,
}

fn life_body(api: &Api, life: Life) -> LifeBody {
    LifeBody {
        work: work_body(api, &life.work),
        history: life.history.into_iter().map(|entry| entry_body(api, entry)).collect(),
        steps: life.steps.into_iter().map(StepBody::from).collect(),
        version: life.version,
        may_accept: life.may_accept,
        may_offer: life.may_offer,
    }
}

/// What a step brings.
#[derive(Debug, Deserialize, ToSchema)]
pub struct StepInputBody {
    /// Values that it sets; others stay.
    #[serde(default)]
    pub values: Map<String, Value>,
    /// Why.
    pub reason: Option<String>,
    /// Version of the record that the person saw.
    pub version: Option<u32>,
}

/// A step on a selection of records.
#[derive(Debug, Deserialize, ToSchema)]
pub struct StepsInput {
    /// Records, at most 10,000.
    pub records: Vec<Uuid>,
    /// Step.
    pub step: String,
    /// Values that it sets.
    #[serde(default)]
    pub values: Map<String, Value>,
    /// Why.
    pub reason: Option<String>,
    /// All or none; otherwise each for itself.
    #[serde(default)]
    pub together: bool,
}

/// What became of a step.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomeBody {
    /// Record.
    pub record: Uuid,
    /// Its version now.
    pub version: Option<u32>,
    /// Its state now.
    pub state: Option<String>,
    /// The step waits for a second person.
    pub proposed: bool,
    /// Why it was not taken.
    pub problem: Option<Problem>,
}

fn outcome_body(id: RecordId, outcome: Result<Outcome, wanquan_app::Error>) -> OutcomeBody {
    match outcome {
        Ok(outcome) => OutcomeBody {
            record: id.0,
            version: Some(outcome.version),
            state: Some(outcome.state),
            proposed: outcome.proposed,
            problem: None,
        },
        Err(error) => OutcomeBody {
            record: id.0,
            version: None,
            state: None,
            proposed: false,
            problem: Some(ApiError::from(error).into_problem()),
        },
    }
}

/// What became of a step on a selection.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomeList {
    /// One for each record.
    pub items: Vec<OutcomeBody>,
}

/// The life of a record: state, unit, deadline, history, steps.
#[utoipa::path(get, path = "/records/{id}/life", tag = "work", params(("id" = Uuid, Path, description = "Record")),
    responses((status = 200, body = LifeBody), (status = 204, description = "The register has no states"),
        (status = 404, body = Problem)))]
pub async fn read_life(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<axum::response::Response, ApiError> {
    use axum::response::IntoResponse as _;
    let Path(id) = id?;
    Ok(match life::get(&api.app, caller.actor(), RecordId(id)).await? {
        Some(life) => Json(life_body(&api, life)).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Take a step.
#[utoipa::path(post, path = "/records/{id}/steps/{step}", tag = "work", request_body = StepInputBody,
    params(("id" = Uuid, Path, description = "Record"), ("step" = String, Path, description = "Step")),
    responses((status = 200, body = OutcomeBody), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn take_step(
    State(api): State<Api>,
    caller: Caller,
    path: Result<Path<(Uuid, String)>, PathRejection>,
    input: Result<Json<StepInputBody>, JsonRejection>,
) -> Result<Json<OutcomeBody>, ApiError> {
    let (Path((id, step)), Json(input)) = (path?, input?);
    let input = StepInput { step, values: input.values, reason: input.reason, expected: input.version };
    let outcome = life::take_step(&api.app, caller.actor(), RecordId(id), &input).await?;
    Ok(Json(outcome_body(RecordId(id), Ok(outcome))))
}

/// Take a step on a selection of records.
#[utoipa::path(post, path = "/work/steps", tag = "work", request_body = StepsInput,
    responses((status = 200, body = OutcomeList), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn take_steps(
    State(api): State<Api>,
    caller: Caller,
    input: Result<Json<StepsInput>, JsonRejection>,
) -> Result<Json<OutcomeList>, ApiError> {
    let Json(input) = input?;
    let ids: Vec<RecordId> = input.records.into_iter().map(RecordId).collect();
    let bulk = if input.together { Bulk::Together } else { Bulk::Each };
    let step = StepInput { step: input.step, values: input.values, reason: input.reason, expected: None };
    let taken = life::take_steps(&api.app, caller.actor(), &ids, &step, bulk).await?;
    Ok(Json(OutcomeList {
        items: taken.into_iter().map(|(id, outcome)| outcome_body(id, outcome)).collect(),
    }))
}

/// Another unit.
#[derive(Debug, Deserialize, ToSchema)]
pub struct OfferInput {
    /// `region:CODE`, `organisation:KEY` or `person:ID`.
    pub unit: String,
    /// Why.
    pub reason: Option<String>,
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ReasonInput {
    /// Why.
    pub reason: String,
}

/// Until when, and why.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SnoozeInput {
    /// The next look at the deadline.
    #[schema(value_type = String, format = DateTime)]
    pub until: jiff::Timestamp,
    /// Why.
    pub reason: String,
}

/// Offer a record to another unit; the present one answers until the other accepts.
#[utoipa::path(post, path = "/records/{id}/offer", tag = "work", request_body = OfferInput,
    params(("id" = Uuid, Path, description = "Record")),
    responses((status = 200, body = WorkBody), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn offer_record(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<OfferInput>, JsonRejection>,
) -> Result<Json<WorkBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let unit: Unit = input.unit.parse().map_err(|e: wanquan_domain::unit::NotAUnit| {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_input", e.to_string())
    })?;
    let work = life::offer(&api.app, caller.actor(), RecordId(id), unit, input.reason.as_deref()).await?;
    Ok(Json(work_body(&api, &work)))
}

/// Accept an offered record for the unit.
#[utoipa::path(post, path = "/records/{id}/accept", tag = "work", params(("id" = Uuid, Path, description = "Record")),
    responses((status = 200, body = WorkBody), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub async fn accept_record(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Json<WorkBody>, ApiError> {
    let Path(id) = id?;
    let work = life::accept(&api.app, caller.actor(), RecordId(id)).await?;
    Ok(Json(work_body(&api, &work)))
}

/// Decline an offered record, or take the offer back.
#[utoipa::path(post, path = "/records/{id}/decline", tag = "work", request_body = ReasonInput,
    params(("id" = Uuid, Path, description = "Record")),
    responses((status = 200, body = WorkBody), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn decline_record(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<ReasonInput>, JsonRejection>,
) -> Result<Json<WorkBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let work = life::decline(&api.app, caller.actor(), RecordId(id), &input.reason).await?;
    Ok(Json(work_body(&api, &work)))
}

/// Put the next look at a deadline off.
#[utoipa::path(post, path = "/records/{id}/snooze", tag = "work", request_body = SnoozeInput,
    params(("id" = Uuid, Path, description = "Record")),
    responses((status = 200, body = WorkBody), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub async fn snooze_record(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<SnoozeInput>, JsonRejection>,
) -> Result<Json<WorkBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let work = supervise::snooze(&api.app, caller.actor(), RecordId(id), input.until, &input.reason).await?;
    Ok(Json(work_body(&api, &work)))
}

/// Which work.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WorkQuery {
    /// Whose: `unit` (of the region's own unit), `region` (of every unit below it), `mine`, `offered` (to the region's
    /// unit), `parent` (made from a record), `decision` (in the region and below: the unit has done its part, and a role
    /// of the caller decides).
    pub whose: String,
    /// Region.
    pub region: Option<String>,
    /// Record from which it was made.
    pub parent: Option<Uuid>,
    /// Register.
    pub register: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Open or finished; both if absent.
    pub open: Option<bool>,
    /// Only what is late.
    #[serde(default)]
    pub late: bool,
    /// The page after this place.
    pub cursor: Option<String>,
    /// Length of the page, 1 to 200.
    pub limit: Option<u32>,
}

/// A piece of work in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkItem {
    /// The work.
    #[serde(flatten)]
    pub work: WorkBody,
    /// Title of the record.
    pub title: String,
    /// Region of the record.
    pub region: Option<RegionRef>,
}

/// How many, and how many of them late.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkCount {
    /// Number.
    pub n: u64,
    /// Late.
    pub late: u64,
}

/// A page of work.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkPage {
    /// The earliest deadline first.
    pub items: Vec<WorkItem>,
    /// The next page.
    pub next_cursor: Option<String>,
    /// Numbers by state.
    pub counts: BTreeMap<String, WorkCount>,
}

/// What is to be done: of a unit, of a region, of the person, or made from a record.
#[utoipa::path(get, path = "/work", tag = "work", params(WorkQuery),
    responses((status = 200, body = WorkPage), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn list_work(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<WorkQuery>, QueryRejection>,
) -> Result<Json<WorkPage>, ApiError> {
    let Query(query) = query?;
    let bad = |text: &str| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_input", text);
    let region = query.region.as_deref().map(RegionCode::new);
    let asked = match query.whose.as_str() {
        "mine" => Asked::Mine,
        "unit" => Asked::Unit(region.ok_or_else(|| bad("`region` is needed"))?),
        "region" => Asked::Region(region.ok_or_else(|| bad("`region` is needed"))?),
        "decision" => Asked::Decision(region.ok_or_else(|| bad("`region` is needed"))?),
        "offered" => Asked::Offered(region.ok_or_else(|| bad("`region` is needed"))?),
        "parent" => Asked::Parent(RecordId(query.parent.ok_or_else(|| bad("`parent` is needed"))?)),
        _ => return Err(bad("`whose` is one of unit, region, mine, offered, parent, decision")),
    };
    let wanted = Wanted {
        asked,
        register: query.register,
        state: query.state,
        is_open: query.open,
        late: query.late,
        cursor: query.cursor,
        limit: query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX),
    };
    let inbox = supervise::inbox(&api.app, caller.actor(), &wanted).await?;
    let item = |item: supervise::Item| WorkItem {
        work: work_body(&api, &item.work),
        title: item.title,
        region: api.app.packs().regions.get(&item.region).map(RegionRef::from),
    };
    Ok(Json(WorkPage {
        items: inbox.items.into_iter().map(item).collect(),
        next_cursor: inbox.next,
        counts: inbox.counts.into_iter().map(|(s, (n, late))| (s, WorkCount { n, late })).collect(),
    }))
}

/// Which work is counted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LoadQuery {
    /// Region.
    pub region: String,
    /// Register; every one if absent.
    pub register: Option<String>,
}

/// Open work in a region.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoadBody {
    /// The region.
    pub region: Option<RegionRef>,
    /// Pieces of open work of its units, those below it included.
    pub open: u64,
    /// Late ones among them.
    pub late: u64,
}

/// Open work by region.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoadList {
    /// The region, then those one level below it.
    pub items: Vec<LoadBody>,
}

/// Open and late work of a region and of those one level below it: a map of what is to be done.
#[utoipa::path(get, path = "/work/regions", tag = "work", params(LoadQuery),
    responses((status = 200, body = LoadList), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn list_work_regions(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<LoadQuery>, QueryRejection>,
) -> Result<Json<LoadList>, ApiError> {
    let Query(query) = query?;
    let region = RegionCode::new(&query.region);
    let loads = supervise::loads(&api.app, caller.actor(), &region, query.register.as_deref()).await?;
    let body = |load: supervise::RegionLoad| LoadBody {
        region: api.app.packs().regions.get(&load.region).map(RegionRef::from),
        open: load.open,
        late: load.late,
    };
    Ok(Json(LoadList { items: loads.into_iter().map(body).collect() }))
}

/// How a unit stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingBody {
    /// The unit's region.
    pub region: Option<RegionRef>,
    /// The region above it.
    pub parent: Option<RegionRef>,
    /// The unit, where it is an organisation in the region.
    pub organisation: Option<String>,
    /// The record made for it.
    pub record: Uuid,
    /// Its state.
    pub state: String,
    /// The state's name.
    pub state_label: Label,
    /// Nothing is left to do.
    pub is_final: bool,
    /// When its deadline ends.
    #[schema(format = DateTime)]
    pub due_at: Option<String>,
    /// Levels up the tree to which lateness was raised.
    pub levels_up: u32,
    /// Open and past its deadline.
    pub late: bool,
    /// When it entered the state.
    #[schema(format = DateTime)]
    pub entered_at: String,
}

/// How every unit stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingList {
    /// In order of region.
    pub items: Vec<StandingBody>,
}

/// How every unit stands with what was made from a record: a directive down the tree.
#[utoipa::path(get, path = "/records/{id}/standings", tag = "work",
    params(("id" = Uuid, Path, description = "Record, a directive for example")),
    responses((status = 200, body = StandingList), (status = 404, body = Problem)))]
pub async fn list_standings(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Json<StandingList>, ApiError> {
    let Path(id) = id?;
    let standings = supervise::standings(&api.app, caller.actor(), RecordId(id)).await?;
    let regions = &api.app.packs().regions;
    let body = |unit: supervise::UnitStanding| StandingBody {
        region: regions.get(&unit.region).map(RegionRef::from),
        parent: regions
            .get(&unit.region)
            .and_then(|region| regions.get(region.parent.as_ref()?))
            .map(RegionRef::from),
        organisation: match unit.unit {
            Unit::Organisation(name) => Some(name),
            Unit::Region(_) | Unit::Person(_) => None,
        },
        record: unit.record.0,
        state_label: state_label(&api, &unit.register, &unit.state),
        is_final: unit.is_final,
        due_at: unit.due_at.map(|at| at.to_string()),
        levels_up: unit.levels_up,
        state: unit.state,
        late: unit.late,
        entered_at: unit.entered_at.to_string(),
    };
    Ok(Json(StandingList { items: standings.into_iter().map(body).collect() }))
}

/// What the caller is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeBody {
    /// Identifier.
    pub id: Uuid,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// What is said.
    pub text: Label,
    /// What it is about: `record/ID`, `signal/ID`.
    pub subject: String,
    /// A rehearsal.
    pub drill: bool,
}

/// What the caller is told, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeList {
    /// Notices.
    pub items: Vec<NoticeBody>,
}

/// Place in the list of notices.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NoticeQuery {
    /// The last one of the page before.
    pub after: Option<Uuid>,
    /// Length of the page, 1 to 200.
    pub limit: Option<u32>,
}

/// Notices for the roles that the caller holds.
#[utoipa::path(get, path = "/notices", tag = "work", params(NoticeQuery),
    responses((status = 200, body = NoticeList), (status = 401, body = Problem)))]
pub async fn list_notices(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<NoticeQuery>, QueryRejection>,
) -> Result<Json<NoticeList>, ApiError> {
    let Query(query) = query?;
    let limit = query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let items = supervise::notices(&api.app, caller.actor(), query.after, limit).await?;
    let body = |notice: supervise::Told| NoticeBody {
        id: notice.id,
        at: notice.at.to_string(),
        text: notice.text.into(),
        subject: notice.subject,
        drill: notice.drill,
    };
    Ok(Json(NoticeList { items: items.into_iter().map(body).collect() }))
}
