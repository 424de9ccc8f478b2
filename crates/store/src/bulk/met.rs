//! Persons whom a load has met: by which document, by which telephone and name; and what is still to be written of
//! their look-ups.

use super::Uniform;
use crate::person::{Digest, LookupKind, Lookups, is_same_by_phone};
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use uuid::Uuid;

/// Look-ups written at once, in the order of their key: 18 MB.
const WRITTEN_AT: usize = 500_000;
/// Persons remembered; beyond it the database is asked. 40 MB each million.
const REMEMBERED_MAX: usize = 3_000_000;

/// Tells the mark of a person without a document apart.
const UNDOCUMENTED: u64 = 0x5555_5555_5555_5555;

/// See the module.
#[derive(Default)]
pub(super) struct Met {
    persons: HashMap<u64, Uuid, BuildHasherDefault<Uniform>>,
    waiting: Vec<(LookupKind, Digest, Uuid)>,
    stored: bool,
}

fn half(digest: &Digest) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *digest;
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

impl Met {
    /// `stored`: whether the database holds persons.
    pub(super) fn new(stored: bool) -> Self {
        Self { stored, ..Self::default() }
    }

    /// The person met with this document, or this telephone and name. Two persons with documents of their own are two,
    /// whatever telephone they share.
    pub(super) fn person(&self, lookups: &Lookups) -> Option<Uuid> {
        let (document, both) = Self::marks(lookups);
        let met = |mark: u64| self.persons.get(&mark).copied();
        match document {
            Some(document) => met(document).or_else(|| met(both? ^ UNDOCUMENTED)),
            None => met(both?),
        }
    }

    /// By what a person is told: the document; the telephone together with the name. Half of a keyed digest tells a
    /// billion values apart by less than one chance in thirty.
    fn marks(lookups: &Lookups) -> (Option<u64>, Option<u64>) {
        let get = |kind| lookups.get(kind).as_ref().map(half);
        let both = get(LookupKind::Phone).zip(get(LookupKind::Name));
        (get(LookupKind::Document), both.map(|(phone, name)| phone ^ name.rotate_left(32)))
    }

    /// Whether the database may know more than was met.
    pub(super) fn ask_stored(&self) -> bool {
        self.stored
    }

    /// What the database is asked for: the document, the telephone.
    pub(super) fn asked(lookups: &Lookups) -> impl Iterator<Item = (LookupKind, Digest)> {
        let document = lookups.get(LookupKind::Document).map(|digest| (LookupKind::Document, digest));
        let phone = lookups.get(LookupKind::Name).and(lookups.get(LookupKind::Phone));
        document.into_iter().chain(phone.map(|digest| (LookupKind::Phone, digest)))
    }

    /// Whether a person found by such a value is the one asked for.
    pub(super) fn is_same(kind: LookupKind, asked: &Lookups, known: &Lookups) -> bool {
        match (kind, asked.get(LookupKind::Name)) {
            (LookupKind::Document, _) => true,
            (_, Some(name)) => is_same_by_phone(asked, known, &name),
            (_, None) => false,
        }
    }

    /// Remembers a person; `unwritten` is still to be written.
    pub(super) fn add(&mut self, person: Uuid, lookups: &Lookups, unwritten: &Lookups) {
        if self.persons.len() < REMEMBERED_MAX {
            let (document, both) = Self::marks(lookups);
            let undocumented = both.filter(|_| document.is_none()).map(|mark| mark ^ UNDOCUMENTED);
            for mark in [document, both, undocumented].into_iter().flatten() {
                self.persons.entry(mark).or_insert(person);
            }
        } else {
            self.stored = true;
        }
        self.waiting.extend(unwritten.iter().map(|(kind, digest)| (kind, digest, person)));
    }

    /// True if it is time to write.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= WRITTEN_AT
    }

    /// Everything to be written, in order.
    pub(super) fn take(&mut self) -> Vec<(LookupKind, Digest, Uuid)> {
        let mut rows = std::mem::take(&mut self.waiting);
        rows.sort_unstable_by(|a, b| (a.0.code(), a.1, a.2).cmp(&(b.0.code(), b.1, b.2)));
        rows
    }
}
