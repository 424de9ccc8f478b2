//! The map of a publication: boundaries of packs where there are some, tiles elsewhere; colours by its frozen counts.

use super::words::{Words, escape, integer, place_name};
use std::collections::HashMap;
use std::fmt::Write as _;
use wanquan_app::publish::{PublicFigures, PublicPlace};
use wanquan_domain::pack::{Packs, Place, Tile};
use wanquan_domain::region::{Region, RegionCode};

/// Frame that boundaries are fitted into.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 450.0;
const TILE: f64 = 72.0;
/// With more regions than this, labels would lie on each other.
const LABELS_MAX: usize = 40;

struct Drawn<'a> {
    place: &'a PublicPlace,
    n: Option<i64>,
}

/// The drawing and what to say below it; `None` where no region of the publication is declared any more.
pub(super) fn draw(packs: &Packs, figures: &PublicFigures, w: Words) -> Option<(String, String)> {
    let mut drawn: Vec<Drawn<'_>> =
        figures.regions.iter().map(|row| Drawn { place: &row.place, n: row.cumulative }).collect();
    if drawn.is_empty() {
        drawn.push(Drawn { place: &figures.region, n: figures.totals.cumulative });
    }
    let regions: Vec<&Region> =
        drawn.iter().filter_map(|d| packs.regions.get_by_text(&d.place.code)).collect();
    if regions.is_empty() {
        return None;
    }
    let most = drawn.iter().filter_map(|d| d.n).max().unwrap_or(0).max(1);
    let places = packs.places(&regions);
    let label = format!("{} {}", w.t("Map of", "地图："), escape(place_name(&figures.region, w.0)));
    let mut body = String::new();
    let height = boundaries(&mut body, &drawn, &places, most, w);
    let (width, height, any_tile) = tiles(&mut body, &drawn, &places, most, height, w);
    let svg = format!(
        "<svg viewBox=\"-8 -8 {:.0} {:.0}\" role=\"img\" aria-label=\"{label}\">{body}</svg>",
        width + 16.0,
        height + 16.0
    );
    let note = if any_tile {
        w.t(
            "Tiles: no official boundary is at hand for these regions. Not to scale.",
            "方格示意：这些地区没有可用的官方边界，不按比例。",
        )
    } else {
        w.t(
            "Boundaries are simplified and no authority on borders.",
            "边界经简化，仅供示意，不作为划界依据。",
        )
    };
    Some((svg, note.to_owned()))
}

/// Five classes, each about three times the one before: outbreaks differ by orders of magnitude.
fn class(n: Option<i64>, most: i64) -> &'static str {
    match n {
        None => "c1",
        Some(n) if n <= 0 => "c0",
        Some(n) if n * 81 <= most => "c1",
        Some(n) if n * 27 <= most => "c2",
        Some(n) if n * 9 <= most => "c3",
        Some(n) if n * 3 <= most => "c4",
        Some(_) => "c5",
    }
}

fn title(drawn: &Drawn<'_>, w: Words) -> String {
    let n = drawn.n.map_or_else(|| w.t("not published", "不予公布").to_owned(), integer);
    format!("<title>{}: {n}</title>", escape(place_name(drawn.place, w.0)))
}

fn write_label(out: &mut String, x: f64, y: f64, drawn: &Drawn<'_>, w: Words) {
    let name: String = place_name(drawn.place, w.0).chars().take(9).collect();
    let _ = write!(
        out,
        "<text class=\"label\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>\
         <text class=\"label number\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
        y - 3.0,
        escape(&name),
        y + 13.0,
        w.count(drawn.n)
    );
}

type Places = HashMap<RegionCode, Place>;

/// Writes the regions that have a boundary; the height that they take.
fn boundaries(out: &mut String, drawn: &[Drawn<'_>], places: &Places, most: i64, w: Words) -> f64 {
    let shapes: Vec<_> = drawn
        .iter()
        .filter_map(|d| match places.get(&RegionCode::new(&d.place.code)) {
            Some(Place::Boundary(boundary)) => Some((d, boundary)),
            _ => None,
        })
        .collect();
    if shapes.is_empty() {
        return 0.0;
    }
    let ends = |axis: usize| {
        let points = shapes.iter().flat_map(|(_, boundary)| boundary.rings.iter().flatten());
        points
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| (low.min(p[axis]), high.max(p[axis])))
    };
    let ((west, east), (south, north)) = (ends(0), ends(1));
    // A degree of longitude is shorter than one of latitude by the cosine of the latitude.
    let squeeze = ((south + north) / 2.0).to_radians().cos();
    let scale = (WIDTH / ((east - west) * squeeze).max(1e-6)).min(HEIGHT / (north - south).max(1e-6));
    let shift = (WIDTH - (east - west) * squeeze * scale) / 2.0;
    let project = |p: &[f64; 2]| (shift + (p[0] - west) * squeeze * scale, (north - p[1]) * scale);
    for (d, boundary) in &shapes {
        let mut path = String::new();
        for ring in &boundary.rings {
            for (i, point) in ring.iter().enumerate() {
                let (x, y) = project(point);
                let _ = write!(path, "{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
            }
            path.push('Z');
        }
        let class = class(d.n, most);
        let _ = write!(
            out,
            "<path class=\"place {class}\" fill-rule=\"evenodd\" d=\"{path}\">{}</path>",
            title(d, w)
        );
    }
    // Labels come after all shapes, so that no neighbour covers them.
    for (d, boundary) in shapes.iter().filter(|_| shapes.len() <= LABELS_MAX) {
        let (x, y) = project(&boundary.label);
        write_label(out, x, y, d, w);
    }
    (north - south) * scale
}

/// Writes the regions that have a tile, below the boundaries; width and height of everything, and if there was one.
fn tiles(
    out: &mut String,
    drawn: &[Drawn<'_>],
    places: &Places,
    most: i64,
    above: f64,
    w: Words,
) -> (f64, f64, bool) {
    let placed: Vec<(&Drawn<'_>, Tile)> = drawn
        .iter()
        .filter_map(|d| match places.get(&RegionCode::new(&d.place.code)) {
            Some(Place::Tile(tile)) => Some((d, *tile)),
            _ => None,
        })
        .collect();
    let columns = placed.iter().map(|(_, tile)| tile.col + 1).max().unwrap_or(0);
    let rows = placed.iter().map(|(_, tile)| tile.row + 1).max().unwrap_or(0);
    let top = if above > 0.0 { above + 20.0 } else { 0.0 };
    let pitch = if above > 0.0 { TILE.min(WIDTH / f64::from(columns.max(1))) } else { TILE };
    for (d, tile) in &placed {
        let (x, y) = (f64::from(tile.col) * pitch, top + f64::from(tile.row) * pitch);
        let side = pitch - 4.0;
        let _ = write!(
            out,
            "<rect class=\"place {}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{side:.1}\" height=\"{side:.1}\" rx=\"5\">{}</rect>",
            class(d.n, most),
            title(d, w)
        );
        if pitch >= TILE * 0.8 {
            write_label(out, x + side / 2.0, y + side / 2.0, d, w);
        }
    }
    let width = if above > 0.0 { WIDTH } else { f64::from(columns.max(1)) * pitch };
    let height = if placed.is_empty() { above } else { top + f64::from(rows) * pitch };
    (width, height, !placed.is_empty())
}

/// A place of a region on the nearest boundary around it that the packs hold, or the region's tile among those beside
/// it; with what to say below. `None` where neither is at hand.
pub(super) fn position(
    packs: &Packs,
    region: &RegionCode,
    at: Option<(f64, f64)>,
    w: Words,
) -> Option<(String, String)> {
    let own = packs.regions.get(region)?;
    if let Some((latitude, longitude)) = at {
        let above = packs.regions.ancestors(region);
        let chain: Vec<&Region> = [own].into_iter().chain(above.into_iter().rev()).collect();
        let places = packs.places(&chain);
        let around = chain.iter().find_map(|region| match places.get(&region.code) {
            Some(Place::Boundary(boundary)) => Some((*region, boundary)),
            _ => None,
        });
        let drawn = around
            .and_then(|(region, boundary)| Some((region, outline(&boundary.rings, [longitude, latitude])?)));
        if let Some((around, body)) = drawn {
            let name = escape(around.name_in(w.0));
            let label = format!("{} {name}", w.t("Position in", "位于"));
            let note = w.t(
                "Boundaries are simplified and no authority on borders; the position is approximate.",
                "边界经简化，仅供示意，不作为划界依据；位置为约略。",
            );
            let svg = format!(
                "<svg viewBox=\"-8 -8 {:.0} {:.0}\" role=\"img\" aria-label=\"{label}\">{body}</svg>",
                WIDTH + 16.0,
                HEIGHT + 16.0
            );
            return Some((svg, format!("{} · {note}", around.name_in(w.0))));
        }
    }
    let beside = packs.regions.children(own.parent.as_ref()?);
    let places = packs.places(&beside);
    let tiles: Vec<(&Region, Tile)> = beside
        .iter()
        .filter_map(|region| match places.get(&region.code) {
            Some(Place::Tile(tile)) => Some((*region, *tile)),
            _ => None,
        })
        .collect();
    if tiles.len() < 2 || tiles.len() > LABELS_MAX || !tiles.iter().any(|(r, _)| r.code == own.code) {
        return None;
    }
    let mut body = String::new();
    for (region, tile) in &tiles {
        let (x, y) = (f64::from(tile.col) * TILE, f64::from(tile.row) * TILE);
        let (side, class) = (TILE - 4.0, if region.code == own.code { "c3" } else { "c0" });
        let name: String = region.name_in(w.0).chars().take(9).collect();
        let _ = write!(
            body,
            "<rect class=\"place {class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{side:.1}\" height=\"{side:.1}\" rx=\"5\"/>\
             <text class=\"label\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + side / 2.0,
            y + side / 2.0 + 4.0,
            escape(&name)
        );
    }
    let columns = tiles.iter().map(|(_, tile)| tile.col + 1).max().unwrap_or(1);
    let rows = tiles.iter().map(|(_, tile)| tile.row + 1).max().unwrap_or(1);
    let svg = format!(
        "<svg viewBox=\"-8 -8 {:.0} {:.0}\" role=\"img\" aria-label=\"{} {}\">{body}</svg>",
        f64::from(columns) * TILE + 16.0,
        f64::from(rows) * TILE + 16.0,
        w.t("Position in", "位于"),
        escape(own.name_in(w.0))
    );
    let note = w.t("Tiles: not to scale.", "方格示意，不按比例。");
    Some((svg, note.to_owned()))
}

/// Rings with a point in them, fitted into the frame; `None` if the point lies outside of them all.
fn outline(rings: &[Vec<[f64; 2]>], at: [f64; 2]) -> Option<String> {
    let points = || rings.iter().flatten();
    let ends = |axis: usize| {
        points()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| (low.min(p[axis]), high.max(p[axis])))
    };
    let ((west, east), (south, north)) = (ends(0), ends(1));
    let inside = (west..=east).contains(&at[0]) && (south..=north).contains(&at[1]);
    if !inside {
        return None;
    }
    let squeeze = ((south + north) / 2.0).to_radians().cos();
    let scale = (WIDTH / ((east - west) * squeeze).max(1e-6)).min(HEIGHT / (north - south).max(1e-6));
    let shift = (WIDTH - (east - west) * squeeze * scale) / 2.0;
    let project = |p: &[f64; 2]| (shift + (p[0] - west) * squeeze * scale, (north - p[1]) * scale);
    let mut path = String::new();
    for ring in rings {
        for (i, point) in ring.iter().enumerate() {
            let (x, y) = project(point);
            let _ = write!(path, "{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
        }
        path.push('Z');
    }
    let (x, y) = project(&at);
    Some(format!(
        "<path class=\"outline\" fill-rule=\"evenodd\" d=\"{path}\"/>\
         <circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"8\"/>"
    ))
}
