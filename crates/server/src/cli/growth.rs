//! `wanquan growth`: growth rate and doubling time of a stretch of a series.

use super::measures::{self, Measure};
use super::tables::{self, DateArgs, Output};
use anyhow::ensure;
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_app::ingest::panel::{PanelOptions, read_panel};
use wanquan_epi::rt::growth::{
    GrowthConfig, estimate_growth_log_linear, estimate_growth_negative_binomial, estimate_growth_poisson,
};

/// Arguments of `wanquan growth`.
#[derive(Args)]
#[command(after_help = "Examples:
  wanquan growth panel.csv --from 2020-01-24 --to 2020-02-06
  zcat panel.csv.gz | wanquan growth - --steps 14 --format json

A panel as `wanquan detect` reads it, of days or weeks. Answers: series, measure, estimate, lower, upper, with the \
measures rate_per_day, doubling_time_days (only if the whole interval of the rate is above 0), halving_time_days (only if \
it is below 0), steps_used, steps_dropped and negative_binomial_size. Leave out days whose reports are still coming in, \
and do not reach across a turning point. docs/methods/growth_rate.md says what is computed.")]
pub struct GrowthArgs {
    /// Counts by series and date: CSV, TSV, XLSX, each also gzipped; `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Regression of the counts on time.
    #[arg(long, value_enum, default_value_t = Method::NegativeBinomial)]
    method: Method,
    /// First day used; otherwise the first of the table.
    #[arg(long, value_name = "DATE", conflicts_with = "steps")]
    from: Option<Date>,
    /// Last day used; otherwise the last of the table.
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// Newest steps used (up to --to): days or weeks, at least 7.
    #[arg(long, value_name = "STEPS")]
    steps: Option<usize>,
    /// Probability of the intervals, 0 to 1.
    #[arg(long, value_name = "PROB", default_value_t = 0.95)]
    interval: f64,
    /// Column that names the series.
    #[arg(long, value_name = "COL")]
    series: Option<String>,
    /// Column with the date.
    #[arg(long, value_name = "COL")]
    date: Option<String>,
    /// Column with the count; several, with commas, where each is a series.
    #[arg(long, value_name = "COLS", value_delimiter = ',')]
    count: Vec<String>,
    #[command(flatten)]
    dates: DateArgs,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    NegativeBinomial,
    Poisson,
    LogLinear,
}

impl GrowthArgs {
    /// Reads, estimates and writes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let options = PanelOptions {
            series: self.series.clone(),
            date: self.date.clone(),
            counts: self.count.clone(),
            date_order: self.dates.order,
            ..PanelOptions::default()
        };
        let panel = tables::read(&self.file, |table| Ok(read_panel(table, &options)?))?;
        let config = GrowthConfig { interval_prob: self.interval, ..GrowthConfig::recommended() };
        let estimate = match self.method {
            Method::NegativeBinomial => estimate_growth_negative_binomial,
            Method::Poisson => estimate_growth_poisson,
            Method::LogLinear => estimate_growth_log_linear,
        };
        let mut lines = Vec::new();
        for series in &panel {
            let counts = &series.counts;
            let end = (0..counts.len()).filter(|t| self.to.is_none_or(|to| counts.date(*t) <= to)).count();
            let start = match (self.steps, self.from) {
                (Some(steps), _) => end.saturating_sub(steps),
                (None, from) => (0..end).filter(|t| from.is_some_and(|from| counts.date(*t) < from)).count(),
            };
            match estimate(counts, start..end, &config) {
                Ok(growth) => {
                    let name = series.name.as_str();
                    lines.extend([
                        Measure::known(name, "rate_per_day", Some(growth.rate_per_day)),
                        Measure::known(name, "doubling_time_days", growth.doubling_time_days),
                        Measure::known(name, "halving_time_days", growth.halving_time_days),
                        Measure::number(name, "steps_used", Some(growth.steps_used as f64)),
                        Measure::number(name, "steps_dropped", Some(growth.steps_dropped as f64)),
                        Measure::number(name, "negative_binomial_size", growth.negative_binomial_size),
                    ]);
                }
                Err(error) if panel.len() > 1 => {
                    eprintln!("wanquan: {}: {error}", crate::report::plain(&series.name));
                }
                Err(error) => return Err(error.into()),
            }
        }
        ensure!(!lines.is_empty(), "no series could be estimated");
        measures::write(&self.output, "wanquan.growth", "series", &lines)?;
        Ok(ExitCode::SUCCESS)
    }
}
