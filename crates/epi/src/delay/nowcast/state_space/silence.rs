//! How often nothing more comes, beyond what the delays say: many sources report nearly all at once and, now and then,
//! a batch of old cases. On average that is a share to come of every step, but most steps have nothing to come.
//!
//! Complete steps of the past tell: for each, whether anything came after a given age, against the probability that the model had
//! for nothing. A share of steps in which nothing comes whatever the model says is estimated from that; odds of one to three beforehand
//! that there is none.

use super::Share;

/// A step of the past at some age: the model's probability that nothing more would come, and whether nothing came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past {
    pub(super) age: usize,
    pub(super) chance: f64,
    pub(super) silent: bool,
}

/// Points of the share tried.
const POINTS: usize = 40;
/// Weight beforehand of there being no such share, against 1 for one anywhere between 0 and 1: one in four. Chosen on the revisions
/// of docs/methods/nowcast_state_space.md, where it matters little.
const NONE: f64 = 1.0 / 3.0;
/// By age, 0..=`delay_max`, the expected share of steps in which nothing more comes whatever the model says. Each age by itself:
/// that nothing comes after the longest delays says nothing of the shortest.
pub(super) fn shares(past: &[Past], delay_max: usize) -> Vec<f64> {
    let of_age = |age: usize| {
        let log = |share: f64| -> f64 {
            let steps = past.iter().filter(|p| p.age == age);
            steps.map(|p| (likelihood(p, share) / likelihood(p, 0.0)).ln()).sum()
        };
        expected(&std::array::from_fn(|i| log(point(i))))
    };
    (0..=delay_max).map(of_age).collect()
}

fn point(i: usize) -> f64 {
    (i as f64 + 0.5) / POINTS as f64
}

fn likelihood(past: &Past, share: f64) -> f64 {
    let chance = past.chance.clamp(1e-6, 1.0 - 1e-6);
    if past.silent { share + (1.0 - share) * chance } else { (1.0 - share) * (1.0 - chance) }
}

/// Expected share given its log likelihoods less that of no such share.
fn expected(logs: &[f64; POINTS]) -> f64 {
    let (mut total, mut first) = (0.0, 0.0);
    for (i, log) in logs.iter().enumerate() {
        let weight = log.min(600.0).exp() / POINTS as f64;
        total += weight;
        first += weight * point(i);
    }
    first / (NONE + total)
}

/// Probability that nothing more comes of a step of which `known` are known, given its expected count, the size of its scatter
/// and the share of its delays that has passed.
pub(super) fn chance(known: f64, mean: f64, size: f64, share: &Share) -> f64 {
    let none = |share: f64| ((size + mean * share) / (size + mean)).powf(size + known);
    let spread = share.mean * (1.0 - share.mean);
    if share.variance <= 1e-9 * spread || spread <= 1e-12 {
        return none(share.mean);
    }
    // The share scatters as a beta distribution; weighed by how well each explains the cases known.
    let total = (spread / share.variance - 1.0).max(1e-3);
    let (a, b) = (share.mean * total, (1.0 - share.mean) * total);
    // Keeps the weights within range.
    let total = a + known + b;
    let offset = -((a + known) * ((a + known) / total).ln() + b * (b / total).ln());
    let (mut sum, mut mass) = (0.0, 0.0);
    // Quadrature in the logit of the share, about where the delays and the cases known put it, in steps of 0.4 standard
    // deviations.
    let centre = ((a + known) / b).ln();
    let step = 0.4 * ((a + known + b) / ((a + known) * b)).sqrt();
    for i in -20..=20_i32 {
        let logit = centre + f64::from(i) * step;
        let (log_share, log_rest) = (-(-logit).exp().ln_1p(), -logit.exp().ln_1p());
        let share = log_share.exp();
        let explains = -(known + size) * ((mean * share + size) / (mean + size)).ln();
        let weight = ((a + known) * log_share + b * log_rest + explains + offset).exp();
        sum += weight * none(share);
        mass += weight;
    }
    if mass > 0.0 && sum.is_finite() { (sum / mass).clamp(0.0, 1.0) } else { none(share.mean) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(chance: f64, silent: usize, of: usize) -> Vec<Past> {
        (0..of).map(|i| Past { age: 0, chance, silent: i < silent }).collect()
    }

    #[test]
    fn steps_as_silent_as_the_delays_say_leave_the_nowcast_alone() {
        assert!(shares(&past(0.5, 20, 40), 0)[0] < 0.15);
        assert!(shares(&past(0.02, 0, 40), 0)[0] < 0.01);
    }

    #[test]
    fn steps_more_silent_than_the_delays_say_are_learnt() {
        let often = shares(&past(0.1, 30, 40), 0)[0];
        assert!((often - 0.72).abs() < 0.05, "{often}");
        assert!(shares(&past(0.3, 40, 40), 0)[0] > 0.9);
    }

    #[test]
    fn silence_after_long_delays_says_nothing_of_short_ones() {
        let mut steps = past(0.1, 0, 40);
        steps.extend(past(0.1, 40, 40).into_iter().map(|p| Past { age: 1, ..p }));
        let found = shares(&steps, 1);
        assert!(found[0] < 0.01 && found[1] > 0.9, "{found:?}");
    }

    #[test]
    fn the_chance_of_nothing_is_that_of_the_scattering_share() {
        // Poisson: 20 expected, a tenth of them to come.
        let certain = Share { mean: 0.9, variance: 0.0 };
        assert!((chance(18.0, 20.0, 1e9, &certain) - (-2.0_f64).exp()).abs() < 1e-3);
        // A share that is nearly always 1 or far below makes nothing likelier at the same mean.
        let uneven = Share { mean: 0.9, variance: 0.03 };
        let more = chance(18.0, 20.0, 1e9, &uneven);
        assert!(more > 0.25 && more < 0.9, "{more}");
        for known in [0.0, 3.0, 1e4, 1e8] {
            for mean in [1e-3, 1.0, 1e8] {
                for share in
                    [Share { mean: 1e-12, variance: 1e-14 }, uneven, Share { mean: 1.0, variance: 0.0 }]
                {
                    let p = chance(known, mean, 30.0, &share);
                    assert!((0.0..=1.0).contains(&p), "{known} {mean} {share:?} {p}");
                }
            }
        }
    }
}
