//! What a person changes by hand: a new record, a new version, a withdrawal.

use super::{Redaction, Shown, changed_fields, find_register, show, subject};
use crate::app::App;
use crate::authorize::{Scope, Subject, actions_of, authorize, authorize_records};
use crate::bus::Change as Told;
use crate::detect;
use crate::error::Error;
use crate::life;
use crate::validation::validate;
use jiff::SignedDuration;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::issue::{Issue, IssueCode};
use wanquan_domain::record::{Draft, Record, RecordId};
use wanquan_domain::register::Register;
use wanquan_domain::signal::REASON_MAX_CHARS;
use wanquan_domain::validate::repeated_key;
use wanquan_store::idempotency::{self, Request};
use wanquan_store::record::{self, Change, NewRecord, Stored, Whose};
use wanquan_store::{Error as StoreError, Tx};

/// Longest admissible idempotency key, in bytes.
const KEY_BYTES_MAX: usize = 200;
/// Records of a person that are looked at for one that the actor may see.
const SEEN_MAX: u32 = 1_000;
/// Equal records without a business key; more of them are a script gone wrong.
const REPEATS_MAX: u32 = 100;
/// A retry finds the answer of the first attempt for this long.
const KEY_LIFE: SignedDuration = SignedDuration::from_hours(48);

/// Enters a record. With an idempotency key, a retry of the same request gives the record of the first attempt.
///
/// # Errors
/// `Invalid` with coded issues; `Forbidden` in the region of the record; `Duplicate` if its key is taken; `Refused`
/// if the idempotency key was used for something else.
pub async fn create(
    app: &App,
    actor: &Actor,
    register: &str,
    values: Map<String, Json>,
    idempotency_key: Option<&str>,
) -> Result<Shown, Error> {
    create_for(app, actor, register, values, Whose::Found, idempotency_key).await
}

/// The same, where somebody has said whose the record is: of a known person, or of one of its own although others look
/// alike.
///
/// # Errors
/// As for [`create`]; `NotFound` for a person of whom the actor may see nothing.
pub async fn create_for(
    app: &App,
    actor: &Actor,
    register: &str,
    values: Map<String, Json>,
    whose: Whose,
    idempotency_key: Option<&str>,
) -> Result<Shown, Error> {
    let register = find_register(app, register)?;
    let write = authorize_records(app, actor, Action::RecordWrite, &register.id, Subject::Anywhere)?;
    let key = idempotency_key.map(check_key).transpose()?;
    let digest = request_digest(app, register, &values);
    let values = keep_managed(register, None, values)?;
    let (draft, warnings) = validated(app, register, values)?;
    authorize_records(app, actor, Action::RecordWrite, &register.id, Subject::At(&draft.region))?;
    let id = RecordId::new(app.now());
    let mut tx = app.write().await?;
    if let Whose::Of(person) = whose {
        check_seen(app, &mut tx, actor, person).await?;
    }
    if let Some(key) = key {
        idempotency::forget(&mut tx, actor.id, app.now() - KEY_LIFE).await?;
        let request = Request { digest, record: id, version: 1 };
        if let Some(first) = idempotency::claim(&mut tx, actor.id, key, &request, app.now()).await? {
            return answer_again(app, &mut tx, actor, &first, &request).await;
        }
    }
    let stored = insert(app, &mut tx, actor, register, draft, (id, whose), &write).await?;
    if let Some(key) = key {
        let made = &stored.record;
        idempotency::settle(&mut tx, actor.id, key, made.id, made.version).await?;
    }
    let detail = json!({ "register": register.id, "version": stored.record.version });
    let shown = finish(app, tx, actor, "record.create", detail, None, stored).await?;
    Ok(Shown { warnings, ..shown })
}

/// Whose record it is can be said of persons whom the actor may see.
async fn check_seen(app: &App, tx: &mut Tx<'_>, actor: &Actor, person: Uuid) -> Result<(), Error> {
    let scope = authorize(app, actor, Action::RecordReadPersonal, Subject::Anywhere)?;
    let records = record::of_persons(tx, &[person], SEEN_MAX).await?;
    let seen = records.iter().any(|record| scope.covers(&record.region_path) && !record.erased);
    if seen { Ok(()) } else { Err(Error::not_found("person", person)) }
}

fn check_key(key: &str) -> Result<&str, Error> {
    let fits = !key.is_empty() && key.len() <= KEY_BYTES_MAX && key.chars().all(|c| c.is_ascii_graphic());
    let message = format!("1 to {KEY_BYTES_MAX} visible ASCII characters");
    if fits { Ok(key) } else { Err(Error::BadInput { field: "idempotency_key", message }) }
}

/// What a request said; keyed, for names and numbers could be tried against it.
fn request_digest(app: &App, register: &Register, values: &Map<String, Json>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(register.id.as_bytes());
    hasher.update(b"\0");
    let mut fields: Vec<_> = values.iter().collect();
    fields.sort_by_key(|(field, _)| *field);
    for (field, value) in fields {
        hasher.update(field.as_bytes());
        hasher.update(b"\0");
        hasher.update(value.to_string().as_bytes());
        hasher.update(b"\0");
    }
    let said = hasher.finalize();
    *blake3::hash(&app.store().keys().digest("request", said.as_bytes())).as_bytes()
}

/// The version that the first attempt made, even if it was changed since.
async fn answer_again(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    first: &Request,
    again: &Request,
) -> Result<Shown, Error> {
    if first.digest != again.digest {
        let message = "this Idempotency-Key was used for another request".to_owned();
        return Err(Error::Refused { code: "idempotency_key_reused", message });
    }
    let versions = record::versions(tx, first.record).await?;
    let made = versions.into_iter().find(|record| record.version == first.version);
    let made = made.ok_or_else(|| Error::not_found("record", first.record))?;
    shown_to_writer(app, actor, made)
}

/// What the writer of a record sees of it.
fn shown_to_writer(app: &App, actor: &Actor, record: Record) -> Result<Shown, Error> {
    let register = find_register(app, &record.register)?;
    let write = authorize_records(app, actor, Action::RecordWrite, &register.id, Subject::Anywhere)?;
    let redaction = Redaction::of(register, &write, &record.region_path);
    Ok(show(app, actor, &redaction, record))
}

async fn insert(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    register: &Register,
    mut draft: Draft,
    (id, whose): (RecordId, Whose),
    write: &Scope,
) -> Result<Stored, Error> {
    // Without a business key two equal records are two things: two persons of one household, seen on one day.
    let repeats = if register.has_key(draft.data.as_map()) { 0 } else { REPEATS_MAX };
    let first = draft.key;
    for n in 0..=repeats {
        if n > 0 {
            draft.key = repeated_key(&first, n);
        }
        let Some(holder) = record::get_by_key(tx, &register.id, &draft.key).await? else { break };
        // Entering a withdrawn record again restores it, which changes it where it was.
        if holder.deleted && write.covers(&holder.region_path) {
            break;
        }
        if n == repeats {
            return Err(taken(app, actor, Some(&holder)));
        }
    }
    let new = NewRecord::new(register, draft, id).map_err(not_storable)?.belonging(whose);
    Ok(record::insert(tx, new, &change(app, actor, None)).await?)
}

/// The key is taken; by what, is said to whoever may see it.
fn taken(app: &App, actor: &Actor, holder: Option<&Record>) -> Error {
    let seen = holder.filter(|holder| {
        let scope = authorize_records(app, actor, Action::RecordRead, &holder.register, Subject::Anywhere);
        scope.is_ok_and(|scope| scope.covers(&holder.region_path))
    });
    Error::Duplicate { what: "record", existing: seen.map(|holder| holder.id.0) }
}

/// Changes a record. `expected` is the version that the person saw. Values that nothing changed make no new version;
/// a withdrawn record comes back.
///
/// # Errors
/// `NotFound`, also for a record that the actor may not see; `Forbidden` in its region, or in the one that it moves
/// to; `Conflict` with what somebody else changed meanwhile; `Invalid`; `Duplicate` if its new key is taken.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: RecordId,
    expected: u32,
    values: Map<String, Json>,
    reason: Option<&str>,
) -> Result<Shown, Error> {
    let reason = checked_reason(reason)?;
    let mut tx = app.write().await?;
    let (old, write) = writable(app, &mut tx, actor, id).await?;
    let register = find_register(app, &old.register)?;
    check_version(&mut tx, register, &old, expected).await?;
    let values = keep_hidden(register, &write, &old, values)?;
    let values = keep_managed(register, Some(&old), values)?;
    let (mut draft, warnings) = validated(app, register, values)?;
    if !write.covers(&draft.region_path) {
        return Err(Error::Forbidden { action: Action::RecordWrite });
    }
    if !register.has_key(draft.data.as_map()) && !register.has_key(old.data.as_map()) {
        // Without a business key the key tells where the record came from; a correction does not change that.
        draft.key = old.key;
    }
    if draft.data == old.data && !old.deleted {
        return shown_to_writer(app, actor, old);
    }
    if let Some(holder) = record::get_by_key(&mut tx, &register.id, &draft.key).await?
        && holder.id != id
    {
        return Err(taken(app, actor, Some(&holder)));
    }
    let changes = changed_fields(register, &old.data, &draft.data);
    let moved_from = (draft.region != old.region).then(|| old.region.to_string());
    let new = NewRecord::new(register, draft, id).map_err(not_storable)?;
    let stored = record::update(&mut tx, id, expected, new, &change(app, actor, reason)).await?;
    let detail = json!({
        "version": stored.record.version, "fields": changes, "moved_from": moved_from, "restored": old.deleted
    });
    let shown = finish(app, tx, actor, "record.update", detail, Some(old.region_path), stored).await?;
    Ok(Shown { warnings, ..shown })
}

/// Withdraws a record: it is in no list and no count any more, and its history stays.
///
/// # Errors
/// As for [`update`]; `BadInput` without a reason.
pub async fn withdraw(
    app: &App,
    actor: &Actor,
    id: RecordId,
    expected: u32,
    reason: &str,
) -> Result<(), Error> {
    let reason = checked_reason(Some(reason))?;
    if reason.is_none() {
        return Err(Error::BadInput {
            field: "reason",
            message: "say why the record is withdrawn".to_owned(),
        });
    }
    let mut tx = app.write().await?;
    let (old, _) = writable(app, &mut tx, actor, id).await?;
    if old.deleted {
        return Err(Error::not_found("record", id));
    }
    check_version(&mut tx, find_register(app, &old.register)?, &old, expected).await?;
    let stored = record::delete(&mut tx, id, expected, &change(app, actor, reason)).await?;
    let detail = json!({ "version": stored.record.version });
    finish(app, tx, actor, "record.withdraw", detail, None, stored).await?;
    Ok(())
}

/// The record, if the actor may change it where it is.
async fn writable(app: &App, tx: &mut Tx<'_>, actor: &Actor, id: RecordId) -> Result<(Record, Scope), Error> {
    if !actions_of(app, actor).contains(&Action::RecordWrite) {
        return Err(Error::Forbidden { action: Action::RecordWrite });
    }
    let old = record::get(tx, id).await?.ok_or_else(|| Error::not_found("record", id))?;
    let scope = |action| authorize_records(app, actor, action, &old.register, Subject::Anywhere);
    let write = scope(Action::RecordWrite).ok().filter(|write| write.covers(&old.region_path));
    let read = scope(Action::RecordRead);
    if let Some(write) = write {
        return Ok((old, write));
    }
    if read.is_ok_and(|read| read.covers(&old.region_path)) {
        return Err(Error::Forbidden { action: Action::RecordWrite });
    }
    Err(Error::not_found("record", id))
}

pub(crate) async fn check_version(
    tx: &mut Tx<'_>,
    register: &Register,
    current: &Record,
    expected: u32,
) -> Result<(), Error> {
    if current.version == expected {
        return Ok(());
    }
    let versions = record::versions(tx, current.id).await?;
    let read = versions.iter().find(|record| record.version == expected);
    Err(Error::Conflict {
        what: "record",
        current_version: current.version,
        changed: read.map_or_else(Vec::new, |read| changed_fields(register, &read.data, &current.data)),
        changed_by: Some(current.changed_by.clone()),
    })
}

/// Puts the personal values that the writer does not see back in. Giving one is refused: it would overwrite unseen.
fn keep_hidden(
    register: &Register,
    write: &Scope,
    old: &Record,
    mut values: Map<String, Json>,
) -> Result<Map<String, Json>, Error> {
    if write.shows_personal(&old.region_path) {
        return Ok(values);
    }
    for field in register.fields.iter().filter(|field| field.personal) {
        if values.get(&field.id).is_some_and(|value| !value.is_null()) {
            return Err(Error::Forbidden { action: Action::RecordReadPersonal });
        }
        match old.data.get(&field.id) {
            Some(value) => values.insert(field.id.clone(), value.clone()),
            None => values.remove(&field.id),
        };
    }
    Ok(values)
}

/// Leaves to the program what the program sets: a state changes by a step, not by a form. Giving back what was read
/// is no change.
fn keep_managed(
    register: &Register,
    old: Option<&Record>,
    mut values: Map<String, Json>,
) -> Result<Map<String, Json>, Error> {
    let mut issues = Vec::new();
    for field in register.fields.iter().filter(|field| field.managed) {
        let kept = old.and_then(|old| old.data.get(&field.id));
        let given = values.remove(&field.id).filter(|value| !value.is_null());
        if given.is_some() && given.as_ref() != kept {
            let issue = Issue::error(IssueCode::RuleBroken).field(&field.id);
            issues.push(issue.detail("it is changed by a step", "须通过办理步骤更改"));
        }
        if let Some(kept) = kept {
            values.insert(field.id.clone(), kept.clone());
        }
    }
    if issues.is_empty() { Ok(values) } else { Err(Error::Invalid { issues }) }
}

/// The draft, and what a person should look at although it is accepted.
fn validated(
    app: &App,
    register: &Register,
    values: Map<String, Json>,
) -> Result<(Draft, Vec<Issue>), Error> {
    let checked = validate(app, register, values, app.today());
    match checked.draft {
        Some(draft) => Ok((draft, checked.issues)),
        None => Err(Error::Invalid { issues: checked.issues }),
    }
}

pub(crate) fn checked_reason(reason: Option<&str>) -> Result<Option<String>, Error> {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.chars().count() > REASON_MAX_CHARS || reason.contains('\0')) {
        let message = format!("at most {REASON_MAX_CHARS} characters");
        return Err(Error::BadInput { field: "reason", message });
    }
    Ok(reason.map(str::to_owned))
}

pub(crate) fn not_storable(error: StoreError) -> Error {
    match error {
        StoreError::NotStorable { field } => {
            Error::BadInput { field: "data", message: format!("`{field}` holds a NUL character") }
        }
        other => other.into(),
    }
}

fn change(app: &App, actor: &Actor, reason: Option<String>) -> Change {
    Change { by: actor.name.clone(), at: app.now(), known_on: app.today(), reason, batch: None, drill: false }
}

/// Asks for what follows, writes the audit entry, commits, and tells whoever watches.
async fn finish(
    app: &App,
    mut tx: Tx<'static>,
    actor: &Actor,
    act: &str,
    detail: Json,
    moved_from: Option<String>,
    stored: Stored,
) -> Result<Shown, Error> {
    let Stored { record, touched } = stored;
    detect::enqueue(app, &mut tx, &touched).await?;
    if record.version == 1 {
        life::begin(app, &mut tx, actor, &record).await?;
    } else {
        life::follow(app, &mut tx, &record).await?;
    }
    app.audit(&mut tx, actor, act, &subject(record.id), detail).await?;
    tx.commit().await?;
    let here = record.region_path.clone();
    for region_path in moved_from.into_iter().filter(|from| *from != here).chain([here.clone()]) {
        app.bus().send(Told::Record { register: record.register.clone(), region_path });
    }
    detect::announce(app, &touched);
    // A plan or a deadline may wait for the worker although no count changed.
    app.wake_worker();
    shown_to_writer(app, actor, record)
}
