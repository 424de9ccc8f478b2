//! Instantaneous reproduction number on sliding windows.
//!
//! Question: how many people does one case infect under the conditions of these days? Do not use it on
//! report dates without a nowcast (the newest days look like a decline), on aggregated weeks, or where
//! the serial interval is long against the window of interest.
//!
//! Complexity: O(days x support of the serial interval) for the infectivity, O(1) per window by running
//! sums, plus the quantiles, which depend on the window's case count only and are kept per count.
//! 3,340 districts x 344 days with three quantiles: well below a second.

use super::Incidence;
use crate::special::gamma_quantile;
use crate::{Error, Pmf};
use jiff::civil::Date;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Version of the numbers, recorded with stored results.
pub const VERSION: u32 = 1;

/// Parameters of [`estimate_rt`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RtConfig {
    /// Days per window, >= 1. Recommended 7: every weekday once. Shorter windows follow changes faster
    /// and are noisier.
    pub window_days: usize,
    /// Mean of the gamma prior of R, 1e-6 to 1e6. Recommended 5 (Cori et al.): high, so that few cases do not
    /// suggest control.
    pub prior_mean: f64,
    /// Standard deviation of the prior, 1e-6 to 1e6, at least 1e-5 of the mean. Recommended 5.
    pub prior_sd: f64,
    /// Fewest local cases in a window for an estimate. Recommended 11: with the recommended prior the
    /// posterior's coefficient of variation is then at most 0.3.
    pub cases_min: u32,
    /// Posterior quantiles to report, each in (0, 1). Recommended 0.025, 0.5, 0.975.
    pub quantile_probs: Vec<f64>,
}

impl RtConfig {
    /// Weekly windows, prior of mean and standard deviation 5, 11 cases, median and 95 % interval.
    pub fn recommended() -> Self {
        Self {
            window_days: 7,
            prior_mean: 5.0,
            prior_sd: 5.0,
            cases_min: 11,
            quantile_probs: vec![0.025, 0.5, 0.975],
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if self.window_days == 0 {
            return Err(Error::parameter("window_days", 0, "must be at least 1"));
        }
        for (name, value) in [("prior_mean", self.prior_mean), ("prior_sd", self.prior_sd)] {
            if !(1e-6..=1e6).contains(&value) {
                return Err(Error::parameter(name, value, "must be 0.000001 to 1,000,000"));
            }
        }
        // So narrow a prior is an R that is known; its shape would leave the range in which quantiles are found.
        if self.prior_sd < 1e-5 * self.prior_mean {
            return Err(Error::parameter("prior_sd", self.prior_sd, "must be at least 0.00001 of the mean"));
        }
        if let Some(p) = self.quantile_probs.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
            return Err(Error::parameter("quantile_probs", p, "must lie between 0 and 1"));
        }
        Ok(())
    }

    pub(super) fn prior_shape(&self) -> f64 {
        (self.prior_mean / self.prior_sd).powi(2)
    }

    /// Rate, the inverse of the paper's scale b.
    pub(super) fn prior_rate(&self) -> f64 {
        self.prior_mean / self.prior_sd.powi(2)
    }
}

/// Why a window has no estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum NoEstimate {
    /// Fewer local cases than `cases_min`.
    TooFewCases {
        /// Local cases in the window.
        got: u64,
        /// Fewest cases asked for.
        min: u32,
    },
    /// The window ends before one mean serial interval after day 0: the infectors are unknown.
    BeforeFirstGeneration,
    /// A day of the window, or a day whose cases could be infectors in it, was not reported.
    Unreported,
}

/// Posterior of R. Dimensionless.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RtEstimate {
    /// Posterior mean.
    pub mean: f64,
    /// Posterior standard deviation.
    pub sd: f64,
    /// Posterior quantiles in the order of `quantile_probs`.
    pub quantiles: Vec<f64>,
}

/// One window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RtPoint {
    /// First day of the window.
    pub window_start: Date,
    /// Last day of the window.
    pub window_end: Date,
    /// Local cases reported in the window.
    pub cases: u64,
    /// The posterior, or why there is none.
    pub estimate: Result<RtEstimate, NoEstimate>,
}

/// Estimates by window end, ascending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RtSeries {
    /// Always `rt_cori`.
    pub method: String,
    /// Version of the numbers.
    pub method_version: u32,
    /// Probabilities of the quantiles in each estimate.
    pub quantile_probs: Vec<f64>,
    /// Mean of the serial interval's mass held, days.
    pub serial_interval_mean_days: f64,
    /// Standard deviation of the serial interval's mass held, days.
    pub serial_interval_sd_days: f64,
    /// One entry per window.
    pub points: Vec<RtPoint>,
}

/// Instantaneous reproduction number on sliding windows, Gamma-Poisson conjugate form.
///
/// # Input
/// `incidence`: daily local + imported counts by onset date; day 0 is imported by definition.
/// `serial_interval`: `w[k]` = P(interval = k days), `w[0] = 0`. `config.window_days >= 1`.
/// # Output
/// One row per window end, ascending, the first window starting on day 1; posterior mean, sd and
/// quantiles. R is dimensionless. A window with fewer than `config.cases_min` cases carries a reason
/// instead of an estimate.
/// # Errors
/// `TooShort` if no full window fits; `InvalidParameter` for a prior out of range or a serial interval
/// with mass at 0 days.
/// # Method
/// Cori et al. 2013, Am J Epidemiol 178(9), Web Appendix 1; doi:10.1093/aje/kwt133. Imported cases as in
/// Thompson et al. 2019, Epidemics 29:100356.
/// Departs from the paper: a window that would need an unreported day has no estimate; gaps are not
/// zeros (an unreported day matters while the serial interval gives it more than 0.1 % of the weight).
/// # Examples
/// ```
/// use wanquan_epi::rt::{estimate_rt, serial_interval::discretise_gamma, Incidence, RtConfig};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Influenza A(H1N1)pdm in a Pennsylvania school, 2009, first 18 days (Cauchemez et al. 2011).
/// let cases = [1, 1, 0, 2, 5, 4, 7, 14, 25, 24, 15, 8, 6, 1, 2, 1, 1, 0].map(Some).to_vec();
/// let cases = CountSeries::new(jiff::civil::date(2009, 4, 27), Step::Day, cases)?;
/// let w = discretise_gamma(2.6, 1.5, 17)?;
/// let rt = estimate_rt(&Incidence::all_local(&cases)?, &w, &RtConfig::recommended())?;
/// let last = rt.points.last().expect("a window fits");
/// let r = last.estimate.as_ref().expect("enough cases");
/// assert!(r.quantiles[2] < 1.0);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn estimate_rt(
    incidence: &Incidence,
    serial_interval: &Pmf,
    config: &RtConfig,
) -> Result<RtSeries, Error> {
    estimate(
        incidence,
        serial_interval,
        &sliding(incidence, config)?,
        config,
        &mut QuantileTable::new(config),
    )
}

/// As [`estimate_rt`] on windows of your own, for example one before and one after a measure.
///
/// # Input
/// `windows`: 0-based half-open ranges of days, none including day 0; they may overlap and differ in
/// length. `config.window_days` is not used.
/// # Errors
/// `InvalidParameter` for an empty window or one outside `1..incidence.len()`, else as [`estimate_rt`].
/// # Examples
/// ```
/// use wanquan_epi::rt::{Incidence, RtConfig, estimate_rt_windows, serial_interval::discretise_gamma};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Influenza A(H1N1)pdm in a Pennsylvania school, 2009, first 18 days (Cauchemez et al. 2011).
/// let cases = [1, 1, 0, 2, 5, 4, 7, 14, 25, 24, 15, 8, 6, 1, 2, 1, 1, 0].map(Some).to_vec();
/// let cases = CountSeries::new(jiff::civil::date(2009, 4, 27), Step::Day, cases)?;
/// let w = discretise_gamma(2.6, 1.5, 17)?;
/// let incidence = Incidence::all_local(&cases)?;
/// // The rise, and what followed.
/// let rt = estimate_rt_windows(&incidence, &w, &[1..9, 9..18], &RtConfig::recommended())?;
/// let mean = |i: usize| rt.points[i].estimate.as_ref().expect("enough cases").mean;
/// assert!(mean(0) > 1.5 && mean(1) < 1.0);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn estimate_rt_windows(
    incidence: &Incidence,
    serial_interval: &Pmf,
    windows: &[Range<usize>],
    config: &RtConfig,
) -> Result<RtSeries, Error> {
    config.check()?;
    check_windows(incidence, windows)?;
    estimate(incidence, serial_interval, windows, config, &mut QuantileTable::new(config))
}

/// Windows must be non-empty, inside the series and after day 0, which has no infectors.
pub(super) fn check_windows(incidence: &Incidence, windows: &[Range<usize>]) -> Result<(), Error> {
    match windows.iter().find(|w| w.start == 0 || w.start >= w.end || w.end > incidence.len()) {
        None => Ok(()),
        Some(w) => Err(Error::parameter(
            "windows",
            format!("{}..{}", w.start, w.end),
            "must be non-empty, inside the series and after day 0",
        )),
    }
}

/// [`estimate_rt`] on many series, in parallel; results in order of input.
/// # Examples
/// ```
/// use wanquan_epi::rt::{Incidence, RtConfig, estimate_rt, estimate_rt_panel, serial_interval::discretise_gamma};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Influenza A(H1N1)pdm in a Pennsylvania school, 2009, first 18 days (Cauchemez et al. 2011).
/// let cases = [1, 1, 0, 2, 5, 4, 7, 14, 25, 24, 15, 8, 6, 1, 2, 1, 1, 0].map(Some).to_vec();
/// let cases = CountSeries::new(jiff::civil::date(2009, 4, 27), Step::Day, cases)?;
/// let (w, config) = (discretise_gamma(2.6, 1.5, 17)?, RtConfig::recommended());
/// let incidence = Incidence::all_local(&cases)?;
/// let panel = estimate_rt_panel(&[incidence.clone(), incidence.clone()], &w, &config);
/// assert_eq!(panel[1].as_ref().expect("long enough"), &estimate_rt(&incidence, &w, &config)?);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn estimate_rt_panel(
    panel: &[Incidence],
    serial_interval: &Pmf,
    config: &RtConfig,
) -> Vec<Result<RtSeries, Error>> {
    panel
        .par_iter()
        .map_init(
            || QuantileTable::new(config),
            |table, incidence| {
                let windows = sliding(incidence, config)?;
                estimate(incidence, serial_interval, &windows, config, table)
            },
        )
        .collect()
}

/// Expected infectors per day: Λ(t) = sum over k of w(k) I(t - k), with local and imported cases.
/// Day 0 has none and is `None`, as is a day that would need an unreported one (see [`estimate_rt`]).
/// # Examples
/// ```
/// use wanquan_epi::rt::{Incidence, overall_infectivity};
/// use wanquan_epi::{CountSeries, Pmf, Step};
///
/// let cases = CountSeries::new(jiff::civil::date(2024, 1, 1), Step::Day, vec![Some(10), Some(4), Some(0)])?;
/// // Half of the infections after one day, half after two.
/// let w = Pmf::new(vec![0.0, 0.5, 0.5])?;
/// let infectivity = overall_infectivity(&Incidence::all_local(&cases)?, &w);
/// assert_eq!(infectivity, [None, Some(5.0), Some(7.0)]);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn overall_infectivity(incidence: &Incidence, serial_interval: &Pmf) -> Vec<Option<f64>> {
    let mut w = serial_interval.as_slice();
    while let [rest @ .., last] = w {
        if *last != 0.0 {
            break;
        }
        w = rest;
    }
    let mut total = Vec::with_capacity(incidence.len());
    let mut gaps = Vec::new();
    for day in 0..incidence.len() {
        let cases = incidence.total(day);
        if cases.is_none() {
            gaps.push(day);
        }
        total.push(cases.unwrap_or(0.0));
    }
    (0..total.len())
        .map(|t| {
            if t == 0 {
                return None;
            }
            // A day of which the serial interval expects less than this share of infectors may be missing.
            let missing: f64 =
                gaps.iter().filter(|&&g| g < t).map(|&g| w.get(t - g).copied().unwrap_or(0.0)).sum();
            if missing > 1e-3 {
                return None;
            }
            let lags = w.len().min(t + 1);
            Some(w[..lags].iter().zip(total[t + 1 - lags..=t].iter().rev()).map(|(w, i)| w * i).sum())
        })
        .collect()
}

pub(super) fn sliding(incidence: &Incidence, config: &RtConfig) -> Result<Vec<Range<usize>>, Error> {
    config.check()?;
    let width = config.window_days;
    // Day 0 belongs to no window.
    if incidence.len() <= width {
        let need = width.saturating_add(1);
        return Err(Error::TooShort { what: "incidence", got: incidence.len(), need });
    }
    Ok((1..=incidence.len() - width).map(|start| start..start + width).collect())
}

fn estimate(
    incidence: &Incidence,
    serial_interval: &Pmf,
    windows: &[Range<usize>],
    config: &RtConfig,
    table: &mut QuantileTable,
) -> Result<RtSeries, Error> {
    if serial_interval.at(0) != 0.0 {
        return Err(Error::parameter(
            "serial_interval",
            serial_interval.at(0),
            "must have no mass at 0 days",
        ));
    }
    if serial_interval.mass() <= 0.0 {
        return Err(Error::parameter("serial_interval", serial_interval.mass(), "must have mass"));
    }
    let infectivity = overall_infectivity(incidence, serial_interval);
    let mean_days = serial_interval.mean();
    let (shape, rate) = (config.prior_shape(), config.prior_rate());
    let points = windows
        .iter()
        .map(|window| {
            let local = &incidence.local()[window.clone()];
            let cases = local.iter().flatten().map(|&n| u64::from(n)).sum();
            let pressure: Option<f64> = infectivity[window.clone()].iter().copied().sum();
            let reported = local.iter().all(Option::is_some);
            let estimate = match pressure {
                // The window's last day counted from 1, against the mean interval, as in the paper.
                _ if (window.end as f64) <= mean_days => Err(NoEstimate::BeforeFirstGeneration),
                None => Err(NoEstimate::Unreported),
                Some(_) if !reported => Err(NoEstimate::Unreported),
                Some(_) if cases < u64::from(config.cases_min) => {
                    Err(NoEstimate::TooFewCases { got: cases, min: config.cases_min })
                }
                Some(pressure) => {
                    let shape = shape + cases as f64;
                    let scale = 1.0 / (rate + pressure);
                    Ok(RtEstimate {
                        mean: shape * scale,
                        sd: shape.sqrt() * scale,
                        quantiles: table.quantiles(cases).iter().map(|q| q * scale).collect(),
                    })
                }
            };
            RtPoint {
                window_start: incidence.date(window.start),
                window_end: incidence.date(window.end - 1),
                cases,
                estimate,
            }
        })
        .collect();
    Ok(RtSeries {
        method: "rt_cori".to_owned(),
        method_version: VERSION,
        quantile_probs: config.quantile_probs.clone(),
        serial_interval_mean_days: mean_days,
        serial_interval_sd_days: serial_interval.sd(),
        points,
    })
}

/// Quantiles of Gamma(prior shape + cases, 1) by case count: they do not depend on anything else, and
/// windows of a panel share their counts.
struct QuantileTable {
    shape: f64,
    probs: Vec<f64>,
    by_cases: Vec<Option<Vec<f64>>>,
    other: Vec<f64>,
}

impl QuantileTable {
    /// Counts below this are kept: 4096 x a handful of numbers.
    const KEPT: usize = 4096;

    fn new(config: &RtConfig) -> Self {
        Self {
            shape: config.prior_shape(),
            probs: config.quantile_probs.clone(),
            by_cases: Vec::new(),
            other: Vec::new(),
        }
    }

    fn quantiles(&mut self, cases: u64) -> &[f64] {
        let shape = self.shape + cases as f64;
        let compute = |probs: &[f64]| probs.iter().map(|&p| gamma_quantile(p, shape)).collect::<Vec<_>>();
        match usize::try_from(cases) {
            Ok(cases) if cases < Self::KEPT => {
                if self.by_cases.len() <= cases {
                    self.by_cases.resize(cases + 1, None);
                }
                self.by_cases[cases].get_or_insert_with(|| compute(&self.probs))
            }
            _ => {
                self.other = compute(&self.probs);
                &self.other
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::serial_interval::discretise_gamma;
    use crate::{CountSeries, Step};

    fn incidence(counts: Vec<Option<u32>>) -> Incidence {
        let start = jiff::civil::date(2024, 1, 1);
        Incidence::all_local(&CountSeries::new(start, Step::Day, counts).unwrap()).unwrap()
    }

    fn flat(n: u32) -> Vec<Option<u32>> {
        vec![Some(n); 40]
    }

    #[test]
    fn a_window_without_enough_cases_has_no_estimate() {
        let w = discretise_gamma(2.6, 1.5, 20).unwrap();
        let rt = estimate_rt(&incidence(flat(1)), &w, &RtConfig::recommended()).unwrap();
        assert_eq!(rt.points.len(), 33);
        assert!(
            rt.points[10].estimate == Err(NoEstimate::TooFewCases { got: 7, min: 11 }),
            "{:?}",
            rt.points[10]
        );
    }

    #[test]
    fn constant_incidence_means_that_each_case_replaces_itself() {
        let w = discretise_gamma(2.6, 1.5, 20).unwrap();
        let rt = estimate_rt(&incidence(flat(1000)), &w, &RtConfig::recommended()).unwrap();
        let last = rt.points.last().unwrap().estimate.as_ref().unwrap();
        assert!((last.mean - 1.0).abs() < 0.01, "{last:?}");
        assert!(last.quantiles[0] < last.mean && last.mean < last.quantiles[2]);
    }

    #[test]
    fn an_unreported_day_silences_the_windows_that_need_it_and_no_others() {
        let w = discretise_gamma(2.6, 1.5, 20).unwrap();
        let mut counts = flat(50);
        counts[15] = None;
        let rt = estimate_rt(&incidence(counts), &w, &RtConfig::recommended()).unwrap();
        let known: Vec<bool> = rt.points.iter().map(|p| p.estimate.is_ok()).collect();
        // Windows start on day 1; the one that ends on day 14 is the last before the gap.
        assert!(known[7]);
        assert!(!known[8]);
        assert_eq!(rt.points[8].estimate, Err(NoEstimate::Unreported));
        assert!(known[32], "the gap fades out with the serial interval");
    }

    #[test]
    fn too_short_a_series_and_a_bad_prior_are_refused() {
        let w = discretise_gamma(2.6, 1.5, 20).unwrap();
        let short = incidence(vec![Some(1); 7]);
        assert!(matches!(estimate_rt(&short, &w, &RtConfig::recommended()), Err(Error::TooShort { .. })));
        let config = RtConfig { prior_sd: 0.0, ..RtConfig::recommended() };
        assert!(estimate_rt(&incidence(flat(3)), &w, &config).is_err());
        let at_zero = Pmf::new(vec![0.1, 0.9]).unwrap();
        assert!(estimate_rt(&incidence(flat(3)), &at_zero, &RtConfig::recommended()).is_err());
        let window = 0..4;
        assert!(
            estimate_rt_windows(
                &incidence(flat(3)),
                &w,
                std::slice::from_ref(&window),
                &RtConfig::recommended()
            )
            .is_err()
        );
    }

    #[test]
    fn the_panel_equals_one_series_at_a_time() {
        let w = discretise_gamma(4.7, 2.9, 30).unwrap();
        let panel: Vec<_> =
            (0..5_u32).map(|k| incidence((0..60).map(|t| Some(t * k % 23 + 3)).collect())).collect();
        let config = RtConfig::recommended();
        let all = estimate_rt_panel(&panel, &w, &config);
        for (one, got) in panel.iter().zip(all) {
            assert_eq!(estimate_rt(one, &w, &config).unwrap(), got.unwrap());
        }
    }
}
