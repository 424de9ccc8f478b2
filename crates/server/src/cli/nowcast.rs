//! `wanquan nowcast`: how many there will be once all reports are in.

use super::cells;
use super::days::{self, Calendar, Day, Days};
use super::tables::{self, DateArgs, Output};
use crate::report::band::{self, Band, Point};
use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_app::forecast::hub::csv_cell;
use wanquan_app::ingest::read::Table;
use wanquan_domain::issue::IssueCode;
use wanquan_epi::Step;
use wanquan_epi::delay::ReportingTriangle;
use wanquan_epi::delay::nowcast::{
    BayesNowcastConfig, LawlessConfig, Nowcast, NowcastMethod, StateSpaceConfig, evaluate_nowcast,
};

/// Arguments of `wanquan nowcast`.
#[derive(Args)]
#[command(after_help = "Examples:
  wanquan nowcast cases.csv --event onset_date --report report_date --plot nowcast.html
  wanquan nowcast versions.csv --event date --report known_on --count cases --by region --now 2020-02-10
  wanquan nowcast cases.csv --event onset_date --report report_date --evaluate 2011-05-25..2011-06-20

FILE holds one row a case with the date of the event and of its report, or counts of changes (event date, date on which it \
became known, cases more or fewer). Both may be day numbers (whole numbers) instead of dates; answers then have them \
too. Rows without either date are left out and counted, rows whose report precedes the event are left out and named \
(E119). Answers: series, date, \
observed, mean, reported_share and a column a quantile. With --evaluate the nowcasts of each day, as known on it, \
are scored against what came out: known_on, age, observed, truth, median, wis, wis_uncorrected, covered. \
docs/methods/nowcast_state_space.md, nowcast_lawless.md and nowcast_bayes.md say what is computed.")]
pub struct NowcastArgs {
    /// Line list or changes of counts: CSV, TSV, XLSX, each also gzipped; `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Column with the date of the event (onset, admission), or its day number.
    #[arg(long, value_name = "COL")]
    event: Option<String>,
    /// Column with the date of the report (on which it became known).
    #[arg(long, value_name = "COL")]
    report: Option<String>,
    /// Column with the number of cases of a row; otherwise every row is one. Negative numbers are corrections.
    #[arg(long, value_name = "COL")]
    count: Option<String>,
    /// Column that tells series apart, such as a place.
    #[arg(long, value_name = "COL")]
    by: Option<String>,
    /// Day whose knowledge is used; otherwise the last report.
    #[arg(long, value_name = "DATE|DAY", allow_negative_numbers = true)]
    now: Option<Day>,
    /// Length of a step.
    #[arg(long, value_enum, default_value_t = Steps::Day)]
    step: Steps,
    /// Method.
    #[arg(long, value_enum, default_value_t = Method::StateSpace)]
    method: Method,
    /// Longest delay, in steps; longer ones count as this long. Otherwise the one that 99 % of the reports keep.
    #[arg(long, value_name = "STEPS")]
    delay_max: Option<usize>,
    /// Steps used; otherwise three times the longest delay and at least 56 (state space) or all (others).
    #[arg(long, value_name = "STEPS")]
    window: Option<usize>,
    /// Mean of the prior of a step's count (Bayes); otherwise the mean of the counts.
    #[arg(long, value_name = "CASES")]
    prior_mean: Option<f64>,
    /// Random draws.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    draws: usize,
    /// Seed of the draws.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Quantiles, 0 to 1, ascending.
    #[arg(long, value_name = "PROBS", value_delimiter = ',', default_values_t = [0.025, 0.25, 0.5, 0.75, 0.975])]
    quantiles: Vec<f64>,
    /// Score the nowcasts made on each of these days: FIRST..LAST.
    #[arg(long, value_name = "DAYS", value_parser = days::range, allow_hyphen_values = true)]
    evaluate: Option<(Day, Day)>,
    #[command(flatten)]
    dates: DateArgs,
    #[command(flatten)]
    output: Output,
    /// Page with a chart a series.
    #[arg(long, value_name = "OUT.html", conflicts_with = "evaluate")]
    plot: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Steps {
    Day,
    Week,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    StateSpace,
    Lawless,
    Bayes,
}

/// The name of a series before what is said of it; nothing where there is only one.
fn prefix(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("{}: ", crate::report::plain(name)) }
}

/// Event, report, cases more.
type Change = (Date, Date, i64);

/// The table as far as nowcasts need it.
struct Changes {
    calendar: Calendar,
    by_series: BTreeMap<String, Vec<Change>>,
}

/// Rows named one by one; more are counted.
const ROWS_NAMED: usize = 100;

#[derive(Serialize)]
struct Line {
    series: String,
    date: Day,
    observed: u64,
    mean: f64,
    reported_share: f64,
    quantiles: Vec<f64>,
}

impl NowcastArgs {
    /// Reads, nowcasts and writes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Changes { calendar, by_series } = tables::read(&self.file, |table| self.changes(table))?;
        ensure!(!by_series.is_empty(), "no row has both dates, the report not before the event");
        if let Some((first, last)) = self.evaluate {
            let days = (calendar.date("--evaluate", first)?, calendar.date("--evaluate", last)?);
            return self.score(&by_series, calendar, days);
        }
        let now = self.now.map(|day| calendar.date("--now", day)).transpose()?;
        let (mut lines, mut bands) = (Vec::new(), Vec::new());
        for (name, changes) in &by_series {
            let found = self.triangle(changes, now).and_then(|triangle| {
                let method = self.method(&triangle)?;
                Ok((method.nowcast(&triangle, self.seed)?, triangle))
            });
            match found {
                Ok((nowcast, triangle)) => {
                    bands.push(self.band(name, &triangle, &nowcast));
                    lines.extend(nowcast.points.into_iter().map(|p| Line {
                        series: name.clone(),
                        date: calendar.say(p.date),
                        observed: p.observed,
                        mean: p.mean,
                        reported_share: p.reported_share,
                        quantiles: p.quantiles,
                    }));
                }
                Err(error) if by_series.len() > 1 => {
                    eprintln!("wanquan: {}{error:#}", prefix(name));
                }
                Err(error) => return Err(error),
            }
        }
        ensure!(!lines.is_empty(), "no series could be nowcast");
        self.output.write("wanquan.nowcast", &lines, |lines| self.csv(lines))?;
        if let Some(path) = &self.plot {
            let key = "Bars: cases known. Line: median of the nowcast with its widest interval.";
            let say = |date| calendar.say(date).to_string();
            std::fs::write(path, band::page("Nowcast", key, &bands, &say))
                .with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn changes(&self, table: &Table) -> anyhow::Result<Changes> {
        let event =
            cells::need(table, self.event.as_deref(), &["onset_date", "event_date", "date"], "--event")?;
        let report =
            cells::need(table, self.report.as_deref(), &["report_date", "known_on", "as_of"], "--report")?;
        let count = cells::find(table, self.count.as_deref(), &["count", "cases"])?;
        let by = cells::find(table, self.by.as_deref(), &[])?;
        let event_days = Days::of(table, event, self.dates.order)?;
        let report_days = Days::of(table, report, self.dates.order)?;
        let calendar = days::same(table, (event, event_days), (report, report_days))?;
        let mut found: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        let (mut without, mut reversed) = (0_u64, Vec::new());
        cells::each(table, |row| {
            let dates = (event_days.read(table, row, event)?, report_days.read(table, row, report)?);
            let (Some(from), Some(to)) = dates else {
                without += 1;
                return Ok(());
            };
            let n = match count {
                None => 1,
                Some(at) => {
                    let cell = cells::text(row, at);
                    let n = cell.parse::<i64>().ok().filter(|n| n.unsigned_abs() <= 4_294_967_295);
                    n.ok_or_else(|| cells::wrong(table, row, at, "a whole number of cases"))?
                }
            };
            let series = by.map(|at| cells::name(table, row, at)).transpose()?.unwrap_or_default();
            // A report of what has yet to happen has one of its days wrong, and nothing tells which.
            if to < from {
                reversed.push(row.number());
            } else {
                found.entry(series).or_default().push((from, to, n));
            }
            Ok(())
        })?;
        if without > 0 {
            eprintln!("wanquan: {without} rows without both dates are left out");
        }
        if !reversed.is_empty() {
            let code = IssueCode::RuleBroken.as_str();
            let mut rows: Vec<String> = reversed.iter().take(ROWS_NAMED).map(u64::to_string).collect();
            if reversed.len() > ROWS_NAMED {
                rows.push(format!("and {} more", reversed.len() - ROWS_NAMED));
            }
            eprintln!(
                "wanquan: {code}: {} rows whose report (column `{}`) is before the event (column `{}`) are left out: \
                 {} {}",
                reversed.len(),
                crate::report::plain(&table.header[report]),
                crate::report::plain(&table.header[event]),
                if reversed.len() == 1 { "row" } else { "rows" },
                rows.join(", ")
            );
        }
        Ok(Changes { calendar, by_series: found })
    }

    fn triangle(&self, changes: &[Change], now: Option<Date>) -> anyhow::Result<ReportingTriangle> {
        let first = changes.iter().map(|c| c.0).min().context("no case")?;
        let last = changes.iter().map(|c| c.1).max().context("no case")?;
        let now = now.unwrap_or(last);
        let step = match self.step {
            Steps::Day => Step::Day,
            Steps::Week => Step::Week,
        };
        Ok(ReportingTriangle::from_changes(first, now, step, changes.iter().copied())?)
    }

    /// The delay that 99 % of the reports keep, at least 1 step.
    fn delay_max(&self, triangle: &ReportingTriangle) -> usize {
        if let Some(given) = self.delay_max {
            return given;
        }
        let longest = triangle.delay_seen_max();
        let by_delay: Vec<u64> = (0..=longest)
            .map(|x| (0..triangle.len()).map(|t| u64::from(triangle.count(t, x))).sum())
            .collect();
        let total: u64 = by_delay.iter().sum();
        let mut kept = 0;
        let found = by_delay.iter().position(|n| {
            kept += n;
            kept * 100 >= total * 99
        });
        found.unwrap_or(longest).clamp(1, 100)
    }

    fn method(&self, triangle: &ReportingTriangle) -> anyhow::Result<NowcastMethod> {
        let delay_max = self.delay_max(triangle);
        let quantile_probs = self.quantiles.clone();
        Ok(match self.method {
            Method::StateSpace => {
                let recommended = StateSpaceConfig::recommended(delay_max);
                NowcastMethod::StateSpace(StateSpaceConfig {
                    window_steps: self.window.unwrap_or(recommended.window_steps),
                    draws: self.draws,
                    quantile_probs,
                    ..recommended
                })
            }
            Method::Lawless => NowcastMethod::Lawless(LawlessConfig {
                window_steps: self.window,
                quantile_probs,
                ..LawlessConfig::recommended(delay_max)
            }),
            Method::Bayes => {
                let known: u64 = (0..triangle.len()).map(|t| triangle.known(t)).sum();
                #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
                let mean = (known as f64 / triangle.len() as f64).max(1.0);
                NowcastMethod::Bayes(BayesNowcastConfig {
                    window_steps: self.window,
                    draws: self.draws,
                    quantile_probs,
                    ..BayesNowcastConfig::recommended(delay_max, self.prior_mean.unwrap_or(mean))
                })
            }
        })
    }

    fn band(&self, name: &str, triangle: &ReportingTriangle, nowcast: &Nowcast) -> Band {
        let middle = nowcast.quantile_probs.iter().position(|p| (p - 0.5).abs() < 1e-9);
        let last = nowcast.quantile_probs.len().saturating_sub(1);
        let shown = triangle.len().saturating_sub(90)..triangle.len();
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
        let bars = shown.map(|t| (triangle.date(t), triangle.known(t) as f64)).collect();
        let points = nowcast
            .points
            .iter()
            .map(|p| Point {
                date: p.date,
                middle: middle.map_or(p.mean, |i| p.quantiles[i]),
                lower: p.quantiles.first().copied().unwrap_or(p.mean),
                upper: p.quantiles.get(last).copied().unwrap_or(p.mean),
            })
            .collect();
        let step_days = if self.step == Steps::Week { 7 } else { 1 };
        Band { title: name.to_owned(), bars, points, step_days, level: None }
    }

    fn csv(&self, lines: &[Line]) -> String {
        let mut out = String::from("series,date,observed,mean,reported_share");
        for p in &self.quantiles {
            let _ = write!(out, ",q{p}");
        }
        out.push('\n');
        for l in lines {
            let _ = write!(
                out,
                "{},{},{},{},{}",
                csv_cell(&l.series),
                l.date,
                l.observed,
                l.mean,
                l.reported_share
            );
            for q in &l.quantiles {
                let _ = write!(out, ",{q}");
            }
            out.push('\n');
        }
        out
    }

    fn score(
        &self,
        by_series: &BTreeMap<String, Vec<Change>>,
        calendar: Calendar,
        days: (Date, Date),
    ) -> anyhow::Result<ExitCode> {
        #[derive(Serialize)]
        struct Scored {
            series: String,
            #[serde(flatten)]
            evaluation: wanquan_epi::delay::nowcast::NowcastEvaluation,
        }
        let mut all = Vec::new();
        let mut out = String::from("series,known_on,age,observed,truth,median,wis,wis_uncorrected,covered\n");
        for (name, changes) in by_series {
            let triangle = self.triangle(changes, None)?;
            let known = triangle.as_known_on(days.1)?;
            let method = self.method(&known)?;
            let position = |date: Date| (0..triangle.len()).rev().find(|&t| triangle.date(t) <= date);
            let (Some(first), Some(last)) = (position(days.0), position(days.1)) else {
                anyhow::bail!("--evaluate lies before the first event of {name}");
            };
            let ages = 0..self.delay_max(&known);
            let evaluation = evaluate_nowcast(&triangle, first..last + 1, ages, &method, self.seed)?;
            for s in &evaluation.scores {
                let _ = writeln!(
                    out,
                    "{},{},{},{},{},{},{},{},{}",
                    csv_cell(name),
                    calendar.say(triangle.date(s.known_on)),
                    s.age,
                    s.observed,
                    s.truth,
                    s.median,
                    s.wis,
                    s.wis_uncorrected,
                    s.covered
                );
            }
            for (day, why) in &evaluation.failed {
                eprintln!(
                    "wanquan: {}no nowcast on {}: {why}",
                    prefix(name),
                    calendar.say(triangle.date(*day))
                );
            }
            eprintln!(
                "wanquan: {}{} nowcasts: WIS {:.3} against {:.3} uncorrected, {:.1} % within the widest interval",
                prefix(name),
                evaluation.scores.len(),
                evaluation.wis_mean,
                evaluation.wis_uncorrected_mean,
                100.0 * evaluation.coverage
            );
            all.push(Scored { series: name.clone(), evaluation });
        }
        self.output.write("wanquan.nowcast-evaluation", &all, |_| out)?;
        Ok(ExitCode::SUCCESS)
    }
}
