//! From signal to alarm: who sees and decides what, once, with a reason that stays.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod city;

use city::{CHANGZHI, City, LUZHOU, person, report};
use uuid::Uuid;
use wanquan_app::alarm::{
    Assessable, Query, assess_signal, assessable, explain, list_alarms, list_signals, read_signal,
};
use wanquan_app::bus::{Change, Sight};
use wanquan_app::situation::{View, read_situation};
use wanquan_app::{Error, detect, jobs};
use wanquan_domain::actor::Actor;
use wanquan_domain::region::RegionCode;
use wanquan_domain::signal::{Decision, Signal, SignalStatus};
use wanquan_store::audit;

/// A jump in a county of Changzhi that raised signals for county, city, province and nation.
async fn city_with_signals() -> City {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let mut rows: Vec<_> = (1..=10)
        .map(|day| format!("2020-02-{day:02}"))
        .map(|day| report(LUZHOU, &day, "confirmed", 1, &day))
        .collect();
    rows.push(report(LUZHOU, "2020-02-11", "confirmed", 15, "2020-02-11"));
    let touched = city.load("count_report", rows).await;
    let mut tx = city.store.write().await.unwrap();
    detect::enqueue(&city.app, &mut tx, &touched).await.unwrap();
    tx.commit().await.unwrap();
    jobs::run_due(&city.app).await.unwrap();
    city
}

async fn signal_of(city: &City, region: &str) -> Signal {
    let all = list_signals(&city.app, &Actor::system("test"), &Query { limit: 50, ..Query::default() }).await;
    all.unwrap().0.into_iter().find(|s| s.series.region.as_str() == region).unwrap()
}

async fn listed(city: &City, actor: &Actor, region: Option<&str>) -> Vec<String> {
    let query = Query { region: region.map(RegionCode::new), limit: 50, ..Query::default() };
    let (signals, _) = list_signals(&city.app, actor, &query).await.unwrap();
    let mut regions: Vec<String> = signals.iter().map(|s| s.series.region.to_string()).collect();
    regions.sort_unstable();
    regions
}

#[tokio::test]
async fn each_reader_finds_the_signals_of_their_regions() {
    let city = city_with_signals().await;
    let officer = person("Zhao", &[("commander", CHANGZHI)]);
    assert_eq!(listed(&city, &officer, None).await, [CHANGZHI, LUZHOU]);
    // Asking for the parent gives the part that may be seen.
    assert_eq!(listed(&city, &officer, Some("140000")).await, [CHANGZHI, LUZHOU]);
    assert_eq!(listed(&city, &officer, Some(LUZHOU)).await, [LUZHOU]);
    let neighbour = person("Qian", &[("commander", "140100")]);
    assert_eq!(listed(&city, &neighbour, None).await, Vec::<String>::new());
    let editor = person("Sun", &[("portal_editor", CHANGZHI)]);
    let refused = list_signals(&city.app, &editor, &Query::default()).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
    let of_province = signal_of(&city, "140000").await;
    let refused = read_signal(&city.app, &officer, of_province.id).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
    let missing = read_signal(&city.app, &officer, Uuid::from_u128(1)).await;
    assert!(matches!(missing, Err(Error::NotFound { what: "signal", .. })));
}

#[tokio::test]
async fn an_alarm_is_raised_once_with_a_reason_that_stays_in_the_history() {
    let city = city_with_signals().await;
    let officer = person("Zhao", &[("commander", CHANGZHI)]);
    let signal = signal_of(&city, LUZHOU).await;
    assert_eq!(assessable(&city.app, &officer, &signal), Assessable::Yes);
    let mut watcher = city.app.bus().watch();
    let decide = async |version, decision, reason: &str| {
        assess_signal(&city.app, &officer, signal.id, version, decision, reason).await
    };
    let refused = decide(1, Decision::RaiseAlarm, "  ").await;
    assert!(matches!(refused, Err(Error::BadInput { field: "reason", .. })));

    let raised = decide(1, Decision::RaiseAlarm, " Cluster in one household ").await.unwrap();
    assert_eq!((raised.signal.status, raised.signal.version), (SignalStatus::Alarm, 2));
    let acts: Vec<_> = raised.history.iter().map(|e| (e.act.as_str(), e.by.as_str())).collect();
    assert_eq!(acts, [("raised", "detector"), ("alarm", "Zhao")]);
    assert_eq!(raised.history[1].reason.as_deref(), Some("Cluster in one household"));
    assert!(matches!(watcher.try_recv().unwrap(), Change::Signal { .. }));

    assert!(matches!(
        decide(1, Decision::Dismiss, "late").await,
        Err(Error::Conflict { current_version: 2, .. })
    ));
    assert!(matches!(
        decide(2, Decision::Dismiss, "late").await,
        Err(Error::Refused { code: "already_assessed", .. })
    ));
    let (alarms, _) =
        list_alarms(&city.app, &officer, &Query { limit: 10, ..Query::default() }).await.unwrap();
    assert_eq!((alarms.len(), alarms[0].signal, alarms[0].raised_by.as_str()), (1, signal.id, "Zhao"));

    let mut tx = city.store.read().await.unwrap();
    let filter = audit::Filter { subject: Some(format!("signal/{}", signal.id)), ..audit::Filter::default() };
    let (entries, _) = audit::list(&mut tx, &filter, None, 10).await.unwrap();
    let acts: Vec<_> = entries.iter().map(|e| (e.what.act.as_str(), e.what.actor.as_str())).collect();
    assert_eq!(acts, [("signal.assess", "Zhao"), ("signal.raise", "detector")]);
    // The reason is free text and is kept out of the audit log.
    assert!(!entries.iter().any(|e| e.what.detail.to_string().contains("household")));
}

#[tokio::test]
async fn a_dismissed_signal_may_still_be_raised() {
    let city = city_with_signals().await;
    let officer = person("Zhao", &[("epidemiologist", CHANGZHI)]);
    let id = signal_of(&city, LUZHOU).await.id;
    let dismissed = assess_signal(&city.app, &officer, id, 1, Decision::Dismiss, "Retesting").await.unwrap();
    assert_eq!(dismissed.signal.status, SignalStatus::Dismissed);
    let raised = assess_signal(&city.app, &officer, id, 2, Decision::RaiseAlarm, "Confirmed").await.unwrap();
    assert_eq!((raised.signal.status, raised.history.len()), (SignalStatus::Alarm, 3));
}

#[tokio::test]
async fn only_roles_that_may_assess_do_and_only_at_home() {
    let city = city_with_signals().await;
    let signal = signal_of(&city, LUZHOU).await;
    for (role, region) in [
        ("viewer", CHANGZHI),
        ("administrator", CHANGZHI),
        ("data_clerk", CHANGZHI),
        ("commander", "140100"),
        ("commander", "140404"),
    ] {
        let actor = person("Wu", &[(role, region)]);
        assert_eq!(assessable(&city.app, &actor, &signal), Assessable::Forbidden, "{role} of {region}");
        let refused = assess_signal(&city.app, &actor, signal.id, 1, Decision::Dismiss, "no").await;
        assert!(matches!(refused, Err(Error::Forbidden { .. })), "{role} of {region}");
    }
    assert_eq!(signal_of(&city, LUZHOU).await.status, SignalStatus::Open);
}

#[tokio::test]
async fn the_explanation_tells_the_numbers_in_both_languages() {
    let city = city_with_signals().await;
    let text = explain(city.app.packs(), &signal_of(&city, LUZHOU).await);
    assert!(text.en.contains("15 counted on 2020-02-11"), "{}", text.en);
    assert!(text.en.contains("the 7 days before let 1 be expected"), "{}", text.en);
    assert!(text.en.contains("as known on 2020-02-12"), "{}", text.en);
    assert!(text.zh.contains("潞州区") && text.zh.contains("2020-02-11报告 15 例"), "{}", text.zh);
    assert!(text.zh.contains("期望 1 例"), "{}", text.zh);
}

#[tokio::test]
async fn the_curve_of_a_signal_is_what_was_known_when_it_was_raised() {
    let city = city_with_signals().await;
    let signal = signal_of(&city, LUZHOU).await;
    city.clock.set("2020-02-20T04:00:00Z".parse().unwrap());
    city.load("count_report", vec![report(LUZHOU, "2020-02-11", "confirmed", 4, "2020-02-18")]).await;
    let detail = read_signal(&city.app, &Actor::system("test"), signal.id).await.unwrap();
    let day = detail.curve.iter().find(|day| day.date == signal.date).unwrap();
    assert_eq!((day.n, day.methods.first()), (15, Some(&signal.method)));
    assert!(detail.curve.iter().all(|day| day.date <= signal.known_on));
}

#[tokio::test]
async fn the_situation_counts_signals_as_they_stood_on_the_day() {
    let city = city_with_signals().await;
    let officer = person("Zhao", &[("commander", CHANGZHI)]);
    let id = signal_of(&city, LUZHOU).await.id;
    city.clock.set("2020-02-14T04:00:00Z".parse().unwrap());
    assess_signal(&city.app, &officer, id, 1, Decision::RaiseAlarm, "Cluster").await.unwrap();
    let on = async |day: &str| {
        let view = View {
            region: RegionCode::new(CHANGZHI),
            disease: "covid-19".into(),
            measure: None,
            as_of: Some(day.parse().unwrap()),
        };
        let seen = read_situation(&city.app, &officer, &view).await.unwrap();
        let open = seen.regions().find(|(region, _, _)| region.code.as_str() == LUZHOU).unwrap().2;
        (seen.signals.open, seen.signals.alarms, open)
    };
    assert_eq!(on("2020-02-11").await, (0, 0, 0));
    assert_eq!(on("2020-02-13").await, (2, 0, 1));
    assert_eq!(on("2020-02-14").await, (1, 1, 0));
}

#[tokio::test]
async fn a_watcher_is_told_of_what_it_may_read() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let path = |code: &str| city.app.packs().regions.get_by_text(code).unwrap().path.clone();
    let officer = Sight::of(&city.app, &person("Zhao", &[("commander", CHANGZHI)]));
    let editor = Sight::of(&city.app, &person("Sun", &[("portal_editor", CHANGZHI)]));
    let nobody = Sight::of(&city.app, &person("Nobody", &[]));
    let tally = Change::Tally { measure: "case.onset".into(), disease: "measles".into() };
    let near = Change::Signal { region_path: path(LUZHOU) };
    let far = Change::Signal { region_path: path("140100") };
    let above = Change::Record { register: "case".into(), region_path: path("140000") };
    let seen = |sight: &Sight| [&tally, &near, &far, &above, &Change::Publication].map(|c| sight.sees(c));
    assert_eq!(seen(&officer), [true, true, false, false, true]);
    assert_eq!(seen(&editor), [true, false, false, false, true]);
    assert_eq!(seen(&nobody), [false; 5]);
}
