//! The client against servers of the test's own on the loopback interface, which only the test's set-up opens.

use super::*;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// First lines of the requests that a server got.
type Asked = Arc<Mutex<Vec<String>>>;

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, asked: Asked, answer: fn(&str) -> String) {
    let mut stream = stream;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await.unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let line = head.lines().next().unwrap_or_default().to_owned();
    asked.lock().unwrap().push(line.clone());
    let answer = answer(&line);
    // The client may have gone, which is its business.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// A server that answers each request by its first line; its port and what it was asked.
async fn start(answer: fn(&str) -> String) -> (u16, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Asked::default();
    let kept = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&kept), answer));
        }
    });
    (port, asked)
}

fn client(ports: &[u16]) -> Outbound {
    let allow = vec!["127.0.0.1".parse().unwrap()];
    Outbound::new(OutboundConfig { allow, ports: ports.to_vec(), ..OutboundConfig::recommended() })
}

fn status(code: &str) -> String {
    format!("HTTP/1.1 {code}\r\ncontent-length: 0\r\n\r\n")
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
}

fn site(line: &str) -> String {
    match line.split(' ').nth(1).unwrap_or_default() {
        "/here?a=1" => status("200 OK"),
        "/gone" => status("404 Not Found"),
        "/by-get" if line.starts_with("HEAD") => status("405 Method Not Allowed"),
        "/by-get" => "HTTP/1.1 200 OK\r\n\r\nsome content of unknown length".to_owned(),
        "/moved" => redirect("/here?a=1"),
        "/round" => redirect("/round"),
        "/inwards" => redirect("http://127.0.0.2/admin"),
        "/cloud" => redirect("http://169.254.169.254/latest/meta-data/"),
        "/file" => redirect("file:///etc/passwd"),
        "/port" => redirect("http://127.0.0.1:22/"),
        "/large" => format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(200_000)),
        _ => "nonsense\r\n\r\n".to_owned(),
    }
}

#[tokio::test]
async fn an_address_answers_or_does_not() {
    let (port, asked) = start(site).await;
    let client = client(&[port]);
    let probe = async |path: &str| client.probe(&format!("http://127.0.0.1:{port}{path}")).await;
    assert_eq!(probe("/here?a=1#part").await, Ok(Answer { status: 200, moved_to: None }));
    assert_eq!(*asked.lock().unwrap(), ["HEAD /here?a=1 HTTP/1.1"], "asked once, without content");
    assert_eq!(probe("/gone").await.unwrap().status, 404);
    assert_eq!(probe("/by-get").await.unwrap().status, 200);
    let moved = probe("/moved").await.unwrap();
    assert_eq!(moved.moved_to, Some(format!("http://127.0.0.1:{port}/here?a=1")));
    assert_eq!(probe("/round").await, Err(NoAnswer::TooManyRedirects));
    assert_eq!(probe("/nonsense").await, Err(NoAnswer::BadAnswer));
    assert_eq!(probe("/large").await, Err(NoAnswer::BadAnswer));
}

#[tokio::test]
async fn no_address_and_no_redirect_leads_inwards() {
    let (port, _) = start(site).await;
    let client = client(&[port, 80]);
    let probe = async |address: &str| client.probe(address).await.unwrap_err();
    for path in ["/inwards", "/cloud"] {
        assert_eq!(probe(&format!("http://127.0.0.1:{port}{path}")).await, NoAnswer::NotPublic, "{path}");
    }
    assert_eq!(probe(&format!("http://127.0.0.1:{port}/file")).await, NoAnswer::BadAddress);
    assert_eq!(probe(&format!("http://127.0.0.1:{port}/port")).await, NoAnswer::BadPort);
    for inwards in [
        "http://127.0.0.2/",
        "http://[::1]/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/",
        "http://[fd00:ec2::254]/",
        "http://0x7f000002/",
        "http://2130706434/",
        "http://0177.0.0.2/",
        "http://[::ffff:10.0.0.1]/",
        "http://[::ffff:7f00:2]/",
        "http://127.2/",
    ] {
        assert_eq!(probe(inwards).await, NoAnswer::NotPublic, "{inwards}");
    }
    for none in ["ftp://127.0.0.1/", "javascript:alert(1)", "http://user:pass@127.0.0.1/", "http://", "x"] {
        assert_eq!(probe(none).await, NoAnswer::BadAddress, "{none}");
    }
    assert_eq!(probe("http://127.0.0.1:25/").await, NoAnswer::BadPort);
}

#[tokio::test]
async fn a_name_is_judged_by_where_it_leads() {
    let (port, asked) = start(site).await;
    let closed = OutboundConfig { ports: vec![port], ..OutboundConfig::recommended() };
    let answer = Outbound::new(closed).probe(&format!("http://localhost:{port}/here?a=1")).await;
    assert_eq!(answer, Err(NoAnswer::NotPublic));
    assert!(asked.lock().unwrap().is_empty(), "nobody was asked");
}

#[tokio::test]
async fn who_does_not_answer_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = OutboundConfig {
        allow: vec!["127.0.0.1".parse().unwrap()],
        ports: vec![port],
        timeout: Duration::from_millis(50),
        ..OutboundConfig::recommended()
    };
    assert_eq!(Outbound::new(config).probe(&format!("http://127.0.0.1:{port}/")).await, Err(NoAnswer::Late));
    drop(listener);
    let refused = client(&[port]).probe(&format!("http://127.0.0.1:{port}/")).await;
    assert_eq!(refused, Err(NoAnswer::NoConnection));
}

#[tokio::test]
async fn a_certificate_is_believed_if_somebody_vouches_for_it() {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let certificate = made.cert.der().clone();
    let config = ServerConfig::builder().with_no_client_auth();
    let acceptor =
        TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate.clone()], key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                converse(stream, Asked::default(), |_| status("200 OK")).await;
            }
        }
    });
    let address = format!("https://127.0.0.1:{port}/");
    assert_eq!(client(&[port]).probe(&address).await, Err(NoAnswer::BadCertificate));
    let config = OutboundConfig {
        allow: vec!["127.0.0.1".parse().unwrap()],
        ports: vec![port],
        roots: vec![certificate],
        ..OutboundConfig::recommended()
    };
    assert_eq!(Outbound::new(config).probe(&address).await.map(|answer| answer.status), Ok(200));
}
