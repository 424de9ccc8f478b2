//! From what people write in a cell to the value of a field.

use crate::date::to_iso;
use crate::issue::{Issue, IssueCode};
use crate::kind::Role;
use crate::region::{RegionCode, RegionTree, Resolution};
use crate::register::{Field, FieldType};
use jiff::civil::Date;
use serde_json::Value as Json;

/// A date read from a cell, and whether a time of day stood behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenDate {
    /// The date.
    pub date: Date,
    /// A time of day other than midnight was cut off.
    pub time_dropped: bool,
}

/// Written values that stand for "missing".
const MISSING: [&str; 18] = [
    "",
    "na",
    "n/a",
    "#n/a",
    "nan",
    "null",
    "none",
    "nil",
    "?",
    "-",
    "--",
    ".",
    "unknown date",
    "无",
    "不详",
    "未知",
    "/",
    "—",
];

/// True if the text stands for a missing value.
pub fn is_missing(text: &str) -> bool {
    let text = text.trim();
    text.len() <= 12 && MISSING.iter().any(|m| m.eq_ignore_ascii_case(text))
}

/// What reading a cell needs to know.
#[derive(Clone, Copy)]
pub struct TextContext<'a> {
    /// The administrative tree.
    pub tree: &'a RegionTree,
    /// Where the region must lie, if that is known.
    pub within: Option<&'a RegionCode>,
    /// Reads a date in the form of this column: `None` if missing, the code that says why if it is none.
    pub date: &'a dyn Fn(&str) -> Result<Option<WrittenDate>, IssueCode>,
    /// Identifiers of diseases by written name.
    pub diseases: &'a dyn Fn(&str) -> Option<String>,
}

/// A value read from a cell, and what is to be said of it although it is accepted.
pub struct Read {
    /// The value; `None` if missing.
    pub value: Option<Json>,
    /// A finding that does not refuse the value.
    pub note: Option<IssueCode>,
}

impl Field {
    /// Reads a cell.
    ///
    /// # Errors
    /// One issue naming the field and the value; the caller adds row and column.
    pub fn parse_text(&self, text: &str, context: &TextContext<'_>) -> Result<Read, Issue> {
        let text = text.trim();
        let meant = marked_as_meant(text);
        let text = meant.unwrap_or(text);
        // A choice may itself be called 未知 or NA.
        let chosen = matches!(self.field_type, FieldType::Choice | FieldType::MultiChoice);
        if meant.is_none() && is_missing(text) && !(chosen && self.choice(text).is_some()) {
            return Ok(Read { value: None, note: None });
        }
        // Issues travel further than records: a person's value is not repeated in them.
        let refuse = |code: IssueCode| {
            let issue = Issue::error(code).field(&self.id);
            if self.personal { issue } else { issue.value(text) }
        };
        let plain = |value: Json| Ok(Read { value: Some(value), note: None });
        match &self.field_type {
            FieldType::Text | FieldType::Site | FieldType::Person | FieldType::Record { .. } => {
                if self.role == Some(Role::Disease) {
                    let id = (context.diseases)(text).ok_or_else(|| refuse(IssueCode::UnknownDisease))?;
                    return plain(Json::from(id));
                }
                if text.len() > self.max_length && text.chars().count() > self.max_length {
                    let limit = self.max_length;
                    return Err(refuse(IssueCode::TooLong)
                        .detail(format!("at most {limit} characters"), format!("最多 {limit} 字")));
                }
                if has_control_characters(text) {
                    return Err(Issue::error(IssueCode::ControlCharacter).field(&self.id));
                }
                plain(Json::from(text))
            }
            FieldType::Integer => {
                let number = integer(text).ok_or_else(|| refuse(IssueCode::NotAnInteger))?;
                plain(Json::from(number))
            }
            FieldType::Number => {
                let number = decimal(text).and_then(canonical_number);
                plain(number.ok_or_else(|| refuse(IssueCode::NotANumber))?)
            }
            FieldType::Date => match (context.date)(text) {
                Ok(Some(written)) => Ok(Read {
                    value: Some(Json::from(to_iso(written.date))),
                    note: written.time_dropped.then_some(IssueCode::TimeDropped),
                }),
                Ok(None) => Ok(Read { value: None, note: None }),
                Err(code) => Err(refuse(code)),
            },
            FieldType::Datetime => {
                let instant: Option<jiff::Timestamp> = text.parse().ok();
                plain(Json::from(instant.ok_or_else(|| refuse(IssueCode::NotADatetime))?.to_string()))
            }
            FieldType::Boolean => match boolean(text) {
                Some(value) => plain(Json::from(value)),
                None => Err(refuse(IssueCode::NotABoolean)),
            },
            FieldType::Choice => match self.choice(text) {
                Some(choice) => plain(Json::from(choice.id.as_str())),
                None => Err(self.name_choices(refuse(IssueCode::NotAChoice))),
            },
            FieldType::MultiChoice => {
                let mut chosen = Vec::new();
                for part in
                    text.split([',', ';', '|', '，', '；', '、']).map(str::trim).filter(|p| !p.is_empty())
                {
                    let choice = self.choice(part);
                    let choice = choice.ok_or_else(|| self.name_choices(refuse(IssueCode::NotAChoice)))?;
                    chosen.push(Json::from(choice.id.as_str()));
                }
                plain(Json::Array(chosen))
            }
            FieldType::Region => match context.tree.resolve(text, context.within) {
                Resolution::Found(code) => plain(Json::from(code.as_str())),
                Resolution::Unknown => Err(refuse(IssueCode::UnknownRegion)),
                Resolution::Ambiguous(codes) => {
                    let named: Vec<String> = codes
                        .iter()
                        .take(5)
                        .filter_map(|code| context.tree.get(code))
                        .map(|region| format!("{} {}", region.code, region.name))
                        .collect();
                    let named = named.join(", ");
                    Err(refuse(IssueCode::AmbiguousRegion).detail(named.clone(), named))
                }
            },
        }
    }

    fn name_choices(&self, issue: Issue) -> Issue {
        let ids: Vec<&str> = self.choices.iter().take(12).map(|c| c.id.as_str()).collect();
        let labels: Vec<&str> = self.choices.iter().take(12).map(|c| c.label.zh.as_str()).collect();
        issue.detail(ids.join(", "), labels.join("、"))
    }
}

/// The text behind a leading apostrophe that says: this reads like a missing value and is meant as it stands.
pub fn marked_as_meant(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('\'')?;
    let bare = rest.trim_start_matches('\'');
    (!bare.is_empty() && is_missing(bare)).then_some(rest)
}

fn half_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            _ => c,
        })
        .collect()
}

fn integer(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let plain = half_width(text);
    // Thousands: groups of three behind the first, nothing else.
    let groups: Vec<&str> = plain.split(',').collect();
    let grouped = groups.len() > 1
        && groups[1..].iter().all(|g| g.len() == 3 && g.bytes().all(|b| b.is_ascii_digit()))
        && (1..=4).contains(&groups[0].len());
    let digits = if grouped { groups.concat() } else { plain };
    if let Ok(number) = digits.parse() {
        return Some(number);
    }
    // Spreadsheets write whole numbers as 12.0.
    let (whole, fraction) = digits.split_once('.')?;
    (!fraction.is_empty() && fraction.bytes().all(|b| b == b'0')).then(|| whole.parse().ok()).flatten()
}

fn decimal(text: &str) -> Option<f64> {
    let plain = half_width(text);
    let usable = |number: &f64| number.is_finite();
    if let Some(number) = plain.parse().ok().filter(usable) {
        return Some(number);
    }
    // A decimal comma: exactly one comma and no point. With three digits behind it, it may as well part thousands:
    // that is for a person to say.
    let digits_behind = plain.split_once(',').map_or(0, |(_, behind)| behind.len());
    if plain.matches(',').count() == 1 && !plain.contains('.') && digits_behind != 3 {
        return plain.replace(',', ".").parse().ok().filter(usable);
    }
    None
}

/// A number in the form in which it is stored: whole numbers without a fraction, so that 40 and 40.0 are one value and
/// a file imported again changes nothing. `None` for a number that is not finite.
pub fn canonical_number(number: f64) -> Option<Json> {
    // 2^53: up to here every whole number is an f64 of its own.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT_MAX {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53, checked above")]
        let whole = number as i64;
        return Some(Json::from(whole));
    }
    serde_json::Number::from_f64(number).map(Json::Number)
}

/// Control characters other than line ends and tabs. A NUL cannot be stored everywhere; the others hide from readers.
pub(crate) fn has_control_characters(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

fn boolean(text: &str) -> Option<bool> {
    let folded = half_width(text).to_lowercase();
    match folded.as_str() {
        "1" | "1.0" | "true" | "t" | "yes" | "y" | "是" | "有" | "真" | "√" | "✓" => Some(true),
        "0" | "0.0" | "false" | "f" | "no" | "n" | "否" | "无" | "没有" | "假" | "×" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_and_spreadsheets_write_them() {
        assert_eq!(integer("1,234"), Some(1234));
        assert_eq!(integer("１２"), Some(12));
        assert_eq!(integer("12.0"), Some(12));
        assert_eq!(integer("-3"), Some(-3));
        assert_eq!(integer("40-49"), None);
        assert_eq!(integer("12.5"), None);
        assert_eq!(decimal("3,5"), Some(3.5));
        assert_eq!(decimal("NaN"), None);
        assert_eq!(boolean("是"), Some(true));
    }
}
