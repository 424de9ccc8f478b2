//! How many cases will there be in the coming weeks, and how sure is that?
//!
//! - [`forecast_panel`]: the recommended one, for one series or many regions at once.
//! - [`forecast_random_walk`]: the yardstick, "as many as last time, give or take the usual changes".
//!
//! Give it what was known on the day of the forecast; correct the newest steps for reporting delay first
//! (`delay`), or the forecast starts from a dip that is none. Do not use it beyond four weeks, across a change of
//! case definition, or where there is less than about half a year of history: it then falls back on the random walk.
//!
//! Cost: rows of history x horizons x members x 11^2. 53 regions, three years of weeks, four horizons: 40 ms.
//! 5,000 regions should be forecast by province (panels of some hundred), a second each.

mod panel;
mod random_walk;
mod regression;
mod revision;

pub use panel::Panel;
pub use random_walk::forecast_random_walk;

use crate::Error;
use crate::score::{HUB_LEVELS, QuantileForecast};
use rayon::prelude::*;
use regression::{Horizon, MEMBER_ALONE, MEMBERS, Prepared};
use revision::Revision;
use serde::{Deserialize, Serialize};

/// What to forecast and how much of the past resembles today.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForecastConfig {
    /// Steps ahead, ascending, each 0 to 60. Weekly hubs ask for 1..=4, daily ones for 1..=28; 0 is what the newest
    /// count will be once it is revised.
    pub steps_ahead: Vec<usize>,
    /// Probability levels, symmetric about the median, which is among them. Recommended [`HUB_LEVELS`].
    pub levels: Vec<f64>,
    /// Half-width in weeks (standard deviation of a Gaussian) of the part of the year whose past growth counts, > 0.
    /// Recommended 3.5: growth turns within weeks around the peak of a season, so December says little of March.
    pub season_sd_weeks: f64,
    /// Weight of the rest of the year, 0 to 1. Recommended 0.02, so that an epidemic at an unusual time still has
    /// something to learn from.
    pub off_season_weight: f64,
    /// Half-width, in standard deviations over the past, of the level of all series at which past growth counts, > 0.
    /// Recommended 2: a week in which the season stood as high as today says more than the same week of a year whose
    /// season came earlier or later.
    pub level_sd: f64,
}

impl ForecastConfig {
    /// The 23 hub quantiles, for the given steps ahead.
    pub fn recommended(steps_ahead: impl IntoIterator<Item = usize>) -> Self {
        Self {
            steps_ahead: steps_ahead.into_iter().collect(),
            levels: HUB_LEVELS.to_vec(),
            season_sd_weeks: 3.5,
            off_season_weight: 0.02,
            level_sd: 2.0,
        }
    }

    fn check(&self) -> Result<(), Error> {
        let ascending = self.steps_ahead.windows(2).all(|w| w[0] < w[1]);
        let within = self.steps_ahead.iter().all(|k| *k <= 60);
        if self.steps_ahead.is_empty() || !ascending || !within {
            let why = "must ascend between 0 and 60";
            return Err(Error::parameter("steps_ahead", format!("{:?}", self.steps_ahead), why));
        }
        if !(self.season_sd_weeks > 0.0 && self.season_sd_weeks.is_finite()) {
            return Err(Error::parameter("season_sd_weeks", self.season_sd_weeks, "must be positive"));
        }
        if !(self.level_sd > 0.0 && self.level_sd.is_finite()) {
            return Err(Error::parameter("level_sd", self.level_sd, "must be positive"));
        }
        if !(0.0..=1.0).contains(&self.off_season_weight) {
            let why = "must lie between 0 and 1";
            return Err(Error::parameter("off_season_weight", self.off_season_weight, why));
        }
        // The type checks the levels.
        QuantileForecast::new(self.levels.clone(), vec![0.0; self.levels.len()]).map(|_| ())
    }
}

/// Why a series has no forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NoForecast {
    /// Nothing was reported in the last four steps (28 days).
    #[error("nothing was reported lately")]
    NothingRecent,
}

/// Forecasts of a panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PanelForecast {
    /// `series[i][j]`: series `i` of the panel, `steps_ahead[j]` steps after its last.
    pub series: Vec<Result<Vec<QuantileForecast>, NoForecast>>,
    /// Steps ahead, as asked for.
    pub steps_ahead: Vec<usize>,
    /// Past situations each horizon learnt from (0: random walk alone).
    pub rows: Vec<usize>,
}

/// Probabilistic forecast of every series of a panel.
///
/// # Input
/// `panel`: counts as known on the day of the forecast. One series is a panel of one.
/// # Output
/// Quantiles of the count of one step, whole numbers from 0. With fewer than five past situations per coefficient
/// (55; 40 for one series) the random walk alone.
/// # Errors
/// `InvalidParameter` or `InvalidData` for the config.
/// # Method
/// Ours. Six forecasts are averaged quantile by quantile. Five are direct regressions, one per horizon, of the change
/// of the transformed count (logarithm, fourth or square root of the rate) on the last five changes of the series,
/// the last three median changes of all series, and the height of the series over its own past with its square: an
/// epidemic slows down as it nears the size of earlier ones. They learn from all series and all past weeks, weighted
/// by closeness in the year and in the level of all series. Errors are scaled by a variance a + b/count estimated
/// along, and their empirical quantiles taken. The sixth is the random walk, which guards against the others being
/// sure of a turn that does not come. Where first reports are known, the newest count is first completed by what
/// later reports made of earlier ones, and the forecast widened by the uncertainty of that. docs/methods/forecast.md
/// says what each part gains.
///
/// # Examples
/// ```
/// use wanquan_epi::forecast::{ForecastConfig, Panel, forecast_panel};
/// use wanquan_epi::{CountSeries, Step};
/// let counts = (0..120_u32).map(|t| Some(20 + 10 * (t % 52).abs_diff(26))).collect();
/// let series = CountSeries::new(jiff::civil::date(2021, 1, 2), Step::Week, counts)?;
/// let panel = Panel::new(vec![series])?;
/// let forecast = forecast_panel(&panel, &ForecastConfig::recommended(1..=4))?;
/// let next = &forecast.series[0].as_ref().unwrap()[0];
/// assert_eq!(next.levels().len(), 23);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn forecast_panel(panel: &Panel, config: &ForecastConfig) -> Result<PanelForecast, Error> {
    forecast(panel, config, None)
}

/// An idea that can be left out, to see what it gains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForecastPart {
    /// The square of a series' height is a predictor. Without: the height alone.
    SquaredHeight,
    /// Five changes of the series are predictors. Without: the newest three.
    OlderChanges,
    /// Three median changes of all series are predictors. Without: none.
    PooledChanges,
    /// The same. Without: the newest one alone.
    OlderPooledChanges,
    /// Past errors are taken less their median. Without: as they are.
    CentredErrors,
    /// Past errors are widened. Without: as they are.
    Widening,
    /// The random walk is one of the forecasts averaged. Without: the regressions alone.
    RandomWalk,
    /// Five regressions are averaged. Without: that of the fourth root and the 90 % level alone, with the walk.
    OtherRegressions,
    /// Quantiles are whole numbers. Without: any.
    Rounding,
}

impl ForecastPart {
    /// All, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::SquaredHeight,
        Self::OlderChanges,
        Self::PooledChanges,
        Self::OlderPooledChanges,
        Self::CentredErrors,
        Self::Widening,
        Self::RandomWalk,
        Self::OtherRegressions,
        Self::Rounding,
    ];
}

/// [`forecast_panel`] without one of its ideas, for comparisons.
///
/// # Errors
/// As [`forecast_panel`].
/// # Examples
/// ```
/// use wanquan_epi::forecast::{ForecastConfig, ForecastPart, Panel, forecast_panel_without};
/// use wanquan_epi::{CountSeries, Step};
/// let counts = (0..120_u32).map(|t| Some(20 + 10 * (t % 52).abs_diff(26))).collect();
/// let series = CountSeries::new(jiff::civil::date(2021, 1, 2), Step::Week, counts)?;
/// let config = ForecastConfig::recommended(1..=1);
/// let found = forecast_panel_without(&Panel::new(vec![series])?, &config, ForecastPart::Rounding)?;
/// let quantiles = found.series[0].as_ref().unwrap()[0].values();
/// assert!(quantiles.iter().any(|q| q.fract() != 0.0));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn forecast_panel_without(
    panel: &Panel,
    config: &ForecastConfig,
    part: ForecastPart,
) -> Result<PanelForecast, Error> {
    forecast(panel, config, Some(part))
}

fn forecast(
    panel: &Panel,
    config: &ForecastConfig,
    without: Option<ForecastPart>,
) -> Result<PanelForecast, Error> {
    config.check()?;
    let levels = &config.levels;
    let revision = Revision::learn(panel, levels);
    let completed = revision.as_ref().map(|r| r.complete(panel)).transpose()?;
    let panel = completed.as_ref().unwrap_or(panel);
    let weekdays = panel.weekday_factors();
    let walk = random_walk::quantiles(panel, &config.steps_ahead, levels);
    let members = match without {
        Some(ForecastPart::OtherRegressions) => &MEMBERS[MEMBER_ALONE..=MEMBER_ALONE],
        _ => &MEMBERS[..],
    };
    let prepared: Vec<Prepared<'_>> =
        members.par_iter().map(|member| member.prepare(panel, &weekdays, config, without)).collect();
    // A series whose newest steps are missing is forecast from its own last one, further ahead.
    let last = panel.last();
    let newest: Vec<Option<usize>> = (0..panel.len()).map(|i| prepared[0].newest(i)).collect();
    let mut wanted: Vec<usize> = Vec::new();
    for t in newest.iter().flatten() {
        wanted.extend(config.steps_ahead.iter().map(|k| k + last - t).filter(|ahead| *ahead > 0));
    }
    wanted.sort_unstable();
    wanted.dedup();
    let fitted: Vec<Vec<Option<Horizon>>> = wanted
        .par_iter()
        .map(|ahead| prepared.iter().map(|member| member.fit(*ahead, config)).collect())
        .collect();
    let fits = |ahead: usize| wanted.binary_search(&ahead).ok().map(|at| &fitted[at]);
    let series = (0..panel.len())
        .map(|i| {
            let walk = walk[i].as_ref().ok_or(NoForecast::NothingRecent)?;
            let one = |(j, k): (usize, &usize)| {
                let mut sum = walk[j].clone();
                let mut parts = 1.0;
                if let Some(t) = newest[i]
                    && let Some(fits) = fits(k + last - t)
                {
                    let factor = weekdays.factor(i, last + k);
                    for (member, fit) in prepared.iter().zip(fits) {
                        let Some(fit) = fit else { continue };
                        for (sum, q) in sum.iter_mut().zip(member.predict(fit, i, t)) {
                            *sum += q * factor;
                        }
                        parts += 1.0;
                    }
                }
                if without == Some(ForecastPart::RandomWalk) && parts > 1.0 {
                    sum.iter_mut().zip(&walk[j]).for_each(|(sum, q)| *sum -= q);
                    parts -= 1.0;
                }
                let mut values: Vec<f64> = sum.into_iter().map(|q| q / parts).collect();
                if let (Some(revision), Some(count)) = (&revision, panel.counts(i)[last]) {
                    widen(&mut values, &revision.relative_errors(f64::from(count)));
                }
                if without != Some(ForecastPart::Rounding) {
                    values.iter_mut().for_each(|q| *q = q.round());
                }
                finish(levels, values)
            };
            Ok(config.steps_ahead.iter().enumerate().map(one).collect())
        })
        .collect();
    let rows = config
        .steps_ahead
        .iter()
        .map(|k| fits(*k).into_iter().flatten().flatten().map(|fit| fit.rows).max().unwrap_or(0))
        .collect();
    Ok(PanelForecast { series, steps_ahead: config.steps_ahead.clone(), rows })
}

/// Widens a forecast by an independent relative error of the level it starts from, both given by quantiles: distances
/// from the median add in squares, as standard deviations do.
fn widen(values: &mut [f64], relative_errors: &[f64]) {
    let middle = values.len() / 2;
    let median = values[middle].max(0.0);
    for (at, (value, error)) in values.iter_mut().zip(relative_errors).enumerate() {
        let own = *value - median;
        let error = median * error;
        *value = match at.cmp(&middle) {
            std::cmp::Ordering::Less => median - own.min(0.0).hypot(error.min(0.0)),
            std::cmp::Ordering::Equal => median,
            std::cmp::Ordering::Greater => median + own.max(0.0).hypot(error.max(0.0)),
        };
    }
}

/// Linear interpolation between order statistics, position p (n - 1); `sorted` is not empty.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let position = p * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in 0..len")]
    let below = position as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

/// Quantiles in order and not below 0.
fn finish(levels: &[f64], mut values: Vec<f64>) -> QuantileForecast {
    for v in &mut values {
        // A count beyond 10^15 is an explosion of the exponential, not a forecast.
        *v = if v.is_finite() { v.clamp(0.0, 1e15) } else { 1e15 };
    }
    values.sort_by(f64::total_cmp);
    QuantileForecast::new(levels.to_vec(), values).expect("levels were checked, values are sorted and finite")
}

#[cfg(test)]
mod tests;
