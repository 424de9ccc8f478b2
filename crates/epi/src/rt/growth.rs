//! Exponential growth: rate per day and doubling time, each with an interval.
//!
//! Question: how fast do cases grow or decline over a stretch of days? Do not use it across a turning
//! point, or over days whose reports are still coming in.

use crate::glm::{Design, Ending, fit_negative_binomial, fit_poisson};
use crate::special::{normal_upper_quantile, t_quantile_two_sided};
use crate::{CountSeries, Error, Step};
use serde::{Deserialize, Serialize};
use std::f64::consts::LN_2;
use std::ops::Range;

/// Version of the numbers, recorded with stored results.
pub const VERSION: u32 = 1;

/// Parameters of the growth estimates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrowthConfig {
    /// Probability of the interval, 0 to 1. Recommended 0.95.
    pub interval_prob: f64,
    /// Fewest reported steps, >= 3. Recommended 7: with fewer the weekday pattern passes for growth.
    pub steps_min: usize,
}

impl GrowthConfig {
    /// 95 % interval, at least 7 steps.
    pub fn recommended() -> Self {
        Self { interval_prob: 0.95, steps_min: 7 }
    }

    fn check(&self) -> Result<(), Error> {
        if !(self.interval_prob > 0.0 && self.interval_prob < 1.0) {
            return Err(Error::parameter("interval_prob", self.interval_prob, "must lie between 0 and 1"));
        }
        if self.steps_min < 3 {
            return Err(Error::parameter("steps_min", self.steps_min, "must be at least 3"));
        }
        Ok(())
    }
}

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Best estimate.
    pub estimate: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// Growth over a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// Growth rate r per day: cases change by exp(r) from one day to the next. Negative in decline.
    pub rate_per_day: Interval,
    /// Days in which cases double; `None` unless the whole interval of the rate is above 0.
    pub doubling_time_days: Option<Interval>,
    /// Days in which cases halve; `None` unless the whole interval of the rate is below 0.
    pub halving_time_days: Option<Interval>,
    /// Steps that entered the fit.
    pub steps_used: usize,
    /// Reported steps that could not enter it (zeros in the log-linear fit).
    pub steps_dropped: usize,
    /// Size of the negative binomial (variance mu + mu^2/size); `None` for other methods, or without
    /// overdispersion.
    pub negative_binomial_size: Option<f64>,
    /// Log-likelihood; `None` for the log-linear fit.
    pub log_likelihood: Option<f64>,
}

/// Least squares on log counts, t interval. Days without cases have no logarithm and are dropped, which
/// biases the rate towards 0 in sparse data; prefer [`estimate_growth_negative_binomial`] there.
///
/// # Input
/// `range`: 0-based half-open steps of `series` (daily or weekly); unreported steps are left out.
/// # Errors
/// `TooShort` for fewer than `config.steps_min` usable steps, `InvalidParameter` for parameters, a range
/// outside the series, or a monthly series, whose steps differ in length.
/// # Examples
/// ```
/// use wanquan_epi::rt::growth::{GrowthConfig, estimate_growth_log_linear};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Influenza A(H1N1)pdm in a Pennsylvania school, 2009: the rise (Cauchemez et al. 2011).
/// let rise = [1, 1, 0, 2, 5, 4, 7, 14, 25].map(Some).to_vec();
/// let rise = CountSeries::new(jiff::civil::date(2009, 4, 27), Step::Day, rise)?;
/// let growth = estimate_growth_log_linear(&rise, 0..9, &GrowthConfig::recommended())?;
/// // The third day has no case and no logarithm.
/// assert!(growth.steps_dropped == 1 && growth.rate_per_day.lower > 0.0);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn estimate_growth_log_linear(
    series: &CountSeries,
    range: Range<usize>,
    config: &GrowthConfig,
) -> Result<Growth, Error> {
    let points = Points::new(series, range, config)?;
    let kept: Vec<(f64, f64)> =
        points.t.iter().zip(&points.y).filter(|(_, y)| **y > 0.0).map(|(&t, y)| (t, y.ln())).collect();
    check_enough(kept.len(), config)?;
    let n = kept.len() as f64;
    let mean_t = kept.iter().map(|p| p.0).sum::<f64>() / n;
    let mean_z = kept.iter().map(|p| p.1).sum::<f64>() / n;
    let spread: f64 = kept.iter().map(|p| (p.0 - mean_t).powi(2)).sum();
    let slope = kept.iter().map(|p| (p.0 - mean_t) * (p.1 - mean_z)).sum::<f64>() / spread;
    let rest: f64 = kept.iter().map(|p| (p.1 - mean_z - slope * (p.0 - mean_t)).powi(2)).sum();
    let half = t_quantile_two_sided(1.0 - config.interval_prob, n - 2.0) * (rest / (n - 2.0) / spread).sqrt();
    Ok(growth(slope, half, kept.len(), points.y.len() - kept.len()))
}

/// Poisson regression, Wald interval. The interval is too narrow when counts scatter more than Poisson;
/// then use [`estimate_growth_negative_binomial`].
///
/// # Errors
/// As [`estimate_growth_log_linear`].
/// # Examples
/// ```
/// use wanquan_epi::rt::growth::{GrowthConfig, estimate_growth_poisson};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Influenza A(H1N1)pdm in a Pennsylvania school, 2009: the rise (Cauchemez et al. 2011).
/// let rise = [1, 1, 0, 2, 5, 4, 7, 14, 25].map(Some).to_vec();
/// let rise = CountSeries::new(jiff::civil::date(2009, 4, 27), Step::Day, rise)?;
/// let growth = estimate_growth_poisson(&rise, 0..9, &GrowthConfig::recommended())?;
/// assert!(growth.rate_per_day.lower > 0.2 && growth.rate_per_day.upper < 0.7);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn estimate_growth_poisson(
    series: &CountSeries,
    range: Range<usize>,
    config: &GrowthConfig,
) -> Result<Growth, Error> {
    let points = Points::new(series, range, config)?;
    let (design, scale) = points.design();
    let fit = fit_poisson(&points.y, &design, Ending::Maximum)?;
    let z = normal_upper_quantile(0.5 * (1.0 - config.interval_prob));
    let log_likelihood = points
        .y
        .iter()
        .zip(&fit.means)
        .map(|(&y, &mu)| y * mu.ln() - mu - crate::special::ln_gamma(y + 1.0))
        .sum();
    Ok(Growth {
        log_likelihood: Some(log_likelihood),
        ..growth(fit.coefficients[1] / scale, z * fit.standard_error(1) / scale, points.y.len(), 0)
    })
}

/// Negative binomial regression, Wald interval: the recommended estimate. Its interval allows for
/// scatter beyond Poisson.
///
/// # Errors
/// As [`estimate_growth_poisson`].
/// # Examples
/// ```
/// use wanquan_epi::rt::growth::{estimate_growth_negative_binomial, GrowthConfig};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Influenza A(H1N1)pdm in a Pennsylvania school, 2009: the rise (Cauchemez et al. 2011).
/// let rise = [1, 1, 0, 2, 5, 4, 7, 14, 25].map(Some).to_vec();
/// let rise = CountSeries::new(jiff::civil::date(2009, 4, 27), Step::Day, rise)?;
/// let growth = estimate_growth_negative_binomial(&rise, 0..9, &GrowthConfig::recommended())?;
/// let days = growth.doubling_time_days.expect("clearly growing");
/// assert!(days.lower < days.estimate && days.estimate < 3.0);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn estimate_growth_negative_binomial(
    series: &CountSeries,
    range: Range<usize>,
    config: &GrowthConfig,
) -> Result<Growth, Error> {
    let points = Points::new(series, range, config)?;
    let (design, scale) = points.design();
    let found = fit_negative_binomial(&points.y, &design)?;
    let z = normal_upper_quantile(0.5 * (1.0 - config.interval_prob));
    let half = z * found.fit.standard_error(1) / scale;
    Ok(Growth {
        negative_binomial_size: found.size,
        log_likelihood: Some(found.log_likelihood),
        ..growth(found.fit.coefficients[1] / scale, half, points.y.len(), 0)
    })
}

fn growth(rate: f64, half: f64, steps_used: usize, steps_dropped: usize) -> Growth {
    let rate = Interval { estimate: rate, lower: rate - half, upper: rate + half };
    // The faster the growth, the shorter the time: the ends change places.
    let time =
        |r: Interval| Interval { estimate: LN_2 / r.estimate, lower: LN_2 / r.upper, upper: LN_2 / r.lower };
    let decline = Interval { estimate: -rate.estimate, lower: -rate.upper, upper: -rate.lower };
    Growth {
        rate_per_day: rate,
        doubling_time_days: (rate.lower > 0.0).then(|| time(rate)),
        halving_time_days: (decline.lower > 0.0).then(|| time(decline)),
        steps_used,
        steps_dropped,
        negative_binomial_size: None,
        log_likelihood: None,
    }
}

/// Reported counts of the range with their time in days.
struct Points {
    t: Vec<f64>,
    y: Vec<f64>,
}

impl Points {
    fn new(series: &CountSeries, range: Range<usize>, config: &GrowthConfig) -> Result<Self, Error> {
        config.check()?;
        if range.start >= range.end || range.end > series.len() {
            return Err(Error::parameter(
                "range",
                format!("{}..{}", range.start, range.end),
                "must be non-empty and inside the series",
            ));
        }
        let step_days = match series.step() {
            Step::Day => 1.0,
            Step::Week => 7.0,
            Step::Month => return Err(Error::parameter("step", "month", "growth needs equal steps")),
        };
        let (mut t, mut y) = (Vec::new(), Vec::new());
        for (i, count) in series.counts()[range].iter().enumerate() {
            if let Some(count) = count {
                t.push(i as f64 * step_days);
                y.push(f64::from(*count));
            }
        }
        check_enough(t.len(), config)?;
        if y.iter().all(|&y| y == 0.0) {
            // Any rate fits nothing: the interval would say so, in numbers that look like a finding.
            return Err(Error::TooShort { what: "list of steps with a case", got: 0, need: 1 });
        }
        Ok(Self { t, y })
    }

    /// Intercept and centred time divided by the returned scale.
    fn design(&self) -> (Design, f64) {
        let n = self.t.len() as f64;
        let mean = self.t.iter().sum::<f64>() / n;
        let scale = (self.t.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / n).sqrt();
        (Design::new(self.t.len(), 2, |i, row| row.extend([1.0, (self.t[i] - mean) / scale])), scale)
    }
}

fn check_enough(got: usize, config: &GrowthConfig) -> Result<(), Error> {
    if got < config.steps_min {
        return Err(Error::TooShort { what: "usable steps", got, need: config.steps_min });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(counts: &[u32]) -> CountSeries {
        let counts = counts.iter().map(|&n| Some(n)).collect();
        CountSeries::new(jiff::civil::date(2024, 1, 1), Step::Day, counts).unwrap()
    }

    #[test]
    fn doubling_every_day_is_found_by_all_three() {
        let s = series(&[10, 20, 40, 80, 160, 320, 640, 1280]);
        let config = GrowthConfig::recommended();
        for found in [
            estimate_growth_log_linear(&s, 0..8, &config).unwrap(),
            estimate_growth_poisson(&s, 0..8, &config).unwrap(),
            estimate_growth_negative_binomial(&s, 0..8, &config).unwrap(),
        ] {
            assert!((found.rate_per_day.estimate - LN_2).abs() < 1e-6, "{found:?}");
            assert!((found.doubling_time_days.unwrap().estimate - 1.0).abs() < 1e-6);
            assert!(found.halving_time_days.is_none());
        }
    }

    #[test]
    fn a_decline_has_a_halving_time_and_a_level_stretch_has_neither() {
        let config = GrowthConfig::recommended();
        let fall = series(&[640, 320, 160, 80, 40, 20, 10]);
        let found = estimate_growth_poisson(&fall, 0..7, &config).unwrap();
        assert!(found.doubling_time_days.is_none());
        assert!((found.halving_time_days.unwrap().estimate - 1.0).abs() < 1e-6);
        let level = series(&[20, 25, 19, 22, 24, 18, 21]);
        let found = estimate_growth_negative_binomial(&level, 0..7, &config).unwrap();
        assert!(found.doubling_time_days.is_none() && found.halving_time_days.is_none());
    }

    #[test]
    fn weeks_are_seven_days() {
        let counts = [10, 20, 40, 80, 160, 320, 640].map(Some).to_vec();
        let s = CountSeries::new(jiff::civil::date(2024, 1, 1), Step::Week, counts).unwrap();
        let found = estimate_growth_poisson(&s, 0..7, &GrowthConfig::recommended()).unwrap();
        assert!((found.doubling_time_days.unwrap().estimate - 7.0).abs() < 1e-6);
    }

    #[test]
    fn all_zeros_or_too_few_steps_are_an_error() {
        let config = GrowthConfig::recommended();
        for estimate in
            [estimate_growth_log_linear, estimate_growth_poisson, estimate_growth_negative_binomial]
        {
            assert!(matches!(
                estimate(&series(&[0; 10]), 0..10, &config),
                Err(Error::TooShort { got: 0, .. })
            ));
        }
        assert!(estimate_growth_poisson(&series(&[3; 6]), 0..6, &config).is_err());
        assert!(estimate_growth_poisson(&series(&[3; 6]), 0..9, &config).is_err());
    }
}
