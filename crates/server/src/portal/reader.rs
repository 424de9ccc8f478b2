//! Who reads: in which language, with which look, at which address, and what was public when they asked.

use super::unavailable;
use super::words::Words;
use crate::api::Api;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use std::sync::Arc;
use wanquan_app::portal::read::read_channels;
use wanquan_domain::channel::ChannelTree;
use wanquan_domain::text::Lang;

/// The cookie that keeps how a reader wants pages to look. It is set when a reader chooses, and holds nothing else.
pub(super) const COOKIE: &str = "wanquan_view";

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the device is set.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How a reader wants pages to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    /// Light or dark.
    pub theme: Theme,
    /// Large text.
    pub large: bool,
}

impl View {
    /// What the cookie of a request says.
    pub fn of(headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|value| value.split(';'));
        let code = pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        code.map_or_else(Self::default, Self::parse)
    }

    fn parse(code: &str) -> Self {
        let theme = match code.get(..1) {
            Some("l") => Theme::Light,
            Some("d") => Theme::Dark,
            _ => Theme::Auto,
        };
        Self { theme, large: code.get(1..2) == Some("2") }
    }

    /// The look in two letters, as it stands in the cookie.
    pub fn code(self) -> &'static str {
        match (self.theme, self.large) {
            (Theme::Auto, false) => "a1",
            (Theme::Auto, true) => "a2",
            (Theme::Light, false) => "l1",
            (Theme::Light, true) => "l2",
            (Theme::Dark, false) => "d1",
            (Theme::Dark, true) => "d2",
        }
    }

    /// Classes of the root of a page.
    pub(super) fn classes(self) -> &'static str {
        match (self.theme, self.large) {
            (Theme::Auto, false) => "",
            (Theme::Auto, true) => "large",
            (Theme::Light, false) => "light",
            (Theme::Light, true) => "light large",
            (Theme::Dark, false) => "dark",
            (Theme::Dark, true) => "dark large",
        }
    }
}

/// What a page of the portal is told about the request that it answers.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The language.
    pub(super) w: Words,
    /// How it is to look.
    pub(super) view: View,
    /// The version of what is public, as known before anything was read for the answer.
    pub(super) generation: i64,
    /// The channels of that version.
    pub(super) tree: Arc<ChannelTree>,
    /// The address as it was asked for.
    pub(super) uri: Uri,
    /// The headers.
    pub(super) headers: HeaderMap,
}

impl FromRequestParts<Api> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Response> {
        let generation = api.app.portal_generation();
        let tree = read_channels(&api.app).await.map_err(|error| unavailable(&error))?;
        Ok(Self {
            w: Words(language(&parts.uri)),
            view: View::of(&parts.headers),
            generation,
            tree,
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
        })
    }
}

/// The language that an address asks for.
fn language(uri: &Uri) -> Lang {
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let is_english = pairs.any(|(name, value)| name == "lang" && value == "en");
    if is_english { Lang::En } else { Lang::Zh }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_look_is_read_from_the_cookie_and_nothing_else_is_believed() {
        let of = |cookie: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
            View::of(&headers)
        };
        assert_eq!(of("a=b; wanquan_view=d2; c=d"), View { theme: Theme::Dark, large: true });
        for cookie in ["wanquan_view=", "wanquan_view=<script>", "wanquan_view2=d2", "x"] {
            assert_eq!(of(cookie), View::default());
        }
        for code in ["a1", "a2", "l1", "l2", "d1", "d2"] {
            assert_eq!(View::parse(code).code(), code);
        }
    }
}
