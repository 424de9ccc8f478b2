//! Speed of scans with 999 replicates: on the published data of New Mexico and Pennsylvania that the golden cases hold, and on
//! made-up data of the target sizes. `cargo bench -p wanquan-epi --bench scan`

use divan::{Bencher, black_box};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use wanquan_epi::scan::{
    Places, ScanConfig, SpaceModel, SpaceTimeModel, Windows, Zones, expected_from_person_time,
    expected_from_population_per_step, scan_space, scan_space_time,
};

fn main() {
    divan::main();
}

/// Input of a golden case.
fn golden(file: &str, id: &str) -> Value {
    let golden: Value = serde_json::from_str(file).expect("the golden file is JSON");
    let cases = golden["cases"].as_array().expect("a list of cases");
    cases.iter().find(|case| case["id"] == id).expect("the case is there")["input"].clone()
}

fn from<T: serde::de::DeserializeOwned>(input: &Value, key: &str) -> T {
    serde_json::from_value(input[key].clone()).expect("the input has the form of the golden cases")
}

fn golden_places(input: &Value, x: &str, y: &str) -> Places {
    let (x, y): (Vec<f64>, Vec<f64>) = (from(input, x), from(input, y));
    let points: Vec<[f64; 2]> = x.into_iter().zip(y).map(|(x, y)| [x, y]).collect();
    Places::planar(&points).expect("finite")
}

/// Brain tumours in New Mexico, 1986 to 1991: 32 counties, 399 zones of up to 15 counties. Target: 20 ms.
#[divan::bench(args = ["population", "expectation", "permutation"])]
fn space_time_scan_new_mexico_399_zones_6_years(bencher: Bencher<'_, '_>, model: &str) {
    let file = include_str!("../tests/golden/scan_space_time/scan_space_time.json");
    let input = golden(file, "sst_perm_8691");
    let zones =
        Zones::by_neighbours(&golden_places(&input, "longitude", "latitude"), 15).expect("admissible");
    let cases: Vec<Vec<u32>> = from(&input, "counts");
    let expected = expected_from_population_per_step(&cases, &from::<Vec<Vec<f64>>>(&input, "population"))
        .expect("admissible");
    let model = match model {
        "population" => SpaceTimeModel::Population,
        "expectation" => SpaceTimeModel::Expectation,
        _ => SpaceTimeModel::Permutation,
    };
    let config = ScanConfig::recommended(1);
    let windows = Windows::Prospective { steps_max: 6 };
    bencher.bench(|| scan_space_time(&zones, black_box(&cases), &expected, model, windows, &config));
}

/// Lung cancer in Pennsylvania, 2002: 67 counties, 2,585 zones up to half of the population. Target: 100 ms.
#[divan::bench(args = ["poisson", "binomial"])]
fn spatial_scan_pennsylvania_2585_zones(bencher: Bencher<'_, '_>, model: &str) {
    let file = include_str!("../tests/golden/kulldorff_spatial/kulldorff_spatial.json");
    let input = golden(file, "ks_penn_pois");
    let population: Vec<f64> = from(&input, "population");
    let zones = Zones::by_population(&golden_places(&input, "x", "y"), &population, 0.5).expect("admissible");
    let cases: Vec<u32> = from(&input, "cases");
    let expected: Vec<f64> = from(&input, "expected");
    let (model, base) = if model == "poisson" {
        (SpaceModel::Poisson, &expected)
    } else {
        (SpaceModel::Binomial, &population)
    };
    let config = ScanConfig::recommended(1);
    bencher.bench(|| scan_space(&zones, black_box(&cases), base, model, &config));
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts")]
fn count(mean: f64, rng: &mut ChaCha8Rng) -> u32 {
    (mean * (0.6 + 0.8 * rng.random::<f64>())) as u32
}

fn places(n: usize) -> (Places, Vec<f64>, ChaCha8Rng) {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let points: Vec<[f64; 2]> = (0..n).map(|_| [rng.random::<f64>(), rng.random::<f64>()]).collect();
    let population = (0..n).map(|_| 500.0 + 4500.0 * rng.random::<f64>()).collect();
    (Places::planar(&points).expect("finite"), population, rng)
}

/// 281 tracts, zones up to half of the population, 999 replicates. Target: 100 ms.
#[divan::bench]
fn spatial_scan_281_tracts_999_replicates(bencher: Bencher<'_, '_>) {
    let (places, population, mut rng) = places(281);
    let cases: Vec<u32> = population.iter().map(|p| count(p / 1500.0, &mut rng)).collect();
    let zones = Zones::by_population(&places, &population, 0.5).expect("admissible");
    let config = ScanConfig::recommended(1);
    bencher.bench(|| scan_space(&zones, black_box(&cases), &population, SpaceModel::Poisson, &config));
}

/// 32 counties, 399 zones, 6 years, 999 replicates. Target: 20 ms.
#[divan::bench]
fn space_time_scan_399_zones_6_years_999_replicates(bencher: Bencher<'_, '_>) {
    let (places, population, mut rng) = places(32);
    let zones = Zones::by_neighbours(&places, 15).expect("admissible");
    let cases: Vec<Vec<u32>> =
        (0..6).map(|_| population.iter().map(|p| count(p / 100.0, &mut rng)).collect()).collect();
    let persons = vec![population; 6];
    let expected = expected_from_person_time(&cases, &persons).expect("admissible");
    let config = ScanConfig::recommended(1);
    let windows = Windows::Prospective { steps_max: 6 };
    bencher.bench(|| {
        scan_space_time(&zones, black_box(&cases), &expected, SpaceTimeModel::Population, windows, &config)
    });
}
