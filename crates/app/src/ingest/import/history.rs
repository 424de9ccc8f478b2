//! Imports of the past.

use crate::app::App;
use crate::authorize::{Subject, authorize_records};
use crate::error::Error;
use jiff::Timestamp;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_store::batch::{self, Batch};

/// Imports looked at in one step.
const STEP: u32 = 200;
/// Longest page.
const LIMIT_MAX: usize = 200;
/// Imports looked at for one page: those of other regions are passed over.
const SCANNED_MAX: usize = 5_000;

/// An import of the past, without its report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastImport {
    /// Identifier, which versions of records name.
    pub id: Uuid,
    /// Name of the file.
    pub file_name: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Rows of the file.
    pub rows_read: u64,
    /// Rows accepted.
    pub accepted: u64,
    /// Rows refused.
    pub refused: u64,
    /// Records that were new.
    pub created: u64,
    /// Records that got a new version.
    pub changed: u64,
    /// Records that were repeated as stored.
    pub unchanged: u64,
}

impl From<Batch> for PastImport {
    fn from(batch: Batch) -> Self {
        Self {
            id: batch.id,
            file_name: batch.file_name,
            at: batch.created_at,
            by: batch.created_by,
            rows_read: batch.rows_read,
            accepted: batch.accepted,
            refused: batch.refused,
            created: batch.created,
            changed: batch.changed,
            unchanged: batch.unchanged,
        }
    }
}

/// One page of imports.
#[derive(Debug, Clone)]
pub struct Imports {
    /// Latest first.
    pub items: Vec<PastImport>,
    /// Where the next page begins. A page may be short although more follow.
    pub next: Option<Uuid>,
}

/// Imports into a register whose area lies in the regions that the actor may read, latest first.
///
/// # Errors
/// `NotFound` for an unknown register; `Forbidden`.
pub async fn imports(
    app: &App,
    actor: &Actor,
    register: &str,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Imports, Error> {
    let scope = authorize_records(app, actor, Action::RecordRead, register, Subject::Anywhere)?;
    let register = app.packs().register(register).ok_or_else(|| Error::not_found("register", register))?;
    let limit = limit.clamp(1, LIMIT_MAX);
    let everywhere = app.packs().regions.roots().iter().all(|root| scope.covers(&root.path));
    let mut tx = app.read().await?;
    let (mut items, mut after, mut scanned) = (Vec::new(), after, 0);
    loop {
        let (step, next) = batch::list(&mut tx, &register.id, after, STEP).await?;
        scanned += step.len();
        for past in step {
            let id = past.id;
            if everywhere || scope.covers(&past.region_path) {
                items.push(past.into());
            }
            if items.len() == limit {
                return Ok(Imports { items, next: Some(id) });
            }
        }
        match next {
            Some(last) if scanned < SCANNED_MAX => after = Some(last),
            next => return Ok(Imports { items, next }),
        }
    }
}
