//! Records of registers: the current version, the superseded ones, and what was known on a day.
//!
//! A change never overwrites: the version that it replaces moves to `record_version`, and the tallies of the region
//! and of every region above are adjusted in the same transaction.

/// Columns of a record as they are written.
macro_rules! written_columns {
    () => {
        "id, version, register, region, region_path, disease, event_day, key, title, digest, data, personal, \
         counted, known_at, known_day, created_at, changed_by, reason, batch_id, drill, deleted, person_id, sealed"
    };
}
/// Binds a row in the order of `written_columns!`.
macro_rules! bind_row {
    ($query:expr, $row:expr) => {
        $query
            .bind($row.id)
            .bind($row.version)
            .bind(&$row.register)
            .bind(&$row.region)
            .bind(&$row.region_path)
            .bind(&$row.disease)
            .bind($row.event_day)
            .bind(&$row.key)
            .bind(&$row.title)
            .bind(&$row.digest)
            .bind(sqlx::types::Json(&$row.data.0))
            .bind($row.personal.as_ref().map(|p| sqlx::types::Json(&p.0)))
            .bind(&$row.counted)
            .bind($row.known_at)
            .bind($row.known_day)
            .bind($row.created_at)
            .bind(&$row.changed_by)
            .bind(&$row.reason)
            .bind($row.batch_id)
            .bind($row.drill)
            .bind($row.deleted)
            .bind($row.person_id)
            .bind(&$row.sealed)
    };
}
/// Columns of a record as they are read: with the key that opens what it says of its person.
macro_rules! columns {
    () => {
        "id, version, register, region, region_path, disease, event_day, key, title, digest, data, personal, \
         counted, known_at, known_day, created_at, changed_by, reason, batch_id, drill, deleted, person_id, sealed, \
         (select wrapped_key from person where person.id = person_id) as wrapped_key"
    };
}
pub(crate) use columns;
/// The same columns of `record_version`.
macro_rules! version_columns {
    () => {
        "record_id as id, version, register, region, region_path, disease, event_day, key, title, digest, data, \
         personal, counted, known_at, known_day, created_at, changed_by, reason, batch_id, drill, deleted, \
         person_id, sealed, (select wrapped_key from person where person.id = person_id) as wrapped_key"
    };
}

mod export;
mod list;
mod many;
mod new;
mod row;
mod sealing;

pub use crate::person::Whose;
pub use export::Export;
pub use list::{Cursor, FieldTest, Filter, Page, SealedTest, estimate_count, list};
pub use many::insert_many;
pub(crate) use new::Counted;
pub use new::NewRecord;
pub(crate) use row::{RecordRow, opened};
pub(crate) use sealing::{Sealed, seal_row};
pub use sealing::{has_plain, seal_plain};

use crate::dialect::{Bind, Tx, bind_all, on_db, placeholders, run_on_db};
use crate::error::Error;
use crate::tally::{self, Deltas};
use crate::time;
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::AssertSqlSafe;
use uuid::Uuid;
use wanquan_domain::record::{KeyDigest, Record, RecordId};
use wanquan_domain::signal::SeriesKey;

/// Day of records without a dating field: they sort after every dated one.
pub(crate) const NO_DAY: i64 = i32::MIN as i64;

/// Who changes records, when, and why: the same for every record of a form or an import.
#[derive(Debug, Clone)]
pub struct Change {
    /// Name of the actor.
    pub by: String,
    /// Instant of the change.
    pub at: Timestamp,
    /// Day on which the change becomes known, where the record itself does not say: the civil day of `at` at the
    /// place of the installation.
    pub known_on: Date,
    /// Why, where a person said so.
    pub reason: Option<String>,
    /// The import.
    pub batch: Option<Uuid>,
    /// A rehearsal: kept, and excluded from every tally.
    pub drill: bool,
}

/// Keys looked up by one statement.
const KEYS_PER_STATEMENT: usize = 500;

/// A record as stored, with the series that its change touched.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The current version.
    pub record: Record,
    /// Series whose counts changed, for the region and every region above.
    pub touched: Vec<SeriesKey>,
}

/// The current version of a record, withdrawn ones included; `None` if there is none.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, id: RecordId) -> Result<Option<Record>, Error> {
    let row = current(tx, id).await?;
    opened(tx, row).transpose()
}

/// The record of a business key, withdrawn ones included.
///
/// # Errors
/// If the database fails.
pub async fn get_by_key(tx: &mut Tx<'_>, register: &str, key: &KeyDigest) -> Result<Option<Record>, Error> {
    let row = current_by_key(tx, register, key).await?;
    opened(tx, row).transpose()
}

/// The records of several business keys, withdrawn ones too; unknown keys are left out.
///
/// # Errors
/// If the database fails.
pub async fn get_by_keys(tx: &mut Tx<'_>, register: &str, keys: &[KeyDigest]) -> Result<Vec<Record>, Error> {
    let mut found = Vec::new();
    for part in keys.chunks(KEYS_PER_STATEMENT) {
        let mut binds = vec![Bind::Text(register.to_owned())];
        binds.extend(part.iter().map(|key| Bind::Bytes(key.to_vec())));
        let keys = placeholders(2, part.len());
        let sql = format!("select {} from record where register = $1 and key in ({keys})", columns!());
        let rows: Vec<RecordRow> =
            on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
        for row in rows {
            found.push(row.open(&tx.keys)?);
        }
    }
    Ok(found)
}

/// The latest records of several persons, up to `each` of one; withdrawn ones are left out.
///
/// # Errors
/// If the database fails.
pub async fn of_persons(tx: &mut Tx<'_>, persons: &[Uuid], each: u32) -> Result<Vec<Record>, Error> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from record where person_id = $1 and not deleted order by id desc limit $2"
    );
    let mut found = Vec::new();
    for person in persons {
        let rows: Vec<RecordRow> =
            on_db!(tx, |conn| { sqlx::query_as(SQL).bind(person).bind(i64::from(each)).fetch_all(conn) })?;
        for row in rows {
            found.push(row.open(&tx.keys)?);
        }
    }
    Ok(found)
}

/// Which of several business keys are stored, withdrawn records included.
///
/// # Errors
/// If the database fails.
pub async fn stored_keys(
    tx: &mut Tx<'_>,
    register: &str,
    keys: &[KeyDigest],
) -> Result<Vec<KeyDigest>, Error> {
    let mut found = Vec::new();
    for part in keys.chunks(KEYS_PER_STATEMENT) {
        let mut binds = vec![Bind::Text(register.to_owned())];
        binds.extend(part.iter().map(|key| Bind::Bytes(key.to_vec())));
        let keys = placeholders(2, part.len());
        let sql = format!("select key from record where register = $1 and key in ({keys})");
        let rows: Vec<Vec<u8>> =
            on_db!(tx, |conn| bind_all!(sqlx::query_scalar(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
        for key in rows {
            found.push(key.try_into().map_err(|_| Error::damaged("record", "key is not 16 bytes"))?);
        }
    }
    Ok(found)
}

async fn current(tx: &mut Tx<'_>, id: RecordId) -> Result<Option<RecordRow>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from record where id = $1");
    on_db!(tx, |conn| sqlx::query_as::<_, RecordRow>(SQL).bind(id.0).fetch_optional(conn))
}

/// The same, kept from other writers until the transaction ends.
async fn locked(tx: &mut Tx<'_>, id: RecordId) -> Result<Option<RecordRow>, Error> {
    let sql = format!("select {} from record where id = $1{}", columns!(), tx.for_update());
    on_db!(tx, |conn| { sqlx::query_as::<_, RecordRow>(AssertSqlSafe(sql)).bind(id.0).fetch_optional(conn) })
}

async fn current_by_key(
    tx: &mut Tx<'_>,
    register: &str,
    key: &KeyDigest,
) -> Result<Option<RecordRow>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from record where register = $1 and key = $2");
    on_db!(tx, |conn| {
        sqlx::query_as::<_, RecordRow>(SQL).bind(register).bind(key.as_slice()).fetch_optional(conn)
    })
}

/// The version of a record that was known at the end of a day; `None` if it was not known yet. A withdrawn version
/// is returned with `deleted` set.
///
/// # Errors
/// If the database fails.
pub async fn get_as_of(tx: &mut Tx<'_>, id: RecordId, day: Date) -> Result<Option<Record>, Error> {
    const SQL: &str = concat!(
        "select ",
        version_columns!(),
        " from record_version
        where record_id = $1 and known_day <= $2 and known_until > $2 order by version desc limit 1"
    );
    let day = time::to_day(day);
    let row = match current(tx, id).await? {
        Some(row) if row.known_day <= day => Some(row),
        _ => on_db!(tx, |conn| {
            sqlx::query_as::<_, RecordRow>(SQL).bind(id.0).bind(day).fetch_optional(conn)
        })?,
    };
    opened(tx, row).transpose()
}

/// Every version of a record in the order in which they became known, the current one last. A record has few
/// versions; the latest 1,000 superseded ones are returned.
///
/// # Errors
/// If the database fails.
pub async fn versions(tx: &mut Tx<'_>, id: RecordId) -> Result<Vec<Record>, Error> {
    const SQL: &str = concat!(
        "select ",
        version_columns!(),
        " from record_version where record_id = $1 order by known_day desc, version desc limit 1000"
    );
    let mut rows: Vec<RecordRow> =
        on_db!(tx, |conn| sqlx::query_as::<_, RecordRow>(SQL).bind(id.0).fetch_all(conn))?;
    rows.reverse();
    rows.extend(current(tx, id).await?);
    rows.into_iter().map(|row| row.open(&tx.keys)).collect()
}

/// Number of records of a register that are not withdrawn, counted up to `limit`.
///
/// # Errors
/// If the database fails.
pub async fn count(tx: &mut Tx<'_>, register: &str, limit: u32) -> Result<u64, Error> {
    const SQL: &str = "select count(*) from
        (select 1 from record where register = $1 and not deleted limit $2) counted";
    let n: i64 =
        on_db!(tx, |conn| { sqlx::query_scalar(SQL).bind(register).bind(i64::from(limit)).fetch_one(conn) })?;
    u64::try_from(n).map_err(|e| Error::damaged("record", e))
}

/// Stores a record that is entered by hand. If a withdrawn record has the same key, it is restored as a new version
/// and keeps its identifier.
///
/// # Errors
/// `Duplicate` with the identifier of the record that has the key.
pub async fn insert(tx: &mut Tx<'_>, new: NewRecord, change: &Change) -> Result<Stored, Error> {
    let mut deltas = Deltas::default();
    let known_day = new.known_day.unwrap_or_else(|| time::to_day(change.known_on));
    if !change.drill {
        deltas.count(&new.region_path, &new.disease, known_day, &new.counted, 1);
    }
    // Before anybody is entered as a person: whether the key is taken. Somebody may take it meanwhile all the same.
    let mut row = RecordRow::first(new.clone(), change, known_day)?;
    if current_by_key(tx, &new.register, &new.key).await?.is_none() {
        seal_row(tx, &mut row, &new, None, change.at).await?;
        if write_current(tx, INSERT, &row).await? > 0 {
            return finish(tx, row, deltas).await;
        }
    }
    // The key is taken; the one who took it may have committed since this transaction began.
    let holder = current_by_key(tx, &new.register, &new.key).await?;
    let holder = holder.ok_or(Error::Duplicate { what: "record", existing: None })?.id;
    match locked(tx, RecordId(holder)).await?.filter(|row| row.deleted) {
        Some(withdrawn) => replace(tx, withdrawn, new, change).await,
        None => Err(Error::Duplicate { what: "record", existing: Some(holder) }),
    }
}

/// Stores a new version of a record. `expected` is the version that the caller read.
///
/// The identifier in `new` is not used. The change becomes known on `change.known_on`, not before the version that
/// it replaces.
///
/// # Errors
/// `NotFound`, also if it belongs to another register; `Conflict` with the current version if it is not the expected
/// one; `Duplicate` if the changed values
/// have the key of another record.
pub async fn update(
    tx: &mut Tx<'_>,
    id: RecordId,
    expected: u32,
    new: NewRecord,
    change: &Change,
) -> Result<Stored, Error> {
    let old = locked(tx, id).await?.filter(|row| row.register == new.register);
    let old = old.ok_or_else(|| Error::not_found("record", id))?;
    check_version(&old, expected)?;
    let holder = current_by_key(tx, &new.register, &new.key).await?;
    if let Some(holder) = holder.filter(|h| h.id != id.0) {
        return Err(Error::Duplicate { what: "record", existing: Some(holder.id) });
    }
    replace(tx, old, new, change).await
}

/// Withdraws a record: a new version that no list and no tally counts. It can be restored by inserting its key again
/// or by [`update`].
///
/// # Errors
/// `NotFound`, also if it is withdrawn already; `Conflict` with the current version.
pub async fn delete(tx: &mut Tx<'_>, id: RecordId, expected: u32, change: &Change) -> Result<Stored, Error> {
    let old = locked(tx, id).await?.filter(|row| !row.deleted);
    let old = old.ok_or_else(|| Error::not_found("record", id))?;
    check_version(&old, expected)?;
    let mut deltas = Deltas::default();
    let known_day = old.known_day.max(time::to_day(change.known_on));
    uncount(&mut deltas, &old, known_day)?;
    let mut row = old.clone();
    row.succeed(next_version(tx, &old).await?, known_day, change);
    row.deleted = true;
    row.counted = String::new();
    supersede(tx, &old, known_day).await?;
    write_current(tx, UPDATE, &row).await?;
    finish(tx, row, deltas).await
}

fn check_version(row: &RecordRow, expected: u32) -> Result<(), Error> {
    let current = time::version(row.version, "record")?;
    if current == expected { Ok(()) } else { Err(Error::Conflict { what: "record", current }) }
}

async fn replace(tx: &mut Tx<'_>, old: RecordRow, new: NewRecord, change: &Change) -> Result<Stored, Error> {
    let mut deltas = Deltas::default();
    let known_day = old.known_day.max(time::to_day(change.known_on));
    uncount(&mut deltas, &old, known_day)?;
    if !change.drill {
        deltas.count(&new.region_path, &new.disease, known_day, &new.counted, 1);
    }
    let mut row = RecordRow::first(new.clone(), change, known_day)?;
    seal_row(tx, &mut row, &new, Some(&old), change.at).await?;
    row.id = old.id;
    row.created_at = old.created_at;
    row.version = next_version(tx, &old).await?;
    supersede(tx, &old, known_day).await?;
    write_current(tx, UPDATE, &row).await.map_err(|e| e.duplicate_of("record"))?;
    finish(tx, row, deltas).await
}

fn uncount(deltas: &mut Deltas, old: &RecordRow, known_day: i64) -> Result<(), Error> {
    if old.drill {
        return Ok(());
    }
    let counted = Counted::decode(&old.counted, &old.register)?;
    deltas.count(&old.region_path, &old.disease, known_day, &counted, -1);
    Ok(())
}

/// Versions are numbered as they are written; one that became known late has a higher number than its successor.
async fn next_version(tx: &mut Tx<'_>, old: &RecordRow) -> Result<i64, Error> {
    const SQL: &str =
        "select cast(coalesce(max(version), 0) as bigint) from record_version where record_id = $1";
    let last: i64 = on_db!(tx, |conn| sqlx::query_scalar(SQL).bind(old.id).fetch_one(conn))?;
    Ok(last.max(old.version) + 1)
}

async fn supersede(tx: &mut Tx<'_>, old: &RecordRow, known_until: i64) -> Result<(), Error> {
    run_on_db!(tx, |conn| { sqlx::query(SUPERSEDE).bind(old.id).bind(known_until).execute(conn) })?;
    Ok(())
}

pub(crate) const SUPERSEDE: &str = "insert into record_version (record_id, version, register, region, region_path,
        disease, event_day, key, title, digest, data, personal, counted, known_at, known_day, known_until, created_at,
        changed_by, reason, batch_id, drill, deleted, person_id, sealed)
    select id, version, register, region, region_path, disease, event_day, key, title, digest, data, personal,
        counted, known_at, known_day, $2, created_at, changed_by, reason, batch_id, drill, deleted, person_id, sealed
    from record where id = $1";

const INSERT: &str = "insert into record (id, version, register, region, region_path, disease, event_day, key, title,
        digest, data, personal, counted, known_at, known_day, created_at, changed_by, reason, batch_id, drill, deleted,
        person_id, sealed)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
    on conflict (register, key) do nothing";

const UPDATE: &str = "update record set version = $2, register = $3, region = $4, region_path = $5, disease = $6,
        event_day = $7, key = $8, title = $9, digest = $10, data = $11, personal = $12, counted = $13, known_at = $14,
        known_day = $15, created_at = $16, changed_by = $17, reason = $18, batch_id = $19, drill = $20, deleted = $21,
        person_id = $22, sealed = $23
    where id = $1";

async fn write_current(tx: &mut Tx<'_>, sql: &'static str, row: &RecordRow) -> Result<u64, Error> {
    run_on_db!(tx, |conn| bind_row!(sqlx::query(sql), row).execute(conn))
}

async fn finish(tx: &mut Tx<'_>, row: RecordRow, deltas: Deltas) -> Result<Stored, Error> {
    let touched = tally::apply(tx, deltas).await?;
    Ok(Stored { record: row.open(&tx.keys)?, touched })
}
