//! Case reproduction number by day of onset.
//!
//! Question: how many people did the cases with onset in these days go on to infect? It looks forward in
//! time, so it answers for past days; do not use it for the current situation (see [`super::estimate_rt`]),
//! nor without onset dates of nearly all cases: a missed infector hands its offspring to others.
//!
//! Complexity: O(days x support of the serial interval), and per window one pass over the days that its
//! cases can have infected. A year of daily counts takes well below a millisecond.

use super::Incidence;
use super::cori::overall_infectivity;
use crate::special::normal_upper_quantile;
use crate::{Error, Pmf};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Version of the numbers, recorded with stored results.
pub const VERSION: u32 = 1;

/// What to do about offspring that have not fallen ill yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    /// Divide by the share of the serial interval that has passed (Cauchemez et al. 2006).
    Corrected,
    /// Count the offspring seen so far, as the original method and the reference do: biased low at the end.
    AsObserved,
}

/// Parameters of [`estimate_rc`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CohortConfig {
    /// Days of onset per cohort, >= 1. Recommended 7: every weekday once.
    pub window_days: usize,
    /// Offspring still to come. Recommended `Corrected`.
    pub truncation: Truncation,
    /// Least share of a cohort's serial intervals that must have passed for an estimate, 0 to 1.
    /// Recommended 0.5: below that the correction more than doubles what was seen.
    pub observed_share_min: f64,
    /// Probability of the interval, in (0, 1). Recommended 0.95.
    pub interval_prob: f64,
}

impl CohortConfig {
    /// Weekly cohorts, corrected for truncation where half of the interval has passed, 95 % interval.
    pub fn recommended() -> Self {
        Self {
            window_days: 7,
            truncation: Truncation::Corrected,
            observed_share_min: 0.5,
            interval_prob: 0.95,
        }
    }

    fn check(&self) -> Result<(), Error> {
        if self.window_days == 0 {
            return Err(Error::parameter("window_days", 0, "must be at least 1"));
        }
        if !(0.0..=1.0).contains(&self.observed_share_min) {
            return Err(Error::parameter("observed_share_min", self.observed_share_min, "must be 0 to 1"));
        }
        if !(self.interval_prob > 0.0 && self.interval_prob < 1.0) {
            return Err(Error::parameter("interval_prob", self.interval_prob, "must lie between 0 and 1"));
        }
        Ok(())
    }
}

/// Why a cohort has no estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum NoCohortEstimate {
    /// Nobody fell ill in these days.
    NoCases,
    /// Too many of the offspring are still to come.
    RightTruncated {
        /// Share of the cohort's serial intervals that has passed.
        observed_share: f64,
    },
    /// A day of the cohort, or one on which its offspring would fall ill, was not reported.
    Unreported,
}

/// Case reproduction number of one cohort. Dimensionless.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CohortEstimate {
    /// Mean number of offspring per case.
    pub mean: f64,
    /// Standard deviation from not knowing who infected whom.
    pub sd: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
    /// Share of the cohort's serial intervals that has passed.
    pub observed_share: f64,
}

/// One cohort.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CohortPoint {
    /// First day of onset.
    pub window_start: Date,
    /// Last day of onset.
    pub window_end: Date,
    /// Cases of the cohort, local and imported.
    pub cases: u64,
    /// The estimate, or why there is none.
    pub estimate: Result<CohortEstimate, NoCohortEstimate>,
}

/// Estimates by cohort, ascending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CohortSeries {
    /// Always `rt_wallinga_teunis`.
    pub method: String,
    /// Version of the numbers.
    pub method_version: u32,
    /// Probability of the interval in each estimate.
    pub interval_prob: f64,
    /// One entry per cohort.
    pub points: Vec<CohortPoint>,
}

/// Case (cohort) reproduction number on sliding windows of onset days, by likelihood of who infected whom.
///
/// # Input
/// `incidence`: daily cases by onset date; imported cases infect but have no infector here.
/// `serial_interval`: `w[k]` = P(interval = k days), `w[0] = 0`.
/// # Output
/// One row per window, ascending, the first starting on day 0. The interval is that of the number of
/// offspring given the onset dates: it does not include that of the serial interval or of missed cases.
/// # Errors
/// `TooShort` if no window fits; `InvalidParameter` for parameters or a serial interval with mass at 0 days.
/// # Method
/// Wallinga & Teunis 2004, Am J Epidemiol 160:509-516; doi:10.1093/aje/kwh255. A case of day i was infected
/// by one of day j with probability w(i - j) / sum over k of I(k) w(i - k). Right truncation as in Cauchemez
/// et al. 2006, Emerg Infect Dis 12:110-113: a cohort's offspring are divided by its cases weighted with the
/// share of the serial interval that has passed.
/// Departs from the paper: where it simulates trees, the number of offspring is a sum of independent
/// binomials here, whose quantiles are computed (exactly for up to 1,000 possible offspring, above by the
/// normal limit). Gaps are not zeros.
/// # Examples
/// ```
/// use wanquan_epi::rt::{serial_interval::discretise_gamma, CohortConfig, Incidence, estimate_rc};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Influenza A(H1N1)pdm in a Pennsylvania school, 2009 (Cauchemez et al. 2011).
/// let cases = [1, 1, 0, 2, 5, 4, 7, 14, 25, 24, 15, 8, 6, 1, 2, 1, 1, 0].map(Some).to_vec();
/// let cases = CountSeries::new(jiff::civil::date(2009, 4, 27), Step::Day, cases)?;
/// let w = discretise_gamma(2.6, 1.5, 17)?;
/// let rc = estimate_rc(&Incidence::all_local(&cases)?, &w, &CohortConfig::recommended())?;
/// let first = rc.points[0].estimate.expect("cases in the first week");
/// assert!(first.lower > 1.5 && first.mean < 4.0);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn estimate_rc(
    incidence: &Incidence,
    serial_interval: &Pmf,
    config: &CohortConfig,
) -> Result<CohortSeries, Error> {
    config.check()?;
    let width = config.window_days;
    if incidence.len() < width {
        return Err(Error::TooShort { what: "incidence", got: incidence.len(), need: width });
    }
    let windows: Vec<_> = (0..=incidence.len() - width).map(|start| start..start + width).collect();
    estimate_rc_windows(incidence, serial_interval, &windows, config)
}

/// As [`estimate_rc`] on cohorts of your own: 0-based half-open ranges of days.
///
/// # Errors
/// `InvalidParameter` for an empty window or one outside the series, else as [`estimate_rc`].
/// # Examples
/// ```
/// use wanquan_epi::rt::{CohortConfig, Incidence, estimate_rc_windows, serial_interval::discretise_gamma};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Influenza A(H1N1)pdm in a Pennsylvania school, 2009, first 18 days (Cauchemez et al. 2011).
/// let cases = [1, 1, 0, 2, 5, 4, 7, 14, 25, 24, 15, 8, 6, 1, 2, 1, 1, 0].map(Some).to_vec();
/// let cases = CountSeries::new(jiff::civil::date(2009, 4, 27), Step::Day, cases)?;
/// let w = discretise_gamma(2.6, 1.5, 17)?;
/// let incidence = Incidence::all_local(&cases)?;
/// let rc = estimate_rc_windows(&incidence, &w, &[0..8, 8..14], &CohortConfig::recommended())?;
/// let mean = |i: usize| rc.points[i].estimate.expect("cases in the window").mean;
/// assert!(mean(0) > 1.5 && mean(1) < 1.0);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn estimate_rc_windows(
    incidence: &Incidence,
    serial_interval: &Pmf,
    windows: &[Range<usize>],
    config: &CohortConfig,
) -> Result<CohortSeries, Error> {
    config.check()?;
    if serial_interval.at(0) != 0.0 {
        return Err(Error::parameter(
            "serial_interval",
            serial_interval.at(0),
            "must have no mass at 0 days",
        ));
    }
    let mass = serial_interval.mass();
    if mass <= 0.0 {
        return Err(Error::parameter("serial_interval", mass, "must have mass"));
    }
    if let Some(w) = windows.iter().find(|w| w.start >= w.end || w.end > incidence.len()) {
        return Err(Error::parameter(
            "windows",
            format!("{}..{}", w.start, w.end),
            "must be non-empty and inside the series",
        ));
    }
    let infectivity = overall_infectivity(incidence, serial_interval);
    let cohorts = Cohorts { incidence, w: serial_interval, mass, infectivity: &infectivity, config };
    Ok(CohortSeries {
        method: "rt_wallinga_teunis".to_owned(),
        method_version: VERSION,
        interval_prob: config.interval_prob,
        points: windows.iter().map(|window| cohorts.point(window)).collect(),
    })
}

struct Cohorts<'a> {
    incidence: &'a Incidence,
    w: &'a Pmf,
    mass: f64,
    infectivity: &'a [Option<f64>],
    config: &'a CohortConfig,
}

impl Cohorts<'_> {
    fn point(&self, window: &Range<usize>) -> CohortPoint {
        let count = |day| self.incidence.total(day);
        let reported: Option<f64> = window.clone().map(count).sum();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a sum of counts below 2^33 each"
        )]
        let cases = window.clone().filter_map(count).sum::<f64>() as u64;
        let estimate = match reported {
            None => Err(NoCohortEstimate::Unreported),
            Some(0.0) => Err(NoCohortEstimate::NoCases),
            Some(total) => self.estimate(window, total),
        };
        CohortPoint {
            window_start: self.incidence.date(window.start),
            window_end: self.incidence.date(window.end - 1),
            cases,
            estimate,
        }
    }

    fn estimate(&self, window: &Range<usize>, total: f64) -> Result<CohortEstimate, NoCohortEstimate> {
        let (w, days) = (self.w.as_slice(), self.incidence.len());
        let offspring = self.offspring(window)?;
        let mut passed = 0.0;
        for day in window.clone() {
            let lags = w.len().min(days - day);
            let share = w[..lags].iter().sum::<f64>() / self.mass;
            passed += self.incidence.total(day).unwrap_or(0.0) * share.min(1.0);
        }
        let observed_share = passed / total;
        let at_risk = match self.config.truncation {
            Truncation::AsObserved => total,
            Truncation::Corrected if observed_share < self.config.observed_share_min || passed == 0.0 => {
                return Err(NoCohortEstimate::RightTruncated { observed_share });
            }
            Truncation::Corrected => passed,
        };
        let mean: f64 = offspring.iter().map(|o| o.trials * o.prob).sum();
        let variance: f64 = offspring.iter().map(|o| o.trials * o.prob * (1.0 - o.prob)).sum();
        let (lower, upper) = offspring_interval(&offspring, mean, variance, self.config.interval_prob);
        Ok(CohortEstimate {
            mean: mean / at_risk,
            sd: variance.sqrt() / at_risk,
            lower: lower / at_risk,
            upper: upper / at_risk,
            observed_share,
        })
    }

    /// Local cases per later day with the probability that one of the window's cases infected each.
    fn offspring(&self, window: &Range<usize>) -> Result<Vec<Offspring>, NoCohortEstimate> {
        let w = self.w.as_slice();
        let last = (window.end - 1 + w.len()).min(self.incidence.len());
        let mut found = Vec::with_capacity(last - window.start);
        for day in window.start + 1..last {
            let lags = |infector: &usize| *infector < day && day - infector < w.len();
            let weight: f64 = window
                .clone()
                .filter(lags)
                .map(|infector| self.incidence.total(infector).unwrap_or(0.0) * w[day - infector])
                .sum();
            if weight == 0.0 {
                continue;
            }
            let local = self.incidence.local()[day].ok_or(NoCohortEstimate::Unreported)?;
            let pressure = self.infectivity[day].ok_or(NoCohortEstimate::Unreported)?;
            if local > 0 && pressure > 0.0 {
                found.push(Offspring { trials: f64::from(local), prob: (weight / pressure).min(1.0) });
            }
        }
        Ok(found)
    }
}

/// Cases of one day, each infected by the cohort with the same probability.
#[derive(Debug, Clone, Copy)]
struct Offspring {
    trials: f64,
    prob: f64,
}

/// Largest number of trials for which the distribution is convolved case by case.
const EXACT_TRIALS_MAX: f64 = 1000.0;

/// Equal-tailed interval of a sum of independent binomials.
fn offspring_interval(offspring: &[Offspring], mean: f64, variance: f64, prob: f64) -> (f64, f64) {
    let tail = 0.5 * (1.0 - prob);
    let trials: f64 = offspring.iter().map(|o| o.trials).sum();
    if trials > EXACT_TRIALS_MAX {
        let half = normal_upper_quantile(tail) * variance.sqrt();
        return ((mean - half).max(0.0), (mean + half).min(trials));
    }
    let (first, mass) = sum_of_binomials(offspring);
    let mut cumulative = 0.0;
    let (mut lower, mut upper) = (None, mass.len() - 1);
    for (n, p) in mass.iter().enumerate() {
        cumulative += p;
        if lower.is_none() && cumulative > tail {
            lower = Some(n);
        }
        if cumulative >= 1.0 - tail {
            upper = n;
            break;
        }
    }
    ((first + lower.unwrap_or(0)) as f64, (first + upper) as f64)
}

/// Mass function of a sum of independent binomials, one trial at a time, from the returned first value on.
/// Masses below 1e-18 at both ends are cut, which keeps the cost at trials x standard deviations.
fn sum_of_binomials(offspring: &[Offspring]) -> (usize, Vec<f64>) {
    let mut first = 0;
    let mut mass = vec![1.0];
    for o in offspring {
        let mut left = o.trials;
        while left > 0.0 {
            mass.push(0.0);
            for n in (1..mass.len()).rev() {
                mass[n] = mass[n] * (1.0 - o.prob) + mass[n - 1] * o.prob;
            }
            mass[0] *= 1.0 - o.prob;
            while mass.len() > 1 && mass.last().is_some_and(|p| *p < 1e-18) {
                mass.pop();
            }
            let light = mass[..mass.len() - 1].iter().take_while(|p| **p < 1e-18).count();
            mass.drain(..light);
            first += light;
            left -= 1.0;
        }
    }
    (first, mass)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CountSeries, Step};

    fn incidence(counts: &[Option<u32>]) -> Incidence {
        let series = CountSeries::new(jiff::civil::date(2024, 1, 1), Step::Day, counts.to_vec()).unwrap();
        Incidence::all_local(&series).unwrap()
    }

    fn three_days() -> Pmf {
        Pmf::new(vec![0.0, 0.0, 0.0, 1.0]).unwrap()
    }

    #[test]
    fn a_fixed_interval_makes_the_offspring_certain() {
        let cases = incidence(&[Some(2), Some(0), Some(0), Some(6), Some(0), Some(0), Some(3)]);
        let config = CohortConfig { window_days: 1, ..CohortConfig::recommended() };
        let rc = estimate_rc(&cases, &three_days(), &config).unwrap();
        let first = rc.points[0].estimate.unwrap();
        assert_eq!((first.mean, first.sd, first.lower, first.upper), (3.0, 0.0, 3.0, 3.0));
        assert_eq!(rc.points[3].estimate.unwrap().mean, 0.5);
        assert_eq!(rc.points[1].estimate, Err(NoCohortEstimate::NoCases));
        assert_eq!(rc.points[6].estimate, Err(NoCohortEstimate::RightTruncated { observed_share: 0.0 }));
    }

    #[test]
    fn an_unreported_day_silences_the_cohorts_that_need_it() {
        let cases = incidence(&[Some(2), Some(1), Some(1), None, Some(1), Some(2), Some(3)]);
        let config = CohortConfig { window_days: 1, ..CohortConfig::recommended() };
        let rc = estimate_rc(&cases, &three_days(), &config).unwrap();
        assert_eq!(rc.points[0].estimate, Err(NoCohortEstimate::Unreported));
        assert!(rc.points[1].estimate.is_ok());
        assert_eq!(rc.points[3].estimate, Err(NoCohortEstimate::Unreported));
    }

    #[test]
    fn large_and_small_cohorts_agree_on_the_interval() {
        let trials = |n: f64| [Offspring { trials: n, prob: 0.3 }, Offspring { trials: n, prob: 0.6 }];
        let moments = |o: &[Offspring]| {
            let mean: f64 = o.iter().map(|o| o.trials * o.prob).sum();
            (mean, o.iter().map(|o| o.trials * o.prob * (1.0 - o.prob)).sum::<f64>())
        };
        let below = trials(499.0);
        let (mean, variance) = moments(&below);
        let exact = offspring_interval(&below, mean, variance, 0.95);
        let half = 1.959_964 * variance.sqrt();
        assert!((exact.0 - (mean - half)).abs() < 1.5 && (exact.1 - (mean + half)).abs() < 1.5, "{exact:?}");
    }
}
