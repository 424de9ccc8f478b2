//! `wanquan audit`: prove that the audit log is whole, and take it out.

use crate::api::audit::{AuditEntry, hexadecimal};
use crate::config::DataArgs;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_app::audit::{self, Fault};
use wanquan_domain::actor::Actor;

/// The audit log.
#[derive(Args, Debug)]
pub struct AuditArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Subcommand, Debug)]
enum AuditCommand {
    /// Read the whole log and check every entry and every link; exit code 1 if something was removed or altered.
    Verify,
    /// Write every entry as a line of JSON, oldest first.
    Export {
        /// File to write to; standard output if absent.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

impl AuditArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// If the installation cannot be opened or the output not written.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let actor = Actor::system(super::OPERATOR);
        super::with_installation(&self.data, async |app| match self.command {
            AuditCommand::Verify => {
                let found = audit::verify(&app, &actor).await?;
                println!("{} entries, digest of the last one {}", found.entries, hexadecimal(&found.head));
                if found.faults.is_empty() {
                    println!(
                        "Nothing was removed or altered. Keep the digest elsewhere: it proves this later."
                    );
                    return Ok(ExitCode::SUCCESS);
                }
                for fault in &found.faults {
                    println!("{}", in_words(fault));
                }
                Ok(ExitCode::FAILURE)
            }
            AuditCommand::Export { output } => {
                let to: Box<dyn Write> = match &output {
                    None => Box::new(std::io::stdout().lock()),
                    Some(path) => {
                        let file = std::fs::File::create_new(path);
                        Box::new(file.with_context(|| format!("making {}", path.display()))?)
                    }
                };
                let mut to = BufWriter::new(to);
                let each = |entry: &audit::Entry| -> anyhow::Result<()> {
                    serde_json::to_writer(&mut to, &AuditEntry::from(entry))?;
                    Ok(to.write_all(b"\n")?)
                };
                let entries = audit::export(&app, &actor, each).await?;
                to.flush()?;
                eprintln!("{entries} entries");
                Ok(ExitCode::SUCCESS)
            }
        })
    }
}

fn in_words(fault: &Fault) -> String {
    match fault {
        Fault::Missing { from, to } if from == to => format!("entry {from} is missing"),
        Fault::Missing { from, to } => format!("entries {from} to {to} are missing"),
        Fault::Altered { seq } => format!("entry {seq} was altered"),
        Fault::Unlinked { seq } => format!("entry {seq} does not follow the one before it"),
        other => format!("{other:?}"),
    }
}
