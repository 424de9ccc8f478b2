//! `wanquan pack`: what is declared, whether it is right, and what it looks like.

use crate::{diagram, packs};
use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wanquan_domain::pack::{Files, Packs};
use wanquan_domain::text::Lang;

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
    /// Draw the states and steps of registers, and plans, as SVG.
    Draw {
        /// Folder of packs, or the identifier of a pack, a register or a plan.
        #[arg(value_name = "DIR|ID")]
        what: String,
        /// Only this register.
        #[arg(long, value_name = "ID")]
        register: Option<String>,
        /// File to write, or folder if there are several diagrams; otherwise standard output.
        #[arg(short, long, value_name = "OUT.svg")]
        output: Option<PathBuf>,
        /// Language of the notes; names stand in both.
        #[arg(long, value_enum, default_value_t = NoteLang::En)]
        lang: NoteLang,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NoteLang {
    En,
    Zh,
}

impl PackArgs {
    /// Runs the chosen pack command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            PackCommand::Check { dir } => check(&dir),
            PackCommand::List => list(),
            PackCommand::Draw { what, register, output, lang } => {
                let lang = if lang == NoteLang::Zh { Lang::Zh } else { Lang::En };
                draw(&what, register.as_deref(), output.as_deref(), lang)
            }
        }
    }
}

/// The files of a folder of packs over the built-in ones, and which packs it gives.
fn with_folder(dir: &Path) -> anyhow::Result<(Files, Vec<String>)> {
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
    Ok((files, checked))
}

fn check(dir: &Path) -> anyhow::Result<ExitCode> {
    let (files, _) = with_folder(dir)?;
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

/// One diagram of several: what it shows, and the drawing.
type Drawn = (String, String);

fn draw(what: &str, register: Option<&str>, output: Option<&Path>, lang: Lang) -> anyhow::Result<ExitCode> {
    let mut drawn = diagrams(what, lang)?;
    if let Some(register) = register {
        drawn.retain(|(id, _)| id == register);
        ensure!(!drawn.is_empty(), "`{what}` has no register `{register}` with states");
    }
    match (drawn.as_slice(), output) {
        ([], _) => bail!("`{what}` has no register with states and no plan"),
        ([(_, svg)], None) => print!("{svg}"),
        ([(_, svg)], Some(path)) if !path.is_dir() => {
            std::fs::write(path, svg).with_context(|| format!("writing {}", path.display()))?;
        }
        (several, Some(folder)) => {
            std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
            for (id, svg) in several {
                let path = folder.join(format!("{id}.svg"));
                std::fs::write(&path, svg).with_context(|| format!("writing {}", path.display()))?;
                println!("{}", path.display());
            }
        }
        (several, None) => {
            let ids: Vec<&str> = several.iter().map(|(id, _)| id.as_str()).collect();
            bail!("choose one with --register, or a folder with -o: {}", ids.join(", "))
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The diagrams of a folder of packs, a pack, a register or a plan.
fn diagrams(what: &str, lang: Lang) -> anyhow::Result<Vec<Drawn>> {
    let (packs, given) = if Path::new(what).is_dir() {
        let (files, given) = with_folder(Path::new(what))?;
        let packs = Packs::load(&files).or_else(|issues| {
            let list: Vec<String> = issues.iter().map(ToString::to_string).collect();
            bail!("the packs have {} problems:\n{}", list.len(), list.join("\n"))
        })?;
        (packs, given.into_iter().map(|pack| pack.trim_end_matches('/').to_owned()).collect())
    } else {
        (packs::load(None)?, vec![what.to_owned()])
    };
    let is_wanted = |pack: &str, id: &str| given.iter().any(|g| g == pack) || id == what;
    let mut drawn: Vec<Drawn> = Vec::new();
    for register in packs.registers().iter().filter(|r| is_wanted(&r.pack, &r.id)) {
        drawn.extend(diagram::draw_life(register, &packs.roles, lang).map(|svg| (register.id.clone(), svg)));
    }
    for plan in packs.plans().iter().filter(|p| is_wanted(&p.pack, &p.id)) {
        drawn.push((plan.id.clone(), diagram::draw_plan(plan, &packs, lang)));
    }
    Ok(drawn)
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
