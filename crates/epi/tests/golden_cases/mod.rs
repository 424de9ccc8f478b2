//! One runner per method; the name is `method` in the golden file.

use crate::golden_support::{Check, Outcome};

mod association;
mod charts;
mod discr_si;
mod ears;
mod farrington_flexible;
mod farrington_original;
mod growth_rate;
mod rt_cori;
mod scan;
mod score;
mod windows;

/// The runner of a method, `None` if unknown.
pub fn runner(method: &str) -> Option<fn(&mut Check<'_>) -> Outcome> {
    Some(match method {
        "crps_parametric" => score::crps_parametric,
        "crps_sample" => score::crps_sample,
        "bayes" => windows::bayes,
        "cusum" => charts::cusum,
        "discr_si" => discr_si::run,
        "ears" => ears::run,
        "farrington_flexible" => farrington_flexible::run,
        "farrington_original" => farrington_original::run,
        "energy_score" => score::energy,
        "growth_rate" => growth_rate::run,
        "kulldorff_spatial" => scan::spatial,
        "mantel_haenszel" => association::strata,
        "poisson_rate_ci" => association::poisson_rate,
        "glr" => charts::glr,
        "outbreakp" => charts::outbreak_p,
        "rki" => windows::rki,
        "rki_table" => windows::rki_table,
        "rt_cori" => rt_cori::run,
        "scan_space_time" => scan::space_time,
        "standardised_rates" => association::standardised,
        "two_by_two" => association::two_by_two,
        "wis" => score::wis,
        _ => return None,
    })
}
