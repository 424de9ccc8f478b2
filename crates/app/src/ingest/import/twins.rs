//! People who stand in the file and are known already, or stand in it twice: said of each row, decided by a person.
//!
//! Rows of records that are stored already are no news. The others are asked for by their marks (document, telephone,
//! name and birth), many at once; only who has one of them is looked at.

use crate::app::App;
use crate::error::Error;
use crate::person::{Candidate, likely};
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::hash::BuildHasher as _;
use tokio::runtime::Handle;
use wanquan_domain::identity::{Identity, Likeness};
use wanquan_domain::issue::{Issue, IssueCode};
use wanquan_domain::record::KeyDigest;
use wanquan_domain::register::Register;
use wanquan_store::person::{self, Lookup, LookupKind};
use wanquan_store::record::{self, NewRecord};

/// See the module.
pub(super) struct Twins<'a> {
    app: &'a App,
    register: &'a Register,
    /// First row of the file with a mark: 12 bytes each.
    rows: FxHashMap<u64, u32>,
}

/// What is stored of a row.
struct Seen {
    /// The record itself.
    stored: bool,
    /// One that is like it.
    candidate: Option<Candidate>,
}

impl<'a> Twins<'a> {
    pub fn new(app: &'a App, register: &'a Register) -> Self {
        Self { app, register, rows: FxHashMap::default() }
    }

    /// What a person should look at among these records. For a thread outside the asynchronous runtime.
    ///
    /// # Errors
    /// If the store fails.
    pub fn look(&mut self, records: &[NewRecord]) -> Result<Vec<Issue>, Error> {
        let mut issues = Vec::new();
        let marked: Vec<&NewRecord> =
            records.iter().filter(|record| !marks(record.identity()).is_empty()).collect();
        if marked.is_empty() {
            return Ok(issues);
        }
        let known = Handle::current().block_on(self.known(&marked))?;
        for (record, Seen { stored, candidate }) in marked.iter().zip(known) {
            let earlier = self.earlier(record).filter(|_| !stored);
            let found = match (candidate, earlier) {
                (Some(candidate), _) => {
                    let why = in_words(&candidate.reasons);
                    let id = candidate.record.id.to_string();
                    Some((id, format!("{}: {why}", candidate.score)))
                }
                (None, Some(row)) => Some((format!("#{row}"), format!("{row}"))),
                (None, None) => None,
            };
            if let Some((value, detail)) = found {
                let issue = Issue::warning(IssueCode::LikelyDuplicate).row(record.row()).value(&value);
                issues.push(issue.detail(detail.clone(), detail));
            }
        }
        Ok(issues)
    }

    /// For each record the stored one that is most alike, unless the record itself is stored.
    async fn known(&self, records: &[&NewRecord]) -> Result<Vec<Seen>, Error> {
        let mut tx = self.app.read().await?;
        let keys: Vec<KeyDigest> = records.iter().map(|record| *record.key()).collect();
        let stored: FxHashSet<KeyDigest> =
            record::stored_keys(&mut tx, &self.register.id, &keys).await?.into_iter().collect();
        let lookups: Vec<Vec<Lookup>> = records
            .iter()
            .map(|record| match stored.contains(record.key()) {
                true => Vec::new(),
                false => {
                    let mut all = Lookup::all_of(record.identity());
                    all.retain(|lookup| lookup.kind != LookupKind::Name);
                    all
                }
            })
            .collect();
        let mut found = Vec::with_capacity(records.len());
        for (record, is_known) in records.iter().zip(person::are_known(&mut tx, &lookups).await?) {
            let candidates = match is_known {
                true => likely(self.app, &mut tx, record.identity(), None).await?,
                false => Vec::new(),
            };
            let candidate = candidates.into_iter().find(|c| c.record.register == self.register.id);
            found.push(Seen { stored: stored.contains(record.key()), candidate });
        }
        Ok(found)
    }

    /// The first row of the file that is about the same person.
    fn earlier(&mut self, record: &NewRecord) -> Option<u32> {
        let row = u32::try_from(record.row()).unwrap_or(u32::MAX);
        let mut earlier = None;
        for mark in marks(record.identity()) {
            let first = *self.rows.entry(mark).or_insert(row);
            if first != row {
                earlier = earlier.or(Some(first));
            }
        }
        earlier
    }
}

/// By what a person is told within a file: the document; telephone and name; name and day of birth.
fn marks(identity: &Identity) -> Vec<u64> {
    let hash = |parts: (u8, &str, String)| FxBuildHasher.hash_one(parts);
    let mut marks = Vec::new();
    if let Some(document) = &identity.document {
        marks.push(hash((0, document, String::new())));
    }
    let Some(sound) = identity.sound.as_deref() else { return marks };
    if identity.document.is_none() {
        // Who has a document of their own is told by it.
        marks.extend(identity.phone.as_ref().map(|phone| hash((1, sound, phone.clone()))));
        marks.extend(identity.born.map(|born| hash((2, sound, born.to_string()))));
    }
    marks
}

fn in_words(reasons: &[Likeness]) -> String {
    reasons.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join(", ")
}
