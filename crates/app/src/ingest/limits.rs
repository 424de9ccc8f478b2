//! Bounds of what is read, each with its reason. A file beyond one is refused before anything is stored.

/// Longest line or quoted record, in bytes. A wide table of ten years of days needs about 40 kB; a megabyte in one
/// line is an unclosed quote, a binary file or an attack, and would have to be held in memory whole.
pub const RECORD_BYTES_MAX: usize = 1 << 20;

/// Most columns. The widest published table met has 1,787; a spreadsheet ends at 16,384.
pub const COLUMNS_MAX: usize = 16_384;

/// Most bytes that a compressed file may unfold to. Ten million rows of a line list stay below it.
pub const INFLATED_BYTES_MAX: u64 = 2 << 30;

/// Most bytes that a byte of gzip may unfold to, once [`INFLATED_BYTES_FREE`] is passed. Tables of zeros reach
/// about 100; deflate ends at 1,032, which only a bomb comes near.
pub const GZIP_RATIO_MAX: u64 = 300;

/// Bytes that may be unfolded whatever the ratio: small repetitive tables compress extremely well.
pub const INFLATED_BYTES_FREE: u64 = 64 << 20;

/// Most bytes that a workbook may unfold to. A million rows of twelve columns are about 600 MB of XML.
pub const WORKBOOK_BYTES_MAX: u64 = 1536 << 20;

/// Most bytes that a byte of workbook may unfold to, once [`INFLATED_BYTES_FREE`] is passed: sheet XML is
/// repetitive and reaches 50.
pub const WORKBOOK_RATIO_MAX: u64 = 200;

/// Most parts of a workbook archive. Ordinary ones have a few dozen.
pub const WORKBOOK_PARTS_MAX: usize = 10_000;

/// Most text that the cells of one sheet may hold, in bytes: it is kept in memory, and 400 MB is the budget of the
/// whole import.
pub const SHEET_TEXT_BYTES_MAX: usize = 256 << 20;

/// Most cells of one sheet, empty ones before the last filled one of a row included, for the same reason.
pub const SHEET_CELLS_MAX: usize = 32_000_000;

/// Largest old binary workbook (.xls), which ends at 65,536 rows anyway and is read in memory.
pub const XLS_BYTES_MAX: u64 = 128 << 20;

/// Text inspected to find the delimiter and the header.
pub const SNIFF_BYTES: usize = 256 << 10;

/// Rows inspected to find the delimiter and the header.
pub const SNIFF_ROWS: usize = 200;

/// Most rows of title, notes and blanks above a header.
pub const PREAMBLE_ROWS_MAX: usize = 40;

/// Most values (series by steps) of a table that is held at once: 30 million are 240 MB; 3,340
/// places of ten years of days are 12 million. A small table asks for more if its dates lie a century apart.
pub const VALUES_MAX: usize = 30_000_000;
