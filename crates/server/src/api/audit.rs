//! The audit log: who did what to what.

use super::error::Problem;
use super::{Api, ApiError, Caller};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use wanquan_app::audit::{self, Entry};

/// Entries of a page if the caller does not say.
const LIMIT_DEFAULT: u32 = 100;

/// An entry of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Place in the log, from 1 without gaps.
    pub seq: u64,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// Name of who acted.
    pub actor: String,
    /// What was done, `noun.verb`.
    pub act: String,
    /// To what: kind and identifier.
    pub subject: String,
    /// Facts about the act; of a person's act, the account.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub detail: Value,
    /// Digest of the entry and of the one before it, in hexadecimal.
    pub hash: String,
}

/// One page of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    /// Latest first.
    pub items: Vec<AuditEntry>,
    /// Where the next page begins.
    pub next_cursor: Option<u64>,
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// Name of who acted.
    actor: Option<String>,
    /// Kind and identifier of the subject: `record/0197...`.
    subject: Option<String>,
    /// What was done: `record.look`.
    act: Option<String>,
    /// From this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Until before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Where the page begins.
    cursor: Option<u64>,
    /// Entries of the page, at most 1,000.
    limit: Option<u32>,
}

impl From<&Entry> for AuditEntry {
    fn from(entry: &Entry) -> Self {
        Self {
            seq: entry.seq,
            at: entry.what.at.to_string(),
            actor: entry.what.actor.clone(),
            act: entry.what.act.clone(),
            subject: entry.what.subject.clone(),
            detail: entry.what.detail.clone(),
            hash: hexadecimal(&entry.hash),
        }
    }
}

/// Bytes in hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Entries of the audit log, latest first. It belongs to the installation and to no region, so only who may read it
/// everywhere reads it.
#[utoipa::path(get, path = "/audit", tag = "administration", params(AuditFilter), responses(
    (status = 200, body = AuditPage), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn list_audit_entries(
    State(api): State<Api>,
    caller: Caller,
    filter: Result<Query<AuditFilter>, QueryRejection>,
) -> Result<Json<AuditPage>, ApiError> {
    let Query(filter) = filter?;
    let query = audit::Query {
        actor: filter.actor,
        subject: filter.subject,
        act: filter.act,
        from: filter.from,
        until: filter.until,
    };
    let limit = filter.limit.unwrap_or(LIMIT_DEFAULT);
    let page = audit::list(&api.app, caller.actor(), &query, filter.cursor, limit).await?;
    Ok(Json(AuditPage { items: page.items.iter().map(AuditEntry::from).collect(), next_cursor: page.next }))
}
