//! Farrington's original method.

use super::farrington_flexible::power;
use crate::golden_support::{Check, Outcome, Tolerance};
use wanquan_epi::detect::{FarringtonConfig, YearsBack, farrington, farrington_fits};

pub fn run(check: &mut Check<'_>) -> Outcome {
    let (series, _) = check.series()?;
    let limit = check.params.counts("limit54")?;
    let threshold = check.params.f64("weights_threshold")?;
    let config = FarringtonConfig {
        years_back: check.params.usize("b")?,
        half_window_steps: check.params.usize("w")?,
        reweight_threshold: check.params.bool("reweight")?.then_some(threshold),
        trend_p_max: check.params.bool("trend")?.then_some(0.05),
        power: power(check.params.text("powertrans")?)?,
        alpha_prob: check.params.f64("alpha")?,
        recent_cases_min: limit[0],
        recent_steps: limit[1] as usize,
        years: if check.input.bool("use_dates")? { YearsBack::Calendar } else { YearsBack::FixedSteps },
    };
    let range = check.params.range("range")?;
    let found = farrington(&series, &config, range.clone()).map_err(|e| e.to_string())?;
    let fits = farrington_fits(&series, &config, range.clone()).map_err(|e| e.to_string())?;
    if check.output.positions("index")? != range.clone().collect::<Vec<_>>() {
        return Err("index differs".to_owned());
    }
    let tolerance = Tolerance::Relative(1e-6);
    // There a step with few cases has bound 0; here it has none.
    let upper: Vec<_> = found.steps.iter().map(|s| Some(s.upper().unwrap_or(0.0))).collect();
    check.output_numbers("upperbound", &upper, tolerance)?;
    let alarm: Vec<_> = found.steps.iter().map(|s| s.alarm()).collect();
    check.output_flags("alarm", &alarm)?;
    let trend: Vec<_> = fits.iter().map(|f| f.as_ref().is_ok_and(|f| f.trend_per_step.is_some())).collect();
    check.output_flags("trend_used", &trend)?;
    let pd: Vec<_> = fits.iter().map(|f| f.as_ref().ok().and_then(|f| f.cumulative_prob)).collect();
    check.output_numbers("pd", &pd, tolerance)?;
    let median: Vec<_> = fits.iter().map(|f| f.as_ref().ok().map(|f| f.median)).collect();
    check.output_numbers("median", &median, tolerance)
}
