//! The one place where an error of the program becomes an HTTP answer (RFC 9457).

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use wanquan_app::Error;
use wanquan_domain::issue::Issue;
use wanquan_domain::text::Lang;

/// A finding about one value.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IssueBody {
    /// Stable code.
    pub code: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// Field of the register.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Column of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Row of the file, the header counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Value as given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// In English.
    pub message_en: String,
    /// In Chinese.
    pub message_zh: String,
}

impl From<&Issue> for IssueBody {
    fn from(issue: &Issue) -> Self {
        Self {
            code: issue.code.as_str(),
            severity: match issue.severity {
                wanquan_domain::issue::Severity::Error => "error",
                wanquan_domain::issue::Severity::Warning => "warning",
            },
            field: issue.field.clone(),
            column: issue.column.clone(),
            row: issue.row,
            value: issue.value.clone(),
            message_en: issue.message(Lang::En),
            message_zh: issue.message(Lang::Zh),
        }
    }
}

/// A problem, `application/problem+json`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Address of the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// Kind of problem in words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: String,
    /// What happened here.
    pub detail: String,
    /// Findings about values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<IssueBody>,
    /// The version stored now, where somebody changed it meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_version: Option<u32>,
    /// Fields that somebody changed meanwhile.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed_fields: Vec<String>,
    /// Who changed it meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// Identifier of what exists already, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<String>,
}

/// An error on its way to the client.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: String,
    detail: String,
    issues: Vec<IssueBody>,
    current_version: Option<u32>,
    changed_fields: Vec<String>,
    changed_by: Option<String>,
    existing: Option<String>,
    retry_after_s: Option<u64>,
}

impl ApiError {
    /// A problem with a stable code.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            detail: detail.into(),
            issues: Vec::new(),
            current_version: None,
            changed_fields: Vec::new(),
            changed_by: None,
            existing: None,
            retry_after_s: None,
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        let new = |status, code: &str| Self::new(status, code, detail.clone());
        match error {
            Error::NotSignedIn => new(StatusCode::UNAUTHORIZED, "not_signed_in"),
            Error::BadCredentials => new(StatusCode::UNAUTHORIZED, "bad_credentials"),
            Error::TooManyAttempts { retry_after_s } => Self {
                retry_after_s: Some(retry_after_s),
                ..new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts")
            },
            Error::Forbidden { .. } => new(StatusCode::FORBIDDEN, "forbidden"),
            Error::Refused { code, .. } => new(StatusCode::CONFLICT, code),
            Error::NotFound { .. } => new(StatusCode::NOT_FOUND, "not_found"),
            Error::Conflict { current_version, changed, changed_by, .. } => Self {
                current_version: Some(current_version),
                changed_fields: changed,
                changed_by,
                ..new(StatusCode::CONFLICT, "version_conflict")
            },
            Error::Duplicate { existing, .. } => {
                Self { existing: existing.map(|id| id.to_string()), ..new(StatusCode::CONFLICT, "duplicate") }
            }
            Error::Invalid { issues } => Self {
                issues: issues.iter().map(IssueBody::from).collect(),
                ..new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_record")
            },
            Error::BadInput { .. } => new(StatusCode::UNPROCESSABLE_ENTITY, "bad_input"),
            Error::Busy => Self { retry_after_s: Some(5), ..new(StatusCode::SERVICE_UNAVAILABLE, "busy") },
            other => {
                // The chain may name tables and files, which is for the log and not for the client.
                tracing::error!(error = %anyhow::Error::new(other).to_string_chain(), "A request failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong; it was noted")
            }
        }
    }
}

trait Chain {
    fn to_string_chain(&self) -> String;
}

impl Chain for anyhow::Error {
    fn to_string_chain(&self) -> String {
        format!("{self:#}")
    }
}

macro_rules! from_rejection {
    ($($rejection:ty => $code:literal,)*) => {$(
        impl From<$rejection> for ApiError {
            fn from(rejection: $rejection) -> Self {
                Self::new(rejection.status(), $code, rejection.body_text())
            }
        }
    )*};
}

from_rejection! {
    JsonRejection => "bad_json",
    QueryRejection => "bad_query",
    PathRejection => "bad_path",
}

impl ApiError {
    /// The problem as it stands in an answer.
    pub fn into_problem(self) -> Problem {
        Problem {
            kind: format!("/docs/problems#{}", self.code),
            title: self.status.canonical_reason().unwrap_or("problem").to_owned(),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
            issues: self.issues,
            current_version: self.current_version,
            changed_fields: self.changed_fields,
            changed_by: self.changed_by,
            existing: self.existing,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, retry_after_s) = (self.status, self.retry_after_s);
        let mut response = (status, Json(self.into_problem())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
