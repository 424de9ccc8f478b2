//! `wanquan growth`, `delay` and `rates` as a person or a script calls them: the numbers of the references.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod executable;

use executable::{answer, wanquan};
use std::path::Path;
use std::process::Output;

/// Runs the executable with a table on standard input.
fn run(args: &[&str], stdin: impl AsRef<[u8]>) -> Output {
    answer(wanquan().args(args), stdin)
}

/// The first line of a measure: estimate, lower, upper.
fn measure(output: &Output, name: &str) -> [f64; 3] {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let line = text
        .lines()
        .find(|line| line.split(',').nth(1) == Some(name))
        .unwrap_or_else(|| panic!("{name}: {text}"));
    let cells: Vec<f64> = line.split(',').skip(2).map(|cell| cell.parse().unwrap_or(f64::NAN)).collect();
    [cells[0], cells[1], cells[2]]
}

fn close(got: [f64; 3], want: [f64; 3], tolerance: f64) {
    for (got, want) in got.iter().zip(want) {
        assert!(
            want.is_nan() && got.is_nan() || (got - want).abs() <= tolerance * want.abs(),
            "{got} {want}"
        );
    }
}

fn figures(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../epi/tests/golden/data").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn refused(args: &[&str], stdin: &str, expected: &str) {
    let output = run(args, stdin);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains(expected), "{args:?}: {said}");
}

#[test]
fn growth_of_the_influenza_of_1918_is_that_of_the_reference() {
    let mut csv = "date,cases\n".to_owned();
    let start = jiff::civil::date(1918, 9, 1);
    for (date, n) in start.series(jiff::Span::new().days(1)).zip(figures("ee_Flu1918.csv").lines().skip(2)) {
        csv += &format!("{date},{n}\n");
    }
    let poisson = run(&["growth", "-", "--method", "poisson", "--to", "1918-09-27"], &csv);
    close(
        measure(&poisson, "rate_per_day"),
        [0.098_930_113_279_847_73, 0.085_523_876_634_086_41, 0.112_336_349_925_609_05],
        1e-6,
    );
    let [days, ..] = measure(&poisson, "doubling_time_days");
    assert!((days - 2_f64.ln() / 0.098_930_113_279_847_73).abs() < 1e-5);
    let recommended = run(&["growth", "-", "--from", "1918-09-01", "--to", "1918-09-27"], &csv);
    close(measure(&recommended, "negative_binomial_size"), [4.138_740_480_447_784, f64::NAN, f64::NAN], 1e-6);
    let newest = run(&["growth", "-", "--steps", "14"], &csv);
    assert_eq!(measure(&newest, "steps_used")[0].to_string(), "14");
    refused(&["growth", "-", "--steps", "2"], &csv, "needs at least");
}

#[test]
fn the_incubation_of_influenza_a_is_that_of_the_reference() {
    let args = ["delay", "-", "--first", "EL", "--first-end", "ER", "--second", "SL", "--second-end", "SR"];
    let found = run(&args, figures("fluA_incubation.csv"));
    // The best of three families comes first.
    assert!(String::from_utf8(found.stdout.clone()).unwrap().contains("\ngamma,mean_days"));
    let known = [
        ("shape", 5.877_604_773_500_21),
        ("scale_days", 0.271_265_857_588_139_26),
        ("q0.5_days", 1.504_940_403_973_046_7),
        ("q0.99_days", 3.506_621_125_842_651_6),
    ];
    for (name, want) in known {
        let got = measure(&found, name)[0];
        assert!((got - want).abs() < 1e-4 * want, "{name}: {got}");
    }
    let lognormal = run(&[&args[..], &["--family", "lognormal"]].concat(), figures("fluA_incubation.csv"));
    close(measure(&lognormal, "mean_log"), [0.379_605_896_399_577_9, f64::NAN, f64::NAN], 1e-4);
}

#[test]
fn delays_known_early_are_allowed_for_where_observation_ends() {
    // Cases grow by a tenth a day, the delays are 1 to 15 days, and what is reported later is not there yet.
    let mut csv = "onset,report\n".to_owned();
    let start = jiff::civil::date(2024, 1, 1);
    let day = |n: i64| start.checked_add(jiff::Span::new().days(n)).unwrap();
    for onset in 0..40_i64 {
        #[expect(clippy::cast_possible_truncation, reason = "at most some hundred")]
        let cases = (2.0 * 1.1_f64.powi(i32::try_from(onset).unwrap())) as i64;
        for case in 0..cases {
            csv += &format!("{},{}\n", day(onset), day(onset + 1 + (case * 7 + onset) % 15));
        }
    }
    let mean = |args: &[&str]| {
        let columns = ["delay", "-", "--first", "onset", "--second", "report", "--family", "weibull"];
        let output = run(&[&columns[..], args].concat(), &csv);
        (measure(&output, "mean_days"), String::from_utf8(output.stderr).unwrap())
    };
    let (all, _) = mean(&[]);
    assert!((all[0] - 8.0).abs() < 0.3, "{all:?}");
    let until = day(39).to_string();
    let (allowed_for, said) = mean(&["--until", &until]);
    assert!(said.contains("after --until are left out"), "{said}");
    assert!(allowed_for[1] < 8.0 && 8.0 < allowed_for[2], "{allowed_for:?}");
    refused(&["delay", "-", "--first", "onset", "--second", "x"], &csv, "no column `x`");
    refused(&["delay", "-", "--first", "onset", "--second", "report", "--until", "5"], &csv, "--until");
}

#[test]
fn rates_are_those_of_the_reference() {
    let seven = run(&["rates", "7", "1200"], "");
    close(
        measure(&seven, "rate"),
        [0.005_833_333_333_333_334, 0.002_345_297_944_519_4, 0.012_018_896_242_187_107],
        1e-5,
    );
    close(
        measure(&seven, "rate_byar"),
        [0.005_833_333_333_333_334, 0.002_601_293_084_313_491_7, 0.011_453_868_012_843_335],
        1e-9,
    );
    let strata = "county,cases,population,standard_population,standard_cases\n\
        adams,9,24732,3321677,1883\nadams,15,7215,992312,2568\nadams,31,9203,1438509,5767\nadams,0,50142,6528556,61\n";
    let adams = run(&["rates", "-", "--by", "county", "--per", "100000"], strata);
    close(
        measure(&adams, "rate_standardised"),
        [66.096_526_975_961_03, 49.758_545_724_560_56, 86.169_360_113_107_52],
        1e-9,
    );
    close(
        measure(&adams, "standardised_ratio"),
        [0.785_094_675_974_735, 0.602_762_241_991_312_1, 1.022_581_720_128_312_7],
        1e-9,
    );
    refused(&["rates", "x", "y"], "", "no number of events");
    refused(&["rates", "-"], "cases,population\n3,0\n", "a positive number");
    refused(&["rates", "7", "0"], "", "person");
}

#[test]
fn case_fatality_is_corrected_for_deaths_still_to_come() {
    // Cases double every third day; three in four of them are too young to have died by the sixth day.
    let mut csv = "date,cases\n".to_owned();
    for day in 0..30_u32 {
        csv += &format!("2020-01-{:02},{}\n", day + 1, 2_u32.pow(day / 3));
    }
    let args = ["rates", "-", "--deaths", "76", "--delay-mean", "6", "--delay-sd", "0.1"];
    let found = run(&args, &csv);
    let (counted, corrected) =
        (measure(&found, "case_fatality_as_counted"), measure(&found, "case_fatality_corrected"));
    let ratio = corrected[0] / counted[0];
    assert!(
        (3.5..4.5).contains(&ratio) && corrected[1] < corrected[0] && corrected[0] < corrected[2],
        "{ratio}"
    );
    refused(
        &["rates", "-", "--deaths", "7000", "--delay-mean", "6", "--delay-sd", "1"],
        &csv,
        "more deaths than cases",
    );
}

#[test]
fn json_and_table_name_the_first_column_alike() {
    let panel = "series,date,cases\n".to_owned()
        + &(1..=14).map(|d| format!("A,2024-01-{d:02},{}\n", 3 * d)).collect::<String>();
    let strata = "county,cases,population\nA,3,1000\nA,5,2000\n";
    let cases: [(&[&str], &str, &str); 3] = [
        (&["growth", "-"], &panel, "series"),
        (&["rates", "-", "--by", "county"], strata, "group"),
        (&["twobytwo", "43", "11", "3", "18"], "", "stratum"),
    ];
    for (args, stdin, name) in cases {
        let table = run(args, stdin);
        let header = String::from_utf8(table.stdout).unwrap();
        assert!(header.starts_with(&format!("{name},measure,estimate,lower,upper\n")), "{header}");
        let json = run(&[args, &["--format", "json"]].concat(), stdin);
        let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        let first = json["answer"][0].as_object().unwrap();
        let mut keys: Vec<&str> = first.keys().map(String::as_str).collect();
        let mut expected = vec![name, "measure", "estimate", "lower", "upper"];
        keys.sort_unstable();
        expected.sort_unstable();
        assert_eq!(keys, expected);
        assert_eq!(json["answer"].as_array().unwrap().len(), header.lines().count() - 1, "{args:?}");
    }
}
