//! Properties of measures of association, rates, growth, scores and scans for any input.

use proptest::prelude::*;
use wanquan_epi::association::{
    Interval, Rate, Stratum, TwoByTwo, estimate_case_fatality, mantel_haenszel, rate_byar, rate_exact,
    standardise_directly, standardise_indirectly,
};
use wanquan_epi::rt::growth::{
    Growth, GrowthConfig, estimate_growth_log_linear, estimate_growth_negative_binomial,
    estimate_growth_poisson,
};
use wanquan_epi::scan::{
    Places, ScanConfig, SpaceModel, SpaceTimeModel, Windows, Zones, expected_from_margins,
    expected_from_population_per_step, scan_space, scan_space_time,
};
use wanquan_epi::score::{
    HUB_LEVELS, Predictive, QuantileForecast, energy_score, score_samples, variogram_score,
    weighted_interval_score,
};
use wanquan_epi::{CountSeries, Error, Pmf, Step};

/// Persons of a cell: none, some, a thousand million.
fn any_cell() -> impl Strategy<Value = u32> {
    prop_oneof![2 => Just(0_u32), 6 => 0_u32..40, 2 => 0_u32..100_000, 1 => Just(1_000_000_000)]
}

/// A number of a table, also such as no table should hold.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -50.0..500.0_f64,
        1 => Just(0.0),
        1 => Just(-1e9),
        1 => Just(1e9),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY)
    ]
}

/// What is defined is finite, and the estimate lies within its interval.
fn ordered(interval: Interval) -> bool {
    let parts = [interval.estimate, interval.lower, interval.upper];
    let slack = |x: f64| 1e-12 + 1e-9 * x.abs();
    parts.iter().flatten().all(|x| !x.is_nan())
        && match (interval.estimate, interval.lower, interval.upper) {
            (Some(x), Some(a), Some(b)) => a <= x + slack(x) && x <= b + slack(b),
            _ => true,
        }
}

fn growth_is_whole(growth: &Growth) -> bool {
    let r = growth.rate_per_day;
    let finite = [r.estimate, r.lower, r.upper].iter().all(|x| x.is_finite());
    finite
        && r.lower <= r.estimate
        && r.estimate <= r.upper
        // A time of doubling only where the whole interval grows, of halving only where it declines.
        && growth.doubling_time_days.is_some() == (r.lower > 0.0)
        && growth.halving_time_days.is_some() == (r.upper < 0.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn measures_of_any_table_are_ordered_or_undefined(a in any_cell(), b in any_cell(), c in any_cell(), d in any_cell()) {
        let Ok(table) = TwoByTwo::new(a, b, c, d) else { return Ok(()) };
        let measures = [
            table.attack_rate_exposed(0.95), table.attack_rate_unexposed(0.95), table.attack_rate_exposed_exact(0.95),
            table.risk_ratio(0.95), table.odds_ratio(0.95), table.odds_ratio_fisher(0.95),
            table.odds_ratio_midp(0.95), table.attributable_risk(0.95), table.vaccine_effectiveness(0.95),
        ];
        for (i, measure) in measures.into_iter().enumerate() {
            let measure = measure.expect("the confidence is admissible");
            prop_assert!(ordered(measure), "{i}: {a} {b} {c} {d} {measure:?}");
        }
        prop_assert!((0.0..=1.0 + 1e-9).contains(&table.fisher_p()));
        // Exposed and unexposed exchanged: the ratio turns round, what is tested does not.
        let turned = TwoByTwo::new(c, d, a, b).expect("the same persons");
        let ratio = |table: TwoByTwo| table.risk_ratio(0.95).expect("admissible").estimate;
        if let (Some(one), Some(other)) = (ratio(table), ratio(turned)) && one > 0.0 {
            prop_assert!((one * other - 1.0).abs() < 1e-9, "{one} {other}");
        }
        prop_assert!((table.fisher_p() - turned.fisher_p()).abs() < 1e-6);
    }

    #[test]
    fn one_stratum_pools_to_itself(a in 1_u32..400, b in 1_u32..400, c in 1_u32..400, d in 1_u32..400) {
        let table = TwoByTwo::new(a, b, c, d).expect("persons in both groups");
        let pooled = mantel_haenszel(&[table], 0.95).expect("one stratum");
        let odds = f64::from(a) * f64::from(d) / (f64::from(b) * f64::from(c));
        prop_assert!((pooled.odds_ratio.estimate.expect("no empty cell") / odds - 1.0).abs() < 1e-9);
        prop_assert!(ordered(pooled.odds_ratio));
        // The same stratum twice says the same with more certainty.
        let twice = mantel_haenszel(&[table, table], 0.95).expect("two strata").odds_ratio;
        prop_assert!(twice.lower > pooled.odds_ratio.lower && twice.upper < pooled.odds_ratio.upper);
    }

    #[test]
    fn rates_hold_their_estimate_and_refuse_what_is_no_time(events in any_cell(), time in any_number()) {
        match Rate::new(events, time) {
            Err(_) => prop_assert!(time.is_nan() || time <= 0.0 || time.is_infinite()),
            Ok(rate) => {
                for interval in [rate_exact(rate, 0.95), rate_byar(rate, 0.95)] {
                    let interval = interval.expect("admissible");
                    prop_assert!(ordered(interval), "{interval:?}");
                    prop_assert!(interval.lower.is_some_and(|x| x >= 0.0) && interval.upper.is_some_and(f64::is_finite));
                }
                prop_assert!(rate_exact(rate, 1.0).is_err() && rate_byar(rate, f64::NAN).is_err());
            }
        }
    }

    #[test]
    fn a_population_that_is_the_standard_keeps_its_rate(
        strata in prop::collection::vec((0_u32..500, 1.0..1e6_f64), 1..8),
        wrong in any_number(),
    ) {
        let mut all: Vec<Stratum> = strata
            .iter()
            .map(|&(cases, population)| Stratum {
                cases, population, standard_cases: cases, standard_population: population,
            })
            .collect();
        let direct = standardise_directly(&all, 0.95).expect("positive populations");
        let adjusted = direct.adjusted.estimate.expect("persons");
        prop_assert!((adjusted - direct.crude).abs() <= 1e-12 + 1e-9 * direct.crude && ordered(direct.adjusted));
        match standardise_indirectly(&all, 0.95) {
            Ok(found) => prop_assert!((found.ratio.estimate.expect("cases expected") - 1.0).abs() < 1e-9),
            Err(_) => prop_assert!(strata.iter().all(|s| s.0 == 0)),
        }
        all[0].population = wrong;
        let refused = standardise_directly(&all, 0.95).is_err();
        prop_assert_eq!(refused, !(wrong.is_finite() && wrong > 0.0));
    }

    #[test]
    fn deaths_still_to_come_never_lower_the_case_fatality(
        counts in prop::collection::vec(prop::option::of(any_cell()), 1..60),
        deaths in any_cell(),
        delay in prop::collection::vec(0.0..1.0_f64, 1..20),
    ) {
        let mass: f64 = delay.iter().sum();
        let delay = Pmf::new(delay.iter().map(|p| p / mass.max(1.0)).collect()).expect("a mass of at most one");
        let cases = CountSeries::new(jiff::civil::date(2020, 1, 1), Step::Day, counts).expect("within the calendar");
        match estimate_case_fatality(&cases, deaths, &delay, 0.95) {
            Err(_) => prop_assert!(cases.total() == 0 || u64::from(deaths) > cases.total()),
            Ok(found) => {
                prop_assert!(ordered(found.naive) && ordered(found.corrected), "{found:?}");
                prop_assert!((0.0..=1.0 + 1e-9).contains(&found.known_outcome_share));
                if let (Some(counted), Some(corrected)) = (found.naive.estimate, found.corrected.estimate) {
                    prop_assert!(corrected >= counted - 1e-12 && corrected <= 1.0 + 1e-12);
                }
            }
        }
    }

    #[test]
    fn growth_of_any_counts_is_whole_or_refused(
        counts in prop::collection::vec(prop::option::of(any_cell()), 0..40),
        week in any::<bool>(),
    ) {
        let step = if week { Step::Week } else { Step::Day };
        let n = counts.len();
        let Ok(series) = CountSeries::new(jiff::civil::date(2020, 1, 6), step, counts) else { return Ok(()) };
        let config = GrowthConfig::recommended();
        for estimate in [estimate_growth_log_linear, estimate_growth_poisson, estimate_growth_negative_binomial] {
            if let Ok(growth) = estimate(&series, 0..n, &config) {
                prop_assert!(growth_is_whole(&growth), "{growth:?} {series:?}");
            }
        }
    }

    #[test]
    fn cases_that_double_every_day_double_in_a_day(first in 1_u32..50, days in 7_u32..14) {
        let counts = (0..days).map(|day| Some(first << day)).collect();
        let series = CountSeries::new(jiff::civil::date(2020, 1, 6), Step::Day, counts).expect("within the calendar");
        for estimate in [estimate_growth_log_linear, estimate_growth_poisson, estimate_growth_negative_binomial] {
            let growth = estimate(&series, 0..series.len(), &GrowthConfig::recommended()).expect("a plain rise");
            let rate = growth.rate_per_day.estimate;
            prop_assert!((rate - std::f64::consts::LN_2).abs() < 1e-6, "{rate}");
        }
    }

    #[test]
    fn the_interval_score_is_the_sum_of_its_parts_and_moves_with_the_unit(
        steps in prop::collection::vec(0.0..50.0_f64, 23),
        observed in -100.0..1500.0_f64,
        shift in -100.0..100.0_f64,
    ) {
        let mut at = 0.0;
        let values: Vec<f64> = steps.iter().map(|step| { at += step; at }).collect();
        let forecast = |move_by: f64| {
            QuantileForecast::new(HUB_LEVELS.to_vec(), values.iter().map(|v| v + move_by).collect()).expect("ascending")
        };
        let score = weighted_interval_score(&forecast(0.0), observed).expect("finite");
        prop_assert!((score.total - score.dispersion - score.overprediction - score.underprediction).abs() < 1e-9);
        prop_assert!(score.dispersion >= 0.0 && score.overprediction >= 0.0 && score.underprediction >= 0.0);
        let moved = weighted_interval_score(&forecast(shift), observed + shift).expect("finite");
        prop_assert!((moved.total - score.total).abs() < 1e-9);
        // Nothing observed beyond the outermost quantiles is closer than the quantile itself.
        let (low, high) = (values[0], values[22]);
        let edge = weighted_interval_score(&forecast(0.0), observed.clamp(low, high)).expect("finite");
        prop_assert!(score.total >= edge.total - 1e-9);
        prop_assert!(weighted_interval_score(&forecast(0.0), f64::NAN).is_err());
    }

    #[test]
    fn sample_scores_are_finite_whatever_the_order_or_refuse(
        mut samples in prop::collection::vec(any_number(), 0..30),
        observed in any_number(),
    ) {
        let usable = !samples.is_empty() && samples.iter().all(|x| x.is_finite()) && observed.is_finite();
        let score = score_samples(&samples, observed);
        prop_assert_eq!(score.is_ok(), usable);
        let Ok(score) = score else { return Ok(()) };
        prop_assert!(score.crps >= -1e-6 && score.crps.is_finite() && (0.0..=1.0).contains(&score.pit));
        let joint = energy_score(&[samples.clone()], &[observed]).expect("the same numbers");
        prop_assert!((joint - score.crps).abs() <= 1e-9 * (1.0 + score.crps.abs() + observed.abs()) + 1e-6);
        samples.reverse();
        let reversed = score_samples(&samples, observed).expect("the same numbers");
        prop_assert!((reversed.crps - score.crps).abs() <= 1e-6 && reversed.pit == score.pit);
        // Of two equal components the variogram of the truth is that of every draw.
        let twins = variogram_score(&[samples.clone(), samples.clone()], &[observed, observed], 0.5);
        prop_assert_eq!(twins.expect("finite"), 0.0);
    }

    #[test]
    fn parametric_scores_are_finite_or_refused(a in any_number(), b in any_number(), observed in any_number()) {
        let families = [
            Predictive::Poisson { mean: a },
            Predictive::NegativeBinomial { mean: a, size: b },
            Predictive::Normal { mean: a, sd: b },
            Predictive::Gamma { shape: a, rate: b },
            Predictive::LogNormal { log_mean: a, log_sd: b },
        ];
        for family in families {
            if let Ok(crps) = family.crps(observed) {
                prop_assert!(crps >= 0.0 && !crps.is_nan(), "{family:?} {observed}: {crps}");
                prop_assert!([a, observed].iter().all(|x| x.is_finite()));
            }
            if let Ok(Some(score)) = family.log_score(observed) {
                prop_assert!(score.is_finite(), "{family:?} {observed}: {score}");
            }
        }
    }

    #[test]
    fn clusters_of_any_counts_are_ordered_and_share_no_place(
        cases in prop::collection::vec(any_cell(), 9),
        population in prop::collection::vec(1.0..1e6_f64, 9),
        wrong in any_number(),
    ) {
        let points: Vec<[f64; 2]> = (0..9_u32).map(|i| [f64::from(i % 3), f64::from(i / 3) * 1.1]).collect();
        let places = Places::planar(&points).expect("finite");
        let zones = Zones::by_population(&places, &population, 0.5).expect("positive");
        let config = ScanConfig { replicates: 19, ..ScanConfig::recommended(1) };
        match scan_space(&zones, &cases, &population, SpaceModel::Poisson, &config) {
            Err(error) => prop_assert!(cases.iter().map(|&n| u64::from(n)).sum::<u64>() >= 1 << 31, "{error}"),
            Ok(scan) => {
                prop_assert!(scan.clusters.windows(2).all(|pair| pair[0].score >= pair[1].score));
                let mut seen = std::collections::BTreeSet::new();
                for cluster in &scan.clusters {
                    prop_assert!(cluster.score > 0.0 && cluster.score.is_finite() && cluster.expected.is_finite());
                    prop_assert!(cluster.places.iter().all(|place| seen.insert(*place)), "{scan:?}");
                    let inside: u32 = cluster.places.iter().map(|&place| cases[place]).sum();
                    prop_assert_eq!(inside, cluster.cases);
                    let p = cluster.significance.expect("replicates were asked for").p_monte_carlo;
                    prop_assert!((0.05 - 1e-12..=1.0).contains(&p));
                }
            }
        }
        let mut bad = population.clone();
        bad[4] = wrong;
        if !wrong.is_finite() || wrong < 0.0 {
            prop_assert!(scan_space(&zones, &cases, &bad, SpaceModel::Poisson, &config).is_err());
        }
        let short = scan_space(&zones, &cases[1..], &population, SpaceModel::Poisson, &config);
        let mismatch = matches!(short, Err(Error::LengthMismatch { .. }));
        prop_assert!(mismatch, "{:?}", short);
    }

    #[test]
    fn space_time_clusters_are_counts_of_their_window(cases in prop::collection::vec(prop::collection::vec(0_u32..30, 6), 1..6)) {
        let points: Vec<[f64; 2]> = (0..6_u32).map(|i| [f64::from(i % 3), f64::from(i / 3) * 1.1]).collect();
        let zones = Zones::by_neighbours(&Places::planar(&points).expect("finite"), 3).expect("places");
        let population = vec![vec![100.0, 200.0, 50.0, 400.0, 10.0, 70.0]; cases.len()];
        let config = ScanConfig { replicates: 0, ..ScanConfig::recommended(1) };
        for model in [SpaceTimeModel::Population, SpaceTimeModel::Expectation, SpaceTimeModel::Permutation] {
            let expected = match model {
                SpaceTimeModel::Permutation => expected_from_margins(&cases),
                _ => expected_from_population_per_step(&cases, &population),
            };
            let Ok(expected) = expected else { continue };
            for windows in [Windows::Prospective { steps_max: cases.len() }, Windows::Retrospective { steps_max: cases.len() }] {
                let scan = scan_space_time(&zones, &cases, &expected, model, windows, &config).expect("whole tables");
                for cluster in &scan.clusters {
                    let inside: u32 = (cluster.first_step..=cluster.last_step)
                        .flat_map(|step| cluster.places.iter().map(|&place| cases[step][place]).collect::<Vec<_>>())
                        .sum();
                    prop_assert_eq!(inside, cluster.cases);
                    prop_assert!(cluster.score > 0.0 && cluster.score.is_finite());
                    // As many as expected may pass for more by the last digit.
                    prop_assert!(f64::from(cluster.cases) > cluster.expected * (1.0 - 1e-12), "{:?}", cluster);
                    let newest = matches!(windows, Windows::Retrospective { .. }) || cluster.last_step + 1 == cases.len();
                    prop_assert!(newest);
                }
            }
        }
    }
}
