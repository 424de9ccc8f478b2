//! Records of registers: lists, single records with their history, and every change that a person makes by hand.
//!
//! A record belongs to its region: who may act there sees it with its whole history. Personal fields are left out
//! unless a role shows them there, and every look at them leaves an audit entry.

mod change;
mod list;

pub(crate) use change::{check_version, checked_reason, not_storable};
pub use change::{create, update, withdraw};
pub(crate) use list::Selection;
pub use list::{Listed, Query, Total, list};

use crate::app::App;
use crate::authorize::{Scope, Subject, authorize};
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
    let scope = authorize(app, actor, Action::RecordRead, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    let mut views = Vec::new();
    for register in app.packs().registers() {
        views.push(view(app, &mut tx, actor, register, &scope).await?);
    }
    Ok(views)
}

/// One register, with what the actor may do.
///
/// # Errors
/// `Forbidden` without a role that reads records; `NotFound`.
pub async fn register(app: &App, actor: &Actor, id: &str) -> Result<RegisterView, Error> {
    let scope = authorize(app, actor, Action::RecordRead, Subject::Anywhere)?;
    let register = find_register(app, id)?;
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
    let somewhere = |action: &Action| authorize(app, actor, *action, Subject::Anywhere).is_ok();
    let of_records = [Action::RecordRead, Action::RecordWrite, Action::RecordImport, Action::RecordExport];
    let actions = of_records.into_iter().filter(somewhere).collect();
    Ok(RegisterView { register: Arc::clone(register), total, actions })
}

/// A record as it is now, or as it was known at the end of a day. A withdrawn record is shown as withdrawn.
///
/// # Errors
/// `NotFound`, also for a record outside of the actor's regions.
pub async fn get(app: &App, actor: &Actor, id: RecordId, as_of: Option<Date>) -> Result<Shown, Error> {
    let scope = authorize(app, actor, Action::RecordRead, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    let found = match as_of {
        None => record::get(&mut tx, id).await?,
        Some(day) => record::get_as_of(&mut tx, id, day).await?,
    };
    drop(tx);
    let found = found.filter(|record| scope.covers(&record.region_path));
    let found = found.ok_or_else(|| Error::not_found("record", id))?;
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
    let scope = authorize(app, actor, Action::RecordRead, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    let current = record::get(&mut tx, id).await?.filter(|record| scope.covers(&record.region_path));
    let current = current.ok_or_else(|| Error::not_found("record", id))?;
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
            data: redaction.apply(version.data),
            changes,
        });
    }
    Ok(History { versions: shown, redacted: redaction.hidden })
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
    authorize(app, actor, action, Subject::Anywhere)?;
    find_register(app, register)
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
    let may_write = authorize(app, actor, Action::RecordWrite, at).is_ok();
    record.data = redaction.apply(record.data);
    Shown {
        record,
        redacted: redaction.hidden.clone(),
        actions: if may_write { vec![Action::RecordWrite] } else { Vec::new() },
        warnings: Vec::new(),
    }
}
