//! What a plan knows of the thing that set it off.

use super::{Happening, RunPlan};
use crate::app::App;
use crate::error::Error;
use crate::level;
use serde_json::{Map, Value as Json, json};
use wanquan_domain::plan::Plan;
use wanquan_domain::record::{Record, RecordId};
use wanquan_domain::region::RegionCode;
use wanquan_domain::unit::Unit;
use wanquan_store::{Tx, record, signal, work};

/// Facts with their place.
pub(super) struct Known {
    pub(super) facts: Map<String, Json>,
    pub(super) region: RegionCode,
    /// Region of the unit responsible for the record that triggered.
    pub(super) responsible: Option<RegionCode>,
    /// The record that triggered.
    pub(super) record: Option<RecordId>,
    /// What created records and notices say they are about.
    pub(super) subject: String,
}

/// The open fields of a record, with its place. The level of its region is not among them: it is asked of the
/// database when the plan runs.
pub(super) fn facts_of_record(app: &App, plan: &Plan, found: &Record) -> Map<String, Json> {
    let personal = |id: &str| {
        let register = app.packs().register(&found.register);
        register.and_then(|r| r.field(id)).is_some_and(|f| f.personal)
    };
    let mut facts = found.data.as_map().clone();
    facts.retain(|id, _| !personal(id));
    add_place(app, &mut facts, &found.region);
    complete(plan, &mut facts);
    facts
}

fn add_place(app: &App, facts: &mut Map<String, Json>, region: &RegionCode) {
    facts.insert("region".into(), json!(region.as_str()));
    if let Some(region) = app.packs().regions.get(region) {
        facts.insert("region_name".into(), json!(region.name));
        facts.insert("region_level".into(), json!(region.level.as_str()));
    }
    facts.insert("today".into(), json!(app.today().to_string()));
}

/// Facts that the plan may name and that are absent are null, so that texts leave them out.
fn complete(plan: &Plan, facts: &mut Map<String, Json>) {
    for fact in &plan.facts {
        facts.entry(fact.id.clone()).or_insert(Json::Null);
    }
}

/// Everything that a plan may know when it runs; `None` if the thing is gone.
pub(super) async fn gather(
    app: &App,
    tx: &mut Tx<'_>,
    plan: &Plan,
    run: &RunPlan,
) -> Result<Option<Known>, Error> {
    let known = match &run.happening {
        Happening::Record { id, version, .. } => of_record(app, tx, plan, *id, *version).await?,
        Happening::Signal { id } | Happening::Alarm { id } => {
            let Some(found) = signal::get(tx, *id).await? else { return Ok(None) };
            let facts = json!({
                "disease": found.series.disease, "measure": found.series.measure, "method": found.method,
                "step": found.step, "date": found.date.to_string(), "observed": found.observed,
                "expected": found.expected, "p_value": found.p_value,
            });
            Some(placed(facts, found.series.region, format!("signal/{id}")))
        }
        Happening::Level { id, region, previous, .. } => {
            Some(placed(json!({ "previous": previous }), region.clone(), format!("level/{id}")))
        }
        Happening::Daily { region, .. } | Happening::Manual { region, .. } => {
            Some(placed(json!({}), region.clone(), format!("region/{region}")))
        }
    };
    let Some(mut known) = known else { return Ok(None) };
    add_place(app, &mut known.facts, &known.region);
    let held = match &run.happening {
        Happening::Level { level, .. } => level.clone(),
        _ => level::effective(app, tx, &known.region).await?.as_str().to_owned(),
    };
    known.facts.insert("level".into(), json!(held));
    complete(plan, &mut known.facts);
    Ok(Some(known))
}

fn placed(facts: Json, region: RegionCode, subject: String) -> Known {
    let facts = match facts {
        Json::Object(facts) => facts,
        _ => Map::new(),
    };
    Known { facts, region, responsible: None, record: None, subject }
}

async fn of_record(
    app: &App,
    tx: &mut Tx<'_>,
    plan: &Plan,
    id: RecordId,
    version: u32,
) -> Result<Option<Known>, Error> {
    let current = record::get(tx, id).await?;
    let found = match current {
        Some(found) if found.version == version => Some(found),
        Some(_) => record::versions(tx, id).await?.into_iter().find(|found| found.version == version),
        None => None,
    };
    let Some(found) = found else { return Ok(None) };
    let unit = work::get(tx, id).await?.map(|work| work.unit);
    let responsible = match unit {
        Some(Unit::Region(code)) => Some(code),
        _ => None,
    };
    Ok(Some(Known {
        facts: facts_of_record(app, plan, &found),
        region: found.region,
        responsible,
        record: Some(id),
        subject: format!("record/{id}"),
    }))
}
