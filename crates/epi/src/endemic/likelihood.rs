//! Log-likelihood of the endemic-epidemic model with first and second derivatives.

use super::{Component, CountFamily, EndemicConfig, EndemicData, EndemicOffset, Predictor, Term, Trend};
use crate::special::{digamma, ln_gamma, trigamma};
use std::f64::consts::TAU;
use std::ops::Range;

/// One count with what its mean is made of.
struct Observation {
    /// Index of the step within the range.
    step: usize,
    region: usize,
    count: f64,
    /// Own and neighbours' counts of the step before, and the endemic offset, in the order of the components.
    drivers: [f64; 3],
}

/// The model on its data. Parameters: terms of the components in order, then ln psi.
pub(super) struct Model<'a> {
    data: &'a EndemicData,
    steps: Range<usize>,
    family: CountFamily,
    terms: Vec<(Component, Term)>,
    /// Range of each component's terms; empty if left out.
    spans: [Range<usize>; 3],
    /// Value of each term at each step of the range.
    covariates: Vec<Vec<f64>>,
    observations: Vec<Observation>,
}

/// Derivatives of one count's log-likelihood: by the mean, by ln psi, and second ones.
struct Slopes {
    mean: f64,
    mean_mean: f64,
    psi: f64,
    psi_psi: f64,
    mean_psi: f64,
}

impl<'a> Model<'a> {
    pub(super) fn new(data: &'a EndemicData, steps: Range<usize>, config: &EndemicConfig) -> Self {
        let mut terms = Vec::new();
        let mut span = |component, predictor: Option<Predictor>| {
            let start = terms.len();
            if let Some(predictor) = predictor {
                terms.push((component, Term::Intercept));
                if predictor.trend == Trend::Linear {
                    terms.push((component, Term::Trend));
                }
                for h in 1..=predictor.harmonics {
                    terms.push((component, Term::Sine(h)));
                    terms.push((component, Term::Cosine(h)));
                }
            }
            start..terms.len()
        };
        let spans = [
            span(Component::Autoregression, config.autoregression),
            span(Component::Neighbours, config.neighbours),
            span(Component::Endemic, Some(config.endemic)),
        ];
        let covariates = steps
            .clone()
            .map(|t| {
                let angle = |h: usize| TAU * h as f64 * t as f64 / config.period_steps;
                let value = |term| match term {
                    Term::Intercept => 1.0,
                    Term::Trend => t as f64,
                    Term::Sine(h) => angle(h).sin(),
                    Term::Cosine(h) => angle(h).cos(),
                };
                terms.iter().map(|&(_, term)| value(term)).collect()
            })
            .collect();
        let mut observations = Vec::new();
        for (step, t) in steps.clone().enumerate() {
            for region in 0..data.regions() {
                if let Some(o) = observe(data, config, step, t, region) {
                    observations.push(o);
                }
            }
        }
        Self { data, steps, family: config.family, terms, spans, covariates, observations }
    }

    pub(super) fn parameters(&self) -> usize {
        self.terms.len() + usize::from(self.family == CountFamily::NegativeBinomial)
    }

    pub(super) fn terms(&self) -> &[(Component, Term)] {
        &self.terms
    }

    pub(super) fn observations(&self) -> usize {
        self.observations.len()
    }

    /// All cases fitted.
    pub(super) fn total(&self) -> f64 {
        self.observations.iter().map(|o| o.count).sum()
    }

    /// Components of equal importance that together make up the cases.
    pub(super) fn start(&self) -> Vec<f64> {
        let present = self.spans.iter().filter(|s| !s.is_empty()).count() as f64;
        self.start_with([1.0 / present; 3])
    }

    /// A start at which nearly all follows from the own counts; none without such a part or without another.
    pub(super) fn start_from_own(&self) -> Option<Vec<f64>> {
        let present = self.spans.iter().filter(|s| !s.is_empty()).count();
        let rest = 0.001 / f64::from(u8::try_from(present).ok()?.checked_sub(1).filter(|n| *n > 0)?);
        (!self.spans[0].is_empty()).then(|| self.start_with([0.999, rest, rest]))
    }

    /// Levels at which the components have these shares of all cases.
    fn start_with(&self, shares: [f64; 3]) -> Vec<f64> {
        let mut at = vec![0.0; self.parameters()];
        for (c, (span, share)) in self.spans.iter().zip(shares).enumerate() {
            let driver: f64 = self.observations.iter().map(|o| o.drivers[c]).sum();
            if !span.is_empty() && driver > 0.0 {
                at[span.start] = (self.total() * share / driver).ln();
            }
        }
        at
    }

    /// Parts of the mean.
    fn parts(&self, at: &[f64], o: &Observation) -> [f64; 3] {
        let x = &self.covariates[o.step];
        let mut parts = [0.0; 3];
        for (part, (span, driver)) in parts.iter_mut().zip(self.spans.iter().zip(o.drivers)) {
            if !span.is_empty() && driver > 0.0 {
                let eta: f64 = span.clone().map(|j| at[j] * x[j]).sum();
                *part = driver * eta.exp();
            }
        }
        parts
    }

    /// Size 1/psi of the negative binomial; `None` for Poisson.
    fn size(&self, at: &[f64]) -> Option<f64> {
        (self.family == CountFamily::NegativeBinomial).then(|| (-at[at.len() - 1]).exp())
    }

    pub(super) fn log_likelihood(&self, at: &[f64]) -> f64 {
        let size = self.size(at);
        self.observations
            .iter()
            .map(|o| {
                let mean: f64 = self.parts(at, o).iter().sum();
                let y = o.count;
                let mean_part = if y > 0.0 { y * mean.ln() } else { 0.0 };
                match size {
                    None => mean_part - mean - ln_gamma(y + 1.0),
                    Some(r) => {
                        ln_gamma(y + r) - ln_gamma(r) - ln_gamma(y + 1.0) + mean_part
                            - y * (r + mean).ln()
                            - r * (mean / r).ln_1p()
                    }
                }
            })
            .sum()
    }

    /// Gradient and negative second derivatives, row-major.
    pub(super) fn derivatives(&self, at: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (p, terms) = (self.parameters(), self.terms.len());
        let size = self.size(at);
        let (mut gradient, mut information) = (vec![0.0; p], vec![0.0; p * p]);
        let mut mean_slope = vec![0.0; terms];
        for o in &self.observations {
            let parts = self.parts(at, o);
            let s = slopes(o.count, parts.iter().sum(), size);
            let x = &self.covariates[o.step];
            for (span, part) in self.spans.iter().zip(parts) {
                for j in span.clone() {
                    mean_slope[j] = x[j] * part;
                }
            }
            for j in 0..terms {
                gradient[j] += s.mean * mean_slope[j];
                for k in 0..=j {
                    information[j * p + k] -= s.mean_mean * mean_slope[j] * mean_slope[k];
                }
            }
            // Second derivative of the mean itself: only within a component.
            for (span, part) in self.spans.iter().zip(parts) {
                for j in span.clone() {
                    for k in span.start..=j {
                        information[j * p + k] -= s.mean * part * x[j] * x[k];
                    }
                }
            }
            if size.is_some() {
                gradient[terms] += s.psi;
                information[p * p - 1] -= s.psi_psi;
                for j in 0..terms {
                    information[terms * p + j] -= s.mean_psi * mean_slope[j];
                }
            }
        }
        for j in 0..p {
            for k in 0..j {
                information[k * p + j] = information[j * p + k];
            }
        }
        (gradient, information)
    }

    /// Means by step and region, and totals by component.
    pub(super) fn fitted(&self, at: &[f64]) -> (Vec<Vec<Option<f64>>>, [f64; 3]) {
        let mut means = vec![vec![None; self.data.regions()]; self.steps.len()];
        let mut totals = [0.0; 3];
        for o in &self.observations {
            let parts = self.parts(at, o);
            means[o.step][o.region] = Some(parts.iter().sum());
            for (total, part) in totals.iter_mut().zip(parts) {
                *total += part;
            }
        }
        (means, totals)
    }
}

fn observe(
    data: &EndemicData,
    config: &EndemicConfig,
    step: usize,
    t: usize,
    region: usize,
) -> Option<Observation> {
    let count = |i: usize, t: usize| data.counts[i].counts()[t].map(f64::from);
    let own = match config.autoregression {
        Some(_) => count(region, t - 1)?,
        None => 0.0,
    };
    let size = |offset| match offset {
        EndemicOffset::None => 1.0,
        EndemicOffset::Population => data.population[region],
    };
    let near = match config.neighbours {
        Some(_) => {
            let cases = |&(j, w): &(usize, f64)| Some(w * count(j, t - 1)?);
            let cases = data.sources[region].iter().map(cases).sum::<Option<f64>>()?;
            size(config.neighbour_offset) * cases
        }
        None => 0.0,
    };
    let outside = size(config.endemic_offset);
    Some(Observation { step, region, count: count(region, t)?, drivers: [own, near, outside] })
}

fn slopes(y: f64, mean: f64, size: Option<f64>) -> Slopes {
    let Some(r) = size else {
        let (mean_slope, curvature) = (y / mean - 1.0, -y / (mean * mean));
        return Slopes { mean: mean_slope, mean_mean: curvature, psi: 0.0, psi_psi: 0.0, mean_psi: 0.0 };
    };
    let total = r + mean;
    let share = (r + y) / total;
    let by_size = digamma(y + r) - digamma(r) - (mean / r).ln_1p() + 1.0 - share;
    let by_size_twice = trigamma(y + r) - trigamma(r) + 1.0 / r - 2.0 / total + share / total;
    // Size = 1/psi: d/d ln psi = -r d/dr.
    Slopes {
        mean: y / mean - share,
        mean_mean: -y / (mean * mean) + share / total,
        psi: -r * by_size,
        psi_psi: r * r * by_size_twice + r * by_size,
        mean_psi: -r * (share - 1.0) / total,
    }
}
