//! What anybody may read: frozen versions of public articles and the lists on which they stand. Nothing else.

use super::load;
use super::public::{self, ARTICLE, CHANNEL, live_version, place_slug, tree};
use crate::app::App;
use crate::error::Error;
use jiff::Timestamp;
use std::sync::Arc;
use uuid::Uuid;
use wanquan_domain::article::{Article, ArticleVersion};
use wanquan_domain::channel::{Channel, ChannelTree};
use wanquan_domain::region::{Region, RegionCode};
use wanquan_store::article::listing::{self, Headline};
use wanquan_store::article::version;
use wanquan_store::{Tx, article, comment, portal};

pub use wanquan_store::article::listing::Headline as PublicHeadline;

/// Articles on a page of a list.
pub const PAGE_LENGTH: u32 = 20;
/// Articles in a feed.
pub const FEED_LENGTH: u32 = 30;
/// Headlines of each channel on the first page.
const HEADLINES_PER_CHANNEL: u32 = 6;
/// Latest headlines on the first page.
const HEADLINES: u32 = 8;
/// Latest articles whose tags stand on the first page.
const TAGGED: u32 = 200;
/// Tags on the first page.
const TAGS: u32 = 20;
/// Articles that are offered below one.
const RELATED: usize = 6;

/// What an address leads to.
#[derive(Debug, Clone)]
pub enum Page {
    /// A public article.
    Article(Box<ArticlePage>),
    /// A channel, everywhere or about one region.
    Channel(Box<ListPage>),
    /// It is somewhere else now.
    Moved(String),
    /// It was there and was taken back.
    Gone(Withdrawn),
    /// Nothing.
    Unknown,
}

/// An article that was withdrawn.
#[derive(Debug, Clone)]
pub struct Withdrawn {
    /// Why, in the words of who withdrew it.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// A correction, as readers see it.
#[derive(Debug, Clone)]
pub struct Correction {
    /// Version that it made.
    pub n: u32,
    /// When.
    pub at: Timestamp,
    /// What was corrected.
    pub note: String,
}

/// An article as readers see it.
#[derive(Debug, Clone)]
pub struct ArticlePage {
    /// Identifier; comments hang on it.
    pub id: Uuid,
    /// Number.
    pub number: i64,
    /// Channel.
    pub channel: String,
    /// Region that it is about.
    pub region: RegionCode,
    /// The address in use.
    pub address: String,
    /// The version that is shown.
    pub version: ArticleVersion,
    /// True if a former version was asked for.
    pub is_former: bool,
    /// When it became public first.
    pub published_at: Timestamp,
    /// Corrections, the latest first.
    pub corrections: Vec<Correction>,
    /// The article before it in its channel.
    pub previous: Option<Headline>,
    /// The article after it in its channel.
    pub next: Option<Headline>,
    /// Articles that share tags with it, those with most in common first.
    pub related: Vec<Headline>,
    /// How often it was read, as counted so far.
    pub views: i64,
    /// Comments that are shown below it.
    pub comments: u64,
    /// Address of its cover.
    pub cover: Option<FileLink>,
    /// Files to download.
    pub attachments: Vec<FileLink>,
    /// The tree, for the way there.
    pub tree: ChannelTree,
}

/// A file that a page shows or links to.
#[derive(Debug, Clone)]
pub struct FileLink {
    /// Address.
    pub address: String,
    /// Name.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Size in bytes.
    pub size: usize,
    /// Width and height of a picture.
    pub pixels: Option<(u32, u32)>,
}

/// What is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// A channel.
    Channel(String),
    /// A channel as far as it is about a region.
    Place(String, RegionCode),
    /// A tag.
    Tag(String),
    /// A month.
    Month(i16, i8),
    /// Everything.
    Everything,
}

impl Listed {
    fn key(&self) -> String {
        match self {
            Self::Channel(channel) => listing::of_channel(channel),
            Self::Place(channel, region) => listing::of_channel_in(channel, region),
            Self::Tag(tag) => listing::of_tag(tag),
            Self::Month(year, month) => listing::of_month(*year, *month),
            Self::Everything => listing::EVERYTHING.to_owned(),
        }
    }
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct ListPage {
    /// What is listed.
    pub listed: Listed,
    /// Number of the page, from 1.
    pub page: u64,
    /// Pages in all; at least 1.
    pub pages: u64,
    /// Articles in all.
    pub total: u64,
    /// The articles, the latest first.
    pub items: Vec<Headline>,
    /// The tree, for the way on.
    pub tree: ChannelTree,
}

/// The first page: the latest articles, and those of each channel at the top.
#[derive(Debug, Clone)]
pub struct Front {
    /// The latest articles.
    pub latest: Vec<Headline>,
    /// Channels at the top with their latest articles; those without any are left out.
    pub channels: Vec<(Channel, Vec<Headline>)>,
    /// Tags of the latest articles, the most used first.
    pub tags: Vec<(String, u64)>,
    /// The tree.
    pub tree: ChannelTree,
}

/// What stands at an address. `page` is the page of a list, `version` a former version of an article.
///
/// # Errors
/// If the store fails.
pub async fn read_page(app: &App, path: &str, page: u64, former: Option<u32>) -> Result<Page, Error> {
    let mut tx = app.read().await?;
    let Some(found) = portal::find_address(&mut tx, path).await? else {
        return read_place(app, &mut tx, path, page).await;
    };
    match found.kind.as_str() {
        ARTICLE => {
            let id =
                found.subject.parse().map_err(|_| Error::Internal("an address leads nowhere".to_owned()))?;
            let article = load(&mut tx, id).await?;
            if !article.is_public() {
                let reason = article.withdrawn.unwrap_or_default();
                return Ok(Page::Gone(Withdrawn { reason, at: article.changed_at }));
            }
            match &article.address {
                Some(address) if address != path => Ok(Page::Moved(address.clone())),
                _ => open(&mut tx, article, former).await,
            }
        }
        CHANNEL => {
            let tree = tree(&mut tx).await?;
            match tree.get(&found.subject) {
                None => Ok(Page::Unknown),
                Some(channel) if tree.address(&channel.id) != path => {
                    Ok(Page::Moved(tree.address(&channel.id)))
                }
                Some(channel) => {
                    let listed = Listed::Channel(channel.id.clone());
                    Ok(listed_page(&mut tx, tree, listed, page).await?.map_or(Page::Unknown, Page::Channel))
                }
            }
        }
        _ => Ok(Page::Unknown),
    }
}

/// An address without its slash at the end, and the list of a channel about a region, which no table holds:
/// `/yqfk/luzhou/`.
async fn read_place(app: &App, tx: &mut Tx<'_>, path: &str, page: u64) -> Result<Page, Error> {
    let Some(stripped) = path.strip_suffix('/') else {
        let with_slash = format!("{path}/");
        let found = portal::find_address(tx, &with_slash).await?;
        return Ok(found.map_or(Page::Unknown, |_| Page::Moved(with_slash)));
    };
    let Some((above, slug)) = stripped.rsplit_once('/') else { return Ok(Page::Unknown) };
    let Some(found) = portal::find_address(tx, &format!("{above}/")).await? else { return Ok(Page::Unknown) };
    if found.kind != CHANNEL {
        return Ok(Page::Unknown);
    }
    let tree = tree(tx).await?;
    if tree.get(&found.subject).is_none() {
        return Ok(Page::Unknown);
    }
    let is_named = |region: &&Region| place_slug(app, &region.code) == slug;
    for region in app.packs().regions.iter().filter(is_named) {
        let listed = Listed::Place(found.subject.clone(), region.code.clone());
        if listing::count(tx, &listed.key()).await? > 0 {
            if !found.is_current {
                return Ok(Page::Moved(format!("{}{slug}/", tree.address(&found.subject))));
            }
            return Ok(listed_page(tx, tree, listed, page).await?.map_or(Page::Unknown, Page::Channel));
        }
    }
    Ok(Page::Unknown)
}

async fn open(tx: &mut Tx<'_>, article: Article, former: Option<u32>) -> Result<Page, Error> {
    let Some(live) = live_version(tx, &article).await? else { return Ok(Page::Unknown) };
    let is_former = former.is_some_and(|n| n != live.n);
    let shown = match former.filter(|_| is_former) {
        Some(n) => match version::get(tx, article.id, n).await? {
            Some(version) => version,
            None => return Ok(Page::Unknown),
        },
        None => live,
    };
    let published_at = article.published_at.unwrap_or(shown.published_at);
    let tree = tree(tx).await?;
    let own = listing::of_channel(&article.channel);
    let (previous, next) = listing::neighbours(tx, &own, published_at, article.id).await?;
    let corrections = if article.frozen > 1 {
        let versions = version::list(tx, article.id).await?;
        let correction =
            |v: ArticleVersion| v.correction.map(|note| Correction { n: v.n, at: v.published_at, note });
        versions.into_iter().filter_map(correction).collect()
    } else {
        Vec::new()
    };
    let related = related(tx, article.id, &shown.content.tags).await?;
    let views = article::views(tx, article.id).await?;
    let comments = comment::counts(tx, &[article.id]).await?.get(&article.id).map_or(0, |(n, _)| *n);
    let cover = match &shown.content.cover {
        Some(digest) => link(tx, digest, None).await?,
        None => None,
    };
    let mut attachments = Vec::new();
    for attachment in &shown.content.attachments {
        attachments.extend(link(tx, &attachment.file, Some(&attachment.name)).await?);
    }
    Ok(Page::Article(Box::new(ArticlePage {
        id: article.id,
        number: article.number,
        channel: article.channel,
        region: article.region,
        address: article.address.unwrap_or_default(),
        version: shown,
        is_former,
        published_at,
        corrections,
        previous,
        next,
        related,
        views,
        comments,
        cover,
        attachments,
        tree,
    })))
}

async fn link(tx: &mut Tx<'_>, digest: &str, name: Option<&str>) -> Result<Option<FileLink>, Error> {
    Ok(portal::get_file(tx, digest).await?.map(|file| FileLink {
        address: super::files::address(&file),
        name: name.filter(|name| !name.is_empty()).map_or_else(|| file.name.clone(), str::to_owned),
        media_type: file.media_type.clone(),
        size: file.bytes.len(),
        pixels: file.pixels,
    }))
}

/// Articles with most tags in common; of those with as many, the latest.
async fn related(tx: &mut Tx<'_>, id: Uuid, tags: &[String]) -> Result<Vec<Headline>, Error> {
    let mut found: Vec<(usize, Headline)> = Vec::new();
    for tag in tags {
        for headline in listing::page(tx, &listing::of_tag(tag), 0, 20).await? {
            if headline.id == id {
                continue;
            }
            match found.iter_mut().find(|(_, known)| known.id == headline.id) {
                Some((shared, _)) => *shared += 1,
                None => found.push((1, headline)),
            }
        }
    }
    found.sort_by(|(a, x), (b, y)| (b, y.published_at, y.id).cmp(&(a, x.published_at, x.id)));
    Ok(found.into_iter().take(RELATED).map(|(_, headline)| headline).collect())
}

/// A page of a list; `None` beyond its last page.
async fn listed_page(
    tx: &mut Tx<'_>,
    tree: ChannelTree,
    listed: Listed,
    page: u64,
) -> Result<Option<Box<ListPage>>, Error> {
    let key = listed.key();
    let total = listing::count(tx, &key).await?;
    let pages = total.div_ceil(u64::from(PAGE_LENGTH)).max(1);
    if page == 0 || page > pages {
        return Ok(None);
    }
    let items = listing::page(tx, &key, (page - 1) * u64::from(PAGE_LENGTH), PAGE_LENGTH).await?;
    Ok(Some(Box::new(ListPage { listed, page, pages, total, items, tree })))
}

/// A page of a list that stands at an address of its own: a tag, a month. `None` if there is nothing on it.
///
/// # Errors
/// If the store fails.
pub async fn read_list(app: &App, listed: Listed, page: u64) -> Result<Option<Box<ListPage>>, Error> {
    let mut tx = app.read().await?;
    let tree = tree(&mut tx).await?;
    let found = listed_page(&mut tx, tree, listed, page).await?;
    Ok(found.filter(|page| page.total > 0))
}

/// The first page.
///
/// # Errors
/// If the store fails.
pub async fn read_front(app: &App) -> Result<Front, Error> {
    let mut tx = app.read().await?;
    let tree = tree(&mut tx).await?;
    let latest = listing::page(&mut tx, listing::EVERYTHING, 0, HEADLINES).await?;
    let mut channels = Vec::new();
    let top: Vec<Channel> = tree.children(None).cloned().collect();
    for channel in top {
        let items =
            listing::page(&mut tx, &listing::of_channel(&channel.id), 0, HEADLINES_PER_CHANNEL).await?;
        if !items.is_empty() {
            channels.push((channel, items));
        }
    }
    let tags = listing::tags_of_latest(&mut tx, TAGGED, TAGS).await?;
    Ok(Front { latest, channels, tags, tree })
}

/// Every month with articles, the latest first, and how many.
///
/// # Errors
/// If the store fails.
pub async fn read_months(app: &App) -> Result<Vec<(i16, i8, u64)>, Error> {
    let mut tx = app.read().await?;
    let months = listing::sizes(&mut tx, "month:", 1_200).await?;
    let parsed = months.into_iter().filter_map(|(month, n)| {
        let (year, month) = month.split_once('-')?;
        Some((year.parse().ok()?, month.parse().ok()?, n))
    });
    Ok(parsed.collect())
}

/// Every tag with the number of its articles, in order of name.
///
/// # Errors
/// If the store fails.
pub async fn read_tags(app: &App) -> Result<Vec<(String, u64)>, Error> {
    let mut tx = app.read().await?;
    let mut tags = listing::sizes(&mut tx, "tag:", 5_000).await?;
    tags.sort();
    Ok(tags)
}

/// The latest articles of a list with their bodies, for a feed.
///
/// # Errors
/// If the store fails.
pub async fn read_feed(app: &App, listed: &Listed) -> Result<Vec<(Headline, ArticleVersion)>, Error> {
    let mut tx = app.read().await?;
    let mut items = Vec::new();
    for headline in listing::page(&mut tx, &listed.key(), 0, FEED_LENGTH).await? {
        let article = load(&mut tx, headline.id).await?;
        if let Some(version) = live_version(&mut tx, &article).await? {
            items.push((headline, version));
        }
    }
    Ok(items)
}

/// Addresses of a sitemap: `part` counts from 0, each has at most `length` of them. The latest first.
///
/// # Errors
/// If the store fails.
pub async fn read_sitemap(app: &App, part: u64, length: u32) -> Result<Vec<(String, Timestamp)>, Error> {
    const CHUNK: u32 = 1_000;
    let mut tx = app.read().await?;
    let mut addresses = Vec::new();
    let from = part * u64::from(length);
    for chunk in 0..length.div_ceil(CHUNK) {
        let offset = from + u64::from(chunk * CHUNK);
        let items =
            listing::page(&mut tx, listing::EVERYTHING, offset, CHUNK.min(length - chunk * CHUNK)).await?;
        let last = items.len() < CHUNK as usize;
        addresses.extend(items.into_iter().map(|h| (h.address, h.updated_at)));
        if last {
            break;
        }
    }
    Ok(addresses)
}

/// How many articles are public.
///
/// # Errors
/// If the store fails.
pub async fn count_public(app: &App) -> Result<u64, Error> {
    let mut tx = app.read().await?;
    Ok(listing::count(&mut tx, listing::EVERYTHING).await?)
}

/// The channels of the present version of what is public. Every page shows them, so they are kept until it changes.
///
/// # Errors
/// If the store fails.
pub async fn read_channels(app: &App) -> Result<Arc<ChannelTree>, Error> {
    let memory = &app.portal_memory().channels;
    // The version is known before the tree is read: what is kept is never older than the version that it is kept for.
    let generation = app.portal_generation();
    if let Some((of, tree)) = &*memory.lock().expect("no thread panics while holding it")
        && *of == generation
    {
        return Ok(Arc::clone(tree));
    }
    let mut tx = app.read().await?;
    let tree = Arc::new(tree(&mut tx).await?);
    *memory.lock().expect("no thread panics while holding it") = Some((generation, Arc::clone(&tree)));
    Ok(tree)
}

/// The address of a list about a place: `/yqfk/luzhou/`.
pub fn place_address(app: &App, tree: &ChannelTree, channel: &str, region: &RegionCode) -> String {
    format!("{}{}/", tree.address(channel), public::place_slug(app, region))
}
