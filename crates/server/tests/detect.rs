//! `wanquan detect` as a person or a script runs it.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test")]

mod executable;

use executable::{answer, wanquan};
use jiff::civil::{Date, date};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Output;

fn run(args: &[&str], stdin: &[u8]) -> Output {
    answer(wanquan().arg("detect").args(args), stdin)
}

fn ok(args: &[&str], stdin: &str) -> String {
    let output = run(args, stdin.as_bytes());
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(args: &[&str], stdin: &str, expected: &str) {
    let output = run(args, stdin.as_bytes());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains(expected), "{args:?}: {said}");
}

const WEEKS: i64 = 330;

fn monday(week: i64) -> Date {
    date(2012, 1, 2).checked_add(jiff::Span::new().weeks(week)).unwrap()
}

/// Level with a wobble; an outbreak in the third and second but last week of `north`.
fn count(series: &str, week: i64) -> i64 {
    let usual = if series == "north" { 20 } else { 7 } + week * 5 % 7;
    let outbreak = series == "north" && (WEEKS - 3..WEEKS - 1).contains(&week);
    usual + if outbreak { 40 } else { 0 }
}

fn long() -> String {
    let mut csv = "series,date,cases\n".to_owned();
    for series in ["north", "south"] {
        for week in 0..WEEKS {
            writeln!(csv, "{series},{},{}", monday(week), count(series, week)).unwrap();
        }
    }
    csv
}

fn wide() -> String {
    let mut csv = "date,north,south\n".to_owned();
    for week in 0..WEEKS {
        writeln!(csv, "{},{},{}", monday(week), count("north", week), count("south", week)).unwrap();
    }
    csv
}

fn wide_dates() -> String {
    let mut csv = "place".to_owned();
    for week in 0..WEEKS {
        write!(csv, ",{}", monday(week)).unwrap();
    }
    for series in ["north", "south"] {
        write!(csv, "\n{series}").unwrap();
        for week in 0..WEEKS {
            write!(csv, ",{}", count(series, week)).unwrap();
        }
    }
    csv + "\n"
}

#[test]
fn long_wide_and_gzipped_panels_give_the_same_answer() {
    let args = ["-", "--method", "farrington-flexible", "--steps", "52"];
    let answer = ok(&args, &long());
    let mut lines = answer.lines();
    assert_eq!(lines.next(), Some("series,date,observed,expected,upper,score,p,alarm"));
    assert_eq!(lines.clone().count(), 2 * 52);
    let alarms: Vec<_> = lines.filter(|line| line.ends_with(",true")).collect();
    assert_eq!(alarms.len(), 2, "{alarms:?}");
    assert!(alarms[0].starts_with(&format!("north,{},", monday(WEEKS - 3))), "{alarms:?}");
    assert_eq!(ok(&args, &wide()), answer);
    assert_eq!(ok(&args, &wide_dates()), answer);
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    zip.write_all(long().as_bytes()).unwrap();
    let output = run(&args, &zip.finish().unwrap());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), answer);
}

#[test]
fn every_method_runs_and_finds_the_outbreak() {
    let panel = long();
    let first = format!("north,{},", monday(WEEKS - 3));
    for method in [
        "regression-scan",
        "ears-c1",
        "ears-c2",
        "ears-c3",
        "farrington-flexible",
        "farrington",
        "rki-1",
        "rki-2",
        "rki-3",
        "bayes-1",
        "bayes-2",
        "bayes-3",
        "cusum",
        "glr-poisson",
        "glr-negative-binomial",
    ] {
        let answer = ok(&["-", "--method", method, "--steps", "10"], &panel);
        let line = answer.lines().find(|line| line.starts_with(&first)).unwrap();
        assert!(line.ends_with(",true"), "{method}: {line}");
    }
    assert_eq!(ok(&["-", "--method", "outbreak_p", "--steps", "10"], &panel).lines().count(), 21);
}

#[test]
fn months_are_judged_by_every_method_without_a_word_about_parameters() {
    let mut csv = "date,cases\n".to_owned();
    for month in 0..144_i64 {
        let day = date(2010, 1, 1).checked_add(jiff::Span::new().months(month)).unwrap();
        writeln!(csv, "{day},{}", 20 + month * 5 % 7 + if month == 142 { 60 } else { 0 }).unwrap();
    }
    for method in ["regression-scan", "farrington-flexible", "farrington", "cusum", "glr-poisson"] {
        let answer = ok(&["-", "--method", method, "--steps", "12"], &csv);
        let line = answer.lines().find(|line| line.contains("2021-11-01")).unwrap();
        assert!(line.ends_with(",true"), "{method}: {line}");
    }
}

#[test]
fn standard_error_says_why_nothing_was_evaluated() {
    let said = |csv: &str, args: &[&str]| {
        let output = run(&[&["-"], args].concat(), csv.as_bytes());
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let zeros: String = (0..WEEKS).map(|week| format!("{},0\n", monday(week))).collect();
    let few = said(&format!("date,cases\n{zeros}"), &["--method", "farrington-flexible", "--steps", "3"]);
    assert!(few.contains("asks for 5 cases in the newest steps"), "{few}");
    let short = said("date,cases\n2024-01-01,3\n2024-01-08,3\n", &["--method", "ears-c1"]);
    assert!(short.contains("asks for 7 steps of history"), "{short}");
    let off = said(&long().replacen("2012-01-09", "2012-01-10", 1), &["--method", "ears-c1"]);
    assert!(off.contains("--step week"), "{off}");
}

#[test]
fn a_tiny_p_value_is_written_with_an_exponent() {
    let csv =
        long().replace(&format!("north,{},", monday(WEEKS - 1)), &format!("north,{},1", monday(WEEKS - 1)));
    let answer = ok(&["-", "--method", "farrington-flexible", "--steps", "1"], &csv);
    let p = answer.lines().nth(1).unwrap().split(',').nth(6).unwrap().to_owned();
    assert!(p.contains('e') && p.parse::<f64>().unwrap() < 1e-5 && p.len() < 30, "{p}");
}

#[test]
fn json_names_the_parameters_and_says_why_there_is_no_verdict() {
    let mut csv = "date,cases\n2024-01-01,3\n2024-01-02,\n2024-01-04,5\n".to_owned();
    for day in 5..20 {
        writeln!(csv, "2024-01-{day:02},{}", 3 + day % 3).unwrap();
    }
    let args =
        ["-", "--method", "ears-c1", "--param", "baseline_steps=9", "--alpha", "0.01", "--format", "json"];
    let answer: Value = serde_json::from_str(&ok(&args, &csv)).unwrap();
    assert_eq!(answer["schema"], "wanquan.detections");
    assert_eq!(answer["parameters"]["baseline_steps"], 9);
    assert_eq!(answer["parameters"]["alpha_prob"], 0.01);
    let steps = answer["series"][0]["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 19, "days without a row are steps");
    assert_eq!(steps[0]["not_evaluated"]["reason"], "history_too_short");
    assert_eq!(steps[1]["not_evaluated"]["reason"], "not_reported");
    assert!(steps[2]["observed"].is_null() && steps[18]["p"].is_number());
}

#[test]
fn a_cell_that_cannot_be_read_is_named() {
    let bad = |cell: &str| format!("series,date,cases\na,2024-01-01,3\nb,2024-01-01,{cell}\n");
    refused(&["-"], &bad("x7"), "row 3, column `cases`: `x7` is no whole number");
    refused(&["-"], &bad("-2"), "row 3, column `cases`: `-2` is negative");
    refused(&["-"], &bad("2.5"), "row 3, column `cases`: `2.5` is no whole number");
    refused(&["-"], &bad("NaNo"), "row 3, column `cases`");
    refused(&["-"], &bad("99999999999"), "is larger than 4294967295");
    refused(&["-"], "series,date,cases\na,2024-13-01,3\n", "row 2, column `date`: `2024-13-01` is no date");
    refused(&["-"], "series,date,cases\na,2024-01-01,3\na,2024-01-01,4\n", "stands in row 2 already");
    refused(&["-"], "series,date,cases\na,2024-01-01,3,9\n", "row 2 has 4 cells, the header has 3");
    refused(&["-"], "what,when\na,b\n", "no column of dates is known; say --date (columns: what, when)");
    let weeks = "date,cases\n2024-01-01,3\n2024-01-08,3\n2024-01-16,3\n";
    refused(&["-", "--step", "week"], weeks, "`2024-01-16` is no whole number of weeks after 2024-01-01");
    refused(&["-", "--count", "dead"], weeks, "no column `dead`; it has: date, cases");
    refused(&["-"], "", "empty");
}

#[test]
fn parameters_are_checked_and_named() {
    let panel = wide();
    refused(&["-", "--method", "ears-c9"], &panel, "regression_scan");
    refused(&["-", "--param", "harmonic=3"], &panel, "no parameter `harmonic`; there are: ");
    refused(&["-", "--param", "harmonics=nine"], &panel, "parameters of regression_scan");
    refused(&["-", "--param", "harmonics=9"], &panel, "parameter harmonics = 9 is not admissible");
    refused(&["-", "--alpha", "1.5"], &panel, "alpha_prob");
    refused(&["-", "--method", "cusum", "--alpha", "0.01"], &panel, "cusum has no --alpha");
    refused(&["-", "--half-window", "3"], &panel, "regression_scan has no --half-window");
    refused(&["-", "--completeness", "1.5"], &panel, "parameter completeness = 1.5 is not admissible");
    refused(&["-", "--from", "2030-01-01"], &panel, "no step begins on or after 2030-01-01");
    refused(&["-", "--population", "south"], &panel, "only farrington-flexible");
    let answer = ok(&["-", "--method", "rki", "--param", "windows.years_back=3", "--steps", "1"], &panel);
    assert_eq!(answer.lines().count(), 3);
    let short = ["-", "--format", "json", "--steps", "1", "--alpha", "0.02", "--years-back", "4"];
    let by_default = ["--holidays", "2012-05-01,2013-05-01", "--completeness", "0.5,0.9", "--cases-min", "3"];
    let answer: Value = serde_json::from_str(&ok(&[&short[..], &by_default].concat(), &panel)).unwrap();
    let given = &answer["parameters"];
    assert_eq!((&given["alpha_prob"], &given["history_years"]), (&0.02.into(), &4.into()));
    assert_eq!(given["holidays"], serde_json::json!(["2012-05-01", "2013-05-01"]));
    assert_eq!((&given["completeness"][1], &given["cases_min"]), (&0.9.into(), &3.into()));
    let by_rki = ["--method", "rki", "--half-window", "5"];
    let short = ["-", "--format", "json", "--steps", "1", "--years-back", "4"];
    let answer: Value = serde_json::from_str(&ok(&[&short[..], &by_rki].concat(), &panel)).unwrap();
    assert_eq!(answer["parameters"]["windows"]["half_window_steps"], 5);
    let page = ok(&["--explain", "regression-scan"], "");
    assert!(page.contains("Regression scan") && page.contains("\"alpha_prob\": 0.01"), "{page}");
}

#[test]
fn a_population_enters_farrington_flexible() {
    let mut csv = "date,cases,persons\n".to_owned();
    for week in 0..WEEKS {
        // Twice the persons, twice the cases from the last half year on: the rate is as before.
        let factor = if week >= WEEKS - 20 { 2 } else { 1 };
        writeln!(csv, "{},{},{}", monday(week), factor * (20 + week * 5 % 7), 1000 * factor).unwrap();
    }
    let args = ["-", "--method", "farrington-flexible", "--steps", "10", "--count", "cases"];
    assert!(ok(&args, &csv).contains(",true"));
    let with = [&args[..], &["--population", "persons"]].concat();
    assert!(!ok(&with, &csv).contains(",true"));
    refused(&with, &csv.replace(",1000\n", ",0\n"), "column `persons`: `0` is no positive number");
}

#[test]
fn the_page_needs_nothing_else_and_trusts_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    let panel = long().replace("north", "<script>alert(1)</script>");
    let table = folder.path().join("out.csv");
    let args = ["-", "--steps", "30", "-o", table.to_str().unwrap(), "--plot", page.to_str().unwrap()];
    assert_eq!(ok(&args, &panel), "");
    assert_eq!(std::fs::read_to_string(table).unwrap().lines().count(), 61);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "names are escaped");
    assert!(!page.contains("http") || !page.contains("src="), "no request");
    assert!(page.contains("class='bar alarm'") && page.contains("class='upper'"));
}

#[test]
fn a_series_that_is_too_short_is_said_to_be() {
    let output = run(&["-", "--method", "farrington-flexible"], b"date,cases\n2024-01-01,3\n2024-01-08,4\n");
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("no step could be evaluated in 1 series") && said.contains("steps of history"),
        "{said}"
    );
}
