//! `wanquan forecast`: quantiles of the coming weeks or days, by place, as they could have been told on any day.

use super::tables::{self, CountArgs, DateArgs, Form, Progress};
use crate::report::fan;
use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_app::forecast::Cell;
use wanquan_app::forecast::hub::{Compressed, Counts, Revisions, read_counts, read_population};
use wanquan_app::forecast::hub::{compress, read_revisions, write_forecasts};
use wanquan_app::forecast::run::{
    Method, Order, Outcome, counts_of, forecast_revisions, forecast_series, last_label, read_panel,
};
use wanquan_app::ingest::series::{SeriesOptions, SeriesSet, Step};
use wanquan_epi::forecast::ForecastConfig;

/// Arguments of `wanquan forecast`.
#[derive(Args)]
#[command(after_help = "Examples:
  wanquan forecast panel.csv -o forecast.csv --plot forecast.html
  zcat panel.csv.gz | wanquan forecast - --horizons 1-14
  wanquan forecast --target revisions.csv.gz --target-final older.csv \\
    --reference-dates 2023-10-14..2024-05-04 --step 7 --horizons 0-3 -o out.csv.gz

A panel has the columns series, date, cases, or a column a series, or a column a date. \
A table of revisions has the columns as_of, location, date, value: a row where a value differs \
from the publication before. Answers have the columns of forecast hubs: model, reference_date, \
horizon, target_end_date, location, quantile, value. \
docs/methods/forecast.md describes the method.")]
pub struct ForecastArgs {
    /// Counts by series and date: CSV, TSV, XLSX, each also gzipped; `-` for standard input.
    #[arg(value_name = "FILE", required_unless_present = "target", conflicts_with = "target")]
    file: Option<PathBuf>,
    /// What was published when (as_of, location, date, value), in place of FILE.
    #[arg(long, value_name = "REVISIONS")]
    target: Option<PathBuf>,
    /// Final counts (date, location, value, weekly_rate) for steps older than the first publication; rates give the
    /// population.
    #[arg(long, value_name = "OLDER", requires = "target")]
    target_final: Option<PathBuf>,
    /// Persons by place (location, population); without, each place is compared with its own mean.
    #[arg(long, value_name = "TABLE")]
    population: Option<PathBuf>,
    /// Days on which to forecast, each from what was known then: FIRST..LAST, or dates with commas. Otherwise the last
    /// date of FILE, or the last publication.
    #[arg(long, value_name = "DATES", value_parser = dates)]
    reference_dates: Option<Dates>,
    /// Days from one reference date to the next.
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    step: u16,
    /// Steps of the series (weeks, days or months) from reference date to target: 0-3, or 1,2,4. Otherwise 1-4 weeks,
    /// 1-28 days or 1-3 months; 0-3 with --target.
    #[arg(long, value_name = "STEPS", value_parser = horizons)]
    horizons: Option<Horizons>,
    /// Days from the date that a publication bears to its arrival; only what arrived by the reference date is used.
    /// 7 where publications bear the last day of their newest week and appear in the week after.
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    lag_days: u16,
    /// The recommended ensemble, or the random walk as a yardstick to score it against.
    #[arg(long, value_enum, default_value_t = MethodArg::Recommended)]
    method: MethodArg,
    /// Half-width of the season whose growth counts, in weeks (standard deviation).
    #[arg(long, value_name = "WEEKS")]
    season_sd_weeks: Option<f64>,
    /// Weight of the rest of the year, 0 to 1.
    #[arg(long, value_name = "SHARE")]
    off_season_weight: Option<f64>,
    /// Half-width of the level of all series at which past growth counts, in standard deviations over the past.
    #[arg(long, value_name = "SDS")]
    level_sd: Option<f64>,
    /// Column that names the series.
    #[arg(long, value_name = "COL", conflicts_with = "target")]
    series: Option<String>,
    /// Column with the date.
    #[arg(long, value_name = "COL", conflicts_with = "target")]
    date: Option<String>,
    /// Column with the count.
    #[arg(long, value_name = "COL", conflicts_with = "target")]
    count: Option<String>,
    #[command(flatten)]
    dates: DateArgs,
    #[command(flatten)]
    counts: CountArgs,
    /// Name in the column `model`.
    #[arg(long, default_value = "wanquan")]
    model: String,
    /// Form of the answer.
    #[arg(long, value_enum, default_value_t = Form::Csv)]
    format: Form,
    /// File to write, gzipped if it ends in .gz; otherwise standard output.
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Page with a fan chart a place.
    #[arg(long, value_name = "OUT.html")]
    plot: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MethodArg {
    Recommended,
    RandomWalk,
}

#[derive(Clone)]
enum Dates {
    Range(Date, Date),
    List(Vec<Date>),
}

fn dates(text: &str) -> Result<Dates, String> {
    let one =
        |text: &str| text.trim().parse::<Date>().map_err(|_| format!("`{text}` is no date like 2024-01-06"));
    if let Some((first, last)) = text.split_once("..") {
        let (first, last) = (one(first)?, one(last)?);
        return if first <= last {
            Ok(Dates::Range(first, last))
        } else {
            Err("the first is later".to_owned())
        };
    }
    let mut list = text.split(',').map(one).collect::<Result<Vec<_>, _>>()?;
    list.sort_unstable();
    list.dedup();
    Ok(Dates::List(list))
}

impl Dates {
    fn list(&self, step_days: u16) -> Vec<Date> {
        match self {
            Self::List(list) => list.clone(),
            Self::Range(first, last) => {
                let span = jiff::Span::new().days(i64::from(step_days));
                first.series(span).take_while(|date| date <= last).collect()
            }
        }
    }
}

#[derive(Clone)]
struct Horizons(Vec<u16>);

fn horizons(text: &str) -> Result<Horizons, String> {
    let one = |text: &str| text.trim().parse::<u16>().map_err(|_| format!("`{text}` is no number of steps"));
    let mut list = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            Some((first, last)) => list.extend(one(first)?..=one(last)?),
            None => list.push(one(part)?),
        }
    }
    list.sort_unstable();
    list.dedup();
    if list.is_empty() { Err("no horizon".to_owned()) } else { Ok(Horizons(list)) }
}

/// What is forecast, as read.
enum Input {
    Revisions { revisions: Revisions, older: Option<Counts> },
    Series(SeriesSet),
}

impl ForecastArgs {
    /// Reads, forecasts and writes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let input = self.read()?;
        let order = self.order(&input)?;
        let progress = Progress::new("reference dates", order.reference_dates.len());
        let outcome = match &input {
            Input::Revisions { revisions, older } => {
                forecast_revisions(revisions, older.as_ref(), &order, &|| progress.step())
            }
            Input::Series(set) => forecast_series(set, &order, &|| progress.step()),
        }?;
        progress.end();
        self.remark(&outcome);
        let mut text = Vec::new();
        let compressed = self.output.as_deref().map_or(Compressed::No, Compressed::by_name);
        match self.format {
            Form::Csv => write_forecasts(&mut text, compressed, &self.model, &outcome.cells)?,
            Form::Json => compress(&mut text, compressed, &json(&self.model, &outcome.cells)?)?,
        }
        tables::write(self.output.as_deref(), &text)?;
        if let Some(path) = &self.plot {
            let observed = match &input {
                Input::Revisions { revisions, older } => latest(revisions, older.as_ref()),
                Input::Series(set) => counts_of(set)?,
            };
            std::fs::write(path, fan::render(&observed, &outcome.cells))
                .with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn read(&self) -> anyhow::Result<Input> {
        if let Some(path) = &self.target {
            let revisions = tables::read(path, |table| Ok(read_revisions(table)?))?;
            let older =
                self.target_final.as_ref().map(|p| tables::read(p, |t| Ok(read_counts(t)?))).transpose()?;
            return Ok(Input::Revisions { revisions, older });
        }
        let Some(path) = &self.file else { bail!("name a file, or --target") };
        let options = SeriesOptions {
            region: self.series.clone(),
            date: self.date.clone(),
            count: self.count.clone(),
            date_order: self.dates.order,
            counting: self.counts.counting,
        };
        let set = tables::read(path, |table| Ok(read_panel(table, &options)?))?;
        for remark in &set.remarks {
            eprintln!("wanquan: {}: {}", remark.code, crate::report::plain(&remark.text.en));
        }
        Ok(Input::Series(set))
    }

    fn order(&self, input: &Input) -> anyhow::Result<Order> {
        let (last, usual) = match input {
            Input::Revisions { revisions, .. } => {
                let last = revisions.rows.last().map(|row| row.as_of).context("no publication")?;
                (last, 0..=3)
            }
            Input::Series(set) => {
                let usual = match set.step {
                    Step::Day => 1..=28,
                    Step::Week => 1..=4,
                    Step::Month => 1..=3,
                };
                (last_label(set)?, usual)
            }
        };
        let reference_dates =
            self.reference_dates.as_ref().map_or_else(|| vec![last], |dates| dates.list(self.step));
        let population = match &self.population {
            Some(path) => tables::read(path, |table| Ok(read_population(table)?))?,
            None => BTreeMap::new(),
        };
        let recommended = ForecastConfig::recommended([]);
        let config = ForecastConfig {
            season_sd_weeks: self.season_sd_weeks.unwrap_or(recommended.season_sd_weeks),
            off_season_weight: self.off_season_weight.unwrap_or(recommended.off_season_weight),
            level_sd: self.level_sd.unwrap_or(recommended.level_sd),
            ..recommended
        };
        ensure!(!reference_dates.is_empty(), "no reference date");
        Ok(Order {
            reference_dates,
            horizons: self.horizons.as_ref().map_or_else(|| usual.collect(), |h| h.0.clone()),
            lag_days: self.lag_days,
            population,
            method: match self.method {
                MethodArg::Recommended => Method::Recommended,
                MethodArg::RandomWalk => Method::RandomWalk,
            },
            config,
        })
    }

    /// What a reader of the numbers should know.
    fn remark(&self, outcome: &Outcome) {
        let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (date, place, why) in &outcome.without {
            by_reason.entry(why.to_string()).or_default().push(format!("{place} ({date})"));
        }
        for (why, places) in by_reason {
            let shown = places.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            let more = if places.len() > 5 { ", ..." } else { "" };
            let shown = crate::report::plain(&shown);
            eprintln!("wanquan: {} without a forecast, {why}: {shown}{more}", places.len());
        }
        if outcome.reported_already > 0 {
            eprintln!(
                "wanquan: {} of {} forecasts are of steps whose first report was published by the reference date \
                 as dated (as_of); if publications arrive later than they are dated, say --lag-days",
                outcome.reported_already,
                outcome.cells.len()
            );
        }
    }
}

/// Forecasts with their quantiles, one object a place, reference date and horizon.
fn json(model: &str, cells: &[Cell]) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Answer<'a> {
        model: &'a str,
        forecasts: Vec<Told<'a>>,
    }
    #[derive(Serialize)]
    struct Told<'a> {
        location: &'a str,
        reference_date: Date,
        horizon: i32,
        target_end_date: Date,
        quantiles: &'a [f64],
        values: Vec<f64>,
    }
    let told = |cell: &'_ Cell| -> Vec<f64> {
        // As in the table: a thousandth of a case is below any use.
        cell.forecast.values().iter().map(|value| (value * 1e3).round() / 1e3).collect()
    };
    let forecasts = cells
        .iter()
        .map(|cell| Told {
            location: &cell.location,
            reference_date: cell.reference_date,
            horizon: cell.horizon,
            target_end_date: cell.target_end_date,
            quantiles: cell.forecast.levels(),
            values: told(cell),
        })
        .collect();
    tables::json("wanquan.forecast", &Answer { model, forecasts })
}

/// The latest count of each step, for the chart.
fn latest(revisions: &Revisions, older: Option<&Counts>) -> Counts {
    let mut counts = older.cloned().unwrap_or_default();
    for row in &revisions.rows {
        let by_date = counts.by_location.entry(revisions.locations[row.location].clone()).or_default();
        match row.value {
            Some(n) => drop(by_date.insert(row.date, n)),
            None => drop(by_date.remove(&row.date)),
        }
    }
    counts
}
