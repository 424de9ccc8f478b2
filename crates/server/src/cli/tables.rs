//! What the commands on tables share: reading from a file or standard input, writing, progress.

use anyhow::{Context, ensure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use wanquan_app::ingest::dates::DateOrder;
use wanquan_app::ingest::limits::INFLATED_BYTES_MAX;
use wanquan_app::ingest::read::{ReadOptions, Source, Table, open};

/// Opens a table (`-` is standard input) and reads it; errors name the file.
pub fn read<T>(path: &Path, reader: impl FnOnce(&Table) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let name = if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() };
    let table = || -> anyhow::Result<T> {
        let source = if is_stdin(path) {
            let mut bytes = Vec::new();
            std::io::stdin().lock().take(INFLATED_BYTES_MAX).read_to_end(&mut bytes)?;
            Source::from(bytes)
        } else {
            ensure!(!path.is_dir(), "is a folder; name a file");
            Source::from(path)
        };
        let table = open(source, &name, &ReadOptions::default())
            .map_err(|error| anyhow::anyhow!("{} [{}]", error, error.code()))?;
        reader(&table)
    };
    table().with_context(|| crate::report::plain(&name))
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

/// Which of day and month comes first, as an option says it.
pub fn date_order(text: &str) -> Result<DateOrder, String> {
    DateOrder::parse(text).ok_or_else(|| "say dmy or mdy".to_owned())
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
