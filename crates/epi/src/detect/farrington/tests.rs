use super::*;
use crate::Step;
use jiff::civil::date;

fn weekly(counts: Vec<Option<u32>>) -> CountSeries {
    CountSeries::new(date(2010, 1, 4), Step::Week, counts).unwrap()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small positive counts")]
/// Seasonal counts with a wobble that is the same in every run.
fn seasonal(n: usize, level: f64) -> Vec<Option<u32>> {
    (0..n)
        .map(|t| {
            let season = 1.0 + 0.5 * (2.0 * std::f64::consts::PI * t as f64 / 52.18).sin();
            let wobble = [0.9, 1.2, 0.8, 1.0, 1.1, 0.7, 1.3][t % 7];
            Some((level * season * wobble).round() as u32)
        })
        .collect()
}

#[test]
fn an_outbreak_alarms_and_an_ordinary_week_does_not() {
    let mut counts = seasonal(400, 20.0);
    counts[380] = counts[380].map(|y| y + 60);
    let found =
        farrington_flexible(&weekly(counts), &FarringtonFlexibleConfig::recommended(), 350..400).unwrap();
    let alarms: Vec<_> = found.alarms().map(|s| s.index).collect();
    assert_eq!(alarms, [380]);
}

#[test]
fn the_exact_fit_agrees_with_the_reference_path_where_no_defect_interferes() {
    // Negative binomial bound at the fitted mean with the trend always kept: the disputed dispersion
    // plays no part.
    let series = weekly(seasonal(420, 30.0));
    let exact = FarringtonFlexibleConfig::recommended();
    let reference = FarringtonFlexibleConfig { form: FarringtonForm::Surveillance, ..exact };
    let a = farrington_flexible_fits(&series, None, &exact, 300..420).unwrap();
    let b = farrington_flexible_fits(&series, None, &reference, 300..420).unwrap();
    for (a, b) in a.iter().zip(&b) {
        let (a, b) = (a.unwrap(), b.unwrap());
        assert!((a.expected / b.expected - 1.0).abs() < 1e-6, "{a:?} {b:?}");
        assert!((a.dispersion / b.dispersion - 1.0).abs() < 1e-6, "{a:?} {b:?}");
        assert_eq!(a.upper, b.upper);
        assert_eq!(a.trend_per_step.is_some(), b.trend_per_step.is_some());
    }
}

#[test]
fn a_constant_population_changes_nothing() {
    let series = weekly(seasonal(400, 15.0));
    let config = FarringtonFlexibleConfig::recommended();
    let plain = farrington_flexible(&series, &config, 330..400).unwrap();
    let rates = farrington_flexible_with_population(&series, &vec![5e4; 400], &config, 330..400).unwrap();
    for (a, b) in plain.steps.iter().zip(&rates.steps) {
        assert_eq!(a.upper(), b.upper());
        assert!((a.expected().unwrap() / b.expected().unwrap() - 1.0).abs() < 1e-9);
    }
}

#[test]
fn a_step_without_population_and_cases_is_left_out_and_one_with_cases_is_refused() {
    let mut counts = seasonal(400, 15.0);
    let mut population = vec![5e4; 400];
    for t in [100, 152, 204] {
        (counts[t], population[t]) = (Some(0), 0.0);
    }
    let config = FarringtonFlexibleConfig::recommended();
    let fit = |counts: &[Option<u32>], population: &[f64]| {
        let series = weekly(counts.to_vec());
        farrington_flexible_fits(&series, Some(population), &config, 399..400).map(|fits| fits[0].unwrap())
    };
    let mut gaps = counts.clone();
    for t in [100, 152, 204] {
        gaps[t] = None;
    }
    assert_eq!(fit(&counts, &population).unwrap(), fit(&gaps, &vec![5e4; 400]).unwrap());
    counts[100] = Some(1);
    assert!(matches!(fit(&counts, &population), Err(Error::InvalidData { position: 100, .. })));
}

#[test]
fn a_row_alone_in_its_season_group_is_never_unusual() {
    // One year, no neighbours: the window of the tested week is a single row, which fits itself.
    let config = FarringtonFlexibleConfig {
        years_back: 1,
        half_window_steps: 0,
        reweight_threshold: Some(1.0),
        ..FarringtonFlexibleConfig::recommended()
    };
    let series = weekly(seasonal(120, 15.0));
    for (now, fit) in farrington_flexible_fits(&series, None, &config, 60..120).unwrap().iter().enumerate() {
        let alone = f64::from(series.counts()[60 + now - 52].unwrap());
        assert!((fit.unwrap().expected / alone - 1.0).abs() < 1e-9, "{now}");
    }
}

#[test]
fn unreported_weeks_are_left_out_and_not_taken_for_zeros() {
    let full = seasonal(400, 15.0);
    let mut gaps = full.clone();
    let mut zeros = full.clone();
    for t in (0..330).step_by(3) {
        gaps[t] = None;
        zeros[t] = Some(0);
    }
    // The zeros end before the last week, which a trend would follow.
    let config = FarringtonFlexibleConfig { trend_p_max: None, ..FarringtonFlexibleConfig::recommended() };
    let expected = |counts| {
        farrington_flexible_fits(&weekly(counts), None, &config, 399..400).unwrap()[0].unwrap().expected
    };
    let (full, gaps, zeros) = (expected(full), expected(gaps), expected(zeros));
    assert!((gaps / full - 1.0).abs() < 0.1, "{gaps} {full}");
    assert!(zeros < 0.8 * full);
}

#[test]
fn few_recent_cases_or_little_history_give_a_reason() {
    let mut counts = seasonal(400, 15.0);
    for slot in &mut counts[390..400] {
        *slot = Some(1);
    }
    let config = FarringtonFlexibleConfig::recommended();
    let found = farrington_flexible(&weekly(counts.clone()), &config, 399..400).unwrap();
    assert_eq!(found.steps[0].verdict, Err(NotEvaluated::TooFewCases { got: 4, need: 5 }));
    let found = farrington_flexible(&weekly(counts), &config, 200..201).unwrap();
    assert!(matches!(found.steps[0].verdict, Err(NotEvaluated::HistoryTooShort { got: 200, .. })));
}

#[test]
fn more_groups_than_weeks_between_windows_are_refused() {
    let series = CountSeries::new(date(2010, 1, 1), Step::Month, vec![Some(9); 120]).unwrap();
    let config = FarringtonFlexibleConfig::recommended();
    assert!(farrington_flexible(&series, &config, 110..120).is_err());
    let config = FarringtonFlexibleConfig {
        half_window_steps: 1,
        seasonal_periods: 4,
        recent_steps_excluded: 6,
        ..config
    };
    assert!(farrington_flexible(&series, &config, 110..120).is_ok());
}

#[test]
fn the_original_method_alarms_on_the_same_outbreak() {
    let mut counts = seasonal(400, 20.0);
    counts[380] = counts[380].map(|y| y + 60);
    let found = farrington(&weekly(counts), &FarringtonConfig::recommended(), 350..400).unwrap();
    assert!(found.steps[30].alarm());
    assert!(!found.steps[20].alarm());
}
