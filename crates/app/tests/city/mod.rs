//! A city for tests: the built-in packs, an embedded database of its own, a clock that stands still.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
#![allow(dead_code, reason = "each test file uses its part")]

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json, json};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;
use wanquan_app::{App, FixedClock, Options};
use wanquan_domain::actor::{Actor, ActorKind, Grant};
use wanquan_domain::pack::{Files, Packs};
use wanquan_domain::record::{RecordId, new_uuid};
use wanquan_domain::region::RegionCode;
use wanquan_domain::signal::SeriesKey;
use wanquan_domain::validate::Context;
use wanquan_store::Store;
use wanquan_store::bulk::{Bulk, Closing};
use wanquan_store::record::{Change, NewRecord};

pub const SHANXI: &str = "140000";
pub const CHANGZHI: &str = "140400";
pub const LUZHOU: &str = "140403";

pub struct City {
    pub app: App,
    pub store: Store,
    pub clock: Arc<FixedClock>,
    pub folder: TempDir,
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

/// The files of the built-in packs.
pub fn files() -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut files = Files::new();
    read_folder(&root, &root, &mut files);
    files
}

/// The built-in packs.
pub fn packs() -> Packs {
    Packs::load(&files())
        .unwrap_or_else(|issues| panic!("{} problems, the first: {}", issues.len(), issues[0]))
}

/// A person with roles.
pub fn person(name: &str, grants: &[(&str, &str)]) -> Actor {
    let grants =
        grants.iter().map(|(role, region)| Grant { role: (*role).into(), region: RegionCode::new(region) });
    Actor { id: Uuid::from_u128(7), name: name.into(), kind: ActorKind::Person, grants: grants.collect() }
}

/// One count report.
pub fn report(region: &str, date: &str, indicator: &str, count: i64, known_on: &str) -> Map<String, Json> {
    let Json::Object(values) = json!({
        "disease": "covid-19", "region": region, "date": date, "indicator": indicator, "count": count,
        "known_on": known_on,
    }) else {
        unreachable!()
    };
    values
}

impl City {
    /// An empty installation at an instant, eight hours east.
    pub async fn at(now: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::new(now.parse().unwrap()));
        let path = folder.path().join("wanquan.db");
        let store =
            Store::open(path.to_str().unwrap(), &wanquan_store::Options::recommended()).await.unwrap();
        let options = Options { time_zone: TimeZone::fixed(jiff::tz::offset(8)), demo: false };
        let app = App::new(store.clone(), packs(), clock.clone(), options);
        Self { app, store, clock, folder }
    }

    /// Noon of a day in February 2020, with Shanxi's history as it was known then.
    pub async fn shanxi_on(day: &str) -> Self {
        let city = Self::at(&format!("{day}T04:00:00Z")).await;
        city.load_history("changzhi/history/covid-19_shanxi_2020.csv", day.parse().unwrap()).await;
        city
    }

    /// Loads rows of a history file of the packs that were known on a day.
    pub async fn load_history(&self, file: &str, until: Date) -> Vec<SeriesKey> {
        let (_, content) =
            self.app.packs().data_files("history").find(|(path, _)| *path == file).expect("a history file");
        let text = std::str::from_utf8(content).unwrap().to_owned();
        let rows = text.lines().skip(1).filter_map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let [region, date, indicator, count, known_on] = cells[..] else { panic!("{line}") };
            let known: Date = known_on.parse().unwrap();
            (known <= until).then(|| report(region, date, indicator, count.parse().unwrap(), known_on))
        });
        self.load("count_report", rows.collect()).await
    }

    /// Stores records of a register in one load, as an import does.
    pub async fn load(&self, register: &str, rows: Vec<Map<String, Json>>) -> Vec<SeriesKey> {
        let packs = self.app.packs();
        let register = packs.register(register).unwrap();
        let is_disease = |id: &str| packs.disease(id).is_some();
        let context = Context { tree: &packs.regions, is_disease: &is_disease, today: self.app.today() };
        let records: Vec<NewRecord> = rows
            .into_iter()
            .map(|values| {
                let validated = register.validate(values, &context);
                let draft = validated.draft.unwrap_or_else(|| panic!("{:?}", validated.issues));
                NewRecord::new(register, draft, RecordId(new_uuid(self.app.now()))).unwrap()
            })
            .collect();
        let change = Change {
            by: "test".into(),
            at: self.app.now(),
            known_on: self.app.today(),
            reason: None,
            batch: None,
            drill: false,
        };
        let mut bulk = Bulk::begin(&self.store, change).await.unwrap();
        for part in records.chunks(5_000) {
            bulk.push(part.to_vec()).await.unwrap();
        }
        bulk.finish(|_| Closing::default()).await.unwrap().touched
    }
}
