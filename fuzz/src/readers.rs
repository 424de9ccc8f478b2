//! Any bytes as a table, and that table as each thing that a command may take it for: an answer or an error, never a
//! panic. The first line says how the rest is wrapped into a file.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{Cursor, Write};
use wanquan_app::forecast::{hub, run};
use wanquan_app::ingest::panel::{PanelOptions, read_panel};
use wanquan_app::ingest::read::{ReadOptions, Row, Source, Table, open};
use wanquan_app::ingest::series::{SeriesOptions, read_series};
use zip::write::SimpleFileOptions;

/// Most rows of a table that every reader is tried on; the splitter is tried on all.
const ROWS_MAX: u64 = 100_000;

/// What became of an input.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is a table of so many rows.
    Read(u64),
    /// It is none, for this reason.
    Refused(String),
    /// Its first line says nothing.
    NoFile,
}

/// Tries everything on an input, and panics where a reader did.
pub fn run(input: &[u8]) -> Outcome {
    let Some(file) = wrapped(input) else { return Outcome::NoFile };
    let table = match open(Source::from(file), "table", &ReadOptions::default()) {
        Ok(table) => table,
        Err(why) => return Outcome::Refused(why.to_string()),
    };
    assert_eq!(count(&table), table.info.rows, "a second pass reads what the first one counted");
    if table.info.rows > ROWS_MAX {
        return Outcome::Read(table.info.rows);
    }
    if let Ok(panel) = read_panel(&table, &PanelOptions::default()) {
        let len = panel.first().map(|series| series.counts.len());
        assert!(panel.iter().all(|series| Some(series.counts.len()) == len), "series share a calendar");
    }
    let _ = read_series(&table, &SeriesOptions::default());
    let _ = run::read_panel(&table, &SeriesOptions::default()).and_then(|set| run::counts_of(&set));
    let _ = hub::read_counts(&table);
    let _ = hub::read_revisions(&table);
    let _ = hub::read_population(&table);
    let _ = hub::read_forecasts(&table, None);
    Outcome::Read(table.info.rows)
}

fn count(table: &Table) -> u64 {
    let Ok(mut rows) = table.rows() else { return 0 };
    let (mut row, mut counted) = (Row::default(), 0);
    while rows.read(&mut row).is_ok_and(|more| more) {
        counted += 1;
    }
    counted
}

/// The bytes of a file: as they stand, compressed, or as the cells of a workbook. Bytes changed at random would seldom
/// have the right sums to be unfolded.
fn wrapped(input: &[u8]) -> Option<Vec<u8>> {
    let end = input.iter().position(|byte| *byte == b'\n')?;
    let (how, rest) = (&input[..end], &input[end + 1..]);
    let file = match how {
        b"plain" => Ok(rest.to_vec()),
        b"gzip" => compressed(rest),
        b"sheet" => workbook(rest),
        _ => return None,
    };
    Some(file.expect("writing to memory does not fail"))
}

fn compressed(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text)?;
    encoder.finish()
}

/// A workbook whose only sheet has these rows, as `<row>` elements.
fn workbook(rows: &[u8]) -> std::io::Result<Vec<u8>> {
    const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const LINK: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let book = format!(
        r#"{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{LINK}"><sheets><sheet name="counts" sheetId="1" r:id="rId1"/></sheets></workbook>"#
    );
    let links = |kind: &str, target: &str| {
        format!(
            r#"{HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{LINK}/{kind}" Target="{target}"/></Relationships>"#
        )
    };
    // The second of the two formats of cells is a date.
    let styles = format!(
        r#"{HEAD}<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#
    );
    let shared = format!(
        r#"{HEAD}<sst xmlns="{MAIN}"><si><t>series</t></si><si><t>date</t></si><si><t>cases</t></si><si><t>town</t></si></sst>"#
    );
    let open = format!(r#"{HEAD}<worksheet xmlns="{MAIN}"><sheetData>"#);
    let sheet = [open.as_bytes(), rows, b"</sheetData></worksheet>"].concat();
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, part) in [
        ("_rels/.rels", links("officeDocument", "xl/workbook.xml").as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", links("worksheet", "worksheets/sheet1.xml").as_bytes()),
        ("xl/styles.xml", styles.as_bytes()),
        ("xl/sharedStrings.xml", shared.as_bytes()),
        ("xl/worksheets/sheet1.xml", &sheet),
    ] {
        archive.start_file(name, SimpleFileOptions::default())?;
        archive.write_all(part)?;
    }
    Ok(archive.finish()?.into_inner())
}
