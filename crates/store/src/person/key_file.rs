//! Where the key of the installation lies: a file of its own, apart from the database and its backups.
//!
//! The database remembers a digest by which it knows its key again. A key that is missing or another one stops the
//! program at its start: records entered under a new key would leave two halves, of which each looks damaged.

use super::MasterKey;
use crate::dialect::{Engine, Tx, on_db};
use crate::error::Error;
use crate::setting;
use jiff::Timestamp;
use serde_json::Value as Json;
use std::fmt;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the key of personal data is.
#[derive(Clone)]
pub enum KeySource {
    /// Beside the embedded database, under its name with the ending `key`; `wanquan.key` in the working folder for
    /// PostgreSQL.
    Beside,
    /// In this file.
    File(PathBuf),
    /// These bytes.
    Secret([u8; 32]),
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beside => f.write_str("Beside"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Secret(_) => f.write_str("Secret"),
        }
    }
}

/// Setting that holds the digest of the key.
const SETTING: &str = "personal.key";

/// Reads the key and checks that it is that of the database; makes one where nobody is sealed yet.
pub(crate) async fn open(engine: &Engine, source: &KeySource) -> Result<MasterKey, Error> {
    let path = match (source, engine) {
        (KeySource::Secret(_), _) => None,
        (KeySource::File(path), _) => Some(path.clone()),
        (KeySource::Beside, Engine::Sqlite { path, .. }) => Some(path.with_extension("key")),
        (KeySource::Beside, Engine::Postgres(_)) => Some(PathBuf::from("wanquan.key")),
    };
    let shown = path.as_ref().map_or_else(|| "the settings".to_owned(), |path| path.display().to_string());
    let given = match (source, &path) {
        (KeySource::Secret(secret), _) => Some(*secret),
        (_, Some(path)) => read(path)?,
        (_, None) => None,
    };
    let (known, has_persons) = known(engine).await?;
    if let (Some(secret), Some(known)) = (&given, &known) {
        let master = MasterKey::new(secret);
        if master.check() == *known {
            return Ok(master);
        }
        if has_persons {
            return Err(Error::KeyWrong(shown));
        }
    }
    let secret = match (given, &path) {
        (Some(secret), _) => secret,
        (None, _) if has_persons => return Err(Error::KeyMissing(shown)),
        (None, Some(path)) => make(path)?,
        (None, None) => return Err(Error::KeyMissing(shown)),
    };
    let master = MasterKey::new(&secret);
    let check = Json::from(master.check());
    let mut tx = Tx { on: engine.begin_write().await?, keys: Arc::new(master.clone()) };
    // The store reads no clock; when the key was made is the date of its file.
    setting::set(&mut tx, SETTING, &check, "installation", Timestamp::UNIX_EPOCH).await?;
    tx.commit().await?;
    Ok(master)
}

/// The digest of the key that the database remembers, and whether anybody is sealed under it.
async fn known(engine: &Engine) -> Result<(Option<String>, bool), Error> {
    const SQL: &str =
        "select count(*) from (select 1 from person where wrapped_key is not null limit 1) found";
    // No record is read, so that no key is needed.
    let mut tx = Tx { on: engine.begin_read().await?, keys: Arc::new(MasterKey::new(&[0; 32])) };
    let known = setting::get(&mut tx, SETTING).await?;
    let persons: i64 = on_db!(tx, |conn| sqlx::query_scalar(SQL).fetch_one(conn))?;
    Ok((known.as_ref().and_then(Json::as_str).map(str::to_owned), persons > 0))
}

fn read(path: &Path) -> Result<Option<[u8; 32]>, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let unreadable = || Error::KeyUnreadable(path.display().to_string());
    let digits = text.trim();
    if digits.len() != 64 || !digits.is_ascii() {
        return Err(unreadable());
    }
    let mut secret = [0; 32];
    for (byte, i) in secret.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&digits[i..i + 2], 16).map_err(|_| unreadable())?;
    }
    Ok(Some(secret))
}

/// Makes a key and puts it into a file that only its owner reads; durable before anything is sealed under it.
fn make(path: &Path) -> Result<[u8; 32], Error> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|e| std::io::Error::other(e.to_string()))?;
    let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    // Under its name only when it is whole: another process that starts now reads all of it or makes its own.
    let partial = path.with_extension(format!("key.{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&partial)?;
    writeln!(file, "{digits}")?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&partial, path);
    std::fs::remove_file(&partial)?;
    match linked {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return read(path)?.ok_or_else(|| Error::KeyMissing(path.display().to_string()));
        }
        Err(error) => return Err(error.into()),
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(secret)
}
