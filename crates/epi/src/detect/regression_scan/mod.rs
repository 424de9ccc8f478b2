//! Regression scan: a robust regression learns what to expect, and the evidence of the newest steps is added up.
//!
//! Question: has an outbreak begun within the last weeks (or days), given level, trend, season, weekdays, holidays and
//! reporting delay? The recommended detector for daily and weekly series, with few weeks or many years of history, for
//! rare and for frequent diseases. Do not use it where the level is expected to change for other reasons (a new test,
//! a new case definition: begin the series anew), for series whose seasonal peaks are narrow and move from year to
//! year (influenza: it will alarm as every wave begins, which may be what you want), or where one case is a signal.
//!
//! Complexity: one regression a step (a week, for days) of some 15 passes over the history, 0.5 ms for ten years of
//! weeks; 5,000 regions x 60 diseases, newest week only: 300,000 steps, two and a half minutes on one core.
//!
//! Baseline after Noufaily et al. 2013, Stat Med 32:1206 and Farrington et al. 1996, J R Stat Soc A 159:547
//! (weights); shrinkage after Morris 1983, J Am Stat Assoc 78:47; mixture ratio over the time of the change after
//! Shiryaev and Roberts, see Frisén 2009, Sequential Analysis 28:363. The combination is our own: see
//! `docs/methods/regression_scan.md` for what each part gains.

mod baseline;
mod calibration;
mod design;
mod evidence;

use super::{Detection, DetectionSeries, Method, NotEvaluated, check_alpha, check_range};
use crate::special::CountDistribution;
use crate::{CountSeries, Error, Step};
use baseline::{Baseline, Problem, Work};
use design::{Design, epoch_days};
use evidence::{Evidence, Recent};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::ops::Range;

pub(super) const METHOD: Method = Method { id: "regression_scan", version: 3 };

/// Parameters of [`regression_scan`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegressionScanConfig {
    /// Probability of an alarm in a step without an outbreak, above 0 and at most 0.2. Recommended 0.01: one false
    /// alarm in two years of weeks.
    pub alpha_prob: f64,
    /// Newest years from which the baseline is learnt, 1 to 50. Recommended 10; a shorter history is taken as it is.
    pub history_years: usize,
    /// Pairs of sine and cosine that the season may have, 0 to 6; those that the data do not show are drawn to zero.
    /// Recommended 2.
    pub harmonics: usize,
    /// Fewest cases within the window for an alarm, >= 1. Recommended 2: a single case of a rare disease is the
    /// business of a case rule, not of a detector of excess.
    pub cases_min: u32,
    /// Days on which fewer (or more) cases are reported than on others of their kind; the size of the effect is
    /// learnt. Recommended: the public holidays. None by default.
    pub holidays: Vec<Date>,
    /// Share of the cases of the newest step of the series, of the one before it, and so on, that are reported by
    /// now, each above 0 and not above 1; older steps are complete. Recommended: the estimate from a reporting
    /// triangle. Empty (all complete) by default.
    pub completeness: Vec<f64>,
}

impl RegressionScanConfig {
    /// Ten years, two harmonics, one false alarm in a hundred steps.
    pub fn recommended() -> Self {
        Self {
            alpha_prob: 0.01,
            history_years: 10,
            harmonics: 2,
            cases_min: 2,
            holidays: Vec::new(),
            completeness: Vec::new(),
        }
    }

    fn check(&self) -> Result<(), Error> {
        check_alpha(self.alpha_prob)?;
        if self.alpha_prob > 0.2 {
            return Err(Error::parameter("alpha_prob", self.alpha_prob, "must not exceed 0.2"));
        }
        if !(1..=50).contains(&self.history_years) {
            return Err(Error::parameter("history_years", self.history_years, "must lie between 1 and 50"));
        }
        if self.harmonics > 6 {
            return Err(Error::parameter("harmonics", self.harmonics, "must not exceed 6"));
        }
        if self.cases_min == 0 {
            return Err(Error::parameter("cases_min", 0, "must be at least 1"));
        }
        if let Some(bad) = self.completeness.iter().find(|c| !(**c > 0.0 && **c <= 1.0)) {
            return Err(Error::parameter("completeness", bad, "must lie above 0 and not above 1"));
        }
        Ok(())
    }
}

/// Steps over which evidence adds up. Fixed, because the probabilities are calibrated for them.
fn window_steps(step: Step) -> usize {
    match step {
        Step::Day => 14,
        Step::Week => 3,
        Step::Month => 2,
    }
}

/// Reported steps without which there is no baseline: every weekday twice, six weeks, half a year.
fn baseline_steps_min(step: Step) -> usize {
    match step {
        Step::Day => 14,
        Step::Week | Step::Month => 6,
    }
}

/// Steps of history with which a step can be evaluated at the latest.
pub(super) fn history_steps_min(step: Step) -> usize {
    // Days: the baseline ends with a week.
    window_steps(step) + baseline_steps_min(step) + if step == Step::Day { 6 } else { 0 }
}

/// Everything the method knows about one step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RegressionScanFit {
    /// Cases expected, as far as they are reported by now.
    pub expected: f64,
    /// Standard error of the logarithm of `expected`.
    pub log_expected_se: f64,
    /// Variance of a count over its mean, that error left out.
    pub dispersion: f64,
    /// Largest count without alarm.
    pub upper: f64,
    /// Natural logarithm of the mixture likelihood ratio; `None` if the step was not reported.
    pub ln_ratio: Option<f64>,
    /// Probability of a ratio at least as large without an outbreak; `None` if the step was not reported.
    pub p_value: Option<f64>,
    /// Steps whose evidence is added up: the window, or those since the last step that had alarmed.
    pub steps_joined: usize,
}

/// Regression scan.
///
/// # Input
/// `series`: daily, weekly or monthly counts, three weeks to many years before the first evaluated step. A step that
/// was not reported has no say in the baseline or the evidence.
/// # Output
/// `expected`: the baseline, with the reporting delay if `completeness` tells of one. `score`: decimal logarithm of
/// the likelihood ratio of an outbreak within the window. `p_value`: how often a step without an outbreak has a ratio
/// at least as large. `upper`: the largest count without alarm, given the counts before; below `expected` if those
/// nearly alarmed. A step without a case does not alarm.
/// # Errors
/// `InvalidParameter` for a parameter or range that is not admissible.
/// # Method
/// See the module and `docs/methods/regression_scan.md`. The baseline is learnt from the steps before the window (for
/// days from the whole weeks before it); the window is 3 weeks, 14 days or 2 months.
/// # Examples
/// ```
/// use wanquan_epi::detect::{RegressionScanConfig, regression_scan};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let found = regression_scan(&series, &RegressionScanConfig::recommended(), 400..528)?;
/// // The outbreak from mung bean sprouts in the autumn of 2011.
/// assert!(found.alarms().any(|step| step.date.to_string() == "2011-10-31"));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn regression_scan(
    series: &CountSeries,
    config: &RegressionScanConfig,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    let mut fits = regression_scan_fits(series, config, range.clone())?.into_iter();
    Ok(DetectionSeries::from_results(METHOD, series, range, |_, y| {
        let fit = fits.next().ok_or(NotEvaluated::NoFit)?;
        let y = y.ok_or(NotEvaluated::NotReported)?;
        let fit = fit?;
        Ok(Detection {
            expected: Some(fit.expected),
            upper: Some(fit.upper),
            score: fit.ln_ratio.map(|ln| ln * std::f64::consts::LOG10_E),
            p_value: fit.p_value,
            alarm: f64::from(y) > fit.upper,
        })
    }))
}

/// The fits behind [`regression_scan`], for plots and diagnostics: also of unreported steps.
///
/// # Errors
/// As [`regression_scan`].
/// # Examples
/// ```
/// use wanquan_epi::detect::{RegressionScanConfig, regression_scan_fits};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let fits = regression_scan_fits(&series, &RegressionScanConfig::recommended(), 400..402)?;
/// let fit = fits[0].as_ref().expect("seven years of history");
/// assert!(fit.upper > fit.expected && (1..=3).contains(&fit.steps_joined));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn regression_scan_fits(
    series: &CountSeries,
    config: &RegressionScanConfig,
    range: Range<usize>,
) -> Result<Vec<Result<RegressionScanFit, NotEvaluated>>, Error> {
    fits(series, config, None, range)
}

/// An idea that can be left out, to see what it gains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Evidence of the steps of a window is added up. Without: the newest step alone.
    Pooling,
    /// What has alarmed is not counted again. Without: the whole window always.
    Forgetting,
    /// Two sizes are larger than the others. Without: the others alone.
    LargeSizes,
    /// Outbreak cases scatter like those of one source. Without: like the baseline's.
    SourceScatter,
    /// Past counts far above the rest are weighed down. Without: all count alike.
    Robustness,
    /// Effects that do not stand out are drawn to zero. Without: fitted as they fall.
    Shrinkage,
    /// The season may shift, grow or fade from year to year. Without: the same every year.
    SeasonDrift,
    /// The level follows the last half year as far as half years differ. Without: the regression alone.
    RecentLevel,
    /// The error of the baseline widens the distribution of a count. Without: taken as known.
    BaselineError,
    /// More evidence is asked for where counts scatter widely. Without: the same for all.
    ScatterAllowance,
}

impl Part {
    /// All, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Pooling,
        Self::Forgetting,
        Self::LargeSizes,
        Self::SourceScatter,
        Self::Robustness,
        Self::Shrinkage,
        Self::SeasonDrift,
        Self::RecentLevel,
        Self::BaselineError,
        Self::ScatterAllowance,
    ];
}

/// [`regression_scan_fits`] without one of its ideas: for comparisons at the same share of false alarms. Probabilities and
/// bounds are not calibrated for it; `ln_ratio` orders the steps.
///
/// # Errors
/// As [`regression_scan`].
/// # Examples
/// ```
/// use wanquan_epi::detect::{Part, RegressionScanConfig, regression_scan_fits, regression_scan_without};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let config = RegressionScanConfig::recommended();
/// let week_alone = regression_scan_without(&series, &config, Part::Pooling, 400..402)?;
/// assert!(week_alone.iter().flatten().all(|fit| fit.steps_joined == 1));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn regression_scan_without(
    series: &CountSeries,
    config: &RegressionScanConfig,
    part: Part,
    range: Range<usize>,
) -> Result<Vec<Result<RegressionScanFit, NotEvaluated>>, Error> {
    fits(series, config, Some(part), range)
}

/// The evidence of [`regression_scan`] against a baseline of your own: a forecast, the model of another program or, in a
/// simulation, the truth, which shows how much the learning of the baseline costs.
///
/// # Input
/// `expected`: cases expected a step, over the whole series, positive and finite. `dispersion`: variance of a count over
/// its mean, at least 1. Both are taken as known.
/// # Output
/// As [`regression_scan_fits`].
/// # Errors
/// `LengthMismatch`, `InvalidData` for an expected number that is not positive; else as [`regression_scan`].
/// # Examples
/// ```
/// use wanquan_epi::detect::{RegressionScanConfig, regression_scan_against};
/// use wanquan_epi::{CountSeries, Step};
///
/// let counts = [4, 6, 5, 3, 9, 10, 11].map(Some).to_vec();
/// let series = CountSeries::new(jiff::civil::date(2024, 1, 1), Step::Week, counts)?;
/// let fits = regression_scan_against(&series, &[5.0; 7], 1.2, &RegressionScanConfig::recommended(), 4..7)?;
/// let p: Vec<f64> = fits.iter().map(|fit| fit.as_ref().unwrap().p_value.unwrap()).collect();
/// // Each of the last three weeks is unusual; the third with the two before it is an alarm.
/// assert!(p[0] > 0.01 && p[2] < 0.01);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn regression_scan_against(
    series: &CountSeries,
    expected: &[f64],
    dispersion: f64,
    config: &RegressionScanConfig,
    range: Range<usize>,
) -> Result<Vec<Result<RegressionScanFit, NotEvaluated>>, Error> {
    if expected.len() != series.len() {
        return Err(Error::LengthMismatch {
            left: "steps of the series",
            left_len: series.len(),
            right: "expected cases",
            right_len: expected.len(),
        });
    }
    if let Some(position) = expected.iter().position(|m| !(m.is_finite() && *m > 0.0)) {
        let why = "must be positive and finite";
        return Err(Error::InvalidData { what: "expected cases", position, why });
    }
    if !(dispersion >= 1.0 && dispersion.is_finite()) {
        return Err(Error::parameter("dispersion", dispersion, "must be finite and at least 1"));
    }
    config.check()?;
    check_range(series, &range)?;
    let mut scanner = Scanner::new(series, config, None, range.clone());
    Ok(range.map(|now| scanner.judge_against(now, expected, dispersion)).collect())
}

fn fits(
    series: &CountSeries,
    config: &RegressionScanConfig,
    without: Option<Part>,
    range: Range<usize>,
) -> Result<Vec<Result<RegressionScanFit, NotEvaluated>>, Error> {
    config.check()?;
    check_range(series, &range)?;
    let mut scanner = Scanner::new(series, config, without, range.clone());
    Ok(range.map(|now| scanner.judge(now)).collect())
}

/// What was learnt from a history.
struct Learnt {
    /// Step after the history.
    end: usize,
    /// Middle of the history, years from the beginning of the series.
    middle: f64,
    baseline: Result<Baseline, NotEvaluated>,
}

struct Scanner<'a> {
    series: &'a CountSeries,
    config: &'a RegressionScanConfig,
    without: Option<Part>,
    design: Design,
    window: usize,
    /// Logarithm of the ratio beyond which a step with a long history alarms.
    limit: f64,
    work: Work,
    recent: Vec<Recent>,
    evidence: Evidence,
    learnt: Option<Learnt>,
    rows: Vec<f64>,
}

impl<'a> Scanner<'a> {
    fn new(
        series: &'a CountSeries,
        config: &'a RegressionScanConfig,
        without: Option<Part>,
        range: Range<usize>,
    ) -> Self {
        let step = series.step();
        let window = window_steps(step);
        // Seven steps more: the history of days ends with a week.
        let first = history_start(step, config, (range.start + 1).saturating_sub(window + 7));
        Self {
            series,
            config,
            without,
            design: Design::new(series, config, without, first..range.end.max(first)),
            window,
            limit: calibration::limit(step, config.alpha_prob),
            work: Work::default(),
            recent: Vec::new(),
            evidence: Evidence::new(without),
            learnt: None,
            rows: Vec::new(),
        }
    }

    fn judge(&mut self, now: usize) -> Result<RegressionScanFit, NotEvaluated> {
        let end = history_end(self.series, now, self.window);
        let start = history_start(self.series.step(), self.config, end);
        let need = baseline_steps_min(self.series.step());
        if end - start < need {
            return Err(NotEvaluated::HistoryTooShort { got: now, need: now + need - (end - start) });
        }
        let learnt = match self.learnt.take() {
            Some(learnt) if learnt.end == end => learnt,
            _ => self.learn(start, end),
        };
        let found = self.compare(now, start, &learnt);
        self.learnt = Some(learnt);
        let log_variance = found?;
        self.weigh(log_variance, calibration::short_history(self.series.step(), end - start))
    }

    /// Sets the recent steps against a baseline; the variance of the logarithm of the newest one's mean.
    fn compare(&mut self, now: usize, start: usize, learnt: &Learnt) -> Result<f64, NotEvaluated> {
        let baseline = learnt.baseline.as_ref().map_err(|why| *why)?;
        self.design.rows(now..now + 1, learnt.middle, &mut self.rows);
        let log_variance = match self.without {
            Some(Part::BaselineError) => 0.0,
            _ => baseline.log_variance(&self.rows),
        };
        self.recent.clear();
        for t in (self.oldest(now, start)..=now).rev() {
            let complete = self.complete(t);
            self.design.rows(t..t + 1, learnt.middle, &mut self.rows);
            let mean = complete * baseline.mean(&self.rows);
            // A share of a negative binomial count scatters less; an uncertain mean adds its own variance.
            let dispersion = 1.0 + complete * (baseline.dispersion - 1.0) + log_variance * mean;
            self.recent.push(Recent {
                expected: CountDistribution { mean, dispersion },
                count: self.series.counts()[t],
            });
        }
        Ok(log_variance)
    }

    /// The same with a baseline that is known.
    fn judge_against(
        &mut self,
        now: usize,
        expected: &[f64],
        dispersion: f64,
    ) -> Result<RegressionScanFit, NotEvaluated> {
        self.recent.clear();
        for t in (self.oldest(now, 0)..=now).rev() {
            let complete = self.complete(t);
            let (mean, dispersion) = (complete * expected[t], 1.0 + complete * (dispersion - 1.0));
            self.recent.push(Recent {
                expected: CountDistribution { mean, dispersion },
                count: self.series.counts()[t],
            });
        }
        self.weigh(0.0, 0.0)
    }

    /// As many steps before the window as one within it looks back.
    fn oldest(&self, now: usize, start: usize) -> usize {
        (now + 2).saturating_sub(2 * self.window).max(start)
    }

    /// Share of a step that is reported by now.
    fn complete(&self, t: usize) -> f64 {
        self.config.completeness.get(self.series.len() - 1 - t).copied().unwrap_or(1.0)
    }

    /// Judges the newest of the recent steps; `short` is what a short history asks for beyond the usual evidence.
    fn weigh(&mut self, log_variance: f64, short: f64) -> Result<RegressionScanFit, NotEvaluated> {
        let usable = |step: &Recent| {
            let CountDistribution { mean, dispersion } = step.expected;
            mean.is_finite() && dispersion.is_finite() && mean > 0.0
        };
        if !self.recent.iter().all(usable) {
            return Err(NotEvaluated::NoFit);
        }
        let limit = self.limit + short;
        self.evidence.fill(&self.recent);
        let reach = match self.without {
            Some(Part::Pooling) => 1,
            Some(Part::Forgetting) => self.window,
            _ => self.evidence.reach(self.window, limit),
        };
        let newest = self.recent[0];
        let ratio = self.evidence.with_newest(newest, reach);
        let step = self.series.step();
        let count = newest.count.map(f64::from);
        let ln_ratio = count.map(&ratio);
        Ok(RegressionScanFit {
            expected: newest.expected.mean,
            log_expected_se: log_variance.sqrt(),
            dispersion: newest.expected.dispersion - log_variance * newest.expected.mean,
            upper: self.upper(&newest, &ratio, reach, limit),
            ln_ratio,
            p_value: ln_ratio
                .zip(count)
                .map(|(ln, y)| if y > 0.0 { calibration::probability(step, ln - short) } else { 1.0 }),
            steps_joined: reach,
        })
    }

    fn learn(&mut self, start: usize, end: usize) -> Learnt {
        let middle = self.design.years(start.midpoint(end));
        Learnt { end, middle, baseline: self.baseline(start, end, middle) }
    }

    fn baseline(&mut self, start: usize, end: usize, middle: f64) -> Result<Baseline, NotEvaluated> {
        let step = self.series.step();
        let counts = &self.series.counts()[start..end];
        let need = baseline_steps_min(step);
        let got = counts.iter().flatten().count();
        if got < need {
            return Err(NotEvaluated::TooFewReported { got, need });
        }
        self.design.rows(start..end, middle, &mut self.rows);
        let problem = Problem {
            rows: &self.rows,
            columns: self.design.columns,
            counts,
            effects: &self.design.effects,
            level_steps: step.per_year() / 2,
            without: self.without,
        };
        problem.fit(&mut self.work).ok_or(NotEvaluated::NoFit)
    }

    /// Largest count that does not alarm.
    fn upper(&self, newest: &Recent, ratio: &impl Fn(f64) -> f64, reach: usize, limit: f64) -> f64 {
        // No alarm without a case, nor with fewer than asked for.
        let floor =
            u64::from(self.config.cases_min).saturating_sub(self.evidence.cases_before(reach)).max(1) - 1;
        let mut low = floor as f64;
        if ratio(low + 1.0) > limit {
            return low;
        }
        let sd = (newest.expected.mean * newest.expected.dispersion).sqrt();
        let mut step = sd.max(1.0).ceil();
        let mut high = low.max(newest.expected.mean.floor()) + step;
        while ratio(high) <= limit {
            low = high;
            step *= 2.0;
            high += step;
        }
        while high - low > 1.0 {
            let mid = (0.5_f64 * (low + high)).floor();
            if mid <= low || mid >= high {
                break;
            }
            if ratio(mid) <= limit { low = mid } else { high = mid }
        }
        low
    }
}

/// End of the history that step `now` is compared with: before the window, for days with a Sunday, so that one fit
/// serves a week.
fn history_end(series: &CountSeries, now: usize, window: usize) -> usize {
    let end = (now + 1).saturating_sub(window);
    if series.step() != Step::Day {
        return end;
    }
    // Day 0 of the epoch was a Thursday.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 6")]
    let days_since_monday = (epoch_days(series.date(end)) + 3.0).rem_euclid(7.0) as usize;
    end.saturating_sub(days_since_monday)
}

fn history_start(step: Step, config: &RegressionScanConfig, end: usize) -> usize {
    let steps = match step {
        Step::Day => config.history_years * 366,
        Step::Week => config.history_years * 53,
        Step::Month => config.history_years * 12,
    };
    end.saturating_sub(steps)
}

#[cfg(test)]
mod tests;
