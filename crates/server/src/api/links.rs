//! Links of the portal to pages of others, as editors meet them.

use super::{Api, ApiError, Caller};
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wanquan_app::portal::links::{self, LinkView};
use wanquan_domain::link::LinkStatus;

/// Length of a page if nothing is asked for.
const LIMIT: u32 = 100;

/// A link and whether the page to which it leads answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkBody {
    /// Address of the page.
    pub address: String,
    /// `waiting`, `works`, `broken` or `unclear`.
    pub status: &'static str,
    /// Status of the last answer.
    pub answer: Option<u16>,
    /// Code of why there was none: `no_such_host`, `no_connection`, `late`, `bad_certificate`, ...
    pub problem: Option<String>,
    /// Where the last answer came from, if from elsewhere.
    pub moved_to: Option<String>,
    /// Looks in a row that found it broken.
    pub failures: u32,
    /// Since when it has been broken.
    pub broken_since: Option<String>,
    /// When somebody looked last.
    pub checked_at: Option<String>,
    /// When somebody looks again.
    pub due_at: String,
    /// What holds it.
    pub uses: Vec<LinkUse>,
}

/// Something public that holds a link.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkUse {
    /// `article` or `service_place`.
    pub kind: String,
    /// Its identifier.
    pub subject: String,
    /// What it is called.
    pub title: String,
}

impl From<LinkView> for LinkBody {
    fn from(view: LinkView) -> Self {
        let LinkView { link, uses } = view;
        let held = uses.into_iter().map(|u| LinkUse { kind: u.kind, subject: u.subject, title: u.title });
        Self {
            address: link.address,
            status: link.status.as_str(),
            answer: link.answer,
            problem: link.problem,
            moved_to: link.moved_to,
            failures: link.failures,
            broken_since: link.broken_since.map(|at| at.to_string()),
            checked_at: link.checked_at.map(|at| at.to_string()),
            due_at: link.due_at.to_string(),
            uses: held.collect(),
        }
    }
}

/// A page of links.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkList {
    /// By address; a page may hold fewer than asked for, because links of other regions are left out.
    pub items: Vec<LinkBody>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
    /// Whether links are looked at at all: the set-up says so.
    pub is_checked: bool,
}

/// Which links.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LinkQuery {
    /// `broken` (if absent), `unclear`, `works` or `waiting`.
    status: Option<String>,
    /// Where the page begins.
    cursor: Option<String>,
    /// Length of the page, 1 to 200.
    limit: Option<u32>,
}

/// Which link.
#[derive(Debug, Deserialize, ToSchema)]
pub struct LinkRecheck {
    /// Address of the page.
    address: String,
}

/// Links of the portal that do not answer, or others.
#[utoipa::path(get, path = "/portal/links", tag = "portal", params(LinkQuery), responses(
    (status = 200, body = LinkList), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn list_links(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<LinkQuery>, QueryRejection>,
) -> Result<Json<LinkList>, ApiError> {
    let Query(query) = query?;
    let status = LinkStatus::parse(query.status.as_deref().unwrap_or("broken"));
    let status = status.ok_or_else(|| wanquan_app::Error::BadInput {
        field: "status",
        message: "broken, unclear, works or waiting".to_owned(),
    })?;
    let limit = query.limit.unwrap_or(LIMIT);
    let (items, next_cursor) =
        links::list_links(&api.app, caller.actor(), status, query.cursor.as_deref(), limit).await?;
    let items = items.into_iter().map(LinkBody::from).collect();
    Ok(Json(LinkList { items, next_cursor, is_checked: api.config.links.is_some() }))
}

/// Ask that somebody looks at a link soon.
#[utoipa::path(post, path = "/portal/links/recheck", tag = "portal", request_body = LinkRecheck, responses(
    (status = 200, body = LinkBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 422, body = super::error::Problem)))]
pub async fn recheck_link(
    State(api): State<Api>,
    caller: Caller,
    input: Result<Json<LinkRecheck>, JsonRejection>,
) -> Result<Json<LinkBody>, ApiError> {
    let Json(input) = input?;
    Ok(Json(links::recheck_link(&api.app, caller.actor(), &input.address).await?.into()))
}
