//! What is known about somebody: every record with every version, and who looked when. For the person, who may ask.

use super::{Whole, authorize_all, merges_of, subject, whole};
use crate::app::App;
use crate::error::Error;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::text::Text;
use wanquan_store::{audit, record};

/// Everything that is stored about a person.
#[derive(Debug, Clone, Serialize)]
pub struct Known {
    /// The entry that stands for the person.
    pub person: Uuid,
    /// Every entry that was said to be this person.
    pub entries: Vec<Uuid>,
    /// When the answer was made, RFC 3339.
    pub made_at: String,
    /// When the person was erased, RFC 3339; nothing personal is left then.
    pub erased_at: Option<String>,
    /// Records, in the order in which they were entered.
    pub records: Vec<KnownRecord>,
    /// Entries that were said to be one person, also where that was taken back.
    pub merges: Vec<KnownMerge>,
    /// Looks and acts that the audit log holds, oldest first.
    pub looks: Vec<Look>,
}

/// A record of the person.
#[derive(Debug, Clone, Serialize)]
pub struct KnownRecord {
    /// Identifier.
    pub id: Uuid,
    /// Register.
    pub register: String,
    /// What the register is called.
    pub register_title: Text,
    /// Names of the fields.
    pub labels: BTreeMap<String, Text>,
    /// Versions in the order in which they became known.
    pub versions: Vec<KnownVersion>,
}

/// One version of a record.
#[derive(Debug, Clone, Serialize)]
pub struct KnownVersion {
    /// Version, from 1.
    pub version: u32,
    /// When it became known, RFC 3339.
    pub known_at: String,
    /// Who made it.
    pub changed_by: String,
    /// Why, where somebody said so.
    pub reason: Option<String>,
    /// Region.
    pub region: String,
    /// Day of the event.
    pub event_date: Option<Date>,
    /// Withdrawn by this version.
    pub withdrawn: bool,
    /// Values by field.
    pub values: Map<String, Json>,
}

/// Two entries that were said to be one person.
#[derive(Debug, Clone, Serialize)]
pub struct KnownMerge {
    /// The entry that stays.
    pub kept: Uuid,
    /// The other one.
    pub merged: Uuid,
    /// When, RFC 3339.
    pub at: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When it was taken back.
    pub undone_at: Option<String>,
    /// By whom.
    pub undone_by: Option<String>,
}

/// An entry of the audit log that names the person or one of their records.
#[derive(Debug, Clone, Serialize)]
pub struct Look {
    /// When, RFC 3339.
    pub at: String,
    /// Who.
    pub by: String,
    /// What was done.
    pub act: String,
    /// To what.
    pub subject: String,
    /// Fields that were looked at, where the log says so.
    pub fields: Vec<String>,
}

/// Everything that is known about a person, and who looked. Taking it out is noted.
///
/// # Errors
/// `NotFound`; `Forbidden` unless the actor may answer for every region where something is recorded of the person.
pub async fn known(app: &App, actor: &Actor, id: Uuid) -> Result<Known, Error> {
    let mut tx = app.read().await?;
    let found: Whole = whole(&mut tx, id).await?;
    authorize_all(app, actor, Action::PersonExport, &found)?;
    let mut records = Vec::with_capacity(found.records.len());
    for current in &found.records {
        let register = app.packs().register(&current.register);
        let versions = record::versions(&mut tx, current.id).await?;
        records.push(KnownRecord {
            id: current.id.0,
            register: current.register.clone(),
            register_title: register.map_or_else(Text::default, |register| register.title.clone()),
            labels: register
                .iter()
                .flat_map(|register| &register.fields)
                .map(|field| (field.id.clone(), field.label.clone()))
                .collect(),
            versions: versions
                .into_iter()
                // A version of before the record was this person's is somebody else's.
                .filter(|version| version.person.is_none_or(|person| found.entries.contains(&person)))
                .map(|version| KnownVersion {
                    version: version.version,
                    known_at: version.known_at.to_string(),
                    changed_by: version.changed_by,
                    reason: version.reason,
                    region: version.region.to_string(),
                    event_date: version.event_date,
                    withdrawn: version.deleted,
                    values: version.data.into_map(),
                })
                .collect(),
        });
    }
    let merges = merges_of(&mut tx, &found.entries).await?;
    let ids: Vec<Uuid> =
        found.records.iter().map(|record| record.id.0).chain(found.entries.iter().copied()).collect();
    let looks = audit::naming(&mut tx, &ids).await?;
    drop(tx);
    let mut tx = app.write().await?;
    let detail = json!({ "records": records.iter().map(|record| record.id).collect::<Vec<_>>() });
    app.audit(&mut tx, actor, "person.export", &subject(found.head.id), detail).await?;
    tx.commit().await?;
    Ok(Known {
        person: found.head.id,
        entries: found.entries,
        made_at: app.now().to_string(),
        erased_at: found.head.erased_at.map(|at| at.to_string()),
        records,
        merges: merges
            .into_iter()
            .map(|merge| {
                let (undone_at, undone_by) = merge.undone.unzip();
                KnownMerge {
                    kept: merge.kept,
                    merged: merge.merged,
                    at: merge.at.to_string(),
                    by: merge.by,
                    reason: merge.reason,
                    undone_at: undone_at.map(|at| at.to_string()),
                    undone_by,
                }
            })
            .collect(),
        looks: looks
            .into_iter()
            .map(|entry| Look {
                at: entry.what.at.to_string(),
                by: entry.what.actor,
                act: entry.what.act,
                subject: entry.what.subject,
                fields: entry.what.detail["fields"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|field| field.as_str().map(str::to_owned))
                    .collect(),
            })
            .collect(),
    })
}
