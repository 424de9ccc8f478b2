//! The power goes off while a response is under way: the real executable is killed at random moments. Nothing that it
//! acknowledged is lost, no plan does anything twice, and the audit log is whole.
//!
//! Three times in the fast lane; `WANQUAN_CRASHES=200 cargo test -p wanquan-server --test crash -- --nocapture` for as
//! often as one likes.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "a long run says how far it is")]

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const PASSWORD: &str = "a long enough one";
/// A county with ten townships, by the regions built in.
const COUNTY: &str = "140423";
const TOWNSHIPS: usize = 10;

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wanquan"));
    command
        .args(arguments)
        .env("WANQUAN_DATA", folder)
        .env("WANQUAN_TIME_ZONE", "+08:00")
        .env("WANQUAN_LOG", "error")
        .env_remove("WANQUAN_DATABASE");
    command
}

/// A server that runs until it is killed.
struct Server {
    child: Child,
    address: SocketAddr,
    cookie: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut child =
            command(folder, &["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .find_map(|line| line.unwrap().split("http://").nth(1)?.split('/').next()?.parse().ok())
            .unwrap();
        // Whoever prints into a closed pipe dies; it is read to its end.
        thread::spawn(move || lines.for_each(drop));
        let mut server = Self { child, address, cookie: String::new() };
        let credentials = json!({ "username": "county", "password": PASSWORD });
        let (status, head, body) = exchange(server.address, "", "POST", "/session", &credentials).unwrap();
        assert_eq!(status, 200, "{body}");
        let cookie = head.lines().find_map(|line| {
            line.to_ascii_lowercase().starts_with("set-cookie:").then(|| line[11..].trim().to_owned())
        });
        server.cookie = cookie.unwrap().split(';').next().unwrap().to_owned();
        server
    }

    /// What the server answers; `None` once it is dead.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        let (status, _, body) = exchange(self.address, &self.cookie, method, path, body)?;
        Some((status, serde_json::from_str(&body).unwrap_or(Value::Null)))
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, &Value::Null).unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// One exchange over HTTP/1.1 on a connection of its own; `None` if it breaks off before the answer is whole.
fn exchange(
    address: SocketAddr,
    cookie: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> Option<(u16, String, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let head = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nx-wanquan-request: 1\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8(answer).ok()?;
    let (head, content) = answer.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse::<usize>())
    });
    // An answer that was cut short is no acknowledgement.
    if length.is_some_and(|length| length.ok() != Some(content.len())) {
        return None;
    }
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, head.to_owned(), content.to_owned()))
}

/// What was acknowledged.
#[derive(Default)]
struct Acknowledged {
    /// Directives that were entered, and whether issuing was acknowledged.
    directives: BTreeMap<String, bool>,
    /// Tasks and the state to which an acknowledged step brought them.
    tasks: BTreeMap<String, &'static str>,
    levels: u64,
}

/// Goes through the response again and again until the server is dead.
fn respond(server: &Server, round: u32, known: &mut Acknowledged) -> Option<()> {
    for n in 0.. {
        let data = json!({
            "number": format!("防办{round}-{n}"), "title": format!("排查{round}-{n}"), "text": "当日反馈。",
            "region": COUNTY, "addressee_level": "township", "due": "2030-01-01T10:00:00Z", "issued_on": "2020-02-12",
        });
        let (status, made) = server.ask("POST", "/registers/directive/records", &json!({ "data": data }))?;
        assert_eq!(status, 201, "{made}");
        let id = made["id"].as_str().unwrap().to_owned();
        known.directives.insert(id.clone(), false);
        let (status, taken) = server.ask("POST", &format!("/records/{id}/steps/issue"), &json!({}))?;
        assert_eq!(status, 200, "{taken}");
        known.directives.insert(id.clone(), true);
        let level = if n % 2 == 0 { "iii" } else { "routine" };
        let decision = json!({ "level": level, "evidence": format!("{round}-{n}") });
        let (status, decided) = server.ask("POST", &format!("/regions/{COUNTY}/levels"), &decision)?;
        assert_eq!(status, 200, "{decided}");
        known.levels += 1;
        // The plan of the directive runs as a job of its own.
        let units = loop {
            let (_, units) = server.ask("GET", &format!("/records/{id}/standings"), &Value::Null)?;
            if units["items"].as_array().is_some_and(|items| items.len() == TOWNSHIPS) {
                break units;
            }
            thread::sleep(Duration::from_millis(5));
        };
        for unit in units["items"].as_array().into_iter().flatten().take(3) {
            let task = unit["record"].as_str().unwrap().to_owned();
            let (status, taken) =
                server.ask("POST", &format!("/records/{task}/steps/receive"), &json!({}))?;
            assert_eq!(status, 200, "{taken}");
            known.tasks.insert(task.clone(), "received");
            let done = json!({ "values": { "result": "已办" } });
            let (status, taken) = server.ask("POST", &format!("/records/{task}/steps/finish"), &done)?;
            assert_eq!(status, 200, "{taken}");
            known.tasks.insert(task, "done");
        }
    }
    Some(())
}

/// Waits until the plans of every issued directive have run, then looks at everything that was acknowledged.
fn check(server: &Server, known: &Acknowledged) {
    for (id, issued) in &known.directives {
        let state = server.get(&format!("/records/{id}/life"))["work"]["state"].clone();
        // An unacknowledged step may have been taken; an acknowledged one must have been.
        assert!(state == "issued" || (!issued && state == "draft"), "directive {id} is {state}");
        let begun = Instant::now();
        let units = loop {
            let units = server.get(&format!("/records/{id}/standings"))["items"].as_array().unwrap().clone();
            if state == "draft" || units.len() >= TOWNSHIPS || begun.elapsed() > Duration::from_secs(30) {
                break units;
            }
            thread::sleep(Duration::from_millis(20));
        };
        let regions: BTreeSet<&str> = units.iter().map(|u| u["region"]["code"].as_str().unwrap()).collect();
        let expected = if state == "draft" { 0 } else { TOWNSHIPS };
        assert_eq!((units.len(), regions.len()), (expected, expected), "directive {id}: each township once");
    }
    for (id, state) in &known.tasks {
        let life = server.get(&format!("/records/{id}/life"));
        let now = life["work"]["state"].as_str().unwrap();
        assert!(now == *state || (*state == "received" && now == "done"), "task {id} is {now}, was {state}");
        let received =
            life["history"].as_array().unwrap().iter().filter(|entry| entry["step"] == "receive").count();
        assert_eq!(received, 1, "task {id}");
    }
    let levels = server.get(&format!("/regions/{COUNTY}/levels"));
    let decided = levels["history"].as_array().unwrap().len() as u64;
    // The list of decisions ends at a thousand.
    assert!(decided >= known.levels.min(1_000), "{decided} of {} decisions", known.levels);
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_done_twice_when_the_power_goes_off() {
    let rounds: u32 = std::env::var("WANQUAN_CRASHES").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    let folder = tempfile::tempdir().unwrap();
    let user = ["user", "add", "county", "--role", "commander", "--region", COUNTY, "--password-stdin"];
    let mut made = command(folder.path(), &user).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    made.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
    assert!(made.wait().unwrap().success());
    let mut totals = (0, 0, 0);
    for round in 0..rounds {
        let server = Server::start(folder.path());
        // From 30 ms to 1 s, spread by the digest of the round, so that a run can be repeated.
        let digest = blake3::hash(&round.to_le_bytes());
        let spread = u64::from(u16::from_le_bytes([digest.as_bytes()[0], digest.as_bytes()[1]])) % 970;
        let (done, told) = mpsc::channel();
        let mut known = Acknowledged::default();
        thread::scope(|scope| {
            let (server, known) = (&server, &mut known);
            scope.spawn(move || {
                respond(server, round, known);
                done.send(()).ok();
            });
            thread::sleep(Duration::from_millis(30 + spread));
            // The process is killed from outside, as nothing inside could see it coming.
            let killed = Command::new("kill").args(["-9", &server.child.id().to_string()]).status().unwrap();
            assert!(killed.success());
            told.recv_timeout(Duration::from_secs(90)).unwrap();
        });
        server.kill();
        let again = Server::start(folder.path());
        check(&again, &known);
        totals = (
            totals.0 + known.directives.len(),
            totals.1 + known.tasks.len(),
            totals.2 + usize::try_from(known.levels).unwrap(),
        );
        again.kill();
        if round % 20 == 19 {
            println!(
                "{} crashes: {} directives, {} tasks, {} levels",
                round + 1,
                totals.0,
                totals.1,
                totals.2
            );
        }
    }
    let verified = command(folder.path(), &["audit", "verify"]).output().unwrap();
    let text = String::from_utf8_lossy(&verified.stdout);
    assert!(verified.status.success(), "{text}{}", String::from_utf8_lossy(&verified.stderr));
    println!("{rounds} crashes, {totals:?} acknowledged, {}", text.trim());
    assert!(totals.0 > 0 && totals.1 > 0);
}
