//! Channels of the portal.

use super::{Api, ApiError, Caller, Label};
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wanquan_app::portal::channels::{self, Arrangement};
use wanquan_domain::channel::{Channel, ChannelTree};
use wanquan_domain::text::Text;

/// A channel.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelBody {
    /// Identifier.
    pub id: String,
    /// The channel that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Its segment in addresses.
    pub slug: String,
    /// Shown name.
    pub title: Label,
    /// Place among its siblings.
    pub position: i64,
    /// No longer offered.
    pub closed: bool,
    /// Address of its page.
    pub address: String,
    /// Version.
    pub version: u32,
}

impl ChannelBody {
    fn new(tree: &ChannelTree, channel: &Channel) -> Self {
        Self {
            id: channel.id.clone(),
            parent: channel.parent.clone(),
            slug: channel.slug.clone(),
            title: (&channel.title).into(),
            position: channel.position,
            closed: channel.closed,
            address: tree.address(&channel.id),
            version: channel.version,
        }
    }
}

/// Every channel.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelList {
    /// The channels, by position.
    pub items: Vec<ChannelBody>,
}

/// A shown name in both languages.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ChannelTitle {
    /// English.
    en: String,
    /// Chinese.
    zh: String,
}

/// A channel as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ChannelArrangement {
    /// Version that the person saw, when changing one.
    version: Option<u32>,
    /// The channel that it belongs to.
    parent: Option<String>,
    /// Its segment in addresses: lower-case letters, digits, hyphens.
    slug: String,
    /// Shown name.
    title: ChannelTitle,
    /// Place among its siblings.
    #[serde(default)]
    position: i64,
    /// No longer offered.
    #[serde(default)]
    closed: bool,
}

impl From<ChannelArrangement> for Arrangement {
    fn from(body: ChannelArrangement) -> Self {
        Self {
            parent: body.parent.filter(|parent| !parent.is_empty()),
            slug: body.slug,
            title: Text::new(body.title.en, body.title.zh),
            position: body.position,
            closed: body.closed,
        }
    }
}

async fn one(api: &Api, channel: &Channel) -> Result<Json<ChannelBody>, ApiError> {
    let tree = channels::list_channels(&api.app).await?;
    Ok(Json(ChannelBody::new(&tree, channel)))
}

/// Every channel.
#[utoipa::path(get, path = "/channels", tag = "portal", responses(
    (status = 200, body = ChannelList), (status = 401, body = super::error::Problem)))]
pub async fn list_channels(State(api): State<Api>, _caller: Caller) -> Result<Json<ChannelList>, ApiError> {
    let tree = channels::list_channels(&api.app).await?;
    Ok(Json(ChannelList { items: tree.all().iter().map(|c| ChannelBody::new(&tree, c)).collect() }))
}

/// Make a channel.
#[utoipa::path(post, path = "/channels", tag = "portal", request_body = ChannelArrangement, responses(
    (status = 201, body = ChannelBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn create_channel(
    State(api): State<Api>,
    caller: Caller,
    input: Result<Json<ChannelArrangement>, JsonRejection>,
) -> Result<(StatusCode, Json<ChannelBody>), ApiError> {
    let Json(input) = input?;
    let channel = channels::create_channel(&api.app, caller.actor(), input.into()).await?;
    Ok((StatusCode::CREATED, one(&api, &channel).await?))
}

/// Change a channel; former addresses lead to the new ones.
#[utoipa::path(put, path = "/channels/{id}", tag = "portal",
    params(("id" = String, Path, description = "Channel")), request_body = ChannelArrangement, responses(
    (status = 200, body = ChannelBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 409, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn update_channel(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    input: Result<Json<ChannelArrangement>, JsonRejection>,
) -> Result<Json<ChannelBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let version = input.version;
    let channel = channels::update_channel(&api.app, caller.actor(), &id, version, input.into()).await?;
    one(&api, &channel).await
}
