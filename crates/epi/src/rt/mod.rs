//! Transmission: how many does one case infect, and how fast do cases grow?
//!
//! - [`serial_interval`]: discrete serial interval from mean and standard deviation.
//! - [`estimate_rt`]: instantaneous reproduction number (Cori et al. 2013).
//! - [`estimate_rt_uncertain`]: the same over serial intervals that are themselves uncertain.
//! - [`estimate_rc`]: case reproduction number (Wallinga & Teunis 2004).
//! - [`r0`]: basic reproduction number from the rise of an epidemic.
//! - [`growth`]: growth rate and doubling time.

mod cohort;
mod cori;
pub mod growth;
mod incidence;
pub mod r0;
pub mod serial_interval;
mod uncertain;

pub use cohort::{
    CohortConfig, CohortEstimate, CohortPoint, CohortSeries, NoCohortEstimate, Truncation, estimate_rc,
    estimate_rc_windows,
};

pub use cori::{
    NoEstimate, RtConfig, RtEstimate, RtPoint, RtSeries, estimate_rt, estimate_rt_panel, estimate_rt_windows,
    overall_infectivity,
};
pub use incidence::Incidence;
pub use uncertain::{UncertainDays, UncertainSerialInterval, estimate_rt_mixture, estimate_rt_uncertain};
