//! Risk areas, advice by response level, and rules for who arrives: what was published of three registers.

use super::frame::Frame;
use super::page::{self, Kept};
use super::reader::Reader;
use super::services::{in_force, label};
use super::words::Words;
use crate::api::Api;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use wanquan_app::publish::{Notice, documented_notices, read_public, related};
use wanquan_domain::public_entry::PublicEntry;
use wanquan_domain::region::{Level, Region};

struct Area {
    place: String,
    region: String,
    level: String,
    class: &'static str,
    basis: String,
    advice: String,
    since: String,
    until: String,
}

struct Advice {
    title: String,
    region: String,
    level: String,
    paragraphs: Vec<String>,
    source: String,
}

#[derive(Template)]
#[template(path = "risk.html")]
struct Risk {
    f: Frame,
    today: String,
    areas: Vec<Area>,
    advice: Vec<Advice>,
}

fn date(entry: &PublicEntry, field: &str, w: Words) -> String {
    entry.date(field).map_or_else(String::new, |date| w.date(date))
}

fn region_name(api: &Api, code: &str, w: Words) -> String {
    let region = api.app.packs().regions.get_by_text(code);
    region.map_or_else(|| code.to_owned(), |region| region.name_in(w.0).to_owned())
}

/// Risk areas in force today, the highest first, and advice to the public.
pub async fn risk(State(api): State<Api>, reader: Reader) -> Response {
    let w = reader.w;
    let read = async {
        Ok::<_, wanquan_app::Error>((
            read_public(&api.app, "risk_area").await?,
            read_public(&api.app, "advisory").await?,
        ))
    };
    let (risk_areas, advisories) = match read.await {
        Ok(read) => read,
        Err(error) => return page::failed(&api, &reader, &error),
    };
    let packs = api.app.packs();
    let register = |id: &str| packs.register(id).map(AsRef::as_ref);
    let rank = |level: &str| ["high", "medium", "low"].iter().position(|known| *known == level);
    let mut current = in_force(&api, register("risk_area"), &risk_areas);
    current.sort_by(|a, b| {
        (rank(a.text("level")), &a.region_path, a.id).cmp(&(rank(b.text("level")), &b.region_path, b.id))
    });
    let areas = current.into_iter().map(|entry| Area {
        place: entry.text("place").to_owned(),
        region: region_name(&api, entry.region.as_str(), w),
        level: label(&api, "risk_area", "level", entry.text("level"), w),
        class: if entry.text("level") == "high" { "level high" } else { "level" },
        basis: entry.text("basis").to_owned(),
        advice: entry.text("advice").to_owned(),
        since: date(entry, "since", w),
        until: date(entry, "until", w),
    });
    let levels = ["I", "II", "III", "IV", "routine", "any"];
    let mut current = in_force(&api, register("advisory"), &advisories);
    current.sort_by_key(|entry| (levels.iter().position(|level| *level == entry.text("level")), entry.id));
    let advice = current.into_iter().map(|entry| Advice {
        title: entry.text("title").to_owned(),
        region: region_name(&api, entry.region.as_str(), w),
        level: label(&api, "advisory", "level", entry.text("level"), w),
        paragraphs: paragraphs(entry.text("text")),
        source: entry.text("source").to_owned(),
    });
    let page = Risk {
        f: Frame::new(&api, &reader, "/risk", w.t("Risk areas", "风险区")),
        today: w.date(api.app.today()),
        areas: areas.collect(),
        advice: advice.collect(),
    };
    page::public(&api, &reader, page::drawn(&page, &page.f, Kept::Not)).await
}

fn paragraphs(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// What the address of the travel page says.
#[derive(Debug, Default, Deserialize)]
pub struct TravelQuery {
    from: Option<String>,
}

struct Rule {
    title: String,
    origin: String,
    region: String,
    lookback: Option<String>,
    measures: Vec<String>,
    source: String,
    since: String,
    until: String,
}

struct Documented {
    date: String,
    region: String,
    lookback: Option<String>,
    measures: Vec<String>,
    origins: Vec<String>,
    source: String,
    since: Option<String>,
}

struct Origin {
    code: String,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "travel.html")]
struct Travel {
    f: Frame,
    origins: Vec<Origin>,
    chosen: Option<String>,
    rules: Vec<Rule>,
    anything: bool,
    documented: Vec<Documented>,
}

/// Rules by origin: those in force, and those that real notices once held.
pub async fn travel(
    State(api): State<Api>,
    reader: Reader,
    query: Result<Query<TravelQuery>, QueryRejection>,
) -> Response {
    let Query(query) = query.unwrap_or_default();
    let w = reader.w;
    let public = match read_public(&api.app, "travel_rule").await {
        Ok(public) => public,
        Err(error) => return page::failed(&api, &reader, &error),
    };
    let packs = api.app.packs();
    let asked = query.from.as_deref().and_then(|code| packs.regions.get_by_text(code));
    let current = in_force(&api, packs.register("travel_rule").map(AsRef::as_ref), &public);
    let anything = !current.is_empty();
    let concerns = |entry: &&PublicEntry| {
        let origin = packs.regions.get_by_text(entry.text("origin"));
        asked.is_none_or(|asked| origin.is_some_and(|origin| related(&origin.path, &asked.path)))
    };
    let rules = current.iter().copied().filter(concerns).map(|entry| Rule {
        title: entry.text("title").to_owned(),
        origin: region_name(&api, entry.text("origin"), w),
        region: region_name(&api, entry.region.as_str(), w),
        lookback: entry.number("lookback_days").map(|days| lookback(days, w)),
        measures: paragraphs(entry.text("measures")),
        source: entry.text("source").to_owned(),
        since: date(entry, "since", w),
        until: date(entry, "until", w),
    });
    let notices = documented_notices(&api.app);
    let documented = notices.iter().filter_map(|notice| documented_of(&api, notice, asked, w));
    let named: Vec<&Region> = named_origins(&api, &notices, &current);
    let origins = named.into_iter().map(|region| Origin {
        code: region.code.to_string(),
        name: full_name(&api, region, w),
        chosen: asked.is_some_and(|asked| asked.code == region.code),
    });
    let from = asked.map_or("", |region| region.code.as_str());
    let title = w.t("Rules for who arrives", "来返人员规定");
    let page = Travel {
        f: Frame::new(&api, &reader, "/travel", title).with_query(&[("from", from)]),
        origins: origins.collect(),
        chosen: asked.map(|region| full_name(&api, region, w)),
        rules: rules.collect(),
        anything,
        documented: documented.collect(),
    };
    page::public(&api, &reader, page::drawn(&page, &page.f, Kept::Not)).await
}

fn lookback(days: f64, w: Words) -> String {
    match w.is_en() {
        true => format!("stay within the last {days:.0} days"),
        false => format!("{days:.0}天内旅居史"),
    }
}

/// The name of a region with the province that it lies in.
fn full_name(api: &Api, region: &Region, w: Words) -> String {
    let above = api.app.packs().regions.ancestors(&region.code);
    let province = above.iter().find(|above| above.level == Level::Province);
    province.map_or_else(
        || region.name_in(w.0).to_owned(),
        |province| format!("{} {}", province.name_in(w.0), region.name_in(w.0)),
    )
}

fn named_origins<'a>(api: &'a Api, notices: &[Notice], rules: &[&PublicEntry]) -> Vec<&'a Region> {
    let regions = &api.app.packs().regions;
    let noticed = notices.iter().flat_map(|notice| &notice.origins).map(|(code, _)| code.as_str());
    let ruled = rules.iter().map(|entry| entry.text("origin"));
    let mut named: Vec<&Region> = noticed.chain(ruled).filter_map(|code| regions.get_by_text(code)).collect();
    named.sort_by(|a, b| a.path.cmp(&b.path));
    named.dedup_by(|a, b| a.code == b.code);
    named
}

fn documented_of(api: &Api, notice: &Notice, asked: Option<&Region>, w: Words) -> Option<Documented> {
    let named = asked.map(|region| notice.names(&api.app, region));
    if matches!(named, Some(None)) {
        return None;
    }
    let since = named.flatten().and_then(|(_, since)| *since);
    let origin = |code: &wanquan_domain::region::RegionCode| {
        let region = api.app.packs().regions.get(code);
        region.map_or_else(|| code.to_string(), |region| full_name(api, region, w))
    };
    Some(Documented {
        date: w.date(notice.date),
        region: region_name(api, notice.region.as_str(), w),
        lookback: notice.lookback_days.map(|days| lookback(f64::from(days), w)),
        measures: notice.measures.iter().map(|text| text.get(w.0).to_owned()).collect(),
        origins: notice.origins.iter().map(|(code, _)| origin(code)).collect(),
        source: notice.source.clone(),
        since: since.map(|day| w.date(day)),
    })
}
