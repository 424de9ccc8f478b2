//! What the commands on tables share: reading from a file or standard input, writing, progress.

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use wanquan_app::ingest::dates::DateOrder;
use wanquan_app::ingest::limits::INFLATED_BYTES_MAX;
use wanquan_app::ingest::read::{ReadOptions, Source, Table, open};
use wanquan_app::ingest::series::Counting;

/// Opens a table (`-` is standard input) and reads it; errors name the file.
pub fn read<T>(path: &Path, reader: impl FnOnce(&Table) -> anyhow::Result<T>) -> anyhow::Result<T> {
    read_sheet(path, None, reader)
}

/// The same for a sheet of a workbook; otherwise the first with a table.
pub fn read_sheet<T>(
    path: &Path,
    sheet: Option<&str>,
    reader: impl FnOnce(&Table) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let said = if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() };
    let name = path.file_name().filter(|_| !is_stdin(path));
    let name = name.map_or_else(|| said.clone(), |name| name.to_string_lossy().into_owned());
    let table = || -> anyhow::Result<T> {
        let source = if is_stdin(path) {
            let mut bytes = Vec::new();
            std::io::stdin().lock().take(INFLATED_BYTES_MAX).read_to_end(&mut bytes)?;
            Source::from(bytes)
        } else {
            ensure!(!path.is_dir(), "is a folder; name a file");
            Source::from(path)
        };
        let table = open(source, &name, &ReadOptions { sheet: sheet.map(str::to_owned) })
            .map_err(|error| anyhow::anyhow!("{} [{}]", error, error.code()))?;
        reader(&table)
    };
    table().with_context(|| crate::report::plain(&said))
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Writes to a file or standard output.
pub fn write(path: Option<&Path>, bytes: &[u8]) -> anyhow::Result<()> {
    match path {
        Some(path) => std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display())),
        None => match std::io::stdout().lock().write_all(bytes) {
            // The reader of a pipe that has seen enough is no failure.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("writing to standard output"),
        },
    }
}

/// How the dates of a table are written.
#[derive(Args)]
pub struct DateArgs {
    /// Which of day and month comes first, where a column does not tell.
    #[arg(long = "date-order", value_name = "dmy|mdy", value_parser = date_order)]
    pub order: Option<DateOrder>,
}

/// What the counts of a table are.
#[derive(Args)]
pub struct CountArgs {
    /// New persons of each step (incident) or running totals (cumulative); otherwise found from names and figures.
    #[arg(long, value_name = "incident|cumulative", value_parser = counting)]
    pub counting: Option<Counting>,
}

fn counting(text: &str) -> Result<Counting, String> {
    Counting::parse(text).ok_or_else(|| "say incident or cumulative".to_owned())
}

fn date_order(text: &str) -> Result<DateOrder, String> {
    DateOrder::parse(text).ok_or_else(|| "say dmy or mdy".to_owned())
}

/// Form of an answer in rows.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    Csv,
    Json,
}

/// Form of an answer, and where it goes.
#[derive(Args)]
pub struct Output {
    /// Form of the answer.
    #[arg(long, value_enum, default_value_t = Form::Csv)]
    pub format: Form,
    /// File to write; otherwise standard output.
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

impl Output {
    /// Writes it: as JSON under the name of its schema, or as the text of its table.
    pub fn write<T: Serialize + ?Sized>(
        &self,
        schema: &'static str,
        answer: &T,
        csv: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<()> {
        self.write_either(|| csv(answer), || json(schema, answer))
    }

    /// The same for an answer whose JSON has a shape of its own.
    pub fn write_either(
        &self,
        csv: impl FnOnce() -> String,
        json: impl FnOnce() -> anyhow::Result<String>,
    ) -> anyhow::Result<()> {
        let text = match self.format {
            Form::Csv => csv(),
            Form::Json => json()?,
        };
        write(self.output.as_deref(), text.as_bytes())
    }
}

/// An answer as JSON, with the name of its schema.
pub fn json<T: Serialize + ?Sized>(schema: &'static str, answer: &T) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Named<'a, T: ?Sized> {
        schema: &'static str,
        schema_version: u32,
        answer: &'a T,
    }
    let mut text = serde_json::to_string(&Named { schema, schema_version: 1, answer })?;
    text.push('\n');
    Ok(text)
}

/// A bar on standard error while a person watches; nothing in a script.
pub struct Progress(ProgressBar);

impl Progress {
    /// Of so many things.
    pub fn new(what: &'static str, all: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(all as u64), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg} {eta}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self(bar)
    }

    /// One more is done.
    pub fn step(&self) {
        self.0.inc(1);
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}
