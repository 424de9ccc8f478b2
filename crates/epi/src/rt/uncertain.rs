//! Instantaneous reproduction number when the serial interval itself is uncertain.

use super::Incidence;
use super::cori::{
    NoEstimate, RtConfig, RtEstimate, RtPoint, RtSeries, check_windows, overall_infectivity, sliding,
};
use super::serial_interval::discretise_gamma;
use crate::draw::normal;
use crate::special::{gamma_pq, gamma_quantile, ln_gamma, poisson_mass};
use crate::{Error, Pmf};
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Version of the numbers, recorded with stored results.
pub const VERSION: u32 = 2;

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
    // Beyond the series too, so that an interval's mean is the one drawn: it says which windows are too early.
    // 20 deviations leave out less than 1e-8 of the mean.
    let reach = serial_interval.mean_days.max + 20.0 * serial_interval.sd_days.max;
    let lag_days_max =
        (0..10_000).find(|&day| day as f64 >= reach).unwrap_or(10_000).max(incidence.len() - 1);
    let lag_days_max = lag_days_max.min(10_000);
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
/// A serial interval contributes to the windows that end after the mean of the mass it holds, counted from day 0
/// (give it beyond the series where that matters).
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
    let ln_rates: Vec<f64> = rates.iter().map(|r| r.ln()).collect();
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
            let ln_mid = mid.ln();
            let below = ln_rates.iter().map(|r| table.cdf(ln_mid + r)).sum::<f64>() / n;
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
/// mixture need. In the logarithm of x, where it is smooth for any shape (for shapes below 1 its slope at 0 is
/// infinite); 512 nodes leave an error below 1e-8.
struct GammaTable {
    shape: f64,
    ln_start: f64,
    step: f64,
    nodes: Vec<(f64, f64)>,
}

impl GammaTable {
    const NODES: u16 = 512;
    /// Below it the first terms of the series are exact to 1e-12.
    const SMALL: f64 = 1e-4;

    fn new(shape: f64) -> Self {
        let ln_start = gamma_quantile(1e-12, shape).max(Self::SMALL).ln();
        let ln_end = gamma_quantile(1.0 - 1e-12, shape).max(2.0 * Self::SMALL).ln();
        let step = (ln_end - ln_start) / f64::from(Self::NODES - 1);
        let nodes = (0..Self::NODES)
            .map(|i| {
                let x = (ln_start + step * f64::from(i)).exp();
                (gamma_pq(shape, x).0, poisson_mass(shape, x) * shape * step)
            })
            .collect();
        Self { shape, ln_start, step, nodes }
    }

    fn cdf(&self, ln_x: f64) -> f64 {
        let position = (ln_x - self.ln_start) / self.step;
        if position <= 0.0 {
            let (a, x) = (self.shape, ln_x.exp());
            if x > Self::SMALL {
                return gamma_pq(a, x).0;
            }
            let series = 1.0 - x * a / (a + 1.0) + 0.5 * x * x * a / (a + 2.0);
            return (a * ln_x - ln_gamma(a + 1.0)).exp() * series;
        }
        if position >= f64::from(Self::NODES - 1) {
            return 1.0;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and NODES")]
        let i = position as usize;
        let t = position - i as f64;
        let ((p0, d0), (p1, d1)) = (self.nodes[i], self.nodes[i + 1]);
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
    fn a_mixture_has_the_asked_share_below_its_quantile_for_any_shape() {
        let probs = [0.001, 0.025, 0.25, 0.5, 0.75, 0.975, 0.999];
        for shape in [0.01, 0.25, 0.9, 1.25, 4.0, 30.0, 2.5e3, 1e6] {
            // Nearly equal rates, so that the interpolation is searched, not only bracketed.
            let got = mixture(shape, &[2.0 * (1.0 - 1e-3), 2.0 * (1.0 + 1e-3)], &probs);
            for (prob, got) in probs.into_iter().zip(got.quantiles) {
                let below = |x: f64| gamma_pq(shape, x * 1.998).0 + gamma_pq(shape, x * 2.002).0;
                assert!((below(got) / (2.0 * prob) - 1.0).abs() < 1e-6, "{shape} {prob}: {got}");
            }
        }
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
