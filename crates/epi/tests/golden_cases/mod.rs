//! One runner per method; the name is `method` in the golden file.

use crate::golden_support::{Check, Outcome};

mod ears;

/// The runner of a method, `None` if unknown.
pub fn runner(method: &str) -> Option<fn(&mut Check<'_>) -> Outcome> {
    Some(match method {
        "ears" => ears::run,
        _ => return None,
    })
}
