//! The life of records: what is to be done about them, who answers, until when, and the steps that people take.

mod handover;
mod step;

pub use handover::{accept, decline, offer};
pub use step::{Bulk, Outcome, StepInput, StepView, StepWarning, steps_of, take_step, take_steps};

use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::error::Error;
use crate::records::reading;
use crate::{dispatch, publish};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use wanquan_domain::actor::{Action, Actor, ActorKind};
use wanquan_domain::lifecycle::{Allowed, Lifecycle, Place, State};
use wanquan_domain::record::{Record, RecordId, new_uuid};
use wanquan_domain::region::RegionCode;
use wanquan_domain::register::{Register, STATE};
use wanquan_domain::unit::{Unit, responsible_unit};
use wanquan_domain::work::{Raised, Work, WorkAct, WorkEntry};
use wanquan_store::job::NewJob;
use wanquan_store::{Tx, work};

/// When a deadline warns and ends, as instants, and the first look at it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Clockwork {
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) next_at: Option<Timestamp>,
}

/// The deadline of a state that is entered at `now`.
pub(crate) fn clockwork(app: &App, state: &State, data: &Map<String, Json>, now: Timestamp) -> Clockwork {
    let zone = app.time_zone();
    let civil = |at: Timestamp| zone.to_datetime(at);
    let due = state.deadline.as_ref().and_then(|d| d.due(civil(now), data, &app.packs().calendar, civil));
    let Some(due) = due else { return Clockwork::default() };
    let instant = |at: jiff::civil::DateTime| zone.to_ambiguous_timestamp(at).compatible().ok();
    let due_at = instant(due.due_at);
    Clockwork { due_at, next_at: instant(due.warn_at).or(due_at) }
}

/// Path of the region of a unit; of the record's region for organisations and persons.
pub(crate) fn unit_path(app: &App, unit: &Unit, record_path: &str) -> String {
    match unit {
        Unit::Region(code) => {
            app.packs().regions.get(code).map_or_else(|| record_path.to_owned(), |r| r.path.clone())
        }
        Unit::Organisation(_) | Unit::Person(_) => record_path.to_owned(),
    }
}

/// Name of a unit as people know it.
pub(crate) fn unit_name(app: &App, unit: &Unit) -> String {
    match unit {
        Unit::Region(code) => {
            app.packs().regions.get(code).map_or_else(|| code.to_string(), |r| r.name.clone())
        }
        Unit::Organisation(key) => key.clone(),
        Unit::Person(id) => id.to_string(),
    }
}

/// The work that a record of a register with states brings when it is made; `None` for other registers.
pub(crate) fn work_for(
    app: &App,
    register: &Register,
    record: RecordId,
    region: &RegionCode,
    data: &Map<String, Json>,
    parent: Option<RecordId>,
    drill: bool,
) -> Option<Work> {
    let life = register.lifecycle.as_ref()?;
    let state = data.get(STATE).and_then(Json::as_str).and_then(|id| life.state(id));
    let state = state.unwrap_or_else(|| life.initial());
    let region_path = app.packs().regions.get(region)?.path.clone();
    let unit = responsible_unit(&register.responsible, data, region, &app.packs().regions);
    let now = app.now();
    let clockwork = if state.is_final { Clockwork::default() } else { clockwork(app, state, data, now) };
    Some(Work {
        record,
        register: register.id.clone(),
        unit_path: unit_path(app, &unit, &region_path),
        region_path,
        state: state.id.clone(),
        is_open: !state.is_final,
        unit,
        parent,
        entered_at: now,
        due_at: clockwork.due_at,
        next_at: clockwork.next_at,
        raised: Raised::QUIET,
        offered_to: None,
        pending: None,
        drill,
    })
}

/// The first entry of a history.
pub(crate) fn made(work: &Work, by: &str) -> WorkEntry {
    WorkEntry {
        at: work.entered_at,
        by: by.to_owned(),
        act: WorkAct::Made,
        step: None,
        from: None,
        to: Some(work.state.clone()),
        unit: Some(work.unit.clone()),
        reason: None,
    }
}

/// Begins the life of a record that was just stored, in its transaction: its work, the first entry of its history,
/// and the plans that it sets off. Records of registers without states set off plans too.
pub(crate) async fn begin(app: &App, tx: &mut Tx<'_>, actor: &Actor, record: &Record) -> Result<(), Error> {
    let Some(register) = app.packs().register(&record.register) else { return Ok(()) };
    let made_work =
        work_for(app, register, record.id, &record.region, record.data.as_map(), None, record.drill);
    if let Some(new) = &made_work {
        work::put(tx, new).await?;
        work::append(tx, record.id, &made(new, &actor.name)).await?;
    }
    let state = made_work.as_ref().map_or("", |w| w.state.as_str());
    dispatch::record_entered(app, tx, record, state, 0).await
}

/// Name of the job that begins the life of imported records.
pub(crate) const JOB: &str = "adopt";
/// Records of one transaction.
const ADOPT_STEP: u32 = 1_000;

/// What the job looks through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Adopt {
    register: String,
}

/// The job that begins the life of records that a file brought into a register with states.
pub(crate) fn job_for(app: &App, register: &Register) -> Option<NewJob> {
    register.lifecycle.as_ref()?;
    let now = app.now();
    let payload = serde_json::to_value(Adopt { register: register.id.clone() }).ok()?;
    Some(NewJob {
        id: new_uuid(now),
        name: JOB.to_owned(),
        dedup_key: register.id.clone(),
        payload,
        run_at: now,
        attempts_max: 30,
        created_at: now,
    })
}

/// Begins the life of every record of a register that has none yet. Imports set off no plans.
///
/// # Errors
/// If the store fails.
pub(crate) async fn adopt(app: &App, wanted: Adopt) -> Result<(), Error> {
    let Some(register) = app.packs().register(&wanted.register) else { return Ok(()) };
    loop {
        let mut tx = app.write().await?;
        let found = work::without(&mut tx, &register.id, ADOPT_STEP).await?;
        let begun: Vec<(Work, WorkEntry)> = found
            .iter()
            .filter_map(|record| {
                let data = record.data.as_map();
                let new = work_for(app, register, record.id, &record.region, data, None, record.drill)?;
                let entry = made(&new, &record.changed_by);
                Some((new, entry))
            })
            .collect();
        // A record whose region is no longer declared has no unit; without progress the loop would not end.
        if begun.is_empty() {
            return Ok(());
        }
        work::begin_many(&mut tx, &begun).await?;
        tx.commit().await?;
    }
}

/// The work of a record, begun now if a file brought it in and the job that begins the life of many has not come to
/// it: nobody waits for that job. `None` for registers without states.
pub(crate) async fn ensured(app: &App, tx: &mut Tx<'_>, record: &Record) -> Result<Option<Work>, Error> {
    if let Some(current) = work::get(tx, record.id).await? {
        return Ok(Some(current));
    }
    let Some(begun) = unbegun(app, record) else { return Ok(None) };
    work::put(tx, &begun).await?;
    work::append(tx, record.id, &made(&begun, &record.changed_by)).await?;
    Ok(Some(begun))
}

/// The work with which the life of an imported record will begin.
fn unbegun(app: &App, record: &Record) -> Option<Work> {
    let register = app.packs().register(&record.register).filter(|_| !record.deleted)?;
    work_for(app, register, record.id, &record.region, record.data.as_map(), None, record.drill)
}

/// Follows a record whose values were changed by hand: its region may have moved, its deadline may have been put
/// into a field. The state stays; only steps change it.
pub(crate) async fn follow(app: &App, tx: &mut Tx<'_>, record: &Record) -> Result<(), Error> {
    let Some(register) = app.packs().register(&record.register) else { return Ok(()) };
    let Some(life) = &register.lifecycle else { return Ok(()) };
    let Some(mut current) = work::get(tx, record.id).await? else { return Ok(()) };
    if record.deleted {
        // What is withdrawn is public no longer; what is changed stays public as it was approved.
        publish::freeze(app, tx, register, record, &record.changed_by).await?;
        current.is_open = false;
        current.next_at = None;
        current.offered_to = None;
        current.pending = None;
    } else {
        current.region_path.clone_from(&record.region_path);
        current.unit_path = unit_path(app, &current.unit, &record.region_path);
        if let Some(state) = life.state(&current.state).filter(|s| !s.is_final) {
            current.is_open = true;
            let again = clockwork(app, state, record.data.as_map(), current.entered_at);
            if again.due_at != current.due_at {
                current.due_at = again.due_at;
                current.next_at = again.next_at;
                current.raised = Raised::QUIET;
            }
        }
    }
    Ok(work::put(tx, &current).await?)
}

/// True if an actor holds a role where a step asks for it.
pub(crate) fn is_allowed(app: &App, actor: &Actor, allowed: &Allowed, current: &Work) -> bool {
    if actor.kind == ActorKind::System {
        return true;
    }
    if allowed.place == Place::Responsible && current.unit == Unit::Person(actor.id) {
        return true;
    }
    let regions = &app.packs().regions;
    let held = actor.grants.iter().filter(|grant| grant.role == allowed.role);
    held.filter_map(|grant| regions.get(&grant.region)).any(|region| match allowed.place {
        Place::Region => current.region_path.starts_with(&region.path),
        Place::Above => current.region_path.starts_with(&region.path) && current.region_path != region.path,
        Place::Responsible => current.unit_path.starts_with(&region.path),
    })
}

/// True if an actor may act for a unit: write records in its region, or be the person.
pub(crate) fn acts_for(app: &App, actor: &Actor, unit: &Unit, record_region: &RegionCode) -> bool {
    let region = match unit {
        Unit::Person(id) if *id == actor.id => return true,
        Unit::Region(code) => code,
        Unit::Organisation(_) | Unit::Person(_) => record_region,
    };
    authorize(app, actor, Action::RecordWrite, Subject::At(region)).is_ok()
}

/// Roles that take steps in a life at some place, in order of declaration, each once.
pub(crate) fn roles_at(life: &Lifecycle, places: &[Place]) -> Vec<String> {
    let mut roles: Vec<String> = Vec::new();
    for allowed in life.steps.iter().flat_map(|step| &step.allowed).filter(|a| places.contains(&a.place)) {
        if !roles.contains(&allowed.role) {
            roles.push(allowed.role.clone());
        }
    }
    roles
}

/// What is to be done about a record, and what happened to it.
#[derive(Debug, Clone)]
pub struct Life {
    /// Its work.
    pub work: Work,
    /// Version of the record, for taking a step on what was seen.
    pub version: u32,
    /// What happened, oldest first.
    pub history: Vec<WorkEntry>,
    /// Steps that begin in its state, with what stands in their way for this actor.
    pub steps: Vec<StepView>,
    /// Whether the actor may accept it for the unit to which it is offered.
    pub may_accept: bool,
    /// Whether the actor may offer it to another unit.
    pub may_offer: bool,
}

/// The life of a record; `None` for a record of a register without states.
///
/// # Errors
/// `NotFound`, also for a record outside of the actor's regions.
pub async fn get(app: &App, actor: &Actor, id: RecordId) -> Result<Option<Life>, Error> {
    let mut tx = app.read().await?;
    let found = wanquan_store::record::get(&mut tx, id).await?;
    let current = work::get(&mut tx, id).await?;
    let scope = reading(app, actor, id, found.as_ref())?;
    let seen = |record: &Record| {
        // A unit sees what was given to it, wherever the record's region is.
        scope.covers(&record.region_path) || current.as_ref().is_some_and(|w| scope.covers(&w.unit_path))
    };
    let record = found.filter(seen).ok_or_else(|| Error::not_found("record", id))?;
    let begun = current.is_some();
    let Some(current) = current.or_else(|| unbegun(app, &record)) else { return Ok(None) };
    let history = match begun {
        true => work::history(&mut tx, id).await?,
        false => vec![made(&current, &record.changed_by)],
    };
    let register = crate::records::find_register(app, &record.register)?;
    let steps = steps_of(app, actor, register, &record, &current);
    let offered = current.offered_to.as_ref();
    Ok(Some(Life {
        may_accept: offered.is_some_and(|unit| acts_for(app, actor, unit, &record.region)),
        may_offer: current.is_open
            && offered.is_none()
            && acts_for(app, actor, &current.unit, &record.region),
        history,
        steps,
        version: record.version,
        work: current,
    }))
}
