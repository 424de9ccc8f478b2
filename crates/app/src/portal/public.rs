//! What becomes of an article when it becomes public, moves, or is taken back: version, address, lists.

use super::render;
use crate::app::App;
use crate::error::Error;
use jiff::Timestamp;
use std::collections::BTreeSet;
use wanquan_domain::article::{Article, ArticleVersion};
use wanquan_domain::channel::{ChannelTree, slug_of};
use wanquan_domain::region::{Level, RegionCode};
use wanquan_store::article::{listing, version};
use wanquan_store::{Tx, article, channel, portal};

/// Kind of an article in tables of addresses and changes.
pub(crate) const ARTICLE: &str = "article";
/// Kind of a public service in the table of changes; the register that holds services is called so.
pub(crate) const SERVICE: &str = "service_place";
/// Kind of a channel in the table of addresses.
pub(crate) const CHANNEL: &str = "channel";

/// The channels as they are arranged now.
pub(crate) async fn tree(tx: &mut Tx<'_>) -> Result<ChannelTree, Error> {
    Ok(ChannelTree::new(channel::all(tx).await?))
}

/// The name of a region in addresses: Latin letters if it has a name in them, else its code.
pub(crate) fn place_slug(app: &App, code: &RegionCode) -> String {
    let name = app.packs().regions.get(code).and_then(|region| region.name_en.as_deref());
    let slug = name.map(slug_of).unwrap_or_default();
    if slug.is_empty() { code.to_string() } else { slug }
}

/// The address that an article has by its channel, region, day and number.
pub(crate) fn address_of(
    app: &App,
    tree: &ChannelTree,
    article: &Article,
    published_at: Timestamp,
) -> String {
    let day = app.day_of(published_at);
    let place = place_slug(app, &article.region);
    app.packs().portal.address.fill(&tree.path(&article.channel), &place, day, article.number)
}

/// The lists on which a public article stands.
fn lists_of(
    app: &App,
    tree: &ChannelTree,
    article: &Article,
    version: &ArticleVersion,
    published_at: Timestamp,
) -> Vec<String> {
    let mut lists = vec![listing::EVERYTHING.to_owned()];
    let regions = &app.packs().regions;
    // Readers look for their county and their city; the list of a province or the nation would be nearly everything.
    let wider = regions.ancestors(&article.region).into_iter().filter(|r| r.level >= Level::Prefecture);
    let places: BTreeSet<RegionCode> =
        wider.map(|r| r.code.clone()).chain([article.region.clone()]).collect();
    for channel in tree.line(&article.channel) {
        lists.push(listing::of_channel(&channel.id));
        lists.extend(places.iter().map(|place| listing::of_channel_in(&channel.id, place)));
    }
    lists.extend(version.content.tags.iter().map(|tag| listing::of_tag(tag)));
    let day = app.day_of(published_at);
    lists.push(listing::of_month(day.year(), day.month()));
    // A file is public as long as a public article uses it.
    let mut files = render::files_in(&version.html);
    files.extend(version.content.cover.iter().cloned());
    files.extend(version.content.attachments.iter().map(|a| a.file.clone()));
    lists.extend(files.iter().map(|file| super::files::list_of(file)));
    lists
}

/// Publishes a scheduled article whose time has come, and returns it with the new generation.
pub(super) async fn release(
    app: &App,
    tx: &mut Tx<'_>,
    tree: &ChannelTree,
    scheduled: Article,
    by: &str,
) -> Result<(Article, i64), Error> {
    let markdown = scheduled.content.body.clone();
    let written = scheduled.content.summary.clone();
    // Rendering a long body takes some milliseconds, which other requests should not wait for.
    let rendered = tokio::task::spawn_blocking(move || {
        (render::to_html(&markdown), render::summary(&written, &markdown))
    });
    let (html, summary) = rendered.await.map_err(|e| Error::Internal(e.to_string()))?;
    let (mut public, frozen) = scheduled.release(html, summary, by, app.now())?;
    let published_at = public.published_at.unwrap_or(frozen.published_at);
    public.address = Some(address_of(app, tree, &public, published_at));
    version::insert(tx, &frozen).await?;
    article::update(tx, &public).await?;
    let generation = show(app, tx, tree, &public, &frozen).await?;
    Ok((public, generation))
}

/// Puts a public article on its lists, at its address and before search; the new generation.
pub(super) async fn show(
    app: &App,
    tx: &mut Tx<'_>,
    tree: &ChannelTree,
    public: &Article,
    version: &ArticleVersion,
) -> Result<i64, Error> {
    let generation = portal::raise_generation(tx).await?;
    listing::replace(tx, public.id, &[], public.changed_at).await?;
    show_at(app, tx, tree, public, version, generation).await?;
    Ok(generation)
}

/// The same for an article that stands on no list, in a generation that was raised for several of them.
pub(super) async fn show_at(
    app: &App,
    tx: &mut Tx<'_>,
    tree: &ChannelTree,
    public: &Article,
    version: &ArticleVersion,
    generation: i64,
) -> Result<(), Error> {
    let published_at = public.published_at.unwrap_or(version.published_at);
    listing::add(tx, public.id, &lists_of(app, tree, public, version, published_at), published_at).await?;
    if let Some(address) = &public.address {
        portal::claim_address(tx, address, ARTICLE, &public.id.to_string()).await?;
    }
    Ok(portal::note_change(tx, ARTICLE, &public.id.to_string(), generation).await?)
}

/// Takes an article off all lists; its address stays and says that it was withdrawn. The new generation.
pub(super) async fn hide(tx: &mut Tx<'_>, article: &Article) -> Result<i64, Error> {
    listing::replace(tx, article.id, &[], article.changed_at).await?;
    let generation = portal::raise_generation(tx).await?;
    portal::note_change(tx, ARTICLE, &article.id.to_string(), generation).await?;
    Ok(generation)
}

/// The version that readers see of an article.
pub(super) async fn live_version(
    tx: &mut Tx<'_>,
    article: &Article,
) -> Result<Option<ArticleVersion>, Error> {
    match article.live {
        Some(n) => Ok(version::get(tx, article.id, n).await?),
        None => Ok(None),
    }
}
