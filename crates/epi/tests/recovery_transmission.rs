//! Simulated truth: do the intervals of R, growth, nowcasts, delays and dispersion cover as often as they claim?
//!
//! Slow lane: `cargo test --release -p wanquan-epi --features slow --test recovery_transmission`.
#![cfg(feature = "slow")]

use jiff::ToSpan;
use jiff::civil::{Date, date};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wanquan_epi::chains::{fit_cluster_sizes, fit_offspring};
use wanquan_epi::delay::nowcast::{NowcastMethod, StateSpaceConfig, evaluate_nowcast};
use wanquan_epi::delay::{
    DelayDistribution, DelayFamily, DelayFitConfig, DelayObservation, ReportingTriangle, fit_delay,
};
use wanquan_epi::rt::growth::{GrowthConfig, estimate_growth_negative_binomial};
use wanquan_epi::rt::r0::{R0Config, estimate_r0_by_likelihood, estimate_r0_from_growth};
use wanquan_epi::rt::serial_interval::discretise_gamma;
use wanquan_epi::rt::{CohortConfig, Incidence, RtConfig, estimate_rc, estimate_rt};
use wanquan_epi::{CountSeries, Pmf, Step};

const START: Date = date(2024, 1, 1);

fn day(t: usize) -> Date {
    START.checked_add(i64::try_from(t).expect("a small number").days()).expect("within the calendar")
}

/// Poisson count by waiting times, for means up to some hundreds.
fn poisson(mean: f64, rng: &mut ChaCha8Rng) -> u32 {
    let mut left = mean;
    let mut n = 0;
    loop {
        left += (1.0 - rng.random::<f64>()).ln();
        if left < 0.0 {
            return n;
        }
        n += 1;
    }
}

fn delay_days(d: &DelayDistribution, rng: &mut ChaCha8Rng) -> f64 {
    d.quantile(rng.random::<f64>().clamp(1e-12, 1.0 - 1e-12))
}

/// Renewal epidemic with Poisson cases.
fn epidemic(r: impl Fn(usize) -> f64, w: &Pmf, seeds: u32, days: usize, rng: &mut ChaCha8Rng) -> Vec<u32> {
    let mut cases = vec![seeds];
    for t in 1..days {
        let pressure: f64 = (1..=t).map(|k| w.at(k) * f64::from(cases[t - k])).sum();
        cases.push(poisson(r(t) * pressure, rng));
    }
    cases
}

fn incidence(cases: &[u32]) -> Incidence {
    let counts = cases.iter().map(|&n| Some(n)).collect();
    Incidence::all_local(&CountSeries::new(START, Step::Day, counts).expect("a series")).expect("two days")
}

/// Share covered must be within 3 standard errors of a binomial of the claim, or `slack` more.
#[expect(clippy::print_stdout, reason = "the shares are what the run is for")]
fn check(what: &str, covered: usize, of: usize, claim: f64, slack: f64) {
    let share = covered as f64 / of as f64;
    println!("recovery {what}: {covered} of {of} = {share:.3}, claimed {claim}");
    let error = 3.0 * (claim * (1.0 - claim) / of as f64).sqrt() + slack;
    assert!((share - claim).abs() <= error, "{what}: {share} against {claim}");
}

#[test]
fn instantaneous_r_covers_the_truth() {
    let w = discretise_gamma(4.7, 2.9, 30).expect("admissible");
    let (mut covered, mut all) = (0, 0);
    for seed in 0..400 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let truth = 0.7 + 1.3 * rng.random::<f64>();
        let cases = epidemic(|_| truth, &w, 60, 25, &mut rng);
        let rt = estimate_rt(&incidence(&cases), &w, &RtConfig::recommended()).expect("a window fits");
        if let Some(Ok(e)) = rt.points.last().map(|p| &p.estimate) {
            all += 1;
            covered += usize::from((e.quantiles[0]..=e.quantiles[2]).contains(&truth));
        }
    }
    check("Rt, 95 %", covered, all, 0.95, 0.01);
}

#[test]
fn cohort_r_finds_the_mean_of_a_step_change() {
    let w = discretise_gamma(4.7, 2.9, 30).expect("admissible");
    let mut sums = [0.0; 2];
    let runs = 200;
    for seed in 0..runs {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Infections of day t happen with R(t): cohorts a few days around the change mix both.
        let cases = epidemic(|t| if t < 30 { 1.3 } else { 0.8 }, &w, 60, 70, &mut rng);
        let rc = estimate_rc(&incidence(&cases), &w, &CohortConfig::recommended()).expect("a window fits");
        for (sum, t) in sums.iter_mut().zip([8, 45]) {
            *sum += rc.points[t].estimate.expect("cases").mean;
        }
    }
    let [before, after] = sums.map(|s| s / runs as f64);
    println!("recovery Rc: {before:.3} for 1.3, {after:.3} for 0.8");
    assert!((before - 1.3).abs() < 0.05 && (after - 0.8).abs() < 0.03);
}

#[test]
fn growth_and_r0_cover_the_truth() {
    let (mut growth, mut r0_growth, mut r0_likelihood, mut all) = (0, 0, 0, 0);
    let w = DelayDistribution::from_mean_sd(DelayFamily::Gamma, 4.0, 2.0)
        .and_then(|d| d.round_to_days(25))
        .expect("admissible");
    for seed in 0..400 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let r0 = 1.3 + rng.random::<f64>();
        // A renewal process settles on its growth rate after some generations: start from its own history.
        let transform = |r: f64| (1..=25).map(|k| w.at(k) * (-r * k as f64).exp()).sum::<f64>();
        let (mut low, mut high) = (0.0, 2.0);
        for _ in 0..60 {
            let mid = 0.5 * (low + high);
            if 1.0 / transform(mid) < r0 { low = mid } else { high = mid }
        }
        let rate = low;
        let counts: Vec<_> =
            (0..21).map(|t| Some(poisson(8.0 * (rate * f64::from(t)).exp(), &mut rng))).collect();
        let series = CountSeries::new(START, Step::Day, counts).expect("a series");
        let found = estimate_growth_negative_binomial(&series, 0..21, &GrowthConfig::recommended());
        let by_growth = estimate_r0_from_growth(&series, 0..21, &w, &R0Config::recommended());
        let (Ok(found), Ok(by_growth)) = (found, by_growth) else { continue };
        all += 1;
        let within = |r: wanquan_epi::rt::growth::Interval, truth: f64| {
            usize::from((r.lower..=r.upper).contains(&truth))
        };
        growth += within(found.rate_per_day, rate);
        r0_growth += within(by_growth.r0, r0);
        // A renewal epidemic proper for the likelihood of the days given those before.
        let gt = w.clone();
        let cases = epidemic(|_| r0, &gt, 30, 18, &mut rng);
        let counts = cases.iter().map(|&n| Some(n)).collect();
        let series = CountSeries::new(START, Step::Day, counts).expect("a series");
        let by_likelihood =
            estimate_r0_by_likelihood(&series, 0..18, &w, &R0Config::recommended()).expect("cases");
        r0_likelihood += within(by_likelihood.r0, r0);
    }
    check("growth rate, 95 %", growth, all, 0.95, 0.015);
    check("R0 from growth, 95 %", r0_growth, all, 0.95, 0.02);
    check("R0 by likelihood, 95 %", r0_likelihood, all, 0.95, 0.02);
}

#[test]
fn delay_fits_cover_the_truth_with_censoring_and_truncation() {
    let truth = DelayDistribution::from_mean_sd(DelayFamily::Gamma, 5.0, 3.0).expect("admissible");
    let (mut plain, mut truncated, mut all) = (0, 0, 0);
    for seed in 0..200 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let whole = |x: f64| (x.floor(), x.floor() + 1.0);
        let mut pairs = Vec::new();
        let mut cut = Vec::new();
        while pairs.len() < 100 || cut.len() < 100 {
            let first = 30.0 * rng.random::<f64>();
            let second = first + delay_days(&truth, &mut rng);
            let pair = DelayObservation::new(whole(first), whole(second)).expect("finite");
            if pairs.len() < 100 {
                pairs.push(pair);
            }
            // An outbreak that grows by 15 % a day, seen on day 30.
            let grown = 30.0 + (rng.random::<f64>().max(1e-12)).ln() / 0.15;
            let second = grown + delay_days(&truth, &mut rng);
            if cut.len() < 100 && second < 30.0 {
                cut.push(DelayObservation::new(whole(grown), whole(second)).expect("finite"));
            }
        }
        let until = DelayFitConfig { observed_until_days: Some(30.0), ..DelayFitConfig::recommended() };
        let fit = fit_delay(&pairs, DelayFamily::Gamma, &DelayFitConfig::recommended());
        let fit_cut = fit_delay(&cut, DelayFamily::Gamma, &until);
        if let (Ok(fit), Ok(fit_cut)) = (fit, fit_cut) {
            all += 1;
            plain += usize::from((fit.mean_days.lower..=fit.mean_days.upper).contains(&5.0));
            truncated += usize::from((fit_cut.mean_days.lower..=fit_cut.mean_days.upper).contains(&5.0));
        }
    }
    assert!(all >= 190, "{all} of 200 fits converged");
    check("serial interval, 95 %", plain, all, 0.95, 0.015);
    check("serial interval, right truncated, 95 %", truncated, all, 0.95, 0.03);
}

#[test]
fn nowcasts_cover_what_comes_out() {
    let delay = DelayDistribution::from_mean_sd(DelayFamily::Gamma, 4.0, 2.5).expect("admissible");
    let config = StateSpaceConfig::recommended(14);
    let (mut covered, mut half, mut all) = (0, 0, 0);
    for seed in 0..20 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let level = 5.0 + 95.0 * rng.random::<f64>();
        let phase = 6.0 * rng.random::<f64>();
        let mut events = Vec::new();
        for t in 0..110 {
            let mean = level * (0.6 * (f64::from(t) / 12.0 + phase).sin()).exp();
            for _ in 0..poisson(mean, &mut rng) {
                let event = f64::from(t) + rng.random::<f64>();
                let mut report = event + delay_days(&delay, &mut rng).min(13.9);
                // Nobody reports on Sundays.
                if report.rem_euclid(7.0) >= 6.0 {
                    report = (report / 7.0).ceil() * 7.0 + 0.5;
                }
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "days from 0")]
                let whole = |x: f64| day(x.floor() as usize);
                events.push((whole(event), whole(report)));
            }
        }
        let triangle = ReportingTriangle::from_events(START, day(126), Step::Day, &events).expect("reports");
        let method = NowcastMethod::StateSpace(config.clone());
        let found = evaluate_nowcast(&triangle, 60..110, 0..10, &method, seed).expect("nowcasts");
        all += found.scores.len();
        covered += found.scores.iter().filter(|s| s.covered).count();
        half += found.scores.iter().filter(|s| s.covered_half).count();
    }
    // Counts are whole, so that intervals may cover a little more than they claim; days in a row are not
    // independent.
    check("nowcast, 95 %", covered, all, 0.95, 0.04);
    check("nowcast, 50 %", half, all, 0.50, 0.12);
}

#[test]
fn dispersion_of_offspring_is_covered() {
    for (r, k) in [(0.8, 0.2), (1.5, 0.5), (2.5, 5.0)] {
        let (mut of_r, mut of_k, mut all) = (0, 0, 0);
        for seed in 0..300 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let individual = DelayDistribution::new(DelayFamily::Gamma, [k, r / k]).expect("admissible");
            let offspring: Vec<u32> =
                (0..200).map(|_| poisson(delay_days(&individual, &mut rng), &mut rng)).collect();
            let Ok(fit) = fit_offspring(&offspring, 0.95) else { continue };
            all += 1;
            of_r += usize::from((fit.r_lower..=fit.r_upper).contains(&r));
            of_k += usize::from(fit.k_lower <= k && fit.k_upper.is_none_or(|upper| k <= upper));
        }
        check(&format!("R of {r}, k of {k}, 95 %"), of_r, all, 0.95, 0.02);
        check(&format!("k of {k} with R of {r}, 95 %"), of_k, all, 0.95, 0.02);
    }
}

#[test]
fn cluster_sizes_give_back_r_and_k() {
    let (r, k) = (0.6, 0.3);
    let individual = DelayDistribution::new(DelayFamily::Gamma, [k, r / k]).expect("admissible");
    let (mut of_r, mut of_k, mut all) = (0, 0, 0);
    for seed in 0..200 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let clusters: Vec<(u32, u32)> = (0..150)
            .map(|_| {
                let (mut size, mut active) = (1, 1);
                while active > 0 && size < 10_000 {
                    active -= 1;
                    let more = poisson(delay_days(&individual, &mut rng), &mut rng);
                    active += more;
                    size += more;
                }
                (size, 1)
            })
            .collect();
        let Ok(fit) = fit_cluster_sizes(&clusters, 0.95) else { continue };
        all += 1;
        of_r += usize::from((fit.r_lower..=fit.r_upper).contains(&r));
        of_k += usize::from(fit.k_lower <= k && fit.k_upper.is_none_or(|upper| k <= upper));
    }
    check("R from cluster sizes, 95 %", of_r, all, 0.95, 0.02);
    check("k from cluster sizes, 95 %", of_k, all, 0.95, 0.02);
}
