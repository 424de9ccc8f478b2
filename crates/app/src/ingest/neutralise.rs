//! Cells that a spreadsheet would take for a formula, and cells that an import would take for "missing".
//!
//! An exported text that begins with `=`, `+`, `-`, `@`, tab or carriage return could run a formula on the desk of
//! whoever opens the file; it gets a leading apostrophe. So does a text such as `NA`, which an import reads as
//! missing, and a text that already looks guarded. [`restore`] takes off exactly what [`guard`] put on, so that
//! export and import are the identity. Only texts are guarded: numbers and dates come from validated fields.

use std::borrow::Cow;
use wanquan_domain::value::{is_missing, marked_as_meant};

/// True if the text needs the apostrophe.
fn needs_guard(text: &str) -> bool {
    // Apostrophes in front are looked through: a text that looks guarded needs a guard of its own.
    let text = text.trim_start_matches('\'');
    text.starts_with(['=', '+', '-', '@', '\t', '\r']) || (!text.is_empty() && is_missing(text))
}

/// The text as it is written into an exported cell.
pub fn guard(text: &str) -> Cow<'_, str> {
    if needs_guard(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text that an exported cell stands for. The apostrophe of a text that reads as missing stays: the field takes it
/// off, which knows then that the text is meant.
pub fn restore(cell: &str) -> &str {
    match cell.strip_prefix('\'').filter(|_| marked_as_meant(cell).is_none()) {
        Some(text) if needs_guard(text) => text,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_and_missing_marks_are_guarded_and_names_are_not() {
        for text in ["=1+1", "+86 355", "-3", "@x", "\tx", "NA", "无", "'=1", "''NA", "-"] {
            assert_eq!(guard(text), format!("'{text}"));
        }
        for text in ["", "O'Neill", "'s-Gravenhage", "长治", "12", "''"] {
            assert_eq!(guard(text), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn restoring_undoes_guarding(text in "['=+@\t\rNAna无x-]{0,6}") {
            let written = guard(&text);
            let restored = restore(&written);
            proptest::prop_assert_eq!(marked_as_meant(restored).unwrap_or(restored), &text);
        }

        #[test]
        fn no_exported_text_begins_like_a_formula(text in "\\PC{0,8}") {
            proptest::prop_assert!(!guard(&text).starts_with(['=', '+', '-', '@', '\t', '\r']));
        }
    }
}
