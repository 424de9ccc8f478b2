//! The public portal: articles from a first draft to a corrected version, channels, and what readers are shown.
//!
//! Writing (`edit`), approving (`review`) and arranging (`channels`) need rights and leave audit entries. Reading
//! (`read`) needs none, because it shows nothing but what was approved: frozen versions and the lists they stand on.

pub mod channels;
pub mod edit;
pub mod exchange;
pub mod files;
pub mod links;
mod public;
pub mod read;
pub mod render;
pub mod review;
pub mod search;

pub(crate) use public::SERVICE;

use crate::app::App;
use crate::error::Error;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use uuid::Uuid;
use wanquan_domain::article::{ArticleRefusal, BadContent};
use wanquan_domain::channel::ChannelTree;
use wanquan_store::{Tx, article, portal};

/// What the processes of an installation know of the portal without asking the database.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    generation: AtomicI64,
    views: Mutex<HashMap<Uuid, Arc<AtomicI64>>>,
    search: search::Shared,
    channels: Mutex<Option<(i64, Arc<ChannelTree>)>>,
}

/// Articles whose reads wait to be written down; a crawler that walks through more of them loses some counts.
const VIEWS_WAITING_MAX: usize = 100_000;

impl App {
    /// The version of what is public, as far as this process knows: at once what it changed itself, and what others
    /// changed after the next [`look_for_changes`].
    pub fn portal_generation(&self) -> i64 {
        self.portal_memory().generation.load(Ordering::Acquire)
    }

    /// Makes known that something public changed; to be called after the commit, with what
    /// [`wanquan_store::portal::raise_generation`] gave in the transaction.
    pub(crate) fn portal_changed(&self, generation: i64) {
        self.portal_memory().generation.fetch_max(generation, Ordering::AcqRel);
    }

    /// What counts the reads of an article. They are kept in memory and written by [`keep_views`].
    pub fn view_counter(&self, article: Uuid) -> Arc<AtomicI64> {
        let mut views = self.portal_memory().views.lock().expect("no thread panics while holding it");
        if views.len() >= VIEWS_WAITING_MAX && !views.contains_key(&article) {
            return Arc::default();
        }
        Arc::clone(views.entry(article).or_default())
    }
}

/// Looks whether another process changed something public; the version of what is public.
///
/// # Errors
/// If the store fails.
pub async fn look_for_changes(app: &App) -> Result<i64, Error> {
    let mut tx = app.read().await?;
    let generation = portal::generation(&mut tx).await?;
    app.portal_changed(generation);
    Ok(generation)
}

/// Writes down how often articles were read since the last time.
///
/// # Errors
/// If the store fails; the counts are kept for the next time then.
pub async fn keep_views(app: &App) -> Result<(), Error> {
    let counted: Vec<(Uuid, i64)> = {
        let mut views = app.portal_memory().views.lock().expect("no thread panics while holding it");
        let counted = views.iter().map(|(id, n)| (*id, n.swap(0, Ordering::Relaxed)));
        let counted = counted.filter(|(_, n)| *n > 0).collect();
        // Whoever holds a counter, as a ready page does, goes on counting with it.
        views.retain(|_, n| Arc::strong_count(n) > 1);
        counted
    };
    if counted.is_empty() {
        return Ok(());
    }
    let kept = async {
        let mut tx = app.write().await?;
        article::add_views(&mut tx, &counted).await?;
        Ok::<_, Error>(tx.commit().await?)
    };
    let kept = kept.await;
    if kept.is_err() {
        for (article, n) in counted {
            app.view_counter(article).fetch_add(n, Ordering::Relaxed);
        }
    }
    kept
}

impl From<ArticleRefusal> for Error {
    fn from(refusal: ArticleRefusal) -> Self {
        let message = refusal.to_string();
        // Written out, so that the codes are found in the sources.
        match refusal {
            ArticleRefusal::Status(_) => Self::Refused { code: "wrong_status", message },
            ArticleRefusal::OwnWork => Self::Refused { code: "own_work", message },
            ArticleRefusal::NoteNeeded => Self::Refused { code: "note_needed", message },
            ArticleRefusal::Empty => Self::Refused { code: "no_text", message },
            ArticleRefusal::PastTime => Self::Refused { code: "past_time", message },
            ArticleRefusal::NotPublic => Self::Refused { code: "not_public", message },
        }
    }
}

impl From<BadContent> for Error {
    fn from(bad: BadContent) -> Self {
        Self::BadInput { field: bad.field, message: bad.message }
    }
}

/// How an article is named in the audit log.
pub(crate) fn subject(id: Uuid) -> String {
    format!("article/{id}")
}

pub(crate) async fn load(tx: &mut Tx<'_>, id: Uuid) -> Result<wanquan_domain::article::Article, Error> {
    article::get(tx, id).await?.ok_or_else(|| Error::not_found("article", id))
}
