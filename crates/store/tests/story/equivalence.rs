//! Entering records one by one and loading them in bulk come to the same, and tallies are what a recount gives.

use crate::support::*;
use anyhow::{Context as _, Result};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use wanquan_store::bulk::{Bulk, Closing};
use wanquan_store::{Error, Store, record};

/// Records that occur.
const NUMBERS: usize = 5;
const PATHS: [&str; 4] = [NATION, COUNTY, TOWN, OTHER_COUNTY];

#[derive(Debug, Clone)]
struct Act {
    no: usize,
    path: usize,
    onset: i32,
    persons: i64,
    withdraw: bool,
    /// Days since the act before.
    pause: i32,
    drill: bool,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = (
        0..NUMBERS,
        0..PATHS.len(),
        0..4_i32,
        -1..3_i64,
        prop::bool::weighted(0.2),
        0..3_i32,
        prop::bool::weighted(0.1),
    );
    let act = act.prop_map(|(no, path, onset, persons, withdraw, pause, drill)| Act {
        no,
        path,
        onset,
        persons,
        withdraw,
        pause,
        drill,
    });
    prop::collection::vec(act, 1..14)
}

fn case_of(act: &Act) -> Case {
    case(&act.no.to_string(), PATHS[act.path], act.onset).persons(act.persons)
}

async fn by_hand(store: &Store, act: &Act, known: i32) -> Result<()> {
    let mut tx = store.write().await?;
    let mut change = change(known);
    change.drill = act.drill;
    let current = record::get_by_key(&mut tx, "case", &case_of(act).draft().key).await?;
    match (current, act.withdraw) {
        (Some(current), true) if !current.deleted => {
            record::delete(&mut tx, current.id, current.version, &change).await?;
        }
        (_, true) => {}
        (Some(current), false) if !current.deleted => {
            record::update(&mut tx, current.id, current.version, case_of(act).ready(), &change).await?;
        }
        (_, false) => {
            record::insert(&mut tx, case_of(act).ready(), &change).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

async fn in_bulk(store: &Store, act: &Act, known: i32) -> Result<()> {
    if act.withdraw {
        return by_hand(store, act, known).await;
    }
    // A withdrawn record that is loaded as it was stays withdrawn: restored by hand here as there.
    let mut tx = store.write().await?;
    let current = record::get_by_key(&mut tx, "case", &case_of(act).draft().key).await?;
    tx.rollback().await?;
    if current.is_some_and(|current| current.deleted) {
        return by_hand(store, act, known).await;
    }
    let mut change = change(known);
    change.drill = act.drill;
    let mut bulk = Bulk::begin(store, change).await?;
    bulk.push(vec![case_of(act).ready()]).await?;
    bulk.finish(|_| Closing::default()).await?;
    Ok(())
}

async fn both_ways(one: &Db, many: &Db, acts: &[Act]) -> Result<()> {
    let mut known = 0;
    for act in acts {
        known += act.pause;
        by_hand(&one.store, act, known).await.context("by hand")?;
        in_bulk(&many.store, act, known).await.context("in bulk")?;
    }
    let (mut one, mut many) = (one.store.read().await?, many.store.read().await?);
    check_recount(&mut one, known + 1).await?;
    check_recount(&mut many, known + 1).await?;
    for n in 0..=known {
        let (one, many) = (tallied(&mut one, day(n)).await?, tallied(&mut many, day(n)).await?);
        anyhow::ensure!(one == many, "as known on day {n}: by hand {one:?}, in bulk {many:?}");
    }
    Ok(())
}

#[test]
fn by_hand_and_in_bulk_the_tallies_are_the_same_and_equal_a_recount() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&acts(), |acts| {
        let told = runtime.block_on(async {
            let (one, many) = (sqlite().await?, sqlite().await?);
            both_ways(&one, &many, &acts).await
        });
        told.map_err(|e| TestCaseError::fail(format!("{e:#}")))
    });
    outcome.unwrap();
}

#[test]
fn what_was_rehearsed_counts_once_it_is_loaded_in_earnest() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let rehearsed = Act { no: 1, path: 1, onset: 2, persons: 1, withdraw: false, pause: 0, drill: true };
    let acts = [rehearsed.clone(), Act { drill: false, ..rehearsed }];
    runtime.block_on(async {
        let (one, many) = (sqlite().await.unwrap(), sqlite().await.unwrap());
        both_ways(&one, &many, &acts).await.unwrap();
        let mut tx = many.store.read().await.unwrap();
        assert!(!tallied(&mut tx, day(0)).await.unwrap().is_empty());
    });
}

#[test]
fn by_hand_and_in_bulk_the_tallies_are_the_same_on_postgres() {
    if std::env::var_os("WANQUAN_TEST_POSTGRES_URL").is_none() {
        eprintln!("left out: WANQUAN_TEST_POSTGRES_URL is not set");
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 6, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&acts(), |acts| {
        let told = runtime.block_on(async {
            let (one, many) = (postgres().await?, postgres().await?);
            both_ways(&one, &many, &acts).await
        });
        told.map_err(|e| TestCaseError::fail(format!("{e:#}")))
    });
    outcome.unwrap();
}

/// A file with several states of each record, in any order, in loads of any size, at any time.
#[test]
fn news_in_any_order_gives_the_history_that_news_in_order_gives() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let news = prop::collection::vec((0..NUMBERS, 0..PATHS.len(), 0..4_i32, 0..8_i32), 1..16);
    let strategy = news.prop_flat_map(|mut news| {
        // One state of a record a day: what contradicts itself has no right order.
        news.sort_by_key(|(no, _, _, known)| (*known, *no));
        news.dedup_by_key(|(no, _, _, known)| (*known, *no));
        let shuffled = Just(news.clone()).prop_shuffle();
        (Just(news), shuffled, 1..5_usize)
    });
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&strategy, |(ordered, shuffled, size)| {
        let told = runtime.block_on(async {
            let (one, many) = (sqlite().await?, sqlite().await?);
            for (db, news, size) in [(&one, &ordered, 100), (&many, &shuffled, size)] {
                for part in news.chunks(size) {
                    let mut bulk = Bulk::begin(&db.store, change(20)).await?;
                    let records = part.iter().map(|(no, path, onset, known)| {
                        // News says something new: a day on which nothing changed is not kept.
                        let case = case(&no.to_string(), PATHS[*path], *onset).known(*known);
                        case.with("note", serde_json::json!(known)).ready()
                    });
                    bulk.push(records.collect()).await?;
                    bulk.finish(|_| Closing::default()).await?;
                }
            }
            let (mut one, mut many) = (one.store.read().await?, many.store.read().await?);
            check_recount(&mut one, 9).await?;
            check_recount(&mut many, 9).await?;
            for n in 0..=9 {
                let (one, many) = (tallied(&mut one, day(n)).await?, tallied(&mut many, day(n)).await?);
                anyhow::ensure!(one == many, "as known on day {n}: in order {one:?}, shuffled {many:?}");
            }
            Ok::<_, anyhow::Error>(())
        });
        told.map_err(|e| TestCaseError::fail(format!("{e:#}")))
    });
    outcome.unwrap();
}

#[test]
fn an_error_of_the_database_is_no_panic() {
    on_sqlite(|db: Db| async move {
        db.store.close().await;
        let refused = db.store.read().await;
        assert!(matches!(refused, Err(Error::Sql(_) | Error::Busy)));
        Ok(())
    });
}
