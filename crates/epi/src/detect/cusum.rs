//! CUSUM of standardised counts: small excesses add up until they matter.
//!
//! Question: has the level of the series shifted, even by little? Slower than a bound on a single count
//! for large jumps, faster for small lasting ones. Do not use it on series whose mean drifts: every
//! drift ends in an alarm.
//!
//! Complexity: O(steps since the chart began) per call; the fit of the mean once. Rossi et al. 1999,
//! Stat Med 18:2111; Pierce & Schafer 1986, J Am Stat Assoc 81:977; Hilbe 2007 (negative binomial).

use super::seasonal::{Family, Fitted, SeasonalMean};
use super::{Detection, DetectionSeries, Method, NotEvaluated, check_range};
use crate::glm::Ending;
use crate::{CountSeries, Error};
use serde::{Deserialize, Serialize};
use std::ops::Range;

pub(super) const METHOD: Method = Method { id: "cusum", version: 1 };

/// How a count is standardised before it is added.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Transform {
    /// (y - m)/sqrt(m).
    Standard,
    /// Rossi et al.: closer to normal for small means.
    Rossi,
    /// Anscombe residual of a Poisson count.
    Anscombe,
    /// Anscombe residual with the mean to second order.
    AnscombeSecondOrder,
    /// Pearson residual of a negative binomial count, variance m + alpha m^2.
    PearsonNegativeBinomial {
        /// Overdispersion, > 0.
        alpha: f64,
    },
    /// Anscombe residual of a negative binomial count, variance m + alpha m^2.
    AnscombeNegativeBinomial {
        /// Overdispersion, > 0.
        alpha: f64,
    },
    /// The count itself: `reference_shift` and `decision_limit` are then in cases.
    None,
}

/// What happens to the sum after an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterAlarm {
    /// It starts again from 0.
    Restart,
    /// It goes on, and alarms until it has fallen.
    Continue,
}

/// How the bound shown is computed; alarms depend on it for the negative binomial Anscombe residual, and where the mean
/// is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CusumForm {
    /// The largest count that would not have alarmed.
    Corrected,
    /// As R's `surveillance::algo.cusum`: the inverse transform where it has one, what is left of the limit
    /// where it has none, and a coarse table for the negative binomial Anscombe residual. Where the mean is 0, or the
    /// table ends (alpha times count or mean above 100), the sum is no number from there on and nothing alarms.
    Surveillance,
}

/// Parameters of [`cusum`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CusumConfig {
    /// Steps at the beginning of the series from which the mean is estimated, >= 2 unless it is known; the chart begins
    /// after them. Recommended 104: two years of weeks.
    pub training_steps: usize,
    /// In-control mean where it is known, cases per step, > 0; it takes the place of `mean`. Recommended `None`.
    #[serde(default)]
    pub known_mean: Option<f64>,
    /// In-control mean; `None` = the training steps' average. Recommended: one harmonic, no trend.
    pub mean: Option<SeasonalMean>,
    /// k: excess per step that is let pass, standard deviations, >= 0. Recommended 1.04 (Rossi et al.: a
    /// run of 500 steps between false alarms, shifts of two standard deviations found in 7).
    pub reference_shift: f64,
    /// h: sum that alarms, standard deviations, > 0. Recommended 2.26.
    pub decision_limit: f64,
    /// Recommended `rossi`.
    pub transform: Transform,
    /// Recommended `restart`.
    pub after_alarm: AfterAlarm,
    /// Recommended `corrected`.
    pub form: CusumForm,
}

impl CusumConfig {
    /// Two years of training, one harmonic, Rossi's standardisation and limits.
    pub fn recommended() -> Self {
        Self {
            training_steps: 104,
            known_mean: None,
            mean: Some(SeasonalMean { harmonics: 1, trend: super::MeanTrend::Constant }),
            reference_shift: 1.04,
            decision_limit: 2.26,
            transform: Transform::Rossi,
            after_alarm: AfterAlarm::Restart,
            form: CusumForm::Corrected,
        }
    }

    fn check(&self) -> Result<(), Error> {
        if let Some(mean) = self.known_mean {
            if !(mean > 0.0 && mean.is_finite()) {
                return Err(Error::parameter("known_mean", mean, "must be finite and positive"));
            }
        } else if self.training_steps < 2 {
            return Err(Error::parameter("training_steps", self.training_steps, "must be at least 2"));
        }
        if let Some(mean) = &self.mean {
            mean.check()?;
        }
        if !(self.reference_shift >= 0.0 && self.reference_shift.is_finite()) {
            return Err(Error::parameter("reference_shift", self.reference_shift, "must not be negative"));
        }
        if !(self.decision_limit > 0.0 && self.decision_limit.is_finite()) {
            return Err(Error::parameter("decision_limit", self.decision_limit, "must be positive"));
        }
        match self.transform {
            Transform::PearsonNegativeBinomial { alpha } | Transform::AnscombeNegativeBinomial { alpha }
                if !(alpha > 0.0 && alpha.is_finite()) =>
            {
                Err(Error::parameter("alpha", alpha, "must be finite and positive"))
            }
            _ => Ok(()),
        }
    }
}

/// CUSUM chart.
///
/// # Output
/// `score` is the sum after the step, `expected` the in-control mean; no `p_value`. The chart runs from
/// the end of the training steps whatever `range` asks for. An unreported step leaves the sum as it was.
/// # Errors
/// `InvalidParameter`; `TooShort` or `NoConvergence` if the mean cannot be fitted.
/// # Examples
/// ```
/// use wanquan_epi::detect::{CusumConfig, cusum};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let found = cusum(&series, &CusumConfig::recommended(), 400..528)?;
/// // The outbreak from mung bean sprouts in the autumn of 2011.
/// assert!(found.alarms().any(|step| step.date.to_string() == "2011-10-31"));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn cusum(
    series: &CountSeries,
    config: &CusumConfig,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    config.check()?;
    check_range(series, &range)?;
    let begin = config.training_steps;
    if range.end <= begin {
        return Ok(DetectionSeries::new(METHOD, series, range, |t, _| {
            Err(NotEvaluated::HistoryTooShort { got: t, need: begin })
        }));
    }
    let mut chart = Chart::new(series, config)?;
    for t in begin..range.start.max(begin) {
        if let Some(y) = series.counts()[t] {
            chart.push(t, y);
        }
    }
    Ok(DetectionSeries::new(METHOD, series, range, |t, y| {
        if t < begin {
            return Err(NotEvaluated::HistoryTooShort { got: t, need: begin });
        }
        Ok(chart.push(t, y))
    }))
}

/// A running chart.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    config: CusumConfig,
    mean: Mean,
    sum: f64,
}

#[derive(Debug, Clone)]
enum Mean {
    Constant(f64),
    Seasonal(Box<Fitted>),
}

impl Chart {
    /// At the end of the training steps, which the series must hold.
    pub(super) fn new(series: &CountSeries, config: &CusumConfig) -> Result<Self, Error> {
        config.check()?;
        let begin = config.training_steps;
        let ending = match config.form {
            CusumForm::Corrected => Ending::Maximum,
            CusumForm::Surveillance => Ending::Reference,
        };
        let mean = match (config.known_mean, &config.mean) {
            (Some(mean), _) => Mean::Constant(mean),
            (None, Some(model)) => {
                Mean::Seasonal(Box::new(model.fit(series, 0..begin, Family::Poisson, ending)?))
            }
            (None, None) => {
                let known: Vec<f64> =
                    series.counts()[..begin].iter().flatten().map(|&y| f64::from(y)).collect();
                if known.is_empty() {
                    return Err(Error::TooShort { what: "training steps", got: 0, need: 1 });
                }
                Mean::Constant(known.iter().sum::<f64>() / known.len() as f64)
            }
        };
        Ok(Self { config: *config, mean, sum: 0.0 })
    }

    /// The next reported step; its number gives the season.
    pub(super) fn push(&mut self, t: usize, y: u32) -> Detection {
        let mean = match &self.mean {
            Mean::Constant(mean) => *mean,
            Mean::Seasonal(fitted) => fitted.mean(t),
        };
        let (k, h) = (self.config.reference_shift, self.config.decision_limit);
        let before = self.sum;
        let y = f64::from(y);
        let form = self.config.form;
        let after = |y: f64| {
            let sum = before + (self.config.transform.apply(y, mean, form) - k);
            if sum < 0.0 { 0.0 } else { sum }
        };
        // A training period without a case leaves 0/0: nothing to compare with. The reference never recovers from it.
        let now = after(y);
        let now = if now.is_finite() || form == CusumForm::Surveillance { now } else { before };
        let alarm = now >= h;
        let upper = match form {
            CusumForm::Corrected => largest_below(&after, h),
            CusumForm::Surveillance => Some(reference_bound(&self.config, mean, before, now)),
        };
        self.sum = if alarm && self.config.after_alarm == AfterAlarm::Restart { 0.0 } else { now };
        // A trend or season extrapolated far enough leaves the numbers.
        let finite = |x: f64| x.is_finite().then_some(x);
        Detection {
            expected: finite(mean),
            upper: upper.and_then(finite),
            score: finite(now),
            p_value: None,
            alarm,
        }
    }
}

impl Transform {
    fn apply(self, y: f64, m: f64, form: CusumForm) -> f64 {
        let z = match self {
            Self::None => y,
            // A mean of 0 (no case in training) makes any count infinitely unusual and none ordinary.
            _ if m <= 0.0 && y == 0.0 && form == CusumForm::Corrected => 0.0,
            Self::Standard => (y - m) / m.sqrt(),
            Self::Rossi => (y - 3.0 * m + 2.0 * (y * m).sqrt()) / (2.0 * m.sqrt()),
            Self::Anscombe => 1.5 * (two_thirds(y) - two_thirds(m)) / m.powf(1.0 / 6.0),
            Self::AnscombeSecondOrder => {
                (two_thirds(y) - (two_thirds(m) - 1.0 / (9.0 * m.cbrt()))) / (2.0 / 3.0 * m.powf(1.0 / 6.0))
            }
            Self::PearsonNegativeBinomial { alpha } => (y - m) / (m + alpha * m * m).sqrt(),
            Self::AnscombeNegativeBinomial { alpha } => {
                let scale = (m + alpha * m * m).powf(1.0 / 6.0);
                (anscombe_integral(y, alpha, form) - anscombe_integral(m, alpha, form)) / scale
            }
        };
        match form {
            // A chart that jumps to infinity never comes back; any finite limit is passed all the same.
            CusumForm::Corrected => z.min(1e9),
            CusumForm::Surveillance => z,
        }
    }
}

fn two_thirds(x: f64) -> f64 {
    x.cbrt().powi(2)
}

/// Largest whole count for which the rising function stays below `limit`; `None` if even 0 reaches it.
fn largest_below(after: &impl Fn(f64) -> f64, limit: f64) -> Option<f64> {
    if after(0.0) >= limit {
        return None;
    }
    let mut high = 1.0;
    while after(high) < limit {
        high *= 2.0;
        if high > 1e12 {
            return None;
        }
    }
    let mut low = 0.0;
    while high - low > 1.0 {
        let mid = (0.5 * (low + high)).floor();
        if after(mid) < limit { low = mid } else { high = mid }
    }
    Some(low)
}

/// The bound as the reference reports it.
fn reference_bound(config: &CusumConfig, m: f64, before: f64, now: f64) -> f64 {
    let (k, h) = (config.reference_shift, config.decision_limit);
    let left = h + k - before;
    let root = m.sqrt();
    let bound = match config.transform {
        Transform::Rossi => 2.0 * root * left + 5.0 * m - 2.0 * (4.0 * m * m + 2.0 * m * root * left).sqrt(),
        Transform::Standard => (root * left + m).ceil(),
        Transform::Anscombe => (2.0 / 3.0 * m.powf(1.0 / 6.0) * left + two_thirds(m)).max(0.0).powf(1.5),
        Transform::AnscombeSecondOrder => {
            (2.0 / 3.0 * m.powf(1.0 / 6.0) * left + (two_thirds(m) - m.cbrt() / 9.0)).max(0.0).powf(1.5)
        }
        Transform::PearsonNegativeBinomial { alpha } => (m + alpha * m * m).sqrt() * left + m,
        Transform::AnscombeNegativeBinomial { .. } | Transform::None => h - now,
    };
    if bound.is_nan() { 0.0 } else { bound.max(0.0) }
}

/// Integral of (t + alpha t^2)^(-1/3) from 0 to y.
fn anscombe_integral(y: f64, alpha: f64, form: CusumForm) -> f64 {
    match form {
        CusumForm::Corrected => exact_integral(y, alpha),
        CusumForm::Surveillance => {
            // The reference tabulates the hypergeometric factor (with errors of 10^-10): hundredths down to -10, whole
            // numbers with linear interpolation from there to -100.
            let x = alpha * y;
            let at = |x: f64| if x > 0.0 { exact_integral(x, 1.0) / (1.5 * two_thirds(x)) } else { 1.0 };
            let factor = if x <= 10.0 {
                let row = (x * 100.0).floor();
                let (below, above) = (row / 100.0, (row + 1.0) / 100.0);
                at(if above - x < x - below { above } else { below })
            } else if x <= 100.0 {
                let low = x.ceil() - 1.0;
                at(low + 1.0) + (at(low) - at(low + 1.0)) * (low + 1.0 - x)
            } else {
                f64::NAN
            };
            1.5 * two_thirds(y) * factor
        }
    }
}

fn exact_integral(y: f64, alpha: f64) -> f64 {
    /// From here on the expansion in 1/(alpha y) is the better one.
    const FAR: f64 = 50.0;
    let near = |x: f64| {
        // 1.5 x^(2/3) 2F1(1/3, 2/3; 5/3; -x) after Pfaff's transformation; terms fall like w^n.
        let w = x / (1.0 + x);
        let (mut term, mut sum, mut n) = (1.0, 0.0, 0.0);
        while term > 1e-17 * (1.0 + sum) {
            sum += term;
            term *= (1.0 / 3.0 + n) / (5.0 / 3.0 + n) * w;
            n += 1.0;
        }
        1.5 * two_thirds(x) * (1.0 + x).powf(-1.0 / 3.0) * sum
    };
    let far = |x: f64| {
        let (mut coefficient, mut sum, mut power) = (1.0, 0.0, x.cbrt());
        for k in 0..20 {
            let k = f64::from(k);
            sum += coefficient * power / (1.0 / 3.0 - k);
            coefficient *= (-1.0 / 3.0 - k) / (k + 1.0);
            power /= x;
        }
        sum
    };
    let x = alpha * y;
    let scaled = if x <= FAR { near(x) } else { near(FAR) + far(x) - far(FAR) };
    // t = s/alpha turns the integral into alpha^(-2/3) times that for alpha = 1.
    scaled / two_thirds(alpha)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Step;

    #[test]
    fn the_negative_binomial_residual_integrates_its_variance() {
        for (y, alpha) in [(0.5, 0.1), (30.0, 0.1), (499.0, 0.1), (501.0, 0.1), (1e6, 2.0)] {
            let d = 1e-3 * y;
            let slope = (exact_integral(y + d, alpha) - exact_integral(y - d, alpha)) / (2.0 * d);
            let want = (y + alpha * y * y).powf(-1.0 / 3.0);
            assert!((slope / want - 1.0).abs() < 1e-5, "{y} {alpha}: {slope} {want}");
        }
    }

    #[test]
    fn the_bound_is_the_largest_count_without_alarm() {
        let mut counts: Vec<Option<u32>> = (0..160_u32).map(|t| Some(5 + t * 7 % 6)).collect();
        let series = CountSeries::new(jiff::civil::date(2020, 1, 6), Step::Week, counts.clone()).unwrap();
        let config = CusumConfig::recommended();
        let last = cusum(&series, &config, 159..160).unwrap().steps[0];
        let upper = last.upper().unwrap();
        for (count, alarm) in [(upper, false), (upper + 1.0, true)] {
            counts[159] = Some(format!("{count}").parse().unwrap());
            let series = CountSeries::new(jiff::civil::date(2020, 1, 6), Step::Week, counts.clone()).unwrap();
            assert_eq!(cusum(&series, &config, 159..160).unwrap().steps[0].alarm(), alarm, "{count}");
        }
    }

    #[test]
    fn a_known_mean_needs_no_training() {
        let series = CountSeries::new(jiff::civil::date(2020, 1, 6), Step::Week, vec![Some(5); 20]).unwrap();
        let config = |mean| CusumConfig {
            training_steps: 0,
            known_mean: Some(mean),
            transform: Transform::Standard,
            ..CusumConfig::recommended()
        };
        let found = cusum(&series, &config(4.0), 0..20).unwrap();
        // (5 - 4)/2 is below the shift that is let pass; (5 - 1)/1 is not.
        assert!(found.steps.iter().all(|s| s.score() == Some(0.0) && s.expected() == Some(4.0)));
        assert!(cusum(&series, &config(1.0), 0..20).unwrap().steps[0].alarm());
        assert!(cusum(&series, &config(0.0), 0..20).is_err());
    }

    #[test]
    fn after_training_without_a_case_only_the_reference_falls_silent() {
        let mut counts = vec![Some(0); 40];
        counts[30] = Some(9);
        let series = CountSeries::new(jiff::civil::date(2020, 1, 6), Step::Week, counts).unwrap();
        let with = |form| {
            let config = CusumConfig { training_steps: 20, mean: None, form, ..CusumConfig::recommended() };
            cusum(&series, &config, 20..40).unwrap()
        };
        assert!(with(CusumForm::Corrected).steps[10].alarm());
        let reference = with(CusumForm::Surveillance);
        assert!(reference.steps.iter().all(|s| s.score().is_none() && !s.alarm()));
    }

    #[test]
    fn a_small_lasting_shift_alarms_although_no_single_count_stands_out() {
        let counts = (0..160_u32).map(|t| Some(20 + t * 7 % 5 + if t >= 140 { 7 } else { 0 })).collect();
        let series = CountSeries::new(jiff::civil::date(2020, 1, 6), Step::Week, counts).unwrap();
        let found = cusum(&series, &CusumConfig::recommended(), 104..160).unwrap();
        let first = found.alarms().next().unwrap().index;
        assert!((141..150).contains(&first), "{first}");
    }
}
