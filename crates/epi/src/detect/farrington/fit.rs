//! Log-linear regression on season groups and one time trend.
//!
//! The design has one intercept per group and one slope, so weighted least squares needs no matrix: the
//! slope comes from deviations within groups. One pass over the rows per iteration, nothing allocated
//! after the first step of a series.

/// Iterations of the reference's fit (R's `glm.control`).
const REFERENCE_ITERATIONS_MAX: usize = 25;
/// Relative change of the deviance at which it stops.
const REFERENCE_EPSILON: f64 = 1e-8;
/// Newton steps of the exact fit; it needs about four.
const ITERATIONS_MAX: usize = 50;

/// How a model is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    /// Newton's method to the maximum; groups without a case have mean 0.
    Exact,
    /// Start, stopping rule and covariance of R's `glm`.
    Reference,
}

impl Path {
    /// Mean from its logarithm; the reference has none below the rounding of 1.
    pub(super) fn mean(self, eta: f64) -> f64 {
        match self {
            Self::Exact => eta.exp(),
            Self::Reference => eta.exp().max(f64::EPSILON),
        }
    }
}

/// The rows of one regression, reused from step to step.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    pub(super) y: Vec<f64>,
    /// y^(2/3), for the residuals.
    pub(super) y_two_thirds: Vec<f64>,
    /// Time relative to the step under test, in steps.
    pub(super) t: Vec<f64>,
    /// Group of the row, 0-based.
    pub(super) group: Vec<usize>,
    /// Logarithm of the population; 0 without one.
    pub(super) offset: Vec<f64>,
    prior: Vec<f64>,
    mean: Vec<f64>,
    /// Working weight of the last iteration.
    weight: Vec<f64>,
    eta: Vec<f64>,
    z: Vec<f64>,
    groups: Vec<Group>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    rows: usize,
    level: f64,
    /// Sums over working weights: 1, t, z.
    w: f64,
    wt: f64,
    wz: f64,
    t_mean: f64,
    z_mean: f64,
}

/// A fitted model; its per-row results stay in [`Rows`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    /// Log mean at time 0 of the last group, without offset; -infinity where it has no case.
    pub(super) level_now: f64,
    /// Slope per step.
    pub(super) slope: Option<f64>,
    /// Variance of `level_now` before dispersion.
    pub(super) variance_now: f64,
    /// Variance of the slope before dispersion.
    pub(super) variance_slope: f64,
    /// Residual degrees of freedom.
    pub(super) df: f64,
    /// Pearson dispersion; not limited from below.
    pub(super) pearson: f64,
    /// Dispersion limited to at least 1.
    pub(super) phi: f64,
    /// The dispersion that the reference takes for standard errors by accident.
    pub(super) reference_dispersion: f64,
}

impl Rows {
    pub(super) fn clear(&mut self) {
        for list in [&mut self.y, &mut self.y_two_thirds, &mut self.t, &mut self.offset] {
            list.clear();
        }
        self.group.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.y.len()
    }

    /// Fits, and once more with high residuals weighed down if `reweight` is a threshold.
    /// `None` if no maximum is found.
    pub(super) fn fit(
        &mut self,
        path: Path,
        groups: usize,
        with_slope: bool,
        reweight: Option<f64>,
    ) -> Option<Model> {
        let n = self.len();
        self.prior.clear();
        self.prior.resize(n, 1.0);
        for list in [&mut self.mean, &mut self.weight, &mut self.eta, &mut self.z] {
            list.clear();
            list.resize(n, 0.0);
        }
        self.groups.clear();
        self.groups.resize(groups, Group::default());
        for &g in &self.group {
            self.groups[g].rows += 1;
        }
        let (slope, converged) = self.maximise(path, with_slope);
        if !converged {
            return None;
        }
        let model = self.summarise(slope, false)?;
        let Some(threshold) = reweight else { return Some(model) };
        self.weigh_down(threshold, &model);
        let (slope, converged) = self.maximise(path, with_slope);
        // The reference uses the second fit even if it stopped early.
        if !converged && path == Path::Exact {
            return None;
        }
        self.summarise(slope, true)
    }

    fn maximise(&mut self, path: Path, with_slope: bool) -> (Option<f64>, bool) {
        match path {
            Path::Exact => self.newton(with_slope),
            Path::Reference => self.reweighted_least_squares(with_slope),
        }
    }

    /// Maximum of the profile likelihood of the slope, group levels in closed form.
    fn newton(&mut self, with_slope: bool) -> (Option<f64>, bool) {
        let Self { y, t, group, offset, prior, mean, weight, eta, groups, z, .. } = self;
        let n = y.len();
        // Cases and cases x time per group.
        for g in groups.iter_mut() {
            (g.wz, g.t_mean) = (0.0, 0.0);
        }
        for i in 0..n {
            let g = &mut groups[group[i]];
            g.wz += prior[i] * y[i];
            g.t_mean += prior[i] * y[i] * t[i];
        }
        let reach = t.iter().fold(1.0_f64, |m, t| m.max(t.abs()));
        let mut slope = 0.0;
        let mut converged = !with_slope;
        for _ in 0..ITERATIONS_MAX {
            for g in groups.iter_mut() {
                (g.w, g.wt, g.z_mean) = (0.0, 0.0, 0.0);
            }
            let mut before = f64::NAN;
            let (mut step, mut ratio, mut growth) = (f64::NAN, 1.0, 1.0);
            for i in 0..n {
                // Rows mostly follow each other by the same step, so the exponential is a product.
                let next = t[i] - before;
                if next == step {
                    growth *= ratio;
                } else {
                    growth = (slope * t[i]).exp();
                    (step, ratio) = (next, (slope * next).exp());
                }
                before = t[i];
                let m = if offset[i] == 0.0 { growth } else { growth * offset[i].exp() };
                z[i] = m;
                let m = prior[i] * m;
                let g = &mut groups[group[i]];
                g.w += m;
                g.wt += m * t[i];
                g.z_mean += m * t[i] * t[i];
            }
            if converged {
                break;
            }
            let (mut score, mut information) = (0.0, 0.0);
            for g in groups.iter().filter(|g| g.wz > 0.0) {
                let centre = g.wt / g.w;
                score += g.t_mean - g.wz * centre;
                information += g.wz * (g.z_mean / g.w - centre * centre);
            }
            // Without spread of time within any group with cases there is no trend to fit.
            if information.is_nan() || information <= 1e-9 {
                return (None, false);
            }
            let change = (score / information).clamp(-4.0 / reach, 4.0 / reach);
            slope += change;
            // Thirty e-folds over the history: the cases are all at one end, the slope has no maximum.
            if (slope * reach).abs() > 30.0 {
                return (None, false);
            }
            converged = (change * reach).abs() < 1e-10;
        }
        if !converged {
            return (None, false);
        }
        for g in groups.iter_mut() {
            g.level = (g.wz / g.w).ln();
        }
        for i in 0..n {
            let g = &groups[group[i]];
            if g.wz > 0.0 {
                mean[i] = z[i] * (g.wz / g.w);
                eta[i] = g.level + slope * t[i] + offset[i];
            } else {
                (mean[i], eta[i]) = (0.0, f64::NEG_INFINITY);
            }
            weight[i] = prior[i] * mean[i];
        }
        (with_slope.then_some(slope), true)
    }

    fn reweighted_least_squares(&mut self, with_slope: bool) -> (Option<f64>, bool) {
        let Self { y, t, group, offset, prior, mean, weight, eta, z, groups, .. } = self;
        let n = y.len();
        for i in 0..n {
            mean[i] = y[i] + 0.1;
            eta[i] = mean[i].ln();
        }
        let deviance = |mean: &[f64]| -> f64 {
            let term = |i: usize| {
                let log_part = if y[i] > 0.0 { y[i] * (y[i] / mean[i]).ln() } else { 0.0 };
                prior[i] * (log_part - (y[i] - mean[i]))
            };
            2.0 * (0..n).map(term).sum::<f64>()
        };
        let mut deviance_before = deviance(mean);
        let mut slope = 0.0;
        for _ in 0..REFERENCE_ITERATIONS_MAX {
            for g in groups.iter_mut() {
                (g.w, g.wt, g.wz) = (0.0, 0.0, 0.0);
            }
            for i in 0..n {
                let w = prior[i] * mean[i];
                weight[i] = w;
                z[i] = eta[i] - offset[i] + (y[i] - mean[i]) / mean[i];
                let g = &mut groups[group[i]];
                g.w += w;
                g.wt += w * t[i];
                g.wz += w * z[i];
            }
            for g in groups.iter_mut() {
                (g.t_mean, g.z_mean) = (g.wt / g.w, g.wz / g.w);
            }
            if with_slope {
                let (mut tt, mut tz) = (0.0, 0.0);
                for i in 0..n {
                    let g = &groups[group[i]];
                    let dt = t[i] - g.t_mean;
                    tt += weight[i] * dt * dt;
                    tz += weight[i] * dt * (z[i] - g.z_mean);
                }
                slope = tz / tt;
            }
            for g in groups.iter_mut() {
                g.level = g.z_mean - slope * g.t_mean;
            }
            for i in 0..n {
                eta[i] = groups[group[i]].level + slope * t[i] + offset[i];
                mean[i] = Path::Reference.mean(eta[i]);
            }
            let now = deviance(mean);
            if !now.is_finite() {
                return (None, false);
            }
            if (now - deviance_before).abs() / (now.abs() + 0.1) < REFERENCE_EPSILON {
                return (with_slope.then_some(slope), true);
            }
            deviance_before = now;
        }
        (with_slope.then_some(slope), false)
    }

    /// Dispersion and variances from the working weights of the last iteration.
    fn summarise(&mut self, slope: Option<f64>, reweighted: bool) -> Option<Model> {
        let Self { y, t, group, prior, mean, weight, groups, .. } = self;
        for g in groups.iter_mut() {
            (g.w, g.wt) = (0.0, 0.0);
        }
        let (mut pearson, mut by_prior) = (0.0, 0.0);
        for i in 0..y.len() {
            let g = &mut groups[group[i]];
            g.w += weight[i];
            g.wt += weight[i] * t[i];
            if mean[i] > 0.0 {
                let r = (y[i] - mean[i]) / mean[i];
                pearson += weight[i] * r * r;
                by_prior += prior[i] * r * r;
            }
        }
        for g in groups.iter_mut() {
            g.t_mean = if g.w > 0.0 { g.wt / g.w } else { 0.0 };
        }
        let spread: f64 = (0..y.len()).map(|i| weight[i] * (t[i] - groups[group[i]].t_mean).powi(2)).sum();
        let used = groups.iter().filter(|g| g.rows > 0).count() + usize::from(slope.is_some());
        let df = y.len() as f64 - used as f64;
        if df < 1.0 {
            return None;
        }
        let now = *groups.last()?;
        let variance_slope = if slope.is_some() { 1.0 / spread } else { 0.0 };
        let pearson = pearson / df;
        Some(Model {
            level_now: now.level,
            slope,
            variance_now: 1.0 / now.w + now.t_mean * now.t_mean * variance_slope,
            variance_slope,
            df,
            pearson,
            phi: pearson.max(1.0),
            reference_dispersion: if reweighted { by_prior / df } else { pearson },
        })
    }

    /// Farrington's weights: rows whose standardised Anscombe residual passes the threshold get its
    /// inverse square, all scaled to a mean of one.
    fn weigh_down(&mut self, threshold: f64, model: &Model) {
        let Self { y, y_two_thirds, t, group, prior, mean, weight, eta, groups, .. } = self;
        let mut total = 0.0;
        for i in 0..y.len() {
            prior[i] = 1.0;
            // Only counts above their mean can have a residual above a positive threshold.
            if y[i] > mean[i] && mean[i] > 0.0 {
                let g = &groups[group[i]];
                let leverage = weight[i] * (1.0 / g.w + (t[i] - g.t_mean).powi(2) * model.variance_slope);
                // A row that is alone in its group fits itself and is never unusual.
                if 1.0 - leverage < 1e-10 {
                    total += 1.0;
                    continue;
                }
                let sixth = (-eta[i] / 6.0).exp();
                let raw = 1.5 * (y_two_thirds[i] * sixth - 1.0 / (sixth * sixth * sixth));
                let residual = raw / (model.phi * (1.0 - leverage)).sqrt();
                if residual > threshold {
                    prior[i] = 1.0 / (residual * residual);
                }
            }
            total += prior[i];
        }
        let scale = y.len() as f64 / total;
        for p in prior.iter_mut() {
            *p *= scale;
        }
    }
}
