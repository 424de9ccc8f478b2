//! Do stated probabilities come true as often as they say?

use super::QuantileForecast;
use crate::Error;
use serde::{Deserialize, Serialize};

/// How often a central interval held the truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Nominal probability of the interval.
    pub nominal_prob: f64,
    /// Forecasts that state this interval.
    pub forecasts: usize,
    /// Share of them whose interval held the truth, limits included; `None` without a forecast.
    pub observed_share: Option<f64>,
}

/// Share of the forecasts whose central interval of probability `central_prob` holds the truth.
///
/// # Errors
/// `InvalidParameter` for a probability outside (0, 1).
/// # Examples
/// ```
/// use wanquan_epi::score::{QuantileForecast, interval_coverage};
/// let forecast = QuantileForecast::new(vec![0.25, 0.5, 0.75], vec![8.0, 10.0, 13.0])?;
/// let found = interval_coverage(&[(&forecast, 9.0), (&forecast, 20.0)], 0.5)?;
/// assert_eq!(found.observed_share, Some(0.5));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn interval_coverage(
    forecasts: &[(&QuantileForecast, f64)],
    central_prob: f64,
) -> Result<Coverage, Error> {
    if !(central_prob > 0.0 && central_prob < 1.0) {
        return Err(Error::parameter("central_prob", central_prob, "must lie between 0 and 1"));
    }
    let (mut n, mut held) = (0_usize, 0_usize);
    for (forecast, observed) in forecasts {
        if let Some((lower, upper)) = forecast.interval(central_prob) {
            n += 1;
            held += usize::from(lower <= *observed && *observed <= upper);
        }
    }
    Ok(Coverage {
        nominal_prob: central_prob,
        forecasts: n,
        observed_share: (n > 0).then(|| held as f64 / n as f64),
    })
}

/// Histogram of the probability integral transform for counts: flat if calibrated, U-shaped if the forecasts
/// are too narrow, humped if too wide.
///
/// # Input
/// For each forecast P(Y <= y - 1) and P(Y <= y) at the truth y; `bins` >= 2.
/// # Output
/// Mass per bin of width 1/`bins`, summing to 1.
/// # Errors
/// `TooShort` without a forecast, `InvalidData` for probabilities that are not ordered in \[0, 1\].
/// # Method
/// Czado, Gneiting & Held 2009, Biometrics 65:1254-1261, the non-randomised form.
/// # Examples
/// ```
/// use wanquan_epi::score::pit_histogram;
/// // Each truth took up a quarter of the probability, another one each time.
/// let flat = pit_histogram(&[(0.0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0)], 2)?;
/// assert_eq!(flat, [0.5, 0.5]);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn pit_histogram(cumulative: &[(f64, f64)], bins: usize) -> Result<Vec<f64>, Error> {
    if cumulative.is_empty() {
        return Err(Error::TooShort { what: "forecasts", got: 0, need: 1 });
    }
    if bins < 2 {
        return Err(Error::parameter("bins", bins, "must be at least 2"));
    }
    let mut mass = vec![0.0; bins];
    for (position, &(before, at)) in cumulative.iter().enumerate() {
        if !(0.0 <= before && before <= at && at <= 1.0 + 1e-9) {
            let why = "must satisfy 0 <= P(Y <= y - 1) <= P(Y <= y) <= 1";
            return Err(Error::InvalidData { what: "cumulative probabilities", position, why });
        }
        let share = |u: f64| {
            if u >= at {
                1.0
            } else if u <= before {
                0.0
            } else {
                (u - before) / (at - before)
            }
        };
        for (i, mass) in mass.iter_mut().enumerate() {
            let (low, high) = (i as f64 / bins as f64, (i + 1) as f64 / bins as f64);
            let upper = if i + 1 == bins { 1.0 } else { share(high) };
            let lower = if i == 0 { 0.0 } else { share(low) };
            *mass += (upper - lower) / cumulative.len() as f64;
        }
    }
    Ok(mass)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_holds_all_the_mass() {
        let mass = pit_histogram(&[(0.0, 0.3), (0.2, 0.2), (0.9, 1.0), (1.0, 1.0)], 10).unwrap();
        assert!((mass.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(pit_histogram(&[(0.5, 0.4)], 10).is_err());
        assert!(pit_histogram(&[], 10).is_err());
    }

    #[test]
    fn coverage_counts_the_limits_as_inside() {
        let forecast = QuantileForecast::new(vec![0.1, 0.5, 0.9], vec![1.0, 2.0, 3.0]).unwrap();
        let cases = [(&forecast, 1.0), (&forecast, 3.0), (&forecast, 3.5), (&forecast, 2.0)];
        assert_eq!(interval_coverage(&cases, 0.8).unwrap().observed_share, Some(0.75));
        assert_eq!(interval_coverage(&cases, 0.5).unwrap().observed_share, None);
    }
}
