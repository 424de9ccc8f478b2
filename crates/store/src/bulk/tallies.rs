//! Changes of tallies of a whole load, added up in little memory.
//!
//! A load of a million rows may touch a million cells of each measure. Cells are kept as 24 bytes in a vector
//! that is sorted and merged when it is full, and only for the region of the record; the regions above are added up
//! at the end, when cells of the same day have met.

use crate::error::Error;
use crate::record::Counted;
use crate::tally::codes;
use std::cmp::Ordering;
use std::collections::HashMap;
use wanquan_domain::region::RegionCode;
use wanquan_domain::signal::SeriesKey;

/// Cells before the first merge.
const FIRST: usize = 1 << 16;

/// A cell: position of the series, day of the event, day known.
type Key = (u32, i32, i32);

/// Series by position.
#[derive(Debug, Default)]
struct Names {
    /// Measure and disease.
    kinds: Vec<(String, String)>,
    paths: Vec<String>,
    path_by_name: HashMap<String, u32>,
    /// Positions of kind and path.
    series: Vec<(u32, u32)>,
    series_by_parts: HashMap<(u32, u32), u32>,
}

impl Names {
    fn series(&mut self, measure: &str, disease: &str, path: &str) -> u32 {
        // There are a handful of kinds, so searching them is quicker than hashing two texts.
        let kind = match self.kinds.iter().position(|(m, d)| m == measure && d == disease) {
            Some(at) => position(at),
            None => {
                self.kinds.push((measure.to_owned(), disease.to_owned()));
                position(self.kinds.len() - 1)
            }
        };
        let path = match self.path_by_name.get(path) {
            Some(&at) => at,
            None => {
                let at = position(self.paths.len());
                self.paths.push(path.to_owned());
                self.path_by_name.insert(path.to_owned(), at);
                at
            }
        };
        *self.series_by_parts.entry((kind, path)).or_insert_with(|| {
            self.series.push((kind, path));
            position(self.series.len() - 1)
        })
    }

    /// Measure, disease and own region of a series.
    fn parts(&self, series: u32) -> (&str, &str, &str) {
        let (kind, path) = self.series[series as usize];
        let (measure, disease) = &self.kinds[kind as usize];
        (measure, disease, codes(&self.paths[path as usize]).last().unwrap_or_default())
    }
}

fn position(n: usize) -> u32 {
    u32::try_from(n).expect("a load has fewer than 2^32 series")
}

/// Changes under way.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    names: Names,
    cells: Vec<(Key, i64)>,
    merged: usize,
}

/// One row to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row<'a> {
    pub(super) measure: &'a str,
    pub(super) disease: &'a str,
    pub(super) region: &'a str,
    pub(super) event_day: i64,
    pub(super) known_day: i64,
    pub(super) n: i64,
}

impl<'a> Row<'a> {
    fn place(&self) -> (&'a str, &'a str, &'a str, i64, i64) {
        (self.measure, self.disease, self.region, self.event_day, self.known_day)
    }

    /// The series of the row.
    pub(super) fn series(&self) -> SeriesKey {
        SeriesKey {
            measure: self.measure.to_owned(),
            disease: self.disease.to_owned(),
            region: RegionCode::new(self.region),
        }
    }
}

impl Tallies {
    /// Adds what one version counts, `sign` times.
    pub(super) fn count(
        &mut self,
        path: &str,
        disease: &str,
        known_day: i64,
        counted: &Counted,
        sign: i64,
    ) -> Result<(), Error> {
        let day = |n: i64| i32::try_from(n).map_err(|e| Error::damaged("record", e));
        for (measure, event_day, n) in &counted.0 {
            let series = self.names.series(measure, disease, path);
            self.cells.push(((series, day(*event_day)?, day(known_day)?), sign * n));
        }
        if self.cells.len() >= FIRST.max(self.merged * 2) {
            merge(&mut self.cells);
            self.merged = self.cells.len();
        }
        Ok(())
    }

    /// Puts the changes into the order of the primary key and adds up the regions above.
    pub(super) fn finish(mut self) -> Sums {
        // Positions were given as series came; given anew in the order of names, sorting by position sorts by name.
        let mut order: Vec<u32> = (0..position(self.names.series.len())).collect();
        order.sort_by(|a, b| self.names.parts(*a).cmp(&self.names.parts(*b)));
        let mut place = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            place[*old as usize] = position(new);
        }
        self.names.series = order.iter().map(|old| self.names.series[*old as usize]).collect();
        for (key, _) in &mut self.cells {
            key.0 = place[key.0 as usize];
        }
        merge(&mut self.cells);
        let mut sums: HashMap<(u32, &str, i32, i32), i64> = HashMap::new();
        for ((series, event, known), n) in &self.cells {
            let (kind, path) = self.names.series[*series as usize];
            let path = self.names.paths[path as usize].trim_end_matches('/');
            let (above, _) = path.rsplit_once('/').unwrap_or_default();
            for code in codes(above) {
                *sums.entry((kind, code, *event, *known)).or_default() += n;
            }
        }
        let mut above: Vec<(u32, String, i32, i32, i64)> = sums
            .into_iter()
            .map(|((kind, code, event, known), n)| (kind, code.to_owned(), event, known, n))
            .collect();
        let kinds = &self.names.kinds;
        above.sort_unstable_by(|a, b| {
            (&kinds[a.0 as usize], &a.1, a.2, a.3).cmp(&(&kinds[b.0 as usize], &b.1, b.2, b.3))
        });
        Sums { names: self.names, own: self.cells, above }
    }
}

/// Changes in the order of the primary key.
#[derive(Debug)]
pub(super) struct Sums {
    names: Names,
    own: Vec<(Key, i64)>,
    above: Vec<(u32, String, i32, i32, i64)>,
}

impl Sums {
    /// Every change that is not 0, each key once.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let mut own = self.own.iter().map(|((series, event, known), n)| {
            let (measure, disease, region) = self.names.parts(*series);
            Row {
                measure,
                disease,
                region,
                event_day: i64::from(*event),
                known_day: i64::from(*known),
                n: *n,
            }
        });
        let mut above = self.above.iter().map(|(kind, region, event, known, n)| {
            let (measure, disease) = &self.names.kinds[*kind as usize];
            Row {
                measure,
                disease,
                region,
                event_day: i64::from(*event),
                known_day: i64::from(*known),
                n: *n,
            }
        });
        let (mut next_own, mut next_above) = (own.next(), above.next());
        let merged = std::iter::from_fn(move || match (next_own, next_above) {
            (None, None) => None,
            (Some(row), None) => {
                next_own = own.next();
                Some(row)
            }
            (None, Some(row)) => {
                next_above = above.next();
                Some(row)
            }
            (Some(a), Some(b)) => Some(match a.place().cmp(&b.place()) {
                Ordering::Less => {
                    next_own = own.next();
                    a
                }
                Ordering::Greater => {
                    next_above = above.next();
                    b
                }
                // A region may hold records of its own and of the regions below.
                Ordering::Equal => {
                    next_own = own.next();
                    next_above = above.next();
                    Row { n: a.n + b.n, ..a }
                }
            }),
        });
        merged.filter(|row| row.n != 0)
    }
}

/// Sorts cells and adds up equal ones.
fn merge(cells: &mut Vec<(Key, i64)>) {
    cells.sort_unstable_by_key(|(key, _)| *key);
    cells.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    cells.retain(|(_, n)| *n != 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_above_get_the_sum_and_changes_that_cancel_are_not_written() {
        let mut tallies = Tallies::default();
        let counted = |n| Counted(vec![("case.onset".into(), 10, n)]);
        tallies.count("/1/2/3/", "flu", 11, &counted(2), 1).unwrap();
        tallies.count("/1/2/4/", "flu", 11, &counted(5), 1).unwrap();
        tallies.count("/1/2/", "flu", 11, &counted(1), 1).unwrap();
        tallies.count("/1/5/", "flu", 11, &counted(7), 1).unwrap();
        tallies.count("/1/5/", "flu", 11, &counted(7), -1).unwrap();
        let sums = tallies.finish();
        let rows: Vec<_> =
            sums.rows().map(|row| (row.region.to_owned(), row.event_day, row.known_day, row.n)).collect();
        let expected = [("1", 8), ("2", 8), ("3", 2), ("4", 5)].map(|(r, n)| (r.to_owned(), 10, 11, n));
        assert_eq!(rows, expected);
    }

    #[test]
    fn many_equal_cells_take_the_room_of_few() {
        let mut tallies = Tallies::default();
        let counted = Counted(vec![("case.onset".into(), 10, 1)]);
        for _ in 0..200_000 {
            tallies.count("/1/", "flu", 11, &counted, 1).unwrap();
        }
        assert!(tallies.cells.len() < FIRST);
    }
}
