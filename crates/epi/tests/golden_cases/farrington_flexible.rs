//! Flexible Farrington method in the reference's form.

use crate::golden_support::{Check, Outcome, Tolerance};
use wanquan_epi::detect::{
    Bound, DetectionStep, FarringtonFlexibleConfig, FarringtonForm, Power, YearsBack, farrington_flexible,
    farrington_flexible_fits, farrington_flexible_with_population,
};

pub fn power(name: &str) -> Result<Power, String> {
    match name {
        "none" => Ok(Power::None),
        "1/2" => Ok(Power::SquareRoot),
        "2/3" => Ok(Power::TwoThirds),
        other => Err(format!("powertrans {other} is unknown here")),
    }
}

pub fn run(check: &mut Check<'_>) -> Outcome {
    let (series, population) = check.series()?;
    let limit = check.params.counts("limit54")?;
    let threshold = check.params.f64("weights_threshold")?;
    let trend_p_max = check.params.f64("p_threshold_trend")?;
    let power = power(check.params.text("powertrans")?)?;
    let method = check.params.text("threshold_method")?;
    let config = FarringtonFlexibleConfig {
        years_back: check.params.usize("b")?,
        half_window_steps: check.params.usize("w")?,
        seasonal_periods: check.params.usize("no_periods")?,
        recent_steps_excluded: check.params.usize("past_weeks_not_included")?,
        reweight_threshold: check.params.bool("reweight")?.then_some(threshold),
        trend_p_max: check.params.bool("trend")?.then_some(trend_p_max),
        bound: match method {
            "delta" => Bound::Delta { power },
            "nbPlugin" => Bound::NegativeBinomial,
            "muan" => Bound::NegativeBinomialUpper,
            other => return Err(format!("threshold_method {other} is unknown here")),
        },
        alpha_prob: check.params.f64("alpha")?,
        recent_cases_min: limit[0],
        recent_steps: limit[1] as usize,
        years: if check.input.bool("use_dates")? { YearsBack::Calendar } else { YearsBack::FixedSteps },
        form: FarringtonForm::Surveillance,
    };
    let population = if check.params.bool("population_offset")? { population } else { None };
    let range = check.params.range("range")?;
    let found = match &population {
        Some(p) => farrington_flexible_with_population(&series, p, &config, range.clone()),
        None => farrington_flexible(&series, &config, range.clone()),
    }
    .map_err(|e| e.to_string())?;
    let fits = farrington_flexible_fits(&series, population.as_deref(), &config, range.clone())
        .map_err(|e| e.to_string())?;
    if check.output.positions("index")? != range.clone().collect::<Vec<_>>() {
        return Err("index differs".to_owned());
    }
    // With a gap in the steps whose cases it counts the reference has no bound; here the others are counted.
    let counted = |s: &DetectionStep| {
        let from = (s.index + 1).saturating_sub(config.recent_steps);
        series.counts()[from..=s.index].iter().all(Option::is_some)
    };
    let steps: Vec<_> = found.steps.iter().map(|s| (s, counted(s))).collect();
    // Iterative fits; bounds that are counts are exact, unless they are beyond the whole numbers (a fit that diverged).
    let upper = check.output.numbers("upperbound")?;
    let exact = method != "delta" && upper.iter().flatten().all(|u| *u < 1e15);
    let tolerance = Tolerance::Relative(if exact { 0.0 } else { 1e-6 });
    let upper: Vec<_> = steps.iter().map(|(s, counted)| s.upper().filter(|_| *counted)).collect();
    check.output_numbers("upperbound", &upper, tolerance)?;
    let alarm: Vec<_> = steps.iter().map(|(s, counted)| s.alarm() && *counted).collect();
    check.output_flags("alarm", &alarm)?;
    // Where the reference's fit diverges everywhere its file records bound and alarm only, the rest null.
    let details = ["expected", "score", "pvalue", "mu0", "phi", "trend_used", "trend_coef"];
    let mut recorded = false;
    for key in details {
        recorded |= check.output.numbers(key)?.iter().any(Option::is_some);
    }
    let observed: Vec<_> = found.steps.iter().map(|s| s.observed.map(f64::from)).collect();
    check.output_numbers("observed", &observed, Tolerance::Absolute(0.0))?;
    if !recorded {
        return Ok(());
    }
    let tolerance = Tolerance::Relative(1e-6);
    // Without a fit the reference leaves the 0 with which its list begins.
    let expected: Vec<_> = steps
        .iter()
        .zip(&fits)
        .map(|((s, counted), f)| if f.is_err() { Some(0.0) } else { s.expected().filter(|_| *counted) })
        .collect();
    check.output_numbers("expected", &expected, tolerance)?;
    let fit =
        |pick: &dyn Fn(&wanquan_epi::detect::FarringtonFlexibleFit) -> Option<f64>| -> Vec<Option<f64>> {
            fits.iter().map(|f| f.as_ref().ok().and_then(pick)).collect()
        };
    // A difference: where the count equals its mean, the rounding of both is left.
    let difference = Tolerance::Either { relative: 1e-6, absolute: 1e-9 };
    check.output_numbers("score", &fit(&|f| f.score), difference)?;
    check.output_numbers("pvalue", &fit(&|f| f.p_value), tolerance)?;
    check.output_numbers("phi", &fit(&|f| Some(f.dispersion)), tolerance)?;
    check.output_numbers("mu0", &fit(&|f| f.bound_mean.filter(|_| method != "delta")), tolerance)?;
    check.output_numbers(
        "trend_used",
        &fit(&|f| Some(f64::from(u8::from(f.trend_per_step.is_some())))),
        tolerance,
    )?;
    check.output_numbers("trend_coef", &fit(&|f| f.trend_per_step), tolerance)
}
