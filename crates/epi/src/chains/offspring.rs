//! Mean and dispersion of the number of offspring.

use crate::Error;
use crate::special::{gamma_pq, gamma_quantile, ln_gamma, normal_upper_quantile};
use serde::{Deserialize, Serialize};

/// Version of the numbers, recorded with stored results.
pub const OFFSPRING_VERSION: u32 = 1;

/// Range of ln k searched: below a thousandth all offspring come from one case in thousands, above ten thousand
/// the distribution is Poisson.
const LOG_K: (f64, f64) = (-6.907_755, 9.210_340);

/// Negative binomial distribution of the number of offspring: mean R, variance R + R^2/k.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OffspringFit {
    /// Mean number of offspring.
    pub r: f64,
    /// Lower end of the interval of R.
    pub r_lower: f64,
    /// Upper end of the interval of R.
    pub r_upper: f64,
    /// Dispersion: the smaller, the more transmission comes from few. `None` if the numbers scatter no more than
    /// Poisson.
    pub k: Option<f64>,
    /// Lower end of the interval of k.
    pub k_lower: f64,
    /// Upper end of the interval of k; `None` if Poisson is within the interval.
    pub k_upper: Option<f64>,
    /// Share of the cases that is expected to cause 80 % of transmission.
    pub share_causing_80_percent: f64,
    /// Log-likelihood at the estimate.
    pub log_likelihood: f64,
    /// Cases or clusters used.
    pub observations: usize,
}

/// Fits R and k to the number of offspring of each case.
///
/// # Input
/// One number per case whose offspring are all known (leave out the most recent cases), zeros included.
/// # Output
/// Maximum likelihood with profile likelihood intervals.
/// # Errors
/// `TooShort` for fewer than 5 cases, `InvalidData` if nobody infected anybody, `InvalidParameter` for the
/// probability of the interval.
/// # Method
/// Lloyd-Smith et al. 2005, Nature 438:355-359.
/// # Examples
/// ```
/// use wanquan_epi::chains::fit_offspring;
/// // MERS in South Korea 2015: offspring of 162 cases, 93 of them with a known infector.
/// let mut offspring = vec![0; 154];
/// offspring.extend([1, 1, 2, 2, 4, 20, 26, 37]);
/// let fit = fit_offspring(&offspring, 0.95)?;
/// assert!(fit.k.is_some_and(|k| k < 0.1) && fit.share_causing_80_percent < 0.05);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn fit_offspring(offspring: &[u32], interval_prob: f64) -> Result<OffspringFit, Error> {
    let n = offspring.len();
    if n < 5 {
        return Err(Error::TooShort { what: "cases", got: n, need: 5 });
    }
    let total: f64 = offspring.iter().map(|&y| f64::from(y)).sum();
    if total <= 0.0 {
        return Err(Error::InvalidData { what: "offspring", position: 0, why: "nobody infected anybody" });
    }
    let groups = grouped(offspring.iter().copied());
    let log_likelihood = |log_r: f64, log_k: f64| {
        let (r, k) = (log_r.exp(), log_k.exp());
        groups.iter().map(|&(y, count)| count * log_mass(f64::from(y), r, k)).sum()
    };
    fit(log_likelihood, (total / n as f64).ln(), n, interval_prob)
}

/// Fits R and k to the final sizes of clusters, of which only the number of cases is known.
///
/// # Input
/// Per cluster its size and how many of its cases were introductions (at least 1). All clusters must be over.
/// # Errors
/// `TooShort` for fewer than 5 clusters; `InvalidData` for a cluster with more introductions than cases, without
/// introduction, or if no cluster has a secondary case.
/// # Method
/// Blumberg & Lloyd-Smith 2013, PLoS Comput Biol 9:e1002993: P(size j | s introductions) = s/j P(j cases have j - s
/// offspring in all). Departs from it: any number of introductions. With R above 1 some clusters never end, so the
/// estimate is at most about 1.
/// # Examples
/// ```
/// use wanquan_epi::chains::fit_cluster_sizes;
/// // Size and introductions of clusters that are over: most infect nobody, a few grow.
/// let mut clusters = vec![(1, 1); 70];
/// clusters.extend([(2, 1); 12]);
/// clusters.extend([(3, 1), (3, 1), (4, 1), (5, 1), (9, 1), (14, 1)]);
/// let fit = fit_cluster_sizes(&clusters, 0.95)?;
/// assert!(fit.r > 0.2 && fit.r < 0.6 && fit.k.is_some_and(|k| k < 1.0));
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn fit_cluster_sizes(clusters: &[(u32, u32)], interval_prob: f64) -> Result<OffspringFit, Error> {
    let n = clusters.len();
    if n < 5 {
        return Err(Error::TooShort { what: "clusters", got: n, need: 5 });
    }
    for (position, &(size, introductions)) in clusters.iter().enumerate() {
        if introductions == 0 || introductions > size {
            let why = "needs at least one introduction and no more than cases";
            return Err(Error::InvalidData { what: "clusters", position, why });
        }
    }
    let cases: f64 = clusters.iter().map(|c| f64::from(c.0)).sum();
    let secondary: f64 = clusters.iter().map(|c| f64::from(c.0 - c.1)).sum();
    if secondary <= 0.0 {
        return Err(Error::InvalidData { what: "clusters", position: 0, why: "no secondary case" });
    }
    let groups = grouped(clusters.iter().copied());
    let log_likelihood = |log_r: f64, log_k: f64| {
        let (r, k) = (log_r.exp(), log_k.exp());
        let term = |size: u32, introductions: u32| {
            let (j, s) = (f64::from(size), f64::from(introductions));
            (s / j).ln() + log_mass(j - s, j * r, j * k)
        };
        groups.iter().map(|&((size, introductions), count)| count * term(size, introductions)).sum()
    };
    // Each case but the introductions is somebody's offspring, so this is the maximum for every k.
    fit(log_likelihood, (secondary / cases).ln(), n, interval_prob)
}

/// Expected share of the cases (those that infect most) that causes `share` of transmission.
///
/// # Errors
/// `InvalidParameter` unless `share` lies between 0 and 1 and k is positive.
/// # Method
/// Individual reproduction numbers are gamma distributed with shape k; Lloyd-Smith et al. 2005.
/// # Examples
/// ```
/// use wanquan_epi::chains::share_of_cases_causing;
/// // SARS, k = 0.16: a tenth of the cases cause four fifths of transmission. As even as k = 10: more than half do.
/// assert!(share_of_cases_causing(0.8, 0.16)? < 0.15);
/// assert!(share_of_cases_causing(0.8, 10.0)? > 0.5);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn share_of_cases_causing(share: f64, k: f64) -> Result<f64, Error> {
    if !(share > 0.0 && share < 1.0) {
        return Err(Error::parameter("share", share, "must lie between 0 and 1"));
    }
    if !(k > 0.0 && k.is_finite()) {
        return Err(Error::parameter("k", k, "must be finite and positive"));
    }
    // Transmission weighted by the individual number is gamma of shape k + 1.
    let threshold = gamma_quantile(1.0 - share, k + 1.0);
    Ok(gamma_pq(k, threshold).1)
}

/// Distinct observations with their counts, in order.
fn grouped<T: Ord>(items: impl Iterator<Item = T>) -> Vec<(T, f64)> {
    let mut counts = std::collections::BTreeMap::new();
    for item in items {
        *counts.entry(item).or_insert(0.0) += 1.0;
    }
    counts.into_iter().collect()
}

/// ln P(y) of a negative binomial.
fn log_mass(y: f64, mean: f64, size: f64) -> f64 {
    let mean_part = if y > 0.0 { y * (mean / (mean + size)).ln() } else { 0.0 };
    ln_gamma(y + size) - ln_gamma(size) - ln_gamma(y + 1.0) - size * (mean / size).ln_1p() + mean_part
}

/// Maximum and profile intervals. `log_r` maximises for every k.
fn fit(
    log_likelihood: impl Fn(f64, f64) -> f64,
    log_r: f64,
    observations: usize,
    interval_prob: f64,
) -> Result<OffspringFit, Error> {
    if !(interval_prob > 0.0 && interval_prob < 1.0) {
        return Err(Error::parameter("interval_prob", interval_prob, "must lie between 0 and 1"));
    }
    let z = normal_upper_quantile(0.5 * (1.0 - interval_prob));
    let log_k = maximise(LOG_K, |log_k| log_likelihood(log_r, log_k));
    let best = log_likelihood(log_r, log_k);
    let limit = best - 0.5 * z * z;
    // At the end of the range nothing tells k from infinity.
    let poisson = log_likelihood(log_r, LOG_K.1) >= best - 1e-4;
    let profile_k = |log_k: f64| log_likelihood(log_r, log_k);
    let profile_r = |log_r: f64| log_likelihood(log_r, maximise(LOG_K, |log_k| log_likelihood(log_r, log_k)));
    let k_lower =
        if profile_k(LOG_K.0) >= limit { LOG_K.0 } else { crossing(LOG_K.0, log_k, limit, profile_k) };
    let k_upper = (profile_k(LOG_K.1) < limit).then(|| crossing(LOG_K.1, log_k, limit, profile_k).exp());
    let reach = |sign: f64| {
        let mut far = sign * 0.1;
        while profile_r(log_r + far) >= limit && far.abs() < 40.0 {
            far *= 2.0;
        }
        crossing(log_r + far, log_r, limit, profile_r).exp()
    };
    let k = (!poisson).then(|| log_k.exp());
    Ok(OffspringFit {
        r: log_r.exp(),
        r_lower: reach(-1.0),
        r_upper: reach(1.0),
        k,
        k_lower: k_lower.exp(),
        k_upper,
        share_causing_80_percent: share_of_cases_causing(0.8, k.unwrap_or(LOG_K.1.exp()))?,
        log_likelihood: best,
        observations,
    })
}

/// Largest value of a function with one maximum, by golden section to 1e-7.
fn maximise(range: (f64, f64), f: impl Fn(f64) -> f64) -> f64 {
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut a, mut b) = range;
    let (mut c, mut d) = (b - ratio * (b - a), a + ratio * (b - a));
    let (mut fc, mut fd) = (f(c), f(d));
    while b - a > 1e-7 {
        if fc >= fd {
            (b, d, fd) = (d, c, fc);
            c = b - ratio * (b - a);
            fc = f(c);
        } else {
            (a, c, fc) = (c, d, fd);
            d = a + ratio * (b - a);
            fd = f(d);
        }
    }
    0.5 * (a + b)
}

/// Where the profile takes `limit`, between `outside` (below it) and `inside` (above it).
fn crossing(outside: f64, inside: f64, limit: f64, profile: impl Fn(f64) -> f64) -> f64 {
    let (mut outside, mut inside) = (outside, inside);
    while (outside - inside).abs() > 1e-6 {
        let mid = 0.5 * (outside + inside);
        if profile(mid) < limit { outside = mid } else { inside = mid }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_offspring_have_no_dispersion() {
        let fit = fit_offspring(&[1, 2, 1, 1, 2, 1, 1, 1, 2, 1], 0.95).unwrap();
        assert_eq!((fit.k, fit.k_upper), (None, None));
        assert!((fit.r - 1.3).abs() < 1e-12 && fit.r_lower < 1.3 && fit.r_upper > 1.3);
    }

    #[test]
    fn an_exponential_spread_has_its_closed_form() {
        // k = 1: the share that causes 80 % solves p (1 - ln p) = 0.8.
        let p = share_of_cases_causing(0.8, 1.0).unwrap();
        assert!((p * (1.0 - p.ln()) - 0.8).abs() < 1e-9, "{p}");
        assert!(share_of_cases_causing(0.8, 0.1).unwrap() < 0.1);
        assert!(share_of_cases_causing(0.8, 0.0).is_err() && share_of_cases_causing(1.0, 1.0).is_err());
    }

    #[test]
    fn a_cluster_of_one_generation_agrees_with_its_offspring() {
        // Sizes of clusters from single introductions whose offspring had none.
        let sizes: Vec<(u32, u32)> = [1, 1, 1, 2, 1, 3, 1, 1, 6, 1, 1, 2].map(|s| (s, 1)).to_vec();
        let fit = fit_cluster_sizes(&sizes, 0.95).unwrap();
        assert!((fit.r - 9.0 / 21.0).abs() < 1e-9, "{fit:?}");
        assert!(fit.r_lower > 0.1 && fit.r_upper < 2.0, "{fit:?}");
        assert!(fit_cluster_sizes(&[(1, 1); 9], 0.95).is_err());
        assert!(fit_cluster_sizes(&[(1, 2); 9], 0.95).is_err());
        assert!(fit_offspring(&[0; 9], 0.95).is_err());
        assert!(fit_offspring(&[1, 0, 2], 0.95).is_err());
    }
}
