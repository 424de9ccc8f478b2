//! Speed of detection and transmission on panels of the target size.
//! `cargo bench -p wanquan-epi --bench detection`

use divan::{Bencher, black_box};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wanquan_epi::detect::{
    DetectorSpec, EarsC3Config, EarsConfig, EarsVariant, FarringtonFlexibleConfig, detect, ears_panel,
    farrington_flexible,
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

/// The newest week alone, by each detector: what adding a count costs.
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
