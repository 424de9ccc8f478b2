//! Articles as files of Markdown, with their facts before the text: TOML between lines of `+++`, or the plain keys and
//! lists of YAML between lines of `---`, as other systems write them.

use super::{Archived, Foreign};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wanquan_domain::article::ArticleContent;
use wanquan_domain::text::Lang;

/// Reads an article. `name` is that of its file, which stands for a missing title; `zone` is where its days are.
///
/// # Errors
/// What cannot be read, in words.
pub fn parse_markdown(name: &str, text: &str, zone: &TimeZone) -> Result<Foreign, String> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let (facts, body) = if let Some(rest) = text.strip_prefix("+++\n") {
        let (head, body) = parted(rest, "+++")?;
        let table: toml::Table = toml::from_str(head).map_err(|e| e.message().to_owned())?;
        (table.into_iter().map(|(key, value)| (key.to_lowercase(), of_toml(value))).collect(), body)
    } else if let Some(rest) = text.strip_prefix("---\n") {
        let (head, body) = parted(rest, "---")?;
        (of_yaml(head), body)
    } else {
        (BTreeMap::new(), text.as_str())
    };
    let get = |key: &str| facts.get(key).and_then(|values| values.first()).cloned().unwrap_or_default();
    let list = |key: &str| facts.get(key).cloned().unwrap_or_default();
    let title = match get("title") {
        title if !title.is_empty() => title,
        _ => first_heading(body).unwrap_or_else(|| name.trim_end_matches(".md").to_owned()),
    };
    let lang = if get("lang").starts_with("en") { Lang::En } else { Lang::Zh };
    let mut content = ArticleContent::new(&title, body.trim(), lang);
    content.subtitle = get("subtitle");
    content.summary = [get("summary"), get("description"), get("excerpt")]
        .into_iter()
        .find(|t| !t.is_empty())
        .unwrap_or_default();
    content.author = get("author");
    content.editor = get("editor");
    content.source = get("source");
    content.place = get("place");
    content.tags = list("tags");
    let written = [get("published_at"), get("date")].into_iter().find(|t| !t.is_empty());
    let published_at = written.map(|text| instant(&text, zone)).transpose()?;
    let is_draft = get("draft") == "true";
    let addresses = [list("address"), list("addresses"), list("aliases"), list("permalink"), list("url")];
    let filled = |text: String| (!text.is_empty()).then_some(text);
    Ok(Foreign {
        content,
        channels: list("channel")
            .into_iter()
            .chain(list("categories"))
            .filter(|name| !name.is_empty())
            .map(|name| vec![name])
            .collect(),
        region: filled(get("region")),
        published_at: published_at.filter(|_| !is_draft),
        addresses: addresses.into_iter().flatten().filter(|a| a.starts_with('/')).collect(),
        cover: [get("cover"), get("image")].into_iter().find(|text| !text.is_empty()),
        comments: Vec::new(),
    })
}

fn parted<'a>(rest: &'a str, mark: &str) -> Result<(&'a str, &'a str), String> {
    let end = format!("\n{mark}\n");
    if let Some(body) = rest.strip_prefix(&end[1..]) {
        return Ok(("", body));
    }
    rest.split_once(&end).ok_or_else(|| format!("the facts do not end with a line of {mark}"))
}

fn first_heading(body: &str) -> Option<String> {
    body.lines().find_map(|line| line.strip_prefix("# ")).map(|line| line.trim().to_owned())
}

/// An instant, or a day or local time at the place of the installation.
fn instant(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let local = text.replacen(' ', "T", 1);
    let civil = local.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|day| day.at(0, 0, 0, 0)));
    let civil = civil.map_err(|_| format!("`{text}` is no date"))?;
    zone.to_timestamp(civil).map_err(|_| format!("`{text}` is no date"))
}

fn of_toml(value: toml::Value) -> Vec<String> {
    match value {
        toml::Value::String(text) => vec![text],
        toml::Value::Array(list) => list.into_iter().flat_map(of_toml).collect(),
        other => vec![other.to_string()],
    }
}

/// Keys with a text, a list in brackets, or a list of lines below them; what is deeper is passed over.
fn of_yaml(head: &str) -> BTreeMap<String, Vec<String>> {
    let plain = |text: &str| {
        let text = text.trim();
        let quoted = |q: char| text.len() > 1 && text.starts_with(q) && text.ends_with(q);
        if quoted('"') || quoted('\'') { text[1..text.len() - 1].to_owned() } else { text.to_owned() }
    };
    let mut facts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut key = String::new();
    for line in head.lines() {
        if let Some(item) = line.trim_start().strip_prefix("- ").filter(|_| !key.is_empty()) {
            facts.entry(key.clone()).or_default().push(plain(item));
        } else if let Some((name, value)) = line.split_once(':').filter(|_| !line.starts_with([' ', '#'])) {
            key = name.trim().to_lowercase();
            let value = value.trim();
            let values = match value.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
                Some(inner) => inner.split(',').map(plain).filter(|v| !v.is_empty()).collect(),
                None if value.is_empty() => Vec::new(),
                None => vec![plain(value)],
            };
            facts.insert(key.clone(), values);
        }
    }
    facts
}

#[derive(Serialize, Deserialize)]
struct Head {
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    subtitle: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    summary: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    author: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    editor: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    source: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    place: String,
    lang: String,
    channel: String,
    region: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    published_at: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<String>,
}

/// An article for people and other systems: its public version, or its working copy if nothing is public.
///
/// # Errors
/// If it cannot be written, which does not happen to what was accepted.
pub fn write_markdown(archived: &Archived) -> Result<String, String> {
    let article = &archived.article;
    let live = archived.versions.iter().find(|version| Some(version.n) == article.live);
    let content = live.map_or(&article.content, |version| &version.content);
    let head = Head {
        title: content.title.clone(),
        subtitle: content.subtitle.clone(),
        summary: content.summary.clone(),
        author: content.author.clone(),
        editor: content.editor.clone(),
        source: content.source.clone(),
        place: content.place.clone(),
        lang: if content.lang == Lang::En { "en" } else { "zh" }.to_owned(),
        channel: article.channel.clone(),
        region: article.region.to_string(),
        tags: content.tags.clone(),
        status: article.status.as_str().to_owned(),
        published_at: article.published_at.filter(|_| live.is_some()).map(|at| at.to_string()),
        addresses: archived.addresses.clone(),
    };
    let head = toml::to_string(&head).map_err(|e| e.to_string())?;
    Ok(format!("+++\n{head}+++\n{}\n", content.body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Foreign {
        parse_markdown("file.md", text, &TimeZone::fixed(jiff::tz::offset(8))).unwrap()
    }

    #[test]
    fn facts_are_read_in_both_ways() {
        let toml = parse(
            "+++\ntitle = \"复工\"\ntags = [\"通知\", \"企业\"]\ndate = 2020-02-12T08:30:00+08:00\nlang = \"zh\"\n\
             aliases = [\"/old/1.html\", \"https://elsewhere\"]\n+++\n\n正文\n",
        );
        let yaml = parse(
            "---\ntitle: \"复工\"\ntags:\n  - 通知\n  - '企业'\ndate: 2020-02-12 08:30:00\nlang: zh\n\
             aliases: [/old/1.html]\ndeep:\n  inner: x\n---\n\n正文\n",
        );
        assert_eq!(toml, yaml);
        assert_eq!(toml.content.tags, ["通知", "企业"]);
        assert_eq!((toml.content.body.as_str(), toml.addresses.len()), ("正文", 1));
        assert_eq!(toml.published_at, Some("2020-02-12T00:30:00Z".parse().unwrap()));
    }

    #[test]
    fn a_file_without_facts_is_a_draft_named_by_its_heading() {
        let plain = parse("# 标题\n\n文");
        assert_eq!((plain.content.title.as_str(), plain.published_at), ("标题", None));
        assert_eq!(parse("只有文").content.title, "file");
        assert_eq!(parse("---\ntitle: x\ndate: 2020-02-12\ndraft: true\n---\n").published_at, None);
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let refused = |text: &str| parse_markdown("f.md", text, &TimeZone::UTC).unwrap_err();
        assert!(
            refused("+++\ntitle = \n+++\nx").contains("value")
                || !refused("+++\ntitle = \n+++\nx").is_empty()
        );
        assert!(refused("---\ntitle: x").contains("do not end"));
        assert!(refused("---\ndate: soon\n---\n").contains("`soon` is no date"));
    }
}
