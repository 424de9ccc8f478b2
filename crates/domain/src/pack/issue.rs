//! What can be wrong with a pack, with stable codes.

/// Stable codes of problems in packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackIssueCode {
    /// Not valid TOML, CSV or UTF-8.
    Syntax,
    /// A required key is absent.
    MissingKey,
    /// A key that nothing reads.
    UnknownKey,
    /// A value of another type than needed.
    WrongType,
    /// A value outside what is admissible.
    WrongValue,
    /// An identifier that stands twice.
    Duplicate,
    /// A reference to something that is not declared.
    UnknownReference,
    /// A text lacks a language.
    MissingTranslation,
    /// A condition that does not compile or names unknown fields.
    Condition,
    /// A required file is absent.
    MissingFile,
    /// A list of regions that is not a tree.
    Regions,
}

impl PackIssueCode {
    /// The code as it stands in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "P101",
            Self::MissingKey => "P102",
            Self::UnknownKey => "P103",
            Self::WrongType => "P104",
            Self::WrongValue => "P105",
            Self::Duplicate => "P106",
            Self::UnknownReference => "P107",
            Self::MissingTranslation => "P108",
            Self::Condition => "P109",
            Self::MissingFile => "P110",
            Self::Regions => "P111",
        }
    }
}

/// One problem of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackIssue {
    /// Stable code.
    pub code: PackIssueCode,
    /// Path below the packs folder.
    pub file: String,
    /// 1-based line; 0 where the file as a whole is meant.
    pub line: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl PackIssue {
    pub(super) fn new(code: PackIssueCode, file: &str, line: usize, message: &str) -> Self {
        Self { code, file: file.to_owned(), line, message: message.to_owned() }
    }
}

impl std::fmt::Display for PackIssue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {} {}", self.file, self.line, self.code.as_str(), self.message)
    }
}
