//! RKI and Bayes detectors, and the table of the former.

use crate::golden_support::{Check, Outcome, Tolerance};
use wanquan_epi::detect::{
    BayesConfig, CurrentYear, DetectionSeries, DetectorSpec, RkiConfig, Windows, YearsBack, detect,
};
use wanquan_epi::{CountSeries, Step};

fn windows(check: &Check<'_>) -> Result<Windows, String> {
    Ok(Windows {
        years_back: check.params.usize("b")?,
        half_window_steps: check.params.usize("w")?,
        current_year: if check.params.bool("act_y")? { CurrentYear::Included } else { CurrentYear::Excluded },
        years: if check.input.bool("use_dates")? { YearsBack::Calendar } else { YearsBack::FixedSteps },
    })
}

/// Runs and compares index, bound and alarm, which all charts report.
fn compare(
    check: &mut Check<'_>,
    spec: &DetectorSpec,
    tolerance: Tolerance,
) -> Result<DetectionSeries, String> {
    let (series, _) = check.series()?;
    let range = check.params.range("range")?;
    let found = detect(spec, &series, range.clone()).map_err(|e| e.to_string())?;
    if check.output.positions("index")? != range.collect::<Vec<_>>() {
        return Err("index differs".to_owned());
    }
    let upper: Vec<_> = found.steps.iter().map(|s| s.upper()).collect();
    let reported: Vec<_> = found.steps.iter().map(|s| s.observed.is_some()).collect();
    check.output_bounds("upperbound", &upper, &reported, tolerance)?;
    let alarm: Vec<_> = found.steps.iter().map(|s| s.alarm()).collect();
    check.output_flags("alarm", &alarm)?;
    Ok(found)
}

pub fn rki(check: &mut Check<'_>) -> Outcome {
    let spec = DetectorSpec::Rki(RkiConfig { windows: windows(check)? });
    compare(check, &spec, Tolerance::Relative(1e-10)).map(|_| ())
}

pub fn bayes(check: &mut Check<'_>) -> Outcome {
    let alpha_prob = check.params.f64("alpha")?;
    let spec = DetectorSpec::Bayes(BayesConfig { windows: windows(check)?, alpha_prob });
    compare(check, &spec, Tolerance::Absolute(0.0)).map(|_| ())
}

/// The table is what the detector answers to a constant history.
pub fn rki_table(check: &mut Check<'_>) -> Outcome {
    // A remark on the rows; the lower limits serve no detector.
    check.params.irrelevant(&["note"]);
    check.output.irrelevant(&["lower"]);
    let windows = Windows {
        years_back: 0,
        half_window_steps: 6,
        current_year: CurrentYear::Included,
        years: YearsBack::FixedSteps,
    };
    let spec = DetectorSpec::Rki(RkiConfig { windows });
    let mut upper = Vec::new();
    for mean in check.input.counts("mu")? {
        let start = jiff::civil::date(2001, 1, 1);
        let series = CountSeries::new(start, Step::Week, vec![Some(mean); 7]).map_err(|e| e.to_string())?;
        upper.push(detect(&spec, &series, 6..7).map_err(|e| e.to_string())?.steps[0].upper());
    }
    check.output_numbers("upper", &upper, Tolerance::Absolute(0.0))
}
