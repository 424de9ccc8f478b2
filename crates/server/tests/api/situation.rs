use crate::city::{CHANGZHI, City, LUZHOU};
use crate::support::Server;
use serde_json::json;

#[tokio::test]
async fn the_situation_is_read_as_known_on_a_day() {
    let server = Server::new(City::shanxi_on("2020-02-12").await);
    let officer = server.token("Officer", &[("commander", "140000")]).await;
    let (status, now) = server.get(&officer, "/situation?region=140000&disease=covid-19").await;
    assert_eq!(status.as_u16(), 200, "{now}");
    assert_eq!(now["as_of"], "2020-02-12");
    assert_eq!((&now["totals"]["cumulative"], &now["undivided"]), (&json!(126), &json!(2)));
    assert_eq!(
        (&now["measure"]["id"], &now["measure"]["unit"]),
        (&json!("count_report.confirmed"), &json!("persons"))
    );
    assert_eq!(now["regions"].as_array().unwrap().len(), 11);
    assert_eq!(now["regions"][0]["spark"].as_array().unwrap().len(), 28);
    assert_eq!(now["rt_note"], json!(null));
    assert!(now["rt"][0]["lower"].as_f64().unwrap() < now["rt"][0]["mean"].as_f64().unwrap());
    assert_eq!(now["provenance"]["method_versions"]["ears_c1"], "1");
    assert!(now["totals"]["incidence_per_100k_7d"].as_f64().unwrap() > 0.0);
    // Cases fell in the second week of February, so the time is one of halving.
    assert!(now["growth"]["doubling_time_days"].as_f64().unwrap() < 0.0);
    let (_, then) = server.get(&officer, "/situation?region=140000&disease=covid-19&as_of=2020-02-04").await;
    assert_eq!((&then["totals"]["cumulative"], &then["as_of"]), (&json!(81), &json!("2020-02-04")));
    let (_, days) = server.get(&officer, "/situation/timeline?region=140000&disease=covid-19").await;
    assert_eq!((&days["first"], &days["last"]), (&json!("2020-01-22"), &json!("2020-02-12")));
}

#[tokio::test]
async fn the_situation_is_refused_with_a_reason() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let clerk = server.token("Clerk", &[("data_clerk", LUZHOU)]).await;
    let ask = async |query: &str| server.refusal(&clerk, &format!("/situation?{query}")).await;
    let own = format!("region={LUZHOU}");
    for (query, expected) in [
        (format!("region={CHANGZHI}&disease=covid-19"), (403, "forbidden")),
        ("region=140404&disease=covid-19".to_owned(), (403, "forbidden")),
        ("region=999999&disease=covid-19".to_owned(), (404, "not_found")),
        (format!("{own}&disease=plague"), (404, "not_found")),
        (format!("{own}&disease=covid-19&measure=x.y"), (404, "not_found")),
        (format!("{own}&disease=covid-19&as_of=2020-02-13"), (422, "bad_input")),
        (format!("{own}&disease=covid-19&as_of=yesterday"), (400, "bad_query")),
        (own.clone(), (400, "bad_query")),
    ] {
        assert_eq!(ask(&query).await, (expected.0, expected.1.to_owned()), "{query}");
    }
    let path = format!("/situation?{own}&disease=covid-19");
    assert_eq!(server.refusal("", &path).await, (401, "not_signed_in".into()));
    assert_eq!(server.refusal(&clerk, &path).await, (200, String::new()));
}

#[tokio::test]
async fn diseases_and_measures_are_those_of_the_packs() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let viewer = server.token("Viewer", &[("viewer", CHANGZHI)]).await;
    let (_, diseases) = server.get(&viewer, "/diseases").await;
    let covid = diseases["items"].as_array().unwrap().iter().find(|d| d["id"] == "covid-19").unwrap();
    assert_eq!(covid["main_measure"], "count_report.confirmed");
    let interval = covid["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "serial_interval");
    assert!(interval.unwrap()["source"].as_str().unwrap().contains("10.1016/j.ijid.2020.02.060"));
    let (_, measures) = server.get(&viewer, "/measures").await;
    let named = |id: &str| measures["items"].as_array().unwrap().iter().any(|m| m["id"] == id);
    assert!(named("case.onset") && named("count_report.confirmed"));
    assert_eq!(server.refusal("", "/measures").await, (401, "not_signed_in".into()));
}
