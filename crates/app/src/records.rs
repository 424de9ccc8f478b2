//! Records of registers: lists, single records with their history, and every change that a person makes by hand.
//!
//! A record belongs to its region: who may act there sees it with its whole history. Personal fields are left out
//! unless a role shows them there, and every look at them leaves an audit entry.

mod change;
mod list;

pub(crate) use change::{check_version, checked_reason, not_storable};
pub use change::{create, create_for, update, withdraw};
pub(crate) use list::Selection;
pub use list::{Listed, Query, Total, list};

use crate::app::App;
use crate::authorize::{Scope, Subject, actions_of, authorize_records};
use crate::error::Error;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use std::sync::Arc;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::issue::Issue;
use wanquan_domain::record::{Data, Record, RecordId};
use wanquan_domain::register::Register;
use wanquan_store::{Tx, record};

/// Records counted for the size of a register or a list; beyond it, the size is said to be larger.
const COUNTED_MAX: u32 = 2_000;

/// A register as an actor meets it.
#[derive(Debug, Clone)]
pub struct RegisterView {
    /// The register.
    pub register: Arc<Register>,
    /// Records in the actor's scope.
    pub total: Total,
    /// What the actor may do somewhere with its records.
    pub actions: Vec<Action>,
}

/// A record as an actor may see it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The record, without the personal values that are hidden.
    pub record: Record,
    /// Fields that are hidden, whether they have a value or not.
    pub redacted: Vec<String>,
    /// What the actor may do with it.
    pub actions: Vec<Action>,
    /// What validation doubts about the values just written.
    pub warnings: Vec<Issue>,
}

/// One version of a record as an actor may see it.
#[derive(Debug, Clone)]
pub struct ShownVersion {
    /// Version, from 1.
    pub version: u32,
    /// When it became known.
    pub known_at: Timestamp,
    /// Who made it.
    pub changed_by: String,
    /// Why, where a person said so.
    pub reason: Option<String>,
    /// Withdrawn by this version.
    pub withdrawn: bool,
    /// The person was erased: what was said of them is gone.
    pub erased: bool,
    /// Values, without the personal ones that are hidden.
    pub data: Data,
    /// Fields that differ from the version before; none for the first.
    pub changes: Vec<String>,
}

/// The history of a record.
#[derive(Debug, Clone)]
pub struct History {
    /// Versions in the order in which they became known.
    pub versions: Vec<ShownVersion>,
    /// Fields that are hidden.
    pub redacted: Vec<String>,
}

/// The registers, with what the actor may do.
///
/// # Errors
/// `Forbidden` without a role that reads records.
pub async fn registers(app: &App, actor: &Actor) -> Result<Vec<RegisterView>, Error> {
    let mut tx = app.read().await?;
    let mut views = Vec::new();
    for register in app.packs().registers() {
        if let Ok(scope) = authorize_records(app, actor, Action::RecordRead, &register.id, Subject::Anywhere)
        {
            views.push(view(app, &mut tx, actor, register, &scope).await?);
        }
    }
    if views.is_empty() { Err(Error::Forbidden { action: Action::RecordRead }) } else { Ok(views) }
}

/// One register, with what the actor may do.
///
/// # Errors
/// `Forbidden` without a role that reads records; `NotFound`.
pub async fn register(app: &App, actor: &Actor, id: &str) -> Result<RegisterView, Error> {
    let register = admit(app, actor, id, Action::RecordRead)?;
    let scope = authorize_records(app, actor, Action::RecordRead, id, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    view(app, &mut tx, actor, register, &scope).await
}

async fn view(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    register: &Arc<Register>,
    scope: &Scope,
) -> Result<RegisterView, Error> {
    let filter = record::Filter {
        register: register.id.clone(),
        paths: scope.paths().to_vec(),
        ..record::Filter::default()
    };
    let total = Total::counted(record::estimate_count(tx, &filter, COUNTED_MAX + 1).await?);
    let somewhere =
        |action: &Action| authorize_records(app, actor, *action, &register.id, Subject::Anywhere).is_ok();
    let of_records = [Action::RecordRead, Action::RecordWrite, Action::RecordImport, Action::RecordExport];
    let actions = of_records.into_iter().filter(somewhere).collect();
    Ok(RegisterView { register: Arc::clone(register), total, actions })
}

/// A record as it is now, or as it was known at the end of a day. A withdrawn record is shown as withdrawn.
///
/// # Errors
/// `NotFound`, also for a record outside of the actor's regions.
pub async fn get(app: &App, actor: &Actor, id: RecordId, as_of: Option<Date>) -> Result<Shown, Error> {
    let mut tx = app.read().await?;
    let found = match as_of {
        None => record::get(&mut tx, id).await?,
        Some(day) => record::get_as_of(&mut tx, id, day).await?,
    };
    drop(tx);
    let (found, scope) = readable(app, actor, id, found)?;
    let register = find_register(app, &found.register)?;
    let redaction = Redaction::of(register, &scope, &found.region_path);
    let looked = redaction.personal_in(&found.data);
    if !looked.is_empty() {
        note_look(app, actor, id, &looked, as_of).await?;
    }
    Ok(show(app, actor, &redaction, found))
}

/// Every version of a record, in the order in which they became known.
///
/// # Errors
/// `NotFound`, also for a record outside of the actor's regions.
pub async fn versions(app: &App, actor: &Actor, id: RecordId) -> Result<History, Error> {
    let mut tx = app.read().await?;
    let current = record::get(&mut tx, id).await?;
    let (current, scope) = readable(app, actor, id, current)?;
    let versions = record::versions(&mut tx, id).await?;
    drop(tx);
    let register = find_register(app, &current.register)?;
    let redaction = Redaction::of(register, &scope, &current.region_path);
    let mut looked: Vec<String> = versions.iter().flat_map(|v| redaction.personal_in(&v.data)).collect();
    looked.sort_unstable();
    looked.dedup();
    if !looked.is_empty() {
        note_look(app, actor, id, &looked, None).await?;
    }
    let mut shown: Vec<ShownVersion> = Vec::with_capacity(versions.len());
    let mut before: Option<Data> = None;
    for version in versions {
        let changes =
            before.as_ref().map_or_else(Vec::new, |old| changed_fields(register, old, &version.data));
        before = Some(version.data.clone());
        shown.push(ShownVersion {
            version: version.version,
            known_at: version.known_at,
            changed_by: version.changed_by,
            reason: version.reason,
            withdrawn: version.deleted,
            erased: version.erased,
            data: redaction.apply(version.data),
            changes,
        });
    }
    Ok(History { versions: shown, redacted: redaction.hidden })
}

/// The scope in which an actor reads the register of a record.
pub(crate) fn reading(
    app: &App,
    actor: &Actor,
    id: RecordId,
    found: Option<&Record>,
) -> Result<Scope, Error> {
    if !actions_of(app, actor).contains(&Action::RecordRead) {
        return Err(Error::Forbidden { action: Action::RecordRead });
    }
    let found = found.ok_or_else(|| Error::not_found("record", id))?;
    authorize_records(app, actor, Action::RecordRead, &found.register, Subject::Anywhere)
        .map_err(|_| Error::not_found("record", id))
}

/// The record with the scope in which the actor reads its register, if it lies in there.
fn readable(app: &App, actor: &Actor, id: RecordId, found: Option<Record>) -> Result<(Record, Scope), Error> {
    let scope = reading(app, actor, id, found.as_ref())?;
    let found = found.filter(|record| scope.covers(&record.region_path));
    Ok((found.ok_or_else(|| Error::not_found("record", id))?, scope))
}

async fn note_look(
    app: &App,
    actor: &Actor,
    id: RecordId,
    fields: &[String],
    as_of: Option<Date>,
) -> Result<(), Error> {
    let mut tx = app.write().await?;
    let detail = json!({ "fields": fields, "as_of": as_of });
    app.audit(&mut tx, actor, "record.look", &subject(id), detail).await?;
    Ok(tx.commit().await?)
}

/// Asks whether an actor may do something with records of a register somewhere; the register if so. For what takes
/// long to come in: the verb itself asks again, for the regions that it meets.
///
/// # Errors
/// `NotFound` for an unknown register; `Forbidden`.
pub fn admit<'a>(
    app: &'a App,
    actor: &Actor,
    register: &str,
    action: Action,
) -> Result<&'a Arc<Register>, Error> {
    let admitted = authorize_records(app, actor, action, register, Subject::Anywhere);
    // Without any right, not even the names of registers are told.
    if !actions_of(app, actor).contains(&action) {
        return Err(Error::Forbidden { action });
    }
    let found = find_register(app, register)?;
    admitted.map(|_| found)
}

fn subject(id: RecordId) -> String {
    format!("record/{id}")
}

pub(crate) fn find_register<'a>(app: &'a App, id: &str) -> Result<&'a Arc<Register>, Error> {
    app.packs().register(id).ok_or_else(|| Error::not_found("register", id))
}

/// Fields of the register, in its order, whose values differ.
pub(crate) fn changed_fields(register: &Register, before: &Data, after: &Data) -> Vec<String> {
    let differs = |id: &&str| before.get(id) != after.get(id);
    register.fields.iter().map(|f| f.id.as_str()).filter(differs).map(str::to_owned).collect()
}

/// What of a register's personal fields an actor may see in a region.
pub(crate) struct Redaction {
    shown: Vec<String>,
    hidden: Vec<String>,
}

impl Redaction {
    /// Everything or nothing, by the scope.
    pub(crate) fn of(register: &Register, scope: &Scope, region_path: &str) -> Self {
        Self::limited(register, scope.shows_personal(region_path), |_| true)
    }

    /// Of the personal fields that may be shown, those for which `wanted` holds.
    pub(crate) fn limited(register: &Register, may_show: bool, wanted: impl Fn(&str) -> bool) -> Self {
        let personal = register.fields.iter().filter(|f| f.personal).map(|f| f.id.clone());
        let (shown, hidden) = personal.partition(|id| may_show && wanted(id));
        Self { shown, hidden }
    }

    /// True if any personal field may be shown.
    pub(crate) fn is_open(&self) -> bool {
        !self.shown.is_empty()
    }

    /// Personal fields with a value that are shown.
    pub(crate) fn personal_in(&self, data: &Data) -> Vec<String> {
        self.shown.iter().filter(|id| data.get(id).is_some()).cloned().collect()
    }

    /// The values without the hidden ones.
    pub(crate) fn apply(&self, data: Data) -> Data {
        if self.hidden.is_empty() { data } else { data.split(|id| self.hidden.iter().any(|h| h == id)).0 }
    }
}

fn show(app: &App, actor: &Actor, redaction: &Redaction, mut record: Record) -> Shown {
    let at = Subject::At(&record.region);
    let may_write = authorize_records(app, actor, Action::RecordWrite, &record.register, at).is_ok();
    record.data = redaction.apply(record.data);
    if !redaction.is_open() {
        // Which records belong together is something about a person, too.
        record.person = None;
    }
    Shown {
        record,
        redacted: redaction.hidden.clone(),
        actions: if may_write { vec![Action::RecordWrite] } else { Vec::new() },
        warnings: Vec::new(),
    }
}
