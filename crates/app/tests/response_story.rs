//! The whole chain in a real city: a signal in a county is assessed as an alarm, a plan opens, the commander confirms a
//! level after a dry run, a directive goes to townships and departments, one is late and raised, contacts are followed
//! up, an inspection finds a fault that is put right, the level goes back, and the timeline is taken along.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod city;

use city::{CHANGZHI, City, person};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wanquan_app::chronicle::{self, Kind, Span};
use wanquan_app::level::{self, Decision};
use wanquan_app::life::{StepInput, get, take_step};
use wanquan_app::supervise::{Asked, Inbox, Query, inbox, notices, standings, sweep};
use wanquan_app::{Error, alarm, jobs, records};
use wanquan_domain::actor::Actor;
use wanquan_domain::level::ResponseLevel;
use wanquan_domain::record::RecordId;
use wanquan_domain::region::RegionCode;
use wanquan_domain::signal::{Decision as Assessment, SignalStatus};
use wanquan_domain::text::Lang;
use wanquan_store::audit;

const COUNTY: &str = "140423";
const TOWNSHIP: &str = "140423100";

fn county() -> RegionCode {
    RegionCode::new(COUNTY)
}

fn step(id: &str, values: Value) -> StepInput {
    let values = values.as_object().unwrap().clone();
    StepInput { step: id.to_owned(), values, reason: None, expected: None }
}

async fn make(city: &City, actor: &Actor, register: &str, values: Value) -> RecordId {
    let values = values.as_object().unwrap().clone();
    records::create(&city.app, actor, register, values, None).await.unwrap().record.id
}

async fn take(city: &City, actor: &Actor, id: RecordId, name: &str, values: Value) -> String {
    take_step(&city.app, actor, id, &step(name, values)).await.unwrap().state
}

async fn work(city: &City, actor: &Actor, asked: Asked, register: &str) -> Inbox {
    let query = Query {
        asked,
        register: Some(register.to_owned()),
        state: None,
        is_open: Some(true),
        late: false,
        cursor: None,
        limit: 50,
    };
    inbox(&city.app, actor, &query).await.unwrap()
}

fn later(city: &City, hours: i64) {
    city.clock.set(city.app.now() + SignedDuration::from_hours(hours));
}

/// A minute passes, so that what comes next comes later.
fn tick(city: &City) {
    city.clock.set(city.app.now() + SignedDuration::from_mins(1));
}

#[tokio::test]
async fn the_whole_chain_from_a_signal_to_the_timeline_after_the_action() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let epidemiologist = person("李疾控", &[("epidemiologist", COUNTY)]);
    let commander = person("王指挥", &[("commander", CHANGZHI)]);
    let county_commander = person("赵县长", &[("commander", COUNTY)]);
    let township = person("张镇长", &[("unit_officer", TOWNSHIP)]);
    let departments = person("孙局长", &[("unit_officer", COUNTY)]);
    let inspector = person("周督查", &[("inspector", CHANGZHI)]);
    let begun = city.app.now();

    // A signal fires; the epidemiologist of the county assesses it.
    for day in 1..=11 {
        let date = format!("2020-02-{day:02}");
        let n = if day == 11 { 9 } else { i64::from(day % 4 == 0) };
        let values = city::report(COUNTY, &date, "confirmed", n, &date);
        records::create(&city.app, &epidemiologist, "count_report", values, None).await.unwrap();
    }
    jobs::run_due(&city.app).await.unwrap();
    tick(&city);
    let open = alarm::Query {
        status: Some(SignalStatus::Open),
        region: Some(county()),
        limit: 50,
        ..alarm::Query::default()
    };
    let (signals, _) = alarm::list_signals(&city.app, &epidemiologist, &open).await.unwrap();
    let signal = signals.iter().find(|s| s.series.region == county()).unwrap();
    let raise = Assessment::RaiseAlarm;
    alarm::assess_signal(&city.app, &epidemiologist, signal.id, signal.version, raise, "学校聚集性疫情")
        .await
        .unwrap();
    tick(&city);
    jobs::run_due(&city.app).await.unwrap();

    // The plan opens: an investigation within 24 h, contacts, a proposed closure of sites, a proposed level.
    let tasks = work(&city, &epidemiologist, Asked::Unit(county()), "task").await;
    let due = city.app.now() + SignedDuration::from_hours(24);
    let within_a_day = tasks.items.iter().filter(|task| task.work.due_at.is_some_and(|at| at <= due)).count();
    assert_eq!((tasks.items.len(), within_a_day), (3, 3));
    let investigation = tasks.items.iter().find(|task| task.title.starts_with("流行病学调查")).unwrap();
    let contacts = tasks.items.iter().find(|task| task.title.starts_with("密接追踪")).unwrap();
    let site = tasks.items.iter().find(|task| task.title.starts_with("场所管控")).unwrap();
    let proposals = level::proposals(&city.app, &commander, &county()).await.unwrap();
    assert_eq!((proposals.len(), proposals[0].level), (1, ResponseLevel::Iii));

    // The commander looks at what it would bring, then decides.
    let decision = |level, proposal| Decision {
        region: county(),
        level,
        evidence: "学校聚集性疫情9例".to_owned(),
        start: None,
        review_on: None,
        proposal,
    };
    let up = decision(ResponseLevel::Iii, Some(proposals[0].id));
    let forecast = level::dry_run(&city.app, &commander, &up).await.unwrap();
    assert_eq!(forecast.plans.iter().flat_map(|(_, run)| run.records.values()).sum::<u64>(), 21);
    assert!(forecast.changes.iter().any(|change| change.label.en.starts_with("Units report every")));
    let forbidden = level::decide(&city.app, &epidemiologist, &up).await;
    assert!(matches!(forbidden, Err(Error::Forbidden { .. })), "proposing is not deciding");
    tick(&city);
    level::decide(&city.app, &commander, &up).await.unwrap();
    jobs::run_due(&city.app).await.unwrap();

    // A directive to every township and four departments; each gets a task of its own.
    tick(&city);
    let directive = make(
        &city,
        &county_commander,
        "directive",
        json!({
            "number": "襄防办〔2020〕3号", "title": "学校停课与密接排查", "text": "当日完成。", "region": COUNTY,
            "addressee_level": "township", "departments": ["health", "cdc", "public_security", "education"],
            "due": "2020-02-12T12:00:00Z", "issued_on": "2020-02-12",
        }),
    )
    .await;
    take(&city, &county_commander, directive, "issue", json!({})).await;
    jobs::run_due(&city.app).await.unwrap();
    let units = standings(&city.app, &county_commander, directive).await.unwrap();
    let (own, others): (Vec<_>, Vec<_>) = units.iter().partition(|unit| unit.region != county());
    assert_eq!((own.len(), others.len()), (10, 4));
    let names: BTreeSet<String> = others.iter().map(|unit| unit.unit.to_string()).collect();
    assert!(names.contains("organisation:襄垣县教育局"), "{names:?}");

    tick(&city);
    // All but one township receive and report; the departments' officer does so for its departments.
    for unit in &units {
        if unit.region.as_str() == TOWNSHIP {
            continue;
        }
        let officer = if unit.region == county() {
            departments.clone()
        } else {
            person("镇长", &[("unit_officer", unit.region.as_str())])
        };
        take(&city, &officer, unit.record, "receive", json!({})).await;
        take(&city, &officer, unit.record, "finish", json!({ "result": "已落实" })).await;
    }
    let late = units.iter().find(|unit| unit.region.as_str() == TOWNSHIP).unwrap().record;
    later(&city, 9);
    sweep(&city.app).await.unwrap();
    later(&city, 4);
    sweep(&city.app).await.unwrap();
    let unit = |of: &[wanquan_app::supervise::UnitStanding]| {
        of.iter().find(|unit| unit.record == late).map(|unit| (unit.late, unit.levels_up)).unwrap()
    };
    assert_eq!(unit(&standings(&city.app, &county_commander, directive).await.unwrap()), (true, 1));
    let told = notices(&city.app, &county_commander, None, 20).await.unwrap();
    assert!(told.iter().any(|notice| notice.text.zh == "超期上报：学校停课与密接排查"), "{told:?}");
    take(&city, &township, late, "receive", json!({})).await;
    take(&city, &township, late, "finish", json!({ "result": "排查完毕" })).await;
    tick(&city);
    let waiting = work(&city, &county_commander, Asked::Decision(county()), "task").await;
    assert_eq!(waiting.items.len(), 14, "every unit's report waits for the check of the commander");
    for item in &waiting.items {
        assert_eq!(take(&city, &county_commander, item.work.record, "close", json!({})).await, "closed");
    }

    // Contacts are registered and followed up; the tasks of the plan are done.
    make(
        &city,
        &epidemiologist,
        "contact",
        json!({
            "contact_id": "MJ-1", "disease": "covid-19", "region": TOWNSHIP, "source_case": "C-1",
            "report_date": "2020-02-12", "category": "close", "status": "active",
        }),
    )
    .await;
    make(
        &city,
        &epidemiologist,
        "follow_up",
        json!({
            "contact_id": "MJ-1", "disease": "covid-19", "region": TOWNSHIP, "date": "2020-02-12", "day": 1,
            "outcome": "well",
        }),
    )
    .await;
    for task in [investigation, contacts, site] {
        let result = json!({ "result": "报告见附件" });
        assert_eq!(take(&city, &epidemiologist, task.work.record, "finish", result).await, "done");
        assert_eq!(take(&city, &commander, task.work.record, "close", json!({})).await, "closed");
    }

    tick(&city);
    // An inspection finds a fault; its unit puts it right; the inspector checks again and closes.
    let finding = make(
        &city,
        &inspector,
        "finding",
        json!({
            "title": "隔离点通道未分开", "text": "清洁与污染通道共用。", "inspection": "facilities",
            "gravity": "critical", "region": COUNTY, "found_on": "2020-02-12", "due": "2020-02-14T10:00:00Z",
        }),
    )
    .await;
    jobs::run_due(&city.app).await.unwrap();
    let mend = work(&city, &county_commander, Asked::Parent(finding), "task").await;
    assert_eq!(mend.items[0].title, "整改：隔离点通道未分开");
    let told = notices(&city.app, &county_commander, None, 20).await.unwrap();
    assert!(told.iter().any(|notice| notice.text.zh == "严重问题：隔离点通道未分开"));
    tick(&city);
    let remedy = json!({ "remedy": "增设专用电梯", "evidence": "photo-7" });
    assert_eq!(take(&city, &departments, finding, "mend", remedy).await, "mended");
    tick(&city);
    let not_looked = take_step(&city.app, &inspector, finding, &step("close", json!({}))).await;
    assert!(matches!(not_looked, Err(Error::Invalid { .. })), "closing takes a re-check");
    let not_mended = json!({ "recheck": "not_mended" });
    let not_mended = take_step(&city.app, &inspector, finding, &step("close", not_mended)).await;
    assert!(matches!(not_mended, Err(Error::Refused { .. })), "{not_mended:?}");
    assert_eq!(take(&city, &inspector, finding, "close", json!({ "recheck": "mended" })).await, "closed");
    let life = get(&city.app, &inspector, finding).await.unwrap().unwrap();
    let steps: Vec<_> = life.history.iter().filter_map(|entry| entry.step.as_deref()).collect();
    assert_eq!(steps, ["mend", "close"]);

    // The way back.
    later(&city, 11);
    let before = level::level_before(&city.app, &commander, &county()).await.unwrap();
    assert_eq!(before, Some(ResponseLevel::Routine));
    let back = decision(ResponseLevel::Routine, None);
    level::decide(&city.app, &commander, &back).await.unwrap();
    jobs::run_due(&city.app).await.unwrap();
    let spans = level::timeline(&city.app, &commander, &county()).await.unwrap();
    let spans: Vec<_> = spans.iter().map(|span| (span.from.day(), span.level)).collect();
    assert_eq!(spans, [(12, ResponseLevel::Iii), (13, ResponseLevel::Routine)]);

    // After the action: everything in order, and as a file.
    let span = Span { from: begun, to: city.app.now() + SignedDuration::from_secs(1), limit: 5_000 };
    let (entries, left_out) = chronicle::chronicle(&city.app, &commander, &county(), span).await.unwrap();
    assert!(!left_out && entries.is_sorted_by_key(|entry| entry.at));
    let told: Vec<&str> = entries.iter().map(|entry| entry.what.zh.as_str()).collect();
    let place = |text: &str| {
        told.iter().position(|told| told.contains(text)).unwrap_or_else(|| panic!("no {text} in {told:#?}"))
    };
    let story = [
        "研判为预警",
        "预案执行：预警响应",
        "实施Ⅲ级",
        "部署：学校停课与密接排查——下达",
        "任务：学校停课与密接排查——签收",
        "任务：学校停课与密接排查——超期",
        "超期上报襄垣县",
        "问题整改：隔离点通道未分开——新建",
        "问题整改：隔离点通道未分开——复查销号",
        "实施常态化",
    ];
    let places: Vec<usize> = story.iter().map(|text| place(text)).collect();
    assert!(places.is_sorted(), "{story:?} at {places:?}");
    let kinds: BTreeSet<Kind> = entries.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds.len(), 5, "a draft of a bulletin too: {kinds:?}");
    let outsider = person("外县", &[("commander", "140429")]);
    let refused = chronicle::chronicle(&city.app, &outsider, &county(), span).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
    let table = chronicle::export(&city.app, &commander, &county(), span, Lang::Zh).await.unwrap();
    let table = String::from_utf8(table).unwrap();
    assert!(table.starts_with("\u{feff}时间,类别,") && table.lines().count() == entries.len() + 1);
    let mut tx = city.store.read().await.unwrap();
    let verified = audit::verify(&mut tx).await.unwrap();
    assert!(verified.faults.is_empty() && verified.entries >= 60, "{verified:?}");
}
