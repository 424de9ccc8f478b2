//! Chains on three published lists: measles in Hagelloch 1861, MERS in South Korea 2015, COVID-19 in Tianjin 2020.

use jiff::civil::Date;
use std::collections::BTreeMap;
use std::path::Path;
use wanquan_epi::chains::{
    CaseOnset, Contact, InferConfig, TransmissionTree, fit_cluster_sizes, fit_offspring, infer_infectors,
};
use wanquan_epi::delay::{
    DelayDistribution, DelayFamily, DelayFitConfig, DelayObservation, fit_delay_families,
};

struct List {
    onsets: Vec<Option<Date>>,
    infectors: Vec<Option<usize>>,
    households: Vec<String>,
    classes: Vec<String>,
}

/// A line list of the packs, in this repository's own format.
fn list(file: &str) -> List {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(file);
    let mut reader = csv::Reader::from_path(&path).expect("the pack is beside the crates");
    let header = reader.headers().expect("a header").clone();
    let at = |name: &str| header.iter().position(|h| h == name);
    let (id, onset, infector) = (at("case_id"), at("onset_date"), at("infector_id"));
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("rows");
    let index: BTreeMap<String, usize> =
        rows.iter().enumerate().map(|(i, row)| (row[id.expect("an identifier")].to_owned(), i)).collect();
    let text = |row: &csv::StringRecord, column: Option<usize>| column.map_or("", |c| &row[c]).to_owned();
    List {
        onsets: rows.iter().map(|row| text(row, onset).parse().ok()).collect(),
        infectors: rows.iter().map(|row| index.get(&text(row, infector)).copied()).collect(),
        households: rows.iter().map(|row| text(row, at("household"))).collect(),
        classes: rows.iter().map(|row| text(row, at("cluster"))).collect(),
    }
}

#[test]
fn the_three_lists_are_trees_of_known_size() {
    for (file, cases, linked, largest) in [
        ("measles/archive/hagelloch_1861.csv", 188, 184, 173),
        ("mers/archive/korea_2015.csv", 162, 93, 92),
        ("covid-19/archive/tianjin_2020.csv", 135, 38, 6),
    ] {
        let list = list(file);
        let tree = TransmissionTree::new(list.infectors).expect("a tree");
        let clusters = tree.clusters();
        println!("{file}: clusters {:?}", clusters.iter().map(|c| c.cases.len()).take(8).collect::<Vec<_>>());
        assert_eq!(tree.len(), cases, "{file}");
        assert_eq!(tree.offspring().iter().sum::<u32>(), linked, "{file}");
        assert_eq!(clusters.iter().map(|c| c.cases.len()).sum::<usize>(), cases, "{file}");
        assert_eq!(clusters[0].cases.len(), largest, "{file}");
    }
}

#[test]
fn few_cases_caused_most_of_mers_and_measles_was_uneven_too() {
    let fit = |file: &str| {
        let tree = TransmissionTree::new(list(file).infectors).expect("a tree");
        let fit = fit_offspring(&tree.offspring(), 0.95).expect("offspring");
        println!("{file}: {fit:?}");
        fit
    };
    let mers = fit("mers/archive/korea_2015.csv");
    assert!(mers.k_upper.is_some_and(|k| k < 0.1) && mers.share_causing_80_percent < 0.05);
    let measles = fit("measles/archive/hagelloch_1861.csv");
    assert!((measles.r - 184.0 / 188.0).abs() < 1e-9);
    assert!(measles.k_lower > 0.15 && measles.k_upper.is_some_and(|k| k < 1.0));
    let tianjin = fit("covid-19/archive/tianjin_2020.csv");
    assert!((tianjin.r - 38.0 / 135.0).abs() < 1e-9);
}

#[test]
fn cluster_sizes_of_tianjin_agree_with_its_offspring() {
    let tree = TransmissionTree::new(list("covid-19/archive/tianjin_2020.csv").infectors).expect("a tree");
    let sizes: Vec<(u32, u32)> =
        tree.clusters().iter().map(|c| (u32::try_from(c.cases.len()).expect("small"), 1)).collect();
    let by_size = fit_cluster_sizes(&sizes, 0.95).expect("clusters");
    let by_offspring = fit_offspring(&tree.offspring(), 0.95).expect("offspring");
    // The same cases, so the same mean; sizes alone say less about k.
    assert!((by_size.r - by_offspring.r).abs() < 1e-9, "{by_size:?} {by_offspring:?}");
    assert!(by_size.k_lower < by_offspring.k.expect("uneven"));
}

#[test]
fn serial_intervals_of_the_pairs_are_estimated() {
    for file in [
        "measles/archive/hagelloch_1861.csv",
        "mers/archive/korea_2015.csv",
        "covid-19/archive/tianjin_2020.csv",
    ] {
        let list = list(file);
        let pairs: Vec<DelayObservation> = (0..list.onsets.len())
            .filter_map(|i| Some((list.onsets[list.infectors[i]?]?, list.onsets[i]?)))
            .map(|(from, to)| DelayObservation::between_days((from, from), (to, to)).expect("days"))
            .collect();
        let fits =
            fit_delay_families(&pairs, &DelayFamily::ALL, &DelayFitConfig::recommended()).expect("a fit");
        println!("{file}: {} pairs, {:?}", pairs.len(), fits[0]);
        // Two days of unknown hour each: the mean of the differences is unbiased, and known to half a day here.
        let days = |pair: &DelayObservation| {
            let [e0, _, s0, _] = <[f64; 4]>::from(*pair);
            s0 - e0
        };
        let mean = pairs.iter().map(days).sum::<f64>() / pairs.len() as f64;
        assert!((fits[0].mean_days.estimate - mean).abs() < 0.5, "{mean} {:?}", fits[0]);
    }
}

#[test]
fn households_and_classes_help_to_find_the_infectors_of_hagelloch() {
    let list = list("measles/archive/hagelloch_1861.csv");
    let n = list.onsets.len();
    let cases: Vec<CaseOnset> =
        list.onsets.iter().map(|&onset| CaseOnset { onset, imported: false }).collect();
    let mut contacts = Vec::new();
    for from in 0..n {
        for to in (0..n).filter(|to| *to != from) {
            let same = |of: &[String]| !of[from].is_empty() && of[from] == of[to];
            if same(&list.households) {
                contacts.push(Contact { from, to, weight: 1.0 });
            } else if same(&list.classes) && list.classes[from] != "preschool" {
                contacts.push(Contact { from, to, weight: 0.3 });
            }
        }
    }
    let w = DelayDistribution::from_mean_sd(DelayFamily::Gamma, 11.0, 3.0)
        .and_then(|d| d.discretise(40))
        .expect("admissible");
    let score = |contacts: &[Contact], config: &InferConfig| {
        let inferred = infer_infectors(&cases, contacts, &w, config).expect("admissible");
        let prob = |i: usize, j: usize| {
            inferred[i].candidates.iter().find(|c| c.infector == j).map_or(0.0, |c| c.prob)
        };
        let known: Vec<f64> = (0..n).filter_map(|i| list.infectors[i].map(|j| prob(i, j))).collect();
        known.iter().sum::<f64>() / known.len() as f64
    };
    let everybody = InferConfig { candidates_max: n, ..InferConfig::recommended() };
    let with = score(&contacts, &InferConfig { no_contact_weight: 0.03, ..everybody });
    let without = score(&[], &InferConfig { no_contact_weight: 1.0, ..everybody });
    println!(
        "probability of the presumed infector: {with:.3} with households and classes, {without:.3} without"
    );
    assert!(with > 2.0 * without, "{with} {without}");
}
