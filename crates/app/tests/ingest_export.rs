//! Export and import are each other's inverse, for whatever a person may have typed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};
use support::{Installation, records, set};
use wanquan_app::export::{Form, Names, export};
use wanquan_app::records::{Query, create};
use wanquan_domain::text::Lang;

/// A sink whose bytes can be taken.
#[derive(Clone, Default)]
struct Taken(Arc<Mutex<Vec<u8>>>);

impl Write for Taken {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn exported(from: &Installation, register: &str, form: Form, names: Names) -> Vec<u8> {
    let sink = Taken::default();
    let out = Box::new(sink.clone());
    from.block(export(&from.app, &from.actor, register, &Query::default(), form, names, out)).unwrap();
    std::mem::take(&mut *sink.0.lock().unwrap())
}

/// The rows of an exported CSV file, as a set: identifiers, by which equal days are ordered, differ.
fn table(csv: &[u8]) -> BTreeSet<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv);
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Texts that files and spreadsheets have trouble with.
fn text() -> impl Strategy<Value = String> {
    let hard = prop::sample::select(vec![
        "=1+1",
        "+86 355",
        "-3",
        "@x",
        "'=1",
        "''NA",
        "NA",
        "无",
        "none",
        "-",
        "a\"b",
        "\"",
        "a,b;c\td|e",
        "line\nline",
        "cr\r\nlf",
        "𠮷野家 é",
        "_x0041_",
        "007",
        "1e5",
        "2020-01-24",
        "24/01/2020",
        "TRUE",
        "合计",
        "#N/A",
        "sep=;",
        "&amp; <b>",
    ]);
    prop_oneof![
        3 => hard.prop_map(str::to_owned),
        2 => "[=+@'\"\\-,;\n \u{3000}病a1]{1,12}",
        1 => "\\PC{1,20}",
    ]
}

fn record(n: usize) -> impl Strategy<Value = Map<String, Json>> {
    let optional = |s: BoxedStrategy<Json>| prop_oneof![1 => Just(Json::Null), 2 => s];
    let of_text = || text().prop_map(Json::from).boxed();
    let date = (0..60_000_i64).prop_map(|n| {
        let day = jiff::civil::date(1860, 1, 1).checked_add(jiff::Span::new().days(n)).unwrap();
        Json::from(day.to_string())
    });
    (
        optional(of_text()),
        optional(of_text()),
        optional(date.boxed()),
        optional(
            prop_oneof![
                (0..125_i32).prop_map(Json::from),
                (0..1250_i32).prop_map(|n| json!(f64::from(n) / 10.0))
            ]
            .boxed(),
        ),
        optional(prop::sample::select(vec!["female", "male", "unknown"]).prop_map(Json::from).boxed()),
        optional(any::<bool>().prop_map(Json::from).boxed()),
        prop::sample::select(vec!["140400", "140403", "140423", "120000"]),
        (of_text(), any::<bool>()),
    )
        .prop_map(move |(remark, name, onset, age, sex, worker, region, (id, keyed))| {
            let id = if keyed { Json::from(format!("{}{n}", id.as_str().unwrap())) } else { Json::Null };
            let values = [
                ("case_id", id),
                ("disease", json!("covid-19")),
                ("region", json!(region)),
                ("remark", remark),
                ("name", name),
                ("onset_date", onset),
                ("age_years", age),
                ("sex", sex),
                ("health_worker", worker),
            ];
            values.into_iter().map(|(field, value)| (field.to_owned(), value)).collect()
        })
}

#[test]
fn what_is_exported_and_imported_is_the_same() {
    let (here, there) = (Installation::new(), Installation::new());
    let entered = std::cell::Cell::new(0_u64);
    let mut runner = TestRunner::new(Config { cases: 8, max_shrink_iters: 0, ..Config::default() });
    let batch = (0..12_usize).map(|n| record(n).boxed()).collect::<Vec<_>>();
    runner
        .run(&batch, |values| {
            let before = entered.get();
            for values in values {
                // Equal records without a key, and keys that occur again, are refused by hand: not what is tested.
                if here.block(create(&here.app, &here.actor, "case", values, None)).is_ok() {
                    entered.set(entered.get() + 1);
                }
            }
            let csv = exported(&here, "case", Form::Csv, Names::Ids);
            let xlsx = exported(&here, "case", Form::Xlsx, Names::Labels(Lang::Zh));
            // Another installation gets exactly what is new.
            let report = there.import("case", "x.csv", csv.clone(), set(&[]));
            prop_assert_eq!(&report.refusal, &None);
            prop_assert_eq!((report.refused, &report.issues), (0, &vec![]));
            prop_assert_eq!(records(&report), (entered.get() - before, 0, before));
            prop_assert_eq!(table(&exported(&there, "case", Form::Csv, Names::Ids)), table(&csv));
            // Here, and as a workbook there, nothing changes.
            let report = here.import("case", "x.csv", csv, set(&[]));
            prop_assert_eq!(records(&report), (0, 0, entered.get()));
            let report = there.import("case", "x.xlsx", xlsx, set(&[]));
            prop_assert_eq!((report.refused, &report.issues), (0, &vec![]));
            prop_assert_eq!(records(&report), (0, 0, entered.get()));
            Ok(())
        })
        .unwrap();
    assert!(entered.get() > 60, "{} records were entered", entered.get());
}

#[test]
fn no_exported_cell_begins_like_a_formula() {
    let wanquan = Installation::new();
    let text = "case_id,disease,region,remark,name\n1,covid-19,140400,=HYPERLINK(\"x\"),@SUM(A1)\n2,covid-19,140400,+1,-1\n";
    wanquan.import("case", "x.csv", text, set(&[]));
    let csv = exported(&wanquan, "case", Form::Csv, Names::Ids);
    assert!(csv.starts_with("\u{feff}case_id,disease,".as_bytes()));
    let cells: Vec<String> = table(&csv).into_iter().flatten().filter(|cell| !cell.is_empty()).collect();
    assert!(cells.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{cells:?}");
    assert!(cells.contains(&"'=HYPERLINK(\"x\")".to_owned()) && cells.contains(&"'-1".to_owned()));
}

#[test]
fn counts_go_out_and_come_back_with_their_corrections() {
    let (here, there) = (Installation::new(), Installation::new());
    let text = "region,date,indicator,count,known_on\n140400,2020-01-24,confirmed,3,2020-01-24\n\
                140400,2020-01-25,confirmed,-1,2020-01-26\n140403,2020-01-25,dead,0,2020-01-26\n";
    here.import("count_report", "x.csv", text, set(&[("disease", "covid-19")]));
    for (form, names) in [(Form::Csv, Names::Labels(Lang::En)), (Form::Xlsx, Names::Ids)] {
        let report =
            there.import("count_report", "x", exported(&here, "count_report", form, names), set(&[]));
        assert_eq!(report.refused, 0);
        assert_eq!(report.created + report.unchanged, 3);
    }
    let table_of = |from| table(&exported(from, "count_report", Form::Csv, Names::Ids));
    assert_eq!(table_of(&here), table_of(&there));
}
