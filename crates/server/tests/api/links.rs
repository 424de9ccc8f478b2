//! Links of articles and services: noted with what is published, looked at, shown to editors.

use crate::articles::{Portal, content};
use crate::city::{CHANGZHI, LUZHOU, SHANXI};
use crate::services::{place, publish, withdraw};
use axum::http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wanquan_app::outbound::{Outbound, OutboundConfig};
use wanquan_app::portal::links::{self, LinkSchedule, LinksChecked};

/// A site of which `/gone` is gone; its port.
async fn site() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).await.unwrap_or(0) == 0 {
                    break;
                }
                head.push(byte[0]);
            }
            let is_gone = String::from_utf8_lossy(&head).contains(" /gone ");
            let status = if is_gone { "404 Not Found" } else { "200 OK" };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    port
}

fn client(port: u16) -> Outbound {
    let allow = vec!["127.0.0.1".parse().unwrap()];
    Outbound::new(OutboundConfig { allow, ports: vec![port], ..OutboundConfig::recommended() })
}

fn gently() -> LinkSchedule {
    LinkSchedule { pause: Duration::ZERO, ..LinkSchedule::recommended() }
}

impl Portal {
    async fn look(&self, client: &Outbound) -> LinksChecked {
        links::follow_links(&self.server.city.app).await.unwrap();
        links::check_due_links(&self.server.city.app, client, &gently()).await.unwrap()
    }

    async fn links(&self, status: &str) -> Vec<Value> {
        let (code, body) = self.server.get(&self.editor, &format!("/portal/links?status={status}")).await;
        assert_eq!(code, 200, "{body}");
        body["items"].as_array().unwrap().clone()
    }

    fn later(&self, by: SignedDuration) {
        let now = self.server.city.app.now();
        self.server.city.clock.set(now + by);
    }
}

#[tokio::test]
async fn a_broken_link_is_shown_to_editors_until_it_is_repaired() {
    let portal = Portal::open().await;
    let port = site().await;
    let base = format!("http://127.0.0.1:{port}");
    let body = format!("[good]({base}/good) [gone]({base}/gone) [own](/services)");
    let (article, _) = portal.publish(content("With links", &body)).await;
    let mut service = place("1", "testing", "A place", LUZHOU);
    service["link"] = json!(format!("{base}/gone"));
    let id = publish(&portal.server, "service_place", service).await;

    let client = client(port);
    let found = portal.look(&client).await;
    assert_eq!(found, LinksChecked { found: 2, broken: 1, offline: false });
    let broken = portal.links("broken").await;
    assert_eq!(broken.len(), 1);
    assert_eq!((&broken[0]["address"], &broken[0]["answer"]), (&json!(format!("{base}/gone")), &json!(404)));
    let mut holders: Vec<_> =
        broken[0]["uses"].as_array().unwrap().iter().map(|u| u["subject"].clone()).collect();
    holders.sort_by_key(ToString::to_string);
    let mut expected = vec![json!(article), json!(id.to_string())];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(holders, expected);
    assert_eq!(portal.links("works").await.len(), 1);
    assert_eq!(portal.look(&client).await, LinksChecked::default(), "nothing is due");

    // An editor asks again; the article goes, the service stays.
    let asked = json!({ "address": format!("{base}/gone") });
    let (code, _) =
        portal.server.ask(&portal.editor, Method::POST, "/portal/links/recheck", Some(asked.clone())).await;
    assert_eq!(code, 200);
    portal.later(SignedDuration::from_secs(1));
    assert_eq!(portal.look(&client).await.broken, 1);
    let broken = portal.links("broken").await;
    assert_eq!(broken[0]["failures"], 2);
    assert_eq!(broken[0]["broken_since"], "2020-02-12T04:00:00Z");
    withdraw(&portal.server, id).await;
    portal.look(&client).await;
    assert_eq!(portal.links("broken").await[0]["uses"].as_array().unwrap().len(), 1);

    // Readers are told after a fortnight.
    let app = &portal.server.city.app;
    let told = |after: i64| {
        links::long_broken(app, asked["address"].as_str().unwrap(), SignedDuration::from_hours(after))
    };
    portal.later(SignedDuration::from_hours(15 * 24));
    assert_eq!(told(14 * 24).await.unwrap(), None, "two findings are not enough");
    portal.look(&client).await;
    assert!(told(14 * 24).await.unwrap().is_some());
    assert!(told(16 * 24).await.unwrap().is_none());
}

#[tokio::test]
async fn only_who_writes_for_the_portal_sees_links_and_only_those_of_the_own_region() {
    let portal = Portal::open().await;
    let mut service = place("1", "testing", "Elsewhere", "140100");
    service["link"] = json!("https://elsewhere.example/");
    publish(&portal.server, "service_place", service).await;
    links::follow_links(&portal.server.city.app).await.unwrap();
    assert!(portal.links("waiting").await.is_empty(), "it is held in another city only");
    let wide = portal.server.token("Wu", &[("portal_editor", SHANXI)]).await;
    let (_, seen) = portal.server.get(&wide, "/portal/links?status=waiting").await;
    assert_eq!(seen["items"][0]["address"], "https://elsewhere.example/");
    assert_eq!(seen["is_checked"], false, "the set-up says nothing of it");
    let asked = json!({ "address": "https://elsewhere.example/" });
    let (code, _) =
        portal.server.ask(&portal.editor, Method::POST, "/portal/links/recheck", Some(asked)).await;
    assert_eq!(code, 404);
    let other = portal.server.token("Zhao", &[("epidemiologist", CHANGZHI)]).await;
    assert_eq!(portal.server.refusal(&other, "/portal/links").await, (403, "forbidden".into()));
    assert_eq!(portal.server.refusal("", "/portal/links").await.0, 401);
    assert_eq!(portal.server.refusal(&portal.editor, "/portal/links?status=odd").await.0, 422);
}

#[tokio::test]
async fn without_a_network_no_link_counts_as_broken() {
    let portal = Portal::open().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let body = format!("[a](http://127.0.0.1:{closed}/) [b](http://127.0.0.3:{closed}/)");
    portal.publish(content("With links", &body)).await;
    let allow = vec!["127.0.0.0/8".parse().unwrap()];
    let config = OutboundConfig { allow, ports: vec![closed], ..OutboundConfig::recommended() };
    let found = portal.look(&Outbound::new(config)).await;
    assert_eq!(found, LinksChecked { offline: true, ..LinksChecked::default() });
    assert!(portal.links("broken").await.is_empty());
    assert_eq!(portal.links("waiting").await.len(), 2);
}
