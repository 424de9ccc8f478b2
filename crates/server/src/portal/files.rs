//! Pictures and attachments of public articles.

use super::unavailable;
use crate::api::Api;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use wanquan_app::portal::files::read_public_file;
use wanquan_app::portal::render;

/// A file whose policy forbids everything: whatever a browser makes of it, it can do nothing.
const FILE_POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

/// A file by its digest, `/files/<digest>.png`.
pub async fn file(State(api): State<Api>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let address = format!("{}{name}", render::FILES);
    let Some(digest) = render::file_of(&address) else { return StatusCode::NOT_FOUND.into_response() };
    let tag = format!("\"{}\"", &digest[..24]);
    let file = match read_public_file(&api.app, digest).await {
        Ok(file) => file,
        Err(wanquan_app::Error::NotFound { .. }) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return unavailable(&error),
    };
    let is_kept = headers.get(header::IF_NONE_MATCH).is_some_and(|tags| tags.as_bytes() == tag.as_bytes());
    let mut response = if is_kept {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(file.bytes).into_response()
    };
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    out.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FILE_POLICY));
    for (name, value) in [
        (header::CONTENT_TYPE, file.media_type.clone()),
        (header::ETAG, tag),
        (header::CONTENT_DISPOSITION, disposition(&file.name, file.media_type.starts_with("image/"))),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            out.insert(name, value);
        }
    }
    response
}

/// Pictures are shown, everything else is offered for download under its name (RFC 6266).
pub(crate) fn disposition(name: &str, shown: bool) -> String {
    let kind = if shown { "inline" } else { "attachment" };
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_ ".contains(c) { c } else { '_' }).collect();
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}
