//! The path of the data as verbs.

pub mod analyse;
pub mod ingest;
