//! What happened in a region, in order: for the duty desk, and after an action.

use super::error::Problem;
use super::{Api, ApiError, Caller, Label, RegionRef};
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wanquan_app::chronicle::{self, ENTRIES_MAX, Entry, Span};
use wanquan_domain::region::RegionCode;
use wanquan_domain::text::Lang;

/// Length of a chronicle if nothing is said.
const LIMIT: u32 = 500;

/// From when to when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChronicleQuery {
    /// First instant; an hour before `to` if absent.
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<Timestamp>,
    /// The instant after the last; now if absent.
    #[param(value_type = Option<String>, format = DateTime)]
    pub to: Option<Timestamp>,
    /// The latest so many, 1 to 5,000.
    pub limit: Option<u32>,
    /// Language of an export, `en` or `zh`.
    #[param(value_type = Option<String>)]
    pub lang: Option<Lang>,
}

impl ChronicleQuery {
    fn span(&self, api: &Api, limit: u32) -> Span {
        // What happens in this very instant belongs to the last hour as well.
        let to = self.to.unwrap_or_else(|| api.app.now() + SignedDuration::from_secs(1));
        let hour_before = to.checked_sub(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MIN);
        Span { from: self.from.unwrap_or(hour_before), to, limit: self.limit.unwrap_or(limit) }
    }
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChronicleEntry {
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// Who or what did it.
    pub by: String,
    /// What it is about: `signal`, `level`, `plan`, `work`, `publication`.
    pub kind: &'static str,
    /// Where.
    pub region: Option<RegionRef>,
    /// What happened.
    pub what: Label,
    /// Why, where somebody said so.
    pub reason: Option<String>,
    /// What it is about: `record/ID`, `signal/ID`, ...
    pub subject: String,
    /// A rehearsal.
    pub drill: bool,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChronicleBody {
    /// Oldest first.
    pub items: Vec<ChronicleEntry>,
    /// Older entries of the span were left out.
    pub left_out: bool,
}

/// What happened in a region and below it, oldest first; the last hour unless asked otherwise.
#[utoipa::path(get, path = "/regions/{code}/chronicle", tag = "levels",
    params(("code" = String, Path, description = "Region"), ChronicleQuery),
    responses((status = 200, body = ChronicleBody), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn read_chronicle(
    State(api): State<Api>,
    caller: Caller,
    code: Result<Path<String>, PathRejection>,
    query: Result<Query<ChronicleQuery>, QueryRejection>,
) -> Result<Json<ChronicleBody>, ApiError> {
    let (Path(code), Query(query)) = (code?, query?);
    let span = query.span(&api, LIMIT);
    let (items, left_out) =
        chronicle::chronicle(&api.app, caller.actor(), &RegionCode::new(&code), span).await?;
    let body = |entry: Entry| ChronicleEntry {
        at: entry.at.to_string(),
        by: entry.by,
        kind: entry.kind.as_str(),
        region: api.app.packs().regions.get(&entry.region).map(RegionRef::from),
        what: entry.what.into(),
        reason: entry.reason,
        subject: entry.subject,
        drill: entry.drill,
    };
    Ok(Json(ChronicleBody { items: items.into_iter().map(body).collect(), left_out }))
}

/// The same as a table (CSV); who took it along stands in the audit log.
#[utoipa::path(get, path = "/regions/{code}/chronicle/export", tag = "levels",
    params(("code" = String, Path, description = "Region"), ChronicleQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn export_chronicle(
    State(api): State<Api>,
    caller: Caller,
    code: Result<Path<String>, PathRejection>,
    query: Result<Query<ChronicleQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let (Path(code), Query(query)) = (code?, query?);
    let (span, lang) = (query.span(&api, ENTRIES_MAX), query.lang.unwrap_or(Lang::En));
    let region = RegionCode::new(&code);
    let table = chronicle::export(&api.app, caller.actor(), &region, span, lang).await?;
    let name = format!("attachment; filename=\"chronicle-{region}-{}.csv\"", api.app.today());
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, table).into_response())
}
