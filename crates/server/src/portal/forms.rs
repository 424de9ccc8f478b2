//! Forms of the portal: drawn from what a register declares, sent without script, answered beside the fields.

use super::frame::Frame;
use super::guard::{Challenge, NotProven, Question, network_of};
use super::page::{self, script_address};
use super::reader::Reader;
use super::words::Words;
use crate::api::Api;
use axum::body::Bytes;
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use wanquan_app::forms::{Admission, Limit};
use wanquan_domain::issue::{Issue, Severity};
use wanquan_domain::region::Region;
use wanquan_domain::register::{Field, FieldType, Register};

/// Largest body of a form.
pub(super) const BODY_BYTES_MAX: usize = 64 * 1024;
const COOKIE: &str = "wanquan_form";

/// The values of a form that was sent, each name once.
#[derive(Default)]
pub(super) struct Sent(BTreeMap<String, String>);

impl Sent {
    /// Reads a body; `None` if it is too large or no text.
    pub(super) fn read(body: &Bytes) -> Option<Self> {
        if body.len() > BODY_BYTES_MAX {
            return None;
        }
        let pairs = form_urlencoded::parse(body).map(|(key, value)| (key.into_owned(), value.into_owned()));
        Some(Self(pairs.take(100).collect()))
    }

    /// The value of a name without space around it; empty if it was not sent.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map(|value| value.trim()).unwrap_or_default()
    }
}

/// Who sends: the network that requests are counted by, and what the browser is recognised by.
pub struct Sender {
    /// Network of the address.
    pub(super) network: String,
    /// The cookie of forms; empty if the browser brought none.
    pub(super) cookie: String,
}

impl FromRequestParts<Api> for Sender {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        // Only where a proxy is declared is its word taken, and of that the last one: the others the client may invent.
        let told = api.config.public_url.as_ref().and_then(|_| {
            let value = parts.headers.get("x-forwarded-for")?.to_str().ok()?;
            value.rsplit(',').next()?.trim().parse().ok()
        });
        let network = told.or(peer).map_or_else(|| "unknown".to_owned(), network_of);
        Ok(Self { network, cookie: cookie(&parts.headers, COOKIE).unwrap_or_default().to_owned() })
    }
}

/// The value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Sets a cookie that no script reads and no other site sends along.
pub(super) fn set_cookie(response: &mut Response, api: &Api, name: &str, value: &str, seconds: i64) {
    let secure = api.config.public_url.as_ref().is_some_and(|url| url.starts_with("https://"));
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}; Max-Age={seconds}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// What a form carries besides its fields.
pub(super) struct Seal {
    /// Token against forms of other sites.
    pub(super) token: String,
    /// The cookie that it belongs to.
    cookie: String,
    /// The browser does not hold the cookie yet.
    is_new: bool,
    /// Proof of work, for browsers with script.
    pub(super) challenge: Option<Challenge>,
    /// The same, as the page carries it.
    pub(super) challenge_json: String,
    /// The question for readers without script.
    pub(super) question: Option<Question>,
    /// The script that works beside the page.
    pub(super) worker: String,
}

impl Seal {
    /// The seal of a form for a browser; `proof` where it asks for a proof of trouble taken.
    pub(super) fn new(api: &Api, sender: &Sender, form: &str, proof: bool) -> Self {
        let now = api.app.now();
        let held = &sender.cookie;
        let is_ours = held.len() == 32 && held.chars().all(|c| c.is_ascii_hexdigit());
        let cookie = if is_ours { held.clone() } else { wanquan_app::access::random_token() };
        let challenge = proof.then(|| api.guard.challenge(now));
        Self {
            token: api.guard.form_token(form, &cookie, now),
            is_new: !is_ours,
            challenge_json: challenge
                .as_ref()
                .and_then(|c| serde_json::to_string(c).ok())
                .unwrap_or_default(),
            challenge,
            question: proof.then(|| api.guard.question(now)),
            worker: script_address("challenge-worker.js"),
            cookie,
        }
    }

    /// The token of another form on the same page.
    pub(super) fn token_of(&self, api: &Api, form: &str) -> String {
        api.guard.form_token(form, &self.cookie, api.app.now())
    }

    /// Gives the browser the cookie with the page.
    pub(super) fn give(&self, api: &Api, mut response: Response) -> Response {
        if self.is_new {
            set_cookie(&mut response, api, COOKIE, &self.cookie, 12 * 3600);
        }
        response
    }

    /// The question in the language of the page.
    pub(super) fn asked(&self, f: &Frame) -> String {
        self.question.as_ref().map(|q| f.w.t(&q.en, &q.zh).to_owned()).unwrap_or_default()
    }

    /// Proves which answer is right.
    pub(super) fn question_token(&self) -> String {
        self.question.as_ref().map(|q| q.token.clone()).unwrap_or_default()
    }
}

/// Why a form is not taken before its fields are looked at.
pub(super) enum NotTaken {
    /// Not from this page, or open for too long.
    Token,
    /// The address asks too often.
    TooOften,
    /// The proof is missing or wrong.
    Proof(NotProven),
}

impl NotTaken {
    /// The status of the answer.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Token => StatusCode::FORBIDDEN,
            Self::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Self::Proof(_) => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// What the reader is told.
    pub(super) fn text(&self, w: Words) -> String {
        let (en, zh) = match self {
            Self::Token => (
                "The page was open for too long, or your browser keeps no cookies. Your entries are still here; please send the form again.",
                "页面打开过久，或浏览器未保存 Cookie。您填写的内容仍在，请再次提交。",
            ),
            Self::TooOften => (
                "Too many forms were sent from your network. Please wait some minutes.",
                "来自您所在网络的提交过多，请过几分钟再试。",
            ),
            Self::Proof(NotProven::Missing) => {
                ("Please answer the question at the end of the form.", "请回答表单末尾的问题。")
            }
            Self::Proof(NotProven::Late | NotProven::Used) => (
                "The question has ended; here is a new one. Your entries are still here.",
                "验证已过期，请回答新的问题。您填写的内容仍在。",
            ),
            Self::Proof(NotProven::Wrong) => {
                ("The answer is not right; here is a new question.", "回答不正确，请回答新的问题。")
            }
        };
        w.t(en, zh).to_owned()
    }
}

/// Admits a form: from this page, not too often, with the proof if one is asked for. The name under which sending it a
/// second time is recognised. What memory does not take is not written down; what it takes is counted for all processes.
pub(super) async fn admit(
    api: &Api,
    sender: &Sender,
    form: &str,
    sent: &Sent,
    limit: Limit,
    proof: bool,
) -> Result<String, NotTaken> {
    let now = api.app.now();
    let token = sent.get("token");
    let name = api.guard.check_form(form, &sender.cookie, token, now).ok_or(NotTaken::Token)?;
    if !api.guard.admits(limit, &sender.network, now) {
        return Err(NotTaken::TooOften);
    }
    let once = if proof {
        let solved = api.guard.take_solution(sent.get("altcha"), now);
        let proven = match solved {
            Err(NotProven::Missing) => api.guard.take_answer(sent.get("question"), sent.get("answer"), now),
            other => other,
        };
        Some(proven.map_err(NotTaken::Proof)?)
    } else {
        None
    };
    match wanquan_app::forms::admit(&api.app, limit, &sender.network, once).await {
        Ok(Admission::Admitted) => Ok(name),
        Ok(Admission::Used) => Err(NotTaken::Proof(NotProven::Used)),
        Ok(Admission::TooOften) => Err(NotTaken::TooOften),
        Err(error) => {
            tracing::warn!(%error, "A form could not be counted, and is not taken");
            Err(NotTaken::TooOften)
        }
    }
}

/// One field as a page draws it.
pub(super) struct FormField {
    pub(super) id: String,
    pub(super) label: String,
    /// `text`, `area`, `date`, `number`, `choice`, `yes`.
    pub(super) kind: &'static str,
    pub(super) required: bool,
    pub(super) value: String,
    pub(super) error: Option<String>,
    pub(super) hint: Option<String>,
    pub(super) options: Vec<(String, String, bool)>,
    pub(super) max: usize,
    pub(super) autocomplete: &'static str,
}

/// Text longer than this is written in an area.
const LINE_MAX: usize = 300;

impl FormField {
    /// The field of a register as it was filled in. Of fields that hold a region, `regions` are offered.
    pub(super) fn of(field: &Field, sent: &Sent, regions: &[&Region], w: Words) -> Self {
        let value = sent.get(&field.id).to_owned();
        let (kind, options) = match &field.field_type {
            FieldType::Choice => {
                let choice = |c: &wanquan_domain::register::Choice| {
                    (c.id.clone(), c.label.get(w.0).to_owned(), c.id == value)
                };
                ("choice", field.choices.iter().map(choice).collect())
            }
            FieldType::Region => {
                let option = |region: &&Region| {
                    let code = region.code.to_string();
                    let chosen = code == value;
                    (code, region.name_in(w.0).to_owned(), chosen)
                };
                ("choice", regions.iter().map(option).collect())
            }
            FieldType::Date => ("date", Vec::new()),
            FieldType::Number | FieldType::Integer => ("number", Vec::new()),
            FieldType::Boolean => ("yes", Vec::new()),
            _ if field.max_length > LINE_MAX => ("area", Vec::new()),
            _ => ("text", Vec::new()),
        };
        let autocomplete = match field.id.as_str() {
            "name" => "name",
            "phone" => "tel",
            "address" => "street-address",
            _ => "off",
        };
        Self {
            id: field.id.clone(),
            label: field.label.get(w.0).to_owned(),
            kind,
            required: field.required,
            value,
            error: None,
            hint: None,
            options,
            max: field.max_length,
            autocomplete,
        }
    }

    /// With the problems found in it.
    pub(super) fn with_issues(mut self, issues: &[Issue], w: Words) -> Self {
        let found = issues.iter().find(|issue| {
            issue.severity == Severity::Error && issue.field.as_deref() == Some(self.id.as_str())
        });
        self.error = found.map(|issue| issue.message(w.0));
        self
    }
}

/// Fields of a register as a form.
pub(super) fn fields(
    register: &Register,
    ids: &[&str],
    sent: &Sent,
    issues: &[Issue],
    regions: &[&Region],
    w: Words,
) -> Vec<FormField> {
    let found = ids.iter().filter_map(|id| register.field(id));
    found.map(|field| FormField::of(field, sent, regions, w).with_issues(issues, w)).collect()
}

/// What was sent in these fields, as values of the register: nothing for what was left empty.
pub(super) fn values(register: &Register, ids: &[&str], sent: &Sent) -> Map<String, Json> {
    let mut values = Map::new();
    for field in ids.iter().filter_map(|id| register.field(id)) {
        let text = sent.get(&field.id);
        if text.is_empty() {
            continue;
        }
        let value = match field.field_type {
            FieldType::Boolean => Json::from(text == "yes"),
            // Line ends as browsers send them are not part of what was written.
            _ => Json::from(text.replace("\r\n", "\n")),
        };
        values.insert(field.id.clone(), value);
    }
    values
}

/// The issues of a refusal; anything else is an error of ours.
pub(super) fn issues_of(error: wanquan_app::Error) -> Result<Vec<Issue>, wanquan_app::Error> {
    match error {
        wanquan_app::Error::Invalid { issues } => Ok(issues),
        other => Err(other),
    }
}

/// The body of a form that was sent.
pub(super) async fn body_of(request: Request) -> Option<Sent> {
    let bytes = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await.ok()?;
    Sent::read(&bytes)
}

/// Sends the browser on, so that loading the next page again sends nothing twice.
pub(super) fn see(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, address.to_owned())]).into_response()
}

/// The body of a form was more than is taken.
pub(super) fn too_large(api: &Api, reader: &Reader) -> Response {
    let title = reader.w.t("That was too much", "内容过大");
    let text = reader.w.t("The form holds more than is taken.", "提交的内容超出上限。");
    page::message(api, reader, StatusCode::PAYLOAD_TOO_LARGE, title, text)
}
