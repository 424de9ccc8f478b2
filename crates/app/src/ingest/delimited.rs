//! Records of delimited text: a splitter that streams, counts physical lines and bounds what a quote may swallow,
//! and the search for the delimiter.
//!
//! Written here and not taken from a library because of the bounds: a quote that never closes must not read the
//! rest of a file into one field, and every row must know its line.

use crate::ingest::error::ReadError;
use crate::ingest::limits::{COLUMNS_MAX, RECORD_BYTES_MAX, SNIFF_ROWS};
use crate::ingest::source::fill;
use std::io::Read;

/// One row. Cells are text as written, without the quotes of the file.
#[derive(Debug, Clone, Default)]
pub struct Row {
    pub(crate) number: u64,
    pub(crate) text: String,
    pub(crate) cells: Vec<(u32, u32)>,
}

impl Row {
    /// Row of the file, from 1: the physical line where the row begins, or the row number that the spreadsheet shows.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// True if there is no cell.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// A cell; empty text beyond the last one.
    pub fn get(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |&(from, to)| &self.text[from as usize..to as usize])
    }

    /// Every cell in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(|&(from, to)| &self.text[from as usize..to as usize])
    }

    /// True if every cell is blank.
    pub fn is_blank(&self) -> bool {
        self.iter().all(|cell| cell.trim().is_empty())
    }

    pub(crate) fn clear(&mut self, number: u64) {
        self.number = number;
        self.text.clear();
        self.cells.clear();
    }

    pub(crate) fn push(&mut self, cell: &str) {
        let from = self.text.len();
        self.text.push_str(cell);
        self.cells.push((position(from), position(self.text.len())));
    }
}

/// Positions within a record fit because records are bounded.
fn position(at: usize) -> u32 {
    u32::try_from(at).expect("a row holds less than 4 GB")
}

/// Splits a stream of UTF-8 text into rows.
pub(crate) struct Records<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    line: u64,
    delimiter: u8,
    scratch: Vec<u8>,
}

/// How far a record reaches.
enum Extent {
    /// Bytes of the record, and of the record with its line end.
    Whole { len: usize, with_end: usize, quoted: bool },
    /// More bytes are needed.
    Unfinished { quoted: bool },
}

impl<R: Read> Records<R> {
    pub(crate) fn new(input: R, delimiter: u8) -> Self {
        let buffer = vec![0; 256 << 10];
        Self { input, buffer, start: 0, end: 0, ended: false, line: 1, delimiter, scratch: Vec::new() }
    }

    /// The line at which the next record begins, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Passes over physical lines, whatever quotes they hold.
    pub(crate) fn skip_lines(&mut self, until_line: u64) -> Result<(), ReadError> {
        while self.line < until_line {
            match memchr::memchr(b'\n', &self.buffer[self.start..self.end]) {
                Some(at) => {
                    self.start += at + 1;
                    self.line += 1;
                }
                None if self.ended => return Ok(()),
                None => self.more()?,
            }
        }
        Ok(())
    }

    /// Reads the next record, blank ones included; false at the end.
    pub(crate) fn read(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        loop {
            match self.extent() {
                Extent::Whole { len, with_end, quoted } => {
                    if len > RECORD_BYTES_MAX {
                        return Err(ReadError::LineTooLong { line: self.line });
                    }
                    let from = self.start;
                    let feeds = if quoted {
                        memchr::memchr_iter(b'\n', &self.buffer[from..from + with_end]).count() as u64
                    } else {
                        1
                    };
                    row.clear(self.line);
                    let mut scratch = std::mem::take(&mut self.scratch);
                    let split = self.split(from, len, quoted, row, &mut scratch);
                    self.scratch = scratch;
                    split?;
                    self.start += with_end;
                    self.line += feeds;
                    return Ok(true);
                }
                Extent::Unfinished { quoted } => {
                    if self.end - self.start > RECORD_BYTES_MAX {
                        return Err(if quoted {
                            ReadError::UnclosedQuote { line: self.line }
                        } else {
                            ReadError::LineTooLong { line: self.line }
                        });
                    }
                    if self.ended {
                        if self.start == self.end {
                            return Ok(false);
                        }
                        return Err(ReadError::UnclosedQuote { line: self.line });
                    }
                    self.more()?;
                }
            }
        }
    }

    /// Where the record at the start of the buffer ends.
    fn extent(&self) -> Extent {
        let rest = &self.buffer[self.start..self.end];
        if rest.is_empty() {
            return Extent::Unfinished { quoted: false };
        }
        let line = memchr::memchr(b'\n', rest);
        let first = &rest[..line.unwrap_or(rest.len())];
        if memchr::memchr(b'"', first).is_none() {
            return match line {
                Some(at) => Extent::Whole { len: without_cr(&rest[..at]), with_end: at + 1, quoted: false },
                None if self.ended => {
                    Extent::Whole { len: without_cr(rest), with_end: rest.len(), quoted: false }
                }
                None => Extent::Unfinished { quoted: false },
            };
        }
        let mut at = 0;
        loop {
            // Invariant: `at` is the first byte of a field.
            if rest.get(at) == Some(&b'"') {
                at += 1;
                loop {
                    match memchr::memchr(b'"', &rest[at..]) {
                        None => return Extent::Unfinished { quoted: true },
                        Some(quote) if rest.get(at + quote + 1) == Some(&b'"') => at += quote + 2,
                        Some(quote) => {
                            at += quote + 1;
                            break;
                        }
                    }
                }
            }
            match memchr::memchr2(self.delimiter, b'\n', &rest[at..]) {
                Some(stop) if rest[at + stop] == b'\n' => {
                    let len = at + stop;
                    return Extent::Whole { len: without_cr(&rest[..len]), with_end: len + 1, quoted: true };
                }
                Some(stop) => at += stop + 1,
                None if self.ended => {
                    return Extent::Whole { len: without_cr(rest), with_end: rest.len(), quoted: true };
                }
                None => return Extent::Unfinished { quoted: false },
            }
        }
    }

    fn split(
        &self,
        from: usize,
        len: usize,
        quoted: bool,
        row: &mut Row,
        scratch: &mut Vec<u8>,
    ) -> Result<(), ReadError> {
        let record = &self.buffer[from..from + len];
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| ReadError::Changed);
        if !quoted {
            row.text.push_str(text(record)?);
            let mut start = 0;
            for at in memchr::memchr_iter(self.delimiter, record) {
                row.cells.push((start, position(at)));
                start = position(at) + 1;
            }
            row.cells.push((start, position(len)));
        } else {
            scratch.clear();
            let mut at = 0;
            loop {
                let start = scratch.len();
                if record.get(at) == Some(&b'"') {
                    at += 1;
                    while let Some(quote) = memchr::memchr(b'"', &record[at..]) {
                        scratch.extend_from_slice(&record[at..at + quote]);
                        at += quote + 1;
                        if record.get(at) != Some(&b'"') {
                            break;
                        }
                        scratch.push(b'"');
                        at += 1;
                    }
                }
                // What follows a closing quote before the delimiter is kept: nothing of a cell is lost.
                let stop = memchr::memchr(self.delimiter, &record[at..]);
                let tail = &record[at..stop.map_or(len, |stop| at + stop)];
                scratch.extend_from_slice(tail);
                row.cells.push((position(start), position(scratch.len())));
                match stop {
                    Some(stop) => at += stop + 1,
                    None => break,
                }
            }
            row.text.push_str(text(scratch)?);
        }
        if row.cells.len() > COLUMNS_MAX {
            return Err(ReadError::TooManyColumns);
        }
        Ok(())
    }

    /// Fetches more bytes behind the unfinished record.
    fn more(&mut self) -> Result<(), ReadError> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            // At most twice the longest record: `read` refuses longer ones.
            self.buffer.resize(2 * self.buffer.len(), 0);
        }
        let n = fill(&mut self.input, &mut self.buffer[self.end..])?;
        self.ended = n < self.buffer.len() - self.end;
        self.end += n;
        Ok(())
    }
}

fn without_cr(line: &[u8]) -> usize {
    line.len() - usize::from(line.last() == Some(&b'\r'))
}

/// Delimiters that are looked for; earlier ones win a tie, being rarer within texts.
const DELIMITERS: [u8; 4] = *b"\t|;,";

/// Rows of the text under a delimiter, at most [`SNIFF_ROWS`] that are not blank. An unreadable rest is left out.
pub(crate) fn sample_rows(text: &[u8], whole: bool, delimiter: u8) -> Vec<Row> {
    let mut records = Records::new(text, delimiter);
    let mut rows = Vec::new();
    let mut row = Row::default();
    while rows.len() < SNIFF_ROWS && matches!(records.read(&mut row), Ok(true)) {
        if !row.is_blank() {
            rows.push(row.clone());
        }
    }
    // The sample may end in the middle of a record.
    if !whole && rows.len() > 1 && rows.len() < SNIFF_ROWS {
        rows.pop();
    }
    rows
}

/// The delimiter under which most rows have the same number of cells, of which there must be at least two.
///
/// Decimal commas do not mislead: they stand in the rows and not in the header, so that under the comma the number
/// of cells differs between the two. Quoted delimiters do not count at all.
pub(crate) fn sniff_delimiter(text: &[u8], whole: bool) -> u8 {
    let mut best = (0.0, b',');
    for delimiter in DELIMITERS {
        let rows = sample_rows(text, whole, delimiter);
        let widths: Vec<usize> = rows.iter().map(Row::len).collect();
        let Some(width) = usual(&widths).filter(|width| *width > 1) else { continue };
        let agreeing = widths.iter().filter(|w| **w == width).count();
        // The first row that is as wide as the rest must name columns, not hold figures.
        let named = rows.iter().find(|row| row.len() == width).map_or(0.0, |row| {
            let words = row.iter().filter(|cell| cell.chars().any(char::is_alphabetic)).count();
            if words * 4 >= width.min(8) { 1.0 } else { 0.5 }
        });
        let score = agreeing as f64 / widths.len() as f64 * named;
        if score > best.0 + 1e-9 {
            best = (score, delimiter);
        }
    }
    best.1
}

/// The most frequent value; the larger one of two equally frequent.
pub(crate) fn usual(values: &[usize]) -> Option<usize> {
    let mut counts = std::collections::BTreeMap::new();
    values.iter().for_each(|value| *counts.entry(*value).or_insert(0_usize) += 1);
    counts.into_iter().max_by_key(|&(value, n)| (n, value)).map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, delimiter: u8) -> Result<Vec<(u64, Vec<String>)>, ReadError> {
        let mut records = Records::new(text.as_bytes(), delimiter);
        let (mut row, mut out) = (Row::default(), Vec::new());
        while records.read(&mut row)? {
            out.push((row.number(), row.iter().map(str::to_owned).collect()));
        }
        Ok(out)
    }

    fn cells(text: &str) -> Vec<Vec<String>> {
        rows(text, b',').unwrap().into_iter().map(|(_, cells)| cells).collect()
    }

    #[test]
    fn quotes_hold_delimiters_line_ends_and_quotes() {
        assert_eq!(cells("a,b\n\"x,1\",\"y\r\n\"\"z\"\"\"\n"), [vec!["a", "b"], vec!["x,1", "y\r\n\"z\""]]);
        assert_eq!(cells("5\" pipe,b\r\n"), [["5\" pipe", "b"]]);
        assert_eq!(cells("\"a\"tail,b"), [["atail", "b"]]);
        assert_eq!(cells("\"\",\"\"\n,"), [["", ""], ["", ""]]);
    }

    #[test]
    fn rows_know_their_line_even_after_breaks_within_quotes() {
        let numbers: Vec<u64> =
            rows("h,i\r\n\"a\nb\",1\n\n2,3", b',').unwrap().into_iter().map(|(line, _)| line).collect();
        assert_eq!(numbers, [1, 2, 4, 5]);
    }

    #[test]
    fn a_quote_that_never_closes_is_refused_with_its_line() {
        assert!(matches!(rows("a,b\n1,\"x\n2,y\n", b','), Err(ReadError::UnclosedQuote { line: 2 })));
        let long = format!("a,b\n1,\"{}", "x\n".repeat(RECORD_BYTES_MAX));
        assert!(matches!(rows(&long, b','), Err(ReadError::UnclosedQuote { line: 2 })));
        let long = format!("a,b\n1,{}\n", "x".repeat(RECORD_BYTES_MAX));
        assert!(matches!(rows(&long, b','), Err(ReadError::LineTooLong { line: 2 })));
    }

    #[test]
    fn the_delimiter_is_found_among_decimal_commas_and_quoted_texts() {
        for (text, delimiter) in [
            ("id;lat;lon\n1;36,2;113,1\n2;36,3;113,2\n", b';'),
            ("id,name\n1,\"a;b;c\"\n2,\"d;e;f\"\n", b','),
            ("id\tname, first\n1\tx, y\n", b'\t'),
            ("id|date\n1|2020-01-24\n", b'|'),
            ("date\n2020-01-24\n", b','),
            ("病例编号;发病日期;县区\n1;2020-01-24;潞州区\n", b';'),
            ("长治市病例表\n编号,日期,县\n1,2020-1-24,x\n2,2020-1-25,y\n", b','),
        ] {
            assert_eq!(sniff_delimiter(text.as_bytes(), true), delimiter, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_with_quotes_is_read_again(
            table in proptest::collection::vec(proptest::collection::vec("[a,;\"\n\r x病]{0,6}", 3), 1..8)
        ) {
            let mut text = String::new();
            for row in &table {
                let cells: Vec<String> = row.iter().map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect();
                text.push_str(&cells.join(","));
                text.push('\n');
            }
            proptest::prop_assert_eq!(cells(&text), table);
        }
    }
}
