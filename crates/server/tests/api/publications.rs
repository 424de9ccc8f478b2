use crate::city::{CHANGZHI, City, SHANXI};
use crate::support::Server;
use axum::http::Method;
use serde_json::json;

#[tokio::test]
async fn a_publication_is_drafted_listed_and_published() {
    let server = Server::new(City::shanxi_on("2020-02-12").await);
    let editor = server.token("Editor", &[("portal_editor", SHANXI)]).await;
    let draft = json!({ "region": SHANXI, "title": "Bulletin", "text": "All quiet." });
    let (status, drafted) = server.ask(&editor, Method::POST, "/publications", Some(draft)).await;
    assert_eq!((status.as_u16(), &drafted["status"]), (201, &json!("draft")));
    assert_eq!((&drafted["region"]["name"], &drafted["drafted_by"]), (&json!("山西省"), &json!("Editor")));
    assert_eq!(drafted["figures"]["totals"]["cumulative"], 126);
    let path = format!("/publications/{}/publish", drafted["id"].as_str().unwrap());
    let (status, stale) = server.ask(&editor, Method::POST, &path, Some(json!({ "version": 9 }))).await;
    assert_eq!((status.as_u16(), &stale["current_version"]), (409, &json!(1)));
    let (status, published) = server.ask(&editor, Method::POST, &path, Some(json!({}))).await;
    assert_eq!(
        (status.as_u16(), &published["status"], &published["version"]),
        (200, &json!("published"), &json!(2))
    );
    let (status, again) = server.ask(&editor, Method::POST, &path, Some(json!({}))).await;
    assert_eq!((status.as_u16(), &again["code"]), (409, &json!("not_a_draft")));
    let (_, list) = server.get(&editor, "/publications?status=published").await;
    assert_eq!(
        (list["items"].as_array().unwrap().len(), &list["items"][0]["text"]),
        (1, &json!("All quiet."))
    );
}

#[tokio::test]
async fn publications_are_refused_with_a_reason() {
    let server = Server::new(City::shanxi_on("2020-02-12").await);
    let editor = server.token("Editor", &[("portal_editor", CHANGZHI)]).await;
    let drafter = server.token("Drafter", &[("epidemiologist", CHANGZHI)]).await;
    let viewer = server.token("Viewer", &[("viewer", CHANGZHI)]).await;
    let post = async |token: &str, path: &str, body| {
        let (status, body) = server.ask(token, Method::POST, path, Some(body)).await;
        (status.as_u16(), body["code"].as_str().unwrap_or_default().to_owned(), body)
    };
    let draft = |region: &str| json!({ "region": region, "title": "Bulletin" });
    assert_eq!(post("", "/publications", draft(CHANGZHI)).await.0, 401);
    assert_eq!(post(&viewer, "/publications", draft(CHANGZHI)).await.0, 403);
    assert_eq!(post(&editor, "/publications", draft(SHANXI)).await.0, 403);
    assert_eq!(post(&editor, "/publications", draft("999999")).await.0, 404);
    assert_eq!(post(&editor, "/publications", json!({ "region": CHANGZHI, "title": "" })).await.0, 422);
    let id = post(&drafter, "/publications", draft(CHANGZHI)).await.2["id"].as_str().unwrap().to_owned();
    let publish = format!("/publications/{id}/publish");
    assert_eq!(post(&drafter, &publish, json!({})).await.0, 403);
    let unknown = "/publications/0190f0f0-0000-7000-8000-000000000000/publish";
    assert_eq!(post(&editor, unknown, json!({})).await.0, 404);
    assert_eq!(server.refusal(&viewer, "/publications").await, (403, "forbidden".into()));
    assert_eq!(server.refusal(&editor, "/publications?status=odd").await, (422, "bad_input".into()));
}
