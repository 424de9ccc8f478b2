//! Refused rows as a file of their own: the header and the cells as they were, with the reasons behind them, to be
//! corrected and imported again. The columns of reasons match no field.

use crate::ingest::neutralise::guard;
use crate::ingest::read::{Row, plain_cell};
use std::io::{self, Write};
use wanquan_domain::issue::{Issue, Severity};
use wanquan_domain::text::Lang;

/// Writes refused rows as CSV (UTF-8 with mark, as spreadsheets expect it).
pub(super) struct RefusedRows {
    out: csv::Writer<Box<dyn Write + Send>>,
    header: Option<Vec<String>>,
    width: usize,
    lang: Lang,
}

impl RefusedRows {
    pub fn new(sink: Box<dyn Write + Send>, header: &[String], lang: Lang) -> Self {
        let names = header.iter().enumerate().map(|(i, name)| match name.is_empty() {
            true => format!("({})", i + 1),
            false => name.clone(),
        });
        let (row, why) = match lang {
            Lang::En => ("row in file", "why refused"),
            Lang::Zh => ("原文件行号", "拒绝原因"),
        };
        let header = names.chain([row.to_owned(), why.to_owned()]).collect();
        let out =
            csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(sink);
        Self { out, header: Some(header), width: 0, lang }
    }

    pub fn write(&mut self, row: &Row, issues: &[Issue]) -> io::Result<()> {
        if let Some(mut header) = self.header.take() {
            self.width = header.len() - 2;
            if let Some(first) = header.first_mut() {
                first.insert(0, '\u{feff}');
            }
            self.out.write_record(&header)?;
        }
        // A row with too many cells keeps them, behind the reasons it would be another column.
        for i in 0..self.width {
            self.out.write_field(guard(plain_cell(row.get(i))).as_bytes())?;
        }
        self.out.write_field(row.number().to_string())?;
        let errors = issues.iter().filter(|issue| issue.severity == Severity::Error);
        let reasons: Vec<String> = errors.map(|issue| reason(issue, self.lang)).collect();
        self.out.write_field(guard(&reasons.join("; ")).as_bytes())?;
        for i in self.width..row.len() {
            self.out.write_field(guard(plain_cell(row.get(i))).as_bytes())?;
        }
        self.out.write_record(None::<&[u8]>)?;
        Ok(())
    }

    pub fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// `E106 onset [2020-13-01]: not a date`.
fn reason(issue: &Issue, lang: Lang) -> String {
    let mut text = issue.code.as_str().to_owned();
    if let Some(column) = issue.column.as_ref().or(issue.field.as_ref()) {
        text.push(' ');
        text.push_str(column);
    }
    if let Some(value) = &issue.value {
        text.push_str(&format!(" [{value}]"));
    }
    text.push_str(": ");
    text.push_str(&issue.message(lang));
    text
}
