//! What can be wrong with an input.

/// Why a method gave no result. The caller passed data or parameters outside the stated range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The series or table is shorter than the method needs.
    #[error("{what} has {got} entries, needs at least {need}")]
    TooShort {
        /// What was too short.
        what: &'static str,
        /// Entries given.
        got: usize,
        /// Entries needed.
        need: usize,
    },
    /// A parameter is outside its admissible range.
    #[error("parameter {name} = {value} is not admissible: {why}")]
    InvalidParameter {
        /// Name of the parameter as in the config.
        name: &'static str,
        /// The value given.
        value: String,
        /// The admissible range.
        why: &'static str,
    },
    /// A datum is outside its admissible range (negative, not finite, inconsistent).
    #[error("{what} at position {position}: {why}")]
    InvalidData {
        /// What the datum belongs to.
        what: &'static str,
        /// 0-based position.
        position: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Two inputs that must have the same length have not.
    #[error("{left} has length {left_len}, {right} has length {right_len}")]
    LengthMismatch {
        /// First input.
        left: &'static str,
        /// Its length.
        left_len: usize,
        /// Second input.
        right: &'static str,
        /// Its length.
        right_len: usize,
    },
    /// An iteration did not converge.
    #[error("{method} did not converge after {iterations} iterations")]
    NoConvergence {
        /// The iterative step.
        method: &'static str,
        /// Iterations made.
        iterations: usize,
    },
}

impl Error {
    /// Shorthand for [`Error::InvalidParameter`].
    pub(crate) fn parameter(name: &'static str, value: impl ToString, why: &'static str) -> Self {
        Self::InvalidParameter { name, value: value.to_string(), why }
    }
}
