//! Reproduction numbers beyond the plain instantaneous one: uncertain interval, cohorts, R0.

use super::rt_cori::incidence;
use crate::golden_support::{Check, Outcome, Tolerance};
use std::ops::Range;
use wanquan_epi::delay::{DelayDistribution, DelayFamily};
use wanquan_epi::rt::growth::Interval;
use wanquan_epi::rt::r0::{R0Config, R0Convention, estimate_r0_by_likelihood, estimate_r0_from_growth};
use wanquan_epi::rt::serial_interval::discretise_gamma;
use wanquan_epi::rt::{
    CohortConfig, NoCohortEstimate, RtConfig, Truncation, estimate_rc_windows, estimate_rt_mixture,
};
use wanquan_epi::{CountSeries, Pmf, Step};

fn daily(check: &Check<'_>) -> Result<CountSeries, String> {
    let table = check.csv(check.input.text("csv")?)?;
    let counts = table.counts(check.input.text("column")?)?;
    CountSeries::new(jiff::civil::date(2001, 1, 1), Step::Day, counts).map_err(|e| e.to_string())
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
    if windows(check)?.is_empty() {
        // Every window was without cases.
        let want = check.output.numbers("mean")?;
        check.numbers("windows", &[Some(0.0)], &[Some(want.len() as f64)], Tolerance::Absolute(0.0));
        return Ok(());
    }
    if serial_interval.mass() <= 0.0 {
        // None of it lies within the series: refused here, nobody infected anybody there.
        let none: Vec<_> = check.output.numbers("mean")?.iter().map(|_| Some(0.0)).collect();
        return check.output_numbers("mean", &none, Tolerance::Absolute(0.0));
    }
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
    // Far in the tail of the serial interval the chances are differences of nearly equal numbers.
    check.output_numbers("mean", &means, Tolerance::Either { relative: 1e-9, absolute: 1e-12 })
}

pub fn uncertain_si(check: &mut Check<'_>) -> Outcome {
    match check.params.text("method")? {
        "uncertain_si" => {}
        other => return Err(format!("{other} is unknown here")),
    }
    // The draws of the reference are given, so their distribution need not be repeated.
    check.params.irrelevant(&["mean_si", "std_mean_si", "min_mean_si", "max_mean_si"]);
    check.params.irrelevant(&["std_si", "std_std_si", "min_std_si", "max_std_si"]);
    let incidence = incidence(check)?;
    let means = check.output.all_numbers("sampled_mean_si")?;
    let sds = check.output.all_numbers("sampled_sd_si")?;
    let intervals: Vec<Pmf> = means
        .iter()
        .zip(&sds)
        .map(|(&mean, &sd)| {
            // Beyond the series, so that the mean that says which windows are too early is the one drawn.
            let whole = (0..10_000).find(|&day| f64::from(day) >= mean + 20.0 * sd).unwrap_or(10_000);
            discretise_gamma(mean, sd, usize::try_from(whole).unwrap_or(0).max(incidence.len() - 1))
        })
        .collect::<Result<_, _>>()
        .map_err(|e| e.to_string())?;
    let windows = windows(check)?;
    let per_interval = check.params.usize("n2")?;
    if check.params.usize("n1")? != means.len() {
        return Err("n1 is not the number of sampled serial intervals".to_owned());
    }
    let probs = [0.025, 0.5, 0.975];
    let (prior_mean, prior_sd) = (check.params.f64("mean_prior")?, check.params.f64("std_prior")?);
    let estimate = |windows: &[Range<usize>], quantile_probs: Vec<f64>| {
        let config = RtConfig { window_days: 7, prior_mean, prior_sd, cases_min: 0, quantile_probs };
        estimate_rt_mixture(&incidence, &intervals, windows, &config).map_err(|e| e.to_string())
    };
    let exact = estimate(&windows, probs.to_vec())?;
    let wanted = ["mean", "sd", "q025", "median", "q975"].map(|key| check.output.numbers(key));
    let [mean, sd, low, median, high] = wanted;
    let (mean, sd, quantiles) = (mean?, sd?, [low?, median?, high?]);
    for (i, window) in windows.iter().enumerate() {
        let name = |key: &str| format!("{key}[{i}]");
        let Ok(got) = &exact.points[i].estimate else {
            for (key, want) in [("mean", mean[i]), ("sd", sd[i]), ("median", quantiles[1][i])] {
                check.number(&name(key), None, want, Tolerance::Absolute(0.0));
            }
            continue;
        };
        // The reference draws from each posterior: 2 % for the mean and 4 % for the others as its notes suggest, or
        // four standard errors of that many draws where these are more.
        let draws = (per_interval * means.iter().filter(|m| window.end as f64 > **m).count()) as f64;
        let share = |t: f64, absolute: f64| Tolerance::Either { relative: t, absolute };
        check.number(&name("mean"), Some(got.mean), mean[i], share(0.02, 4.0 * got.sd / draws.sqrt()));
        // Of a gamma distribution of this coefficient of variation.
        let kurtosis = 3.0 + 6.0 * (got.sd / got.mean).powi(2);
        let sd_error = got.sd * ((kurtosis - 1.0) / (4.0 * draws)).sqrt();
        check.number(&name("sd"), Some(got.sd), sd[i], share(0.04, 4.0 * sd_error));
        // The order statistic lies between these quantiles, in all but one of 15,000.
        for (k, prob) in probs.into_iter().enumerate() {
            let error = 4.0 * (prob * (1.0 - prob) / draws).sqrt() + 0.5 / draws;
            let bounds = [(prob - error).max(1e-9), (prob + error).min(1.0 - 1e-9)];
            let reach = estimate(std::slice::from_ref(window), bounds.to_vec())?;
            let reach = reach.points[0].estimate.as_ref().map_err(|e| format!("{e:?}"))?;
            let value = got.quantiles[k];
            let absolute = (value - reach.quantiles[0]).max(reach.quantiles[1] - value);
            check.number(
                &format!("quantile {prob}[{i}]"),
                Some(value),
                quantiles[k][i],
                share(0.04, absolute),
            );
        }
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
