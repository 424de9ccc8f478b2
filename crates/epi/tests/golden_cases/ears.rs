//! EARS C1, C2, C3 in the form of the reference (its C3 differs from the textbook's).

use crate::golden_support::{Check, Outcome, Tolerance};
use wanquan_epi::detect::{C3Form, DetectorSpec, EarsC3Config, EarsConfig, detect};

pub fn run(check: &mut Check<'_>) -> Outcome {
    let (series, _) = check.series()?;
    let baseline_steps = check.params.usize("baseline")?;
    let ears = EarsConfig {
        baseline_steps,
        reported_min: baseline_steps,
        sd_min: check.params.f64("min_sigma")?,
        alpha_prob: check.params.f64("alpha")?,
    };
    let spec = match check.params.text("method")? {
        "C1" => DetectorSpec::EarsC1(ears),
        "C2" => DetectorSpec::EarsC2(ears),
        "C3" => DetectorSpec::EarsC3(EarsC3Config { ears, form: C3Form::Surveillance }),
        other => return Err(format!("method {other} is unknown here")),
    };
    let range = check.params.range("range")?;
    let got = detect(&spec, &series, range.clone()).map_err(|e| e.to_string())?;
    let index: Vec<usize> = got.steps.iter().map(|s| s.index).collect();
    if index != check.output.positions("index")? {
        return Err("index differs".to_owned());
    }
    let upper: Vec<_> = got.steps.iter().map(|s| s.upper()).collect();
    let alarm: Vec<_> = got.steps.iter().map(|s| s.alarm()).collect();
    // 1e-10: sums and square roots of a handful of counts; nothing iterates.
    let reported: Vec<_> = got.steps.iter().map(|s| s.observed.is_some()).collect();
    check.output_bounds("upperbound", &upper, &reported, Tolerance::Relative(1e-10))?;
    check.output_flags("alarm", &alarm)
}
