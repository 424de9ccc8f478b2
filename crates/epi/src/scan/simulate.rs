//! Random counts under the hypothesis of no cluster.

use crate::draw::binomial;
use crate::special::poisson_mass;
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
        // The whole part of a random share of the cells is the cell, what is left decides between the two that share
        // it. Each cell's probability is off by 2^-32 at most.
        let product = u64::from(rng.next_u32()) * self.keep.len() as u64;
        let cell = usize::try_from(product >> 32).expect("below the number of cells");
        if product & 0xffff_ffff < u64::from(self.keep[cell]) { cell } else { self.other[cell] as usize }
    }
}

/// Independent Poisson counts, one random number each, from a table a cell.
#[derive(Debug, Clone)]
pub(super) struct PoissonTables {
    /// First count and table of each cell.
    cells: Vec<(u32, Alias)>,
}

/// Entries of all tables together: what the nearer caches hold.
const TABLE_ENTRIES_MAX: f64 = 65_536.0;

impl PoissonTables {
    /// Counts beyond so many standard deviations, and some for small means, have a probability below 1e-12.
    fn reach(mean: f64) -> f64 {
        8.0 * mean.sqrt() + 12.0
    }

    /// `None` if the tables would be larger than is fast.
    pub(super) fn new(means: &[f64]) -> Option<Self> {
        let entries: f64 = means.iter().map(|&m| 1.0 + Self::reach(m) + Self::reach(m).min(m)).sum();
        if entries > TABLE_ENTRIES_MAX {
            return None;
        }
        let table = |&mean: &f64| {
            if mean <= 0.0 {
                return (0, Alias::new(&[1.0]));
            }
            let first = (mean - Self::reach(mean)).max(0.0).floor();
            let mut weights = Vec::new();
            let mut k = first;
            while k <= mean + Self::reach(mean) {
                weights.push(poisson_mass(k, mean));
                k += 1.0;
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, small")]
            let first = first as u32;
            (first, Alias::new(&weights))
        };
        Some(Self { cells: means.iter().map(table).collect() })
    }

    fn count(first: u32, table: &Alias, rng: &mut impl Rng) -> u32 {
        first + u32::try_from(table.draw(rng)).expect("tables are small")
    }

    /// Calls `add(cell, n)` for each cell.
    pub(super) fn draw(&self, rng: &mut impl Rng, mut add: impl FnMut(usize, u32)) {
        for (cell, (first, table)) in self.cells.iter().enumerate() {
            add(cell, Self::count(*first, table, rng));
        }
    }

    /// As [`Self::draw`], unless the sum is above `total`; the sum.
    fn draw_at_most(&self, total: u32, rng: &mut impl Rng, counts: &mut Vec<u32>) -> Option<u32> {
        counts.clear();
        counts.extend(self.cells.iter().map(|(first, table)| Self::count(*first, table, rng)));
        let sum = counts.iter().map(|&n| u64::from(n)).sum::<u64>();
        u32::try_from(sum).ok().filter(|sum| *sum <= total)
    }
}

/// Multinomial counts: `total` cases on the cells.
///
/// Few cases are placed one by one. Of many, nearly all are drawn cell by cell as Poisson counts with a sum a little
/// below the total, and the rest placed one by one: given their sum, Poisson counts are multinomial, whatever the sum
/// is. Where tables for that would be too large, cell by cell as binomial shares.
#[derive(Debug, Clone)]
pub(super) struct Multinomial {
    alias: Alias,
    /// Share of each cell in what the cells before it left.
    conditional: Vec<f64>,
    /// For this total.
    tables: Option<(u32, PoissonTables)>,
}

/// A binomial draw costs about as much as this many alias draws.
const DRAWS_PER_BINOMIAL: f64 = 12.0;
/// The mean of the Poisson counts' sum is this many standard deviations below the total: it is above in one of 700.
const SLACK_SD: f64 = 3.0;

impl Multinomial {
    /// For draws of `total` cases above all.
    pub(super) fn new(weights: &[f64], total: u32) -> Self {
        let sum: f64 = weights.iter().sum();
        let slack = SLACK_SD * f64::from(total).sqrt();
        let worth = f64::from(total) > weights.len() as f64 + slack;
        let factor = (f64::from(total) - slack) / sum;
        let means = || weights.iter().map(|w| w * factor).collect::<Vec<_>>();
        let tables = if worth { PoissonTables::new(&means()) } else { None };
        let mut rest: f64 = weights.iter().sum();
        let conditional = weights
            .iter()
            .map(|&w| {
                let share = if rest > 0.0 { (w / rest).clamp(0.0, 1.0) } else { 1.0 };
                rest -= w;
                share
            })
            .collect();
        Self { alias: Alias::new(weights), conditional, tables: tables.map(|tables| (total, tables)) }
    }

    /// Calls `add(cell, n)` until `total` cases are placed.
    pub(super) fn draw(&self, total: u32, rng: &mut impl Rng, mut add: impl FnMut(usize, u32)) {
        if let Some((of, tables)) = &self.tables
            && *of == total
        {
            let mut counts = Vec::with_capacity(self.conditional.len());
            let sum = loop {
                if let Some(sum) = tables.draw_at_most(total, rng, &mut counts) {
                    break sum;
                }
            };
            counts.iter().enumerate().for_each(|(cell, &n)| add(cell, n));
            for _ in sum..total {
                add(self.alias.draw(rng), 1);
            }
            return;
        }
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
    fn multinomial_draws_place_every_case_by_weight_with_every_algorithm() {
        let weights = [1.0, 0.0, 3.0, 6.0];
        let many = [1.0; 2000];
        for (total, of, weights) in
            [(20, 0, &weights[..]), (2000, 0, &weights), (2000, 2000, &weights), (9000, 9000, &many)]
        {
            let multinomial = Multinomial::new(weights, of);
            assert_eq!(multinomial.tables.is_some(), of > 0 && weights.len() < 2000);
            let draws = if weights.len() < 10 { 5000 } else { 50 };
            let (mut sums, mut squares) = (vec![0_u64; weights.len()], vec![0_u64; weights.len()]);
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            for _ in 0..draws {
                let mut counts = vec![0_u32; weights.len()];
                multinomial.draw(total, &mut rng, |cell, n| counts[cell] += n);
                assert_eq!(counts.iter().sum::<u32>(), total);
                for (cell, &n) in counts.iter().enumerate() {
                    sums[cell] += u64::from(n);
                    squares[cell] += u64::from(n).pow(2);
                }
            }
            let whole: f64 = weights.iter().sum();
            for ((sum, square), w) in sums.iter().zip(&squares).zip(weights).take(4) {
                let (draws, share) = (f64::from(draws), w / whole);
                let variance = f64::from(total) * share * (1.0 - share);
                let mean = *sum as f64 / draws;
                assert!((mean - f64::from(total) * share).abs() <= 5.0 * (variance / draws).sqrt());
                if draws > 1000.0 {
                    // The standard error of a variance is itself times the root of 2 / draws.
                    let found = *square as f64 / draws - mean.powi(2);
                    assert!(
                        (found - variance).abs() <= 5.0 * variance * (2.0 / draws).sqrt() + 0.05,
                        "{found}"
                    );
                }
            }
        }
    }

    #[test]
    fn tables_of_small_and_large_means_have_mean_and_variance() {
        let means = [0.0, 0.3, 6.0, 150.0];
        let tables = PoissonTables::new(&means).expect("small");
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut sums = [[0.0; 2]; 4];
        for _ in 0..20_000 {
            tables.draw(&mut rng, |cell, n| {
                sums[cell][0] += f64::from(n);
                sums[cell][1] += f64::from(n).powi(2);
            });
        }
        for (mean, [sum, squares]) in means.iter().zip(sums) {
            let (found, error) = (sum / 20_000.0, (mean / 20_000.0).sqrt());
            assert!((found - mean).abs() <= 5.0 * error, "{mean} {found}");
            let variance = squares / 20_000.0 - found.powi(2);
            assert!((variance - mean).abs() <= 5.0 * (mean * (1.0 + 2.0 * mean) / 20_000.0).sqrt(), "{mean}");
        }
        assert!(PoissonTables::new(&vec![6.0; 10_000]).is_none());
    }
}
