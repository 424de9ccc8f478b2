//! Scores of forecasts by group and their calibration, one page that needs nothing else.

use super::charts::{Frame, open as open_chart};
use super::html::{end, escape, open};
use std::fmt::Write;
use wanquan_app::forecast::evaluate::{By, Evaluation, Scores};
use wanquan_domain::text::Lang;

const WIDTH: f64 = 720.0;
/// Room for the names on the left, and for the figures on the right.
const NAMES: f64 = 150.0;
const FIGURES: f64 = 240.0;
const ROW: f64 = 22.0;
/// Groups on the page; more are read by nobody, and the table has them all.
const GROUPS_SHOWN: usize = 200;

/// The page: the mean score of every group in its three parts, and how the truths lie within their forecasts.
pub fn page(evaluation: &Evaluation) -> String {
    let mut out = open("Scores", Lang::En);
    let all = &evaluation.all;
    let _ = write!(
        out,
        "<h1>Scores of {} forecasts</h1><p class='key'>Mean weighted interval score in its parts, smaller is better: light \
         for the width of the intervals, middle for forecasts above the truth, dark for forecasts below it. Behind it the \
         share of truths within the 95 % interval{}.</p>",
        all.forecasts,
        if all.relative.is_some() { ", and the score over that of the other forecasts" } else { "" }
    );
    let groups = evaluation.groups.iter().map(|(name, scores)| (name.as_str(), scores));
    let lines: Vec<(&str, &Scores)> = std::iter::once(("all", all)).chain(groups).collect();
    let title = evaluation.by.map_or_else(|| "In all".to_owned(), |by| format!("By {}", words(by)));
    let _ = write!(out, "<h2>{title}</h2>");
    bars(&mut out, &title, &lines[..lines.len().min(GROUPS_SHOWN + 1)]);
    if evaluation.groups.len() > GROUPS_SHOWN {
        let more = evaluation.groups.len() - GROUPS_SHOWN;
        let _ = write!(out, "<p class='key'>{more} more groups are in the table.</p>");
    }
    out.push_str(
        "<h2>Calibration</h2><p class='key'>Share of the truths by tenth of their forecast; a tenth each (dashed line) if \
         calibrated. High at both ends: intervals too narrow; high in the middle: too wide.</p>",
    );
    histogram(&mut out, &all.pit);
    end(&mut out);
    out
}

fn words(by: By) -> &'static str {
    match by {
        By::Location => "location",
        By::Horizon => "horizon",
        By::ReferenceDate => "reference date",
    }
}

fn bars(out: &mut String, title: &str, lines: &[(&str, &Scores)]) {
    let highest = lines.iter().map(|(_, s)| s.wis).fold(f64::MIN_POSITIVE, f64::max);
    let scale = (WIDTH - NAMES - FIGURES) / highest;
    let height = lines.iter().fold(ROW, |y, _| y + ROW);
    let _ = write!(
        out,
        "<svg viewBox='0 0 {WIDTH} {height:.0}' role='img' aria-label='{title}'><title>{title}</title>"
    );
    let mut y = 4.0;
    for (name, scores) in lines {
        let shown: String = name.chars().take(22).collect();
        let _ = write!(
            out,
            "<text x='0' y='{:.1}' class='tick'>{}<title>{}</title></text>",
            y + 13.0,
            escape(&shown),
            escape(name)
        );
        let mut x = NAMES;
        for (class, part, said) in [
            ("c2", scores.dispersion, "width"),
            ("c4", scores.overprediction, "above the truth"),
            ("c5", scores.underprediction, "below the truth"),
        ] {
            let width = part * scale;
            let _ = write!(
                out,
                "<rect x='{x:.1}' y='{y:.1}' width='{width:.1}' height='{:.1}' class='{class}'><title>{said}: {part:.3}</title></rect>",
                ROW - 6.0
            );
            x += width;
        }
        let coverage =
            scores.coverage_95.map_or_else(String::new, |share| format!(", {:.0} % within", 100.0 * share));
        let relative = scores
            .relative
            .and_then(|relative| relative.ratio)
            .map_or_else(String::new, |ratio| format!(", {ratio:.2} of the other"));
        let _ = write!(
            out,
            "<text x='{:.1}' y='{:.1}' class='tick'>{:.2}{coverage}{relative}</text>",
            x + 6.0,
            y + 13.0,
            scores.wis
        );
        y += ROW;
    }
    out.push_str("</svg>");
}

fn histogram(out: &mut String, pit: &[f64]) {
    let highest = pit.iter().copied().fold(0.2, f64::max);
    let frame = Frame { steps: pit.len(), top: highest * 1.1 };
    out.push_str(&open_chart("Calibration"));
    frame.axes(out, |i| format!("tenth {}", i + 1), 2);
    let width = (frame.x(1.0) - frame.x(0.0)) * 0.9;
    let mut left = 0.0;
    for (i, share) in pit.iter().enumerate() {
        let y = frame.y(*share);
        let _ = write!(
            out,
            "<rect x='{:.1}' y='{y:.1}' width='{width:.1}' height='{:.1}' class='bar'><title>tenth {}: {share:.3}</title></rect>",
            frame.x(left),
            frame.y(0.0) - y,
            i + 1
        );
        left += 1.0;
    }
    let level = frame.y(0.1);
    let _ = write!(
        out,
        "<line x1='{:.1}' x2='{:.1}' y1='{level:.1}' y2='{level:.1}' class='one'/></svg>",
        frame.x(0.0),
        frame.x(left)
    );
}
