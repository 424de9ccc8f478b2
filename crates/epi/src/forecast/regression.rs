//! Direct regressions of future change on recent change, pooled over series and years.

use super::panel::Weekdays;
use super::{ForecastConfig, Panel, ROWS_MIN};
use crate::linear::{cholesky, solve};

/// Scale on which changes are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Transform {
    /// ln((count + 1) / size): growth rates.
    Log,
    /// ((count + 1) / size)^(1/4): between growth rates and absolute change.
    FourthRoot,
}

/// What the present level is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reference {
    /// Mean of the series up to that week.
    Mean,
    /// Highest level known today.
    Peak,
}

/// One regression model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) transform: Transform,
    pub(super) reference: Reference,
    /// Whether the mean change of all series is a predictor.
    pub(super) pooled: bool,
}

/// Quantiles by series and level, before the weekday factor.
pub(super) struct Prediction {
    pub(super) quantiles: Vec<Vec<f64>>,
    pub(super) rows: usize,
}

/// Ridge penalty on standardised rows: keeps coefficients finite in short histories, no more.
const RIDGE: f64 = 1.0;
/// Rounds of regression and variance estimation; the third changes quantiles by less than 1 %.
const ROUNDS: usize = 3;
/// Squared residuals count at most this many times their expectation in the variance.
const OUTLIER: f64 = 9.0;
/// Added to counts, as a count of 0 has no logarithm.
const OFFSET: f64 = 1.0;

/// Transformed levels of a panel.
pub(super) struct Prepared<'a> {
    member: Member,
    panel: &'a Panel,
    /// Level by series and step: the count, for days the mean of the last 7 without weekday effect; NaN = unknown.
    level: Vec<Vec<f64>>,
    /// Transformed single steps, the target.
    target: Vec<Vec<f64>>,
    /// Counts behind the levels.
    size: Vec<Vec<f64>>,
    /// Mean change of all series, by step.
    pooled: Vec<f64>,
    week: Vec<f64>,
}

impl Transform {
    fn apply(self, count: f64, size: f64) -> f64 {
        let rate = (count + OFFSET) / size;
        match self {
            Self::Log => rate.ln(),
            Self::FourthRoot => rate.sqrt().sqrt(),
        }
    }

    fn invert(self, x: f64, size: f64) -> f64 {
        let rate = match self {
            Self::Log => x.exp(),
            Self::FourthRoot => x.max(0.0).powi(4),
        };
        rate * size - OFFSET
    }
}

impl Member {
    pub(super) fn prepare<'a>(self, panel: &'a Panel, weekdays: &Weekdays) -> Prepared<'a> {
        let unit = panel.unit();
        let steps = panel.steps();
        let mut level = Vec::with_capacity(panel.len());
        let mut target = Vec::with_capacity(panel.len());
        let mut size = Vec::with_capacity(panel.len());
        for i in 0..panel.len() {
            let adjusted: Vec<f64> = panel
                .counts(i)
                .iter()
                .enumerate()
                .map(|(t, n)| n.map_or(f64::NAN, |n| f64::from(n) / weekdays.factor(i, t)))
                .collect();
            let smooth: Vec<f64> = (0..steps)
                .map(|t| {
                    let window = &adjusted[(t + 1).saturating_sub(unit)..=t];
                    let known = window.iter().filter(|x| x.is_finite());
                    let n = known.clone().count();
                    // More than half of the window must be reported.
                    if 2 * n > unit { known.sum::<f64>() / n as f64 } else { f64::NAN }
                })
                .collect();
            let transform = |x: &f64| self.transform.apply(*x, panel.size(i));
            level.push(smooth.iter().map(transform).collect());
            target.push(adjusted.iter().map(transform).collect());
            size.push(smooth);
        }
        let level: Vec<Vec<f64>> = level;
        let pooled = (0..steps)
            .map(|t| {
                let changes: Vec<f64> = level
                    .iter()
                    .filter_map(|x| Some(x[t] - x[t.checked_sub(unit)?]))
                    .filter(|d| d.is_finite())
                    .collect();
                if changes.is_empty() { 0.0 } else { changes.iter().sum::<f64>() / changes.len() as f64 }
            })
            .collect();
        let week = (0..steps).map(|t| f64::from(panel.date(t).day_of_year()) / 7.0).collect();
        Prepared { member: self, panel, level, target, size, pooled, week }
    }
}

impl Prepared<'_> {
    fn columns(&self) -> usize {
        if self.with_pooled() { 7 } else { 5 }
    }

    /// Pooled change of one series is its own change.
    fn with_pooled(&self) -> bool {
        self.member.pooled && self.panel.len() > 1
    }

    /// First step with three changes behind it.
    fn first(&self) -> usize {
        3 * self.panel.unit()
    }

    /// Reference levels by series and step.
    fn references(&self) -> Vec<Vec<f64>> {
        self.level
            .iter()
            .map(|x| match self.member.reference {
                Reference::Mean => {
                    let (mut sum, mut n) = (0.0, 0.0);
                    x.iter()
                        .map(|v| {
                            if v.is_finite() {
                                sum += v;
                                n += 1.0;
                            }
                            sum / f64::max(n, 1.0)
                        })
                        .collect()
                }
                Reference::Peak => {
                    let peak = x.iter().copied().filter(|v| v.is_finite()).fold(f64::NEG_INFINITY, f64::max);
                    vec![peak; x.len()]
                }
            })
            .collect()
    }

    fn row(&self, references: &[Vec<f64>], i: usize, t: usize, row: &mut [f64]) {
        let (x, unit) = (&self.level[i], self.panel.unit());
        for (lag, cell) in row.iter_mut().take(3).enumerate() {
            *cell = x[t - lag * unit] - x[t - (lag + 1) * unit];
        }
        row[3] = x[t] - references[i][t];
        row[4] = 1.0;
        if self.with_pooled() {
            row[5] = self.pooled[t];
            row[6] = self.pooled[t - unit];
        }
    }

    /// `None` with too little history.
    pub(super) fn predict(&self, steps_ahead: usize, config: &ForecastConfig) -> Option<Prediction> {
        let (columns, last) = (self.columns(), self.panel.last());
        let references = self.references();
        let mut rows: Vec<f64> = Vec::new();
        let (mut y, mut weights, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        let mut row = vec![0.0; columns];
        for t in self.first()..(last + 1).saturating_sub(steps_ahead) {
            let apart = (self.week[t] - self.week[last]).abs();
            // The year has 52.18 weeks and closes on itself.
            let apart = apart.min((52.18 - apart).abs()) / config.season_sd_weeks;
            let weight = (-0.5 * apart * apart).exp() + config.off_season_weight;
            for i in 0..self.panel.len() {
                self.row(&references, i, t, &mut row);
                let change = self.target[i][t + steps_ahead] - self.level[i][t];
                if change.is_finite() && row.iter().all(|x| x.is_finite()) {
                    rows.extend_from_slice(&row);
                    y.push(change);
                    weights.push(weight);
                    counts.push(self.size[i][t] + 1.0);
                }
            }
        }
        if y.len() < ROWS_MIN {
            return None;
        }
        let fit = fit(&rows, columns, &y, &weights, &counts)?;
        let scores = weighted_quantiles(&fit.standardised, &weights, &config.levels);
        let quantiles = (0..self.panel.len())
            .map(|i| {
                if last >= self.first() {
                    self.row(&references, i, last, &mut row);
                }
                let size = self.panel.size(i);
                // A gap in the newest steps: go on from the newest level, without a trend.
                let (level, count) = self.newest(i);
                if !row.iter().all(|x| x.is_finite()) {
                    row.fill(0.0);
                    row[4] = 1.0;
                }
                let mean = level + row.iter().zip(&fit.coefficients).map(|(x, b)| x * b).sum::<f64>();
                let sd = (fit.common + fit.sampling / (count + 1.0)).sqrt();
                scores.iter().map(|z| self.member.transform.invert(mean + sd * z, size)).collect()
            })
            .collect();
        Some(Prediction { quantiles, rows: y.len() })
    }

    fn newest(&self, i: usize) -> (f64, f64) {
        let t = (0..=self.panel.last()).rev().find(|&t| self.level[i][t].is_finite());
        t.map_or((0.0, 0.0), |t| (self.level[i][t], self.size[i][t]))
    }
}

pub(super) struct Fitted {
    pub(super) coefficients: Vec<f64>,
    /// Variance of a change: `common` + `sampling` / count.
    pub(super) common: f64,
    pub(super) sampling: f64,
    pub(super) standardised: Vec<f64>,
}

/// Weighted least squares with the variance a + b/count estimated along (Carroll & Ruppert 1988, ch. 2).
pub(super) fn fit(
    rows: &[f64],
    columns: usize,
    y: &[f64],
    weights: &[f64],
    counts: &[f64],
) -> Option<Fitted> {
    let (mut common, mut sampling) = (0.1, 2.0);
    let mut coefficients = vec![0.0; columns];
    let mut residuals = vec![0.0; y.len()];
    let mut cross = vec![0.0; columns * columns];
    for _ in 0..ROUNDS {
        cross.fill(0.0);
        coefficients.fill(0.0);
        for (((row, y), w), n) in rows.chunks_exact(columns).zip(y).zip(weights).zip(counts) {
            let w = w / (common + sampling / n);
            for (j, &xj) in row.iter().enumerate() {
                coefficients[j] += w * xj * y;
                for (k, &xk) in row[..=j].iter().enumerate() {
                    cross[j * columns + k] += w * xj * xk;
                }
            }
        }
        for j in 0..columns {
            cross[j * columns + j] += RIDGE;
        }
        if !cholesky(&mut cross, columns) {
            return None;
        }
        solve(&cross, columns, &mut coefficients);
        // Squared residuals regressed on 1 and 1/count.
        let (mut s0, mut s1, mut s2, mut r0, mut r1) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for ((((row, y), w), n), r) in
            rows.chunks_exact(columns).zip(y).zip(weights).zip(counts).zip(&mut residuals)
        {
            *r = y - row.iter().zip(&coefficients).map(|(x, b)| x * b).sum::<f64>();
            let v = common + sampling / n;
            let square = (*r * *r).min(OUTLIER * v);
            let w = w / (v * v);
            s0 += w;
            s1 += w / n;
            s2 += w / (n * n);
            r0 += w * square;
            r1 += w * square / n;
        }
        let determinant = s0 * s2 - s1 * s1;
        if determinant > 1e-12 * s0 * s2 {
            common = (r0 * s2 - r1 * s1) / determinant;
            sampling = (r1 * s0 - r0 * s1) / determinant;
        } else {
            // All counts alike: their share cannot be told apart.
            common = r0 / s0;
            sampling = 0.0;
        }
        // Neither part is ever quite absent; the floors are far below what flu or dengue show.
        common = common.max(0.001);
        sampling = sampling.max(0.1);
    }
    let standardised =
        residuals.iter().zip(counts).map(|(r, n)| r / (common + sampling / n).sqrt()).collect();
    Some(Fitted { coefficients, common, sampling, standardised })
}

/// Quantiles of a weighted sample, interpolated between the middles of the weights.
pub(super) fn weighted_quantiles(values: &[f64], weights: &[f64], levels: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let total: f64 = weights.iter().sum();
    let mut held = 0.0;
    let middles: Vec<f64> = order
        .iter()
        .map(|&i| {
            held += weights[i];
            (held - 0.5 * weights[i]) / total
        })
        .collect();
    let at = |k: usize| values[order[k]];
    levels
        .iter()
        .map(|&p| {
            let k = middles.partition_point(|&m| m < p);
            if k == 0 {
                at(0)
            } else if k == middles.len() {
                at(k - 1)
            } else {
                let share = (p - middles[k - 1]) / (middles[k] - middles[k - 1]).max(f64::MIN_POSITIVE);
                at(k - 1) + share.min(1.0) * (at(k) - at(k - 1))
            }
        })
        .collect()
}
