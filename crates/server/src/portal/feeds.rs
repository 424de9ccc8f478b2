//! What other programs read: Atom, RSS and JSON feeds, the sitemap, robots.txt.

use super::article::html_lang;
use super::pages::{self, Rendered};
use super::reader::Reader;
use super::unavailable;
use super::words::escape;
use crate::api::Api;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::fmt::Write as _;
use wanquan_app::portal::read::{self, Listed, PublicHeadline};
use wanquan_domain::article::ArticleVersion;
use wanquan_domain::channel::ChannelTree;
use wanquan_domain::text::Lang;

/// Addresses in one file of a sitemap, as the protocol allows.
pub const SITEMAP_MAX: u32 = 50_000;

/// The address of the installation: as set up, or where it listens.
pub(super) fn base(api: &Api) -> String {
    api.config.public_url.clone().unwrap_or_else(|| format!("http://{}", api.config.listen))
}

/// Text as it stands in XML: characters that XML 1.0 does not know are left out.
fn xml(text: &str) -> String {
    let known: String = text
        .chars()
        .filter(|c| matches!(c, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..))
        .collect();
    escape(&known)
}

struct Feed {
    title: String,
    home: String,
    own: String,
    items: Vec<(PublicHeadline, ArticleVersion)>,
    base: String,
}

impl Feed {
    fn updated(&self) -> String {
        let latest = self.items.iter().map(|(h, _)| h.updated_at).max();
        latest.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
    }

    fn atom(&self) -> String {
        let mut out = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n\
             <title>{}</title>\n<id>{}</id>\n<link rel=\"self\" type=\"application/atom+xml\" href=\"{}\"/>\n\
             <link href=\"{}\"/>\n<updated>{}</updated>\n",
            xml(&self.title),
            xml(&self.own),
            xml(&self.own),
            xml(&self.home),
            self.updated()
        );
        for (headline, version) in &self.items {
            let author =
                if version.content.author.is_empty() { &self.title } else { &version.content.author };
            let _ = write!(
                out,
                "<entry xml:lang=\"{}\">\n<title>{}</title>\n<id>urn:uuid:{}</id>\n<link href=\"{}\"/>\n\
                 <published>{}</published>\n<updated>{}</updated>\n<author><name>{}</name></author>\n",
                html_lang(headline.lang),
                xml(&headline.title),
                headline.id,
                xml(&format!("{}{}", self.base, headline.address)),
                headline.published_at,
                headline.updated_at,
                xml(author)
            );
            for tag in &version.content.tags {
                let _ = writeln!(out, "<category term=\"{}\"/>", xml(tag));
            }
            let _ = write!(
                out,
                "<summary>{}</summary>\n<content type=\"html\" xml:base=\"{}/\">{}</content>\n</entry>\n",
                xml(&headline.summary),
                xml(&self.base),
                xml(&version.html)
            );
        }
        out.push_str("</feed>\n");
        out
    }

    fn rss(&self) -> String {
        let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
        let date = |at: jiff::Timestamp| printer.timestamp_to_string(&at);
        let mut out = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\" \
             xmlns:atom=\"http://www.w3.org/2005/Atom\">\n<channel>\n<title>{}</title>\n<link>{}</link>\n\
             <description>{}</description>\n<atom:link rel=\"self\" type=\"application/rss+xml\" href=\"{}\"/>\n",
            xml(&self.title),
            xml(&self.home),
            xml(&self.title),
            xml(&self.own)
        );
        for (headline, version) in &self.items {
            let _ = write!(
                out,
                "<item>\n<title>{}</title>\n<link>{}</link>\n<guid isPermaLink=\"false\">urn:uuid:{}</guid>\n\
                 <pubDate>{}</pubDate>\n",
                xml(&headline.title),
                xml(&format!("{}{}", self.base, headline.address)),
                headline.id,
                date(headline.published_at).unwrap_or_default()
            );
            for tag in &version.content.tags {
                let _ = writeln!(out, "<category>{}</category>", xml(tag));
            }
            let _ = write!(out, "<description>{}</description>\n</item>\n", xml(&headline.summary));
        }
        out.push_str("</channel>\n</rss>\n");
        out
    }

    fn json(&self) -> String {
        let items: Vec<_> = self
            .items
            .iter()
            .map(|(headline, version)| {
                json!({
                    "id": format!("urn:uuid:{}", headline.id),
                    "url": format!("{}{}", self.base, headline.address),
                    "title": headline.title,
                    "summary": headline.summary,
                    "content_html": version.html,
                    "date_published": headline.published_at.to_string(),
                    "date_modified": headline.updated_at.to_string(),
                    "language": html_lang(headline.lang),
                    "tags": version.content.tags,
                })
            })
            .collect();
        json!({
            "version": "https://jsonfeed.org/version/1.1",
            "title": self.title,
            "home_page_url": self.home,
            "feed_url": self.own,
            "items": items,
        })
        .to_string()
    }
}

/// A feed of everything (`/feed.atom`, `/feed.rss`, `/feed.json`).
pub async fn feed(State(api): State<Api>, reader: Reader) -> Response {
    let ending = reader.uri.path().rsplit_once('.').map_or("", |(_, ending)| ending);
    write(&api, &reader, Listed::Everything, "/", ending).await
}

/// A feed of a channel (`/feeds/<channel>.atom`).
pub async fn channel_feed(State(api): State<Api>, reader: Reader, Path(name): Path<String>) -> Response {
    let Some((channel, ending)) = name.rsplit_once('.') else { return StatusCode::NOT_FOUND.into_response() };
    if reader.tree.get(channel).is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let home = reader.tree.address(channel);
    write(&api, &reader, Listed::Channel(channel.to_owned()), &home, ending).await
}

async fn write(api: &Api, reader: &Reader, listed: Listed, home: &str, ending: &str) -> Response {
    let items = match read::read_feed(&api.app, &listed).await {
        Ok(items) => items,
        Err(error) => return unavailable(&error),
    };
    let base = base(api);
    let feed = Feed {
        title: feed_title(api, &reader.tree, &listed),
        home: format!("{base}{home}"),
        own: format!("{base}{}", reader.uri.path()),
        items,
        base,
    };
    let (media_type, body) = match ending {
        "atom" => ("application/atom+xml; charset=utf-8", feed.atom()),
        "rss" => ("application/rss+xml; charset=utf-8", feed.rss()),
        "json" => ("application/feed+json; charset=utf-8", feed.json()),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    kept(api, reader, media_type, body).await
}

fn feed_title(api: &Api, tree: &ChannelTree, listed: &Listed) -> String {
    let site = api.app.packs().portal.title.as_ref().map_or("Wanquan", |t| t.get(Lang::Zh));
    match listed {
        Listed::Channel(id) => {
            let name = tree.get(id).map_or("", |c| c.title.get(Lang::Zh));
            format!("{name} · {site}")
        }
        _ => site.to_owned(),
    }
}

async fn kept(api: &Api, reader: &Reader, media_type: &'static str, body: String) -> Response {
    let address = Some(reader.uri.path().to_owned());
    pages::answer(api, reader, Rendered { media_type, address, ..Rendered::html(body) }).await
}

const XML: &str = "application/xml; charset=utf-8";

/// `/sitemap.xml`: the list of parts.
pub async fn sitemap_index(State(api): State<Api>, reader: Reader) -> Response {
    let total = match read::count_public(&api.app).await {
        Ok(total) => total,
        Err(error) => return unavailable(&error),
    };
    let base = base(&api);
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    let _ = writeln!(out, "<sitemap><loc>{}</loc></sitemap>", xml(&format!("{base}/sitemap-channels.xml")));
    for part in 0..total.div_ceil(u64::from(SITEMAP_MAX)) {
        let _ = writeln!(out, "<sitemap><loc>{}</loc></sitemap>", xml(&format!("{base}/sitemap-{part}.xml")));
    }
    out.push_str("</sitemapindex>\n");
    kept(&api, &reader, XML, out).await
}

/// `/sitemap-0.xml`, `/sitemap-channels.xml`: one part.
pub async fn sitemap(State(api): State<Api>, reader: Reader, Path(name): Path<String>) -> Response {
    let Some(part) = name.strip_suffix(".xml") else { return StatusCode::NOT_FOUND.into_response() };
    let base = base(&api);
    let entries = if part == "channels" {
        let tree = &reader.tree;
        let open = tree.all().iter().filter(|c| !c.closed).map(|c| (tree.address(&c.id), None));
        std::iter::once(("/".to_owned(), None)).chain(open).collect::<Vec<_>>()
    } else {
        let Ok(part) = part.parse::<u64>() else { return StatusCode::NOT_FOUND.into_response() };
        match read::read_sitemap(&api.app, part, SITEMAP_MAX).await {
            Ok(items) if items.is_empty() => return StatusCode::NOT_FOUND.into_response(),
            Ok(items) => items.into_iter().map(|(address, at)| (address, Some(at))).collect(),
            Err(error) => return unavailable(&error),
        }
    };
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for (address, at) in entries {
        let at = at.map_or_else(String::new, |at| format!("<lastmod>{at}</lastmod>"));
        let _ = writeln!(out, "<url><loc>{}</loc>{at}</url>", xml(&format!("{base}{address}")));
    }
    out.push_str("</urlset>\n");
    kept(&api, &reader, XML, out).await
}

/// `/robots.txt`.
pub async fn robots(State(api): State<Api>, reader: Reader) -> Response {
    let body = format!(
        "User-agent: *\nDisallow: /api/\nDisallow: /console/\nDisallow: /preferences\nDisallow: /search\n\
         Sitemap: {}/sitemap.xml\n",
        base(&api)
    );
    kept(&api, &reader, "text/plain; charset=utf-8", body).await
}
