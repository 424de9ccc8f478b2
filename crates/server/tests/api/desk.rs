//! The resident's desk: signing in by a code, what is declared and shown, and what nobody else gets to see.

use crate::city::{CHANGZHI, City, LUZHOU, packs, person};
use crate::services::{answer, cookie, encoded, field, page, post};
use crate::support::Server;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use wanquan_app::records;
use wanquan_domain::actor::Actor;

struct Browser<'a> {
    server: &'a Server,
    cookies: Vec<String>,
}

impl<'a> Browser<'a> {
    fn new(server: &'a Server) -> Self {
        Self { server, cookies: Vec::new() }
    }

    fn keep(&mut self, headers: &HeaderMap) {
        if headers.contains_key("set-cookie") {
            let new = cookie(headers);
            let name = new.split('=').next().unwrap().to_owned();
            self.cookies.retain(|kept| !kept.starts_with(&format!("{name}=")));
            self.cookies.push(new);
        }
    }

    async fn get(&mut self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).header("cookie", self.cookies.join("; ")).body(Body::empty());
        let (parts, body) = self.server.call(request.unwrap()).await.into_parts();
        self.keep(&parts.headers);
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn send(&mut self, path: &str, pairs: &[(&str, &str)]) -> (StatusCode, String, String) {
        let (status, headers, html) = post(self.server, path, &self.cookies.join("; "), encoded(pairs)).await;
        self.keep(&headers);
        let location = headers.get("location").map(|to| to.to_str().unwrap().to_owned());
        (status, location.unwrap_or_default(), html)
    }

    async fn ask(&mut self, phone: &str) -> (StatusCode, String, String) {
        let (_, html) = self.get("/desk").await;
        let right = answer(&html).to_string();
        let (token, question) = (field(&html, "token"), field(&html, "question"));
        self.send(
            "/desk/code",
            &[("phone", phone), ("token", &token), ("question", &question), ("answer", &right)],
        )
        .await
    }

    async fn enter(&mut self, code: &str) -> (StatusCode, String, String) {
        let (_, html) = self.get("/desk/enter").await;
        self.send("/desk/enter", &[("code", code), ("token", &field(&html, "token"))]).await
    }

    async fn sign_in(&mut self, phone: &str) {
        assert_eq!(self.ask(phone).await.0, StatusCode::SEE_OTHER);
        let code = code_for(self.server, phone);
        assert_eq!(self.enter(&code).await.1, "/desk");
    }

    async fn declare(&mut self, name: &str) -> (StatusCode, String, String) {
        let (_, html) = self.get("/desk/trip").await;
        let token = field(&html, "token");
        self.send(
            "/desk/trip",
            &[
                ("token", &token),
                ("name", name),
                ("origin", "420000"),
                ("region", LUZHOU),
                ("transport", "train"),
                ("arrived_on", "2020-02-13"),
                ("symptoms", "yes"),
            ],
        )
        .await
    }
}

/// The last code that was sent to a number.
fn code_for(server: &Server, phone: &str) -> String {
    let sent = std::fs::read_to_string(server.city.folder.path().join("codes.txt")).unwrap();
    let line = sent.lines().rev().find(|line| line.starts_with(&format!("{phone}\t"))).unwrap();
    let digits = line.split('：').nth(1).unwrap();
    digits.chars().take(6).collect()
}

async fn arrivals(server: &Server) -> usize {
    let query = records::Query::default();
    let listed = records::list(&server.city.app, &Actor::system("test"), "arrival", &query, None, 100).await;
    listed.unwrap().items.len()
}

#[tokio::test]
async fn a_trip_is_declared_once_and_shown_to_its_number_with_who_looked() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let mut one = Browser::new(&server);
    one.sign_in("13900001234").await;
    let (_, html) = one.get("/desk").await;
    assert!(html.contains("*** 1234") && html.contains("暂无"));
    let (status, location, html) = one.declare("张丽华").await;
    assert_eq!((status.as_u16(), location.as_str()), (303, "/desk?done=trip"), "{html}");
    let (_, html) = one.get("/desk?done=trip").await;
    assert!(html.contains("张丽华") && html.contains("湖北省") && html.contains("已申报"), "{html}");

    let worker = person("赵社区", &[("community_worker", CHANGZHI)]);
    let query = records::Query::default();
    let listed = records::list(&server.city.app, &worker, "arrival", &query, None, 10).await.unwrap();
    let id = listed.items[0].record.id;
    records::get(&server.city.app, &worker, id, None).await.unwrap();
    let (_, html) = one.get("/desk").await;
    assert!(html.contains("赵社区") && html.contains("查看个人信息"), "{html}");

    // Somebody else sees nothing of it, signed in or not.
    let mut other = Browser::new(&server);
    other.sign_in("13900005678").await;
    for path in ["/desk", "/desk/trip", &format!("/desk/challenge?about={id}")] {
        let (_, html) = other.get(path).await;
        assert!(!html.contains("张丽华") && !html.contains("湖北省 "), "{path}");
    }
    let (_, html) = Browser::new(&server).get("/desk").await;
    assert!(!html.contains("张丽华"));
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_record() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let mut one = Browser::new(&server);
    one.sign_in("13900001234").await;
    let (_, html) = one.get("/desk/trip").await;
    let token = field(&html, "token");
    let pairs = [
        ("token", token.as_str()),
        ("name", "张丽华"),
        ("origin", "420000"),
        ("region", LUZHOU),
        ("transport", "train"),
        ("arrived_on", "2020-02-13"),
    ];
    for _ in 0..2 {
        assert_eq!(one.send("/desk/trip", &pairs).await.0, StatusCode::SEE_OTHER);
    }
    assert_eq!(arrivals(&server).await, 1);
}

#[tokio::test]
async fn what_is_missing_is_said_beside_its_field() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let mut one = Browser::new(&server);
    one.sign_in("13900001234").await;
    let (_, html) = one.get("/desk/trip?lang=en").await;
    let token = field(&html, "token");
    let hostile = "\"><script>alert(1)</script>";
    let (status, _, html) =
        one.send("/desk/trip?lang=en", &[("token", &token), ("name", hostile), ("arrived_on", "soon")]).await;
    assert_eq!(status.as_u16(), 422);
    for id in ["e-origin", "e-region", "e-transport", "e-arrived_on"] {
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}: {html}");
    }
    assert!(!html.contains("<script>alert") && html.contains("required value is missing"));
    assert_eq!(arrivals(&server).await, 0);
}

#[tokio::test]
async fn a_code_is_for_one_browser_one_time_five_minutes_and_five_tries() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let mut one = Browser::new(&server);
    let (status, location, _) = one.ask("139 0000 1234").await;
    assert_eq!((status.as_u16(), location.as_str()), (303, "/desk/enter"));
    let code = code_for(&server, "13900001234");
    // Another browser cannot use it, not even with the number.
    let mut other = Browser::new(&server);
    other.get("/desk").await;
    assert_eq!(other.get("/desk/enter").await.0, StatusCode::SEE_OTHER);
    let (status, ..) = other.ask("13900001234").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "one was sent just now");
    assert_eq!(one.enter(&code).await.1, "/desk");
    assert_eq!(one.enter(&code).await.1, "", "it was used");

    // Five wrong tries use a code up.
    server.city.clock.set(server.city.app.now() + SignedDuration::from_mins(2));
    let mut two = Browser::new(&server);
    two.ask("13900001234").await;
    let code = code_for(&server, "13900001234");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(two.enter(wrong).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(two.enter(&code).await.0, StatusCode::UNPROCESSABLE_ENTITY);

    // And it ends.
    server.city.clock.set(server.city.app.now() + SignedDuration::from_mins(2));
    two.ask("13900001234").await;
    let code = code_for(&server, "13900001234");
    let (_, html) = two.get("/desk/enter").await;
    server.city.clock.set(server.city.app.now() + SignedDuration::from_mins(5));
    let pairs = [("code", code.as_str()), ("token", &field(&html, "token"))];
    assert_eq!(two.send("/desk/enter", &pairs).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_known_and_an_unknown_number_get_the_same_answer() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let mut known = Browser::new(&server);
    known.sign_in("13900001234").await;
    known.declare("张丽华").await;
    server.city.clock.set(server.city.app.now() + SignedDuration::from_mins(2));
    let first = Browser::new(&server).ask("13900001234").await;
    let second = Browser::new(&server).ask("13911112222").await;
    assert_eq!(first, second);
    let (status, _, html) = Browser::new(&server).ask("not a number").await;
    assert_eq!(status.as_u16(), 422);
    assert!(html.contains("电话号码格式不正确"));
}

#[tokio::test]
async fn a_challenge_of_an_own_record_is_taken_and_of_another_one_is_not() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let mut one = Browser::new(&server);
    one.sign_in("13900001234").await;
    one.declare("张丽华").await;
    let query = records::Query::default();
    let system = Actor::system("test");
    let app = &server.city.app;
    let id = records::list(app, &system, "arrival", &query, None, 10).await.unwrap().items[0].record.id;
    let challenge = |token: String| {
        vec![
            ("token", token),
            ("record", id.to_string()),
            ("about", "record".to_owned()),
            ("statement", "日期有误".to_owned()),
        ]
    };
    let (_, html) = one.get(&format!("/desk/challenge?about={id}")).await;
    let pairs = challenge(field(&html, "token"));
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (*k, v.as_str())).collect();
    assert_eq!(one.send("/desk/challenge", &pairs).await.1, "/desk?done=challenge");
    let made = records::list(app, &system, "challenge", &query, None, 10).await.unwrap().items;
    assert_eq!(
        (made.len(), made[0].record.region.as_str()),
        (1, LUZHOU),
        "answered where the record is kept"
    );
    let life = wanquan_app::life::get(app, &system, made[0].record.id).await.unwrap().unwrap();
    assert_eq!(life.work.due_at, Some(app.now() + SignedDuration::from_hours(24)));

    let mut other = Browser::new(&server);
    other.sign_in("13900005678").await;
    let (_, html) = other.get("/desk/challenge").await;
    let pairs = challenge(field(&html, "token"));
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (*k, v.as_str())).collect();
    assert_eq!(other.send("/desk/challenge", &pairs).await.0, StatusCode::NOT_FOUND);
    assert_eq!(records::list(app, &system, "challenge", &query, None, 10).await.unwrap().items.len(), 1);

    let (_, html) = other.get("/desk/erasure").await;
    let pairs = [("token", field(&html, "token"))];
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (*k, v.as_str())).collect();
    assert_eq!(other.send("/desk/erasure", &pairs).await.1, "/desk?done=erasure");
}

#[tokio::test]
async fn nothing_is_done_without_sign_in_or_token_and_nothing_is_kept_by_a_cache() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    for path in ["/desk/trip", "/desk/challenge", "/desk/erasure"] {
        let (status, headers, _) = page(&server, path).await;
        assert_eq!((status.as_u16(), headers["location"].to_str().unwrap()), (303, "/desk"));
        let (status, ..) = post(&server, path, "", "token=x".into()).await;
        assert_eq!(status.as_u16(), 303);
    }
    let mut one = Browser::new(&server);
    one.sign_in("13900001234").await;
    for path in ["/desk/trip", "/desk/challenge", "/desk/erasure"] {
        assert_eq!(one.send(path, &[("token", "x.1.y")]).await.0, StatusCode::FORBIDDEN);
    }
    let request = Request::get("/desk").header("cookie", one.cookies.join("; ")).body(Body::empty());
    assert_eq!(server.call(request.unwrap()).await.headers()["cache-control"], "no-store");
    let (_, html) = one.get("/desk").await;
    let form = html.split("/desk/leave").nth(1).unwrap();
    one.send("/desk/leave", &[("token", &field(form, "token"))]).await;
    let (_, html) = one.get("/desk").await;
    assert!(html.contains("name=\"phone\""), "signed out");
    one.sign_in_again_ends_by_itself(&server).await;
}

impl Browser<'_> {
    async fn sign_in_again_ends_by_itself(&mut self, server: &Server) {
        server.city.clock.set(server.city.app.now() + SignedDuration::from_mins(2));
        self.sign_in("13900001234").await;
        server.city.clock.set(server.city.app.now() + SignedDuration::from_mins(31));
        let (_, html) = self.get("/desk").await;
        assert!(html.contains("name=\"phone\""), "a sign-in ends after half an hour");
    }
}

#[tokio::test]
async fn codes_sign_ins_open_forms_and_limits_outlive_a_restart() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let mut one = Browser::new(&server);
    let (_, html) = one.get("/desk").await;
    let right = answer(&html).to_string();
    let (token, question) = (field(&html, "token"), field(&html, "question"));
    let asked = |phone| {
        [
            ("phone", phone),
            ("token", token.as_str()),
            ("question", question.as_str()),
            ("answer", right.as_str()),
        ]
    };
    server.restart();
    assert_eq!(one.send("/desk/code", &asked("13900001234")).await.1, "/desk/enter", "an open form is taken");
    server.restart();
    let (status, ..) = one.send("/desk/code", &asked("13900009999")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "the proof was used before");
    let code = code_for(&server, "13900001234");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..4 {
        assert_eq!(one.enter(wrong).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        server.restart();
    }
    assert_eq!(one.enter(&code).await.1, "/desk", "the fifth try");
    server.restart();
    assert_eq!(one.declare("张丽华").await.1, "/desk?done=trip");
    let (status, ..) = Browser::new(&server).ask("13900001234").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "a code was sent to the number a moment ago");

    // What one network may send is counted for all processes together.
    let mut taken = 0;
    for n in 0..12 {
        server.restart();
        taken +=
            u32::from(Browser::new(&server).ask(&format!("1380000{n:04}")).await.0 == StatusCode::SEE_OTHER);
    }
    assert_eq!(taken, 8, "ten at once, of which two were sent above");
}

#[tokio::test]
async fn the_key_of_forms_is_one_of_the_installation() {
    let (one, other) = (City::at("2020-02-12T04:00:00Z").await, City::at("2020-02-12T04:00:00Z").await);
    let options = wanquan_app::Options { time_zone: one.app.time_zone().clone(), demo: false };
    let again = wanquan_app::App::new(one.store.clone(), packs(), one.clock.clone(), options);
    let key = wanquan_app::forms::form_key(&one.app).await.unwrap();
    assert_eq!(key, wanquan_app::forms::form_key(&again).await.unwrap());
    assert_ne!(key, wanquan_app::forms::form_key(&other.app).await.unwrap());
}

#[tokio::test]
async fn what_staff_recorded_is_shown_to_whoever_holds_the_telephone_and_knows_the_document() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let worker = person("赵社区", &[("community_worker", CHANGZHI)]);
    let values = serde_json::json!({
        "declaration_number": "D-1", "name": "张丽华", "phone": "139 0000 1234", "risk": "high",
        "document_number": "11010519491231002X", "origin": "420000", "region": LUZHOU,
        "landing_region": LUZHOU, "transport": "train", "arrived_on": "2020-02-11",
    });
    let values = values.as_object().unwrap().clone();
    let id = records::create(&server.city.app, &worker, "arrival", values, None).await.unwrap().record.id;

    let mut one = Browser::new(&server);
    one.sign_in("13900001234").await;
    let give = async |browser: &mut Browser<'_>, document: &str| {
        let (_, html) = browser.get("/desk").await;
        let form = html.split("/desk/document").nth(1).unwrap();
        let token = field(form, "token");
        browser.send("/desk/document", &[("token", &token), ("document", document)]).await.1
    };
    let (_, html) = one.get("/desk").await;
    assert!(!html.contains("张丽华"), "the telephone alone shows nothing that staff entered");
    assert_eq!(one.get(&format!("/desk/challenge?about={id}")).await.0, StatusCode::OK);
    assert_eq!(give(&mut one, "110105194912310021").await, "/desk?done=unknown");
    assert_eq!(give(&mut one, "11010519491231002x").await, "/desk");
    server.restart();
    let (_, html) = one.get("/desk").await;
    assert!(html.contains("张丽华") && html.contains("由工作人员登记") && html.contains("赵社区"), "{html}");
    let (_, html) = one.get(&format!("/desk/challenge?about={id}")).await;
    let (token, about) = (field(&html, "token"), id.to_string());
    let sent = [("token", token.as_str()), ("record", &about), ("about", "record"), ("statement", "不是我")];
    assert_eq!(one.send("/desk/challenge", &sent).await.1, "/desk?done=challenge");

    // Who knows the document of somebody else, but not their telephone, sees nothing, and may not try for long.
    let mut other = Browser::new(&server);
    other.sign_in("13900005678").await;
    assert_eq!(give(&mut other, "11010519491231002X").await, "/desk?done=unknown");
    let (_, html) = other.get("/desk").await;
    assert!(!html.contains("张丽华"));
    let (_, html) = other.get(&format!("/desk/challenge?about={id}")).await;
    let token = field(&html, "token");
    let sent = [("token", token.as_str()), ("record", &about), ("about", "record"), ("statement", "x")];
    assert_eq!(other.send("/desk/challenge", &sent).await.0, StatusCode::NOT_FOUND);
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(give(&mut other, "11010519491231002X").await);
    }
    assert_eq!(answers.last().map(String::as_str), Some("/desk?done=wait"), "{answers:?}");
}
