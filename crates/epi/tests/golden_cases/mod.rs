//! One runner per method; the name is `method` in the golden file.

use crate::golden_support::{Check, Outcome};

mod association;
mod charts;
mod delay;
mod discr_si;
mod ears;
mod farrington_flexible;
mod farrington_original;
mod growth_rate;
mod hhh4;
mod nowcast;
mod rt_cori;
mod scan;
mod score;
mod transmission;
mod windows;

/// The runner of a method, `None` if unknown.
pub fn runner(method: &str) -> Option<fn(&mut Check<'_>) -> Outcome> {
    Some(match method {
        "crps_parametric" => score::crps_parametric,
        "crps_sample" => score::crps_sample,
        "bayes" => windows::bayes,
        "cusum" => charts::cusum,
        "delay_fit" => delay::exact,
        "discr_si" => discr_si::run,
        "ears" => ears::run,
        "farrington_flexible" => farrington_flexible::run,
        "farrington_original" => farrington_original::run,
        "energy_score" => score::energy,
        "growth_rate" => growth_rate::run,
        "hhh4" => hhh4::run,
        "incubation_dic" => delay::interval_censored,
        "kulldorff_spatial" => scan::spatial,
        "mantel_haenszel" => association::strata,
        "poisson_rate_ci" => association::poisson_rate,
        "glr" => charts::glr,
        "nowcast" => nowcast::run,
        "outbreakp" => charts::outbreak_p,
        "rki" => windows::rki,
        "rki_table" => windows::rki_table,
        "r0_eg_ml" => transmission::r0,
        "rt_cori" => rt_cori::run,
        "rt_cori_uncertain_si" => transmission::uncertain_si,
        "rt_wallinga_teunis" => transmission::wallinga_teunis,
        "scan_space_time" => scan::space_time,
        "standardised_rates" => association::standardised,
        "two_by_two" => association::two_by_two,
        "wis" => score::wis,
        _ => return None,
    })
}
