//! What a golden case offers to its method's runner: fields that must all be read, and comparisons.

#![allow(dead_code, reason = "each runner uses the part that its method needs")]

use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wanquan_epi::{CountSeries, Step};

/// One golden file: a method and its cases.
#[derive(serde::Deserialize)]
pub struct GoldenFile {
    pub method: String,
    pub cases: Vec<Case>,
}

impl GoldenFile {
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
        serde_json::from_str(&text).map_err(|e| e.to_string())
    }
}

/// One case as stored.
#[derive(serde::Deserialize)]
pub struct Case {
    pub id: String,
    pub params: Value,
    pub input: Value,
    pub output: Value,
}

/// Totals of one method.
#[derive(Default)]
pub struct Report {
    pub cases: usize,
    pub values: usize,
    pub largest: f64,
    pub failures: Vec<String>,
}

/// What a runner returns: `Err` for a case it cannot run.
pub type Outcome = Result<(), String>;

/// An object of which every field must be read, or be declared irrelevant.
pub struct Fields<'a> {
    name: &'static str,
    value: &'a Value,
    read: RefCell<BTreeSet<String>>,
}

impl<'a> Fields<'a> {
    fn new(name: &'static str, value: &'a Value) -> Self {
        Self { name, value, read: RefCell::default() }
    }

    /// The field, null where absent.
    pub fn value(&self, key: &str) -> &'a Value {
        self.read.borrow_mut().insert(key.to_owned());
        self.value.get(key).unwrap_or(&Value::Null)
    }

    /// Fields that do not bear on the result (say why at the call).
    pub fn irrelevant(&self, keys: &[&str]) {
        self.read.borrow_mut().extend(keys.iter().map(|k| (*k).to_owned()));
    }

    pub fn has(&self, key: &str) -> bool {
        self.value.get(key).is_some()
    }

    pub fn f64(&self, key: &str) -> Result<f64, String> {
        self.opt_f64(key).ok_or_else(|| format!("{} {key} is not a number", self.name))
    }

    pub fn opt_f64(&self, key: &str) -> Option<f64> {
        scalar(self.value(key)).as_f64()
    }

    pub fn usize(&self, key: &str) -> Result<usize, String> {
        scalar(self.value(key))
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
            .ok_or_else(|| format!("{} {key} is not a whole number", self.name))
    }

    pub fn bool(&self, key: &str) -> Result<bool, String> {
        scalar(self.value(key)).as_bool().ok_or_else(|| format!("{} {key} is not true or false", self.name))
    }

    pub fn text(&self, key: &str) -> Result<&'a str, String> {
        self.opt_text(key).ok_or_else(|| format!("{} {key} is not a text", self.name))
    }

    pub fn opt_text(&self, key: &str) -> Option<&'a str> {
        scalar(self.value(key)).as_str()
    }

    /// Numbers of an array (or of one number); null = missing.
    pub fn numbers(&self, key: &str) -> Result<Vec<Option<f64>>, String> {
        match self.value(key) {
            Value::Array(items) => items
                .iter()
                .map(|v| match scalar(v) {
                    Value::Null => Ok(None),
                    Value::Bool(b) => Ok(Some(f64::from(u8::from(*b)))),
                    v => v.as_f64().map(Some).ok_or_else(|| format!("{} {key} holds {v}", self.name)),
                })
                .collect(),
            Value::Number(n) => Ok(vec![n.as_f64()]),
            // One number that is not finite.
            Value::Null if self.has(key) => Ok(vec![None]),
            other => Err(format!("{} {key} is {other}, not a list", self.name)),
        }
    }

    /// Numbers of an array none of which is missing.
    pub fn all_numbers(&self, key: &str) -> Result<Vec<f64>, String> {
        let numbers = self.numbers(key)?;
        numbers.into_iter().map(|x| x.ok_or_else(|| format!("{} {key} has a gap", self.name))).collect()
    }

    /// Whole numbers of an array.
    pub fn counts(&self, key: &str) -> Result<Vec<u32>, String> {
        let items = self.value(key).as_array().ok_or_else(|| format!("{} {key} is not a list", self.name))?;
        let count = |v: &Value| scalar(v).as_u64().and_then(|n| u32::try_from(n).ok());
        items.iter().map(|v| count(v).ok_or_else(|| format!("{} {key} holds {v}", self.name))).collect()
    }

    /// Positions: 1-based in the file, 0-based here.
    pub fn positions(&self, key: &str) -> Result<Vec<usize>, String> {
        match self.value(key) {
            Value::Array(items) => items
                .iter()
                .map(|v| position(v).ok_or_else(|| format!("{} {key} holds {v}", self.name)))
                .collect(),
            v => Ok(vec![position(v).ok_or_else(|| format!("{} {key} is {v}", self.name))?]),
        }
    }

    /// `{"first": a, "last": b}`, 1-based inclusive, as a 0-based half-open range.
    pub fn range(&self, key: &str) -> Result<std::ops::Range<usize>, String> {
        let value = self.value(key);
        let first = value.get("first").and_then(position);
        let last = value.get("last").and_then(position);
        match (first, last) {
            (Some(first), Some(last)) => Ok(first..last + 1),
            _ => Err(format!("{} {key} is {value}, not a range", self.name)),
        }
    }

    fn unread(&self) -> Vec<String> {
        let read = self.read.borrow();
        let keys = self.value.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        keys.into_iter().filter(|k| !read.contains(k)).collect()
    }
}

/// The file's writer boxes some scalars into lists of one.
fn scalar(v: &Value) -> &Value {
    match v {
        Value::Array(items) if items.len() == 1 => scalar(&items[0]),
        v => v,
    }
}

fn position(v: &Value) -> Option<usize> {
    usize::try_from(scalar(v).as_u64()?).ok()?.checked_sub(1)
}

/// How close is close enough.
#[derive(Clone, Copy)]
pub enum Tolerance {
    /// |got - want| <= t * |want| (absolute t for want = 0).
    Relative(f64),
    /// |got - want| <= t.
    Absolute(f64),
    /// Either of both, for Monte Carlo results.
    Either { relative: f64, absolute: f64 },
}

/// A case under test.
pub struct Check<'a> {
    pub id: &'a str,
    pub params: Fields<'a>,
    pub input: Fields<'a>,
    pub output: Fields<'a>,
    data: PathBuf,
    values: usize,
    largest: f64,
    failures: Vec<String>,
}

impl<'a> Check<'a> {
    pub fn new(case: &'a Case, data: &Path) -> Self {
        Self {
            id: &case.id,
            params: Fields::new("parameter", &case.params),
            input: Fields::new("input", &case.input),
            output: Fields::new("output", &case.output),
            data: data.to_path_buf(),
            values: 0,
            largest: 0.0,
            failures: Vec::new(),
        }
    }

    pub fn finish(mut self, result: Outcome, report: &mut Report) {
        if let Err(why) = result {
            self.failures.push(why);
        } else {
            for fields in [&self.params, &self.input, &self.output] {
                for key in fields.unread() {
                    self.failures.push(format!("{} {key} is unknown here", fields.name));
                }
            }
            if self.values == 0 {
                self.failures.push("nothing was compared".to_owned());
            }
        }
        report.cases += 1;
        report.values += self.values;
        report.largest = report.largest.max(self.largest);
        let shown = 5;
        let more = self.failures.len().saturating_sub(shown);
        report.failures.extend(self.failures.iter().take(shown).map(|f| format!("{}: {f}", self.id)));
        if more > 0 {
            report.failures.push(format!("{}: and {more} more", self.id));
        }
    }

    /// Compares one number; `None` on both sides is equal.
    pub fn number(&mut self, what: &str, got: Option<f64>, want: Option<f64>, tolerance: Tolerance) {
        self.values += 1;
        match (got, want) {
            (None, None) => {}
            (Some(got), Some(want)) => {
                let absolute = (got - want).abs();
                let relative = if want == 0.0 { absolute } else { absolute / want.abs() };
                if got != want {
                    // Against a want of nearly 0 the absolute error says more.
                    let error = match tolerance {
                        Tolerance::Either { .. } => relative.min(absolute),
                        _ => relative,
                    };
                    self.largest = self.largest.max(error);
                }
                let error = match tolerance {
                    Tolerance::Relative(t) => relative <= t,
                    Tolerance::Absolute(t) => absolute <= t,
                    Tolerance::Either { relative: r, absolute: a } => relative <= r || absolute <= a,
                };
                if !error {
                    self.failures.push(format!("{what}: got {got}, want {want}"));
                }
            }
            _ => self.failures.push(format!("{what}: got {got:?}, want {want:?}")),
        }
    }

    /// Compares aligned lists.
    pub fn numbers(&mut self, what: &str, got: &[Option<f64>], want: &[Option<f64>], tolerance: Tolerance) {
        if got.len() != want.len() {
            self.failures.push(format!("{what}: got {} values, want {}", got.len(), want.len()));
            return;
        }
        for (i, (got, want)) in got.iter().zip(want).enumerate() {
            self.number(&format!("{what}[{i}]"), *got, *want, tolerance);
        }
    }

    /// Compares with an output field of the same name.
    pub fn output_numbers(&mut self, key: &str, got: &[Option<f64>], tolerance: Tolerance) -> Outcome {
        let want = self.output.numbers(key)?;
        self.numbers(key, got, &want, tolerance);
        Ok(())
    }

    /// Compares bounds with an output field of the same name. The reference also has bounds for steps without a count;
    /// here these have no verdict.
    pub fn output_bounds(
        &mut self,
        key: &str,
        got: &[Option<f64>],
        reported: &[bool],
        tolerance: Tolerance,
    ) -> Outcome {
        let mut want = self.output.numbers(key)?;
        for (want, _) in want.iter_mut().zip(reported).filter(|(_, reported)| !**reported) {
            *want = None;
        }
        self.numbers(key, got, &want, tolerance);
        Ok(())
    }

    /// Compares flags (true = 1 in the file's arrays). Null is a comparison with no number there, which is not true.
    pub fn output_flags(&mut self, key: &str, got: &[bool]) -> Outcome {
        let got: Vec<_> = got.iter().map(|&b| Some(f64::from(u8::from(b)))).collect();
        let want: Vec<_> = self.output.numbers(key)?.into_iter().map(|flag| flag.or(Some(0.0))).collect();
        self.numbers(key, &got, &want, Tolerance::Absolute(0.0));
        Ok(())
    }

    /// Fails the case with a reason.
    pub fn fail(&mut self, why: String) {
        self.failures.push(why);
    }

    /// A CSV file of the data folder.
    pub fn csv(&self, name: &str) -> Result<Table, String> {
        Table::read(&self.data.join(name))
    }

    /// The count series of `input.csv`/`input.column` with `freq` and `use_dates`, and the population if any.
    /// Without dates the series starts on an arbitrary Monday: the method must not look at it.
    pub fn series(&self) -> Result<(CountSeries, Option<Vec<f64>>), String> {
        let table = self.csv(self.input.text("csv")?)?;
        let counts = table.counts(self.input.text("column")?)?;
        let step = match self.input.usize("freq")? {
            52 => Step::Week,
            12 => Step::Month,
            365 => Step::Day,
            other => return Err(format!("input freq {other} is unknown here")),
        };
        let start = if self.input.bool("use_dates")? {
            table.text("date", 0)?.parse().map_err(|e| format!("date: {e}"))?
        } else {
            jiff::civil::date(2001, 1, 1)
        };
        let series = CountSeries::new(start, step, counts).map_err(|e| e.to_string())?;
        if self.input.bool("use_dates")? {
            for i in 0..series.len() {
                if series.date(i).to_string() != table.text("date", i)? {
                    return Err(format!("dates are not regular at row {}", i + 1));
                }
            }
        }
        let population = match self.input.opt_text("population_column") {
            Some(column) => Some(
                table
                    .numbers(column)?
                    .into_iter()
                    .map(|x| x.ok_or_else(|| "population has a gap".to_owned()))
                    .collect::<Result<Vec<f64>, String>>()?,
            ),
            None => None,
        };
        Ok((series, population))
    }
}

/// A small CSV table; lines that start with `#` are comments.
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn read(path: &Path) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .from_path(path)
            .map_err(|e| format!("{}: {e}", path.display()))?;
        let header = reader.headers().map_err(|e| e.to_string())?.iter().map(str::to_owned).collect();
        let rows = reader
            .records()
            .map(|r| r.map(|r| r.iter().map(str::to_owned).collect()).map_err(|e| e.to_string()))
            .collect::<Result<_, _>>()?;
        Ok(Self { header, rows })
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn has(&self, column: &str) -> bool {
        self.header.iter().any(|h| h == column)
    }

    fn column(&self, name: &str) -> Result<usize, String> {
        self.header.iter().position(|h| h == name).ok_or_else(|| format!("no column {name}"))
    }

    pub fn text(&self, column: &str, row: usize) -> Result<&str, String> {
        let column = self.column(column)?;
        self.rows
            .get(row)
            .and_then(|r| r.get(column))
            .map(String::as_str)
            .ok_or_else(|| format!("no row {row}"))
    }

    pub fn numbers(&self, column: &str) -> Result<Vec<Option<f64>>, String> {
        let column = self.column(column)?;
        self.rows
            .iter()
            .map(|r| match r[column].as_str() {
                "" | "NA" => Ok(None),
                text => text.parse().map(Some).map_err(|e| format!("{text}: {e}")),
            })
            .collect()
    }

    pub fn counts(&self, column: &str) -> Result<Vec<Option<u32>>, String> {
        let column = self.column(column)?;
        self.rows
            .iter()
            .map(|r| match r[column].as_str() {
                "" | "NA" => Ok(None),
                text => text.parse().map(Some).map_err(|e| format!("{text}: {e}")),
            })
            .collect()
    }
}
