//! What a record says of its person, sealed under the key of that person.

use super::{NewRecord, RecordRow};
use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use crate::person::{self, Keyholder, Lookup, Lookups, MasterKey, PersonKey, Whose};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use std::sync::Arc;
use uuid::Uuid;
use wanquan_domain::identity::Identity;
use wanquan_domain::record::new_uuid;
use wanquan_domain::register::Register;

/// The personal values of a record that is not stored yet, sealed.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub(crate) person: Uuid,
    /// The key of a person who is new, wrapped; `None` for a person who is stored.
    pub(crate) new_key: Option<Vec<u8>>,
    pub(crate) bytes: Vec<u8>,
}

impl NewRecord {
    /// Digests of what the person of the record is found by.
    pub(crate) fn lookups(&self, keys: &MasterKey) -> Lookups {
        Lookups::of(keys, &Lookup::all_of(&self.identity))
    }

    /// Seals the personal values for a person of its own, ahead of a bulk load: most records of a file are of people
    /// who are not known, and sealing is work for every core. The load gives the record to a known person instead if
    /// it finds one.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn seal(&mut self, keys: &MasterKey, at: Timestamp) -> Result<(), Error> {
        if self.personal.is_some() && self.sealed.is_none() {
            let id = new_uuid(at);
            let (key, wrapped) = keys.new_key(id)?;
            self.seal_under(id, &key, Some(wrapped))?;
        }
        Ok(())
    }

    pub(crate) fn seal_under(
        &mut self,
        person: Uuid,
        key: &PersonKey,
        new_key: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        if let Some(personal) = &self.personal {
            let bytes = key.seal(personal.as_bytes())?;
            self.sealed = Some(Box::new(Sealed { person, new_key, bytes }));
        }
        Ok(())
    }

    /// The digest of the content as it is stored: keyed where it could be used to try guesses of personal values.
    pub(crate) fn stored_digest(&self, keys: &MasterKey) -> [u8; 16] {
        if self.personal.is_some() { keys.digest("content", &self.digest) } else { self.digest }
    }
}

/// Seals into `row` what `new` says of its person. A record keeps its person through its versions, unless somebody
/// says whose it is; one of an erased person gets another if something is said anew.
pub(crate) async fn seal_row(
    tx: &mut Tx<'_>,
    row: &mut RecordRow,
    new: &NewRecord,
    old: Option<&RecordRow>,
    at: Timestamp,
) -> Result<(), Error> {
    row.digest = new.stored_digest(&tx.keys).to_vec();
    let Some(personal) = &new.personal else {
        if let Some(old) = old {
            row.person_id = old.person_id;
            row.wrapped_key.clone_from(&old.wrapped_key);
        }
        return Ok(());
    };
    let digests = new.lookups(&tx.keys);
    let before = old.and_then(|old| old.person_id).filter(|_| new.whose == Whose::Found);
    let kept = match before {
        Some(before) => person::keyholder(tx, before).await?,
        None => None,
    };
    let holder = match kept {
        Some(holder) => {
            person::add_lookups(tx, holder.id, &digests).await?;
            holder
        }
        None => person::holder(tx, new.whose, &digests, at).await?,
    };
    put(row, holder, personal.as_bytes())
}

fn put(row: &mut RecordRow, holder: Keyholder, personal: &[u8]) -> Result<(), Error> {
    row.sealed = Some(holder.key.seal(personal)?);
    row.person_id = Some(holder.id);
    row.wrapped_key = Some(holder.wrapped);
    Ok(())
}

/// True if personal values stand in plain text, written by an earlier release.
///
/// # Errors
/// If the database fails.
pub async fn has_plain(tx: &mut Tx<'_>) -> Result<bool, Error> {
    const SQL: &str = "select count(*) from (select 1 from record where personal is not null
        union all select 1 from record_version where personal is not null limit 1) found";
    let found: i64 = on_db!(tx, |conn| sqlx::query_scalar(SQL).fetch_one(conn))?;
    Ok(found > 0)
}

/// Seals the personal values of up to `limit` records and as many superseded versions that stand in plain text;
/// returns how many rows it sealed. Each is given to a person as if it came in now, the versions of a record to one.
/// Done in as many transactions as it takes; broken off, it goes on where it was.
///
/// # Errors
/// If the database fails.
pub async fn seal_plain(
    tx: &mut Tx<'_>,
    register: &(dyn Fn(&str) -> Option<Arc<Register>> + Sync),
    at: Timestamp,
    limit: u32,
) -> Result<usize, Error> {
    const CURRENT: &str =
        "update record set personal = null, title = $2, digest = $3, person_id = $4, sealed = $5,
        key = $6 where id = $1";
    const OLD: &str =
        "update record_version set personal = null, title = $2, digest = $3, person_id = $4, sealed = $5
, key = $7
        where record_id = $1 and version = $6";
    const WHOSE: &str = "select person_id from record where id = $1";
    let lock = tx.for_update();
    let sql = format!("select {} from record where personal is not null limit $1{lock}", columns!());
    let rows: Vec<RecordRow> =
        on_db!(tx, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(i64::from(limit)).fetch_all(conn))?;
    let mut sealed = rows.len();
    for row in rows {
        let row = seal_stored(tx, row, None, register, at).await?;
        run_on_db!(tx, |conn| {
            sqlx::query(CURRENT)
                .bind(row.id)
                .bind(&row.title)
                .bind(&row.digest)
                .bind(row.person_id)
                .bind(&row.sealed)
                .bind(&row.key)
                .execute(conn)
        })?;
    }
    let sql = format!(
        "select {} from record_version where personal is not null limit $1{lock}",
        version_columns!()
    );
    let rows: Vec<RecordRow> =
        on_db!(tx, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(i64::from(limit)).fetch_all(conn))?;
    sealed += rows.len();
    for row in rows {
        let whose: Option<Option<Uuid>> =
            on_db!(tx, |conn| sqlx::query_scalar(WHOSE).bind(row.id).fetch_optional(conn))?;
        let row = seal_stored(tx, row, whose.flatten(), register, at).await?;
        run_on_db!(tx, |conn| {
            sqlx::query(OLD)
                .bind(row.id)
                .bind(&row.title)
                .bind(&row.digest)
                .bind(row.person_id)
                .bind(&row.sealed)
                .bind(row.version)
                .bind(&row.key)
                .execute(conn)
        })?;
    }
    Ok(sealed)
}

async fn seal_stored(
    tx: &mut Tx<'_>,
    mut row: RecordRow,
    whose: Option<Uuid>,
    register: &(dyn Fn(&str) -> Option<Arc<Register>> + Sync),
    at: Timestamp,
) -> Result<RecordRow, Error> {
    let Some(plain) = row.personal.take() else { return Ok(row) };
    let declared = register(&row.register);
    let mut identity = Identity::default();
    if let Some(declared) = &declared {
        let mut values = row.data.0.clone();
        values.extend(plain.0.clone());
        identity = Identity::of(declared, &values);
        if declared.key_is_personal(&values) {
            row.key = tx.keys.digest("key", &row.key).to_vec();
        }
        if declared.field(&declared.title_field).is_some_and(|field| field.personal) {
            row.title.clear();
        }
    } else {
        // Nobody says any more what the title was.
        row.title.clear();
    }
    let digests = Lookups::of(&tx.keys, &Lookup::all_of(&identity));
    let kept = match whose {
        Some(whose) => person::keyholder(tx, whose).await?,
        None => None,
    };
    let holder = match (kept, whose) {
        (Some(holder), _) => {
            person::add_lookups(tx, holder.id, &digests).await?;
            Some(holder)
        }
        // Erased before this version was sealed: nothing of it is kept.
        (None, Some(_)) => None,
        (None, None) => Some(person::holder(tx, Whose::Found, &digests, at).await?),
    };
    let stored = <[u8; 16]>::try_from(row.digest.as_slice())
        .map_err(|_| Error::damaged("record", "digest is not 16 bytes"))?;
    row.digest = tx.keys.digest("content", &stored).to_vec();
    match holder {
        Some(holder) => put(&mut row, holder, &serde_json::to_vec(&plain.0)?)?,
        None => row.person_id = whose,
    }
    Ok(row)
}
