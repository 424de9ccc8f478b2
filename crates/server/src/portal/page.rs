//! What every page of the portal has in common: frame, address in a language, headers, small script files.

use super::words::Words;
use super::{CSS_ADDRESS, digest};
use crate::api::Api;
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use wanquan_domain::text::Lang;

/// What a page may do beyond showing text with this server's style sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing.
    Nothing,
    /// Forms that are sent to this server, and script files of this server that help with them.
    Forms,
}

const STRICT: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";
const WITH_FORMS: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; \
     worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The frame around the content of a page.
pub(super) struct Frame {
    pub(super) w: Words,
    pub(super) css: &'static str,
    pub(super) demo: bool,
    /// The same page in the other language.
    pub(super) other: String,
    /// Which part of the portal it is, for the navigation.
    pub(super) section: &'static str,
    /// Script files that it loads; it is complete without them.
    pub(super) scripts: Vec<String>,
}

impl Frame {
    /// The frame of a page at `path` with the parts of its address.
    pub(super) fn new(
        api: &Api,
        w: Words,
        section: &'static str,
        path: &str,
        parts: &[(&str, &str)],
    ) -> Self {
        let other = Words(if w.0 == Lang::En { Lang::Zh } else { Lang::En });
        Self {
            w,
            css: CSS_ADDRESS.as_str(),
            demo: api.app.is_demo(),
            other: other.link(path, parts),
            section,
            scripts: Vec::new(),
        }
    }

    pub(super) fn with_script(mut self, name: &str) -> Self {
        self.scripts.push(script_address(name));
        self
    }

    /// An address in the language of the page.
    pub(super) fn href(&self, path: &str) -> String {
        self.w.link(path, &[])
    }

    /// `aria-current` of an entry of the navigation.
    pub(super) fn current(&self, section: &str) -> &'static str {
        if self.section == section { "page" } else { "false" }
    }
}

/// The language that an address asks for.
pub(super) fn words(lang: Option<&str>) -> Words {
    Words(if lang == Some("en") { Lang::En } else { Lang::Zh })
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

/// A page that everybody sees alike, kept by its tag.
pub(super) fn public(
    headers: &HeaderMap,
    tag_parts: &[&str],
    page: &impl Template,
    needs: Needs,
) -> Response {
    let tag = format!("\"{}\"", digest(&[tag_parts, &[env!("CARGO_PKG_VERSION"), &CSS_ADDRESS]].concat()));
    let kept = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if kept.is_some_and(|tags| tags.split(',').any(|t| t.trim().trim_start_matches("W/") == tag)) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        mark(&mut response, &tag, needs);
        return response;
    }
    let mut response = html(StatusCode::OK, page, needs);
    if response.status() == StatusCode::OK {
        mark(&mut response, &tag, needs);
    }
    response
}

fn mark(response: &mut Response, tag: &str, needs: Needs) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy(needs));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
}

fn policy(needs: Needs) -> HeaderValue {
    HeaderValue::from_static(match needs {
        Needs::Nothing => STRICT,
        Needs::Forms => WITH_FORMS,
    })
}

/// A page that belongs to one reader: kept by nobody.
pub(super) fn private(status: StatusCode, page: &impl Template, needs: Needs) -> Response {
    let mut response = html(status, page, needs);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn html(status: StatusCode, page: &impl Template, needs: Needs) -> Response {
    match page.render() {
        Ok(body) => {
            let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            let mut response = (status, headers, body).into_response();
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy(needs));
            response
        }
        Err(error) => {
            tracing::error!(%error, "A public page could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    f: Frame,
    title: String,
    text: String,
}

/// A short page that says one thing.
pub(super) fn message(api: &Api, w: Words, status: StatusCode, title: &str, text: &str) -> Response {
    let f = Frame::new(api, w, "", "/", &[]);
    let page = Message { f, title: title.to_owned(), text: text.to_owned() };
    private(status, &page, Needs::Nothing)
}

/// There is no such page.
pub(super) fn not_found(api: &Api, w: Words) -> Response {
    let text = w.t("It may have been withdrawn, or the address is mistyped.", "页面可能已撤下，或地址有误。");
    message(api, w, StatusCode::NOT_FOUND, w.t("There is no such page", "没有这个页面"), text)
}

/// The verb behind a page failed.
pub(super) fn failed(api: &Api, w: Words, error: &wanquan_app::Error) -> Response {
    if matches!(error, wanquan_app::Error::NotFound { .. }) {
        return not_found(api, w);
    }
    tracing::error!(%error, "A public page could not be read");
    let title = w.t("Not available at the moment", "暂时无法显示");
    message(api, w, StatusCode::SERVICE_UNAVAILABLE, title, w.t("Please try again later.", "请稍后再试。"))
}
