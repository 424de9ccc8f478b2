//! Workbooks: XLSX by streaming cells, old XLS whole. Archives are measured before anything is unfolded into memory.

use crate::ingest::delimited::Row;
use crate::ingest::error::ReadError;
use crate::ingest::limits;
use crate::ingest::source::Source;
use calamine::{Data, DataRef, DataType, Reader, Xls, Xlsx, XlsxError};
use std::fmt::Write as _;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The filled rows of one sheet, packed: text in one string, cells as positions in it.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub name: String,
    pub others: Vec<String>,
    pub error_cells: u64,
    /// Cells of the widest row.
    pub width: usize,
    text: String,
    ends: Vec<u32>,
    /// Row number (from 1) and the position of its first cell in `ends`.
    rows: Vec<(u32, u32)>,
}

impl Sheet {
    /// Number of rows with a filled cell.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row at a position, cells up to its last filled one.
    pub fn read(&self, at: usize, row: &mut Row) -> bool {
        let Some(&(number, first)) = self.rows.get(at) else { return false };
        let last = self.rows.get(at + 1).map_or(self.ends.len(), |next| next.1 as usize);
        row.clear(u64::from(number));
        let first = first as usize;
        let mut from = if first == 0 { 0 } else { self.ends[first - 1] as usize };
        for &to in &self.ends[first..last] {
            row.push(&self.text[from..to as usize]);
            from = to as usize;
        }
        true
    }

    /// Adds a filled cell; rows and columns from 0, in reading order.
    fn push(&mut self, at: (u32, u32), write: impl FnOnce(&mut String)) -> Result<(), ReadError> {
        let (number, column) = (at.0 + 1, at.1 as usize);
        match self.rows.last() {
            Some((last, _)) if *last == number => {}
            Some((last, _)) if *last > number => {
                return Err(damaged("its rows are out of order"));
            }
            _ => {
                let first = u32::try_from(self.ends.len()).map_err(|_| ReadError::SheetTooLarge)?;
                self.rows.push((number, first));
            }
        }
        if column >= limits::COLUMNS_MAX {
            return Err(ReadError::TooManyColumns);
        }
        let first = self.rows.last().map_or(0, |row| row.1 as usize);
        if self.ends.len() - first > column {
            return Err(damaged("its cells are out of order"));
        }
        let here = u32::try_from(self.text.len()).map_err(|_| ReadError::SheetTooLarge)?;
        self.ends.resize(first + column, here);
        let from = self.text.len();
        write(&mut self.text);
        // Trailing line ends of a cell are nothing that anybody typed on purpose; NUL is refused as in text files.
        if self.text[from..].contains('\0') {
            return Err(ReadError::Nul { offset: 0 });
        }
        let to = u32::try_from(self.text.len()).map_err(|_| ReadError::SheetTooLarge)?;
        self.ends.push(to);
        self.width = self.width.max(column + 1);
        if self.text.len() > limits::SHEET_TEXT_BYTES_MAX || self.ends.len() > limits::SHEET_CELLS_MAX {
            return Err(ReadError::SheetTooLarge);
        }
        Ok(())
    }
}

fn damaged(detail: &str) -> ReadError {
    ReadError::DamagedWorkbook { detail: detail.to_owned() }
}

/// Runs a reader of a foreign format; a panic inside it is a damaged file and not the end of the program.
fn guarded<T>(read: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(damaged("its structure cannot be followed")))
}

/// Reads a sheet of an XLSX workbook: the named one, or the first that has two rows.
pub(crate) fn read_xlsx(source: &Source, wanted: Option<&str>) -> Result<Sheet, ReadError> {
    measure(source)?;
    guarded(|| {
        let mut workbook: Xlsx<_> = Xlsx::new(io::BufReader::new(source.open()?)).map_err(xlsx_error)?;
        let names = workbook.sheet_names();
        let candidates = candidates(&names, wanted)?;
        let mut best: Option<Sheet> = None;
        for name in candidates {
            let mut sheet = Sheet { name: name.clone(), ..Sheet::default() };
            let mut cells = match workbook.worksheet_cells_reader(&name) {
                Ok(cells) => cells,
                // A chart on a sheet of its own has no cells.
                Err(XlsxError::NotAWorksheet(_) | XlsxError::WorksheetNotFound(_)) => continue,
                Err(error) => return Err(xlsx_error(error)),
            };
            while let Some(cell) = cells.next_cell().map_err(xlsx_error)? {
                match cell.get_value() {
                    DataRef::Empty => {}
                    DataRef::Error(_) => sheet.error_cells += 1,
                    DataRef::SharedString(text) if text.trim().is_empty() => {}
                    DataRef::SharedString(text) => {
                        sheet.push(cell.get_position(), |out| out.push_str(text))?
                    }
                    value => {
                        let value = Data::from(value.clone());
                        sheet.push(cell.get_position(), |out| write_cell(&value, out))?;
                    }
                }
            }
            let enough = sheet.len() >= 2;
            if best.as_ref().is_none_or(|best| sheet.len() > best.len()) {
                best = Some(sheet);
            }
            if enough {
                break;
            }
        }
        finish(best, &names)
    })
}

/// Reads a sheet of an old binary workbook.
pub(crate) fn read_xls(source: &Source, wanted: Option<&str>) -> Result<Sheet, ReadError> {
    if source.len()? > limits::XLS_BYTES_MAX {
        return Err(ReadError::SheetTooLarge);
    }
    guarded(|| {
        let bytes = source.head(limits::XLS_BYTES_MAX)?;
        // The encrypted form of an XLSX workbook hides in the container of the old format.
        let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        if memchr::memmem::find(&bytes, &name).is_some() {
            return Err(ReadError::Protected);
        }
        let mut workbook: Xls<_> = Xls::new(io::Cursor::new(bytes)).map_err(xls_error)?;
        let names = workbook.sheet_names();
        let mut best: Option<Sheet> = None;
        for name in candidates(&names, wanted)? {
            let mut sheet = Sheet { name: name.clone(), ..Sheet::default() };
            let range = workbook.worksheet_range(&name).map_err(xls_error)?;
            let (row0, column0) = range.start().unwrap_or((0, 0));
            for (row, column, value) in range.used_cells() {
                let at = |offset: usize, from: u32| {
                    u32::try_from(offset).map(|n| n + from).map_err(|_| ReadError::SheetTooLarge)
                };
                if matches!(value, Data::Error(_)) {
                    sheet.error_cells += 1;
                } else {
                    sheet.push((at(row, row0)?, at(column, column0)?), |out| write_cell(value, out))?;
                }
            }
            let enough = sheet.len() >= 2;
            if best.as_ref().is_none_or(|best| sheet.len() > best.len()) {
                best = Some(sheet);
            }
            if enough {
                break;
            }
        }
        finish(best, &names)
    })
}

fn candidates(names: &[String], wanted: Option<&str>) -> Result<Vec<String>, ReadError> {
    match wanted {
        None => Ok(names.to_vec()),
        Some(name) if names.iter().any(|n| n == name) => Ok(vec![name.to_owned()]),
        Some(name) => Err(ReadError::NoSheet { name: name.to_owned(), available: names.join(", ") }),
    }
}

fn finish(best: Option<Sheet>, names: &[String]) -> Result<Sheet, ReadError> {
    let mut sheet = best.filter(|sheet| sheet.len() > 0).ok_or(ReadError::Empty)?;
    sheet.others = names.iter().filter(|name| **name != sheet.name).cloned().collect();
    Ok(sheet)
}

/// A cell as text: whole numbers without point, days as ISO dates, times behind a `T`.
fn write_cell(value: &Data, out: &mut String) {
    match value {
        Data::Empty | Data::Error(_) => {}
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => out.push_str(text),
        Data::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Data::Int(value) => {
            let _ = write!(out, "{value}");
        }
        Data::Float(value) => {
            let _ = write!(out, "{value}");
        }
        Data::DateTime(value) if value.is_datetime() && value.as_f64() >= 1.0 => {
            let (year, month, day, hour, minute, second, milli) = value.to_ymd_hms_milli();
            let _ = write!(out, "{year:04}-{month:02}-{day:02}");
            if (hour, minute, second, milli) != (0, 0, 0, 0) {
                let _ = write!(out, "T{hour:02}:{minute:02}:{second:02}");
            }
        }
        Data::DateTime(value) => {
            let _ = write!(out, "{}", value.as_f64());
        }
    }
    debug_assert!(!value.is_error(), "errors are counted before");
}

fn xlsx_error(error: XlsxError) -> ReadError {
    match error {
        XlsxError::Password => ReadError::Protected,
        XlsxError::Io(error) => error.into(),
        error => ReadError::DamagedWorkbook { detail: error.to_string() },
    }
}

fn xls_error(error: calamine::XlsError) -> ReadError {
    match error {
        calamine::XlsError::Password => ReadError::Protected,
        calamine::XlsError::Io(error) => error.into(),
        error => ReadError::DamagedWorkbook { detail: error.to_string() },
    }
}

/// Measures the archive of a workbook by unfolding every part into nothing: a declared size can lie.
fn measure(source: &Source) -> Result<(), ReadError> {
    let stored = source.len()?;
    let most = limits::INFLATED_BYTES_FREE.max(stored.saturating_mul(limits::WORKBOOK_RATIO_MAX));
    let most = most.min(limits::WORKBOOK_BYTES_MAX);
    let refused = || ReadError::TooLargeUnfolded {
        bytes_max: limits::WORKBOOK_BYTES_MAX,
        ratio_max: limits::WORKBOOK_RATIO_MAX,
    };
    let archive_error = |error: zip::result::ZipError| match error {
        zip::result::ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => error.into(),
        zip::result::ZipError::UnsupportedArchive(reason) if reason.contains("assword") => {
            ReadError::Protected
        }
        error => ReadError::DamagedWorkbook { detail: error.to_string() },
    };
    let mut archive = zip::ZipArchive::new(io::BufReader::new(source.open()?)).map_err(archive_error)?;
    if archive.len() > limits::WORKBOOK_PARTS_MAX {
        return Err(refused());
    }
    let names: Vec<String> = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    if names.iter().any(|name| name == "content.xml") {
        return Err(ReadError::NotATable { what: "it is an OpenDocument sheet; save it as XLSX or CSV" });
    }
    if names.iter().any(|name| name.ends_with("workbook.bin")) {
        return Err(ReadError::NotATable { what: "it is a binary workbook (.xlsb); save it as XLSX or CSV" });
    }
    if !names.iter().any(|name| name.ends_with("workbook.xml")) {
        return Err(ReadError::NotATable { what: "it is an archive without a workbook; unpack it first" });
    }
    let mut declared = 0_u64;
    for i in 0..archive.len() {
        declared = declared.saturating_add(archive.by_index_raw(i).map_err(archive_error)?.size());
    }
    if declared > most {
        return Err(refused());
    }
    let mut left = most;
    for i in 0..archive.len() {
        let part = archive.by_index(i).map_err(archive_error)?;
        let n = io::copy(&mut part.take(left + 1), &mut io::sink())
            .map_err(|error| damaged(&error.to_string()))?;
        left = left.checked_sub(n).ok_or_else(refused)?;
    }
    Ok(())
}
