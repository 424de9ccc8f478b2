//! Evaluation of checked conditions. `None` is what CEL calls an error: it is absorbed by `&&` and `||`.

use super::lower::{Arithmetic, Comparison, TextTest};
use super::{Node, Scope, Slot, ValueKind};
use jiff::civil::Date;
use serde_json::Value;
use std::cmp::Ordering;

pub(super) fn evaluate<'a>(node: &'a Node, scope: &Scope<'a>) -> Option<Slot<'a>> {
    Some(match node {
        Node::Null => Slot::Null,
        Node::Bool(value) => Slot::Bool(*value),
        Node::Int(value) => Slot::Int(*value),
        Node::Double(value) => Slot::Double(*value),
        Node::Text(text) => Slot::Text(text),
        Node::Field(index) => scope.slots.get(*index).copied().unwrap_or(Slot::Null),
        Node::Today => Slot::Date(scope.today),
        Node::Not(a) => Slot::Bool(!truth(a, scope)?),
        Node::Negate(a) => match evaluate(a, scope)? {
            Slot::Int(value) => Slot::Int(value.checked_neg()?),
            Slot::Double(value) => Slot::Double(-value),
            _ => return None,
        },
        Node::And(a, b) => match (truth(a, scope), || truth(b, scope)) {
            (Some(false), _) => Slot::Bool(false),
            (Some(true), b) => Slot::Bool(b()?),
            (None, b) => match b() {
                Some(false) => Slot::Bool(false),
                _ => return None,
            },
        },
        Node::Or(a, b) => match (truth(a, scope), || truth(b, scope)) {
            (Some(true), _) => Slot::Bool(true),
            (Some(false), b) => Slot::Bool(b()?),
            (None, b) => match b() {
                Some(true) => Slot::Bool(true),
                _ => return None,
            },
        },
        Node::If(test, yes, no) => return evaluate(if truth(test, scope)? { yes } else { no }, scope),
        Node::Compare(comparison, a, b) => {
            let (a, b) = (evaluate(a, scope)?, evaluate(b, scope)?);
            Slot::Bool(match comparison {
                Comparison::Equal => equal(a, b),
                Comparison::NotEqual => !equal(a, b),
                Comparison::Less => order(a, b)?.is_lt(),
                Comparison::LessOrEqual => order(a, b)?.is_le(),
                Comparison::Greater => order(a, b)?.is_gt(),
                Comparison::GreaterOrEqual => order(a, b)?.is_ge(),
            })
        }
        Node::Arithmetic(arithmetic, a, b) => {
            calculate(*arithmetic, evaluate(a, scope)?, evaluate(b, scope)?)?
        }
        Node::InList(element, list) => {
            let element = evaluate(element, scope)?;
            let mut unknown = false;
            for item in list {
                match evaluate(item, scope) {
                    Some(item) if equal(element, item) => return Some(Slot::Bool(true)),
                    Some(_) => {}
                    None => unknown = true,
                }
            }
            if unknown {
                return None;
            }
            Slot::Bool(false)
        }
        Node::InField(element, field) => {
            let element = evaluate(element, scope)?;
            match scope.slots.get(*field) {
                Some(Slot::List(list)) => Slot::Bool(match element {
                    Slot::Text(text) => list.iter().any(|item| item.as_str() == Some(text)),
                    _ => false,
                }),
                _ => return None,
            }
        }
        Node::DaysSince(date) => {
            let date = date_of(evaluate(date, scope)?)?;
            Slot::Int(days(date, scope.today))
        }
        Node::DaysBetween(from, to) => {
            let (from, to) = (date_of(evaluate(from, scope)?)?, date_of(evaluate(to, scope)?)?);
            Slot::Int(days(from, to))
        }
        Node::HasValue(a) => Slot::Bool(match evaluate(a, scope)? {
            Slot::Null => false,
            Slot::Text(text) => !text.is_empty(),
            Slot::List(list) => !list.is_empty(),
            _ => true,
        }),
        Node::Size(a) => Slot::Int(
            i64::try_from(match evaluate(a, scope)? {
                Slot::Text(text) => text.chars().count(),
                Slot::List(list) => list.len(),
                Slot::Date(_) => 10,
                _ => return None,
            })
            .ok()?,
        ),
        Node::TextTest(test, text, part) => {
            let (mut text_bytes, mut part_bytes) = ([0; 10], [0; 10]);
            let (text, part) = (evaluate(text, scope)?, evaluate(part, scope)?);
            let text = text_of(text, &mut text_bytes)?;
            let part = text_of(part, &mut part_bytes)?;
            Slot::Bool(match test {
                TextTest::StartsWith => text.starts_with(part),
                TextTest::EndsWith => text.ends_with(part),
                TextTest::Contains => text.contains(part),
            })
        }
    })
}

fn truth(node: &Node, scope: &Scope<'_>) -> Option<bool> {
    match evaluate(node, scope)? {
        Slot::Bool(value) => Some(value),
        _ => None,
    }
}

fn equal(a: Slot<'_>, b: Slot<'_>) -> bool {
    match (a, b) {
        (Slot::Null, Slot::Null) => true,
        (Slot::Bool(a), Slot::Bool(b)) => a == b,
        (Slot::List(a), Slot::List(b)) => a == b,
        _ => order(a, b) == Some(Ordering::Equal),
    }
}

/// Order of two values where CEL has one. Integers and numbers compare by value.
fn order(a: Slot<'_>, b: Slot<'_>) -> Option<Ordering> {
    match (a, b) {
        (Slot::Int(a), Slot::Int(b)) => Some(a.cmp(&b)),
        (Slot::Double(a), Slot::Double(b)) => a.partial_cmp(&b),
        (Slot::Int(a), Slot::Double(b)) => order_mixed(a, b),
        (Slot::Double(a), Slot::Int(b)) => order_mixed(b, a).map(Ordering::reverse),
        (Slot::Text(a), Slot::Text(b)) => Some(a.cmp(b)),
        (Slot::Date(a), Slot::Date(b)) => Some(a.cmp(&b)),
        (Slot::Date(a), Slot::Text(b)) => Some(iso(a).as_slice().cmp(b.as_bytes())),
        (Slot::Text(a), Slot::Date(b)) => Some(a.as_bytes().cmp(&iso(b))),
        _ => None,
    }
}

fn order_mixed(a: i64, b: f64) -> Option<Ordering> {
    // Counts and ages lie far below 2^53, where the conversion is exact; beyond it the order may be off by rounding,
    // as it is in CEL's own implementations.
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53, see above")]
    let a = a as f64;
    a.partial_cmp(&b)
}

fn calculate<'a>(arithmetic: Arithmetic, a: Slot<'a>, b: Slot<'a>) -> Option<Slot<'a>> {
    Some(match (a, b) {
        (Slot::Int(a), Slot::Int(b)) => Slot::Int(match arithmetic {
            Arithmetic::Add => a.checked_add(b)?,
            Arithmetic::Subtract => a.checked_sub(b)?,
            Arithmetic::Multiply => a.checked_mul(b)?,
            Arithmetic::Divide => a.checked_div(b)?,
            Arithmetic::Remainder => a.checked_rem(b)?,
        }),
        (Slot::Double(a), Slot::Double(b)) => {
            let result = match arithmetic {
                Arithmetic::Add => a + b,
                Arithmetic::Subtract => a - b,
                Arithmetic::Multiply => a * b,
                Arithmetic::Divide => a / b,
                Arithmetic::Remainder => return None,
            };
            // CEL divides by 0.0 to infinity; a condition on an infinite number is not one anybody meant.
            if !result.is_finite() {
                return None;
            }
            Slot::Double(result)
        }
        _ => return None,
    })
}

fn date_of(slot: Slot<'_>) -> Option<Date> {
    match slot {
        Slot::Date(date) => Some(date),
        // Of an instant, its day in UTC.
        Slot::Text(text) => crate::date::parse_iso(text.get(..10)?),
        _ => None,
    }
}

fn days(from: Date, to: Date) -> i64 {
    i64::from(crate::date::to_epoch_day(to)) - i64::from(crate::date::to_epoch_day(from))
}

fn text_of<'t>(slot: Slot<'t>, bytes: &'t mut [u8; 10]) -> Option<&'t str> {
    match slot {
        Slot::Text(text) => Some(text),
        Slot::Date(date) => {
            *bytes = iso(date);
            std::str::from_utf8(bytes).ok()
        }
        _ => None,
    }
}

/// `YYYY-MM-DD` of a date in the years 0 to 9999; years before that do not occur and are written as 0000.
fn iso(date: Date) -> [u8; 10] {
    let digit = |n: i16| b'0' + u8::try_from(n % 10).unwrap_or(0);
    let (year, month, day) = (date.year().max(0), i16::from(date.month()), i16::from(date.day()));
    [
        digit(year / 1000),
        digit(year / 100),
        digit(year / 10),
        digit(year),
        b'-',
        digit(month / 10),
        digit(month),
        b'-',
        digit(day / 10),
        digit(day),
    ]
}

/// The slot of a stored value.
pub(super) fn slot_of(value: &Value, kind: ValueKind) -> Slot<'_> {
    match value {
        Value::Null | Value::Object(_) => Slot::Null,
        Value::Bool(value) => Slot::Bool(*value),
        // 40 in a field of numbers is a double, or else it would not add up with 0.5.
        Value::Number(number) if kind == ValueKind::Number => {
            number.as_f64().map_or(Slot::Null, Slot::Double)
        }
        Value::Number(number) => match number.as_i64() {
            Some(value) => Slot::Int(value),
            None => number.as_f64().map_or(Slot::Null, Slot::Double),
        },
        Value::String(text) => Slot::Text(text),
        Value::Array(list) => Slot::List(list),
    }
}
