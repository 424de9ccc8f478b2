//! In a wide table, columns that count again what other columns count: totals beside their parts, parts beside their
//! whole, and columns of another thing than the rest. Added up with the others they would count a case twice.

use crate::ingest::meaning::count;
use crate::ingest::read::{ReadError, Row, Table};

/// Rows that are looked at.
const ROWS_MAX: usize = 2_000;
/// A sum must hold on so many rows on which at least two of its parts are not zero.
const ROWS_THAT_TELL: usize = 5;
/// Of the columns of a table, those whose name begins with the same word for it to be the word of all.
const SHARE_OF_FIRST_WORD: f64 = 0.8;

/// Columns set aside, by the reason.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Beside {
    /// Columns that are the sum of others.
    pub totals: Vec<usize>,
    /// Columns whose name begins with that of a kept one: parts of it.
    pub parts: Vec<usize>,
    /// Columns that, by the first word of their name, count something else than nearly all others.
    pub others: Vec<usize>,
}

/// Takes columns that count again what others count out of `columns`.
pub(super) fn set_aside(table: &Table, columns: &mut Vec<usize>) -> Result<Beside, ReadError> {
    let mut beside = Beside::default();
    let words = |i: usize| -> Vec<String> {
        let name = table.header[i].to_lowercase();
        name.split(['_', '.', ' ', '-', '/', ':'])
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let names: Vec<(usize, Vec<String>)> = columns.iter().map(|i| (*i, words(*i))).collect();
    if let Some(word) = word_of_all(&names) {
        beside.others =
            names.iter().filter(|(_, words)| words.first() != Some(&word)).map(|(i, _)| *i).collect();
    }
    columns.retain(|i| !beside.others.contains(i));
    // Two words at least name the whole, or a column `cases` would be the whole of every `cases_…`; and two parts
    // make a whole, so that `new_york` and `new_york_city` alone stay places of their own.
    let wholes: Vec<&Vec<String>> = names
        .iter()
        .filter(|(i, words)| columns.contains(i) && words.len() >= 2)
        .map(|(_, words)| words)
        .filter(|whole| names.iter().filter(|(_, part)| is_part(part, whole)).count() >= 2)
        .collect();
    beside.parts = names
        .iter()
        .filter(|(i, part)| columns.contains(i) && wholes.iter().any(|whole| is_part(part, whole)))
        .map(|(i, _)| *i)
        .collect();
    columns.retain(|i| !beside.parts.contains(i));
    beside.totals = totals(&values(table, columns)?).into_iter().map(|at| columns[at]).collect();
    columns.retain(|i| !beside.totals.contains(i));
    Ok(beside)
}

fn is_part(part: &[String], whole: &[String]) -> bool {
    part.len() > whole.len() && part.starts_with(whole)
}

/// The first word of nearly all names, where there are names enough to tell.
fn word_of_all(names: &[(usize, Vec<String>)]) -> Option<String> {
    let first = names.iter().find_map(|(_, words)| words.first().filter(|_| words.len() > 1))?;
    let mut counted: std::collections::BTreeMap<&String, usize> = std::collections::BTreeMap::new();
    for (_, words) in names.iter().filter(|(_, words)| words.len() > 1) {
        *counted.entry(words.first().unwrap_or(first)).or_default() += 1;
    }
    let (word, n) = counted.into_iter().max_by_key(|(_, n)| *n)?;
    (n >= 5 && n as f64 >= SHARE_OF_FIRST_WORD * names.len() as f64).then(|| word.clone())
}

/// The values of the columns by row, a missing one as zero.
fn values(table: &Table, columns: &[usize]) -> Result<Vec<Vec<i64>>, ReadError> {
    let (mut rows, mut row) = (table.rows()?, Row::default());
    let mut values = Vec::new();
    while values.len() < ROWS_MAX && rows.read(&mut row)? {
        values.push(columns.iter().map(|i| count(row.get(*i)).unwrap_or(0)).collect());
    }
    Ok(values)
}

/// Positions of the columns that are the sum of all others, or of a run of columns right before or behind them.
fn totals(rows: &[Vec<i64>]) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let mut found: Vec<usize> = Vec::new();
    if columns < 3 {
        return found;
    }
    let all: Vec<usize> = (0..columns).collect();
    for at in 0..columns {
        let behind: Vec<usize> = (at + 1..columns).collect();
        let before: Vec<usize> = (0..at).rev().filter(|i| !found.contains(i)).collect();
        if begins_with_sum(rows, at, &behind) || begins_with_sum(rows, at, &before) {
            found.push(at);
        }
    }
    // A total of everything may stand beside totals of parts.
    for at in 0..columns {
        let others: Vec<usize> = all.iter().copied().filter(|i| *i != at && !found.contains(i)).collect();
        if !found.contains(&at) && others.len() >= 2 && is_sum(rows, at, &others) {
            found.push(at);
        }
    }
    found.sort_unstable();
    found
}

/// True if the column is the sum of the first two or more of these.
fn begins_with_sum(rows: &[Vec<i64>], at: usize, parts: &[usize]) -> bool {
    // The largest value decides nearly always; every row is looked at only where it agrees.
    let Some(largest) = rows.iter().max_by_key(|row| row[at]).filter(|row| row[at] > 0) else { return false };
    let mut sum = 0;
    for (n, part) in parts.iter().enumerate() {
        sum += largest[*part];
        if sum > largest[at] {
            return false;
        }
        if sum == largest[at] && n >= 1 && is_sum(rows, at, &parts[..=n]) {
            return true;
        }
    }
    false
}

fn is_sum(rows: &[Vec<i64>], at: usize, parts: &[usize]) -> bool {
    let mut that_tell = 0;
    for row in rows {
        if parts.iter().map(|i| row[*i]).sum::<i64>() != row[at] {
            return false;
        }
        that_tell += usize::from(parts.iter().filter(|i| row[**i] != 0).count() >= 2);
    }
    that_tell >= ROWS_THAT_TELL
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of three places and what is made of them.
    fn rows(of: impl Fn(i64, i64, i64) -> Vec<i64>) -> Vec<Vec<i64>> {
        (1..30).map(|n| of(n * n % 7, n % 5, 3 * n % 11)).collect()
    }

    #[test]
    fn a_column_that_adds_up_others_is_found_wherever_it_stands() {
        assert_eq!(totals(&rows(|a, b, c| vec![a, b, c, a + b + c])), [3]);
        assert_eq!(totals(&rows(|a, b, c| vec![a + b + c, a, b, c])), [0]);
        assert_eq!(totals(&rows(|a, b, c| vec![a, a + b + c, b, c])), [1]);
        assert_eq!(totals(&rows(|a, b, c| vec![a, b, a + b, c, a + b + c])), [2, 4]);
        assert_eq!(totals(&rows(|a, b, c| vec![a, b, c])), [0_usize; 0]);
    }

    #[test]
    fn a_sum_that_seldom_tells_is_chance() {
        let rare = vec![vec![0, 0, 0], vec![1, 0, 1], vec![0, 1, 1], vec![1, 1, 2]];
        assert_eq!(totals(&rare), [0_usize; 0]);
        let nearly = rows(|a, b, c| vec![a, b, c, a + b + c + i64::from(a == 2)]);
        assert_eq!(totals(&nearly), [0_usize; 0]);
    }
}
