//! Lists of records: what is asked for, narrowed to what the actor may see.

use super::{COUNTED_MAX, Redaction, Shown, find_register, show};
use crate::app::App;
use crate::authorize::{Scope, Subject, authorize_records};
use crate::error::Error;
use jiff::civil::Date;
use serde_json::{Value as Json, json};
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::identity;
use wanquan_domain::region::RegionCode;
use wanquan_domain::register::{Field, FieldType, Register};
use wanquan_domain::value::canonical_number;
use wanquan_store::Tx;
use wanquan_store::person::{self, Lookup};
use wanquan_store::record::{self, FieldTest, Filter, SealedTest};

/// Tests of fields in one query; each costs a look into every row.
const TESTS_MAX: usize = 20;

/// Which records are asked for.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// In this region and below.
    pub region: Option<RegionCode>,
    /// Of this disease.
    pub disease: Option<String>,
    /// First day of the event.
    pub from: Option<Date>,
    /// Last day of the event.
    pub to: Option<Date>,
    /// Beginning of the title; the whole of it where the title is a name.
    pub title: Option<String>,
    /// Values of fields as they are written in an address: choices, codes, numbers and dates equal them, texts
    /// contain them. Personal fields are sealed: documents, telephones and names are asked for as a whole.
    pub fields: Vec<(String, String)>,
    /// As known at the end of this day.
    pub as_of: Option<Date>,
}

/// How many, as far as they were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// Number, or the limit of counting.
    pub n: u64,
    /// True if there are more than `n`.
    pub more: bool,
}

impl Total {
    pub(super) fn counted(n: u64) -> Self {
        let max = u64::from(COUNTED_MAX);
        Self { n: n.min(max), more: n > max }
    }
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Records, latest event first. Of the personal fields, only those that are columns of the register are shown.
    pub items: Vec<Shown>,
    /// Where the next page begins; `None` at the end. A page may be short although more follow.
    pub next: Option<String>,
    /// Size of the list, on the first page, where counting does not mean looking into records.
    pub total: Option<Total>,
}

/// What an actor may see of what is asked for.
pub(crate) struct Selection {
    pub(crate) filter: Filter,
    pub(crate) scope: Scope,
    /// Personal fields whose values are tested: asking for a name is a look at it.
    pub(crate) tested: Vec<String>,
    /// What the persons of the records are found by; each test narrows them.
    lookups: Vec<Lookup>,
}

impl Selection {
    /// Narrows a query to what `action` allows. A test of a personal field narrows it further, to where the actor
    /// may see personal fields: otherwise the list would tell what the record hides.
    pub(crate) fn of(
        app: &App,
        actor: &Actor,
        action: Action,
        register: &Register,
        query: &Query,
    ) -> Result<Self, Error> {
        let within = query.region.as_ref().map_or(Subject::Anywhere, Subject::Within);
        let mut scope = authorize_records(app, actor, action, &register.id, within)?;
        if query.fields.len() > TESTS_MAX {
            return Err(bad("fields", format!("at most {TESTS_MAX} tests of fields")));
        }
        let mut tested = Vec::new();
        let mut fields = Vec::new();
        let mut asked = Vec::new();
        for (id, text) in &query.fields {
            let field = register.field(id);
            let field = field.ok_or_else(|| bad("fields", format!("no field `{id}` in this register")))?;
            if field.personal {
                asked.push((field, text));
            } else {
                fields.push((id.clone(), test(field, text)?));
            }
        }
        let personal_title = register.field(&register.title_field).filter(|field| field.personal);
        if let (Some(text), Some(field)) = (&query.title, personal_title) {
            asked.push((field, text));
        }
        let (mut sealed, mut lookups) = (Vec::new(), Vec::new());
        for (field, text) in asked {
            tested.push(field.id.clone());
            let (test, lookup) = sealed_test(field, text)?;
            sealed.push(test);
            lookups.push(lookup);
        }
        if !tested.is_empty() {
            let personal = authorize_records(app, actor, Action::RecordReadPersonal, &register.id, within)?;
            let forbidden = Error::Forbidden { action: Action::RecordReadPersonal };
            scope = scope.intersection(&personal).ok_or(forbidden)?;
        }
        let filter = Filter {
            register: register.id.clone(),
            paths: scope.paths().to_vec(),
            disease: query.disease.clone(),
            from: query.from,
            to: query.to,
            title_prefix: query.title.clone().filter(|_| personal_title.is_none()),
            fields,
            persons: None,
            sealed,
            as_of: query.as_of,
        };
        Ok(Self { filter, scope, tested, lookups })
    }

    /// Finds the persons whom the tests of personal fields ask for.
    ///
    /// # Errors
    /// `Refused` if they are too many; if the store fails.
    pub(crate) async fn find_persons(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        for lookup in &self.lookups {
            let found = person::find_entries(tx, std::slice::from_ref(lookup), PERSONS_MAX + 1).await?;
            if found.len() > PERSONS_MAX as usize {
                let message = format!(
                    "more than {PERSONS_MAX} persons have this name; ask for a document or a telephone as well"
                );
                return Err(Error::Refused { code: "too_many_persons", message });
            }
            self.filter.persons = Some(match self.filter.persons.take() {
                Some(before) => before.into_iter().filter(|id| found.contains(id)).collect(),
                None => found,
            });
        }
        Ok(())
    }
}

/// Persons whose records one list looks through.
const PERSONS_MAX: u32 = 1_000;

/// A test of a personal field, which is sealed: whole numbers and whole names are found by their keyed digest; nothing
/// finds a part of them.
fn sealed_test(field: &Field, text: &str) -> Result<(SealedTest, Lookup), Error> {
    let Some(role) = field.role.filter(|role| identity::ASKED.contains(role)) else {
        let message = format!(
            "`{}` is sealed and cannot be searched; document numbers, telephones and whole names can",
            field.id
        );
        return Err(Error::Refused { code: "sealed_field", message });
    };
    let lookup = identity::asked(role, text).and_then(|asked| Lookup::all_of(&asked).into_iter().next());
    let lookup = lookup.ok_or_else(|| {
        bad("fields", format!("`{}` is searched for as a whole, and this is too short to be one", field.id))
    })?;
    Ok((SealedTest { field: field.id.clone(), role, asked: text.to_owned() }, lookup))
}

fn bad(field: &'static str, message: impl Into<String>) -> Error {
    Error::BadInput { field, message: message.into() }
}

fn test(field: &Field, text: &str) -> Result<FieldTest, Error> {
    let number = || text.parse::<f64>().ok().and_then(canonical_number);
    let value = match &field.field_type {
        FieldType::Text | FieldType::Person | FieldType::Site if field.choices.is_empty() => {
            return Ok(FieldTest::Contains(text.to_owned()));
        }
        FieldType::MultiChoice => return Ok(FieldTest::Holds(Json::from(text))),
        FieldType::Number | FieldType::Integer => number(),
        FieldType::Boolean => text.parse::<bool>().ok().map(Json::from),
        _ => Some(Json::from(text)),
    };
    let value = value.ok_or_else(|| bad("fields", format!("`{text}` is no value of `{}`", field.id)))?;
    Ok(FieldTest::Equals(value))
}

/// One page of the records of a register that the actor may see, latest event first. `limit` is brought into 1 to
/// 1,000.
///
/// # Errors
/// `NotFound` for an unknown register or region; `Forbidden`; `BadInput` for a filter or cursor that makes no sense.
pub async fn list(
    app: &App,
    actor: &Actor,
    register: &str,
    query: &Query,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Listed, Error> {
    let register = find_register(app, register)?;
    let mut selection = Selection::of(app, actor, Action::RecordRead, register, query)?;
    let parsed =
        cursor.map(str::parse).transpose().map_err(|_| bad("cursor", "not a cursor of this list"))?;
    let mut tx = app.read().await?;
    selection.find_persons(&mut tx).await?;
    let page = record::list(&mut tx, &selection.filter, parsed, limit).await?;
    let countable = query.title.is_none() && query.fields.is_empty() && query.as_of.is_none();
    let total = if cursor.is_none() && countable {
        Some(Total::counted(record::estimate_count(&mut tx, &selection.filter, COUNTED_MAX + 1).await?))
    } else {
        None
    };
    drop(tx);
    let is_column = |id: &str| register.columns.iter().any(|column| column == id);
    let (mut looked_at, mut looked_for) = (Vec::new(), selection.tested.clone());
    let mut items = Vec::with_capacity(page.items.len());
    for record in page.items {
        let may_show = selection.scope.shows_personal(&record.region_path);
        let redaction = Redaction::limited(register, may_show, is_column);
        let looked = redaction.personal_in(&record.data);
        if !looked.is_empty() {
            looked_at.push(record.id);
            looked_for.extend(looked);
        }
        items.push(show(app, actor, &redaction, record));
    }
    if !looked_for.is_empty() {
        looked_for.sort_unstable();
        looked_for.dedup();
        if !selection.tested.is_empty() {
            looked_at = items.iter().map(|shown| shown.record.id).collect();
        }
        let detail = json!({ "fields": looked_for, "records": looked_at, "searched": selection.tested });
        let mut tx = app.write().await?;
        app.audit(&mut tx, actor, "record.look", &format!("register/{}", register.id), detail).await?;
        tx.commit().await?;
    }
    Ok(Listed { items, next: page.next.map(|cursor| cursor.to_string()), total })
}
