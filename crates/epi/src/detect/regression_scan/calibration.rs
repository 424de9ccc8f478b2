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
const DAY: [f64; 11] = [-1.5, -0.27, 0.56, 1.53, 2.27, 3.05, 3.61, 4.13, 4.68, 5.05, 5.65];
const WEEK: [f64; 11] = [-1.10, -0.18, 0.37, 1.14, 1.79, 2.50, 2.99, 3.46, 4.05, 4.43, 5.05];
const MONTH: [f64; 11] = [-1.31, -0.28, 0.33, 1.25, 2.00, 2.87, 3.48, 4.03, 4.72, 5.18, 6.01];

fn knots(step: Step) -> &'static [f64; 11] {
    match step {
        Step::Day => &DAY,
        Step::Week => &WEEK,
        Step::Month => &MONTH,
    }
}

/// What a short history adds to the limit, by steps of history before the window: within the first years a season cannot
/// be told from a rise. Made by the same program with `history`.
const SHORT_DAY: [(f64, f64); 1] = [(1.0, 0.0)];
const SHORT_WEEK: [(f64, f64); 11] = [
    (6.0, 1.45),
    (8.0, 1.45),
    (12.0, 0.95),
    (20.0, 0.85),
    (30.0, 0.78),
    (40.0, 0.48),
    (52.0, 0.36),
    (78.0, 0.30),
    (104.0, 0.21),
    (156.0, 0.12),
    (260.0, 0.0),
];
const SHORT_MONTH: [(f64, f64); 8] = [
    (6.0, 1.60),
    (8.0, 0.95),
    (10.0, 0.23),
    (12.0, 0.0),
    (15.0, 0.14),
    (24.0, 0.14),
    (36.0, 0.35),
    (60.0, 0.0),
];

/// Evidence that `steps` of history ask for beyond what many years do; on straight lines between the knots, and 0 after
/// the last.
pub(super) fn short_history(step: Step, steps: usize) -> f64 {
    let knots: &[(f64, f64)] = match step {
        Step::Day => &SHORT_DAY,
        Step::Week => &SHORT_WEEK,
        Step::Month => &SHORT_MONTH,
    };
    let steps = steps as f64;
    let Some(above) = knots.iter().position(|knot| knot.0 > steps) else { return 0.0 };
    let (x1, y1) = knots[above];
    let Some(&(x0, y0)) = above.checked_sub(1).and_then(|below| knots.get(below)) else { return y1 };
    y0 + (steps - x0) / (x1 - x0) * (y1 - y0)
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

    #[test]
    fn little_history_asks_for_more_evidence_and_much_for_none() {
        for step in [Step::Day, Step::Week, Step::Month] {
            assert_eq!(short_history(step, 4000), 0.0);
            assert!(short_history(step, 6) >= short_history(step, 4000));
        }
        assert_eq!(short_history(Step::Week, 1), 1.45);
        assert!((short_history(Step::Week, 35) - 0.63).abs() < 1e-12);
    }
}
