//! How the installation is set up: one TOML file, `WANQUAN_*` variables, flags; read once, every problem at once.

mod outside;

pub use outside::LinkCheck;

use crate::mail::{MailConfig, Mailer};
use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use outside::{LinksTable, OutboundTable};
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
    mail: Option<MailConfig>,
    #[serde(default)]
    outbound: OutboundTable,
    #[serde(default)]
    links: LinksTable,
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
    /// As mail to a gateway of short messages, by the mail server of `[mail]`.
    Smtp {
        /// Recipient, in which `{phone}` stands for the number.
        to: String,
    },
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
    /// How mail is sent, if it is.
    pub mailer: Option<Mailer>,
    /// How links of the portal are looked at, if they are.
    pub links: Option<LinkCheck>,
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
        let mailer = file.mail.as_ref().map(|mail| Mailer::new(mail, &args.data.data)).transpose();
        let mailer = mailer.unwrap_or_else(|problem| {
            problems.push(format!("{FILE}: [mail]: {problem}"));
            None
        });
        if matches!(file.portal.codes, CodesConfig::Smtp { .. }) && file.mail.is_none() {
            problems.push(format!("{FILE}: [portal.codes]: the sender `smtp` needs the table [mail]"));
        }
        let links = outside::link_check(&file.outbound, &file.links).unwrap_or_else(|problem| {
            problems.push(format!("{FILE}: {problem}"));
            None
        });
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
            mailer,
            links,
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
    fn mail_and_links_are_read_with_everything_else() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            let data = DataArgs { data: folder.path().to_owned(), ..DataArgs::default() };
            Config::read(&ServeArgs { data, ..ServeArgs::default() })
        };
        let bad = "[portal.codes]\nsender = \"smtp\"\nto = \"{phone}@sms.example\"\n[links]\nevery_hours = 0";
        let error = read(bad).unwrap_err().to_string();
        assert!(error.contains("2 problems") && error.contains("[mail]") && error.contains("every_hours"));
        let good = "[portal.codes]\nsender = \"smtp\"\nto = \"{phone}@sms.example\"\n\
                    [mail]\nhost = \"mail.example\"\nfrom = \"a@b.example\"\n[links]\ncheck = true";
        let config = read(good).unwrap();
        assert!(config.mailer.is_some() && config.links.is_some());
        assert!(read("").unwrap().links.is_none());
    }

    #[test]
    fn an_offset_is_a_time_zone() {
        let at: jiff::Timestamp = "2020-02-11T16:30:00Z".parse().unwrap();
        let zone = parse_zone("+08:00").unwrap();
        assert_eq!(zone.to_datetime(at).date(), jiff::civil::date(2020, 2, 12));
    }
}
