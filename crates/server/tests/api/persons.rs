//! Persons: known already, joined and taken apart, answered for, erased.

use crate::client::{Asker, Server};
use crate::town::case;
use axum::http::header;
use serde_json::{Value, json};

const CASES: &str = "/registers/case/records";
const DUPLICATES: &str = "/registers/case/duplicates";
const NUMBER: &str = "140423198002030014";

fn li(number: &str, region: &str) -> Value {
    let mut values = case(number, region);
    values.insert("name".into(), json!("李雷"));
    values.insert("document_number".into(), json!(NUMBER));
    json!({ "data": values })
}

async fn entered(server: &Server, clerk: &Asker, body: Value) -> (String, String) {
    let made = server.post(clerk, CASES, body).await.expect(201);
    (made["id"].as_str().unwrap().to_owned(), made["person"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn who_is_known_is_told_before_entering_and_decided_with_the_record() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "1101").await;
    let (id, person) = entered(&server, &clerk, li("A-1", "110101")).await;
    let mut variant = case("A-2", "110102");
    variant.insert("name".into(), json!("Li Lei"));
    variant.insert("birth_date".into(), json!("1980-02-03"));
    variant.insert("phone".into(), json!("13900001234"));
    let found = server.post(&clerk, DUPLICATES, json!({ "data": variant })).await.expect(200);
    assert_eq!(found["elsewhere"], 0);
    let item = &found["items"][0];
    assert_eq!((&item["person"], &item["record"]), (&json!(person), &json!(id)));
    assert_eq!((&item["score"], &item["reasons"]), (&json!(50), &json!(["pinyin", "birth_date"])));
    assert_eq!((&item["name"], &item["title"]), (&json!("李雷"), &json!("A-1")));
    assert_eq!(server.town_acts("register/case").await, ["record.look"], "names were told");

    let both = json!({ "data": variant, "person": person, "another_person": true });
    server.post(&clerk, CASES, both).await.refuses(422, "bad_input");
    let (_, same) = entered(&server, &clerk, json!({ "data": variant, "person": person })).await;
    assert_eq!(same, person);
    let mut other = li("A-3", "110101");
    other["another_person"] = json!(true);
    assert_ne!(entered(&server, &clerk, other).await.1, person);
    let nobody = json!({ "data": case("A-4", "110101"), "person": "01900000-0000-7000-8000-000000000000" });
    server.post(&clerk, CASES, nobody).await.refuses(404, "not_found");
    // Who sees no persons is told none, and not whose a record is.
    let viewer = server.somebody("viewer", "1101").await;
    server.post(&viewer, DUPLICATES, json!({ "data": variant })).await.refuses(403, "forbidden");
    server.post(&Asker::default(), DUPLICATES, json!({ "data": {} })).await.refuses(401, "not_signed_in");
    server.post(&clerk, "/registers/dogs/duplicates", json!({ "data": {} })).await.refuses(404, "not_found");
    let blind = server.get(&viewer, &format!("/records/{id}")).await.expect(200);
    assert!(blind.get("person").is_none() && blind["erased"] == false);
}

#[tokio::test]
async fn sealed_fields_answer_to_whole_values_only() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "1101").await;
    entered(&server, &clerk, li("A-1", "110101")).await;
    for (query, n) in [
        ("f.document_number=1404%202319%208002%200300%2014", 1),
        ("f.document_number=14042319800203", 0),
        ("f.name=%E6%9D%8E%E9%9B%B7", 1),
        ("f.name=li%20lei", 1),
        ("f.name=%E6%9D%8E", 0),
        ("f.name=li%20lei&f.document_number=140423198002030014&region=110102", 0),
    ] {
        let found = server.get(&clerk, &format!("{CASES}?{query}")).await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), n, "{query}");
    }
    server.get(&clerk, &format!("{CASES}?f.address=x")).await.refuses(409, "sealed_field");
    server.get(&clerk, &format!("{CASES}?f.phone=1")).await.refuses(422, "bad_input");
}

#[tokio::test]
async fn entries_are_merged_and_taken_apart() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "1101").await;
    let (one, first) = entered(&server, &clerk, li("A-1", "110101")).await;
    let mut other = li("A-2", "110102");
    other["another_person"] = json!(true);
    let (two, second) = entered(&server, &clerk, other).await;
    let merges = format!("/persons/{first}/merges");
    let wanted = json!({ "merged": second, "reason": "entered twice" });
    let viewer = server.somebody("viewer", "1101").await;
    server.post(&viewer, &merges, wanted.clone()).await.refuses(403, "forbidden");
    let alike = server.get(&clerk, &format!("/persons/{first}/alike")).await.expect(200);
    assert_eq!((&alike["items"][0]["person"], &alike["items"][0]["score"]), (&json!(second), &json!(100)));
    server.get(&viewer, &format!("/persons/{first}/alike")).await.refuses(403, "forbidden");
    let empty = json!({ "merged": second, "reason": " " });
    server.post(&clerk, &merges, empty).await.refuses(422, "bad_input");
    let made = server.post(&clerk, &merges, wanted.clone()).await.expect(201);
    server.post(&clerk, &merges, wanted).await.refuses(409, "not_mergeable");
    let person = server.get(&clerk, &format!("/persons/{second}")).await.expect(200);
    assert_eq!(
        (&person["id"], &person["may_merge"], &person["may_erase"]),
        (&json!(first), &json!(true), &json!(false))
    );
    let mut records: Vec<_> =
        person["records"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect();
    records.sort_unstable();
    assert_eq!(records, [one, two]);
    let undo = format!("{merges}/{}", made["id"].as_str().unwrap());
    server.delete(&clerk, &undo, json!({})).await.expect(204);
    server.delete(&clerk, &undo, json!({})).await.refuses(404, "not_found");
    let apart = server.get(&clerk, &format!("/persons/{second}")).await.expect(200);
    assert_eq!((&apart["id"], apart["records"].as_array().unwrap().len()), (&json!(second), 1));
    assert!(apart["merges"][0]["undone_by"].is_string());
    server.get(&viewer, &format!("/persons/{first}")).await.refuses(403, "forbidden");
    let neighbour = server.somebody("data_clerk", "1102").await;
    server.get(&neighbour, &format!("/persons/{first}")).await.refuses(404, "not_found");
}

#[tokio::test]
async fn what_is_known_is_given_in_three_forms_and_erased() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "1101").await;
    let officer = server.somebody("privacy_officer", "1101").await;
    let mut entry = li("A-1", "110101");
    entry["data"]["address"] = json!("=<b>桥东</b>");
    let (id, person) = entered(&server, &clerk, entry).await;
    let found = server.post(&officer, "/persons/find", json!({ "document": NUMBER })).await.expect(200);
    assert_eq!(found["items"], json!([person]));
    server.post(&officer, "/persons/find", json!({})).await.refuses(422, "bad_input");

    let known = format!("/persons/{person}/known");
    server.get(&clerk, &known).await.refuses(403, "forbidden");
    let answer = server.get(&officer, &known).await.expect(200);
    assert_eq!(answer["records"][0]["versions"][0]["values"]["name"], "李雷");
    assert!(answer["looks"].as_array().unwrap().iter().any(|look| look["act"] == "record.create"));
    let page = server.get(&officer, &format!("{known}?form=html&lang=zh")).await;
    assert_eq!(page.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let text = String::from_utf8(page.bytes).unwrap();
    assert!(text.contains("姓名") && text.contains("=&lt;b&gt;桥东"), "{text}");
    let table = String::from_utf8(server.get(&officer, &format!("{known}?form=csv")).await.bytes).unwrap();
    assert!(table.contains("\"Address\",\"'=<b>桥东</b>\""), "{table}");
    server.get(&officer, &format!("{known}?form=pdf")).await.refuses(400, "bad_query");

    let erase = format!("/persons/{person}/erase");
    server.post(&clerk, &erase, json!({ "reason": "x" })).await.refuses(403, "forbidden");
    server.post(&officer, &erase, json!({ "reason": "" })).await.refuses(422, "bad_input");
    let erased = server.post(&officer, &erase, json!({ "reason": "retention ended" })).await.expect(200);
    assert_eq!(erased, json!({ "entries": 1 }));
    server.post(&officer, &erase, json!({ "reason": "again" })).await.refuses(409, "erased");
    let record = server.get(&clerk, &format!("/records/{id}")).await.expect(200);
    assert_eq!((&record["erased"], record["data"].get("name")), (&json!(true), None));
    let table = String::from_utf8(server.get(&officer, &format!("{known}?form=csv")).await.bytes).unwrap();
    assert!(!table.contains("李雷"));
}
