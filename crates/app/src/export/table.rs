//! The table of an export: columns of a register, rows of records, as text or as a workbook.

use super::{Form, Names};
use crate::error::Error;
use crate::ingest::neutralise::guard;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use wanquan_domain::date::parse_iso;
use wanquan_domain::record::Record;
use wanquan_domain::register::{Field, FieldType, Register};

/// One column.
pub(super) struct Column<'a> {
    field: &'a Field,
    name: String,
    names: Names,
}

impl<'a> Column<'a> {
    /// The columns of a register, with those of personal fields or without.
    pub fn of(register: &'a Register, personal: bool, names: Names) -> Vec<Self> {
        let fields: Vec<&Field> =
            register.fields.iter().filter(|field| personal || !field.personal).collect();
        let label = |field: &Field| match names {
            Names::Ids => field.id.clone(),
            Names::Labels(lang) => field.label.get(lang).to_owned(),
        };
        let mut uses: BTreeMap<String, u32> = BTreeMap::new();
        fields.iter().for_each(|field| *uses.entry(label(field)).or_default() += 1);
        let column = |field: &'a Field| {
            let name = label(field);
            // A label of two fields would be read back as neither.
            let name = if uses[&name] > 1 { field.id.clone() } else { name };
            Self { field, name, names }
        };
        fields.into_iter().map(column).collect()
    }

    fn choice<'v>(&'v self, id: &'v str) -> &'v str {
        let Names::Labels(lang) = self.names else { return id };
        let label =
            self.field.choices.iter().find(|choice| choice.id == id).map(|choice| choice.label.get(lang));
        // A label that another choice answers to would come back as that one.
        let back = |label: &&str| self.field.choice(label).is_some_and(|choice| choice.id == id);
        label.filter(back).unwrap_or(id)
    }

    /// The value as the cell of a text table.
    fn text<'v>(&'v self, value: &'v Json) -> Cow<'v, str> {
        match value {
            Json::Null => Cow::Borrowed(""),
            Json::String(text) => match self.field.field_type {
                FieldType::Choice => Cow::Borrowed(self.choice(text)),
                FieldType::Date | FieldType::Datetime | FieldType::Region => Cow::Borrowed(text),
                _ => guard(text),
            },
            Json::Array(items) => {
                let items: Vec<&str> =
                    items.iter().filter_map(Json::as_str).map(|id| self.choice(id)).collect();
                Cow::Owned(items.join(";"))
            }
            other => Cow::Owned(other.to_string()),
        }
    }
}

/// A table being written.
pub(super) enum Table {
    Csv(Box<csv::Writer<Box<dyn Write + Send>>>),
    Xlsx(Box<Sheet>),
}

pub(super) struct Sheet {
    workbook: Workbook,
    row: u32,
    day: Format,
    out: Box<dyn Write + Send>,
}

/// Rows of a sheet.
const SHEET_ROWS_MAX: u32 = 1_048_576;

fn not_written(source: io::Error) -> Error {
    Error::Output { what: "the export", source }
}

fn from_csv(error: csv::Error) -> Error {
    not_written(error.into())
}

fn from_xlsx(error: XlsxError) -> Error {
    match error {
        XlsxError::MaxStringLengthExceeded | XlsxError::RowColumnLimitError => Error::BadInput {
            field: "form",
            message: "it does not fit into a workbook; export it as CSV".to_owned(),
        },
        XlsxError::IoError(source) => not_written(source),
        other => not_written(io::Error::other(other)),
    }
}

impl Table {
    /// Writes the header.
    pub fn begin(form: Form, columns: &[Column<'_>], mut out: Box<dyn Write + Send>) -> Result<Self, Error> {
        match form {
            Form::Csv => {
                out.write_all("\u{feff}".as_bytes()).map_err(not_written)?;
                let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
                writer.write_record(columns.iter().map(|column| &column.name)).map_err(from_csv)?;
                Ok(Self::Csv(Box::new(writer)))
            }
            Form::Xlsx => {
                let mut workbook = Workbook::new();
                let bold = Format::new().set_bold();
                // Rows go to a temporary file as they come: a million of them would take gigabytes.
                let sheet = workbook.add_worksheet_with_constant_memory().map_err(from_xlsx)?;
                sheet.set_freeze_panes(1, 0).map_err(from_xlsx)?;
                for (at, column) in (0..).zip(columns) {
                    sheet.write_string_with_format(0, at, &column.name, &bold).map_err(from_xlsx)?;
                }
                let day = Format::new().set_num_format("yyyy-mm-dd");
                Ok(Self::Xlsx(Box::new(Sheet { workbook, row: 0, day, out })))
            }
        }
    }

    /// Writes a record.
    pub fn write(&mut self, columns: &[Column<'_>], record: &Record, personal: bool) -> Result<(), Error> {
        let value = |column: &Column<'_>| {
            record.data.get(&column.field.id).filter(|_| personal || !column.field.personal)
        };
        match self {
            Self::Csv(writer) => {
                for column in columns {
                    let text = value(column).map_or(Cow::Borrowed(""), |value| column.text(value));
                    writer.write_field(text.as_bytes()).map_err(from_csv)?;
                }
                writer.write_record(None::<&[u8]>).map_err(from_csv)
            }
            Self::Xlsx(sheet) => {
                sheet.row += 1;
                if sheet.row >= SHEET_ROWS_MAX {
                    return Err(from_xlsx(XlsxError::RowColumnLimitError));
                }
                let (row, day) = (sheet.row, &sheet.day);
                let cells = sheet.workbook.worksheet_from_index(0).map_err(from_xlsx)?;
                for (at, column) in (0..).zip(columns) {
                    if let Some(value) = value(column) {
                        write_cell(cells, (row, at), column, value, day).map_err(from_xlsx)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Makes the file whole.
    pub fn finish(self) -> Result<(), Error> {
        match self {
            Self::Csv(mut writer) => writer.flush().map_err(not_written),
            Self::Xlsx(mut sheet) => {
                // The archive is put together with jumps back, which a pipe does not allow.
                let bytes = sheet.workbook.save_to_buffer().map_err(from_xlsx)?;
                sheet.out.write_all(&bytes).and_then(|()| sheet.out.flush()).map_err(not_written)
            }
        }
    }
}

fn write_cell(
    sheet: &mut Worksheet,
    (row, at): (u32, u16),
    column: &Column<'_>,
    value: &Json,
    day: &Format,
) -> Result<(), XlsxError> {
    match value {
        Json::Number(number) => {
            // Beyond 2^53 a cell of a workbook no longer holds every whole number.
            const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
            match number.as_f64().filter(|n| n.abs() <= EXACT_MAX) {
                Some(n) => sheet.write_number(row, at, n)?,
                None => sheet.write_string(row, at, number.to_string())?,
            };
        }
        Json::Bool(value) => {
            sheet.write_boolean(row, at, *value)?;
        }
        Json::String(text) if column.field.field_type == FieldType::Date => {
            match excel_day(text) {
                Some(date) => sheet.write_datetime_with_format(row, at, &date, day)?,
                None => sheet.write_string(row, at, text)?,
            };
        }
        value => {
            sheet.write_string(row, at, column.text(value))?;
        }
    }
    Ok(())
}

/// The date of a cell. Days before March 1900 are written as text: spreadsheets count them wrongly or not at all.
fn excel_day(text: &str) -> Option<ExcelDateTime> {
    let date = parse_iso(text).filter(|date| *date >= jiff::civil::date(1900, 3, 1))?;
    let (year, month, day) = (date.year(), date.month(), date.day());
    ExcelDateTime::from_ymd(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()
}
