//! OutbreakP: has a flat series begun to rise?
//!
//! Question: does a non-decreasing curve explain the whole series better than a constant level? Made for
//! the onset of a seasonal epidemic after a quiet time; needs no baseline. Do not run it past a peak: the
//! test looks for a rise only.
//!
//! Complexity: O(1) amortised per step by pooling adjacent violators. Frisén, Andersson & Schiöler 2009,
//! Stat Med 28:2550; Frisén & Andersson 2009, Sequential Analysis 28:152.

use super::{Detection, DetectionSeries, Method, NotEvaluated, check_range};
use crate::{CountSeries, Error};
use serde::{Deserialize, Serialize};
use std::ops::Range;

pub(super) const METHOD: Method = Method { id: "outbreak_p", version: 1 };

/// Parameters of [`outbreak_p`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutbreakPConfig {
    /// Likelihood ratio above which the step alarms, > 0. Recommended 100.
    pub limit: f64,
    /// 0-based step at which monitoring begins; earlier ones are not read. Set it to the end of the last
    /// season. Recommended 0.
    pub first_step: usize,
}

impl OutbreakPConfig {
    /// Likelihood ratio 100 from the first step on.
    pub fn recommended() -> Self {
        Self { limit: 100.0, first_step: 0 }
    }
}

/// OutbreakP.
///
/// # Output
/// `score` is the logarithm of the likelihood ratio of a rise against a constant level, `expected` that
/// level, `upper` the largest count that would not alarm (below 100,000). No `p_value`. Unreported steps
/// are left out.
/// # Errors
/// `InvalidParameter` for a limit that is not positive or a range outside the series.
/// # Examples
/// ```
/// use wanquan_epi::detect::{OutbreakPConfig, outbreak_p};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let found = outbreak_p(&series, &OutbreakPConfig::recommended(), 400..528)?;
/// // The outbreak from mung bean sprouts in the autumn of 2011.
/// assert!(found.alarms().any(|step| step.date.to_string() == "2011-10-31"));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn outbreak_p(
    series: &CountSeries,
    config: &OutbreakPConfig,
    range: Range<usize>,
) -> Result<DetectionSeries, Error> {
    check_range(series, &range)?;
    let mut chart = Chart::new(config)?;
    for y in series.counts()[..range.start].iter().skip(config.first_step).flatten() {
        chart.state.push(f64::from(*y));
    }
    Ok(DetectionSeries::new(METHOD, series, range, |t, y| chart.push(t, y)))
}

/// A running chart.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    config: OutbreakPConfig,
    state: State,
}

impl Chart {
    /// Before the first step.
    pub(super) fn new(config: &OutbreakPConfig) -> Result<Self, Error> {
        if !(config.limit > 0.0 && config.limit.is_finite()) {
            return Err(Error::parameter("limit", config.limit, "must be finite and positive"));
        }
        Ok(Self { config: *config, state: State::default() })
    }

    /// The next reported step.
    pub(super) fn push(&mut self, t: usize, y: u32) -> Result<Detection, NotEvaluated> {
        let Self { config, state } = self;
        if t < config.first_step {
            return Err(NotEvaluated::HistoryTooShort { got: t, need: config.first_step });
        }
        let limit = config.limit.ln();
        let upper = state.largest_below(limit);
        state.push(f64::from(y));
        let score = state.log_ratio();
        Ok(Detection {
            expected: Some(state.mean()),
            upper,
            score: Some(score),
            p_value: None,
            alarm: score > limit,
        })
    }
}

/// Monotone fit of the counts so far, as blocks of equal mean.
#[derive(Debug, Clone, Default)]
struct State {
    blocks: Vec<Block>,
    steps: f64,
    cases: f64,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    cases: f64,
    steps: f64,
    /// Sum of cases x ln(mean) over this block and all before it.
    log_sum: f64,
}

impl Block {
    fn mean(self) -> f64 {
        self.cases / self.steps
    }
}

fn x_ln_y(x: f64, y: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * y.ln() }
}

impl State {
    fn push(&mut self, y: f64) {
        let (kept, block) = self.merged(y);
        self.blocks.truncate(kept);
        self.blocks.push(block);
        self.steps += 1.0;
        self.cases += y;
    }

    /// The last block if `y` came next, and how many blocks stay before it.
    fn merged(&self, y: f64) -> (usize, Block) {
        let mut block = Block { cases: y, steps: 1.0, log_sum: 0.0 };
        let mut kept = self.blocks.len();
        while kept > 0 && block.mean() <= self.blocks[kept - 1].mean() {
            kept -= 1;
            block.cases += self.blocks[kept].cases;
            block.steps += self.blocks[kept].steps;
        }
        let before = if kept > 0 { self.blocks[kept - 1].log_sum } else { 0.0 };
        block.log_sum = before + x_ln_y(block.cases, block.mean());
        (kept, block)
    }

    fn mean(&self) -> f64 {
        if self.steps > 0.0 { self.cases / self.steps } else { 0.0 }
    }

    fn log_ratio(&self) -> f64 {
        let monotone = self.blocks.last().map_or(0.0, |b| b.log_sum);
        monotone - x_ln_y(self.cases, self.mean())
    }

    /// Statistic if `y` came next.
    fn log_ratio_with(&self, y: f64) -> f64 {
        let cases = self.cases + y;
        self.merged(y).1.log_sum - x_ln_y(cases, cases / (self.steps + 1.0))
    }

    /// Largest next count whose statistic does not pass the limit; `None` above 100,000 or if none.
    fn largest_below(&self, limit: f64) -> Option<f64> {
        if self.log_ratio_with(0.0) > limit {
            return None;
        }
        let (mut low, mut high) = (0.0, 100_000.0);
        if self.log_ratio_with(high) <= limit {
            return None;
        }
        while high - low > 1.0 {
            let mid = (0.5_f64 * (low + high)).floor();
            if self.log_ratio_with(mid) <= limit { low = mid } else { high = mid }
        }
        Some(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Step;

    #[test]
    fn a_rise_alarms_and_a_level_or_falling_series_does_not() {
        let run = |counts: Vec<Option<u32>>| {
            let n = counts.len();
            let series = CountSeries::new(jiff::civil::date(2020, 8, 3), Step::Week, counts).unwrap();
            let found = outbreak_p(&series, &OutbreakPConfig::recommended(), 0..n).unwrap();
            found.alarms().map(|s| s.index).collect::<Vec<_>>()
        };
        assert!(run(vec![Some(5); 40]).is_empty());
        assert!(run((0..40).map(|t| Some(40 - t)).collect()).is_empty());
        let rise = run([3, 4, 2, 3, 4, 3, 5, 9, 14, 22].map(Some).to_vec());
        assert!(rise.contains(&9), "{rise:?}");
    }
}
