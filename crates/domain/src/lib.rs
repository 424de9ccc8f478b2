//! The field's nouns and rules: regions, registers, records, signals, roles, diseases, packs.
//!
//! This crate knows no SQL and no HTTP and does no I/O. A value that exists is valid.
#![warn(missing_docs)]

pub mod actor;
pub mod article;
pub mod calendar;
pub mod channel;
pub mod comment;
pub mod condition;
pub mod date;
pub mod disease;
pub mod identity;
pub mod issue;
pub mod kind;
pub mod level;
pub mod lifecycle;
pub mod link;
pub mod pack;

pub mod plan;
pub mod public_entry;
pub mod publication;
pub mod record;
pub mod region;
pub mod register;
pub mod signal;
pub mod text;
pub mod unit;
pub mod validate;
pub mod value;
pub mod work;
