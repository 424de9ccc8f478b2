//! `wanquan pack`: what is declared, and whether it is right.

use crate::packs;
use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_domain::pack::{Files, Packs};

/// Arguments of `wanquan pack`.
#[derive(Args)]
pub struct PackArgs {
    #[command(subcommand)]
    command: PackCommand,
}

#[derive(Subcommand)]
enum PackCommand {
    /// Check a pack, or a folder of packs, together with the built-in ones: every problem at once, with file and line.
    Check {
        /// Folder with a pack.toml, or with one folder per pack.
        dir: PathBuf,
    },
    /// List the packs, registers, measures and diseases built into this executable.
    List,
}

impl PackArgs {
    /// Runs the chosen pack command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            PackCommand::Check { dir } => check(&dir),
            PackCommand::List => list(),
        }
    }
}

fn check(dir: &std::path::Path) -> anyhow::Result<ExitCode> {
    ensure!(dir.is_dir(), "{} is not a folder", dir.display());
    let mut given = packs::read_folder(dir)?;
    if dir.join("pack.toml").is_file() {
        let full = dir.canonicalize().with_context(|| format!("finding {}", dir.display()))?;
        let name =
            full.file_name().context("the pack needs a folder of its own")?.to_string_lossy().into_owned();
        given = given.into_iter().map(|(path, content)| (format!("{name}/{path}"), content)).collect();
    }
    let checked: Vec<String> =
        given.keys().filter_map(|path| path.split_once('/').map(|(pack, _)| format!("{pack}/"))).collect();
    let mut files: Files = packs::builtin_files();
    files.retain(|path, _| !checked.iter().any(|pack| path.starts_with(pack)));
    files.extend(given);
    match Packs::load(&files) {
        Ok(packs) => {
            println!(
                "no problems: {} packs, {} registers, {} diseases, {} regions",
                packs.packs.len(),
                packs.registers().len(),
                packs.diseases.len(),
                packs.regions.len()
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(issues) => {
            for issue in &issues {
                println!("{issue}");
            }
            eprintln!("{} problems", issues.len());
            Ok(ExitCode::FAILURE)
        }
    }
}

fn list() -> anyhow::Result<ExitCode> {
    let packs = packs::load(None)?;
    for pack in &packs.packs {
        println!("pack      {:<14} {} ({}, {})", pack.id, pack.title.en, pack.title.zh, pack.version);
    }
    for register in packs.registers() {
        println!("register  {:<14} {} ({})", register.id, register.title.en, register.title.zh);
        for measure in &register.measures {
            println!("  measure {:<24} {} ({})", measure.id, measure.label.en, measure.label.zh);
        }
    }
    for disease in &packs.diseases {
        println!(
            "disease   {:<14} {} ({}, {})",
            disease.id, disease.label.en, disease.label.zh, disease.icd10
        );
    }
    println!("regions   {}", packs.regions.len());
    Ok(ExitCode::SUCCESS)
}
