//! Comments of readers as moderators meet them.

use super::{Api, ApiError, Caller};
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wanquan_app::comments::{self, Decision, Queue};
use wanquan_domain::comment::{Comment, CommentRules, CommentStatus};

/// Length of a page if nothing is asked for.
const LIMIT: u32 = 50;

/// A comment.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommentBody {
    /// Identifier.
    pub id: Uuid,
    /// Article.
    pub article: Uuid,
    /// Comment that it answers.
    pub parent: Option<Uuid>,
    /// Name under which it was sent; may be empty.
    pub name: String,
    /// Text.
    pub text: String,
    /// Whether the editors wrote it.
    pub official: bool,
    /// `waiting`, `shown` or `hidden`.
    pub status: &'static str,
    /// Word of the rules that it holds and that is doubtful.
    pub doubt: Option<String>,
    /// Readers who reported it since it was decided on last.
    pub reports: u32,
    /// When it was sent.
    pub sent_at: String,
    /// Who decided last.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<String>,
    /// Why it is hidden.
    pub reason: Option<String>,
    /// Version, from 1.
    pub version: u32,
}

impl From<Comment> for CommentBody {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id,
            article: comment.article,
            parent: comment.parent,
            name: comment.name,
            text: comment.text,
            official: comment.official,
            status: comment.status.as_str(),
            doubt: comment.doubt,
            reports: comment.reports,
            sent_at: comment.sent_at.to_string(),
            decided_by: comment.decided_by,
            decided_at: comment.decided_at.map(|at| at.to_string()),
            reason: comment.reason,
            version: comment.version,
        }
    }
}

/// A page of comments.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommentList {
    /// Latest first.
    pub items: Vec<CommentBody>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// Which comments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CommentQuery {
    /// `waiting` (if absent), `shown`, `hidden`, or `reported` for those shown that readers reported.
    queue: Option<String>,
    /// Where the page begins.
    cursor: Option<Uuid>,
    /// Length of the page, 1 to 200.
    limit: Option<u32>,
}

/// What is decided.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CommentDecision {
    /// `show` or `hide`.
    decision: String,
    /// Why it is hidden.
    reason: Option<String>,
    /// Version that the person saw.
    version: Option<u32>,
}

/// An answer of the editors.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CommentReply {
    /// Text, 1 to 1,000 characters.
    text: String,
}

/// What moderators have agreed on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CommentRulesBody {
    /// Words with which a comment is not taken at all.
    #[serde(default)]
    pub refused_words: Vec<String>,
    /// Words that are pointed out to the moderator.
    #[serde(default)]
    pub doubtful_words: Vec<String>,
    /// Addresses of pages that one comment may hold.
    #[serde(default)]
    pub links_max: u32,
}

impl From<CommentRules> for CommentRulesBody {
    fn from(rules: CommentRules) -> Self {
        let CommentRules { refused_words, doubtful_words, links_max } = rules;
        Self { refused_words, doubtful_words, links_max }
    }
}

/// Comments that wait for a decision, or others.
#[utoipa::path(get, path = "/comments", tag = "comments", params(CommentQuery), responses(
    (status = 200, body = CommentList), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn list_comments(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<CommentQuery>, QueryRejection>,
) -> Result<Json<CommentList>, ApiError> {
    let Query(query) = query?;
    let queue = match query.queue.as_deref().unwrap_or("waiting") {
        "reported" => Queue::Reported,
        other => Queue::Of(CommentStatus::parse(other).ok_or_else(|| wanquan_app::Error::BadInput {
            field: "queue",
            message: "waiting, shown, hidden or reported".to_owned(),
        })?),
    };
    let limit = query.limit.unwrap_or(LIMIT);
    let (items, next) = comments::list_comments(&api.app, caller.actor(), queue, query.cursor, limit).await?;
    let items = items.into_iter().map(CommentBody::from).collect();
    Ok(Json(CommentList { items, next_cursor: next.map(|id| id.to_string()) }))
}

/// Show or hide a comment.
#[utoipa::path(post, path = "/comments/{id}/decide", tag = "comments",
    params(("id" = Uuid, Path, description = "Comment")), request_body = CommentDecision,
    responses((status = 200, body = CommentBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 409, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn decide_comment(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<CommentDecision>, JsonRejection>,
) -> Result<Json<CommentBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let decision = match input.decision.as_str() {
        "show" => Decision::Show,
        "hide" => Decision::Hide(input.reason.unwrap_or_default()),
        _ => {
            let message = "show or hide".to_owned();
            return Err(wanquan_app::Error::BadInput { field: "decision", message }.into());
        }
    };
    let decided = comments::decide_comment(&api.app, caller.actor(), id, input.version, decision).await?;
    Ok(Json(decided.into()))
}

/// Answer a comment in the name of the editors.
#[utoipa::path(post, path = "/comments/{id}/reply", tag = "comments",
    params(("id" = Uuid, Path, description = "Comment")), request_body = CommentReply,
    responses((status = 201, body = CommentBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 409, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn reply_comment(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<CommentReply>, JsonRejection>,
) -> Result<(StatusCode, Json<CommentBody>), ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let reply = comments::reply_comment(&api.app, caller.actor(), id, &input.text).await?;
    Ok((StatusCode::CREATED, Json(reply.into())))
}

/// The rules for comments.
#[utoipa::path(get, path = "/comments/rules", tag = "comments", responses(
    (status = 200, body = CommentRulesBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem)))]
pub async fn get_comment_rules(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<CommentRulesBody>, ApiError> {
    Ok(Json(comments::comment_rules(&api.app, caller.actor()).await?.into()))
}

/// Set the rules for comments.
#[utoipa::path(put, path = "/comments/rules", tag = "comments", request_body = CommentRulesBody, responses(
    (status = 200, body = CommentRulesBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn set_comment_rules(
    State(api): State<Api>,
    caller: Caller,
    input: Result<Json<CommentRulesBody>, JsonRejection>,
) -> Result<Json<CommentRulesBody>, ApiError> {
    let Json(CommentRulesBody { refused_words, doubtful_words, links_max }) = input?;
    let rules = CommentRules { refused_words, doubtful_words, links_max };
    Ok(Json(comments::set_comment_rules(&api.app, caller.actor(), rules).await?.into()))
}
