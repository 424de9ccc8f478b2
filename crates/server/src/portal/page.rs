//! The answers of the portal: a page that everybody sees alike, a page of one reader, a short message; script files.

use super::digest;
use super::frame::Frame;
use super::pages::{self, Rendered};
use super::reader::Reader;
use crate::api::Api;
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Text, pictures and the style sheet of this server, and forms that are sent to it; nothing runs.
pub(super) const READING: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";
/// The same with script files of this server.
const SCRIPTED: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; \
     worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

impl Frame {
    /// What the page may do: no more than it needs.
    pub(super) fn policy(&self) -> &'static str {
        if self.scripts.is_empty() { READING } else { SCRIPTED }
    }
}

const SCRIPTS: [(&str, &str); 3] = [
    ("near.js", include_str!("../../templates/near.js")),
    ("challenge.js", include_str!("../../templates/challenge.js")),
    ("challenge-worker.js", include_str!("../../templates/challenge-worker.js")),
];

/// The address of a script file, which changes with the scripts.
pub(super) fn script_address(name: &str) -> String {
    format!("/portal/script/{name}?v={}", digest(&SCRIPTS.map(|(_, text)| text)))
}

/// A script file of the portal.
pub async fn script(Path(name): Path<String>) -> Response {
    let Some((_, text)) = SCRIPTS.iter().find(|(known, _)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, *text).into_response()
}

/// How long a page that everybody sees alike stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Until something public changes.
    Ready,
    /// It is made anew for each question.
    Not,
}

/// A page that everybody with the same look sees alike. It is kept under its own address only: written in another way,
/// it would be kept many times.
pub(super) fn drawn(page: &impl Template, f: &Frame, kept: Kept) -> Result<Rendered, askama::Error> {
    let address = (kept == Kept::Ready).then(|| f.here(f.w.0));
    Ok(Rendered { policy: f.policy(), address, ..Rendered::html(page.render()?) })
}

/// Answers with a page that everybody with the same look sees alike.
pub(super) async fn public(
    api: &Api,
    reader: &Reader,
    drawn: Result<Rendered, impl std::fmt::Display>,
) -> Response {
    match drawn {
        Ok(rendered) => pages::answer(api, reader, rendered).await,
        Err(error) => undrawn(&error),
    }
}

/// Answers with a page that belongs to one reader: kept by nobody.
pub(super) fn private(status: StatusCode, page: &impl Template, f: &Frame) -> Response {
    let body = match page.render() {
        Ok(body) => body,
        Err(error) => return undrawn(&error),
    };
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    let mut response = (status, headers, body).into_response();
    let policy = HeaderValue::from_static(f.policy());
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn undrawn(error: &impl std::fmt::Display) -> Response {
    tracing::error!(%error, "A public page could not be drawn");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    f: Frame,
    texts: &'a [&'a str],
}

/// A short page that says one thing under its title.
pub(super) fn short(f: Frame, status: StatusCode, texts: &[&str]) -> Response {
    let page = Message { f: f.unlisted(), texts };
    private(status, &page, &page.f)
}

/// A short page that leads nowhere but to what stands around it.
pub(super) fn message(api: &Api, reader: &Reader, status: StatusCode, title: &str, text: &str) -> Response {
    short(Frame::new(api, reader, "/", title), status, &[text])
}

/// There is no such page. The address was made up by whoever sent the reader here; nothing on the page leads back to it.
pub(super) fn not_found(api: &Api, reader: &Reader) -> Response {
    let w = reader.w;
    let text = w.t(
        "It may have been withdrawn, or the address is mistyped. The channels above lead to everything that is published.",
        "页面可能已撤下，或地址有误。可从上方栏目进入全部已发布内容。",
    );
    message(api, reader, StatusCode::NOT_FOUND, w.t("There is no such page", "页面不存在"), text)
}

/// The verb behind a page failed.
pub(super) fn failed(api: &Api, reader: &Reader, error: &wanquan_app::Error) -> Response {
    if matches!(error, wanquan_app::Error::NotFound { .. }) {
        return not_found(api, reader);
    }
    tracing::error!(%error, "A public page could not be read");
    let w = reader.w;
    let title = w.t("Not available at the moment", "暂时无法显示");
    let text = w.t("Please try again later.", "请稍后再试。");
    message(api, reader, StatusCode::SERVICE_UNAVAILABLE, title, text)
}
