//! Forecasts given as a distribution with parameters.

use crate::Error;
use crate::special::{CountDistribution, gamma_pq, ln_gamma, normal_cdf};
use serde::{Deserialize, Serialize};
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// A predictive distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Predictive {
    /// Poisson counts.
    Poisson {
        /// Mean, > 0.
        mean: f64,
    },
    /// Negative binomial counts with variance mean + mean^2 / size.
    NegativeBinomial {
        /// Mean, > 0.
        mean: f64,
        /// Size (1/overdispersion), > 0.
        size: f64,
    },
    /// Normal.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation, > 0.
        sd: f64,
    },
    /// Gamma.
    Gamma {
        /// Shape, > 0.
        shape: f64,
        /// Rate (1/scale), > 0.
        rate: f64,
    },
    /// Lognormal.
    LogNormal {
        /// Mean of the logarithm.
        log_mean: f64,
        /// Standard deviation of the logarithm, > 0.
        log_sd: f64,
    },
}

/// Widest standard deviation of a count, or distance of the truth from its mean, for which its score is summed.
const SUMMED_MAX: f64 = 1e6;

impl Predictive {
    fn check(self) -> Result<(), Error> {
        let (location, scales): (f64, [f64; 2]) = match self {
            Self::Poisson { mean } => (0.0, [mean, 1.0]),
            Self::NegativeBinomial { mean, size } => (0.0, [mean, size]),
            Self::Normal { mean, sd } => (mean, [sd, 1.0]),
            Self::Gamma { shape, rate } => (0.0, [shape, rate]),
            Self::LogNormal { log_mean, log_sd } => (log_mean, [log_sd, 1.0]),
        };
        if location.is_finite() && scales.iter().all(|s| s.is_finite() && *s > 0.0) {
            Ok(())
        } else {
            Err(Error::parameter("predictive", format!("{self:?}"), "needs finite, positive parameters"))
        }
    }

    fn check_observed(self, observed: f64) -> Result<(), Error> {
        self.check()?;
        let counts = matches!(self, Self::Poisson { .. } | Self::NegativeBinomial { .. });
        let why = if !observed.is_finite() {
            "must be finite"
        } else if counts && (observed < 0.0 || observed.fract() != 0.0) {
            "must be a count"
        } else {
            return Ok(());
        };
        Err(Error::InvalidData { what: "observed value", position: 0, why })
    }

    /// Continuous ranked probability score, in units of the quantity.
    ///
    /// Closed forms (Jordan, Krueger & Lerch 2019, J Stat Softw 90(12), appendix A) for the continuous
    /// families; for counts the sum of (F(k) - 1{k >= y})^2, O(standard deviation) terms.
    /// # Errors
    /// `InvalidParameter` for parameters out of range a score that no number holds, or a
    /// count whose standard deviation (or distance from the truth) is above 10^6; `InvalidData` for a truth that the family excludes.
    pub fn crps(self, observed: f64) -> Result<f64, Error> {
        self.check_observed(observed)?;
        let y = observed;
        let count = |mean: f64, dispersion: f64| {
            // The sum runs over the counts that matter: a forecast this wide would take minutes, or for ever.
            if (mean * dispersion).sqrt().max((y - mean).abs()) <= SUMMED_MAX {
                Ok(count_crps(CountDistribution { mean, dispersion }, y))
            } else {
                let why = "spreads over more counts than are summed";
                Err(Error::parameter("predictive", format!("{self:?}"), why))
            }
        };
        let crps = match self {
            Self::Poisson { mean } => count(mean, 1.0)?,
            Self::NegativeBinomial { mean, size } => count(mean, 1.0 + mean / size)?,
            Self::Normal { mean, sd } => {
                let z = (y - mean) / sd;
                sd * (z * (2.0 * normal_cdf(z) - 1.0) + 2.0 * normal_density(z) - 1.0 / PI.sqrt())
            }
            Self::Gamma { shape, rate } => {
                let f = gamma_pq(shape, (rate * y).max(0.0)).0;
                let f_next = gamma_pq(shape + 1.0, (rate * y).max(0.0)).0;
                // 1/B(1/2, shape).
                let beta = (ln_gamma(shape + 0.5) - ln_gamma(0.5) - ln_gamma(shape)).exp();
                y * (2.0 * f - 1.0) - shape / rate * (2.0 * f_next - 1.0) - beta / rate
            }
            Self::LogNormal { log_mean, log_sd } => {
                let f = |shift: f64| {
                    if y > 0.0 { normal_cdf((y.ln() - log_mean) / log_sd - shift) } else { 0.0 }
                };
                let mean = (log_mean + 0.5 * log_sd * log_sd).exp();
                y * (2.0 * f(0.0) - 1.0) - 2.0 * mean * (f(log_sd) + normal_cdf(log_sd * FRAC_1_SQRT_2) - 1.0)
            }
        };
        // A lognormal with a deviation of 40 has a mean that no number holds.
        if crps.is_finite() {
            // No score is below 0; differences of large terms may be.
            Ok(crps.max(0.0))
        } else {
            Err(Error::parameter("predictive", format!("{self:?}"), "has a score beyond double precision"))
        }
    }

    /// Log score: minus the log density or log probability of the truth; `None` where that is 0.
    ///
    /// # Errors
    /// As [`Predictive::crps`].
    pub fn log_score(self, observed: f64) -> Result<Option<f64>, Error> {
        self.check_observed(observed)?;
        let y = observed;
        // In log space, as a mass far in the tail underflows.
        let log = match self {
            Self::Poisson { mean } => y * mean.ln() - mean - ln_gamma(y + 1.0),
            Self::NegativeBinomial { mean, size } => {
                ln_gamma(size + y) - ln_gamma(size) - ln_gamma(y + 1.0) - size * (mean / size).ln_1p()
                    + y * (mean / (mean + size)).ln()
            }
            Self::Normal { mean, sd } => {
                let z = (y - mean) / sd;
                -0.5 * z * z - sd.ln() - 0.5 * (2.0 * PI).ln()
            }
            Self::Gamma { .. } | Self::LogNormal { .. } if y <= 0.0 => return Ok(None),
            Self::Gamma { shape, rate } => {
                shape * rate.ln() + (shape - 1.0) * y.ln() - rate * y - ln_gamma(shape)
            }
            Self::LogNormal { log_mean, log_sd } => {
                let z = (y.ln() - log_mean) / log_sd;
                -0.5 * z * z - log_sd.ln() - y.ln() - 0.5 * (2.0 * PI).ln()
            }
        };
        Ok(log.is_finite().then_some(-log))
    }
}

fn normal_density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// Sum over counts of (F(k) - 1{k >= y})^2.
fn count_crps(distribution: CountDistribution, y: f64) -> f64 {
    let sd = (distribution.mean * distribution.dispersion).sqrt();
    // Below this F^2 is beyond double precision: 10 standard deviations on the short side of a skewed count.
    let start = (distribution.mean - 10.0 * sd).max(0.0).floor();
    let mut below = 1.0 - distribution.at_least(start);
    // A truth below the start costs the steps in between in full.
    let mut score = (start - y).max(0.0);
    let mut k = start;
    loop {
        below += distribution.mass(k);
        let above = (1.0 - below).max(0.0);
        // Beyond the mean the rest shrinks geometrically; 1e-12 squared is beyond double precision.
        if k > distribution.mean && above < 1e-12 {
            return score + (y - k).max(0.0);
        }
        score += if k >= y { above * above } else { below * below };
        k += 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_far_from_the_truth_cost_the_distance() {
        let forecast = Predictive::Poisson { mean: 1e6 };
        let score = forecast.crps(0.0).unwrap();
        // E|Y - y| - E|Y - Y'|/2 with sd 1000.
        assert!((score - (1e6 - 1000.0 / PI.sqrt())).abs() < 1.0);
        assert!((forecast.crps(2e6).unwrap() - (1e6 - 1000.0 / PI.sqrt())).abs() < 1.0);
    }

    #[test]
    fn parameters_and_truths_out_of_range_are_refused() {
        assert!(Predictive::Poisson { mean: 0.0 }.crps(1.0).is_err());
        assert!(Predictive::Normal { mean: 0.0, sd: f64::NAN }.crps(1.0).is_err());
        assert!(Predictive::Poisson { mean: 1.0 }.crps(0.5).is_err());
        assert_eq!(Predictive::Gamma { shape: 1.0, rate: 1.0 }.log_score(-1.0).unwrap(), None);
    }
}
