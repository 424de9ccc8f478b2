//! What was made at the resident's desk under a telephone number. The number is kept as a keyed digest and cannot be read
//! back.

use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use uuid::Uuid;
use wanquan_domain::record::RecordId;

/// Records of one number that are given back at most.
const LIMIT: i64 = 1_000;

/// Says that a record was made under a number; saying it twice changes nothing.
///
/// # Errors
/// If the database fails.
pub async fn declare(tx: &mut Tx<'_>, number: &[u8; 32], record: RecordId) -> Result<(), Error> {
    const SQL: &str =
        "insert into desk_declaration (number, record_id) values ($1, $2) on conflict do nothing";
    run_on_db!(tx, |conn| sqlx::query(SQL).bind(number.as_slice()).bind(record.0).execute(conn))?;
    Ok(())
}

/// Records that were made under a number, latest first; the first 1,000.
///
/// # Errors
/// If the database fails.
pub async fn declared(tx: &mut Tx<'_>, number: &[u8; 32]) -> Result<Vec<RecordId>, Error> {
    const SQL: &str =
        "select record_id from desk_declaration where number = $1 order by record_id desc limit $2";
    let ids: Vec<Uuid> =
        on_db!(tx, |conn| { sqlx::query_scalar(SQL).bind(number.as_slice()).bind(LIMIT).fetch_all(conn) })?;
    Ok(ids.into_iter().map(RecordId).collect())
}
