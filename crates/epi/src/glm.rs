//! Log-linear count regression for small designs: iteratively reweighted least squares by orthogonal
//! triangles on a few columns, which bears weights of very different size (cases in one season only).
//!
//! Start, update and stopping rule are those of R's `glm` (McCullagh & Nelder 1989, section 2.5): start at
//! y + 0.1 (Poisson) or y with zeros lifted to 1/6 (negative binomial), stop when the deviance changes by less than 1e-8 relatively. The covariance is that of the
//! last weighted step, as there, so that published standard errors are met to the printed digits.

use crate::Error;
use crate::linear::{invert, least_squares};
use crate::special::{digamma, ln_gamma, trigamma};

const ITERATIONS_MAX: usize = 100;
/// The same in R.
const REFERENCE_ITERATIONS_MAX: usize = 25;
/// Relative change of the deviance that ends the iteration.
const EPSILON: f64 = 1e-8;
/// Fitted means stay above this, as a mean of exactly 0 has no logarithm.
const MEAN_MIN: f64 = f64::EPSILON;

/// When an iteration ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// At the maximum; without one there is no fit.
    Maximum,
    /// As R's `glm` and `MASS::glm.nb`: after 25 steps at the latest, at a maximum or not.
    Reference,
}

/// Row-major design matrix.
#[derive(Debug, Clone)]
pub(crate) struct Design {
    columns: usize,
    values: Vec<f64>,
}

impl Design {
    /// One row per observation from `row`, which must push `columns` values.
    pub(crate) fn new(rows: usize, columns: usize, row: impl Fn(usize, &mut Vec<f64>)) -> Self {
        let mut values = Vec::with_capacity(rows * columns);
        for i in 0..rows {
            row(i, &mut values);
        }
        assert_eq!(values.len(), rows * columns, "each row must have {columns} values");
        Self { columns, values }
    }

    fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.columns)
    }
}

/// A fitted log-linear model.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    pub(crate) coefficients: Vec<f64>,
    /// Inverse of X'WX, row-major, before any dispersion.
    pub(crate) covariance: Vec<f64>,
    pub(crate) means: Vec<f64>,
}

impl Fit {
    pub(crate) fn standard_error(&self, column: usize) -> f64 {
        self.covariance[column * self.coefficients.len() + column].sqrt()
    }

    /// Mean for a new row.
    pub(crate) fn predict(&self, row: &[f64]) -> f64 {
        self.coefficients.iter().zip(row).map(|(b, x)| b * x).sum::<f64>().exp().max(MEAN_MIN)
    }
}

/// A negative binomial fit: variance mu + mu^2 / size.
#[derive(Debug, Clone)]
pub(crate) struct NegativeBinomialFit {
    pub(crate) fit: Fit,
    /// `None` if the data are not overdispersed; the fit is then Poisson.
    pub(crate) size: Option<f64>,
    pub(crate) log_likelihood: f64,
}

/// Poisson regression with log link.
pub(crate) fn fit_poisson(y: &[f64], design: &Design, ending: Ending) -> Result<Fit, Error> {
    let start = y.iter().map(|y| y + 0.1).collect();
    fit(y, design, start, None, ending)
}

/// Negative binomial regression with log link and known size.
pub(crate) fn fit_negative_binomial_of_size(
    y: &[f64],
    design: &Design,
    size: f64,
    ending: Ending,
) -> Result<Fit, Error> {
    let start = y.iter().map(|&y| if y == 0.0 { 1.0 / 6.0 } else { y }).collect();
    fit(y, design, start, Some(size), ending)
}

/// Negative binomial regression with log link and size by maximum likelihood, alternating both.
pub(crate) fn fit_negative_binomial(y: &[f64], design: &Design) -> Result<NegativeBinomialFit, Error> {
    let poisson = fit_poisson(y, design, Ending::Maximum)?;
    let mut current = poisson.clone();
    let Some(mut size) = fit_size(y, &current.means) else {
        let log_likelihood = poisson_log_likelihood(y, &poisson.means);
        return Ok(NegativeBinomialFit { fit: poisson, size: None, log_likelihood });
    };
    let mut before = f64::NEG_INFINITY;
    for iteration in 1..=ITERATIONS_MAX {
        current = fit(y, design, current.means, Some(size), Ending::Maximum)?;
        let Some(next) = fit_size(y, &current.means) else {
            let log_likelihood = poisson_log_likelihood(y, &poisson.means);
            return Ok(NegativeBinomialFit { fit: poisson, size: None, log_likelihood });
        };
        let change = (next - size).abs() / size;
        size = next;
        let log_likelihood = negative_binomial_log_likelihood(y, &current.means, size);
        // The mean hardly depends on the size, so the alternation contracts fast; where the size hardly matters
        // either, it wanders in its last digits and the likelihood stands still.
        let still = iteration == ITERATIONS_MAX && (log_likelihood - before).abs() < 1e-9;
        before = log_likelihood;
        if change < 1e-10 || still {
            return Ok(NegativeBinomialFit { fit: current, size: Some(size), log_likelihood });
        }
    }
    Err(Error::NoConvergence { method: "negative binomial regression", iterations: ITERATIONS_MAX })
}

/// The same as `MASS::glm.nb` does it. It stops on the way where counts are not overdispersed and their size has no
/// maximum: what it has reached then is what it reports.
pub(crate) fn fit_negative_binomial_as_reference(y: &[f64], design: &Design) -> Result<(Fit, f64), Error> {
    let mut current = fit_poisson(y, design, Ending::Reference)?;
    let mut size = reference_size(y, &current.means);
    let scale = (2.0 * (y.len().saturating_sub(design.columns) as f64).max(1.0)).sqrt();
    let mut now = negative_binomial_log_likelihood(y, &current.means, size);
    let (mut before, mut change) = (now + 2.0 * scale, 1.0_f64);
    for _ in 0..REFERENCE_ITERATIONS_MAX {
        if (before - now).abs() / scale + change.abs() <= EPSILON {
            break;
        }
        let next = fit(y, design, current.means.clone(), Some(size), Ending::Reference)?;
        // The size is that of the means before this step.
        let found = reference_size(y, &current.means);
        (change, size, current) = (size - found, found, next);
        (before, now) = (now, negative_binomial_log_likelihood(y, &current.means, size));
    }
    Ok((current, size))
}

/// Newton steps of `MASS::theta.ml`.
fn reference_size(y: &[f64], means: &[f64]) -> f64 {
    let mut size = y.len() as f64 / y.iter().zip(means).map(|(y, mu)| (y / mu - 1.0).powi(2)).sum::<f64>();
    let mut step = 1.0_f64;
    for _ in 1..REFERENCE_ITERATIONS_MAX {
        if step.abs() <= f64::EPSILON.sqrt().sqrt() {
            break;
        }
        size = size.abs();
        let (score, information) = size_derivatives(y, means, size);
        step = score / information;
        size += step;
    }
    size.max(0.0)
}

/// First derivative of the log likelihood in the size, and minus the second.
fn size_derivatives(y: &[f64], means: &[f64], size: f64) -> (f64, f64) {
    let (mut score, mut information) = (0.0, 0.0);
    for (&y, &mu) in y.iter().zip(means) {
        let total = mu + size;
        score += digamma(size + y) - digamma(size) + size.ln() + 1.0 - total.ln() - (y + size) / total;
        information +=
            trigamma(size) - trigamma(size + y) - 1.0 / size + 2.0 / total - (y + size) / (total * total);
    }
    (score, information)
}

fn fit(
    y: &[f64],
    design: &Design,
    mut means: Vec<f64>,
    size: Option<f64>,
    ending: Ending,
) -> Result<Fit, Error> {
    let p = design.columns;
    if y.len() < p {
        return Err(Error::TooShort { what: "regression data", got: y.len(), need: p });
    }
    let mut deviance_before = deviance(y, &means, size);
    // Sums of terms of the size of the counts: with 10^9 cases a step their rounding alone is above `EPSILON`.
    let rounding = 4.0 * f64::EPSILON * y.iter().sum::<f64>();
    let mut eta: Vec<f64> = means.iter().map(|m| m.ln()).collect();
    let (mut weighted, mut right) = (Vec::new(), Vec::new());
    // Coefficients of the step before.
    let mut before: Vec<f64> = Vec::new();
    let steps = match ending {
        Ending::Maximum => ITERATIONS_MAX,
        Ending::Reference => REFERENCE_ITERATIONS_MAX,
    };
    for iteration in 1..=steps {
        weighted.clear();
        right.clear();
        for ((row, &y), (&mu, &eta)) in design.rows().zip(y).zip(means.iter().zip(&eta)) {
            let root = size.map_or(mu, |size| mu / (1.0 + mu / size)).sqrt();
            weighted.extend(row.iter().map(|x| root * x));
            right.push(root * (eta + (y - mu) / mu));
        }
        let Some((mut coefficients, triangle)) = least_squares(&mut weighted, &mut right, p) else {
            return Err(Error::NoConvergence {
                method: "count regression (singular design)",
                iterations: iteration,
            });
        };
        let mut now;
        let mut halved = 0;
        loop {
            for ((row, mu), eta) in design.rows().zip(&mut means).zip(&mut eta) {
                *eta = row.iter().zip(&coefficients).map(|(x, b)| x * b).sum();
                *mu = eta.exp().max(MEAN_MIN);
            }
            now = deviance(y, &means, size);
            if now.is_finite() || before.is_empty() || halved > steps {
                break;
            }
            // The step left the numbers: half of it may not.
            for (new, old) in coefficients.iter_mut().zip(&before) {
                *new = 0.5 * (*new + old);
            }
            halved += 1;
        }
        if !now.is_finite() {
            break;
        }
        let change = (now - deviance_before).abs();
        let converged = change / (now.abs() + 0.1) < EPSILON || change < rounding;
        if converged || ending == Ending::Reference && iteration == steps {
            return Ok(Fit { coefficients, covariance: invert(&triangle, p), means });
        }
        deviance_before = now;
        before = coefficients;
    }
    Err(Error::NoConvergence { method: "count regression", iterations: ITERATIONS_MAX })
}

fn deviance(y: &[f64], means: &[f64], size: Option<f64>) -> f64 {
    let terms = y.iter().zip(means).map(|(&y, &mu)| {
        let log_part = if y > 0.0 { y * (y / mu).ln() } else { 0.0 };
        match size {
            None => log_part - (y - mu),
            Some(size) => log_part - (y + size) * ((y + size) / (mu + size)).ln(),
        }
    });
    2.0 * terms.sum::<f64>()
}

/// Size (1/overdispersion) of a negative binomial by maximum likelihood given the means; `None` if the
/// likelihood increases towards the Poisson limit.
fn fit_size(y: &[f64], means: &[f64]) -> Option<f64> {
    let excess: f64 = y.iter().zip(means).map(|(y, mu)| (y / mu - 1.0).powi(2)).sum();
    let spread: f64 = y.iter().zip(means).map(|(y, mu)| ((y - mu).powi(2) - y) / (mu * mu)).sum();
    if spread <= 0.0 && y.iter().zip(means).map(|(y, mu)| (y - mu).powi(2) - y).sum::<f64>() <= 0.0 {
        return None;
    }
    let mut size = y.len() as f64 / excess;
    for _ in 0..ITERATIONS_MAX {
        let (score, information) = size_derivatives(y, means, size);
        // Newton on ln(size) with a limited step cannot leave the positive numbers.
        let curvature = (information * size - score).abs().max(1e-12 * score.abs()).max(f64::MIN_POSITIVE);
        let step = (score / curvature).clamp(-1.0, 1.0);
        size *= step.exp();
        if !size.is_finite() || size > 1e7 {
            return None;
        }
        if step.abs() < 1e-12 {
            return Some(size);
        }
    }
    Some(size)
}

fn poisson_log_likelihood(y: &[f64], means: &[f64]) -> f64 {
    y.iter().zip(means).map(|(&y, &mu)| y * mu.ln() - mu - ln_gamma(y + 1.0)).sum()
}

fn negative_binomial_log_likelihood(y: &[f64], means: &[f64], size: f64) -> f64 {
    let term = |y: f64, mu: f64| {
        let mean_part = if y > 0.0 { y * mu.ln() } else { 0.0 };
        ln_gamma(size + y) - ln_gamma(size) - ln_gamma(y + 1.0) + size * size.ln() + mean_part
            - (size + y) * (size + mu).ln()
    };
    y.iter().zip(means).map(|(&y, &mu)| term(y, mu)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intercept_alone_fits_the_mean() {
        let y = [3.0, 5.0, 0.0, 8.0];
        let design = Design::new(4, 1, |_, row| row.push(1.0));
        let fit = fit_poisson(&y, &design, Ending::Maximum).unwrap();
        assert!((fit.predict(&[1.0]) - 4.0).abs() < 1e-6);
        assert!((fit.standard_error(0) - 0.25).abs() < 1e-6);
    }

    #[test]
    fn counts_without_overdispersion_have_no_size() {
        let y = [4.0, 4.0, 5.0, 4.0, 3.0, 4.0];
        let design = Design::new(6, 1, |_, row| row.push(1.0));
        assert!(fit_negative_binomial(&y, &design).unwrap().size.is_none());
    }

    #[test]
    fn a_thousand_million_cases_a_step_are_fitted() {
        let y: Vec<f64> = (0..104).map(|t| 1e9 + f64::from(t % 2)).collect();
        let design = Design::new(y.len(), 2, |t, row| row.extend([1.0, f64::from(u8::from(t < 52))]));
        let fit = fit_poisson(&y, &design, Ending::Maximum).unwrap();
        assert!((fit.predict(&[1.0, 0.0]) / 1e9 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn cases_in_one_week_of_the_year_only_have_a_season_that_peaks_there() {
        // The likelihood has no maximum: the peak grows narrower for ever. R stops after 25 steps, and so do we.
        let angle = |t: usize| std::f64::consts::TAU * t as f64 / 52.0;
        let row = |t: usize, row: &mut Vec<f64>| {
            row.extend([1.0, angle(t).sin(), angle(t).cos()]);
        };
        let y: Vec<f64> = (0..156).map(|t| if t % 52 == 10 { 4.0 } else { 0.0 }).collect();
        let fit = fit_poisson(&y, &Design::new(y.len(), 3, row), Ending::Reference).unwrap();
        let mean = |t: usize| {
            let mut values = Vec::new();
            row(t, &mut values);
            fit.predict(&values)
        };
        assert!(
            (mean(10) - 4.0).abs() < 0.01 && mean(9) < 1.0 && mean(30) < 1e-9,
            "{} {}",
            mean(10),
            mean(9)
        );
    }

    #[test]
    fn the_reference_has_a_size_where_counts_do_not_scatter() {
        let y = [4.0, 4.0, 5.0, 4.0, 3.0, 4.0];
        let design = Design::new(6, 1, |_, row| row.push(1.0));
        let (fit, size) = fit_negative_binomial_as_reference(&y, &design).unwrap();
        assert!(size > 1e3 && (fit.predict(&[1.0]) - 4.0).abs() < 1e-6, "{size}");
    }

    #[test]
    fn a_singular_design_is_refused() {
        let design = Design::new(4, 2, |_, row| row.extend([1.0, 1.0]));
        assert!(fit_poisson(&[1.0, 2.0, 3.0, 4.0], &design, Ending::Maximum).is_err());
    }
}
