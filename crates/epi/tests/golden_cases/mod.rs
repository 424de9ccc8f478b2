//! One runner per method; the name is `method` in the golden file.

use crate::golden_support::{Check, Outcome};

mod discr_si;
mod ears;
mod farrington_flexible;
mod farrington_original;
mod growth_rate;
mod rt_cori;

/// The runner of a method, `None` if unknown.
pub fn runner(method: &str) -> Option<fn(&mut Check<'_>) -> Outcome> {
    Some(match method {
        "discr_si" => discr_si::run,
        "ears" => ears::run,
        "farrington_flexible" => farrington_flexible::run,
        "farrington_original" => farrington_original::run,
        "growth_rate" => growth_rate::run,
        "rt_cori" => rt_cori::run,
        _ => return None,
    })
}
