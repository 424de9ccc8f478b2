//! What an import says: the file as it was read, the columns, the counts, the first findings.

use super::Refusal;
use super::columns::Plan;
use super::findings::Findings;
use crate::ingest::read::FileInfo;
use serde::Serialize;
use uuid::Uuid;
use wanquan_domain::issue::{Issue, IssueCode, Severity};
use wanquan_domain::region::RegionCode;
use wanquan_domain::text::Lang;

/// The report of an import or of its dry run. Its JSON form is part of the API.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportReport {
    /// The import, once stored.
    pub batch_id: Option<Uuid>,
    /// True if nothing was to be stored.
    pub dry_run: bool,
    /// Register.
    pub register: String,
    /// The file as it was read.
    pub file: FileReport,
    /// `line_list`, `long` or `wide`; empty if the file was refused before it could be told.
    pub layout: String,
    /// How counts were read, `incident` or `cumulative`; `None` for line lists.
    pub counting: Option<String>,
    /// Every column of the file.
    pub columns: Vec<ColumnReport>,
    /// Rows below the header, blank ones left out: `accepted + refused`.
    pub rows_read: u64,
    /// Rows accepted.
    pub accepted: u64,
    /// Rows refused, each with an issue.
    pub refused: u64,
    /// Records that are new. A row of a table with several counts makes several records.
    pub created: u64,
    /// Records that got a new version.
    pub changed: u64,
    /// Records that the file repeats as they are stored.
    pub unchanged: u64,
    /// Issues that refuse nothing.
    pub warnings: u64,
    /// Exact number of issues by code.
    pub issue_counts: Vec<IssueCount>,
    /// The first issues of each code, in the order of rows.
    pub issues: Vec<IssueReport>,
    /// What else should be known of the file.
    pub notes: Vec<NoteReport>,
    /// Why the file was refused as a whole; nothing is stored then.
    pub refusal: Option<RefusalReport>,
}

/// The file as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileReport {
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
    /// Size as stored.
    pub bytes: u64,
}

/// One column of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnReport {
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueCount {
    /// Code.
    pub code: String,
    /// `error` or `warning`.
    pub severity: Severity,
    /// How many.
    pub count: u64,
    /// Sentence in English.
    pub message_en: String,
    /// Sentence in Chinese.
    pub message_zh: String,
}

/// One issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueReport {
    /// Code.
    pub code: String,
    /// `error` or `warning`.
    pub severity: Severity,
    /// Field of the register.
    pub field: Option<String>,
    /// Column of the file.
    pub column: Option<String>,
    /// Row of the file, from 1, the header counted.
    pub row: Option<u64>,
    /// Value as written, shortened; not given for values of persons.
    pub value: Option<String>,
    /// Sentence in English.
    pub message_en: String,
    /// Sentence in Chinese.
    pub message_zh: String,
}

/// A note on the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoteReport {
    /// Code.
    pub code: String,
    /// Sentence in English.
    pub message_en: String,
    /// Sentence in Chinese.
    pub message_zh: String,
}

/// Why a file was refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusalReport {
    /// Code.
    pub code: String,
    /// Sentence in English.
    pub message: String,
    /// Sentence in Chinese.
    pub message_zh: String,
}

impl From<&Issue> for IssueReport {
    fn from(issue: &Issue) -> Self {
        Self {
            code: issue.code.as_str().to_owned(),
            severity: issue.severity,
            field: issue.field.clone(),
            column: issue.column.clone(),
            row: issue.row,
            value: issue.value.clone(),
            message_en: issue.message(Lang::En),
            message_zh: issue.message(Lang::Zh),
        }
    }
}

impl ImportReport {
    /// A report that so far says nothing but which file is meant for which register.
    pub(super) fn new(register: &str, name: &str, dry_run: bool) -> Self {
        Self {
            batch_id: None,
            dry_run,
            register: register.to_owned(),
            file: FileReport { name: name.to_owned(), ..FileReport::default() },
            layout: String::new(),
            counting: None,
            columns: Vec::new(),
            rows_read: 0,
            accepted: 0,
            refused: 0,
            created: 0,
            changed: 0,
            unchanged: 0,
            warnings: 0,
            issue_counts: Vec::new(),
            issues: Vec::new(),
            notes: Vec::new(),
            refusal: None,
        }
    }

    pub(super) fn set_file(&mut self, info: &FileInfo) {
        self.file = FileReport {
            name: info.name.clone(),
            format: info.format.as_str().to_owned(),
            encoding: info.encoding.map(|encoding| encoding.as_str().to_owned()),
            delimiter: info.delimiter.map(String::from),
            compression: info.gzip.then(|| "gzip".to_owned()),
            sheet: info.sheet.clone(),
            bytes: info.bytes,
        };
        self.notes = info
            .notes
            .iter()
            .map(|note| {
                let text = note.text();
                NoteReport { code: note.code().to_owned(), message_en: text.en, message_zh: text.zh }
            })
            .collect();
    }

    pub(super) fn set_plan(&mut self, plan: &Plan) {
        plan.layout.as_str().clone_into(&mut self.layout);
        self.counting = plan.counting().map(|counting| counting.as_str().to_owned());
        self.columns = plan.reports.clone();
    }

    pub(super) fn set_findings(&mut self, findings: &Findings) {
        self.rows_read = findings.accepted + findings.refused;
        self.accepted = findings.accepted;
        self.refused = findings.refused;
        self.warnings = findings.warnings();
        let count = |(code, count): (IssueCode, u64)| IssueCount {
            code: code.as_str().to_owned(),
            severity: code.severity(),
            count,
            message_en: code.text().en,
            message_zh: code.text().zh,
        };
        if !findings.wider.is_empty() {
            let mut codes: Vec<&str> = findings.wider.iter().map(RegionCode::as_str).collect();
            codes.sort_unstable();
            let (n, shown) = (codes.len(), codes.into_iter().take(5).collect::<Vec<_>>().join(", "));
            self.notes.push(NoteReport {
                code: "N201".to_owned(),
                message_en: format!(
                    "{n} regions stand beside regions within them ({shown}): their counts are added to those of their \
                     parts; if they are totals, import with --parts-only"
                ),
                message_zh: format!(
                    "有 {n} 个地区与其下级地区同在文件中（{shown}）：其数值与下级相加；如为合计，请用 --parts-only 导入"
                ),
            });
        }
        self.issue_counts = findings.counts().map(count).collect();
        self.issues = findings.first().iter().map(IssueReport::from).collect();
    }

    pub(super) fn refuse(&mut self, refusal: &Refusal) {
        self.refusal = Some(RefusalReport {
            code: refusal.code().to_owned(),
            message: refusal.to_string(),
            message_zh: refusal.message_zh(),
        });
    }

    /// The report as it is kept with the import: without values, which may be personal.
    pub fn without_values(&self) -> Self {
        let mut kept = self.clone();
        kept.issues.iter_mut().for_each(|issue| issue.value = None);
        kept.columns.iter_mut().for_each(|column| column.samples.clear());
        kept
    }
}
