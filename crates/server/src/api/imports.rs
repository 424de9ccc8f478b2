//! Files into a register, with a dry run, and the imports of the past.

use super::error::Problem;
use super::records::{parse, unknown_parameter};
use super::{Api, ApiError, Caller};
use crate::upload;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wanquan_app::ingest::dates::DateOrder;
use wanquan_app::ingest::import::{self, ImportOptions, Input, Layout, Mapping, Target};
use wanquan_app::ingest::series::Counting;
use wanquan_app::records;
use wanquan_domain::actor::Action;
use wanquan_domain::issue::Severity;
use wanquan_domain::kind::Role;
use wanquan_domain::register::Register;

/// Imports of a page if the caller does not say.
const LIMIT_DEFAULT: usize = 50;

/// What an import did, or what it would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportReport {
    /// The import, once stored.
    pub batch_id: Option<Uuid>,
    /// True if nothing was to be stored.
    pub dry_run: bool,
    /// Register.
    pub register: String,
    /// The file as it was read.
    pub file: ImportFile,
    /// `line_list`, `long` or `wide`; empty if the file was refused before it could be told.
    pub layout: String,
    /// How counts were read, `incident` or `cumulative`; none for line lists.
    pub counting: Option<String>,
    /// Every column of the file.
    pub columns: Vec<ImportColumn>,
    /// Rows below the header, blank ones left out: `accepted + refused`.
    pub rows_read: u64,
    /// Rows accepted.
    pub accepted: u64,
    /// Rows refused, each with an issue.
    pub refused: u64,
    /// Records that are new.
    pub created: u64,
    /// Records that got a new version.
    pub changed: u64,
    /// Records that the file repeats as they are stored.
    pub unchanged: u64,
    /// Issues that refuse nothing.
    pub warnings: u64,
    /// Exact number of issues by code.
    pub issue_counts: Vec<ImportIssueCount>,
    /// The first issues of each code, in the order of rows.
    pub issues: Vec<ImportIssue>,
    /// What else should be known of the file.
    pub notes: Vec<ImportNote>,
    /// Why the file was refused as a whole; nothing is stored then.
    pub refusal: Option<ImportNote>,
}

/// The file as it was read.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportFile {
    /// Name as given.
    pub name: String,
    /// Kind of file.
    pub format: String,
    /// Encoding of text.
    pub encoding: Option<String>,
    /// Delimiter of text.
    pub delimiter: Option<String>,
    /// `gzip` if it was taken off.
    pub compression: Option<String>,
    /// Sheet that was read.
    pub sheet: Option<String>,
    /// Size as sent.
    pub bytes: u64,
}

/// One column of the file.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportColumn {
    /// Name in the header.
    pub column: String,
    /// Field that it fills; `indicator:<choice>` for counts of one indicator.
    pub field: Option<String>,
    /// `id`, `label`, `synonym`, `mapping`, `ambiguous` or `unmatched`.
    pub how: String,
    /// How its dates are read.
    pub date_format: Option<String>,
    /// First values; none of columns with values of persons.
    pub samples: Vec<String>,
}

/// Number of issues of one code.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportIssueCount {
    /// Code.
    pub code: String,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// How many.
    pub count: u64,
    /// In English.
    pub message_en: String,
    /// In Chinese.
    pub message_zh: String,
}

/// One issue.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportIssue {
    /// Code.
    pub code: String,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// Field of the register.
    pub field: Option<String>,
    /// Column of the file.
    pub column: Option<String>,
    /// Row of the file, from 1, the header counted.
    pub row: Option<u64>,
    /// Value as written, shortened; not given for values of persons.
    pub value: Option<String>,
    /// In English.
    pub message_en: String,
    /// In Chinese.
    pub message_zh: String,
}

/// Something to be known of the whole file.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportNote {
    /// Code.
    pub code: String,
    /// In English.
    pub message_en: String,
    /// In Chinese.
    pub message_zh: String,
}

/// An import of the past.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportSummary {
    /// Identifier, which versions of records name.
    pub batch_id: Uuid,
    /// Name of the file.
    pub file_name: String,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// Who.
    pub by: String,
    /// Rows of the file.
    pub rows_read: u64,
    /// Rows accepted.
    pub accepted: u64,
    /// Rows refused.
    pub refused: u64,
    /// Records that were new.
    pub created: u64,
    /// Records that got a new version.
    pub changed: u64,
    /// Records that were repeated as stored.
    pub unchanged: u64,
}

/// One page of imports.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportPage {
    /// Latest first.
    pub items: Vec<ImportSummary>,
    /// Where the next page begins.
    pub next_cursor: Option<Uuid>,
}

/// How to import, as it stands in the address. Beside these, `set.<field>=<value>` gives a value to rows that have
/// none, and `map.<column>=<field>` says which field a column fills (`-` for none).
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Name of the file.
    filename: String,
    /// Only say what would be done.
    dry_run: bool,
    /// Disease of rows that name none.
    disease: Option<String>,
    /// Region (code) of rows that name none, and below which names of places are looked up.
    region: Option<String>,
    /// `dmy` or `mdy`: what comes first where the year comes last.
    #[param(value_type = Option<String>)]
    date_order: Option<DateOrder>,
    /// `line_list`, `long` or `wide`, where it is not what was found.
    #[param(value_type = Option<String>)]
    layout: Option<Layout>,
    /// `incident` or `cumulative`, where it is not what was found.
    #[param(value_type = Option<String>)]
    counting: Option<Counting>,
    /// Day on which the content became known; today if absent.
    #[param(value_type = Option<String>, format = Date)]
    known_on: Option<jiff::civil::Date>,
    /// Refuse rows of regions whose parts stand in the file too.
    parts_only: bool,
    /// Sheet of a workbook.
    sheet: Option<String>,
    #[param(ignore)]
    set: Vec<(String, String)>,
    #[param(ignore)]
    map: Vec<(String, String)>,
}

/// Which page of imports.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportPaging {
    /// Where the page begins.
    cursor: Option<Uuid>,
    /// Imports of the page, at most 200.
    limit: Option<usize>,
}

impl ImportQuery {
    fn read(pairs: Vec<(String, String)>) -> Result<Self, ApiError> {
        let mut query = Self::default();
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            let no_choice = || {
                let detail = format!("`{name}` cannot be read: `{value}`");
                ApiError::new(StatusCode::BAD_REQUEST, "bad_query", detail)
            };
            match name.as_str() {
                "filename" => query.filename = value,
                "dry_run" => query.dry_run = parse(&name, &value)?,
                "parts_only" => query.parts_only = parse(&name, &value)?,
                "known_on" => query.known_on = Some(parse(&name, &value)?),
                "disease" => query.disease = Some(value),
                "region" => query.region = Some(value),
                "sheet" => query.sheet = Some(value),
                "date_order" => {
                    let orders = [DateOrder::DayFirst, DateOrder::MonthFirst];
                    let order = orders.into_iter().find(|order| order.as_str() == value);
                    query.date_order = Some(order.ok_or_else(no_choice)?);
                }
                "layout" => query.layout = Some(Layout::parse(&value).ok_or_else(no_choice)?),
                "counting" => {
                    let counting = [Counting::Incident, Counting::Cumulative];
                    let counting = counting.into_iter().find(|counting| counting.as_str() == value);
                    query.counting = Some(counting.ok_or_else(no_choice)?);
                }
                other => match (other.strip_prefix("set."), other.strip_prefix("map.")) {
                    (Some(field), _) => query.set.push((field.to_owned(), value)),
                    (_, Some(column)) => query.map.push((column.to_owned(), value)),
                    _ => return Err(unknown_parameter(other)),
                },
            }
        }
        if query.filename.is_empty() {
            let detail = "name the file: `filename`";
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_query", detail));
        }
        Ok(query)
    }

    fn into_mapping(self, register: &Register) -> Mapping {
        let mut defaults = self.set;
        for (role, value) in [(Role::Disease, &self.disease), (Role::Region, &self.region)] {
            if let (Some(field), Some(value)) = (register.role(role), value) {
                defaults.push((field.id.clone(), value.clone()));
            }
        }
        Mapping {
            columns: self.map.into_iter().map(|(column, target)| (column, Target::parse(&target))).collect(),
            defaults,
            within: self.region,
            date_order: self.date_order,
            layout: self.layout,
            counting: self.counting,
            known_on: self.known_on,
            parts_only: self.parts_only,
            sheet: self.sheet,
        }
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

impl From<import::ImportReport> for ImportReport {
    fn from(report: import::ImportReport) -> Self {
        let file = report.file;
        let column = |c: import::ColumnReport| ImportColumn {
            column: c.column,
            field: c.field,
            how: c.how,
            date_format: c.date_format,
            samples: c.samples,
        };
        let count = |c: import::IssueCount| ImportIssueCount {
            code: c.code,
            severity: severity(c.severity),
            count: c.count,
            message_en: c.message_en,
            message_zh: c.message_zh,
        };
        let issue = |i: import::IssueReport| ImportIssue {
            code: i.code,
            severity: severity(i.severity),
            field: i.field,
            column: i.column,
            row: i.row,
            value: i.value,
            message_en: i.message_en,
            message_zh: i.message_zh,
        };
        Self {
            batch_id: report.batch_id,
            dry_run: report.dry_run,
            register: report.register,
            file: ImportFile {
                name: file.name,
                format: file.format,
                encoding: file.encoding,
                delimiter: file.delimiter,
                compression: file.compression,
                sheet: file.sheet,
                bytes: file.bytes,
            },
            layout: report.layout,
            counting: report.counting,
            columns: report.columns.into_iter().map(column).collect(),
            rows_read: report.rows_read,
            accepted: report.accepted,
            refused: report.refused,
            created: report.created,
            changed: report.changed,
            unchanged: report.unchanged,
            warnings: report.warnings,
            issue_counts: report.issue_counts.into_iter().map(count).collect(),
            issues: report.issues.into_iter().map(issue).collect(),
            notes: report
                .notes
                .into_iter()
                .map(|n| ImportNote { code: n.code, message_en: n.message_en, message_zh: n.message_zh })
                .collect(),
            refusal: report.refusal.map(|r| ImportNote {
                code: r.code,
                message_en: r.message,
                message_zh: r.message_zh,
            }),
        }
    }
}

/// Import a file: CSV, TSV, semicolons, XLSX, also gzipped. The body is the file itself. A file that cannot be used is
/// answered with a report that says why.
#[utoipa::path(post, path = "/registers/{register}/imports", tag = "records",
    params(("register" = String, Path, description = "Register"), ImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ImportReport), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 413, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn create_import(
    State(api): State<Api>,
    caller: Caller,
    register: Result<Path<String>, PathRejection>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ImportReport>, ApiError> {
    let (Path(register), Query(pairs)) = (register?, pairs?);
    // Refused before hundreds of megabytes come in for nothing.
    let declared = records::admit(&api.app, caller.actor(), &register, Action::RecordImport)?.clone();
    let query = ImportQuery::read(pairs)?;
    let file = upload::receive(&api.config, &headers, body).await?;
    let input = Input { source: file.path().into(), name: query.filename.clone() };
    let dry_run = query.dry_run;
    let options =
        ImportOptions { mapping: query.into_mapping(&declared), dry_run, ..ImportOptions::default() };
    let report = import::import(&api.app, caller.actor(), &register, input, options).await?;
    Ok(Json(report.into()))
}

/// Imports of the past into a register, in the regions that the caller may read.
#[utoipa::path(get, path = "/registers/{register}/imports", tag = "records",
    params(("register" = String, Path, description = "Register"), ImportPaging),
    responses((status = 200, body = ImportPage), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn list_imports(
    State(api): State<Api>,
    caller: Caller,
    register: Result<Path<String>, PathRejection>,
    paging: Result<Query<ImportPaging>, QueryRejection>,
) -> Result<Json<ImportPage>, ApiError> {
    let (Path(register), Query(paging)) = (register?, paging?);
    let limit = paging.limit.unwrap_or(LIMIT_DEFAULT);
    let imports = import::imports(&api.app, caller.actor(), &register, paging.cursor, limit).await?;
    let summary = |past: import::PastImport| ImportSummary {
        batch_id: past.id,
        file_name: past.file_name,
        at: past.at.to_string(),
        by: past.by,
        rows_read: past.rows_read,
        accepted: past.accepted,
        refused: past.refused,
        created: past.created,
        changed: past.changed,
        unchanged: past.unchanged,
    };
    Ok(Json(ImportPage {
        items: imports.items.into_iter().map(summary).collect(),
        next_cursor: imports.next,
    }))
}
