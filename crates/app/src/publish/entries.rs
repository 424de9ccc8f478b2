//! Public entries: what of a record the public may read, frozen in the transaction of the step that published it.

use crate::app::App;
use crate::error::Error;
use crate::portal::SERVICE;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use wanquan_domain::public_entry::PublicEntry;
use wanquan_domain::record::Record;
use wanquan_domain::register::{Register, STATE};
use wanquan_store::public_entry::{self, Stamp};
use wanquan_store::{Tx, portal};

/// What a register has published.
#[derive(Debug, Clone)]
pub struct PublicList {
    /// Changes with every publication and every withdrawal in the register.
    pub stamp: Stamp,
    /// The entries, by identifier.
    pub entries: Vec<PublicEntry>,
}

/// Lists as read last, by register: everybody reads the same, and a list changes some times a day.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<HashMap<String, Arc<PublicList>>>);

/// Freezes what is public of a record that has just entered a state, or takes it away where the state is not public.
pub(crate) async fn freeze(
    app: &App,
    tx: &mut Tx<'_>,
    register: &Register,
    record: &Record,
    by: &str,
) -> Result<(), Error> {
    let Some(view) = &register.public else { return Ok(()) };
    let state = record.data.get(STATE).and_then(serde_json::Value::as_str);
    // What is done in a rehearsal is never shown to the public.
    let is_public = !record.deleted
        && !record.drill
        && state.is_some_and(|state| view.states.iter().any(|public| public == state));
    if !is_public {
        if public_entry::take_away(tx, record.id.0, app.now()).await? {
            note(tx, register, record).await?;
        }
        return Ok(());
    }
    let entry = PublicEntry {
        id: record.id.0,
        register: register.id.clone(),
        region: record.region.clone(),
        region_path: record.region_path.clone(),
        data: view.freeze(record.data.as_map()),
        published_by: by.to_owned(),
        first_published_at: app.now(),
        changed_at: app.now(),
        version: 1,
    };
    public_entry::put(tx, &entry).await?;
    note(tx, register, record).await
}

/// Lets search and the check of links look at an entry again. Others see it with the generation, so nothing is to be
/// told after the commit.
async fn note(tx: &mut Tx<'_>, register: &Register, record: &Record) -> Result<(), Error> {
    if register.id != SERVICE {
        return Ok(());
    }
    let generation = portal::raise_generation(tx).await?;
    Ok(portal::note_change(tx, SERVICE, &record.id.to_string(), generation).await?)
}

/// Lets search find services that were published before it knew of them.
///
/// # Errors
/// If the store fails.
pub(crate) async fn note_all(app: &App) -> Result<(), Error> {
    let mut tx = app.read().await?;
    let known = portal::has_changes(&mut tx, SERVICE).await?;
    let stamp = public_entry::stamp(&mut tx, SERVICE).await?;
    drop(tx);
    if known || stamp.entries == 0 {
        return Ok(());
    }
    let mut tx = app.write().await?;
    let entries = public_entry::list(&mut tx, SERVICE).await?;
    let generation = portal::raise_generation(&mut tx).await?;
    for entry in entries {
        portal::note_change(&mut tx, SERVICE, &entry.id.to_string(), generation).await?;
    }
    Ok(tx.commit().await?)
}

/// What anybody may read of a register. Reads public entries and nothing else.
///
/// # Errors
/// `NotFound` for a register that has no public part; if the store fails.
pub async fn read_public(app: &App, register: &str) -> Result<Arc<PublicList>, Error> {
    let declared = app.packs().register(register).filter(|register| register.public.is_some());
    let declared = declared.ok_or_else(|| Error::not_found("register", register))?;
    let mut tx = app.read().await?;
    let stamp = public_entry::stamp(&mut tx, &declared.id).await?;
    let memory = &app.public_memory().0;
    let kept = memory.lock().expect("no thread panics while holding it").get(&declared.id).cloned();
    if let Some(kept) = kept.filter(|kept| kept.stamp == stamp) {
        return Ok(kept);
    }
    let entries = public_entry::list(&mut tx, &declared.id).await?;
    let list = Arc::new(PublicList { stamp, entries });
    memory.lock().expect("no thread panics while holding it").insert(declared.id.clone(), Arc::clone(&list));
    Ok(list)
}
