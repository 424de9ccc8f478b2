use crate::client::{Answer, Asker, Server};
use axum::body::{Body, Bytes};
use futures_util::stream;
use serde_json::{Value, json};

const FILE: &str = "case_id;disease;region;onset_date;name\n\
    A-1;measles;110101;2020-02-01;张三\n\
    A-2;measles;东县;2020-02-02;李四\n\
    A-3;measles;110102;2020-02-31;王五\n";

async fn upload(server: &Server, asker: &Asker, query: &str, body: impl Into<Body>) -> Answer {
    server.send(asker, "POST", &format!("/registers/case/imports?{query}"), body.into()).await
}

#[tokio::test]
async fn a_file_is_tried_imported_and_remembered() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "1101").await;
    let report = upload(&server, &clerk, "filename=cases.csv&dry_run=true", FILE).await.expect(200);
    assert_eq!(
        (&report["dry_run"], &report["batch_id"], &report["refusal"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    let counts = |report: &Value| {
        ["rows_read", "accepted", "refused", "created", "unchanged"].map(|n| report[n].as_u64().unwrap())
    };
    assert_eq!(counts(&report), [3, 2, 1, 2, 0]);
    assert_eq!((&report["file"]["name"], &report["file"]["delimiter"]), (&json!("cases.csv"), &json!(";")));
    let issue = &report["issues"][0];
    assert_eq!(
        (&issue["code"], &issue["row"], &issue["severity"]),
        (&json!("E106"), &json!(4), &json!("error"))
    );
    let cases = "/registers/case/records";
    assert_eq!(server.get(&clerk, cases).await.expect(200)["items"], json!([]));

    let stored = upload(&server, &clerk, "filename=cases.csv&dry_run=false", FILE).await.expect(200);
    assert_eq!(counts(&stored), [3, 2, 1, 2, 0]);
    assert_eq!(server.get(&clerk, cases).await.expect(200)["total_estimate"], 2);
    let again = upload(&server, &clerk, "filename=cases.csv", FILE).await.expect(200);
    assert_eq!(counts(&again), [3, 2, 1, 0, 2]);

    let list = "/registers/case/imports";
    let past = server.get(&clerk, list).await.expect(200);
    let items = past["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let first = items.iter().find(|i| i["batch_id"] == stored["batch_id"]).unwrap();
    assert_eq!((&first["by"], &first["created"]), (&json!("data_clerk-1101-0"), &json!(2)));
    // What a prefecture imported is no business of one of its counties, nor of a neighbour.
    for region in ["110101", "1102"] {
        let other = server.somebody("data_clerk", region).await;
        assert_eq!(server.get(&other, list).await.expect(200)["items"], json!([]));
    }
    let left = std::fs::read_dir(server.town.folder.path().join("uploads")).unwrap().count();
    assert_eq!(left, 0, "uploads are gone");
}

#[tokio::test]
async fn options_of_an_import_stand_in_the_address() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "1101").await;
    let file = "Nr,Wann\nB-1,03/02/2020\n";
    let query = "filename=x.csv&disease=measles&region=110101&date_order=dmy&layout=line_list\
                 &known_on=2020-02-10&map.Nr=case_id&map.Wann=onset_date&set.sex=female";
    let report = upload(&server, &clerk, query, file).await.expect(200);
    assert_eq!(report["accepted"], 1, "{report}");
    let listed = server.get(&clerk, "/registers/case/records").await.expect(200);
    let record = &listed["items"][0];
    assert_eq!(
        (&record["event_date"], &record["region"]["code"], &record["data"]["sex"]),
        (&json!("2020-02-03"), &json!("110101"), &json!("female"))
    );
    for query in [
        "filename=x.csv&date_order=ymd",
        "filename=x.csv&layout=tall",
        "filename=x.csv&dry_run=maybe",
        "filename=x.csv&dryrun=true",
        "dry_run=true",
    ] {
        upload(&server, &clerk, query, file).await.refuses(400, "bad_query");
    }
}

#[tokio::test]
async fn an_unfit_file_is_refused_with_a_report_and_an_unfit_request_with_a_problem() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "1101").await;
    let report = upload(&server, &clerk, "filename=x.xlsx", &b"PK\x03\x04 torn"[..]).await.expect(200);
    let refusal = &report["refusal"];
    assert!(refusal["code"].as_str().unwrap().starts_with('F'), "{report}");
    assert!(refusal["message_zh"].is_string() && refusal["message_en"].is_string());
    let viewer = server.somebody("viewer", "1").await;
    upload(&server, &viewer, "filename=x.csv", FILE).await.refuses(403, "forbidden");
    upload(&server, &Asker::default(), "filename=x.csv", FILE).await.refuses(401, "not_signed_in");
    let dogs = server.send(&clerk, "POST", "/registers/dogs/imports?filename=x.csv", Body::from(FILE)).await;
    dogs.refuses(404, "not_found");
    server.get(&clerk, "/registers/dogs/imports").await.refuses(404, "not_found");

    // The set-up of this test takes a megabyte: by its announced length, and by what really comes.
    let announced = clerk.with("content-length", "2000000");
    upload(&server, &announced, "filename=x.csv", Body::empty()).await.refuses(413, "too_large");
    let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 64_000])));
    upload(&server, &clerk, "filename=x.csv", Body::from_stream(endless)).await.refuses(413, "too_large");
    let torn = stream::iter([Ok(Bytes::from_static(b"case_id")), Err(std::io::Error::other("gone"))]);
    upload(&server, &clerk, "filename=x.csv", Body::from_stream(torn)).await.refuses(400, "upload_broke_off");
}
