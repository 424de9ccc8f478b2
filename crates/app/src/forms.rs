//! Forms of the public: what stands before them, the same in every process of an installation and after every start.
//!
//! The server decides in memory first, which costs a flood's sender more than it costs us; what passes there is decided
//! here for all processes together.

use crate::app::App;
use crate::error::Error;
use jiff::{SignedDuration, Timestamp};
use wanquan_store::form;

/// How often somebody may do something.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// What.
    pub of: &'static str,
    /// So often at once.
    pub burst: u32,
    /// And so often in an hour, evenly.
    pub per_hour: u32,
}

impl Limit {
    /// The time after which one more is free.
    pub fn interval(&self) -> SignedDuration {
        SignedDuration::from_hours(1) / i32::try_from(self.per_hour.max(1)).unwrap_or(i32::MAX)
    }
}

/// Something that is used once, until it ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Once {
    /// By what it is known.
    pub name: [u8; 16],
    /// When it ends.
    pub until: Timestamp,
}

/// Whether a form is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is.
    Admitted,
    /// Whoever sends it sends too many.
    TooOften,
    /// Its proof was used before.
    Used,
}

/// The key under which tokens of forms are made.
///
/// # Errors
/// If the store fails.
pub async fn form_key(app: &App) -> Result<[u8; 32], Error> {
    Ok(form::key(&app.read().await?))
}

/// Counts that `who` sends a form, and uses its proof up.
///
/// # Errors
/// If the store fails.
pub async fn admit(app: &App, limit: Limit, who: &str, proof: Option<Once>) -> Result<Admission, Error> {
    let mut tx = app.write().await?;
    if !form::admit(&mut tx, limit.of, who, limit.interval(), limit.burst, app.now()).await? {
        return Ok(Admission::TooOften);
    }
    if let Some(proof) = proof
        && !form::use_once(&mut tx, &proof.name, proof.until).await?
    {
        return Ok(Admission::Used);
    }
    tx.commit().await?;
    Ok(Admission::Admitted)
}
