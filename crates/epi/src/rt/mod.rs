//! Transmission: how many does one case infect, and how fast do cases grow?
//!
//! - [`serial_interval`]: discrete serial interval from mean and standard deviation.
//! - [`estimate_rt`]: instantaneous reproduction number (Cori et al. 2013).
//! - [`growth`]: growth rate and doubling time.

mod cori;
pub mod growth;
mod incidence;
pub mod serial_interval;

pub use cori::{
    NoEstimate, RtConfig, RtEstimate, RtPoint, RtSeries, estimate_rt, estimate_rt_panel, estimate_rt_windows,
    overall_infectivity,
};
pub use incidence::Incidence;
