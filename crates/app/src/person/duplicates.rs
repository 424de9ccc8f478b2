//! Whether somebody who is being entered is known already.

use super::{subject, title, whole};
use crate::app::App;
use crate::authorize::{Scope, Subject, authorize, authorize_records};
use crate::error::Error;
use crate::records::find_register;
use jiff::civil::Date;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::identity::{Identity, LIKELY_SCORE, Likeness};
use wanquan_domain::kind::Role;
use wanquan_domain::record::{Data, Record, RecordId};
use wanquan_domain::region::RegionCode;
use wanquan_store::person::{self, Lookup};
use wanquan_store::{Tx, record};

/// Entries compared at most: a telephone of an institution has many.
const ENTRIES_MAX: u32 = 100;
/// Records of an entry looked at.
const RECORDS_MAX: u32 = 5;
/// Records of a person that others are compared with, the latest ones.
const COMPARED_MAX: usize = 20;
/// Duplicates shown.
const SHOWN_MAX: usize = 10;

/// An entry that may be the same person, with the record that is most alike.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) person: Uuid,
    pub(crate) record: Record,
    pub(crate) score: u32,
    pub(crate) reasons: Vec<Likeness>,
}

/// Entries that may be the person of an identity, most alike first. Costs as many steps of an index as the identity
/// has marks, however many persons there are.
pub(crate) async fn likely(
    app: &App,
    tx: &mut Tx<'_>,
    identity: &Identity,
    except: Option<RecordId>,
) -> Result<Vec<Candidate>, Error> {
    // A name alone is shared by thousands and says nothing.
    let lookups: Vec<Lookup> = Lookup::all_of(identity)
        .into_iter()
        .filter(|lookup| lookup.kind != person::LookupKind::Name)
        .collect();
    let entries = person::find_entries(tx, &lookups, ENTRIES_MAX).await?;
    let mut best: BTreeMap<Uuid, Candidate> = BTreeMap::new();
    for found in record::of_persons(tx, &entries, RECORDS_MAX).await? {
        let Some(register) = app.packs().register(&found.register) else { continue };
        let Some(person) = found.person.filter(|_| Some(found.id) != except) else { continue };
        let (score, reasons) = identity.likeness(&Identity::of(register, found.data.as_map()));
        let better = best.get(&person).is_none_or(|before| before.score < score);
        if score >= LIKELY_SCORE && better {
            best.insert(person, Candidate { person, record: found, score, reasons });
        }
    }
    Ok(in_order(best))
}

/// Most alike first.
fn in_order(best: BTreeMap<Uuid, Candidate>) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = best.into_values().collect();
    all.sort_by_key(|candidate| (std::cmp::Reverse(candidate.score), candidate.person));
    all
}

/// Somebody who may be the same person, as an actor may see them.
#[derive(Debug, Clone)]
pub struct Duplicate {
    /// The entry.
    pub person: Uuid,
    /// How alike, from 0 to 100.
    pub score: u32,
    /// Why.
    pub reasons: Vec<Likeness>,
    /// The record that is most alike.
    pub record: RecordId,
    /// Its register.
    pub register: String,
    /// Its region.
    pub region: RegionCode,
    /// Its day.
    pub event_date: Option<Date>,
    /// What it is called.
    pub title: String,
    /// Name of the person there.
    pub name: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Duplicates {
    /// Most alike first.
    pub items: Vec<Duplicate>,
    /// Others where the actor may not see persons.
    pub elsewhere: usize,
}

/// Who may be the person of a record that is about to be entered with these values: shown before it is, and a person
/// decides. Looking is noted, as it tells names.
///
/// # Errors
/// `NotFound` for an unknown register; `Forbidden` without a role that enters records and sees persons.
pub async fn duplicates(
    app: &App,
    actor: &Actor,
    register: &str,
    values: Map<String, Json>,
) -> Result<Duplicates, Error> {
    let register = find_register(app, register)?;
    authorize_records(app, actor, Action::RecordWrite, &register.id, Subject::Anywhere)?;
    let scope = authorize(app, actor, Action::RecordReadPersonal, Subject::Anywhere)?;
    let identity = Identity::of(register, Data::from_validated(values).as_map());
    let mut tx = app.read().await?;
    let found = likely(app, &mut tx, &identity, None).await?;
    drop(tx);
    let shown = shown(app, &scope, found);
    note_look(app, actor, &format!("register/{}", register.id), &shown).await?;
    Ok(shown)
}

/// Who else may be a person that is entered already: entries like one of their records, apart from those that were said
/// to be the same person. Looking is noted.
///
/// # Errors
/// `NotFound` as for [`super::get`]; `Forbidden` without a role that sees persons.
pub async fn alike(app: &App, actor: &Actor, id: Uuid) -> Result<Duplicates, Error> {
    let scope = authorize(app, actor, Action::RecordReadPersonal, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    let whole = whole(&mut tx, id).await?;
    let own: Vec<&Record> = whole.records.iter().filter(|r| scope.covers(&r.region_path)).collect();
    if own.is_empty() && !super::covers_everything(app, &scope) {
        return Err(Error::not_found("person", id));
    }
    let mut best: BTreeMap<Uuid, Candidate> = BTreeMap::new();
    for record in own.iter().rev().take(COMPARED_MAX) {
        let Some(register) = app.packs().register(&record.register) else { continue };
        let identity = Identity::of(register, record.data.as_map());
        for found in likely(app, &mut tx, &identity, Some(record.id)).await? {
            let better = best.get(&found.person).is_none_or(|before| before.score < found.score);
            if better && !whole.entries.contains(&found.person) {
                best.insert(found.person, found);
            }
        }
    }
    drop(tx);
    let shown = shown(app, &scope, in_order(best));
    note_look(app, actor, &subject(whole.head.id), &shown).await?;
    Ok(shown)
}

async fn note_look(app: &App, actor: &Actor, subject: &str, shown: &Duplicates) -> Result<(), Error> {
    if shown.items.is_empty() {
        return Ok(());
    }
    let records: Vec<RecordId> = shown.items.iter().map(|item| item.record).collect();
    let mut tx = app.write().await?;
    let detail = json!({ "records": records, "why": "duplicates" });
    app.audit(&mut tx, actor, "record.look", subject, detail).await?;
    Ok(tx.commit().await?)
}

fn shown(app: &App, scope: &Scope, found: Vec<Candidate>) -> Duplicates {
    let all = found.len();
    let seen = found.into_iter().filter(|candidate| scope.covers(&candidate.record.region_path));
    let items: Vec<Duplicate> = seen
        .map(|Candidate { person, record, score, reasons }| {
            let register = app.packs().register(&record.register);
            let name = register.and_then(|r| r.text_of(Role::Name, record.data.as_map())).map(str::to_owned);
            Duplicate {
                person,
                score,
                reasons,
                title: title(app, &record),
                name,
                record: record.id,
                register: record.register,
                region: record.region,
                event_date: record.event_date,
            }
        })
        .collect();
    let elsewhere = all - items.len();
    Duplicates { items: items.into_iter().take(SHOWN_MAX).collect(), elsewhere }
}
