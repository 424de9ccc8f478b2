//! The row of a record, as both tables hold it.

use super::{Change, NO_DAY, NewRecord};
use crate::error::Error;
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
}

impl RecordRow {
    /// The first version of a new record.
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
            personal: new.personal.as_deref().map(serde_json::from_str).transpose()?.map(Jsonb),
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

impl TryFrom<RecordRow> for Record {
    type Error = Error;

    fn try_from(row: RecordRow) -> Result<Self, Error> {
        const WHAT: &str = "record";
        let personal = row.personal.map(|p| Data::from_validated(p.0)).unwrap_or_default();
        Ok(Self {
            id: RecordId(row.id),
            register: row.register,
            version: time::version(row.version, WHAT)?,
            region: RegionCode::new(&row.region),
            region_path: row.region_path,
            disease: row.disease,
            event_date: if row.event_day == NO_DAY {
                None
            } else {
                Some(time::from_day(row.event_day, WHAT)?)
            },
            key: row.key.try_into().map_err(|_| Error::damaged(WHAT, "key is not 16 bytes"))?,
            data: Data::from_validated(row.data.0).joined(personal),
            known_at: time::from_micros(row.known_at, WHAT)?,
            created_at: time::from_micros(row.created_at, WHAT)?,
            changed_by: row.changed_by,
            reason: row.reason,
            batch: row.batch_id,
            drill: row.drill,
            deleted: row.deleted,
        })
    }
}
