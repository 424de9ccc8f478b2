//! `wanquan import`: a file into a register, without a server.

use super::serve::runtime;
use crate::clock::WallClock;
use crate::config::{Config, DataArgs, ServeArgs};
use crate::report::import as text;
use crate::serve;
use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum};
use indicatif::{HumanFloatCount, ProgressBar, ProgressState, ProgressStyle};
use jiff::civil::Date;
use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use wanquan_app::ingest::dates::DateOrder;
use wanquan_app::ingest::import::{
    ImportOptions, ImportReport, Input, Layout, Mapping, Progress, Target, import,
};
use wanquan_app::ingest::series::Counting;
use wanquan_domain::actor::Actor;
use wanquan_domain::text::Lang;

/// The file was refused as a whole, or no row of it was accepted.
const REFUSED: u8 = 3;
/// Some rows were refused; the others are stored.
const PARTLY_REFUSED: u8 = 4;

/// Arguments of `wanquan import`.
#[derive(Args)]
#[command(after_help = "Examples:
  wanquan import cases.xlsx --register case --set disease=covid-19 --within 长治 --dry-run
  wanquan import counts.csv --register count_report --set disease=measles --set indicator=confirmed
  wanquan import export.csv --register case --mapping hospital.toml --refused refused.csv

Exit codes: 0 every row was accepted; 3 the file was refused as a whole or no row was accepted; 4 some rows were
refused and the others stored; 1 any other failure. docs/import.md explains files, mappings and codes.")]
pub struct ImportArgs {
    /// Line list or counts: CSV, TSV, semicolons, pipes, XLSX, XLS; text also gzipped.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Register (case, contact, lab_sample, count_report, or one of an added pack).
    #[arg(short, long, value_name = "ID")]
    register: String,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Value of a field where the file has none; several times.
    #[arg(long, value_name = "FIELD=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Field of a column; `indicator:CHOICE` for a column of counts, `-` to leave it out; several times.
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = pair)]
    map: Vec<(String, String)>,
    /// Mapping file (TOML) that says the same and is kept with the source.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Region (code or name) below which names of places are looked up.
    #[arg(long, value_name = "REGION")]
    within: Option<String>,
    /// 03/04/2020 is the third of April.
    #[arg(long, conflicts_with = "month_first")]
    day_first: bool,
    /// 03/04/2020 is the fourth of March.
    #[arg(long)]
    month_first: bool,
    /// Form of the table, where it is not what was found.
    #[arg(long, value_enum)]
    layout: Option<LayoutArg>,
    /// Counts are running totals: differences are stored.
    #[arg(long, conflicts_with = "incident")]
    cumulative: bool,
    /// Counts are new persons, whatever the names of their columns say.
    #[arg(long)]
    incident: bool,
    /// Refuse rows of regions whose parts stand in the file too: they are totals.
    #[arg(long)]
    parts_only: bool,
    /// Day on which the content became known; today if not given.
    #[arg(long, value_name = "DATE")]
    known_on: Option<Date>,
    /// Sheet of a workbook; otherwise the first one with rows.
    #[arg(long)]
    sheet: Option<String>,
    /// File (CSV) that takes the refused rows with the reasons, to be corrected and imported again.
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    /// Language of the report.
    #[arg(long, value_enum, default_value_t = ReportLang::En)]
    lang: ReportLang,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportLang {
    En,
    Zh,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum LayoutArg {
    LineList,
    Long,
    Wide,
}

/// Two sides of the first `=`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    // Names of columns may hold the sign, identifiers of fields do not.
    let (left, right) = text.split_once('=').ok_or("write NAME=VALUE")?;
    if left.trim().is_empty() {
        return Err("write NAME=VALUE".to_owned());
    }
    Ok((left.trim().to_owned(), right.trim().to_owned()))
}

impl ImportArgs {
    /// Imports and reports.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        ensure!(!self.file.is_dir(), "{} is a folder; name the file", self.file.display());
        ensure!(self.file.exists(), "there is no file {}", self.file.display());
        let mapping = self.mapping()?;
        let lang = if self.lang == ReportLang::Zh { Lang::Zh } else { Lang::En };
        let refused = self.refused.as_deref().map(create).transpose()?;
        let bar = (std::io::stderr().is_terminal() && self.format == Form::Text).then(progress_bar);
        let told = bar.clone();
        let options = ImportOptions {
            mapping,
            dry_run: self.dry_run,
            refused: refused.map(|file| (Box::new(BufWriter::new(file)) as Box<_>, lang)),
            progress: told.map(|bar| -> Box<dyn Fn(Progress) + Send> {
                Box::new(move |progress| {
                    bar.set_length(progress.of);
                    bar.set_position(progress.rows);
                })
            }),
        };
        let name = self.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let input = Input { source: self.file.as_path().into(), name };
        let config = Config::read(&ServeArgs { data: self.data.clone(), ..ServeArgs::default() })?;
        let report = runtime()?.block_on(async {
            let app = serve::open(&config, Arc::new(WallClock), false).await?;
            let report = import(&app, &Actor::system("import"), &self.register, input, options).await;
            app.close().await;
            anyhow::Ok(report.with_context(|| format!("importing {}", self.file.display()))?)
        });
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        let report = report?;
        if let Some(path) = self.refused.as_deref().filter(|_| report.refused == 0) {
            // Nothing to correct: no file that would say so by being empty.
            std::fs::remove_file(path).with_context(|| format!("removing {}", path.display()))?;
        }
        let written = match self.format {
            Form::Json => serde_json::to_string_pretty(&report)? + "\n",
            Form::Text => text::render(&report, lang, self.refused.as_deref()),
        };
        match std::io::stdout().lock().write_all(written.as_bytes()) {
            // The reader of a pipe that has seen enough is no failure.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            other => other.context("writing to standard output")?,
        }
        Ok(exit_code(&report))
    }

    fn mapping(&self) -> anyhow::Result<Mapping> {
        let file = match &self.mapping {
            None => Mapping::default(),
            Some(path) => {
                let text =
                    std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
                Mapping::parse(&text).map_err(|problem| anyhow::anyhow!("{}: {problem}", path.display()))?
            }
        };
        let order = if self.day_first {
            Some(DateOrder::DayFirst)
        } else {
            self.month_first.then_some(DateOrder::MonthFirst)
        };
        let counting = if self.cumulative {
            Some(Counting::Cumulative)
        } else {
            self.incident.then_some(Counting::Incident)
        };
        Ok(file.and(Mapping {
            columns: self.map.iter().map(|(column, to)| (column.clone(), Target::parse(to))).collect(),
            defaults: self.set.clone(),
            within: self.within.clone(),
            date_order: order,
            layout: self.layout.map(|layout| match layout {
                LayoutArg::LineList => Layout::LineList,
                LayoutArg::Long => Layout::Long,
                LayoutArg::Wide => Layout::Wide,
            }),
            counting,
            known_on: self.known_on,
            parts_only: self.parts_only,
            sheet: self.sheet.clone(),
        }))
    }
}

fn create(path: &Path) -> anyhow::Result<File> {
    File::create_new(path).with_context(|| format!("making {}", path.display()))
}

/// A bar with rate and remaining time.
fn progress_bar() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} rows  {rate} rows/s  {eta} left");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        // The rate is a guess; a bar that cannot be written is no loss.
        let _ = write!(out, "{}", HumanFloatCount(state.per_sec().round()));
    };
    ProgressBar::new(0).with_style(style.with_key("rate", rate))
}

fn exit_code(report: &ImportReport) -> ExitCode {
    if report.refusal.is_some() || (report.accepted == 0 && report.refused > 0) {
        ExitCode::from(REFUSED)
    } else if report.refused > 0 {
        ExitCode::from(PARTLY_REFUSED)
    } else {
        ExitCode::SUCCESS
    }
}
