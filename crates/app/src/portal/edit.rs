//! Writing: drafts, changes, hand-over to reviewers, moves between channels.

use super::public::{self, live_version, tree};
use super::{load, subject};
use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::bus::Change;
use crate::error::Error;
use serde_json::json;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::article::{Article, ArticleContent, ArticleStatus, ArticleVersion, checked_note};
use wanquan_domain::channel::ChannelTree;
use wanquan_domain::record::new_uuid;
use wanquan_domain::region::RegionCode;
use wanquan_store::{Tx, article, portal};

/// What a person writes.
#[derive(Debug, Clone)]
pub struct Manuscript {
    /// Channel.
    pub channel: String,
    /// Region that it is about.
    pub region: RegionCode,
    /// What it says.
    pub content: ArticleContent,
}

/// Which articles.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Status of the working copy.
    pub status: Option<ArticleStatus>,
    /// Channel with everything below.
    pub channel: Option<String>,
    /// Region with everything below.
    pub region: Option<RegionCode>,
    /// Cursor of the page.
    pub after: Option<Uuid>,
    /// Length of the page.
    pub limit: u32,
}

/// An article as its editors see it.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The article.
    pub article: Article,
    /// Its public versions, the latest first.
    pub versions: Vec<ArticleVersion>,
    /// Every address that it has or had.
    pub addresses: Vec<String>,
    /// How often it was read.
    pub views: i64,
}

fn check_version(found: &Article, seen: Option<u32>) -> Result<(), Error> {
    match seen {
        Some(version) if version != found.version => Err(Error::conflict("article", found.version)),
        _ => Ok(()),
    }
}

pub(super) fn known_channel(tree: &ChannelTree, id: &str) -> Result<(), Error> {
    match tree.get(id) {
        Some(channel) if !channel.closed => Ok(()),
        Some(_) => Err(Error::BadInput { field: "channel", message: format!("channel `{id}` is closed") }),
        None => Err(Error::not_found("channel", id)),
    }
}

/// Every file that the content names is there.
async fn check_files(tx: &mut Tx<'_>, content: &ArticleContent) -> Result<(), Error> {
    let named = content.cover.iter().chain(content.attachments.iter().map(|a| &a.file));
    for digest in named {
        if portal::get_file(tx, digest).await?.is_none() {
            return Err(Error::not_found("file", digest));
        }
    }
    Ok(())
}

/// Begins an article.
///
/// # Errors
/// `Forbidden`; `NotFound` for an unknown region, channel or file; `BadInput` for content.
pub async fn create_article(app: &App, actor: &Actor, manuscript: Manuscript) -> Result<Article, Error> {
    authorize(app, actor, Action::ArticleWrite, Subject::At(&manuscript.region))?;
    let content = manuscript.content.checked()?;
    let mut tx = app.write().await?;
    known_channel(&tree(&mut tx).await?, &manuscript.channel)?;
    check_files(&mut tx, &content).await?;
    let number = article::next_number(&mut tx).await?;
    let drafted = new_article(app, number, manuscript.channel, manuscript.region, content, actor);
    article::insert(&mut tx, &drafted).await?;
    let detail = json!({ "number": number, "channel": drafted.channel, "region": drafted.region });
    app.audit(&mut tx, actor, "article.create", &subject(drafted.id), detail).await?;
    tx.commit().await?;
    app.bus().send(Change::Article);
    Ok(drafted)
}

pub(super) fn new_article(
    app: &App,
    number: i64,
    channel: String,
    region: RegionCode,
    content: ArticleContent,
    actor: &Actor,
) -> Article {
    let region_path = app.packs().regions.get(&region).map_or_else(String::new, |r| r.path.clone());
    Article {
        id: new_uuid(app.now()),
        number,
        channel,
        region,
        region_path,
        status: ArticleStatus::Draft,
        content,
        correction: None,
        remark: None,
        writers: vec![actor.id],
        publish_at: None,
        approved_by: None,
        live: None,
        frozen: 0,
        published_at: None,
        address: None,
        withdrawn: None,
        changed_by: actor.name.clone(),
        changed_at: app.now(),
        version: 1,
    }
}

/// Changes what the working copy says. What readers see stays as it is until the change is approved.
///
/// # Errors
/// `NotFound`; `Forbidden`; `Conflict` if it is not at `version` any more; `BadInput`.
pub async fn update_article(
    app: &App,
    actor: &Actor,
    id: Uuid,
    version: Option<u32>,
    content: ArticleContent,
) -> Result<Article, Error> {
    let content = content.checked()?;
    let mut tx = app.write().await?;
    let found = load(&mut tx, id).await?;
    authorize(app, actor, Action::ArticleWrite, Subject::At(&found.region))?;
    check_version(&found, version)?;
    check_files(&mut tx, &content).await?;
    let next = found.edit(content, (actor.id, &actor.name), app.now());
    article::update(&mut tx, &next).await?;
    let detail = json!({ "version": next.version });
    app.audit(&mut tx, actor, "article.edit", &subject(id), detail).await?;
    tx.commit().await?;
    app.bus().send(Change::Article);
    Ok(next)
}

/// Hands the working copy to reviewers. A correction of something public carries a note for readers.
///
/// # Errors
/// `NotFound`; `Forbidden`; `Conflict`; `Refused`.
pub async fn submit_article(
    app: &App,
    actor: &Actor,
    id: Uuid,
    version: Option<u32>,
    correction: &str,
) -> Result<Article, Error> {
    let correction = checked_note("correction", correction)?;
    let mut tx = app.write().await?;
    let found = load(&mut tx, id).await?;
    authorize(app, actor, Action::ArticleWrite, Subject::At(&found.region))?;
    check_version(&found, version)?;
    let next = found.submit(&correction, &actor.name, app.now())?;
    article::update(&mut tx, &next).await?;
    app.audit(&mut tx, actor, "article.submit", &subject(id), json!({ "version": next.version })).await?;
    tx.commit().await?;
    app.bus().send(Change::Article);
    Ok(next)
}

/// Puts an article under another channel or about another region. If it is public it answers at its new address at
/// once, and its former addresses lead there.
///
/// # Errors
/// `NotFound`; `Forbidden` for either region, and for a public article without the right to approve; `Conflict`.
pub async fn move_article(
    app: &App,
    actor: &Actor,
    id: Uuid,
    version: Option<u32>,
    channel: &str,
    region: &RegionCode,
) -> Result<Article, Error> {
    let mut tx = app.write().await?;
    let found = load(&mut tx, id).await?;
    let action = if found.is_public() { Action::ArticleReview } else { Action::ArticleWrite };
    authorize(app, actor, action, Subject::At(&found.region))?;
    authorize(app, actor, action, Subject::At(region))?;
    check_version(&found, version)?;
    let tree = tree(&mut tx).await?;
    known_channel(&tree, channel)?;
    let path = app.packs().regions.get(region).map_or_else(String::new, |r| r.path.clone());
    let from = found.address.clone();
    let mut next = found.moved(channel, (region, &path), &actor.name, app.now());
    let live = live_version(&mut tx, &next).await?;
    if let (Some(_), Some(published_at)) = (&live, next.published_at) {
        next.address = Some(public::address_of(app, &tree, &next, published_at));
    }
    article::update(&mut tx, &next).await?;
    let generation = match &live {
        Some(version) => Some(public::show(app, &mut tx, &tree, &next, version).await?),
        None => None,
    };
    let detail = json!({ "channel": channel, "region": region, "from": from, "to": next.address });
    app.audit(&mut tx, actor, "article.move", &subject(id), detail).await?;
    tx.commit().await?;
    if let Some(generation) = generation {
        app.portal_changed(generation);
    }
    app.bus().send(Change::Article);
    Ok(next)
}

/// An article with its versions.
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub async fn read_article(app: &App, actor: &Actor, id: Uuid) -> Result<Opened, Error> {
    let mut tx = app.read().await?;
    let article = load(&mut tx, id).await?;
    authorize(app, actor, Action::ArticleWrite, Subject::At(&article.region))
        .or_else(|_| authorize(app, actor, Action::ArticleReview, Subject::At(&article.region)))?;
    let versions = article::version::list(&mut tx, id).await?;
    let addresses = portal::addresses(&mut tx, public::ARTICLE, &id.to_string()).await?;
    let views = article::views(&mut tx, id).await?;
    Ok(Opened { article, versions, addresses, views })
}

/// Articles of the actor's regions, the last begun first, with the cursor of the next page.
///
/// # Errors
/// `Forbidden`; `NotFound` for an unknown region or channel.
pub async fn list_articles(
    app: &App,
    actor: &Actor,
    query: &Query,
) -> Result<(Vec<Article>, Option<Uuid>), Error> {
    let within = query.region.as_ref().map_or(Subject::Anywhere, Subject::Within);
    let scope = authorize(app, actor, Action::ArticleWrite, within)
        .or_else(|_| authorize(app, actor, Action::ArticleReview, within))?;
    let mut tx = app.read().await?;
    let channels = match &query.channel {
        Some(id) => {
            let tree = tree(&mut tx).await?;
            tree.get(id).ok_or_else(|| Error::not_found("channel", id))?;
            tree.below(id).into_iter().map(str::to_owned).collect()
        }
        None => Vec::new(),
    };
    let filter = article::Filter { paths: scope.paths().to_vec(), status: query.status, channels };
    Ok(article::list(&mut tx, &filter, query.after, query.limit).await?)
}
