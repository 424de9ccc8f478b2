//! API tokens, with which scripts act as their owner.

use super::error::Problem;
use super::{Api, ApiError, Caller};
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wanquan_app::administer::{self, Token};

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenBody {
    /// Identifier.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// First characters of the secret, by which its owner recognises it.
    pub prefix: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<String>,
    /// When it was last used, to within some minutes.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<String>,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub struct CreatedToken {
    /// The same as in the list.
    #[serde(flatten)]
    pub body: TokenBody,
    /// The secret, shown once: `Authorization: Bearer TOKEN`.
    pub token: String,
}

/// Tokens of an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenList {
    /// Oldest first, without revoked ones.
    pub items: Vec<TokenBody>,
}

/// What a new token is for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    name: String,
    /// Life in days, 1 to 3,650; 90 if absent.
    expires_in_days: Option<u32>,
}

/// Whose tokens.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TokenOwner {
    /// Account; the caller's own if absent.
    user: Option<Uuid>,
}

impl From<Token> for TokenBody {
    fn from(token: Token) -> Self {
        Self {
            id: token.id,
            name: token.name,
            prefix: token.prefix,
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.map(|at| at.to_string()),
            last_used_at: token.last_used_at.map(|at| at.to_string()),
        }
    }
}

/// Tokens of the caller, or of somebody whose account the caller manages.
#[utoipa::path(get, path = "/tokens", tag = "administration", params(TokenOwner), responses(
    (status = 200, body = TokenList), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 404, body = Problem)))]
pub async fn list_tokens(
    State(api): State<Api>,
    caller: Caller,
    owner: Result<Query<TokenOwner>, QueryRejection>,
) -> Result<Json<TokenList>, ApiError> {
    let Query(owner) = owner?;
    let owner = owner.user.unwrap_or(caller.actor().id);
    let tokens = administer::tokens(&api.app, caller.actor(), owner).await?;
    Ok(Json(TokenList { items: tokens.into_iter().map(TokenBody::from).collect() }))
}

/// Make a token. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/tokens", tag = "administration", request_body = NewToken, responses(
    (status = 201, body = CreatedToken), (status = 401, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem)))]
pub async fn create_token(
    State(api): State<Api>,
    caller: Caller,
    input: Result<Json<NewToken>, JsonRejection>,
) -> Result<(StatusCode, Json<CreatedToken>), ApiError> {
    let Json(input) = input?;
    let made = administer::create_token(&api.app, &caller.0, &input.name, input.expires_in_days).await?;
    let body = CreatedToken { body: made.token.into(), token: made.secret };
    Ok((StatusCode::CREATED, Json(body)))
}

/// Take a token back.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "administration",
    params(("id" = Uuid, Path, description = "Token")),
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn delete_token(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id?;
    administer::revoke_token(&api.app, caller.actor(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
