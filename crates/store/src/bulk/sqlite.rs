//! The writer of a load on SQLite: a thread and a connection of its own, statements prepared once.

use super::tallies::Tallies;
use super::{Closer, Closing, Finished, Message, Seen, Stage};
use crate::audit;
use crate::batch::{self, count_column};
use crate::error::Error;
use crate::job;
use crate::record::{Change, Counted, NewRecord, SUPERSEDE};
use crate::store::Options;
use crate::{tally, time};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, named_params, params};
use sqlx::pool::PoolConnection;
use std::path::Path;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// Page cache of the writer, in KiB: holds the inner pages of every index of a few million records.
const CACHE_KIB: u32 = 64 * 1024;

/// With fewer records than this stored, the list indexes are dropped and built anew at the end, which is several times
/// quicker than keeping them while rows of all regions and days come mixed.
const REBUILD_BELOW: i64 = 20_000;

/// Starts the writer; returns when it holds the write lock.
pub(super) async fn start(
    path: &Path,
    options: &Options,
    change: Change,
    messages: mpsc::Receiver<Message>,
    report: oneshot::Sender<Result<Finished, Error>>,
    place: PoolConnection<sqlx::Sqlite>,
) -> Result<(), Error> {
    let (ready, started) = oneshot::channel();
    let (path, busy_timeout) = (path.to_owned(), options.busy_timeout);
    tokio::task::spawn_blocking(move || {
        let opened = Connection::open(&path).and_then(|connection| {
            connection.busy_timeout(busy_timeout)?;
            connection.execute_batch(&format!(
                "pragma synchronous = full; pragma foreign_keys = on; pragma temp_store = file;
                 pragma cache_size = -{CACHE_KIB}; pragma wal_autocheckpoint = 0;"
            ))?;
            connection.set_prepared_statement_cache_capacity(32);
            Ok(connection)
        });
        let mut connection = match opened {
            Ok(connection) => connection,
            Err(error) => {
                drop(place);
                let _ = ready.send(Err(Error::from(error)));
                return;
            }
        };
        let outcome = write(&mut connection, &change, messages, ready);
        // Copies the long log into the file and empties it; readers may hinder it, then a later checkpoint does it.
        if let Err(error) = connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())) {
            tracing::warn!(%error, "Could not empty the write-ahead log after a bulk load");
        }
        drop(connection);
        drop(place);
        let _ = report.send(outcome);
    });
    started.await.map_err(|_| Error::BulkStopped)?
}

fn write(
    connection: &mut Connection,
    change: &Change,
    mut messages: mpsc::Receiver<Message>,
    ready: oneshot::Sender<Result<(), Error>>,
) -> Result<Finished, Error> {
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let tx = match begun {
        Ok(tx) => tx,
        Err(error) => {
            let _ = ready.send(Err(error.into()));
            return Err(Error::BulkStopped);
        }
    };
    let _ = ready.send(Ok(()));
    let indexes = drop_list_indexes(&tx)?;
    let mut writer = Writer::new(&tx, change);
    let closer: Option<Closer> = loop {
        match messages.blocking_recv() {
            Some(Message::Records(records)) => {
                for record in records {
                    writer.store(record)?;
                }
            }
            Some(Message::Finish(closer)) => break Some(closer),
            Some(Message::RollBack) => break None,
            // The caller gave up; dropping the transaction takes everything back.
            None => return Err(Error::BulkStopped),
        }
    };
    let Writer { counts, tallies, .. } = writer;
    let sums = tallies.finish();
    let mut finished = Finished { counts, touched: Vec::new() };
    let Some(closer) = closer else {
        finished.touched = super::touched(sums.rows());
        return Ok(finished);
    };
    for sql in indexes {
        tx.execute_batch(&sql)?;
    }
    {
        let mut upsert = tx.prepare_cached(tally::UPSERT)?;
        for row in sums.rows() {
            upsert.execute(params![
                row.measure,
                row.disease,
                row.region,
                row.event_day,
                row.known_day,
                row.n
            ])?;
        }
    }
    finished.touched = super::touched(sums.rows());
    for (measure, disease) in super::kinds(&finished.touched) {
        tx.execute(tally::TOUCH, params![measure, disease])?;
    }
    let closing = closer(&finished);
    close(&tx, &closing)?;
    tx.commit()?;
    Ok(finished)
}

/// Drops the indexes that only lists use, if nearly nothing is stored; returns the statements that make them again.
fn drop_list_indexes(tx: &Connection) -> Result<Vec<String>, Error> {
    let stored: i64 =
        tx.query_row("select count(*) from (select 1 from record limit ?1)", [REBUILD_BELOW], |r| r.get(0))?;
    if stored >= REBUILD_BELOW {
        return Ok(Vec::new());
    }
    let indexes: Vec<(String, String)> = tx
        .prepare(
            "select name, sql from sqlite_schema where type = 'index' and tbl_name = 'record' and sql is not null
             and name <> 'record_by_key' order by name",
        )?
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (name, _) in &indexes {
        tx.execute_batch(&format!("drop index {name}"))?;
    }
    Ok(indexes.into_iter().map(|(_, sql)| sql).collect())
}

fn close(tx: &Connection, closing: &Closing) -> Result<(), Error> {
    if let Some(batch) = &closing.batch {
        tx.execute(
            batch::INSERT,
            params![
                batch.id.as_bytes(),
                batch.register,
                batch.region_path,
                batch.file_name,
                batch.file_digest,
                count_column(batch.file_bytes),
                time::to_micros(batch.created_at),
                batch.created_by,
                count_column(batch.rows_read),
                count_column(batch.accepted),
                count_column(batch.refused),
                count_column(batch.created),
                count_column(batch.changed),
                count_column(batch.unchanged),
                batch.report.to_string(),
            ],
        )?;
    }
    for job in &closing.jobs {
        tx.execute(
            job::ENQUEUE,
            params![
                job.id.as_bytes(),
                job.name,
                job.dedup_key,
                job.payload.to_string(),
                time::to_micros(job.run_at),
                i64::from(job.attempts_max.max(1)),
                time::to_micros(job.created_at),
            ],
        )?;
    }
    for entry in &closing.audit {
        let (seq, prev): (i64, Vec<u8>) = tx.query_row(audit::HEAD, [], |r| Ok((r.get(0)?, r.get(1)?)))?;
        let at = time::to_micros(entry.at);
        let detail = entry.detail.to_string();
        let hash = audit::entry_hash(seq, at, [&entry.actor, &entry.act, &entry.subject, &detail], &prev);
        tx.execute(
            audit::INSERT,
            params![seq, at, entry.actor, entry.act, entry.subject, detail, prev, hash.as_slice()],
        )?;
        tx.execute(audit::SET_HEAD, params![hash.as_slice()])?;
    }
    Ok(())
}

struct Writer<'a> {
    tx: &'a Connection,
    change: &'a Change,
    known_day: i64,
    at: i64,
    tallies: Tallies,
    counts: super::Counts,
    seen: Seen,
}

const INSERT: &str = "insert into record (id, version, register, region, region_path, disease, event_day, key, title,
        digest, data, personal, counted, known_at, known_day, created_at, changed_by, reason, batch_id, drill, deleted)
    values (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?13, ?15, ?16, ?17, ?18, 0)
    on conflict (register, key) do nothing";

const UPDATE: &str =
    "update record set version = ?2, region = ?3, region_path = ?4, disease = ?5, event_day = ?6,
        title = ?7, digest = ?8, data = ?9, personal = ?10, counted = ?11, known_at = ?12, known_day = ?13,
        changed_by = ?14, reason = ?15, batch_id = ?16, drill = ?17, deleted = 0
    where id = ?1";

const INSERT_LATE: &str = "insert into record_version (record_id, version, register, region, region_path, disease,
        event_day, key, title, digest, data, personal, counted, known_at, known_day, known_until, created_at,
        changed_by, reason, batch_id, drill, deleted)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, 0)";

impl<'a> Writer<'a> {
    fn new(tx: &'a Connection, change: &'a Change) -> Self {
        Self {
            tx,
            change,
            known_day: time::to_day(change.known_on),
            at: time::to_micros(change.at),
            tallies: Tallies::default(),
            counts: super::Counts::default(),
            seen: Seen::default(),
        }
    }

    fn store(&mut self, new: NewRecord) -> Result<(), Error> {
        let known_day = new.known_day.unwrap_or(self.known_day);
        let first = self.seen.insert(&new.register, &new.key, known_day);
        let counted = if self.change.drill { String::new() } else { new.counted.encode(&new.register) };
        let written = self.tx.prepare_cached(INSERT)?.execute(params![
            new.id.0.as_bytes(),
            new.register,
            new.region,
            new.region_path,
            new.disease,
            new.event_day,
            new.key,
            new.title,
            new.digest,
            new.data,
            new.personal,
            counted,
            self.at,
            known_day,
            self.change.by,
            self.change.reason,
            self.change.batch.as_ref().map(Uuid::as_bytes),
            self.change.drill,
        ])?;
        if written == 1 {
            self.counts.created += 1;
            return self.count(&new, known_day, 1);
        }
        self.store_again(&new, known_day, first, &counted)
    }

    /// A row whose key is stored already.
    fn store_again(
        &mut self,
        new: &NewRecord,
        known_day: i64,
        first: bool,
        counted: &str,
    ) -> Result<(), Error> {
        let current = self.current(new)?;
        let late = known_day < current.known_day;
        let before = if late { self.valid_on(&current.id, known_day)? } else { Some(current.stage()) };
        if before.as_ref().is_some_and(|b| b.says(new, self.change)) {
            self.counts.unchanged += 1;
            return Ok(());
        }
        if !first {
            self.counts.contradicting_rows.push(new.row);
            return Ok(());
        }
        let version = self.next_version(&current)?;
        if late {
            self.slip_in(new, &current, before, version, known_day, counted)?;
        } else {
            self.tx.prepare_cached(SUPERSEDE)?.execute(named_params! {"$1": current.id, "$2": known_day})?;
            self.tx.prepare_cached(UPDATE)?.execute(params![
                current.id,
                version,
                new.region,
                new.region_path,
                new.disease,
                new.event_day,
                new.title,
                new.digest,
                new.data,
                new.personal,
                counted,
                self.at,
                known_day,
                self.change.by,
                self.change.reason,
                self.change.batch.as_ref().map(Uuid::as_bytes),
                self.change.drill,
            ])?;
            self.uncount(&new.register, &current.stage(), known_day, -1)?;
            self.count(new, known_day, 1)?;
        }
        self.counts.changed += 1;
        Ok(())
    }

    /// Stores a version that was known before the current one.
    fn slip_in(
        &mut self,
        new: &NewRecord,
        current: &Current,
        before: Option<Stage>,
        version: i64,
        known_day: i64,
        counted: &str,
    ) -> Result<(), Error> {
        let until = match &before {
            Some(before) => before.known_until,
            None => {
                self.first_known(&current.id)?.map_or(current.known_day, |day| day.min(current.known_day))
            }
        };
        if let Some(before) = &before {
            self.tx
                .prepare_cached(
                    "update record_version set known_until = ?3 where record_id = ?1 and version = ?2",
                )?
                .execute(params![current.id, before.version, known_day])?;
            self.uncount(&new.register, before, known_day, -1)?;
            self.uncount(&new.register, before, until, 1)?;
        }
        self.tx.prepare_cached(INSERT_LATE)?.execute(params![
            current.id,
            version,
            new.register,
            new.region,
            new.region_path,
            new.disease,
            new.event_day,
            new.key,
            new.title,
            new.digest,
            new.data,
            new.personal,
            counted,
            self.at,
            known_day,
            until,
            current.created_at,
            self.change.by,
            self.change.reason,
            self.change.batch.as_ref().map(Uuid::as_bytes),
            self.change.drill,
        ])?;
        self.count(new, known_day, 1)?;
        self.count(new, until, -1)
    }

    fn count(&mut self, new: &NewRecord, known_day: i64, sign: i64) -> Result<(), Error> {
        if self.change.drill {
            return Ok(());
        }
        self.tallies.count(&new.region_path, &new.disease, known_day, &new.counted, sign)
    }

    fn uncount(&mut self, register: &str, stage: &Stage, known_day: i64, sign: i64) -> Result<(), Error> {
        let counted = Counted::decode(&stage.counted, register)?;
        self.tallies.count(&stage.region_path, &stage.disease, known_day, &counted, sign)
    }

    fn current(&self, new: &NewRecord) -> Result<Current, Error> {
        let mut statement = self.tx.prepare_cached(
            "select id, version, known_day, created_at, digest, counted, region_path, disease, drill
             from record where register = ?1 and key = ?2",
        )?;
        let current = statement.query_row(params![new.register, new.key], |r| {
            Ok(Current {
                id: r.get(0)?,
                version: r.get(1)?,
                known_day: r.get(2)?,
                created_at: r.get(3)?,
                digest: r.get(4)?,
                counted: r.get(5)?,
                region_path: r.get(6)?,
                disease: r.get(7)?,
                drill: r.get(8)?,
            })
        })?;
        Ok(current)
    }

    fn valid_on(&self, id: &[u8; 16], day: i64) -> Result<Option<Stage>, Error> {
        let mut statement = self.tx.prepare_cached(
            "select version, known_until, digest, counted, region_path, disease, drill from record_version
             where record_id = ?1 and known_day <= ?2 and known_until > ?2 order by version desc limit 1",
        )?;
        let stage = statement.query_row(params![id, day], |r| {
            Ok(Stage {
                version: r.get(0)?,
                known_until: r.get(1)?,
                digest: r.get(2)?,
                counted: r.get(3)?,
                region_path: r.get(4)?,
                disease: r.get(5)?,
                drill: r.get(6)?,
            })
        });
        Ok(stage.optional()?)
    }

    fn first_known(&self, id: &[u8; 16]) -> Result<Option<i64>, Error> {
        let sql = "select min(known_day) from record_version where record_id = ?1";
        Ok(self.tx.prepare_cached(sql)?.query_row([id], |r| r.get(0))?)
    }

    fn next_version(&self, current: &Current) -> Result<i64, Error> {
        let sql = "select coalesce(max(version), 0) from record_version where record_id = ?1";
        let last: i64 = self.tx.prepare_cached(sql)?.query_row([current.id], |r| r.get(0))?;
        Ok(last.max(current.version) + 1)
    }
}

/// What a load needs to know of the version stored now.
struct Current {
    id: [u8; 16],
    version: i64,
    known_day: i64,
    created_at: i64,
    digest: Vec<u8>,
    counted: String,
    region_path: String,
    disease: String,
    drill: bool,
}

impl Current {
    fn stage(&self) -> Stage {
        Stage {
            version: self.version,
            known_until: i64::MAX,
            digest: self.digest.clone(),
            counted: self.counted.clone(),
            region_path: self.region_path.clone(),
            disease: self.disease.clone(),
            drill: self.drill,
        }
    }
}
