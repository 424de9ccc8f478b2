//! Charts of detections as one page that needs nothing else: no script, no font, no request.

use super::charts::{Frame, open as open_chart};
use super::html::{end, escape, open};
use std::fmt::Write;
use wanquan_domain::text::Lang;
use wanquan_epi::CountSeries;
use wanquan_epi::detect::{DetectionSeries, DetectionStep};

/// Charts on the page; more are read by nobody, and the table has them all.
const CHARTS_SHOWN: usize = 100;
/// Steps shown before the first evaluated one, for comparison.
const STEPS_BEFORE: usize = 52;

/// The page: for each series its counts, what was expected, the bound, and the alarms. Series with alarms come first.
pub fn render(method: &str, results: &[(String, CountSeries, DetectionSeries)]) -> String {
    let mut order: Vec<(usize, usize)> =
        results.iter().enumerate().map(|(i, (_, _, found))| (found.alarms().count(), i)).collect();
    order.sort_by_key(|(alarms, i)| (std::cmp::Reverse(*alarms), *i));
    let title = format!("Detections: {method}");
    let mut out = open(&title, Lang::En);
    let _ = write!(
        out,
        "<h1>{}</h1><p class='key'>Bars: cases; alarms dark, with a triangle. Line: cases expected. Dashed: the largest \
         count without an alarm. A gap: not reported or not evaluated. A signal is a question, not an outbreak.</p>",
        escape(&title)
    );
    for (alarms, i) in order.iter().take(CHARTS_SHOWN) {
        let (name, series, found) = &results[*i];
        let word = if *alarms == 1 { "alarm" } else { "alarms" };
        let _ = write!(out, "<h2>{}: {alarms} {word}</h2>", escape(name));
        out.push_str(&chart(name, series, found));
    }
    if results.len() > CHARTS_SHOWN {
        let more = results.len() - CHARTS_SHOWN;
        let _ = write!(out, "<p class='key'>{more} more series are in the table.</p>");
    }
    end(&mut out);
    out
}

fn chart(name: &str, series: &CountSeries, found: &DetectionSeries) -> String {
    let evaluated = found.steps.first().map_or(0, |step| step.index);
    let first = evaluated.saturating_sub(STEPS_BEFORE);
    let last = found.steps.last().map_or(series.len(), |step| step.index + 1);
    let shown = &series.counts()[first..last];
    let highest = shown.iter().flatten().map(|&n| f64::from(n)).fold(4.0, f64::max);
    let bound = found.steps.iter().filter_map(|step| step.upper()).fold(0.0, f64::max);
    // A bound far above every count would press them flat.
    let frame = Frame { steps: shown.len(), top: highest.max(bound.min(2.0 * highest)) * 1.1 };
    let mut out = open_chart(&escape(name));
    frame.axes(&mut out, |i| series.date(first + i).to_string(), 0);
    let width = (frame.x(1.0) - frame.x(0.0)).max(0.2);
    let floor = frame.y(0.0);
    for (i, n) in shown.iter().enumerate() {
        let Some(n) = n.filter(|n| *n > 0) else { continue };
        let at = first + i;
        let step = at.checked_sub(evaluated).and_then(|i| found.steps.get(i));
        let alarm = step.is_some_and(|step| step.alarm());
        let (x, y) = (frame.x(i as f64), frame.y(f64::from(n)));
        let class = if alarm { "bar alarm" } else { "bar" };
        let said = step
            .and_then(|step| Some(format!(" (expected {:.1}, bound {:.1})", step.expected()?, step.upper()?)))
            .unwrap_or_default();
        let _ = write!(
            out,
            "<rect x='{x:.2}' y='{y:.1}' width='{:.2}' height='{:.1}' class='{class}'><title>{}: {n}{said}</title></rect>",
            width * 0.9,
            floor - y,
            series.date(at)
        );
        if alarm {
            let (middle, top) = (x + width * 0.45 - 4.0, (y - 9.0).max(1.0));
            let _ = write!(out, "<path d='M{middle:.1} {top:.1}h8l-4 6z' class='mark'/>");
        }
    }
    type Value = fn(&DetectionStep) -> Option<f64>;
    for (class, value) in [("mean", DetectionStep::expected as Value), ("upper", DetectionStep::upper)] {
        // A step that was not evaluated breaks the line.
        let (mut path, mut pen) = (String::new(), 'M');
        for step in &found.steps {
            match value(step) {
                Some(v) => {
                    let x = frame.x((step.index - first) as f64 + 0.45);
                    let _ = write!(path, "{pen}{x:.1} {:.1}", frame.y(v));
                    pen = 'L';
                }
                None => pen = 'M',
            }
        }
        if !path.is_empty() {
            let _ = write!(out, "<path d='{path}' class='{class}'/>");
        }
    }
    out.push_str("</svg>");
    out
}
