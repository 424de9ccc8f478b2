//! Approving: by somebody who did not write it; now or at a time; and taking back.

use super::public::{self, release, tree};
use super::{load, subject};
use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::bus::Change;
use crate::error::Error;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::article::{Article, checked_note};
use wanquan_domain::record::new_uuid;
use wanquan_store::job::{self, NewJob};
use wanquan_store::{Tx, article};

/// Name of the job that publishes what was scheduled.
pub const JOB: &str = "portal.release";
/// A database that is busy for longer than these attempts take is not busy but broken.
const ATTEMPTS_MAX: u32 = 10;

/// Approves the working copy: public at once, or from `at` on.
///
/// # Errors
/// `NotFound`; `Forbidden`; `Conflict`; `Refused`, above all for whoever wrote it.
pub async fn approve_article(
    app: &App,
    actor: &Actor,
    id: Uuid,
    version: Option<u32>,
    at: Option<Timestamp>,
) -> Result<Article, Error> {
    let mut tx = app.write().await?;
    let found = load(&mut tx, id).await?;
    authorize(app, actor, Action::ArticleReview, Subject::At(&found.region))?;
    if version.is_some_and(|version| version != found.version) {
        return Err(Error::conflict("article", found.version));
    }
    let scheduled = found.approve((actor.id, &actor.name), at, app.now())?;
    article::update(&mut tx, &scheduled).await?;
    let detail = json!({ "version": scheduled.version, "publish_at": at.map(|at| at.to_string()) });
    app.audit(&mut tx, actor, "article.approve", &subject(id), detail).await?;
    let (done, generation) = match at {
        Some(at) => {
            schedule(app, &mut tx, at).await?;
            (scheduled, None)
        }
        None => {
            let tree = tree(&mut tx).await?;
            let (public, generation) = release(app, &mut tx, &tree, scheduled, &actor.name).await?;
            let detail = json!({ "n": public.frozen, "address": public.address });
            app.audit(&mut tx, actor, "article.publish", &subject(id), detail).await?;
            (public, Some(generation))
        }
    };
    tx.commit().await?;
    match generation {
        Some(generation) => app.portal_changed(generation),
        None => app.wake_worker(),
    }
    app.bus().send(Change::Article);
    Ok(done)
}

/// Has scheduled articles published at an instant.
pub(super) async fn schedule(app: &App, tx: &mut Tx<'_>, at: Timestamp) -> Result<(), Error> {
    let job = NewJob {
        id: new_uuid(app.now()),
        name: JOB.to_owned(),
        // Publishes whatever is due, so that one waiting job per instant is enough.
        dedup_key: at.as_microsecond().to_string(),
        payload: json!({}),
        run_at: at,
        attempts_max: ATTEMPTS_MAX,
        created_at: app.now(),
    };
    Ok(job::enqueue(tx, &job).await?)
}

/// Publishes every scheduled article whose time has come. Returns how many.
///
/// # Errors
/// If the store fails.
pub async fn release_due(app: &App) -> Result<usize, Error> {
    let actor = Actor::system("portal");
    let mut released = 0;
    loop {
        let mut tx = app.write().await?;
        let Some(due) = article::next_scheduled(&mut tx, app.now()).await? else { break };
        let tree = tree(&mut tx).await?;
        let (public, generation) = release(app, &mut tx, &tree, due, &actor.name).await?;
        let detail = json!({ "n": public.frozen, "address": public.address });
        app.audit(&mut tx, &actor, "article.publish", &subject(public.id), detail).await?;
        tx.commit().await?;
        app.portal_changed(generation);
        app.bus().send(Change::Article);
        released += 1;
    }
    Ok(released)
}

/// Sends the working copy back to its writers, with what is to be changed.
///
/// # Errors
/// `NotFound`; `Forbidden`; `Conflict`; `Refused`; `BadInput` without a remark.
pub async fn return_article(
    app: &App,
    actor: &Actor,
    id: Uuid,
    version: Option<u32>,
    remark: &str,
) -> Result<Article, Error> {
    let remark = needed("remark", remark)?;
    let mut tx = app.write().await?;
    let found = load(&mut tx, id).await?;
    authorize(app, actor, Action::ArticleReview, Subject::At(&found.region))?;
    if version.is_some_and(|version| version != found.version) {
        return Err(Error::conflict("article", found.version));
    }
    let next = found.send_back(&remark, &actor.name, app.now())?;
    article::update(&mut tx, &next).await?;
    app.audit(&mut tx, actor, "article.return", &subject(id), json!({ "version": next.version })).await?;
    tx.commit().await?;
    app.bus().send(Change::Article);
    Ok(next)
}

/// Takes a public article back. Its address says that it was withdrawn, and why.
///
/// # Errors
/// `NotFound`; `Forbidden`; `Conflict`; `Refused`; `BadInput` without a reason.
pub async fn withdraw_article(
    app: &App,
    actor: &Actor,
    id: Uuid,
    version: Option<u32>,
    reason: &str,
) -> Result<Article, Error> {
    let reason = needed("reason", reason)?;
    let mut tx = app.write().await?;
    let found = load(&mut tx, id).await?;
    authorize(app, actor, Action::ArticleReview, Subject::At(&found.region))?;
    if version.is_some_and(|version| version != found.version) {
        return Err(Error::conflict("article", found.version));
    }
    let next = found.withdraw(&reason, &actor.name, app.now())?;
    article::update(&mut tx, &next).await?;
    let generation = public::hide(&mut tx, &next).await?;
    let detail = json!({ "address": next.address, "reason": reason });
    app.audit(&mut tx, actor, "article.withdraw", &subject(id), detail).await?;
    tx.commit().await?;
    app.portal_changed(generation);
    app.bus().send(Change::Article);
    Ok(next)
}

fn needed(field: &'static str, text: &str) -> Result<String, Error> {
    let text = checked_note(field, text)?;
    if text.is_empty() {
        return Err(Error::BadInput { field, message: "must not be empty".to_owned() });
    }
    Ok(text)
}
