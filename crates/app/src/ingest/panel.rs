//! A panel of count series, read strictly: for scripts, where a cell that cannot be read is an error that names its row
//! and column, not a remark. What a table means must be plain from its columns; nothing is guessed from its figures.
//!
//! Long: a row a series and date (columns such as `series,date,cases`). Wide: a row a date and a column a series, or a
//! row a series and a column a date. An empty cell, and a step without a row, was not reported; it is no zero.

use crate::ingest::dates::{DateOrder, DateRule, header_days};
use crate::ingest::limits::VALUES_MAX;
use crate::ingest::meaning::{count, date_rules};
use crate::ingest::read::{ReadError, Row, Table};
use jiff::civil::{Date, ISOWeekDate, Weekday};
use std::collections::HashMap;
use wanquan_domain::date::{from_epoch_day, to_epoch_day};
use wanquan_domain::value::{WrittenDate, is_missing};
use wanquan_epi::{CountSeries, Step};

/// Names by which the columns are found where none is said.
const SERIES_NAMES: [&str; 23] = [
    "series", "location", "place", "region", "district", "county", "province", "state", "city", "area",
    "name", "id", "地区", "县区", "区县", "省份", "城市", "市", "县", "单位", "疾病", "地名", "名称",
];
const DATE_NAMES: [&str; 16] = [
    "date",
    "day",
    "week",
    "week_start",
    "week_end",
    "month",
    "time",
    "target_end_date",
    "report_date",
    "onset_date",
    "日期",
    "报告日期",
    "发病日期",
    "统计日期",
    "周",
    "月份",
];
const COUNT_NAMES: [&str; 22] = [
    "cases",
    "count",
    "case",
    "n",
    "observed",
    "value",
    "counts",
    "new_cases",
    "confirmed",
    "incidence",
    "病例数",
    "病例",
    "例数",
    "发病数",
    "新增病例",
    "新增病例数",
    "新增",
    "新增确诊",
    "确诊病例",
    "确诊数",
    "报告病例数",
    "报告数",
];

/// What the person says about the table.
#[derive(Debug, Clone, Default)]
pub struct PanelOptions {
    /// Column that names the series.
    pub series: Option<String>,
    /// Column with the date of the step.
    pub date: Option<String>,
    /// Columns with counts: one of a long table, any number of a wide one.
    pub counts: Vec<String>,
    /// Column with the population at risk, of a long table or beside a single series.
    pub population: Option<String>,
    /// Which of day and month comes first.
    pub date_order: Option<DateOrder>,
    /// Length of a step; otherwise found from the dates.
    pub step: Option<Step>,
}

/// One series of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelSeries {
    /// Its name.
    pub name: String,
    /// Its counts, on the calendar of the panel.
    pub counts: CountSeries,
    /// Population at risk by step; `None` where it was not asked for.
    pub population: Option<Vec<f64>>,
}

/// Why a table is no panel.
#[derive(Debug, thiserror::Error)]
pub enum PanelError {
    /// The file cannot be read.
    #[error("{0} [{code}]", code = .0.code())]
    Read(#[from] ReadError),
    /// A column that was asked for, or is needed, is not there.
    #[error("the table has no column `{name}`; it has: {available}")]
    NoColumn {
        /// Column.
        name: String,
        /// Columns that exist.
        available: String,
    },
    /// Neither the names of the columns nor the options say what they mean.
    #[error("{what} (columns: {available})")]
    Unclear {
        /// What is not known, and the option that says it.
        what: &'static str,
        /// Columns that exist.
        available: String,
    },
    /// A cell that cannot be read.
    #[error("row {row}, column `{column}`: `{value}` {why}")]
    Cell {
        /// Row of the file, from 1.
        row: u64,
        /// Column.
        column: String,
        /// What stands there.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// A row with another number of cells than the header.
    #[error("row {row} has {got} cells, the header has {need}")]
    Ragged {
        /// Row of the file, from 1.
        row: u64,
        /// Its cells.
        got: usize,
        /// Columns.
        need: usize,
    },
    /// No row below the header.
    #[error("the table has no rows")]
    NoRows,
    /// More values than fit.
    #[error("{series} series of {steps} steps are more values than fit in memory")]
    TooLarge {
        /// Series.
        series: usize,
        /// Steps.
        steps: usize,
    },
}

/// Reads a table as a panel; series in the order of the file.
///
/// # Errors
/// [`PanelError`] names the row and column of the first cell that is wrong.
pub fn read_panel(table: &Table, options: &PanelOptions) -> Result<Vec<PanelSeries>, PanelError> {
    let plan = plan(table, options)?;
    let entries = match &plan {
        Plan::Long { .. } | Plan::WideSeries { .. } => by_row(table, &plan, options)?,
        Plan::WideDates { first, days } => by_column(table, *first, days)?,
    };
    build(table, entries, options)
}

enum Plan {
    Long { series: Option<usize>, date: usize, count: usize, population: Option<usize> },
    WideSeries { date: usize, counts: Vec<usize>, population: Option<usize> },
    WideDates { first: usize, days: Vec<Date> },
}

fn available(table: &Table) -> String {
    let mut names: Vec<&str> = table.header.iter().take(20).map(String::as_str).collect();
    if table.header.len() > names.len() {
        names.push("…");
    }
    names.join(", ")
}

fn named(table: &Table, name: &str) -> Result<usize, PanelError> {
    table
        .column(name)
        .ok_or_else(|| PanelError::NoColumn { name: name.to_owned(), available: available(table) })
}

fn plan(table: &Table, options: &PanelOptions) -> Result<Plan, PanelError> {
    let said = |name: &Option<String>| name.as_deref().map(|name| named(table, name)).transpose();
    let usual = |names: &[&str]| names.iter().find_map(|name| table.column(name));
    let population = said(&options.population)?;
    let mut counts = options.counts.iter().map(|name| named(table, name)).collect::<Result<Vec<_>, _>>()?;
    let Some(date) = said(&options.date)?.or_else(|| usual(&DATE_NAMES)) else {
        let names: Vec<&str> = table.header.iter().map(String::as_str).collect();
        if let Some(days) = names.get(1..).filter(|days| !days.is_empty()).and_then(header_days) {
            return Ok(Plan::WideDates { first: 1, days });
        }
        return Err(PanelError::Unclear {
            what: "no column of dates is known; say --date",
            available: available(table),
        });
    };
    let series = said(&options.series)?.or_else(|| usual(&SERIES_NAMES));
    if counts.is_empty() {
        counts.extend(usual(&COUNT_NAMES));
    }
    // A column of series and several of counts could mean either; one of each is long.
    match (series, &counts[..]) {
        (series, [count]) => Ok(Plan::Long { series, date, count: *count, population }),
        (Some(_), []) => Err(PanelError::Unclear {
            what: "no column of counts is known; say --count",
            available: available(table),
        }),
        (Some(_), _) => Err(PanelError::Unclear {
            what: "a table with a column of series has one column of counts; say --count once",
            available: available(table),
        }),
        (None, _) => {
            if counts.is_empty() {
                counts = (0..table.header.len()).filter(|i| *i != date && Some(*i) != population).collect();
            }
            if counts.is_empty() {
                return Err(PanelError::Unclear {
                    what: "no column of counts is known; say --count",
                    available: available(table),
                });
            }
            Ok(Plan::WideSeries { date, counts, population })
        }
    }
}

/// One cell of the panel.
struct Entry {
    series: u32,
    day: i32,
    row: u64,
    count: Option<u32>,
    population: Option<f64>,
}

struct Entries {
    names: Vec<String>,
    list: Vec<Entry>,
    /// Column to name in errors about a date.
    date_column: String,
}

fn cell(table: &Table, row: u64, column: usize, value: &str, why: impl Into<String>) -> PanelError {
    let column = table.header.get(column).cloned().unwrap_or_default();
    // A cell may hold a page; the beginning tells which one it is.
    let value = value.trim().chars().take(60).collect();
    PanelError::Cell { row, column, value, why: why.into() }
}

fn read_count(table: &Table, row: &Row, column: usize) -> Result<Option<u32>, PanelError> {
    let text = row.get(column);
    if is_missing(text) {
        return Ok(None);
    }
    let wrong = |why: &str| cell(table, row.number(), column, text, why);
    let n = count(text).ok_or_else(|| wrong("is no whole number"))?;
    if n < 0 {
        return Err(wrong("is negative; counts are not"));
    }
    u32::try_from(n).map(Some).map_err(|_| wrong("is larger than 4294967295"))
}

fn read_population(table: &Table, row: &Row, column: usize) -> Result<Option<f64>, PanelError> {
    let text = row.get(column);
    if is_missing(text) {
        return Ok(None);
    }
    let n = text.trim().parse::<f64>().ok().filter(|n| *n > 0.0 && n.is_finite());
    n.map(Some).ok_or_else(|| cell(table, row.number(), column, text, "is no positive number"))
}

fn next(table: &Table, rows: &mut crate::ingest::read::Rows, row: &mut Row) -> Result<bool, PanelError> {
    if !rows.read(row)? {
        return Ok(false);
    }
    if !rows.fits(row) {
        return Err(PanelError::Ragged { row: row.number(), got: row.len(), need: table.header.len() });
    }
    Ok(true)
}

fn by_row(table: &Table, plan: &Plan, options: &PanelOptions) -> Result<Entries, PanelError> {
    let (series, date, counts, population) = match plan {
        Plan::Long { series, date, count, population } => (*series, *date, vec![*count], *population),
        Plan::WideSeries { date, counts, population } => (None, *date, counts.clone(), *population),
        Plan::WideDates { .. } => return Err(PanelError::NoRows),
    };
    let rule: DateRule = date_rules(table, &[date], options.date_order)?
        .first()
        .map(|(_, rule)| *rule)
        .ok_or(PanelError::NoRows)?;
    let wide = matches!(plan, Plan::WideSeries { .. });
    let mut names: Vec<String> = Vec::new();
    let mut by_name: HashMap<String, u32> = HashMap::new();
    let mut list = Vec::new();
    let (mut rows, mut row) = (table.rows()?, Row::default());
    while next(table, &mut rows, &mut row)? {
        let text = row.get(date);
        let day = match period(text).map_or_else(|| rule.read(text), |date| Ok(Some(date))) {
            Ok(Some(written)) => to_epoch_day(written.date),
            Ok(None) => return Err(cell(table, row.number(), date, text, "is no date")),
            Err(_) if rule.ambiguous => {
                let why = "may have the day or the month first; say --date-order dmy or mdy";
                return Err(cell(table, row.number(), date, text, why));
            }
            Err(_) => return Err(cell(table, row.number(), date, text, "is no date")),
        };
        let population = population.map(|column| read_population(table, &row, column)).transpose()?.flatten();
        for &column in &counts {
            let name = match series {
                Some(column) => row.get(column).trim(),
                None if wide => table.header[column].as_str(),
                None => table.header[counts[0]].as_str(),
            };
            let series = match by_name.get(name) {
                Some(series) => *series,
                None => {
                    let new = u32::try_from(names.len()).unwrap_or(u32::MAX);
                    names.push(name.to_owned());
                    by_name.insert(name.to_owned(), new);
                    new
                }
            };
            let count = read_count(table, &row, column).map_err(|error| match error {
                // Words in a column that nobody called a count: it may name the series.
                PanelError::Cell { row, column: name, value, why }
                    if wide && options.counts.is_empty() && !value.contains(|c: char| c.is_ascii_digit()) =>
                {
                    let why = format!("{why}; if the column names the series, say --series and --count");
                    PanelError::Cell { row, column: name, value, why }
                }
                other => other,
            })?;
            if list.len() >= VALUES_MAX {
                return Err(PanelError::TooLarge { series: names.len(), steps: list.len() / names.len() });
            }
            list.push(Entry { series, day, row: row.number(), count, population });
        }
    }
    Ok(Entries { names, list, date_column: table.header[date].clone() })
}

/// The first day of an ISO 8601 week (`2024-W06`) or of a month (`2024-02`): in a panel a date stands for the step that
/// it begins.
fn period(text: &str) -> Option<WrittenDate> {
    let text = text.trim();
    let number = |text: &str, digits: usize| {
        (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse().ok())
            .flatten()
    };
    let date = match text.split_once(['W', 'w']) {
        Some((year, week)) => {
            let year = number(year.strip_suffix('-').unwrap_or(year), 4)?;
            let week = i8::try_from(number(week, 2)?).ok()?;
            ISOWeekDate::new(year, week, Weekday::Monday).ok()?.date()
        }
        None => {
            let (year, month) = text.split_once('-')?;
            Date::new(number(year, 4)?, i8::try_from(number(month, 2)?).ok()?, 1).ok()?
        }
    };
    Some(WrittenDate { date, time_dropped: false })
}

fn by_column(table: &Table, first: usize, days: &[Date]) -> Result<Entries, PanelError> {
    let mut entries = Entries { names: Vec::new(), list: Vec::new(), date_column: String::new() };
    let mut seen: HashMap<String, u64> = HashMap::new();
    let (mut rows, mut row) = (table.rows()?, Row::default());
    while next(table, &mut rows, &mut row)? {
        let name = row.get(0).trim().to_owned();
        if let Some(before) = seen.insert(name.clone(), row.number()) {
            let why = format!("is the series of row {before} already");
            return Err(cell(table, row.number(), 0, &name, why));
        }
        let series = u32::try_from(entries.names.len()).unwrap_or(u32::MAX);
        entries.names.push(name);
        for (i, day) in days.iter().enumerate() {
            if entries.list.len() >= VALUES_MAX {
                return Err(PanelError::TooLarge { series: entries.names.len(), steps: days.len() });
            }
            entries.list.push(Entry {
                series,
                day: to_epoch_day(*day),
                row: row.number(),
                count: read_count(table, &row, first + i)?,
                population: None,
            });
        }
    }
    Ok(entries)
}

fn build(table: &Table, entries: Entries, options: &PanelOptions) -> Result<Vec<PanelSeries>, PanelError> {
    let Entries { names, list, date_column } = entries;
    let mut days: Vec<i32> = list.iter().map(|entry| entry.day).collect();
    days.sort_unstable();
    days.dedup();
    let (Some(&first), Some(&last)) = (days.first(), days.last()) else { return Err(PanelError::NoRows) };
    // Every day came from a date.
    let date = |day: i32| from_epoch_day(day).unwrap_or_default();
    let start = date(first);
    let step = options.step.unwrap_or_else(|| step_of(&days, &date));
    let position = |day: i32| -> Option<usize> {
        let whole = |n: i32| usize::try_from(n).ok();
        match step {
            Step::Day => whole(day - first),
            Step::Week => ((day - first) % 7 == 0).then(|| whole((day - first) / 7)).flatten(),
            Step::Month => {
                let this = date(day);
                let months = (i32::from(this.year()) - i32::from(start.year())) * 12
                    + i32::from(this.month())
                    - i32::from(start.month());
                (this.day() == start.day()).then(|| whole(months)).flatten()
            }
        }
    };
    // The last step need not lie on the calendar; the entry that does not is named below.
    let steps = match step {
        Step::Day => usize::try_from(last - first),
        Step::Week => usize::try_from((last - first) / 7),
        Step::Month => usize::try_from((last - first) / 28),
    };
    let steps = steps.unwrap_or(0) + 1;
    if names.len().saturating_mul(steps) > VALUES_MAX {
        return Err(PanelError::TooLarge { series: names.len(), steps });
    }
    let mut counts = vec![None; names.len() * steps];
    let mut rows = vec![0_u64; names.len() * steps];
    let mut populations = options.population.as_ref().map(|_| vec![None; names.len() * steps]);
    let mut used = 0;
    for entry in &list {
        let wrong = |why: String| PanelError::Cell {
            row: entry.row,
            column: date_column.clone(),
            value: date(entry.day).to_string(),
            why,
        };
        let Some(at) = position(entry.day) else {
            return Err(wrong(match step {
                Step::Week => format!("is no whole number of weeks after {start}; say --step day"),
                _ => format!("is not on the same day of the month as {start}; say --step day"),
            }));
        };
        used = used.max(at + 1);
        let at = entry.series as usize * steps + at;
        if rows[at] > 0 {
            let name = &names[entry.series as usize];
            return Err(wrong(format!("of `{name}` stands in row {} already", rows[at])));
        }
        (rows[at], counts[at]) = (entry.row, entry.count);
        if let Some(populations) = &mut populations {
            populations[at] = entry.population;
        }
    }
    let series = |(i, name): (usize, String)| {
        let range = i * steps..i * steps + used;
        let counts = CountSeries::new(start, step, counts[range.clone()].to_vec());
        let counts = counts.map_err(|_| cell(table, 0, 0, &start.to_string(), "is past the calendar"))?;
        let population = populations.as_ref().map(|all| filled(&all[range]));
        Ok(PanelSeries { name, counts, population })
    };
    names.into_iter().enumerate().map(series).collect()
}

/// A population changes slowly: a step without one has that of the step before, the first that of the first known.
fn filled(population: &[Option<f64>]) -> Vec<f64> {
    let mut last = population.iter().flatten().next().copied().unwrap_or(1.0);
    population
        .iter()
        .map(|n| {
            last = n.unwrap_or(last);
            last
        })
        .collect()
}

/// Weeks if every distance is whole weeks, months if every date is the same day of a month, otherwise days.
fn step_of(days: &[i32], date: &impl Fn(i32) -> Date) -> Step {
    let gaps = || days.windows(2).map(|pair| pair[1] - pair[0]);
    if days.len() < 2 {
        return Step::Day;
    }
    if gaps().all(|gap| gap % 7 == 0) {
        return Step::Week;
    }
    let day = date(days[0]).day();
    if gaps().all(|gap| gap >= 28) && days.iter().all(|d| date(*d).day() == day) {
        Step::Month
    } else {
        Step::Day
    }
}

#[cfg(test)]
mod tests;
