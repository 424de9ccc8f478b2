//! Requests that made a record, by the key that the caller chose: a retry finds the answer of the first attempt.

use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::Timestamp;
use uuid::Uuid;
use wanquan_domain::record::RecordId;

/// A request as its key remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Digest of what was asked for.
    pub digest: [u8; 32],
    /// Record that it made.
    pub record: RecordId,
    /// Version that it made.
    pub version: u32,
}

/// Takes a key for a request that is about to make `request`. Returns the earlier request of the key, if there is
/// one; nothing is taken then. Until the transaction ends, another one with the same key waits.
///
/// # Errors
/// If the database fails.
pub async fn claim(
    tx: &mut Tx<'_>,
    account: Uuid,
    key: &str,
    request: &Request,
    now: Timestamp,
) -> Result<Option<Request>, Error> {
    const INSERT: &str =
        "insert into idempotency (account_id, key, request_digest, record_id, record_version,
            created_at)
        values ($1, $2, $3, $4, $5, $6) on conflict (account_id, key) do nothing";
    const SELECT: &str = "select request_digest, record_id, record_version from idempotency
        where account_id = $1 and key = $2";
    let taken = run_on_db!(tx, |conn| {
        sqlx::query(INSERT)
            .bind(account)
            .bind(key)
            .bind(request.digest.as_slice())
            .bind(request.record.0)
            .bind(i64::from(request.version))
            .bind(time::to_micros(now))
            .execute(conn)
    })?;
    if taken > 0 {
        return Ok(None);
    }
    let (digest, record, version): (Vec<u8>, Uuid, i64) =
        on_db!(tx, |conn| sqlx::query_as(SELECT).bind(account).bind(key).fetch_one(conn))?;
    Ok(Some(Request {
        digest: digest.try_into().map_err(|_| Error::damaged("idempotency", "digest is not 32 bytes"))?,
        record: RecordId(record),
        version: time::version(version, "idempotency")?,
    }))
}

/// Notes which record and version a claimed key really made: a restored record keeps its identifier.
///
/// # Errors
/// If the database fails.
pub async fn settle(
    tx: &mut Tx<'_>,
    account: Uuid,
    key: &str,
    record: RecordId,
    version: u32,
) -> Result<(), Error> {
    const SQL: &str =
        "update idempotency set record_id = $3, record_version = $4 where account_id = $1 and key = $2";
    run_on_db!(tx, |conn| {
        sqlx::query(SQL).bind(account).bind(key).bind(record.0).bind(i64::from(version)).execute(conn)
    })?;
    Ok(())
}

/// Forgets the keys of an account from before `until`; returns how many.
///
/// # Errors
/// If the database fails.
pub async fn forget(tx: &mut Tx<'_>, account: Uuid, until: Timestamp) -> Result<u64, Error> {
    const SQL: &str = "delete from idempotency where account_id = $1 and created_at < $2";
    run_on_db!(tx, |conn| { sqlx::query(SQL).bind(account).bind(time::to_micros(until)).execute(conn) })
}
