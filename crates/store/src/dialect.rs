//! The two engines, and everything that differs between them.
//!
//! Nothing outside this file asks which engine is open, except the bulk load, which has a hot path for each.

use crate::durable::Durability;
use crate::error::Error;
use crate::person::MasterKey;
use sqlx::{PgPool, SqlitePool};
use std::path::PathBuf;
use std::sync::Arc;

/// A transaction on either engine, with the key under which persons are sealed. Dropped without [`Tx::commit`], it is
/// rolled back.
#[derive(Debug)]
pub struct Tx<'c> {
    pub(crate) on: On<'c>,
    pub(crate) keys: Arc<MasterKey>,
}

/// The transaction of the engine.
#[derive(Debug)]
pub(crate) enum On<'c> {
    /// On the embedded database; what makes a commit durable, unless it only reads.
    Sqlite(sqlx::Transaction<'c, sqlx::Sqlite>, Option<Arc<Durability>>),
    /// On PostgreSQL.
    Postgres(sqlx::Transaction<'c, sqlx::Postgres>),
}

impl Tx<'_> {
    /// Makes everything written durable.
    ///
    /// # Errors
    /// If the database cannot; nothing is stored then.
    pub async fn commit(self) -> Result<(), Error> {
        match self.on {
            On::Sqlite(tx, durability) => {
                tx.commit().await?;
                if let Some(durability) = durability {
                    durability.reach().await?;
                }
            }
            On::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// What a select says to lock its rows until the transaction ends. SQLite has one writer at a time and no such
    /// words; on PostgreSQL two writers would otherwise read the same version and both believe that it is theirs.
    pub(crate) fn for_update(&self) -> &'static str {
        match &self.on {
            On::Sqlite(..) => "",
            On::Postgres(_) => " for update",
        }
    }

    /// An expression in lower case, ASCII letters only, whatever the locale of the database.
    pub(crate) fn ascii_lower(&self, expression: &str) -> String {
        match &self.on {
            On::Sqlite(..) => format!("lower({expression})"),
            On::Postgres(_) => format!("lower({expression} collate \"C\")"),
        }
    }

    /// `($1, $2), ($3, $4), ...`: the value lists of an insert of several rows. SQLite keeps parameters with a number
    /// as names in a list that it walks through for each of them; ten thousand take longer than the insert. Its
    /// parameters without a number are bound in their order.
    pub(crate) fn value_lists(&self, columns: usize, rows: usize) -> String {
        let list = |row: usize| match &self.on {
            On::Sqlite(..) => vec!["?"; columns].join(", "),
            On::Postgres(_) => placeholders(row * columns + 1, columns),
        };
        (0..rows).map(|row| format!("({})", list(row))).collect::<Vec<_>>().join(", ")
    }

    /// Takes everything back.
    ///
    /// # Errors
    /// If the connection is lost; the database rolls back by itself then.
    pub async fn rollback(self) -> Result<(), Error> {
        match self.on {
            On::Sqlite(tx, _) => tx.rollback().await?,
            On::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}

/// Expands and awaits the same expression, which fetches rows, for the engine of the transaction.
macro_rules! on_db {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match &mut $tx.on {
            $crate::dialect::On::Sqlite(tx, _) => {
                let $conn = &mut **tx;
                $body.await
            }
            $crate::dialect::On::Postgres(tx) => {
                let $conn = &mut **tx;
                $body.await
            }
        }
        .map_err($crate::error::Error::from)
    };
}
pub(crate) use on_db;

/// The same for an expression that executes a statement: the number of rows that it wrote.
macro_rules! run_on_db {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match &mut $tx.on {
            $crate::dialect::On::Sqlite(tx, _) => {
                let $conn = &mut **tx;
                $body.await.map(|done| done.rows_affected())
            }
            $crate::dialect::On::Postgres(tx) => {
                let $conn = &mut **tx;
                $body.await.map(|done| done.rows_affected())
            }
        }
        .map_err($crate::error::Error::from)
    };
}
pub(crate) use run_on_db;

/// A value bound to a query whose text is put together at run time.
#[derive(Debug, Clone)]
pub(crate) enum Bind {
    Int(i64),
    Text(String),
    Id(uuid::Uuid),
    Bytes(Vec<u8>),
}

/// Binds a list of [`Bind`] in order.
macro_rules! bind_all {
    ($query:expr, $binds:expr) => {{
        let mut query = $query;
        for bind in $binds {
            query = match bind.clone() {
                $crate::dialect::Bind::Int(v) => query.bind(v),
                $crate::dialect::Bind::Text(v) => query.bind(v),
                $crate::dialect::Bind::Id(v) => query.bind(v),
                $crate::dialect::Bind::Bytes(v) => query.bind(v),
            };
        }
        query
    }};
}
pub(crate) use bind_all;

/// `from`, `from + 1`, ... as placeholders of an `in` list.
pub(crate) fn placeholders(from: usize, count: usize) -> String {
    (from..from + count).map(|i| format!("${i}")).collect::<Vec<_>>().join(", ")
}

/// The open engine with its connections.
#[derive(Debug)]
pub(crate) enum Engine {
    /// One file; many readers, one writer that others queue for.
    Sqlite { path: PathBuf, read: SqlitePool, write: SqlitePool, durability: Arc<Durability> },
    /// A server.
    Postgres(PgPool),
}

impl Engine {
    /// A snapshot to read from.
    pub(crate) async fn begin_read(&self) -> Result<On<'static>, Error> {
        Ok(match self {
            Self::Sqlite { read, .. } => On::Sqlite(read.begin().await?, None),
            Self::Postgres(pool) => {
                On::Postgres(pool.begin_with("begin isolation level repeatable read read only").await?)
            }
        })
    }

    /// A transaction that may write. On SQLite it takes the write lock at once, because a reader that turns writer
    /// later can be refused without having waited.
    pub(crate) async fn begin_write(&self) -> Result<On<'static>, Error> {
        Ok(match self {
            Self::Sqlite { write, durability, .. } => {
                On::Sqlite(write.begin_with("begin immediate").await?, Some(Arc::clone(durability)))
            }
            Self::Postgres(pool) => On::Postgres(pool.begin().await?),
        })
    }
}
