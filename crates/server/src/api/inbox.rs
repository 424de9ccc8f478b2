//! What is to be done: of a unit, a region, a person; how units stand; what the caller is told.

use super::error::Problem;
use super::work::{WorkBody, state_label, work_body};
use super::{Api, ApiError, Caller, Label, RegionRef};
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wanquan_app::supervise::{self, Asked, Query as Wanted};
use wanquan_domain::record::RecordId;
use wanquan_domain::region::RegionCode;
use wanquan_domain::unit::Unit;

/// Longest page.
const LIMIT_MAX: u32 = 200;
const LIMIT: u32 = 50;

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
