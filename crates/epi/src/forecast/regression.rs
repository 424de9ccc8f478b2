//! Direct regressions of future change on recent change, pooled over series and years.

use super::panel::Weekdays;
use super::quantile;
use super::{ForecastConfig, ForecastPart, Panel};
use crate::linear::{cholesky, solve};

/// Scale on which changes are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Transform {
    /// ln((count + 1) / size): growth rates.
    Log,
    /// ((count + 1) / size)^(1/4): between growth rates and absolute change.
    FourthRoot,
    /// ((count + 1) / size)^(1/2): nearly absolute change.
    SquareRoot,
}

/// What of its own past the present level of a series is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reference {
    /// Mean level.
    Mean,
    /// Median level.
    Median,
    /// Level exceeded by a tenth of the steps: what a season reaches.
    High,
}

/// One regression model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) transform: Transform,
    pub(super) reference: Reference,
}

/// The regressions of the recommended forecast. They differ in how fast a high level slows growth down and in how
/// much of the error grows with the level, of which a few seasons tell little.
pub(super) const MEMBERS: [Member; 5] = [
    Member { transform: Transform::Log, reference: Reference::High },
    Member { transform: Transform::Log, reference: Reference::Median },
    Member { transform: Transform::FourthRoot, reference: Reference::Median },
    Member { transform: Transform::FourthRoot, reference: Reference::High },
    Member { transform: Transform::SquareRoot, reference: Reference::Mean },
];

/// The regression that stands for all where the others are left out.
pub(super) const MEMBER_ALONE: usize = 3;

/// Changes of the series itself among the predictors.
const LAGS: usize = 5;
/// Changes of the middle of all series among the predictors.
const POOLED_LAGS: usize = 3;
/// Longest gap, in units of growth, over which a level is interpolated where it is a predictor.
const GAP_UNITS_MAX: usize = 4;
/// Past situations per coefficient below which a regression is left out.
const ROWS_PER_COLUMN_MIN: usize = 5;
/// Past situations beyond which steps are thinned out: daily ones overlap, and hardly more is learnt.
const ROWS_MAX: usize = 40_000;
/// Errors of past situations are those of a fit to them; new ones are larger.
const WIDENING: f64 = 1.1;
/// Weight of situations at quite another level of all series.
const OTHER_LEVEL_WEIGHT: f64 = 0.05;
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
    transform: Transform,
    without: Option<ForecastPart>,
    panel: &'a Panel,
    /// Level by series and step: the count, for days the mean of the last 7 without weekday effect; short gaps are
    /// filled; NaN = unknown.
    level: Vec<Vec<f64>>,
    /// Transformed single steps, the target; NaN = not reported.
    target: Vec<Vec<f64>>,
    /// Counts behind the levels.
    size: Vec<Vec<f64>>,
    /// By series.
    reference: Vec<f64>,
    /// Median change of all series, by step.
    pooled: Vec<f64>,
    /// Weight of a step by how near the level of all series is to the present one.
    alike: Vec<f64>,
    week: Vec<f64>,
}

/// Fit for one number of steps ahead.
pub(super) struct Horizon {
    fit: Fitted,
    scores: Vec<f64>,
    /// Smallest and largest change seen.
    range: (f64, f64),
    /// Past situations learnt from.
    pub(super) rows: usize,
}

impl Transform {
    fn apply(self, count: f64, size: f64) -> f64 {
        let rate = (count + OFFSET) / size;
        match self {
            Self::Log => rate.ln(),
            Self::FourthRoot => rate.sqrt().sqrt(),
            Self::SquareRoot => rate.sqrt(),
        }
    }

    fn invert(self, x: f64, size: f64) -> f64 {
        let rate = match self {
            Self::Log => x.exp(),
            Self::FourthRoot => x.max(0.0).powi(4),
            Self::SquareRoot => x.max(0.0).powi(2),
        };
        rate * size - OFFSET
    }
}

impl Reference {
    /// Of the levels known; 0 if none is.
    fn of(self, level: &[f64]) -> f64 {
        let mut known: Vec<f64> = level.iter().copied().filter(|x| x.is_finite()).collect();
        if known.is_empty() {
            return 0.0;
        }
        known.sort_by(f64::total_cmp);
        match self {
            Self::Mean => known.iter().sum::<f64>() / known.len() as f64,
            Self::Median => quantile(&known, 0.5),
            Self::High => quantile(&known, 0.9),
        }
    }
}

/// Median of the finite values; `None` without one.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut known: Vec<f64> = values.filter(|x| x.is_finite()).collect();
    known.sort_by(f64::total_cmp);
    if known.is_empty() { None } else { Some(quantile(&known, 0.5)) }
}

/// Straight lines over short gaps between known values.
fn fill(values: &mut [f64], gap_max: usize) {
    let mut before: Option<usize> = None;
    for t in 0..values.len() {
        if !values[t].is_finite() {
            continue;
        }
        if let Some(b) = before
            && t - b > 1
            && t - b - 1 <= gap_max
        {
            let (from, to) = (values[b], values[t]);
            for (i, value) in values[b + 1..t].iter_mut().enumerate() {
                *value = from + (to - from) * (i as f64 + 1.0) / (t - b) as f64;
            }
        }
        before = Some(t);
    }
}

impl Member {
    pub(super) fn prepare<'a>(
        self,
        panel: &'a Panel,
        weekdays: &Weekdays,
        config: &ForecastConfig,
        without: Option<ForecastPart>,
    ) -> Prepared<'a> {
        let (unit, steps) = (panel.unit(), panel.steps());
        let (mut level, mut target, mut size) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..panel.len() {
            let adjusted: Vec<f64> = panel
                .counts(i)
                .iter()
                .enumerate()
                .map(|(t, n)| n.map_or(f64::NAN, |n| f64::from(n) / weekdays.factor(i, t)))
                .collect();
            let mut smooth: Vec<f64> = (0..steps)
                .map(|t| {
                    let window = &adjusted[(t + 1).saturating_sub(unit)..=t];
                    let known = window.iter().filter(|x| x.is_finite());
                    let n = known.clone().count();
                    // More than half of the window must be reported.
                    if 2 * n > unit { known.sum::<f64>() / n as f64 } else { f64::NAN }
                })
                .collect();
            fill(&mut smooth, GAP_UNITS_MAX * unit);
            let transform = |x: &f64| self.transform.apply(*x, panel.size(i));
            level.push(smooth.iter().map(transform).collect::<Vec<f64>>());
            target.push(adjusted.iter().map(transform).collect());
            size.push(smooth);
        }
        let reference: Vec<f64> = level.iter().map(|x| self.reference.of(x)).collect();
        let pooled = (0..steps)
            .map(|t| match t.checked_sub(unit) {
                Some(before) => median(level.iter().map(|x| x[t] - x[before])).unwrap_or(0.0),
                None => 0.0,
            })
            .collect();
        let height: Vec<f64> = (0..steps)
            .map(|t| {
                let known = level.iter().zip(&reference).map(|(x, r)| x[t] - r).filter(|d| d.is_finite());
                let (n, sum) = known.fold((0.0, 0.0), |(n, sum), d| (n + 1.0, sum + d));
                if n > 0.0 { sum / n } else { f64::NAN }
            })
            .collect();
        Prepared {
            transform: self.transform,
            without,
            panel,
            level,
            target,
            size,
            reference,
            pooled,
            alike: alike(&height, config.level_sd),
            week: (0..steps).map(|t| f64::from(panel.date(t).day_of_year()) / 7.0).collect(),
        }
    }
}

/// Weights by closeness to the last height, in standard deviations of all heights.
fn alike(height: &[f64], level_sd: f64) -> Vec<f64> {
    let known: Vec<f64> = height.iter().copied().filter(|h| h.is_finite()).collect();
    let n = known.len() as f64;
    let mean = known.iter().sum::<f64>() / n;
    let sd = (known.iter().map(|h| (h - mean).powi(2)).sum::<f64>() / n).sqrt();
    let now = known.last().copied().unwrap_or(0.0);
    height
        .iter()
        .map(|h| {
            let apart = (h - now) / (level_sd * sd);
            // A flat past is alike throughout.
            if apart.is_finite() { (-0.5 * apart * apart).exp() + OTHER_LEVEL_WEIGHT } else { 1.0 }
        })
        .collect()
}

impl Prepared<'_> {
    fn columns(&self) -> usize {
        LAGS + 3 + if self.with_pooled() { POOLED_LAGS } else { 0 }
    }

    /// Pooled change of one series is its own change.
    fn with_pooled(&self) -> bool {
        self.panel.len() > 1
    }

    /// First step with all changes behind it.
    fn first(&self) -> usize {
        LAGS * self.panel.unit()
    }

    fn row(&self, i: usize, t: usize, row: &mut [f64]) {
        let (x, unit) = (&self.level[i], self.panel.unit());
        for (lag, cell) in row.iter_mut().take(LAGS).enumerate() {
            *cell = x[t - lag * unit] - x[t - (lag + 1) * unit];
        }
        let height = x[t] - self.reference[i];
        row[LAGS] = height;
        row[LAGS + 1] = height * height;
        row[LAGS + 2] = 1.0;
        for (lag, cell) in row[LAGS + 3..].iter_mut().enumerate() {
            *cell = self.pooled[t - lag * unit];
        }
        // A predictor that is always 0 has no say.
        let silent = match self.without {
            Some(ForecastPart::SquaredHeight) => LAGS + 1..LAGS + 2,
            Some(ForecastPart::OlderChanges) => 3..LAGS,
            Some(ForecastPart::PooledChanges) => LAGS + 3..row.len(),
            Some(ForecastPart::OlderPooledChanges) => (LAGS + 4).min(row.len())..row.len(),
            _ => return,
        };
        row[silent].fill(0.0);
    }

    /// Learns from the past; `None` with too little of it.
    pub(super) fn fit(&self, steps_ahead: usize, config: &ForecastConfig) -> Option<Horizon> {
        let (columns, last) = (self.columns(), self.panel.last());
        let mut rows: Vec<f64> = Vec::new();
        let (mut y, mut weights, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        let mut row = vec![0.0; columns];
        let steps = self.first()..(last + 1).saturating_sub(steps_ahead);
        let stride = (steps.len() * self.panel.len()).div_ceil(ROWS_MAX).max(1);
        // Counted back from the newest step, which is nearest to today.
        for t in steps.rev().step_by(stride) {
            let apart = (self.week[t] - self.week[last]).abs();
            // The year has 52.18 weeks and closes on itself.
            let apart = apart.min((52.18 - apart).abs()) / config.season_sd_weeks;
            let weight = ((-0.5 * apart * apart).exp() + config.off_season_weight) * self.alike[t];
            for i in 0..self.panel.len() {
                self.row(i, t, &mut row);
                let change = self.target[i][t + steps_ahead] - self.level[i][t];
                if change.is_finite() && row.iter().all(|x| x.is_finite()) {
                    rows.extend_from_slice(&row);
                    y.push(change);
                    weights.push(weight);
                    counts.push(self.size[i][t] + 1.0);
                }
            }
        }
        if y.len() < ROWS_PER_COLUMN_MIN * columns {
            return None;
        }
        let fit = fit(&rows, columns, &y, &weights, &counts)?;
        let mut scores = weighted_quantiles(&fit.standardised, &weights, &config.levels);
        // The median of few seasons' errors is an accident of these seasons.
        let centre = match self.without {
            Some(ForecastPart::CentredErrors) => 0.0,
            _ => scores[scores.len() / 2],
        };
        let widening = if self.without == Some(ForecastPart::Widening) { 1.0 } else { WIDENING };
        scores.iter_mut().for_each(|z| *z = widening * (*z - centre));
        let range = y.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), y| (a.min(*y), b.max(*y)));
        Some(Horizon { fit, scores, range, rows: y.len() })
    }

    /// Step of the newest level of a series, if it has enough of a past for a forecast.
    pub(super) fn newest(&self, i: usize) -> Option<usize> {
        let t = (0..=self.panel.last()).rev().find(|&t| self.level[i][t].is_finite())?;
        let mut row = vec![0.0; self.columns()];
        (t >= self.first()).then(|| self.row(i, t, &mut row))?;
        row.iter().all(|x| x.is_finite()).then_some(t)
    }

    /// Quantiles of series `i`, seen from step `t`, before the weekday factor.
    pub(super) fn predict(&self, horizon: &Horizon, i: usize, t: usize) -> Vec<f64> {
        let mut row = vec![0.0; self.columns()];
        self.row(i, t, &mut row);
        let change: f64 = row.iter().zip(&horizon.fit.coefficients).map(|(x, b)| x * b).sum();
        // A season beyond all earlier ones must not be extrapolated to changes that were never seen.
        let mean = self.level[i][t] + change.clamp(horizon.range.0, horizon.range.1);
        let sd = (horizon.fit.common + horizon.fit.sampling / (self.size[i][t] + 1.0)).sqrt();
        let quantile = |z: &f64| self.transform.invert(mean + sd * z, self.panel.size(i));
        horizon.scores.iter().map(quantile).collect()
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
