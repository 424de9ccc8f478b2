//! Publishing: freeze the figures of a region, let a person approve them, show them to the public.
//!
//! A draft holds figures that may be public and nothing else: what is suppressed for small places never gets into it
//! (see [`PublicFigures`]). Publishing replaces the former publication of the region; nothing published is changed.

mod bulletin;
mod entries;
mod figures;
mod rules;

pub use bulletin::{Bulletin, propose_bulletin};
pub(crate) use entries::{Memory, freeze, note_all};
pub use entries::{PublicList, read_public};
pub use figures::{PublicDay, PublicFigures, PublicPlace, PublicRegion, PublicTotals};
pub use rules::{Notice, documented_notices, related};

use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::bus::Change;
use crate::error::Error;
use crate::situation::{self, View, look_up};
use jiff::ToSpan as _;
use serde_json::json;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::publication::{Publication, PublicationStatus};
use wanquan_domain::record::new_uuid;
use wanquan_domain::region::RegionCode;
use wanquan_store::{Tx, portal, publication, tally};

/// Longest title, in characters.
pub const TITLE_CHARS_MAX: usize = 200;
/// Longest text, in characters.
pub const TEXT_CHARS_MAX: usize = 20_000;
/// Days by which the disease of a draft is chosen where nobody says.
const LATELY_DAYS: i64 = 28;
/// Publications that the public page links to.
const LINKED_MAX: u32 = 50;

/// What a person drafts.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Region.
    pub region: RegionCode,
    /// Title as shown.
    pub title: String,
    /// Text of the bulletin, paragraphs separated by blank lines.
    pub text: String,
    /// Disease; the one counted most in the last four weeks if `None`.
    pub disease: Option<String>,
    /// Measure; the disease's main one if `None`.
    pub measure: Option<String>,
}

/// Which publications.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Status.
    pub status: Option<PublicationStatus>,
    /// Region with everything below.
    pub region: Option<RegionCode>,
    /// Cursor of the page.
    pub after: Option<Uuid>,
    /// Length of the page.
    pub limit: u32,
}

/// Drafts a publication with the figures of now.
///
/// # Errors
/// `Forbidden`; `NotFound` for an unknown region, disease or measure; `BadInput` for title or text.
pub async fn draft_publication(app: &App, actor: &Actor, draft: Draft) -> Result<Publication, Error> {
    authorize(app, actor, Action::PublicationDraft, Subject::At(&draft.region))?;
    let drafted = prepare(app, actor, draft).await?;
    let mut tx = app.write().await?;
    keep_draft(app, &mut tx, actor, &drafted).await?;
    tx.commit().await?;
    app.bus().send(Change::Publication);
    Ok(drafted)
}

/// Makes a draft with the figures of now, without storing it.
pub(crate) async fn prepare(app: &App, actor: &Actor, draft: Draft) -> Result<Publication, Error> {
    let title = within("title", &draft.title, 1, TITLE_CHARS_MAX)?;
    let text = within("text", &draft.text, 0, TEXT_CHARS_MAX)?;
    let mut tx = app.read().await?;
    let disease = match draft.disease {
        Some(disease) => disease,
        None => most_counted(app, &mut tx, &draft.region).await?,
    };
    let view = View { region: draft.region, disease, measure: draft.measure, as_of: None };
    let looked = look_up(app, &view)?;
    let figures = PublicFigures::new(app.packs(), &situation::read(app, &mut tx, looked).await?);
    drop(tx);
    Ok(Publication {
        id: new_uuid(app.now()),
        region: looked.region.code.clone(),
        region_path: looked.region.path.clone(),
        title,
        body: text,
        figures: serde_json::to_value(&figures).map_err(|e| Error::Internal(e.to_string()))?,
        status: PublicationStatus::Draft,
        drafted_by: actor.name.clone(),
        drafted_at: app.now(),
        published_by: None,
        published_at: None,
        version: 1,
    })
}

/// Stores a prepared draft with its audit entry.
pub(crate) async fn keep_draft(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    drafted: &Publication,
) -> Result<(), Error> {
    publication::insert(tx, drafted).await?;
    let detail = json!({ "region": drafted.region, "as_of": drafted.figures.get("as_of") });
    app.audit(tx, actor, "publication.draft", &subject(drafted.id), detail).await
}

fn subject(id: Uuid) -> String {
    format!("publication/{id}")
}

fn within(field: &'static str, text: &str, min: usize, max: usize) -> Result<String, Error> {
    let text = text.trim().replace("\r\n", "\n");
    // Line feeds part paragraphs; other control characters have no place in public text.
    let odd = text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    if odd || !(min..=max).contains(&text.chars().count()) {
        let message = format!("{min} to {max} characters, without control characters");
        return Err(Error::BadInput { field, message });
    }
    Ok(text)
}

/// The disease whose main measure counts most in a region: lately, or else ever.
async fn most_counted(app: &App, tx: &mut Tx<'_>, region: &RegionCode) -> Result<String, Error> {
    let today = app.today();
    let from = today.saturating_sub((LATELY_DAYS - 1).days());
    let regions = [region.clone()];
    let mut best: Option<((i64, i64), &str)> = None;
    for disease in &app.packs().diseases {
        let mut count = [0; 2];
        for (n, from) in count.iter_mut().zip([Some(from), None]) {
            let measure = &disease.main_measure;
            let found =
                tally::totals_of_regions(tx, measure, &disease.id, &regions, from, Some(today), today)
                    .await?;
            *n = found.get(region).copied().unwrap_or(0);
        }
        let count = (count[0], count[1]);
        if best.is_none_or(|(most, _)| count > most) {
            best = Some((count, &disease.id));
        }
    }
    best.map(|(_, id)| id.to_owned()).ok_or_else(|| Error::not_found("disease", "of any pack"))
}

/// Publishes a draft; the former publication of the region is kept and no longer shown. `version` is the one that the
/// person saw, where they say.
///
/// # Errors
/// `NotFound`; `Forbidden`; `Conflict`; `Refused` if it is no draft.
pub async fn publish_publication(
    app: &App,
    actor: &Actor,
    id: Uuid,
    version: Option<u32>,
) -> Result<Publication, Error> {
    let mut tx = app.write().await?;
    let draft = load(&mut tx, id).await?;
    authorize(app, actor, Action::PublicationPublish, Subject::At(&draft.region))?;
    if version.is_some_and(|version| version != draft.version) {
        return Err(Error::conflict("publication", draft.version));
    }
    let published = draft
        .publish(&actor.name, app.now())
        .map_err(|e| Error::Refused { code: "not_a_draft", message: e.to_string() })?;
    let former = publication::current(&mut tx, &published.region).await?;
    if let Some(former) = &former {
        publication::update(&mut tx, &former.clone().supersede()).await?;
    }
    publication::update(&mut tx, &published).await?;
    let detail = json!({ "region": published.region, "supersedes": former.map(|p| p.id) });
    app.audit(&mut tx, actor, "publication.publish", &subject(id), detail).await?;
    let generation = portal::raise_generation(&mut tx).await?;
    tx.commit().await?;
    app.portal_changed(generation);
    app.bus().send(Change::Publication);
    Ok(published)
}

async fn load(tx: &mut Tx<'_>, id: Uuid) -> Result<Publication, Error> {
    publication::get(tx, id).await?.ok_or_else(|| Error::not_found("publication", id))
}

/// Publications that the actor may draft or publish, latest first, with the cursor of the next page.
///
/// # Errors
/// `Forbidden`; `NotFound` for an unknown region.
pub async fn list_publications(
    app: &App,
    actor: &Actor,
    query: &Query,
) -> Result<(Vec<Publication>, Option<Uuid>), Error> {
    let within = query.region.as_ref().map_or(Subject::Anywhere, Subject::Within);
    let scope = authorize(app, actor, Action::PublicationDraft, within)
        .or_else(|_| authorize(app, actor, Action::PublicationPublish, within))?;
    let mut tx = app.read().await?;
    Ok(publication::list(&mut tx, scope.paths(), query.status, query.after, query.limit).await?)
}

/// What anybody may read.
#[derive(Debug, Clone, Default)]
pub struct Published {
    /// The publication asked for; without a region, the one published last.
    pub shown: Option<Publication>,
    /// Every region's current publication, the latest first; at most 50.
    pub all: Vec<Publication>,
}

/// What is public. Reads publications and nothing else.
///
/// # Errors
/// If the store fails.
pub async fn read_published(app: &App, region: Option<&RegionCode>) -> Result<Published, Error> {
    let mut tx = app.read().await?;
    let shown = match region {
        Some(region) => publication::current(&mut tx, region).await?,
        None => publication::latest(&mut tx).await?,
    };
    let status = Some(PublicationStatus::Published);
    let (all, _) = publication::list(&mut tx, &[], status, None, LINKED_MAX).await?;
    Ok(Published { shown, all })
}
