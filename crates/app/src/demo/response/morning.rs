//! A morning that is under way when the visitor comes.

use super::Places;
use crate::app::App;
use crate::demo::CITY;
use crate::error::Error;
use crate::life::{Bulk, StepInput, take_step, take_steps};
use crate::{jobs, records, supervise};
use serde_json::{Map, Value as Json, json};
use wanquan_domain::actor::Actor;
use wanquan_domain::record::RecordId;

/// A morning that is under way: directives that some units have received, some carry out, some have not opened, and
/// deadlines that have passed.
pub(in crate::demo) async fn begin_morning(app: &App, maker: &Actor, commander: &Actor) -> Result<(), Error> {
    let places = Places::of(app);
    let (today, tomorrow) = (places.ago(0), places.ahead(1));
    let everywhere = json!({
        "number": "合成〔2020〕11号", "title": "逐户排查来返人员（合成）",
        "text": "对1月25日以来来返人员逐户排查登记，落实居家健康监测，当日反馈进展。",
        "region": CITY, "addressee_level": "township", "due": format!("{tomorrow}T10:00:00Z"), "issued_on": today,
    });
    let tasks = issue(app, commander, everywhere).await?;
    let part = |of: usize| tasks.iter().enumerate().filter(move |(i, _)| i % 10 < of).map(|(_, id)| *id);
    advance(app, maker, part(7), "receive", json!({})).await?;
    advance(app, maker, part(5), "start", json!({ "progress": "已排查60户（合成）" })).await?;
    advance(app, maker, part(2), "finish", json!({ "result": "排查完毕，登记12人（合成）" })).await?;

    let late = json!({
        "number": "合成〔2020〕9号", "title": "核查隔离点设置（合成）",
        "text": "逐一核查集中隔离点的分区、通道与值守，附照片。",
        "region": CITY, "addressee_level": "county", "departments": ["health", "public_security"],
        "due": format!("{}T12:00:00Z", places.ago(1)), "issued_on": places.ago(1),
    });
    let tasks = issue(app, commander, late).await?;
    let most = || tasks.iter().skip(3).copied();
    advance(app, maker, most(), "receive", json!({})).await?;
    advance(app, maker, most(), "finish", json!({ "result": "已核查，见附件（合成）" })).await?;

    let draft = json!({
        "number": "合成〔2020〕12号", "title": "核酸采样点演练（合成）", "text": "各县选一处采样点开展演练。",
        "region": CITY, "addressee_level": "county", "due": format!("{tomorrow}T10:00:00Z"), "issued_on": today,
    });
    let draft = create(app, commander, "directive", draft).await?;
    take_step(app, commander, draft, &step("submit", json!({}))).await?;
    supervise::sweep(app).await?;
    Ok(())
}

fn values(value: Json) -> Map<String, Json> {
    value.as_object().cloned().unwrap_or_default()
}

fn step(id: &str, of: Json) -> StepInput {
    StepInput { step: id.to_owned(), values: values(of), reason: None, expected: None }
}

async fn create(app: &App, actor: &Actor, register: &str, of: Json) -> Result<RecordId, Error> {
    Ok(records::create(app, actor, register, values(of), None).await?.record.id)
}

/// Issues a directive and returns the tasks that it made.
async fn issue(app: &App, commander: &Actor, directive: Json) -> Result<Vec<RecordId>, Error> {
    let id = create(app, commander, "directive", directive).await?;
    take_step(app, commander, id, &step("issue", json!({}))).await?;
    jobs::run_due(app).await?;
    let standings = supervise::standings(app, commander, id).await?;
    Ok(standings.into_iter().map(|unit| unit.record).collect())
}

async fn advance(
    app: &App,
    actor: &Actor,
    tasks: impl Iterator<Item = RecordId>,
    id: &str,
    of: Json,
) -> Result<(), Error> {
    let tasks: Vec<RecordId> = tasks.collect();
    take_steps(app, actor, &tasks, &step(id, of), Bulk::Together).await?;
    Ok(())
}
