//! Distribution functions that the methods share. Non-finite input gives a non-finite output; callers
//! guard against it.

use libm::erfc;
use statrs::function::erf::erfc_inv;
use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

/// P(Z > z) of a standard normal, accurate in the tail.
pub(crate) fn normal_upper_tail(z: f64) -> f64 {
    0.5 * erfc(z * FRAC_1_SQRT_2)
}

/// P(Z <= z) of a standard normal.
#[cfg_attr(not(test), expect(dead_code, reason = "the regression detectors read it"))]
pub(crate) fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z * FRAC_1_SQRT_2)
}

/// z with P(Z > z) = `tail_prob`, for `tail_prob` in (0, 1).
pub(crate) fn normal_upper_quantile(tail_prob: f64) -> f64 {
    let z = SQRT_2 * erfc_inv(2.0 * tail_prob);
    // One Newton step on the tail removes the rational approximation's last digits.
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if density > 0.0 { z + (normal_upper_tail(z) - tail_prob) / density } else { z }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantiles_agree_with_published_digits() {
        for (p, z) in [
            (0.5, 0.0),
            (0.025, 1.959_963_984_540_054),
            (0.001, 3.090_232_306_167_813_5),
            (0.005, 2.575_829_303_548_900_4),
            (1e-9, 5.997_807_015_007_686_9),
        ] {
            assert!((normal_upper_quantile(p) - z).abs() < 1e-14 * (1.0 + z), "{p}");
            assert!((normal_upper_tail(z) - p).abs() < 1e-13 * p.max(1e-3));
            assert!((normal_cdf(-z) - p).abs() < 1e-13 * p.max(1e-3));
        }
    }
}
