//! Whether a place is open now, by its opening hours as an editor wrote them. What cannot be read as a whole says
//! nothing: "except on holidays" must not become "open".

use jiff::civil::{DateTime, Time};

/// Days from Monday on.
type Days = [bool; 7];
const EVERY_DAY: Days = [true; 7];

/// True if the place is open at a time, `None` if its hours do not say so in a way that can be read.
pub(super) fn is_open(hours: &str, at: DateTime) -> Option<bool> {
    let text = narrow(hours);
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let today = usize::try_from(at.weekday().to_monday_zero_offset()).ok()?;
    let yesterday = (today + 6) % 7;
    let (mut days, mut open, mut seen) = (EVERY_DAY, false, false);
    while !rest.is_empty() {
        if let Some((named, after)) = days_of(rest) {
            days = named;
            rest = after;
        } else if let Some(after) =
            ["24小时", "全天", "24/7", "24 h", "24h"].iter().find_map(|all| rest.strip_prefix(all))
        {
            open |= days[today];
            seen = true;
            rest = after;
        } else {
            let (from, after) = time_of(rest)?;
            let after = ["-", "–", "—", "~", "至", "到", "to "]
                .iter()
                .find_map(|to| after.trim_start().strip_prefix(to))?;
            let (to, after) = time_of(after.trim_start())?;
            let now = at.time();
            open |= if from < to {
                days[today] && from <= now && now < to
            } else {
                // Over midnight.
                (days[today] && from <= now) || (days[yesterday] && now < to)
            };
            seen = true;
            rest = after;
        }
        rest = rest.trim_start_matches([' ', ',', ';', '、', '\n', ':', '/']);
    }
    seen.then_some(open)
}

/// In lower case, with the signs of a Chinese keyboard as others write them.
fn narrow(text: &str) -> String {
    let one = |c: char| match c {
        '０'..='９' => char::from_u32(u32::from(c) - 0xff10 + 0x30).unwrap_or(c),
        '：' => ':',
        '，' => ',',
        '；' => ';',
        '　' => ' ',
        '－' | '―' => '-',
        '～' => '~',
        c => c.to_ascii_lowercase(),
    };
    text.chars().map(one).collect()
}

/// A time of day at the beginning of a text, and what follows.
fn time_of(text: &str) -> Option<(Time, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let hour = digits(text);
    let minutes = text.get(hour..)?.strip_prefix(':')?;
    if !(1..=2).contains(&hour) || digits(minutes) != 2 {
        return None;
    }
    let (hour, minute): (i8, i8) = (text[..hour].parse().ok()?, minutes[..2].parse().ok()?);
    // A day that ends at 24:00 ends at midnight.
    let time = if (hour, minute) == (24, 0) { Time::MAX } else { Time::new(hour, minute, 0, 0).ok()? };
    Some((time, &minutes[2..]))
}

/// Days from Monday on, in Chinese and by the beginning of their English name.
const NAMES: [(&str, &str); 7] =
    [("一", "mon"), ("二", "tue"), ("三", "wed"), ("四", "thu"), ("五", "fri"), ("六", "sat"), ("日", "sun")];

/// A day of the week at the beginning of a text, and what follows.
fn day_of(text: &str) -> Option<(usize, &str)> {
    if let Some(named) = ["周", "星期", "礼拜"].iter().find_map(|word| text.strip_prefix(word)) {
        return named.strip_prefix('天').map(|after| (6, after)).or_else(|| bare_day(named));
    }
    NAMES.iter().enumerate().find_map(|(n, (_, en))| {
        let after = text.strip_prefix(en)?;
        Some((n, after.trim_start_matches(|c: char| c.is_ascii_lowercase())))
    })
}

/// Days at the beginning of a text, and what follows: every day, one, or from one to another.
fn days_of(text: &str) -> Option<(Days, &str)> {
    if let Some(after) =
        ["每天", "每日", "daily", "every day"].iter().find_map(|word| text.strip_prefix(word))
    {
        return Some((EVERY_DAY, after));
    }
    if let Some(after) = text.strip_prefix("工作日") {
        return Some(([true, true, true, true, true, false, false], after));
    }
    let (first, after) = day_of(text)?;
    let to = ["至", "到", "-", "–", "—", "~"].iter().find_map(|to| after.trim_start().strip_prefix(to));
    let last = to.and_then(|to| day_of(to.trim_start()).or_else(|| bare_day(to)));
    let Some((last, after)) = last else {
        let mut days = [false; 7];
        days[first] = true;
        return Some((days, after));
    };
    let mut days = [false; 7];
    let mut day = first;
    loop {
        days[day] = true;
        if day == last {
            return Some((days, after));
        }
        day = (day + 1) % 7;
    }
}

/// The second day of "周一至五".
fn bare_day(text: &str) -> Option<(usize, &str)> {
    NAMES.iter().enumerate().find_map(|(n, (zh, _))| Some((n, text.strip_prefix(zh)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    /// Of a Wednesday and a Saturday in February 2020.
    fn on(hours: &str, day: i8, hour: i8, minute: i8) -> Option<bool> {
        is_open(hours, date(2020, 2, day).at(hour, minute, 0, 0))
    }

    const WEDNESDAY: i8 = 12;
    const SATURDAY: i8 = 15;

    #[test]
    fn hours_are_read_as_editors_write_them() {
        for hours in [
            "08:00-17:30",
            "每天 8:00—17:30",
            "周一至周五 8:00-17:30",
            "星期一到星期五：8：00～17：30",
            "周一至五 8:00-17:30",
            "Mon-Fri 8:00-17:30",
            "工作日8:00-17:30",
            "周三 8:00-12:00, 12:00-17:30",
        ] {
            assert_eq!(on(hours, WEDNESDAY, 8, 0), Some(true), "{hours}");
            assert_eq!(on(hours, WEDNESDAY, 17, 30), Some(false), "{hours}");
            assert_eq!(on(hours, WEDNESDAY, 7, 59), Some(false), "{hours}");
        }
        let week = "周一至周五 8:00-12:00，14:30-18:00；周六 9:00-11:00";
        assert_eq!(on(week, WEDNESDAY, 13, 0), Some(false));
        assert_eq!(on(week, WEDNESDAY, 15, 0), Some(true));
        assert_eq!(on(week, SATURDAY, 10, 0), Some(true));
        assert_eq!(on(week, SATURDAY, 15, 0), Some(false));
        assert_eq!(on("周六至周一 9:00-17:00", WEDNESDAY, 10, 0), Some(false));
        assert_eq!(on("周日 9:00-17:00", SATURDAY, 10, 0), Some(false));
        for always in ["24小时", "全天", "24/7", "每天 00:00-24:00", "周一至周日 全天"] {
            assert_eq!(on(always, SATURDAY, 3, 0), Some(true), "{always}");
        }
        assert_eq!(on("20:00-6:00", WEDNESDAY, 2, 0), Some(true), "over midnight");
        assert_eq!(on("周二 20:00-6:00", WEDNESDAY, 2, 0), Some(true), "begun on Tuesday");
        assert_eq!(on("周三 20:00-6:00", WEDNESDAY, 2, 0), Some(false));
    }

    #[test]
    fn what_cannot_be_read_as_a_whole_says_nothing() {
        for hours in [
            "",
            "按预约",
            "8:00-17:30，法定节假日除外",
            "上午8点至下午5点",
            "8:00",
            "8:00-25:00",
            "周一",
            "8.30-17.30",
            "-",
            "周",
        ] {
            assert_eq!(on(hours, WEDNESDAY, 10, 0), None, "{hours}");
        }
    }
}
