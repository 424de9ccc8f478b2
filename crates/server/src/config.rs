//! How the installation is set up: one TOML file, `WANQUAN_*` variables, flags; read once, every problem at once.

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Name of the file in the data folder.
const FILE: &str = "wanquan.toml";

/// A line list of a million rows has about 150 MB.
pub const UPLOAD_BYTES_MAX: u64 = 512_000_000;

/// Where the data is; common to every command that opens an installation.
#[derive(Args, Debug, Clone, Default)]
pub struct DataArgs {
    /// Folder of the installation: database, settings (wanquan.toml), added packs (packs/).
    #[arg(long, global = true, env = "WANQUAN_DATA", default_value = ".", value_name = "DIR")]
    pub data: PathBuf,
    /// PostgreSQL address to use instead of the embedded database (postgres://user@host/name).
    #[arg(long, global = true, env = "WANQUAN_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// File with the key of personal data; wanquan.key in the data folder if not given. Keep a copy apart from backups.
    #[arg(long, global = true, env = "WANQUAN_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Time zone in which days begin and end, for example Asia/Shanghai; the system's if not given.
    #[arg(long, global = true, env = "WANQUAN_TIME_ZONE", value_name = "ZONE")]
    pub time_zone: Option<String>,
}

/// What `wanquan serve` takes beyond [`DataArgs`].
#[derive(Args, Debug, Clone, Default)]
pub struct ServeArgs {
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// Address to listen on; the default is reachable from this machine only.
    #[arg(long, env = "WANQUAN_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Address under which browsers reach the server, if a proxy stands before it (https://wanquan.example).
    #[arg(long, env = "WANQUAN_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Largest file that is taken for an import, in millions of bytes.
    #[arg(long, env = "WANQUAN_UPLOAD_MB_MAX", value_name = "MB")]
    pub upload_mb_max: Option<u64>,
    /// Let the clock of the installation start at this instant of the past (2020-02-12T08:00:00Z): for exercises and
    /// after-action reviews on a copy of the data.
    #[arg(long, value_name = "INSTANT")]
    pub replay_from: Option<Timestamp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    database: Option<String>,
    key_file: Option<PathBuf>,
    time_zone: Option<String>,
    listen: Option<String>,
    public_url: Option<String>,
    upload_mb_max: Option<u64>,
    #[serde(default)]
    portal: PortalConfig,
}

/// What concerns the public portal: the table `[portal]` of the file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalConfig {
    /// Code of the region that answers what the public sends, where the sender names none; the root of the tree if not
    /// given.
    pub region: Option<String>,
    /// How one-time codes of the resident's desk leave the installation. Without a sender the desk is closed.
    #[serde(default)]
    pub codes: CodesConfig,
}

/// How one-time codes leave the installation: the table `[portal.codes]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(tag = "sender", rename_all = "lowercase", deny_unknown_fields)]
pub enum CodesConfig {
    /// Not at all.
    #[default]
    None,
    /// As lines of a file, for a gateway that collects them or for trying it out.
    File {
        /// The file; `codes.txt` in the data folder if not given.
        path: Option<PathBuf>,
    },
    /// As mail to a gateway of short messages.
    Smtp(SmtpConfig),
}

/// A mail server that takes codes: a relay on the same machine, which does the encryption of the way further.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// Its name or address.
    #[serde(default = "localhost")]
    pub host: String,
    /// Its port.
    #[serde(default = "smtp_port")]
    pub port: u16,
    /// The relay stands on another machine of a network that nobody else listens to. What is sent there is not encrypted.
    #[serde(default)]
    pub trusted_network: bool,
    /// Sender of the mail.
    pub from: String,
    /// Recipient, in which `{phone}` stands for the number.
    pub to: String,
}

fn localhost() -> String {
    "127.0.0.1".to_owned()
}

fn smtp_port() -> u16 {
    25
}

impl SmtpConfig {
    /// What is wrong with it, if anything is.
    fn problem(&self) -> Option<String> {
        let is_here = matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if !is_here && !self.trusted_network {
            let text = "the mail server is on another machine: codes would go there unencrypted; use a relay on this \
                        machine, or say `trusted_network = true`";
            return Some(text.to_owned());
        }
        let plain = |address: &str| {
            address.contains('@') && address.chars().all(|c| c.is_ascii_graphic() && c != '<' && c != '>')
        };
        let broken = [("from", &self.from), ("to", &self.to)].into_iter().find(|(_, text)| !plain(text));
        broken.map(|(key, text)| format!("`{key}` is no plain address: `{text}`"))
    }
}

/// The set-up, checked.
#[derive(Clone)]
pub struct Config {
    /// Folder of the installation.
    pub data: PathBuf,
    /// Path of the embedded database, or a PostgreSQL address.
    pub database: String,
    /// File with the key of personal data.
    pub key_file: PathBuf,
    /// Time zone of the installation.
    pub time_zone: TimeZone,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Address under which browsers reach the server, without a slash at the end.
    pub public_url: Option<String>,
    /// Largest file that is taken for an import.
    pub upload_bytes_max: u64,
    /// The public portal.
    pub portal: PortalConfig,
    /// Where the clock starts, if not at the present.
    pub replay_from: Option<Timestamp>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address of a database may hold a password.
        f.debug_struct("Config")
            .field("data", &self.data)
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Puts flags and variables over the file in the data folder.
    ///
    /// # Errors
    /// Every problem in one message.
    pub fn read(args: &ServeArgs) -> anyhow::Result<Self> {
        let file = read_file(&args.data.data.join(FILE))?;
        let mut problems = Vec::new();
        let listen = match (args.listen, &file.listen) {
            (Some(listen), _) => listen,
            (None, Some(text)) => text.parse().unwrap_or_else(|_| {
                problems.push(format!("{FILE}: `listen` is no ADDRESS:PORT: `{text}`"));
                default_listen()
            }),
            (None, None) => default_listen(),
        };
        let public_url = args.public_url.clone().or(file.public_url);
        let public_url = public_url.map(|url| url.trim_end_matches('/').to_owned());
        if let Some(url) =
            public_url.as_ref().filter(|u| !u.starts_with("http://") && !u.starts_with("https://"))
        {
            problems.push(format!("the public address must begin with http:// or https://: `{url}`"));
        }
        let zone = args.data.time_zone.clone().or(file.time_zone);
        let time_zone = zone.map_or_else(|| Ok(TimeZone::system()), |name| parse_zone(&name));
        let time_zone = time_zone.unwrap_or_else(|problem| {
            problems.push(problem);
            TimeZone::UTC
        });
        if let CodesConfig::Smtp(smtp) = &file.portal.codes {
            problems.extend(smtp.problem().map(|problem| format!("{FILE}: [portal.codes]: {problem}")));
        }
        if !problems.is_empty() {
            bail!("the set-up has {} problems:\n{}", problems.len(), problems.join("\n"));
        }
        let database = args.data.database.clone().or(file.database);
        let database =
            database.unwrap_or_else(|| args.data.data.join("wanquan.db").to_string_lossy().into_owned());
        let key_file = args.data.key_file.clone().or(file.key_file);
        let key_file = key_file.unwrap_or_else(|| args.data.data.join("wanquan.key"));
        Ok(Self {
            data: args.data.data.clone(),
            database,
            key_file,
            time_zone,
            listen,
            public_url,
            upload_bytes_max: args
                .upload_mb_max
                .or(file.upload_mb_max)
                .map_or(UPLOAD_BYTES_MAX, |mb| mb.saturating_mul(1_000_000)),
            portal: file.portal,
            replay_from: args.replay_from,
        })
    }

    /// True if browsers reach the server by https, so that cookies may insist on it.
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

/// A zone by its IANA name, or a fixed offset such as +08:00.
fn parse_zone(name: &str) -> Result<TimeZone, String> {
    if let Ok(zone) = TimeZone::get(name) {
        return Ok(zone);
    }
    let fixed = jiff::fmt::temporal::DateTimeParser::new().parse_time_zone(name);
    fixed.map_err(|_| {
        format!("no time zone `{name}`; write a name such as Asia/Shanghai or an offset such as +08:00")
    })
}

fn read_file(path: &Path) -> anyhow::Result<File> {
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).with_context(|| format!("reading {}", path.display())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(File::default()),
        Err(e) => Err(e).with_context(|| format!("reading {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_reported_at_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "listen = \"here\"\ntime_zone = \"Mars/Base\"").unwrap();
        let data = DataArgs { data: folder.path().to_owned(), ..DataArgs::default() };
        let error = Config::read(&ServeArgs { data, ..ServeArgs::default() }).unwrap_err().to_string();
        assert!(error.contains("2 problems") && error.contains("`here`") && error.contains("Mars/Base"));
    }

    #[test]
    fn an_offset_is_a_time_zone() {
        let at: jiff::Timestamp = "2020-02-11T16:30:00Z".parse().unwrap();
        let zone = parse_zone("+08:00").unwrap();
        assert_eq!(zone.to_datetime(at).date(), jiff::civil::date(2020, 2, 12));
    }
}
