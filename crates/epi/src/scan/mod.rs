//! Scan statistics: is there a place, or a place and time, with more cases than chance explains?
//!
//! A circle of growing size moves over the map (in space-time: a cylinder over map and time); the zone with the
//! largest likelihood ratio is the most likely cluster, and replicates under "no cluster" tell how often chance
//! finds one as good, which accounts for having looked everywhere.
//!
//! - [`scan_space`]: one period, Poisson or binomial (Kulldorff 1997).
//! - [`scan_space_time`]: population-based Poisson, expectation-based Poisson or permutation; prospective
//!   (clusters alive now) or retrospective.
//!
//! Do not use it where the population at risk is unknown and uneven (use the permutation model), for long thin
//! shapes such as a river (circles cover them badly), or as an estimate of a cluster's border. A region with a
//! reporting change is a "cluster" too.
//!
//! Cost: replicates x zones x windows, about 0.1 ns each on one core (32 replicates side by side, integer
//! comparisons). 5,000 counties with zones of at most 10 % of the population, 28 days, 999 replicates: 70
//! billion zone windows, some 10 s; weekly and by province, milliseconds.

mod engine;
mod significance;
mod simulate;
mod space_time;
mod zones;

pub use space_time::{
    SpaceTimeModel, Windows, expected_from_margins, expected_from_person_time,
    expected_from_population_per_step, scan_space_time,
};
pub use zones::{Places, Zones};

use crate::Error;
use engine::{Engine, Hit, LANES, Lane, Score};
use serde::{Deserialize, Serialize};
use significance::Simulated;
use simulate::Multinomial;

/// What is random when there is no cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceModel {
    /// Cases are Poisson with mean proportional to the expected number.
    Poisson,
    /// Each person is a case or not; "expected" is the number of persons. For common conditions.
    Binomial,
}

/// The likelihood of the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Model {
    Poisson,
    Binomial,
    ExpectationPoisson,
    Permutation,
}

/// How many replicates, and what to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanConfig {
    /// Random replicates, 0 (no p value) to 1,000,000. Recommended 999: p values down to 0.001.
    pub replicates: usize,
    /// Stop once this many replicates score at least as high as the data (Besag & Clifford 1991), >= 1. An
    /// insignificant result is then known after few replicates; recommended `None` where the p value itself is
    /// reported, 50 where only an alarm matters.
    pub stop_after_exceedances: Option<usize>,
    /// Clusters to report, the most likely and secondary ones that share no place with a better one. Recommended
    /// 5.
    pub clusters_max: usize,
    /// Best zones to list whether or not they overlap. Recommended 0; for diagnosis.
    pub ranked_max: usize,
    /// Seed of the replicates; part of the result.
    pub seed: u64,
}

impl ScanConfig {
    /// 999 replicates, all of them, up to 5 clusters.
    pub fn recommended(seed: u64) -> Self {
        Self { replicates: 999, stop_after_exceedances: None, clusters_max: 5, ranked_max: 0, seed }
    }

    fn check(&self) -> Result<(), Error> {
        if self.replicates > 1_000_000 {
            return Err(Error::parameter("replicates", self.replicates, "must not exceed 1,000,000"));
        }
        if self.stop_after_exceedances == Some(0) {
            return Err(Error::parameter("stop_after_exceedances", 0, "must be at least 1"));
        }
        Ok(())
    }
}

/// How often chance gives as much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Significance {
    /// Rank of the score among the maxima of the replicates.
    pub p_monte_carlo: f64,
    /// From a Gumbel distribution with the replicates' mean and variance (Abrams et al. 2010, Int J Health Geogr
    /// 9:61); resolves p values below 1/replicates. `None` if the replicates do not vary.
    pub p_gumbel: Option<f64>,
    /// Replicates made.
    pub replicates: usize,
}

/// A zone, in space-time with its window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    /// Places, 0-based; the centre first, then by distance from it.
    pub places: Vec<usize>,
    /// First step of the window, 0-based (0 in space).
    pub first_step: usize,
    /// Last step, inclusive.
    pub last_step: usize,
    /// Cases inside.
    pub cases: u32,
    /// Cases expected inside without a cluster.
    pub expected: f64,
    /// Observed per expected inside.
    pub relative_risk_inside: f64,
    /// Observed per expected outside; `None` if nothing is expected there.
    pub relative_risk_outside: Option<f64>,
    /// Log likelihood ratio.
    pub score: f64,
    /// `None` without replicates. For secondary clusters: against the maxima, hence conservative.
    pub significance: Option<Significance>,
}

/// Result of a scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scan {
    /// Zones examined.
    pub zones: usize,
    /// Windows examined for each zone.
    pub windows: usize,
    /// Most likely cluster first; empty if no zone has more cases than expected.
    pub clusters: Vec<Cluster>,
    /// Best zones, overlapping or not, as far as asked for; without significance.
    pub ranked: Vec<Cluster>,
}

/// Kulldorff's circular spatial scan for high rates.
///
/// # Input
/// `zones`: candidate zones. `cases[i]` and `expected[i]` of place `i`; expected cases up to a common factor
/// (population, or indirectly standardised), for the binomial model the number of persons.
/// # Output
/// Clusters with scores (log likelihood ratios) and p values; see [`Scan`].
/// # Errors
/// `LengthMismatch`; `InvalidData` for an expected number that is negative or not finite, for cases where none
/// are expected, for more than 2^31 cases; `InvalidParameter`.
/// # Method
/// Kulldorff 1997, Commun Stat Theory Methods 26:1481-1496. Replicates: multinomial given the number of cases.
///
/// # Examples
/// Ten places in a row, the last two with three times the cases of the others:
/// ```
/// use wanquan_epi::scan::{Places, ScanConfig, SpaceModel, Zones, scan_space};
/// let points: Vec<[f64; 2]> = (0..10).map(|i| [f64::from(i), 0.0]).collect();
/// let population = [1000.0; 10];
/// let zones = Zones::by_population(&Places::planar(&points)?, &population, 0.5)?;
/// let cases = [10, 9, 11, 10, 8, 12, 10, 9, 31, 30];
/// let scan = scan_space(&zones, &cases, &population, SpaceModel::Poisson, &ScanConfig::recommended(1))?;
/// assert_eq!(scan.clusters[0].places, [9, 8]);
/// assert!(scan.clusters[0].significance.unwrap().p_monte_carlo <= 0.001);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn scan_space(
    zones: &Zones,
    cases: &[u32],
    expected: &[f64],
    model: SpaceModel,
    config: &ScanConfig,
) -> Result<Scan, Error> {
    config.check()?;
    let places = zones.places();
    check_length("cases", places, cases.len())?;
    check_length("expected cases", places, expected.len())?;
    check_expected(cases, expected)?;
    let total = total_cases(cases)?;
    let model = match model {
        SpaceModel::Poisson => Model::Poisson,
        SpaceModel::Binomial => {
            if let Some(position) = (0..places).find(|&i| f64::from(cases[i]) > expected[i]) {
                let why = "more cases than persons";
                return Err(Error::InvalidData { what: "cases", position, why });
            }
            Model::Binomial
        }
    };
    let score = Score { model, cases: f64::from(total), expected: expected.iter().sum() };
    let engine = Engine::new(zones, score, 1, expected);
    let multinomial = Multinomial::new(expected, total);
    let observed = |cell: usize| i32::try_from(cases[cell]).expect("at most 2^31 cases in all");
    Ok(report(&engine, &[(0, 0)], observed, config, |best| {
        if fits_short_lanes(total) {
            significance::simulate(&engine, places, best, config, fill::<i16>(&multinomial, total))
        } else {
            significance::simulate(&engine, places, best, config, fill::<i32>(&multinomial, total))
        }
    }))
}

/// Whether every sum of cases, and a number beyond, is a count of 16 bits.
fn fits_short_lanes(total: u32) -> bool {
    total < i16::MAX.unsigned_abs().into()
}

/// Writes replicates of a map into lanes.
fn fill<L: Lane>(
    multinomial: &Multinomial,
    total: u32,
) -> impl Fn(&mut rand_chacha::ChaCha8Rng, usize, &mut [[L; LANES]]) {
    move |rng, lane, cells| {
        multinomial.draw(total, rng, |place, n| {
            cells[place][lane] += L::of(i32::try_from(n).expect("at most 2^31 cases in all"));
        });
    }
}

/// Finds clusters in the data and compares them with the replicates.
fn report(
    engine: &Engine<'_>,
    windows: &[(usize, usize)],
    observed: impl Fn(usize) -> i32,
    config: &ScanConfig,
    simulate: impl FnOnce(f64) -> Simulated,
) -> Scan {
    let nests = engine.zones.nests();
    let places_of = |hit: &Hit| nests[hit.centre][..=hit.k].to_vec();
    let mut used = vec![false; engine.zones.places()];
    let mut found: Vec<Hit> = Vec::new();
    while found.len() < config.clusters_max.max(1) {
        let Some(hit) = engine.best(&observed, &used) else { break };
        for place in places_of(&hit) {
            used[place] = true;
        }
        found.push(hit);
    }
    let simulated = found.first().map(|hit| simulate(hit.score));
    let mut ranked: Vec<Hit> = Vec::new();
    if config.ranked_max > 0 {
        engine.each(&observed, |hit| {
            if hit.score > 0.0 {
                ranked.push(hit);
                // Sorting now and then keeps the list short without a heap.
                if ranked.len() > 64 * config.ranked_max {
                    keep_best(&mut ranked, config.ranked_max);
                }
            }
        });
        keep_best(&mut ranked, config.ranked_max);
    }
    let cluster = |hit: &Hit, significance| {
        let score = engine.score;
        // Expected numbers count cases, whatever the scale of the input.
        let scale = match score.model {
            Model::Poisson | Model::Binomial => score.cases / score.expected,
            Model::ExpectationPoisson | Model::Permutation => 1.0,
        };
        let expected = hit.expected * scale;
        let outside = score.expected * scale - expected;
        let (first_step, last_step) = windows[hit.layer];
        Cluster {
            places: places_of(hit),
            first_step,
            last_step,
            cases: hit.cases.unsigned_abs(),
            expected,
            relative_risk_inside: f64::from(hit.cases) / expected,
            relative_risk_outside: (outside > 1e-9 * expected)
                .then(|| (score.cases - f64::from(hit.cases)) / outside),
            score: hit.score,
            significance,
        }
    };
    found.truncate(config.clusters_max);
    let clusters = found
        .iter()
        .map(|hit| cluster(hit, simulated.as_ref().and_then(|s| s.significance(hit.score))))
        .collect();
    Scan {
        zones: engine.zones.len(),
        windows: windows.len(),
        clusters,
        ranked: ranked.iter().map(|hit| cluster(hit, None)).collect(),
    }
}

/// Descending by score; the sort is stable, so equal scores stay in order of zone.
fn keep_best(hits: &mut Vec<Hit>, n: usize) {
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    hits.truncate(n);
}

fn check_length(right: &'static str, places: usize, right_len: usize) -> Result<(), Error> {
    if places == right_len {
        Ok(())
    } else {
        Err(Error::LengthMismatch { left: "places", left_len: places, right, right_len })
    }
}

fn check_expected(cases: &[u32], expected: &[f64]) -> Result<(), Error> {
    let wrong = |position, why| Err(Error::InvalidData { what: "expected cases", position, why });
    for (position, (&cases, &expected)) in cases.iter().zip(expected).enumerate() {
        if !expected.is_finite() || expected < 0.0 {
            return wrong(position, "must be finite and not negative");
        }
        if cases > 0 && expected <= 0.0 {
            return wrong(position, "there are cases where none are expected");
        }
    }
    if expected.iter().all(|&e| e == 0.0) {
        return wrong(0, "nothing is expected anywhere");
    }
    Ok(())
}

/// All cases; the lanes of the engine are signed 32-bit numbers.
fn total_cases(cases: &[u32]) -> Result<u32, Error> {
    let total: u64 = cases.iter().map(|&c| u64::from(c)).sum();
    match u32::try_from(total) {
        Ok(total) if i32::try_from(total).is_ok() => Ok(total),
        _ => Err(Error::parameter("cases", total, "must not exceed 2^31 - 1 in all")),
    }
}

#[cfg(test)]
mod tests;
