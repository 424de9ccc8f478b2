//! Reverse-time hazards of the reports with weekday factors, fading weights and extra scatter.

use super::{Share, Window};
use crate::Error;
use crate::draw::normal;
use crate::linear::{cholesky, solve};
use rand::Rng;

/// Newton steps; the binomial likelihood is concave and takes five or six.
const STEPS_MAX: usize = 30;
/// Prior precision of a weekday's log factor (standard deviation 0.5).
const WEEKDAY_PRECISION: f64 = 4.0;
/// Prior precision of a step of report's log factor (standard deviation 0.25).
const REPORT_PRECISION: f64 = 16.0;
/// Prior precision of the step from one delay's log level to the next (standard deviation 1): where few cases
/// say something about a delay, its neighbours do.
const LEVEL_PRECISION: f64 = 1.0;
/// The same for the step from delay 0 to delay 1 (standard deviation 7): often nearly all is reported at once.
const FIRST_LEVEL_PRECISION: f64 = 0.02;
/// Standard deviation of the tilt per unit of delay when reporting has just begun.
const TILT_SD_NEW: f64 = 0.4;
/// Complete steps after which the delays are taken to have settled.
const STEPS_UNTIL_SETTLED: f64 = 14.0;
/// How much too far draws scatter towards longer or shorter delays.
const TILT: f64 = 2.0;
/// Diagonals whose prediction decides on the half-life.
const JUDGED_STEPS: usize = 28;

/// A fitted delay model: coefficients are a log level per delay, a log factor per weekday, and one per step of
/// report in the window (backlogs, holidays, a surge of attention), which is 0 for steps to come.
pub(super) struct Delays {
    coefficients: Vec<f64>,
    /// Cholesky factor of the information at the coefficients.
    factor: Vec<f64>,
    delay_max: usize,
    /// Correlation of two cases of a step in being reported with the same delay.
    clustering: f64,
    /// One unit of log level per unit of delay, in units of the posterior's standard deviations.
    tilt_direction: Vec<f64>,
    /// Length of that direction.
    tilt_length: f64,
    /// Variance of the tilt, in units of its posterior variance, >= 1: how far the delays of now may be from those seen.
    tilt_variance: f64,
    /// By age: variance of the share passed beyond the binomial one, in units of F (1 - F), as past steps had it.
    scatter: Vec<f64>,
}

impl Delays {
    pub(super) fn fit(window: &Window, half_lives: &[f64]) -> Result<Self, Error> {
        let half_life = choose_half_life(window, half_lives);
        let p = lasting(window) + window.len();
        let mut fitted = Self {
            coefficients: vec![0.0; p],
            factor: vec![0.0; p * p],
            delay_max: window.delay_max,
            clustering: 0.0,
            tilt_direction: Vec::new(),
            tilt_length: 0.0,
            tilt_variance: 1.0,
            scatter: Vec::new(),
        };
        fitted.climb(window, half_life, 1.0)?;
        let inflation = fitted.set_scatter(window, half_life);
        if inflation > 1.0 {
            // Scatter beyond binomial makes the reports say less; what is believed beforehand stays.
            fitted.climb(window, half_life, 1.0 / inflation)?;
            fitted.set_scatter(window, half_life);
        }
        fitted.scatter = fitted.past_scatter(window, half_life);
        fitted.set_tilt(window);
        Ok(fitted)
    }

    /// Newton's method from the present coefficients; `weight` is that of every report.
    fn climb(&mut self, window: &Window, half_life: f64, weight: f64) -> Result<(), Error> {
        let (p, lasting) = (self.coefficients.len(), lasting(window));
        let mut before = f64::NEG_INFINITY;
        for _ in 0..STEPS_MAX {
            let (coefficients, factor) = (&mut self.coefficients, &mut self.factor);
            let mut gradient = vec![0.0; p];
            factor.fill(0.0);
            let value = prior(coefficients, window.delay_max, lasting, &mut gradient, factor)
                + accumulate(window, coefficients, half_life, weight, &mut gradient, factor);
            for j in 0..p {
                for k in 0..j {
                    factor[k * p + j] = factor[j * p + k];
                }
            }
            // That all levels may shift together is pinned down by the prior alone, which is lost in rounding where
            // counts are in the millions.
            let largest = (0..p).map(|j| factor[j * p + j]).fold(0.0, f64::max);
            for j in 0..p {
                factor[j * p + j] += 1e-9 * largest;
            }
            if !cholesky(factor, p) {
                return Err(Error::NoConvergence { method: "delay hazards", iterations: 0 });
            }
            let mut step = gradient;
            solve(factor, p, &mut step);
            let largest = step.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            let scale = (2.0 / largest.max(1e-12)).min(1.0);
            for (c, s) in coefficients.iter_mut().zip(&step) {
                *c += scale * s;
            }
            if largest < 1e-4 || (value - before).abs() < 1e-7 * (1.0 + value.abs()) {
                break;
            }
            before = value;
        }
        Ok(())
    }

    /// The coefficients with all delays made shorter or longer together: a triangle hardly tells longer delays from
    /// a growing epidemic. `deviations` is the shift in standard deviations of the posterior.
    pub(super) fn tilted(&self, deviations: f64) -> Vec<f64> {
        let by = if self.tilt_length > 0.0 { deviations / self.tilt_length } else { 0.0 };
        self.coefficients.iter().enumerate().map(|(j, c)| c + by * self.tilt(j)).collect()
    }

    /// Coefficients drawn about the estimate tilted by `deviations`, and the log weight that makes the draws those of
    /// the approximate posterior. Draws scatter [`TILT`] times too far along the tilt: this is where the course may
    /// have to correct the delays.
    pub(super) fn draw(&self, deviations: f64, rng: &mut impl Rng) -> (Vec<f64>, f64) {
        let p = self.coefficients.len();
        let z: Vec<f64> = (0..p).map(|_| normal(rng)).collect();
        // L' u = z gives u the covariance (L L')^-1.
        let mut u: Vec<f64> = z.clone();
        for j in (0..p).rev() {
            let sum: f64 = (j + 1..p).map(|k| self.factor[k * p + j] * u[k]).sum();
            u[j] = (u[j] - sum) / self.factor[j * p + j];
        }
        let length = self.tilt_length;
        if length <= 0.0 {
            return (self.coefficients.iter().zip(&u).map(|(c, u)| c + u).collect(), 0.0);
        }
        let wide = TILT * TILT * self.tilt_variance;
        let extra = (wide - 1.0).sqrt() * normal(rng) + deviations;
        for (j, u) in u.iter_mut().enumerate() {
            *u += extra / length * self.tilt(j);
        }
        // How far along the tilt: what the draw brought by itself, and the extra.
        let along = z.iter().zip(&self.tilt_direction).map(|(a, b)| a * b).sum::<f64>() / length + extra;
        let log_weight =
            -0.5 * along * along / self.tilt_variance + 0.5 * (along - deviations).powi(2) / wide;
        (self.coefficients.iter().zip(&u).map(|(c, u)| c + u).collect(), log_weight)
    }

    /// The direction of the tilt: one unit of log level per unit of delay.
    fn tilt(&self, coefficient: usize) -> f64 {
        if coefficient <= self.delay_max { coefficient as f64 } else { 0.0 }
    }

    /// While hardly a step is complete since reporting began, delays may be about to change a lot: the first cases of an
    /// outbreak are found late, then reporting speeds up.
    fn set_tilt(&mut self, window: &Window) {
        let p = self.coefficients.len();
        self.tilt_direction =
            (0..p).map(|j| (j..p).map(|k| self.factor[k * p + j] * self.tilt(k)).sum::<f64>()).collect();
        self.tilt_length = self.tilt_direction.iter().map(|d| d * d).sum::<f64>().sqrt();
        let complete = window.len().saturating_sub(self.delay_max + window.first_report) as f64;
        let new = (1.0 - complete / STEPS_UNTIL_SETTLED).max(0.0);
        let drift = TILT_SD_NEW * new * self.tilt_length;
        self.tilt_variance = 1.0 + drift * drift;
    }

    /// Standard deviations of the tilt allowed for, in those of the posterior.
    pub(super) fn tilt_sd(&self) -> f64 {
        self.tilt_variance.sqrt()
    }

    /// Share passed of the steps of age 0..=longest delay, as the levels and weekdays have it.
    pub(super) fn passed(&self, window: &Window, coefficients: Option<&[f64]>) -> Vec<Share> {
        let coefficients = &coefficients.unwrap_or(&self.coefficients)[..lasting(window)];
        let n = window.len();
        (0..=self.delay_max)
            .map(|age| self.share(&Row::new(window, n - 1 - age, coefficients, 0), age))
            .collect()
    }

    /// The same of one step of the window at every age.
    pub(super) fn passed_by_age(&self, window: &Window, coefficients: &[f64], step: usize) -> Vec<Share> {
        let row = Row::new(window, step, &coefficients[..lasting(window)], 0);
        (0..=self.delay_max).map(|age| self.share(&row, age)).collect()
    }

    fn share(&self, row: &Row, age: usize) -> Share {
        let (mut mean, mut square) = (1.0, 1.0);
        for x in age + 1..=self.delay_max {
            let g = row.hazard(x);
            mean *= 1.0 - g;
            square *= (1.0 - g).powi(2) + self.clustering * g * (1.0 - g);
        }
        let mean = mean.clamp(1e-12, 1.0);
        let variance = (square - mean * mean).max(0.0);
        let seen = self.scatter.get(age).map_or(0.0, |s| s * mean * (1.0 - mean));
        Share { mean, variance: variance.max(seen) }
    }

    /// Moment estimates of the scatter beyond binomial, from weighted residuals; returns the factor by which variances
    /// exceed binomial ones, 1 to 50.
    fn set_scatter(&mut self, window: &Window, half_life: f64) -> f64 {
        let (mut excess, mut pairs, mut chi, mut weights) = (0.0, 0.0, 0.0, 0.0);
        each_cell(window, &self.coefficients, half_life, |cell| {
            let variance = cell.at_risk * cell.hazard * (1.0 - cell.hazard);
            let square = (cell.cases - cell.at_risk * cell.hazard).powi(2);
            excess += cell.weight * (square - variance);
            pairs += cell.weight * variance * (cell.at_risk - 1.0);
            // Cells in which hardly anything could happen have wild standardised residuals.
            if variance > 0.5 {
                chi += cell.weight * square / variance;
                weights += cell.weight;
            }
        });
        if pairs > 0.0 {
            self.clustering = (excess / pairs).clamp(0.0, 0.5);
        }
        if weights > 0.0 { (chi / weights).clamp(1.0, 50.0) } else { 1.0 }
    }

    /// How far the shares passed of complete steps were from those that the coefficients give, by age. What the
    /// model misses (holidays, weekdays that matter more for some delays) is scatter here.
    fn past_scatter(&self, window: &Window, half_life: f64) -> Vec<f64> {
        let n = window.len();
        let complete = n.saturating_sub(self.delay_max);
        // A prior of 5 steps without scatter keeps a few steps from inventing it.
        let (mut excess, mut weights) = (vec![0.0; self.delay_max + 1], vec![5.0; self.delay_max + 1]);
        for i in window.first_report..complete.max(window.first_report) {
            let total = window.known[i];
            if total < 2.0 {
                continue;
            }
            let row = Row::new(window, i, &self.coefficients[..lasting(window)], 0);
            let weight = (-((complete - 1 - i) as f64) / half_life).exp2();
            let (mut passed, mut seen) = (1.0, total);
            for age in (0..self.delay_max).rev() {
                passed *= 1.0 - row.hazard(age + 1);
                seen -= window.rows[i][age + 1];
                let spread = passed * (1.0 - passed);
                if spread > 1e-6 {
                    let square = (seen / total - passed).powi(2) / spread;
                    excess[age] += weight * (square - 1.0 / total);
                    weights[age] += weight;
                }
            }
        }
        excess.iter().zip(&weights).map(|(e, w)| (e / w).clamp(0.0, 0.5)).collect()
    }
}

/// Coefficients that hold for steps to come: levels and weekdays.
fn lasting(window: &Window) -> usize {
    window.delay_max + 1 + if window.first_weekday.is_some() { 7 } else { 0 }
}

/// The levels and factors that apply to one step of the window; without the factors of the steps of report if
/// the coefficients end before them.
struct Row {
    /// exp(level + weekday factor of the report) by delay; 0 below the shortest one possible.
    rates: Vec<f64>,
    /// Running sums of the rates.
    sums: Vec<f64>,
}

impl Row {
    fn new(window: &Window, i: usize, coefficients: &[f64], delay_min: usize) -> Self {
        let delay_max = window.delay_max;
        let by_report = coefficients.get(lasting(window)..).unwrap_or_default();
        let mut rates = Vec::with_capacity(delay_max + 1);
        let mut sums = Vec::with_capacity(delay_max + 1);
        let mut sum = 0.0;
        for x in 0..=delay_max {
            let weekday = if window.first_weekday.is_some() {
                coefficients[delay_max + 1 + window.weekday(i + x)]
            } else {
                0.0
            };
            let possible = f64::from(u8::from(x >= delay_min));
            let report = by_report.get(i + x).copied().unwrap_or(0.0);
            let rate = possible * (coefficients[x] + weekday + report).clamp(-40.0, 40.0).exp();
            sum += rate;
            rates.push(rate);
            sums.push(sum);
        }
        Self { rates, sums }
    }

    /// P(delay = x | delay <= x).
    fn hazard(&self, x: usize) -> f64 {
        self.rates[x] / self.sums[x]
    }
}

/// One cell of the triangle as a binomial observation.
struct Cell<'a> {
    step: usize,
    delay_min: usize,
    delay: usize,
    cases: f64,
    at_risk: f64,
    hazard: f64,
    weight: f64,
    row: &'a Row,
}

/// Visits the cells beyond each step's shortest delay in which somebody could have had that delay.
fn each_cell(window: &Window, coefficients: &[f64], half_life: f64, mut visit: impl FnMut(&Cell<'_>)) {
    let n = window.len();
    for (i, counts) in window.rows.iter().enumerate() {
        let delay_min = window.delay_min(i);
        let row = Row::new(window, i, coefficients, delay_min);
        let mut at_risk = counts.get(delay_min).copied().unwrap_or(0.0);
        for (x, &cases) in counts.iter().enumerate().skip(delay_min + 1) {
            at_risk += cases;
            if at_risk > 0.0 {
                let age = (n - 1 - i - x) as f64;
                let weight = (-age / half_life).exp2();
                visit(&Cell {
                    step: i,
                    delay_min,
                    delay: x,
                    cases,
                    at_risk,
                    hazard: row.hazard(x),
                    weight,
                    row: &row,
                });
            }
        }
    }
}

/// Log posterior's prior part: levels follow a random walk with a loose end, weekday factors scatter about 0.
fn prior(
    coefficients: &[f64],
    delay_max: usize,
    lasting: usize,
    gradient: &mut [f64],
    information: &mut [f64],
) -> f64 {
    let p = coefficients.len();
    let mut value = 0.0;
    for x in 0..delay_max {
        let step = coefficients[x + 1] - coefficients[x];
        let precision = if x == 0 { FIRST_LEVEL_PRECISION } else { LEVEL_PRECISION };
        value -= 0.5 * precision * step * step;
        gradient[x] += precision * step;
        gradient[x + 1] -= precision * step;
        information[x * p + x] += precision;
        information[(x + 1) * p + x + 1] += precision;
        information[(x + 1) * p + x] -= precision;
    }
    for j in 0..p {
        // The hazards do not change if all levels shift; a hair of precision pins them down.
        let precision = match j {
            j if j <= delay_max => 1e-3,
            j if j < lasting => WEEKDAY_PRECISION,
            _ => REPORT_PRECISION,
        };
        value -= 0.5 * precision * coefficients[j] * coefficients[j];
        gradient[j] -= precision * coefficients[j];
        information[j * p + j] += precision;
    }
    value
}

/// Adds the gradient and the expected information (lower triangle) of the likelihood, weighted; returns its value.
fn accumulate(
    window: &Window,
    coefficients: &[f64],
    half_life: f64,
    weight: f64,
    gradient: &mut [f64],
    information: &mut [f64],
) -> f64 {
    let p = coefficients.len();
    let (delay_max, lasting) = (window.delay_max, lasting(window));
    let weekdays = window.first_weekday.is_some();
    let mut value = 0.0;
    // Derivative of the cell's log odds by each coefficient; only those of its row are not 0.
    let mut slope = vec![0.0; p];
    let mut active: Vec<usize> = Vec::with_capacity(p);
    each_cell(window, coefficients, half_life, |cell| {
        let (x, g) = (cell.delay, cell.hazard.clamp(1e-15, 1.0 - 1e-15));
        active.clear();
        active.extend((cell.delay_min..=x).chain(delay_max + 1..lasting));
        active.extend((cell.delay_min..=x).map(|y| lasting + cell.step + y));
        slope[delay_max + 1..lasting].fill(0.0);
        let below = cell.row.sums[x - 1];
        for y in cell.delay_min..=x {
            let share = if y == x { 1.0 } else { -cell.row.rates[y] / below };
            slope[y] = share;
            slope[lasting + cell.step + y] = share;
            if weekdays {
                slope[delay_max + 1 + window.weekday(cell.step + y)] += share;
            }
        }
        value += weight * cell.weight * (cell.cases * g.ln() + (cell.at_risk - cell.cases) * (-g).ln_1p());
        let residual = weight * cell.weight * (cell.cases - cell.at_risk * g);
        let weight = weight * cell.weight * cell.at_risk * g * (1.0 - g);
        for (a, &j) in active.iter().enumerate() {
            gradient[j] += residual * slope[j];
            let by = weight * slope[j];
            for &k in &active[..=a] {
                information[j * p + k] += by * slope[k];
            }
        }
    });
    value
}

/// The half-life whose running hazards, without weekdays, best predict each step's new reports.
fn choose_half_life(window: &Window, half_lives: &[f64]) -> f64 {
    let n = window.len();
    let mut descending = half_lives.to_vec();
    descending.sort_by(|a, b| b.total_cmp(a));
    let first_judged = n.saturating_sub(JUDGED_STEPS).max(window.delay_max + 3);
    let mut best = (f64::NEG_INFINITY, descending[0]);
    for half_life in descending {
        let fade = (-1.0 / half_life).exp2();
        let mut cases = vec![0.05; window.delay_max + 1];
        let mut at_risk: Vec<f64> = (0..=window.delay_max).map(|x| 0.05 * (x as f64 + 1.0)).collect();
        let mut score = 0.0;
        for step in 0..n {
            for (sum, risk) in cases.iter_mut().zip(&mut at_risk) {
                *sum *= fade;
                *risk *= fade;
            }
            for x in 1..=window.delay_max.min(step) {
                let counts = &window.rows[step - x];
                if x <= window.delay_min(step - x) {
                    continue;
                }
                let n_x = counts[x];
                let risk_x: f64 = counts[..=x].iter().sum();
                let prior = 0.05;
                let g = (cases[x] + prior) / (at_risk[x] + prior * (x as f64 + 1.0));
                let g = g.clamp(1e-9, 1.0 - 1e-9);
                if step >= first_judged {
                    score += n_x * g.ln() + (risk_x - n_x) * (-g).ln_1p();
                }
                cases[x] += n_x;
                at_risk[x] += risk_x;
            }
        }
        // Forgetting must earn its noise: a shorter half-life has to predict better by a nat.
        if score > best.0 + if best.0.is_finite() { 1.0 } else { 0.0 } {
            best = (score, half_life);
        }
    }
    best.1
}
