//! The console's files, built from `web/` and embedded.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{LazyLock, Mutex};

/// `web/dist` as it was when the executable was built; empty if it was not built.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
#[allow_missing = true]
struct Dist;

/// Files compressed when first asked for.
static COMPRESSED: LazyLock<Mutex<HashMap<String, Bytes>>> = LazyLock::new(Mutex::default);

/// A file of the console; any address that is no file is a page of it.
pub async fn console(path: Option<Path<String>>, headers: HeaderMap) -> Response {
    let path = path.map(|Path(path)| path).unwrap_or_default();
    let is_file = Dist::iter().any(|name| name == path.as_str());
    // A missing script must not be answered with a page.
    if !is_file && path.starts_with("assets/") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let name = if is_file { path.as_str() } else { "index.html" };
    let Some(file) = Dist::get(name) else {
        let text = "this executable was built without the console; build it with `make build`";
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let kind = mime_guess::from_path(name).first_or_octet_stream().to_string();
    // Names under assets/ carry a digest of the content, so they never change.
    let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, cache.to_owned()),
        (header::VARY, "accept-encoding".into()),
    ];
    if accepts.contains("gzip") {
        let body = compressed(name, &file.data);
        return (headers, [(header::CONTENT_ENCODING, "gzip")], body).into_response();
    }
    (headers, file.data.into_owned()).into_response()
}

fn compressed(name: &str, content: &[u8]) -> Bytes {
    let mut files = COMPRESSED.lock().expect("no thread panics while holding it");
    if let Some(body) = files.get(name) {
        return body.clone();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let body = encoder.write_all(content).and_then(|()| encoder.finish());
    let body = Bytes::from(body.expect("writing to memory cannot fail"));
    files.insert(name.to_owned(), body.clone());
    body
}
