//! Packs: folders of declared knowledge, checked as a whole before anything runs on them.

mod issue;
mod lifecycle;
mod places;
mod plans;
mod portal;
mod reader;
mod registers;

pub use issue::{PackIssue, PackIssueCode};
pub use places::{Boundary, Place, Tile};
pub use portal::PortalDeclaration;

use crate::actor::{Action, RoleDeclaration, Roles};
use crate::calendar::Calendar;
use crate::disease::{CaseDefinition, DetectorSetting, Disease, Parameter};
use crate::level::{LevelProfile, ResponseLevel};
use crate::plan::Plan;
use crate::region::RegionTree;
use crate::register::{Register, fold};
use crate::text::Text;
use reader::Reader;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use wanquan_epi::detect::DetectorSpec;

/// The files of one or more packs by path below the packs folder: `base/pack.toml`, `base/registers/case.toml`.
pub type Files = BTreeMap<String, Arc<[u8]>>;

/// What a pack says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackInfo {
    /// Identifier, the name of its folder.
    pub id: String,
    /// Shown name.
    pub title: Text,
    /// Version.
    pub version: String,
    /// `base`, `disease` or `place`.
    pub kind: String,
    /// Packs that it builds on.
    pub requires: Vec<String>,
    /// Licence of its content.
    pub licence: String,
    /// Where its facts come from.
    pub sources: Vec<Source>,
}

/// Where facts of a pack come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Identifier used in the pack's tables.
    pub id: String,
    /// What it is.
    pub title: String,
    /// Citation or address.
    pub citation: String,
    /// Licence as stated there.
    pub licence: String,
}

/// Everything declared, ready for use.
#[derive(Debug, Default)]
pub struct Packs {
    /// The packs.
    pub packs: Vec<PackInfo>,
    /// The administrative tree.
    pub regions: RegionTree,
    /// Roles.
    pub roles: Roles,
    /// Diseases.
    pub diseases: Vec<Disease>,
    /// What each response level brings with it, from routine to the gravest.
    pub levels: Vec<LevelProfile>,
    /// When people work.
    pub calendar: Calendar,
    /// The portal.
    pub portal: PortalDeclaration,
    plans: Vec<Arc<Plan>>,
    registers: Vec<Arc<Register>>,
    disease_names: HashMap<String, usize>,
    tiles: HashMap<String, (i32, i32)>,
    boundary_files: Vec<Arc<[u8]>>,
    data_files: Files,
}

impl Packs {
    /// Loads and checks packs.
    ///
    /// # Errors
    /// Every problem of every file, in order of file and line.
    pub fn load(files: &Files) -> Result<Self, Vec<PackIssue>> {
        let mut issues = Vec::new();
        let packs = Self::read(files, &mut issues);
        if issues.is_empty() {
            Ok(packs)
        } else {
            issues.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
            Err(issues)
        }
    }

    fn read(files: &Files, issues: &mut Vec<PackIssue>) -> Self {
        let mut packs = Self::default();
        for (path, content) in files {
            let Some((pack, rest)) = path.split_once('/') else { continue };
            let toml = |issues: &mut Vec<PackIssue>, read: &mut dyn FnMut(&mut Reader<'_>)| {
                reader::read_toml(path, content, issues, read);
            };
            match rest {
                "pack.toml" => toml(issues, &mut |r| packs.packs.push(read_info(r, pack))),
                "roles.toml" => toml(issues, &mut |r| packs.roles.0.extend(read_roles(r))),
                "levels.toml" => toml(issues, &mut |r| packs.levels.extend(plans::read_levels(r))),
                "calendar.toml" => toml(issues, &mut |r| packs.calendar = plans::read_calendar(r)),
                "portal.toml" => toml(issues, &mut |r| portal::read_portal(r, &mut packs.portal)),
                "disease.toml" => toml(issues, &mut |r| packs.diseases.extend(read_diseases(r))),
                _ if rest.starts_with("boundaries/") => packs.boundary_files.push(Arc::clone(content)),
                _ if rest.starts_with("history/")
                    || rest.starts_with("archive/")
                    || rest.starts_with("policy/")
                    || rest.starts_with("articles/") =>
                {
                    packs.data_files.insert(path.clone(), Arc::clone(content));
                }
                _ => {}
            }
        }
        packs.index_diseases();
        places::read_regions(files, &mut packs, issues);
        let registers = registers::read_registers(files, &packs, issues);
        packs.registers = registers;
        packs.levels.sort_by_key(|profile| profile.level);
        packs.plans = plans::read_plans(files, &packs, issues);
        packs.check_references(files, issues);
        packs.check_roles(issues);
        packs
    }

    fn index_diseases(&mut self) {
        for (i, disease) in self.diseases.iter().enumerate() {
            let names = [&disease.id, &disease.label.en, &disease.label.zh];
            for name in names.into_iter().chain(&disease.synonyms) {
                self.disease_names.entry(fold(name)).or_insert(i);
            }
        }
    }

    fn check_references(&self, files: &Files, issues: &mut Vec<PackIssue>) {
        let present: BTreeSet<&str> = self.packs.iter().map(|p| p.id.as_str()).collect();
        let folders: BTreeSet<&str> =
            files.keys().filter_map(|path| path.split_once('/')).map(|p| p.0).collect();
        for folder in folders {
            if !present.contains(folder) {
                let file = format!("{folder}/pack.toml");
                issues.push(PackIssue::new(
                    PackIssueCode::MissingFile,
                    &file,
                    0,
                    "the pack has no pack.toml",
                ));
            }
        }
        for pack in &self.packs {
            for needed in pack.requires.iter().filter(|id| !present.contains(id.as_str())) {
                let file = format!("{}/pack.toml", pack.id);
                let text = format!("the required pack `{needed}` is not there");
                issues.push(PackIssue::new(PackIssueCode::UnknownReference, &file, 0, &text));
            }
        }
        let measures: BTreeSet<&str> =
            self.registers.iter().flat_map(|r| r.measures.iter().map(|m| m.id.as_str())).collect();
        for disease in &self.diseases {
            let named = disease.detectors.iter().map(|d| &d.measure).chain([&disease.main_measure]);
            for measure in named.filter(|m| !measures.contains(m.as_str())) {
                let text = format!("disease `{}` names the unknown measure `{measure}`", disease.id);
                let file = disease_file(files, &disease.id);
                issues.push(PackIssue::new(PackIssueCode::UnknownReference, &file, 0, &text));
            }
        }
    }

    /// Roles that steps name, and plans and forms that levels name, are declared.
    fn check_roles(&self, issues: &mut Vec<PackIssue>) {
        let mut unknown = |file: String, text: String| {
            issues.push(PackIssue::new(PackIssueCode::UnknownReference, &file, 0, &text));
        };
        for register in &self.registers {
            let file = format!("{}/registers/{}.toml", register.pack, register.id);
            let steps = register.lifecycle.iter().flat_map(|life| &life.steps);
            for (step, allowed) in steps.flat_map(|step| step.allowed.iter().map(move |a| (step, a))) {
                if self.roles.get(&allowed.role).is_none() {
                    let text = format!("step `{}` names the unknown role `{}`", step.id, allowed.role);
                    unknown(file.clone(), text);
                }
            }
        }
        for profile in &self.levels {
            for plan in profile.plans.iter().filter(|id| self.plan(id).is_none()) {
                let text = format!("level `{}` names the unknown plan `{plan}`", profile.level.as_str());
                unknown("levels.toml".to_owned(), text);
            }
            for form in profile.forms.iter().filter(|id| self.register(id).is_none()) {
                let text = format!("level `{}` names the unknown register `{form}`", profile.level.as_str());
                unknown("levels.toml".to_owned(), text);
            }
        }
    }

    /// The plans in order of identifier.
    pub fn plans(&self) -> &[Arc<Plan>] {
        &self.plans
    }

    /// The plan of an identifier.
    pub fn plan(&self, id: &str) -> Option<&Arc<Plan>> {
        self.plans.iter().find(|plan| plan.id == id)
    }

    /// What a response level brings with it, if a pack says so.
    pub fn level(&self, level: ResponseLevel) -> Option<&LevelProfile> {
        self.levels.iter().find(|profile| profile.level == level)
    }

    /// The registers in order of identifier.
    pub fn registers(&self) -> &[Arc<Register>] {
        &self.registers
    }

    /// The register of an identifier.
    pub fn register(&self, id: &str) -> Option<&Arc<Register>> {
        self.registers.iter().find(|r| r.id == id)
    }

    /// The disease of an identifier.
    pub fn disease(&self, id: &str) -> Option<&Disease> {
        self.diseases.iter().find(|d| d.id == id)
    }

    /// The disease that a written name stands for.
    pub fn disease_by_name(&self, written: &str) -> Option<&Disease> {
        self.disease_names.get(&fold(written)).map(|&i| &self.diseases[i])
    }

    /// The declared source of an identifier that stands in a pack's tables.
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.packs.iter().flat_map(|pack| &pack.sources).find(|source| source.id == id)
    }

    /// The files of a folder (`history`, `archive`, `policy`) of every pack, by path.
    pub fn data_files(&self, folder: &str) -> impl Iterator<Item = (&str, &Arc<[u8]>)> {
        let middle = format!("/{folder}/");
        self.data_files
            .iter()
            .filter(move |(path, _)| path.contains(&middle))
            .map(|(path, content)| (path.as_str(), content))
    }
}

fn disease_file(files: &Files, disease: &str) -> String {
    files
        .iter()
        .filter(|(path, _)| path.ends_with("/disease.toml"))
        .find(|(_, content)| String::from_utf8_lossy(content).contains(&format!("\"{disease}\"")))
        .map_or_else(String::new, |(path, _)| path.clone())
}

fn read_info(r: &mut Reader<'_>, folder: &str) -> PackInfo {
    let id = r.text("id");
    if !id.is_empty() && id != folder {
        r.problem(
            PackIssueCode::WrongValue,
            "id",
            &format!("the identifier must be the folder's name `{folder}`"),
        );
    }
    PackInfo {
        id: folder.to_owned(),
        title: r.label("title"),
        version: r.text("version"),
        kind: r.one_of("kind", &["base", "disease", "place"]),
        requires: r.texts("requires"),
        licence: r.text("licence"),
        sources: r.tables("source", |r| {
            // For people who check the facts; nothing is computed from them.
            for key in ["retrieved", "commit", "note"] {
                r.optional_text(key);
            }
            let url = r.optional_text("url");
            Source {
                id: r.text("id"),
                title: r.text("title"),
                citation: r.optional_text("citation").or(url).unwrap_or_default(),
                licence: r.optional_text("licence").unwrap_or_default(),
            }
        }),
    }
}

fn read_roles(r: &mut Reader<'_>) -> Vec<RoleDeclaration> {
    r.tables("role", |r| {
        let mut actions = BTreeSet::new();
        for name in r.texts("grants") {
            match Action::parse(&name) {
                Some(action) => {
                    actions.insert(action);
                }
                None => r.problem(PackIssueCode::WrongValue, "grants", &format!("unknown action `{name}`")),
            }
        }
        let registers = r.texts("registers").into_iter().collect();
        RoleDeclaration { id: r.identifier("id"), label: r.label("label"), actions, registers }
    })
}

fn read_diseases(r: &mut Reader<'_>) -> Vec<Disease> {
    r.tables("disease", |r| Disease {
        id: r.text("id"),
        label: r.label("label"),
        icd10: r.text("icd10"),
        synonyms: r.texts("synonyms"),
        main_measure: r.text("main_measure"),
        case_definition: r.tables("case_definition", |r| CaseDefinition {
            classification: r.one_of("classification", &["suspected", "probable", "confirmed"]),
            text: r.label("text"),
            source: r.text("source"),
        }),
        parameters: r.tables("parameter", |r| {
            let mean = r.number("mean");
            let sd = r.optional_number("sd");
            if mean.is_some_and(|m| m <= 0.0) || sd.is_some_and(|s| s <= 0.0) {
                r.problem(PackIssueCode::WrongValue, "mean", "mean and sd must be positive");
            }
            let interval = r.numbers("ci95");
            Parameter {
                name: r.identifier("name"),
                mean: mean.unwrap_or_default(),
                sd,
                distribution: r.text("distribution"),
                unit: r.one_of("unit", &["days"]),
                mean_ci95: match interval.as_slice() {
                    [low, high] => Some((*low, *high)),
                    _ => None,
                },
                source: r.text("source"),
            }
        }),
        detectors: r.tables("detector", |r| DetectorSetting {
            measure: r.text("measure"),
            step: r.one_of("step", &["day", "week"]),
            method: r.optional_text("method").unwrap_or_else(|| DetectorSpec::DEFAULT_ID.to_owned()),
            params: r.json("params"),
            min_count: r.integer("min_count").unwrap_or(1),
            reason: r.text("reason"),
        }),
    })
}
