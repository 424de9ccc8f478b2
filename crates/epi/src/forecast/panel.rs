//! Series of several regions on one calendar.

use crate::{CountSeries, Error, Step};
use jiff::civil::Date;

/// Series with the same start, step and length, in one unit, with the size of each region.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    series: Vec<CountSeries>,
    population: Vec<f64>,
    /// By series and step; empty if nothing is known of earlier reports.
    first: Vec<Vec<Option<u32>>>,
}

impl Panel {
    /// Regions of unknown size: each is compared with its own mean.
    ///
    /// # Errors
    /// `TooShort` without a series or step, `LengthMismatch` or `InvalidData` for different calendars.
    pub fn new(series: Vec<CountSeries>) -> Result<Self, Error> {
        // A mean of 1 per unit of "population" puts all series on one scale.
        let size = |s: &CountSeries| {
            let reported = s.counts().iter().flatten().count();
            (s.total() as f64 / (reported.max(1) as f64)).max(0.1)
        };
        let population = series.iter().map(size).collect();
        Self::checked(series, population)
    }

    /// Regions with their population, > 0, in persons.
    ///
    /// # Errors
    /// As [`Panel::new`]; `InvalidData` for a population that is not positive.
    pub fn with_population(series: Vec<CountSeries>, population: &[f64]) -> Result<Self, Error> {
        // Per 100,000, so that the fourth root's and logarithm's constants mean the same everywhere.
        Self::checked(series, population.iter().map(|p| p / 1e5).collect())
    }

    fn checked(series: Vec<CountSeries>, population: Vec<f64>) -> Result<Self, Error> {
        let Some(first) = series.first() else {
            return Err(Error::TooShort { what: "panel", got: 0, need: 1 });
        };
        if first.is_empty() {
            return Err(Error::TooShort { what: "series", got: 0, need: 1 });
        }
        if population.len() != series.len() {
            return Err(Error::LengthMismatch {
                left: "series",
                left_len: series.len(),
                right: "populations",
                right_len: population.len(),
            });
        }
        if let Some(position) = population.iter().position(|p| !(p.is_finite() && *p > 0.0)) {
            let why = "must be finite and positive";
            return Err(Error::InvalidData { what: "population", position, why });
        }
        let same =
            |s: &CountSeries| (s.start(), s.step(), s.len()) == (first.start(), first.step(), first.len());
        if let Some(position) = series.iter().position(|s| !same(s)) {
            let why = "has another start, step or length than the first series";
            return Err(Error::InvalidData { what: "panel", position, why });
        }
        Ok(Self { series, population, first: Vec::new() })
    }

    /// The same panel with what was first reported of each step, by series and step; `None` where that is not known.
    ///
    /// It shows how much counts are still revised after their first report.
    ///
    /// # Errors
    /// `LengthMismatch` if the table has not the shape of the panel.
    pub fn with_first_reports(self, first: Vec<Vec<Option<u32>>>) -> Result<Self, Error> {
        let mismatch = |left_len, right, right_len| {
            Err(Error::LengthMismatch { left: "first reports", left_len, right, right_len })
        };
        if first.len() != self.len() {
            return mismatch(first.len(), "series", self.len());
        }
        if let Some(wrong) = first.iter().find(|f| f.len() != self.steps()) {
            return mismatch(wrong.len(), "steps", self.steps());
        }
        Ok(Self { first, ..self })
    }

    /// The same panel with other counts.
    pub(super) fn map_series(
        &self,
        change: impl Fn(&CountSeries) -> Result<CountSeries, Error>,
    ) -> Result<Self, Error> {
        let series = self.series.iter().map(change).collect::<Result<_, _>>()?;
        Ok(Self { series, ..self.clone() })
    }

    /// Number of series.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Never true: a panel has at least one series.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.series[0].len()
    }

    /// Index of the last step.
    pub(super) fn last(&self) -> usize {
        self.steps() - 1
    }

    /// First day of a step, also past the end.
    pub(super) fn date(&self, step: usize) -> Date {
        self.series[0].date(step)
    }

    pub(super) fn size(&self, i: usize) -> f64 {
        self.population[i]
    }

    pub(super) fn counts(&self, i: usize) -> &[Option<u32>] {
        self.series[i].counts()
    }

    /// First report of a step, where known.
    pub(super) fn first_report(&self, i: usize, step: usize) -> Option<u32> {
        self.first.get(i).and_then(|first| first[step])
    }

    /// Steps over which growth is measured: a week of days, else one step.
    pub(super) fn unit(&self) -> usize {
        match self.series[0].step() {
            Step::Day => 7,
            Step::Week | Step::Month => 1,
        }
    }

    /// Relative size of each weekday per series, from the last eight weeks of daily data.
    pub(super) fn weekday_factors(&self) -> Weekdays {
        if self.unit() == 1 {
            return Weekdays(None);
        }
        let first = self.steps().saturating_sub(56);
        let of_series = |i: usize| {
            // One "day's worth" of prior keeps rare diseases at 1.
            let (mut sums, mut days) = ([0.0; 7], [0.0; 7]);
            for (t, n) in self.counts(i).iter().enumerate().skip(first) {
                if let Some(n) = n {
                    sums[t % 7] += f64::from(*n);
                    days[t % 7] += 1.0;
                }
            }
            let mean = sums.iter().sum::<f64>() / days.iter().sum::<f64>().max(1.0);
            let prior = 4.0;
            std::array::from_fn(|d| (sums[d] + prior) / (days[d] * mean + prior))
        };
        Weekdays(Some((0..self.len()).map(of_series).collect()))
    }
}

/// Weekday factors; none for other steps than days.
#[derive(Debug)]
pub(super) struct Weekdays(Option<Vec<[f64; 7]>>);

impl Weekdays {
    /// Factor of a step, also past the end.
    pub(super) fn factor(&self, series: usize, step: usize) -> f64 {
        self.0.as_ref().map_or(1.0, |f| f[series][step % 7])
    }
}
