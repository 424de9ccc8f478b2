//! Reading the audit log, and proving that nothing was removed from it or altered.
//!
//! Entries belong to the installation and to no region, so only who may read the log everywhere reads it.

use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::error::Error;
use wanquan_domain::actor::{Action, Actor};
use wanquan_store::audit;

pub use wanquan_store::audit::{Entry, Fault, Filter as Query, NewEntry, Verification};

/// Entries of one step of an export.
const STEP: u32 = 1_000;

/// One page of the log, latest first.
#[derive(Debug, Clone)]
pub struct Page {
    /// Entries.
    pub items: Vec<Entry>,
    /// Where the next page begins.
    pub next: Option<u64>,
}

/// Asks whether an actor may do something to the installation as a whole.
pub(crate) fn authorize_everywhere(app: &App, actor: &Actor, action: Action) -> Result<(), Error> {
    let scope = authorize(app, actor, action, Subject::Anywhere)?;
    let everywhere = app.packs().regions.roots().iter().all(|root| scope.covers(&root.path));
    if everywhere { Ok(()) } else { Err(Error::Forbidden { action }) }
}

/// One page of the log. `limit` is brought into 1 to 1,000.
///
/// # Errors
/// `Forbidden` to whoever may not read the log everywhere.
pub async fn list(
    app: &App,
    actor: &Actor,
    query: &Query,
    before: Option<u64>,
    limit: u32,
) -> Result<Page, Error> {
    authorize_everywhere(app, actor, Action::AuditRead)?;
    let mut tx = app.read().await?;
    let (items, next) = audit::list(&mut tx, query, before, limit).await?;
    Ok(Page { items, next })
}

/// Reads the whole log and checks every entry and every link.
///
/// # Errors
/// `Forbidden` to whoever may not read the log everywhere. Faults of the log are no errors.
pub async fn verify(app: &App, actor: &Actor) -> Result<Verification, Error> {
    authorize_everywhere(app, actor, Action::AuditRead)?;
    let mut tx = app.read().await?;
    Ok(audit::verify(&mut tx).await?)
}

/// Walks through the whole log, oldest entry first, in one snapshot; notes that it was taken out.
///
/// # Errors
/// `Forbidden` to whoever may not read the log everywhere; whatever `each` returns.
pub async fn export<E: From<Error>>(
    app: &App,
    actor: &Actor,
    mut each: impl FnMut(&Entry) -> Result<(), E>,
) -> Result<u64, E> {
    authorize_everywhere(app, actor, Action::AuditRead)?;
    let store = |error: wanquan_store::Error| E::from(Error::from(error));
    let mut tx = app.read().await?;
    let (mut last, mut entries) = (0, 0);
    loop {
        let step = audit::list_from(&mut tx, last, STEP).await.map_err(store)?;
        let Some(end) = step.last().map(|entry| entry.seq) else { break };
        for entry in &step {
            each(entry)?;
            entries += 1;
        }
        last = end;
    }
    drop(tx);
    let mut tx = app.write().await?;
    let detail = serde_json::json!({ "entries": entries });
    app.audit(&mut tx, actor, "audit.export", "installation", detail).await?;
    tx.commit().await.map_err(store)?;
    Ok(entries)
}
