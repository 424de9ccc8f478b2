//! What packs carry as data, into the registers: history as counts with the day on which each became known, and
//! archived events as line lists. It takes the same way as any other file.

use super::import::{ImportOptions, Input, Mapping, import_on};
use crate::app::App;
use crate::error::Error;
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::Arc;
use wanquan_domain::actor::Actor;
use wanquan_domain::date::parse_iso;
use wanquan_domain::kind::Role;
use wanquan_domain::text::Text;

/// Which days of history.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known {
    /// Only what became known after this day.
    pub after: Option<Date>,
    /// Only what was known at the end of this day.
    pub until: Option<Date>,
}

/// A file of a pack that was loaded.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Path below the packs.
    pub path: String,
    /// What it is.
    pub title: Text,
    /// Register.
    pub register: String,
    /// Disease.
    pub disease: String,
    /// Records that are new or changed.
    pub written: u64,
}

/// What was loaded, and what was left out and why.
#[derive(Debug, Clone, Default)]
pub struct PackData {
    /// Files loaded.
    pub loaded: Vec<Loaded>,
    /// Files left out, with the reason.
    pub left_out: Vec<(String, &'static str)>,
}

/// The declaration beside a file of data.
#[derive(Deserialize)]
struct Declared {
    title: Text,
    register: String,
    disease: String,
    region: Option<String>,
    to: Option<toml::value::Datetime>,
    #[serde(default)]
    file: Vec<DeclaredFile>,
}

#[derive(Deserialize)]
struct DeclaredFile {
    path: String,
    role: Option<String>,
}

/// Loads the history of every pack: counts that say on which day they became known.
///
/// # Errors
/// `Internal` if a pack's data does not hold; what the import of its rows reports otherwise.
pub async fn load_history(app: &App, actor: &Actor, known: Known) -> Result<PackData, Error> {
    load(app, actor, "history", known).await
}

/// Loads the archived events of every pack. Events in places that no pack declares as regions are left out.
///
/// # Errors
/// `Internal` if a pack's data does not hold; what the import of its rows reports otherwise.
pub async fn load_archives(app: &App, actor: &Actor) -> Result<PackData, Error> {
    load(app, actor, "archive", Known::default()).await
}

async fn load(app: &App, actor: &Actor, folder: &str, known: Known) -> Result<PackData, Error> {
    let files: Vec<(String, Arc<[u8]>)> = app
        .packs()
        .data_files(folder)
        .map(|(path, content)| (path.to_owned(), Arc::clone(content)))
        .collect();
    let mut data = PackData::default();
    for (path, content) in files.iter().filter(|(path, _)| path.ends_with(".toml")) {
        let declared = declaration(path, content)?;
        for (table, role) in declared.tables(path) {
            let Some((_, rows)) = files.iter().find(|(path, _)| *path == table) else {
                return Err(Error::Internal(format!("{path} names {table}, which is not there")));
            };
            if role {
                data.left_out.push((table, "it holds no records"));
            } else if folder == "archive" && declared.region.is_none() {
                data.left_out.push((table, "its place is no region of the packs"));
            } else {
                let rows = select(app, &declared, rows, known)
                    .map_err(|e| Error::Internal(format!("{table}: {e}")))?;
                data.loaded.push(load_table(app, actor, &declared, table, rows).await?);
            }
        }
    }
    Ok(data)
}

fn declaration(path: &str, content: &[u8]) -> Result<Declared, Error> {
    let text = String::from_utf8_lossy(content);
    toml::from_str(&text).map_err(|error| Error::Internal(format!("{path}: {error}")))
}

impl Declared {
    /// Paths of the tables, each with whether it has a use of its own.
    fn tables(&self, declaration: &str) -> Vec<(String, bool)> {
        let folder = declaration.rsplit_once('/').map_or("", |(folder, _)| folder);
        if self.file.is_empty() {
            return vec![(declaration.replace(".toml", ".csv"), false)];
        }
        self.file.iter().map(|file| (format!("{folder}/{}", file.path), file.role.is_some())).collect()
    }

    fn last_day(&self) -> Option<Date> {
        parse_iso(&self.to?.date?.to_string())
    }
}

/// The rows that became known in the given days.
fn select(app: &App, declared: &Declared, rows: &[u8], known: Known) -> Result<Vec<u8>, csv::Error> {
    let field = app.packs().register(&declared.register).and_then(|register| register.role(Role::KnownOn));
    let mut reader = csv::Reader::from_reader(rows);
    let column = reader.headers()?.iter().position(|name| Some(name) == field.map(|field| field.id.as_str()));
    let (Some(column), true) = (column, known.after.is_some() || known.until.is_some()) else {
        return Ok(rows.to_vec());
    };
    let mut out = csv::Writer::from_writer(Vec::with_capacity(rows.len()));
    out.write_record(reader.headers()?)?;
    for row in reader.records() {
        let row = row?;
        let day = row.get(column).and_then(parse_iso);
        let wanted = day.is_none_or(|day| {
            known.after.is_none_or(|after| day > after) && known.until.is_none_or(|until| day <= until)
        });
        if wanted {
            out.write_record(&row)?;
        }
    }
    out.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

async fn load_table(
    app: &App,
    actor: &Actor,
    declared: &Declared,
    path: String,
    rows: Vec<u8>,
) -> Result<Loaded, Error> {
    let region = declared.region.iter().map(|region| ("region".to_owned(), region.clone()));
    let disease = [("disease".to_owned(), declared.disease.clone())];
    let mapping = Mapping { defaults: disease.into_iter().chain(region).collect(), ..Mapping::default() };
    let options = ImportOptions { mapping, ..ImportOptions::default() };
    let input = Input { source: rows.into(), name: path.clone() };
    // A replayed installation may hold what its present has not seen yet.
    let today = declared.last_day().map_or(app.today(), |day| day.max(app.today()));
    let report = import_on(app, actor, &declared.register, input, options, today).await?;
    let why = report.refusal.as_ref().map(|refusal| refusal.message.clone());
    let why =
        why.or_else(|| report.issues.iter().find(|i| i.code.starts_with('E')).map(|i| i.message_en.clone()));
    if let Some(why) = why {
        return Err(Error::Internal(format!("{path}: {why}")));
    }
    Ok(Loaded {
        path,
        title: declared.title.clone(),
        register: declared.register.clone(),
        disease: declared.disease.clone(),
        written: report.created + report.changed,
    })
}
