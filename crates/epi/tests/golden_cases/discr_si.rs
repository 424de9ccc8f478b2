//! Discretised serial interval.

use crate::golden_support::{Check, Outcome, Tolerance};
use wanquan_epi::rt::serial_interval::discretise_gamma;

pub fn run(check: &mut Check<'_>) -> Outcome {
    let k_max = check.params.usize("k_max")?;
    let w = discretise_gamma(check.params.f64("mean")?, check.params.f64("sd")?, k_max)
        .map_err(|e| e.to_string())?;
    let got: Vec<_> = check.input.counts("k")?.iter().map(|&k| Some(w.as_slice()[k as usize])).collect();
    // Differences of nearly equal terms: absolute error of a few hundred rounding units.
    check.output_numbers("p", &got, Tolerance::Absolute(1e-12))
}
