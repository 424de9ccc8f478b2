//! The course of the epidemic: log expected counts that move with a damped trend, negative binomial counts.

use crate::Error;
use crate::draw::normal;
use crate::special::ln_gamma;
use rand::Rng;

/// Newton steps; the likelihood is concave in the log means and takes five to ten.
const STEPS_MAX: usize = 60;
/// Prior standard deviation of the first log level about the mean count.
const LEVEL_SD: f64 = 3.0;
/// Autocorrelation of the growth rate from step to step.
const DAMPING: [f64; 3] = [0.0, 0.6, 0.9];
/// Standard deviation of the change of the growth rate per step.
const MOVEMENT: [f64; 5] = [0.01, 0.03, 0.08, 0.2, 0.4];
/// Sizes of the negative binomial: variance = mean + mean^2/size.
const SIZES: [f64; 5] = [2.0, 8.0, 30.0, 120.0, 1000.0];

/// A step: cases known, the log of the share of them that is expected to be known, and the squared coefficient
/// of variation of that share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observation {
    pub(super) count: f64,
    pub(super) log_exposure: f64,
    pub(super) exposure_scatter: f64,
}

impl Observation {
    /// Size of the negative binomial of the cases known, about a day whose own deviation has `size`: scatter of
    /// the share adds to that of the day.
    fn size(&self, size: f64) -> f64 {
        1.0 / (1.0 / size + self.exposure_scatter)
    }
}

/// Parameters of the course.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course {
    damping: f64,
    movement: f64,
    pub(super) size: f64,
}

/// Parameters with their posterior weights, and a start for the fits.
pub(super) struct Candidates {
    weighted: Vec<Candidate>,
}

/// One of them.
pub(super) struct Candidate {
    weight: f64,
    pub(super) course: Course,
    pub(super) fitted: Fitted,
}

impl Candidates {
    /// The candidate at a point of the cumulative weights, `u` in 0..1.
    pub(super) fn pick(&self, u: f64) -> &Candidate {
        let mut left = u;
        for candidate in &self.weighted {
            left -= candidate.weight;
            if left <= 0.0 {
                return candidate;
            }
        }
        &self.weighted[0]
    }
}

/// Mode of the log means with the factor of its curvature.
pub(super) struct Fitted {
    pub(super) mode: Vec<f64>,
    factor: Banded,
    /// Log of the probability of the counts, up to a constant.
    pub(super) log_marginal: f64,
}

impl Course {
    /// The parameters worth considering, each with its weight. `growth_sd`: standard deviation of the growth rate
    /// per step that is believed before seeing data.
    pub(super) fn candidates(observations: &[Observation], growth_sd: f64) -> Result<Candidates, Error> {
        let mut found: Vec<Candidate> = Vec::new();
        for damping in DAMPING {
            for movement in MOVEMENT {
                for size in SIZES {
                    let course = Self { damping, movement, size };
                    let near = found.last().map(|c| c.fitted.mode.as_slice());
                    if let Ok(fitted) = course.fit(observations, near) {
                        let weight = fitted.log_marginal + course.log_hyperprior(growth_sd);
                        found.push(Candidate { weight, course, fitted });
                    }
                }
            }
        }
        let best = found.iter().map(|f| f.weight).fold(f64::NEG_INFINITY, f64::max);
        if !best.is_finite() {
            return Err(Error::NoConvergence { method: "course of the epidemic", iterations: STEPS_MAX });
        }
        for candidate in &mut found {
            candidate.weight = (candidate.weight - best).exp();
        }
        found.retain(|f| f.weight > 1e-3);
        found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let total: f64 = found.iter().map(|f| f.weight).sum();
        for candidate in &mut found {
            candidate.weight /= total;
        }
        Ok(Candidates { weighted: found })
    }

    /// How well the counts fit to a likely course: the log of their probability, roughly averaged over the parameters.
    pub(super) fn evidence(observations: &[Observation], growth_sd: f64) -> f64 {
        let mut near: Option<Vec<f64>> = None;
        let mut logs: Vec<f64> = Vec::new();
        for movement in [0.03, 0.1, 0.3] {
            for size in [8.0, 120.0] {
                let course = Self { damping: 0.6, movement, size };
                if let Ok(fitted) = course.fit(observations, near.as_deref()) {
                    logs.push(fitted.log_marginal + course.log_hyperprior(growth_sd));
                    near = Some(fitted.mode);
                }
            }
        }
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !largest.is_finite() {
            return f64::NEG_INFINITY;
        }
        largest + logs.iter().map(|l| (l - largest).exp()).sum::<f64>().ln()
    }

    /// Half-normal priors: on the growth rate, and on the scatter of the counts.
    fn log_hyperprior(&self, growth_sd: f64) -> f64 {
        let (sd, scatter) = (self.stationary_sd(), (1.0 / self.size).sqrt());
        -0.5 * (sd / growth_sd).powi(2) - 0.5 * (scatter / 0.3).powi(2)
    }

    fn stationary_sd(&self) -> f64 {
        self.movement / (1.0 - self.damping * self.damping).sqrt()
    }

    /// Mode and curvature of the log means given the observations; `near` is a mode found for similar ones.
    pub(super) fn fit(&self, observations: &[Observation], near: Option<&[f64]>) -> Result<Fitted, Error> {
        let n = observations.len();
        let (cases, exposure) =
            observations.iter().fold((0.0, 0.0), |(c, e), o| (c + o.count, e + o.log_exposure.exp()));
        let level = ((cases + 0.5) / exposure.max(1e-9)).ln();
        let prior = self.prior(n);
        let mut x = near.map_or_else(|| vec![level; n], <[f64]>::to_vec);
        let mut factor = prior.clone();
        let mut gradient = vec![0.0; n];
        let mut converged = false;
        for _ in 0..STEPS_MAX {
            prior.multiply_minus(&x, level, &mut gradient);
            factor.copy_from(&prior);
            for (i, o) in observations.iter().enumerate() {
                let (mean, size) = ((x[i] + o.log_exposure).exp(), o.size(self.size));
                gradient[i] += size * (o.count - mean) / (mean + size);
                factor.diagonal[i] += (o.count + size) * size * mean / (mean + size).powi(2);
            }
            if !factor.factorise() {
                break;
            }
            factor.solve(&mut gradient);
            let largest = gradient.iter().fold(0.0_f64, |m, d| m.max(d.abs()));
            if !largest.is_finite() {
                break;
            }
            // A log mean that jumps by more than 2 has left the region where the curvature holds.
            let scale = (2.0 / largest.max(1e-12)).min(1.0);
            for (x, d) in x.iter_mut().zip(&gradient) {
                *x += scale * d;
            }
            if largest < 1e-4 {
                converged = true;
                break;
            }
        }
        if !converged {
            return Err(Error::NoConvergence { method: "course of the epidemic", iterations: STEPS_MAX });
        }
        let mut value = self.log_prior(&x, level);
        for (x, o) in x.iter().zip(observations) {
            let (mean, size) = ((x + o.log_exposure).exp(), o.size(self.size));
            value += ln_gamma(o.count + size) - ln_gamma(size) + o.count * (x + o.log_exposure)
                - (o.count + size) * (mean / size).ln_1p()
                - o.count * size.ln();
        }
        let log_marginal = value - 0.5 * factor.log_determinant();
        Ok(Fitted { mode: x, factor, log_marginal })
    }

    /// Precision of the log means: level, first difference, and damped second differences.
    fn prior(&self, n: usize) -> Banded {
        let mut q = Banded::zero(n);
        let phi = self.damping;
        q.diagonal[0] += LEVEL_SD.powi(-2);
        if n > 1 {
            q.add(1, [0.0, -1.0, 1.0], self.stationary_sd().powi(-2));
        }
        for t in 2..n {
            q.add(t, [phi, -(1.0 + phi), 1.0], self.movement.powi(-2));
        }
        q
    }

    /// Log density of the log means, without the constant of 2 pi that all candidates share.
    fn log_prior(&self, x: &[f64], level: f64) -> f64 {
        let phi = self.damping;
        let mut value = -0.5 * ((x[0] - level) / LEVEL_SD).powi(2) - LEVEL_SD.ln();
        if x.len() > 1 {
            let sd = self.stationary_sd();
            value -= 0.5 * ((x[1] - x[0]) / sd).powi(2) + sd.ln();
        }
        for t in 2..x.len() {
            let move_by = (x[t] - x[t - 1]) - phi * (x[t - 1] - x[t - 2]);
            value -= 0.5 * (move_by / self.movement).powi(2) + self.movement.ln();
        }
        value
    }
}

impl Fitted {
    /// Log means drawn from the normal approximation.
    pub(super) fn draw(&self, rng: &mut impl Rng) -> Vec<f64> {
        let mut z: Vec<f64> = (0..self.mode.len()).map(|_| normal(rng)).collect();
        self.factor.solve_upper(&mut z);
        z.iter().zip(&self.mode).map(|(z, m)| z + m).collect()
    }
}

/// Symmetric matrix with two off-diagonals, or its lower Cholesky factor with the diagonal's reciprocals.
#[derive(Debug, Clone)]
struct Banded {
    diagonal: Vec<f64>,
    /// Entry (i, i - 1) at i.
    first: Vec<f64>,
    /// Entry (i, i - 2) at i.
    second: Vec<f64>,
}

impl Banded {
    fn zero(n: usize) -> Self {
        Self { diagonal: vec![0.0; n], first: vec![0.0; n], second: vec![0.0; n] }
    }

    fn copy_from(&mut self, other: &Self) {
        self.diagonal.copy_from_slice(&other.diagonal);
        self.first.copy_from_slice(&other.first);
        self.second.copy_from_slice(&other.second);
    }

    /// Adds `precision` times the square of the form a[0] x(t-2) + a[1] x(t-1) + a[2] x(t).
    fn add(&mut self, t: usize, a: [f64; 3], precision: f64) {
        self.diagonal[t] += precision * a[2] * a[2];
        self.diagonal[t - 1] += precision * a[1] * a[1];
        self.first[t] += precision * a[1] * a[2];
        if t >= 2 {
            self.diagonal[t - 2] += precision * a[0] * a[0];
            self.first[t - 1] += precision * a[0] * a[1];
            self.second[t] += precision * a[0] * a[2];
        }
    }

    /// `out` = -Q (x - level).
    fn multiply_minus(&self, x: &[f64], level: f64, out: &mut [f64]) {
        let n = x.len();
        for i in 0..n {
            let mut sum = self.diagonal[i] * (x[i] - level);
            if i >= 1 {
                sum += self.first[i] * (x[i - 1] - level);
            }
            if i >= 2 {
                sum += self.second[i] * (x[i - 2] - level);
            }
            if i + 1 < n {
                sum += self.first[i + 1] * (x[i + 1] - level);
            }
            if i + 2 < n {
                sum += self.second[i + 2] * (x[i + 2] - level);
            }
            out[i] = -sum;
        }
    }

    /// Lower Cholesky factor in place; false if not positive definite.
    fn factorise(&mut self) -> bool {
        for i in 0..self.diagonal.len() {
            if i >= 2 {
                self.second[i] *= self.diagonal[i - 2];
            }
            if i >= 1 {
                let before = if i >= 2 { self.second[i] * self.first[i - 1] } else { 0.0 };
                self.first[i] = (self.first[i] - before) * self.diagonal[i - 1];
            }
            let rest = self.diagonal[i] - self.first[i].powi(2) - self.second[i].powi(2);
            if rest.is_nan() || rest <= 0.0 {
                return false;
            }
            self.diagonal[i] = 1.0 / rest.sqrt();
        }
        true
    }

    fn log_determinant(&self) -> f64 {
        -2.0 * self.diagonal.iter().map(|d| d.ln()).sum::<f64>()
    }

    fn solve(&self, b: &mut [f64]) {
        for i in 0..b.len() {
            if i >= 1 {
                b[i] -= self.first[i] * b[i - 1];
            }
            if i >= 2 {
                b[i] -= self.second[i] * b[i - 2];
            }
            b[i] *= self.diagonal[i];
        }
        self.solve_upper(b);
    }

    /// Solves L' x = `b`.
    fn solve_upper(&self, b: &mut [f64]) {
        let n = b.len();
        for i in (0..n).rev() {
            if i + 1 < n {
                b[i] -= self.first[i + 1] * b[i + 1];
            }
            if i + 2 < n {
                b[i] -= self.second[i + 2] * b[i + 2];
            }
            b[i] *= self.diagonal[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banded_factor_solves_its_system() {
        let mut q = Banded::zero(5);
        q.diagonal[0] = 0.2;
        q.add(1, [0.0, -1.0, 1.0], 3.0);
        for t in 2..5 {
            q.add(t, [0.6, -1.6, 1.0], 5.0);
        }
        let x = [1.0, -2.0, 0.5, 3.0, 1.5];
        let mut b = [0.0; 5];
        q.multiply_minus(&x, 0.0, &mut b);
        let mut factor = q.clone();
        assert!(factor.factorise());
        factor.solve(&mut b);
        for (b, x) in b.iter().zip(x) {
            assert!((b + x).abs() < 1e-9, "{b} {x}");
        }
    }

    #[test]
    fn steady_counts_are_their_own_course() {
        let observations = [Observation { count: 50.0, log_exposure: 0.0, exposure_scatter: 0.0 }; 30];
        let candidates = Course::candidates(&observations, 0.12).unwrap();
        let fitted = &candidates.pick(0.0).fitted;
        for x in &fitted.mode {
            assert!((x.exp() - 50.0).abs() < 1.0, "{x}");
        }
    }
}
