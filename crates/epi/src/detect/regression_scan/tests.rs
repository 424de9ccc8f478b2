use super::*;
use crate::detect::{DetectorSpec, Monitor};
use crate::simulate::{PanelConfig, noufaily_scenarios, simulate_panel};
use jiff::civil::date;

fn weekly(counts: Vec<Option<u32>>) -> CountSeries {
    CountSeries::new(date(2010, 1, 4), Step::Week, counts).unwrap()
}

/// Counts around a level with a wobble that is the same in every run.
fn wobble(n: usize, level: u32) -> Vec<Option<u32>> {
    (0..n).map(|t| Some(level * [9, 12, 8, 10, 11, 7, 13][t % 7] / 10)).collect()
}

fn run(series: &CountSeries, range: Range<usize>) -> DetectionSeries {
    regression_scan(series, &RegressionScanConfig::recommended(), range).unwrap()
}

#[test]
fn an_outbreak_alarms_and_an_ordinary_week_does_not() {
    let mut counts = wobble(300, 20);
    for (t, more) in [(280, 12), (281, 14), (282, 12)] {
        counts[t] = counts[t].map(|y| y + more);
    }
    let found = run(&weekly(counts), 200..300);
    let alarms: Vec<_> = found.alarms().map(|s| s.index).collect();
    assert!(!alarms.is_empty() && alarms.iter().all(|t| (280..283).contains(t)), "{alarms:?}");
}

#[test]
fn a_season_that_comes_earlier_every_year_is_no_outbreak() {
    // Peaks 52 weeks apart, a day and a quarter less than a year.
    let counts = (0..624_u32)
        .map(|t| {
            let season = (std::f64::consts::TAU * f64::from(t) / 52.0).cos();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundred cases")]
            let count = (400.0 * (0.9 * season).exp() + f64::from(t * 5 % 7) - 3.0) as u32;
            Some(count)
        })
        .collect();
    let series = weekly(counts);
    assert_eq!(run(&series, 572..624).alarms().count(), 0);
    // Taken for the same every year it would alarm each year as it rises.
    let recommended = RegressionScanConfig::recommended();
    let steady = regression_scan_without(&series, &recommended, Part::SeasonDrift, 572..624).unwrap();
    let limit = calibration::limit(Step::Week, 0.01);
    assert!(steady.iter().flatten().any(|fit| fit.ln_ratio.is_some_and(|ratio| ratio > limit)));
}

#[test]
fn a_few_weeks_of_history_suffice() {
    let mut counts = wobble(14, 10);
    counts[13] = Some(40);
    let found = run(&weekly(counts), 0..14);
    assert!(found.steps[13].alarm());
    assert_eq!(found.alarms().count(), 1);
    assert!(matches!(found.steps[5].verdict, Err(NotEvaluated::HistoryTooShort { got: 5, .. })));
    let need = history_steps_min(Step::Week);
    assert!(found.steps[need].verdict.is_ok() && found.steps[need - 2].verdict.is_err());
}

#[test]
fn weekdays_are_learnt_from_a_month_of_days() {
    // A third of the reports at weekends.
    let counts = (0..63_u32).map(|t| Some(if t % 7 >= 5 { 10 } else { 30 } + t * 5 % 7)).collect();
    let series = CountSeries::new(date(2024, 1, 1), Step::Day, counts).unwrap();
    let found = run(&series, 49..63);
    assert_eq!(found.alarms().count(), 0);
    for step in &found.steps {
        let want = if step.index % 7 >= 5 { 13.0 } else { 33.0 };
        let got = step.expected().unwrap();
        assert!((got / want - 1.0_f64).abs() < 0.25, "{} {got}", step.date);
    }
    // As many on a Sunday as on other days is an outbreak.
    let mut counts = series.counts().to_vec();
    counts[62] = Some(33);
    let sunday = CountSeries::new(date(2024, 1, 1), Step::Day, counts).unwrap();
    assert!(run(&sunday, 62..63).steps[0].alarm());
}

#[test]
fn a_holiday_is_expected_to_be_quiet_once_it_has_been_seen() {
    let holidays: Vec<Date> = (2018..2024).flat_map(|y| [date(y, 5, 1), date(y, 8, 15)]).collect();
    let start = date(2018, 1, 1);
    let counts = (0..2100_u32)
        .map(|t| {
            let day = start.checked_add(jiff::Span::new().days(i64::from(t))).unwrap();
            Some(if holidays.contains(&day) { 4 } else { 20 + t * 11 % 7 })
        })
        .collect();
    let series = CountSeries::new(start, Step::Day, counts).unwrap();
    let t = 1946; // 1 May 2023
    assert_eq!(series.date(t), date(2023, 5, 1));
    let config = RegressionScanConfig { holidays, ..RegressionScanConfig::recommended() };
    let known = regression_scan_fits(&series, &config, t..t + 1).unwrap()[0].unwrap();
    let unknown =
        regression_scan_fits(&series, &RegressionScanConfig::recommended(), t..t + 1).unwrap()[0].unwrap();
    assert!(known.expected < 8.0 && unknown.expected > 18.0, "{} {}", known.expected, unknown.expected);
}

#[test]
fn what_is_not_reported_yet_is_not_expected_yet() {
    let mut counts = wobble(200, 30);
    counts[199] = Some(16);
    let series = weekly(counts);
    let half = RegressionScanConfig { completeness: vec![0.5, 0.9], ..RegressionScanConfig::recommended() };
    let late = regression_scan(&series, &half, 199..200).unwrap().steps[0];
    let all = run(&series, 199..200).steps[0];
    assert!((late.expected().unwrap() / all.expected().unwrap() - 0.5).abs() < 1e-12);
    assert!(late.upper().unwrap() < all.upper().unwrap());
    assert!(late.p_value().unwrap() < all.p_value().unwrap());
}

#[test]
fn the_bound_is_the_largest_count_without_alarm() {
    let scenarios = noufaily_scenarios();
    for one in simulate_panel(&scenarios, &PanelConfig::noufaily(), 1, 4).unwrap() {
        let mut counts = one.series.counts().to_vec();
        let last = counts.len() - 1;
        let upper = run(&one.series, last..last + 1).steps[0].upper().unwrap();
        for (more, alarm) in [(0, false), (1, true)] {
            counts[last] = Some(format!("{upper}").parse::<u32>().unwrap() + more);
            let step = run(
                &CountSeries::new(one.series.start(), Step::Week, counts.clone()).unwrap(),
                last..last + 1,
            )
            .steps[0];
            assert_eq!(step.alarm(), alarm, "{step:?}");
            let p = step.p_value().unwrap();
            // A bound that waits for the second case holds back where p alone would not.
            assert!(if alarm { p <= 0.01 } else { p > 0.01 || upper < 2.0 }, "{p} {alarm} {upper}");
        }
    }
}

#[test]
fn past_outbreaks_hardly_move_the_baseline() {
    let clean = wobble(400, 20);
    let mut dirty = clean.clone();
    for start in [150, 230, 310] {
        dirty[start..start + 4].fill(Some(90));
    }
    let expected = |counts| run(&weekly(counts), 399..400).steps[0].expected().unwrap();
    let (clean, dirty) = (expected(clean), expected(dirty));
    assert!((dirty / clean - 1.0).abs() < 0.06, "{dirty} {clean}");
}

#[test]
fn gaps_are_not_zeros() {
    let full = wobble(300, 20);
    let mut gaps = full.clone();
    for t in (0..297).step_by(3) {
        gaps[t] = None;
    }
    let expected = |counts| run(&weekly(counts), 299..300).steps[0].expected().unwrap();
    let (full, gaps) = (expected(full), expected(gaps));
    assert!((gaps / full - 1.0).abs() < 0.1, "{gaps} {full}");
    let mut lost = wobble(300, 20);
    lost[..296].fill(None);
    let found = run(&weekly(lost), 299..300);
    assert_eq!(found.steps[0].verdict, Err(NotEvaluated::TooFewReported { got: 1, need: 6 }));
}

#[test]
fn watching_a_series_gives_the_verdicts_of_the_whole() {
    let one =
        &simulate_panel(&noufaily_scenarios()[13..14], &PanelConfig::noufaily(), 1, 8).unwrap()[0].series;
    let history = CountSeries::new(one.start(), Step::Week, one.counts()[..500].to_vec()).unwrap();
    let mut monitor = Monitor::new(DetectorSpec::recommended("regression_scan").unwrap(), history).unwrap();
    for step in run(one, 500..560).steps {
        assert_eq!(monitor.push(one.counts()[step.index]).unwrap(), step);
    }
}

#[test]
fn parameters_outside_their_range_are_refused() {
    let series = weekly(wobble(60, 10));
    let good = RegressionScanConfig::recommended();
    for bad in [
        RegressionScanConfig { alpha_prob: 0.5, ..good.clone() },
        RegressionScanConfig { alpha_prob: 0.0, ..good.clone() },
        RegressionScanConfig { history_years: 0, ..good.clone() },
        RegressionScanConfig { harmonics: 7, ..good.clone() },
        RegressionScanConfig { cases_min: 0, ..good.clone() },
        RegressionScanConfig { completeness: vec![0.0], ..good.clone() },
    ] {
        assert!(regression_scan(&series, &bad, 50..60).is_err(), "{bad:?}");
    }
    assert!(regression_scan(&series, &good, 0..61).is_err());
}
