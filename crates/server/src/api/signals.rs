//! Signals and alarms.

use super::situation::CurveDayBody;
use super::{Api, ApiError, Caller, Label};
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wanquan_app::alarm::{self, Assessable, Detail};
use wanquan_domain::region::RegionCode;
use wanquan_domain::signal::{Alarm, Decision, Signal, SignalStatus};

/// Longest page.
const LIMIT_MAX: u32 = 200;
const LIMIT: u32 = 50;

/// A region with the names of the regions above.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalRegion {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Names from the root down to the region.
    pub path_names: Vec<String>,
}

impl SignalRegion {
    fn new(api: &Api, code: &RegionCode) -> Self {
        let tree = &api.app.packs().regions;
        let name = tree.get(code).map_or_else(|| code.to_string(), |region| region.name.clone());
        let mut path_names: Vec<String> = tree.ancestors(code).iter().map(|r| r.name.clone()).collect();
        path_names.push(name.clone());
        Self { code: code.to_string(), name, path_names }
    }
}

/// Whether the caller may assess.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessPermission {
    /// It may.
    pub allowed: bool,
    /// Why not: `forbidden`, or the status that stands in the way.
    pub blocked: Option<&'static str>,
}

/// What the caller may do.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalActions {
    /// Assessing.
    pub assess: AssessPermission,
}

/// What a detector proposed.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalBody {
    /// Identifier.
    pub id: Uuid,
    /// Region.
    pub region: SignalRegion,
    /// Disease.
    pub disease: String,
    /// Measure.
    pub measure: String,
    /// First day of the step that exceeded.
    #[schema(format = Date)]
    pub date: String,
    /// `day` or `week`.
    pub step: String,
    /// Method.
    pub method: String,
    /// Version of the method.
    pub method_version: u32,
    /// Name of the method.
    pub method_label: Label,
    /// Parameters of the method.
    #[schema(value_type = Object)]
    pub params: Value,
    /// Count.
    pub observed: i64,
    /// Expected count.
    pub expected: Option<f64>,
    /// Largest count that is not unusual.
    pub upper: Option<f64>,
    /// Statistic of the method.
    pub score: Option<f64>,
    /// p value.
    pub p_value: Option<f64>,
    /// `open`, `alarm` or `dismissed`.
    pub status: &'static str,
    /// When it was raised.
    #[schema(format = DateTime)]
    pub raised_at: String,
    /// Day as known on which the detector ran.
    #[schema(format = Date)]
    pub known_on: String,
    /// Digest of the series.
    pub input_digest: String,
    /// Version, to be given with an assessment.
    pub version: u32,
    /// Why it was raised.
    pub explanation: Label,
    /// What the caller may do.
    pub actions: SignalActions,
}

impl SignalBody {
    fn new(api: &Api, caller: &Caller, signal: &Signal) -> Self {
        let (allowed, blocked) = match alarm::assessable(&api.app, caller.actor(), signal) {
            Assessable::Yes => (true, None),
            Assessable::Forbidden => (false, Some("forbidden")),
            Assessable::Decided(status) => (false, Some(status.as_str())),
        };
        Self {
            id: signal.id,
            region: SignalRegion::new(api, &signal.series.region),
            disease: signal.series.disease.clone(),
            measure: signal.series.measure.clone(),
            date: signal.date.to_string(),
            step: signal.step.clone(),
            method: signal.method.clone(),
            method_version: signal.method_version,
            method_label: alarm::method_label(&signal.method).into(),
            params: signal.params.clone(),
            observed: signal.observed,
            expected: signal.expected,
            upper: signal.upper,
            score: signal.score,
            p_value: signal.p_value,
            status: signal.status.as_str(),
            raised_at: signal.raised_at.to_string(),
            known_on: signal.known_on.to_string(),
            input_digest: signal.input_digest.clone(),
            version: signal.version,
            explanation: alarm::explain(api.app.packs(), signal).into(),
            actions: SignalActions { assess: AssessPermission { allowed, blocked } },
        }
    }
}

/// A page of signals.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalList {
    /// Latest first.
    pub items: Vec<SignalBody>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// What happened to a signal.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalHistoryEntry {
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// Who.
    pub by: String,
    /// `raised`, `raise_alarm` or `dismiss`.
    pub act: String,
    /// Why.
    pub reason: Option<String>,
}

/// A signal with curve and history.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalDetailBody {
    /// The signal.
    #[serde(flatten)]
    pub signal: SignalBody,
    /// The curve as known when the detector ran, in the steps of the signal.
    pub curve: Vec<CurveDayBody>,
    /// Oldest first.
    pub history: Vec<SignalHistoryEntry>,
}

impl SignalDetailBody {
    fn new(api: &Api, caller: &Caller, detail: &Detail) -> Self {
        let history = detail.history.iter().map(|entry| SignalHistoryEntry {
            at: entry.at.to_string(),
            by: entry.by.clone(),
            act: match entry.act.as_str() {
                "alarm" => "raise_alarm".to_owned(),
                "dismissed" => "dismiss".to_owned(),
                other => other.to_owned(),
            },
            reason: entry.reason.clone(),
        });
        Self {
            signal: SignalBody::new(api, caller, &detail.signal),
            curve: detail.curve.iter().map(CurveDayBody::from).collect(),
            history: history.collect(),
        }
    }
}

/// A signal that a person raised.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlarmBody {
    /// Identifier.
    pub id: Uuid,
    /// The signal.
    pub signal: Uuid,
    /// Region.
    pub region: SignalRegion,
    /// Disease.
    pub disease: String,
    /// Measure.
    pub measure: String,
    /// Who raised it.
    pub raised_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub raised_at: String,
    /// Why.
    pub reason: String,
}

impl AlarmBody {
    fn new(api: &Api, alarm: Alarm) -> Self {
        Self {
            id: alarm.id,
            signal: alarm.signal,
            region: SignalRegion::new(api, &alarm.series.region),
            disease: alarm.series.disease,
            measure: alarm.series.measure,
            raised_by: alarm.raised_by,
            raised_at: alarm.raised_at.to_string(),
            reason: alarm.reason,
        }
    }
}

/// A page of alarms.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlarmList {
    /// Latest first.
    pub items: Vec<AlarmBody>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// Which signals or alarms.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SignalQuery {
    /// `open`, `alarm` or `dismissed`; every status if absent. Alarms have none.
    status: Option<String>,
    /// Region with everything below.
    region: Option<String>,
    /// Disease.
    disease: Option<String>,
    /// Where the page begins.
    cursor: Option<Uuid>,
    /// Length of the page, 1 to 200.
    limit: Option<u32>,
}

impl TryFrom<SignalQuery> for alarm::Query {
    type Error = ApiError;

    fn try_from(query: SignalQuery) -> Result<Self, ApiError> {
        let status = query.status.filter(|text| !text.is_empty()).map(|text| {
            SignalStatus::parse(&text).ok_or_else(|| wanquan_app::Error::BadInput {
                field: "status",
                message: "open, alarm or dismissed".to_owned(),
            })
        });
        Ok(Self {
            status: status.transpose()?,
            region: query.region.filter(|code| !code.is_empty()).map(|code| RegionCode::new(&code)),
            disease: query.disease.filter(|id| !id.is_empty()),
            after: query.cursor,
            limit: query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX),
        })
    }
}

/// Signals of the caller's regions.
#[utoipa::path(get, path = "/signals", tag = "signals", params(SignalQuery), responses(
    (status = 200, body = SignalList), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn list_signals(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<SignalQuery>, QueryRejection>,
) -> Result<Json<SignalList>, ApiError> {
    let Query(query) = query?;
    let (signals, next) = alarm::list_signals(&api.app, caller.actor(), &query.try_into()?).await?;
    let items = signals.iter().map(|signal| SignalBody::new(&api, &caller, signal)).collect();
    Ok(Json(SignalList { items, next_cursor: next.map(|id| id.to_string()) }))
}

/// A signal with curve and history.
#[utoipa::path(get, path = "/signals/{id}", tag = "signals", params(("id" = Uuid, Path, description = "Signal")),
    responses((status = 200, body = SignalDetailBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem)))]
pub async fn read_signal(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Json<SignalDetailBody>, ApiError> {
    let Path(id) = id?;
    let detail = alarm::read_signal(&api.app, caller.actor(), id).await?;
    Ok(Json(SignalDetailBody::new(&api, &caller, &detail)))
}

/// A decision about a signal.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AssessmentBody {
    /// `raise_alarm` or `dismiss`.
    #[schema(value_type = String)]
    decision: Decision,
    /// Why.
    reason: String,
    /// Version of the signal that the person saw.
    version: u32,
}

/// Raise a signal to an alarm, or dismiss it.
#[utoipa::path(post, path = "/signals/{id}/assess", tag = "signals",
    params(("id" = Uuid, Path, description = "Signal")), request_body = AssessmentBody,
    responses((status = 200, body = SignalDetailBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 409, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn assess_signal(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<AssessmentBody>, JsonRejection>,
) -> Result<Json<SignalDetailBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let assessed =
        alarm::assess_signal(&api.app, caller.actor(), id, input.version, input.decision, &input.reason);
    Ok(Json(SignalDetailBody::new(&api, &caller, &assessed.await?)))
}

/// Alarms of the caller's regions.
#[utoipa::path(get, path = "/alarms", tag = "signals", params(SignalQuery), responses(
    (status = 200, body = AlarmList), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem)))]
pub async fn list_alarms(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<SignalQuery>, QueryRejection>,
) -> Result<Json<AlarmList>, ApiError> {
    let Query(query) = query?;
    let (alarms, next) = alarm::list_alarms(&api.app, caller.actor(), &query.try_into()?).await?;
    let items = alarms.into_iter().map(|alarm| AlarmBody::new(&api, alarm)).collect();
    Ok(Json(AlarmList { items, next_cursor: next.map(|id| id.to_string()) }))
}
