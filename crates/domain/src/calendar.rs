//! Working time: periods such as "2 h", "3 d" and "8 working hours", and when they end.
//!
//! Everything here is civil time at the place of the installation; the caller converts to and from instants.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{SignedDuration, ToSpan};
use std::collections::BTreeSet;
use std::fmt;

/// Unit of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodUnit {
    /// Minutes by the clock.
    Minutes,
    /// Hours by the clock.
    Hours,
    /// Days by the clock: the same time of day so many days later.
    Days,
    /// Hours within working time.
    WorkingHours,
    /// Working days: the same time of day so many working days later.
    WorkingDays,
}

/// A length of time as packs write it: `30 min`, `2 h`, `3 d`, `8 working h`, `5 working d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// How many, from 1.
    pub n: u32,
    /// Of what.
    pub unit: PeriodUnit,
}

impl Period {
    /// Reads a period as packs write it.
    pub fn parse(text: &str) -> Option<Self> {
        let (n, unit) = text.trim().split_once(' ')?;
        let unit = match unit.trim() {
            "min" => PeriodUnit::Minutes,
            "h" => PeriodUnit::Hours,
            "d" => PeriodUnit::Days,
            "working h" => PeriodUnit::WorkingHours,
            "working d" => PeriodUnit::WorkingDays,
            _ => return None,
        };
        // Ten years in minutes: beyond it, nobody waits.
        let n = n.parse().ok().filter(|n| (1..=5_256_000).contains(n))?;
        Some(Self { n, unit })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            PeriodUnit::Minutes => "min",
            PeriodUnit::Hours => "h",
            PeriodUnit::Days => "d",
            PeriodUnit::WorkingHours => "working h",
            PeriodUnit::WorkingDays => "working d",
        };
        write!(f, "{} {unit}", self.n)
    }
}

/// When people of an installation work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Working time of a day, as beginning and end, ascending and apart.
    pub hours: Vec<(Time, Time)>,
    /// Days of the week on which people do not work.
    pub weekend: BTreeSet<u8>,
    /// Days off beyond the weekend.
    pub holidays: BTreeSet<Date>,
    /// Days of a weekend that are worked in exchange.
    pub worked: BTreeSet<Date>,
}

impl Default for Calendar {
    /// Monday to Friday, 8 to 12 and 14 to 18, without holidays.
    fn default() -> Self {
        let time = |hour| Time::constant(hour, 0, 0, 0);
        Self {
            hours: vec![(time(8), time(12)), (time(14), time(18))],
            weekend: [6, 7].into(),
            holidays: BTreeSet::new(),
            worked: BTreeSet::new(),
        }
    }
}

/// Days searched for working time before giving up: a calendar without any has no end of a working period.
const SEARCH_DAYS: u32 = 4_000;

impl Calendar {
    /// True if people work on this day.
    pub fn is_working_day(&self, date: Date) -> bool {
        if self.worked.contains(&date) {
            return true;
        }
        !self.holidays.contains(&date) && !self.weekend.contains(&iso_number(date.weekday()))
    }

    /// When a period that begins at `from` ends. Working hours are counted from the first working time at or after
    /// `from`; a period of working days that begins on a day off begins on the next working day.
    pub fn end_of(&self, from: DateTime, period: Period) -> DateTime {
        let n = i64::from(period.n);
        match period.unit {
            PeriodUnit::Minutes => add(from, SignedDuration::from_mins(n)),
            PeriodUnit::Hours => add(from, SignedDuration::from_hours(n)),
            PeriodUnit::Days => from.checked_add(n.days()).unwrap_or(DateTime::MAX),
            PeriodUnit::WorkingDays => self.after_working_days(from, period.n),
            PeriodUnit::WorkingHours => self.after_working_time(from, SignedDuration::from_hours(n)),
        }
    }

    fn after_working_days(&self, from: DateTime, n: u32) -> DateTime {
        let mut date = from.date();
        let mut left = n;
        for _ in 0..SEARCH_DAYS {
            let Ok(next) = date.tomorrow() else { break };
            date = next;
            if self.is_working_day(date) {
                left -= 1;
                if left == 0 {
                    return date.to_datetime(from.time());
                }
            }
        }
        DateTime::MAX
    }

    fn after_working_time(&self, from: DateTime, time: SignedDuration) -> DateTime {
        let mut date = from.date();
        let mut left = time;
        for _ in 0..SEARCH_DAYS {
            if self.is_working_day(date) {
                for (begin, end) in &self.hours {
                    let begin = date.to_datetime(*begin).max(from);
                    let end = date.to_datetime(*end);
                    if begin >= end {
                        continue;
                    }
                    let open = end.duration_since(begin);
                    if left <= open {
                        return add(begin, left);
                    }
                    left -= open;
                }
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        DateTime::MAX
    }
}

fn add(from: DateTime, time: SignedDuration) -> DateTime {
    from.checked_add(time).unwrap_or(DateTime::MAX)
}

/// 1 for Monday to 7 for Sunday.
pub fn iso_number(day: Weekday) -> u8 {
    day.to_monday_one_offset().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, datetime};

    fn check(from: DateTime, period: &str, end: DateTime) {
        let mut calendar = Calendar::default();
        calendar.holidays.insert(date(2020, 5, 1));
        calendar.worked.insert(date(2020, 4, 26));
        let period = Period::parse(period).unwrap();
        assert_eq!(calendar.end_of(from, period), end, "{from} + {period}");
    }

    #[test]
    fn periods_end_by_the_clock_or_by_working_time() {
        // 2020-02-14 is a Friday.
        check(datetime(2020, 2, 14, 17, 0, 0, 0), "2 h", datetime(2020, 2, 14, 19, 0, 0, 0));
        check(datetime(2020, 2, 14, 17, 0, 0, 0), "30 min", datetime(2020, 2, 14, 17, 30, 0, 0));
        check(datetime(2020, 2, 14, 17, 0, 0, 0), "3 d", datetime(2020, 2, 17, 17, 0, 0, 0));
        check(datetime(2020, 2, 14, 17, 0, 0, 0), "2 working h", datetime(2020, 2, 17, 9, 0, 0, 0));
        check(datetime(2020, 2, 14, 11, 0, 0, 0), "2 working h", datetime(2020, 2, 14, 15, 0, 0, 0));
        check(datetime(2020, 2, 15, 11, 0, 0, 0), "1 working h", datetime(2020, 2, 17, 9, 0, 0, 0));
        check(datetime(2020, 2, 14, 17, 0, 0, 0), "1 working d", datetime(2020, 2, 17, 17, 0, 0, 0));
    }

    #[test]
    fn holidays_are_off_and_exchanged_weekends_are_worked() {
        // 2020-04-30 is a Thursday, 05-01 a holiday; 04-26 a Sunday worked in exchange.
        check(datetime(2020, 4, 30, 17, 0, 0, 0), "2 working h", datetime(2020, 5, 4, 9, 0, 0, 0));
        check(datetime(2020, 4, 24, 17, 0, 0, 0), "2 working h", datetime(2020, 4, 26, 9, 0, 0, 0));
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in ["", "2", "h", "0 h", "-1 h", "2 weeks", "99999999999 h"] {
            assert_eq!(Period::parse(text), None, "{text}");
        }
        let never = Calendar { hours: Vec::new(), ..Calendar::default() };
        let period = Period::parse("1 working h").unwrap();
        assert_eq!(never.end_of(datetime(2020, 2, 14, 17, 0, 0, 0), period), DateTime::MAX);
    }
}
