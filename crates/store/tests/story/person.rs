//! A person: entered, found, entered again, merged, taken apart, erased.

use crate::support::*;
use anyhow::{Context as _, Result};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;
use wanquan_domain::record::RecordId;
use wanquan_store::person::{self, KeySource, Lookup, LookupKind, Merge};
use wanquan_store::{Error, Options, Store, Tx};

const NOBODY: [Uuid; 0] = [];

fn fields(name: &str) -> Map<String, Json> {
    Map::from_iter([("name".to_owned(), json!(name)), ("born".to_owned(), json!("1980-02-03"))])
}

fn document(number: &str) -> Lookup {
    Lookup { kind: LookupKind::Document, value: number.into() }
}

async fn enter(tx: &mut Tx<'_>, name: &str, number: &str) -> Result<Uuid> {
    let id = new_id();
    person::insert(tx, id, &fields(name), &[document(number)], at(1)).await?;
    Ok(id)
}

fn same(kept: Uuid, merged: Uuid) -> Merge {
    Merge {
        id: new_id(),
        kept,
        merged,
        at: at(3),
        by: "wang".into(),
        reason: "同一身份证".into(),
        undone: None,
    }
}

on_both_engines!(a_person_is_found_by_number_and_read_with_the_key_only);

async fn a_person_is_found_by_number_and_read_with_the_key_only(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let li = enter(&mut tx, "李雷", "14042319800203001X").await?;
    let han = enter(&mut tx, "韩梅梅", "140423198502030028").await?;
    let twice = person::insert(&mut tx, new_id(), &fields("x"), &[], at(1)).await;
    assert!(twice.is_ok(), "a person without any number");
    tx.commit().await?;

    let mut tx = db.store.write().await?;
    let stored = person::get(&mut tx, li).await?.context("stored")?;
    assert_eq!((stored.fields.as_ref(), stored.version), (Some(&fields("李雷")), 1));
    assert!(
        !format!("{stored:?}{:?}", document("1404")).contains("李")
            && !format!("{:?}", document("1404")).contains("1404")
    );
    assert_eq!(person::find(&mut tx, &document("14042319800203001X")).await?, [li]);
    assert_eq!(person::find(&mut tx, &document("140423198502030028")).await?, [han]);
    assert_eq!(person::find(&mut tx, &document("1")).await?, NOBODY);
    let phone = Lookup { kind: LookupKind::Phone, value: "14042319800203001X".into() };
    assert_eq!(person::find(&mut tx, &phone).await?, NOBODY);
    person::update(&mut tx, li, 1, &fields("李磊"), std::slice::from_ref(&phone), at(2)).await?;
    let stale = person::update(&mut tx, li, 1, &fields("x"), &[], at(2)).await;
    assert!(matches!(stale, Err(Error::Conflict { current: 2, .. })));
    assert_eq!(person::find(&mut tx, &phone).await?, [li]);
    let once = person::find(&mut tx, &document("14042319800203001X")).await?;
    assert_eq!(once, [li], "a number once given stays a way to the person");
    let none = person::update(&mut tx, new_id(), 1, &fields("x"), &[], at(2)).await;
    assert!(matches!(none, Err(Error::NotFound { .. })));
    Ok(())
}

on_both_engines!(a_key_that_is_missing_or_another_one_stops_the_program);

async fn a_key_that_is_missing_or_another_one_stops_the_program(db: Db) -> Result<()> {
    let with = |key: KeySource| Options { key, ..options() };
    let missing = db.folder.path().join("elsewhere.key");
    // Nobody is sealed yet: a lost key is replaced.
    let other = Store::open(&db.location(), &with(KeySource::File(missing.clone()))).await?;
    assert!(missing.exists());
    let mut tx = other.write().await?;
    let li = enter(&mut tx, "李雷", "1").await?;
    tx.commit().await?;
    other.close().await;

    let another = Store::open(&db.location(), &with(KeySource::Secret([9; 32]))).await;
    assert!(matches!(another, Err(Error::KeyWrong(_))), "{another:?}");
    let kept = std::fs::read(&missing)?;
    std::fs::remove_file(&missing)?;
    let lost = Store::open(&db.location(), &with(KeySource::File(missing.clone()))).await;
    let lost = lost.err().context("refused")?;
    assert!(matches!(&lost, Error::KeyMissing(path) if path.ends_with("elsewhere.key")), "{lost}");
    assert!(!missing.exists(), "no new key is made beside persons who are sealed");
    std::fs::write(&missing, "no key")?;
    let unreadable = Store::open(&db.location(), &with(KeySource::File(missing.clone()))).await;
    assert!(matches!(unreadable, Err(Error::KeyUnreadable(_))));

    std::fs::write(&missing, kept)?;
    let back = Store::open(&db.location(), &with(KeySource::File(missing))).await?;
    let mut tx = back.read().await?;
    assert_eq!(person::get(&mut tx, li).await?.context("there")?.fields, Some(fields("李雷")));
    drop(tx);
    back.close().await;
    Ok(())
}

on_both_engines!(a_merge_keeps_both_histories_and_can_be_taken_back);

async fn a_merge_keeps_both_histories_and_can_be_taken_back(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let (one, two) = (enter(&mut tx, "李雷", "1").await?, enter(&mut tx, "李 雷", "1").await?);
    let third = enter(&mut tx, "Li Lei", "3").await?;
    assert_eq!(person::find(&mut tx, &document("1")).await?, [one, two], "entered twice, found");
    let records: Vec<RecordId> = (0..3).map(|_| RecordId(new_id())).collect();
    person::link(&mut tx, one, records[0], "case").await?;
    person::link(&mut tx, one, records[0], "case").await?;
    person::link(&mut tx, two, records[1], "contact").await?;
    person::link(&mut tx, third, records[2], "arrival").await?;

    let first = same(one, two);
    person::merge(&mut tx, &first).await?;
    assert_eq!(person::find(&mut tx, &document("1")).await?, [one]);
    let both = [(records[0], "case".to_owned()), (records[1], "contact".to_owned())];
    assert_eq!(person::records(&mut tx, one).await?, both);
    assert_eq!(person::records(&mut tx, two).await?, both[1..]);
    assert_eq!(person::of_record(&mut tx, records[1]).await?, [(one, "contact".to_owned())]);
    let merged = person::get(&mut tx, two).await?.context("kept")?;
    assert_eq!((merged.merged_into, merged.fields), (Some(one), Some(fields("李 雷"))));
    for wrong in [same(one, one), same(one, two), same(two, third), same(third, one)] {
        let refused = person::merge(&mut tx, &wrong).await;
        assert!(matches!(refused, Err(Error::Conflict { .. })), "{wrong:?}: {refused:?}");
    }
    person::merge(&mut tx, &same(one, third)).await?;
    assert_eq!(person::records(&mut tx, one).await?.len(), 3);

    assert!(person::unmerge(&mut tx, first.id, "zhao", at(4)).await?);
    assert!(!person::unmerge(&mut tx, first.id, "zhao", at(5)).await?);
    assert_eq!(person::find(&mut tx, &document("1")).await?, [one, two]);
    assert_eq!(person::records(&mut tx, two).await?, both[1..]);
    let merges = person::merges(&mut tx, two).await?;
    assert_eq!(merges, [Merge { undone: Some((at(4), "zhao".into())), ..first }]);
    assert_eq!(person::merges(&mut tx, one).await?.len(), 2);
    Ok(())
}

on_both_engines!(erasing_destroys_the_key_and_leaves_the_records);

async fn erasing_destroys_the_key_and_leaves_the_records(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let (one, two) = (enter(&mut tx, "李雷", "1").await?, enter(&mut tx, "李雷", "1").await?);
    let other = enter(&mut tx, "韩梅梅", "2").await?;
    person::link(&mut tx, one, RecordId(new_id()), "case").await?;
    person::merge(&mut tx, &same(one, two)).await?;
    // What a record says of the person is sealed under the same key.
    let key = person::key(&mut tx, one).await?.context("a key")?;
    let sealed = key.seal("住在桥东".as_bytes())?;
    assert_eq!(key.open(&sealed)?, "住在桥东".as_bytes());
    tx.commit().await?;

    let mut tx = db.store.write().await?;
    assert_eq!(person::erase(&mut tx, one, at(9)).await?, 2, "with whoever was merged into them");
    assert_eq!(person::erase(&mut tx, one, at(9)).await?, 0);
    assert!(matches!(person::erase(&mut tx, new_id(), at(9)).await, Err(Error::NotFound { .. })));
    tx.commit().await?;

    let mut tx = db.store.write().await?;
    for id in [one, two] {
        let erased = person::get(&mut tx, id).await?.context("the row stays")?;
        assert_eq!((erased.fields, erased.erased_at), (None, Some(at(9))));
        assert!(person::key(&mut tx, id).await?.is_none());
    }
    assert_eq!(person::find(&mut tx, &document("1")).await?, NOBODY);
    assert_eq!(person::records(&mut tx, one).await?.len(), 1, "a record without names is still a case");
    let gone = person::update(&mut tx, one, 3, &fields("x"), &[], at(9)).await;
    assert!(gone.is_err());
    let refused = person::merge(&mut tx, &same(other, one)).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })));
    assert_eq!(person::find(&mut tx, &document("2")).await?, [other]);
    Ok(())
}

#[test]
fn neither_a_name_nor_a_number_nor_a_destroyed_key_lies_in_the_file() {
    on_sqlite(|db: Db| async move {
        // The whole of it, so that the folder stays to the end.
        let db = db;
        let Raw::Sqlite(path) = &db.engine else { anyhow::bail!("SQLite") };
        let id = {
            let mut tx = db.store.write().await?;
            let id = enter(&mut tx, "MARKER-NAME", "MARKER-NUMBER").await?;
            tx.commit().await?;
            id
        };
        let wrapped: Vec<u8> = {
            use sqlx::Connection as _;
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
            let key = sqlx::query_scalar("select wrapped_key from person").fetch_one(&mut connection).await?;
            connection.close().await?;
            key
        };
        let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|w| w == part);
        let mut tx = db.store.write().await?;
        person::erase(&mut tx, id, at(9)).await?;
        tx.commit().await?;
        // Closing writes the log into the file and removes it.
        db.store.close().await;
        let file = std::fs::read(path)?;
        assert!(!path.with_extension("db-wal").exists());
        for part in [&b"MARKER-NAME"[..], b"MARKER-NUMBER", &wrapped] {
            assert!(!holds(&file, part));
        }
        Ok(())
    });
}
