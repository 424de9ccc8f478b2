//! Files that must agree with each other.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wanquan_domain::issue::IssueCode;
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
fn every_problem_code_and_finding_is_documented() {
    let page = std::fs::read_to_string(repository().join("docs/problems.md")).unwrap();
    let mut missing: Vec<String> = IssueCode::ALL
        .iter()
        .filter(|code| !page.contains(&format!("| `{}` | {} |", code.as_str(), code.text().en)))
        .map(|code| code.as_str().to_owned())
        .collect();
    let used = problem_codes();
    missing.extend(
        used.iter().filter(|code| !page.contains(&format!("<a id=\"{code}\"></a>`{code}`"))).cloned(),
    );
    assert!(missing.is_empty(), "docs/problems.md lacks {missing:?}");

    let documented = page.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let gone: Vec<_> = documented.filter(|code| !used.contains(*code)).collect();
    assert!(gone.is_empty(), "docs/problems.md names codes that nothing gives: {gone:?}");
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

/// Codes as they stand in the sources: the first text after a status, or the field `code` of a refusal.
fn problem_codes() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let mut open = vec![repository().join("crates/app/src"), repository().join("crates/server/src/api")];
    open.extend(["router.rs", "upload.rs"].map(|file| repository().join("crates/server/src").join(file)));
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let source: String = source.split_whitespace().collect::<Vec<_>>().join(" ");
        for mark in ["Refused { code: ", "refuse(", "Rejection => "] {
            codes.extend(source.split(mark).skip(1).filter_map(quoted));
        }
        for rest in source.split("StatusCode::").skip(1) {
            let after_status = rest.trim_start_matches(|c: char| c.is_ascii_uppercase() || c == '_');
            codes.extend(after_status.strip_prefix(", ").and_then(quoted));
        }
    }
    codes
}

/// The text in quotes with which `source` begins, if it looks like a code.
fn quoted(source: &str) -> Option<String> {
    let (code, _) = source.strip_prefix('"')?.split_once('"')?;
    let fits = !code.is_empty() && code.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    fits.then(|| code.to_owned())
}

/// Files below a folder, without what tools make.
fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    const MADE: [&str; 6] = ["target", "node_modules", "dist", ".git", "test-results", "playwright-report"];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if MADE.contains(&name.as_str()) || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn texts_below(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    files_below(&repository().join(folder), &mut files);
    files.retain(|path| path.to_string_lossy().ends_with(ending));
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_detector_has_values_of_an_independent_implementation() {
    let folders = stems(&repository().join("crates/epi/tests/golden"));
    let plain = |name: &str| name.replace('_', "");
    // One folder may serve variants of a method (`ears`), and a method have several folders.
    let has_folder = |id: &str| {
        folders.iter().any(|f| plain(id).starts_with(&plain(f)) || plain(f).starts_with(&plain(id)))
    };
    // Our own: nobody else has it. Simulated truth judges it, in `crates/epi/tests/detection_recovery.rs`.
    const OWN: [&str; 1] = ["regression_scan"];
    let ids = wanquan_epi::detect::DetectorSpec::IDS;
    let missing: Vec<_> = ids.iter().filter(|id| !OWN.contains(*id) && !has_folder(id)).collect();
    assert!(missing.is_empty(), "crates/epi/tests/golden lacks {missing:?}; there are {folders:?}");
}

#[test]
fn every_text_of_the_console_is_there_in_every_language() {
    let messages = texts_below("web/src/shared/i18n/messages", ".ts");
    assert!(messages.len() > 3);
    for (path, text) in messages {
        let mut keys = 0;
        for entry in text.split("\n  \"").skip(1) {
            let Some((key, rest)) = entry.split_once("\": {") else { continue };
            let body = rest.split_once("\n  \"").map_or(rest, |(body, _)| body);
            for language in ["en:", "zh:"] {
                let said = body.split_once(language).map(|(_, said)| said.trim_start());
                let empty = |said: &str| said.starts_with("\"\"");
                assert!(said.is_some_and(|said| !empty(said)), "{}: {key} lacks {language}", path.display());
            }
            keys += 1;
        }
        assert!(keys > 0, "{} holds no texts", path.display());
    }
}

#[test]
fn no_path_of_a_machine_stands_in_the_repository() {
    // Put together here, so that this file does not name them either.
    let homes =
        [concat!("/ho", "me/"), concat!("/Use", "rs/"), concat!("/ro", "ot/"), concat!("C:\\Use", "rs")];
    let trees = [concat!("/work", "/wt/"), concat!("/work", "/main"), concat!("/work", "/shared")];
    let mut files = Vec::new();
    files_below(&repository(), &mut files);
    let text = |path: &PathBuf| std::fs::read_to_string(path).ok();
    let named: Vec<String> = files
        .iter()
        .filter_map(|path| Some((path, text(path)?)))
        .flat_map(|(path, text)| {
            let found = homes.iter().chain(&trees).filter(|place| text.contains(**place));
            found.map(|place| format!("{}: {place}", path.display())).collect::<Vec<_>>()
        })
        .collect();
    assert!(named.is_empty(), "{named:#?}");
}
