//! Acknowledged means durable, and many share one wait for the disk.
//!
//! A commit on SQLite writes to the log, and the log must reach the disk before anybody is told "stored". If every commit
//! waits for the disk by itself, while it holds the write lock, a disk that takes 4 ms allows 250 acts a second however
//! many people wait. Here commits return when the log is written to the operating system, the next writer goes on, and
//! one call for the disk serves all commits that came before it (a group commit).
//!
//! Between the two somebody else may read what is not durable yet; if the power goes in that moment, he has seen
//! something that nobody was told was stored. An order of writes is never broken: the log reaches the disk as a whole.

use crate::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// The log of an SQLite database, and how far it is known to be on the disk.
#[derive(Debug)]
pub struct Durability {
    log: PathBuf,
    /// Commits that asked so far.
    asked: AtomicU64,
    synced: Mutex<Synced>,
}

#[derive(Debug, Default)]
struct Synced {
    /// The log, open since the first commit; SQLite keeps the file as long as its connections are open.
    file: Option<Arc<File>>,
    /// The last commit that is on the disk.
    upto: u64,
    /// Calls for the disk.
    calls: u64,
    /// The disk failed once. What it holds cannot be known afterwards: the pages may be marked as written though they
    /// were lost, and a second call would succeed.
    failed: bool,
}

impl Durability {
    /// For the database file at this path.
    pub(crate) fn of(database: &Path) -> Self {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        Self { log: log.into(), asked: AtomicU64::new(0), synced: Mutex::default() }
    }

    /// Waits until everything committed so far is on the disk.
    ///
    /// # Errors
    /// If the disk refuses, now or at any earlier call.
    pub(crate) async fn reach(&self) -> Result<(), Error> {
        let mine = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        // Whoever holds the lock waits for the disk; the others queue here, and the first of them calls for all.
        let mut synced = self.synced.lock().await;
        if synced.failed {
            return Err(failure());
        }
        if synced.upto >= mine {
            return Ok(());
        }
        let upto = self.asked.load(Ordering::SeqCst);
        let (file, log) = (synced.file.clone(), self.log.clone());
        // If whoever waits here hangs up, the call still runs to its end, and the next in the queue makes another.
        let done = tokio::task::spawn_blocking(move || {
            let file = match file {
                Some(file) => file,
                None => Arc::new(open(&log)?),
            };
            file.sync_data()?;
            Ok::<_, std::io::Error>(file)
        });
        match done.await {
            Ok(Ok(file)) => {
                synced.file = Some(file);
                synced.upto = upto;
                synced.calls += 1;
                Ok(())
            }
            Ok(Err(error)) => {
                synced.failed = true;
                Err(error.into())
            }
            Err(_) => {
                synced.failed = true;
                Err(failure())
            }
        }
    }

    /// Calls for the disk so far.
    #[cfg(test)]
    async fn calls(&self) -> u64 {
        self.synced.lock().await.calls
    }
}

fn failure() -> Error {
    std::io::Error::other("the disk failed to keep what was written; see the system's log, then start again")
        .into()
}

/// Opens the log; that the file exists must be on the disk too.
fn open(log: &Path) -> Result<File, std::io::Error> {
    let file = File::open(log)?;
    if let Some(folder) = log.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        // Not every system lets a folder be opened; where it does not, it keeps names by itself.
        if let Ok(folder) = File::open(folder) {
            folder.sync_all()?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_commits_share_a_call_and_none_returns_before_one_that_began_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("wanquan.db");
        std::fs::write(folder.path().join("wanquan.db-wal"), b"log").unwrap();
        let durability = Arc::new(Durability::of(&database));
        // The lock is held, as during a call: everybody queues.
        let held = durability.synced.lock().await;
        let waiting: Vec<_> = (0..50)
            .map(|_| {
                let durability = Arc::clone(&durability);
                tokio::spawn(async move { durability.reach().await })
            })
            .collect();
        while durability.asked.load(Ordering::SeqCst) < 50 {
            tokio::task::yield_now().await;
        }
        assert!(waiting.iter().all(|waiting| !waiting.is_finished()));
        drop(held);
        for waiting in waiting {
            waiting.await.unwrap().unwrap();
        }
        assert_eq!(durability.calls().await, 1);
        durability.reach().await.unwrap();
        assert_eq!(durability.calls().await, 2);
    }

    #[tokio::test]
    async fn after_a_failure_nothing_is_called_durable_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("wanquan.db");
        let durability = Durability::of(&database);
        assert!(matches!(durability.reach().await, Err(Error::Io(_))));
        std::fs::write(folder.path().join("wanquan.db-wal"), b"log").unwrap();
        assert!(matches!(durability.reach().await, Err(Error::Io(_))));
    }
}
