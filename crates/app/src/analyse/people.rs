//! What a line list says beyond its curve: outcomes, and how late reports come in.

use crate::ingest::series::{Case, SeriesSet};
use jiff::civil::Date;
use serde::Serialize;
use wanquan_domain::date::to_epoch_day;

/// Fewest persons with both dates for a summary of a delay; with fewer, a quantile is one person's story.
const DELAY_PERSONS_MIN: usize = 5;

/// Longest delay taken for real: beyond a year one of the dates is a slip.
const DELAY_DAYS_MAX: i32 = 365;

/// Furthest that a report may lie behind the last day counted to be believed.
const LATE_REPORT_DAYS_MAX: i32 = 60;

/// Outcomes as the list states them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Outcomes {
    /// Persons known dead.
    pub died: u64,
    /// Persons known alive.
    pub survived: u64,
    /// Persons of whom the list does not say.
    pub unknown: u64,
}

/// Outcomes of persons; `None` where the list states none.
pub fn outcomes(cases: &[Case]) -> Option<Outcomes> {
    let count = |wanted| cases.iter().filter(|case| case.died == wanted).count() as u64;
    let (died, survived) = (count(Some(true)), count(Some(false)));
    (died + survived > 0).then(|| Outcomes { died, survived, unknown: count(None) })
}

/// Distribution of the days between two dates of a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delay {
    /// First date: `onset` or `admission`.
    pub from: &'static str,
    /// Second date: `report`, `confirmation` or `admission`.
    pub to: &'static str,
    /// Persons with both dates in order.
    pub persons: usize,
    /// Persons whose dates stand in the wrong order or more than a year apart; left out.
    pub left_out: usize,
    /// Mean, days.
    pub mean_days: f64,
    /// Median, days.
    pub median_days: i32,
    /// First quartile, days.
    pub q25_days: i32,
    /// Third quartile, days.
    pub q75_days: i32,
    /// Days within which 95 of 100 were reported.
    pub q95_days: i32,
    /// Longest, days.
    pub max_days: i32,
}

/// A pair of dates of a person, with the names of the two.
type Pair = (&'static str, &'static str, fn(&Case) -> (Option<Date>, Option<Date>));

/// The delay from falling ill to being known, by the first pair of dates that enough persons have.
pub fn delay(cases: &[Case]) -> Option<Delay> {
    let pairs: [Pair; 5] = [
        ("onset", "report", |case| (case.onset, case.report)),
        ("onset", "confirmation", |case| (case.onset, case.confirmation)),
        ("admission", "report", |case| (case.admission, case.report)),
        ("onset", "admission", |case| (case.onset, case.admission)),
        ("admission", "confirmation", |case| (case.admission, case.confirmation)),
    ];
    pairs.into_iter().find_map(|(from, to, dates)| {
        let both = cases.iter().filter_map(|case| match dates(case) {
            (Some(from), Some(to)) => Some(to_epoch_day(to) - to_epoch_day(from)),
            _ => None,
        });
        let (mut days, odd): (Vec<i32>, Vec<i32>) = both.partition(|d| (0..=DELAY_DAYS_MAX).contains(d));
        if days.len() < DELAY_PERSONS_MIN {
            return None;
        }
        days.sort_unstable();
        // The smallest value that at least so many per cent do not exceed: a day that occurred, not between two.
        let quantile = |percent: usize| days[(days.len() * percent).div_ceil(100).max(1) - 1];
        #[expect(clippy::cast_precision_loss, reason = "numbers of persons stay far below 2^53")]
        let mean_days = days.iter().map(|d| f64::from(*d)).sum::<f64>() / days.len() as f64;
        Some(Delay {
            from,
            to,
            persons: days.len(),
            left_out: odd.len(),
            mean_days,
            median_days: quantile(50),
            q25_days: quantile(25),
            q75_days: quantile(75),
            q95_days: quantile(95),
            max_days: quantile(100),
        })
    })
}

/// The last day of which a line list knows: a report after the last onset says that no onset was known in between.
/// Dates a delay apart from anything counted are slips and do not move it.
pub fn last_known(cases: &[Case], last_counted: Date) -> Date {
    let last = to_epoch_day(last_counted);
    let dates = cases.iter().flat_map(|case| [case.report, case.confirmation]).flatten();
    dates
        .filter(|date| to_epoch_day(*date) - last <= LATE_REPORT_DAYS_MAX)
        .max()
        .map_or(last_counted, |d| d.max(last_counted))
}

/// True if the series count exactly the persons with a first symptom on each day: then its last days still grow.
pub fn counted_by_onset(set: &SeriesSet) -> bool {
    let start = to_epoch_day(set.start);
    let mut days = vec![0_i64; set.steps];
    let mut dated = false;
    for onset in set.cases.iter().filter_map(|case| case.onset) {
        let Ok(at) = usize::try_from(to_epoch_day(onset) - start) else { return false };
        let Some(n) = days.get_mut(at) else { return false };
        *n += 1;
        dated = true;
    }
    dated && set.total().iter().zip(&days).all(|(total, n)| total.unwrap_or(0) == *n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn case(onset: i8, report: Option<i8>, died: Option<bool>) -> Case {
        Case {
            place: 0,
            onset: Some(date(2020, 1, onset)),
            report: report.map(|day| date(2020, 1, day)),
            confirmation: None,
            admission: None,
            imported: None,
            sex: None,
            age_years: None,
            died,
        }
    }

    #[test]
    fn a_delay_leaves_out_dates_in_the_wrong_order_and_counts_them() {
        let reports = [3, 4, 5, 6, 11, 1];
        let cases: Vec<Case> = reports.iter().map(|day| case(2, Some(*day), None)).collect();
        let delay = delay(&cases).unwrap();
        assert_eq!((delay.from, delay.to, delay.persons, delay.left_out), ("onset", "report", 5, 1));
        assert_eq!((delay.q25_days, delay.median_days, delay.q95_days, delay.max_days), (2, 3, 9, 9));
        assert!((delay.mean_days - 3.8).abs() < 1e-12);
    }

    #[test]
    fn a_late_report_moves_the_last_day_and_a_slip_does_not() {
        let mut cases = [case(2, Some(9), None), case(3, None, None)];
        assert_eq!(last_known(&cases, date(2020, 1, 3)), date(2020, 1, 9));
        cases[1].report = Some(date(2029, 1, 1));
        assert_eq!(last_known(&cases, date(2020, 1, 3)), date(2020, 1, 9));
        assert_eq!(last_known(&[], date(2020, 1, 3)), date(2020, 1, 3));
    }

    #[test]
    fn four_persons_make_no_delay() {
        assert_eq!(delay(&[case(2, Some(3), None); 4]), None);
    }

    #[test]
    fn an_unknown_outcome_is_no_survival() {
        let cases = [case(1, None, Some(true)), case(1, None, Some(false)), case(1, None, None)];
        assert_eq!(outcomes(&cases), Some(Outcomes { died: 1, survived: 1, unknown: 1 }));
        assert_eq!(outcomes(&cases[2..]), None);
    }
}
