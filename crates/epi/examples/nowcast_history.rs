//! Nowcasts as known on each day of history, against what came out: the table of
//! docs/methods/nowcast_state_space.md, with the processor time that one nowcast takes.
//!
//! `cargo run --release -p wanquan-epi --example nowcast_history` runs the HUS outbreak of 2011 and simulated
//! epidemics (with one argument those whose name contains it); with `FILE EVENT_COLUMN REPORT_COLUMN DELAY_MAX` it runs a line list of your own;
//! with `revisions FILE DELAY_WEEKS` weekly counts by place as they were published and revised (columns as_of, location, date,
//! value; `-` is standard input), a line a place.
#![allow(clippy::print_stdout, reason = "an example that prints a table")]

use jiff::ToSpan;
use jiff::civil::{Date, date};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use wanquan_epi::Step;
use wanquan_epi::delay::ReportingTriangle;
use wanquan_epi::delay::nowcast::{
    BayesNowcastConfig, LawlessConfig, NowcastEvaluation, NowcastMethod, StateSpaceConfig, evaluate_nowcast,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, file, delay_max] = args.as_slice()
        && word == "revisions"
    {
        return revisions(file, delay_max.parse()?);
    }
    println!(
        "{:<28} {:>5} | {:>9} | {:>20} | {:>20} | {:>20} | ms a date",
        "data", "dates", "as known", "state space", "Lawless", "Bayes"
    );
    println!("{:<28} {:>5} | {:>9} | {:>20} | {:>20} | {:>20} |", "", "", "WIS", "WIS  50%  95%", "", "");
    if let [file, event, report, delay_max] = args.as_slice() {
        let events = line_list(file, event, report)?;
        let first = events.iter().map(|e| e.0).min().ok_or("no case")?;
        let last = events.iter().map(|e| e.1).max().ok_or("no case")?;
        let triangle = ReportingTriangle::from_events(first, last, Step::Day, &events)?;
        return evaluate(file, &triangle, delay_max.parse()?);
    }
    let wanted = |name: &str| args.first().is_none_or(|part| name.contains(part.as_str()));
    if wanted("HUS, Germany 2011") {
        evaluate("HUS, Germany 2011", &hus()?, 15)?;
    }
    for scenario in SCENARIOS.iter().filter(|s| wanted(s.name)) {
        evaluate(scenario.name, &scenario.simulate(1)?, 14)?;
    }
    Ok(())
}

fn evaluate(
    name: &str,
    triangle: &ReportingTriangle,
    delay_max: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let days = (delay_max + 8).max(triangle.len() / 4)..triangle.len() - delay_max;
    let mean = (0..triangle.len()).map(|t| triangle.known(t)).sum::<u64>() as f64 / triangle.len() as f64;
    let probs = vec![0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975];
    let methods = [
        NowcastMethod::StateSpace(StateSpaceConfig {
            quantile_probs: probs.clone(),
            ..StateSpaceConfig::recommended(delay_max)
        }),
        NowcastMethod::Lawless(LawlessConfig {
            quantile_probs: probs.clone(),
            ..LawlessConfig::recommended(delay_max)
        }),
        NowcastMethod::Bayes(BayesNowcastConfig {
            quantile_probs: probs.clone(),
            ..BayesNowcastConfig::recommended(delay_max, mean.max(1.0))
        }),
    ];
    let mut cells = Vec::new();
    let mut milliseconds = Vec::new();
    let mut uncorrected = 0.0;
    for method in &methods {
        let found = evaluate_nowcast(triangle, days.clone(), 0..delay_max, method, 1)?;
        uncorrected = found.wis_uncorrected_mean;
        cells.push(format!(
            "{:9.3}  {:2.0}   {:3.0} {}",
            found.wis_mean,
            100.0 * found.coverage_half_randomised,
            100.0 * found.coverage,
            if found.failed.is_empty() { String::new() } else { format!("({} failed)", found.failed.len()) }
        ));
        let known = triangle.as_known_on(triangle.date(days.end - 1))?;
        let start = processor_ms();
        for seed in 0..5 {
            method.nowcast(&known, seed)?;
        }
        milliseconds.push(format!("{:.1}", (processor_ms() - start) / 5.0));
    }
    println!(
        "{name:<28} {:>5} | {uncorrected:>9.3} | {:>20} | {:>20} | {:>20} | {}",
        days.len(),
        cells[0],
        cells[1],
        cells[2],
        milliseconds.join(" ")
    );
    Ok(())
}

/// Processor time of this thread, ms, where the system tells it (Linux): what others run at the time does not count.
fn processor_ms() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e6
}

fn line_list(file: &str, event: &str, report: &str) -> Result<Vec<(Date, Date)>, Box<dyn std::error::Error>> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_path(file)?;
    let header = reader.headers()?.clone();
    let column =
        |name: &str| header.iter().position(|h| h == name).ok_or_else(|| format!("no column {name}"));
    let (event, report) = (column(event)?, column(report)?);
    let mut events = Vec::new();
    for record in reader.records() {
        let record = record?;
        if let (Ok(event), Ok(report)) = (record[event].parse::<Date>(), record[report].parse::<Date>()) {
            events.push((event, report));
        }
    }
    Ok(events)
}

/// Each place of a table of revisions by itself, and all together: the default method against taking what is published for all
/// there will be.
fn revisions(file: &str, delay_max: usize) -> Result<(), Box<dyn std::error::Error>> {
    let input: Box<dyn std::io::Read> =
        if file == "-" { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(file)?) };
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(input);
    let header = reader.headers()?.clone();
    let column =
        |name: &str| header.iter().position(|h| h == name).ok_or_else(|| format!("no column {name}"));
    let (as_of, place) = (column("as_of")?, column("location")?);
    let (date, value) = (column("date")?, column("value")?);
    let mut published: BTreeMap<String, BTreeMap<Date, BTreeMap<Date, i64>>> = BTreeMap::new();
    for record in reader.records() {
        let record = record?;
        let of_date = published.entry(record[place].to_owned()).or_default().entry(record[date].parse()?);
        of_date.or_default().insert(record[as_of].parse()?, record[value].parse()?);
    }
    let weeks = |by_date: &BTreeMap<Date, BTreeMap<Date, i64>>| {
        by_date.values().filter_map(|values| values.keys().next().copied()).min()
    };
    // What was known when publication began says nothing about delays.
    let first = published.values().filter_map(weeks).min().ok_or("no row")?;
    let last =
        published.values().flat_map(|d| d.values()).filter_map(|v| v.keys().next_back().copied()).max();
    let last = last.ok_or("no row")?;
    let method = NowcastMethod::StateSpace(StateSpaceConfig::recommended(delay_max));
    let (mut all, mut worse) = (Vec::new(), 0);
    println!("place  nowcasts  as published  state space   50 %   95 %");
    for (place, by_date) in &published {
        let changes = by_date.range(first..).flat_map(|(date, values)| {
            let mut before = 0;
            values.iter().map(move |(as_of, value)| {
                let change = (*date, *as_of, value - before);
                before = *value;
                change
            })
        });
        let triangle = ReportingTriangle::from_changes(first, last, Step::Week, changes)?;
        let days = delay_max + 8..triangle.len() - delay_max;
        let found = match evaluate_nowcast(&triangle, days, 0..delay_max, &method, 1) {
            Ok(found) => found,
            Err(why) => {
                println!("{place:<6} {why}");
                continue;
            }
        };
        println!(
            "{place:<6} {:>8}  {:>12.3}  {:>11.3}  {:>5.0}  {:>5.0}",
            found.scores.len(),
            found.wis_uncorrected_mean,
            found.wis_mean,
            100.0 * found.coverage_half_randomised,
            100.0 * found.coverage
        );
        if found.wis_mean > found.wis_uncorrected_mean {
            worse += 1;
        }
        all.push(found);
    }
    let mean = |of: &dyn Fn(&NowcastEvaluation) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
    let most = all.iter().map(|e| e.wis_mean - e.wis_uncorrected_mean).fold(f64::NEG_INFINITY, f64::max);
    println!(
        "{} places: {:.3} as published, {:.3} by state space, {:.0} and {:.0} %; {worse} lose, the most {most:.3}",
        all.len(),
        mean(&|e| e.wis_uncorrected_mean),
        mean(&|e| e.wis_mean),
        100.0 * mean(&|e| e.coverage_half_randomised),
        100.0 * mean(&|e| e.coverage)
    );
    Ok(())
}

fn hus() -> Result<ReportingTriangle, Box<dyn std::error::Error>> {
    let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/hus_o104_de_2011.csv"));
    let mut changes = Vec::new();
    for line in figures.lines().skip(2) {
        let fields: Vec<&str> = line.split(',').collect();
        changes.push((fields[0].parse()?, fields[1].parse()?, fields[2].parse()?));
    }
    Ok(ReportingTriangle::from_changes(date(2011, 5, 2), date(2011, 7, 5), Step::Day, changes)?)
}

/// A simulated epidemic: expected cases by day, mean delay by day, factor of reports by weekday.
struct Scenario {
    name: &'static str,
    mean: fn(usize) -> f64,
    delay_mean: fn(usize) -> f64,
    weekend: f64,
}

const SCENARIOS: [Scenario; 6] = [
    Scenario { name: "steady, 40 a day", mean: |_| 40.0, delay_mean: |_| 4.0, weekend: 1.0 },
    Scenario { name: "steady, 2 a day", mean: |_| 2.0, delay_mean: |_| 4.0, weekend: 1.0 },
    Scenario { name: "weekend effect", mean: |_| 60.0, delay_mean: |_| 3.0, weekend: 0.15 },
    Scenario {
        name: "delays double at day 80",
        mean: |_| 60.0,
        delay_mean: |t| if t < 80 { 2.5 } else { 5.0 },
        weekend: 1.0,
    },
    Scenario {
        name: "wave, weekends, faster",
        mean: |t| 5.0 + 300.0 * (-((t as f64 - 80.0) / 22.0).powi(2)).exp(),
        delay_mean: |t| 5.0 - 3.0 * (t as f64 / 160.0),
        weekend: 0.3,
    },
    Scenario {
        name: "thousands, overdispersed",
        mean: |t| 4000.0 + 2000.0 * (t as f64 / 20.0).sin(),
        delay_mean: |_| 4.0,
        weekend: 0.5,
    },
];

impl Scenario {
    /// 160 days; counts with an extra lognormal scatter of 10 %.
    fn simulate(&self, seed: u64) -> Result<ReportingTriangle, Box<dyn std::error::Error>> {
        let start = date(2024, 1, 1);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut events = Vec::new();
        for t in 0..160 {
            let scatter = (0.1 * (0..12).map(|_| rng.random::<f64>() - 0.5).sum::<f64>()).exp();
            let mean = (self.mean)(t) * scatter;
            // Thinning of a fixed number of trials: Poisson to a good approximation.
            let trials = (mean * 20.0).ceil();
            let mut cases = 0;
            let mut i = 0.0;
            while i < trials {
                cases += u32::from(rng.random::<f64>() < mean / trials);
                i += 1.0;
            }
            let event = start.checked_add(i64::try_from(t)?.days())?;
            for _ in 0..cases {
                let p = 1.0 / ((self.delay_mean)(t) + 1.0);
                // Sum of two geometric delays, each step of which waits on weekends.
                let mut delay = 0_i64;
                let mut stages = 0;
                while stages < 2 && delay < 14 {
                    let weekday = event.checked_add(delay.days())?.weekday().to_monday_zero_offset();
                    let open = if weekday >= 5 { self.weekend } else { 1.0 };
                    if rng.random::<f64>() < open * 2.0 * p / (1.0 + p) {
                        stages += 1;
                    } else {
                        delay += 1;
                    }
                }
                events.push((event, event.checked_add(delay.days())?));
            }
        }
        let end = start.checked_add(174.days())?;
        Ok(ReportingTriangle::from_events(start, end, Step::Day, &events)?)
    }
}
