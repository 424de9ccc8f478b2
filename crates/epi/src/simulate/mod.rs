//! Simulated surveillance: series whose outbreaks are known, so that detectors can be judged.
//!
//! [`Scenario`] describes a disease (level, trend, season, scatter), [`PanelConfig`] how outbreaks are laid over
//! it, [`simulate_series`] draws one series. The 28 scenarios of Noufaily et al. 2013 are [`noufaily_scenarios`].
//!
//! Every series has a random stream of its own, derived from the seed and its position, so that a panel does not
//! depend on threads, and a longer panel begins with the shorter one.
//!
//! Noufaily et al. 2013, Stat Med 32:1206-1222, doi:10.1002/sim.5595, section 3.

mod panel;

pub use panel::{
    Group, PanelConfig, Scenario, SimulatedOutbreak, SimulatedSeries, noufaily_scenarios, simulate_count,
    simulate_panel, simulate_series,
};
