//! Golden tests: every case found equals an established implementation or published numbers.
//!
//! Reads `$WANQUAN_GOLDEN_DIR` (files `<name>.json`, also in folders below it) and
//! `$WANQUAN_GOLDEN_DATA` (the CSV files they name); without them the copies beside this file. Runs
//! every case; a case whose method, parameter, input or output field is unknown here fails, and so does a file
//! without cases: nothing is skipped in silence. Prints per method how many cases ran and the largest relative error.
//! An argument restricts the run to methods whose name contains it:
//! `cargo test -p wanquan-epi --test golden -- ears`.
//!
//! To add a method: a file in `golden_cases/`, a line in `golden_cases/mod.rs`, its JSON and README
//! in `golden/<method>/` and the figures it reads in `golden/data/`.

mod golden_cases;
mod golden_support;

use golden_support::{Check, GoldenFile, Report};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let filter = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    let dir = folder("WANQUAN_GOLDEN_DIR", "tests/golden");
    let data = folder("WANQUAN_GOLDEN_DATA", "tests/golden/data");
    let mut out = std::io::stdout().lock();
    let mut failures: Vec<String> = Vec::new();
    let files = json_files(&dir);
    if files.is_empty() {
        failures.push(format!("no golden file below {}", dir.display()));
    }
    for path in files {
        let file = match GoldenFile::read(&path) {
            Ok(file) => file,
            Err(why) => {
                failures.push(format!("{}: {why}", path.display()));
                continue;
            }
        };
        if filter.as_ref().is_some_and(|f| !file.method.contains(f.as_str())) {
            continue;
        }
        let Some(run) = golden_cases::runner(&file.method) else {
            failures.push(format!("{}: method {} is unknown here", path.display(), file.method));
            continue;
        };
        let mut report = Report::default();
        if file.cases.is_empty() {
            report.failures.push(format!("{} holds no case", path.display()));
        }
        let mut ids = BTreeSet::new();
        for case in file.cases.iter().filter(|case| !ids.insert(case.id.as_str())) {
            report.failures.push(format!("{}: a second case of this id", case.id));
        }
        for case in &file.cases {
            let mut check = Check::new(case, &data);
            let result = run(&mut check);
            check.finish(result, &mut report);
        }
        writeln!(
            out,
            "golden {:24} {:3} cases {:6} values  largest relative error {:8.1e}  {}",
            file.method,
            report.cases,
            report.values,
            report.largest,
            if report.failures.is_empty() { "ok" } else { "FAILED" }
        )
        .expect("stdout is open");
        failures.extend(report.failures.into_iter().map(|f| format!("{}: {f}", file.method)));
    }
    for failure in &failures {
        writeln!(out, "golden failure: {failure}").expect("stdout is open");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn folder(variable: &str, default: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(given) if !given.is_empty() => PathBuf::from(given),
        _ => Path::new(env!("CARGO_MANIFEST_DIR")).join(default),
    }
}

/// JSON files of the folder and of all below it, in order of name.
fn json_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
