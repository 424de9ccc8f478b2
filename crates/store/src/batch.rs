//! Imports: which file, by whom, with what outcome.

use crate::dialect::{Bind, Tx, bind_all, on_db, run_on_db};
use crate::error::Error;
use crate::page::{Conditions, page, rows_for};
use crate::time;
use jiff::Timestamp;
use serde_json::Value as Json;
use sqlx::AssertSqlSafe;
use sqlx::types::Json as Jsonb;
use uuid::Uuid;

/// Longest page.
const LIMIT_MAX: u32 = 1_000;

/// An import.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Identifier (UUIDv7), which versions of records name.
    pub id: Uuid,
    /// Register.
    pub register: String,
    /// Path of the region that the import was confined to.
    pub region_path: String,
    /// Name of the file.
    pub file_name: String,
    /// BLAKE3 digest of the file, hexadecimal.
    pub file_digest: String,
    /// Size of the file.
    pub file_bytes: u64,
    /// When.
    pub created_at: Timestamp,
    /// Who.
    pub created_by: String,
    /// Rows in the file: accepted and refused ones.
    pub rows_read: u64,
    /// Rows accepted.
    pub accepted: u64,
    /// Rows refused.
    pub refused: u64,
    /// Records that are new.
    pub created: u64,
    /// Records that got a new version.
    pub changed: u64,
    /// Records that the file repeats as they are.
    pub unchanged: u64,
    /// The report as shown after the import.
    pub report: Json,
}

#[derive(sqlx::FromRow)]
struct BatchRow {
    id: Uuid,
    register: String,
    region_path: String,
    file_name: String,
    file_digest: String,
    file_bytes: i64,
    created_at: i64,
    created_by: String,
    rows_read: i64,
    accepted: i64,
    refused: i64,
    records_created: i64,
    records_changed: i64,
    records_unchanged: i64,
    report: Jsonb<Json>,
}

impl TryFrom<BatchRow> for Batch {
    type Error = Error;

    fn try_from(row: BatchRow) -> Result<Self, Error> {
        let count = |n: i64| u64::try_from(n).map_err(|e| Error::damaged("batch", e));
        Ok(Self {
            id: row.id,
            register: row.register,
            region_path: row.region_path,
            file_name: row.file_name,
            file_digest: row.file_digest,
            file_bytes: count(row.file_bytes)?,
            created_at: time::from_micros(row.created_at, "batch")?,
            created_by: row.created_by,
            rows_read: count(row.rows_read)?,
            accepted: count(row.accepted)?,
            refused: count(row.refused)?,
            created: count(row.records_created)?,
            changed: count(row.records_changed)?,
            unchanged: count(row.records_unchanged)?,
            report: row.report.0,
        })
    }
}

macro_rules! columns {
    () => {
        "id, register, region_path, file_name, file_digest, file_bytes, created_at, created_by, rows_read, \
         accepted, refused, records_created, records_changed, records_unchanged, report"
    };
}

pub(crate) const INSERT: &str = concat!(
    "insert into batch (",
    columns!(),
    ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
);

/// A count as a column keeps it; counts of rows never come near the limit.
pub(crate) fn count_column(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Stores an import.
///
/// # Errors
/// If the database fails.
pub async fn insert(tx: &mut Tx<'_>, batch: &Batch) -> Result<(), Error> {
    run_on_db!(tx, |conn| {
        sqlx::query(INSERT)
            .bind(batch.id)
            .bind(&batch.register)
            .bind(&batch.region_path)
            .bind(&batch.file_name)
            .bind(&batch.file_digest)
            .bind(count_column(batch.file_bytes))
            .bind(time::to_micros(batch.created_at))
            .bind(&batch.created_by)
            .bind(count_column(batch.rows_read))
            .bind(count_column(batch.accepted))
            .bind(count_column(batch.refused))
            .bind(count_column(batch.created))
            .bind(count_column(batch.changed))
            .bind(count_column(batch.unchanged))
            .bind(Jsonb(&batch.report))
            .execute(conn)
    })?;
    Ok(())
}

/// The import of an identifier.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Batch>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from batch where id = $1");
    let row: Option<BatchRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(id).fetch_optional(conn))?;
    row.map(Batch::try_from).transpose()
}

/// Imports into a register, latest first, with the cursor of the next page. `limit` is brought into 1 to 1,000.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut Tx<'_>,
    register: &str,
    after: Option<Uuid>,
    limit: u32,
) -> Result<(Vec<Batch>, Option<Uuid>), Error> {
    let limit = limit.clamp(1, LIMIT_MAX);
    let mut asked = Conditions::default();
    asked.equal("register", Some(register));
    asked.after(after);
    let limited = asked.bind(Bind::Int(rows_for(limit)));
    let sql =
        format!("select {} from batch where {} order by id desc limit {limited}", columns!(), asked.sql());
    let rows: Vec<BatchRow> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), asked.binds()).fetch_all(conn))?;
    page(rows, limit, |batch: &Batch| batch.id)
}

/// The latest import of a file with this digest into a register.
///
/// # Errors
/// If the database fails.
pub async fn find_by_digest(
    tx: &mut Tx<'_>,
    register: &str,
    file_digest: &str,
) -> Result<Option<Batch>, Error> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from batch where file_digest = $1 and register = $2 order by id desc limit 1"
    );
    let row: Option<BatchRow> =
        on_db!(tx, |conn| sqlx::query_as(SQL).bind(file_digest).bind(register).fetch_optional(conn))?;
    row.map(Batch::try_from).transpose()
}
