//! A validated record made ready for storing: values serialised, content digested, tallies counted.

use super::{NO_DAY, Sealed, Whose};
use crate::error::Error;
use crate::time;
use serde_json::{Map, Value as Json};
use wanquan_domain::identity::Identity;
use wanquan_domain::kind::Role;
use wanquan_domain::record::{Draft, KeyDigest, RecordId};
use wanquan_domain::register::Register;

/// A validated record made ready for storing: values serialised, content digested. Making one costs a few
/// microseconds and needs no database, so an import does it on many threads.
#[derive(Debug, Clone)]
pub struct NewRecord {
    pub(crate) id: RecordId,
    pub(crate) register: String,
    pub(crate) region: String,
    pub(crate) region_path: String,
    pub(crate) disease: String,
    pub(crate) event_day: i64,
    pub(crate) key: KeyDigest,
    pub(crate) title: String,
    pub(crate) digest: [u8; 16],
    pub(crate) data: String,
    pub(crate) personal: Option<String>,
    pub(crate) identity: Identity,
    pub(crate) whose: Whose,
    pub(crate) sealed: Option<Box<Sealed>>,
    pub(crate) counted: Counted,
    pub(crate) known_day: Option<i64>,
    pub(crate) row: u64,
}

impl NewRecord {
    /// Prepares a draft of `register` for storing as `id`.
    ///
    /// # Errors
    /// `NotStorable` if a text holds a NUL character.
    pub fn new(register: &Register, draft: Draft, id: RecordId) -> Result<Self, Error> {
        let known_on = register.role(Role::KnownOn).map(|f| f.id.as_str());
        let digest = content_digest(&draft, known_on);
        let counted = Counted::of(register, &draft);
        let is_personal = |id: &str| register.field(id).is_some_and(|f| f.personal);
        // A title is for searching by its beginning, which what is sealed is not.
        let title = draft.data.get(&register.title_field).filter(|_| !is_personal(&register.title_field));
        let title = title.map(shown).unwrap_or_default();
        let identity = if register.fields.iter().any(|field| field.personal) {
            Identity::of(register, draft.data.as_map())
        } else {
            Identity::default()
        };
        let (open, personal) = draft.data.split(is_personal);
        let data = storable(open.as_map())?;
        let personal = if personal.as_map().is_empty() { None } else { Some(storable(personal.as_map())?) };
        Ok(Self {
            id,
            register: register.id.clone(),
            region: draft.region.as_str().to_owned(),
            region_path: draft.region_path,
            disease: draft.disease,
            event_day: draft.event_date.map_or(NO_DAY, time::to_day),
            key: draft.key,
            title: title.chars().take(TITLE_CHARS_MAX).collect(),
            digest,
            data,
            personal,
            identity,
            whose: Whose::Found,
            sealed: None,
            counted,
            known_day: draft.known_on.map(time::to_day),
            row: 0,
        })
    }

    /// Remembers the row of the file, by which a bulk load names records that contradict each other.
    #[must_use]
    pub fn at_row(mut self, row: u64) -> Self {
        self.row = row;
        self
    }

    /// Gives the record another key: that of a repetition of a row without a business key.
    #[must_use]
    pub fn with_key(mut self, key: KeyDigest) -> Self {
        self.key = key;
        self
    }

    /// Says whose record it is, where somebody said so.
    #[must_use]
    pub fn belonging(mut self, whose: Whose) -> Self {
        self.whose = whose;
        self
    }

    /// What identifies its person.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The business key, digested.
    pub fn key(&self) -> &KeyDigest {
        &self.key
    }

    /// Short digests of key and day known, and of the content: two rows of a file with equal first parts speak of the
    /// same thing, and say the same if the second parts are equal too.
    pub fn fingerprint(&self) -> (u64, u32) {
        let [a, b, c, d, e, f, g, h, ..] = self.key;
        let key = u64::from_ne_bytes([a, b, c, d, e, f, g, h]);
        let [.., i, j, k, l] = self.digest;
        let day = self.known_day.unwrap_or(NO_DAY).cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (key ^ day, u32::from_ne_bytes([i, j, k, l]))
    }

    /// What it says, personal values included.
    ///
    /// # Errors
    /// Never for a record that [`NewRecord::new`] made.
    pub fn values(&self) -> Result<Map<String, Json>, Error> {
        let mut values: Map<String, Json> = serde_json::from_str(&self.data)?;
        if let Some(personal) = &self.personal {
            values.extend(serde_json::from_str::<Map<String, Json>>(personal)?);
        }
        Ok(values)
    }

    /// Row of the file that it came from; 0 if from none.
    pub fn row(&self) -> u64 {
        self.row
    }

    /// Identifier that the record gets if its key is new.
    pub fn id(&self) -> RecordId {
        self.id
    }
}

/// Longest title kept for searching, in characters.
const TITLE_CHARS_MAX: usize = 120;

/// Digest of what a record says, without the day on which it became known: the same figure reported again the next
/// day is not a change.
fn content_digest(draft: &Draft, known_on: Option<&str>) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in [draft.region.as_str(), &draft.disease] {
        hasher.update(part.as_bytes());
        hasher.update(b"\0");
    }
    match known_on {
        Some(field) if draft.data.get(field).is_some() => {
            let (rest, _) = draft.data.clone().split(|id| id == field);
            hasher.update(&rest.digest());
        }
        _ => {
            hasher.update(&draft.data.digest());
        }
    }
    let mut digest = [0; 16];
    digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    digest
}

fn shown(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn storable(values: &Map<String, Json>) -> Result<String, Error> {
    let text = serde_json::to_string(values)?;
    if text.contains("\\u0000") {
        // The escape may also stand for a backslash followed by "u0000", so the values themselves decide.
        for (field, value) in values {
            if holds_nul(value) {
                return Err(Error::NotStorable { field: field.clone() });
            }
        }
    }
    Ok(text)
}

fn holds_nul(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains('\0'),
        Json::Array(items) => items.iter().any(holds_nul),
        Json::Object(fields) => fields.values().any(holds_nul),
        _ => false,
    }
}

/// What a version added to the tallies of its region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counted(pub(crate) Vec<(String, i64, i64)>);

impl Counted {
    fn of(register: &Register, draft: &Draft) -> Self {
        let counted = draft.contributions.iter().filter_map(|c| {
            let measure = register.measures.get(c.measure)?;
            Some((measure.id.clone(), time::to_day(c.date), c.n))
        });
        Self(counted.collect())
    }

    /// `onset:18304:1,confirmed:18306:1`; the name of the register is left out.
    pub(crate) fn encode(&self, register: &str) -> String {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(self.0.len() * 20);
        for (measure, day, n) in &self.0 {
            if !text.is_empty() {
                text.push(',');
            }
            let short = measure.strip_prefix(register).and_then(|m| m.strip_prefix('.'));
            let name = short.unwrap_or(measure);
            write!(text, "{name}:{day}:{n}").expect("writing to a string cannot fail");
        }
        text
    }

    pub(crate) fn decode(text: &str, register: &str) -> Result<Self, Error> {
        let part = |item: &str| {
            let mut parts = item.split(':');
            let (name, day, n) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            let measure = if name.contains('.') { name.to_owned() } else { format!("{register}.{name}") };
            Some((measure, day, n))
        };
        text.split(',')
            .filter(|item| !item.is_empty())
            .map(|item| part(item).ok_or_else(|| Error::damaged("record", format!("counted `{item}`"))))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_reads_back_as_written() {
        let counted = Counted(vec![
            ("case.onset".into(), 18_304, 1),
            ("case.death".into(), -5, -2),
            ("other.onset".into(), 0, 7),
        ]);
        let text = counted.encode("case");
        assert_eq!(text, "onset:18304:1,death:-5:-2,other.onset:0:7");
        assert_eq!(Counted::decode(&text, "case").unwrap(), counted);
        assert_eq!(Counted::decode("", "case").unwrap(), Counted::default());
        assert!(Counted::decode("onset:x:1", "case").is_err());
    }

    #[test]
    fn a_nul_character_is_refused_and_an_escaped_backslash_is_not() {
        let values = |text: &str| Map::from_iter([("note".to_owned(), Json::from(text))]);
        assert!(matches!(storable(&values("a\0b")), Err(Error::NotStorable { field }) if field == "note"));
        assert!(storable(&values("a\\u0000b")).is_ok());
    }
}
