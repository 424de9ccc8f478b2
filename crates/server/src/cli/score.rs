//! `wanquan score`: how good forecasts were, once the truth is known.

use super::{cells, tables};
use crate::report::scores;
use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wanquan_app::forecast::Cell;
use wanquan_app::forecast::evaluate::{By, Evaluation, Scores, evaluate};
use wanquan_app::forecast::hub::{Counts, csv_cell, is_counts, read_counts, read_forecasts};
use wanquan_app::forecast::run::{counts_of, read_panel};
use wanquan_app::ingest::series::SeriesOptions;

/// Arguments of `wanquan score`.
#[derive(Args)]
#[command(after_help = "Examples:
  wanquan score --forecast out.csv.gz --truth final.csv
  wanquan score --forecast out.csv.gz --truth final.csv \\
    --relative-to forecasts.csv.gz:FluSight-baseline --by horizon -o scores.csv --plot scores.html

wis: mean weighted interval score, the sum of dispersion, overprediction and underprediction; \
smaller is better. relative_wis: mean score over that of the other forecasts, over the cells that \
both have. coverage: share of the truths within the central interval. pit_1 .. pit_10: share of \
the truths by tenth of their forecast; 0.1 each if calibrated.")]
pub struct ScoreArgs {
    /// Forecasts in the columns of forecast hubs; FILE:MODEL where the file holds several models.
    #[arg(long, value_name = "FILE[:MODEL]")]
    forecast: String,
    /// Final counts: date, location, value, or a panel as `wanquan forecast` reads it.
    #[arg(long, value_name = "FILE")]
    truth: PathBuf,
    /// Forecasts to compare with over the cells that both have.
    #[arg(long, value_name = "FILE[:MODEL]")]
    relative_to: Option<String>,
    /// What to tell apart, besides all.
    #[arg(long, value_enum)]
    by: Option<Groups>,
    /// Form of the answer on standard output.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    /// File for the scores as well: CSV, or JSON if it ends in .json.
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Page with the scores by group and the calibration.
    #[arg(long, value_name = "OUT.html")]
    plot: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Csv,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Groups {
    Location,
    Horizon,
    #[value(name = "reference_date", alias = "reference-date")]
    ReferenceDate,
}

impl ScoreArgs {
    /// Reads, scores, prints and writes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let cells = forecasts(&self.forecast)?;
        let truth = tables::read(&self.truth, truth)?;
        let others = self.relative_to.as_deref().map(forecasts).transpose()?;
        let by = self.by.map(|by| match by {
            Groups::Location => By::Location,
            Groups::Horizon => By::Horizon,
            Groups::ReferenceDate => By::ReferenceDate,
        });
        let evaluation = evaluate(&cells, &truth, others.as_deref(), by)?;
        if evaluation.without_truth > 0 {
            eprintln!("wanquan: {} forecasts have no truth yet and are left out", evaluation.without_truth);
        }
        if others.is_some() && evaluation.all.relative.is_none() {
            eprintln!("wanquan: the two sets of forecasts have no cell in common");
        }
        let answer = match self.format {
            Form::Text => text(&evaluation),
            Form::Csv => csv(&evaluation),
            Form::Json => json(&evaluation)?,
        };
        if let Some(path) = &self.output {
            let is_json = path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("json"));
            let written = if is_json { json(&evaluation)? } else { csv(&evaluation) };
            tables::write(Some(path), written.as_bytes())?;
        }
        if let Some(path) = &self.plot {
            tables::write(Some(path), scores::page(&evaluation).as_bytes())?;
        }
        tables::write(None, answer.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Forecasts of `FILE` or `FILE:MODEL`.
fn forecasts(named: &str) -> anyhow::Result<Vec<Cell>> {
    // A file of that very name goes before: its name may hold a colon.
    let (path, model) = match named.rsplit_once(':') {
        Some((path, model)) if !Path::new(named).exists() && !model.is_empty() => (path, Some(model)),
        _ => (named, None),
    };
    tables::read(Path::new(path), |table| Ok(read_forecasts(table, model)?))
}

fn truth(table: &wanquan_app::ingest::read::Table) -> anyhow::Result<Counts> {
    if is_counts(table) {
        return Ok(read_counts(table)?);
    }
    let set = read_panel(table, &SeriesOptions::default())?;
    Ok(counts_of(&set)?)
}

/// Name and scores of every line: all first.
fn lines(evaluation: &Evaluation) -> Vec<(&str, &Scores)> {
    let groups = evaluation.groups.iter().map(|(name, scores)| (name.as_str(), scores));
    std::iter::once(("all", &evaluation.all)).chain(groups).collect()
}

fn share(x: Option<f64>) -> String {
    x.map_or_else(|| "-".to_owned(), |x| format!("{:.1}%", 100.0 * x))
}

fn text(evaluation: &Evaluation) -> String {
    let lines = lines(evaluation);
    let label = evaluation.by.map_or("", By::as_str);
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(label.len()).max(3);
    let mut out = format!(
        "{label:<width$} {:>9} {:>12} {:>11} {:>12} {:>12} {:>12} {:>7} {:>7} {:>12}\n",
        "forecasts", "wis", "dispersion", "over", "under", "|median-y|", "in 50%", "in 95%", "relative_wis"
    );
    for (name, scores) in &lines {
        let relative = scores
            .relative
            .and_then(|r| Some(format!("{:.4} of {}", r.ratio?, r.forecasts)))
            .unwrap_or_else(|| "-".to_owned());
        let _ = writeln!(
            out,
            "{:<width$} {:>9} {:>12.3} {:>11.3} {:>12.3} {:>12.3} {:>12.3} {:>7} {:>7} {:>12}",
            crate::report::plain(name),
            scores.forecasts,
            scores.wis,
            scores.dispersion,
            scores.overprediction,
            scores.underprediction,
            scores.median_error,
            share(scores.coverage_50),
            share(scores.coverage_95),
            relative
        );
    }
    let tenths: Vec<String> = evaluation.all.pit.iter().map(|p| format!("{p:.3}")).collect();
    let _ = writeln!(out, "truths by tenth of their forecast: {}", tenths.join(" "));
    if let Some(relative) = evaluation.all.relative {
        let _ = writeln!(
            out,
            "over {} common cells: {:.3} against {:.3}",
            relative.forecasts, relative.wis, relative.other_wis
        );
    }
    out
}

fn csv(evaluation: &Evaluation) -> String {
    let tenths: Vec<String> = (1..=evaluation.all.pit.len()).map(|i| format!("pit_{i}")).collect();
    let mut out = format!(
        "group,forecasts,wis,dispersion,overprediction,underprediction,median_error,coverage_50,coverage_95,{},\
         common_forecasts,common_wis,other_wis,relative_wis\n",
        tenths.join(",")
    );
    for (name, scores) in lines(evaluation) {
        let _ = write!(
            out,
            "{},{},{},{},{},{},{},{},{}",
            csv_cell(name),
            scores.forecasts,
            scores.wis,
            scores.dispersion,
            scores.overprediction,
            scores.underprediction,
            scores.median_error,
            cells::written(scores.coverage_50),
            cells::written(scores.coverage_95)
        );
        for p in &scores.pit {
            let _ = write!(out, ",{p}");
        }
        let relative = scores.relative;
        let _ = writeln!(
            out,
            ",{},{},{},{}",
            relative.map_or(0, |r| r.forecasts),
            cells::written(relative.map(|r| r.wis)),
            cells::written(relative.map(|r| r.other_wis)),
            cells::written(relative.and_then(|r| r.ratio))
        );
    }
    out
}

fn json(evaluation: &Evaluation) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Answer<'a> {
        schema: &'static str,
        schema_version: u32,
        #[serde(flatten)]
        evaluation: &'a Evaluation,
    }
    let answer = Answer { schema: "wanquan.forecast-scores", schema_version: 1, evaluation };
    let mut text = serde_json::to_string(&answer).context("writing JSON")?;
    text.push('\n');
    Ok(text)
}
