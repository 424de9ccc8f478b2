//! Lists of articles: channels, tags, the archive by month.

use super::article::{self, Item, PageQuery};
use super::frame::{Frame, NavLink};
use super::page::{self, Kept};
use super::pages::Rendered;
use super::reader::Reader;
use super::words::Words;
use crate::api::Api;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use wanquan_app::portal::read::{self, ListPage, Listed};

#[derive(Template)]
#[template(path = "list.html")]
struct ListTemplate {
    f: Frame,
    w: Words,
    trail: Vec<NavLink>,
    heading: String,
    total: String,
    below: Vec<NavLink>,
    items: Vec<Item>,
    pages: Vec<NavLink>,
    newer: Option<String>,
    older: Option<String>,
    feed: Option<String>,
}

#[derive(Template)]
#[template(path = "index.html")]
struct IndexTemplate {
    f: Frame,
    w: Words,
    heading: String,
    entries: Vec<(NavLink, String)>,
}

/// Everything that may not stand in a segment of an address as it is.
const SEGMENT: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The address of a tag's page.
pub(super) fn tag_address(tag: &str) -> String {
    format!("/tags/{}/", percent_encoding::utf8_percent_encode(tag, SEGMENT))
}

pub(super) fn tag_link(w: Words, tag: &str) -> NavLink {
    NavLink { href: w.href(&tag_address(tag)), name: tag.to_owned(), current: false }
}

/// Links to the pages of a list around one of them.
fn page_links(f: &Frame, page: u64, pages: u64) -> Vec<NavLink> {
    let near = page.saturating_sub(3).max(1)..=(page + 3).min(pages);
    let mut numbers: Vec<u64> = near.collect();
    for end in [1, pages] {
        if !numbers.contains(&end) {
            numbers.push(end);
        }
    }
    numbers.sort_unstable();
    let link = |n: u64| NavLink { href: numbered(f, n), name: n.to_string(), current: n == page };
    numbers.into_iter().map(link).collect()
}

fn numbered(f: &Frame, page: u64) -> String {
    let number = if page > 1 { page.to_string() } else { String::new() };
    f.w.link(&f.path, &[("page", &number)])
}

/// What stands above the articles of a list.
struct Head {
    heading: String,
    trail: Vec<NavLink>,
    below: Vec<NavLink>,
    feed: Option<String>,
}

/// A channel's page, everywhere or about one region.
pub(super) fn channel(
    api: &Api,
    reader: &Reader,
    page: ListPage,
    path: &str,
) -> Result<Rendered, askama::Error> {
    let w = reader.w;
    let (id, region) = match &page.listed {
        Listed::Place(id, region) => (id.clone(), api.app.packs().regions.get(region)),
        Listed::Channel(id) => (id.clone(), None),
        _ => (String::new(), None),
    };
    let name = page.tree.get(&id).map_or("", |c| c.title.get(w.0)).to_owned();
    let heading = match region {
        Some(region) => format!("{name} · {}", region.name_in(w.0)),
        None => name,
    };
    let mut trail = article::trail(&page.tree, &id, w);
    if region.is_none() {
        trail.pop();
    }
    let children = page.tree.children(Some(&id)).filter(|_| region.is_none());
    let below = children.map(|c| NavLink {
        href: w.href(&page.tree.address(&c.id)),
        name: c.title.get(w.0).to_owned(),
        current: false,
    });
    let below = below.collect();
    let feed = region.is_none().then(|| format!("/feeds/{id}.atom"));
    list(api, reader, page, path, Head { heading, trail, below, feed })
}

fn list(
    api: &Api,
    reader: &Reader,
    page: ListPage,
    path: &str,
    head: Head,
) -> Result<Rendered, askama::Error> {
    let w = reader.w;
    let number = if page.page > 1 { page.page.to_string() } else { String::new() };
    let mut f = Frame::new(api, reader, path, &head.heading).with_query(&[("page", &number)]);
    f.description.clone_from(&head.heading);
    let template = ListTemplate {
        total: super::words::integer(i64::try_from(page.total).unwrap_or(i64::MAX)),
        pages: if page.pages > 1 { page_links(&f, page.page, page.pages) } else { Vec::new() },
        newer: (page.page > 1).then(|| numbered(&f, page.page - 1)),
        older: (page.page < page.pages).then(|| numbered(&f, page.page + 1)),
        items: page.items.into_iter().map(|h| Item::new(api, w, h)).collect(),
        heading: head.heading,
        trail: head.trail,
        below: head.below,
        feed: head.feed,
        f,
        w,
    };
    page::drawn(&template, &template.f, Kept::Ready)
}

type Asked = Result<Query<PageQuery>, QueryRejection>;

async fn listed(
    api: &Api,
    reader: &Reader,
    listed: Listed,
    query: Asked,
    heading: String,
    above: NavLink,
) -> Response {
    let Query(query) = query.unwrap_or_default();
    let w = reader.w;
    let page = match read::read_list(&api.app, listed, query.page.unwrap_or(1)).await {
        Ok(Some(page)) => *page,
        Ok(None) => return page::not_found(api, reader),
        Err(error) => return page::failed(api, reader, &error),
    };
    let home = NavLink { href: w.href("/"), name: w.t("Home", "首页").to_owned(), current: false };
    let head = Head { heading, trail: vec![home, above], below: Vec::new(), feed: None };
    page::public(api, reader, list(api, reader, page, reader.uri.path(), head)).await
}

fn all_tags(w: Words) -> NavLink {
    NavLink { href: w.href("/tags/"), name: w.t("Tags", "标签").to_owned(), current: false }
}

fn all_months(w: Words) -> NavLink {
    NavLink { href: w.href("/archive/"), name: w.t("Archive", "归档").to_owned(), current: false }
}

/// Articles with a tag.
pub async fn tag(State(api): State<Api>, reader: Reader, Path(tag): Path<String>, query: Asked) -> Response {
    let above = all_tags(reader.w);
    listed(&api, &reader, Listed::Tag(tag.clone()), query, tag, above).await
}

/// Articles of a month.
pub async fn month(
    State(api): State<Api>,
    reader: Reader,
    Path((year, month)): Path<(String, String)>,
    query: Asked,
) -> Response {
    let (year, month) = (year.parse().unwrap_or(0), month.parse().unwrap_or(0));
    let w = reader.w;
    listed(&api, &reader, Listed::Month(year, month), query, w.month(year, month), all_months(w)).await
}

/// Every tag.
pub async fn tags(State(api): State<Api>, reader: Reader) -> Response {
    let w = reader.w;
    match read::read_tags(&api.app).await {
        Ok(tags) => {
            let entries = tags.iter().map(|(tag, n)| (tag_link(w, tag), *n));
            index(&api, &reader, all_tags(w).name, entries).await
        }
        Err(error) => page::failed(&api, &reader, &error),
    }
}

/// Every month.
pub async fn archive(State(api): State<Api>, reader: Reader) -> Response {
    let w = reader.w;
    match read::read_months(&api.app).await {
        Ok(months) => {
            let entries = months.iter().map(|(year, month, n)| {
                let href = w.href(&format!("/archive/{year:04}/{month:02}/"));
                (NavLink { href, name: w.month(*year, *month), current: false }, *n)
            });
            index(&api, &reader, all_months(w).name, entries).await
        }
        Err(error) => page::failed(&api, &reader, &error),
    }
}

async fn index(
    api: &Api,
    reader: &Reader,
    heading: String,
    entries: impl Iterator<Item = (NavLink, u64)>,
) -> Response {
    let mut f = Frame::new(api, reader, reader.uri.path(), &heading);
    f.description.clone_from(&heading);
    let entries =
        entries.map(|(link, n)| (link, super::words::integer(i64::try_from(n).unwrap_or(i64::MAX))));
    let template = IndexTemplate { entries: entries.collect(), heading, w: reader.w, f };
    page::public(api, reader, page::drawn(&template, &template.f, Kept::Ready)).await
}
