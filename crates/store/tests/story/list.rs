//! Lists: scope, filters, pages, and what was known on a day.

use crate::support::*;
use anyhow::{Context as _, Result};
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use wanquan_store::Error;
use wanquan_store::record::{self, Cursor, FieldTest, Filter};

fn filter(paths: &[&str]) -> Filter {
    Filter {
        register: "case".into(),
        paths: paths.iter().map(|p| (*p).to_owned()).collect(),
        ..Filter::default()
    }
}

async fn listed(tx: &mut wanquan_store::Tx<'_>, filter: &Filter) -> Result<Vec<String>> {
    Ok(numbers(&record::list(tx, filter, None, 1_000).await?.items))
}

on_both_engines!(a_list_shows_what_is_asked_for_and_nothing_else);

async fn a_list_shows_what_is_asked_for_and_nothing_else(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let mut undated = case("undated", TOWN, 0);
    undated.onset = None;
    let cases = [
        case("a1", TOWN, 3).with("note", json!("Fever 发热")).with("severe", json!(true)),
        case("a2", COUNTY, 5).with("tags", json!(["air", "sea"])).with("severe", json!(false)),
        case("b1", OTHER_COUNTY, 4).with("note", json!("100% \"sure\"")).of("mers"),
        case("b2", OTHER_COUNTY, 5).with("tags", json!(["sea_port"])).persons(7),
        case("c1", "/1/140/", 9).with("name", json!("李雷")).persons(17),
        undated,
    ];
    let mut ids = std::collections::BTreeMap::new();
    for case in &cases {
        let stored = record::insert(&mut tx, case.ready(), &change(10)).await?;
        ids.insert(case.no.clone(), stored.record.id);
    }
    // Entered and withdrawn: in no list.
    let wrong = record::insert(&mut tx, case("a9", TOWN, 3).ready(), &change(10)).await?;
    record::delete(&mut tx, wrong.record.id, 1, &change(10)).await?;
    tx.commit().await?;

    let mut tx = db.store.read().await?;
    assert_eq!(listed(&mut tx, &filter(&[])).await?, ["c1", "b2", "a2", "b1", "a1", "undated"]);
    assert_eq!(listed(&mut tx, &filter(&[CITY])).await?, ["b2", "a2", "b1", "a1", "undated"], "not /1/140/");
    assert_eq!(listed(&mut tx, &filter(&[TOWN])).await?, ["a1", "undated"]);
    assert_eq!(listed(&mut tx, &filter(&[OTHER_COUNTY, TOWN])).await?, ["b2", "b1", "a1", "undated"]);
    assert_eq!(listed(&mut tx, &filter(&[TOWN, COUNTY, CITY])).await?.len(), 5, "each record once");
    assert_eq!(listed(&mut tx, &filter(&["/9/"])).await?, [""; 0]);
    let other = Filter { register: "other".into(), ..filter(&[]) };
    assert_eq!(listed(&mut tx, &other).await?, [""; 0]);

    let of = |disease: &str| Filter { disease: Some(disease.into()), ..filter(&[]) };
    assert_eq!(listed(&mut tx, &of("mers")).await?, ["b1"]);
    assert_eq!(listed(&mut tx, &of("none")).await?, [""; 0]);
    let days = Filter { from: Some(day(4)), to: Some(day(5)), ..filter(&[]) };
    assert_eq!(listed(&mut tx, &days).await?, ["b2", "a2", "b1"]);
    let to = Filter { to: Some(day(4)), ..filter(&[]) };
    assert_eq!(listed(&mut tx, &to).await?, ["b1", "a1"], "a record without a day is on neither side");
    let titled = |prefix: &str| Filter { title_prefix: Some(prefix.into()), ..filter(&[CITY]) };
    assert_eq!(listed(&mut tx, &titled("a")).await?, ["a2", "a1"]);
    assert_eq!(listed(&mut tx, &titled("c")).await?, [""; 0]);

    let test =
        |field: &str, test: FieldTest| Filter { fields: vec![(field.to_owned(), test)], ..filter(&[]) };
    let contains = |text: &str| FieldTest::Contains(text.into());
    assert_eq!(listed(&mut tx, &test("note", contains("fEVer"))).await?, ["a1"]);
    assert_eq!(listed(&mut tx, &test("note", contains("发热"))).await?, ["a1"]);
    assert_eq!(listed(&mut tx, &test("note", contains("100%"))).await?, ["b1"]);
    assert_eq!(listed(&mut tx, &test("note", contains("1%"))).await?, [""; 0], "no wildcard");
    assert_eq!(listed(&mut tx, &test("note", contains("\"SURE\""))).await?, ["b1"]);
    assert_eq!(
        listed(&mut tx, &test("name", contains("李"))).await?,
        [""; 0],
        "what is sealed is not looked into"
    );
    assert_eq!(listed(&mut tx, &test("severe", FieldTest::Equals(json!(true)))).await?, ["a1"]);
    assert_eq!(listed(&mut tx, &test("severe", FieldTest::Equals(json!(1)))).await?, [""; 0]);
    assert_eq!(listed(&mut tx, &test("n", FieldTest::Equals(json!(7)))).await?, ["b2"]);
    assert_eq!(listed(&mut tx, &test("tags", FieldTest::Holds(json!("sea")))).await?, ["a2"]);
    assert_eq!(listed(&mut tx, &test("tags", FieldTest::Holds(json!("SEA")))).await?, [""; 0]);
    let both = Filter {
        fields: vec![("n".into(), FieldTest::Equals(json!(1))), ("note".into(), contains("e"))],
        ..filter(&[CITY])
    };
    assert_eq!(listed(&mut tx, &both).await?, ["b1", "a1"]);

    assert_eq!(record::estimate_count(&mut tx, &filter(&[CITY]), 100).await?, 5);
    assert_eq!(record::estimate_count(&mut tx, &filter(&[CITY]), 3).await?, 3);
    assert_eq!(record::estimate_count(&mut tx, &filter(&[TOWN, CITY]), 100).await?, 5);
    assert_eq!(record::estimate_count(&mut tx, &of("mers"), 100).await?, 1);
    drop(tx);

    // As known on a day: what changed since is shown as it was.
    let mut tx = db.store.write().await?;
    record::update(&mut tx, ids["a1"], 1, case("a1", OTHER_COUNTY, 6).ready(), &change(12)).await?;
    record::delete(&mut tx, ids["b2"], 1, &change(13)).await?;
    record::insert(&mut tx, case("d1", TOWN, 2).ready(), &change(14)).await?;
    tx.commit().await?;
    let mut tx = db.store.read().await?;
    let known = |n: i32, paths: &[&str]| Filter { as_of: Some(day(n)), ..filter(paths) };
    assert_eq!(listed(&mut tx, &known(9, &[])).await?, [""; 0]);
    assert_eq!(listed(&mut tx, &known(11, &[CITY])).await?, ["b2", "a2", "b1", "a1", "undated"]);
    assert_eq!(listed(&mut tx, &known(12, &[CITY])).await?, ["a1", "b2", "a2", "b1", "undated"]);
    assert_eq!(listed(&mut tx, &known(12, &[TOWN])).await?, ["undated"]);
    assert_eq!(listed(&mut tx, &known(13, &[CITY])).await?, ["a1", "a2", "b1", "undated"]);
    assert_eq!(listed(&mut tx, &known(14, &[CITY])).await?, ["a1", "a2", "b1", "d1", "undated"]);
    let titled = Filter { title_prefix: Some("a".into()), ..known(11, &[TOWN]) };
    assert_eq!(listed(&mut tx, &titled).await?, ["a1"]);
    let of_mers = Filter { disease: Some("mers".into()), ..known(14, &[]) };
    assert_eq!(listed(&mut tx, &of_mers).await?, ["b1"]);
    drop(tx);
    // Of what is planned, some is known before its day.
    let mut tx = db.store.write().await?;
    record::insert(&mut tx, case("e1", TOWN, 30).ready(), &change(15)).await?;
    tx.commit().await?;
    let mut tx = db.store.read().await?;
    assert_eq!(listed(&mut tx, &known(14, &[CITY])).await?, ["a1", "a2", "b1", "d1", "undated"]);
    assert_eq!(listed(&mut tx, &known(15, &[CITY])).await?, ["e1", "a1", "a2", "b1", "d1", "undated"]);

    for text in ["", "x", "1.2", "5.zz./1/"] {
        assert!(matches!(text.parse::<Cursor>(), Err(Error::InvalidCursor)));
    }
    Ok(())
}

on_both_engines!(pages_of_any_size_put_together_are_the_list);

/// Enough records that wide and narrow scopes both occur, crowded and empty days, late news and withdrawals.
async fn pages_of_any_size_put_together_are_the_list(db: Db) -> Result<()> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let paths = [TOWN, COUNTY, OTHER_COUNTY, CITY, "/1/15/", "/1/14/1406/"];
    let mut bulk = wanquan_store::bulk::Bulk::begin(&db.store, change(0)).await?;
    let mut cases = Vec::new();
    for i in 0..4_500 {
        // One path is rare and old, one day is crowded.
        let path = if i % 500 == 0 { paths[5] } else { paths[rng.random_range(0..5)] };
        let onset = match i % 500 {
            0 => i / 500,
            n if n % 3 == 0 => 40,
            _ => 20 + rng.random_range(0..60),
        };
        let disease = if rng.random_bool(0.01) { "mers" } else { "measles" };
        let mut case =
            case(&format!("{i:05}"), path, onset).of(disease).known(onset + rng.random_range(0..9));
        case.n = rng.random_range(0..10);
        if i % 97 == 0 {
            case.onset = None;
        }
        cases.push(case);
    }
    bulk.push(cases.iter().map(Case::ready).collect()).await?;
    bulk.finish(|_| wanquan_store::bulk::Closing::default()).await?;
    let mut bulk = wanquan_store::bulk::Bulk::begin(&db.store, change(100)).await?;
    for case in &mut cases {
        if rng.random_bool(0.7) {
            continue;
        }
        case.path = paths[rng.random_range(0..5)].to_owned();
        case.known = None;
    }
    bulk.push(cases.iter().map(Case::ready).collect()).await?;
    let finished = bulk.finish(|_| wanquan_store::bulk::Closing::default()).await?;
    assert!(finished.counts.changed > 700);

    let mut tx = db.store.read().await?;
    let everything = listed_all(&mut tx, &filter(&[]), 1_000).await?;
    assert_eq!(everything.len(), 4_500);
    let place = |r: &wanquan_domain::record::Record| (r.event_date, r.region_path.clone(), r.id);
    assert!(everything.windows(2).all(|w| place(&w[0]) > place(&w[1])), "in order, each once");
    for paths in [&[][..], &[NATION], &[CITY], &[COUNTY], &["/1/14/1406/"], &[TOWN, OTHER_COUNTY, "/1/15/"]] {
        for disease in [None, Some("mers"), Some("measles")] {
            for fields in [vec![], vec![("n".to_owned(), FieldTest::Equals(json!(3)))]] {
                let wanted = Filter { disease: disease.map(str::to_owned), fields, ..filter(paths) };
                let expected: Vec<_> = everything
                    .iter()
                    .filter(|r| paths.is_empty() || paths.iter().any(|p| r.region_path.starts_with(p)))
                    .filter(|r| disease.is_none_or(|d| r.disease == d))
                    .filter(|r| wanted.fields.is_empty() || r.data.get("n") == Some(&json!(3)))
                    .map(|r| r.id)
                    .collect();
                for size in [7, 300] {
                    if size == 7 && expected.len() > 700 {
                        continue;
                    }
                    let found = listed_all(&mut tx, &wanted, size).await?;
                    let found: Vec<_> = found.iter().map(|r| r.id).collect();
                    assert_eq!(found, expected, "{paths:?} {disease:?} pages of {size}");
                }
            }
        }
    }
    // As known on a day, against the versions of each record.
    for known in [50, 100] {
        let mut expected = Vec::new();
        for record in &everything {
            let then = record::get_as_of(&mut tx, record.id, day(known)).await?;
            expected.extend(then.filter(|r| r.region_path.starts_with(CITY)));
        }
        expected.sort_by_key(|r| std::cmp::Reverse(place(r)));
        let then = Filter { as_of: Some(day(known)), ..filter(&[CITY]) };
        for size in [90, 1_000] {
            let found = listed_all(&mut tx, &then, size).await?;
            assert_eq!(numbers(&found), numbers(&expected), "as known on day {known}, pages of {size}");
        }
    }
    Ok(())
}

async fn listed_all(
    tx: &mut wanquan_store::Tx<'_>,
    filter: &Filter,
    size: u32,
) -> Result<Vec<wanquan_domain::record::Record>> {
    let (mut all, mut cursor) = (Vec::new(), None);
    for _ in 0..2_000 {
        let page = record::list(tx, filter, cursor.take(), size).await?;
        assert!(page.items.len() <= usize::try_from(size)?);
        all.extend(page.items);
        match page.next {
            Some(next) => cursor = Some(next.to_string().parse().context("cursors read back")?),
            None => return Ok(all),
        }
    }
    anyhow::bail!("the list does not end")
}
