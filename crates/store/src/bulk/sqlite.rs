//! The writer of a load on SQLite: a thread and a connection of its own, statements prepared once.

use super::met::Met;
use super::tallies::Tallies;
use super::{Closer, Closing, Finished, Message, Seen, Stage};
use crate::audit;
use crate::batch::{self, count_column};
use crate::error::Error;
use crate::job;
use crate::person::{self, Lookups, MasterKey};
use crate::record::{Change, Counted, NewRecord, SUPERSEDE};
use crate::store::Options;
use crate::{tally, time};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, named_params, params};
use sqlx::pool::PoolConnection;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;
use wanquan_domain::record::new_uuid;

/// Page cache of the writer, in KiB: holds the inner pages of every index of a few million records.
const CACHE_KIB: u32 = 64 * 1024;

/// With fewer records than this stored, the list indexes are dropped and built anew at the end, which is several times
/// quicker than keeping them while rows of all regions and days come mixed.
const REBUILD_BELOW: i64 = 20_000;

/// Starts the writer; returns when it holds the write lock.
pub(super) async fn start(
    path: &Path,
    options: &Options,
    keys: Arc<MasterKey>,
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
            // The load writes what a row points at before the row. Checking it would look up the person of every digest,
            // in the order of the digests: a walk all over the table of persons.
            connection.execute_batch(&format!(
                "pragma synchronous = full; pragma foreign_keys = off; pragma temp_store = file;
                 pragma cache_size = -{CACHE_KIB}; pragma wal_autocheckpoint = 0; pragma secure_delete = fast;"
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
        let outcome = write(&mut connection, &keys, &change, messages, ready);
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
    keys: &MasterKey,
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
    let mut writer = Writer::new(&tx, keys, change)?;
    let closer: Option<Closer> = loop {
        match messages.blocking_recv() {
            Some(Message::Records(records)) => {
                for record in records {
                    writer.store(record)?;
                }
            }
            // Nobody else writes while the load holds the database.
            Some(Message::Lock(_, _, done)) => {
                let _ = done.send(());
            }
            Some(Message::Finish(closer)) => break Some(closer),
            Some(Message::RollBack) => break None,
            // The caller gave up; dropping the transaction takes everything back.
            None => return Err(Error::BulkStopped),
        }
    };
    writer.write_lookups()?;
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
    keys: &'a MasterKey,
    met: Met,
    change: &'a Change,
    known_day: i64,
    at: i64,
    tallies: Tallies,
    counts: super::Counts,
    seen: Seen,
}

const INSERT: &str = "insert into record (id, version, register, region, region_path, disease, event_day, key, title,
        digest, data, person_id, sealed, counted, known_at, known_day, created_at, changed_by, reason, batch_id, drill,
        deleted)
    values (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?14, ?16, ?17, ?18, ?19, 0)
    on conflict (register, key) do nothing";

const UPDATE: &str =
    "update record set version = ?2, region = ?3, region_path = ?4, disease = ?5, event_day = ?6,
        title = ?7, digest = ?8, data = ?9, personal = null, person_id = ?10, sealed = ?11, counted = ?12,
        known_at = ?13, known_day = ?14, changed_by = ?15, reason = ?16, batch_id = ?17, drill = ?18, deleted = 0
    where id = ?1";

const INSERT_LATE: &str = "insert into record_version (record_id, version, register, region, region_path, disease,
        event_day, key, title, digest, data, person_id, sealed, counted, known_at, known_day, known_until, created_at,
        changed_by, reason, batch_id, drill, deleted)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, 0)";

impl<'a> Writer<'a> {
    fn new(tx: &'a Connection, keys: &'a MasterKey, change: &'a Change) -> Result<Self, Error> {
        let sql = "select count(*) from (select 1 from person_lookup limit 1)";
        let stored: i64 = tx.query_row(sql, [], |r| r.get(0))?;
        Ok(Self {
            tx,
            keys,
            met: Met::new(stored > 0),
            change,
            known_day: time::to_day(change.known_on),
            at: time::to_micros(change.at),
            tallies: Tallies::default(),
            counts: super::Counts::default(),
            seen: Seen::default(),
        })
    }

    fn store(&mut self, mut new: NewRecord) -> Result<(), Error> {
        let known_day = new.known_day.unwrap_or(self.known_day);
        let first = self.seen.insert(&new.register, &new.key, known_day);
        let counted = if self.change.drill { String::new() } else { new.counted.encode(&new.register) };
        let lookups = self.give_to_a_person(&mut new)?;
        let sealed = new.sealed.as_deref();
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
            sealed.map(|sealed| sealed.person.as_bytes()),
            sealed.map(|sealed| &sealed.bytes),
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
            self.keep_person(&new, &lookups)?;
            return self.count(&new, known_day, 1);
        }
        self.store_again(new, &lookups, known_day, first, &counted)
    }

    /// A row whose key is stored already.
    fn store_again(
        &mut self,
        mut new: NewRecord,
        lookups: &Lookups,
        known_day: i64,
        first: bool,
        counted: &str,
    ) -> Result<(), Error> {
        let mut current = self.current(&new)?;
        let late = known_day < current.known_day;
        let before = if late { self.valid_on(&current.id, known_day)? } else { Some(current.stage()) };
        if before.as_ref().is_some_and(|b| b.says(&new, self.change)) {
            self.counts.unchanged += 1;
            return Ok(());
        }
        if !first {
            self.counts.contradicting_rows.push(new.row);
            return Ok(());
        }
        let version = self.next_version(&current)?;
        current.person = self.keep_with_person(&mut new, &current, lookups)?;
        let sealed = new.sealed.as_deref().map(|sealed| sealed.bytes.clone());
        if late {
            self.slip_in(&new, &current, before, version, known_day, counted)?;
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
                current.person.as_ref().map(Uuid::as_bytes),
                sealed,
                counted,
                self.at,
                known_day,
                self.change.by,
                self.change.reason,
                self.change.batch.as_ref().map(Uuid::as_bytes),
                self.change.drill,
            ])?;
            self.uncount(&new.register, &current.stage(), known_day, -1)?;
            self.count(&new, known_day, 1)?;
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
            current.person.as_ref().map(Uuid::as_bytes),
            new.sealed.as_deref().map(|sealed| &sealed.bytes),
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

    /// Seals a record for its person: one that is known, or a new one, who is not stored yet. Returns what the person is
    /// found by.
    fn give_to_a_person(&mut self, new: &mut NewRecord) -> Result<Lookups, Error> {
        if new.personal.is_none() {
            return Ok(Lookups::default());
        }
        new.digest = new.stored_digest(self.keys);
        let lookups = new.lookups(self.keys);
        if let Some(known) = self.known_person(&lookups)?
            && self.seal_for(new, known)?
        {
            return Ok(lookups);
        }
        if new.sealed.is_none() {
            let id = new_uuid(self.change.at);
            let (key, wrapped) = self.keys.new_key(id)?;
            new.seal_under(id, &key, Some(wrapped))?;
        }
        Ok(lookups)
    }

    /// Seals a record for a stored person; false if the person was erased.
    fn seal_for(&self, new: &mut NewRecord, person: Uuid) -> Result<bool, Error> {
        let sql = "select wrapped_key from person where id = ?1";
        let wrapped: Option<Option<Vec<u8>>> =
            self.tx.prepare_cached(sql)?.query_row([person.as_bytes()], |r| r.get(0)).optional()?;
        let Some(wrapped) = wrapped.flatten() else { return Ok(false) };
        new.seal_under(person, &self.keys.unwrap_key(person, &wrapped)?, None)?;
        Ok(true)
    }

    fn known_person(&self, lookups: &Lookups) -> Result<Option<Uuid>, Error> {
        if let Some(met) = self.met.person(lookups) {
            return Ok(Some(met));
        }
        if !self.met.ask_stored() {
            return Ok(None);
        }
        let mut statement = self.tx.prepare_cached(
            "select p.id, p.lookups from person_lookup l join person p on p.id = l.person_id
             where l.kind = ?1 and l.digest = ?2 order by p.id limit 100",
        )?;
        for (kind, digest) in Met::asked(lookups) {
            let rows = statement.query_map(params![kind.code(), digest], |r| {
                Ok((r.get::<_, [u8; 16]>(0)?, r.get::<_, Option<Vec<u8>>>(1)?))
            })?;
            for row in rows {
                let (id, known) = row?;
                if Met::is_same(kind, lookups, &Lookups::from_bytes(known.unwrap_or_default())) {
                    return Ok(Some(Uuid::from_bytes(id)));
                }
            }
        }
        Ok(None)
    }

    /// Stores the person of a record that was stored, or what a known one is found by from now on.
    fn keep_person(&mut self, new: &NewRecord, lookups: &Lookups) -> Result<(), Error> {
        let Some(sealed) = new.sealed.as_deref() else { return Ok(()) };
        match &sealed.new_key {
            Some(wrapped) => {
                self.tx.prepare_cached(person::INSERT)?.execute(named_params! {
                    "$1": sealed.person.as_bytes(), "$2": wrapped, "$3": None::<Vec<u8>>,
                    "$4": lookups.as_bytes(), "$5": self.at,
                })?;
                self.met.add(sealed.person, lookups, lookups);
            }
            None => {
                let sql = "select lookups from person where id = ?1";
                let known: Option<Vec<u8>> = self
                    .tx
                    .prepare_cached(sql)?
                    .query_row([sealed.person.as_bytes()], |r| r.get(0))
                    .optional()?
                    .flatten();
                let mut all = Lookups::from_bytes(known.unwrap_or_default());
                let added = all.add(lookups);
                if !added.is_empty() {
                    self.tx
                        .prepare_cached("update person set lookups = ?2 where id = ?1")?
                        .execute(params![sealed.person.as_bytes(), all.as_bytes()])?;
                }
                self.met.add(sealed.person, lookups, &added);
            }
        }
        if self.met.is_full() {
            self.write_lookups()?;
        }
        Ok(())
    }

    /// The person of a record that is stored already keeps it.
    fn keep_with_person(
        &mut self,
        new: &mut NewRecord,
        current: &Current,
        lookups: &Lookups,
    ) -> Result<Option<Uuid>, Error> {
        if new.personal.is_none() {
            return Ok(current.person);
        }
        if let Some(person) = current.person {
            self.seal_for(new, person)?;
        }
        self.keep_person(new, lookups)?;
        Ok(new.sealed.as_deref().map(|sealed| sealed.person))
    }

    /// Writes the look-ups of new persons in the order of their key.
    fn write_lookups(&mut self) -> Result<(), Error> {
        let mut statement = self.tx.prepare_cached(person::INSERT_LOOKUP)?;
        for (kind, digest, person) in self.met.take() {
            statement.execute(named_params! {"$1": kind.code(), "$2": digest, "$3": person.as_bytes()})?;
        }
        Ok(())
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
            "select id, version, known_day, created_at, digest, counted, region_path, disease, drill, person_id
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
                person: r.get::<_, Option<[u8; 16]>>(9)?.map(Uuid::from_bytes),
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
    person: Option<Uuid>,
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
