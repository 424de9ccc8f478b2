//! Plans, response levels and the calendar of packs.

use super::issue::{PackIssue, PackIssueCode};
use super::lifecycle::period;
use super::reader::{Reader, read_toml};
use super::registers::{Schema, read_condition};
use super::{Files, Packs};
use crate::calendar::Calendar;
use crate::condition::{SchemaField, ValueKind};
use crate::level::{LevelProfile, ResponseLevel};
use crate::plan::{Act, Plan, PlanAction, Target, Trigger, names_in};
use crate::region::Level;
use crate::register::{FieldType, Register, STATE};
use crate::text::Text;
use jiff::civil::{Date, Time};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const TRIGGERS: [&str; 6] = ["record_enters", "signal", "alarm", "level_decided", "daily", "manual"];
const TARGETS: [&str; 7] =
    ["itself", "parent", "children", "descendants", "at_level", "responsible", "organisations"];
const ACTS: [&str; 4] = ["create", "notify", "propose_level", "draft_publication"];

/// Facts that every trigger has, besides those of its own.
pub(super) const COMMON_FACTS: [&str; 5] = ["region", "region_name", "region_level", "level", "today"];

pub(super) fn read_plans(files: &Files, packs: &Packs, issues: &mut Vec<PackIssue>) -> Vec<Arc<Plan>> {
    let mut plans: Vec<Arc<Plan>> = Vec::new();
    for (path, content) in files {
        let Some((pack, rest)) = path.split_once('/') else { continue };
        let Some(stem) = rest.strip_prefix("plans/").and_then(|name| name.strip_suffix(".toml")) else {
            continue;
        };
        // The facts and the expected outcome of a plan's test stand beside it.
        if stem.ends_with(".test") {
            continue;
        }
        read_toml(path, content, issues, &mut |r| {
            let Some(plan) = read_plan(r, pack, stem, packs) else { return };
            if let Some(other) = plans.iter().find(|other| other.id == plan.id) {
                let text = format!("plan `{}` is also declared by pack `{}`", plan.id, other.pack);
                r.problem(PackIssueCode::Duplicate, "plan", &text);
            } else {
                plans.push(Arc::new(plan));
            }
        });
    }
    plans.sort_by(|a, b| a.id.cmp(&b.id));
    plans
}

struct Head {
    id: String,
    title: Text,
    purpose: Text,
    version: u32,
    source: String,
    from_level: ResponseLevel,
}

fn read_plan(r: &mut Reader<'_>, pack: &str, stem: &str, packs: &Packs) -> Option<Plan> {
    let head = r.table("plan", |r| {
        let id = r.identifier("id");
        if id != stem {
            r.problem(PackIssueCode::WrongValue, "id", &format!("must be the file's name `{stem}`"));
        }
        Head {
            id,
            title: r.label("title"),
            purpose: r.label("purpose"),
            version: r.integer("version").and_then(|v| u32::try_from(v).ok()).unwrap_or(1),
            source: r.text("source"),
            from_level: read_level(r, "from_level").unwrap_or(ResponseLevel::Routine),
        }
    });
    if head.is_none() {
        r.problem(PackIssueCode::MissingKey, "plan", "the key is required");
    }
    let triggered = r.table("trigger", |r| {
        let trigger = read_trigger(r, packs);
        let facts = facts(&trigger, packs);
        let schema = Schema::of_facts(facts.clone());
        let when = read_condition(r, "when", &schema);
        (trigger, facts, schema, when)
    });
    let Some((trigger, facts, schema, when)) = triggered else {
        r.problem(PackIssueCode::MissingKey, "trigger", "the key is required");
        return None;
    };
    let mut seen = BTreeSet::new();
    let actions = r.tables("action", |r| {
        let action = read_action(r, packs, &schema);
        if let Some(action) = &action
            && !seen.insert(action.id.clone())
        {
            r.problem(PackIssueCode::Duplicate, "id", &format!("action `{}` stands twice", action.id));
        }
        action
    });
    if actions.is_empty() {
        r.problem(PackIssueCode::MissingKey, "action", "a plan needs at least one action");
    }
    let head = head?;
    Some(Plan {
        id: head.id,
        pack: pack.to_owned(),
        title: head.title,
        purpose: head.purpose,
        version: head.version,
        source: head.source,
        trigger,
        when,
        from_level: head.from_level,
        actions: actions.into_iter().flatten().collect(),
        facts,
    })
}

fn read_trigger(r: &mut Reader<'_>, packs: &Packs) -> Trigger {
    match r.one_of("on", &TRIGGERS).as_str() {
        "record_enters" => {
            let register = r.text("register");
            let state = r.optional_text("state").unwrap_or_default();
            match packs.register(&register) {
                None if !register.is_empty() => {
                    let text = format!("register `{register}` is not declared");
                    r.problem(PackIssueCode::UnknownReference, "register", &text);
                }
                Some(found) => {
                    let known = found.lifecycle.as_ref().map(|life| life.state(&state).is_some());
                    if known == Some(false) || (known.is_none() && !state.is_empty()) {
                        let text = format!("register `{register}` has no state `{state}`");
                        r.problem(PackIssueCode::UnknownReference, "state", &text);
                    }
                }
                None => {}
            }
            Trigger::RecordEnters { register, state }
        }
        "signal" => Trigger::Signal,
        "alarm" => Trigger::Alarm,
        "level_decided" => Trigger::LevelDecided,
        "daily" => {
            let text = r.text("at");
            let at: Option<Time> = text.parse().ok();
            if at.is_none() && !text.is_empty() {
                r.problem(PackIssueCode::WrongValue, "at", "write a time of day such as 08:00");
            }
            Trigger::Daily { at: at.unwrap_or(Time::midnight()) }
        }
        _ => Trigger::Manual,
    }
}

/// What conditions and texts of a plan may name.
pub(super) fn facts(trigger: &Trigger, packs: &Packs) -> Vec<SchemaField> {
    let fact = |id: &str, kind| SchemaField { id: id.to_owned(), kind, choices: Vec::new() };
    let levels = || ResponseLevel::ALL.iter().map(|level| level.as_str().to_owned()).collect();
    let mut facts: Vec<SchemaField> = match trigger {
        Trigger::RecordEnters { register, .. } => match packs.register(register) {
            Some(found) => found.fields.iter().filter(|field| !field.personal).map(schema_field).collect(),
            None => Vec::new(),
        },
        Trigger::Signal | Trigger::Alarm => vec![
            fact("disease", ValueKind::Text),
            fact("measure", ValueKind::Text),
            fact("method", ValueKind::Text),
            fact("step", ValueKind::Text),
            fact("date", ValueKind::Date),
            fact("observed", ValueKind::Integer),
            fact("expected", ValueKind::Number),
            fact("p_value", ValueKind::Number),
        ],
        Trigger::LevelDecided => {
            vec![SchemaField { id: "previous".to_owned(), kind: ValueKind::Choice, choices: levels() }]
        }
        Trigger::Daily { .. } | Trigger::Manual => Vec::new(),
    };
    for id in COMMON_FACTS.iter().filter(|id| **id != "level") {
        if !facts.iter().any(|known| known.id == **id) {
            facts.push(fact(id, if *id == "today" { ValueKind::Date } else { ValueKind::Text }));
        }
    }
    if !facts.iter().any(|known| known.id == "level") {
        facts.push(SchemaField { id: "level".to_owned(), kind: ValueKind::Choice, choices: levels() });
    }
    facts
}

fn schema_field(field: &crate::register::Field) -> SchemaField {
    SchemaField {
        id: field.id.clone(),
        kind: field.field_type.value_kind(),
        choices: field.choices.iter().map(|choice| choice.id.clone()).collect(),
    }
}

fn read_action(r: &mut Reader<'_>, packs: &Packs, schema: &Schema) -> Option<PlanAction> {
    let id = r.identifier("id");
    let target = if r.has("for") { read_target(r) } else { Target::Itself };
    let when = read_condition(r, "when", schema);
    let act = match r.one_of("do", &ACTS).as_str() {
        "create" => read_create(r, packs, schema),
        "notify" => {
            let role = r.text("role");
            if !role.is_empty() && packs.roles.get(&role).is_none() {
                r.problem(PackIssueCode::UnknownReference, "role", &format!("role `{role}` is not declared"));
            }
            Some(Act::Notify { role, text: read_template(r, "text", schema) })
        }
        "propose_level" => {
            let level = read_level(r, "level");
            if level.is_none() && !r.has("level") {
                r.problem(PackIssueCode::MissingKey, "level", "the key is required");
            }
            level.map(|level| Act::ProposeLevel { level })
        }
        "draft_publication" => Some(Act::DraftPublication {
            title: read_template(r, "title", schema),
            body: read_template(r, "body", schema),
        }),
        _ => None,
    };
    Some(PlanAction { id, target, act: act?, when })
}

fn read_target(r: &mut Reader<'_>) -> Target {
    let level = |r: &mut Reader<'_>| {
        let levels: Vec<&str> = Level::ALL.iter().map(|level| level.as_str()).collect();
        Level::parse(&r.one_of("level", &levels)).unwrap_or(Level::County)
    };
    match r.one_of("for", &TARGETS).as_str() {
        "parent" => Target::Parent,
        "children" => Target::Children,
        "descendants" => Target::Descendants(level(r)),
        "at_level" => Target::AtLevel(level(r)),
        "responsible" => Target::Responsible,
        "organisations" => Target::Organisations { duty: r.text("duty") },
        _ => Target::Itself,
    }
}

fn read_create(r: &mut Reader<'_>, packs: &Packs, schema: &Schema) -> Option<Act> {
    let id = r.text("register");
    let Some(register) = packs.register(&id) else {
        r.problem(PackIssueCode::UnknownReference, "register", &format!("register `{id}` is not declared"));
        return None;
    };
    let set: BTreeMap<String, Json> = r
        .table("set", |r| r.keys().into_iter().map(|key| (key.clone(), r.json(&key))).collect())
        .unwrap_or_default();
    for (field, value) in &set {
        check_set(r, register, field, value, schema);
    }
    let within = period(r, "due_within");
    let due_field = r.optional_text("due_field");
    let due = match (due_field, within) {
        (Some(field), Some(within)) => {
            let fits =
                register.field(&field).map(|f| matches!(f.field_type, FieldType::Date | FieldType::Datetime));
            if fits != Some(true) {
                r.problem(
                    PackIssueCode::UnknownReference,
                    "due_field",
                    &format!("`{field}` is not a date field of `{id}`"),
                );
            }
            Some((field, within))
        }
        (None, None) => None,
        _ => {
            r.problem(
                PackIssueCode::MissingKey,
                "due_within",
                "`due_field` and `due_within` belong together",
            );
            None
        }
    };
    Some(Act::Create { register: id, set, due })
}

/// A value of a field that a plan sets: the field exists, a choice is one, braces name facts.
fn check_set(r: &mut Reader<'_>, register: &Register, field: &str, value: &Json, schema: &Schema) {
    let Some(declared) = register.field(field) else {
        let text = format!("register `{}` has no field `{field}`", register.id);
        return r.problem(PackIssueCode::UnknownReference, "set", &text);
    };
    if field == STATE {
        return r.problem(PackIssueCode::WrongValue, "set", "a new record enters its first state by itself");
    }
    let Some(text) = value.as_str() else { return };
    check_names(r, "set", text, schema);
    let fixed = names_in(text).is_empty();
    if fixed && declared.field_type == FieldType::Choice && !declared.choices.iter().any(|c| c.id == text) {
        let text = format!("`{text}` is none of the choices of `{field}`");
        r.problem(PackIssueCode::WrongValue, "set", &text);
    }
}

fn check_names(r: &mut Reader<'_>, key: &str, text: &str, schema: &Schema) {
    for name in names_in(text).into_iter().filter(|name| schema.kind(name).is_none()) {
        r.problem(PackIssueCode::UnknownReference, key, &format!("`{{{name}}}` is no fact of this trigger"));
    }
}

fn read_template(r: &mut Reader<'_>, key: &str, schema: &Schema) -> Text {
    let text = r.label(key);
    check_names(r, key, &text.en, schema);
    check_names(r, key, &text.zh, schema);
    text
}

fn read_level(r: &mut Reader<'_>, key: &str) -> Option<ResponseLevel> {
    if !r.has(key) {
        return None;
    }
    let names: Vec<&str> = ResponseLevel::ALL.iter().map(|level| level.as_str()).collect();
    ResponseLevel::parse(&r.one_of(key, &names))
}

/// `levels.toml`: what each response level brings with it.
pub(super) fn read_levels(r: &mut Reader<'_>) -> Vec<LevelProfile> {
    let mut seen = BTreeSet::new();
    r.tables("level", |r| {
        let level = read_level(r, "id");
        if level.is_none() && !r.has("id") {
            r.problem(PackIssueCode::MissingKey, "id", "the key is required");
        }
        let level = level.unwrap_or(ResponseLevel::Routine);
        if !seen.insert(level) {
            r.problem(PackIssueCode::Duplicate, "id", &format!("level `{}` stands twice", level.as_str()));
        }
        let factor = r.number("threshold_factor").unwrap_or(1.0);
        if !(0.1..=10.0).contains(&factor) {
            r.problem(PackIssueCode::WrongValue, "threshold_factor", "must lie between 0.1 and 10");
        }
        let whole = |r: &mut Reader<'_>, key: &str| {
            let n = r.integer(key);
            let fits = n.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
            if fits.is_none() {
                r.problem(PackIssueCode::WrongValue, key, "must be a whole number from 1");
            }
            fits.unwrap_or(1)
        };
        LevelProfile {
            level,
            label: r.label("label"),
            meaning: r.label("meaning"),
            threshold_factor: factor,
            report_every_hours: whole(r, "report_every_hours"),
            review_after_days: whole(r, "review_after_days"),
            plans: r.texts("plans"),
            forms: r.texts("forms"),
            duty_persons: whole(r, "duty_persons"),
        }
    })
}

/// `calendar.toml`: working hours, days off, days worked in exchange.
pub(super) fn read_calendar(r: &mut Reader<'_>) -> Calendar {
    let hours = r.texts("working_hours");
    let mut parsed = Vec::new();
    for text in &hours {
        let times =
            text.split_once('-').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
        match times {
            Some((begin, end)) if begin < end => parsed.push((begin, end)),
            _ => r.problem(
                PackIssueCode::WrongValue,
                "working_hours",
                &format!("`{text}` is no time such as 08:00-12:00"),
            ),
        }
    }
    parsed.sort();
    let standard = Calendar::default();
    let dates = |r: &mut Reader<'_>, key: &str| -> BTreeSet<Date> {
        let texts = r.texts(key);
        let mut dates = BTreeSet::new();
        for text in &texts {
            match crate::date::parse_iso(text) {
                Some(date) => {
                    dates.insert(date);
                }
                None => r.problem(
                    PackIssueCode::WrongValue,
                    key,
                    &format!("`{text}` is no date such as 2020-01-24"),
                ),
            }
        }
        dates
    };
    Calendar {
        hours: if hours.is_empty() { standard.hours } else { parsed },
        weekend: standard.weekend,
        holidays: dates(r, "holidays"),
        worked: dates(r, "worked"),
    }
}
