//! Comments from and to files: as they are, with what was decided on each, so that nothing has to be read twice.

use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::error::Error;
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::comment::Comment;
use wanquan_store::{article, comment, portal};

/// Comments that are read or taken at once.
pub const COMMENTS_AT_ONCE: u32 = 2_000;

/// What became of comments that were taken back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenComments {
    /// Those that were taken.
    pub taken: usize,
    /// Those that were there already.
    pub known: usize,
    /// Those below an article that there is not.
    pub refused: usize,
}

/// Every comment, in pages: those after an identifier; an empty page is the end.
///
/// # Errors
/// `Forbidden`; if the store fails.
pub async fn export_comments(app: &App, actor: &Actor, after: Uuid) -> Result<Vec<Comment>, Error> {
    authorize(app, actor, Action::PublicationPublish, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    Ok(comment::all(&mut tx, after, COMMENTS_AT_ONCE).await?)
}

/// Takes comments back that an installation wrote out, in one transaction. Those that are there stay as they are.
///
/// # Errors
/// `Forbidden`; if the store fails. A comment below an article that there is not is refused, which is no error.
pub async fn restore_comments(
    app: &App,
    actor: &Actor,
    comments: Vec<Comment>,
) -> Result<TakenComments, Error> {
    authorize(app, actor, Action::PublicationPublish, Subject::Anywhere)?;
    let mut taken = TakenComments::default();
    let mut tx = app.write().await?;
    let mut articles = HashMap::new();
    for one in comments {
        let found = match articles.get(&one.article) {
            Some(found) => *found,
            None => {
                let found = article::get(&mut tx, one.article).await?.is_some();
                articles.insert(one.article, found);
                found
            }
        };
        if !found {
            taken.refused += 1;
            continue;
        }
        if comment::get(&mut tx, one.id).await?.is_some() {
            taken.known += 1;
            continue;
        }
        comment::insert(&mut tx, &one).await?;
        taken.taken += 1;
    }
    let generation = portal::raise_generation(&mut tx).await?;
    let detail = json!({ "comments": taken.taken });
    app.audit(&mut tx, actor, "comment.restore", "comment", detail).await?;
    tx.commit().await?;
    app.portal_changed(generation);
    Ok(taken)
}
