//! The epidemic curve as a drawing that needs no script.

use super::words::{Words, integer};
use std::fmt::Write as _;
use wanquan_app::publish::PublicDay;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 300.0;
/// Room for the numbers on the left and the dates below.
const LEFT: f64 = 52.0;
const BELOW: f64 = 28.0;
const ABOVE: f64 = 12.0;
/// Dates on the axis, about.
const DATES: usize = 5;

/// The drawing; `None` without a day.
pub(super) fn draw(days: &[PublicDay], w: Words) -> Option<String> {
    let (first, last) = (days.first()?, days.last()?);
    let most = days.iter().map(|day| day.n).max().unwrap_or(0).max(1);
    let least = days.iter().map(|day| day.n).min().unwrap_or(0).min(0);
    let step = tick(most);
    let top = (most + step - 1) / step * step;
    let y = |n: i64| ABOVE + (HEIGHT - ABOVE - BELOW) * share(top - n, top - least);
    let pitch = (WIDTH - LEFT) / float(days.len());
    let x = |i: usize| LEFT + pitch * float(i);
    let label = format!(
        "{} {} – {}. {} {}.",
        w.t("Counts by day,", "逐日数据，"),
        w.date(first.date),
        w.date(last.date),
        w.t("Most on one day:", "单日最多："),
        integer(days.iter().map(|day| day.n).max().unwrap_or(0))
    );
    let mut out = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{label}\">");
    let mut at = least / step * step;
    while at <= top {
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{0:.1}\" y2=\"{0:.1}\"/>\
             <text x=\"{1}\" y=\"{2:.1}\" text-anchor=\"end\">{3}</text>",
            y(at),
            LEFT - 8.0,
            y(at) + 4.0,
            integer(at)
        );
        at += step;
    }
    for (i, day) in days.iter().enumerate().filter(|(_, day)| day.n != 0) {
        let (from, to) = (y(day.n.max(0)), y(day.n.min(0)));
        let class = match (day.n < 0, day.incomplete) {
            (true, _) => "bar less",
            (false, true) => "bar pale",
            (false, false) => "bar",
        };
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{from:.1}\" width=\"{:.1}\" height=\"{:.1}\">\
             <title>{}: {}</title></rect>",
            x(i),
            (pitch * 0.86).max(0.6),
            (to - from).max(0.8),
            w.date(day.date),
            integer(day.n)
        );
    }
    let every = days.len().div_ceil(DATES).max(1);
    for (i, day) in days.iter().enumerate().step_by(every) {
        let _ =
            write!(out, "<text x=\"{:.1}\" y=\"{}\">{}</text>", x(i), HEIGHT - 8.0, w.short_date(day.date));
    }
    out.push_str("</svg>");
    Some(out)
}

/// A round distance of lines, so that four or five stand below the largest count.
fn tick(most: i64) -> i64 {
    let mut unit = 1;
    loop {
        for step in [unit, 2 * unit, 5 * unit] {
            if step * 5 >= most {
                return step;
            }
        }
        unit *= 10;
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of persons and days stay far below 2^53")]
fn share(part: i64, whole: i64) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[expect(clippy::cast_precision_loss, reason = "numbers of days stay far below 2^53")]
fn float(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_at_round_numbers() {
        let ticks = [1, 5, 6, 11, 26, 99, 2_600].map(tick);
        assert_eq!(ticks, [1, 1, 2, 5, 10, 20, 1_000]);
    }
}
