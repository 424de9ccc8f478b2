//! The steps since the last alarm and their log likelihood ratio, maximised over the time and the size of a change.

use super::{Change, Direction, GlrConfig, GlrForm};

/// Newton steps for the size of a change; from the neighbouring start it needs about three.
const ITERATIONS_MAX: usize = 100;
/// Logarithm of a factor that is as good as 0.
const LOWEST_LOG_FACTOR: f64 = -18.0;

/// Reported steps since the last alarm.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    /// `None` = Poisson.
    pub(super) alpha: Option<f64>,
    x: Vec<f64>,
    mu: Vec<f64>,
    /// Count of the step before the stretch; 0 at the start of the chart.
    before: f64,
    /// Running sum of the chart for a known factor.
    sum: f64,
}

impl Stretch {
    /// Without a step.
    pub(super) fn new(alpha: Option<f64>) -> Self {
        Self { alpha, x: Vec::new(), mu: Vec::new(), before: 0.0, sum: 0.0 }
    }

    /// After an alarm at a step with `last` cases.
    pub(super) fn restart(&mut self, last: f64) {
        self.x.clear();
        self.mu.clear();
        self.before = last;
        self.sum = 0.0;
    }

    /// The statistic with one more step.
    pub(super) fn push(&mut self, config: &GlrConfig, y: f64, mu: f64) -> f64 {
        self.x.push(y);
        self.mu.push(mu);
        if let Change::KnownFactor { log_factor } = config.change {
            self.sum = (self.sum + self.known_ratio(y, mu, log_factor)).max(0.0);
            return self.sum;
        }
        self.statistic(config)
    }

    /// Log likelihood ratio of one step for a known factor.
    fn known_ratio(&self, y: f64, mu: f64, log_factor: f64) -> f64 {
        match self.alpha {
            None => log_factor * y + (1.0 - log_factor.exp()) * mu,
            Some(alpha) => {
                let log = ((1.0 + alpha * mu) / (1.0 + alpha * mu * log_factor.exp())).ln();
                log_factor * y + (y + 1.0 / alpha) * log
            }
        }
    }

    fn statistic(&self, config: &GlrConfig) -> f64 {
        let n = self.x.len();
        let min = config.change_steps_min;
        let reference = config.form == GlrForm::Surveillance;
        match (config.change, self.alpha) {
            (Change::KnownFactor { .. }, _) => self.sum,
            (Change::Factor { direction }, None) => {
                // The windowed reference chart counts from the step after the shortest change, and
                // without a window it only waits for the shortest change but then allows any.
                let (shortest, waits) = match (reference, config.window_steps) {
                    (true, Some(_)) => (min + 1, min + 1),
                    (true, None) => (1, min),
                    (false, _) => (min, min),
                };
                if n < waits {
                    return 0.0;
                }
                let oldest = self.oldest(config);
                let (mut cases, mut mean, mut best) = (0.0, 0.0, f64::NEG_INFINITY);
                for k in (oldest..n).rev() {
                    cases += self.x[k];
                    mean += self.mu[k];
                    if n - k >= shortest {
                        best = best.max(poisson_ratio(cases, mean, direction, config.form));
                    }
                }
                best
            }
            (Change::Factor { direction }, Some(alpha)) => {
                if n < min {
                    return 0.0;
                }
                let mut kappa = 0.5;
                let mut best = f64::NEG_INFINITY;
                for k in self.oldest(config)..=n - min {
                    let (x, mu) = (&self.x[k..], &self.mu[k..]);
                    kappa = if reference {
                        reference_log_factor(x, mu, alpha, kappa)
                    } else {
                        log_factor_estimate(x, mu, alpha, kappa)
                    };
                    kappa = match direction {
                        Direction::Increase => kappa.max(0.0),
                        Direction::Decrease => kappa.min(0.0),
                    };
                    let factor = kappa.exp();
                    let ratio = x
                        .iter()
                        .zip(mu)
                        .map(|(x, mu)| {
                            let log = ((1.0 + alpha * mu) / (1.0 + alpha * mu * factor)).ln();
                            kappa * x + (x + 1.0 / alpha) * log
                        })
                        .sum();
                    best = best.max(ratio);
                }
                best
            }
            (Change::Epidemic, alpha) => {
                if n < min {
                    return 0.0;
                }
                let mut best = f64::NEG_INFINITY;
                // Logarithm of the estimate, which the reference carries from change to change.
                let mut carried = if alpha.is_some() { 0.5 } else { 0.5_f64.ln() };
                for k in self.oldest(config)..=n - min {
                    let offspring = if reference {
                        carried = match alpha {
                            Some(alpha) => reference_log_factor(&self.x[k..], &self.mu[k..], alpha, carried),
                            None => self.reference_log_offspring(k, carried),
                        };
                        carried.exp()
                    } else {
                        self.offspring_estimate(k)
                    };
                    best = best.max(self.epidemic_ratio(k, offspring));
                }
                best
            }
        }
    }

    fn oldest(&self, config: &GlrConfig) -> usize {
        match config.window_steps {
            // A window of M looks at changes up to M steps before the newest.
            Some(window) => (self.x.len() - 1).saturating_sub(window),
            None => 0,
        }
    }

    fn previous(&self, i: usize) -> f64 {
        if i == 0 { self.before } else { self.x[i - 1] }
    }

    /// Log likelihood ratio of the epidemic model from step k on.
    fn epidemic_ratio(&self, k: usize, offspring: f64) -> f64 {
        (k..self.x.len())
            .map(|i| {
                let (x, mu) = (self.x[i], self.mu[i]);
                let more = offspring * self.previous(i);
                match self.alpha {
                    None => x * (more / mu).ln_1p() - more,
                    Some(alpha) => {
                        let log = ((1.0 + alpha * mu) / (1.0 + alpha * (mu + more))).ln();
                        x * ((more / mu).ln_1p() + log) + log / alpha
                    }
                }
            })
            .sum()
    }

    /// Maximum-likelihood number of further cases per case, >= 0.
    fn offspring_estimate(&self, k: usize) -> f64 {
        // First two derivatives of the log likelihood in the number itself.
        let derivatives = |offspring: f64| {
            let (mut first, mut second) = (0.0, 0.0);
            for i in k..self.x.len() {
                let (x, before) = (self.x[i], self.previous(i));
                if before == 0.0 {
                    continue;
                }
                let mean = self.mu[i] + offspring * before;
                let alpha = self.alpha.unwrap_or(0.0);
                let spread = 1.0 + alpha * mean;
                first += before * (x - mean) / (mean * spread);
                second -=
                    before * before * (x / (mean * mean) - alpha * (1.0 + alpha * x) / (spread * spread));
            }
            (first, second)
        };
        if derivatives(0.0).0 <= 0.0 {
            return 0.0;
        }
        let (mut low, mut high) = (0.0, 1.0);
        while derivatives(high).0 > 0.0 {
            (low, high) = (high, 2.0 * high);
            if high > 1e12 {
                return high;
            }
        }
        let mut now = 0.5 * (low + high);
        for _ in 0..ITERATIONS_MAX {
            let (first, second) = derivatives(now);
            if first > 0.0 {
                low = now
            } else {
                high = now
            }
            let newton = now - first / second;
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            let done = (next - now).abs() <= 1e-12 * now;
            now = next;
            if done {
                break;
            }
        }
        now
    }

    /// The reference's search for the logarithm of that number: it never leaves the region below -18, and
    /// stops when the number itself changes by less than 10^-6.
    fn reference_log_offspring(&self, k: usize, start: f64) -> f64 {
        let (mut before, mut now) = (2.0_f64, start);
        for _ in 0..1000 {
            if now.is_nan() || now <= LOWEST_LOG_FACTOR || (now.exp() - before.exp()).abs() <= 1e-6 {
                break;
            }
            before = now;
            let offspring = before.exp();
            let (mut score, mut curvature) = (0.0, 0.0);
            for i in k..self.x.len() {
                let last = self.previous(i);
                let mean = offspring * last + self.mu[i];
                score += self.x[i] * last / mean - last;
                curvature += self.x[i] * last * last / (mean * mean);
            }
            score *= offspring;
            now = before + score / (offspring * offspring * curvature - score);
        }
        now
    }

    /// Largest next count without alarm, where the chart has one.
    pub(super) fn upper(&mut self, config: &GlrConfig, mu: f64) -> Option<f64> {
        match (config.change, self.alpha) {
            (Change::KnownFactor { log_factor }, alpha) if log_factor > 0.0 => {
                let bound = match alpha {
                    None => (config.limit - self.sum + mu * (log_factor.exp() - 1.0)) / log_factor,
                    Some(alpha) => {
                        let log = ((1.0 + alpha * mu) / (1.0 + alpha * mu * log_factor.exp())).ln();
                        (config.limit - self.sum - log / alpha) / (log_factor + log)
                    }
                };
                (bound.is_finite() && bound >= 0.0).then_some(bound)
            }
            (Change::Factor { direction: Direction::Increase }, _) => self.largest_without_alarm(config, mu),
            // The reference's search for the offspring may lose its way.
            (Change::Epidemic, _) if config.form == GlrForm::Corrected => {
                self.largest_without_alarm(config, mu)
            }
            _ => None,
        }
    }

    /// Largest whole next count whose ratio does not reach the limit.
    fn largest_without_alarm(&mut self, config: &GlrConfig, mu: f64) -> Option<f64> {
        self.x.push(0.0);
        self.mu.push(mu);
        let last = self.x.len() - 1;
        let mut alarms = |y: f64| {
            self.x[last] = y;
            config.alarms(self.alpha, self.statistic(config))
        };
        let mut high = mu.max(1.0).ceil();
        let mut found = alarms(high);
        while !found && high < 1e12 {
            high *= 2.0;
            found = alarms(high);
        }
        let mut low = -1.0;
        while found && high - low > 1.0 {
            let mid = (0.5_f64 * (low + high)).floor();
            if alarms(mid) { high = mid } else { low = mid }
        }
        self.x.pop();
        self.mu.pop();
        (found && low >= 0.0).then_some(low)
    }
}

/// Largest log likelihood ratio of a factor in the given direction.
fn poisson_ratio(cases: f64, mean: f64, direction: Direction, form: GlrForm) -> f64 {
    if cases == 0.0 {
        return match (direction, form) {
            (Direction::Increase, _) => 0.0,
            (Direction::Decrease, GlrForm::Corrected) => mean,
            (Direction::Decrease, GlrForm::Surveillance) => f64::NEG_INFINITY,
        };
    }
    let kappa = (cases / mean).ln();
    let kappa = match direction {
        Direction::Increase => kappa.max(0.0),
        Direction::Decrease => kappa.min(0.0),
    };
    kappa * cases + (1.0 - kappa.exp()) * mean
}

/// Maximum-likelihood logarithm of the factor of negative binomial means; the likelihood is concave in
/// it. Not below -18, where a factor is nothing.
fn log_factor_estimate(x: &[f64], mu: &[f64], alpha: f64, start: f64) -> f64 {
    if x.iter().all(|&x| x == 0.0) {
        return LOWEST_LOG_FACTOR;
    }
    let mut kappa = start;
    for _ in 0..ITERATIONS_MAX {
        let factor = kappa.exp();
        let (mut score, mut information) = (0.0, 0.0);
        for (x, mu) in x.iter().zip(mu) {
            let spread = 1.0 + alpha * factor * mu;
            score += (x - factor * mu) / spread;
            information += mu * (alpha * x + 1.0) / (spread * spread);
        }
        let step = (score / (factor * information)).clamp(-2.0, 2.0);
        kappa += step;
        if kappa < LOWEST_LOG_FACTOR {
            return LOWEST_LOG_FACTOR;
        }
        if step.abs() < 1e-10 {
            break;
        }
    }
    kappa
}

/// The reference's search for the same: unguarded Newton steps until one is below 10^-6.
fn reference_log_factor(x: &[f64], mu: &[f64], alpha: f64, start: f64) -> f64 {
    let (mut before, mut now) = (0.4_f64, start);
    for _ in 0..1000 {
        if now.is_nan() || now <= LOWEST_LOG_FACTOR || (now - before).abs() <= 1e-6 {
            break;
        }
        before = now;
        let factor = before.exp();
        let (mut score, mut information) = (0.0, 0.0);
        for (x, mu) in x.iter().zip(mu) {
            let spread = 1.0 + alpha * factor * mu;
            score += (x - factor * mu) / spread;
            information += mu * (alpha * x + 1.0) / (spread * spread);
        }
        now = before + score / (factor * information);
    }
    now
}
