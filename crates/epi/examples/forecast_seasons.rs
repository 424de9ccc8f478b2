//! Two seasons of influenza admissions in 53 places of the USA, forecast week by week from the weeks before: the evidence
//! of docs/methods/forecast.md that the repository can repeat by itself.
//!
//! `cargo run --release -p wanquan-epi --example forecast_seasons` prints, by season, the weighted interval score (WIS)
//! relative to the random walk for the recommended parameters and for others, and what the choice that is best in one
//! season is worth in the other; then the forecast without each of its ideas, and seasons made higher, lower or later.
//! Counts are the final ones: what was known on each day, and the hub's own forecasts,
//! need `wanquan forecast` and the hub's archive.
#![allow(clippy::print_stdout, reason = "an example that prints a table")]

use jiff::civil::{Date, date};
use wanquan_epi::forecast::{
    ForecastConfig, ForecastPart, Panel, PanelForecast, forecast_panel, forecast_panel_without,
    forecast_random_walk,
};
use wanquan_epi::score::weighted_interval_score;
use wanquan_epi::{CountSeries, Step};

type Failure = Box<dyn std::error::Error>;

const FIGURES: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/us_influenza_admissions.csv"));
/// First and last reference date; horizons are 1 to 4 weeks.
const SEASONS: [(&str, Date, Date); 2] =
    [("2022-23", date(2022, 10, 8), date(2023, 4, 29)), ("2023-24", date(2023, 10, 7), date(2024, 4, 27))];

/// Parameters other than the recommended ones.
struct Choice {
    name: &'static str,
    change: fn(&mut ForecastConfig),
    /// With the number of persons in each place.
    population: bool,
}

const CHOICES: [Choice; 8] = [
    Choice { name: "as recommended", change: |_| {}, population: true },
    Choice { name: "population unknown", change: |_| {}, population: false },
    Choice { name: "weights by season only, not by level", change: |c| c.level_sd = 1e6, population: true },
    Choice {
        name: "weights by level only, not by season",
        change: |c| c.season_sd_weeks = 1e6,
        population: true,
    },
    Choice { name: "no weights", change: |c| (c.level_sd, c.season_sd_weeks) = (1e6, 1e6), population: true },
    Choice { name: "season within 2 weeks", change: |c| c.season_sd_weeks = 2.0, population: true },
    Choice { name: "season within 6 weeks", change: |c| c.season_sd_weeks = 6.0, population: true },
    Choice { name: "level within 1 sd", change: |c| c.level_sd = 1.0, population: true },
];

/// Places with all weeks.
struct Places {
    series: Vec<CountSeries>,
    population: Vec<f64>,
}

impl Places {
    fn read() -> Result<Self, Failure> {
        let mut lines = FIGURES.lines().skip(1);
        let start: Date = lines.next().and_then(|h| h.split(',').nth(2)).ok_or("no header")?.parse()?;
        let (mut series, mut population) = (Vec::new(), Vec::new());
        for line in lines {
            let mut cells = line.split(',').skip(1);
            population.push(cells.next().ok_or("no population")?.parse()?);
            let counts = cells
                .map(|cell| if cell.is_empty() { Ok(None) } else { cell.parse().map(Some) })
                .collect::<Result<_, _>>()?;
            series.push(CountSeries::new(start, Step::Week, counts)?);
        }
        Ok(Self { series, population })
    }

    /// As far as the first `steps` weeks.
    fn panel(&self, steps: usize, with_population: bool) -> Result<Panel, Failure> {
        let cut = |s: &CountSeries| CountSeries::new(s.start(), Step::Week, s.counts()[..steps].to_vec());
        let series = self.series.iter().map(cut).collect::<Result<_, _>>()?;
        Ok(if with_population {
            Panel::with_population(series, &self.population)?
        } else {
            Panel::new(series)?
        })
    }
}

/// Sums over forecasts.
#[derive(Default)]
struct Tally {
    wis: [f64; 4],
    of: [f64; 4],
    in_half: f64,
    in_most: f64,
}

impl Tally {
    fn add(&mut self, places: &Places, forecast: &PanelForecast, last: usize) -> Result<(), Failure> {
        for (series, found) in places.series.iter().zip(&forecast.series) {
            let Ok(found) = found else { continue };
            for (k, quantiles) in found.iter().enumerate() {
                let Some(Some(truth)) = series.counts().get(last + 1 + k).copied() else { continue };
                let truth = f64::from(truth);
                self.wis[k] += weighted_interval_score(quantiles, truth)?.total;
                self.of[k] += 1.0;
                let at = |p: f64| {
                    let i = quantiles.levels().iter().position(|l| (l - p).abs() < 1e-9);
                    i.map_or(f64::NAN, |i| quantiles.values()[i])
                };
                let within = |p: f64| f64::from(u8::from((at(p)..=at(1.0 - p)).contains(&truth)));
                self.in_half += within(0.25);
                self.in_most += within(0.025);
            }
        }
        Ok(())
    }

    fn mean(&self) -> f64 {
        self.wis.iter().sum::<f64>() / self.of.iter().sum::<f64>()
    }
}

/// Reference weeks of a season.
fn weeks_of(places: &Places, season: usize) -> Vec<usize> {
    let (_, first, last) = SEASONS[season];
    let series = &places.series[0];
    (0..series.len()).filter(|&t| (first..=last).contains(&series.date(t))).collect()
}

/// Mean score relative to the random walk, and shares within the intervals of 50 and 95 %.
fn relative_to_walk(
    places: &Places,
    weeks: &[usize],
    forecast: impl Fn(&Panel, &ForecastConfig) -> Result<PanelForecast, wanquan_epi::Error>,
) -> Result<[f64; 3], Failure> {
    let config = ForecastConfig::recommended(1..=4);
    let (mut walk, mut own) = (Tally::default(), Tally::default());
    for &t in weeks {
        let panel = places.panel(t + 1, true)?;
        walk.add(places, &forecast_random_walk(&panel, &config)?, t)?;
        own.add(places, &forecast(&panel, &config)?, t)?;
    }
    let all: f64 = own.of.iter().sum();
    Ok([own.mean() / walk.mean(), 100.0 * own.in_half / all, 100.0 * own.in_most / all])
}

/// What each idea gains: the forecast without it.
fn parts(places: &Places) -> Result<(), Failure> {
    let seasons = [weeks_of(places, 0), weeks_of(places, 1)];
    println!("\n{:<40} {:>26} {:>26}", "", SEASONS[0].0, SEASONS[1].0);
    for part in std::iter::once(None).chain(ForecastPart::ALL.map(Some)) {
        let name = part.map_or_else(|| "as recommended".to_owned(), |part| format!("without {part:?}"));
        let mut cells = String::new();
        for weeks in &seasons {
            let [relative, half, most] = relative_to_walk(places, weeks, |panel, config| match part {
                None => forecast_panel(panel, config),
                Some(part) => forecast_panel_without(panel, config, part),
            })?;
            cells += &format!("{relative:>10.3} {half:>7.1} {most:>7.1}");
        }
        println!("{name:<40} {cells}");
    }
    Ok(())
}

/// The second season with other counts, or moved: two seasons of like height flatter a method that learns heights.
fn luck(places: &Places) -> Result<(), Failure> {
    let weeks = weeks_of(places, 1);
    // The season begins well before its first reference date.
    let begin = weeks[0] - 8;
    println!();
    for (factor, later) in [(1.0, 0), (1.8, 0), (0.5, 0), (1.0, 4), (1.0, 7), (1.8, 4)] {
        let moved = |s: &CountSeries| {
            let old = s.counts();
            let count = |t: usize| {
                if t < begin {
                    return old[t];
                }
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
                old[t - later].map(|n| (f64::from(n) * factor).round() as u32)
            };
            CountSeries::new(s.start(), Step::Week, (0..s.len()).map(count).collect())
        };
        let changed = Places {
            series: places.series.iter().map(moved).collect::<Result<_, _>>()?,
            population: places.population.clone(),
        };
        let [relative, ..] = relative_to_walk(&changed, &weeks, forecast_panel)?;
        println!("{} {factor} times as high, {later} weeks later: {relative:.3}", SEASONS[1].0);
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let places = Places::read()?;
    parts(&places)?;
    luck(&places)?;
    let mut relative = vec![[0.0; SEASONS.len()]; CHOICES.len()];
    for (s, (name, first, last)) in SEASONS.iter().enumerate() {
        let series = &places.series[0];
        let weeks: Vec<usize> =
            (0..series.len()).filter(|&t| (*first..=*last).contains(&series.date(t))).collect();
        let mut walk = Tally::default();
        for &t in &weeks {
            let panel = places.panel(t + 1, true)?;
            walk.add(&places, &forecast_random_walk(&panel, &ForecastConfig::recommended(1..=4))?, t)?;
        }
        let forecasts: f64 = walk.of.iter().sum();
        println!(
            "\n{name}: {} reference dates, {forecasts} forecasts, random walk {:.2}",
            weeks.len(),
            walk.mean()
        );
        println!(
            "{:<40} {:>8} {:>31} {:>7} {:>7}",
            "", "relative", "1, 2, 3, 4 weeks ahead", "in 50 %", "in 95 %"
        );
        for (c, choice) in CHOICES.iter().enumerate() {
            let mut config = ForecastConfig::recommended(1..=4);
            (choice.change)(&mut config);
            let mut own = Tally::default();
            for &t in &weeks {
                own.add(&places, &forecast_panel(&places.panel(t + 1, choice.population)?, &config)?, t)?;
            }
            relative[c][s] = own.mean() / walk.mean();
            let by_step: Vec<String> = (0..4)
                .map(|k| format!("{:7.3}", own.wis[k] / own.of[k] / (walk.wis[k] / walk.of[k])))
                .collect();
            println!(
                "{:<40} {:>8.3} {:>31} {:>7.1} {:>7.1}",
                choice.name,
                relative[c][s],
                by_step.join(" "),
                100.0 * own.in_half / forecasts,
                100.0 * own.in_most / forecasts
            );
        }
    }
    println!();
    for (s, (name, ..)) in SEASONS.iter().enumerate() {
        let best = |s: usize| (0..CHOICES.len()).min_by(|&a, &b| relative[a][s].total_cmp(&relative[b][s]));
        if let Some(chosen) = best(1 - s) {
            println!(
                "{name} with what was best in the other season ({}): {:.3}; as recommended {:.3}",
                CHOICES[chosen].name, relative[chosen][s], relative[0][s]
            );
        }
    }
    Ok(())
}
