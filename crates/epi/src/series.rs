//! Counts per step of time, where missing is not zero.

use crate::Error;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Length of one step of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// One civil day.
    Day,
    /// Seven civil days; the date is the first of them.
    Week,
    /// One calendar month; the date is its first day.
    Month,
}

impl Step {
    /// Steps per year as detectors with yearly seasonality count them (365, 52, 12).
    pub fn per_year(self) -> usize {
        match self {
            Self::Day => 365,
            Self::Week => 52,
            Self::Month => 12,
        }
    }
}

/// New cases per step, from `start`, without a gap in the calendar; a step nobody reported is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountSeries {
    start: Date,
    step: Step,
    counts: Vec<Option<u32>>,
}

impl CountSeries {
    /// A series whose first step begins on `start`.
    ///
    /// # Errors
    /// `InvalidParameter` if the series would run past the calendar (year 9999).
    pub fn new(start: Date, step: Step, counts: Vec<Option<u32>>) -> Result<Self, Error> {
        let series = Self { start, step, counts };
        let last = series.counts.len().saturating_sub(1);
        if series.checked_date(last).is_none() {
            return Err(Error::parameter("start", start, "series must end before the year 9999"));
        }
        Ok(series)
    }

    /// Adds the next step.
    ///
    /// # Errors
    /// `InvalidParameter` if the series would run past the calendar (year 9999).
    pub fn push(&mut self, count: Option<u32>) -> Result<(), Error> {
        if self.checked_date(self.counts.len()).is_none() {
            return Err(Error::parameter("start", self.start, "series must end before the year 9999"));
        }
        self.counts.push(count);
        Ok(())
    }

    /// First day of the first step.
    pub fn start(&self) -> Date {
        self.start
    }

    /// Length of a step.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Counts in order of time; `None` = not reported.
    pub fn counts(&self) -> &[Option<u32>] {
        &self.counts
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// True if there is no step.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// First day of step `i` (which may lie past the end).
    ///
    /// # Panics
    /// If the date would lie past the year 9999.
    pub fn date(&self, i: usize) -> Date {
        self.checked_date(i).expect("the constructor checked the end of the series")
    }

    /// Sum of the reported counts.
    pub fn total(&self) -> u64 {
        self.counts.iter().flatten().map(|&n| u64::from(n)).sum()
    }

    fn checked_date(&self, i: usize) -> Option<Date> {
        let i = i64::try_from(i).ok()?;
        let span = match self.step {
            Step::Day => i.days(),
            Step::Week => i.weeks(),
            Step::Month => i.months(),
        };
        self.start.checked_add(span).ok()
    }
}
