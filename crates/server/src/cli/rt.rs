//! `wanquan rt`: reproduction numbers of daily series.

use super::cells;
use super::days::{Calendar, Day, Days};
use super::tables::{self, CountArgs, DateArgs, Output};
use crate::report::band::{self, Band, Point};
use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_app::forecast::hub::csv_cell;
use wanquan_app::forecast::run::{place_key, read_panel};
use wanquan_app::ingest::limits::VALUES_MAX;
use wanquan_app::ingest::read::Table;
use wanquan_app::ingest::series::{
    ColumnsUsed, Counting, Layout, Place, SeriesError, SeriesOptions, SeriesSet, read_series,
};
use wanquan_epi::delay::{DelayDistribution, DelayFamily};
use wanquan_epi::rt::growth::Interval;
use wanquan_epi::rt::r0::{R0Config, R0Estimate, estimate_r0_by_likelihood, estimate_r0_from_growth};
use wanquan_epi::rt::serial_interval::discretise_gamma;
use wanquan_epi::rt::{
    CohortConfig, Incidence, NoCohortEstimate, NoEstimate, RtConfig, Truncation, UncertainDays,
    UncertainSerialInterval, estimate_rc, estimate_rt, estimate_rt_uncertain,
};
use wanquan_epi::{CountSeries, Pmf, Step};

/// Arguments of `wanquan rt`.
#[derive(Args)]
#[command(after_help = "Examples:
  wanquan rt cases.csv --si-mean 4.7 --si-sd 2.9 --plot rt.html
  wanquan rt cases.csv --si-mean 8.4 --si-sd 3.8 --si-mean-sd 1 --si-sd-sd 0.5
  wanquan rt cases.csv --si-file interval.csv --method cohort --window 7
  wanquan rt cases.csv --si-mean 2.6 --si-sd 1.5 --method r0-likelihood --from 2009-04-27 --to 2009-05-05

  wanquan rt flu1918.csv --date day --count I --si-mean 2.6 --si-sd 1.5 --from 10 --to 40

FILE holds daily counts (series, date, cases; or any layout that `wanquan analyze` reads) or one row a case with a date of \
onset. Counts may also stand by day number (whole numbers such as day 1, 2, 3 of an outbreak; a day without a row was not \
reported); answers then have day numbers too. --si-file has the columns days and prob. Answers: series, window_start, window_end, cases, mean, sd, lower, \
median, upper, reason (why a window has no estimate). docs/methods/rt_cori.md, rt_wallinga_teunis.md and r0.md say \
what is computed.")]
pub struct RtArgs {
    /// Daily counts or line list: CSV, TSV, XLSX, each also gzipped; `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// instantaneous: R on sliding windows (Cori). cohort: offspring by day of onset (Wallinga-Teunis).
    /// r0-growth, r0-likelihood: R0 of the days --from to --to.
    #[arg(long, value_enum, default_value_t = Method::Instantaneous)]
    method: Method,
    /// Mean of the serial interval (for R0: the generation time), days.
    #[arg(long, value_name = "DAYS", required_unless_present = "si_file")]
    si_mean: Option<f64>,
    /// Standard deviation of the serial interval, days.
    #[arg(long, value_name = "DAYS", required_unless_present = "si_file")]
    si_sd: Option<f64>,
    /// Uncertainty of the mean (standard deviation), days: R is averaged over serial intervals.
    #[arg(long, value_name = "DAYS", requires = "si_sd_sd")]
    si_mean_sd: Option<f64>,
    /// Uncertainty of the standard deviation (standard deviation), days.
    #[arg(long, value_name = "DAYS", requires = "si_mean_sd")]
    si_sd_sd: Option<f64>,
    /// Serial interval as a table: days, prob.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["si_mean", "si_sd", "si_mean_sd"])]
    si_file: Option<PathBuf>,
    /// Days per window.
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    window: usize,
    /// Mean of the gamma prior of R.
    #[arg(long, value_name = "R", default_value_t = 5.0)]
    prior_mean: f64,
    /// Standard deviation of the prior of R.
    #[arg(long, value_name = "R", default_value_t = 5.0)]
    prior_sd: f64,
    /// Fewest local cases in a window for an estimate.
    #[arg(long, value_name = "CASES", default_value_t = 11)]
    cases_min: u32,
    /// Do not correct cohorts for offspring still to come.
    #[arg(long)]
    as_observed: bool,
    /// Probability of the interval, 0 to 1.
    #[arg(long, value_name = "PROB", default_value_t = 0.95)]
    interval: f64,
    /// Column with the cases infected elsewhere (counts); the count column then holds the local ones.
    #[arg(long, value_name = "COL")]
    imported: Option<String>,
    /// First day used.
    #[arg(long, value_name = "DATE|DAY", allow_negative_numbers = true)]
    from: Option<Day>,
    /// Last day used: leave out days whose reports are still coming in.
    #[arg(long, value_name = "DATE|DAY", allow_negative_numbers = true)]
    to: Option<Day>,
    /// Serial intervals drawn where they are uncertain.
    #[arg(long, value_name = "N", default_value_t = 500)]
    draws: usize,
    /// Seed of the draws.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Column that names the series.
    #[arg(long, value_name = "COL")]
    series: Option<String>,
    /// Column with the date (of onset), or with the day number.
    #[arg(long, value_name = "COL")]
    date: Option<String>,
    /// Column with the count.
    #[arg(long, value_name = "COL")]
    count: Option<String>,
    #[command(flatten)]
    dates: DateArgs,
    #[command(flatten)]
    counts: CountArgs,
    #[command(flatten)]
    output: Output,
    /// Page with a chart a series.
    #[arg(long, value_name = "OUT.html")]
    plot: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    Instantaneous,
    Cohort,
    R0Growth,
    R0Likelihood,
}

/// A row of the answer; `D` is a date while it is computed, and as the table writes days when it is told.
#[derive(Serialize)]
struct Line<D> {
    series: String,
    window_start: D,
    window_end: D,
    cases: u64,
    mean: Option<f64>,
    sd: Option<f64>,
    lower: Option<f64>,
    median: Option<f64>,
    upper: Option<f64>,
    reason: Option<String>,
}

impl Line<Date> {
    fn told(self, calendar: Calendar) -> Line<Day> {
        Line {
            series: self.series,
            window_start: calendar.say(self.window_start),
            window_end: calendar.say(self.window_end),
            cases: self.cases,
            mean: self.mean,
            sd: self.sd,
            lower: self.lower,
            median: self.median,
            upper: self.upper,
            reason: self.reason,
        }
    }
}

impl RtArgs {
    /// Reads, estimates and writes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        ensure!(self.interval > 0.0 && self.interval < 1.0, "--interval must lie between 0 and 1");
        // Both come from one reading: standard input can be read once.
        let ((local, calendar), imported) = tables::read(&self.file, |table| {
            let local = self.read(table, self.count.as_deref())?;
            let imported = self.imported.as_deref().map(|column| self.read(table, Some(column)));
            Ok((local, imported.transpose()?))
        })?;
        ensure!(local.step == Step::Day, "the series are not daily; reproduction numbers need days");
        let (mut lines, mut bands) = (Vec::new(), Vec::new());
        for at in 0..local.places.len() {
            let name = place_key(&local.places[at]);
            let cases = self.cut(&local, calendar, at)?;
            let brought = match &imported {
                Some((set, calendar)) => {
                    // A single series of day numbers bears the name of its column, which differs from the other's.
                    let other = match (set.places.len(), local.places.len()) {
                        (1, 1) => Some(0),
                        _ => set.places.iter().position(|p| place_key(p) == name),
                    };
                    let other = other.with_context(|| format!("series {name} has no imported cases"))?;
                    ensure!(
                        (set.start, set.steps) == (local.start, local.steps),
                        "imported and local cases do not cover the same days"
                    );
                    Some(self.cut(set, *calendar, other)?)
                }
                None => None,
            };
            match self.estimate(&name, &cases, brought.as_ref()) {
                Ok(found) => {
                    bands.push(band_of(&name, &cases, &found));
                    lines.extend(found.into_iter().map(|line| line.told(calendar)));
                }
                Err(error) if local.places.len() > 1 => {
                    eprintln!("wanquan: {}: {error:#}", crate::report::plain(&name));
                }
                Err(error) => return Err(error),
            }
        }
        ensure!(!lines.is_empty(), "no series could be estimated");
        self.output.write("wanquan.rt", &lines, |lines| csv(lines))?;
        if let Some(path) = &self.plot {
            let key = "Line: reproduction number with its interval; the dashed line is 1. Bars: cases, scaled to the chart.";
            let page = band::page("Reproduction number", key, &bands, &|date| calendar.say(date).to_string());
            tables::write(Some(path), page.as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn read(&self, table: &Table, count: Option<&str>) -> anyhow::Result<(SeriesSet, Calendar)> {
        let options = SeriesOptions {
            region: self.series.clone(),
            date: self.date.clone(),
            count: count.map(str::to_owned),
            date_order: self.dates.order,
            counting: self.counts.counting,
        };
        let (set, calendar) = match self.day_numbers(table, &options)? {
            Some(date) => (self.numbered(table, date, count)?, Calendar::Numbers),
            None => (read_panel(table, &options)?, Calendar::Dates),
        };
        for remark in &set.remarks {
            eprintln!("wanquan: {}: {}", remark.code, crate::report::plain(&remark.text.en));
        }
        Ok((set, calendar))
    }

    /// The column of day numbers: the one named, or a usual one of a table that has no column of dates.
    fn day_numbers(&self, table: &Table, options: &SeriesOptions) -> anyhow::Result<Option<usize>> {
        let at = match self.date.as_deref() {
            Some(name) => cells::find(table, Some(name), &[])?,
            None => cells::find(table, None, &["day", "days", "time", "t"])?
                .filter(|_| matches!(read_series(table, options), Err(SeriesError::NoDate { .. }))),
        };
        let Some(at) = at else { return Ok(None) };
        let days = Days::of(table, at, self.dates.order)?;
        Ok(Some(at).filter(|_| days.calendar() == Calendar::Numbers))
    }

    /// Counts by series and day number, on the days from the first to the last of the table.
    fn numbered(&self, table: &Table, date: usize, count: Option<&str>) -> anyhow::Result<SeriesSet> {
        ensure!(
            self.counts.counting != Some(Counting::Cumulative),
            "running totals by day number are not taken apart; give new cases of each day"
        );
        let series = cells::find(table, self.series.as_deref(), &["series"])?;
        let usual = ["cases", "count", "incidence", "i", "n", "value"];
        let others: Vec<usize> =
            (0..table.header.len()).filter(|&at| at != date && Some(at) != series).collect();
        let count = match (cells::find(table, count, &usual)?, &others[..]) {
            (Some(found), _) => found,
            (None, [only]) => *only,
            (None, _) => cells::need(table, None, &usual, "--count")?,
        };
        let mut by_series: BTreeMap<String, BTreeMap<Date, Option<u32>>> = BTreeMap::new();
        let mut names = Vec::new();
        cells::each(table, |row| {
            let day = Days::Numbers.read(table, row, date)?;
            let day = day.ok_or_else(|| cells::wrong(table, row, date, "a day number"))?;
            let name = match series {
                Some(at) => cells::name(table, row, at)?,
                None => table.header[count].clone(),
            };
            let n = cells::count(table, row, count)?.filter(|n| i32::try_from(*n).is_ok());
            if n.is_none() && !cells::text(row, count).is_empty() {
                return Err(cells::wrong(table, row, count, "a count up to 2,147,483,647"));
            }
            let counts = by_series.entry(name.clone()).or_insert_with(|| {
                names.push(name);
                BTreeMap::new()
            });
            let before = counts.insert(day, n);
            ensure!(
                before.is_none(),
                "row {}, column `{}`: the day has a row already",
                row.number(),
                table.header[date]
            );
            Ok(())
        })?;
        let days = || by_series.values().flat_map(|counts| counts.keys().copied());
        let (Some(start), Some(end)) = (days().min(), days().max()) else { bail!("the table has no row") };
        let steps = usize::try_from((end - start).get_days())? + 1;
        ensure!(
            steps.saturating_mul(names.len()) <= VALUES_MAX,
            "{} series of {steps} days are more values than fit in memory",
            names.len()
        );
        let mut counts = vec![None; names.len() * steps];
        for (at, name) in names.iter().enumerate() {
            for (day, n) in &by_series[name] {
                let step = usize::try_from((*day - start).get_days())?;
                counts[at * steps + step] = n.map(i32::try_from).transpose()?;
            }
        }
        Ok(SeriesSet {
            layout: Layout::LongCounts,
            counting: Counting::Incident,
            columns: ColumnsUsed::default(),
            places: names.into_iter().map(|name| Place { code: None, name }).collect(),
            start,
            step: Step::Day,
            steps,
            counts,
            cases: Vec::new(),
            rows_read: table.info.rows,
            rows_used: table.info.rows,
            remarks: Vec::new(),
        })
    }

    /// The series between --from and --to; corrections (negative counts) are days without a count.
    fn cut(&self, set: &SeriesSet, calendar: Calendar, at: usize) -> anyhow::Result<CountSeries> {
        let from = self.from.map(|day| calendar.date("--from", day)).transpose()?;
        let to = self.to.map(|day| calendar.date("--to", day)).transpose()?;
        let counts: Vec<Option<u32>> =
            set.series(at).iter().map(|n| n.and_then(|n| u32::try_from(n).ok())).collect();
        let all = CountSeries::new(set.start, set.step, counts)?;
        let kept: Vec<usize> = (0..all.len())
            .filter(|&t| from.is_none_or(|from| all.date(t) >= from))
            .filter(|&t| to.is_none_or(|to| all.date(t) <= to))
            .collect();
        let (Some(&first), Some(&last)) = (kept.first(), kept.last()) else {
            bail!("no day lies between --from and --to");
        };
        Ok(CountSeries::new(all.date(first), set.step, all.counts()[first..=last].to_vec())?)
    }

    fn estimate(
        &self,
        name: &str,
        cases: &CountSeries,
        imported: Option<&CountSeries>,
    ) -> anyhow::Result<Vec<Line<Date>>> {
        if matches!(self.method, Method::R0Growth | Method::R0Likelihood) {
            let found = self.r0(cases)?;
            return Ok(vec![r0_line(name, cases, &found)]);
        }
        let incidence = match imported {
            Some(imported) => Incidence::with_imported(cases, imported)?,
            None => Incidence::all_local(cases)?,
        };
        match self.method {
            Method::Cohort => self.cohort(name, &incidence),
            _ => self.instantaneous(name, &incidence),
        }
    }

    fn instantaneous(&self, name: &str, incidence: &Incidence) -> anyhow::Result<Vec<Line<Date>>> {
        let tail = 0.5 * (1.0 - self.interval);
        let config = RtConfig {
            window_days: self.window,
            prior_mean: self.prior_mean,
            prior_sd: self.prior_sd,
            cases_min: self.cases_min,
            quantile_probs: vec![tail, 0.5, 1.0 - tail],
        };
        let rt = match (self.uncertain()?, self.si_file.is_some()) {
            (Some(interval), false) => {
                let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
                estimate_rt_uncertain(incidence, &interval, &config, &mut rng)?
            }
            _ => estimate_rt(incidence, &self.serial_interval(incidence.len() - 1)?, &config)?,
        };
        let line = |p: wanquan_epi::rt::RtPoint| {
            let (estimate, reason) = match p.estimate {
                Ok(e) => (Some(e), None),
                Err(why) => (None, Some(why_not(why))),
            };
            let quantile = |i: usize| estimate.as_ref().map(|e| e.quantiles[i]);
            Line {
                series: name.to_owned(),
                window_start: p.window_start,
                window_end: p.window_end,
                cases: p.cases,
                mean: estimate.as_ref().map(|e| e.mean),
                sd: estimate.as_ref().map(|e| e.sd),
                lower: quantile(0),
                median: quantile(1),
                upper: quantile(2),
                reason,
            }
        };
        Ok(rt.points.into_iter().map(line).collect())
    }

    fn cohort(&self, name: &str, incidence: &Incidence) -> anyhow::Result<Vec<Line<Date>>> {
        let config = CohortConfig {
            window_days: self.window,
            truncation: if self.as_observed { Truncation::AsObserved } else { Truncation::Corrected },
            interval_prob: self.interval,
            ..CohortConfig::recommended()
        };
        let rc = estimate_rc(incidence, &self.serial_interval(incidence.len() - 1)?, &config)?;
        let line = |p: wanquan_epi::rt::CohortPoint| {
            let estimate = p.estimate.ok();
            let reason = p.estimate.err().map(|why| match why {
                NoCohortEstimate::NoCases => "no cases".to_owned(),
                NoCohortEstimate::RightTruncated { observed_share } => {
                    format!("only {:.0} % of the serial interval has passed", 100.0 * observed_share)
                }
                NoCohortEstimate::Unreported => "a day needed was not reported".to_owned(),
            });
            Line {
                series: name.to_owned(),
                window_start: p.window_start,
                window_end: p.window_end,
                cases: p.cases,
                mean: estimate.map(|e| e.mean),
                sd: estimate.map(|e| e.sd),
                lower: estimate.map(|e| e.lower),
                median: None,
                upper: estimate.map(|e| e.upper),
                reason,
            }
        };
        Ok(rc.points.into_iter().map(line).collect())
    }

    fn r0(&self, cases: &CountSeries) -> anyhow::Result<R0Estimate> {
        let config = R0Config { interval_prob: self.interval, ..R0Config::recommended() };
        let interval = match (self.si_mean, self.si_sd) {
            (Some(mean), Some(sd)) => DelayDistribution::from_mean_sd(DelayFamily::Gamma, mean, sd)?
                .round_to_days(longest(mean, sd))?,
            _ => self.serial_interval(0)?,
        };
        Ok(match self.method {
            Method::R0Growth => estimate_r0_from_growth(cases, 0..cases.len(), &interval, &config)?,
            _ => estimate_r0_by_likelihood(cases, 0..cases.len(), &interval, &config)?,
        })
    }

    fn serial_interval(&self, lag_days_max: usize) -> anyhow::Result<Pmf> {
        if let Some(path) = &self.si_file {
            return tables::read(path, serial_interval_table);
        }
        match (self.si_mean, self.si_sd) {
            (Some(mean), Some(sd)) => {
                let lags = lag_days_max.min(longest(mean, sd)).max(1);
                Ok(discretise_gamma(mean, sd, lags).context("--si-mean, --si-sd")?)
            }
            _ => bail!("say --si-mean and --si-sd, or --si-file"),
        }
    }

    /// Truncated at two standard deviations, as is usual.
    fn uncertain(&self) -> anyhow::Result<Option<UncertainSerialInterval>> {
        let (Some(mean), Some(sd), Some(mean_sd), Some(sd_sd)) =
            (self.si_mean, self.si_sd, self.si_mean_sd, self.si_sd_sd)
        else {
            return Ok(None);
        };
        let around = |mean: f64, sd: f64, floor: f64| UncertainDays {
            mean,
            sd,
            min: (mean - 2.0 * sd).max(floor),
            max: mean + 2.0 * sd,
        };
        Ok(Some(UncertainSerialInterval {
            mean_days: around(mean, mean_sd, 1.001),
            sd_days: around(sd, sd_sd, 0.001),
            draws: self.draws,
        }))
    }
}

/// Lag beyond which a gamma of this mean and deviation has no mass that matters.
fn longest(mean: f64, sd: f64) -> usize {
    let days = (mean + 12.0 * sd).ceil().clamp(1.0, 10_000.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 10,000")]
    let days = days as usize;
    days
}

fn serial_interval_table(table: &wanquan_app::ingest::read::Table) -> anyhow::Result<Pmf> {
    let days = cells::need(table, None, &["days", "k", "lag"], "the name days")?;
    let prob = cells::need(table, None, &["prob", "p", "probability"], "the name prob")?;
    let mut p: Vec<f64> = Vec::new();
    cells::each(table, |row| {
        let at = cells::count(table, row, days)?.and_then(|k| usize::try_from(k).ok());
        let at = at.filter(|k| *k <= 10_000);
        let at = at.ok_or_else(|| cells::wrong(table, row, days, "a number of days up to 10,000"))?;
        let value = cells::number(table, row, prob)?;
        let value =
            value.filter(|p| *p >= 0.0).ok_or_else(|| cells::wrong(table, row, prob, "a probability"))?;
        if p.len() <= at {
            p.resize(at + 1, 0.0);
        }
        p[at] += value;
        Ok(())
    })?;
    Ok(Pmf::new(p)?)
}

fn why_not(why: NoEstimate) -> String {
    match why {
        NoEstimate::TooFewCases { got, min } => format!("{got} local cases, needs {min}"),
        NoEstimate::BeforeFirstGeneration => "within one serial interval of the first day".to_owned(),
        NoEstimate::Unreported => "a day needed was not reported".to_owned(),
    }
}

fn r0_line(name: &str, cases: &CountSeries, found: &R0Estimate) -> Line<Date> {
    let Interval { estimate, lower, upper } = found.r0;
    Line {
        series: name.to_owned(),
        window_start: cases.start(),
        window_end: cases.date(cases.len() - 1),
        cases: cases.total(),
        mean: Some(estimate),
        sd: None,
        lower: Some(lower),
        median: None,
        upper: Some(upper),
        reason: None,
    }
}

fn band_of(name: &str, cases: &CountSeries, lines: &[Line<Date>]) -> Band {
    let points: Vec<Point> = lines
        .iter()
        .filter_map(|l| {
            Some(Point { date: l.window_end, middle: l.median.or(l.mean)?, lower: l.lower?, upper: l.upper? })
        })
        .collect();
    let highest = points.iter().map(|p| p.middle).fold(2.0, f64::max);
    let most = cases.counts().iter().flatten().copied().max().unwrap_or(1).max(1);
    let bars = cases
        .counts()
        .iter()
        .enumerate()
        .filter_map(|(t, n)| Some((cases.date(t), f64::from((*n)?) / f64::from(most) * highest)));
    Band { title: name.to_owned(), bars: bars.collect(), points, step_days: 1, level: Some(1.0) }
}

fn csv(lines: &[Line<Day>]) -> String {
    let mut out = String::from("series,window_start,window_end,cases,mean,sd,lower,median,upper,reason\n");
    for l in lines {
        let _ = writeln!(
            out,
            "{},{},{},{},{},{},{},{},{},{}",
            csv_cell(&l.series),
            l.window_start,
            l.window_end,
            l.cases,
            cells::written(l.mean),
            cells::written(l.sd),
            cells::written(l.lower),
            cells::written(l.median),
            cells::written(l.upper),
            csv_cell(l.reason.as_deref().unwrap_or(""))
        );
    }
    out
}
