//! The public portal: server-rendered pages that need no script, from publications and nothing else.

mod curve;
mod desk;
mod figures;
mod forms;
mod guard;
mod map;
mod notices;
mod page;
mod services;
mod takedown;
mod words;

pub use desk::{
    ask_code as ask_desk_code, challenge as new_challenge, enter as enter_desk, erasure as new_erasure,
    home as show_desk, leave as leave_desk, send_challenge, send_erasure, send_trip,
    show_code as show_desk_code, trip as new_trip,
};
pub use figures::{download as download_figures, index as list_figures, show as show_figures};
pub use guard::Guard;
pub use notices::{risk, travel};
pub use page::script;
pub use services::{list as list_services, show as show_service};
pub use takedown::{log as list_takedowns, new as new_takedown, send as send_takedown};

use crate::api::Api;
use askama::Template;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use page::Frame;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};
use wanquan_app::publish::{PublicFigures, Published, read_published};
use wanquan_domain::publication::Publication;
use wanquan_domain::region::RegionCode;
use wanquan_domain::text::Lang;
use words::Words;

const CSS: &str = include_str!("../../templates/portal.css");

/// Nothing but text and this server's own style sheet.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// Days in the table below the curve.
const DAYS_IN_TABLE: usize = 28;

/// Pages as rendered, by what identifies them: drawing a map costs some milliseconds, and everybody sees the same page.
static RENDERED: LazyLock<Mutex<HashMap<String, Bytes>>> = LazyLock::new(Mutex::default);
/// Pages kept: both languages of every region that is published.
const RENDERED_MAX: usize = 128;

/// What the address of the page says.
#[derive(Debug, Default, Deserialize)]
pub struct PageQuery {
    lang: Option<String>,
    region: Option<String>,
}

struct KeyFigure {
    label: String,
    value: String,
    note: String,
}

struct Map {
    svg: String,
    note: String,
}

struct Link {
    href: String,
    name: String,
    date: String,
    current: bool,
}

struct Shown {
    title: String,
    region: String,
    disease: String,
    measure: String,
    as_of: String,
    as_of_iso: String,
    published: String,
    published_iso: String,
    paragraphs: Vec<Vec<String>>,
    key_figures: Vec<KeyFigure>,
    curve: Option<String>,
    any_incomplete: bool,
    days: Vec<(String, String)>,
    map: Option<Map>,
    regions: Vec<(String, String, String)>,
    any_suppressed: bool,
    undivided: Option<String>,
    sources: Option<String>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    f: Frame,
    w: Words,
    shown: Option<Shown>,
    links: Vec<Link>,
}

/// The address of the style sheet, which changes with its content.
static CSS_ADDRESS: LazyLock<String> = LazyLock::new(|| format!("/portal/style.css?v={}", digest(&[CSS])));

/// A short digest (FNV-1a) that tells versions apart; it protects nothing.
fn digest(parts: &[&str]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{hash:016x}")
}

/// The style sheet of the portal.
pub async fn style() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, CSS).into_response()
}

/// The first page: the publication asked for, or the latest one.
pub async fn home(
    State(api): State<Api>,
    query: Result<Query<PageQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    // An address that makes no sense shows the first page, which is what a lost reader needs.
    let Query(query) = query.unwrap_or_default();
    let lang = if query.lang.as_deref() == Some("en") { Lang::En } else { Lang::Zh };
    let region = query.region.filter(|code| !code.is_empty()).map(|code| RegionCode::new(&code));
    let published = match read_published(&api.app, region.as_ref()).await {
        Ok(published) => published,
        Err(error) => {
            tracing::error!(%error, "The public page could not be read");
            let text = "暂时无法显示，请稍后再试。 Not available at the moment, please try again later.";
            return (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
        }
    };
    let tag = format!("\"{}\"", tag(&api, &published, region.as_ref(), lang));
    let kept = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_kept = kept.is_some_and(|tags| tags.split(',').any(|t| t.trim().trim_start_matches("W/") == tag));
    let mut response = if is_kept {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match page(&api, &tag, published, region, lang).await {
            Ok(body) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response(),
            Err(error) => {
                tracing::error!(error, "The public page could not be drawn");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    };
    let headers = response.headers_mut();
    // The tag changes with the version of what is shown; a minute keeps a rush of readers off the server.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// What identifies a page: versions of everything on it, language, release.
fn tag(api: &Api, published: &Published, region: Option<&RegionCode>, lang: Lang) -> String {
    let version = |p: &Publication| format!("{}.{}", p.id, p.version);
    let all: Vec<String> = published.shown.iter().chain(&published.all).map(version).collect();
    digest(&[
        &all.join(","),
        region.map_or("", |code| code.as_str()),
        if lang == Lang::En { "en" } else { "zh" },
        if api.app.is_demo() { "demo" } else { "" },
        env!("CARGO_PKG_VERSION"),
        &CSS_ADDRESS,
    ])
}

async fn page(
    api: &Api,
    tag: &str,
    published: Published,
    region: Option<RegionCode>,
    lang: Lang,
) -> Result<Bytes, String> {
    if let Some(body) = RENDERED.lock().expect("no thread panics while holding it").get(tag) {
        return Ok(body.clone());
    }
    let api = api.clone();
    let rendered = tokio::task::spawn_blocking(move || render(&api, published, region, lang));
    let body = Bytes::from(rendered.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?);
    let mut kept = RENDERED.lock().expect("no thread panics while holding it");
    if kept.len() >= RENDERED_MAX {
        kept.clear();
    }
    kept.insert(tag.to_owned(), body.clone());
    Ok(body)
}

fn render(
    api: &Api,
    published: Published,
    region: Option<RegionCode>,
    lang: Lang,
) -> Result<String, askama::Error> {
    let w = Words(lang);
    let shown = published.shown.as_ref().and_then(|publication| shown(api, publication, w));
    let links = published.all.iter().map(|publication| Link {
        href: format!("/{}", w.query(Some(publication.region.as_str()))),
        name: name_of(api, publication, w),
        date: publication.published_at.map_or_else(String::new, |at| w.date(api.app.day_of(at))),
        current: published.shown.as_ref().is_some_and(|shown| shown.id == publication.id),
    });
    let home = Home {
        f: Frame::new(api, w, "home", "/", &[("region", region.as_ref().map_or("", |code| code.as_str()))]),
        w,
        shown,
        links: links.collect(),
    };
    home.render()
}

fn name_of(api: &Api, publication: &Publication, w: Words) -> String {
    let region = api.app.packs().regions.get(&publication.region);
    region.map_or_else(|| publication.region.to_string(), |region| region.name_in(w.0).to_owned())
}

/// What is shown of a publication; `None` if its figures are of no form that was ever frozen.
fn shown(api: &Api, publication: &Publication, w: Words) -> Option<Shown> {
    let figures: PublicFigures = match serde_json::from_value(publication.figures.clone()) {
        Ok(figures) => figures,
        Err(error) => {
            tracing::error!(publication.id = %publication.id, %error, "A publication cannot be shown");
            return None;
        }
    };
    let published_at = publication.published_at.unwrap_or(Timestamp::UNIX_EPOCH);
    let blocks = publication.body.split("\n\n").map(|block| {
        block.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    });
    let days = figures.curve.iter().rev().take(DAYS_IN_TABLE);
    let regions = figures.regions.iter().map(|row| {
        let name = words::place_name(&row.place, w.0).to_owned();
        (name, w.count(row.cumulative), w.count(row.last_7))
    });
    let undivided = figures.undivided.filter(|n| *n != 0).map(|n| {
        let place = words::place_name(&figures.region, w.0);
        let n = words::integer(n);
        w.t(
            &format!("{n} more were reported for {place} as a whole and for no region below."),
            &format!("另有 {n} 例仅报告到{place}，未细分到下级地区。"),
        )
        .to_owned()
    });
    let sources = figures.population.as_ref().map(|population| {
        format!("{}: {} ({})", w.t("Population", "人口数据"), population.source, population.as_of)
    });
    Some(Shown {
        title: publication.title.clone(),
        region: words::place_name(&figures.region, w.0).to_owned(),
        disease: figures.disease.get(w.0).to_owned(),
        measure: figures.measure.get(w.0).to_owned(),
        as_of: w.date(figures.as_of),
        as_of_iso: figures.as_of.to_string(),
        published: w.date(api.app.day_of(published_at)),
        published_iso: published_at.to_string(),
        paragraphs: blocks.filter(|lines: &Vec<String>| !lines.is_empty()).collect(),
        key_figures: key_figures(&figures, w),
        curve: curve::draw(&figures.curve, w),
        any_incomplete: figures.curve.iter().any(|day| day.incomplete),
        days: days.map(|day| (w.date(day.date), words::integer(day.n))).collect(),
        map: map::draw(api.app.packs(), &figures, w).map(|(svg, note)| Map { svg, note }),
        any_suppressed: figures.regions.iter().any(|r| r.cumulative.is_none() || r.last_7.is_none()),
        regions: regions.collect(),
        undivided,
        sources,
    })
}

fn key_figures(figures: &PublicFigures, w: Words) -> Vec<KeyFigure> {
    let totals = &figures.totals;
    let figure =
        |label: &str, value: String, note: String| KeyFigure { label: label.to_owned(), value, note };
    let mut list = vec![
        figure(w.t("So far", "累计"), w.count(totals.cumulative), figures.measure.get(w.0).to_owned()),
        figure(
            w.t("Last 7 days", "近 7 天"),
            w.count(totals.last_7),
            format!("{} {}", w.t("7 days before:", "前 7 天："), w.count(totals.previous_7)),
        ),
    ];
    if let Some(rate) = totals.per_100k_7d {
        let population = figures.population.as_ref().map(|p| i64::try_from(p.n).unwrap_or(i64::MAX));
        let note = format!("{} {}", w.t("inhabitants:", "人口"), w.count(population));
        list.push(figure(w.t("Per 100,000 in 7 days", "7 天每十万人"), format!("{rate:.2}"), note));
    }
    if let Some(deaths) = totals.deaths {
        list.push(figure(w.t("Deaths", "死亡"), words::integer(deaths), w.t("so far", "累计").to_owned()));
    }
    if let Some(cured) = totals.cured {
        list.push(figure(w.t("Recovered", "治愈"), words::integer(cured), w.t("so far", "累计").to_owned()));
    }
    list
}
