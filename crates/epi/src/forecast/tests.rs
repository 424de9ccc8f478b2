use super::*;
use crate::{CountSeries, Step};
use jiff::civil::date;

fn series(step: Step, counts: Vec<Option<u32>>) -> CountSeries {
    CountSeries::new(date(2020, 1, 4), step, counts).unwrap()
}

fn one(step: Step, counts: Vec<Option<u32>>, ahead: usize) -> PanelForecast {
    let panel = Panel::new(vec![series(step, counts)]).unwrap();
    forecast_panel(&panel, &ForecastConfig::recommended(1..=ahead)).unwrap()
}

#[test]
fn a_steady_series_is_forecast_to_stay() {
    let forecast = one(Step::Week, (0..150).map(|t| Some(100 + (t * 7) % 11)).collect(), 4);
    for f in forecast.series[0].as_ref().unwrap() {
        assert!((f.median() - 105.0).abs() < 6.0, "{}", f.median());
        let (low, high) = f.interval(0.9).unwrap();
        assert!(low > 80.0 && high < 130.0);
    }
}

#[test]
fn a_weekday_pattern_is_forecast_to_go_on() {
    let counts = (0..200).map(|t: u32| Some(if t % 7 < 2 { 40 } else { 100 })).collect();
    let forecast = one(Step::Day, counts, 28);
    for (j, f) in forecast.series[0].as_ref().unwrap().iter().enumerate() {
        let want = if (200 + j) % 7 < 2 { 40.0 } else { 100.0 };
        assert!((f.median() / want - 1.0).abs() < 0.12, "day {j}: {}", f.median());
    }
}

#[test]
fn gaps_zeros_single_points_and_huge_counts_get_a_finite_answer() {
    for counts in [
        vec![Some(0); 120],
        vec![Some(3)],
        (0..120).map(|t| (t % 3 != 0).then_some(t)).collect(),
        (0..120).map(|t| Some(if t < 60 { 0 } else { 4_000_000_000 })).collect(),
        (0..120).map(|t| (t < 118).then_some(10)).collect(),
    ] {
        for step in [Step::Day, Step::Week, Step::Month] {
            let forecast = one(step, counts.clone(), 4);
            for f in forecast.series[0].as_ref().unwrap() {
                assert!(f.values().iter().all(|v| v.is_finite() && *v >= 0.0));
            }
        }
    }
}

#[test]
fn a_series_silent_for_weeks_has_no_forecast() {
    let counts = (0..60).map(|t| (t < 50).then_some(10)).collect();
    assert_eq!(one(Step::Week, counts, 1).series[0], Err(NoForecast::NothingRecent));
}

#[test]
fn multiplying_all_counts_of_a_panel_of_known_size_moves_the_forecast_alike() {
    let wave = |scale: u32| -> Vec<Option<u32>> {
        (0..140_u32).map(|t| Some(scale * (200 + 150 * (t % 52).abs_diff(26)))).collect()
    };
    let small = one(Step::Week, wave(1), 2);
    let large = one(Step::Week, wave(10), 2);
    let median = |f: &PanelForecast| f.series[0].as_ref().unwrap()[1].median();
    assert!((median(&large) / median(&small) / 10.0 - 1.0).abs() < 0.01);
}

#[test]
fn the_walk_keeps_the_last_count_as_its_median() {
    let panel = Panel::new(vec![series(Step::Week, (0..80).map(|t| Some(50 + t % 9)).collect())]).unwrap();
    let walk = forecast_random_walk(&panel, &ForecastConfig::recommended(1..=4)).unwrap();
    for f in walk.series[0].as_ref().unwrap() {
        assert_eq!(f.median(), 57.0);
    }
}

#[test]
fn configs_and_panels_out_of_range_are_refused() {
    let good = series(Step::Week, vec![Some(1); 60]);
    let panel = Panel::new(vec![good.clone()]).unwrap();
    for steps in [vec![], vec![2, 1], vec![61]] {
        assert!(forecast_panel(&panel, &ForecastConfig::recommended(steps)).is_err());
    }
    let asymmetric = ForecastConfig { levels: vec![0.1, 0.5], ..ForecastConfig::recommended(1..=2) };
    assert!(forecast_panel(&panel, &asymmetric).is_err());
    assert!(Panel::new(vec![]).is_err());
    assert!(Panel::new(vec![good.clone(), series(Step::Week, vec![Some(1); 59])]).is_err());
    assert!(Panel::with_population(vec![good], &[0.0]).is_err());
}
