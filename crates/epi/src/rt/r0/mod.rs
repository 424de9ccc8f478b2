//! Basic reproduction number from the rise of an epidemic.
//!
//! Question: how many people did one case infect at the start, before immunity and measures? Both methods
//! take daily cases of the exponential phase and the generation time. Do not use them past the first bend of
//! the curve, across a change in testing, or on report dates with a weekend pattern and few weeks.
//!
//! Complexity: O(days x support of the generation time); microseconds for a series.

mod reference;

use super::growth::Interval;
use crate::glm::{Design, Ending, fit_poisson};
use crate::special::normal_upper_quantile;
use crate::{CountSeries, Error, Pmf, Step};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Version of the numbers, recorded with stored results.
pub const VERSION: u32 = 1;

/// Whose arithmetic is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum R0Convention {
    /// Generation time of k days taken as k days; likelihood interval with the quantile that belongs to it,
    /// widened where counts scatter more than Poisson.
    Corrected,
    /// As the R package R0 1.3-1: a generation time of k days taken as anywhere from k to k + 1 (R0 from growth
    /// comes out higher), the likelihood interval cut at twice the proper drop, the growth rate's interval
    /// interpolated between profile points, no allowance for overdispersion. For comparison with published
    /// figures.
    R0Package,
}

/// Parameters of the R0 estimates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct R0Config {
    /// Probability of the interval, in (0, 1). Recommended 0.95.
    pub interval_prob: f64,
    /// Recommended `Corrected`.
    pub convention: R0Convention,
}

impl R0Config {
    /// 95 % interval, corrected convention.
    pub fn recommended() -> Self {
        Self { interval_prob: 0.95, convention: R0Convention::Corrected }
    }
}

/// R0 with what it was derived from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct R0Estimate {
    /// Basic reproduction number. Dimensionless.
    pub r0: Interval,
    /// Growth rate per day, for the method that uses it.
    pub growth_rate_per_day: Option<Interval>,
    /// Pearson dispersion of the counts about the fit, at least 1; the interval is widened by its square root
    /// (not in the package's convention).
    pub dispersion: f64,
    /// Days that entered the fit.
    pub days_used: usize,
}

/// R0 from the exponential growth rate: 1 / M(-r), M the moment generating function of the generation time.
///
/// # Input
/// `range`: 0-based half-open days of the exponential phase in `cases` (daily); unreported days are left out.
/// `generation_time`: `w[k]` = P(infector and infected are k days apart), `w[0] = 0`.
/// # Errors
/// `TooShort` for fewer than 5 reported days, `InvalidData` without cases on two days, `InvalidParameter` for
/// a range outside the series, a series not daily, or a generation time with mass at 0 days or total not 1;
/// `NoConvergence` where the counts bound no growth rate.
/// # Method
/// Wallinga & Lipsitch 2007, Proc R Soc B 274:599-604; growth by Poisson regression with profile likelihood
/// interval. Departs from it: the interval allows for overdispersion.
/// # Examples
/// ```
/// use wanquan_epi::delay::{DelayDistribution, DelayFamily};
/// use wanquan_epi::rt::r0::{estimate_r0_from_growth, R0Config};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Influenza A(H1N1)pdm in a Pennsylvania school, 2009: the rise (Cauchemez et al. 2011).
/// let rise = [1, 1, 0, 2, 5, 4, 7, 14, 25].map(Some).to_vec();
/// let rise = CountSeries::new(jiff::civil::date(2009, 4, 27), Step::Day, rise)?;
/// let w = DelayDistribution::from_mean_sd(DelayFamily::Gamma, 2.6, 1.5)?.round_to_days(14)?;
/// let found = estimate_r0_from_growth(&rise, 0..9, &w, &R0Config::recommended())?;
/// assert!(found.r0.lower > 1.5 && found.r0.upper < 4.5);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn estimate_r0_from_growth(
    cases: &CountSeries,
    range: Range<usize>,
    generation_time: &Pmf,
    config: &R0Config,
) -> Result<R0Estimate, Error> {
    let phase = Phase::new(cases, range, generation_time, config)?;
    let days: Vec<(f64, f64)> = phase.reported().collect();
    if days.iter().filter(|d| d.1 > 0.0).count() < 2 {
        return Err(Error::InvalidData {
            what: "cases",
            position: 0,
            why: "needs cases on two days or more",
        });
    }
    let y: Vec<f64> = days.iter().map(|d| d.1).collect();
    let mean = days.iter().map(|d| d.0).sum::<f64>() / days.len() as f64;
    let design = Design::new(days.len(), 2, |i, row| row.extend([1.0, days[i].0 - mean]));
    let fit = fit_poisson(&y, &design, Ending::Maximum)?;
    let rate = fit.coefficients[1];
    let residual: f64 = y.iter().zip(&fit.means).map(|(y, mu)| (y - mu).powi(2) / mu).sum();
    let dispersion = (residual / (days.len() as f64 - 2.0)).max(1.0);
    let profile = Profile { days: &days, rate };
    let z = normal_upper_quantile(0.5 * (1.0 - config.interval_prob));
    let r0_of = |rate: f64| reproduction_number(rate, generation_time, config.convention);
    let (lower, upper) = match config.convention {
        R0Convention::Corrected => {
            let half = z * dispersion.sqrt();
            (profile.crossing(-half)?, profile.crossing(half)?)
        }
        R0Convention::R0Package => reference::interpolated(&profile, fit.standard_error(1), z)?,
    };
    let r0 = Interval { estimate: r0_of(rate), lower: r0_of(lower), upper: r0_of(upper) };
    // Growth by orders of magnitude a day leaves no number that could be R0.
    if !(r0.lower.is_finite() && r0.estimate.is_finite() && r0.upper.is_finite()) {
        return Err(Error::NoConvergence { method: "R0 from growth", iterations: 0 });
    }
    Ok(R0Estimate {
        r0,
        growth_rate_per_day: Some(Interval { estimate: rate, lower, upper }),
        dispersion,
        days_used: days.len(),
    })
}

/// R0 by maximum likelihood of the daily cases given those before them.
///
/// # Input
/// As [`estimate_r0_from_growth`]; the first day's cases start the epidemic. A day after an unreported one
/// that the generation time reaches is left out.
/// # Errors
/// As [`estimate_r0_from_growth`]; `InvalidData` if no case has a possible infector in the range.
/// # Method
/// White & Pagano 2008, Stat Med 27:2999-3016: cases of a day are Poisson with mean R0 times the sum of
/// earlier cases weighted by the generation time, so R0 is the ratio of the sums; likelihood interval.
/// # Examples
/// ```
/// use wanquan_epi::delay::{DelayDistribution, DelayFamily};
/// use wanquan_epi::rt::r0::{R0Config, estimate_r0_by_likelihood};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Influenza A(H1N1)pdm in a Pennsylvania school, 2009: the rise (Cauchemez et al. 2011).
/// let rise = [1, 1, 0, 2, 5, 4, 7, 14, 25].map(Some).to_vec();
/// let rise = CountSeries::new(jiff::civil::date(2009, 4, 27), Step::Day, rise)?;
/// let w = DelayDistribution::from_mean_sd(DelayFamily::Gamma, 2.6, 1.5)?.round_to_days(14)?;
/// let found = estimate_r0_by_likelihood(&rise, 0..9, &w, &R0Config::recommended())?;
/// assert!(found.r0.lower > 1.5 && found.r0.upper < 4.5);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn estimate_r0_by_likelihood(
    cases: &CountSeries,
    range: Range<usize>,
    generation_time: &Pmf,
    config: &R0Config,
) -> Result<R0Estimate, Error> {
    let phase = Phase::new(cases, range, generation_time, config)?;
    let pairs = phase.with_infectors();
    let observed: f64 = pairs.iter().map(|p| p.0).sum();
    let expected: f64 = pairs.iter().map(|p| p.1).sum();
    if observed <= 0.0 || expected <= 0.0 {
        return Err(Error::InvalidData {
            what: "cases",
            position: 0,
            why: "no case has a possible infector",
        });
    }
    let r0 = observed / expected;
    let residual: f64 =
        pairs.iter().filter(|p| p.1 > 0.0).map(|(y, e)| (y - r0 * e).powi(2) / (r0 * e)).sum();
    let days_used = pairs.iter().filter(|p| p.1 > 0.0).count();
    let dispersion = (residual / (days_used as f64 - 1.0).max(1.0)).max(1.0);
    let z = normal_upper_quantile(0.5 * (1.0 - config.interval_prob));
    let drop = match config.convention {
        R0Convention::Corrected => 0.5 * z * z * dispersion,
        R0Convention::R0Package => z * z,
    };
    // log likelihood relative to its maximum, as a function of ln(R/R0).
    let loss = |log_ratio: f64| observed * (log_ratio.exp() - 1.0 - log_ratio);
    let end = |sign: f64| -> f64 {
        let mut far = sign;
        while loss(far) < drop {
            far *= 2.0;
        }
        let (mut near, mut far) = (0.0, far);
        for _ in 0..200 {
            let mid = 0.5 * (near + far);
            if mid == near || mid == far {
                break;
            }
            if loss(mid) < drop { near = mid } else { far = mid }
        }
        r0 * near.exp()
    };
    Ok(R0Estimate {
        r0: Interval { estimate: r0, lower: end(-1.0), upper: end(1.0) },
        growth_rate_per_day: None,
        dispersion,
        days_used,
    })
}

/// Reproduction number of an epidemic that grows with `rate` per day.
fn reproduction_number(rate: f64, generation_time: &Pmf, convention: R0Convention) -> f64 {
    let transform: f64 =
        generation_time.as_slice().iter().enumerate().map(|(k, w)| w * (-rate * k as f64).exp()).sum();
    match convention {
        R0Convention::Corrected => 1.0 / transform,
        // Uniform within [k, k + 1): (1 - exp(-r))/r of the above.
        R0Convention::R0Package if rate == 0.0 => 1.0 / transform,
        R0Convention::R0Package => rate / (-(-rate).exp_m1() * transform),
    }
}

/// The days used and the generation time, checked.
struct Phase<'a> {
    counts: &'a [Option<u32>],
    generation_time: &'a Pmf,
}

impl<'a> Phase<'a> {
    fn new(
        cases: &'a CountSeries,
        range: Range<usize>,
        generation_time: &'a Pmf,
        config: &R0Config,
    ) -> Result<Self, Error> {
        if !(config.interval_prob > 0.0 && config.interval_prob < 1.0) {
            return Err(Error::parameter("interval_prob", config.interval_prob, "must lie between 0 and 1"));
        }
        if cases.step() != Step::Day {
            return Err(Error::parameter("step", "not daily", "R0 needs daily counts"));
        }
        if range.start >= range.end || range.end > cases.len() {
            let range = format!("{}..{}", range.start, range.end);
            return Err(Error::parameter("range", range, "must be non-empty and inside the series"));
        }
        if generation_time.at(0) != 0.0 {
            let mass = generation_time.at(0);
            return Err(Error::parameter("generation_time", mass, "must have no mass at 0 days"));
        }
        // Far below the width of any interval, far above the rounding of published tables.
        if (generation_time.mass() - 1.0).abs() > 0.01 {
            return Err(Error::parameter("generation_time", generation_time.mass(), "must sum to 1"));
        }
        let counts = &cases.counts()[range];
        let got = counts.iter().flatten().count();
        if got < 5 {
            return Err(Error::TooShort { what: "reported days", got, need: 5 });
        }
        Ok(Self { counts, generation_time })
    }

    /// Day and count.
    fn reported(&self) -> impl Iterator<Item = (f64, f64)> {
        self.counts.iter().enumerate().filter_map(|(day, y)| Some((day as f64, f64::from((*y)?))))
    }

    /// Cases per day with the weighted sum of those before, from the second day on.
    fn with_infectors(&self) -> Vec<(f64, f64)> {
        let w = self.generation_time.as_slice();
        (1..self.counts.len())
            .filter_map(|day| {
                let lags = 1..w.len().min(day + 1);
                let pressure: Option<f64> = lags
                    .filter(|&k| w[k] > 0.0)
                    .map(|k| self.counts[day - k].map(|y| w[k] * f64::from(y)))
                    .sum();
                Some((f64::from(self.counts[day]?), pressure?))
            })
            .collect()
    }
}

/// Profile of the Poisson likelihood in the growth rate; the level has a closed form.
struct Profile<'a> {
    days: &'a [(f64, f64)],
    rate: f64,
}

impl Profile<'_> {
    fn log_likelihood(&self, rate: f64) -> f64 {
        // Relative to the last day, so that nothing overflows.
        let last = self.days.last().map_or(0.0, |d| d.0);
        let first = self.days.first().map_or(0.0, |d| d.0);
        let origin = if rate > 0.0 { last } else { first };
        let total: f64 = self.days.iter().map(|d| d.1).sum();
        let weighted: f64 = self.days.iter().map(|d| d.1 * (d.0 - origin)).sum();
        let sum: f64 = self.days.iter().map(|d| (rate * (d.0 - origin)).exp()).sum();
        rate * weighted - total * sum.ln()
    }

    /// Signed root of the deviance against the best rate.
    fn signed_root(&self, rate: f64) -> f64 {
        let drop = 2.0 * (self.log_likelihood(self.rate) - self.log_likelihood(rate));
        drop.max(0.0).sqrt() * (rate - self.rate).signum()
    }

    /// Rate at which the signed root takes `z`.
    fn crossing(&self, z: f64) -> Result<f64, Error> {
        let failed = || Error::NoConvergence { method: "profile likelihood", iterations: 60 };
        let mut far = 0.01 * z.signum();
        let mut doublings = 0;
        while self.signed_root(self.rate + far).abs() < z.abs() {
            far *= 2.0;
            doublings += 1;
            // A profile that levels off (cases on one end only) has no interval on that side.
            if doublings > 60 || !far.is_finite() {
                return Err(failed());
            }
        }
        let (mut near, mut far) = (self.rate, self.rate + far);
        for _ in 0..200 {
            let mid = 0.5 * (near + far);
            if mid == near || mid == far {
                break;
            }
            if self.signed_root(mid).abs() < z.abs() { near = mid } else { far = mid }
        }
        Ok(near)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(counts: &[Option<u32>]) -> CountSeries {
        CountSeries::new(jiff::civil::date(2024, 1, 1), Step::Day, counts.to_vec()).unwrap()
    }

    fn two_days() -> Pmf {
        Pmf::new(vec![0.0, 0.0, 1.0]).unwrap()
    }

    #[test]
    fn doubling_each_generation_of_two_days_means_two() {
        let s = series(&[100, 141, 200, 283, 400, 566, 800].map(Some));
        let config = R0Config::recommended();
        let growth = estimate_r0_from_growth(&s, 0..7, &two_days(), &config).unwrap();
        assert!((growth.r0.estimate - 2.0).abs() < 0.01, "{growth:?}");
        let likelihood = estimate_r0_by_likelihood(&s, 0..7, &two_days(), &config).unwrap();
        // The second day cannot have an infector at this interval: 141 cases without expectation.
        assert!(likelihood.r0.estimate > 2.0 && likelihood.r0.lower < 2.2, "{likelihood:?}");
        let half_day_more = R0Config { convention: R0Convention::R0Package, ..config };
        let package = estimate_r0_from_growth(&s, 0..7, &two_days(), &half_day_more).unwrap();
        assert!(package.r0.estimate > 2.3);
    }

    #[test]
    fn scatter_widens_the_interval() {
        let config = R0Config::recommended();
        let even = series(&[10, 13, 17, 22, 28, 37, 48, 62].map(Some));
        let uneven = series(&[10, 3, 30, 12, 50, 17, 28, 87].map(Some));
        let width = |s: &CountSeries| {
            let r = estimate_r0_from_growth(s, 0..8, &two_days(), &config).unwrap();
            r.growth_rate_per_day.map(|g| g.upper - g.lower).unwrap()
        };
        assert!(width(&uneven) > 2.0 * width(&even));
    }

    #[test]
    fn nothing_to_see_is_an_error() {
        let config = R0Config::recommended();
        let none = series(&[Some(0); 9]);
        assert!(estimate_r0_from_growth(&none, 0..9, &two_days(), &config).is_err());
        assert!(estimate_r0_by_likelihood(&none, 0..9, &two_days(), &config).is_err());
        let gaps = series(&[Some(1), None, Some(3), None, None, Some(2), None]);
        assert!(estimate_r0_by_likelihood(&gaps, 0..7, &two_days(), &config).is_err());
        assert!(estimate_r0_from_growth(&none, 0..12, &two_days(), &config).is_err());
    }
}
