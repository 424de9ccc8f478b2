//! Publications: drafts, and what was published.

use super::{Api, ApiError, Caller};
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wanquan_app::publish::{self, Draft};
use wanquan_domain::publication::{Publication, PublicationStatus};
use wanquan_domain::region::RegionCode;

const LIMIT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// The region of a publication.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicationRegion {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// A publication.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicationBody {
    /// Identifier.
    pub id: Uuid,
    /// Region.
    pub region: PublicationRegion,
    /// Title.
    pub title: String,
    /// Text, paragraphs separated by blank lines.
    pub text: String,
    /// `draft`, `published` or `superseded`.
    pub status: &'static str,
    /// The figures as frozen when drafted.
    #[schema(value_type = Object)]
    pub figures: Value,
    /// Who drafted it.
    pub drafted_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub drafted_at: String,
    /// Who published it.
    pub published_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    pub published_at: Option<String>,
    /// Version.
    pub version: u32,
}

impl PublicationBody {
    fn new(api: &Api, publication: Publication) -> Self {
        let region = api.app.packs().regions.get(&publication.region);
        Self {
            id: publication.id,
            region: PublicationRegion {
                code: publication.region.to_string(),
                name: region.map_or_else(|| publication.region.to_string(), |r| r.name.clone()),
            },
            title: publication.title,
            text: publication.body,
            status: publication.status.as_str(),
            figures: publication.figures,
            drafted_by: publication.drafted_by,
            drafted_at: publication.drafted_at.to_string(),
            published_by: publication.published_by,
            published_at: publication.published_at.map(|at| at.to_string()),
            version: publication.version,
        }
    }
}

/// A page of publications.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicationList {
    /// Latest first.
    pub items: Vec<PublicationBody>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// Which publications.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PublicationQuery {
    /// `draft`, `published` or `superseded`; every status if absent.
    status: Option<String>,
    /// Region with everything below.
    region: Option<String>,
    /// Where the page begins.
    cursor: Option<Uuid>,
    /// Length of the page, 1 to 200.
    limit: Option<u32>,
}

/// What is drafted.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PublicationDraft {
    /// Region.
    region: String,
    /// Title, 1 to 200 characters.
    title: String,
    /// Text, at most 20,000 characters.
    #[serde(default)]
    text: String,
    /// Disease; the one counted most in the last four weeks if absent.
    disease: Option<String>,
    /// Measure; the disease's main one if absent.
    measure: Option<String>,
}

/// Which version is published.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct PublishBody {
    /// Version that the person saw.
    version: Option<u32>,
}

/// Publications of the caller's regions.
#[utoipa::path(get, path = "/publications", tag = "publications", params(PublicationQuery), responses(
    (status = 200, body = PublicationList), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn list_publications(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<PublicationQuery>, QueryRejection>,
) -> Result<Json<PublicationList>, ApiError> {
    let Query(query) = query?;
    let status = query.status.filter(|text| !text.is_empty()).map(|text| {
        PublicationStatus::parse(&text).ok_or_else(|| wanquan_app::Error::BadInput {
            field: "status",
            message: "draft, published or superseded".to_owned(),
        })
    });
    let query = publish::Query {
        status: status.transpose()?,
        region: query.region.filter(|code| !code.is_empty()).map(|code| RegionCode::new(&code)),
        after: query.cursor,
        limit: query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX),
    };
    let (publications, next) = publish::list_publications(&api.app, caller.actor(), &query).await?;
    let items = publications.into_iter().map(|p| PublicationBody::new(&api, p)).collect();
    Ok(Json(PublicationList { items, next_cursor: next.map(|id| id.to_string()) }))
}

/// Draft a publication with the figures of now.
#[utoipa::path(post, path = "/publications", tag = "publications", request_body = PublicationDraft, responses(
    (status = 201, body = PublicationBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 422, body = super::error::Problem)))]
pub async fn create_publication(
    State(api): State<Api>,
    caller: Caller,
    input: Result<Json<PublicationDraft>, JsonRejection>,
) -> Result<(StatusCode, Json<PublicationBody>), ApiError> {
    let Json(input) = input?;
    let draft = Draft {
        region: RegionCode::new(&input.region),
        title: input.title,
        text: input.text,
        disease: input.disease,
        measure: input.measure,
    };
    let drafted = publish::draft_publication(&api.app, caller.actor(), draft).await?;
    Ok((StatusCode::CREATED, Json(PublicationBody::new(&api, drafted))))
}

/// What a bulletin is to be written about.
#[derive(Debug, Deserialize, ToSchema)]
pub struct BulletinInput {
    /// Region.
    region: String,
    /// Disease; the one counted most in the last four weeks if absent.
    disease: Option<String>,
    /// Measure; the disease's main one if absent.
    measure: Option<String>,
}

/// A title and a text, proposed.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulletinBody {
    /// Title.
    pub title: String,
    /// Text in Chinese, then in English.
    pub text: String,
}

/// Propose the words of a bulletin from the figures of now; nothing is stored.
#[utoipa::path(post, path = "/publications/propose", tag = "publications", request_body = BulletinInput, responses(
    (status = 200, body = BulletinBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 422, body = super::error::Problem)))]
pub async fn propose_bulletin(
    State(api): State<Api>,
    caller: Caller,
    input: Result<Json<BulletinInput>, JsonRejection>,
) -> Result<Json<BulletinBody>, ApiError> {
    let Json(input) = input?;
    let region = RegionCode::new(&input.region);
    let bulletin =
        publish::propose_bulletin(&api.app, caller.actor(), region, input.disease, input.measure).await?;
    Ok(Json(BulletinBody { title: bulletin.title, text: bulletin.text }))
}

/// Publish a draft.
#[utoipa::path(post, path = "/publications/{id}/publish", tag = "publications",
    params(("id" = Uuid, Path, description = "Publication")), request_body = PublishBody,
    responses((status = 200, body = PublicationBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 409, body = super::error::Problem)))]
pub async fn publish_publication(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<PublishBody>, JsonRejection>,
) -> Result<Json<PublicationBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let published = publish::publish_publication(&api.app, caller.actor(), id, input.version).await?;
    Ok(Json(PublicationBody::new(&api, published)))
}
