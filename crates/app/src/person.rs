//! Persons: who a record is about, whether two entries are one human being, what is known about somebody, and the end
//! of it.
//!
//! An entry is a person as one or more records name them. Nothing is joined by the program but records with the same
//! document, or the same telephone and name: that two entries are one person is said by somebody, with a reason, and
//! can be taken back. Entries that were said to be one are shown together; each keeps its records and its key.

mod duplicates;
mod known;

pub(crate) use duplicates::{Candidate, likely};
pub use duplicates::{Duplicate, Duplicates, alike, duplicates};
pub use known::{Known, KnownMerge, KnownRecord, KnownVersion, Look, known};

use crate::app::App;
use crate::authorize::{Scope, Subject, authorize};
use crate::error::Error;
use crate::records::checked_reason;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::identity;
use wanquan_domain::kind::Role;
use wanquan_domain::record::{Record, RecordId, new_uuid};
use wanquan_store::job::{self, NewJob};
use wanquan_store::person::{self, Lookup};
use wanquan_store::{Error as StoreError, Tx, record};

pub use wanquan_store::person::{Merge, Whose};

/// Name of the job that seals what an earlier release left in plain text.
pub(crate) const JOB: &str = "seal";
/// Records sealed in one transaction: others wait a fraction of a second for it.
const SEALED_STEP: u32 = 500;
/// Records of one person that are shown.
const RECORDS_MAX: usize = 500;

/// Asks for the sealing of what stands in plain text; false if nothing does.
pub(crate) async fn ask_to_seal(app: &App) -> Result<bool, Error> {
    let mut tx = app.read().await?;
    if !record::has_plain(&mut tx).await? {
        return Ok(false);
    }
    drop(tx);
    let now = app.now();
    let wanted = NewJob {
        id: new_uuid(now),
        name: JOB.to_owned(),
        dedup_key: String::new(),
        payload: json!({}),
        run_at: now,
        attempts_max: 30,
        created_at: now,
    };
    let mut tx = app.write().await?;
    job::enqueue(&mut tx, &wanted).await?;
    tx.commit().await?;
    Ok(true)
}

/// Seals everything that stands in plain text, in small transactions; killed, it goes on where it was.
pub(crate) async fn seal(app: &App) -> Result<(), Error> {
    let register = |id: &str| app.packs().register(id).cloned();
    let mut sealed = 0;
    loop {
        let mut tx = app.write().await?;
        let step = record::seal_plain(&mut tx, &register, app.now(), SEALED_STEP).await?;
        if step == 0 {
            break;
        }
        tx.commit().await?;
        sealed += step;
    }
    if sealed > 0 {
        let mut tx = app.write().await?;
        let actor = Actor::system("system");
        app.audit(&mut tx, &actor, "person.seal", "installation", json!({ "versions": sealed })).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// A person as an actor may see them.
#[derive(Debug, Clone)]
pub struct PersonView {
    /// The entry that stands for all.
    pub id: Uuid,
    /// Every entry that was said to be this person, this one included.
    pub entries: Vec<Uuid>,
    /// When the entry was made.
    pub created_at: Timestamp,
    /// When the person was erased.
    pub erased_at: Option<Timestamp>,
    /// Merges, in order, those taken back included.
    pub merges: Vec<Merge>,
    /// Records in the actor's scope, with their entries, latest event first; the first 500.
    pub records: Vec<PersonRecord>,
    /// Whether there are records that the actor may not see.
    pub more_elsewhere: bool,
    /// Whether the actor may say that others are the same person, or take it back.
    pub may_merge: bool,
    /// Whether the actor may take out what is known about the person.
    pub may_export: bool,
    /// Whether the actor may erase the person.
    pub may_erase: bool,
}

/// A record of a person in a list.
#[derive(Debug, Clone)]
pub struct PersonRecord {
    /// The record.
    pub record: Record,
    /// What it is called.
    pub title: String,
}

/// Everything that is stored of a person.
struct Whole {
    head: person::Person,
    entries: Vec<Uuid>,
    records: Vec<Record>,
}

async fn whole(tx: &mut Tx<'_>, id: Uuid) -> Result<Whole, Error> {
    let entries = person::family(tx, id).await?;
    let stored = person::get(tx, id).await?.ok_or_else(|| Error::not_found("person", id))?;
    let head = match stored.merged_into {
        Some(kept) => person::get(tx, kept).await?.ok_or_else(|| Error::not_found("person", kept))?,
        None => stored,
    };
    let mut records = Vec::new();
    let mut last: Option<RecordId> = None;
    for (id, _) in person::records(tx, head.id).await? {
        if last != Some(id) {
            records.extend(record::get(tx, id).await?);
        }
        last = Some(id);
    }
    Ok(Whole { head, entries, records })
}

/// Asks whether an actor may do something to everything that is recorded of a person.
fn authorize_all(app: &App, actor: &Actor, action: Action, whole: &Whole) -> Result<(), Error> {
    let scope = authorize(app, actor, action, Subject::Anywhere)?;
    let all = whole.records.iter().all(|record| scope.covers(&record.region_path));
    // Somebody of whom nothing is recorded belongs to no region.
    let somewhere = !whole.records.is_empty() || scope.paths().is_empty() || covers_everything(app, &scope);
    if all && somewhere { Ok(()) } else { Err(Error::Forbidden { action }) }
}

fn covers_everything(app: &App, scope: &Scope) -> bool {
    app.packs().regions.roots().iter().all(|root| scope.covers(&root.path))
}

/// The person of an entry, if the actor may see persons in a region of one of their records.
///
/// # Errors
/// `NotFound`, also for a person of whom the actor may see nothing; `Forbidden` without a role that sees persons.
pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<PersonView, Error> {
    let scope = authorize(app, actor, Action::RecordReadPersonal, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    let whole = whole(&mut tx, id).await?;
    let merges = merges_of(&mut tx, &whole.entries).await?;
    drop(tx);
    let all = whole.records.len();
    let may = |action| authorize_all(app, actor, action, &whole).is_ok();
    let (may_merge, may_export, may_erase) =
        (may(Action::RecordWrite), may(Action::PersonExport), may(Action::PersonErase));
    let mut seen: Vec<Record> =
        whole.records.into_iter().filter(|record| scope.covers(&record.region_path)).collect();
    if seen.is_empty() && !covers_everything(app, &scope) {
        return Err(Error::not_found("person", id));
    }
    let more_elsewhere = seen.len() < all;
    seen.sort_by_key(|record| std::cmp::Reverse((record.event_date, record.id)));
    seen.truncate(RECORDS_MAX);
    let mut tx = app.write().await?;
    let detail = json!({ "records": seen.iter().map(|record| record.id).collect::<Vec<_>>() });
    app.audit(&mut tx, actor, "person.look", &subject(whole.head.id), detail).await?;
    tx.commit().await?;
    let records = seen.into_iter().map(|record| PersonRecord { title: title(app, &record), record });
    Ok(PersonView {
        id: whole.head.id,
        entries: whole.entries,
        created_at: whole.head.created_at,
        erased_at: whole.head.erased_at,
        merges,
        records: records.collect(),
        more_elsewhere,
        may_merge,
        may_export,
        may_erase,
    })
}

async fn merges_of(tx: &mut Tx<'_>, entries: &[Uuid]) -> Result<Vec<Merge>, Error> {
    let mut merges = Vec::new();
    for entry in entries {
        merges.extend(person::merges(tx, *entry).await?);
    }
    merges.sort_by_key(|merge| merge.id);
    merges.dedup_by_key(|merge| merge.id);
    Ok(merges)
}

/// What a record is called, to who may see its person.
pub(crate) fn title(app: &App, record: &Record) -> String {
    let register = app.packs().register(&record.register);
    let title = register.and_then(|r| record.data.get(&r.title_field)).and_then(|value| value.as_str());
    title.unwrap_or_default().to_owned()
}

pub(crate) fn subject(id: Uuid) -> String {
    format!("person/{id}")
}

/// Who is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Number of an identity document.
    pub document: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
}

/// Persons with a document or a telephone of whom the actor may see a record, by the entry that stands for each: for
/// whoever comes and asks what is known about them.
///
/// # Errors
/// `Forbidden` without a role that sees persons; `BadInput` if nothing is asked for.
pub async fn find(app: &App, actor: &Actor, asked: &Asked) -> Result<Vec<Uuid>, Error> {
    let scope = authorize(app, actor, Action::RecordReadPersonal, Subject::Anywhere)?;
    let of = |role, value: &Option<String>| identity::asked(role, value.as_deref()?);
    let identities =
        [of(Role::DocumentNumber, &asked.document), of(Role::Phone, &asked.phone)].into_iter().flatten();
    let lookups: Vec<Lookup> = identities.flat_map(|identity| Lookup::all_of(&identity)).collect();
    if lookups.is_empty() {
        let message = "give the number of a document or a telephone".to_owned();
        return Err(Error::BadInput { field: "document", message });
    }
    let mut tx = app.read().await?;
    let mut found: Vec<Uuid> = Vec::new();
    for lookup in &lookups {
        for id in person::find(&mut tx, lookup).await? {
            let seen = whole(&mut tx, id).await?.records.iter().any(|r| scope.covers(&r.region_path));
            if !found.contains(&id) && (seen || covers_everything(app, &scope)) {
                found.push(id);
            }
        }
    }
    drop(tx);
    let mut tx = app.write().await?;
    app.audit(&mut tx, actor, "person.find", "installation", json!({ "found": found })).await?;
    tx.commit().await?;
    Ok(found)
}

/// Says that two entries are one person. Both histories stay where they are and are shown together from now on.
///
/// # Errors
/// `NotFound`; `Forbidden` unless the actor may change every record of both and see persons there; `BadInput` without a
/// reason; `Refused` if they are one already, or one of them is erased.
pub async fn merge(app: &App, actor: &Actor, kept: Uuid, merged: Uuid, reason: &str) -> Result<Merge, Error> {
    let reason = required(reason)?;
    let mut tx = app.write().await?;
    let (one, two) = (whole(&mut tx, kept).await?, whole(&mut tx, merged).await?);
    for whole in [&one, &two] {
        authorize_all(app, actor, Action::RecordWrite, whole)?;
        authorize_all(app, actor, Action::RecordReadPersonal, whole)?;
    }
    let made = Merge {
        id: new_uuid(app.now()),
        kept: one.head.id,
        merged: two.head.id,
        at: app.now(),
        by: actor.name.clone(),
        reason,
        undone: None,
    };
    person::merge(&mut tx, &made).await.map_err(|error| match error {
        StoreError::Conflict { .. } => Error::Refused {
            code: "not_mergeable",
            message:
                "they are one person already, one of them is erased, or others were merged into the second"
                    .to_owned(),
        },
        other => other.into(),
    })?;
    let detail = json!({ "merge": made.id, "merged": made.merged });
    app.audit(&mut tx, actor, "person.merge", &subject(made.kept), detail).await?;
    tx.commit().await?;
    Ok(made)
}

/// Takes back that two entries are one person.
///
/// # Errors
/// `NotFound` for a merge that this person does not have or that was taken back; `Forbidden` as for [`merge`].
pub async fn unmerge(app: &App, actor: &Actor, id: Uuid, merge: Uuid) -> Result<(), Error> {
    let mut tx = app.write().await?;
    let whole = whole(&mut tx, id).await?;
    authorize_all(app, actor, Action::RecordWrite, &whole)?;
    authorize_all(app, actor, Action::RecordReadPersonal, &whole)?;
    let merges = merges_of(&mut tx, &whole.entries).await?;
    if !merges.iter().any(|m| m.id == merge)
        || !person::unmerge(&mut tx, merge, &actor.name, app.now()).await?
    {
        return Err(Error::not_found("merge", merge));
    }
    app.audit(&mut tx, actor, "person.unmerge", &subject(whole.head.id), json!({ "merge": merge })).await?;
    Ok(tx.commit().await?)
}

/// Erases a person with every entry that was said to be them: destroys the keys under which everything was sealed that
/// any version of any record says of them. What no person is in stays, with every count. It cannot be taken back.
///
/// # Errors
/// `NotFound`; `Forbidden` unless the actor may erase persons wherever something is recorded of this one; `BadInput`
/// without a reason; `Refused` if it is done already.
pub async fn erase(app: &App, actor: &Actor, id: Uuid, reason: &str) -> Result<u64, Error> {
    let reason = required(reason)?;
    let mut tx = app.write().await?;
    let whole = whole(&mut tx, id).await?;
    authorize_all(app, actor, Action::PersonErase, &whole)?;
    let erased = person::erase(&mut tx, whole.head.id, app.now()).await?;
    if erased == 0 {
        let message = "the person was erased before".to_owned();
        return Err(Error::Refused { code: "erased", message });
    }
    let detail = json!({
        "reason": reason, "entries": whole.entries,
        "records": whole.records.iter().map(|record| record.id).collect::<Vec<_>>(),
    });
    app.audit(&mut tx, actor, "person.erase", &subject(whole.head.id), detail).await?;
    tx.commit().await?;
    Ok(erased)
}

fn required(reason: &str) -> Result<String, Error> {
    let message = "say why, without names".to_owned();
    checked_reason(Some(reason))?.ok_or(Error::BadInput { field: "reason", message })
}
