//! Steps of time: days, weeks, months, and the years and weeks that tables write in two columns.

use super::build::remark;
use super::{Remark, Step};
use crate::ingest::meaning::{Profile, count};
use jiff::civil::{Date, ISOWeekDate, Weekday};
use std::collections::{BTreeSet, HashMap};
use wanquan_domain::date::{from_epoch_day, to_epoch_day};

/// One value before the calendar is known.
pub(super) struct Entry {
    pub place: u32,
    pub day: i32,
    pub n: i64,
}

/// The years and parts of years met, in the order of the file.
#[derive(Default)]
pub(super) struct YearParts {
    met: BTreeSet<(i16, i8)>,
    most: i8,
}

/// A year and part packed as a day, until it is known what the parts are.
const PARTS: i32 = 100;

impl YearParts {
    pub fn add(&mut self, year: &str, part: &str) -> Option<i32> {
        let year = count(year).filter(|y| (1800..=2200).contains(y))?;
        let part = count(part.trim().trim_start_matches(['W', 'w'])).filter(|p| (1..=53).contains(p))?;
        let (year, part) = (i16::try_from(year).ok()?, i8::try_from(part).ok()?);
        self.met.insert((year, part));
        self.most = self.most.max(part);
        Some(i32::from(year) * PARTS + i32::from(part))
    }

    /// True if the parts are months: by name, or because a year and more never goes beyond twelve.
    pub fn months(&self, part_name: &str) -> bool {
        let name = wanquan_domain::register::fold(part_name);
        let week = name.contains("week") || name == "wk" || name.contains('周');
        let month = name.contains("month") || name.contains('月');
        month || (!week && self.most <= 12 && self.met.len() >= 12)
    }

    /// Turns packed parts into days.
    pub fn resolve(&self, entries: &mut Vec<Entry>, part_name: &str, remarks: &mut Vec<Remark>) {
        let months = self.months(part_name);
        let date = |year: i16, part: i8| -> Option<Date> {
            if months {
                Date::new(year, part, 1).ok()
            } else {
                ISOWeekDate::new(year, part, Weekday::Monday).ok().map(|week| week.date())
            }
        };
        let mut days: HashMap<i32, i32> = HashMap::new();
        let met: Vec<(i16, i8)> = self.met.iter().copied().collect();
        let unbroken = met.windows(2).all(|pair| {
            let ((y0, p0), (y1, p1)) = (pair[0], pair[1]);
            (y1 == y0 && p1 == p0 + 1) || (y1 == y0 + 1 && p0 == 52 && p1 == 1)
        });
        let spans_53 = met.iter().any(|(y, _)| ISOWeekDate::new(*y, 53, Weekday::Monday).is_ok());
        let grid = !months && unbroken && self.most == 52 && spans_53 && met.len() > 52;
        let first = met.first().and_then(|(y, p)| date(*y, *p)).map(to_epoch_day);
        let mut lost = 0;
        for (i, (year, part)) in met.iter().enumerate() {
            let day = match (grid, first, i32::try_from(i)) {
                (true, Some(first), Ok(i)) => Some(first + 7 * i),
                _ => date(*year, *part).map(to_epoch_day),
            };
            match day {
                Some(day) => {
                    days.insert(i32::from(*year) * PARTS + i32::from(*part), day);
                }
                None => lost += 1,
            }
        }
        if grid {
            remarks.push(remark(
                "Q113",
                0,
                "years of 52 weeks throughout: weeks are laid end to end from the first".to_owned(),
                "各年均为 52 周：自第一周起依次排列".to_owned(),
            ));
        }
        if lost > 0 {
            remarks.push(remark(
                "Q103",
                lost,
                format!("{lost} weeks do not exist in their year"),
                format!("{lost} 个周次在该年不存在"),
            ));
        }
        entries.retain_mut(|entry| match days.get(&entry.day) {
            Some(day) => {
                entry.day = *day;
                true
            }
            None => false,
        });
    }
}

/// A whole period: 2020-W05, 2020W5, 2020-01, 202001.
pub(super) fn period(text: &str) -> Option<(Date, Step)> {
    let text = text.trim();
    if let Some((year, week)) = text.split_once(['W', 'w']) {
        let (year, week) = (year.trim_end_matches('-').parse().ok()?, week.parse().ok()?);
        return Some((ISOWeekDate::new(year, week, Weekday::Monday).ok()?.date(), Step::Week));
    }
    let (year, month) = match text.split_once('-') {
        Some((year, month)) if year.len() == 4 && month.len() <= 2 => (year, month),
        None if text.len() == 6 && text.is_ascii() => text.split_at(4),
        _ => return None,
    };
    let year: i16 = year.parse().ok().filter(|year| (1800..=2200).contains(year))?;
    Some((Date::new(year, month.parse().ok()?, 1).ok()?, Step::Month))
}

/// True if the cells of a column are whole periods.
pub(super) fn is_period(profile: &Profile) -> bool {
    !profile.distinct.is_empty() && profile.distinct.keys().take(200).all(|cell| period(cell).is_some())
}

/// First day, step, and positions of days on them.
pub(super) struct Calendar {
    pub start: Date,
    first: i32,
    pub step: Step,
}

impl Calendar {
    /// The coarsest step on which every day falls; `days` not empty.
    pub fn of(days: &[i32]) -> Self {
        let days: BTreeSet<i32> = days.iter().copied().collect();
        let first = days.first().copied().unwrap_or(0);
        let start = from_epoch_day(first).unwrap_or_default();
        let dates = || days.iter().filter_map(|day| from_epoch_day(*day));
        let several = days.len() > 2;
        let weekly = several && days.iter().all(|day| (day - first) % 7 == 0);
        let monthly = several && dates().all(|date| date.day() == 1);
        let step = if monthly {
            Step::Month
        } else if weekly {
            Step::Week
        } else {
            Step::Day
        };
        Self { start, first, step }
    }

    pub fn position(&self, day: i32) -> usize {
        let position = match self.step {
            Step::Day => day - self.first,
            Step::Week => (day - self.first).div_euclid(7),
            Step::Month => {
                let months = |date: Date| i32::from(date.year()) * 12 + i32::from(date.month());
                from_epoch_day(day).map_or(0, |date| months(date) - months(self.start))
            }
        };
        usize::try_from(position).unwrap_or(0)
    }

    pub fn steps(&self, last: i32) -> usize {
        self.position(last) + 1
    }
}
