//! Reading files: the same table in many forms, and files that are refused whole.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use flate2::Compression;
use flate2::write::GzEncoder;
use rust_xlsxwriter::{ExcelDateTime, Format as CellFormat, Workbook};
use std::io::Write;
use wanquan_app::ingest::read::{Encoding, Format, Note, ReadError, ReadOptions, Row, Table, open};

fn table(bytes: impl Into<Vec<u8>>, name: &str) -> Result<Table, ReadError> {
    open(bytes.into(), name, &ReadOptions::default())
}

fn rows(table: &Table) -> Vec<Vec<String>> {
    let (mut pass, mut row, mut out) = (table.rows().unwrap(), Row::default(), Vec::new());
    while pass.read(&mut row).unwrap() {
        out.push(row.iter().map(str::to_owned).collect());
    }
    out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const HEADER: [&str; 4] = ["病例编号", "发病日期", "县区", "备注"];
const BODY: [[&str; 4]; 3] = [
    ["TJ1", "2020-01-14", "潞州区", "发热; 咳嗽, \"乏力\""],
    ["TJ2", "2020-01-18", "襄垣县", "两行\n文字"],
    ["TJ3", "2020-01-20", "屯留区", ""],
];

fn text(delimiter: char, line_end: &str) -> String {
    let line = |cells: &[&str]| {
        let quoted = |cell: &&str| {
            if cell.contains([delimiter, '"', '\n']) {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                (*cell).to_owned()
            }
        };
        cells.iter().map(quoted).collect::<Vec<_>>().join(&delimiter.to_string()) + line_end
    };
    std::iter::once(line(&HEADER)).chain(BODY.iter().map(|row| line(row))).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn workbook(title: Option<&str>) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let day = CellFormat::new().set_num_format("yyyy-mm-dd");
    let sheet = workbook.add_worksheet();
    let mut at = 0;
    if let Some(title) = title {
        sheet.merge_range(0, 0, 0, 3, title, &CellFormat::new()).unwrap();
        at = 2;
    }
    for (column, name) in HEADER.iter().enumerate() {
        sheet.write(at, u16::try_from(column).unwrap(), *name).unwrap();
    }
    for row in BODY {
        at += 1;
        sheet.write(at, 0, row[0]).unwrap();
        sheet.write_with_format(at, 1, ExcelDateTime::parse_from_str(row[1]).unwrap(), &day).unwrap();
        sheet.write(at, 2, row[2]).unwrap();
        sheet.write(at, 3, row[3]).unwrap();
    }
    workbook.add_worksheet().set_name("说明").unwrap();
    workbook.save_to_buffer().unwrap()
}

#[test]
fn the_same_table_is_read_from_every_form() {
    let gb18030 = |text: &str| encoding_rs::GB18030.encode(text).0.into_owned();
    let marked = format!("\u{feff}{}", text(',', "\n"));
    type Form = (&'static str, Vec<u8>, Option<Encoding>, Option<char>);
    let forms: [Form; 8] = [
        ("a.csv", text(',', "\n").into_bytes(), Some(Encoding::Utf8), Some(',')),
        ("b.csv", text(';', "\r\n").into_bytes(), Some(Encoding::Utf8), Some(';')),
        ("c.csv", gb18030(&text(';', "\r\n")), Some(Encoding::Gb18030), Some(';')),
        ("d.tsv", utf16(&text('\t', "\r\n")), Some(Encoding::Utf16Le), Some('\t')),
        ("e.csv", marked.into_bytes(), Some(Encoding::Utf8Bom), Some(',')),
        ("f.csv.gz", gzip(&gb18030(&text('|', "\n"))), Some(Encoding::Gb18030), Some('|')),
        ("g.xlsx", workbook(None), None, None),
        ("h.xlsx", workbook(Some("病例一览表")), None, None),
    ];
    for (name, bytes, encoding, delimiter) in forms {
        let table = table(bytes, name).unwrap();
        assert_eq!(table.header, HEADER, "{name}");
        assert_eq!(rows(&table), BODY, "{name}");
        assert_eq!(rows(&table), BODY, "{name}: a second pass reads the same");
        assert_eq!((table.info.encoding, table.info.delimiter), (encoding, delimiter), "{name}");
        assert_eq!(table.info.gzip, name.ends_with(".gz"));
    }
}

#[test]
fn a_title_and_other_sheets_are_reported() {
    let table = table(workbook(Some("病例一览表")), "x.xlsx").unwrap();
    assert_eq!(table.info.format, Format::Xlsx);
    assert_eq!(table.info.sheet.as_deref(), Some("Sheet1"));
    assert_eq!(table.header_row, 3);
    assert!(table.info.notes.contains(&Note::TitleRows(1)));
    assert!(table.info.notes.contains(&Note::OtherSheets(vec!["说明".to_owned()])));
}

#[test]
fn western_text_and_old_line_ends_are_read() {
    let latin = encoding_rs::WINDOWS_1252.encode("id;Ort;T\r1;Köln;36,5\r2;Fürth;37,1\r").0.into_owned();
    let table = table(latin, "x.csv").unwrap();
    assert_eq!(table.info.encoding, Some(Encoding::Windows1252));
    assert_eq!(rows(&table), [["1", "Köln", "36,5"], ["2", "Fürth", "37,1"]]);
}

#[test]
fn comments_and_blank_lines_above_the_header_are_passed_over_and_rows_keep_their_line() {
    let table = table("# source: \"x, y\n\n# more\nid,n\n1,2\n,\n3,4\n", "x.csv").unwrap();
    assert_eq!((table.header_row, table.header.clone()), (4, vec!["id".to_owned(), "n".to_owned()]));
    assert!(table.info.notes.contains(&Note::CommentLines(2)));
    let (mut pass, mut row, mut numbers) = (table.rows().unwrap(), Row::default(), Vec::new());
    while pass.read(&mut row).unwrap() {
        numbers.push(row.number());
    }
    assert_eq!(numbers, [5, 7]);
}

#[test]
fn rows_of_another_width_are_told_apart() {
    let table = table("a,b,c\n1,2,3\n1,2\n1,2,3,,\n1,2,3,4\n", "x.csv").unwrap();
    let (mut pass, mut row, mut fits) = (table.rows().unwrap(), Row::default(), Vec::new());
    while pass.read(&mut row).unwrap() {
        fits.push(pass.fits(&row));
    }
    assert_eq!(fits, [true, false, true, false]);
}

#[test]
fn damaged_files_are_refused_with_their_code() {
    let good = text(',', "\n").into_bytes();
    let with_nul: Vec<u8> = [&good[..], b"TJ4,\0,x,y\n"].concat();
    let long = [b"a,b\n".to_vec(), vec![b'x'; 100 << 20]].concat();
    let zipped = gzip(&good);
    let mut broken_gzip = zipped.clone();
    let middle = broken_gzip.len() / 2;
    broken_gzip[middle] ^= 0xff;
    let book = workbook(None);
    let plain = "id,date,place,n\n1,2020-01-24,x,1\n2,2020-01-25,y,2\n3,2020";
    let cases: [(&str, Vec<u8>, &str); 16] = [
        ("empty", Vec::new(), "F101"),
        ("blank lines only", b"\n\n \r\n".to_vec(), "F101"),
        ("a NUL byte", with_nul, "F102"),
        ("100 MB in one line", long, "F103"),
        ("an open quote", b"a,b\n1,\"x\n2,y\n".to_vec(), "F104"),
        ("cut gzip", zipped[..zipped.len() - 12].to_vec(), "F105"),
        ("damaged gzip", broken_gzip, "F106"),
        ("cut text", plain.as_bytes().to_vec(), "F108"),
        ("cut within a character", "县,数\n潞州区,1\n襄垣县,2\n屯留".as_bytes()[..34].to_vec(), "F108"),
        ("a document", b"%PDF-1.7 ...".to_vec(), "F109"),
        ("JSON", b"{\"a\": 1}".to_vec(), "F109"),
        ("a web page", b"\r\n<html><table>".to_vec(), "F109"),
        ("no header", b"1,2020-01-24,x\n2,2020-01-25,y\n".to_vec(), "F110"),
        ("cut workbook", book[..book.len() / 2].to_vec(), "F112"),
        ("junk called xls", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), vec![7; 4000]].concat(), "F112"),
        ("gzip within gzip", gzip(&zipped), "F109"),
    ];
    for (what, bytes, code) in cases {
        let error = table(bytes, "x").map(|table| table.header).expect_err(what);
        assert_eq!(error.code(), code, "{what}: {error}");
        assert!(!error.message_zh().is_empty());
    }
}

#[test]
fn bombs_are_refused_without_being_unfolded_into_memory() {
    let zeros = gzip(&[b"a,b\n".to_vec(), b"0,0\n".repeat(24 << 20)].concat());
    assert_eq!(table(zeros, "x.csv.gz").map(|t| t.header).unwrap_err().code(), "F107");

    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for name in ["xl/workbook.xml", "xl/worksheets/sheet1.xml"] {
        zip.start_file(name, options).unwrap();
        for _ in 0..120 {
            zip.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
    }
    let mut bomb = zip.finish().unwrap().into_inner();
    assert_eq!(table(bomb.clone(), "x.xlsx").map(|t| t.header).unwrap_err().code(), "F107");
    // A bomb that lies about its size in the central directory is refused just the same.
    let size = (120_u32 << 20).to_le_bytes();
    while let Some(at) = bomb.windows(4).position(|window| window == size) {
        bomb[at..at + 4].copy_from_slice(&7_u32.to_le_bytes());
    }
    let lying = table(bomb, "x.xlsx").map(|t| t.header).unwrap_err();
    assert!(["F107", "F112"].contains(&lying.code()), "{lying}");
}

#[test]
fn an_archive_without_a_workbook_says_so() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("cases.csv", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"a,b\n1,2\n").unwrap();
    let error = table(zip.finish().unwrap().into_inner(), "x.zip").map(|t| t.header).unwrap_err();
    assert_eq!(error.code(), "F109");
}

#[test]
fn a_sheet_can_be_chosen_and_a_missing_one_lists_the_others() {
    let options = ReadOptions { sheet: Some("病例".to_owned()) };
    let error = open(workbook(None), "x.xlsx", &options).map(|t| t.header).unwrap_err();
    assert!(matches!(&error, ReadError::NoSheet { available, .. } if available.contains("说明")), "{error}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn no_bytes_make_the_reader_fail(
        prefix in proptest::sample::select(vec![&b""[..], b"a,b\n", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b\x08", b"\xff\xfe"]),
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600),
    ) {
        if let Ok(table) = table([prefix, &bytes].concat(), "x") {
            let (mut pass, mut row) = (table.rows().unwrap(), Row::default());
            while let Ok(true) = pass.read(&mut row) {}
        }
    }
}
