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
const DAY: [f64; 11] = [-1.5, -0.25, 0.54, 1.47, 2.20, 2.98, 3.52, 3.97, 4.53, 4.90, 5.55];
const WEEK: [f64; 11] = [-1.08, -0.16, 0.37, 1.13, 1.75, 2.46, 2.94, 3.39, 3.98, 4.41, 5.06];
const MONTH: [f64; 11] = [-1.24, -0.29, 0.28, 1.13, 1.88, 2.84, 3.53, 4.17, 4.88, 5.33, 6.15];

fn knots(step: Step) -> &'static [f64; 11] {
    match step {
        Step::Day => &DAY,
        Step::Week => &WEEK,
        Step::Month => &MONTH,
    }
}

/// What a short history adds to the limit, by steps of history before the window: within the first years a season cannot
/// be told from a rise. Some years of months ask for a little less than many. Made by the same program with `history`.
const SHORT_DAY: [(f64, f64); 5] = [(20.0, 1.40), (40.0, 0.40), (730.0, 0.40), (1460.0, 0.10), (2500.0, 0.0)];
const SHORT_WEEK: [(f64, f64); 12] = [
    (6.0, 1.65),
    (8.0, 1.54),
    (12.0, 1.22),
    (16.0, 0.93),
    (26.0, 0.93),
    (32.0, 0.72),
    (40.0, 0.42),
    (52.0, 0.20),
    (78.0, 0.20),
    (104.0, 0.10),
    (156.0, 0.03),
    (260.0, 0.0),
];
const SHORT_MONTH: [(f64, f64); 8] = [
    (6.0, 1.75),
    (8.0, 1.09),
    (10.0, 0.14),
    (12.0, -0.07),
    (15.0, -0.30),
    (24.0, -0.40),
    (36.0, -0.10),
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
            assert!(short_history(step, 6) > 1.0);
        }
        assert_eq!(short_history(Step::Week, 1), 1.65);
        assert!((short_history(Step::Week, 36) - 0.57).abs() < 1e-12);
    }
}
