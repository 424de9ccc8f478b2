//! Speed of reads at a million records, and of the bulk load, on the embedded database.
//! `cargo bench -p wanquan-store`; `WANQUAN_BENCH_RECORDS` sets another number, `WANQUAN_BENCH_FILE` keeps the database
//! in a file and uses it again.

use divan::{Bencher, black_box};
use jiff::civil::{Date, date};
use jiff::{Span, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, json};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::runtime::Runtime;
use uuid::Uuid;
use wanquan_domain::kind::{Kind, Role};
use wanquan_domain::record::{Data, Draft, RecordId};
use wanquan_domain::region::RegionCode;
use wanquan_domain::register::{Contribution, Field, FieldType, Measure, Register};
use wanquan_domain::signal::SeriesKey;
use wanquan_domain::text::Text;
use wanquan_store::bulk::{Bulk, Closing};
use wanquan_store::record::{self, Change, FieldTest, Filter, NewRecord};
use wanquan_store::{Options, Store, tally};

fn main() {
    divan::main();
}

/// Days of the register.
const DAYS: i32 = 1_826;
/// The county whose records are all from the first month.
const OLD: &str = "/1/14/1404/140499/";

fn day(n: i32) -> Date {
    date(2020, 1, 1).checked_add(Span::new().days(n)).expect("within the calendar")
}

fn change() -> Change {
    Change {
        by: "bench".into(),
        at: Timestamp::from_second(1_800_000_000).expect("an instant"),
        known_on: day(DAYS + 30),
        reason: None,
        batch: None,
        drill: false,
    }
}

fn register() -> Register {
    let field = |id: &str, field_type, role| {
        Field::new(id.into(), field_type, Text::new(id, id), role, false, false, Vec::new(), Vec::new())
    };
    let fields = vec![
        field("case_id", FieldType::Text, Some(Role::CaseId)),
        field("onset_date", FieldType::Date, Some(Role::OnsetDate)),
        field("report_date", FieldType::Date, Some(Role::ReportDate)),
        field("known_on", FieldType::Date, Some(Role::KnownOn)),
        field("classification", FieldType::Text, None),
        field("note", FieldType::Text, None),
    ];
    let measure = |id: &str| Measure {
        id: format!("case.{id}"),
        label: Text::new(id, id),
        date: vec!["onset_date".into()],
        value: None,
        when: None,
    };
    Register::new(
        "case".into(),
        "bench".into(),
        Kind::Case,
        Text::new("Cases", "病例"),
        "case_id".into(),
        vec!["case_id".into()],
        vec!["onset_date".into()],
        Vec::new(),
        fields,
        vec![measure("onset"), measure("reported"), measure("confirmed")],
    )
}

/// A case as a city reports it: 13 counties with 149 townships and 2,600 villages, and three in ten from elsewhere.
fn draft(rng: &mut ChaCha8Rng, n: u32) -> Draft {
    let path = match n {
        0..3_000 => OLD.to_owned(),
        _ if rng.random_bool(0.7) => {
            let county = 140_401_i64 + rng.random_range(0..13);
            let town = county * 1_000 + rng.random_range(0..11);
            format!("/1/14/1404/{county}/{town}/{}/", town * 1_000 + rng.random_range(0..18))
        }
        _ => {
            let province = 15 + rng.random_range(0..30);
            let prefecture = province * 100 + rng.random_range(0..11);
            format!("/1/{province}/{prefecture}/{}/", prefecture * 100 + rng.random_range(0..10))
        }
    };
    let onset = if n < 3_000 { rng.random_range(0..30) } else { 31 + rng.random_range(0..DAYS - 31) };
    let delay = rng.random_range(0..4) + rng.random_range(0..4) * rng.random_range(0..4);
    let disease = match n % 100_000 {
        7 => "mers",
        n if n % 5 == 0 => "measles",
        _ => "covid-19",
    };
    let number = format!("C{n:07}");
    let mut data = Map::new();
    data.insert("case_id".into(), json!(number));
    data.insert("onset_date".into(), json!(day(onset).to_string()));
    data.insert("report_date".into(), json!(day(onset + delay).to_string()));
    data.insert("known_on".into(), json!(day(onset + delay).to_string()));
    data.insert("classification".into(), json!(if n.is_multiple_of(3) { "suspected" } else { "confirmed" }));
    data.insert("note".into(), json!(format!("household {} of the list, no travel before", n % 977)));
    let mut key = [0; 16];
    key.copy_from_slice(&blake3::hash(number.as_bytes()).as_bytes()[..16]);
    let code = path.split('/').rfind(|code| !code.is_empty()).unwrap_or_default();
    let contribution = |measure, days| Contribution { measure, date: day(onset + days), n: 1 };
    let mut contributions = vec![contribution(0, 0), contribution(1, delay)];
    if !n.is_multiple_of(3) {
        contributions.push(contribution(2, delay));
    }
    Draft {
        region: RegionCode::new(code),
        region_path: path.clone(),
        disease: disease.into(),
        event_date: Some(day(onset)),
        known_on: Some(day(onset + delay)),
        key,
        data: Data::from_validated(data),
        contributions,
    }
}

fn rows(from: u32, to: u32) -> Vec<NewRecord> {
    let (register, mut rng) = (register(), ChaCha8Rng::seed_from_u64(u64::from(from)));
    (from..to)
        .map(|n| {
            let id = RecordId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | u128::from(n)));
            NewRecord::new(&register, draft(&mut rng, n), id).expect("storable")
        })
        .collect()
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
    })
}

fn number() -> u32 {
    std::env::var("WANQUAN_BENCH_RECORDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000)
}

/// The database of the reads; loaded once.
fn store() -> &'static Store {
    static STORE: OnceLock<(Store, Option<tempfile::TempDir>)> = OnceLock::new();
    let (store, _) = STORE.get_or_init(|| {
        let kept = std::env::var_os("WANQUAN_BENCH_FILE").map(PathBuf::from);
        let folder = tempfile::tempdir().expect("a folder");
        let path = kept.clone().unwrap_or_else(|| folder.path().join("bench.db"));
        let loaded = path.exists();
        let store = runtime().block_on(async {
            let store = Store::open(path.to_str().expect("a path"), &Options::recommended()).await?;
            if !loaded {
                load(&store, 0, number()).await?;
            }
            Ok::<_, wanquan_store::Error>(store)
        });
        (store.expect("a database"), kept.is_none().then_some(folder))
    });
    store
}

async fn load(store: &Store, from: u32, to: u32) -> Result<(), wanquan_store::Error> {
    let mut bulk = Bulk::begin(store, change()).await?;
    let mut at = from;
    while at < to {
        let end = to.min(at + 5_000);
        bulk.push(rows(at, end)).await?;
        at = end;
    }
    bulk.finish(|_| Closing::default()).await.map(drop)
}

fn everywhere() -> Filter {
    Filter { register: "case".into(), ..Filter::default() }
}

fn below(path: &str) -> Filter {
    Filter { paths: vec![path.into()], ..everywhere() }
}

/// First pages of 50, by name.
fn lists() -> Vec<(&'static str, Filter)> {
    let of = |disease: &str, filter: Filter| Filter { disease: Some(disease.into()), ..filter };
    let titled = |title: &str, filter: Filter| Filter { title_prefix: Some(title.into()), ..filter };
    let test = |field: &str, test: FieldTest, filter: Filter| Filter {
        fields: vec![(field.into(), test)],
        ..filter
    };
    vec![
        ("everywhere", everywhere()),
        ("province", below("/1/14/")),
        ("city", below("/1/14/1404/")),
        ("county", below("/1/14/1404/140403/")),
        ("township", below("/1/14/1404/140403/140403005/")),
        ("village", below("/1/14/1404/140403/140403005/140403005007/")),
        ("county, all old", below(OLD)),
        ("county, all old, disease", of("covid-19", below(OLD))),
        ("nowhere", below("/2/")),
        ("disease", of("measles", everywhere())),
        ("rare disease", of("mers", everywhere())),
        ("rare disease, city", of("mers", below("/1/14/1404/"))),
        ("no such disease, city", of("none", below("/1/14/1404/"))),
        (
            "a month, county",
            Filter { from: Some(day(100)), to: Some(day(130)), ..below("/1/14/1404/140403/") },
        ),
        ("title", titled("C0500123", everywhere())),
        ("title of many", titled("C05", everywhere())),
        ("title of many, old county", titled("C05", below(OLD))),
        ("choice, city", test("classification", FieldTest::Equals(json!("suspected")), below("/1/14/1404/"))),
        ("text, everywhere", test("note", FieldTest::Contains("household 976".into()), everywhere())),
        ("text found nowhere, city", test("note", FieldTest::Contains("zzz".into()), below("/1/14/1404/"))),
        (
            "three counties",
            Filter {
                paths: ["140401", "140405", "140499"].map(|c| format!("/1/14/1404/{c}/")).to_vec(),
                ..everywhere()
            },
        ),
        ("as known half way, city", Filter { as_of: Some(day(DAYS / 2)), ..below("/1/14/1404/") }),
        ("as known at the beginning", Filter { as_of: Some(day(10)), ..everywhere() }),
        ("as known before anything", Filter { as_of: Some(day(-10)), ..everywhere() }),
    ]
}

#[divan::bench(args = 0..lists().len(), sample_count = 30)]
fn first_page(bencher: Bencher, at: usize) {
    let store = store();
    let (name, filter) = lists().swap_remove(at);
    eprint!("{name}: ");
    bencher.bench(|| {
        runtime().block_on(async {
            let mut tx = store.read().await.expect("a snapshot");
            black_box(record::list(&mut tx, &filter, None, 50).await.expect("a page").items.len())
        })
    });
}

#[divan::bench(args = ["/1/14/1404/", "/1/14/1404/140403/140403005/"], sample_count = 30)]
fn size_of_list(bencher: Bencher, path: &str) {
    let (store, filter) = (store(), below(path));
    bencher.bench(|| {
        runtime().block_on(async {
            let mut tx = store.read().await.expect("a snapshot");
            black_box(record::estimate_count(&mut tx, &filter, 10_000).await.expect("a number"))
        })
    });
}

fn counties() -> Vec<RegionCode> {
    (140_401..140_414).map(|code| RegionCode::new(&code.to_string())).collect()
}

fn provinces() -> Vec<RegionCode> {
    (14..45).map(|code| RegionCode::new(&code.to_string())).collect()
}

fn key(region: &str) -> SeriesKey {
    SeriesKey { measure: "case.onset".into(), disease: "covid-19".into(), region: RegionCode::new(region) }
}

/// Reads of the situation screen: (name, region or regions).
#[divan::bench(args = ["nation now", "nation half way", "city now", "county half way"], sample_count = 30)]
fn series(bencher: Bencher, what: &str) {
    let store = store();
    let (region, known) = match what {
        "nation now" => ("1", DAYS + 30),
        "nation half way" => ("1", DAYS / 2),
        "city now" => ("1404", DAYS + 30),
        _ => ("140403", DAYS / 2),
    };
    bencher.bench(|| {
        runtime().block_on(async {
            let mut tx = store.read().await.expect("a snapshot");
            black_box(tally::series(&mut tx, &key(region), day(known)).await.expect("a series").len())
        })
    });
}

#[divan::bench(args = ["counties", "counties, 120 days", "provinces", "provinces, 120 days"], sample_count = 30)]
fn series_of_children(bencher: Bencher, what: &str) {
    let store = store();
    let regions = if what.starts_with("counties") { counties() } else { provinces() };
    let from = what.contains("120").then(|| day(DAYS - 120));
    bencher.bench(|| {
        runtime().block_on(async {
            let mut tx = store.read().await.expect("a snapshot");
            let (measure, disease, known) = ("case.onset", "covid-19", day(DAYS + 30));
            let found = tally::series_of_regions(&mut tx, measure, disease, &regions, from, known).await;
            black_box(found.expect("series").len())
        })
    });
}

#[divan::bench(args = ["counties now", "counties half way", "provinces now", "provinces, 14 days"], sample_count = 30)]
fn totals_of_children(bencher: Bencher, what: &str) {
    let store = store();
    let regions = if what.starts_with("counties") { counties() } else { provinces() };
    let known = if what.contains("half") { day(DAYS / 2) } else { day(DAYS + 30) };
    let from = what.contains("14").then(|| day(DAYS - 14));
    bencher.bench(|| {
        runtime().block_on(async {
            let mut tx = store.read().await.expect("a snapshot");
            let (measure, disease) = ("case.onset", "covid-19");
            let found =
                tally::totals_of_regions(&mut tx, measure, disease, &regions, from, None, known).await;
            black_box(found.expect("totals").len())
        })
    });
}

#[divan::bench(args = ["1", "140403"], sample_count = 30)]
fn known_days(bencher: Bencher, region: &str) {
    let store = store();
    bencher.bench(|| {
        runtime().block_on(async {
            let mut tx = store.read().await.expect("a snapshot");
            black_box(tally::known_days(&mut tx, &key(region)).await.expect("days").len())
        })
    });
}

#[divan::bench(args = ["1", "140403"], sample_count = 30)]
fn span(bencher: Bencher, region: &str) {
    let store = store();
    bencher.bench(|| {
        runtime().block_on(async {
            let mut tx = store.read().await.expect("a snapshot");
            black_box(tally::span(&mut tx, &key(region)).await.expect("a span").is_some())
        })
    });
}

/// Rows prepared, written and tallied into an empty database.
#[divan::bench(args = [50_000, 200_000], sample_count = 2, sample_size = 1)]
fn bulk_load(bencher: Bencher, records: u32) {
    bencher
        .counter(divan::counter::ItemsCount::new(records))
        .with_inputs(|| tempfile::tempdir().expect("a folder"))
        .bench_values(|folder| {
            runtime().block_on(async {
                let path = folder.path().join("bench.db");
                let store = Store::open(path.to_str().expect("a path"), &Options::recommended()).await?;
                load(&store, 0, records).await?;
                store.close().await;
                Ok::<_, wanquan_store::Error>(folder)
            })
        });
}

/// Single records entered one after the other, each in a transaction of its own, among a million.
#[divan::bench(sample_count = 20, sample_size = 10)]
fn enter_one(bencher: Bencher) {
    let store = store();
    let next = AtomicU32::new(number() + 1_000_000);
    bencher
        .with_inputs(|| {
            let n = next.fetch_add(1, Ordering::Relaxed);
            // As new as the present run, so that a kept file takes them again.
            let unique = Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, u64::from(n), 0));
            let mut draft = draft(&mut ChaCha8Rng::seed_from_u64(u64::from(n)), n);
            draft.key.copy_from_slice(unique.as_bytes());
            NewRecord::new(&register(), draft, RecordId(unique)).expect("storable")
        })
        .bench_values(|new| {
            runtime().block_on(async {
                let mut tx = store.write().await.expect("the writer");
                record::insert(&mut tx, new, &change()).await.expect("stored");
                tx.commit().await.expect("durable");
            });
        });
}
