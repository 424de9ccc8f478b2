//! Instantaneous reproduction number when the serial interval itself is uncertain.

use super::Incidence;
use super::cori::{
    NoEstimate, RtConfig, RtEstimate, RtPoint, RtSeries, check_windows, overall_infectivity, sliding,
};
use super::serial_interval::discretise_gamma;
use crate::draw::normal;
use crate::special::{gamma_pq, gamma_quantile, poisson_mass};
use crate::{Error, Pmf};
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Version of the numbers, recorded with stored results.
pub const VERSION: u32 = 1;

/// A parameter known up to a truncated normal distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UncertainDays {
    /// Mean before truncation, days.
    pub mean: f64,
    /// Standard deviation before truncation, days, > 0.
    pub sd: f64,
    /// Smallest value, days.
    pub min: f64,
    /// Largest value, days, > `min`.
    pub max: f64,
}

impl UncertainDays {
    fn check(&self, name: &'static str, above: f64) -> Result<(), Error> {
        let Self { mean, sd, min, max } = *self;
        if ![mean, sd, min, max].iter().all(|x| x.is_finite()) || sd <= 0.0 {
            return Err(Error::parameter(name, format!("{self:?}"), "must be finite with a positive sd"));
        }
        // The rejection below would hardly ever accept a range far out in the tail.
        if !(min < max && min - 4.0 * sd < mean && mean < max + 4.0 * sd) {
            return Err(Error::parameter(name, format!("{min}..{max}"), "must be a range around the mean"));
        }
        if min <= above {
            return Err(Error::parameter(name, min, "smallest value is too small for a serial interval"));
        }
        Ok(())
    }

    fn draw(&self, rng: &mut impl Rng) -> f64 {
        loop {
            let x = self.mean + self.sd * normal(rng);
            if (self.min..=self.max).contains(&x) {
                return x;
            }
        }
    }
}

/// A gamma serial interval whose mean and standard deviation are uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UncertainSerialInterval {
    /// Mean of the interval; its smallest value must be above 1 day.
    pub mean_days: UncertainDays,
    /// Standard deviation of the interval; draws above the mean drawn with it are rejected.
    pub sd_days: UncertainDays,
    /// Serial intervals drawn, 1 to 10,000. Recommended 500: their Monte Carlo error is a twentieth of the
    /// posterior's standard deviation.
    pub draws: usize,
}

impl UncertainSerialInterval {
    /// Draws means and standard deviations, in days.
    ///
    /// # Errors
    /// `InvalidParameter` outside the ranges stated for the fields.
    pub fn draw(&self, rng: &mut impl Rng) -> Result<Vec<(f64, f64)>, Error> {
        self.mean_days.check("mean_days", 1.0)?;
        self.sd_days.check("sd_days", 0.0)?;
        if self.sd_days.min >= self.mean_days.min {
            return Err(Error::parameter("sd_days", self.sd_days.min, "must start below the smallest mean"));
        }
        if !(1..=10_000).contains(&self.draws) {
            return Err(Error::parameter("draws", self.draws, "must be 1 to 10,000"));
        }
        // A standard deviation below every mean exists, but its draws may be too rare to wait for.
        let mut refused = 0_u32;
        let mut drawn = Vec::with_capacity(self.draws);
        while drawn.len() < self.draws {
            let (mean, sd) = (self.mean_days.draw(rng), self.sd_days.draw(rng));
            if sd <= mean {
                drawn.push((mean, sd));
            } else {
                refused += 1;
                if refused > 1_000_000 {
                    let sd = self.sd_days.mean;
                    return Err(Error::parameter(
                        "sd_days",
                        sd,
                        "hardly ever below the mean of the interval",
                    ));
                }
            }
        }
        Ok(drawn)
    }
}

/// As [`super::estimate_rt`] with a serial interval known up to a distribution of its mean and standard deviation.
///
/// # Output
/// The posterior is the mixture over the serial intervals drawn, each with its gamma posterior; its mean,
/// standard deviation and quantiles are computed from the mixture, not from further random draws.
/// # Errors
/// As [`super::estimate_rt`], and `InvalidParameter` outside the ranges of [`UncertainSerialInterval`].
/// # Method
/// Cori et al. 2013, Web Appendix 3. Departs from it: no sampling from each posterior.
/// # Examples
/// ```
/// use rand::SeedableRng;
/// use wanquan_epi::rt::{estimate_rt_uncertain, Incidence, RtConfig, UncertainDays, UncertainSerialInterval};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Influenza A(H1N1)pdm in a Pennsylvania school, 2009, first 18 days (Cauchemez et al. 2011).
/// let cases = [1, 1, 0, 2, 5, 4, 7, 14, 25, 24, 15, 8, 6, 1, 2, 1, 1, 0].map(Some).to_vec();
/// let cases = CountSeries::new(jiff::civil::date(2009, 4, 27), Step::Day, cases)?;
/// let interval = UncertainSerialInterval {
///     mean_days: UncertainDays { mean: 2.6, sd: 0.5, min: 1.6, max: 3.6 },
///     sd_days: UncertainDays { mean: 1.5, sd: 0.25, min: 1.0, max: 2.0 },
///     draws: 200,
/// };
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let incidence = Incidence::all_local(&cases)?;
/// let rt = estimate_rt_uncertain(&incidence, &interval, &RtConfig::recommended(), &mut rng)?;
/// let last = rt.points.last().and_then(|p| p.estimate.as_ref().ok()).expect("enough cases");
/// assert!(last.quantiles[2] < 1.0);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn estimate_rt_uncertain(
    incidence: &Incidence,
    serial_interval: &UncertainSerialInterval,
    config: &RtConfig,
    rng: &mut impl Rng,
) -> Result<RtSeries, Error> {
    let lag_days_max = (incidence.len() - 1).min(10_000);
    let intervals: Vec<Pmf> = serial_interval
        .draw(rng)?
        .into_iter()
        .map(|(mean, sd)| discretise_gamma(mean, sd, lag_days_max))
        .collect::<Result<_, _>>()?;
    estimate_rt_mixture(incidence, &intervals, &sliding(incidence, config)?, config)
}

/// Posterior averaged over several serial intervals with equal weight (draws from a posterior, estimates of
/// several studies), on windows as in [`super::estimate_rt_windows`].
///
/// # Output
/// A serial interval contributes to the windows that end after its mean, counted from day 0.
/// # Errors
/// `TooShort` without an interval, else as [`super::estimate_rt_windows`].
/// # Examples
/// ```
/// use wanquan_epi::rt::{Incidence, RtConfig, estimate_rt_mixture, serial_interval::discretise_gamma};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Influenza A(H1N1)pdm in a Pennsylvania school, 2009, first 18 days (Cauchemez et al. 2011).
/// let cases = [1, 1, 0, 2, 5, 4, 7, 14, 25, 24, 15, 8, 6, 1, 2, 1, 1, 0].map(Some).to_vec();
/// let cases = CountSeries::new(jiff::civil::date(2009, 4, 27), Step::Day, cases)?;
/// // Two studies disagree on the serial interval.
/// let intervals = [discretise_gamma(2.2, 1.2, 17)?, discretise_gamma(3.4, 1.8, 17)?];
/// let incidence = Incidence::all_local(&cases)?;
/// let rt = estimate_rt_mixture(&incidence, &intervals, &[5..9], &RtConfig::recommended())?;
/// assert!(rt.points[0].estimate.as_ref().expect("enough cases").mean > 1.5);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn estimate_rt_mixture(
    incidence: &Incidence,
    serial_intervals: &[Pmf],
    windows: &[Range<usize>],
    config: &RtConfig,
) -> Result<RtSeries, Error> {
    config.check()?;
    check_windows(incidence, windows)?;
    if serial_intervals.is_empty() {
        return Err(Error::TooShort { what: "serial intervals", got: 0, need: 1 });
    }
    if let Some(bad) = serial_intervals.iter().find(|w| w.at(0) != 0.0 || w.mass() <= 0.0) {
        return Err(Error::parameter("serial_interval", bad.at(0), "must have mass, but none at 0 days"));
    }
    let parts: Vec<Part> = serial_intervals
        .iter()
        .map(|w| Part { mean_days: w.mean(), infectivity: overall_infectivity(incidence, w) })
        .collect();
    let n = parts.len() as f64;
    Ok(RtSeries {
        method: "rt_cori_uncertain_si".to_owned(),
        method_version: VERSION,
        quantile_probs: config.quantile_probs.clone(),
        serial_interval_mean_days: parts.iter().map(|p| p.mean_days).sum::<f64>() / n,
        serial_interval_sd_days: serial_intervals.iter().map(Pmf::sd).sum::<f64>() / n,
        points: windows.iter().map(|window| point(incidence, &parts, window, config)).collect(),
    })
}

struct Part {
    mean_days: f64,
    infectivity: Vec<Option<f64>>,
}

fn point(incidence: &Incidence, parts: &[Part], window: &Range<usize>, config: &RtConfig) -> RtPoint {
    let local = &incidence.local()[window.clone()];
    let cases: u64 = local.iter().flatten().map(|&n| u64::from(n)).sum();
    let contributing: Vec<&Part> = parts.iter().filter(|p| window.end as f64 > p.mean_days).collect();
    let estimate = if contributing.is_empty() {
        Err(NoEstimate::BeforeFirstGeneration)
    } else if local.iter().any(Option::is_none) {
        Err(NoEstimate::Unreported)
    } else if cases < u64::from(config.cases_min) {
        Err(NoEstimate::TooFewCases { got: cases, min: config.cases_min })
    } else {
        contributing
            .iter()
            .map(|p| p.infectivity[window.clone()].iter().copied().sum::<Option<f64>>())
            .map(|pressure| Some(config.prior_rate() + pressure?))
            .collect::<Option<Vec<f64>>>()
            .map(|rates| mixture(config.prior_shape() + cases as f64, &rates, &config.quantile_probs))
            .ok_or(NoEstimate::Unreported)
    };
    RtPoint {
        window_start: incidence.date(window.start),
        window_end: incidence.date(window.end - 1),
        cases,
        estimate,
    }
}

/// Moments and quantiles of an equal mixture of gamma distributions of one shape.
fn mixture(shape: f64, rates: &[f64], probs: &[f64]) -> RtEstimate {
    let n = rates.len() as f64;
    let mean = rates.iter().map(|r| shape / r).sum::<f64>() / n;
    let second = rates.iter().map(|r| shape * (shape + 1.0) / (r * r)).sum::<f64>() / n;
    let table = GammaTable::new(shape);
    let lowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = rates.iter().copied().fold(0.0, f64::max);
    let quantile = |p: f64| {
        let alone = gamma_quantile(p, shape);
        let (mut low, mut high) = (alone / highest, alone / lowest);
        // The mixture's quantile lies between those of its extreme parts.
        for _ in 0..100 {
            if high - low <= 1e-10 * high {
                break;
            }
            let mid = 0.5 * (low + high);
            let below = rates.iter().map(|r| table.cdf(mid * r)).sum::<f64>() / n;
            if below < p { low = mid } else { high = mid }
        }
        0.5 * (low + high)
    };
    RtEstimate {
        mean,
        sd: (second - mean * mean).max(0.0).sqrt(),
        quantiles: probs.iter().map(|&p| quantile(p)).collect(),
    }
}

/// Distribution function of a gamma of scale 1 by cubic interpolation, which the thousands of evaluations of a
/// mixture need; 256 nodes leave an error below 1e-7.
struct GammaTable {
    start: f64,
    step: f64,
    nodes: Vec<(f64, f64)>,
}

impl GammaTable {
    fn new(shape: f64) -> Self {
        let (start, end) = (gamma_quantile(1e-10, shape), gamma_quantile(1.0 - 1e-10, shape));
        let step = (end - start) / 255.0;
        let nodes = (0..256)
            .map(|i| {
                let x = start + step * f64::from(i);
                (gamma_pq(shape, x).0, poisson_mass(shape, x) * shape / x.max(f64::MIN_POSITIVE))
            })
            .collect();
        Self { start, step, nodes }
    }

    fn cdf(&self, x: f64) -> f64 {
        let position = (x - self.start) / self.step;
        if position <= 0.0 {
            return 0.0;
        }
        if position >= 255.0 {
            return 1.0;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
        let i = position as usize;
        let t = position - i as f64;
        let ((p0, d0), (p1, d1)) = (self.nodes[i], self.nodes[i + 1]);
        let (d0, d1) = (d0 * self.step, d1 * self.step);
        let rise = p1 - p0;
        p0 + t * (d0 + t * (3.0 * rise - 2.0 * d0 - d1 + t * (d0 + d1 - 2.0 * rise)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::estimate_rt;
    use crate::{CountSeries, Step};
    use rand::SeedableRng;

    fn incidence() -> Incidence {
        let counts = [1, 2, 4, 7, 11, 18, 25, 31, 40, 38, 35, 30, 26, 20, 18, 12].map(Some).to_vec();
        Incidence::all_local(&CountSeries::new(jiff::civil::date(2024, 1, 1), Step::Day, counts).unwrap())
            .unwrap()
    }

    #[test]
    fn one_certain_interval_gives_the_plain_estimate() {
        let w = discretise_gamma(2.6, 1.5, 15).unwrap();
        let config = RtConfig::recommended();
        let plain = estimate_rt(&incidence(), &w, &config).unwrap();
        let windows = sliding(&incidence(), &config).unwrap();
        let mixed = estimate_rt_mixture(&incidence(), &[w.clone(), w], &windows, &config).unwrap();
        for (a, b) in plain.points.iter().zip(&mixed.points) {
            let (a, b) = (a.estimate.as_ref().unwrap(), b.estimate.as_ref().unwrap());
            assert!((a.mean - b.mean).abs() < 1e-12 && (a.sd - b.sd).abs() < 1e-9);
            for (p, q) in a.quantiles.iter().zip(&b.quantiles) {
                assert!((p - q).abs() < 1e-6 * p, "{p} {q}");
            }
        }
    }

    #[test]
    fn impossible_ranges_are_refused() {
        let ok = UncertainDays { mean: 3.0, sd: 0.5, min: 2.0, max: 4.0 };
        let sd = UncertainDays { mean: 1.5, sd: 0.2, min: 1.0, max: 2.0 };
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let mut draw = |mean_days, sd_days, draws| {
            UncertainSerialInterval { mean_days, sd_days, draws }.draw(&mut rng).map(|d| d.len())
        };
        assert_eq!(draw(ok, sd, 7), Ok(7));
        assert!(draw(ok, sd, 0).is_err());
        assert!(draw(UncertainDays { min: 0.5, ..ok }, sd, 7).is_err());
        assert!(draw(UncertainDays { min: 40.0, max: 50.0, ..ok }, sd, 7).is_err());
        assert!(draw(ok, UncertainDays { min: 3.0, max: 4.0, ..sd }, 7).is_err());
        assert!(draw(UncertainDays { mean: f64::NAN, ..ok }, sd, 7).is_err());
    }
}
