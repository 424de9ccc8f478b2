//! In-control mean of the control charts: a log-linear fit with yearly harmonics on the steps before the
//! chart begins.

use crate::glm::{
    Design, Ending, Fit, fit_negative_binomial, fit_negative_binomial_as_reference,
    fit_negative_binomial_of_size, fit_poisson,
};
use crate::{CountSeries, Error};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;
use std::ops::Range;

/// Mean of the counts while nothing unusual happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeasonalMean {
    /// Pairs of sine and cosine of the year and its fractions, 0 to 6; 0 = no season.
    pub harmonics: usize,
    /// Whether the mean may grow or decline exponentially.
    pub trend: MeanTrend,
}

/// Trend of a [`SeasonalMean`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeanTrend {
    /// None.
    Constant,
    /// Log-linear in time. Extrapolated without end: refit often.
    LogLinear,
}

/// A fitted mean, for any step.
#[derive(Debug, Clone)]
pub(super) struct Fitted {
    model: SeasonalMean,
    fit: Fit,
    centre: f64,
    scale: f64,
    period: f64,
    /// Variance mu + alpha mu^2; `None` for a Poisson fit or where there is none.
    pub(super) alpha: Option<f64>,
}

impl Fitted {
    /// Mean of step `t`.
    pub(super) fn mean(&self, t: usize) -> f64 {
        let mut row = Vec::with_capacity(self.model.columns());
        self.model.row(t, self.centre, self.scale, self.period, &mut row);
        self.fit.predict(&row)
    }
}

impl SeasonalMean {
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.harmonics > 6 {
            return Err(Error::parameter("harmonics", self.harmonics, "must not exceed 6"));
        }
        Ok(())
    }

    fn columns(&self) -> usize {
        1 + usize::from(self.trend == MeanTrend::LogLinear) + 2 * self.harmonics
    }

    fn row(&self, t: usize, centre: f64, scale: f64, period: f64, row: &mut Vec<f64>) {
        row.push(1.0);
        if self.trend == MeanTrend::LogLinear {
            row.push((t as f64 - centre) / scale);
        }
        for s in 1..=self.harmonics {
            let (sine, cosine) = (TAU * (s * t) as f64 / period).sin_cos();
            row.extend([sine, cosine]);
        }
    }

    /// Fits to the reported steps of `training`.
    pub(super) fn fit(
        &self,
        series: &CountSeries,
        training: Range<usize>,
        family: Family,
        ending: Ending,
    ) -> Result<Fitted, Error> {
        let rows: Vec<(usize, f64)> =
            training.clone().filter_map(|t| series.counts()[t].map(|y| (t, f64::from(y)))).collect();
        let columns = self.columns();
        // A fit with fewer than two rows per column would follow the noise.
        if rows.len() < 2 * columns {
            return Err(Error::TooShort { what: "training steps", got: rows.len(), need: 2 * columns });
        }
        let centre = 0.5 * (training.start + training.end) as f64;
        let scale = training.len() as f64;
        let period = series.step().per_year() as f64;
        let design = Design::new(rows.len(), columns, |i, values| {
            self.row(rows[i].0, centre, scale, period, values);
        });
        let y: Vec<f64> = rows.iter().map(|r| r.1).collect();
        let (fit, alpha) = match family {
            Family::Poisson => (fit_poisson(&y, &design, ending)?, None),
            Family::NegativeBinomial { alpha: Some(alpha) } => {
                (fit_negative_binomial_of_size(&y, &design, alpha.recip(), ending)?, Some(alpha))
            }
            Family::NegativeBinomial { alpha: None } if ending == Ending::Reference => {
                let (fit, size) = fit_negative_binomial_as_reference(&y, &design)?;
                (fit, Some(size.recip()))
            }
            Family::NegativeBinomial { alpha: None } => {
                let found = fit_negative_binomial(&y, &design)?;
                (found.fit, found.size.map(f64::recip))
            }
        };
        Ok(Fitted { model: *self, fit, centre, scale, period, alpha })
    }
}

/// Distribution of the fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Family {
    Poisson,
    NegativeBinomial {
        /// Given overdispersion; `None` = estimate it.
        alpha: Option<f64>,
    },
}
