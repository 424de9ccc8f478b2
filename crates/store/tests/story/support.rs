//! A database of its own for every story, and a register to tell it with.

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;
use wanquan_domain::kind::{Kind, Role};
use wanquan_domain::record::{Data, Draft, Record, RecordId};
use wanquan_domain::region::RegionCode;
use wanquan_domain::register::{Contribution, Field, FieldType, Measure, Register};
use wanquan_domain::signal::SeriesKey;
use wanquan_domain::text::Text;
use wanquan_store::person::KeySource;
use wanquan_store::record::{Change, NewRecord};
use wanquan_store::{Options, Store, Tx, record, tally};

/// An open database with what is needed to reach it by other ways.
pub struct Db {
    pub store: Store,
    /// Folder of the SQLite file; other files of a story may lie there.
    pub folder: tempfile::TempDir,
    pub engine: Raw,
}

/// The database without the store.
#[derive(Clone)]
pub enum Raw {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Db {
    pub fn location(&self) -> String {
        match &self.engine {
            Raw::Sqlite(path) => path.to_str().expect("a path of this test").to_owned(),
            Raw::Postgres(url) => url.clone(),
        }
    }

    /// Changes the database behind the back of the store, as somebody with its password could.
    pub async fn tamper(&self, sql: &'static str) -> Result<()> {
        use sqlx::{Connection as _, Executor as _};
        match &self.engine {
            Raw::Sqlite(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
                connection.execute(sqlx::raw_sql(sql)).await?;
                connection.close().await?;
            }
            Raw::Postgres(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await?;
                connection.execute(sqlx::raw_sql(sql)).await?;
                connection.close().await?;
            }
        }
        Ok(())
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// Tells a story on a new SQLite file.
pub fn on_sqlite<F: Future<Output = Result<()>>>(story: impl FnOnce(Db) -> F) {
    runtime().block_on(async {
        story(sqlite().await.expect("a database")).await.expect("the story holds on SQLite");
    });
}

/// A new SQLite file.
pub async fn sqlite() -> Result<Db> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("wanquan.db");
    let store = Store::open(path.to_str().context("path")?, &options()).await?;
    Ok(Db { store, folder, engine: Raw::Sqlite(path) })
}

/// Tells a story on a new PostgreSQL database, where a server is given.
pub fn on_postgres<F: Future<Output = Result<()>>>(story: impl FnOnce(Db) -> F) {
    if std::env::var_os("WANQUAN_TEST_POSTGRES_URL").is_none() {
        eprintln!("left out: WANQUAN_TEST_POSTGRES_URL is not set");
        return;
    }
    runtime().block_on(async {
        let db = postgres().await.expect("a database");
        let (store, location) = (db.store.clone(), db.location());
        story(db).await.expect("the story holds on PostgreSQL");
        store.close().await;
        drop_database(&location).await.expect("the database goes");
    });
}

/// A new PostgreSQL database.
pub async fn postgres() -> Result<Db> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("WANQUAN_TEST_POSTGRES_URL")?;
    let name = format!("wanquan_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    administer(&server, format!("create database {name}")).await?;
    let (base, _) = server.rsplit_once('/').context("the address names a database")?;
    let url = format!("{base}/{name}");
    let store = Store::open(&url, &options()).await?;
    Ok(Db { store, folder: tempfile::tempdir()?, engine: Raw::Postgres(url) })
}

async fn administer(server: &str, sql: String) -> Result<()> {
    use sqlx::{Connection as _, Executor as _};
    let mut connection = sqlx::PgConnection::connect(server).await?;
    connection.execute(sqlx::AssertSqlSafe(sql)).await?;
    connection.close().await?;
    Ok(())
}

async fn drop_database(url: &str) -> Result<()> {
    let server = std::env::var("WANQUAN_TEST_POSTGRES_URL")?;
    let name = url.rsplit('/').next().context("a name")?;
    administer(&server, format!("drop database {name} with (force)")).await
}

pub fn options() -> Options {
    // A key of the tests, so that no file is made beside a database that is a server's.
    Options { key: KeySource::Secret([7; 32]), ..Options::recommended() }
}

/// Makes a story a test on each engine.
macro_rules! on_both_engines {
    ($name:ident) => {
        mod $name {
            #[test]
            fn on_sqlite() {
                crate::support::on_sqlite(super::$name);
            }

            #[test]
            fn on_postgres() {
                crate::support::on_postgres(super::$name);
            }
        }
    };
}
pub(crate) use on_both_engines;

pub const NATION: &str = "/1/";
pub const CITY: &str = "/1/14/";
pub const COUNTY: &str = "/1/14/1404/";
pub const TOWN: &str = "/1/14/1404/140401/";
pub const OTHER_COUNTY: &str = "/1/14/1405/";

pub fn code(path: &str) -> RegionCode {
    RegionCode::new(path.split('/').rfind(|code| !code.is_empty()).unwrap_or_default())
}

/// Day `n` of the story.
pub fn day(n: i32) -> Date {
    date(2020, 1, 1).checked_add(jiff::Span::new().days(n)).expect("a day of the story")
}

/// Noon of a day, UTC.
pub fn at(n: i32) -> Timestamp {
    jiff::tz::TimeZone::UTC.to_timestamp(day(n).at(12, 0, 0, 0)).expect("noon exists")
}

pub fn change(n: i32) -> Change {
    Change { by: "li".into(), at: at(n), known_on: day(n), reason: None, batch: None, drill: false }
}

/// Identifiers that ascend as they are made, without a clock; those of another process are others.
pub fn new_id() -> Uuid {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let n = u128::from(NUMBER.fetch_add(1, Ordering::Relaxed));
    let process = u128::from(std::process::id()) << 80;
    Uuid::from_u128(process | 0x0190_0000_0000_7000_8000_0000_0000_0000 | n)
}

/// A register with a day of knowledge, a personal field and two measures.
pub fn register() -> Register {
    let field = |id: &str, field_type, role, personal| {
        Field::new(id.into(), field_type, Text::new(id, id), role, false, personal, Vec::new(), Vec::new())
    };
    let fields = vec![
        field("no", FieldType::Text, Some(Role::CaseId), false),
        field("onset", FieldType::Date, Some(Role::OnsetDate), false),
        field("known_on", FieldType::Date, Some(Role::KnownOn), false),
        field("name", FieldType::Text, Some(Role::Name), true),
        field("document", FieldType::Text, Some(Role::DocumentNumber), true),
        field("phone", FieldType::Text, Some(Role::Phone), true),
        field("note", FieldType::Text, None, false),
        field("tags", FieldType::MultiChoice, None, false),
        field("severe", FieldType::Boolean, None, false),
        field("n", FieldType::Integer, Some(Role::Count), false),
    ];
    let measure = |id: &str, value: Option<&str>| Measure {
        id: format!("case.{id}"),
        label: Text::new(id, id),
        date: vec!["onset".into()],
        value: value.map(str::to_owned),
        when: None,
    };
    Register::new(
        "case".into(),
        "test".into(),
        Kind::Case,
        Text::new("Cases", "病例"),
        "no".into(),
        vec!["no".into()],
        vec!["onset".into()],
        Vec::new(),
        fields,
        vec![measure("onset", None), measure("persons", Some("n"))],
    )
}

/// A case as the stories write it.
#[derive(Debug, Clone)]
pub struct Case {
    pub no: String,
    pub path: String,
    pub disease: String,
    pub onset: Option<Date>,
    pub known: Option<Date>,
    pub n: i64,
    pub more: Vec<(&'static str, Json)>,
}

pub fn case(no: &str, path: &str, onset: i32) -> Case {
    Case {
        no: no.to_owned(),
        path: path.to_owned(),
        disease: "measles".to_owned(),
        onset: Some(day(onset)),
        known: None,
        n: 1,
        more: Vec::new(),
    }
}

impl Case {
    pub fn with(mut self, field: &'static str, value: Json) -> Self {
        self.more.push((field, value));
        self
    }

    pub fn known(mut self, n: i32) -> Self {
        self.known = Some(day(n));
        self
    }

    pub fn persons(mut self, n: i64) -> Self {
        self.n = n;
        self
    }

    pub fn of(mut self, disease: &str) -> Self {
        self.disease = disease.to_owned();
        self
    }

    /// As validation would make it.
    pub fn draft(&self) -> Draft {
        let mut data = Map::new();
        data.insert("no".into(), json!(self.no));
        if let Some(onset) = self.onset {
            data.insert("onset".into(), json!(onset.to_string()));
        }
        if let Some(known) = self.known {
            data.insert("known_on".into(), json!(known.to_string()));
        }
        data.insert("n".into(), json!(self.n));
        for (field, value) in &self.more {
            data.insert((*field).to_owned(), value.clone());
        }
        let mut key = [0; 16];
        key.copy_from_slice(&blake3::hash(self.no.as_bytes()).as_bytes()[..16]);
        let mut contributions = Vec::new();
        if let Some(onset) = self.onset {
            contributions.push(Contribution { measure: 0, date: onset, n: 1 });
            if self.n != 0 {
                contributions.push(Contribution { measure: 1, date: onset, n: self.n });
            }
        }
        Draft {
            region: code(&self.path),
            region_path: self.path.clone(),
            disease: self.disease.clone(),
            event_date: self.onset,
            known_on: self.known,
            key,
            data: Data::from_validated(data),
            contributions,
        }
    }

    pub fn ready(&self) -> NewRecord {
        NewRecord::new(&register(), self.draft(), RecordId(new_id())).expect("a storable case")
    }
}

pub fn series(measure: &str, path: &str) -> SeriesKey {
    SeriesKey { measure: measure.to_owned(), disease: "measles".to_owned(), region: code(path) }
}

/// Number of cases of a region as known on a day.
pub async fn total(tx: &mut Tx<'_>, path: &str, known: i32) -> Result<i64> {
    let rows = tally::series(tx, &series("case.onset", path), day(known)).await?;
    Ok(rows.iter().map(|(_, n)| n).sum())
}

/// Every count of every region as known on a day, told from the records themselves.
pub async fn recount(tx: &mut Tx<'_>, known: Date) -> Result<BTreeMap<(String, String, String, Date), i64>> {
    let mut counts = BTreeMap::new();
    let filter = record::Filter { register: "case".into(), as_of: Some(known), ..record::Filter::default() };
    let mut export = record::Export::new(filter);
    while let Some(records) = export.next(tx).await? {
        for record in records.iter().filter(|record| !record.drill) {
            let Some(onset) = record.event_date else { continue };
            let n = record.data.get("n").and_then(Json::as_i64).unwrap_or_default();
            for region in record.region_path.split('/').filter(|code| !code.is_empty()) {
                for (measure, n) in [("case.onset", 1), ("case.persons", n)] {
                    let key = (measure.to_owned(), record.disease.clone(), region.to_owned(), onset);
                    *counts.entry(key).or_default() += n;
                }
            }
        }
    }
    counts.retain(|_, n| *n != 0);
    Ok(counts)
}

/// The same from the tallies.
pub async fn tallied(tx: &mut Tx<'_>, known: Date) -> Result<BTreeMap<(String, String, String, Date), i64>> {
    let mut counts = BTreeMap::new();
    for (measure, disease, _) in tally::generations(tx).await? {
        for path in [NATION, CITY, COUNTY, TOWN, OTHER_COUNTY] {
            let key = SeriesKey { measure: measure.clone(), disease: disease.clone(), region: code(path) };
            for (event, n) in tally::series(tx, &key, known).await? {
                let region = code(path).as_str().to_owned();
                counts.insert((measure.clone(), disease.clone(), region, event), n);
            }
        }
    }
    counts.retain(|_, n| *n != 0);
    Ok(counts)
}

/// Fails unless the tallies say what the records say, as known on each of the first days of the story.
pub async fn check_recount(tx: &mut Tx<'_>, days: i32) -> Result<()> {
    for n in 0..=days {
        let (told, counted) = (recount(tx, day(n)).await?, tallied(tx, day(n)).await?);
        anyhow::ensure!(told == counted, "as known on day {n}: records say {told:?}, tallies {counted:?}");
    }
    Ok(())
}

pub fn numbers(records: &[Record]) -> Vec<String> {
    let no = |record: &Record| record.data.get("no").and_then(Json::as_str).unwrap_or_default().to_owned();
    records.iter().map(no).collect()
}
