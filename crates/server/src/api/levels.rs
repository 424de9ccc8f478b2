//! Response levels, and the plans that they and other happenings set off.

use super::error::Problem;
use super::{Api, ApiError, Caller, Label, RegionRef};
use crate::describe;
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;
use wanquan_app::dispatch::{self, Rehearsal, RunReport};
use wanquan_app::level::{self, Decision, Held};
use wanquan_domain::level::{LevelDecision, ResponseLevel};
use wanquan_domain::plan::Plan;
use wanquan_domain::region::RegionCode;

/// A decision on a level.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionBody {
    /// Identifier.
    pub id: Uuid,
    /// Region.
    pub region: String,
    /// Its name.
    pub region_name: String,
    /// Level: `routine`, `iv`, `iii`, `ii`, `i`.
    pub level: &'static str,
    /// What speaks for it.
    pub evidence: String,
    /// Who decided.
    pub decided_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub decided_at: String,
    /// First day on which it holds.
    #[schema(format = Date)]
    pub start: String,
    /// Day by which it is reviewed.
    #[schema(format = Date)]
    pub review_on: String,
}

fn decision_body(api: &Api, decision: LevelDecision) -> DecisionBody {
    DecisionBody {
        id: decision.id,
        region: decision.region.to_string(),
        region_name: name_of(api, &decision.region),
        level: decision.level.as_str(),
        evidence: decision.evidence,
        decided_by: decision.decided_by,
        decided_at: decision.decided_at.to_string(),
        start: decision.start.to_string(),
        review_on: decision.review_on.to_string(),
    }
}

fn name_of(api: &Api, region: &RegionCode) -> String {
    api.app.packs().regions.get(region).map_or_else(|| region.to_string(), |found| found.name.clone())
}

/// The level of a region.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldBody {
    /// Region.
    pub region: Option<RegionRef>,
    /// The level that holds.
    pub level: &'static str,
    /// Its name.
    pub label: Label,
    /// The region's own decision.
    pub own: Option<DecisionBody>,
    /// The decision that makes the level what it is, which may be of a region above.
    pub by: Option<DecisionBody>,
}

fn label_of(api: &Api, level: ResponseLevel) -> Label {
    let profile = api.app.packs().level(level);
    profile.map_or_else(
        || Label { en: level.as_str().to_owned(), zh: level.as_str().to_owned() },
        |profile| Label::from(&profile.label),
    )
}

/// A level that a plan proposed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalBody {
    /// Identifier.
    pub id: Uuid,
    /// Region.
    pub region: String,
    /// Its name.
    pub region_name: String,
    /// Level.
    pub level: &'static str,
    /// The caller may answer it.
    pub may_answer: bool,
    /// Why.
    pub evidence: String,
    /// When.
    #[schema(format = DateTime)]
    pub proposed_at: String,
    /// A rehearsal.
    pub drill: bool,
}

/// A level that can be decided.
#[derive(Debug, Serialize, ToSchema)]
pub struct LevelOption {
    /// Level.
    pub level: &'static str,
    /// Its name.
    pub label: Label,
    /// What it means.
    pub meaning: Label,
}

fn option(api: &Api, level: ResponseLevel) -> LevelOption {
    let meaning = api.app.packs().level(level).map(|profile| Label::from(&profile.meaning));
    LevelOption {
        level: level.as_str(),
        label: label_of(api, level),
        meaning: meaning.unwrap_or_else(|| label_of(api, level)),
    }
}

/// A level that held from a day on.
#[derive(Debug, Serialize, ToSchema)]
pub struct LevelSpan {
    /// First day.
    #[schema(format = Date)]
    pub from: String,
    /// The level that held, whoever decided it.
    pub level: &'static str,
    /// Its name.
    pub label: Label,
}

/// Levels of a region.
#[derive(Debug, Serialize, ToSchema)]
pub struct LevelsBody {
    /// The region, then those one level below it.
    pub held: Vec<HeldBody>,
    /// Every decision in it and below it, the latest first.
    pub history: Vec<DecisionBody>,
    /// Proposals that wait for an answer.
    pub proposals: Vec<ProposalBody>,
    /// Which level held for the region when; before the first entry, routine.
    pub timeline: Vec<LevelSpan>,
    /// Every level that can be decided, from routine to the gravest.
    pub levels: Vec<LevelOption>,
    /// The level that the region's own decision replaced: the way back.
    pub previous: Option<LevelOption>,
    /// The caller may decide the level of the region.
    pub may_decide: bool,
}

/// Levels of a region and of those below it, with their history and what plans propose.
#[utoipa::path(get, path = "/regions/{code}/levels", tag = "levels",
    params(("code" = String, Path, description = "Region")),
    responses((status = 200, body = LevelsBody), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn read_levels(
    State(api): State<Api>,
    caller: Caller,
    code: Result<Path<String>, PathRejection>,
) -> Result<Json<LevelsBody>, ApiError> {
    let region = RegionCode::new(&code?.0);
    let (app, actor) = (&api.app, caller.actor());
    let held = level::read(app, actor, &region, app.today()).await?;
    let history = level::history(app, actor, &region).await?;
    let proposals = level::proposals(app, actor, &region).await?;
    let timeline = level::timeline(app, actor, &region).await?;
    let previous = level::level_before(app, actor, &region).await?;
    let held_body = |held: Held| HeldBody {
        region: app.packs().regions.get(&held.region).map(RegionRef::from),
        level: held.level.as_str(),
        label: label_of(&api, held.level),
        own: held.own.map(|decision| decision_body(&api, decision)),
        by: held.by.map(|decision| decision_body(&api, decision)),
    };
    Ok(Json(LevelsBody {
        held: held.into_iter().map(held_body).collect(),
        history: history.into_iter().map(|decision| decision_body(&api, decision)).collect(),
        timeline: timeline
            .into_iter()
            .map(|span| LevelSpan {
                from: span.from.to_string(),
                level: span.level.as_str(),
                label: label_of(&api, span.level),
            })
            .collect(),
        levels: ResponseLevel::ALL.into_iter().map(|level| option(&api, level)).collect(),
        previous: previous.map(|level| option(&api, level)),
        may_decide: level::may_decide(app, actor, &region),
        proposals: proposals
            .into_iter()
            .map(|proposal| ProposalBody {
                id: proposal.id,
                region: proposal.region.to_string(),
                region_name: name_of(&api, &proposal.region),
                may_answer: level::may_decide(app, actor, &proposal.region),
                level: proposal.level.as_str(),
                evidence: proposal.evidence,
                proposed_at: proposal.proposed_at.to_string(),
                drill: proposal.drill,
            })
            .collect(),
    }))
}

/// What a person decides.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DecisionInput {
    /// Level: `routine`, `iv`, `iii`, `ii`, `i`.
    pub level: String,
    /// What speaks for it.
    pub evidence: String,
    /// First day on which it holds; today if absent.
    #[schema(value_type = Option<String>, format = Date)]
    pub start: Option<Date>,
    /// Day by which it is reviewed.
    #[schema(value_type = Option<String>, format = Date)]
    pub review_on: Option<Date>,
    /// The proposal that it answers.
    pub proposal: Option<Uuid>,
}

fn decision(code: &str, input: DecisionInput) -> Result<Decision, ApiError> {
    let level = ResponseLevel::parse(&input.level).ok_or_else(|| {
        let text = "`level` is one of routine, iv, iii, ii, i";
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_input", text)
    })?;
    Ok(Decision {
        region: RegionCode::new(code),
        level,
        evidence: input.evidence,
        start: input.start,
        review_on: input.review_on,
        proposal: input.proposal,
    })
}

/// Records that an action of a plan creates.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedRecords {
    /// Register.
    pub register: String,
    /// Action of the plan.
    pub action: String,
    /// How many.
    pub n: u64,
}

/// What a plan does.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunBody {
    /// Plan.
    pub plan: String,
    /// Its title.
    pub title: Option<Label>,
    /// Records.
    pub records: Vec<PlannedRecords>,
    /// Notices.
    pub notices: u64,
    /// Proposals of a level.
    pub proposals: u64,
    /// Drafts of publications.
    pub drafts: u64,
    /// Why nothing is done: `condition`, `level`, `ran_already`, `gone`.
    pub nothing: Option<&'static str>,
}

fn run_body(api: &Api, plan: &str, report: RunReport) -> RunBody {
    RunBody {
        plan: plan.to_owned(),
        title: api.app.packs().plan(plan).map(|p| Label::from(&p.title)),
        records: report
            .records
            .into_iter()
            .map(|((register, action), n)| PlannedRecords { register, action, n })
            .collect(),
        notices: report.notices,
        proposals: report.proposals,
        drafts: report.drafts,
        nothing: report.nothing,
    }
}

/// What deciding would bring.
#[derive(Debug, Serialize, ToSchema)]
pub struct LevelForecast {
    /// The level that holds now.
    pub previous: &'static str,
    /// The level that would hold.
    pub level: &'static str,
    /// What each plan would do.
    pub plans: Vec<RunBody>,
    /// Regions below that would inherit it.
    pub regions_changed: usize,
    /// What the profiles of the two levels say differently.
    pub changes: Vec<ProfileChangeBody>,
}

/// Something that a level's profile says differently.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileChangeBody {
    /// What.
    pub label: Label,
    /// As it is now.
    pub from: String,
    /// As it would be.
    pub to: String,
}

/// What deciding would bring, without deciding.
#[utoipa::path(post, path = "/regions/{code}/levels/dry-run", tag = "levels", request_body = DecisionInput,
    params(("code" = String, Path, description = "Region")),
    responses((status = 200, body = LevelForecast), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub async fn forecast_level(
    State(api): State<Api>,
    caller: Caller,
    code: Result<Path<String>, PathRejection>,
    input: Result<Json<DecisionInput>, JsonRejection>,
) -> Result<Json<LevelForecast>, ApiError> {
    let (Path(code), Json(input)) = (code?, input?);
    let forecast = level::dry_run(&api.app, caller.actor(), &decision(&code, input)?).await?;
    Ok(Json(LevelForecast {
        previous: forecast.previous.as_str(),
        level: forecast.level.as_str(),
        plans: forecast.plans.into_iter().map(|(plan, report)| run_body(&api, &plan, report)).collect(),
        regions_changed: forecast.regions_changed,
        changes: forecast
            .changes
            .into_iter()
            .map(|change| ProfileChangeBody { label: change.label.into(), from: change.from, to: change.to })
            .collect(),
    }))
}

/// Decide the level of a region.
#[utoipa::path(post, path = "/regions/{code}/levels", tag = "levels", request_body = DecisionInput,
    params(("code" = String, Path, description = "Region")),
    responses((status = 200, body = DecisionBody), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn decide_level(
    State(api): State<Api>,
    caller: Caller,
    code: Result<Path<String>, PathRejection>,
    input: Result<Json<DecisionInput>, JsonRejection>,
) -> Result<Json<DecisionBody>, ApiError> {
    let (Path(code), Json(input)) = (code?, input?);
    let decided = level::decide(&api.app, caller.actor(), &decision(&code, input)?).await?;
    Ok(Json(decision_body(&api, decided)))
}

/// Decline a proposed level.
#[utoipa::path(delete, path = "/regions/{code}/levels/proposals/{id}", tag = "levels",
    params(("code" = String, Path, description = "Region"), ("id" = Uuid, Path, description = "Proposal")),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn decline_proposal(
    State(api): State<Api>,
    caller: Caller,
    path: Result<Path<(String, Uuid)>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path((code, id)) = path?;
    level::decline(&api.app, caller.actor(), &RegionCode::new(&code), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An action of a plan, in words.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanActionBody {
    /// Identifier within the plan.
    pub id: String,
    /// What it does.
    pub act: Label,
    /// For whom.
    pub target: Label,
    /// Under which condition (CEL).
    pub when: Option<String>,
}

/// A plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanBody {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: Label,
    /// What it is for.
    pub purpose: Label,
    /// Version.
    pub version: u32,
    /// Regulation or protocol that it follows.
    pub source: String,
    /// What sets it off: `record_enters`, `signal`, `alarm`, `level_decided`, `daily`, `manual`.
    pub trigger: &'static str,
    /// The same in words.
    pub trigger_label: Label,
    /// Which triggers count (CEL).
    pub when: Option<String>,
    /// Open from this level on.
    pub from_level: &'static str,
    /// The level's name.
    pub from_level_label: Label,
    /// Facts that its conditions and texts may name.
    pub facts: Vec<String>,
    /// Its actions.
    pub actions: Vec<PlanActionBody>,
    /// What the caller may do with it somewhere: `preview`, `drill`, `run`.
    pub modes: Vec<&'static str>,
}

/// Plans.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanList {
    /// In order of identifier.
    pub items: Vec<PlanBody>,
}

/// The plans.
#[utoipa::path(get, path = "/plans", tag = "levels", responses((status = 200, body = PlanList),
    (status = 401, body = Problem)))]
pub async fn list_plans(State(api): State<Api>, caller: Caller) -> Json<PlanList> {
    let packs = api.app.packs();
    let modes = |plan: &Plan| dispatch::modes(&api.app, caller.actor(), plan);
    let body = |plan: &Arc<Plan>| PlanBody {
        id: plan.id.clone(),
        title: Label::from(&plan.title),
        purpose: Label::from(&plan.purpose),
        version: plan.version,
        source: plan.source.clone(),
        trigger: plan.trigger.as_str(),
        trigger_label: describe::trigger(plan, packs).into(),
        when: plan.when.as_ref().map(|when| when.source().to_owned()),
        from_level: plan.from_level.as_str(),
        from_level_label: label_of(&api, plan.from_level),
        facts: plan.facts.iter().map(|fact| fact.id.clone()).collect(),
        actions: plan
            .actions
            .iter()
            .map(|action| PlanActionBody {
                id: action.id.clone(),
                act: describe::act(action, packs).into(),
                target: describe::target(&action.target).into(),
                when: action.when.as_ref().map(|when| when.source().to_owned()),
            })
            .collect(),
        modes: modes(plan),
    };
    Json(PlanList { items: packs.plans().iter().map(body).collect() })
}

/// A run of a plan by hand.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RunInput {
    /// Region.
    pub region: String,
    /// `preview` (nothing is done), `drill` (records are marked and counted nowhere), or `run` (manual plans only).
    pub mode: String,
    /// Facts of the trigger.
    #[serde(default)]
    pub facts: Map<String, Value>,
}

/// Preview, rehearse or run a plan for a region.
#[utoipa::path(post, path = "/plans/{id}/runs", tag = "levels", request_body = RunInput,
    params(("id" = String, Path, description = "Plan")),
    responses((status = 200, body = RunBody), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn run_plan(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    input: Result<Json<RunInput>, JsonRejection>,
) -> Result<Json<RunBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let wanted =
        Rehearsal { plan: id.clone(), region: RegionCode::new(&input.region), drill: input.mode == "drill" };
    let report = match input.mode.as_str() {
        "preview" => dispatch::preview(&api.app, caller.actor(), &wanted, input.facts).await?,
        "drill" | "run" => dispatch::rehearse(&api.app, caller.actor(), &wanted, input.facts).await?,
        _ => {
            let text = "`mode` is one of preview, drill, run";
            return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_input", text));
        }
    };
    Ok(Json(run_body(&api, &id, report)))
}
