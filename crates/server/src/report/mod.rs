//! Renders the report of `wanquan analyze`: text for a terminal, one HTML page, JSON; and the charts of other commands.

pub mod band;
pub mod charts;
pub mod detections;
pub mod dots;
pub mod fan;
pub mod forest;
pub mod html;
pub mod import;
pub mod map;
pub mod person;
pub mod scores;
pub mod text;
pub mod tree;
mod words;

pub use html::escape;

use serde::Serialize;
use wanquan_app::analyse::report::{Report, SCHEMA_VERSION};

/// The serialised answer: `docs/analyze-report.md`.
#[derive(Serialize)]
pub struct Output<'a> {
    schema: &'static str,
    schema_version: u32,
    product_version: &'static str,
    reports: &'a [Report],
}

impl<'a> Output<'a> {
    /// The answer that holds these reports.
    pub fn of(reports: &'a [Report]) -> Self {
        Self {
            schema: "wanquan.analyze-report",
            schema_version: SCHEMA_VERSION,
            product_version: env!("CARGO_PKG_VERSION"),
            reports,
        }
    }
}

/// A text of a file without what could steer a terminal or turn the direction of a line.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| {
            let steers = c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
            if steers { '\u{fffd}' } else { c }
        })
        .collect()
}
