//! Keys: one of the installation, one of each person, and what is sealed under them.
//!
//! XChaCha20-Poly1305 with random nonces; what is sealed is bound to the person that it belongs to, so that a row copied
//! to another person does not open. Digests for looking somebody up are keyed BLAKE3: without the key, numbers cannot
//! be tried against them, few as there are.

use super::{Digest, Lookup};
use crate::error::Error;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{Key, KeyInit as _, XChaCha20Poly1305, XNonce};
use std::fmt;
use uuid::Uuid;

const NONCE_BYTES: usize = 24;

/// The key of the installation. It is kept outside the database: whoever has only the database, or a backup of it, has
/// no names.
#[derive(Clone)]
pub struct MasterKey {
    wrapping: [u8; 32],
    lookup: [u8; 32],
    waiting: [u8; 32],
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}

impl MasterKey {
    /// Makes the keys for each purpose from 32 random bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self {
            wrapping: blake3::derive_key("wanquan 2026 wrapping of persons' keys", secret),
            lookup: blake3::derive_key("wanquan 2026 looking persons up", secret),
            waiting: blake3::derive_key("wanquan 2026 values that wait", secret),
        }
    }

    /// Digest by which a person is found.
    pub(crate) fn lookup_digest(&self, lookup: &Lookup) -> Digest {
        self.digest(lookup.kind.code(), lookup.value.as_bytes())
    }

    /// Keyed digest of bytes that could be guessed: without the key nobody can try guesses against it.
    pub fn digest(&self, purpose: &str, bytes: &[u8]) -> Digest {
        let mut hasher = blake3::Hasher::new_keyed(&self.lookup);
        hasher.update(&u64::try_from(purpose.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(purpose.as_bytes());
        hasher.update(bytes);
        let mut digest = Digest::default();
        digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        digest
    }

    /// By which a database knows its key again; says nothing of the key.
    pub(super) fn check(&self) -> String {
        self.digest("check", b"").iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Seals what waits for a short time and belongs to no person yet; bound to `owner`.
    pub(crate) fn seal_for(&self, owner: Uuid, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        seal(&self.waiting, owner, bytes)
    }

    /// Opens what [`MasterKey::seal_for`] made.
    pub(crate) fn open_for(&self, owner: Uuid, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        open(&self.waiting, owner, sealed)
    }

    /// A new key for a person, and its wrapped form, which is what is stored.
    pub(crate) fn new_key(&self, person: Uuid) -> Result<(PersonKey, Vec<u8>), Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|e| std::io::Error::other(e.to_string()))?;
        let wrapped = seal(&self.wrapping, person, &key)?;
        Ok((PersonKey { person, key }, wrapped))
    }

    pub(crate) fn unwrap_key(&self, person: Uuid, wrapped: &[u8]) -> Result<PersonKey, Error> {
        let key = open(&self.wrapping, person, wrapped)?;
        let key = key.try_into().map_err(|_| Error::damaged("person", "the key is not 32 bytes"))?;
        Ok(PersonKey { person, key })
    }
}

/// The key of one person.
#[derive(Clone)]
pub struct PersonKey {
    person: Uuid,
    key: [u8; 32],
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKey")
    }
}

impl PersonKey {
    /// Seals bytes that are about the person, the personal fields of a record for example.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn seal(&self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        seal(&self.key, self.person, bytes)
    }

    /// Opens what [`PersonKey::seal`] made.
    ///
    /// # Errors
    /// `Damaged` if the bytes were altered or sealed for somebody else.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        open(&self.key, self.person, sealed)
    }
}

fn seal(key: &[u8; 32], person: Uuid, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|e| std::io::Error::other(e.to_string()))?;
    let payload = Payload { msg: bytes, aad: person.as_bytes() };
    let sealed = XChaCha20Poly1305::new(&Key::from(*key))
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| Error::damaged("person", "it cannot be sealed"))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn open(key: &[u8; 32], person: Uuid, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let wrong = || Error::damaged("person", "it does not open with this key");
    let (nonce, bytes) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(wrong)?;
    let payload = Payload { msg: bytes, aad: person.as_bytes() };
    XChaCha20Poly1305::new(&Key::from(*key)).decrypt(&XNonce::from(*nonce), payload).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_person_with_its_key_and_not_otherwise() {
        let (li, wang) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (ours, theirs) = (MasterKey::new(&[1; 32]), MasterKey::new(&[2; 32]));
        let (key, wrapped) = ours.new_key(li).unwrap();
        let sealed = key.seal("李雷".as_bytes()).unwrap();
        let again = ours.unwrap_key(li, &wrapped).unwrap();
        assert_eq!(again.open(&sealed).unwrap(), "李雷".as_bytes());
        assert!(theirs.unwrap_key(li, &wrapped).is_err());
        assert!(ours.unwrap_key(wang, &wrapped).is_err(), "a key copied to another row");
        assert_ne!(sealed, key.seal("李雷".as_bytes()).unwrap(), "equal names do not look equal");
        let mut altered = sealed.clone();
        altered[30] ^= 1;
        assert!(again.open(&altered).is_err());
        assert!(again.open(&sealed[..10]).is_err());
    }

    #[test]
    fn digests_differ_by_key_and_by_purpose() {
        let (ours, theirs) = (MasterKey::new(&[1; 32]), MasterKey::new(&[2; 32]));
        let digest = ours.digest("d", b"140423");
        assert_eq!(digest, ours.digest("d", b"140423"));
        assert_ne!(digest, theirs.digest("d", b"140423"));
        assert_ne!(digest, ours.digest("p", b"140423"));
        assert_ne!(ours.digest("a", b"bc"), ours.digest("ab", b"c"));
        assert_ne!(ours.check(), theirs.check());
    }

    #[test]
    fn what_waits_opens_for_its_owner_alone() {
        let keys = MasterKey::new(&[1; 32]);
        let sealed = keys.seal_for(Uuid::from_u128(1), b"x").unwrap();
        assert_eq!(keys.open_for(Uuid::from_u128(1), &sealed).unwrap(), b"x");
        assert!(keys.open_for(Uuid::from_u128(2), &sealed).is_err());
    }
}
