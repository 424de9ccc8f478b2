//! Articles from and to other systems: a folder of Markdown, a WordPress export (WXR), and everything out and back.
//!
//! What other systems published stays published, with its day, and its former address leads to the new one. What this
//! one wrote out it takes back as it was: identifiers, numbers, versions, addresses.

mod comments;
mod markdown;
mod media;
mod wxr;

pub use comments::{COMMENTS_AT_ONCE, TakenComments, export_comments, restore_comments};
pub use markdown::{parse_markdown, write_markdown};
pub use media::{MediaTaken, take_media};
pub use wxr::{Export, parse_wxr};

use super::edit::{known_channel, new_article};
use super::files::PortalFile;
use super::public::{self, ARTICLE, CHANNEL, live_version, tree};
use super::{render, review, subject};
use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::error::Error;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::article::{
    Article, ArticleContent, ArticleStatus, ArticleVersion, TAG_CHARS_MAX, TAGS_MAX, clean_line,
};
use wanquan_domain::channel::Channel;
use wanquan_domain::comment::{Comment, CommentRules, CommentStatus};
use wanquan_domain::record::new_uuid;
use wanquan_domain::region::RegionCode;
use wanquan_store::article::version;
use wanquan_store::{Tx, article, channel, comment, portal};

/// Articles that are taken in one transaction: other writers wait no longer than for these.
const BATCH: usize = 200;
/// Articles that are read at once.
const READ: u32 = 200;

/// An article of another system.
#[derive(Debug, Clone, PartialEq)]
pub struct Foreign {
    /// What it says.
    pub content: ArticleContent,
    /// Channels, each by the names under which it may be known here: identifier or segment, and what readers see. The
    /// first that exists here is taken; names of the others become tags.
    pub channels: Vec<Vec<String>>,
    /// Region, if it names one.
    pub region: Option<String>,
    /// When it became public there; `None` for a draft.
    pub published_at: Option<Timestamp>,
    /// Paths at which it stood there.
    pub addresses: Vec<String>,
    /// Where its cover stood there.
    pub cover: Option<String>,
    /// What readers wrote below it, in order.
    pub comments: Vec<ForeignComment>,
}

/// A comment of another system.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignComment {
    /// Name; may be empty.
    pub name: String,
    /// Text.
    pub text: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Where it stood there.
    pub status: CommentStatus,
    /// The comment that it answers, by its place among those of the article.
    pub parent: Option<usize>,
}

/// Where articles go that name no channel and no region of this installation.
#[derive(Debug, Clone)]
pub struct Placing {
    /// Channel.
    pub channel: String,
    /// Region.
    pub region: RegionCode,
    /// Makes public what was public there; otherwise everything becomes a draft.
    pub publish: bool,
    /// Writes nothing, and says what would be taken.
    pub dry_run: bool,
}

/// What became of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Articles that were taken.
    pub articles: usize,
    /// Those of them that are public.
    pub public: usize,
    /// Those of them that become public at their time.
    pub scheduled: usize,
    /// Comments that were taken.
    pub comments: usize,
    /// Articles that were there already.
    pub known: usize,
    /// Those that were refused, with why.
    pub refused: Vec<(String, String)>,
}

/// Takes articles of another system.
///
/// # Errors
/// `Forbidden`; `NotFound` for the channel or region of `placing`; a refused article is no error.
pub async fn import_articles(
    app: &App,
    actor: &Actor,
    articles: Vec<Foreign>,
    placing: &Placing,
) -> Result<Taken, Error> {
    authorize(app, actor, Action::ArticleWrite, Subject::At(&placing.region))?;
    if placing.publish {
        // Publishing without a second person is left to whoever runs the installation.
        authorize(app, actor, Action::ArticleReview, Subject::At(&placing.region))?;
    }
    let mut taken = Taken::default();
    let mut articles = articles.into_iter().peekable();
    while articles.peek().is_some() {
        let batch: Vec<Foreign> = articles.by_ref().take(BATCH).collect();
        // Rendering is the larger part of the work and needs no database.
        let ready = tokio::task::spawn_blocking(move || batch.into_iter().map(prepare).collect::<Vec<_>>());
        let ready = ready.await.map_err(|e| Error::Internal(e.to_string()))?;
        let mut tx = app.write().await?;
        let generation = take(app, &mut tx, actor, ready, placing, &mut taken).await?;
        if placing.dry_run {
            tx.rollback().await?;
            continue;
        }
        tx.commit().await?;
        app.portal_changed(generation);
    }
    app.wake_worker();
    app.bus().send(crate::bus::Change::Article);
    Ok(taken)
}

/// An article with its body rendered and its summary, or its title and why it is not taken.
type Prepared = Result<(Foreign, String, String), (String, String)>;

fn prepare(mut foreign: Foreign) -> Prepared {
    let title = foreign.content.title.clone();
    foreign.content = foreign.content.checked().map_err(|e| (title, format!("{}: {e}", e.field)))?;
    let html = render::to_html(&foreign.content.body);
    let summary = render::summary(&foreign.content.summary, &foreign.content.body);
    Ok((foreign, html, summary))
}

async fn take(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    ready: Vec<Prepared>,
    placing: &Placing,
    taken: &mut Taken,
) -> Result<i64, Error> {
    let tree = tree(tx).await?;
    known_channel(&tree, &placing.channel)?;
    let generation = portal::raise_generation(tx).await?;
    let mut numbers = Vec::new();
    for made in ready {
        let (foreign, html, summary) = match made {
            Ok(ready) => ready,
            Err(refused) => {
                taken.refused.push(refused);
                continue;
            }
        };
        let named = |name: &String| {
            let found = tree.get(name).or_else(|| tree.all().iter().find(|c| &c.slug == name));
            found.filter(|c| !c.closed).map(|c| c.id.clone())
        };
        if is_known(tx, &foreign.addresses).await? {
            taken.known += 1;
            continue;
        }
        let (channel, tags) = placed(&foreign.channels, named);
        let channel = channel.unwrap_or_else(|| placing.channel.clone());
        let region = foreign.region.as_deref().and_then(|code| app.packs().regions.get_by_text(code));
        let region = region.map_or_else(|| placing.region.clone(), |r| r.code.clone());
        let number = article::next_number(tx).await?;
        numbers.push(number);
        let mut content = foreign.content;
        let new = tags.into_iter().filter(|tag| !content.tags.contains(tag)).collect::<Vec<_>>();
        content.tags.extend(new);
        content.tags.truncate(TAGS_MAX);
        let mut article = new_article(app, number, channel, region, content, actor);
        taken.articles += 1;
        let Some(published_at) = foreign.published_at.filter(|_| placing.publish) else {
            article::insert(tx, &article).await?;
            continue;
        };
        article.approved_by = Some(actor.name.clone());
        if published_at > app.now() {
            article.status = ArticleStatus::Scheduled;
            article.publish_at = Some(published_at);
            article::insert(tx, &article).await?;
            review::schedule(app, tx, published_at).await?;
            for former in &foreign.addresses {
                portal::add_address(tx, former, ARTICLE, &article.id.to_string()).await?;
            }
            taken.scheduled += 1;
            continue;
        }
        article.status = ArticleStatus::Published;
        article.live = Some(1);
        article.frozen = 1;
        article.writers.clear();
        article.published_at = Some(published_at);
        article.address = Some(public::address_of(app, &tree, &article, published_at));
        let frozen = ArticleVersion {
            article: article.id,
            n: 1,
            content: article.content.clone(),
            summary,
            html,
            correction: None,
            approved_by: actor.name.clone(),
            published_at,
        };
        article::insert(tx, &article).await?;
        version::insert(tx, &frozen).await?;
        public::show_at(app, tx, &tree, &article, &frozen, generation).await?;
        for former in &foreign.addresses {
            portal::add_address(tx, former, ARTICLE, &article.id.to_string()).await?;
        }
        taken.public += 1;
        taken.comments += take_comments(app, tx, &article, foreign.comments).await?;
    }
    let detail = json!({ "numbers": numbers, "publish": placing.publish });
    app.audit(tx, actor, "article.import", "article", detail).await?;
    Ok(generation)
}

/// True if an article stands at one of these addresses already: it was taken before.
async fn is_known(tx: &mut Tx<'_>, addresses: &[String]) -> Result<bool, Error> {
    for address in addresses {
        if portal::find_address(tx, address).await?.is_some_and(|found| found.kind == ARTICLE) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The first channel that exists here, and the names of those that do not, as tags.
fn placed(
    channels: &[Vec<String>],
    known: impl Fn(&String) -> Option<String>,
) -> (Option<String>, Vec<String>) {
    let (mut channel, mut tags) = (None, Vec::new());
    for names in channels {
        match names.iter().find_map(&known) {
            Some(found) => channel = channel.or(Some(found)),
            None => tags.extend(names.last().cloned()),
        }
    }
    let fits = |name: &String| name.chars().count() <= TAG_CHARS_MAX && *name == clean_line(name);
    tags.retain(fits);
    (channel, tags)
}

/// Takes the comments of an article; what the rules of length do not allow is left out. Returns how many.
async fn take_comments(
    app: &App,
    tx: &mut Tx<'_>,
    article: &Article,
    written: Vec<ForeignComment>,
) -> Result<usize, Error> {
    let region = app.packs().regions.get(&article.region);
    let path = region.map(|region| region.path.clone()).unwrap_or_default();
    let anything = CommentRules { links_max: u32::MAX, ..CommentRules::default() };
    let mut ids: Vec<Option<Uuid>> = Vec::with_capacity(written.len());
    for foreign in written {
        let Ok(checked) = anything.check(&foreign.name, &foreign.text) else {
            ids.push(None);
            continue;
        };
        let is_hidden = foreign.status == CommentStatus::Hidden;
        let decided = foreign.status != CommentStatus::Waiting;
        let comment = Comment {
            id: new_uuid(foreign.sent_at),
            article: article.id,
            region: article.region.clone(),
            region_path: path.clone(),
            parent: foreign.parent.and_then(|place| ids.get(place).copied().flatten()),
            name: checked.name,
            text: checked.text,
            official: false,
            status: foreign.status,
            doubt: None,
            reports: 0,
            sent_at: foreign.sent_at,
            decided_by: decided.then(|| "import".to_owned()),
            decided_at: decided.then_some(foreign.sent_at),
            reason: is_hidden.then(|| "hidden by the system that it comes from".to_owned()),
            version: 1,
        };
        comment::insert(tx, &comment).await?;
        ids.push(Some(comment.id));
    }
    Ok(ids.into_iter().flatten().count())
}

/// An article with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Archived {
    /// The article with its working copy.
    pub article: Article,
    /// Its public versions, the first first.
    pub versions: Vec<ArticleVersion>,
    /// Every address that it has or had.
    pub addresses: Vec<String>,
    /// How often it was read.
    pub views: i64,
}

/// A channel with every address that it has or had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArchivedChannel {
    /// The channel.
    pub channel: Channel,
    /// Its addresses.
    pub addresses: Vec<String>,
}

/// Everything about channels, parents first.
///
/// # Errors
/// `Forbidden`; if the store fails.
pub async fn export_channels(app: &App, actor: &Actor) -> Result<Vec<ArchivedChannel>, Error> {
    authorize(app, actor, Action::ArticleReview, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    let tree = tree(&mut tx).await?;
    let mut channels: Vec<Channel> = tree.all().to_vec();
    channels.sort_by_key(|c| (tree.line(&c.id).len(), c.id.clone()));
    let mut archived = Vec::new();
    for channel in channels {
        let addresses = portal::addresses(&mut tx, CHANNEL, &channel.id).await?;
        archived.push(ArchivedChannel { channel, addresses });
    }
    Ok(archived)
}

/// Everything about articles, in pages: those begun before `after`, and where the next page begins.
///
/// # Errors
/// `Forbidden`; if the store fails.
pub async fn export_articles(
    app: &App,
    actor: &Actor,
    after: Option<Uuid>,
) -> Result<(Vec<Archived>, Option<Uuid>), Error> {
    let scope = authorize(app, actor, Action::ArticleReview, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    let filter = article::Filter { paths: scope.paths().to_vec(), ..article::Filter::default() };
    let (articles, next) = article::list(&mut tx, &filter, after, READ).await?;
    let mut archived = Vec::new();
    for article in articles {
        let mut versions = version::list(&mut tx, article.id).await?;
        versions.reverse();
        let addresses = portal::addresses(&mut tx, ARTICLE, &article.id.to_string()).await?;
        let views = article::views(&mut tx, article.id).await?;
        archived.push(Archived { article, versions, addresses, views });
    }
    Ok((archived, next))
}

/// Digests of all files, in pages.
///
/// # Errors
/// `Forbidden`; if the store fails.
pub async fn export_file_list(app: &App, actor: &Actor, after: &str) -> Result<Vec<String>, Error> {
    authorize(app, actor, Action::ArticleReview, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    Ok(portal::file_digests(&mut tx, after, READ).await?)
}

/// Takes channels back that an installation wrote out; those that are there stay as they are.
///
/// # Errors
/// `Forbidden`; if the store fails.
pub async fn restore_channels(
    app: &App,
    actor: &Actor,
    channels: Vec<ArchivedChannel>,
) -> Result<usize, Error> {
    authorize(app, actor, Action::ChannelManage, Subject::Anywhere)?;
    let mut tx = app.write().await?;
    let mut restored = 0;
    for ArchivedChannel { channel, addresses } in channels {
        let tree = tree(&mut tx).await?;
        if tree.get(&channel.id).is_some() {
            continue;
        }
        tree.check(&channel)?;
        channel::insert(&mut tx, &channel).await?;
        let with = wanquan_domain::channel::ChannelTree::new(
            tree.all().iter().cloned().chain([channel.clone()]).collect(),
        );
        portal::claim_address(&mut tx, &with.address(&channel.id), CHANNEL, &channel.id).await?;
        for former in addresses {
            portal::add_address(&mut tx, &former, CHANNEL, &channel.id).await?;
        }
        restored += 1;
    }
    let generation = portal::raise_generation(&mut tx).await?;
    app.audit(&mut tx, actor, "channel.restore", "channel", json!({ "channels": restored })).await?;
    tx.commit().await?;
    app.portal_changed(generation);
    Ok(restored)
}

/// Takes articles back that an installation wrote out, as they were. Those that are there stay as they are.
///
/// # Errors
/// `Forbidden`; if the store fails. An article whose number another one has is refused, which is no error.
pub async fn restore_articles(app: &App, actor: &Actor, articles: Vec<Archived>) -> Result<Taken, Error> {
    authorize(app, actor, Action::ArticleReview, Subject::Anywhere)?;
    let mut taken = Taken::default();
    for batch in articles.chunks(BATCH) {
        let mut tx = app.write().await?;
        let tree = tree(&mut tx).await?;
        let generation = portal::raise_generation(&mut tx).await?;
        for archived in batch {
            let article = &archived.article;
            if article::get(&mut tx, article.id).await?.is_some() {
                taken.known += 1;
                continue;
            }
            let refused = if tree.get(&article.channel).is_none() {
                Some(format!("no channel `{}`", article.channel))
            } else if article::number_is_taken(&mut tx, article.number).await? {
                Some(format!("another article has the number {}", article.number))
            } else {
                None
            };
            if let Some(why) = refused {
                taken.refused.push((article.content.title.clone(), why));
                continue;
            }
            article::insert(&mut tx, article).await?;
            portal::reserve_number(&mut tx, article.number).await?;
            for version in &archived.versions {
                version::insert(&mut tx, version).await?;
            }
            if archived.views > 0 {
                article::add_views(&mut tx, &[(article.id, archived.views)]).await?;
            }
            let key = article.id.to_string();
            if let Some(live) = live_version(&mut tx, article).await? {
                public::show_at(app, &mut tx, &tree, article, &live, generation).await?;
                taken.public += 1;
            } else if let Some(address) = &article.address {
                portal::claim_address(&mut tx, address, ARTICLE, &key).await?;
            }
            for former in &archived.addresses {
                portal::add_address(&mut tx, former, ARTICLE, &key).await?;
            }
            if let (ArticleStatus::Scheduled, Some(at)) = (article.status, article.publish_at) {
                review::schedule(app, &mut tx, at).await?;
                taken.scheduled += 1;
            }
            let detail = json!({ "number": article.number });
            app.audit(&mut tx, actor, "article.restore", &subject(article.id), detail).await?;
            taken.articles += 1;
        }
        tx.commit().await?;
        app.portal_changed(generation);
    }
    Ok(taken)
}

/// Takes a file back as it was written out: it was looked at and rewritten when it was uploaded first. Its digest
/// proves that it is the same.
///
/// # Errors
/// `Forbidden`; `BadInput` if the bytes are others.
pub async fn restore_file(app: &App, actor: &Actor, file: PortalFile) -> Result<(), Error> {
    authorize(app, actor, Action::ArticleReview, Subject::Anywhere)?;
    if blake3::hash(&file.bytes).to_hex().as_str() != file.digest {
        return Err(Error::BadInput { field: "file", message: format!("{} was changed", file.digest) });
    }
    let mut tx = app.write().await?;
    portal::insert_file(&mut tx, &file).await?;
    let subject = format!("portal_file/{}", file.digest);
    app.audit(&mut tx, actor, "portal_file.restore", &subject, json!({ "size": file.bytes.len() })).await?;
    tx.commit().await?;
    Ok(())
}
