//! Association within strata of a confounder, pooled.

use super::{Interval, TwoByTwo, z_of};
use crate::Error;
use serde::{Deserialize, Serialize};

/// Pooled association over strata.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MantelHaenszel {
    /// Common odds ratio.
    pub odds_ratio: Interval,
    /// Common risk ratio (point estimate).
    pub risk_ratio: Option<f64>,
    /// Mantel-Haenszel chi-squared, 1 degree of freedom; `None` if no stratum has both ill and well.
    pub chi_squared: Option<f64>,
    /// The same with continuity correction 1/2.
    pub chi_squared_corrected: Option<f64>,
    /// P value of `chi_squared`.
    pub p_value: Option<f64>,
}

/// Mantel-Haenszel common odds ratio and risk ratio.
///
/// # Input
/// One table per stratum; `confidence` in (0, 1).
/// # Output
/// Ratios are dimensionless; the odds ratio's interval uses the variance of Robins, Breslow & Greenland.
/// # Errors
/// `TooShort` without a stratum, `InvalidParameter` for the confidence.
/// # Method
/// Mantel & Haenszel 1959, JNCI 22; Robins, Breslow & Greenland 1986, Biometrics 42:311-323. Not for strata
/// whose own ratios differ in direction: a common ratio then has no meaning.
/// # Examples
/// ```
/// use wanquan_epi::association::{TwoByTwo, mantel_haenszel};
/// // Exposed ill and well, unexposed ill and well; young persons, then old ones, who are ill more often.
/// let strata = [TwoByTwo::new(10, 90, 5, 95)?, TwoByTwo::new(40, 60, 25, 75)?];
/// let pooled = mantel_haenszel(&strata, 0.95)?;
/// // (10 x 95 / 200 + 40 x 75 / 200) / (90 x 5 / 200 + 60 x 25 / 200)
/// assert!((pooled.odds_ratio.estimate.unwrap() - 19.75 / 9.75).abs() < 1e-12);
/// assert!(pooled.odds_ratio.lower.unwrap() > 1.0);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn mantel_haenszel(strata: &[TwoByTwo], confidence: f64) -> Result<MantelHaenszel, Error> {
    if strata.is_empty() {
        return Err(Error::TooShort { what: "strata", got: 0, need: 1 });
    }
    let z = z_of(confidence)?;
    let (mut r, mut s, mut pr, mut ps_qr, mut qs) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let (mut risk_top, mut risk_bottom, mut difference, mut variance) = (0.0, 0.0, 0.0, 0.0);
    for table in strata {
        let [a, b, c, d] = table.cells();
        let n = a + b + c + d;
        let (ri, si, pi, qi) = (a * d / n, b * c / n, (a + d) / n, (b + c) / n);
        r += ri;
        s += si;
        pr += pi * ri;
        ps_qr += pi * si + qi * ri;
        qs += qi * si;
        risk_top += a * (c + d) / n;
        risk_bottom += c * (a + b) / n;
        difference += a - (a + b) * (a + c) / n;
        if n > 1.0 {
            variance += (a + b) * (c + d) * (a + c) * (b + d) / (n * n * (n - 1.0));
        }
    }
    let se = (pr / (2.0 * r * r) + ps_qr / (2.0 * r * s) + qs / (2.0 * s * s)).sqrt();
    let chi = |correction: f64| {
        let distance = difference.abs();
        let rest = distance - f64::min(correction, distance);
        (variance > 0.0).then(|| rest * rest / variance)
    };
    let risk_ratio = risk_top / risk_bottom;
    Ok(MantelHaenszel {
        odds_ratio: Interval::log_wald(r / s, z, se),
        risk_ratio: risk_ratio.is_finite().then_some(risk_ratio),
        chi_squared: chi(0.0),
        chi_squared_corrected: chi(0.5),
        p_value: chi(0.0).map(TwoByTwo::chi_squared_p),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stratum_gives_its_own_odds_ratio() {
        let table = TwoByTwo::new(12, 5, 7, 20).unwrap();
        let pooled = mantel_haenszel(&[table], 0.95).unwrap();
        let own = table.odds_ratio(0.95).unwrap();
        assert!((pooled.odds_ratio.estimate.unwrap() - own.estimate.unwrap()).abs() < 1e-12);
        assert!((pooled.odds_ratio.lower.unwrap() - own.lower.unwrap()).abs() < 1e-12);
    }

    #[test]
    fn no_stratum_is_an_error() {
        assert!(mantel_haenszel(&[], 0.95).is_err());
    }
}
