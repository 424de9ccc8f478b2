//! Epidemiological statistics: numbers in, numbers out.
//!
//! This crate does no I/O, reads no clock, owns no random generator and iterates no hash map into a
//! result. Every method takes validated data by reference and one explicit configuration.
#![warn(missing_docs)]

/// The examples of the README are tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod association;
pub mod chains;
pub mod delay;
pub mod detect;
mod draw;
pub mod endemic;
mod error;
pub mod forecast;
mod glm;
mod linear;
mod maximum;
mod pmf;
pub mod rt;
pub mod scan;
pub mod score;
mod series;
pub mod simulate;
mod special;

pub use error::Error;
pub use pmf::Pmf;
pub use series::{CountSeries, Step};
