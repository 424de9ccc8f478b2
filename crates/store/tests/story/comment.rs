//! Comments: waiting, shown, hidden, reported; the count of an article follows every decision.

use crate::support::*;
use anyhow::Result;
use uuid::Uuid;
use wanquan_domain::comment::{Comment, CommentStatus};
use wanquan_store::{Error, comment};

fn sent(id: Uuid, article: Uuid, text: &str, n: i32) -> Comment {
    Comment {
        id,
        article,
        region: code(CITY),
        region_path: CITY.into(),
        parent: None,
        name: "读者".into(),
        text: text.into(),
        official: false,
        status: CommentStatus::Waiting,
        doubt: None,
        reports: 0,
        sent_at: at(n),
        decided_by: None,
        decided_at: None,
        reason: None,
        version: 1,
    }
}

fn decided(mut comment: Comment, status: CommentStatus) -> Comment {
    comment.status = status;
    comment.reports = 0;
    comment.decided_by = Some("sun".into());
    comment.decided_at = Some(at(9));
    comment.reason = (status == CommentStatus::Hidden).then(|| "spam".into());
    comment.version += 1;
    comment
}

on_both_engines!(a_comment_counts_while_it_is_shown);

async fn a_comment_counts_while_it_is_shown(db: Db) -> Result<()> {
    use CommentStatus::{Hidden, Shown, Waiting};
    let (article, other) = (new_id(), new_id());
    let ids = [new_id(), new_id(), new_id()];
    let mut tx = db.store.write().await?;
    for (n, id) in (1..).zip(ids) {
        comment::insert(&mut tx, &sent(id, article, "text", n)).await?;
    }
    let twice = comment::insert(&mut tx, &sent(ids[0], article, "again", 4)).await;
    assert!(matches!(twice, Err(Error::Duplicate { .. })));
    tx.rollback().await?;

    let mut tx = db.store.write().await?;
    for (n, id) in (1..).zip(ids) {
        comment::insert(&mut tx, &sent(id, article, "text", n)).await?;
    }
    assert!(comment::counts(&mut tx, &[article]).await?.is_empty());
    assert_eq!(comment::waiting(&mut tx).await?, 3);
    let one = decided(sent(ids[0], article, "text", 1), Shown);
    comment::update(&mut tx, &one, Waiting).await?;
    let two = decided(sent(ids[1], article, "text", 2), Shown);
    comment::update(&mut tx, &two, Waiting).await?;
    let stale = comment::update(&mut tx, &two, Waiting).await;
    assert!(matches!(stale, Err(Error::Conflict { current: 2, .. })));
    assert_eq!(comment::counts(&mut tx, &[article, other]).await?.get(&article).map(|c| c.0), Some(2));
    let (shown, next) = comment::shown(&mut tx, article, None, 1).await?;
    assert_eq!((shown, next), (vec![one.clone()], Some(ids[0])));
    let (shown, next) = comment::shown(&mut tx, article, Some(ids[0]), 1).await?;
    assert_eq!((shown, next), (vec![two.clone()], None));

    assert!(comment::report(&mut tx, ids[0]).await?);
    assert!(!comment::report(&mut tx, ids[2]).await?, "what waits cannot be reported");
    let (reported, _) = comment::list(&mut tx, None, None, 10).await?;
    assert_eq!(reported.iter().map(|c| (c.id, c.reports)).collect::<Vec<_>>(), [(ids[0], 1)]);
    let hidden = decided(one, Hidden);
    comment::update(&mut tx, &hidden, Shown).await?;
    assert_eq!(comment::get(&mut tx, ids[0]).await?, Some(hidden));
    assert_eq!(comment::counts(&mut tx, &[article]).await?.get(&article).map(|c| c.0), Some(1));
    let (waiting, _) = comment::list(&mut tx, Some(Waiting), None, 10).await?;
    assert_eq!(waiting.iter().map(|c| c.id).collect::<Vec<_>>(), [ids[2]]);
    assert_eq!(comment::sent_since(&mut tx, article, at(2)).await?, 2);
    assert!(comment::shown(&mut tx, other, None, 10).await?.0.is_empty());
    Ok(tx.commit().await?)
}
