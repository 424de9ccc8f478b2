//! Fan charts of forecasts as one page that needs nothing else: no script, no font, no request.

use super::charts::Frame;
use super::html::{end, escape, open};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::fmt::Write;
use wanquan_app::forecast::Cell;
use wanquan_app::forecast::hub::Counts;
use wanquan_domain::date::to_epoch_day;
use wanquan_domain::text::Lang;

/// Charts on the page; more are read by nobody, and the table has them all.
const CHARTS_SHOWN: usize = 100;
/// Observed steps shown before the first forecast: about half a season of weeks, two months of days.
const STEPS_BEFORE: usize = 26;
/// Central intervals drawn, widest first, so that narrower ones lie on top.
const INTERVALS: [f64; 3] = [0.95, 0.8, 0.5];

/// The page: for each place what was observed, and the fan of every reference date that does not lie over another.
pub fn render(observed: &Counts, cells: &[Cell]) -> String {
    let mut by_place: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
    for cell in cells {
        by_place.entry(&cell.location).or_default().push(cell);
    }
    let mut out = open("Forecasts", Lang::En);
    out.push_str(
        "<h1>Forecasts</h1><p class='key'>Line: observed, as known at the end. Fans: median with central intervals of \
         50, 80 and 95 %, from the dates marked. Where forecasts overlap, every one that begins after the end of \
         another is drawn, counted back from the last.</p>",
    );
    for (place, cells) in by_place.iter().take(CHARTS_SHOWN) {
        let _ = write!(out, "<h2>{}</h2>", escape(place));
        out.push_str(&chart(observed.by_location.get(*place), cells, place));
    }
    if by_place.len() > CHARTS_SHOWN {
        let _ =
            write!(out, "<p class='key'>{} more places are in the table.</p>", by_place.len() - CHARTS_SHOWN);
    }
    end(&mut out);
    out
}

/// Fans by reference date, none over another, counted back from the last.
fn apart<'a>(cells: &[&'a Cell]) -> Vec<Vec<&'a Cell>> {
    let mut fans: BTreeMap<Date, Vec<&Cell>> = BTreeMap::new();
    for cell in cells {
        fans.entry(cell.reference_date).or_default().push(cell);
    }
    let mut kept: Vec<Vec<&Cell>> = Vec::new();
    for (_, mut fan) in fans.into_iter().rev() {
        fan.sort_by_key(|cell| cell.target_end_date);
        let ends = fan.last().map(|cell| cell.target_end_date);
        let next = kept.last().and_then(|fan| fan.first()).map(|cell| cell.target_end_date);
        if next.is_none_or(|next| ends.is_some_and(|end| end < next)) {
            kept.push(fan);
        }
    }
    kept
}

fn chart(observed: Option<&BTreeMap<Date, f64>>, cells: &[&Cell], place: &str) -> String {
    let fans = apart(cells);
    let first_target = fans.iter().flatten().map(|cell| cell.target_end_date).min().unwrap_or_default();
    let last_target = cells.iter().map(|cell| cell.target_end_date).max().unwrap_or_default();
    let mut points: Vec<(Date, f64)> = observed
        .into_iter()
        .flatten()
        .map(|(date, n)| (*date, *n))
        .filter(|(date, _)| *date <= last_target)
        .collect();
    let before = points.iter().filter(|(date, _)| *date < first_target).count();
    points.drain(..before.saturating_sub(STEPS_BEFORE));
    let start = points.first().map_or(first_target, |(date, _)| (*date).min(first_target));
    let day = |date: Date| f64::from(to_epoch_day(date) - to_epoch_day(start));
    let days = usize::try_from(to_epoch_day(last_target) - to_epoch_day(start)).unwrap_or(0) + 1;
    // The highest of the 80 % intervals: the outermost quantile of a rising forecast would flatten all the rest.
    let upper = |cell: &&Cell| cell.forecast.interval(0.8).map_or(cell.forecast.median(), |(_, upper)| upper);
    let highest = points.iter().map(|(_, n)| *n).chain(fans.iter().flatten().map(upper)).fold(4.0, f64::max);
    let frame = Frame { steps: days, top: highest * 1.15 };
    let mut out = super::charts::open(&escape(place));
    let label = |day: usize| {
        let span = i64::try_from(day).ok().and_then(|day| jiff::Span::new().try_days(day).ok());
        span.and_then(|span| start.checked_add(span).ok()).map_or_else(String::new, |date| date.to_string())
    };
    frame.axes(&mut out, label, 0);
    for fan in &fans {
        for central in INTERVALS {
            ribbon(&mut out, &frame, fan, central, &day);
        }
        let line = fan
            .iter()
            .map(|cell| {
                format!("{:.1} {:.1}", frame.x(day(cell.target_end_date)), frame.y(cell.forecast.median()))
            })
            .collect::<Vec<_>>()
            .join("L");
        let _ = write!(out, "<path d='M{line}' class='mean'/>");
        for cell in fan {
            let interval = cell
                .forecast
                .interval(0.95)
                .map_or_else(String::new, |(low, high)| format!(" (95 %: {low:.0} to {high:.0})"));
            let _ = write!(
                out,
                "<circle cx='{:.1}' cy='{:.1}' r='2.5' class='point'><title>{}, from {}: {:.0}{interval}</title></circle>",
                frame.x(day(cell.target_end_date)),
                frame.y(cell.forecast.median()),
                cell.target_end_date,
                cell.reference_date,
                cell.forecast.median()
            );
        }
    }
    let line = points
        .iter()
        .map(|(date, n)| format!("{:.1} {:.1}", frame.x(day(*date)), frame.y(*n)))
        .collect::<Vec<_>>()
        .join("L");
    if !line.is_empty() {
        let _ = write!(out, "<path d='M{line}' class='observed'/>");
    }
    out.push_str("</svg>");
    out
}

fn ribbon(out: &mut String, frame: &Frame, fan: &[&Cell], central: f64, day: &dyn Fn(Date) -> f64) {
    let limits: Vec<(f64, f64, f64)> = fan
        .iter()
        .filter_map(|cell| {
            let (low, high) = cell.forecast.interval(central)?;
            Some((frame.x(day(cell.target_end_date)), frame.y(low), frame.y(high)))
        })
        .collect();
    // A single step has no area; a bar shows its interval.
    if let [(x, low, high)] = limits[..] {
        let _ = write!(out, "<path d='M{x:.1} {low:.1}V{high:.1}' class='bar-fan'/>");
        return;
    }
    let upper = limits.iter().map(|(x, _, high)| format!("{x:.1} {high:.1}")).collect::<Vec<_>>().join("L");
    let lower =
        limits.iter().rev().map(|(x, low, _)| format!("{x:.1} {low:.1}")).collect::<Vec<_>>().join("L");
    if !limits.is_empty() {
        let _ = write!(out, "<path d='M{upper}L{lower}Z' class='ribbon'/>");
    }
}
