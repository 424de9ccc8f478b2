//! Compares the regression scan with Farrington flexible on simulated panels after Noufaily et al. 2013, at the same share
//! of false alarms: overall, and in each disease by itself; and as both are recommended.
//!
//! `cargo run --release -p wanquan-epi --example compare_detectors -- [REPLICATES] [SEED] [PANEL] [parts|own]`
//! Panels: `paper` (default), `small`, `long`, `clean`, `young`, `unseen`; see `panel_of`. With `parts`, the regression
//! scan is also run without each of its ideas. Limits are set on a panel of another seed and applied to this one; with `own` on
//! this panel itself, so that all have the same share of false alarms to the alarm.
//!
//! Two are no detectors, as they are told the true mean and scatter of each series. `known mean` looks at the count of the
//! week alone, as Farrington does: what a better baseline could gain without adding up evidence. `known baseline` is the
//! regression scan with nothing to learn: what a better baseline could gain it, hence how much of what these panels allow
//! is reached.
#![expect(clippy::print_stdout, reason = "an example answers on standard output")]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use wanquan_epi::Error;
use wanquan_epi::detect::{
    DetectorSpec, Part, RegressionScanConfig, RegressionScanFit, detect, regression_scan_against,
    regression_scan_without,
};
use wanquan_epi::simulate::{PanelConfig, Scenario, SimulatedSeries, noufaily_scenarios, simulate_panel};

/// Share of outbreak-free weeks that alarm.
const FALSE_ALARMS: f64 = 0.01;
/// Added to a seed for the panel on which limits are set.
const TRAINING: u64 = 1 << 40;
/// Scenarios of one disease or, on the panel of unseen ones, of one arbitrary seventh.
const PER_DISEASE: usize = 4;

fn main() -> Result<(), Error> {
    let number = |i: usize, usual: u64| std::env::args().nth(i).and_then(|a| a.parse().ok()).unwrap_or(usual);
    let replicates = usize::try_from(number(1, 50)).unwrap_or(50);
    let seed = number(2, 1);
    let name = std::env::args().nth(3).unwrap_or_else(|| "paper".to_owned());
    let Some((scenarios, config)) = panel_of(&name, seed) else {
        println!("panels: paper, small, long, clean, young, unseen");
        return Ok(());
    };
    let fresh = simulate_panel(&scenarios, &config, replicates, seed)?;
    let option = std::env::args().nth(4).unwrap_or_default();
    let training_seed = if option == "own" { seed } else { seed + TRAINING };
    let training = simulate_panel(&scenarios, &config, replicates, training_seed)?;
    println!("{name}: {} series of {} weeks, seed {seed}", fresh.len(), config.weeks);
    let mut methods = vec![
        Method::KnownMean(scenarios.clone(), replicates),
        Method::FarringtonFlexible,
        Method::KnownBaseline(scenarios, replicates),
        Method::RegressionScan,
    ];
    if option == "parts" {
        methods.extend(Part::ALL.map(Method::Without));
    }
    let (mut reference, mut known) = (None, f64::NAN);
    for method in &methods {
        let own = method.scores(&training, &config)?;
        let limits = Limits::at(FALSE_ALARMS, &training, &own, &config, replicates);
        let scores = method.scores(&fresh, &config)?;
        let overall = Judged::new(&fresh, &scores, &config, |_| limits.overall);
        let by_disease = Judged::new(&fresh, &scores, &config, |i| limits.of(i / replicates));
        println!("\n{}", method.name());
        overall.print("one limit for all", replicates);
        by_disease.print("a limit for each disease", replicates);
        if let Some(nominal) = method.nominal() {
            Judged::new(&fresh, &scores, &config, |_| nominal).print("as stated, p <= 0.01", replicates);
        }
        match (&reference, method) {
            (_, Method::FarringtonFlexible) => reference = Some((overall.clone(), by_disease)),
            (Some((reference, by)), _) => {
                overall.print_against("one limit for all", reference, replicates);
                by_disease.print_against("a limit for each disease", by, replicates);
            }
            _ => {}
        }
        let Some((farrington, _)) = &reference else { continue };
        let share = |judged: &Judged| judged.share(|_| true, |o| o.first.is_some());
        match method {
            Method::KnownBaseline(..) => known = share(&overall),
            Method::RegressionScan => {
                let (gained, possible) = (share(&overall) - share(farrington), known - share(farrington));
                println!(
                    "  share of what the known baseline gains over Farrington: {:.2}",
                    gained / possible
                );
            }
            _ => {}
        }
    }
    Ok(())
}

fn panel_of(name: &str, seed: u64) -> Option<(Vec<Scenario>, PanelConfig)> {
    let paper = PanelConfig::noufaily();
    let published = noufaily_scenarios();
    Some(match name {
        "paper" => (published, paper),
        // Outbreaks that are hard to see.
        "small" => (published, PanelConfig { current_sizes_sd: vec![2.0, 3.0, 4.0, 5.0, 6.0], ..paper }),
        // Cases spread over two months.
        "long" => (published, PanelConfig { log_weeks_mean: 1.0, log_weeks_sd: 0.6, ..paper }),
        // Nothing in the past to mislead the baseline.
        "clean" => (published, PanelConfig { past_outbreaks: 0, ..paper }),
        // Just the five years that Farrington needs, and the evaluated weeks.
        "young" => (published, PanelConfig { weeks: 320, past_weeks: 250, ..paper }),
        // Diseases that nobody published, each scenario drawn by itself.
        "unseen" => ((0..28).map(|i| unseen(i, seed)).collect(), paper),
        _ => return None,
    })
}

fn unseen(i: u64, seed: u64) -> Scenario {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((1 << 50) + i);
    let mut uniform = |low: f64, high: f64| low + (high - low) * rng.random::<f64>();
    let harmonics = [0, 1, 1, 2][usize::try_from(i % 4).unwrap_or(0)];
    Scenario {
        log_level: uniform(-2.0, 6.0),
        trend_per_week: if i.is_multiple_of(2) { 0.0 } else { uniform(-0.003, 0.003) },
        season_cos: uniform(-0.7, 0.7),
        season_sin: uniform(-0.7, 0.7),
        harmonics,
        dispersion: 1.0 + uniform(0.0, 2.0).powi(2),
    }
}

enum Method {
    KnownMean(Vec<Scenario>, usize),
    KnownBaseline(Vec<Scenario>, usize),
    FarringtonFlexible,
    RegressionScan,
    Without(Part),
}

impl Method {
    fn name(&self) -> String {
        match self {
            Self::KnownMean(..) => "known mean (no detector)".to_owned(),
            Self::KnownBaseline(..) => "known baseline (no detector)".to_owned(),
            Self::FarringtonFlexible => "farrington_flexible".to_owned(),
            Self::RegressionScan => "regression_scan".to_owned(),
            Self::Without(part) => format!("regression_scan without {part:?}"),
        }
    }

    /// Score of a p value of 0.01, for methods that state one.
    fn nominal(&self) -> Option<f64> {
        matches!(self, Self::FarringtonFlexible | Self::RegressionScan).then_some(-FALSE_ALARMS)
    }

    /// By series and evaluated week; higher is more unusual.
    fn scores(&self, panel: &[SimulatedSeries], config: &PanelConfig) -> Result<Vec<Vec<f64>>, Error> {
        let range = config.evaluated();
        let of_spec = |id: &str| {
            let spec =
                DetectorSpec::recommended(id).ok_or(Error::TooShort { what: "method", got: 0, need: 1 })?;
            panel
                .par_iter()
                .map(|one| {
                    let found = detect(&spec, &one.series, range.clone())?;
                    // A week without a verdict never alarms.
                    Ok(found.steps.iter().map(|s| s.p_value().map_or(f64::NEG_INFINITY, |p| -p)).collect())
                })
                .collect()
        };
        match self {
            Self::FarringtonFlexible => of_spec("farrington_flexible"),
            Self::RegressionScan => of_spec("regression_scan"),
            Self::Without(part) => panel
                .par_iter()
                .map(|one| {
                    let recommended = RegressionScanConfig::recommended();
                    let fits = regression_scan_without(&one.series, &recommended, *part, range.clone())?;
                    Ok(evidence(&fits, &one.series.counts()[range.clone()]))
                })
                .collect(),
            Self::KnownBaseline(scenarios, replicates) => panel
                .par_iter()
                .enumerate()
                .map(|(i, one)| {
                    let dispersion = scenarios[i / replicates].dispersion;
                    let recommended = RegressionScanConfig::recommended();
                    let fits = regression_scan_against(
                        &one.series,
                        &one.means,
                        dispersion,
                        &recommended,
                        range.clone(),
                    )?;
                    Ok(evidence(&fits, &one.series.counts()[range.clone()]))
                })
                .collect(),
            Self::KnownMean(scenarios, replicates) => Ok(panel
                .par_iter()
                .enumerate()
                .map(|(i, one)| {
                    let dispersion = scenarios[i / replicates].dispersion;
                    range
                        .clone()
                        .map(|t| {
                            let y = one.series.counts()[t].map_or(0.0, f64::from);
                            // Anscombe's residual: as good as the exact tail for ordering counts of many series.
                            let mean = one.means[t];
                            1.5 * (y.cbrt().powi(2) - mean.cbrt().powi(2))
                                / mean.cbrt().sqrt()
                                / dispersion.sqrt()
                        })
                        .collect()
                })
                .collect()),
        }
    }
}

/// A week without a case never alarms.
fn evidence<E>(fits: &[Result<RegressionScanFit, E>], counts: &[Option<u32>]) -> Vec<f64> {
    let of_week = |(fit, y): (&Result<RegressionScanFit, E>, &Option<u32>)| match (fit, y) {
        (Ok(fit), Some(y)) if *y > 0 => fit.ln_ratio.unwrap_or(f64::NEG_INFINITY),
        _ => f64::NEG_INFINITY,
    };
    fits.iter().zip(counts).map(of_week).collect()
}

/// Scores beyond which weeks alarm.
struct Limits {
    overall: f64,
    by_disease: Vec<f64>,
}

impl Limits {
    fn at(
        share: f64,
        panel: &[SimulatedSeries],
        scores: &[Vec<f64>],
        config: &PanelConfig,
        replicates: usize,
    ) -> Self {
        let limit = |chosen: &dyn Fn(usize) -> bool| {
            let mut free: Vec<f64> = Vec::new();
            for (_, (one, scores)) in panel.iter().zip(scores).enumerate().filter(|(i, _)| chosen(*i)) {
                let cases = &one.outbreak_cases()[config.evaluated()];
                free.extend(cases.iter().zip(scores).filter(|(n, _)| **n == 0).map(|(_, score)| *score));
            }
            free.sort_by(|a, b| b.total_cmp(a));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside the list")]
            let at = (share * free.len() as f64) as usize;
            free[at]
        };
        let diseases = panel.len().div_ceil(replicates * PER_DISEASE);
        Self {
            overall: limit(&|_| true),
            by_disease: (0..diseases).map(|d| limit(&|i| i / replicates / PER_DISEASE == d)).collect(),
        }
    }

    fn of(&self, scenario: usize) -> f64 {
        self.by_disease[scenario / PER_DISEASE]
    }
}

/// One outbreak of a panel: its series, weeks from its first to its last case, and which of them alarmed first.
#[derive(Clone)]
struct Outbreak {
    series: usize,
    weeks: usize,
    first: Option<usize>,
    size_sd: f64,
}

#[derive(Clone)]
struct Judged {
    /// By series: outbreak-free weeks, and those that alarm.
    free: Vec<(usize, usize)>,
    outbreaks: Vec<Outbreak>,
}

impl Judged {
    fn new(
        panel: &[SimulatedSeries],
        scores: &[Vec<f64>],
        config: &PanelConfig,
        limit: impl Fn(usize) -> f64,
    ) -> Self {
        let range = config.evaluated();
        let mut judged = Self { free: Vec::new(), outbreaks: Vec::new() };
        for (series, (one, scores)) in panel.iter().zip(scores).enumerate() {
            let limit = limit(series);
            let cases = &one.outbreak_cases()[range.clone()];
            let quiet = cases.iter().zip(scores).filter(|(cases, _)| **cases == 0);
            let alarmed = quiet.clone().filter(|(_, score)| **score > limit).count();
            judged.free.push((quiet.count(), alarmed));
            for outbreak in one.outbreaks.iter().filter(|o| o.start >= range.start) {
                let weeks = outbreak.weeks();
                let first = weeks.clone().position(|t| scores[t - range.start] > limit);
                judged.outbreaks.push(Outbreak {
                    series,
                    weeks: weeks.len(),
                    first,
                    size_sd: outbreak.size_sd,
                });
            }
        }
        judged
    }

    fn share(&self, chosen: impl Fn(&Outbreak) -> bool, hit: impl Fn(&Outbreak) -> bool) -> f64 {
        let of = self.outbreaks.iter().filter(|o| chosen(o));
        let all = of.clone().count() as f64;
        of.filter(|o| hit(o)).count() as f64 / all
    }

    fn false_alarms(&self, chosen: impl Fn(usize) -> bool) -> f64 {
        let of = self.free.iter().enumerate().filter(|(i, _)| chosen(*i)).map(|(_, n)| n);
        let (all, alarmed) = of.fold((0, 0), |sum, n| (sum.0 + n.0, sum.1 + n.1));
        100.0 * alarmed as f64 / all as f64
    }

    /// Weeks until an outbreak is detected; one that is missed is known when it is over.
    fn weeks_until(&self) -> f64 {
        let until: usize = self.outbreaks.iter().map(|o| o.first.unwrap_or(o.weeks)).sum();
        until as f64 / self.outbreaks.len() as f64
    }

    fn print(&self, how: &str, replicates: usize) {
        let found = |o: &Outbreak| o.first.is_some();
        println!(
            "  {how}: false alarms {:.2} %, detected {:.3}, in the first week {:.3}, weeks until detected or over {:.2}",
            self.false_alarms(|_| true),
            self.share(|_| true, found),
            self.share(|_| true, |o| o.first == Some(0)),
            self.weeks_until(),
        );
        let by = |groups: usize, group: &dyn Fn(usize) -> usize| {
            let of = |g: usize| {
                let hit = self.share(|o| group(o.series / replicates) == g, found);
                format!("{hit:.3} ({:.2} %)", self.false_alarms(|i| group(i / replicates) == g))
            };
            (0..groups).map(of).collect::<Vec<_>>().join("  ")
        };
        println!("    diseases: {}", by(7, &|scenario| scenario / PER_DISEASE));
        println!("    flat, season, trend, both: {}", by(4, &|scenario| scenario % 4));
        let mut sizes: Vec<f64> = self.outbreaks.iter().map(|o| o.size_sd).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        let by_size = sizes.iter().map(|k| format!("{k}: {:.3}", self.share(|o| o.size_sd == *k, found)));
        println!("    sizes: {}", by_size.collect::<Vec<_>>().join("  "));
    }

    fn print_against(&self, how: &str, reference: &Self, replicates: usize) {
        let found = |o: &Outbreak| o.first.is_some();
        let ratio =
            |chosen: &dyn Fn(&Outbreak) -> bool| self.share(chosen, found) / reference.share(chosen, found);
        let scenarios = (0..28).map(|g| ratio(&|o| o.series / replicates == g));
        let (mut least, mut below) = (f64::INFINITY, 0);
        for ratio in scenarios {
            least = least.min(ratio);
            below += usize::from(ratio < 1.0);
        }
        let diseases = (0..7).map(|g| format!("{:.2}", ratio(&|o| o.series / replicates / PER_DISEASE == g)));
        let up_to = |k: f64| ratio(&|o| o.size_sd <= k);
        // The same outbreaks in the same order.
        let when = |o: &Outbreak| o.first.unwrap_or(usize::MAX);
        let pairs = self.outbreaks.iter().zip(&reference.outbreaks);
        let sooner = pairs.clone().filter(|(a, b)| when(a) < when(b)).count();
        let later = pairs.filter(|(a, b)| when(a) > when(b)).count();
        println!(
            "  {how}, over farrington_flexible: {:.3}; diseases {}; up to 6 sd {:.3}; least of 28 scenarios {least:.3}, {below} below 1; sooner {sooner}, later {later}",
            ratio(&|_| true),
            diseases.collect::<Vec<_>>().join(" "),
            up_to(6.0),
        );
    }
}
