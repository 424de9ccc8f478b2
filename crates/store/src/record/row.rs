//! The row of a record, as both tables hold it.

use super::{Change, NO_DAY, NewRecord};
use crate::dialect::Tx;
use crate::error::Error;
use crate::person::MasterKey;
use crate::time;
use serde_json::{Map, Value as Json};
use sqlx::types::Json as Jsonb;
use uuid::Uuid;
use wanquan_domain::record::{Data, Record, RecordId};
use wanquan_domain::region::RegionCode;

/// One row of `record` or `record_version`.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct RecordRow {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) register: String,
    pub(crate) region: String,
    pub(crate) region_path: String,
    pub(crate) disease: String,
    pub(crate) event_day: i64,
    pub(crate) key: Vec<u8>,
    pub(crate) title: String,
    pub(crate) digest: Vec<u8>,
    pub(crate) data: Jsonb<Map<String, Json>>,
    pub(crate) personal: Option<Jsonb<Map<String, Json>>>,
    pub(crate) counted: String,
    pub(crate) known_at: i64,
    pub(crate) known_day: i64,
    pub(crate) created_at: i64,
    pub(crate) changed_by: String,
    pub(crate) reason: Option<String>,
    pub(crate) batch_id: Option<Uuid>,
    pub(crate) drill: bool,
    pub(crate) deleted: bool,
    pub(crate) person_id: Option<Uuid>,
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) wrapped_key: Option<Vec<u8>>,
}

impl RecordRow {
    /// The first version of a new record, without what it says of its person: that is sealed afterwards.
    pub(crate) fn first(new: NewRecord, change: &Change, known_day: i64) -> Result<Self, Error> {
        let counted = if change.drill { String::new() } else { new.counted.encode(&new.register) };
        Ok(Self {
            id: new.id.0,
            version: 1,
            region: new.region,
            region_path: new.region_path,
            disease: new.disease,
            event_day: new.event_day,
            key: new.key.to_vec(),
            title: new.title,
            digest: new.digest.to_vec(),
            data: Jsonb(serde_json::from_str(&new.data)?),
            personal: None,
            counted,
            register: new.register,
            known_at: time::to_micros(change.at),
            known_day,
            created_at: time::to_micros(change.at),
            changed_by: change.by.clone(),
            reason: change.reason.clone(),
            batch_id: change.batch,
            drill: change.drill,
            deleted: false,
            person_id: None,
            sealed: None,
            wrapped_key: None,
        })
    }

    /// Turns the row into its successor with the same content.
    pub(crate) fn succeed(&mut self, version: i64, known_day: i64, change: &Change) {
        self.version = version;
        self.known_day = known_day;
        self.known_at = time::to_micros(change.at);
        self.changed_by.clone_from(&change.by);
        self.reason.clone_from(&change.reason);
        self.batch_id = change.batch;
    }
}

impl RecordRow {
    /// The record, with what it says of its person where the key of the person is there.
    pub(crate) fn open(self, keys: &MasterKey) -> Result<Record, Error> {
        const WHAT: &str = "record";
        let mut data = Data::from_validated(self.data.0);
        // Not sealed yet: written by an earlier release.
        if let Some(plain) = self.personal {
            data = data.joined(Data::from_validated(plain.0));
        }
        if let (Some(person), Some(wrapped), Some(sealed)) = (self.person_id, &self.wrapped_key, &self.sealed)
        {
            let opened = keys.unwrap_key(person, wrapped)?.open(sealed)?;
            data = data.joined(Data::from_validated(serde_json::from_slice(&opened)?));
        }
        Ok(Record {
            id: RecordId(self.id),
            register: self.register,
            version: time::version(self.version, WHAT)?,
            region: RegionCode::new(&self.region),
            region_path: self.region_path,
            disease: self.disease,
            event_date: if self.event_day == NO_DAY {
                None
            } else {
                Some(time::from_day(self.event_day, WHAT)?)
            },
            key: self.key.try_into().map_err(|_| Error::damaged(WHAT, "key is not 16 bytes"))?,
            data,
            known_at: time::from_micros(self.known_at, WHAT)?,
            created_at: time::from_micros(self.created_at, WHAT)?,
            changed_by: self.changed_by,
            reason: self.reason,
            batch: self.batch_id,
            drill: self.drill,
            deleted: self.deleted,
            erased: self.person_id.is_some() && self.wrapped_key.is_none(),
            person: self.person_id,
        })
    }
}

/// The record of a row that may be missing.
pub(crate) fn opened(tx: &Tx<'_>, row: Option<RecordRow>) -> Option<Result<Record, Error>> {
    row.map(|row| row.open(&tx.keys))
}
