//! Markdown to what readers get: HTML of which nothing can execute, plain text, a summary.
//!
//! Bodies come from editors, from pasted documents and from imports of other systems; none of them is trusted. What the
//! renderer makes goes through an allow list; pictures come from this portal alone.

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;
use wanquan_domain::article::{clean_line, is_direction_trick};

/// Characters of a summary that nobody wrote.
const SUMMARY_CHARS: usize = 120;
/// Where files of the portal are, by digest.
pub const FILES: &str = "/files/";
/// Deepest nesting of quotes and lists that is shown; more is an attack or a broken import.
const NESTING_MAX: usize = 32;

/// What of HTML may stand in an article.
static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tags: HashSet<&str> = [
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "code",
        "dd",
        "del",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "pre",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "small",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
    ]
    .into();
    let mut builder = Builder::empty();
    builder
        .tags(tags)
        // What these hold is no text.
        .clean_content_tags(
            [
                "script", "style", "svg", "math", "template", "iframe", "object", "noscript", "title",
                "textarea", "select", "xmp", "noembed", "noframes",
            ]
            .into(),
        )
        .add_tag_attributes("a", ["href", "title", "hreflang"])
        .add_tag_attributes("img", ["src", "alt", "title", "width", "height"])
        .add_tag_attributes("td", ["colspan", "rowspan"])
        .add_tag_attributes("th", ["colspan", "rowspan", "scope"])
        .add_tag_attributes("ol", ["start"])
        .add_tag_attributes("abbr", ["title"])
        .url_schemes(["http", "https", "mailto", "tel"].into())
        .url_relative(UrlRelative::Custom(Box::new(relative)))
        .link_rel(Some("noopener noreferrer"))
        .set_tag_attribute_value("img", "loading", "lazy")
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            // A picture from elsewhere would tell that other server who reads what.
            ("img", "src") => file_of(value).map(|_| Cow::Borrowed(value)),
            ("img", "width" | "height") | ("td" | "th", "colspan" | "rowspan") | ("ol", "start") => {
                (value.len() <= 4 && value.chars().all(|c| c.is_ascii_digit()))
                    .then_some(Cow::Borrowed(value))
            }
            _ => Some(Cow::Borrowed(value)),
        });
    builder
});

/// Relative addresses lead from the root of the portal or stay on the page; `//elsewhere` is neither.
fn relative(url: &str) -> Option<Cow<'_, str>> {
    let local =
        (url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\")) || url.starts_with('#');
    local.then_some(Cow::Borrowed(url))
}

/// The digest of the file that an address of this portal leads to.
pub fn file_of(url: &str) -> Option<&str> {
    let name = url.strip_prefix(FILES)?;
    let digest = name.split(['.', '/', '?']).next()?;
    let is_digest =
        digest.len() == 64 && digest.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
    is_digest.then_some(digest)
}

fn parse(markdown: &str) -> Parser<'_> {
    Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
}

/// The page has the title as its first heading, so headings of the body begin with the second.
fn lowered(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 | HeadingLevel::H2 => HeadingLevel::H2,
        other => other,
    }
}

/// The body as readers get it.
pub fn to_html(markdown: &str) -> String {
    let mut depth = 0_usize;
    let events = parse(markdown).filter_map(|event| {
        let nests = |tag: &Tag<'_>| matches!(tag, Tag::BlockQuote(_) | Tag::List(_) | Tag::Item);
        let nested = |tag: &TagEnd| matches!(tag, TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item);
        match event {
            Event::Start(tag) if nests(&tag) => {
                depth += 1;
                (depth <= NESTING_MAX).then_some(Event::Start(tag))
            }
            Event::End(tag) if nested(&tag) => {
                let kept = depth <= NESTING_MAX;
                depth = depth.saturating_sub(1);
                kept.then_some(Event::End(tag))
            }
            Event::Start(Tag::Heading { level, id, classes, attrs }) => {
                Some(Event::Start(Tag::Heading { level: lowered(level), id, classes, attrs }))
            }
            Event::End(TagEnd::Heading(level)) => Some(Event::End(TagEnd::Heading(lowered(level)))),
            other => Some(other),
        }
    });
    let mut raw = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut raw, events);
    let clean = SANITIZER.clean(&raw).to_string();
    // References such as `&#8238;` become characters only here.
    if clean.contains(is_direction_trick) { clean.replace(is_direction_trick, "") } else { clean }
}

/// What a body says, without its form; blocks are parted by line feeds.
pub fn to_text(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    for event in parse(markdown) {
        match event {
            Event::Text(part) | Event::Code(part) => text.push_str(&part),
            Event::SoftBreak => text.push(' '),
            Event::HardBreak | Event::Rule | Event::End(TagEnd::TableCell) => text.push(' '),
            Event::End(
                TagEnd::Paragraph
                | TagEnd::Heading(_)
                | TagEnd::Item
                | TagEnd::CodeBlock
                | TagEnd::TableRow
                | TagEnd::TableHead,
            ) => text.push('\n'),
            // What stands in tags of HTML is text of its own; the tags are not.
            _ => {}
        }
    }
    let lines = text.lines().map(clean_line).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// What lists and feeds show: what the editor wrote, or the beginning of the text.
pub fn summary(written: &str, markdown: &str) -> String {
    if !written.is_empty() {
        return clean_line(written);
    }
    let text = clean_line(&to_text(markdown));
    let mut summary: String = text.chars().take(SUMMARY_CHARS).collect();
    if summary.len() < text.len() {
        // A word is not cut in the middle; Chinese has no spaces to cut at.
        if let Some(space) = summary.rfind(' ').filter(|at| *at > summary.len() * 3 / 4) {
            summary.truncate(space);
        }
        summary.push('…');
    }
    summary
}

/// Digests of the files that a rendered body shows or links to.
pub fn files_in(html: &str) -> BTreeSet<String> {
    html.match_indices(FILES)
        .filter_map(|(at, _)| file_of(&html[at..html.len().min(at + 71)]))
        .map(str::to_owned)
        .collect()
}

/// Addresses of pages elsewhere to which rendered text leads.
pub fn links_in(html: &str) -> BTreeSet<String> {
    // What begins like a tag is one: in text the sign is written as a reference.
    let tags = html.match_indices("<a ").map(|(at, _)| &html[at..]);
    let leading = tags.filter_map(|tag| {
        let (before, rest) = tag.split_once("href=\"")?;
        let written = rest.split('"').next().unwrap_or_default();
        (!before.contains('>') && written.starts_with("http")).then_some(written)
    });
    // As the writer of rendered text escapes attributes.
    let plain = |written: &str| {
        written.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    };
    leading.map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_body_can_execute() {
        let hostile = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[a](javascript:alert(1)) [b](JaVaScRiPt&#58;alert(1)) [c](data:text/html,x) [d](vbscript:x)",
            "<a href=\"java\tscript:alert(1)\">x</a>",
            "<svg><script>alert(1)</script><animate onbegin=alert(1)></svg>",
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
            "<p style=\"background:url(javascript:alert(1))\" onclick=alert(1) id=content class=top>x</p>",
            "<iframe src=//evil></iframe><object data=x></object><embed src=x><form action=//evil><input></form>",
            "<base href=//evil><meta http-equiv=refresh content=0><link rel=stylesheet href=//evil>",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "![x](https://evil.example/x.png) ![y](//evil/y.png) <a href=//evil>z</a> <a href=\"/\\evil\">w</a>",
            "<a href=\"x\" target=_blank ping=//evil>y</a>",
        ];
        for body in hostile {
            let html = to_html(body).to_lowercase();
            for bad in [
                "<script",
                "onerror",
                "onclick",
                "onbegin",
                "javascript",
                "vbscript",
                "data:",
                "<svg",
                "<math",
                "style",
                "<iframe",
                "<object",
                "<embed",
                "<form",
                "<input",
                "<base",
                "<meta",
                "<link",
                "id=",
                "class=",
                "src=",
                "href=\"//",
                "\\evil",
                "ping",
                "target",
            ] {
                assert!(!html.contains(bad), "{bad} of {body} in {html}");
            }
        }
    }

    #[test]
    fn what_editors_write_is_kept() {
        let digest = "a".repeat(64);
        let html = to_html(&format!(
            "# Heading\n\nSome **bold** and [a link](https://example.org/x) and [here](/gsyl/1.html).\n\n\
             ![A map](/files/{digest}.png)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n1. one\n2. two"
        ));
        assert!(html.contains("<h2>Heading</h2>") && html.contains("<strong>bold</strong>"), "{html}");
        assert!(html.contains("href=\"https://example.org/x\"") && html.contains("href=\"/gsyl/1.html\""));
        assert!(html.contains("<table>") && html.contains("<ol>"));
        assert!(html.contains(&format!("src=\"/files/{digest}.png\"")) && html.contains("alt=\"A map\""));
        assert_eq!(files_in(&html), BTreeSet::from([digest]));
    }

    #[test]
    fn links_elsewhere_are_found_as_they_lead() {
        let html = to_html(
            "[a](https://a.example/?x=1&y=2) [b](/own) <a href='http://b.example/\"q\"'>b</a> href=\"https://no\"",
        );
        let found = links_in(&html);
        assert!(found.contains("https://a.example/?x=1&y=2"), "{found:?}");
        assert!(found.iter().any(|link| link.starts_with("http://b.example/")), "{found:?}");
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn direction_tricks_do_not_come_back_as_references() {
        assert!(!to_html("a&#8238;b &#x202e; c").contains(is_direction_trick));
    }

    #[test]
    fn deep_and_broken_bodies_are_rendered_all_the_same() {
        for body in [
            "> ".repeat(50_000),
            "- ".repeat(20_000),
            "<div>".repeat(50_000),
            "<b>".repeat(20_000),
            "[".repeat(50_000),
            "*a ".repeat(50_000),
            "`".repeat(99_999),
            "|".repeat(50_000),
        ] {
            let html = to_html(&body);
            assert!(html.len() < 3_000_000, "{} bytes of {}", html.len(), &body[..5]);
        }
    }

    #[test]
    fn a_summary_is_the_beginning_of_the_text() {
        assert_eq!(summary("", "# 标题\n\n第一段 **重点**。\n\n<b>raw</b>"), "标题 第一段 重点。 raw");
        assert_eq!(summary("written", "body"), "written");
        let long = summary("", &"word ".repeat(100));
        assert!(long.ends_with("word…") && long.chars().count() <= SUMMARY_CHARS + 1, "{long}");
        assert_eq!(summary("", &"字".repeat(500)).chars().count(), SUMMARY_CHARS + 1);
    }
}
