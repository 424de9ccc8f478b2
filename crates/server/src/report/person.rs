//! What is known about a person, to read: a page and a table.

use serde_json::Value;
use std::fmt::Write as _;
use wanquan_app::ingest::neutralise::guard;
use wanquan_app::person::{Known, KnownRecord};
use wanquan_domain::text::{Lang, Text};

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn label<'a>(record: &'a KnownRecord, field: &'a str, lang: Lang) -> &'a str {
    record.labels.get(field).map_or(field, |label| label.get(lang))
}

/// A table (CSV, UTF-8 with mark): a row for each value of each version, then one for each look.
pub fn to_csv(known: &Known, lang: Lang) -> String {
    let mut rows: Vec<[String; 8]> = vec![
        match lang {
            Lang::En => ["what", "register", "record", "version", "at", "by", "field", "value"],
            Lang::Zh => ["类别", "登记簿", "记录", "版本", "时间", "人员", "字段", "值"],
        }
        .map(str::to_owned),
    ];
    let (values, looks) = match lang {
        Lang::En => ("value", "look"),
        Lang::Zh => ("值", "查看"),
    };
    for record in &known.records {
        for version in &record.versions {
            for (field, value) in &version.values {
                rows.push([
                    values.to_owned(),
                    record.register_title.get(lang).to_owned(),
                    record.id.to_string(),
                    version.version.to_string(),
                    version.known_at.clone(),
                    version.changed_by.clone(),
                    label(record, field, lang).to_owned(),
                    shown(value),
                ]);
            }
        }
    }
    for look in &known.looks {
        rows.push([
            looks.to_owned(),
            String::new(),
            look.subject.clone(),
            String::new(),
            look.at.clone(),
            look.by.clone(),
            look.act.clone(),
            look.fields.join(", "),
        ]);
    }
    let quoted = |cell: &String| format!("\"{}\"", guard(cell).replace('"', "\"\""));
    let lines = rows.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(","));
    format!("\u{feff}{}\r\n", lines.collect::<Vec<_>>().join("\r\n"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A page that stands alone and prints.
pub fn to_html(known: &Known, lang: Lang) -> String {
    let say = |en: &'static str, zh: &'static str| match lang {
        Lang::En => en,
        Lang::Zh => zh,
    };
    let title = say("What is known about a person", "关于个人的全部记录");
    let code = say("en", "zh");
    let mut page = format!(
        "<!doctype html><html lang=\"{code}\"><head><meta charset=\"utf-8\"><title>{title}</title><style>\
         body{{font-family:system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}\
         table{{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}}\
         th,td{{text-align:left;vertical-align:top;padding:.25rem .5rem;border-bottom:1px solid #ccc}}\
         </style></head><body><h1>{title}</h1>"
    );
    let made = say("Made at", "生成时间");
    let _ = write!(page, "<p>{made}: {}</p>", escaped(&known.made_at));
    if let Some(at) = &known.erased_at {
        let gone =
            say("The person was erased; nothing personal is left.", "该人员信息已销毁，不再含有个人信息。");
        let _ = write!(page, "<p><strong>{gone}</strong> ({})</p>", escaped(at));
    }
    for record in &known.records {
        let _ = write!(page, "<h2>{} · {}</h2>", escaped(record.register_title.get(lang)), record.id);
        for version in &record.versions {
            let head = Text::new(
                format!("Version {} of {}, by {}", version.version, version.known_at, version.changed_by),
                format!("第{}版，{}，{}", version.version, version.known_at, version.changed_by),
            );
            let _ = write!(page, "<h3>{}</h3>", escaped(head.get(lang)));
            if version.withdrawn {
                let _ = write!(page, "<p>{}</p>", say("Withdrawn by this version.", "本版撤销。"));
            }
            page.push_str("<table><tbody>");
            for (field, value) in &version.values {
                let (name, value) = (escaped(label(record, field, lang)), escaped(&shown(value)));
                let _ = write!(page, "<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>");
            }
            page.push_str("</tbody></table>");
        }
    }
    if !known.merges.is_empty() {
        let _ = write!(page, "<h2>{}</h2><table><tbody>", say("Said to be one person", "认定为同一人"));
        for merge in &known.merges {
            let undone = merge.undone_at.as_deref().unwrap_or_default();
            let cells = [&merge.at, &merge.by, &merge.reason, &undone.to_owned()].map(|cell| escaped(cell));
            let _ = write!(page, "<tr><td>{}</td></tr>", cells.join("</td><td>"));
        }
        page.push_str("</tbody></table>");
    }
    let _ = write!(page, "<h2>{}</h2><table><tbody>", say("Who looked and acted", "查看与操作记录"));
    for look in &known.looks {
        let fields = look.fields.join(", ");
        let cells = [&look.at, &look.by, &look.act, &fields].map(|cell| escaped(cell));
        let _ = write!(page, "<tr><td>{}</td></tr>", cells.join("</td><td>"));
    }
    page.push_str("</tbody></table></body></html>\n");
    page
}
