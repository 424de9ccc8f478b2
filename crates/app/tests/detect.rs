//! Detectors run by themselves: on what changed, once, with everything needed to repeat them.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod city;

use city::{CHANGZHI, City, LUZHOU, report};
use jiff::civil::date;
use std::time::Instant;
use wanquan_app::analyse::input_digest;
use wanquan_app::bus::Change;
use wanquan_app::situation::{View, read_situation};
use wanquan_app::{detect, jobs};
use wanquan_domain::actor::Actor;
use wanquan_domain::region::{Level, RegionCode};
use wanquan_domain::signal::{SeriesKey, Signal};
use wanquan_store::{job, signal};

async fn signals(city: &City) -> Vec<Signal> {
    let mut tx = city.store.read().await.unwrap();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = signal::list(&mut tx, &signal::Filter::default(), after, 1_000).await.unwrap();
        all.extend(page);
        after = next;
        if after.is_none() {
            return all;
        }
    }
}

/// Loads rows and lets the detectors run, as an import followed by the worker does.
async fn load_and_detect(city: &City, rows: Vec<serde_json::Map<String, serde_json::Value>>) {
    let touched = city.load("count_report", rows).await;
    follow(city, &touched).await;
}

async fn follow(city: &City, touched: &[SeriesKey]) -> usize {
    let mut tx = city.store.write().await.unwrap();
    detect::enqueue(&city.app, &mut tx, touched).await.unwrap();
    tx.commit().await.unwrap();
    jobs::run_due(&city.app).await.unwrap()
}

/// A quiet fortnight in a county, then a jump on 11 February.
fn jump(region: &str) -> Vec<serde_json::Map<String, serde_json::Value>> {
    let quiet =
        (25..=31).map(|day| format!("2020-01-{day}")).chain((1..=10).map(|d| format!("2020-02-{d:02}")));
    let mut rows: Vec<_> = quiet.map(|day| report(region, &day, "confirmed", 1, &day)).collect();
    rows.push(report(region, "2020-02-11", "confirmed", 15, "2020-02-11"));
    rows
}

#[tokio::test]
async fn a_jump_raises_one_signal_for_each_region_up_the_tree_and_only_once() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let mut watcher = city.app.bus().watch();
    load_and_detect(&city, jump(LUZHOU)).await;
    let raised = signals(&city).await;
    let mut regions: Vec<&str> = raised.iter().map(|s| s.series.region.as_str()).collect();
    regions.sort_unstable();
    assert_eq!(regions, ["100000", "140000", "140400", "140403"]);
    for signal in &raised {
        assert_eq!(
            (signal.date, signal.observed, signal.known_on),
            (date(2020, 2, 11), 15, date(2020, 2, 12))
        );
        assert_eq!((signal.method.as_str(), signal.method_version), ("ears_c1", 1));
        assert_eq!(signal.params["baseline_steps"], 7);
        assert_eq!(signal.input_digest.len(), 32);
        assert!(signal.expected.unwrap() < 2.0 && signal.upper.unwrap() < 15.0);
    }
    assert!(matches!(watcher.try_recv().unwrap(), Change::Signal { .. }));

    // The same figures again, and a correction elsewhere: nothing is raised twice.
    load_and_detect(&city, jump(LUZHOU)).await;
    load_and_detect(&city, vec![report(LUZHOU, "2020-02-01", "confirmed", 2, "2020-02-12")]).await;
    assert_eq!(signals(&city).await.len(), raised.len());
}

#[tokio::test]
async fn the_digest_of_a_signal_is_that_of_the_curve_on_the_screen() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    load_and_detect(&city, jump(LUZHOU)).await;
    let view = View {
        region: RegionCode::new(LUZHOU),
        disease: "covid-19".into(),
        measure: None,
        as_of: Some(date(2020, 2, 12)),
    };
    let shown = read_situation(&city.app, &Actor::system("test"), &view).await.unwrap();
    let raised = signals(&city).await;
    let signal = raised.iter().find(|s| s.series.region.as_str() == LUZHOU).unwrap();
    assert_eq!(signal.input_digest, shown.figures.input_digest);
    let day = shown.figures.curve.iter().find(|day| day.date == signal.date).unwrap();
    assert_eq!((day.n, day.upper, &day.methods[0]), (signal.observed, signal.upper, &signal.method));
    assert_ne!(
        signal.input_digest,
        input_digest(&wanquan_epi::CountSeries::new(signal.date, wanquan_epi::Step::Day, vec![]).unwrap())
    );
}

#[tokio::test]
async fn a_later_report_of_a_recent_day_raises_a_signal_and_an_old_day_does_not() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let mut rows = jump(LUZHOU);
    rows.truncate(17);
    load_and_detect(&city, rows).await;
    assert_eq!(signals(&city).await, []);
    city.clock.set("2020-02-20T04:00:00Z".parse().unwrap());
    load_and_detect(&city, vec![report("140404", "2020-02-11", "confirmed", 15, "2020-02-20")]).await;
    assert_eq!(signals(&city).await.len(), 4);
    city.clock.set("2020-03-20T04:00:00Z".parse().unwrap());
    load_and_detect(&city, vec![report("140405", "2020-02-14", "confirmed", 40, "2020-03-20")]).await;
    assert_eq!(signals(&city).await.len(), 4);
}

#[tokio::test]
async fn communities_and_unwatched_measures_are_left_alone() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let tree = &city.app.packs().regions;
    let key = |measure: &str, region: &RegionCode| SeriesKey {
        measure: measure.into(),
        disease: "covid-19".into(),
        region: region.clone(),
    };
    let of_level = |level| tree.iter().find(|r| r.level == level).unwrap().code.clone();
    let (township, community) = (of_level(Level::Township), of_level(Level::Community));
    let asked = |keys: &[SeriesKey]| detect::jobs_for(&city.app, keys).len();
    assert_eq!(asked(&[key("count_report.confirmed", &township)]), 1);
    assert_eq!(asked(&[key("count_report.confirmed", &community)]), 0);
    assert_eq!(asked(&[key("count_report.cured", &township)]), 0);
}

#[tokio::test]
async fn a_whole_history_raises_recent_signals_in_seconds() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let until = date(2020, 2, 12);
    let mut touched = city.load_history("changzhi/history/covid-19_china_2020_jan_feb.csv", until).await;
    touched.extend(city.load_history("changzhi/history/covid-19_shanxi_2020.csv", until).await);
    let began = Instant::now();
    let done = follow(&city, &touched).await;
    println!("{} series in {done} jobs: {} ms", touched.len(), began.elapsed().as_millis());
    assert!(began.elapsed().as_secs() < 10);
    let raised = signals(&city).await;
    assert!(!raised.is_empty());
    let oldest = raised.iter().map(|s| s.date).min().unwrap();
    assert!(oldest > date(2020, 1, 29), "{oldest}");
    // On 12 February 2020 Hubei counted clinical diagnoses for the first time.
    let hubei = raised.iter().any(|s| s.series.region.as_str() == "420000" && s.date == date(2020, 2, 12));
    assert!(hubei);
}

#[tokio::test]
async fn a_job_that_cannot_be_done_is_retried_and_does_not_stop_the_others() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let touched = city.load("count_report", jump(LUZHOU)).await;
    let now = city.app.now();
    let mut tx = city.store.write().await.unwrap();
    let broken = job::NewJob {
        id: wanquan_domain::record::new_uuid(now),
        name: "detect".into(),
        dedup_key: "broken".into(),
        payload: serde_json::json!({ "nothing": true }),
        run_at: now,
        attempts_max: 2,
        created_at: now,
    };
    job::enqueue(&mut tx, &broken).await.unwrap();
    detect::enqueue(&city.app, &mut tx, &touched).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(jobs::run_due(&city.app).await.unwrap(), 1);
    assert_eq!(signals(&city).await.len(), 4);

    city.clock.set(now + jiff::SignedDuration::from_hours(1));
    assert_eq!(jobs::run_due(&city.app).await.unwrap(), 0);
    let mut tx = city.store.read().await.unwrap();
    let counts = job::count(&mut tx).await.unwrap();
    assert_eq!(counts, [("done".to_owned(), 1), ("failed".to_owned(), 1)]);
}

#[tokio::test]
async fn a_job_whose_worker_died_is_done_after_its_lease() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let touched = city.load("count_report", jump(CHANGZHI)).await;
    let mut tx = city.store.write().await.unwrap();
    detect::enqueue(&city.app, &mut tx, &touched).await.unwrap();
    let lease = jiff::SignedDuration::from_mins(10);
    assert!(job::claim(&mut tx, city.app.now(), lease).await.unwrap().is_some());
    tx.commit().await.unwrap();
    assert_eq!(jobs::run_due(&city.app).await.unwrap(), 0);
    city.clock.set(city.app.now() + lease);
    assert_eq!(jobs::run_due(&city.app).await.unwrap(), 1);
    assert_eq!(signals(&city).await.len(), 3);
}
