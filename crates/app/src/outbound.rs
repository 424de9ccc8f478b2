//! Asking other servers: the one client of the program. Nothing is asked unless whoever runs the installation set it up.
//!
//! A name is looked up here and the connection goes to the very address that was judged ([`network`]), so a name that
//! changes its mind between question and connection gains nothing; each redirect is judged like the first address.

pub mod network;
#[cfg(test)]
mod tests;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, HeaderValue, LOCATION, USER_AGENT};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use network::{Network, is_public};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::{Host, Url};

/// Redirects that are followed.
const REDIRECTS_MAX: usize = 5;
/// Heads of answers larger than this are refused.
const HEAD_BYTES_MAX: usize = 64_000;
/// What servers see who asks.
const AGENT: &str = concat!("Wanquan/", env!("CARGO_PKG_VERSION"), " (link check)");

/// Where the installation may go.
#[derive(Debug, Clone)]
pub struct OutboundConfig {
    /// Networks that may be asked although they are not of the open internet: that of the own administration, say.
    pub allow: Vec<Network>,
    /// Ports that may be asked; 80 and 443 unless there are reasons.
    pub ports: Vec<u16>,
    /// Certificates that are believed besides those of the system.
    pub roots: Vec<CertificateDer<'static>>,
    /// One question with everything it leads to ends after this time; 15 s lets a slow server answer.
    pub timeout: Duration,
}

impl OutboundConfig {
    /// The open internet, on the two ports of the web.
    pub fn recommended() -> Self {
        Self { allow: Vec::new(), ports: vec![80, 443], roots: Vec::new(), timeout: Duration::from_secs(15) }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoAnswer {
    /// The address is none of the web, or holds a name and password.
    #[error("no address of a web page")]
    BadAddress,
    /// A port that may not be asked.
    #[error("a port that may not be asked")]
    BadPort,
    /// The address leads into a network that may not be asked.
    #[error("an address that may not be asked")]
    NotPublic,
    /// The name is not known.
    #[error("the name is not known")]
    NoSuchHost,
    /// Nobody takes the connection.
    #[error("no connection")]
    NoConnection,
    /// The certificate is not valid, or the two do not agree on encryption.
    #[error("no valid certificate")]
    BadCertificate,
    /// The answer is none of the protocol.
    #[error("an answer that is none")]
    BadAnswer,
    /// It leads on and on.
    #[error("too many redirects")]
    TooManyRedirects,
    /// It takes too long.
    #[error("no answer in time")]
    Late,
}

impl NoAnswer {
    /// Its stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadAddress => "bad_address",
            Self::BadPort => "bad_port",
            Self::NotPublic => "not_public",
            Self::NoSuchHost => "no_such_host",
            Self::NoConnection => "no_connection",
            Self::BadCertificate => "bad_certificate",
            Self::BadAnswer => "bad_answer",
            Self::TooManyRedirects => "too_many_redirects",
            Self::Late => "late",
        }
    }
}

/// An answer, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status of the last answer.
    pub status: u16,
    /// Where the last answer came from, if not from the address that was asked.
    pub moved_to: Option<String>,
}

/// The client.
#[derive(Clone)]
pub struct Outbound {
    config: Arc<OutboundConfig>,
    tls: TlsConnector,
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Outbound {
    /// A client that believes the certificates of the system and those of the set-up.
    pub fn new(config: OutboundConfig) -> Self {
        let mut roots = RootCertStore::empty();
        // A system without certificates asks no encrypted address with success, and each question says so.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots.add_parsable_certificates(config.roots.iter().cloned());
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Self { config: Arc::new(config), tls: TlsConnector::from(Arc::new(tls)) }
    }

    /// Asks whether an address answers: by `HEAD`, and by `GET` where that is not understood. Redirects are followed.
    ///
    /// # Errors
    /// If there is no answer at all; an answer that says "not found" is one.
    pub async fn probe(&self, address: &str) -> Result<Answer, NoAnswer> {
        let asked = Url::parse(address).map_err(|_| NoAnswer::BadAddress)?;
        tokio::time::timeout(self.config.timeout, self.follow(asked)).await.map_err(|_| NoAnswer::Late)?
    }

    async fn follow(&self, asked: Url) -> Result<Answer, NoAnswer> {
        let mut at = asked.clone();
        for _ in 0..=REDIRECTS_MAX {
            let response = match self.ask(&at, Method::HEAD).await {
                // Some servers refuse, or break off, what they do not know; by GET they have to answer properly.
                Ok(response) if response.status().is_success() || response.status().is_redirection() => {
                    response
                }
                Ok(_) | Err(NoAnswer::BadAnswer) => self.ask(&at, Method::GET).await?,
                Err(error) => return Err(error),
            };
            let location = response.headers().get(LOCATION).filter(|_| response.status().is_redirection());
            let Some(location) = location else {
                let moved_to = (at != asked).then(|| at.to_string());
                return Ok(Answer { status: response.status().as_u16(), moved_to });
            };
            let location = location.to_str().map_err(|_| NoAnswer::BadAnswer)?;
            at = at.join(location).map_err(|_| NoAnswer::BadAnswer)?;
        }
        Err(NoAnswer::TooManyRedirects)
    }

    async fn ask(&self, url: &Url, method: Method) -> Result<Response<Incoming>, NoAnswer> {
        let is_https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(NoAnswer::BadAddress),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NoAnswer::BadAddress);
        }
        let host = url.host().ok_or(NoAnswer::BadAddress)?;
        let port = url.port_or_known_default().ok_or(NoAnswer::BadAddress)?;
        if !self.config.ports.contains(&port) {
            return Err(NoAnswer::BadPort);
        }
        let stream = self.connect(&host, port).await?;
        let request = request(url, method)?;
        if !is_https {
            return answer(stream, request).await;
        }
        let name = match &host {
            Host::Domain(name) => {
                ServerName::try_from((*name).to_owned()).map_err(|_| NoAnswer::BadAddress)?
            }
            Host::Ipv4(address) => ServerName::from(IpAddr::V4(*address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::V6(*address)),
        };
        let stream = self.tls.connect(name, stream).await.map_err(|_| NoAnswer::BadCertificate)?;
        answer(stream, request).await
    }

    /// A connection to a machine that may be asked.
    async fn connect(&self, host: &Host<&str>, port: u16) -> Result<TcpStream, NoAnswer> {
        let found: Vec<IpAddr> = match host {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(name) => {
                let found = tokio::net::lookup_host((*name, port)).await.map_err(|_| NoAnswer::NoSuchHost)?;
                found.map(|address| address.ip()).collect()
            }
        };
        if found.is_empty() {
            return Err(NoAnswer::NoSuchHost);
        }
        // One address among many that may not be asked is reason enough: an honest name has none.
        if !found.iter().all(|address| self.may_ask(*address)) {
            return Err(NoAnswer::NotPublic);
        }
        for address in found {
            if let Ok(stream) = TcpStream::connect(SocketAddr::new(address, port)).await {
                return Ok(stream);
            }
        }
        Err(NoAnswer::NoConnection)
    }

    fn may_ask(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.config.allow.iter().any(|network| network.holds(address))
    }
}

fn request(url: &Url, method: Method) -> Result<Request<Empty<Bytes>>, NoAnswer> {
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return Err(NoAnswer::BadAddress),
    };
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let uri: Uri = path.parse().map_err(|_| NoAnswer::BadAddress)?;
    Request::builder()
        .method(method)
        .uri(uri)
        .header(HOST, HeaderValue::from_str(&host).map_err(|_| NoAnswer::BadAddress)?)
        .header(USER_AGENT, AGENT)
        .header("accept", "*/*")
        .header("connection", "close")
        .body(Empty::new())
        .map_err(|_| NoAnswer::BadAddress)
}

/// The head of the answer. The content is not read: the connection ends with it.
async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Empty<Bytes>>,
) -> Result<Response<Incoming>, NoAnswer> {
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES_MAX);
    let (mut sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(|_| NoAnswer::BadAnswer)?;
    tokio::pin! {
        let asked = sender.send_request(request);
        let connection = connection;
    }
    tokio::select! {
        // The answer may be complete in the very moment in which the connection ends.
        biased;
        answered = &mut asked => answered.map_err(|_| NoAnswer::BadAnswer),
        _ = &mut connection => asked.await.map_err(|_| NoAnswer::BadAnswer),
    }
}
