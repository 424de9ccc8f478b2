//! What stands before the public's forms, in every process the same.

use crate::support::{Db, at, on_both_engines};
use anyhow::Result;
use jiff::SignedDuration;
use wanquan_store::desk::{self, Standing};
use wanquan_store::form;

on_both_engines!(a_network_waits_once_it_has_sent_what_is_free);
on_both_engines!(two_processes_admit_no_more_than_one);
on_both_engines!(a_browser_stands_at_the_desk_until_its_time_is_over);

async fn a_network_waits_once_it_has_sent_what_is_free(db: Db) -> Result<()> {
    let minute = SignedDuration::from_mins(1);
    let mut tx = db.store.write().await?;
    let mut admitted = Vec::new();
    for _ in 0..4 {
        admitted.push(form::admit(&mut tx, "comment", "192.0.2.1", minute, 3, at(1)).await?);
    }
    assert_eq!(admitted, [true, true, true, false]);
    assert!(form::admit(&mut tx, "comment", "192.0.2.2", minute, 3, at(1)).await?, "another network");
    assert!(form::admit(&mut tx, "code", "192.0.2.1", minute, 3, at(1)).await?, "another form");
    assert!(form::admit(&mut tx, "comment", "192.0.2.1", minute, 3, at(1) + minute).await?, "one is free");
    assert!(!form::admit(&mut tx, "comment", "192.0.2.1", minute, 3, at(1) + minute).await?);
    assert!(form::use_once(&mut tx, &[1; 16], at(2)).await?);
    assert!(!form::use_once(&mut tx, &[1; 16], at(2)).await?);
    assert_eq!(form::clear(&mut tx, at(1) + minute).await?, 2, "what two of them sent is free again");
    assert_eq!(form::clear(&mut tx, at(2)).await?, 2);
    assert!(form::use_once(&mut tx, &[1; 16], at(3)).await?, "what has ended is forgotten");
    tx.commit().await?;
    Ok(())
}

async fn two_processes_admit_no_more_than_one(db: Db) -> Result<()> {
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = db.store.clone();
        asked.spawn(async move {
            let mut tx = store.write().await?;
            let hour = SignedDuration::from_hours(1);
            let admitted = form::admit(&mut tx, "code", "192.0.2.1", hour, 5, at(1)).await?;
            let first = form::use_once(&mut tx, &[9; 16], at(2)).await?;
            tx.commit().await?;
            Ok::<_, wanquan_store::Error>((admitted, first))
        });
    }
    let (mut admitted, mut first) = (0, 0);
    while let Some(answer) = asked.join_next().await {
        let answer = answer??;
        admitted += u32::from(answer.0);
        first += u32::from(answer.1);
    }
    assert_eq!((admitted, first), (5, 1));
    Ok(())
}

async fn a_browser_stands_at_the_desk_until_its_time_is_over(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let mut code = desk::code_for_update(&mut tx, "13900001234", at(1)).await?;
    assert_eq!((code.digest, code.tries, code.sent.len()), (None, 0, 0));
    code.digest = Some(desk::code_digest(&tx, "13900001234", "123456"));
    code.ends_at = at(2);
    code.tries = 3;
    code.sent = vec![at(1)];
    desk::put_code(&mut tx, "13900001234", &code).await?;
    assert_eq!(desk::code_for_update(&mut tx, "13900001234", at(1)).await?, code);
    assert_ne!(desk::code_digest(&tx, "13900005678", "123456"), code.digest.expect("it was set"));
    desk::open(&mut tx, Standing::Waiting, "browser", "13900001234", at(2)).await?;
    let waiting = desk::opened(&mut tx, Standing::Waiting, "browser", at(1)).await?;
    assert_eq!(waiting.as_deref(), Some("13900001234"));
    assert_eq!(desk::opened(&mut tx, Standing::SignedIn, "browser", at(1)).await?, None);
    assert_eq!(desk::opened(&mut tx, Standing::Waiting, "other", at(1)).await?, None);
    assert_eq!(desk::opened(&mut tx, Standing::Waiting, "browser", at(2)).await?, None, "it has ended");
    assert!(!desk::reseal(&mut tx, "browser", "x").await?, "it is not signed in");
    desk::open(&mut tx, Standing::SignedIn, "secret", "13900001234", at(3)).await?;
    assert!(desk::reseal(&mut tx, "secret", "13900001234\tX").await?);
    let signed_in = desk::opened(&mut tx, Standing::SignedIn, "secret", at(2)).await?;
    assert_eq!(signed_in.as_deref(), Some("13900001234\tX"));
    assert_eq!(desk::crowd(&mut tx).await?, 2);
    desk::close(&mut tx, Standing::SignedIn, "secret").await?;
    assert_eq!(desk::opened(&mut tx, Standing::SignedIn, "secret", at(2)).await?, None);
    assert_eq!(desk::clear(&mut tx, at(2), at(1)).await?, 1);
    assert_eq!(desk::clear(&mut tx, at(4), at(3)).await?, 1);
    assert_eq!(desk::crowd(&mut tx).await?, 0);
    tx.commit().await?;
    Ok(())
}
