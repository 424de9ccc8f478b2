//! Backups of the embedded database while it serves, and checks of a database file.

use crate::dialect::Engine;
use crate::error::Error;
use crate::store::Store;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use std::path::Path;

/// Writes a consistent copy of the database to a new file, while others read and write. The copy is compact, checked,
/// and put in place under its name only when it is whole.
///
/// # Errors
/// `Unsupported` on PostgreSQL, whose own tools do this; `Io` if the file exists or cannot be written; `Integrity` if
/// the copy is damaged.
pub async fn write(store: &Store, to: &Path) -> Result<(), Error> {
    let Engine::Sqlite { path, .. } = &*store.engine else {
        return Err(Error::Unsupported("back up PostgreSQL with pg_dump"));
    };
    if to.exists() {
        let message = format!("{} exists already", to.display());
        return Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, message).into());
    }
    let mut partial = to.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    match std::fs::remove_file(partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let name = partial.to_str().ok_or_else(|| Error::Location(to.display().to_string()))?;
    // A connection of its own: readers go on, and theirs are for queries alone, which `vacuum into` is not.
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(false);
    let mut connection = options.busy_timeout(store.options.busy_timeout).connect().await?;
    let copied = sqlx::query("vacuum into $1").bind(name).execute(&mut connection).await;
    connection.close().await?;
    if let Err(error) = copied {
        // What was written so far is of no use to anybody.
        let _ = std::fs::remove_file(partial);
        return Err(error.into());
    }
    check(partial).await?;
    std::fs::File::open(partial)?.sync_all()?;
    std::fs::rename(partial, to)?;
    if let Some(folder) = to.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Reads a whole database file and checks its structure, its indexes and its references. A change inside of a value
/// that leaves all three intact is not found: the file carries no checksums.
///
/// # Errors
/// `Integrity` with the first findings if it is damaged or no database of this program.
pub async fn check(path: &Path) -> Result<(), Error> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(false).read_only(true);
    let mut connection = options.connect().await.map_err(|e| Error::Integrity(e.to_string()))?;
    let findings: Vec<String> = sqlx::query_scalar("pragma integrity_check(20)")
        .fetch_all(&mut connection)
        .await
        .map_err(|e| Error::Integrity(e.to_string()))?;
    if findings != ["ok"] {
        return Err(Error::Integrity(findings.join("\n")));
    }
    let orphans = sqlx::query("pragma foreign_key_check")
        .fetch_all(&mut connection)
        .await
        .map_err(|e| Error::Integrity(e.to_string()))?;
    if !orphans.is_empty() {
        return Err(Error::Integrity(format!("{} rows refer to missing ones", orphans.len())));
    }
    let tables: i64 = sqlx::query_scalar(
        "select count(*) from sqlite_schema where type = 'table' and name in ('record', 'tally', 'audit')",
    )
    .fetch_one(&mut connection)
    .await
    .map_err(|e| Error::Integrity(e.to_string()))?;
    if tables != 3 {
        return Err(Error::Integrity("it is not a database of this program".into()));
    }
    Ok(())
}
