//! Public services (便民服务): by category, by county and township, by words; a page for each place.

use super::frame::Frame;
use super::map;
use super::opening::is_open;
use super::page::{self, Kept};
use super::reader::Reader;
use super::words::Words;
use crate::api::Api;
use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use std::collections::BTreeMap;
use uuid::Uuid;
use wanquan_app::portal::links::long_broken;
use wanquan_app::publish::{PublicList, read_public};
use wanquan_domain::public_entry::PublicEntry;
use wanquan_domain::region::{Level, Region, RegionTree};
use wanquan_domain::register::Register;

const REGISTER: &str = "service_place";
/// Places of one page.
const PAGE: usize = 100;
/// Longest text that is searched for, in characters.
const WORDS_MAX: usize = 60;

/// What the address of the list says.
#[derive(Debug, Default, Deserialize)]
pub struct ServicesQuery {
    region: Option<String>,
    category: Option<String>,
    q: Option<String>,
    page: Option<usize>,
}

struct Choice {
    id: String,
    label: String,
    chosen: bool,
}

/// A place as the list shows it.
pub(super) struct Place {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) category: String,
    pub(super) region: String,
    pub(super) address: String,
    pub(super) phone: String,
    pub(super) dial: String,
    pub(super) hours: String,
    /// Whether it is open now, where its hours say so.
    pub(super) open: Option<bool>,
    latitude: String,
    longitude: String,
    distance: String,
}

#[derive(Template)]
#[template(path = "services.html")]
struct Services {
    f: Frame,
    regions: Vec<Choice>,
    categories: Vec<Choice>,
    q: String,
    places: Vec<Place>,
    total: usize,
    anything: bool,
    former: Option<String>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "service.html")]
struct Service {
    f: Frame,
    place: Place,
    department: String,
    accessible: String,
    note: String,
    link: Option<String>,
    /// Since when the page behind the link has not answered, if for long.
    link_broken: Option<String>,
    valid: Option<String>,
    published: String,
    map: Option<(String, String)>,
}

/// The directory.
pub async fn list(
    State(api): State<Api>,
    reader: Reader,
    query: Result<Query<ServicesQuery>, QueryRejection>,
) -> Response {
    // An address that makes no sense shows the whole directory.
    let Query(query) = query.unwrap_or_default();
    let public = match read_public(&api.app, REGISTER).await {
        Ok(public) => public,
        Err(error) => return page::failed(&api, &reader, &error),
    };
    let page = directory(&api, &reader, &public, &query);
    page::public(&api, &reader, page::drawn(&page, &page.f, Kept::Not)).await
}

fn directory(api: &Api, reader: &Reader, public: &PublicList, query: &ServicesQuery) -> Services {
    let w = reader.w;
    let packs = api.app.packs();
    let tree = &packs.regions;
    let register = packs.register(REGISTER);
    let chosen = query.region.as_deref().and_then(|code| tree.get_by_text(code));
    let category = query.category.as_deref().unwrap_or_default();
    let words: String = query.q.as_deref().unwrap_or_default().trim().chars().take(WORDS_MAX).collect();
    let current: Vec<&PublicEntry> = in_force(api, register.map(AsRef::as_ref), public);
    let mut found: Vec<&PublicEntry> = current
        .iter()
        .copied()
        .filter(|entry| category.is_empty() || entry.text("category") == category)
        .filter(|entry| chosen.is_none_or(|region| serves(entry, tree, region)))
        .filter(|entry| matches(entry, &words))
        .collect();
    let from = chosen.and_then(|region| middle(&current, region));
    let mut far: BTreeMap<Uuid, f64> = BTreeMap::new();
    if let Some(from) = from {
        far.extend(found.iter().filter_map(|entry| Some((entry.id, distance_km(from, position(entry)?)))));
    }
    let rank = |entry: &PublicEntry| {
        // What lies in the chosen township or county stands first, what serves it from further away later.
        let outside = chosen.is_some_and(|region| !entry.region_path.starts_with(&region.path));
        (outside, far.get(&entry.id).map_or(i64::MAX, |km| metres(*km)))
    };
    found.sort_by(|a, b| (rank(a), a.text("name"), a.id).cmp(&(rank(b), b.text("name"), b.id)));
    let total = found.len();
    let at = query.page.unwrap_or(1).clamp(1, total.div_ceil(PAGE).max(1));
    let region = query.region.as_deref().unwrap_or_default();
    let number = |n: usize| if n > 1 { n.to_string() } else { String::new() };
    let link = |n: usize| {
        let parts = [("region", region), ("category", category), ("q", &words), ("page", &number(n))];
        w.link("/services", &parts)
    };
    let places: Vec<Place> = found
        .iter()
        .skip((at - 1) * PAGE)
        .take(PAGE)
        .map(|entry| {
            let mut place = place(api, entry, w);
            // Measured from the middle of a township's places, the distance is good for an order and for no more.
            place.distance = far.get(&entry.id).map_or_else(String::new, |km| format!("≈ {km:.0} km"));
            place
        })
        .collect();
    let parts = [("region", region), ("category", category), ("q", &words), ("page", &number(at))];
    let title = w.t("Public services", "便民服务");
    Services {
        f: Frame::new(api, reader, "/services", title).with_query(&parts).with_script("near.js"),
        regions: regions(tree, &current, chosen, w),
        categories: categories(register.map(AsRef::as_ref), &current, category, w),
        anything: !current.is_empty(),
        former: (at > 1).then(|| link(at - 1)),
        next: (at * PAGE < total).then(|| link(at + 1)),
        places,
        total,
        q: words.clone(),
    }
}

/// The entries that hold today.
pub(super) fn in_force<'a>(
    api: &Api,
    register: Option<&Register>,
    public: &'a PublicList,
) -> Vec<&'a PublicEntry> {
    let today = api.app.today();
    let Some(view) = register.and_then(|register| register.public.as_ref()) else { return Vec::new() };
    public.entries.iter().filter(|entry| entry.holds_on(view, today)).collect()
}

/// True if a place lies in a region, or serves one that the region lies in; of a township, its whole county counts.
fn serves(entry: &PublicEntry, tree: &RegionTree, region: &Region) -> bool {
    let wide = match (&region.parent, region.level) {
        (Some(parent), Level::Township) => tree.get(parent).unwrap_or(region),
        _ => region,
    };
    entry.region_path.starts_with(&wide.path) || region.path.starts_with(&entry.region_path)
}

fn matches(entry: &PublicEntry, words: &str) -> bool {
    let fields = ["name", "department", "address", "note", "phone"];
    words.split_whitespace().all(|word| {
        let word = word.to_lowercase();
        fields.iter().any(|field| entry.text(field).to_lowercase().contains(&word))
    })
}

fn position(entry: &PublicEntry) -> Option<(f64, f64)> {
    Some((entry.number("latitude")?, entry.number("longitude")?))
}

/// Where a region's own places lie on average: the best that is known of a township without asking the reader's device.
fn middle(entries: &[&PublicEntry], region: &Region) -> Option<(f64, f64)> {
    if region.level != Level::Township {
        return None;
    }
    let own = entries.iter().filter(|entry| entry.region_path.starts_with(&region.path));
    let (mut sum, mut n) = ((0.0, 0.0), 0.0);
    for (latitude, longitude) in own.filter_map(|entry| position(entry)) {
        sum = (sum.0 + latitude, sum.1 + longitude);
        n += 1.0;
    }
    (n > 0.0).then(|| (sum.0 / n, sum.1 / n))
}

/// Kilometres along the great circle.
fn distance_km(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (lat_a, lat_b) = (from.0.to_radians(), to.0.to_radians());
    let half = |difference: f64| (difference / 2.0).sin().powi(2);
    let a = half(lat_b - lat_a) + lat_a.cos() * lat_b.cos() * half((to.1 - from.1).to_radians());
    12_742.0 * a.sqrt().min(1.0).asin()
}

#[expect(clippy::cast_possible_truncation, reason = "a distance on earth has at most eight digits in metres")]
fn metres(km: f64) -> i64 {
    (km * 1000.0).round() as i64
}

/// The regions to choose from: those with places, and of the chosen county the townships.
fn regions(tree: &RegionTree, entries: &[&PublicEntry], chosen: Option<&Region>, w: Words) -> Vec<Choice> {
    let mut counties: BTreeMap<&str, &Region> = BTreeMap::new();
    for entry in entries {
        let Some(region) = tree.get(&entry.region) else { continue };
        let chain = tree.ancestors(&region.code).into_iter().chain([region]);
        for county in chain.filter(|region| region.level == Level::County) {
            counties.insert(county.path.as_str(), county);
        }
    }
    let county = chosen.and_then(|region| match region.level {
        Level::County => Some(region),
        Level::Township => region.parent.as_ref().and_then(|parent| tree.get(parent)),
        _ => None,
    });
    let choice = |region: &Region, indent: &str| Choice {
        id: region.code.to_string(),
        label: format!("{indent}{}", region.name_in(w.0)),
        chosen: chosen.is_some_and(|chosen| chosen.code == region.code),
    };
    let mut choices = Vec::new();
    for region in counties.values() {
        choices.push(choice(region, ""));
        if county.is_some_and(|county| county.code == region.code) {
            choices.extend(tree.children(&region.code).into_iter().map(|child| choice(child, "\u{3000}")));
        }
    }
    choices
}

fn categories(register: Option<&Register>, entries: &[&PublicEntry], chosen: &str, w: Words) -> Vec<Choice> {
    let field = register.and_then(|register| register.field("category"));
    let declared = field.map(|field| field.choices.as_slice()).unwrap_or_default();
    let used = declared.iter().filter(|c| entries.iter().any(|entry| entry.text("category") == c.id));
    let choice = |c: &wanquan_domain::register::Choice| Choice {
        id: c.id.clone(),
        label: c.label.get(w.0).to_owned(),
        chosen: c.id == chosen,
    };
    used.map(choice).collect()
}

/// The shown name of a choice of a register.
pub(super) fn label(api: &Api, register: &str, field: &str, id: &str, w: Words) -> String {
    let field = api.app.packs().register(register).and_then(|register| register.field(field));
    let choice = field.and_then(|field| field.choices.iter().find(|choice| choice.id == id));
    choice.map_or_else(|| id.to_owned(), |choice| choice.label.get(w.0).to_owned())
}

/// A place as shown.
pub(super) fn place(api: &Api, entry: &PublicEntry, w: Words) -> Place {
    let region = api.app.packs().regions.get(&entry.region);
    let coordinate = |field: &str| entry.number(field).map_or_else(String::new, |n| format!("{n:.5}"));
    let phone = entry.text("phone");
    Place {
        href: w.link(&format!("/services/{}", entry.id), &[]),
        name: entry.text("name").to_owned(),
        category: label(api, REGISTER, "category", entry.text("category"), w),
        region: region.map_or_else(|| entry.region.to_string(), |region| region.name_in(w.0).to_owned()),
        address: entry.text("address").to_owned(),
        phone: phone.to_owned(),
        // The first number of what is written; what stands behind a comma is another one or an extension.
        dial: phone
            .split([',', '，', '/', '、', ' '])
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| c.is_ascii_digit() || *c == '+')
            .collect(),
        open: is_open(entry.text("hours"), api.app.time_of(api.app.now())),
        hours: entry.text("hours").to_owned(),
        latitude: coordinate("latitude"),
        longitude: coordinate("longitude"),
        distance: String::new(),
    }
}

/// One place.
pub async fn show(State(api): State<Api>, reader: Reader, id: Result<Path<Uuid>, PathRejection>) -> Response {
    let w = reader.w;
    let public = match read_public(&api.app, REGISTER).await {
        Ok(public) => public,
        Err(error) => return page::failed(&api, &reader, &error),
    };
    let entry = id.ok().and_then(|Path(id)| public.entries.iter().find(|entry| entry.id == id));
    let Some(entry) = entry else { return page::not_found(&api, &reader) };
    let link = entry.text("link");
    let broken = match &api.config.links {
        Some(check) => long_broken(&api.app, link, check.schedule.public_after).await,
        None => Ok(None),
    };
    let broken = match broken {
        Ok(broken) => broken,
        Err(error) => return page::failed(&api, &reader, &error),
    };
    let until = entry.date("valid_until").map(|day| format!("{} {}", w.t("until", "截止"), w.date(day)));
    let service = Service {
        f: Frame::new(&api, &reader, &format!("/services/{}", entry.id), entry.text("name")),
        department: entry.text("department").to_owned(),
        accessible: label(&api, REGISTER, "accessible", entry.text("accessible"), w),
        note: entry.text("note").to_owned(),
        // The register takes nothing else; a page of the public does not rely on it.
        link: (link.starts_with("https://") || link.starts_with("http://")).then(|| link.to_owned()),
        link_broken: broken.map(|since| w.date(api.app.day_of(since))),
        valid: until,
        published: w.date(api.app.day_of(entry.changed_at)),
        map: map::position(api.app.packs(), &entry.region, position(entry), w),
        place: place(&api, entry, w),
    };
    page::public(&api, &reader, page::drawn(&service, &service.f, Kept::Not)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_the_one_along_the_great_circle() {
        // Changzhi to Taiyuan is about 190 km.
        let km = distance_km((36.195, 113.117), (37.870, 112.549));
        assert!((km - 193.0).abs() < 3.0, "{km}");
        assert_eq!(metres(distance_km((36.0, 113.0), (36.0, 113.0))), 0);
    }
}
