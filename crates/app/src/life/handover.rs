//! Handing work over to another unit: offered, then accepted or declined. The present unit answers until the other
//! one accepts, so that nothing is ever in two hands or in none.

use super::{acts_for, ensured, unit_path};
use crate::app::App;
use crate::bus::Change as Told;
use crate::error::Error;
use crate::records::checked_reason;
use serde_json::json;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::record::{Record, RecordId};
use wanquan_domain::unit::Unit;
use wanquan_domain::work::{Work, WorkAct, WorkEntry};
use wanquan_store::{Tx, record, work};

/// Offers a record to another unit.
///
/// # Errors
/// `Forbidden` unless the actor acts for the present unit; `Refused` if it is finished or offered already; `NotFound`
/// for a region that does not exist.
pub async fn offer(
    app: &App,
    actor: &Actor,
    id: RecordId,
    to: Unit,
    reason: Option<&str>,
) -> Result<Work, Error> {
    let reason = checked_reason(reason)?;
    let mut tx = app.write().await?;
    let (found, mut current) = open_work(app, &mut tx, actor, id).await?;
    if !acts_for(app, actor, &current.unit, &found.region) {
        return Err(Error::Forbidden { action: Action::RecordWrite });
    }
    if let Unit::Region(code) = &to
        && app.packs().regions.get(code).is_none()
    {
        return Err(Error::not_found("region", code));
    }
    if current.offered_to.is_some() || current.unit == to {
        let message = "it is offered already, or the unit has it".to_owned();
        return Err(Error::Refused { code: "already_offered", message });
    }
    current.offered_to = Some(to.clone());
    keep(app, tx, actor, &found, current, WorkAct::Offered, Some(to), reason).await
}

/// Accepts a record for the unit to which it was offered, which answers for it from now on.
///
/// # Errors
/// `Forbidden` unless the actor acts for that unit; `Refused` if nothing is offered.
pub async fn accept(app: &App, actor: &Actor, id: RecordId) -> Result<Work, Error> {
    let mut tx = app.write().await?;
    let (found, mut current) = open_work(app, &mut tx, actor, id).await?;
    let to = offered(&mut current)?;
    if !acts_for(app, actor, &to, &found.region) {
        return Err(Error::Forbidden { action: Action::RecordWrite });
    }
    current.unit_path = unit_path(app, &to, &found.region_path);
    current.unit = to.clone();
    keep(app, tx, actor, &found, current, WorkAct::Accepted, Some(to), None).await
}

/// Declines an offer, or takes it back; the present unit goes on answering.
///
/// # Errors
/// `Forbidden` unless the actor acts for one of the two units; `Refused` if nothing is offered; `BadInput` without a
/// reason.
pub async fn decline(app: &App, actor: &Actor, id: RecordId, reason: &str) -> Result<Work, Error> {
    let reason = checked_reason(Some(reason))?;
    if reason.is_none() {
        return Err(Error::BadInput { field: "reason", message: "say why it is declined".to_owned() });
    }
    let mut tx = app.write().await?;
    let (found, mut current) = open_work(app, &mut tx, actor, id).await?;
    let to = offered(&mut current)?;
    let acts = acts_for(app, actor, &to, &found.region) || acts_for(app, actor, &current.unit, &found.region);
    if !acts {
        return Err(Error::Forbidden { action: Action::RecordWrite });
    }
    keep(app, tx, actor, &found, current, WorkAct::Declined, Some(to), reason).await
}

fn offered(current: &mut Work) -> Result<Unit, Error> {
    let none = || Error::Refused { code: "not_offered", message: "it is not offered to anybody".to_owned() };
    current.offered_to.take().ok_or_else(none)
}

async fn open_work(app: &App, tx: &mut Tx<'_>, actor: &Actor, id: RecordId) -> Result<(Record, Work), Error> {
    let found = record::get(tx, id).await?.filter(|record| !record.deleted);
    let current = match &found {
        Some(found) => ensured(app, tx, found).await?,
        None => None,
    };
    let (Some(found), Some(current)) = (found, current) else { return Err(Error::not_found("record", id)) };
    let units = [Some(&current.unit), current.offered_to.as_ref()];
    let involved = units.into_iter().flatten().any(|unit| acts_for(app, actor, unit, &found.region));
    if !involved && !acts_for(app, actor, &Unit::Region(found.region.clone()), &found.region) {
        return Err(Error::not_found("record", id));
    }
    if !current.is_open {
        let message = "nothing is left to do about it".to_owned();
        return Err(Error::Refused { code: "finished", message });
    }
    Ok((found, current))
}

#[expect(clippy::too_many_arguments, reason = "the parts of a handover under way, which has them at hand")]
async fn keep(
    app: &App,
    mut tx: Tx<'static>,
    actor: &Actor,
    found: &Record,
    current: Work,
    act: WorkAct,
    unit: Option<Unit>,
    reason: Option<String>,
) -> Result<Work, Error> {
    work::put(&mut tx, &current).await?;
    let detail = json!({ "act": act.as_str(), "unit": unit.as_ref().map(Unit::to_string) });
    let entry = WorkEntry {
        at: app.now(),
        by: actor.name.clone(),
        act,
        step: None,
        from: None,
        to: None,
        unit,
        reason,
    };
    work::append(&mut tx, found.id, &entry).await?;
    app.audit(&mut tx, actor, "record.hand_over", &format!("record/{}", found.id), detail).await?;
    tx.commit().await?;
    app.bus().send(Told::Record { register: found.register.clone(), region_path: found.region_path.clone() });
    Ok(current)
}
