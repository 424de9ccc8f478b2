//! Charts of an estimate with its interval over bars of counts, one page that needs nothing else: no script, no
//! font, no request.

use super::charts::Frame;
use super::html::{end, escape, open};
use jiff::civil::Date;
use std::fmt::Write;
use wanquan_domain::date::to_epoch_day;
use wanquan_domain::text::Lang;

/// Charts on the page; more are read by nobody, and the table has them all.
const CHARTS_SHOWN: usize = 100;

/// An estimate at a date.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// Where it stands.
    pub date: Date,
    /// Estimate.
    pub middle: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
}

/// One chart.
#[derive(Debug, Clone, Default)]
pub struct Band {
    /// Name of the series.
    pub title: String,
    /// Bars: counts known.
    pub bars: Vec<(Date, f64)>,
    /// Estimates, ascending; a gap of more than `step_days` breaks the line.
    pub points: Vec<Point>,
    /// Days from one estimate to the next.
    pub step_days: i32,
    /// A level to compare with, such as a reproduction number of 1.
    pub level: Option<f64>,
}

/// The page: a heading, what is drawn, and the charts; `say` is how a day is written.
pub fn page(heading: &str, key: &str, bands: &[Band], say: &dyn Fn(Date) -> String) -> String {
    let mut out = open(&escape(heading), Lang::En);
    let _ = write!(out, "<h1>{}</h1><p class='key'>{}</p>", escape(heading), escape(key));
    for band in bands.iter().take(CHARTS_SHOWN) {
        if !band.title.is_empty() {
            let _ = write!(out, "<h2>{}</h2>", escape(&band.title));
        }
        out.push_str(&chart(band, say));
    }
    if bands.len() > CHARTS_SHOWN {
        let _ = write!(out, "<p class='key'>{} more are in the table.</p>", bands.len() - CHARTS_SHOWN);
    }
    end(&mut out);
    out
}

fn chart(band: &Band, say: &dyn Fn(Date) -> String) -> String {
    let dates = band.bars.iter().map(|b| b.0).chain(band.points.iter().map(|p| p.date));
    let Some((first, last)) = dates.fold(None, |range: Option<(Date, Date)>, date| {
        Some(range.map_or((date, date), |(a, b)| (a.min(date), b.max(date))))
    }) else {
        return String::new();
    };
    let day = |date: Date| f64::from(to_epoch_day(date) - to_epoch_day(first));
    let days = usize::try_from(to_epoch_day(last) - to_epoch_day(first)).unwrap_or(0) + 1;
    let mut uppers: Vec<f64> = band.points.iter().map(|p| p.upper).filter(|x| x.is_finite()).collect();
    uppers.sort_by(f64::total_cmp);
    // The first estimates rest on a handful of cases; their upper ends would flatten all the rest.
    let usual = uppers.get(uppers.len() * 9 / 10).copied().unwrap_or(0.0);
    let middle =
        band.points.iter().map(|p| p.middle).chain(band.bars.iter().map(|b| b.1)).fold(0.0, f64::max);
    let top = usual.max(middle).max(band.level.map_or(4.0, |level| 2.0 * level)) * 1.1;
    let frame = Frame { steps: days, top };
    let mut out = super::charts::open(&escape(&band.title));
    let label = |day: usize| {
        let span = i64::try_from(day).ok().and_then(|day| jiff::Span::new().try_days(day).ok());
        span.and_then(|span| first.checked_add(span).ok()).map_or_else(String::new, say)
    };
    frame.axes(&mut out, label, usize::from(top < 12.0));
    let width = f64::from(band.step_days.max(1)) * 0.9;
    for (date, n) in band.bars.iter().filter(|b| b.1 > 0.0) {
        let (x, y) = (frame.x(day(*date)), frame.y(*n));
        let _ = write!(
            out,
            "<rect x='{x:.2}' y='{y:.1}' width='{:.2}' height='{:.1}' class='bar'><title>{}: {n}</title></rect>",
            (frame.x(day(*date) + width) - x).max(0.2),
            frame.y(0.0) - y,
            say(*date)
        );
    }
    let mut run: Vec<&Point> = Vec::new();
    for point in &band.points {
        let apart =
            run.last().is_some_and(|before| day(point.date) - day(before.date) > f64::from(band.step_days));
        if apart {
            ribbon(&mut out, &frame, &run, &day);
            run.clear();
        }
        run.push(point);
    }
    ribbon(&mut out, &frame, &run, &day);
    if let Some(level) = band.level {
        let y = frame.y(level);
        let _ = write!(
            out,
            "<line x1='{:.1}' x2='{:.1}' y1='{y:.1}' y2='{y:.1}' class='one'/>",
            frame.x(0.0),
            frame.x(f64::from(u32::try_from(days).unwrap_or(u32::MAX)))
        );
    }
    out.push_str("</svg>");
    out
}

fn ribbon(out: &mut String, frame: &Frame, run: &[&Point], day: &impl Fn(Date) -> f64) {
    if run.is_empty() {
        return;
    }
    let line = |value: &dyn Fn(&Point) -> f64, points: &mut dyn Iterator<Item = &&Point>| {
        points
            .map(|p| format!("{:.1} {:.1}", frame.x(day(p.date) + 0.5), frame.y(value(p))))
            .collect::<Vec<_>>()
            .join("L")
    };
    let upper = line(&|p| p.upper, &mut run.iter());
    let lower = line(&|p| p.lower, &mut run.iter().rev());
    let middle = line(&|p| p.middle, &mut run.iter());
    let _ = write!(out, "<path d='M{upper}L{lower}Z' class='ribbon'/><path d='M{middle}' class='mean'/>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_draws_bars_band_and_level_and_escapes_names() {
        let date = |d: i8| jiff::civil::date(2024, 1, d);
        let point = |d: i8| Point { date: date(d), middle: 1.2, lower: 0.9, upper: 1.6 };
        let band = Band {
            title: "<b>".to_owned(),
            bars: vec![(date(1), 3.0), (date(2), 0.0)],
            points: vec![point(1), point(2), point(5)],
            step_days: 1,
            level: Some(1.0),
        };
        let page = page("R", "key", &[band, Band::default()], &|date| date.to_string());
        assert!(page.contains("&lt;b&gt;") && !page.contains("<b>"));
        // Two runs, as days 3 and 4 have no estimate.
        assert_eq!(page.matches("class='ribbon'").count(), 2);
        assert_eq!(page.matches("class='bar'").count(), 1);
    }
}
