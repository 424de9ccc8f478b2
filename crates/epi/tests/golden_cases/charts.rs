//! Control charts: CUSUM, likelihood-ratio charts, OutbreakP.

use crate::golden_support::{Check, Outcome, Tolerance};
use wanquan_epi::detect::{
    AfterAlarm, Change, CusumConfig, CusumForm, DetectionSeries, DetectionStep, DetectorSpec, Direction,
    GlrConfig, GlrForm, GlrNegativeBinomialConfig, MeanAfterAlarm, MeanTrend, OutbreakPConfig, OutbreakPForm,
    SeasonalMean, Transform, detect, glr_overdispersion,
};

fn run(check: &mut Check<'_>, spec: &DetectorSpec) -> Result<DetectionSeries, String> {
    let (series, _) = check.series()?;
    let range = check.params.range("range")?;
    let found = detect(spec, &series, range.clone()).map_err(|e| e.to_string())?;
    if check.output.positions("index")? != range.collect::<Vec<_>>() {
        return Err("index differs".to_owned());
    }
    let alarm: Vec<_> = found.steps.iter().map(|s| s.alarm()).collect();
    check.output_flags("alarm", &alarm)?;
    Ok(found)
}

pub fn cusum(check: &mut Check<'_>) -> Outcome {
    // The reference's default.
    let alpha = check.params.opt_f64("alpha").unwrap_or(0.1);
    let known_mean = check.params.opt_f64("m");
    let (mean, one_mean) = match check.params.opt_text("m") {
        Some("mean") | None => (None, true),
        Some("glm") => (Some(SeasonalMean { harmonics: 1, trend: MeanTrend::Constant }), false),
        Some(other) => return Err(format!("m {other} is unknown here")),
    };
    let config = CusumConfig {
        training_steps: check.params.range("range")?.start,
        known_mean,
        mean,
        reference_shift: check.params.f64("k")?,
        decision_limit: check.params.f64("h")?,
        transform: match check.params.text("trans")? {
            "standard" => Transform::Standard,
            "rossi" => Transform::Rossi,
            "anscombe" => Transform::Anscombe,
            "anscombe2nd" => Transform::AnscombeSecondOrder,
            "pearsonNegBin" => Transform::PearsonNegativeBinomial { alpha },
            "anscombeNegBin" => Transform::AnscombeNegativeBinomial { alpha },
            "none" => Transform::None,
            other => return Err(format!("trans {other} is unknown here")),
        },
        after_alarm: AfterAlarm::Continue,
        form: CusumForm::Surveillance,
    };
    // Shifts the phase of the season, which sine and cosine together absorb.
    check.params.irrelevant(&["start_period"]);
    let found = run(check, &DetectorSpec::Cusum(config))?;
    // Iterative fit of the mean. A sum of differences can be the rounding of its terms, which are about 1; the reference's
    // table for one transform has ten digits, and a hundred steps add up.
    let absolute =
        if matches!(config.transform, Transform::AnscombeNegativeBinomial { .. }) { 1e-6 } else { 1e-9 };
    let tolerance = Tolerance::Either { relative: 1e-7, absolute };
    let steps = &found.steps;
    check.output_numbers("cusum", &steps.iter().map(|s| s.score()).collect::<Vec<_>>(), tolerance)?;
    check.output_numbers("upperbound", &steps.iter().map(|s| s.upper()).collect::<Vec<_>>(), tolerance)?;
    let means = if one_mean { &steps[..1] } else { steps };
    check.output_numbers("m", &means.iter().map(|s| s.expected()).collect::<Vec<_>>(), tolerance)
}

pub fn glr(check: &mut Check<'_>) -> Outcome {
    let model = check.params.value("mu0_model");
    let flag = |key: &str| model.get(key).and_then(|v| v.as_bool()).unwrap_or(false);
    if let Some(unknown) =
        model.as_object().and_then(|m| m.keys().find(|k| !["S", "trend", "refit"].contains(&k.as_str())))
    {
        return Err(format!("mu0_model {unknown} is unknown here"));
    }
    let harmonics = model.get("S").and_then(|v| v.as_u64()).and_then(|s| usize::try_from(s).ok());
    let direction = match check.params.text("dir")? {
        "inc" => Direction::Increase,
        "dec" => Direction::Decrease,
        other => return Err(format!("dir {other} is unknown here")),
    };
    let theta = check.params.opt_f64("theta");
    let window = check.params.f64("M")?;
    let chart = GlrConfig {
        training_steps: check.params.range("range")?.start,
        mean: SeasonalMean {
            harmonics: harmonics.unwrap_or(1),
            trend: if flag("trend") { MeanTrend::LogLinear } else { MeanTrend::Constant },
        },
        mean_after_alarm: if flag("refit") { MeanAfterAlarm::Refit } else { MeanAfterAlarm::Keep },
        change: match (check.params.text("change")?, theta) {
            ("intercept", None) => Change::Factor { direction },
            ("intercept", Some(log_factor)) => Change::KnownFactor { log_factor },
            // The reference does not look at theta there.
            ("epi", _) => Change::Epidemic,
            other => return Err(format!("change {other:?} is unknown here")),
        },
        limit: check.params.f64("c_arl")?,
        // A window of M steps; -1 = none.
        window_steps: if window > 0.0 { Some(check.params.usize("M")?) } else { None },
        change_steps_min: check.params.usize("Mtilde")?,
        form: GlrForm::Surveillance,
    };
    check.params.irrelevant(&["start_period"]);
    let alpha = check.params.opt_f64("alpha");
    let spec = if alpha == Some(0.0) {
        DetectorSpec::GlrPoisson(chart)
    } else {
        DetectorSpec::GlrNegativeBinomial(GlrNegativeBinomialConfig { chart, alpha })
    };
    let found = run(check, &spec)?;
    // A mean that has fallen to nothing is where the iteration stopped; a ratio of nothing is the rounding of its terms.
    let tolerance = Tolerance::Either { relative: 1e-6, absolute: 1e-9 };
    let steps = &found.steps;
    check.output_numbers("mu0", &steps.iter().map(|s| s.expected()).collect::<Vec<_>>(), tolerance)?;
    let statistic: Vec<_> = match (check.params.text("ret")?, theta) {
        ("value", _) => steps.iter().map(|s| s.score()).collect(),
        // The smallest alarming count. For negative binomial counts the reference goes from the observed count, above 0,
        // one by one up to 10,000 or down to 0 and answers 10^99 or nothing if the alarm stays as it is.
        ("cases", None) if alpha != Some(0.0) => {
            let none = |alarm: bool| if alarm { 0.0 } else { 1e99 };
            let smallest = |s: &DetectionStep| match s.upper() {
                Some(upper) if s.observed > Some(0) && upper <= 10_000.0 => upper + 1.0,
                _ => none(s.alarm()),
            };
            steps.iter().map(|s| Some(smallest(s))).collect()
        }
        // Where the factor is known, the real number that a count must pass.
        ("cases", None) => steps.iter().map(|s| Some(s.upper().map_or(0.0, |u| u + 1.0))).collect(),
        ("cases", Some(_)) => steps.iter().map(|s| Some(s.upper().unwrap_or(0.0))).collect(),
        (other, _) => return Err(format!("ret {other} is unknown here")),
    };
    check.output_numbers("statistic", &statistic, tolerance)?;
    let used = match &spec {
        DetectorSpec::GlrNegativeBinomial(config) => {
            glr_overdispersion(&check.series()?.0, config).map_err(|e| e.to_string())?
        }
        _ => Some(0.0),
    };
    check.output_numbers("alpha_used", &[used], tolerance)?;
    Ok(())
}

pub fn outbreak_p(check: &mut Check<'_>) -> Outcome {
    let config =
        OutbreakPConfig { limit: check.params.f64("k")?, first_step: 0, form: OutbreakPForm::Surveillance };
    let found = run(check, &DetectorSpec::OutbreakP(config))?;
    let steps = &found.steps;
    let statistic: Vec<_> = match check.params.text("ret")? {
        // A logarithm here.
        "value" => steps.iter().map(|s| s.score().map(f64::exp)).collect(),
        // The first step alone cannot rise; the reference has 0 there where even that passes the limit.
        "cases" => steps
            .iter()
            .map(|s| if s.index == 0 && config.limit < 1.0 { Some(0.0) } else { s.upper().map(|u| u + 1.0) })
            .collect(),
        other => return Err(format!("ret {other} is unknown here")),
    };
    check.output_numbers("statistic", &statistic, Tolerance::Relative(1e-9))
}
