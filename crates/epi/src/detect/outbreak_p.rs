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

/// Whose numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutbreakPForm {
    /// The ratio as a sum of logarithms.
    #[default]
    Corrected,
    /// As R's `surveillance::algo.outbreakP`: a product of powers in the order of the steps. With a few thousand cases
    /// it falls to 0 or is no number, and there is no alarm whatever comes. For comparison with published results only.
    Surveillance,
}

/// Parameters of [`outbreak_p`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutbreakPConfig {
    /// Likelihood ratio above which the step alarms, > 0. Recommended 100.
    pub limit: f64,
    /// 0-based step at which monitoring begins; earlier ones are not read. Set it to the end of the last
    /// season. Recommended 0.
    pub first_step: usize,
    /// Recommended `corrected`.
    #[serde(default)]
    pub form: OutbreakPForm,
}

impl OutbreakPConfig {
    /// Likelihood ratio 100 from the first step on.
    pub fn recommended() -> Self {
        Self { limit: 100.0, first_step: 0, form: OutbreakPForm::Corrected }
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
        chart.add(f64::from(*y));
    }
    Ok(DetectionSeries::new(METHOD, series, range, |t, y| chart.push(t, y)))
}

/// A running chart.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    config: OutbreakPConfig,
    state: State,
    /// Counts so far; the form `surveillance` alone reads them again.
    counts: Vec<f64>,
}

impl Chart {
    /// Before the first step.
    pub(super) fn new(config: &OutbreakPConfig) -> Result<Self, Error> {
        if !(config.limit > 0.0 && config.limit.is_finite()) {
            return Err(Error::parameter("limit", config.limit, "must be finite and positive"));
        }
        Ok(Self { config: *config, state: State::default(), counts: Vec::new() })
    }

    /// The next reported step.
    pub(super) fn push(&mut self, t: usize, y: u32) -> Result<Detection, NotEvaluated> {
        if t < self.config.first_step {
            return Err(NotEvaluated::HistoryTooShort { got: t, need: self.config.first_step });
        }
        let limit = self.config.limit;
        let y = f64::from(y);
        Ok(match self.config.form {
            OutbreakPForm::Corrected => {
                let upper = self.state.largest_below(limit.ln());
                self.add(y);
                let score = self.state.log_ratio();
                let alarm = score > limit.ln();
                Detection {
                    expected: Some(self.state.mean()),
                    upper,
                    score: Some(score),
                    p_value: None,
                    alarm,
                }
            }
            OutbreakPForm::Surveillance => {
                self.add(y);
                let ratio = self.state.product(&self.counts);
                let upper = self.reference_largest_below(y);
                let score = if ratio == 0.0 { LOG_OF_NOTHING } else { ratio.ln() };
                let score = score.is_finite().then_some(score);
                let alarm = ratio > limit;
                Detection { expected: Some(self.state.mean()), upper, score, p_value: None, alarm }
            }
        })
    }

    fn add(&mut self, y: f64) {
        self.state.push(y);
        if self.config.form == OutbreakPForm::Surveillance {
            self.counts.push(y);
        }
    }

    /// Largest count in place of the last one, `observed`, that does not alarm. The reference goes from the observed
    /// count one by one until the answer changes; it gives up where the product is no number.
    fn reference_largest_below(&self, observed: f64) -> Option<f64> {
        let last = self.counts.len().checked_sub(1).filter(|&last| last > 0)?;
        let mut before = State::default();
        for &y in &self.counts[..last] {
            before.push(y);
        }
        let mut counts = self.counts.clone();
        let mut ratio = |y: f64| {
            counts[last] = y;
            let mut state = before.clone();
            state.push(y);
            state.product(&counts)
        };
        let limit = self.config.limit;
        let now = ratio(observed);
        // By doubled steps: far from the observed count the product may have left the numbers.
        let (mut low, mut high) = (observed, observed);
        let mut step = 1.0;
        if now > limit {
            while ratio(low) > limit {
                if low == 0.0 {
                    return None;
                }
                (high, low, step) = (low, (low - step).max(0.0), 2.0 * step);
            }
        } else {
            while ratio(high) <= limit {
                if high >= COUNT_MAX {
                    return None;
                }
                (low, high, step) = (high, (high + step).min(COUNT_MAX), 2.0 * step);
            }
        }
        while high - low > 1.0 {
            let mid = (0.5_f64 * (low + high)).floor();
            if ratio(mid) <= limit { low = mid } else { high = mid }
        }
        (ratio(low) <= limit && ratio(high) > limit).then_some(low)
    }
}

/// Counts up to this are looked at for the bound.
const COUNT_MAX: f64 = 100_000.0;

/// Logarithm of a ratio that the reference has as 0: below that of the smallest number.
const LOG_OF_NOTHING: f64 = -746.0;

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
    rows: u32,
    /// Sum of cases x ln(mean) over this block and all before it.
    log_sum: f64,
}

impl Block {
    fn mean(self) -> f64 {
        self.cases / f64::from(self.rows)
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
        let mut block = Block { cases: y, rows: 1, log_sum: 0.0 };
        let mut kept = self.blocks.len();
        while kept > 0 && block.mean() <= self.blocks[kept - 1].mean() {
            kept -= 1;
            block.cases += self.blocks[kept].cases;
            block.rows += self.blocks[kept].rows;
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

    /// The ratio of the counts that made this fit as the reference computes it.
    fn product(&self, counts: &[f64]) -> f64 {
        let (mut mean, mut number) = (0.0, 0.0);
        for y in counts {
            number += 1.0;
            mean += (y - mean) / number;
        }
        let mut ratio = 1.0;
        let mut next = counts.iter();
        for block in &self.blocks {
            let factor = if block.mean() == 0.0 && mean == 0.0 { 1.0 } else { block.mean() / mean };
            for _ in 0..block.rows {
                let Some(&y) = next.next() else { break };
                ratio *= factor.powf(y);
            }
        }
        ratio
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
        let (mut low, mut high) = (0.0, COUNT_MAX);
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

    #[test]
    fn thousands_of_cases_are_beyond_the_reference_only() {
        let counts = [9000, 9100, 8900, 9000, 12_000, 16_000].map(Some).to_vec();
        let series = CountSeries::new(jiff::civil::date(2020, 8, 3), Step::Week, counts).unwrap();
        let last = |form| {
            let config = OutbreakPConfig { form, ..OutbreakPConfig::recommended() };
            outbreak_p(&series, &config, 5..6).unwrap().steps[0]
        };
        assert!(last(OutbreakPForm::Corrected).alarm());
        assert!(!last(OutbreakPForm::Surveillance).alarm());
    }

    #[test]
    fn stored_parameters_without_a_form_mean_the_corrected_one() {
        let config: OutbreakPConfig = serde_json::from_str(r#"{"limit": 100.0, "first_step": 0}"#).unwrap();
        assert_eq!(config, OutbreakPConfig::recommended());
    }
}
