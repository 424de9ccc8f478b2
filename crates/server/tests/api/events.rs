use crate::city::{CHANGZHI, City, LUZHOU, report};
use crate::support::Server;
use axum::body::Body;
use axum::http::{Request, Response};
use http_body_util::BodyExt as _;
use std::time::Duration;
use tokio::time::timeout;
use wanquan_app::bus::Change;

async fn watch(server: &Server, token: &str) -> Response<Body> {
    let request = Request::get("/api/v1/events").header("authorization", format!("Bearer {token}"));
    server.call(request.body(Body::empty()).unwrap()).await
}

/// Everything sent until nothing comes for a while, or until the end.
async fn received(body: &mut Body) -> String {
    let mut text = String::new();
    while let Ok(Some(Ok(frame))) = timeout(Duration::from_millis(300), body.frame()).await {
        text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    text
}

#[tokio::test]
async fn a_client_is_told_of_changes_that_it_may_see() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let officer = server.token("Officer", &[("commander", CHANGZHI)]).await;
    let response = watch(&server, &officer).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut near = response.into_body();
    let neighbour = server.token("Neighbour", &[("commander", "140100")]).await;
    let mut far = watch(&server, &neighbour).await.into_body();
    let mut rows: Vec<_> = (1..=10)
        .map(|day| format!("2020-02-{day:02}"))
        .map(|day| report(LUZHOU, &day, "confirmed", 1, &day))
        .collect();
    rows.push(report(LUZHOU, "2020-02-11", "confirmed", 15, "2020-02-11"));
    server.load(rows).await;
    let near = received(&mut near).await;
    assert!(near.contains("event: tally\ndata: {\"disease\":\"covid-19\""), "{near}");
    assert!(near.contains(&format!("event: signal\ndata: {{\"region\":\"{LUZHOU}\"}}")), "{near}");
    let far = received(&mut far).await;
    assert!(far.contains("event: tally") && !far.contains("event: signal"), "{far}");
}

#[tokio::test]
async fn a_client_that_falls_behind_is_told_to_read_again() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let officer = server.token("Officer", &[("commander", CHANGZHI)]).await;
    let mut body = watch(&server, &officer).await.into_body();
    for _ in 0..5_000 {
        server.city.app.bus().send(Change::Publication);
    }
    assert!(received(&mut body).await.contains("event: resync"));
}

#[tokio::test]
async fn a_stream_ends_when_the_server_stops_and_nobody_watches_unseen() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let officer = server.token("Officer", &[("commander", CHANGZHI)]).await;
    let mut body = watch(&server, &officer).await.into_body();
    assert!(received(&mut body).await.contains(": watching"));
    server.city.app.stop();
    let end = timeout(Duration::from_secs(2), body.frame()).await.unwrap();
    assert!(end.is_none());
    assert_eq!(server.refusal("", "/events").await, (401, "not_signed_in".into()));
}
