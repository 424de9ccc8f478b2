//! Speed of detection and transmission on panels of the target size.
//! `cargo bench -p wanquan-epi --bench detection`

use divan::{Bencher, black_box};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wanquan_epi::detect::{
    DetectorSpec, EarsC3Config, EarsConfig, EarsVariant, FarringtonFlexibleConfig, Monitor,
    RegressionScanConfig, detect, detect_panel, ears_panel, farrington_flexible, regression_scan,
};
use wanquan_epi::rt::serial_interval::discretise_gamma;
use wanquan_epi::rt::{Incidence, RtConfig, estimate_rt_panel};
use wanquan_epi::{CountSeries, Step};

fn main() {
    divan::main();
}

/// Counts around a level with a season; the level differs from series to series.
fn panel(series: usize, steps: usize, step: Step) -> Vec<CountSeries> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    (0..series)
        .map(|_| {
            let level: f64 = 2.0 + 60.0 * rng.random::<f64>();
            let counts = (0..steps)
                .map(|t| {
                    let season =
                        1.0 + 0.5 * (t as f64 * std::f64::consts::TAU / step.per_year() as f64).sin();
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "small counts"
                    )]
                    let count = (level * season * (0.5 + rng.random::<f64>())) as u32;
                    Some(count)
                })
                .collect();
            CountSeries::new(jiff::civil::date(2014, 1, 6), step, counts).expect("within the calendar")
        })
        .collect()
}

/// C1, C2 and C3 on 3,340 daily series of 344 days. Target: 50 ms on 2 cores.
#[divan::bench]
fn ears_c1_c2_c3_panel_3340_x_344(bencher: Bencher<'_, '_>) {
    let panel = panel(3340, 344, Step::Day);
    let c = EarsConfig::recommended();
    let variants = [EarsVariant::C1(c), EarsVariant::C2(c), EarsVariant::C3(EarsC3Config::recommended())];
    bencher.bench(|| variants.map(|v| ears_panel(black_box(&panel), &v).expect("admissible")));
}

/// 52 evaluated weeks of a ten-year weekly series on one core. Target: 1 ms.
#[divan::bench]
fn farrington_flexible_52_weeks(bencher: Bencher<'_, '_>) {
    let series = panel(1, 520, Step::Week).remove(0);
    let config = FarringtonFlexibleConfig::recommended();
    bencher.bench(|| farrington_flexible(black_box(&series), &config, 468..520).expect("admissible"));
}

/// The same weeks by the recommended detector.
#[divan::bench]
fn regression_scan_52_weeks(bencher: Bencher<'_, '_>) {
    let series = panel(1, 520, Step::Week).remove(0);
    let config = RegressionScanConfig::recommended();
    bencher.bench(|| regression_scan(black_box(&series), &config, 468..520).expect("admissible"));
}

/// 344 days by the recommended detector on one core.
#[divan::bench]
fn regression_scan_344_days(bencher: Bencher<'_, '_>) {
    let series = panel(1, 344, Step::Day).remove(0);
    let config = RegressionScanConfig::recommended();
    bencher.bench(|| regression_scan(black_box(&series), &config, 0..344).expect("admissible"));
}

/// The newest day of 3,340 daily series of 344 days by the recommended detector: what a day of surveillance costs.
#[divan::bench(sample_count = 5)]
fn regression_scan_newest_day_of_3340_x_344(bencher: Bencher<'_, '_>) {
    let panel = panel(3340, 344, Step::Day);
    let spec = DetectorSpec::recommended(DetectorSpec::DEFAULT_ID).expect("a known id");
    bencher.bench(|| detect_panel(&spec, black_box(&panel), 1));
}

/// One more count on a series of ten years of weeks that is being watched, by each detector. The charts (CUSUM, GLR,
/// OutbreakP) look at the new count alone; the others read as far back as they say.
#[divan::bench(args = DetectorSpec::IDS)]
fn one_more_week_on_ten_years(bencher: Bencher<'_, '_>, id: &str) {
    let series = panel(1, 520, Step::Week).remove(0);
    let spec = DetectorSpec::recommended(id).expect("a known id");
    let monitor = Monitor::new(spec, series).expect("admissible");
    bencher
        .with_inputs(|| monitor.clone())
        .bench_refs(|monitor| black_box(monitor.push(Some(30))).expect("within the calendar"));
}

/// The same by asking for the newest step of the whole series, which the charts walk from the start.
#[divan::bench(args = DetectorSpec::IDS)]
fn newest_week_of_ten_years(bencher: Bencher<'_, '_>, id: &str) {
    let series = panel(1, 520, Step::Week).remove(0);
    let spec = DetectorSpec::recommended(id).expect("a known id");
    bencher.bench(|| detect(&spec, black_box(&series), 519..520));
}

/// Instantaneous R with mean, sd and three quantiles, weekly windows, on 3,340 series of 344 days. Target: 1 s.
#[divan::bench]
fn cori_panel_3340_x_344(bencher: Bencher<'_, '_>) {
    let panel: Vec<_> = panel(3340, 344, Step::Day)
        .iter()
        .map(|s| Incidence::all_local(s).expect("two days or more"))
        .collect();
    let w = discretise_gamma(4.7, 2.9, 30).expect("admissible");
    let config = RtConfig::recommended();
    bencher.bench(|| estimate_rt_panel(black_box(&panel), &w, &config));
}
