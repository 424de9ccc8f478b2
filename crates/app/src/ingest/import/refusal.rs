//! Why a file is refused as a whole, although it is a table, and what to do about it.

use super::Layout;
use super::report::ColumnReport;
use crate::ingest::read::ReadError;
use jiff::civil::Date;
use wanquan_domain::issue::Issue;
use wanquan_domain::text::Lang;

/// A file of which nothing is stored. Codes are stable: `F1..` is no table, `F3..` does not fit the register or the
/// options.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// F1..: no table.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// F301: no column is understood.
    #[error(
        "no column of the file is a field of the register `{register}` (columns: {header}); say which is which with --map COLUMN=FIELD"
    )]
    NoColumns {
        /// Register.
        register: String,
        /// Columns of the file.
        header: String,
        /// Columns for the report.
        reports: Vec<ColumnReport>,
        /// Layout found.
        layout: Layout,
    },
    /// F302: required fields that neither a column nor a default fills.
    #[error(
        "neither a column nor an option gives the required {fields}; name a column with --map COLUMN=FIELD or say {example}"
    )]
    MissingFields {
        /// Fields.
        fields: String,
        /// Their Chinese names.
        labels: String,
        /// Options that would help.
        example: String,
        /// Columns for the report.
        reports: Vec<ColumnReport>,
        /// Layout found.
        layout: Layout,
    },
    /// F303: a column that was named does not exist.
    #[error("the file has no column `{column}`; it has: {available}")]
    NoColumn {
        /// Column.
        column: String,
        /// Columns that exist.
        available: String,
    },
    /// F304: a field that was named does not exist.
    #[error("the register has no field `{field}`; it has: {available}")]
    NoField {
        /// Field.
        field: String,
        /// Fields that exist.
        available: String,
    },
    /// F305: a default is no value of its field.
    #[error("the value given for `{field}` cannot be used: {}", issue.message(Lang::En))]
    WrongDefault {
        /// Field.
        field: String,
        /// What is wrong.
        issue: Box<Issue>,
    },
    /// F306: a region that was named does not exist or is not the only one.
    #[error("`{name}` is not the code or the name of one region{}", if several.is_empty() { String::new() } else { format!(" (several: {several})") })]
    NoRegion {
        /// As written.
        name: String,
        /// Codes of several regions.
        several: String,
    },
    /// F307: a table of days without columns of days.
    #[error("no columns of days were found: their names must be dates, each later than the one before")]
    NoDayColumns,
    /// F308: a layout of counts for a register of persons.
    #[error("the register `{register}` holds one record a row, not counts")]
    LayoutOfCounts {
        /// Register.
        register: String,
    },
    /// F309: a layout of persons for a register of counts.
    #[error("the register `{register}` holds counts, not persons")]
    LayoutOfPersons {
        /// Register.
        register: String,
    },
    /// F310: an indicator that was named does not exist.
    #[error("there is no indicator `{name}`; there are: {available}")]
    NoIndicator {
        /// As written.
        name: String,
        /// Choices.
        available: String,
    },
    /// F311: more running totals than fit.
    #[error("the file has more than {max} running totals; give new cases, or one column a day")]
    TooManyTotals {
        /// Limit.
        max: usize,
    },
    /// F312: known in the future.
    #[error("the file cannot have become known on {day}: that day lies in the future")]
    KnownInFuture {
        /// Day.
        day: Date,
    },
}

impl Refusal {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(error) => error.code(),
            Self::NoColumns { .. } => "F301",
            Self::MissingFields { .. } => "F302",
            Self::NoColumn { .. } => "F303",
            Self::NoField { .. } => "F304",
            Self::WrongDefault { .. } => "F305",
            Self::NoRegion { .. } => "F306",
            Self::NoDayColumns => "F307",
            Self::LayoutOfCounts { .. } => "F308",
            Self::LayoutOfPersons { .. } => "F309",
            Self::NoIndicator { .. } => "F310",
            Self::TooManyTotals { .. } => "F311",
            Self::KnownInFuture { .. } => "F312",
        }
    }

    /// The reason in Chinese; `Display` is the English form.
    pub fn message_zh(&self) -> String {
        match self {
            Self::Read(error) => error.message_zh(),
            Self::NoColumns { register, header, .. } => {
                format!("文件中没有登记簿“{register}”的字段（列：{header}）；请指明哪一列是哪个字段")
            }
            Self::MissingFields { labels, .. } => format!("缺少必填项：{labels}；请指定对应的列或默认值"),
            Self::NoColumn { column, available } => format!("文件没有列“{column}”，现有：{available}"),
            Self::NoField { field, available } => format!("登记簿没有字段“{field}”，现有：{available}"),
            Self::WrongDefault { field, issue } => {
                format!("字段“{field}”的默认值无法使用：{}", issue.message(Lang::Zh))
            }
            Self::NoRegion { name, several } if several.is_empty() => {
                format!("没有名称或代码为“{name}”的地区")
            }
            Self::NoRegion { name, several } => format!("“{name}”对应多个地区：{several}"),
            Self::NoDayColumns => "没有找到日期列：列名应为逐日递增的日期".to_owned(),
            Self::LayoutOfCounts { register } => format!("登记簿“{register}”每行一条记录，不是统计数"),
            Self::LayoutOfPersons { register } => format!("登记簿“{register}”存放统计数，不是个案"),
            Self::NoIndicator { name, available } => format!("没有指标“{name}”，现有：{available}"),
            Self::TooManyTotals { max } => format!("累计数超过 {max} 个，请改用新增数或每日一列的形式"),
            Self::KnownInFuture { day } => format!("获知日期 {day} 在未来"),
        }
    }

    /// The columns as far as they were understood.
    pub(super) fn columns(&self) -> Option<(&[ColumnReport], Layout)> {
        match self {
            Self::NoColumns { reports, layout, .. } | Self::MissingFields { reports, layout, .. } => {
                Some((reports, *layout))
            }
            _ => None,
        }
    }
}
