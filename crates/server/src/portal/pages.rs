//! Ready pages: rendered once, compressed once, handed out until something public changes.
//!
//! A page is known by its address, written in one way only, and by how its reader wants to see it. Everything kept
//! belongs to one version of what is public (`App::portal_generation`); the first question after a change finds nothing
//! kept. Pages that were not asked for lately are forgotten first: there are two tables, and when the younger one is
//! full it becomes the older one.

use super::page::READING;
use super::reader::{Reader, View};
use crate::api::Api;
use axum::body::{Body, Bytes};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::response::Response;
use std::collections::HashMap;
use std::fmt;
use std::io::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, RwLock};
use uuid::Uuid;

/// Bytes kept in each of the two tables.
const BYTES_MAX: usize = 24 << 20;
/// A page below this size is not compressed: it fits into one packet either way.
const COMPRESSED_FROM: usize = 600;
/// Longest address that is kept.
const ADDRESS_MAX: usize = 512;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Brotli,
}

impl Coding {
    /// The best one that a client takes.
    fn of(headers: &HeaderMap) -> Self {
        let Some(accepted) = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()) else {
            return Self::Identity;
        };
        let takes = |name: &str| {
            accepted.split(',').any(|part| {
                let mut pieces = part.split(';');
                let is_named = pieces.next().is_some_and(|n| n.trim().eq_ignore_ascii_case(name));
                is_named && !pieces.any(|q| matches!(q.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
            })
        };
        if takes("br") {
            Self::Brotli
        } else if takes("gzip") {
            Self::Gzip
        } else {
            Self::Identity
        }
    }
}

/// What a handler made.
#[derive(Debug)]
pub struct Rendered {
    /// Status.
    pub status: StatusCode,
    /// Media type.
    pub media_type: &'static str,
    /// Body.
    pub body: String,
    /// What a browser may do with it.
    pub policy: &'static str,
    /// The article that it shows.
    pub article: Option<Uuid>,
    /// The address under which it is kept; `None` for what is made anew each time.
    pub address: Option<String>,
}

impl Rendered {
    /// A page of HTML that is not kept.
    pub fn html(body: String) -> Self {
        Self {
            status: StatusCode::OK,
            media_type: "text/html; charset=utf-8",
            body,
            policy: READING,
            article: None,
            address: None,
        }
    }
}

/// A page in one coding.
#[derive(Debug)]
struct Variant {
    headers: HeaderMap,
    tag: HeaderValue,
    body: Bytes,
}

/// A page, ready.
#[derive(Debug)]
pub struct Page {
    status: StatusCode,
    plain: Variant,
    gzip: Option<Variant>,
    brotli: Option<Variant>,
    /// Counts the reads of the article that it shows.
    views: Option<Arc<AtomicI64>>,
    size: usize,
}

impl Page {
    fn new(rendered: &Rendered, views: Option<Arc<AtomicI64>>) -> Self {
        let body = Bytes::from(rendered.body.clone());
        let tag = blake3::hash(&body).to_hex();
        let tag = &tag[..24];
        let variant = |body: Bytes, coding: Option<&'static str>| Variant::new(rendered, body, tag, coding);
        let worth = body.len() >= COMPRESSED_FROM;
        let gzip = worth.then(|| compress_gzip(&body)).flatten().map(|b| variant(b, Some("gzip")));
        let brotli = worth.then(|| compress_brotli(&body)).flatten().map(|b| variant(b, Some("br")));
        let compressed = [&gzip, &brotli].into_iter().flatten().map(|v| v.body.len()).sum::<usize>();
        // Headers and the entry itself take about as much as a short page.
        let size = body.len() + compressed + 4_096;
        Self { status: rendered.status, plain: variant(body, None), gzip, brotli, views, size }
    }

    fn count(&self) {
        if let Some(views) = &self.views {
            views.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let variant = match Coding::of(headers) {
            Coding::Brotli => self.brotli.as_ref().unwrap_or(&self.plain),
            Coding::Gzip => self.gzip.as_ref().unwrap_or(&self.plain),
            Coding::Identity => &self.plain,
        };
        let is_kept = headers.get(header::IF_NONE_MATCH).is_some_and(|tags| matches(tags, &variant.tag));
        let mut response = Response::new(if is_kept && self.status == StatusCode::OK {
            Body::empty()
        } else {
            Body::from(variant.body.clone())
        });
        *response.headers_mut() = variant.headers.clone();
        *response.status_mut() = self.status;
        if is_kept && self.status == StatusCode::OK {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().remove(header::CONTENT_TYPE);
            response.headers_mut().remove(header::CONTENT_ENCODING);
        }
        response
    }
}

/// Whether a list of tags holds one.
fn matches(tags: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(tags), Ok(tag)) = (tags.to_str(), tag.to_str()) else { return false };
    tags.split(',').any(|t| t.trim().trim_start_matches("W/") == tag)
}

impl Variant {
    fn new(rendered: &Rendered, body: Bytes, tag: &str, coding: Option<&'static str>) -> Self {
        let tag = format!("\"{tag}{}\"", coding.map_or("", |c| if c == "br" { "-b" } else { "-g" }));
        let tag = HeaderValue::from_str(&tag).expect("a digest is plain text");
        let mut headers = HeaderMap::with_capacity(10);
        let mut set = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        set(header::CONTENT_TYPE, rendered.media_type);
        // A reader always learns of a correction: the page is asked for again, which costs no more than its tag.
        set(header::CACHE_CONTROL, "public, no-cache");
        set(header::VARY, "accept-encoding, cookie");
        set(header::CONTENT_SECURITY_POLICY, rendered.policy);
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(header::REFERRER_POLICY, "same-origin");
        set(header::X_FRAME_OPTIONS, "DENY");
        if let Some(coding) = coding {
            set(header::CONTENT_ENCODING, coding);
        }
        headers.insert(header::ETAG, tag.clone());
        Self { headers, tag, body }
    }
}

fn compress_gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

fn compress_brotli(body: &[u8]) -> Option<Bytes> {
    // Quality 5 is about as quick as gzip and smaller; a page may be wanted by one reader only.
    let params = brotli::enc::BrotliEncoderParams { quality: 5, lgwin: 20, ..Default::default() };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &*body, &mut out, &params).ok()?;
    Some(Bytes::from(out))
}

#[derive(Default)]
struct Tables {
    young: HashMap<Box<str>, Arc<Page>>,
    old: HashMap<Box<str>, Arc<Page>>,
    young_bytes: usize,
}

/// The pages that are kept.
#[derive(Default)]
pub struct Pages {
    tables: RwLock<Tables>,
    generation: AtomicI64,
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl Pages {
    /// Forgets everything that belongs to an earlier version of what is public.
    fn catch_up(&self, generation: i64) {
        if self.generation.load(Ordering::Acquire) < generation {
            let mut tables = self.tables.write().expect("no thread panics while holding it");
            if self.generation.fetch_max(generation, Ordering::AcqRel) < generation {
                *tables = Tables::default();
            }
        }
    }

    /// Forgets everything; what pages show beside articles (counts of readers) is renewed by this.
    pub fn forget(&self) {
        *self.tables.write().expect("no thread panics while holding it") = Tables::default();
    }

    fn get(&self, key: &str, generation: i64) -> Option<Arc<Page>> {
        self.catch_up(generation);
        let old = {
            let tables = self.tables.read().expect("no thread panics while holding it");
            if let Some(page) = tables.young.get(key) {
                return Some(Arc::clone(page));
            }
            tables.old.get(key).map(Arc::clone)
        };
        let page = old?;
        self.put(key, &page, generation);
        Some(page)
    }

    fn put(&self, key: &str, page: &Arc<Page>, generation: i64) {
        let mut tables = self.tables.write().expect("no thread panics while holding it");
        // What was rendered before a change is not kept after it.
        if self.generation.load(Ordering::Acquire) != generation {
            return;
        }
        if tables.young.insert(key.into(), Arc::clone(page)).is_none() {
            tables.young_bytes += page.size;
        }
        if tables.young_bytes > BYTES_MAX {
            tables.old = std::mem::take(&mut tables.young);
            tables.young_bytes = 0;
        }
    }
}

/// What identifies a page: its address as asked for, and how it is to look.
fn key(uri: &Uri, view: View) -> Option<String> {
    let address = uri.path_and_query()?.as_str();
    (address.len() <= ADDRESS_MAX).then(|| format!("{}{address}", view.code()))
}

/// The answer to a request, if its page is kept. Asked before anything else is done with a request.
pub fn kept(api: &Api, request: &Request<Body>) -> Option<Response> {
    if request.method() != Method::GET {
        return None;
    }
    let path = request.uri().path();
    if path.starts_with("/api/") || path.starts_with("/console") || path.starts_with("/files/") {
        return None;
    }
    let key = key(request.uri(), View::of(request.headers()))?;
    let page = api.pages.get(&key, api.app.portal_generation())?;
    page.count();
    Some(page.answer(request.headers()))
}

/// Answers a reader with what was rendered for them, and keeps it if it was asked for at its own address.
pub(super) async fn answer(api: &Api, reader: &Reader, rendered: Rendered) -> Response {
    let views = rendered.article.map(|article| api.app.view_counter(article));
    let asked = reader.uri.path_and_query().map(PathAndQuery::as_str);
    let keep = rendered.status == StatusCode::OK && asked.is_some() && rendered.address.as_deref() == asked;
    // Compression takes some milliseconds, for which other requests should not wait.
    let page = tokio::task::spawn_blocking(move || Page::new(&rendered, views)).await;
    let Ok(page) = page.map(Arc::new) else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return response;
    };
    page.count();
    if keep && let Some(key) = key(&reader.uri, reader.view) {
        api.pages.catch_up(reader.generation);
        api.pages.put(&key, &page, reader.generation);
    }
    page.answer(&reader.headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Arc<Page> {
        Arc::new(Page::new(&Rendered::html(text.repeat(200)), None))
    }

    #[test]
    fn a_page_is_forgotten_when_something_public_changes() {
        let pages = Pages::default();
        assert!(pages.get("/a", 1).is_none());
        pages.put("/a", &page("first"), 1);
        assert!(pages.get("/a", 1).is_some());
        assert!(pages.get("/a", 2).is_none());
        // Rendered before the change, finished after it.
        pages.put("/a", &page("first"), 1);
        assert!(pages.get("/a", 2).is_none());
    }

    #[test]
    fn what_is_asked_for_stays_when_the_rest_is_forgotten() {
        let pages = Pages::default();
        pages.catch_up(1);
        let large = page(&"x".repeat(20_000));
        let enough = BYTES_MAX / large.size + 1;
        pages.put("/wanted", &large, 1);
        for i in 0..2 * enough {
            pages.put(&format!("/{i}"), &large, 1);
            assert!(pages.get("/wanted", 1).is_some());
        }
        assert!(pages.get("/0", 1).is_none());
    }

    #[test]
    fn a_client_gets_a_coding_that_it_takes() {
        let page = page("text ");
        let answer = |accepted: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(accepted).unwrap());
            let response = page.answer(&headers);
            let coding = response.headers().get(header::CONTENT_ENCODING);
            coding.map_or("identity", |c| c.to_str().unwrap()).to_owned()
        };
        assert_eq!(answer("gzip, deflate, br"), "br");
        assert_eq!(answer("gzip;q=0.8, br;q=0"), "gzip");
        assert_eq!(answer("deflate"), "identity");
    }
}
