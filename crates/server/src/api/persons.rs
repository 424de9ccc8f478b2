//! Persons: who is known already, whose records they are, what is known about somebody, and its end.

use super::error::Problem;
use super::records::{RecordRegion, region_of};
use super::{Api, ApiError, Caller};
use crate::report::person::{to_csv, to_html};
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wanquan_app::person::{self, Asked, Duplicate, Duplicates, Merge, PersonView};
use wanquan_domain::text::Lang;

/// Values of a record that is about to be entered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnteredValues {
    /// Values by field.
    #[schema(value_type = BTreeMap<String, Value>)]
    data: Map<String, Value>,
}

/// Somebody who may be the same person.
#[derive(Debug, Serialize, ToSchema)]
pub struct DuplicateBody {
    /// The person.
    pub person: Uuid,
    /// How alike, from 0 to 100: for the order, it is no probability.
    pub score: u32,
    /// Why: `document`, `phone`, `name`, `character_variant`, `pinyin`, `birth_date`, `birth_year`.
    pub reasons: Vec<&'static str>,
    /// The record that is most alike.
    pub record: Uuid,
    /// Its register.
    pub register: String,
    /// Its region.
    pub region: RecordRegion,
    /// Its day.
    #[schema(value_type = Option<String>, format = Date)]
    pub event_date: Option<Date>,
    /// What it is called.
    pub title: String,
    /// Name of the person there.
    pub name: Option<String>,
}

/// Who may be the same person.
#[derive(Debug, Serialize, ToSchema)]
pub struct DuplicatesBody {
    /// Most alike first.
    pub items: Vec<DuplicateBody>,
    /// How many others there are where the caller may not see persons.
    pub elsewhere: usize,
}

/// Who is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedPerson {
    /// Number of an identity document, in any spelling.
    document: Option<String>,
    /// Telephone number, in any spelling.
    phone: Option<String>,
}

/// Persons.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundPersons {
    /// Identifiers.
    pub items: Vec<Uuid>,
}

/// Two entries that were said to be one person.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergeBody {
    /// Identifier.
    pub id: Uuid,
    /// The entry that stays.
    pub kept: Uuid,
    /// The other one.
    pub merged: Uuid,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// Who said so.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When it was taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub undone_at: Option<String>,
    /// By whom.
    pub undone_by: Option<String>,
}

impl From<Merge> for MergeBody {
    fn from(merge: Merge) -> Self {
        let (undone_at, undone_by) = merge.undone.unzip();
        Self {
            id: merge.id,
            kept: merge.kept,
            merged: merge.merged,
            at: merge.at.to_string(),
            by: merge.by,
            reason: merge.reason,
            undone_at: undone_at.map(|at| at.to_string()),
            undone_by,
        }
    }
}

/// A record of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonRecordBody {
    /// Identifier.
    pub id: Uuid,
    /// Register.
    pub register: String,
    /// Region.
    pub region: RecordRegion,
    /// Day of the event.
    #[schema(value_type = Option<String>, format = Date)]
    pub event_date: Option<Date>,
    /// What it is called.
    pub title: String,
    /// The entry that it belongs to.
    pub person: Option<Uuid>,
    /// Withdrawn.
    pub withdrawn: bool,
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonBody {
    /// The entry that stands for the person.
    pub id: Uuid,
    /// Every entry that was said to be this person, with this one.
    pub entries: Vec<Uuid>,
    /// When the entry was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When the person was erased.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub erased_at: Option<String>,
    /// Merges, in order, those taken back included.
    pub merges: Vec<MergeBody>,
    /// Records where the caller may see persons, latest event first.
    pub records: Vec<PersonRecordBody>,
    /// Whether there are records elsewhere.
    pub more_elsewhere: bool,
    /// Whether the caller may say that others are the same person, or take it back.
    pub may_merge: bool,
    /// Whether the caller may take out what is known.
    pub may_export: bool,
    /// Whether the caller may erase the person.
    pub may_erase: bool,
}

fn body(api: &Api, view: PersonView) -> PersonBody {
    let packs = api.app.packs();
    PersonBody {
        id: view.id,
        entries: view.entries,
        created_at: view.created_at.to_string(),
        erased_at: view.erased_at.map(|at| at.to_string()),
        merges: view.merges.into_iter().map(MergeBody::from).collect(),
        records: view
            .records
            .into_iter()
            .map(|found| PersonRecordBody {
                id: found.record.id.0,
                region: region_of(packs, &found.record.region),
                register: found.record.register,
                event_date: found.record.event_date,
                title: found.title,
                person: found.record.person,
                withdrawn: found.record.deleted,
            })
            .collect(),
        more_elsewhere: view.more_elsewhere,
        may_merge: view.may_merge,
        may_export: view.may_export,
        may_erase: view.may_erase,
    }
}

/// Who may be the person of a record before it is entered: by document, telephone, or name (also by character variants
/// and pinyin) with the birth. The person who enters it decides, and says so with `person` or `another_person`.
#[utoipa::path(post, path = "/registers/{register}/duplicates", tag = "persons", request_body = EnteredValues,
    params(("register" = String, Path, description = "Register")),
    responses((status = 200, body = DuplicatesBody), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn find_duplicates(
    State(api): State<Api>,
    caller: Caller,
    register: Result<Path<String>, PathRejection>,
    input: Result<Json<EnteredValues>, JsonRejection>,
) -> Result<Json<DuplicatesBody>, ApiError> {
    let (Path(register), Json(input)) = (register?, input?);
    let found = person::duplicates(&api.app, caller.actor(), &register, input.data).await?;
    Ok(Json(duplicates_body(&api, found)))
}

/// Who else may be a person that is entered already: entries that are like one of their records and were not said to be
/// the same person.
#[utoipa::path(get, path = "/persons/{id}/alike", tag = "persons", params(("id" = Uuid, Path, description = "Person")),
    responses((status = 200, body = DuplicatesBody), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn alike_persons(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Json<DuplicatesBody>, ApiError> {
    let Path(id) = id?;
    Ok(Json(duplicates_body(&api, person::alike(&api.app, caller.actor(), id).await?)))
}

fn duplicates_body(api: &Api, found: Duplicates) -> DuplicatesBody {
    let item = |found: Duplicate| DuplicateBody {
        person: found.person,
        score: found.score,
        reasons: found.reasons.iter().map(|reason| reason.as_str()).collect(),
        record: found.record.0,
        register: found.register,
        region: region_of(api.app.packs(), &found.region),
        event_date: found.event_date,
        title: found.title,
        name: found.name,
    };
    DuplicatesBody { items: found.items.into_iter().map(item).collect(), elsewhere: found.elsewhere }
}

/// Find persons by a document or a telephone. The numbers stand in the body, which no log of addresses keeps.
#[utoipa::path(post, path = "/persons/find", tag = "persons", request_body = AskedPerson,
    responses((status = 200, body = FoundPersons), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub async fn find_persons(
    State(api): State<Api>,
    caller: Caller,
    input: Result<Json<AskedPerson>, JsonRejection>,
) -> Result<Json<FoundPersons>, ApiError> {
    let Json(input) = input?;
    let asked = Asked { document: input.document, phone: input.phone };
    Ok(Json(FoundPersons { items: person::find(&api.app, caller.actor(), &asked).await? }))
}

/// A person with records, entries and merges.
#[utoipa::path(get, path = "/persons/{id}", tag = "persons", params(("id" = Uuid, Path, description = "Person")),
    responses((status = 200, body = PersonBody), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn read_person(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Json<PersonBody>, ApiError> {
    let Path(id) = id?;
    let view = person::get(&api.app, caller.actor(), id).await?;
    Ok(Json(body(&api, view)))
}

/// Form of what is known about a person.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KnownForm {
    /// For programs.
    #[default]
    Json,
    /// A page to read and print.
    Html,
    /// A table.
    Csv,
}

/// How what is known is taken out.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct KnownQuery {
    /// Form: `json` (default), `html`, `csv`.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    form: KnownForm,
    /// Language of page and table: `en` (default), `zh`.
    #[param(value_type = Option<String>)]
    lang: Option<Lang>,
}

/// Everything that is known about a person: records with every version, merges, and who looked when. For the person,
/// who may ask.
#[utoipa::path(get, path = "/persons/{id}/known", tag = "persons",
    params(("id" = Uuid, Path, description = "Person"), KnownQuery),
    responses((status = 200, description = "As asked for", content((Value = "application/json"), (String = "text/html"),
        (String = "text/csv"))), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn export_person(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    query: Result<Query<KnownQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let (Path(id), Query(query)) = (id?, query?);
    let known = person::known(&api.app, caller.actor(), id).await?;
    let lang = query.lang.unwrap_or(Lang::En);
    let (kind, ending, text) = match query.form {
        KnownForm::Json => return Ok(Json(known).into_response()),
        KnownForm::Html => ("text/html; charset=utf-8", "html", to_html(&known, lang)),
        KnownForm::Csv => ("text/csv; charset=utf-8", "csv", to_csv(&known, lang)),
    };
    let name = format!("attachment; filename=\"person-{id}.{ending}\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, text).into_response())
}

/// Who else is this person, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMerge {
    /// The entry that is the same person.
    merged: Uuid,
    /// Why, without names.
    reason: String,
}

/// Say that another entry is the same person. Both keep their records and are shown together.
#[utoipa::path(post, path = "/persons/{id}/merges", tag = "persons", request_body = NewMerge,
    params(("id" = Uuid, Path, description = "The entry that stays")),
    responses((status = 201, body = MergeBody), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn merge_person(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<NewMerge>, JsonRejection>,
) -> Result<(StatusCode, Json<MergeBody>), ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let made = person::merge(&api.app, caller.actor(), id, input.merged, &input.reason).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Take a merge back: each entry stands for itself again.
#[utoipa::path(delete, path = "/persons/{id}/merges/{merge}", tag = "persons",
    params(("id" = Uuid, Path, description = "Person"), ("merge" = Uuid, Path, description = "Merge")),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn unmerge_person(
    State(api): State<Api>,
    caller: Caller,
    ids: Result<Path<(Uuid, Uuid)>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path((id, merge)) = ids?;
    person::unmerge(&api.app, caller.actor(), id, merge).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why a person is erased.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// Why, without names.
    reason: String,
}

/// What was erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct Erased {
    /// Entries whose keys were destroyed.
    pub entries: u64,
}

/// Erase a person: destroys the keys of everything that is recorded of them, in every version. Counts stay. It cannot be
/// taken back.
#[utoipa::path(post, path = "/persons/{id}/erase", tag = "persons", request_body = Erasure,
    params(("id" = Uuid, Path, description = "Person")),
    responses((status = 200, body = Erased), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn erase_person(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    input: Result<Json<Erasure>, JsonRejection>,
) -> Result<Json<Erased>, ApiError> {
    let (Path(id), Json(input)) = (id?, input?);
    let entries = person::erase(&api.app, caller.actor(), id, &input.reason).await?;
    Ok(Json(Erased { entries }))
}
