//! Response levels: what holds where, what a decision would bring, deciding, and the way back.

use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::bus::Change as Told;
use crate::dispatch::{self, Happening, Rehearsal, RunReport};
use crate::error::Error;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Map, json};
use std::collections::BTreeMap;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::level::{LevelDecision, ResponseLevel, effective_level};
use wanquan_domain::plan::Trigger;
use wanquan_domain::record::new_uuid;
use wanquan_domain::region::RegionCode;
use wanquan_domain::text::Text;
use wanquan_store::Tx;
use wanquan_store::level::{self, Proposal};

/// Longest evidence, in characters.
const EVIDENCE_CHARS_MAX: usize = 4_000;
/// Days until the review where no pack says otherwise.
const REVIEW_DAYS: u32 = 14;

/// The level of a region.
#[derive(Debug, Clone)]
pub struct Held {
    /// The region.
    pub region: RegionCode,
    /// The level that holds: its own or a graver one from above.
    pub level: ResponseLevel,
    /// The region's own decision, if one holds.
    pub own: Option<LevelDecision>,
    /// The decision that makes the level what it is.
    pub by: Option<LevelDecision>,
}

/// The level that holds for a region today, drills left out.
pub(crate) async fn effective(
    app: &App,
    tx: &mut Tx<'_>,
    region: &RegionCode,
) -> Result<ResponseLevel, Error> {
    let chain = chain(app, region);
    let holding = level::holding(tx, &chain, app.today()).await?;
    Ok(effective_level(holding.iter().map(|decision| decision.level)))
}

/// A region and those above it.
fn chain(app: &App, region: &RegionCode) -> Vec<RegionCode> {
    let regions = &app.packs().regions;
    regions
        .ancestors(region)
        .into_iter()
        .map(|r| r.code.clone())
        .chain([region.clone()])
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// The level of a region and of those one level below it, on a day.
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub async fn read(app: &App, actor: &Actor, region: &RegionCode, on: Date) -> Result<Vec<Held>, Error> {
    authorize(app, actor, Action::SituationRead, Subject::At(region))?;
    let children = app.packs().regions.children(region);
    let mut asked = chain(app, region);
    asked.extend(children.iter().map(|child| child.code.clone()));
    let mut tx = app.read().await?;
    let holding = level::holding(&mut tx, &asked, on).await?;
    let by_region: BTreeMap<&RegionCode, &LevelDecision> = holding.iter().map(|d| (&d.region, d)).collect();
    let held = |code: &RegionCode| {
        let chain = chain(app, code);
        let gravest =
            chain.iter().filter_map(|c| by_region.get(c)).max_by_key(|d| (d.level, d.region_path.len()));
        Held {
            region: code.clone(),
            level: gravest.map_or(ResponseLevel::Routine, |d| d.level),
            own: by_region.get(code).map(|d| (*d).clone()),
            by: gravest.map(|d| (*d).clone()),
        }
    };
    Ok(std::iter::once(region).chain(children.iter().map(|child| &child.code)).map(held).collect())
}

/// Every decision in a region and below it, the latest first.
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub async fn history(app: &App, actor: &Actor, region: &RegionCode) -> Result<Vec<LevelDecision>, Error> {
    authorize(app, actor, Action::SituationRead, Subject::At(region))?;
    let path = path_of(app, region)?;
    let mut tx = app.read().await?;
    Ok(level::list(&mut tx, &path).await?)
}

/// A level that held from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// First day.
    pub from: Date,
    /// The level that held for the region, whoever decided it.
    pub level: ResponseLevel,
}

/// Which level held for a region when: its own decisions and graver ones from above. Begins with the first decision;
/// before it, routine held.
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub async fn timeline(app: &App, actor: &Actor, region: &RegionCode) -> Result<Vec<Span>, Error> {
    authorize(app, actor, Action::SituationRead, Subject::At(region))?;
    let mut tx = app.read().await?;
    let decisions = level::of_regions(&mut tx, &chain(app, region)).await?;
    Ok(spans(&decisions))
}

/// Levels over time from decisions in the order of their first days.
fn spans(decisions: &[LevelDecision]) -> Vec<Span> {
    let mut holding: BTreeMap<&RegionCode, ResponseLevel> = BTreeMap::new();
    let mut spans: Vec<Span> = Vec::new();
    for decision in decisions {
        holding.insert(&decision.region, decision.level);
        let level = effective_level(holding.values().copied());
        // Of several decisions for one day the last one stands.
        if spans.last().is_some_and(|span| span.from == decision.start) {
            spans.pop();
        }
        if spans.last().map_or(ResponseLevel::Routine, |span| span.level) != level {
            spans.push(Span { from: decision.start, level });
        }
    }
    spans
}

/// The level that a region's own decision replaced, where it is another one: the way back.
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub async fn level_before(
    app: &App,
    actor: &Actor,
    region: &RegionCode,
) -> Result<Option<ResponseLevel>, Error> {
    authorize(app, actor, Action::SituationRead, Subject::At(region))?;
    let mut tx = app.read().await?;
    let own = level::of_regions(&mut tx, std::slice::from_ref(region)).await?;
    let mut levels = own.iter().rev().filter(|d| d.start <= app.today()).map(|d| d.level);
    let Some(now) = levels.next() else { return Ok(None) };
    Ok(Some(levels.next().unwrap_or(ResponseLevel::Routine)).filter(|before| *before != now))
}

/// Whether an actor may decide the level of a region.
pub fn may_decide(app: &App, actor: &Actor, region: &RegionCode) -> bool {
    authorize(app, actor, Action::LevelDecide, Subject::At(region)).is_ok()
}

/// Something that a level's profile says differently from another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileChange {
    /// What.
    pub label: Text,
    /// As it is now.
    pub from: String,
    /// As it would be.
    pub to: String,
}

/// What the profiles of two levels say differently.
fn profile_changes(app: &App, from: ResponseLevel, to: ResponseLevel) -> Vec<ProfileChange> {
    let (Some(a), Some(b)) = (app.packs().level(from), app.packs().level(to)) else { return Vec::new() };
    let listed = |items: &[String]| if items.is_empty() { "–".to_owned() } else { items.join(", ") };
    let of =
        |en: &str, zh: &str, from: String, to: String| ProfileChange { label: Text::new(en, zh), from, to };
    let all = [
        of(
            "Factor on alarm thresholds",
            "预警阈值系数",
            a.threshold_factor.to_string(),
            b.threshold_factor.to_string(),
        ),
        of(
            "Units report every (hours)",
            "报告间隔（小时）",
            a.report_every_hours.to_string(),
            b.report_every_hours.to_string(),
        ),
        of(
            "Persons on duty in a unit",
            "各单位值班人数",
            a.duty_persons.to_string(),
            b.duty_persons.to_string(),
        ),
        of(
            "Review after (days)",
            "复评间隔（天）",
            a.review_after_days.to_string(),
            b.review_after_days.to_string(),
        ),
        of("Plans opened", "启用预案", listed(&a.plans), listed(&b.plans)),
        of("Forms required", "必填表单", listed(&a.forms), listed(&b.forms)),
    ];
    all.into_iter().filter(|change| change.from != change.to).collect()
}

/// Proposals of plans in a region and below it that wait for an answer.
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub async fn proposals(app: &App, actor: &Actor, region: &RegionCode) -> Result<Vec<Proposal>, Error> {
    authorize(app, actor, Action::SituationRead, Subject::At(region))?;
    let path = path_of(app, region)?;
    let mut tx = app.read().await?;
    Ok(level::waiting(&mut tx, &path).await?)
}

fn path_of(app: &App, region: &RegionCode) -> Result<String, Error> {
    let found = app.packs().regions.get(region).ok_or_else(|| Error::not_found("region", region))?;
    Ok(found.path.clone())
}

/// What a person decides.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Region.
    pub region: RegionCode,
    /// Level.
    pub level: ResponseLevel,
    /// What speaks for it.
    pub evidence: String,
    /// First day on which it holds; today if absent.
    pub start: Option<Date>,
    /// Day by which it is reviewed; by the level's profile if absent.
    pub review_on: Option<Date>,
    /// The proposal that it answers.
    pub proposal: Option<Uuid>,
}

/// What a decision would bring.
#[derive(Debug, Clone)]
pub struct Forecast {
    /// The level that holds now.
    pub previous: ResponseLevel,
    /// The level that would hold: never below what holds above.
    pub level: ResponseLevel,
    /// What each plan would do.
    pub plans: Vec<(String, RunReport)>,
    /// Regions below whose level would change.
    pub regions_changed: usize,
    /// What the profiles of the two levels say differently.
    pub changes: Vec<ProfileChange>,
}

/// What deciding would bring, without deciding: "1,204 tasks in 149 townships".
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub async fn dry_run(app: &App, actor: &Actor, decision: &Decision) -> Result<Forecast, Error> {
    authorize(app, actor, Action::LevelDecide, Subject::At(&decision.region))?;
    let mut tx = app.read().await?;
    let previous = effective(app, &mut tx, &decision.region).await?;
    let above: Vec<RegionCode> =
        chain(app, &decision.region).into_iter().filter(|c| *c != decision.region).collect();
    let holding = level::holding(&mut tx, &above, app.today()).await?;
    drop(tx);
    let level = effective_level(holding.iter().map(|d| d.level).chain([decision.level]));
    let mut plans = Vec::new();
    for plan in app.packs().plans().iter().filter(|plan| plan.trigger == Trigger::LevelDecided) {
        if decision.level < plan.from_level {
            continue;
        }
        let wanted = Rehearsal { plan: plan.id.clone(), region: decision.region.clone(), drill: false };
        let facts = Map::from_iter([
            ("previous".to_owned(), json!(previous.as_str())),
            ("level".to_owned(), json!(decision.level.as_str())),
        ]);
        let report = dispatch::preview(app, actor, &wanted, facts).await?;
        if report.nothing.is_none() {
            plans.push((plan.id.clone(), report));
        }
    }
    let regions_changed = if level == previous { 0 } else { below(app, &decision.region) };
    let changes = profile_changes(app, previous, level);
    Ok(Forecast { previous, level, plans, regions_changed, changes })
}

fn below(app: &App, region: &RegionCode) -> usize {
    let Some(path) = app.packs().regions.get(region).map(|r| r.path.clone()) else { return 0 };
    app.packs().regions.iter().filter(|r| r.path.starts_with(&path) && r.path != path).count()
}

/// Decides the level of a region: an act with a date, evidence, an audit entry, and a way back by deciding again. Sets
/// off the plans that wait for it.
///
/// # Errors
/// `NotFound`; `Forbidden`; `BadInput` without evidence or with dates in the wrong order.
pub async fn decide(app: &App, actor: &Actor, decision: &Decision) -> Result<LevelDecision, Error> {
    authorize(app, actor, Action::LevelDecide, Subject::At(&decision.region))?;
    let evidence = decision.evidence.trim();
    if evidence.is_empty() || evidence.chars().count() > EVIDENCE_CHARS_MAX {
        let message = format!("1 to {EVIDENCE_CHARS_MAX} characters: what speaks for this level");
        return Err(Error::BadInput { field: "evidence", message });
    }
    let today = app.today();
    let start = decision.start.unwrap_or(today);
    if start < today {
        let message = "a level is not decided for days that have passed".to_owned();
        return Err(Error::BadInput { field: "start", message });
    }
    let days = app.packs().level(decision.level).map_or(REVIEW_DAYS, |profile| profile.review_after_days);
    let review_on = decision.review_on.unwrap_or_else(|| start.saturating_add(i64::from(days).days()));
    if review_on < start {
        let message = "the review lies before the beginning".to_owned();
        return Err(Error::BadInput { field: "review_on", message });
    }
    let mut tx = app.write().await?;
    let previous = effective(app, &mut tx, &decision.region).await?;
    let decided = LevelDecision {
        id: new_uuid(app.now()),
        region: decision.region.clone(),
        region_path: path_of(app, &decision.region)?,
        level: decision.level,
        evidence: evidence.to_owned(),
        decided_by: actor.name.clone(),
        decided_at: app.now(),
        start,
        review_on,
        drill: false,
    };
    level::insert(&mut tx, &decided).await?;
    if let Some(proposal) = decision.proposal
        && !level::answer(&mut tx, proposal, true, &actor.name, app.now()).await?
    {
        let message = "the proposal was answered already".to_owned();
        return Err(Error::Refused { code: "already_answered", message });
    }
    let happening = Happening::Level {
        id: decided.id,
        region: decided.region.clone(),
        previous: previous.as_str().to_owned(),
        level: decided.level.as_str().to_owned(),
    };
    dispatch::happened(app, &mut tx, &happening).await?;
    let detail = json!({
        "level": decided.level.as_str(), "previous": previous.as_str(), "start": start.to_string(),
        "review_on": review_on.to_string(),
    });
    app.audit(&mut tx, actor, "level.decide", &format!("region/{}", decided.region), detail).await?;
    tx.commit().await?;
    app.bus().send(Told::Level { region_path: decided.region_path.clone() });
    app.wake_worker();
    Ok(decided)
}

/// Declines a proposal.
///
/// # Errors
/// `Forbidden`; `NotFound` or `Refused` if it is not waiting.
pub async fn decline(app: &App, actor: &Actor, region: &RegionCode, proposal: Uuid) -> Result<(), Error> {
    authorize(app, actor, Action::LevelDecide, Subject::At(region))?;
    let path = path_of(app, region)?;
    let mut tx = app.write().await?;
    if !level::waiting(&mut tx, &path).await?.iter().any(|waiting| waiting.id == proposal) {
        return Err(Error::not_found("proposal", proposal));
    }
    level::answer(&mut tx, proposal, false, &actor.name, app.now()).await?;
    app.audit(&mut tx, actor, "level.decline", &format!("proposal/{proposal}"), json!({})).await?;
    tx.commit().await?;
    app.bus().send(Told::Level { region_path: path });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn levels_over_time_follow_own_decisions_and_graver_ones_from_above() {
        use ResponseLevel::{I, Iii, Iv, Routine};
        let decision = |region: &str, day, level| LevelDecision {
            id: Uuid::nil(),
            region: RegionCode::new(region),
            region_path: String::new(),
            level,
            evidence: String::new(),
            decided_by: String::new(),
            decided_at: jiff::Timestamp::UNIX_EPOCH,
            start: date(2020, 2, day),
            review_on: date(2020, 3, day),
            drill: false,
        };
        let decisions = [
            decision("county", 1, Iii),
            decision("city", 3, Iv),
            decision("city", 5, I),
            decision("county", 6, Routine),
            decision("city", 9, Iii),
            decision("city", 9, Routine),
        ];
        let found: Vec<_> = spans(&decisions).iter().map(|s| (s.from.day(), s.level)).collect();
        assert_eq!(found, [(1, Iii), (5, I), (9, Routine)]);
    }
}
