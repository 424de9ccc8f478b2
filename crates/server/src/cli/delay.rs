//! `wanquan delay`: distribution of a delay (incubation period, serial interval, onset to report) from pairs of events.

use super::cells;
use super::days::{self, Day, Days};
use super::measures::{self, Measure};
use super::tables::{self, DateArgs, Output};
use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_app::ingest::read::{Row, Table};
use wanquan_epi::delay::{
    DelayFamily, DelayFit, DelayFitConfig, DelayObservation, days_since_epoch, fit_delay_families,
};

/// Arguments of `wanquan delay`.
#[derive(Args)]
#[command(after_help = "Examples:
  wanquan delay linelist.csv --first onset_date --second report_date
  wanquan delay pairs.csv --first onset_infector --second onset_infectee --family normal
  wanquan delay exposure.csv --first exposed_from --first-end exposed_to --second onset_date --until 2020-02-10
  wanquan delay incubation.csv --first EL --first-end ER --second SL --second-end SR

A row a pair of events, each on a day or between two days. Days are dates or whole day numbers, and a day is the whole of \
it. Columns of which a number has decimals are times in days, exact where both ends are the same. Rows without one of the \
events are left out and counted. Answers: family, measure, estimate, lower, upper: mean and sd of the delay and its \
quantiles in days, the parameters with their standard errors, log-likelihood and AIC; the family with the smallest AIC \
comes first. Say --until for pairs of an outbreak that goes on: without it short delays are over-represented. \
docs/methods/delay_fit.md says what is computed.")]
pub struct DelayArgs {
    /// Pairs: CSV, TSV, XLSX, each also gzipped; `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Column with the first event (exposure, onset), or with its earliest day.
    #[arg(long, value_name = "COL")]
    first: String,
    /// Column with the latest day of the first event.
    #[arg(long, value_name = "COL")]
    first_end: Option<String>,
    /// Column with the second event (onset, report, death), or with its earliest day.
    #[arg(long, value_name = "COL")]
    second: String,
    /// Column with the latest day of the second event.
    #[arg(long, value_name = "COL")]
    second_end: Option<String>,
    /// Family of distributions; otherwise gamma, lognormal and Weibull are compared. Normal takes delays below 0.
    #[arg(long, value_enum)]
    family: Option<Family>,
    /// Last day of observation: pairs with a later second event are left out, and those that could not be in the table yet
    /// are allowed for.
    #[arg(long, value_name = "DATE|DAY", allow_negative_numbers = true)]
    until: Option<Day>,
    /// Probability of the intervals, 0 to 1.
    #[arg(long, value_name = "PROB", default_value_t = 0.95)]
    interval: f64,
    /// Quantiles of the delay, 0 to 1.
    #[arg(long, value_name = "PROBS", value_delimiter = ',', default_values_t = [0.05, 0.5, 0.95, 0.99])]
    quantiles: Vec<f64>,
    #[command(flatten)]
    dates: DateArgs,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Family {
    Gamma,
    Lognormal,
    Weibull,
    Normal,
}

impl Family {
    fn named(self) -> DelayFamily {
        match self {
            Self::Gamma => DelayFamily::Gamma,
            Self::Lognormal => DelayFamily::Lognormal,
            Self::Weibull => DelayFamily::Weibull,
            Self::Normal => DelayFamily::Normal,
        }
    }
}

/// Positions of earliest and latest time of both events.
type Ends = [usize; 4];

impl DelayArgs {
    /// Reads, fits and writes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (pairs, until) = tables::read(&self.file, |table| self.pairs(table))?;
        let config = DelayFitConfig {
            observed_until_days: until,
            interval_prob: self.interval,
            quantile_probs: self.quantiles.clone(),
        };
        let families = match self.family {
            Some(family) => vec![family],
            None => vec![Family::Gamma, Family::Lognormal, Family::Weibull],
        };
        let families: Vec<DelayFamily> = families.into_iter().map(Family::named).collect();
        let fits = fit_delay_families(&pairs, &families, &config)?;
        let lines: Vec<Measure> = fits.iter().flat_map(|fit| measured(fit, &self.quantiles)).collect();
        measures::write(&self.output, "wanquan.delay", "family", &lines)?;
        Ok(ExitCode::SUCCESS)
    }

    fn pairs(&self, table: &Table) -> anyhow::Result<(Vec<DelayObservation>, Option<f64>)> {
        let [first, second] = [
            cells::need(table, Some(&self.first), &[], "")?,
            cells::need(table, Some(&self.second), &[], "")?,
        ];
        let ends: Ends = [
            first,
            cells::find(table, self.first_end.as_deref(), &[])?.unwrap_or(first),
            second,
            cells::find(table, self.second_end.as_deref(), &[])?.unwrap_or(second),
        ];
        // First and second event, each from and to, in days on one axis.
        let mut windows: Vec<(u64, [f64; 4])> = Vec::new();
        let mut without = 0_u64;
        let mut take = |row: &Row, ends: [Option<f64>; 4]| match ends {
            [Some(e0), Some(e1), Some(s0), Some(s1)] => windows.push((row.number(), [e0, e1, s0, s1])),
            _ => without += 1,
        };
        let until = if times(table, ends)? {
            cells::each(table, |row| {
                let time = |at: usize| cells::number(table, row, at);
                take(row, [time(ends[0])?, time(ends[1])?, time(ends[2])?, time(ends[3])?]);
                Ok(())
            })?;
            match self.until {
                Some(Day::Number(day)) => Some(day as f64),
                Some(Day::Date(_)) => bail!("--until is a date, but the columns hold times in days"),
                None => None,
            }
        } else {
            let [e0, e1, s0, s1] = ends.map(|at| Days::of(table, at, self.dates.order));
            let rules = [e0?, e1?, s0?, s1?];
            for i in 1..4 {
                days::same(table, (ends[0], rules[0]), (ends[i], rules[i]))?;
            }
            cells::each(table, |row| {
                let start = |i: usize| -> anyhow::Result<Option<f64>> {
                    Ok(rules[i].read(table, row, ends[i])?.map(days_since_epoch))
                };
                // A day is the whole of it: an event ends with the end of its last day.
                let end = |i: usize| -> anyhow::Result<Option<f64>> { Ok(start(i)?.map(|day| day + 1.0)) };
                take(row, [start(0)?, end(1)?, start(2)?, end(3)?]);
                Ok(())
            })?;
            let until = self.until.map(|day| rules[0].calendar().date("--until", day)).transpose()?;
            until.map(|day| days_since_epoch(day) + 1.0)
        };
        if without > 0 {
            eprintln!("wanquan: {without} rows without one of the events are left out");
        }
        let all = windows.len();
        windows.retain(|(_, ends)| until.is_none_or(|until| ends[3] <= until));
        if windows.len() < all {
            eprintln!("wanquan: {} rows with a second event after --until are left out", all - windows.len());
        }
        let pair = |(row, [e0, e1, s0, s1]): (u64, [f64; 4])| {
            DelayObservation::new((e0, e1), (s0, s1)).with_context(|| format!("row {row}"))
        };
        let pairs = windows.into_iter().map(pair).collect::<anyhow::Result<Vec<_>>>()?;
        ensure!(!pairs.is_empty(), "no row has both events");
        Ok((pairs, until))
    }
}

/// Whether the columns hold times in days: numbers, of which one has decimals.
fn times(table: &Table, ends: Ends) -> anyhow::Result<bool> {
    let (mut numbers, mut decimals) = (true, false);
    cells::each(table, |row| {
        for at in ends {
            let cell = cells::text(row, at);
            numbers &= cell.is_empty() || cell.parse::<f64>().is_ok_and(f64::is_finite);
            decimals |= cell.contains('.');
        }
        Ok(())
    })?;
    Ok(numbers && decimals)
}

fn measured(fit: &DelayFit, quantiles: &[f64]) -> Vec<Measure> {
    let family = match fit.distribution.family() {
        DelayFamily::Gamma => "gamma",
        DelayFamily::Lognormal => "lognormal",
        DelayFamily::Weibull => "weibull",
        DelayFamily::Normal => "normal",
    };
    let mut lines = vec![
        Measure::known(family, "mean_days", Some(fit.mean_days)),
        Measure::known(family, "sd_days", Some(fit.sd_days)),
    ];
    for (prob, value) in quantiles.iter().zip(&fit.quantiles_days) {
        lines.push(Measure::known(family, &format!("q{prob}_days"), Some(*value)));
    }
    let names = fit.distribution.family().parameter_names();
    let parameters = names.iter().zip(fit.distribution.parameters()).zip(fit.standard_errors);
    for ((name, value), standard_error) in parameters {
        lines.push(Measure::number(family, name, Some(value)));
        lines.push(Measure::number(family, &format!("{name}_standard_error"), Some(standard_error)));
    }
    lines.push(Measure::number(family, "log_likelihood", Some(fit.log_likelihood)));
    lines.push(Measure::number(family, "aic", Some(fit.aic)));
    lines.push(Measure::number(family, "pairs", Some(fit.observations as f64)));
    lines
}
