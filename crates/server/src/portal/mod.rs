//! The public portal: server-rendered pages that need no script, from what was approved and nothing else.
//!
//! A handler takes a [`reader::Reader`] (language, look, address) and makes a [`frame::Frame`] (what all pages share) and a
//! template that extends `layout.html`. It answers by `page`: what everybody sees alike goes through [`pages::Pages`],
//! which keeps it, compressed, until something public changes; what belongs to one reader is kept by nobody.

mod article;
mod bulletin;
mod comments;
mod curve;
mod desk;
pub mod feeds;
mod figures;
pub mod files;
mod forms;
mod frame;
mod guard;
mod home;
pub mod lists;
mod map;
mod notices;
mod opening;
mod page;
pub mod pages;
pub mod preferences;
mod reader;
pub mod search;
mod services;
mod takedown;
mod words;

pub use article::any_page;
pub use comments::{list as list_comments, report as report_comment, send as send_comment};
pub use desk::{
    ask_code as ask_desk_code, enter as enter_desk, give_document, home as show_desk, leave as leave_desk,
    send_form as send_desk_form, show_code as show_desk_code, show_form as show_desk_form,
};
pub use figures::{download as download_figures, index as list_figures, show as show_figures};
pub use guard::Guard;
pub use home::home;
pub use notices::{risk, travel};
pub use page::script;
pub use services::{list as list_services, show as show_service};
pub use takedown::{log as list_takedowns, new as new_takedown, send as send_takedown};

use bulletin::{Shown, shown};

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

const CSS: &str = include_str!("../../templates/portal.css");

/// The address of the style sheet, which changes with its content.
static CSS_ADDRESS: LazyLock<String> = LazyLock::new(|| format!("/portal/style.css?v={}", digest(&[CSS])));

/// A short digest (FNV-1a) that tells versions apart; it protects nothing.
fn digest(parts: &[&str]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{hash:016x}")
}

/// The style sheet of the portal.
pub async fn style() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, CSS).into_response()
}

/// What a reader gets when the database does not answer.
fn unavailable(error: &wanquan_app::Error) -> Response {
    tracing::error!(%error, "A public page could not be read");
    let text = "暂时无法显示，请稍后再试。 Not available at the moment, please try again later.";
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}
