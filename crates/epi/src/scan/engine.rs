//! The largest score over all zones and windows, for the data and for many random replicates at once.
//!
//! Thirty-two replicates run side by side in lanes, of 16 bits where that holds all cases. A zone's score rises with
//! its cases, so one precomputed count per zone ("this many cases reach score L") replaces logarithms by an integer
//! comparison; only the few zones that reach it are scored. L is set below the maxima of a few pilot replicates; a
//! replicate that never reaches it is scored in full. Where single zones are scored, a bound without logarithms comes
//! first.

use super::{Model, zones::Zones};

/// Replicates side by side: one or two cache lines of counts.
pub(super) const LANES: usize = 32;

/// A count in a lane.
pub(super) trait Lane: Copy + Send + Sync + PartialOrd + std::ops::AddAssign + Into<i32> {
    /// Nothing.
    const ZERO: Self;
    /// More than any zone holds.
    const NEVER: Self;
    /// The count; what does not fit is more than any zone holds.
    fn of(n: i32) -> Self;
}

impl Lane for i16 {
    const ZERO: Self = 0;
    const NEVER: Self = Self::MAX;
    fn of(n: i32) -> Self {
        Self::try_from(n).unwrap_or(Self::MAX)
    }
}

impl Lane for i32 {
    const ZERO: Self = 0;
    const NEVER: Self = Self::MAX;
    fn of(n: i32) -> Self {
        n
    }
}

/// Score of `cases` where `expected` were expected; the model's constants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Score {
    pub(super) model: Model,
    /// All cases.
    pub(super) cases: f64,
    /// Sum of the expected (Poisson: equal to all cases; binomial: all persons).
    pub(super) expected: f64,
}

fn xlogy(x: f64, y: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * y.ln() }
}

impl Score {
    /// Log likelihood ratio of a zone against no cluster; 0 unless the zone has more than expected.
    pub(super) fn of(self, cases: f64, expected: f64) -> f64 {
        let (n, total) = (self.cases, self.expected);
        match self.model {
            Model::Poisson | Model::Permutation => {
                if cases * (total - expected) <= (n - cases) * expected {
                    return 0.0;
                }
                xlogy(cases, cases / expected * (total / n))
                    + xlogy(n - cases, (n - cases) / (total - expected) * (total / n))
            }
            Model::ExpectationPoisson => {
                if cases <= expected {
                    0.0
                } else {
                    xlogy(cases, cases / expected) + expected - cases
                }
            }
            Model::Binomial => {
                let (inside, outside) = (expected, total - expected);
                // Replicates place cases by population, so a tiny place may get more cases than persons.
                let cases = cases.min(inside);
                if cases * outside <= (n - cases) * inside {
                    return 0.0;
                }
                let part =
                    |c: f64, m: f64| xlogy(c, c / m) + if c < m { (m - c) * (-c / m).ln_1p() } else { 0.0 };
                part(cases, inside) + part(n - cases, outside) - part(n, total)
            }
        }
    }
}

impl Score {
    /// Never below the score, and without a logarithm. With d cases more than expected, and since (1 + x) ln(1 + x) - x
    /// <= x^2 / 2 and (1 - y) ln(1 - y) + y <= y^2: d^2 / 2 expected inside + d^2 / expected outside.
    fn bound(self, cases: f64, expected: f64) -> f64 {
        let scale = self.cases / self.expected;
        let square = |expected: f64| (cases - expected).max(0.0).powi(2) / expected;
        match self.model {
            Model::ExpectationPoisson => 0.5 * square(expected),
            Model::Poisson | Model::Permutation => {
                let (inside, outside) = (expected * scale, (self.expected - expected) * scale);
                let d = (cases - inside).max(0.0).powi(2);
                if outside > 0.0 { (0.5 * d / inside + d / outside) * (1.0 + 1e-9) } else { f64::INFINITY }
            }
            Model::Binomial => f64::INFINITY,
        }
    }

    /// The score if it is above `floor`.
    fn above(self, floor: f64, cases: f64, expected: f64) -> Option<f64> {
        // Zones that expect nothing have an unknown bound.
        if self.bound(cases, expected) <= floor {
            return None;
        }
        Some(self.of(cases, expected)).filter(|score| *score > floor)
    }
}

/// Everything about the zones that does not change between replicates.
#[derive(Debug)]
pub(super) struct Engine<'a> {
    pub(super) zones: &'a Zones,
    pub(super) score: Score,
    pub(super) layers: usize,
    /// Expected per layer and zone, in the order of [`Engine::each`].
    expected: Vec<f64>,
}

/// A zone and window with its score.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) centre: usize,
    pub(super) k: usize,
    pub(super) layer: usize,
    pub(super) cases: i32,
    pub(super) expected: f64,
    pub(super) score: f64,
}

impl<'a> Engine<'a> {
    /// `expected[layer * places + place]`.
    pub(super) fn new(zones: &'a Zones, score: Score, layers: usize, cell_expected: &[f64]) -> Self {
        let mut expected = Vec::new();
        for layer in 0..layers {
            let cells = &cell_expected[layer * zones.places()..][..zones.places()];
            for nest in zones.nests() {
                let mut sum = 0.0;
                for &place in nest {
                    sum += cells[place];
                    expected.push(sum);
                }
            }
        }
        Self { zones, score, layers, expected }
    }

    /// Visits every scored zone and window of one data set, `cells[layer * places + place]`.
    pub(super) fn each(&self, cells: impl Fn(usize) -> i32, mut visit: impl FnMut(Hit)) {
        let mut at = 0;
        for layer in 0..self.layers {
            let base = layer * self.zones.places();
            for (centre, nest) in self.zones.nests().iter().enumerate() {
                let mut cases = 0;
                for (k, &place) in nest.iter().enumerate() {
                    cases += cells(base + place);
                    let expected = self.expected[at];
                    at += 1;
                    if self.zones.is_first(centre, k) {
                        let score = self.score.of(f64::from(cases), expected);
                        visit(Hit { centre, k, layer, cases, expected, score });
                    }
                }
            }
        }
    }

    /// The zone and window with the largest score above 0 that holds none of the places `used`; of equal ones the first.
    pub(super) fn best(&self, cells: impl Fn(usize) -> i32, used: &[bool]) -> Option<Hit> {
        let mut best: Option<Hit> = None;
        let mut at = 0;
        for layer in 0..self.layers {
            let base = layer * self.zones.places();
            for (centre, nest) in self.zones.nests().iter().enumerate() {
                let mut cases = 0;
                for (k, &place) in nest.iter().enumerate() {
                    if used[place] {
                        break;
                    }
                    cases += cells(base + place);
                    let expected = self.expected[at + k];
                    let floor = best.map_or(0.0, |hit| hit.score);
                    if let Some(score) = self.score.above(floor, f64::from(cases), expected)
                        && self.zones.is_first(centre, k)
                    {
                        best = Some(Hit { centre, k, layer, cases, expected, score });
                    }
                }
                at += nest.len();
            }
        }
        best
    }

    fn maximum(&self, cells: impl Fn(usize) -> i32) -> f64 {
        self.best(cells, &vec![false; self.zones.places()]).map_or(0.0, |hit| hit.score)
    }

    /// Fewest cases with which each zone reaches `level`; `NEVER` if none or if the zone is a repetition.
    pub(super) fn thresholds<L: Lane>(&self, level: f64) -> Vec<L> {
        let mut out = Vec::with_capacity(self.expected.len());
        let all = self.score.cases;
        let reaches = |cases: f64, expected: f64| self.score.of(cases, expected) >= level;
        for _ in 0..self.layers {
            for (centre, nest) in self.zones.nests().iter().enumerate() {
                // A larger zone expects more and needs more: the search goes on where the last one ended.
                let mut from = 0.0_f64;
                for k in 0..nest.len() {
                    let expected = self.expected[out.len()];
                    let limit = match self.score.model {
                        // The number of cases is not fixed; nothing passes 2^31.
                        Model::ExpectationPoisson => f64::from(i32::MAX - 1),
                        Model::Binomial => all.min(expected),
                        Model::Poisson | Model::Permutation => all,
                    };
                    let (mut low, mut high) = (from - 1.0, from);
                    let mut step = 1.0;
                    while high <= limit && !reaches(high, expected) {
                        low = high;
                        high += step;
                        step *= 2.0;
                    }
                    high = high.min(limit + 1.0);
                    while high - low > 1.0 {
                        let mid = ((low + high) / 2.0).floor();
                        if reaches(mid, expected) { high = mid } else { low = mid }
                    }
                    from = low.max(0.0);
                    let scored = high <= limit && self.zones.is_first(centre, k);
                    #[expect(clippy::cast_possible_truncation, reason = "whole, below 2^31")]
                    out.push(if scored { L::of(high as i32) } else { L::NEVER });
                }
            }
        }
        out
    }

    /// Largest score of each lane. `cells[layer * places + place][lane]`, `thresholds` for `level`.
    pub(super) fn maxima<L: Lane>(&self, cells: &[[L; LANES]], level: f64, thresholds: &[L]) -> [f64; LANES] {
        let mut best = [0.0_f64; LANES];
        let mut at = 0;
        for layer in 0..self.layers {
            let rows = &cells[layer * self.zones.places()..][..self.zones.places()];
            for nest in self.zones.nests() {
                let mut cases = [L::ZERO; LANES];
                let stop = at + nest.len();
                for ((&place, &threshold), &expected) in
                    nest.iter().zip(&thresholds[at..stop]).zip(&self.expected[at..stop])
                {
                    let row = &rows[place];
                    let mut reached = false;
                    for (c, r) in cases.iter_mut().zip(row) {
                        *c += *r;
                        reached |= *c >= threshold;
                    }
                    if reached {
                        self.raise(&mut best, &cases, threshold, expected);
                    }
                }
                at = stop;
            }
        }
        for (lane, best) in best.iter_mut().enumerate() {
            if *best < level {
                *best = self.maximum(|cell| cells[cell][lane].into());
            }
        }
        best
    }

    #[inline(never)]
    fn raise<L: Lane>(&self, best: &mut [f64; LANES], cases: &[L; LANES], threshold: L, expected: f64) {
        for (best, &cases) in best.iter_mut().zip(cases) {
            if cases >= threshold
                && let Some(score) = self.score.above(*best, f64::from(cases.into()), expected)
            {
                *best = score;
            }
        }
    }

    /// A level that nearly every replicate reaches, from the maxima of the lanes of one pilot block.
    pub(super) fn level<L: Lane>(&self, cells: &[[L; LANES]]) -> f64 {
        let pilots = LANES / 4;
        let lowest = (0..pilots)
            .map(|lane| self.maximum(|cell| cells[cell][lane].into()))
            .fold(f64::INFINITY, f64::min);
        // Scores are roughly Gumbel; 0.85 of the least of eight is undercut by few per cent.
        0.85 * lowest
    }
}
