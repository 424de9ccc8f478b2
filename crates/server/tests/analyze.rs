//! `wanquan analyze` as a person runs it.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test")]

mod executable;

use executable::{answer, wanquan};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Output;

fn run(args: &[&str]) -> Output {
    answer(wanquan().arg("analyze").args(args), "")
}

fn file(name: &str, content: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

fn ok(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Forty days in two places: level, then a jump in the first.
fn counts(first: &str, second: &str) -> String {
    let mut csv = "date,place,cases\n".to_owned();
    for day in 0..40 {
        let date = jiff::civil::date(2020, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
        let jump = if day >= 35 { 30 } else { 0 };
        csv.push_str(&format!(
            "{date},\"{first}\",{}\n{date},\"{second}\",{}\n",
            3 + day % 3 + jump,
            2 + day % 2
        ));
    }
    csv
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&ok(args)).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_json_keeps_its_documented_keys() {
    let (_folder, path) = file("counts.csv", &counts("A", "B"));
    let answer = json(&[&path, "--disease", "measles", "--format", "json"]);
    assert_eq!(answer["schema"], "wanquan.analyze-report");
    assert_eq!(answer["schema_version"], 1);
    let schema: Value =
        serde_json::from_str(include_str!("../../../docs/schema/analyze-report-1.json")).unwrap();
    let report = &answer["reports"][0];
    let parts = [
        (report, "report"),
        (&report["file"], "file"),
        (&report["period"], "period"),
        (&report["totals"], "totals"),
        (&report["total"], "total"),
        (&report["total"]["curve"][0], "curve_step"),
        (&report["total"]["recent"], "recent"),
        (&report["places"][0], "place"),
        (&report["signals"][0], "signal"),
        (&report["methods"][0], "method"),
    ];
    for (part, name) in parts {
        let mut found = keys(part);
        found.sort_unstable();
        let mut documented = keys(&schema["$defs"][name]["properties"]);
        documented.sort_unstable();
        assert_eq!(found, documented, "{name}");
    }
}

#[test]
fn a_jump_is_a_signal_of_its_place() {
    let (_folder, path) = file("counts.csv", &counts("A", "B"));
    let answer = json(&[&path, "--format", "json"]);
    let report = &answer["reports"][0];
    let signals = report["signals"].as_array().unwrap();
    assert!(signals.iter().any(|s| s["place_name"] == "A" && s["first"] == "2020-02-05"), "{signals:?}");
    assert!(!signals.iter().any(|s| s["place_name"] == "B"), "{signals:?}");
    assert_eq!(report["totals"]["cases"], 3 * 40 + 39 + 150 + 2 * 40 + 20);
    assert_eq!(report["total"]["recent"]["rt_note"], "no_serial_interval");
}

#[test]
fn a_serial_interval_makes_a_reproduction_number() {
    let (_folder, path) = file("counts.csv", &counts("A", "B"));
    let answer = json(&[&path, "--serial-interval", "4.7,2.9", "--format", "json"]);
    let recent = &answer["reports"][0]["total"]["recent"];
    let (mean, lower) = (recent["rt"]["mean"].as_f64().unwrap(), recent["rt"]["lower"].as_f64().unwrap());
    assert!(mean > lower && lower > 1.0, "{recent}");
}

#[test]
fn the_last_day_cuts_the_table() {
    let (_folder, path) = file("counts.csv", &counts("A", "B"));
    let answer = json(&[&path, "--as-of", "2020-01-20", "--format", "json"]);
    let report = &answer["reports"][0];
    assert_eq!(report["period"]["last"], "2020-01-20");
    assert_eq!(report["total"]["curve"].as_array().unwrap().len(), 20);
    assert!(report["quality"].as_array().unwrap().iter().any(|issue| issue["code"] == "Q202"));
}

#[test]
fn the_page_is_whole_and_holds_no_markup_of_the_file() {
    let (_folder, path) = file("<b>x.csv", &counts("<script>alert(1)</script>", "' onload='x"));
    for lang in ["en", "zh"] {
        let page = ok(&[&path, "--format", "html", "--lang", lang]);
        assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
        assert!(!page.contains("<script") && !page.contains("<b>x") && !page.contains("' onload='"));
        assert!(page.contains("&lt;script&gt;") && page.contains("class='bar alarm'"));
        assert!(!page.contains("NaN") && !page.contains("src=") && !page.contains("href="));
    }
}

#[test]
fn the_terminal_report_fits_and_has_no_colours_in_a_pipe() {
    let (_folder, path) = file("counts.csv", &counts("\u{1b}[31mred", "B"));
    let report = ok(&[&path]);
    assert!(!report.contains('\u{1b}'));
    assert!(report.lines().all(|line| line.chars().count() <= 96), "{report}");
    assert!(report.contains("Signals") && report.contains("No Rt"));
}

#[test]
fn wrong_words_are_told_with_what_would_be_right() {
    let (_folder, path) = file("counts.csv", &counts("A", "B"));
    let check = |args: &[&str], expected: &str| {
        let output = run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(expected), "{args:?}: {said}");
    };
    check(&[&path, "--disease", "dragonpox"], "measles");
    check(&[&path, "--date", "when"], "place, cases");
    check(&[&path, "--serial-interval", "4"], "4.7,2.9");
    check(&["no-such-file.csv"], "no-such-file.csv");
    check(&[&path, "--as-of", "2019-01-01"], "2020-01-01");
}

#[test]
fn each_file_has_its_own_report() {
    let (_one, first) = file("one.csv", &counts("A", "B"));
    let (_two, second) =
        file("two.csv", "onset_date,report_date\n2020-01-01,2020-01-04\n2020-01-03,2020-01-05\n");
    let answer = json(&[&first, &second, "--format", "json"]);
    let names: Vec<&Value> =
        answer["reports"].as_array().unwrap().iter().map(|r| &r["file"]["name"]).collect();
    assert_eq!(names, ["one.csv", "two.csv"]);
}

#[test]
fn a_table_may_come_from_standard_input() {
    let (_folder, path) = file("counts.csv", &counts("A", "B"));
    let named = ok(&[&path]);
    let piped = answer(wanquan().args(["analyze", "-"]), counts("A", "B"));
    assert!(piped.status.success(), "{}", String::from_utf8_lossy(&piped.stderr));
    let piped = String::from_utf8(piped.stdout).unwrap();
    assert!(piped.starts_with("standard input\n"), "{piped}");
    assert_eq!(piped.lines().skip(1).collect::<Vec<_>>(), named.lines().skip(1).collect::<Vec<_>>());
}
