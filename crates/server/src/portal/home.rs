//! The first page: the latest articles, channels, and the figures that were published last.

use super::article::Item;
use super::bulletin::{self, Link, Shown};
use super::frame::{Frame, NavLink, View};
use super::pages::{self, Rendered};
use super::unavailable;
use super::words::Words;
use crate::api::Api;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use wanquan_app::portal::read::{Front, read_front};
use wanquan_app::publish::{Published, read_published};
use wanquan_domain::region::RegionCode;
use wanquan_domain::text::Lang;

/// What the address of the page says.
#[derive(Debug, Default, Deserialize)]
pub struct PageQuery {
    lang: Option<String>,
    region: Option<String>,
}

struct Section {
    href: String,
    name: String,
    items: Vec<Item>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    f: Frame,
    w: Words,
    lead: Vec<Item>,
    sections: Vec<Section>,
    tags: Vec<NavLink>,
    shown: Option<Shown>,
    links: Vec<Link>,
}

/// The first page, with the publication asked for or the latest one.
pub async fn home(
    State(api): State<Api>,
    query: Result<Query<PageQuery>, QueryRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    // An address that makes no sense shows the first page, which is what a lost reader needs.
    let is_plain = query.is_ok();
    let Query(query) = query.unwrap_or_default();
    let lang = if query.lang.as_deref() == Some("en") { Lang::En } else { Lang::Zh };
    let region = query.region.filter(|code| !code.is_empty()).map(|code| RegionCode::new(&code));
    let generation = api.app.portal_generation();
    let read = async {
        Ok::<_, wanquan_app::Error>((
            read_front(&api.app).await?,
            read_published(&api.app, region.as_ref()).await?,
        ))
    };
    let (front, published) = match read.await {
        Ok(read) => read,
        Err(error) => return unavailable(&error),
    };
    let w = Words(lang);
    let written = format!("/{}", w.query(region.as_ref().map(RegionCode::as_str)));
    let keep = is_plain
        && uri.path_and_query().is_some_and(|asked| asked.as_str() == written)
        && region.as_ref().is_none_or(|code| api.app.packs().regions.get(code).is_some());
    let view = View::of(&headers);
    let drawn = {
        let api = api.clone();
        tokio::task::spawn_blocking(move || render(&api, front, &published, region, lang, view))
    };
    match drawn.await.map_err(|e| e.to_string()).and_then(|page| page.map_err(|e| e.to_string())) {
        Ok(body) => {
            let rendered = Rendered { keep, ..Rendered::html(body) };
            pages::answer(&api, &uri, &headers, generation, rendered).await
        }
        Err(error) => {
            tracing::error!(error, "The public page could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn render(
    api: &Api,
    front: Front,
    published: &Published,
    region: Option<RegionCode>,
    lang: Lang,
    view: View,
) -> Result<String, askama::Error> {
    let w = Words(lang);
    let shown = published.shown.as_ref().and_then(|publication| bulletin::shown(api, publication, w));
    let asked = region.is_some();
    let title =
        if asked { shown.as_ref().map_or("", |s| s.title.as_str()).to_owned() } else { String::new() };
    let mut f = Frame::new(api, &front.tree, lang, view, "/", &title);
    f.query = region.map_or_else(String::new, |code| w.query(Some(code.as_str())));
    f.query = f.query.trim_start_matches('?').replace("&lang=en", "");
    f.description = w
        .t(
            "News, figures and help, approved before they are published.",
            "经审核发布的疫情信息、新闻与便民服务。",
        )
        .to_owned();
    let items = |list: Vec<_>| list.into_iter().map(|h| Item::new(api, w, h)).collect::<Vec<_>>();
    // Whoever asks for the figures of a region is not kept from them by news.
    let (lead, sections) = if asked { (Vec::new(), Vec::new()) } else { (front.latest, front.channels) };
    let sections = sections.into_iter().map(|(channel, list)| Section {
        href: w.href(&front.tree.address(&channel.id)),
        name: channel.title.get(lang).to_owned(),
        items: items(list),
    });
    let tags = front.tags.into_iter().map(|(tag, _)| super::lists::tag_link(w, &tag));
    let home = Home {
        lead: items(lead),
        sections: sections.collect(),
        tags: tags.collect(),
        shown,
        links: bulletin::links(api, published, w),
        f,
        w,
    };
    home.render()
}
