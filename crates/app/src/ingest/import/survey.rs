//! A first look at every row: how the dates of each column are written, and sample values for the report.

use crate::ingest::dates::{DateColumn, DateOrder, DateRule};
use crate::ingest::read::{ReadError, Row, Table, plain_cell};
use std::collections::BTreeMap;
use wanquan_domain::value::is_missing;

/// Values shown of a column.
const SAMPLES: usize = 3;
/// Longest sample, in characters.
const SAMPLE_CHARS_MAX: usize = 40;
/// Rows looked at for samples.
const SAMPLED_ROWS: u64 = 200;

/// What was found.
#[derive(Debug)]
pub(super) struct Survey {
    rules: BTreeMap<usize, DateRule>,
    samples: Vec<Vec<String>>,
}

/// What the cells of some columns say as dates.
pub(super) fn columns_of_dates(table: &Table, columns: &[usize]) -> Result<Vec<DateColumn>, ReadError> {
    let mut found = vec![DateColumn::default(); columns.len()];
    if columns.is_empty() {
        return Ok(found);
    }
    let (mut rows, mut row) = (table.rows()?, Row::default());
    while rows.read(&mut row)? {
        for (column, found) in columns.iter().zip(&mut found) {
            found.add(plain_cell(row.get(*column)));
        }
    }
    Ok(found)
}

/// Looks at the rows of a table; the rule of a date column rests on all of them.
pub(super) fn survey(table: &Table, dates: &[usize], order: Option<DateOrder>) -> Result<Survey, ReadError> {
    let mut columns = vec![DateColumn::default(); dates.len()];
    let mut samples = vec![Vec::new(); table.header.len()];
    let (mut rows, mut row) = (table.rows()?, Row::default());
    let mut n = 0;
    while (n < SAMPLED_ROWS || !dates.is_empty()) && rows.read(&mut row)? {
        if n < SAMPLED_ROWS {
            samples.iter_mut().enumerate().for_each(|(i, seen)| sample(seen, row.get(i)));
        }
        if rows.fits(&row) {
            for (column, found) in dates.iter().zip(&mut columns) {
                found.add(plain_cell(row.get(*column)));
            }
        }
        n += 1;
    }
    let rules = dates.iter().zip(&columns).map(|(column, found)| (*column, found.decide(order))).collect();
    Ok(Survey { rules, samples })
}

fn sample(seen: &mut Vec<String>, cell: &str) {
    let cell = plain_cell(cell).trim();
    if seen.len() < SAMPLES && !is_missing(cell) && !seen.iter().any(|known| known == cell) {
        seen.push(cell.chars().take(SAMPLE_CHARS_MAX).collect());
    }
}

impl Survey {
    /// How the dates of a column are read.
    pub fn rule(&self, column: usize) -> DateRule {
        self.rules.get(&column).copied().unwrap_or_default()
    }

    /// The name of that rule; `None` for columns without dates.
    pub fn date_format(&self, column: usize) -> Option<String> {
        self.rules.get(&column).map(|rule| rule.as_str().to_owned())
    }

    /// First different values of a column.
    pub fn samples(&self, column: usize) -> Vec<String> {
        self.samples.get(column).cloned().unwrap_or_default()
    }
}
