//! Instantaneous reproduction number with a given serial interval.

use crate::golden_support::{Check, Outcome, Tolerance};
use wanquan_epi::rt::serial_interval::discretise_gamma;
use wanquan_epi::rt::{Incidence, RtConfig, estimate_rt_windows, overall_infectivity};
use wanquan_epi::{CountSeries, Pmf, Step};

pub fn run(check: &mut Check<'_>) -> Outcome {
    let table = check.csv(check.input.text("csv")?)?;
    let daily = |column: &str| {
        let start = jiff::civil::date(2001, 1, 1);
        CountSeries::new(start, Step::Day, table.counts(column)?).map_err(|e| e.to_string())
    };
    let incidence = match (
        check.input.opt_text("column"),
        check.input.opt_text("local"),
        check.input.opt_text("imported"),
    ) {
        (Some(column), None, None) => Incidence::all_local(&daily(column)?),
        (None, Some(local), Some(imported)) => Incidence::with_imported(&daily(local)?, &daily(imported)?),
        other => return Err(format!("columns {other:?} are unknown here")),
    }
    .map_err(|e| e.to_string())?;
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
    let windows: Vec<_> = start.iter().zip(&end).map(|(&a, &b)| a..b + 1).collect();
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
    let rt =
        estimate_rt_windows(&incidence, &serial_interval, &windows, &config).map_err(|e| e.to_string())?;
    // Closed forms; 1e-9 leaves room for the quantile's root finding.
    let tolerance = Tolerance::Relative(1e-9);
    let column = |pick: &dyn Fn(&wanquan_epi::rt::RtEstimate) -> f64| -> Vec<Option<f64>> {
        rt.points.iter().map(|p| p.estimate.as_ref().ok().map(pick)).collect()
    };
    check.output_numbers("mean", &column(&|e| e.mean), tolerance)?;
    check.output_numbers("sd", &column(&|e| e.sd), tolerance)?;
    for (i, (key, _)) in quantiles.iter().enumerate() {
        check.output_numbers(key, &column(&|e| e.quantiles[i]), tolerance)?;
    }
    // Zero-padded there to the length of the series; far lags are tiny differences, hence absolute.
    let want = check.output.numbers("si_distr")?;
    let got: Vec<_> = (0..want.len()).map(|k| Some(serial_interval.at(k))).collect();
    check.numbers("si_distr", &got, &want, Tolerance::Absolute(1e-12));
    check.output_numbers("si_mean", &[Some(rt.serial_interval_mean_days)], tolerance)?;
    check.output_numbers("si_sd", &[Some(rt.serial_interval_sd_days)], tolerance)?;
    check.output_numbers("lambda", &overall_infectivity(&incidence, &serial_interval), tolerance)
}
