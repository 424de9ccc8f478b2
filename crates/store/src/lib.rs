//! What is kept: records with their versions, tallies, signals, accounts, imports, publications, the audit log.
//!
//! This crate is the only one with SQL. One text per query serves SQLite and PostgreSQL; what differs stands in
//! `dialect.rs` and in the two halves of the bulk load. Every function takes the transaction first; a caller opens
//! one with [`Store::read`] or [`Store::write`], does its work and calls [`Tx::commit`].
//!
//! ```no_run
//! # async fn example() -> Result<(), wanquan_store::Error> {
//! use wanquan_store::{Options, Store, setting};
//! let store = Store::open("data/wanquan.db", &Options::recommended()).await?;
//! let mut tx = store.read().await?;
//! let language = setting::get(&mut tx, "language").await?;
//! # Ok(()) }
//! ```
//!
//! Instants are epoch microseconds, civil dates are day numbers since 1970-01-01, identifiers are UUIDv7 made by the
//! caller. The store reads no clock.

pub mod account;
pub mod alarm;
pub mod article;
pub mod audit;
pub mod backup;
pub mod batch;
pub mod bulk;
pub mod channel;
pub mod comment;
pub mod desk;
mod dialect;
mod durable;
mod error;
pub mod form;
pub mod idempotency;
pub mod job;
pub mod level;
pub mod link;
pub mod notice;
mod page;
pub mod person;
pub mod plan_run;
pub mod portal;
pub mod public_entry;
pub mod publication;
pub mod record;
pub mod session;
pub mod setting;
pub mod signal;
mod store;
pub mod tally;
mod time;
pub mod token;
pub mod work;

pub use dialect::Tx;
pub use error::Error;
pub use store::{Options, Store};
