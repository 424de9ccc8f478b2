//! Columns of the baseline regression, from the calendar.

use super::RegressionScanConfig;
use super::baseline::Effect;
use crate::{CountSeries, Step};
use jiff::civil::{Date, Weekday, date};
use jiff::{ToSpan, Unit};
use std::f64::consts::TAU;
use std::ops::Range;

/// Design of a range of steps of a series.
#[derive(Debug, Clone)]
pub(super) struct Design {
    first: usize,
    pub(super) columns: usize,
    values: Vec<f64>,
    pub(super) effects: Vec<Effect>,
}

/// Days of a mean year.
const YEAR_DAYS: f64 = 365.25;

impl Design {
    pub(super) fn new(series: &CountSeries, config: &RegressionScanConfig, steps: Range<usize>) -> Self {
        // Largest standard deviations on the log scale: a trend of 30 % a year, a season by a factor of two and
        // finer shapes ever less, weekdays and holidays by a factor of two.
        let mut effects = vec![Effect { columns: 1..2, sd_max: 0.3 }];
        let mut columns = 2;
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
        let mut holidays = config.holidays.clone();
        holidays.sort_unstable();
        holidays.dedup();
        let mut values = Vec::with_capacity(steps.len() * columns);
        let origin = epoch_days(series.start());
        for step in steps.clone() {
            let day = series.date(step);
            let days = epoch_days(day);
            values.push(1.0);
            values.push((days - origin) / YEAR_DAYS);
            let phase = TAU * days / YEAR_DAYS;
            for harmonic in 1..=config.harmonics {
                let (sine, cosine) = (phase * harmonic as f64).sin_cos();
                values.extend([sine, cosine]);
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
                    values.push(if weekday == Weekday::Sunday {
                        -1.0
                    } else {
                        f64::from(u8::from(weekday == column))
                    });
                }
            }
            if !holidays.is_empty() {
                values.push(holiday_share(&holidays, day, series.step()));
            }
        }
        Self { first: steps.start, columns, values, effects }
    }

    /// Rows of a range of steps of the series.
    pub(super) fn rows(&self, steps: Range<usize>) -> &[f64] {
        &self.values[(steps.start - self.first) * self.columns..(steps.end - self.first) * self.columns]
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
