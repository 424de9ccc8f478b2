//! Discretised serial interval.

use crate::golden_support::{Check, Outcome, Tolerance};
use wanquan_epi::rt::serial_interval::discretise_gamma;

pub fn run(check: &mut Check<'_>) -> Outcome {
    let k_max = check.params.usize("k_max")?;
    let w = discretise_gamma(check.params.f64("mean")?, check.params.f64("sd")?, k_max)
        .map_err(|e| e.to_string())?;
    let want = check.output.numbers("p")?;
    for (k, want) in check.input.counts("k")?.into_iter().zip(want) {
        let got = w.as_slice().get(k as usize).copied();
        // Differences of nearly equal terms, some 2 k at lag k, each rounded: at most 1e-12 up to lag 100.
        check.number(&format!("p[{k}]"), got, want, Tolerance::Absolute(1e-12_f64.max(1e-14 * f64::from(k))));
    }
    Ok(())
}
