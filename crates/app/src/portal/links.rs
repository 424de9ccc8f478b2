//! Links from articles and services to pages of others: found in what is published, looked at from time to time, told to
//! editors.
//!
//! What holds which link follows the table of changes, as search does. Looking is apart from the worker of jobs: a slow
//! server somewhere must not hold up what the installation is for. A link is taken by one process at a time and put off
//! for as long as looking may take; a process that dies leaves it to whoever looks then.

use super::public::{ARTICLE, SERVICE, live_version};
use super::render;
use crate::app::App;
use crate::authorize::{Scope, Subject, authorize};
use crate::error::Error;
use crate::outbound::{NoAnswer, Outbound};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::Url;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::link::{Finding, Link, LinkStatus};
use wanquan_store::link::Use;
use wanquan_store::{Tx, article, link, portal, public_entry, setting};

/// Setting that says how far the table of changes was followed.
const FOLLOWED: &str = "links_followed";
/// Changes that are read at once.
const CHANGES: u32 = 100;
/// Longest address that is looked at, in bytes.
const ADDRESS_BYTES_MAX: usize = 2_000;
/// Links of one text that are looked at.
const PER_TEXT: usize = 200;
/// Links that one process takes at once, and how long looking at them may take.
const BATCH: u32 = 40;
const HELD: SignedDuration = SignedDuration::from_mins(30);
/// Pause between two looks for links that are due.
const POLL: Duration = Duration::from_secs(30);

/// When links are looked at, and how gently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkSchedule {
    /// Between two looks at a link that works: a week finds what has gone, and disturbs nobody.
    pub every: SignedDuration,
    /// Between two looks at one that is broken: a day, so that a repaired page is soon seen as such.
    pub broken_every: SignedDuration,
    /// Readers are told of a link that has been broken for so long.
    pub public_after: SignedDuration,
    /// Servers that are asked at the same time.
    pub hosts_at_once: usize,
    /// Pause between two questions to one server.
    pub pause: Duration,
}

impl LinkSchedule {
    /// Weekly, broken ones daily, told to readers after a fortnight; four servers at a time, each once a second.
    pub fn recommended() -> Self {
        Self {
            every: SignedDuration::from_hours(7 * 24),
            broken_every: SignedDuration::from_hours(24),
            public_after: SignedDuration::from_hours(14 * 24),
            hosts_at_once: 4,
            pause: Duration::from_secs(1),
        }
    }
}

/// Looks at links whenever some are due, until [`App::stop`] is called.
pub async fn run_links(app: App, outbound: Outbound, schedule: LinkSchedule) {
    loop {
        let looked = async {
            follow_links(&app).await?;
            check_due_links(&app, &outbound, &schedule).await
        };
        let pause = tokio::select! {
            () = app.stopped() => return,
            looked = looked => match looked {
                // There may be more of them.
                Ok(checked) if checked.found > 0 => Duration::ZERO,
                Ok(_) | Err(Error::Busy) => POLL,
                Err(error) => {
                    tracing::error!(%error, "Links could not be looked at");
                    POLL
                }
            },
        };
        tokio::select! {
            () = app.stopped() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Notes which links are held by what became public, changed or was withdrawn since the last time. Returns how many
/// things were looked through.
///
/// # Errors
/// If the store fails; what was noted by then stays.
pub async fn follow_links(app: &App) -> Result<usize, Error> {
    let mut followed = 0;
    loop {
        let mut tx = app.read().await?;
        let position = position(&mut tx).await?;
        if portal::changes(&mut tx, (position.0, &position.1), 1).await?.is_empty() {
            return Ok(followed);
        }
        drop(tx);
        let mut tx = app.write().await?;
        let changes = portal::changes(&mut tx, (position.0, &position.1), CHANGES).await?;
        let Some(last) = changes.last() else { return Ok(followed) };
        let reached = json!({ "generation": last.generation, "subject": last.subject });
        for change in &changes {
            let (holder, addresses) = held(app, &mut tx, &change.kind, &change.subject).await?;
            link::replace_uses(&mut tx, &holder, &addresses, app.now()).await?;
        }
        setting::set(&mut tx, FOLLOWED, &reached, "system", app.now()).await?;
        tx.commit().await?;
        followed += changes.len();
    }
}

async fn position(tx: &mut Tx<'_>) -> Result<(i64, String), Error> {
    let stored = setting::get(tx, FOLLOWED).await?.unwrap_or_default();
    let generation = stored["generation"].as_i64().unwrap_or_default();
    // A database that was restored in part is followed from the beginning.
    if generation > portal::generation(tx).await? {
        return Ok((0, String::new()));
    }
    Ok((generation, stored["subject"].as_str().unwrap_or_default().to_owned()))
}

/// The links that something public holds; none if it is not public (any more).
async fn held(app: &App, tx: &mut Tx<'_>, kind: &str, subject: &str) -> Result<(Use, Vec<String>), Error> {
    let mut holder = Use {
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        title: String::new(),
        region_path: String::new(),
    };
    let Ok(id) = subject.parse() else { return Ok((holder, Vec::new())) };
    let written: Vec<String> = match kind {
        ARTICLE => {
            let Some(found) = article::get(tx, id).await? else { return Ok((holder, Vec::new())) };
            let Some(version) = live_version(tx, &found).await? else { return Ok((holder, Vec::new())) };
            let region = app.packs().regions.get(&found.region);
            holder.region_path = region.map(|region| region.path.clone()).unwrap_or_default();
            holder.title = version.content.title;
            render::links_in(&version.html).into_iter().collect()
        }
        SERVICE => {
            let Some(entry) = public_entry::get(tx, id).await? else { return Ok((holder, Vec::new())) };
            holder.title = entry.text("name").to_owned();
            let link = entry.text("link").to_owned();
            holder.region_path = entry.region_path;
            vec![link]
        }
        _ => Vec::new(),
    };
    let mut addresses: Vec<String> = written.iter().filter_map(|text| address_of(text)).collect();
    addresses.sort();
    addresses.dedup();
    addresses.truncate(PER_TEXT);
    Ok((holder, addresses))
}

/// The address of a page in its one form; `None` for what is none.
fn address_of(text: &str) -> Option<String> {
    let mut url = Url::parse(text.trim()).ok()?;
    url.set_fragment(None);
    let is_page = matches!(url.scheme(), "http" | "https") && url.has_host();
    let address = String::from(url);
    (is_page && address.len() <= ADDRESS_BYTES_MAX).then_some(address)
}

/// What looking at links came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinksChecked {
    /// Links at which something was found.
    pub found: usize,
    /// Those that are broken.
    pub broken: usize,
    /// True if nothing answered at all, which says something of this machine and nothing of the links.
    pub offline: bool,
}

/// Looks at the links that are due, at most 40 of them.
///
/// # Errors
/// If the store fails.
pub async fn check_due_links(
    app: &App,
    outbound: &Outbound,
    schedule: &LinkSchedule,
) -> Result<LinksChecked, Error> {
    let mut tx = app.read().await?;
    if !link::any_due(&mut tx, app.now()).await? {
        return Ok(LinksChecked::default());
    }
    drop(tx);
    let mut tx = app.write().await?;
    let due = link::take_due(&mut tx, app.now(), app.now() + HELD, BATCH).await?;
    tx.commit().await?;
    let mut by_host: BTreeMap<String, Vec<Link>> = BTreeMap::new();
    for link in due {
        let host = Url::parse(&link.address).ok().and_then(|url| url.host_str().map(str::to_owned));
        by_host.entry(host.unwrap_or_default()).or_default().push(link);
    }
    let hosts = by_host.len();
    let turns = Arc::new(Semaphore::new(schedule.hosts_at_once.max(1)));
    let mut asked = JoinSet::new();
    for links in by_host.into_values() {
        let (turns, outbound, pause) = (Arc::clone(&turns), outbound.clone(), schedule.pause);
        asked.spawn(async move {
            let _turn = turns.acquire_owned().await;
            ask_host(&outbound, links, pause).await
        });
    }
    let mut found = Vec::new();
    while let Some(of_host) = asked.join_next().await {
        found.extend(of_host.map_err(|e| Error::Internal(e.to_string()))?);
    }
    let unreachable =
        |finding: &Finding| matches!(finding.answer, Err("no_such_host" | "no_connection" | "late"));
    if hosts > 1 && found.iter().all(|(_, finding)| unreachable(finding)) {
        tracing::warn!(hosts, "No server answers: links are looked at again when this machine has a network");
        return Ok(LinksChecked { offline: true, ..LinksChecked::default() });
    }
    let (mut checked, now) = (LinksChecked::default(), app.now());
    let mut tx = app.write().await?;
    for (known, finding) in found {
        let is_broken = finding.status() == LinkStatus::Broken;
        let pause = if is_broken { schedule.broken_every } else { schedule.every };
        link::update(&mut tx, &known.found(finding, now, now + pause)).await?;
        checked.found += 1;
        checked.broken += usize::from(is_broken);
    }
    tx.commit().await?;
    Ok(checked)
}

/// Asks one server for its links, one after the other.
async fn ask_host(outbound: &Outbound, links: Vec<Link>, pause: Duration) -> Vec<(Link, Finding)> {
    let mut found = Vec::with_capacity(links.len());
    for link in links {
        if !found.is_empty() {
            tokio::time::sleep(pause).await;
        }
        let finding = match outbound.probe(&link.address).await {
            Ok(answer) => Finding { answer: Ok(answer.status), moved_to: answer.moved_to },
            Err(problem) => Finding { answer: Err(NoAnswer::code(&problem)), moved_to: None },
        };
        found.push((link, finding));
    }
    found
}

/// A link with what holds it, as an editor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkView {
    /// The link.
    pub link: Link,
    /// Articles and services that hold it, of the editor's regions.
    pub uses: Vec<Use>,
}

/// Links of a status that something in the editor's regions holds, by address. A page may hold fewer than `limit`.
///
/// # Errors
/// `Forbidden`; if the store fails.
pub async fn list_links(
    app: &App,
    actor: &Actor,
    status: LinkStatus,
    after: Option<&str>,
    limit: u32,
) -> Result<(Vec<LinkView>, Option<String>), Error> {
    let scope = authorize(app, actor, Action::ArticleWrite, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    let (links, next) = link::list(&mut tx, status, after, limit).await?;
    Ok((seen(&mut tx, &scope, links).await?, next))
}

async fn seen(tx: &mut Tx<'_>, scope: &Scope, links: Vec<Link>) -> Result<Vec<LinkView>, Error> {
    let addresses: Vec<&str> = links.iter().map(|link| link.address.as_str()).collect();
    let mut uses = link::uses(tx, &addresses).await?;
    let mut views = Vec::new();
    for link in links {
        let mut uses = uses.remove(&link.address).unwrap_or_default();
        uses.retain(|held| scope.covers(&held.region_path));
        if !uses.is_empty() {
            views.push(LinkView { link, uses });
        }
    }
    Ok(views)
}

/// Asks that somebody looks at a link soon: an editor has repaired it.
///
/// # Errors
/// `Forbidden`; `NotFound` for a link that nothing in the editor's regions holds.
pub async fn recheck_link(app: &App, actor: &Actor, address: &str) -> Result<LinkView, Error> {
    let scope = authorize(app, actor, Action::ArticleWrite, Subject::Anywhere)?;
    let mut tx = app.write().await?;
    let known = link::get(&mut tx, address).await?.ok_or_else(|| Error::not_found("link", address))?;
    let due = Link { due_at: app.now(), ..known };
    let view = seen(&mut tx, &scope, vec![due]).await?.pop();
    let view = view.ok_or_else(|| Error::not_found("link", address))?;
    link::update(&mut tx, &view.link).await?;
    app.audit(&mut tx, actor, "link.recheck", "links", json!({ "address": Json::from(address) })).await?;
    tx.commit().await?;
    Ok(view)
}

/// Since when a link has not answered, if that is long enough to tell readers.
///
/// # Errors
/// If the store fails.
pub async fn long_broken(
    app: &App,
    address: &str,
    after: SignedDuration,
) -> Result<Option<Timestamp>, Error> {
    let Some(address) = address_of(address) else { return Ok(None) };
    let mut tx = app.read().await?;
    let known = link::get(&mut tx, &address).await?;
    Ok(known.filter(|known| known.is_long_broken(app.now(), after)).and_then(|known| known.broken_since))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_form() {
        let of = |text: &str| address_of(text);
        assert_eq!(of(" HTTPS://Example.org/a#b ").as_deref(), Some("https://example.org/a"));
        assert_eq!(of("https://example.org").as_deref(), Some("https://example.org/"));
        for none in ["", "mailto:a@example.org", "/own", "ftp://example.org/", "javascript:alert(1)"] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(of(&format!("https://example.org/{}", "x".repeat(3_000))), None);
    }
}
