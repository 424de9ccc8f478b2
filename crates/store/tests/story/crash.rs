//! Power cuts: what was acknowledged is there, what was not is not there in part.

use crate::support::*;
use anyhow::{Context as _, Result};
use rand::{RngExt as _, SeedableRng as _};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use wanquan_store::bulk::{Bulk, Closing};
use wanquan_store::{Store, audit, backup, record};

const FILE: &str = "WANQUAN_TEST_CRASH_FILE";

/// Not a test: the process that is killed. It writes for ever and says on its output what is durable.
#[test]
#[ignore = "started by the test below"]
fn the_writer_that_is_killed() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(file.to_str().unwrap(), &options()).await.unwrap();
        let start = {
            let mut tx = store.read().await.unwrap();
            record::count(&mut tx, "case", 1_000_000).await.unwrap()
        };
        for n in start.. {
            let onset = i32::try_from(n % 20).unwrap();
            if n % 50 == 49 {
                let mut bulk = Bulk::begin(&store, change(20)).await.unwrap();
                let news = [case(&n.to_string(), TOWN, onset), case("0", COUNTY, onset)];
                bulk.push(news.iter().map(Case::ready).collect()).await.unwrap();
                bulk.finish(|_| Closing { audit: vec![entry()], ..Closing::default() }).await.unwrap();
            } else {
                let mut tx = store.write().await.unwrap();
                record::insert(&mut tx, case(&n.to_string(), TOWN, onset).ready(), &change(20))
                    .await
                    .unwrap();
                audit::append(&mut tx, &entry()).await.unwrap();
                tx.commit().await.unwrap();
            }
            println!("stored {n}");
        }
    });
}

fn entry() -> audit::NewEntry {
    audit::NewEntry {
        at: at(20),
        actor: "li".into(),
        act: "record.created".into(),
        subject: "record".into(),
        detail: serde_json::Value::Null,
    }
}

/// Opens what a crash left: sound, and every part of every transaction there or not there.
async fn check_sound(file: &std::path::Path) -> Result<u64> {
    let store = Store::open(file.to_str().context("path")?, &options()).await?;
    let mut tx = store.read().await?;
    let kept = record::count(&mut tx, "case", 1_000_000).await?;
    check_recount(&mut tx, 21).await?;
    let verified = audit::verify(&mut tx).await?;
    anyhow::ensure!(verified.faults.is_empty(), "{:?}", verified.faults);
    anyhow::ensure!(verified.entries == kept, "{} entries of {kept} records", verified.entries);
    drop(tx);
    store.close().await;
    backup::check(file).await?;
    Ok(kept)
}

#[test]
fn a_writer_killed_at_any_moment_loses_nothing_that_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wanquan.db");
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut kept = 0;
    for _ in 0..6 {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::the_writer_that_is_killed", "--ignored", "--nocapture"])
            .env(FILE, &file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let wanted = rng.random_range(1..90);
        let mut acknowledged: Option<u64> = None;
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        for _ in 0..wanted {
            let Some(Ok(line)) = lines.next() else { break };
            if let Some((_, n)) = line.rsplit_once("stored ") {
                acknowledged = n.parse().ok();
            }
        }
        // SIGKILL, in the middle of whatever comes next.
        writer.kill().unwrap();
        writer.wait().unwrap();
        acknowledged = lines
            .map_while(Result::ok)
            .filter_map(|line| line.rsplit_once("stored ")?.1.parse().ok())
            .last()
            .or(acknowledged);
        kept = runtime.block_on(check_sound(&file)).unwrap();
        if let Some(last) = acknowledged {
            assert!(kept > last, "{last} was acknowledged, {kept} are there");
        }
    }
    assert!(kept > 50, "{kept}");
}

#[test]
fn a_log_cut_anywhere_opens_as_a_state_that_was_committed() {
    on_sqlite(|db: Db| async move {
        let Raw::Sqlite(path) = &db.engine else { anyhow::bail!("SQLite") };
        // The schema stands in the log, too: it is cut behind that.
        let start = std::fs::read(path.with_extension("db-wal"))?.len();
        for n in 0..25 {
            let mut tx = db.store.write().await?;
            record::insert(&mut tx, case(&n.to_string(), TOWN, n % 20).ready(), &change(20)).await?;
            audit::append(&mut tx, &entry()).await?;
            tx.commit().await?;
        }
        let (main, log) = (std::fs::read(path)?, std::fs::read(path.with_extension("db-wal"))?);
        assert!(log.len() > start + 100_000, "everything is still in the log");
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let mut states = std::collections::BTreeSet::new();
        for round in 0..24 {
            let cut = rng.random_range(start + 4_096..=log.len());
            let mut torn = log[..cut].to_vec();
            if round % 3 == 0 {
                // A page that was only half written.
                let from = torn.len() - 2_000;
                torn[from..].fill(0xaa);
            }
            let copy = db.folder.path().join(format!("torn{round}.db"));
            std::fs::write(&copy, &main)?;
            std::fs::write(copy.with_extension("db-wal"), &torn)?;
            states.insert(check_sound(&copy).await.with_context(|| format!("cut at {cut}"))?);
        }
        assert!(states.len() > 4 && states.iter().all(|n| *n <= 25), "{states:?}");
        Ok(())
    });
}
