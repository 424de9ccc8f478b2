//! Persons: who somebody is, kept apart from what is recorded about them, and sealed.
//!
//! Erasing destroys the person's key: what was sealed under it, here and wherever else it lies, can be read by nobody.
//! Two things outlive it for a while: the pages of the database's log, until it is written over, and backups taken
//! before. Keep backups no longer than personal data may be kept.
//!
//! A merge says that two entries are one person. It moves nothing: both keep their records and fields, and the one
//! points at the other, so that it can be taken back.

mod seal;

pub use seal::{MasterKey, PersonKey};

use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use sqlx::AssertSqlSafe;
use std::fmt;
use uuid::Uuid;
use wanquan_domain::record::RecordId;

const WHAT: &str = "person";

/// A value that a person is found by, in its one normal form.
#[derive(Clone, PartialEq, Eq)]
pub struct Lookup {
    /// `document`, `phone`, ...
    pub kind: String,
    /// The number.
    pub value: String,
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A person as stored. `Debug` prints no field.
#[derive(Clone, PartialEq)]
pub struct Person {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// Who it is, by field; `None` once erased.
    pub fields: Option<Map<String, Json>>,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When it was erased.
    pub erased_at: Option<Timestamp>,
    /// The person that this one turned out to be.
    pub merged_into: Option<Uuid>,
    /// Version, from 1.
    pub version: u32,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("id", &self.id).field("version", &self.version).finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    id: Uuid,
    wrapped_key: Option<Vec<u8>>,
    sealed: Option<Vec<u8>>,
    created_at: i64,
    erased_at: Option<i64>,
    merged_into: Option<Uuid>,
    version: i64,
}

impl PersonRow {
    fn open(self, master: &MasterKey) -> Result<Person, Error> {
        let fields = match (&self.wrapped_key, &self.sealed) {
            (Some(wrapped), Some(sealed)) => {
                let opened = master.unwrap_key(self.id, wrapped)?.open(sealed)?;
                Some(serde_json::from_slice(&opened)?)
            }
            _ => None,
        };
        Ok(Person {
            id: self.id,
            fields,
            created_at: time::from_micros(self.created_at, WHAT)?,
            erased_at: self.erased_at.map(|at| time::from_micros(at, WHAT)).transpose()?,
            merged_into: self.merged_into,
            version: time::version(self.version, WHAT)?,
        })
    }
}

async fn row(tx: &mut Tx<'_>, id: Uuid, lock: &str) -> Result<Option<PersonRow>, Error> {
    let sql = format!(
        "select id, wrapped_key, sealed, created_at, erased_at, merged_into, version
         from person where id = $1{lock}"
    );
    on_db!(tx, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(id).fetch_optional(conn))
}

async fn locked(tx: &mut Tx<'_>, id: Uuid) -> Result<PersonRow, Error> {
    let lock = tx.for_update();
    row(tx, id, lock).await?.ok_or_else(|| Error::not_found(WHAT, id))
}

/// Stores a new person under a new key.
///
/// # Errors
/// `Duplicate` if the identifier is taken.
pub async fn insert(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    id: Uuid,
    fields: &Map<String, Json>,
    lookups: &[Lookup],
    at: Timestamp,
) -> Result<(), Error> {
    const SQL: &str = "insert into person (id, wrapped_key, sealed, created_at, changed_at, version)
        values ($1, $2, $3, $4, $4, 1)";
    let (key, wrapped) = master.new_key(id)?;
    let sealed = key.seal(&serde_json::to_vec(fields)?)?;
    run_on_db!(tx, |conn| {
        sqlx::query(SQL).bind(id).bind(&wrapped).bind(&sealed).bind(time::to_micros(at)).execute(conn)
    })
    .map_err(|e| e.duplicate_of(WHAT))?;
    write_lookups(tx, master, id, lookups).await
}

async fn write_lookups(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    id: Uuid,
    lookups: &[Lookup],
) -> Result<(), Error> {
    const SQL: &str =
        "insert into person_lookup (kind, digest, person_id) values ($1, $2, $3) on conflict do nothing";
    for lookup in lookups {
        let digest = master.lookup_digest(&lookup.kind, &lookup.value);
        run_on_db!(tx, |conn| {
            sqlx::query(SQL).bind(&lookup.kind).bind(digest.as_slice()).bind(id).execute(conn)
        })?;
    }
    Ok(())
}

/// Stores changed fields and what the person is found by. `expected` is the version that the caller read.
///
/// # Errors
/// `NotFound`, also once erased; `Conflict` with the current version.
pub async fn update(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    id: Uuid,
    expected: u32,
    fields: &Map<String, Json>,
    lookups: &[Lookup],
    at: Timestamp,
) -> Result<(), Error> {
    const SQL: &str = "update person set sealed = $2, changed_at = $3, version = version + 1 where id = $1";
    let stored = locked(tx, id).await?;
    let current = time::version(stored.version, WHAT)?;
    if current != expected {
        return Err(Error::Conflict { what: WHAT, current });
    }
    let wrapped = stored.wrapped_key.ok_or_else(|| Error::not_found(WHAT, id))?;
    let sealed = master.unwrap_key(id, &wrapped)?.seal(&serde_json::to_vec(fields)?)?;
    run_on_db!(tx, |conn| {
        sqlx::query(SQL).bind(id).bind(&sealed).bind(time::to_micros(at)).execute(conn)
    })?;
    forget_lookups(tx, id).await?;
    write_lookups(tx, master, id, lookups).await
}

async fn forget_lookups(tx: &mut Tx<'_>, id: Uuid) -> Result<(), Error> {
    run_on_db!(tx, |conn| {
        sqlx::query("delete from person_lookup where person_id = $1").bind(id).execute(conn)
    })?;
    Ok(())
}

/// The person of an identifier, not the one that it was merged into. The caller leaves an audit entry.
///
/// # Errors
/// `Damaged` if it does not open with the key of the installation.
pub async fn get(tx: &mut Tx<'_>, master: &MasterKey, id: Uuid) -> Result<Option<Person>, Error> {
    row(tx, id, "").await?.map(|row| row.open(master)).transpose()
}

/// The key of a person, for sealing what a record says of them; `None` once erased.
///
/// # Errors
/// `NotFound`; `Damaged` if it does not open with the key of the installation.
pub async fn key(tx: &mut Tx<'_>, master: &MasterKey, id: Uuid) -> Result<Option<PersonKey>, Error> {
    let stored = row(tx, id, "").await?.ok_or_else(|| Error::not_found(WHAT, id))?;
    stored.wrapped_key.map(|wrapped| master.unwrap_key(id, &wrapped)).transpose()
}

/// Persons entered with a number, in the order in which they were entered; the first 100. Who was merged is given as
/// whom they turned out to be.
///
/// # Errors
/// If the database fails.
pub async fn find(tx: &mut Tx<'_>, master: &MasterKey, lookup: &Lookup) -> Result<Vec<Uuid>, Error> {
    const SQL: &str = "select distinct coalesce(p.merged_into, p.id) as found
        from person_lookup l join person p on p.id = l.person_id
        where l.kind = $1 and l.digest = $2 order by found limit 100";
    let digest = master.lookup_digest(&lookup.kind, &lookup.value);
    on_db!(tx, |conn| { sqlx::query_scalar(SQL).bind(&lookup.kind).bind(digest.as_slice()).fetch_all(conn) })
}

/// Destroys the keys of a person and of everybody merged into them, with what was sealed and what they are found by.
/// Links to records stay: a record without names is still a case. Returns how many entries were erased.
///
/// # Errors
/// `NotFound`.
pub async fn erase(tx: &mut Tx<'_>, id: Uuid, at: Timestamp) -> Result<u64, Error> {
    const LOOKUPS: &str = "delete from person_lookup
        where person_id = $1 or person_id in (select id from person where merged_into = $1)";
    const SQL: &str = "update person set wrapped_key = null, sealed = null, erased_at = $2, changed_at = $2,
        version = version + 1 where (id = $1 or merged_into = $1) and erased_at is null";
    locked(tx, id).await?;
    run_on_db!(tx, |conn| sqlx::query(LOOKUPS).bind(id).execute(conn))?;
    run_on_db!(tx, |conn| sqlx::query(SQL).bind(id).bind(time::to_micros(at)).execute(conn))
}

/// Says that a record is about a person; saying it twice changes nothing.
///
/// # Errors
/// If the person does not exist or the database fails.
pub async fn link(tx: &mut Tx<'_>, person: Uuid, record: RecordId, role: &str) -> Result<(), Error> {
    const SQL: &str =
        "insert into person_record (person_id, record_id, role) values ($1, $2, $3) on conflict do nothing";
    run_on_db!(tx, |conn| { sqlx::query(SQL).bind(person).bind(record.0).bind(role).execute(conn) })?;
    Ok(())
}

/// Records about a person and everybody merged into them, with their roles, by identifier; the first 10,000.
///
/// # Errors
/// If the database fails.
pub async fn records(tx: &mut Tx<'_>, person: Uuid) -> Result<Vec<(RecordId, String)>, Error> {
    const SQL: &str = "select distinct record_id, role from person_record
        where person_id in (select id from person where id = $1 or merged_into = $1)
        order by record_id, role limit 10000";
    let rows: Vec<(Uuid, String)> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(person).fetch_all(conn))?;
    Ok(rows.into_iter().map(|(id, role)| (RecordId(id), role)).collect())
}

/// Persons that a record is about, with their roles; who was merged is given as whom they turned out to be.
///
/// # Errors
/// If the database fails.
pub async fn of_record(tx: &mut Tx<'_>, record: RecordId) -> Result<Vec<(Uuid, String)>, Error> {
    const SQL: &str = "select distinct coalesce(p.merged_into, p.id) as found, r.role
        from person_record r join person p on p.id = r.person_id where r.record_id = $1
        order by found, r.role limit 1000";
    on_db!(tx, |conn| sqlx::query_as(SQL).bind(record.0).fetch_all(conn))
}

/// A merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// The entry that stays.
    pub kept: Uuid,
    /// The entry that turned out to be the same person.
    pub merged: Uuid,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When it was taken back, and by whom.
    pub undone: Option<(Timestamp, String)>,
}

/// Says that `merge.merged` is the same person as `merge.kept`.
///
/// # Errors
/// `NotFound`; `Conflict` if they are one entry, or one of them is merged into another or erased; the entries merged
/// into the merged one must be taken apart first.
pub async fn merge(tx: &mut Tx<'_>, merge: &Merge) -> Result<(), Error> {
    const SQL: &str = "insert into person_merge (id, kept_id, merged_id, at, by, reason)
        values ($1, $2, $3, $4, $5, $6)";
    const POINT: &str =
        "update person set merged_into = $2, changed_at = $3, version = version + 1 where id = $1";
    const OTHERS: &str = "select count(*) from person where merged_into = $1";
    // In the order of identifiers, so that two merges of the same persons never wait for each other.
    let (first, second) = (merge.kept.min(merge.merged), merge.kept.max(merge.merged));
    for id in [first, second] {
        let person = locked(tx, id).await?;
        if person.merged_into.is_some() || person.erased_at.is_some() || first == second {
            return Err(Error::Conflict { what: WHAT, current: time::version(person.version, WHAT)? });
        }
    }
    let others: i64 = on_db!(tx, |conn| sqlx::query_scalar(OTHERS).bind(merge.merged).fetch_one(conn))?;
    if others > 0 {
        let person = locked(tx, merge.merged).await?;
        return Err(Error::Conflict { what: WHAT, current: time::version(person.version, WHAT)? });
    }
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(merge.id)
            .bind(merge.kept)
            .bind(merge.merged)
            .bind(time::to_micros(merge.at))
            .bind(&merge.by)
            .bind(&merge.reason)
            .execute(conn)
    })
    .map_err(|e| e.duplicate_of("merge"))?;
    run_on_db!(tx, |conn| {
        sqlx::query(POINT).bind(merge.merged).bind(merge.kept).bind(time::to_micros(merge.at)).execute(conn)
    })?;
    Ok(())
}

/// Takes a merge back; false if it was taken back before or does not exist.
///
/// # Errors
/// If the database fails.
pub async fn unmerge(tx: &mut Tx<'_>, id: Uuid, by: &str, at: Timestamp) -> Result<bool, Error> {
    const SQL: &str = "update person_merge set undone_at = $2, undone_by = $3
        where id = $1 and undone_at is null returning merged_id";
    const POINT: &str =
        "update person set merged_into = null, changed_at = $2, version = version + 1 where id = $1";
    let merged: Option<Uuid> = on_db!(tx, |conn| {
        sqlx::query_scalar(SQL).bind(id).bind(time::to_micros(at)).bind(by).fetch_optional(conn)
    })?;
    let Some(merged) = merged else { return Ok(false) };
    run_on_db!(tx, |conn| sqlx::query(POINT).bind(merged).bind(time::to_micros(at)).execute(conn))?;
    Ok(true)
}

type MergeRow = (Uuid, Uuid, Uuid, i64, String, String, Option<i64>, Option<String>);

/// Merges in which a person took part, in order, those taken back included; the first 1,000.
///
/// # Errors
/// If the database fails.
pub async fn merges(tx: &mut Tx<'_>, person: Uuid) -> Result<Vec<Merge>, Error> {
    const SQL: &str = "select id, kept_id, merged_id, at, by, reason, undone_at, undone_by from person_merge
        where kept_id = $1 or merged_id = $1 order by id limit 1000";
    let rows: Vec<MergeRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(person).fetch_all(conn))?;
    rows.into_iter()
        .map(|(id, kept, merged, at, by, reason, undone_at, undone_by)| {
            let undone = undone_at.map(|at| time::from_micros(at, WHAT)).transpose()?;
            let at = time::from_micros(at, WHAT)?;
            Ok(Merge { id, kept, merged, at, by, reason, undone: undone.zip(undone_by) })
        })
        .collect()
}
