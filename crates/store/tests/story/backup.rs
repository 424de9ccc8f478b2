//! Backups while others write, and files that are not what they should be.

use crate::support::*;
use anyhow::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use wanquan_store::{Error, Store, audit, backup, record};

#[test]
fn a_backup_taken_while_others_write_is_one_state_of_the_whole() {
    on_sqlite(|db: Db| async move {
        let mut tx = db.store.write().await?;
        for n in 0..300 {
            record::insert(&mut tx, case(&format!("before{n}"), TOWN, n % 20).ready(), &change(20)).await?;
        }
        tx.commit().await?;
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI32::new(0)));
        let writer = tokio::spawn({
            let (store, stop, written) = (db.store.clone(), stop.clone(), written.clone());
            async move {
                while !stop.load(Ordering::Relaxed) {
                    let n = written.load(Ordering::Relaxed);
                    let mut tx = store.write().await?;
                    record::insert(&mut tx, case(&format!("during{n}"), COUNTY, n % 20).ready(), &change(20))
                        .await?;
                    let entry = audit::NewEntry {
                        at: at(20),
                        actor: "li".into(),
                        act: "record.created".into(),
                        subject: format!("record/{n}"),
                        detail: serde_json::Value::Null,
                    };
                    audit::append(&mut tx, &entry).await?;
                    tx.commit().await?;
                    written.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, Error>(())
            }
        });
        while written.load(Ordering::Relaxed) < 5 {
            tokio::task::yield_now().await;
        }
        let copy = db.folder.path().join("copy.db");
        let before = written.load(Ordering::Relaxed);
        backup::write(&db.store, &copy).await?;
        let after = written.load(Ordering::Relaxed);
        stop.store(true, Ordering::Relaxed);
        writer.await??;

        backup::check(&copy).await?;
        let again = backup::write(&db.store, &copy).await;
        assert!(matches!(again, Err(Error::Io(e)) if e.kind() == std::io::ErrorKind::AlreadyExists));
        assert!(!db.folder.path().join("copy.db.partial").exists());
        let restored = Store::open(copy.to_str().unwrap(), &options()).await?;
        let mut tx = restored.read().await?;
        let kept = i32::try_from(record::count(&mut tx, "case", 100_000).await?)? - 300;
        assert!((before..=after + 1).contains(&kept), "{before} <= {kept} <= {after}");
        check_recount(&mut tx, 21).await?;
        let verified = audit::verify(&mut tx).await?;
        assert_eq!((i32::try_from(verified.entries)?, verified.faults), (kept, vec![]));
        drop(tx);
        restored.close().await;
        // Readers of the first database are for reading, as before.
        let mut tx = db.store.read().await?;
        let refused = record::insert(&mut tx, case("x", TOWN, 1).ready(), &change(20)).await;
        assert!(matches!(refused, Err(Error::Sql(_))), "{refused:?}");
        Ok(())
    });
}

#[test]
fn a_damaged_file_is_refused() {
    on_sqlite(|db: Db| async move {
        let mut tx = db.store.write().await?;
        for n in 0..400 {
            record::insert(&mut tx, case(&format!("{n}"), TOWN, n % 20).ready(), &change(20)).await?;
        }
        tx.commit().await?;
        let copy = db.folder.path().join("copy.db");
        backup::write(&db.store, &copy).await?;
        let whole = std::fs::read(&copy)?;
        let damaged = db.folder.path().join("damaged.db");
        let refuse = async |bytes: &[u8], what: &str| -> Result<()> {
            std::fs::write(&damaged, bytes)?;
            let outcome = backup::check(&damaged).await;
            anyhow::ensure!(matches!(outcome, Err(Error::Integrity(_))), "{what}: {outcome:?}");
            Ok(())
        };
        backup::check(&copy).await?;
        for part in [2, 3, 10] {
            refuse(&whole[..whole.len() / part], "cut off").await?;
        }
        refuse(&whole[..whole.len() - 4096], "the last page is missing").await?;
        let mut zeroed = whole.clone();
        let middle = whole.len() / 2 / 4096 * 4096;
        zeroed[middle..middle + 4096].fill(0);
        refuse(&zeroed, "a page is empty").await?;
        refuse(b"", "an empty file").await?;
        refuse(&b"PK\x03\x04 not a database ".repeat(500), "another format").await?;
        let gone = backup::check(&db.folder.path().join("none.db")).await;
        assert!(matches!(gone, Err(Error::Integrity(_))));

        // A database of something else is whole and still not ours.
        use sqlx::{Connection as _, Executor as _};
        let other = db.folder.path().join("other.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&other).create_if_missing(true);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
        connection.execute("create table record (id integer)").await?;
        connection.close().await?;
        assert!(matches!(backup::check(&other).await, Err(Error::Integrity(_))));
        Ok(())
    });
}

#[test]
fn postgres_is_backed_up_by_its_own_tools() {
    on_postgres(|db: Db| async move {
        let outcome = backup::write(&db.store, &db.folder.path().join("copy.db")).await;
        assert!(matches!(outcome, Err(Error::Unsupported(_))));
        Ok(())
    });
}
