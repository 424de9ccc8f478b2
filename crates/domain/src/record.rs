//! Records: versioned entries of a register.

use crate::region::RegionCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Identifier of a record, made by the caller (UUIDv7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(pub Uuid);

impl RecordId {
    /// A new identifier whose time part is the given instant.
    pub fn new(now: Timestamp) -> Self {
        Self(new_uuid(now))
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A UUIDv7 whose time part is the given instant (instants before 1970 count as 1970).
///
/// Identifiers made by one process ascend: by the instant to the microsecond (RFC 9562, 6.2, method 3), and those of
/// the same microsecond in the order in which they were made (method 1), so that "the later of two" is the same
/// question as "the larger identifier". 32 bits are left to chance.
pub fn new_uuid(now: Timestamp) -> Uuid {
    let micros = u64::try_from(now.as_microsecond()).unwrap_or(0);
    let chance = u128::from(chance() & u64::from(u32::MAX));
    let made = u128::from(*FIRST_MADE + MADE.fetch_add(1, Ordering::Relaxed)) & 0x3fff_ffff;
    let (version, variant) = (7 << 76, 0b10 << 62);
    let instant = u128::from(micros / 1000) << 80 | u128::from(micros % 1000) << 64;
    Uuid::from_u128(instant | version | variant | made << 32 | chance)
}

/// How many identifiers this process has made, counted on from a number of chance: two processes that start in the same
/// microsecond differ, and the thirty bits of the counter are not used up by the first half billion.
static MADE: AtomicU64 = AtomicU64::new(0);
static FIRST_MADE: LazyLock<u64> = LazyLock::new(|| chance() & 0x1fff_ffff);

/// Random bits, 62 of them: the lower half of an identifier without a sequence.
fn chance() -> u64 {
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, 0, 0)).as_u64_pair().1
}

/// Identifiers for the records of one import: UUIDv7 that ascend, so that rows are appended to the table and not
/// spread over it. The time part is the instant of the import; a counter stands where chance would (RFC 9562, 6.2).
#[derive(Debug, Clone, Copy)]
pub struct IdSequence(u128);

impl IdSequence {
    /// Begins a sequence; sequences begun at the same instant differ in 42 random bits.
    pub fn new(now: Timestamp) -> Self {
        // Twelve bits of the counter stand before the variant, twenty behind it.
        const COUNTER: u128 = (0xfff << 64) | (0xf_ffff << 42);
        Self(new_uuid(now).as_u128() & !COUNTER)
    }

    /// The identifier of a position.
    pub fn get(self, position: u32) -> RecordId {
        let high = u128::from(position >> 20) << 64;
        let low = u128::from(position & 0xf_ffff) << 42;
        RecordId(Uuid::from_u128(self.0 | high | low))
    }
}

/// Validated values of a record by field. Only validation makes one; `Debug` prints field names, never values.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Data(serde_json::Map<String, Json>);

impl Data {
    /// Wraps values that validation accepted, or that the store kept since.
    pub fn from_validated(values: serde_json::Map<String, Json>) -> Self {
        Self(values)
    }

    /// The values by field.
    pub fn as_map(&self) -> &serde_json::Map<String, Json> {
        &self.0
    }

    /// The values by field.
    pub fn into_map(self) -> serde_json::Map<String, Json> {
        self.0
    }

    /// Value of a field; `None` if absent.
    pub fn get(&self, field: &str) -> Option<&Json> {
        self.0.get(field)
    }

    /// Splits off the values of the fields for which `personal` holds: (the rest, the personal ones).
    pub fn split(self, personal: impl Fn(&str) -> bool) -> (Self, Self) {
        let (hidden, open) = self.0.into_iter().partition(|(field, _)| personal(field));
        (Self(open), Self(hidden))
    }

    /// Puts split values together again.
    #[must_use]
    pub fn joined(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Digest of the content, independent of the order in which fields were given.
    pub fn digest(&self) -> [u8; 32] {
        let mut fields: Vec<_> = self.0.iter().collect();
        fields.sort_by_key(|(field, _)| *field);
        let mut hasher = blake3::Hasher::new();
        for (field, value) in fields {
            hasher.update(field.as_bytes());
            hasher.update(b"\0");
            hasher.update(value.to_string().as_bytes());
            hasher.update(b"\0");
        }
        *hasher.finalize().as_bytes()
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// Business key of a record, digested: unique within its register.
pub type KeyDigest = [u8; 16];

/// A record that validation accepted and that is not stored yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Region.
    pub region: RegionCode,
    /// Path of the region.
    pub region_path: String,
    /// Disease; empty where the register has none.
    pub disease: String,
    /// Day of the event; `None` if no dating field is filled.
    pub event_date: Option<Date>,
    /// Day on which the fact became known, if the record says so.
    pub known_on: Option<Date>,
    /// Business key, digested.
    pub key: KeyDigest,
    /// Values.
    pub data: Data,
    /// What the record adds to the measures of its register.
    pub contributions: Vec<crate::register::Contribution>,
}

/// One version of a stored record.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Identifier.
    pub id: RecordId,
    /// Register.
    pub register: String,
    /// Version, from 1.
    pub version: u32,
    /// Region.
    pub region: RegionCode,
    /// Path of the region.
    pub region_path: String,
    /// Disease; empty where the register has none.
    pub disease: String,
    /// Day of the event.
    pub event_date: Option<Date>,
    /// Business key, digested.
    pub key: KeyDigest,
    /// Values.
    pub data: Data,
    /// When this version became known.
    pub known_at: Timestamp,
    /// When the first version was stored.
    pub created_at: Timestamp,
    /// Name of who made this version.
    pub changed_by: String,
    /// Why this version was made, where a person said so.
    pub reason: Option<String>,
    /// Import that made this version.
    pub batch: Option<Uuid>,
    /// Entry of a rehearsal, excluded from every number.
    pub drill: bool,
    /// Withdrawn by this version.
    pub deleted: bool,
    /// The person whom its personal values are about.
    pub person: Option<Uuid>,
    /// The person was erased: what was said of them can be read by nobody any more.
    pub erased: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_an_import_ascend_and_are_of_version_7() {
        let now: Timestamp = "2020-02-12T08:00:00Z".parse().unwrap();
        let ids = IdSequence::new(now);
        let positions = [0, 1, 2, (1 << 20) - 1, 1 << 20, u32::MAX - 1, u32::MAX];
        let made: Vec<RecordId> = positions.iter().map(|&n| ids.get(n)).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        for id in made {
            assert_eq!((id.0.get_version_num(), id.0.get_variant()), (7, uuid::Variant::RFC4122));
            let (seconds, nanos) = id.0.get_timestamp().unwrap().to_unix();
            assert_eq!((seconds, nanos / 1_000_000), (1_581_494_400, 0));
        }
    }
    #[test]
    fn identifiers_ascend_with_the_microsecond_and_within_it() {
        let at = |micros: i64| new_uuid(Timestamp::from_microsecond(1_581_494_400_000_000 + micros).unwrap());
        let mut made = Vec::new();
        for micros in [0, 0, 0, 1, 999, 999, 1000, 1001, 2_000_000] {
            made.push(at(micros));
        }
        assert!(made.is_sorted_by(|a, b| a < b), "{made:?}");
        for id in made {
            assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
        }
        let (seconds, nanos) = at(1_002_999).get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanos / 1_000_000), (1_581_494_401, 2));
        let early = new_uuid(Timestamp::from_second(-5).unwrap());
        assert_eq!(early.get_timestamp().unwrap().to_unix().0, 0);
    }
}
