//! The first page: the latest articles, channels, and the figures that were published last.

use super::article::Item;
use super::bulletin::{self, Link, Shown};
use super::frame::{Frame, NavLink};
use super::page::{self, Kept};
use super::pages::Rendered;
use super::reader::Reader;
use super::words::Words;
use crate::api::Api;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use wanquan_app::portal::read::{Front, read_front};
use wanquan_app::publish::{Published, read_published};
use wanquan_domain::region::RegionCode;

/// What the address of the page says.
#[derive(Debug, Default, Deserialize)]
pub struct PageQuery {
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
    reader: Reader,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Response {
    // An address that makes no sense shows the first page, which is what a lost reader needs.
    let Query(query) = query.unwrap_or_default();
    let region = query.region.filter(|code| !code.is_empty()).map(|code| RegionCode::new(&code));
    let read = async {
        Ok::<_, wanquan_app::Error>((
            read_front(&api.app).await?,
            read_published(&api.app, region.as_ref()).await?,
        ))
    };
    let (front, published) = match read.await {
        Ok(read) => read,
        Err(error) => return page::failed(&api, &reader, &error),
    };
    let drawn = {
        let (api, reader) = (api.clone(), reader.clone());
        // Drawing a map costs some milliseconds.
        tokio::task::spawn_blocking(move || draw(&api, &reader, front, &published, region.as_ref())).await
    };
    let drawn = drawn.map_err(|e| e.to_string()).and_then(|page| page.map_err(|e| e.to_string()));
    page::public(&api, &reader, drawn).await
}

fn draw(
    api: &Api,
    reader: &Reader,
    front: Front,
    published: &Published,
    region: Option<&RegionCode>,
) -> Result<Rendered, askama::Error> {
    let w = reader.w;
    let mut shown = published.shown.as_ref().and_then(|publication| bulletin::shown(api, publication, w));
    let items = |list: Vec<_>| list.into_iter().map(|h| Item::new(api, w, h)).collect::<Vec<_>>();
    // Whoever asks for the figures of a region is not kept from them by news.
    let (lead, sections) =
        if region.is_some() { (Vec::new(), Vec::new()) } else { (front.latest, front.channels) };
    let sections = sections.into_iter().map(|(channel, list)| Section {
        href: w.href(&front.tree.address(&channel.id)),
        name: channel.title.get(w.0).to_owned(),
        items: items(list),
    });
    if let Some(shown) = &mut shown {
        shown.key_above = !lead.is_empty();
    }
    let title = shown.as_ref().filter(|_| lead.is_empty()).map_or("", |shown| shown.title.as_str());
    let asked = region.map_or("", RegionCode::as_str);
    let mut f = Frame::new(api, reader, "/", title).with_query(&[("region", asked)]);
    f.description = w
        .t(
            "News, figures and help, approved before they are published.",
            "经审核发布的疫情信息、新闻与便民服务。",
        )
        .to_owned();
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
    // An address may ask for anything; pages of regions that there are not are not kept.
    let is_known = region.is_none_or(|code| api.app.packs().regions.get(code).is_some());
    page::drawn(&home, &home.f, if is_known { Kept::Ready } else { Kept::Not })
}
