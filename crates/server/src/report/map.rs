//! Places as a map where they are regions with boundaries, as tiles elsewhere.

use super::html::escape;
use super::words::{integer, t};
use std::collections::HashMap;
use std::fmt::Write;
use wanquan_app::analyse::report::{PlaceSection, Report};
use wanquan_domain::pack::{Packs, Place};
use wanquan_domain::region::{Region, RegionCode};
use wanquan_domain::text::Lang;

const WIDTH: f64 = 640.0;

/// Five classes, each about three times the one before: outbreaks differ by orders of magnitude.
fn class(cases: i64, top: i64) -> &'static str {
    match cases {
        n if n <= 0 => "c0",
        n if n * 81 <= top => "c1",
        n if n * 27 <= top => "c2",
        n if n * 9 <= top => "c3",
        n if n * 3 <= top => "c4",
        _ => "c5",
    }
}

fn title(name: &str, cases: i64, lang: Lang) -> String {
    format!("<title>{}: {} {}</title>", escape(name), integer(cases), t(lang, "cases", "例"))
}

/// The drawing; `None` for one place, which has nothing to compare with.
pub fn draw(report: &Report, packs: &Packs, lang: Lang) -> Option<String> {
    if report.places.len() < 2 {
        return None;
    }
    let top = report.places.iter().map(|place| place.cases).max().unwrap_or(0).max(1);
    let mut out = boundaries(report, packs, top, lang).unwrap_or_else(|| tiles(&report.places, top, lang));
    let _ = write!(
        out,
        "<p class='key'>{}: <i class='c0'></i>0 <i class='c1'></i>&le; 1/81 <i class='c2'></i>&le; 1/27 \
         <i class='c3'></i>&le; 1/9 <i class='c4'></i>&le; 1/3 <i class='c5'></i>&gt; 1/3 {} {}</p>",
        t(lang, "cases", "病例"),
        t(lang, "of the most,", "（相对最高值）"),
        integer(top)
    );
    Some(out)
}

/// Boundaries of the places and of their neighbours under the same parent; `None` if too few have one.
fn boundaries(report: &Report, packs: &Packs, top: i64, lang: Lang) -> Option<String> {
    let mut cases: HashMap<RegionCode, i64> = HashMap::new();
    for place in &report.places {
        if let Some(region) = place.region.as_deref().and_then(|code| packs.regions.get_by_text(code)) {
            *cases.entry(region.code.clone()).or_default() += place.cases;
        }
    }
    let mut regions: Vec<&Region> = cases.keys().filter_map(|code| packs.regions.get(code)).collect();
    let parent = regions.first()?.parent.clone();
    if let Some(parent) = parent.filter(|p| regions.iter().all(|region| region.parent.as_ref() == Some(p))) {
        regions = packs.regions.children(&parent);
    }
    regions.sort_by(|a, b| a.code.cmp(&b.code));
    let places = packs.places(&regions);
    let shapes: Vec<(&Region, &Vec<Vec<[f64; 2]>>)> = regions
        .iter()
        .filter_map(|region| match places.get(&region.code) {
            Some(Place::Boundary(boundary)) => Some((*region, &boundary.rings)),
            _ => None,
        })
        .collect();
    let drawn = shapes.iter().filter(|(region, _)| cases.contains_key(&region.code)).count();
    if drawn * 10 < cases.len() * 9 || drawn == 0 {
        return None;
    }
    let points = || shapes.iter().flat_map(|(_, rings)| rings.iter().flatten());
    let ends = |axis: usize| {
        points()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| (low.min(p[axis]), high.max(p[axis])))
    };
    let ((west, east), (south, north)) = (ends(0), ends(1));
    // A degree of longitude is shorter than one of latitude by the cosine of the latitude.
    let squeeze = ((south + north) / 2.0).to_radians().cos();
    let scale = WIDTH / ((east - west) * squeeze).max(1e-6);
    let height = (north - south) * scale;
    let mut out = format!(
        "<svg class='map' viewBox='-2 -2 {:.0} {:.0}' role='img' aria-label='{}'>",
        WIDTH + 4.0,
        height + 4.0,
        t(lang, "Map of cases by place", "各地病例地图")
    );
    for (region, rings) in &shapes {
        let mut path = String::new();
        for ring in *rings {
            for (i, point) in ring.iter().enumerate() {
                let pen = if i == 0 { 'M' } else { 'L' };
                let (x, y) = ((point[0] - west) * squeeze * scale, (north - point[1]) * scale);
                let _ = write!(path, "{pen}{x:.1} {y:.1}");
            }
            path.push('Z');
        }
        let n = cases.get(&region.code).copied();
        let style = n.map_or("c0", |n| class(n, top));
        let _ = write!(
            out,
            "<path d='{path}' class='{style}'>{}</path>",
            title(region.name_in(lang), n.unwrap_or(0), lang)
        );
    }
    out.push_str("</svg>");
    let unmapped = report.places.len() - report.places.iter().filter(|place| place.region.is_some()).count();
    if unmapped > 0 {
        let _ = write!(
            out,
            "<p class='key'>{unmapped} {}</p>",
            t(lang, "places are not on the map", "个地点不在图上")
        );
    }
    Some(out)
}

/// One tile a place, in order of code (of name where there is none), in a block near a square.
fn tiles(places: &[PlaceSection], top: i64, lang: Lang) -> String {
    let mut order: Vec<&PlaceSection> = places.iter().collect();
    order.sort_by(|a, b| (&a.code, &a.name).cmp(&(&b.code, &b.name)));
    let mut columns = 1;
    while columns * columns < order.len() {
        columns += 1;
    }
    let rows = order.len().div_ceil(columns);
    let named = columns <= 8;
    let mut out = format!(
        "<svg class='map' viewBox='0 0 {} {}' role='img' aria-label='{}'>",
        columns * 80,
        rows * 80,
        t(lang, "Tiles of cases by place", "各地病例方格图")
    );
    for (i, place) in order.iter().enumerate() {
        let (x, y) = (i % columns * 80, i / columns * 80);
        let _ = write!(
            out,
            "<g><rect x='{x}' y='{y}' width='76' height='76' class='{}'/>{}",
            class(place.cases, top),
            title(&place.name, place.cases, lang)
        );
        if named {
            let short: String = place.name.chars().take(9).collect();
            let _ = write!(
                out,
                "<text x='{}' y='{}' class='tile'>{}</text><text x='{}' y='{}' class='tile'>{}</text>",
                x + 38,
                y + 34,
                escape(&short),
                x + 38,
                y + 54,
                integer(place.cases)
            );
        }
        out.push_str("</g>");
    }
    out.push_str("</svg>");
    out
}
