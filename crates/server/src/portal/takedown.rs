//! Rights holders: a request to take something down, and the public log of what was decided.

use super::forms::{self, FormField, NotTaken, Seal, Sender, Sent};
use super::guard::Rate;
use super::page::{self, Frame, Needs};
use super::services::{LangQuery, label};
use super::words::Words;
use crate::api::Api;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;
use wanquan_app::publish::read_public;
use wanquan_app::records;
use wanquan_domain::actor::Actor;
use wanquan_domain::issue::Issue;

const REGISTER: &str = "takedown";
const FORM: &str = "takedown";
/// Fields that the requester fills in.
const FIELDS: [&str; 6] = ["subject", "ground", "work", "explanation", "name", "contact"];
const RATE: Rate = Rate { of: "takedown", burst: 5.0, per_hour: 10.0 };

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
pub async fn new(
    State(api): State<Api>,
    sender: Sender,
    query: Result<Query<LangQuery>, QueryRejection>,
) -> Response {
    let w = page::words(query.unwrap_or_default().0.lang.as_deref());
    form(&api, &sender, w, StatusCode::OK, &Sent::default(), &[], None)
}

fn form(
    api: &Api,
    sender: &Sender,
    w: Words,
    status: StatusCode,
    sent: &Sent,
    issues: &[Issue],
    problem: Option<String>,
) -> Response {
    let Some(register) = api.app.packs().register(REGISTER) else { return page::not_found(api, w) };
    let page = Page {
        f: Frame::new(api, w, "", "/takedown", &[]).with_script("challenge.js"),
        fields: forms::fields(register, &FIELDS, sent, issues, &[], w),
        seal: Seal::new(api, sender, FORM, true),
        problem,
    };
    let response = page::private(status, &page, Needs::Forms);
    page.seal.give(api, response)
}

/// Takes a request: into the register, where it waits for a decision until its deadline.
pub async fn send(
    State(api): State<Api>,
    sender: Sender,
    query: Result<Query<LangQuery>, QueryRejection>,
    request: Request,
) -> Response {
    let w = page::words(query.unwrap_or_default().0.lang.as_deref());
    let Some(sent) = forms::body_of(request).await else { return too_large(&api, w) };
    let name = match forms::admit(&api, &sender, FORM, &sent, RATE, true) {
        Ok(name) => name,
        Err(refused) => return refuse(&api, &sender, w, &sent, &refused),
    };
    let Some(register) = api.app.packs().register(REGISTER) else { return page::not_found(&api, w) };
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
            let text = w.t("Please look at the marked fields.", "请检查标出的栏目。").to_owned();
            form(&api, &sender, w, StatusCode::UNPROCESSABLE_ENTITY, &sent, &issues, Some(text))
        }
        Err(Err(error)) => page::failed(&api, w, &error),
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

/// Sends the browser on, so that loading the next page again sends nothing twice.
pub(super) fn see(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, address.to_owned())]).into_response()
}

pub(super) fn too_large(api: &Api, w: Words) -> Response {
    let title = w.t("That was too much", "内容过大");
    let text = w.t("The form holds more than is taken.", "提交的内容超出上限。");
    page::message(api, w, StatusCode::PAYLOAD_TOO_LARGE, title, text)
}

fn refuse(api: &Api, sender: &Sender, w: Words, sent: &Sent, refused: &NotTaken) -> Response {
    let status = match refused {
        NotTaken::Token => StatusCode::FORBIDDEN,
        NotTaken::TooOften => StatusCode::TOO_MANY_REQUESTS,
        NotTaken::Proof(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    form(api, sender, w, status, sent, &[], Some(refused.text(w)))
}

/// What the address of the log says.
#[derive(Debug, Default, serde::Deserialize)]
pub struct LogQuery {
    lang: Option<String>,
    received: Option<String>,
}

/// The public log: every decision, without who asked.
pub async fn log(
    State(api): State<Api>,
    query: Result<Query<LogQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Query(query) = query.unwrap_or_default();
    let w = page::words(query.lang.as_deref());
    let public = match read_public(&api.app, REGISTER).await {
        Ok(public) => public,
        Err(error) => return page::failed(&api, w, &error),
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
    let log = Log { f: Frame::new(&api, w, "", "/takedowns", &[]), rows: rows.collect(), received };
    let stamp = format!("{:?} {received} {}", public.stamp, api.app.is_demo());
    page::public(&headers, &["takedowns", &stamp, w.t("en", "zh")], &log, Needs::Nothing)
}
