//! Words and numbers of the report in both languages.

use wanquan_app::analyse::NoteCode;
use wanquan_app::analyse::report::Recent;
use wanquan_domain::text::Lang;
use wanquan_epi::Step;

/// The one of two words that the language wants.
pub fn t<'a>(lang: Lang, en: &'a str, zh: &'a str) -> &'a str {
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

/// Why there is no estimate.
pub fn note(code: NoteCode, lang: Lang) -> &'static str {
    match code {
        NoteCode::NoSerialInterval => t(lang, "no serial interval", "缺少序列间隔"),
        NoteCode::TooFewCases => t(lang, "too few cases", "病例过少"),
        NoteCode::TooShort => t(lang, "series too short", "序列过短"),
        NoteCode::NotDaily => t(lang, "needs daily counts", "需逐日数据"),
        NoteCode::NoFit => t(lang, "no fit", "拟合失败"),
    }
}

/// The name of a step.
pub fn step(step: Step, lang: Lang) -> &'static str {
    match step {
        Step::Day => t(lang, "day", "日"),
        Step::Week => t(lang, "week", "周"),
        Step::Month => t(lang, "month", "月"),
    }
}

/// A method as people call it.
pub fn method(id: &str) -> &str {
    match id {
        "ears_c1" => "C1",
        "ears_c2" => "C2",
        "ears_c3" => "C3",
        "farrington_flexible" => "Farrington",
        "regression_scan" => "Scan",
        other => other,
    }
}

/// An integer with thin groups: `1,234,567`.
pub fn integer(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut grouped = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(c);
    }
    if n < 0 { format!("-{grouped}") } else { grouped }
}

/// Reproduction number with its interval, or why there is none.
pub fn rt(recent: &Recent, lang: Lang) -> String {
    match (&recent.rt, recent.rt_note) {
        (Some(rt), _) => format!("{:.2} ({:.2}-{:.2})", rt.mean, rt.lower, rt.upper),
        (None, Some(code)) => note(code, lang).to_owned(),
        (None, None) => "-".to_owned(),
    }
}

/// Growth a day with its interval, or why there is none.
pub fn growth(recent: &Recent, lang: Lang) -> String {
    match (&recent.growth, recent.growth_note) {
        (Some(growth), _) => {
            let percent = |rate: f64| (rate.exp() - 1.0) * 100.0;
            let rate = growth.rate_per_day;
            format!(
                "{:+.1}% ({:+.1}..{:+.1})",
                percent(rate.estimate),
                percent(rate.lower),
                percent(rate.upper)
            )
        }
        (None, Some(code)) => note(code, lang).to_owned(),
        (None, None) => "-".to_owned(),
    }
}

/// Doubling or halving time with its interval; `None` if the rate may be zero.
pub fn doubling(recent: &Recent, lang: Lang) -> Option<String> {
    let growth = recent.growth.as_ref()?;
    let (word, time) = match (&growth.doubling_time_days, &growth.halving_time_days) {
        (Some(time), _) => (t(lang, "doubles in", "倍增"), time),
        (None, Some(time)) => (t(lang, "halves in", "减半"), time),
        (None, None) => return None,
    };
    let days = t(lang, "days", "天");
    Some(format!("{word} {:.1} {days} ({:.1}-{:.1})", time.estimate, time.lower, time.upper))
}
