//! Registers: ledgers declared as data, with fields, choices, rules and measures.

use crate::condition::{Condition, Scope, ValueKind};
use crate::date::parse_iso;
use crate::kind::{Kind, Role};
use crate::lifecycle::Lifecycle;
use crate::text::Text;
use crate::unit::Responsibility;
use jiff::civil::Date;
use rustc_hash::FxHashMap;
use serde_json::Value as Json;
use std::collections::HashMap;

/// Field of every register with states that holds the record's state. It is a field like others, so that lists,
/// filters, conditions, measures, versions and exports know it; only steps change it.
pub const STATE: &str = "state";

/// Type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldType {
    /// Free text.
    Text,
    /// Decimal number.
    Number,
    /// Whole number.
    Integer,
    /// Civil date.
    Date,
    /// Instant.
    Datetime,
    /// One of the declared choices.
    Choice,
    /// Any of the declared choices.
    MultiChoice,
    /// Yes or no.
    Boolean,
    /// Code of a region.
    Region,
    /// Code of a site.
    Site,
    /// Identifier of a person.
    Person,
    /// A record of another register: its identifier or its business key.
    Record {
        /// The other register.
        register: String,
    },
}

impl FieldType {
    /// The name used in packs and in the API.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Choice => "choice",
            Self::MultiChoice => "multi_choice",
            Self::Boolean => "boolean",
            Self::Region => "region",
            Self::Site => "site",
            Self::Person => "person",
            Self::Record { .. } => "record",
        }
    }

    /// What conditions see of the type.
    pub fn value_kind(&self) -> ValueKind {
        match self {
            Self::Number => ValueKind::Number,
            Self::Integer => ValueKind::Integer,
            Self::Date => ValueKind::Date,
            Self::Datetime => ValueKind::Datetime,
            Self::Choice => ValueKind::Choice,
            Self::Boolean => ValueKind::Boolean,
            Self::MultiChoice => ValueKind::List,
            _ => ValueKind::Text,
        }
    }
}

/// One choice of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Stored value.
    pub id: String,
    /// Shown value.
    pub label: Text,
    /// Other spellings met in files.
    pub synonyms: Vec<String>,
}

/// A rule that a value must meet, with what to say when it does not.
#[derive(Debug)]
pub struct Rule {
    /// The condition.
    pub condition: Condition,
    /// Said to the person when the condition is false.
    pub message: Text,
    /// False: the record is refused; true: a warning.
    pub doubtful_only: bool,
}

/// One field of a register.
#[derive(Debug)]
pub struct Field {
    /// Identifier, `[a-z][a-z0-9_]*`.
    pub id: String,
    /// Type.
    pub field_type: FieldType,
    /// Shown name.
    pub label: Text,
    /// What the code that knows epidemiology finds the field by.
    pub role: Option<Role>,
    /// Whether a record needs it (where it applies).
    pub required: bool,
    /// Whether it identifies or describes a person: kept apart and redacted.
    pub personal: bool,
    /// Whether a date may lie in the future.
    pub future: bool,
    /// Set by the program, not by who fills in the form: the state of a record.
    pub managed: bool,
    /// Smallest admissible number.
    pub min: Option<f64>,
    /// Largest admissible number.
    pub max: Option<f64>,
    /// Longest admissible text, in characters.
    pub max_length: usize,
    /// Column names met in files, besides identifier and labels.
    pub synonyms: Vec<String>,
    /// Choices, in order.
    pub choices: Vec<Choice>,
    /// When the field applies; always if absent.
    pub show_if: Option<Condition>,
    /// What its value must meet.
    pub valid_if: Option<Rule>,
    choice_index: HashMap<String, usize>,
}

impl Field {
    /// A field with its choices indexed by every spelling.
    #[expect(
        clippy::too_many_arguments,
        reason = "called by the pack loader only, which has every part at hand"
    )]
    pub fn new(
        id: String,
        field_type: FieldType,
        label: Text,
        role: Option<Role>,
        required: bool,
        personal: bool,
        synonyms: Vec<String>,
        choices: Vec<Choice>,
    ) -> Self {
        let mut choice_index = HashMap::new();
        // Identifiers first: a synonym never hides another choice's identifier.
        for (i, choice) in choices.iter().enumerate() {
            choice_index.insert(fold(&choice.id), i);
        }
        for (i, choice) in choices.iter().enumerate() {
            for name in [&choice.label.en, &choice.label.zh].into_iter().chain(&choice.synonyms) {
                choice_index.entry(fold(name)).or_insert(i);
            }
        }
        Self {
            id,
            field_type,
            label,
            role,
            required,
            personal,
            future: false,
            managed: false,
            min: None,
            max: None,
            max_length: 2_000,
            synonyms,
            choices,
            show_if: None,
            valid_if: None,
            choice_index,
        }
    }

    /// The choice that a written value stands for: by identifier, label or synonym, whatever the case.
    pub fn choice(&self, written: &str) -> Option<&Choice> {
        self.choice_index.get(&fold(written)).map(|&i| &self.choices[i])
    }
}

/// Folds case, width and separators, so that `Date_Onset`, `date onset` and `date-onset` are the same name.
pub fn fold(text: &str) -> String {
    text.trim()
        .chars()
        .filter_map(|c| match c {
            '\u{3000}' | ' ' | '_' | '-' | '.' | '\u{feff}' | '*' | '：' | ':' => None,
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
            _ => Some(c),
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// What a register counts: a time series for every region.
#[derive(Debug)]
pub struct Measure {
    /// `<register>.<name>`.
    pub id: String,
    /// Shown name.
    pub label: Text,
    /// Fields that date the count; the first present one does. None present: not counted.
    pub date: Vec<String>,
    /// Whole-number field that is added up; 1 a record if absent.
    pub value: Option<String>,
    /// Which records count; all if absent.
    pub when: Option<Condition>,
}

/// What one record adds to one measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contribution {
    /// Position of the measure in the register.
    pub measure: usize,
    /// Day of the event.
    pub date: Date,
    /// Amount, negative for a correction.
    pub n: i64,
}

/// What of a register's records the public may read, and when.
///
/// Entering one of the states freezes the named fields as a public entry; leaving them takes it away. Changing the
/// record does not change what is public: that takes another step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicView {
    /// States in which a record is public.
    pub states: Vec<String>,
    /// Fields that are shown; none of them is personal.
    pub fields: Vec<String>,
    /// Date from which it holds.
    pub from: Option<String>,
    /// Date until which it holds; later the public page says that it has ended, or leaves it out.
    pub until: Option<String>,
}

/// A ledger declared in a pack.
#[derive(Debug)]
pub struct Register {
    /// Identifier.
    pub id: String,
    /// Pack that declares it.
    pub pack: String,
    /// Typed kind.
    pub kind: Kind,
    /// Shown name.
    pub title: Text,
    /// Field shown first in lists.
    pub title_field: String,
    /// Fields that make the business key.
    pub key: Vec<String>,
    /// Fields that date the record; the first present one does.
    pub event_date: Vec<String>,
    /// Columns of lists.
    pub columns: Vec<String>,
    /// Fields in order.
    pub fields: Vec<Field>,
    /// Measures in order.
    pub measures: Vec<Measure>,
    /// States and steps; `None` for a register whose records are facts without a life.
    pub lifecycle: Option<Lifecycle>,
    /// How the responsible unit is found.
    pub responsible: Vec<Responsibility>,
    /// What the public may read of it; `None` for a register that stays inside.
    pub public: Option<PublicView>,
    by_id: FxHashMap<String, usize>,
    kinds: Vec<ValueKind>,
    ruled: Vec<usize>,
}

impl Register {
    /// A register with its fields indexed.
    #[expect(
        clippy::too_many_arguments,
        reason = "called by the pack loader only, which has every part at hand"
    )]
    pub fn new(
        id: String,
        pack: String,
        kind: Kind,
        title: Text,
        title_field: String,
        key: Vec<String>,
        event_date: Vec<String>,
        columns: Vec<String>,
        fields: Vec<Field>,
        measures: Vec<Measure>,
    ) -> Self {
        let by_id = fields.iter().enumerate().map(|(i, f)| (f.id.clone(), i)).collect();
        let is_ruled = |f: &Field| f.required || f.show_if.is_some() || f.valid_if.is_some();
        let ruled = (0..fields.len()).filter(|&i| is_ruled(&fields[i])).collect();
        let kinds = fields.iter().map(|f| f.field_type.value_kind()).collect();
        Self {
            id,
            pack,
            kind,
            title,
            title_field,
            key,
            event_date,
            columns,
            fields,
            measures,
            lifecycle: None,
            responsible: Vec::new(),
            public: None,
            by_id,
            kinds,
            ruled,
        }
    }

    /// The field of an identifier.
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.by_id.get(id).map(|&i| &self.fields[i])
    }

    /// Fields that are required or have a condition, in order.
    pub(crate) fn ruled_fields(&self) -> impl Iterator<Item = &Field> {
        self.ruled.iter().map(|&i| &self.fields[i])
    }

    /// The field that plays a role.
    pub fn role(&self, role: Role) -> Option<&Field> {
        self.fields.iter().find(|f| f.role == Some(role))
    }

    /// The value of the field that plays a role, as text.
    pub fn text_of<'a>(&self, role: Role, data: &'a serde_json::Map<String, Json>) -> Option<&'a str> {
        data.get(&self.role(role)?.id)?.as_str()
    }

    /// Binds a record once for every condition of the register.
    pub fn scope<'a>(&self, data: &'a serde_json::Map<String, Json>, today: Date) -> Scope<'a> {
        Scope::bind(data, self.fields.len(), today, |id| {
            self.by_id.get(id).map(|&index| (index, self.kinds[index]))
        })
    }

    /// What the record adds to each measure.
    pub fn contributions(
        &self,
        data: &serde_json::Map<String, Json>,
        scope: &Scope<'_>,
    ) -> Vec<Contribution> {
        self.measures
            .iter()
            .enumerate()
            .filter_map(|(measure, declared)| {
                let date = first_date(&declared.date, data)?;
                if let Some(when) = &declared.when
                    && when.holds(scope) != Some(true)
                {
                    return None;
                }
                let n = match &declared.value {
                    None => 1,
                    Some(field) => data.get(field)?.as_i64()?,
                };
                (n != 0).then_some(Contribution { measure, date, n })
            })
            .collect()
    }
}

/// The first date present among the fields.
pub fn first_date(fields: &[String], data: &serde_json::Map<String, Json>) -> Option<Date> {
    fields.iter().find_map(|field| parse_iso(data.get(field)?.as_str()?.get(..10)?))
}
