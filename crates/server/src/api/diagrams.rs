//! Diagrams of what is declared: the life of a register's records, and plans.

use super::error::Problem;
use super::{Api, ApiError, Caller};
use crate::diagram;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use wanquan_app::records;
use wanquan_domain::text::Lang;

/// How a diagram is drawn.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DiagramQuery {
    /// Language of the notes, `en` or `zh`; names stand in both.
    #[serde(default = "english")]
    #[param(value_type = Option<String>)]
    pub lang: Lang,
}

fn english() -> Lang {
    Lang::En
}

fn svg(drawing: String) -> Response {
    ([(header::CONTENT_TYPE, "image/svg+xml; charset=utf-8")], drawing).into_response()
}

fn absent(what: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", what)
}

/// The states of a register's records and the steps between them, as SVG.
#[utoipa::path(get, path = "/registers/{register}/diagram", tag = "registers",
    params(("register" = String, Path, description = "Identifier"), DiagramQuery),
    responses((status = 200, body = String, content_type = "image/svg+xml"), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn draw_register(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<DiagramQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let (Path(id), Query(query)) = (id?, query?);
    let view = records::register(&api.app, caller.actor(), &id).await?;
    let drawing = diagram::draw_life(&view.register, &api.app.packs().roles, query.lang);
    let drawing = drawing.ok_or_else(|| absent("its records have no states"))?;
    Ok(svg(drawing))
}

/// A plan as SVG: what sets it off, and what it does for whom.
#[utoipa::path(get, path = "/plans/{id}/diagram", tag = "levels",
    params(("id" = String, Path, description = "Plan"), DiagramQuery),
    responses((status = 200, body = String, content_type = "image/svg+xml"), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn draw_plan(
    State(api): State<Api>,
    _caller: Caller,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<DiagramQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let (Path(id), Query(query)) = (id?, query?);
    let packs = api.app.packs();
    let plan = packs.plan(&id).ok_or_else(|| absent("no such plan"))?;
    Ok(svg(diagram::draw_plan(plan, packs, query.lang)))
}
