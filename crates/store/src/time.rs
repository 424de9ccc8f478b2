//! Instants and days as they stand in columns.

use crate::error::Error;
use jiff::Timestamp;
use jiff::civil::Date;
use wanquan_domain::date::{from_epoch_day, to_epoch_day};

/// Microseconds since 1970; the store keeps no finer time.
pub(crate) fn to_micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(crate) fn from_micros(micros: i64, what: &'static str) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(micros).map_err(|e| Error::damaged(what, e))
}

/// Day number of a date.
pub(crate) fn to_day(date: Date) -> i64 {
    i64::from(to_epoch_day(date))
}

pub(crate) fn from_day(day: i64, what: &'static str) -> Result<Date, Error> {
    i32::try_from(day)
        .ok()
        .and_then(from_epoch_day)
        .ok_or_else(|| Error::damaged(what, format!("day number {day}")))
}

pub(crate) fn version(n: i64, what: &'static str) -> Result<u32, Error> {
    u32::try_from(n).map_err(|e| Error::damaged(what, e))
}
