//! Properties that hold for every detector and any series.

use proptest::prelude::*;
use wanquan_epi::detect::{DetectorSpec, Monitor, NotEvaluated, detect, detect_panel};
use wanquan_epi::rt::serial_interval::discretise_gamma;
use wanquan_epi::rt::{Incidence, RtConfig, estimate_rt};
use wanquan_epi::{CountSeries, Step};

fn series(step: Step, counts: Vec<Option<u32>>) -> CountSeries {
    CountSeries::new(jiff::civil::date(2012, 1, 2), step, counts).expect("within the calendar")
}

fn specs() -> impl Iterator<Item = (&'static str, DetectorSpec)> {
    DetectorSpec::IDS.iter().map(|id| (*id, DetectorSpec::recommended(id).expect("a known id")))
}

/// Counts with gaps, zeros and now and then something huge.
fn any_count() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![
        6 => (0_u32..40).prop_map(Some),
        2 => Just(Some(0)),
        1 => Just(None),
        1 => (0_u32..2_000_000_000).prop_map(Some),
    ]
}

#[test]
fn a_series_without_a_case_never_alarms() {
    for step in [Step::Day, Step::Week, Step::Month] {
        let n = if step == Step::Day { 2200 } else { 400 };
        let quiet = series(step, vec![Some(0); n]);
        for (id, spec) in specs() {
            let found = match detect(&spec, &quiet, 0..n) {
                Ok(found) => found,
                // Ten season groups do not fit into a year of months, and say so.
                Err(wanquan_epi::Error::InvalidParameter { name: "seasonal_periods", .. })
                    if step == Step::Month =>
                {
                    continue;
                }
                Err(e) => panic!("{id} {step:?}: {e}"),
            };
            assert_eq!(found.alarms().count(), 0, "{id} {step:?}");
        }
    }
}

#[test]
fn counts_of_a_billion_are_answered() {
    let counts = (0..420_u32).map(|t| Some(1_000_000_000 + t * 7_919 % 1_000_003)).collect();
    let huge = series(Step::Week, counts);
    for (id, spec) in specs() {
        let found = detect(&spec, &huge, 400..420).unwrap_or_else(|e| panic!("{id}: {e}"));
        for step in &found.steps {
            let d = step.verdict.unwrap_or_else(|e| panic!("{id}: {e:?}"));
            for value in [d.expected, d.upper, d.score, d.p_value].into_iter().flatten() {
                assert!(value.is_finite(), "{id} {d:?}");
            }
        }
    }
}

#[test]
fn an_empty_range_and_a_single_point_are_answered() {
    let one = series(Step::Week, vec![Some(3)]);
    for (id, spec) in specs() {
        assert!(detect(&spec, &one, 1..1).is_ok_and(|f| f.steps.is_empty()), "{id}");
        assert_eq!(detect(&spec, &one, 0..1).expect("a valid range").steps.len(), 1, "{id}");
        assert!(detect(&spec, &one, 0..2).is_err(), "{id}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_series_makes_a_detector_panic_or_leak_a_number_that_is_none(
        counts in prop::collection::vec(any_count(), 1..420),
    ) {
        let n = counts.len();
        let s = series(Step::Week, counts);
        for (id, spec) in specs() {
            // A mean that cannot be fitted is an error; everything else is an answer.
            let Ok(found) = detect(&spec, &s, n.saturating_sub(40)..n) else { continue };
            for step in &found.steps {
                if step.observed.is_none() {
                    prop_assert!(step.verdict.is_err(), "{id} {step:?}");
                }
                if let Ok(d) = step.verdict {
                    for value in [d.expected, d.upper, d.score, d.p_value].into_iter().flatten() {
                        prop_assert!(value.is_finite(), "{id} {d:?}");
                    }
                    prop_assert!(d.p_value.is_none_or(|p| (0.0..=1.0).contains(&p)), "{id} {d:?}");
                }
            }
        }
    }

    #[test]
    fn more_cases_in_the_current_step_never_lower_its_score_or_silence_it(
        counts in prop::collection::vec(0_u32..30, 380),
        more in 1_u32..200,
    ) {
        let last = counts.len() - 1;
        let base = series(Step::Week, counts.iter().map(|&y| Some(y)).collect());
        let mut raised = counts;
        raised[last] += more;
        let raised = series(Step::Week, raised.into_iter().map(Some).collect());
        for (id, spec) in specs() {
            let (Ok(a), Ok(b)) = (detect(&spec, &base, last..last + 1), detect(&spec, &raised, last..last + 1))
            else { continue };
            let (a, b) = (a.steps[0], b.steps[0]);
            prop_assert!(!a.alarm() || b.alarm(), "{id} {a:?} {b:?}");
            if let (Some(x), Some(y)) = (a.score(), b.score()) {
                prop_assert!(y >= x - 1e-9 * x.abs(), "{id} {x} {y}");
            }
            if let (Some(x), Some(y)) = (a.p_value(), b.p_value()) {
                prop_assert!(y <= x + 1e-9, "{id} {x} {y}");
            }
        }
    }

    #[test]
    fn counts_added_one_by_one_are_judged_as_in_the_whole(
        counts in prop::collection::vec(any_count(), 300..420),
        known in 0_usize..300,
    ) {
        let n = counts.len();
        let s = series(Step::Week, counts.clone());
        let history = series(Step::Week, counts[..known].to_vec());
        // Years before the newest steps; the others are judged from the first one on.
        let newest = n - 40;
        for (id, spec) in specs() {
            let chart = ["cusum", "glr_poisson", "glr_negative_binomial", "outbreak_p"].contains(&id);
            let from = if chart { known } else { newest };
            let Ok(whole) = detect(&spec, &s, from..n) else { continue };
            let history = if chart { history.clone() } else { series(Step::Week, counts[..newest].to_vec()) };
            let mut monitor = Monitor::new(spec, history).expect("the whole could be judged");
            for step in &whole.steps {
                let one = monitor.push(step.observed).expect("the whole could be judged");
                prop_assert_eq!(&one, step, "{}", id);
            }
            prop_assert_eq!(monitor.series(), &s);
        }
    }

    #[test]
    fn an_alarm_is_a_count_above_its_bound(counts in prop::collection::vec(0_u32..60, 380)) {
        let n = counts.len();
        let s = series(Step::Week, counts.into_iter().map(Some).collect());
        for (id, spec) in specs() {
            let Ok(found) = detect(&spec, &s, n - 60..n) else { continue };
            for step in &found.steps {
                if let (Some(y), Some(upper)) = (step.observed, step.upper()) {
                    prop_assert_eq!(step.alarm(), f64::from(y) > upper, "{} {:?}", id, step);
                }
            }
        }
    }

    #[test]
    fn whole_years_earlier_or_later_change_nothing(
        counts in prop::collection::vec(0_u32..30, 380),
        weeks in 1_i64..500,
    ) {
        // Methods without a calendar do not care when the series starts.
        let n = counts.len();
        let counts: Vec<_> = counts.into_iter().map(Some).collect();
        let start = jiff::civil::date(2012, 1, 2);
        let later = start.checked_add(jiff::Span::new().weeks(weeks)).expect("within the calendar");
        let a = CountSeries::new(start, Step::Week, counts.clone()).expect("valid");
        let b = CountSeries::new(later, Step::Week, counts).expect("valid");
        for id in ["ears_c1", "ears_c2", "ears_c3", "cusum", "glr_poisson", "outbreak_p"] {
            let spec = DetectorSpec::recommended(id).expect("a known id");
            let (a, b) = (detect(&spec, &a, n - 20..n), detect(&spec, &b, n - 20..n));
            let (Ok(a), Ok(b)) = (a, b) else { continue };
            for (x, y) in a.steps.iter().zip(&b.steps) {
                prop_assert_eq!(x.verdict, y.verdict, "{}", id);
            }
        }
    }

    #[test]
    fn any_incidence_gives_estimates_or_reasons(counts in prop::collection::vec(any_count(), 8..80)) {
        let cases = series(Step::Day, counts);
        let incidence = Incidence::all_local(&cases).expect("two days or more");
        let w = discretise_gamma(4.7, 2.9, 40).expect("admissible");
        let rt = estimate_rt(&incidence, &w, &RtConfig::recommended()).expect("a window fits");
        for point in &rt.points {
            if let Ok(r) = &point.estimate {
                prop_assert!(r.mean.is_finite() && r.sd.is_finite());
                prop_assert!(r.quantiles.windows(2).all(|q| q[0] <= q[1]));
            }
        }
    }
}

#[test]
fn a_panel_is_run_in_order_and_short_series_in_full() {
    let panel: Vec<_> =
        (1..30_u32).map(|n| series(Step::Day, (0..n * 3).map(|t| Some(t * n % 7)).collect())).collect();
    let spec = DetectorSpec::recommended("ears_c2").expect("a known id");
    for (one, found) in panel.iter().zip(detect_panel(&spec, &panel, 20)) {
        let found = found.expect("valid");
        assert_eq!(found.steps.len(), one.len().min(20));
        assert_eq!(found.steps.last().map(|s| s.index), Some(one.len() - 1));
    }
}

#[test]
fn an_unreported_newest_step_is_never_a_verdict() {
    let mut counts: Vec<_> = (0..400_u32).map(|t| Some(10 + t % 5)).collect();
    counts[399] = None;
    let s = series(Step::Week, counts);
    for (id, spec) in specs() {
        let found = detect(&spec, &s, 399..400).unwrap_or_else(|e| panic!("{id}: {e}"));
        assert_eq!(found.steps[0].verdict, Err(NotEvaluated::NotReported), "{id}");
    }
}
