//! Why a file cannot be read as a table. Nothing of such a file is stored.

use crate::ingest::limits;

/// A file that is refused as a whole. Codes are stable.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// F100: the operating system could not deliver the bytes.
    #[error("the file cannot be read")]
    Io(#[source] std::io::Error),
    /// F101: no bytes, or blank lines only.
    #[error("the file is empty")]
    Empty,
    /// F102: NUL bytes; text has none.
    #[error("the file has a NUL byte at position {offset}: it is damaged or no text table")]
    Nul {
        /// Position in the (uncompressed) file, from 0.
        offset: u64,
    },
    /// F103: a line or record beyond the limit.
    #[error("line {line} is longer than {} bytes", limits::RECORD_BYTES_MAX)]
    LineTooLong {
        /// Line, from 1.
        line: u64,
    },
    /// F104: a quote opens and never closes.
    #[error("a quotation mark opens in line {line} and is never closed: the file is cut or damaged")]
    UnclosedQuote {
        /// Line where the record begins, from 1.
        line: u64,
    },
    /// F105: compressed data ends early.
    #[error("the compressed file ends too early: it was cut in the middle")]
    CutArchive,
    /// F106: compressed data is damaged.
    #[error("the compressed file is damaged: {detail}")]
    DamagedArchive {
        /// What the decompressor said.
        detail: String,
    },
    /// F107: unfolds to more than is admissible.
    #[error("the file unfolds to more than {bytes_max} bytes or {ratio_max} times its size and is refused")]
    TooLargeUnfolded {
        /// Limit in bytes.
        bytes_max: u64,
        /// Limit as a ratio.
        ratio_max: u64,
    },
    /// F108: the last row breaks off.
    #[error("the last line ({line}) breaks off: the file was cut in the middle")]
    CutText {
        /// Line, from 1.
        line: u64,
    },
    /// F109: not text.
    #[error("the file is not a text table: {what}")]
    NotATable {
        /// What it seems to be.
        what: &'static str,
    },
    /// F110: no row names the columns.
    #[error("no header found: {detail}")]
    NoHeader {
        /// What stands where a header should.
        detail: String,
    },
    /// F111: too many columns.
    #[error("the table has more than {} columns", limits::COLUMNS_MAX)]
    TooManyColumns,
    /// F112: a workbook that cannot be read.
    #[error("the workbook is damaged or cut: {detail}")]
    DamagedWorkbook {
        /// What the reader said.
        detail: String,
    },
    /// F113: protected by a password.
    #[error("the workbook is protected by a password; save it without one")]
    Protected,
    /// F114: a sheet that holds more than fits.
    #[error("the sheet is too large; save it as CSV")]
    SheetTooLarge,
    /// F115: no such sheet.
    #[error("the workbook has no sheet `{name}`; it has {available}")]
    NoSheet {
        /// Sheet asked for.
        name: String,
        /// Sheets that exist.
        available: String,
    },
    /// F116: the file changed while it was read.
    #[error("the file changed while it was being read; try again")]
    Changed,
    /// F117: bytes that no supported encoding explains.
    #[error("the text is damaged at position {offset}: it is {encoding} elsewhere")]
    BrokenText {
        /// Position in the (uncompressed) file, from 0.
        offset: u64,
        /// Encoding of the rest.
        encoding: &'static str,
    },
}

impl ReadError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "F100",
            Self::Empty => "F101",
            Self::Nul { .. } => "F102",
            Self::LineTooLong { .. } => "F103",
            Self::UnclosedQuote { .. } => "F104",
            Self::CutArchive => "F105",
            Self::DamagedArchive { .. } => "F106",
            Self::TooLargeUnfolded { .. } => "F107",
            Self::CutText { .. } => "F108",
            Self::NotATable { .. } => "F109",
            Self::NoHeader { .. } => "F110",
            Self::TooManyColumns => "F111",
            Self::DamagedWorkbook { .. } => "F112",
            Self::Protected => "F113",
            Self::SheetTooLarge => "F114",
            Self::NoSheet { .. } => "F115",
            Self::Changed => "F116",
            Self::BrokenText { .. } => "F117",
        }
    }

    /// The reason in Chinese, for the person who gave the file. `Display` is the English form.
    pub fn message_zh(&self) -> String {
        match self {
            Self::Io(_) => "无法读取文件".to_owned(),
            Self::Empty => "文件为空".to_owned(),
            Self::Nul { offset } => format!("文件在第 {offset} 字节处含空字节：文件已损坏或不是文本表格"),
            Self::LineTooLong { line } => format!("第 {line} 行超过 {} 字节", limits::RECORD_BYTES_MAX),
            Self::UnclosedQuote { line } => format!("第 {line} 行的引号没有结束：文件被截断或已损坏"),
            Self::CutArchive => "压缩文件不完整：文件被截断".to_owned(),
            Self::DamagedArchive { .. } => "压缩文件已损坏".to_owned(),
            Self::TooLargeUnfolded { bytes_max, ratio_max } => {
                format!("文件解压后超过 {bytes_max} 字节或原大小的 {ratio_max} 倍，已拒绝")
            }
            Self::CutText { line } => format!("最后一行（第 {line} 行）不完整：文件被截断"),
            Self::NotATable { .. } => "文件不是表格".to_owned(),
            Self::NoHeader { .. } => "没有找到表头".to_owned(),
            Self::TooManyColumns => format!("表格超过 {} 列", limits::COLUMNS_MAX),
            Self::DamagedWorkbook { .. } => "工作簿已损坏或被截断".to_owned(),
            Self::Protected => "工作簿有密码保护，请先取消密码".to_owned(),
            Self::SheetTooLarge => "工作表过大，请另存为 CSV".to_owned(),
            Self::NoSheet { name, available } => format!("工作簿没有工作表“{name}”，现有：{available}"),
            Self::Changed => "读取期间文件发生变化，请重试".to_owned(),
            Self::BrokenText { offset, encoding } => {
                format!("文本在第 {offset} 字节处损坏（其余部分为 {encoding}）")
            }
        }
    }
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> Self {
        // Decoders below carry the finding through `Read`, whose error type is fixed.
        match error.downcast::<ReadError>() {
            Ok(own) => own,
            Err(error) => Self::Io(error),
        }
    }
}

impl From<ReadError> for std::io::Error {
    fn from(error: ReadError) -> Self {
        std::io::Error::other(error)
    }
}
