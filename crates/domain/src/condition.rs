//! Conditions in packs, written in CEL (Common Expression Language), checked at load against the schema.
//!
//! A condition is true, false or *unknown*: unknown when a value that decides it is absent (as in SQL). What unknown
//! means is for the place of use: a `valid_if` then passes, a measure's `when` does not count, a `show_if` hides.

use crate::date::to_epoch_day;
use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};
use cel::objects::{Key, Map};
use cel::{Context, Program, Value};
use jiff::civil::Date;
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What a field holds, as far as conditions are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// Text, choices, codes.
    Text,
    /// Whole or decimal numbers.
    Number,
    /// Dates and instants, bound as ISO 8601 text.
    Date,
    /// Yes or no.
    Boolean,
    /// Several choices.
    List,
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
    /// A function that is not among the documented ones.
    #[error("unknown function `{0}`")]
    UnknownFunction(String),
    /// Operands that can never be compared or combined.
    #[error("{0}")]
    Type(String),
}

/// Functions that conditions may call, with the number of arguments.
const FUNCTIONS: [(&str, usize); 8] = [
    ("days_since", 1),
    ("days_between", 2),
    ("has_value", 1),
    ("today", 0),
    ("size", 1),
    ("contains", 1),
    ("startsWith", 1),
    ("endsWith", 1),
];

/// A compiled condition.
pub struct Condition {
    source: String,
    program: Program,
    fields: BTreeSet<String>,
}

impl std::fmt::Debug for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Condition({})", self.source)
    }
}

impl Condition {
    /// Compiles a condition and checks names, functions and types against the schema.
    ///
    /// # Errors
    /// Everything that is wrong with it; parse errors stop the check.
    pub fn compile(
        source: &str,
        kind_of: &dyn Fn(&str) -> Option<ValueKind>,
    ) -> Result<Self, Vec<ConditionError>> {
        let program =
            Program::compile(source).map_err(|e| vec![ConditionError::Syntax(first_line(&e.to_string()))])?;
        let mut check = Check { kind_of, fields: BTreeSet::new(), errors: Vec::new(), locals: Vec::new() };
        let result = check.expression(program.expression());
        if !matches!(result, Type::Boolean | Type::Any) {
            check.errors.push(ConditionError::Type("a condition must be true or false".to_owned()));
        }
        if check.errors.is_empty() {
            let fields = check.fields;
            Ok(Self { source: source.to_owned(), program, fields })
        } else {
            Err(check.errors)
        }
    }

    /// The text as declared.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Fields that the condition reads.
    pub fn fields(&self) -> &BTreeSet<String> {
        &self.fields
    }

    /// True, false, or `None` where an absent value decides it.
    pub fn holds(&self, scope: &Scope<'_>) -> Option<bool> {
        match self.program.execute(&scope.0) {
            Ok(Value::Bool(result)) => Some(result),
            _ => None,
        }
    }
}

/// One record bound for the evaluation of any number of conditions.
pub struct Scope<'a>(Context<'a, 'a>);

impl Scope<'_> {
    /// Binds the given fields of a record (absent = null, whole numbers as Int, dates as ISO text).
    pub fn bind(data: &serde_json::Map<String, Json>, fields: &BTreeSet<String>, today: Date) -> Self {
        let mut context = Context::default();
        let record: HashMap<Key, Value> = fields
            .iter()
            .map(|field| (Key::String(Arc::new(field.clone())), data.get(field).map_or(Value::Null, to_cel)))
            .collect();
        context.add_variable_from_value("record", Value::Map(Map { map: Arc::new(record) }));
        let now = i64::from(to_epoch_day(today));
        let added = [
            context.add_function("days_since", move |date: Arc<String>| day_of(&date).map(|d| now - d)),
            context.add_function("days_between", |a: Arc<String>, b: Arc<String>| {
                Ok::<i64, cel::ExecutionError>(day_of(&b)? - day_of(&a)?)
            }),
            context.add_function("has_value", |value: Value| value != Value::Null),
            context.add_function("today", move || today.to_string()),
        ];
        debug_assert!(added.iter().all(Result::is_ok), "names of our functions are free");
        Self(context)
    }
}

fn day_of(text: &str) -> Result<i64, cel::ExecutionError> {
    text.get(..10)
        .and_then(|date| date.parse::<Date>().ok())
        .map(|date| i64::from(to_epoch_day(date)))
        .ok_or_else(|| cel::ExecutionError::function_error("date", "not a date"))
}

/// JSON to CEL; `serde_json` integers would otherwise arrive unsigned and not add up with Int literals.
fn to_cel(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(i), _) => Value::Int(i),
            (None, Some(f)) => Value::Float(f),
            (None, None) => Value::Null,
        },
        Json::String(s) => Value::String(Arc::new(s.clone())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(to_cel).collect())),
        Json::Object(_) => Value::Null,
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or(text).to_owned()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Any,
    Null,
    Boolean,
    Number,
    Text,
    Date,
    List,
}

impl Type {
    fn comparable(self, other: Self) -> bool {
        use Type::{Any, Date, Null, Text};
        // Dates are compared with dates and with ISO text.
        self == other
            || [self, other].iter().any(|t| matches!(t, Any | Null))
            || matches!((self, other), (Text, Date) | (Date, Text))
    }
}

struct Check<'a> {
    kind_of: &'a dyn Fn(&str) -> Option<ValueKind>,
    fields: BTreeSet<String>,
    errors: Vec<ConditionError>,
    locals: Vec<String>,
}

impl Check<'_> {
    fn expression(&mut self, expression: &IdedExpr) -> Type {
        match &expression.expr {
            Expr::Unspecified | Expr::Struct(_) => Type::Any,
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Type::Boolean,
                LiteralValue::Null => Type::Null,
                LiteralValue::String(_) | LiteralValue::Bytes(_) => Type::Text,
                LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => Type::Number,
            },
            Expr::List(list) => {
                for element in &list.elements {
                    self.expression(element);
                }
                Type::List
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.expression(&entry.value);
                    }
                }
                Type::Any
            }
            Expr::Ident(name) => {
                if name != "record" && !self.locals.contains(name) {
                    self.errors.push(ConditionError::UnknownName(name.clone()));
                }
                Type::Any
            }
            Expr::Select(select) => {
                let of_record = matches!(&select.operand.expr, Expr::Ident(name) if name == "record");
                if !of_record {
                    return self.expression(&select.operand);
                }
                let kind = self.field(&select.field);
                if select.test { Type::Boolean } else { kind }
            }
            Expr::Comprehension(loop_over) => {
                self.expression(&loop_over.iter_range);
                let before = self.locals.len();
                self.locals.extend([loop_over.iter_var.clone(), loop_over.accu_var.clone()]);
                self.locals.extend(loop_over.iter_var2.clone());
                for part in
                    [&loop_over.accu_init, &loop_over.loop_cond, &loop_over.loop_step, &loop_over.result]
                {
                    self.expression(part);
                }
                self.locals.truncate(before);
                Type::Any
            }
            Expr::Call(call) => {
                let target = call.target.as_ref().map(|t| self.expression(t));
                let args: Vec<Type> = call.args.iter().map(|a| self.expression(a)).collect();
                self.call(&call.func_name, target, &args)
            }
        }
    }

    fn field(&mut self, field: &str) -> Type {
        let Some(kind) = (self.kind_of)(field) else {
            self.errors.push(ConditionError::UnknownField(field.to_owned()));
            return Type::Any;
        };
        self.fields.insert(field.to_owned());
        match kind {
            ValueKind::Text => Type::Text,
            ValueKind::Number => Type::Number,
            ValueKind::Date => Type::Date,
            ValueKind::Boolean => Type::Boolean,
            ValueKind::List => Type::List,
        }
    }

    fn call(&mut self, name: &str, target: Option<Type>, args: &[Type]) -> Type {
        match name {
            "_==_" | "_!=_" | "_<_" | "_<=_" | "_>_" | "_>=_" => {
                if let [a, b] = args
                    && !a.comparable(*b)
                {
                    let text = format!("{} and {} are never equal or in order", describe(*a), describe(*b));
                    self.errors.push(ConditionError::Type(text));
                }
                Type::Boolean
            }
            "_&&_" | "_||_" | "!_" => {
                if let Some(wrong) = args.iter().find(|t| !matches!(t, Type::Boolean | Type::Any)) {
                    let text = format!("{} stands where true or false is needed", describe(*wrong));
                    self.errors.push(ConditionError::Type(text));
                }
                Type::Boolean
            }
            "@in" => {
                if let [_, list] = args
                    && !matches!(list, Type::List | Type::Any)
                {
                    self.errors.push(ConditionError::Type(format!("{} is not a list", describe(*list))));
                }
                Type::Boolean
            }
            "_+_" | "_-_" | "_*_" | "_/_" | "_%_" | "-_" => {
                let text = name == "_+_" && args.iter().all(|t| matches!(t, Type::Text | Type::Any));
                if !text && let Some(wrong) = args.iter().find(|t| !matches!(t, Type::Number | Type::Any)) {
                    let text = format!("{} stands where a number is needed", describe(*wrong));
                    self.errors.push(ConditionError::Type(text));
                }
                if text { Type::Text } else { Type::Number }
            }
            "_?_:_" => *args.get(1).unwrap_or(&Type::Any),
            "_[_]" | "@not_strictly_false" => Type::Any,
            _ => {
                let given = args.len();
                match FUNCTIONS.iter().find(|(known, _)| *known == name) {
                    None => self.errors.push(ConditionError::UnknownFunction(name.to_owned())),
                    Some((_, needed)) if *needed != given => self.errors.push(ConditionError::Type(format!(
                        "function `{name}` takes {needed} arguments, not {given}"
                    ))),
                    Some(_) => self.argument_types(name, target, args),
                }
                match name {
                    "days_since" | "days_between" | "size" => Type::Number,
                    "today" => Type::Date,
                    _ => Type::Boolean,
                }
            }
        }
    }

    fn argument_types(&mut self, name: &str, target: Option<Type>, args: &[Type]) {
        let date_needed = matches!(name, "days_since" | "days_between");
        for argument in args.iter().chain(&target) {
            let fits = match argument {
                Type::Any | Type::Text => true,
                Type::Date => name != "size",
                _ => !date_needed,
            };
            if !fits {
                let text = format!("function `{name}` does not take {}", describe(*argument));
                self.errors.push(ConditionError::Type(text));
            }
        }
    }
}

fn describe(of: Type) -> &'static str {
    match of {
        Type::Any => "a value",
        Type::Null => "null",
        Type::Boolean => "true or false",
        Type::Number => "a number",
        Type::Text => "text",
        Type::Date => "a date",
        Type::List => "a list",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use serde_json::json;

    fn kinds(field: &str) -> Option<ValueKind> {
        Some(match field {
            "onset" | "report" => ValueKind::Date,
            "size" => ValueKind::Number,
            "risk" => ValueKind::Text,
            "imported" => ValueKind::Boolean,
            "symptoms" => ValueKind::List,
            _ => return None,
        })
    }

    fn check(source: &str, data: Json) -> Option<bool> {
        let condition = Condition::compile(source, &kinds).unwrap();
        let Json::Object(map) = data else { panic!("test data must be an object") };
        condition.holds(&Scope::bind(&map, condition.fields(), date(2020, 2, 12)))
    }

    #[test]
    fn a_condition_is_unknown_where_an_absent_value_decides() {
        assert_eq!(check("record.onset <= record.report", json!({"onset": "2020-01-02"})), None);
        assert_eq!(
            check("record.onset <= record.report", json!({"onset": "2020-01-02", "report": "2020-01-03"})),
            Some(true)
        );
        assert_eq!(check("record.risk in ['high']", json!({})), Some(false));
        assert_eq!(check("record.imported || record.size > 3", json!({"imported": true})), Some(true));
        assert_eq!(check("has_value(record.onset)", json!({})), Some(false));
    }

    #[test]
    fn whole_numbers_add_up_and_dates_count_days() {
        assert_eq!(check("record.size + 1 == 5", json!({"size": 4})), Some(true));
        assert_eq!(check("days_since(record.onset) == 11", json!({"onset": "2020-02-01"})), Some(true));
        assert_eq!(
            check(
                "days_between(record.onset, record.report) <= 2",
                json!({"onset": "2020-02-01", "report": "2020-02-03"})
            ),
            Some(true)
        );
        assert_eq!(check("'fever' in record.symptoms", json!({"symptoms": ["fever"]})), Some(true));
        assert_eq!(check("record.report <= today()", json!({"report": "2020-02-13"})), Some(false));
    }

    #[test]
    fn unknown_names_and_wrong_types_are_found_at_load() {
        let errors = |source: &str| Condition::compile(source, &kinds).unwrap_err();
        assert_eq!(errors("record.nothing == 1"), vec![ConditionError::UnknownField("nothing".into())]);
        assert_eq!(errors("risk == 'high'"), vec![ConditionError::UnknownName("risk".into())]);
        assert_eq!(errors("guess(record.risk)"), vec![ConditionError::UnknownFunction("guess".into())]);
        assert!(matches!(errors("record.size == 'a'")[0], ConditionError::Type(_)));
        assert!(matches!(errors("record.size + 1")[0], ConditionError::Type(_)));
        assert!(matches!(errors("record.size ==")[0], ConditionError::Syntax(_)));
    }
}
