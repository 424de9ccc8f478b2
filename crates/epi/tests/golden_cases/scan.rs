//! Spatial and space-time scans. Scores 1e-9 (sums of logarithms); p values within four standard errors of the two
//! Monte Carlo runs.

use crate::golden_support::{Check, Outcome, Tolerance};
use serde_json::Value;
use wanquan_epi::scan::{
    Cluster, Places, Scan, ScanConfig, SpaceModel, SpaceTimeModel, Windows, Zones,
    expected_from_population_per_step, scan_space, scan_space_time,
};

const SUMS: Tolerance = Tolerance::Relative(1e-9);
/// The reference's binomial score is a difference of numbers near 10^5: in 40-digit arithmetic it is off by up to
/// 1.02e-9, ours by 1e-11.
const BINOMIAL: Tolerance = Tolerance::Relative(2e-9);

fn text(e: wanquan_epi::Error) -> String {
    e.to_string()
}

fn json<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|e| e.to_string())
}

fn one_based(places: &[usize]) -> Vec<usize> {
    places.iter().map(|p| p + 1).collect()
}

fn sorted(mut places: Vec<usize>) -> Vec<usize> {
    places.sort_unstable();
    places
}

fn p_value(check: &mut Check<'_>, what: &str, cluster: &Cluster, want: f64) {
    let got = cluster.significance.map_or(f64::NAN, |s| s.p_monte_carlo);
    let sd = (2.0 * want.max(0.002) * (1.0 - want) / 999.0).sqrt();
    check.number(what, Some(got), Some(want), Tolerance::Absolute(4.0 * sd));
}

pub fn spatial(check: &mut Check<'_>) -> Outcome {
    // The files that the inputs were derived from.
    check.input.irrelevant(&["strata_csv", "geo_csv"]);
    let points: Vec<[f64; 2]> = check
        .input
        .all_numbers("x")?
        .into_iter()
        .zip(check.input.all_numbers("y")?)
        .map(|(x, y)| [x, y])
        .collect();
    let population = check.input.all_numbers("population")?;
    let cases: Vec<u32> = json(check.input.value("cases"))?;
    let (model, expected) = match check.params.text("model")? {
        "binomial" => (SpaceModel::Binomial, population.clone()),
        "poisson" => (SpaceModel::Poisson, check.input.all_numbers("expected")?),
        other => return Err(format!("model {other} is unknown here")),
    };
    check.input.irrelevant(&["expected"]);
    let llr = if model == SpaceModel::Binomial { BINOMIAL } else { SUMS };
    let places = Places::planar(&points).map_err(text)?;
    let zones =
        Zones::by_population(&places, &population, check.params.f64("pop_upper_bound")?).map_err(text)?;
    let top: Vec<Value> = json(check.output.value("top_zones"))?;
    let config = ScanConfig {
        replicates: check.params.usize("n_simulations")?,
        ranked_max: top.len(),
        ..ScanConfig::recommended(20260101)
    };
    let scan = scan_space(&zones, &cases, &expected, model, &config).map_err(text)?;
    check.output_numbers("n_zones", &[Some(scan.zones as f64)], SUMS)?;
    let best = scan.clusters.first().ok_or("no cluster")?;
    let want: Vec<usize> = json(check.output.value("mlc_locations"))?;
    if one_based(&best.places) != want {
        return Err(format!("most likely cluster {:?}, want {want:?}", one_based(&best.places)));
    }
    let persons = best.places.iter().map(|&i| population[i]).sum::<f64>();
    for (key, got) in [
        ("mlc_population", persons),
        ("mlc_cases", f64::from(best.cases)),
        ("mlc_expected", best.expected),
        ("mlc_smr", best.relative_risk_inside),
        ("mlc_llr", best.score),
    ] {
        check.output_numbers(key, &[Some(got)], llr)?;
    }
    let want = check.output.f64("mlc_p_monte_carlo")?;
    p_value(check, "mlc_p", best, want);
    // The reference lists secondary clusters with p below 0.05.
    let secondary: Vec<Value> = json(check.output.value("secondary"))?;
    let significant: Vec<&Cluster> = scan.clusters[1..]
        .iter()
        .filter(|c| c.significance.is_some_and(|s| s.p_monte_carlo < 0.05))
        .collect();
    if significant.len() != secondary.len() {
        return Err(format!("{} secondary clusters, want {}", significant.len(), secondary.len()));
    }
    for (got, want) in significant.iter().zip(&secondary) {
        if one_based(&got.places) != json::<Vec<usize>>(&want["locations"])? {
            return Err(format!("secondary cluster {:?}, want {want}", one_based(&got.places)));
        }
        check.number("secondary llr", Some(got.score), want["llr"].as_f64(), llr);
        p_value(check, "secondary p", got, want["p_monte_carlo"].as_f64().unwrap_or(f64::NAN));
    }
    for (got, want) in scan.ranked.iter().zip(&top) {
        check.number("top llr", Some(got.score), want["llr"].as_f64(), llr);
        // Zones of equal score come in any order, so the zone is looked up.
        let center = want["center"].as_u64();
        let end = want["end"].as_u64();
        let same = |c: &Cluster| {
            let ends = one_based(&[c.places[0], c.places[c.places.len() - 1]]);
            Some(ends[0] as u64) == center && Some(ends[1] as u64) == end
        };
        // A tie may push the zone off the end of the list.
        let tied_at_end = scan.ranked.last().is_some_and(|last| (last.score - got.score).abs() < 1e-9);
        if !scan.ranked.iter().any(same) && !tied_at_end {
            check.fail(format!("zone {want} is not among the best"));
        }
    }
    Ok(())
}

pub fn space_time(check: &mut Check<'_>) -> Outcome {
    check.input.irrelevant(&["csv", "geo_csv", "locations"]);
    check.params.irrelevant(&["years"]);
    let points: Vec<[f64; 2]> = check
        .input
        .all_numbers("longitude")?
        .into_iter()
        .zip(check.input.all_numbers("latitude")?)
        .map(|(x, y)| [x, y])
        .collect();
    let cases: Vec<Vec<u32>> = json(check.input.value("counts"))?;
    let population: Vec<Vec<f64>> = json(check.input.value("population"))?;
    let model = match check.params.text("type")? {
        "pb_poisson" => SpaceTimeModel::Population,
        "eb_poisson" => SpaceTimeModel::Expectation,
        "permutation" => SpaceTimeModel::Permutation,
        other => return Err(format!("type {other} is unknown here")),
    };
    // The reference measures degrees as if they were a plane.
    let places = Places::planar(&points).map_err(text)?;
    let zones = Zones::by_neighbours(&places, check.params.usize("k_nearest")?).map_err(text)?;
    let expected = expected_from_population_per_step(&cases, &population).map_err(text)?;
    let top: Vec<Value> = json(check.output.value("top"))?;
    let config = ScanConfig { replicates: 99, ranked_max: top.len(), ..ScanConfig::recommended(1) };
    let windows = Windows::Prospective { steps_max: cases.len() };
    let scan: Scan = scan_space_time(&zones, &cases, &expected, model, windows, &config).map_err(text)?;
    check.output_numbers("n_zones", &[Some(scan.zones as f64)], SUMS)?;
    let best = scan.clusters.first().ok_or("no cluster")?;
    let want: Vec<usize> = match check.output.value("mlc_locations") {
        Value::Array(list) => json(&Value::Array(list.clone()))?,
        one => vec![json(one)?],
    };
    if sorted(one_based(&best.places)) != want {
        return Err(format!("most likely cluster {:?}, want {want:?}", best.places));
    }
    let duration = |c: &Cluster| (c.last_step + 1 - c.first_step) as f64;
    check.output_numbers("mlc_duration", &[Some(duration(best))], SUMS)?;
    check.output_numbers("mlc_score", &[Some(best.score)], SUMS)?;
    for (key, got) in
        [("relrisk_in", Some(best.relative_risk_inside)), ("relrisk_out", best.relative_risk_outside)]
    {
        // Not given by the reference for the expectation-based score.
        if let Some(want) = check.output.opt_f64(key) {
            check.number(key, got, Some(want), SUMS);
        }
    }
    for (got, want) in scan.ranked.iter().zip(&top) {
        check.number("top score", Some(got.score), want["score"].as_f64(), SUMS);
        let set: Vec<usize> = json(&want["locations"])?;
        let length = want["duration"].as_f64();
        let same = |c: &Cluster| sorted(one_based(&c.places)) == set && Some(duration(c)) == length;
        let tied_at_end = scan.ranked.last().is_some_and(|last| (last.score - got.score).abs() < 1e-9);
        if !scan.ranked.iter().any(same) && !tied_at_end {
            check.fail(format!("zone {want} is not among the best"));
        }
    }
    Ok(())
}
