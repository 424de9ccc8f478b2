//! The administrative tree as screens need it: finding a region, what stands above and below, how it is drawn.
//!
//! Names, codes, populations and boundaries are public facts of packs, so whoever is signed in may look up any region;
//! searching offers only those whose figures the actor may see.

use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::error::Error;
use std::cmp::Reverse;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::pack::{Boundary, Place, Tile};
use wanquan_domain::region::{Region, RegionCode, Resolution};

/// Longest list.
const LIMIT_MAX: usize = 200;

/// Regions of the actor whose name or code holds `text`, the best fit first: the one that the text stands for as
/// written (山西长治 as well as 长治), then names that begin with it, then wider regions before narrower ones. Without
/// a text, the actor's own regions and what lies directly below. `limit` is brought into 1 to 200.
///
/// # Errors
/// `Forbidden` for an actor who may not see figures of any region.
pub fn search_regions<'a>(
    app: &'a App,
    actor: &Actor,
    text: &str,
    limit: usize,
) -> Result<Vec<&'a Region>, Error> {
    let scope = authorize(app, actor, Action::SituationRead, Subject::Anywhere)?;
    let tree = &app.packs().regions;
    let limit = limit.clamp(1, LIMIT_MAX);
    let text = text.trim().to_lowercase();
    if text.is_empty() {
        let own = tree.iter().filter(|r| scope.covers(&r.path));
        let is_top = |r: &&Region| {
            r.parent.as_ref().and_then(|p| tree.get(p)).is_none_or(|parent| !scope.covers(&parent.path))
        };
        let tops: Vec<&Region> = own.filter(is_top).collect();
        let below = tops.iter().flat_map(|top| tree.children(&top.code));
        return Ok(tops.iter().copied().chain(below).take(limit).collect());
    }
    let meant: Vec<RegionCode> = match tree.resolve(&text, None) {
        Resolution::Found(code) => vec![code],
        Resolution::Ambiguous(codes) => codes,
        Resolution::Unknown => Vec::new(),
    };
    let rank = |region: &Region| {
        let name = region.name.to_lowercase();
        let english = region.name_en.as_deref().unwrap_or_default().to_lowercase();
        let code = region.code.as_str();
        if meant.contains(&region.code) {
            Some(3)
        } else if name.starts_with(&text) || english.starts_with(&text) || code.starts_with(&text) {
            Some(2)
        } else if name.contains(&text) || english.contains(&text) {
            Some(1)
        } else {
            None
        }
    };
    let mut found: Vec<(i32, &Region)> = tree
        .iter()
        .filter(|region| scope.covers(&region.path))
        .filter_map(|region| Some((rank(region)?, region)))
        .collect();
    found.sort_by_key(|(rank, region)| (Reverse(*rank), region.level, region.code.clone()));
    Ok(found.into_iter().map(|(_, region)| region).take(limit).collect())
}

/// A region.
///
/// # Errors
/// `NotFound`.
pub fn read_region<'a>(app: &'a App, code: &str) -> Result<&'a Region, Error> {
    app.packs().regions.get_by_text(code).ok_or_else(|| Error::not_found("region", code))
}

/// How a region is drawn: the regions directly below it, or itself where nothing is below.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionMap<'a> {
    /// Regions with a boundary.
    pub shapes: Vec<(&'a Region, Boundary)>,
    /// Regions without one, on a grid below the boundaries.
    pub tiles: Vec<(&'a Region, Tile)>,
    /// Title of the source of the boundaries.
    pub source: Option<&'a str>,
}

/// Draws a region. Never blank: what has no boundary has a tile. Parses the packs' boundaries, a few milliseconds.
pub fn draw_region<'a>(app: &'a App, region: &'a Region) -> RegionMap<'a> {
    let packs = app.packs();
    let mut drawn = packs.regions.children(&region.code);
    if drawn.is_empty() {
        drawn.push(region);
    }
    let mut places = packs.places(&drawn);
    let mut map = RegionMap { shapes: Vec::new(), tiles: Vec::new(), source: None };
    for region in drawn {
        match places.remove(&region.code) {
            Some(Place::Boundary(boundary)) => {
                if map.source.is_none() {
                    map.source = packs.source(&boundary.source).map(|source| source.title.as_str());
                }
                map.shapes.push((region, boundary));
            }
            Some(Place::Tile(tile)) => map.tiles.push((region, tile)),
            None => {}
        }
    }
    map
}

/// The map of a region, drawn outside of the asynchronous threads.
///
/// # Errors
/// `NotFound`.
pub async fn read_region_map<T: Send + 'static>(
    app: &App,
    code: &str,
    convert: impl FnOnce(&RegionMap<'_>) -> T + Send + 'static,
) -> Result<T, Error> {
    let code = read_region(app, code)?.code.clone();
    let app = app.clone();
    let work = move || read_region(&app, code.as_str()).map(|region| convert(&draw_region(&app, region)));
    crate::situation::blocking(work).await?
}
