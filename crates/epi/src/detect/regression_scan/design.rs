//! Columns of the baseline regression, from the calendar.

use super::baseline::Effect;
use super::{Part, RegressionScanConfig};
use crate::{CountSeries, Step};
use jiff::civil::{Date, Weekday, date};
use jiff::{ToSpan, Unit};
use std::f64::consts::TAU;
use std::ops::Range;

/// Design of a range of steps of a series.
///
/// The last columns are the drift of the season: each of its columns times the years since the middle of what is
/// fitted. A season recurs neither on the same date nor equally high for ever; ten years of a shift by a day and a
/// quarter each, as between 52 weeks and a year, would make frequent diseases alarm every spring.
#[derive(Debug, Clone)]
pub(super) struct Design {
    first: usize,
    pub(super) columns: usize,
    /// Columns that do not depend on what is fitted, by step.
    calendar: Vec<f64>,
    season: Range<usize>,
    pub(super) effects: Vec<Effect>,
}

/// Days of a mean year.
const YEAR_DAYS: f64 = 365.25;
/// Column of the years since the beginning of the series.
const YEARS: usize = 1;
/// Largest standard deviation of the change of a season from year to year, log scale.
const DRIFT_SD_MAX: f64 = 0.05;

impl Design {
    pub(super) fn new(
        series: &CountSeries,
        config: &RegressionScanConfig,
        without: Option<Part>,
        steps: Range<usize>,
    ) -> Self {
        // Largest standard deviations on the log scale: a trend of 30 % a year, a season by a factor of two and
        // finer shapes ever less, weekdays and holidays by a factor of two.
        let mut effects = vec![Effect { columns: YEARS..YEARS + 1, sd_max: 0.3 }];
        let mut columns = YEARS + 1;
        let mut effect = |width: usize, sd_max: f64| {
            effects.push(Effect { columns: columns..columns + width, sd_max });
            columns += width;
        };
        for harmonic in 1..=config.harmonics {
            effect(2, 0.7 / (harmonic as f64).powf(1.5));
        }
        if series.step() == Step::Day {
            effect(6, 0.7);
        }
        if !config.holidays.is_empty() {
            effect(1, 0.7);
        }
        let drifting = if without == Some(Part::SeasonDrift) { 0 } else { config.harmonics };
        for _ in 0..drifting {
            effect(2, DRIFT_SD_MAX);
        }
        let season = YEARS + 1..YEARS + 1 + 2 * drifting;
        let mut holidays = config.holidays.clone();
        holidays.sort_unstable();
        holidays.dedup();
        let mut calendar = Vec::with_capacity(steps.len() * (columns - season.len()));
        let origin = epoch_days(series.start());
        for step in steps.clone() {
            let day = series.date(step);
            let days = epoch_days(day);
            calendar.push(1.0);
            calendar.push((days - origin) / YEAR_DAYS);
            let phase = TAU * days / YEAR_DAYS;
            for harmonic in 1..=config.harmonics {
                let (sine, cosine) = (phase * harmonic as f64).sin_cos();
                calendar.extend([sine, cosine]);
            }
            if series.step() == Step::Day {
                // Each weekday against the average of the week, so that the level is that of a week.
                let weekday = day.weekday();
                for column in [
                    Weekday::Monday,
                    Weekday::Tuesday,
                    Weekday::Wednesday,
                    Weekday::Thursday,
                    Weekday::Friday,
                    Weekday::Saturday,
                ] {
                    calendar.push(if weekday == Weekday::Sunday {
                        -1.0
                    } else {
                        f64::from(u8::from(weekday == column))
                    });
                }
            }
            if !holidays.is_empty() {
                calendar.push(holiday_share(&holidays, day, series.step()));
            }
        }
        Self { first: steps.start, columns, calendar, season, effects }
    }

    /// Years from the beginning of the series to a step.
    pub(super) fn years(&self, step: usize) -> f64 {
        self.fixed(step)[YEARS]
    }

    /// Writes the rows of a range of steps of the series; the season drifts about `middle`, in years.
    pub(super) fn rows(&self, steps: Range<usize>, middle: f64, rows: &mut Vec<f64>) {
        rows.clear();
        for step in steps {
            let fixed = self.fixed(step);
            rows.extend_from_slice(fixed);
            rows.extend(fixed[self.season.clone()].iter().map(|x| x * (fixed[YEARS] - middle)));
        }
    }

    fn fixed(&self, step: usize) -> &[f64] {
        let width = self.columns - self.season.len();
        &self.calendar[(step - self.first) * width..(step - self.first + 1) * width]
    }
}

/// Share of the days of a step that are holidays.
fn holiday_share(sorted: &[Date], first: Date, step: Step) -> f64 {
    let span = match step {
        Step::Day => 1.days(),
        Step::Week => 1.weeks(),
        Step::Month => 1.months(),
    };
    let Ok(end) = first.checked_add(span) else { return 0.0 };
    let among = sorted.partition_point(|day| *day < end) - sorted.partition_point(|day| *day < first);
    among as f64 / (epoch_days(end) - epoch_days(first))
}

/// Days since 1970.
pub(super) fn epoch_days(day: Date) -> f64 {
    date(1970, 1, 1).until((Unit::Day, day)).map_or(0.0, |span| f64::from(span.get_days()))
}
