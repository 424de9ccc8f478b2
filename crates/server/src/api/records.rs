//! Records of a register: lists, single records with their history, entering, changing, withdrawing.

use super::error::{IssueBody, Problem};
use super::{Api, ApiError, Caller, Headers};
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wanquan_app::person::Whose;
use wanquan_app::records::{self, Listed, Shown, ShownVersion};
use wanquan_domain::pack::Packs;
use wanquan_domain::record::RecordId;
use wanquan_domain::region::RegionCode;

/// Records of a page if the caller does not say.
const LIMIT_DEFAULT: u32 = 50;
/// Longest page.
const LIMIT_MAX: u32 = 200;

/// A region as a record names it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordRegion {
    /// Code.
    pub code: String,
    /// Name; the code if the region is not in the tree any more.
    pub name: String,
}

/// A record.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordBody {
    /// Identifier.
    pub id: Uuid,
    /// Register.
    pub register: String,
    /// Version; the `ETag` of the answer says the same.
    pub version: u32,
    /// Region that it belongs to.
    pub region: RecordRegion,
    /// Disease.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disease: Option<String>,
    /// Day of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub event_date: Option<Date>,
    /// Values by field.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub data: Map<String, Value>,
    /// When this version became known.
    #[schema(format = DateTime)]
    pub known_at: String,
    /// When the first version was stored.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Who made this version.
    pub changed_by: String,
    /// Why, where a person said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Withdrawn: in no list and no count. Changing it brings it back.
    pub withdrawn: bool,
    /// The person whom it is about, where the caller may see personal fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Uuid>,
    /// The person was erased: what was said of them can be read by nobody any more.
    pub erased: bool,
    /// Fields that the caller may not see, whether they have a value or not.
    pub redacted: Vec<String>,
    /// What the caller may do with it.
    pub actions: Vec<&'static str>,
    /// What is doubtful about the values just written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<IssueBody>,
}

/// One page of records.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordPage {
    /// Records, latest event first. Personal fields that are no columns of the register are left out.
    pub items: Vec<RecordBody>,
    /// Where the next page begins. A page may be short although more follow.
    pub next_cursor: Option<String>,
    /// Size of the list, on the first page, where it can be told without looking into every record.
    pub total_estimate: Option<u64>,
    /// True if there are more than `total_estimate`.
    pub total_more: bool,
}

/// One version of a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordVersion {
    /// Version.
    pub version: u32,
    /// When it became known.
    #[schema(format = DateTime)]
    pub known_at: String,
    /// Who made it.
    pub changed_by: String,
    /// Values by field.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub data: Map<String, Value>,
    /// Fields that differ from the version before.
    pub changes: Vec<String>,
    /// Why, where a person said so.
    pub reason: Option<String>,
    /// Withdrawn by this version.
    pub withdrawn: bool,
    /// The person was erased: what was said of them can be read by nobody any more.
    pub erased: bool,
}

/// The history of a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordVersions {
    /// Versions in the order in which they became known.
    pub items: Vec<RecordVersion>,
    /// Fields that the caller may not see.
    pub redacted: Vec<String>,
}

/// Values of a new record.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRecord {
    /// Values by field.
    #[schema(value_type = BTreeMap<String, Value>)]
    data: Map<String, Value>,
    /// The person whose record it is, where somebody said so. Otherwise it goes to whoever is known by its document, or
    /// by its telephone and name, and to a new person if nobody is.
    person: Option<Uuid>,
    /// It is of a person of its own, although others look alike.
    #[serde(default)]
    another_person: bool,
}

impl NewRecord {
    fn whose(&self) -> Result<Whose, ApiError> {
        match (self.person, self.another_person) {
            (None, false) => Ok(Whose::Found),
            (None, true) => Ok(Whose::OwnPerson),
            (Some(person), false) => Ok(Whose::Of(person)),
            (Some(_), true) => {
                let detail = "either of a known person, or of another one";
                Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_input", detail))
            }
        }
    }
}

/// Values of a changed record.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedRecord {
    /// All values by field; one that is left out is removed. Fields that are hidden from the caller keep theirs.
    #[schema(value_type = BTreeMap<String, Value>)]
    data: Map<String, Value>,
    /// Why.
    reason: Option<String>,
}

/// Why a record is withdrawn.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// Why.
    reason: String,
}

/// As known on which day.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AsOf {
    /// As known at the end of this day; as known now if absent.
    #[param(value_type = Option<String>, format = Date)]
    as_of: Option<Date>,
}

/// Filters of lists and exports, as they stand in an address. Beside these, `f.<field>=<value>` tests a field: choices,
/// codes, numbers and dates equal the value, texts contain it. Personal fields are sealed: document numbers, telephones
/// and names are found as a whole (in any spelling of the number; names also by pinyin), other personal fields not at
/// all (409, `sealed_field`).
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RecordFilter {
    /// In this region and below.
    pub region: Option<String>,
    /// Of this disease.
    pub disease: Option<String>,
    /// First day of the event.
    #[param(value_type = Option<String>, format = Date)]
    pub from: Option<Date>,
    /// Last day of the event.
    #[param(value_type = Option<String>, format = Date)]
    pub to: Option<Date>,
    /// Beginning of the title; the whole name where the title is one.
    pub q: Option<String>,
    /// As known at the end of this day.
    #[param(value_type = Option<String>, format = Date)]
    pub as_of: Option<Date>,
    /// Tests of fields.
    #[param(ignore)]
    pub fields: Vec<(String, String)>,
}

impl RecordFilter {
    /// Takes in one parameter; false if it is none of a filter.
    ///
    /// # Errors
    /// If its value makes no sense.
    pub fn take(&mut self, name: &str, value: &str) -> Result<bool, ApiError> {
        let text = || Some(value.to_owned()).filter(|text| !text.is_empty());
        let date = || text().map(|text| parse(name, &text)).transpose();
        match name {
            "region" => self.region = text(),
            "disease" => self.disease = text(),
            "q" => self.q = text(),
            "from" => self.from = date()?,
            "to" => self.to = date()?,
            "as_of" => self.as_of = date()?,
            _ => {
                let Some(field) = name.strip_prefix("f.") else { return Ok(false) };
                self.fields.extend(text().map(|text| (field.to_owned(), text)));
            }
        }
        Ok(true)
    }

    /// The query that it stands for.
    pub fn into_query(self) -> records::Query {
        records::Query {
            region: self.region.as_deref().map(RegionCode::new),
            disease: self.disease,
            from: self.from,
            to: self.to,
            title: self.q,
            fields: self.fields,
            as_of: self.as_of,
        }
    }
}

/// Reads one parameter of an address.
///
/// # Errors
/// A problem that names it.
pub fn parse<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, ApiError> {
    let refuse = |_| {
        let detail = format!("`{name}` cannot be read: `{value}`");
        ApiError::new(StatusCode::BAD_REQUEST, "bad_query", detail)
    };
    value.parse().map_err(refuse)
}

/// The problem of a parameter that the address does not know: a misspelt filter would be no filter.
pub fn unknown_parameter(name: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "bad_query", format!("unknown parameter `{name}`"))
}

/// The pairs of an address.
pub type Pairs = Query<Vec<(String, String)>>;

/// A region as answers name it.
pub(super) fn region_of(packs: &Packs, code: &RegionCode) -> RecordRegion {
    let name = packs.regions.get(code).map(|region| region.name.clone());
    RecordRegion { code: code.to_string(), name: name.unwrap_or_else(|| code.to_string()) }
}

fn body(packs: &Packs, shown: Shown) -> RecordBody {
    let record = shown.record;
    RecordBody {
        id: record.id.0,
        register: record.register,
        version: record.version,
        region: region_of(packs, &record.region),
        disease: Some(record.disease).filter(|disease| !disease.is_empty()),
        event_date: record.event_date,
        data: record.data.into_map(),
        known_at: record.known_at.to_string(),
        created_at: record.created_at.to_string(),
        changed_by: record.changed_by,
        reason: record.reason,
        withdrawn: record.deleted,
        person: record.person,
        erased: record.erased,
        redacted: shown.redacted,
        actions: shown.actions.iter().map(|action| action.as_str()).collect(),
        issues: shown.warnings.iter().map(IssueBody::from).collect(),
    }
}

/// A record with its version as entity tag.
fn tagged(api: &Api, status: StatusCode, shown: Shown) -> Response {
    let tag = format!("\"{}\"", shown.record.version);
    let tag = HeaderValue::from_str(&tag).expect("digits and quotes are admissible");
    (status, [(header::ETAG, tag)], Json(body(api.app.packs(), shown))).into_response()
}

/// The version in `If-Match`.
fn expected_version(headers: &HeaderMap) -> Result<u32, ApiError> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        let detail = "say which version you saw, by the header If-Match: \"VERSION\"";
        return Err(ApiError::new(StatusCode::PRECONDITION_REQUIRED, "if_match_required", detail));
    };
    let tag = value.to_str().ok().map(str::trim).map(|tag| tag.strip_prefix("W/").unwrap_or(tag));
    let version = tag.and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok());
    let detail = "If-Match is not the entity tag of a record";
    version.ok_or_else(|| ApiError::new(StatusCode::BAD_REQUEST, "bad_if_match", detail))
}

/// Records of a register, latest event first.
#[utoipa::path(get, path = "/registers/{register}/records", tag = "records",
    params(("register" = String, Path, description = "Register"), RecordFilter,
        ("cursor" = Option<String>, Query, description = "Where the page begins"),
        ("limit" = Option<u32>, Query, description = "Records of the page, at most 200")),
    responses((status = 200, body = RecordPage), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list_records(
    State(api): State<Api>,
    caller: Caller,
    register: Result<Path<String>, PathRejection>,
    pairs: Result<Pairs, QueryRejection>,
) -> Result<Json<RecordPage>, ApiError> {
    let (Path(register), Query(pairs)) = (register?, pairs?);
    let (mut filter, mut cursor, mut limit) = (RecordFilter::default(), None, LIMIT_DEFAULT);
    for (name, value) in pairs {
        match name.as_str() {
            "cursor" => cursor = Some(value),
            "limit" => limit = parse::<u32>(&name, &value)?.clamp(1, LIMIT_MAX),
            _ if filter.take(&name, &value)? => {}
            _ => return Err(unknown_parameter(&name)),
        }
    }
    let query = filter.into_query();
    let listed = records::list(&api.app, caller.actor(), &register, &query, cursor.as_deref(), limit).await?;
    let Listed { items, next, total } = listed;
    Ok(Json(RecordPage {
        items: items.into_iter().map(|shown| body(api.app.packs(), shown)).collect(),
        next_cursor: next,
        total_estimate: total.map(|total| total.n),
        total_more: total.is_some_and(|total| total.more),
    }))
}

/// Enter a record. A retry with the same `Idempotency-Key` and values gives the record of the first attempt.
#[utoipa::path(post, path = "/registers/{register}/records", tag = "records", request_body = NewRecord,
    params(("register" = String, Path, description = "Register"),
        ("idempotency-key" = Option<String>, Header, description = "Chosen by the caller, new for each record")),
    responses((status = 201, body = RecordBody), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create_record(
    State(api): State<Api>,
    caller: Caller,
    register: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    input: Result<Json<NewRecord>, JsonRejection>,
) -> Result<Response, ApiError> {
    let (Path(register), Json(input)) = (register?, input?);
    let key = headers.text("idempotency-key")?;
    let whose = input.whose()?;
    let shown = records::create_for(&api.app, caller.actor(), &register, input.data, whose, key).await?;
    let location = HeaderValue::from_str(&format!("/api/v1/records/{}", shown.record.id));
    let mut response = tagged(&api, StatusCode::CREATED, shown);
    response.headers_mut().insert(header::LOCATION, location.expect("an identifier is admissible"));
    Ok(response)
}

/// A record, as known now or at the end of a day.
#[utoipa::path(get, path = "/records/{id}", tag = "records",
    params(("id" = Uuid, Path, description = "Record"), AsOf),
    responses((status = 200, body = RecordBody), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn read_record(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    query: Result<Query<AsOf>, QueryRejection>,
) -> Result<Response, ApiError> {
    let (Path(id), Query(query)) = (id?, query?);
    let shown = records::get(&api.app, caller.actor(), RecordId(id), query.as_of).await?;
    Ok(tagged(&api, StatusCode::OK, shown))
}

/// Change a record. `If-Match` carries the version that the person saw; if somebody else was quicker, the answer (409)
/// tells the stored version and the fields that differ.
#[utoipa::path(put, path = "/records/{id}", tag = "records", request_body = ChangedRecord,
    params(("id" = Uuid, Path, description = "Record"),
        ("if-match" = String, Header, description = "Entity tag of the version that was seen")),
    responses((status = 200, body = RecordBody), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 428, body = Problem)))]
pub async fn update_record(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    headers: HeaderMap,
    input: Result<Json<ChangedRecord>, JsonRejection>,
) -> Result<Response, ApiError> {
    let (Path(id), expected, Json(input)) = (id?, expected_version(&headers)?, input?);
    let reason = input.reason.as_deref();
    let shown = records::update(&api.app, caller.actor(), RecordId(id), expected, input.data, reason).await?;
    Ok(tagged(&api, StatusCode::OK, shown))
}

/// Withdraw a record: it leaves lists and counts, its history stays.
#[utoipa::path(delete, path = "/records/{id}", tag = "records", request_body = Withdrawal,
    params(("id" = Uuid, Path, description = "Record"),
        ("if-match" = String, Header, description = "Entity tag of the version that was seen")),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 428, body = Problem)))]
pub async fn delete_record(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
    headers: HeaderMap,
    input: Result<Json<Withdrawal>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    let (Path(id), expected, Json(input)) = (id?, expected_version(&headers)?, input?);
    records::withdraw(&api.app, caller.actor(), RecordId(id), expected, &input.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Every version of a record.
#[utoipa::path(get, path = "/records/{id}/versions", tag = "records",
    params(("id" = Uuid, Path, description = "Record")),
    responses((status = 200, body = RecordVersions), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn list_record_versions(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Json<RecordVersions>, ApiError> {
    let Path(id) = id?;
    let history = records::versions(&api.app, caller.actor(), RecordId(id)).await?;
    let version = |shown: ShownVersion| RecordVersion {
        version: shown.version,
        known_at: shown.known_at.to_string(),
        changed_by: shown.changed_by,
        data: shown.data.into_map(),
        changes: shown.changes,
        reason: shown.reason,
        withdrawn: shown.withdrawn,
        erased: shown.erased,
    };
    Ok(Json(RecordVersions {
        items: history.versions.into_iter().map(version).collect(),
        redacted: history.redacted,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_tag_is_a_version() {
        let version = |text: &'static str| {
            let headers = HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_static(text))]);
            expected_version(&headers).ok()
        };
        assert_eq!(version("\"3\""), Some(3));
        assert_eq!(version("W/\"3\""), Some(3));
        assert_eq!(version("3"), None);
        assert_eq!(version("*"), None);
        assert!(expected_version(&HeaderMap::new()).is_err());
    }
}
