use super::*;
use crate::Step;

fn daily(counts: &[u32]) -> CountSeries {
    let counts = counts.iter().map(|&n| Some(n)).collect();
    CountSeries::new(jiff::civil::date(2024, 1, 1), Step::Day, counts).unwrap()
}

fn run(id: &str, series: &CountSeries) -> DetectionSeries {
    detect(&DetectorSpec::recommended(id).unwrap(), series, 0..series.len()).unwrap()
}

#[test]
fn every_id_has_a_recommended_detector_that_survives_storage() {
    for id in DetectorSpec::IDS {
        let spec = DetectorSpec::recommended(id).unwrap();
        assert_eq!(spec.method().id, *id);
        let stored = serde_json::to_string(&spec).unwrap();
        assert!(stored.contains(&format!("\"id\":\"{id}\"")), "{stored}");
        assert_eq!(serde_json::from_str::<DetectorSpec>(&stored).unwrap(), spec);
    }
    assert!(DetectorSpec::recommended("nosuch").is_none());
}

#[test]
fn recommended_parameters_fit_every_length_of_step() {
    for step in [Step::Day, Step::Week, Step::Month] {
        let counts = (0..4000_u32).map(|t| Some(20 + t * 7 % 11)).collect();
        let series = CountSeries::new(jiff::civil::date(2004, 1, 5), step, counts).unwrap();
        for id in DetectorSpec::IDS {
            let spec = DetectorSpec::recommended_for(id, step).unwrap();
            let need = spec.history_steps_min(step);
            let found = detect(&spec, &series, need..need + 1).unwrap();
            assert!(found.steps[0].verdict.is_ok(), "{id} {step:?} {:?}", found.steps[0].verdict);
        }
    }
}

#[test]
fn a_year_of_months_is_as_long_as_a_year_of_weeks() {
    let training = |step| match DetectorSpec::recommended_for("cusum", step) {
        Some(DetectorSpec::Cusum(config)) => config.training_steps,
        _ => 0,
    };
    assert_eq!([Step::Day, Step::Week, Step::Month].map(training), [731, 104, 24]);
}

#[test]
fn an_unknown_parameter_in_storage_is_refused() {
    let stored =
        r#"{"id":"ears_c1","baseline_steps":7,"reported_min":5,"sd_min":0.5,"alpha_prob":0.001,"x":1}"#;
    assert!(serde_json::from_str::<DetectorSpec>(stored).is_err());
}

#[test]
fn a_step_alone_gets_the_same_verdict_as_within_the_whole_series() {
    let counts: Vec<u32> = (0..60).map(|t| (t * 7919) % 13 + (t == 40) as u32 * 30).collect();
    let series = daily(&counts);
    for id in DetectorSpec::IDS {
        let whole = run(id, &series);
        for t in 0..series.len() {
            let alone = detect(&DetectorSpec::recommended(id).unwrap(), &series, t..t + 1).unwrap();
            assert_eq!(alone.steps[0], whole.steps[t], "{id} at {t}");
        }
    }
}

#[test]
fn early_steps_say_that_their_history_is_too_short() {
    let counts = (0..3000_u32).map(|t| 20 + t * 7 % 11).collect::<Vec<_>>();
    for step in [Step::Day, Step::Week] {
        let counts = counts.iter().map(|&n| Some(n)).collect();
        let series = CountSeries::new(jiff::civil::date(2004, 1, 5), step, counts).unwrap();
        for id in DetectorSpec::IDS {
            let spec = DetectorSpec::recommended(id).unwrap();
            let need = spec.history_steps_min(step);
            let found = detect(&spec, &series, 0..need + 1).unwrap();
            // Monitoring from the first step needs no history.
            let too_short =
                matches!(found.steps[0].verdict, Err(NotEvaluated::HistoryTooShort { got: 0, .. }));
            assert!(need == 0 || too_short, "{id}");
            assert!(found.steps[need].verdict.is_ok(), "{id} {step:?} {:?}", found.steps[need].verdict);
        }
    }
}

#[test]
fn an_unreported_step_is_not_evaluated_and_not_taken_for_zero() {
    let mut counts: Vec<Option<u32>> =
        vec![Some(10), Some(12), Some(9), Some(11), Some(10), Some(8), Some(12)];
    counts.extend([None, Some(11), Some(30)]);
    let series = CountSeries::new(jiff::civil::date(2024, 1, 1), Step::Day, counts).unwrap();
    let found = run("ears_c1", &series);
    assert_eq!(found.steps[7].verdict, Err(NotEvaluated::NotReported));
    // Mean of the six reported of the seven days before, not dragged down by a zero.
    assert_eq!(found.steps[8].expected(), Some((12 + 9 + 11 + 10 + 8 + 12) as f64 / 6.0));
    assert!(found.steps[9].alarm());
}

#[test]
fn a_baseline_with_too_few_reports_gives_no_verdict() {
    let counts = [Some(1), None, None, None, Some(2), Some(1), Some(0), Some(99)].to_vec();
    let series = CountSeries::new(jiff::civil::date(2024, 1, 1), Step::Day, counts).unwrap();
    let found = run("ears_c1", &series);
    assert_eq!(found.steps[7].verdict, Err(NotEvaluated::TooFewReported { got: 4, need: 5 }));
}

#[test]
fn the_panel_gives_the_same_bounds_as_one_series_at_a_time() {
    let mut counts: Vec<Option<u32>> =
        (0..90).map(|t| Some((t * 31) % 17 + u32::from(t == 50) * 40)).collect();
    for gap in [3, 20, 21, 22, 23, 47, 49] {
        counts[gap] = None;
    }
    counts[70] = Some(1_000_000_000);
    let series = CountSeries::new(jiff::civil::date(2024, 1, 1), Step::Day, counts).unwrap();
    let c = EarsConfig::recommended();
    let c3 = EarsC3Config::recommended();
    for (variant, spec) in [
        (EarsVariant::C1(c), DetectorSpec::EarsC1(c)),
        (EarsVariant::C2(c), DetectorSpec::EarsC2(c)),
        (EarsVariant::C3(c3), DetectorSpec::EarsC3(c3)),
    ] {
        let whole = detect(&spec, &series, 0..series.len()).unwrap();
        let panel = ears_panel(std::slice::from_ref(&series), &variant).unwrap();
        for (t, step) in whole.steps.iter().enumerate() {
            assert_eq!(panel[0].upper[t], step.upper(), "{variant:?} at {t}");
            assert_eq!(panel[0].alarm[t], step.alarm(), "{variant:?} at {t}");
        }
    }
}

#[test]
fn the_textbook_c3_listens_to_the_current_count_and_the_other_form_does_not() {
    // Quiet, then one day far above: the textbook sum sees it at once, the other form a day later.
    let series = daily(&[4, 6, 5, 4, 6, 5, 4, 5, 6, 5, 4, 20, 5]);
    let textbook = run("ears_c3", &series);
    assert!(textbook.steps[11].alarm());
    let spec = EarsC3Config { form: C3Form::Surveillance, ..EarsC3Config::recommended() };
    let other = ears_c3(&series, &spec, 0..series.len()).unwrap();
    assert!(!other.steps[11].alarm());
    assert!(other.steps[12].alarm());
}

#[test]
fn parameters_outside_their_range_are_refused() {
    let series = daily(&[1; 20]);
    let good = EarsConfig::recommended();
    for bad in [
        EarsConfig { baseline_steps: 2, ..good },
        EarsConfig { reported_min: 8, ..good },
        EarsConfig { sd_min: f64::NAN, ..good },
        EarsConfig { alpha_prob: 0.0, ..good },
    ] {
        assert!(ears_c1(&series, &bad, 0..20).is_err(), "{bad:?}");
    }
    assert!(ears_c1(&series, &good, 0..21).is_err());
}
