//! Registers and their records.

use crate::client::{Asker, Server};
use crate::town::case;
use axum::http::header;
use serde_json::{Value, json};

fn data(number: &str, region: &str) -> Value {
    json!({ "data": case(number, region) })
}

const CASES: &str = "/registers/case/records";

#[tokio::test]
async fn registers_come_with_everything_that_a_list_and_a_form_need() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "1101").await;
    server.post(&clerk, CASES, data("A-1", "110101")).await.expect(201);
    let list = server.get(&clerk, "/registers").await.expect(200);
    let cases = list["items"].as_array().unwrap().iter().find(|r| r["id"] == "case").unwrap().clone();
    assert_eq!(
        cases,
        json!({
            "id": "case", "kind": "case", "title": { "en": "Cases", "zh": "病例" }, "record_count": 1,
            "record_count_more": false, "actions": ["record.read", "record.write", "record.import"]
        })
    );
    let register = server.get(&clerk, "/registers/case").await.expect(200);
    assert_eq!(register["title_field"], "case_id");
    let name = register["fields"].as_array().unwrap().iter().find(|f| f["id"] == "name").unwrap();
    assert_eq!((&name["personal"], &name["role"]), (&json!(true), &json!("name")));
    assert_eq!(register["json_schema"]["zh"]["properties"]["sex"]["title"], "性别");
    assert_eq!(register["json_schema"]["en"]["properties"]["onset_date"]["format"], "date");
    assert_eq!(register["ui_schema"]["region"]["ui:widget"], "region");

    server.get(&clerk, "/registers/dogs").await.refuses(404, "not_found");
    server.get(&Asker::default(), "/registers").await.refuses(401, "not_signed_in");
    let editor = server.somebody("portal_editor", "1").await;
    let seen = server.get(&editor, "/registers").await.expect(200);
    let seen: Vec<&str> = seen["items"].as_array().unwrap().iter().filter_map(|r| r["id"].as_str()).collect();
    assert!(seen.contains(&"service_place") && !seen.contains(&"case"), "{seen:?}");
    server.get(&editor, "/registers/case").await.refuses(403, "forbidden");
}

#[tokio::test]
async fn a_record_is_entered_read_changed_and_withdrawn() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "1101").await;
    let made = server.post(&clerk, CASES, data("A-1", "110101")).await;
    let record = made.expect(201);
    let id = record["id"].as_str().unwrap().to_owned();
    let path = format!("/records/{id}");
    assert_eq!(made.headers[header::ETAG], "\"1\"");
    assert_eq!(made.headers[header::LOCATION], format!("/api/v1{path}"));
    assert_eq!(record["region"], json!({ "code": "110101", "name": "东县" }));
    assert_eq!(
        (&record["disease"], &record["event_date"], &record["known_at"], &record["withdrawn"]),
        (&json!("measles"), &json!("2020-02-01"), &json!("2020-02-12T04:00:00Z"), &json!(false))
    );
    let read = server.get(&clerk, &path).await;
    assert_eq!(read.expect(200)["data"]["name"], "张三");
    assert_eq!(read.headers[header::ETAG], "\"1\"");
    assert_eq!(read.headers[header::CACHE_CONTROL], "no-store");

    let mut change = data("A-1", "110101");
    change["data"]["outcome"] = json!("recovered");
    change["reason"] = json!("call");
    server.put(&clerk, &path, change.clone()).await.refuses(428, "if_match_required");
    server.put(&clerk.with("if-match", "*"), &path, change.clone()).await.refuses(400, "bad_if_match");
    let changed = server.put(&clerk.saw(1), &path, change.clone()).await;
    assert_eq!(
        (&changed.expect(200)["version"], &changed.headers[header::ETAG]),
        (&json!(2), &"\"2\"".parse().unwrap())
    );
    let late = server.put(&clerk.saw(1), &path, data("A-1", "110101")).await.refuses(409, "version_conflict");
    assert_eq!((&late["current_version"], &late["changed_fields"]), (&json!(2), &json!(["outcome"])));
    assert_eq!(late["changed_by"], "data_clerk-1101-0");

    let versions = server.get(&clerk, &format!("{path}/versions")).await.expect(200);
    assert_eq!(versions["items"][1]["changes"], json!(["outcome"]));
    assert_eq!(versions["items"][1]["reason"], "call");
    let before = server.get(&clerk, &format!("{path}?as_of=2020-02-11")).await;
    before.refuses(404, "not_found");

    server.delete(&clerk, &path, json!({ "reason": "twice" })).await.refuses(428, "if_match_required");
    server.delete(&clerk.saw(2), &path, json!({ "reason": " " })).await.refuses(422, "bad_input");
    server.delete(&clerk.saw(1), &path, json!({ "reason": "twice" })).await.refuses(409, "version_conflict");
    server.delete(&clerk.saw(2), &path, json!({ "reason": "twice" })).await.expect(204);
    assert_eq!(server.get(&clerk, &path).await.expect(200)["withdrawn"], true);
    assert_eq!(server.get(&clerk, CASES).await.expect(200)["items"], json!([]));
    server.delete(&clerk.saw(3), &path, json!({ "reason": "twice" })).await.refuses(404, "not_found");
}

#[tokio::test]
async fn refused_values_are_told_field_by_field_in_both_languages() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "1101").await;
    let broken = json!({ "data": { "disease": "measles", "age_years": -1 } });
    let problem = server.post(&clerk, CASES, broken).await.refuses(422, "invalid_record");
    let mut issues: Vec<_> = problem["issues"]
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| (issue["field"].as_str().unwrap(), issue["code"].as_str().unwrap()))
        .collect();
    issues.sort_unstable();
    assert_eq!(issues, [("age_years", "E104"), ("region", "E101")]);
    let issue = &problem["issues"][0];
    assert!(issue["message_zh"].is_string() && issue["message_en"].is_string());
    server.post(&clerk, CASES, json!({ "values": {} })).await.refuses(422, "bad_json");
    server.post(&clerk, "/registers/dogs/records", json!({ "data": {} })).await.refuses(404, "not_found");
    // Doubtful values are kept and named.
    let mut doubtful = data("A-1", "110101");
    doubtful["data"]["report_date"] = json!("2020-01-01");
    let kept = server.post(&clerk, CASES, doubtful).await.expect(201);
    assert_eq!(kept["issues"][0]["code"], "W202");
}

#[tokio::test]
async fn who_may_not_is_told_so_and_who_may_not_know_finds_nothing() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "110101").await;
    let record = server.post(&clerk, CASES, data("A-1", "110101")).await.expect(201);
    let path = format!("/records/{}", record["id"].as_str().unwrap());
    let viewer = server.somebody("viewer", "1").await;
    let neighbour = server.somebody("data_clerk", "110102").await;
    let nobody = Asker::default();
    for (asker, read, write) in [
        (&viewer, (200, ""), (403, "forbidden")),
        (&neighbour, (404, "not_found"), (404, "not_found")),
        (&nobody, (401, "not_signed_in"), (401, "not_signed_in")),
    ] {
        let check = |answer: crate::client::Answer, (status, code): (u16, &str)| {
            if code.is_empty() { answer.expect(status) } else { answer.refuses(status, code) }
        };
        let seen = check(server.get(asker, &path).await, read);
        if read.0 == 200 {
            assert_eq!((&seen["data"]["name"], &seen["actions"]), (&Value::Null, &json!([])));
            assert!(seen["redacted"].as_array().unwrap().contains(&json!("phone")));
        }
        check(server.get(asker, &format!("{path}/versions")).await, read);
        check(server.put(&asker.saw(1), &path, data("A-1", "110101")).await, write);
        check(server.delete(&asker.saw(1), &path, json!({ "reason": "x" })).await, write);
    }
    server.post(&viewer, CASES, data("A-2", "110101")).await.refuses(403, "forbidden");
    server.post(&clerk, CASES, data("A-2", "110102")).await.refuses(403, "forbidden");
    server.get(&viewer, "/records/no-identifier").await.refuses(400, "bad_path");
    let unknown = format!("/records/{}", uuid::Uuid::nil());
    server.get(&viewer, &unknown).await.refuses(404, "not_found");
    let taken = server.post(&clerk, CASES, data("A-1", "110101")).await.refuses(409, "duplicate");
    assert_eq!(taken["existing"], record["id"]);
}

#[tokio::test]
async fn lists_are_paged_and_filtered_by_the_address() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "1101").await;
    for n in 1..=5 {
        let mut record = data(&format!("A-{n}"), if n < 3 { "110101" } else { "110102" });
        record["data"]["onset_date"] = json!(format!("2020-02-0{n}"));
        record["data"]["classification"] = json!(if n == 4 { "confirmed" } else { "suspected" });
        server.post(&clerk, CASES, record).await.expect(201);
    }
    let titles = async |query: &str| {
        let page = server.get(&clerk, &format!("{CASES}?{query}")).await.expect(200);
        let items = page["items"].as_array().unwrap().clone();
        let titles = items.iter().map(|r| r["data"]["case_id"].as_str().unwrap().to_owned());
        (titles.collect::<Vec<_>>().join(" "), page)
    };
    let (first, page) = titles("limit=2").await;
    assert_eq!((first.as_str(), &page["total_estimate"]), ("A-5 A-4", &json!(5)));
    let cursor = page["next_cursor"].as_str().unwrap().replace('/', "%2F");
    let (second, page) = titles(&format!("limit=3&cursor={cursor}")).await;
    assert_eq!((second.as_str(), &page["next_cursor"]), ("A-3 A-2 A-1", &Value::Null));
    for (query, expected) in [
        ("region=110101", "A-2 A-1"),
        ("f.classification=confirmed", "A-4"),
        ("from=2020-02-02&to=2020-02-03", "A-3 A-2"),
        ("q=A-5", "A-5"),
        ("disease=influenza", ""),
        ("as_of=2020-02-11", ""),
        ("as_of=2020-02-12&f.region=110102&region=&q=", "A-5 A-4 A-3"),
    ] {
        assert_eq!(titles(query).await.0, expected, "{query}");
    }
    for (query, status, code) in [
        ("colour=red", 400, "bad_query"),
        ("from=yesterday", 400, "bad_query"),
        ("limit=many", 400, "bad_query"),
        ("cursor=first", 422, "bad_input"),
        ("f.colour=red", 422, "bad_input"),
        ("region=99", 404, "not_found"),
        ("region=12", 403, "forbidden"),
    ] {
        server.get(&clerk, &format!("{CASES}?{query}")).await.refuses(status, code);
    }
}

#[tokio::test]
async fn a_retry_makes_no_second_record() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "1101").await.with("idempotency-key", "5f0c");
    let first = server.post(&clerk, CASES, data("A-1", "110101")).await.expect(201);
    let again = server.post(&clerk, CASES, data("A-1", "110101")).await.expect(201);
    assert_eq!(first, again);
    let other = server.post(&clerk, CASES, data("A-2", "110101")).await;
    other.refuses(409, "idempotency_key_reused");
    assert_eq!(server.get(&clerk, CASES).await.expect(200)["total_estimate"], 1);
}
