//! What records say of persons: sealed in every version and every table, found by numbers, gone with the key.

use crate::support::*;
use anyhow::{Context as _, Result};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;
use wanquan_domain::kind::Role;
use wanquan_domain::record::{Record, RecordId};
use wanquan_domain::unit::Unit;
use wanquan_domain::work::{Pending, Raised, Work};
use wanquan_store::bulk::{Bulk, Closing};
use wanquan_store::person::{self, Lookup, LookupKind, Merge};
use wanquan_store::record::{Filter, SealedTest, Whose};
use wanquan_store::{Tx, record, tally, work};

const MARKS: [&str; 3] = ["标记姓名", "MARKNUMBER77", "16600007777"];

fn marked(no: &str, path: &str, onset: i32) -> Case {
    case(no, path, onset)
        .with("name", json!(MARKS[0]))
        .with("document", json!(MARKS[1]))
        .with("phone", json!(MARKS[2]))
}

/// Every byte that the database keeps: the files of SQLite with the log, every row of PostgreSQL as text.
async fn everything(db: &Db) -> Result<Vec<u8>> {
    use sqlx::Connection as _;
    let mut bytes = Vec::new();
    match &db.engine {
        Raw::Sqlite(path) => {
            for ending in ["db", "db-wal"] {
                let path = path.with_extension(ending);
                if path.exists() {
                    bytes.extend(std::fs::read(path)?);
                }
            }
        }
        Raw::Postgres(url) => {
            let mut connection = sqlx::PgConnection::connect(url).await?;
            let tables: Vec<String> = sqlx::query_scalar(
                "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
            )
            .fetch_all(&mut connection)
            .await?;
            for table in tables {
                let sql = sqlx::AssertSqlSafe(format!("select t::text from {table} t"));
                let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await?;
                bytes.extend(rows.concat().into_bytes());
            }
            connection.close().await?;
        }
    }
    anyhow::ensure!(bytes.len() > 1_000, "something is there to look through");
    Ok(bytes)
}

async fn check_no_mark(db: &Db) -> Result<()> {
    let bytes = everything(db).await?;
    for mark in MARKS {
        // PostgreSQL shows bytes in hexadecimal digits.
        let digits: String = mark.bytes().map(|byte| format!("{byte:02x}")).collect();
        for part in [mark.as_bytes(), digits.as_bytes()] {
            anyhow::ensure!(!bytes.windows(part.len()).any(|w| w == part), "`{mark}` stands in the database");
        }
    }
    Ok(())
}

async fn load(db: &Db, day: i32, cases: &[Case]) -> Result<wanquan_store::bulk::Counts> {
    let mut bulk = Bulk::begin(&db.store, change(day)).await?;
    let mut records: Vec<_> = cases.iter().map(Case::ready).collect();
    // Half of them as an import does it, half left to the writer.
    for (n, record) in records.iter_mut().enumerate() {
        if n % 2 == 0 {
            record.seal(db.store.keys(), at(day))?;
        }
    }
    bulk.push(records).await?;
    Ok(bulk.finish(|_| Closing::default()).await?.counts)
}

async fn by_number(tx: &mut Tx<'_>, no: &str) -> Result<Record> {
    let key = *case(no, TOWN, 1).ready().key();
    record::get_by_key(tx, "case", &key).await?.context("stored")
}

fn text<'a>(record: &'a Record, field: &str) -> &'a str {
    record.data.get(field).and_then(|value| value.as_str()).unwrap_or("-")
}

on_both_engines!(what_a_record_says_of_a_person_is_read_back_and_stands_nowhere_in_plain_text);

async fn what_a_record_says_of_a_person_is_read_back_and_stands_nowhere_in_plain_text(db: Db) -> Result<()> {
    // By hand: entered, changed, entered again, withdrawn; many at once; by a load: new, changed, slipped in.
    let mut tx = db.store.write().await?;
    let first = record::insert(&mut tx, marked("a1", TOWN, 3).ready(), &change(5)).await?.record;
    record::update(&mut tx, first.id, 1, marked("a1", TOWN, 4).ready(), &change(6)).await?;
    let second = record::insert(&mut tx, marked("a2", TOWN, 3).ready(), &change(5)).await?.record;
    record::delete(&mut tx, second.id, 1, &change(7)).await?;
    record::insert_many(&mut tx, vec![marked("a3", COUNTY, 3).ready()], &change(5)).await?;
    let pending = Pending {
        step: "release".into(),
        by: "li".into(),
        values: [("name".to_owned(), json!(MARKS[0]))].into_iter().collect(),
        reason: None,
    };
    let waiting = Work {
        record: first.id,
        register: "case".into(),
        region_path: TOWN.into(),
        state: "open".into(),
        is_open: true,
        unit: Unit::Region(code(TOWN)),
        unit_path: TOWN.into(),
        parent: None,
        entered_at: at(5),
        due_at: None,
        next_at: None,
        raised: Raised::QUIET,
        offered_to: None,
        pending: Some(pending.clone()),
        drill: false,
    };
    work::put(&mut tx, &waiting).await?;
    tx.commit().await?;
    let loaded = load(&db, 8, &[marked("b1", TOWN, 3), marked("b2", TOWN, 3), marked("b3", TOWN, 3)]).await?;
    assert_eq!(loaded.created, 3);
    let loaded =
        load(&db, 9, &[marked("b1", TOWN, 4), marked("b2", TOWN, 5).known(2), marked("b3", TOWN, 3)]).await?;
    assert_eq!((loaded.changed, loaded.unchanged), (2, 1));
    check_no_mark(&db).await?;

    let mut tx = db.store.read().await?;
    for no in ["a1", "a2", "a3", "b1", "b2", "b3"] {
        let found = by_number(&mut tx, no).await?;
        for version in record::versions(&mut tx, found.id).await? {
            let said = ["name", "document", "phone"].map(|field| text(&version, field).to_owned());
            assert_eq!(said, MARKS, "{no} {}", version.version);
            assert_eq!(version.person, first.person, "one document, one person: {no}");
        }
    }
    let stored = work::get(&mut tx, first.id).await?.context("stored")?;
    assert_eq!(stored.pending, Some(pending));
    check_recount(&mut tx, 10).await?;
    Ok(())
}

on_both_engines!(a_record_goes_to_whoever_has_its_document_or_its_telephone_and_name);

async fn a_record_goes_to_whoever_has_its_document_or_its_telephone_and_name(db: Db) -> Result<()> {
    let who = |no: &str, name: &str, document: &str, phone: &str| {
        let mut made = case(no, TOWN, 3).with("name", json!(name));
        if !document.is_empty() {
            made = made.with("document", json!(document));
        }
        if !phone.is_empty() {
            made = made.with("phone", json!(phone));
        }
        made
    };
    let people = [
        who("1", "李雷", "14042319800203001X", "13900001234"),
        who("2", "李磊", "1404 2319 8002 0300 1x", ""),
        who("3", "Li Lei", "", "+86 139-0000-1234"),
        who("4", "韩梅梅", "", "13900001234"),
        who("5", "李雷", "140423198502030028", "13900001234"),
        who("6", "李雷", "", ""),
        who("7", "韓梅梅", "", "139 0000 1234"),
    ];
    let check = |persons: &[Option<Uuid>], how: &str| {
        assert!(persons.iter().all(Option::is_some));
        assert_eq!((persons[1], persons[2]), (persons[0], persons[0]), "document; telephone and name: {how}");
        assert_eq!(persons[6], persons[3], "a name by its variant and the telephone: {how}");
        let others: std::collections::BTreeSet<_> = [0, 3, 4, 5].map(|n| persons[n]).into();
        assert_eq!(others.len(), 4, "a household shares a telephone; a name is no person: {how}");
    };
    let mut tx = db.store.write().await?;
    let mut persons = Vec::new();
    for made in &people {
        persons.push(record::insert(&mut tx, made.ready(), &change(5)).await?.record.person);
    }
    check(&persons, "by hand");
    // Somebody says whose it is.
    let own = who("8", "李雷", "14042319800203001X", "").ready().belonging(Whose::OwnPerson);
    let own = record::insert(&mut tx, own, &change(5)).await?.record.person;
    assert!(!persons.contains(&own));
    let his = who("9", "x", "", "").ready().belonging(Whose::Of(persons[3].context("one")?));
    assert_eq!(record::insert(&mut tx, his, &change(5)).await?.record.person, persons[3]);
    // Values change, the person stays, and is found by the new number as well.
    let key = Lookup { kind: LookupKind::Document, value: "E7654321".into() };
    let id = by_number(&mut tx, "4").await?.id;
    let corrected = who("4", "韩梅梅", "E7654321", "13900001234").ready();
    assert_eq!(record::update(&mut tx, id, 1, corrected, &change(6)).await?.record.person, persons[3]);
    assert_eq!(person::find(&mut tx, &key).await?, [persons[3].context("one")?]);
    tx.rollback().await?;

    // A load finds the same: persons of its own rows, and those stored before.
    load(&db, 5, &people[..4]).await?;
    load(&db, 5, &people[4..]).await?;
    let mut tx = db.store.read().await?;
    let mut persons = Vec::new();
    for made in &people {
        persons.push(by_number(&mut tx, &made.no).await?.person);
    }
    check(&persons, "by a load");
    Ok(())
}

on_both_engines!(records_are_found_by_numbers_and_names_of_persons_in_the_scope_alone);

async fn records_are_found_by_numbers_and_names_of_persons_in_the_scope_alone(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let one = record::insert(&mut tx, marked("1", TOWN, 3).ready(), &change(5)).await?.record;
    record::insert(&mut tx, marked("2", OTHER_COUNTY, 4).ready(), &change(5)).await?;
    // The same person under another number at another time.
    let other = case("3", TOWN, 5).with("name", json!(MARKS[0])).with("document", json!("P0000001")).ready();
    let third = other.belonging(Whose::Of(one.person.context("one")?));
    let third = record::insert(&mut tx, third, &change(5)).await?.record;
    tx.commit().await?;
    let mut tx = db.store.read().await?;
    let persons = vec![one.person.context("one")?];
    let asked = |field: &str, role, asked: &str, paths: &[&str]| Filter {
        register: "case".into(),
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        persons: Some(persons.clone()),
        sealed: vec![SealedTest { field: field.into(), role, asked: asked.into() }],
        ..Filter::default()
    };
    let check = async |tx: &mut Tx<'_>, filter: Filter, expected: &[&str]| -> Result<()> {
        let page = record::list(tx, &filter, None, 10).await?;
        assert_eq!(
            (numbers(&page.items), page.next),
            (expected.iter().map(|e| (*e).to_owned()).collect(), None)
        );
        Ok(())
    };
    let number = Role::DocumentNumber;
    check(&mut tx, asked("document", number, "mark number 77", &[]), &["2", "1"]).await?;
    check(&mut tx, asked("document", number, MARKS[1], &[TOWN]), &["1"]).await?;
    check(&mut tx, asked("document", number, "P0000001", &[]), &["3"]).await?;
    check(&mut tx, asked("name", Role::Name, MARKS[0], &[TOWN]), &["3", "1"]).await?;
    check(&mut tx, asked("name", Role::Name, "标记", &[]), &[]).await?;
    let nobody = Filter { persons: Some(Vec::new()), ..asked("name", Role::Name, MARKS[0], &[]) };
    check(&mut tx, nobody, &[]).await?;
    drop(tx);
    let mut tx = db.store.write().await?;
    record::update(
        &mut tx,
        third.id,
        1,
        case("3", TOWN, 5).with("document", json!("P2")).ready(),
        &change(9),
    )
    .await?;
    let before = Filter { as_of: Some(day(8)), ..asked("document", number, "P0000001", &[]) };
    check(&mut tx, before, &["3"]).await?;
    check(&mut tx, asked("document", number, "P0000001", &[]), &[]).await?;
    Ok(())
}

on_both_engines!(erasing_a_person_empties_every_version_and_leaves_the_counts);

async fn erasing_a_person_empties_every_version_and_leaves_the_counts(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let one = record::insert(&mut tx, marked("1", TOWN, 3).ready(), &change(5)).await?.record;
    record::update(&mut tx, one.id, 1, marked("1", TOWN, 4).ready(), &change(7)).await?;
    let two = case("2", TOWN, 3).with("name", json!(MARKS[0])).ready();
    let two = record::insert(&mut tx, two, &change(5)).await?.record;
    let (kept, merged) = (one.person.context("one")?, two.person.context("two")?);
    assert_ne!(kept, merged, "a name alone is no person");
    let merge = Merge {
        id: new_id(),
        kept,
        merged,
        at: at(6),
        by: "li".into(),
        reason: "同一人".into(),
        undone: None,
    };
    person::merge(&mut tx, &merge).await?;
    assert_eq!(person::family(&mut tx, merged).await?.len(), 2);
    let of_both: Vec<RecordId> =
        person::records(&mut tx, kept).await?.into_iter().map(|(id, _)| id).collect();
    assert_eq!(of_both, [one.id, two.id]);
    tx.commit().await?;
    let before = tallied(&mut db.store.read().await?, day(9)).await?;

    let mut tx = db.store.write().await?;
    assert_eq!(person::erase(&mut tx, kept, at(9)).await?, 2);
    tx.commit().await?;
    let mut tx = db.store.write().await?;
    assert_eq!(tallied(&mut tx, day(9)).await?, before);
    for id in [one.id, two.id] {
        let versions = record::versions(&mut tx, id).await?;
        assert!(
            versions.iter().all(|v| v.erased && v.data.get("name").is_none() && v.data.get("no").is_some())
        );
        let known = record::get_as_of(&mut tx, id, day(5)).await?.context("known then")?;
        assert!(known.erased && known.data.get("document").is_none() && known.data.get("onset").is_some());
    }
    let every = Filter { register: "case".into(), ..Filter::default() };
    let listed = record::list(&mut tx, &every, None, 10).await?.items;
    assert!(listed.len() == 2 && listed.iter().all(|r| r.erased && r.data.get("name").is_none()));
    // A correction of what is no person's keeps it erased; what is entered anew is of a new person.
    let corrected = record::update(&mut tx, one.id, 2, case("1", TOWN, 5).ready(), &change(10)).await?.record;
    assert!(corrected.erased && corrected.person == Some(kept));
    let anew = record::insert(&mut tx, marked("3", TOWN, 3).ready(), &change(10)).await?.record;
    assert!(!anew.erased && anew.person != Some(kept) && text(&anew, "name") == MARKS[0]);
    Ok(())
}

on_both_engines!(what_an_earlier_release_left_in_plain_text_is_sealed_step_by_step);

async fn what_an_earlier_release_left_in_plain_text_is_sealed_step_by_step(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    for no in ["1", "2", "3"] {
        let plain = case(no, TOWN, 3).ready();
        let first = record::insert(&mut tx, plain, &change(5)).await?.record;
        record::update(&mut tx, first.id, 1, case(no, TOWN, 4).ready(), &change(6)).await?;
    }
    tx.commit().await?;
    db.tamper(
        "update record set personal = '{\"name\": \"标记姓名\", \"document\": \"MARKNUMBER77\"}';
         update record_version set personal = '{\"name\": \"标记姓名\", \"phone\": \"16600007777\"}';",
    )
    .await?;
    let mut tx = db.store.read().await?;
    assert!(record::has_plain(&mut tx).await?);
    assert_eq!(text(&by_number(&mut tx, "1").await?, "name"), MARKS[0], "it is read meanwhile");
    drop(tx);
    assert!(check_no_mark(&db).await.is_err());

    let register = |id: &str| (id == "case").then(|| Arc::new(register()));
    let step = async || -> Result<usize> {
        let mut tx = db.store.write().await?;
        let n = record::seal_plain(&mut tx, &register, at(8), 2).await?;
        tx.commit().await?;
        Ok(n)
    };
    // Broken off: the transaction that did not end sealed nothing.
    let mut tx = db.store.write().await?;
    assert_eq!(record::seal_plain(&mut tx, &register, at(8), 2).await?, 4);
    tx.rollback().await?;
    assert_eq!((step().await?, step().await?, step().await?), (4, 2, 0));
    let mut tx = db.store.read().await?;
    assert!(!record::has_plain(&mut tx).await?);
    let mut persons = Vec::new();
    for no in ["1", "2", "3"] {
        let found = by_number(&mut tx, no).await?;
        let versions = record::versions(&mut tx, found.id).await?;
        assert_eq!((text(&versions[0], "phone"), text(&versions[1], "document")), (MARKS[2], MARKS[1]));
        persons.extend(versions.iter().map(|v| v.person));
    }
    assert!(persons[0].is_some() && persons.iter().all(|p| *p == persons[0]), "{persons:?}");
    let key = Lookup { kind: LookupKind::Phone, value: MARKS[2].into() };
    assert_eq!(person::find(&mut tx, &key).await?, [persons[0].context("one")?]);
    assert!(!tally::generations(&mut tx).await?.is_empty());
    drop(tx);
    if let Raw::Sqlite(path) = &db.engine {
        db.store.close().await;
        let file = std::fs::read(path)?;
        for mark in MARKS {
            assert!(!file.windows(mark.len()).any(|w| w == mark.as_bytes()), "{mark}");
        }
    } else {
        check_no_mark(&db).await?;
    }
    Ok(())
}
