//! Endemic-epidemic model: how much of the incidence comes from within, from neighbours, from outside?
//!
//! Question: for counts of several regions (or one series) over time, which part follows from the region's own
//! counts of the step before, which from its neighbours', and which from a seasonal background? Do not use it
//! where a step is much shorter or longer than the serial interval, nor on counts revised by late reports.
//!
//! Complexity: O(steps x regions x (neighbours + parameters^2)) per Newton step, ten to twenty steps: 17
//! districts over 104 weeks take some milliseconds.

mod likelihood;

use crate::linear::{cholesky, invert, solve};
use crate::{CountSeries, Error};
use likelihood::Model;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Version of the numbers, recorded with stored results.
pub const VERSION: u32 = 2;

/// Newton steps allowed; ten to twenty are needed.
const STEPS_MAX: usize = 200;

/// Distribution of the counts about their mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountFamily {
    /// Variance = mean. Its standard errors are too small for most surveillance data.
    Poisson,
    /// Variance = mean (1 + psi mean), psi shared by all regions.
    NegativeBinomial,
}

/// Log-linear predictor of one component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predictor {
    /// Pairs of sine and cosine of the season: 1 has one peak a year. 0 for none, at most 10.
    pub harmonics: usize,
    /// Linear trend in the step number.
    pub trend: Trend,
}

/// Long-term change of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// None.
    #[default]
    None,
    /// Linear on the log scale.
    Linear,
}

/// What a component is proportional to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndemicOffset {
    /// The same in every region.
    #[default]
    None,
    /// The population of the region.
    Population,
}

/// Parameters of [`fit_endemic_epidemic`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndemicConfig {
    /// Recommended `NegativeBinomial`.
    pub family: CountFamily,
    /// From the region's own counts of the step before; `None` leaves the component out.
    pub autoregression: Option<Predictor>,
    /// From the neighbours' counts of the step before; `None` leaves the component out.
    pub neighbours: Option<Predictor>,
    /// From outside.
    pub endemic: Predictor,
    /// Recommended `Population` for several regions.
    pub endemic_offset: EndemicOffset,
    /// What the neighbours' part is proportional to, besides their counts. Recommended `None`; `Population` where a
    /// large region is thought to take in more of its neighbours' cases (gravity).
    #[serde(default)]
    pub neighbour_offset: EndemicOffset,
    /// Steps per year, > 0: 52 for weeks.
    pub period_steps: f64,
}

impl EndemicConfig {
    /// Negative binomial, own and neighbours' counts, one yearly wave and a trend in the background.
    pub fn recommended(period_steps: f64) -> Self {
        Self {
            family: CountFamily::NegativeBinomial,
            autoregression: Some(Predictor::default()),
            neighbours: Some(Predictor::default()),
            endemic: Predictor { harmonics: 1, trend: Trend::Linear },
            endemic_offset: EndemicOffset::Population,
            neighbour_offset: EndemicOffset::None,
            period_steps,
        }
    }

    fn check(&self) -> Result<(), Error> {
        let predictors = [Some(self.endemic), self.autoregression, self.neighbours];
        if let Some(p) = predictors.into_iter().flatten().find(|p| p.harmonics > 10) {
            return Err(Error::parameter("harmonics", p.harmonics, "must not exceed 10"));
        }
        if !(self.period_steps > 0.0 && self.period_steps.is_finite()) {
            return Err(Error::parameter("period_steps", self.period_steps, "must be finite and positive"));
        }
        Ok(())
    }
}

/// Counts of regions with who borders on whom.
#[derive(Debug, Clone)]
pub struct EndemicData {
    counts: Vec<CountSeries>,
    /// (region, weight) of the sources of each region.
    sources: Vec<Vec<(usize, f64)>>,
    population: Vec<f64>,
}

impl EndemicData {
    /// `counts`: one series per region, of the same steps. `weights[j][i]`: weight of region j's counts for region
    /// i; the diagonal is not used. `population`: size or share of each region, > 0.
    ///
    /// # Errors
    /// `TooShort` without a region or with fewer than 3 steps; `LengthMismatch`; `InvalidData` for a negative or
    /// non-finite weight or a population not positive; `InvalidParameter` for series of different start or step.
    pub fn new(counts: Vec<CountSeries>, weights: &[Vec<f64>], population: Vec<f64>) -> Result<Self, Error> {
        let n = counts.len();
        let first = counts.first().ok_or(Error::TooShort { what: "regions", got: 0, need: 1 })?;
        if first.len() < 3 {
            return Err(Error::TooShort { what: "series", got: first.len(), need: 3 });
        }
        for series in &counts {
            if series.len() != first.len() {
                return Err(mismatch("series", series.len(), "first series", first.len()));
            }
            if (series.start(), series.step()) != (first.start(), first.step()) {
                return Err(Error::parameter(
                    "start",
                    series.start(),
                    "all series must share start and step",
                ));
            }
        }
        if weights.len() != n || weights.iter().any(|row| row.len() != n) {
            return Err(mismatch("weights", weights.len(), "regions", n));
        }
        if population.len() != n {
            return Err(mismatch("population", population.len(), "regions", n));
        }
        if let Some(position) = population.iter().position(|p| !(*p > 0.0 && p.is_finite())) {
            let why = "must be finite and positive";
            return Err(Error::InvalidData { what: "population", position, why });
        }
        if let Some(position) = weights.iter().flatten().position(|w| !(*w >= 0.0 && w.is_finite())) {
            let why = "must be finite and not negative";
            return Err(Error::InvalidData { what: "weights", position, why });
        }
        let sources = (0..n)
            .map(|i| (0..n).filter(|&j| j != i && weights[j][i] > 0.0).map(|j| (j, weights[j][i])).collect())
            .collect();
        Ok(Self { counts, sources, population })
    }

    /// One series without neighbours.
    ///
    /// # Errors
    /// `TooShort` for fewer than 3 steps.
    pub fn single(counts: CountSeries) -> Result<Self, Error> {
        Self::new(vec![counts], &[vec![0.0]], vec![1.0])
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.counts[0].len()
    }

    /// Never true: there are at least three steps.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Number of regions.
    pub fn regions(&self) -> usize {
        self.counts.len()
    }
}

fn mismatch(left: &'static str, left_len: usize, right: &'static str, right_len: usize) -> Error {
    Error::LengthMismatch { left, left_len, right, right_len }
}

/// A component of the mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// The region's own counts of the step before.
    Autoregression,
    /// The neighbours' counts of the step before.
    Neighbours,
    /// The background.
    Endemic,
}

/// A term of a component's log-linear predictor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "term", content = "harmonic", rename_all = "snake_case")]
pub enum Term {
    /// Level.
    Intercept,
    /// Per step.
    Trend,
    /// sin(2 pi h t / period).
    Sine(usize),
    /// cos(2 pi h t / period).
    Cosine(usize),
}

/// An estimated coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coefficient {
    /// Component it belongs to.
    pub component: Component,
    /// Term of its predictor.
    pub term: Term,
    /// Estimate on the log scale.
    pub estimate: f64,
    /// Standard error.
    pub standard_error: f64,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndemicFit {
    /// Always `endemic_epidemic`.
    pub method: String,
    /// Version of the numbers.
    pub method_version: u32,
    /// Own counts, neighbours, background; each intercept, trend, harmonics.
    pub coefficients: Vec<Coefficient>,
    /// Overdispersion psi with its standard error; `None` for Poisson.
    pub overdispersion: Option<(f64, f64)>,
    /// Log-likelihood at the estimate.
    pub log_likelihood: f64,
    /// Akaike's information criterion.
    pub aic: f64,
    /// Bayesian information criterion.
    pub bic: f64,
    /// Counts fitted.
    pub observations: usize,
    /// Fitted means: for each step of the range one per region; `None` where the count or one it follows from
    /// was not reported.
    pub fitted: Vec<Vec<Option<f64>>>,
    /// Expected cases by component over all fitted counts: own, neighbours, background.
    pub component_totals: [f64; 3],
    /// Newton steps made.
    pub iterations: usize,
}

/// Fits the model to the counts of the steps `range`, each given those of the step before.
///
/// # Input
/// `range`: 0-based half-open steps used as responses, not including step 0. Counts not reported, and those that
/// would follow from one not reported, are left out.
/// # Errors
/// `InvalidParameter` for parameters or the range; `InvalidData` if nobody was counted; `NoConvergence` where a
/// component has no maximum (for example no spread between neighbours at all: leave it out).
/// # Method
/// Held, Hoehle & Hofmann 2005, Stat Modelling 5:187-199; Paul & Held 2011, Stat Med 30:1118-1136: mean =
/// lambda y(i, t-1) + phi m_i sum_j w_ji y(j, t-1) + n_i nu_t, with log-linear lambda, phi and nu, and m and n 1 or the
/// population. Maximum likelihood
/// by damped Newton steps with analytic derivatives; standard errors from the observed information.
/// # Examples
/// ```
/// use wanquan_epi::endemic::{EndemicConfig, EndemicData, EndemicOffset, fit_endemic_epidemic};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let steps = series.len();
/// let config = EndemicConfig {
///     neighbours: None,
///     endemic_offset: EndemicOffset::None,
///     ..EndemicConfig::recommended(52.0)
/// };
/// let fit = fit_endemic_epidemic(&EndemicData::single(series)?, 1..steps, &config)?;
/// // More than a third of the cases follow from those of the week before.
/// let [own, _, background] = fit.component_totals;
/// assert!(own / (own + background) > 0.33);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn fit_endemic_epidemic(
    data: &EndemicData,
    range: Range<usize>,
    config: &EndemicConfig,
) -> Result<EndemicFit, Error> {
    config.check()?;
    if range.start == 0 || range.start >= range.end || range.end > data.len() {
        let given = format!("{}..{}", range.start, range.end);
        return Err(Error::parameter(
            "range",
            given,
            "must be non-empty, inside the series and after step 0",
        ));
    }
    let model = Model::new(data, range, config);
    if model.total() <= 0.0 {
        return Err(Error::InvalidData { what: "counts", position: 0, why: "nobody was counted" });
    }
    let p = model.parameters();
    if model.observations() <= p {
        return Err(Error::TooShort { what: "counts", got: model.observations(), need: p + 1 });
    }
    let (at, information, iterations) = highest(&model)?;
    let covariance = invert(&information, p);
    let value = model.log_likelihood(&at);
    let terms = model.terms();
    let coefficients = terms
        .iter()
        .enumerate()
        .map(|(j, &(component, term))| Coefficient {
            component,
            term,
            estimate: at[j],
            standard_error: covariance[j * p + j].sqrt(),
        })
        .collect();
    let overdispersion = (p > terms.len()).then(|| {
        let psi = at[p - 1].exp();
        (psi, psi * covariance[p * p - 1].sqrt())
    });
    let (fitted, component_totals) = model.fitted(&at);
    let (n, parameters) = (model.observations(), p as f64);
    Ok(EndemicFit {
        method: "endemic_epidemic".to_owned(),
        method_version: VERSION,
        coefficients,
        overdispersion,
        log_likelihood: value,
        aic: 2.0 * parameters - 2.0 * value,
        bic: parameters * (n as f64).ln() - 2.0 * value,
        observations: n,
        fitted,
        component_totals,
        iterations,
    })
}

/// The highest of the maxima found from different shares of the components: with strong dependence on the step before
/// the likelihood can have two.
fn highest(model: &Model<'_>) -> Result<(Vec<f64>, Vec<f64>, usize), Error> {
    let mut best = newton(model, model.start());
    if let Some(start) = model.start_from_own() {
        let other = newton(model, start);
        let value = |found: &Result<(Vec<f64>, Vec<f64>, usize), Error>| {
            found.as_ref().map_or(f64::NEG_INFINITY, |(at, ..)| model.log_likelihood(at))
        };
        // A rounding unit more of the same maximum is no reason to take the other.
        if value(&other) > value(&best) + 1e-6 {
            best = other;
        }
    }
    best
}

/// Maximum near a start, with the Cholesky factor of the information there.
fn newton(model: &Model<'_>, start: Vec<f64>) -> Result<(Vec<f64>, Vec<f64>, usize), Error> {
    let p = model.parameters();
    let failed = |iterations| Error::NoConvergence { method: "endemic-epidemic model", iterations };
    let mut at = start;
    let mut value = model.log_likelihood(&at);
    let mut damping = 1e-3;
    for iteration in 0..STEPS_MAX {
        let (gradient, information) = model.derivatives(&at);
        if !value.is_finite() || gradient.iter().chain(&information).any(|x| !x.is_finite()) {
            return Err(failed(iteration));
        }
        let largest = gradient.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
        // 1e-7 of a log-likelihood per unit: the estimates are then exact to about 1e-9 standard errors.
        if largest < 1e-7 * (1.0 + value.abs()).sqrt() {
            let mut factor = information;
            return if cholesky(&mut factor, p) {
                Ok((at, factor, iteration))
            } else {
                Err(failed(iteration))
            };
        }
        loop {
            let mut factor = information.clone();
            for j in 0..p {
                factor[j * p + j] += damping * (information[j * p + j].abs() + 1e-6);
            }
            if cholesky(&mut factor, p) {
                let mut step = gradient.clone();
                solve(&factor, p, &mut step);
                let next: Vec<f64> = at.iter().zip(&step).map(|(x, d)| x + d.clamp(-2.0, 2.0)).collect();
                let there = model.log_likelihood(&next);
                if there >= value - 1e-12 * value.abs() {
                    at = next;
                    value = there;
                    damping = (damping * 0.1).max(1e-12);
                    break;
                }
            }
            damping = (damping * 10.0).max(1e-6);
            if damping > 1e12 {
                return Err(failed(iteration));
            }
        }
        // A season that is a peak of a few weeks has a level of exp(-70) and waves that high; beyond that nothing is
        // found.
        if at.iter().any(|x| x.abs() > 200.0) {
            return Err(failed(iteration));
        }
    }
    Err(failed(STEPS_MAX))
}

#[cfg(test)]
mod tests;
