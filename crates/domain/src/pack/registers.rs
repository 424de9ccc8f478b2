//! Registers of packs: fields, choices, rules and measures, checked against each other.

use super::issue::{PackIssue, PackIssueCode};
use super::reader::{Reader, read_toml};
use super::{Files, Packs, lifecycle};
use crate::condition::{Condition, SchemaField, ValueKind};
use crate::kind::{Kind, Role};
use crate::lifecycle::Lifecycle;
use crate::register::{Choice, Field, FieldType, Measure, PublicView, Register, Rule, STATE};
use crate::text::Text;
use std::collections::BTreeSet;
use std::sync::Arc;

const TYPES: [&str; 12] = [
    "text",
    "number",
    "integer",
    "date",
    "datetime",
    "choice",
    "multi_choice",
    "boolean",
    "region",
    "site",
    "person",
    "record",
];

pub(super) fn read_registers(
    files: &Files,
    packs: &Packs,
    issues: &mut Vec<PackIssue>,
) -> Vec<Arc<Register>> {
    let mut registers: Vec<Arc<Register>> = Vec::new();
    let paths: Vec<(&String, &str)> = files
        .keys()
        .filter_map(|path| path.split_once('/').map(|(pack, rest)| (path, pack, rest)))
        .filter(|(_, _, rest)| rest.starts_with("registers/") && rest.ends_with(".toml"))
        .map(|(path, pack, _)| (path, pack))
        .collect();
    let all: BTreeSet<String> = paths.iter().filter_map(|(path, _)| stem(path)).map(str::to_owned).collect();
    for (path, pack) in paths {
        read_toml(path, &files[path], issues, &mut |r| {
            let register = read_register(r, pack, stem(path).unwrap_or_default(), &all);
            if let Some(other) = registers.iter().find(|other| other.id == register.id) {
                let text = format!("register `{}` is also declared by pack `{}`", register.id, other.pack);
                r.problem(PackIssueCode::Duplicate, "register", &text);
            } else {
                registers.push(Arc::new(register));
            }
        });
    }
    // A disease field holds identifiers of loaded diseases: without any, no record could be entered.
    if packs.diseases.is_empty()
        && !registers.is_empty()
        && files.keys().any(|f| f.ends_with("/disease.toml"))
    {
        let file = files.keys().find(|f| f.ends_with("/disease.toml")).cloned().unwrap_or_default();
        issues.push(PackIssue::new(PackIssueCode::MissingKey, &file, 0, "no disease is declared"));
    }
    registers.sort_by(|a, b| a.id.cmp(&b.id));
    registers
}

fn stem(path: &str) -> Option<&str> {
    path.rsplit('/').next()?.strip_suffix(".toml")
}

struct Head {
    id: String,
    kind: Kind,
    title: Text,
    title_field: String,
    key: Vec<String>,
    event_date: Vec<String>,
    columns: Vec<String>,
}

fn read_register(r: &mut Reader<'_>, pack: &str, stem: &str, all: &BTreeSet<String>) -> Register {
    let head = r.table("register", |r| {
        let id = r.identifier("id");
        if id != stem {
            r.problem(PackIssueCode::WrongValue, "id", &format!("must be the file's name `{stem}`"));
        }
        let kinds: Vec<&str> = Kind::ALL.iter().map(|k| k.as_str()).collect();
        Head {
            id,
            kind: Kind::parse(&r.one_of("kind", &kinds)).unwrap_or(Kind::Case),
            title: r.label("title"),
            title_field: r.text("title_field"),
            key: r.texts("key"),
            event_date: r.texts("event_date"),
            columns: r.texts("columns"),
        }
    });
    let states = lifecycle::peek_states(r);
    let schema = Schema::peek(r, &states);
    let mut seen = BTreeSet::new();
    let mut roles = BTreeSet::new();
    let mut fields = r.tables("field", |r| {
        let field = read_field(r, &schema, all);
        if !seen.insert(field.id.clone()) {
            r.problem(PackIssueCode::Duplicate, "id", &format!("field `{}` stands twice", field.id));
        }
        if let Some(role) = field.role
            && !roles.insert(role.as_str())
        {
            r.problem(PackIssueCode::Duplicate, "role", &format!("role `{}` is given twice", role.as_str()));
        }
        if field.id == STATE {
            r.problem(PackIssueCode::WrongValue, "id", "`state` is the field of the record's state");
        }
        field
    });
    let lifecycle = lifecycle::read(r, &schema);
    fields.extend(lifecycle.as_ref().map(lifecycle::state_field));
    let responsible = lifecycle::read_responsible(r, &schema);
    let public = read_public(r, &fields, lifecycle.as_ref(), &schema);
    let Some(head) = head else {
        r.problem(PackIssueCode::MissingKey, "register", "the key is required");
        return Register::new(
            stem.to_owned(),
            pack.to_owned(),
            Kind::Case,
            Text::default(),
            String::new(),
            vec![],
            vec![],
            vec![],
            fields,
            vec![],
        );
    };
    for role in head.kind.required_roles().iter().filter(|role| !roles.contains(role.as_str())) {
        let text = format!("kind `{}` needs a field with role `{}`", head.kind.as_str(), role.as_str());
        r.problem(PackIssueCode::MissingKey, "field", &text);
    }
    let named = [&head.key, &head.columns].into_iter().flatten().chain([&head.title_field]);
    let unknown: Vec<&String> = named.filter(|id| !id.is_empty() && schema.kind(id).is_none()).collect();
    for id in unknown {
        r.problem(PackIssueCode::UnknownReference, "register", &format!("field `{id}` is not declared"));
    }
    check_dates(r, "register", &head.event_date, &schema);
    let mut measured = BTreeSet::new();
    let measures = r.tables("measure", |r| {
        let measure = read_measure(r, &head.id, &schema);
        if !measured.insert(measure.id.clone()) {
            r.problem(PackIssueCode::Duplicate, "id", &format!("measure `{}` stands twice", measure.id));
        }
        measure
    });
    let mut register = Register::new(
        head.id,
        pack.to_owned(),
        head.kind,
        head.title,
        head.title_field,
        head.key,
        head.event_date,
        head.columns,
        fields,
        measures,
    );
    register.lifecycle = lifecycle;
    register.responsible = responsible;
    register.public = public;
    register
}

/// What the public may read. A personal field is refused here, so that no step can publish one.
fn read_public(
    r: &mut Reader<'_>,
    fields: &[Field],
    life: Option<&Lifecycle>,
    schema: &Schema,
) -> Option<PublicView> {
    r.table("public", |r| {
        let view = PublicView {
            states: r.texts("states"),
            fields: r.texts("fields"),
            from: r.optional_text("from"),
            until: r.optional_text("until"),
        };
        if view.states.is_empty() {
            r.problem(PackIssueCode::MissingKey, "states", "say in which states a record is public");
        }
        for state in view.states.iter().filter(|id| life.and_then(|life| life.state(id)).is_none()) {
            r.problem(PackIssueCode::UnknownReference, "states", &format!("state `{state}` is not declared"));
        }
        for id in &view.fields {
            match fields.iter().find(|field| field.id == *id) {
                None => {
                    let text = format!("field `{id}` is not declared");
                    r.problem(PackIssueCode::UnknownReference, "fields", &text);
                }
                Some(field) if field.personal => {
                    let text = format!("field `{id}` is personal and cannot be public");
                    r.problem(PackIssueCode::WrongValue, "fields", &text);
                }
                Some(_) => {}
            }
        }
        for (key, field) in [("from", &view.from), ("until", &view.until)] {
            let dates: Vec<String> = field.iter().cloned().collect();
            check_dates(r, key, &dates, schema);
            if let Some(id) = field.as_ref().filter(|id| !view.fields.contains(id)) {
                r.problem(PackIssueCode::WrongValue, key, &format!("`{id}` is not one of the public fields"));
            }
        }
        view
    })
}

/// Fields of a register by identifier, known before they are read.
pub(super) struct Schema(Vec<SchemaField>);

impl Schema {
    /// A first, silent pass: conditions of a field may name fields that stand after it.
    fn peek(r: &Reader<'_>, states: &[String]) -> Self {
        let field = |(id, type_name, choices): (String, String, Vec<String>)| SchemaField {
            id,
            kind: field_type(&type_name, String::new()).value_kind(),
            choices,
        };
        let mut fields: Vec<_> = r.peek_fields("field").into_iter().map(field).collect();
        if !states.is_empty() {
            let (id, kind) = (STATE.to_owned(), ValueKind::Choice);
            fields.push(SchemaField { id, kind, choices: states.to_vec() });
        }
        Self(fields)
    }

    /// The schema of facts that no register declares.
    pub(super) fn of_facts(facts: Vec<SchemaField>) -> Self {
        Self(facts)
    }

    pub(super) fn kind(&self, id: &str) -> Option<ValueKind> {
        self.0.iter().find(|field| field.id == id).map(|field| field.kind)
    }
}

fn field_type(name: &str, register: String) -> FieldType {
    match name {
        "number" => FieldType::Number,
        "integer" => FieldType::Integer,
        "date" => FieldType::Date,
        "datetime" => FieldType::Datetime,
        "choice" => FieldType::Choice,
        "multi_choice" => FieldType::MultiChoice,
        "boolean" => FieldType::Boolean,
        "region" => FieldType::Region,
        "site" => FieldType::Site,
        "person" => FieldType::Person,
        "record" => FieldType::Record { register },
        _ => FieldType::Text,
    }
}

fn read_field(r: &mut Reader<'_>, schema: &Schema, all: &BTreeSet<String>) -> Field {
    let id = r.identifier("id");
    let type_name = r.one_of("type", &TYPES);
    let linked = r.optional_text("register").unwrap_or_default();
    if type_name == "record" && !all.contains(&linked) {
        r.problem(
            PackIssueCode::UnknownReference,
            "register",
            &format!("register `{linked}` is not declared"),
        );
    }
    let role = r.optional_text("role").and_then(|name| {
        let role = Role::parse(&name);
        if role.is_none() {
            r.problem(PackIssueCode::WrongValue, "role", &format!("unknown role `{name}`"));
        }
        role
    });
    let choices = r.tables("choice", |r| Choice {
        id: r.text("id"),
        label: r.label("label"),
        synonyms: r.texts("synonyms"),
    });
    if choices.is_empty() && matches!(type_name.as_str(), "choice" | "multi_choice") {
        r.problem(PackIssueCode::MissingKey, "choice", "a field of this type needs choices");
    }
    let mut ids = BTreeSet::new();
    if let Some(twice) = choices.iter().find(|choice| !ids.insert(choice.id.clone())) {
        r.problem(PackIssueCode::Duplicate, "choice", &format!("choice `{}` stands twice", twice.id));
    }
    let mut field = Field::new(
        id,
        field_type(&type_name, linked),
        r.label("label"),
        role,
        r.flag("required"),
        r.flag("personal"),
        r.texts("synonyms"),
        choices,
    );
    field.future = r.flag("future");
    field.min = r.optional_number("min");
    field.max = r.optional_number("max");
    if let (Some(min), Some(max)) = (field.min, field.max)
        && min > max
    {
        r.problem(PackIssueCode::WrongValue, "min", "the smallest value exceeds the largest");
    }
    if let Some(length) = r.integer("max_length") {
        match usize::try_from(length) {
            Ok(length) if length > 0 => field.max_length = length,
            _ => r.problem(PackIssueCode::WrongValue, "max_length", "must be positive"),
        }
    }
    field.show_if = read_condition(r, "show_if", schema);
    let condition = read_condition(r, "valid_if", schema);
    let message = if r.has("valid_if") { r.label("valid_message") } else { Text::default() };
    let doubtful_only = r.has("severity") && r.one_of("severity", &["error", "warning"]) == "warning";
    field.valid_if = condition.map(|condition| Rule { condition, message, doubtful_only });
    field
}

pub(super) fn read_condition(r: &mut Reader<'_>, key: &str, schema: &Schema) -> Option<Condition> {
    let source = r.optional_text(key)?;
    match Condition::compile(&source, &schema.0) {
        Ok(condition) => Some(condition),
        Err(errors) => {
            for error in errors {
                r.problem(PackIssueCode::Condition, key, &error.to_string());
            }
            None
        }
    }
}

fn read_measure(r: &mut Reader<'_>, register: &str, schema: &Schema) -> Measure {
    let name = r.identifier("id");
    let date = r.texts("date");
    if date.is_empty() {
        r.problem(PackIssueCode::MissingKey, "date", "a measure needs at least one date field");
    }
    check_dates(r, "date", &date, schema);
    let value = r.optional_text("value");
    if let Some(field) = &value
        && schema.kind(field) != Some(ValueKind::Integer)
    {
        r.problem(
            PackIssueCode::UnknownReference,
            "value",
            &format!("`{field}` is not a field of whole numbers"),
        );
    }
    let when = read_condition(r, "when", schema);
    // What one version of a record added, the next one takes away: a count must not depend on the day of either.
    if when.as_ref().is_some_and(Condition::uses_today) {
        r.problem(PackIssueCode::Condition, "when", "a measure cannot depend on the present day");
    }
    Measure { id: format!("{register}.{name}"), label: r.label("label"), date, value, when }
}

fn check_dates(r: &mut Reader<'_>, key: &str, fields: &[String], schema: &Schema) {
    for field in
        fields.iter().filter(|f| !matches!(schema.kind(f), Some(ValueKind::Date | ValueKind::Datetime)))
    {
        r.problem(PackIssueCode::UnknownReference, key, &format!("`{field}` is not a date field"));
    }
}
