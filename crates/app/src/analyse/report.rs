//! The report on one table: totals, signals, reproduction number, growth, quality, and where each comes from.
//!
//! The serialised form is the product's stable JSON (`docs/analyze-report.md`, schema in `docs/schema/`); fields are
//! added, never renamed, without a new [`SCHEMA_VERSION`].

mod build;
mod remarks;

pub use build::report;
pub(crate) use build::weekly;

use super::people::{Delay, Outcomes};
use super::{AnalysedStep, NoteCode, RtStep, SerialInterval};
use jiff::civil::Date;
use serde::Serialize;
use wanquan_domain::disease::Disease;
use wanquan_domain::pack::Packs;
use wanquan_domain::text::Text;
use wanquan_epi::Step;
use wanquan_epi::rt::growth::Growth;

/// Version of the serialised form.
pub const SCHEMA_VERSION: u32 = 1;

/// What the person said about the analysis.
#[derive(Debug, Clone, Copy)]
pub struct ReportOptions<'a> {
    /// Regions with populations.
    pub packs: &'a Packs,
    /// The disease, if said.
    pub disease: Option<&'a Disease>,
    /// A serial interval that stands before the disease's own.
    pub serial_interval: Option<&'a SerialInterval>,
    /// Last day that counts; the last day of the table if `None`.
    pub as_of: Option<Date>,
}

/// The file a report speaks of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileSection {
    /// Name as given.
    pub name: String,
    /// Kind of file.
    pub format: &'static str,
    /// Encoding of text.
    pub encoding: Option<&'static str>,
    /// BLAKE3 of the bytes, hexadecimal.
    pub digest: String,
    /// Size, bytes.
    pub bytes: u64,
    /// Rows of the table.
    pub rows_read: u64,
    /// Rows that went into the series.
    pub rows_used: u64,
    /// Form of the table.
    pub layout: &'static str,
    /// `incident` or `cumulative`.
    pub counting: &'static str,
    /// Columns of the place, of the date, of the count.
    pub region_columns: Vec<String>,
    /// Columns of the date.
    pub date_columns: Vec<String>,
    /// Columns of the count.
    pub count_columns: Vec<String>,
}

/// The disease with its serial interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DiseaseSection {
    /// Identifier of the pack; `None` if only a serial interval was given.
    pub id: Option<String>,
    /// Name.
    pub label: Option<Text>,
    /// Serial interval used.
    pub serial_interval: Option<SerialInterval>,
}

/// What the table covers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Period {
    /// First day of the first step.
    pub first: Date,
    /// First day of the last step.
    pub last: Date,
    /// `day`, `week` or `month`.
    pub step: Step,
    /// Number of steps.
    pub steps: usize,
    /// First step whose reports are still coming in, by the reporting delay; `None` if not known.
    pub incomplete_from: Option<Date>,
}

/// Sums over the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Totals {
    /// Persons counted.
    pub cases: i64,
    /// Places.
    pub places: usize,
    /// Places with at least one case.
    pub places_with_cases: usize,
    /// Persons of the line list whose date is missing and who are in no step.
    pub undated: u64,
    /// Outcomes of a line list that states them.
    pub outcomes: Option<Outcomes>,
    /// Inhabitants of the places whose population is known.
    pub population: Option<u64>,
    /// Cases per 100,000 inhabitants of those places.
    pub attack_rate_per_100k: Option<f64>,
}

/// Growth, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recent {
    /// Reproduction number of the last window that has one.
    pub rt: Option<RtStep>,
    /// Why there is none in any window.
    pub rt_note: Option<NoteCode>,
    /// Growth over the last 14 complete steps.
    pub growth: Option<Growth>,
    /// Why there is none.
    pub growth_note: Option<NoteCode>,
}

/// The sum of all places over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TotalSection {
    /// Every step.
    pub curve: Vec<AnalysedStep>,
    /// Reproduction number by window end.
    pub rt: Vec<RtStep>,
    /// The latest state.
    pub recent: Recent,
    /// Digest of the series.
    pub input_digest: String,
}

/// One place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceSection {
    /// Name as the table gives it.
    pub name: String,
    /// Code as the table gives it.
    pub code: Option<String>,
    /// Region of the built-in tree, if the place is one.
    pub region: Option<String>,
    /// Sum of the counts.
    pub cases: i64,
    /// Sum of the last seven steps (of a daily table; otherwise of the last step).
    pub last: i64,
    /// The same one period before.
    pub previous: i64,
    /// Inhabitants.
    pub population: Option<u64>,
    /// Cases per 100,000 inhabitants.
    pub attack_rate_per_100k: Option<f64>,
    /// New cases by step, from the first step of the period.
    pub counts: Vec<Option<i32>>,
    /// Number of signals.
    pub signals: usize,
    /// The latest state.
    pub recent: Recent,
    /// Digest of the series.
    pub input_digest: String,
}

/// A run of steps in alarm, one after the other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignalSection {
    /// Position in `places`; `None` for the total.
    pub place: Option<usize>,
    /// Name of the place; empty for the total.
    pub place_name: String,
    /// Length of the steps that were tested.
    pub step: Step,
    /// First step of the run.
    pub first: Date,
    /// Last step of the run.
    pub last: Date,
    /// Steps of the run.
    pub steps: usize,
    /// Methods that raised it.
    pub methods: Vec<String>,
    /// The step with the largest count.
    pub peak: Date,
    /// Count of that step.
    pub observed: i64,
    /// Expected there, by the first method that has an expectation.
    pub expected: Option<f64>,
    /// Bound there.
    pub upper: Option<f64>,
}

/// What a reader of the numbers should know about the data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QualityIssue {
    /// Stable code.
    pub code: String,
    /// How many rows, cells or places it concerns; 0 = the table.
    pub n: u64,
    /// What it is.
    pub text: Text,
}

/// A method with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodSection {
    /// `id/version`.
    pub method: String,
    /// Parameters; `None` where the recommended ones have no further settings.
    pub params: Option<serde_json::Value>,
}

/// The report on one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The file.
    pub file: FileSection,
    /// The disease.
    pub disease: DiseaseSection,
    /// Last day that counts.
    pub as_of: Date,
    /// What is covered.
    pub period: Period,
    /// Sums.
    pub totals: Totals,
    /// All places together.
    pub total: TotalSection,
    /// Places in the order of the file.
    pub places: Vec<PlaceSection>,
    /// Signals, the total first, then by date, latest first.
    pub signals: Vec<SignalSection>,
    /// Place-steps that were tested.
    pub tested: u64,
    /// Reporting delay.
    pub delay: Option<Delay>,
    /// Data quality.
    pub quality: Vec<QualityIssue>,
    /// What was assumed, in sentences.
    pub assumptions: Vec<Text>,
    /// Methods with parameters.
    pub methods: Vec<MethodSection>,
}
