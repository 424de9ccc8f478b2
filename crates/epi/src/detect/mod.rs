//! Detection: is the count of a step more than its own history explains?
//!
//! Every detector answers step by step with what it expected, the largest count it would have let pass,
//! and an alarm, or with the reason why it gives no answer. A detector proposes; people decide.
//!
//! [`DetectorSpec`] names a detector with its parameters, [`detect()`] runs it over any range of steps of
//! a series. Evaluating one step costs only what its method needs: EARS reads at most `baseline + 4`
//! earlier counts, so adding a count to ten years of history is as cheap as to ten days.

mod cusum;
mod ears;
mod farrington;
mod glr;
mod monitor;
mod outbreak_p;
mod regression_scan;
mod seasonal;
mod windows;

pub use cusum::{AfterAlarm, CusumConfig, CusumForm, Transform, cusum};
pub use ears::{
    C3Form, EarsBounds, EarsC3Config, EarsConfig, EarsVariant, ears_c1, ears_c2, ears_c3, ears_panel,
};

pub use farrington::{
    Bound, FarringtonConfig, FarringtonFit, FarringtonFlexibleConfig, FarringtonFlexibleFit, FarringtonForm,
    Power, YearsBack, farrington, farrington_fits, farrington_flexible, farrington_flexible_fits,
    farrington_flexible_with_population,
};
pub use glr::{
    Change, Direction, GlrConfig, GlrForm, GlrNegativeBinomialConfig, MeanAfterAlarm, glr_negative_binomial,
    glr_overdispersion, glr_poisson,
};
pub use monitor::Monitor;
pub use outbreak_p::{OutbreakPConfig, OutbreakPForm, outbreak_p};
pub use regression_scan::{
    Part, RegressionScanConfig, RegressionScanFit, regression_scan, regression_scan_against,
    regression_scan_fits, regression_scan_without,
};
pub use seasonal::{MeanTrend, SeasonalMean};
pub use windows::{BayesConfig, CurrentYear, RkiConfig, Windows, bayes, rki};

use crate::{CountSeries, Error, Step};
use jiff::civil::Date;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A detector with all its parameters, as stored with its results. Tagged by the method's `id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "id")]
pub enum DetectorSpec {
    /// Regression scan: robust baseline from few or many years, evidence of the newest steps added up.
    #[serde(rename = "regression_scan")]
    RegressionScan(RegressionScanConfig),
    /// EARS C1: mean and standard deviation of the steps just before.
    #[serde(rename = "ears_c1")]
    EarsC1(EarsConfig),
    /// EARS C2: as C1 with a guard band of two steps.
    #[serde(rename = "ears_c2")]
    EarsC2(EarsConfig),
    /// EARS C3: exceedances of C2 summed over three steps.
    #[serde(rename = "ears_c3")]
    EarsC3(EarsC3Config),
    /// Farrington flexible: the same weeks of earlier years, with season groups and trend.
    #[serde(rename = "farrington_flexible")]
    FarringtonFlexible(FarringtonFlexibleConfig),
    /// Farrington 1996: windows around the same week of earlier years.
    #[serde(rename = "farrington")]
    Farrington(FarringtonConfig),
    /// RKI: mean and standard deviation of windows in this and earlier years.
    #[serde(rename = "rki")]
    Rki(RkiConfig),
    /// Bayes: predictive distribution given the same windows.
    #[serde(rename = "bayes")]
    Bayes(BayesConfig),
    /// Cumulative sum of standardised counts.
    #[serde(rename = "cusum")]
    Cusum(CusumConfig),
    /// Likelihood-ratio chart for Poisson counts.
    #[serde(rename = "glr_poisson")]
    GlrPoisson(GlrConfig),
    /// Likelihood-ratio chart for negative binomial counts.
    #[serde(rename = "glr_negative_binomial")]
    GlrNegativeBinomial(GlrNegativeBinomialConfig),
    /// Onset of a rise after a level stretch.
    #[serde(rename = "outbreak_p")]
    OutbreakP(OutbreakPConfig),
}

/// Name and version of a method, recorded with every stored result; a numeric change bumps the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// Stable id, the tag of [`DetectorSpec`] and the name of the method's page.
    pub id: &'static str,
    /// Version of the numbers.
    pub version: u32,
}

impl DetectorSpec {
    /// Ids of all detectors, in the order of the documentation.
    pub const IDS: &'static [&'static str] = &[
        "regression_scan",
        "ears_c1",
        "ears_c2",
        "ears_c3",
        "farrington_flexible",
        "farrington",
        "rki",
        "bayes",
        "cusum",
        "glr_poisson",
        "glr_negative_binomial",
        "outbreak_p",
    ];

    /// Id of the detector that is recommended for daily and weekly counts where nothing speaks for another one.
    pub const DEFAULT_ID: &'static str = "regression_scan";

    /// The detector with its recommended parameters; `None` for an unknown id.
    pub fn recommended(id: &str) -> Option<Self> {
        Some(match id {
            "regression_scan" => Self::RegressionScan(RegressionScanConfig::recommended()),
            "ears_c1" => Self::EarsC1(EarsConfig::recommended()),
            "ears_c2" => Self::EarsC2(EarsConfig::recommended()),
            "ears_c3" => Self::EarsC3(EarsC3Config::recommended()),
            "farrington_flexible" => Self::FarringtonFlexible(FarringtonFlexibleConfig::recommended()),
            "farrington" => Self::Farrington(FarringtonConfig::recommended()),
            "rki" => Self::Rki(RkiConfig::recommended()),
            "bayes" => Self::Bayes(BayesConfig::recommended()),
            "cusum" => Self::Cusum(CusumConfig::recommended()),
            "glr_poisson" => Self::GlrPoisson(GlrConfig::recommended()),
            "glr_negative_binomial" => Self::GlrNegativeBinomial(GlrNegativeBinomialConfig::recommended()),
            "outbreak_p" => Self::OutbreakP(OutbreakPConfig::recommended()),
            _ => return None,
        })
    }

    /// As [`recommended`](Self::recommended), for steps of this length: windows, training and recent steps that are
    /// meant in weeks hold the same time in days and months.
    pub fn recommended_for(id: &str, step: Step) -> Option<Self> {
        // Two years, as the 104 weeks of the papers.
        let training_steps = years_of_steps(2, step);
        // A year at most, as the 52 weeks.
        let window_steps = Some(years_of_steps(1, step));
        let mut spec = Self::recommended(id)?;
        match (&mut spec, step) {
            (_, Step::Week) => {}
            (Self::FarringtonFlexible(config), step) => {
                *config = FarringtonFlexibleConfig::recommended_for(step)
            }
            (Self::Farrington(config), step) => *config = FarringtonConfig::recommended_for(step),
            (Self::Cusum(config), _) => config.training_steps = training_steps,
            (Self::GlrPoisson(chart), _) => {
                (chart.training_steps, chart.window_steps) = (training_steps, window_steps);
            }
            (Self::GlrNegativeBinomial(config), step) => {
                config.chart.training_steps = training_steps;
                // Each step costs the square of the window.
                if step == Step::Month {
                    config.chart.window_steps = window_steps;
                }
            }
            _ => {}
        }
        Some(spec)
    }

    /// Id and version of the method.
    pub fn method(&self) -> Method {
        match self {
            Self::RegressionScan(_) => regression_scan::METHOD,
            Self::EarsC1(_) => ears::METHOD_C1,
            Self::EarsC2(_) => ears::METHOD_C2,
            Self::EarsC3(_) => ears::METHOD_C3,
            Self::FarringtonFlexible(_) => farrington::METHOD,
            Self::Farrington(_) => farrington::METHOD_ORIGINAL,
            Self::Rki(_) => windows::METHOD_RKI,
            Self::Bayes(_) => windows::METHOD_BAYES,
            Self::Cusum(_) => cusum::METHOD,
            Self::GlrPoisson(_) => glr::METHOD_POISSON,
            Self::GlrNegativeBinomial(_) => glr::METHOD_NEGATIVE_BINOMIAL,
            Self::OutbreakP(_) => outbreak_p::METHOD,
        }
    }

    /// Steps of history with which a step of this length can be evaluated at the latest; calendar rules
    /// may allow a step or two less.
    pub fn history_steps_min(&self, step: Step) -> usize {
        match self {
            Self::RegressionScan(_) => regression_scan::history_steps_min(step),
            Self::EarsC1(config) => config.baseline_steps,
            Self::EarsC2(config) => config.baseline_steps + 2,
            Self::EarsC3(config) => config.ears.baseline_steps + 4,
            Self::FarringtonFlexible(config) => {
                years_of_steps(config.years_back, step) + config.half_window_steps
            }
            Self::Farrington(config) => years_of_steps(config.years_back, step) + config.half_window_steps,
            Self::Rki(RkiConfig { windows }) | Self::Bayes(BayesConfig { windows, .. }) => {
                years_of_steps(windows.years_back, step) + windows.half_window_steps
            }
            Self::Cusum(config) => config.training_steps,
            Self::GlrPoisson(config) => config.training_steps,
            Self::GlrNegativeBinomial(config) => config.chart.training_steps,
            Self::OutbreakP(config) => config.first_step,
        }
    }
}

/// Steps in so many years, rounded up.
fn years_of_steps(years: usize, step: Step) -> usize {
    match step {
        Step::Day => years * 365 + years.div_ceil(4),
        Step::Week => (years * 52) + (years * 5).div_ceil(28) + 1,
        Step::Month => years * 12,
    }
}

/// Why a step was not evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum NotEvaluated {
    /// Nobody reported the step itself.
    NotReported,
    /// The series does not reach back far enough.
    HistoryTooShort {
        /// Steps before this one.
        got: usize,
        /// Steps the method needs.
        need: usize,
    },
    /// Too many of the steps that make up the baseline were not reported.
    TooFewReported {
        /// Reported steps in the baseline.
        got: usize,
        /// Reported steps the method needs.
        need: usize,
    },
    /// Too few cases lately for the method to speak.
    TooFewCases {
        /// Cases in the method's recent steps.
        got: u64,
        /// Cases it asks for.
        need: u32,
    },
    /// The baseline has no finite fit, for example no rows or cases at one end only.
    NoFit,
}

/// Verdict on one step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Cases expected by the method's baseline; `None` where the method has none.
    pub expected: Option<f64>,
    /// Upper bound: a count above it is an alarm. `None` where the method has no bound on the count.
    pub upper: Option<f64>,
    /// The method's own statistic; larger is more unusual. `None` where undefined (for example 0/0).
    pub score: Option<f64>,
    /// Probability of a count at least this large if nothing unusual happens.
    pub p_value: Option<f64>,
    /// True if the method raises an alarm.
    pub alarm: bool,
}

/// One step of a [`DetectionSeries`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DetectionStep {
    /// 0-based step of the series.
    pub index: usize,
    /// First day of the step.
    pub date: Date,
    /// Cases reported; `None` = not reported.
    pub observed: Option<u32>,
    /// The verdict, or why there is none.
    pub verdict: Result<Detection, NotEvaluated>,
}

impl DetectionStep {
    /// True if evaluated and alarming.
    pub fn alarm(&self) -> bool {
        self.verdict.is_ok_and(|d| d.alarm)
    }

    /// Expected cases, if evaluated and defined.
    pub fn expected(&self) -> Option<f64> {
        self.verdict.ok().and_then(|d| d.expected)
    }

    /// Upper bound, if evaluated and defined.
    pub fn upper(&self) -> Option<f64> {
        self.verdict.ok().and_then(|d| d.upper)
    }

    /// Statistic, if evaluated and defined.
    pub fn score(&self) -> Option<f64> {
        self.verdict.ok().and_then(|d| d.score)
    }

    /// p value, if evaluated and defined.
    pub fn p_value(&self) -> Option<f64> {
        self.verdict.ok().and_then(|d| d.p_value)
    }
}

/// What a detector says about a range of steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetectionSeries {
    /// Id of the method.
    pub method: String,
    /// Version of the method's numbers.
    pub method_version: u32,
    /// One entry per step of the range, ascending.
    pub steps: Vec<DetectionStep>,
}

impl DetectionSeries {
    /// The alarming steps, ascending.
    pub fn alarms(&self) -> impl Iterator<Item = &DetectionStep> {
        self.steps.iter().filter(|s| s.alarm())
    }

    pub(crate) fn new(
        method: Method,
        series: &CountSeries,
        range: Range<usize>,
        mut verdict: impl FnMut(usize, u32) -> Result<Detection, NotEvaluated>,
    ) -> Self {
        Self::from_results(method, series, range, |index, y| {
            y.ok_or(NotEvaluated::NotReported).and_then(|y| verdict(index, y))
        })
    }

    /// As [`Self::new`] with unreported steps passed on.
    pub(crate) fn from_results(
        method: Method,
        series: &CountSeries,
        range: Range<usize>,
        mut verdict: impl FnMut(usize, Option<u32>) -> Result<Detection, NotEvaluated>,
    ) -> Self {
        let steps = range
            .map(|index| {
                let observed = series.counts()[index];
                DetectionStep { index, date: series.date(index), observed, verdict: verdict(index, observed) }
            })
            .collect();
        Self { method: method.id.to_owned(), method_version: method.version, steps }
    }
}

/// Runs a detector over `range` (0-based steps, half open) of a series.
///
/// # Input
/// `series`: counts per step; a step that was not reported is not evaluated, and each method says what
/// it does with one inside its baseline. `range`: for the newest step alone pass `len - 1..len`.
/// # Errors
/// `InvalidParameter` for a parameter outside its range, or a `range` beyond the series.
/// # Examples
/// ```
/// use wanquan_epi::detect::{DetectorSpec, detect};
/// use wanquan_epi::{CountSeries, Step};
///
/// let counts = [3, 5, 2, 4, 4, 3, 5, 4, 3, 21].map(Some).to_vec();
/// let series = CountSeries::new(jiff::civil::date(2024, 3, 1), Step::Day, counts)?;
/// let spec = DetectorSpec::recommended("ears_c1").expect("a known id");
/// let newest = detect(&spec, &series, series.len() - 1..series.len())?;
/// assert!(newest.steps[0].alarm());
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn detect(
    spec: &DetectorSpec,
    series: &CountSeries,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    match spec {
        DetectorSpec::RegressionScan(config) => regression_scan(series, config, range),
        DetectorSpec::EarsC1(config) => ears_c1(series, config, range),
        DetectorSpec::EarsC2(config) => ears_c2(series, config, range),
        DetectorSpec::EarsC3(config) => ears_c3(series, config, range),
        DetectorSpec::FarringtonFlexible(config) => farrington_flexible(series, config, range),
        DetectorSpec::Farrington(config) => farrington(series, config, range),
        DetectorSpec::Rki(config) => rki(series, config, range),
        DetectorSpec::Bayes(config) => bayes(series, config, range),
        DetectorSpec::Cusum(config) => cusum(series, config, range),
        DetectorSpec::GlrPoisson(config) => glr_poisson(series, config, range),
        DetectorSpec::GlrNegativeBinomial(config) => glr_negative_binomial(series, config, range),
        DetectorSpec::OutbreakP(config) => outbreak_p(series, config, range),
    }
}

/// Runs a detector over the last `steps` steps of each series, in parallel; results in order of input.
/// A series shorter than `steps` is run in full.
/// # Examples
/// ```
/// use wanquan_epi::detect::{DetectorSpec, detect_panel};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let spec = DetectorSpec::recommended("farrington_flexible").expect("a method of this library");
/// let found = detect_panel(&spec, &[series.clone(), series], 52);
/// assert!(found.iter().all(|one| one.as_ref().is_ok_and(|one| one.steps.len() == 52)));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn detect_panel(
    spec: &DetectorSpec,
    panel: &[CountSeries],
    steps: usize,
) -> Vec<Result<DetectionSeries, Error>> {
    panel
        .par_iter()
        .map(|series| detect(spec, series, series.len().saturating_sub(steps)..series.len()))
        .collect()
}

/// Refuses a range that is not inside the series.
pub(crate) fn check_range(series: &CountSeries, range: &Range<usize>) -> Result<(), Error> {
    if range.start > range.end || range.end > series.len() {
        return Err(Error::parameter(
            "range",
            format!("{}..{}", range.start, range.end),
            "must be ascending and inside the series",
        ));
    }
    Ok(())
}

/// Refuses an `alpha_prob` that is not a tail probability.
pub(crate) fn check_alpha(alpha_prob: f64) -> Result<(), Error> {
    if alpha_prob > 0.0 && alpha_prob < 1.0 {
        Ok(())
    } else {
        Err(Error::parameter("alpha_prob", alpha_prob, "must lie between 0 and 1"))
    }
}

#[cfg(test)]
mod tests;
