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
use wanquan_app::portal::search::{self, PAGE_LENGTH, PAGES_MAX, Piece, QUERY_CHARS_MAX, Results};
use wanquan_domain::article::clean_line;

/// What the address of the page says.
#[derive(Debug, Default, Deserialize)]
pub struct SearchQuery {
    q: Option<String>,
    page: Option<usize>,
}

struct Hit {
    href: String,
    title: Vec<Piece>,
    text: Vec<Piece>,
    date: String,
    date_iso: String,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchTemplate {
    f: Frame,
    w: Words,
    heading: String,
    total: String,
    partly: bool,
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
    match search::search(&api.app, &asked, number).await {
        Ok(found) => page::public(&api, &reader, draw(&api, &reader, asked, found, number)).await,
        Err(error) => page::failed(&api, &reader, &error),
    }
}

fn draw(
    api: &Api,
    reader: &Reader,
    asked: String,
    found: Results,
    page: usize,
) -> Result<Rendered, askama::Error> {
    let w = reader.w;
    let heading = w.t("Search", "搜索").to_owned();
    let title = if asked.is_empty() { heading.clone() } else { format!("{asked} · {heading}") };
    let mut f = Frame::new(api, reader, "/search", &title).with_query(&[("q", &asked)]).unlisted();
    f.asked = asked;
    let link = |page: usize| {
        let number = if page > 1 { page.to_string() } else { String::new() };
        w.link("/search", &[("q", &f.asked), ("page", &number)])
    };
    let more = found.total > page * PAGE_LENGTH && page < PAGES_MAX;
    let hits = found.hits.into_iter().map(|hit| Hit {
        href: w.href(&hit.address),
        title: hit.title,
        text: hit.text,
        date: w.date(api.app.day_of(hit.date)),
        date_iso: hit.date.to_string(),
    });
    let template = SearchTemplate {
        newer: (page > 1).then(|| link(page - 1)),
        older: more.then(|| link(page + 1)),
        total: words::integer(i64::try_from(found.total).unwrap_or(i64::MAX)),
        partly: found.partly,
        hits: hits.collect(),
        heading,
        f,
        w,
    };
    page::drawn(&template, &template.f, Kept::Not)
}
