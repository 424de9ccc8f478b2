//! Places as dots, clusters in outline and number, one page that needs nothing else.

use super::html::{end, escape, open};
use std::fmt::Write;
use wanquan_domain::text::Lang;

const SIZE: f64 = 720.0;

/// The page. `clusters`: places of each, the centre first.
pub fn page(heading: &str, names: &[String], points: &[[f64; 2]], clusters: &[&[usize]]) -> String {
    let mut out = open(&escape(heading), Lang::En);
    let _ = write!(
        out,
        "<h1>{}</h1><p class='key'>Dots: places. Large dots with a number: clusters, 1 the most likely; the number \
         stands at the centre.</p>",
        escape(heading)
    );
    let range = |axis: usize| {
        points
            .iter()
            .map(|p| p[axis])
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)))
    };
    let ((west, east), (south, north)) = (range(0), range(1));
    let span = (east - west).max(north - south).max(f64::MIN_POSITIVE);
    let place = |p: &[f64; 2]| {
        let scale = (SIZE - 40.0) / span;
        (20.0 + (p[0] - west) * scale, 20.0 + (north - p[1]) * scale)
    };
    let title = escape(heading);
    let _ = write!(
        out,
        "<svg viewBox='0 0 {SIZE} {SIZE}' role='img' aria-label='{title}'><title>{title}</title>"
    );
    for (i, point) in points.iter().enumerate() {
        let (x, y) = place(point);
        let cluster = clusters.iter().position(|places| places.contains(&i));
        let (radius, class) = if cluster.is_some() { (7.0, "bar alarm") } else { (3.0, "bar") };
        let member = cluster.map_or_else(String::new, |c| format!(" (cluster {})", c + 1));
        let _ = write!(
            out,
            "<circle cx='{x:.1}' cy='{y:.1}' r='{radius}' class='{class}'><title>{}{member}</title></circle>",
            escape(&names[i])
        );
    }
    for (number, places) in clusters.iter().enumerate() {
        if let Some(point) = places.first().and_then(|&i| points.get(i)) {
            let (x, y) = place(point);
            let _ =
                write!(out, "<text x='{:.1}' y='{:.1}' class='tick'>{}</text>", x + 9.0, y - 9.0, number + 1);
        }
    }
    out.push_str("</svg>");
    end(&mut out);
    out
}
