//! Supervision: whose work is what, what is late, and the deadlines that warn, pass and climb up the tree by themselves.

use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::bus::Change;
use crate::dispatch::{self, Happening};
use crate::error::Error;
use crate::life::{acts_for, roles_at};
use crate::records::checked_reason;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::calendar::PeriodUnit;
use wanquan_domain::level::ResponseLevel;
use wanquan_domain::lifecycle::{Deadline, Place};
use wanquan_domain::plan::Trigger;
use wanquan_domain::record::{Record, RecordId, new_uuid};
use wanquan_domain::region::RegionCode;
use wanquan_domain::text::Text;
use wanquan_domain::unit::Unit;
use wanquan_domain::work::{Raised, Work, WorkAct, WorkEntry};
pub use wanquan_store::notice::Notice as Told;
use wanquan_store::notice::{self, Notice};
use wanquan_store::work::{self, Cursor, Filter, Whose};
use wanquan_store::{Tx, level, record, setting};

/// Deadlines looked at in one transaction.
const SWEEP_STEP: u32 = 500;
/// Day on which the daily plans ran last.
const DAILY_RAN: &str = "daily_plans";

/// Whose work a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Of the units in a region and below it.
    Region(RegionCode),
    /// Of the region's own unit.
    Unit(RegionCode),
    /// Of the person.
    Mine,
    /// Made from a record: the tasks of a directive, for example.
    Parent(RecordId),
    /// Offered to the region's unit.
    Offered(RegionCode),
    /// In a region and below it, where the unit has done its part and a role that the actor holds decides.
    Decision(RegionCode),
}

/// Which work a person asks for.
#[derive(Debug, Clone)]
pub struct Query {
    /// Whose.
    pub asked: Asked,
    /// Register.
    pub register: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Open, finished, or both.
    pub is_open: Option<bool>,
    /// Only what is late.
    pub late: bool,
    /// The page after this place.
    pub cursor: Option<String>,
    /// Length of the page.
    pub limit: u32,
}

/// A piece of work with the record that it is about.
#[derive(Debug, Clone)]
pub struct Item {
    /// The work.
    pub work: Work,
    /// Title of the record.
    pub title: String,
    /// Region of the record.
    pub region: RegionCode,
    /// True once the deadline has passed, whether anybody was told yet or not.
    pub late: bool,
}

/// A page of work, with what there is in all: state to (number, late).
#[derive(Debug, Clone)]
pub struct Inbox {
    /// The page.
    pub items: Vec<Item>,
    /// Number and late ones by state.
    pub counts: BTreeMap<String, (u64, u64)>,
    /// The next page.
    pub next: Option<String>,
}

/// Lists work: the earliest deadline first.
///
/// # Errors
/// `Forbidden` outside of the actor's regions; `BadInput` for a cursor that is none.
pub async fn inbox(app: &App, actor: &Actor, query: &Query) -> Result<Inbox, Error> {
    let now = app.now();
    let mut tx = app.read().await?;
    let whose = whose(app, &mut tx, actor, &query.asked).await?;
    if matches!(query.asked, Asked::Decision(_)) && decidable(app, actor, &query.asked).is_empty() {
        return Ok(Inbox { items: Vec::new(), counts: BTreeMap::new(), next: None });
    }
    let filter = Filter {
        whose,
        register: query.register.clone(),
        state: query.state.clone(),
        states: decidable(app, actor, &query.asked),
        is_open: if query.late { Some(true) } else { query.is_open },
        due_before: query.late.then_some(now),
    };
    let cursor: Option<Cursor> = match &query.cursor {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| Error::BadInput {
            field: "cursor",
            message: "it is no cursor of this list".to_owned(),
        })?),
    };
    let (page, next) = work::list(&mut tx, &filter, cursor, query.limit).await?;
    let counts = work::count(&mut tx, &filter).await?;
    let mut items = Vec::with_capacity(page.len());
    for work in page {
        let Some(found) = record::get(&mut tx, work.record).await? else { continue };
        let late = work.is_open && work.due_at.is_some_and(|due| due <= now);
        items.push(Item { title: title_of(app, &found), region: found.region, late, work });
    }
    Ok(Inbox { items, counts, next: next.map(|cursor| cursor.to_string()) })
}

/// States, by register, in which a role that the actor holds decides.
fn decidable(app: &App, actor: &Actor, asked: &Asked) -> Vec<(String, String)> {
    if !matches!(asked, Asked::Decision(_)) {
        return Vec::new();
    }
    let roles: Vec<&str> = actor.grants.iter().map(|grant| grant.role.as_str()).collect();
    let mut found = Vec::new();
    for register in app.packs().registers() {
        let Some(life) = &register.lifecycle else { continue };
        let waiting = life.states.iter().filter(|state| life.awaits_decision(state, &roles));
        found.extend(waiting.map(|state| (register.id.clone(), state.id.clone())));
    }
    found
}

/// Open work in a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionLoad {
    /// The region.
    pub region: RegionCode,
    /// Pieces of open work of its units, those below it included.
    pub open: u64,
    /// Late ones among them.
    pub late: u64,
}

/// Open work in a region (the first) and in each of those one level below it.
///
/// # Errors
/// `Forbidden`; `NotFound` for a region.
pub async fn loads(
    app: &App,
    actor: &Actor,
    region: &RegionCode,
    register: Option<&str>,
) -> Result<Vec<RegionLoad>, Error> {
    let scope = authorize(app, actor, Action::RecordRead, Subject::Within(region))?;
    let filter = Filter {
        register: register.map(str::to_owned),
        is_open: Some(true),
        ..Filter::of(Whose::Paths(scope.paths().to_vec()))
    };
    let mut tx = app.read().await?;
    let counted = work::count_by_path(&mut tx, &filter, app.now()).await?;
    let regions = &app.packs().regions;
    let children = regions.children(region);
    let load = |code: &RegionCode, path: &str| {
        let below = counted.iter().filter(|(unit, ..)| unit.starts_with(path));
        let (open, late) = below.fold((0, 0), |(open, late), (_, n, m)| (open + n, late + m));
        RegionLoad { region: code.clone(), open, late }
    };
    let own = regions.get(region).into_iter();
    Ok(own.chain(children).map(|region| load(&region.code, &region.path)).collect())
}

/// What a record is called in lists of work, notices and timelines, which go to more people than may see persons: its
/// title, or the end of its identifier where the title is a name.
pub(crate) fn title_of(app: &App, found: &Record) -> String {
    let register = app.packs().register(&found.register);
    let field = register.and_then(|r| r.field(&r.title_field));
    if field.is_some_and(|field| field.personal) {
        let id = found.id.to_string();
        return format!("#{}", &id[id.len() - 6..]);
    }
    let title = field.and_then(|field| found.data.get(&field.id)).and_then(|value| value.as_str());
    title.unwrap_or_default().to_owned()
}

async fn whose(app: &App, tx: &mut Tx<'_>, actor: &Actor, asked: &Asked) -> Result<Whose, Error> {
    Ok(match asked {
        Asked::Region(code) | Asked::Decision(code) => {
            let scope = authorize(app, actor, Action::RecordRead, Subject::Within(code))?;
            Whose::Paths(scope.paths().to_vec())
        }
        Asked::Unit(code) => {
            authorize(app, actor, Action::RecordRead, Subject::At(code))?;
            Whose::Unit(Unit::Region(code.clone()))
        }
        Asked::Mine => Whose::Unit(Unit::Person(actor.id)),
        Asked::Parent(id) => {
            let scope = authorize(app, actor, Action::RecordRead, Subject::Anywhere)?;
            let parent = record::get(tx, *id).await?.filter(|parent| scope.covers(&parent.region_path));
            if parent.is_none() {
                return Err(Error::not_found("record", id));
            }
            Whose::Parent(*id)
        }
        Asked::Offered(code) => {
            authorize(app, actor, Action::RecordRead, Subject::At(code))?;
            Whose::OfferedTo(Unit::Region(code.clone()))
        }
    })
}

/// How one unit stands with what was made from a record.
#[derive(Debug, Clone)]
pub struct UnitStanding {
    /// The unit's region.
    pub region: RegionCode,
    /// The unit: of the region, or an organisation in it.
    pub unit: Unit,
    /// The record made for it.
    pub record: RecordId,
    /// Its register.
    pub register: String,
    /// Its state.
    pub state: String,
    /// Nothing is left to do.
    pub is_final: bool,
    /// When its deadline ends.
    pub due_at: Option<Timestamp>,
    /// Levels up the tree to which lateness was raised.
    pub levels_up: u32,
    /// Open and past its deadline.
    pub late: bool,
    /// When it entered the state.
    pub entered_at: Timestamp,
}

/// Every unit's standing with a directive: 149 townships at a glance.
///
/// # Errors
/// `NotFound`, also outside of the actor's regions.
pub async fn standings(app: &App, actor: &Actor, parent: RecordId) -> Result<Vec<UnitStanding>, Error> {
    let mut tx = app.read().await?;
    let whose = whose(app, &mut tx, actor, &Asked::Parent(parent)).await?;
    let filter = Filter::of(whose);
    let now = app.now();
    let mut standings = Vec::new();
    let mut cursor = None;
    loop {
        let (page, next) = work::list(&mut tx, &filter, cursor, 1_000).await?;
        for work in page {
            let code = work.region_path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            standings.push(UnitStanding {
                region: RegionCode::new(code),
                record: work.record,
                late: work.is_open && work.due_at.is_some_and(|due| due <= now),
                is_final: !work.is_open,
                due_at: work.due_at,
                levels_up: work.raised.levels_up(),
                unit: work.unit,
                register: work.register,
                state: work.state,
                entered_at: work.entered_at,
            });
        }
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    standings.sort_by(|a, b| (&a.region, a.unit.to_string()).cmp(&(&b.region, b.unit.to_string())));
    Ok(standings)
}

/// Notices for the roles that an actor holds, the latest first.
///
/// # Errors
/// If the store fails.
pub async fn notices(
    app: &App,
    actor: &Actor,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Notice>, Error> {
    let regions = &app.packs().regions;
    let held =
        actor.grants.iter().filter_map(|g| Some((g.role.clone(), regions.get(&g.region)?.path.clone())));
    let held: Vec<(String, String)> = held.collect();
    let mut tx = app.read().await?;
    Ok(notice::list(&mut tx, &held, after, limit).await?)
}

/// Puts the next look at a deadline off; the deadline itself stays, and the reason is kept.
///
/// # Errors
/// `Forbidden` unless the actor acts for the unit; `BadInput` without a reason or with an instant that has passed.
pub async fn snooze(
    app: &App,
    actor: &Actor,
    id: RecordId,
    until: Timestamp,
    reason: &str,
) -> Result<Work, Error> {
    let reason = checked_reason(Some(reason))?;
    if reason.is_none() {
        return Err(Error::BadInput { field: "reason", message: "say why it is put off".to_owned() });
    }
    if until <= app.now() {
        return Err(Error::BadInput { field: "until", message: "the instant has passed".to_owned() });
    }
    let mut tx = app.write().await?;
    let found = record::get(&mut tx, id).await?.ok_or_else(|| Error::not_found("record", id))?;
    let current = work::get(&mut tx, id).await?.filter(|work| work.is_open);
    let mut current = current.ok_or_else(|| Error::not_found("open work of record", id))?;
    if !acts_for(app, actor, &current.unit, &found.region) {
        return Err(Error::Forbidden { action: Action::RecordWrite });
    }
    current.next_at = Some(until);
    work::put(&mut tx, &current).await?;
    let entry = entry(app, &actor.name, WorkAct::Snoozed, None, reason);
    work::append(&mut tx, id, &entry).await?;
    let detail = json!({ "until": until.to_string() });
    app.audit(&mut tx, actor, "record.snooze", &format!("record/{id}"), detail).await?;
    tx.commit().await?;
    Ok(current)
}

fn entry(app: &App, by: &str, act: WorkAct, unit: Option<Unit>, reason: Option<String>) -> WorkEntry {
    WorkEntry { at: app.now(), by: by.to_owned(), act, step: None, from: None, to: None, unit, reason }
}

/// Looks at every deadline that is due: warns, calls late, escalates. Returns how many were looked at.
///
/// # Errors
/// If the store fails.
pub async fn sweep(app: &App) -> Result<usize, Error> {
    let mut looked = 0;
    loop {
        // Looking is a read, which does not wait behind a long import and costs one index entry when nothing is due.
        let mut tx = app.read().await?;
        let due = work::next_due(&mut tx).await?.is_some_and(|at| at <= app.now());
        drop(tx);
        if !due {
            return Ok(looked);
        }
        let mut tx = app.write().await?;
        let due = work::due(&mut tx, app.now(), SWEEP_STEP).await?;
        let mut told = BTreeSet::new();
        for current in due {
            looked += 1;
            told.insert((current.register.clone(), current.region_path.clone()));
            look(app, &mut tx, current).await?;
        }
        tx.commit().await?;
        for (register, region_path) in told {
            app.bus().send(Change::Record { register, region_path });
        }
    }
}

async fn look(app: &App, tx: &mut Tx<'_>, mut current: Work) -> Result<(), Error> {
    let now = app.now();
    let register = app.packs().register(&current.register);
    let life = register.and_then(|r| r.lifecycle.as_ref());
    let deadline = life.and_then(|l| l.state(&current.state)).and_then(|state| state.deadline.as_ref());
    let (Some(due), Some(life), Some(deadline)) =
        (current.due_at.filter(|_| current.is_open), life, deadline)
    else {
        current.next_at = None;
        return Ok(work::put(tx, &current).await?);
    };
    let own = roles_at(life, &[Place::Responsible]);
    let above = roles_at(life, &[Place::Region, Place::Above]);
    let (act, text, to, roles) = if now < due {
        current.raised = current.raised.max(Raised::WARNED);
        current.next_at = Some(due);
        (WorkAct::Warned, ("due soon", "即将到期"), Some(current.unit_path.clone()), &own)
    } else if !current.raised.is_late() {
        current.raised = Raised::LATE;
        current.next_at = next_escalation(app, &current, deadline, now);
        (WorkAct::Late, ("late", "已超期"), Some(current.unit_path.clone()), &own)
    } else {
        current.raised = Raised(current.raised.0 + 1);
        let to = path_above(&current.unit_path, current.raised.levels_up());
        current.next_at = to.as_ref().and_then(|_| next_escalation(app, &current, deadline, now));
        (WorkAct::Escalated, ("late, raised to you", "超期上报"), to, &above)
    };
    work::put(tx, &current).await?;
    let Some(to) = to else { return Ok(()) };
    let region = to.trim_end_matches('/').rsplit('/').next().map(RegionCode::new);
    let entry = entry(app, "system", act, region.map(Unit::Region), None);
    work::append(tx, current.record, &entry).await?;
    let title = match record::get(tx, current.record).await? {
        Some(found) => title_of(app, &found),
        None => String::new(),
    };
    for role in roles {
        let notice = Notice {
            id: new_uuid(now),
            region_path: to.clone(),
            role: role.clone(),
            at: now,
            text: Text::new(format!("{}: {title}", text.0), format!("{}：{title}", text.1)),
            subject: format!("record/{}", current.record),
            drill: current.drill,
        };
        notice::insert(tx, &notice).await?;
    }
    Ok(())
}

/// When lateness is raised next: a period after now, so that a server that stood still for a night raises it once and
/// not ten times at once.
fn next_escalation(app: &App, current: &Work, deadline: &Deadline, now: Timestamp) -> Option<Timestamp> {
    let period = deadline.escalate_every?;
    path_above(&current.unit_path, current.raised.levels_up() + 1)?;
    let zone = app.time_zone();
    match period.unit {
        PeriodUnit::Minutes => now.checked_add(SignedDuration::from_mins(i64::from(period.n))).ok(),
        PeriodUnit::Hours => now.checked_add(SignedDuration::from_hours(i64::from(period.n))).ok(),
        PeriodUnit::Days | PeriodUnit::WorkingHours | PeriodUnit::WorkingDays => {
            let end = app.packs().calendar.end_of(zone.to_datetime(now), period);
            zone.to_ambiguous_timestamp(end).compatible().ok()
        }
    }
}

/// Path of the region so many levels above; `None` beyond the root.
fn path_above(path: &str, levels: u32) -> Option<String> {
    let mut path = path.trim_end_matches('/');
    for _ in 0..levels {
        path = path.rsplit_once('/')?.0;
    }
    (!path.is_empty()).then(|| format!("{path}/"))
}

/// Asks for the plans of the day once their time has come, for every region whose own level is an emergency one.
///
/// # Errors
/// If the store fails.
pub async fn run_daily(app: &App) -> Result<(), Error> {
    let zone = app.time_zone();
    let civil = zone.to_datetime(app.now());
    let today: Date = civil.date();
    let wanted: Vec<&str> = app
        .packs()
        .plans()
        .iter()
        .filter(|plan| matches!(plan.trigger, Trigger::Daily { at } if at <= civil.time()))
        .map(|plan| plan.id.as_str())
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mark = json!({ "day": today.to_string(), "plans": wanted });
    let mut tx = app.read().await?;
    if setting::get(&mut tx, DAILY_RAN).await? == Some(mark.clone()) {
        return Ok(());
    }
    drop(tx);
    let mut tx = app.write().await?;
    for region in emergency_regions(app, &mut tx, today).await? {
        dispatch::happened(app, &mut tx, &Happening::Daily { region, day: today }).await?;
    }
    setting::set(&mut tx, DAILY_RAN, &mark, "system", app.now()).await?;
    tx.commit().await?;
    app.wake_worker();
    Ok(())
}

async fn emergency_regions(app: &App, tx: &mut Tx<'_>, today: Date) -> Result<Vec<RegionCode>, Error> {
    let mut regions = BTreeSet::new();
    for root in app.packs().regions.roots() {
        regions.extend(level::list(tx, &root.path).await?.into_iter().map(|decision| decision.region));
    }
    let regions: Vec<RegionCode> = regions.into_iter().collect();
    let holding = level::holding(tx, &regions, today).await?;
    let emergency = holding.into_iter().filter(|decision| decision.level > ResponseLevel::Routine);
    Ok(emergency.map(|decision| decision.region).collect())
}

#[cfg(test)]
mod tests {
    use super::path_above;

    #[test]
    fn lateness_climbs_to_the_root_and_no_further() {
        let above = |levels| path_above("/1/11/111/", levels);
        assert_eq!(above(0).as_deref(), Some("/1/11/111/"));
        assert_eq!(above(1).as_deref(), Some("/1/11/"));
        assert_eq!(above(2).as_deref(), Some("/1/"));
        assert_eq!(above(3), None);
        assert_eq!(above(4), None);
    }
}
