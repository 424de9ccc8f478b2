//! Accounts of persons and the roles they hold.
//!
//! Who manages accounts does so for a region: nobody gives or takes a role outside of it, and nobody changes the
//! account of somebody who also holds a role outside of it, because whoever sets a password can sign in with it.

mod tokens;

pub use tokens::{NewToken, Token, create_token, revoke_token, tokens};

use crate::access::{NewAccount, check_display_name, hash_password, insert_account};
use crate::app::App;
use crate::authorize::{Scope, Subject, authorize};
use crate::error::Error;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor, Grant};
use wanquan_domain::region::RegionCode;
use wanquan_store::account::Account;
use wanquan_store::{Tx, account, session};

/// Accounts looked at in one step of a list.
const STEP: u32 = 200;
/// Longest page of accounts.
const LIMIT_MAX: usize = 1_000;

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Account.
    pub id: Uuid,
    /// Name to sign in with.
    pub username: String,
    /// Name as shown.
    pub display_name: String,
    /// May not sign in.
    pub disabled: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Roles held.
    pub grants: Vec<Grant>,
}

impl User {
    fn new(account: Account, grants: Vec<Grant>) -> Self {
        Self {
            id: account.id,
            username: account.username,
            display_name: account.display_name,
            disabled: account.disabled,
            created_at: account.created_at,
            grants,
        }
    }
}

/// One page of users.
#[derive(Debug, Clone)]
pub struct Users {
    /// In the order in which the accounts were made.
    pub items: Vec<User>,
    /// The last account of this page, if more follow.
    pub next: Option<Uuid>,
}

/// What changes about an account; what is `None` stays.
#[derive(Clone, Default)]
pub struct UserChange {
    /// Name as shown.
    pub display_name: Option<String>,
    /// May not sign in. Sessions end at once.
    pub disabled: Option<bool>,
    /// New password in clear, for somebody who forgot it. Sessions end at once.
    pub password: Option<String>,
}

fn subject(id: Uuid) -> String {
    format!("account/{id}")
}

/// Where a grant's region lies in the scope.
fn within(app: &App, scope: &Scope, region: &RegionCode) -> bool {
    // A region that is gone from the tree is left to whoever manages everything.
    let path = app.packs().regions.get(region).map_or("", |region| region.path.as_str());
    scope.covers(path) || (path.is_empty() && covers_everything(app, scope))
}

fn covers_everything(app: &App, scope: &Scope) -> bool {
    app.packs().regions.roots().iter().all(|root| scope.covers(&root.path))
}

/// Somebody without any role, or with one in the scope, is known to its managers.
fn is_known(app: &App, scope: &Scope, grants: &[Grant]) -> bool {
    grants.is_empty() || grants.iter().any(|grant| within(app, scope, &grant.region))
}

/// Users that the actor's management knows of: those with a role in its regions, and those without any role.
///
/// # Errors
/// `Forbidden` to whoever manages no users.
pub async fn users(app: &App, actor: &Actor, after: Option<Uuid>, limit: usize) -> Result<Users, Error> {
    let scope = authorize(app, actor, Action::UserManage, Subject::Anywhere)?;
    let limit = limit.clamp(1, LIMIT_MAX);
    let mut tx = app.read().await?;
    let (mut items, mut after) = (Vec::new(), after);
    loop {
        let (accounts, next) = account::list(&mut tx, after, STEP).await?;
        let ids: Vec<Uuid> = accounts.iter().map(|account| account.id).collect();
        let mut grants: HashMap<Uuid, Vec<Grant>> = HashMap::new();
        for (id, grant) in account::grants_of(&mut tx, &ids).await? {
            grants.entry(id).or_default().push(grant);
        }
        for account in accounts {
            let held = grants.remove(&account.id).unwrap_or_default();
            if !is_known(app, &scope, &held) {
                continue;
            }
            if items.len() == limit {
                let next = items.last().map(|user: &User| user.id);
                return Ok(Users { items, next });
            }
            items.push(User::new(account, held));
        }
        match next {
            Some(last) => after = Some(last),
            None => return Ok(Users { items, next: None }),
        }
    }
}

/// A user by identifier.
///
/// # Errors
/// `NotFound`, also for somebody of whom the actor's management does not know.
pub async fn user(app: &App, actor: &Actor, id: Uuid) -> Result<User, Error> {
    let scope = authorize(app, actor, Action::UserManage, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    let (account, grants) = known(app, &mut tx, &scope, id).await?;
    Ok(User::new(account, grants))
}

/// A user by name, for commands of an operator.
///
/// # Errors
/// As for [`user`].
pub async fn user_by_name(app: &App, actor: &Actor, username: &str) -> Result<User, Error> {
    authorize(app, actor, Action::UserManage, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    let found = account::get_by_username(&mut tx, username.trim()).await?;
    drop(tx);
    user(app, actor, found.ok_or_else(|| Error::not_found("user", username))?.id).await
}

async fn known(app: &App, tx: &mut Tx<'_>, scope: &Scope, id: Uuid) -> Result<(Account, Vec<Grant>), Error> {
    let account = account::get(tx, id).await?.ok_or_else(|| Error::not_found("user", id))?;
    let grants = account::grants(tx, id).await?;
    if is_known(app, scope, &grants) { Ok((account, grants)) } else { Err(Error::not_found("user", id)) }
}

/// Makes an account without roles.
///
/// # Errors
/// `Forbidden`; `BadInput` for an unfit name or password; `Duplicate` if the name is taken.
pub async fn create_user(app: &App, actor: &Actor, new: NewAccount) -> Result<User, Error> {
    authorize(app, actor, Action::UserManage, Subject::Anywhere)?;
    let hash = hash_password(&new.password).await?;
    let mut tx = app.write().await?;
    let created = insert_account(app, &mut tx, &new, hash).await?;
    let detail = json!({ "username": created.username });
    app.audit(&mut tx, actor, "account.create", &subject(created.id), detail).await?;
    tx.commit().await?;
    Ok(User::new(created, Vec::new()))
}

/// Changes an account of somebody all of whose roles lie in the actor's regions.
///
/// # Errors
/// `NotFound`; `Forbidden` if a role lies outside; `Refused` to disable oneself, to set the own password without
/// saying the current one, and to disable the last administrator; `BadInput`.
pub async fn change_user(app: &App, actor: &Actor, id: Uuid, change: UserChange) -> Result<User, Error> {
    let scope = authorize(app, actor, Action::UserManage, Subject::Anywhere)?;
    let refuse = |code, message: &str| Err(Error::Refused { code, message: message.to_owned() });
    if id == actor.id && change.disabled == Some(true) {
        return refuse("not_yourself", "nobody disables the own account");
    }
    if id == actor.id && change.password.is_some() {
        return refuse("not_yourself", "the own password is changed by saying the current one");
    }
    let display_name = change.display_name.as_deref().map(check_display_name).transpose()?;
    let password_hash = match &change.password {
        Some(password) => Some(hash_password(password).await?),
        None => None,
    };
    let mut tx = app.write().await?;
    let (old, grants) = known(app, &mut tx, &scope, id).await?;
    if !grants.iter().all(|grant| within(app, &scope, &grant.region)) {
        return Err(Error::Forbidden { action: Action::UserManage });
    }
    let disables = change.disabled == Some(true) && !old.disabled;
    let mut new = old.clone();
    let mut facts = serde_json::Map::new();
    if let Some(name) = display_name.filter(|name| *name != old.display_name) {
        facts.insert("display_name".to_owned(), json!([old.display_name, name]));
        new.display_name = name;
    }
    if let Some(disabled) = change.disabled.filter(|disabled| *disabled != old.disabled) {
        facts.insert("disabled".to_owned(), json!(disabled));
        new.disabled = disabled;
    }
    if let Some(hash) = password_hash {
        facts.insert("password".to_owned(), json!("reset"));
        new.password_hash = hash;
    }
    if facts.is_empty() {
        return Ok(User::new(old, grants));
    }
    if disables || change.password.is_some() {
        session::delete_of_account(&mut tx, id).await?;
    }
    let stored = account::update(&mut tx, &new).await?;
    app.audit(&mut tx, actor, "account.change", &subject(id), Json::Object(facts)).await?;
    if disables {
        keep_an_administrator(app, &mut tx, &grants).await?;
    }
    tx.commit().await?;
    Ok(User::new(stored, grants))
}

/// Checks that a role may be given: both exist, and the region is the actor's to give.
///
/// # Errors
/// `NotFound` for an unknown region; `BadInput` for an unknown role; `Forbidden`.
pub fn check_grant(app: &App, actor: &Actor, grant: &Grant) -> Result<(), Error> {
    authorize(app, actor, Action::UserManage, Subject::At(&grant.region))?;
    if app.packs().roles.get(&grant.role).is_none() {
        return Err(Error::BadInput { field: "role", message: format!("no role `{}`", grant.role) });
    }
    Ok(())
}

/// Gives a role for a region.
///
/// # Errors
/// `NotFound`; `BadInput` for an unknown role; `Forbidden` outside of the actor's own regions.
pub async fn add_grant(app: &App, actor: &Actor, id: Uuid, grant: Grant) -> Result<User, Error> {
    let scope = authorize(app, actor, Action::UserManage, Subject::Anywhere)?;
    check_grant(app, actor, &grant)?;
    let mut tx = app.write().await?;
    let (account, grants) = known(app, &mut tx, &scope, id).await?;
    if grants.contains(&grant) {
        return Ok(User::new(account, grants));
    }
    account::add_grant(&mut tx, id, &grant, &actor.name, app.now()).await?;
    let grants = account::grants(&mut tx, id).await?;
    app.audit(&mut tx, actor, "account.grant", &subject(id), facts_of(&grant)).await?;
    tx.commit().await?;
    Ok(User::new(account, grants))
}

/// Takes a role back.
///
/// # Errors
/// `NotFound`, also if the role is not held; `Forbidden` outside of the actor's own regions; `Refused` for the last
/// administrator.
pub async fn remove_grant(app: &App, actor: &Actor, id: Uuid, grant: &Grant) -> Result<(), Error> {
    let scope = authorize(app, actor, Action::UserManage, Subject::Anywhere)?;
    if !within(app, &scope, &grant.region) {
        return Err(Error::Forbidden { action: Action::UserManage });
    }
    let mut tx = app.write().await?;
    known(app, &mut tx, &scope, id).await?;
    if !account::remove_grant(&mut tx, id, grant).await? {
        return Err(Error::not_found("grant", format!("{}@{}", grant.role, grant.region)));
    }
    app.audit(&mut tx, actor, "account.revoke", &subject(id), facts_of(grant)).await?;
    keep_an_administrator(app, &mut tx, std::slice::from_ref(grant)).await?;
    Ok(tx.commit().await?)
}

fn facts_of(grant: &Grant) -> Json {
    json!({ "role": grant.role, "region": grant.region.as_str() })
}

/// Refuses what would leave nobody who manages the accounts of the whole installation. Called after the audit entry
/// was written: entries queue for the end of the log, so two such changes at once see each other.
async fn keep_an_administrator(app: &App, tx: &mut Tx<'_>, lost: &[Grant]) -> Result<(), Error> {
    let roles = &app.packs().roles;
    let managing: Vec<&str> = roles
        .0
        .iter()
        .filter(|role| role.actions.contains(&Action::UserManage))
        .map(|r| r.id.as_str())
        .collect();
    for root in app.packs().regions.roots() {
        let manages = |grant: &Grant| grant.region == root.code && managing.contains(&grant.role.as_str());
        if lost.iter().any(manages) && !account::is_held(tx, &managing, &root.code).await? {
            let message = "somebody must remain who manages every account".to_owned();
            return Err(Error::Refused { code: "last_administrator", message });
        }
    }
    Ok(())
}
