//! Case fatality while many outcomes are still pending.

use super::{Interval, clopper_pearson, tail_of};
use crate::{CountSeries, Error, Pmf};
use serde::{Deserialize, Serialize};

/// Deaths per case, as counted and corrected for the delay from onset to death.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CaseFatality {
    /// Deaths per case so far; too low while cases grow.
    pub naive: Interval,
    /// Deaths per case whose death, if fatal, would have happened by now.
    pub corrected: Interval,
    /// Share of the cases whose outcome would be known by now (u of the paper).
    pub known_outcome_share: f64,
}

/// Case fatality ratio corrected for the delay from onset to death.
///
/// # Input
/// `cases`: new cases per step by onset date, complete to the day of `deaths` (correct reporting delay
/// first, see `delay`); `deaths`: deaths among them so far; `onset_to_death`: delay in the same steps, of
/// those who die. Steps not reported are left out of the cases and counted nowhere.
/// # Output
/// Proportions with exact binomial intervals. The corrected ratio is `None` if no death could be known yet, or
/// if more died than could have by the delay.
/// # Errors
/// `InvalidData` for no case or for more deaths than cases, `InvalidParameter` for the confidence.
/// # Method
/// Nishiura et al. 2009, PLoS ONE 4(8):e6852: the deaths are binomial in u x cases, with u the share of cases
/// whose delay has passed; the exact interval takes the real number u x cases as trials.
///
/// # Examples
/// ```
/// use wanquan_epi::{CountSeries, Pmf, Step, association::estimate_case_fatality};
/// // Cases double every 3 days; all deaths come 6 days after onset: only a quarter could have died.
/// let cases = (0..30).map(|day| Some(2_u32.pow(day / 3))).collect();
/// let cases = CountSeries::new(jiff::civil::date(2020, 1, 1), Step::Day, cases)?;
/// let delay = Pmf::new(vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])?;
/// let fatality = estimate_case_fatality(&cases, 76, &delay, 0.95)?;
/// assert!(fatality.corrected.estimate.unwrap() > 3.9 * fatality.naive.estimate.unwrap());
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn estimate_case_fatality(
    cases: &CountSeries,
    deaths: u32,
    onset_to_death: &Pmf,
    confidence: f64,
) -> Result<CaseFatality, Error> {
    let tail = tail_of(confidence)?;
    let total = cases.total() as f64;
    if total <= 0.0 {
        return Err(Error::InvalidData { what: "cases", position: 0, why: "there is no case" });
    }
    let deaths = f64::from(deaths);
    if deaths > total {
        return Err(Error::InvalidData { what: "deaths", position: 0, why: "more deaths than cases" });
    }
    let last = cases.len() - 1;
    let mut cumulative = 0.0;
    let mut known = 0.0;
    // From the newest case backwards the chance that a death would be known grows by one term a step.
    for step in (0..cases.len()).rev() {
        cumulative += onset_to_death.at(last - step);
        known += f64::from(cases.counts()[step].unwrap_or(0)) * cumulative.min(1.0);
    }
    let corrected = if known > 0.0 && deaths <= known {
        clopper_pearson(deaths, known, tail)
    } else {
        Interval { estimate: None, lower: None, upper: None }
    };
    Ok(CaseFatality {
        naive: clopper_pearson(deaths, total, tail),
        corrected,
        known_outcome_share: known / total,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Step;

    fn series(counts: &[u32]) -> CountSeries {
        let counts = counts.iter().map(|&n| Some(n)).collect();
        CountSeries::new(jiff::civil::date(2020, 1, 1), Step::Day, counts).unwrap()
    }

    #[test]
    fn without_delay_both_ratios_agree() {
        let fatality =
            estimate_case_fatality(&series(&[10, 20, 30]), 6, &Pmf::new(vec![1.0]).unwrap(), 0.95).unwrap();
        assert_eq!(fatality.naive, fatality.corrected);
        assert_eq!(fatality.naive.estimate, Some(0.1));
    }

    #[test]
    fn deaths_that_could_not_have_happened_leave_no_corrected_ratio() {
        let late = Pmf::new(vec![0.0, 0.0, 0.0, 1.0]).unwrap();
        let fatality = estimate_case_fatality(&series(&[10, 20, 30]), 6, &late, 0.95).unwrap();
        assert_eq!(fatality.corrected.estimate, None);
        assert!(estimate_case_fatality(&series(&[0, 0]), 0, &late, 0.95).is_err());
        assert!(estimate_case_fatality(&series(&[1]), 2, &late, 0.95).is_err());
    }
}
