//! From what people write in a cell to the value of a field.

use crate::issue::{Issue, IssueCode};
use crate::kind::Role;
use crate::region::{RegionCode, RegionTree, Resolution};
use crate::register::{Field, FieldType};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value as Json;

/// Order and form of the dates in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DateFormat {
    /// Year, month, day with any separator: 2020-01-24, 2020/1/24, 2020.1.24, 2020年1月24日.
    YearMonthDay,
    /// Day, month, year with any separator: 24.01.2020, 24/01/2020.
    DayMonthYear,
    /// Month, day, year with any separator: 01/24/2020.
    MonthDayYear,
    /// Eight digits: 20200124.
    Compact,
    /// Days since 1899-12-30 as spreadsheets count them: 43854.
    ExcelSerial,
}

impl DateFormat {
    /// Every form, in the order in which they are tried.
    pub const ALL: [Self; 5] =
        [Self::YearMonthDay, Self::Compact, Self::DayMonthYear, Self::MonthDayYear, Self::ExcelSerial];

    /// The name used in options and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::YearMonthDay => "ymd",
            Self::DayMonthYear => "dmy",
            Self::MonthDayYear => "mdy",
            Self::Compact => "yyyymmdd",
            Self::ExcelSerial => "excel_serial",
        }
    }

    /// The form of a name used in options.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }
}

/// A date read from a cell, and whether a time of day stood behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenDate {
    /// The date.
    pub date: Date,
    /// A time of day other than midnight was cut off.
    pub time_dropped: bool,
}

/// Years that a date in a list can plausibly have; outside, a digit is more likely wrong than the year.
const YEARS: std::ops::RangeInclusive<i16> = 1800..=2200;
/// Spreadsheet day numbers of 1954 to 2119: smaller numbers are more likely counts or ages.
const SERIALS: std::ops::RangeInclusive<i32> = 20_000..=80_000;

/// Reads a date of a known form; `None` if the text has another form or names no real day.
pub fn parse_date(text: &str, format: DateFormat) -> Option<WrittenDate> {
    let text = text.trim();
    match format {
        DateFormat::Compact => {
            if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let (year, month, day) =
                (text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?);
            civil(year, month, day).map(|date| WrittenDate { date, time_dropped: false })
        }
        DateFormat::ExcelSerial => {
            let (days, fraction) = text.split_once('.').unwrap_or((text, ""));
            let days: i32 = days.parse().ok()?;
            if !SERIALS.contains(&days) || !fraction.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let date = jiff::civil::date(1899, 12, 30).checked_add(i64::from(days).days()).ok()?;
            Some(WrittenDate { date, time_dropped: fraction.bytes().any(|b| b != b'0') })
        }
        DateFormat::YearMonthDay | DateFormat::DayMonthYear | DateFormat::MonthDayYear => {
            let (parts, rest) = leading_numbers(text)?;
            let [a, b, c] = parts;
            let (year, month, day) = match format {
                DateFormat::YearMonthDay if a.1 == 4 => (a.0, b.0, c.0),
                DateFormat::DayMonthYear if c.1 == 4 => (c.0, b.0, a.0),
                DateFormat::MonthDayYear if c.1 == 4 => (c.0, a.0, b.0),
                _ => return None,
            };
            let date = civil(year, month, day)?;
            let time_dropped = time_of_day(rest)?;
            Some(WrittenDate { date, time_dropped })
        }
    }
}

fn civil(year: i32, month: i32, day: i32) -> Option<Date> {
    let year = i16::try_from(year).ok().filter(|y| YEARS.contains(y))?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Three numbers joined by date separators, each with its number of digits, and what follows.
fn leading_numbers(text: &str) -> Option<([(i32, usize); 3], &str)> {
    let mut rest = text;
    let mut parts = [(0, 0); 3];
    for (i, part) in parts.iter_mut().enumerate() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > 4 {
            return None;
        }
        *part = (rest[..digits].parse().ok()?, digits);
        rest = &rest[digits..];
        let separator = rest.chars().next();
        match (i, separator) {
            (2, Some('日' | '号')) | (0 | 1, Some('-' | '/' | '.' | '年' | '月')) => {
                rest = &rest[separator.map_or(0, char::len_utf8)..];
                rest = if i < 2 { rest.trim_start_matches(' ') } else { rest };
            }
            (2, _) => {}
            _ => return None,
        }
    }
    Some((parts, rest))
}

/// Whether a time of day other than midnight follows; `None` if something else does.
fn time_of_day(rest: &str) -> Option<bool> {
    if rest.is_empty() {
        return Some(false);
    }
    let time = rest.strip_prefix(['T', ' '])?.trim();
    let known = |c: char| {
        c.is_ascii_digit()
            || matches!(c, ':' | '.' | '+' | '-' | 'Z' | ' ' | 'A' | 'P' | 'M' | 'a' | 'p' | 'm')
    };
    if !time.chars().all(known) || !time.contains(':') {
        return (time.is_empty()).then_some(false);
    }
    Some(time.bytes().any(|b| (b'1'..=b'9').contains(&b)))
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
    /// Form of the dates in this column.
    pub date_format: DateFormat,
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
        // A choice may itself be called 未知 or NA.
        if (!matches!(self.field_type, FieldType::Choice) || self.choice(text).is_none()) && is_missing(text)
        {
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
            FieldType::Date => match parse_date(text, context.date_format) {
                Some(written) => Ok(Read {
                    value: Some(Json::from(written.date.to_string())),
                    note: written.time_dropped.then_some(IssueCode::TimeDropped),
                }),
                None => Err(refuse(why_not_a_date(text))),
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

fn why_not_a_date(text: &str) -> IssueCode {
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|p| !p.is_empty()).count();
    if numbers >= 5 && !text.contains(':') {
        IssueCode::DateRange
    } else if numbers == 2 && text.len() <= 12 {
        IssueCode::DateWithoutYear
    } else {
        IssueCode::NotADate
    }
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
    use jiff::civil::date;

    #[test]
    fn dates_are_read_in_the_form_of_their_column() {
        use DateFormat::{Compact, DayMonthYear, ExcelSerial, MonthDayYear, YearMonthDay};
        let day = date(2020, 1, 24);
        let written = [
            ("2020-01-24", YearMonthDay),
            ("2020/1/24", YearMonthDay),
            ("2020.1.24", YearMonthDay),
            ("2020年1月24日", YearMonthDay),
            ("24.01.2020", DayMonthYear),
            ("24/1/2020", DayMonthYear),
            ("01/24/2020", MonthDayYear),
            ("20200124", Compact),
            ("43854", ExcelSerial),
            ("2020-01-24T00:00:00Z", YearMonthDay),
            (" 2020-01-24 00:00:00 ", YearMonthDay),
        ];
        for (text, format) in written {
            assert_eq!(
                parse_date(text, format),
                Some(WrittenDate { date: day, time_dropped: false }),
                "{text}"
            );
        }
        assert!(parse_date("2020-01-24 13:05", YearMonthDay).unwrap().time_dropped);
        for (text, format) in [
            ("2020-02-30", YearMonthDay),
            ("24.01.2020", YearMonthDay),
            ("12.01.2020 - 15.01.2020", DayMonthYear),
            ("1月24日", YearMonthDay),
            ("24.01.20", DayMonthYear),
            ("38", ExcelSerial),
            ("2020-13-01", YearMonthDay),
        ] {
            assert_eq!(parse_date(text, format), None, "{text}");
        }
    }

    #[test]
    fn a_date_that_is_none_says_why() {
        assert_eq!(why_not_a_date("12.01.2020 - 15.01.2020"), IssueCode::DateRange);
        assert_eq!(why_not_a_date("1月24日"), IssueCode::DateWithoutYear);
        assert_eq!(why_not_a_date("soon"), IssueCode::NotADate);
    }

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
