//! Discrete distribution of the serial interval (onset to onset) in days.

use crate::special::gamma_pq;
use crate::{Error, Pmf};

/// Discretises a gamma-distributed serial interval that is at least one day.
///
/// # Input
/// `mean_days` > 1 and `sd_days` > 0 of the interval; `lag_days_max`: last lag kept, up to 10,000.
/// # Output
/// `w[k]` = P(interval = k days) for `k = 0..=lag_days_max`, `w[0] = 0`. The total is below 1 by what lies
/// beyond `lag_days_max`; it is not rescaled.
/// # Errors
/// `InvalidParameter` outside these ranges.
/// # Method
/// Cori et al. 2013, Am J Epidemiol 178(9), Web Appendix 11: 1 + Gamma(mean - 1, sd), linear
/// interpolation between neighbouring days.
/// # Examples
/// ```
/// use wanquan_epi::rt::serial_interval::discretise_gamma;
/// // Influenza A(H1N1) 2009: mean 2.6 days, sd 1.5 days.
/// let w = discretise_gamma(2.6, 1.5, 20)?;
/// assert_eq!(w.at(0), 0.0);
/// assert!((w.mean() - 2.6).abs() < 1e-4);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn discretise_gamma(mean_days: f64, sd_days: f64, lag_days_max: usize) -> Result<Pmf, Error> {
    if !(mean_days > 1.0 && mean_days.is_finite()) {
        return Err(Error::parameter("mean_days", mean_days, "must be finite and above 1 day"));
    }
    if !(sd_days > 0.0 && sd_days.is_finite()) {
        return Err(Error::parameter("sd_days", sd_days, "must be finite and positive"));
    }
    if lag_days_max > 10_000 {
        return Err(Error::parameter("lag_days_max", lag_days_max, "must not exceed 10,000 days"));
    }
    let a = ((mean_days - 1.0) / sd_days).powi(2);
    let b = sd_days * sd_days / (mean_days - 1.0);
    let cdf = |shape: f64, x: f64| if x <= 0.0 { 0.0 } else { gamma_pq(shape, x / b).0 };
    let w = (0..=lag_days_max)
        .map(|k| {
            let k = k as f64;
            let mass = k * cdf(a, k) + (k - 2.0) * cdf(a, k - 2.0) - 2.0 * (k - 1.0) * cdf(a, k - 1.0)
                + a * b * (2.0 * cdf(a + 1.0, k - 1.0) - cdf(a + 1.0, k - 2.0) - cdf(a + 1.0, k));
            mass.max(0.0)
        })
        .collect();
    Pmf::new(w)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_not_above_one_day_is_refused() {
        assert!(discretise_gamma(1.0, 1.0, 10).is_err());
        assert!(discretise_gamma(2.0, 0.0, 10).is_err());
        assert!(discretise_gamma(f64::NAN, 1.0, 10).is_err());
    }

    #[test]
    fn the_mass_function_keeps_mean_and_total() {
        for (mean, sd) in [(2.6, 1.5), (8.4, 3.8), (15.3, 9.3), (1.2, 0.4)] {
            let w = discretise_gamma(mean, sd, 200).unwrap();
            assert!((w.mass() - 1.0).abs() < 1e-9);
            assert!((w.mean() - mean).abs() < 1e-6);
        }
    }
}
