//! Ingest: from a file to drafts and coded issues. Rows in = accepted + refused, always.
//!
//! [`read`] makes a table of a file or refuses it as a whole; [`columns`](self) and [`dates`] find what the columns
//! mean; each row then becomes a draft or is refused with issues that name row, column and value.

pub mod dates;
pub(crate) mod delimited;
pub(crate) mod encoding;
pub(crate) mod error;
pub(crate) mod header;
pub mod import;
pub mod limits;
pub(crate) mod meaning;
pub mod neutralise;
pub mod pack_data;
pub mod panel;
pub mod read;
pub mod series;
pub(crate) mod source;
pub(crate) mod workbook;
