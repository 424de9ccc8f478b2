//! `wanquan backup` and `wanquan restore`: the whole installation in one file, and back.

use crate::config::DataArgs;
use anyhow::bail;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_app::backup;
use wanquan_domain::actor::Actor;

/// Copy the whole installation into one file, also while it serves.
#[derive(Args, Debug)]
pub struct BackupArgs {
    /// File to write; it must not exist.
    file: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

/// Put a backup into an empty data folder.
#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// File that `wanquan backup` wrote.
    file: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

impl BackupArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// If the file exists, cannot be written, or the copy is damaged.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        super::with_installation(&self.data, async |app| {
            backup::back_up(&app, &Actor::system(super::OPERATOR), &self.file).await?;
            let bytes = std::fs::metadata(&self.file)?.len();
            println!("{}: {bytes} bytes, checked", self.file.display());
            Ok(ExitCode::SUCCESS)
        })
    }
}

impl RestoreArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// If the file is damaged or the folder is not empty.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        if self.data.database.is_some() {
            bail!("restore PostgreSQL with its own tools (pg_restore)");
        }
        super::serve::runtime()?.block_on(backup::restore(&self.file, &self.data.data))?;
        println!("{} is restored from {}", self.data.data.display(), self.file.display());
        Ok(ExitCode::SUCCESS)
    }
}
