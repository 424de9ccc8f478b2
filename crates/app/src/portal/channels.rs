//! Channels: declared by packs to begin with, arranged by editors from then on.

use super::public::{self, CHANNEL, live_version, tree};
use super::{load, subject};
use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::bus::Change;
use crate::error::Error;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::article::clean_line;
use wanquan_domain::channel::{BadChannel, Channel, ChannelTree};
use wanquan_domain::record::new_uuid;
use wanquan_domain::text::Text;
use wanquan_store::job::{self, NewJob};
use wanquan_store::{Tx, article, channel, portal, setting};

/// Name of the job that gives articles the addresses that follow from their channels.
pub const JOB: &str = "portal.readdress";
/// Articles that get their new address in one transaction.
const BATCH: u32 = 200;
/// Setting with the pattern that the addresses in use were made with.
const PATTERN: &str = "portal_address";
const ATTEMPTS_MAX: u32 = 10;

/// Work of a job: articles of some channels get the addresses that follow from the tree.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Readdress {
    /// Channels; every one if empty.
    pub channels: Vec<String>,
}

/// A channel as a person arranges it.
#[derive(Debug, Clone)]
pub struct Arrangement {
    /// The channel that it belongs to.
    pub parent: Option<String>,
    /// Its segment in addresses.
    pub slug: String,
    /// Shown name.
    pub title: Text,
    /// Place among its siblings.
    pub position: i64,
    /// No longer offered.
    pub closed: bool,
}

impl From<BadChannel> for Error {
    fn from(bad: BadChannel) -> Self {
        let field = match bad {
            BadChannel::Slug(_) | BadChannel::Reserved(_) | BadChannel::Taken(_) => "slug",
            BadChannel::UnknownParent(_) | BadChannel::Circle | BadChannel::TooDeep => "parent",
        };
        Self::BadInput { field, message: bad.to_string() }
    }
}

/// Makes the portal ready when a server starts: channels that packs declare and the installation does not have yet,
/// and new addresses if the pattern has changed.
///
/// # Errors
/// If the store fails.
pub async fn prepare(app: &App) -> Result<(), Error> {
    let actor = Actor::system("portal");
    let declared = &app.packs().portal;
    let mut tx = app.write().await?;
    let mut added = false;
    for channel in &declared.channels {
        let tree = tree(&mut tx).await?;
        // One that does not fit in what editors made of the tree is left out; they can make it by hand.
        if tree.get(&channel.id).is_some() || tree.check(channel).is_err() {
            continue;
        }
        channel::insert(&mut tx, channel).await?;
        let path = with(&tree, channel).address(&channel.id);
        portal::claim_address(&mut tx, &path, CHANNEL, &channel.id).await?;
        let detail = json!({ "address": path });
        app.audit(&mut tx, &actor, "channel.create", &format!("channel/{}", channel.id), detail).await?;
        added = true;
    }
    let pattern = declared.address.as_str();
    let before = setting::get(&mut tx, PATTERN).await?;
    if before.as_ref().and_then(|value| value.as_str()) != Some(pattern) {
        if before.is_some() {
            enqueue(app, &mut tx, Vec::new()).await?;
        }
        setting::set(&mut tx, PATTERN, &json!(pattern), &actor.name, app.now()).await?;
    }
    let generation =
        if added { portal::raise_generation(&mut tx).await? } else { portal::generation(&mut tx).await? };
    tx.commit().await?;
    app.portal_changed(generation);
    crate::publish::note_all(app).await
}

/// The tree with a channel added or changed.
fn with(tree: &ChannelTree, channel: &Channel) -> ChannelTree {
    let others = tree.all().iter().filter(|c| c.id != channel.id);
    ChannelTree::new(others.cloned().chain([channel.clone()]).collect())
}

async fn enqueue(app: &App, tx: &mut Tx<'_>, channels: Vec<String>) -> Result<(), Error> {
    let dedup_key = channels.join(",");
    let payload = serde_json::to_value(Readdress { channels }).map_err(|e| Error::Internal(e.to_string()))?;
    let job = NewJob {
        id: new_uuid(app.now()),
        name: JOB.to_owned(),
        dedup_key,
        payload,
        run_at: app.now(),
        attempts_max: ATTEMPTS_MAX,
        created_at: app.now(),
    };
    Ok(job::enqueue(tx, &job).await?)
}

/// The tree of channels, for anybody: it is what the portal shows.
///
/// # Errors
/// If the store fails.
pub async fn list_channels(app: &App) -> Result<ChannelTree, Error> {
    let mut tx = app.read().await?;
    tree(&mut tx).await
}

fn arranged(id: String, version: u32, input: Arrangement) -> Result<Channel, Error> {
    let title = Text::new(clean_line(&input.title.en), clean_line(&input.title.zh));
    let fits = |text: &str| (1..=60).contains(&text.chars().count());
    if !fits(&title.en) || !fits(&title.zh) {
        let message = "1 to 60 characters in each language".to_owned();
        return Err(Error::BadInput { field: "title", message });
    }
    let Arrangement { parent, slug, position, closed, .. } = input;
    Ok(Channel { id, parent, slug, title, position, closed, version })
}

/// Makes a channel.
///
/// # Errors
/// `Forbidden`; `BadInput` where it does not fit into the tree.
pub async fn create_channel(app: &App, actor: &Actor, input: Arrangement) -> Result<Channel, Error> {
    authorize(app, actor, Action::ChannelManage, Subject::Anywhere)?;
    let mut tx = app.write().await?;
    let channel = arranged(new_uuid(app.now()).simple().to_string(), 1, input)?;
    let tree = tree(&mut tx).await?;
    tree.check(&channel)?;
    channel::insert(&mut tx, &channel).await?;
    let path = with(&tree, &channel).address(&channel.id);
    portal::claim_address(&mut tx, &path, CHANNEL, &channel.id).await?;
    let generation = portal::raise_generation(&mut tx).await?;
    let subject = format!("channel/{}", channel.id);
    app.audit(&mut tx, actor, "channel.create", &subject, json!({ "address": path })).await?;
    tx.commit().await?;
    app.portal_changed(generation);
    app.bus().send(Change::Article);
    Ok(channel)
}

/// Changes a channel. Where its address changes, the former one and those of everything below lead to the new ones;
/// its articles get theirs by a job and answer at the old ones until then.
///
/// # Errors
/// `NotFound`; `Forbidden`; `Conflict` if it is not at `version` any more; `BadInput`.
pub async fn update_channel(
    app: &App,
    actor: &Actor,
    id: &str,
    version: Option<u32>,
    input: Arrangement,
) -> Result<Channel, Error> {
    authorize(app, actor, Action::ChannelManage, Subject::Anywhere)?;
    let mut tx = app.write().await?;
    let before = tree(&mut tx).await?;
    let found = before.get(id).ok_or_else(|| Error::not_found("channel", id))?;
    if version.is_some_and(|version| version != found.version) {
        return Err(Error::conflict("channel", found.version));
    }
    let next = arranged(id.to_owned(), found.version + 1, input)?;
    before.check(&next)?;
    channel::update(&mut tx, &next).await?;
    let after = with(&before, &next);
    let (from, to) = (before.address(id), after.address(id));
    if from != to {
        let below: Vec<String> = after.below(id).into_iter().map(str::to_owned).collect();
        for channel in &below {
            portal::claim_address(&mut tx, &after.address(channel), CHANNEL, channel).await?;
        }
        enqueue(app, &mut tx, below).await?;
    }
    let generation = portal::raise_generation(&mut tx).await?;
    let detail = json!({ "from": from, "to": to, "closed": next.closed });
    app.audit(&mut tx, actor, "channel.update", &format!("channel/{id}"), detail).await?;
    tx.commit().await?;
    app.portal_changed(generation);
    app.wake_worker();
    app.bus().send(Change::Article);
    Ok(next)
}

/// Gives public articles the addresses that follow from the tree, and puts them on the lists of their channels.
/// Returns how many moved.
///
/// # Errors
/// If the store fails; what was done by then stays.
pub async fn readdress(app: &App, work: Readdress) -> Result<usize, Error> {
    let actor = Actor::system("portal");
    let filter = article::Filter { channels: work.channels, ..article::Filter::default() };
    let (mut after, mut moved) = (None, 0);
    loop {
        let mut tx = app.read().await?;
        let (articles, next) = article::list(&mut tx, &filter, after, BATCH).await?;
        drop(tx);
        let ids: Vec<Uuid> = articles.iter().filter(|a| a.is_public()).map(|a| a.id).collect();
        let mut tx = app.write().await?;
        let tree = tree(&mut tx).await?;
        let mut generation = None;
        for id in ids {
            // Read again under the lock of the writer: somebody may have changed it meanwhile.
            let mut found = load(&mut tx, id).await?;
            let Some(version) = live_version(&mut tx, &found).await? else { continue };
            let published_at = found.published_at.unwrap_or(version.published_at);
            let address = public::address_of(app, &tree, &found, published_at);
            let from = found.address.replace(address.clone());
            if from.as_ref() != Some(&address) {
                article::set_address(&mut tx, id, &address).await?;
                let detail = json!({ "from": from, "to": address });
                app.audit(&mut tx, &actor, "article.readdress", &subject(id), detail).await?;
                moved += 1;
            }
            generation = Some(public::show(app, &mut tx, &tree, &found, &version).await?);
        }
        tx.commit().await?;
        if let Some(generation) = generation {
            app.portal_changed(generation);
        }
        after = next;
        if after.is_none() {
            return Ok(moved);
        }
    }
}
