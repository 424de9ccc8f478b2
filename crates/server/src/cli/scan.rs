//! `wanquan scan`: clusters in space, or in space and time.

use super::cells;
use super::days::Days;
use super::tables::{self, DateArgs, Output};
use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_app::forecast::hub::csv_cell;
use wanquan_app::ingest::limits::VALUES_MAX;
use wanquan_app::ingest::read::Table;
use wanquan_epi::scan::{
    Places, Scan, ScanConfig, SpaceModel, SpaceTimeModel, Windows, Zones, expected_from_margins,
    expected_from_person_time, scan_space, scan_space_time,
};

/// Cases and persons at risk of every zone on one date.
type Slice = (Vec<Option<u32>>, Vec<f64>);

/// Arguments of `wanquan scan`.
#[derive(Args)]
#[command(after_help = "Examples:
  wanquan scan cases.csv --places places.csv --model poisson
  wanquan scan weekly.csv --places places.csv --model space-time --steps-max 6
  wanquan scan weekly.csv --places places.csv --model permutation --plot clusters.html

FILE has the columns place, cases and population, for models in time also date (any equal steps, also whole numbers such as \
years; all places at each date). PLACES has the columns place, lon, lat (degrees), or place, x, y (any unit). Answers: \
cluster, place, centre, first_date, last_date, cases, expected, relative_risk, score, p_monte_carlo, p_gumbel; one row a \
place of a cluster. docs/methods/scan.md says what is computed.")]
pub struct ScanArgs {
    /// Cases by place (and date): CSV, TSV, XLSX, each also gzipped; `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the places lie.
    #[arg(long, value_name = "FILE")]
    places: PathBuf,
    /// poisson, binomial: in space. space-time: against the population. expectation: against the cases expected at
    /// each place and date (column expected). permutation: without a population.
    #[arg(long, value_enum, default_value_t = Model::Poisson)]
    model: Model,
    /// Largest zone as a share of the population, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    population_share_max: f64,
    /// Largest zone as a number of places, in place of a share of the population.
    #[arg(long, value_name = "PLACES")]
    neighbours_max: Option<usize>,
    /// Longest window in time, steps; otherwise half of them.
    #[arg(long, value_name = "STEPS")]
    steps_max: Option<usize>,
    /// Also clusters that are over, not only those that reach the last date.
    #[arg(long)]
    retrospective: bool,
    /// Random replicates for the p value.
    #[arg(long, value_name = "N", default_value_t = 999)]
    replicates: usize,
    /// Clusters reported that share no place.
    #[arg(long, value_name = "N", default_value_t = 5)]
    clusters_max: usize,
    /// Seed of the replicates.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Column with the place, in both files.
    #[arg(long, value_name = "COL")]
    place: Option<String>,
    /// Column with the date.
    #[arg(long, value_name = "COL")]
    date: Option<String>,
    /// Column with the cases.
    #[arg(long, value_name = "COL")]
    count: Option<String>,
    /// Column with the population, persons (or the expected cases).
    #[arg(long, value_name = "COL")]
    population: Option<String>,
    /// Column with the longitude in PLACES, degrees.
    #[arg(long, value_name = "COL", requires = "lat")]
    lon: Option<String>,
    /// Column with the latitude in PLACES, degrees.
    #[arg(long, value_name = "COL", requires = "lon")]
    lat: Option<String>,
    /// Column with the coordinate to the east in PLACES, any unit: distances are then straight lines.
    #[arg(long, value_name = "COL", requires = "y", conflicts_with = "lon")]
    x: Option<String>,
    /// Column with the coordinate to the north in PLACES, in the unit of x.
    #[arg(long, value_name = "COL", requires = "x")]
    y: Option<String>,
    #[command(flatten)]
    dates: DateArgs,
    #[command(flatten)]
    output: Output,
    /// Page with a map of the clusters.
    #[arg(long, value_name = "OUT.html")]
    plot: Option<PathBuf>,
}

/// Names by which the column of places is found.
const PLACE_NAMES: [&str; 9] =
    ["place", "region", "code", "location", "county", "district", "name", "地区", "区县"];

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Model {
    Poisson,
    Binomial,
    SpaceTime,
    Expectation,
    Permutation,
}

impl Model {
    fn in_time(self) -> bool {
        matches!(self, Self::SpaceTime | Self::Expectation | Self::Permutation)
    }
}

/// Where the places lie.
struct Geography {
    names: Vec<String>,
    points: Vec<[f64; 2]>,
    geographic: bool,
}

impl Geography {
    /// Leaves out the places that the table never mentions, and says so: nothing reported is not zero.
    fn keep(&mut self, mentioned: &[bool]) {
        let silent: Vec<&str> =
            self.names.iter().zip(mentioned).filter(|(_, is)| !**is).map(|(name, _)| name.as_str()).collect();
        if silent.is_empty() {
            return;
        }
        let shown =
            silent.iter().take(5).map(|name| crate::report::plain(name)).collect::<Vec<_>>().join(", ");
        let more = if silent.len() > 5 { ", ..." } else { "" };
        eprintln!("wanquan: {} of the places are left out, as they have no row: {shown}{more}", silent.len());
        let mut is = mentioned.iter();
        self.names.retain(|_| is.next() == Some(&true));
        let mut is = mentioned.iter();
        self.points.retain(|_| is.next() == Some(&true));
    }
}

/// Cases and population by date and place; one entry without dates. Only of places that are mentioned.
struct Panel {
    /// By place of the geography.
    mentioned: Vec<bool>,
    dates: Vec<Option<String>>,
    cases: Vec<Vec<u32>>,
    population: Vec<Vec<f64>>,
}

#[derive(Serialize)]
struct Line {
    cluster: usize,
    place: String,
    centre: bool,
    first_date: Option<String>,
    last_date: Option<String>,
    cases: u32,
    expected: f64,
    relative_risk: f64,
    score: f64,
    p_monte_carlo: Option<f64>,
    p_gumbel: Option<f64>,
}

impl ScanArgs {
    /// Reads, scans and writes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut geography = tables::read(&self.places, |table| self.geography(table))?;
        let panel = tables::read(&self.file, |table| self.panel(table, &geography))?;
        geography.keep(&panel.mentioned);
        let scan = self.scan(&geography, &panel)?;
        if scan.clusters.is_empty() {
            eprintln!("wanquan: no zone has more cases than expected");
        }
        let lines = lines(&geography, &panel, &scan, self.model.in_time());
        self.output.write("wanquan.scan", &lines, |lines| csv(lines))?;
        if let Some(path) = &self.plot {
            let clusters: Vec<&[usize]> = scan.clusters.iter().map(|c| c.places.as_slice()).collect();
            let page = crate::report::dots::page("Clusters", &geography.names, &geography.points, &clusters);
            tables::write(Some(path), page.as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn geography(&self, table: &Table) -> anyhow::Result<Geography> {
        let place = cells::need(table, self.place.as_deref(), &PLACE_NAMES, "--place")?;
        let lon = cells::find(table, self.lon.as_deref(), &["lon", "longitude"])?;
        let lat = cells::find(table, self.lat.as_deref(), &["lat", "latitude"])?;
        let (x, y, geographic) = match (lon, lat) {
            (Some(lon), Some(lat)) if self.x.is_none() => (lon, lat, true),
            _ => {
                let x = cells::need(table, self.x.as_deref(), &["lon", "x"], "--lon or --x")?;
                (x, cells::need(table, self.y.as_deref(), &["lat", "y"], "--lat or --y")?, false)
            }
        };
        let mut seen = BTreeSet::new();
        let mut found = Geography { names: Vec::new(), points: Vec::new(), geographic };
        cells::each(table, |row| {
            let at = |column| {
                cells::number(table, row, column)?.ok_or_else(|| cells::wrong(table, row, column, "a number"))
            };
            let name = cells::name(table, row, place)?;
            ensure!(
                seen.insert(name.clone()),
                "row {}, column `{}`: `{}` is there twice",
                row.number(),
                table.header[place],
                crate::report::plain(&name)
            );
            found.names.push(name);
            found.points.push([at(x)?, at(y)?]);
            Ok(())
        })?;
        Ok(found)
    }

    fn panel(&self, table: &Table, geography: &Geography) -> anyhow::Result<Panel> {
        let place = cells::need(table, self.place.as_deref(), &PLACE_NAMES, "--place")?;
        let count = cells::need(table, self.count.as_deref(), &["cases", "count", "value"], "--count")?;
        let population = cells::find(table, self.population.as_deref(), &["population", "expected"])?;
        ensure!(
            population.is_some() || self.model == Model::Permutation,
            "the table has no column population; name one with --population, or use --model permutation"
        );
        let date = match self.model.in_time() {
            true => Some(cells::need(
                table,
                self.date.as_deref(),
                &["date", "week_start", "week", "month", "year", "time", "日期"],
                "--date",
            )?),
            false => None,
        };
        let days = date.map(|at| Days::of(table, at, self.dates.order)).transpose()?;
        let index: BTreeMap<&str, usize> =
            geography.names.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
        let mut by_date: BTreeMap<Option<Date>, Slice> = BTreeMap::new();
        let n = geography.names.len();
        let mut mentioned = vec![false; n];
        cells::each(table, |row| {
            let name = cells::name(table, row, place)?;
            let at = *index.get(name.as_str()).with_context(|| {
                format!(
                    "row {}, column `{}`: `{}` is not in the file of places",
                    row.number(),
                    table.header[place],
                    crate::report::plain(&name)
                )
            })?;
            let when = match (date, &days) {
                (Some(at), Some(days)) => {
                    let day = days.read(table, row, at)?;
                    Some(day.ok_or_else(|| cells::wrong(table, row, at, "a date"))?)
                }
                _ => None,
            };
            let cases = cells::count(table, row, count)?;
            let cases = cases.ok_or_else(|| cells::wrong(table, row, count, "a number of cases"))?;
            // A date takes room for every place, also where most of them have no row and the table is refused in the end.
            let dates = by_date.len() + usize::from(!by_date.contains_key(&when));
            ensure!(
                dates.saturating_mul(n) <= VALUES_MAX,
                "{n} places at {dates} dates are more values than fit in memory"
            );
            let entry = by_date.entry(when).or_insert_with(|| (vec![None; n], vec![0.0; n]));
            mentioned[at] = true;
            // Several rows of a place (age groups) add up.
            let sum = entry.0[at].unwrap_or(0).checked_add(cases);
            entry.0[at] = Some(sum.context("more than 4,294,967,295 cases")?);
            if let Some(column) = population {
                let persons = cells::number(table, row, column)?.filter(|p| *p >= 0.0);
                entry.1[at] += persons.ok_or_else(|| cells::wrong(table, row, column, "a population"))?;
            }
            Ok(())
        })?;
        let mut panel = Panel { mentioned, dates: Vec::new(), cases: Vec::new(), population: Vec::new() };
        for (date, (cases, population)) in by_date {
            let date = date.zip(days).map(|(date, days)| days.calendar().say(date));
            let gap = |(i, cases): (usize, &Option<u32>)| cases.is_none() && panel.mentioned[i];
            let missing = cases.iter().enumerate().find(|at| gap(*at)).map(|(i, _)| &geography.names[i]);
            if let Some(name) = missing {
                let when = date.map_or_else(String::new, |d| format!(" at {d}"));
                anyhow::bail!(
                    "place `{name}` has no row{when}, but has others; nothing reported is not zero (a place \
                     that is not to be scanned must not stand in the tables)"
                );
            }
            panel.dates.push(date.map(|d| d.to_string()));
            panel.cases.push(cases.into_iter().flatten().collect());
            let persons = population.into_iter().zip(&panel.mentioned);
            panel.population.push(persons.filter_map(|(persons, is)| is.then_some(persons)).collect());
        }
        ensure!(!panel.cases.is_empty(), "the table has no row");
        Ok(panel)
    }

    fn scan(&self, geography: &Geography, panel: &Panel) -> anyhow::Result<Scan> {
        let places = if geography.geographic {
            Places::geographic(&geography.points)?
        } else {
            Places::planar(&geography.points)?
        };
        let config = ScanConfig {
            replicates: self.replicates,
            clusters_max: self.clusters_max,
            ..ScanConfig::recommended(self.seed)
        };
        let steps = panel.cases.len();
        let zones = match self.neighbours_max {
            Some(k) => Zones::by_neighbours(&places, k)?,
            None if self.model == Model::Permutation => {
                Zones::by_neighbours(&places, places.len().div_ceil(2))?
            }
            None => Zones::by_population(&places, &panel.population[steps - 1], self.population_share_max)?,
        };
        let space = |model| scan_space(&zones, &panel.cases[0], &panel.population[0], model, &config);
        let steps_max = self.steps_max.unwrap_or_else(|| steps.div_ceil(2));
        let windows = if self.retrospective {
            Windows::Retrospective { steps_max }
        } else {
            Windows::Prospective { steps_max }
        };
        Ok(match self.model {
            Model::Poisson => space(SpaceModel::Poisson)?,
            Model::Binomial => space(SpaceModel::Binomial)?,
            Model::SpaceTime => {
                let expected = expected_from_person_time(&panel.cases, &panel.population)?;
                scan_space_time(
                    &zones,
                    &panel.cases,
                    &expected,
                    SpaceTimeModel::Population,
                    windows,
                    &config,
                )?
            }
            Model::Expectation => scan_space_time(
                &zones,
                &panel.cases,
                &panel.population,
                SpaceTimeModel::Expectation,
                windows,
                &config,
            )?,
            Model::Permutation => {
                let expected = expected_from_margins(&panel.cases)?;
                scan_space_time(
                    &zones,
                    &panel.cases,
                    &expected,
                    SpaceTimeModel::Permutation,
                    windows,
                    &config,
                )?
            }
        })
    }
}

fn lines(geography: &Geography, panel: &Panel, scan: &Scan, in_time: bool) -> Vec<Line> {
    let date = |step: usize| panel.dates.get(step).cloned().flatten().filter(|_| in_time);
    let mut lines = Vec::new();
    for (i, c) in scan.clusters.iter().enumerate() {
        for (k, &place) in c.places.iter().enumerate() {
            lines.push(Line {
                cluster: i + 1,
                place: geography.names[place].clone(),
                centre: k == 0,
                first_date: date(c.first_step),
                last_date: date(c.last_step),
                cases: c.cases,
                expected: c.expected,
                relative_risk: c.relative_risk_inside,
                score: c.score,
                p_monte_carlo: c.significance.map(|s| s.p_monte_carlo),
                p_gumbel: c.significance.and_then(|s| s.p_gumbel),
            });
        }
    }
    lines
}

fn csv(lines: &[Line]) -> String {
    let mut out = String::from(
        "cluster,place,centre,first_date,last_date,cases,expected,relative_risk,score,p_monte_carlo,p_gumbel\n",
    );
    let date = |d: &Option<String>| d.clone().unwrap_or_default();
    for l in lines {
        let _ = writeln!(
            out,
            "{},{},{},{},{},{},{},{},{},{},{}",
            l.cluster,
            csv_cell(&l.place),
            l.centre,
            date(&l.first_date),
            date(&l.last_date),
            l.cases,
            l.expected,
            l.relative_risk,
            l.score,
            cells::written(l.p_monte_carlo),
            cells::written(l.p_gumbel)
        );
    }
    out
}
