//! Who calls: by the session cookie of a browser or the bearer token of a script.

use super::{Api, ApiError};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use wanquan_app::access::{self, Identity};
use wanquan_domain::actor::Actor;

const COOKIE: &str = "wanquan_session";
/// A page of another origin cannot add this header, so a request with a cookie that changes something must carry it.
const SAME_ORIGIN: &str = "x-wanquan-request";

/// Who calls. Extracting it refuses everybody else.
#[derive(Debug, Clone)]
pub struct Caller(pub Identity);

impl Caller {
    /// The caller as an actor.
    pub fn actor(&self) -> &Actor {
        &self.0.actor
    }
}

/// What a caller is known by.
#[derive(Clone)]
pub enum Credential {
    /// The session cookie of a browser.
    Session(String),
    /// The bearer token of a script.
    Token(String),
}

impl Credential {
    /// What a request carries; a token stands before a cookie.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        match bearer.and_then(|value| value.strip_prefix("Bearer ")) {
            Some(secret) => Some(Self::Token(secret.trim().to_owned())),
            None => session_secret(headers).map(|secret| Self::Session(secret.to_owned())),
        }
    }

    /// Who it still stands for.
    ///
    /// # Errors
    /// `NotSignedIn` if it has ended.
    pub async fn recheck(&self, api: &Api) -> Result<Identity, wanquan_app::Error> {
        match self {
            Self::Session(secret) => access::recheck_session(&api.app, secret).await,
            Self::Token(secret) => access::identify_token(&api.app, secret).await,
        }
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let secret = match Credential::of(&parts.headers).ok_or(wanquan_app::Error::NotSignedIn)? {
            Credential::Token(secret) => {
                return Ok(Self(access::identify_token(&api.app, &secret).await?));
            }
            Credential::Session(secret) => secret,
        };
        let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        if !safe && !parts.headers.contains_key(SAME_ORIGIN) {
            let detail =
                format!("a browser's request that changes something carries the header {SAME_ORIGIN}: 1");
            return Err(ApiError::new(StatusCode::FORBIDDEN, "cross_site", detail));
        }
        Ok(Self(access::identify_session(&api.app, &secret).await?))
    }
}

/// The secret in the session cookie.
pub fn session_secret(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// The cookie that keeps a session; without a secret, the one that ends it.
pub fn session_cookie(secret: Option<&str>, https: bool) -> HeaderValue {
    let (value, age) = secret.map_or(("", "; Max-Age=0"), |secret| (secret, ""));
    let secure = if https { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
    HeaderValue::from_str(&text).expect("a secret is hexadecimal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers
            .insert(header::COOKIE, HeaderValue::from_static("wanquan_session2=x; a=b; wanquan_session=abc"));
        assert_eq!(session_secret(&headers), Some("abc"));
        assert_eq!(session_secret(&HeaderMap::new()), None);
    }
}
