//! Measures of frequency and association: did the exposed fall ill more often, and by how much?
//!
//! - [`TwoByTwo`]: attack rates, risk ratio, odds ratio (four intervals), attributable fractions, vaccine
//!   effectiveness, Fisher and chi-squared tests.
//! - [`mantel_haenszel`]: the same across strata of a confounder.
//! - [`standardise_directly`], [`standardise_indirectly`], [`rate_exact`], [`rate_byar`]: rates.
//! - [`estimate_case_fatality`]: deaths per case while outcomes are still pending.
//!
//! Not for matched pairs, nor for more than two exposure levels; an association is not a cause. All methods
//! take microseconds; the exact odds ratio takes O(standard deviation of the count) steps, so tables with
//! counts of 10^9 are fine.

mod fatality;
mod hypergeometric;
mod rates;
mod stratified;
mod two_by_two;

pub use fatality::{CaseFatality, estimate_case_fatality};
pub use rates::{
    IndirectRate, Rate, StandardisedRate, Stratum, rate_byar, rate_exact, standardise_directly,
    standardise_indirectly,
};
pub use stratified::{MantelHaenszel, mantel_haenszel};
pub use two_by_two::TwoByTwo;

use crate::Error;
use crate::special::{beta_reg, normal_upper_quantile};
use serde::{Deserialize, Serialize};

/// A point estimate with its confidence interval. `None` = not defined for these data (a division by
/// zero) or unbounded on that side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Point estimate.
    pub estimate: Option<f64>,
    /// Lower confidence limit.
    pub lower: Option<f64>,
    /// Upper confidence limit.
    pub upper: Option<f64>,
}

impl Interval {
    fn new(estimate: f64, lower: f64, upper: f64) -> Self {
        let keep = |x: f64| x.is_finite().then_some(x);
        Self { estimate: keep(estimate), lower: keep(lower), upper: keep(upper) }
    }

    /// exp(log estimate +- z se), undefined where the standard error is.
    fn log_wald(estimate: f64, z: f64, se: f64) -> Self {
        Self::new(estimate, estimate * (-z * se).exp(), estimate * (z * se).exp())
    }

    /// Applies a decreasing function, which swaps the limits.
    fn decreasing(self, f: impl Fn(f64) -> f64) -> Self {
        let keep = |x: Option<f64>| x.map(&f).filter(|x| x.is_finite());
        Self { estimate: keep(self.estimate), lower: keep(self.upper), upper: keep(self.lower) }
    }

    /// Applies an increasing function.
    fn increasing(self, f: impl Fn(f64) -> f64) -> Self {
        let keep = |x: Option<f64>| x.map(&f).filter(|x| x.is_finite());
        Self { estimate: keep(self.estimate), lower: keep(self.lower), upper: keep(self.upper) }
    }
}

/// Two-sided standard normal quantile of a confidence level.
fn z_of(confidence: f64) -> Result<f64, Error> {
    Ok(normal_upper_quantile(0.5 * tail_of(confidence)?))
}

/// 1 - confidence, checked.
fn tail_of(confidence: f64) -> Result<f64, Error> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(Error::parameter("confidence", confidence, "must lie between 0 and 1"));
    }
    Ok(1.0 - confidence)
}

/// Wilson's score interval of a proportion of `successes` in `trials` > 0.
fn wilson(successes: f64, trials: f64, z: f64) -> Interval {
    let p = successes / trials;
    let z2 = z * z;
    let mid = (p + z2 / (2.0 * trials)) / (1.0 + z2 / trials);
    let half = z / (1.0 + z2 / trials) * (p * (1.0 - p) / trials + z2 / (4.0 * trials * trials)).sqrt();
    // 0 and 1 where all or none succeeded, without what rounding leaves.
    let lower = if successes == 0.0 { 0.0 } else { (mid - half).max(0.0) };
    let upper = if successes == trials { 1.0 } else { (mid + half).min(1.0) };
    Interval::new(p, lower, upper)
}

/// Clopper and Pearson's exact interval; real numbers are allowed (fractions of trials completed).
fn clopper_pearson(successes: f64, trials: f64, tail: f64) -> Interval {
    let failures = trials - successes;
    let lower = if successes > 0.0 { beta_quantile(0.5 * tail, successes, failures + 1.0) } else { 0.0 };
    let upper = if failures > 0.0 { beta_quantile(1.0 - 0.5 * tail, successes + 1.0, failures) } else { 1.0 };
    Interval::new(successes / trials, lower, upper)
}

/// x with I_x(a, b) = `prob`, by bisection to the last bit.
fn beta_quantile(prob: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..1100 {
        let mid = 0.5 * (low + high);
        if mid <= low || mid >= high {
            break;
        }
        if beta_reg(a, b, mid, 1.0 - mid) < prob { low = mid } else { high = mid }
    }
    0.5 * (low + high)
}
