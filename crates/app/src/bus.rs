//! Live changes: what became stale, told to whoever watches. A change says what changed, never its content; a watcher
//! reads again with its own rights.

use crate::app::App;
use crate::authorize::{Scope, Subject, authorize};
use tokio::sync::broadcast;
use wanquan_domain::actor::{Action, Actor};

/// Changes that a slow watcher may fall behind before it is told that it missed some.
const BACKLOG: usize = 1_024;

/// Something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Counts of a measure.
    Tally {
        /// Measure.
        measure: String,
        /// Disease.
        disease: String,
    },
    /// A signal was raised or assessed.
    Signal {
        /// Path of its region.
        region_path: String,
    },
    /// A record was entered, changed or withdrawn.
    Record {
        /// Register.
        register: String,
        /// Path of its region.
        region_path: String,
    },
    /// A file was imported.
    Import {
        /// Register.
        register: String,
    },
    /// The response level of a region was decided, or a proposal answered.
    Level {
        /// Path of the region.
        region_path: String,
    },
    /// A publication was drafted or published.
    Publication,
    /// An article or a channel of the portal was changed.
    Article,
}

impl Change {
    /// The name of the kind of change in the API.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tally { .. } => "tally",
            Self::Signal { .. } => "signal",
            Self::Record { .. } => "record",
            Self::Import { .. } => "import",
            Self::Level { .. } => "level",
            Self::Publication => "publication",
            Self::Article => "article",
        }
    }
}

/// The bus. Sent to after the transaction has committed, so that a watcher finds what it is told about.
#[derive(Debug)]
pub struct Bus(broadcast::Sender<Change>);

impl Bus {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(BACKLOG).0)
    }

    /// Tells every watcher.
    pub fn send(&self, change: Change) {
        // Without watchers there is nobody to tell, which is no error.
        let _ = self.0.send(change);
    }

    /// Watches from now on.
    pub fn watch(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }
}

/// What a watcher may be told of: the same as what it may read.
#[derive(Debug, Clone)]
pub struct Sight {
    tallies: bool,
    signals: Option<Scope>,
    records: Option<Scope>,
    imports: bool,
    publications: bool,
    articles: bool,
}

impl Sight {
    /// What an actor may be told of.
    pub fn of(app: &App, actor: &Actor) -> Self {
        let may = |action| authorize(app, actor, action, Subject::Anywhere).ok();
        Self {
            tallies: may(Action::SituationRead).is_some(),
            signals: may(Action::SignalRead),
            records: may(Action::RecordRead),
            imports: may(Action::RecordRead).is_some(),
            publications: may(Action::PublicationDraft).or(may(Action::PublicationPublish)).is_some(),
            articles: may(Action::ArticleWrite).or(may(Action::ArticleReview)).is_some(),
        }
    }

    /// Whether a change is one of those.
    pub fn sees(&self, change: &Change) -> bool {
        let covers = |scope: &Option<Scope>, path: &str| scope.as_ref().is_some_and(|s| s.covers(path));
        match change {
            Change::Tally { .. } => self.tallies,
            Change::Signal { region_path } => covers(&self.signals, region_path),
            Change::Record { region_path, .. } => covers(&self.records, region_path),
            // The level of a region shows beside its figures.
            Change::Level { .. } => self.tallies,
            Change::Import { .. } => self.imports,
            Change::Publication => self.publications,
            Change::Article => self.articles,
        }
    }
}
