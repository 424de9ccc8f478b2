//! An installation for tests: the built-in packs, an embedded database of its own, a clock that stands still.
#![allow(dead_code, reason = "each test file uses its part")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use wanquan_app::ingest::import::{ImportOptions, ImportReport, Input, Mapping, Target, import};
use wanquan_app::{App, FixedClock, Options};
use wanquan_domain::actor::Actor;
use wanquan_domain::pack::{Files, Packs};

/// An installation that goes with the test.
pub struct Installation {
    pub app: App,
    pub actor: Actor,
    pub folder: TempDir,
    runtime: tokio::runtime::Runtime,
}

fn read_folder(root: &Path, at: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_folder(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            files.insert(name, Arc::from(std::fs::read(&path).unwrap()));
        }
    }
}

/// The folder of the built-in packs.
pub fn packs_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs")
}

/// The built-in packs.
pub fn packs() -> Packs {
    let mut files = Files::new();
    read_folder(&packs_folder(), &packs_folder(), &mut files);
    Packs::load(&files).unwrap_or_else(|issues| panic!("{} problems, the first: {}", issues.len(), issues[0]))
}

impl Installation {
    /// An empty installation at an instant.
    pub fn at(now: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::new(now.parse().unwrap()));
        let options = Options { time_zone: jiff::tz::TimeZone::fixed(jiff::tz::offset(8)), demo: false };
        let path = folder.path().join("wanquan.db");
        let opened = App::open(path.to_str().unwrap(), packs(), clock, options);
        let app = runtime.block_on(opened).unwrap();
        Self { app, actor: Actor::system("test"), folder, runtime }
    }

    /// An empty installation in the year 2024, after everything that the packs hold.
    pub fn new() -> Self {
        Self::at("2024-05-01T08:00:00Z")
    }

    pub fn block<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Imports bytes into a register.
    pub fn import(
        &self,
        register: &str,
        name: &str,
        bytes: impl Into<Vec<u8>>,
        options: ImportOptions,
    ) -> ImportReport {
        self.try_import(register, name, bytes, options).unwrap()
    }

    pub fn try_import(
        &self,
        register: &str,
        name: &str,
        bytes: impl Into<Vec<u8>>,
        options: ImportOptions,
    ) -> Result<ImportReport, wanquan_app::Error> {
        let input = Input { source: bytes.into().into(), name: name.to_owned() };
        self.block(import(&self.app, &self.actor, register, input, options))
    }
}

/// Options that set values for fields.
pub fn set(defaults: &[(&str, &str)]) -> ImportOptions {
    let defaults = defaults.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())).collect();
    ImportOptions { mapping: Mapping { defaults, ..Mapping::default() }, ..ImportOptions::default() }
}

/// Options that also name columns.
pub fn map(columns: &[(&str, &str)], defaults: &[(&str, &str)]) -> ImportOptions {
    let mut options = set(defaults);
    options.mapping.columns =
        columns.iter().map(|(column, target)| ((*column).to_owned(), Target::parse(target))).collect();
    options
}

/// (rows read, accepted, refused).
pub fn rows(report: &ImportReport) -> (u64, u64, u64) {
    assert_eq!(report.rows_read, report.accepted + report.refused);
    (report.rows_read, report.accepted, report.refused)
}

/// (created, changed, unchanged).
pub fn records(report: &ImportReport) -> (u64, u64, u64) {
    (report.created, report.changed, report.unchanged)
}

/// Issues as `code row column value`.
pub fn issues(report: &ImportReport) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let line = |i: &wanquan_app::ingest::import::IssueReport| {
        format!("{} {} {} {}", i.code, i.row.unwrap_or(0), text(&i.column), text(&i.value))
    };
    report.issues.iter().map(line).collect()
}

/// Code of the refusal.
pub fn refusal(report: &ImportReport) -> &str {
    assert_eq!((report.rows_read, report.created), (0, 0));
    report.refusal.as_ref().map_or("none", |refusal| refusal.code.as_str())
}

/// Which column fills which field, how.
pub fn columns(report: &ImportReport) -> Vec<(&str, &str, &str)> {
    report
        .columns
        .iter()
        .map(|c| (c.column.as_str(), c.field.as_deref().unwrap_or("-"), c.how.as_str()))
        .collect()
}
