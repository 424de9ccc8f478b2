//! Copying the whole installation into one file while it serves.

use crate::app::App;
use crate::error::Error;
use serde_json::json;
use std::path::Path;
use wanquan_domain::actor::Actor;
use wanquan_store::backup;

/// Writes a consistent copy of the embedded database to `to`, checks it, and notes the act.
///
/// # Errors
/// If the file exists, cannot be written, or the copy is damaged; on PostgreSQL, whose own tools do this.
pub async fn back_up(app: &App, actor: &Actor, to: &Path) -> Result<(), Error> {
    backup::write(app.store(), to).await?;
    let mut tx = app.write().await?;
    app.audit(&mut tx, actor, "backup.write", "installation", json!({})).await?;
    Ok(tx.commit().await?)
}

/// Checks that a file is an undamaged copy.
///
/// # Errors
/// What is damaged.
pub async fn check(path: &Path) -> Result<(), Error> {
    Ok(backup::check(path).await?)
}

/// What an operator may have put into a data folder before there are data.
const PREPARED: [&str; 3] = ["wanquan.toml", "packs", "wanquan.key"];
/// Name of the embedded database in a data folder.
const DATABASE: &str = "wanquan.db";

/// Puts an undamaged copy into a data folder that holds no data yet. Nothing is left behind if it cannot be done.
///
/// # Errors
/// `Refused` if the folder is not empty, apart from settings and packs; what is damaged; if a file cannot be written.
pub async fn restore(from: &Path, folder: &Path) -> Result<(), Error> {
    backup::check(from).await?;
    let io = |error: std::io::Error| Error::Store(error.into());
    std::fs::create_dir_all(folder).map_err(io)?;
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        if !PREPARED.iter().any(|prepared| name == *prepared) {
            let message = format!("{} is not empty: it holds {}", folder.display(), name.display());
            return Err(Error::Refused { code: "folder_not_empty", message });
        }
    }
    let partial = folder.join(format!("{DATABASE}.partial"));
    let copied = copy_checked(from, &partial).await;
    if copied.is_err() {
        // The copy is worth nothing; why it failed matters more than that it could not be removed either.
        let _ = std::fs::remove_file(&partial);
    }
    copied?;
    std::fs::rename(&partial, folder.join(DATABASE)).map_err(io)?;
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

async fn copy_checked(from: &Path, to: &Path) -> Result<(), Error> {
    let io = |error: std::io::Error| Error::Store(error.into());
    std::fs::copy(from, to).map_err(io)?;
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(io)?;
    Ok(backup::check(to).await?)
}
