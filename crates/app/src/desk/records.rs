//! What a resident does at the desk, and what is shown there.

use super::codes::{Phone, Resident, persons_of};
use crate::app::App;
use crate::error::Error;
use crate::records;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use wanquan_domain::actor::Actor;
use wanquan_domain::kind::Role;
use wanquan_domain::record::{Record, RecordId};
use wanquan_domain::register::{Register, STATE};
use wanquan_domain::text::Text;
use wanquan_store::{Tx, audit, person, record};

/// Audit entries of one record, and of the lists of its register, that are looked through for who saw it.
const LOOKS_MAX: u32 = 1_000;
/// Records of one number that are shown.
const OWN_MAX: usize = 200;

/// Somebody looked at a record, or changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// Who, by the name under which they work.
    pub by: String,
    /// What they did, `record.look` for example.
    pub act: String,
}

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnState {
    /// Name of the state.
    pub label: Text,
}

/// A record about a resident.
#[derive(Debug, Clone)]
pub struct Own {
    /// The record.
    pub record: Record,
    /// Title of its register.
    pub register: Text,
    /// Its state, where its register has states.
    pub state: Option<OwnState>,
    /// Fields with a value, in the order of the register, written for people.
    pub fields: Vec<(Text, Text)>,
    /// Who looked at it or changed it, latest first.
    pub looks: Vec<Look>,
    /// Whether the resident made it here; others were entered by staff.
    pub is_declared: bool,
}

/// The desk as an actor: it acts for whoever signed in, and leaves no number in the log.
fn desk() -> Actor {
    Actor::system("居民自助 Resident's desk")
}

/// What is recorded of a resident, latest first.
///
/// # Errors
/// If the store fails.
pub async fn own_records(app: &App, resident: &Resident) -> Result<Vec<Own>, Error> {
    let mut tx = app.read().await?;
    let mut own = Vec::new();
    for (found, is_declared) in found_by(app, &mut tx, resident).await? {
        let Some(register) = app.packs().register(&found.register) else { continue };
        let looks = looks_at(&mut tx, &found).await?;
        own.push(Own { is_declared, ..shown(app, register, found, looks) });
    }
    drop(tx);
    own.sort_by_key(|own| std::cmp::Reverse((own.record.event_date, own.record.id)));
    own.truncate(OWN_MAX);
    let mut tx = app.write().await?;
    let ids: Vec<RecordId> = own.iter().map(|own| own.record.id).collect();
    app.audit(&mut tx, &desk(), "desk.read", "desk", json!({ "records": ids })).await?;
    tx.commit().await?;
    Ok(own)
}

/// Whether a record itself names a number: in the field that its register declares to be the telephone.
fn names(register: &Register, found: &Record, phone: &Phone) -> bool {
    let written = register.text_of(Role::Phone, found.data.as_map());
    written.and_then(Phone::parse).is_some_and(|written| written == *phone)
}

/// What is recorded of a resident, with whether they made it here: records that were made at the desk and name the
/// number; once a document was given that fits, also those of the person whom the two name.
async fn found_by(app: &App, tx: &mut Tx<'_>, resident: &Resident) -> Result<Vec<(Record, bool)>, Error> {
    let mut found: Vec<(Record, bool)> = Vec::new();
    for id in wanquan_store::desk::declared(tx, resident.phone.as_str()).await? {
        let made = record::get(tx, id).await?.filter(|record| {
            app.packs().register(&record.register).is_some_and(|r| names(r, record, &resident.phone))
        });
        found.extend(made.map(|record| (record, true)));
    }
    for person in persons_of(tx, resident).await? {
        for (id, _) in person::records(tx, person).await?.into_iter().take(OWN_MAX) {
            if !found.iter().any(|(known, _)| known.id == id) {
                found.extend(record::get(tx, id).await?.map(|record| (record, false)));
            }
        }
    }
    // What is rehearsed says nothing of anybody.
    found.retain(|(record, _)| !record.deleted && !record.drill);
    Ok(found)
}

async fn looks_at(tx: &mut Tx<'_>, found: &Record) -> Result<Vec<Look>, Error> {
    let look = |entry: audit::Entry| Look { at: entry.what.at, by: entry.what.actor, act: entry.what.act };
    let of_record = audit::Filter { subject: Some(format!("record/{}", found.id)), ..Default::default() };
    let (entries, _) = audit::list(tx, &of_record, None, LOOKS_MAX).await?;
    let mut looks: Vec<Look> = entries.into_iter().map(look).collect();
    // A list that showed personal fields names the records that it showed.
    let of_lists = audit::Filter {
        subject: Some(format!("register/{}", found.register)),
        act: Some("record.look".to_owned()),
        from: Some(found.created_at),
        ..Default::default()
    };
    let (entries, _) = audit::list(tx, &of_lists, None, LOOKS_MAX).await?;
    let id = Json::from(found.id.to_string());
    let names = |entry: &audit::Entry| {
        entry.what.detail.get("records").and_then(Json::as_array).is_some_and(|ids| ids.contains(&id))
    };
    looks.extend(entries.into_iter().filter(names).map(look));
    looks.sort_by_key(|look| std::cmp::Reverse(look.at));
    Ok(looks)
}

fn shown(app: &App, register: &Register, found: Record, looks: Vec<Look>) -> Own {
    let regions = &app.packs().regions;
    let text = |value: &Json| match value {
        Json::String(text) => Text::new(text, text),
        Json::Bool(true) => Text::new("yes", "是"),
        Json::Bool(false) => Text::new("no", "否"),
        Json::Array(values) => {
            let texts: Vec<String> =
                values.iter().map(|v| v.as_str().unwrap_or_default().to_owned()).collect();
            Text::new(texts.join(", "), texts.join("、"))
        }
        other => Text::new(other.to_string(), other.to_string()),
    };
    let fields = register.fields.iter().filter(|field| field.id != STATE).filter_map(|field| {
        let value = found.data.get(&field.id)?;
        let plain = text(value);
        let choice = field.choices.iter().find(|choice| choice.id == plain.en);
        let region = matches!(field.field_type, wanquan_domain::register::FieldType::Region)
            .then(|| regions.get_by_text(&plain.en))
            .flatten();
        let written = match (choice, region) {
            (Some(choice), _) => choice.label.clone(),
            (None, Some(region)) => {
                Text::new(region.name_en.clone().unwrap_or_else(|| region.name.clone()), &region.name)
            }
            (None, None) => plain,
        };
        Some((field.label.clone(), written))
    });
    let fields = fields.collect();
    let state = found.data.get(STATE).and_then(Json::as_str);
    let state = state.and_then(|id| register.lifecycle.as_ref()?.state(id));
    Own {
        register: register.title.clone(),
        state: state.map(|state| OwnState { label: state.label.clone() }),
        fields,
        looks,
        is_declared: true,
        record: found,
    }
}

/// Declares a trip: a record of arrival under the resident's number. Sending it again under the same name makes no
/// second one.
///
/// # Errors
/// `Invalid` with what is wrong, field by field.
pub async fn declare_trip(
    app: &App,
    resident: &Resident,
    mut values: Map<String, Json>,
    name: &str,
) -> Result<RecordId, Error> {
    // What is matched, checked and decided is the business of others.
    values.insert("risk".to_owned(), Json::from("unknown"));
    if let Some(region) = values.get("region").cloned() {
        values.entry("landing_region").or_insert(region);
    }
    made(app, resident, "arrival", "declaration_number", "ZB", values, name).await
}

/// Challenges an order or a record, or anything else. `about` is the record meant; one that is not the resident's own is
/// not taken.
///
/// # Errors
/// `Invalid` with what is wrong, field by field; `NotFound` for a record of somebody else.
pub async fn challenge(
    app: &App,
    resident: &Resident,
    about: Option<RecordId>,
    mut values: Map<String, Json>,
    name: &str,
) -> Result<RecordId, Error> {
    if let Some(about) = about {
        let mut tx = app.read().await?;
        let own = found_by(app, &mut tx, resident).await?;
        let meant = own.into_iter().map(|(record, _)| record).find(|record| record.id == about);
        let meant = meant.ok_or_else(|| Error::not_found("record", about))?;
        values.insert("record_id".to_owned(), Json::from(about.to_string()));
        // Answered where the record is kept.
        values.insert("region".to_owned(), Json::from(meant.region.as_str()));
    }
    values.insert("received_on".to_owned(), Json::from(app.today().to_string()));
    made(app, resident, "challenge", "number", "YY", values, name).await
}

/// Asks for erasure of what is recorded.
///
/// # Errors
/// `Invalid` with what is wrong, field by field.
pub async fn ask_erasure(
    app: &App,
    resident: &Resident,
    mut values: Map<String, Json>,
    name: &str,
) -> Result<RecordId, Error> {
    values.insert("received_on".to_owned(), Json::from(app.today().to_string()));
    made(app, resident, "erasure_request", "number", "SC", values, name).await
}

async fn made(
    app: &App,
    resident: &Resident,
    register: &str,
    number: &str,
    prefix: &str,
    mut values: Map<String, Json>,
    name: &str,
) -> Result<RecordId, Error> {
    values.insert("phone".to_owned(), Json::from(resident.phone.as_str()));
    // Not guessed from another one, and the same when the form is sent twice.
    let short = blake3::hash(name.as_bytes()).to_hex()[..8].to_uppercase();
    values.insert(
        number.to_owned(),
        Json::from(format!("{prefix}-{}-{short}", app.today().strftime("%Y%m%d"))),
    );
    let id = records::create(app, &desk(), register, values, Some(name)).await?.record.id;
    let mut tx = app.write().await?;
    wanquan_store::desk::declare(&mut tx, resident.phone.as_str(), id).await?;
    tx.commit().await?;
    Ok(id)
}
