//! Random counts under the hypothesis of no cluster.

use rand::{Rng, RngExt};

/// Draws one of many cells with given weights in constant time (Walker 1977, Vose 1991).
#[derive(Debug, Clone)]
pub(super) struct Alias {
    /// Keep the cell if 32 random bits are below this, else take `other`.
    keep: Vec<u32>,
    other: Vec<u32>,
}

impl Alias {
    /// `weights`: non-negative, at least one positive, at most 2^32 of them.
    pub(super) fn new(weights: &[f64]) -> Self {
        let n = weights.len();
        let mean = weights.iter().sum::<f64>() / n as f64;
        let mut scaled: Vec<f64> = weights.iter().map(|w| w / mean).collect();
        let mut keep = vec![u32::MAX; n];
        let index = |i: usize| u32::try_from(i).expect("fewer than 2^32 cells");
        let mut other: Vec<u32> = (0..n).map(index).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..n).partition(|&i| scaled[i] < 1.0);
        while let (Some(&s), Some(&l)) = (small.last(), large.last()) {
            small.pop();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "in 0..2^32; saturates"
            )]
            let bits = (scaled[s] * 4_294_967_296.0) as u32;
            keep[s] = bits;
            other[s] = index(l);
            scaled[l] -= 1.0 - scaled[s];
            if scaled[l] < 1.0 {
                large.pop();
                small.push(l);
            }
        }
        Self { keep, other }
    }

    pub(super) fn draw(&self, rng: &mut impl Rng) -> usize {
        let bits = rng.next_u64();
        let (high, low) = (bits >> 32, bits & 0xffff_ffff);
        // Multiplying 32 bits maps them to the cells with a bias below 2^-32 per cell.
        let cell = usize::try_from((high * self.keep.len() as u64) >> 32).expect("below the number of cells");
        if low < u64::from(self.keep[cell]) { cell } else { self.other[cell] as usize }
    }
}

/// Multinomial counts: `total` cases on the cells. Small totals case by case, large ones cell by cell.
#[derive(Debug, Clone)]
pub(super) struct Multinomial {
    alias: Alias,
    /// Share of each cell in what the cells before it left.
    conditional: Vec<f64>,
}

/// A binomial draw costs about as much as this many alias draws.
const DRAWS_PER_BINOMIAL: f64 = 12.0;

impl Multinomial {
    pub(super) fn new(weights: &[f64]) -> Self {
        let mut rest: f64 = weights.iter().sum();
        let conditional = weights
            .iter()
            .map(|&w| {
                let share = if rest > 0.0 { (w / rest).clamp(0.0, 1.0) } else { 1.0 };
                rest -= w;
                share
            })
            .collect();
        Self { alias: Alias::new(weights), conditional }
    }

    /// Calls `add(cell, n)` until `total` cases are placed.
    pub(super) fn draw(&self, total: u32, rng: &mut impl Rng, mut add: impl FnMut(usize, u32)) {
        if f64::from(total) < DRAWS_PER_BINOMIAL * self.conditional.len() as f64 {
            for _ in 0..total {
                add(self.alias.draw(rng), 1);
            }
            return;
        }
        let mut left = total;
        let last = self.conditional.len() - 1;
        for (cell, &share) in self.conditional.iter().enumerate() {
            // Rounding may leave the last share a little below 1.
            let n = if cell == last { left } else { binomial(left, share, rng) };
            add(cell, n);
            left -= n;
        }
    }
}

/// Binomial number of successes in `n` trials.
pub(super) fn binomial(n: u32, p: f64, rng: &mut impl Rng) -> u32 {
    if p > 0.5 {
        return n - binomial(n, 1.0 - p, rng);
    }
    if p <= 0.0 || n == 0 {
        return 0;
    }
    let trials = f64::from(n);
    if trials * p < 10.0 {
        // Inversion: walks from 0, about n p steps.
        let ratio = p / (1.0 - p);
        let mut mass = (trials * (-p).ln_1p()).exp();
        let mut u: f64 = rng.random();
        let mut k = 0;
        while u > mass && k < n {
            u -= mass;
            mass *= ratio * f64::from(n - k) / f64::from(k + 1);
            k += 1;
        }
        return k;
    }
    binomial_by_rejection(n, p, rng)
}

/// Transformed rejection with squeeze (Hoermann 1993, J Stat Comput Simul 46:101-110, algorithm BTRS).
fn binomial_by_rejection(n: u32, p: f64, rng: &mut impl Rng) -> u32 {
    let trials = f64::from(n);
    let spread = (trials * p * (1.0 - p)).sqrt();
    let b = 1.15 + 2.53 * spread;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let c = trials * p + 0.5;
    let alpha = (2.83 + 5.1 / b) * spread;
    let v_r = 0.92 - 4.2 / b;
    let log_odds = (p / (1.0 - p)).ln();
    let mode = ((trials + 1.0) * p).floor();
    let h = libm::lgamma(mode + 1.0) + libm::lgamma(trials - mode + 1.0);
    loop {
        let v: f64 = rng.random();
        let u = rng.random::<f64>() - 0.5;
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + c).floor();
        if !(0.0..=trials).contains(&k) {
            continue;
        }
        let accepted = (us >= 0.07 && v <= v_r) || {
            let v = (v * alpha / (a / (us * us) + b)).ln();
            v <= h - libm::lgamma(k + 1.0) - libm::lgamma(trials - k + 1.0) + (k - mode) * log_odds
        };
        if accepted {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, in 0..=n")]
            return k as u32;
        }
    }
}

/// Poisson count, by gamma-free splitting: means above 30 are halved into a binomial share of a larger whole.
pub(super) fn poisson(mean: f64, rng: &mut impl Rng) -> u32 {
    if mean <= 0.0 {
        return 0;
    }
    if mean < 30.0 {
        let mut mass = (-mean).exp();
        let mut u: f64 = rng.random();
        let mut k = 0_u32;
        while u > mass && k < 1000 {
            u -= mass;
            k += 1;
            mass *= mean / f64::from(k);
        }
        return k;
    }
    // Transformed rejection PTRS (Hoermann 1993, Insurance: Mathematics and Economics 12:39-45).
    let b = 0.931 + 2.53 * mean.sqrt();
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let v_r = 0.9277 - 3.6224 / (b - 2.0);
    loop {
        let v: f64 = rng.random();
        let u = rng.random::<f64>() - 0.5;
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
        if !(0.0..4_294_967_295.0).contains(&k) || (us < 0.013 && v > us) {
            continue;
        }
        let accepted = (us >= 0.07 && v <= v_r)
            || (v * inverse_alpha / (a / (us * us) + b)).ln() <= k * mean.ln() - mean - libm::lgamma(k + 1.0);
        if accepted {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole, below 2^32"
            )]
            return k as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn moments(draws: usize, mut draw: impl FnMut() -> u32) -> (f64, f64) {
        let x: Vec<f64> = (0..draws).map(|_| f64::from(draw())).collect();
        let mean = x.iter().sum::<f64>() / draws as f64;
        (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws as f64)
    }

    #[test]
    fn binomial_and_poisson_draws_have_their_mean_and_variance() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        for (n, p) in [(5, 0.3), (1000, 0.004), (1000, 0.4), (50, 0.9), (1_000_000, 0.02)] {
            let (mean, variance) = moments(20_000, || binomial(n, p, &mut rng));
            let want = f64::from(n) * p;
            let var = want * (1.0 - p);
            assert!((mean - want).abs() < 5.0 * (var / 20_000.0).sqrt(), "{n} {p} {mean}");
            assert!((variance / var - 1.0).abs() < 0.06, "{n} {p} {variance}");
        }
        for m in [0.2, 7.0, 45.0, 30_000.0] {
            let (mean, variance) = moments(20_000, || poisson(m, &mut rng));
            assert!((mean - m).abs() < 5.0 * (m / 20_000.0).sqrt(), "{m} {mean}");
            assert!((variance / m - 1.0).abs() < 0.06, "{m} {variance}");
        }
    }

    #[test]
    fn multinomial_draws_place_every_case_by_weight_with_both_algorithms() {
        let weights = [1.0, 0.0, 3.0, 6.0];
        let multinomial = Multinomial::new(&weights);
        for total in [20, 2000] {
            let mut sums = [0_u64; 4];
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            for _ in 0..5000 {
                let mut placed = 0;
                multinomial.draw(total, &mut rng, |cell, n| {
                    sums[cell] += u64::from(n);
                    placed += n;
                });
                assert_eq!(placed, total);
            }
            let all = f64::from(total) * 5000.0;
            for (sum, w) in sums.iter().zip(weights) {
                assert!((*sum as f64 / all - w / 10.0).abs() < 5.0 * (0.25 / all).sqrt());
            }
        }
    }
}
