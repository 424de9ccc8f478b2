//! WordPress exports (WXR): posts and pages with what belongs to them.

use super::{Foreign, ForeignComment};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::HashMap;
use wanquan_domain::article::{ArticleContent, TAGS_MAX};
use wanquan_domain::comment::CommentStatus;
use wanquan_domain::text::Lang;

/// Deepest nesting of elements; an export has six levels.
const DEPTH_MAX: usize = 64;

#[derive(Default)]
struct Item {
    id: String,
    title: String,
    link: String,
    author: String,
    body: String,
    excerpt: String,
    date: String,
    date_gmt: String,
    status: String,
    kind: String,
    attachment: String,
    comments_open: bool,
    tags: Vec<String>,
    /// Categories: what stands in addresses, and what is shown.
    categories: Vec<(String, String)>,
    comments: Vec<Comment>,
    /// Fields of other parts of WordPress.
    meta: HashMap<String, String>,
}

#[derive(Default)]
struct Comment {
    id: String,
    parent: String,
    author: String,
    date_gmt: String,
    text: String,
    approved: String,
    kind: String,
}

/// What an export holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Export {
    /// Posts and pages.
    pub articles: Vec<Foreign>,
    /// Items that are not taken, by kind, in the order of the kinds: what they are, and how many.
    pub passed_over: Vec<(String, usize)>,
}

/// Where the reader stands.
#[derive(Default)]
struct Reading {
    item: Option<Item>,
    comment: Option<Comment>,
    /// Domain and name in addresses of the category that is open.
    category: (String, String),
    meta_key: String,
    login: String,
    /// Names of authors by the names under which they signed in.
    authors: HashMap<String, String>,
    items: Vec<Item>,
}

/// Reads an export: posts and pages with their days, authors, tags, categories, addresses, comments and covers.
///
/// # Errors
/// If it is no XML; in words.
pub fn parse_wxr(xml: &str, lang: Lang, zone: &TimeZone) -> Result<Export, String> {
    let mut reader = Reader::from_str(xml.trim_start_matches('\u{feff}'));
    reader.config_mut().check_end_names = true;
    let (mut path, mut text): (Vec<String>, String) = (Vec::new(), String::new());
    let mut reading = Reading::default();
    let mut seen_channel = false;
    loop {
        match reader.read_event().map_err(|e| format!("not well-formed XML: {e}"))? {
            Event::Eof => break,
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                seen_channel |= name == "channel";
                reading.begin(&name, &start);
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
                reading.end(&name, std::mem::take(&mut text));
            }
            _ => {}
        }
    }
    // A file that was cut off would otherwise be taken as one with fewer articles.
    if let Some(open) = path.last() {
        return Err(format!("the file ends inside <{open}>: it was cut off"));
    }
    if !seen_channel {
        return Err("this is no WordPress export: it has no channel".to_owned());
    }
    Ok(reading.finish(lang, zone))
}

impl Reading {
    fn begin(&mut self, name: &str, start: &BytesStart<'_>) {
        let attribute = |key: &str| {
            let found = start.attributes().flatten().find(|a| a.key.as_ref() == key);
            found.map(|a| a.value.into_owned()).unwrap_or_default()
        };
        match name {
            "item" => self.item = Some(Item::default()),
            "wp:comment" => self.comment = Some(Comment::default()),
            "category" => self.category = (attribute("domain"), attribute("nicename")),
            _ => {}
        }
    }

    fn end(&mut self, name: &str, value: String) {
        let Some(item) = &mut self.item else {
            match name {
                "wp:author_login" => self.login = value,
                "wp:author_display_name" => {
                    self.authors.insert(std::mem::take(&mut self.login), value);
                }
                _ => {}
            }
            return;
        };
        if let Some(comment) = &mut self.comment {
            match name {
                "wp:comment_id" => comment.id = value,
                "wp:comment_parent" => comment.parent = value,
                "wp:comment_author" => comment.author = value,
                "wp:comment_date_gmt" => comment.date_gmt = value,
                "wp:comment_content" => comment.text = value,
                "wp:comment_approved" => comment.approved = value,
                "wp:comment_type" => comment.kind = value,
                "wp:comment" => item.comments.extend(self.comment.take()),
                // Mail and network addresses of whoever wrote are left behind.
                _ => {}
            }
            return;
        }
        match name {
            "title" => item.title = value,
            "link" => item.link = value,
            "dc:creator" => item.author = value,
            "content:encoded" => item.body = value,
            "excerpt:encoded" => item.excerpt = value,
            "wp:post_id" => item.id = value,
            "wp:post_date" => item.date = value,
            "wp:post_date_gmt" => item.date_gmt = value,
            "wp:status" => item.status = value,
            "wp:post_type" => item.kind = value,
            "wp:attachment_url" => item.attachment = value,
            "wp:comment_status" => item.comments_open = value == "open",
            "wp:meta_key" => self.meta_key = value,
            "wp:meta_value" => {
                item.meta.insert(std::mem::take(&mut self.meta_key), value);
            }
            "category" => match std::mem::take(&mut self.category) {
                (domain, _) if domain == "post_tag" => item.tags.push(value),
                (_, slug) => item.categories.push((slug, value)),
            },
            "item" => self.items.extend(self.item.take()),
            _ => {}
        }
    }

    fn finish(self, lang: Lang, zone: &TimeZone) -> Export {
        let files: HashMap<&str, &str> = self
            .items
            .iter()
            .filter(|item| item.kind == "attachment")
            .map(|item| (item.id.as_str(), item.attachment.as_str()))
            .collect();
        let mut export = Export::default();
        let mut passed: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
        for item in &self.items {
            if !matches!(item.kind.as_str(), "post" | "page" | "") {
                *passed.entry(item.kind.clone()).or_default() += 1;
            } else if item.status == "trash" {
                *passed.entry("trash".to_owned()).or_default() += 1;
            } else {
                let cover = item.meta.get("_thumbnail_id").and_then(|id| files.get(id.as_str()));
                let author = self.authors.get(&item.author).unwrap_or(&item.author);
                export.articles.push(article(item, author, cover.copied(), lang, zone));
            }
        }
        export.passed_over = passed.into_iter().collect();
        export
    }
}

fn civil(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let at: DateTime = text.trim().replacen(' ', "T", 1).parse().ok()?;
    zone.to_timestamp(at).ok()
}

fn article(item: &Item, author: &str, cover: Option<&str>, lang: Lang, zone: &TimeZone) -> Foreign {
    let title = if item.title.trim().is_empty() { "(untitled)" } else { item.title.trim() };
    let mut content = ArticleContent::new(title, &to_markdown(&item.body), lang);
    author.clone_into(&mut content.author);
    content.summary = item.excerpt.trim().to_owned();
    content.comments_open = item.comments_open;
    content.tags = item.tags.clone();
    content.tags.truncate(TAGS_MAX);
    // Drafts have an empty time in GMT: "0000-00-00 00:00:00".
    let at = civil(&item.date_gmt, &TimeZone::UTC).or_else(|| civil(&item.date, zone));
    let path = path_of(&item.link);
    let names = |(slug, name): &(String, String)| [slug, name].map(String::clone).into_iter();
    let channels = item.categories.iter().map(|both| names(both).filter(|name| !name.is_empty()).collect());
    Foreign {
        content,
        channels: channels.collect(),
        region: None,
        published_at: at.filter(|_| item.status == "publish" || item.status == "future"),
        addresses: path.into_iter().collect(),
        cover: cover.map(str::to_owned),
        comments: comments(&item.comments),
    }
}

/// Comments in their order. Announcements that other sites link here are none.
fn comments(written: &[Comment]) -> Vec<ForeignComment> {
    let mut kept: Vec<(&Comment, Timestamp)> = written
        .iter()
        .filter(|comment| matches!(comment.kind.as_str(), "" | "comment"))
        .filter_map(|comment| Some((comment, civil(&comment.date_gmt, &TimeZone::UTC)?)))
        .collect();
    kept.sort_by_key(|(_, at)| *at);
    let place = |id: &str| kept.iter().position(|(comment, _)| comment.id == id && !id.is_empty());
    kept.iter()
        .map(|(comment, at)| ForeignComment {
            name: comment.author.clone(),
            text: to_text(&comment.text),
            sent_at: *at,
            status: match comment.approved.as_str() {
                "1" => CommentStatus::Shown,
                "0" => CommentStatus::Waiting,
                _ => CommentStatus::Hidden,
            },
            parent: place(&comment.parent),
        })
        .collect()
}

/// The text of a comment: what of HTML WordPress lets readers write goes.
fn to_text(html: &str) -> String {
    let bare = ammonia::Builder::empty().clean(html).to_string();
    // As the cleaner writes them.
    let text = bare.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&amp;", "&")
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
<wp:author><wp:author_login><![CDATA[editor]]></wp:author_login><wp:author_email>e@example.org</wp:author_email>
<wp:author_display_name><![CDATA[孙编辑]]></wp:author_display_name></wp:author>
<item><title>复工 &amp; 复产</title><link>https://example.org/2020/02/%E5%A4%8D%E5%B7%A5/</link>
<dc:creator><![CDATA[editor]]></dc:creator>
<content:encoded><![CDATA[<!-- wp:paragraph --><p>正文 <strong>一</strong></p><!-- /wp:paragraph -->

第二段]]></content:encoded><excerpt:encoded><![CDATA[摘要]]></excerpt:encoded>
<wp:post_date>2020-02-12 08:30:00</wp:post_date><wp:post_date_gmt>2020-02-12 00:30:00</wp:post_date_gmt>
<wp:status>publish</wp:status><wp:post_type>post</wp:post_type><wp:comment_status>open</wp:comment_status>
<category domain="category" nicename="news"><![CDATA[要闻]]></category>
<category domain="category" nicename="gsyl"><![CDATA[公示]]></category>
<wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value><![CDATA[9]]></wp:meta_value></wp:postmeta>
<wp:comment><wp:comment_id>2</wp:comment_id><wp:comment_author><![CDATA[乙]]></wp:comment_author>
<wp:comment_author_email>b@example.org</wp:comment_author_email><wp:comment_date_gmt>2020-02-12 02:00:00</wp:comment_date_gmt>
<wp:comment_content><![CDATA[回复 <b>甲</b>]]></wp:comment_content><wp:comment_approved>0</wp:comment_approved>
<wp:comment_parent>1</wp:comment_parent></wp:comment>
<wp:comment><wp:comment_id>1</wp:comment_id><wp:comment_author><![CDATA[甲]]></wp:comment_author>
<wp:comment_date_gmt>2020-02-12 01:00:00</wp:comment_date_gmt><wp:comment_content><![CDATA[好]]></wp:comment_content>
<wp:comment_approved>1</wp:comment_approved><wp:comment_parent>0</wp:comment_parent></wp:comment>
<wp:comment><wp:comment_id>3</wp:comment_id><wp:comment_date_gmt>2020-02-12 03:00:00</wp:comment_date_gmt>
<wp:comment_content>x</wp:comment_content><wp:comment_approved>1</wp:comment_approved>
<wp:comment_type>pingback</wp:comment_type></wp:comment>
<category domain="post_tag" nicename="x"><![CDATA[通知]]></category></item>
<item><title>Draft</title><link>https://example.org/?p=7</link><content:encoded><![CDATA[x]]></content:encoded>
<wp:post_date>2020-02-13 10:00:00</wp:post_date><wp:post_date_gmt>0000-00-00 00:00:00</wp:post_date_gmt>
<wp:status>draft</wp:status><wp:post_type>post</wp:post_type></item>
<item><title>a.png</title><wp:post_id>9</wp:post_id>
<wp:attachment_url>https://example.org/wp-content/uploads/2020/02/a.png</wp:attachment_url><wp:status>inherit</wp:status><wp:post_type>attachment</wp:post_type></item>
<item><title>Bin</title><wp:status>trash</wp:status><wp:post_type>post</wp:post_type></item>
</channel></rss>"#;

    #[test]
    fn posts_are_read_with_their_facts() {
        let export = parse_wxr(EXPORT, Lang::Zh, &TimeZone::UTC).unwrap();
        assert_eq!(export.passed_over, [("attachment".to_owned(), 1), ("trash".to_owned(), 1)]);
        let articles = export.articles;
        assert_eq!(articles.len(), 2);
        let first = &articles[0];
        assert_eq!(first.content.title, "复工 & 复产");
        assert_eq!(first.content.body, "<p>正文 <strong>一</strong></p>\n\n第二段");
        assert_eq!((first.content.author.as_str(), first.content.summary.as_str()), ("孙编辑", "摘要"));
        assert_eq!(
            (first.content.tags.as_slice(), first.channels.concat().join(" ").as_str()),
            (&["通知".to_owned()][..], "news 要闻 gsyl 公示")
        );
        assert_eq!(first.cover.as_deref(), Some("https://example.org/wp-content/uploads/2020/02/a.png"));
        assert!(first.content.comments_open && !articles[1].content.comments_open);
        let comments: Vec<_> =
            first.comments.iter().map(|c| (c.name.as_str(), c.text.as_str(), c.status, c.parent)).collect();
        assert_eq!(
            comments,
            [("甲", "好", CommentStatus::Shown, None), ("乙", "回复 甲", CommentStatus::Waiting, Some(0))]
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
        assert_eq!(
            parse_wxr(bomb, Lang::Zh, &TimeZone::UTC).unwrap().articles[0].content.title,
            "(untitled)"
        );
        assert!(parse_wxr(&"<a>".repeat(100), Lang::Zh, &TimeZone::UTC).is_err());
    }

    #[test]
    fn a_file_that_was_cut_off_is_refused_wherever_it_ends() {
        let whole = EXPORT.trim_end();
        for (end, _) in whole.char_indices() {
            assert!(parse_wxr(&whole[..end], Lang::Zh, &TimeZone::UTC).is_err(), "{}", &whole[..end]);
        }
    }
}
