//! Delays: how long between two events, and what is still to come?
//!
//! - [`DelayDistribution`]: a continuous delay; whole days from it.
//! - [`ReportingTriangle`]: counts by day of the event and of the report.
//! - [`nowcast`]: how many there will be once all reports are in.
//! - [`fit_delay`]: the distribution from pairs of events (incubation period, serial interval).

mod distribution;
mod fit;
pub mod nowcast;
mod triangle;

pub use distribution::{DelayDistribution, DelayFamily};
pub use fit::{
    CountDelayFit, DelayFit, DelayFitConfig, DelayObservation, days_since_epoch, fit_delay, fit_delay_counts,
    fit_delay_families,
};
pub use triangle::ReportingTriangle;
