//! The report for a terminal, at most 96 columns.

use super::{plain, words};
use std::fmt::Write;
use wanquan_app::analyse::NoteCode;
use wanquan_app::analyse::report::{PlaceSection, Report, SignalSection};
use wanquan_domain::text::Lang;
use words::{integer, t};

const WIDTH: usize = 96;
const PLACES_SHOWN: usize = 15;
const SIGNALS_SHOWN: usize = 15;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Columns that a text takes on a terminal: ideographs take two.
fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

fn column(c: char) -> usize {
    let wide = matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}');
    if wide { 2 } else { 1 }
}

/// The text cut or filled to exactly so many columns.
pub(super) fn fit(text: &str, width: usize) -> String {
    let text = plain(text);
    let mut out = text.clone();
    let mut taken = columns(&text);
    if taken > width {
        (out, taken) = (String::new(), 0);
        for c in text.chars() {
            if taken + column(c) + 1 > width {
                break;
            }
            out.push(c);
            taken += column(c);
        }
        out.push('…');
        taken += 1;
    }
    out.extend(std::iter::repeat_n(' ', width - taken));
    out
}

/// The text filled from the left.
fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(text))))
}

/// Lines of at most the width; continuation lines are indented. Breaks at blanks, or anywhere in Chinese.
pub(super) fn wrap(text: &str, indent: usize) -> String {
    let mut out = String::new();
    let mut line = String::new();
    for word in plain(text).split_inclusive(|c: char| c == ' ' || column(c) == 2) {
        if indent + columns(&line) + columns(word.trim_end()) > WIDTH && !line.is_empty() {
            let _ = writeln!(out, "{}", line.trim_end());
            out.push_str(&" ".repeat(indent));
            line.clear();
        }
        line.push_str(word);
    }
    out.push_str(line.trim_end());
    out
}

/// A curve of at most `width` characters; several steps share one when there are more. `·` = nobody reported.
pub fn sparkline(counts: &[Option<i64>], width: usize) -> String {
    let bin = counts.len().div_ceil(width.max(1)).max(1);
    let sums: Vec<Option<i64>> =
        counts.chunks(bin).map(|chunk| chunk.iter().flatten().copied().reduce(|a, b| a + b)).collect();
    let top = sums.iter().flatten().copied().max().unwrap_or(0).max(1);
    sums.iter()
        .map(|n| match n {
            None => '·',
            Some(n) if *n <= 0 => ' ',
            Some(n) => BARS[usize::try_from((*n - 1).max(0) * 8 / top).unwrap_or(0).min(7)],
        })
        .collect()
}

/// Renders one report.
pub fn render(report: &Report, lang: Lang, colours: bool) -> String {
    let mut out = String::new();
    let w = &mut out;
    // Writing to a String cannot fail; the results are let go for that reason throughout.
    let (bold, alarm, off) = if colours { ("\u{1b}[1m", "\u{1b}[31m", "\u{1b}[0m") } else { ("", "", "") };
    let heading = |w: &mut String, en: &str, zh: &str| {
        let _ = writeln!(w, "\n{bold}{}{off}", t(lang, en, zh));
    };
    let period = &report.period;
    let _ = writeln!(w, "{bold}{}{off}", fit(&report.file.name, WIDTH).trim_end());
    let disease =
        report.disease.label.as_ref().map(|label| format!("  {}", label.get(lang))).unwrap_or_default();
    let _ = writeln!(
        w,
        "{} .. {}  {} {}  {} {}{disease}",
        period.first,
        period.last,
        period.steps,
        t(
            lang,
            match period.step {
                wanquan_epi::Step::Day => "days",
                wanquan_epi::Step::Week => "weeks",
                wanquan_epi::Step::Month => "months",
            },
            words::step(period.step, Lang::Zh)
        ),
        t(lang, "as of", "截至"),
        report.as_of,
    );
    let file = &report.file;
    let mut columns_used = Vec::new();
    for (en, zh, names) in [
        ("place", "地点", &file.region_columns),
        ("date", "日期", &file.date_columns),
        ("count", "计数", &file.count_columns),
    ] {
        if !names.is_empty() {
            let shown = match names.as_slice() {
                [first, .., last] if names.len() > 5 => {
                    format!("{first} .. {last} ({} {})", names.len(), t(lang, "columns", "列"))
                }
                few => few.join(" + "),
            };
            columns_used.push(format!("{} = {shown}", t(lang, en, zh)));
        }
    }
    let read = format!(
        "{}, {}, {} {} {} {} {}; {}",
        file.layout.replace('_', " "),
        file.counting,
        integer(i64::try_from(file.rows_used).unwrap_or(i64::MAX)),
        t(lang, "of", "/"),
        integer(i64::try_from(file.rows_read).unwrap_or(i64::MAX)),
        t(lang, "rows", "行"),
        t(lang, "used", "已用"),
        columns_used.join(", "),
    );
    let _ = writeln!(w, "{}", wrap(read.trim_end_matches("; "), 0));

    heading(w, "Totals", "合计");
    totals(w, report, lang);
    heading(w, "Curve", "流行曲线");
    let counts: Vec<Option<i64>> = report.total.curve.iter().map(|step| step.n).collect();
    let top = counts.iter().flatten().max().copied().unwrap_or(0);
    let _ = writeln!(w, "  {}", sparkline(&counts, WIDTH - 4).trim_end());
    let _ = writeln!(
        w,
        "  {} .. {}, {} {} {}",
        period.first,
        period.last,
        t(lang, "highest", "最高"),
        integer(top),
        t(
            lang,
            match period.step {
                wanquan_epi::Step::Day => "a day",
                wanquan_epi::Step::Week => "a week",
                wanquan_epi::Step::Month => "a month",
            },
            "例"
        ),
    );
    if let Some(from) = period.incomplete_from {
        let _ = writeln!(w, "  {} {from}", t(lang, "reports still coming in from", "报告尚不完整，自"));
    }

    heading(w, "Transmission", "传播");
    let recent = &report.total.recent;
    let at = recent
        .rt
        .as_ref()
        .map(|rt| format!("  {} {}", t(lang, "week to", "周至"), rt.date))
        .unwrap_or_default();
    let _ = writeln!(w, "  Rt {}{at}", words::rt(recent, lang));
    let _ = writeln!(
        w,
        "  {} {}  {}",
        t(lang, "growth a day, last 14 steps", "日增长率（近14期）"),
        words::growth(recent, lang),
        words::doubling(recent, lang).unwrap_or_default()
    );
    if let Some(delay) = &report.delay {
        let _ = writeln!(
            w,
            "  {} {} -> {}: {} {} ({} {}-{}), 95% {} {} {} (n = {})",
            t(lang, "delay", "延迟"),
            delay.from,
            delay.to,
            t(lang, "median", "中位数"),
            delay.median_days,
            t(lang, "quartiles", "四分位"),
            delay.q25_days,
            delay.q75_days,
            t(lang, "within", "≤"),
            delay.q95_days,
            t(lang, "days", "天"),
            delay.persons
        );
    }

    let _ = writeln!(w, "\n{bold}{} ({}){off}", t(lang, "Signals", "信号"), report.signals.len());
    if report.signals.is_empty() {
        let _ = writeln!(w, "  {}", t(lang, "none", "无"));
    } else {
        let _ = writeln!(
            w,
            "  {} {} {} {} {} {}",
            fit(t(lang, "place", "地点"), 26),
            fit(t(lang, "from .. to", "起止"), 22),
            right(t(lang, "peak n", "峰值"), 8),
            right(t(lang, "expected", "期望"), 9),
            right(t(lang, "upper", "上限"), 9),
            t(lang, "methods", "方法")
        );
        for signal in report.signals.iter().take(SIGNALS_SHOWN) {
            let _ = writeln!(w, "{alarm}!{off} {}", signal_line(signal, lang));
        }
        more(w, report.signals.len(), SIGNALS_SHOWN, lang);
    }

    if report.places.len() > 1 {
        let _ = writeln!(w, "\n{bold}{} ({}){off}", t(lang, "Places", "地点"), report.places.len());
        let _ = writeln!(
            w,
            "  {} {} {} {} {} {}",
            fit(t(lang, "place", "地点"), 24),
            right(t(lang, "cases", "病例"), 10),
            right(t(lang, "last", "近期"), 8),
            right(t(lang, "/100k", "/10万"), 7),
            fit("Rt", 17),
            t(lang, "curve", "曲线")
        );
        let mut places: Vec<&PlaceSection> = report.places.iter().collect();
        places.sort_by(|a, b| b.cases.cmp(&a.cases).then_with(|| a.name.cmp(&b.name)));
        for place in places.iter().take(PLACES_SHOWN) {
            let _ = writeln!(w, "  {}", place_line(place, lang));
        }
        more(w, places.len(), PLACES_SHOWN, lang);
    }

    heading(w, "Data quality", "数据质量");
    if report.quality.is_empty() {
        let _ = writeln!(w, "  {}", t(lang, "nothing to say", "无"));
    }
    for issue in &report.quality {
        let _ = writeln!(w, "  {} {}", issue.code, wrap(issue.text.get(lang), 7));
    }
    heading(w, "Assumptions", "假设");
    for text in &report.assumptions {
        let _ = writeln!(w, "  {}", wrap(text.get(lang), 4));
    }
    heading(w, "Provenance", "来源");
    let methods: Vec<&str> = report.methods.iter().map(|method| method.method.as_str()).collect();
    let made_by = format!("wanquan {}; {}", env!("CARGO_PKG_VERSION"), methods.join(", "));
    let _ = writeln!(w, "  {}", wrap(&made_by, 4));
    let _ = writeln!(w, "  {} {}", t(lang, "file digest (BLAKE3)", "文件摘要 (BLAKE3)"), report.file.digest);
    let _ = writeln!(w, "  {} {}", t(lang, "series digest", "序列摘要"), report.total.input_digest);
    out
}

fn totals(w: &mut String, report: &Report, lang: Lang) {
    let totals = &report.totals;
    let _ = writeln!(
        w,
        "  {} {}; {} {} ({} {})",
        integer(totals.cases),
        t(lang, "cases", "例"),
        integer(i64::try_from(totals.places).unwrap_or(i64::MAX)),
        t(lang, if totals.places == 1 { "place" } else { "places" }, "个地点"),
        integer(i64::try_from(totals.places_with_cases).unwrap_or(i64::MAX)),
        t(lang, "with cases", "有病例"),
    );
    if totals.undated > 0 {
        let _ = writeln!(
            w,
            "  {} {}",
            totals.undated,
            t(lang, "persons without the date are in no step", "人缺日期，未计入曲线")
        );
    }
    if let Some(outcomes) = totals.outcomes {
        let _ = writeln!(
            w,
            "  {} {}, {} {}, {} {}",
            outcomes.died,
            t(lang, "died", "死亡"),
            outcomes.survived,
            t(lang, "survived", "存活"),
            outcomes.unknown,
            t(lang, "outcome not stated", "转归不明")
        );
    }
    if let (Some(rate), Some(population)) = (totals.attack_rate_per_100k, totals.population) {
        let _ = writeln!(
            w,
            "  {rate:.2} {} {} {}",
            t(lang, "cases per 100,000 in places with a known population,", "例/10万（人口已知地点），人口"),
            integer(i64::try_from(population).unwrap_or(i64::MAX)),
            t(lang, "persons", "人"),
        );
    }
}

fn more(w: &mut String, all: usize, shown: usize, lang: Lang) {
    if all > shown {
        let _ = writeln!(
            w,
            "  ... {} {}",
            all - shown,
            t(lang, "more, see --format json", "项未列出，见 --format json")
        );
    }
}

fn signal_line(signal: &SignalSection, lang: Lang) -> String {
    let place =
        if signal.place.is_some() { &signal.place_name } else { t(lang, "(all places)", "（全部）") };
    let number = |x: Option<f64>| x.map_or_else(|| "-".to_owned(), |x| format!("{x:.1}"));
    let methods: Vec<&str> = signal.methods.iter().map(|id| words::method(id)).collect();
    let dates = if signal.first == signal.last {
        signal.first.to_string()
    } else {
        format!("{}..{}", signal.first, signal.last)
    };
    format!(
        "{} {} {} {} {} {}",
        fit(place, 26),
        fit(&dates, 22),
        right(&integer(signal.observed), 8),
        right(&number(signal.expected), 9),
        right(&number(signal.upper), 9),
        methods.join(" ")
    )
}

fn place_line(place: &PlaceSection, lang: Lang) -> String {
    let counts: Vec<Option<i64>> = place.counts.iter().map(|n| n.map(i64::from)).collect();
    let rate = place.attack_rate_per_100k.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.2}"));
    let rt = match place.recent.rt_note {
        Some(NoteCode::NoSerialInterval) => "-".to_owned(),
        _ => words::rt(&place.recent, lang),
    };
    format!(
        "{} {} {} {} {} {}",
        fit(&place.name, 24),
        right(&integer(place.cases), 10),
        right(&integer(place.last), 8),
        right(&rate, 7),
        fit(&rt, 17),
        sparkline(&counts, 22).trim_end()
    )
    .trim_end()
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_shows_gaps_zeros_and_the_top() {
        assert_eq!(sparkline(&[None, Some(0), Some(1), Some(8)], 10), "· ▁█");
        assert_eq!(sparkline(&[Some(1); 100], 10).chars().count(), 10);
    }

    #[test]
    fn a_name_cannot_steer_the_terminal_and_fits_its_column() {
        let name = fit("a\u{1b}[31m长治市\u{202e}very long name", 12);
        assert!(!name.contains('\u{1b}') && !name.contains('\u{202e}'), "{name}");
        assert_eq!(columns(&name), 12);
    }
}
