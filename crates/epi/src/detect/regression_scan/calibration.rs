//! From evidence to a probability: how often a mixture ratio at least as large occurs without an outbreak.
//!
//! The ratio is close to a pivot: its distribution hardly depends on level, scatter, season or trend, so one table a step
//! length serves all series. The tables are quantiles of simulated steps without an outbreak (rare to frequent, Poisson
//! to a dispersion of 5, flat to strongly seasonal, two to ten years of history with unknown past outbreaks in it),
//! made by
//! `cargo run --release -p wanquan-epi --example calibrate_regression_scan`.

use crate::Step;

/// Probabilities of the knots.
pub(super) const PROBABILITIES: [f64; 11] =
    [0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0003];

/// Logarithms of the ratio that are passed with these probabilities.
const DAY: [f64; 11] = [-1.5, -0.16, 0.60, 1.55, 2.29, 3.10, 3.68, 4.16, 4.70, 5.11, 5.80];
const WEEK: [f64; 11] = [-1.10, -0.17, 0.38, 1.16, 1.80, 2.50, 2.99, 3.46, 4.08, 4.49, 5.16];
const MONTH: [f64; 11] = [-1.32, -0.29, 0.33, 1.25, 2.07, 3.01, 3.66, 4.26, 5.03, 5.40, 5.88];

fn knots(step: Step) -> &'static [f64; 11] {
    match step {
        Step::Day => &DAY,
        Step::Week => &WEEK,
        Step::Month => &MONTH,
    }
}

/// Probability of a logarithm of the ratio at least this large.
pub(super) fn probability(step: Step, ln_ratio: f64) -> f64 {
    let knots = knots(step);
    let Some(above) = knots.iter().position(|knot| *knot > ln_ratio) else {
        return line(knots, knots.len() - 1, ln_ratio);
    };
    if above > 0 {
        return line(knots, above, ln_ratio);
    }
    // Below the table: falls from 1 as smoothly as it matters, which is not.
    let below = (knots[0] - ln_ratio).min(700.0);
    1.0 - (1.0 - PROBABILITIES[0]) * (-below).exp()
}

/// Interpolation between knot `i - 1` and `i` on the scale of the logarithm of the probability, and beyond the last.
fn line(knots: &[f64; 11], i: usize, ln_ratio: f64) -> f64 {
    let (p0, p1) = (PROBABILITIES[i - 1].ln(), PROBABILITIES[i].ln());
    let share = (ln_ratio - knots[i - 1]) / (knots[i] - knots[i - 1]);
    (p0 + share * (p1 - p0)).exp()
}

/// Logarithm of the ratio that is passed with probability `alpha_prob`, which is at most 0.2.
pub(super) fn limit(step: Step, alpha_prob: f64) -> f64 {
    let knots = knots(step);
    let i = PROBABILITIES.iter().position(|p| *p < alpha_prob).unwrap_or(knots.len() - 1).max(1);
    let (p0, p1) = (PROBABILITIES[i - 1].ln(), PROBABILITIES[i].ln());
    knots[i - 1] + (alpha_prob.ln() - p0) / (p1 - p0) * (knots[i] - knots[i - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probability_and_limit_are_inverse_and_fall() {
        for step in [Step::Day, Step::Week, Step::Month] {
            for alpha in [0.2, 0.15, 0.03, 0.01, 0.004, 1e-3, 1e-5, 1e-12] {
                let p = probability(step, limit(step, alpha));
                assert!((p / alpha - 1.0).abs() < 1e-9, "{step:?} {alpha} {p}");
            }
            let mut before = 1.0;
            for k in -200..400 {
                let p = probability(step, f64::from(k) * 0.1);
                assert!((0.0..=before).contains(&p), "{step:?} {k}");
                before = p;
            }
        }
    }
}
