//! The yardstick: no change on average, and changes as large as they used to be.

use super::{ForecastConfig, NoForecast, Panel, PanelForecast, finish, quantile};
use crate::Error;

/// Steps without a report after which a series has no forecast, in units of growth (weeks).
const UNITS_SINCE_REPORT_MAX: usize = 4;

/// Random-walk forecast: the last count, plus past changes over the same number of steps, taken in both directions.
///
/// # Input, output, errors
/// As [`super::forecast_panel`]. For daily data the last count is that of the same weekday.
/// # Method
/// As the baseline model of the US forecast hubs, but with changes over the whole horizon in place of convolved
/// one-step changes, which makes it deterministic.
/// # Examples
/// ```
/// use wanquan_epi::forecast::{ForecastConfig, Panel, forecast_random_walk};
/// use wanquan_epi::{CountSeries, Step};
///
/// // Weekly Salmonella Newport, Germany 2004-2014 (Robert Koch Institute, SurvStat).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/salmonella_newport_de.csv"));
/// let counts = figures.lines().skip(2).map(|l| l.split(',').nth(1)?.parse().ok()).collect();
/// let series = CountSeries::new(jiff::civil::date(2004, 1, 5), Step::Week, counts)?;
/// let found = forecast_random_walk(&Panel::new(vec![series])?, &ForecastConfig::recommended(1..=4))?;
/// let by_step = found.series[0].as_ref().expect("reported until the end");
/// assert_eq!(by_step.len(), 4);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn forecast_random_walk(panel: &Panel, config: &ForecastConfig) -> Result<PanelForecast, Error> {
    config.check()?;
    let series = quantiles(panel, &config.steps_ahead, &config.levels)
        .into_iter()
        .map(|by_step| {
            let by_step = by_step.ok_or(NoForecast::NothingRecent)?;
            Ok(by_step.into_iter().map(|values| finish(&config.levels, values)).collect())
        })
        .collect();
    Ok(PanelForecast {
        series,
        steps_ahead: config.steps_ahead.clone(),
        rows: vec![0; config.steps_ahead.len()],
    })
}

/// Quantiles by series, horizon, level; `None` for a series without a recent report.
pub(super) fn quantiles(panel: &Panel, steps_ahead: &[usize], levels: &[f64]) -> Vec<Option<Vec<Vec<f64>>>> {
    let unit = panel.unit();
    (0..panel.len())
        .map(|i| {
            let counts = panel.counts(i);
            let known = |t: usize| counts[t].map(f64::from);
            let recent = panel.steps().saturating_sub(UNITS_SINCE_REPORT_MAX * unit);
            // The newest report; for days, of each weekday.
            let newest = |weekday: usize| {
                (recent..panel.steps())
                    .rev()
                    .filter(|t| t % unit == weekday % unit)
                    .find_map(|t| Some((t, known(t)?)))
            };
            let any = (recent..panel.steps()).rev().find_map(|t| Some((t, known(t)?)))?;
            let one = |&k: &usize| {
                let (from, last) = newest(panel.last() + k).unwrap_or(any);
                // Whole weeks back, so that weekdays cancel; from the newest report on, where the last steps lack one.
                let lag = (panel.last() + k - from).div_ceil(unit) * unit;
                let mut changes: Vec<f64> = (lag..panel.steps())
                    .filter_map(|t| Some(known(t)? - known(t - lag)?))
                    .flat_map(|d| [d, -d])
                    .collect();
                if changes.is_empty() {
                    // Without history, Poisson-like spread around the one count known.
                    let sd = last.max(1.0).sqrt();
                    changes = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0].map(|z| z * sd).to_vec();
                }
                changes.sort_by(f64::total_cmp);
                levels.iter().map(|&p| (last + quantile(&changes, p)).max(0.0)).collect()
            };
            Some(steps_ahead.iter().map(one).collect())
        })
        .collect()
}
