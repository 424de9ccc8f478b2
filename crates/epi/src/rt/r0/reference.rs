//! The growth rate's interval as R's `confint` gives it for a Poisson regression: the signed root of the
//! deviance at steps of the standard error, a cubic spline through these points, evaluated at three times as
//! many, then linear interpolation. It differs from the exact profile in the fifth digit.

use super::Profile;
use crate::Error;
use crate::special::normal_upper_quantile;

/// Points on each side at most.
const STEPS_MAX: u32 = 10;

/// Lower and upper end for the normal quantile `z` of the interval.
pub(super) fn interpolated(profile: &Profile<'_>, standard_error: f64, z: f64) -> Result<(f64, f64), Error> {
    // The profile reaches to a quarter of the interval's tail on each side.
    let tail = crate::special::normal_upper_tail(z);
    let reach = normal_upper_quantile(0.25 * tail);
    let step = reach / 5.0 * standard_error;
    let mut points = vec![(profile.rate, 0.0)];
    for sign in [-1.0, 1.0] {
        for k in 1..STEPS_MAX {
            let rate = profile.rate + sign * f64::from(k) * step;
            let root = profile.signed_root(rate);
            points.push((rate, root));
            if root.abs() >= reach {
                break;
            }
        }
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let spline = Spline::new(&points);
    let (first, last) = (points[0].0, points[points.len() - 1].0);
    let n = 3 * points.len();
    let fine: Vec<(f64, f64)> = (0..n)
        .map(|i| {
            let x = first + (last - first) * i as f64 / (n - 1) as f64;
            (x, spline.at(x))
        })
        .collect();
    let rate_at = |root: f64| {
        fine.windows(2)
            .find(|w| w[0].1 <= root && root <= w[1].1)
            .map(|w| w[0].0 + (w[1].0 - w[0].0) * (root - w[0].1) / (w[1].1 - w[0].1))
            .ok_or(Error::NoConvergence { method: "profile likelihood", iterations: points.len() })
    };
    Ok((rate_at(-z)?, rate_at(z)?))
}

/// Cubic spline whose ends follow the cubic through the four outermost points (Forsythe, Malcolm & Moler 1977).
struct Spline {
    x: Vec<f64>,
    y: Vec<f64>,
    b: Vec<f64>,
    c: Vec<f64>,
    d: Vec<f64>,
}

impl Spline {
    /// At least four points, ascending.
    fn new(points: &[(f64, f64)]) -> Self {
        let n = points.len();
        let x: Vec<f64> = points.iter().map(|p| p.0).collect();
        let y: Vec<f64> = points.iter().map(|p| p.1).collect();
        let gap = |i: usize| x[i + 1] - x[i];
        let slope = |i: usize| (y[i + 1] - y[i]) / gap(i);
        // Tridiagonal system for the second derivatives over 6, divided differences at the ends.
        let (mut diagonal, mut off, mut right) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        for (i, gap_i) in off.iter_mut().enumerate().take(n - 1) {
            *gap_i = gap(i);
        }
        for i in 1..n - 1 {
            diagonal[i] = 2.0 * (off[i - 1] + off[i]);
            right[i] = slope(i) - slope(i - 1);
        }
        diagonal[0] = -off[0];
        diagonal[n - 1] = -off[n - 2];
        if n > 3 {
            let start = right[2] / (x[3] - x[1]) - right[1] / (x[2] - x[0]);
            right[0] = start * off[0] * off[0] / (x[3] - x[0]);
            let end = right[n - 2] / (x[n - 1] - x[n - 3]) - right[n - 3] / (x[n - 2] - x[n - 4]);
            right[n - 1] = -end * off[n - 2] * off[n - 2] / (x[n - 1] - x[n - 4]);
        }
        for i in 1..n {
            let t = off[i - 1] / diagonal[i - 1];
            diagonal[i] -= t * off[i - 1];
            right[i] -= t * right[i - 1];
        }
        let mut c = right;
        c[n - 1] /= diagonal[n - 1];
        for i in (0..n - 1).rev() {
            c[i] = (c[i] - off[i] * c[i + 1]) / diagonal[i];
        }
        let b = (0..n - 1).map(|i| slope(i) - off[i] * (c[i + 1] + 2.0 * c[i])).collect();
        let d = (0..n - 1).map(|i| (c[i + 1] - c[i]) / off[i]).collect();
        for value in &mut c {
            *value *= 3.0;
        }
        Self { x, y, b, c, d }
    }

    fn at(&self, x: f64) -> f64 {
        let i = self.x.partition_point(|knot| *knot <= x).clamp(1, self.x.len() - 1) - 1;
        let t = x - self.x[i];
        self.y[i] + t * (self.b[i] + t * (self.c[i] + t * self.d[i]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cubic_is_its_own_spline() {
        let f = |x: f64| 1.0 + x - 0.5 * x * x + 0.25 * x * x * x;
        let points: Vec<_> = [0.0, 0.7, 1.1, 2.0, 3.2].map(|x| (x, f(x))).to_vec();
        let spline = Spline::new(&points);
        for x in [0.1, 0.9, 1.5, 2.7, 3.1] {
            assert!((spline.at(x) - f(x)).abs() < 1e-12, "{x}");
        }
    }
}
