//! Accounts, roles, passwords, tokens and the audit log: who may change whose, and what remains.

#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod town;

use town::{Town, person};
use uuid::Uuid;
use wanquan_app::access::{self, Identity, NewAccount};
use wanquan_app::administer::{self, User, UserChange};
use wanquan_app::{Error, audit};
use wanquan_domain::actor::{Actor, Grant};
use wanquan_domain::region::RegionCode;

const PASSWORD: &str = "a long enough one";

fn grant(role: &str, region: &str) -> Grant {
    Grant { role: role.to_owned(), region: RegionCode::new(region) }
}

fn account(username: &str) -> NewAccount {
    NewAccount {
        username: username.to_owned(),
        display_name: username.to_uppercase(),
        password: PASSWORD.to_owned(),
    }
}

async fn user(town: &Town, username: &str, grants: &[(&str, &str)]) -> User {
    let system = Actor::system("test");
    let mut made = administer::create_user(&town.app, &system, account(username)).await.unwrap();
    for (role, region) in grants {
        made = administer::add_grant(&town.app, &system, made.id, grant(role, region)).await.unwrap();
    }
    made
}

async fn identity(town: &Town, username: &str) -> Identity {
    let signed_in = access::sign_in(&town.app, username, PASSWORD).await.unwrap();
    access::identify_session(&town.app, &signed_in.secret).await.unwrap()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    match result {
        Err(Error::Refused { code, .. }) => code,
        Err(Error::Forbidden { .. }) => "forbidden",
        Err(Error::NotFound { .. }) => "not_found",
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_manager_knows_and_changes_the_people_of_the_own_regions() {
    let town = Town::open().await;
    let east = person("administrator", "110101");
    let fresh = user(&town, "fresh", &[]).await;
    let clerk = user(&town, "clerk", &[("data_clerk", "110101001")]).await;
    let both = user(&town, "both", &[("viewer", "110101"), ("viewer", "12")]).await;
    let west = user(&town, "west", &[("viewer", "110102")]).await;
    let above = user(&town, "above", &[("administrator", "11")]).await;
    let seen = administer::users(&town.app, &east, None, 50).await.unwrap();
    let mut names: Vec<&str> = seen.items.iter().map(|user| user.username.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["both", "clerk", "fresh"]);

    let disable = UserChange { disabled: Some(true), ..UserChange::default() };
    let reset = UserChange { password: Some("another long one".into()), ..UserChange::default() };
    for (id, expected) in [(both.id, "forbidden"), (west.id, "not_found"), (above.id, "not_found")] {
        for change in [&disable, &reset] {
            let changed = administer::change_user(&town.app, &east, id, change.clone()).await;
            assert_eq!(refusal(changed), expected);
        }
    }
    for id in [fresh.id, clerk.id] {
        let changed = administer::change_user(&town.app, &east, id, disable.clone()).await.unwrap();
        assert!(changed.disabled);
    }
    let nobody = person("commander", "1");
    assert_eq!(refusal(administer::users(&town.app, &nobody, None, 50).await), "forbidden");
    assert_eq!(refusal(administer::create_user(&town.app, &nobody, account("x")).await), "forbidden");
    assert_eq!(refusal(administer::user(&town.app, &east, Uuid::nil()).await), "not_found");
}

#[tokio::test]
async fn users_are_paged_without_gaps_although_some_are_not_known() {
    let town = Town::open().await;
    for n in 0..6 {
        let region = if n % 2 == 0 { "110101" } else { "110102" };
        user(&town, &format!("u{n}"), &[("viewer", region)]).await;
    }
    let east = person("administrator", "110101");
    let first = administer::users(&town.app, &east, None, 2).await.unwrap();
    let second = administer::users(&town.app, &east, first.next, 2).await.unwrap();
    let mut names: Vec<String> = first.items.into_iter().chain(second.items).map(|u| u.username).collect();
    names.sort_unstable();
    assert_eq!((names, second.next), (vec!["u0".into(), "u2".into(), "u4".into()], None));
}

#[tokio::test]
async fn nobody_gives_or_takes_a_role_outside_of_the_own_regions() {
    let town = Town::open().await;
    let manager = person("administrator", "1101");
    let clerk = user(&town, "clerk", &[("viewer", "110101"), ("viewer", "12")]).await;
    for (region, may) in
        [("1101", true), ("110102001", true), ("1102", false), ("11", false), ("1", false), ("99", false)]
    {
        let given = administer::add_grant(&town.app, &manager, clerk.id, grant("viewer", region)).await;
        assert_eq!(given.is_ok(), may, "{region}");
        let taken = administer::remove_grant(&town.app, &manager, clerk.id, &grant("viewer", region)).await;
        assert_eq!(taken.is_ok(), may, "{region}");
    }
    let elsewhere = administer::remove_grant(&town.app, &manager, clerk.id, &grant("viewer", "12")).await;
    assert_eq!(refusal(elsewhere), "forbidden");
    let unknown = administer::add_grant(&town.app, &manager, clerk.id, grant("emperor", "1101")).await;
    assert!(matches!(unknown, Err(Error::BadInput { field: "role", .. })));
    let absent = administer::remove_grant(&town.app, &manager, clerk.id, &grant("viewer", "1101")).await;
    assert_eq!(refusal(absent), "not_found");
    // Giving a role twice changes nothing.
    let twice =
        administer::add_grant(&town.app, &manager, clerk.id, grant("viewer", "110101")).await.unwrap();
    assert_eq!(twice.grants.len(), 2);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let town = Town::open().await;
    let system = Actor::system("test");
    let disable = UserChange { disabled: Some(true), ..UserChange::default() };
    let enable = UserChange { disabled: Some(false), ..UserChange::default() };
    let first = user(&town, "first", &[("administrator", "1")]).await;
    // A manager of a part is no administrator of the whole.
    user(&town, "part", &[("administrator", "11")]).await;
    let whole = grant("administrator", "1");
    let disabled = administer::change_user(&town.app, &system, first.id, disable.clone()).await;
    assert_eq!(refusal(disabled), "last_administrator");
    let taken = administer::remove_grant(&town.app, &system, first.id, &whole).await;
    assert_eq!(refusal(taken), "last_administrator");
    assert_eq!(administer::user(&town.app, &system, first.id).await.unwrap().grants.len(), 1);

    let second = user(&town, "second", &[("administrator", "1")]).await;
    administer::change_user(&town.app, &system, first.id, disable.clone()).await.unwrap();
    // Somebody who may not sign in does not count.
    let taken = administer::remove_grant(&town.app, &system, second.id, &whole).await;
    assert_eq!(refusal(taken), "last_administrator");
    administer::change_user(&town.app, &system, first.id, enable).await.unwrap();
    administer::remove_grant(&town.app, &system, second.id, &whole).await.unwrap();
}

#[tokio::test]
async fn disabling_ends_sessions_and_tokens_at_once() {
    let town = Town::open().await;
    let system = Actor::system("test");
    user(&town, "boss", &[("administrator", "1")]).await;
    let clerk = user(&town, "clerk", &[("data_clerk", "1101")]).await;
    let session = access::sign_in(&town.app, "clerk", PASSWORD).await.unwrap().secret;
    let who = access::identify_session(&town.app, &session).await.unwrap();
    let token = administer::create_token(&town.app, &who, "script", Some(30)).await.unwrap().secret;
    assert!(access::identify_token(&town.app, &token).await.is_ok());

    let change = |disabled| UserChange { disabled: Some(disabled), ..UserChange::default() };
    administer::change_user(&town.app, &system, clerk.id, change(true)).await.unwrap();
    assert!(matches!(access::identify_session(&town.app, &session).await, Err(Error::NotSignedIn)));
    assert!(matches!(access::identify_token(&town.app, &token).await, Err(Error::NotSignedIn)));
    assert!(matches!(access::sign_in(&town.app, "clerk", PASSWORD).await, Err(Error::BadCredentials)));
    // Enabled again, the person signs in anew: the old session does not come back.
    administer::change_user(&town.app, &system, clerk.id, change(false)).await.unwrap();
    assert!(access::identify_session(&town.app, &session).await.is_err());
    assert!(access::sign_in(&town.app, "clerk", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_and_the_own_one_needs_the_current_one() {
    let town = Town::open().await;
    let boss = user(&town, "boss", &[("administrator", "1")]).await;
    let clerk = user(&town, "clerk", &[("data_clerk", "1101")]).await;
    let manager = identity(&town, "boss").await;
    let old = access::sign_in(&town.app, "clerk", PASSWORD).await.unwrap().secret;
    let reset = |password: &str| UserChange { password: Some(password.to_owned()), ..UserChange::default() };
    let short = administer::change_user(&town.app, &manager.actor, clerk.id, reset("short")).await;
    assert!(matches!(short, Err(Error::BadInput { field: "password", .. })));
    let done = administer::change_user(&town.app, &manager.actor, clerk.id, reset("forgotten before")).await;
    done.unwrap();
    assert!(access::identify_session(&town.app, &old).await.is_err());
    assert!(access::sign_in(&town.app, "clerk", PASSWORD).await.is_err());
    assert!(access::sign_in(&town.app, "clerk", "forgotten before").await.is_ok());

    let own = administer::change_user(&town.app, &manager.actor, boss.id, reset("another long one")).await;
    assert_eq!(refusal(own), "not_yourself");
    let disable = UserChange { disabled: Some(true), ..UserChange::default() };
    let own = administer::change_user(&town.app, &manager.actor, boss.id, disable).await;
    assert_eq!(refusal(own), "not_yourself");

    let wrong = access::change_password(&town.app, &manager, "guess", "another long one").await;
    assert!(matches!(wrong, Err(Error::BadCredentials)));
    let other = access::sign_in(&town.app, "boss", PASSWORD).await.unwrap().secret;
    let new = access::change_password(&town.app, &manager, PASSWORD, "another long one").await.unwrap();
    assert!(access::identify_session(&town.app, &other).await.is_err());
    assert!(access::identify_session(&town.app, &new.secret).await.is_ok());
    assert!(access::sign_in(&town.app, "boss", "another long one").await.is_ok());
}

#[tokio::test]
async fn a_token_acts_as_its_owner_ends_and_makes_no_other() {
    let town = Town::open().await;
    let clerk = user(&town, "clerk", &[("data_clerk", "110101")]).await;
    let who = identity(&town, "clerk").await;
    let made = administer::create_token(&town.app, &who, " nightly import ", Some(1)).await.unwrap();
    assert_eq!((made.token.name.as_str(), &made.secret[..3]), ("nightly import", "wq_"));
    assert!(made.secret.starts_with(&made.token.prefix) && made.token.prefix.len() < 12);
    let script = access::identify_token(&town.app, &made.secret).await.unwrap();
    assert_eq!(script.actor, who.actor);
    let second = administer::create_token(&town.app, &script, "forever", Some(3_650)).await;
    assert!(matches!(second, Err(Error::Refused { code: "token_makes_no_token", .. })));
    for days in [0, 3_651] {
        let refused = administer::create_token(&town.app, &who, "x", Some(days)).await;
        assert!(matches!(refused, Err(Error::BadInput { field: "expires_in_days", .. })));
    }
    town.set("2020-02-13T04:00:01Z");
    assert!(access::identify_token(&town.app, &made.secret).await.is_err());

    let made = administer::create_token(&town.app, &who, "second", None).await.unwrap();
    let (east, west) = (person("administrator", "110101"), person("administrator", "110102"));
    let listed = administer::tokens(&town.app, &east, clerk.id).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(refusal(administer::tokens(&town.app, &west, clerk.id).await), "not_found");
    let viewer = person("viewer", "1");
    for stranger in [&west, &viewer] {
        let revoked = administer::revoke_token(&town.app, stranger, made.token.id).await;
        assert_eq!(refusal(revoked), "not_found");
    }
    assert!(access::identify_token(&town.app, &made.secret).await.is_ok());
    administer::revoke_token(&town.app, &east, made.token.id).await.unwrap();
    assert!(access::identify_token(&town.app, &made.secret).await.is_err());
    assert_eq!(refusal(administer::revoke_token(&town.app, &who.actor, made.token.id).await), "not_found");
    assert_eq!(administer::tokens(&town.app, &who.actor, clerk.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_audit_log_is_read_by_whoever_may_read_all_of_it_and_verifies() {
    let town = Town::open().await;
    user(&town, "boss", &[("administrator", "1")]).await;
    let boss = identity(&town, "boss").await.actor;
    let query = audit::Query::default();
    let page = audit::list(&town.app, &boss, &query, None, 2).await.unwrap();
    let acts: Vec<&str> = page.items.iter().map(|entry| entry.what.act.as_str()).collect();
    assert_eq!((acts, page.next), (vec!["session.open", "account.grant"], Some(2)));
    // Display names are not unique: an entry tells the account.
    assert_eq!(page.items[0].what.detail["account"], boss.id.to_string());
    for part in [person("administrator", "11"), person("commander", "1")] {
        assert_eq!(refusal(audit::list(&town.app, &part, &query, None, 2).await), "forbidden");
        assert_eq!(refusal(audit::verify(&town.app, &part).await), "forbidden");
    }
    let mut lines = Vec::new();
    let each = |entry: &audit::Entry| {
        lines.push(entry.seq);
        Ok::<(), Error>(())
    };
    assert_eq!(audit::export(&town.app, &boss, each).await.unwrap(), 3);
    assert_eq!(lines, [1, 2, 3]);
    let verified = audit::verify(&town.app, &boss).await.unwrap();
    // The export itself is the fourth entry.
    assert_eq!((verified.entries, verified.faults.len()), (4, 0));
}
