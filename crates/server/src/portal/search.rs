//! The page of search.

use super::frame::Frame;
use super::page::{self, Kept};
use super::pages::Rendered;
use super::reader::Reader;
use super::words::{self, Words};
use crate::api::Api;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use wanquan_app::portal::search::{self, Asked, PAGE_LENGTH, PAGES_MAX, Piece, QUERY_CHARS_MAX, Results};
use wanquan_domain::article::clean_line;

/// What the address of the page says.
#[derive(Debug, Default, Deserialize)]
pub struct SearchQuery {
    q: Option<String>,
    page: Option<usize>,
    kind: Option<String>,
}

/// Kinds of results: as the address names them, in English, in Chinese.
const KINDS: [(&str, &str, &str); 3] =
    [("", "Everything", "全部"), ("article", "Articles", "文章"), ("service_place", "Services", "便民服务")];

struct Hit {
    kind: Option<&'static str>,
    href: String,
    title: Vec<Piece>,
    text: Vec<Piece>,
    date: String,
    date_iso: String,
}

/// Results of one kind, or of all.
struct KindLink {
    label: &'static str,
    href: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchTemplate {
    f: Frame,
    w: Words,
    heading: String,
    total: String,
    partly: bool,
    kinds: Vec<KindLink>,
    hits: Vec<Hit>,
    newer: Option<String>,
    older: Option<String>,
}

/// Looks for what a reader asks.
pub async fn search(
    State(api): State<Api>,
    reader: Reader,
    query: Result<Query<SearchQuery>, QueryRejection>,
) -> Response {
    let Query(query) = query.unwrap_or_default();
    let asked: String = clean_line(&query.q.unwrap_or_default()).chars().take(QUERY_CHARS_MAX).collect();
    let number = query.page.unwrap_or(1).clamp(1, PAGES_MAX);
    // A kind that nobody knows is as if none was asked for.
    let kind = query.kind.filter(|kind| KINDS.iter().any(|(known, ..)| known == kind)).unwrap_or_default();
    let wanted =
        Asked { text: asked.clone(), kind: Some(kind.clone()).filter(|kind| !kind.is_empty()), page: number };
    match search::search(&api.app, wanted).await {
        Ok(found) => page::public(&api, &reader, draw(&api, &reader, asked, found, (&kind, number))).await,
        Err(error) => page::failed(&api, &reader, &error),
    }
}

fn draw(
    api: &Api,
    reader: &Reader,
    asked: String,
    found: Results,
    (kind, page): (&str, usize),
) -> Result<Rendered, askama::Error> {
    let w = reader.w;
    let heading = w.t("Search", "搜索").to_owned();
    let title = if asked.is_empty() { heading.clone() } else { format!("{asked} · {heading}") };
    let mut f =
        Frame::new(api, reader, "/search", &title).with_query(&[("q", &asked), ("kind", kind)]).unlisted();
    f.asked = asked;
    let link = |kind: &str, page: usize| {
        let number = if page > 1 { page.to_string() } else { String::new() };
        w.link("/search", &[("q", &f.asked), ("kind", kind), ("page", &number)])
    };
    let kinds = KINDS.iter().map(|(id, en, zh)| KindLink {
        label: w.t(en, zh),
        href: link(id, 1),
        chosen: *id == kind,
    });
    let more = found.total > page * PAGE_LENGTH && page < PAGES_MAX;
    let hits = found.hits.into_iter().map(|hit| Hit {
        kind: (hit.kind == "service_place").then(|| w.t("Service", "便民服务")),
        href: w.href(&hit.address),
        title: hit.title,
        text: hit.text,
        date: w.date(api.app.day_of(hit.date)),
        date_iso: hit.date.to_string(),
    });
    let template = SearchTemplate {
        newer: (page > 1).then(|| link(kind, page - 1)),
        older: more.then(|| link(kind, page + 1)),
        total: words::integer(i64::try_from(found.total).unwrap_or(i64::MAX)),
        partly: found.partly,
        kinds: kinds.collect(),
        hits: hits.collect(),
        heading,
        f,
        w,
    };
    page::drawn(&template, &template.f, Kept::Not)
}
