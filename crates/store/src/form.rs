//! What stands before the public's forms, as all processes of an installation share it: the key under which tokens are
//! made, how often somebody may send, what was used once. Addresses stand here as keyed digests, and no longer than the
//! limit takes to be full again.

use crate::dialect::{Tx, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::{SignedDuration, Timestamp};

/// The key of forms: the same in every process, and after every start.
pub fn key(tx: &Tx<'_>) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(&tx.keys.digest("form key", b"1"));
    key[16..].copy_from_slice(&tx.keys.digest("form key", b"2"));
    key
}

/// Counts that `who` does something; false if that was too often, and then nothing is counted. One act is free every
/// `interval`, and `burst` of them may come at once.
///
/// What is stored is the instant at which the last act would have been free had they come evenly, so that one statement
/// decides, and two processes never admit more than one.
///
/// # Errors
/// If the database fails.
pub async fn admit(
    tx: &mut Tx<'_>,
    what: &str,
    who: &str,
    interval: SignedDuration,
    burst: u32,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "insert into form_rate (what, who, free_at) values ($1, $2, $3 + $4)
        on conflict (what, who) do update
        set free_at = (case when form_rate.free_at > $3 then form_rate.free_at else $3 end) + $4
        where (case when form_rate.free_at > $3 then form_rate.free_at else $3 end) + $4 <= $5";
    let who = tx.keys.digest(what, who.as_bytes());
    let interval = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX / 4);
    let now = time::to_micros(now);
    let latest = now.saturating_add(interval.saturating_mul(i64::from(burst)));
    let written = run_on_db!(tx, |conn| {
        sqlx::query(SQL).bind(what).bind(who.as_slice()).bind(now).bind(interval).bind(latest).execute(conn)
    })?;
    Ok(written > 0)
}

/// Notes that something is used, which is remembered until `until`; false if it was before.
///
/// # Errors
/// If the database fails.
pub async fn use_once(tx: &mut Tx<'_>, name: &[u8], until: Timestamp) -> Result<bool, Error> {
    const SQL: &str = "insert into form_used (name, until) values ($1, $2) on conflict do nothing";
    let written =
        run_on_db!(tx, |conn| sqlx::query(SQL).bind(name).bind(time::to_micros(until)).execute(conn))?;
    Ok(written > 0)
}

/// Forgets what says nothing any more. Returns how much.
///
/// # Errors
/// If the database fails.
pub async fn clear(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, Error> {
    let now = time::to_micros(now);
    let rates = run_on_db!(tx, |conn| {
        sqlx::query("delete from form_rate where free_at <= $1").bind(now).execute(conn)
    })?;
    let used = run_on_db!(tx, |conn| sqlx::query("delete from form_used where until <= $1")
        .bind(now)
        .execute(conn))?;
    Ok(rates + used)
}
