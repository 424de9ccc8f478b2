//! Which row names the columns: below titles, comments and group lines, above the first figures.

use crate::ingest::dates::looks_like_a_date;
use crate::ingest::delimited::{Row, usual};
use crate::ingest::error::ReadError;
use crate::ingest::limits::{COLUMNS_MAX, PREAMBLE_ROWS_MAX};
use wanquan_domain::value::is_missing;

/// Something about the form of the file that the person should know and that refuses nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Lines beginning with `#` above the header.
    CommentLines(u64),
    /// Rows of title or notes above the header.
    TitleRows(u64),
    /// A line of groups (SORMAS entities, merged headings) above the header.
    GroupLine,
    /// A column name that occurs again; the later column carries the given name.
    RepeatedName(String),
    /// Columns without a name whose cells are filled, by position from 1.
    UnnamedColumn(usize),
    /// The last line has no line end; whether it is whole cannot be told.
    LastLineNotEnded,
    /// Sheets of the workbook that were not read.
    OtherSheets(Vec<String>),
    /// Cells that hold an error of the spreadsheet (such as #N/A); read as missing.
    ErrorCells(u64),
}

impl Note {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CommentLines(_) => "N101",
            Self::TitleRows(_) => "N102",
            Self::GroupLine => "N103",
            Self::RepeatedName(_) => "N104",
            Self::UnnamedColumn(_) => "N105",
            Self::LastLineNotEnded => "N106",
            Self::OtherSheets(_) => "N107",
            Self::ErrorCells(_) => "N108",
        }
    }

    /// The note as a sentence: English, Chinese.
    pub fn text(&self) -> wanquan_domain::text::Text {
        let (en, zh) = match self {
            Self::CommentLines(n) => {
                (format!("{n} comment lines were passed over"), format!("跳过 {n} 行注释"))
            }
            Self::TitleRows(n) => {
                (format!("{n} rows above the header were passed over"), format!("跳过表头上方 {n} 行"))
            }
            Self::GroupLine => {
                ("a line of groups stands above the header".to_owned(), "表头上方有一行分组".to_owned())
            }
            Self::RepeatedName(name) => {
                (format!("a column name occurs again: `{name}`"), format!("列名重复：“{name}”"))
            }
            Self::UnnamedColumn(at) => (format!("column {at} has no name"), format!("第 {at} 列没有列名")),
            Self::LastLineNotEnded => (
                "the last line has no line end; check that the file is whole".to_owned(),
                "最后一行没有换行符，请确认文件完整".to_owned(),
            ),
            Self::OtherSheets(names) => {
                let names = names.join(", ");
                (format!("sheets not read: {names}"), format!("未读取的工作表：{names}"))
            }
            Self::ErrorCells(n) => (
                format!("{n} cells hold an error of the spreadsheet and count as missing"),
                format!("{n} 个单元格为表格错误值，按缺失处理"),
            ),
        };
        wanquan_domain::text::Text::new(en, zh)
    }
}

/// The header found.
#[derive(Debug)]
pub(crate) struct Header {
    /// Distinct names, trailing empty columns cut off.
    pub names: Vec<String>,
    /// Position of the header among the rows given.
    pub at: usize,
    pub notes: Vec<Note>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Empty,
    Number,
    Date,
    Word,
}

fn shape(cell: &str) -> Shape {
    let cell = cell.trim();
    if is_missing(cell) {
        Shape::Empty
    } else if cell.parse::<f64>().is_ok() {
        Shape::Number
    } else if looks_like_a_date(cell) {
        Shape::Date
    } else {
        Shape::Word
    }
}

fn filled(row: &Row) -> usize {
    row.iter().filter(|cell| !cell.trim().is_empty()).count()
}

fn last_filled(row: &Row) -> usize {
    row.iter().enumerate().filter(|(_, cell)| !cell.trim().is_empty()).last().map_or(0, |(at, _)| at + 1)
}

/// Finds the header among the first rows (blank ones left out).
pub(crate) fn find(rows: &[Row]) -> Result<Header, ReadError> {
    let widths: Vec<usize> = rows.iter().map(last_filled).collect();
    // Sparse rows end early, so the usual width can be less than the header's; titles are narrower than either.
    let width = usual(&widths).ok_or(ReadError::Empty)?;
    let at = rows
        .iter()
        .take(PREAMBLE_ROWS_MAX)
        .position(|row| filled(row) * 10 >= width * 6 && last_filled(row) >= width.min(2))
        .ok_or_else(|| ReadError::NoHeader { detail: "no row names the columns".to_owned() })?;
    let mut notes = Vec::new();
    let mut groups = None;
    let mut header = at;
    if let Some(below) = rows.get(at + 1)
        && is_group_line(&rows[at], below)
    {
        notes.push(Note::GroupLine);
        groups = Some(&rows[at]);
        header = at + 1;
    }
    if at > 0 {
        notes.push(Note::TitleRows(at as u64));
    }
    refuse_figures(&rows[header], &rows[header + 1..])?;
    let names = distinct(&rows[header], groups, &mut notes);
    if names.len() > COLUMNS_MAX {
        return Err(ReadError::TooManyColumns);
    }
    for (i, name) in names.iter().enumerate() {
        if name.is_empty() && rows[header + 1..].iter().any(|row| !row.get(i).trim().is_empty()) {
            notes.push(Note::UnnamedColumn(i + 1));
        }
    }
    Ok(Header { names, at: header, notes })
}

/// A line of groups repeats few words (`CaseData,CaseData,...,Sample`) above a row of mostly distinct ones.
fn is_group_line(row: &Row, below: &Row) -> bool {
    let distinct = |row: &Row| {
        row.iter().map(str::trim).filter(|c| !c.is_empty()).collect::<std::collections::BTreeSet<_>>().len()
    };
    let n = filled(row);
    n >= 3
        && filled(below) >= n
        && distinct(row) * 3 <= n
        && distinct(below) * 10 >= filled(below) * 6
        && row.iter().chain(below.iter()).all(|cell| !matches!(shape(cell), Shape::Number | Shape::Date))
}

/// Refuses a first row of figures: where columns hold figures below, a name stands on top of at least one of them.
fn refuse_figures(header: &Row, body: &[Row]) -> Result<(), ReadError> {
    let (mut named, mut figures) = (0_usize, 0_usize);
    let mut dates_on_dates = 0_usize;
    for i in 0..header.len() {
        let top = shape(header.get(i));
        let below = |wanted: Shape| body.iter().filter(|row| shape(row.get(i)) == wanted).count();
        let (numbers, dates) = (below(Shape::Number), below(Shape::Date));
        let any = body.iter().filter(|row| shape(row.get(i)) != Shape::Empty).count();
        let typed = if numbers * 10 >= any * 8 && numbers > 0 {
            Shape::Number
        } else if dates * 10 >= any * 8 && dates > 0 {
            Shape::Date
        } else if body.is_empty() && top != Shape::Word {
            top
        } else {
            continue;
        };
        match top {
            Shape::Word => named += 1,
            Shape::Empty => {}
            _ if top == typed => {
                figures += 1;
                dates_on_dates += usize::from(top == Shape::Date);
            }
            // A date above numbers: a column for that day.
            _ => named += 1,
        }
    }
    // Years as column names are numbers above numbers, but rising ones.
    let years: Vec<i32> = header.iter().filter_map(|c| c.trim().parse().ok()).collect();
    let rising = years.len() > 1
        && years.iter().all(|y| (1800..=2200).contains(y))
        && years.windows(2).all(|pair| pair[0] < pair[1]);
    let none_named = figures > 0 && named == 0 && !rising;
    if none_named || (dates_on_dates > 0 && named <= figures) {
        let first: Vec<&str> = header.iter().take(4).collect();
        return Err(ReadError::NoHeader {
            detail: format!("the first row holds values, not column names: {}", first.join(", ")),
        });
    }
    Ok(())
}

fn distinct(header: &Row, groups: Option<&Row>, notes: &mut Vec<Note>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut seen = std::collections::HashMap::new();
    let clean = |cell: &str| cell.split_whitespace().collect::<Vec<_>>().join(" ");
    let first_group = groups.and_then(|row| row.iter().map(str::trim).find(|g| !g.is_empty()));
    for i in 0..last_filled(header) {
        let mut name = clean(header.get(i));
        let group = groups.map(|row| row.get(i).trim()).filter(|g| !g.is_empty() && Some(*g) != first_group);
        if let Some(group) = group.filter(|_| !name.is_empty()) {
            name = format!("{group}.{name}");
        }
        if !name.is_empty() {
            let again: &mut u32 = seen.entry(name.clone()).or_default();
            *again += 1;
            if *again > 1 {
                name = format!("{name} ({again})");
                notes.push(Note::RepeatedName(name.clone()));
            }
        }
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(lines: &[&str]) -> Vec<Row> {
        let row = |(i, line): (usize, &&str)| {
            let mut row = Row::default();
            row.clear(i as u64 + 1);
            line.split(',').for_each(|cell| row.push(cell));
            row
        };
        lines.iter().enumerate().map(row).collect()
    }

    fn names(lines: &[&str]) -> Vec<String> {
        find(&rows(lines)).unwrap().names
    }

    #[test]
    fn titles_above_the_header_are_passed_over() {
        let found = find(&rows(&[
            "长治市新冠肺炎病例一览表,,,",
            "填报单位：某县疾控中心,,,2020年2月",
            "编号,姓名,发病日期,县区",
            "1,甲,2020-01-24,潞州区",
            "2,乙,2020-01-25,襄垣县",
            "3,丙,2020-01-25,襄垣县",
        ]))
        .unwrap();
        assert_eq!(found.names, ["编号", "姓名", "发病日期", "县区"]);
        assert_eq!((found.at, found.notes), (2, vec![Note::TitleRows(2)]));
    }

    #[test]
    fn a_line_of_groups_qualifies_the_names_of_later_groups() {
        let names = names(&[
            "CaseData,CaseData,CaseData,CaseData,Sample,Sample,Sample",
            "id,disease,person.sex,reportDate,sampleDateTime,lab,sampleDateTime",
            "1,CORONAVIRUS,MALE,03.14.2020,03.15.2020,x,",
        ]);
        assert_eq!(
            names[3..],
            ["reportDate", "Sample.sampleDateTime", "Sample.lab", "Sample.sampleDateTime (2)"]
        );
    }

    #[test]
    fn a_table_without_names_is_refused() {
        for lines in [
            &["1,2020-01-24,x", "2,2020-01-25,y"][..],
            &["x,2020-01-24", "y,2020-01-25"],
            &["1,2,3", "4,5,6"],
            &["TJ1,F,59,14/01/2020", "TJ2,M,57,18/01/2020"],
        ] {
            assert!(matches!(find(&rows(lines)), Err(ReadError::NoHeader { .. })), "{lines:?}");
        }
    }

    #[test]
    fn days_and_years_are_names_of_columns_of_counts() {
        assert_eq!(names(&["fips,county,2020-01-22,2020-01-23", "1001,Autauga,0,1"]).len(), 4);
        assert_eq!(names(&["region,2019,2020", "x,3,4", "y,5,6"]), ["region", "2019", "2020"]);
        assert_eq!(names(&["index,year,period,cases", "1,2001,1,0"]).len(), 4);
    }

    #[test]
    fn repeated_and_empty_names_are_reported() {
        let found = find(&rows(&["id,date,date,,,", "1,2020-01-24,2020-01-25,x,,"])).unwrap();
        assert_eq!(found.names, ["id", "date", "date (2)"]);
        assert_eq!(found.notes, [Note::RepeatedName("date (2)".to_owned())]);
    }
}
