//! What happened in a region, in order: the timeline after an action, and the last hour of a duty desk.

use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::error::Error;
use crate::ingest::neutralise::guard;
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::record::RecordId;
use wanquan_domain::region::RegionCode;
use wanquan_domain::text::{Lang, Text};
use wanquan_domain::work::{WorkAct, WorkEntry};
use wanquan_store::work::Happened;
use wanquan_store::{Tx, level, plan_run, publication, record, signal, work};

/// Longest chronicle.
pub const ENTRIES_MAX: u32 = 5_000;

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A signal was raised, or a person assessed it.
    Signal,
    /// A response level was decided.
    Level,
    /// A plan ran.
    Plan,
    /// Something happened to a record that somebody answers for.
    Work,
    /// A bulletin was drafted or published.
    Publication,
}

impl Kind {
    /// The name used in the API and in exports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Level => "level",
            Self::Plan => "plan",
            Self::Work => "work",
            Self::Publication => "publication",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who or what did it.
    pub by: String,
    /// What it is about.
    pub kind: Kind,
    /// Where.
    pub region: RegionCode,
    /// What happened.
    pub what: Text,
    /// Why, where somebody said so.
    pub reason: Option<String>,
    /// What it is about: `record/ID`, `signal/ID`, ...
    pub subject: String,
    /// A rehearsal.
    pub drill: bool,
}

/// From when to when, at most how many.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// First instant.
    pub from: Timestamp,
    /// The instant after the last.
    pub to: Timestamp,
    /// The latest so many, brought into 1 to [`ENTRIES_MAX`].
    pub limit: u32,
}

/// What happened in a region and below it, oldest first, and whether older entries of the span were left out.
///
/// # Errors
/// `Forbidden` unless the actor reads records and the situation of the whole region; `NotFound` for a region.
pub async fn chronicle(
    app: &App,
    actor: &Actor,
    region: &RegionCode,
    span: Span,
) -> Result<(Vec<Entry>, bool), Error> {
    authorize(app, actor, Action::SituationRead, Subject::At(region))?;
    authorize(app, actor, Action::RecordRead, Subject::At(region))?;
    let mut tx = app.read().await?;
    gather(app, &mut tx, region, span).await
}

/// The chronicle as CSV in a language; who took it along stands in the audit log.
///
/// # Errors
/// As for [`chronicle`].
pub async fn export(
    app: &App,
    actor: &Actor,
    region: &RegionCode,
    span: Span,
    lang: Lang,
) -> Result<Vec<u8>, Error> {
    let (entries, left_out) = chronicle(app, actor, region, span).await?;
    let written = csv_of(app, &entries, lang).map_err(|e| Error::Internal(e.to_string()))?;
    let mut tx = app.write().await?;
    let detail = json!({
        "from": span.from.to_string(), "to": span.to.to_string(), "entries": entries.len(), "left_out": left_out,
    });
    app.audit(&mut tx, actor, "chronicle.export", &format!("region/{region}"), detail).await?;
    tx.commit().await?;
    Ok(written)
}

fn csv_of(app: &App, entries: &[Entry], lang: Lang) -> Result<Vec<u8>, csv::Error> {
    let header = match lang {
        Lang::En => ["at", "kind", "region_code", "region", "by", "what", "reason", "subject", "drill"],
        Lang::Zh => ["时间", "类别", "地区代码", "地区", "人员", "事项", "理由", "对象", "演练"],
    };
    // Spreadsheets take UTF-8 for something else without the mark.
    let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(header)?;
    for entry in entries {
        let name = app.packs().regions.get(&entry.region).map_or("", |region| region.name.as_str());
        let civil = app.time_zone().to_datetime(entry.at).strftime("%Y-%m-%d %H:%M:%S").to_string();
        writer.write_record([
            civil.as_str(),
            entry.kind.as_str(),
            entry.region.as_str(),
            name,
            &guard(&entry.by),
            &guard(entry.what.get(lang)),
            &guard(entry.reason.as_deref().unwrap_or_default()),
            &entry.subject,
            if entry.drill { "true" } else { "" },
        ])?;
    }
    writer.into_inner().map_err(|e| csv::Error::from(e.into_error()))
}

async fn gather(
    app: &App,
    tx: &mut Tx<'_>,
    region: &RegionCode,
    span: Span,
) -> Result<(Vec<Entry>, bool), Error> {
    let found = app.packs().regions.get(region).ok_or_else(|| Error::not_found("region", region))?;
    let path = found.path.as_str();
    let limit = span.limit.clamp(1, ENTRIES_MAX);
    let within = |at: Timestamp| at >= span.from && at < span.to;
    let mut entries = of_work(app, tx, path, span, limit).await?;
    entries.extend(of_signals(app, tx, path, span, limit).await?);
    for decision in level::list(tx, path).await?.into_iter().filter(|d| within(d.decided_at)) {
        let label = app.packs().level(decision.level).map(|p| p.label.clone()).unwrap_or_default();
        entries.push(Entry {
            at: decision.decided_at,
            by: decision.decided_by,
            kind: Kind::Level,
            what: Text::new(
                format!("{} decided from {}", label.en, decision.start),
                format!("决定自{}起实施{}", decision.start, label.zh),
            ),
            reason: Some(decision.evidence),
            subject: format!("region/{}", decision.region),
            region: decision.region,
            drill: decision.drill,
        });
    }
    entries.extend(of_plans(app, tx, path, span, limit).await?);
    let (publications, _) = publication::list(tx, &[path.to_owned()], None, None, limit).await?;
    for one in publications {
        let told = |at, by: String, en: &str, zh: &str| Entry {
            at,
            by,
            kind: Kind::Publication,
            region: one.region.clone(),
            what: Text::new(format!("{en}: {}", one.title), format!("{zh}：{}", one.title)),
            reason: None,
            subject: format!("publication/{}", one.id),
            drill: false,
        };
        if within(one.drafted_at) {
            entries.push(told(one.drafted_at, one.drafted_by.clone(), "Drafted", "起草通报"));
        }
        if let (Some(at), Some(by)) = (one.published_at, one.published_by.clone())
            && within(at)
        {
            entries.push(told(at, by, "Published", "发布通报"));
        }
    }
    // The order within an instant stays as gathered: each source is in its own order.
    entries.sort_by_key(|entry| entry.at);
    let surplus = entries.len().saturating_sub(limit as usize);
    Ok((entries.split_off(surplus), surplus > 0))
}

async fn of_plans(
    app: &App,
    tx: &mut Tx<'_>,
    path: &str,
    span: Span,
    limit: u32,
) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    let mut after: Option<Uuid> = None;
    loop {
        let page = plan_run::list(tx, path, after, 500).await?;
        after = page.last().map(|run| run.id);
        // Identifiers grow with time: the first run before the span ends the search.
        let is_last = page.len() < 500 || page.last().is_some_and(|run| run.at < span.from);
        for run in page.into_iter().filter(|run| run.at >= span.from && run.at < span.to) {
            let id = || Text::new(run.plan.as_str(), run.plan.as_str());
            let title = app.packs().plan(&run.plan).map_or_else(id, |plan| plan.title.clone());
            entries.push(Entry {
                at: run.at,
                by: run.by,
                kind: Kind::Plan,
                region: run.region,
                what: Text::new(
                    format!("Plan ran: {} ({} things done)", title.en, run.done),
                    format!("预案执行：{}（{}项）", title.zh, run.done),
                ),
                reason: None,
                subject: run.trigger_key,
                drill: run.drill,
            });
        }
        if is_last || entries.len() >= limit as usize {
            entries.reverse();
            return Ok(entries);
        }
    }
}

async fn of_signals(
    app: &App,
    tx: &mut Tx<'_>,
    path: &str,
    span: Span,
    limit: u32,
) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    for one in signal::happened(tx, path, span.from, span.to, limit).await? {
        let disease = app.packs().disease(&one.disease).map_or_else(
            || Text::new(one.disease.as_str(), one.disease.as_str()),
            |disease| disease.label.clone(),
        );
        let (en, zh) = match one.entry.act.as_str() {
            "raised" => ("Signal", "信号"),
            "alarm" => ("Assessed as an alarm", "研判为预警"),
            _ => ("Dismissed", "研判排除"),
        };
        entries.push(Entry {
            at: one.entry.at,
            by: one.entry.by,
            kind: Kind::Signal,
            region: one.region,
            what: Text::new(
                format!("{en}: {}, {} on {}", disease.en, one.observed, one.date),
                format!("{zh}：{}，{}观测{}", disease.zh, one.date, one.observed),
            ),
            reason: one.entry.reason,
            subject: format!("signal/{}", one.id),
            drill: false,
        });
    }
    entries.reverse();
    Ok(entries)
}

async fn of_work(
    app: &App,
    tx: &mut Tx<'_>,
    path: &str,
    span: Span,
    limit: u32,
) -> Result<Vec<Entry>, Error> {
    let mut titles: BTreeMap<RecordId, (RegionCode, String)> = BTreeMap::new();
    let mut entries = Vec::new();
    for one in work::happened(tx, path, span.from, span.to, limit).await? {
        let known = match titles.get(&one.record) {
            Some(known) => known.clone(),
            None => {
                let Some(found) = record::get(tx, one.record).await? else { continue };
                let known = (found.region.clone(), crate::supervise::title_of(app, &found));
                titles.insert(one.record, known.clone());
                known
            }
        };
        let (region, title) = known;
        let what = said(app, &one, &title);
        entries.push(Entry {
            at: one.entry.at,
            by: one.entry.by,
            kind: Kind::Work,
            region,
            what,
            reason: one.entry.reason,
            subject: format!("record/{}", one.record),
            drill: one.drill,
        });
    }
    entries.reverse();
    Ok(entries)
}

/// `Tasks: look for arrivals - Confirm receipt`.
fn said(app: &App, one: &Happened, title: &str) -> Text {
    let register = app.packs().register(&one.register);
    let named = register.map_or_else(
        || Text::new(one.register.as_str(), one.register.as_str()),
        |register| register.title.clone(),
    );
    let life = register.and_then(|register| register.lifecycle.as_ref());
    let step = one.entry.step.as_deref().and_then(|id| life?.step(id)).map(|step| step.label.clone());
    let did = match (one.entry.act, step) {
        (WorkAct::Step, Some(label)) => label,
        (WorkAct::Proposed, Some(label)) => {
            Text::new(format!("proposed: {}", label.en), format!("提出：{}", label.zh))
        }
        (act, _) => act_text(act, &one.entry, app),
    };
    Text::new(format!("{}: {title} - {}", named.en, did.en), format!("{}：{title}——{}", named.zh, did.zh))
}

fn act_text(act: WorkAct, entry: &WorkEntry, app: &App) -> Text {
    let unit = entry.unit.as_ref().map(|unit| crate::life::unit_name(app, unit)).unwrap_or_default();
    match act {
        WorkAct::Made => Text::new(format!("begun, {unit} answers"), format!("新建，由{unit}负责")),
        WorkAct::Step => Text::new("step", "办理"),
        WorkAct::Proposed => Text::new("proposed", "提出"),
        WorkAct::Offered => Text::new(format!("offered to {unit}"), format!("移交{unit}")),
        WorkAct::Accepted => Text::new(format!("accepted by {unit}"), format!("{unit}接收")),
        WorkAct::Declined => Text::new("declined", "退回移交"),
        WorkAct::Warned => Text::new("due soon", "即将到期"),
        WorkAct::Late => Text::new("late", "超期"),
        WorkAct::Escalated => Text::new(format!("lateness raised to {unit}"), format!("超期上报{unit}")),
        WorkAct::Snoozed => Text::new("reminder put off", "延后提醒"),
    }
}
