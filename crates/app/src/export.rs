//! Export: records of a register as a table that can be opened, corrected and imported again. Export and import are
//! each other's inverse: what is exported and imported anywhere gives the same records.
//!
//! Texts that a spreadsheet would take for a formula are guarded, and read back without the guard.

mod table;

use crate::app::App;
use crate::authorize::{Scope, Subject, authorize_records};
use crate::error::Error;
use crate::records::{Query, Selection};
use serde_json::{Value as Json, json};
use std::io::Write;
use std::sync::Arc;
use table::{Column, Table};
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::record::Record;
use wanquan_domain::register::Register;
use wanquan_domain::text::Lang;
use wanquan_store::record::Export;

/// Form of an exported file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Comma-separated text, UTF-8 with mark as spreadsheets expect it.
    Csv,
    /// Workbook.
    Xlsx,
}

impl Form {
    /// The form of a name used in options and at the end of file names.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "xlsx" => Some(Self::Xlsx),
            _ => None,
        }
    }

    /// The end of file names.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// Media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// How columns and choices are named. An import understands each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Identifiers, for programs.
    Ids,
    /// Labels, for people.
    Labels(Lang),
}

/// Steps of records between reading and writing: a few megabytes.
const QUEUE: usize = 2;

/// Writes the records of a register that the actor may take out, and notes the act. Returns their number. Withdrawn
/// records are left out; personal fields are blank where the actor may not see them, and their columns are missing
/// where it may see none.
///
/// # Errors
/// `NotFound` for an unknown register or region; `Forbidden`; `BadInput` for a filter that makes no sense or a table
/// that does not fit into a workbook; `Output` if `out` fails, which then holds a part of the file.
pub async fn export(
    app: &App,
    actor: &Actor,
    register: &str,
    query: &Query,
    form: Form,
    names: Names,
    out: Box<dyn Write + Send>,
) -> Result<u64, Error> {
    let register = app.packs().register(register).ok_or_else(|| Error::not_found("register", register))?;
    let mut selection = Selection::of(app, actor, Action::RecordExport, register, query)?;
    let within = query.region.as_ref().map_or(Subject::Anywhere, Subject::Within);
    let personal = authorize_records(app, actor, Action::RecordReadPersonal, &register.id, within).is_ok();
    let detail = json!({
        "form": form.extension(),
        "personal": personal && register.fields.iter().any(|field| field.personal),
        "region": query.region.as_ref().map(|code| code.as_str()),
        "disease": query.disease,
        "from": query.from,
        "to": query.to,
        "as_of": query.as_of,
        "tested": query.fields.iter().map(|(field, _)| field).collect::<Vec<_>>(),
    });
    // Before the first byte: whoever breaks off shortly before the end has the records all the same.
    note(app, actor, "record.export_begin", register, detail.clone()).await?;
    let (records, mut steps) = tokio::sync::mpsc::channel::<Vec<Record>>(QUEUE);
    let writing = {
        let (register, scope) = (Arc::clone(register), selection.scope.clone());
        tokio::task::spawn_blocking(move || -> Result<u64, Error> {
            let columns = Column::of(&register, personal, names);
            let mut table = Table::begin(form, &columns, out)?;
            let mut n = 0;
            while let Some(step) = steps.blocking_recv() {
                for record in &step {
                    table.write(&columns, record, shows_personal(&scope, record))?;
                    n += 1;
                }
            }
            table.finish()?;
            Ok(n)
        })
    };
    let mut tx = app.read().await?;
    selection.find_persons(&mut tx).await?;
    let mut walk = Export::new(selection.filter.clone());
    while let Some(step) = walk.next(&mut tx).await? {
        // A writer that has failed says why when it is asked.
        if records.send(step).await.is_err() {
            break;
        }
    }
    drop((records, tx));
    let written =
        writing.await.map_err(|error| Error::Internal(format!("writing was interrupted: {error}")))?;
    let n = written?;
    let mut detail = detail;
    detail["records"] = json!(n);
    note(app, actor, "record.export", register, detail).await?;
    Ok(n)
}

async fn note(app: &App, actor: &Actor, act: &str, register: &Register, detail: Json) -> Result<(), Error> {
    let mut tx = app.write().await?;
    app.audit(&mut tx, actor, act, &format!("register/{}", register.id), detail).await?;
    Ok(tx.commit().await?)
}

fn shows_personal(scope: &Scope, record: &Record) -> bool {
    scope.shows_personal(&record.region_path)
}
