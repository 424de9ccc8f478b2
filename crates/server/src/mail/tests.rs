//! Mail to a small server of the test's own: with and without encryption, signed in or not.

use super::*;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// What the server was told, and whether the way was encrypted when it was.
type Told = Vec<(String, bool)>;

struct TestServer {
    port: u16,
    ca: tempfile::TempDir,
    told: tokio::task::JoinHandle<Told>,
}

/// A server that takes one mail; `to_recipient` is what it answers to the recipient.
async fn start(encryption: Encryption, to_recipient: &'static str) -> TestServer {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let ca = tempfile::tempdir().unwrap();
    std::fs::write(ca.path().join("ca.pem"), made.cert.pem()).unwrap();
    std::fs::write(ca.path().join("password"), "secret words\n").unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let told = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut told = Told::new();
        match encryption {
            Encryption::Tls => {
                // A client that does not believe the certificate ends here.
                let Ok(stream) = acceptor.accept(stream).await else { return told };
                converse(stream, &mut told, true, true, to_recipient).await;
            }
            Encryption::None => {
                converse(stream, &mut told, false, true, to_recipient).await;
            }
            Encryption::StartTls => {
                let Some(stream) = converse(stream, &mut told, false, true, to_recipient).await else {
                    return told;
                };
                let Ok(stream) = acceptor.accept(stream).await else { return told };
                converse(stream, &mut told, true, false, to_recipient).await;
            }
        }
        told
    });
    TestServer { port, ca, told }
}

/// Answers until the client ends; gives the connection back where the client asks for encryption.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    told: &mut Told,
    encrypted: bool,
    greets: bool,
    to_recipient: &str,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    if greets {
        stream.write_all(b"220 localhost ready\r\n").await.ok()?;
    }
    let mut in_data = false;
    loop {
        stream.flush().await.ok()?;
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        told.push((line.clone(), encrypted));
        let reply = match line.split([' ', ':']).next().unwrap_or_default() {
            _ if in_data && line == "." => {
                in_data = false;
                "250 taken"
            }
            _ if in_data => continue,
            "EHLO" if encrypted => "250-localhost\r\n250 AUTH PLAIN LOGIN",
            "EHLO" => "250-localhost\r\n250 STARTTLS",
            "STARTTLS" => {
                stream.write_all(b"220 go on\r\n").await.ok()?;
                stream.flush().await.ok()?;
                return Some(stream.into_inner());
            }
            "AUTH" => "235 welcome",
            "RCPT" => to_recipient,
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
    }
}

impl TestServer {
    fn config(&self, encryption: Encryption) -> MailConfig {
        MailConfig {
            host: "localhost".into(),
            port: Some(self.port),
            encryption,
            trusted_network: false,
            user: (encryption != Encryption::None).then(|| "wanquan".to_owned()),
            password_file: Some("password".into()),
            ca_file: Some("ca.pem".into()),
            from: "万全 <code@health.example>".into(),
        }
    }

    async fn send(&self, config: &MailConfig) -> Result<(), String> {
        let mailer = Mailer::new(config, self.ca.path())?;
        mailer.send("13900001234@sms.example", "验证码 Code", "Your code: 123456").await
    }
}

fn has(told: &Told, start: &str, encrypted: bool) -> bool {
    told.iter().any(|(line, was)| line.starts_with(start) && *was == encrypted)
}

#[tokio::test]
async fn mail_goes_encrypted_from_the_first_byte_and_signed_in() {
    let server = start(Encryption::Tls, "250 ok").await;
    server.send(&server.config(Encryption::Tls)).await.unwrap();
    let told = server.told.await.unwrap();
    assert!(has(&told, "EHLO health.example", true), "{told:?}");
    assert!(
        has(&told, "AUTH PLAIN ", true) && has(&told, "RCPT TO:<13900001234@sms.example>", true),
        "{told:?}"
    );
    assert!(told.iter().any(|(line, _)| line == "Your code: 123456"), "{told:?}");
}

#[tokio::test]
async fn nothing_is_said_before_encryption_that_begins_by_a_command() {
    let server = start(Encryption::StartTls, "250 ok").await;
    server.send(&server.config(Encryption::StartTls)).await.unwrap();
    let told = server.told.await.unwrap();
    let plain: Vec<&str> = told.iter().filter(|(_, was)| !was).map(|(line, _)| line.as_str()).collect();
    assert_eq!(plain, ["EHLO health.example", "STARTTLS"]);
    assert!(
        has(&told, "AUTH PLAIN ", true) && has(&told, "MAIL FROM:<code@health.example>", true),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_relay_on_this_machine_needs_neither() {
    let server = start(Encryption::None, "250 ok").await;
    server.send(&server.config(Encryption::None)).await.unwrap();
    assert!(has(&server.told.await.unwrap(), "MAIL FROM:<code@health.example>", false));
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_gets_no_mail() {
    for encryption in [Encryption::Tls, Encryption::StartTls] {
        let server = start(encryption, "250 ok").await;
        let foreign = MailConfig { ca_file: None, ..server.config(encryption) };
        let error = server.send(&foreign).await.unwrap_err();
        let told = server.told.await.unwrap();
        assert!(!told.iter().any(|(line, _)| line.starts_with("MAIL")), "{encryption:?}: {error}: {told:?}");
    }
}

#[tokio::test]
async fn a_server_without_the_encryption_that_is_asked_for_gets_no_mail() {
    // It speaks plainly, as somebody in between would make it do.
    let server = start(Encryption::None, "250 ok").await;
    let config = MailConfig { encryption: Encryption::Tls, ..server.config(Encryption::Tls) };
    assert!(server.send(&config).await.is_err());
}

#[tokio::test]
async fn a_refusal_names_no_number() {
    let server = start(Encryption::Tls, "550 no 13900001234 here").await;
    let error = server.send(&server.config(Encryption::Tls)).await.unwrap_err();
    assert_eq!(error, "the mail server answered 550");
}

#[test]
fn a_set_up_that_would_send_in_plain_text_or_cannot_sign_in_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = |text: &str| toml::from_str::<MailConfig>(text).unwrap();
    let problem = |text: &str| Mailer::new(&config(text), folder.path()).map(|_| ()).unwrap_err();
    let far = "host = \"mail.example\"\nfrom = \"a@b.example\"\nencryption = \"none\"";
    assert!(problem(far).contains("unencrypted"));
    assert!(Mailer::new(&config(&format!("{far}\ntrusted_network = true")), folder.path()).is_ok());
    assert!(problem("host = \"mail.example\"\nfrom = \"nobody\"").contains("`from`"));
    assert!(problem("host = \"mail.example\"\nfrom = \"a@b.example\"\nuser = \"a\"").contains("password"));
    let no_ca = "host = \"mail.example\"\nfrom = \"a@b.example\"\nca_file = \"none.pem\"";
    assert!(problem(no_ca).contains("none.pem"));
    assert!(toml::from_str::<MailConfig>("host = \"x\"\nfrom = \"y\"\nencryption = \"some\"").is_err());
}
