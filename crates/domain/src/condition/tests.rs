use super::*;
use jiff::civil::date;
use serde_json::json;

pub(super) fn schema() -> Vec<SchemaField> {
    let field = |id: &str, kind| {
        let choices: &[&str] = match kind {
            ValueKind::Choice | ValueKind::List => &["suspected", "probable", "confirmed"],
            _ => &[],
        };
        SchemaField { id: id.into(), kind, choices: choices.iter().map(|c| (*c).to_owned()).collect() }
    };
    vec![
        field("onset", ValueKind::Date),
        field("report", ValueKind::Date),
        field("age", ValueKind::Number),
        field("count", ValueKind::Integer),
        field("class", ValueKind::Choice),
        field("many", ValueKind::List),
        field("note", ValueKind::Text),
        field("hcw", ValueKind::Boolean),
    ]
}

fn holds(text: &str, record: &Json) -> Option<bool> {
    let schema = schema();
    let condition = Condition::compile(text, &schema).unwrap();
    let Json::Object(map) = record else { panic!("a record is an object") };
    let position = |id: &str| schema.iter().position(|f| f.id == id).map(|i| (i, schema[i].kind));
    condition.holds(&Scope::bind(map, schema.len(), date(2020, 2, 12), position))
}

fn check(text: &str, record: Json, expected: Option<bool>) {
    assert_eq!(holds(text, &record), expected, "{text} on {record}");
}

fn refused(text: &str, expected: fn(&ConditionError) -> bool) {
    let errors = Condition::compile(text, &schema()).unwrap_err();
    assert!(errors.iter().any(expected), "{text}: {errors:?}");
}

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);
const UNKNOWN: Option<bool> = None;

#[test]
fn conditions_hold_as_their_text_says() {
    check("record.onset <= record.report", json!({"onset": "2020-01-20", "report": "2020-01-24"}), YES);
    check("record.onset <= record.report", json!({"onset": "2020-01-25", "report": "2020-01-24"}), NO);
    check("record.class in ['confirmed','probable']", json!({"class": "probable"}), YES);
    check("record.class in ['confirmed','probable']", json!({}), NO);
    check("'confirmed' in record.many", json!({"many": ["suspected", "confirmed"]}), YES);
    check("record.age >= 18 && record.age < 65.5", json!({"age": 18}), YES);
    check("record.count + 1 == 5", json!({"count": 4}), YES);
    check("record.count * -2 < -7", json!({"count": 4}), YES);
    check("days_since(record.onset) == 14", json!({"onset": "2020-01-29"}), YES);
    check(
        "days_between(record.onset, record.report) > 3",
        json!({"onset": "2020-01-29", "report": "2020-02-02"}),
        YES,
    );
    check("record.onset <= today()", json!({"onset": "2020-02-12"}), YES);
    check("has_value(record.note) ? record.hcw : true", json!({}), YES);
    check("size(record.note) == 2 && record.note.startsWith('长')", json!({"note": "长治"}), YES);
    check("!(record.note.contains('x') || record.note.endsWith('y'))", json!({"note": "abc"}), YES);
}

#[test]
fn an_absent_value_leaves_the_result_unknown_unless_the_other_side_decides() {
    check("record.onset <= record.report", json!({"report": "2020-01-24"}), UNKNOWN);
    check("record.onset <= record.report || record.hcw", json!({"hcw": true}), YES);
    check("record.onset <= record.report && record.hcw", json!({"hcw": false}), NO);
    check("record.onset <= record.report && record.hcw", json!({"hcw": true}), UNKNOWN);
    check("record.class == 'confirmed'", json!({}), NO);
    check("record.class != 'confirmed'", json!({}), YES);
    check("record.class == null", json!({}), YES);
    check("'confirmed' in record.many", json!({}), UNKNOWN);
    check("has_value(record.many) && 'confirmed' in record.many", json!({}), NO);
    check("days_since(record.onset) > 0", json!({}), UNKNOWN);
    check("10 / record.count > 1", json!({"count": 0}), UNKNOWN);
    check("record.count + 9223372036854775807 > 0", json!({"count": 1}), UNKNOWN);
    check("!record.hcw", json!({}), UNKNOWN);
}

#[test]
fn what_the_schema_does_not_know_is_refused_at_load() {
    refused("record.onset <=", |e| matches!(e, ConditionError::Syntax(_)));
    refused("record.onsett == null", |e| matches!(e, ConditionError::UnknownField(_)));
    refused("onset == null", |e| matches!(e, ConditionError::UnknownName(_)));
    refused("risk_of(record.note) > 1", |e| matches!(e, ConditionError::UnknownFunction(_)));
    refused("days_since() > 1", |e| matches!(e, ConditionError::UnknownFunction(_)));
    refused("record.note.matches('x')", |e| matches!(e, ConditionError::UnknownFunction(_)));
    refused("record.class == 'certain'", |e| matches!(e, ConditionError::UnknownChoice { .. }));
    refused("record.class in ['confirmed','certain']", |e| matches!(e, ConditionError::UnknownChoice { .. }));
    refused("'certain' in record.many", |e| matches!(e, ConditionError::UnknownChoice { .. }));
    refused("record.count == 'x'", |e| matches!(e, ConditionError::Type(_)));
    refused("record.count > null", |e| matches!(e, ConditionError::Type(_)));
    refused("record.onset < '24.01.2020'", |e| matches!(e, ConditionError::Type(_)));
    refused("record.age + 1 > 2", |e| matches!(e, ConditionError::Type(_)));
    refused("1 + 'a' == 2", |e| matches!(e, ConditionError::Type(_)));
    refused("record.count && true", |e| matches!(e, ConditionError::Type(_)));
    refused("days_since(record.note) > 1", |e| matches!(e, ConditionError::Type(_)));
    refused("record.count in ['1']", |e| matches!(e, ConditionError::Type(_)));
    refused("record.count", |e| matches!(e, ConditionError::Type(_)));
    refused("has(record.note)", |e| matches!(e, ConditionError::Unsupported(_)));
    refused("[1,2].all(x, x > 0)", |e| matches!(e, ConditionError::Unsupported(_)));
    refused("record == null", |e| matches!(e, ConditionError::Type(_)));
}

#[test]
fn all_problems_of_a_condition_are_reported_at_once() {
    let errors =
        Condition::compile("record.a == 1 && f(record.b) || record.count == 'x'", &schema()).unwrap_err();
    // The argument of an unknown function is not looked at.
    assert!(matches!(
        errors.as_slice(),
        [ConditionError::UnknownField(_), ConditionError::UnknownFunction(_), ConditionError::Type(_)]
    ));
}
