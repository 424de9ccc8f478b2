//! Whatever stands at an address that editors gave: an article, a channel, or the news that it moved or was withdrawn.

use super::frame::{Frame, NavLink};
use super::lists;
use super::page::{self, Kept};
use super::pages::Rendered;
use super::reader::Reader;
use super::words::{self, Words};
use crate::api::Api;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use wanquan_app::portal::read::{self, ArticlePage, Page, PublicHeadline, Withdrawn};
use wanquan_domain::channel::ChannelTree;
use wanquan_domain::text::Lang;

/// What the address of a page says.
#[derive(Debug, Default, Clone, Deserialize)]
pub struct PageQuery {
    pub(super) page: Option<u64>,
    version: Option<u32>,
}

/// An article as it stands on a list.
pub(super) struct Item {
    pub(super) href: String,
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) date: String,
    pub(super) date_iso: String,
    pub(super) lang: &'static str,
    /// Address and number of its comments, where there are any.
    pub(super) comments: Option<(String, String)>,
}

impl Item {
    pub(super) fn new(api: &Api, w: Words, headline: PublicHeadline) -> Self {
        Self {
            href: w.href(&headline.address),
            title: headline.title,
            summary: headline.summary,
            date: w.date(api.app.day_of(headline.published_at)),
            date_iso: headline.published_at.to_string(),
            lang: html_lang(headline.lang),
            comments: (headline.comments > 0).then(|| {
                (w.href(&format!("/comments/{}", headline.id)), comment_count(headline.comments, w))
            }),
        }
    }
}

/// How many comments there are, in words.
fn comment_count(n: u64, w: Words) -> String {
    let n = words::integer(i64::try_from(n).unwrap_or(i64::MAX));
    if w.0 == Lang::En { format!("Comments: {n}") } else { format!("评论 {n}") }
}

pub(super) fn html_lang(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "en",
        Lang::Zh => "zh-CN",
    }
}

struct Note {
    date: String,
    date_iso: String,
    note: String,
    former: Option<String>,
}

struct Download {
    href: String,
    name: String,
    size: String,
}

#[derive(Template)]
#[template(path = "article.html")]
struct ArticleTemplate {
    f: Frame,
    w: Words,
    trail: Vec<NavLink>,
    lang: &'static str,
    title: String,
    subtitle: String,
    facts: Vec<(String, String)>,
    date: String,
    date_iso: String,
    html: String,
    is_former: bool,
    current: String,
    notes: Vec<Note>,
    cover: Option<(String, Option<(u32, u32)>)>,
    downloads: Vec<Download>,
    tags: Vec<NavLink>,
    previous: Option<Item>,
    next: Option<Item>,
    related: Vec<Item>,
    views: String,
    /// Address and number of its comments, where it is open to them or has any.
    comments: Option<(String, String)>,
    permanent: String,
    json_ld: String,
    modified_iso: String,
}

/// An address that no fixed route has.
pub async fn any_page(
    State(api): State<Api>,
    reader: Reader,
    query: Result<Query<PageQuery>, QueryRejection>,
    method: Method,
) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let Query(query) = query.unwrap_or_default();
    let Ok(path) = percent_encoding::percent_decode_str(reader.uri.path()).decode_utf8() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match read::read_page(&api.app, &path, query.page.unwrap_or(1), query.version).await {
        Ok(Page::Moved(address)) => moved(&address, reader.uri.query()),
        Ok(Page::Article(page)) => {
            page::public(&api, &reader, article(&api, &reader, *page, query.version)).await
        }
        Ok(Page::Channel(page)) => {
            page::public(&api, &reader, lists::channel(&api, &reader, *page, &path)).await
        }
        Ok(Page::Gone(withdrawn)) => gone(&api, &reader, &withdrawn, &path),
        Ok(Page::Unknown) => page::not_found(&api, &reader),
        Err(error) => page::failed(&api, &reader, &error),
    }
}

/// Leads to where a page is now; what was asked beside the address goes along.
pub(super) fn moved(address: &str, query: Option<&str>) -> Response {
    let to = query.map_or_else(|| address.to_owned(), |query| format!("{address}?{query}"));
    match HeaderValue::from_str(&to) {
        Ok(to) => {
            // Editors may move it again, and then this answer would be wrong for as long as it is kept.
            let headers =
                [(header::LOCATION, to), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
            (StatusCode::MOVED_PERMANENTLY, headers).into_response()
        }
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The way from the first page to a channel.
pub(super) fn trail(tree: &ChannelTree, channel: &str, w: Words) -> Vec<NavLink> {
    let mut trail =
        vec![NavLink { href: w.href("/"), name: w.t("Home", "首页").to_owned(), current: false }];
    let line = tree.line(channel);
    trail.extend(line.iter().rev().map(|c| NavLink {
        href: w.href(&tree.address(&c.id)),
        name: c.title.get(w.0).to_owned(),
        current: false,
    }));
    trail
}

fn article(
    api: &Api,
    reader: &Reader,
    page: ArticlePage,
    version: Option<u32>,
) -> Result<Rendered, askama::Error> {
    let (w, lang) = (reader.w, reader.w.0);
    let content = page.version.content;
    let former = version.filter(|_| page.is_former).map_or_else(String::new, |n| n.to_string());
    let mut f = Frame::new(api, reader, &page.address, &content.title).with_query(&[("version", &former)]);
    f.description.clone_from(&page.version.summary);
    f.noindex = page.is_former;
    let channel = page.tree.get(&page.channel);
    let section = channel.map_or("", |c| c.title.get(lang)).to_owned();
    let date = |at: Timestamp| w.date_time(api.app.time_of(at));
    let facts = [
        (w.t("Author", "作者"), &content.author),
        (w.t("Editor", "编辑"), &content.editor),
        (w.t("Source", "来源"), &content.source),
        (w.t("Place", "地点"), &content.place),
    ];
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let notes = page.corrections.iter().map(|correction| Note {
        date: date(correction.at),
        date_iso: correction.at.to_string(),
        note: correction.note.clone(),
        former: (correction.n > 1)
            .then(|| w.link(&page.address, &[("version", &(correction.n - 1).to_string())])),
    });
    let json_ld = json_ld(
        &f,
        &content,
        &page.address,
        &section,
        page.published_at,
        page.version.published_at,
        page.cover.as_ref().map(|c| c.address.as_str()),
    );
    let template = ArticleTemplate {
        trail: trail(&page.tree, &page.channel, w),
        lang: html_lang(content.lang),
        facts: facts.map(|(name, value)| (name.to_owned(), value.clone())).collect(),
        date: date(page.published_at),
        date_iso: page.published_at.to_string(),
        modified_iso: page.version.published_at.to_string(),
        html: page.version.html,
        is_former: page.is_former,
        current: w.href(&page.address),
        notes: notes.collect(),
        cover: page.cover.map(|cover| (cover.address, cover.pixels)),
        downloads: page
            .attachments
            .into_iter()
            .map(|file| Download { href: file.address, name: file.name, size: words::size(file.size) })
            .collect(),
        tags: content.tags.iter().map(|tag| lists::tag_link(w, tag)).collect(),
        previous: page.previous.map(|h| Item::new(api, w, h)),
        next: page.next.map(|h| Item::new(api, w, h)),
        related: page.related.into_iter().map(|h| Item::new(api, w, h)).collect(),
        views: words::integer(page.views),
        comments: (content.comments_open || page.comments > 0)
            .then(|| (w.href(&format!("/comments/{}", page.id)), comment_count(page.comments, w))),
        permanent: f.absolute(&page.address),
        title: content.title,
        subtitle: content.subtitle,
        json_ld,
        f,
        w,
    };
    let shown = (!page.is_former).then_some(page.id);
    Ok(Rendered { article: shown, ..page::drawn(&template, &template.f, Kept::Ready)? })
}

/// What search engines read, in a script element that is data. `<` is written so that no text can end the element.
fn json_ld(
    f: &Frame,
    content: &wanquan_domain::article::ArticleContent,
    address: &str,
    section: &str,
    published_at: Timestamp,
    modified_at: Timestamp,
    cover: Option<&str>,
) -> String {
    let mut data = json!({
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": content.title,
        "description": f.description,
        "inLanguage": html_lang(content.lang),
        "datePublished": published_at.to_string(),
        "dateModified": modified_at.to_string(),
        "articleSection": section,
        "keywords": content.tags,
        "mainEntityOfPage": f.absolute(address),
        "publisher": { "@type": "Organization", "name": f.site },
    });
    if let Some(data) = data.as_object_mut() {
        if !content.author.is_empty() {
            data.insert("author".into(), json!({ "@type": "Person", "name": content.author }));
        }
        if let Some(cover) = cover {
            data.insert("image".into(), json!([f.absolute(cover)]));
        }
    }
    data.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

fn gone(api: &Api, reader: &Reader, withdrawn: &Withdrawn, path: &str) -> Response {
    let w = reader.w;
    let f = Frame::new(api, reader, path, w.t("This article was withdrawn", "本文已撤回"));
    let date = w.date(api.app.day_of(withdrawn.at));
    let text = w.t(&format!("It was withdrawn on {date}."), &format!("撤回日期：{date}。")).to_owned();
    page::short(f, StatusCode::GONE, &[&text, &withdrawn.reason])
}
