//! Continuous delay distributions in days.

use crate::special::{gamma_pq, gamma_quantile, ln_gamma, normal_cdf, normal_upper_quantile};
use crate::{Error, Pmf};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Family of a delay distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DelayFamily {
    /// Positive, light tail.
    Gamma,
    /// Positive, heavy tail.
    Lognormal,
    /// Positive; lighter than a gamma for shapes above 1.
    Weibull,
    /// May be negative, as serial intervals can.
    Normal,
}

impl DelayFamily {
    /// All families, in order.
    pub const ALL: [Self; 4] = [Self::Gamma, Self::Lognormal, Self::Weibull, Self::Normal];

    /// Names of the two parameters.
    pub fn parameter_names(self) -> [&'static str; 2] {
        match self {
            Self::Gamma | Self::Weibull => ["shape", "scale_days"],
            Self::Lognormal => ["mean_log", "sd_log"],
            Self::Normal => ["mean_days", "sd_days"],
        }
    }

    /// True if a delay of 0 or less has no density.
    pub fn is_positive(self) -> bool {
        self != Self::Normal
    }
}

/// A delay distribution: family and two parameters ([`DelayFamily::parameter_names`]).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct DelayDistribution {
    family: DelayFamily,
    a: f64,
    b: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    family: DelayFamily,
    parameters: [f64; 2],
}

impl TryFrom<Raw> for DelayDistribution {
    type Error = Error;
    fn try_from(raw: Raw) -> Result<Self, Error> {
        Self::new(raw.family, raw.parameters)
    }
}

impl From<DelayDistribution> for Raw {
    fn from(d: DelayDistribution) -> Self {
        Self { family: d.family, parameters: [d.a, d.b] }
    }
}

impl DelayDistribution {
    /// From the family's own parameters.
    ///
    /// # Errors
    /// `InvalidParameter` unless both are finite and those of scale and shape positive.
    pub fn new(family: DelayFamily, parameters: [f64; 2]) -> Result<Self, Error> {
        let [a, b] = parameters;
        let [first, second] = family.parameter_names();
        let free = matches!(family, DelayFamily::Lognormal | DelayFamily::Normal);
        if !a.is_finite() || !(free || a > 0.0) {
            return Err(Error::parameter(first, a, "must be finite, and positive for a shape"));
        }
        if !(b > 0.0 && b.is_finite()) {
            return Err(Error::parameter(second, b, "must be finite and positive"));
        }
        Ok(Self { family, a, b })
    }

    /// The member of the family with this mean and standard deviation.
    ///
    /// # Errors
    /// `InvalidParameter` unless both are finite, `sd_days` > 0, and `mean_days` > 0 for a positive family.
    pub fn from_mean_sd(family: DelayFamily, mean_days: f64, sd_days: f64) -> Result<Self, Error> {
        if !mean_days.is_finite() || (family.is_positive() && mean_days <= 0.0) {
            return Err(Error::parameter("mean_days", mean_days, "must be finite, and positive here"));
        }
        if !(sd_days > 0.0 && sd_days.is_finite()) {
            return Err(Error::parameter("sd_days", sd_days, "must be finite and positive"));
        }
        let relative = sd_days / mean_days;
        let parameters = match family {
            DelayFamily::Gamma => [relative.powi(-2), sd_days * relative],
            DelayFamily::Lognormal => {
                let variance = (relative * relative).ln_1p();
                [mean_days.ln() - 0.5 * variance, variance.sqrt()]
            }
            DelayFamily::Weibull => {
                let shape = weibull_shape(relative)?;
                [shape, mean_days / ln_gamma(1.0 + 1.0 / shape).exp()]
            }
            DelayFamily::Normal => [mean_days, sd_days],
        };
        Self::new(family, parameters)
    }

    /// The family.
    pub fn family(&self) -> DelayFamily {
        self.family
    }

    /// The parameters, in the order of [`DelayFamily::parameter_names`].
    pub fn parameters(&self) -> [f64; 2] {
        [self.a, self.b]
    }

    /// Mean, days.
    pub fn mean(&self) -> f64 {
        let Self { a, b, .. } = *self;
        match self.family {
            DelayFamily::Gamma => a * b,
            DelayFamily::Lognormal => (a + 0.5 * b * b).exp(),
            DelayFamily::Weibull => b * ln_gamma(1.0 + 1.0 / a).exp(),
            DelayFamily::Normal => a,
        }
    }

    /// Standard deviation, days.
    pub fn sd(&self) -> f64 {
        let Self { a, b, .. } = *self;
        match self.family {
            DelayFamily::Gamma => a.sqrt() * b,
            DelayFamily::Lognormal => self.mean() * (b * b).exp_m1().sqrt(),
            DelayFamily::Weibull => self.mean() * weibull_cv_squared(a).sqrt(),
            DelayFamily::Normal => b,
        }
    }

    /// Log density at `x` days.
    pub fn ln_density(&self, x: f64) -> f64 {
        let Self { a, b, .. } = *self;
        if self.family.is_positive() && x <= 0.0 {
            return f64::NEG_INFINITY;
        }
        let half_log_two_pi = 0.5 * (2.0 * PI).ln();
        match self.family {
            DelayFamily::Gamma => (a - 1.0) * x.ln() - x / b - a * b.ln() - ln_gamma(a),
            DelayFamily::Lognormal => {
                let z = (x.ln() - a) / b;
                -0.5 * z * z - b.ln() - x.ln() - half_log_two_pi
            }
            DelayFamily::Weibull => {
                let u = x / b;
                a.ln() - b.ln() + (a - 1.0) * u.ln() - u.powf(a)
            }
            DelayFamily::Normal => {
                let z = (x - a) / b;
                -0.5 * z * z - b.ln() - half_log_two_pi
            }
        }
    }

    /// P(delay <= `x` days).
    pub fn cdf(&self, x: f64) -> f64 {
        let Self { a, b, .. } = *self;
        if self.family.is_positive() && x <= 0.0 {
            return 0.0;
        }
        match self.family {
            DelayFamily::Gamma => gamma_pq(a, x / b).0,
            DelayFamily::Lognormal => normal_cdf((x.ln() - a) / b),
            DelayFamily::Weibull => -(-(x / b).powf(a)).exp_m1(),
            DelayFamily::Normal => normal_cdf((x - a) / b),
        }
    }

    /// Integral of the distribution function up to `x`: the mean of max(0, x - delay). Its second differences
    /// are the probabilities of delays between two events each known to an interval.
    pub fn integrated_cdf(&self, x: f64) -> f64 {
        let Self { a, b, .. } = *self;
        if self.family.is_positive() && x <= 0.0 {
            return 0.0;
        }
        let below = match self.family {
            DelayFamily::Gamma => self.mean() * gamma_pq(a + 1.0, x / b).0,
            DelayFamily::Lognormal => self.mean() * normal_cdf((x.ln() - a) / b - b),
            DelayFamily::Weibull => self.mean() * gamma_pq(1.0 + 1.0 / a, (x / b).powf(a)).0,
            DelayFamily::Normal => {
                let z = (x - a) / b;
                let density = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
                return (b * (z * normal_cdf(z) + density)).max(0.0);
            }
        };
        (x * self.cdf(x) - below).max(0.0)
    }

    /// Delay in days not exceeded with probability `prob` in (0, 1).
    pub fn quantile(&self, prob: f64) -> f64 {
        let Self { a, b, .. } = *self;
        match self.family {
            DelayFamily::Gamma => b * gamma_quantile(prob, a),
            DelayFamily::Lognormal => (a + b * normal_quantile(prob)).exp(),
            DelayFamily::Weibull => b * (-(-prob).ln_1p()).powf(1.0 / a),
            DelayFamily::Normal => a + b * normal_quantile(prob),
        }
    }

    /// Delay in whole days between two events of which only the days are known, each falling anywhere in its
    /// day: `p[k]` = P(second day - first day = k), k = 0..=`lag_days_max`. Not rescaled for what lies beyond.
    ///
    /// # Errors
    /// `InvalidParameter` for more than 10,000 lags, or for a normal distribution, whose delays may be
    /// negative.
    pub fn discretise(&self, lag_days_max: usize) -> Result<Pmf, Error> {
        self.check_discrete(lag_days_max)?;
        let g: Vec<f64> = (0..=lag_days_max + 1).map(|k| self.integrated_cdf(k as f64)).collect();
        let before = |k: usize| if k == 0 { 0.0 } else { g[k - 1] };
        Pmf::new((0..=lag_days_max).map(|k| (g[k + 1] - 2.0 * g[k] + before(k)).max(0.0)).collect())
    }

    /// Delay rounded to the nearest whole day, without delays of 0 days, the rest rescaled to 1: the generation
    /// time as published methods for R0 discretise it.
    ///
    /// # Errors
    /// As [`Self::discretise`], or if nothing is left up to `lag_days_max`.
    pub fn round_to_days(&self, lag_days_max: usize) -> Result<Pmf, Error> {
        self.check_discrete(lag_days_max)?;
        let at = |k: usize| self.cdf(k as f64 + 0.5);
        let mut p: Vec<f64> =
            (0..=lag_days_max).map(|k| if k == 0 { 0.0 } else { at(k) - at(k - 1) }).collect();
        let total: f64 = p.iter().sum();
        if total <= 0.0 {
            return Err(Error::parameter("lag_days_max", lag_days_max, "holds no part of the distribution"));
        }
        for x in &mut p {
            *x /= total;
        }
        Pmf::new(p)
    }

    fn check_discrete(&self, lag_days_max: usize) -> Result<(), Error> {
        if lag_days_max > 10_000 {
            return Err(Error::parameter("lag_days_max", lag_days_max, "must not exceed 10,000 days"));
        }
        if !self.family.is_positive() {
            return Err(Error::parameter(
                "family",
                "normal",
                "delays in whole days from 0 need a positive family",
            ));
        }
        Ok(())
    }
}

/// Squared coefficient of variation of a Weibull distribution.
fn weibull_cv_squared(shape: f64) -> f64 {
    (ln_gamma(1.0 + 2.0 / shape) - 2.0 * ln_gamma(1.0 + 1.0 / shape)).exp_m1().max(0.0)
}

/// Shape with this coefficient of variation, which falls with the shape, by bisection on its logarithm.
fn weibull_shape(cv: f64) -> Result<f64, Error> {
    let (mut low, mut high) = (0.05_f64.ln(), 2000.0_f64.ln());
    let square = cv * cv;
    if square > weibull_cv_squared(low.exp()) || square < weibull_cv_squared(high.exp()) {
        return Err(Error::parameter("sd_days", cv, "too far from the mean for a Weibull distribution"));
    }
    for _ in 0..200 {
        let mid = 0.5 * (low + high);
        if mid <= low || mid >= high {
            break;
        }
        if weibull_cv_squared(mid.exp()) > square { low = mid } else { high = mid }
    }
    Ok((0.5 * (low + high)).exp())
}

/// z with P(Z <= z) = `prob`, from the nearer tail: 1 - `prob` would lose a small one.
fn normal_quantile(prob: f64) -> f64 {
    if prob < 0.5 { -normal_upper_quantile(prob) } else { normal_upper_quantile(1.0 - prob) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_far_out_is_a_number() {
        for family in DelayFamily::ALL {
            let d = DelayDistribution::from_mean_sd(family, 5.2, 2.8).unwrap();
            let far = [1e-300, 1e-30, 1e-12, 0.5, 1.0 - 1e-12, 1.0 - f64::EPSILON].map(|p| d.quantile(p));
            assert!(
                far.windows(2).all(|q| q[0] <= q[1]) && far.iter().all(|q| q.is_finite()),
                "{d:?} {far:?}"
            );
        }
    }

    #[test]
    fn every_family_keeps_mean_sd_and_quantiles() {
        for family in DelayFamily::ALL {
            for (mean, sd) in [(5.2, 2.8), (1.1, 0.3), (14.0, 20.0)] {
                let d = DelayDistribution::from_mean_sd(family, mean, sd).unwrap();
                assert!((d.mean() - mean).abs() < 1e-9 * mean, "{d:?}");
                assert!((d.sd() - sd).abs() < 1e-9 * sd, "{d:?} {}", d.sd());
                for p in [0.01, 0.5, 0.95] {
                    assert!((d.cdf(d.quantile(p)) - p).abs() < 1e-10, "{d:?} {p}");
                }
            }
        }
    }

    #[test]
    fn the_integrated_distribution_function_is_its_integral() {
        for family in DelayFamily::ALL {
            let d = DelayDistribution::from_mean_sd(family, 4.0, 2.5).unwrap();
            let steps = 20_000_u32;
            let h = 9.0 / f64::from(steps);
            let start = d.integrated_cdf(0.0);
            let sum: f64 = (0..steps).map(|i| d.cdf((f64::from(i) + 0.5) * h) * h).sum();
            assert!((d.integrated_cdf(9.0) - start - sum).abs() < 1e-7, "{family:?}");
            let slope = (d.ln_density(3.0)).exp();
            let numeric = (d.cdf(3.0 + 1e-5) - d.cdf(3.0 - 1e-5)) / 2e-5;
            assert!((slope - numeric).abs() < 1e-8, "{family:?}");
        }
    }

    #[test]
    fn whole_days_keep_mass_and_mean() {
        let d = DelayDistribution::from_mean_sd(DelayFamily::Gamma, 5.0, 3.0).unwrap();
        let p = d.discretise(200).unwrap();
        assert!((p.mass() - 1.0).abs() < 1e-12 && (p.mean() - 5.0).abs() < 1e-9);
        assert_eq!(d.round_to_days(40).unwrap().at(0), 0.0);
        let n = DelayDistribution::from_mean_sd(DelayFamily::Normal, 5.0, 3.0).unwrap();
        assert!(n.discretise(40).is_err());
    }

    #[test]
    fn inadmissible_parameters_are_refused() {
        assert!(DelayDistribution::new(DelayFamily::Gamma, [0.0, 1.0]).is_err());
        assert!(DelayDistribution::new(DelayFamily::Lognormal, [-3.0, f64::NAN]).is_err());
        assert!(DelayDistribution::new(DelayFamily::Lognormal, [-3.0, 1.0]).is_ok());
        assert!(DelayDistribution::from_mean_sd(DelayFamily::Weibull, -1.0, 1.0).is_err());
        assert!(
            serde_json::from_str::<DelayDistribution>(r#"{"family":"gamma","parameters":[-1,2]}"#).is_err()
        );
    }
}
