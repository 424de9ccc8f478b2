//! The tables of forecast hubs: what was known when, final counts, and forecasts as quantiles.

use super::{Cell, Error};
use crate::ingest::neutralise::guard;
use crate::ingest::read::{Row, Table, plain_cell};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use wanquan_domain::date::parse_iso;
use wanquan_domain::value::{is_missing, marked_as_meant};
use wanquan_epi::score::QuantileForecast;

/// A count that was published, or published anew.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Revision {
    /// Publication in which it stands.
    pub as_of: Date,
    /// Position in [`Revisions::locations`].
    pub location: usize,
    /// Label of the step.
    pub date: Date,
    /// The count; `None` = taken back.
    pub value: Option<f64>,
}

/// What was known when.
#[derive(Debug, Clone, PartialEq)]
pub struct Revisions {
    /// Places, in order of their code.
    pub locations: Vec<String>,
    /// In order of publication.
    pub rows: Vec<Revision>,
}

/// Counts by place and date, with the population that published rates imply.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counts {
    /// Counts by place and date.
    pub by_location: BTreeMap<String, BTreeMap<Date, f64>>,
    /// Persons by place, where the table has rates per 100,000.
    pub population: BTreeMap<String, f64>,
}

/// Largest count that is read: half of mankind in one step is an error of the file, and series hold 32 bits.
const COUNT_MAX: f64 = 4e9;

/// Columns of a table, by name, for one pass.
struct Columns<'a> {
    table: &'a Table,
}

impl Columns<'_> {
    fn find(&self, name: &'static str) -> Result<usize, Error> {
        self.table
            .column(name)
            .ok_or_else(|| Error::NoColumn { name, available: self.table.header.join(", ") })
    }
}

fn wrong(row: &Row, column: &'static str, value: &str, wanted: &'static str) -> Error {
    Error::Cell { row: row.number(), column, value: short(value), wanted }
}

/// At most 40 characters of a cell, for a message.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn date(row: &Row, at: usize, column: &'static str) -> Result<Date, Error> {
    let text = row.get(at).trim();
    parse_iso(text).ok_or_else(|| wrong(row, column, text, "a date such as 2024-01-06"))
}

/// A count; `None` if missing.
fn value(row: &Row, at: usize, column: &'static str) -> Result<Option<f64>, Error> {
    let text = row.get(at).trim();
    if text.is_empty() || is_missing(text) {
        return Ok(None);
    }
    let number = text.parse::<f64>().ok().filter(|x| x.is_finite() && (0.0..=COUNT_MAX).contains(x));
    number.map(Some).ok_or_else(|| wrong(row, column, text, "a number from 0 to 4,000,000,000"))
}

/// A name as it was before it was written as a cell; `NA` may well be the code of a place.
fn name(cell: &str) -> &str {
    let cell = plain_cell(cell.trim());
    marked_as_meant(cell).unwrap_or(cell).trim()
}

fn location(row: &Row, at: usize) -> Result<String, Error> {
    let text = name(row.get(at));
    if text.is_empty() {
        return Err(wrong(row, "location", text, "the code of a place"));
    }
    Ok(text.to_owned())
}

/// Reads `as_of, location, date, value`: a row where a value differs from the publication before.
///
/// # Errors
/// A missing column or a cell that cannot be read: half of a history is worse than none.
pub fn read_revisions(table: &Table) -> Result<Revisions, Error> {
    let columns = Columns { table };
    let [as_of, place, day, count] =
        [columns.find("as_of")?, columns.find("location")?, columns.find("date")?, columns.find("value")?];
    let mut by_code: BTreeMap<String, Vec<Revision>> = BTreeMap::new();
    let (mut rows, mut row) = (table.rows()?, Row::default());
    while rows.read(&mut row)? {
        let revision = Revision {
            as_of: date(&row, as_of, "as_of")?,
            location: 0,
            date: date(&row, day, "date")?,
            value: value(&row, count, "value")?,
        };
        by_code.entry(location(&row, place)?).or_default().push(revision);
    }
    if by_code.is_empty() {
        return Err(Error::Nothing { why: "the table of revisions is empty".to_owned() });
    }
    let locations = by_code.keys().cloned().collect();
    let mut rows: Vec<Revision> = by_code
        .into_values()
        .enumerate()
        .flat_map(|(location, rows)| rows.into_iter().map(move |row| Revision { location, ..row }))
        .collect();
    // Stable: of two rows of one publication the later one in the file counts.
    rows.sort_by_key(|row| row.as_of);
    Ok(Revisions { locations, rows })
}

/// Whether a table has the columns of final counts of a hub.
pub fn is_counts(table: &Table) -> bool {
    ["date", "location", "value"].iter().all(|name| table.column(name).is_some())
}

/// Reads `date, location, value` and, where there, `weekly_rate` (per 100,000) or `population`.
///
/// # Errors
/// As [`read_revisions`].
pub fn read_counts(table: &Table) -> Result<Counts, Error> {
    let columns = Columns { table };
    let [day, place, count] = [columns.find("date")?, columns.find("location")?, columns.find("value")?];
    let rate = table.column("weekly_rate");
    let persons = table.column("population");
    let mut counts = Counts::default();
    // Events and rates sum before they are divided: a single small count has a rate rounded too coarsely.
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    let (mut rows, mut row) = (table.rows()?, Row::default());
    while rows.read(&mut row)? {
        let place = location(&row, place)?;
        let day = date(&row, day, "date")?;
        let Some(count) = value(&row, count, "value")? else { continue };
        if let Some(rate) = rate.map(|at| value(&row, at, "weekly_rate")).transpose()?.flatten()
            && rate > 0.0
        {
            let sum = sums.entry(place.clone()).or_default();
            *sum = (sum.0 + count, sum.1 + rate);
        }
        if let Some(persons) = persons.map(|at| value(&row, at, "population")).transpose()?.flatten()
            && persons > 0.0
        {
            counts.population.insert(place.clone(), persons);
        }
        counts.by_location.entry(place).or_default().insert(day, count);
    }
    if counts.by_location.is_empty() {
        return Err(Error::Nothing { why: "the table of counts has no count".to_owned() });
    }
    for (place, (events, rates)) in sums {
        let persons = events / rates * 1e5;
        if persons > 0.0 && persons.is_finite() {
            counts.population.entry(place).or_insert(persons);
        }
    }
    Ok(counts)
}

/// Reads `location, population`.
///
/// # Errors
/// As [`read_revisions`].
pub fn read_population(table: &Table) -> Result<BTreeMap<String, f64>, Error> {
    let columns = Columns { table };
    let [place, persons] = [columns.find("location")?, columns.find("population")?];
    let mut population = BTreeMap::new();
    let (mut rows, mut row) = (table.rows()?, Row::default());
    while rows.read(&mut row)? {
        if let Some(persons) = value(&row, persons, "population")?.filter(|n| *n > 0.0) {
            population.insert(location(&row, place)?, persons);
        }
    }
    Ok(population)
}

/// Reads `reference_date, horizon, target_end_date, location, quantile, value`, of one `model` where it is named.
///
/// # Errors
/// As [`read_revisions`]; several models and none named; quantiles that are not ascending and symmetric.
pub fn read_forecasts(table: &Table, model: Option<&str>) -> Result<Vec<Cell>, Error> {
    let columns = Columns { table };
    let [reference, horizon, target, place, level, count] = [
        columns.find("reference_date")?,
        columns.find("horizon")?,
        columns.find("target_end_date")?,
        columns.find("location")?,
        columns.find("quantile")?,
        columns.find("value")?,
    ];
    let of_model = match (table.column("model"), model) {
        (None, Some(_)) => return Err(Error::NoColumn { name: "model", available: table.header.join(", ") }),
        (at, _) => at,
    };
    type Key = (Date, i32, String, Date);
    let mut quantiles: BTreeMap<Key, Vec<(f64, f64)>> = BTreeMap::new();
    let mut models: BTreeMap<String, u64> = BTreeMap::new();
    let (mut rows, mut row) = (table.rows()?, Row::default());
    while rows.read(&mut row)? {
        if let Some(at) = of_model {
            let name = name(row.get(at));
            match models.get_mut(name) {
                Some(n) => *n += 1,
                None => drop(models.insert(name.to_owned(), 1)),
            }
            if model.is_some_and(|model| model != name) {
                continue;
            }
        }
        let text = row.get(horizon).trim();
        let steps = text.parse::<i32>().map_err(|_| wrong(&row, "horizon", text, "a whole number"))?;
        let text = row.get(level).trim();
        let level = text
            .parse::<f64>()
            .ok()
            .filter(|p| *p > 0.0 && *p < 1.0)
            .ok_or_else(|| wrong(&row, "quantile", text, "a probability between 0 and 1"))?;
        let text = row.get(count).trim();
        let count = text
            .parse::<f64>()
            .ok()
            .filter(|x| x.is_finite())
            .ok_or_else(|| wrong(&row, "value", text, "a number"))?;
        let key = (
            date(&row, reference, "reference_date")?,
            steps,
            location(&row, place)?,
            date(&row, target, "target_end_date")?,
        );
        quantiles.entry(key).or_default().push((level, count));
    }
    let known = || models.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    if model.is_none() && models.len() > 1 {
        let why = format!("the table holds several models, name one as FILE:MODEL: {}", known());
        return Err(Error::Nothing { why });
    }
    if quantiles.is_empty() {
        let why = match model {
            Some(model) => format!("there is no model `{model}`, but: {}", known()),
            None => "the table of forecasts is empty".to_owned(),
        };
        return Err(Error::Nothing { why });
    }
    quantiles
        .into_iter()
        .map(|((reference_date, horizon, location, target_end_date), mut pairs)| {
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
            let (levels, values) = pairs.into_iter().unzip();
            match QuantileForecast::new(levels, values) {
                Ok(forecast) => Ok(Cell { location, reference_date, horizon, target_end_date, forecast }),
                Err(error) => Err(Error::Quantiles { location, reference_date, horizon, error }),
            }
        })
        .collect()
}

/// Writes forecasts in the columns that [`read_forecasts`] reads; gzip if `compressed`.
///
/// # Errors
/// What the writer says.
pub fn write_forecasts(
    out: impl Write,
    compressed: Compressed,
    model: &str,
    cells: &[Cell],
) -> std::io::Result<()> {
    match compressed {
        Compressed::No => write_rows(out, model, cells).map(drop),
        Compressed::Gzip => {
            write_rows(GzEncoder::new(out, Compression::default()), model, cells)?.finish().map(drop)
        }
    }
}

/// Writes a text; gzip if `compressed`.
///
/// # Errors
/// What the writer says.
pub fn compress(mut out: impl Write, compressed: Compressed, text: &str) -> std::io::Result<()> {
    match compressed {
        Compressed::No => out.write_all(text.as_bytes()),
        Compressed::Gzip => {
            let mut gzip = GzEncoder::new(out, Compression::default());
            gzip.write_all(text.as_bytes())?;
            gzip.finish().map(drop)
        }
    }
}

/// Whether a table is written compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compressed {
    /// Plain text.
    No,
    /// Gzip.
    Gzip,
}

impl Compressed {
    /// What the name of a file asks for.
    pub fn by_name(path: &Path) -> Self {
        let gzip = path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("gz"));
        if gzip { Self::Gzip } else { Self::No }
    }
}

fn write_rows<W: Write>(mut out: W, model: &str, cells: &[Cell]) -> std::io::Result<W> {
    let mut text = String::from("model,reference_date,horizon,target_end_date,location,quantile,value\n");
    let model = csv_cell(model);
    for cell in cells {
        use std::fmt::Write;
        let location = csv_cell(&cell.location);
        for (level, value) in cell.forecast.levels().iter().zip(cell.forecast.values()) {
            // A thousandth of a case is below any use; level and value are finite, so nothing else can appear.
            let value = (value * 1e3).round() / 1e3;
            let _ = writeln!(
                text,
                "{model},{},{},{},{location},{level},{value}",
                cell.reference_date, cell.horizon, cell.target_end_date
            );
        }
        if text.len() > 1 << 16 {
            out.write_all(text.as_bytes())?;
            text.clear();
        }
    }
    out.write_all(text.as_bytes())?;
    Ok(out)
}

/// A text as a cell: no formula, quoted where it must be.
pub fn csv_cell(text: &str) -> String {
    let text = guard(text);
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into_owned()
    }
}
