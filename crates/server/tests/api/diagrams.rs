//! Diagrams of registers and plans.

use crate::client::Server;
use axum::http::header;

#[tokio::test]
async fn a_register_with_states_and_a_plan_are_drawn_for_whoever_is_signed_in() {
    let server = Server::open().await;
    let officer = server.somebody("unit_officer", "110101001").await;
    let drawn = server.get(&officer, "/registers/task/diagram?lang=zh").await;
    assert_eq!(drawn.status, 200);
    assert_eq!(drawn.headers[header::CONTENT_TYPE], "image/svg+xml; charset=utf-8");
    let svg = String::from_utf8(drawn.bytes).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains("签收 · Confirm receipt") && svg.contains("须填进展"));
    let plan = server.get(&officer, "/plans/alarm_response/diagram").await;
    assert!(String::from_utf8(plan.bytes).unwrap().contains("A signal is assessed as an alarm"));

    server.get(&officer, "/registers/contact/diagram").await.refuses(404, "not_found");
    server.get(&officer, "/plans/none/diagram").await.refuses(404, "not_found");
    server.get(&Default::default(), "/registers/task/diagram").await.refuses(401, "not_signed_in");
}

#[tokio::test]
async fn a_register_tells_its_states_and_steps_and_a_plan_what_it_does() {
    let server = Server::open().await;
    let commander = server.somebody("commander", "1101").await;
    let register = server.get(&commander, "/registers/task").await.expect(200);
    assert_eq!(register["states"][0]["id"], "assigned");
    assert_eq!(register["states"][0]["deadline"]["en"], "until: Due, warned 1 h before, climbs every 4 h");
    let step = &register["steps"][1];
    assert_eq!((&step["to"], &step["demands"]["zh"]), (&"working".into(), &"须填进展".into()));
    let plans = server.get(&commander, "/plans").await.expect(200);
    let plan = plans["items"].as_array().unwrap().iter().find(|p| p["id"] == "alarm_response").unwrap();
    assert_eq!(plan["actions"][4]["act"]["en"], "Propose Level III; a person decides");
    assert_eq!(plan["modes"], serde_json::json!(["preview", "drill"]));
}
