//! The situation with a million records: ten people replay at once. Slow, so it runs when asked for:
//! `cargo test --release -p wanquan-app --test situation_load -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "a measurement is read by a person")]

mod city;

use city::{CHANGZHI, City, LUZHOU, SHANXI};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use std::sync::Arc;
use std::time::Instant;
use wanquan_app::situation::{View, read_situation};
use wanquan_domain::actor::Actor;
use wanquan_domain::record::{Data, Draft, KeyDigest, RecordId, new_uuid};
use wanquan_domain::region::{Level, RegionCode};
use wanquan_domain::register::Contribution;
use wanquan_store::bulk::{Bulk, Closing};
use wanquan_store::record::{Change, NewRecord};

const RECORDS: u32 = 1_000_000;
const DAYS: u32 = 730;
const PEOPLE: usize = 10;

/// A stream of numbers that is the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(n)).unwrap()
    }
}

/// A million cases by onset over two years in the townships of Changzhi, known up to two weeks later.
async fn fill(city: &City) {
    let packs = city.app.packs();
    let register = packs.register("case").unwrap();
    let measure = register.measures.iter().position(|m| m.id == "case.onset").unwrap();
    let below = &packs.regions.get_by_text(CHANGZHI).unwrap().path;
    let towns: Vec<_> = packs
        .regions
        .iter()
        .filter(|r| r.level == Level::Township && r.path.starts_with(below.as_str()))
        .collect();
    let first = date(2020, 1, 1);
    let mut numbers = Numbers(1);
    let change = Change {
        by: "test".into(),
        at: city.app.now(),
        known_on: city.app.today(),
        reason: None,
        batch: None,
        drill: false,
    };
    let mut bulk = Bulk::begin(&city.store, change).await.unwrap();
    let mut part = Vec::new();
    for i in 0..RECORDS {
        let town = towns[usize::try_from(numbers.below(u32::try_from(towns.len()).unwrap())).unwrap()];
        let onset = first + i64::from(numbers.below(DAYS)).days();
        let known = onset + i64::from(numbers.below(8) + numbers.below(8)).days();
        let mut key: KeyDigest = [0; 16];
        key[..4].copy_from_slice(&i.to_be_bytes());
        let draft = Draft {
            region: town.code.clone(),
            region_path: town.path.clone(),
            disease: "covid-19".into(),
            event_date: Some(onset),
            known_on: Some(known),
            key,
            data: Data::default(),
            contributions: vec![Contribution { measure, date: onset, n: 1 }],
        };
        part.push(NewRecord::new(register, draft, RecordId(new_uuid(city.app.now()))).unwrap());
        if part.len() == 5_000 {
            bulk.push(std::mem::take(&mut part)).await.unwrap();
        }
    }
    bulk.push(part).await.unwrap();
    bulk.finish(|_| Closing::default()).await.unwrap();
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or("VmRSS: 0");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}

async fn look(city: &City, region: &str, as_of: Date) -> u128 {
    let view = View {
        region: RegionCode::new(region),
        disease: "covid-19".into(),
        measure: Some("case.onset".into()),
        as_of: Some(as_of),
    };
    let began = Instant::now();
    let seen = read_situation(&city.app, &Actor::system("test"), &view).await.unwrap();
    assert!(seen.figures.totals.cumulative > 0);
    began.elapsed().as_micros()
}

fn report(what: &str, mut micros: Vec<u128>) -> u128 {
    micros.sort_unstable();
    let at = |percent: usize| micros[(micros.len() * percent).div_ceil(100).max(1) - 1];
    println!(
        "{what}: {} looks, p50 {:.1} ms, p95 {:.1} ms, longest {:.1} ms, resident {} MB",
        micros.len(),
        at(50) as f64 / 1e3,
        at(95) as f64 / 1e3,
        at(100) as f64 / 1e3,
        resident_mb()
    );
    at(95)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "loads a million records"]
async fn ten_people_replay_a_million_records_within_100_ms() {
    let city = Arc::new(City::at("2022-02-01T04:00:00Z").await);
    let began = Instant::now();
    fill(&city).await;
    println!("loaded {RECORDS} records in {:.1} s", began.elapsed().as_secs_f64());
    let regions = [SHANXI, CHANGZHI, LUZHOU];
    for region in regions {
        let first = look(&city, region, date(2021, 12, 31)).await;
        println!("first look at {region}: {:.1} ms", first as f64 / 1e3);
    }
    let people = (0..PEOPLE).map(|person| {
        let city = Arc::clone(&city);
        tokio::spawn(async move {
            let mut micros = Vec::new();
            for day in 0..60_i64 {
                let as_of = date(2021, 6, 1) + (day * 3 + i64::try_from(person).unwrap() * 7).days();
                micros.push(look(&city, regions[person % 3], as_of).await);
            }
            micros
        })
    });
    let mut all = Vec::new();
    for person in people.collect::<Vec<_>>() {
        all.extend(person.await.unwrap());
    }
    let p95 = report("replay by ten", all);
    assert!(p95 < 100_000);
}
