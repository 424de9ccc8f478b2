//! Random counts under the hypothesis of no cluster.

use crate::draw::binomial;
use rand::Rng;

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

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

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
