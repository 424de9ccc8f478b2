//! One series watched as it grows: each new count is judged at the cost of what the method needs.
//!
//! The charts (CUSUM, GLR, OutbreakP) keep their sums and their fitted mean and look at the new count alone. The other
//! methods look back a stated time, and read that much of the history and no more. The verdicts are those that
//! [`detect()`] gives for the same steps of the whole series.

use super::{
    Detection, DetectionStep, DetectorSpec, GlrConfig, NotEvaluated, cusum, detect, glr, outbreak_p,
};
use crate::{CountSeries, Error};

/// A detector on a growing series.
///
/// # Examples
/// ```
/// use wanquan_epi::detect::{DetectorSpec, Monitor};
/// use wanquan_epi::{CountSeries, Step};
///
/// let history = [3, 5, 2, 4, 4, 3, 5, 4, 3].map(Some).to_vec();
/// let series = CountSeries::new(jiff::civil::date(2024, 3, 1), Step::Day, history)?;
/// let mut monitor = Monitor::new(DetectorSpec::recommended("ears_c1").expect("a known id"), series)?;
/// assert!(!monitor.push(Some(5))?.alarm());
/// assert!(monitor.push(Some(21))?.alarm());
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Monitor {
    spec: DetectorSpec,
    series: CountSeries,
    chart: Chart,
}

/// What a method carries from step to step.
#[derive(Debug, Clone)]
enum Chart {
    /// Nothing: it looks back.
    Stateless,
    /// The training steps are not over.
    Training,
    Cusum(Box<cusum::Chart>),
    Glr(Box<glr::Chart>),
    OutbreakP(Box<outbreak_p::Chart>),
}

impl Monitor {
    /// Takes the history so far, which may be empty.
    ///
    /// # Errors
    /// `InvalidParameter` for a parameter outside its range; `TooShort` or `NoConvergence` where the mean of a chart
    /// cannot be fitted to its training steps.
    pub fn new(spec: DetectorSpec, series: CountSeries) -> Result<Self, Error> {
        // An empty range checks the parameters.
        detect(&spec, &series, 0..0)?;
        let mut monitor = Self { chart: Chart::Training, spec, series };
        monitor.chart = match &monitor.spec {
            DetectorSpec::Cusum(_) | DetectorSpec::GlrPoisson(_) | DetectorSpec::GlrNegativeBinomial(_) => {
                monitor.begin(monitor.series.len())?
            }
            DetectorSpec::OutbreakP(config) => {
                let mut chart = outbreak_p::Chart::new(config)?;
                for (t, y) in monitor.series.counts().iter().enumerate() {
                    if let Some(y) = y {
                        // A step before the first one is passed over.
                        let _ = chart.push(t, *y);
                    }
                }
                Chart::OutbreakP(Box::new(chart))
            }
            DetectorSpec::RegressionScan(_)
            | DetectorSpec::EarsC1(_)
            | DetectorSpec::EarsC2(_)
            | DetectorSpec::EarsC3(_)
            | DetectorSpec::FarringtonFlexible(_)
            | DetectorSpec::Farrington(_)
            | DetectorSpec::Rki(_)
            | DetectorSpec::Bayes(_) => Chart::Stateless,
        };
        Ok(monitor)
    }

    /// The series so far.
    pub fn series(&self) -> &CountSeries {
        &self.series
    }

    /// Adds the count of the next step, `None` if it was not reported, and judges it.
    ///
    /// # Errors
    /// As [`detect()`] of the step; it is added all the same.
    pub fn push(&mut self, count: Option<u32>) -> Result<DetectionStep, Error> {
        let index = self.series.len();
        self.series.push(count)?;
        let date = self.series.date(index);
        let answer = |verdict| DetectionStep { index, date, observed: count, verdict };
        let reported = count.ok_or(NotEvaluated::NotReported);
        if matches!(self.chart, Chart::Training) {
            let need = training_steps(&self.spec);
            if index < need {
                return Ok(answer(reported.and(Err(NotEvaluated::HistoryTooShort { got: index, need }))));
            }
            self.chart = self.begin(index)?;
        }
        let verdict: Result<Detection, NotEvaluated> = match &mut self.chart {
            Chart::Stateless | Chart::Training => {
                let found = detect(&self.spec, &self.series, index..index + 1)?;
                found.steps.first().map_or(Err(NotEvaluated::NoFit), |step| step.verdict)
            }
            Chart::Cusum(chart) => reported.map(|y| chart.push(index, y)),
            Chart::Glr(chart) => {
                chart.push(&self.series, index, glr::Bound::Wanted)?.ok_or(NotEvaluated::NotReported)
            }
            Chart::OutbreakP(chart) => reported.and_then(|y| chart.push(index, y)),
        };
        Ok(answer(verdict))
    }

    /// The chart after the steps before `end`.
    fn begin(&self, end: usize) -> Result<Chart, Error> {
        let begin = training_steps(&self.spec);
        if end < begin {
            return Ok(Chart::Training);
        }
        let glr = |mut chart: glr::Chart| -> Result<Chart, Error> {
            for t in begin..end {
                chart.push(&self.series, t, glr::Bound::Left)?;
            }
            Ok(Chart::Glr(Box::new(chart)))
        };
        match &self.spec {
            DetectorSpec::Cusum(config) => {
                let mut chart = cusum::Chart::new(&self.series, config)?;
                for t in begin..end {
                    if let Some(y) = self.series.counts()[t] {
                        chart.push(t, y);
                    }
                }
                Ok(Chart::Cusum(Box::new(chart)))
            }
            DetectorSpec::GlrPoisson(config) => glr(poisson_chart(&self.series, config)?),
            DetectorSpec::GlrNegativeBinomial(config) => glr(config.chart(&self.series)?),
            _ => Ok(Chart::Stateless),
        }
    }
}

fn poisson_chart(series: &CountSeries, config: &GlrConfig) -> Result<glr::Chart, Error> {
    glr::Chart::new(series, config, glr::Dispersion::Poisson)
}

fn training_steps(spec: &DetectorSpec) -> usize {
    match spec {
        DetectorSpec::Cusum(config) => config.training_steps,
        DetectorSpec::GlrPoisson(config) => config.training_steps,
        DetectorSpec::GlrNegativeBinomial(config) => config.chart.training_steps,
        _ => 0,
    }
}
