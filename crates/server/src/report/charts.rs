//! Charts as SVG, drawn on the server: no script, and the same on paper as on screen.

use super::words::{integer, t};
use std::fmt::Write;
use wanquan_app::analyse::report::{Report, TotalSection};
use wanquan_domain::text::Lang;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 30.0;

/// Where values and steps lie in a chart.
pub(super) struct Frame {
    pub(super) steps: usize,
    pub(super) top: f64,
}

#[expect(clippy::cast_precision_loss, reason = "numbers of steps and persons stay far below 2^53")]
impl Frame {
    pub(super) fn x(&self, step: f64) -> f64 {
        LEFT + step / self.steps.max(1) as f64 * (WIDTH - LEFT - RIGHT)
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        let share = (value / self.top).clamp(0.0, 1.0);
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }

    /// Axes with at most five lines of value and seven dates.
    pub(super) fn axes(&self, out: &mut String, label: impl Fn(usize) -> String, decimals: usize) {
        let raw = self.top / 4.0;
        let power = 10_f64.powf(raw.log10().floor());
        let unit = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|u| *u >= raw).unwrap_or(raw);
        let unit = if decimals == 0 { unit.max(1.0) } else { unit };
        let mut value = 0.0;
        while value <= self.top {
            let y = self.y(value);
            let _ = write!(
                out,
                "<line x1='{LEFT}' x2='{:.1}' y1='{y:.1}' y2='{y:.1}' class='grid'/>\
                 <text x='{:.1}' y='{:.1}' class='tick' text-anchor='end'>{value:.decimals$}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0
            );
            value += unit;
        }
        let every = self.steps.div_ceil(7).max(1);
        for i in (0..self.steps).step_by(every) {
            let _ = write!(
                out,
                "<text x='{:.1}' y='{:.1}' class='tick'>{}</text>",
                self.x(i as f64),
                HEIGHT - 10.0,
                label(i)
            );
        }
    }
}

fn date(total: &TotalSection, step: usize) -> String {
    total.curve.get(step).map_or_else(String::new, |step| step.date.to_string())
}

/// The beginning of a chart; `title` is escaped already.
pub(super) fn open(title: &str) -> String {
    format!("<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{title}'><title>{title}</title>")
}

/// The epidemic curve: bars, signals as a triangle above the bar (not by colour alone), incomplete days hatched.
#[expect(clippy::cast_precision_loss, reason = "numbers of steps and persons stay far below 2^53")]
pub fn curve(report: &Report, lang: Lang) -> String {
    let total = &report.total;
    let top = total.curve.iter().filter_map(|step| step.n).max().unwrap_or(0).max(4) as f64 * 1.1;
    let frame = Frame { steps: total.curve.len(), top };
    let mut out = open(t(lang, "Epidemic curve", "流行曲线"));
    out.push_str(
        "<defs><pattern id='late' width='6' height='6' patternUnits='userSpaceOnUse' \
         patternTransform='rotate(45)'><line x1='0' y1='0' x2='0' y2='6' stroke='#999' stroke-width='2'/>\
         </pattern></defs>",
    );
    frame.axes(&mut out, |i| date(total, i), 0);
    let width = (frame.x(1.0) - frame.x(0.0)).max(0.2);
    for (i, step) in total.curve.iter().enumerate() {
        let x = frame.x(i as f64);
        let Some(n) = step.n else { continue };
        if n > 0 {
            let y = frame.y(n as f64);
            let class = if step.methods.is_empty() { "bar" } else { "bar alarm" };
            let _ = write!(
                out,
                "<rect x='{x:.2}' y='{y:.1}' width='{:.2}' height='{:.1}' class='{class}'><title>{}: {}</title></rect>",
                width * 0.9,
                HEIGHT - BOTTOM - y,
                step.date,
                integer(n)
            );
            if !step.methods.is_empty() {
                let middle = x + width * 0.45;
                let _ = write!(
                    out,
                    "<path d='M{:.1} {:.1}h8l-4 6z' class='mark'><title>{}: {}</title></path>",
                    middle - 4.0,
                    (y - 9.0).max(1.0),
                    step.date,
                    step.methods.join(", ")
                );
            }
        }
    }
    // An unreported step breaks the line, as it breaks the knowledge.
    let mut bound = String::new();
    let mut pen = 'M';
    for (i, step) in total.curve.iter().enumerate() {
        match step.upper.filter(|upper| upper.is_finite()) {
            Some(upper) => {
                let _ = write!(bound, "{pen}{:.1} {:.1}", frame.x(i as f64 + 0.45), frame.y(upper));
                pen = 'L';
            }
            None => pen = 'M',
        }
    }
    if !bound.is_empty() {
        let _ = write!(out, "<path d='{bound}' class='upper'/>");
    }
    if let Some(from) = report.period.incomplete_from
        && let Some(at) = total.curve.iter().position(|step| step.date >= from)
    {
        let x = frame.x(at as f64);
        let _ = write!(
            out,
            "<rect x='{x:.1}' y='{TOP}' width='{:.1}' height='{:.1}' fill='url(#late)' opacity='0.45'><title>{}</title></rect>",
            WIDTH - RIGHT - x,
            HEIGHT - TOP - BOTTOM,
            t(lang, "reports still coming in", "报告尚不完整")
        );
    }
    out.push_str("</svg>");
    out
}

/// The reproduction number with its 95 % ribbon and the line at 1; `None` without an estimate.
#[expect(clippy::cast_precision_loss, reason = "numbers of steps stay far below 2^53")]
pub fn rt(report: &Report, lang: Lang) -> Option<String> {
    let total = &report.total;
    let first = total.rt.first()?;
    // The first windows hold a handful of cases; their upper ends would flatten all the rest.
    let top = total.rt.iter().map(|point| point.mean).fold(2.0_f64, f64::max).min(10.0) * 1.3;
    let frame = Frame { steps: total.curve.len(), top };
    let mut out = open(t(lang, "Reproduction number", "再生数"));
    frame.axes(&mut out, |i| date(total, i), 1);
    let start = total.curve.iter().position(|step| step.date == first.date).unwrap_or(0);
    let mut runs: Vec<Vec<(f64, usize)>> = Vec::new();
    let mut step = start;
    let mut before: Option<usize> = None;
    for (i, point) in total.rt.iter().enumerate() {
        while total.curve.get(step).is_some_and(|at| at.date < point.date) {
            step += 1;
        }
        if before.is_none_or(|before| before + 1 != step) {
            runs.push(Vec::new());
        }
        if let Some(run) = runs.last_mut() {
            run.push((frame.x(step as f64 + 0.5), i));
        }
        before = Some(step);
    }
    for run in &runs {
        let line = |value: &dyn Fn(usize) -> f64, points: &mut dyn Iterator<Item = &(f64, usize)>| {
            points.map(|(x, i)| format!("{x:.1} {:.1}", frame.y(value(*i)))).collect::<Vec<_>>().join("L")
        };
        let upper = line(&|i| total.rt[i].upper, &mut run.iter());
        let lower = line(&|i| total.rt[i].lower, &mut run.iter().rev());
        let mean = line(&|i| total.rt[i].mean, &mut run.iter());
        let _ = write!(out, "<path d='M{upper}L{lower}Z' class='ribbon'/><path d='M{mean}' class='mean'/>");
    }
    let y = frame.y(1.0);
    let _ = write!(
        out,
        "<line x1='{LEFT}' x2='{:.1}' y1='{y:.1}' y2='{y:.1}' class='one'/></svg>",
        WIDTH - RIGHT
    );
    Some(out)
}

/// A small curve for a table cell.
#[expect(clippy::cast_precision_loss, reason = "numbers of steps and persons stay far below 2^53")]
pub fn spark(counts: &[Option<i32>]) -> String {
    let bin = counts.len().div_ceil(60).max(1);
    let sums: Vec<i64> =
        counts.chunks(bin).map(|c| c.iter().flatten().map(|n| i64::from(*n)).sum()).collect();
    let top = sums.iter().copied().max().unwrap_or(0).max(1) as f64;
    let mut path = String::new();
    for (i, n) in sums.iter().enumerate().filter(|(_, n)| **n > 0) {
        let height = *n as f64 / top * 18.0;
        let _ = write!(path, "M{i} 20V{:.1}", 20.0 - height);
    }
    format!(
        "<svg class='spark' viewBox='0 0 {} 20' aria-hidden='true'><path d='{path}'/></svg>",
        sums.len().max(1)
    )
}
