//! From signal to alarm: the inbox of what the detectors proposed, why each fired, and what people make of it.

mod explain;

pub use explain::{explain, method_label};

use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::bus::Change;
use crate::detect;
use crate::dispatch::{self, Happening};
use crate::error::Error;
use crate::situation::{self, CurveDay, Looked, look_up};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::region::RegionCode;
use wanquan_domain::signal::{Alarm, AssessError, Assessment, Decision, Signal, SignalStatus};
use wanquan_store::signal::{Entry, Filter};
use wanquan_store::{Tx, alarm, signal};

/// Days of the curve beside a signal.
const CURVE_DAYS: usize = 120;

/// Which signals or alarms.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Status of signals.
    pub status: Option<SignalStatus>,
    /// Region with everything below; everywhere the actor may look if `None`.
    pub region: Option<RegionCode>,
    /// Disease.
    pub disease: Option<String>,
    /// Cursor of the page.
    pub after: Option<Uuid>,
    /// Length of the page.
    pub limit: u32,
}

/// Whether the actor may assess a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assessable {
    /// It may.
    Yes,
    /// Its roles do not allow it here.
    Forbidden,
    /// The signal is an alarm already.
    Decided(SignalStatus),
}

/// A signal with everything known of it.
#[derive(Debug, Clone)]
pub struct Detail {
    /// The signal.
    pub signal: Signal,
    /// The curve as known when the detector ran, in the steps of the signal.
    pub curve: Vec<CurveDay>,
    /// What happened to it, oldest first.
    pub history: Vec<Entry>,
}

fn subject(region: Option<&RegionCode>) -> Subject<'_> {
    region.map_or(Subject::Anywhere, Subject::Within)
}

/// Signals, latest first, with the cursor of the next page.
///
/// # Errors
/// `Forbidden` where the actor may not read signals; `NotFound` for an unknown region.
pub async fn list_signals(
    app: &App,
    actor: &Actor,
    query: &Query,
) -> Result<(Vec<Signal>, Option<Uuid>), Error> {
    let scope = authorize(app, actor, Action::SignalRead, subject(query.region.as_ref()))?;
    let filter = Filter {
        status: query.status,
        paths: scope.paths().to_vec(),
        disease: query.disease.clone(),
        measure: None,
    };
    let mut tx = app.read().await?;
    Ok(signal::list(&mut tx, &filter, query.after, query.limit).await?)
}

/// Alarms, latest first, with the cursor of the next page.
///
/// # Errors
/// As [`list_signals`].
pub async fn list_alarms(
    app: &App,
    actor: &Actor,
    query: &Query,
) -> Result<(Vec<Alarm>, Option<Uuid>), Error> {
    let scope = authorize(app, actor, Action::SignalRead, subject(query.region.as_ref()))?;
    let mut tx = app.read().await?;
    Ok(alarm::list(&mut tx, scope.paths(), query.disease.as_deref(), query.after, query.limit).await?)
}

/// Whether an actor may assess a signal now.
pub fn assessable(app: &App, actor: &Actor, signal: &Signal) -> Assessable {
    let region = Subject::At(&signal.series.region);
    if authorize(app, actor, Action::SignalAssess, region).is_err() {
        Assessable::Forbidden
    } else if signal.status == SignalStatus::Alarm {
        Assessable::Decided(signal.status)
    } else {
        Assessable::Yes
    }
}

/// A signal with its curve and history.
///
/// # Errors
/// `NotFound`; `Forbidden` outside of the actor's regions.
pub async fn read_signal(app: &App, actor: &Actor, id: Uuid) -> Result<Detail, Error> {
    let mut tx = app.read().await?;
    let signal = load(&mut tx, id).await?;
    authorize(app, actor, Action::SignalRead, Subject::At(&signal.series.region))?;
    detail(app, &mut tx, signal).await
}

async fn load(tx: &mut Tx<'_>, id: Uuid) -> Result<Signal, Error> {
    signal::get(tx, id).await?.ok_or_else(|| Error::not_found("signal", id))
}

async fn detail(app: &App, tx: &mut Tx<'_>, signal: Signal) -> Result<Detail, Error> {
    let history = signal::history(tx, signal.id).await?;
    let view = situation::View {
        region: signal.series.region.clone(),
        disease: signal.series.disease.clone(),
        measure: Some(signal.series.measure.clone()),
        // A replayed clock may stand before the day on which the signal was raised.
        as_of: Some(signal.known_on.min(app.today())),
    };
    // What packs no longer declare has no curve; the signal stays as it was.
    let curve = match look_up(app, &view) {
        Ok(looked) => curve(app, tx, &signal, looked).await?,
        Err(_) => Vec::new(),
    };
    Ok(Detail { signal, curve, history })
}

/// The curve that the detector saw.
async fn curve(
    app: &App,
    tx: &mut Tx<'_>,
    signal: &Signal,
    looked: Looked<'_>,
) -> Result<Vec<CurveDay>, Error> {
    let mut curve = if signal.step == "week" {
        let steps = detect::analysed_weeks(app, tx, &signal.series, looked.as_of).await?;
        steps.into_iter().map(CurveDay::from).collect()
    } else {
        let figures = situation::figures_of_region(app, tx, looked).await?;
        Arc::unwrap_or_clone(figures).curve
    };
    let longest = if signal.step == "week" { detect::WEEKS_SHOWN } else { CURVE_DAYS };
    curve.drain(..curve.len().saturating_sub(longest));
    Ok(curve)
}

/// A person's decision about a signal. `version` is the one that the person saw.
///
/// # Errors
/// `NotFound`; `Forbidden` where the actor may not assess; `Conflict` if somebody else was quicker; `Refused` if it is
/// decided already; `BadInput` without a reason.
pub async fn assess_signal(
    app: &App,
    actor: &Actor,
    id: Uuid,
    version: u32,
    decision: Decision,
    reason: &str,
) -> Result<Detail, Error> {
    let mut tx = app.write().await?;
    let current = load(&mut tx, id).await?;
    authorize(app, actor, Action::SignalAssess, Subject::At(&current.series.region))?;
    if current.version != version {
        return Err(Error::conflict("signal", current.version));
    }
    let assessment =
        Assessment { decision, reason: reason.to_owned(), by: actor.name.clone(), at: app.now() };
    let (next, raised) = current.assess(&assessment).map_err(refused)?;
    signal::update(&mut tx, &next, &actor.name, reason.trim(), app.now()).await?;
    if let Some(raised) = &raised {
        alarm::insert(&mut tx, raised).await?;
        dispatch::happened(app, &mut tx, &Happening::Alarm { id }).await?;
    }
    // The reason is free text and may name people: it stands in the history of the signal, not in the audit log.
    let detail_of_act = json!({
        "status": next.status.as_str(),
        "version": next.version,
        "alarm": raised.as_ref().map(|alarm| alarm.id),
    });
    app.audit(&mut tx, actor, "signal.assess", &format!("signal/{id}"), detail_of_act).await?;
    tx.commit().await?;
    app.bus().send(Change::Signal { region_path: next.region_path.clone() });
    app.wake_worker();
    let mut tx = app.read().await?;
    detail(app, &mut tx, next).await
}

fn refused(error: AssessError) -> Error {
    match error {
        AssessError::NoReason => Error::BadInput { field: "reason", message: error.to_string() },
        AssessError::AlreadyAssessed(_) => {
            Error::Refused { code: "already_assessed", message: error.to_string() }
        }
    }
}
