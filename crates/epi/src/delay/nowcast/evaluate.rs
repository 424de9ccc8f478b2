//! Nowcasts on each day of history, as known on that day, against what came out.

use super::{
    BayesNowcastConfig, LawlessConfig, Nowcast, StateSpaceConfig, nowcast_bayes, nowcast_lawless,
    nowcast_state_space,
};
use crate::Error;
use crate::delay::ReportingTriangle;
use crate::score::{QuantileForecast, weighted_interval_score};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A nowcast method with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", content = "config", rename_all = "snake_case")]
pub enum NowcastMethod {
    /// [`nowcast_state_space`].
    StateSpace(StateSpaceConfig),
    /// [`nowcast_lawless`].
    Lawless(LawlessConfig),
    /// [`nowcast_bayes`].
    Bayes(BayesNowcastConfig),
}

impl NowcastMethod {
    /// Runs the method; deterministic methods do not use the seed.
    ///
    /// # Errors
    /// As the method.
    pub fn nowcast(&self, triangle: &ReportingTriangle, seed: u64) -> Result<Nowcast, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        match self {
            Self::StateSpace(config) => nowcast_state_space(triangle, config, &mut rng),
            Self::Lawless(config) => nowcast_lawless(triangle, config),
            Self::Bayes(config) => nowcast_bayes(triangle, config, &mut rng),
        }
    }
}

/// One nowcast of one step against the count that came out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NowcastScore {
    /// Step in which the nowcast was made.
    pub known_on: usize,
    /// Steps since the event.
    pub age: usize,
    /// Cases known then.
    pub observed: u64,
    /// Cases known in the end.
    pub truth: u64,
    /// Median of the nowcast.
    pub median: f64,
    /// Weighted interval score over the central intervals of the quantiles; smaller is better.
    pub wis: f64,
    /// The same for a nowcast that repeats the cases known then.
    pub wis_uncorrected: f64,
    /// True if the truth lies within the widest central interval.
    pub covered: bool,
    /// True if the truth lies within the central interval nearest to 50 %.
    pub covered_half: bool,
    /// Share of the truth's own probability that lies within the central interval nearest to 50 %: the expected value of a
    /// randomised probability integral transform. A whole count takes up a stretch of probability, and an interval that
    /// ends in it holds part of that; to count it whole makes intervals of small counts look too wide.
    pub half_share: f64,
}

/// Scores of a method over history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NowcastEvaluation {
    /// One row per day of history and age, in that order.
    pub scores: Vec<NowcastScore>,
    /// Steps of history on which the method gave no nowcast, with its reason.
    pub failed: Vec<(usize, String)>,
    /// Mean weighted interval score.
    pub wis_mean: f64,
    /// Mean of the scores without a nowcast.
    pub wis_uncorrected_mean: f64,
    /// Share of truths within the widest central interval.
    pub coverage: f64,
    /// Share of truths within the central interval nearest to 50 %.
    pub coverage_half: f64,
    /// Mean of [`NowcastScore::half_share`]: 0.5 for a calibrated nowcast, however small the counts.
    pub coverage_half_randomised: f64,
}

/// Share of the probability taken up by `truth` that lies between `tail` and 1 - `tail`. What is known of it are the quantiles
/// on either side: it reaches from the last level whose quantile is smaller to the first whose quantile is larger.
fn share_within(tail: f64, levels: &[f64], quantiles: &[f64], truth: f64) -> f64 {
    let before = quantiles.partition_point(|q| *q < truth).checked_sub(1).map_or(0.0, |i| levels[i]);
    let after = levels.get(quantiles.partition_point(|q| *q <= truth)).copied().unwrap_or(1.0);
    let inside = (after.min(1.0 - tail) - before.max(tail)).max(0.0);
    inside / (after - before)
}

/// Makes the nowcast of each step in `days` as known on that step and scores ages in `ages`.
///
/// The truth is what `triangle` knows in the end, so `days` should end well before its last step. Replicates
/// run in parallel; day t uses the random stream `seed` + t.
///
/// # Input
/// `days`: steps of the triangle, 0-based and half-open, on which nowcasts are made; `ages`: steps back from each that are
/// scored.
/// # Output
/// A score a day and age in cases, and their means.
/// # Errors
/// `InvalidParameter` for `days` outside the triangle or quantiles that are not symmetric about the median;
/// the error of the first day if none gave a nowcast, `TooShort` if none had one of these ages.
/// # Examples
/// ```
/// use jiff::civil::{Date, date};
/// use wanquan_epi::Step;
/// use wanquan_epi::delay::ReportingTriangle;
/// use wanquan_epi::delay::nowcast::{LawlessConfig, NowcastMethod, evaluate_nowcast};
///
/// // Haemolytic-uraemic syndrome, Germany 2011: hospital admission, report, cases (Robert Koch Institute).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/hus_o104_de_2011.csv"));
/// let reports = figures.lines().skip(2).map(|line| {
///     let field = |i| line.split(',').nth(i).expect("three fields");
///     let day = |i| field(i).parse::<Date>().expect("a date");
///     (day(0), day(1), field(2).parse().expect("a count"))
/// });
/// let triangle = ReportingTriangle::from_changes(date(2011, 5, 1), date(2011, 7, 10), Step::Day, reports)?;
/// let method = NowcastMethod::Lawless(LawlessConfig::recommended(15));
/// // Made on 11 to 20 June, of the day itself and the 14 days before it.
/// let found = evaluate_nowcast(&triangle, 41..51, 0..15, &method, 1)?;
/// assert_eq!(found.scores.len(), 150);
/// assert!(found.coverage > 0.5);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn evaluate_nowcast(
    triangle: &ReportingTriangle,
    days: Range<usize>,
    ages: Range<usize>,
    method: &NowcastMethod,
    seed: u64,
) -> Result<NowcastEvaluation, Error> {
    if days.start >= days.end || days.end > triangle.len() {
        let range = format!("{}..{}", days.start, days.end);
        return Err(Error::parameter("days", range, "must be non-empty and inside the triangle"));
    }
    let results: Vec<(usize, Result<Vec<NowcastScore>, Error>)> = days
        .into_par_iter()
        .map(|day| {
            let stream = seed.wrapping_add(day as u64);
            let scores = triangle
                .as_known_on(triangle.date(day))
                .and_then(|known| method.nowcast(&known, stream))
                .and_then(|nowcast| score(triangle, day, &nowcast, &ages));
            (day, scores)
        })
        .collect();
    let (mut scores, mut failed, mut why) = (Vec::new(), Vec::new(), None);
    for (day, result) in results {
        match result {
            Ok(mut more) => scores.append(&mut more),
            Err(e) => {
                failed.push((day, e.to_string()));
                why.get_or_insert(e);
            }
        }
    }
    if scores.is_empty() {
        return Err(why.unwrap_or(Error::TooShort { what: "nowcasts", got: 0, need: 1 }));
    }
    let n = scores.len() as f64;
    Ok(NowcastEvaluation {
        wis_mean: scores.iter().map(|s| s.wis).sum::<f64>() / n,
        wis_uncorrected_mean: scores.iter().map(|s| s.wis_uncorrected).sum::<f64>() / n,
        coverage: scores.iter().filter(|s| s.covered).count() as f64 / n,
        coverage_half: scores.iter().filter(|s| s.covered_half).count() as f64 / n,
        coverage_half_randomised: scores.iter().map(|s| s.half_share).sum::<f64>() / n,
        scores,
        failed,
    })
}

fn score(
    triangle: &ReportingTriangle,
    day: usize,
    nowcast: &Nowcast,
    ages: &Range<usize>,
) -> Result<Vec<NowcastScore>, Error> {
    let levels = &nowcast.quantile_probs;
    let median = levels.iter().position(|p| (p - 0.5).abs() < 1e-9);
    let median = median.ok_or_else(|| Error::parameter("quantile_probs", "", "must hold the median"))?;
    let distance = |i: &usize| (levels[*i] - 0.25).abs();
    let quartile = (0..=median).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(median);
    let first = day + 1 - nowcast.points.len();
    let mut rows = Vec::new();
    for (i, point) in nowcast.points.iter().enumerate() {
        let t = first + i;
        if !ages.contains(&(day - t)) {
            continue;
        }
        let truth = triangle.known(t);
        let within =
            |i: usize| (point.quantiles[i]..=point.quantiles[levels.len() - 1 - i]).contains(&(truth as f64));
        let wis = |values: Vec<f64>| -> Result<f64, Error> {
            let forecast = QuantileForecast::new(levels.clone(), values)?;
            Ok(weighted_interval_score(&forecast, truth as f64)?.total)
        };
        rows.push(NowcastScore {
            known_on: day,
            age: day - t,
            observed: point.observed,
            truth,
            median: point.quantiles[median],
            wis: wis(point.quantiles.clone())?,
            wis_uncorrected: wis(vec![point.observed as f64; levels.len()])?,
            covered: within(0),
            covered_half: within(quartile),
            half_share: share_within(levels[quartile], levels, &point.quantiles, truth as f64),
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_within_as_far_as_its_probability_is() {
        let levels = [0.05, 0.25, 0.5, 0.75, 0.95];
        let share = |quantiles: [f64; 5], truth: f64| share_within(0.25, &levels, &quantiles, truth);
        // Between two quantiles; beyond the half; beyond all.
        assert_eq!(share([2.0, 4.0, 6.0, 8.0, 10.0], 5.0), 1.0);
        assert_eq!(share([2.0, 4.0, 6.0, 8.0, 10.0], 9.0), 0.0);
        assert_eq!(share([2.0, 4.0, 6.0, 8.0, 10.0], 11.0), 0.0);
        // The end of the half: from 5 to 50 %, of which 25 to 50 lie within.
        assert!((share([2.0, 4.0, 6.0, 8.0, 10.0], 4.0) - 0.25 / 0.45).abs() < 1e-12);
        // One count for all: half of everything.
        assert_eq!(share([3.0; 5], 3.0), 0.5);
    }

    #[test]
    fn a_poisson_forecast_of_two_cases_holds_half() {
        use crate::special::poisson_mass;
        let levels: Vec<f64> = (1..100).map(|i| f64::from(i) / 100.0).collect();
        let cdf = |k: u32| (0..=k).map(|i| poisson_mass(f64::from(i), 2.0)).sum::<f64>();
        let quantiles: Vec<f64> =
            levels.iter().map(|p| (0..).find(|k| cdf(*k) >= *p).map_or(0.0, f64::from)).collect();
        let (mut whole, mut shared) = (0.0, 0.0);
        for truth in 0..20_u32 {
            let mass = poisson_mass(f64::from(truth), 2.0);
            shared += mass * share_within(0.25, &levels, &quantiles, f64::from(truth));
            whole += mass * f64::from(u8::from((1..=3).contains(&truth)));
        }
        assert!((shared - 0.5).abs() < 0.01, "{shared}");
        assert!(whole > 0.7, "{whole}");
    }
}
