//! Fisher's noncentral hypergeometric distribution: the exposed ill given all margins and an odds ratio.

use crate::special::ln_binomial_mass;

/// Terms below this share of the largest are beyond double precision of any sum.
const NEGLIGIBLE: f64 = 1e-22;

/// Margins of a 2x2 table and the observed upper left cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Margins {
    exposed: f64,
    unexposed: f64,
    ill: f64,
    low: f64,
    high: f64,
}

/// Probabilities of fewer, as many and more exposed ill than observed, and the mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split {
    pub(super) below: f64,
    pub(super) at: f64,
    pub(super) above: f64,
    pub(super) mean: f64,
}

impl Margins {
    pub(super) fn new(exposed: f64, unexposed: f64, ill: f64) -> Self {
        Self { exposed, unexposed, ill, low: (ill - unexposed).max(0.0), high: ill.min(exposed) }
    }

    pub(super) fn low(self) -> f64 {
        self.low
    }

    pub(super) fn high(self) -> f64 {
        self.high
    }

    /// P(x + 1) / P(x) at odds ratio `odds`.
    fn ratio(self, x: f64, odds: f64) -> f64 {
        odds * (self.exposed - x) * (self.ill - x) / ((x + 1.0) * (self.unexposed - self.ill + x + 1.0))
    }

    fn mode(self, odds: f64) -> f64 {
        // The largest x with ratio(x - 1) >= 1; the ratio falls in x, so bisection finds it.
        let (mut a, mut b) = (self.low, self.high);
        while b - a >= 1.0 {
            let mid = ((a + b + 1.0) * 0.5).floor();
            if self.ratio(mid - 1.0, odds) >= 1.0 { a = mid } else { b = mid - 1.0 }
        }
        a
    }

    /// Calls `visit(x, weight)` for all x of weight above [`NEGLIGIBLE`] (mode = 1), outwards from the mode.
    fn each(self, odds: f64, mut visit: impl FnMut(f64, f64)) {
        let mode = self.mode(odds);
        let (mut x, mut weight) = (mode, 1.0);
        while weight > NEGLIGIBLE {
            visit(x, weight);
            if x >= self.high {
                break;
            }
            weight *= self.ratio(x, odds);
            x += 1.0;
        }
        let (mut x, mut weight) = (mode, 1.0);
        while x > self.low {
            weight /= self.ratio(x - 1.0, odds);
            x -= 1.0;
            if weight <= NEGLIGIBLE {
                break;
            }
            visit(x, weight);
        }
    }

    pub(super) fn split(self, observed: f64, odds: f64) -> Split {
        let (mut below, mut at, mut above, mut first) = (0.0, 0.0, 0.0, 0.0);
        self.each(odds, |x, weight| {
            if x < observed {
                below += weight
            } else if x > observed {
                above += weight
            } else {
                at += weight
            }
            first += x * weight;
        });
        let total = below + at + above;
        Split { below: below / total, at: at / total, above: above / total, mean: first / total }
    }

    /// ln of the probability of `x` at odds ratio 1.
    fn ln_mass(self, x: f64) -> f64 {
        let all = self.exposed + self.unexposed;
        let share = self.ill / all;
        if self.low == self.high {
            return 0.0;
        }
        ln_binomial_mass(x, self.exposed, share) + ln_binomial_mass(self.ill - x, self.unexposed, share)
            - ln_binomial_mass(self.ill, all, share)
    }

    /// Sum of the probabilities from `x` outwards, away from the mode, as a share of that of `x`.
    fn tail_from(self, x: f64, upwards: bool) -> f64 {
        let (mut x, mut weight, mut sum) = (x, 1.0, 0.0);
        while weight > NEGLIGIBLE {
            sum += weight;
            if upwards {
                if x >= self.high {
                    break;
                }
                weight *= self.ratio(x, 1.0);
                x += 1.0;
            } else {
                if x <= self.low {
                    break;
                }
                weight /= self.ratio(x - 1.0, 1.0);
                x -= 1.0;
            }
        }
        sum
    }

    /// Two-sided p value: total probability, at odds ratio 1, of all tables not more likely than the observed.
    pub(super) fn fisher_p(self, observed: f64) -> f64 {
        let observed_ln = self.ln_mass(observed);
        // Equal probabilities computed in different order differ in the last digits.
        let extreme = |x: f64| self.ln_mass(x) <= observed_ln + 1e-7;
        let mode = self.mode(1.0);
        // On either side of the mode the probabilities fall, so bisection finds where the extreme ones begin.
        let lower = last(self.low, mode, extreme);
        let upper = last(-self.high, -mode - 1.0, |x| extreme(-x)).map(|x| -x);
        [(lower, false), (upper, true)]
            .into_iter()
            .filter_map(|(begin, upwards)| Some((begin?, upwards)))
            .map(|(begin, upwards)| self.ln_mass(begin).exp() * self.tail_from(begin, upwards))
            .sum::<f64>()
            .min(1.0)
    }
}

/// The largest whole step of `low..=high` where `holds`, which holds up to some place and not after it.
fn last(low: f64, high: f64, holds: impl Fn(f64) -> bool) -> Option<f64> {
    if low > high || !holds(low) {
        return None;
    }
    let (mut low, mut high) = (low, high);
    while low < high {
        let mid = ((low + high + 1.0) * 0.5).floor();
        if holds(mid) { low = mid } else { high = mid - 1.0 }
    }
    Some(low)
}

/// Root in ln(odds) of a function that increases with the odds; `None` if there is none within e^+-300.
pub(super) fn solve_odds(increasing: impl Fn(f64) -> f64) -> Option<f64> {
    let f = |log_odds: f64| increasing(log_odds.exp());
    let (mut low, mut high) = (-1.0, 1.0);
    while f(low) > 0.0 {
        low *= 2.0;
        if low < -300.0 {
            return None;
        }
    }
    while f(high) < 0.0 {
        high *= 2.0;
        if high > 300.0 {
            return None;
        }
    }
    for _ in 0..200 {
        let mid = 0.5 * (low + high);
        // 1e-13 of a log odds ratio is beyond any printed digit.
        if high - low < 1e-13 {
            break;
        }
        if f(mid) < 0.0 { low = mid } else { high = mid }
    }
    Some((0.5 * (low + high)).exp())
}
