//! The audit log, and somebody with the password of the database.

use crate::support::*;
use anyhow::Result;
use serde_json::json;
use wanquan_store::audit::{self, Fault, Filter, Head, NewEntry};

async fn write(db: &Db, n: u64) -> Result<()> {
    let mut tx = db.store.write().await?;
    for i in 0..n {
        let entry = NewEntry {
            at: at(i32::try_from(i)?),
            actor: if i % 2 == 0 { "li" } else { "王" }.into(),
            act: "record.read".into(),
            subject: format!("record/{}", i % 3),
            detail: json!({ "n": i, "text": "看" }),
        };
        audit::append(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn faults(db: &Db, witnesses: &[Head]) -> Result<Vec<Fault>> {
    let mut tx = db.store.read().await?;
    Ok(audit::verify_against(&mut tx, witnesses).await?.faults)
}

async fn head(db: &Db) -> Result<Head> {
    let mut tx = db.store.read().await?;
    Ok(audit::head(&mut tx).await?)
}

on_both_engines!(entries_are_numbered_chained_and_found);

async fn entries_are_numbered_chained_and_found(db: Db) -> Result<()> {
    assert_eq!(head(&db).await?, Head { seq: 0, hash: [0; 32] });
    assert_eq!(faults(&db, &[]).await?, []);
    write(&db, 7).await?;
    let seven = head(&db).await?;
    assert_eq!(seven.seq, 7);
    assert_eq!(seven.to_string().parse::<Head>()?, seven);
    assert!("7".parse::<Head>().is_err() && "7:zz".parse::<Head>().is_err());
    // What is taken back leaves no entry and no gap.
    let mut tx = db.store.write().await?;
    let entry = NewEntry {
        at: at(9),
        actor: "li".into(),
        act: "x.y".into(),
        subject: "x/1".into(),
        detail: json!(null),
    };
    assert_eq!(audit::append(&mut tx, &entry).await?.seq, 8);
    tx.rollback().await?;
    let mut tx = db.store.write().await?;
    assert_eq!(audit::append(&mut tx, &entry).await?.seq, 8);
    tx.commit().await?;

    let mut tx = db.store.read().await?;
    let verified = audit::verify(&mut tx).await?;
    assert_eq!((verified.entries, verified.faults), (8, vec![]));
    assert_eq!(verified.head, audit::head(&mut tx).await?.hash);
    let numbers = |entries: &[audit::Entry]| entries.iter().map(|e| e.seq).collect::<Vec<_>>();
    let (page, next) = audit::list(&mut tx, &Filter::default(), None, 3).await?;
    assert_eq!((numbers(&page), next), (vec![8, 7, 6], Some(6)));
    let (page, next) = audit::list(&mut tx, &Filter::default(), next, 5).await?;
    assert_eq!((numbers(&page), next), (vec![5, 4, 3, 2, 1], None));
    let of_wang = Filter { actor: Some("王".into()), ..Filter::default() };
    assert_eq!(numbers(&audit::list(&mut tx, &of_wang, None, 9).await?.0), [6, 4, 2]);
    let of_record = Filter { subject: Some("record/1".into()), until: Some(at(4)), ..Filter::default() };
    assert_eq!(numbers(&audit::list(&mut tx, &of_record, None, 9).await?.0), [2]);
    let acts = Filter { act: Some("x.y".into()), from: Some(at(9)), ..Filter::default() };
    let (page, _) = audit::list(&mut tx, &acts, None, 9).await?;
    assert_eq!((numbers(&page), &page[0].what), (vec![8], &entry));
    drop(tx);
    assert_eq!(faults(&db, &[seven]).await?, [], "the log went on from what the witness saw");
    Ok(())
}

on_both_engines!(writers_at_once_make_one_chain);

async fn writers_at_once_make_one_chain(db: Db) -> Result<()> {
    let writer = |name: &'static str| {
        let store = db.store.clone();
        tokio::spawn(async move {
            for n in 0..10 {
                let mut tx = store.write().await?;
                let entry = NewEntry {
                    at: at(n),
                    actor: name.into(),
                    act: "a.b".into(),
                    subject: "s/1".into(),
                    detail: json!({}),
                };
                audit::append(&mut tx, &entry).await?;
                tx.commit().await?;
            }
            Ok::<_, wanquan_store::Error>(())
        })
    };
    let writers = [writer("a"), writer("b"), writer("c")];
    for writer in writers {
        writer.await??;
    }
    assert_eq!((head(&db).await?.seq, faults(&db, &[]).await?), (30, vec![]));
    Ok(())
}

on_both_engines!(the_database_itself_refuses_to_change_an_entry);

async fn the_database_itself_refuses_to_change_an_entry(db: Db) -> Result<()> {
    write(&db, 3).await?;
    for sql in ["update audit set actor = 'nobody' where seq = 2", "delete from audit where seq = 2"] {
        let refused = db.tamper(sql).await;
        assert!(format!("{refused:?}").contains("append-only"), "{refused:?}");
    }
    assert_eq!(faults(&db, &[]).await?, []);
    Ok(())
}

/// Drops what refuses changes, as whoever owns the database can.
async fn unlock(db: &Db) -> Result<()> {
    db.tamper(match db.engine {
        Raw::Sqlite(_) => "drop trigger audit_is_not_updated; drop trigger audit_is_not_deleted",
        Raw::Postgres(_) => "drop trigger audit_is_not_changed on audit",
    })
    .await
}

on_both_engines!(whatever_is_altered_is_found);

async fn whatever_is_altered_is_found(db: Db) -> Result<()> {
    write(&db, 9).await?;
    unlock(&db).await?;
    let kept = "create table kept as select * from audit; create table kept_head as select * from audit_head";
    db.tamper(kept).await?;
    let restore = "delete from audit; insert into audit select * from kept;
        delete from audit_head; insert into audit_head select * from kept_head";
    let missing = |from, to| Fault::Missing { from, to };
    let altered = |seq| Fault::Altered { seq };
    let unlinked = |seq| Fault::Unlinked { seq };
    let whole: &[(&str, &[Fault])] = &[
        ("update audit set actor = 'nobody' where seq = 4", &[altered(4)]),
        ("update audit set detail = '{}' where seq = 1", &[altered(1)]),
        ("update audit set at = at + 1 where seq = 9", &[altered(9)]),
        ("update audit set act = '', subject = act || subject where seq = 2", &[altered(2)]),
        // The digest is made to fit something else: the next entry shows it, or the end does.
        ("update audit set prev_hash = hash where seq = 4", &[unlinked(4), altered(4)]),
        ("update audit set hash = prev_hash where seq = 4", &[altered(4), unlinked(5)]),
        // Removed at the beginning, in the middle, at the end, altogether.
        ("delete from audit where seq = 1", &[missing(1, 1)]),
        ("delete from audit where seq between 4 and 6", &[missing(4, 6)]),
        ("delete from audit where seq >= 8", &[missing(8, 9)]),
        ("delete from audit", &[missing(1, 9)]),
        // Removed and closed up.
        (
            "delete from audit where seq = 4; update audit set seq = seq - 1 where seq = 5",
            &[unlinked(4), altered(4), missing(5, 5)],
        ),
        // Two entries exchanged.
        (
            "update audit set seq = 100 where seq = 3; update audit set seq = 3 where seq = 4;
             update audit set seq = 4 where seq = 100",
            &[unlinked(3), altered(3), unlinked(4), altered(4), unlinked(5)],
        ),
        // One slipped in before the first, and one after the last.
        ("update audit set seq = 0 where seq = 1", &[Fault::OutsideChain { entries: 1 }, missing(1, 1)]),
        (
            "insert into audit select 10, at, actor, act, subject, detail, prev_hash, hash from audit where seq = 9",
            &[unlinked(10), altered(10), Fault::HeadDiffers],
        ),
        // The end of the log.
        ("delete from audit_head", &[Fault::HeadMissing]),
        ("update audit_head set seq = 8", &[Fault::HeadDiffers]),
        ("update audit_head set seq = 12", &[missing(10, 12)]),
        ("update audit_head set hash = (select hash from audit where seq = 1)", &[Fault::HeadDiffers]),
    ];
    for (sql, expected) in whole {
        db.tamper(sql).await?;
        assert_eq!(faults(&db, &[]).await?, *expected, "{sql}");
        db.tamper(restore).await?;
        assert_eq!(faults(&db, &[]).await?, []);
    }
    Ok(())
}

on_both_engines!(a_witness_finds_what_the_log_alone_cannot_show);

async fn a_witness_finds_what_the_log_alone_cannot_show(db: Db) -> Result<()> {
    write(&db, 4).await?;
    let four = head(&db).await?;
    write(&db, 3).await?;
    let seven = head(&db).await?;
    unlock(&db).await?;

    // The end is cut off and the row of the end set back: in itself the log is whole.
    db.tamper(
        "delete from audit where seq > 5;
         update audit_head set seq = 5, hash = (select hash from audit where seq = 5)",
    )
    .await?;
    assert_eq!(faults(&db, &[]).await?, []);
    assert_eq!(faults(&db, &[four]).await?, [], "it saw less than what is left");
    assert_eq!(faults(&db, &[four, seven]).await?, [Fault::WitnessDiffers { seq: 7 }]);

    // The whole log is written anew: again whole in itself.
    db.tamper("delete from audit").await?;
    db.tamper(match db.engine {
        Raw::Sqlite(_) => "update audit_head set seq = 0, hash = zeroblob(32)",
        Raw::Postgres(_) => "update audit_head set seq = 0, hash = decode(repeat('00', 32), 'hex')",
    })
    .await?;
    let mut tx = db.store.write().await?;
    for n in 0..8 {
        let entry = NewEntry {
            at: at(n),
            actor: "nobody".into(),
            act: "record.read".into(),
            subject: "record/1".into(),
            detail: json!({}),
        };
        audit::append(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    assert_eq!(faults(&db, &[]).await?, []);
    let found = faults(&db, &[four, seven]).await?;
    assert_eq!(found, [Fault::WitnessDiffers { seq: 4 }, Fault::WitnessDiffers { seq: 7 }]);
    Ok(())
}
