//! Nowcasts: how many cases of the last days will there be once all reports are in?
//!
//! - [`nowcast_state_space`]: the recommended one. Delays that change and depend on the weekday, a smooth course
//!   of the epidemic, a predictive distribution.
//! - [`nowcast_lawless`]: reverse-time hazards without a model of the epidemic (Lawless 1994).
//! - [`nowcast_bayes`]: the same hazards with a prior on each day's count (Hoehle & an der Heiden 2014).
//! - [`evaluate_nowcast`]: any of them on each day of history, as known on that day.
//!
//! Do not use them where late reports are not late but retrospective (a search of old records), nor where the
//! event date itself is filled in from the report date.

mod bayes;
mod evaluate;
mod lawless;
mod state_space;

pub use bayes::{BayesNowcastConfig, DelayPosterior, nowcast_bayes};
pub use evaluate::{NowcastEvaluation, NowcastMethod, NowcastScore, evaluate_nowcast};
pub use lawless::{LawlessConfig, LawlessConvention, nowcast_lawless};
pub use state_space::{StateSpaceConfig, nowcast_state_space};

use super::ReportingTriangle;
use crate::Error;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Longest table of a predictive distribution.
const TABLE_MAX: usize = 1_000_000;

/// Nowcast of the steps whose reports may still be incomplete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Nowcast {
    /// Method id.
    pub method: String,
    /// Version of the numbers.
    pub method_version: u32,
    /// Step whose reports are the last ones known.
    pub known_on: Date,
    /// Probabilities of the quantiles in each point.
    pub quantile_probs: Vec<f64>,
    /// P(delay <= x steps), x = 0..=longest, for an event now.
    pub delay_cdf: Vec<f64>,
    /// Cases with delay x in the window used for the delays, x = 0..=longest.
    pub delay_cases: Vec<u64>,
    /// Cases with delay <= x that had at least x steps to be reported.
    pub delay_at_risk: Vec<u64>,
    /// One point per step, the last `delay_max` + 1, ascending.
    pub points: Vec<NowcastPoint>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NowcastPoint {
    /// First day of the step.
    pub date: Date,
    /// Cases known so far.
    pub observed: u64,
    /// Mean of the predictive distribution.
    pub mean: f64,
    /// Quantiles in the order of `quantile_probs`, whole cases.
    pub quantiles: Vec<f64>,
    /// Expected share of this step's cases known by now.
    pub reported_share: f64,
    /// The predictive distribution.
    pub distribution: CountForecast,
}

/// Distribution of a count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CountForecast {
    /// P(count = `first` + i) = `mass[i]`. The total may differ from 1 where the table was cut, or by the
    /// convention of a reference.
    Table {
        /// Smallest count in the table.
        first: u64,
        /// Probabilities.
        mass: Vec<f64>,
    },
    /// Equally likely counts, ascending.
    Sample {
        /// The counts.
        counts: Vec<f64>,
    },
}

impl CountForecast {
    /// All mass on one count.
    pub fn certain(count: u64) -> Self {
        Self::Table { first: count, mass: vec![1.0] }
    }

    /// Mean of the mass held.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Table { first, mass } => {
                mass.iter().enumerate().map(|(i, p)| p * (*first as f64 + i as f64)).sum()
            }
            Self::Sample { counts } => counts.iter().sum::<f64>() / counts.len().max(1) as f64,
        }
    }

    /// Smallest count whose distribution function exceeds `prob`; the largest count held if none does.
    pub fn quantile(&self, prob: f64) -> f64 {
        match self {
            Self::Table { first, mass } => {
                let mut cumulative = 0.0;
                let above = mass.iter().position(|p| {
                    cumulative += p;
                    cumulative > prob
                });
                *first as f64 + above.unwrap_or(mass.len().saturating_sub(1)) as f64
            }
            Self::Sample { counts } => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a share of the length"
                )]
                let i = (prob.clamp(0.0, 1.0) * counts.len() as f64).floor() as usize;
                counts.get(i.min(counts.len().saturating_sub(1))).copied().unwrap_or(0.0)
            }
        }
    }

    /// P(count = `n`).
    pub fn mass_at(&self, n: u64) -> f64 {
        match self {
            Self::Table { first, mass } => n
                .checked_sub(*first)
                .and_then(|i| usize::try_from(i).ok())
                .and_then(|i| mass.get(i))
                .copied()
                .unwrap_or(0.0),
            Self::Sample { counts } => {
                let n = n as f64;
                let equal = counts.partition_point(|c| *c <= n) - counts.partition_point(|c| *c < n);
                equal as f64 / counts.len().max(1) as f64
            }
        }
    }
}

fn check_probs(probs: &[f64]) -> Result<(), Error> {
    match probs.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
        None => Ok(()),
        Some(p) => Err(Error::parameter("quantile_probs", p, "must lie between 0 and 1")),
    }
}

fn point(
    triangle: &ReportingTriangle,
    t: usize,
    reported_share: f64,
    distribution: CountForecast,
    probs: &[f64],
) -> NowcastPoint {
    NowcastPoint {
        date: triangle.date(t),
        observed: triangle.known(t),
        mean: distribution.mean(),
        quantiles: probs.iter().map(|&p| distribution.quantile(p)).collect(),
        reported_share,
        distribution,
    }
}

/// Sufficient counts for the reverse-time hazards: P(delay = x | delay <= x) is n(x)/N(x).
struct DelayCounts {
    /// n(x): cases with delay x, delays beyond the longest added to the last.
    cases: Vec<f64>,
    /// N(x): cases with delay <= x, among steps for which a delay of x would be known.
    at_risk: Vec<f64>,
}

impl DelayCounts {
    /// From the steps of the last `window_steps` + 1 (all if `None`).
    fn new(
        triangle: &ReportingTriangle,
        delay_max: usize,
        window_steps: Option<usize>,
    ) -> Result<Self, Error> {
        if delay_max == 0 {
            return Err(Error::parameter("delay_max", 0, "must be at least 1"));
        }
        if triangle.len() <= delay_max {
            return Err(Error::TooShort {
                what: "reporting triangle",
                got: triangle.len(),
                need: delay_max.saturating_add(1),
            });
        }
        if window_steps == Some(0) {
            return Err(Error::parameter("window_steps", 0, "must be at least 1"));
        }
        let last = triangle.len() - 1;
        let first = window_steps.map_or(0, |m| last.saturating_sub(m));
        let mut counts = Self { cases: vec![0.0; delay_max + 1], at_risk: vec![0.0; delay_max + 1] };
        for t in first..=last {
            let mut so_far = 0.0;
            for (x, n) in triangle.folded(t, delay_max).into_iter().enumerate() {
                so_far += n;
                counts.cases[x] += n;
                counts.at_risk[x] += so_far;
            }
        }
        Ok(counts)
    }

    fn as_integers(x: &[f64]) -> Vec<u64> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sums of counts")]
        x.iter().map(|&x| x as u64).collect()
    }
}

/// F(x) = P(delay <= x) as the product over longer delays of 1 - hazard.
fn cdf_from_hazards(hazards: &[f64]) -> Vec<f64> {
    let mut cdf = vec![1.0; hazards.len()];
    for x in (0..hazards.len() - 1).rev() {
        cdf[x] = cdf[x + 1] * (1.0 - hazards[x + 1]);
    }
    cdf
}
