//! Counts by day of the event and day of the report: what was known when.

use crate::{CountSeries, Error, Step};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A reporting triangle: for each step of the event, how many became known in that step and in each later one,
/// up to the step `known_on`. Steps are days or weeks; every cell up to `known_on` is reported (0 = nobody).
///
/// As a triangle holds when each count became known, it can be cut back to what was known on an earlier day
/// ([`Self::as_known_on`]), which is how nowcasts are evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct ReportingTriangle {
    start: Date,
    step: Step,
    /// `rows[t][x]`: event in step t, known in step t + x; trailing zeros are not stored.
    rows: Vec<Vec<u32>>,
    excluded: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    start: Date,
    step: Step,
    rows: Vec<Vec<u32>>,
    #[serde(default)]
    excluded: u64,
}

impl TryFrom<Raw> for ReportingTriangle {
    type Error = Error;
    fn try_from(raw: Raw) -> Result<Self, Error> {
        let steps = raw.rows.len();
        check_length(raw.start, raw.step, steps)?;
        match raw.rows.iter().enumerate().position(|(t, row)| row.len() > steps - t) {
            None => Ok(Self { start: raw.start, step: raw.step, rows: raw.rows, excluded: raw.excluded }),
            Some(position) => Err(Error::InvalidData {
                what: "reporting triangle",
                position,
                why: "has a count after the day it is known on",
            }),
        }
    }
}

impl From<ReportingTriangle> for Raw {
    fn from(t: ReportingTriangle) -> Self {
        Self { start: t.start, step: t.step, rows: t.rows, excluded: t.excluded }
    }
}

impl ReportingTriangle {
    /// From one pair of dates (event, report) per case.
    ///
    /// Cases with the event before `start` or the report after `known_on` are left out and counted in
    /// [`Self::excluded`].
    ///
    /// # Errors
    /// `InvalidData` for a report before its event (the position is that of the pair), `InvalidParameter` for a
    /// step of months or for `known_on` before `start`.
    pub fn from_events(
        start: Date,
        known_on: Date,
        step: Step,
        events: &[(Date, Date)],
    ) -> Result<Self, Error> {
        Self::from_changes(start, known_on, step, events.iter().map(|&(event, known)| (event, known, 1)))
    }

    /// From changes (event date, date on which it became known, cases more): as kept by a store of versions.
    /// A negative change is a correction; it is taken from the newest reports of its event that came before.
    ///
    /// # Errors
    /// As [`Self::from_events`]; `InvalidData` for a correction below 0 or a cell above 2^32.
    pub fn from_changes(
        start: Date,
        known_on: Date,
        step: Step,
        changes: impl IntoIterator<Item = (Date, Date, i64)>,
    ) -> Result<Self, Error> {
        let steps = step_of(start, step, known_on)
            .and_then(|last| usize::try_from(last).ok())
            .map(|last| last + 1)
            .ok_or_else(|| Error::parameter("known_on", known_on, "must not be before the start"))?;
        check_length(start, step, steps)?;
        let mut excluded = 0_u64;
        let mut cells: Vec<(usize, usize, i64, usize)> = Vec::new();
        for (position, (event, known, n)) in changes.into_iter().enumerate() {
            if known < event {
                return Err(Error::InvalidData {
                    what: "reporting triangle",
                    position,
                    why: "the report is before the event",
                });
            }
            let index = |date| step_of(start, step, date).and_then(|i| usize::try_from(i).ok());
            match (index(event), index(known)) {
                (Some(t), Some(r)) if r < steps => cells.push((t, r, n, position)),
                _ => excluded += n.unsigned_abs(),
            }
        }
        // Corrections undo what was known before them, so changes go in order of the day known.
        cells.sort_by_key(|&(t, r, _, position)| (t, r, position));
        let mut rows = vec![Vec::new(); steps];
        for (t, r, n, position) in cells {
            add(&mut rows[t], r - t, n).map_err(|why| Error::InvalidData {
                what: "reporting triangle",
                position,
                why,
            })?;
        }
        Ok(Self { start, step, rows, excluded })
    }

    /// First day of the first step.
    pub fn start(&self) -> Date {
        self.start
    }

    /// Length of a step.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Number of steps; the last one is the step in which everything here was known.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Never true: a triangle has at least one step.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// First day of step `t`.
    pub fn date(&self, t: usize) -> Date {
        let t = i64::try_from(t).unwrap_or(i64::MAX);
        let span = if self.step == Step::Week { t.weeks() } else { t.days() };
        self.start.checked_add(span).unwrap_or(Date::MAX)
    }

    /// Cases of event step `t` that became known `delay` steps later; 0 where not known yet.
    pub fn count(&self, t: usize, delay: usize) -> u32 {
        self.rows.get(t).and_then(|row| row.get(delay)).copied().unwrap_or(0)
    }

    /// All cases of event step `t` known so far.
    pub fn known(&self, t: usize) -> u64 {
        self.rows.get(t).map_or(0, |row| row.iter().map(|&n| u64::from(n)).sum())
    }

    /// Longest delay seen, in steps.
    pub fn delay_seen_max(&self) -> usize {
        self.rows.iter().map(|row| row.len().saturating_sub(1)).max().unwrap_or(0)
    }

    /// Cases left out at construction, by dates outside the triangle.
    pub fn excluded(&self) -> u64 {
        self.excluded
    }

    /// The counts as known at the end, as a series.
    ///
    /// # Errors
    /// `InvalidData` if a step holds more than 2^32 cases.
    pub fn series(&self) -> Result<CountSeries, Error> {
        let counts = (0..self.len())
            .map(|t| {
                u32::try_from(self.known(t)).map(Some).map_err(|_| Error::InvalidData {
                    what: "reporting triangle",
                    position: t,
                    why: "more than 2^32 cases in a step",
                })
            })
            .collect::<Result<_, _>>()?;
        CountSeries::new(self.start, self.step, counts)
    }

    /// The triangle as it was on an earlier day (in the step that holds it).
    ///
    /// # Errors
    /// `InvalidParameter` for a day before the start or after what is known here.
    pub fn as_known_on(&self, date: Date) -> Result<Self, Error> {
        let steps = step_of(self.start, self.step, date)
            .and_then(|last| usize::try_from(last).ok())
            .map(|last| last + 1)
            .filter(|steps| *steps <= self.len())
            .ok_or_else(|| Error::parameter("date", date, "must lie within the triangle"))?;
        let rows = (0..steps)
            .map(|t| {
                let row = &self.rows[t];
                let mut cut = row[..row.len().min(steps - t)].to_vec();
                trim(&mut cut);
                cut
            })
            .collect();
        Ok(Self { rows, ..self.clone_without_rows() })
    }

    fn clone_without_rows(&self) -> Self {
        Self { start: self.start, step: self.step, rows: Vec::new(), excluded: self.excluded }
    }

    /// Counts by delay 0..=`delay_max` of event step `t`, longer delays added to the last, as far as known.
    pub(crate) fn folded(&self, t: usize, delay_max: usize) -> Vec<f64> {
        let known = (self.len() - t).min(delay_max + 1);
        let mut row = vec![0.0; known];
        for (x, &n) in self.rows[t].iter().enumerate() {
            row[x.min(known - 1)] += f64::from(n);
        }
        row
    }
}

/// Index of the step that holds `date`; negative before the start.
fn step_of(start: Date, step: Step, date: Date) -> Option<i64> {
    let days = i64::from((date - start).get_days());
    match step {
        Step::Day => Some(days),
        Step::Week => Some(days.div_euclid(7)),
        Step::Month => None,
    }
}

fn check_length(start: Date, step: Step, steps: usize) -> Result<(), Error> {
    if step == Step::Month {
        return Err(Error::parameter("step", "month", "a triangle has steps of days or weeks"));
    }
    if steps == 0 {
        return Err(Error::TooShort { what: "reporting triangle", got: 0, need: 1 });
    }
    CountSeries::new(start, step, vec![None; steps]).map(|_| ())
}

fn trim(row: &mut Vec<u32>) {
    while row.last() == Some(&0) {
        row.pop();
    }
}

/// Adds a change to a row, in order of delay; a negative one comes off the newest counts.
fn add(row: &mut Vec<u32>, delay: usize, n: i64) -> Result<(), &'static str> {
    if n >= 0 {
        if n > 0 && row.len() <= delay {
            row.resize(delay + 1, 0);
        }
        if n > 0 {
            let sum = i64::from(row[delay]).checked_add(n).and_then(|sum| u32::try_from(sum).ok());
            row[delay] = sum.ok_or("more than 2^32 cases in a cell")?;
        }
        return Ok(());
    }
    let mut left = n.unsigned_abs();
    for cell in row.iter_mut().rev() {
        let taken = left.min(u64::from(*cell));
        *cell -= u32::try_from(taken).unwrap_or(u32::MAX);
        left -= taken;
    }
    trim(row);
    if left == 0 { Ok(()) } else { Err("a correction takes away more cases than were known") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn day(d: i8) -> Date {
        date(2024, 3, d)
    }

    #[test]
    fn a_triangle_can_be_read_as_it_was_on_any_day() {
        let events = [(1, 1), (1, 3), (2, 2), (2, 5), (3, 4), (4, 9), (0, 2)]
            .map(|(e, k)| (if e == 0 { date(2024, 2, 27) } else { day(e) }, day(k)));
        let all = ReportingTriangle::from_events(day(1), day(6), Step::Day, &events).unwrap();
        assert_eq!((all.len(), all.excluded(), all.delay_seen_max()), (6, 2, 3));
        assert_eq!((0..6).map(|t| all.known(t)).collect::<Vec<_>>(), [2, 2, 1, 0, 0, 0]);
        let early = all.as_known_on(day(3)).unwrap();
        assert_eq!((0..3).map(|t| early.known(t)).collect::<Vec<_>>(), [2, 1, 0]);
        assert_eq!(all.folded(0, 1), [1.0, 1.0]);
        assert_eq!(early.folded(2, 4), [0.0]);
        assert!(all.as_known_on(day(7)).is_err());
        let back: ReportingTriangle = serde_json::from_str(&serde_json::to_string(&all).unwrap()).unwrap();
        assert_eq!(back, all);
    }

    #[test]
    fn a_correction_undoes_the_newest_reports() {
        let changes = [(day(1), day(1), 5), (day(1), day(2), 3), (day(1), day(4), -4), (day(1), day(5), 1)];
        let t = ReportingTriangle::from_changes(day(1), day(5), Step::Day, changes).unwrap();
        assert_eq!([t.count(0, 0), t.count(0, 1), t.count(0, 3), t.count(0, 4)], [4, 0, 0, 1]);
        let too_much = [(day(1), day(1), 5), (day(1), day(2), -6)];
        let refused = ReportingTriangle::from_changes(day(1), day(5), Step::Day, too_much);
        assert!(matches!(refused, Err(Error::InvalidData { position: 1, .. })));
    }

    #[test]
    fn weeks_hold_their_days_and_nonsense_is_refused() {
        let events = [(day(4), day(10)), (day(9), day(11)), (day(12), day(14))];
        let t = ReportingTriangle::from_events(day(4), day(17), Step::Week, &events).unwrap();
        assert_eq!([t.count(0, 0), t.count(0, 1), t.count(1, 0)], [1, 1, 1]);
        assert!(ReportingTriangle::from_events(day(4), day(3), Step::Day, &[]).is_err());
        assert!(ReportingTriangle::from_events(day(4), day(9), Step::Month, &[]).is_err());
        assert!(ReportingTriangle::from_events(day(4), day(9), Step::Day, &[(day(6), day(5))]).is_err());
        let wide = r#"{"start":"2024-03-01","step":"day","rows":[[1,2,3],[4]]}"#;
        assert!(serde_json::from_str::<ReportingTriangle>(wide).is_err());
    }
}
