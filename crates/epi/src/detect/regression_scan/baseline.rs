//! The baseline: a penalised quasi-Poisson regression that past outbreaks hardly move.
//!
//! How far season, trend and weekday effects may go is learnt from the series itself (empirical Bayes): an effect
//! that is no larger than its own error is drawn to zero, one that stands out is left alone. That makes one model fit for
//! few weeks and for many years.

use super::Part;
use crate::linear::{cholesky, invert, solve};
use std::ops::Range;

/// Standardised residual above which a past count is weighed down, as in Farrington's flexible method.
const OUTLIER: f64 = 2.58;
/// Rounds of fitting: the first finds the means, the others weigh outliers down and shrink effects.
const ROUNDS: usize = 4;
/// Newton steps of the first round and of each later one. Fixed numbers, so that a fit depends on its data alone.
const STEPS_FIRST: usize = 5;
const STEPS_LATER: usize = 2;
/// Multiple of its error's mean square by which an effect's square must stand out. 1 is the moment estimate; more
/// draws chance findings to zero for certain.
const SHRINK: f64 = 1.5;
/// Largest logarithm of a mean, beyond any count (e^30 = 10^13).
const LOG_MEAN_MAX: f64 = 30.0;

/// Columns that are shrunk together, with the standard deviation they have at most.
#[derive(Debug, Clone)]
pub(super) struct Effect {
    pub(super) columns: Range<usize>,
    pub(super) sd_max: f64,
}

/// A fitted baseline.
#[derive(Debug, Clone)]
pub(super) struct Baseline {
    coefficients: Vec<f64>,
    /// Covariance of the coefficients, row-major.
    covariance: Vec<f64>,
    /// Variance over mean of a count, >= 1.
    pub(super) dispersion: f64,
    /// Factor on all means: the level lately over that of the regression.
    pub(super) level: f64,
    /// Variance of the logarithm of `level`.
    pub(super) level_variance: f64,
}

impl Baseline {
    /// Mean of a step.
    pub(super) fn mean(&self, row: &[f64]) -> f64 {
        let eta: f64 = self.coefficients.iter().zip(row).map(|(b, x)| b * x).sum();
        self.level * eta.clamp(-LOG_MEAN_MAX, LOG_MEAN_MAX).exp()
    }

    /// Variance of the logarithm of the mean of a step.
    pub(super) fn log_variance(&self, row: &[f64]) -> f64 {
        let p = row.len();
        let covariance = self.covariance.chunks_exact(p);
        let quadratic: f64 =
            covariance.zip(row).map(|(c, x)| x * c.iter().zip(row).map(|(c, x)| c * x).sum::<f64>()).sum();
        quadratic.max(0.0) + self.level_variance
    }
}

/// What is fitted.
pub(super) struct Problem<'a> {
    /// Design, `columns` numbers a step; column 0 is the constant 1.
    pub(super) rows: &'a [f64],
    pub(super) columns: usize,
    /// `None` = not reported.
    pub(super) counts: &'a [Option<u32>],
    /// Every column but the first.
    pub(super) effects: &'a [Effect],
    /// Steps of which the level is said to be "lately"; half a year.
    pub(super) level_steps: usize,
    pub(super) without: Option<Part>,
}

/// Buffers, reused from fit to fit.
#[derive(Debug, Clone, Default)]
pub(super) struct Work {
    /// Positions of the reported steps.
    used: Vec<usize>,
    y: Vec<f64>,
    weight: Vec<f64>,
    mean: Vec<f64>,
    coefficients: Vec<f64>,
    precision: Vec<f64>,
    cross: Vec<f64>,
    right: Vec<f64>,
}

impl Problem<'_> {
    /// The fit; `None` without a reported step or if no finite fit is found.
    pub(super) fn fit(&self, work: &mut Work) -> Option<Baseline> {
        let p = self.columns;
        work.used.clear();
        work.y.clear();
        for (i, y) in self.counts.iter().enumerate() {
            if let Some(y) = y {
                work.used.push(i);
                work.y.push(f64::from(*y));
            }
        }
        let n = work.y.len();
        if n == 0 {
            return None;
        }
        // Half a case more than were seen keeps a series without any finite.
        let centre = ((work.y.iter().sum::<f64>() + 0.5) / n as f64).ln();
        work.coefficients.clear();
        work.coefficients.resize(p, 0.0);
        work.coefficients[0] = centre;
        work.weight.clear();
        work.weight.resize(n, 1.0);
        work.mean.clear();
        work.mean.resize(n, 0.0);
        work.precision.clear();
        // The level is known to e^10 beforehand, which is to say not at all.
        work.precision.resize(p, 0.01);
        for effect in self.effects {
            work.precision[effect.columns.clone()].fill(effect.sd_max.powi(-2));
        }
        let mut dispersion = 1.0;
        for round in 0..ROUNDS {
            for _ in 0..if round == 0 { STEPS_FIRST } else { STEPS_LATER } {
                self.newton(work, centre, dispersion)?;
            }
            self.means(work);
            dispersion = self.dispersion(work);
            if round + 1 < ROUNDS {
                if self.without != Some(Part::Robustness) {
                    weigh_down(work, dispersion);
                }
                if self.without != Some(Part::Shrinkage) {
                    self.shrink(work, centre, dispersion)?;
                }
            }
        }
        self.information(work, centre, dispersion)?;
        let covariance = invert(&work.cross, p);
        if !(dispersion.is_finite() && work.coefficients.iter().chain(&covariance).all(|x| x.is_finite())) {
            return None;
        }
        let (level, level_variance) = self.level(work, dispersion);
        let coefficients = work.coefficients.clone();
        Some(Baseline { coefficients, covariance, dispersion, level, level_variance })
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.rows[i * self.columns..(i + 1) * self.columns]
    }

    fn means(&self, work: &mut Work) {
        for (mean, &i) in work.mean.iter_mut().zip(&work.used) {
            let eta: f64 = self.row(i).iter().zip(&work.coefficients).map(|(x, b)| x * b).sum();
            *mean = eta.clamp(-LOG_MEAN_MAX, LOG_MEAN_MAX).exp();
        }
    }

    /// Cholesky factor of the penalised information, and the right-hand side of the working response.
    fn information(&self, work: &mut Work, centre: f64, dispersion: f64) -> Option<()> {
        let p = self.columns;
        let Work { used, y, weight, coefficients, precision, cross, right, .. } = work;
        cross.clear();
        cross.resize(p * p, 0.0);
        right.clear();
        right.resize(p, 0.0);
        for ((&i, &y), &weight) in used.iter().zip(y.iter()).zip(weight.iter()) {
            let row = self.row(i);
            let eta: f64 = row.iter().zip(coefficients.iter()).map(|(x, b)| x * b).sum();
            let eta = eta.clamp(-LOG_MEAN_MAX, LOG_MEAN_MAX);
            let mean = eta.exp();
            let w = weight * mean / dispersion;
            // Weight times working response, written so that a tiny mean does not divide.
            let wz = w * eta + weight * (y - mean) / dispersion;
            for ((x, r), line) in row.iter().zip(right.iter_mut()).zip(cross.chunks_exact_mut(p)) {
                *r += x * wz;
                let wx = w * x;
                // Only the lower triangle is read; whole lines are faster than triangles.
                for (c, x) in line.iter_mut().zip(row) {
                    *c += wx * x;
                }
            }
        }
        for (j, precision) in precision.iter().enumerate() {
            cross[j * p + j] += precision;
        }
        right[0] += precision[0] * centre;
        cholesky(cross, p).then_some(())
    }

    fn newton(&self, work: &mut Work, centre: f64, dispersion: f64) -> Option<()> {
        self.information(work, centre, dispersion)?;
        solve(&work.cross, self.columns, &mut work.right);
        for (b, new) in work.coefficients.iter_mut().zip(&work.right) {
            // A step of e^3 at most keeps sparse series from overshooting.
            *b += (new - *b).clamp(-3.0, 3.0);
        }
        Some(())
    }

    /// Pearson's estimate with the outliers weighed down; at least 1.
    fn dispersion(&self, work: &Work) -> f64 {
        let (mut pearson, mut total) = (0.0, 0.0);
        for ((y, m), w) in work.y.iter().zip(&work.mean).zip(&work.weight) {
            pearson += w * (y - m).powi(2) / m;
            total += w;
        }
        let n = work.y.len() as f64;
        // Shrunk coefficients use up less than one degree each; half the data is kept for the scatter in any case.
        let df = (n - (self.columns as f64).min(0.5 * n)).max(1.0);
        (pearson / total * n / df).max(1.0)
    }

    /// Prior variances of the effects by the method of moments.
    fn shrink(&self, work: &mut Work, centre: f64, dispersion: f64) -> Option<()> {
        let p = self.columns;
        // The errors are those of an unshrunk fit.
        for effect in self.effects {
            work.precision[effect.columns.clone()].fill(effect.sd_max.powi(-2));
        }
        self.information(work, centre, dispersion)?;
        let covariance = invert(&work.cross, p);
        for effect in self.effects {
            let size = effect.columns.len() as f64;
            let squares: f64 = effect.columns.clone().map(|j| work.coefficients[j].powi(2)).sum();
            let errors: f64 = effect.columns.clone().map(|j| covariance[j * p + j]).sum();
            let variance = ((squares - SHRINK * errors).max(0.05 * errors)) / size;
            if variance < effect.sd_max.powi(2) && variance > 0.0 {
                work.precision[effect.columns.clone()].fill(variance.recip());
            }
        }
        Some(())
    }

    /// Level of the newest `level_steps` against the regression, as far as half years of this series differ by more
    /// than chance; and what of it remains uncertain.
    fn level(&self, work: &Work, dispersion: f64) -> (f64, f64) {
        let end = self.counts.len();
        let blocks = end / self.level_steps.max(1);
        if blocks < 4 || self.without == Some(Part::RecentLevel) {
            return (1.0, 0.0);
        }
        let mut sums = vec![(0.0, 0.0); blocks];
        for (((y, m), w), &i) in work.y.iter().zip(&work.mean).zip(&work.weight).zip(&work.used) {
            // Blocks are counted from the newest step; the oldest incomplete one is left out.
            if let Some(sum) = sums.get_mut((end - 1 - i) / self.level_steps) {
                sum.0 += w * (y - m);
                sum.1 += w * m;
            }
        }
        let (mut excess, mut error, mut n) = (0.0, 0.0, 0.0);
        for (residual, mean) in sums.iter().filter(|s| s.1 > 0.0) {
            let chance = dispersion / mean;
            excess += (residual / mean).powi(2) - chance;
            error += 2.0 * chance * chance;
            n += 1.0;
        }
        let (residual, mean) = sums[0];
        // One standard error is taken off: a steady series must not chase its noise.
        let between = ((excess - error.sqrt()) / n).clamp(0.0, 1.0);
        if mean <= 0.0 || between <= 0.0 {
            return (1.0, 0.0);
        }
        let chance = dispersion / mean;
        let trust = between / (between + chance);
        let level = (1.0 + trust * residual / mean).clamp(0.2, 5.0);
        // A quarter of the variance between half years is what the coming weeks may bring on top.
        (level, between * (1.0 - trust) + 0.25 * between)
    }
}

/// Farrington's weights: a count whose standardised Anscombe residual passes the threshold gets its inverse square.
fn weigh_down(work: &mut Work, dispersion: f64) {
    for ((y, m), w) in work.y.iter().zip(&work.mean).zip(&mut work.weight) {
        *w = 1.0;
        // Counts at or below the mean have no residual above a positive threshold.
        if y > m {
            let root = m.sqrt();
            let residual = 1.5 * (y.cbrt().powi(2) / root.cbrt() - root) / dispersion.sqrt();
            if residual > OUTLIER {
                *w = (OUTLIER / residual).powi(2);
            }
        }
    }
}
