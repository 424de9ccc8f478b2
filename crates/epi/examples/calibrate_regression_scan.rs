//! Prints the tables of `detect/regression_scan/calibration.rs`: quantiles of the evidence in simulated steps without
//! an outbreak.
//!
//! `cargo run --release -p wanquan-epi --example calibrate_regression_scan -- [SERIES] [SEED] [day|week|month] [history|scatter]`
//! With `history`: what histories of several lengths ask for beyond the limit of 1 %, and how often steps alarm. With
//! `scatter`: the limits of single diseases, weekly, if all were asked for the same evidence, and how well what
//! `evidence.rs` asks for by mean and dispersion explains them.
#![expect(clippy::print_stdout, reason = "an example answers on standard output")]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use wanquan_epi::detect::{Part, RegressionScanConfig, regression_scan_fits, regression_scan_without};
use wanquan_epi::simulate::{PanelConfig, Scenario, noufaily_scenarios, simulate_count, simulate_series};
use wanquan_epi::{CountSeries, Step};

const PROBABILITIES: [f64; 11] = [0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0003];
/// Reports by weekday, Monday first: many sources report little at weekends.
const WEEKDAYS: [f64; 7] = [1.25, 1.15, 1.1, 1.1, 1.1, 0.8, 0.5];

fn main() {
    let number = |i: usize, usual: u64| std::env::args().nth(i).map_or(Ok(usual), |a| a.parse());
    let (Ok(series), Ok(seed)) = (number(1, 3000), number(2, 20)) else {
        println!("usage: calibrate_regression_scan [SERIES] [SEED] [day|week|month]");
        return;
    };
    if std::env::args().any(|argument| argument == "scatter") {
        scatter(series, seed);
        return;
    }
    let wanted = std::env::args().nth(3);
    for (name, step) in [("day", Step::Day), ("week", Step::Week), ("month", Step::Month)] {
        if wanted.as_deref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        if std::env::args().any(|argument| argument == "history") {
            short_histories(step, series, seed);
            continue;
        }
        let mut ratios: Vec<f64> = (0..series)
            .into_par_iter()
            .flat_map_iter(|i| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(i);
                evidence(step, &mut rng)
            })
            .collect();
        ratios.sort_by(|a, b| b.total_cmp(a));
        let quantile = |p: f64| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside the list")]
            let at = (p * ratios.len() as f64) as usize;
            format!("{:.2}", ratios[at])
        };
        println!("{step:?} ({} steps): [{}]", ratios.len(), PROBABILITIES.map(quantile).join(", "));
    }
}

/// By length of the history before the window: how often steps alarm as stated, and what the limit lacks.
fn short_histories(step: Step, series: u64, seed: u64) {
    let per_year = step.per_year();
    let lengths: Vec<usize> = match step {
        Step::Day => vec![20, 40, 60, 90, 130, 180, 270, 365, 550, 730, 1095],
        Step::Week => vec![6, 8, 12, 16, 20, 26, 32, 40, 46, 52, 65, 78, 104, 156],
        Step::Month => vec![6, 8, 10, 12, 15, 18, 24, 36],
    };
    let window = match step {
        Step::Day => 14 + 6,
        Step::Week => 3,
        Step::Month => 2,
    };
    for length in lengths {
        let mut found: Vec<(f64, f64)> = (0..series)
            .into_par_iter()
            .flat_map_iter(|i| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(i);
                let long = random_series(step, &mut rng);
                // Steps far enough from each other to differ, and any day of the week.
                let offset = if step == Step::Day { rng.random_range(0..7) } else { 0 };
                let ends = (0..4).map(|k| long.len() - 1 - k * per_year / 4 - offset);
                let one = |end: usize| {
                    let counts = long.counts()[(end + 1).checked_sub(length + window)?..=end].to_vec();
                    let y = counts.last().copied().flatten()?;
                    let cut = CountSeries::new(long.date(end + 1 - length - window), step, counts).ok()?;
                    let config = RegressionScanConfig::recommended();
                    let fit =
                        regression_scan_fits(&cut, &config, cut.len() - 1..cut.len()).ok()?.pop()?.ok()?;
                    if y == 0 { Some((f64::NEG_INFINITY, 1.0)) } else { fit.ln_ratio.zip(fit.p_value) }
                };
                ends.filter_map(one).collect::<Vec<_>>()
            })
            .collect();
        let alarms = found.iter().filter(|(_, p)| *p <= 0.01).count() as f64 / found.len() as f64;
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        println!(
            "{step:?} {length}: {:.2} % alarm, limit of 1 % {:.2} ({})",
            100.0 * alarms,
            found[found.len() / 100].0,
            found.len()
        );
    }
}

/// Limits of flat diseases by mean and dispersion, 100 series each.
fn scatter(diseases: u64, seed: u64) {
    const SERIES: u64 = 100;
    let limits: Vec<(f64, f64, f64)> = (0..diseases)
        .into_par_iter()
        .filter_map(|disease| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(disease);
            let mut uniform = |low: f64, high: f64| low + (high - low) * rng.random::<f64>();
            let (log_level, dispersion) = (uniform(-2.0, 6.0), 1.0 + uniform(0.0, 2.0).powi(2));
            let scenario = Scenario {
                log_level,
                trend_per_week: 0.0,
                season_cos: 0.0,
                season_sin: 0.0,
                harmonics: 0,
                dispersion,
            };
            let config = PanelConfig { current_outbreaks: 0, ..PanelConfig::noufaily() };
            let mut ratios: Vec<f64> = (0..SERIES)
                .flat_map(|_| {
                    let one =
                        simulate_series(&scenario, &config, &mut rng).expect("an admissible scenario").series;
                    let scan = RegressionScanConfig::recommended();
                    let found =
                        regression_scan_without(&one, &scan, Part::ScatterAllowance, config.evaluated());
                    let fits = found.expect("an admissible range").into_iter();
                    let with_counts = fits.zip(one.counts()[config.evaluated()].to_vec());
                    with_counts
                        .filter_map(|(fit, y)| {
                            Some(if y == Some(0) { f64::NEG_INFINITY } else { fit.ok()?.ln_ratio? })
                        })
                        .collect::<Vec<_>>()
                })
                .collect();
            ratios.sort_by(|a, b| b.total_cmp(a));
            Some((log_level.exp(), dispersion, *ratios.get(ratios.len() / 100)?))
        })
        .collect();
    for (mean, dispersion, limit) in &limits {
        println!("mean {mean:.3}, dispersion {dispersion:.3}: limit {limit:.3}");
    }
    // The least squares of the limits on (dispersion - 1) / (dispersion - 1 + half root of the mean).
    for half in [0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0] {
        let x = |mean: f64, dispersion: f64| (dispersion - 1.0) / (dispersion - 1.0 + half * mean.sqrt());
        let n = limits.len() as f64;
        let (mean_x, mean_y) =
            limits.iter().fold((0.0, 0.0), |sum, (m, d, l)| (sum.0 + x(*m, *d) / n, sum.1 + l / n));
        let (xx, xy) = limits.iter().fold((0.0, 0.0), |sum, (m, d, l)| {
            let dx = x(*m, *d) - mean_x;
            (sum.0 + dx * dx, sum.1 + dx * (l - mean_y))
        });
        let slope = xy / xx;
        let left: f64 =
            limits.iter().map(|(m, d, l)| (l - mean_y - slope * (x(*m, *d) - mean_x)).powi(2)).sum();
        println!("half {half}: allowance {slope:.3}, error of a limit {:.3}", (left / n).sqrt());
    }
}

/// Evidence of the last year of a random series without a current outbreak.
fn evidence(step: Step, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let series = random_series(step, rng);
    let newest = step.per_year();
    let range = series.len() - newest.min(series.len() - 1)..series.len();
    let fits = regression_scan_fits(&series, &RegressionScanConfig::recommended(), range.clone());
    fits.expect("an admissible range")
        .into_iter()
        .zip(&series.counts()[range])
        // A step without a case never alarms; it stands at the end of the order.
        .filter_map(|(fit, y)| Some(if *y == Some(0) { f64::NEG_INFINITY } else { fit.ok()?.ln_ratio? }))
        .collect()
}

/// A random series without a current outbreak.
fn random_series(step: Step, rng: &mut ChaCha8Rng) -> CountSeries {
    let scenarios = noufaily_scenarios();
    let known = scenarios[rng.random_range(0..scenarios.len())];
    let mut uniform = |low: f64, high: f64| low + (high - low) * rng.random::<f64>();
    // About the published diseases, so that a value in between is no surprise.
    let scenario = Scenario {
        log_level: known.log_level + uniform(-0.4, 0.4),
        trend_per_week: known.trend_per_week * uniform(-0.5, 1.2),
        season_cos: known.season_cos * uniform(0.5, 1.5),
        season_sin: known.season_sin * uniform(0.5, 1.5),
        dispersion: 1.0 + (known.dispersion - 1.0) * uniform(0.7, 1.3),
        ..known
    };
    let years = uniform(4.0, 12.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundred weeks")]
    let weeks = (years * 52.18) as usize;
    let config = PanelConfig {
        weeks,
        evaluated_weeks: 52,
        past_weeks: weeks - 52,
        past_outbreaks: weeks / 66,
        current_outbreaks: 0,
        ..PanelConfig::noufaily()
    };
    let weekly = simulate_series(&scenario, &config, rng).expect("an admissible scenario");
    match step {
        Step::Week => weekly.series,
        Step::Day => days(&weekly.means, &weekly.outbreak_cases(), scenario.dispersion, rng),
        Step::Month => months(&weekly.series),
    }
}

fn days(means: &[f64], outbreak_cases: &[u32], dispersion: f64, rng: &mut ChaCha8Rng) -> CountSeries {
    let mut counts = Vec::with_capacity(7 * means.len());
    for (mean, cases) in means.iter().zip(outbreak_cases) {
        let week = counts.len();
        counts.extend(WEEKDAYS.map(|weekday| simulate_count(mean / 7.0 * weekday, dispersion, rng)));
        for _ in 0..*cases {
            counts[week + rng.random_range(0..7_usize)] += 1;
        }
    }
    let start = jiff::civil::date(2000, 1, 3);
    CountSeries::new(start, Step::Day, counts.into_iter().map(Some).collect()).expect("within the calendar")
}

/// Four weeks each, which is near enough to a month.
fn months(weekly: &CountSeries) -> CountSeries {
    let counts = weekly.counts().chunks_exact(4).map(|four| Some(four.iter().flatten().sum())).collect();
    CountSeries::new(jiff::civil::date(2000, 1, 1), Step::Month, counts).expect("within the calendar")
}
