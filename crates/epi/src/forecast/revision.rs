//! What the newest count will be once it is revised.

use super::regression::{fit, weighted_quantiles};
use super::{Panel, ROWS_MIN};

/// Quantiles by series and level; `None` for a series that has not reported the newest step.
///
/// The ratio of later to first reports is pooled over series and past steps, on the log scale with a variance of
/// a + b/count. Without a past of revisions the count is taken as it is: nothing is known that would widen it.
pub(super) fn quantiles(panel: &Panel, levels: &[f64]) -> Vec<Option<Vec<f64>>> {
    let last = panel.last();
    let newest = |i: usize| panel.counts(i)[last].map(f64::from);
    let (mut changes, mut counts) = (Vec::new(), Vec::new());
    for i in 0..panel.len() {
        for t in 0..last {
            if let (Some(first), Some(now)) = (panel.first_report(i, t), panel.counts(i)[t]) {
                let (first, now) = (f64::from(first) + 1.0, f64::from(now) + 1.0);
                changes.push((now / first).ln());
                counts.push(first);
            }
        }
    }
    let weights = vec![1.0; changes.len()];
    let fitted = (changes.len() >= ROWS_MIN).then(|| fit(&weights, 1, &changes, &weights, &counts)).flatten();
    let Some(fitted) = fitted else {
        return (0..panel.len()).map(|i| newest(i).map(|n| vec![n; levels.len()])).collect();
    };
    let scores = weighted_quantiles(&fitted.standardised, &weights, levels);
    let revised = |n: f64| {
        let sd = (fitted.common + fitted.sampling / (n + 1.0)).sqrt();
        let centre = (n + 1.0).ln() + fitted.coefficients[0];
        scores.iter().map(|z| (centre + sd * z).exp() - 1.0).collect()
    };
    (0..panel.len()).map(|i| newest(i).map(revised)).collect()
}
