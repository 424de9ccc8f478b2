//! What a person is found by: values in their one normal form, and the keyed digests of them that are stored.

use super::MasterKey;
use std::fmt;
use wanquan_domain::identity::Identity;

/// A keyed digest. 128 bits: two values never share one, and four look-ups of a million persons take half the room.
pub(crate) type Digest = [u8; 16];

/// Which value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LookupKind {
    /// Number of an identity document.
    Document,
    /// Telephone number.
    Phone,
    /// Sound of the name.
    Name,
    /// Sound of the name and year of birth.
    Birth,
}

impl LookupKind {
    pub(crate) const ALL: [Self; 4] = [Self::Document, Self::Phone, Self::Name, Self::Birth];

    /// The letter that stands for it in the database.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Document => "d",
            Self::Phone => "p",
            Self::Name => "n",
            Self::Birth => "b",
        }
    }

    fn byte(self) -> u8 {
        self.code().as_bytes()[0]
    }
}

/// A value that a person is found by, in its one normal form.
#[derive(Clone, PartialEq, Eq)]
pub struct Lookup {
    /// Which.
    pub kind: LookupKind,
    /// The value.
    pub value: String,
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Lookup {
    /// Everything by which the person of an identity is found.
    pub fn all_of(identity: &Identity) -> Vec<Self> {
        let value = |kind: LookupKind| match kind {
            LookupKind::Document => identity.document.clone(),
            LookupKind::Phone => identity.phone.clone(),
            LookupKind::Name => identity.sound.clone(),
            LookupKind::Birth => identity.sound_and_year(),
        };
        let found = LookupKind::ALL.into_iter().filter_map(|kind| Some(Self { kind, value: value(kind)? }));
        found.collect()
    }
}

/// Bytes of one digest with its kind.
const ENTRY: usize = 17;

/// Digests as they stand beside the person: kind and digest, one after the other.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Lookups(Vec<u8>);

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lookups").field(&(self.0.len() / ENTRY)).finish()
    }
}

impl Lookups {
    pub(crate) fn of(keys: &MasterKey, lookups: &[Lookup]) -> Self {
        let mut all = Self::default();
        for lookup in lookups {
            let digest = keys.lookup_digest(lookup);
            if !all.has(lookup.kind, &digest) {
                all.push(lookup.kind, &digest);
            }
        }
        all
    }

    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push(&mut self, kind: LookupKind, digest: &Digest) {
        self.0.push(kind.byte());
        self.0.extend_from_slice(digest);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (LookupKind, Digest)> + '_ {
        self.0.chunks_exact(ENTRY).filter_map(|entry| {
            let (kind, digest) = entry.split_first()?;
            let kind = LookupKind::ALL.into_iter().find(|k| k.byte() == *kind)?;
            Some((kind, digest.try_into().ok()?))
        })
    }

    /// The first digest of a kind.
    pub(crate) fn get(&self, kind: LookupKind) -> Option<Digest> {
        self.iter().find(|(k, _)| *k == kind).map(|(_, digest)| digest)
    }

    pub(crate) fn has(&self, kind: LookupKind, digest: &Digest) -> bool {
        self.iter().any(|(k, d)| k == kind && d == *digest)
    }

    /// Adds what is not there yet; returns that.
    pub(crate) fn add(&mut self, more: &Self) -> Self {
        let mut added = Self::default();
        for (kind, digest) in more.iter() {
            if !self.has(kind, &digest) {
                self.push(kind, &digest);
                added.push(kind, &digest);
            }
        }
        added
    }
}
