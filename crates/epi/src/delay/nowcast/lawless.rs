//! Reverse-time hazards, without a model of the epidemic.

use super::{CountForecast, DelayCounts, Nowcast, TABLE_MAX, cdf_from_hazards, check_probs, point};
use crate::Error;
use crate::delay::ReportingTriangle;
use crate::special::{normal_cdf, normal_upper_tail};
use serde::{Deserialize, Serialize};

/// Version of the numbers, recorded with stored results.
pub const VERSION: u32 = 1;

/// Whose arithmetic is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LawlessConvention {
    /// The paper's variance and a normal distribution truncated at the cases known.
    Corrected,
    /// As the R package surveillance 1.20.3: the variance lacks the part from estimating the delays, and the
    /// distribution function is divided by the mass above the truncation without subtracting what lies below
    /// it, so intervals are too low and the total exceeds 1. For comparison with published figures.
    Surveillance,
}

/// Parameters of [`nowcast_lawless`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LawlessConfig {
    /// Longest delay in steps, >= 1; longer ones count as this long. Take it such that hardly any report
    /// comes later.
    pub delay_max: usize,
    /// Steps before the last one that inform the delays, >= 1; `None` for all. A short window follows changing
    /// delays and is noisier. Recommended: 3 to 4 times the longest delay.
    pub window_steps: Option<usize>,
    /// Quantiles to report, each in (0, 1). Recommended 0.025, 0.5, 0.975.
    pub quantile_probs: Vec<f64>,
    /// Recommended `Corrected`.
    pub convention: LawlessConvention,
}

impl LawlessConfig {
    /// All steps, median and 95 % interval, corrected convention.
    pub fn recommended(delay_max: usize) -> Self {
        Self {
            delay_max,
            window_steps: None,
            quantile_probs: vec![0.025, 0.5, 0.975],
            convention: LawlessConvention::Corrected,
        }
    }
}

/// Nowcast by the delay distribution alone: cases known divided by the share of delays that has passed.
///
/// # Input
/// `triangle`: counts by event step and delay, as known on its last step.
/// # Output
/// The last `delay_max` + 1 steps. A step of which nobody is known yet has a nowcast of 0, however long its
/// delays: the method knows nothing of the steps around it.
/// # Errors
/// `TooShort` unless the triangle has more than `delay_max` steps; `InvalidParameter` for parameters;
/// `InvalidData` where the distribution would span more than a million counts.
/// # Method
/// Lawless 1994, Can J Stat 22:15-31, equations 2.9 to 2.16. Departs from it: the window is by event step for
/// all delays alike (Hoehle & an der Heiden 2014).
/// # Examples
/// ```
/// use jiff::civil::{Date, date};
/// use wanquan_epi::Step;
/// use wanquan_epi::delay::ReportingTriangle;
/// use wanquan_epi::delay::nowcast::{LawlessConfig, nowcast_lawless};
///
/// // Haemolytic-uraemic syndrome, Germany 2011: hospital admission, report, cases (Robert Koch Institute).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/hus_o104_de_2011.csv"));
/// let reports = figures.lines().skip(2).map(|line| {
///     let field = |i| line.split(',').nth(i).expect("three fields");
///     let day = |i| field(i).parse::<Date>().expect("a date");
///     (day(0), day(1), field(2).parse().expect("a count"))
/// });
/// let triangle = ReportingTriangle::from_changes(date(2011, 5, 1), date(2011, 6, 2), Step::Day, reports)?;
/// let nowcast = nowcast_lawless(&triangle, &LawlessConfig::recommended(15))?;
/// // 25 admissions of ten days ago are known; some are still to come.
/// assert_eq!(nowcast.points[5].observed, 25);
/// assert!(nowcast.points[5].mean > 25.0 && nowcast.points[5].reported_share < 1.0);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn nowcast_lawless(triangle: &ReportingTriangle, config: &LawlessConfig) -> Result<Nowcast, Error> {
    check_probs(&config.quantile_probs)?;
    let delay_max = config.delay_max;
    let counts = DelayCounts::new(triangle, delay_max, config.window_steps)?;
    let hazards: Vec<f64> = counts
        .cases
        .iter()
        .zip(&counts.at_risk)
        .map(|(n, at_risk)| if *at_risk > 0.0 { n / at_risk } else { 0.0 })
        .collect();
    let cdf = cdf_from_hazards(&hazards);
    let last = triangle.len() - 1;
    let mut points = Vec::with_capacity(delay_max + 1);
    for t in last - delay_max..=last {
        let passed = last - t;
        let share = cdf[passed];
        let known = triangle.known(t);
        let n = known as f64;
        let estimate = if share > 0.0 { n / share } else { 0.0 };
        // (2.15): relative variance of the share.
        let share_variance: f64 = (passed + 1..=delay_max)
            .filter(|&x| counts.at_risk[x] > 0.0 && hazards[x] < 1.0)
            .map(|x| hazards[x] / (counts.at_risk[x] * (1.0 - hazards[x])))
            .sum();
        let reporting = if share > 0.0 { n * (1.0 - share) / (share * share) } else { 0.0 };
        let variance = match config.convention {
            LawlessConvention::Surveillance => reporting,
            LawlessConvention::Corrected if share > 0.0 => {
                n * (n + 1.0) / (share * share) * share_variance + reporting
            }
            LawlessConvention::Corrected => 0.0,
        };
        let distribution = if variance > 0.0 {
            let sd = variance.sqrt();
            if sd > TABLE_MAX as f64 / 20.0 {
                return Err(Error::InvalidData {
                    what: "reporting triangle",
                    position: t,
                    why: "the distribution spans more than a million counts",
                });
            }
            table(known, estimate, sd, config.convention)
        } else {
            CountForecast::certain(known)
        };
        points.push(point(triangle, t, share, distribution, &config.quantile_probs));
    }
    Ok(Nowcast {
        method: "nowcast_lawless".to_owned(),
        method_version: VERSION,
        known_on: triangle.date(last),
        quantile_probs: config.quantile_probs.clone(),
        delay_cdf: cdf,
        delay_cases: DelayCounts::as_integers(&counts.cases),
        delay_at_risk: DelayCounts::as_integers(&counts.at_risk),
        points,
    })
}

/// Normal distribution on the counts from those known upwards.
fn table(known: u64, mean: f64, sd: f64, convention: LawlessConvention) -> CountForecast {
    let first = known as f64;
    let z = |x: f64| (x - mean) / sd;
    // 9 deviations: what lies beyond is below rounding.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the table's limit")]
    let length = (mean - first + 9.0 * sd).ceil().max(1.0) as usize + 1;
    let above = match convention {
        LawlessConvention::Surveillance => normal_upper_tail(z(first)),
        LawlessConvention::Corrected => normal_upper_tail(z(first - 0.5)),
    };
    let edge = |i: f64| match convention {
        LawlessConvention::Surveillance => normal_cdf(z(first + i)) / above,
        LawlessConvention::Corrected => 1.0 - normal_upper_tail(z(first + i + 0.5)) / above,
    };
    let mut before = 0.0;
    let mass = (0..length)
        .map(|i| {
            let up_to = edge(i as f64);
            let mass = up_to - before;
            before = up_to;
            mass
        })
        .collect();
    CountForecast::Table { first: known, mass }
}
