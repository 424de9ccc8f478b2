//! Work, levels and the chronicle as a client sees them.

use crate::client::{Answer, Asker, Server};
use serde_json::{Value, json};
use wanquan_app::jobs;

/// A directive to every township of the town, issued; its tasks as the API tells how the units stand.
async fn issued(server: &Server, commander: &Asker) -> (String, Vec<Value>) {
    let data = json!({
        "number": "甲防办〔2020〕1", "title": "排查来返人员", "text": "逐户排查。", "region": "1101",
        "addressee_level": "township", "departments": ["health"], "due": "2020-02-12T10:00:00Z",
        "issued_on": "2020-02-12",
    });
    let made = server.post(commander, "/registers/directive/records", json!({ "data": data })).await;
    let id = made.expect(201)["id"].as_str().unwrap().to_owned();
    server.post(commander, &format!("/records/{id}/steps/issue"), json!({})).await.expect(200);
    jobs::run_due(&server.town.app).await.unwrap();
    let units = server.get(commander, &format!("/records/{id}/standings")).await.expect(200);
    (id, units["items"].as_array().unwrap().clone())
}

#[tokio::test]
async fn the_standing_of_every_unit_names_it_and_the_region_above() {
    let server = Server::open().await;
    let commander = server.somebody("commander", "1101").await;
    let (_, units) = issued(&server, &commander).await;
    let shown: Vec<_> = units
        .iter()
        .map(|unit| (unit["region"]["code"].as_str().unwrap(), unit["organisation"].as_str()))
        .collect();
    assert_eq!(shown.len(), 3);
    assert!(shown[0].1.is_some_and(|name| name.ends_with("卫生健康局")), "{shown:?}");
    assert_eq!((shown[1], shown[2]), (("110101001", None), ("110102001", None)));
    assert_eq!(units[1]["parent"]["code"], "110101");
    assert_eq!(units[1]["state_label"]["en"], "Assigned");
    assert_eq!((&units[1]["late"], &units[1]["is_final"]), (&json!(false), &json!(false)));
}

#[tokio::test]
async fn of_two_people_on_one_record_one_wins_and_the_other_is_told_what_changed() {
    let server = Server::open().await;
    let commander = server.somebody("commander", "1101").await;
    let (_, units) = issued(&server, &commander).await;
    let task = units[1]["record"].as_str().unwrap();
    let (a, b) = (
        server.somebody("unit_officer", "110101001").await,
        server.somebody("unit_officer", "110101001").await,
    );
    let seen = server.get(&a, &format!("/records/{task}/life")).await.expect(200)["version"].clone();
    let finish = |result: &str| json!({ "values": { "result": result }, "version": seen });
    let path = format!("/records/{task}/steps/finish");
    let answers: Vec<Answer> = {
        let (first, second) =
            tokio::join!(server.post(&a, &path, finish("一")), server.post(&b, &path, finish("二")));
        vec![first, second]
    };
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1);
    let loser = answers.iter().find(|answer| answer.status != 200).unwrap();
    let problem = loser.refuses(409, "version_conflict");
    assert!(problem["changed_fields"].as_array().unwrap().contains(&json!("result")), "{problem}");
    assert!(problem["changed_by"].as_str().unwrap().starts_with("unit_officer"));
    let history = server.get(&commander, &format!("/records/{task}/life")).await.expect(200);
    let finished = history["history"].as_array().unwrap().iter().filter(|e| e["step"] == "finish").count();
    assert_eq!(finished, 1, "nothing was overwritten");
}

#[tokio::test]
async fn what_waits_for_a_decision_and_what_is_open_where_is_told_to_whom_it_concerns() {
    let server = Server::open().await;
    let commander = server.somebody("commander", "1101").await;
    let officer = server.somebody("unit_officer", "110101001").await;
    let (_, units) = issued(&server, &commander).await;
    let waiting = "/work?whose=decision&region=1101&register=task&open=true";
    let none = server.get(&commander, waiting).await.expect(200);
    assert_eq!(none["items"], json!([]), "the units are at it");
    let task = units[1]["record"].as_str().unwrap();
    let done = json!({ "values": { "result": "排查120户" } });
    server.post(&officer, &format!("/records/{task}/steps/finish"), done).await.expect(200);
    let one = server.get(&commander, waiting).await.expect(200);
    assert_eq!((one["items"].as_array().unwrap().len(), &one["items"][0]["record"]), (1, &json!(task)));
    server.get(&officer, "/work?whose=decision&region=110102").await.refuses(403, "forbidden");

    let loads = server.get(&commander, "/work/regions?region=1101&register=task").await.expect(200);
    let open: Vec<_> = loads["items"].as_array().unwrap().iter().map(|load| load["open"].clone()).collect();
    assert_eq!(open, [json!(3), json!(1), json!(1)], "the health department's stands at the city itself");
    server.get(&officer, "/work/regions?region=110102").await.refuses(403, "forbidden");
}

#[tokio::test]
async fn the_chronicle_is_read_exported_and_closed_to_neighbours() {
    let server = Server::open().await;
    let commander = server.somebody("commander", "1101").await;
    let (id, _) = issued(&server, &commander).await;
    let told = server.get(&commander, "/regions/1101/chronicle").await.expect(200);
    let items = told["items"].as_array().unwrap();
    let about: Vec<_> = items.iter().map(|item| item["what"]["en"].as_str().unwrap()).collect();
    assert!(about.iter().any(|what| what.starts_with("Directives: 排查来返人员 - Issue")), "{about:?}");
    assert!(items.iter().any(|item| item["subject"] == json!(format!("record/{id}"))));
    let export = server.get(&commander, "/regions/1101/chronicle/export?lang=zh").await;
    assert_eq!(export.headers["content-type"], "text/csv; charset=utf-8");
    let table = String::from_utf8(export.bytes).unwrap();
    assert!(table.contains("部署：排查来返人员——下达"), "{table}");
    let past = "/regions/1101/chronicle?from=2019-01-01T00:00:00Z&to=2019-02-01T00:00:00Z";
    assert_eq!(server.get(&commander, past).await.expect(200)["items"], json!([]));
    let officer = server.somebody("unit_officer", "110101001").await;
    server.get(&officer, "/regions/1101/chronicle").await.refuses(403, "forbidden");
}

#[tokio::test]
async fn a_level_is_looked_at_decided_and_taken_back() {
    let server = Server::open().await;
    let commander = server.somebody("commander", "1101").await;
    let officer = server.somebody("unit_officer", "110101001").await;
    let input = json!({ "level": "iii", "evidence": "聚集性疫情" });
    let seen = server.post(&commander, "/regions/110101/levels/dry-run", input.clone()).await.expect(200);
    assert_eq!((&seen["previous"], &seen["level"]), (&json!("routine"), &json!("iii")));
    let hours = json!({ "en": "Units report every (hours)", "zh": "报告间隔（小时）" });
    let change = seen["changes"].as_array().unwrap().iter().find(|change| change["label"] == hours);
    assert_eq!(change.map(|c| (&c["from"], &c["to"])), Some((&json!("24"), &json!("12"))));
    server.post(&officer, "/regions/110101/levels", input.clone()).await.refuses(403, "forbidden");
    server.post(&commander, "/regions/110101/levels", input).await.expect(200);
    let levels = server.get(&commander, "/regions/110101/levels").await.expect(200);
    assert_eq!((&levels["held"][0]["level"], &levels["may_decide"]), (&json!("iii"), &json!(true)));
    assert_eq!(levels["previous"]["level"], "routine");
    assert_eq!(levels["timeline"][0]["level"], "iii");
    assert_eq!(levels["levels"].as_array().unwrap().len(), 5);
    let town = server.get(&officer, "/regions/110101001/levels").await.expect(200);
    assert_eq!((&town["held"][0]["level"], &town["may_decide"]), (&json!("iii"), &json!(false)));
    let back = json!({ "level": "routine", "evidence": "14天无新增" });
    server.post(&commander, "/regions/110101/levels", back).await.expect(200);
    let levels = server.get(&commander, "/regions/110101/levels").await.expect(200);
    assert_eq!(levels["held"][0]["level"], "routine");
    assert_eq!(levels["previous"]["level"], "iii");
}

#[tokio::test]
async fn totals_of_measures_rank_the_regions_below() {
    let server = Server::open().await;
    let inspector = server.somebody("inspector", "1101").await;
    for (region, score) in [("110101", 90), ("110101", 80), ("110102", 70)] {
        let data = json!({
            "title": format!("督查{score}"), "inspection": "checkpoint", "self_inspection": false, "region": region,
            "site": format!("卡口{score}"), "date": "2020-02-11",
        });
        let made = server.post(&inspector, "/registers/inspection/records", json!({ "data": data })).await;
        let id = made.expect(201)["id"].as_str().unwrap().to_owned();
        let visit = json!({ "values": { "answers": "1: yes" } });
        server.post(&inspector, &format!("/records/{id}/steps/visit"), visit).await.expect(200);
        let report = json!({ "values": { "score": score, "summary": "良好" } });
        server.post(&inspector, &format!("/records/{id}/steps/report"), report).await.expect(200);
    }
    let path = "/totals?region=1101&measures=inspection.score,inspection.scored";
    let totals = server.get(&inspector, path).await.expect(200);
    let of = |i: usize| totals["items"][i]["totals"].clone();
    assert_eq!(of(0), json!({ "inspection.score": 240, "inspection.scored": 3 }));
    assert_eq!(of(1), json!({ "inspection.score": 170, "inspection.scored": 2 }));
    assert_eq!(of(2), json!({ "inspection.score": 70, "inspection.scored": 1 }));
    let worker = server.somebody("community_worker", "110101001").await;
    server.get(&worker, path).await.refuses(403, "forbidden");
}
