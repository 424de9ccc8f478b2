//! Speed of forecasts and scores on panels of the target size.
//! `cargo bench -p wanquan-epi --bench forecast`

use divan::{Bencher, black_box};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wanquan_epi::forecast::{ForecastConfig, Panel, forecast_panel};
use wanquan_epi::score::{HUB_LEVELS, QuantileForecast, weighted_interval_score};
use wanquan_epi::{CountSeries, Step};

fn main() {
    divan::main();
}

/// Yearly seasons in places of different size.
fn panel(places: usize, steps: usize, step: Step) -> Panel {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let series = (0..places)
        .map(|_| {
            let level: f64 = 5.0 + 200.0 * rng.random::<f64>();
            let counts = (0..steps)
                .map(|t| {
                    let phase = t as f64 * std::f64::consts::TAU / step.per_year() as f64;
                    let n = level * (1.5 * phase.sin()).exp() * (0.7 + 0.6 * rng.random::<f64>());
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "small counts"
                    )]
                    let n = n as u32;
                    Some(n)
                })
                .collect();
            CountSeries::new(jiff::civil::date(2021, 1, 2), step, counts).expect("within the calendar")
        })
        .collect();
    Panel::new(series).expect("one calendar")
}

/// One reference date of a national hub: 53 places, three years of weeks, four horizons, 23 quantiles.
#[divan::bench]
fn one_reference_date_53_places_3_years(bencher: Bencher<'_, '_>) {
    let panel = panel(53, 156, Step::Week);
    let config = ForecastConfig::recommended(1..=4);
    bencher.bench(|| forecast_panel(black_box(&panel), &config).expect("admissible"));
}

/// A province: 300 places, five years of weeks.
#[divan::bench(sample_count = 10)]
fn one_reference_date_300_places_5_years(bencher: Bencher<'_, '_>) {
    let panel = panel(300, 260, Step::Week);
    let config = ForecastConfig::recommended(1..=4);
    bencher.bench(|| forecast_panel(black_box(&panel), &config).expect("admissible"));
}

/// Days: 30 places, two years, 28 horizons.
#[divan::bench(sample_count = 10)]
fn one_reference_date_30_places_2_years_of_days(bencher: Bencher<'_, '_>) {
    let panel = panel(30, 730, Step::Day);
    let config = ForecastConfig::recommended(1..=28);
    bencher.bench(|| forecast_panel(black_box(&panel), &config).expect("admissible"));
}

/// The weighted interval score of one forecast of 23 quantiles.
#[divan::bench]
fn weighted_interval_score_23_quantiles(bencher: Bencher<'_, '_>) {
    let values = (0..HUB_LEVELS.len()).map(|i| (i * i) as f64).collect();
    let forecast = QuantileForecast::new(HUB_LEVELS.to_vec(), values).expect("ascending");
    bencher.bench(|| weighted_interval_score(black_box(&forecast), 77.5).expect("finite"));
}
