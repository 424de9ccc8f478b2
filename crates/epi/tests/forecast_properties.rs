//! Properties that hold for every forecast of any panel.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test")]

use jiff::civil::date;
use proptest::prelude::*;
use wanquan_epi::forecast::{ForecastConfig, Panel, PanelForecast, forecast_panel, forecast_random_walk};
use wanquan_epi::score::{pit_histogram, weighted_interval_score};
use wanquan_epi::{CountSeries, Step};

fn series(step: Step, counts: &[Option<u32>]) -> CountSeries {
    CountSeries::new(date(2019, 1, 5), step, counts.to_vec()).expect("within the calendar")
}

fn panel(step: Step, counts: &[Vec<Option<u32>>]) -> Panel {
    Panel::new(counts.iter().map(|c| series(step, c)).collect()).expect("one calendar")
}

/// Counts with gaps, zeros and now and then something huge.
fn any_count() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![
        8 => (0_u32..60).prop_map(Some),
        2 => Just(Some(0)),
        1 => Just(None),
        1 => (0_u32..2_000_000_000).prop_map(Some),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![Just(Step::Day), Just(Step::Week), Just(Step::Month)]
}

fn check(forecast: &PanelForecast) -> Result<(), TestCaseError> {
    for quantiles in forecast.series.iter().flatten().flatten() {
        let values = quantiles.values();
        prop_assert!(values.windows(2).all(|w| w[0] <= w[1]), "{values:?}");
        prop_assert!(values.iter().all(|v| v.is_finite() && *v >= 0.0), "{values:?}");
    }
    Ok(())
}

/// A season a year in several places, with noise that does not repeat.
fn seasons(places: usize, weeks: u32, scale: f64) -> Vec<Vec<Option<u32>>> {
    (0..places)
        .map(|i| {
            (0..weeks)
                .map(|t| {
                    let place = 1.0 + i as f64;
                    let height = 100.0 + 60.0 * f64::from((t / 52) % 3);
                    let from_peak = (f64::from(t % 52) - 18.0 - i as f64 % 3.0) / 5.0;
                    let noise = 1.0
                        + 0.2 * (f64::from((t * 37 + 11 * u32::try_from(i).unwrap()) % 101) / 101.0 - 0.5);
                    let n = scale * place * (8.0 + height * (-0.5 * from_peak * from_peak).exp()) * noise;
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "some millions"
                    )]
                    let n = n.round() as u32;
                    Some(n)
                })
                .collect()
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn quantiles_ascend_from_zero_whatever_the_counts(
        step in any_step(),
        counts in (1_usize..5, 1_usize..160).prop_flat_map(|(places, steps)| {
            proptest::collection::vec(proptest::collection::vec(any_count(), steps), places)
        }),
        ahead in proptest::collection::btree_set(0_usize..=28, 1..5),
    ) {
        let config = ForecastConfig::recommended(ahead);
        check(&forecast_panel(&panel(step, &counts), &config).unwrap())?;
        check(&forecast_random_walk(&panel(step, &counts), &config).unwrap())?;
    }

    #[test]
    fn first_reports_of_any_size_do_not_break_a_forecast(
        counts in proptest::collection::vec((any_count(), any_count()), 60..120),
    ) {
        let (now, first): (Vec<_>, Vec<_>) = counts.into_iter().unzip();
        let panel = panel(Step::Week, &[now]).with_first_reports(vec![first]).unwrap();
        check(&forecast_panel(&panel, &ForecastConfig::recommended(0..=4)).unwrap())?;
    }

    #[test]
    fn the_order_of_the_places_does_not_matter(turn in 1_usize..5) {
        let counts = seasons(5, 150, 1.0);
        let config = ForecastConfig::recommended(1..=4);
        let one = forecast_panel(&panel(Step::Week, &counts), &config).unwrap();
        let mut turned = counts;
        turned.rotate_left(turn);
        let other = forecast_panel(&panel(Step::Week, &turned), &config).unwrap();
        for i in 0..5 {
            let (a, b) = (one.series[(i + turn) % 5].as_ref().unwrap(), other.series[i].as_ref().unwrap());
            for (a, b) in a.iter().zip(b) {
                // Sums in another order differ in their last digits, which may turn the rounding of a count.
                prop_assert!(a.values().iter().zip(b.values()).all(|(a, b)| (a - b).abs() <= 1.0), "{a:?} {b:?}");
            }
        }
    }
}

#[test]
fn panels_without_a_case_are_forecast_to_stay_so() {
    for step in [Step::Day, Step::Week, Step::Month] {
        for steps in [1, 30, 200] {
            let quiet = panel(step, &vec![vec![Some(0); steps]; 3]);
            let forecast = forecast_panel(&quiet, &ForecastConfig::recommended(0..=4)).unwrap();
            for quantiles in forecast.series.iter().flatten().flatten() {
                assert_eq!(quantiles.median(), 0.0);
                assert!(quantiles.values()[22] <= 5.0, "{step:?} {steps}: {quantiles:?}");
            }
        }
    }
}

#[test]
fn counts_of_a_billion_are_forecast_to_stay_in_their_order_of_magnitude() {
    let counts: Vec<Option<u32>> =
        (0..150_u32).map(|t| Some(1_000_000_000 + t * 7_919 % 1_000_003)).collect();
    let forecast =
        forecast_panel(&panel(Step::Week, &[counts]), &ForecastConfig::recommended(1..=4)).unwrap();
    for quantiles in forecast.series[0].as_ref().unwrap() {
        assert!(quantiles.values()[0] > 5e8 && quantiles.values()[22] < 2e9, "{quantiles:?}");
    }
}

#[test]
fn ten_times_the_counts_and_persons_are_ten_times_the_forecast() {
    let config = ForecastConfig::recommended(1..=4);
    let of = |scale: f64| {
        let counts = seasons(6, 150, scale);
        let population: Vec<f64> = (0..6).map(|i| scale * 1e6 * (1.0 + f64::from(i))).collect();
        let series = counts.iter().map(|c| series(Step::Week, c)).collect();
        forecast_panel(&Panel::with_population(series, &population).unwrap(), &config).unwrap()
    };
    let (small, large) = (of(10.0), of(100.0));
    for (small, large) in small.series.iter().zip(&large.series) {
        for (small, large) in small.as_ref().unwrap().iter().zip(large.as_ref().unwrap()) {
            let ratio = large.median() / small.median();
            assert!((ratio / 10.0 - 1.0).abs() < 0.02, "{ratio}");
        }
    }
}

#[test]
fn a_later_start_of_the_calendar_changes_nothing_but_the_season() {
    // Whole years of weeks later the season is the same up to a day or two.
    let counts = seasons(4, 150, 1.0);
    let config = ForecastConfig::recommended(1..=4);
    let of = |start| {
        let series = counts.iter().map(|c| CountSeries::new(start, Step::Week, c.clone()).unwrap()).collect();
        forecast_panel(&Panel::new(series).unwrap(), &config).unwrap()
    };
    let (one, other) = (of(date(2019, 1, 5)), of(date(2013, 1, 5)));
    for (one, other) in one.series.iter().zip(&other.series) {
        for (one, other) in one.as_ref().unwrap().iter().zip(other.as_ref().unwrap()) {
            assert!((one.median() / other.median() - 1.0).abs() < 0.1, "{one:?} {other:?}");
        }
    }
}

#[test]
fn a_place_whose_newest_weeks_are_missing_is_forecast_with_more_doubt() {
    let config = ForecastConfig::recommended(1..=2);
    let full = seasons(6, 150, 5.0);
    let mut late = full.clone();
    late[2][148] = None;
    late[2][149] = None;
    let width = |counts: &[Vec<Option<u32>>]| {
        let forecast = forecast_panel(&panel(Step::Week, counts), &config).unwrap();
        let (low, high) = forecast.series[2].as_ref().unwrap()[0].interval(0.9).unwrap();
        high - low
    };
    assert!(width(&late) > width(&full));
}

#[test]
fn forecasts_of_seasons_beat_the_walk_and_cover_as_they_claim() {
    let counts = seasons(12, 208, 3.0);
    let config = ForecastConfig::recommended(1..=4);
    let (mut ours, mut walk, mut inside, mut n, mut pit) = (0.0, 0.0, 0_u32, 0_u32, Vec::new());
    for now in (156..200).step_by(3) {
        let known: Vec<Vec<Option<u32>>> = counts.iter().map(|c| c[..now].to_vec()).collect();
        let known = panel(Step::Week, &known);
        let (a, b) =
            (forecast_panel(&known, &config).unwrap(), forecast_random_walk(&known, &config).unwrap());
        for (i, counts) in counts.iter().enumerate() {
            let (a, b) = (a.series[i].as_ref().unwrap(), b.series[i].as_ref().unwrap());
            for j in 0..4 {
                let truth = f64::from(counts[now + j].unwrap());
                ours += weighted_interval_score(&a[j], truth).unwrap().total;
                walk += weighted_interval_score(&b[j], truth).unwrap().total;
                let (low, high) = a[j].interval(0.95).unwrap();
                inside += u32::from(low <= truth && truth <= high);
                n += 1;
                pit.push(a[j].probability_range(truth));
            }
        }
    }
    assert!(ours < 0.5 * walk, "{} of the walk", ours / walk);
    assert!(f64::from(inside) > 0.9 * f64::from(n), "{inside} of {n} in the 95 % intervals");
    let mass = pit_histogram(&pit, 10).unwrap();
    assert!((mass.iter().sum::<f64>() - 1.0).abs() < 1e-9);
}
