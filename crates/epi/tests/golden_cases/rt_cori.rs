//! Instantaneous reproduction number with a given serial interval.
//!
//! Departures: a serial interval none of whose mass lies within the series is refused here, where the reference takes
//! the prior for an estimate. A window that ends at the mean serial interval itself, to the last digits, is a tie
//! that rounding decides.

use crate::golden_support::{Check, Outcome, Tolerance};
use wanquan_epi::rt::serial_interval::discretise_gamma;
use wanquan_epi::rt::{Incidence, RtConfig, RtEstimate, estimate_rt_windows, overall_infectivity};
use wanquan_epi::{CountSeries, Pmf, Step};

pub fn incidence(check: &Check<'_>) -> Result<Incidence, String> {
    let table = check.csv(check.input.text("csv")?)?;
    let daily = |column: &str| {
        let start = jiff::civil::date(2001, 1, 1);
        CountSeries::new(start, Step::Day, table.counts(column)?).map_err(|e| e.to_string())
    };
    match (check.input.opt_text("column"), check.input.opt_text("local"), check.input.opt_text("imported")) {
        (Some(column), None, None) => Incidence::all_local(&daily(column)?),
        (None, Some(local), Some(imported)) => Incidence::with_imported(&daily(local)?, &daily(imported)?),
        other => return Err(format!("columns {other:?} are unknown here")),
    }
    .map_err(|e| e.to_string())
}

pub fn run(check: &mut Check<'_>) -> Outcome {
    let incidence = incidence(check)?;
    let mean_si = check.params.opt_f64("mean_si");
    let sd_si = check.params.opt_f64("std_si");
    let si_csv = check.params.opt_text("si_csv");
    let serial_interval = match (check.params.text("method")?, mean_si, sd_si, si_csv) {
        // The reference takes lags up to the length of the series.
        ("parametric_si", Some(mean), Some(sd), None) => {
            discretise_gamma(mean, sd, incidence.len() - 1).map_err(|e| e.to_string())?
        }
        ("non_parametric_si", _, _, Some(file)) => {
            let p = check.csv(file)?.numbers("p")?.into_iter().map(|p| p.unwrap_or(0.0)).collect();
            Pmf::new(p).map_err(|e| e.to_string())?
        }
        other => return Err(format!("{other:?} is unknown here")),
    };
    // `window` only says how t_start and t_end came about.
    check.params.irrelevant(&["window"]);
    let start = check.params.positions("t_start")?;
    let end = check.params.positions("t_end")?;
    let tolerance = Tolerance::Relative(1e-9);
    // Differences of nearly equal terms, some 2 k at lag k, each rounded: at most 1e-12 up to lag 100.
    let distribution = |k: usize| Tolerance::Absolute(1e-12_f64.max(1e-14 * k as f64));
    // Zero-padded there to the length of the series.
    for (k, want) in check.output.numbers("si_distr")?.into_iter().enumerate() {
        check.number(&format!("si_distr[{k}]"), Some(serial_interval.at(k)), want, distribution(k));
    }
    let (mean_days, sd_days) = (serial_interval.mean(), serial_interval.sd());
    check.output_numbers(
        "si_mean",
        &[Some(mean_days)],
        Tolerance::Either { relative: 1e-9, absolute: 1e-12 },
    )?;
    // The root of a mean square less a squared mean.
    let rounding = 4e-15 * mean_days * mean_days / sd_days.max(1e-300);
    let want_sd = check.output.opt_f64("si_sd");
    check.number("si_sd", Some(sd_days), want_sd, Tolerance::Either { relative: 1e-9, absolute: rounding });
    let infectivity = overall_infectivity(&incidence, &serial_interval);
    // What the rounding of the distribution makes of the cases.
    let cases = (0..incidence.len()).filter_map(|day| incidence.total(day)).fold(0.0, f64::max);
    let rounding = Tolerance::Either { relative: 1e-9, absolute: 1e-15 * cases };
    check.output_numbers("lambda", &infectivity, rounding)?;
    let all: Vec<_> = start.iter().zip(&end).map(|(&a, &b)| a..b + 1).collect();
    let tied = |window: &std::ops::Range<usize>| (window.end as f64 - mean_days).abs() < 1e-9 * mean_days;
    let kept: Vec<bool> = all.iter().map(|window| !tied(window)).collect();
    let windows: Vec<_> = all.into_iter().filter(|window| !tied(window)).collect();
    let quantiles = [
        ("q025", 0.025),
        ("q05", 0.05),
        ("q25", 0.25),
        ("median", 0.5),
        ("q75", 0.75),
        ("q95", 0.95),
        ("q975", 0.975),
    ];
    let config = RtConfig {
        window_days: 7,
        prior_mean: check.params.f64("mean_prior")?,
        prior_sd: check.params.f64("std_prior")?,
        cases_min: 0,
        quantile_probs: quantiles.iter().map(|q| q.1).collect(),
    };
    let rt = estimate_rt_windows(&incidence, &serial_interval, &windows, &config);
    if serial_interval.mass() <= 0.0 {
        check.output.irrelevant(&["mean", "sd", "q025", "q05", "q25", "median", "q75", "q95", "q975"]);
        return rt.err().map(|_| ()).ok_or_else(|| "an interval beyond the series was taken".to_owned());
    }
    let rt = rt.map_err(|e| e.to_string())?;
    let mut column = |key: &str, pick: &dyn Fn(&RtEstimate) -> f64| -> Outcome {
        let got: Vec<_> = rt.points.iter().map(|p| p.estimate.as_ref().ok().map(pick)).collect();
        let want = check.output.numbers(key)?;
        let want: Vec<_> = want.into_iter().zip(&kept).filter(|(_, kept)| **kept).map(|(x, _)| x).collect();
        // Closed forms; 1e-9 leaves room for the quantile's root finding.
        check.numbers(key, &got, &want, tolerance);
        Ok(())
    };
    column("mean", &|e| e.mean)?;
    column("sd", &|e| e.sd)?;
    for (i, (key, _)) in quantiles.iter().enumerate() {
        column(key, &|e| e.quantiles[i])?;
    }
    Ok(())
}
