//! A transmission tree over time: cases by day of onset, lines from infectors, one page that needs nothing else.

use super::html::{end, escape, open};
use jiff::civil::Date;
use std::fmt::Write;
use wanquan_domain::date::to_epoch_day;
use wanquan_domain::text::Lang;

const WIDTH: f64 = 960.0;
const ROW: f64 = 14.0;

/// The page; cases without a date of onset stand at the left edge. `say` is how a day is written.
pub fn page(
    ids: &[String],
    onsets: &[Option<Date>],
    infectors: &[Option<usize>],
    summary: &str,
    say: &dyn Fn(Date) -> String,
) -> String {
    let mut out = open("Transmission tree", Lang::En);
    let _ = write!(
        out,
        "<h1>Transmission tree</h1><p class='key'>{}. Dots: cases by day of onset. Lines: from infector to infected.</p>",
        escape(summary)
    );
    let days = onsets.iter().flatten().map(|d| to_epoch_day(*d));
    let (first, last) = days.fold((i32::MAX, i32::MIN), |(a, b), d| (a.min(d), b.max(d)));
    let span = f64::from(last.saturating_sub(first).max(1));
    let x = |i: usize| {
        onsets[i].map_or(12.0, |d| 40.0 + f64::from(to_epoch_day(d) - first) / span * (WIDTH - 60.0))
    };
    let order = depth_first(infectors);
    let mut row_of = vec![0.0; ids.len()];
    for (row, &case) in order.iter().enumerate() {
        row_of[case] = 20.0 + ROW * f64::from(u32::try_from(row).unwrap_or(u32::MAX));
    }
    let height = 40.0 + ROW * f64::from(u32::try_from(ids.len()).unwrap_or(u32::MAX));
    let _ = write!(
        out,
        "<svg viewBox='0 0 {WIDTH} {height:.0}' role='img' aria-label='Transmission tree'><title>Transmission tree</title>"
    );
    for (i, infector) in infectors.iter().enumerate() {
        if let Some(j) = infector {
            let _ = write!(
                out,
                "<path d='M{:.1} {:.1}V{:.1}H{:.1}' class='upper'/>",
                x(*j),
                row_of[*j],
                row_of[i],
                x(i)
            );
        }
    }
    for (i, id) in ids.iter().enumerate() {
        let onset = onsets[i].map_or_else(|| "onset unknown".to_owned(), say);
        let _ = write!(
            out,
            "<circle cx='{:.1}' cy='{:.1}' r='4' class='bar'><title>{}, {onset}</title></circle>",
            x(i),
            row_of[i],
            escape(id)
        );
    }
    out.push_str("</svg>");
    end(&mut out);
    out
}

/// Cases such that each follows its infector and its infector's earlier offspring.
fn depth_first(infectors: &[Option<usize>]) -> Vec<usize> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); infectors.len()];
    let mut stack = Vec::new();
    for (i, infector) in infectors.iter().enumerate() {
        match infector {
            Some(j) => children[*j].push(i),
            None => stack.push(i),
        }
    }
    stack.reverse();
    let mut order = Vec::with_capacity(infectors.len());
    while let Some(case) = stack.pop() {
        order.push(case);
        stack.extend(children[case].iter().rev());
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_case_follows_its_infector_and_names_are_escaped() {
        let infectors = [None, Some(0), None, Some(0), Some(1)];
        assert_eq!(depth_first(&infectors), [0, 1, 4, 3, 2]);
        let ids = ["<a>", "b", "c", "d", "e"].map(str::to_owned);
        let page = page(&ids, &[None; 5], &infectors, "5 cases", &|date| date.to_string());
        assert!(page.contains("&lt;a&gt;") && !page.contains("<a>"));
        assert_eq!(page.matches("<circle").count(), 5);
    }
}
