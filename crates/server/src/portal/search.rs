//! The page of search.

use super::frame::{Frame, View};
use super::lists::finish;
use super::pages::Rendered;
use super::unavailable;
use super::words::{self, Words};
use crate::api::Api;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Deserialize;
use wanquan_app::portal::channels::list_channels;
use wanquan_app::portal::search::{self, PAGE_LENGTH, PAGES_MAX, Piece, QUERY_CHARS_MAX, Results};
use wanquan_domain::article::clean_line;
use wanquan_domain::text::Lang;

/// What the address of the page says.
#[derive(Debug, Default, Deserialize)]
pub struct SearchQuery {
    q: Option<String>,
    page: Option<usize>,
    lang: Option<String>,
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
    query: Result<Query<SearchQuery>, QueryRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Query(query) = query.unwrap_or_default();
    let lang = if query.lang.as_deref() == Some("en") { Lang::En } else { Lang::Zh };
    let asked: String = clean_line(&query.q.unwrap_or_default()).chars().take(QUERY_CHARS_MAX).collect();
    let page = query.page.unwrap_or(1).clamp(1, PAGES_MAX);
    let generation = api.app.portal_generation();
    let read = async {
        Ok::<_, wanquan_app::Error>((
            search::search(&api.app, &asked, page).await?,
            list_channels(&api.app).await?,
        ))
    };
    let (found, tree) = match read.await {
        Ok(read) => read,
        Err(error) => return unavailable(&error),
    };
    let w = Words(lang);
    let heading = w.t("Search", "搜索").to_owned();
    let title = if asked.is_empty() { heading.clone() } else { format!("{asked} · {heading}") };
    let mut f = Frame::new(&api, &tree, lang, View::of(&headers), "/search", &title);
    f.noindex = true;
    f.query = link_query(&asked, 1);
    f.asked = asked;
    let drawn =
        draw(&api, f, w, heading, found, page).map(|body| Rendered { keep: false, ..Rendered::html(body) });
    finish(&api, &uri, &headers, generation, drawn).await
}

fn link_query(asked: &str, page: usize) -> String {
    let asked = percent_encoding::utf8_percent_encode(asked, percent_encoding::NON_ALPHANUMERIC);
    if page > 1 { format!("q={asked}&page={page}") } else { format!("q={asked}") }
}

fn draw(
    api: &Api,
    f: Frame,
    w: Words,
    heading: String,
    found: Results,
    page: usize,
) -> Result<String, String> {
    let link = |page: usize| w.href(&format!("/search?{}", link_query(&f.asked, page)));
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
    template.render().map_err(|e| e.to_string())
}
