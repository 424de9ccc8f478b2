//! Accounts, the roles they hold, and what roles allow.

use super::error::Problem;
use super::{Api, ApiError, Caller, Label};
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wanquan_app::access::NewAccount;
use wanquan_app::administer::{self, User, UserChange};
use wanquan_domain::actor::Grant;
use wanquan_domain::pack::Packs;
use wanquan_domain::region::RegionCode;

/// Users of a page if the caller does not say.
const LIMIT_DEFAULT: usize = 200;

/// A person with an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserBody {
    /// Account.
    pub id: Uuid,
    /// Name to sign in with.
    pub username: String,
    /// Name as shown.
    pub display_name: String,
    /// May not sign in.
    pub disabled: bool,
    /// When the account was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Roles held.
    pub grants: Vec<GrantBody>,
}

/// A role held for a region and everything below it.
#[derive(Debug, Serialize, ToSchema)]
pub struct GrantBody {
    /// Identifier among the grants of the user.
    pub id: String,
    /// Role.
    pub role: String,
    /// Its name.
    pub role_label: Label,
    /// Region.
    pub region: String,
    /// Its name; the code if it is not in the tree any more.
    pub region_name: String,
}

/// One page of users.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserPage {
    /// In the order in which the accounts were made.
    pub items: Vec<UserBody>,
    /// Where the next page begins.
    pub next_cursor: Option<Uuid>,
}

/// A role as packs declare it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleBody {
    /// Identifier.
    pub id: String,
    /// Name.
    pub label: Label,
    /// Actions that it allows.
    pub grants: Vec<&'static str>,
}

/// The roles.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleList {
    /// In the order of the packs.
    pub items: Vec<RoleBody>,
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Name to sign in with.
    username: String,
    /// Name as shown.
    display_name: String,
    /// First password, at least 10 characters.
    password: String,
}

/// What changes about an account; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedUser {
    /// Name as shown.
    display_name: Option<String>,
    /// May not sign in.
    disabled: Option<bool>,
    /// New password, for somebody who forgot it.
    password: Option<String>,
}

/// A role to be given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// Role.
    role: String,
    /// Region.
    region: String,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UserPaging {
    /// Where the page begins.
    cursor: Option<Uuid>,
    /// Users of the page, at most 1,000.
    limit: Option<usize>,
}

fn body(packs: &Packs, user: User) -> UserBody {
    let grant = |grant: Grant| GrantBody {
        id: format!("{}@{}", grant.role, grant.region),
        role_label: packs.roles.label(&grant.role).into(),
        region_name: packs
            .regions
            .get(&grant.region)
            .map_or_else(|| grant.region.to_string(), |region| region.name.clone()),
        region: grant.region.to_string(),
        role: grant.role,
    };
    UserBody {
        id: user.id,
        username: user.username,
        display_name: user.display_name,
        disabled: user.disabled,
        created_at: user.created_at.to_string(),
        grants: user.grants.into_iter().map(grant).collect(),
    }
}

/// Users with a role in the regions that the caller manages, and those without any role.
#[utoipa::path(get, path = "/users", tag = "administration", params(UserPaging), responses(
    (status = 200, body = UserPage), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn list_users(
    State(api): State<Api>,
    caller: Caller,
    paging: Result<Query<UserPaging>, QueryRejection>,
) -> Result<Json<UserPage>, ApiError> {
    let Query(paging) = paging?;
    let limit = paging.limit.unwrap_or(LIMIT_DEFAULT);
    let users = administer::users(&api.app, caller.actor(), paging.cursor, limit).await?;
    let packs = api.app.packs();
    let items = users.items.into_iter().map(|user| body(packs, user)).collect();
    Ok(Json(UserPage { items, next_cursor: users.next }))
}

/// Make an account. It has no role until one is given.
#[utoipa::path(post, path = "/users", tag = "administration", request_body = NewUser, responses(
    (status = 201, body = UserBody), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create_user(
    State(api): State<Api>,
    caller: Caller,
    input: Result<Json<NewUser>, JsonRejection>,
) -> Result<(StatusCode, Json<UserBody>), ApiError> {
    let Json(input) = input?;
    let new =
        NewAccount { username: input.username, display_name: input.display_name, password: input.password };
    let user = administer::create_user(&api.app, caller.actor(), new).await?;
    Ok((StatusCode::CREATED, Json(body(api.app.packs(), user))))
}

/// A user.
#[utoipa::path(get, path = "/users/{id}", tag = "administration",
    params(("id" = Uuid, Path, description = "Account")), responses((status = 200, body = UserBody),
    (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn read_user(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Json<UserBody>, ApiError> {
    let Path(id) = id?;
    let user = administer::user(&api.app, caller.actor(), id).await?;
    Ok(Json(body(api.app.packs(), user)))
}

/// Rename, disable or enable an account, or set a new password for somebody who forgot it.
#[utoipa::path(put, path = "/users/{id}", tag = "administration", request_body = ChangedUser,
    params(("id" = Uuid, Path, description = "Account")), responses((status = 200, body = UserBody),
    (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn update_user(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<ChangedUser>, JsonRejection>,
) -> Result<Json<UserBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let change =
        UserChange { display_name: input.display_name, disabled: input.disabled, password: input.password };
    let user = administer::change_user(&api.app, caller.actor(), id, change).await?;
    Ok(Json(body(api.app.packs(), user)))
}

/// Give a role for a region.
#[utoipa::path(post, path = "/users/{id}/grants", tag = "administration", request_body = NewGrant,
    params(("id" = Uuid, Path, description = "Account")), responses((status = 200, body = UserBody),
    (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 422, body = Problem)))]
pub async fn create_grant(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<NewGrant>, JsonRejection>,
) -> Result<Json<UserBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let grant = Grant { role: input.role, region: RegionCode::new(&input.region) };
    let user = administer::add_grant(&api.app, caller.actor(), id, grant).await?;
    Ok(Json(body(api.app.packs(), user)))
}

/// Take a role back.
#[utoipa::path(delete, path = "/users/{id}/grants/{grant}", tag = "administration",
    params(("id" = Uuid, Path, description = "Account"), ("grant" = String, Path, description = "Grant")),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete_grant(
    State(api): State<Api>,
    caller: Caller,
    path: Result<Path<(Uuid, String)>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path((id, grant)) = path?;
    let unknown = || ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("no grant `{grant}`"));
    let (role, region) = grant.split_once('@').ok_or_else(unknown)?;
    let held = Grant { role: role.to_owned(), region: RegionCode::new(region) };
    administer::remove_grant(&api.app, caller.actor(), id, &held).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The roles that packs declare, with what each allows.
#[utoipa::path(get, path = "/roles", tag = "administration", responses((status = 200, body = RoleList),
    (status = 401, body = Problem)))]
pub async fn list_roles(State(api): State<Api>, _caller: Caller) -> Json<RoleList> {
    let roles = api.app.packs().roles.0.iter();
    let items = roles.map(|role| RoleBody {
        id: role.id.clone(),
        label: Label::from(&role.label),
        grants: role.actions.iter().map(|action| action.as_str()).collect(),
    });
    Json(RoleList { items: items.collect() })
}
