//! Jobs: asked for once, held by one worker, tried again later, given up in the end.

use crate::support::*;
use anyhow::{Context as _, Result};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use wanquan_store::job::{self, Failure, NewJob};

const LEASE: SignedDuration = SignedDuration::from_mins(5);

fn work(key: &str, run_at: Timestamp) -> NewJob {
    NewJob {
        id: new_id(),
        name: "detect".into(),
        dedup_key: key.into(),
        payload: json!({ "key": key }),
        run_at,
        attempts_max: 3,
        created_at: at(0),
    }
}

fn later(instant: Timestamp, pause: SignedDuration) -> Timestamp {
    instant.checked_add(pause).expect("within time")
}

async fn statuses(tx: &mut wanquan_store::Tx<'_>) -> Result<Vec<(String, i64)>> {
    Ok(job::count(tx).await?)
}

on_both_engines!(a_job_is_tried_until_it_is_done_or_given_up);

async fn a_job_is_tried_until_it_is_done_or_given_up(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    assert_eq!(job::next_due(&mut tx).await?, None);
    let first = work("a", at(2));
    job::enqueue(&mut tx, &first).await?;
    // The same again: one waits, at the earlier of the two times.
    job::enqueue(&mut tx, &work("a", at(1))).await?;
    job::enqueue(&mut tx, &work("a", at(5))).await?;
    job::enqueue(&mut tx, &work("b", at(3))).await?;
    assert_eq!(job::next_due(&mut tx).await?, Some(at(1)));
    assert_eq!(statuses(&mut tx).await?, [("waiting".to_owned(), 2)]);
    assert_eq!(job::claim(&mut tx, at(0), LEASE).await?, None, "nothing is due");

    let held = job::claim(&mut tx, at(4), LEASE).await?.context("due")?;
    assert_eq!(
        (held.id, held.attempt, held.dedup_key.as_str()),
        (first.id, 1, "a"),
        "the one that waited longest"
    );
    assert_eq!(held.payload, json!({ "key": "a" }));
    // While it runs the same may be asked for again: it may have read before the change.
    job::enqueue(&mut tx, &work("a", at(4))).await?;
    let other = job::claim(&mut tx, at(4), LEASE).await?.context("due")?;
    assert_eq!(other.dedup_key, "b");
    assert!(job::complete(&mut tx, &other, at(4)).await?);
    assert!(!job::complete(&mut tx, &other, at(4)).await?, "done is done");
    // It fails, and the same work waits already: that one stands for it.
    assert_eq!(job::fail(&mut tx, &held, "no route", at(4)).await?, Failure::Superseded);
    let again = job::claim(&mut tx, at(4), LEASE).await?.context("due")?;
    assert_ne!(again.id, held.id);

    let mut now = at(4);
    let mut held = again;
    for attempt in 1..3 {
        assert_eq!(held.attempt, attempt);
        let outcome = job::fail(&mut tx, &held, &"x".repeat(5_000), now).await?;
        let pause = job::backoff(attempt);
        assert_eq!(outcome, Failure::RetryAt(later(now, pause)));
        let early = later(now, pause - SignedDuration::from_millis(1));
        assert_eq!(job::claim(&mut tx, early, LEASE).await?, None);
        now = later(now, pause);
        held = job::claim(&mut tx, now, LEASE).await?.context("due again")?;
    }
    assert_eq!(job::fail(&mut tx, &held, "still no route", now).await?, Failure::GivenUp);
    assert_eq!(job::claim(&mut tx, at(30), LEASE).await?, None);
    let counted = statuses(&mut tx).await?;
    assert_eq!(counted, [("done".to_owned(), 1), ("failed".to_owned(), 1), ("superseded".to_owned(), 1)]);
    assert_eq!(job::delete_finished(&mut tx, at(9)).await?, 2);
    assert_eq!(statuses(&mut tx).await?, [("failed".to_owned(), 1)], "failures are kept");
    Ok(())
}

on_both_engines!(a_worker_that_vanishes_loses_its_job);

async fn a_worker_that_vanishes_loses_its_job(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    job::enqueue(&mut tx, &work("a", at(1))).await?;
    let vanished = job::claim(&mut tx, at(1), LEASE).await?.context("due")?;
    assert_eq!(job::claim(&mut tx, later(at(1), LEASE - SignedDuration::from_secs(1)), LEASE).await?, None);
    let now = later(at(1), LEASE);
    let second = job::claim(&mut tx, now, LEASE).await?.context("the lease ran out")?;
    assert_eq!((second.id, second.attempt), (vanished.id, 2));
    // The first worker comes back: it is not its job any more, whatever it says.
    assert!(!job::complete(&mut tx, &vanished, now).await?);
    assert_eq!(job::fail(&mut tx, &vanished, "late", now).await?, Failure::Lost);
    let now = later(now, LEASE);
    let third = job::claim(&mut tx, now, LEASE).await?.context("the lease ran out")?;
    assert_eq!(third.attempt, 3);
    // It ended three workers; a fourth one does not get it.
    assert_eq!(job::claim(&mut tx, later(now, LEASE), LEASE).await?, None);
    assert_eq!(statuses(&mut tx).await?, [("failed".to_owned(), 1)]);
    tx.commit().await?;
    Ok(())
}

on_both_engines!(a_lease_is_renewed_while_its_worker_is_heard_of);

async fn a_lease_is_renewed_while_its_worker_is_heard_of(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    job::enqueue(&mut tx, &work("a", at(1))).await?;
    let held = job::claim(&mut tx, at(1), LEASE).await?.context("due")?;
    let shortly_before = later(at(1), LEASE - SignedDuration::from_secs(1));
    assert!(job::renew(&mut tx, &held, shortly_before, LEASE).await?);
    assert_eq!(job::claim(&mut tx, later(at(1), LEASE), LEASE).await?, None);
    // The next worker of a database that has one knows that its predecessor is gone.
    let start = later(at(1), LEASE);
    assert_eq!(job::end_leases(&mut tx, start).await?, 1);
    let second = job::claim(&mut tx, start, LEASE).await?.context("its lease was ended")?;
    assert_eq!(second.id, held.id);
    assert!(!job::renew(&mut tx, &held, start, LEASE).await?, "it is another worker's");
    tx.rollback().await?;
    Ok(())
}

on_both_engines!(workers_at_once_never_hold_the_same_job);

async fn workers_at_once_never_hold_the_same_job(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    for n in 0..20 {
        job::enqueue(&mut tx, &work(&n.to_string(), at(1))).await?;
    }
    tx.commit().await?;
    let worker = || {
        let store = db.store.clone();
        tokio::spawn(async move {
            let (mut held, mut nothing) = (Vec::new(), 0);
            while nothing < 30 {
                let mut tx = store.write().await?;
                let claimed = job::claim(&mut tx, at(2), LEASE).await?;
                tx.commit().await?;
                match claimed {
                    Some(job) => held.push(job.id),
                    None => nothing += 1,
                }
            }
            Ok::<_, wanquan_store::Error>(held)
        })
    };
    let workers = [worker(), worker(), worker()];
    let mut held = Vec::new();
    for worker in workers {
        held.extend(worker.await??);
    }
    held.sort();
    let all = held.len();
    held.dedup();
    assert_eq!((held.len(), all), (20, 20));
    Ok(())
}
