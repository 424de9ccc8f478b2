//! Compares the regression scan with EARS and Farrington flexible on simulated days as known on each of them, at the same share of false alarms:
//! weekdays, holidays and a reporting delay are laid over the diseases of Noufaily et al. 2013.
//!
//! `cargo run --release -p wanquan-epi --example compare_daily -- [REPLICATES] [SEED]`
//! Each series has two years of days. On each of the last 70 a detector sees the counts reported by then (30 % of the cases of
//! that day, 95 % after four days) and judges the newest day. One outbreak begins among them; its cases come within some ten
//! days. Farrington's method, made for weeks, looks back over the one year that all days have, in ten groups of the season, with
//! the weeks of its recommended settings told in days. The scan is run with the holidays and the share reported, and told neither. Limits are set on a panel of another
//! seed and applied to this one.
#![expect(clippy::print_stdout, reason = "an example answers on standard output")]

use jiff::civil::Date;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use wanquan_epi::detect::{DetectorSpec, FarringtonFlexibleConfig, RegressionScanConfig, detect};
use wanquan_epi::simulate::{Scenario, noufaily_scenarios, simulate_count};
use wanquan_epi::{CountSeries, Error, Step};

const DAYS: usize = 730;
const EVALUATED: usize = 70;
/// Share of outbreak-free days that alarm.
const FALSE_ALARMS: f64 = 0.01;
/// Reports by weekday, Monday first.
const WEEKDAYS: [f64; 7] = [1.25, 1.15, 1.1, 1.1, 1.1, 0.8, 0.5];
/// Share of a holiday's usual cases.
const HOLIDAY: f64 = 0.4;
/// Share of the cases of the newest day, of the day before, ... that is reported.
const REPORTED: [f64; 5] = [0.3, 0.6, 0.8, 0.9, 0.95];
/// Added to a seed for the panel on which limits are set.
const TRAINING: u64 = 1 << 40;

struct Simulated {
    /// As known on each evaluated day.
    known: Vec<CountSeries>,
    outbreak_cases: Vec<u32>,
    holidays: Vec<Date>,
    size_sd: f64,
}

fn main() -> Result<(), Error> {
    let number = |i: usize, usual: u64| std::env::args().nth(i).and_then(|a| a.parse().ok()).unwrap_or(usual);
    let (replicates, seed) = (number(1, 10), number(2, 1));
    let training = panel(replicates, seed + TRAINING)?;
    let fresh = panel(replicates, seed)?;
    println!("{} series of {DAYS} days, the last {EVALUATED} evaluated, seed {seed}", fresh.len());
    println!("{:<44} false alarms  detected  on day 1  by day 3  by day 7  days until detected or over", "");
    let recommended =
        |id: &str| DetectorSpec::recommended(id).ok_or(Error::TooShort { what: "method", got: 0, need: 1 });
    let farrington = DetectorSpec::FarringtonFlexible(FarringtonFlexibleConfig {
        years_back: 1,
        half_window_steps: 21,
        // A trend takes three years.
        trend_p_max: None,
        recent_steps: 28,
        ..FarringtonFlexibleConfig::recommended()
    });
    for (name, spec, told) in [
        ("EARS C1", recommended("ears_c1")?, false),
        ("EARS C2", recommended("ears_c2")?, false),
        ("EARS C3", recommended("ears_c3")?, false),
        ("Farrington flexible", farrington, false),
        ("regression scan, told nothing", recommended("regression_scan")?, false),
        ("regression scan, told holidays and delay", recommended("regression_scan")?, true),
    ] {
        let limit = limit(&training, &scores(&spec, told, &training)?);
        report(name, &fresh, &scores(&spec, told, &fresh)?, limit);
    }
    Ok(())
}

fn panel(replicates: u64, seed: u64) -> Result<Vec<Simulated>, Error> {
    let scenarios = noufaily_scenarios();
    (0..scenarios.len() as u64 * replicates)
        .into_par_iter()
        .map(|i| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(i);
            simulate(&scenarios[usize::try_from(i / replicates).unwrap_or(0)], &mut rng)
        })
        .collect()
}

fn simulate(scenario: &Scenario, rng: &mut ChaCha8Rng) -> Result<Simulated, Error> {
    let start = jiff::civil::date(2022, 1, 3);
    let empty = CountSeries::new(start, Step::Day, vec![None; DAYS])?;
    let is_holiday = |date: Date| {
        matches!((date.month(), date.day()), (1, 1 | 2) | (4, 5) | (5, 1 | 2) | (10, 1..=4) | (12, 25 | 26))
    };
    let holidays: Vec<Date> = (0..DAYS).map(|t| empty.date(t)).filter(|date| is_holiday(*date)).collect();
    let means: Vec<f64> = (0..DAYS)
        .map(|t| {
            let factor = if is_holiday(empty.date(t)) { HOLIDAY } else { 1.0 };
            scenario.mean(t / 7) / 7.0 * WEEKDAYS[t % 7] * factor
        })
        .collect();
    let mut counts: Vec<u32> = means.iter().map(|m| simulate_count(*m, scenario.dispersion, rng)).collect();
    // The newest days are left to outbreaks that can be over before the end.
    let begin = DAYS - EVALUATED + rng.random_range(0..EVALUATED - 20);
    let size_sd = f64::from(rng.random_range(1..=10_u8));
    let sd = (scenario.mean(begin / 7) * scenario.dispersion).sqrt();
    let mut outbreak_cases = vec![0_u32; DAYS];
    for _ in 0..simulate_count(size_sd * sd, 1.0, rng) {
        // A sum of three exponential delays of 1.7 days each: nine in ten cases within nine days.
        let later: f64 = (0..3).map(|_| -1.7 * (1.0 - rng.random::<f64>()).ln()).sum();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some days")]
        let day = begin + later as usize;
        if day < DAYS {
            outbreak_cases[day] += 1;
            counts[day] += 1;
        }
    }
    let mut known = Vec::with_capacity(EVALUATED);
    // A case is reported after as many days as its own random number says.
    let delays: Vec<Vec<usize>> = counts
        .iter()
        .map(|n| {
            let delay = |u: f64| REPORTED.iter().position(|share| u < *share).unwrap_or(REPORTED.len());
            (0..*n).map(|_| delay(rng.random())).collect()
        })
        .collect();
    for now in DAYS - EVALUATED..DAYS {
        let by_then = (0..=now).map(|t| {
            let reported = delays[t].iter().filter(|delay| t + **delay <= now).count();
            u32::try_from(reported).ok()
        });
        known.push(CountSeries::new(start, Step::Day, by_then.collect())?);
    }
    Ok(Simulated { known, outbreak_cases, holidays, size_sd })
}

/// By series and evaluated day; higher is more unusual.
fn scores(recommended: &DetectorSpec, told: bool, panel: &[Simulated]) -> Result<Vec<Vec<f64>>, Error> {
    panel
        .par_iter()
        .map(|one| {
            let spec = if told {
                DetectorSpec::RegressionScan(RegressionScanConfig {
                    holidays: one.holidays.clone(),
                    completeness: REPORTED.to_vec(),
                    ..RegressionScanConfig::recommended()
                })
            } else {
                recommended.clone()
            };
            one.known
                .iter()
                .map(|series| {
                    let last = series.len() - 1;
                    let found = detect(&spec, series, last..last + 1)?;
                    let step = &found.steps[0];
                    // Probabilities of extreme counts are all 0 in the end, scores are not.
                    let score = step.score();
                    // A day without a case never alarms.
                    Ok(score.filter(|_| step.observed != Some(0)).unwrap_or(f64::NEG_INFINITY))
                })
                .collect()
        })
        .collect()
}

fn evaluated(one: &Simulated) -> &[u32] {
    &one.outbreak_cases[DAYS - EVALUATED..]
}

/// First and last evaluated day of the outbreak.
fn course(one: &Simulated) -> Option<(usize, usize)> {
    let cases = evaluated(one);
    Some((cases.iter().position(|n| *n > 0)?, cases.iter().rposition(|n| *n > 0)?))
}

/// Whether the day lies before the outbreak or after it, when the evidence of its cases is no false alarm any more.
fn is_free(one: &Simulated, day: usize) -> bool {
    course(one).is_none_or(|(first, last)| day < first || day > last + 7)
}

fn limit(panel: &[Simulated], scores: &[Vec<f64>]) -> f64 {
    let mut free: Vec<f64> = Vec::new();
    for (one, scores) in panel.iter().zip(scores) {
        free.extend(scores.iter().enumerate().filter(|(day, _)| is_free(one, *day)).map(|(_, score)| *score));
    }
    free.sort_by(|a, b| b.total_cmp(a));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside the list")]
    let at = (FALSE_ALARMS * free.len() as f64) as usize;
    free[at]
}

fn report(name: &str, panel: &[Simulated], scores: &[Vec<f64>], limit: f64) {
    let (mut free, mut alarms, mut outbreaks, mut until) = (0.0, 0.0, 0.0, 0.0);
    let (mut found, mut small, mut small_found) = ([0.0; 4], 0.0, 0.0);
    for (one, scores) in panel.iter().zip(scores) {
        for (_, score) in scores.iter().enumerate().filter(|(day, _)| is_free(one, *day)) {
            free += 1.0;
            alarms += f64::from(u8::from(*score > limit));
        }
        let Some((first, last)) = course(one) else { continue };
        outbreaks += 1.0;
        let seen = (first..=last).position(|day| scores[day] > limit);
        until += seen.unwrap_or(last + 1 - first) as f64;
        for (hit, by) in found.iter_mut().zip([usize::MAX, 0, 2, 6]) {
            *hit += f64::from(u8::from(seen.is_some_and(|day| day <= by)));
        }
        if one.size_sd <= 6.0 {
            small += 1.0;
            small_found += f64::from(u8::from(seen.is_some()));
        }
    }
    let [all, one, three, seven] = found.map(|hit| hit / outbreaks);
    println!(
        "{name:<44} {:>10.2} %  {all:>8.3}  {one:>8.3}  {three:>8.3}  {seven:>8.3}  {:>6.2}; up to 6 sd {:.3}",
        100.0 * alarms / free,
        until / outbreaks,
        small_found / small
    );
}
