//! API tokens: secrets with which scripts act as their owner. Only a digest is kept; the secret is shown once.

use super::{known, subject, within};
use crate::access::{Identity, digest, new_secret};
use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::error::Error;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::record::new_uuid;
use wanquan_store::token::{self, ApiToken};

/// Longest life of a token, in days.
pub const TOKEN_DAYS_MAX: u32 = 3_650;
/// Life of a token if its owner does not say.
pub const TOKEN_DAYS_DEFAULT: u32 = 90;
/// Beginning of every token, by which a scanner of leaked secrets finds it.
const PREFIX: &str = "wq_";
/// Characters by which the owner recognises a token.
const SHOWN_CHARS: usize = 10;
/// Tokens in use of one account.
const TOKENS_MAX: usize = 100;

/// A token, without its secret.
pub type Token = ApiToken;

/// A token that was just made.
#[derive(Clone)]
pub struct NewToken {
    /// The token.
    pub token: Token,
    /// The secret, shown once.
    pub secret: String,
}

/// Makes a token that ends after some days.
///
/// # Errors
/// `BadInput` for an unfit name or number of days; `Refused` to a caller that is a token itself, which could
/// otherwise outlive its end, and where there are too many.
pub async fn create_token(
    app: &App,
    who: &Identity,
    name: &str,
    days: Option<u32>,
) -> Result<NewToken, Error> {
    if who.token.is_some() {
        let message = "a token makes no other token; sign in".to_owned();
        return Err(Error::Refused { code: "token_makes_no_token", message });
    }
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Error::BadInput { field: "name", message: "1 to 100 characters".to_owned() });
    }
    let days = days.unwrap_or(TOKEN_DAYS_DEFAULT);
    if !(1..=TOKEN_DAYS_MAX).contains(&days) {
        let message = format!("1 to {TOKEN_DAYS_MAX} days");
        return Err(Error::BadInput { field: "expires_in_days", message });
    }
    let secret = format!("{PREFIX}{}", new_secret());
    let now = app.now();
    let made = ApiToken {
        id: new_uuid(now),
        prefix: secret.chars().take(SHOWN_CHARS).collect(),
        name: name.to_owned(),
        account: who.account.id,
        created_at: now,
        expires_at: Some(now + SignedDuration::from_hours(24 * i64::from(days))),
        last_used_at: None,
        revoked_at: None,
    };
    let mut tx = app.write().await?;
    let in_use = token::list(&mut tx, who.account.id).await?;
    if in_use.iter().filter(|token| is_usable(token, now)).count() >= TOKENS_MAX {
        let message = format!("at most {TOKENS_MAX} tokens; revoke one that is not used any more");
        return Err(Error::Refused { code: "too_many_tokens", message });
    }
    token::insert(&mut tx, &digest(&secret), &made).await?;
    let detail = json!({ "token": made.id, "days": days });
    app.audit(&mut tx, &who.actor, "token.create", &subject(who.account.id), detail).await?;
    tx.commit().await?;
    Ok(NewToken { token: made, secret })
}

fn is_usable(token: &Token, now: Timestamp) -> bool {
    token.revoked_at.is_none() && token.expires_at.is_none_or(|end| end > now)
}

/// Tokens of an account that were not revoked: the own ones, or those of somebody whose account the actor manages.
///
/// # Errors
/// `Forbidden`; `NotFound` for somebody of whom the actor's management does not know.
pub async fn tokens(app: &App, actor: &Actor, owner: Uuid) -> Result<Vec<Token>, Error> {
    let mut tx = app.read().await?;
    if owner != actor.id {
        let scope = authorize(app, actor, Action::UserManage, Subject::Anywhere)?;
        known(app, &mut tx, &scope, owner).await?;
    }
    let mut tokens = token::list(&mut tx, owner).await?;
    tokens.retain(|token| token.revoked_at.is_none());
    Ok(tokens)
}

/// Takes a token back: an own one, or one of somebody all of whose roles lie in the regions that the actor manages.
///
/// # Errors
/// `NotFound`, also for a token that is not the actor's to take.
pub async fn revoke_token(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let mut tx = app.write().await?;
    let not_found = || Error::not_found("token", id);
    let found = token::get_by_id(&mut tx, id).await?.ok_or_else(not_found)?;
    if found.account != actor.id {
        let scope = authorize(app, actor, Action::UserManage, Subject::Anywhere).map_err(|_| not_found())?;
        let (_, grants) = known(app, &mut tx, &scope, found.account).await.map_err(|_| not_found())?;
        if !grants.iter().all(|grant| within(app, &scope, &grant.region)) {
            return Err(not_found());
        }
    }
    if !token::revoke(&mut tx, id, app.now()).await? {
        return Err(not_found());
    }
    app.audit(&mut tx, actor, "token.revoke", &subject(found.account), json!({ "token": id })).await?;
    Ok(tx.commit().await?)
}
