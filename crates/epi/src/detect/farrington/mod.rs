//! Farrington's method, flexible form: the count against the same weeks of earlier years.
//!
//! Question: is this week's count high given season, trend and the scatter of past years? Needs at least
//! three years of weekly (or monthly) counts. Do not use it on daily counts with a weekday pattern, on
//! series whose reporting changed within the reference years, or on diseases so rare that most years
//! have none.
//!
//! Complexity: two to four regressions on about 50 rows per year for every step, each one pass per
//! iteration. 5,000 regions x 60 diseases, newest week only: 300,000 steps, about 5 seconds on one core.
//!
//! Noufaily et al. 2013, Stat Med 32:1206; Farrington et al. 1996, J R Stat Soc A 159:547; Salmon et al.
//! 2016, J Stat Softw 70(10).

mod fit;
mod original;
mod reference;

pub(super) use original::METHOD as METHOD_ORIGINAL;
pub use original::{FarringtonConfig, FarringtonFit, farrington, farrington_fits};
pub use reference::YearsBack;

use super::{Detection, DetectionSeries, Method, NotEvaluated, check_alpha, check_range};
use crate::special::{CountDistribution, normal_upper_quantile, normal_upper_tail, t_two_sided};
use crate::{CountSeries, Error, Step};
use fit::{Model, Path, Rows};
pub(super) use reference::step_years_back;
use reference::{Seasons, days_between};
use serde::{Deserialize, Serialize};
use std::ops::Range;

pub(super) const METHOD: Method = Method { id: "farrington_flexible", version: 2 };

/// Transformation that makes counts nearly symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// No transformation: for counts in the hundreds and more.
    None,
    /// Square root: stabilises the variance.
    SquareRoot,
    /// Power 2/3: removes the skewness of Poisson counts. The original's choice.
    TwoThirds,
}

impl Power {
    fn exponent(self) -> f64 {
        match self {
            Self::None => 1.0,
            Self::SquareRoot => 0.5,
            Self::TwoThirds => 2.0 / 3.0,
        }
    }

    /// Standard deviation of a transformed count of mean `mean` and variance `tau` x mean.
    fn sd(self, mean: f64, tau: f64) -> f64 {
        match self {
            Self::None => (mean * tau).sqrt(),
            Self::SquareRoot => (0.25 * tau).sqrt(),
            Self::TwoThirds => (4.0 / 9.0 * mean.cbrt() * tau).sqrt(),
        }
    }
}

/// How the upper bound follows from the fitted mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Bound {
    /// Normal quantile of the transformed count, with the uncertainty of the mean. Too low for small
    /// means.
    Delta {
        /// Recommended `two_thirds`.
        power: Power,
    },
    /// Negative binomial quantile at the fitted mean.
    NegativeBinomial,
    /// Negative binomial quantile at the upper confidence limit of the mean: adds parameter uncertainty
    /// on the safe side.
    NegativeBinomialUpper,
}

/// Whose numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FarringtonForm {
    /// Maximum of the likelihood; standard errors and the test of the trend with the estimated
    /// dispersion.
    Corrected,
    /// As R's `surveillance::farringtonFlexible` 1.20.3 computes it: after reweighting it takes another
    /// quantity for the dispersion in standard errors and in the test of the trend. For comparison with
    /// published results only.
    Surveillance,
}

/// Parameters of [`farrington_flexible`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FarringtonFlexibleConfig {
    /// Years of history, 1 to 30. Recommended 5; a trend needs at least 3.
    pub years_back: usize,
    /// Steps on either side of the same step of earlier years, 0 to 182 (half a year of days). Recommended 3 weeks.
    pub half_window_steps: usize,
    /// Season groups, 1 to 52; 1 uses the windows alone. Recommended 10: all weeks of the past inform
    /// trend and dispersion.
    pub seasonal_periods: usize,
    /// Newest steps left out of the baseline besides the tested one. Recommended 26 weeks, so that an
    /// outbreak under way does not raise its own bound.
    pub recent_steps_excluded: usize,
    /// Standardised residual above which a past count is weighed down, > 0; `None` = no reweighting.
    /// Recommended 2.58: about 1 in 100 ordinary counts.
    pub reweight_threshold: Option<f64>,
    /// Largest p value at which a time trend is kept, (0, 1]; `None` = never a trend. Recommended 1:
    /// always, unless it predicts more than was ever seen.
    pub trend_p_max: Option<f64>,
    /// Recommended `negative_binomial`.
    pub bound: Bound,
    /// One-sided probability of an alarm without an outbreak, 0 to 1. Recommended 0.005.
    pub alpha_prob: f64,
    /// Fewest cases within `recent_steps` for a verdict. Recommended 5, so that single cases do not
    /// alarm; 0 switches the rule off.
    pub recent_cases_min: u32,
    /// Steps of that rule, up to and including the tested one, >= 1. Recommended 4.
    pub recent_steps: usize,
    /// Recommended `calendar`.
    pub years: YearsBack,
    /// Recommended `corrected`.
    pub form: FarringtonForm,
}

impl FarringtonFlexibleConfig {
    /// Settings of Noufaily et al. 2013 with the negative binomial bound, for weekly series.
    pub fn recommended() -> Self {
        Self {
            years_back: 5,
            half_window_steps: 3,
            seasonal_periods: 10,
            recent_steps_excluded: 26,
            reweight_threshold: Some(2.58),
            trend_p_max: Some(1.0),
            bound: Bound::NegativeBinomial,
            alpha_prob: 0.005,
            recent_cases_min: 5,
            recent_steps: 4,
            years: YearsBack::Calendar,
            form: FarringtonForm::Corrected,
        }
    }

    /// The same for steps of this length: windows of three weeks around a day, of three months around a month (the
    /// least that holds neighbours), half a year left out, the season in about as many parts as fit.
    pub fn recommended_for(step: Step) -> Self {
        let weekly = Self::recommended();
        match step {
            Step::Week => weekly,
            Step::Day => {
                Self { half_window_steps: 10, recent_steps_excluded: 182, recent_steps: 28, ..weekly }
            }
            Step::Month => Self {
                half_window_steps: 1,
                seasonal_periods: 4,
                recent_steps_excluded: 6,
                recent_steps: 1,
                ..weekly
            },
        }
    }

    fn check(&self) -> Result<(), Error> {
        check_alpha(self.alpha_prob)?;
        check_history(self.years_back, self.half_window_steps, self.recent_steps)?;
        if !(1..=52).contains(&self.seasonal_periods) {
            return Err(Error::parameter(
                "seasonal_periods",
                self.seasonal_periods,
                "must lie between 1 and 52",
            ));
        }
        if self.reweight_threshold.is_some_and(|t| !(t > 0.0 && t.is_finite())) {
            return Err(Error::parameter(
                "reweight_threshold",
                "not positive",
                "must be finite and positive",
            ));
        }
        if self.trend_p_max.is_some_and(|p| !(p > 0.0 && p <= 1.0)) {
            return Err(Error::parameter("trend_p_max", "outside", "must lie above 0 and not above 1"));
        }
        Ok(())
    }
}

fn check_history(years_back: usize, half_window_steps: usize, recent_steps: usize) -> Result<(), Error> {
    if !(1..=30).contains(&years_back) {
        return Err(Error::parameter("years_back", years_back, "must lie between 1 and 30"));
    }
    if half_window_steps > 182 {
        return Err(Error::parameter("half_window_steps", half_window_steps, "must not exceed 182"));
    }
    if recent_steps == 0 {
        return Err(Error::parameter("recent_steps", 0, "must be at least 1"));
    }
    Ok(())
}

/// Everything the method knows about one step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FarringtonFlexibleFit {
    /// Fitted mean, cases.
    pub expected: f64,
    /// Standard error of the logarithm of the mean.
    pub log_expected_se: f64,
    /// Mean at which the bound is taken: `expected`, or its upper confidence limit; `None` if that is not finite.
    pub bound_mean: Option<f64>,
    /// Dispersion, at least 1: variance of a count over its mean.
    pub dispersion: f64,
    /// Trend per step on the log scale, if kept.
    pub trend_per_step: Option<f64>,
    /// Upper bound, cases; `None` if not finite.
    pub upper: Option<f64>,
    /// Exceedance (observed - expected) / (upper - expected); above 1 = alarm. `None` where the bound
    /// equals the mean.
    pub score: Option<f64>,
    /// Probability of a count at least this large.
    pub p_value: Option<f64>,
    /// Reported cases of the last `recent_steps` steps.
    pub recent_cases: u64,
}

/// Flexible Farrington method.
///
/// # Input
/// `series`: weekly or monthly counts (daily ones are accepted). A past step that was not reported is
/// left out of the fit.
/// # Output
/// `score` is the exceedance, `p_value` the probability of a count at least as large, `upper` the largest
/// count without alarm. A step with fewer than `recent_cases_min` cases in the last `recent_steps`
/// reports `TooFewCases`.
/// # Errors
/// `InvalidParameter`, also if `seasonal_periods` do not fit into a year of the series.
/// # Method
/// See the module. Departs from the papers: the groups' means are the exact maximum of the likelihood,
/// so a season without a single case has mean 0 and no say in dispersion or trend.
/// # Examples
/// ```
/// use wanquan_epi::detect::{FarringtonFlexibleConfig, farrington_flexible};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let found = farrington_flexible(&series, &FarringtonFlexibleConfig::recommended(), 400..528)?;
/// // The outbreak from mung bean sprouts in the autumn of 2011.
/// let first = found.alarms().next().expect("an alarm");
/// assert_eq!(first.date.to_string(), "2011-10-31");
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn farrington_flexible(
    series: &CountSeries,
    config: &FarringtonFlexibleConfig,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    detections(series, None, config, range)
}

/// [`farrington_flexible`] of rates: the logarithm of the population enters as an offset.
///
/// # Input
/// `population`: persons (or tests, visits) at risk per step, finite and positive. 0 where there is no case: the step
/// is left out of the fit, and none is expected in it.
/// # Errors
/// `LengthMismatch`, `InvalidData`, else as [`farrington_flexible`].
/// # Examples
/// ```
/// use wanquan_epi::detect::{FarringtonFlexibleConfig, farrington_flexible_with_population};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// // Were all persons at risk gone but a tenth, a tenth of the cases would be expected.
/// let (steady, mut fallen) = (vec![80e6; series.len()], vec![80e6; series.len()]);
/// fallen[520..].fill(8e6);
/// let config = FarringtonFlexibleConfig::recommended();
/// let expected = |population: &[f64]| {
///     let found = farrington_flexible_with_population(&series, population, &config, 520..521)?;
///     Ok::<_, wanquan_epi::Error>(found.steps[0].expected().expect("ten years of history"))
/// };
/// assert!((expected(&steady)? / expected(&fallen)? - 10.0).abs() < 1e-6);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn farrington_flexible_with_population(
    series: &CountSeries,
    population: &[f64],
    config: &FarringtonFlexibleConfig,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    detections(series, Some(population), config, range)
}

fn detections(
    series: &CountSeries,
    population: Option<&[f64]>,
    config: &FarringtonFlexibleConfig,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    let mut fits = farrington_flexible_fits(series, population, config, range.clone())?.into_iter();
    Ok(DetectionSeries::from_results(METHOD, series, range, |_, y| {
        let fit = fits.next().ok_or(NotEvaluated::NoFit)??;
        let y = y.ok_or(NotEvaluated::NotReported)?;
        if fit.recent_cases < u64::from(config.recent_cases_min) {
            return Err(NotEvaluated::TooFewCases { got: fit.recent_cases, need: config.recent_cases_min });
        }
        let upper = fit.upper.ok_or(NotEvaluated::NoFit)?;
        Ok(Detection {
            expected: Some(fit.expected),
            upper: Some(upper),
            score: fit.score,
            p_value: fit.p_value,
            alarm: y > 0 && f64::from(y) > upper,
        })
    }))
}

/// The fits behind [`farrington_flexible`], for plots and diagnostics: also of steps with few cases.
///
/// # Errors
/// As [`farrington_flexible_with_population`].
/// # Examples
/// ```
/// use wanquan_epi::detect::{FarringtonFlexibleConfig, farrington_flexible_fits};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let fits = farrington_flexible_fits(&series, None, &FarringtonFlexibleConfig::recommended(), 400..402)?;
/// let fit = fits[0].as_ref().expect("ten years of history");
/// assert!(fit.upper.is_some_and(|upper| upper > fit.expected) && fit.dispersion >= 1.0);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn farrington_flexible_fits(
    series: &CountSeries,
    population: Option<&[f64]>,
    config: &FarringtonFlexibleConfig,
    range: Range<usize>,
) -> Result<Vec<Result<FarringtonFlexibleFit, NotEvaluated>>, Error> {
    config.check()?;
    check_range(series, &range)?;
    let past = Past::new(series, population, config.years)?;
    let z = normal_upper_quantile(config.alpha_prob);
    let mut work = Work::default();
    range.map(|now| fit_step(&past, config, z, now, &mut work)).collect()
}

/// The series in the form the regressions read.
struct Past<'a> {
    series: &'a CountSeries,
    y_two_thirds: Vec<f64>,
    log_population: Option<Vec<f64>>,
    /// Time of each step, in steps; months by their days where the calendar rules.
    time: Vec<f64>,
}

impl<'a> Past<'a> {
    fn new(series: &'a CountSeries, population: Option<&[f64]>, years: YearsBack) -> Result<Self, Error> {
        let n = series.len();
        let log_population = match population {
            None => None,
            Some(p) if p.len() != n => {
                return Err(Error::LengthMismatch {
                    left: "series",
                    left_len: n,
                    right: "population",
                    right_len: p.len(),
                });
            }
            Some(p) => {
                let wrong = |(i, x): (usize, &f64)| {
                    !(*x >= 0.0 && x.is_finite()) || *x == 0.0 && series.counts()[i].is_some_and(|y| y > 0)
                };
                if let Some(position) = p.iter().enumerate().position(wrong) {
                    return Err(Error::InvalidData {
                        what: "population",
                        position,
                        why: "must be finite and not negative, and positive where there are cases",
                    });
                }
                Some(p.iter().map(|x| x.ln()).collect())
            }
        };
        let monthly = series.step() == crate::Step::Month && years == YearsBack::Calendar;
        let time = (0..n)
            .map(|i| {
                if !monthly {
                    return i as f64;
                }
                // Months differ in length; the unit is the series' first one.
                let days = |i| days_between(series.start(), series.date(i)).map_or(0.0, |d| d as f64);
                days(i) / days(1)
            })
            .collect();
        let power = |y: &Option<u32>| y.map_or(0.0, |y| f64::from(y).cbrt().powi(2));
        Ok(Self { series, y_two_thirds: series.counts().iter().map(power).collect(), log_population, time })
    }

    fn push(&self, rows: &mut Rows, i: usize, now: usize, group: usize) {
        let Some(y) = self.series.counts()[i] else { return };
        // No one at risk, no case: that says nothing.
        if self.offset(i) == f64::NEG_INFINITY {
            return;
        }
        rows.y.push(f64::from(y));
        rows.y_two_thirds.push(self.y_two_thirds[i]);
        rows.t.push(self.time[i] - self.time[now]);
        rows.group.push(group);
        rows.offset.push(self.offset(i));
    }

    fn offset(&self, i: usize) -> f64 {
        self.log_population.as_ref().map_or(0.0, |p| p[i])
    }

    fn recent_cases(&self, now: usize, steps: usize) -> u64 {
        let from = (now + 1).saturating_sub(steps);
        self.series.counts()[from..=now].iter().flatten().map(|&y| u64::from(y)).sum()
    }
}

/// Buffers of one thread.
#[derive(Default)]
struct Work {
    rows: Rows,
    seasons: Seasons,
    references: Vec<usize>,
}

fn fit_step(
    past: &Past<'_>,
    config: &FarringtonFlexibleConfig,
    z: f64,
    now: usize,
    work: &mut Work,
) -> Result<Result<FarringtonFlexibleFit, NotEvaluated>, Error> {
    let Work { rows, seasons, references } = work;
    references.clear();
    let oldest = step_years_back(past.series, now, config.years_back, config.years)
        .map(|oldest| oldest - half(config.half_window_steps));
    match oldest {
        Some(oldest) if oldest >= 0 => {}
        Some(oldest) => {
            let lacking = usize::try_from(-oldest).unwrap_or(usize::MAX);
            return Ok(Err(NotEvaluated::HistoryTooShort { got: now, need: now.saturating_add(lacking) }));
        }
        None => return Ok(Err(NotEvaluated::HistoryTooShort { got: now, need: now + 1 })),
    }
    for years in 0..=config.years_back {
        let step = step_years_back(past.series, now, years, config.years);
        match step.and_then(|s| usize::try_from(s).ok()) {
            Some(step) => references.push(step),
            None => return Ok(Err(NotEvaluated::HistoryTooShort { got: now, need: now + 1 })),
        }
    }
    if !seasons.fill(references, config.half_window_steps, config.seasonal_periods) {
        return Err(Error::parameter(
            "seasonal_periods",
            config.seasonal_periods,
            "does not fit between the windows of two years",
        ));
    }
    rows.clear();
    let newest = now.saturating_sub(config.recent_steps_excluded);
    for (k, group) in seasons.group.iter().enumerate() {
        let i = seasons.first + k;
        if i >= newest {
            break;
        }
        if let Some(group) = group {
            past.push(rows, i, now, *group);
        }
    }
    Ok(fit_rows(past, config, z, now, rows).ok_or(NotEvaluated::NoFit))
}

fn half(steps: usize) -> i64 {
    i64::try_from(steps).unwrap_or(i64::MAX)
}

fn fit_rows(
    past: &Past<'_>,
    config: &FarringtonFlexibleConfig,
    z: f64,
    now: usize,
    rows: &mut Rows,
) -> Option<FarringtonFlexibleFit> {
    let groups = config.seasonal_periods;
    if !rows.group.contains(&(groups - 1)) {
        return None;
    }
    let path = match config.form {
        FarringtonForm::Corrected => Path::Exact,
        FarringtonForm::Surveillance => Path::Reference,
    };
    let dispersion = |m: &Model| match config.form {
        FarringtonForm::Corrected => m.phi,
        FarringtonForm::Surveillance => m.reference_dispersion,
    };
    let offset = past.offset(now);
    let with_trend = config.trend_p_max.and_then(|p_max| {
        let model = rows.fit(path, groups, true, config.reweight_threshold)?;
        keep_trend(path, &model, dispersion(&model), offset, p_max, config.years_back, &rows.y)
            .then_some(model)
    });
    let model = match with_trend {
        Some(model) => model,
        None => rows.fit(path, groups, false, config.reweight_threshold)?,
    };
    let eta = model.level_now + offset;
    let expected = match config.bound {
        Bound::Delta { .. } => path.mean(eta),
        Bound::NegativeBinomial | Bound::NegativeBinomialUpper => eta.exp(),
    };
    let log_expected_se = (dispersion(&model) * model.variance_now).sqrt();
    let y = past.series.counts()[now];
    let (bound_mean, upper, p_value) = match config.bound {
        _ if expected == 0.0 => (0.0, Some(0.0), y.map(|y| if y == 0 { 1.0 } else { 0.0 })),
        Bound::Delta { power } => {
            let tau = model.phi + expected * log_expected_se * log_expected_se;
            let (exponent, sd) = (power.exponent(), power.sd(expected, tau));
            let centre = expected.powf(exponent);
            let upper = (centre + z * sd).powf(exponent.recip());
            let p = y.map(|y| normal_upper_tail((f64::from(y).powf(exponent) - centre) / sd));
            (expected, finite(upper), p)
        }
        Bound::NegativeBinomial | Bound::NegativeBinomialUpper => {
            let mean = match config.bound {
                Bound::NegativeBinomialUpper => (eta + z * log_expected_se).exp(),
                _ => expected,
            };
            if mean.is_finite() && mean > 0.0 && mean < 1e15 {
                let counts = CountDistribution { mean, dispersion: model.phi };
                let p = y.map(|y| counts.at_least(f64::from(y)));
                (mean, finite(counts.upper_quantile(config.alpha_prob)), p)
            } else if mean.is_finite() && config.form == FarringtonForm::Surveillance {
                // The fit has diverged; next to such a mean the scatter is nothing.
                (mean, finite(mean + z * (mean * model.phi).sqrt()), y.map(|_| 1.0))
            } else {
                (mean, None, None)
            }
        }
    };
    // The reference subtracts the logarithm of the mean from counts when its bound is a quantile.
    let centre = match (config.form, config.bound) {
        (FarringtonForm::Surveillance, Bound::NegativeBinomial | Bound::NegativeBinomialUpper) => eta,
        _ => expected,
    };
    let score = match (y, upper) {
        (Some(y), Some(upper)) => finite((f64::from(y) - centre) / (upper - centre)),
        _ => None,
    };
    Some(FarringtonFlexibleFit {
        expected: finite(expected)?,
        log_expected_se: finite(log_expected_se).unwrap_or(0.0),
        bound_mean: finite(bound_mean),
        dispersion: model.phi,
        trend_per_step: model.slope,
        upper,
        score,
        p_value: p_value.and_then(finite),
        recent_cases: past.recent_cases(now, config.recent_steps),
    })
}

/// A trend is kept if it is significant, rests on three years, and predicts no more than was ever seen.
fn keep_trend(
    path: Path,
    model: &Model,
    dispersion: f64,
    offset: f64,
    p_max: f64,
    years_back: usize,
    y: &[f64],
) -> bool {
    let Some(slope) = model.slope else { return false };
    let t = slope / (dispersion * model.variance_slope).sqrt();
    let significant = p_max >= 1.0 && t.is_finite() || t_two_sided(t, model.df) < p_max;
    let highest = y.iter().copied().fold(0.0, f64::max);
    significant && years_back >= 3 && path.mean(model.level_now + offset) <= highest
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

#[cfg(test)]
mod tests;
