//! Files that are damaged, cut, hostile or no tables: refused as a whole with a code, and nothing of them is stored.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::Write as _;
use support::{Installation, records, refusal, set};
use wanquan_app::Error;
use wanquan_app::ingest::import::{ImportOptions, Input, import};
use wanquan_domain::text::Lang;

const GOOD: &str = "case_id,disease,region,onset_date,remark\n1,covid-19,140400,2020-01-24,x\n2,covid-19,140400,2020-01-25,y\n\
                    3,covid-19,140400,2020-01-25,z\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

fn bomb() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for part in ["xl/workbook.xml", "xl/worksheets/sheet1.xml"] {
        zip.start_file(part, options).unwrap();
        for _ in 0..100 {
            zip.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

fn workbook() -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (i, line) in GOOD.lines().enumerate() {
        for (j, cell) in line.split(',').enumerate() {
            sheet.write_string(u32::try_from(i).unwrap(), u16::try_from(j).unwrap(), cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn damaged_files_are_refused_as_a_whole_with_a_code() {
    let wanquan = Installation::new();
    let sheet = workbook();
    let packed = gzip(GOOD.as_bytes());
    let long_line = [b"case_id,disease\n1,".to_vec(), vec![b'x'; 100 << 20]].concat();
    let files: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty.csv", Vec::new(), "F101"),
        ("blank.csv", b"\n \n".to_vec(), "F101"),
        ("nul.csv", GOOD.replace('y', "\0").into_bytes(), "F102"),
        ("one line.csv", long_line, "F103"),
        ("quote.csv", GOOD.replace(",y", ",\"y").into_bytes(), "F104"),
        ("cut.csv.gz", packed[..packed.len() - 9].to_vec(), "F105"),
        ("bomb.csv.gz", gzip(&b"a,b\n".repeat(50 << 20)), "F107"),
        ("cut.csv", GOOD.as_bytes()[..GOOD.len() - 14].to_vec(), "F108"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n0000".to_vec(), "F109"),
        ("page.xls", b"<html><table><tr><td>1</td></tr></table></html>".to_vec(), "F109"),
        ("no header.csv", b"1,2020-01-24,140400\n2,2020-01-25,140400\n".to_vec(), "F110"),
        ("bomb.xlsx", bomb(), "F107"),
        ("cut.xlsx", sheet[..sheet.len() / 2].to_vec(), "F112"),
        ("not.xlsx", [b"PK\x03\x04".to_vec(), vec![7; 2_000]].concat(), "F112"),
        ("text.xlsx", b"just some words\nand more of them\n".to_vec(), "F301"),
    ];
    for (name, bytes, code) in files {
        let report = wanquan.import("case", name, bytes, set(&[]));
        assert_eq!(refusal(&report), code, "{name}");
        let refused = report.refusal.unwrap();
        assert!(!refused.message.is_empty() && !refused.message_zh.is_empty());
        assert_eq!(report.batch_id, None);
    }
    // Nothing of all this was kept: the good file is new from its first row to its last.
    let report = wanquan.import("case", "good.csv", GOOD, set(&[]));
    assert_eq!(records(&report), (3, 0, 0));
}

#[test]
fn a_folder_is_no_table() {
    let wanquan = Installation::new();
    let input = Input { source: wanquan.folder.path().into(), name: "folder".to_owned() };
    let report =
        wanquan.block(import(&wanquan.app, &wanquan.actor, "case", input, ImportOptions::default())).unwrap();
    assert_eq!(refusal(&report), "F100");
    let missing = wanquan.folder.path().join("none.csv");
    let input = Input { source: missing.into(), name: "none.csv".to_owned() };
    let report =
        wanquan.block(import(&wanquan.app, &wanquan.actor, "case", input, ImportOptions::default())).unwrap();
    assert_eq!(refusal(&report), "F100");
}

/// A sink that is full.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("no space left"))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Err(std::io::Error::other("no space left"))
    }
}

#[test]
fn refused_rows_that_cannot_be_written_stop_the_import_before_anything_is_stored() {
    let wanquan = Installation::new();
    let text = GOOD.replace("2020-01-25,y", "never,y");
    let options = ImportOptions { refused: Some((Box::new(Full), Lang::En)), ..set(&[]) };
    let failed = wanquan.try_import("case", "x.csv", text, options);
    assert!(matches!(failed, Err(Error::Output { .. })), "{failed:?}");
    let report = wanquan.import("case", "good.csv", GOOD, set(&[]));
    assert_eq!(records(&report), (3, 0, 0));
}
