//! Accounts with their roles, sessions and tokens.

use crate::support::*;
use anyhow::{Context as _, Result};
use uuid::Uuid;
use wanquan_domain::actor::Grant;
use wanquan_store::Error;
use wanquan_store::account::{self, Account};
use wanquan_store::session::{self, Session};
use wanquan_store::token::{self, ApiToken};

fn person(id: Uuid, username: &str) -> Account {
    Account {
        id,
        username: username.into(),
        display_name: "李医生".into(),
        lang: "zh".into(),
        password_hash: "$argon2id$secret".into(),
        disabled: false,
        created_at: at(1),
        version: 1,
    }
}

on_both_engines!(an_account_has_one_name_and_the_roles_it_was_given);

async fn an_account_has_one_name_and_the_roles_it_was_given(db: Db) -> Result<()> {
    let (li, wang) = (person(new_id(), "Li"), person(new_id(), "wang"));
    assert!(!format!("{li:?}").contains("secret"), "a digest is not printed");
    let mut tx = db.store.write().await?;
    assert_eq!(account::count(&mut tx).await?, 0);
    account::insert(&mut tx, &li).await?;
    account::insert(&mut tx, &wang).await?;
    account::insert(&mut tx, &person(new_id(), "É")).await?;
    account::insert(&mut tx, &person(new_id(), "é")).await?;
    tx.commit().await?;
    let mut tx = db.store.write().await?;
    let taken = account::insert(&mut tx, &person(new_id(), "lI")).await;
    assert!(matches!(taken, Err(Error::Duplicate { what: "account", .. })));
    tx.rollback().await?;

    let mut tx = db.store.write().await?;
    assert_eq!(account::get_by_username(&mut tx, "LI").await?, Some(li.clone()));
    assert_eq!(account::get_by_username(&mut tx, "l").await?, None);
    assert_eq!(account::get_by_username(&mut tx, "É").await?.map(|a| a.username), Some("É".into()));
    let wanted = Account { username: "lili".into(), disabled: true, ..li.clone() };
    let renamed = account::update(&mut tx, &wanted).await?;
    assert_eq!((renamed.version, renamed.disabled), (2, true));
    let stale = account::update(&mut tx, &li).await;
    assert!(matches!(stale, Err(Error::Conflict { what: "account", current: 2 })));
    let none = account::update(&mut tx, &person(new_id(), "x")).await;
    assert!(matches!(none, Err(Error::NotFound { .. })));
    tx.commit().await?;
    let mut tx = db.store.write().await?;
    let taken = account::update(&mut tx, &Account { username: "WANG".into(), ..renamed.clone() }).await;
    assert!(matches!(taken, Err(Error::Duplicate { .. })));
    tx.rollback().await?;

    let mut tx = db.store.write().await?;
    let (page, next) = account::list(&mut tx, None, 1).await?;
    assert_eq!(page, [renamed]);
    let (page, _) = account::list(&mut tx, next, 9).await?;
    assert_eq!(page.len(), 3);
    let epidemiologist = Grant { role: "epidemiologist".into(), region: code(COUNTY) };
    let viewer = Grant { role: "viewer".into(), region: code(CITY) };
    account::add_grant(&mut tx, li.id, &viewer, "root", at(2)).await?;
    account::add_grant(&mut tx, li.id, &epidemiologist, "root", at(2)).await?;
    account::add_grant(&mut tx, li.id, &viewer, "wang", at(3)).await?;
    assert_eq!(account::grants(&mut tx, li.id).await?, [epidemiologist.clone(), viewer.clone()]);
    assert_eq!(account::grants(&mut tx, wang.id).await?, []);
    assert!(account::remove_grant(&mut tx, li.id, &viewer).await?);
    assert!(!account::remove_grant(&mut tx, li.id, &viewer).await?);
    assert_eq!(account::grants(&mut tx, li.id).await?, [epidemiologist]);
    tx.commit().await?;
    let mut tx = db.store.write().await?;
    let nobody = account::add_grant(&mut tx, new_id(), &viewer, "root", at(2)).await;
    assert!(matches!(nobody, Err(Error::Sql(_))), "a grant needs an account");
    Ok(())
}

on_both_engines!(a_session_ends_by_itself_or_when_it_is_told_to);

async fn a_session_ends_by_itself_or_when_it_is_told_to(db: Db) -> Result<()> {
    let li = person(new_id(), "li");
    let mut tx = db.store.write().await?;
    account::insert(&mut tx, &li).await?;
    let session = Session { account: li.id, created_at: at(1), expires_at: at(3), last_used_at: at(1) };
    for n in 1..=3 {
        session::insert(&mut tx, &[n; 32], &session).await?;
    }
    assert_eq!(session::get(&mut tx, &[1; 32], at(2)).await?, Some(session.clone()));
    assert_eq!(session::get(&mut tx, &[9; 32], at(2)).await?, None);
    assert_eq!(session::get(&mut tx, &[1; 32], at(3)).await?, None, "expired to the instant");
    session::touch(&mut tx, &[1; 32], at(2), at(5)).await?;
    let touched = session::get(&mut tx, &[1; 32], at(4)).await?.context("lives on")?;
    assert_eq!((touched.last_used_at, touched.expires_at), (at(2), at(5)));
    assert!(session::delete(&mut tx, &[2; 32]).await?);
    assert!(!session::delete(&mut tx, &[2; 32]).await?);
    assert_eq!(session::delete_expired(&mut tx, at(4)).await?, 1);
    assert_eq!(session::delete_of_account(&mut tx, li.id).await?, 1);
    assert_eq!(session::get(&mut tx, &[1; 32], at(2)).await?, None);
    Ok(())
}

on_both_engines!(a_token_works_until_it_expires_or_is_revoked);

async fn a_token_works_until_it_expires_or_is_revoked(db: Db) -> Result<()> {
    let li = person(new_id(), "li");
    let token = |expires_at| ApiToken {
        id: new_id(),
        prefix: "wq_ab".into(),
        name: "night job".into(),
        account: li.id,
        created_at: at(1),
        expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let (ends, stays) = (token(Some(at(3))), token(None));
    let mut tx = db.store.write().await?;
    account::insert(&mut tx, &li).await?;
    token::insert(&mut tx, &[1; 32], &ends).await?;
    token::insert(&mut tx, &[2; 32], &stays).await?;
    assert_eq!(token::get(&mut tx, &[1; 32], at(2)).await?, Some(ends.clone()));
    assert_eq!(token::get(&mut tx, &[1; 32], at(3)).await?, None);
    assert_eq!(token::get(&mut tx, &[2; 32], at(999)).await?, Some(stays.clone()));
    token::touch(&mut tx, stays.id, at(4)).await?;
    assert!(token::revoke(&mut tx, stays.id, at(5)).await?);
    assert!(!token::revoke(&mut tx, stays.id, at(6)).await?);
    assert_eq!(token::get(&mut tx, &[2; 32], at(5)).await?, None);
    let kept = token::get_by_id(&mut tx, stays.id).await?.context("kept")?;
    assert_eq!((kept.last_used_at, kept.revoked_at), (Some(at(4)), Some(at(5))));
    let listed = token::list(&mut tx, li.id).await?;
    assert_eq!(listed.iter().map(|t| t.id).collect::<Vec<_>>(), [ends.id, stays.id]);
    Ok(())
}
