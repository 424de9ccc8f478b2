//! Imports: listed by register, found by the digest of their file.

use crate::support::*;
use anyhow::Result;
use serde_json::json;
use uuid::Uuid;
use wanquan_store::batch::{self, Batch};

fn import(id: Uuid, register: &str, digest: &str) -> Batch {
    Batch {
        id,
        register: register.into(),
        region_path: CITY.into(),
        file_name: "一月.csv".into(),
        file_digest: digest.into(),
        file_bytes: 5_000_000_000,
        created_at: at(3),
        created_by: "li".into(),
        rows_read: 10,
        accepted: 8,
        refused: 2,
        created: 5,
        changed: 2,
        unchanged: 1,
        report: json!({ "issues": [{ "code": "E102", "row": 7 }] }),
    }
}

on_both_engines!(imports_are_found_by_register_and_by_file);

async fn imports_are_found_by_register_and_by_file(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let ids: Vec<Uuid> = (0..5).map(|_| new_id()).collect();
    for (i, id) in ids.iter().enumerate() {
        batch::insert(&mut tx, &import(*id, "case", if i < 2 { "aa" } else { "bb" })).await?;
    }
    let other = import(new_id(), "contact", "aa");
    batch::insert(&mut tx, &other).await?;
    tx.commit().await?;

    let mut tx = db.store.read().await?;
    assert_eq!(batch::get(&mut tx, ids[0]).await?, Some(import(ids[0], "case", "aa")));
    assert_eq!(batch::get(&mut tx, new_id()).await?, None);
    let (page, next) = batch::list(&mut tx, "case", None, 2).await?;
    assert_eq!(page.iter().map(|b| b.id).collect::<Vec<_>>(), [ids[4], ids[3]], "latest first");
    let (page, next) = batch::list(&mut tx, "case", next, 3).await?;
    assert_eq!(page.iter().map(|b| b.id).collect::<Vec<_>>(), [ids[2], ids[1], ids[0]]);
    assert_eq!(next, None);
    let found = batch::find_by_digest(&mut tx, "case", "aa").await?;
    assert_eq!(found.map(|b| b.id), Some(ids[1]), "the latest of them");
    assert_eq!(batch::find_by_digest(&mut tx, "contact", "bb").await?, None);
    Ok(())
}
