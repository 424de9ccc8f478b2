//! Dates as people write them, decided for a whole column and never guessed.
//!
//! Most forms speak for themselves: a four-digit year in front, `2020年1月24日`, eight digits, a month by name. Two
//! need the column: `05/01/2020` (day or month first?) and spreadsheet day numbers (a count looks the same).
//! - One value that admits a single order (`24/01/2020`) decides the order of the column. If no value does, values
//!   that would differ between the orders are refused until the person says which comes first. If values decide
//!   both ways, each value that speaks for itself is read, the rest refused.
//! - Day numbers are dates only where every filled cell of the column is a plausible one.
//! - A year of two digits, a missing year, and a period in place of a date are refused with their own codes.

use jiff::ToSpan;
use jiff::civil::Date;
use std::ops::RangeInclusive;
use wanquan_domain::issue::IssueCode;
use wanquan_domain::value::{WrittenDate, is_missing};

/// Which of day and month comes first where the year comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DateOrder {
    /// 24/01/2020.
    DayFirst,
    /// 01/24/2020.
    MonthFirst,
}

impl DateOrder {
    /// The order of a name used in options.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "dmy" => Some(Self::DayFirst),
            "mdy" => Some(Self::MonthFirst),
            _ => None,
        }
    }

    /// The name used in options and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DayFirst => "dmy",
            Self::MonthFirst => "mdy",
        }
    }
}

/// What one cell says, before its column is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Written {
    /// Stands for "missing".
    Missing,
    /// A date that speaks for itself.
    Date(WrittenDate),
    /// Two numbers and a year behind them; at least one order makes a real day.
    OrderOpen {
        /// Read with the day first.
        day_first: Option<Date>,
        /// Read with the month first.
        month_first: Option<Date>,
        /// A time of day other than midnight was cut off.
        time_dropped: bool,
    },
    /// A number that may count days as spreadsheets do.
    Serial(WrittenDate),
    /// No date, and why.
    No(IssueCode),
}

/// Years that a date in a list can plausibly have; outside, a digit is more likely wrong than the year.
const YEARS: RangeInclusive<i32> = 1800..=2200;
/// Spreadsheet day numbers of 1954 to 2119: smaller numbers are more likely counts or ages.
const SERIALS: RangeInclusive<i32> = 20_000..=80_000;

/// Reads one cell by itself.
pub fn examine(text: &str) -> Written {
    let text = text.trim();
    if let Some(date) = iso(text.as_bytes()) {
        return date;
    }
    if is_missing(text) {
        return Written::Missing;
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && text.bytes().filter(|b| *b == b'.').count() <= 1
    {
        return number(text);
    }
    let folded;
    let text = if text.is_ascii() {
        text
    } else {
        folded = half_width(text);
        folded.trim()
    };
    if let Some(written) = three_numbers(text) {
        return written;
    }
    month_by_name(text).unwrap_or_else(|| Written::No(why_not(text)))
}

/// The most frequent form, `2020-01-24`, at a glance.
fn iso(text: &[u8]) -> Option<Written> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let digits = [y1, y2, y3, y4, m1, m2, d1, d2];
    if !digits.iter().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value = |bytes: &[&u8]| bytes.iter().fold(0, |n, b| 10 * n + i32::from(**b - b'0'));
    Some(plain(civil(value(&digits[..4]), value(&digits[4..6]), value(&digits[6..]))))
}

fn plain(date: Option<Date>) -> Written {
    date.map_or(Written::No(IssueCode::NotADate), |date| {
        Written::Date(WrittenDate { date, time_dropped: false })
    })
}

fn civil(year: i32, month: i32, day: i32) -> Option<Date> {
    if !YEARS.contains(&year) {
        return None;
    }
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Eight digits, or a day number.
fn number(text: &str) -> Written {
    if text.len() == 8 && !text.contains('.') {
        let part = |range: std::ops::Range<usize>| text[range].parse().unwrap_or(0);
        return plain(civil(part(0..4), part(4..6), part(6..8)));
    }
    let (days, fraction) = text.split_once('.').unwrap_or((text, ""));
    let serial = days
        .parse()
        .ok()
        .filter(|days| SERIALS.contains(days))
        .and_then(|days: i32| jiff::civil::date(1899, 12, 30).checked_add(i64::from(days).days()).ok());
    match serial {
        Some(date) => {
            Written::Serial(WrittenDate { date, time_dropped: fraction.bytes().any(|b| b != b'0') })
        }
        None if fraction.len() <= 2 && days.len() <= 2 && !fraction.is_empty() => {
            Written::No(IssueCode::DateWithoutYear)
        }
        None => Written::No(IssueCode::NotADate),
    }
}

fn half_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            '\u{3000}' | '\u{a0}' => ' ',
            _ => c,
        })
        .collect()
}

/// Three numbers joined by date separators, then nothing or a time of day.
fn three_numbers(text: &str) -> Option<Written> {
    let mut rest = text;
    let mut parts = [(0_i32, 0_usize); 3];
    for (i, part) in parts.iter_mut().enumerate() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > 4 {
            return None;
        }
        *part = (rest[..digits].parse().ok()?, digits);
        rest = &rest[digits..];
        match (i, rest.chars().next()) {
            (0 | 1, Some(separator @ ('-' | '/' | '.' | '_' | '年' | '月' | '\\'))) => {
                rest = rest[separator.len_utf8()..].trim_start_matches(' ');
            }
            (2, Some(end @ ('日' | '号'))) => rest = &rest[end.len_utf8()..],
            (2, _) => {}
            _ => return None,
        }
    }
    let time_dropped = time_of_day(rest)?;
    let [a, b, c] = parts;
    let written = |date: Option<Date>| {
        date.map_or(Written::No(IssueCode::NotADate), |date| {
            Written::Date(WrittenDate { date, time_dropped })
        })
    };
    if a.1 == 4 && b.1 <= 2 && c.1 <= 2 {
        return Some(written(civil(a.0, b.0, c.0)));
    }
    if c.1 == 4 && a.1 <= 2 && b.1 <= 2 {
        let (day_first, month_first) = (civil(c.0, b.0, a.0), civil(c.0, a.0, b.0));
        return Some(match (day_first, month_first) {
            (None, None) => Written::No(IssueCode::NotADate),
            (Some(one), Some(other)) if one == other => written(Some(one)),
            _ => Written::OrderOpen { day_first, month_first, time_dropped },
        });
    }
    Some(Written::No(if a.1 <= 2 && b.1 <= 2 && c.1 <= 2 {
        IssueCode::TwoDigitYear
    } else {
        IssueCode::NotADate
    }))
}

/// Whether a time of day other than midnight follows; `None` if something else does.
fn time_of_day(rest: &str) -> Option<bool> {
    if rest.is_empty() {
        return Some(false);
    }
    let time = rest.strip_prefix(['T', 't', ' '])?.trim();
    if time.is_empty() {
        return Some(false);
    }
    let known = |c: char| c.is_ascii_digit() || ":.+-Z APMapm".contains(c);
    if !time.chars().all(known) || !time.starts_with(|c: char| c.is_ascii_digit()) || !time.contains(':') {
        return None;
    }
    // The offset from UTC is no time of day.
    let clock = time.split(['+', '-', 'Z']).next().unwrap_or(time);
    Some(clock.bytes().any(|b| (b'1'..=b'9').contains(&b)))
}

/// `24 Jan 2020`, `24-January-2020`, `Jan 24, 2020`.
fn month_by_name(text: &str) -> Option<Written> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let (head, time) = match text.find(':') {
        // A time of day begins after the last blank before its colon.
        Some(colon) => text.split_at(text[..colon].rfind(' ')?),
        None => (text, ""),
    };
    let time_dropped = time_of_day(time)?;
    let parts: Vec<&str> = head.split([' ', '-', '/', '.', ',']).filter(|part| !part.is_empty()).collect();
    let [first, second, year] = parts[..] else { return None };
    let named = |part: &str| {
        let lower = part.to_ascii_lowercase();
        let lower = if lower == "sept" { "sep" } else { &lower };
        (lower.len() >= 3).then(|| MONTHS.iter().position(|month| month.starts_with(lower))).flatten()
    };
    let (month, day) = named(second).map(|m| (m, first)).or_else(|| named(first).map(|m| (m, second)))?;
    let day = day.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if year.len() == 2 {
        return Some(Written::No(IssueCode::TwoDigitYear));
    }
    let date = civil(year.parse().ok()?, i32::try_from(month).ok()? + 1, day.parse().ok()?)?;
    Some(Written::Date(WrittenDate { date, time_dropped }))
}

fn why_not(text: &str) -> IssueCode {
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).count();
    let open_end = text.starts_with(['-', '~', '–', '<', '>']) || text.ends_with(['-', '~', '–']);
    if (numbers >= 4 && !text.contains(':')) || (open_end && numbers == 3) {
        IssueCode::DateRange
    } else if numbers == 2 && text.chars().count() <= 8 && !text.contains(':') && !has_year(text) {
        IssueCode::DateWithoutYear
    } else {
        IssueCode::NotADate
    }
}

fn has_year(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|part| part.len() == 4)
}

/// True if the text is a date of its own (not a bare number): what a header of day columns consists of, and what
/// the first row of a table without a header gives away.
pub fn looks_like_a_date(text: &str) -> bool {
    matches!(examine(text), Written::Date(_) | Written::OrderOpen { .. })
        && text.contains(|c: char| !c.is_ascii_digit())
}

/// `05/05/2020`: two short numbers before a long one.
fn is_year_last(text: &str) -> bool {
    let mut parts = text.trim().split(|c: char| !c.is_ascii_digit()).map(str::len);
    matches!((parts.next(), parts.next(), parts.next()), (Some(1..=2), Some(1..=2), Some(4)))
}

/// Counts what the cells of one column say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DateColumn {
    /// Cells whose date speaks for itself.
    pub plain: u64,
    /// Cells with the year last that are the same day in either order.
    pub either: u64,
    /// Cells that can only be read with the day first.
    pub day_first_only: u64,
    /// Cells that can only be read with the month first.
    pub month_first_only: u64,
    /// Cells that differ between the orders.
    pub open: u64,
    /// Plausible day numbers.
    pub serials: u64,
    /// Filled cells that are no date.
    pub other: u64,
    /// Missing.
    pub missing: u64,
}

impl DateColumn {
    /// Takes in one cell.
    pub fn add(&mut self, text: &str) {
        match examine(text) {
            Written::Missing => self.missing += 1,
            Written::Date(_) if is_year_last(text) => self.either += 1,
            Written::Date(_) => self.plain += 1,
            Written::OrderOpen { day_first: Some(_), month_first: Some(_), .. } => self.open += 1,
            Written::OrderOpen { day_first: Some(_), .. } => self.day_first_only += 1,
            Written::OrderOpen { .. } => self.month_first_only += 1,
            Written::Serial(_) => self.serials += 1,
            Written::No(_) => self.other += 1,
        }
    }

    /// Cells that are dates in some way; day numbers only where nothing else stands in the column.
    pub fn dates(&self) -> u64 {
        let dates = self.plain + self.either + self.day_first_only + self.month_first_only + self.open;
        if dates == 0 && self.other == 0 { self.serials } else { dates }
    }

    /// Filled cells.
    pub fn filled(&self) -> u64 {
        self.plain
            + self.either
            + self.day_first_only
            + self.month_first_only
            + self.open
            + self.serials
            + self.other
    }

    /// How the column is to be read; `order` is what the person said.
    pub fn decide(&self, order: Option<DateOrder>) -> DateRule {
        let found = match (self.day_first_only > 0, self.month_first_only > 0) {
            (true, false) => Some(DateOrder::DayFirst),
            (false, true) => Some(DateOrder::MonthFirst),
            _ => None,
        };
        let conflicting = self.day_first_only > 0 && self.month_first_only > 0;
        let year_last = self.open + self.either + self.day_first_only + self.month_first_only > 0;
        DateRule {
            order: order.filter(|_| year_last).or(found),
            serials: self.serials > 0 && self.serials == self.filled(),
            ambiguous: self.open > 0 && order.is_none() && found.is_none(),
            conflicting,
            year_first: self.plain > 0,
        }
    }
}

/// How the dates of one column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DateRule {
    /// Order of day and month where the year comes last; `None` if open or not needed.
    pub order: Option<DateOrder>,
    /// Whether the column holds day numbers.
    pub serials: bool,
    /// Cells differ between the orders and nothing decides: they are refused.
    pub ambiguous: bool,
    /// Some cells can only be read with the day first, others only with the month first.
    pub conflicting: bool,
    /// Some cells speak for themselves.
    pub year_first: bool,
}

impl DateRule {
    /// The name shown in reports.
    pub fn as_str(&self) -> &'static str {
        match (self.ambiguous, self.order, self.serials, self.year_first) {
            (true, ..) => "ambiguous",
            (_, Some(_), _, true) => "mixed",
            (_, Some(order), ..) => order.as_str(),
            (_, None, true, _) => "excel_serial",
            (_, None, false, true) => "ymd",
            _ if self.conflicting => "mixed",
            _ => "none",
        }
    }

    /// Reads one cell.
    ///
    /// # Errors
    /// The code that says why the cell is no date that can be relied on.
    pub fn read(&self, text: &str) -> Result<Option<WrittenDate>, IssueCode> {
        match examine(text) {
            Written::Missing => Ok(None),
            Written::Date(written) => Ok(Some(written)),
            Written::OrderOpen { day_first, month_first, time_dropped } => {
                let date = match (self.order, day_first, month_first) {
                    (Some(DateOrder::DayFirst), date, _) | (Some(DateOrder::MonthFirst), _, date) => {
                        date.ok_or(IssueCode::NotADate)?
                    }
                    (None, Some(date), None) | (None, None, Some(date)) => date,
                    (None, ..) => return Err(IssueCode::AmbiguousDate),
                };
                Ok(Some(WrittenDate { date, time_dropped }))
            }
            Written::Serial(written) if self.serials => Ok(Some(written)),
            Written::Serial(_) => Err(IssueCode::NotADate),
            Written::No(code) => Err(code),
        }
    }
}

/// The days that a run of column names stands for, if every one is a date and the run moves forward.
///
/// Besides the forms of cells this reads `X2020.01.22` (names that R mended) and the two-digit years of
/// `1/22/20`: the run itself shows the order, since only one reading moves forward day by day or week by week.
pub fn header_days(names: &[&str]) -> Option<Vec<Date>> {
    let mended: Vec<&str> =
        names.iter().map(|name| name.trim().trim_start_matches(['X', 'x', 'd', 'D', '_'])).collect();
    let mut column = DateColumn::default();
    mended.iter().for_each(|name| column.add(name));
    let forward = |days: &[Date]| days.windows(2).all(|pair| pair[0] < pair[1]);
    let read = |rule: &DateRule| -> Option<Vec<Date>> {
        mended.iter().map(|name| rule.read(name).ok().flatten().map(|written| written.date)).collect()
    };
    if column.missing + column.other == 0 && column.serials == 0 {
        let rule = column.decide(None);
        if !rule.ambiguous {
            return read(&rule).filter(|days| forward(days));
        }
        let runs = [DateOrder::DayFirst, DateOrder::MonthFirst]
            .map(|order| read(&column.decide(Some(order))).filter(|days| forward(days) && even_steps(days)));
        return match runs {
            [Some(days), None] | [None, Some(days)] => Some(days),
            _ => None,
        };
    }
    let orders = [[0, 1, 2], [1, 0, 2], [2, 1, 0]]; // positions of month, day, year: m/d/y, d/m/y, y/m/d
    let mut runs = orders.iter().filter_map(|order| {
        let days: Option<Vec<Date>> = mended.iter().map(|name| two_digit_year(name, *order)).collect();
        days.filter(|days| days.len() > 2 && forward(days) && even_steps(days))
    });
    let first = runs.next()?;
    runs.next().is_none().then_some(first)
}

fn even_steps(days: &[Date]) -> bool {
    let step = |pair: &[Date]| pair[0].until(pair[1]).map(|span| span.get_days()).unwrap_or(0);
    let steps: Vec<i32> = days.windows(2).map(step).collect();
    steps.iter().all(|s| *s == steps[0] && (*s == 1 || *s == 7))
}

fn two_digit_year(text: &str, [month, day, year]: [usize; 3]) -> Option<Date> {
    let parts: Vec<&str> = text.split(['/', '.', '-', '_']).collect();
    if parts.len() != 3 || parts[year].len() != 2 {
        return None;
    }
    let value = |i: usize| parts[i].parse::<i32>().ok();
    civil(2000 + value(year)?, value(month)?, value(day)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn column(cells: &[&str]) -> DateColumn {
        let mut column = DateColumn::default();
        cells.iter().for_each(|cell| column.add(cell));
        column
    }

    #[test]
    fn forms_that_speak_for_themselves_need_no_column() {
        let day = WrittenDate { date: date(2020, 1, 24), time_dropped: false };
        for text in [
            "2020-01-24",
            "2020/1/24",
            "2020.1.24",
            "2020年1月24日",
            "2020年01月24号",
            "２０２０－０１－２４",
            "20200124",
            "24 Jan 2020",
            "24-January-2020",
            "Jan 24, 2020",
            "2020-01-24T00:00:00Z",
            "2020-01-24 00:00:00+08:00",
            " 2020/1/24 0:00 ",
        ] {
            assert_eq!(examine(text), Written::Date(day), "{text}");
        }
        assert_eq!(examine("2020-01-24 13:05"), Written::Date(WrittenDate { time_dropped: true, ..day }));
        assert_eq!(examine("05/05/2020"), plain(Some(date(2020, 5, 5))));
    }

    #[test]
    fn what_is_no_date_says_why() {
        use IssueCode::{DateRange, DateWithoutYear, NotADate, TwoDigitYear};
        for (text, code) in [
            ("12.01.2020 - 15.01.2020", DateRange),
            ("12.01.2020-15.01.2020", DateRange),
            ("2020-01-12~2020-01-15", DateRange),
            ("- 15.01.2020", DateRange),
            ("1月24日", DateWithoutYear),
            ("4/19", DateWithoutYear),
            ("1.24", DateWithoutYear),
            ("24/01/20", TwoDigitYear),
            ("24-Jan-20", TwoDigitYear),
            ("soon", NotADate),
            ("2020-02-30", NotADate),
            ("20201350", NotADate),
            ("2020", NotADate),
            ("2020-01", NotADate),
            ("45", NotADate),
            ("12/2020", NotADate),
        ] {
            assert_eq!(examine(text), Written::No(code), "{text}");
        }
        for text in ["", "NA", "?", "不详"] {
            assert_eq!(examine(text), Written::Missing);
        }
    }

    #[test]
    fn one_value_decides_the_order_of_its_column() {
        let rule = column(&["05/01/2020", "24/01/2020", ""]).decide(None);
        assert_eq!(rule.order, Some(DateOrder::DayFirst));
        assert_eq!(rule.read("05/01/2020").unwrap().unwrap().date, date(2020, 1, 5));
        assert_eq!(column(&["05/05/2020", "24/01/2020"]).decide(None).as_str(), "dmy");
        let rule = column(&["03.04.2020", "03.14.2020"]).decide(None);
        assert_eq!(rule.read("03.04.2020").unwrap().unwrap().date, date(2020, 3, 4));
        assert!(rule.read("24.01.2020").is_err());
    }

    #[test]
    fn an_order_that_nothing_decides_is_refused_until_it_is_said() {
        let open = column(&["05/01/2020", "06/02/2020", "07/07/2020"]);
        let rule = open.decide(None);
        assert!(rule.ambiguous);
        assert_eq!(rule.read("05/01/2020"), Err(IssueCode::AmbiguousDate));
        assert_eq!(rule.read("07/07/2020").unwrap().unwrap().date, date(2020, 7, 7));
        let said = open.decide(Some(DateOrder::MonthFirst));
        assert_eq!(said.read("05/01/2020").unwrap().unwrap().date, date(2020, 5, 1));
    }

    #[test]
    fn values_that_decide_both_ways_leave_the_others_open() {
        let rule = column(&["24/01/2020", "01/24/2020", "05/01/2020"]).decide(None);
        assert!(rule.ambiguous && rule.conflicting);
        assert_eq!(rule.read("24/01/2020").unwrap().unwrap().date, date(2020, 1, 24));
        assert_eq!(rule.read("05/01/2020"), Err(IssueCode::AmbiguousDate));
    }

    #[test]
    fn day_numbers_are_dates_only_where_the_whole_column_is() {
        let rule = column(&["43854", "43855.5", ""]).decide(None);
        assert_eq!(
            rule.read("43854.0").unwrap(),
            Some(WrittenDate { date: date(2020, 1, 24), time_dropped: false })
        );
        assert!(rule.read("43855.5").unwrap().unwrap().time_dropped);
        let mixed = column(&["43854", "2020-01-25"]).decide(None);
        assert_eq!(mixed.read("43854"), Err(IssueCode::NotADate));
        assert_eq!(column(&["43854", "17"]).dates(), 0);
    }

    #[test]
    fn a_run_of_column_names_shows_its_own_order() {
        assert_eq!(
            header_days(&["1/30/20", "1/31/20", "2/1/20"]),
            Some(vec![date(2020, 1, 30), date(2020, 1, 31), date(2020, 2, 1)])
        );
        assert_eq!(header_days(&["X2020.01.22", "X2020.01.23"]).unwrap().len(), 2);
        assert_eq!(header_days(&["05/01/2020", "06/01/2020", "07/01/2020"]).unwrap()[0], date(2020, 1, 5));
        assert_eq!(header_days(&["2020-01-23", "2020-01-22"]), None);
        assert_eq!(header_days(&["a", "b"]), None);
    }

    proptest::proptest! {
        #[test]
        fn every_day_is_read_back_from_every_form(day in 0..73_000_i64) {
            let day = date(1900, 1, 1).checked_add(day.days()).unwrap();
            for form in ["%Y-%m-%d", "%Y/%-m/%-d", "%Y.%m.%d", "%Y年%-m月%-d日", "%Y%m%d", "%-d %b %Y"] {
                let text = day.strftime(form).to_string();
                proptest::prop_assert_eq!(examine(&text), plain(Some(day)), "{}", text);
            }
            let rule = DateRule { order: Some(DateOrder::DayFirst), ..DateRule::default() };
            let text = day.strftime("%d.%m.%Y").to_string();
            proptest::prop_assert_eq!(rule.read(&text).unwrap().unwrap().date, day);
        }

        #[test]
        fn no_text_makes_the_reader_fail(text in "\\PC{0,20}") {
            let _ = examine(&text);
        }
    }
}
