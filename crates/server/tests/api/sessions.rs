//! Signing in, the one-time link, the own password.

use crate::client::{Asker, PASSWORD, Server};
use axum::body::Body;
use axum::http::header;
use serde_json::json;

#[tokio::test]
async fn the_first_administrator_comes_by_the_printed_link_once() {
    let server = Server::open().await;
    let secret = wanquan_app::access::begin_setup(&server.town.app).await.unwrap().unwrap();
    let setup = |token: &str, password: &str| json!({ "token": token, "username": "root", "display_name": "Root", "password": password });
    let nobody = Asker::default();
    server.post(&nobody, "/setup", setup("guess", PASSWORD)).await.refuses(409, "setup_link_invalid");
    server.post(&nobody, "/setup", setup(&secret, "short")).await.refuses(422, "bad_input");
    let made = server.post(&nobody, "/setup", setup(&secret, PASSWORD)).await;
    assert_eq!(made.expect(200)["grants"][0]["role"], "administrator");
    server.post(&nobody, "/setup", setup(&secret, PASSWORD)).await.refuses(409, "setup_link_invalid");
    let browser = Server::browser(&made);
    assert_eq!(server.get(&browser, "/session").await.expect(200)["user"]["username"], "root");
    server.delete(&browser, "/session", json!({})).await.expect(204);
    server.get(&browser, "/session").await.refuses(401, "not_signed_in");
}

#[tokio::test]
async fn a_session_says_who_it_is_and_what_for() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "1101").await;
    let session = server.get(&clerk, "/session").await.expect(200);
    assert_eq!(session["home_region"]["code"], "1101");
    assert_eq!(session["today"], "2020-02-12");
    let actions =
        json!(["situation.read", "record.read", "record.read_personal", "record.write", "record.import"]);
    assert_eq!(session["actions"], actions);
    server.get(&Asker::default(), "/session").await.refuses(401, "not_signed_in");
    let cookie = server
        .post(&Asker::default(), "/session", json!({ "username": "data_clerk-1101-0", "password": PASSWORD }))
        .await;
    let cookie = cookie.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_refused_alike_and_slowed_down() {
    let server = Server::open().await;
    server.somebody("viewer", "1").await;
    let attempt = async |name: &str| {
        let credentials = json!({ "username": name, "password": "wrong" });
        server.post(&Asker::default(), "/session", credentials).await
    };
    let known = attempt("viewer-1-0").await.refuses(401, "bad_credentials");
    let unknown = attempt("nobody").await.refuses(401, "bad_credentials");
    assert_eq!(known["detail"], unknown["detail"]);
    for _ in 0..4 {
        attempt("viewer-1-0").await.refuses(401, "bad_credentials");
    }
    let slowed = attempt("viewer-1-0").await;
    slowed.refuses(429, "too_many_attempts");
    assert!(slowed.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn another_site_cannot_use_the_cookie_to_change_something() {
    let server = Server::open().await;
    let mut clerk = server.somebody("data_clerk", "1101").await;
    clerk.headers.remove("x-wanquan-request");
    let refused = server.post(&clerk, "/registers/case/records", json!({ "data": {} })).await;
    refused.refuses(403, "cross_site");
    server.get(&clerk, "/registers").await.expect(200);
}

#[tokio::test]
async fn the_own_password_is_changed_and_other_browsers_are_signed_out() {
    let server = Server::open().await;
    let here = server.somebody("viewer", "1").await;
    let there = server.sign_in("viewer-1-0", PASSWORD).await;
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    let path = "/session/password";
    server.post(&here, path, change("wrong", "another long one")).await.refuses(401, "bad_credentials");
    server.post(&here, path, change(PASSWORD, "short")).await.refuses(422, "bad_input");
    server.post(&Asker::default(), path, change(PASSWORD, "x")).await.refuses(401, "not_signed_in");
    let changed = server.post(&here, path, change(PASSWORD, "another long one")).await;
    changed.expect(200);
    for old in [&here, &there] {
        server.get(old, "/session").await.refuses(401, "not_signed_in");
    }
    server.get(&Server::browser(&changed), "/session").await.expect(200);
    server.sign_in("viewer-1-0", "another long one").await;
}

#[tokio::test]
async fn what_is_no_address_no_method_and_no_json_is_a_problem_too() {
    let server = Server::open().await;
    let nobody = Asker::default();
    server.get(&nobody, "/nothing").await.refuses(404, "not_found");
    server.send(&nobody, "PATCH", "/session", Body::empty()).await.refuses(405, "method_not_allowed");
    let json = nobody.with("content-type", "application/json");
    server.send(&json, "POST", "/session", Body::from("{")).await.refuses(400, "bad_json");
    server.send(&nobody, "POST", "/session", Body::from("{}")).await.refuses(415, "bad_json");
}
