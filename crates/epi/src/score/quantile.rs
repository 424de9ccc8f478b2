//! Forecasts given as quantiles.

use crate::Error;
use serde::{Deserialize, Serialize};

/// The 23 probability levels that forecast hubs ask for.
pub const HUB_LEVELS: [f64; 23] = [
    0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8,
    0.85, 0.9, 0.95, 0.975, 0.99,
];

/// Levels that sum to 1 within this are a central interval.
const PAIRED: f64 = 1e-9;

/// A predictive distribution by its quantiles: central intervals, and the median.
///
/// Checked once: levels strictly ascending, symmetric about the median, which is among them; values finite
/// and not decreasing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "(Vec<f64>, Vec<f64>)", into = "(Vec<f64>, Vec<f64>)")]
pub struct QuantileForecast {
    levels: Vec<f64>,
    values: Vec<f64>,
}

impl QuantileForecast {
    /// `values[i]` is the quantile of probability `levels[i]`.
    ///
    /// # Errors
    /// `LengthMismatch`, `TooShort`, or `InvalidData` for what the type promises.
    pub fn new(levels: Vec<f64>, values: Vec<f64>) -> Result<Self, Error> {
        if levels.len() != values.len() {
            return Err(Error::LengthMismatch {
                left: "levels",
                left_len: levels.len(),
                right: "quantiles",
                right_len: values.len(),
            });
        }
        if levels.is_empty() {
            return Err(Error::TooShort { what: "quantile forecast", got: 0, need: 1 });
        }
        let n = levels.len();
        let wrong = |what, position, why| Err(Error::InvalidData { what, position, why });
        for (i, &level) in levels.iter().enumerate() {
            if !(level > 0.0 && level < 1.0) || (i > 0 && level <= levels[i - 1]) {
                return wrong("levels", i, "must ascend strictly between 0 and 1");
            }
            if (level + levels[n - 1 - i] - 1.0).abs() > PAIRED {
                return wrong("levels", i, "must be symmetric about the median");
            }
        }
        if n.is_multiple_of(2) {
            return wrong("levels", n / 2, "must hold the median");
        }
        for (i, &value) in values.iter().enumerate() {
            if !value.is_finite() || (i > 0 && value < values[i - 1]) {
                return wrong("quantiles", i, "must be finite and not decrease");
            }
        }
        Ok(Self { levels, values })
    }

    /// Probability levels, ascending.
    pub fn levels(&self) -> &[f64] {
        &self.levels
    }

    /// Quantiles, aligned with the levels.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The median.
    pub fn median(&self) -> f64 {
        self.values[self.values.len() / 2]
    }

    /// Bounds on the probability that the forecast gives to values up to `observed`.
    ///
    /// Between two quantiles the probability is interpolated and both bounds are equal; beyond the outermost ones,
    /// and where several quantiles are equal, only bounds are known.
    pub fn probability_range(&self, observed: f64) -> (f64, f64) {
        let (levels, values) = (&self.levels, &self.values);
        let below = values.partition_point(|v| *v < observed);
        let up_to = values.partition_point(|v| *v <= observed);
        match (below, up_to) {
            (0, 0) => (0.0, levels[0]),
            (n, _) if n == values.len() => (levels[n - 1], 1.0),
            (at, same) if at == same => {
                let share = (observed - values[at - 1]) / (values[at] - values[at - 1]);
                let p = levels[at - 1] + share * (levels[at] - levels[at - 1]);
                (p, p)
            }
            // All of a forecast without width may lie on the truth.
            (at, same) => (
                if at == 0 { 0.0 } else { levels[at] },
                if same == values.len() { 1.0 } else { levels[same - 1] },
            ),
        }
    }

    /// Limits of the central interval of probability `central_prob`, if its levels are there.
    pub fn interval(&self, central_prob: f64) -> Option<(f64, f64)> {
        let low = 0.5 * (1.0 - central_prob);
        let i = self.levels.iter().position(|l| (l - low).abs() < PAIRED)?;
        Some((self.values[i], self.values[self.values.len() - 1 - i]))
    }
}

impl TryFrom<(Vec<f64>, Vec<f64>)> for QuantileForecast {
    type Error = Error;
    fn try_from((levels, values): (Vec<f64>, Vec<f64>)) -> Result<Self, Error> {
        Self::new(levels, values)
    }
}

impl From<QuantileForecast> for (Vec<f64>, Vec<f64>) {
    fn from(forecast: QuantileForecast) -> Self {
        (forecast.levels, forecast.values)
    }
}

/// Weighted interval score and what it is made of; in units of the forecast quantity.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Wis {
    /// The score, sum of the three parts.
    pub total: f64,
    /// Part for the width of the intervals.
    pub dispersion: f64,
    /// Part for intervals and median above the truth.
    pub overprediction: f64,
    /// Part for intervals and median below the truth.
    pub underprediction: f64,
}

/// Weighted interval score of one forecast.
///
/// # Input
/// `observed`: the truth, finite, in the units of the forecast.
/// # Output
/// See [`Wis`]; 0 for a forecast that puts everything on the truth.
/// # Errors
/// `InvalidData` if the truth is not finite.
/// # Method
/// Bracher et al. 2021, PLoS Comput Biol 17(2):e1008618: K central intervals of level 1 - alpha_k with weights
/// alpha_k / 2 and the median with weight 1/2, over K + 1/2. Approximates the CRPS.
///
/// # Examples
/// ```
/// use wanquan_epi::score::{QuantileForecast, weighted_interval_score};
/// let forecast = QuantileForecast::new(vec![0.25, 0.5, 0.75], vec![8.0, 10.0, 14.0])?;
/// let score = weighted_interval_score(&forecast, 16.0)?;
/// // Half of alpha times the width, distance above the upper limit, half the distance from the median.
/// assert!((score.total - (0.25 * 6.0 + 2.0 + 0.5 * 6.0) / 1.5).abs() < 1e-12);
/// assert_eq!(score.overprediction, 0.0);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn weighted_interval_score(forecast: &QuantileForecast, observed: f64) -> Result<Wis, Error> {
    if !observed.is_finite() {
        return Err(Error::InvalidData { what: "observed value", position: 0, why: "must be finite" });
    }
    let (levels, values) = (&forecast.levels, &forecast.values);
    let pairs = values.len() / 2;
    let (mut dispersion, mut over, mut under) = (0.0, 0.0, 0.0);
    for k in 0..pairs {
        let half_alpha = levels[k];
        let (lower, upper) = (values[k], values[values.len() - 1 - k]);
        dispersion += half_alpha * (upper - lower);
        // Weight alpha/2 times penalty 2/alpha is 1.
        over += (lower - observed).max(0.0);
        under += (observed - upper).max(0.0);
    }
    let median = values[pairs];
    over += 0.5 * (median - observed).max(0.0);
    under += 0.5 * (observed - median).max(0.0);
    let weight = pairs as f64 + 0.5;
    let (dispersion, overprediction, underprediction) = (dispersion / weight, over / weight, under / weight);
    Ok(Wis {
        total: dispersion + overprediction + underprediction,
        dispersion,
        overprediction,
        underprediction,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossing_asymmetric_or_median_free_quantiles_are_refused() {
        assert!(QuantileForecast::new(vec![0.25, 0.5, 0.75], vec![1.0, 3.0, 2.0]).is_err());
        assert!(QuantileForecast::new(vec![0.2, 0.5, 0.75], vec![1.0, 2.0, 3.0]).is_err());
        assert!(QuantileForecast::new(vec![0.25, 0.75], vec![1.0, 2.0]).is_err());
        assert!(QuantileForecast::new(vec![0.5], vec![f64::NAN]).is_err());
        assert!(QuantileForecast::new(vec![], vec![]).is_err());
    }

    #[test]
    fn probabilities_are_interpolated_and_bounded_where_the_quantiles_say_no_more() {
        let forecast = QuantileForecast::new(vec![0.25, 0.5, 0.75], vec![8.0, 10.0, 14.0]).unwrap();
        for (observed, range) in
            [(7.0, (0.0, 0.25)), (9.0, (0.375, 0.375)), (10.0, (0.5, 0.5)), (15.0, (0.75, 1.0))]
        {
            assert_eq!(forecast.probability_range(observed), range);
        }
        let point = QuantileForecast::new(vec![0.25, 0.5, 0.75], vec![0.0, 0.0, 3.0]).unwrap();
        assert_eq!(point.probability_range(0.0), (0.0, 0.5));
        assert_eq!(point.probability_range(3.0), (0.75, 1.0));
    }

    #[test]
    fn the_score_equals_twice_the_mean_pinball_loss() {
        let values: Vec<f64> = (0..23).map(|i| f64::from(i * i)).collect();
        let forecast = QuantileForecast::new(HUB_LEVELS.to_vec(), values.clone()).unwrap();
        for observed in [-3.0, 0.0, 77.5, 121.0, 900.0] {
            let pinball: f64 = HUB_LEVELS
                .iter()
                .zip(&values)
                .map(
                    |(&tau, &q)| {
                        if observed < q { (1.0 - tau) * (q - observed) } else { tau * (observed - q) }
                    },
                )
                .sum();
            let score = weighted_interval_score(&forecast, observed).unwrap();
            assert!((score.total - 2.0 * pinball / 23.0).abs() < 1e-10);
        }
    }
}
