//! Public entries: a step freezes them, a change of the record does not touch them, leaving the state takes them away.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod city;

use city::{CHANGZHI, City, LUZHOU, SHANXI, person};
use serde_json::{Map, Value as Json, json};
use wanquan_app::life::{StepInput, take_step};
use wanquan_app::publish::{documented_notices, read_public};
use wanquan_app::{Error, records};
use wanquan_domain::actor::Actor;
use wanquan_domain::record::RecordId;

fn map(json: Json) -> Map<String, Json> {
    json.as_object().unwrap().clone()
}

fn clinic(region: &str) -> Map<String, Json> {
    map(json!({
        "code": "FC-1", "category": "fever_clinic", "name": "人民医院发热门诊", "region": region, "phone": "0355-0001",
        "hours": "24 h",
    }))
}

async fn step(city: &City, actor: &Actor, id: RecordId, step: &str) -> Result<(), Error> {
    let input = StepInput { step: step.into(), reason: Some("so".into()), ..StepInput::default() };
    take_step(&city.app, actor, id, &input).await.map(|_| ())
}

async fn names(city: &City) -> Vec<String> {
    let public = read_public(&city.app, "service_place").await.unwrap();
    public.entries.iter().map(|entry| entry.text("name").to_owned()).collect()
}

#[tokio::test]
async fn the_public_reads_what_was_approved_until_it_is_approved_again() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let editor = person("Sun", &[("portal_editor", CHANGZHI)]);
    let made = records::create(&city.app, &editor, "service_place", clinic(LUZHOU), None).await.unwrap();
    let id = made.record.id;
    assert!(names(&city).await.is_empty(), "a draft is not public");
    step(&city, &editor, id, "publish").await.unwrap();
    assert_eq!(names(&city).await, ["人民医院发热门诊"]);

    let mut changed = clinic(LUZHOU);
    changed.insert("name".into(), json!("第二门诊"));
    records::update(&city.app, &editor, id, 2, changed, None).await.unwrap();
    assert_eq!(names(&city).await, ["人民医院发热门诊"], "a change is not public before it is approved");
    step(&city, &editor, id, "publish").await.unwrap();
    assert_eq!(names(&city).await, ["第二门诊"]);

    step(&city, &editor, id, "withdraw").await.unwrap();
    assert!(names(&city).await.is_empty());
    step(&city, &editor, id, "publish").await.unwrap();
    assert_eq!(names(&city).await.len(), 1);
    let version = records::get(&city.app, &editor, id, None).await.unwrap().record.version;
    records::withdraw(&city.app, &editor, id, version, "entered twice").await.unwrap();
    assert!(names(&city).await.is_empty(), "a withdrawn record is public no longer");
}

#[tokio::test]
async fn an_import_publishes_nothing_whatever_it_says_of_the_state() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let mut values = clinic(LUZHOU);
    values.insert("state".into(), json!("published"));
    city.load("service_place", vec![values]).await;
    assert!(names(&city).await.is_empty());
}

#[tokio::test]
async fn an_editor_publishes_in_the_own_region_and_meets_no_case() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let editor = person("Sun", &[("portal_editor", CHANGZHI)]);
    let elsewhere = person("Qian", &[("portal_editor", "140100")]);
    let made = records::create(&city.app, &editor, "service_place", clinic(LUZHOU), None).await.unwrap();
    let id = made.record.id;
    assert!(matches!(step(&city, &elsewhere, id, "publish").await, Err(Error::NotFound { .. })));
    assert!(matches!(
        records::create(&city.app, &elsewhere, "service_place", clinic(LUZHOU), None).await,
        Err(Error::Forbidden { .. })
    ));
    let case = map(json!({
        "case_id": "CZ-1", "disease": "covid-19", "region": LUZHOU, "report_date": "2020-02-11",
        "classification": "confirmed",
    }));
    let clerk = person("Li", &[("data_clerk", SHANXI)]);
    let entered = records::create(&city.app, &clerk, "case", case.clone(), None).await.unwrap().record;
    assert!(matches!(
        records::create(&city.app, &editor, "case", case.clone(), None).await,
        Err(Error::Forbidden { .. })
    ));
    let read = records::get(&city.app, &editor, entered.id, None).await;
    assert!(matches!(read, Err(Error::NotFound { .. })));
    let changed = records::update(&city.app, &editor, entered.id, 1, case, None).await;
    assert!(matches!(changed, Err(Error::NotFound { .. })));
    let listed = records::list(&city.app, &editor, "case", &records::Query::default(), None, 10).await;
    assert!(matches!(listed, Err(Error::Forbidden { .. })));
    let seen = records::registers(&city.app, &editor).await.unwrap();
    let mut seen: Vec<String> = seen.into_iter().map(|view| view.register.id.clone()).collect();
    seen.sort();
    assert_eq!(seen, ["advisory", "daily_report", "risk_area", "service_place", "takedown", "travel_rule"]);
}

#[tokio::test]
async fn a_risk_area_needs_two_persons() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let first = person("Liu", &[("commander", CHANGZHI)]);
    let area = map(json!({
        "code": "R-1", "place": "3 号楼", "region": LUZHOU, "level": "high", "basis": "cases", "since": "2020-02-12",
        "until": "2020-02-20",
    }));
    let id = records::create(&city.app, &first, "risk_area", area, None).await.unwrap().record.id;
    let public = || async { read_public(&city.app, "risk_area").await.unwrap().entries.len() };
    step(&city, &first, id, "publish").await.unwrap();
    assert_eq!(public().await, 0, "one person has proposed");
    assert!(step(&city, &first, id, "publish").await.is_err());
    step(&city, &person("Guan", &[("commander", SHANXI)]), id, "publish").await.unwrap();
    assert_eq!(public().await, 1);
}

#[tokio::test]
async fn a_register_without_a_public_part_is_never_read_by_the_public() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    for register in ["case", "order", "arrival", "challenge", "erasure_request", "nothing"] {
        assert!(matches!(read_public(&city.app, register).await, Err(Error::NotFound { .. })), "{register}");
    }
    // What a takedown request says of its sender is no part of what is public.
    let register = city.app.packs().register("takedown").unwrap();
    let view = register.public.as_ref().unwrap();
    for field in register.fields.iter().filter(|field| field.personal) {
        assert!(!view.fields.contains(&field.id), "{}", field.id);
    }
}

#[tokio::test]
async fn the_documented_notices_name_their_origins_and_sources() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let notices = documented_notices(&city.app);
    assert_eq!(notices.len(), 5);
    assert!(notices.windows(2).all(|pair| pair[0].date >= pair[1].date));
    assert!(notices.iter().all(|notice| !notice.source.is_empty() && !notice.measures.is_empty()));
    let of_may = notices.last().unwrap();
    let hefei = city.app.packs().regions.get_by_text("340100").unwrap();
    let (_, since) = of_may.names(&city.app, hefei).unwrap();
    assert_eq!(since.unwrap().to_string(), "2021-04-30");
    // Every measure has a text of its own in both languages.
    for text in notices.iter().flat_map(|notice| &notice.measures) {
        assert_ne!(text.en, text.zh, "{text:?}");
    }
}
