//! The report of an import for a terminal: what the file is, what its columns are, what was stored, what was refused
//! and what to do about it.

use super::plain;
use super::text::{fit, wrap};
use super::words::{integer, t};
use std::fmt::Write as _;
use std::path::Path;
use wanquan_app::ingest::import::{ColumnReport, ImportReport, IssueReport};
use wanquan_domain::issue::Severity;
use wanquan_domain::text::Lang;

/// Columns of the file shown one by one; tables of days have hundreds.
const COLUMNS_SHOWN: usize = 40;
/// Issues shown of each code.
const ISSUES_SHOWN: usize = 3;

/// Renders the report.
pub fn render(report: &ImportReport, lang: Lang, refused: Option<&Path>) -> String {
    let mut out = String::new();
    file(&mut out, report, lang);
    columns(&mut out, report, lang);
    if let Some(refusal) = &report.refusal {
        let message = if lang == Lang::Zh { &refusal.message_zh } else { &refusal.message };
        let head = t(lang, "Refused as a whole, nothing is stored", "整个文件被拒绝，未保存任何内容");
        let _ = writeln!(out, "{head}:\n  {}", wrap(&format!("{message} [{}]", refusal.code), 2));
        return out;
    }
    counts(&mut out, report, lang);
    issues(&mut out, report, lang);
    advice(&mut out, report, lang, refused);
    out
}

fn line(out: &mut String, label: &str, text: &str) {
    let _ = writeln!(out, "{}{}", fit(label, 12), wrap(text, 12));
}

fn file(out: &mut String, report: &ImportReport, lang: Lang) {
    let file = &report.file;
    let mut facts = vec![file.name.clone()];
    if !file.format.is_empty() {
        facts.push(file.format.clone());
        let delimiter = |d: &String| match d.as_str() {
            "\t" => t(lang, "tab-separated", "制表符分隔").to_owned(),
            other => format!("{} `{other}`", t(lang, "delimiter", "分隔符")),
        };
        facts.extend(file.compression.clone());
        facts.extend(file.encoding.clone());
        facts.extend(file.delimiter.as_ref().map(delimiter));
        facts.extend(file.sheet.as_ref().map(|sheet| format!("{} `{sheet}`", t(lang, "sheet", "工作表"))));
        facts.push(format!("{} {}", integer(file.bytes.cast_signed()), t(lang, "bytes", "字节")));
    }
    line(out, t(lang, "File", "文件"), &facts.join(", "));
    let mut layout = vec![format!("{} `{}`", t(lang, "register", "登记簿"), report.register)];
    match report.layout.as_str() {
        "line_list" => layout.push(t(lang, "one record a row", "每行一条记录").to_owned()),
        "long" => layout.push(t(lang, "counts, one row a day", "统计数，每日一行").to_owned()),
        "wide" => layout.push(t(lang, "counts, one column a day", "统计数，每日一列").to_owned()),
        _ => {}
    }
    match report.counting.as_deref() {
        Some("cumulative") => {
            layout.push(t(lang, "running totals, differences are stored", "累计数，保存其差值").to_owned())
        }
        Some("incident") => layout.push(t(lang, "new persons", "新增数").to_owned()),
        _ => {}
    }
    line(out, t(lang, "Read as", "读作"), &layout.join(", "));
    for note in &report.notes {
        let text = if lang == Lang::Zh { &note.message_zh } else { &note.message_en };
        line(out, t(lang, "Note", "注意"), &format!("{text} [{}]", note.code));
    }
}

fn columns(out: &mut String, report: &ImportReport, lang: Lang) {
    if report.columns.is_empty() {
        return;
    }
    out.push('\n');
    let heads = [
        fit(t(lang, "Column", "列"), 26),
        fit(t(lang, "Field", "字段"), 22),
        fit(t(lang, "Matched by", "匹配方式"), 11),
        t(lang, "Dates, first values", "日期格式、前几个值").to_owned(),
    ];
    let _ = writeln!(out, "{}", heads.join(" "));
    let is_day = |c: &&ColumnReport| c.field.as_deref().is_some_and(|field| field.starts_with("day:"));
    let days: Vec<&ColumnReport> = report.columns.iter().filter(is_day).collect();
    let rest: Vec<&ColumnReport> = report.columns.iter().filter(|c| !is_day(c)).collect();
    let mut row = |name: &str, field: &str, how: &str, tail: &str| {
        let cells = format!("{} {} {} {}", fit(name, 26), fit(field, 22), fit(how, 11), fit(tail, 34));
        let _ = writeln!(out, "{}", cells.trim_end());
    };
    for column in rest.iter().take(COLUMNS_SHOWN) {
        let form = column.date_format.iter().map(|form| format!("[{form}]"));
        let tail: Vec<String> = form.chain(column.samples.iter().map(|s| plain(s))).collect();
        row(&column.column, column.field.as_deref().unwrap_or("-"), &column.how, &tail.join(" | "));
    }
    if rest.len() > COLUMNS_SHOWN {
        let more = rest.len() - COLUMNS_SHOWN;
        row(&format!("… {more} {}", t(lang, "more", "列未显示")), "", "", "");
    }
    if let [first, .., last] = days[..] {
        let day = |c: &ColumnReport| c.field.as_deref().unwrap_or("").trim_start_matches("day:").to_owned();
        let name = format!("{} … {}", first.column, last.column);
        let tail = format!("{} {} {}", days.len(), t(lang, "days from", "日，自"), day(first));
        row(&name, "count", "label", &tail);
    }
    out.push('\n');
}

fn counts(out: &mut String, report: &ImportReport, lang: Lang) {
    let n = |n: u64| integer(n.cast_signed());
    let rows = format!(
        "{} {} = {} {} + {} {}",
        n(report.rows_read),
        t(lang, "read", "读取"),
        n(report.accepted),
        t(lang, "accepted", "接受"),
        n(report.refused),
        t(lang, "refused", "拒绝"),
    );
    line(out, t(lang, "Rows", "行"), &rows);
    let records = format!(
        "{} {}, {} {}, {} {}",
        n(report.created),
        t(lang, "new", "新增"),
        n(report.changed),
        t(lang, "changed", "变更"),
        n(report.unchanged),
        t(lang, "unchanged", "未变"),
    );
    let records = if report.dry_run {
        format!("{records} ({})", t(lang, "dry run: nothing is stored", "试运行：未保存"))
    } else if report.batch_id.is_none() {
        t(lang, "nothing is stored", "未保存任何内容").to_owned()
    } else {
        records
    };
    line(out, t(lang, "Records", "记录"), &records);
}

fn issues(out: &mut String, report: &ImportReport, lang: Lang) {
    for count in &report.issue_counts {
        let severity = match count.severity {
            Severity::Error => t(lang, "refused", "拒绝"),
            Severity::Warning => t(lang, "warning", "警告"),
        };
        let text = if lang == Lang::Zh { &count.message_zh } else { &count.message_en };
        let n = integer(count.count.cast_signed());
        let _ = writeln!(out, "\n{} {n} × {} ({severity})", count.code, wrap(text, 2));
        let of_code = report.issues.iter().filter(|issue| issue.code == count.code);
        for issue in of_code.take(ISSUES_SHOWN) {
            let _ = writeln!(out, "  {}", wrap(&place(issue, lang), 4));
        }
    }
}

/// `row 17, column onset: 2020-13-01`.
fn place(issue: &IssueReport, lang: Lang) -> String {
    let mut text = match issue.row {
        Some(row) if lang == Lang::Zh => format!("第 {row} 行"),
        Some(row) => format!("row {row}"),
        None => String::new(),
    };
    if let Some(column) = issue.column.as_ref().or(issue.field.as_ref()) {
        let _ = write!(text, ", {} {column}", t(lang, "column", "列"));
    }
    if let Some(value) = &issue.value {
        let _ = write!(text, ": `{value}`");
    }
    let message = if lang == Lang::Zh { &issue.message_zh } else { &issue.message_en };
    // What goes beyond the sentence of the code stands in brackets behind it.
    if let Some((_, detail)) = message.split_once(" (") {
        let _ = write!(text, " ({detail}");
    }
    text
}

fn advice(out: &mut String, report: &ImportReport, lang: Lang, refused: Option<&Path>) {
    let has = |code: &str| report.issue_counts.iter().any(|count| count.code == code);
    let known = [
        (
            "E107",
            "day and month: say --day-first or --month-first",
            "日月顺序：加 --day-first 或 --month-first",
        ),
        (
            "E113",
            "regions: --within REGION looks names up below a region; --map COLUMN=- leaves a column out",
            "地区：--within 指定上级地区；--map 列名=- 略去该列",
        ),
        (
            "E114",
            "regions of the same name: --within REGION, or write codes or full paths",
            "重名地区：用 --within，或写代码、完整路径",
        ),
        (
            "E101",
            "missing values: --set FIELD=VALUE fills them for the whole file",
            "缺失值：--set 字段=值 统一补齐",
        ),
        (
            "E115",
            "diseases: `wanquan pack list` shows what is loaded; --set disease=ID fills empty cells",
            "病种：wanquan pack list 查看已加载病种",
        ),
        ("E123", "totals: remove the rows of totals, or leave them refused", "合计行：删除，或保持拒绝"),
    ];
    let lines: Vec<&str> =
        known.iter().filter(|(code, ..)| has(code)).map(|(_, en, zh)| t(lang, en, zh)).collect();
    if report.refused == 0 {
        return;
    }
    out.push('\n');
    for text in lines {
        line(out, t(lang, "To fix", "如何修正"), text);
    }
    let text = match refused {
        Some(path) => format!(
            "{} {}",
            t(lang, "the refused rows, with reasons, are in", "被拒绝的行及原因见"),
            path.display()
        ),
        None => t(
            lang,
            "--refused FILE.csv writes the refused rows with reasons, to be corrected and imported again",
            "--refused FILE.csv 将被拒绝的行及原因写入文件，改正后再导入",
        )
        .to_owned(),
    };
    line(out, t(lang, "Refused", "被拒绝"), &text);
}
