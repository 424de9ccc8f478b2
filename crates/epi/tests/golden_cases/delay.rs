//! Delay distributions from exact and from interval-censored data.

use crate::golden_support::{Check, Outcome, Tolerance};
use wanquan_epi::delay::{
    DelayDistribution, DelayFamily, DelayFit, DelayFitConfig, DelayObservation, fit_delay, fit_delay_counts,
};

pub fn exact(check: &mut Check<'_>) -> Outcome {
    let table = check.csv(check.input.text("csv")?)?;
    let shift = check.params.f64("shift")?;
    let (from, to) = (check.params.text("from")?, check.params.text("to")?);
    let (mut days, mut whole) = (Vec::new(), Vec::new());
    for row in 0..table.len() {
        let date = |column| -> Result<Option<jiff::civil::Date>, String> {
            match table.text(column, row)? {
                "" | "NA" => Ok(None),
                text => text.parse().map(Some).map_err(|e| format!("{text}: {e}")),
            }
        };
        if let (Some(from), Some(to)) = (date(from)?, date(to)?) {
            // Negative delays are dropped, as there.
            if let Ok(delay) = u32::try_from((to - from).get_days()) {
                days.push(f64::from(delay) + shift);
                whole.push(format!("{}", f64::from(delay) + shift).parse::<u32>());
            }
        }
    }
    check.output_numbers("n", &[Some(days.len() as f64)], Tolerance::Absolute(0.0))?;
    let (names, estimate, standard_error, log_likelihood, aic) = match check.params.text("dist")? {
        "nbinom" => {
            let whole = whole.into_iter().collect::<Result<Vec<_>, _>>().map_err(|_| "half days")?;
            let fit = match fit_delay_counts(&whole) {
                Ok(fit) => fit,
                Err(why) => return narrower_than_poisson(check, &days, &why.to_string()),
            };
            (
                ["size", "mu"],
                [fit.size, fit.mean_days],
                [fit.size_standard_error, fit.mean_standard_error],
                fit.log_likelihood,
                fit.aic,
            )
        }
        dist => {
            let family = match dist {
                "gamma" => DelayFamily::Gamma,
                "lnorm" => DelayFamily::Lognormal,
                "weibull" => DelayFamily::Weibull,
                other => return Err(format!("dist {other} is unknown here")),
            };
            let exact: Vec<_> = days
                .iter()
                .map(|&d| DelayObservation::exact(d))
                .collect::<Result<_, _>>()
                .map_err(|e| e.to_string())?;
            let fit = fit_delay(&exact, family, &DelayFitConfig::recommended()).map_err(|e| e.to_string())?;
            let [a, b] = fit.distribution.parameters();
            let [se_a, se_b] = fit.standard_errors;
            let (names, estimate, errors) = match family {
                // The reference has the rate, the inverse of the scale.
                DelayFamily::Gamma => (["shape", "rate"], [a, 1.0 / b], [se_a, se_b / (b * b)]),
                DelayFamily::Lognormal => (["meanlog", "sdlog"], [a, b], [se_a, se_b]),
                _ => (["shape", "scale"], [a, b], [se_a, se_b]),
            };
            (names, estimate, errors, fit.log_likelihood, fit.aic)
        }
    };
    same_names(check, &names)?;
    check.output_numbers("estimate", &estimate.map(Some), Tolerance::Relative(1e-3))?;
    // The reference's optimiser stops short of the maximum: at its stopping point likelihood and curvature (by its
    // differences over 0.001) are equal to its own; ours are those of the maximum, which is the higher.
    let there = [check.output.all_numbers("estimate")?, check.output.all_numbers("std_error")?].concat();
    let likelihood = |at: [f64; 2]| log_likelihood_at(names, at, &days);
    let at_stop = likelihood([there[0], there[1]])?;
    check.output_numbers("loglik", &[Some(at_stop)], Tolerance::Absolute(1e-6))?;
    check.output_numbers("aic", &[Some(4.0 - 2.0 * at_stop)], Tolerance::Absolute(2e-6))?;
    let curved = standard_errors_by_differences([there[0], there[1]], &likelihood)?;
    check.output_numbers("std_error", &curved.map(Some), Tolerance::Relative(1e-4))?;
    check.output_numbers("std_error", &standard_error.map(Some), Tolerance::Relative(2e-3))?;
    // It stops where its simplex differs by less than 1e-8 of the likelihood; a sum of hundreds of terms is exact to
    // 1e-12.
    if log_likelihood < at_stop - 1e-12 * at_stop.abs() || log_likelihood > at_stop + 1e-7 * at_stop.abs() {
        check.fail(format!("maximum {log_likelihood} against {at_stop} at the reference's stop"));
    }
    check.number(
        "aic of the maximum",
        Some(aic),
        Some(4.0 - 2.0 * log_likelihood),
        Tolerance::Relative(1e-12),
    );
    let n = days.len() as f64;
    let mean = days.iter().sum::<f64>() / n;
    let sd = (days.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    days.sort_by(f64::total_cmp);
    let median = 0.5 * (days[(days.len() - 1) / 2] + days[days.len() / 2]);
    // Summaries of the data: they show that the same delays were fitted.
    check.output_numbers("mean_delay", &[Some(mean)], Tolerance::Relative(1e-12))?;
    check.output_numbers("sd_delay", &[Some(sd)], Tolerance::Relative(1e-12))?;
    check.output_numbers("median_delay", &[Some(median)], Tolerance::Relative(1e-12))
}

/// Delays that scatter less than a Poisson distribution have no negative binomial maximum: the size is infinite. The
/// reference stops at some large size without an error of it; here that is an error.
fn narrower_than_poisson(check: &mut Check<'_>, days: &[f64], why: &str) -> Outcome {
    let n = days.len() as f64;
    let mean = days.iter().sum::<f64>() / n;
    let variance = days.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n;
    let there = check.output.all_numbers("estimate")?;
    if variance > mean || there[0] < 1e3 {
        return Err(why.to_owned());
    }
    check.number("mean", Some(mean), Some(there[1]), Tolerance::Relative(1e-3));
    check.output.irrelevant(&[
        "names",
        "std_error",
        "loglik",
        "aic",
        "mean_delay",
        "sd_delay",
        "median_delay",
    ]);
    Ok(())
}

/// Log-likelihood of the delays in the reference's parameters.
fn log_likelihood_at(names: [&str; 2], [a, b]: [f64; 2], days: &[f64]) -> Result<f64, String> {
    let sum = |family, parameters| -> Result<f64, String> {
        let d = DelayDistribution::new(family, parameters).map_err(|e| e.to_string())?;
        Ok(days.iter().map(|&x| d.ln_density(x)).sum())
    };
    match names {
        ["shape", "rate"] => sum(DelayFamily::Gamma, [a, 1.0 / b]),
        ["meanlog", "sdlog"] => sum(DelayFamily::Lognormal, [a, b]),
        ["shape", "scale"] => sum(DelayFamily::Weibull, [a, b]),
        _ => {
            let mass = |x: f64| {
                libm::lgamma(x + a) - libm::lgamma(a) - libm::lgamma(x + 1.0)
                    + a * (a / (a + b)).ln()
                    + x * (b / (a + b)).ln()
            };
            Ok(days.iter().map(|&x| mass(x)).sum())
        }
    }
}

/// Roots of the diagonal of the inverse curvature, by central differences of central differences.
fn standard_errors_by_differences(
    at: [f64; 2],
    f: &dyn Fn([f64; 2]) -> Result<f64, String>,
) -> Result<[f64; 2], String> {
    let h = 1e-3;
    let moved = |i: usize, j: usize, si: f64, sj: f64| {
        let mut x = at;
        x[i] += si * h;
        x[j] += sj * h;
        f(x)
    };
    let second = |i: usize, j: usize| -> Result<f64, String> {
        let sum = moved(i, j, 1.0, 1.0)? - moved(i, j, 1.0, -1.0)? - moved(i, j, -1.0, 1.0)?
            + moved(i, j, -1.0, -1.0)?;
        Ok(-sum / (4.0 * h * h))
    };
    let (aa, ab, bb) = (second(0, 0)?, second(0, 1)?, second(1, 1)?);
    let determinant = aa * bb - ab * ab;
    Ok([(bb / determinant).sqrt(), (aa / determinant).sqrt()])
}

pub fn interval_censored(check: &mut Check<'_>) -> Outcome {
    let table = check.csv(check.input.text("csv")?)?;
    check.input.irrelevant(&["columns"]);
    let family = match check.params.text("dist")? {
        "lognormal" => DelayFamily::Lognormal,
        "gamma" => DelayFamily::Gamma,
        "weibull" => DelayFamily::Weibull,
        other => return Err(format!("dist {other} is unknown here")),
    };
    let column = |name: &str| -> Result<Vec<f64>, String> {
        table.numbers(name)?.into_iter().map(|x| x.ok_or_else(|| format!("{name} has a gap"))).collect()
    };
    let (el, er, sl, sr) = (column("EL")?, column("ER")?, column("SL")?, column("SR")?);
    let mut observations = Vec::new();
    let mut widths = 0.0;
    for i in 0..table.len() {
        observations.push(
            DelayObservation::new((el[i], er[i]), (sl[i], sr[i])).map_err(|e| format!("row {i}: {e}"))?,
        );
        // There the exposure's density within its window is left out.
        if er[i] > el[i] {
            widths += (er[i] - el[i]).ln();
        }
    }
    let config =
        DelayFitConfig { quantile_probs: vec![0.05, 0.5, 0.95, 0.99], ..DelayFitConfig::recommended() };
    let fit: DelayFit = fit_delay(&observations, family, &config).map_err(|e| e.to_string())?;
    let [first, second] = match family {
        DelayFamily::Lognormal => ["meanlog", "sdlog"],
        _ => ["shape", "scale"],
    };
    same_names(check, &[first, second, "p5", "p50", "p95", "p99"])?;
    let mut got: Vec<_> = fit.distribution.parameters().map(Some).to_vec();
    got.extend(fit.quantiles_days.iter().map(|q| Some(q.estimate)));
    check.output_numbers("estimate", &got, Tolerance::Relative(1e-4))?;
    check.output_numbers("loglik", &[Some(fit.log_likelihood + widths)], Tolerance::Absolute(1e-6))?;
    check.output_numbers("n", &[Some(fit.observations as f64)], Tolerance::Absolute(0.0))
}

fn same_names(check: &Check<'_>, names: &[&str]) -> Outcome {
    let want = check.output.value("names");
    if *want == serde_json::json!(names) { Ok(()) } else { Err(format!("names {want} are unknown here")) }
}
