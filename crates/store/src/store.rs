//! Opening a database and bringing its schema up to date.

use crate::dialect::{Engine, Tx};
use crate::durable::Durability;
use crate::error::Error;
use crate::person::{KeySource, MasterKey, key_file};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/postgres");

/// How to open a database.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections for reading; at least 1. Four keep two cores busy and cost little when idle.
    pub readers_max: u32,
    /// Page cache of each SQLite connection, in KiB. Small, because the operating system caches the file as well.
    pub cache_kib: u32,
    /// How long a writer waits for another one, an import for example, before it gives up.
    pub busy_timeout: Duration,
    /// Where the key of personal data is.
    pub key: KeySource,
}

impl Options {
    /// Values for a server with two or more cores.
    pub fn recommended() -> Self {
        Self {
            readers_max: 4,
            cache_kib: 8 * 1024,
            busy_timeout: Duration::from_secs(60),
            key: KeySource::Beside,
        }
    }
}

/// An open database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) engine: Arc<Engine>,
    pub(crate) keys: Arc<MasterKey>,
    pub(crate) options: Options,
}

impl Store {
    /// Opens a database and migrates it. `location` is a `postgres://` address, or the path of an SQLite file, which
    /// is created if it is missing (its folder is not). The key of personal data is made if nobody is sealed yet.
    ///
    /// # Errors
    /// If the location is unusable, the file is not a database, or the schema belongs to a later release; if the key
    /// of personal data is missing or another one.
    pub async fn open(location: &str, options: &Options) -> Result<Self, Error> {
        let engine = if location.starts_with("postgres://") || location.starts_with("postgresql://") {
            Self::open_postgres(location, options).await?
        } else {
            let path = location.strip_prefix("sqlite://").or_else(|| location.strip_prefix("sqlite:"));
            let path = path.unwrap_or(location);
            if path.is_empty() || path == ":memory:" || path.contains("://") {
                // Whatever stands behind the scheme may hold a password.
                let shown = path.split_once("://").map_or(path, |(scheme, _)| scheme);
                return Err(Error::Location(format!("`{shown}`")));
            }
            Self::open_sqlite(Path::new(path), options).await?
        };
        let keys = Arc::new(key_file::open(&engine, &options.key).await?);
        Ok(Self { engine: Arc::new(engine), keys, options: options.clone() })
    }

    async fn open_sqlite(path: &Path, options: &Options) -> Result<Engine, Error> {
        let connect = sqlite_options(path, options);
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(options.busy_timeout)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(
                connect
                    .clone()
                    .optimize_on_close(true, 400)
                    // What is erased is written over, not only forgotten.
                    .pragma("secure_delete", "on"),
            )
            .await?;
        SQLITE.run(&write).await?;
        let read = SqlitePoolOptions::new()
            .max_connections(options.readers_max.max(1))
            .acquire_timeout(options.busy_timeout)
            .test_before_acquire(false)
            .max_lifetime(None)
            .connect_lazy_with(connect.create_if_missing(false).pragma("query_only", "on"));
        let durability = Arc::new(Durability::of(path));
        Ok(Engine::Sqlite { path: path.to_owned(), read, write, durability })
    }

    async fn open_postgres(url: &str, options: &Options) -> Result<Engine, Error> {
        let connect = PgConnectOptions::from_str(url).map_err(|_| Error::Location("the address".into()))?;
        let pool = PgPoolOptions::new()
            .max_connections(options.readers_max.max(1) + 4)
            .acquire_timeout(options.busy_timeout)
            .connect_with(connect)
            .await?;
        POSTGRES.run(&pool).await?;
        Ok(Engine::Postgres(pool))
    }

    /// Begins a snapshot for reading: everything read in it belongs to one state of the database.
    ///
    /// # Errors
    /// `Busy` if no connection becomes free.
    pub async fn read(&self) -> Result<Tx<'static>, Error> {
        Ok(Tx { on: self.engine.begin_read().await?, keys: Arc::clone(&self.keys) })
    }

    /// Begins a transaction for writing. On SQLite, writers wait for each other in the order of their arrival.
    ///
    /// # Errors
    /// `Busy` if another writer holds the database for longer than `Options::busy_timeout`.
    pub async fn write(&self) -> Result<Tx<'static>, Error> {
        Ok(Tx { on: self.engine.begin_write().await?, keys: Arc::clone(&self.keys) })
    }

    /// The key under which persons are sealed, for preparing records on other threads.
    pub fn keys(&self) -> &Arc<MasterKey> {
        &self.keys
    }

    /// Path of the SQLite file; `None` on PostgreSQL.
    pub fn path(&self) -> Option<&Path> {
        match &*self.engine {
            Engine::Sqlite { path, .. } => Some(path),
            Engine::Postgres(_) => None,
        }
    }

    /// Closes every connection once the running transactions have ended.
    pub async fn close(&self) {
        match &*self.engine {
            Engine::Sqlite { read, write, .. } => {
                read.close().await;
                write.close().await;
            }
            Engine::Postgres(pool) => pool.close().await,
        }
    }
}

fn sqlite_options(path: &Path, options: &Options) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(PathBuf::from(path))
        .create_if_missing(true)
        .page_size(SQLITE_PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        // The log is brought to the disk by `Durability`, for all commits that wait at once.
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(options.busy_timeout)
        .statement_cache_capacity(200)
        .pragma("cache_size", format!("-{}", options.cache_kib))
        .pragma("temp_store", "memory")
        // A bulk load leaves a long write-ahead log; it is cut back at the next checkpoint.
        .pragma("journal_size_limit", "67108864")
}

/// Page size of new files.
pub(crate) const SQLITE_PAGE_BYTES: u32 = 4096;
