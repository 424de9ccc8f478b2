//! Comments of readers: taken in small numbers whatever is sent, judged by rules, shown once a person has approved.
//!
//! What many send at once must not keep others from reading. So the number of comments that are written at the same time
//! is bounded, as are those that wait for a moderator; whatever goes beyond is refused before anything is written.

use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::bus::Change;
use crate::error::Error;
use jiff::SignedDuration;
use serde_json::json;
use std::collections::HashMap;
use tokio::sync::Semaphore;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::comment::{Comment, CommentRules, CommentStatus, NotTaken};
use wanquan_domain::record::new_uuid;
use wanquan_store::comment::Head;
use wanquan_store::{Tx, comment, portal, setting};

/// Comments that are written at the same time; the next one is refused, not queued.
static WRITING: Semaphore = Semaphore::const_new(4);
/// Comments that wait for a moderator at most: more than a person reads in a day.
const WAITING_MAX: u64 = 5_000;
/// Comments below one article in an hour.
const PER_ARTICLE: u64 = 120;
/// Setting that holds the rules.
const RULES: &str = "comment_rules";
/// Words of the rules at most.
const WORDS_MAX: usize = 2_000;

/// What a reader sends.
#[derive(Debug, Clone)]
pub struct NewComment {
    /// Article.
    pub article: Uuid,
    /// Comment that it answers.
    pub parent: Option<Uuid>,
    /// Name; may be empty.
    pub name: String,
    /// Text.
    pub text: String,
    /// Name of the form: sending it again makes no second comment.
    pub form: Uuid,
}

/// What became of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It waits for a moderator.
    Waiting,
    /// It was taken before.
    Again,
    /// A rule does not take it.
    Refused(NotTaken),
    /// Too many come in at the moment, below this article or altogether.
    TooMany,
    /// Nobody may comment there.
    Closed,
}

/// What a moderator decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The comment is shown.
    Show,
    /// It is not, with the reason.
    Hide(String),
}

/// Which comments a moderator looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// Of a status.
    Of(CommentStatus),
    /// Shown, and reported by readers.
    Reported,
}

fn public() -> Actor {
    Actor::system("公众门户 Public portal")
}

fn subject(id: Uuid) -> String {
    format!("comment/{id}")
}

/// Takes a comment, which then waits for a moderator.
///
/// # Errors
/// If the store fails; what does not fit is no error.
pub async fn send(app: &App, new: NewComment) -> Result<Outcome, Error> {
    let Ok(_writing) = WRITING.try_acquire() else { return Ok(Outcome::TooMany) };
    let now = app.now();
    let mut tx = app.read().await?;
    let article = comment::article(&mut tx, new.article).await?.filter(|article| article.open);
    let Some(article) = article else { return Ok(Outcome::Closed) };
    let rules = rules_of(&mut tx).await?;
    let checked = match rules.check(&new.name, &new.text) {
        Ok(checked) => checked,
        Err(why) => return Ok(Outcome::Refused(why)),
    };
    if let Some(parent) = new.parent {
        let parent = comment::get(&mut tx, parent).await?;
        let fits = parent.is_some_and(|p| p.article == new.article && p.status == CommentStatus::Shown);
        if !fits {
            return Ok(Outcome::Closed);
        }
    }
    if comment::get(&mut tx, new.form).await?.is_some() {
        return Ok(Outcome::Again);
    }
    let lately = comment::sent_since(&mut tx, new.article, now - SignedDuration::from_hours(1)).await?;
    if lately >= PER_ARTICLE || comment::waiting(&mut tx).await? >= WAITING_MAX {
        return Ok(Outcome::TooMany);
    }
    drop(tx);
    let stored = Comment {
        id: new.form,
        article: new.article,
        region: article.region,
        region_path: article.region_path,
        parent: new.parent,
        name: checked.name,
        text: checked.text,
        official: false,
        status: CommentStatus::Waiting,
        doubt: checked.doubt,
        reports: 0,
        sent_at: now,
        decided_by: None,
        decided_at: None,
        reason: None,
        version: 1,
    };
    let mut tx = app.write().await?;
    match comment::insert(&mut tx, &stored).await {
        Ok(()) => {}
        Err(wanquan_store::Error::Duplicate { .. }) => return Ok(Outcome::Again),
        Err(error) => return Err(error.into()),
    }
    let detail = json!({ "article": stored.article });
    app.audit(&mut tx, &public(), "comment.send", &subject(stored.id), detail).await?;
    tx.commit().await?;
    app.bus().send(Change::Publication);
    Ok(Outcome::Waiting)
}

/// Notes that a reader holds a shown comment to be out of place. It stays until a moderator has decided.
///
/// # Errors
/// `NotFound` if it is not shown.
pub async fn report(app: &App, id: Uuid) -> Result<(), Error> {
    let Ok(_writing) = WRITING.try_acquire() else { return Err(Error::Busy) };
    let mut tx = app.write().await?;
    if !comment::report(&mut tx, id).await? {
        return Err(Error::not_found("comment", id));
    }
    app.audit(&mut tx, &public(), "comment.report", &subject(id), json!({})).await?;
    tx.commit().await?;
    app.bus().send(Change::Publication);
    Ok(())
}

/// Comments below an article as everybody reads them.
#[derive(Debug, Clone)]
pub struct Below {
    /// The article.
    pub article: Head,
    /// Comments, oldest first.
    pub shown: Vec<Comment>,
    /// Where the next page begins.
    pub next: Option<Uuid>,
}

/// Comments below an article, after `after`; `None` for one that is not public. Below an article that was closed to
/// comments, those that are shown stay.
///
/// # Errors
/// If the store fails.
pub async fn read_shown(
    app: &App,
    article: Uuid,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Option<Below>, Error> {
    let mut tx = app.read().await?;
    let Some(head) = comment::article(&mut tx, article).await? else { return Ok(None) };
    let (shown, next) = comment::shown(&mut tx, article, after, limit).await?;
    Ok(Some(Below { article: head, shown, next }))
}

/// How many comments are shown below articles.
///
/// # Errors
/// If the store fails.
pub async fn counts(app: &App, articles: &[Uuid]) -> Result<HashMap<Uuid, u64>, Error> {
    let mut tx = app.read().await?;
    let counts = comment::counts(&mut tx, articles).await?;
    Ok(counts.into_iter().map(|(article, (n, _))| (article, n)).collect())
}

/// Comments for whoever moderates, latest first; those of other regions are left out, so a page may be short.
///
/// # Errors
/// `Forbidden`.
pub async fn list_comments(
    app: &App,
    actor: &Actor,
    queue: Queue,
    before: Option<Uuid>,
    limit: u32,
) -> Result<(Vec<Comment>, Option<Uuid>), Error> {
    let scope = authorize(app, actor, Action::PublicationPublish, Subject::Anywhere)?;
    let status = match queue {
        Queue::Of(status) => Some(status),
        Queue::Reported => None,
    };
    let mut tx = app.read().await?;
    let (mut items, next) = comment::list(&mut tx, status, before, limit).await?;
    items.retain(|comment| scope.covers(&comment.region_path));
    Ok((items, next))
}

async fn moderated(app: &App, tx: &mut Tx<'_>, actor: &Actor, id: Uuid) -> Result<Comment, Error> {
    let scope = authorize(app, actor, Action::PublicationPublish, Subject::Anywhere)?;
    let found = comment::get(tx, id).await?.filter(|comment| scope.covers(&comment.region_path));
    found.ok_or_else(|| Error::not_found("comment", id))
}

/// Decides about a comment. `version` is the one that the person saw, where they say.
///
/// # Errors
/// `NotFound`; `Forbidden`; `Conflict`; `BadInput` for hiding without a reason.
pub async fn decide_comment(
    app: &App,
    actor: &Actor,
    id: Uuid,
    version: Option<u32>,
    decision: Decision,
) -> Result<Comment, Error> {
    let mut tx = app.write().await?;
    let mut found = moderated(app, &mut tx, actor, id).await?;
    if version.is_some_and(|version| version != found.version) {
        return Err(Error::conflict("comment", found.version));
    }
    let before = found.status;
    (found.status, found.reason) = match decision {
        Decision::Show => (CommentStatus::Shown, None),
        Decision::Hide(reason) => {
            let reason = crate::records::checked_reason(Some(&reason))?;
            let missing = || Error::BadInput { field: "reason", message: "say why it is hidden".to_owned() };
            (CommentStatus::Hidden, Some(reason.ok_or_else(missing)?))
        }
    };
    found.decided_by = Some(actor.name.clone());
    found.decided_at = Some(app.now());
    found.reports = 0;
    found.version += 1;
    comment::update(&mut tx, &found, before).await?;
    let detail = json!({ "status": found.status.as_str(), "article": found.article });
    app.audit(&mut tx, actor, "comment.decide", &subject(id), detail).await?;
    // The number of comments stands on pages that are kept.
    let generation = portal::raise_generation(&mut tx).await?;
    tx.commit().await?;
    app.portal_changed(generation);
    app.bus().send(Change::Publication);
    Ok(found)
}

/// Answers a comment in the name of the editors; it is shown at once.
///
/// # Errors
/// `NotFound`; `Forbidden`; `Refused` below a comment that is not shown; `BadInput` for the text.
pub async fn reply_comment(app: &App, actor: &Actor, id: Uuid, text: &str) -> Result<Comment, Error> {
    let mut tx = app.write().await?;
    let found = moderated(app, &mut tx, actor, id).await?;
    if found.status != CommentStatus::Shown {
        let message = "show the comment before you answer it".to_owned();
        return Err(Error::Refused { code: "comment_not_shown", message });
    }
    let rules = CommentRules { links_max: u32::MAX, ..CommentRules::default() };
    let checked = rules.check("", text).map_err(|why| {
        let message = match why {
            NotTaken::Empty => "there is no text",
            _ => "the text is too long",
        };
        Error::BadInput { field: "text", message: message.to_owned() }
    })?;
    let now = app.now();
    let reply = Comment {
        id: new_uuid(now),
        parent: Some(found.id),
        name: String::new(),
        text: checked.text,
        official: true,
        status: CommentStatus::Shown,
        doubt: None,
        reports: 0,
        sent_at: now,
        decided_by: Some(actor.name.clone()),
        decided_at: Some(now),
        reason: None,
        version: 1,
        ..found
    };
    comment::insert(&mut tx, &reply).await?;
    let detail = json!({ "article": reply.article, "answers": id });
    app.audit(&mut tx, actor, "comment.reply", &subject(reply.id), detail).await?;
    let generation = portal::raise_generation(&mut tx).await?;
    tx.commit().await?;
    app.portal_changed(generation);
    app.bus().send(Change::Publication);
    Ok(reply)
}

async fn rules_of(tx: &mut Tx<'_>) -> Result<CommentRules, Error> {
    let stored = setting::get(tx, RULES).await?;
    Ok(stored.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}

/// The rules for comments.
///
/// # Errors
/// `Forbidden`.
pub async fn comment_rules(app: &App, actor: &Actor) -> Result<CommentRules, Error> {
    authorize(app, actor, Action::PublicationPublish, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    rules_of(&mut tx).await
}

/// Sets the rules for comments, which hold for the whole installation.
///
/// # Errors
/// `Forbidden`; `BadInput` for too many words.
pub async fn set_comment_rules(app: &App, actor: &Actor, rules: CommentRules) -> Result<CommentRules, Error> {
    authorize(app, actor, Action::PublicationPublish, Subject::Anywhere)?;
    let words = rules.refused_words.iter().chain(&rules.doubtful_words);
    if words.clone().count() > WORDS_MAX || words.clone().any(|word| word.chars().count() > 100) {
        let message = format!("at most {WORDS_MAX} words of at most 100 characters");
        return Err(Error::BadInput { field: "rules", message });
    }
    let mut tx = app.write().await?;
    let value = serde_json::to_value(&rules).map_err(|e| Error::Internal(e.to_string()))?;
    setting::set(&mut tx, RULES, &value, &actor.name, app.now()).await?;
    let detail = json!({ "words": rules.refused_words.len() + rules.doubtful_words.len() });
    app.audit(&mut tx, actor, "comment.set_rules", "comments", detail).await?;
    tx.commit().await?;
    Ok(rules)
}
