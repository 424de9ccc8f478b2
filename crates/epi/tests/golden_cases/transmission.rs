//! Reproduction numbers beyond the plain instantaneous one: uncertain interval, cohorts, R0.

use crate::golden_support::{Check, Outcome, Tolerance};
use std::ops::Range;
use wanquan_epi::delay::{DelayDistribution, DelayFamily};
use wanquan_epi::rt::growth::Interval;
use wanquan_epi::rt::r0::{R0Config, R0Convention, estimate_r0_by_likelihood, estimate_r0_from_growth};
use wanquan_epi::rt::serial_interval::discretise_gamma;
use wanquan_epi::rt::{
    CohortConfig, Incidence, NoCohortEstimate, RtConfig, Truncation, estimate_rc_windows, estimate_rt_mixture,
};
use wanquan_epi::{CountSeries, Pmf, Step};

fn daily(check: &Check<'_>) -> Result<CountSeries, String> {
    let table = check.csv(check.input.text("csv")?)?;
    let counts = table.counts(check.input.text("column")?)?;
    CountSeries::new(jiff::civil::date(2001, 1, 1), Step::Day, counts).map_err(|e| e.to_string())
}

fn incidence(check: &Check<'_>) -> Result<Incidence, String> {
    if check.input.opt_text("local").or(check.input.opt_text("imported")).is_some() {
        return Err("local and imported columns are unknown here".to_owned());
    }
    Incidence::all_local(&daily(check)?).map_err(|e| e.to_string())
}

fn windows(check: &Check<'_>) -> Result<Vec<Range<usize>>, String> {
    // `window` only says how t_start and t_end came about.
    check.params.irrelevant(&["window"]);
    let (start, end) = (check.params.positions("t_start")?, check.params.positions("t_end")?);
    Ok(start.iter().zip(&end).map(|(&a, &b)| a..b + 1).collect())
}

pub fn wallinga_teunis(check: &mut Check<'_>) -> Outcome {
    let incidence = incidence(check)?;
    let serial_interval = match (
        check.params.text("method")?,
        check.params.opt_f64("mean_si"),
        check.params.opt_f64("std_si"),
        check.params.opt_text("si_csv"),
    ) {
        ("parametric_si", Some(mean), Some(sd), None) => discretise_gamma(mean, sd, incidence.len() - 1),
        ("non_parametric_si", None, None, Some(file)) => {
            Pmf::new(check.csv(file)?.numbers("p")?.into_iter().map(|p| p.unwrap_or(0.0)).collect())
        }
        other => return Err(format!("{other:?} is unknown here")),
    }
    .map_err(|e| e.to_string())?;
    let config = CohortConfig { truncation: Truncation::AsObserved, ..CohortConfig::recommended() };
    let rc = estimate_rc_windows(&incidence, &serial_interval, &windows(check)?, &config)
        .map_err(|e| e.to_string())?;
    let mut means = Vec::new();
    for point in rc.points {
        match point.estimate {
            Ok(estimate) => means.push(Some(estimate.mean)),
            // The reference has left these windows out of its lists already.
            Err(NoCohortEstimate::NoCases) => return Err("a window without cases".to_owned()),
            Err(other) => return Err(format!("{other:?}")),
        }
    }
    check.output_numbers("mean", &means, Tolerance::Relative(1e-9))
}

pub fn uncertain_si(check: &mut Check<'_>) -> Outcome {
    match check.params.text("method")? {
        "uncertain_si" => {}
        other => return Err(format!("{other} is unknown here")),
    }
    // The draws of the reference are given, so their distribution and number need not be repeated.
    check.params.irrelevant(&["n1", "n2", "mean_si", "std_mean_si", "min_mean_si", "max_mean_si"]);
    check.params.irrelevant(&["std_si", "std_std_si", "min_std_si", "max_std_si"]);
    let incidence = incidence(check)?;
    let means = check.output.all_numbers("sampled_mean_si")?;
    let sds = check.output.all_numbers("sampled_sd_si")?;
    let intervals: Vec<Pmf> = means
        .iter()
        .zip(&sds)
        .map(|(&mean, &sd)| discretise_gamma(mean, sd, incidence.len() - 1))
        .collect::<Result<_, _>>()
        .map_err(|e| e.to_string())?;
    let config = RtConfig {
        window_days: 7,
        prior_mean: check.params.f64("mean_prior")?,
        prior_sd: check.params.f64("std_prior")?,
        cases_min: 0,
        quantile_probs: vec![0.025, 0.5, 0.975],
    };
    let rt =
        estimate_rt_mixture(&incidence, &intervals, &windows(check)?, &config).map_err(|e| e.to_string())?;
    let estimates: Vec<_> = rt.points.into_iter().map(|p| p.estimate.ok()).collect();
    let column = |pick: &dyn Fn(&wanquan_epi::rt::RtEstimate) -> f64| -> Vec<Option<f64>> {
        estimates.iter().map(|e| e.as_ref().map(pick)).collect()
    };
    // The reference draws from each posterior: its means carry 1-2 % error, its quantiles more.
    check.output_numbers("mean", &column(&|e| e.mean), Tolerance::Relative(0.02))?;
    check.output_numbers("sd", &column(&|e| e.sd), Tolerance::Relative(0.04))?;
    for (i, key) in ["q025", "median", "q975"].into_iter().enumerate() {
        check.output_numbers(key, &column(&|e| e.quantiles[i]), Tolerance::Relative(0.04))?;
    }
    // The reference's own error, of which there is none here.
    check.output.irrelevant(&["mc_se_mean"]);
    Ok(())
}

pub fn r0(check: &mut Check<'_>) -> Outcome {
    let family = match check.params.text("gt_type")? {
        "gamma" => DelayFamily::Gamma,
        "weibull" => DelayFamily::Weibull,
        "lognormal" => DelayFamily::Lognormal,
        other => return Err(format!("gt_type {other} is unknown here")),
    };
    let want = check.output.all_numbers("gt_distribution")?;
    let interval =
        DelayDistribution::from_mean_sd(family, check.params.f64("gt_mean")?, check.params.f64("gt_sd")?)
            .and_then(|d| d.round_to_days(want.len() - 1))
            .map_err(|e| e.to_string())?;
    let got: Vec<_> = interval.as_slice().iter().map(|p| Some(*p)).collect();
    check.output_numbers("gt_distribution", &got, Tolerance::Absolute(1e-12))?;
    let series = daily(check)?;
    let range = check.params.usize("begin")? - 1..check.params.usize("end")?;
    let config =
        R0Config { interval_prob: check.params.f64("confidence")?, convention: R0Convention::R0Package };
    let growth =
        estimate_r0_from_growth(&series, range.clone(), &interval, &config).map_err(|e| e.to_string())?;
    let likelihood =
        estimate_r0_by_likelihood(&series, range, &interval, &config).map_err(|e| e.to_string())?;
    let pair = |r: Interval| [Some(r.lower), Some(r.upper)];
    let rate = growth.growth_rate_per_day.ok_or("no growth rate")?;
    // The reference's regression stops at a relative change of the deviance of 1e-8.
    let tight = Tolerance::Relative(1e-6);
    check.output_numbers("growth_rate", &[Some(rate.estimate)], tight)?;
    check.output_numbers("growth_rate_ci", &pair(rate), tight)?;
    check.output_numbers("r0_eg", &[Some(growth.r0.estimate)], tight)?;
    check.output_numbers("r0_eg_ci", &pair(growth.r0), tight)?;
    // Found there by a search that stops at 1e-4.
    let loose = Tolerance::Relative(1e-3);
    check.output_numbers("r0_ml", &[Some(likelihood.r0.estimate)], loose)?;
    check.output_numbers("r0_ml_ci", &pair(likelihood.r0), loose)
}
