//! Rights holders: a request to take something down, and the public log of what was decided.

use super::forms::{self, FormField, Seal, Sender, Sent, see, too_large};
use super::frame::Frame;
use super::page::{self, Kept};
use super::reader::Reader;
use super::services::label;
use crate::api::Api;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value as Json;
use wanquan_app::forms::Limit;
use wanquan_app::publish::read_public;
use wanquan_app::records;
use wanquan_domain::actor::Actor;
use wanquan_domain::issue::Issue;

const REGISTER: &str = "takedown";
const FORM: &str = "takedown";
/// Fields that the requester fills in.
const FIELDS: [&str; 6] = ["subject", "ground", "work", "explanation", "name", "contact"];
const RATE: Limit = Limit { of: "takedown", burst: 5, per_hour: 10 };

#[derive(Template)]
#[template(path = "takedown.html")]
struct Page {
    f: Frame,
    fields: Vec<FormField>,
    seal: Seal,
    problem: Option<String>,
}

struct Row {
    number: String,
    subject: String,
    work: String,
    received: String,
    decided: String,
    outcome: String,
    decision: String,
}

#[derive(Template)]
#[template(path = "takedowns.html")]
struct Log {
    f: Frame,
    rows: Vec<Row>,
    received: bool,
}

/// The form.
pub async fn new(State(api): State<Api>, reader: Reader, sender: Sender) -> Response {
    form(&api, &reader, &sender, StatusCode::OK, &Sent::default(), &[], None)
}

fn form(
    api: &Api,
    reader: &Reader,
    sender: &Sender,
    status: StatusCode,
    sent: &Sent,
    issues: &[Issue],
    problem: Option<String>,
) -> Response {
    let Some(register) = api.app.packs().register(REGISTER) else { return page::not_found(api, reader) };
    let w = reader.w;
    let title = w.t("Request of a rights holder", "权利人通知");
    let page = Page {
        f: Frame::new(api, reader, "/takedown", title).with_script("challenge.js"),
        fields: forms::fields(register, &FIELDS, sent, issues, &[], w),
        seal: Seal::new(api, sender, FORM, true),
        problem,
    };
    let response = page::private(status, &page, &page.f);
    page.seal.give(api, response)
}

/// Takes a request: into the register, where it waits for a decision until its deadline.
pub async fn send(State(api): State<Api>, reader: Reader, sender: Sender, request: Request) -> Response {
    let w = reader.w;
    let Some(sent) = forms::body_of(request).await else { return too_large(&api, &reader) };
    let again = |status, issues: &[Issue], problem: String| {
        form(&api, &reader, &sender, status, &sent, issues, Some(problem))
    };
    let name = match forms::admit(&api, &sender, FORM, &sent, RATE, true).await {
        Ok(name) => name,
        Err(refused) => return again(refused.status(), &[], refused.text(w)),
    };
    let Some(register) = api.app.packs().register(REGISTER) else { return page::not_found(&api, &reader) };
    let mut values = forms::values(register, &FIELDS, &sent);
    let today = api.app.today();
    // Numbers are not guessed from each other, and sending the form twice gives the same one.
    let short = blake3::hash(name.as_bytes()).to_hex()[..8].to_uppercase();
    values.insert("number".into(), Json::from(format!("TD-{}-{short}", today.strftime("%Y%m%d"))));
    values.insert("received_on".into(), Json::from(today.to_string()));
    values.insert("region".into(), Json::from(home_region(&api)));
    let made = records::create(&api.app, &portal(), REGISTER, values, Some(&name)).await;
    match made.map_err(forms::issues_of) {
        Ok(_) => see(&w.link("/takedowns", &[("received", "yes")])),
        Err(Ok(issues)) => {
            let text = w.t("Please look at the marked fields.", "请检查标出的栏目。");
            again(StatusCode::UNPROCESSABLE_ENTITY, &issues, text.to_owned())
        }
        Err(Err(error)) => page::failed(&api, &reader, &error),
    }
}

/// The portal as an actor: it enters what the public sends, and reads nothing.
pub(super) fn portal() -> Actor {
    Actor::system("公众门户 Public portal")
}

/// Region that answers where the sender names none.
pub(super) fn home_region(api: &Api) -> String {
    let regions = &api.app.packs().regions;
    let told = api.config.portal.region.as_deref().and_then(|code| regions.get_by_text(code));
    let region = told.or_else(|| regions.roots().first().copied());
    region.map_or_else(String::new, |region| region.code.to_string())
}

/// What the address of the log says.
#[derive(Debug, Default, serde::Deserialize)]
pub struct LogQuery {
    received: Option<String>,
}

/// The public log: every decision, without who asked.
pub async fn log(
    State(api): State<Api>,
    reader: Reader,
    query: Result<Query<LogQuery>, QueryRejection>,
) -> Response {
    let Query(query) = query.unwrap_or_default();
    let w = reader.w;
    let public = match read_public(&api.app, REGISTER).await {
        Ok(public) => public,
        Err(error) => return page::failed(&api, &reader, &error),
    };
    let date = |date: Option<jiff::civil::Date>| date.map_or_else(String::new, |date| w.date(date));
    let mut entries: Vec<_> = public.entries.iter().collect();
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.date("decided_on"), entry.id)));
    let rows = entries.into_iter().take(500).map(|entry| Row {
        number: entry.text("number").to_owned(),
        subject: entry.text("subject").to_owned(),
        work: entry.text("work").to_owned(),
        received: date(entry.date("received_on")),
        decided: date(entry.date("decided_on")),
        outcome: label(&api, REGISTER, "outcome", entry.text("outcome"), w),
        decision: entry.text("decision").to_owned(),
    });
    let received = query.received.is_some();
    let title = w.t("Requests of rights holders", "权利人通知公示");
    let log = Log { f: Frame::new(&api, &reader, "/takedowns", title), rows: rows.collect(), received };
    page::public(&api, &reader, page::drawn(&log, &log.f, Kept::Not)).await
}
