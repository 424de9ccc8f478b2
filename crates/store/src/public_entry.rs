//! Public entries: the frozen public part of records; beside publications, the only table that the portal reads.

use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use sqlx::types::Json as Jsonb;
use uuid::Uuid;
use wanquan_domain::public_entry::PublicEntry;
use wanquan_domain::region::RegionCode;

const WHAT: &str = "public entry";
/// Entries of one register that a page is made of at most.
pub const LIST_MAX: u32 = 20_000;

/// What tells whether anything changed in what a register has published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Public entries.
    pub entries: i64,
    /// Sum of the versions of all entries, which only grows.
    pub versions: i64,
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    id: Uuid,
    register: String,
    region: String,
    region_path: String,
    data: Jsonb<Map<String, Json>>,
    published_by: String,
    first_published_at: i64,
    changed_at: i64,
    version: i64,
}

impl TryFrom<EntryRow> for PublicEntry {
    type Error = Error;

    fn try_from(row: EntryRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            register: row.register,
            region: RegionCode::new(&row.region),
            region_path: row.region_path,
            data: row.data.0,
            published_by: row.published_by,
            first_published_at: time::from_micros(row.first_published_at, WHAT)?,
            changed_at: time::from_micros(row.changed_at, WHAT)?,
            version: time::version(row.version, WHAT)?,
        })
    }
}

macro_rules! columns {
    () => {
        "id, register, region, region_path, data, published_by, first_published_at, changed_at, version"
    };
}

/// Publishes an entry, in place of what was public of the same record; its version is the next one, whatever it says.
///
/// # Errors
/// If the database fails.
pub async fn put(tx: &mut Tx<'_>, entry: &PublicEntry) -> Result<(), Error> {
    const SQL: &str = concat!(
        "insert into public_entry (",
        columns!(),
        ", is_public) values ($1, $2, $3, $4, $5, $6, $7, $7, 1, $8)
        on conflict (id) do update set region = excluded.region, region_path = excluded.region_path,
            data = excluded.data, published_by = excluded.published_by, changed_at = excluded.changed_at,
            is_public = excluded.is_public, version = public_entry.version + 1"
    );
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(entry.id)
            .bind(&entry.register)
            .bind(entry.region.as_str())
            .bind(&entry.region_path)
            .bind(Jsonb(&entry.data))
            .bind(&entry.published_by)
            .bind(time::to_micros(entry.changed_at))
            .bind(true)
            .execute(conn)
    })?;
    Ok(())
}

/// Takes away what is public of a record, with its content; true if there was anything.
///
/// # Errors
/// If the database fails.
pub async fn take_away(tx: &mut Tx<'_>, id: Uuid, at: Timestamp) -> Result<bool, Error> {
    const SQL: &str =
        "update public_entry set is_public = $2, data = $3, changed_at = $4, version = version + 1
        where id = $1 and is_public = $5";
    let nothing = Jsonb(Map::<String, Json>::new());
    let written = run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(id)
            .bind(false)
            .bind(&nothing)
            .bind(time::to_micros(at))
            .bind(true)
            .execute(conn)
    })?;
    Ok(written > 0)
}

/// What a register has published, by identifier; the first [`LIST_MAX`].
///
/// # Errors
/// If the database fails.
pub async fn list(tx: &mut Tx<'_>, register: &str) -> Result<Vec<PublicEntry>, Error> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from public_entry where register = $1 and is_public = $2 order by id limit $3"
    );
    let rows: Vec<EntryRow> = on_db!(tx, |conn| {
        sqlx::query_as(SQL).bind(register).bind(true).bind(i64::from(LIST_MAX)).fetch_all(conn)
    })?;
    rows.into_iter().map(PublicEntry::try_from).collect()
}

/// What is public of a record.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<PublicEntry>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from public_entry where id = $1 and is_public = $2");
    let row: Option<EntryRow> =
        on_db!(tx, |conn| sqlx::query_as(SQL).bind(id).bind(true).fetch_optional(conn))?;
    row.map(PublicEntry::try_from).transpose()
}

/// What tells whether [`list`] would answer something else than before.
///
/// # Errors
/// If the database fails.
pub async fn stamp(tx: &mut Tx<'_>, register: &str) -> Result<Stamp, Error> {
    const SQL: &str =
        "select count(case when is_public = $2 then 1 end), cast(coalesce(sum(version), 0) as bigint)
        from public_entry where register = $1";
    let (entries, versions): (i64, i64) =
        on_db!(tx, |conn| sqlx::query_as(SQL).bind(register).bind(true).fetch_one(conn))?;
    Ok(Stamp { entries, versions })
}
