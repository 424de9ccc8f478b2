//! A server on a town of its own, and people who ask it.

use crate::town::{Town, person};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use tower::ServiceExt as _;
use wanquan_app::access::NewAccount;
use wanquan_app::{administer, audit};
use wanquan_domain::actor::Actor;
use wanquan_server::api::Api;
use wanquan_server::config::{Config, DataArgs, ServeArgs};
use wanquan_server::router::router;

pub const PASSWORD: &str = "a long enough one";

/// The router with its installation.
pub struct Server {
    pub town: Town,
    router: Router,
    accounts: AtomicU32,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null if there is none.
    pub fn json(&self) -> Value {
        if self.bytes.is_empty() { Value::Null } else { serde_json::from_slice(&self.bytes).unwrap() }
    }

    /// The body, of an answer that must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status.as_u16(), status, "{text}");
        self.json()
    }

    /// Checks that the answer is a problem with this status and code.
    #[track_caller]
    pub fn refuses(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)), "{problem}");
        problem
    }
}

/// Who asks, as its browser or script does.
#[derive(Clone, Default)]
pub struct Asker {
    pub headers: HeaderMap,
    pub account: Option<uuid::Uuid>,
}

impl Server {
    pub async fn open() -> Self {
        let town = Town::open().await;
        let data = DataArgs {
            data: town.folder.path().to_owned(),
            time_zone: Some("+08:00".to_owned()),
            ..DataArgs::default()
        };
        let config =
            Config::read(&ServeArgs { data, upload_mb_max: Some(1), ..ServeArgs::default() }).unwrap();
        let api = Api::new(town.app.clone(), config, Vec::new(), [7; 32]);
        Self { town, router: router(api), accounts: AtomicU32::new(0) }
    }

    /// Somebody new with a role for a region, signed in with a browser.
    pub async fn somebody(&self, role: &str, region: &str) -> Asker {
        let n = self.accounts.fetch_add(1, Ordering::Relaxed);
        let username = format!("{role}-{region}-{n}");
        let system = Actor::system("test");
        let new = NewAccount {
            username: username.clone(),
            display_name: username.clone(),
            password: PASSWORD.to_owned(),
        };
        let user = administer::create_user(&self.town.app, &system, new).await.unwrap();
        let grant = person(role, region).grants.remove(0);
        administer::add_grant(&self.town.app, &system, user.id, grant).await.unwrap();
        let mut asker = self.sign_in(&username, PASSWORD).await;
        asker.account = Some(user.id);
        asker
    }

    /// Acts in the audit log about a subject, latest first.
    pub async fn town_acts(&self, subject: &str) -> Vec<String> {
        let query = audit::Query { subject: Some(subject.to_owned()), ..audit::Query::default() };
        let page = audit::list(&self.town.app, &Actor::system("test"), &query, None, 1_000).await.unwrap();
        page.items.into_iter().map(|entry| entry.what.act).collect()
    }

    pub async fn sign_in(&self, username: &str, password: &str) -> Asker {
        let credentials = json!({ "username": username, "password": password });
        let answer = self.post(&Asker::default(), "/session", credentials).await;
        answer.expect(200);
        Self::browser(&answer)
    }

    /// The browser that got a session cookie.
    pub fn browser(answer: &Answer) -> Asker {
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap();
        let mut asker = Asker::default();
        asker.headers.insert(header::COOKIE, cookie.parse().unwrap());
        asker.headers.insert("x-wanquan-request", "1".parse().unwrap());
        asker
    }

    pub async fn send(&self, asker: &Asker, method: &str, path: &str, body: Body) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}")).body(body).unwrap();
        request.headers_mut().extend(asker.headers.clone());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        Answer { status, headers, bytes }
    }

    pub async fn get(&self, asker: &Asker, path: &str) -> Answer {
        self.send(asker, "GET", path, Body::empty()).await
    }

    async fn json(&self, asker: &Asker, method: &str, path: &str, body: Value) -> Answer {
        let mut asker = asker.clone();
        asker.headers.insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        self.send(&asker, method, path, Body::from(body.to_string())).await
    }

    pub async fn post(&self, asker: &Asker, path: &str, body: Value) -> Answer {
        self.json(asker, "POST", path, body).await
    }

    pub async fn put(&self, asker: &Asker, path: &str, body: Value) -> Answer {
        self.json(asker, "PUT", path, body).await
    }

    pub async fn delete(&self, asker: &Asker, path: &str, body: Value) -> Answer {
        self.json(asker, "DELETE", path, body).await
    }
}

impl Asker {
    /// The same with one more header.
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut asker = self.clone();
        asker.headers.insert(name, value.parse().unwrap());
        asker
    }

    /// The same with the version that was seen.
    pub fn saw(&self, version: u32) -> Self {
        self.with("if-match", &format!("\"{version}\""))
    }

    /// A script with a token.
    pub fn script(token: &str) -> Self {
        Self::default().with("authorization", &format!("Bearer {token}"))
    }
}
