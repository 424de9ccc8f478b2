//! From CEL's syntax tree to one whose fields are slots, with what can be told about types on the way.

use super::{ConditionError, SchemaField, ValueKind};
use cel::Program;
use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

/// A checked expression.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Box<str>),
    Field(usize),
    Today,
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    Arithmetic(Arithmetic, Box<Node>, Box<Node>),
    InList(Box<Node>, Vec<Node>),
    InField(Box<Node>, usize),
    DaysSince(Box<Node>),
    DaysBetween(Box<Node>, Box<Node>),
    HasValue(Box<Node>),
    Size(Box<Node>),
    TextTest(TextTest, Box<Node>, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

pub(super) struct Lowered {
    pub node: Node,
    pub fields: Vec<usize>,
    pub uses_today: bool,
}

/// What is known of an expression's type. Any of them may turn out absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Null,
    Bool,
    Int,
    Double,
    Text,
    Date,
    Datetime,
    /// Text that is one of the choices of the field with this index.
    Choice(usize),
    /// List of choices of the field with this index.
    List(usize),
    /// Not known because something below was wrong already.
    Broken,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Type::Null => "null",
            Type::Bool => "boolean",
            Type::Int => "integer",
            Type::Double => "number",
            Type::Text => "text",
            Type::Date => "date",
            Type::Datetime => "datetime",
            Type::Choice(_) => "choice",
            Type::List(_) => "multi_choice",
            Type::Broken => "unknown",
        }
    }

    fn is_numeric(self) -> bool {
        matches!(self, Type::Int | Type::Double)
    }

    fn is_textual(self) -> bool {
        matches!(self, Type::Text | Type::Choice(_) | Type::Date | Type::Datetime)
    }

    fn is_open(self) -> bool {
        matches!(self, Type::Null | Type::Broken)
    }
}

pub(super) fn lower(text: &str, fields: &[SchemaField]) -> Result<Lowered, Vec<ConditionError>> {
    let program = Program::compile(text).map_err(|errors| {
        let mut problems: Vec<_> = errors
            .errors
            .iter()
            .map(|e| {
                ConditionError::Syntax(format!("at character {}: {}", e.pos.1.max(0), first_line(&e.msg)))
            })
            .collect();
        if problems.is_empty() {
            problems.push(ConditionError::Syntax("not CEL".to_owned()));
        }
        problems
    })?;
    let mut lowering = Lowering { fields, problems: Vec::new(), used: Vec::new(), uses_today: false };
    let (node, found) = lowering.expression(program.expression());
    if !matches!(found, Type::Bool | Type::Broken) {
        lowering.mistyped(format!("the result is {}, it must be true or false", found.name()));
    }
    if !lowering.problems.is_empty() {
        return Err(lowering.problems);
    }
    let mut fields = lowering.used;
    fields.sort_unstable();
    fields.dedup();
    Ok(Lowered { node, fields, uses_today: lowering.uses_today })
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

struct Lowering<'s> {
    fields: &'s [SchemaField],
    problems: Vec<ConditionError>,
    used: Vec<usize>,
    uses_today: bool,
}

type Typed = (Node, Type);

impl Lowering<'_> {
    fn mistyped(&mut self, message: String) {
        self.problems.push(ConditionError::Type(message));
    }

    fn broken(&mut self, error: ConditionError) -> Typed {
        self.problems.push(error);
        (Node::Null, Type::Broken)
    }

    fn unsupported(&mut self, what: &str) -> Typed {
        self.broken(ConditionError::Unsupported(what.to_owned()))
    }

    fn expression(&mut self, expression: &IdedExpr) -> Typed {
        match &expression.expr {
            Expr::Literal(literal) => self.literal(literal),
            Expr::Ident(name) if name == "record" => self
                .broken(ConditionError::Type("`record` needs a field, as in record.onset_date".to_owned())),
            Expr::Ident(name) => self.broken(ConditionError::UnknownName(name.clone())),
            Expr::Select(select) if select.test => {
                self.unsupported("has(), which is true of every field of the schema (write has_value),")
            }
            Expr::Select(select) => match &select.operand.expr {
                Expr::Ident(name) if name == "record" => self.field(&select.field),
                Expr::Ident(name) => self.broken(ConditionError::UnknownName(name.clone())),
                _ => self.unsupported("selecting a part of a field"),
            },
            Expr::Call(call) => match &call.target {
                Some(target) => self.method(target, &call.func_name, &call.args),
                None => self.call(&call.func_name, &call.args),
            },
            Expr::List(_) => self.unsupported("a list other than to the right of `in`"),
            Expr::Map(_) | Expr::Struct(_) => self.unsupported("a map"),
            Expr::Comprehension(_) => self.unsupported("a comprehension (all, exists, map, filter)"),
            Expr::Unspecified => self.unsupported("an empty expression"),
        }
    }

    fn literal(&mut self, literal: &LiteralValue) -> Typed {
        match literal {
            LiteralValue::Null => (Node::Null, Type::Null),
            LiteralValue::Boolean(value) => (Node::Bool(*value.inner()), Type::Bool),
            LiteralValue::Int(value) => (Node::Int(*value.inner()), Type::Int),
            LiteralValue::Double(value) => (Node::Double(*value.inner()), Type::Double),
            LiteralValue::String(value) => (Node::Text(value.inner().into()), Type::Text),
            LiteralValue::UInt(_) => self.unsupported("an unsigned literal"),
            LiteralValue::Bytes(_) => self.unsupported("a bytes literal"),
        }
    }

    fn field(&mut self, id: &str) -> Typed {
        let Some(index) = self.fields.iter().position(|field| field.id == id) else {
            return self.broken(ConditionError::UnknownField(id.to_owned()));
        };
        self.used.push(index);
        let known = match self.fields[index].kind {
            ValueKind::Text => Type::Text,
            ValueKind::Number => Type::Double,
            ValueKind::Integer => Type::Int,
            ValueKind::Boolean => Type::Bool,
            ValueKind::Date => Type::Date,
            ValueKind::Datetime => Type::Datetime,
            ValueKind::Choice => Type::Choice(index),
            ValueKind::List => Type::List(index),
        };
        (Node::Field(index), known)
    }

    fn call(&mut self, function: &str, arguments: &[IdedExpr]) -> Typed {
        match (function, arguments) {
            (operators::LOGICAL_AND, [a, b]) => {
                let (a, b) = (self.truth(a), self.truth(b));
                (Node::And(a.into(), b.into()), Type::Bool)
            }
            (operators::LOGICAL_OR, [a, b]) => {
                let (a, b) = (self.truth(a), self.truth(b));
                (Node::Or(a.into(), b.into()), Type::Bool)
            }
            (operators::LOGICAL_NOT, [a]) => {
                let a = self.truth(a);
                (Node::Not(a.into()), Type::Bool)
            }
            (operators::CONDITIONAL, [test, yes, no]) => {
                let test = self.truth(test);
                let ((yes, yes_type), (no, no_type)) = (self.expression(yes), self.expression(no));
                let known = match (yes_type, no_type) {
                    (a, b) if a == b || b.is_open() => a,
                    (a, b) if a.is_open() => b,
                    (a, b) if a.is_textual() && b.is_textual() => Type::Text,
                    (a, b) => {
                        self.mismatch("?:", a, b);
                        Type::Broken
                    }
                };
                (Node::If(test.into(), yes.into(), no.into()), known)
            }
            (operators::EQUALS, [a, b]) => self.compare(Comparison::Equal, "==", a, b),
            (operators::NOT_EQUALS, [a, b]) => self.compare(Comparison::NotEqual, "!=", a, b),
            (operators::LESS, [a, b]) => self.compare(Comparison::Less, "<", a, b),
            (operators::LESS_EQUALS, [a, b]) => self.compare(Comparison::LessOrEqual, "<=", a, b),
            (operators::GREATER, [a, b]) => self.compare(Comparison::Greater, ">", a, b),
            (operators::GREATER_EQUALS, [a, b]) => self.compare(Comparison::GreaterOrEqual, ">=", a, b),
            (operators::ADD, [a, b]) => self.arithmetic(Arithmetic::Add, "+", a, b),
            (operators::SUBSTRACT, [a, b]) => self.arithmetic(Arithmetic::Subtract, "-", a, b),
            (operators::MULTIPLY, [a, b]) => self.arithmetic(Arithmetic::Multiply, "*", a, b),
            (operators::DIVIDE, [a, b]) => self.arithmetic(Arithmetic::Divide, "/", a, b),
            (operators::MODULO, [a, b]) => self.arithmetic(Arithmetic::Remainder, "%", a, b),
            (operators::NEGATE, [a]) => {
                let (a, known) = self.expression(a);
                if !known.is_numeric() && !known.is_open() {
                    return self.broken(ConditionError::Type(format!("`-` cannot take {}", known.name())));
                }
                (Node::Negate(a.into()), known)
            }
            (operators::IN, [element, list]) => self.membership(element, list),
            ("today", []) => {
                self.uses_today = true;
                (Node::Today, Type::Date)
            }
            ("days_since", [a]) => {
                self.uses_today = true;
                let a = self.date(a, "days_since");
                (Node::DaysSince(a.into()), Type::Int)
            }
            ("days_between", [a, b]) => {
                let (a, b) = (self.date(a, "days_between"), self.date(b, "days_between"));
                (Node::DaysBetween(a.into(), b.into()), Type::Int)
            }
            ("has_value", [a]) => {
                let (a, _) = self.expression(a);
                (Node::HasValue(a.into()), Type::Bool)
            }
            ("size", [a]) => self.size(a),
            (operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT, _) => {
                self.unsupported("indexing")
            }
            ("today" | "days_since" | "days_between" | "has_value" | "size", _) => self.broken(
                ConditionError::UnknownFunction(format!("{function} with {} arguments", arguments.len())),
            ),
            _ => self.broken(ConditionError::UnknownFunction(function.to_owned())),
        }
    }

    fn method(&mut self, target: &IdedExpr, function: &str, arguments: &[IdedExpr]) -> Typed {
        let test = match (function, arguments) {
            ("size", []) => return self.size(target),
            ("startsWith", [_]) => TextTest::StartsWith,
            ("endsWith", [_]) => TextTest::EndsWith,
            ("contains", [_]) => TextTest::Contains,
            _ => {
                return self.broken(ConditionError::UnknownFunction(format!(".{function}()")));
            }
        };
        let ((text, a), (part, b)) = (self.expression(target), self.expression(&arguments[0]));
        for known in [a, b] {
            if !known.is_textual() && !known.is_open() {
                self.mistyped(format!("`{function}` cannot take {}", known.name()));
            }
        }
        (Node::TextTest(test, text.into(), part.into()), Type::Bool)
    }

    fn size(&mut self, argument: &IdedExpr) -> Typed {
        let (node, known) = self.expression(argument);
        if !(known.is_textual() || known.is_open() || matches!(known, Type::List(_))) {
            return self.broken(ConditionError::Type(format!("`size` cannot take {}", known.name())));
        }
        (Node::Size(node.into()), Type::Int)
    }

    fn truth(&mut self, expression: &IdedExpr) -> Node {
        let (node, known) = self.expression(expression);
        if !matches!(known, Type::Bool | Type::Broken) {
            self.mistyped(format!("expected true or false, found {}", known.name()));
        }
        node
    }

    fn date(&mut self, expression: &IdedExpr, function: &str) -> Node {
        let (node, known) = self.expression(expression);
        match (&node, known) {
            (_, Type::Date | Type::Datetime | Type::Broken) => {}
            (Node::Text(text), _) if is_iso_date(text) => {}
            _ => self.mistyped(format!("`{function}` takes dates, found {}", known.name())),
        }
        node
    }

    fn mismatch(&mut self, operator: &str, a: Type, b: Type) {
        let hint = if a.is_numeric() && b.is_numeric() {
            " (write a number with a decimal point, as 1.0)"
        } else {
            ""
        };
        let message = format!("`{operator}` cannot take {} and {}{hint}", a.name(), b.name());
        self.mistyped(message);
    }

    fn compare(&mut self, comparison: Comparison, operator: &str, a: &IdedExpr, b: &IdedExpr) -> Typed {
        let ((a, a_type), (b, b_type)) = (self.expression(a), self.expression(b));
        let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        self.check_literal(&a, b_type);
        self.check_literal(&b, a_type);
        let fits = match (a_type, b_type) {
            (Type::Broken, _) | (_, Type::Broken) => true,
            (Type::Null, _) | (_, Type::Null) => equality,
            (Type::Bool, Type::Bool) => equality,
            (a, b) => (a.is_numeric() && b.is_numeric()) || (a.is_textual() && b.is_textual()),
        };
        if !fits {
            self.mismatch(operator, a_type, b_type);
        }
        (Node::Compare(comparison, a.into(), b.into()), Type::Bool)
    }

    /// A text literal beside a date must be a date, beside a choice one of its ids.
    fn check_literal(&mut self, node: &Node, other: Type) {
        let Node::Text(text) = node else { return };
        match other {
            Type::Date if !is_iso_date(text) => {
                self.mistyped(format!("`{text}` is not a date YYYY-MM-DD"));
            }
            Type::Choice(field) | Type::List(field) => {
                let field = &self.fields[field];
                if !field.choices.iter().any(|choice| **choice == **text) {
                    let (choice, field) = (text.to_string(), field.id.clone());
                    self.problems.push(ConditionError::UnknownChoice { choice, field });
                }
            }
            _ => {}
        }
    }

    fn arithmetic(&mut self, arithmetic: Arithmetic, operator: &str, a: &IdedExpr, b: &IdedExpr) -> Typed {
        let ((a, a_type), (b, b_type)) = (self.expression(a), self.expression(b));
        let known = match (a_type, b_type) {
            (Type::Broken, _) | (_, Type::Broken) => Type::Broken,
            (Type::Int, Type::Int) => Type::Int,
            (Type::Double, Type::Double) if arithmetic != Arithmetic::Remainder => Type::Double,
            (a, b) => {
                self.mismatch(operator, a, b);
                Type::Broken
            }
        };
        (Node::Arithmetic(arithmetic, a.into(), b.into()), known)
    }

    fn membership(&mut self, element: &IdedExpr, list: &IdedExpr) -> Typed {
        let (element, element_type) = self.expression(element);
        if let Expr::List(list) = &list.expr {
            let mut nodes = Vec::with_capacity(list.elements.len());
            for item in &list.elements {
                let (node, known) = self.expression(item);
                self.check_literal(&node, element_type);
                let fits = element_type.is_open()
                    || known.is_open()
                    || (element_type.is_numeric() && known.is_numeric())
                    || (element_type.is_textual() && known.is_textual())
                    || element_type == known;
                if !fits {
                    self.mismatch("in", element_type, known);
                }
                nodes.push(node);
            }
            return (Node::InList(element.into(), nodes), Type::Bool);
        }
        match self.expression(list) {
            (Node::Field(index), list_type @ Type::List(_)) => {
                self.check_literal(&element, list_type);
                if !element_type.is_textual() && !element_type.is_open() {
                    self.mismatch("in", element_type, list_type);
                }
                (Node::InField(element.into(), index), Type::Bool)
            }
            (_, Type::Broken) => (Node::Null, Type::Broken),
            (_, known) => {
                self.mismatch("in", element_type, known);
                (Node::Null, Type::Broken)
            }
        }
    }
}

fn is_iso_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}
