//! Signing in and out, the first administrator, and what the signed-in person may do.

use super::caller::{session_cookie, session_secret};
use super::{Api, ApiError, Caller, Label, RegionRef};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wanquan_app::access::{self, NewAccount, SignedIn};
use wanquan_app::{actions_of, home_region, sections_of};
use wanquan_domain::actor::Actor;

/// Who is signed in, and what for.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionBody {
    /// The person.
    pub user: SessionUser,
    /// Roles held.
    pub grants: Vec<SessionGrant>,
    /// Actions that are allowed somewhere.
    pub actions: Vec<&'static str>,
    /// Parts of the console that the person has a use for, in their order.
    pub sections: Vec<&'static str>,
    /// The region on which the screen opens; none where no place is loaded.
    pub home_region: Option<HomeRegion>,
    /// The civil day at the place of the installation.
    #[schema(format = Date)]
    pub today: String,
    /// Time zone in which days begin and end there: an IANA name, or an offset such as +08:00.
    pub time_zone: String,
    /// A demonstration on replayed history.
    pub demo: bool,
    /// Whether the screen says that some records are synthetic.
    pub synthetic_notice: bool,
}

/// The person of a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionUser {
    /// Account.
    pub id: String,
    /// Name to sign in with.
    pub username: String,
    /// Name as shown.
    pub display_name: String,
}

/// A role held for a region and everything below it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionGrant {
    /// Role.
    pub role: String,
    /// Its name.
    pub role_label: Label,
    /// Region.
    pub region: String,
    /// Its name.
    pub region_name: String,
}

/// Where a screen opens.
#[derive(Debug, Serialize, ToSchema)]
pub struct HomeRegion {
    /// The region.
    #[serde(flatten)]
    pub region: RegionRef,
    /// Codes from the root down.
    pub path: String,
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// Name to sign in with.
    username: String,
    /// Password.
    password: String,
}

/// The first administrator.
#[derive(Deserialize, ToSchema)]
pub struct Setup {
    /// One-time secret of the printed link.
    token: String,
    /// Name to sign in with.
    username: String,
    /// Name as shown.
    display_name: String,
    /// Password, at least 10 characters.
    password: String,
}

/// Who is signed in.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = SessionBody),
    (status = 401, body = super::error::Problem)))]
pub async fn read_session(State(api): State<Api>, caller: Caller) -> Json<SessionBody> {
    Json(body(&api, caller.actor(), &caller.0.account.username))
}

/// Sign in.
#[utoipa::path(post, path = "/session", tag = "session", request_body = Credentials, responses(
    (status = 200, body = SessionBody), (status = 401, body = super::error::Problem),
    (status = 429, body = super::error::Problem)))]
pub async fn create_session(
    State(api): State<Api>,
    input: Result<Json<Credentials>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(input) = input?;
    let signed_in = access::sign_in(&api.app, &input.username, &input.password).await?;
    Ok(opened(&api, &signed_in, input.username.trim()))
}

/// Sign out.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
pub async fn delete_session(State(api): State<Api>, headers: HeaderMap) -> Result<Response, ApiError> {
    if let Some(secret) = session_secret(&headers) {
        access::sign_out(&api.app, secret).await?;
    }
    let cookie = session_cookie(None, api.config.is_https());
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Make the first administrator with the printed one-time link.
#[utoipa::path(post, path = "/setup", tag = "session", request_body = Setup, responses(
    (status = 200, body = SessionBody), (status = 409, body = super::error::Problem),
    (status = 422, body = super::error::Problem)))]
pub async fn create_setup(
    State(api): State<Api>,
    input: Result<Json<Setup>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(input) = input?;
    let new =
        NewAccount { username: input.username, display_name: input.display_name, password: input.password };
    let username = new.username.trim().to_owned();
    let signed_in = access::complete_setup(&api.app, &input.token, new).await?;
    Ok(opened(&api, &signed_in, &username))
}

/// A new password for the caller.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The present password.
    current: String,
    /// The new one, at least 10 characters.
    new: String,
}

/// Change the own password. Every session of the account ends; this answer begins a new one.
#[utoipa::path(post, path = "/session/password", tag = "session", request_body = PasswordChange, responses(
    (status = 200, body = SessionBody), (status = 401, body = super::error::Problem),
    (status = 422, body = super::error::Problem), (status = 429, body = super::error::Problem)))]
pub async fn change_password(
    State(api): State<Api>,
    caller: Caller,
    input: Result<Json<PasswordChange>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(input) = input?;
    let signed_in = access::change_password(&api.app, &caller.0, &input.current, &input.new).await?;
    Ok(opened(&api, &signed_in, &caller.0.account.username))
}

fn opened(api: &Api, signed_in: &SignedIn, username: &str) -> Response {
    let cookie = session_cookie(Some(&signed_in.secret), api.config.is_https());
    ([(header::SET_COOKIE, cookie)], Json(body(api, &signed_in.actor, username))).into_response()
}

fn body(api: &Api, actor: &Actor, username: &str) -> SessionBody {
    let packs = api.app.packs();
    let home = home_region(&api.app, actor).or_else(|| packs.regions.roots().first().copied());
    SessionBody {
        user: SessionUser {
            id: actor.id.to_string(),
            username: username.to_owned(),
            display_name: actor.name.clone(),
        },
        grants: actor
            .grants
            .iter()
            .map(|grant| SessionGrant {
                role: grant.role.clone(),
                role_label: packs.roles.label(&grant.role).into(),
                region: grant.region.to_string(),
                region_name: packs.regions.get(&grant.region).map_or_else(String::new, |r| r.name.clone()),
            })
            .collect(),
        actions: actions_of(&api.app, actor).into_iter().map(|action| action.as_str()).collect(),
        sections: sections_of(&api.app, actor),
        home_region: home.map(|r| HomeRegion { region: r.into(), path: r.path.clone() }),
        today: api.app.today().to_string(),
        time_zone: api.app.time_zone_name(),
        demo: api.app.is_demo(),
        synthetic_notice: api.app.is_demo(),
    }
}
