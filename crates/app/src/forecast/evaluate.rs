//! Forecasts against the truth.

use super::Cell;
use super::hub::Counts;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use wanquan_epi::score::{Wis, interval_coverage, pit_histogram, weighted_interval_score};

/// What scores are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Place.
    Location,
    /// Steps from the reference date to the target.
    Horizon,
    /// Day of the forecast.
    ReferenceDate,
}

impl By {
    /// The name of the column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Location => "location",
            Self::Horizon => "horizon",
            Self::ReferenceDate => "reference_date",
        }
    }
}

/// Comparison with other forecasts over the cells that both have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Relative {
    /// Cells that both have and whose truth is known.
    pub forecasts: usize,
    /// Mean score of these forecasts over them.
    pub wis: f64,
    /// Mean score of the other forecasts over them.
    pub other_wis: f64,
    /// The former over the latter; `None` if the latter is 0.
    pub ratio: Option<f64>,
}

/// Mean scores of a set of forecasts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// Forecasts scored.
    pub forecasts: usize,
    /// Mean weighted interval score.
    pub wis: f64,
    /// Its part for the width of the intervals.
    pub dispersion: f64,
    /// Its part for forecasts above the truth.
    pub overprediction: f64,
    /// Its part for forecasts below the truth.
    pub underprediction: f64,
    /// Mean distance of the median from the truth.
    pub median_error: f64,
    /// Share of the truths within the central 50 % interval; `None` without that interval.
    pub coverage_50: Option<f64>,
    /// Share of the truths within the central 95 % interval; `None` without that interval.
    pub coverage_95: Option<f64>,
    /// Share of the truths by tenth of their forecast distribution: 0.1 each if calibrated.
    pub pit: Vec<f64>,
    /// Comparison, where asked for and where both have forecasts.
    pub relative: Option<Relative>,
}

/// Scores in all and by group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Over every forecast whose truth is known.
    pub all: Scores,
    /// What the groups are.
    pub by: Option<By>,
    /// By group, in order.
    pub groups: Vec<(String, Scores)>,
    /// Forecasts whose truth is not known.
    pub without_truth: usize,
}

/// Tenths of the probability integral transform.
const PIT_BINS: usize = 10;

struct Scored<'a> {
    cell: &'a Cell,
    truth: f64,
    wis: Wis,
    other: Option<f64>,
}

/// Scores forecasts against the truth and, over common cells, against other forecasts.
///
/// # Errors
/// [`super::Error::Nothing`] if no forecast has a known truth.
pub fn evaluate(
    cells: &[Cell],
    truth: &Counts,
    others: Option<&[Cell]>,
    by: Option<By>,
) -> Result<Evaluation, super::Error> {
    let key = |cell: &'_ Cell| -> (String, Date, Date) {
        (cell.location.clone(), cell.reference_date, cell.target_end_date)
    };
    let others: HashMap<(String, Date, Date), &Cell> =
        others.unwrap_or_default().iter().map(|cell| (key(cell), cell)).collect();
    let mut scored = Vec::with_capacity(cells.len());
    for cell in cells {
        let Some(&truth) =
            truth.by_location.get(&cell.location).and_then(|counts| counts.get(&cell.target_end_date))
        else {
            continue;
        };
        let wis = weighted_interval_score(&cell.forecast, truth)?;
        let other = others
            .get(&key(cell))
            .map(|other| weighted_interval_score(&other.forecast, truth).map(|wis| wis.total))
            .transpose()?;
        scored.push(Scored { cell, truth, wis, other });
    }
    if scored.is_empty() {
        let why = "no forecast has a place and target date that the truth has".to_owned();
        return Err(super::Error::Nothing { why });
    }
    let mut groups = Vec::new();
    if let Some(by) = by {
        let mut of_group: BTreeMap<(i32, String), Vec<&Scored<'_>>> = BTreeMap::new();
        for one in &scored {
            let key = match by {
                By::Location => (0, one.cell.location.clone()),
                // Numbers in their order, not in that of their digits.
                By::Horizon => (one.cell.horizon, one.cell.horizon.to_string()),
                By::ReferenceDate => (0, one.cell.reference_date.to_string()),
            };
            of_group.entry(key).or_default().push(one);
        }
        for ((_, name), members) in of_group {
            groups.push((name, mean_scores(&members)?));
        }
    }
    Ok(Evaluation {
        all: mean_scores(&scored.iter().collect::<Vec<_>>())?,
        by,
        groups,
        without_truth: cells.len() - scored.len(),
    })
}

fn mean_scores(scored: &[&Scored<'_>]) -> Result<Scores, super::Error> {
    let n = scored.len() as f64;
    let mean = |value: &dyn Fn(&Scored<'_>) -> f64| scored.iter().map(|one| value(one)).sum::<f64>() / n;
    let pairs: Vec<_> = scored.iter().map(|one| (&one.cell.forecast, one.truth)).collect();
    let cumulative: Vec<(f64, f64)> = pairs.iter().map(|(f, truth)| f.probability_range(*truth)).collect();
    let both: Vec<(f64, f64)> =
        scored.iter().filter_map(|one| one.other.map(|other| (one.wis.total, other))).collect();
    let relative = (!both.is_empty()).then(|| {
        let sums = both.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        Relative {
            forecasts: both.len(),
            wis: sums.0 / both.len() as f64,
            other_wis: sums.1 / both.len() as f64,
            ratio: (sums.1 > 0.0).then(|| sums.0 / sums.1),
        }
    });
    Ok(Scores {
        forecasts: scored.len(),
        wis: mean(&|one| one.wis.total),
        dispersion: mean(&|one| one.wis.dispersion),
        overprediction: mean(&|one| one.wis.overprediction),
        underprediction: mean(&|one| one.wis.underprediction),
        median_error: mean(&|one| (one.cell.forecast.median() - one.truth).abs()),
        coverage_50: interval_coverage(&pairs, 0.5)?.observed_share,
        coverage_95: interval_coverage(&pairs, 0.95)?.observed_share,
        pit: pit_histogram(&cumulative, PIT_BINS)?,
        relative,
    })
}
