//! Files that must agree with each other.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wanquan_domain::pack::{Files, Packs};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn stems(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn the_committed_contract_is_that_of_the_handlers() {
    let committed = std::fs::read_to_string(repository().join("crates/server/openapi.json")).unwrap();
    let fresh = wanquan_server::api::openapi::contract();
    assert!(committed == fresh, "run `make openapi` and commit crates/server/openapi.json and the client");
}

#[test]
fn migrations_come_in_pairs() {
    let folder = repository().join("crates/store/migrations");
    assert_eq!(stems(&folder.join("sqlite")), stems(&folder.join("postgres")));
}

#[test]
fn every_detector_has_its_page() {
    let pages = stems(&repository().join("docs/methods"));
    let missing: Vec<_> =
        wanquan_epi::detect::DetectorSpec::IDS.iter().filter(|id| !pages.contains(**id)).collect();
    assert!(missing.is_empty(), "docs/methods lacks {missing:?}");
}

#[test]
fn the_packs_of_the_guide_hold() {
    let page = std::fs::read_to_string(repository().join("docs/guide/packs.md")).unwrap();
    let mut files = Files::new();
    read_into(&mut files, &repository().join("packs"), "");
    let before = files.len();
    for block in page.split("```toml\n# packs/").skip(1) {
        let (path, rest) = block.split_once('\n').unwrap();
        let text = rest.split_once("```").unwrap().0;
        files.insert(path.to_owned(), Arc::from(text.as_bytes()));
    }
    assert!(files.len() >= before + 2);
    let packs = Packs::load(&files).unwrap_or_else(|issues| panic!("{issues:#?}"));
    assert!(packs.register("market_check").is_some());
}

fn read_into(files: &mut Files, folder: &Path, prefix: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            read_into(files, &path, &format!("{name}/"));
        } else {
            files.insert(name, Arc::from(std::fs::read(&path).unwrap()));
        }
    }
}
