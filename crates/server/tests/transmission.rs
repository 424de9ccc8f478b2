//! `wanquan rt`, `nowcast`, `chains`, `twobytwo` and `scan` as a person or a script calls them.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod executable;

use executable::{answer, wanquan};
use std::path::{Path, PathBuf};
use std::process::Output;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs the executable in the repository, with a table on standard input.
fn run(args: &[&str], stdin: &str) -> Output {
    answer(wanquan().args(args).current_dir(repository()), stdin)
}

/// Rows of the answer as fields.
fn rows(output: &Output) -> Vec<Vec<String>> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn failure(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn daily(counts: &[u32]) -> String {
    let mut text = String::from("series,date,cases\n");
    for (i, n) in counts.iter().enumerate() {
        text += &format!("school,2009-04-{:02},{n}\n", i + 1);
    }
    text
}

const SCHOOL: [u32; 18] = [1, 1, 0, 2, 5, 4, 7, 14, 25, 24, 15, 8, 6, 1, 2, 1, 1, 0];

#[test]
fn imported_cases_stand_beside_the_local_ones_by_date_or_by_day_number() {
    let table = |head: &str, day: &dyn Fn(usize) -> String| {
        let rows = SCHOOL.iter().enumerate().map(|(i, n)| format!("{},{n},{}\n", day(i), u32::from(i == 3)));
        rows.fold(format!("{head},cases,from_abroad\n"), |text, row| text + &row)
    };
    let by_date = table("date", &|i| format!("2009-04-{:02}", i + 1));
    let by_number = table("day", &|i| (i + 1).to_string());
    let base = ["rt", "-", "--si-mean", "2.6", "--si-sd", "1.5"];
    let args = [&base[..], &["--imported", "from_abroad"]].concat();
    let numbers = |found: Vec<Vec<String>>| found.into_iter().map(|r| r[3..].join(",")).collect::<Vec<_>>();
    let dated = numbers(rows(&run(&args, &by_date)));
    assert_eq!(dated, numbers(rows(&run(&args, &by_number))));
    assert_ne!(dated, numbers(rows(&run(&[&base[..], &["--count", "cases"]].concat(), &by_date))));
}

#[test]
fn reproduction_numbers_come_as_rows_json_and_a_page() {
    let plot = tempfile::tempdir().unwrap();
    let page = plot.path().join("rt.html");
    let args = ["rt", "-", "--si-mean", "2.6", "--si-sd", "1.5", "--plot", page.to_str().unwrap()];
    let found = rows(&run(&args, &daily(&SCHOOL)));
    assert_eq!(found[0].join(","), "series,window_start,window_end,cases,mean,sd,lower,median,upper,reason");
    let last = found.last().unwrap();
    assert_eq!(last[..4], ["school", "2009-04-12", "2009-04-18", "19"]);
    assert!(last[8].parse::<f64>().unwrap() < 1.0, "{last:?}");
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("class='ribbon'") && !html.contains("<script"));

    let uncertain = rows(&run(
        &["rt", "-", "--si-mean", "2.6", "--si-sd", "1.5", "--si-mean-sd", "0.5", "--si-sd-sd", "0.2"],
        &daily(&SCHOOL),
    ));
    assert_eq!(uncertain.len(), found.len());
    let json = run(
        &["rt", "-", "--method", "cohort", "--si-mean", "2.6", "--si-sd", "1.5", "--format", "json"],
        &daily(&SCHOOL),
    );
    let answer: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(answer["schema"], "wanquan.rt");
    assert!(answer["answer"][0]["mean"].as_f64().unwrap() > 1.5);
    let r0 = rows(&run(
        &["rt", "-", "--method", "r0-likelihood", "--si-mean", "2.6", "--si-sd", "1.5", "--to", "2009-04-09"],
        &daily(&SCHOOL),
    ));
    assert!(r0[1][4].parse::<f64>().unwrap() > 1.5, "{r0:?}");
}

#[test]
fn a_nowcast_is_above_what_is_known_and_is_scored_on_history() {
    let file = "crates/epi/data/hus_o104_de_2011.csv";
    let base = ["nowcast", file, "--event", "admission_date", "--report", "report_date", "--delay-max", "15"];
    let found = rows(&run(&[&base[..], &["--now", "2011-06-10"]].concat(), ""));
    assert_eq!(found.len(), 17);
    for row in &found[2..] {
        let observed: f64 = row[2].parse().unwrap();
        assert!(row[7].parse::<f64>().unwrap() >= observed, "{row:?}");
    }
    let few = [&base[..], &["--evaluate", "2011-06-06..2011-06-10", "--draws", "20"]].concat();
    assert!(failure(&run(&few, "")).contains("draws = 20 is not admissible"));
    let scored = run(&[&base[..], &["--evaluate", "2011-06-06..2011-06-10"]].concat(), "");
    let table = rows(&scored);
    assert_eq!(table.len(), 1 + 5 * 15);
    assert!(String::from_utf8_lossy(&scored.stderr).contains("against"));
}

#[test]
fn chains_follow_recorded_or_likely_infectors() {
    let mers = run(&["chains", "packs/mers/archive/korea_2015.csv"], "");
    let found = rows(&mers);
    assert_eq!(found.len(), 163);
    assert!(String::from_utf8_lossy(&mers.stderr).contains("93 with an infector"));
    let list = "case_id,onset_date\na,2024-01-01\nb,2024-01-05\nc,2024-01-09\n";
    let inferred = rows(&run(&["chains", "-", "--si-mean", "4", "--si-sd", "1.5"], list));
    assert_eq!([&inferred[2][2], &inferred[3][2]], ["a", "b"]);
    let timeless = failure(&run(&["chains", "-", "--si-mean", "4", "--si-sd", "1.5"], "case_id\na\nb\n"));
    assert!(timeless.contains("--onset"), "{timeless}");
    let circle = "case_id,infector_id\na,b\nb,a\n";
    assert!(failure(&run(&["chains", "-"], circle)).contains("chain of infectors"));
    let stranger = "case_id,infector_id\na,\nb,zz\n";
    assert!(failure(&run(&["chains", "-"], stranger)).contains("row 3"));
}

#[test]
fn day_numbers_do_where_there_are_no_dates() {
    let mut numbered = String::from("day,I\n");
    for (i, n) in SCHOOL.iter().enumerate() {
        numbered += &format!("{},{n}\n", i + 1);
    }
    let interval = ["--si-mean", "2.6", "--si-sd", "1.5"];
    let by_number = rows(&run(&[&["rt", "-"], &interval[..]].concat(), &numbered));
    let by_date = rows(&run(&[&["rt", "-"], &interval[..]].concat(), &daily(&SCHOOL)));
    assert_eq!(by_number.len(), by_date.len());
    for (numbers, dates) in by_number.iter().zip(&by_date).skip(1) {
        assert_eq!(numbers[3..], dates[3..]);
    }
    assert_eq!(by_number.last().unwrap()[..4], ["I", "12", "18", "19"]);
    let part = rows(&run(&[&["rt", "-", "--from", "3", "--to", "15"], &interval[..]].concat(), &numbered));
    assert_eq!(part.last().unwrap()[2], "15");
    let mixed = failure(&run(&[&["rt", "-", "--to", "2009-04-09"], &interval[..]].concat(), &numbered));
    assert!(mixed.contains("day numbers"), "{mixed}");
    let twice = failure(&run(&[&["rt", "-"], &interval[..]].concat(), &(numbered + "4,1\n")));
    assert!(twice.contains("row 20") && twice.contains("`day`"), "{twice}");

    let mut list = String::from("onset,report\n");
    for t in 1..60 {
        for delay in [0, 0, 1, 1, 2, 3] {
            list += &format!("{t},{}\n", t + delay);
        }
    }
    let args = ["nowcast", "-", "--event", "onset", "--report", "report", "--delay-max", "4", "--now", "59"];
    assert_eq!(rows(&run(&args, &list)).last().unwrap()[1], "59");
    let chain = "case_id,onset_date\na,1\nb,5\nc,9\n";
    let inferred = rows(&run(&["chains", "-", "--si-mean", "4", "--si-sd", "1.5"], chain));
    assert_eq!(inferred[3][..3], ["c", "9", "b"]);
}

#[test]
fn reports_before_their_event_are_left_out_and_named() {
    let mut list = String::from("onset_date,report_date\n2024-03-09,2024-03-01\n");
    for t in 1..28 {
        list += &format!("2024-03-{t:02},2024-03-{t:02}\n2024-03-{t:02},2024-03-{:02}\n", t + 1);
    }
    let args = ["nowcast", "-", "--delay-max", "3"];
    let whole = rows(&run(&args, &list.replace("2024-03-09,2024-03-01\n", "")));
    list += "2024-03-20,2024-03-19\n";
    let output = run(&args, &list);
    assert_eq!(rows(&output), whole);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    for part in ["E119: 2 rows", "`report_date`", "`onset_date`", "rows 2, 57"] {
        assert!(told.contains(part), "{told}");
    }
    let none = failure(&run(&args, "onset_date,report_date\n2024-03-09,2024-03-01\n"));
    assert!(none.contains("E119") && none.contains("not before the event"), "{none}");
}

#[test]
fn a_two_by_two_table_comes_from_numbers_or_people() {
    let measure = |output: &Output, name: &str| -> f64 {
        let found = rows(output);
        found.iter().find(|row| row[1] == name).unwrap()[2].parse().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("forest.html");
    let oswego = run(&["twobytwo", "43", "11", "3", "18", "--plot", page.to_str().unwrap()], "");
    let html = std::fs::read_to_string(&page).unwrap();
    assert_eq!(html.matches("class='point'").count(), 4, "{html}");
    assert!((measure(&oswego, "risk_ratio") - 43.0 / 54.0 / (3.0 / 21.0)).abs() < 1e-12);
    let people = "exposed,ill,age\n1,1,a\n1,0,a\n0,1,b\n0,0,a\nyes,no,b\n1,1,b\n0,0,b\n0,0,a\n";
    let strata = run(&["twobytwo", "-", "--stratum", "age"], people);
    assert!(measure(&strata, "mantel_haenszel_odds_ratio") > 0.0);
    let bad = failure(&run(&["twobytwo", "-"], "exposed,ill\n1,1\nmaybe,0\n"));
    assert!(bad.contains("row 3") && bad.contains("`exposed`") && bad.contains("maybe"), "{bad}");
}

#[test]
fn a_scan_finds_the_cluster_and_names_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let places = folder.path().join("places.csv");
    let mut text = String::from("place,x,y\n");
    let mut cases = String::from("place,cases,population\n");
    for i in 0..10 {
        text += &format!("p{i},{i},0\n");
        cases += &format!("p{i},{},1000\n", if i >= 8 { 30 } else { 10 });
    }
    std::fs::write(&places, text).unwrap();
    let args = ["scan", "-", "--places", places.to_str().unwrap()];
    let found = rows(&run(&args, &cases));
    assert_eq!([&found[1][1], &found[2][1]], ["p9", "p8"]);
    assert!(found[1][9].parse::<f64>().unwrap() <= 0.01);
    // A place that is never mentioned is left out; one without a row of one date is a gap.
    let silent = run(&args, &cases.replace("p3,10,1000\n", ""));
    assert!(String::from_utf8_lossy(&silent.stderr).contains("no row: p3"), "{silent:?}");
    assert_eq!(rows(&silent)[1][..2], found[1][..2]);
    let unknown = failure(&run(&args, &cases.replace("p3,", "q3,")));
    assert!(unknown.contains("row 5") && unknown.contains("q3"), "{unknown}");
    // Steps may be numbers, columns have any name, and a place may be called NA (written so that it is read back).
    let named = folder.path().join("named.csv");
    std::fs::write(&named, "town,east,north\nNA,0,0\nb,0,1\nc,9,9\n").unwrap();
    let mut yearly = String::from("town,year,n,expected\n");
    for year in 1990..1996 {
        for (town, n) in [("NA", if year == 1995 { 40 } else { 10 }), ("b", 10), ("c", 10)] {
            yearly += &format!("{town},{year},{n},10.5\n");
        }
    }
    let named = named.to_str().unwrap();
    let args = ["scan", "-", "--places", named, "--place", "town", "--x", "east", "--y", "north"];
    let more = ["--date", "year", "--count", "n", "--model", "expectation"];
    let found = rows(&run(&[&args[..], &more].concat(), &yearly));
    assert_eq!(found[1][1..7], ["'NA", "true", "1995", "1995", "40", "10.5"], "{found:?}");
    let gap = yearly.replace("b,1993,10,10.5\n", "");
    let missing = failure(&run(&[&args[..], &more].concat(), &gap));
    assert!(missing.contains("`b`") && missing.contains("1993"), "{missing}");
    let args = ["scan", "-", "--places", places.to_str().unwrap()];
    let broken = failure(&run(&args, &cases.replace("p4,10,", "p4,ten,")));
    assert!(broken.contains("row 6") && broken.contains("`cases`"), "{broken}");
}
