//! States, steps, deadlines and responsibility of a register.

use super::issue::PackIssueCode;
use super::reader::Reader;
use super::registers::{Schema, read_condition};
use crate::calendar::Period;
use crate::condition::ValueKind;
use crate::lifecycle::{Allowed, Deadline, DeadlineStart, Lifecycle, Place, State, Step};
use crate::region::Level;
use crate::register::{Choice, Field, FieldType, STATE};
use crate::text::Text;
use crate::unit::Responsibility;
use std::collections::BTreeSet;

/// Identifiers of the states, known before they are read: conditions of fields may name them.
pub(super) fn peek_states(r: &Reader<'_>) -> Vec<String> {
    r.peek_texts("state", "id")
}

/// The field that holds the state of a record.
pub(super) fn state_field(life: &Lifecycle) -> Field {
    let choice =
        |state: &State| Choice { id: state.id.clone(), label: state.label.clone(), synonyms: Vec::new() };
    let choices = life.states.iter().map(choice).collect();
    let label = Text::new("State", "状态");
    let mut field =
        Field::new(STATE.to_owned(), FieldType::Choice, label, None, false, false, vec![], choices);
    field.managed = true;
    field
}

pub(super) fn read(r: &mut Reader<'_>, schema: &Schema) -> Option<Lifecycle> {
    let mut ids = BTreeSet::new();
    let states = r.tables("state", |r| {
        let state = State {
            id: r.identifier("id"),
            label: r.label("label"),
            is_final: r.flag("final"),
            deadline: r.table("deadline", |r| read_deadline(r, schema)).flatten(),
        };
        if !ids.insert(state.id.clone()) {
            r.problem(PackIssueCode::Duplicate, "id", &format!("state `{}` stands twice", state.id));
        }
        if state.is_final && state.deadline.is_some() {
            r.problem(PackIssueCode::WrongValue, "deadline", "a final state needs no deadline");
        }
        state
    });
    let mut steps_seen = BTreeSet::new();
    let steps = r.tables("step", |r| {
        let step = read_step(r, schema, &ids);
        if !steps_seen.insert(step.id.clone()) {
            r.problem(PackIssueCode::Duplicate, "id", &format!("step `{}` stands twice", step.id));
        }
        step
    });
    if states.is_empty() {
        if !steps.is_empty() {
            r.problem(PackIssueCode::MissingKey, "step", "steps need states");
        }
        return None;
    }
    let life = Lifecycle { states, steps };
    for state in unreachable(&life) {
        let text = format!("no step leads to state `{state}`");
        r.problem(PackIssueCode::WrongValue, "state", &text);
    }
    for state in life.states.iter().filter(|s| !s.is_final && life.steps_from(&s.id).next().is_none()) {
        let text = format!("no step leads out of state `{}`, which is not final", state.id);
        r.problem(PackIssueCode::WrongValue, "state", &text);
    }
    Some(life)
}

/// States that no sequence of steps reaches from the first.
fn unreachable(life: &Lifecycle) -> Vec<&str> {
    let mut reached: BTreeSet<&str> = [life.initial().id.as_str()].into();
    loop {
        let next: Vec<&str> = reached
            .iter()
            .flat_map(|state| life.steps_from(state))
            .map(|step| step.to.as_str())
            .filter(|to| !reached.contains(to))
            .collect();
        if next.is_empty() {
            break;
        }
        reached.extend(next);
    }
    life.states.iter().map(|s| s.id.as_str()).filter(|id| !reached.contains(id)).collect()
}

fn read_deadline(r: &mut Reader<'_>, schema: &Schema) -> Option<Deadline> {
    let within = period(r, "within");
    let (warn_before, escalate_every) = (period(r, "warn_before"), period(r, "escalate_every"));
    let at = r.optional_text("at");
    let from = r.optional_text("from");
    for (key, field) in [("at", &at), ("from", &from)] {
        let Some(field) = field.as_ref().filter(|field| *field != "entered") else { continue };
        if !matches!(schema.kind(field), Some(ValueKind::Date | ValueKind::Datetime)) {
            r.problem(PackIssueCode::UnknownReference, key, &format!("`{field}` is not a date field"));
        }
    }
    let start = match (at, from) {
        (Some(_), Some(_)) => {
            r.problem(PackIssueCode::WrongValue, "at", "write either `at` or `from`");
            return None;
        }
        (Some(field), None) => DeadlineStart::At(field),
        (None, Some(field)) if field != "entered" => DeadlineStart::Field(field),
        (None, _) => DeadlineStart::Entered,
    };
    if within.is_none() != matches!(start, DeadlineStart::At(_)) {
        r.problem(
            PackIssueCode::MissingKey,
            "within",
            "write `within`, or `at` with the field that holds the deadline",
        );
        return None;
    }
    Some(Deadline { start, within, warn_before, escalate_every })
}

/// An optional period.
pub(super) fn period(r: &mut Reader<'_>, key: &str) -> Option<Period> {
    let text = r.optional_text(key)?;
    let period = Period::parse(&text);
    if period.is_none() {
        let hint = "write for example 30 min, 2 h, 3 d, 8 working h, 5 working d";
        r.problem(PackIssueCode::WrongValue, key, &format!("`{text}` is no period; {hint}"));
    }
    period
}

fn read_step(r: &mut Reader<'_>, schema: &Schema, states: &BTreeSet<String>) -> Step {
    let from = r.texts("from");
    if from.is_empty() {
        r.problem(PackIssueCode::MissingKey, "from", "a step needs at least one state to begin in");
    }
    let to = r.text("to");
    for (key, state) in from.iter().map(|s| ("from", s)).chain([("to", &to)]) {
        if !state.is_empty() && !states.contains(state) {
            r.problem(PackIssueCode::UnknownReference, key, &format!("state `{state}` is not declared"));
        }
    }
    let required = r.texts("required");
    let unknown: Vec<&String> = required.iter().filter(|field| schema.kind(field).is_none()).collect();
    for field in unknown {
        r.problem(PackIssueCode::UnknownReference, "required", &format!("field `{field}` is not declared"));
    }
    let places: Vec<&str> = Place::ALL.iter().map(|place| place.as_str()).collect();
    let allowed = r.tables("allow", |r| Allowed {
        role: r.text("role"),
        place: Place::parse(&r.one_of("at", &places)).unwrap_or(Place::Region),
    });
    if allowed.is_empty() {
        r.problem(PackIssueCode::MissingKey, "allow", "say who may take the step");
    }
    Step {
        id: r.identifier("id"),
        label: r.label("label"),
        from,
        to,
        allowed,
        when: read_condition(r, "when", schema),
        when_message: r.optional_label("when_message"),
        required,
        reason: r.flag("reason"),
        two_persons: r.flag("two_persons"),
    }
}

pub(super) fn read_responsible(r: &mut Reader<'_>, schema: &Schema) -> Vec<Responsibility> {
    let levels: Vec<&str> = Level::ALL.iter().map(|level| level.as_str()).collect();
    r.tables("responsible", |r| {
        let field = r.text("field");
        if !field.is_empty() && schema.kind(&field).is_none() {
            r.problem(PackIssueCode::UnknownReference, "field", &format!("field `{field}` is not declared"));
        }
        let level = if r.has("level") { Level::parse(&r.one_of("level", &levels)) } else { None };
        Responsibility { field, level, organisation: r.flag("organisation") }
    })
}
