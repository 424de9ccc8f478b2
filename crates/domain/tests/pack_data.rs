//! The figures that the built-in packs carry agree with what their sources publish.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml_edit::DocumentMut;
use wanquan_domain::pack::{Files, Packs};
use wanquan_domain::region::Level;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs")
}

fn read_folder(at: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(at).expect("the folder is there") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            read_folder(&path, files);
        } else {
            let name =
                path.strip_prefix(folder()).expect("below the root").to_string_lossy().replace('\\', "/");
            files.insert(name, Arc::from(std::fs::read(&path).expect("readable")));
        }
    }
}

fn files() -> Files {
    let mut files = Files::new();
    read_folder(&folder(), &mut files);
    files
}

fn packs() -> Packs {
    Packs::load(&files())
        .unwrap_or_else(|issues| panic!("{} problems, the first: {}", issues.len(), issues[0]))
}

type Rows = Vec<BTreeMap<String, String>>;

fn rows(path: &Path) -> Rows {
    let mut reader =
        csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.deserialize().map(|row| row.expect("a row of the header's width")).collect()
}

fn listed(at: &str, ending: &str) -> Vec<PathBuf> {
    let found: Vec<PathBuf> = files()
        .keys()
        .filter(|name| name.contains(&format!("/{at}/")) && name.ends_with(ending))
        .map(|name| folder().join(name))
        .collect();
    assert!(!found.is_empty(), "no {ending} in {at}");
    found
}

fn document(path: &Path) -> DocumentMut {
    std::fs::read_to_string(path).expect("readable").parse().expect("TOML")
}

/// Sum of confirmed cases to a day, over the regions that `keep` names.
fn confirmed_to(history: &Rows, day: &str, keep: impl Fn(&str) -> bool) -> i64 {
    history
        .iter()
        .filter(|row| row["indicator"] == "confirmed" && row["date"].as_str() <= day && keep(&row["region"]))
        .map(|row| row["count"].parse::<i64>().expect("a whole number"))
        .sum()
}

#[test]
fn the_region_tree_has_every_county_of_china_and_every_village_of_changzhi() {
    let packs = packs();
    let count = |level: Level, prefix: &str| {
        packs.regions.iter().filter(|r| r.level == level && r.code.as_str().starts_with(prefix)).count()
    };
    assert_eq!(
        [Level::Nation, Level::Province, Level::Prefecture, Level::County].map(|level| count(level, "")),
        [1, 34, 342, 2_975]
    );
    assert_eq!(count(Level::Township, "14"), 1_352);
    assert_eq!(
        [Level::County, Level::Township, Level::Community].map(|l| count(l, "1404")),
        [12, 149, 2_628]
    );
}

#[test]
fn census_figures_add_up_to_the_published_totals() {
    let census: BTreeMap<String, u64> = rows(&folder().join("changzhi/population.csv"))
        .into_iter()
        .filter(|row| row["year_date"] == "2020-11-01")
        .map(|row| (row["code"].clone(), row["population"].parse().expect("a whole number")))
        .collect();
    let counted_by_themselves = ["710000", "810000", "820000"];
    let of = |keep: &dyn Fn(&str) -> bool| -> u64 {
        census.iter().filter(|(code, _)| keep(code)).map(|(_, n)| n).sum()
    };
    let provinces =
        of(&|code| code.ends_with("0000") && code != "100000" && !counted_by_themselves.contains(&code));
    assert_eq!(provinces, 1_409_778_724);
    assert_eq!(
        of(&|code| code.starts_with("14") && code.ends_with("00") && code != "140000"),
        census["140000"]
    );
    assert!(of(&|code| code.starts_with("1404") && code != "140400") < census["140400"]);
}

#[test]
fn shanxi_and_changzhi_reach_the_published_counts() {
    let mut history = Rows::new();
    for path in listed("history", ".csv") {
        history.extend(rows(&path));
    }
    let cities = |region: &str| region.starts_with("14") && region != "140000";
    assert_eq!(confirmed_to(&history, "2020-03-15", cities), 133);
    assert_eq!(confirmed_to(&history, "2020-03-15", |region| region.starts_with("14")), 133);
    let changzhi = |day| confirmed_to(&history, day, |region| region == "140400");
    assert_eq!(["2020-01-23", "2020-01-24", "2020-02-11", "2020-02-12"].map(changzhi), [0, 1, 7, 8]);
    assert_eq!(confirmed_to(&history, "2020-02-12", |_| true), 58_835);
}

#[test]
fn history_names_known_regions_and_no_figure_twice() {
    let packs = packs();
    let mut seen = BTreeSet::new();
    for path in listed("history", ".csv") {
        for row in rows(&path) {
            assert!(packs.regions.get_by_text(&row["region"]).is_some(), "region {}", row["region"]);
            assert!(row["known_on"] >= row["date"], "{row:?} was known before it happened");
            assert!(["confirmed", "cured", "dead"].contains(&row["indicator"].as_str()), "{row:?}");
            assert!(
                seen.insert((row["region"].clone(), row["date"].clone(), row["indicator"].clone())),
                "{row:?} stands twice"
            );
        }
    }
    for path in listed("history", ".toml") {
        let described = document(&path);
        assert!(packs.disease(described["disease"].as_str().expect("a disease")).is_some());
        assert!(packs.register(described["register"].as_str().expect("a register")).is_some());
        assert!(path.with_extension("csv").exists(), "{} describes nothing", path.display());
    }
}

#[test]
fn archived_events_hold_the_cases_and_deaths_that_they_announce() {
    let packs = packs();
    for path in listed("archive", ".toml") {
        let event = document(&path);
        assert!(packs.disease(event["disease"].as_str().expect("a disease")).is_some(), "{}", path.display());
        for file in event["file"].as_array_of_tables().expect("files").iter() {
            let list = rows(&path.with_file_name(file["path"].as_str().expect("a path")));
            assert_eq!(i64::try_from(list.len()).ok(), file["rows"].as_integer(), "{}", path.display());
            if file.contains_key("role") {
                continue;
            }
            let cases: BTreeSet<&String> = list.iter().map(|row| &row["case_id"]).collect();
            assert_eq!(i64::try_from(cases.len()).ok(), event["cases"].as_integer(), "{}", path.display());
            let died = list.iter().filter(|row| row["outcome"] == "died").count();
            assert_eq!(i64::try_from(died).ok(), event["deaths"].as_integer(), "{}", path.display());
            for row in &list {
                if let Some(infector) = row.get("infector_id").filter(|id| !id.is_empty()) {
                    assert!(cases.contains(infector), "{infector} infects and is not a case");
                }
                if let Some(region) = row.get("region") {
                    assert!(packs.regions.get_by_text(region).is_some(), "region {region}");
                }
            }
        }
    }
}

/// Twice the signed area of a ring, positive if it runs counter-clockwise.
fn doubled_area(points: &[(i64, i64)]) -> i64 {
    let next = points.iter().cycle().skip(1);
    points.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum()
}

#[test]
fn outlines_belong_to_regions_and_enclose_an_area_within_china() {
    let packs = packs();
    let mut shapes = 0;
    for path in listed("boundaries", ".json") {
        let file: Value = serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
        let scale = file["scale"].as_i64().expect("a scale");
        for (code, shape) in file["shapes"].as_object().expect("shapes") {
            shapes += 1;
            assert!(packs.regions.get_by_text(code).is_some(), "region {code}");
            let mut area = 0;
            for ring in shape["rings"].as_array().expect("rings") {
                let steps: Vec<i64> =
                    ring.as_array().expect("a ring").iter().filter_map(Value::as_i64).collect();
                assert!(
                    steps.len() >= 6 && steps.len().is_multiple_of(2),
                    "{code}: a ring needs three points"
                );
                let mut at = (0, 0);
                let points: Vec<(i64, i64)> = steps
                    .chunks(2)
                    .map(|step| {
                        at = (at.0 + step[0], at.1 + step[1]);
                        at
                    })
                    .collect();
                for (x, y) in &points {
                    assert!(
                        (73 * scale..136 * scale).contains(x) && (3 * scale..54 * scale).contains(y),
                        "{code}"
                    );
                }
                area += doubled_area(&points);
            }
            assert!(area > 0, "{code} encloses nothing");
        }
    }
    assert_eq!(shapes, 396);
}

#[test]
fn the_counties_of_changzhi_stand_on_tiles_of_their_own() {
    let tiles = rows(&folder().join("changzhi/tiles.csv"));
    let places: BTreeSet<(&String, &String)> = tiles.iter().map(|row| (&row["col"], &row["row"])).collect();
    assert_eq!((tiles.len(), places.len()), (12, 12));
}

#[test]
fn each_disease_names_sources_and_known_detectors() {
    for disease in packs().diseases {
        assert!(disease.parameter("incubation_period").is_some(), "{}", disease.id);
        for parameter in &disease.parameters {
            assert!(parameter.source.contains("doi:"), "{} {}: no publication", disease.id, parameter.name);
        }
        assert!(!disease.detectors.is_empty(), "{}", disease.id);
        for detector in &disease.detectors {
            assert!(
                wanquan_epi::detect::DetectorSpec::recommended(&detector.method).is_some(),
                "{}: unknown method {}",
                disease.id,
                detector.method
            );
        }
    }
}
