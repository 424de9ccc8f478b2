//! The life of records: their work, the steps that people take, handing over, deadlines.

use super::error::Problem;
use super::{Api, ApiError, Caller, Label};
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;
use wanquan_app::life::{self, Bulk, Life, Outcome, StepInput, StepView};
use wanquan_app::supervise;
use wanquan_domain::record::RecordId;
use wanquan_domain::unit::Unit;
use wanquan_domain::work::{Work, WorkEntry};

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
pub(super) fn state_label(api: &Api, register: &str, state: &str) -> Label {
    let life = api.app.packs().register(register).and_then(|r| r.lifecycle.as_ref());
    let declared = life.and_then(|life| life.state(state));
    declared.map_or_else(|| Label { en: state.into(), zh: state.into() }, |s| Label::from(&s.label))
}

pub(super) fn work_body(api: &Api, work: &Work) -> WorkBody {
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
