//! An installation for tests: the declared registers, roles and two diseases, a small tree of places, a clock that
//! stands still, and people who hold any role anywhere.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its part, and a test may fail anywhere"
)]

use serde_json::{Map, Value, json};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;
use wanquan_app::{App, FixedClock, Options};
use wanquan_domain::actor::{Actor, ActorKind, Grant};
use wanquan_domain::pack::{Files, Packs};
use wanquan_domain::region::RegionCode;

/// Nation, province, prefecture, two counties with a township each, and neighbours of the prefecture and the province.
const REGIONS: &str = "code,name,level,parent,name_en
1,国,nation,,
11,甲省,province,1,
12,乙省,province,1,
1101,甲一市,prefecture,11,
1102,甲二市,prefecture,11,
110101,东县,county,1101,
110102,西县,county,1101,
110101001,东镇,township,110101,
110102001,西镇,township,110102,
";
const PLACE: &str = "id = \"town\"\ntitle = { en = \"Town\", zh = \"镇\" }\nversion = \"1\"\nkind = \"place\"\n\
    requires = [\"base\"]\nlicence = \"Apache-2.0\"\n";
/// A register whose list shows a name, whose title is a name, and which needs no business key.
const VISITORS: &str = r#"
[register]
id = "visitor"
kind = "contact"
title = { en = "Visitors", zh = "访客" }
title_field = "name"
event_date = ["date"]
columns = ["name", "region", "date"]

[[field]]
id = "name"
type = "text"
label = { en = "Name", zh = "姓名" }
role = "name"
personal = true

[[field]]
id = "disease"
type = "text"
label = { en = "Disease", zh = "病种" }
role = "disease"

[[field]]
id = "region"
type = "region"
label = { en = "Region", zh = "地区" }
role = "region"
required = true

[[field]]
id = "source"
type = "text"
label = { en = "Visited", zh = "被访者" }
role = "source_case"

[[field]]
id = "date"
type = "date"
label = { en = "Date", zh = "日期" }
role = "report_date"

[[field]]
id = "tags"
type = "multi_choice"
label = { en = "Tags", zh = "标签" }
[[field.choice]]
id = "fever"
label = { en = "Fever", zh = "发热" }
[[field.choice]]
id = "cough"
label = { en = "Cough", zh = "咳嗽" }
"#;

/// Writes without seeing persons.
const ROLES: &str = "[[role]]\nid = \"reporter\"\nlabel = { en = \"Reporter\", zh = \"报告人\" }\n\
    grants = [\"record.read\", \"record.write\"]\n";

/// The installation and the folder that goes with it.
pub struct Town {
    pub app: App,
    pub clock: Arc<FixedClock>,
    pub folder: TempDir,
}

fn read(root: &Path, at: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            files.insert(name, Arc::from(std::fs::read(&path).unwrap()));
        }
    }
}

fn packs() -> Packs {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut files = Files::new();
    for pack in ["base", "measles", "influenza"] {
        read(&root, &root.join(pack), &mut files);
    }
    files.retain(|path, _| !path.contains("/archive/"));
    let own = [
        ("pack.toml", PLACE),
        ("regions.csv", REGIONS),
        ("roles.toml", ROLES),
        ("registers/visitor.toml", VISITORS),
    ];
    files.extend(own.map(|(name, text)| (format!("town/{name}"), Arc::from(text.as_bytes()))));
    Packs::load(&files).unwrap_or_else(|issues| panic!("{issues:?}"))
}

impl Town {
    /// Noon of 12 February 2020.
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::new("2020-02-12T04:00:00Z".parse().unwrap()));
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
        let options = Options { time_zone: zone, demo: false };
        let path = folder.path().join("wanquan.db");
        let app = App::open(path.to_str().unwrap(), packs(), clock.clone(), options).await.unwrap();
        Self { app, clock, folder }
    }

    /// Lets so much time pass.
    pub fn advance(&self, time: jiff::SignedDuration) {
        self.clock.set(self.app.now() + time);
    }

    /// Lets time pass.
    pub fn set(&self, instant: &str) {
        self.clock.set(instant.parse().unwrap());
    }
}

/// Somebody who holds a role for a region; the same words always mean the same person.
pub fn person(role: &str, region: &str) -> Actor {
    holder(&[(role, region)])
}

/// Somebody who holds several roles.
pub fn holder(grants: &[(&str, &str)]) -> Actor {
    let name = format!("{grants:?}");
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let grants = grants
        .iter()
        .map(|(role, region)| Grant { role: (*role).to_owned(), region: RegionCode::new(region) });
    Actor {
        id: Uuid::from_u128(u128::from(hasher.finish())),
        name,
        kind: ActorKind::Person,
        grants: grants.collect(),
    }
}

/// Values of a record.
pub fn values(values: Value) -> Map<String, Value> {
    match values {
        Value::Object(values) => values,
        other => panic!("not an object: {other}"),
    }
}

/// A case of measles with a name.
pub fn case(number: &str, region: &str) -> Map<String, Value> {
    values(json!({
        "case_id": number, "disease": "measles", "region": region, "name": "张三", "phone": "123456",
        "onset_date": "2020-02-01", "report_date": "2020-02-03", "classification": "suspected",
    }))
}
