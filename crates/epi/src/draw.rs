//! Random numbers from the distributions the methods need. The generator is the caller's.

use crate::special::normal_upper_quantile;
use rand::{Rng, RngExt};

/// Uniform in the open interval (0, 1).
fn open_unit(rng: &mut impl Rng) -> f64 {
    loop {
        let u: f64 = rng.random();
        if u > 0.0 {
            return u;
        }
    }
}

/// Standard normal, by inversion: one draw of the generator each.
pub(crate) fn normal(rng: &mut impl Rng) -> f64 {
    normal_quantile_upper(open_unit(rng))
}

/// z with P(Z > z) = `tail_prob`, 0 < `tail_prob` < 1 (Wichura 1988, Appl Stat 37:477-484, algorithm AS 241): quicker
/// than [`normal_upper_quantile`] and good to nearly all digits.
fn normal_quantile_upper(tail_prob: f64) -> f64 {
    const CENTRE: [f64; 8] = [
        2.509_080_928_730_122_7e3,
        3.343_057_558_358_813e4,
        6.726_577_092_700_87e4,
        4.592_195_393_154_987e4,
        1.373_169_376_550_946e4,
        1.971_590_950_306_551_3e3,
        1.331_416_678_917_843_8e2,
        3.387_132_872_796_366_5,
    ];
    const CENTRE_BELOW: [f64; 8] = [
        5.226_495_278_852_854e3,
        2.872_908_573_572_194_3e4,
        3.930_789_580_009_271e4,
        2.121_379_430_158_659_7e4,
        5.394_196_021_424_751e3,
        6.871_870_074_920_579e2,
        4.231_333_070_160_091e1,
        1.0,
    ];
    const TAIL: [f64; 8] = [
        7.745_450_142_783_414e-4,
        2.272_384_498_926_918_4e-2,
        2.417_807_251_774_506e-1,
        1.270_458_252_452_368_4,
        3.647_848_324_763_204_5,
        5.769_497_221_460_691,
        4.630_337_846_156_546,
        1.423_437_110_749_683_5,
    ];
    const TAIL_BELOW: [f64; 8] = [
        1.050_750_071_644_416_9e-9,
        5.475_938_084_995_345e-4,
        1.519_866_656_361_645_7e-2,
        1.481_039_764_274_800_8e-1,
        6.897_673_349_851e-1,
        1.676_384_830_183_803_8,
        2.053_191_626_637_759,
        1.0,
    ];
    let ratio = |above: &[f64; 8], below: &[f64; 8], r: f64| {
        let polynomial = |c: &[f64; 8]| c.iter().fold(0.0, |sum, c| sum * r + c);
        polynomial(above) / polynomial(below)
    };
    let q = 0.5 - tail_prob;
    if q.abs() <= 0.425 {
        return q * ratio(&CENTRE, &CENTRE_BELOW, 0.180_625 - q * q);
    }
    let r = (-tail_prob.min(1.0 - tail_prob).ln()).sqrt();
    // One draw of 10^11 lies beyond.
    if r > 5.0 {
        return normal_upper_quantile(tail_prob);
    }
    ratio(&TAIL, &TAIL_BELOW, r - 1.6).copysign(q)
}

/// Gamma of scale 1 and `shape` > 0 (Marsaglia & Tsang 2000, ACM Trans Math Softw 26:363-372).
pub(crate) fn gamma(shape: f64, rng: &mut impl Rng) -> f64 {
    if shape < 1.0 {
        let boost = open_unit(rng).powf(1.0 / shape);
        return gamma(shape + 1.0, rng) * boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(rng);
        let v = 1.0 + c * x;
        if v <= 0.0 {
            continue;
        }
        let v = v * v * v;
        let u = open_unit(rng);
        // The squeeze lies within the exact bound and spares nearly all logarithms.
        if u < 1.0 - 0.0331 * (x * x) * (x * x) || u.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// Beta of two positive parameters.
pub(crate) fn beta(a: f64, b: f64, rng: &mut impl Rng) -> f64 {
    let (x, y) = (gamma(a, rng), gamma(b, rng));
    // Two tiny shapes can underflow both; either end is then as good as the other in that proportion.
    if x + y > 0.0 { x / (x + y) } else { f64::from(u8::from(rng.random::<f64>() * (a + b) < a)) }
}

/// Negative binomial with `mean` >= 0 and variance mean + mean^2/`size`, as a whole number.
pub(crate) fn negative_binomial(mean: f64, size: f64, rng: &mut impl Rng) -> f64 {
    let rate = gamma(size, rng) * mean / size;
    // Beyond, a Poisson count is normal to all digits that matter, and would leave the range of a u32.
    if rate > 1e8 { (rate + rate.sqrt() * normal(rng)).round() } else { f64::from(poisson(rate, rng)) }
}

/// Binomial number of successes in `n` trials.
pub(crate) fn binomial(n: u32, p: f64, rng: &mut impl Rng) -> u32 {
    if p > 0.5 {
        return n - binomial(n, 1.0 - p, rng);
    }
    if p <= 0.0 || n == 0 {
        return 0;
    }
    let trials = f64::from(n);
    if trials * p < 10.0 {
        // Inversion: walks from 0, about n p steps.
        let ratio = p / (1.0 - p);
        let mut mass = (trials * (-p).ln_1p()).exp();
        let mut u: f64 = rng.random();
        let mut k = 0;
        while u > mass && k < n {
            u -= mass;
            mass *= ratio * f64::from(n - k) / f64::from(k + 1);
            k += 1;
        }
        return k;
    }
    binomial_by_rejection(n, p, rng)
}

/// Transformed rejection with squeeze (Hoermann 1993, J Stat Comput Simul 46:101-110, algorithm BTRS).
fn binomial_by_rejection(n: u32, p: f64, rng: &mut impl Rng) -> u32 {
    let trials = f64::from(n);
    let spread = (trials * p * (1.0 - p)).sqrt();
    let b = 1.15 + 2.53 * spread;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let c = trials * p + 0.5;
    let alpha = (2.83 + 5.1 / b) * spread;
    let v_r = 0.92 - 4.2 / b;
    let log_odds = (p / (1.0 - p)).ln();
    let mode = ((trials + 1.0) * p).floor();
    let h = libm::lgamma(mode + 1.0) + libm::lgamma(trials - mode + 1.0);
    loop {
        let v: f64 = rng.random();
        let u = rng.random::<f64>() - 0.5;
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + c).floor();
        if !(0.0..=trials).contains(&k) {
            continue;
        }
        let accepted = (us >= 0.07 && v <= v_r) || {
            let v = (v * alpha / (a / (us * us) + b)).ln();
            v <= h - libm::lgamma(k + 1.0) - libm::lgamma(trials - k + 1.0) + (k - mode) * log_odds
        };
        if accepted {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, in 0..=n")]
            return k as u32;
        }
    }
}

/// Poisson count, by gamma-free splitting: means above 30 are halved into a binomial share of a larger whole.
pub(crate) fn poisson(mean: f64, rng: &mut impl Rng) -> u32 {
    if mean <= 0.0 {
        return 0;
    }
    if mean < 30.0 {
        let mut mass = (-mean).exp();
        let mut u: f64 = rng.random();
        let mut k = 0_u32;
        while u > mass && k < 1000 {
            u -= mass;
            k += 1;
            mass *= mean / f64::from(k);
        }
        return k;
    }
    // Transformed rejection PTRS (Hoermann 1993, Insurance: Mathematics and Economics 12:39-45).
    let b = 0.931 + 2.53 * mean.sqrt();
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let v_r = 0.9277 - 3.6224 / (b - 2.0);
    loop {
        let v: f64 = rng.random();
        let u = rng.random::<f64>() - 0.5;
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
        if !(0.0..4_294_967_295.0).contains(&k) || (us < 0.013 && v > us) {
            continue;
        }
        let accepted = (us >= 0.07 && v <= v_r)
            || (v * inverse_alpha / (a / (us * us) + b)).ln() <= k * mean.ln() - mean - libm::lgamma(k + 1.0);
        if accepted {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole, below 2^32"
            )]
            return k as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn moments(draws: usize, mut draw: impl FnMut() -> u32) -> (f64, f64) {
        let x: Vec<f64> = (0..draws).map(|_| f64::from(draw())).collect();
        let mean = x.iter().sum::<f64>() / draws as f64;
        (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws as f64)
    }

    #[test]
    fn binomial_and_poisson_draws_have_their_mean_and_variance() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        for (n, p) in [(5, 0.3), (1000, 0.004), (1000, 0.4), (50, 0.9), (1_000_000, 0.02)] {
            let (mean, variance) = moments(20_000, || binomial(n, p, &mut rng));
            let want = f64::from(n) * p;
            let var = want * (1.0 - p);
            assert!((mean - want).abs() < 5.0 * (var / 20_000.0).sqrt(), "{n} {p} {mean}");
            assert!((variance / var - 1.0).abs() < 0.06, "{n} {p} {variance}");
        }
        for m in [0.2, 7.0, 45.0, 30_000.0] {
            let (mean, variance) = moments(20_000, || poisson(m, &mut rng));
            assert!((mean - m).abs() < 5.0 * (m / 20_000.0).sqrt(), "{m} {mean}");
            assert!((variance / m - 1.0).abs() < 0.06, "{m} {variance}");
        }
    }

    #[test]
    fn quick_quantiles_are_those_of_the_exact_function() {
        for i in 1_i32..2000 {
            let tail = f64::from(i) / 2000.0;
            for tail in [tail, tail * 1e-4, 1.0 - tail * 1e-4] {
                let (got, want) = (normal_quantile_upper(tail), normal_upper_quantile(tail));
                assert!((got - want).abs() < 1e-11 * (1.0 + want.abs()), "{tail} {got} {want}");
            }
        }
        assert!(normal_quantile_upper(1e-14) > 7.0 && normal_quantile_upper(1.0 - 1e-14) < -7.0);
    }

    #[test]
    fn continuous_draws_have_their_mean_and_variance() {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let n = 40_000;
        let mut check = |draw: &mut dyn FnMut(&mut ChaCha8Rng) -> f64, mean: f64, variance: f64| {
            let x: Vec<f64> = (0..n).map(|_| draw(&mut rng)).collect();
            let got = x.iter().sum::<f64>() / f64::from(n);
            let spread = x.iter().map(|x| (x - got).powi(2)).sum::<f64>() / f64::from(n);
            assert!((got - mean).abs() < 5.0 * (variance / f64::from(n)).sqrt(), "{got} {mean}");
            assert!((spread / variance - 1.0).abs() < 0.15, "{spread} {variance}");
        };
        check(&mut |rng| normal(rng), 0.0, 1.0);
        for shape in [0.1, 0.8, 3.0, 250.0] {
            check(&mut |rng| gamma(shape, rng), shape, shape);
        }
        for (a, b) in [(0.1, 0.3), (2.0, 5.0), (80.0, 4.0)] {
            let sum: f64 = a + b;
            check(&mut |rng| beta(a, b, rng), a / sum, a * b / (sum * sum * (sum + 1.0)));
        }
        check(&mut |rng| negative_binomial(12.0, 3.0, rng), 12.0, 60.0);
        check(&mut |rng| negative_binomial(1e10, 1e4, rng), 1e10, 1e16 + 1e10);
    }
}
