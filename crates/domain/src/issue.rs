//! Coded findings about a value, a row or a file. Bad data is not an error of the program.

use crate::text::{Lang, Text};
use serde::{Deserialize, Serialize};

/// Whether a finding refuses the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The row is refused.
    Error,
    /// The row is accepted; a person should look at it.
    Warning,
}

macro_rules! issue_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $en:literal, $zh:literal;)*) => {
        /// Stable codes: `E` refuses the row, `W` does not.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum IssueCode { $($(#[$doc])* $name,)* }

        impl IssueCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as it stands in reports.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Whether a finding of this code refuses the row.
            pub fn severity(self) -> Severity {
                if self.as_str().starts_with('E') { Severity::Error } else { Severity::Warning }
            }

            /// The finding as a sentence.
            pub fn text(self) -> Text {
                match self { $(Self::$name => Text::new($en, $zh),)* }
            }
        }
    };
}

issue_codes! {
    /// A required field is empty.
    RequiredMissing = "E101", "a required value is missing", "缺少必填值";
    /// Not a number.
    NotANumber = "E102", "not a number", "不是数字";
    /// Not a whole number.
    NotAnInteger = "E103", "not a whole number", "不是整数";
    /// Outside the admissible range of the field.
    OutOfRange = "E104", "outside the admissible range", "超出允许范围";
    /// Longer than the field allows.
    TooLong = "E105", "text is too long", "文本过长";
    /// Not a date of any known form.
    NotADate = "E106", "not a date", "不是日期";
    /// The order of day and month cannot be known.
    AmbiguousDate = "E107", "day and month cannot be told apart; say which comes first",
        "无法区分日和月，请指明顺序";
    /// A date without a year.
    DateWithoutYear = "E108", "the date has no year", "日期缺少年份";
    /// A range where a single date is needed.
    DateRange = "E109", "a period stands where one date is needed", "应为单个日期，却给出了时间段";
    /// Not an instant (RFC 3339).
    NotADatetime = "E110", "not a date and time", "不是日期时间";
    /// None of the choices of the field.
    NotAChoice = "E111", "not one of the choices of this field", "不在该字段的选项之内";
    /// Not yes or no.
    NotABoolean = "E112", "not yes or no", "不是“是/否”";
    /// No region bears this name or code.
    UnknownRegion = "E113", "no region bears this name or code", "没有这个名称或代码的地区";
    /// Several regions bear this name.
    AmbiguousRegion = "E114", "several regions bear this name; write the code or the full path",
        "有多个同名地区，请写代码或完整路径";
    /// No such disease is loaded.
    UnknownDisease = "E115", "no such disease is loaded", "未加载此病种";
    /// Not the identifier of a record.
    NotARecord = "E116", "not the identifier of a record", "不是有效的记录标识";
    /// A field that the register does not have.
    UnknownField = "E117", "the register has no such field", "登记簿没有该字段";
    /// The value has the wrong type.
    WrongType = "E118", "the value has the wrong type", "值的类型不正确";
    /// A rule of the register does not hold.
    RuleBroken = "E119", "the value contradicts another one", "该值与其他值矛盾";
    /// The row has more or fewer cells than the header.
    RaggedRow = "E120", "the row has another number of cells than the header", "该行的单元格数与表头不一致";
    /// A date lies in the future.
    FutureDate = "E121", "the date lies in the future", "日期在未来";
    /// A year of two digits, whose century cannot be known.
    TwoDigitYear = "E122", "the year has two digits only", "年份只有两位数字";
    /// A row of totals among rows of places or persons.
    TotalsRow = "E123", "the row holds totals of other rows", "该行是合计行";
    /// Control characters in a text.
    ControlCharacter = "E124", "the text contains control characters", "文本含有控制字符";
    /// Another row of the file has the same key and says something else.
    ContradictingRow = "E125", "an earlier row of the file has the same key and says something else",
        "文件中前面已有同一关键字的行，且内容不同";
    /// The region lies outside the area for which the person may act.
    OutOfArea = "E126", "the region lies outside of your area", "该地区不在您的管辖范围内";
    /// A wider region beside its parts, where the person said that only the parts count.
    WiderRegion = "E127", "the row is about a wider region, whose parts stand in the file too",
        "该行为上级地区，文件中已有其下级地区";
    /// A value given where the form does not ask for it.
    NotApplicable = "W201", "a value is given although it does not apply here", "该值在此不适用";
    /// A rule of the register does not hold; a person should confirm.
    RuleDoubtful = "W202", "please check: the value is unusual", "请核对：该值不寻常";
    /// A negative count, kept as a correction of earlier counts.
    NegativeCount = "W203", "a negative count is kept as a correction of earlier counts",
        "负数按对以前数据的更正保留";
    /// The same row stands in the file more than once.
    RepeatedRow = "W204", "the same row stands in the file more than once", "该行在文件中重复出现";
    /// An optional value could not be understood and is kept out.
    ValueKeptOut = "W205", "an optional value could not be understood and is left out", "无法理解的选填值已略去";
    /// The date also carried a time of day, which the field does not keep.
    TimeDropped = "W206", "the time of day is not kept", "时刻未保留";
    /// A narrower place is not in the tree; the record is kept at the wider one.
    PlacedWider = "W207", "the narrower place is not known; the record is kept at the wider region",
        "未找到更细的地区，记录归入上级地区";
    /// The first running total of a series, which holds everything before it.
    FirstTotal = "W208", "the first running total counts on its day everything before it",
        "首个累计数包含此前的全部人数，计在当日";
    /// A file says another state than the record has reached by steps.
    StateKept = "W209", "the record keeps its state; a state is changed by a step, not by a file",
        "记录的状态保持不变；状态须通过办理步骤更改";
    /// The person of a row is known already, or stands in the file twice.
    LikelyDuplicate = "W210", "the person may be known already (record, or row of the file)",
        "该人员可能已登记（见所示记录或文件行）";
}

/// One finding. `Debug` leaves the value out: a log may name the issue, not what a person wrote.
#[derive(Clone, PartialEq)]
pub struct Issue {
    /// Stable code.
    pub code: IssueCode,
    /// Whether the row is refused.
    pub severity: Severity,
    /// Field of the register.
    pub field: Option<String>,
    /// Column name in the file.
    pub column: Option<String>,
    /// 1-based row of the file, the header counted.
    pub row: Option<u64>,
    /// The value as given (shortened). May be personal: for the person who gave it, never for a log.
    pub value: Option<String>,
    /// What else helps to put it right: the admissible range, the candidates, the rule.
    pub detail: Option<Text>,
}

/// Longest value repeated in an issue, in characters.
const VALUE_MAX_CHARS: usize = 80;

impl Issue {
    /// An issue that refuses the row.
    pub fn error(code: IssueCode) -> Self {
        Self {
            code,
            severity: Severity::Error,
            field: None,
            column: None,
            row: None,
            value: None,
            detail: None,
        }
    }

    /// An issue that a person should look at.
    pub fn warning(code: IssueCode) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code) }
    }

    /// Names the field.
    #[must_use]
    pub fn field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// Names the column of the file.
    #[must_use]
    pub fn column(mut self, column: &str) -> Self {
        self.column = Some(column.to_owned());
        self
    }

    /// Names the row of the file.
    #[must_use]
    pub fn row(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    /// Repeats the value as given, shortened.
    #[must_use]
    pub fn value(mut self, value: &str) -> Self {
        let mut short: String = value.chars().take(VALUE_MAX_CHARS).collect();
        if short.len() < value.len() {
            short.push('…');
        }
        self.value = Some(short);
        self
    }

    /// Adds what helps to put it right.
    #[must_use]
    pub fn detail(mut self, en: impl Into<String>, zh: impl Into<String>) -> Self {
        self.detail = Some(Text::new(en, zh));
        self
    }

    /// The finding as a sentence.
    pub fn message(&self, lang: Lang) -> String {
        let text = self.code.text();
        match &self.detail {
            Some(detail) if !detail.get(lang).is_empty() => {
                format!("{} ({})", text.get(lang), detail.get(lang))
            }
            _ => text.get(lang).to_owned(),
        }
    }
}

impl std::fmt::Debug for Issue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.code.as_str())?;
        if let Some(row) = self.row {
            write!(f, " row {row}")?;
        }
        let names = [("column", &self.column), ("field", &self.field)];
        names
            .iter()
            .filter_map(|(what, name)| name.as_ref().map(|n| (what, n)))
            .try_for_each(|(what, name)| write!(f, " {what} {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_speak_both_languages() {
        let codes: BTreeSet<_> = IssueCode::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(codes.len(), IssueCode::ALL.len());
        assert!(IssueCode::ALL.iter().all(|c| !c.text().en.is_empty() && !c.text().zh.is_empty()));
    }
}
