//! Ratios with their intervals on a logarithmic axis, one page that needs nothing else.

use super::html::{end, escape, open};
use std::fmt::Write;
use wanquan_domain::text::Lang;

const WIDTH: f64 = 720.0;
/// Room for the names on the left.
const NAMES: f64 = 260.0;
const ROW: f64 = 28.0;
/// Ratios are shown between these; an interval that goes on ends at the edge.
const RATIO_MIN: f64 = 0.01;
const RATIO_MAX: f64 = 100.0;

/// A ratio with its interval, where it has one.
#[derive(Debug, Clone)]
pub struct Ratio {
    /// What it is.
    pub name: String,
    /// Estimate.
    pub estimate: f64,
    /// Lower and upper end.
    pub interval: Option<(f64, f64)>,
}

/// The page.
pub fn page(heading: &str, ratios: &[Ratio]) -> String {
    let mut out = open(&escape(heading), Lang::En);
    let title = escape(heading);
    let _ = write!(
        out,
        "<h1>{title}</h1><p class='key'>Dot: estimate. Line: its interval, cut off at 1/100 and 100. Upright line: 1, \
         no association.</p>"
    );
    let held = |x: f64| x.clamp(RATIO_MIN, RATIO_MAX);
    let ends = ratios.iter().flat_map(|r| {
        let (lower, upper) = r.interval.unwrap_or((r.estimate, r.estimate));
        [held(lower), held(upper), held(r.estimate)]
    });
    let (low, high) = ends.fold((0.5_f64, 2.0_f64), |(low, high), x| (low.min(x), high.max(x)));
    let (low, high) = (low.ln() - 0.1, high.ln() + 0.1);
    let x = |ratio: f64| NAMES + (held(ratio).ln() - low) / (high - low) * (WIDTH - NAMES - 20.0);
    // One row each, and one above.
    let bottom = ratios.iter().fold(ROW, |y, _| y + ROW);
    let height = bottom + 40.0;
    let _ = write!(
        out,
        "<svg viewBox='0 0 {WIDTH} {height:.0}' role='img' aria-label='{title}'><title>{title}</title>\
         <line x1='{one:.1}' x2='{one:.1}' y1='10' y2='{bottom:.0}' class='one'/>",
        one = x(1.0)
    );
    let mut y = ROW;
    for ratio in ratios {
        let _ = write!(out, "<text x='0' y='{:.1}' class='tick'>{}</text>", y + 4.0, escape(&ratio.name));
        if let Some((lower, upper)) = ratio.interval {
            let _ = write!(
                out,
                "<line x1='{:.1}' x2='{:.1}' y1='{y:.1}' y2='{y:.1}' class='mean'><title>{lower:.3} to {upper:.3}</title></line>",
                x(lower),
                x(upper)
            );
        }
        let _ = write!(
            out,
            "<circle cx='{:.1}' cy='{y:.1}' r='5' class='point'><title>{:.3}</title></circle>",
            x(ratio.estimate),
            ratio.estimate
        );
        y += ROW;
    }
    for tick in [0.01, 0.1, 0.5, 1.0, 2.0, 10.0, 100.0_f64] {
        if (low..=high).contains(&tick.ln()) {
            let _ = write!(
                out,
                "<text x='{:.1}' y='{:.1}' class='tick' text-anchor='middle'>{tick}</text>",
                x(tick),
                bottom + 20.0
            );
        }
    }
    out.push_str("</svg>");
    end(&mut out);
    out
}
