//! WordPress exports (WXR): posts and pages with their days, tags, categories and addresses.

use super::Foreign;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use quick_xml::Reader;
use quick_xml::events::Event;
use wanquan_domain::article::ArticleContent;
use wanquan_domain::text::Lang;

/// Deepest nesting of elements; an export has five levels.
const DEPTH_MAX: usize = 64;

#[derive(Default)]
struct Item {
    title: String,
    link: String,
    author: String,
    body: String,
    excerpt: String,
    date: String,
    date_gmt: String,
    status: String,
    kind: String,
    tags: Vec<String>,
    categories: Vec<String>,
}

/// Reads an export. Attachments, revisions and menus are passed over; what is in the bin as well.
///
/// # Errors
/// If it is no XML; in words.
pub fn parse_wxr(xml: &str, lang: Lang, zone: &TimeZone) -> Result<Vec<Foreign>, String> {
    let mut reader = Reader::from_str(xml.trim_start_matches('\u{feff}'));
    reader.config_mut().check_end_names = true;
    let (mut path, mut text): (Vec<String>, String) = (Vec::new(), String::new());
    let (mut item, mut category): (Option<Item>, Option<String>) = (None, None);
    let mut articles = Vec::new();
    let mut seen_channel = false;
    loop {
        match reader.read_event().map_err(|e| format!("not well-formed XML: {e}"))? {
            Event::Eof => break,
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                seen_channel |= name == "channel";
                if name == "item" {
                    item = Some(Item::default());
                }
                if name == "category" {
                    let domain = start.attributes().flatten().find(|a| a.key.as_ref() == "domain");
                    category = domain.map(|a| a.value.into_owned());
                }
                path.push(name);
                if path.len() > DEPTH_MAX {
                    return Err("elements are nested too deeply".to_owned());
                }
                text.clear();
            }
            Event::Text(part) => text.push_str(&part.xml10_content()),
            Event::CData(part) => text.push_str(&part.xml10_content()),
            Event::GeneralRef(name) => {
                if let Ok(Some(c)) = name.resolve_char_ref() {
                    text.push(c);
                } else {
                    // Other names would be defined by the document itself, which is how such documents attack.
                    text.push_str(match name.xml10_content().as_ref() {
                        "amp" => "&",
                        "lt" => "<",
                        "gt" => ">",
                        "quot" => "\"",
                        "apos" => "'",
                        _ => "",
                    });
                }
            }
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                let value = std::mem::take(&mut text);
                if name == "item" {
                    articles.extend(item.take().and_then(|item| finish(item, lang, zone)));
                } else if let Some(item) = &mut item {
                    match name.as_str() {
                        "title" => item.title = value,
                        "link" => item.link = value,
                        "dc:creator" => item.author = value,
                        "content:encoded" => item.body = value,
                        "excerpt:encoded" => item.excerpt = value,
                        "wp:post_date" => item.date = value,
                        "wp:post_date_gmt" => item.date_gmt = value,
                        "wp:status" => item.status = value,
                        "wp:post_type" => item.kind = value,
                        "category" => match category.take().as_deref() {
                            Some("post_tag") => item.tags.push(value),
                            _ => item.categories.push(value),
                        },
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    if !seen_channel {
        return Err("this is no WordPress export: it has no channel".to_owned());
    }
    Ok(articles)
}

fn finish(item: Item, lang: Lang, zone: &TimeZone) -> Option<Foreign> {
    if !matches!(item.kind.as_str(), "post" | "page" | "") || item.status == "trash" {
        return None;
    }
    let title = if item.title.trim().is_empty() { "(untitled)" } else { item.title.trim() };
    let mut content = ArticleContent::new(title, &to_markdown(&item.body), lang);
    content.author = item.author;
    content.summary = item.excerpt.trim().to_owned();
    content.tags = item.tags;
    let civil = |text: &str, zone: &TimeZone| -> Option<Timestamp> {
        let at: DateTime = text.trim().replacen(' ', "T", 1).parse().ok()?;
        zone.to_timestamp(at).ok()
    };
    // Drafts have an empty time in GMT: "0000-00-00 00:00:00".
    let at = civil(&item.date_gmt, &TimeZone::UTC).or_else(|| civil(&item.date, zone));
    let path = path_of(&item.link);
    Some(Foreign {
        content,
        channel: item.categories.into_iter().next(),
        region: None,
        published_at: at.filter(|_| item.status == "publish" || item.status == "future"),
        addresses: path.into_iter().collect(),
    })
}

/// The path of an address, without the server and decoded; addresses by number (`/?p=7`) have none.
fn path_of(link: &str) -> Option<String> {
    let rest = link.trim().split_once("://").map_or(link, |(_, rest)| rest);
    let path = &rest[rest.find('/')?..];
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
    (path.len() > 1).then(|| path.into_owned())
}

/// The HTML of a post stays as it is, because Markdown holds HTML: the comments of the block editor go, and paragraphs
/// that WordPress makes of blank lines are paragraphs here as well.
fn to_markdown(html: &str) -> String {
    let mut body = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, comment)) = rest.split_once("<!--") {
        body.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    body.push_str(rest);
    body.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="c" xmlns:excerpt="e" xmlns:dc="d" xmlns:wp="w"><channel><title>Site</title>
<item><title>复工 &amp; 复产</title><link>https://example.org/2020/02/%E5%A4%8D%E5%B7%A5/</link>
<dc:creator><![CDATA[editor]]></dc:creator>
<content:encoded><![CDATA[<!-- wp:paragraph --><p>正文 <strong>一</strong></p><!-- /wp:paragraph -->

第二段]]></content:encoded><excerpt:encoded><![CDATA[摘要]]></excerpt:encoded>
<wp:post_date>2020-02-12 08:30:00</wp:post_date><wp:post_date_gmt>2020-02-12 00:30:00</wp:post_date_gmt>
<wp:status>publish</wp:status><wp:post_type>post</wp:post_type>
<category domain="category" nicename="gsyl"><![CDATA[gsyl]]></category>
<category domain="post_tag" nicename="x"><![CDATA[通知]]></category></item>
<item><title>Draft</title><link>https://example.org/?p=7</link><content:encoded><![CDATA[x]]></content:encoded>
<wp:post_date>2020-02-13 10:00:00</wp:post_date><wp:post_date_gmt>0000-00-00 00:00:00</wp:post_date_gmt>
<wp:status>draft</wp:status><wp:post_type>post</wp:post_type></item>
<item><title>a.png</title><wp:status>inherit</wp:status><wp:post_type>attachment</wp:post_type></item>
<item><title>Bin</title><wp:status>trash</wp:status><wp:post_type>post</wp:post_type></item>
</channel></rss>"#;

    #[test]
    fn posts_are_read_with_their_facts() {
        let articles = parse_wxr(EXPORT, Lang::Zh, &TimeZone::UTC).unwrap();
        assert_eq!(articles.len(), 2);
        let first = &articles[0];
        assert_eq!(first.content.title, "复工 & 复产");
        assert_eq!(first.content.body, "<p>正文 <strong>一</strong></p>\n\n第二段");
        assert_eq!((first.content.author.as_str(), first.content.summary.as_str()), ("editor", "摘要"));
        assert_eq!(
            (first.content.tags.as_slice(), first.channel.as_deref()),
            (&["通知".to_owned()][..], Some("gsyl"))
        );
        assert_eq!(first.published_at, Some("2020-02-12T00:30:00Z".parse().unwrap()));
        assert_eq!(first.addresses, ["/2020/02/复工/"]);
        assert_eq!((articles[1].published_at, articles[1].addresses.len()), (None, 0));
    }

    #[test]
    fn what_is_no_export_is_refused() {
        for text in ["", "hello", "<rss><channel><item></rss>", "<html></html>"] {
            assert!(parse_wxr(text, Lang::Zh, &TimeZone::UTC).is_err(), "{text}");
        }
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><rss><channel><item><title>&b;</title>\
            </item></channel></rss>";
        assert_eq!(parse_wxr(bomb, Lang::Zh, &TimeZone::UTC).unwrap()[0].content.title, "(untitled)");
        assert!(parse_wxr(&"<a>".repeat(100), Lang::Zh, &TimeZone::UTC).is_err());
    }
}
