use crate::city::{CHANGZHI, City, LUZHOU};
use crate::support::Server;
use serde_json::json;

#[tokio::test]
async fn regions_are_searched_within_the_callers_own() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let clerk = server.token("Clerk", &[("data_clerk", CHANGZHI)]).await;
    let (status, body) = server.get(&clerk, "/regions?q=%E9%95%BF%E6%B2%BB&limit=30").await;
    assert_eq!((status.as_u16(), &body["items"][0]["code"]), (200, &json!(CHANGZHI)));
    let first = &body["items"][0];
    assert_eq!(first["ancestors"][1]["name"], "山西省");
    assert_eq!(first["population"]["n"], 3_151_700);
    assert_eq!(first["has_children"], true);
    let (_, elsewhere) = server.get(&clerk, "/regions?q=%E5%A4%AA%E5%8E%9F").await;
    assert_eq!(elsewhere["items"], json!([]));
    let nobody = server.token("Nobody", &[]).await;
    assert_eq!(server.refusal(&nobody, "/regions").await, (403, "forbidden".into()));
    assert_eq!(server.refusal("", "/regions").await, (401, "not_signed_in".into()));
    assert_eq!(server.refusal(&clerk, "/regions?limit=many").await, (400, "bad_query".into()));
}

#[tokio::test]
async fn a_region_and_its_map_are_public_facts_to_whoever_is_signed_in() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let clerk = server.token("Clerk", &[("data_clerk", LUZHOU)]).await;
    let (_, shanxi) = server.get(&clerk, "/regions/140000").await;
    assert_eq!((&shanxi["level"], &shanxi["parent"]), (&json!("province"), &json!("100000")));
    let (_, map) = server.get(&clerk, "/regions/140000/map").await;
    assert_eq!((&map["kind"], map["shapes"].as_array().unwrap().len()), (&json!("boundary"), 11));
    assert!(map["shapes"][0]["polygons"][0][0][0][0].as_f64().unwrap() > 100.0);
    let (_, tiles) = server.get(&clerk, &format!("/regions/{CHANGZHI}/map")).await;
    assert_eq!((&tiles["kind"], tiles["tiles"].as_array().unwrap().len()), (&json!("tiles"), 12));
    assert_eq!(server.refusal(&clerk, "/regions/999999").await, (404, "not_found".into()));
    assert_eq!(server.refusal(&clerk, "/regions/999999/map").await, (404, "not_found".into()));
    assert_eq!(server.refusal("", "/regions/140000/map").await, (401, "not_signed_in".into()));
}
