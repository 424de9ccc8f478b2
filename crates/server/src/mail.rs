//! Mail: the one way by which the program sends any, to the mail server of the set-up.

#[cfg(test)]
mod tests;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A mail server that does not answer must not hold up whoever waits for the mail.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Variable that holds the password, for installations that keep secrets out of files.
const PASSWORD: &str = "WANQUAN_MAIL_PASSWORD";

/// A mail server: the table `[mail]` of the set-up.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// Its name or address.
    pub host: String,
    /// Its port; 465, 587 or 25 by the kind of encryption if not given.
    pub port: Option<u16>,
    /// How the way to it is encrypted.
    #[serde(default)]
    pub encryption: Encryption,
    /// Without encryption: the server stands on another machine of a network that nobody else listens to.
    #[serde(default)]
    pub trusted_network: bool,
    /// Name under which the program signs in, if it does.
    pub user: Option<String>,
    /// File whose first line is the password; the variable `WANQUAN_MAIL_PASSWORD` goes before it.
    pub password_file: Option<PathBuf>,
    /// Certificates (PEM) that are believed besides those of the system: those of the own administration, say.
    pub ca_file: Option<PathBuf>,
    /// Sender of every mail, with or without a name before it.
    pub from: String,
}

/// How the way to the mail server is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// From the first byte.
    #[default]
    Tls,
    /// By a command, before anything else is said; a server that does not offer it gets no mail.
    StartTls,
    /// Not at all.
    None,
}

impl Encryption {
    fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

/// Sends mail.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailer")
    }
}

impl Mailer {
    /// The mailer of a set-up; files are looked for in the data folder.
    ///
    /// # Errors
    /// What is wrong with the set-up.
    pub fn new(config: &MailConfig, data: &Path) -> Result<Self, String> {
        let from: Mailbox =
            config.from.parse().map_err(|_| format!("`from` is no address of mail: `{}`", config.from))?;
        let is_here = matches!(config.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if config.encryption == Encryption::None && !is_here && !config.trusted_network {
            let text = "the mail server is on another machine, and mail would go there unencrypted; set `encryption` to \
                        \"tls\" or \"starttls\", or say `trusted_network = true`";
            return Err(text.to_owned());
        }
        let port = config.port.unwrap_or(config.encryption.port());
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(port)
            .timeout(Some(TIMEOUT))
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .tls(tls(config, data)?);
        if let Some(user) = &config.user {
            let password = password(config, data)?;
            transport = transport.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self { transport: transport.build(), from })
    }

    /// Sends a text.
    ///
    /// # Errors
    /// If the server does not take it, in words for the log: neither recipient nor text, nor what the server said, which
    /// may repeat them.
    pub async fn send(&self, to: &str, subject: &str, text: &str) -> Result<(), String> {
        let to: Mailbox = to.parse().map_err(|_| "the recipient is no address of mail".to_owned())?;
        let mail = Message::builder().from(self.from.clone()).to(to).subject(subject);
        let mail = mail.header(ContentType::TEXT_PLAIN).body(text.to_owned());
        let mail = mail.map_err(|_| "the mail could not be written".to_owned())?;
        const LATE: &str = "the mail server does not answer in time";
        let sent = tokio::time::timeout(TIMEOUT, self.transport.send(mail)).await.map_err(|_| LATE)?;
        sent.map(|_| ()).map_err(|error| match error.status() {
            Some(code) => format!("the mail server answered {code}"),
            None if error.is_tls() => "there is no valid encryption to the mail server".to_owned(),
            None if error.is_timeout() => LATE.to_owned(),
            None if error.is_client() => "the mail server does not offer what the set-up asks for".to_owned(),
            None => "the mail server cannot be reached".to_owned(),
        })
    }
}

fn tls(config: &MailConfig, data: &Path) -> Result<Tls, String> {
    if config.encryption == Encryption::None {
        return Ok(Tls::None);
    }
    let mut parameters =
        TlsParameters::builder(config.host.clone()).certificate_store(CertificateStore::Default);
    if let Some(path) = &config.ca_file {
        let pem = std::fs::read(data.join(path)).map_err(|e| format!("reading {}: {e}", path.display()))?;
        let certificate = Certificate::from_pem(&pem);
        let certificate =
            certificate.map_err(|_| format!("{} holds no certificate in PEM", path.display()))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    let parameters = parameters.build().map_err(|_| "`host` is no name of a server".to_owned())?;
    Ok(match config.encryption {
        Encryption::StartTls => Tls::Required(parameters),
        _ => Tls::Wrapper(parameters),
    })
}

fn password(config: &MailConfig, data: &Path) -> Result<String, String> {
    if let Ok(password) = std::env::var(PASSWORD) {
        return Ok(password);
    }
    let missing = || format!("`user` needs a password: `password_file`, or the variable {PASSWORD}");
    let path = config.password_file.as_ref().ok_or_else(missing)?;
    let text =
        std::fs::read_to_string(data.join(path)).map_err(|e| format!("reading {}: {e}", path.display()))?;
    let line = text.lines().next().unwrap_or_default().trim_end();
    if line.is_empty() { Err(missing()) } else { Ok(line.to_owned()) }
}
