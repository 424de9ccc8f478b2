use crate::city::{CHANGZHI, City, LUZHOU, report};
use crate::support::Server;
use axum::http::Method;
use serde_json::{Value, json};

async fn server_with_signals() -> Server {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let mut rows: Vec<_> = (1..=10)
        .map(|day| format!("2020-02-{day:02}"))
        .map(|day| report(LUZHOU, &day, "confirmed", 1, &day))
        .collect();
    rows.push(report(LUZHOU, "2020-02-11", "confirmed", 15, "2020-02-11"));
    server.load(rows).await;
    server
}

async fn assess(server: &Server, token: &str, id: &str, body: Value) -> (u16, Value) {
    let path = format!("/signals/{id}/assess");
    let (status, body) = server.ask(token, Method::POST, &path, Some(body)).await;
    (status.as_u16(), body)
}

#[tokio::test]
async fn a_signal_is_listed_read_and_assessed() {
    let server = server_with_signals().await;
    let officer = server.token("Officer", &[("commander", CHANGZHI)]).await;
    let (_, list) =
        server.get(&officer, &format!("/signals?status=open&region={LUZHOU}&disease=covid-19")).await;
    let signal = &list["items"][0];
    assert_eq!((list["items"].as_array().unwrap().len(), &list["next_cursor"]), (1, &json!(null)));
    assert_eq!(signal["region"]["path_names"], json!(["中国", "山西省", "长治市", "潞州区"]));
    assert_eq!((&signal["observed"], &signal["status"]), (&json!(15), &json!("open")));
    assert_eq!(signal["actions"]["assess"], json!({ "allowed": true, "blocked": null }));
    assert!(signal["explanation"]["en"].as_str().unwrap().contains("15 counted"));
    let id = signal["id"].as_str().unwrap();
    let (_, detail) = server.get(&officer, &format!("/signals/{id}")).await;
    let marked = detail["curve"].as_array().unwrap().iter().find(|d| d["date"] == "2020-02-11").unwrap();
    assert_eq!((&marked["n"], &marked["alarm"]), (&json!(15), &json!(true)));
    assert_eq!(detail["history"][0]["act"], "raised");

    let alarm = json!({ "decision": "raise_alarm", "reason": "Household cluster", "version": 1 });
    let (status, after) = assess(&server, &officer, id, alarm.clone()).await;
    assert_eq!((status, &after["status"], &after["version"]), (200, &json!("alarm"), &json!(2)));
    assert_eq!(after["history"][1]["act"], "raise_alarm");
    assert_eq!(after["actions"]["assess"], json!({ "allowed": false, "blocked": "alarm" }));
    let (status, stale) = assess(&server, &officer, id, alarm).await;
    assert_eq!(
        (status, &stale["code"], &stale["current_version"]),
        (409, &json!("version_conflict"), &json!(2))
    );
    let again = json!({ "decision": "dismiss", "reason": "no", "version": 2 });
    let (status, decided) = assess(&server, &officer, id, again).await;
    assert_eq!((status, &decided["code"]), (409, &json!("already_assessed")));
    let (_, alarms) = server.get(&officer, "/alarms").await;
    assert_eq!(
        (&alarms["items"][0]["signal"], &alarms["items"][0]["raised_by"]),
        (&json!(id), &json!("Officer"))
    );
}

#[tokio::test]
async fn signals_are_refused_with_a_reason() {
    let server = server_with_signals().await;
    let officer = server.token("Officer", &[("commander", CHANGZHI)]).await;
    let (_, list) = server.get(&officer, &format!("/signals?region={LUZHOU}")).await;
    let id = list["items"][0]["id"].as_str().unwrap().to_owned();
    let dismiss = |reason: &str| json!({ "decision": "dismiss", "reason": reason, "version": 1 });

    let viewer = server.token("Viewer", &[("viewer", CHANGZHI)]).await;
    let (_, seen) = server.get(&viewer, &format!("/signals/{id}")).await;
    assert_eq!(seen["actions"]["assess"], json!({ "allowed": false, "blocked": "forbidden" }));
    assert_eq!(assess(&server, &viewer, &id, dismiss("no")).await.0, 403);
    let neighbour = server.token("Neighbour", &[("commander", "140100")]).await;
    assert_eq!(server.refusal(&neighbour, &format!("/signals/{id}")).await, (403, "forbidden".into()));
    assert_eq!(assess(&server, &neighbour, &id, dismiss("no")).await.0, 403);
    let editor = server.token("Editor", &[("portal_editor", CHANGZHI)]).await;
    assert_eq!(server.refusal(&editor, "/signals").await, (403, "forbidden".into()));

    assert_eq!(server.refusal("", "/signals").await, (401, "not_signed_in".into()));
    let unknown = "0190f0f0-0000-7000-8000-000000000000";
    assert_eq!(server.refusal(&officer, &format!("/signals/{unknown}")).await, (404, "not_found".into()));
    assert_eq!(server.refusal(&officer, "/signals/7").await, (400, "bad_path".into()));
    assert_eq!(server.refusal(&officer, "/signals?status=odd").await, (422, "bad_input".into()));
    let (status, body) = assess(&server, &officer, &id, dismiss(" ")).await;
    assert_eq!((status, &body["code"]), (422, &json!("bad_input")));
    let (status, body) = assess(&server, &officer, &id, json!({ "decision": "shrug" })).await;
    assert_eq!((status, &body["code"]), (422, &json!("bad_json")));
}

#[tokio::test]
async fn a_list_is_paged_to_its_end() {
    let server = server_with_signals().await;
    let all = server.token("Nation", &[("viewer", "100000")]).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..9 {
        let (_, page) = server.get(&all, &format!("/signals?limit=3{cursor}")).await;
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|s| s["id"].to_string()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 4);
    seen.dedup();
    assert_eq!(seen.len(), 4);
}
