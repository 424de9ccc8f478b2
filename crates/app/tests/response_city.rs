//! The response in a real city: an alarm opens a plan, a commander confirms the level, a directive goes down to all
//! 2,628 villages and communities. Prints how long the large acts take (`--nocapture`).
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "a measurement is read by a person")]

mod city;

use city::{CHANGZHI, City, person};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::time::Instant;
use wanquan_app::alarm;
use wanquan_app::level::{self, Decision};
use wanquan_app::life::{StepInput, take_step};
use wanquan_app::supervise::{Asked, Query, inbox, notices, standings};
use wanquan_app::{jobs, records};
use wanquan_domain::actor::Actor;
use wanquan_domain::level::ResponseLevel;
use wanquan_domain::record::RecordId;
use wanquan_domain::region::RegionCode;
use wanquan_domain::signal::{Decision as Assessment, SignalStatus};
use wanquan_store::audit;

const XIANGYUAN: &str = "140423";

fn step(id: &str, values: Value) -> StepInput {
    let values = values.as_object().unwrap().clone();
    StepInput { step: id.to_owned(), values, reason: None, expected: None }
}

async fn directive(city: &City, commander: &Actor, number: &str, level: &str) -> RecordId {
    let values = json!({
        "number": number, "title": "逐户排查来返人员", "text": "当日完成并反馈。", "region": CHANGZHI,
        "addressee_level": level, "due": "2020-02-13T10:00:00Z", "issued_on": "2020-02-12",
    });
    let values = values.as_object().unwrap().clone();
    let made = records::create(&city.app, commander, "directive", values, None).await.unwrap();
    take_step(&city.app, commander, made.record.id, &step("issue", json!({}))).await.unwrap();
    made.record.id
}

#[tokio::test]
async fn an_alarm_opens_the_plan_and_the_commander_confirms_the_level() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let epidemiologist = person("李疾控", &[("epidemiologist", XIANGYUAN)]);
    let commander = person("王指挥", &[("commander", CHANGZHI)]);
    // Ten quiet days, then a jump, as counts of the county.
    let reports = (1..=11).map(|day| {
        let date = format!("2020-02-{day:02}");
        let n = if day == 11 { 9 } else { i64::from(day % 4 == 0) };
        city::report(XIANGYUAN, &date, "confirmed", n, &date)
    });
    for values in reports.collect::<Vec<_>>() {
        records::create(&city.app, &epidemiologist, "count_report", values, None).await.unwrap();
    }
    jobs::run_due(&city.app).await.unwrap();
    let query = alarm::Query {
        status: Some(SignalStatus::Open),
        region: Some(RegionCode::new(XIANGYUAN)),
        limit: 50,
        ..alarm::Query::default()
    };
    let (signals, _) = alarm::list_signals(&city.app, &epidemiologist, &query).await.unwrap();
    let signal = signals.iter().find(|s| s.series.region.as_str() == XIANGYUAN).unwrap();
    let (id, version) = (signal.id, signal.version);
    alarm::assess_signal(&city.app, &epidemiologist, id, version, Assessment::RaiseAlarm, "聚集性疫情")
        .await
        .unwrap();
    jobs::run_due(&city.app).await.unwrap();

    let asked = Query {
        asked: Asked::Unit(RegionCode::new(XIANGYUAN)),
        register: Some("task".to_owned()),
        state: None,
        is_open: Some(true),
        late: false,
        cursor: None,
        limit: 50,
    };
    let tasks = inbox(&city.app, &epidemiologist, &asked).await.unwrap();
    assert_eq!(tasks.items.len(), 3, "investigation, contacts, site");
    let told = notices(&city.app, &commander, None, 10).await.unwrap();
    assert!(told[0].text.zh.starts_with("襄垣县：covid-19预警"), "{told:?}");
    let proposals = level::proposals(&city.app, &commander, &RegionCode::new(XIANGYUAN)).await.unwrap();
    assert_eq!(proposals[0].level, ResponseLevel::Iii);
    let decision = Decision {
        region: RegionCode::new(XIANGYUAN),
        level: ResponseLevel::Iii,
        evidence: "县城聚集性疫情9例".to_owned(),
        start: None,
        review_on: None,
        proposal: Some(proposals[0].id),
    };
    let forecast = level::dry_run(&city.app, &commander, &decision).await.unwrap();
    let made: u64 = forecast.plans.iter().flat_map(|(_, report)| report.records.values()).sum();
    assert_eq!(made, 21, "two checks in each of ten townships, one roster");
    level::decide(&city.app, &commander, &decision).await.unwrap();
    jobs::run_due(&city.app).await.unwrap();
    assert!(level::proposals(&city.app, &commander, &RegionCode::new(XIANGYUAN)).await.unwrap().is_empty());
    let mut tx = city.store.read().await.unwrap();
    let verified = audit::verify(&mut tx).await.unwrap();
    assert!(verified.faults.is_empty() && verified.entries >= 15, "{verified:?}");
}

#[tokio::test]
async fn a_directive_reaches_all_villages_within_seconds() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let commander = person("王指挥", &[("commander", CHANGZHI)]);
    let begun = Instant::now();
    let id = directive(&city, &commander, "长防办〔2020〕1", "community").await;
    jobs::run_due(&city.app).await.unwrap();
    let units = standings(&city.app, &commander, id).await.unwrap();
    println!("directive to {} villages: {} ms", units.len(), begun.elapsed().as_millis());
    assert_eq!(units.len(), 2_628);
    let village = person("村主任", &[("community_worker", units[100].region.as_str())]);
    let asked = Query {
        asked: Asked::Unit(units[100].region.clone()),
        register: None,
        state: None,
        is_open: None,
        late: false,
        cursor: None,
        limit: 10,
    };
    let mine = inbox(&city.app, &village, &asked).await.unwrap();
    assert_eq!(mine.items.len(), 1);
    // The worker runs again after a crash that lost the news of its success: nothing is made twice.
    city.clock.set(city.app.now() + SignedDuration::from_mins(20));
    jobs::run_due(&city.app).await.unwrap();
    assert_eq!(standings(&city.app, &commander, id).await.unwrap().len(), 2_628);
}
