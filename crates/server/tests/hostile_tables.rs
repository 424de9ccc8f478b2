//! Tables that no command expects: each is answered or refused with a sentence, never a panic, and an answer holds
//! numbers only.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod executable;

use executable::wanquan;
use std::path::Path;

/// What a command is told, and a table that it can answer.
struct Subject {
    args: Vec<String>,
    table: String,
}

/// Runs the executable on the bytes and states what holds for any input.
fn answer(args: &[String], stdin: &[u8]) -> (bool, String, String) {
    let output = executable::answer(wanquan().args(args), stdin);
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    let shown: String = String::from_utf8_lossy(stdin).chars().take(300).collect();
    let about = || format!("wanquan {} < {shown:?}\n{out}\n{err}", args.join(" "));
    assert!(matches!(output.status.code(), Some(0..=2)) && !err.contains("panicked"), "{}", about());
    if output.status.success() {
        for word in ["NaN", "inf"] {
            assert!(!out.split(['\n', ',']).any(|cell| cell.trim_start_matches('-') == word), "{}", about());
        }
    } else {
        assert!(!err.trim().is_empty(), "{}", about());
    }
    (output.status.success(), out, err)
}

fn day(t: usize) -> jiff::civil::Date {
    jiff::civil::date(2024, 1, 1).checked_add(jiff::Span::new().days(i64::try_from(t).unwrap())).unwrap()
}

fn subjects(places: &Path) -> Vec<Subject> {
    let mut daily = String::from("series,date,cases\n");
    let mut changes = String::from("event_date,report_date,count\n");
    let mut list = String::from("case_id,onset_date,infector_id,exposed,ill\n");
    let mut space_time = String::from("place,date,cases,population\n");
    for t in 0..60 {
        daily += &format!("town,{},{}\n", day(t), 5 + t % 7);
        for x in 0..4 {
            changes += &format!("{},{},{}\n", day(t), day(t + x), 4 - x);
        }
        list += &format!(
            "c{t},{},{},{},{}\n",
            day(t),
            if t > 0 { format!("c{}", t / 2) } else { String::new() },
            t % 2,
            t % 3 % 2
        );
        for p in 0..4 {
            space_time += &format!("p{p},{},{},1000\n", day(t), t % 4 + p);
        }
    }
    let places = places.to_str().unwrap();
    let make = |args: &[&str], table: &str| Subject {
        args: args.iter().map(|a| (*a).to_owned()).collect(),
        table: table.to_owned(),
    };
    vec![
        make(&["rt", "-", "--si-mean", "4", "--si-sd", "2"], &daily),
        make(&["rt", "-", "--si-mean", "4", "--si-sd", "2", "--method", "cohort"], &daily),
        make(&["rt", "-", "--si-mean", "4", "--si-sd", "2", "--method", "r0-likelihood"], &daily),
        make(&["rt", "-", "--si-mean", "4", "--si-sd", "2", "--method", "r0-growth"], &daily),
        make(&["forecast", "-", "--reference-dates", "2024-02-20"], &daily),
        make(&["nowcast", "-", "--delay-max", "5"], &changes),
        make(&["nowcast", "-", "--delay-max", "5", "--method", "bayes"], &changes),
        make(&["nowcast", "-", "--delay-max", "5", "--method", "lawless"], &changes),
        make(&["chains", "-"], &list),
        make(&["chains", "-", "--infer", "--si-mean", "4", "--si-sd", "2"], &list),
        make(&["twobytwo", "-"], &list),
        make(&["growth", "-"], &daily),
        make(&["rates", "-", "--deaths", "3", "--delay-mean", "9", "--delay-sd", "4"], &daily),
        make(&["scan", "-", "--places", places, "--model", "space-time", "--replicates", "19"], &space_time),
        make(&["scan", "-", "--places", places, "--model", "permutation", "--replicates", "19"], &space_time),
    ]
}

/// The table with every cell of one column replaced, as a column of numbers or dates would be by a broken program.
fn with_column(table: &str, column: usize, cell: impl Fn(usize) -> String) -> String {
    let mut lines = table.lines();
    let mut out = lines.next().unwrap().to_owned();
    for (i, line) in lines.enumerate() {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        cells[column] = cell(i);
        out = out + "\n" + &cells.join(",");
    }
    out + "\n"
}

fn places_file(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("places.csv");
    std::fs::write(&path, "place,x,y\np0,0,0\np1,1,0\np2,0,2\np3,5,5\n").unwrap();
    path
}

#[test]
fn the_tables_that_the_others_are_made_from_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    for subject in subjects(&places_file(folder.path())) {
        let (ok, out, err) = answer(&subject.args, subject.table.as_bytes());
        assert!(ok && out.lines().count() > 1, "{:?} {err}", subject.args);
    }
}

#[test]
fn every_column_may_hold_anything() {
    let folder = tempfile::tempdir().unwrap();
    let cells: [&dyn Fn(usize) -> String; 11] = [
        &|_| String::new(),
        &|_| "NaN".to_owned(),
        &|_| "-3".to_owned(),
        &|_| "0".to_owned(),
        &|_| "1000000000".to_owned(),
        &|_| "99999999999999999999".to_owned(),
        &|i| if i % 2 == 0 { "1e308".to_owned() } else { "-1e308".to_owned() },
        &|_| "9999-12-31".to_owned(),
        &|i| if i == 0 { "0001-01-01".to_owned() } else { "2024-01-02".to_owned() },
        &|_| "\u{0}".to_owned(),
        &|i| format!("\u{202e}\"\"{i}"),
    ];
    for subject in subjects(&places_file(folder.path())) {
        let columns = subject.table.lines().next().unwrap().split(',').count();
        for column in 0..columns {
            for cell in cells {
                answer(&subject.args, with_column(&subject.table, column, cell).as_bytes());
            }
        }
    }
}

#[test]
fn files_may_be_short_disordered_or_no_table() {
    let folder = tempfile::tempdir().unwrap();
    for subject in subjects(&places_file(folder.path())) {
        let lines: Vec<&str> = subject.table.lines().collect();
        let reversed: Vec<&str> = lines[..1].iter().chain(lines[1..].iter().rev()).copied().collect();
        let gaps: Vec<&str> =
            lines.iter().enumerate().filter(|(i, _)| *i == 0 || i % 5 < 2).map(|(_, l)| *l).collect();
        let twice = [&lines[..], &lines[1..]].concat();
        for text in [
            String::new(),
            "\n\n\n".to_owned(),
            lines[0].to_owned(),
            lines[..2].join("\n"),
            lines[..3].join("\n"),
            reversed.join("\n"),
            gaps.join("\n"),
            twice.join("\n"),
            lines[1..].join("\n"),
            subject.table.replace(',', ";"),
            subject.table.replace('\n', "\r\n\r\n"),
            format!("{}\n{},more,cells\n", lines[0], lines[1]),
            format!("{}\n\"{}", lines[0], lines[1]),
            "wrong,columns\n1,2\n".to_owned(),
        ] {
            answer(&subject.args, text.as_bytes());
        }
        for bytes in [
            &b"\x00\x00\x00\x00"[..],
            b"\x1f\x8b\x08\x00broken",
            b"PK\x03\x04broken",
            b"\xff\xfe\x00\xd8",
            b"\xef\xbb\xbf",
        ] {
            answer(&subject.args, bytes);
        }
    }
}

#[test]
fn bytes_changed_at_random_are_answered_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    // A fixed sequence: a failure comes again.
    let mut state = 20_240_101_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let pieces: [&[u8]; 10] = [b",", b"\n", b"\"", b"-", b"9", b"\x00", b"2024-02-30", b"e5", b"\xc3", b"NA"];
    for subject in subjects(&places_file(folder.path())) {
        for _ in 0..12 {
            let mut bytes = subject.table.clone().into_bytes();
            for _ in 0..=next(6) {
                let at = next(bytes.len());
                let end = (at + next(4)).min(bytes.len());
                bytes.splice(at..end, pieces[next(pieces.len())].iter().copied());
            }
            answer(&subject.args, &bytes);
        }
    }
}

#[test]
fn parameters_out_of_all_measure_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let most = usize::MAX.to_string();
    let all = subjects(&places_file(folder.path()));
    for (command, option, values) in [
        ("rt", "--window", [most.as_str(), "0"]),
        ("rt", "--prior-mean", ["1e308", "1e9"]),
        ("rt", "--prior-sd", ["1e-308", "1e-6"]),
        ("nowcast", "--delay-max", [&most, "9223372036854775807"]),
        ("nowcast", "--draws", [&most, "100001"]),
        ("scan", "--replicates", [&most, "4294967295"]),
    ] {
        // The first of each command, and the nowcast that draws without a state space.
        let first = all.iter().find(|subject| subject.args[0] == command).unwrap();
        let bayes = all.iter().filter(|s| s.args[0] == command && s.args.iter().any(|a| a == "bayes"));
        for subject in std::iter::once(first).chain(bayes) {
            for value in values {
                let mut args = subject.args.clone();
                match args.iter().position(|arg| arg == option) {
                    Some(at) => args[at + 1] = value.to_owned(),
                    None => args.extend([option.to_owned(), value.to_owned()]),
                }
                let (ok, _, err) = answer(&args, subject.table.as_bytes());
                assert!(!ok, "{args:?} {err}");
            }
        }
    }
}
