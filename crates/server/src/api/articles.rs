//! Articles of the portal: writing, reviewing, publishing.

use super::{Api, ApiError, Caller};
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wanquan_app::portal::edit::{self, Manuscript, Opened};
use wanquan_app::portal::{render, review};
use wanquan_app::{Subject, authorize};
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::article::{Article, ArticleContent, ArticleStatus, Attachment};
use wanquan_domain::region::RegionCode;
use wanquan_domain::text::Lang;

const LIMIT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// A file to download.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AttachmentBody {
    /// Digest of the file, as its upload answered.
    pub file: String,
    /// Name under which it is saved.
    pub name: String,
}

/// What an article says.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ArticleContentBody {
    /// Title.
    pub title: String,
    /// Line below the title.
    #[serde(default)]
    pub subtitle: String,
    /// What lists and feeds show; the beginning of the body if empty.
    #[serde(default)]
    pub summary: String,
    /// Who wrote it, as shown.
    #[serde(default)]
    pub author: String,
    /// Who edited it, as shown.
    #[serde(default)]
    pub editor: String,
    /// Where it was taken from, as shown.
    #[serde(default)]
    pub source: String,
    /// Place that it reports from, as shown.
    #[serde(default)]
    pub place: String,
    /// Language of the text: `zh` or `en`.
    pub lang: String,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Digest of the cover image.
    #[serde(default)]
    pub cover: Option<String>,
    /// Body in Markdown.
    #[serde(default)]
    pub body: String,
    /// Files to download.
    #[serde(default)]
    pub attachments: Vec<AttachmentBody>,
    /// Whether readers may comment.
    #[serde(default)]
    pub comments_open: bool,
}

impl From<ArticleContent> for ArticleContentBody {
    fn from(c: ArticleContent) -> Self {
        let attachments = c.attachments.into_iter().map(|a| AttachmentBody { file: a.file, name: a.name });
        Self {
            title: c.title,
            subtitle: c.subtitle,
            summary: c.summary,
            author: c.author,
            editor: c.editor,
            source: c.source,
            place: c.place,
            lang: if c.lang == Lang::En { "en" } else { "zh" }.to_owned(),
            tags: c.tags,
            cover: c.cover,
            body: c.body,
            attachments: attachments.collect(),
            comments_open: c.comments_open,
        }
    }
}

impl TryFrom<ArticleContentBody> for ArticleContent {
    type Error = wanquan_app::Error;

    fn try_from(b: ArticleContentBody) -> Result<Self, wanquan_app::Error> {
        let lang = match b.lang.as_str() {
            "zh" => Lang::Zh,
            "en" => Lang::En,
            _ => {
                return Err(wanquan_app::Error::BadInput { field: "lang", message: "zh or en".to_owned() });
            }
        };
        let attachments = b.attachments.into_iter().map(|a| Attachment { file: a.file, name: a.name });
        Ok(Self {
            title: b.title,
            subtitle: b.subtitle,
            summary: b.summary,
            author: b.author,
            editor: b.editor,
            source: b.source,
            place: b.place,
            lang,
            tags: b.tags,
            cover: b.cover,
            body: b.body,
            attachments: attachments.collect(),
            comments_open: b.comments_open,
        })
    }
}

/// The region of an article.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ArticleRegion {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// What the caller may do with an article now, and why not.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ArticleActions {
    /// Change the working copy.
    pub edit: bool,
    /// Hand it to reviewers.
    pub submit: bool,
    /// Approve it, now or at a time.
    pub approve: bool,
    /// Why not: `own_work` for whoever wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approve_blocked: Option<&'static str>,
    /// Send it back to its writers.
    #[serde(rename = "return")]
    pub send_back: bool,
    /// Take the public version back.
    pub withdraw: bool,
    /// Put it under another channel or region.
    #[serde(rename = "move")]
    pub relocate: bool,
}

/// An article as it stands on a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ArticleSummary {
    /// Identifier.
    pub id: Uuid,
    /// Number in addresses.
    pub number: i64,
    /// Channel.
    pub channel: String,
    /// Region that it is about.
    pub region: ArticleRegion,
    /// `draft`, `in_review`, `scheduled`, `published` or `withdrawn`.
    pub status: &'static str,
    /// Title of the working copy.
    pub title: String,
    /// Language of the text.
    pub lang: String,
    /// True if readers can see a version.
    pub public: bool,
    /// Its address, from the first publication on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// When it became public first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_at: Option<String>,
    /// When the approved working copy becomes public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publish_at: Option<String>,
    /// Who changed it last.
    pub changed_by: String,
    /// When.
    pub changed_at: String,
    /// Version.
    pub version: u32,
    /// What the caller may do.
    pub actions: ArticleActions,
}

impl ArticleSummary {
    fn new(api: &Api, actor: &Actor, article: &Article) -> Self {
        let region = api.app.packs().regions.get(&article.region);
        Self {
            id: article.id,
            number: article.number,
            channel: article.channel.clone(),
            region: ArticleRegion {
                code: article.region.to_string(),
                name: region.map_or_else(|| article.region.to_string(), |r| r.name.clone()),
            },
            status: article.status.as_str(),
            title: article.content.title.clone(),
            lang: if article.content.lang == Lang::En { "en" } else { "zh" }.to_owned(),
            public: article.is_public(),
            address: article.address.clone(),
            published_at: article.published_at.map(|at| at.to_string()),
            publish_at: article.publish_at.map(|at| at.to_string()),
            changed_by: article.changed_by.clone(),
            changed_at: article.changed_at.to_string(),
            version: article.version,
            actions: actions(api, actor, article),
        }
    }
}

fn actions(api: &Api, actor: &Actor, article: &Article) -> ArticleActions {
    let may = |action| authorize(&api.app, actor, action, Subject::At(&article.region)).is_ok();
    let (writes, reviews) = (may(Action::ArticleWrite), may(Action::ArticleReview));
    let waits = article.status == ArticleStatus::InReview;
    let own = article.writers.contains(&actor.id);
    ArticleActions {
        edit: writes,
        submit: writes && article.status == ArticleStatus::Draft,
        approve: reviews && waits && !own,
        approve_blocked: (reviews && waits && own).then_some("own_work"),
        send_back: reviews && matches!(article.status, ArticleStatus::InReview | ArticleStatus::Scheduled),
        withdraw: reviews && article.is_public(),
        relocate: if article.is_public() { reviews } else { writes },
    }
}

/// A page of articles.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleList {
    /// The articles, the last begun first.
    pub items: Vec<ArticleSummary>,
    /// Cursor of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A public version.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleVersionBody {
    /// Number.
    pub n: u32,
    /// Title.
    pub title: String,
    /// What it corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<String>,
    /// Who approved it.
    pub approved_by: String,
    /// When it became public.
    pub published_at: String,
}

/// An article.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleBody {
    /// What lists show of it.
    pub summary: ArticleSummary,
    /// The working copy.
    pub content: ArticleContentBody,
    /// What the working copy corrects in the public version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<String>,
    /// What the last reviewer wanted changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Why it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
    /// Public versions, the latest first.
    pub versions: Vec<ArticleVersionBody>,
    /// Every address that it has or had.
    pub addresses: Vec<String>,
    /// How often it was read.
    pub views: i64,
}

impl ArticleBody {
    fn new(api: &Api, actor: &Actor, opened: Opened) -> Self {
        let Opened { article, versions, addresses, views } = opened;
        let summary = ArticleSummary::new(api, actor, &article);
        let versions = versions.into_iter().map(|v| ArticleVersionBody {
            n: v.n,
            title: v.content.title,
            correction: v.correction,
            approved_by: v.approved_by,
            published_at: v.published_at.to_string(),
        });
        Self {
            summary,
            content: article.content.into(),
            correction: article.correction,
            remark: article.remark,
            withdrawn: article.withdrawn,
            versions: versions.collect(),
            addresses,
            views,
        }
    }
}

/// Which articles.
#[derive(Debug, Deserialize, IntoParams)]
pub struct ArticleQuery {
    /// `draft`, `in_review`, `scheduled`, `published` or `withdrawn`.
    status: Option<String>,
    /// Channel with everything below.
    channel: Option<String>,
    /// Region with everything below.
    region: Option<String>,
    /// Cursor of the page.
    cursor: Option<Uuid>,
    /// Length of the page, at most 200.
    limit: Option<u32>,
}

/// A new article.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ArticleDraft {
    /// Channel.
    channel: String,
    /// Region that it is about.
    region: String,
    /// What it says.
    content: ArticleContentBody,
}

/// A changed working copy.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ArticleEdit {
    /// Version that the person saw.
    version: Option<u32>,
    /// What it says now.
    content: ArticleContentBody,
}

/// A working copy for reviewers.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct ArticleSubmission {
    /// Version that the person saw.
    version: Option<u32>,
    /// What it corrects, for readers; needed if a version is public.
    #[serde(default)]
    correction: String,
}

/// An approval.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct ArticleApproval {
    /// Version that the person saw.
    version: Option<u32>,
    /// When it becomes public; at once if absent.
    #[schema(value_type = Option<String>)]
    publish_at: Option<Timestamp>,
}

/// Words that go with a step.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ArticleRemark {
    /// Version that the person saw.
    version: Option<u32>,
    /// What is to be changed, or why it is withdrawn; the latter is shown to readers.
    text: String,
}

/// Where an article goes.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ArticleMove {
    /// Version that the person saw.
    version: Option<u32>,
    /// Channel.
    channel: String,
    /// Region that it is about.
    region: String,
}

/// Markdown to be looked at.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PreviewRequest {
    /// Body in Markdown.
    body: String,
}

/// What readers would get.
#[derive(Debug, Serialize, ToSchema)]
pub struct Preview {
    /// The rendered and sanitised body.
    html: String,
    /// What lists would show.
    summary: String,
}

async fn opened(api: &Api, caller: &Caller, id: Uuid) -> Result<Json<ArticleBody>, ApiError> {
    let opened = edit::read_article(&api.app, caller.actor(), id).await?;
    Ok(Json(ArticleBody::new(api, caller.actor(), opened)))
}

/// Articles of the caller's regions.
#[utoipa::path(get, path = "/articles", tag = "portal", params(ArticleQuery), responses(
    (status = 200, body = ArticleList), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 422, body = super::error::Problem)))]
pub async fn list_articles(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<ArticleQuery>, QueryRejection>,
) -> Result<Json<ArticleList>, ApiError> {
    let Query(query) = query?;
    let status = query.status.filter(|text| !text.is_empty()).map(|text| {
        ArticleStatus::parse(&text).ok_or_else(|| wanquan_app::Error::BadInput {
            field: "status",
            message: "draft, in_review, scheduled, published or withdrawn".to_owned(),
        })
    });
    let query = edit::Query {
        status: status.transpose()?,
        channel: query.channel.filter(|channel| !channel.is_empty()),
        region: query.region.filter(|code| !code.is_empty()).map(|code| RegionCode::new(&code)),
        after: query.cursor,
        limit: query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX),
    };
    let (articles, next) = edit::list_articles(&api.app, caller.actor(), &query).await?;
    let items = articles.iter().map(|a| ArticleSummary::new(&api, caller.actor(), a)).collect();
    Ok(Json(ArticleList { items, next_cursor: next.map(|id| id.to_string()) }))
}

/// Begin an article.
#[utoipa::path(post, path = "/articles", tag = "portal", request_body = ArticleDraft, responses(
    (status = 201, body = ArticleBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 422, body = super::error::Problem)))]
pub async fn create_article(
    State(api): State<Api>,
    caller: Caller,
    input: Result<Json<ArticleDraft>, JsonRejection>,
) -> Result<(StatusCode, Json<ArticleBody>), ApiError> {
    let Json(input) = input?;
    let manuscript = Manuscript {
        channel: input.channel,
        region: RegionCode::new(&input.region),
        content: input.content.try_into()?,
    };
    let drafted = edit::create_article(&api.app, caller.actor(), manuscript).await?;
    Ok((StatusCode::CREATED, opened(&api, &caller, drafted.id).await?))
}

/// An article with its versions.
#[utoipa::path(get, path = "/articles/{id}", tag = "portal",
    params(("id" = Uuid, Path, description = "Article")), responses(
    (status = 200, body = ArticleBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem)))]
pub async fn read_article(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Json<ArticleBody>, ApiError> {
    opened(&api, &caller, id?.0).await
}

/// Change the working copy of an article.
#[utoipa::path(put, path = "/articles/{id}", tag = "portal",
    params(("id" = Uuid, Path, description = "Article")), request_body = ArticleEdit, responses(
    (status = 200, body = ArticleBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 409, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn update_article(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<ArticleEdit>, JsonRejection>,
) -> Result<Json<ArticleBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let content = input.content.try_into()?;
    edit::update_article(&api.app, caller.actor(), id, input.version, content).await?;
    opened(&api, &caller, id).await
}

/// Hand the working copy to reviewers.
#[utoipa::path(post, path = "/articles/{id}/submit", tag = "portal",
    params(("id" = Uuid, Path, description = "Article")), request_body = ArticleSubmission, responses(
    (status = 200, body = ArticleBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 409, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn submit_article(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<ArticleSubmission>, JsonRejection>,
) -> Result<Json<ArticleBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    edit::submit_article(&api.app, caller.actor(), id, input.version, &input.correction).await?;
    opened(&api, &caller, id).await
}

/// Approve the working copy, now or at a time.
#[utoipa::path(post, path = "/articles/{id}/approve", tag = "portal",
    params(("id" = Uuid, Path, description = "Article")), request_body = ArticleApproval, responses(
    (status = 200, body = ArticleBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 409, body = super::error::Problem)))]
pub async fn approve_article(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<ArticleApproval>, JsonRejection>,
) -> Result<Json<ArticleBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    review::approve_article(&api.app, caller.actor(), id, input.version, input.publish_at).await?;
    opened(&api, &caller, id).await
}

/// Send the working copy back to its writers.
#[utoipa::path(post, path = "/articles/{id}/return", tag = "portal",
    params(("id" = Uuid, Path, description = "Article")), request_body = ArticleRemark, responses(
    (status = 200, body = ArticleBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 409, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn return_article(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<ArticleRemark>, JsonRejection>,
) -> Result<Json<ArticleBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    review::return_article(&api.app, caller.actor(), id, input.version, &input.text).await?;
    opened(&api, &caller, id).await
}

/// Take a public article back.
#[utoipa::path(post, path = "/articles/{id}/withdraw", tag = "portal",
    params(("id" = Uuid, Path, description = "Article")), request_body = ArticleRemark, responses(
    (status = 200, body = ArticleBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 409, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn withdraw_article(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<ArticleRemark>, JsonRejection>,
) -> Result<Json<ArticleBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    review::withdraw_article(&api.app, caller.actor(), id, input.version, &input.text).await?;
    opened(&api, &caller, id).await
}

/// Put an article under another channel or region; its former addresses lead to the new one.
#[utoipa::path(post, path = "/articles/{id}/move", tag = "portal",
    params(("id" = Uuid, Path, description = "Article")), request_body = ArticleMove, responses(
    (status = 200, body = ArticleBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 409, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn move_article(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<ArticleMove>, JsonRejection>,
) -> Result<Json<ArticleBody>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let region = RegionCode::new(&input.region);
    edit::move_article(&api.app, caller.actor(), id, input.version, &input.channel, &region).await?;
    opened(&api, &caller, id).await
}

/// Markdown as readers would get it.
#[utoipa::path(post, path = "/articles/preview", tag = "portal", request_body = PreviewRequest, responses(
    (status = 200, body = Preview), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem)))]
pub async fn preview_article(
    State(api): State<Api>,
    caller: Caller,
    input: Result<Json<PreviewRequest>, JsonRejection>,
) -> Result<Json<Preview>, ApiError> {
    let Json(input) = input?;
    authorize(&api.app, caller.actor(), Action::ArticleWrite, Subject::Anywhere)?;
    let body = input.body;
    let drawn = tokio::task::spawn_blocking(move || Preview {
        html: render::to_html(&body),
        summary: render::summary("", &body),
    });
    let preview = drawn.await.map_err(|e| wanquan_app::Error::Internal(e.to_string()))?;
    Ok(Json(preview))
}
