//! Epidemiological statistics: numbers in, numbers out.
//!
//! This crate does no I/O, reads no clock, owns no random generator and iterates no hash map into a
//! result. Every method takes validated data by reference and one explicit configuration.
#![warn(missing_docs)]

pub mod detect;
mod error;
#[expect(dead_code, reason = "predictions are for the regression detectors")]
mod glm;
mod pmf;
pub mod rt;
mod series;
#[cfg_attr(not(test), expect(dead_code, reason = "some are read by the regression detectors only"))]
mod special;

pub use error::Error;
pub use pmf::Pmf;
pub use series::{CountSeries, Step};
