//! Running a plan: everything that it does, in one transaction that also says that it ran.

use super::facts::{Known, gather};
use super::{DEPTH_MAX, Happening, RunPlan, record_entered};
use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::bus::Change as Told;
use crate::error::Error;
use crate::records::not_storable;
use crate::validation::validate;
use crate::{detect, level, life, publish};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::calendar::Period;
use wanquan_domain::kind::Role;
use wanquan_domain::plan::{Deed, DutyHolder, Occasion, Plan, Planned, Target, Trigger};
use wanquan_domain::publication::Publication;
use wanquan_domain::record::{Record, RecordId, new_uuid};
use wanquan_domain::region::RegionCode;
use wanquan_domain::register::{FieldType, Register};
use wanquan_domain::work::{Work, WorkEntry};
use wanquan_store::level::Proposal;
use wanquan_store::notice::{self, Notice};
use wanquan_store::plan_run::{self, PlanRun};
use wanquan_store::record::{self, Change, FieldTest, NewRecord};
use wanquan_store::{Tx, level as level_store, work};

/// Organisations with a duty that one plan reaches.
const ORGANISATIONS_MAX: usize = 20_000;

/// What a run did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunReport {
    /// Records by register and action.
    pub records: BTreeMap<(String, String), u64>,
    /// Notices.
    pub notices: u64,
    /// Proposals of a response level.
    pub proposals: u64,
    /// Drafts of publications.
    pub drafts: u64,
    /// Why nothing is done, if so.
    pub nothing: Option<&'static str>,
}

impl RunReport {
    fn total(&self) -> u64 {
        self.records.values().sum::<u64>() + self.notices + self.proposals + self.drafts
    }

    fn note(&mut self, planned: &Planned) {
        match &planned.deed {
            Deed::Create { register, .. } => {
                *self.records.entry((register.clone(), planned.action.clone())).or_default() += 1;
            }
            Deed::Notify { .. } => self.notices += 1,
            Deed::ProposeLevel { .. } => self.proposals += 1,
            Deed::DraftPublication { .. } => self.drafts += 1,
        }
    }
}

/// A plan that a person runs for a region: in earnest, or as a drill whose records are marked and counted nowhere.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    /// Plan.
    pub plan: String,
    /// Region.
    pub region: RegionCode,
    /// A rehearsal.
    pub drill: bool,
}

/// What a plan would do in a region now, without doing it. Facts of its trigger that are not given are absent.
///
/// # Errors
/// `NotFound` for a plan or region that does not exist; `Forbidden`.
pub async fn preview(
    app: &App,
    actor: &Actor,
    wanted: &Rehearsal,
    facts: Map<String, Json>,
) -> Result<RunReport, Error> {
    authorize(app, actor, Action::SituationRead, Subject::At(&wanted.region))?;
    let plan = app.packs().plan(&wanted.plan).ok_or_else(|| Error::not_found("plan", &wanted.plan))?;
    let mut tx = app.read().await?;
    let run = manual(app, wanted);
    let Some(mut known) = gather(app, &mut tx, plan, &run).await? else { return Ok(RunReport::default()) };
    known.facts.extend(facts);
    let planned = expand(app, &mut tx, plan, &known).await?;
    let mut report = RunReport::default();
    planned.iter().for_each(|p| report.note(p));
    if planned.is_empty() {
        report.nothing = Some("condition");
    }
    Ok(report)
}

/// Runs a plan for a region now. Plans for other triggers than `manual` can be rehearsed only, with the facts given.
///
/// # Errors
/// `NotFound`; `Forbidden`; `Refused` for running in earnest what another trigger runs.
pub async fn rehearse(
    app: &App,
    actor: &Actor,
    wanted: &Rehearsal,
    facts: Map<String, Json>,
) -> Result<RunReport, Error> {
    authorize(app, actor, Action::SignalAssess, Subject::At(&wanted.region))?;
    let plan = app.packs().plan(&wanted.plan).ok_or_else(|| Error::not_found("plan", &wanted.plan))?;
    if !wanted.drill && plan.trigger != Trigger::Manual {
        let message = "this plan is set off by itself; it can be rehearsed as a drill".to_owned();
        return Err(Error::Refused { code: "not_manual", message });
    }
    execute(app, actor, plan, &manual(app, wanted), facts).await
}

/// What an actor may do with a plan somewhere: `preview`, `drill`, `run`.
pub fn modes(app: &App, actor: &Actor, plan: &Plan) -> Vec<&'static str> {
    let may = |action| authorize(app, actor, action, Subject::Anywhere).is_ok();
    let mut modes = Vec::new();
    if may(Action::SituationRead) {
        modes.push("preview");
    }
    if may(Action::SignalAssess) {
        modes.push("drill");
        if plan.trigger == Trigger::Manual {
            modes.push("run");
        }
    }
    modes
}

fn manual(app: &App, wanted: &Rehearsal) -> RunPlan {
    RunPlan {
        plan: wanted.plan.clone(),
        happening: Happening::Manual { region: wanted.region.clone(), nonce: new_uuid(app.now()) },
        depth: 0,
        drill: wanted.drill,
    }
}

pub(super) async fn run(app: &App, work: RunPlan) -> Result<RunReport, Error> {
    // A pack may have been taken away since the job was asked for; then there is nothing to do.
    let Some(plan) = app.packs().plan(&work.plan) else { return Ok(RunReport::default()) };
    let actor = Actor::system(&format!("plan:{}", plan.id));
    execute(app, &actor, plan, &work, Map::new()).await
}

/// What watchers are told once the transaction has committed.
#[derive(Default)]
struct Touched {
    registers: BTreeSet<(String, String)>,
    series: Vec<wanquan_domain::signal::SeriesKey>,
    published: bool,
}

async fn execute(
    app: &App,
    actor: &Actor,
    plan: &Plan,
    run: &RunPlan,
    more_facts: Map<String, Json>,
) -> Result<RunReport, Error> {
    let trigger_key = run.happening.key();
    let nothing = |why| Ok(RunReport { nothing: Some(why), ..RunReport::default() });
    // Everything is read and made ready before the write lock is taken.
    let mut tx = app.read().await?;
    if plan_run::exists(&mut tx, &plan.id, &trigger_key).await? {
        return nothing("ran_already");
    }
    let Some(mut known) = gather(app, &mut tx, plan, run).await? else { return nothing("gone") };
    known.facts.extend(more_facts);
    if !run.drill && level::effective(app, &mut tx, &known.region).await? < plan.from_level {
        return nothing("level");
    }
    let planned = expand(app, &mut tx, plan, &known).await?;
    drop(tx);
    if planned.is_empty() {
        return nothing("condition");
    }
    let run_id = run_id(&plan.id, &trigger_key, app);
    let mut made = make(app, actor, plan, run, run_id, &known, &planned)?;
    let mut publications = Vec::new();
    for draft in std::mem::take(&mut made.drafts) {
        publications.push(publish::prepare(app, actor, draft).await?);
    }
    let mut report = RunReport::default();
    planned.iter().for_each(|p| report.note(p));
    let region = app.packs().regions.get(&known.region);
    let mut tx = app.write().await?;
    let entry = PlanRun {
        id: run_id,
        plan: plan.id.clone(),
        plan_version: plan.version,
        trigger_key,
        region_path: region.map_or_else(String::new, |r| r.path.clone()),
        region: known.region.clone(),
        at: app.now(),
        by: actor.name.clone(),
        depth: run.depth,
        drill: run.drill,
        done: report.total(),
    };
    if !plan_run::begin(&mut tx, &entry).await? {
        return nothing("ran_already");
    }
    let touched = keep(app, &mut tx, actor, plan, run, made, publications).await?;
    let detail = json!({
        "trigger": entry.trigger_key, "version": plan.version, "drill": run.drill, "done": entry.done,
        "records": report.records.iter().map(|((r, a), n)| json!([r, a, n])).collect::<Vec<_>>(),
    });
    app.audit(&mut tx, actor, "plan.run", &format!("plan/{}/{}", plan.id, run_id), detail).await?;
    tx.commit().await?;
    for (register, region_path) in touched.registers {
        app.bus().send(Told::Record { register, region_path });
    }
    if touched.published {
        app.bus().send(Told::Publication);
    }
    detect::announce(app, &touched.series);
    app.wake_worker();
    Ok(report)
}

/// The same for the same plan and trigger within a run's retries, and ordered by time among others.
fn run_id(plan: &str, trigger_key: &str, app: &App) -> Uuid {
    let digest = blake3::hash(format!("{plan}\0{trigger_key}").as_bytes());
    let mut random = [0; 10];
    random.copy_from_slice(&digest.as_bytes()[..10]);
    let millis = u64::try_from(app.now().as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

async fn expand(app: &App, tx: &mut Tx<'_>, plan: &Plan, known: &Known) -> Result<Vec<Planned>, Error> {
    let wanted: BTreeSet<&str> = plan
        .actions
        .iter()
        .filter_map(|action| match &action.target {
            Target::Organisations { duty } => Some(duty.as_str()),
            _ => None,
        })
        .collect();
    let mut duties = Vec::new();
    for duty in wanted {
        duties.extend(duty_holders(app, tx, duty, &known.region).await?);
    }
    let occasion = Occasion {
        facts: &known.facts,
        region: &known.region,
        responsible: known.responsible.as_ref(),
        duties: &duties,
        today: app.today(),
    };
    let packs = app.packs();
    let role_field = |register: &str, role: Role| {
        packs.register(register).and_then(|r| r.role(role)).map(|field| field.id.clone())
    };
    Ok(plan.expand(&occasion, &packs.regions, role_field))
}

/// Organisations in a region that hold a duty, by the registers that have fields for both.
async fn duty_holders(
    app: &App,
    tx: &mut Tx<'_>,
    duty: &str,
    region: &RegionCode,
) -> Result<Vec<DutyHolder>, Error> {
    let Some(path) = app.packs().regions.get(region).map(|r| r.path.clone()) else { return Ok(Vec::new()) };
    let mut holders = Vec::new();
    for register in app.packs().registers() {
        let (Some(duty_field), Some(organisation)) =
            (register.role(Role::Duty), register.role(Role::Organisation))
        else {
            continue;
        };
        let filter = record::Filter {
            register: register.id.clone(),
            paths: vec![path.clone()],
            fields: vec![(duty_field.id.clone(), FieldTest::Equals(Json::from(duty)))],
            ..record::Filter::default()
        };
        let mut cursor = None;
        loop {
            let page = record::list(tx, &filter, cursor, 1_000).await?;
            for found in page.items {
                if let Some(name) = found.data.get(&organisation.id).and_then(Json::as_str) {
                    let (organisation, duty) = (name.to_owned(), duty.to_owned());
                    holders.push(DutyHolder { organisation, region: found.region, duty });
                }
            }
            cursor = page.next;
            if cursor.is_none() || holders.len() >= ORGANISATIONS_MAX {
                break;
            }
        }
    }
    holders.sort_by(|a, b| (&a.region, &a.organisation).cmp(&(&b.region, &b.organisation)));
    holders.dedup();
    Ok(holders)
}

/// Everything that a run stores, made ready.
#[derive(Default)]
struct Made {
    records: Vec<NewRecord>,
    work: Vec<(Work, WorkEntry)>,
    notices: Vec<Notice>,
    proposals: Vec<Proposal>,
    drafts: Vec<publish::Draft>,
    registers: BTreeSet<(String, String)>,
    /// Registers of created records some plan waits for.
    chained: Vec<RecordId>,
}

fn make(
    app: &App,
    actor: &Actor,
    plan: &Plan,
    run: &RunPlan,
    run_id: Uuid,
    known: &Known,
    planned: &[Planned],
) -> Result<Made, Error> {
    let mut made = Made::default();
    for one in planned {
        let Some(region) = app.packs().regions.get(&one.region) else { continue };
        // Identifiers follow from the run, so that nothing can be made twice.
        let id = child_id(run_id, &one.action, &one.region, one.organisation.as_deref());
        match &one.deed {
            Deed::Create { register, values, due } => {
                let register = crate::records::find_register(app, register)?;
                let values = with_due(app, register, values.clone(), due.as_ref());
                create(app, actor, register, values, id, known.record, run, &mut made).map_err(|error| {
                    Error::Internal(format!("plan `{}`, action `{}`: {error}", plan.id, one.action))
                })?;
            }
            Deed::Notify { role, text } => made.notices.push(Notice {
                id,
                region_path: region.path.clone(),
                role: role.clone(),
                at: app.now(),
                text: text.clone(),
                subject: known.subject.clone(),
                drill: run.drill,
            }),
            Deed::ProposeLevel { level } => made.proposals.push(Proposal {
                id,
                region: one.region.clone(),
                region_path: region.path.clone(),
                level: *level,
                evidence: format!("{} ({})", plan.title.zh, known.subject),
                proposed_at: app.now(),
                drill: run.drill,
            }),
            Deed::DraftPublication { title, body } => {
                // A drill drafts nothing: a publication has no place where it could be marked without being read.
                if !run.drill {
                    made.drafts.push(publish::Draft {
                        region: one.region.clone(),
                        title: title.zh.clone(),
                        text: body.zh.clone(),
                        disease: known.facts.get("disease").and_then(Json::as_str).map(str::to_owned),
                        measure: None,
                    });
                }
            }
        }
    }
    Ok(made)
}

fn child_id(run: Uuid, action: &str, region: &RegionCode, organisation: Option<&str>) -> Uuid {
    let mut hasher = blake3::Hasher::new();
    hasher.update(run.as_bytes());
    for part in [action, region.as_str(), organisation.unwrap_or_default()] {
        hasher.update(part.as_bytes());
        hasher.update(b"\0");
    }
    let mut random = [0; 10];
    random.copy_from_slice(&hasher.finalize().as_bytes()[..10]);
    let millis = run.get_timestamp().map_or(0, |at| {
        let (seconds, nanos) = at.to_unix();
        seconds * 1_000 + u64::from(nanos) / 1_000_000
    });
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

fn with_due(
    app: &App,
    register: &Register,
    mut values: Map<String, Json>,
    due: Option<&(String, Period)>,
) -> Map<String, Json> {
    let Some((field, period)) = due else { return values };
    let zone = app.time_zone();
    let end = app.packs().calendar.end_of(zone.to_datetime(app.now()), *period);
    let is_day = register.field(field).is_some_and(|f| f.field_type == FieldType::Date);
    let value = if is_day {
        Some(end.date().to_string())
    } else {
        zone.to_ambiguous_timestamp(end).compatible().ok().map(|at| at.to_string())
    };
    if let Some(value) = value {
        values.insert(field.clone(), Json::from(value));
    }
    values
}

#[expect(clippy::too_many_arguments, reason = "the parts of a run under way, which has them at hand")]
fn create(
    app: &App,
    actor: &Actor,
    register: &Register,
    values: Map<String, Json>,
    id: Uuid,
    parent: Option<RecordId>,
    run: &RunPlan,
    made: &mut Made,
) -> Result<(), Error> {
    let checked = validate(app, register, values, app.today());
    let Some(mut draft) = checked.draft else {
        let found: Vec<String> = checked.issues.iter().map(|issue| format!("{issue:?}")).collect();
        return Err(Error::Internal(format!("`{}` refuses: {}", register.id, found.join("; "))));
    };
    if !register.has_key(draft.data.as_map()) {
        draft.key.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..16]);
    }
    let id = RecordId(id);
    let data = draft.data.as_map();
    if let Some(new) = life::work_for(app, register, id, &draft.region, data, parent, run.drill) {
        let entry = life::made(&new, &actor.name);
        made.work.push((new, entry));
    }
    made.registers.insert((register.id.clone(), draft.region_path.clone()));
    if run.depth < DEPTH_MAX && sets_off_others(app, register) {
        made.chained.push(id);
    }
    made.records.push(NewRecord::new(register, draft, id).map_err(not_storable)?);
    Ok(())
}

fn sets_off_others(app: &App, register: &Register) -> bool {
    let waits =
        |plan: &Plan| matches!(&plan.trigger, Trigger::RecordEnters { register: r, .. } if *r == register.id);
    app.packs().plans().iter().any(|plan| waits(plan))
}

async fn keep(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    plan: &Plan,
    run: &RunPlan,
    made: Made,
    publications: Vec<Publication>,
) -> Result<Touched, Error> {
    let change = Change {
        by: actor.name.clone(),
        at: app.now(),
        known_on: app.today(),
        reason: Some(plan.title.zh.clone()),
        batch: None,
        drill: run.drill,
    };
    let series = record::insert_many(tx, made.records, &change).await?;
    work::begin_many(tx, &made.work).await?;
    for notice in &made.notices {
        notice::insert(tx, notice).await?;
    }
    for proposal in &made.proposals {
        level_store::propose(tx, proposal).await?;
    }
    let published = !publications.is_empty();
    for drafted in &publications {
        publish::keep_draft(app, tx, actor, drafted).await?;
    }
    for id in made.chained {
        let found: Option<Record> = record::get(tx, id).await?;
        let state = work::get(tx, id).await?.map_or_else(String::new, |w| w.state);
        if let Some(found) = found {
            record_entered(app, tx, &found, &state, run.depth + 1).await?;
        }
    }
    detect::enqueue(app, tx, &series).await?;
    Ok(Touched { registers: made.registers, series, published })
}
