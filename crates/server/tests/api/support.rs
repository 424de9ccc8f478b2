//! A server without a socket, and people who call it.

use crate::city::{City, packs};
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::sync::RwLock;
use tower::ServiceExt as _;
use wanquan_app::{App, Options, detect, jobs};
use wanquan_domain::actor::Grant;
use wanquan_domain::record::new_uuid;
use wanquan_domain::region::RegionCode;
use wanquan_server::api::Api;
use wanquan_server::config::{CodesConfig, Config, PortalConfig};
use wanquan_server::front::Front;
use wanquan_store::account::{self, Account};
use wanquan_store::token::{self, ApiToken};

pub struct Server {
    pub city: City,
    front: RwLock<Front>,
}

impl Server {
    pub fn new(city: City) -> Self {
        let front = RwLock::new(Self::process(&city, city.app.clone()));
        Self { city, front }
    }

    /// Goes on in another process of the same installation, which remembers nothing.
    pub fn restart(&self) {
        let options = Options { time_zone: self.city.app.time_zone().clone(), demo: false };
        let packs = packs();
        let app = App::new(self.city.store.clone(), packs, self.city.clock.clone(), options);
        *self.front.write().unwrap() = Self::process(&self.city, app);
    }

    fn process(city: &City, app: App) -> Front {
        let config = Config {
            data: city.folder.path().to_owned(),
            database: String::new(),
            key_file: "wanquan.key".into(),
            time_zone: TimeZone::UTC,
            listen: ([127, 0, 0, 1], 0).into(),
            public_url: None,
            upload_bytes_max: 1_000_000,
            portal: PortalConfig { region: Some("140400".into()), codes: CodesConfig::File { path: None } },
            mailer: None,
            links: None,
            replay_from: None,
        };
        Front::new(Api::new(app, config, Vec::new(), [7; 32]))
    }

    /// An account with roles, and the token with which it calls.
    pub async fn token(&self, name: &str, grants: &[(&str, &str)]) -> String {
        let now = self.city.app.now();
        let id = new_uuid(now);
        let secret = format!("secret-of-{name}");
        let mut tx = self.city.store.write().await.unwrap();
        let account = Account {
            id,
            username: name.to_lowercase(),
            display_name: name.to_owned(),
            lang: String::new(),
            password_hash: String::new(),
            disabled: false,
            created_at: now,
            version: 1,
        };
        account::insert(&mut tx, &account).await.unwrap();
        for (role, region) in grants {
            let grant = Grant { role: (*role).to_owned(), region: RegionCode::new(region) };
            account::add_grant(&mut tx, id, &grant, "test", now).await.unwrap();
        }
        let kept = ApiToken {
            id: new_uuid(now),
            prefix: "secret".into(),
            name: "test".into(),
            account: id,
            created_at: now,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
        };
        token::insert(&mut tx, blake3::hash(secret.as_bytes()).as_bytes(), &kept).await.unwrap();
        tx.commit().await.unwrap();
        secret
    }

    fn process_at_work(&self) -> Front {
        self.front.read().unwrap().clone()
    }

    pub async fn call(&self, request: Request<Body>) -> Response<Body> {
        self.process_at_work().oneshot(request).await.unwrap()
    }

    /// Calls with a token; the status and the JSON of the answer.
    pub async fn ask(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(json) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(json.to_string())
            }
            None => Body::empty(),
        };
        let response = self.call(request.body(body).unwrap()).await;
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub async fn get(&self, token: &str, path: &str) -> (StatusCode, Value) {
        self.ask(token, Method::GET, path, None).await
    }

    /// The code of the problem that answers.
    pub async fn refusal(&self, token: &str, path: &str) -> (u16, String) {
        let (status, body) = self.get(token, path).await;
        (status.as_u16(), body["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Loads count reports and lets the detectors run.
    pub async fn load(&self, rows: Vec<serde_json::Map<String, Value>>) {
        let touched = self.city.load("count_report", rows).await;
        let mut tx = self.city.store.write().await.unwrap();
        detect::enqueue(&self.city.app, &mut tx, &touched).await.unwrap();
        tx.commit().await.unwrap();
        detect::announce(&self.city.app, &touched);
        jobs::run_due(&self.city.app).await.unwrap();
    }
}
