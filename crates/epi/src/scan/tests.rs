use super::engine::{Engine, LANES, Score};
use super::*;

fn grid(side: i32) -> Places {
    let points: Vec<[f64; 2]> =
        (0..side).flat_map(|x| (0..side).map(move |y| [f64::from(x), f64::from(y) * 1.01])).collect();
    Places::planar(&points).unwrap()
}

fn config(replicates: usize) -> ScanConfig {
    ScanConfig { replicates, ..ScanConfig::recommended(42) }
}

#[test]
fn the_lanes_find_the_same_maxima_as_scoring_every_zone() {
    let places = grid(6);
    let expected: Vec<f64> = (0..36).map(|i| 2.0 + f64::from(i % 5)).collect();
    let zones = Zones::by_population(&places, &expected, 0.5).unwrap();
    let mut cells = vec![[0_i32; LANES]; 36];
    for (i, row) in cells.iter_mut().enumerate() {
        for (lane, n) in row.iter_mut().enumerate() {
            *n = i32::try_from((i * 7 + lane * 13 + i * lane) % 9).unwrap();
        }
    }
    for model in [Model::Poisson, Model::ExpectationPoisson, Model::Binomial] {
        let scale = if model == Model::Binomial { 50.0 } else { 1.0 };
        let expected: Vec<f64> = expected.iter().map(|e| e * scale).collect();
        let cases = f64::from(cells.iter().map(|row| row[0]).sum::<i32>());
        let score = Score { model, cases, expected: expected.iter().sum() };
        let engine = Engine::new(&zones, score, 1, &expected);
        for level in [0.01, 1.0, 4.0, 1e6] {
            let fast = engine.maxima(&cells, level, &engine.thresholds::<i32>(level));
            let short: Vec<[i16; LANES]> =
                cells.iter().map(|row| row.map(|n| i16::try_from(n).unwrap())).collect();
            assert_eq!(fast, engine.maxima(&short, level, &engine.thresholds::<i16>(level)));
            for (lane, fast) in fast.iter().enumerate() {
                let mut slow = 0.0_f64;
                engine.each(|cell| cells[cell][lane], |hit| slow = slow.max(hit.score));
                assert_eq!(*fast, slow, "{model:?} level {level} lane {lane}");
            }
        }
    }
}

#[test]
fn chance_is_called_significant_as_often_as_stated() {
    // 200 maps without a cluster; the p value must be uniform: 20 +- 4.2 below 0.1.
    use rand::SeedableRng;
    let places = grid(5);
    let population = [100.0; 25];
    let zones = Zones::by_population(&places, &population, 0.5).unwrap();
    let uniform = simulate::Multinomial::new(&population, 150);
    let mut low = 0;
    for map in 0..200 {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1000 + map);
        let mut cases = [0_u32; 25];
        uniform.draw(150, &mut rng, |cell, n| cases[cell] += n);
        let scan = scan_space(
            &zones,
            &cases,
            &population,
            SpaceModel::Poisson,
            &ScanConfig { seed: map, ..config(99) },
        )
        .unwrap();
        let p = scan.clusters[0].significance.unwrap().p_monte_carlo;
        low += u32::from(p <= 0.1);
    }
    assert!((8..=33).contains(&low), "{low} of 200");
}

#[test]
fn the_same_seed_gives_the_same_p_value_and_early_stopping_agrees_with_its_prefix() {
    let places = grid(5);
    let population = [10.0; 25];
    let zones = Zones::by_population(&places, &population, 0.4).unwrap();
    let cases: Vec<u32> = (0..25).map(|i| if i == 12 { 9 } else { 4 }).collect();
    let run = |c: &ScanConfig| scan_space(&zones, &cases, &population, SpaceModel::Poisson, c).unwrap();
    let all = run(&config(999));
    assert_eq!(all, run(&config(999)));
    let early = run(&ScanConfig { stop_after_exceedances: Some(20), ..config(999) });
    let (all, early) = (all.clusters[0].significance.unwrap(), early.clusters[0].significance.unwrap());
    assert!(early.replicates < all.replicates);
    assert!((early.p_monte_carlo / all.p_monte_carlo - 1.0).abs() < 0.8);
    assert!((all.p_gumbel.unwrap() / all.p_monte_carlo - 1.0).abs() < 0.5);
}

#[test]
fn no_case_gives_no_cluster() {
    let zones = Zones::by_population(&grid(3), &[1.0; 9], 0.5).unwrap();
    let scan = scan_space(&zones, &[0; 9], &[1.0; 9], SpaceModel::Poisson, &config(99)).unwrap();
    assert!(scan.clusters.is_empty());
}

#[test]
fn a_prospective_cluster_is_found_with_its_duration() {
    let places = grid(4);
    let zones = Zones::by_neighbours(&places, 6).unwrap();
    let mut cases = vec![vec![3_u32; 16]; 8];
    for row in &mut cases[6..] {
        row[5] = 12;
        row[1] = 12;
    }
    for model in [SpaceTimeModel::Population, SpaceTimeModel::Expectation, SpaceTimeModel::Permutation] {
        let expected = match model {
            SpaceTimeModel::Expectation => vec![vec![3.0; 16]; 8],
            SpaceTimeModel::Population => expected_from_person_time(&cases, &vec![vec![1.0; 16]; 8]).unwrap(),
            SpaceTimeModel::Permutation => expected_from_margins(&cases).unwrap(),
        };
        for windows in [Windows::Prospective { steps_max: 4 }, Windows::Retrospective { steps_max: 4 }] {
            let scan = scan_space_time(&zones, &cases, &expected, model, windows, &config(99)).unwrap();
            let best = &scan.clusters[0];
            let mut found = best.places.clone();
            found.sort_unstable();
            assert_eq!((found, best.first_step, best.last_step), (vec![1, 5], 6, 7), "{model:?}");
            assert_eq!(best.significance.unwrap().p_monte_carlo, 0.01);
        }
    }
}

#[test]
fn bad_input_is_an_error() {
    let zones = Zones::by_population(&grid(2), &[1.0; 4], 0.5).unwrap();
    let run = |cases: &[u32], expected: &[f64]| {
        scan_space(&zones, cases, expected, SpaceModel::Poisson, &config(9)).is_err()
    };
    assert!(run(&[1; 3], &[1.0; 4]));
    assert!(run(&[1; 4], &[1.0, f64::NAN, 1.0, 1.0]));
    assert!(run(&[1; 4], &[1.0, 0.0, 1.0, 1.0]));
    assert!(run(&[0; 4], &[0.0; 4]));
    assert!(run(&[1_000_000_000; 4], &[1.0; 4]));
    assert!(scan_space(&zones, &[2; 4], &[1.0; 4], SpaceModel::Binomial, &config(9)).is_err());
}
