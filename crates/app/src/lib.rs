//! The path of the data as verbs: one function per thing that a person or a schedule can do.
//!
//! A verb takes the [`App`], the [`Actor`](wanquan_domain::actor::Actor) and its input, asks [`authorize`] what the
//! actor may do, lets the domain decide, saves, and leaves an audit entry in the same transaction. Nothing here knows
//! HTTP; nothing here reads a clock other than [`App::now`].

pub mod access;
pub mod administer;
pub mod alarm;
pub mod analyse;
mod app;
pub mod audit;
mod authorize;
pub mod backup;
pub mod bus;
pub mod chronicle;
pub mod comments;
pub mod demo;
pub mod desk;
pub mod detect;
pub mod dispatch;
mod error;
pub mod export;
pub mod forecast;
pub mod forms;
pub mod ingest;
pub mod jobs;
pub mod level;
pub mod life;
pub mod outbound;
pub mod person;
pub mod portal;
pub mod publish;
pub mod records;
pub mod regions;
pub mod situation;
pub mod supervise;
pub mod validation;

pub use wanquan_store::person::KeySource;

pub use app::{App, Clock, FixedClock, Options};
pub use authorize::{Scope, Subject, actions_of, authorize, authorize_records, home_region, sections_of};
pub use error::Error;
