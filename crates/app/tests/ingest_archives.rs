//! The archived outbreaks and the history of the packs, through the import: as files that people would send, and as
//! the demonstration loads them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use jiff::civil::date;
use support::{Installation, issues, packs_folder, records, rows, set};
use wanquan_app::ingest::pack_data::{Known, load_archives, load_history};

struct Archive {
    path: &'static str,
    disease: &'static str,
    cases: u64,
    deaths: usize,
}

const ARCHIVES: [Archive; 4] = [
    Archive { path: "covid-19/archive/tianjin_2020.csv", disease: "covid-19", cases: 135, deaths: 3 },
    Archive {
        path: "influenza/archive/h7n9_china_2013.csv",
        disease: "influenza-a-h7n9",
        cases: 136,
        deaths: 32,
    },
    Archive { path: "measles/archive/hagelloch_1861.csv", disease: "measles", cases: 188, deaths: 12 },
    Archive { path: "mers/archive/korea_2015.csv", disease: "mers", cases: 162, deaths: 19 },
];

fn cells(path: &str) -> Vec<Vec<String>> {
    let bytes = std::fs::read(packs_folder().join(path)).unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// As a Chinese spreadsheet saves it: GB18030, semicolons, days with the year in front and slashes.
fn gb18030(table: &[Vec<String>]) -> Vec<u8> {
    let cell = |cell: &String| match cell.split('-').collect::<Vec<_>>()[..] {
        [y, m, d] if y.len() == 4 && m.len() == 2 && d.len() == 2 => {
            format!("{y}/{}/{}", m.trim_start_matches('0'), d.trim_start_matches('0'))
        }
        _ if cell.contains([';', '"']) => format!("\"{}\"", cell.replace('"', "\"\"")),
        _ => cell.clone(),
    };
    let mut text = String::new();
    for row in table {
        let row: Vec<String> = row.iter().map(cell).collect();
        text.push_str(&row.join(";"));
        text.push_str("\r\n");
    }
    // A remark in Chinese, so that the encoding shows.
    let text = text.replacen("\r\n", ";备注\r\n", 1);
    let mut lines: Vec<String> = text.split("\r\n").map(str::to_owned).collect();
    for line in lines.iter_mut().skip(1).filter(|line| !line.is_empty()) {
        line.push_str(";病例");
    }
    encoding_rs::GB18030.encode(&lines.join("\r\n")).0.into_owned()
}

/// As a workbook with real dates.
fn xlsx(table: &[Vec<String>]) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let day = rust_xlsxwriter::Format::new().set_num_format("d/m/yyyy");
    let sheet = workbook.add_worksheet();
    for (i, row) in (0..).zip(table) {
        for (j, cell) in (0..).zip(row) {
            match rust_xlsxwriter::ExcelDateTime::parse_from_str(cell) {
                Ok(date) if cell.len() == 10 => sheet.write_datetime_with_format(i, j, &date, &day).unwrap(),
                _ => sheet.write_string(i, j, cell).unwrap(),
            };
        }
        if i == 0 {
            sheet.write_string(0, u16::try_from(row.len()).unwrap(), "备注").unwrap();
        } else {
            sheet.write_string(i, u16::try_from(row.len()).unwrap(), "病例").unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn archived_outbreaks_are_imported_as_a_gb18030_file_and_as_a_workbook() {
    let wanquan = Installation::new();
    for archive in ARCHIVES {
        let table = cells(archive.path);
        let options = || set(&[("disease", archive.disease), ("region", "100000")]);
        let report = wanquan.import("case", "病例.csv", gb18030(&table), options());
        assert_eq!(report.refusal, None, "{}", archive.path);
        assert_eq!(report.file.encoding.as_deref(), Some("GB18030"), "{}", archive.path);
        assert_eq!(
            (rows(&report), issues(&report)),
            ((archive.cases, archive.cases, 0), vec![]),
            "{}",
            archive.path
        );
        assert_eq!(records(&report), (archive.cases, 0, 0));
        // The same persons from the workbook.
        let report = wanquan.import("case", "病例.xlsx", xlsx(&table), options());
        assert_eq!(records(&report), (0, 0, archive.cases), "{}", archive.path);
        let outcome = table[0].iter().position(|name| name == "outcome").unwrap();
        assert_eq!(table.iter().filter(|row| row[outcome] == "died").count(), archive.deaths);
    }
}

#[test]
fn history_is_loaded_day_by_day_as_it_became_known() {
    let wanquan = Installation::at("2020-02-12T08:00:00Z");
    let load = |known| wanquan.block(load_history(&wanquan.app, &wanquan.actor, known)).unwrap();
    let day = date(2020, 2, 12);
    let first = load(Known { after: None, until: Some(day) });
    let written =
        |data: &wanquan_app::ingest::pack_data::PackData| data.loaded.iter().map(|f| f.written).sum::<u64>();
    assert_eq!(first.loaded.len(), 3);
    let rest = load(Known { after: Some(day), until: None });
    assert_eq!(written(&first) + written(&rest), 17_714);
    assert!(written(&first) > 4_000, "{}", written(&first));
    // Once more, all at once: nothing changes.
    assert_eq!(written(&load(Known::default())), 0);
}

#[test]
fn archived_events_are_loaded_where_their_place_is_known() {
    let wanquan = Installation::new();
    let data = wanquan.block(load_archives(&wanquan.app, &wanquan.actor)).unwrap();
    let loaded: Vec<(&str, u64)> = data.loaded.iter().map(|f| (f.path.as_str(), f.written)).collect();
    assert_eq!(
        loaded,
        [("covid-19/archive/tianjin_2020.csv", 135), ("influenza/archive/h7n9_china_2013.csv", 136)]
    );
    let left_out: Vec<&str> = data.left_out.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        left_out,
        [
            "measles/archive/hagelloch_1861.csv",
            "mers/archive/korea_2015.csv",
            "mers/archive/korea_2015_pairs.csv"
        ]
    );
}
