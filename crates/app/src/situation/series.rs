//! From tallies to a daily series: which days it has, what was known on a day, how late reports come in.

use jiff::civil::Date;
use wanquan_domain::date::{from_epoch_day, to_epoch_day};
use wanquan_domain::register::Measure;
use wanquan_epi::{CountSeries, Error as EpiError, Step};
use wanquan_store::tally;

/// Longest curve, in days: two years show a season and the one before; a slip of the pen in a date (1920) must not
/// stretch the axis.
pub(crate) const CURVE_DAYS_MAX: i32 = 731;
/// A curve ends so many days after the last event anywhere: an outbreak of long ago is shown, not years of zeros.
const QUIET_DAYS_SHOWN: i32 = 28;
/// Longest reporting delay that is estimated; what comes later is a backlog or a correction.
const DELAY_DAYS_MAX: i32 = 28;
/// Days back over which the reporting delay is estimated.
const DELAY_WINDOW_DAYS: i32 = 90;
/// Fewest days on which something became known, and fewest counts, for an estimate of the delay.
const DELAY_KNOWN_DAYS_MIN: usize = 7;
const DELAY_COUNTS_MIN: i64 = 20;
/// A day is complete once this share of its reports has come in.
const COMPLETE_SHARE: f64 = 0.95;

/// One cell of a tally, as day numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    known: i32,
    event: i32,
    n: i64,
}

/// Every cell of a series, in the order in which they became known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cells(Box<[Cell]>);

impl Cells {
    pub(crate) fn new(cells: &[tally::Cell]) -> Self {
        let mut cells: Vec<Cell> = cells
            .iter()
            .map(|c| Cell { known: to_epoch_day(c.known_on), event: to_epoch_day(c.event_date), n: c.n })
            .collect();
        cells.sort_unstable_by_key(|c| (c.known, c.event));
        Self(cells.into())
    }

    /// Memory that the cells take.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val::<[Cell]>(&self.0)
    }

    /// What was known at the end of a day, about events until then.
    fn known_by(&self, as_of: i32) -> impl Iterator<Item = &Cell> {
        let end = self.0.partition_point(|cell| cell.known <= as_of);
        self.0[..end].iter().filter(move |cell| cell.event <= as_of)
    }

    /// First and last day of an event, as known on a day.
    pub(crate) fn events(&self, as_of: i32) -> Option<(i32, i32)> {
        let days = || self.known_by(as_of).map(|cell| cell.event);
        Some((days().min()?, days().max()?))
    }

    /// First and last day on which something became known.
    pub(crate) fn known(&self) -> Option<(i32, i32)> {
        Some((self.0.first()?.known, self.0.last()?.known))
    }

    /// The sum of everything known on a day.
    pub(crate) fn total(&self, as_of: i32) -> i64 {
        self.known_by(as_of).map(|cell| cell.n).sum()
    }

    /// Sum of the events from `first` to `last`, as known on a day.
    pub(crate) fn sum(&self, first: i32, last: i32, as_of: i32) -> i64 {
        self.known_by(as_of).filter(|c| (first..=last).contains(&c.event)).map(|c| c.n).sum()
    }

    /// Counts of the days from `first` to `last`, as known on a day.
    pub(crate) fn daily(&self, first: i32, last: i32, as_of: i32) -> Vec<i64> {
        let mut days = vec![0; usize::try_from(last - first + 1).unwrap_or(0)];
        for cell in self.known_by(as_of) {
            if let Some(day) = usize::try_from(cell.event - first).ok().and_then(|i| days.get_mut(i)) {
                *day += cell.n;
            }
        }
        days
    }

    /// The sum of what was known on each day on which something became known, ascending.
    pub(crate) fn cumulative(&self, until: i32) -> Vec<(i32, i64)> {
        let mut days: Vec<(i32, i64)> = Vec::new();
        let mut sum = 0;
        for cell in self.0.iter().take_while(|cell| cell.known <= until) {
            sum += cell.n;
            match days.last_mut() {
                Some(last) if last.0 == cell.known => last.1 = sum,
                _ => days.push((cell.known, sum)),
            }
        }
        days
    }

    /// Days after an event within which 95 of 100 reports have come in, as known on a day; `None` if the tallies do
    /// not tell.
    ///
    /// The distribution of delays by reverse hazards (Lagakos, Barraj, De Gruttola 1988, Biometrika 75:515), which
    /// allows for the late reports of recent days that nobody has yet. Days on which mostly old events became known
    /// are the loading of a backlog and tell nothing of delays.
    pub(crate) fn complete_after_days(&self, as_of: i32) -> Option<i32> {
        let from = as_of - DELAY_WINDOW_DAYS;
        let first = self.0.partition_point(|cell| cell.known < from);
        let end = self.0.partition_point(|cell| cell.known <= as_of);
        // Counts by delay and by age of the event.
        let days = usize::try_from(DELAY_DAYS_MAX).unwrap_or(0) + 1;
        let mut counts = vec![vec![0_i64; days]; days];
        let (mut known_days, mut counted) = (0, 0);
        for batch in self.0[first..end].chunk_by(|a, b| a.known == b.known) {
            let of = |late: bool| -> i64 {
                let these = batch.iter().filter(|c| c.n > 0 && (c.known - c.event > DELAY_DAYS_MAX) == late);
                these.map(|c| c.n).sum()
            };
            if of(true) > of(false) || of(false) == 0 {
                continue;
            }
            known_days += 1;
            for cell in batch.iter().filter(|c| c.n > 0 && c.event >= from) {
                let (delay, age) = (cell.known - cell.event, (as_of - cell.event).min(DELAY_DAYS_MAX));
                if let (Ok(delay), Ok(age)) = (usize::try_from(delay), usize::try_from(age))
                    && delay < days
                {
                    counts[age][delay] += cell.n;
                    counted += cell.n;
                }
            }
        }
        if known_days < DELAY_KNOWN_DAYS_MIN || counted < DELAY_COUNTS_MIN {
            return None;
        }
        let mut share = 1.0;
        for delay in (1..days).rev() {
            let at: i64 = counts[delay..].iter().map(|of_age| of_age[delay]).sum();
            let within: i64 = counts[delay..].iter().map(|of_age| of_age[..=delay].iter().sum::<i64>()).sum();
            if within > 0 {
                share *= 1.0 - ratio(at, within);
            }
            if share < COMPLETE_SHARE {
                return i32::try_from(delay).ok();
            }
        }
        Some(0)
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of persons stay far below 2^53")]
fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 / whole as f64
}

/// The days of a series. They are the same for every region of a tree, so that a region without a case is compared
/// over the days on which others had some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// First day.
    pub(crate) first: i32,
    /// Last day.
    pub(crate) last: i32,
}

impl Frame {
    /// The days of a measure. `events`: first and last day of an event in the whole tree, as known on `as_of`.
    ///
    /// A day on which nobody fell ill counts zero. A measure that adds up counts reported by others (one with a
    /// value) is not known for the days after the last report from anywhere: missing is not zero.
    pub(crate) fn of(events: Option<(i32, i32)>, measure: &Measure, as_of: i32) -> Option<Self> {
        let (first, last_event) = events?;
        let last = match measure.value {
            Some(_) => last_event,
            None => as_of.min(last_event + QUIET_DAYS_SHOWN),
        };
        Some(Self { first: first.max(last - CURVE_DAYS_MAX + 1), last })
    }

    /// Number of days.
    pub(crate) fn len(&self) -> usize {
        usize::try_from(self.last - self.first + 1).unwrap_or(0)
    }
}

/// A daily series that methods take: corrections are taken back from the days before.
pub(crate) fn count_series(first: i32, daily: &[i64]) -> Result<CountSeries, EpiError> {
    let counts: Vec<Option<i64>> = daily.iter().copied().map(Some).collect();
    CountSeries::new(date(first), Step::Day, crate::analyse::spread_corrections(&counts))
}

/// The date of a day number that came from a date.
pub(crate) fn date(day: i32) -> Date {
    from_epoch_day(day).unwrap_or(if day < 0 { Date::MIN } else { Date::MAX })
}

#[cfg(test)]
mod tests;
