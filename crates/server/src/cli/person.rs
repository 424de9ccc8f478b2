//! `wanquan person`: answer somebody who asks what is known about them, and erase them.

use crate::config::DataArgs;
use crate::report::person::{to_csv, to_html};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;
use uuid::Uuid;
use wanquan_app::person::{self, Asked};
use wanquan_domain::actor::Actor;
use wanquan_domain::text::Lang;

/// Personal data: what is known about somebody, and its end.
#[derive(Args, Debug)]
pub struct PersonArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(subcommand)]
    command: PersonCommand,
}

#[derive(Subcommand, Debug)]
enum PersonCommand {
    /// Find persons by the number of a document or a telephone, which stands in the first line of standard input, so that
    /// no history of commands keeps it. Nobody found: exit code 1.
    Find {
        /// What the line holds.
        #[arg(value_enum)]
        by: By,
    },
    /// Write everything that is known about a person, with who looked when.
    Export {
        /// The person, as `find` or the console names it.
        person: Uuid,
        /// Form.
        #[arg(long, value_enum, default_value_t = Form::Json)]
        format: Form,
        /// Language of page and table.
        #[arg(long, value_enum, default_value_t = Language::En)]
        lang: Language,
        /// File to write to, which must not exist; standard output if absent.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Erase a person: destroys the keys of everything recorded of them. Cannot be taken back.
    Erase {
        /// The person.
        person: Uuid,
        /// Why, without names.
        #[arg(long)]
        reason: String,
        /// Say that it is meant.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    Document,
    Phone,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    Json,
    Html,
    Csv,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    En,
    Zh,
}

impl PersonArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// If the installation cannot be opened, there is no such person, or the output cannot be written.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let actor = Actor::system(super::OPERATOR);
        super::with_installation(&self.data, async |app| match self.command {
            PersonCommand::Find { by } => {
                let mut line = String::new();
                std::io::stdin().read_line(&mut line).context("reading standard input")?;
                let number = Some(line.trim().to_owned());
                let asked = match by {
                    By::Document => Asked { document: number, phone: None },
                    By::Phone => Asked { document: None, phone: number },
                };
                let found = person::find(&app, &actor, &asked).await?;
                for id in &found {
                    println!("{id}");
                }
                if found.is_empty() {
                    eprintln!("nobody is known by this number");
                    return Ok(ExitCode::FAILURE);
                }
                Ok(ExitCode::SUCCESS)
            }
            PersonCommand::Export { person: id, format, lang, output } => {
                let known = person::known(&app, &actor, id).await?;
                let lang = match lang {
                    Language::En => Lang::En,
                    Language::Zh => Lang::Zh,
                };
                let text = match format {
                    Form::Json => format!("{}\n", serde_json::to_string_pretty(&known)?),
                    Form::Html => to_html(&known, lang),
                    Form::Csv => to_csv(&known, lang),
                };
                match &output {
                    None => print!("{text}"),
                    Some(path) => {
                        use std::io::Write as _;
                        let file = std::fs::File::create_new(path);
                        let mut file = file.with_context(|| format!("making {}", path.display()))?;
                        file.write_all(text.as_bytes())?;
                    }
                }
                Ok(ExitCode::SUCCESS)
            }
            PersonCommand::Erase { person: id, reason, yes } => {
                if !yes {
                    bail!("erasing cannot be taken back; say --yes if it is meant");
                }
                let entries = person::erase(&app, &actor, id, &reason).await?;
                let noun = if entries == 1 { "entry" } else { "entries" };
                println!("{entries} {noun} erased; backups taken before still hold what was known");
                Ok(ExitCode::SUCCESS)
            }
        })
    }
}
