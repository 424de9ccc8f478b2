//! Days of a table as it writes them: dates, or whole numbers counted from a day that is not told (day 1 of an
//! outbreak, a year, a week counted through). The methods count in dates; a number stands there as a date that no
//! answer shows.

use super::cells;
use anyhow::{Context, ensure};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;
use wanquan_app::ingest::dates::{DateOrder, DateRule};
use wanquan_app::ingest::read::{Row, Table};

/// Largest number, either way.
const NUMBER_MAX: i64 = 999_999;

/// A day as tables and options say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Day {
    /// 2024-01-06.
    Date(Date),
    /// 17.
    Number(i64),
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => date.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl FromStr for Day {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(number) = number(text) {
            return Ok(Self::Number(number));
        }
        let date = text.parse().map(Self::Date);
        date.map_err(|_| format!("`{text}` is neither a date like 2024-01-06 nor a day number"))
    }
}

/// First and last day, as `FIRST..LAST`.
pub fn range(text: &str) -> Result<(Day, Day), String> {
    let (first, last) = text.split_once("..").ok_or("say FIRST..LAST")?;
    let (first, last): (Day, Day) = (first.parse()?, last.parse()?);
    if matches!((first, last), (Day::Date(_), Day::Number(_)) | (Day::Number(_), Day::Date(_))) {
        return Err("one is a date, the other a day number".to_owned());
    }
    if first <= last { Ok((first, last)) } else { Err("the first is later".to_owned()) }
}

/// What the days of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calendar {
    /// Dates.
    Dates,
    /// Whole numbers.
    Numbers,
}

impl Calendar {
    /// A day of the table's own kind as its answers say it.
    pub fn say(self, date: Date) -> Day {
        match self {
            Self::Dates => Day::Date(date),
            Self::Numbers => {
                let days = date.since(day_zero()).map_or(0, |span| span.get_days());
                Day::Number(i64::from(days))
            }
        }
    }

    /// The day that an option names.
    pub fn date(self, option: &str, day: Day) -> anyhow::Result<Date> {
        match (self, day) {
            (Self::Dates, Day::Date(date)) => Ok(date),
            (Self::Numbers, Day::Number(number)) => numbered(number).context("day beyond the calendar"),
            (Self::Dates, Day::Number(n)) => {
                anyhow::bail!("{option} is day number {n}, but the table has dates")
            }
            (Self::Numbers, Day::Date(date)) => {
                anyhow::bail!("{option} is the date {date}, but the table has day numbers")
            }
        }
    }
}

/// How a column of days is read.
#[derive(Debug, Clone, Copy)]
pub enum Days {
    /// Dates by this rule.
    Dates(DateRule),
    /// Whole numbers.
    Numbers,
}

impl Days {
    /// Numbers where every filled cell is a whole one of at most six digits; but a column of nothing except the day
    /// numbers of spreadsheets (20,000 to 80,000) is dates, as everywhere.
    pub fn of(table: &Table, at: usize, order: Option<DateOrder>) -> anyhow::Result<Self> {
        let (mut numbers, mut filled) = (true, false);
        cells::each(table, |row| {
            let cell = cells::text(row, at);
            numbers &= cell.is_empty() || number(cell).is_some();
            filled |= !cell.is_empty();
            Ok(())
        })?;
        let rule = cells::date_rule(table, at, order)?;
        Ok(if numbers && filled && !rule.serials { Self::Numbers } else { Self::Dates(rule) })
    }

    /// What the column holds.
    pub fn calendar(self) -> Calendar {
        match self {
            Self::Dates(_) => Calendar::Dates,
            Self::Numbers => Calendar::Numbers,
        }
    }

    /// A day; `None` if the cell is empty.
    pub fn read(&self, table: &Table, row: &Row, at: usize) -> anyhow::Result<Option<Date>> {
        match self {
            Self::Dates(rule) => cells::date(table, row, at, rule),
            Self::Numbers => {
                let cell = cells::text(row, at);
                if cell.is_empty() {
                    return Ok(None);
                }
                let date = number(cell).and_then(numbered);
                date.map(Some).ok_or_else(|| cells::wrong(table, row, at, "a whole day number"))
            }
        }
    }
}

/// The same calendar for two columns of one table.
pub fn same(table: &Table, one: (usize, Days), other: (usize, Days)) -> anyhow::Result<Calendar> {
    let name = |calendar| if calendar == Calendar::Dates { "dates" } else { "day numbers" };
    let (a, b) = (one.1.calendar(), other.1.calendar());
    ensure!(
        a == b,
        "column `{}` holds {}, column `{}` {}",
        table.header[one.0],
        name(a),
        table.header[other.0],
        name(b)
    );
    Ok(a)
}

fn number(cell: &str) -> Option<i64> {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    cell.parse().ok().filter(|n: &i64| n.abs() <= NUMBER_MAX)
}

/// Far from either end of the calendar.
fn day_zero() -> Date {
    jiff::civil::date(2000, 1, 1)
}

fn numbered(number: i64) -> Option<Date> {
    day_zero().checked_add(number.days()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_comes_back_as_it_went_in() {
        for n in [-NUMBER_MAX, -1, 0, 1, 59, 60, 366, 1995, 202_401, NUMBER_MAX] {
            assert_eq!(Calendar::Numbers.say(numbered(n).unwrap()), Day::Number(n));
        }
    }

    #[test]
    fn options_take_dates_and_numbers_but_not_one_for_the_other() {
        let date = Day::Date(jiff::civil::date(2024, 1, 6));
        assert_eq!("2024-01-06".parse(), Ok(date));
        assert_eq!("-3".parse(), Ok(Day::Number(-3)));
        assert!("2024-13-01".parse::<Day>().is_err());
        assert_eq!(range("2..17"), Ok((Day::Number(2), Day::Number(17))));
        assert!(range("17..2").is_err() && range("2..2024-01-06").is_err() && range("2").is_err());
        assert!(Calendar::Dates.date("--from", Day::Number(3)).is_err());
        assert!(Calendar::Numbers.date("--from", date).is_err());
    }
}
