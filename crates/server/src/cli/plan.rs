//! `wanquan plan`: what a plan would do for given facts, without a database.

use crate::packs;
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_domain::kind::Role;
use wanquan_domain::level::ResponseLevel;
use wanquan_domain::pack::{Files, Packs};
use wanquan_domain::plan::{Deed, DutyHolder, Occasion, Plan, Planned};
use wanquan_domain::region::RegionCode;

#[derive(Args)]
pub struct PlanArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the plans: what sets each off, and what it does.
    List {
        /// Folder of packs added to the built-in ones.
        #[arg(long, value_name = "DIR")]
        packs: Option<PathBuf>,
    },
    /// Check plans against their cases: given these facts, these records would be created. Without FILE, every
    /// `plans/*.test.toml` of the packs.
    Test {
        /// Cases to check instead of those in the packs.
        file: Option<PathBuf>,
        /// Folder of packs added to the built-in ones.
        #[arg(long, value_name = "DIR")]
        packs: Option<PathBuf>,
        /// Print everything that each case would do.
        #[arg(long)]
        show: bool,
    },
}

/// Cases of one plan.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    plan: String,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    region: String,
    /// Region of the responsible unit; the case's region if absent.
    responsible: Option<String>,
    today: String,
    /// Level that holds; routine if absent.
    level: Option<String>,
    #[serde(default)]
    facts: BTreeMap<String, toml::Value>,
    #[serde(default)]
    duty: Vec<Duty>,
    #[serde(default)]
    expect: Vec<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Duty {
    organisation: String,
    region: String,
    duty: String,
}

/// What an action is expected to do; an action that is not named is expected to do nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    action: String,
    count: usize,
    /// Values of the first record.
    #[serde(default)]
    values: BTreeMap<String, toml::Value>,
}

impl PlanArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// If packs or cases cannot be read.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::List { packs } => list(&packs::load(packs.as_deref())?),
            Command::Test { file, packs, show } => test(file, packs, show),
        }
    }
}

fn list(packs: &Packs) -> anyhow::Result<ExitCode> {
    for plan in packs.plans() {
        println!("{} v{} ({}) - {}", plan.id, plan.version, plan.trigger.as_str(), plan.title.en);
        for action in &plan.actions {
            println!("  {}", action.id);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn test(file: Option<PathBuf>, added: Option<PathBuf>, show: bool) -> anyhow::Result<ExitCode> {
    let packs = packs::load(added.as_deref())?;
    let mut files: Vec<(String, String)> = Vec::new();
    if let Some(path) = file {
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        files.push((path.display().to_string(), text));
    } else {
        let mut all: Files = packs::builtin_files();
        if let Some(folder) = &added {
            all.extend(packs::read_folder(folder)?);
        }
        for (path, content) in all.iter().filter(|(path, _)| path.ends_with(".test.toml")) {
            files.push((path.clone(), String::from_utf8(content.to_vec()).with_context(|| path.clone())?));
        }
    }
    let (mut passed, mut failed) = (0, 0);
    for (path, text) in files {
        let cases: Cases = toml::from_str(&text).with_context(|| format!("reading {path}"))?;
        let Some(plan) = packs.plan(&cases.plan) else { bail!("{path}: no plan `{}`", cases.plan) };
        for case in &cases.case {
            let problems =
                check(&packs, plan, case, show).with_context(|| format!("{path}: {}", case.name))?;
            if problems.is_empty() {
                passed += 1;
                println!("ok      {}: {}", plan.id, case.name);
            } else {
                failed += 1;
                println!("FAILED  {}: {}", plan.id, case.name);
                problems.iter().for_each(|problem| println!("        {problem}"));
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    Ok(if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn json_of(value: &toml::Value) -> Json {
    serde_json::to_value(value).unwrap_or(Json::Null)
}

/// What differs from what the case expects.
fn check(packs: &Packs, plan: &Plan, case: &Case, show: bool) -> anyhow::Result<Vec<String>> {
    let planned = planned(packs, plan, case)?;
    if show {
        planned.iter().for_each(|one| println!("        {}: {}", one.action, describe(one)));
    }
    let mut problems = Vec::new();
    for action in &plan.actions {
        let expected = case.expect.iter().find(|e| e.action == action.id);
        let done: Vec<&Planned> = planned.iter().filter(|p| p.action == action.id).collect();
        let count = expected.map_or(0, |e| e.count);
        if done.len() != count {
            problems.push(format!("`{}` is done {} times, {count} expected", action.id, done.len()));
        }
        for (field, value) in expected.iter().flat_map(|e| &e.values) {
            let made = done.first().and_then(|one| match &one.deed {
                Deed::Create { values, .. } => values.get(field),
                _ => None,
            });
            if made != Some(&json_of(value)) {
                problems.push(format!("`{}` sets {field} to {made:?}, {value} expected", action.id));
            }
        }
    }
    let known = |e: &&Expected| !plan.actions.iter().any(|action| action.id == e.action);
    problems
        .extend(case.expect.iter().filter(known).map(|e| format!("the plan has no action `{}`", e.action)));
    Ok(problems)
}

fn describe(one: &Planned) -> String {
    match &one.deed {
        Deed::Create { register, values, due } => {
            let due = due.as_ref().map_or(String::new(), |(_, period)| format!(", due in {period}"));
            format!("create {register} for {} {}{due}", one.region, Json::Object(values.clone()))
        }
        Deed::Notify { role, text } => format!("tell {role} of {}: {}", one.region, text.en),
        Deed::ProposeLevel { level } => format!("propose level {} for {}", level.as_str(), one.region),
        Deed::DraftPublication { title, .. } => format!("draft \"{}\" for {}", title.en, one.region),
    }
}

fn planned(packs: &Packs, plan: &Plan, case: &Case) -> anyhow::Result<Vec<Planned>> {
    let region = RegionCode::new(&case.region);
    let Some(place) = packs.regions.get(&region) else { bail!("no region `{region}`") };
    let today: Date = case.today.parse().with_context(|| format!("`{}` is no date", case.today))?;
    let level = case.level.as_deref().unwrap_or("routine");
    let Some(held) = ResponseLevel::parse(level) else { bail!("no response level `{level}`") };
    if held < plan.from_level {
        return Ok(Vec::new());
    }
    let mut facts: Map<String, Json> = plan.facts.iter().map(|fact| (fact.id.clone(), Json::Null)).collect();
    facts.insert("region".into(), json!(case.region));
    facts.insert("region_name".into(), json!(place.name));
    facts.insert("region_level".into(), json!(place.level.as_str()));
    facts.insert("level".into(), json!(level));
    facts.insert("today".into(), json!(case.today));
    for (name, value) in &case.facts {
        if !plan.facts.iter().any(|fact| fact.id == *name) {
            bail!("`{name}` is no fact of the plan's trigger");
        }
        facts.insert(name.clone(), json_of(value));
    }
    let holder = |duty: &Duty| DutyHolder {
        organisation: duty.organisation.clone(),
        region: RegionCode::new(&duty.region),
        duty: duty.duty.clone(),
    };
    let duties: Vec<DutyHolder> = case.duty.iter().map(holder).collect();
    let responsible = case.responsible.as_deref().map(RegionCode::new);
    let occasion = Occasion {
        facts: &facts,
        region: &region,
        responsible: responsible.as_ref(),
        duties: &duties,
        today,
    };
    let role_field = |register: &str, role: Role| {
        packs.register(register).and_then(|r| r.role(role)).map(|field| field.id.clone())
    };
    Ok(plan.expand(&occasion, &packs.regions, role_field))
}
