//! The response, as people go through it: a directive reaches every unit, is received, carried out, checked; work is
//! handed over, becomes late, climbs; two persons agree; a level is decided after a dry run; a plan runs once.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod town;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use town::{Town, person};
use wanquan_app::level::Decision;
use wanquan_app::life::{Bulk, StepInput, accept, decline, get, offer, take_step, take_steps};
use wanquan_app::supervise::{Asked, Inbox, Query, inbox, notices, snooze, standings, sweep};
use wanquan_app::{Error, jobs, level, records};
use wanquan_domain::actor::Actor;
use wanquan_domain::level::ResponseLevel;
use wanquan_domain::record::RecordId;
use wanquan_domain::region::RegionCode;
use wanquan_domain::unit::Unit;

fn region(code: &str) -> RegionCode {
    RegionCode::new(code)
}

fn step(id: &str, values: Value) -> StepInput {
    let values = values.as_object().unwrap().clone();
    StepInput { step: id.to_owned(), values, reason: None, expected: None }
}

fn because(id: &str, reason: &str) -> StepInput {
    StepInput { reason: Some(reason.to_owned()), ..step(id, json!({})) }
}

async fn list(town: &Town, actor: &Actor, asked: Asked) -> Inbox {
    let query =
        Query { asked, register: None, state: None, is_open: None, late: false, cursor: None, limit: 100 };
    inbox(&town.app, actor, &query).await.unwrap()
}

async fn directive(town: &Town, commander: &Actor, level: &str, due: &str) -> RecordId {
    let values = json!({
        "number": format!("甲防办〔2020〕{level}"), "title": "排查来返人员", "text": "逐户排查，当日反馈。",
        "region": "1101", "addressee_level": level, "due": due, "issued_on": "2020-02-12",
    });
    let values = values.as_object().unwrap().clone();
    let made = records::create(&town.app, commander, "directive", values, None).await.unwrap();
    take_step(&town.app, commander, made.record.id, &step("issue", json!({}))).await.unwrap();
    jobs::run_due(&town.app).await.unwrap();
    made.record.id
}

#[tokio::test]
async fn a_directive_reaches_every_township_is_carried_out_and_checked() {
    let town = Town::open().await;
    let commander = person("commander", "1101");
    let east = person("unit_officer", "110101001");
    let id = directive(&town, &commander, "township", "2020-02-12T10:00:00Z").await;
    let units = standings(&town.app, &commander, id).await.unwrap();
    let states: Vec<_> = units.iter().map(|u| (u.region.as_str(), u.state.as_str(), u.late)).collect();
    assert_eq!(states, [("110101001", "assigned", false), ("110102001", "assigned", false)]);

    // The township finds it in its inbox and nothing of its neighbour's.
    let mine = list(&town, &east, Asked::Unit(region("110101001"))).await;
    assert_eq!(mine.items.len(), 1);
    assert_eq!(mine.items[0].title, "排查来返人员");
    assert_eq!(mine.items[0].work.parent, Some(id));
    let task = mine.items[0].work.record;
    let other = units[1].record;
    assert!(matches!(
        take_step(&town.app, &east, other, &step("receive", json!({}))).await,
        Err(Error::NotFound { .. })
    ));

    // Received, done, sent back with a reason, done again, closed.
    take_step(&town.app, &east, task, &step("receive", json!({}))).await.unwrap();
    let missing = take_step(&town.app, &east, task, &step("finish", json!({}))).await;
    assert!(
        matches!(missing, Err(Error::Invalid { issues }) if issues[0].field.as_deref() == Some("result"))
    );
    take_step(&town.app, &east, task, &step("finish", json!({ "result": "排查120户" }))).await.unwrap();
    let closed_by_itself = take_step(&town.app, &east, task, &step("close", json!({}))).await;
    assert!(matches!(closed_by_itself, Err(Error::Forbidden { .. })));
    let unfounded = take_step(&town.app, &commander, task, &step("return", json!({}))).await;
    assert!(matches!(unfounded, Err(Error::BadInput { field: "reason", .. })));
    take_step(&town.app, &commander, task, &because("return", "请附照片")).await.unwrap();
    let done = step("finish", json!({ "result": "排查120户，附照片", "evidence": "photo-1" }));
    take_step(&town.app, &east, task, &done).await.unwrap();
    let outcome = take_step(&town.app, &commander, task, &step("close", json!({}))).await.unwrap();
    assert_eq!(outcome.state, "closed");

    let life = get(&town.app, &commander, task).await.unwrap().unwrap();
    let acts: Vec<_> = life.history.iter().map(|e| e.step.clone().unwrap_or(e.act.as_str().into())).collect();
    assert_eq!(acts, ["made", "receive", "finish", "return", "finish", "close"]);
    assert!(life.steps.is_empty() && !life.work.is_open && life.work.next_at.is_none());
    let record = records::get(&town.app, &commander, task, None).await.unwrap().record;
    assert_eq!(record.data.get("state"), Some(&json!("closed")));
    assert_eq!(record.version, 6);

    // Issuing again, or running the job again, makes nothing twice.
    let again = take_step(&town.app, &commander, id, &step("issue", json!({}))).await;
    assert!(matches!(again, Err(Error::Refused { code: "step_not_from_here", .. })));
    jobs::run_due(&town.app).await.unwrap();
    assert_eq!(standings(&town.app, &commander, id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_deadline_warns_passes_and_climbs_the_tree_by_itself() {
    let town = Town::open().await;
    let commander = person("commander", "1101");
    let officer = person("unit_officer", "110101001");
    let county = person("commander", "110101");
    // Noon; due at 18:00 local time.
    let id = directive(&town, &commander, "township", "2020-02-12T10:00:00Z").await;
    assert_eq!(sweep(&town.app).await.unwrap(), 0);
    town.advance(SignedDuration::from_hours(5));
    // The tasks of two townships and the directive itself (warned 2 h before) are looked at.
    assert_eq!(sweep(&town.app).await.unwrap(), 3);
    let told = notices(&town.app, &officer, None, 10).await.unwrap();
    assert_eq!(told.len(), 1);
    assert!(told[0].text.zh.starts_with("即将到期"));
    town.advance(SignedDuration::from_hours(1));
    sweep(&town.app).await.unwrap();
    assert!(notices(&town.app, &officer, None, 10).await.unwrap()[0].text.zh.starts_with("已超期"));
    assert!(notices(&town.app, &county, None, 10).await.unwrap().is_empty());
    assert!(standings(&town.app, &commander, id).await.unwrap().iter().all(|unit| unit.late));
    town.advance(SignedDuration::from_hours(4));
    sweep(&town.app).await.unwrap();
    let raised = notices(&town.app, &county, None, 10).await.unwrap();
    assert!(raised[0].text.en.starts_with("late, raised to you"), "{raised:?}");
    // Nothing is due between two escalations, and a snooze puts the next one off.
    assert_eq!(sweep(&town.app).await.unwrap(), 0);
    let task = standings(&town.app, &commander, id).await.unwrap()[0].record;
    let until: Timestamp = "2020-02-13T12:00:00Z".parse().unwrap();
    assert!(matches!(snooze(&town.app, &officer, task, until, " ").await, Err(Error::BadInput { .. })));
    snooze(&town.app, &officer, task, until, "道路中断").await.unwrap();
    town.advance(SignedDuration::from_hours(4));
    assert_eq!(sweep(&town.app).await.unwrap(), 1, "only the other township's");
    let life = get(&town.app, &commander, task).await.unwrap().unwrap();
    let acts: Vec<_> = life.history.iter().map(|e| e.act.as_str()).collect();
    assert_eq!(acts, ["made", "warned", "late", "escalated", "snoozed"]);
}

#[tokio::test]
async fn work_is_never_in_two_hands_or_in_none() {
    let town = Town::open().await;
    let commander = person("commander", "1101");
    let east = person("unit_officer", "110101001");
    let west = person("unit_officer", "110102001");
    let id = directive(&town, &commander, "township", "2020-02-14T10:00:00Z").await;
    let task = standings(&town.app, &commander, id).await.unwrap()[0].record;
    let to = Unit::Region(region("110102001"));
    assert!(matches!(accept(&town.app, &west, task).await, Err(Error::NotFound { .. })));
    offer(&town.app, &east, task, to.clone(), Some("住户已迁入西镇")).await.unwrap();
    // Until it is accepted the first unit answers for it.
    let unit = |life: &wanquan_app::life::Life| life.work.unit.to_string();
    let life = get(&town.app, &east, task).await.unwrap().unwrap();
    assert_eq!((unit(&life).as_str(), life.may_accept), ("region:110101001", false));
    decline(&town.app, &west, task, "仍住东镇").await.unwrap();
    offer(&town.app, &east, task, to, None).await.unwrap();
    assert_eq!(list(&town, &west, Asked::Offered(region("110102001"))).await.items.len(), 1);
    accept(&town.app, &west, task).await.unwrap();
    assert_eq!(list(&town, &east, Asked::Unit(region("110101001"))).await.items.len(), 0);
    assert_eq!(list(&town, &west, Asked::Unit(region("110102001"))).await.items.len(), 2);
    take_step(&town.app, &west, task, &step("receive", json!({}))).await.unwrap();
    let refused = take_step(&town.app, &east, task, &step("finish", json!({ "result": "x" }))).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
}

#[tokio::test]
async fn an_order_on_a_person_needs_two_persons_and_says_why() {
    let town = Town::open().await;
    let first = person("commander", "110101");
    let second = person("commander", "1101");
    let clerk = person("epidemiologist", "110101");
    let values = json!({
        "order_number": "Q-1", "disease": "measles", "region": "110101001", "name": "张三",
        "type": "home_quarantine", "reason": "密切接触者", "evidence": "流调报告3号",
        "legal_basis": "传染病防治法第三十九条", "starts_on": "2020-02-12", "ends_on": "2020-02-26",
    });
    let mut unreasoned = values.as_object().unwrap().clone();
    unreasoned.remove("legal_basis");
    assert!(matches!(
        records::create(&town.app, &clerk, "order", unreasoned, None).await,
        Err(Error::Invalid { .. })
    ));
    let values = values.as_object().unwrap().clone();
    let id = records::create(&town.app, &clerk, "order", values, None).await.unwrap().record.id;
    let proposed = take_step(&town.app, &first, id, &step("approve", json!({}))).await.unwrap();
    assert!(proposed.proposed && proposed.state == "proposed");
    let alone = take_step(&town.app, &first, id, &step("approve", json!({}))).await;
    assert!(matches!(alone, Err(Error::Refused { code: "second_person_needed", .. })));
    let agreed = take_step(&town.app, &second, id, &step("approve", json!({}))).await.unwrap();
    assert_eq!((agreed.state.as_str(), agreed.proposed), ("in_force", false));
    // It has a last day by which it must be released.
    let life = get(&town.app, &clerk, id).await.unwrap().unwrap();
    assert_eq!(life.work.due_at.unwrap().to_string(), "2020-02-26T16:00:00Z");
}

#[tokio::test]
async fn two_steps_on_one_record_never_overwrite_each_other() {
    let town = Town::open().await;
    let commander = person("commander", "1101");
    let east = person("unit_officer", "110101001");
    let id = directive(&town, &commander, "township", "2020-02-14T10:00:00Z").await;
    let task = standings(&town.app, &commander, id).await.unwrap()[0].record;
    let seen = StepInput { expected: Some(1), ..step("start", json!({ "progress": "一半" })) };
    let (a, b) =
        tokio::join!(take_step(&town.app, &east, task, &seen), take_step(&town.app, &commander, task, &seen));
    let (won, lost) = if a.is_ok() { (a, b) } else { (b, a) };
    assert_eq!(won.unwrap().version, 2);
    assert!(matches!(lost, Err(Error::Conflict { current_version: 2, .. })), "{lost:?}");

    // A selection: all or none, or each for itself.
    let tasks: Vec<RecordId> =
        standings(&town.app, &commander, id).await.unwrap().iter().map(|u| u.record).collect();
    let finish = step("finish", json!({ "result": "完成" }));
    take_step(&town.app, &commander, tasks[1], &finish).await.unwrap();
    let together = take_steps(&town.app, &commander, &tasks, &finish, Bulk::Together).await;
    assert!(matches!(together, Err(Error::Refused { code: "step_not_from_here", .. })));
    assert_eq!(get(&town.app, &east, tasks[0]).await.unwrap().unwrap().work.state, "working");
    let each = take_steps(&town.app, &commander, &tasks, &finish, Bulk::Each).await.unwrap();
    assert!(each[0].1.is_ok() && each[1].1.is_err());
}

#[tokio::test]
async fn a_level_is_decided_after_a_dry_run_inherited_and_taken_back() {
    let town = Town::open().await;
    let commander = person("commander", "1101");
    let county = person("commander", "110101");
    let decision = |level, at: &str| Decision {
        region: region(at),
        level,
        evidence: "三例本地病例".to_owned(),
        start: None,
        review_on: None,
        proposal: None,
    };
    let forecast =
        level::dry_run(&town.app, &commander, &decision(ResponseLevel::Iii, "1101")).await.unwrap();
    let made: u64 = forecast.plans.iter().flat_map(|(_, report)| report.records.values()).sum();
    // Two townships check checkpoints and stocks, the city fills its roster.
    assert_eq!((forecast.previous, forecast.level, made), (ResponseLevel::Routine, ResponseLevel::Iii, 5));
    assert_eq!(forecast.regions_changed, 4);
    let unfounded = Decision { evidence: " ".to_owned(), ..decision(ResponseLevel::Iii, "1101") };
    assert!(matches!(level::decide(&town.app, &commander, &unfounded).await, Err(Error::BadInput { .. })));
    let above = level::decide(&town.app, &county, &decision(ResponseLevel::Iii, "1101")).await;
    assert!(matches!(above, Err(Error::Forbidden { .. })));
    let decided = level::decide(&town.app, &commander, &decision(ResponseLevel::Iii, "1101")).await.unwrap();
    assert_eq!(decided.review_on, jiff::civil::date(2020, 2, 26));
    jobs::run_due(&town.app).await.unwrap();
    assert_eq!(list(&town, &commander, Asked::Region(region("1101"))).await.items.len(), 5);

    let today = town.app.today();
    let held = level::read(&town.app, &commander, &region("1101"), today).await.unwrap();
    assert!(held.iter().all(|h| h.level == ResponseLevel::Iii), "{held:?}");
    // Raised locally; lowered below what holds above has no effect.
    level::decide(&town.app, &county, &decision(ResponseLevel::Ii, "110101")).await.unwrap();
    level::decide(&town.app, &commander, &decision(ResponseLevel::Routine, "110102")).await.unwrap();
    let held = level::read(&town.app, &commander, &region("1101"), today).await.unwrap();
    let levels: Vec<_> = held.iter().map(|h| (h.region.as_str(), h.level.as_str())).collect();
    assert_eq!(levels, [("1101", "iii"), ("110101", "ii"), ("110102", "iii")]);
    // The way back.
    town.advance(SignedDuration::from_hours(24));
    level::decide(&town.app, &commander, &decision(ResponseLevel::Routine, "1101")).await.unwrap();
    let held = level::read(&town.app, &commander, &region("1101"), town.app.today()).await.unwrap();
    assert_eq!(held[0].level, ResponseLevel::Routine);
    assert_eq!(level::history(&town.app, &commander, &region("1101")).await.unwrap().len(), 4);
}
