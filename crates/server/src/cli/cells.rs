//! Cells of named columns. An error names row and column: half of a table is worse than none.

use anyhow::{Context, anyhow, ensure};
use jiff::civil::Date;
use wanquan_app::ingest::dates::{DateColumn, DateOrder, DateRule};
use wanquan_app::ingest::read::{Row, Table, plain_cell};

/// Position of a column: the one named by the person (which must exist), else the first of the usual names.
pub fn find(table: &Table, given: Option<&str>, usual: &[&str]) -> anyhow::Result<Option<usize>> {
    match given {
        Some(name) => {
            let at = table.column(name).with_context(|| {
                format!("the table has no column `{name}`; it has: {}", table.header.join(", "))
            })?;
            Ok(Some(at))
        }
        None => Ok(usual.iter().find_map(|name| table.column(name))),
    }
}

/// As [`find`], for a column that must be there; `option` is how to name it.
pub fn need(table: &Table, given: Option<&str>, usual: &[&str], option: &str) -> anyhow::Result<usize> {
    find(table, given, usual)?.with_context(|| {
        format!(
            "the table has no column {}; name one with {option} (it has: {})",
            usual.join(" or "),
            table.header.join(", ")
        )
    })
}

/// Visits every row below the header.
pub fn each(table: &Table, mut visit: impl FnMut(&Row) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let (mut rows, mut row) = (table.rows()?, Row::default());
    while rows.read(&mut row)? {
        visit(&row)?;
    }
    Ok(())
}

/// The text of a cell; empty if missing.
pub fn text(row: &Row, at: usize) -> &str {
    let cell = plain_cell(row.get(at)).trim();
    if matches!(cell, "NA" | "NaN" | "NULL" | "null" | "-") { "" } else { cell }
}

/// The name in a cell, as it stands: a place may be called NA. Empty is wrong.
pub fn name(table: &Table, row: &Row, at: usize) -> anyhow::Result<String> {
    let cell = plain_cell(row.get(at)).trim();
    if cell.is_empty() { Err(wrong(table, row, at, "a name")) } else { Ok(cell.to_owned()) }
}

/// A cell that cannot be read.
pub fn wrong(table: &Table, row: &Row, at: usize, wanted: &str) -> anyhow::Error {
    let value: String = crate::report::plain(row.get(at)).chars().take(40).collect();
    let column = table.header.get(at).map_or("", String::as_str);
    anyhow!("row {}, column `{column}`: `{value}` is not {wanted}", row.number())
}

/// A whole number from 0; `None` if the cell is empty.
pub fn count(table: &Table, row: &Row, at: usize) -> anyhow::Result<Option<u32>> {
    let cell = text(row, at);
    if cell.is_empty() {
        return Ok(None);
    }
    // 12.0 is how some programs write 12.
    let whole = cell.strip_suffix(".0").unwrap_or(cell);
    whole.parse().map(Some).map_err(|_| wrong(table, row, at, "a whole number from 0 to 4,294,967,295"))
}

/// A finite number; `None` if the cell is empty.
pub fn number(table: &Table, row: &Row, at: usize) -> anyhow::Result<Option<f64>> {
    let cell = text(row, at);
    if cell.is_empty() {
        return Ok(None);
    }
    let value = cell.parse::<f64>().ok().filter(|x| x.is_finite());
    value.map(Some).ok_or_else(|| wrong(table, row, at, "a number"))
}

/// A number as answers write it; an empty cell where there is none.
pub fn written(x: Option<f64>) -> String {
    // Without an exponent a p value of 1e-300 would be a line of zeros.
    x.map_or_else(String::new, |x| if x != 0.0 && x.abs() < 1e-5 { format!("{x:e}") } else { x.to_string() })
}

/// Yes or no; `None` if the cell is empty.
pub fn flag(table: &Table, row: &Row, at: usize) -> anyhow::Result<Option<bool>> {
    match text(row, at).to_lowercase().as_str() {
        "" => Ok(None),
        "1" | "true" | "t" | "yes" | "y" | "是" => Ok(Some(true)),
        "0" | "false" | "f" | "no" | "n" | "否" => Ok(Some(false)),
        _ => Err(wrong(table, row, at, "yes or no (1, 0, true, false)")),
    }
}

/// How the dates of a column are written; `order` is what the person said.
pub fn date_rule(table: &Table, at: usize, order: Option<DateOrder>) -> anyhow::Result<DateRule> {
    let mut column = DateColumn::default();
    each(table, |row| {
        column.add(row.get(at));
        Ok(())
    })?;
    let rule = column.decide(order);
    ensure!(
        !rule.ambiguous,
        "in column `{}` day and month cannot be told apart; say --date-order dmy or mdy",
        table.header[at]
    );
    Ok(rule)
}

/// A date; `None` if the cell is empty.
pub fn date(table: &Table, row: &Row, at: usize, rule: &DateRule) -> anyhow::Result<Option<Date>> {
    match rule.read(row.get(at)) {
        Ok(found) => Ok(found.map(|written| written.date)),
        Err(_) => Err(wrong(table, row, at, "a date such as 2024-01-06")),
    }
}
