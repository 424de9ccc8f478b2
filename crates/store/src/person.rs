//! Persons: who somebody is, kept apart from what is recorded about them, and sealed.
//!
//! Erasing destroys the person's key: what was sealed under it, here and wherever else it lies, can be read by nobody.
//! Two things outlive it for a while: the pages of the database's log, until it is written over, and backups taken
//! before. Keep backups no longer than personal data may be kept.
//!
//! What a record says of its person is sealed under the key of that person, each version for itself; `record` does it.
//! A record that comes in is given to a person that is known by its document, or by its telephone and name together;
//! a telephone alone is shared by a household.
//!
//! A merge says that two entries are one person. It moves nothing: both keep their records and fields, and the one
//! points at the other, so that it can be taken back.

pub(crate) mod key_file;
mod lookup;
mod seal;

pub use key_file::KeySource;
pub(crate) use lookup::{Digest, Lookups};
pub use lookup::{Lookup, LookupKind};
pub use seal::{MasterKey, PersonKey};

use crate::dialect::{Bind, Tx, bind_all, on_db, placeholders, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use sqlx::AssertSqlSafe;
use std::collections::HashMap;
use std::fmt;
use uuid::Uuid;
use wanquan_domain::record::{RecordId, new_uuid};

const WHAT: &str = "person";
/// Digests looked for by one statement.
const DIGESTS_PER_STATEMENT: usize = 500;

/// A person as stored. `Debug` prints no field.
#[derive(Clone, PartialEq)]
pub struct Person {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// What was entered of the person apart from any record, by field; empty if nothing was, `None` once erased.
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
            (Some(_), None) => Some(Map::new()),
            (None, _) => None,
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
    id: Uuid,
    fields: &Map<String, Json>,
    lookups: &[Lookup],
    at: Timestamp,
) -> Result<(), Error> {
    let (key, wrapped) = tx.keys.new_key(id)?;
    let sealed = key.seal(&serde_json::to_vec(fields)?)?;
    let digests = Lookups::of(&tx.keys, lookups);
    insert_row(tx, id, &wrapped, Some(&sealed), &digests, at).await?;
    write_lookups(tx, id, &digests).await
}

pub(crate) const INSERT: &str =
    "insert into person (id, wrapped_key, sealed, lookups, created_at, changed_at, version)
        values ($1, $2, $3, $4, $5, $5, 1)";
pub(crate) const INSERT_LOOKUP: &str =
    "insert into person_lookup (kind, digest, person_id) values ($1, $2, $3) on conflict do nothing";

async fn insert_row(
    tx: &mut Tx<'_>,
    id: Uuid,
    wrapped: &[u8],
    sealed: Option<&[u8]>,
    digests: &Lookups,
    at: Timestamp,
) -> Result<(), Error> {
    run_on_db!(tx, |conn| {
        sqlx::query(INSERT)
            .bind(id)
            .bind(wrapped)
            .bind(sealed)
            .bind(digests.as_bytes())
            .bind(time::to_micros(at))
            .execute(conn)
    })
    .map_err(|e| e.duplicate_of(WHAT))?;
    Ok(())
}

async fn write_lookups(tx: &mut Tx<'_>, id: Uuid, digests: &Lookups) -> Result<(), Error> {
    for (kind, digest) in digests.iter() {
        run_on_db!(tx, |conn| {
            sqlx::query(INSERT_LOOKUP).bind(kind.code()).bind(digest.as_slice()).bind(id).execute(conn)
        })?;
    }
    Ok(())
}

/// Adds what a person is found by from now on, too; a number once given stays a way to the person.
pub(crate) async fn add_lookups(tx: &mut Tx<'_>, id: Uuid, more: &Lookups) -> Result<(), Error> {
    const READ: &str = "select lookups from person where id = $1 and wrapped_key is not null";
    const SQL: &str = "update person set lookups = $2 where id = $1";
    let stored: Option<Option<Vec<u8>>> =
        on_db!(tx, |conn| sqlx::query_scalar(READ).bind(id).fetch_optional(conn))?;
    let Some(stored) = stored else { return Ok(()) };
    let mut all = Lookups::from_bytes(stored.unwrap_or_default());
    let added = all.add(more);
    if added.is_empty() {
        return Ok(());
    }
    run_on_db!(tx, |conn| sqlx::query(SQL).bind(id).bind(all.as_bytes()).execute(conn))?;
    write_lookups(tx, id, &added).await
}

/// To whom a record belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whose {
    /// To whoever is known by its document, or by its telephone and name together; to a new person otherwise.
    #[default]
    Found,
    /// To this person: somebody said so.
    Of(Uuid),
    /// To a person of its own: somebody said so.
    OwnPerson,
}

/// A person with an open key.
pub(crate) struct Keyholder {
    pub(crate) id: Uuid,
    pub(crate) key: PersonKey,
    pub(crate) wrapped: Vec<u8>,
}

/// The person of a record that comes in: found, or made. Keeps the person from being erased until the transaction
/// ends.
pub(crate) async fn holder(
    tx: &mut Tx<'_>,
    whose: Whose,
    digests: &Lookups,
    at: Timestamp,
) -> Result<Keyholder, Error> {
    let known = match whose {
        Whose::Of(id) => {
            let found = keyholder(tx, id).await?;
            return match found {
                Some(found) => {
                    add_lookups(tx, id, digests).await?;
                    Ok(found)
                }
                None => Err(Error::not_found(WHAT, id)),
            };
        }
        Whose::Found => find_same(tx, digests).await?,
        Whose::OwnPerson => None,
    };
    if let Some(id) = known
        && let Some(found) = keyholder(tx, id).await?
    {
        add_lookups(tx, id, digests).await?;
        return Ok(found);
    }
    let id = new_uuid(at);
    let (key, wrapped) = tx.keys.new_key(id)?;
    insert_row(tx, id, &wrapped, None, digests, at).await?;
    write_lookups(tx, id, digests).await?;
    Ok(Keyholder { id, key, wrapped })
}

/// The key of a person; `None` if there is no such person or it was erased.
pub(crate) async fn keyholder(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Keyholder>, Error> {
    let lock = tx.for_update();
    let wrapped = row(tx, id, lock).await?.and_then(|row| row.wrapped_key);
    let Some(wrapped) = wrapped else { return Ok(None) };
    let key = tx.keys.unwrap_key(id, &wrapped)?;
    Ok(Some(Keyholder { id, key, wrapped }))
}

/// Whoever has this document, or this telephone and a name that sounds the same; the one entered first.
async fn find_same(tx: &mut Tx<'_>, digests: &Lookups) -> Result<Option<Uuid>, Error> {
    if let Some(document) = digests.get(LookupKind::Document) {
        let found = entries(tx, LookupKind::Document, &document).await?;
        if let Some((id, _)) = found.into_iter().next() {
            return Ok(Some(id));
        }
    }
    let (Some(phone), Some(name)) = (digests.get(LookupKind::Phone), digests.get(LookupKind::Name)) else {
        return Ok(None);
    };
    let found = entries(tx, LookupKind::Phone, &phone).await?;
    Ok(found.into_iter().find(|(_, known)| is_same_by_phone(digests, known, &name)).map(|(id, _)| id))
}

/// True if somebody known by the telephone has a name that sounds the same and no other document.
pub(crate) fn is_same_by_phone(new: &Lookups, known: &Lookups, name: &Digest) -> bool {
    let other_document = new.get(LookupKind::Document).is_some() && known.get(LookupKind::Document).is_some();
    known.has(LookupKind::Name, name) && !other_document
}

/// Entries with a digest, in the order in which they were entered; the first 100.
async fn entries(tx: &mut Tx<'_>, kind: LookupKind, digest: &Digest) -> Result<Vec<(Uuid, Lookups)>, Error> {
    const SQL: &str = "select p.id, p.lookups from person_lookup l join person p on p.id = l.person_id
        where l.kind = $1 and l.digest = $2 order by p.id limit 100";
    let rows: Vec<(Uuid, Option<Vec<u8>>)> =
        on_db!(tx, |conn| { sqlx::query_as(SQL).bind(kind.code()).bind(digest.as_slice()).fetch_all(conn) })?;
    Ok(rows.into_iter().map(|(id, known)| (id, Lookups::from_bytes(known.unwrap_or_default()))).collect())
}

/// Stores changed fields and what the person is found by. `expected` is the version that the caller read.
///
/// # Errors
/// `NotFound`, also once erased; `Conflict` with the current version.
pub async fn update(
    tx: &mut Tx<'_>,
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
    let sealed = tx.keys.unwrap_key(id, &wrapped)?.seal(&serde_json::to_vec(fields)?)?;
    run_on_db!(tx, |conn| {
        sqlx::query(SQL).bind(id).bind(&sealed).bind(time::to_micros(at)).execute(conn)
    })?;
    let digests = Lookups::of(&tx.keys, lookups);
    add_lookups(tx, id, &digests).await
}

/// The person of an identifier, not the one that it was merged into. The caller leaves an audit entry.
///
/// # Errors
/// `Damaged` if it does not open with the key of the installation.
pub async fn get(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Person>, Error> {
    let found = row(tx, id, "").await?;
    found.map(|row| row.open(&tx.keys)).transpose()
}

/// The key of a person, for sealing what a record says of them; `None` once erased.
///
/// # Errors
/// `NotFound`; `Damaged` if it does not open with the key of the installation.
pub async fn key(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<PersonKey>, Error> {
    let stored = row(tx, id, "").await?.ok_or_else(|| Error::not_found(WHAT, id))?;
    stored.wrapped_key.map(|wrapped| tx.keys.unwrap_key(id, &wrapped)).transpose()
}

/// Persons entered with a number, in the order in which they were entered; the first 100. Who was merged is given as
/// whom they turned out to be.
///
/// # Errors
/// If the database fails.
pub async fn find(tx: &mut Tx<'_>, lookup: &Lookup) -> Result<Vec<Uuid>, Error> {
    const SQL: &str = "select distinct coalesce(p.merged_into, p.id) as found
        from person_lookup l join person p on p.id = l.person_id
        where l.kind = $1 and l.digest = $2 order by found limit 100";
    let digest = tx.keys.lookup_digest(lookup);
    on_db!(tx, |conn| {
        sqlx::query_scalar(SQL).bind(lookup.kind.code()).bind(digest.as_slice()).fetch_all(conn)
    })
}

/// Entries with any of several numbers or names, each once, with whom they turned out to be; up to `limit`. What a
/// warning of duplicates looks at.
///
/// # Errors
/// If the database fails.
pub async fn find_entries(tx: &mut Tx<'_>, lookups: &[Lookup], limit: u32) -> Result<Vec<Uuid>, Error> {
    let digests = Lookups::of(&tx.keys, lookups);
    if digests.is_empty() {
        return Ok(Vec::new());
    }
    let mut binds = vec![Bind::Int(i64::from(limit))];
    let mut tests = Vec::new();
    for (kind, digest) in digests.iter() {
        binds.push(Bind::Text(kind.code().to_owned()));
        binds.push(Bind::Bytes(digest.to_vec()));
        tests.push(format!("(kind = ${} and digest = ${})", binds.len() - 1, binds.len()));
    }
    let sql = format!(
        "select distinct person_id from person_lookup where {} order by person_id limit $1",
        tests.join(" or ")
    );
    on_db!(tx, |conn| bind_all!(sqlx::query_scalar(AssertSqlSafe(sql)), &binds).fetch_all(conn))
}

/// Whether anybody is entered with any of the numbers and names of each of several people.
///
/// # Errors
/// If the database fails.
pub async fn are_known(tx: &mut Tx<'_>, people: &[Vec<Lookup>]) -> Result<Vec<bool>, Error> {
    let mut asked: HashMap<(LookupKind, Digest), Vec<usize>> = HashMap::new();
    for (n, lookups) in people.iter().enumerate() {
        for (kind, digest) in Lookups::of(&tx.keys, lookups).iter() {
            asked.entry((kind, digest)).or_default().push(n);
        }
    }
    let mut known = vec![false; people.len()];
    let all: Vec<(LookupKind, Digest)> = asked.keys().copied().collect();
    for kind in LookupKind::ALL {
        let digests: Vec<Digest> =
            all.iter().filter(|(k, _)| *k == kind).map(|(_, digest)| *digest).collect();
        for part in digests.chunks(DIGESTS_PER_STATEMENT) {
            let mut binds = vec![Bind::Text(kind.code().to_owned())];
            binds.extend(part.iter().map(|digest| Bind::Bytes(digest.to_vec())));
            let sql = format!(
                "select distinct digest from person_lookup where kind = $1 and digest in ({})",
                placeholders(2, part.len())
            );
            let found: Vec<Vec<u8>> =
                on_db!(tx, |conn| bind_all!(sqlx::query_scalar(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
            for digest in found {
                let digest = Digest::try_from(digest).map_err(|_| Error::damaged(WHAT, "a look-up"))?;
                for n in asked.get(&(kind, digest)).into_iter().flatten() {
                    known[*n] = true;
                }
            }
        }
    }
    Ok(known)
}

/// A person with everybody merged into them, or whom they are merged into with everybody else: one human being, as far
/// as is known.
///
/// # Errors
/// If the database fails.
pub async fn family(tx: &mut Tx<'_>, person: Uuid) -> Result<Vec<Uuid>, Error> {
    const SQL: &str = "select id from person
        where id = (select coalesce(merged_into, id) from person where id = $1)
           or merged_into = (select coalesce(merged_into, id) from person where id = $1) order by id limit 1000";
    on_db!(tx, |conn| sqlx::query_scalar(SQL).bind(person).fetch_all(conn))
}

/// Destroys the keys of a person and of everybody merged into them, with what was sealed and what they are found by.
/// Links to records stay: a record without names is still a case. Returns how many entries were erased.
///
/// # Errors
/// `NotFound`.
pub async fn erase(tx: &mut Tx<'_>, id: Uuid, at: Timestamp) -> Result<u64, Error> {
    const ALL: &str =
        "select id, lookups from person where (id = $1 or merged_into = $1) and erased_at is null";
    const LOOKUP: &str = "delete from person_lookup where kind = $1 and digest = $2 and person_id = $3";
    const PENDING: &str = "update work set pending = null where pending is not null and record_id in
        (select id from record where person_id = $1)";
    const SQL: &str =
        "update person set wrapped_key = null, sealed = null, lookups = null, erased_at = $2, changed_at = $2,
        version = version + 1 where id = $1";
    locked(tx, id).await?;
    let sql = format!("{ALL} order by id{}", tx.for_update());
    let entries: Vec<(Uuid, Option<Vec<u8>>)> =
        on_db!(tx, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(id).fetch_all(conn))?;
    for (entry, lookups) in &entries {
        for (kind, digest) in Lookups::from_bytes(lookups.clone().unwrap_or_default()).iter() {
            run_on_db!(tx, |conn| {
                sqlx::query(LOOKUP).bind(kind.code()).bind(digest.as_slice()).bind(entry).execute(conn)
            })?;
        }
        // Values of a step that waits for a second person are not under the key of the person.
        run_on_db!(tx, |conn| sqlx::query(PENDING).bind(entry).execute(conn))?;
        run_on_db!(tx, |conn| sqlx::query(SQL).bind(entry).bind(time::to_micros(at)).execute(conn))?;
    }
    u64::try_from(entries.len()).map_err(|e| Error::damaged(WHAT, e))
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

/// Records about a person and everybody merged into them, by identifier, with what the person is in them: the register
/// of a record that belongs to the person, the role of one that was linked; the first 10,000.
///
/// # Errors
/// If the database fails.
pub async fn records(tx: &mut Tx<'_>, person: Uuid) -> Result<Vec<(RecordId, String)>, Error> {
    const SQL: &str = "with entry (id) as (select id from person where id = $1 or merged_into = $1)
        select id as record_id, register as role from record where person_id in (select id from entry)
        union select record_id, register from record_version where person_id in (select id from entry)
        union select record_id, role from person_record where person_id in (select id from entry)
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
        from (select person_id, role from person_record where record_id = $1
              union select person_id, register from record where id = $1 and person_id is not null) r
        join person p on p.id = r.person_id order by found, r.role limit 1000";
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
