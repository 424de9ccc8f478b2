//! Speed of nowcasts and cohort reproduction numbers at the target sizes.
//! `cargo bench -p wanquan-epi --bench transmission`

use divan::{Bencher, black_box};
use jiff::ToSpan;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wanquan_epi::chains::fit_offspring;
use wanquan_epi::delay::ReportingTriangle;
use wanquan_epi::delay::nowcast::{BayesNowcastConfig, LawlessConfig, NowcastMethod, StateSpaceConfig};
use wanquan_epi::endemic::{EndemicConfig, EndemicData, EndemicOffset, fit_endemic_epidemic};
use wanquan_epi::rt::serial_interval::discretise_gamma;
use wanquan_epi::rt::{
    CohortConfig, Incidence, RtConfig, UncertainDays, UncertainSerialInterval, estimate_rc,
    estimate_rt_uncertain,
};
use wanquan_epi::{CountSeries, Step};

fn main() {
    divan::main();
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts")]
fn count(mean: f64, rng: &mut ChaCha8Rng) -> u32 {
    (mean * (0.6 + 0.8 * rng.random::<f64>())) as u32
}

/// 120 days of 50 to 150 cases with delays of up to 15 days.
fn triangle() -> ReportingTriangle {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let start = jiff::civil::date(2024, 1, 1);
    let mut changes = Vec::new();
    for t in 0..120_i64 {
        for x in 0..15_i64 {
            let event = start.checked_add(t.days()).expect("within the calendar");
            let report = event.checked_add(x.days()).expect("within the calendar");
            let mean = 30.0 * (x as f64 + 0.5) * (-(x as f64) / 3.0).exp();
            changes.push((event, report, i64::from(count(mean, &mut rng))));
        }
    }
    let end = start.checked_add(119.days()).expect("within the calendar");
    ReportingTriangle::from_changes(start, end, Step::Day, changes).expect("reports after events")
}

/// One date. Target: 20 ms.
#[divan::bench(args = ["state space", "lawless", "bayes"])]
fn nowcast(bencher: Bencher<'_, '_>, method: &str) {
    let triangle = triangle();
    let method = match method {
        "lawless" => NowcastMethod::Lawless(LawlessConfig::recommended(15)),
        "bayes" => NowcastMethod::Bayes(BayesNowcastConfig::recommended(15, 100.0)),
        _ => NowcastMethod::StateSpace(StateSpaceConfig::recommended(15)),
    };
    bencher.bench(|| method.nowcast(black_box(&triangle), 1).expect("a nowcast"));
}

fn daily(days: usize) -> CountSeries {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let counts = (0..days).map(|_| Some(count(60.0, &mut rng))).collect();
    CountSeries::new(jiff::civil::date(2020, 1, 1), Step::Day, counts).expect("a series")
}

/// Weekly cohorts over 344 days with exact intervals.
#[divan::bench]
fn wallinga_teunis_344_days(bencher: Bencher<'_, '_>) {
    let incidence = Incidence::all_local(&daily(344)).expect("two days or more");
    let w = discretise_gamma(4.7, 2.9, 30).expect("admissible");
    let config = CohortConfig::recommended();
    bencher.bench(|| estimate_rc(black_box(&incidence), &w, &config).expect("a window fits"));
}

/// Weekly windows over 344 days, 500 serial intervals.
#[divan::bench]
fn cori_uncertain_interval_344_days(bencher: Bencher<'_, '_>) {
    let incidence = Incidence::all_local(&daily(344)).expect("two days or more");
    let interval = UncertainSerialInterval {
        mean_days: UncertainDays { mean: 4.7, sd: 0.4, min: 3.9, max: 5.5 },
        sd_days: UncertainDays { mean: 2.9, sd: 0.3, min: 2.3, max: 3.5 },
        draws: 500,
    };
    let config = RtConfig::recommended();
    bencher.bench(|| {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        estimate_rt_uncertain(black_box(&incidence), &interval, &config, &mut rng).expect("a window fits")
    });
}

/// One series of 312 weeks: own counts, a yearly wave and a trend.
#[divan::bench]
fn endemic_epidemic_312_weeks(bencher: Bencher<'_, '_>) {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let counts = (0..312).map(|_| Some(count(12.0, &mut rng))).collect();
    let series = CountSeries::new(jiff::civil::date(2014, 1, 6), Step::Week, counts).expect("a series");
    let data = EndemicData::single(series).expect("long enough");
    let config = EndemicConfig {
        neighbours: None,
        endemic_offset: EndemicOffset::None,
        ..EndemicConfig::recommended(52.0)
    };
    bencher.bench(|| fit_endemic_epidemic(black_box(&data), 1..312, &config));
}

/// R and k of 10,000 cases.
#[divan::bench]
fn offspring_of_10_000_cases(bencher: Bencher<'_, '_>) {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let offspring: Vec<u32> =
        (0..10_000).map(|_| if rng.random::<f64>() < 0.8 { 0 } else { count(4.0, &mut rng) }).collect();
    bencher.bench(|| fit_offspring(black_box(&offspring), 0.95).expect("offspring"));
}
