//! How much the newest count will still be revised.

use super::Panel;
use super::regression::{Fitted, fit, weighted_quantiles};
use crate::{CountSeries, Error};

/// Fewest pairs of first and later reports from which revisions are learnt.
const PAIRS_MIN: usize = 40;

/// What later reports make of first ones: their ratio, pooled over series and past steps, on the log scale with a
/// variance of a + b/count.
pub(super) struct Revision {
    /// Median log ratio, weighted by precision. Not the mean: most counts are never revised, and a few are revised by a half.
    shift: f64,
    fit: Fitted,
    scores: Vec<f64>,
}

impl Revision {
    /// `None` without enough of a past of revisions: then nothing is known that would move or widen a count.
    pub(super) fn learn(panel: &Panel, levels: &[f64]) -> Option<Self> {
        let (mut changes, mut counts) = (Vec::new(), Vec::new());
        for i in 0..panel.len() {
            // The newest step has had no chance of a revision.
            for t in 0..panel.last() {
                if let (Some(first), Some(now)) = (panel.first_report(i, t), panel.counts(i)[t]) {
                    let (first, now) = (f64::from(first) + 1.0, f64::from(now) + 1.0);
                    changes.push((now / first).ln());
                    counts.push(first);
                }
            }
        }
        if changes.len() < PAIRS_MIN {
            return None;
        }
        let weights = vec![1.0; changes.len()];
        let fit = fit(&weights, 1, &changes, &weights, &counts)?;
        // Small counts are too coarse to show a share that is missing.
        let precision: Vec<f64> = counts.iter().map(|n| 1.0 / (fit.common + fit.sampling / n)).collect();
        let shift = weighted_quantiles(&changes, &precision, &[0.5])[0];
        let errors: Vec<f64> = changes
            .iter()
            .zip(&counts)
            .map(|(change, n)| (change - shift) / (fit.common + fit.sampling / n).sqrt())
            .collect();
        let scores = weighted_quantiles(&errors, &weights, levels);
        Some(Self { shift, fit, scores })
    }

    /// The panel with its newest step as it is expected to be once revised.
    pub(super) fn complete(&self, panel: &Panel) -> Result<Panel, Error> {
        let last = panel.last();
        panel.map_series(|series| {
            let mut counts = series.counts().to_vec();
            if let Some(n) = &mut counts[last] {
                let revised = (f64::from(*n) + 1.0) * self.shift.exp() - 1.0;
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to u32")]
                let revised = revised.round().clamp(0.0, f64::from(u32::MAX)) as u32;
                *n = revised;
            }
            CountSeries::new(series.start(), series.step(), counts)
        })
    }

    /// By how much, relative to the count expected, the revised count may differ from it; by level.
    pub(super) fn relative_errors(&self, count: f64) -> Vec<f64> {
        let sd = (self.fit.common + self.fit.sampling / (count + 1.0)).sqrt();
        self.scores.iter().map(|z| (sd * z).exp_m1()).collect()
    }
}
