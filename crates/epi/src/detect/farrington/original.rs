//! Farrington's original method (1996): windows around the same week of earlier years, two-sided band.

use super::super::{Detection, DetectionSeries, Method, NotEvaluated, check_alpha, check_range};
use super::fit::{Path, Rows};
use super::reference::{YearsBack, step_years_back};
use super::{Past, Power, check_history, finite, keep_trend};
use crate::special::{normal_cdf, normal_upper_quantile};
use crate::{CountSeries, Error, Step};
use serde::{Deserialize, Serialize};
use std::ops::Range;

pub(in crate::detect) const METHOD: Method = Method { id: "farrington", version: 1 };

/// Parameters of [`farrington`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FarringtonConfig {
    /// Years of history, 1 to 30. Recommended 5.
    pub years_back: usize,
    /// Steps on either side of the same step of earlier years, 0 to 182 (half a year of days). Recommended 3.
    pub half_window_steps: usize,
    /// Standardised residual above which a past count is weighed down, > 0; `None` = no reweighting.
    /// Recommended 1, as in the paper.
    pub reweight_threshold: Option<f64>,
    /// Largest p value at which a time trend is kept, (0, 1]; `None` = never a trend. Recommended 0.05.
    pub trend_p_max: Option<f64>,
    /// Recommended `two_thirds`.
    pub power: Power,
    /// Two-sided probability outside the band, 0 to 1. Recommended 0.01: 0.005 above it.
    pub alpha_prob: f64,
    /// Fewest cases within `recent_steps` for a verdict. Recommended 5.
    pub recent_cases_min: u32,
    /// Steps of that rule, up to and including the tested one, >= 1. Recommended 4.
    pub recent_steps: usize,
    /// Recommended `calendar`.
    pub years: YearsBack,
}

impl FarringtonConfig {
    /// Settings of the paper, for weekly series.
    pub fn recommended() -> Self {
        Self {
            years_back: 5,
            half_window_steps: 3,
            reweight_threshold: Some(1.0),
            trend_p_max: Some(0.05),
            power: Power::TwoThirds,
            alpha_prob: 0.01,
            recent_cases_min: 5,
            recent_steps: 4,
            years: YearsBack::Calendar,
        }
    }

    /// The same for steps of this length: windows of three weeks around a day, of three months around a month.
    pub fn recommended_for(step: Step) -> Self {
        let weekly = Self::recommended();
        match step {
            Step::Week => weekly,
            Step::Day => Self { half_window_steps: 10, recent_steps: 28, ..weekly },
            Step::Month => Self { half_window_steps: 1, recent_steps: 1, ..weekly },
        }
    }

    fn check(&self) -> Result<(), Error> {
        check_alpha(self.alpha_prob)?;
        check_history(self.years_back, self.half_window_steps, self.recent_steps)?;
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

/// Everything the method knows about one step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FarringtonFit {
    /// Fitted mean, cases.
    pub expected: f64,
    /// Dispersion, at least 1.
    pub dispersion: f64,
    /// Trend per step on the log scale, if kept.
    pub trend_per_step: Option<f64>,
    /// Upper end of the band, cases.
    pub upper: f64,
    /// Exceedance (observed - expected) / (upper - expected); above 1 = alarm.
    pub score: Option<f64>,
    /// Probability of a count not above the observed one; `None` if not reported.
    pub cumulative_prob: Option<f64>,
    /// Median of the predictive distribution, cases.
    pub median: f64,
    /// Reported cases of the last `recent_steps` steps.
    pub recent_cases: u64,
}

/// Farrington's original method. Prefer [`super::farrington_flexible`], which uses the whole year, forgets
/// the newest half year and is far less prone to ignore true outbreaks.
///
/// # Input
/// `series`: weekly or monthly counts. A past step that was not reported, or lies before the series, is
/// left out; the windows of the oldest year must at least overlap the series.
/// # Errors
/// `InvalidParameter` for a parameter or range that is not admissible.
/// # Method
/// Farrington et al. 1996, J R Stat Soc A 159:547.
/// # Examples
/// ```
/// use wanquan_epi::detect::{FarringtonConfig, farrington};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let found = farrington(&series, &FarringtonConfig::recommended(), 400..528)?;
/// // The outbreak from mung bean sprouts in the autumn of 2011.
/// assert!(found.alarms().any(|step| step.date.to_string() == "2011-10-31"));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn farrington(
    series: &CountSeries,
    config: &FarringtonConfig,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    let mut fits = farrington_fits(series, config, range.clone())?.into_iter();
    Ok(DetectionSeries::from_results(METHOD, series, range, |_, y| {
        let fit = fits.next().ok_or(NotEvaluated::NoFit)??;
        let y = y.ok_or(NotEvaluated::NotReported)?;
        if fit.recent_cases < u64::from(config.recent_cases_min) {
            return Err(NotEvaluated::TooFewCases { got: fit.recent_cases, need: config.recent_cases_min });
        }
        Ok(Detection {
            expected: Some(fit.expected),
            upper: Some(fit.upper),
            score: fit.score,
            p_value: fit.cumulative_prob.map(|p| 1.0 - p),
            alarm: f64::from(y) > fit.upper,
        })
    }))
}

/// The fits behind [`farrington`].
///
/// # Errors
/// As [`farrington`].
/// # Examples
/// ```
/// use wanquan_epi::detect::{FarringtonConfig, farrington_fits};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let fits = farrington_fits(&series, &FarringtonConfig::recommended(), 400..402)?;
/// let fit = fits[0].as_ref().expect("ten years of history");
/// assert!(fit.upper > fit.expected);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn farrington_fits(
    series: &CountSeries,
    config: &FarringtonConfig,
    range: Range<usize>,
) -> Result<Vec<Result<FarringtonFit, NotEvaluated>>, Error> {
    config.check()?;
    check_range(series, &range)?;
    // Time is the row number here, whatever the calendar.
    let past = Past::new(series, None, YearsBack::FixedSteps)?;
    let z = normal_upper_quantile(0.5 * config.alpha_prob);
    let mut rows = Rows::default();
    Ok(range.map(|now| fit_step(&past, config, z, now, &mut rows)).collect())
}

fn fit_step(
    past: &Past<'_>,
    config: &FarringtonConfig,
    z: f64,
    now: usize,
    rows: &mut Rows,
) -> Result<FarringtonFit, NotEvaluated> {
    rows.clear();
    let width = super::half(config.half_window_steps);
    for years in (1..=config.years_back).rev() {
        let too_short = |lacking: i64| NotEvaluated::HistoryTooShort {
            got: now,
            need: now.saturating_add(usize::try_from(lacking).unwrap_or(1)),
        };
        let centre = step_years_back(past.series, now, years, config.years).ok_or(too_short(1))?;
        if centre + width < 0 {
            return Err(too_short(-(centre + width)));
        }
        for i in centre - width..=centre + width {
            if let Some(i) = usize::try_from(i).ok().filter(|&i| i < now) {
                past.push(rows, i, now, 0);
            }
        }
    }
    fit_rows(past, config, z, now, rows).ok_or(NotEvaluated::NoFit)
}

fn fit_rows(
    past: &Past<'_>,
    config: &FarringtonConfig,
    z: f64,
    now: usize,
    rows: &mut Rows,
) -> Option<FarringtonFit> {
    let path = Path::Reference;
    let with_trend = config.trend_p_max.and_then(|p_max| {
        let model = rows.fit(path, 1, true, config.reweight_threshold)?;
        keep_trend(path, &model, model.pearson, 0.0, p_max, config.years_back, &rows.y).then_some(model)
    });
    let model = match with_trend {
        Some(model) => model,
        None => rows.fit(path, 1, false, config.reweight_threshold)?,
    };
    let expected = finite(path.mean(model.level_now))?;
    let tau = model.phi * (1.0 + expected * model.variance_now);
    let (exponent, sd) = (config.power.exponent(), config.power.sd(expected, tau));
    let centre = expected.powf(exponent);
    let upper = finite((centre + z * sd).powf(exponent.recip()))?;
    let y = past.series.counts()[now].map(f64::from);
    Some(FarringtonFit {
        expected,
        dispersion: model.phi,
        trend_per_step: model.slope,
        upper,
        score: y.and_then(|y| finite((y - expected) / (upper - expected))),
        cumulative_prob: y.and_then(|y| finite(normal_cdf((y.powf(exponent) - centre) / sd))),
        median: expected,
        recent_cases: past.recent_cases(now, config.recent_steps),
    })
}
