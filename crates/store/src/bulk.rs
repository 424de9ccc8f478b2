//! The bulk load: a whole import in one transaction, everything or nothing.
//!
//! Records are pushed in parts and written as they come by a writer of their own; the tallies are added up in memory
//! and written once, in the order of their key, at the end. A record is told by (register, key): new, changed (its
//! content differs) or unchanged. Where a row says on which day it became known, and a later version is stored
//! already, the row is compared with the version known on that day and slipped in between if it differs, so that
//! loading the same history twice changes nothing. A row that repeats what is known is not kept, not even its day: news
//! that comes later and belongs before that day is taken to hold on after it, until a row says otherwise.
//!
//! A record with personal values belongs to a person: to one that is known by its document, or by its telephone and
//! name, else to a new one. They are sealed before the load where the caller has the cores for it, and the look-ups of
//! new persons are written in the order of their key, many at once.
//!
//! Back of the envelope for a million rows of 270 bytes: about 8 µs a row for the row and its four indexes, 2 µs for
//! each tally row, most of it copying pages to the write-ahead log.

mod met;
mod postgres;
mod sqlite;
mod tallies;

use crate::audit;
use crate::batch::Batch;
use crate::dialect::Engine;
use crate::error::Error;
use crate::job::NewJob;
use crate::record::{Change, NewRecord};
use crate::store::Store;
use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use wanquan_domain::record::KeyDigest;
use wanquan_domain::signal::SeriesKey;

/// Parts that wait for the writer. Two keep it busy; more would only hold memory.
const QUEUE: usize = 2;

/// What a load did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that are new.
    pub created: u64,
    /// Records that got a new version.
    pub changed: u64,
    /// Records that were stored with the same content already; withdrawn ones stay withdrawn.
    pub unchanged: u64,
    /// Rows that contradict an earlier row of the same load: same key, same day known, other content. The first one
    /// counts, these are not stored.
    pub contradicting_rows: Vec<u64>,
}

/// What is stored with the records, in the same transaction.
#[derive(Debug, Clone, Default)]
pub struct Closing {
    /// The import.
    pub batch: Option<Batch>,
    /// Entries of the audit log.
    pub audit: Vec<audit::NewEntry>,
    /// Jobs that follow.
    pub jobs: Vec<NewJob>,
}

/// What a load left behind.
#[derive(Debug, Clone, Default)]
pub struct Finished {
    /// What it did.
    pub counts: Counts,
    /// Series whose counts changed, of every region up the tree, in order.
    pub touched: Vec<SeriesKey>,
}

pub(crate) type Closer = Box<dyn FnOnce(&Finished) -> Closing + Send>;

pub(crate) enum Message {
    Records(Vec<NewRecord>),
    Lock(Vec<KeyDigest>, String, oneshot::Sender<()>),
    Finish(Closer),
    RollBack,
}

/// A load under way. Dropped before [`Bulk::finish`], it is rolled back.
#[derive(Debug)]
pub struct Bulk {
    queue: mpsc::Sender<Message>,
    outcome: oneshot::Receiver<Result<Finished, Error>>,
}

impl Bulk {
    /// Begins a load. It holds the write lock of an SQLite database until it ends; other writers wait.
    ///
    /// # Errors
    /// `Busy` if another writer holds the database for longer than `Options::busy_timeout`.
    pub async fn begin(store: &Store, change: Change) -> Result<Self, Error> {
        let (queue, messages) = mpsc::channel(QUEUE);
        let (report, outcome) = oneshot::channel();
        match &*store.engine {
            Engine::Sqlite { path, write, .. } => {
                // Holding the pool's only writing connection makes writers of this process wait in line.
                let place = write.acquire().await?;
                let keys = Arc::clone(&store.keys);
                sqlite::start(path, &store.options, keys, change, messages, report, place).await?;
            }
            Engine::Postgres(pool) => {
                let tx = pool.begin().await?;
                tokio::spawn(postgres::run(tx, Arc::clone(&store.keys), change, messages, report));
            }
        }
        Ok(Self { queue, outcome })
    }

    /// Hands over records; waits while the writer is two parts behind. Parts of about 5,000 records work well.
    ///
    /// # Errors
    /// What made the writer stop; the load is rolled back then.
    pub async fn push(&mut self, records: Vec<NewRecord>) -> Result<(), Error> {
        if self.queue.send(Message::Records(records)).await.is_err() {
            return Err(self.failure().await);
        }
        Ok(())
    }

    /// The same from a thread outside the asynchronous runtime.
    ///
    /// # Errors
    /// What made the writer stop; the load is rolled back then.
    ///
    /// # Panics
    /// If called on a thread of the asynchronous runtime.
    pub fn push_blocking(&mut self, records: Vec<NewRecord>) -> Result<(), Error> {
        if self.queue.blocking_send(Message::Records(records)).is_err() {
            // A second call after a failure has nothing more to say.
            let (_, ended) = oneshot::channel();
            let outcome = std::mem::replace(&mut self.outcome, ended);
            return Err(match outcome.blocking_recv() {
                Ok(Err(error)) => error,
                _ => Error::BulkStopped,
            });
        }
        Ok(())
    }

    /// Keeps the records of these keys from being changed by others until the load ends, so that what is read of them now
    /// is what the load replaces. For a thread outside the asynchronous runtime. A load on SQLite is alone anyway.
    ///
    /// # Errors
    /// What made the writer stop; the load is rolled back then.
    ///
    /// # Panics
    /// If called on a thread of the asynchronous runtime.
    pub fn lock_blocking(&mut self, register: &str, keys: Vec<KeyDigest>) -> Result<(), Error> {
        let (done, locked) = oneshot::channel();
        let sent = self.queue.blocking_send(Message::Lock(keys, register.to_owned(), done));
        if sent.is_ok() && locked.blocking_recv().is_ok() {
            return Ok(());
        }
        let (_, ended) = oneshot::channel();
        let outcome = std::mem::replace(&mut self.outcome, ended);
        Err(match outcome.blocking_recv() {
            Ok(Err(error)) => error,
            _ => Error::BulkStopped,
        })
    }

    async fn failure(&mut self) -> Error {
        match (&mut self.outcome).await {
            Ok(Err(error)) => error,
            _ => Error::BulkStopped,
        }
    }

    /// Writes the tallies and what `closing` makes of the outcome, and makes everything durable.
    ///
    /// # Errors
    /// What made the writer stop; nothing is stored then.
    pub async fn finish(
        self,
        closing: impl FnOnce(&Finished) -> Closing + Send + 'static,
    ) -> Result<Finished, Error> {
        self.end(Message::Finish(Box::new(closing))).await
    }

    /// Takes everything back and says what would have been done: a dry run.
    ///
    /// # Errors
    /// What made the writer stop.
    pub async fn roll_back(self) -> Result<Finished, Error> {
        self.end(Message::RollBack).await
    }

    async fn end(self, last: Message) -> Result<Finished, Error> {
        // If the writer has stopped, its outcome says why.
        let _ = self.queue.send(last).await;
        drop(self.queue);
        self.outcome.await.map_err(|_| Error::BulkStopped)?
    }
}

/// A stored version, as far as a load needs to know it.
#[derive(sqlx::FromRow)]
pub(crate) struct Stage {
    version: i64,
    known_until: i64,
    digest: Vec<u8>,
    counted: String,
    region_path: String,
    disease: String,
    drill: bool,
}

impl Stage {
    /// True if the row says what is stored. What a rehearsal stored is not yet known in earnest.
    fn says(&self, new: &NewRecord, change: &Change) -> bool {
        self.digest == new.digest && self.drill == change.drill
    }
}

/// Keys and days that the load has met, as 64 bits of a digest each: 16 MB for a million.
#[derive(Default)]
pub(crate) struct Seen(HashSet<u64, BuildHasherDefault<Uniform>>);

impl Seen {
    /// True if the key was not met in this register with this day before.
    fn insert(&mut self, register: &str, key: &KeyDigest, known_day: i64) -> bool {
        // Keys are digests; the name of the register need only tell a handful of registers apart (FNV-1a).
        let name = register.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let (mut low, mut high) = ([0; 8], [0; 8]);
        low.copy_from_slice(&key[..8]);
        high.copy_from_slice(&key[8..]);
        let day = u64::from_ne_bytes(known_day.to_ne_bytes()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0.insert(u64::from_ne_bytes(low) ^ u64::from_ne_bytes(high).rotate_left(32) ^ day ^ name)
    }
}

/// Takes a digest as its own hash.
#[derive(Default)]
pub(crate) struct Uniform(u64);

impl Hasher for Uniform {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// The series of rows in the order of the primary key, each once.
fn touched<'a>(rows: impl Iterator<Item = tallies::Row<'a>>) -> Vec<SeriesKey> {
    let mut touched: Vec<SeriesKey> = Vec::new();
    for row in rows {
        let known = touched.last().is_some_and(|last| {
            last.region.as_str() == row.region && last.disease == row.disease && last.measure == row.measure
        });
        if !known {
            touched.push(row.series());
        }
    }
    touched
}

/// Measures and diseases of series, each once.
fn kinds(touched: &[SeriesKey]) -> BTreeSet<(&str, &str)> {
    touched.iter().map(|key| (key.measure.as_str(), key.disease.as_str())).collect()
}
