//! From a file to a table: what the file is, its header, and its rows as text, as often as needed.
//!
//! A table is opened once, which reads the whole file and refuses what is cut, damaged, binary or a bomb; after that
//! each pass over its rows streams. Text tables hold one buffer in memory, workbooks one sheet.

pub use crate::ingest::delimited::Row;
use crate::ingest::delimited::{Records, sample_rows, sniff_delimiter, usual};
pub use crate::ingest::encoding::Encoding;
pub use crate::ingest::error::ReadError;
pub use crate::ingest::header::Note;
use crate::ingest::limits::{PREAMBLE_ROWS_MAX, SNIFF_BYTES, SNIFF_ROWS};
pub use crate::ingest::source::Source;
use crate::ingest::source::{Codec, Inspection, fill, inspect};
use crate::ingest::workbook::{self, Sheet};
use crate::ingest::{header, neutralise};
use std::io::Read;
use std::sync::Arc;

/// Kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Delimited text.
    Delimited,
    /// Workbook of the present format.
    Xlsx,
    /// Workbook of the old binary format.
    Xls,
}

impl Format {
    /// The name shown in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delimited => "delimited text",
            Self::Xlsx => "xlsx",
            Self::Xls => "xls",
        }
    }
}

/// What a file was found to be.
#[derive(Debug, Clone, PartialEq)]
pub struct FileInfo {
    /// Name as given.
    pub name: String,
    /// Kind.
    pub format: Format,
    /// Encoding of text; `None` for workbooks.
    pub encoding: Option<Encoding>,
    /// Delimiter of text; `None` for workbooks.
    pub delimiter: Option<char>,
    /// True if gzip was taken off.
    pub gzip: bool,
    /// Sheet that was read.
    pub sheet: Option<String>,
    /// Size as stored, in bytes.
    pub bytes: u64,
    /// Rows below the header, blank ones left out.
    pub rows: u64,
    /// BLAKE3 of the bytes as stored, hexadecimal.
    pub digest: String,
    /// What the person should know and that refuses nothing.
    pub notes: Vec<Note>,
}

/// What may be said about a file beforehand; the recommended value says nothing.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Sheet of a workbook; otherwise the first one with rows.
    pub sheet: Option<String>,
}

/// A table whose form is known.
#[derive(Debug, Clone)]
pub struct Table {
    /// What the file is.
    pub info: FileInfo,
    /// Column names: distinct, blanks at their ends and doubled ones within removed; empty for an unnamed column.
    pub header: Vec<String>,
    /// Row of the file in which the header stands, from 1.
    pub header_row: u64,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    Text { source: Source, codec: Codec, delimiter: u8, first_line: u64 },
    Sheet { sheet: Arc<Sheet>, first: usize },
}

/// Opens a file as a table.
///
/// # Errors
/// A [`ReadError`] says why the file cannot be read as a table; nothing of it may be used then.
pub fn open(source: impl Into<Source>, name: &str, options: &ReadOptions) -> Result<Table, ReadError> {
    let source = source.into();
    let bytes = source.len()?;
    let digest = source.digest()?;
    let head = source.head(8)?;
    let info = FileInfo {
        name: name.to_owned(),
        format: Format::Delimited,
        encoding: None,
        delimiter: None,
        gzip: false,
        sheet: None,
        bytes,
        rows: 0,
        digest,
        notes: Vec::new(),
    };
    match head[..] {
        [b'P', b'K', 3, 4, ..] => {
            let sheet = workbook::read_xlsx(&source, options.sheet.as_deref())?;
            from_sheet(sheet, FileInfo { format: Format::Xlsx, ..info })
        }
        [0xd0, 0xcf, 0x11, 0xe0, ..] => {
            let sheet = workbook::read_xls(&source, options.sheet.as_deref())?;
            from_sheet(sheet, FileInfo { format: Format::Xls, ..info })
        }
        [0x1f, 0x8b, ..] => from_text(source, FileInfo { gzip: true, ..info }),
        _ => from_text(source, info),
    }
}

fn from_sheet(sheet: Sheet, mut info: FileInfo) -> Result<Table, ReadError> {
    let mut sample = vec![Row::default(); sheet.len().min(SNIFF_ROWS)];
    for (at, row) in sample.iter_mut().enumerate() {
        sheet.read(at, row);
    }
    let found = header::find(&sample)?;
    let mut names = found.names;
    // Cells beyond the last name belong to columns without one, not to a broken row: a sheet is a grid.
    let named = names.len();
    names.resize(sheet.width.max(named), String::new());
    info.notes = found.notes;
    info.notes.extend((named..names.len()).map(|i| Note::UnnamedColumn(i + 1)));
    if !sheet.others.is_empty() {
        info.notes.push(Note::OtherSheets(sheet.others.clone()));
    }
    if sheet.error_cells > 0 {
        info.notes.push(Note::ErrorCells(sheet.error_cells));
    }
    info.sheet = Some(sheet.name.clone());
    let header_row = sample[found.at].number();
    let body = Body::Sheet { sheet: Arc::new(sheet), first: found.at + 1 };
    let mut table = Table { info, header: names, header_row, body };
    table.check_whole(true)?;
    Ok(table)
}

fn from_text(source: Source, mut info: FileInfo) -> Result<Table, ReadError> {
    let Inspection { codec, ended } = inspect(&source, info.gzip)?;
    let mut text = source.text(codec)?;
    let mut sample = vec![0; SNIFF_BYTES];
    let n = fill(&mut text, &mut sample)?;
    drop(text);
    let whole = n < sample.len();
    sample.truncate(n);
    let (skipped, comments, declared) = above_the_table(&sample);
    let rest = &sample[skipped.bytes..];
    if rest.trim_ascii().is_empty() {
        return Err(if whole {
            ReadError::Empty
        } else {
            ReadError::NoHeader {
                detail: "the file begins with nothing but comments and blank lines".to_owned(),
            }
        });
    }
    let delimiter = declared.unwrap_or_else(|| sniff_delimiter(rest, whole));
    let rows = sample_rows(rest, whole, delimiter);
    if rows.is_empty() {
        // The splitter says why not even one row can be read.
        Records::new(rest, delimiter).read(&mut Row::default())?;
        return Err(ReadError::NoHeader { detail: "no row names the columns".to_owned() });
    }
    let found = header::find(&rows)?;
    let header_line = rows[found.at].number();
    // The first line after the header record, which may itself span lines.
    let mut records = Records::new(rest, delimiter);
    let mut row = Row::default();
    while records.line() <= header_line && records.read(&mut row)? {}
    let first_line = skipped.lines + records.line();
    info.notes = found.notes;
    if comments > 0 {
        info.notes.insert(0, Note::CommentLines(comments));
    }
    info.encoding = Some(codec.encoding);
    info.delimiter = Some(char::from(delimiter));
    let header_row = skipped.lines + header_line;
    let mut names = found.names;
    // A column of a single name and many rows with more cells is text, not a table.
    let widths: Vec<usize> = rows[found.at + 1..].iter().map(Row::len).collect();
    if let Some(width) = usual(&widths)
        && width > 2 * names.len() + PREAMBLE_ROWS_MAX
    {
        return Err(ReadError::NoHeader { detail: "rows have far more cells than the header".to_owned() });
    }
    if names.is_empty() {
        names.push(String::new());
    }
    let body = Body::Text { source, codec, delimiter, first_line };
    let mut table = Table { info, header: names, header_row, body };
    table.check_whole(ended)?;
    Ok(table)
}

/// What stands above the table and is passed over.
#[derive(Default)]
struct Above {
    bytes: usize,
    lines: u64,
}

/// Blank lines, comments beginning with `#`, and the `sep=;` line of spreadsheets.
fn above_the_table(text: &[u8]) -> (Above, u64, Option<u8>) {
    let mut above = Above::default();
    let (mut comments, mut declared) = (0, None);
    for line in text.split_inclusive(|b| *b == b'\n') {
        let plain = line.trim_ascii();
        let comment = plain.first() == Some(&b'#')
            // `#,name,date` is a header whose first column is called `#`.
            && !matches!(plain.get(1), Some(b',' | b';' | b'\t' | b'|' | b'"'));
        if let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter] = plain {
            declared = Some(*delimiter);
        } else if comment {
            comments += 1;
        } else if !plain.is_empty() {
            break;
        }
        above.bytes += line.len();
        above.lines += u64::from(line.ends_with(b"\n"));
    }
    (above, comments, declared)
}

impl Table {
    /// A new pass over the rows below the header; blank rows are passed over.
    ///
    /// # Errors
    /// The file has gone or cannot be read any more.
    pub fn rows(&self) -> Result<Rows, ReadError> {
        let width = self.header.len();
        Ok(match &self.body {
            Body::Text { source, codec, delimiter, first_line } => {
                let mut records = Records::new(source.text(*codec)?, *delimiter);
                records.skip_lines(*first_line)?;
                Rows { width, inner: Inner::Text(Box::new(records)) }
            }
            Body::Sheet { sheet, first } => {
                Rows { width, inner: Inner::Sheet { sheet: Arc::clone(sheet), next: *first } }
            }
        })
    }

    /// Position of a column by its name.
    pub fn column(&self, name: &str) -> Option<usize> {
        let name = name.trim();
        self.header.iter().position(|column| column == name).or_else(|| {
            let folded = wanquan_domain::register::fold(name);
            self.header.iter().position(|column| wanquan_domain::register::fold(column) == folded)
        })
    }

    /// Reads every row once, so that a table that was opened can be read whole; counts them.
    ///
    /// A last line without line end that lacks cells which every other row has was cut off.
    fn check_whole(&mut self, ended: bool) -> Result<(), ReadError> {
        let mut rows = self.rows()?;
        let mut row = Row::default();
        let (mut n, mut complete) = (0_u64, 0_u64);
        let (mut last_width, mut last_line) = (0, 0);
        while rows.read(&mut row)? {
            n += 1;
            complete += u64::from(row.len() == self.header.len());
            (last_width, last_line) = (row.len(), row.number());
        }
        self.info.rows = n;
        if !ended && n > 0 {
            if last_width < self.header.len() && n > 1 && complete == n - 1 {
                return Err(ReadError::CutText { line: last_line });
            }
            self.info.notes.push(Note::LastLineNotEnded);
        }
        Ok(())
    }
}

/// One pass over the rows of a table.
pub struct Rows {
    width: usize,
    inner: Inner,
}

enum Inner {
    Text(Box<Records<Box<dyn Read + Send>>>),
    Sheet { sheet: Arc<Sheet>, next: usize },
}

impl Rows {
    /// Reads the next row that is not blank into `row`; false at the end.
    ///
    /// # Errors
    /// Text that breaks the bounds or a quote that never closes.
    pub fn read(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        loop {
            let more = match &mut self.inner {
                Inner::Text(records) => records.read(row)?,
                Inner::Sheet { sheet, next } => {
                    *next += 1;
                    let more = sheet.read(*next - 1, row);
                    while more && row.len() < self.width {
                        row.push("");
                    }
                    more
                }
            };
            if !more || !row.is_blank() {
                return Ok(more);
            }
        }
    }

    /// True if the row has as many cells as the header, blank ones behind the last name left out.
    pub fn fits(&self, row: &Row) -> bool {
        row.len() == self.width
            || (row.len() > self.width && row.iter().skip(self.width).all(|cell| cell.trim().is_empty()))
    }
}

/// The text that a cell stands for: what the guard against formulas added is taken off.
pub fn plain_cell(cell: &str) -> &str {
    neutralise::restore(cell)
}
