//! EARS C1, C2 and C3: the newest count against the mean of a week or so before it.
//!
//! Question: is today's count high compared with the last few days? Made for daily syndromic data
//! without years of history. Do not use it where a year of history exists and the season matters, for
//! slow rises (the baseline rises along), or for series with a weekday pattern and a baseline that is
//! no multiple of 7.
//!
//! Complexity: O(1) per step after the first, by rolling integer sums, which are exact, so the variance
//! does not suffer from cancellation. 5,000 regions x 60 diseases x 365 days: 110 million steps, a few
//! seconds on one core.
//!
//! Hutwagner et al. 2003, J Urban Health 80(2 Suppl 1):i89; Fricker et al. 2008, Stat Med 27:3407;
//! minimum standard deviation: Tokars et al. 2009, Emerg Infect Dis 15:533.

use super::{Detection, DetectionSeries, Method, NotEvaluated, check_alpha, check_range};
use crate::special::{normal_upper_quantile, normal_upper_tail};
use crate::{CountSeries, Error};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;

pub(super) const METHOD_C1: Method = Method { id: "ears_c1", version: 1 };
pub(super) const METHOD_C2: Method = Method { id: "ears_c2", version: 1 };
pub(super) const METHOD_C3: Method = Method { id: "ears_c3", version: 1 };

/// Steps left out between the baseline and the step under test by C2 and C3.
const GUARD_STEPS: usize = 2;

/// Parameters of C1 and C2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarsConfig {
    /// Steps in the baseline, 3 to 366. Recommended 7: one value of each weekday.
    pub baseline_steps: usize,
    /// Reported steps the baseline must hold at least, 2 to `baseline_steps`; unreported ones are left
    /// out of mean and standard deviation. Recommended 5: two lost days of seven are tolerable.
    pub reported_min: usize,
    /// Lower limit of the standard deviation, cases, >= 0. Recommended 0.5: with 0 a single case after
    /// a week of zeros is an alarm.
    pub sd_min: f64,
    /// One-sided tail probability of a normal distribution, 0 to 1. Recommended 0.001, which is close
    /// to the three standard deviations of the original.
    pub alpha_prob: f64,
}

impl EarsConfig {
    /// Seven steps, five reported, standard deviation at least 0.5, three standard deviations.
    pub fn recommended() -> Self {
        Self { baseline_steps: 7, reported_min: 5, sd_min: 0.5, alpha_prob: 0.001 }
    }

    fn check(&self) -> Result<(), Error> {
        check_alpha(self.alpha_prob)?;
        if !(3..=366).contains(&self.baseline_steps) {
            return Err(Error::parameter(
                "baseline_steps",
                self.baseline_steps,
                "must lie between 3 and 366",
            ));
        }
        if !(2..=self.baseline_steps).contains(&self.reported_min) {
            return Err(Error::parameter(
                "reported_min",
                self.reported_min,
                "must lie between 2 and baseline_steps",
            ));
        }
        if !(self.sd_min >= 0.0 && self.sd_min.is_finite()) {
            return Err(Error::parameter("sd_min", self.sd_min, "must be finite and not negative"));
        }
        Ok(())
    }
}

/// Which of two published forms of C3 is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum C3Form {
    /// The definition of the papers: the exceedances C2 - 1 of this step and the two before are summed.
    Textbook,
    /// As R's `surveillance::earsC` computes it: the bound starts from the observed count and sums the
    /// two earlier exceedances only, so the current count has no say (beyond being above zero). For
    /// comparison with published results only.
    Surveillance,
}

/// Parameters of C3.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarsC3Config {
    /// Baseline as for C2. Recommended `alpha_prob` 0.025, which is close to the original's limit of 2.
    pub ears: EarsConfig,
    /// Recommended `Textbook`.
    pub form: C3Form,
}

impl EarsC3Config {
    /// Baseline as recommended for C2, limit near 2, textbook form.
    pub fn recommended() -> Self {
        Self { ears: EarsConfig { alpha_prob: 0.025, ..EarsConfig::recommended() }, form: C3Form::Textbook }
    }
}

/// The three methods, for [`ears_panel`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EarsVariant {
    /// See [`ears_c1`].
    C1(EarsConfig),
    /// See [`ears_c2`].
    C2(EarsConfig),
    /// See [`ears_c3`].
    C3(EarsC3Config),
}

/// Bounds and alarms of one series, one entry per step from its first.
#[derive(Debug, Clone, PartialEq)]
pub struct EarsBounds {
    /// Largest count without alarm; `None` where the step was not evaluated or the bound is undefined.
    pub upper: Vec<Option<f64>>,
    /// True where the step raises an alarm.
    pub alarm: Vec<bool>,
}

/// EARS C1: alarm if the count exceeds mean + z sd of the `baseline_steps` steps just before.
///
/// # Output
/// `expected` is the mean, `score` the number of standard deviations above it (`None` if both are zero),
/// `p_value` its normal tail.
/// # Errors
/// `InvalidParameter` for a parameter or range that is not admissible.
/// # Method
/// See the module. A baseline with fewer than `reported_min` reported steps gives no verdict.
/// # Examples
/// ```
/// use wanquan_epi::detect::{EarsConfig, ears_c1};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let found = ears_c1(&series, &EarsConfig::recommended(), 400..528)?;
/// // The outbreak from mung bean sprouts in the autumn of 2011.
/// assert!(found.alarms().any(|step| step.date.to_string() == "2011-10-31"));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn ears_c1(
    series: &CountSeries,
    config: &EarsConfig,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    mean_sd_detector(METHOD_C1, series, config, 0, range)
}

/// EARS C2: as [`ears_c1`] with the two steps just before the tested one left out of the baseline, so
/// that an outbreak's first days do not raise its own bound.
///
/// # Errors
/// `InvalidParameter` for a parameter or range that is not admissible.
/// # Examples
/// ```
/// use wanquan_epi::detect::{EarsConfig, ears_c2};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let found = ears_c2(&series, &EarsConfig::recommended(), 400..528)?;
/// // The outbreak from mung bean sprouts in the autumn of 2011.
/// assert!(found.alarms().any(|step| step.date.to_string() == "2011-10-31"));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn ears_c2(
    series: &CountSeries,
    config: &EarsConfig,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    mean_sd_detector(METHOD_C2, series, config, GUARD_STEPS, range)
}

/// EARS C3: the exceedances max(0, C2 - 1) of this step and the two before, summed, against z.
///
/// # Output
/// `score` is the sum, `expected` the mean of the step's C2 baseline, `upper` the largest count that
/// would not alarm (0 if the two earlier steps alone suffice: then any case alarms). A sum has no simple
/// null distribution, so there is no `p_value`. An earlier step that has no C2 adds nothing.
/// # Errors
/// `InvalidParameter` for a parameter or range that is not admissible.
/// # Examples
/// ```
/// use wanquan_epi::detect::{EarsC3Config, ears_c3};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let found = ears_c3(&series, &EarsC3Config::recommended(), 400..528)?;
/// // The outbreak from mung bean sprouts in the autumn of 2011.
/// assert!(found.alarms().any(|step| step.date.to_string() == "2011-10-31"));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn ears_c3(
    series: &CountSeries,
    config: &EarsC3Config,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    config.ears.check()?;
    check_range(series, &range)?;
    let counts = series.counts();
    let z = normal_upper_quantile(config.ears.alpha_prob);
    let need = config.ears.baseline_steps + 2 * GUARD_STEPS;
    // The oldest baseline that the first step of the range looks at ends four steps before it.
    let first = range.start.saturating_sub(2 * GUARD_STEPS);
    let baselines = baselines(counts, &config.ears, first..range.end);
    Ok(DetectionSeries::new(METHOD_C3, series, range, |t, y| {
        if t < need {
            return Err(NotEvaluated::HistoryTooShort { got: t, need });
        }
        let now = baselines[t - GUARD_STEPS - first].verdict(&config.ears)?;
        let earlier = [2, 1].map(|lag| {
            let baseline = baselines[t - lag - GUARD_STEPS - first].verdict(&config.ears).ok()?;
            Some(baseline.standardised(f64::from(counts[t - lag]?)))
        });
        Ok(c3_verdict(config.form, z, f64::from(y), now, earlier))
    }))
}

/// Bounds and alarms of every step of many series, in parallel: the nightly run over a whole country.
/// Steps that cannot be evaluated have no bound and no alarm; [`super::detect()`] tells why.
///
/// # Errors
/// `InvalidParameter` for a parameter that is not admissible.
/// # Examples
/// ```
/// use wanquan_epi::detect::{EarsConfig, EarsVariant, ears_panel};
/// use wanquan_epi::{CountSeries, Step};
///
/// let start = jiff::civil::date(2024, 3, 1);
/// let counts = [3, 2, 4, 3, 3, 2, 4, 3, 12].map(Some).to_vec();
/// let panel = [CountSeries::new(start, Step::Day, counts)?];
/// let bounds = ears_panel(&panel, &EarsVariant::C1(EarsConfig::recommended()))?;
/// assert!(bounds[0].alarm[8] && !bounds[0].alarm[7]);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn ears_panel(panel: &[CountSeries], variant: &EarsVariant) -> Result<Vec<EarsBounds>, Error> {
    let (config, lag) = match variant {
        EarsVariant::C1(config) => (config, 0),
        EarsVariant::C2(config) => (config, GUARD_STEPS),
        EarsVariant::C3(config) => (&config.ears, GUARD_STEPS),
    };
    config.check()?;
    let z = normal_upper_quantile(config.alpha_prob);
    Ok(panel
        .par_iter()
        .with_min_len(16)
        .map(|series| {
            let counts = series.counts();
            let baselines = baselines(counts, config, 0..counts.len());
            let mut bounds = EarsBounds { upper: vec![None; counts.len()], alarm: vec![false; counts.len()] };
            let need = config.baseline_steps + lag;
            let mut earlier = [None, None];
            for t in need..counts.len() {
                let Some(y) = counts[t].map(f64::from) else {
                    earlier = [earlier[1], None];
                    continue;
                };
                let Ok(now) = baselines[t - lag].verdict(config) else {
                    earlier = [earlier[1], None];
                    continue;
                };
                match variant {
                    EarsVariant::C1(_) | EarsVariant::C2(_) => {
                        let upper = now.mean + z * now.sd;
                        bounds.upper[t] = Some(upper);
                        bounds.alarm[t] = y > upper;
                    }
                    EarsVariant::C3(c3) => {
                        if t >= need + GUARD_STEPS {
                            let verdict = c3_verdict(c3.form, z, y, now, earlier);
                            bounds.upper[t] = verdict.upper;
                            bounds.alarm[t] = verdict.alarm;
                        }
                        earlier = [earlier[1], Some(now.standardised(y))];
                    }
                }
            }
            bounds
        })
        .collect())
}

fn mean_sd_detector(
    method: Method,
    series: &CountSeries,
    config: &EarsConfig,
    lag: usize,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    config.check()?;
    check_range(series, &range)?;
    let z = normal_upper_quantile(config.alpha_prob);
    let need = config.baseline_steps + lag;
    let first = range.start.saturating_sub(lag);
    let baselines = baselines(series.counts(), config, first..range.end);
    Ok(DetectionSeries::new(method, series, range, |t, y| {
        if t < need {
            return Err(NotEvaluated::HistoryTooShort { got: t, need });
        }
        let now = baselines[t - lag - first].verdict(config)?;
        let y = f64::from(y);
        let upper = now.mean + z * now.sd;
        let score = finite(now.standardised(y));
        Ok(Detection {
            expected: Some(now.mean),
            upper: Some(upper),
            score,
            p_value: score.map(normal_upper_tail),
            alarm: y > upper,
        })
    }))
}

/// `earlier`: C2 of the steps two and one before; `None` where they had none.
fn c3_verdict(form: C3Form, z: f64, y: f64, now: Baseline, earlier: [Option<f64>; 2]) -> Detection {
    let (upper, score) = match form {
        C3Form::Textbook => {
            // f64::max passes over the undefined 0/0 of a step that equals a constant baseline.
            let excess = |c2: f64| (c2 - 1.0).max(0.0);
            let before: f64 = earlier.iter().flatten().map(|&c2| excess(c2)).sum();
            let upper = if before > z { 0.0 } else { (now.mean + now.sd * (z - before + 1.0)).max(0.0) };
            (Some(upper), before + excess(now.standardised(y)))
        }
        C3Form::Surveillance => {
            // There an undefined C2, also that of a gap, makes the bound undefined and suppresses the alarm.
            let excess = |c2: f64| if c2.is_nan() { c2 } else { (c2 - 1.0).max(0.0) };
            let before: f64 = earlier.iter().map(|c2| excess(c2.unwrap_or(f64::NAN))).sum();
            let upper = y + now.sd * (z - before);
            (if upper.is_nan() { None } else { Some(upper.max(0.0)) }, before)
        }
    };
    Detection {
        expected: Some(now.mean),
        upper,
        score: finite(score),
        p_value: None,
        alarm: upper.is_some_and(|u| y > u),
    }
}

/// Mean and standard deviation (not below `sd_min`) of a baseline.
#[derive(Debug, Clone, Copy)]
struct Baseline {
    mean: f64,
    sd: f64,
    reported: usize,
}

impl Baseline {
    fn verdict(self, config: &EarsConfig) -> Result<Self, NotEvaluated> {
        if self.reported < config.reported_min {
            return Err(NotEvaluated::TooFewReported { got: self.reported, need: config.reported_min });
        }
        Ok(self)
    }

    /// Infinite or NaN if the baseline has no spread.
    fn standardised(self, y: f64) -> f64 {
        (y - self.mean) / self.sd
    }
}

/// For each step of `range` the baseline that ends just before it; steps with less history have none
/// reported enough. Rolling sums of integers: exact, and O(1) per step.
fn baselines(counts: &[Option<u32>], config: &EarsConfig, range: Range<usize>) -> Vec<Baseline> {
    let width = config.baseline_steps;
    let newest = counts[range.start.saturating_sub(width)..range.end].iter().flatten().max();
    // n^2 y^2 fits 64 bits for any count below 2^23 and width up to 366; beyond that 128 bits do.
    if newest.is_none_or(|&y| y < 1 << 23) {
        rolling::<u64>(counts, config, range)
    } else {
        rolling::<u128>(counts, config, range)
    }
}

/// Unsigned integer wide enough for the sums.
trait Wide:
    Copy + From<u32> + std::ops::Add<Output = Self> + std::ops::Sub<Output = Self> + std::ops::Mul<Output = Self>
{
    fn to_f64(self) -> f64;
    const ZERO: Self;
}

impl Wide for u64 {
    const ZERO: Self = 0;
    fn to_f64(self) -> f64 {
        self as f64
    }
}

impl Wide for u128 {
    const ZERO: Self = 0;
    fn to_f64(self) -> f64 {
        self as f64
    }
}

fn rolling<T: Wide>(counts: &[Option<u32>], config: &EarsConfig, range: Range<usize>) -> Vec<Baseline> {
    let width = config.baseline_steps;
    let (mut n, mut sum, mut squares) = (0_u32, T::ZERO, T::ZERO);
    for y in counts[range.start.saturating_sub(width)..range.start].iter().flatten() {
        let y = T::from(*y);
        (n, sum, squares) = (n + 1, sum + y, squares + y * y);
    }
    let mut result = Vec::with_capacity(range.len());
    for t in range {
        let reported = n as usize;
        result.push(if n < 2 {
            Baseline { mean: 0.0, sd: config.sd_min, reported }
        } else {
            let wide_n = T::from(n);
            let spread = (wide_n * squares - sum * sum).to_f64();
            let n = f64::from(n);
            Baseline {
                mean: sum.to_f64() / n,
                sd: (spread / (n * (n - 1.0))).sqrt().max(config.sd_min),
                reported,
            }
        });
        if let Some(y) = counts[t] {
            let y = T::from(y);
            (n, sum, squares) = (n + 1, sum + y, squares + y * y);
        }
        if let Some(y) = t.checked_sub(width).and_then(|old| counts[old]) {
            let y = T::from(y);
            (n, sum, squares) = (n - 1, sum - y, squares - y * y);
        }
    }
    result
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}
