//! Which past steps a count is compared with.

use crate::{CountSeries, Step};
use jiff::civil::{Date, Weekday};
use jiff::{ToSpan, Unit};
use serde::{Deserialize, Serialize};

/// How "the same time of year" is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum YearsBack {
    /// The same date `i` years earlier, for weeks moved to the nearest same weekday. Follows leap years
    /// and years of 53 weeks.
    Calendar,
    /// A fixed number of steps: 365 days, 52 weeks or 12 months. For series whose years were made equal.
    FixedSteps,
}

/// Step `i` years before step `now`; may lie before the series. `None` where the calendar has no such step.
pub(in crate::detect) fn step_years_back(
    series: &CountSeries,
    now: usize,
    years: usize,
    rule: YearsBack,
) -> Option<i64> {
    let now = i64::try_from(now).ok()?;
    let years = i64::try_from(years).ok()?;
    if years == 0 {
        return Some(now);
    }
    match rule {
        YearsBack::FixedSteps => Some(now - years * i64::try_from(series.step().per_year()).ok()?),
        YearsBack::Calendar => match series.step() {
            Step::Month => Some(now - 12 * years),
            Step::Day => {
                let date = years_earlier(series.date(usize::try_from(now).ok()?), years)?;
                days_between(series.start(), date)
            }
            Step::Week => {
                let today = series.date(usize::try_from(now).ok()?);
                let date = years_earlier(today, years)?;
                // Nearest same weekday; 7 is odd, so there is no tie.
                let ahead = days_ahead(date.weekday(), today.weekday());
                let days = days_between(series.start(), date)?;
                Some((if ahead <= 3 { days + ahead } else { days + ahead - 7 }).div_euclid(7))
            }
        },
    }
}

/// 29 February becomes 1 March where the year has none.
fn years_earlier(date: Date, years: i64) -> Option<Date> {
    if date.month() == 2 && date.day() == 29 {
        let first = Date::new(date.year(), 3, 1).ok()?.checked_sub(years.years()).ok()?;
        return if first.in_leap_year() { first.yesterday().ok() } else { Some(first) };
    }
    date.checked_sub(years.years()).ok()
}

fn days_ahead(from: Weekday, to: Weekday) -> i64 {
    i64::from(from.until(to))
}

pub(super) fn days_between(from: Date, to: Date) -> Option<i64> {
    Some(i64::from(from.until((Unit::Day, to)).ok()?.get_days()))
}

/// Season group of each step of a window of history.
///
/// Filled for steps `first..=now`: windows of `half_width` around each reference step carry the last
/// group `periods - 1`, the gap before the next newer window is split into `periods - 1` blocks, longer
/// ones first. With one period only the windows are used.
#[derive(Debug, Clone, Default)]
pub(super) struct Seasons {
    /// First step covered.
    pub(super) first: usize,
    /// Group per step from `first`; `None` = not used.
    pub(super) group: Vec<Option<usize>>,
}

impl Seasons {
    /// `references`: the step under test and those years before it, newest first.
    /// Returns false if a gap is too short for `periods`.
    pub(super) fn fill(&mut self, references: &[usize], half_width: usize, periods: usize) -> bool {
        let (Some(&now), Some(&oldest)) = (references.first(), references.last()) else { return false };
        self.first = oldest.saturating_sub(half_width);
        self.group.clear();
        self.group.resize(now + 1 - self.first, None);
        let last = periods - 1;
        for pair in references.windows(2) {
            let (newer, older) = (pair[0], pair[1]);
            if periods > 1 {
                let gap_start = older + half_width + 1;
                let Some(gap) = (newer.saturating_sub(half_width)).checked_sub(gap_start) else {
                    return false;
                };
                if gap < last {
                    return false;
                }
                let (length, rest) = (gap / last, gap % last);
                let mut step = gap_start;
                for block in 0..last {
                    let block_length = length + usize::from(block < rest);
                    for slot in &mut self.group[step - self.first..step + block_length - self.first] {
                        *slot = Some(block);
                    }
                    step += block_length;
                }
            }
        }
        for (i, &reference) in references.iter().enumerate() {
            let from = reference.saturating_sub(half_width).max(self.first);
            let to = if i == 0 { reference } else { (reference + half_width).min(now) };
            for slot in &mut self.group[from - self.first..=to - self.first] {
                *slot = Some(last);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn weeks(start: Date, n: usize) -> CountSeries {
        CountSeries::new(start, Step::Week, vec![Some(0); n]).unwrap()
    }

    #[test]
    fn the_same_week_of_earlier_years_is_at_most_three_days_off() {
        let series = weeks(date(2004, 1, 5), 600);
        for now in 300..600 {
            for years in 1..5_i64 {
                let whole = usize::try_from(years).unwrap();
                let back = step_years_back(&series, now, whole, YearsBack::Calendar).unwrap();
                let found = series.date(usize::try_from(back).unwrap());
                let wanted = series.date(now).checked_sub(years.years()).unwrap();
                let off = days_between(wanted, found).unwrap();
                assert!(off.abs() <= 3 || wanted.day() == 28 && off == 4, "{found} for {wanted}");
            }
        }
    }

    #[test]
    fn a_leap_day_goes_back_to_the_first_of_march() {
        assert_eq!(years_earlier(date(2024, 2, 29), 1), Some(date(2023, 3, 1)));
        assert_eq!(years_earlier(date(2024, 2, 29), 4), Some(date(2020, 2, 29)));
    }

    #[test]
    fn a_year_is_split_into_windows_and_blocks() {
        let mut seasons = Seasons::default();
        assert!(seasons.fill(&[104, 52, 0], 3, 10));
        assert_eq!(seasons.group[..4], [Some(9); 4]);
        // 45 weeks between the windows in 9 blocks of 5.
        assert_eq!(seasons.group[4..14], [[Some(0); 5], [Some(1); 5]].concat());
        assert_eq!(seasons.group[49..56], [Some(9); 7]);
        assert_eq!(seasons.group[101..105], [Some(9); 4]);
        assert!(seasons.group.iter().all(Option::is_some));
        assert!(seasons.fill(&[104, 52, 0], 3, 1));
        assert_eq!(seasons.group.iter().flatten().count(), 4 + 7 + 4);
        assert!(!seasons.fill(&[24, 12, 0], 3, 10), "six months cannot hold nine blocks");
    }
}
