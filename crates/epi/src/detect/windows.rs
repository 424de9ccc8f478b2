//! RKI and Bayes detectors: the count against the steps just before it and the same time of earlier
//! years, without a model.
//!
//! Question: is the count high for the season, where two or three years of history exist? Do not use
//! them where there is a trend, or after an outbreak in the windows, which raises the bound.
//!
//! Complexity: O(windows) per step. Höhle 2007, Comput Stat 22:571; Riebler 2004 (diploma thesis, LMU);
//! the RKI method as used by the Robert Koch Institute before 2008.

use super::farrington::{YearsBack, step_years_back};
use super::{Detection, DetectionSeries, Method, NotEvaluated, check_alpha, check_range};
use crate::special::CountDistribution;
use crate::{CountSeries, Error};
use serde::{Deserialize, Serialize};
use std::ops::Range;

pub(super) const METHOD_RKI: Method = Method { id: "rki", version: 2 };
pub(super) const METHOD_BAYES: Method = Method { id: "bayes", version: 1 };

/// Upper bounds for means of 0 to 20 cases (row = whole part of the mean): upper 95 % confidence limits
/// of a Poisson mean given that count, as tabulated in the R package surveillance 1.20.3.
const RKI_BOUNDS: [f64; 21] = [
    3.285, 5.323, 6.686, 8.102, 9.598, 11.177, 12.817, 13.765, 14.921, 16.768, 17.633, 19.05, 20.335, 21.364,
    22.945, 23.762, 25.4, 26.306, 27.735, 28.966, 30.017,
];

/// Which steps count as history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Earlier years to read, 0 to 30.
    pub years_back: usize,
    /// Steps on either side of the same step of earlier years, and steps just before the tested one,
    /// 1 to 182 (half a year of days).
    pub half_window_steps: usize,
    /// Whether the steps just before the tested one count.
    pub current_year: CurrentYear,
    /// How the same step of earlier years is found. Recommended `calendar`.
    pub years: YearsBack,
}

/// Whether the steps just before the tested one count as history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CurrentYear {
    /// They do.
    Included,
    /// Only earlier years do.
    Excluded,
}

impl Windows {
    fn check(&self) -> Result<(), Error> {
        if self.years_back > 30 {
            return Err(Error::parameter("years_back", self.years_back, "must not exceed 30"));
        }
        if !(1..=182).contains(&self.half_window_steps) {
            return Err(Error::parameter(
                "half_window_steps",
                self.half_window_steps,
                "must lie between 1 and 182",
            ));
        }
        if self.years_back == 0 && self.current_year == CurrentYear::Excluded {
            return Err(Error::parameter("years_back", 0, "no history is left without the current year"));
        }
        Ok(())
    }

    /// Reported counts of the windows, oldest year last.
    fn collect(
        &self,
        series: &CountSeries,
        now: usize,
        reported_min: usize,
        into: &mut Vec<f64>,
    ) -> Result<(), NotEvaluated> {
        into.clear();
        let counts = series.counts();
        let width = self.half_window_steps;
        let mut push =
            |range: Range<usize>| into.extend(counts[range].iter().flatten().map(|&y| f64::from(y)));
        let too_short = |lacking: usize| NotEvaluated::HistoryTooShort { got: now, need: now + lacking };
        if self.current_year == CurrentYear::Included {
            let from = now.checked_sub(width).ok_or_else(|| too_short(width - now.min(width)))?;
            push(from..now);
        }
        for years in 1..=self.years_back {
            let centre = step_years_back(series, now, years, self.years).ok_or_else(|| too_short(1))?;
            let from = centre - i64::try_from(width).unwrap_or(i64::MAX);
            let from =
                usize::try_from(from).map_err(|_| too_short(usize::try_from(-from).unwrap_or(usize::MAX)))?;
            push(from..(from + 2 * width + 1).min(now));
        }
        if into.len() < reported_min {
            return Err(NotEvaluated::TooFewReported { got: into.len(), need: reported_min });
        }
        Ok(())
    }
}

/// Parameters of [`rki`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RkiConfig {
    /// History. Recommended: the six steps before and the windows of six steps in the year before (RKI 2).
    pub windows: Windows,
}

impl RkiConfig {
    /// RKI 2: six steps before, and 13 around the same step a year ago.
    pub fn recommended() -> Self {
        Self { windows: recommended_windows() }
    }
}

/// Parameters of [`bayes`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BayesConfig {
    /// History. Recommended: the six steps before and the windows of six steps in the year before (Bayes 2).
    pub windows: Windows,
    /// One-sided probability of an alarm if nothing changed, 0 to 1. Recommended 0.01.
    pub alpha_prob: f64,
}

impl BayesConfig {
    /// Bayes 2 with a false-alarm probability of 0.01.
    pub fn recommended() -> Self {
        Self { windows: recommended_windows(), alpha_prob: 0.01 }
    }
}

fn recommended_windows() -> Windows {
    Windows {
        years_back: 1,
        half_window_steps: 6,
        current_year: CurrentYear::Included,
        years: YearsBack::Calendar,
    }
}

/// RKI method: alarm above mean + 2 sd of the windows, or above a tabulated Poisson limit where the mean
/// is at most 20.
///
/// # Output
/// `score` is (observed - expected) / (upper - expected), above 1 = alarm; no `p_value`. Unreported steps
/// are left out of the windows; without one reported there is no verdict, nor where a mean above 20 rests on one.
/// # Errors
/// `InvalidParameter` for a parameter or range that is not admissible.
/// # Examples
/// ```
/// use wanquan_epi::detect::{RkiConfig, rki};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let found = rki(&series, &RkiConfig::recommended(), 400..528)?;
/// // The outbreak from mung bean sprouts in the autumn of 2011.
/// assert!(found.alarms().any(|step| step.date.to_string() == "2011-10-31"));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn rki(series: &CountSeries, config: &RkiConfig, range: Range<usize>) -> Result<DetectionSeries, Error> {
    config.windows.check()?;
    check_range(series, &range)?;
    let mut history = Vec::new();
    Ok(DetectionSeries::new(METHOD_RKI, series, range, |t, y| {
        config.windows.collect(series, t, 1, &mut history)?;
        let n = history.len() as f64;
        let mean = history.iter().sum::<f64>() / n;
        let upper = if mean > 20.0 {
            if history.len() < 2 {
                return Err(NotEvaluated::TooFewReported { got: 1, need: 2 });
            }
            let spread: f64 = history.iter().map(|y| (y - mean).powi(2)).sum();
            mean + 2.0 * (spread / (n - 1.0)).sqrt()
        } else {
            // The whole part of a mean from 0 to 20.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 20")]
            let row = mean.floor() as usize;
            RKI_BOUNDS[row]
        };
        Ok(verdict(f64::from(y), mean, upper, None))
    }))
}

/// Bayes method: alarm above a quantile of the predictive distribution of the next count, given the
/// windows, a Poisson model and Jeffreys' prior. The predictive is negative binomial.
///
/// # Output
/// `expected` is the predictive mean, `score` (observed - expected) / (upper - expected), `p_value` the
/// predictive probability of a count at least as large. Unreported steps are left out of the windows.
/// # Errors
/// `InvalidParameter` for a parameter or range that is not admissible.
/// # Examples
/// ```
/// use wanquan_epi::detect::{BayesConfig, bayes};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let found = bayes(&series, &BayesConfig::recommended(), 400..528)?;
/// // The outbreak from mung bean sprouts in the autumn of 2011.
/// assert!(found.alarms().any(|step| step.date.to_string() == "2011-10-31"));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn bayes(
    series: &CountSeries,
    config: &BayesConfig,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    config.windows.check()?;
    check_alpha(config.alpha_prob)?;
    check_range(series, &range)?;
    let mut history = Vec::new();
    Ok(DetectionSeries::new(METHOD_BAYES, series, range, |t, y| {
        config.windows.collect(series, t, 1, &mut history)?;
        let n = history.len() as f64;
        let mean = (history.iter().sum::<f64>() + 0.5) / n;
        let predictive = CountDistribution { mean, dispersion: (n + 1.0) / n };
        let upper = predictive.upper_quantile(config.alpha_prob);
        let y = f64::from(y);
        Ok(verdict(y, mean, upper, Some(predictive.at_least(y))))
    }))
}

fn verdict(y: f64, expected: f64, upper: f64, p_value: Option<f64>) -> Detection {
    let score = (y - expected) / (upper - expected);
    Detection {
        expected: Some(expected),
        upper: Some(upper),
        score: score.is_finite().then_some(score),
        p_value,
        alarm: y > upper,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Step;

    #[test]
    fn one_step_of_history_has_a_tabulated_bound_but_no_standard_deviation() {
        let windows = Windows {
            years_back: 0,
            half_window_steps: 1,
            current_year: CurrentYear::Included,
            years: YearsBack::FixedSteps,
        };
        let counts = vec![Some(3), Some(8), Some(50), Some(2)];
        let series = CountSeries::new(jiff::civil::date(2020, 1, 6), Step::Week, counts).unwrap();
        let found = rki(&series, &RkiConfig { windows }, 1..4).unwrap();
        assert_eq!(found.steps[0].upper(), Some(8.102));
        assert!(found.steps[1].alarm());
        assert_eq!(found.steps[2].verdict, Err(NotEvaluated::TooFewReported { got: 1, need: 2 }));
    }
}
