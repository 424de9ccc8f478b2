//! Forecasts of counts by place: from published tables to quantiles, and from quantiles and the truth to scores.
//!
//! [`hub`] reads and writes the tables of forecast hubs; [`run`] forecasts, on any day, from what was known on that
//! day; [`evaluate`] scores.

pub mod evaluate;
pub mod hub;
pub mod run;

use crate::ingest::read::ReadError;
use crate::ingest::series::SeriesError;
use jiff::civil::Date;
use wanquan_epi::score::QuantileForecast;

/// The forecast of one count.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Place, as the table names it.
    pub location: String,
    /// Day on which the forecast is made, or is written to be made.
    pub reference_date: Date,
    /// Steps of the series from the reference date to the target.
    pub horizon: i32,
    /// Label of the target step (its last day, where the table labels weeks by their last day).
    pub target_end_date: Date,
    /// Quantiles of the count.
    pub forecast: QuantileForecast,
}

/// Why a table gives no forecast or no score.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("{error} [{}]", error.code())]
    Read {
        /// Why. Said by the message, so not its source as well.
        error: ReadError,
    },
    /// The file is no series of counts.
    #[error("{error} [{}]", error.code())]
    Series {
        /// Why. Said by the message, so not its source as well.
        error: SeriesError,
    },
    /// A column is missing.
    #[error("the table has no column `{name}`; it has: {available}")]
    NoColumn {
        /// Column looked for.
        name: &'static str,
        /// Columns that exist.
        available: String,
    },
    /// A cell cannot be read.
    #[error("row {row}, column `{column}`: `{value}` is not {wanted}")]
    Cell {
        /// Row of the file, from 1.
        row: u64,
        /// The column.
        column: &'static str,
        /// The cell.
        value: String,
        /// What would be right.
        wanted: &'static str,
    },
    /// No row can be used.
    #[error("no row can be used: {why}")]
    Nothing {
        /// What was looked for.
        why: String,
    },
    /// Quantiles of one forecast do not make one.
    #[error("the forecast for {location}, reference date {reference_date}, horizon {horizon}: {error}")]
    Quantiles {
        /// Place.
        location: String,
        /// Reference date.
        reference_date: Date,
        /// Horizon.
        horizon: i32,
        /// What is wrong. Said by the message, so not its source as well.
        error: wanquan_epi::Error,
    },
    /// The dates asked for do not fit the data.
    #[error("reference date {reference_date}: {why}")]
    Dates {
        /// The date asked for.
        reference_date: Date,
        /// What is wrong.
        why: String,
    },
    /// A parameter or a series that the method does not take.
    #[error(transparent)]
    Method(#[from] wanquan_epi::Error),
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        Self::Read { error }
    }
}

impl From<SeriesError> for Error {
    fn from(error: SeriesError) -> Self {
        Self::Series { error }
    }
}

/// The date so many days away, if the calendar has it.
fn days_after(date: Date, days: i64) -> Option<Date> {
    date.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// Days from one date to another.
fn days_between(from: Date, to: Date) -> i32 {
    wanquan_domain::date::to_epoch_day(to) - wanquan_domain::date::to_epoch_day(from)
}
