//! The resident's desk: records found by the digest of a number, and by no other.

use crate::support::*;
use anyhow::Result;
use wanquan_domain::record::RecordId;
use wanquan_store::desk;

on_both_engines!(what_was_made_under_a_number_is_found_by_it_alone);

async fn what_was_made_under_a_number_is_found_by_it_alone(db: Db) -> Result<()> {
    let (ours, theirs) = ("13900000001", "13900000002");
    let (first, second) = (RecordId(new_id()), RecordId(new_id()));
    let mut tx = db.store.write().await?;
    for record in [first, second, first] {
        desk::declare(&mut tx, ours, record).await?;
    }
    tx.commit().await?;
    let mut tx = db.store.read().await?;
    let mut found = desk::declared(&mut tx, ours).await?;
    found.sort();
    let mut expected = vec![first, second];
    expected.sort();
    assert_eq!(found, expected);
    assert!(desk::declared(&mut tx, theirs).await?.is_empty());
    Ok(())
}
