//! Command line. Commands call the same functions of `wanquan-app` as the HTTP handlers.

mod analyze;
mod forecast;
mod import;
mod pack;
mod plan;
mod score;
pub mod serve;
mod tables;

use crate::config::ServeArgs;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

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
    /// Forecast counts by place, with quantiles, from what was known on a day or on many.
    Forecast(Box<forecast::ForecastArgs>),
    /// Score forecasts against the truth, and against other forecasts.
    Score(Box<score::ScoreArgs>),
    /// Import a line list or counts into a register.
    Import(Box<import::ImportArgs>),
    /// Check and list packs (registers, diseases, places declared as data).
    Pack(pack::PackArgs),
    /// List plans, and check what they would do for given facts.
    Plan(plan::PlanArgs),
    /// Run the server: console, API, public portal.
    Serve(ServeArgs),
    /// Print the API contract (OpenAPI 3.1).
    Openapi,
}

impl Cli {
    /// Runs the chosen command; the exit code says whether what was asked for holds.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Analyze(args) => args.run(),
            Command::Forecast(args) => args.run(),
            Command::Score(args) => args.run(),
            Command::Import(args) => args.run(),
            Command::Pack(args) => args.run(),
            Command::Plan(args) => args.run(),
            Command::Serve(args) => serve::run(&args),
            Command::Openapi => Ok(serve::print_openapi()),
        }
    }
}
