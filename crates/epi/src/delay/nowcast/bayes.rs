//! Reverse-time hazards with a prior on the delays and on each step's count.

use super::{CountForecast, DelayCounts, Nowcast, TABLE_MAX, cdf_from_hazards, check_probs, point};
use crate::Error;
use crate::delay::ReportingTriangle;
use crate::draw::beta;
use crate::special::ln_gamma;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Share of the largest mass below which masses are not followed further, e^-35.
const NEGLIGIBLE: f64 = 6e-16;
/// Version of the numbers, recorded with stored results.
pub const VERSION: u32 = 1;

/// How the delays are learned and the counts predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DelayPosterior {
    /// Right truncation respected: each delay is compared with cases that could have had it. Sampled.
    Truncated,
    /// Truncation ignored: recent cases make delays look short. Sampled. Only for comparison.
    Untruncated,
    /// As `Untruncated`, with a flat prior on the counts, in closed form (beta-negative binomial). Only for
    /// comparison.
    UntruncatedClosedForm,
}

/// Parameters of [`nowcast_bayes`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BayesNowcastConfig {
    /// Longest delay in steps, >= 1; longer ones count as this long.
    pub delay_max: usize,
    /// Steps before the last one that inform the delays, >= 1; `None` for all.
    pub window_steps: Option<usize>,
    /// Recommended `Truncated`.
    pub delays: DelayPosterior,
    /// Mean of the prior of a step's count, > 0. No value suits every series: take the order of magnitude that
    /// is expected.
    pub prior_mean: f64,
    /// Variance of the prior of a step's count, > `prior_mean`. Large against the square of the mean = vague.
    pub prior_variance: f64,
    /// Dirichlet concentration per delay, > 0. Recommended 0.1.
    pub concentration: f64,
    /// Draws of the delay distribution, 1 to 100,000. Recommended 1,000.
    pub draws: usize,
    /// Largest count considered; the distribution is cut there and, where sampled, rescaled. `None`: as far as
    /// it matters.
    pub count_max: Option<u64>,
    /// Quantiles to report, each in (0, 1). Recommended 0.025, 0.5, 0.975.
    pub quantile_probs: Vec<f64>,
}

impl BayesNowcastConfig {
    /// Truncation respected, all steps, a vague prior about `prior_mean` cases a step.
    pub fn recommended(delay_max: usize, prior_mean: f64) -> Self {
        Self {
            delay_max,
            window_steps: None,
            delays: DelayPosterior::Truncated,
            prior_mean,
            prior_variance: prior_mean + 1.2 * prior_mean * prior_mean,
            concentration: 0.1,
            draws: 1000,
            count_max: None,
            quantile_probs: vec![0.025, 0.5, 0.975],
        }
    }

    fn check(&self) -> Result<(), Error> {
        check_probs(&self.quantile_probs)?;
        if !(self.prior_mean > 0.0 && self.prior_mean.is_finite()) {
            return Err(Error::parameter("prior_mean", self.prior_mean, "must be finite and positive"));
        }
        if !(self.prior_variance > self.prior_mean && self.prior_variance.is_finite()) {
            return Err(Error::parameter("prior_variance", self.prior_variance, "must exceed the mean"));
        }
        if !(self.concentration > 0.0 && self.concentration.is_finite()) {
            return Err(Error::parameter("concentration", self.concentration, "must be finite and positive"));
        }
        if !(1..=100_000).contains(&self.draws) {
            return Err(Error::parameter("draws", self.draws, "must be 1 to 100,000"));
        }
        Ok(())
    }
}

/// Nowcast of each step by itself, with a prior for its count.
///
/// # Input
/// `triangle`: counts by event step and delay, as known on its last step.
/// # Output
/// The last `delay_max` + 1 steps, each with the distribution averaged over the delay draws.
/// # Errors
/// `TooShort` unless the triangle has more than `delay_max` steps; `InvalidParameter` for parameters or a
/// count above `count_max`.
/// # Method
/// Hoehle & an der Heiden 2014, Biometrics 70:993-1002: generalised Dirichlet posterior of the delays
/// (independent beta hazards in reverse time), negative binomial prior of the count. Given a share F of delays
/// passed, the cases still to come are negative binomial, which is averaged over draws of F.
/// # Examples
/// ```
/// use jiff::civil::{Date, date};
/// use rand::SeedableRng;
/// use wanquan_epi::Step;
/// use wanquan_epi::delay::ReportingTriangle;
/// use wanquan_epi::delay::nowcast::{BayesNowcastConfig, nowcast_bayes};
///
/// // Haemolytic-uraemic syndrome, Germany 2011: hospital admission, report, cases (Robert Koch Institute).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/hus_o104_de_2011.csv"));
/// let reports = figures.lines().skip(2).map(|line| {
///     let field = |i| line.split(',').nth(i).expect("three fields");
///     let day = |i| field(i).parse::<Date>().expect("a date");
///     (day(0), day(1), field(2).parse().expect("a count"))
/// });
/// let triangle = ReportingTriangle::from_changes(date(2011, 5, 1), date(2011, 6, 2), Step::Day, reports)?;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let nowcast = nowcast_bayes(&triangle, &BayesNowcastConfig::recommended(15, 30.0), &mut rng)?;
/// // 25 admissions of ten days ago are known; some are still to come.
/// assert_eq!(nowcast.points[5].observed, 25);
/// assert!(nowcast.points[5].mean > 25.0);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn nowcast_bayes(
    triangle: &ReportingTriangle,
    config: &BayesNowcastConfig,
    rng: &mut impl Rng,
) -> Result<Nowcast, Error> {
    config.check()?;
    let delay_max = config.delay_max;
    let counts = DelayCounts::new(triangle, delay_max, config.window_steps)?;
    let hazards = Hazards::new(&counts, config);
    let last = triangle.len() - 1;
    let steps: Vec<usize> = (last - delay_max..=last).collect();
    if let Some(max) = config.count_max.filter(|max| steps.iter().any(|&t| triangle.known(t) > *max)) {
        return Err(Error::parameter("count_max", max, "is below a count already known"));
    }
    let cdf = hazards.mean_cdf();
    let distributions: Vec<CountForecast> = match config.delays {
        DelayPosterior::UntruncatedClosedForm => steps
            .iter()
            .map(|&t| hazards.beta_negative_binomial(triangle.known(t), last - t, config))
            .collect(),
        DelayPosterior::Truncated | DelayPosterior::Untruncated => {
            sampled(triangle, &steps, &hazards, config, rng)
        }
    };
    let points = steps
        .iter()
        .zip(distributions)
        .map(|(&t, d)| point(triangle, t, cdf[last - t], d, &config.quantile_probs))
        .collect();
    let method = match config.delays {
        DelayPosterior::Truncated => "nowcast_bayes_truncated",
        DelayPosterior::Untruncated => "nowcast_bayes_untruncated",
        DelayPosterior::UntruncatedClosedForm => "nowcast_bayes_untruncated_closed_form",
    };
    Ok(Nowcast {
        method: method.to_owned(),
        method_version: VERSION,
        known_on: triangle.date(last),
        quantile_probs: config.quantile_probs.clone(),
        delay_cdf: cdf,
        delay_cases: DelayCounts::as_integers(&counts.cases),
        delay_at_risk: DelayCounts::as_integers(&counts.at_risk),
        points,
    })
}

/// Beta posteriors of the reverse-time hazards of delays 1 and more.
struct Hazards {
    alpha: Vec<f64>,
    beta: Vec<f64>,
}

impl Hazards {
    fn new(counts: &DelayCounts, config: &BayesNowcastConfig) -> Self {
        let kappa = config.concentration;
        let mut shorter = 0.0;
        let (mut alpha, mut beta) = (Vec::new(), Vec::new());
        for (x, (n, at_risk)) in counts.cases.iter().zip(&counts.at_risk).enumerate() {
            alpha.push(kappa + n);
            let others = match config.delays {
                DelayPosterior::Truncated => at_risk - n,
                _ => shorter,
            };
            beta.push(kappa * x as f64 + others);
            shorter += n;
        }
        Self { alpha, beta }
    }

    fn mean_cdf(&self) -> Vec<f64> {
        let means: Vec<f64> = self.alpha.iter().zip(&self.beta).map(|(a, b)| a / (a + b)).collect();
        cdf_from_hazards(&means)
    }

    fn draw_cdf(&self, rng: &mut impl Rng) -> Vec<f64> {
        let mut hazards: Vec<f64> = vec![1.0];
        hazards.extend(self.alpha.iter().zip(&self.beta).skip(1).map(|(a, b)| beta(*a, *b, rng)));
        cdf_from_hazards(&hazards)
    }

    /// The count of a step of which `known` are known after `passed` steps, flat prior, Dirichlet delays.
    fn beta_negative_binomial(
        &self,
        known: u64,
        passed: usize,
        config: &BayesNowcastConfig,
    ) -> CountForecast {
        let (a, b): (f64, f64) = (self.alpha[..=passed].iter().sum(), self.alpha[passed + 1..].iter().sum());
        if b == 0.0 {
            return CountForecast::certain(known);
        }
        let n = known as f64 + 1.0;
        let start = ln_gamma(n + a) + ln_gamma(a + b) - ln_gamma(n + a + b) - ln_gamma(a);
        let limit = table_limit(known, config);
        let mut mass = vec![start.exp()];
        let mut log = start;
        while mass.len() < limit {
            let k = mass.len() as f64 - 1.0;
            log += ((k + b) * (n + k) / ((n + k + a + b) * (k + 1.0))).ln();
            let next = log.exp();
            mass.push(next);
            // The tail is a power law; this cuts it where its sum no longer matters.
            if config.count_max.is_none() && next * k < 1e-9 && k > 10.0 {
                break;
            }
        }
        CountForecast::Table { first: known, mass }
    }
}

fn table_limit(known: u64, config: &BayesNowcastConfig) -> usize {
    let beyond = config.count_max.map(|max| max.saturating_sub(known).saturating_add(1));
    beyond.and_then(|n| usize::try_from(n).ok()).unwrap_or(TABLE_MAX).clamp(1, TABLE_MAX)
}

/// Averages, over draws of the delays, the negative binomial of the cases still to come.
fn sampled(
    triangle: &ReportingTriangle,
    steps: &[usize],
    hazards: &Hazards,
    config: &BayesNowcastConfig,
    rng: &mut impl Rng,
) -> Vec<CountForecast> {
    let size = config.prior_mean.powi(2) / (config.prior_variance - config.prior_mean);
    let odds = config.prior_mean / (config.prior_mean + size);
    let last = triangle.len() - 1;
    let mut tables: Vec<Vec<f64>> = vec![Vec::new(); steps.len()];
    let mut terms = Vec::new();
    for _ in 0..config.draws {
        let cdf = hazards.draw_cdf(rng);
        for (&t, table) in steps.iter().zip(&mut tables) {
            let known = triangle.known(t);
            let q = (1.0 - cdf[last - t]) * odds;
            let total =
                negative_binomial_terms(size + known as f64, q, table_limit(known, config), &mut terms);
            let weight = 1.0 / (total * config.draws as f64);
            if table.len() < terms.len() {
                table.resize(terms.len(), 0.0);
            }
            for (sum, term) in table.iter_mut().zip(&terms) {
                *sum += term * weight;
            }
        }
    }
    steps
        .iter()
        .zip(tables)
        .map(|(&t, mass)| CountForecast::Table { first: triangle.known(t), mass })
        .collect()
}

/// Masses of a negative binomial of success probability 1 - `q`, at most `limit`, relative to the largest; and their sum.
fn negative_binomial_terms(size: f64, q: f64, limit: usize, terms: &mut Vec<f64>) -> f64 {
    terms.clear();
    if q <= 0.0 {
        terms.push(1.0);
        return 1.0;
    }
    // From the mode outwards nothing overflows, and no logarithm is needed.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "cut at the limit, which is a table's"
    )]
    let mode = (((size - 1.0) * q / (1.0 - q)).max(0.0) as usize).min(limit - 1);
    let ratio = |k: usize| q * (size + k as f64) / (k as f64 + 1.0);
    terms.resize(mode + 1, 0.0);
    terms[mode] = 1.0;
    let mut term = 1.0;
    for k in (0..mode).rev() {
        term /= ratio(k);
        if term < NEGLIGIBLE {
            break;
        }
        terms[k] = term;
    }
    term = 1.0;
    while terms.len() < limit {
        term *= ratio(terms.len() - 1);
        terms.push(term);
        if term < NEGLIGIBLE {
            break;
        }
    }
    terms.iter().sum()
}
