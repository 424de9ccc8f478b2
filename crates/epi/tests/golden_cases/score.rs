//! Forecast scores. 1e-10 (WIS) and 1e-9: closed forms and sums.

use crate::golden_support::{Check, Outcome, Tolerance};
use wanquan_epi::score::{
    Predictive, QuantileForecast, energy_score, score_samples, variogram_score, weighted_interval_score,
};

const SUMS: Tolerance = Tolerance::Relative(1e-9);

fn text(e: wanquan_epi::Error) -> String {
    e.to_string()
}

pub fn wis(check: &mut Check<'_>) -> Outcome {
    let levels = check.params.all_numbers("levels")?;
    let forecast = QuantileForecast::new(levels, check.input.all_numbers("quantiles")?).map_err(text)?;
    let got = weighted_interval_score(&forecast, check.input.f64("observed")?).map_err(text)?;
    for (key, got) in [
        ("wis", got.total),
        ("dispersion", got.dispersion),
        ("overprediction", got.overprediction),
        ("underprediction", got.underprediction),
    ] {
        check.output_numbers(key, &[Some(got)], Tolerance::Relative(1e-10))?;
    }
    Ok(())
}

pub fn crps_parametric(check: &mut Check<'_>) -> Outcome {
    let p = |key| check.params.f64(key);
    let forecast = match check.params.text("family")? {
        "negative_binomial" => Predictive::NegativeBinomial { mean: p("mu")?, size: p("size")? },
        "poisson" => Predictive::Poisson { mean: p("lambda")? },
        "normal" => Predictive::Normal { mean: p("mean")?, sd: p("sd")? },
        "gamma" => Predictive::Gamma { shape: p("shape")?, rate: p("rate")? },
        "lognormal" => Predictive::LogNormal { log_mean: p("meanlog")?, log_sd: p("sdlog")? },
        other => return Err(format!("family {other} is unknown here")),
    };
    let observed = check.input.all_numbers("observed")?;
    let crps = observed.iter().map(|&y| forecast.crps(y).map(Some)).collect::<Result<Vec<_>, _>>();
    let logs = observed.iter().map(|&y| forecast.log_score(y)).collect::<Result<Vec<_>, _>>();
    check.output_numbers("crps", &crps.map_err(text)?, SUMS)?;
    check.output_numbers("logs", &logs.map_err(text)?, SUMS)
}

pub fn crps_sample(check: &mut Check<'_>) -> Outcome {
    match check.params.text("method")? {
        "edf" => {}
        other => return Err(format!("method {other} is unknown here")),
    }
    let samples = check.input.all_numbers("samples")?;
    let got = score_samples(&samples, check.input.f64("observed")?).map_err(text)?;
    check.output_numbers("crps", &[Some(got.crps)], SUMS)?;
    check.output_numbers("dss", &[got.dawid_sebastiani], SUMS)?;
    check.output_numbers("pit_leq", &[Some(got.pit)], SUMS)
}

pub fn energy(check: &mut Check<'_>) -> Outcome {
    let observed = check.input.all_numbers("observed")?;
    let samples: Vec<Vec<f64>> =
        serde_json::from_value(check.input.value("samples").clone()).map_err(|e| e.to_string())?;
    let energy = energy_score(&samples, &observed).map_err(text)?;
    let variogram = variogram_score(&samples, &observed, 0.5).map_err(text)?;
    check.output_numbers("energy_score", &[Some(energy)], SUMS)?;
    check.output_numbers("variogram_score_p05", &[Some(variogram)], SUMS)
}
