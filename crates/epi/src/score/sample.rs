//! Forecasts given as samples.

use crate::Error;
use serde::{Deserialize, Serialize};

/// Scores of a sample forecast of one number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SampleScore {
    /// Continuous ranked probability score of the empirical distribution, in units of the quantity.
    pub crps: f64,
    /// Dawid-Sebastiani score (y - m)^2 / v + ln v with the variance of the empirical distribution (n in the
    /// denominator); `None` if all samples are equal.
    pub dawid_sebastiani: Option<f64>,
    /// Share of the samples at or below the truth.
    pub pit: f64,
}

/// Scores samples of one number against the truth.
///
/// # Input
/// `samples`: independent draws of the forecast, in the unit of `observed`.
/// # Output
/// See [`SampleScore`].
/// # Errors
/// `TooShort` without a sample, `InvalidData` for a number that is not finite.
/// # Method
/// Jordan, Krueger & Lerch 2019, J Stat Softw 90(12), section 2: O(n log n) form of the empirical CRPS. For n
/// below about 100 the empirical CRPS is noticeably larger than that of the distribution sampled.
/// # Examples
/// ```
/// use wanquan_epi::score::score_samples;
/// let score = score_samples(&[8.0, 10.0, 12.0], 10.0)?;
/// // Mean distance to the truth, less half the mean distance between two draws: 4/3 - 8/9.
/// assert!((score.crps - 4.0 / 9.0).abs() < 1e-12);
/// assert!((score.pit - 2.0 / 3.0).abs() < 1e-12);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn score_samples(samples: &[f64], observed: f64) -> Result<SampleScore, Error> {
    check("samples", samples)?;
    check("observed value", &[observed])?;
    let mut x = samples.to_vec();
    x.sort_by(f64::total_cmp);
    let n = x.len() as f64;
    let sum: f64 = x
        .iter()
        .enumerate()
        .map(|(i, &x)| (x - observed) * (if observed < x { n } else { 0.0 } - (i as f64 + 1.0) + 0.5))
        .sum();
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let below = x.partition_point(|&x| x <= observed);
    Ok(SampleScore {
        crps: 2.0 * sum / (n * n),
        dawid_sebastiani: (variance > 0.0).then(|| (observed - mean).powi(2) / variance + variance.ln()),
        pit: below as f64 / n,
    })
}

/// Energy score of samples of several numbers (horizons, regions) at once.
///
/// # Input
/// `samples[i][j]`: draw `j` of component `i`; draws of one `j` belong together. `observed[i]`: the truth.
/// # Errors
/// `LengthMismatch`, `TooShort` or `InvalidData`.
/// # Method
/// Gneiting & Raftery 2007, JASA 102:359-378, eq. 22 with beta = 1. O(draws^2 x components).
/// # Examples
/// ```
/// use wanquan_epi::score::{energy_score, score_samples};
/// // Of a single number it is the CRPS.
/// let draws = vec![8.0, 10.0, 12.0];
/// assert!((energy_score(&[draws.clone()], &[10.0])? - score_samples(&draws, 10.0)?.crps).abs() < 1e-12);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn energy_score(samples: &[Vec<f64>], observed: &[f64]) -> Result<f64, Error> {
    let draws = check_joint(samples, observed)?;
    let distance = |j: usize, k: usize| samples.iter().map(|c| (c[j] - c[k]).powi(2)).sum::<f64>().sqrt();
    let to_truth =
        |j: usize| samples.iter().zip(observed).map(|(c, y)| (c[j] - y).powi(2)).sum::<f64>().sqrt();
    let m = draws as f64;
    let first: f64 = (0..draws).map(to_truth).sum();
    let pairs: f64 = (0..draws).map(|j| (0..j).map(|k| distance(j, k)).sum::<f64>()).sum();
    Ok(first / m - pairs / (m * m))
}

/// Variogram score of order `order` (recommended 0.5), all pairs of components weighing 1.
///
/// It notices wrong dependence between components, to which the energy score is nearly blind.
/// # Errors
/// As [`energy_score`]; `InvalidParameter` for an order that is not positive.
/// # Method
/// Scheuerer & Hamill 2015, Mon Weather Rev 143:1321-1334; the sum runs over ordered pairs.
/// # Examples
/// ```
/// use wanquan_epi::score::variogram_score;
/// // Two regions that rise and fall together: draws that say so score better than draws that do not.
/// let together = variogram_score(&[vec![1.0, 9.0], vec![1.0, 9.0]], &[5.0, 5.0], 0.5)?;
/// let apart = variogram_score(&[vec![1.0, 9.0], vec![9.0, 1.0]], &[5.0, 5.0], 0.5)?;
/// assert!(together < apart);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn variogram_score(samples: &[Vec<f64>], observed: &[f64], order: f64) -> Result<f64, Error> {
    let draws = check_joint(samples, observed)?;
    if !(order > 0.0 && order.is_finite()) {
        return Err(Error::parameter("order", order, "must be positive"));
    }
    let mut total = 0.0;
    for i in 0..samples.len() {
        for k in 0..i {
            let truth = (observed[i] - observed[k]).abs().powf(order);
            let pairs = samples[i].iter().zip(&samples[k]);
            let mean = pairs.map(|(a, b)| (a - b).abs().powf(order)).sum::<f64>() / draws as f64;
            total += 2.0 * (truth - mean).powi(2);
        }
    }
    Ok(total)
}

fn check(what: &'static str, numbers: &[f64]) -> Result<(), Error> {
    if numbers.is_empty() {
        return Err(Error::TooShort { what, got: 0, need: 1 });
    }
    match numbers.iter().position(|x| !x.is_finite()) {
        Some(position) => Err(Error::InvalidData { what, position, why: "must be finite" }),
        None => Ok(()),
    }
}

/// Number of draws.
fn check_joint(samples: &[Vec<f64>], observed: &[f64]) -> Result<usize, Error> {
    check("observed values", observed)?;
    if samples.len() != observed.len() {
        return Err(Error::LengthMismatch {
            left: "components",
            left_len: samples.len(),
            right: "observed values",
            right_len: observed.len(),
        });
    }
    let draws = samples[0].len();
    for component in samples {
        check("samples", component)?;
        if component.len() != draws {
            return Err(Error::LengthMismatch {
                left: "draws of the first component",
                left_len: draws,
                right: "draws of another",
                right_len: component.len(),
            });
        }
    }
    Ok(draws)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sample_scores_its_distance_to_the_truth() {
        let score = score_samples(&[3.0], 7.5).unwrap();
        assert_eq!(score.crps, 4.5);
        assert_eq!(score.dawid_sebastiani, None);
        assert_eq!(energy_score(&[vec![3.0], vec![4.0]], &[0.0, 0.0]).unwrap(), 5.0);
    }

    #[test]
    fn the_energy_score_of_one_component_is_the_crps() {
        let x = vec![3.0, 9.0, 1.0, 4.5, 4.5];
        let energy = energy_score(std::slice::from_ref(&x), &[5.0]).unwrap();
        assert!((energy - score_samples(&x, 5.0).unwrap().crps).abs() < 1e-12);
    }

    #[test]
    fn empty_ragged_or_infinite_samples_are_refused() {
        assert!(score_samples(&[], 1.0).is_err());
        assert!(score_samples(&[f64::INFINITY], 1.0).is_err());
        assert!(energy_score(&[vec![1.0], vec![1.0, 2.0]], &[0.0, 0.0]).is_err());
        assert!(variogram_score(&[vec![1.0]], &[0.0], 0.0).is_err());
    }
}
