//! Civil dates as day numbers, for index and tally columns.

use jiff::civil::Date;

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// Days since 1970-01-01 (negative before).
pub fn to_epoch_day(date: Date) -> i32 {
    EPOCH.until(date).map_or(0, |span| span.get_days())
}

/// The civil date of a day number; `None` outside the years -9999 to 9999.
pub fn from_epoch_day(day: i32) -> Option<Date> {
    EPOCH.checked_add(jiff::Span::new().try_days(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn day_numbers_count_from_1970_both_ways() {
        for (d, n) in [(date(1970, 1, 1), 0), (date(2020, 2, 12), 18_304), (date(1861, 11, 21), -39_487)] {
            assert_eq!(to_epoch_day(d), n);
            assert_eq!(from_epoch_day(n), Some(d));
        }
    }
}
