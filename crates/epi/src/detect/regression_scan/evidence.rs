//! Evidence of an outbreak that began within the newest steps: a mixture likelihood ratio.
//!
//! For each start within the window and each of a few sizes, the counts since then are compared under "the mean is
//! raised by so many standard deviations of one step" and under the baseline; the ratios are averaged over sizes and
//! summed over starts. Counts that are moderately high three weeks in a row tell of an outbreak where the same excess
//! within one week is chance.

use super::Part;
use crate::special::CountDistribution;

/// Sizes looked for: standard deviations of one step by which its mean is raised.
const SIZES: [f64; 7] = [1.0, 1.5, 2.2, 3.2, 4.5, 6.0, 4.0];
/// Their weights. All but the last add cases that scatter like a Poisson number, as those of one source do; the two largest
/// of them see a large outbreak in its first step and hardly cost the smaller ones anything. The last adds cases that
/// scatter like the baseline's: it counts only where a single step is far out, whatever the dispersion.
const WEIGHTS: [f64; 7] = [0.25, 0.25, 0.25, 0.25, 0.03, 0.03, 0.025];
/// Position of the size that scatters like the baseline.
const SCATTERED: usize = 6;
/// Positions of the two largest sizes.
const LARGE: [usize; 2] = [4, 5];
/// Logarithm of the ratio that a rare and widely scattered count must show beyond a Poisson one. The dispersion is itself
/// estimated, and the more there is of it where few cases are expected, the heavier the tail; without this such diseases
/// would have twice the false alarms of the others.
const SCATTER_ALLOWANCE: f64 = 0.55;
/// Half of the allowance is asked for where the dispersion passes 1 by this multiple of the root of the mean. Form and
/// numbers fit the limits of 200 simulated diseases (`calibrate_regression_scan ... scatter`) as well as chance allows.
const SCATTER_HALF: f64 = 0.5;
/// A logarithm beyond which sums of exponentials would overflow.
const LN_RATIO_MAX: f64 = 600.0;

/// Log likelihood ratios of a step by size.
type Ratios = [f64; SIZES.len()];

/// One step under the baseline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recent {
    /// Expected cases.
    pub(super) expected: CountDistribution,
    /// Cases; `None` = not reported.
    pub(super) count: Option<u32>,
}

impl Recent {
    /// Ratios of a count; each rises with the count.
    fn ratios(&self, y: f64, without: Option<Part>) -> Ratios {
        let CountDistribution { mean, dispersion } = self.expected;
        let sd = (mean * dispersion).sqrt();
        let mut ratios = [0.0; SIZES.len()];
        for (i, (ratio, size)) in ratios.iter_mut().zip(SIZES).enumerate() {
            let raised = mean + size * sd;
            let (y, raised_dispersion) = if i == SCATTERED || without == Some(Part::SourceScatter) {
                (y, dispersion)
            } else {
                let raised_dispersion = (mean * dispersion + size * sd) / raised;
                (y.min(most_telling(self.expected, raised, raised_dispersion)), raised_dispersion)
            };
            let outbreak = CountDistribution { mean: raised, dispersion: raised_dispersion };
            *ratio = outbreak.ln_mass(y) - self.expected.ln_mass(y);
        }
        ratios
    }

    /// What is taken off the evidence as seen at this step.
    fn allowance(&self, without: Option<Part>) -> f64 {
        match without {
            Some(Part::ScatterAllowance) => 0.0,
            _ => {
                let CountDistribution { mean, dispersion } = self.expected;
                let excess = dispersion - 1.0;
                SCATTER_ALLOWANCE * excess / (excess + SCATTER_HALF * mean.sqrt())
            }
        }
    }
}

/// Count with the largest ratio. Beyond it the longer tail of the baseline would speak against an outbreak, which for an
/// ever larger count makes no sense; larger counts are taken for this one.
fn most_telling(expected: CountDistribution, raised: f64, raised_dispersion: f64) -> f64 {
    let CountDistribution { mean, dispersion } = expected;
    if dispersion < 1.0 + 1e-6 || raised_dispersion < 1.0 + 1e-9 {
        return f64::INFINITY;
    }
    // Successive masses of a negative binomial have the ratio q (size + y)/(y + 1).
    let (q0, q1) = (1.0 - dispersion.recip(), 1.0 - raised_dispersion.recip());
    let (size0, size1) = (mean / (dispersion - 1.0), raised / (raised_dispersion - 1.0));
    if q0 > q1 { ((size1 * q1 - size0 * q0) / (q0 - q1)).ceil().max(0.0) } else { f64::INFINITY }
}

/// The newest steps, ready to be judged.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    /// Newest first.
    ratios: Vec<Ratios>,
    allowances: Vec<f64>,
    counts: Vec<Option<u32>>,
    without: Option<Part>,
}

impl Evidence {
    pub(super) fn new(without: Option<Part>) -> Self {
        Self { without, ..Self::default() }
    }

    /// Takes the newest steps, newest first. An unreported one speaks neither way.
    pub(super) fn fill(&mut self, recent: &[Recent]) {
        self.ratios.clear();
        self.allowances.clear();
        self.counts.clear();
        for step in recent {
            self.ratios
                .push(step.count.map_or([0.0; SIZES.len()], |y| step.ratios(f64::from(y), self.without)));
            self.allowances.push(step.allowance(self.without));
            self.counts.push(step.count);
        }
    }

    /// Natural logarithm of the mixture ratio as seen at step `at` (0 = newest), of starts up to `reach` steps before.
    pub(super) fn ln_ratio(&self, at: usize, reach: usize) -> f64 {
        mixture(&self.ratios[at], &self.sums(at, reach), self.without) - self.allowances[at]
    }

    /// The same at the newest step with another count there.
    pub(super) fn with_newest(&self, newest: Recent, reach: usize) -> impl Fn(f64) -> f64 + use<> {
        let (sums, without) = (self.sums(0, reach), self.without);
        let allowance = newest.allowance(without);
        move |y| mixture(&newest.ratios(y, without), &sums, without) - allowance
    }

    /// By size the logarithm of the sum, over starts, of the ratio of the steps before `at`.
    fn sums(&self, at: usize, reach: usize) -> Ratios {
        let before = &self.ratios[at + 1..(at + reach).clamp(at + 1, self.ratios.len())];
        let mut sums = [0.0; SIZES.len()];
        for (size, slot) in sums.iter_mut().enumerate() {
            let (mut ln, mut sum) = (0.0_f64, 1.0);
            for step in before {
                ln = (ln + step[size]).min(LN_RATIO_MAX);
                sum += ln.exp();
            }
            *slot = sum.ln();
        }
        sums
    }

    /// Steps over which evidence adds up: the whole window, or since the last step in it that passed `limit` itself.
    /// What has been seen must not be seen again: after an outbreak its counts would go on alarming.
    pub(super) fn reach(&self, window: usize, limit: f64) -> usize {
        let seen = |at: &usize| {
            self.counts.get(*at).is_some_and(|y| y.is_some_and(|y| y > 0))
                && self.ln_ratio(*at, window) > limit
        };
        (1..window).find(seen).unwrap_or(window)
    }

    /// Cases within the newest `reach` steps, the very newest left out.
    pub(super) fn cases_before(&self, reach: usize) -> u64 {
        self.counts.iter().take(reach).skip(1).flatten().map(|&y| u64::from(y)).sum()
    }
}

fn mixture(newest: &Ratios, sums: &Ratios, without: Option<Part>) -> f64 {
    let mut terms = [f64::NEG_INFINITY; SIZES.len()];
    for (i, term) in terms.iter_mut().enumerate() {
        if without != Some(Part::LargeSizes) || !LARGE.contains(&i) {
            *term = WEIGHTS[i].ln() + newest[i] + sums[i];
        }
    }
    let highest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    highest + terms.iter().map(|term| (term - highest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recent(mean: f64, dispersion: f64, count: u32) -> Recent {
        Recent { expected: CountDistribution { mean, dispersion }, count: Some(count) }
    }

    fn evidence(steps: &[Recent]) -> Evidence {
        let mut evidence = Evidence::default();
        evidence.fill(steps);
        evidence
    }

    #[test]
    fn more_cases_are_more_evidence_whatever_the_scatter() {
        for (mean, dispersion) in [(0.1, 2.0), (1.0, 5.0), (7.0, 1.0), (900.0, 1.2), (3e8, 1e4)] {
            let newest = recent(mean, dispersion, 0);
            let steps = evidence(&[newest, recent(mean, dispersion, 1), newest]);
            let ratio = steps.with_newest(newest, 3);
            let mut before = f64::NEG_INFINITY;
            for k in 0..400 {
                let y = (f64::from(k) * 0.1 * (mean * dispersion).sqrt()).floor();
                let now = ratio(y);
                assert!(
                    now.is_finite() && now >= before - 1e-6 * now.abs(),
                    "{mean} {dispersion} {y}: {now}"
                );
                before = now;
            }
        }
    }

    #[test]
    fn a_lasting_excess_is_more_evidence_than_the_same_cases_at_once() {
        let spread = evidence(&[recent(2.0, 3.0, 8), recent(2.0, 3.0, 7), recent(2.0, 3.0, 8)]);
        let once = evidence(&[recent(2.0, 3.0, 19), recent(2.0, 3.0, 2), recent(2.0, 3.0, 2)]);
        assert!(spread.ln_ratio(0, 3) > once.ln_ratio(0, 3));
    }

    #[test]
    fn what_has_alarmed_before_is_not_counted_again() {
        let steps = evidence(&[recent(5.0, 1.0, 6), recent(5.0, 1.0, 40), recent(5.0, 1.0, 5)]);
        assert_eq!(steps.reach(3, 3.0), 1);
        assert_eq!(steps.reach(3, 1e9), 3);
        assert!(steps.ln_ratio(0, 1) < 1.0 && steps.ln_ratio(0, 3) > 10.0);
    }

    #[test]
    fn an_unreported_step_speaks_neither_way() {
        let gap = Recent { count: None, ..recent(5.0, 1.5, 0) };
        let with = evidence(&[recent(5.0, 1.5, 9), gap, recent(5.0, 1.5, 9)]);
        let without = evidence(&[recent(5.0, 1.5, 9), recent(5.0, 1.5, 9)]);
        // The start in the unreported step doubles the one before it.
        assert!(with.ln_ratio(0, 3) > without.ln_ratio(0, 2));
        assert_eq!(with.cases_before(3), 9);
    }
}
