//! Small facts of the installation, by name.

use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::Timestamp;
use serde_json::Value as Json;
use sqlx::types::Json as Jsonb;

/// The value of a name.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, name: &str) -> Result<Option<Json>, Error> {
    let value: Option<Jsonb<Json>> = on_db!(tx, |conn| {
        sqlx::query_scalar("select value from setting where name = $1").bind(name).fetch_optional(conn)
    })?;
    Ok(value.map(|v| v.0))
}

/// Sets the value of a name.
///
/// # Errors
/// If the database fails.
pub async fn set(tx: &mut Tx<'_>, name: &str, value: &Json, by: &str, at: Timestamp) -> Result<(), Error> {
    const SQL: &str = "insert into setting (name, value, changed_at, changed_by) values ($1, $2, $3, $4)
        on conflict (name) do update set value = excluded.value, changed_at = excluded.changed_at,
        changed_by = excluded.changed_by";
    run_on_db!(tx, |conn| {
        sqlx::query(SQL).bind(name).bind(Jsonb(value)).bind(time::to_micros(at)).bind(by).execute(conn)
    })?;
    Ok(())
}

/// Forgets a name; true if it had a value.
///
/// # Errors
/// If the database fails.
pub async fn delete(tx: &mut Tx<'_>, name: &str) -> Result<bool, Error> {
    run_on_db!(tx, |conn| { sqlx::query("delete from setting where name = $1").bind(name).execute(conn) })
        .map(|written| written > 0)
}
