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
