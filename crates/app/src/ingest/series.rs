//! From a table to series of counts by place, without a register and, for tables as they are published, without a
//! word from the person: which rows are persons and which are counts, which column is the date, which the place.
//!
//! Everything that was decided is said ([`SeriesSet::columns`], [`SeriesSet::remarks`]); what cannot be decided is
//! an error that names the option that decides it.

mod beside;
mod build;
mod calendar;
mod choose;
mod people;

use crate::ingest::dates::DateOrder;
use crate::ingest::read::{ReadError, Table};
use jiff::civil::Date;
use wanquan_domain::text::Text;
pub use wanquan_epi::Step;

/// What the person says about the table; nothing by default.
#[derive(Debug, Clone, Default)]
pub struct SeriesOptions {
    /// Column that names the place.
    pub region: Option<String>,
    /// Column with the date that is counted.
    pub date: Option<String>,
    /// Column with the count.
    pub count: Option<String>,
    /// Which of day and month comes first.
    pub date_order: Option<DateOrder>,
    /// Whether counts are new persons or running totals.
    pub counting: Option<Counting>,
}

/// Whether counts are new persons or running totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// New persons of the step.
    Incident,
    /// Running totals, of which the differences are taken.
    Cumulative,
}

impl Counting {
    /// The name used in reports and options.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Cumulative => "cumulative",
        }
    }

    /// The meaning of a name used in options.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Incident, Self::Cumulative].into_iter().find(|counting| counting.as_str() == text)
    }
}

/// Form of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One row a person.
    LineList,
    /// One row a place and date.
    LongCounts,
    /// One row a place, one column a date.
    WideDates,
    /// One row a date, one column a place (or another series).
    WidePlaces,
}

impl Layout {
    /// The name used in reports and options.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LineList => "line_list",
            Self::LongCounts => "long_counts",
            Self::WideDates => "wide_dates",
            Self::WidePlaces => "wide_places",
        }
    }
}

/// A place (or, where the columns are not places, a named series).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Code as the table gives it.
    pub code: Option<String>,
    /// Name; the code if the table has no name.
    pub name: String,
}

/// Sex of a person as the list says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
}

/// What a line list says of one person, without anything that identifies one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Case {
    /// Position in [`SeriesSet::places`].
    pub place: u32,
    /// First symptoms.
    pub onset: Option<Date>,
    /// Notification.
    pub report: Option<Date>,
    /// Laboratory confirmation.
    pub confirmation: Option<Date>,
    /// Admission to hospital.
    pub admission: Option<Date>,
    /// Infected elsewhere.
    pub imported: Option<bool>,
    /// Sex.
    pub sex: Option<Sex>,
    /// Age in years; the middle of an age class.
    pub age_years: Option<f32>,
    /// Dead; `Some(false)` only if the list says that the person lives.
    pub died: Option<bool>,
}

/// A thing that a reader of the numbers should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Stable code, `Q101` and up.
    pub code: &'static str,
    /// What it is.
    pub text: Text,
    /// How many rows, cells or places it concerns; 0 if it concerns the table.
    pub n: u64,
}

/// The columns that were used, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnsUsed {
    /// Names and code of the place.
    pub region: Vec<String>,
    /// The date that is counted; several for year and week. Empty if the columns are dates.
    pub date: Vec<String>,
    /// The counts; empty if rows are persons or the columns are dates.
    pub count: Vec<String>,
}

/// Series of new persons by place, on one calendar.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSet {
    /// Form of the table.
    pub layout: Layout,
    /// How counts were read.
    pub counting: Counting,
    /// Columns that were used.
    pub columns: ColumnsUsed,
    /// Places in the order of the file; never empty.
    pub places: Vec<Place>,
    /// First day of the first step.
    pub start: Date,
    /// Length of a step.
    pub step: Step,
    /// Number of steps.
    pub steps: usize,
    /// Counts, one place after the other, `steps` each. `None` = not reported; negative = a correction.
    pub counts: Vec<Option<i32>>,
    /// Persons of a line list, in the order of the file; empty for counts.
    pub cases: Vec<Case>,
    /// Rows of the table.
    pub rows_read: u64,
    /// Rows that went into the series.
    pub rows_used: u64,
    /// What a reader of the numbers should know.
    pub remarks: Vec<Remark>,
}

impl SeriesSet {
    /// Counts of one place, `steps` long.
    pub fn series(&self, place: usize) -> &[Option<i32>] {
        &self.counts[place * self.steps..(place + 1) * self.steps]
    }

    /// Sum over the places by step; `None` where no place reported.
    pub fn total(&self) -> Vec<Option<i64>> {
        let mut total = vec![None; self.steps];
        for place in self.counts.chunks_exact(self.steps.max(1)) {
            for (sum, n) in total.iter_mut().zip(place) {
                if let Some(n) = n {
                    *sum = Some(sum.unwrap_or(0) + i64::from(*n));
                }
            }
        }
        total
    }
}

/// Why a table gives no series.
#[derive(Debug, thiserror::Error)]
pub enum SeriesError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A column that was asked for does not exist.
    #[error("the table has no column `{name}`; it has: {available}")]
    NoColumn {
        /// Column asked for.
        name: String,
        /// Columns that exist.
        available: String,
    },
    /// No column holds dates.
    #[error("no column of dates was found; name one with --date (columns: {available})")]
    NoDate {
        /// Columns that exist.
        available: String,
    },
    /// Day and month cannot be told apart.
    #[error("in column `{column}` day and month cannot be told apart; say --date-order dmy or mdy")]
    AmbiguousDates {
        /// The column.
        column: String,
    },
    /// No row could be used.
    #[error("no row has a date and a count that can be read")]
    NoRows,
    /// More values than fit.
    #[error("{places} places times {steps} steps are more values than fit in memory")]
    TooLarge {
        /// Places.
        places: usize,
        /// Steps.
        steps: usize,
    },
}

impl SeriesError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(error) => error.code(),
            Self::NoColumn { .. } => "F201",
            Self::NoDate { .. } => "F202",
            Self::AmbiguousDates { .. } => "F203",
            Self::NoRows => "F204",
            Self::TooLarge { .. } => "F205",
        }
    }
}

/// Reads a table as series.
///
/// # Errors
/// [`SeriesError`] if the file breaks off, a named column is missing, or nothing can be dated.
pub fn read_series(table: &Table, options: &SeriesOptions) -> Result<SeriesSet, SeriesError> {
    let plan = choose::choose(table, options)?;
    build::build(table, plan, options)
}
