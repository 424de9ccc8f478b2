//! How a reader wants pages to look: kept in a cookie that is set when somebody chooses, without script.

use super::reader::COOKIE;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// What was chosen, and the page on which.
#[derive(Debug, Default, Deserialize)]
pub struct Choice {
    view: Option<String>,
    back: Option<String>,
}

/// A year.
const KEPT_SECONDS: u32 = 31_536_000;

/// Keeps a choice and leads back.
pub async fn choose(query: Result<Query<Choice>, QueryRejection>) -> Response {
    let Query(choice) = query.unwrap_or_default();
    let back = choice.back.filter(|back| is_local(back)).unwrap_or_else(|| "/".to_owned());
    let back: String = percent_encoding::utf8_percent_encode(&back, ADDRESS).to_string();
    let Ok(location) = HeaderValue::from_str(&back) else { return StatusCode::BAD_REQUEST.into_response() };
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(code) =
        choice.view.filter(|code| ["a1", "a2", "l1", "l2", "d1", "d2"].contains(&code.as_str()))
    {
        let cookie = format!("{COOKIE}={code}; Path=/; Max-Age={KEPT_SECONDS}; SameSite=Lax; HttpOnly");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.insert(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// What stands in an address as it is: encoded parts stay encoded.
const ADDRESS: &percent_encoding::AsciiSet =
    &percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');

/// True for an address of this server: nobody is led elsewhere.
fn is_local(address: &str) -> bool {
    address.starts_with('/')
        && !address.starts_with("//")
        && !address.contains('\\')
        && !address.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        for address in ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/\t/evil", ""] {
            assert!(!is_local(address), "{address}");
        }
        assert!(is_local("/gsyl/1.html?lang=en"));
    }
}
