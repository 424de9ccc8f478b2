//! One-time codes as mail, to a gateway of short messages or to whoever reads it.
//!
//! The simple protocol (RFC 5321) to a relay on the same machine, without encryption and sign-in: the relay does both for
//! the way further. A mail library with TLS would bring twenty packages for one mail of three lines.

use crate::config::SmtpConfig;
use base64::Engine as _;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use wanquan_app::desk::{CodeSender, Delivery};

/// A mail server that does not answer must not hold up whoever waits for the code.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Lines of one answer, and bytes of a line, at most.
const LINES_MAX: usize = 50;
const LINE_BYTES_MAX: u64 = 1_000;

/// Sends each text as a mail.
#[derive(Clone)]
pub struct SmtpSender(SmtpConfig);

impl fmt::Debug for SmtpSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SmtpSender").field(&self.0).finish()
    }
}

type Stream = BufReader<TcpStream>;

impl SmtpSender {
    /// A sender by a mail server.
    pub fn new(config: SmtpConfig) -> Self {
        Self(config)
    }

    async fn deliver(&self, delivery: &Delivery<'_>) -> Result<(), String> {
        let unreachable = |_| "the mail server cannot be reached".to_owned();
        let stream = TcpStream::connect((self.0.host.as_str(), self.0.port)).await.map_err(unreachable)?;
        let mut stream = BufReader::new(stream);
        // A number holds digits and a plus only, so it cannot become another address or another command.
        let to = self.0.to.replace("{phone}", delivery.phone.as_str());
        let from = &self.0.from;
        expect(&mut stream, 2).await?;
        tell(&mut stream, "EHLO localhost", 2).await?;
        tell(&mut stream, &format!("MAIL FROM:<{from}>"), 2).await?;
        tell(&mut stream, &format!("RCPT TO:<{to}>"), 2).await?;
        tell(&mut stream, "DATA", 3).await?;
        tell(&mut stream, &mail(from, &to, delivery.text), 2).await?;
        // It is taken; whether the farewell arrives changes nothing.
        let _ = tell(&mut stream, "QUIT", 2).await;
        Ok(())
    }
}

/// The mail up to the line with the dot. The text is in base64, so that no line of it can end the mail.
fn mail(from: &str, to: &str, text: &str) -> String {
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let body = encode(text);
    let lines: Vec<&str> =
        body.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: =?UTF-8?B?{}?=\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n.",
        encode("验证码 Code"),
        lines.join("\r\n")
    )
}

async fn tell(stream: &mut Stream, line: &str, class: u32) -> Result<(), String> {
    let broken = |_| "the mail server broke off".to_owned();
    stream.write_all(format!("{line}\r\n").as_bytes()).await.map_err(broken)?;
    expect(stream, class).await
}

/// Reads an answer, whose code must begin with `class`. The words of an answer may repeat the number; its code says enough
/// for the log.
async fn expect(stream: &mut Stream, class: u32) -> Result<(), String> {
    for _ in 0..LINES_MAX {
        let mut line = Vec::new();
        let mut limited = tokio::io::AsyncReadExt::take(&mut *stream, LINE_BYTES_MAX);
        limited.read_until(b'\n', &mut line).await.map_err(|_| "the mail server broke off".to_owned())?;
        let code = line.get(..3).and_then(|code| std::str::from_utf8(code).ok()?.parse::<u32>().ok());
        let Some(code) = code else { return Err("the mail server speaks otherwise".to_owned()) };
        // A dash says that the answer goes on.
        if line.get(3) == Some(&b'-') {
            continue;
        }
        return if code / 100 == class { Ok(()) } else { Err(format!("the mail server answered {code}")) };
    }
    Err("the mail server does not come to an end".to_owned())
}

impl CodeSender for SmtpSender {
    fn send<'a>(
        &'a self,
        delivery: Delivery<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            let late = |_| "the mail server does not answer in time".to_owned();
            tokio::time::timeout(TIMEOUT, self.deliver(&delivery)).await.map_err(late)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;
    use wanquan_app::desk::Phone;

    /// A mail server that takes one mail and returns what it was told; `answer` is what it says to the recipient.
    async fn take_one(listener: TcpListener, answer: &'static str) -> Vec<String> {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 test\r\n").await.unwrap();
        let (mut told, mut in_data) = (Vec::new(), false);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return told;
            }
            let line = line.trim_end().to_owned();
            told.push(line.clone());
            let reply = match line.split([' ', ':']).next().unwrap_or_default() {
                _ if in_data && line == "." => {
                    in_data = false;
                    "250 taken"
                }
                _ if in_data => continue,
                "EHLO" => "250-test\r\n250 8BITMIME",
                "RCPT" => answer,
                "DATA" => {
                    in_data = true;
                    "354 go on"
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            stream.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
        }
    }

    fn sender(port: u16) -> SmtpSender {
        SmtpSender::new(SmtpConfig {
            host: "127.0.0.1".into(),
            port,
            trusted_network: false,
            from: "code@example.org".into(),
            to: "{phone}@sms.example.org".into(),
        })
    }

    async fn send(answer: &'static str) -> (Result<(), String>, Vec<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(take_one(listener, answer));
        let phone = Phone::parse("13900001234").unwrap();
        let sent = sender(port).send(Delivery { phone: &phone, text: "Your code: 123456" }).await;
        (sent, server.await.unwrap())
    }

    #[tokio::test]
    async fn a_code_goes_to_the_gateway_as_mail() {
        let (sent, told) = send("250 ok").await;
        sent.unwrap();
        assert!(told.iter().any(|line| line == "RCPT TO:<13900001234@sms.example.org>"), "{told:?}");
        let body = base64::engine::general_purpose::STANDARD.encode("Your code: 123456");
        assert!(told.contains(&body), "{told:?}");
    }

    #[tokio::test]
    async fn a_refusal_is_an_error_and_names_no_number() {
        let (sent, _) = send("550 no 13900001234 here").await;
        let error = sent.unwrap_err();
        assert_eq!(error, "the mail server answered 550");
    }
}
