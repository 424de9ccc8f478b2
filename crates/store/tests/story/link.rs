//! Links of what is public, from the first article that holds one to the last that lets it go.

use crate::support::{CITY, Db, at, on_both_engines};
use anyhow::Result;
use wanquan_domain::link::{Finding, LinkStatus};
use wanquan_store::link::{self, Use};

on_both_engines!(a_link_is_looked_at_as_long_as_something_holds_it);

fn holder(subject: &str) -> Use {
    Use {
        kind: "article".into(),
        subject: subject.into(),
        title: format!("Title {subject}"),
        region_path: CITY.into(),
    }
}

async fn a_link_is_looked_at_as_long_as_something_holds_it(db: Db) -> Result<()> {
    let (a, b) = ("https://a.example/".to_owned(), "https://b.example/x?y=1".to_owned());
    let mut tx = db.store.write().await?;
    link::replace_uses(&mut tx, &holder("1"), &[a.clone(), b.clone()], at(1)).await?;
    link::replace_uses(&mut tx, &holder("2"), std::slice::from_ref(&b), at(2)).await?;
    tx.commit().await?;

    let mut tx = db.store.write().await?;
    let taken = link::take_due(&mut tx, at(1), at(2), 10).await?;
    assert_eq!(taken.iter().map(|l| (&l.address, l.status)).collect::<Vec<_>>().len(), 2);
    assert!(link::take_due(&mut tx, at(1), at(2), 10).await?.is_empty(), "somebody looks at them already");
    assert_eq!(link::take_due(&mut tx, at(2), at(3), 1).await?.len(), 1, "whoever took them is gone");
    let known = link::get(&mut tx, &a).await?.expect("it is held");
    let broken = known.found(Finding { answer: Ok(404), moved_to: None }, at(3), at(4));
    link::update(&mut tx, &broken).await?;
    let known = link::get(&mut tx, &b).await?.expect("it is held");
    let moved = Finding { answer: Ok(200), moved_to: Some("https://c.example/".into()) };
    let works = known.found(moved, at(3), at(10));
    link::update(&mut tx, &works).await?;
    tx.commit().await?;

    let mut tx = db.store.write().await?;
    assert_eq!(link::get(&mut tx, &b).await?, Some(works));
    let (listed, next) = link::list(&mut tx, LinkStatus::Broken, None, 1).await?;
    assert_eq!((listed, next), (vec![broken], None), "a full page that is the last one says so");
    let (listed, next) = link::list(&mut tx, LinkStatus::Broken, Some(&a), 1).await?;
    assert_eq!((listed, next), (vec![], None));
    let uses = link::uses(&mut tx, &[&a, &b]).await?;
    assert_eq!(uses[&a], [holder("1")]);
    assert_eq!(uses[&b], [holder("1"), holder("2")]);
    assert_eq!(link::count(&mut tx).await?, [("broken".to_owned(), 1), ("works".to_owned(), 1)]);

    // A new version of the first without links, and one that stays.
    link::replace_uses(&mut tx, &holder("1"), &[], at(5)).await?;
    assert_eq!(link::get(&mut tx, &a).await?, None, "nothing holds it any more");
    assert!(link::get(&mut tx, &b).await?.is_some(), "the second still holds it");
    link::replace_uses(&mut tx, &holder("2"), std::slice::from_ref(&b), at(5)).await?;
    let kept = link::get(&mut tx, &b).await?.expect("it is held");
    assert_eq!((kept.status, kept.due_at), (LinkStatus::Works, at(10)), "saying it again changes nothing");
    tx.commit().await?;
    Ok(())
}
