//! Settings: set, changed, forgotten.

use crate::support::*;
use anyhow::Result;
use serde_json::json;
use wanquan_store::setting;

on_both_engines!(a_setting_is_what_it_was_last_set_to);

async fn a_setting_is_what_it_was_last_set_to(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    assert_eq!(setting::get(&mut tx, "language").await?, None);
    setting::set(&mut tx, "language", &json!("zh"), "li", at(1)).await?;
    setting::set(&mut tx, "place", &json!({ "code": "140400", "since": null }), "li", at(1)).await?;
    setting::set(&mut tx, "language", &json!("en"), "wang", at(2)).await?;
    tx.commit().await?;
    let mut tx = db.store.read().await?;
    assert_eq!(setting::get(&mut tx, "language").await?, Some(json!("en")));
    assert_eq!(setting::get(&mut tx, "place").await?, Some(json!({ "code": "140400", "since": null })));
    drop(tx);
    let mut tx = db.store.write().await?;
    assert!(setting::delete(&mut tx, "language").await?);
    assert!(!setting::delete(&mut tx, "language").await?);
    assert_eq!(setting::get(&mut tx, "language").await?, None);
    Ok(())
}
