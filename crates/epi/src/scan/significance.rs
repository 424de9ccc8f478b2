//! How often does chance alone give a score as high?

use super::engine::{Engine, LANES, Lane};
use super::{ScanConfig, Significance};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Blocks between two looks at the stopping rule.
const BLOCKS_PER_WAVE: usize = 4;
/// Additions of a lane (a zone's count, a random number) below which waking the other threads takes longer than the work:
/// some ten milliseconds, many more where others use the processors.
const WORTH_SHARING: usize = 100_000_000;
/// Scores are sums of logarithms: equal ones may differ in the last digits.
const SAME: f64 = 1.0 - 1e-12;
/// Euler's constant, mean of the standard Gumbel distribution.
const EULER: f64 = 0.577_215_664_901_532_9;

/// Runs replicates and compares. `fill(rng, lane, cells)` writes one replicate into a lane of zeroed cells.
pub(super) fn simulate<L: Lane>(
    engine: &Engine<'_>,
    cells: usize,
    observed: f64,
    config: &ScanConfig,
    fill: impl Fn(&mut ChaCha8Rng, usize, &mut [[L; LANES]]) + Sync,
) -> Simulated {
    let replicates = config.replicates;
    if replicates == 0 || engine.zones.is_empty() {
        return Simulated { maxima: Vec::new(), stopped: false };
    }
    let root = ChaCha8Rng::seed_from_u64(config.seed);
    let block = |index: usize, cells: &mut Vec<[L; LANES]>| {
        cells.iter_mut().for_each(|row| row.fill(L::ZERO));
        for lane in 0..LANES {
            let mut rng = root.clone();
            // One stream per replicate: the result does not depend on threads.
            rng.set_stream((index * LANES + lane) as u64 + 1);
            fill(&mut rng, lane, cells);
        }
    };
    let fresh = || vec![[L::ZERO; LANES]; cells];
    let mut pilot = fresh();
    block(0, &mut pilot);
    let level = engine.level(&pilot);
    let thresholds: Vec<L> = engine.thresholds(level);
    let blocks = replicates.div_ceil(LANES);
    let mut maxima: Vec<f64> = Vec::with_capacity(blocks * LANES);
    let share = replicates.saturating_mul(thresholds.len() + cells) > WORTH_SHARING;
    let wave_length = if config.stop_after_exceedances.is_some() { BLOCKS_PER_WAVE } else { blocks };
    let mut next = 0;
    while next < blocks {
        let wave = next..blocks.min(next + wave_length);
        next = wave.end;
        let one = |cells: &mut Vec<[L; LANES]>, index| {
            block(index, cells);
            engine.maxima(cells, level, &thresholds)
        };
        let found: Vec<[f64; LANES]> = if share {
            wave.into_par_iter().map_init(fresh, one).collect()
        } else {
            wave.map(|index| one(&mut pilot, index)).collect()
        };
        maxima.extend(found.into_iter().flatten());
        maxima.truncate(replicates);
        if let Some(limit) = config.stop_after_exceedances {
            let exceeding = maxima.iter().enumerate().filter(|(_, m)| **m >= observed * SAME);
            if let Some((last, _)) = exceeding.take(limit).nth(limit.saturating_sub(1)) {
                maxima.truncate(last + 1);
                return Simulated { maxima, stopped: true };
            }
        }
    }
    Simulated { maxima, stopped: false }
}

/// Maxima of the replicates, in order.
pub(super) struct Simulated {
    pub(super) maxima: Vec<f64>,
    pub(super) stopped: bool,
}

impl Simulated {
    fn exceeding(&self, score: f64) -> usize {
        self.maxima.iter().filter(|&&m| m >= score * SAME).count()
    }

    pub(super) fn significance(&self, score: f64) -> Option<Significance> {
        if self.maxima.is_empty() {
            return None;
        }
        let n = self.maxima.len() as f64;
        let exceeding = self.exceeding(score) as f64;
        // Besag & Clifford 1991: stopped at the h-th exceedance, h/n is the valid p value.
        let p_monte_carlo = if self.stopped { exceeding / n } else { (exceeding + 1.0) / (n + 1.0) };
        let mean = self.maxima.iter().sum::<f64>() / n;
        let variance = self.maxima.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        let scale = variance.sqrt() * 6.0_f64.sqrt() / std::f64::consts::PI;
        let p_gumbel = (scale > 0.0).then(|| {
            let z = (score - mean) / scale + EULER;
            // 1 - exp(-exp(-z)) without cancellation for large z.
            -(-(-z).exp()).exp_m1()
        });
        Some(Significance { p_monte_carlo: p_monte_carlo.min(1.0), p_gumbel, replicates: self.maxima.len() })
    }
}
