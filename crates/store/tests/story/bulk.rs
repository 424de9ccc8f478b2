//! The bulk load: whole or not at all, the same again changes nothing, order does not matter.

use crate::support::*;
use anyhow::{Context as _, Result};
use serde_json::json;
use wanquan_store::batch::Batch;
use wanquan_store::bulk::{Bulk, Closing, Counts, Finished};
use wanquan_store::job::NewJob;
use wanquan_store::{Error, audit, batch, job, record, tally};

async fn load(db: &Db, known: i32, cases: &[Case]) -> Result<Finished> {
    let mut bulk = Bulk::begin(&db.store, change(known)).await?;
    for part in cases.chunks(2) {
        let records = part.iter().map(|case| {
            let row = cases.iter().position(|c| std::ptr::eq(c, case)).unwrap_or_default();
            case.ready().at_row(u64::try_from(row).unwrap_or_default() + 2)
        });
        bulk.push(records.collect()).await?;
    }
    Ok(bulk.finish(|_| Closing::default()).await?)
}

fn counts(created: u64, changed: u64, unchanged: u64) -> Counts {
    Counts { created, changed, unchanged, contradicting_rows: Vec::new() }
}

on_both_engines!(the_same_file_again_changes_nothing);

async fn the_same_file_again_changes_nothing(db: Db) -> Result<()> {
    // News of day 9 stands before news of day 7; row 5 contradicts row 4.
    let file = [
        case("1", TOWN, 3).known(5),
        case("2", TOWN, 4).known(9).persons(3),
        case("2", OTHER_COUNTY, 4).known(7),
        case("2", TOWN, 1).known(7),
        case("3", COUNTY, 4).known(6).with("name", json!("李雷")),
        case("3", COUNTY, 4).known(8).with("name", json!("李雷")),
    ];
    let first = load(&db, 10, &file).await?;
    let expected = Counts { created: 3, changed: 1, unchanged: 1, contradicting_rows: vec![5] };
    assert_eq!(first.counts, expected);
    let mut tx = db.store.read().await?;
    check_recount(&mut tx, 12).await?;
    let seen = [5, 6, 7, 8, 9];
    let mut towns = Vec::new();
    for known in seen {
        towns.push((total(&mut tx, TOWN, known).await?, total(&mut tx, OTHER_COUNTY, known).await?));
    }
    assert_eq!(towns, [(1, 0), (1, 0), (1, 1), (1, 1), (2, 0)]);
    let key = case("2", TOWN, 4).draft().key;
    let id = record::get_by_key(&mut tx, "case", &key).await?.context("stored")?.id;
    let versions = record::versions(&mut tx, id).await?;
    assert_eq!(versions.iter().map(|r| r.version).collect::<Vec<_>>(), [2, 1], "in the order of knowledge");
    let generation = tally::generation(&mut tx, "case.onset", "measles").await?;
    drop(tx);

    for known in [10, 11] {
        let again = load(&db, known, &file).await?;
        assert_eq!((again.counts.created, again.counts.changed), (0, 0));
        assert_eq!(again.counts.contradicting_rows, [5]);
        assert!(again.touched.is_empty());
    }
    let mut tx = db.store.read().await?;
    assert_eq!(record::versions(&mut tx, id).await?.len(), 2);
    assert_eq!(tally::generation(&mut tx, "case.onset", "measles").await?, generation);
    check_recount(&mut tx, 12).await?;
    drop(tx);

    // Without a day of knowledge, the day of the load is meant.
    let correction = [case("1", OTHER_COUNTY, 3)];
    assert_eq!(load(&db, 12, &correction).await?.counts, counts(0, 1, 0));
    assert_eq!(load(&db, 13, &correction).await?.counts, counts(0, 0, 1));
    // What was known even before the first version, and what replaces a version on its own day.
    let older = [case("1", COUNTY, 2).known(2), case("1", TOWN, 2).known(5)];
    assert_eq!(load(&db, 13, &older).await?.counts, counts(0, 2, 0));
    assert_eq!(load(&db, 13, &older).await?.counts, counts(0, 0, 2));
    let mut tx = db.store.read().await?;
    check_recount(&mut tx, 14).await?;
    assert_eq!(total(&mut tx, COUNTY, 2).await?, 1);
    drop(tx);

    // A withdrawn record stays withdrawn while the file repeats it, and comes back when the file says otherwise.
    let mut tx = db.store.write().await?;
    let key = case("3", COUNTY, 4).draft().key;
    let withdrawn = record::get_by_key(&mut tx, "case", &key).await?.context("stored")?;
    record::delete(&mut tx, withdrawn.id, withdrawn.version, &change(13)).await?;
    tx.commit().await?;
    let same = [case("3", COUNTY, 4).with("name", json!("李雷"))];
    assert_eq!(load(&db, 14, &same).await?.counts, counts(0, 0, 1));
    let other = [case("3", COUNTY, 4).with("name", json!("韩梅梅"))];
    assert_eq!(load(&db, 14, &other).await?.counts, counts(0, 1, 0));
    let mut tx = db.store.read().await?;
    assert!(!record::get(&mut tx, withdrawn.id).await?.context("kept")?.deleted);
    check_recount(&mut tx, 15).await
}

on_both_engines!(a_load_that_is_not_finished_leaves_nothing);

async fn a_load_that_is_not_finished_leaves_nothing(db: Db) -> Result<()> {
    load(&db, 5, &[case("1", TOWN, 3)]).await?;
    let rows = || vec![case("1", COUNTY, 3).ready(), case("2", TOWN, 4).ready()];

    // A dry run says what would be done.
    let mut dry = Bulk::begin(&db.store, change(6)).await?;
    dry.push(rows()).await?;
    let would = dry.roll_back().await?;
    assert_eq!(would.counts, counts(1, 1, 0));
    assert_eq!(would.touched.len(), 8, "{:?}", would.touched);

    // Dropped on the way.
    let mut dropped = Bulk::begin(&db.store, change(6)).await?;
    dropped.push(rows()).await?;
    drop(dropped);

    // Refused by the database on the way: an identifier that another record has.
    let mut tx = db.store.write().await?;
    let key = case("1", TOWN, 3).draft().key;
    let taken = record::get_by_key(&mut tx, "case", &key).await?.context("stored")?.id;
    tx.rollback().await?;
    let clash = record::NewRecord::new(&register(), case("9", TOWN, 3).draft(), taken)?;
    let mut refused = Bulk::begin(&db.store, change(6)).await?;
    refused.push(rows()).await?;
    refused.push(vec![clash]).await?;
    let outcome = refused.finish(|_| Closing::default()).await;
    assert!(matches!(outcome, Err(Error::Sql(_) | Error::Sqlite(_))), "{outcome:?}");

    let mut tx = db.store.read().await?;
    assert_eq!(record::count(&mut tx, "case", 10).await?, 1);
    assert_eq!(record::get(&mut tx, taken).await?.context("kept")?.version, 1);
    assert_eq!((total(&mut tx, NATION, 9).await?, total(&mut tx, TOWN, 9).await?), (1, 1));
    check_recount(&mut tx, 9).await
}

on_both_engines!(what_belongs_to_an_import_is_stored_with_it);

async fn what_belongs_to_an_import_is_stored_with_it(db: Db) -> Result<()> {
    let id = new_id();
    let mut of_batch = change(5);
    of_batch.batch = Some(id);
    let mut bulk = Bulk::begin(&db.store, of_batch).await?;
    bulk.push(vec![case("1", TOWN, 3).ready()]).await?;
    let finished = bulk
        .finish(move |finished| Closing {
            batch: Some(Batch {
                id,
                register: "case".into(),
                region_path: NATION.into(),
                file_name: "病例.csv".into(),
                file_digest: "00".into(),
                file_bytes: 120,
                created_at: at(5),
                created_by: "li".into(),
                rows_read: 1,
                accepted: finished.counts.created,
                refused: 0,
                created: finished.counts.created,
                changed: 0,
                unchanged: 0,
                report: json!({ "touched": finished.touched.len() }),
            }),
            audit: ["batch.begun", "batch.stored"]
                .map(|act| audit::NewEntry {
                    at: at(5),
                    actor: "li".into(),
                    act: act.into(),
                    subject: format!("batch/{id}"),
                    detail: json!({ "rows": 1 }),
                })
                .to_vec(),
            jobs: vec![NewJob {
                id: new_id(),
                name: "detect".into(),
                dedup_key: "case".into(),
                payload: json!({ "register": "case" }),
                run_at: at(5),
                attempts_max: 3,
                created_at: at(5),
            }],
        })
        .await?;
    assert_eq!(finished.touched.len(), 8);
    let mut tx = db.store.write().await?;
    let stored = batch::get(&mut tx, id).await?.context("stored")?;
    assert_eq!((stored.created, stored.report), (1, json!({ "touched": 8 })));
    let key = case("1", TOWN, 3).draft().key;
    let record = record::get_by_key(&mut tx, "case", &key).await?.context("stored")?;
    assert_eq!(record.batch, Some(id));
    let (entries, _) = audit::list(&mut tx, &audit::Filter::default(), None, 10).await?;
    assert_eq!(
        entries.iter().map(|e| e.what.act.as_str()).collect::<Vec<_>>(),
        ["batch.stored", "batch.begun"]
    );
    assert_eq!(audit::verify(&mut tx).await?.faults, []);
    let claimed = job::claim(&mut tx, at(6), jiff::SignedDuration::from_mins(1)).await?.context("a job")?;
    assert_eq!((claimed.name.as_str(), claimed.payload), ("detect", json!({ "register": "case" })));
    Ok(())
}

on_both_engines!(registers_with_equal_keys_do_not_mix);

async fn registers_with_equal_keys_do_not_mix(db: Db) -> Result<()> {
    let mut other = register();
    other.id = "contact".into();
    let same = record::NewRecord::new(
        &other,
        case("1", TOWN, 3).draft(),
        wanquan_domain::record::RecordId(new_id()),
    )?;
    let mut bulk = Bulk::begin(&db.store, change(5)).await?;
    bulk.push(vec![case("1", TOWN, 3).ready(), same.clone()]).await?;
    bulk.push(vec![same]).await?;
    let finished = bulk.finish(|_| Closing::default()).await?;
    assert_eq!(finished.counts, counts(2, 0, 1));
    Ok(())
}

on_both_engines!(what_a_load_has_locked_is_not_changed_until_it_ends);

async fn what_a_load_has_locked_is_not_changed_until_it_ends(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let stored = record::insert(&mut tx, case("a1", TOWN, 3).ready(), &change(5)).await?.record;
    tx.commit().await?;
    let mut bulk = Bulk::begin(&db.store, change(6)).await?;
    let key = stored.key;
    let mut bulk = tokio::task::spawn_blocking(move || {
        bulk.lock_blocking("case", vec![key])?;
        Ok::<_, Error>(bulk)
    })
    .await??;
    let store = db.store.clone();
    let stepping = tokio::spawn(async move {
        let mut tx = store.write().await?;
        let stepped = case("a1", TOWN, 4).with("note", json!("stepped")).ready();
        record::update(&mut tx, stored.id, 1, stepped, &change(6)).await?;
        tx.commit().await
    });
    if let Raw::Postgres(url) = &db.engine {
        use sqlx::Connection as _;
        const WAITING: &str = "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        let mut connection = sqlx::PgConnection::connect(url).await?;
        while sqlx::query_scalar::<_, i64>(WAITING).fetch_one(&mut connection).await? == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        connection.close().await?;
    }
    bulk.push(vec![case("a1", TOWN, 4).with("note", json!("imported")).ready()]).await?;
    assert_eq!(bulk.finish(|_| Closing::default()).await?.counts.changed, 1);
    let stepped = stepping.await?;
    assert!(matches!(stepped, Err(Error::Conflict { current: 2, .. })), "{stepped:?}");
    Ok(())
}
