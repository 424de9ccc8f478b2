//! The import: from a file to records of a register, everything or nothing.
//!
//! A file is opened (or refused as a whole), its columns are found, and its rows are read on every core while the
//! writer of the store takes in what was read before. Each row is accepted or refused with coded issues that name row,
//! column and value; rows in = accepted + refused. A record is told by its business key, or by its whole content where
//! the key is not complete, so that the same file imported again changes nothing.

mod columns;
mod findings;
mod history;
mod known;
mod mapping;
mod refusal;
mod refused;
mod report;
mod rows;
mod running;
mod survey;
mod twins;

pub use history::{Imports, PastImport, imports};
pub use mapping::{Mapping, Target};
pub use refusal::Refusal;
pub use report::{
    ColumnReport, FileReport, ImportReport, IssueCount, IssueReport, NoteReport, RefusalReport,
};

use crate::app::App;
use crate::authorize::{Scope, Subject, authorize_records};
use crate::bus;
use crate::detect;
use crate::error::Error;
use crate::ingest::read::{FileInfo, ReadError, ReadOptions, Row, Source, Table, open};
use crate::life;
use columns::Plan;
use findings::Findings;
use jiff::civil::Date;
use known::Known;
use rayon::prelude::*;
use refused::RefusedRows;
use rows::{Made, Outcome, Reader};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::json;
use std::collections::hash_map::Entry;
use std::io::Write;
use std::sync::Arc;
use twins::Twins;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::issue::{Issue, IssueCode};
use wanquan_domain::pack::Packs;
use wanquan_domain::record::{IdSequence, new_uuid};
use wanquan_domain::region::RegionCode;
use wanquan_domain::register::Register;
use wanquan_domain::text::Lang;
use wanquan_domain::validate::repeated_key;
use wanquan_store::batch::Batch;
use wanquan_store::bulk::{self, Bulk, Finished};
use wanquan_store::job::NewJob;
use wanquan_store::record::{Change, NewRecord};

/// Form of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One row a record.
    LineList,
    /// Counts, one row a region and day (and indicator).
    Long,
    /// Counts, one column a day.
    Wide,
}

impl Layout {
    /// The name used in reports and options.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LineList => "line_list",
            Self::Long => "long",
            Self::Wide => "wide",
        }
    }

    /// The layout of a name used in options.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::LineList, Self::Long, Self::Wide].into_iter().find(|layout| layout.as_str() == text)
    }
}

/// A file to import.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its bytes.
    pub source: Source,
    /// Its name as the person knows it.
    pub name: String,
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows read.
    pub rows: u64,
    /// Rows of the file.
    pub of: u64,
}

/// How to import; the recommended value stores and says nothing of the file.
#[derive(Default)]
pub struct ImportOptions {
    /// What the person says about the file.
    pub mapping: Mapping,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Where refused rows are written (CSV), with the reasons in this language.
    pub refused: Option<(Box<dyn Write + Send>, Lang)>,
    /// Told after every part.
    pub progress: Option<Box<dyn Fn(Progress) + Send>>,
}

impl std::fmt::Debug for ImportOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportOptions")
            .field("mapping", &self.mapping)
            .field("dry_run", &self.dry_run)
            .finish()
    }
}

/// Imports a file into a register.
///
/// A file that cannot be used is no error: the report says why, and nothing is stored.
///
/// # Errors
/// `Forbidden` without a role that imports; `NotFound` for an unknown register; `Busy`, `Store` and `Output` if the
/// store or the sink of refused rows fails: nothing is stored then.
pub async fn import(
    app: &App,
    actor: &Actor,
    register: &str,
    input: Input,
    options: ImportOptions,
) -> Result<ImportReport, Error> {
    import_on(app, actor, register, input, options, app.today()).await
}

/// The same, with dates up to `today` not taken for dates of the future.
pub(crate) async fn import_on(
    app: &App,
    actor: &Actor,
    register: &str,
    input: Input,
    options: ImportOptions,
    today: Date,
) -> Result<ImportReport, Error> {
    let scope = authorize_records(app, actor, Action::RecordImport, register, Subject::Anywhere)?;
    let register = app.packs().register(register).ok_or_else(|| Error::not_found("register", register))?;
    let ImportOptions { mapping, dry_run, refused, progress } = options;
    let mut report = ImportReport::new(&register.id, &input.name, dry_run);
    let prepared = {
        let (app, register) = (app.clone(), Arc::clone(register));
        blocking(move || prepare(&app, &register, &input, &mapping)).await?
    };
    let Prepared { table, plan, known_on } = match prepared {
        Ok(prepared) => prepared,
        Err(failed) => {
            failed.into_report(&mut report);
            return Ok(report);
        }
    };
    report.set_file(&table.info);
    report.set_plan(&plan);
    let closing = Closing {
        app: app.clone(),
        adopt: life::job_for(app, register),
        actor: actor.clone(),
        batch_id: new_uuid(app.now()),
        region_path: area_of(app.packs(), &scope, plan.within.as_ref()),
        digest: table.info.digest.clone(),
        report: report.clone(),
    };
    let change = Change {
        by: actor.name.clone(),
        at: app.now(),
        known_on,
        reason: None,
        batch: Some(closing.batch_id),
        drill: false,
    };
    let mut bulk = Bulk::begin(app.store(), change).await?;
    let read = {
        let (app, register) = (app.clone(), Arc::clone(register));
        blocking(move || -> Result<(Bulk, Result<Findings, Refusal>), Error> {
            let refused = refused.map(|(sink, lang)| RefusedRows::new(sink, &plan.header, lang));
            let progress = progress.as_deref();
            let reading = Reading { table: &table, scope: &scope, today, progress };
            let findings = read_rows(&app, &register, &plan, &reading, refused, &mut bulk)?;
            Ok((bulk, findings))
        })
    };
    let (bulk, findings) = read.await??;
    match findings {
        Ok(findings) => report.set_findings(&findings),
        Err(refusal) => {
            bulk.roll_back().await?;
            report.refuse(&refusal);
            return Ok(report);
        }
    }
    if dry_run || report.accepted == 0 {
        report.set_counts(&bulk.roll_back().await?);
        return Ok(report);
    }
    report.batch_id = Some(closing.batch_id);
    let closing = Closing { report: report.clone(), ..closing };
    let finished = bulk.finish(move |finished| closing.make(finished)).await?;
    report.set_counts(&finished);
    app.bus().send(bus::Change::Import { register: report.register.clone() });
    detect::announce(app, &finished.touched);
    app.wake_worker();
    Ok(report)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|error| Error::Internal(format!("reading a file was interrupted: {error}")))
}

/// Path that the import was confined to: by what the person may do, and narrower by what it said.
fn area_of(packs: &Packs, scope: &Scope, within: Option<&RegionCode>) -> String {
    let most = scope.common_path();
    let region = within.and_then(|code| packs.regions.get(code));
    region.map(|region| region.path.clone()).filter(|path| path.starts_with(&most)).unwrap_or(most)
}

struct Prepared {
    table: Table,
    plan: Plan,
    known_on: Date,
}

/// A file that failed before its rows were read, with what was learned of it.
struct Failed {
    info: Option<FileInfo>,
    refusal: Refusal,
}

impl Failed {
    fn into_report(self, report: &mut ImportReport) {
        if let Some(info) = &self.info {
            report.set_file(info);
        }
        if let Some((columns, layout)) = self.refusal.columns() {
            report.columns = columns.to_vec();
            layout.as_str().clone_into(&mut report.layout);
        }
        report.refuse(&self.refusal);
    }
}

fn prepare(
    app: &App,
    register: &Register,
    input: &Input,
    mapping: &Mapping,
) -> Result<Prepared, Box<Failed>> {
    let options = ReadOptions { sheet: mapping.sheet.clone() };
    let table = open(input.source.clone(), &input.name, &options)
        .map_err(|error| Box::new(Failed { info: None, refusal: error.into() }))?;
    let known_on = mapping.known_on.unwrap_or(app.today());
    let planned = if known_on > app.today() {
        Err(Refusal::KnownInFuture { day: known_on })
    } else {
        columns::plan(&table, register, app.packs(), mapping)
    };
    match planned {
        Ok(plan) => Ok(Prepared { table, plan, known_on }),
        Err(refusal) => Err(Box::new(Failed { info: Some(table.info), refusal })),
    }
}

/// Rows read and validated together: enough to keep the cores busy, a few megabytes.
const PART_ROWS: usize = 4_096;
/// Records handed over together.
const PART_RECORDS: usize = 8_192;

struct Run {
    findings: Findings,
    repeats: Repeats,
    /// Regions of the counts that were accepted.
    regions: FxHashSet<RegionCode>,
    refused: Option<RefusedRows>,
}

/// What is read, for whom, and who is told.
struct Reading<'a> {
    table: &'a Table,
    scope: &'a Scope,
    today: Date,
    progress: Option<&'a (dyn Fn(Progress) + Send)>,
}

/// Reads every row and hands the records to the writer. The inner result is the file's fault, the outer is not.
fn read_rows(
    app: &App,
    register: &Register,
    plan: &Plan,
    reading: &Reading<'_>,
    refused: Option<RefusedRows>,
    bulk: &mut Bulk,
) -> Result<Result<Findings, Refusal>, Error> {
    let reader = Reader {
        register,
        app,
        packs: app.packs(),
        plan,
        today: reading.today,
        scope: reading.scope,
        ids: IdSequence::new(app.now()),
        wider: FxHashSet::default(),
        differences: running::Differences::default(),
    };
    let mut run = Run {
        findings: Findings::default(),
        repeats: Repeats::default(),
        regions: FxHashSet::default(),
        refused,
    };
    let known = Known { app, register, plan, today: reading.today };
    match drive(reading, reader, &known, &mut run, bulk) {
        Ok(()) => {}
        Err(Stop::File(refusal)) => return Ok(Err(refusal)),
        Err(Stop::Other(error)) => return Err(error),
    }
    if let Some(sink) = &mut run.refused {
        sink.finish().map_err(not_written)?;
    }
    run.findings.wider = running::with_parts(&app.packs().regions, &run.regions);
    Ok(Ok(run.findings))
}

fn not_written(source: std::io::Error) -> Error {
    Error::Output { what: "the refused rows", source }
}

enum Stop {
    File(Refusal),
    Other(Error),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::File(error.into())
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

fn drive(
    reading: &Reading<'_>,
    mut reader: Reader<'_>,
    known: &Known<'_>,
    run: &mut Run,
    bulk: &mut Bulk,
) -> Result<(), Stop> {
    let table = reading.table;
    if reader.plan.parts_only && !reader.plan.region.is_empty() {
        reader.wider = running::wider_regions(table, &reader)?;
    }
    let by_row = |count: &columns::CountColumn| count.cumulative && count.day.is_none();
    if reader.plan.counts.iter().any(by_row) {
        let found = running::differences(table, &reader)?;
        reader.differences = found.ok_or(Stop::File(Refusal::TooManyTotals { max: running::CELLS_MAX }))?;
    }
    let reader = &reader;
    let mut twins = Twins::new(known.app, known.register);
    // Wide rows make hundreds of records each.
    let part_rows = (PART_ROWS * 4 / reader.records_per_row()).clamp(16, PART_ROWS);
    let mut rows = table.rows()?;
    let mut part: Vec<(Row, bool)> = Vec::new();
    part.resize_with(part_rows, Default::default);
    let mut done = 0_usize;
    let mut ready: Vec<NewRecord> = Vec::new();
    loop {
        let mut n = 0;
        while n < part_rows && rows.read(&mut part[n].0)? {
            part[n].1 = rows.fits(&part[n].0);
            n += 1;
        }
        if n == 0 {
            break;
        }
        let read = |(i, (row, fits)): (usize, &(Row, bool))| reader.read(row, *fits, done + i);
        let outcomes: Vec<Outcome> = part[..n].par_iter().enumerate().map(read).collect();
        for ((row, _), outcome) in part[..n].iter().zip(outcomes) {
            run.take(reader, row, outcome, &mut ready)?;
        }
        done += n;
        while ready.len() >= PART_RECORDS {
            let rest = ready.split_off(PART_RECORDS);
            let mut full = std::mem::replace(&mut ready, rest);
            run.findings.add(known.keep(&mut full, bulk)?);
            run.findings.add(twins.look(&full)?);
            bulk.push_blocking(full).map_err(Error::from)?;
        }
        if let Some(progress) = reading.progress {
            progress(Progress { rows: done as u64, of: table.info.rows });
        }
    }
    if !ready.is_empty() {
        run.findings.add(known.keep(&mut ready, bulk)?);
        run.findings.add(twins.look(&ready)?);
        bulk.push_blocking(ready).map_err(Error::from)?;
    }
    Ok(())
}

impl Run {
    /// Takes in one row, in the order of the file.
    fn take(
        &mut self,
        reader: &Reader<'_>,
        row: &Row,
        mut outcome: Outcome,
        ready: &mut Vec<NewRecord>,
    ) -> Result<(), Error> {
        if !outcome.refused {
            match self.repeats.check(&mut outcome.records) {
                Found::New => {}
                found => {
                    outcome.refused = found == Found::Contradiction;
                    let mut issue = match found {
                        Found::Contradiction => Issue::error(IssueCode::ContradictingRow),
                        _ => Issue::warning(IssueCode::RepeatedRow),
                    };
                    if let Some((column, value)) = reader.plan.key_cell(reader.register, row) {
                        issue = issue.column(column).value(value);
                    }
                    outcome.issues.push(issue.row(row.number()));
                }
            }
        }
        if outcome.refused {
            self.findings.refused += 1;
            if let Some(sink) = &mut self.refused {
                sink.write(row, &outcome.issues).map_err(not_written)?;
            }
        } else {
            self.findings.accepted += 1;
            for made in outcome.records {
                if let Some(region) = made.region.filter(|region| !self.regions.contains(region)) {
                    self.regions.insert(region);
                }
                ready.push(made.record.at_row(row.number()));
            }
        }
        self.findings.add(outcome.issues);
        Ok(())
    }
}

/// What the file has said before, as short digests: 12 bytes a record.
#[derive(Debug, Default)]
struct Repeats {
    /// Content by key and day known.
    seen: FxHashMap<u64, u32>,
    /// How often rows without a business key came again.
    again: FxHashMap<u64, u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    New,
    Again,
    Contradiction,
}

impl Repeats {
    /// Compares the records of one row with those of the rows before. Repetitions of rows without a key get keys of
    /// their own. A contradicting row leaves no trace.
    fn check(&mut self, records: &mut [Made]) -> Found {
        let mut found = Found::New;
        let mut added = Vec::with_capacity(records.len());
        for made in records.iter_mut() {
            let (key, content) = made.record.fingerprint();
            match self.seen.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(content);
                    added.push(key);
                }
                Entry::Occupied(_) if made.keyless => {
                    let n = self.again.entry(key).or_default();
                    *n += 1;
                    let repeated = repeated_key(made.record.key(), *n);
                    made.record = made.record.clone().with_key(repeated);
                    found = found.max(Found::Again);
                }
                Entry::Occupied(place) if *place.get() == content => found = found.max(Found::Again),
                Entry::Occupied(_) => found = Found::Contradiction,
            }
        }
        if found == Found::Contradiction {
            for key in added {
                self.seen.remove(&key);
            }
        }
        found
    }
}

/// What is stored with the records.
struct Closing {
    app: App,
    /// Begins the life of records of a register with states.
    adopt: Option<NewJob>,
    actor: Actor,
    batch_id: Uuid,
    region_path: String,
    digest: String,
    report: ImportReport,
}

impl Closing {
    fn make(mut self, finished: &Finished) -> bulk::Closing {
        self.report.set_counts(finished);
        let report = self.report;
        let detail = json!({
            "batch": self.batch_id,
            "file_digest": self.digest,
            "rows_read": report.rows_read,
            "refused": report.refused,
            "created": report.created,
            "changed": report.changed,
            "unchanged": report.unchanged,
        });
        let subject = format!("register/{}", report.register);
        let entry = self.app.audit_entry(&self.actor, "record.import", &subject, detail);
        let batch = Batch {
            id: self.batch_id,
            region_path: self.region_path,
            file_bytes: report.file.bytes,
            file_digest: self.digest,
            created_at: self.app.now(),
            created_by: self.actor.name,
            rows_read: report.rows_read,
            accepted: report.accepted,
            refused: report.refused,
            created: report.created,
            changed: report.changed,
            unchanged: report.unchanged,
            report: serde_json::to_value(report.without_values()).unwrap_or_default(),
            register: report.register,
            file_name: report.file.name,
        };
        let mut jobs = detect::jobs_for(&self.app, &finished.touched);
        jobs.extend(self.adopt);
        bulk::Closing { batch: Some(batch), audit: vec![entry], jobs }
    }
}

impl ImportReport {
    fn set_counts(&mut self, finished: &Finished) {
        let counts = &finished.counts;
        self.created = counts.created;
        self.changed = counts.changed;
        self.unchanged = counts.unchanged;
    }
}
