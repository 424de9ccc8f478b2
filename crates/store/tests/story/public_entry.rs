//! Public entries: published, published again, taken away; the stamp tells each of these.

use crate::support::*;
use anyhow::Result;
use serde_json::{Value, json};
use uuid::Uuid;
use wanquan_domain::public_entry::PublicEntry;
use wanquan_store::public_entry;

fn entry(id: Uuid, register: &str, name: &str, n: i32) -> PublicEntry {
    let Value::Object(data) = json!({ "name": name }) else { unreachable!() };
    PublicEntry {
        id,
        register: register.into(),
        region: code(CITY),
        region_path: CITY.into(),
        data,
        published_by: "wang".into(),
        first_published_at: at(n),
        changed_at: at(n),
        version: 1,
    }
}

on_both_engines!(what_is_taken_away_leaves_no_content_and_a_stamp);

async fn what_is_taken_away_leaves_no_content_and_a_stamp(db: Db) -> Result<()> {
    let (one, two, other) = (new_id(), new_id(), new_id());
    let mut tx = db.store.write().await?;
    let empty = public_entry::stamp(&mut tx, "place").await?;
    assert_eq!((empty.entries, empty.versions), (0, 0));
    for new in [entry(one, "place", "A", 1), entry(two, "place", "B", 1), entry(other, "risk", "C", 1)] {
        public_entry::put(&mut tx, &new).await?;
    }
    let first = public_entry::stamp(&mut tx, "place").await?;
    let listed = public_entry::list(&mut tx, "place").await?;
    assert_eq!(listed, [entry(one, "place", "A", 1), entry(two, "place", "B", 1)]);

    public_entry::put(&mut tx, &entry(one, "place", "A2", 5)).await?;
    let again = public_entry::list(&mut tx, "place").await?;
    let expected = PublicEntry { first_published_at: at(1), version: 2, ..entry(one, "place", "A2", 5) };
    assert_eq!(again[0], expected);
    let second = public_entry::stamp(&mut tx, "place").await?;
    assert_ne!(first, second);

    assert!(public_entry::take_away(&mut tx, two, at(6)).await?);
    assert!(!public_entry::take_away(&mut tx, two, at(7)).await?, "it is gone already");
    assert!(!public_entry::take_away(&mut tx, new_id(), at(7)).await?);
    tx.commit().await?;

    let mut tx = db.store.read().await?;
    assert_eq!(public_entry::list(&mut tx, "place").await?, [expected]);
    let third = public_entry::stamp(&mut tx, "place").await?;
    assert_eq!((third.entries, third.versions), (1, 4));
    assert_eq!(public_entry::list(&mut tx, "risk").await?.len(), 1);
    drop(tx);
    let mut tx = db.store.write().await?;
    public_entry::put(&mut tx, &entry(two, "place", "B again", 8)).await?;
    let back = public_entry::list(&mut tx, "place").await?;
    assert_eq!((back[1].version, back[1].data.get("name")), (3, Some(&json!("B again"))));
    Ok(())
}
