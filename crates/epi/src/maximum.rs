//! Maximum of a smooth log-likelihood of a few parameters, with its curvature.

use crate::Error;
use crate::linear::{cholesky, invert, solve};

/// Evaluations allowed to the simplex; it needs a few hundred for three parameters.
const EVALUATIONS_MAX: usize = 4000;
/// Newton steps allowed after it; two or three are needed.
const STEPS_MAX: usize = 30;

/// Where a function is largest.
#[derive(Debug, Clone)]
pub(crate) struct Maximum {
    pub(crate) at: Vec<f64>,
    pub(crate) value: f64,
    /// Inverse of the negative second derivatives, row-major: the covariance of a maximum likelihood estimate.
    pub(crate) covariance: Vec<f64>,
    pub(crate) iterations: usize,
}

/// Maximises `f` from `start`, first by a simplex (which only compares values and so survives a poor start),
/// then by Newton steps on central differences. `f` may return a non-finite number outside its domain.
///
/// Parameters should be scaled such that a change of 1 matters, which logarithms of positive ones are.
pub(crate) fn maximise(
    method: &'static str,
    start: &[f64],
    f: impl Fn(&[f64]) -> f64,
) -> Result<Maximum, Error> {
    let value = |x: &[f64]| {
        let v = f(x);
        if v.is_finite() { v } else { f64::NEG_INFINITY }
    };
    let (mut at, evaluations) = simplex(start, &value);
    let p = at.len();
    let mut here = value(&at);
    let failed = || Error::NoConvergence { method, iterations: evaluations };
    if !here.is_finite() {
        return Err(failed());
    }
    for step in 0..STEPS_MAX {
        let gradient = gradient(&at, &value);
        let mut information = information(&at, here, &value);
        if gradient.iter().chain(&information).any(|x| !x.is_finite()) {
            return Err(failed());
        }
        if !cholesky(&mut information, p) {
            // Not concave here: the likelihood runs to the edge of the parameters, or the data say nothing.
            return Err(failed());
        }
        let mut move_by = gradient;
        solve(&information, p, &mut move_by);
        let largest = move_by.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let mut scale = (1.0 / largest.max(1e-300)).min(1.0);
        let mut next: Vec<f64>;
        loop {
            next = at.iter().zip(&move_by).map(|(x, d)| x + scale * d).collect();
            // Near the maximum the values differ by rounding only; a step that small may not be refused.
            if value(&next) >= here - 1e-9 * (1.0 + here.abs()) || scale < 1e-6 {
                break;
            }
            scale *= 0.5;
        }
        at = next;
        here = value(&at);
        if largest < 1e-7 {
            return Ok(Maximum {
                at,
                value: here,
                covariance: invert(&information, p),
                iterations: evaluations + step,
            });
        }
    }
    Err(failed())
}

/// Central differences; 1e-5 balances truncation and rounding of a log-likelihood of some hundreds.
fn gradient(at: &[f64], value: &impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let h = 1e-5;
    let mut x = at.to_vec();
    (0..at.len())
        .map(|j| {
            x[j] = at[j] + h;
            let up = value(&x);
            x[j] = at[j] - h;
            let down = value(&x);
            x[j] = at[j];
            (up - down) / (2.0 * h)
        })
        .collect()
}

/// Negative second derivatives by central differences.
fn information(at: &[f64], here: f64, value: &impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let h = 1e-3;
    let p = at.len();
    let mut x = at.to_vec();
    let mut result = vec![0.0; p * p];
    for j in 0..p {
        x[j] = at[j] + h;
        let up = value(&x);
        x[j] = at[j] - h;
        let down = value(&x);
        x[j] = at[j];
        result[j * p + j] = -(up - 2.0 * here + down) / (h * h);
        for k in 0..j {
            let mut corner = |a: f64, b: f64| {
                x[j] = at[j] + a;
                x[k] = at[k] + b;
                let v = value(&x);
                (x[j], x[k]) = (at[j], at[k]);
                v
            };
            let mixed = corner(h, h) - corner(h, -h) - corner(-h, h) + corner(-h, -h);
            let mixed = -mixed / (4.0 * h * h);
            (result[j * p + k], result[k * p + j]) = (mixed, mixed);
        }
    }
    result
}

/// Nelder and Mead's simplex; returns the best point and the evaluations used.
fn simplex(start: &[f64], value: &impl Fn(&[f64]) -> f64) -> (Vec<f64>, usize) {
    let p = start.len();
    let mut corners: Vec<(Vec<f64>, f64)> = Vec::with_capacity(p + 1);
    corners.push((start.to_vec(), value(start)));
    for j in 0..p {
        let mut x = start.to_vec();
        x[j] += 0.3;
        let v = value(&x);
        corners.push((x, v));
    }
    let mut used = p + 1;
    while used < EVALUATIONS_MAX {
        corners.sort_by(|a, b| b.1.total_cmp(&a.1));
        let spread = corners
            .iter()
            .skip(1)
            .flat_map(|c| c.0.iter().zip(&corners[0].0).map(|(a, b)| (a - b).abs()))
            .fold(0.0_f64, f64::max);
        if spread < 1e-5 {
            break;
        }
        let centre: Vec<f64> =
            (0..p).map(|j| corners[..p].iter().map(|c| c.0[j]).sum::<f64>() / p as f64).collect();
        let along = |t: f64| -> (Vec<f64>, f64) {
            let x: Vec<f64> = centre.iter().zip(&corners[p].0).map(|(c, w)| c + t * (w - c)).collect();
            let v = value(&x);
            (x, v)
        };
        let reflected = along(-1.0);
        used += 1;
        let replacement = if reflected.1 > corners[0].1 {
            used += 1;
            let expanded = along(-2.0);
            if expanded.1 > reflected.1 { Some(expanded) } else { Some(reflected) }
        } else if reflected.1 > corners[p - 1].1 {
            Some(reflected)
        } else {
            used += 1;
            let inside = along(if reflected.1 > corners[p].1 { -0.5 } else { 0.5 });
            (inside.1 > corners[p].1.max(reflected.1)).then_some(inside)
        };
        match replacement {
            Some(corner) => corners[p] = corner,
            None => {
                let best = corners[0].0.clone();
                for corner in &mut corners[1..] {
                    for (x, b) in corner.0.iter_mut().zip(&best) {
                        *x = b + 0.5 * (*x - b);
                    }
                    corner.1 = value(&corner.0);
                }
                used += p;
            }
        }
    }
    corners.sort_by(|a, b| b.1.total_cmp(&a.1));
    (corners.swap_remove(0).0, used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paraboloid_is_maximised_with_its_curvature() {
        let f = |x: &[f64]| 7.0 - 2.0 * (x[0] - 3.0).powi(2) - 0.5 * (x[1] + 40.0).powi(2);
        let found = maximise("test", &[0.0, 0.0], f).unwrap();
        assert!((found.at[0] - 3.0).abs() < 1e-6 && (found.at[1] + 40.0).abs() < 1e-6, "{found:?}");
        assert!((found.covariance[0] - 0.25).abs() < 1e-6 && (found.covariance[3] - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_function_without_a_maximum_is_refused() {
        assert!(maximise("test", &[0.0], |x| x[0]).is_err());
        assert!(maximise("test", &[0.0], |_| f64::NAN).is_err());
        assert!(maximise("test", &[0.0], |_| 1.0).is_err());
    }
}
