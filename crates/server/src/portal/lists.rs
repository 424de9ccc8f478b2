//! Lists of articles: channels, tags, the archive by month.

use super::article::{self, Item, PageQuery};
use super::frame::{Frame, NavLink, View};
use super::pages::{self, Rendered};
use super::unavailable;
use super::words::Words;
use crate::api::Api;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use wanquan_app::portal::read::{self, ListPage, Listed};
use wanquan_domain::channel::ChannelTree;
use wanquan_domain::text::Lang;

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
    let lang = (f.w.0 == Lang::En).then(|| "lang=en".to_owned());
    let page = (page > 1).then(|| format!("page={page}"));
    let query: Vec<String> = page.into_iter().chain(lang).collect();
    if query.is_empty() { f.path.clone() } else { format!("{}?{}", f.path, query.join("&")) }
}

/// A channel's page, everywhere or about one region.
pub(super) fn channel(
    api: &Api,
    page: ListPage,
    lang: Lang,
    view: View,
    path: &str,
) -> Result<String, String> {
    let w = Words(lang);
    let (id, region) = match &page.listed {
        Listed::Channel(id) => (id.clone(), None),
        Listed::Place(id, region) => (id.clone(), api.app.packs().regions.get(region)),
        _ => return Err("no channel".to_owned()),
    };
    let name = page.tree.get(&id).map_or("", |c| c.title.get(lang)).to_owned();
    let heading = match region {
        Some(region) => format!("{name} · {}", region.name_in(lang)),
        None => name,
    };
    let mut trail = article::trail(&page.tree, &id, w);
    if region.is_none() {
        trail.pop();
    }
    let children = page.tree.children(Some(&id)).filter(|_| region.is_none());
    let below: Vec<NavLink> = children
        .map(|c| NavLink {
            href: w.href(&page.tree.address(&c.id)),
            name: c.title.get(lang).to_owned(),
            current: false,
        })
        .collect();
    let feed = region.is_none().then(|| format!("/feeds/{id}.atom"));
    list(api, page, w, view, path, heading, trail, below, feed)
}

#[expect(clippy::too_many_arguments, reason = "the parts of one page, each used once")]
fn list(
    api: &Api,
    page: ListPage,
    w: Words,
    view: View,
    path: &str,
    heading: String,
    trail: Vec<NavLink>,
    below: Vec<NavLink>,
    feed: Option<String>,
) -> Result<String, String> {
    let mut f = Frame::new(api, &page.tree, w.0, view, path, &heading);
    f.query = if page.page > 1 { format!("page={}", page.page) } else { String::new() };
    f.description.clone_from(&heading);
    let template = ListTemplate {
        trail,
        total: super::words::integer(i64::try_from(page.total).unwrap_or(i64::MAX)),
        below,
        pages: if page.pages > 1 { page_links(&f, page.page, page.pages) } else { Vec::new() },
        newer: (page.page > 1).then(|| numbered(&f, page.page - 1)),
        older: (page.page < page.pages).then(|| numbered(&f, page.page + 1)),
        items: page.items.into_iter().map(|h| Item::new(api, w, h)).collect(),
        feed,
        heading,
        f,
        w,
    };
    template.render().map_err(|e| e.to_string())
}

async fn listed(
    api: &Api,
    listed: Listed,
    query: Result<Query<PageQuery>, QueryRejection>,
    uri: &Uri,
    headers: &HeaderMap,
    heading: impl FnOnce(Words) -> String,
    above: fn(Words) -> NavLink,
) -> Response {
    let is_plain = query.is_ok();
    let Query(query) = query.unwrap_or_default();
    let generation = api.app.portal_generation();
    let (lang, view) = (query.lang(), View::of(headers));
    let w = Words(lang);
    let found = match read::read_list(&api.app, listed, query.page.unwrap_or(1)).await {
        Ok(found) => found,
        Err(error) => return unavailable(&error),
    };
    let drawn = match found {
        Some(page) => {
            let home = NavLink { href: w.href("/"), name: w.t("Home", "首页").to_owned(), current: false };
            let trail = vec![home, above(w)];
            let keep = is_plain && query.is_written(uri) && query.version.is_none();
            list(api, *page, w, view, uri.path(), heading(w), trail, Vec::new(), None)
                .map(|body| Rendered { keep, ..Rendered::html(body) })
        }
        None => article::unknown(api, lang, view)
            .await
            .map(|body| Rendered { status: StatusCode::NOT_FOUND, ..Rendered::html(body) }),
    };
    finish(api, uri, headers, generation, drawn).await
}

pub(super) async fn finish(
    api: &Api,
    uri: &Uri,
    headers: &HeaderMap,
    generation: i64,
    drawn: Result<Rendered, String>,
) -> Response {
    match drawn {
        Ok(rendered) => pages::answer(api, uri, headers, generation, rendered).await,
        Err(error) => {
            tracing::error!(error, "A public page could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn all_tags(w: Words) -> NavLink {
    NavLink { href: w.href("/tags/"), name: w.t("Tags", "标签").to_owned(), current: false }
}

fn all_months(w: Words) -> NavLink {
    NavLink { href: w.href("/archive/"), name: w.t("Archive", "归档").to_owned(), current: false }
}

/// Articles with a tag.
pub async fn tag(
    State(api): State<Api>,
    Path(tag): Path<String>,
    query: Result<Query<PageQuery>, QueryRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let heading = tag.clone();
    listed(&api, Listed::Tag(tag), query, &uri, &headers, |_| heading, all_tags).await
}

/// Articles of a month.
pub async fn month(
    State(api): State<Api>,
    Path((year, month)): Path<(String, String)>,
    query: Result<Query<PageQuery>, QueryRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let (year, month) = (year.parse().unwrap_or(0), month.parse().unwrap_or(0));
    let name = move |w: Words| w.month(year, month);
    listed(&api, Listed::Month(year, month), query, &uri, &headers, name, all_months).await
}

/// Every tag.
pub async fn tags(
    State(api): State<Api>,
    query: Result<Query<PageQuery>, QueryRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let generation = api.app.portal_generation();
    match read::read_tags(&api.app).await {
        Ok((tags, tree)) => {
            let heading = |w: Words| w.t("Tags", "标签").to_owned();
            let entry = |w: Words| tags.iter().map(|(tag, n)| (tag_link(w, tag), *n)).collect();
            index(&api, &tree, query, &uri, &headers, generation, heading, entry).await
        }
        Err(error) => unavailable(&error),
    }
}

/// Every month.
pub async fn archive(
    State(api): State<Api>,
    query: Result<Query<PageQuery>, QueryRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let generation = api.app.portal_generation();
    match read::read_months(&api.app).await {
        Ok((months, tree)) => {
            let heading = |w: Words| w.t("Archive", "归档").to_owned();
            let entry = |w: Words| {
                let link = |(year, month, n): &(i16, i8, u64)| {
                    let href = w.href(&format!("/archive/{year:04}/{month:02}/"));
                    (NavLink { href, name: w.month(*year, *month), current: false }, *n)
                };
                months.iter().map(link).collect()
            };
            index(&api, &tree, query, &uri, &headers, generation, heading, entry).await
        }
        Err(error) => unavailable(&error),
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one page, each used once")]
async fn index(
    api: &Api,
    tree: &ChannelTree,
    query: Result<Query<PageQuery>, QueryRejection>,
    uri: &Uri,
    headers: &HeaderMap,
    generation: i64,
    heading: impl Fn(Words) -> String,
    entries: impl Fn(Words) -> Vec<(NavLink, u64)>,
) -> Response {
    let is_plain = query.is_ok();
    let Query(query) = query.unwrap_or_default();
    let w = Words(query.lang());
    let heading = heading(w);
    let mut f = Frame::new(api, tree, w.0, View::of(headers), uri.path(), &heading);
    f.description.clone_from(&heading);
    let entries = entries(w)
        .into_iter()
        .map(|(link, n)| (link, super::words::integer(i64::try_from(n).unwrap_or(i64::MAX))));
    let template = IndexTemplate { entries: entries.collect(), heading, f, w };
    let keep = is_plain && query.is_written(uri) && query.page.is_none() && query.version.is_none();
    let drawn =
        template.render().map_err(|e| e.to_string()).map(|body| Rendered { keep, ..Rendered::html(body) });
    finish(api, uri, headers, generation, drawn).await
}
