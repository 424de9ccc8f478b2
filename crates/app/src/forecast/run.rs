//! Forecasts on any day of history from what was known on that day.

use super::hub::{Counts, Revisions};
use super::{Cell, Error, days_after, days_between};
use crate::analyse::spread_corrections;
use crate::ingest::read::Table;
use crate::ingest::series::{Place, SeriesOptions, SeriesSet, read_series};
use jiff::civil::Date;
use rayon::prelude::*;
use std::collections::BTreeMap;
use wanquan_epi::forecast::{ForecastConfig, NoForecast, Panel, forecast_panel, forecast_random_walk};
use wanquan_epi::{CountSeries, Step};

/// How to forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The recommended ensemble.
    Recommended,
    /// The yardstick: as many as last time, give or take the usual changes.
    RandomWalk,
}

/// What to forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Days on which the forecasts are made, ascending.
    pub reference_dates: Vec<Date>,
    /// Steps from the reference date to the target, ascending, from 0.
    pub horizons: Vec<u16>,
    /// Days that a publication takes to arrive after the date it bears: only what bears a date at least so many
    /// days before the reference date is used. 0 where the date is the day of publication.
    pub lag_days: u16,
    /// Persons by place; places without make all be compared with their own mean.
    pub population: BTreeMap<String, f64>,
    /// The method.
    pub method: Method,
    /// The method's parameters; its steps ahead are set from the horizons.
    pub config: ForecastConfig,
}

/// Forecasts, and what there is to say about them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Forecasts by reference date, place and horizon.
    pub cells: Vec<Cell>,
    /// Places without a forecast, by reference date.
    pub without: Vec<(Date, String, NoForecast)>,
    /// Forecasts of steps for which the data used already held a report.
    pub reported_already: usize,
}

/// Counts known on a day, on one calendar.
struct Known {
    start: Date,
    step: Step,
    /// By place and step.
    counts: Vec<Vec<Option<u32>>>,
    /// The first count published of a step, where its first publication was seen.
    first: Vec<Vec<Option<u32>>>,
}

/// Forecasts from a history of publications, each with what had been published by its reference date.
///
/// Steps older than the first publication come from `older`. `progress` is told after each reference date.
///
/// # Errors
/// [`Error::Dates`] where nothing was published yet or a target is no step of the series.
pub fn forecast_revisions(
    revisions: &Revisions,
    older: Option<&Counts>,
    order: &Order,
    progress: &(dyn Fn() + Sync),
) -> Result<Outcome, Error> {
    let mut order = order.clone();
    if let Some(older) = older {
        for (place, persons) in &older.population {
            order.population.entry(place.clone()).or_insert(*persons);
        }
    }
    together(&order, progress, |reference_date| {
        let known = known_on(revisions, older, reference_date, order.lag_days)?;
        forecast_known(&known, &revisions.locations, reference_date, &order)
    })
}

/// Forecasts from series without a history of publications: a step counts as known from the day of its label on.
///
/// # Errors
/// As [`forecast_revisions`].
pub fn forecast_series(
    set: &SeriesSet,
    order: &Order,
    progress: &(dyn Fn() + Sync),
) -> Result<Outcome, Error> {
    let counts: Vec<Vec<Option<u32>>> = (0..set.places.len())
        .map(|place| {
            let counts: Vec<Option<i64>> = set.series(place).iter().map(|n| n.map(i64::from)).collect();
            spread_corrections(&counts)
        })
        .collect();
    let locations: Vec<String> = set.places.iter().map(place_key).collect();
    let labels = CountSeries::new(set.start, set.step, vec![None; set.steps])?;
    together(order, progress, |reference_date| {
        let until = known_until(reference_date, order.lag_days)?;
        let steps = (0..set.steps).take_while(|t| labels.date(*t) <= until).count();
        if steps == 0 {
            let why = format!("the series begin on {}", set.start);
            return Err(Error::Dates { reference_date, why });
        }
        let known = Known {
            start: set.start,
            step: set.step,
            counts: counts.iter().map(|c| c[..steps].to_vec()).collect(),
            first: Vec::new(),
        };
        // Horizons count from the step of the reference date, known or not.
        forecast_from(&known, &locations, reference_date, order)
    })
}

/// Names of a column that tells series apart.
const SERIES_NAMES: [&str; 3] = ["series", "location", "place"];
/// Names of a column of counts beside a column of series and one of dates.
const COUNT_NAMES: [&str; 4] = ["cases", "value", "count", "病例数"];

/// Reads a panel: `series, date, cases` where the table has columns of these names, else whatever series it holds.
///
/// # Errors
/// As [`read_series`].
pub fn read_panel(table: &Table, options: &SeriesOptions) -> Result<SeriesSet, Error> {
    let or = |given: &Option<String>, usual: &str| {
        given.clone().or_else(|| table.column(usual).map(|at| table.header[at].clone()))
    };
    let mut options = options.clone();
    // A column that is called so tells the series apart whatever it holds: places by number would else be taken for
    // figures and added up. Where there are several, the finest has to be found from what they hold.
    let known: Vec<&str> = SERIES_NAMES.into_iter().filter(|name| table.column(name).is_some()).collect();
    if let [name] = known[..] {
        options.region = or(&options.region, name);
        // Only together: a table with a column `cases` of its own may be of any other layout.
        let counts = COUNT_NAMES.into_iter().find(|name| table.column(name).is_some());
        if let (Some(_), Some(counts)) = (table.column("date"), counts) {
            options.date = or(&options.date, "date");
            options.count = or(&options.count, counts);
        }
    }
    Ok(read_series(table, &options)?)
}

/// Last label of the series of a table: the reference date where none is asked for.
///
/// # Errors
/// A calendar that runs past the year 9999.
pub fn last_label(set: &SeriesSet) -> Result<Date, Error> {
    let labels = CountSeries::new(set.start, set.step, vec![None; set.steps])?;
    Ok(labels.date(set.steps.saturating_sub(1)))
}

/// How a place of a table is called in forecasts and scores.
pub fn place_key(place: &Place) -> String {
    place.code.clone().unwrap_or_else(|| place.name.clone())
}

/// Counts of a table of series, as the truth to score by.
///
/// # Errors
/// As [`last_label`].
pub fn counts_of(set: &SeriesSet) -> Result<Counts, Error> {
    let labels = CountSeries::new(set.start, set.step, vec![None; set.steps])?;
    let mut counts = Counts::default();
    for (at, place) in set.places.iter().enumerate() {
        let by_date = counts.by_location.entry(place_key(place)).or_default();
        for (t, n) in set.series(at).iter().enumerate() {
            if let Some(n) = n {
                by_date.insert(labels.date(t), f64::from(*n));
            }
        }
    }
    Ok(counts)
}

fn together(
    order: &Order,
    progress: &(dyn Fn() + Sync),
    one: impl Fn(Date) -> Result<Outcome, Error> + Sync,
) -> Result<Outcome, Error> {
    let parts: Vec<Outcome> = order
        .reference_dates
        .par_iter()
        .map(|date| {
            let outcome = one(*date);
            progress();
            outcome
        })
        .collect::<Result<_, _>>()?;
    let mut all = Outcome::default();
    for part in parts {
        all.cells.extend(part.cells);
        all.without.extend(part.without);
        all.reported_already += part.reported_already;
    }
    Ok(all)
}

fn known_until(reference_date: Date, lag_days: u16) -> Result<Date, Error> {
    days_after(reference_date, -i64::from(lag_days))
        .ok_or_else(|| Error::Dates { reference_date, why: "lies outside of the calendar".to_owned() })
}

fn known_on(
    revisions: &Revisions,
    older: Option<&Counts>,
    reference_date: Date,
    lag_days: u16,
) -> Result<Known, Error> {
    let until = known_until(reference_date, lag_days)?;
    let first_as_of = revisions.rows[0].as_of;
    let seen = revisions.rows.partition_point(|row| row.as_of <= until);
    if seen == 0 {
        let why = format!("nothing was published by {until}; the first publication is of {first_as_of}");
        return Err(Error::Dates { reference_date, why });
    }
    let rows = &revisions.rows[..seen];
    // The first publication repeats old counts, of which only the newest are published for the first time.
    let newest_at_first = rows.iter().take_while(|row| row.as_of == first_as_of).map(|row| row.date).max();
    // Latest count and first one.
    type Counts = BTreeMap<Date, (Option<f64>, Option<f64>)>;
    let mut places: Vec<Counts> = vec![Counts::new(); revisions.locations.len()];
    for row in rows.iter().filter(|row| row.date <= reference_date) {
        let fresh = row.as_of > first_as_of || Some(row.date) == newest_at_first;
        places[row.location]
            .entry(row.date)
            .and_modify(|(latest, _)| *latest = row.value)
            .or_insert((row.value, row.value.filter(|_| fresh)));
    }
    if let Some(older) = older {
        for (counts, name) in places.iter_mut().zip(&revisions.locations) {
            for (date, n) in older.by_location.get(name).into_iter().flatten() {
                if *date < first_as_of {
                    counts.entry(*date).or_insert((Some(*n), None));
                }
            }
        }
    }
    let dates = || places.iter().flat_map(|counts| counts.keys().copied());
    let (Some(start), Some(last)) = (dates().min(), dates().max()) else {
        return Err(Error::Dates { reference_date, why: "no step was published by then".to_owned() });
    };
    let weekly = dates().all(|date| days_between(start, date) % 7 == 0);
    let (step, days) = if weekly { (Step::Week, 7) } else { (Step::Day, 1) };
    let position = |date: Date| usize::try_from(days_between(start, date) / days).unwrap_or(0);
    let steps = position(last) + 1;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked on reading: 0 to 4e9"
    )]
    let count = |n: f64| n.round() as u32;
    let mut known = Known { start, step, counts: Vec::new(), first: Vec::new() };
    for place in &places {
        let (mut latest, mut first) = (vec![None; steps], vec![None; steps]);
        for (date, (n, earlier)) in place {
            latest[position(*date)] = n.map(count);
            first[position(*date)] = earlier.map(count);
        }
        known.counts.push(latest);
        known.first.push(first);
    }
    Ok(known)
}

fn labels_date(known: &Known, t: i64) -> Date {
    let span = jiff::Span::new();
    let span = match known.step {
        Step::Day => span.try_days(t),
        Step::Week => span.try_weeks(t),
        Step::Month => span.try_months(t),
    };
    span.ok().and_then(|span| known.start.checked_add(span).ok()).unwrap_or(Date::MAX)
}

/// Steps from the first one to the one that holds `date`, by their labels; 0 before the first.
fn steps_until(known: &Known, date: Date) -> usize {
    let days = days_between(known.start, date);
    let months = |date: Date| i32::from(date.year()) * 12 + i32::from(date.month());
    let steps = match known.step {
        Step::Day => days,
        Step::Week => days.div_euclid(7),
        Step::Month => months(date) - months(known.start),
    };
    usize::try_from(steps).unwrap_or(0)
}

/// With horizons counted from the reference date, which is a label of the series.
fn forecast_known(
    known: &Known,
    locations: &[String],
    reference_date: Date,
    order: &Order,
) -> Result<Outcome, Error> {
    if known.step == Step::Week && days_between(known.start, reference_date) % 7 != 0 {
        let why = format!("is not on the weeks of the data, which are labelled as {}", known.start);
        return Err(Error::Dates { reference_date, why });
    }
    forecast_from(known, locations, reference_date, order)
}

/// With horizons counted from the step that begins on or before the reference date.
fn forecast_from(
    known: &Known,
    locations: &[String],
    reference_date: Date,
    order: &Order,
) -> Result<Outcome, Error> {
    let series = known
        .counts
        .iter()
        .map(|counts| CountSeries::new(known.start, known.step, counts.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    let population: Option<Vec<f64>> =
        locations.iter().map(|place| order.population.get(place).copied()).collect();
    let mut panel = match population {
        Some(population) => Panel::with_population(series, &population)?,
        None => Panel::new(series)?,
    };
    if !known.first.is_empty() {
        panel = panel.with_first_reports(known.first.clone())?;
    }
    let last = known.counts.first().map_or(0, Vec::len) - 1;
    let base = steps_until(known, reference_date);
    let steps_ahead = order
        .horizons
        .iter()
        .map(|h| {
            (base + usize::from(*h)).checked_sub(last).ok_or_else(|| Error::Dates {
                reference_date,
                why: format!("horizon {h} lies before the newest step reported"),
            })
        })
        .collect::<Result<Vec<usize>, _>>()?;
    let config = ForecastConfig { steps_ahead, ..order.config.clone() };
    let forecast = match order.method {
        Method::Recommended => forecast_panel(&panel, &config),
        Method::RandomWalk => forecast_random_walk(&panel, &config),
    }?;
    let mut outcome = Outcome::default();
    for (i, (place, forecasts)) in locations.iter().zip(forecast.series).enumerate() {
        match forecasts {
            Err(why) => outcome.without.push((reference_date, place.clone(), why)),
            Ok(forecasts) => {
                for ((h, ahead), forecast) in order.horizons.iter().zip(&config.steps_ahead).zip(forecasts) {
                    if *ahead == 0 && known.counts[i][last].is_some() {
                        outcome.reported_already += 1;
                    }
                    let target = i64::try_from(last + ahead).map_or(Date::MAX, |t| labels_date(known, t));
                    outcome.cells.push(Cell {
                        location: place.clone(),
                        reference_date,
                        horizon: i32::from(*h),
                        target_end_date: target,
                        forecast,
                    });
                }
            }
        }
    }
    Ok(outcome)
}
