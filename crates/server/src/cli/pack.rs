//! `wanquan pack`: what is declared, and whether it is right.

use crate::packs;
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// Arguments of `wanquan pack`.
#[derive(Args)]
pub struct PackArgs {
    #[command(subcommand)]
    command: PackCommand,
}

#[derive(Subcommand)]
enum PackCommand {
    /// List the files of the packs built into this executable.
    Files,
}

impl PackArgs {
    /// Runs the chosen pack command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            PackCommand::Files => {
                for (path, data) in packs::builtin_files() {
                    println!("{path}\t{}", data.len());
                }
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
