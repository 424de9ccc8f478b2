//! What can go wrong in a verb, in variants that a caller treats differently.

use wanquan_domain::actor::Action;
use wanquan_domain::issue::Issue;

/// Errors of the verbs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody is signed in, or the session or token has ended.
    #[error("not signed in")]
    NotSignedIn,
    /// User name or password is wrong; which of them is not said.
    #[error("user name or password is wrong")]
    BadCredentials,
    /// Too many attempts; the next one is admissible after this many seconds.
    #[error("too many attempts, try again in {retry_after_s} s")]
    TooManyAttempts {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// The actor may not do this here.
    #[error("not allowed: {}", action.as_str())]
    Forbidden {
        /// What was asked for.
        action: Action,
    },
    /// Allowed by role, and refused for another reason that the person can act on.
    #[error("{message}")]
    Refused {
        /// Stable code.
        code: &'static str,
        /// What stands in the way.
        message: String,
    },
    /// There is no such thing, or the actor may not know of it.
    #[error("no {what} `{id}`")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// The identifier asked for.
        id: String,
    },
    /// Somebody changed it meanwhile.
    #[error("{what} was changed meanwhile and is at version {current_version}")]
    Conflict {
        /// What kind of thing.
        what: &'static str,
        /// The version that is stored now.
        current_version: u32,
        /// What differs from the version that the caller read, where it is known.
        changed: Vec<String>,
        /// Who made the stored version, where it is known.
        changed_by: Option<String>,
    },
    /// Something with the same key exists already.
    #[error("this {what} exists already")]
    Duplicate {
        /// What kind of thing.
        what: &'static str,
        /// The existing one, where it is known.
        existing: Option<uuid::Uuid>,
    },
    /// Values were refused.
    #[error("{} values were refused", issues.len())]
    Invalid {
        /// Why, field by field.
        issues: Vec<Issue>,
    },
    /// An argument makes no sense.
    #[error("{field}: {message}")]
    BadInput {
        /// Which one.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// The database is busy; nothing was written.
    #[error("the database is busy")]
    Busy,
    /// What was to be written outside of the store (refused rows, an export) could not be.
    #[error("cannot write {what}")]
    Output {
        /// What was to be written.
        what: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] wanquan_store::Error),
    /// Something that cannot happen unless the program or a pack is wrong.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// Somebody changed it meanwhile, and nothing more is known.
    pub(crate) fn conflict(what: &'static str, current_version: u32) -> Self {
        Self::Conflict { what, current_version, changed: Vec::new(), changed_by: None }
    }

    pub(crate) fn not_found(what: &'static str, id: impl ToString) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }
}

impl From<wanquan_store::Error> for Error {
    fn from(error: wanquan_store::Error) -> Self {
        use wanquan_store::Error as E;
        match error {
            E::Conflict { what, current } => Self::conflict(what, current),
            E::NotFound { what, id } => Self::NotFound { what, id },
            E::Duplicate { what, existing } => Self::Duplicate { what, existing },
            E::Busy => Self::Busy,
            E::KeyMissing(_) => Self::Refused { code: "key_missing", message: error.to_string() },
            E::KeyWrong(_) | E::KeyUnreadable(_) => {
                Self::Refused { code: "key_wrong", message: error.to_string() }
            }
            other => Self::Store(other),
        }
    }
}
