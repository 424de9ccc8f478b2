use crate::client::{Asker, Server};
use crate::town::case;
use axum::http::header;
use serde_json::json;

const EXPORT: &str = "/registers/case/export";

async fn with_cases() -> (Server, Asker) {
    let server = Server::open().await;
    let epidemiologist = server.somebody("epidemiologist", "1101").await;
    for (number, region) in [("A-1", "110101"), ("=A-2", "110102")] {
        let body = json!({ "data": case(number, region) });
        server.post(&epidemiologist, "/registers/case/records", body).await.expect(201);
    }
    (server, epidemiologist)
}

#[tokio::test]
async fn an_export_is_a_file_with_the_filters_of_the_list_that_imports_as_it_is() {
    let (server, epidemiologist) = with_cases().await;
    let file = server.get(&epidemiologist, EXPORT).await;
    assert_eq!(file.status.as_u16(), 200);
    assert_eq!(file.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let disposition = "attachment; filename=\"case_2020-02-12.csv\"";
    assert_eq!(file.headers[header::CONTENT_DISPOSITION], disposition);
    let text = String::from_utf8(file.bytes.clone()).unwrap();
    assert!(text.starts_with("\u{feff}case_id,"), "{text}");
    assert!(text.contains("A-1") && text.contains("张三") && !text.contains(",=A-2"), "{text}");
    let path = "/registers/case/imports?filename=case.csv&dry_run=true";
    let report = server.send(&epidemiologist, "POST", path, file.bytes.into()).await.expect(200);
    assert_eq!((&report["accepted"], &report["unchanged"]), (&json!(2), &json!(2)), "{report}");

    let one = server.get(&epidemiologist, &format!("{EXPORT}?region=110101&names=zh")).await;
    let text = String::from_utf8(one.bytes).unwrap();
    assert!(text.starts_with("\u{feff}病例编号,") && !text.contains("A-2"), "{text}");
    let workbook = server.get(&epidemiologist, &format!("{EXPORT}?format=xlsx")).await;
    assert!(workbook.bytes.starts_with(b"PK"));
    let acts = server.town_acts("register/case").await;
    assert_eq!(acts.iter().filter(|act| *act == "record.export").count(), 3);
    assert_eq!(acts.iter().filter(|act| *act == "record.export_begin").count(), 3);
}

#[tokio::test]
async fn reading_is_no_right_to_export_and_personal_columns_need_theirs() {
    let (server, epidemiologist) = with_cases().await;
    let clerk = server.somebody("data_clerk", "1101").await;
    server.get(&clerk, EXPORT).await.refuses(403, "forbidden");
    server.get(&Asker::default(), EXPORT).await.refuses(401, "not_signed_in");
    // An inspector exports and sees no persons.
    let inspector = server.somebody("inspector", "1101").await;
    let text = String::from_utf8(server.get(&inspector, EXPORT).await.bytes).unwrap();
    assert!(text.contains("A-1") && !text.contains("张三") && !text.contains("phone"), "{text}");
    server.get(&inspector, &format!("{EXPORT}?f.name=x")).await.refuses(403, "forbidden");
    let neighbour = server.somebody("epidemiologist", "1102").await;
    let text = String::from_utf8(server.get(&neighbour, EXPORT).await.bytes).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    for (query, status, code) in [
        ("format=pdf", 400, "bad_query"),
        ("names=fr", 400, "bad_query"),
        ("colour=red", 400, "bad_query"),
        ("f.colour=red", 422, "bad_input"),
        ("region=99", 404, "not_found"),
        ("region=12", 403, "forbidden"),
    ] {
        server.get(&epidemiologist, &format!("{EXPORT}?{query}")).await.refuses(status, code);
    }
    server.get(&epidemiologist, "/registers/dogs/export").await.refuses(404, "not_found");
}
