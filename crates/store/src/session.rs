//! Signed-in browsers. The store sees digests of cookies only.

use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::Timestamp;
use uuid::Uuid;

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Account.
    pub account: Uuid,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When the session ends by itself.
    pub expires_at: Timestamp,
    /// When it was last used, as far as [`touch`] was told.
    pub last_used_at: Timestamp,
}

/// Stores a session under the digest of its token.
///
/// # Errors
/// If the database fails.
pub async fn insert(tx: &mut Tx<'_>, token_hash: &[u8; 32], session: &Session) -> Result<(), Error> {
    const SQL: &str = "insert into session (token_hash, account_id, created_at, expires_at, last_used_at)
        values ($1, $2, $3, $4, $5)";
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(token_hash.as_slice())
            .bind(session.account)
            .bind(time::to_micros(session.created_at))
            .bind(time::to_micros(session.expires_at))
            .bind(time::to_micros(session.last_used_at))
            .execute(conn)
    })?;
    Ok(())
}

/// The session of a token that has not expired at `now`.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<Session>, Error> {
    const SQL: &str = "select account_id, created_at, expires_at, last_used_at from session
        where token_hash = $1 and expires_at > $2";
    let row: Option<(Uuid, i64, i64, i64)> = on_db!(tx, |conn| {
        sqlx::query_as(SQL).bind(token_hash.as_slice()).bind(time::to_micros(now)).fetch_optional(conn)
    })?;
    row.map(|(account, created_at, expires_at, last_used_at)| {
        Ok(Session {
            account,
            created_at: time::from_micros(created_at, "session")?,
            expires_at: time::from_micros(expires_at, "session")?,
            last_used_at: time::from_micros(last_used_at, "session")?,
        })
    })
    .transpose()
}

/// Notes a use and moves the end of the session.
///
/// # Errors
/// If the database fails.
pub async fn touch(
    tx: &mut Tx<'_>,
    token_hash: &[u8; 32],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), Error> {
    const SQL: &str = "update session set last_used_at = $2, expires_at = $3 where token_hash = $1";
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(token_hash.as_slice())
            .bind(time::to_micros(now))
            .bind(time::to_micros(expires_at))
            .execute(conn)
    })?;
    Ok(())
}

/// Ends a session; true if it existed.
///
/// # Errors
/// If the database fails.
pub async fn delete(tx: &mut Tx<'_>, token_hash: &[u8; 32]) -> Result<bool, Error> {
    run_on_db!(tx, |conn| {
        sqlx::query("delete from session where token_hash = $1").bind(token_hash.as_slice()).execute(conn)
    })
    .map(|written| written > 0)
}

/// Ends every session of an account, after a change of its password say; returns how many.
///
/// # Errors
/// If the database fails.
pub async fn delete_of_account(tx: &mut Tx<'_>, account: Uuid) -> Result<u64, Error> {
    run_on_db!(tx, |conn| {
        sqlx::query("delete from session where account_id = $1").bind(account).execute(conn)
    })
}

/// Removes sessions that have expired; returns how many.
///
/// # Errors
/// If the database fails.
pub async fn delete_expired(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, Error> {
    run_on_db!(tx, |conn| {
        sqlx::query("delete from session where expires_at <= $1").bind(time::to_micros(now)).execute(conn)
    })
}
