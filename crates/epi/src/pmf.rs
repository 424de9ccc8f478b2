//! Discrete delay distributions in whole days.

use crate::Error;
use serde::{Deserialize, Serialize};

/// Probability mass function of a delay in whole steps: `p[k]` = P(delay = k), `k = 0, 1, ...`.
///
/// Checked once: every entry finite and non-negative, total within 1e-9 above 1. The total may be
/// below 1 where the support was truncated; [`Pmf::mass`] says by how much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct Pmf(Vec<f64>);

impl Pmf {
    /// Checks and wraps `p`.
    ///
    /// # Errors
    /// `TooShort` if empty, `InvalidData` for a negative or non-finite entry, or a total above 1.
    pub fn new(p: Vec<f64>) -> Result<Self, Error> {
        if p.is_empty() {
            return Err(Error::TooShort { what: "probability mass function", got: 0, need: 1 });
        }
        if let Some(position) = p.iter().position(|x| !x.is_finite() || *x < 0.0) {
            return Err(Error::InvalidData {
                what: "probability mass function",
                position,
                why: "must be finite and not negative",
            });
        }
        let total: f64 = p.iter().sum();
        // 1e-9 allows for rounding in a sum of a few hundred terms, not for a wrong distribution.
        if total > 1.0 + 1e-9 {
            return Err(Error::InvalidData {
                what: "probability mass function",
                position: p.len() - 1,
                why: "entries sum to more than 1",
            });
        }
        Ok(Self(p))
    }

    /// The entries, index = delay in steps.
    pub fn as_slice(&self) -> &[f64] {
        &self.0
    }

    /// Probability of a delay of `k` steps; 0 beyond the support.
    pub fn at(&self, k: usize) -> f64 {
        self.0.get(k).copied().unwrap_or(0.0)
    }

    /// Total probability held (1 unless truncated).
    pub fn mass(&self) -> f64 {
        self.0.iter().sum()
    }

    /// Mean delay in steps of the mass held.
    pub fn mean(&self) -> f64 {
        self.0.iter().enumerate().map(|(k, p)| k as f64 * p).sum()
    }

    /// Standard deviation in steps of the mass held.
    pub fn sd(&self) -> f64 {
        let mean = self.mean();
        let second: f64 = self.0.iter().enumerate().map(|(k, p)| (k as f64).powi(2) * p).sum();
        (second - mean * mean).max(0.0).sqrt()
    }
}

impl TryFrom<Vec<f64>> for Pmf {
    type Error = Error;
    fn try_from(p: Vec<f64>) -> Result<Self, Error> {
        Self::new(p)
    }
}

impl From<Pmf> for Vec<f64> {
    fn from(pmf: Pmf) -> Self {
        pmf.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mass_function_is_refused_when_negative_or_above_one() {
        assert!(Pmf::new(vec![]).is_err());
        assert!(Pmf::new(vec![0.5, -0.1]).is_err());
        assert!(Pmf::new(vec![0.7, 0.7]).is_err());
        assert!(Pmf::new(vec![f64::NAN]).is_err());
        let p = Pmf::new(vec![0.0, 0.5, 0.5]).unwrap();
        assert_eq!(p.mean(), 1.5);
        assert_eq!(p.at(9), 0.0);
    }
}
