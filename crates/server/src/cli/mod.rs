//! Command line. Commands call the same functions of `wanquan-app` as the HTTP handlers.

mod analyze;
mod audit;
mod backup;
mod cells;
mod chains;
mod days;
mod delay;
mod demo;
mod detect;
mod export;
mod forecast;
mod growth;
mod import;
mod measures;
mod nowcast;
mod pack;
mod person;
mod plan;
mod portal;
mod rates;
mod rt;
mod scan;
mod score;
pub mod serve;
mod tables;
mod twobytwo;
mod user;

use crate::clock::WallClock;
use crate::config::{Config, DataArgs, ServeArgs};
use anyhow::bail;
use clap::{Parser, Subcommand};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use wanquan_app::App;

/// Epidemic prevention and control: see an outbreak early, decide, respond, check, tell.
#[derive(Parser)]
#[command(name = "wanquan", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Report on line lists or counts: signals, reproduction number, growth, data quality.
    #[command(alias = "analyse")]
    Analyze(Box<analyze::AnalyzeArgs>),
    /// Detect unusual counts in one or many series, by any of the methods.
    Detect(Box<detect::DetectArgs>),
    /// Forecast counts by place, with quantiles, from what was known on a day or on many.
    Forecast(Box<forecast::ForecastArgs>),
    /// Score forecasts against the truth, and against other forecasts.
    Score(Box<score::ScoreArgs>),
    /// Export records of a register as CSV or XLSX.
    Export(Box<export::ExportArgs>),
    /// Import a line list or counts into a register.
    Import(Box<import::ImportArgs>),
    /// Reproduction numbers of daily series: instantaneous, by cohort, R0 from the rise.
    Rt(Box<rt::RtArgs>),
    /// Correct the last days for reports still to come, or score such corrections on history.
    Nowcast(Box<nowcast::NowcastArgs>),
    /// Find clusters in space, or in space and time.
    Scan(Box<scan::ScanArgs>),
    /// Who infected whom, clusters, and how uneven transmission is.
    Chains(Box<chains::ChainsArgs>),
    /// Measures of association of exposure and illness.
    Twobytwo(Box<twobytwo::TwoByTwoArgs>),
    /// Growth rate and doubling time of daily or weekly series.
    Growth(Box<growth::GrowthArgs>),
    /// Distribution of a delay: incubation period, serial interval, onset to report.
    Delay(Box<delay::DelayArgs>),
    /// Rates with intervals, standardised rates, case fatality corrected for delay.
    Rates(Box<rates::RatesArgs>),
    /// Check and list packs (registers, diseases, places declared as data).
    Pack(pack::PackArgs),
    /// List plans, and check what they would do for given facts.
    Plan(plan::PlanArgs),
    /// Take articles from other systems, write out everything of the portal.
    Portal(portal::PortalArgs),
    /// Make accounts, set passwords, give roles, without a browser.
    User(user::UserArgs),
    /// Answer somebody who asks what is known about them; erase persons.
    Person(person::PersonArgs),
    /// Prove that the audit log is whole, or write it out.
    Audit(audit::AuditArgs),
    /// Copy the whole installation into one file, also while it serves.
    Backup(backup::BackupArgs),
    /// Put a backup into an empty data folder.
    Restore(backup::RestoreArgs),
    /// Open a running city on real history: Changzhi, replayed to 12 February 2020.
    Demo(demo::DemoArgs),
    /// Run the server: console, API, public portal.
    Serve(ServeArgs),
    /// Print the API contract (OpenAPI 3.1).
    Openapi,
}

impl Cli {
    /// What the log holds unless `WANQUAN_LOG` says otherwise: a server tells what it does, a command answers on
    /// standard output and warns only.
    pub fn log(&self) -> &'static str {
        match self.command {
            Command::Serve(_) => "warn,wanquan=info",
            _ => "warn",
        }
    }

    /// Runs the chosen command; the exit code says whether what was asked for holds.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Analyze(args) => args.run(),
            Command::Detect(args) => args.run(),
            Command::Forecast(args) => args.run(),
            Command::Score(args) => args.run(),
            Command::Export(args) => args.run(),
            Command::Import(args) => args.run(),
            Command::Rt(args) => args.run(),
            Command::Nowcast(args) => args.run(),
            Command::Scan(args) => args.run(),
            Command::Chains(args) => args.run(),
            Command::Twobytwo(args) => args.run(),
            Command::Growth(args) => args.run(),
            Command::Delay(args) => args.run(),
            Command::Rates(args) => args.run(),
            Command::Pack(args) => args.run(),
            Command::Plan(args) => args.run(),
            Command::Portal(args) => args.run(),
            Command::User(args) => args.run(),
            Command::Person(args) => args.run(),
            Command::Audit(args) => args.run(),
            Command::Backup(args) => args.run(),
            Command::Restore(args) => args.run(),
            Command::Demo(args) => args.run(),
            Command::Serve(args) => serve::run(&args),
            Command::Openapi => Ok(serve::print_openapi()),
        }
    }
}

/// Name under which commands of the operator of the machine stand in the audit log.
pub(crate) const OPERATOR: &str = "operator (command line)";

/// Opens the installation of a data folder, does the work and closes it.
///
/// # Errors
/// If there is none, or the work fails: a mistyped folder must not pass for an installation without entries.
fn with_installation(
    data: &DataArgs,
    work: impl AsyncFnOnce(App) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    let config = read_config(data)?;
    if !config.database.contains("://") && !Path::new(&config.database).exists() {
        bail!("there is no installation in {}: {} is missing", data.data.display(), config.database);
    }
    run_on(&config, work)
}

/// The same, and makes the installation if there is none yet.
///
/// # Errors
/// If it cannot be opened, or the work fails.
fn with_new_installation(
    data: &DataArgs,
    work: impl AsyncFnOnce(App) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    run_on(&read_config(data)?, work)
}

fn read_config(data: &DataArgs) -> anyhow::Result<Config> {
    Config::read(&ServeArgs { data: data.clone(), ..ServeArgs::default() })
}

fn run_on(
    config: &Config,
    work: impl AsyncFnOnce(App) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    serve::runtime()?.block_on(async {
        let app = crate::serve::open(config, Arc::new(WallClock), false).await?;
        let done = work(app.clone()).await;
        app.close().await;
        done
    })
}
