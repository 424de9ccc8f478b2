//! Publications: drafted, published, superseded; frozen from the second step on.

use crate::support::*;
use anyhow::{Context as _, Result};
use serde_json::json;
use uuid::Uuid;
use wanquan_domain::publication::{Publication, PublicationStatus};
use wanquan_store::{Error, publication};

fn draft(id: Uuid, path: &str) -> Publication {
    Publication {
        id,
        region: code(path),
        region_path: path.into(),
        title: "通报".into(),
        body: "First.\n\nSecond.".into(),
        figures: json!({ "confirmed": 3, "series": [1, 2, null] }),
        status: PublicationStatus::Draft,
        drafted_by: "li".into(),
        drafted_at: at(3),
        published_by: None,
        published_at: None,
        version: 1,
    }
}

fn published(mut publication: Publication, n: i32) -> Publication {
    publication.status = PublicationStatus::Published;
    publication.published_by = Some("wang".into());
    publication.published_at = Some(at(n));
    publication.version += 1;
    publication
}

on_both_engines!(what_is_published_cannot_be_changed_any_more);

async fn what_is_published_cannot_be_changed_any_more(db: Db) -> Result<()> {
    let (first, second, other) = (new_id(), new_id(), new_id());
    let mut tx = db.store.write().await?;
    for publication in [draft(first, CITY), draft(second, CITY), draft(other, OTHER_COUNTY)] {
        publication::insert(&mut tx, &publication).await?;
    }
    let mut edited = draft(first, CITY);
    edited.body = "Better.".into();
    edited.version = 2;
    publication::update(&mut tx, &edited).await?;
    let stale = publication::update(&mut tx, &edited).await;
    assert!(matches!(stale, Err(Error::Conflict { current: 2, .. })));
    assert_eq!(publication::current(&mut tx, &code(CITY)).await?, None, "drafts are not public");
    assert_eq!(publication::latest(&mut tx).await?, None);
    let one = published(edited, 4);
    publication::update(&mut tx, &one).await?;
    tx.commit().await?;

    let mut tx = db.store.write().await?;
    assert_eq!(publication::get(&mut tx, first).await?, Some(one.clone()));
    let mut forged = one.clone();
    forged.body = "Nothing happened.".into();
    forged.version += 1;
    for status in [PublicationStatus::Published, PublicationStatus::Draft] {
        forged.status = status;
        let refused = publication::update(&mut tx, &forged).await;
        assert!(matches!(refused, Err(Error::Conflict { current: 3, .. })), "{refused:?}");
    }
    // Superseding changes the status and leaves the content, whatever the caller holds.
    forged.status = PublicationStatus::Superseded;
    publication::update(&mut tx, &forged).await?;
    let stored = publication::get(&mut tx, first).await?.context("stored")?;
    assert_eq!((stored.status, stored.body.as_str()), (PublicationStatus::Superseded, "Better."));
    let two = published(draft(second, CITY), 6);
    publication::update(&mut tx, &two).await?;
    let three = published(draft(other, OTHER_COUNTY), 5);
    publication::update(&mut tx, &three).await?;
    tx.commit().await?;

    let mut tx = db.store.read().await?;
    assert_eq!(publication::current(&mut tx, &code(CITY)).await?, Some(two.clone()));
    assert_eq!(publication::latest(&mut tx).await?, Some(two));
    let none = publication::update(&mut db.store.write().await?, &published(draft(new_id(), CITY), 5)).await;
    assert!(matches!(none, Err(Error::NotFound { .. })));

    let ids = |items: &[Publication]| items.iter().map(|p| p.id).collect::<Vec<_>>();
    let (page, next) = publication::list(&mut tx, &[], None, None, 2).await?;
    assert_eq!(ids(&page), [other, second]);
    let (page, next) = publication::list(&mut tx, &[], None, next, 2).await?;
    assert_eq!((ids(&page), next), (vec![first], None));
    let scope = [OTHER_COUNTY.to_owned()];
    assert_eq!(ids(&publication::list(&mut tx, &scope, None, None, 9).await?.0), [other]);
    let status = Some(PublicationStatus::Superseded);
    assert_eq!(ids(&publication::list(&mut tx, &[], status, None, 9).await?.0), [first]);
    Ok(())
}
