//! The demonstration: a running city on real history, put in by the same verbs as anything else.
//!
//! What is real and what is not never mixes: invented cases have a disease of their own, whose name says so, and
//! accounts with published passwords exist in an installation that is marked as a demonstration and in no other.

mod portal;
mod response;
mod sheet;

use crate::access::NewAccount;
use crate::administer::{add_grant, create_user, users};
use crate::app::App;
use crate::error::Error;
use crate::ingest::import::{ImportOptions, Input, Mapping, import};
use crate::ingest::pack_data::{Known, load_history};
use crate::jobs;
use crate::portal::channels::prepare;
use crate::portal::exchange::{Placing, import_articles, parse_markdown};
use crate::publish::{Draft, draft_publication, publish_publication};
use jiff::civil::Date;
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;
use wanquan_domain::actor::{Actor, ActorKind, Grant};
use wanquan_domain::date::parse_iso;
use wanquan_domain::region::RegionCode;
use wanquan_store::setting;

/// The password of every sample account. It is published: a demonstration holds nothing that needs hiding.
pub const PASSWORD: &str = "changzhi-2020";
/// Disease of the invented cases.
pub const SYNTHETIC_DISEASE: &str = "influenza-synthetic";
/// City of the demonstration.
pub const CITY: &str = "140400";
/// County whose epidemiologist has an account.
const COUNTY: &str = "140423";
/// Township of that county whose officer has an account.
const TOWNSHIP: &str = "140423100";
const MARK: &str = "demonstration";

/// An account whose password is published.
#[derive(Debug, Clone, Copy)]
pub struct SampleAccount {
    /// Name to sign in with.
    pub username: &'static str,
    /// Name as shown.
    pub display_name: &'static str,
    /// Role of the base pack.
    pub role: &'static str,
    /// Region in which it is held.
    pub region: &'static str,
}

/// The sample accounts, in the order in which a visitor meets them.
pub const ACCOUNTS: [SampleAccount; 11] = [
    SampleAccount {
        username: "commander",
        display_name: "指挥长（演示） Commander",
        role: "commander",
        region: CITY,
    },
    SampleAccount {
        username: "epidemiologist",
        display_name: "流调员（演示） Epidemiologist",
        role: "epidemiologist",
        region: COUNTY,
    },
    SampleAccount {
        username: "county",
        display_name: "县指挥长（演示） County commander",
        role: "commander",
        region: COUNTY,
    },
    SampleAccount {
        username: "department",
        display_name: "县部门责任人（演示） Officer of the county's departments",
        role: "unit_officer",
        region: COUNTY,
    },
    SampleAccount {
        username: "township",
        display_name: "乡镇责任人（演示） Township officer",
        role: "unit_officer",
        region: TOWNSHIP,
    },
    SampleAccount {
        username: "worker",
        display_name: "社区工作者（演示） Community worker",
        role: "community_worker",
        region: TOWNSHIP,
    },
    SampleAccount {
        username: "inspector",
        display_name: "督查员（演示） Inspector",
        role: "inspector",
        region: CITY,
    },
    SampleAccount {
        username: "clerk",
        display_name: "录入员（演示） Data clerk",
        role: "data_clerk",
        region: CITY,
    },
    SampleAccount {
        username: "editor",
        display_name: "门户编辑（演示） Portal editor",
        role: "portal_editor",
        region: CITY,
    },
    SampleAccount {
        username: "reviewer",
        display_name: "门户审核（演示） Portal reviewer",
        role: "portal_reviewer",
        region: CITY,
    },
    SampleAccount {
        username: "admin",
        display_name: "管理员（演示） Administrator",
        role: "administrator",
        region: "100000",
    },
];

/// What an installation is, as far as demonstrations are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing is in it.
    Empty,
    /// A demonstration; it may have been left in the middle of its making.
    Demonstration {
        /// Whether everything is in it.
        complete: bool,
    },
    /// An installation in earnest.
    Real,
}

/// Whether an installation is a demonstration.
///
/// # Errors
/// If the store fails.
pub async fn state(app: &App) -> Result<State, Error> {
    let mut tx = app.read().await?;
    if let Some(mark) = setting::get(&mut tx, MARK).await? {
        return Ok(State::Demonstration { complete: mark["complete"] == true });
    }
    drop(tx);
    let anybody = !users(app, &maker(), None, 1).await?.items.is_empty();
    Ok(if anybody { State::Real } else { State::Empty })
}

/// Fills an empty installation: history as known today, invented cases, accounts, what the detectors find, and a
/// publication. `cases` is the line list of the invented cases (CSV, with a column `report_date`).
///
/// # Errors
/// `Refused` for an installation that holds anything else; what the verbs report otherwise.
pub async fn furnish(app: &App, cases: &[u8]) -> Result<(), Error> {
    if state(app).await? != State::Empty {
        let message = "demonstrations are made in empty folders only";
        return Err(Error::Refused { code: "not_empty", message: message.to_owned() });
    }
    let maker = maker();
    // From here on nothing takes it for an installation in earnest, even if the power is cut before it is complete.
    mark(app, &maker, false).await?;
    load_history(app, &maker, Known { after: None, until: Some(app.today()) }).await?;
    load_cases(app, &maker, cases).await?;
    let mut commander = None;
    for account in &ACCOUNTS {
        let id = open_account(app, &maker, account).await?;
        commander.get_or_insert((id, account));
    }
    response::fill(app, &maker).await?;
    portal::fill(app, &maker).await?;
    jobs::run_due(app).await?;
    if let Some((id, account)) = commander {
        let commander = acting(id, account);
        publish_figures(app, &commander).await?;
        portal::publish(app, &maker, &commander).await?;
        publish_articles(app, &maker).await?;
        response::begin_morning(app, &maker, &commander).await?;
    }
    mark(app, &maker, true).await
}

fn maker() -> Actor {
    Actor::system("演示数据 Demonstration")
}

async fn mark(app: &App, actor: &Actor, complete: bool) -> Result<(), Error> {
    let mut tx = app.write().await?;
    setting::set(&mut tx, MARK, &json!({ "complete": complete }), &actor.name, app.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Each day's reports are a file of their own, so that the replay shows each case from the day of its report.
async fn load_cases(app: &App, actor: &Actor, cases: &[u8]) -> Result<(), Error> {
    for (day, rows) in
        by_report_date(cases).map_err(|e| Error::Internal(format!("the invented cases: {e}")))?
    {
        if day > app.today() {
            break;
        }
        imported(app, actor, "case", rows, Some(day)).await?;
    }
    Ok(())
}

/// Imports an invented table; every row must be accepted.
async fn imported(
    app: &App,
    actor: &Actor,
    register: &str,
    rows: Vec<u8>,
    known_on: Option<Date>,
) -> Result<(), Error> {
    let defaults = match register {
        "case" => vec![("disease".to_owned(), SYNTHETIC_DISEASE.to_owned())],
        _ => Vec::new(),
    };
    let mapping = Mapping { defaults, known_on, ..Mapping::default() };
    let name = match known_on {
        Some(day) => format!("synthetic-{register}-{day}.csv"),
        None => format!("synthetic-{register}.csv"),
    };
    let options = ImportOptions { mapping, ..ImportOptions::default() };
    let report = import(app, actor, register, Input { source: rows.into(), name }, options).await?;
    if report.refused > 0 || report.refusal.is_some() {
        let why = report.issues.first().map(|issue| format!("{issue:?}"));
        let why = why.or_else(|| report.refusal.as_ref().map(|refusal| refusal.message.clone()));
        return Err(Error::Internal(format!("the invented `{register}`: {}", why.unwrap_or_default())));
    }
    Ok(())
}

fn by_report_date(cases: &[u8]) -> Result<BTreeMap<Date, Vec<u8>>, csv::Error> {
    let mut reader = csv::Reader::from_reader(cases);
    let header = reader.headers()?.clone();
    let column = header.iter().position(|name| name == "report_date");
    let mut days: BTreeMap<Date, csv::Writer<Vec<u8>>> = BTreeMap::new();
    for row in reader.records() {
        let row = row?;
        let Some(day) = column.and_then(|column| row.get(column)).and_then(parse_iso) else { continue };
        let writer = match days.entry(day) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let mut writer = csv::Writer::from_writer(Vec::new());
                writer.write_record(&header)?;
                entry.insert(writer)
            }
        };
        writer.write_record(&row)?;
    }
    let finish =
        |writer: csv::Writer<Vec<u8>>| writer.into_inner().map_err(|e| csv::Error::from(e.into_error()));
    days.into_iter().map(|(day, writer)| Ok((day, finish(writer)?))).collect()
}

async fn open_account(app: &App, maker: &Actor, account: &SampleAccount) -> Result<Uuid, Error> {
    let new = NewAccount {
        username: account.username.to_owned(),
        display_name: account.display_name.to_owned(),
        password: PASSWORD.to_owned(),
    };
    let user = create_user(app, maker, new).await?;
    add_grant(app, maker, user.id, grant(account)).await?;
    Ok(user.id)
}

fn grant(account: &SampleAccount) -> Grant {
    Grant { role: account.role.to_owned(), region: RegionCode::new(account.region) }
}

/// The person of a sample account as an actor, so that what it does stands under its name.
fn acting(id: Uuid, account: &SampleAccount) -> Actor {
    let name = account.display_name.to_owned();
    Actor { id, name, kind: ActorKind::Person, grants: vec![grant(account)] }
}

/// The articles of the packs, invented or general knowledge, each with its day.
async fn publish_articles(app: &App, maker: &Actor) -> Result<(), Error> {
    prepare(app).await?;
    let mut articles = Vec::new();
    for (path, content) in app.packs().data_files("articles") {
        let text = String::from_utf8_lossy(content);
        let article = parse_markdown(path, &text, app.time_zone());
        articles.push(article.map_err(|why| Error::Internal(format!("{path}: {why}")))?);
    }
    articles.retain(|article| article.published_at.is_some_and(|at| at <= app.now()));
    let Some(channel) = app.packs().portal.channels.first().filter(|_| !articles.is_empty()) else {
        return Ok(());
    };
    let placing =
        Placing { channel: channel.id.clone(), region: RegionCode::new(CITY), publish: true, dry_run: false };
    let taken = import_articles(app, maker, articles, &placing).await?;
    match taken.refused.first() {
        Some((title, why)) => Err(Error::Internal(format!("the article `{title}`: {why}"))),
        None => Ok(()),
    }
}

async fn publish_figures(app: &App, commander: &Actor) -> Result<(), Error> {
    let today = app.today();
    let (month, day) = (today.month(), today.day());
    let draft = Draft {
        region: RegionCode::new(CITY),
        title: format!("长治市新冠肺炎疫情通报（演示），2020年{month}月{day}日"),
        text: format!(
            "本页为演示系统发布的示例通报：数字为2020年{month}月{day}日已公布的真实历史数据，通报文字为虚构，不代表任何机构。\n\n\
             This bulletin is part of a demonstration. Its figures are real history as published by {today}; its words are \
             invented and speak for no institution.\n\n\
             少聚集，勤洗手，戴口罩，勤通风；如有发热、咳嗽，请戴口罩到发热门诊就诊。\n\n\
             Meet few people, wash hands, wear a mask, air rooms; with fever or cough go to a fever clinic, masked."
        ),
        disease: Some("covid-19".to_owned()),
        measure: None,
    };
    let drafted = draft_publication(app, commander, draft).await?;
    publish_publication(app, commander, drafted.id, Some(drafted.version)).await?;
    Ok(())
}
