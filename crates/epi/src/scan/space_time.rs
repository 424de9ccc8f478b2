//! Clusters in space and time.

use super::engine::{Engine, LANES, Lane, Score};
use super::simulate::{Multinomial, PoissonTables};
use super::{
    Model, Scan, ScanConfig, Zones, check_expected, check_length, fits_short_lanes, report, significance,
    total_cases,
};
use crate::Error;
use crate::draw::poisson;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// What is random when there is no cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceTimeModel {
    /// Cases are Poisson with mean proportional to the expected number; given the total (Kulldorff 2001).
    Population,
    /// Cases are Poisson with exactly the expected mean, from a forecast or a baseline (Neill 2009).
    Expectation,
    /// Each case keeps its place and gets the time of another case; needs no population (Kulldorff et al. 2005).
    Permutation,
}

/// Which periods a cluster may span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Windows {
    /// Clusters still alive: the last 1, 2, ... steps.
    Prospective {
        /// Longest window in steps, >= 1. Recommended: at most half of the steps.
        steps_max: usize,
    },
    /// Any consecutive steps.
    Retrospective {
        /// Longest window in steps, >= 1.
        steps_max: usize,
    },
}

impl Windows {
    /// (first, last) of each window. By end, then growing: each window is the one before plus one step.
    fn list(self, steps: usize) -> Result<Vec<(usize, usize)>, Error> {
        let (first_end, steps_max) = match self {
            Self::Prospective { steps_max } => (steps - 1, steps_max),
            Self::Retrospective { steps_max } => (0, steps_max),
        };
        if steps_max == 0 {
            return Err(Error::parameter("steps_max", 0, "must be at least 1"));
        }
        let starts = |end: usize| (0..=end).rev().take(steps_max).map(move |start| (start, end));
        Ok((first_end..steps).flat_map(starts).collect())
    }
}

/// Space-time scan for high rates.
///
/// # Input
/// `cases[t][i]` and `expected[t][i]` at step `t` (oldest first) and place `i`. The expected of all steps and
/// places must be in cases for `Expectation`, up to a common factor for `Population`; for `Permutation` take
/// [`expected_from_margins`].
/// # Output
/// As [`super::scan_space`]; clusters carry their window.
/// # Errors
/// As [`super::scan_space`]; `TooShort` without a step.
/// # Method
/// Kulldorff 2001, JRSS A 164:61-72; Kulldorff et al. 2005, PLoS Med 2(3):e59; Neill 2009, Int J Forecast
/// 25:498-517. Score with C cases and B expected inside, N cases: C ln(C/B) + (N-C) ln((N-C)/(N-B)), for
/// `Expectation` C ln(C/B) + B - C; 0 unless C > B.
/// # Examples
/// ```
/// use wanquan_epi::scan::{
///     Places, ScanConfig, SpaceTimeModel, Windows, Zones, expected_from_margins, scan_space_time,
/// };
/// // Ten places in a row and six weeks; in the last two weeks the last two places have three times the cases.
/// let points: Vec<[f64; 2]> = (0..10).map(|i| [f64::from(i), 0.0]).collect();
/// let mut cases = vec![vec![10; 10]; 6];
/// for week in 4..6 {
///     cases[week][8] = 31;
///     cases[week][9] = 29;
/// }
/// let zones = Zones::by_neighbours(&Places::planar(&points)?, 5)?;
/// let expected = expected_from_margins(&cases)?;
/// let windows = Windows::Prospective { steps_max: 3 };
/// let config = ScanConfig::recommended(1);
/// let scan = scan_space_time(&zones, &cases, &expected, SpaceTimeModel::Permutation, windows, &config)?;
/// let best = &scan.clusters[0];
/// assert_eq!((best.first_step, best.last_step), (4, 5));
/// assert!(best.places.contains(&8) && best.places.contains(&9));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn scan_space_time(
    zones: &Zones,
    cases: &[Vec<u32>],
    expected: &[Vec<f64>],
    model: SpaceTimeModel,
    windows: Windows,
    config: &ScanConfig,
) -> Result<Scan, Error> {
    config.check()?;
    let (places, steps) = (zones.places(), cases.len());
    if steps == 0 {
        return Err(Error::TooShort { what: "steps", got: 0, need: 1 });
    }
    if expected.len() != steps {
        return Err(Error::LengthMismatch {
            left: "steps of cases",
            left_len: steps,
            right: "steps of expected cases",
            right_len: expected.len(),
        });
    }
    for (cases, expected) in cases.iter().zip(expected) {
        check_length("cases", places, cases.len())?;
        check_length("expected cases", places, expected.len())?;
    }
    let windows = windows.list(steps)?;
    let flat_cases = cases.concat();
    let flat_expected = expected.concat();
    check_expected(&flat_cases, &flat_expected)?;
    let total = total_cases(&flat_cases)?;
    let expected_total: f64 = flat_expected.iter().sum();
    let likelihood = match model {
        SpaceTimeModel::Population => Model::Poisson,
        SpaceTimeModel::Expectation => Model::ExpectationPoisson,
        SpaceTimeModel::Permutation => Model::Permutation,
    };
    let score = Score { model: likelihood, cases: f64::from(total), expected: expected_total };
    let mut layer_expected = vec![0.0; windows.len() * places];
    accumulate(&windows, places, &flat_expected, &mut layer_expected, |sum, part| *sum += part);
    let signed: Vec<i32> =
        flat_cases.iter().map(|&n| i32::try_from(n).expect("at most 2^31 cases in all")).collect();
    let mut layer_cases = vec![0_i32; windows.len() * places];
    accumulate(&windows, places, &signed, &mut layer_cases, |sum, part| *sum += part);
    let engine = Engine::new(zones, score, windows.len(), &layer_expected);

    let generator = match model {
        SpaceTimeModel::Permutation => Generator::permutation(&flat_cases, places),
        SpaceTimeModel::Population => Generator::Multinomial(Multinomial::new(&flat_expected, total), total),
        SpaceTimeModel::Expectation => match PoissonTables::new(&flat_expected) {
            Some(tables) => Generator::PoissonTables(tables),
            None => Generator::Poisson(Multinomial::new(&flat_expected, 0), expected_total),
        },
    };
    let in_layers = windows.len() * places;
    let cells = in_layers + steps * places;
    Ok(report(
        &engine,
        &windows,
        |cell| layer_cases[cell],
        config,
        |best| {
            // The number of cases expected is random, that of cases observed is not.
            if fits_short_lanes(total) && model != SpaceTimeModel::Expectation {
                let fill = fill::<i16>(&generator, &windows, places);
                significance::simulate(&engine, cells, best, config, fill)
            } else {
                let fill = fill::<i32>(&generator, &windows, places);
                significance::simulate(&engine, cells, best, config, fill)
            }
        },
    ))
}

/// Writes replicates into lanes, by window; the rows behind the windows hold the replicate step by step.
fn fill<L: Lane>(
    generator: &Generator,
    windows: &[(usize, usize)],
    places: usize,
) -> impl Fn(&mut ChaCha8Rng, usize, &mut [[L; LANES]]) {
    move |rng, lane, cells| {
        let (layers, by_step) = cells.split_at_mut(windows.len() * places);
        generator.draw(rng, |cell, n| by_step[cell][lane] += L::of(n));
        // The last lane is filled last: then every lane can be summed at once.
        if lane + 1 < LANES {
            return;
        }
        for (layer, &(first, last)) in windows.iter().enumerate() {
            for place in 0..places {
                let mut sum =
                    if first == last { [L::ZERO; LANES] } else { layers[(layer - 1) * places + place] };
                for (sum, n) in sum.iter_mut().zip(by_step[first * places + place]) {
                    *sum += n;
                }
                layers[layer * places + place] = sum;
            }
        }
    }
}

/// Sums steps into windows, each from the one before.
fn accumulate<T: Copy>(
    windows: &[(usize, usize)],
    places: usize,
    by_step: &[T],
    layers: &mut [T],
    add: impl Fn(&mut T, T),
) {
    for (layer, &(first, last)) in windows.iter().enumerate() {
        let row = layer * places;
        if first < last {
            layers.copy_within(row - places..row, row);
        }
        for place in 0..places {
            add(&mut layers[row + place], by_step[first * places + place]);
        }
    }
}

/// Draws a replicate.
enum Generator {
    Multinomial(Multinomial, u32),
    Poisson(Multinomial, f64),
    PoissonTables(PoissonTables),
    /// Place and step of each case, as offset within a step and first cell of a step.
    Permutation {
        places: Vec<u32>,
        steps: Vec<u32>,
    },
}

impl Generator {
    fn permutation(cases: &[u32], places: usize) -> Self {
        let small = |x: usize| u32::try_from(x).expect("fewer than 2^32 cells");
        let mut list = (Vec::new(), Vec::new());
        for (cell, &n) in cases.iter().enumerate() {
            for _ in 0..n {
                list.0.push(small(cell % places));
                list.1.push(small(cell - cell % places));
            }
        }
        Self::Permutation { places: list.0, steps: list.1 }
    }

    fn draw(&self, rng: &mut ChaCha8Rng, mut add: impl FnMut(usize, i32)) {
        let signed = |n: u32| i32::try_from(n).expect("at most 2^31 cases in all");
        match self {
            Self::Multinomial(cells, total) => cells.draw(*total, rng, |cell, n| add(cell, signed(n))),
            Self::PoissonTables(cells) => cells.draw(rng, |cell, n| add(cell, signed(n))),
            Self::Poisson(cells, mean) => {
                // Independent Poisson counts are a Poisson total spread by weight.
                let total = poisson(*mean, rng);
                cells.draw(total, rng, |cell, n| add(cell, signed(n.min(i32::MAX.unsigned_abs()))));
            }
            Self::Permutation { places, steps } => {
                let mut shuffled = steps.clone();
                for i in (1..shuffled.len()).rev() {
                    shuffled.swap(i, rng.random_range(0..=i));
                }
                for (&place, &step) in places.iter().zip(&shuffled) {
                    add(place as usize + step as usize, 1);
                }
            }
        }
    }
}

/// Expected cases in proportion to person-time: all cases times the share of `population[t][i]` in its sum. The
/// recommended baseline where the population is known and no trend is expected.
///
/// # Errors
/// `LengthMismatch`, or `InvalidData` for a population that is not positive in total.
/// # Examples
/// ```
/// use wanquan_epi::scan::expected_from_person_time;
/// // Two steps, two places: 12 cases on 400 person-steps.
/// let expected = expected_from_person_time(&[vec![1, 2], vec![3, 6]], &[vec![50.0, 50.0], vec![100.0, 200.0]])?;
/// assert_eq!(expected, [[1.5, 1.5], [3.0, 6.0]]);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn expected_from_person_time(
    cases: &[Vec<u32>],
    population: &[Vec<f64>],
) -> Result<Vec<Vec<f64>>, Error> {
    let total = checked_total(cases, population)?;
    let persons: f64 = population.iter().flatten().sum();
    if !(persons > 0.0 && persons.is_finite()) {
        return Err(Error::InvalidData { what: "population", position: 0, why: "must be positive in total" });
    }
    Ok(population.iter().map(|row| row.iter().map(|p| total * p / persons).collect()).collect())
}

/// As [`expected_from_person_time`], but every step gets the same share of the cases, whatever its population: the
/// baseline of the R package scanstatistics.
///
/// # Errors
/// As [`expected_from_person_time`], for each step.
/// # Examples
/// ```
/// use wanquan_epi::scan::expected_from_population_per_step;
/// let expected =
///     expected_from_population_per_step(&[vec![1, 2], vec![3, 6]], &[vec![50.0, 50.0], vec![100.0, 200.0]])?;
/// assert_eq!(expected, [[3.0, 3.0], [2.0, 4.0]]);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn expected_from_population_per_step(
    cases: &[Vec<u32>],
    population: &[Vec<f64>],
) -> Result<Vec<Vec<f64>>, Error> {
    let total = checked_total(cases, population)?;
    let steps = population.len() as f64;
    let mut out = Vec::with_capacity(population.len());
    for (position, row) in population.iter().enumerate() {
        let persons: f64 = row.iter().sum();
        if !(persons > 0.0 && persons.is_finite()) {
            return Err(Error::InvalidData {
                what: "population",
                position,
                why: "must be positive in total",
            });
        }
        out.push(row.iter().map(|p| total * p / (persons * steps)).collect());
    }
    Ok(out)
}

/// Expected cases of the permutation model: (cases of the place x cases of the step) / all cases.
///
/// # Errors
/// `InvalidData` if there is no case, `LengthMismatch` for rows of different length.
/// # Examples
/// ```
/// use wanquan_epi::scan::expected_from_margins;
/// // Cases of the place times cases of the step, over all 12.
/// let expected = expected_from_margins(&[vec![1, 2], vec![3, 6]])?;
/// assert_eq!(expected, [[1.0, 2.0], [3.0, 6.0]]);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn expected_from_margins(cases: &[Vec<u32>]) -> Result<Vec<Vec<f64>>, Error> {
    let places = cases.first().map_or(0, Vec::len);
    let mut by_place = vec![0.0; places];
    for row in cases {
        check_length("cases", places, row.len())?;
        for (sum, &n) in by_place.iter_mut().zip(row) {
            *sum += f64::from(n);
        }
    }
    let total: f64 = by_place.iter().sum();
    if total <= 0.0 {
        return Err(Error::InvalidData { what: "cases", position: 0, why: "there is no case" });
    }
    let expected = |row: &Vec<u32>| {
        let of_step: f64 = row.iter().map(|&n| f64::from(n)).sum();
        by_place.iter().map(|of_place| of_place * of_step / total).collect()
    };
    Ok(cases.iter().map(expected).collect())
}

fn checked_total(cases: &[Vec<u32>], population: &[Vec<f64>]) -> Result<f64, Error> {
    if cases.len() != population.len() {
        return Err(Error::LengthMismatch {
            left: "steps of cases",
            left_len: cases.len(),
            right: "steps of population",
            right_len: population.len(),
        });
    }
    for (cases, population) in cases.iter().zip(population) {
        check_length("population", cases.len(), population.len())?;
    }
    Ok(cases.iter().flatten().map(|&n| f64::from(n)).sum())
}
