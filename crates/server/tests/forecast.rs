//! `wanquan forecast` and `wanquan score` as a person runs them, on small tables made here.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test")]

mod executable;

use executable::{answer, wanquan};
use jiff::civil::{Date, date};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Output;

/// Runs the executable with a table on standard input.
fn run(args: &[&str], stdin: impl AsRef<[u8]>) -> Output {
    answer(wanquan().args(args), stdin)
}

fn ok(args: &[&str], stdin: &str) -> String {
    let output = run(args, stdin);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(args: &[&str], stdin: &str, expected: &str) {
    let output = run(args, stdin);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains(expected), "{args:?}: {said}");
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        let path: PathBuf = self.0.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, content: &str) -> String {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }
}

const PLACES: [(&str, f64); 4] = [("01", 1.0), ("02", 0.3), ("06", 8.0), ("US", 9.3)];

fn saturday(week: i64) -> Date {
    date(2021, 10, 2).checked_add(jiff::Span::new().weeks(week)).unwrap()
}

/// A season a year with its peak at New Year, different in height from year to year and place to place.
fn count(place: f64, week: i64) -> u32 {
    let height = [400.0, 700.0, 500.0][usize::try_from(week / 52).unwrap()];
    let from_peak = (week % 52 - 14) as f64 / 5.0;
    let wiggle = 1.0 + 0.1 * ((week * 7 % 11) as f64 / 11.0 - 0.5);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
    let count = (place * (5.0 + height * (-0.5 * from_peak * from_peak).exp()) * wiggle).round() as u32;
    count
}

/// Publications every week from week 80 to 120; the first report of a week lacks a tenth.
fn revisions() -> String {
    let mut csv = "as_of,location,date,value\n".to_owned();
    for (name, size) in PLACES {
        for week in 60..=80 {
            writeln!(csv, "{},{name},{},{}", saturday(80), saturday(week), count(size, week)).unwrap();
        }
        for week in 81..=120 {
            let n = count(size, week);
            writeln!(csv, "{},{name},{},{}", saturday(week), saturday(week), n - n / 10).unwrap();
            writeln!(csv, "{},{name},{},{n}", saturday(week + 1), saturday(week)).unwrap();
        }
    }
    csv
}

fn finals() -> String {
    let mut csv = "date,location,value,weekly_rate\n".to_owned();
    for (name, size) in PLACES {
        for week in 0..=125 {
            let n = count(size, week);
            let rate = f64::from(n) / (size * 1e6) * 1e5;
            writeln!(csv, "{},{name},{n},{rate:.4}", saturday(week)).unwrap();
        }
    }
    csv
}

/// `(reference_date, horizon, target_end_date, location)` to quantiles.
fn parse(csv: &str) -> BTreeMap<[String; 4], Vec<(f64, f64)>> {
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("model,reference_date,horizon,target_end_date,location,quantile,value"));
    let mut cells: BTreeMap<[String; 4], Vec<(f64, f64)>> = BTreeMap::new();
    for line in lines {
        let parts: Vec<&str> = line.split(',').collect();
        let [_, reference, horizon, target, location, level, value] = parts[..] else { panic!("{line}") };
        let key = [reference, horizon, target, location].map(str::to_owned);
        cells.entry(key).or_default().push((level.parse().unwrap(), value.parse().unwrap()));
    }
    for (key, quantiles) in &cells {
        assert_eq!(quantiles.len(), 23, "{key:?}");
        assert!(quantiles.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1), "{key:?}: {quantiles:?}");
        assert!(quantiles.iter().all(|(_, v)| *v >= 0.0 && v.is_finite()));
    }
    cells
}

fn hub(folder: &Folder, revisions: &str, finals: &str, more: &[&str]) -> String {
    let target = folder.file("revisions.csv", revisions);
    let older = folder.file("older.csv", finals);
    let dates = format!("{}..{}", saturday(110), saturday(114));
    let mut args = vec!["forecast", "--target", &target, "--target-final", &older];
    args.extend(["--reference-dates", &dates, "--step", "7", "--horizons", "0-3"]);
    args.extend(more);
    ok(&args, "")
}

#[test]
fn every_place_date_and_horizon_gets_its_quantiles_for_the_right_week() {
    let folder = Folder::new();
    let cells = parse(&hub(&folder, &revisions(), &finals(), &[]));
    assert_eq!(cells.len(), 4 * 5 * 4);
    for week in 110..=114 {
        for h in 0..4 {
            let key =
                [saturday(week).to_string(), h.to_string(), saturday(week + h).to_string(), "06".into()];
            assert!(cells.contains_key(&key), "{key:?}");
        }
    }
}

#[test]
fn what_is_published_after_the_reference_date_changes_nothing() {
    let folder = Folder::new();
    let before = hub(&folder, &revisions(), &finals(), &[]);
    let late = saturday(115).to_string();
    let tampered: String = revisions()
        .lines()
        .map(|line| match line.split_once(',') {
            Some((as_of, rest)) if as_of >= late.as_str() && as_of != "as_of" => format!("{as_of},{rest}0\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert_ne!(tampered, revisions());
    assert_eq!(hub(&folder, &tampered, &finals(), &[]), before);
}

#[test]
fn final_counts_count_only_before_the_first_publication_and_only_where_it_is_silent() {
    let folder = Folder::new();
    let before = hub(&folder, &revisions(), &finals(), &[]);
    let change = |from: i64, to: i64| -> String {
        let (from, to) = (saturday(from).to_string(), saturday(to).to_string());
        let tampered: String = finals()
            .lines()
            .map(|line| {
                let parts: Vec<&str> = line.split(',').collect();
                match parts[..] {
                    // The rate stays in proportion, so that the population stays.
                    [date, place, n, rate] if (from.as_str()..=to.as_str()).contains(&date) => {
                        let rate: f64 = rate.parse().unwrap();
                        format!("{date},{place},{n}0,{:.4}\n", rate * 10.0)
                    }
                    _ => format!("{line}\n"),
                }
            })
            .collect();
        assert_ne!(tampered, finals());
        tampered
    };
    let same = |csv: &str| {
        let cells = parse(csv);
        parse(&before).iter().all(|(key, quantiles)| {
            cells[key].iter().zip(quantiles).all(|(a, b)| (a.1 - b.1).abs() <= 0.01 * b.1.max(1.0))
        })
    };
    assert!(same(&hub(&folder, &revisions(), &change(60, 125), &[])));
    assert!(!same(&hub(&folder, &revisions(), &change(0, 59), &[])));
}

#[test]
fn a_first_report_that_lacks_a_tenth_is_forecast_to_be_completed() {
    let folder = Folder::new();
    let cells = parse(&hub(&folder, &revisions(), &finals(), &[]));
    let week = saturday(112).to_string();
    let truth = f64::from(count(8.0, 112));
    let median = cells[&[week.clone(), "0".into(), week, "06".into()]][11].1;
    assert!((median / truth - 1.0).abs() < 0.02, "{median} {truth}");
}

#[test]
fn publications_that_arrive_late_are_used_late() {
    let folder = Folder::new();
    let target = folder.file("r.csv", &revisions());
    let week = saturday(112).to_string();
    let args = |lag: &'static str| {
        let target = target.clone();
        let week = week.clone();
        move |horizons: &str| {
            let args = ["forecast", "--target", &target, "--reference-dates", &week, "--lag-days", lag];
            parse(&ok(&[&args[..], &["--horizons", horizons]].concat(), ""))
        }
    };
    let width = |cells: &BTreeMap<[String; 4], Vec<(f64, f64)>>| {
        let quantiles = cells.iter().find(|(key, _)| key[3] == "06").unwrap().1;
        quantiles[22].1 - quantiles[0].1
    };
    assert!(width(&args("7")("0")) > 2.0 * width(&args("0")("0")));
}

#[test]
fn scores_are_printed_written_and_relative() {
    let folder = Folder::new();
    let out = folder.path("out.csv.gz");
    hub(&folder, &revisions(), &finals(), &["-o", &out]);
    assert_eq!(std::fs::read(&out).unwrap()[..2], [0x1f, 0x8b]);
    let (truth, scores) = (folder.path("older.csv"), folder.path("scores.csv"));
    let args = ["score", "--forecast", &out, "--truth", &truth, "--relative-to", &out, "--by", "horizon"];
    let table = ok(&[&args[..], &["-o", &scores]].concat(), "");
    assert!(table.contains("relative_wis") && table.contains("1.0000 of 80"), "{table}");
    let csv = std::fs::read_to_string(&scores).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 1 + 1 + 4, "{csv}");
    for line in &lines[1..] {
        let parts: Vec<&str> = line.split(',').collect();
        let number = |i: usize| parts[i].parse::<f64>().unwrap();
        assert!((number(2) - number(3) - number(4) - number(5)).abs() < 1e-9, "{line}");
        let tenths: f64 = (9..19).map(number).sum();
        assert!((tenths - 1.0).abs() < 1e-9);
        assert_eq!(parts.last(), Some(&"1"));
    }
    let json: serde_json::Value =
        serde_json::from_str(&ok(&[&args[..], &["--format", "json"]].concat(), "")).unwrap();
    assert_eq!(json["all"]["forecasts"], 80);
    assert_eq!(json["groups"].as_array().unwrap().len(), 4);
    // Places and dates as groups hold the same forecasts.
    for (by, groups) in [("location", 4), ("reference_date", 5)] {
        let csv = ok(&["score", "--forecast", &out, "--truth", &truth, "--by", by, "--format", "csv"], "");
        assert_eq!(csv.lines().count(), 2 + groups);
    }
}

#[test]
fn forecasts_can_be_written_as_json_and_their_scores_drawn() {
    let folder = Folder::new();
    let csv = parse(&hub(&folder, &revisions(), &finals(), &[]));
    let answer = hub(&folder, &revisions(), &finals(), &["--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let told = json["answer"]["forecasts"].as_array().unwrap();
    assert_eq!((json["schema"].as_str(), told.len()), (Some("wanquan.forecast"), csv.len()));
    for one in told {
        let text = |key: &str| one[key].as_str().unwrap().to_owned();
        let key =
            [text("reference_date"), one["horizon"].to_string(), text("target_end_date"), text("location")];
        let numbers =
            |key: &str| one[key].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<_>>();
        let pairs: Vec<(f64, f64)> = numbers("quantiles").into_iter().zip(numbers("values")).collect();
        assert_eq!(pairs, csv[&key], "{key:?}");
    }
    let (out, page) = (folder.path("out.csv"), folder.path("scores.html"));
    hub(&folder, &revisions(), &finals(), &["-o", &out]);
    let truth = folder.path("older.csv");
    ok(&["score", "--forecast", &out, "--truth", &truth, "--by", "horizon", "--plot", &page], "");
    let page = std::fs::read_to_string(&page).unwrap();
    // Three parts for all and each of four horizons, and ten tenths.
    assert_eq!(page.matches("<rect ").count(), 3 * 5 + 10);
    assert!(page.contains("By horizon") && !page.contains("NaN") && !page.contains("<script"));
}

#[test]
fn a_hand_made_forecast_gets_its_hand_made_score() {
    let folder = Folder::new();
    let mut csv = "model,reference_date,horizon,target_end_date,location,quantile,value\n".to_owned();
    for (model, shift) in [("a", 0), ("b", 4)] {
        for (level, value) in [(0.25, 8), (0.5, 10), (0.75, 14)] {
            let value = value + shift;
            writeln!(csv, "{model},2024-01-06,1,2024-01-13,X,{level},{value}").unwrap();
        }
    }
    let forecasts = folder.file("f.csv", &csv);
    let truth = folder.file("t.csv", "date,location,value\n2024-01-13,X,16\n");
    let (a, b) = (format!("{forecasts}:a"), format!("{forecasts}:b"));
    let args = ["score", "--forecast", &a, "--truth", &truth, "--relative-to", &b, "--format", "json"];
    let json: serde_json::Value = serde_json::from_str(&ok(&args, "")).unwrap();
    let all = &json["all"];
    let near = |value: &serde_json::Value, want: f64| (value.as_f64().unwrap() - want).abs() < 1e-12;
    // Half of alpha times the width, distance above the upper limit, half the distance from the median.
    assert!(near(&all["wis"], (0.25 * 6.0 + 2.0 + 0.5 * 6.0) / 1.5), "{all}");
    assert!(near(&all["relative"]["other_wis"], (0.25 * 6.0 + 0.5 * 2.0) / 1.5), "{all}");
    assert!(near(&all["coverage_50"], 0.0) && all["coverage_95"].is_null());
    refused(&["score", "--forecast", &forecasts, "--truth", &truth], "", "several models");
    refused(&["score", "--forecast", &format!("{forecasts}:c"), "--truth", &truth], "", "a, b");
}

fn panel(long: bool) -> String {
    let mut csv = if long { "series,date,cases\n" } else { "date,North,South\n" }.to_owned();
    for week in 0..100 {
        let (day, north, south) = (saturday(week), count(0.2, week), count(0.1, week));
        if long {
            writeln!(csv, "North,{day},{north}\nSouth,{day},{south}").unwrap();
        } else {
            writeln!(csv, "{day},{north},{south}").unwrap();
        }
    }
    csv
}

#[test]
fn a_panel_is_read_long_or_wide_from_file_or_pipe() {
    let folder = Folder::new();
    let long = ok(&["forecast", "-"], &panel(true));
    let wide = ok(&["forecast", &folder.file("wide.csv", &panel(false))], "");
    assert_eq!(long, wide);
    let cells = parse(&long);
    let key = [saturday(99).to_string(), "4".into(), saturday(103).to_string(), "South".into()];
    assert!(cells.len() == 8 && cells.contains_key(&key));
}

#[test]
fn places_by_number_are_told_apart_without_publications() {
    let folder = Folder::new();
    let (truth, out) = (folder.file("final.csv", &finals()), folder.path("out.csv"));
    let dates = format!("{},{}", saturday(110), saturday(114));
    ok(&["forecast", &truth, "--reference-dates", &dates, "-o", &out], "");
    let places: std::collections::BTreeSet<String> =
        parse(&std::fs::read_to_string(&out).unwrap()).into_keys().map(|[_, _, _, place]| place).collect();
    assert_eq!(places.into_iter().collect::<Vec<_>>(), PLACES.map(|(name, _)| name));
    let scores = ok(&["score", "--forecast", &out, "--truth", &truth, "--format", "csv"], "");
    assert!(scores.lines().nth(1).unwrap().starts_with("all,32,"), "{scores}");
}

#[test]
fn a_count_that_never_changes_is_no_running_total() {
    let csv: String = (0..60).map(|week| format!("{},1000000000\n", saturday(week))).collect();
    let cells = parse(&ok(&["forecast", "-", "--horizons", "1"], &format!("date,cases\n{csv}")));
    let (_, median) = cells.values().next().unwrap()[11];
    assert!((0.9e9..1.1e9).contains(&median), "{median}");
}

#[test]
fn days_are_forecast_four_weeks_ahead() {
    let mut csv = "date,cases\n".to_owned();
    for day in 0..200 {
        let when = date(2023, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
        writeln!(csv, "{when},{}", if day % 7 < 2 { 40 } else { 100 }).unwrap();
    }
    let cells = parse(&ok(&["forecast", "-"], &csv));
    assert_eq!(cells.len(), 28);
    let twelve = parse(&ok(&["forecast", "-", "--horizons", "1,2,10-12"], &csv));
    assert_eq!(twelve.len(), 5);
}

#[test]
fn a_panel_can_be_forecast_as_of_its_past_and_scored_by_its_future() {
    let folder = Folder::new();
    let (panel, out) = (folder.file("panel.csv", &panel(true)), folder.path("out.csv"));
    let dates = format!("{}..{}", saturday(70), saturday(90));
    let walk = folder.path("walk.csv");
    let args = ["forecast", &panel, "--reference-dates", &dates, "--horizons", "1-2"];
    ok(&[&args[..], &["-o", &out]].concat(), "");
    ok(&[&args[..], &["--method", "random-walk", "-o", &walk]].concat(), "");
    let args = ["score", "--forecast", &out, "--truth", &panel, "--relative-to", &walk];
    let json = ok(&[&args[..], &["--format", "json"]].concat(), "");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json["all"]["relative"]["ratio"].as_f64().unwrap() < 0.9, "{json}");
    assert_eq!(json["all"]["forecasts"], 21 * 2 * 2);
    assert!(json["all"]["coverage_95"].as_f64().unwrap() > 0.7, "{json}");
}

#[test]
fn the_page_is_whole_and_holds_no_markup_of_the_file() {
    let folder = Folder::new();
    let hostile = panel(true).replace("North", "\"<script>alert(1)</script>\"");
    let page = folder.path("page.html");
    ok(&["forecast", "-", "--plot", &page], &hostile);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
    assert!(page.contains("class='ribbon'") && page.contains("class='observed'"));
    assert!(!page.contains("NaN") && !page.contains("src=") && !page.contains("href="));
}

#[test]
fn wrong_input_is_told_with_what_would_be_right() {
    let folder = Folder::new();
    let target = folder.file("r.csv", &revisions());
    refused(&["forecast", "--target", &folder.file("x.csv", "a,b\n1,2\n")], "", "as_of");
    refused(&["forecast", "--target", &target, "--reference-dates", "2021-01-02"], "", "first publication");
    refused(&["forecast", "--target", &target, "--reference-dates", "2024-01-03"], "", "weeks of the data");
    refused(&["forecast", "--target", &target, "--reference-dates", "9999-12-25"], "", "steps_ahead");
    refused(&["forecast", "--target", &target, "--horizons", "x"], "", "number of steps");
    refused(&["forecast", "--target", &target, "--reference-dates", "2024"], "", "no date like");
    let said = run(&["forecast", "-"], "a,b\n1,2\n").stderr;
    let said = String::from_utf8_lossy(&said);
    assert_eq!(said.matches("no column of dates").count(), 1, "said once: {said}");
    refused(&["forecast"], "", "FILE");
    refused(&["forecast", "-"], "", "empty");
    refused(&["forecast", &folder.path("missing.csv")], "", "missing.csv");
    let bad =
        revisions().replace(&format!("{},01,{}", saturday(80), saturday(60)), "2020-13-01,01,2020-01-04");
    refused(&["forecast", "--target", &folder.file("b.csv", &bad)], "", "row 2, column `as_of`");
    let huge = "as_of,location,date,value\n2024-01-06,A,2024-01-06,1e12\n";
    refused(&["forecast", "--target", &folder.file("h.csv", huge)], "", "4,000,000,000");
}

#[test]
fn sparse_new_and_silent_places_do_not_stop_the_others() {
    let mut csv = "series,date,cases\n".to_owned();
    for week in 0..60 {
        let day = saturday(week);
        writeln!(csv, "zero,{day},0\nhuge,{day},{}", 1_000_000_000 + week).unwrap();
        if week % 3 != 1 {
            writeln!(csv, "gaps,{day},{}", 10 + week % 5).unwrap();
        }
        if week < 50 {
            writeln!(csv, "silent,{day},7").unwrap();
        }
        if week == 59 {
            writeln!(csv, "new,{day},3").unwrap();
        }
    }
    let output = run(&["forecast", "-"], &csv);
    assert!(output.status.success());
    let cells = parse(&String::from_utf8(output.stdout).unwrap());
    let places: std::collections::BTreeSet<&str> = cells.keys().map(|key| key[3].as_str()).collect();
    assert_eq!(places.into_iter().collect::<Vec<_>>(), ["gaps", "huge", "new", "zero"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("silent"));
}
