//! The resident's desk: pages around `wanquan_app::desk`. Every answer belongs to one reader and is kept by nobody.

use super::forms::{self, FormField, Seal, Sender, Sent, cookie, see, set_cookie, too_large};
use super::frame::Frame;
use super::page;
use super::reader::Reader;
use super::takedown::home_region;
use super::words::Words;
use crate::api::Api;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Deserialize;
use uuid::Uuid;
use wanquan_app::desk::{self, Phone, Resident, SESSION_LIFE};
use wanquan_app::forms::Limit;
use wanquan_app::{App, Error};
use wanquan_domain::issue::Issue;
use wanquan_domain::record::RecordId;
use wanquan_domain::region::{Level, Region, RegionCode};

const COOKIE: &str = "wanquan_desk";
/// Codes that a network may ask for, tries that it may make, forms that it may send.
const CODES: Limit = Limit { of: "code", burst: 10, per_hour: 20 };
const TRIES: Limit = Limit { of: "enter", burst: 20, per_hour: 60 };
const FORMS: Limit = Limit { of: "desk", burst: 20, per_hour: 60 };

const TRIP: [&str; 13] = [
    "name",
    "document_number",
    "sex",
    "age_years",
    "origin",
    "itinerary",
    "transport",
    "voyage",
    "arrived_on",
    "region",
    "address",
    "last_test_on",
    "symptoms",
];
const CHALLENGE: [&str; 3] = ["about", "statement", "name"];
const ERASURE: [&str; 2] = ["statement", "name"];

/// What the address of a page of the desk says.
#[derive(Debug, Default, Deserialize)]
pub struct DeskQuery {
    done: Option<String>,
    about: Option<Uuid>,
}

type AskedDesk = Result<Query<DeskQuery>, QueryRejection>;

#[derive(Template)]
#[template(path = "desk_enter.html")]
struct Enter {
    f: Frame,
    seal: Seal,
    open: bool,
    code: bool,
    value: String,
    problem: Option<String>,
}

struct Line {
    label: String,
    value: String,
}

struct LookLine {
    at: String,
    by: String,
    act: String,
}

struct Item {
    id: String,
    register: String,
    state: String,
    lines: Vec<Line>,
    looks: Vec<LookLine>,
    challenge: String,
    is_declared: bool,
}

#[derive(Template)]
#[template(path = "desk.html")]
struct Home {
    f: Frame,
    seal: Seal,
    /// Token of the form for the document.
    document_token: String,
    phone: String,
    has_document: bool,
    done: Option<String>,
    items: Vec<Item>,
}

#[derive(Template)]
#[template(path = "desk_form.html")]
struct Form {
    f: Frame,
    seal: Seal,
    title: String,
    intro: String,
    action: String,
    fields: Vec<FormField>,
    about: String,
    problem: Option<String>,
}

/// Who is signed in; nobody while the store does not answer.
async fn resident(api: &Api, reader: &Reader) -> Option<Resident> {
    match desk::identify(&api.app, cookie(&reader.headers, COOKIE)?).await {
        Ok(resident) => resident,
        Err(error) => {
            tracing::warn!(%error, "It could not be seen who is at the desk");
            None
        }
    }
}

/// The desk: what is recorded, for whoever signed in; the way in, for others.
pub async fn home(State(api): State<Api>, reader: Reader, sender: Sender, query: AskedDesk) -> Response {
    let Query(query) = query.unwrap_or_default();
    let w = reader.w;
    let Some(resident) = resident(&api, &reader).await else {
        return way_in(&api, &reader, &sender, StatusCode::OK, false, String::new(), None);
    };
    let own = match desk::own_records(&api.app, &resident).await {
        Ok(own) => own,
        Err(error) => return page::failed(&api, &reader, &error),
    };
    let done = query.done.as_deref().map(|done| match done {
        "trip" => w.t("Your trip has been declared.", "行程已申报。"),
        "challenge" => w.t(
            "Your challenge has been received. It is answered within 24 hours.",
            "申诉已收到，24 小时内答复。",
        ),
        "erasure" => w.t(
            "Your request has been received. It is answered within 15 working days.",
            "请求已收到，15 个工作日内答复。",
        ),
        "unknown" => w.t(
            "Nothing is recorded under this telephone and this document together.",
            "该号码与该证件号码下没有工作人员登记的记录。",
        ),
        "wait" => w.t("Too many tries. Please wait some minutes.", "尝试次数过多，请过几分钟再试。"),
        _ => "",
    });
    let token = Seal::new(&api, &sender, "desk", false);
    let page = Home {
        f: Frame::new(&api, &reader, "/desk", w.t("My desk", "居民自助")).unlisted(),
        document_token: token.token_of(&api, "desk-document"),
        seal: token,
        phone: masked(&resident.phone),
        has_document: resident.has_document(),
        done: done.filter(|text| !text.is_empty()).map(str::to_owned),
        items: own.into_iter().map(|own| item(&api.app, own, w)).collect(),
    };
    let response = page::private(StatusCode::OK, &page, &page.f);
    page.seal.give(&api, response)
}

/// A number that somebody at the same screen cannot copy.
fn masked(phone: &Phone) -> String {
    let digits: Vec<char> = phone.as_str().chars().collect();
    let last: String = digits[digits.len().saturating_sub(4)..].iter().collect();
    format!("*** {last}")
}

fn item(app: &App, own: desk::Own, w: Words) -> Item {
    let zone: &TimeZone = app.time_zone();
    let id = own.record.id.to_string();
    Item {
        register: own.register.get(w.0).to_owned(),
        state: own.state.map_or_else(String::new, |state| state.label.get(w.0).to_owned()),
        lines: own
            .fields
            .iter()
            .map(|(label, value)| Line { label: label.get(w.0).to_owned(), value: value.get(w.0).to_owned() })
            .collect(),
        looks: own
            .looks
            .into_iter()
            .map(|look| LookLine {
                at: zone.to_datetime(look.at).strftime("%Y-%m-%d %H:%M").to_string(),
                by: look.by,
                act: act(&look.act, w).to_owned(),
            })
            .collect(),
        challenge: w.link("/desk/challenge", &[("about", &id)]),
        is_declared: own.is_declared,
        id,
    }
}

fn act(act: &str, w: Words) -> &str {
    match act {
        "record.look" => w.t("looked at personal fields", "查看个人信息"),
        "record.create" => w.t("entered", "登记"),
        "record.update" => w.t("changed", "修改"),
        "record.step" => w.t("took a step", "办理"),
        "record.withdraw" => w.t("withdrew", "撤回"),
        other => other,
    }
}

fn way_in(
    api: &Api,
    reader: &Reader,
    sender: &Sender,
    status: StatusCode,
    code: bool,
    value: String,
    problem: Option<String>,
) -> Response {
    let path = if code { "/desk/enter" } else { "/desk" };
    let page = Enter {
        f: Frame::new(api, reader, path, reader.w.t("My desk", "居民自助")).with_script("challenge.js"),
        seal: Seal::new(api, sender, if code { "desk-enter" } else { "desk-code" }, !code),
        open: api.sender.is_some(),
        code,
        value,
        problem,
    };
    let response = page::private(status, &page, &page.f);
    page.seal.give(api, response)
}

/// Asks for a code. The answer is the same whatever is recorded under the number.
pub async fn ask_code(State(api): State<Api>, reader: Reader, sender: Sender, request: Request) -> Response {
    let w = reader.w;
    let Some(sent) = forms::body_of(request).await else { return too_large(&api, &reader) };
    let again = |status, problem: String| {
        way_in(&api, &reader, &sender, status, false, sent.get("phone").to_owned(), Some(problem))
    };
    if let Err(refused) = forms::admit(&api, &sender, "desk-code", &sent, CODES, true).await {
        return again(refused.status(), refused.text(w));
    }
    let Some(phone) = Phone::parse(sent.get("phone")) else {
        let text = w.t("This is no telephone number.", "电话号码格式不正确。");
        return again(StatusCode::UNPROCESSABLE_ENTITY, text.to_owned());
    };
    let Some(by) = &api.sender else { return page::not_found(&api, &reader) };
    match desk::request_code(&api.app, by.as_ref(), &sender.cookie, &phone).await {
        Ok(()) => see(&w.link("/desk/enter", &[])),
        Err(Error::TooManyAttempts { .. }) => {
            let text = w.t(
                "A code was sent to this number a moment ago, or too many were today. Please wait.",
                "该号码刚获取过验证码，或今日次数已用完，请稍后再试。",
            );
            again(StatusCode::TOO_MANY_REQUESTS, text.to_owned())
        }
        Err(Error::Refused { .. } | Error::Busy) => {
            let text =
                w.t("The code could not be sent. Please try again later.", "验证码发送失败，请稍后再试。");
            again(StatusCode::SERVICE_UNAVAILABLE, text.to_owned())
        }
        Err(error) => page::failed(&api, &reader, &error),
    }
}

/// Where the code is typed.
pub async fn show_code(State(api): State<Api>, reader: Reader, sender: Sender) -> Response {
    let w = reader.w;
    match desk::pending(&api.app, &sender.cookie).await {
        Ok(Some(_)) => {}
        Ok(None) => return see(&w.link("/desk", &[])),
        Err(error) => return page::failed(&api, &reader, &error),
    }
    way_in(&api, &reader, &sender, StatusCode::OK, true, String::new(), None)
}

/// Signs in with a code.
pub async fn enter(State(api): State<Api>, reader: Reader, sender: Sender, request: Request) -> Response {
    let w = reader.w;
    let Some(sent) = forms::body_of(request).await else { return too_large(&api, &reader) };
    if let Err(refused) = forms::admit(&api, &sender, "desk-enter", &sent, TRIES, false).await {
        let text = Some(refused.text(w));
        return way_in(&api, &reader, &sender, refused.status(), true, String::new(), text);
    }
    match desk::enter(&api.app, &sender.cookie, sent.get("code")).await {
        Ok(secret) => {
            let mut response = see(&w.link("/desk", &[]));
            set_cookie(&mut response, &api, COOKIE, &secret, SESSION_LIFE.as_secs());
            response
        }
        Err(Error::BadCredentials) => {
            let text = w.t(
                "The code is wrong or has ended. After five tries ask for a new one.",
                "验证码错误或已过期；连续五次错误后请重新获取。",
            );
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            way_in(&api, &reader, &sender, status, true, String::new(), Some(text.to_owned()))
        }
        Err(error) => page::failed(&api, &reader, &error),
    }
}

/// Takes the number of a document, with which what staff recorded is shown as well.
pub async fn give_document(
    State(api): State<Api>,
    reader: Reader,
    sender: Sender,
    request: Request,
) -> Response {
    let w = reader.w;
    let Some(sent) = forms::body_of(request).await else { return too_large(&api, &reader) };
    let done = |done: &str| see(&w.link("/desk", &[("done", done)]));
    if forms::admit(&api, &sender, "desk-document", &sent, TRIES, false).await.is_err() {
        return done("wait");
    }
    let secret = cookie(&reader.headers, COOKIE).unwrap_or_default();
    match desk::give_document(&api.app, secret, sent.get("document")).await {
        Ok(true) => see(&w.link("/desk", &[])),
        Ok(false) => done("unknown"),
        Err(Error::TooManyAttempts { .. }) => done("wait"),
        Err(Error::BadCredentials) => see(&w.link("/desk", &[])),
        Err(error) => page::failed(&api, &reader, &error),
    }
}

/// Signs out.
pub async fn leave(State(api): State<Api>, reader: Reader, sender: Sender, request: Request) -> Response {
    let w = reader.w;
    let Some(sent) = forms::body_of(request).await else { return too_large(&api, &reader) };
    if forms::admit(&api, &sender, "desk", &sent, FORMS, false).await.is_err() {
        return see(&w.link("/desk", &[]));
    }
    if let Some(secret) = cookie(&reader.headers, COOKIE) {
        // The cookie goes whether the store answers or not.
        if let Err(error) = desk::leave(&api.app, secret).await {
            tracing::warn!(%error, "A sign-in could not be ended");
        }
    }
    let mut response = see(&w.link("/desk", &[]));
    set_cookie(&mut response, &api, COOKIE, "", 0);
    response
}

/// One of the three things that a resident sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Trip,
    Challenge,
    Erasure,
}

impl Act {
    /// The one of a name in addresses.
    fn of(name: &str) -> Option<Self> {
        [Self::Trip, Self::Challenge, Self::Erasure].into_iter().find(|act| act.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Trip => "trip",
            Self::Challenge => "challenge",
            Self::Erasure => "erasure",
        }
    }

    fn register(self) -> &'static str {
        match self {
            Self::Trip => "arrival",
            Self::Challenge => "challenge",
            Self::Erasure => "erasure_request",
        }
    }

    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Trip => &TRIP,
            Self::Challenge => &CHALLENGE,
            Self::Erasure => &ERASURE,
        }
    }

    fn title(self, w: Words) -> &'static str {
        let (en, zh) = match self {
            Self::Trip => ("Declare a trip", "申报行程"),
            Self::Challenge => ("Challenge an order or a record", "提出异议"),
            Self::Erasure => ("Ask for erasure", "请求删除个人信息"),
        };
        if w.is_en() { en } else { zh }
    }

    fn intro(self, w: Words) -> &'static str {
        let (en, zh) = match self {
            Self::Trip => (
                "Say where you come from and where you go, before or when you arrive.",
                "请在抵达前或抵达时申报您的出发地与目的地。",
            ),
            Self::Challenge => (
                "Say what you hold to be wrong. Somebody answers within 24 hours; what holds goes on to hold until then.",
                "请说明您认为有误之处，24 小时内答复；答复前原措施继续有效。",
            ),
            Self::Erasure => (
                "Say what is to be erased. What the law obliges to keep is kept, and the answer says so.",
                "请说明需要删除的内容；依法必须保留的将予保留，并在答复中说明。",
            ),
        };
        if w.is_en() { en } else { zh }
    }
}

/// Where a trip can begin, where it can end: provinces and the prefectures of the own one; the counties of the own city.
fn regions<'a>(api: &'a Api, field: &str) -> Vec<&'a Region> {
    let tree = &api.app.packs().regions;
    let home = RegionCode::new(&home_region(api));
    let above = tree.ancestors(&home);
    if field == "origin" {
        let nation = tree.roots().into_iter().next();
        let provinces = nation.map(|nation| tree.children(&nation.code)).unwrap_or_default();
        let own = above.iter().find(|region| region.level == Level::Province);
        let mut all = Vec::new();
        for province in provinces {
            all.push(province);
            if own.is_some_and(|own| own.code == province.code) {
                all.extend(tree.children(&province.code));
            }
        }
        return all;
    }
    let below = tree.children(&home);
    if below.is_empty() { tree.get(&home).into_iter().collect() } else { below }
}

#[expect(clippy::too_many_arguments, reason = "the parts of a form that is shown again")]
fn form(
    api: &Api,
    reader: &Reader,
    sender: &Sender,
    act: Act,
    status: StatusCode,
    sent: &Sent,
    about: &str,
    issues: &[Issue],
    problem: Option<String>,
) -> Response {
    let w = reader.w;
    let Some(register) = api.app.packs().register(act.register()) else {
        return page::not_found(api, reader);
    };
    let mut fields = Vec::new();
    for id in act.fields() {
        let offered = regions(api, id);
        fields.extend(forms::fields(register, &[id], sent, issues, &offered, w));
    }
    let path = format!("/desk/{}", act.name());
    let page = Form {
        f: Frame::new(api, reader, &path, act.title(w)).with_query(&[("about", about)]).unlisted(),
        seal: Seal::new(api, sender, act.name(), false),
        title: act.title(w).to_owned(),
        intro: act.intro(w).to_owned(),
        action: w.link(&path, &[]),
        fields,
        about: about.to_owned(),
        problem,
    };
    let response = page::private(status, &page, &page.f);
    page.seal.give(api, response)
}

/// The form of one of the three.
pub async fn show_form(
    State(api): State<Api>,
    reader: Reader,
    sender: Sender,
    Path(act): Path<String>,
    query: AskedDesk,
) -> Response {
    let Some(act) = Act::of(&act) else { return page::not_found(&api, &reader) };
    let Query(query) = query.unwrap_or_default();
    if resident(&api, &reader).await.is_none() {
        return see(&reader.w.link("/desk", &[]));
    }
    let about = query.about.map_or_else(String::new, |id| id.to_string());
    form(&api, &reader, &sender, act, StatusCode::OK, &Sent::default(), &about, &[], None)
}

/// Takes one of the three.
pub async fn send_form(
    State(api): State<Api>,
    reader: Reader,
    sender: Sender,
    Path(act): Path<String>,
    request: Request,
) -> Response {
    let Some(act) = Act::of(&act) else { return page::not_found(&api, &reader) };
    let w = reader.w;
    let Some(resident) = resident(&api, &reader).await else { return see(&w.link("/desk", &[])) };
    let Some(sent) = forms::body_of(request).await else { return too_large(&api, &reader) };
    let about = sent.get("record").to_owned();
    let again = |status, issues: &[Issue], problem: String| {
        form(&api, &reader, &sender, act, status, &sent, &about, issues, Some(problem))
    };
    let name = match forms::admit(&api, &sender, act.name(), &sent, FORMS, false).await {
        Ok(name) => name,
        Err(refused) => return again(refused.status(), &[], refused.text(w)),
    };
    let Some(register) = api.app.packs().register(act.register()) else {
        return page::not_found(&api, &reader);
    };
    let mut values = forms::values(register, act.fields(), &sent);
    if act != Act::Trip {
        values.insert("region".to_owned(), home_region(&api).into());
    }
    let made = match act {
        Act::Trip => desk::declare_trip(&api.app, &resident, values, &name).await,
        Act::Erasure => desk::ask_erasure(&api.app, &resident, values, &name).await,
        Act::Challenge => {
            let meant = if about.is_empty() { Ok(None) } else { about.parse().map(|id| Some(RecordId(id))) };
            match meant {
                Ok(meant) => desk::challenge(&api.app, &resident, meant, values, &name).await,
                Err(_) => return page::not_found(&api, &reader),
            }
        }
    };
    match made.map_err(forms::issues_of) {
        Ok(_) => see(&w.link("/desk", &[("done", act.name())])),
        Err(Ok(issues)) => {
            let text = w.t("Please look at the marked fields.", "请检查标出的栏目。");
            again(StatusCode::UNPROCESSABLE_ENTITY, &issues, text.to_owned())
        }
        Err(Err(error)) => page::failed(&api, &reader, &error),
    }
}
