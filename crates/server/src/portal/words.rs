//! Words, numbers and dates of the portal in both languages.

use jiff::civil::{Date, DateTime};
use wanquan_app::publish::PublicPlace;
use wanquan_domain::text::Lang;

/// A language to write in.
#[derive(Debug, Clone, Copy)]
pub struct Words(pub Lang);

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Words {
    /// The text in the language.
    pub fn t<'a>(&self, en: &'a str, zh: &'a str) -> &'a str {
        match self.0 {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    pub(super) fn is_en(&self) -> bool {
        self.0 == Lang::En
    }

    /// An address in the language: a path of this server with the parts of its query. Whatever they hold, the address
    /// stays one.
    pub(super) fn link(&self, path: &str, parts: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, value) in parts.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(key, value);
        }
        if self.0 == Lang::En {
            query.append_pair("lang", "en");
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    pub(super) fn html_lang(&self) -> &'static str {
        self.t("en", "zh-CN")
    }

    /// The query part of an address in the same language.
    pub(super) fn query(&self, region: Option<&str>) -> String {
        address(region, self.0)
    }

    /// An address that may have a query already, in the same language.
    pub(super) fn href(&self, path: &str) -> String {
        match self.0 {
            Lang::En if path.contains('?') => format!("{path}&lang=en"),
            Lang::En => format!("{path}?lang=en"),
            Lang::Zh => path.to_owned(),
        }
    }

    /// A day with the time of day.
    pub(super) fn date_time(&self, at: DateTime) -> String {
        format!("{} {:02}:{:02}", self.date(at.date()), at.hour(), at.minute())
    }

    pub(super) fn month(&self, year: i16, month: i8) -> String {
        let name = usize::try_from(month - 1).ok().and_then(|i| MONTHS.get(i)).copied().unwrap_or_default();
        match self.0 {
            Lang::Zh => format!("{year}年{month}月"),
            Lang::En => format!("{name} {year}"),
        }
    }

    /// A count, or the mark of one that is not published.
    pub(super) fn count(&self, n: Option<i64>) -> String {
        n.map_or_else(|| "·".to_owned(), integer)
    }

    pub(super) fn date(&self, date: Date) -> String {
        let (year, month, day) = (date.year(), date.month(), date.day());
        match self.0 {
            Lang::Zh => format!("{year}年{month}月{day}日"),
            Lang::En => format!("{day} {} {year}", MONTHS[usize::from(month.unsigned_abs()) - 1]),
        }
    }

    /// A date on an axis.
    pub(super) fn short_date(&self, date: Date) -> String {
        match self.0 {
            Lang::Zh => format!("{}月{}日", date.month(), date.day()),
            Lang::En => {
                format!("{} {}", date.day(), &MONTHS[usize::from(date.month().unsigned_abs()) - 1][..3])
            }
        }
    }
}

fn address(region: Option<&str>, lang: Lang) -> String {
    // Codes of packs are plain, but an address may carry anything.
    let region = region.map(|code| {
        let plain: String =
            code.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
        format!("region={plain}")
    });
    let parts: Vec<String> = region.into_iter().chain((lang == Lang::En).then(|| "lang=en".into())).collect();
    if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
}

/// A whole number with separators of thousands.
pub(super) fn integer(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if n < 0 { format!("−{text}") } else { text }
}

/// A size of a file for people.
pub(super) fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// The name of a region in a language.
pub(super) fn place_name(place: &PublicPlace, lang: Lang) -> &str {
    match (lang, &place.name_en) {
        (Lang::En, Some(name)) => name,
        _ => &place.name,
    }
}

/// Text that stands in SVG.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_are_written_for_people() {
        assert_eq!((integer(1_234_567).as_str(), integer(-12).as_str()), ("1,234,567", "−12"));
        let day = jiff::civil::date(2020, 2, 12);
        assert_eq!(Words(Lang::En).date(day), "12 February 2020");
        assert_eq!(Words(Lang::Zh).date(day), "2020年2月12日");
        assert_eq!(Words(Lang::En).short_date(day), "12 Feb");
    }

    #[test]
    fn an_address_carries_nothing_foreign() {
        assert_eq!(address(Some("14\"><script>"), Lang::En), "?region=14script&lang=en");
        assert_eq!(address(None, Lang::Zh), "");
    }
}
