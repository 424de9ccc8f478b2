//! Conditions in packs, written in CEL (Common Expression Language), checked at load against the schema.
//!
//! The text is parsed by the `cel` crate, then checked and lowered to a small tree whose fields are slots. That costs
//! microseconds at load and makes evaluation some tens of nanoseconds: a million rows with several conditions each are
//! a matter of a second, where the crate's own interpreter, which looks names up in maps and binds every record anew,
//! needs a multiple of it. A property test holds the two to the same results.
//!
//! # What may be written
//! `record.<field>`; literals; `== != < <= > >= && || ! + - * / % ?:`; `x in [..]` and `x in record.<multi_choice>`;
//! `days_since(date)` (today minus date), `days_between(a, b)` (b minus a), `has_value(x)`, `today()`, `size(x)`,
//! `x.startsWith(y)`, `x.endsWith(y)`, `x.contains(y)`. Everything else is refused at load.
//!
//! # Values
//! Absent fields are `null`. Integers are CEL ints, numbers doubles, dates text `YYYY-MM-DD`, choices and regions text.
//!
//! # Absent values
//! A condition is true, false or *unknown*. As CEL has it, `==`, `!=` and `in` accept `null` (`null == 'x'` is false,
//! `null != 'x'` is true), and whatever else is done with `null` is an error, which `&&` and `||` absorb when their
//! other side decides. Here that error is the third truth value. What it means is for the place of use: an unknown
//! `valid_if` passes (an absent date cannot be in the wrong order), an unknown `when` does not count, an unknown
//! `show_if` hides.

mod evaluate;
mod lower;

use jiff::civil::Date;
use lower::Node;
use serde_json::{Map, Value as Json};

/// What a field holds, as far as conditions are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// Text, codes, links.
    Text,
    /// One of the field's choices.
    Choice,
    /// Decimal numbers.
    Number,
    /// Whole numbers.
    Integer,
    /// Dates, bound as ISO 8601 text.
    Date,
    /// Instants, bound as RFC 3339 text.
    Datetime,
    /// Yes or no.
    Boolean,
    /// Several of the field's choices.
    List,
}

/// What the check needs to know of a field. Its position in the schema is its slot.
#[derive(Debug, Clone)]
pub struct SchemaField {
    /// Identifier.
    pub id: String,
    /// What it holds.
    pub kind: ValueKind,
    /// Identifiers of its choices.
    pub choices: Vec<String>,
}

/// Why a condition is refused at load.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// Not CEL.
    #[error("not a valid condition: {0}")]
    Syntax(String),
    /// A field that the register does not declare.
    #[error("unknown field `record.{0}`")]
    UnknownField(String),
    /// A name other than `record`.
    #[error("unknown name `{0}`; conditions see `record` only")]
    UnknownName(String),
    /// A function that is not among the documented ones, or called with another number of arguments.
    #[error("unknown function `{0}`")]
    UnknownFunction(String),
    /// A text beside a choice that is none of the choices.
    #[error("`{choice}` is none of the choices of `{field}`")]
    UnknownChoice {
        /// The text.
        choice: String,
        /// The field.
        field: String,
    },
    /// Operands that can never be compared or combined.
    #[error("{0}")]
    Type(String),
    /// CEL that conditions do not support.
    #[error("{0} is not supported in conditions")]
    Unsupported(String),
}

/// A compiled condition.
#[derive(Clone)]
pub struct Condition {
    source: String,
    node: Node,
    fields: Vec<usize>,
    uses_today: bool,
}

impl std::fmt::Debug for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Condition({})", self.source)
    }
}

impl Condition {
    /// Compiles a condition and checks names, functions, choices and types against the schema of its register.
    ///
    /// # Errors
    /// Everything that is wrong with it; for text that is not CEL, that alone.
    pub fn compile(source: &str, schema: &[SchemaField]) -> Result<Self, Vec<ConditionError>> {
        let lowered = lower::lower(source, schema)?;
        let lower::Lowered { node, fields, uses_today } = lowered;
        Ok(Self { source: source.to_owned(), node, fields, uses_today })
    }

    /// The text as declared.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Positions in the schema of the fields that the condition reads, ascending.
    pub fn fields(&self) -> &[usize] {
        &self.fields
    }

    /// Whether the result depends on the present day.
    pub fn uses_today(&self) -> bool {
        self.uses_today
    }

    /// True, false, or `None` where an absent value decides it.
    pub fn holds(&self, scope: &Scope<'_>) -> Option<bool> {
        match evaluate::evaluate(&self.node, scope) {
            Some(Slot::Bool(result)) => Some(result),
            _ => None,
        }
    }
}

/// A value of a field as conditions see it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Slot<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    /// Text, choice, region, ISO date.
    Text(&'a str),
    /// A date that was computed; equals its ISO text.
    Date(Date),
    List(&'a [Json]),
}

/// One record bound for the evaluation of any number of conditions of its register.
#[derive(Debug)]
pub struct Scope<'a> {
    slots: Vec<Slot<'a>>,
    today: Date,
}

impl<'a> Scope<'a> {
    /// Binds a record: `position` says which slot of `len` a field has and what it holds. Fields that it does not know
    /// are left out, fields without a value are null.
    pub fn bind(
        data: &'a Map<String, Json>,
        len: usize,
        today: Date,
        position: impl Fn(&str) -> Option<(usize, ValueKind)>,
    ) -> Self {
        let mut slots = vec![Slot::Null; len];
        for (field, value) in data {
            if let Some((index, kind)) = position(field)
                && let Some(slot) = slots.get_mut(index)
            {
                *slot = evaluate::slot_of(value, kind);
            }
        }
        Self { slots, today }
    }
}

#[cfg(test)]
mod tests;
