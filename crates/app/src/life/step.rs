//! Steps: from one state to another, by whoever may, with the values and the reason that they need.

use super::{clockwork, ensured, is_allowed};
use crate::app::App;
use crate::bus::Change as Told;
use crate::error::Error;
use crate::records::{changed_fields, checked_reason, find_register, not_storable, reading};
use crate::validation::validate;
use crate::{detect, dispatch, publish};
use serde_json::{Map, Value as Json, json};
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::issue::Issue;
use wanquan_domain::lifecycle::{Step, StepRefused};
use wanquan_domain::record::{Record, RecordId};
use wanquan_domain::register::{Register, STATE};
use wanquan_domain::signal::SeriesKey;
use wanquan_domain::text::Text;
use wanquan_domain::work::{Pending, Raised, Work, WorkAct, WorkEntry};
use wanquan_store::record::{self, Change, NewRecord};
use wanquan_store::{Tx, work};

/// Records of one act at most.
pub const STEP_RECORDS_MAX: usize = 10_000;

/// What a person brings to a step.
#[derive(Debug, Clone, Default)]
pub struct StepInput {
    /// Step.
    pub step: String,
    /// Values that it sets; others stay.
    pub values: Map<String, Json>,
    /// Why.
    pub reason: Option<String>,
    /// Version of the record that the person saw; `None` for steps on a selection, which take the present one.
    pub expected: Option<u32>,
}

/// A step as an actor meets it.
#[derive(Debug, Clone)]
pub struct StepView {
    /// Identifier.
    pub id: String,
    /// Shown name.
    pub label: Text,
    /// State to which it leads.
    pub to: String,
    /// Fields that must be filled and are not yet.
    pub required: Vec<String>,
    /// A reason must be given.
    pub reason: bool,
    /// Two persons must agree.
    pub two_persons: bool,
    /// Waits for a second person, proposed by this one.
    pub proposed_by: Option<String>,
    /// Why the actor cannot take it; `None` if it can.
    pub blocked: Option<Text>,
}

/// What validation doubts about the values of a step.
pub type StepWarning = Issue;

/// What became of a step.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The record's version now.
    pub version: u32,
    /// Its state now.
    pub state: String,
    /// The step waits for a second person.
    pub proposed: bool,
    /// What validation doubts.
    pub warnings: Vec<StepWarning>,
}

/// How steps on a selection are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bulk {
    /// All or none.
    Together,
    /// Each for itself.
    Each,
}

/// The steps that begin in a record's state, with what stands in their way for an actor.
pub fn steps_of(
    app: &App,
    actor: &Actor,
    register: &Register,
    found: &Record,
    current: &Work,
) -> Vec<StepView> {
    let Some(life) = &register.lifecycle else { return Vec::new() };
    let data = found.data.as_map();
    let scope = register.scope(data, app.today());
    life.steps_from(&current.state)
        .map(|step| {
            let required: Vec<String> =
                step.required.iter().filter(|field| !data.contains_key(field.as_str())).cloned().collect();
            let proposed_by = current.pending.as_ref().filter(|p| p.step == step.id).map(|p| p.by.clone());
            // A condition may hold once the required fields are filled, so it blocks only where none is missing.
            let condition = step.when.as_ref().filter(|_| required.is_empty());
            let blocked = if !step.allowed.iter().any(|a| is_allowed(app, actor, a, current)) {
                Some(Text::new("your roles do not allow it here", "您的角色在此无权执行"))
            } else if proposed_by.as_deref() == Some(actor.name.as_str()) {
                Some(Text::new("waits for a second person", "等待第二人确认"))
            } else if condition.is_some_and(|when| when.holds(&scope) == Some(false)) {
                Some(
                    step.when_message
                        .clone()
                        .unwrap_or_else(|| Text::new("its condition does not hold", "条件不成立")),
                )
            } else {
                None
            };
            StepView {
                id: step.id.clone(),
                label: step.label.clone(),
                to: step.to.clone(),
                required,
                reason: step.reason,
                two_persons: step.two_persons,
                proposed_by,
                blocked,
            }
        })
        .collect()
}

/// Takes a step.
///
/// # Errors
/// `NotFound`; `Forbidden`; `Conflict` with what somebody else changed meanwhile; `Refused` with a code that says
/// what stands in the way; `Invalid` for values that the register refuses.
pub async fn take_step(app: &App, actor: &Actor, id: RecordId, input: &StepInput) -> Result<Outcome, Error> {
    let mut tx = app.write().await?;
    let (outcome, told) = step(app, &mut tx, actor, id, input).await?;
    tx.commit().await?;
    tell(app, told);
    Ok(outcome)
}

/// Takes the same step on a selection of records: all or none, or each for itself.
///
/// # Errors
/// `BadInput` for too large a selection; with [`Bulk::Together`], what stands in the way of the first that fails.
pub async fn take_steps(
    app: &App,
    actor: &Actor,
    ids: &[RecordId],
    input: &StepInput,
    bulk: Bulk,
) -> Result<Vec<(RecordId, Result<Outcome, Error>)>, Error> {
    if ids.len() > STEP_RECORDS_MAX {
        let message = format!("at most {STEP_RECORDS_MAX} records at a time");
        return Err(Error::BadInput { field: "records", message });
    }
    let input = StepInput { expected: None, ..input.clone() };
    let mut results = Vec::with_capacity(ids.len());
    match bulk {
        Bulk::Together => {
            let mut tx = app.write().await?;
            let mut all_told = Vec::new();
            for id in ids {
                let (outcome, told) = step(app, &mut tx, actor, *id, &input).await?;
                results.push((*id, Ok(outcome)));
                all_told.push(told);
            }
            tx.commit().await?;
            for told in all_told {
                tell(app, told);
            }
        }
        Bulk::Each => {
            for id in ids {
                results.push((*id, take_step(app, actor, *id, &input).await));
            }
        }
    }
    Ok(results)
}

/// What watchers are told once the transaction has committed.
struct Stepped {
    register: String,
    region_path: String,
    touched: Vec<SeriesKey>,
}

fn tell(app: &App, told: Stepped) {
    if app.packs().register(&told.register).is_some_and(|register| register.public.is_some()) {
        app.bus().send(Told::Publication);
    }
    app.bus().send(Told::Record { register: told.register, region_path: told.region_path });
    detect::announce(app, &told.touched);
    app.wake_worker();
}

async fn step(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: RecordId,
    input: &StepInput,
) -> Result<(Outcome, Stepped), Error> {
    let reason = checked_reason(input.reason.as_deref())?;
    let old = record::get(tx, id).await?.filter(|record| !record.deleted);
    let read = reading(app, actor, id, old.as_ref())?;
    let old = old.ok_or_else(|| Error::not_found("record", id))?;
    let register = find_register(app, &old.register)?;
    let current = ensured(app, tx, &old).await?;
    let (Some(life), Some(mut current)) = (&register.lifecycle, current) else {
        let message = "records of this register have no states".to_owned();
        return Err(Error::Refused { code: "no_states", message });
    };
    if !read.covers(&old.region_path) && !read.covers(&current.unit_path) {
        return Err(Error::not_found("record", id));
    }
    check_version(tx, register, &old, input.expected).await?;
    let declared = life.step(&input.step).ok_or_else(|| Error::not_found("step", &input.step))?;
    if !declared.allowed.iter().any(|allowed| is_allowed(app, actor, allowed, &current)) {
        return Err(Error::Forbidden { action: Action::RecordWrite });
    }
    let mut values = old.data.as_map().clone();
    let pending = current.pending.take().filter(|p| declared.two_persons && p.step == declared.id);
    for (field, value) in pending.iter().flat_map(|p| &p.values).chain(&input.values) {
        if field == STATE {
            let message = "the state follows from the step".to_owned();
            return Err(Error::BadInput { field: "values", message });
        }
        values.insert(field.clone(), value.clone());
    }
    let why = reason.clone().or_else(|| pending.as_ref().and_then(|p| p.reason.clone()));
    // Validated in the state where it is: a rule of the register may name the state.
    let checked = validate(app, register, values, app.today());
    let Some(draft) = checked.draft else { return Err(Error::Invalid { issues: checked.issues }) };
    let mut data = draft.data.into_map();
    let scope = register.scope(&data, app.today());
    let taken = life.take(&current.state, &declared.id, &data, &scope, why.as_deref());
    let (_, to) = taken.map_err(refused)?;
    if declared.two_persons && pending.is_none() {
        return propose(app, tx, actor, &old, current, declared, input, reason).await;
    }
    if let Some(first) = pending.as_ref().filter(|p| p.by == actor.name) {
        let message = format!("{} proposed this step; another person must confirm it", first.by);
        return Err(Error::Refused { code: "second_person_needed", message });
    }
    data.insert(STATE.to_owned(), Json::from(to.id.as_str()));
    let moved = validate(app, register, data, app.today());
    let Some(mut draft) = moved.draft else { return Err(Error::Invalid { issues: moved.issues }) };
    if !register.has_key(draft.data.as_map()) {
        draft.key = old.key;
    }
    let changes = changed_fields(register, &old.data, &draft.data);
    let new = NewRecord::new(register, draft, id).map_err(not_storable)?;
    let change = Change {
        by: actor.name.clone(),
        at: app.now(),
        known_on: app.today(),
        reason: why.clone(),
        batch: None,
        drill: current.drill,
    };
    let stored = record::update(tx, id, old.version, new, &change).await?;
    let from = std::mem::replace(&mut current.state, to.id.clone());
    let now = app.now();
    let deadline = if to.is_final {
        super::Clockwork::default()
    } else {
        clockwork(app, to, stored.record.data.as_map(), now)
    };
    current.is_open = !to.is_final;
    current.region_path.clone_from(&stored.record.region_path);
    current.entered_at = now;
    current.due_at = deadline.due_at;
    current.next_at = deadline.next_at;
    current.raised = Raised::QUIET;
    if to.is_final {
        current.offered_to = None;
    }
    work::put(tx, &current).await?;
    let entry = WorkEntry {
        at: now,
        by: actor.name.clone(),
        act: WorkAct::Step,
        step: Some(declared.id.clone()),
        from: Some(from),
        to: Some(to.id.clone()),
        unit: None,
        reason: why,
    };
    work::append(tx, id, &entry).await?;
    let detail = json!({
        "step": declared.id, "to": to.id, "version": stored.record.version, "fields": changes,
        "confirms": pending.map(|p| p.by),
    });
    app.audit(tx, actor, "record.step", &format!("record/{id}"), detail).await?;
    // After the entry, as everywhere where the version of what is public is raised: two transactions that took the two in
    // different order would wait for each other.
    publish::freeze(app, tx, register, &stored.record, &actor.name).await?;
    detect::enqueue(app, tx, &stored.touched).await?;
    dispatch::record_entered(app, tx, &stored.record, &to.id, 0).await?;
    let outcome = Outcome {
        version: stored.record.version,
        state: to.id.clone(),
        proposed: false,
        warnings: checked.issues,
    };
    let told = Stepped {
        register: register.id.clone(),
        region_path: stored.record.region_path,
        touched: stored.touched,
    };
    Ok((outcome, told))
}

#[expect(clippy::too_many_arguments, reason = "the parts of a step under way, which has them at hand")]
async fn propose(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    old: &Record,
    mut current: Work,
    declared: &Step,
    input: &StepInput,
    reason: Option<String>,
) -> Result<(Outcome, Stepped), Error> {
    current.pending = Some(Pending {
        step: declared.id.clone(),
        by: actor.name.clone(),
        values: input.values.clone(),
        reason: reason.clone(),
    });
    work::put(tx, &current).await?;
    let entry = WorkEntry {
        at: app.now(),
        by: actor.name.clone(),
        act: WorkAct::Proposed,
        step: Some(declared.id.clone()),
        from: Some(current.state.clone()),
        to: Some(declared.to.clone()),
        unit: None,
        reason,
    };
    work::append(tx, old.id, &entry).await?;
    let detail = json!({ "step": declared.id });
    app.audit(tx, actor, "record.propose_step", &format!("record/{}", old.id), detail).await?;
    let outcome =
        Outcome { version: old.version, state: current.state, proposed: true, warnings: Vec::new() };
    let told =
        Stepped { register: old.register.clone(), region_path: old.region_path.clone(), touched: Vec::new() };
    Ok((outcome, told))
}

async fn check_version(
    tx: &mut Tx<'_>,
    register: &Register,
    old: &Record,
    expected: Option<u32>,
) -> Result<(), Error> {
    match expected {
        Some(expected) => crate::records::check_version(tx, register, old, expected).await,
        None => Ok(()),
    }
}

fn refused(error: StepRefused) -> Error {
    match error {
        StepRefused::Unknown(step) => Error::not_found("step", step),
        StepRefused::NotFromHere { .. } => {
            Error::Refused { code: "step_not_from_here", message: error.to_string() }
        }
        StepRefused::Missing(fields) => {
            let issue =
                |field: &String| Issue::error(wanquan_domain::issue::IssueCode::RequiredMissing).field(field);
            Error::Invalid { issues: fields.iter().map(issue).collect() }
        }
        StepRefused::Condition(_) => Error::Refused { code: "step_condition", message: error.to_string() },
        StepRefused::NoReason => Error::BadInput { field: "reason", message: error.to_string() },
    }
}
