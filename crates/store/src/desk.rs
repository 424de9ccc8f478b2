//! What was made at the resident's desk under a telephone number, and who is at the desk: codes that wait, browsers that
//! wait for one, sign-ins. A number is kept as a keyed digest and cannot be read back; where it has to be, it is sealed
//! for the one browser that holds the secret.

use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::Timestamp;
use sqlx::types::Json as Jsonb;
use uuid::Uuid;
use wanquan_domain::record::RecordId;

const WHAT: &str = "desk";
/// Records of one number that are given back at most.
const LIMIT: i64 = 1_000;

/// Digest of a number from which something was declared.
fn declarant(tx: &Tx<'_>, number: &str) -> [u8; 16] {
    tx.keys.digest("desk declarant", number.as_bytes())
}

/// Says that a record was made under a number; saying it twice changes nothing.
///
/// # Errors
/// If the database fails.
pub async fn declare(tx: &mut Tx<'_>, number: &str, record: RecordId) -> Result<(), Error> {
    const SQL: &str =
        "insert into desk_declaration (number, record_id) values ($1, $2) on conflict do nothing";
    let number = declarant(tx, number);
    run_on_db!(tx, |conn| sqlx::query(SQL).bind(number.as_slice()).bind(record.0).execute(conn))?;
    Ok(())
}

/// Records that were made under a number, latest first; the first 1,000.
///
/// # Errors
/// If the database fails.
pub async fn declared(tx: &mut Tx<'_>, number: &str) -> Result<Vec<RecordId>, Error> {
    const SQL: &str =
        "select record_id from desk_declaration where number = $1 order by record_id desc limit $2";
    let number = declarant(tx, number);
    let ids: Vec<Uuid> =
        on_db!(tx, |conn| { sqlx::query_scalar(SQL).bind(number.as_slice()).bind(LIMIT).fetch_all(conn) })?;
    Ok(ids.into_iter().map(RecordId).collect())
}

/// The code of a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Code {
    /// Keyed digest of the code that waits; `None` once it was used.
    pub digest: Option<[u8; 16]>,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Tries so far.
    pub tries: u32,
    /// When codes were sent to the number lately, in order.
    pub sent: Vec<Timestamp>,
}

/// Keyed digest of a code for a number.
pub fn code_digest(tx: &Tx<'_>, number: &str, code: &str) -> [u8; 16] {
    tx.keys.digest("desk code", format!("{number}/{code}").as_bytes())
}

/// The code of a number, held until the transaction ends; an empty one if there was none.
///
/// # Errors
/// If the database fails.
pub async fn code_for_update(tx: &mut Tx<'_>, number: &str, now: Timestamp) -> Result<Code, Error> {
    const MAKE: &str =
        "insert into desk_code (number, code, ends_at, tries, sent) values ($1, null, $2, 0, $3)
        on conflict do nothing";
    let number = tx.keys.digest("desk number", number.as_bytes());
    let none = Jsonb(Vec::<i64>::new());
    run_on_db!(tx, |conn| {
        sqlx::query(MAKE).bind(number.as_slice()).bind(time::to_micros(now)).bind(&none).execute(conn)
    })?;
    let sql =
        format!("select code, ends_at, tries, sent from desk_code where number = $1{}", tx.for_update());
    let (code, ends_at, tries, sent): (Option<Vec<u8>>, i64, i64, Jsonb<Vec<i64>>) = on_db!(tx, |conn| {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(number.as_slice()).fetch_one(conn)
    })?;
    let digest = code.map(|code| code.try_into().map_err(|_| Error::damaged(WHAT, "a code"))).transpose()?;
    let sent: Result<Vec<_>, _> = sent.0.into_iter().map(|at| time::from_micros(at, WHAT)).collect();
    let tries = u32::try_from(tries).unwrap_or(u32::MAX);
    Ok(Code { digest, ends_at: time::from_micros(ends_at, WHAT)?, tries, sent: sent? })
}

/// Stores the code of a number that [`code_for_update`] holds.
///
/// # Errors
/// If the database fails.
pub async fn put_code(tx: &mut Tx<'_>, number: &str, code: &Code) -> Result<(), Error> {
    const SQL: &str = "update desk_code set code = $2, ends_at = $3, tries = $4, sent = $5 where number = $1";
    let number = tx.keys.digest("desk number", number.as_bytes());
    let sent = Jsonb(code.sent.iter().map(|at| time::to_micros(*at)).collect::<Vec<i64>>());
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(number.as_slice())
            .bind(code.digest.as_ref().map(|digest| digest.as_slice()))
            .bind(time::to_micros(code.ends_at))
            .bind(i64::from(code.tries))
            .bind(&sent)
            .execute(conn)
    })?;
    Ok(())
}

/// How a browser stands at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It asked for a code.
    Waiting,
    /// It signed in.
    SignedIn,
}

impl Standing {
    fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::SignedIn => "signed_in",
        }
    }
}

/// By what a secret is found, and to what its number is sealed.
fn owner(tx: &Tx<'_>, standing: Standing, secret: &str) -> Uuid {
    Uuid::from_bytes(tx.keys.digest(standing.as_str(), secret.as_bytes()))
}

/// Lets a browser that holds a secret stand at the desk for a number, until `ends_at`.
///
/// # Errors
/// If the database fails.
pub async fn open(
    tx: &mut Tx<'_>,
    standing: Standing,
    secret: &str,
    number: &str,
    ends_at: Timestamp,
) -> Result<(), Error> {
    const SQL: &str = "insert into desk_browser (secret, number, ends_at) values ($1, $2, $3)
        on conflict (secret) do update set number = excluded.number, ends_at = excluded.ends_at";
    let owner = owner(tx, standing, secret);
    let sealed = tx.keys.seal_for(owner, number.as_bytes())?;
    run_on_db!(tx, |conn| {
        sqlx::query(SQL).bind(owner).bind(&sealed).bind(time::to_micros(ends_at)).execute(conn)
    })?;
    Ok(())
}

/// The number for which a browser stands at the desk; `None` once that has ended.
///
/// # Errors
/// If the database fails.
pub async fn opened(
    tx: &mut Tx<'_>,
    standing: Standing,
    secret: &str,
    now: Timestamp,
) -> Result<Option<String>, Error> {
    const SQL: &str = "select number from desk_browser where secret = $1 and ends_at > $2";
    let owner = owner(tx, standing, secret);
    let sealed: Option<Vec<u8>> = on_db!(tx, |conn| {
        sqlx::query_scalar(SQL).bind(owner).bind(time::to_micros(now)).fetch_optional(conn)
    })?;
    let Some(sealed) = sealed else { return Ok(None) };
    let number = tx.keys.open_for(owner, &sealed)?;
    String::from_utf8(number).map(Some).map_err(|_| Error::damaged(WHAT, "a number"))
}

/// Seals something else for a browser that is signed in; false if it is not.
///
/// # Errors
/// If the database fails.
pub async fn reseal(tx: &mut Tx<'_>, secret: &str, number: &str) -> Result<bool, Error> {
    let owner = owner(tx, Standing::SignedIn, secret);
    let sealed = tx.keys.seal_for(owner, number.as_bytes())?;
    let written = run_on_db!(tx, |conn| {
        sqlx::query("update desk_browser set number = $2 where secret = $1")
            .bind(owner)
            .bind(&sealed)
            .execute(conn)
    })?;
    Ok(written > 0)
}

/// Ends the standing of a browser.
///
/// # Errors
/// If the database fails.
pub async fn close(tx: &mut Tx<'_>, standing: Standing, secret: &str) -> Result<(), Error> {
    let owner = owner(tx, standing, secret);
    run_on_db!(tx, |conn| sqlx::query("delete from desk_browser where secret = $1")
        .bind(owner)
        .execute(conn))?;
    Ok(())
}

/// Numbers with a code and browsers at the desk, the larger of the two: beyond a bound nobody is let in.
///
/// # Errors
/// If the database fails.
pub async fn crowd(tx: &mut Tx<'_>) -> Result<i64, Error> {
    const CODES: &str = "select count(*) from desk_code";
    const BROWSERS: &str = "select count(*) from desk_browser";
    let codes: i64 = on_db!(tx, |conn| sqlx::query_scalar(CODES).fetch_one(conn))?;
    let browsers: i64 = on_db!(tx, |conn| sqlx::query_scalar(BROWSERS).fetch_one(conn))?;
    Ok(codes.max(browsers))
}

/// Forgets browsers that have ended, and numbers to which nothing was sent since `day_ago` ended a day before.
///
/// # Errors
/// If the database fails.
pub async fn clear(tx: &mut Tx<'_>, now: Timestamp, day_ago: Timestamp) -> Result<u64, Error> {
    const BROWSERS: &str = "delete from desk_browser where ends_at <= $1";
    const CODES: &str = "delete from desk_code where ends_at <= $1";
    let browsers = run_on_db!(tx, |conn| sqlx::query(BROWSERS).bind(time::to_micros(now)).execute(conn))?;
    let codes = run_on_db!(tx, |conn| sqlx::query(CODES).bind(time::to_micros(day_ago)).execute(conn))?;
    Ok(browsers + codes)
}
