//! Properties of transmission, delays, nowcasts, endemic-epidemic models and chains for any input.

use jiff::ToSpan;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use wanquan_epi::chains::{
    CaseOnset, Contact, InferConfig, TransmissionTree, draw_tree, fit_cluster_sizes, fit_offspring,
    infer_infectors, most_likely_tree,
};
use wanquan_epi::delay::nowcast::{
    BayesNowcastConfig, LawlessConfig, Nowcast, NowcastMethod, StateSpaceConfig,
};
use wanquan_epi::delay::{
    DelayDistribution, DelayFamily, DelayFitConfig, DelayObservation, ReportingTriangle, fit_delay,
    fit_delay_counts,
};
use wanquan_epi::endemic::{EndemicConfig, EndemicData, fit_endemic_epidemic};
use wanquan_epi::rt::r0::{R0Config, estimate_r0_by_likelihood, estimate_r0_from_growth};
use wanquan_epi::rt::serial_interval::discretise_gamma;
use wanquan_epi::rt::{
    CohortConfig, Incidence, RtConfig, UncertainDays, UncertainSerialInterval, estimate_rc,
    estimate_rt_uncertain,
};
use wanquan_epi::{CountSeries, Pmf, Step};

fn series(counts: Vec<Option<u32>>) -> CountSeries {
    CountSeries::new(jiff::civil::date(2020, 1, 6), Step::Day, counts).expect("within the calendar")
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

fn finite(values: impl IntoIterator<Item = f64>) -> bool {
    values.into_iter().all(f64::is_finite)
}

fn uncertain() -> UncertainSerialInterval {
    UncertainSerialInterval {
        mean_days: UncertainDays { mean: 4.0, sd: 0.5, min: 2.5, max: 5.5 },
        sd_days: UncertainDays { mean: 2.0, sd: 0.3, min: 1.0, max: 3.0 },
        draws: 20,
    }
}

fn methods() -> [NowcastMethod; 3] {
    [
        NowcastMethod::StateSpace(StateSpaceConfig { draws: 100, ..StateSpaceConfig::recommended(7) }),
        NowcastMethod::Lawless(LawlessConfig::recommended(7)),
        NowcastMethod::Bayes(BayesNowcastConfig { draws: 20, ..BayesNowcastConfig::recommended(7, 10.0) }),
    ]
}

fn check_nowcast(nowcast: &Nowcast) {
    assert_eq!(nowcast.points.len(), nowcast.delay_cdf.len());
    for point in &nowcast.points {
        assert!(finite([point.mean, point.reported_share]), "{point:?}");
        assert!(point.quantiles.windows(2).all(|q| q[0] <= q[1]), "{point:?}");
        assert!(point.quantiles.iter().all(|q| *q >= point.observed as f64), "{point:?}");
    }
}

#[test]
fn a_triangle_without_reports_says_so_or_stays_empty() {
    let start = jiff::civil::date(2024, 1, 1);
    let empty = ReportingTriangle::from_events(start, jiff::civil::date(2024, 3, 1), Step::Day, &[])
        .expect("a valid triangle");
    assert!(methods()[0].nowcast(&empty, 1).is_err());
    for method in &methods()[1..] {
        check_nowcast(&method.nowcast(&empty, 1).expect("a nowcast of nothing"));
    }
}

#[test]
fn one_step_is_too_short_for_every_nowcast() {
    let day = jiff::civil::date(2024, 1, 1);
    let one = ReportingTriangle::from_events(day, day, Step::Day, &[(day, day)]).expect("one step");
    for method in methods() {
        assert!(method.nowcast(&one, 1).is_err());
    }
}

#[test]
fn billions_of_reports_are_nowcast_or_refused() {
    let start = jiff::civil::date(2024, 1, 1);
    let changes = (0..60_i64).flat_map(|t| {
        (0..7_i64).map(move |x| {
            let event = start.checked_add(t.days()).expect("within the calendar");
            (event, event.checked_add(x.days()).expect("within the calendar"), 1_000_000_000 >> x)
        })
    });
    let huge = ReportingTriangle::from_changes(start, jiff::civil::date(2024, 2, 29), Step::Day, changes)
        .expect("counts below 2^32");
    let nowcast = methods()[0].nowcast(&huge, 1).expect("a nowcast");
    check_nowcast(&nowcast);
    let today = nowcast.points.last().expect("a point");
    // Each day ends at just under two billion; today only half of them are known.
    assert!(today.quantiles[0] > 1.5e9 && today.quantiles[6] < 2.6e9, "{:?}", today.quantiles);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn reproduction_numbers_are_finite_or_carry_a_reason(
        counts in prop::collection::vec(any_count(), 2..120),
    ) {
        let s = series(counts);
        let incidence = Incidence::all_local(&s).expect("two days or more");
        let w = discretise_gamma(4.0, 2.0, 20).expect("admissible");
        if let Ok(rc) = estimate_rc(&incidence, &w, &CohortConfig::recommended()) {
            for e in rc.points.iter().filter_map(|p| p.estimate.ok()) {
                prop_assert!(finite([e.mean, e.sd, e.lower, e.upper, e.observed_share]), "{:?}", e);
                prop_assert!(e.lower <= e.upper);
            }
        }
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        if let Ok(rt) = estimate_rt_uncertain(&incidence, &uncertain(), &RtConfig::recommended(), &mut rng) {
            for e in rt.points.iter().filter_map(|p| p.estimate.as_ref().ok()) {
                prop_assert!(finite([e.mean, e.sd]) && finite(e.quantiles.clone()), "{:?}", e);
                prop_assert!(e.quantiles.windows(2).all(|q| q[0] <= q[1]));
            }
        }
        let interval = DelayDistribution::from_mean_sd(DelayFamily::Gamma, 4.0, 2.0)
            .and_then(|d| d.round_to_days(30))
            .expect("admissible");
        for r0 in [
            estimate_r0_from_growth(&s, 0..s.len(), &interval, &R0Config::recommended()),
            estimate_r0_by_likelihood(&s, 0..s.len(), &interval, &R0Config::recommended()),
        ].into_iter().flatten() {
            prop_assert!(finite([r0.r0.estimate, r0.r0.lower, r0.r0.upper]), "{:?}", r0);
            prop_assert!(r0.r0.lower <= r0.r0.estimate && r0.r0.estimate <= r0.r0.upper);
        }
    }

    #[test]
    fn imported_cases_never_raise_the_offspring_of_others(
        local in prop::collection::vec(0_u32..50, 30),
        day in 1_usize..29,
    ) {
        let w = discretise_gamma(4.0, 2.0, 20).expect("admissible");
        let config = CohortConfig { window_days: 1, ..CohortConfig::recommended() };
        let local = series(local.into_iter().map(Some).collect());
        let rc = |extra: u32| {
            let brought = (0..30).map(|t| Some(if t == day { extra } else { 0 })).collect();
            let incidence = Incidence::with_imported(&local, &series(brought)).expect("two days or more");
            estimate_rc(&incidence, &w, &config).expect("a window fits")
        };
        let (without, with) = (rc(0), rc(20));
        for (t, (a, b)) in without.points.iter().zip(&with.points).enumerate() {
            if let (Ok(a), Ok(b), true) = (a.estimate, b.estimate, t != day) {
                prop_assert!(b.mean <= a.mean + 1e-12, "{t}: {a:?} {b:?}");
            }
        }
    }

    #[test]
    fn nowcasts_lie_at_or_above_what_is_known(
        events in prop::collection::vec((0_i64..50, 0_i64..12), 0..200),
        known in 30_i64..50,
    ) {
        let start = jiff::civil::date(2024, 1, 1);
        let date = |t: i64| start.checked_add(t.days()).expect("within the calendar");
        let events: Vec<_> = events.into_iter().map(|(t, x)| (date(t), date(t + x))).collect();
        let triangle = ReportingTriangle::from_events(start, date(known), Step::Day, &events)
            .expect("reports after events");
        for method in methods() {
            if let Ok(nowcast) = method.nowcast(&triangle, 7) {
                check_nowcast(&nowcast);
                prop_assert_eq!(&method.nowcast(&triangle, 7).expect("as before"), &nowcast);
            }
        }
        let earlier = triangle.as_known_on(date(known - 10)).expect("within the triangle");
        for t in 0..earlier.len() {
            prop_assert!(earlier.known(t) <= triangle.known(t));
        }
    }

    #[test]
    fn delay_fits_are_finite_or_refused(
        pairs in prop::collection::vec((-3.0_f64..20.0, 0.0_f64..3.0, 0.0_f64..3.0), 0..40),
        family in prop::sample::select(DelayFamily::ALL.to_vec()),
        end in prop::option::of(0.0_f64..30.0),
    ) {
        let pairs: Vec<_> = pairs
            .into_iter()
            .map(|(delay, a, b)| DelayObservation::new((0.0, a), (delay, delay + b)).expect("finite"))
            .collect();
        let config = DelayFitConfig { observed_until_days: end, ..DelayFitConfig::recommended() };
        if let Ok(fit) = fit_delay(&pairs, family, &config) {
            prop_assert!(finite([fit.log_likelihood, fit.mean_days.lower, fit.mean_days.upper]), "{:?}", fit);
            prop_assert!(fit.mean_days.lower <= fit.mean_days.estimate, "{:?}", fit);
        }
    }

    #[test]
    fn whole_delays_and_offspring_are_fitted_or_refused(
        counts in prop::collection::vec(prop_oneof![5 => 0_u32..9, 1 => 0_u32..1_000_000_000], 0..40),
    ) {
        if let Ok(fit) = fit_delay_counts(&counts) {
            prop_assert!(finite([fit.mean_days, fit.size, fit.log_likelihood]), "{:?}", fit);
        }
        if let Ok(fit) = fit_offspring(&counts, 0.95) {
            prop_assert!(finite([fit.r, fit.r_lower, fit.r_upper, fit.k_lower]), "{:?}", fit);
            prop_assert!(fit.r_lower <= fit.r && fit.r <= fit.r_upper, "{:?}", fit);
        }
        let clusters: Vec<_> = counts.iter().map(|&n| (n.saturating_add(1), 1)).collect();
        if let Ok(fit) = fit_cluster_sizes(&clusters, 0.95) {
            prop_assert!(finite([fit.r, fit.r_lower, fit.r_upper, fit.k_lower]), "{:?}", fit);
        }
    }

    #[test]
    fn endemic_models_are_finite_or_refused(
        a in prop::collection::vec(any_count(), 60),
        b in prop::collection::vec(any_count(), 60),
    ) {
        let weights = [vec![0.0, 1.0], vec![1.0, 0.0]];
        let data = EndemicData::new(vec![series(a), series(b)], &weights, vec![1.0, 2.0]).expect("admissible");
        if let Ok(fit) = fit_endemic_epidemic(&data, 1..60, &EndemicConfig::recommended(365.0)) {
            prop_assert!(finite(fit.coefficients.iter().map(|c| c.estimate)), "{:?}", fit);
            prop_assert!(finite(fit.component_totals), "{:?}", fit);
        }
    }

    #[test]
    fn trees_are_trees(
        days in prop::collection::vec(prop::option::of(0_i64..25), 0..25),
        pairs in prop::collection::vec((0_usize..25, 0_usize..25), 0..40),
    ) {
        let date = |t: i64| jiff::civil::date(2024, 1, 1).checked_add(t.days()).expect("within the calendar");
        let n = days.len();
        let cases: Vec<_> = days.iter().map(|d| CaseOnset { onset: d.map(date), imported: false }).collect();
        let contacts: Vec<_> = pairs
            .iter()
            .filter(|(a, b)| *a < n && *b < n && a != b)
            .map(|&(from, to)| Contact { from, to, weight: 1.0 })
            .collect();
        let w = Pmf::new(vec![0.1, 0.3, 0.3, 0.2, 0.1]).expect("sums to 1");
        let inferred = infer_infectors(&cases, &contacts, &w, &InferConfig::recommended()).expect("admissible");
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for tree in [most_likely_tree(&inferred), draw_tree(&inferred, &mut rng)] {
            let tree = tree.expect("no circle");
            let clusters = tree.clusters();
            prop_assert_eq!(clusters.iter().map(|c| c.cases.len()).sum::<usize>(), n);
            prop_assert_eq!(clusters.len() + tree.offspring().iter().sum::<u32>() as usize, n);
        }
        // Any pairs: a tree or a reason.
        if let Ok(tree) = TransmissionTree::from_pairs(n, &pairs) {
            prop_assert_eq!(tree.generations().len(), n);
        }
    }
}
