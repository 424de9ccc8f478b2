//! Likelihood-ratio control charts for seasonal counts, Poisson or negative binomial.
//!
//! Question: since when, if at all, have counts been above (or below) their seasonal mean, or have cases
//! begun to breed cases? Needs two or more years of undisturbed history for the mean. Do not use them
//! where the mean drifts: refit often, or take a Farrington method.
//!
//! Complexity: with n steps since the last alarm, O(n) per step (Poisson) or O(n^2) (negative binomial,
//! estimated change); `window_steps` bounds n. Höhle & Paul 2008, Comput Stat Data Anal 52:4357; Höhle
//! 2006; Held, Höhle & Hofmann 2005, Stat Model 5:187 (epidemic alternative).

mod stretch;

use super::seasonal::{Family, Fitted, SeasonalMean};
use super::{Detection, DetectionSeries, MeanTrend, Method, NotEvaluated, check_range};
use crate::glm::Ending;
use crate::{CountSeries, Error};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use stretch::Stretch;

pub(super) const METHOD_POISSON: Method = Method { id: "glr_poisson", version: 1 };
pub(super) const METHOD_NEGATIVE_BINOMIAL: Method = Method { id: "glr_negative_binomial", version: 1 };

/// What the chart looks for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// The mean is multiplied by an unknown factor.
    Factor {
        /// Whether the factor is above or below 1.
        direction: Direction,
    },
    /// The mean is multiplied by a known factor.
    KnownFactor {
        /// Logarithm of the factor, not 0; below 0 for fewer cases.
        log_factor: f64,
    },
    /// Each case of the step before brings an unknown number of further cases.
    Epidemic,
}

/// Direction of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More cases.
    Increase,
    /// Fewer cases, for example because reports stay out.
    Decrease,
}

/// What happens to the in-control mean after an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeanAfterAlarm {
    /// It stays.
    Keep,
    /// It is fitted again to all steps up to the alarm.
    Refit,
}

/// Whose numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GlrForm {
    /// The likelihood ratio of each alternative.
    Corrected,
    /// As R's `surveillance::algo.glrnb`: the windowed Poisson chart sees its first change one step late,
    /// a decrease to zero cases has no ratio, the epidemic chart stops looking once a change has no
    /// offspring, and the negative binomial epidemic chart takes the estimate of another model. For
    /// comparison with published results only.
    Surveillance,
}

/// Parameters of [`glr_poisson`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GlrConfig {
    /// Steps at the beginning of the series from which the mean is estimated; the chart begins after
    /// them. Recommended 104: two years of weeks.
    pub training_steps: usize,
    /// In-control mean. Recommended: one harmonic, no trend.
    pub mean: SeasonalMean,
    /// Recommended `keep`.
    pub mean_after_alarm: MeanAfterAlarm,
    /// Recommended: an increase by an unknown factor.
    pub change: Change,
    /// Log likelihood ratio that alarms, > 0. Recommended 5.
    pub limit: f64,
    /// Oldest change looked for, steps back; `None` = since the last alarm. Recommended 52.
    pub window_steps: Option<usize>,
    /// Steps a change must have lasted, >= 1. Recommended 1.
    pub change_steps_min: usize,
    /// Recommended `corrected`.
    pub form: GlrForm,
}

impl GlrForm {
    /// How the mean is fitted.
    fn ending(self) -> Ending {
        match self {
            Self::Corrected => Ending::Maximum,
            Self::Surveillance => Ending::Reference,
        }
    }
}

impl GlrConfig {
    /// Two years of training, one harmonic, increases within the last 52 steps, limit 5.
    pub fn recommended() -> Self {
        Self {
            training_steps: 104,
            mean: SeasonalMean { harmonics: 1, trend: MeanTrend::Constant },
            mean_after_alarm: MeanAfterAlarm::Keep,
            change: Change::Factor { direction: Direction::Increase },
            limit: 5.0,
            window_steps: Some(52),
            change_steps_min: 1,
            form: GlrForm::Corrected,
        }
    }

    /// Whether a ratio is an alarm; ties alarm or not as in the papers' charts.
    fn alarms(&self, alpha: Option<f64>, score: f64) -> bool {
        match (self.change, alpha) {
            (Change::KnownFactor { .. }, _) | (Change::Epidemic, None) => score > self.limit,
            _ => score >= self.limit,
        }
    }

    fn check(&self) -> Result<(), Error> {
        self.mean.check()?;
        if !(self.limit > 0.0 && self.limit.is_finite()) {
            return Err(Error::parameter("limit", self.limit, "must be finite and positive"));
        }
        if self.change_steps_min == 0 {
            return Err(Error::parameter("change_steps_min", 0, "must be at least 1"));
        }
        if self.window_steps.is_some_and(|w| w < self.change_steps_min) {
            return Err(Error::parameter("window_steps", "short", "must hold change_steps_min"));
        }
        match self.change {
            Change::KnownFactor { log_factor } if log_factor == 0.0 || !log_factor.is_finite() => {
                Err(Error::parameter("log_factor", log_factor, "must be finite and not 0"))
            }
            _ => Ok(()),
        }
    }
}

/// Parameters of [`glr_negative_binomial`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GlrNegativeBinomialConfig {
    /// The chart.
    pub chart: GlrConfig,
    /// Overdispersion alpha, variance mu + alpha mu^2, > 0; `None` = estimated from the training steps.
    /// Recommended `None`.
    pub alpha: Option<f64>,
}

impl GlrNegativeBinomialConfig {
    fn check(&self) -> Result<(), Error> {
        match self.alpha {
            Some(alpha) if !(alpha > 0.0 && alpha.is_finite()) => {
                Err(Error::parameter("alpha", alpha, "must be finite and positive"))
            }
            _ => Ok(()),
        }
    }

    /// The chart at the end of the training steps.
    pub(super) fn chart(&self, series: &CountSeries) -> Result<Chart, Error> {
        self.check()?;
        Chart::new(series, &self.chart, Dispersion::NegativeBinomial(self.alpha))
    }

    /// As for Poisson counts, overdispersion estimated.
    pub fn recommended() -> Self {
        Self { chart: GlrConfig::recommended(), alpha: None }
    }
}

/// Poisson likelihood-ratio chart.
///
/// # Output
/// `score` is the log likelihood ratio, `expected` the in-control mean, `upper` for increases the largest
/// count without alarm. No `p_value`. The chart runs from the end of the training steps whatever `range`
/// asks for, and starts again after each alarm. Unreported steps are left out.
/// # Errors
/// `InvalidParameter`; `TooShort` or `NoConvergence` if the mean cannot be fitted.
/// # Examples
/// ```
/// use wanquan_epi::detect::{GlrConfig, glr_poisson};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let found = glr_poisson(&series, &GlrConfig::recommended(), 400..528)?;
/// // The outbreak from mung bean sprouts in the autumn of 2011.
/// assert!(found.alarms().any(|step| step.date.to_string() == "2011-10-31"));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn glr_poisson(
    series: &CountSeries,
    config: &GlrConfig,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    chart(METHOD_POISSON, series, config, Dispersion::Poisson, range)
}

/// Negative binomial likelihood-ratio chart: as [`glr_poisson`] for counts that scatter more.
///
/// # Output
/// As [`glr_poisson`].
/// # Errors
/// As [`glr_poisson`].
/// # Examples
/// ```
/// use wanquan_epi::detect::{GlrNegativeBinomialConfig, glr_negative_binomial};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let found = glr_negative_binomial(&series, &GlrNegativeBinomialConfig::recommended(), 400..528)?;
/// // The outbreak from mung bean sprouts in the autumn of 2011.
/// assert!(found.alarms().any(|step| step.date.to_string() == "2011-11-07"));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn glr_negative_binomial(
    series: &CountSeries,
    config: &GlrNegativeBinomialConfig,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    config.check()?;
    let dispersion = Dispersion::NegativeBinomial(config.alpha);
    chart(METHOD_NEGATIVE_BINOMIAL, series, &config.chart, dispersion, range)
}

/// Overdispersion alpha that [`glr_negative_binomial`] works with: the given one, or that of the training steps. `None`
/// where these do not scatter more than Poisson counts.
///
/// # Errors
/// As [`glr_negative_binomial`].
/// # Examples
/// ```
/// use wanquan_epi::detect::{GlrNegativeBinomialConfig, glr_overdispersion};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let alpha = glr_overdispersion(&series, &GlrNegativeBinomialConfig::recommended())?;
/// assert!(alpha.is_some_and(|alpha| alpha > 0.0));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn glr_overdispersion(
    series: &CountSeries,
    config: &GlrNegativeBinomialConfig,
) -> Result<Option<f64>, Error> {
    if series.len() < config.chart.training_steps {
        let (got, need) = (series.len(), config.chart.training_steps);
        return Err(Error::TooShort { what: "training steps", got, need });
    }
    Ok(config.chart(series)?.stretch.alpha)
}

/// Distribution of the counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Dispersion {
    Poisson,
    /// With the given overdispersion, or the one found.
    NegativeBinomial(Option<f64>),
}

impl Dispersion {
    fn family(self) -> Family {
        match self {
            Self::Poisson => Family::Poisson,
            Self::NegativeBinomial(alpha) => Family::NegativeBinomial { alpha },
        }
    }
}

fn chart(
    method: Method,
    series: &CountSeries,
    config: &GlrConfig,
    dispersion: Dispersion,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    config.check()?;
    check_range(series, &range)?;
    let begin = config.training_steps;
    if range.end <= begin {
        return Ok(DetectionSeries::new(method, series, range, |t, _| {
            Err(NotEvaluated::HistoryTooShort { got: t, need: begin })
        }));
    }
    let mut chart = Chart::new(series, config, dispersion)?;
    for t in begin..range.start.max(begin) {
        chart.push(series, t, Bound::Left)?;
    }
    let mut verdicts = Vec::with_capacity(range.len());
    for t in range.start.max(begin)..range.end {
        verdicts.push(chart.push(series, t, Bound::Wanted)?);
    }
    let first = range.start.max(begin);
    Ok(DetectionSeries::from_results(method, series, range, |t, y| {
        let y = y.map(f64::from).ok_or(NotEvaluated::NotReported);
        if t < begin {
            return y.and(Err(NotEvaluated::HistoryTooShort { got: t, need: begin }));
        }
        verdicts[t - first].ok_or(NotEvaluated::NotReported)
    }))
}

/// Whether the largest count without alarm is sought, which costs more than the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Wanted,
    Left,
}

/// A running chart.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    config: GlrConfig,
    dispersion: Dispersion,
    fitted: Fitted,
    stretch: Stretch,
}

impl Chart {
    /// At the end of the training steps, which the series must hold.
    pub(super) fn new(
        series: &CountSeries,
        config: &GlrConfig,
        dispersion: Dispersion,
    ) -> Result<Self, Error> {
        config.check()?;
        let fitted =
            config.mean.fit(series, 0..config.training_steps, dispersion.family(), config.form.ending())?;
        let alpha = match dispersion {
            Dispersion::Poisson => None,
            Dispersion::NegativeBinomial(given) => given.or(fitted.alpha),
        };
        Ok(Self { config: *config, dispersion, fitted, stretch: Stretch::new(alpha) })
    }

    /// Step `t` of the series; `None` if it was not reported.
    pub(super) fn push(
        &mut self,
        series: &CountSeries,
        t: usize,
        bound: Bound,
    ) -> Result<Option<Detection>, Error> {
        let Some(y) = series.counts()[t].map(f64::from) else { return Ok(None) };
        let Self { config, stretch, .. } = self;
        let mu = self.fitted.mean(t);
        let upper = if bound == Bound::Wanted { stretch.upper(config, mu) } else { None };
        let score = stretch.push(config, y, mu);
        let alarm = config.alarms(stretch.alpha, score);
        if alarm {
            stretch.restart(y);
            if config.mean_after_alarm == MeanAfterAlarm::Refit {
                let family = match (config.form, stretch.alpha) {
                    // The reference keeps the overdispersion that it found first.
                    (GlrForm::Surveillance, Some(alpha)) => Family::NegativeBinomial { alpha: Some(alpha) },
                    _ => self.dispersion.family(),
                };
                self.fitted = config.mean.fit(series, 0..t + 1, family, config.form.ending())?;
            }
        }
        // A trend extrapolated far enough leaves the numbers.
        let expected = mu.is_finite().then_some(mu);
        Ok(Some(Detection { expected, upper, score: Some(score.max(0.0)), p_value: None, alarm }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Step;

    fn series(counts: Vec<Option<u32>>) -> CountSeries {
        CountSeries::new(jiff::civil::date(2020, 1, 6), Step::Week, counts).unwrap()
    }

    fn wobble(n: u32) -> Vec<Option<u32>> {
        (0..n).map(|t| Some(8 + t * 7 % 5)).collect()
    }

    #[test]
    fn doubled_counts_alarm_with_each_alternative() {
        let mut counts = wobble(160);
        for slot in &mut counts[130..160] {
            *slot = slot.map(|y| 2 * y + 3);
        }
        let s = series(counts);
        for change in [
            Change::Factor { direction: Direction::Increase },
            Change::KnownFactor { log_factor: 0.7 },
            Change::Epidemic,
        ] {
            let poisson = GlrConfig { change, ..GlrConfig::recommended() };
            let found = glr_poisson(&s, &poisson, 104..160).unwrap();
            let first = found.alarms().next().unwrap().index;
            assert!((130..134).contains(&first), "{change:?} {first}");
            let nb = GlrNegativeBinomialConfig { chart: poisson, alpha: Some(0.05) };
            let found = glr_negative_binomial(&s, &nb, 104..160).unwrap();
            let first = found.alarms().next().unwrap().index;
            assert!((130..138).contains(&first), "{change:?} {first}");
        }
    }

    #[test]
    fn a_known_factor_below_one_finds_half_the_counts() {
        let mut counts = wobble(140);
        for slot in &mut counts[120..140] {
            *slot = slot.map(|y| y / 2);
        }
        let change = Change::KnownFactor { log_factor: -0.7 };
        let config = GlrConfig { change, ..GlrConfig::recommended() };
        let found = glr_poisson(&series(counts), &config, 104..140).unwrap();
        let first = found.alarms().next().unwrap();
        assert!((120..126).contains(&first.index) && first.upper().is_none(), "{first:?}");
        let nothing = GlrConfig { change: Change::KnownFactor { log_factor: 0.0 }, ..config };
        assert!(glr_poisson(&series(wobble(140)), &nothing, 104..140).is_err());
    }

    #[test]
    fn counts_that_do_not_scatter_have_no_overdispersion() {
        let config = GlrNegativeBinomialConfig::recommended();
        assert_eq!(glr_overdispersion(&series(wobble(140)), &config).unwrap(), None);
        assert!(glr_overdispersion(&series(wobble(80)), &config).is_err());
    }

    #[test]
    fn a_silent_reporter_is_a_decrease() {
        let mut counts = wobble(140);
        for slot in &mut counts[120..140] {
            *slot = Some(0);
        }
        let change = Change::Factor { direction: Direction::Decrease };
        let config = GlrConfig { change, ..GlrConfig::recommended() };
        assert_eq!(
            glr_poisson(&series(counts), &config, 104..140).unwrap().alarms().next().unwrap().index,
            120
        );
    }

    #[test]
    fn the_bound_is_the_largest_count_without_alarm() {
        for change in [Change::Factor { direction: Direction::Increase }, Change::Epidemic] {
            for alpha in [None, Some(0.02), Some(0.4)] {
                let chart = GlrConfig { change, ..GlrConfig::recommended() };
                let judge = |counts: &[Option<u32>]| {
                    let series = series(counts.to_vec());
                    let found = match alpha {
                        None => glr_poisson(&series, &chart, 129..130),
                        Some(_) => glr_negative_binomial(
                            &series,
                            &GlrNegativeBinomialConfig { chart, alpha },
                            129..130,
                        ),
                    };
                    found.unwrap().steps.remove(0)
                };
                let mut counts = wobble(130);
                let upper = judge(&counts).upper().unwrap();
                for (count, alarm) in [(upper, false), (upper + 1.0, true)] {
                    counts[129] = Some(format!("{count}").parse().unwrap());
                    assert_eq!(judge(&counts).alarm(), alarm, "{change:?} {alpha:?} {count}");
                }
            }
        }
    }
}
