//! Civil dates as day numbers, for index and tally columns, and in their stored form `YYYY-MM-DD`.

use jiff::civil::Date;

/// Days from 0000-01-01 to 1970-01-01 in the proleptic Gregorian calendar, as used by Hinnant's algorithm with
/// its year starting in March.
const EPOCH_SHIFT: i32 = 719_468;

/// Days since 1970-01-01 of a date; negative before.
///
/// Integer arithmetic only (days_from_civil, H. Hinnant, "chrono-compatible low-level date algorithms"): it runs for
/// every date of every imported row.
pub fn to_epoch_day(date: Date) -> i32 {
    let (month, day) = (i32::from(date.month()), i32::from(date.day()));
    let year = i32::from(date.year()) - i32::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - EPOCH_SHIFT
}

/// The date that is `day` days after 1970-01-01; `None` outside of the years -9999 to 9999.
pub fn from_epoch_day(day: i32) -> Option<Date> {
    let shifted = day.checked_add(EPOCH_SHIFT)?;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i32::from(month <= 2);
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The date of exactly `YYYY-MM-DD`, the form in which values are stored; `None` for anything else.
///
/// Runs for every date of every row, so it takes the ten bytes as they are.
pub fn parse_iso(text: &str) -> Option<Date> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i16, |n, b| b.is_ascii_digit().then(|| n * 10 + i16::from(b - b'0')))
    };
    let (year, month, day) = (number(&bytes[..4])?, number(&bytes[5..7])?, number(&bytes[8..])?);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The stored form of a date, `YYYY-MM-DD`; written for every date of every imported row.
pub fn to_iso(date: Date) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    if !(0..=9999).contains(&year) {
        return date.to_string();
    }
    let digit = |n: i16| char::from(b'0' + u8::try_from(n % 10).unwrap_or(0));
    let mut text = String::with_capacity(10);
    text.extend([digit(year / 1000), digit(year / 100), digit(year / 10), digit(year), '-']);
    text.extend([digit(i16::from(month) / 10), digit(i16::from(month)), '-']);
    text.extend([digit(i16::from(day) / 10), digit(i16::from(day))]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn epoch_days_and_dates_are_each_others_inverse_over_four_centuries() {
        let mut day = date(1799, 12, 30);
        let mut expected = to_epoch_day(day);
        while day < date(2200, 3, 2) {
            assert_eq!(to_epoch_day(day), expected);
            assert_eq!(from_epoch_day(expected), Some(day));
            day = day.tomorrow().unwrap();
            expected += 1;
        }
        assert_eq!(to_epoch_day(date(1970, 1, 1)), 0);
        assert_eq!(to_epoch_day(date(2020, 1, 24)), 18_285);
    }

    #[test]
    fn the_stored_form_is_the_one_of_the_standard() {
        for day in [date(1, 2, 3), date(1861, 11, 21), date(2020, 1, 24), date(9999, 12, 31)] {
            assert_eq!(to_iso(day), day.to_string());
        }
    }

    #[test]
    fn only_the_stored_form_is_read() {
        assert_eq!(parse_iso("2020-02-29"), Some(date(2020, 2, 29)));
        for text in ["2019-02-29", "2020-2-29", "2020/02/29", "2020-02-29T", "+020-02-29", "2020年2月", ""]
        {
            assert_eq!(parse_iso(text), None, "{text}");
        }
    }
}
