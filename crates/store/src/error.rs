//! What can go wrong in the store, in variants that a caller treats differently.

use uuid::Uuid;

/// Errors of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The row changed since the caller read it.
    #[error("{what} is at version {current}, not at the expected one")]
    Conflict {
        /// What kind of row.
        what: &'static str,
        /// The version that is stored now.
        current: u32,
    },
    /// A row to be changed does not exist.
    #[error("no {what} {id}")]
    NotFound {
        /// What kind of row.
        what: &'static str,
        /// Its identifier.
        id: String,
    },
    /// Something with the same key exists already.
    #[error("a {what} with this key exists already")]
    Duplicate {
        /// What kind of row.
        what: &'static str,
        /// The identifier of the existing row, where it is known.
        existing: Option<Uuid>,
    },
    /// The database was busy for longer than the caller waits; nothing was written.
    #[error("the database is busy")]
    Busy,
    /// A value that the database cannot keep (a NUL character in a text).
    #[error("{field} holds a character that cannot be stored")]
    NotStorable {
        /// The field.
        field: String,
    },
    /// The text is not a cursor that a list gave out.
    #[error("not a cursor of this list")]
    InvalidCursor,
    /// A stored value does not have the form that this release writes.
    #[error("{what} in the database is damaged: {detail}")]
    Damaged {
        /// What kind of row.
        what: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// A backup or integrity check found damage, one finding a line.
    #[error("the database file is damaged: {0}")]
    Integrity(String),
    /// The operation is not offered by the engine in use.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The background writer of a bulk load ended early; the load is rolled back.
    #[error("the bulk load stopped before its end")]
    BulkStopped,
    /// The key under which the persons of this database are sealed is not where it should be.
    #[error(
        "the key of personal data is missing: {0} is not there, and the persons in this database cannot be read \
         without it; put it back from where it is kept apart from the backups"
    )]
    KeyMissing(String),
    /// The key does not belong to this database.
    #[error(
        "the key of personal data in {0} is not the one under which the persons in this database are sealed"
    )]
    KeyWrong(String),
    /// The file of the key holds something else.
    #[error("{0} holds no key of personal data (64 hexadecimal digits)")]
    KeyUnreadable(String),
    /// The location is neither a file path nor a PostgreSQL address.
    #[error("cannot use {0} as a database location")]
    Location(String),
    /// The schema could not be brought up to date.
    #[error("cannot migrate the database")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The database refused or failed.
    #[error("the database failed")]
    Sql(#[source] sqlx::Error),
    /// The embedded database refused or failed during a bulk load.
    #[error("the embedded database failed")]
    Sqlite(#[source] rusqlite::Error),
    /// JSON could not be written or read.
    #[error("cannot convert JSON")]
    Json(#[from] serde_json::Error),
    /// A file could not be written or read.
    #[error("cannot use the database file")]
    Io(#[from] std::io::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Database(e) => match e.code().as_deref() {
                // SQLITE_BUSY, _BUSY_RECOVERY, _BUSY_SNAPSHOT; of PostgreSQL: serialization_failure,
                // deadlock_detected, lock_not_available. Nothing was written, and asking again helps.
                Some("5" | "261" | "517" | "40001" | "40P01" | "55P03") => Self::Busy,
                // character_not_in_repertoire, untranslatable_character: PostgreSQL keeps no NUL character.
                Some("22021" | "22P05") => Self::NotStorable { field: "a text".into() },
                _ => Self::Sql(error),
            },
            _ => Self::Sql(error),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Sqlite(error),
        }
    }
}

impl Error {
    pub(crate) fn damaged(what: &'static str, detail: impl ToString) -> Self {
        Self::Damaged { what, detail: detail.to_string() }
    }

    pub(crate) fn not_found(what: &'static str, id: impl ToString) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }

    /// Turns a violated unique key into `Duplicate`.
    pub(crate) fn duplicate_of(self, what: &'static str) -> Self {
        match &self {
            Self::Sql(sqlx::Error::Database(e)) if e.is_unique_violation() => {
                Self::Duplicate { what, existing: None }
            }
            _ => self,
        }
    }
}
