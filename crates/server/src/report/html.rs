//! The report as one page that needs nothing else: no script, no font, no request.

use super::words::{integer, t};
use super::{charts, map, plain, words};
use std::fmt::Write;
use wanquan_app::analyse::report::{PlaceSection, Report};
use wanquan_domain::pack::Packs;
use wanquan_domain::text::Lang;

/// Rows of a table on the page; a page of thousands of rows is read by nobody and printed by accident.
const ROWS_SHOWN: usize = 200;

const STYLE: &str = "
:root{color-scheme:light}*{box-sizing:border-box}
body{font:15px/1.5 system-ui,'Noto Sans','Noto Sans SC','Microsoft YaHei',sans-serif;color:#1c2530;background:#fff;
 max-width:1020px;margin:0 auto;padding:20px}
h1{font-size:1.5em;margin:.2em 0;overflow-wrap:anywhere}h2{font-size:1.15em;border-bottom:1px solid #d5dbe1;margin-top:1.6em}
svg{width:100%;height:auto;display:block}svg.map{max-width:640px;max-height:620px}svg.spark{width:120px;height:20px}
.spark path{stroke:#476f95;stroke-width:.9}.grid{stroke:#e3e8ec}.tick{font-size:11px;fill:#51606e}
.bar{fill:#7d9db8}.bar.alarm{fill:#b3541e}.mark{fill:#8a1c1c}.upper{fill:none;stroke:#333;stroke-dasharray:4 3}
.ribbon{fill:#476f95;opacity:.25}.mean{fill:none;stroke:#2a4d6e;stroke-width:2}.one{stroke:#8a1c1c;stroke-dasharray:6 4}
.point{fill:#2a4d6e}.bar-fan{stroke:#476f95;stroke-width:6;opacity:.3}.observed{fill:none;stroke:#1c2530;stroke-width:1.4}
.map path,.map rect{stroke:#8b98a5;stroke-width:.6}.tile{font-size:11px;text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:2px}
.c0{fill:#f4f6f8;background:#f4f6f8}.c1{fill:#fde3c8;background:#fde3c8}.c2{fill:#fbbf85;background:#fbbf85}
.c3{fill:#f08d49;background:#f08d49}.c4{fill:#cc5b1f;background:#cc5b1f}.c5{fill:#8b2f0b;background:#8b2f0b}
.key{font-size:.85em;color:#51606e}.key i{display:inline-block;width:1em;height:1em;border:1px solid #8b98a5;vertical-align:-.15em;margin:0 .2em 0 .6em}
.figures{display:flex;flex-wrap:wrap;gap:10px;margin:12px 0}.figures div{border:1px solid #d5dbe1;border-radius:6px;padding:8px 14px}
.figures b{display:block;font-size:1.25em}
table{border-collapse:collapse;width:100%;font-size:.9em}th,td{padding:3px 8px;border-bottom:1px solid #e3e8ec;text-align:left;overflow-wrap:anywhere}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
code{overflow-wrap:anywhere}article+article{border-top:3px solid #1c2530;margin-top:3em;padding-top:1em}
@media print{body{max-width:none;padding:0}article{break-before:page}tr,svg{break-inside:avoid}}
";

/// Text as content or quoted attribute, without characters that steer.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The page with every report, one after the other. Writing to a `String` cannot fail.
pub fn render(reports: &[Report], packs: &Packs, lang: Lang) -> String {
    let title = match reports {
        [one] => escape(&one.file.name),
        many => format!("{} {}", many.len(), t(lang, "reports", "份报告")),
    };
    let mut out = open(&title, lang);
    for report in reports {
        article(&mut out, report, packs, lang);
    }
    end(&mut out);
    out
}

/// The beginning of a page; `title` is escaped already.
pub(super) fn open(title: &str, lang: Lang) -> String {
    format!(
        "<!doctype html>\n<html lang='{}'>\n<head><meta charset='utf-8'>\
         <meta name='viewport' content='width=device-width,initial-scale=1'>\
         <meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head>\n<body>\n",
        t(lang, "en", "zh-CN")
    )
}

/// The end of a page.
pub(super) fn end(out: &mut String) {
    out.push_str("</body>\n</html>\n");
}

fn article(out: &mut String, report: &Report, packs: &Packs, lang: Lang) {
    let disease = report
        .disease
        .label
        .as_ref()
        .map(|label| format!(", {}", escape(label.get(lang))))
        .unwrap_or_default();
    let _ = write!(
        out,
        "<article><h1>{}</h1><p>{} .. {}{disease}; {} {}</p>",
        escape(&report.file.name),
        report.period.first,
        report.period.last,
        t(lang, "as of", "截至"),
        report.as_of
    );
    figures(out, report, lang);
    let _ = write!(
        out,
        "<h2>{}</h2>{}<p class='key'>{}</p>",
        t(lang, "Epidemic curve with signals", "流行曲线与信号"),
        charts::curve(report, lang),
        t(
            lang,
            "Dashed: upper bound of the first method. Triangle: alarm. Hatched: reports still coming in. No bar: zero or not reported.",
            "虚线：首个方法的上限。三角：报警。斜线：报告尚不完整。无柱：零或未报告。"
        )
    );
    let _ =
        write!(out, "<h2>{}</h2>", t(lang, "Reproduction number Rt, 95 % interval", "再生数 Rt（95% 区间）"));
    match charts::rt(report, lang) {
        Some(chart) => out.push_str(&chart),
        None => {
            let _ = write!(out, "<p>{}</p>", words::rt(&report.total.recent, lang));
        }
    }
    if let Some(drawing) = map::draw(report, packs, lang) {
        let _ = write!(out, "<h2>{}</h2>{drawing}", t(lang, "Places", "地点"));
        places(out, report, lang);
    }
    signals(out, report, lang);
    notes(out, report, lang);
    out.push_str("</article>\n");
}

fn figures(out: &mut String, report: &Report, lang: Lang) {
    let totals = &report.totals;
    out.push_str("<div class='figures'>");
    let mut figure = |value: &str, label: &str| {
        let _ = write!(out, "<div><b>{}</b>{}</div>", escape(value), escape(label));
    };
    figure(&integer(totals.cases), t(lang, "cases", "病例"));
    figure(&totals.places.to_string(), t(lang, "places", "地点"));
    if let Some(outcomes) = totals.outcomes {
        figure(
            &outcomes.died.to_string(),
            &format!(
                "{} ({} {})",
                t(lang, "died", "死亡"),
                outcomes.unknown,
                t(lang, "outcomes not stated", "转归不明")
            ),
        );
    }
    if let Some(rate) = totals.attack_rate_per_100k {
        figure(
            &format!("{rate:.2}"),
            t(lang, "per 100,000 where the population is known", "例/10万（人口已知地点）"),
        );
    }
    figure(&words::rt(&report.total.recent, lang), "Rt");
    figure(&words::growth(&report.total.recent, lang), t(lang, "growth a day", "日增长率"));
    if let Some(doubling) = words::doubling(&report.total.recent, lang) {
        figure(&doubling, t(lang, "days, 95 % interval", "天，95% 区间"));
    }
    figure(&report.signals.len().to_string(), t(lang, "signals", "信号"));
    if let Some(delay) = &report.delay {
        figure(
            &format!("{} ({}-{})", delay.median_days, delay.q25_days, delay.q75_days),
            &format!(
                "{} {} - {}, n = {}",
                t(lang, "days (quartiles),", "天（四分位），"),
                delay.from,
                delay.to,
                delay.persons
            ),
        );
    }
    out.push_str("</div>");
}

fn head(out: &mut String, cells: &[(&str, bool)]) {
    out.push_str("<table><thead><tr>");
    for (name, number) in cells {
        let _ = write!(out, "<th{}>{name}</th>", if *number { " class='n'" } else { "" });
    }
    out.push_str("</tr></thead><tbody>");
}

fn close(out: &mut String, all: usize, lang: Lang) {
    out.push_str("</tbody></table>");
    if all > ROWS_SHOWN {
        let _ = write!(
            out,
            "<p class='key'>{} {}</p>",
            all - ROWS_SHOWN,
            t(lang, "more rows are in --format json", "行未列出，见 --format json")
        );
    }
}

fn places(out: &mut String, report: &Report, lang: Lang) {
    let mut places: Vec<&PlaceSection> = report.places.iter().collect();
    places.sort_by(|a, b| b.cases.cmp(&a.cases).then_with(|| a.name.cmp(&b.name)));
    head(
        out,
        &[
            (t(lang, "Place", "地点"), false),
            (t(lang, "Cases", "病例"), true),
            (t(lang, "Last 7 days or step", "近7天或本期"), true),
            (t(lang, "Before", "前期"), true),
            (t(lang, "Per 100,000", "每10万"), true),
            ("Rt (95 %)", true),
            (t(lang, "Growth a day", "日增长率"), true),
            (t(lang, "Signals", "信号"), true),
            (t(lang, "Curve", "曲线"), false),
        ],
    );
    for place in places.iter().take(ROWS_SHOWN) {
        let rate = place.attack_rate_per_100k.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.2}"));
        let _ = write!(
            out,
            "<tr><td>{}</td><td class='n'>{}</td><td class='n'>{}</td><td class='n'>{}</td><td class='n'>{rate}</td>\
             <td class='n'>{}</td><td class='n'>{}</td><td class='n'>{}</td><td>{}</td></tr>",
            escape(&place.name),
            integer(place.cases),
            integer(place.last),
            integer(place.previous),
            words::rt(&place.recent, lang),
            words::growth(&place.recent, lang),
            place.signals,
            charts::spark(&place.counts)
        );
    }
    close(out, places.len(), lang);
}

fn signals(out: &mut String, report: &Report, lang: Lang) {
    let _ = write!(out, "<h2>{} ({})</h2>", t(lang, "Signals", "信号"), report.signals.len());
    if report.signals.is_empty() {
        let _ = write!(out, "<p>{}</p>", t(lang, "None.", "无。"));
        return;
    }
    head(
        out,
        &[
            (t(lang, "Place", "地点"), false),
            (t(lang, "Step", "时段"), false),
            (t(lang, "From", "起"), false),
            (t(lang, "To", "止"), false),
            (t(lang, "Highest count", "峰值"), true),
            (t(lang, "Expected", "期望"), true),
            (t(lang, "Upper bound", "上限"), true),
            (t(lang, "Methods", "方法"), false),
        ],
    );
    let number = |x: Option<f64>| x.map_or_else(|| "-".to_owned(), |x| format!("{x:.1}"));
    for signal in report.signals.iter().take(ROWS_SHOWN) {
        let name = if signal.place.is_some() { &signal.place_name } else { t(lang, "all places", "全部") };
        let methods: Vec<&str> = signal.methods.iter().map(|id| words::method(id)).collect();
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class='n'>{}</td><td class='n'>{}</td>\
             <td class='n'>{}</td><td>{}</td></tr>",
            escape(name),
            words::step(signal.step, lang),
            signal.first,
            signal.last,
            integer(signal.observed),
            number(signal.expected),
            number(signal.upper),
            escape(&methods.join(", "))
        );
    }
    close(out, report.signals.len(), lang);
}

fn notes(out: &mut String, report: &Report, lang: Lang) {
    let _ = write!(out, "<h2>{}</h2><ul>", t(lang, "Data quality", "数据质量"));
    for issue in &report.quality {
        let _ = write!(out, "<li><b>{}</b> {}</li>", escape(&issue.code), escape(issue.text.get(lang)));
    }
    if report.quality.is_empty() {
        let _ = write!(out, "<li>{}</li>", t(lang, "Nothing to say.", "无。"));
    }
    let _ = write!(out, "</ul><h2>{}</h2><ul>", t(lang, "Assumptions", "假设"));
    for text in &report.assumptions {
        let _ = write!(out, "<li>{}</li>", escape(text.get(lang)));
    }
    let _ = write!(out, "</ul><h2>{}</h2><ul>", t(lang, "Provenance", "来源"));
    for method in &report.methods {
        let params = method.params.as_ref().map(ToString::to_string).unwrap_or_default();
        let _ = write!(out, "<li>{} <code>{}</code></li>", escape(&method.method), escape(&params));
    }
    let file = &report.file;
    let _ = write!(
        out,
        "<li>wanquan {}</li><li>{} ({} {}, {}): BLAKE3 <code>{}</code></li><li>{} <code>{}</code></li></ul>",
        env!("CARGO_PKG_VERSION"),
        escape(&file.name),
        file.rows_used,
        t(lang, "rows used", "行已用"),
        file.layout.replace('_', " "),
        escape(&file.digest),
        t(lang, "Series", "序列"),
        escape(&report.total.input_digest)
    );
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn hostile_text_becomes_text() {
        assert_eq!(
            escape("<img src=x onerror='a(\"&\")'>"),
            "&lt;img src=x onerror=&#39;a(&quot;&amp;&quot;)&#39;&gt;"
        );
    }
}
