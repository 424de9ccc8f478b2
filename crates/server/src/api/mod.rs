//! The API: handlers extract, call one verb of `wanquan-app`, and convert to the response. Shapes live beside them.

pub mod articles;
pub mod audit;
pub mod caller;
pub mod channels;
pub mod chronicle;
pub mod comments;
pub mod diagrams;
pub mod error;
pub mod events;
pub mod exports;
mod form;
pub mod imports;
pub mod inbox;
pub mod levels;
pub mod links;
pub mod openapi;
pub mod persons;
pub mod portal_files;
pub mod publications;
pub mod records;
pub mod regions;
pub mod registers;
pub mod session;
pub mod signals;
pub mod situation;
pub mod system;
pub mod tokens;
pub mod users;
pub mod work;

use crate::config::Config;
use crate::portal::Guard;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use wanquan_app::App;
use wanquan_app::desk::CodeSender;
use wanquan_domain::region::Region;
use wanquan_domain::text::Text;

pub use caller::Caller;
pub use error::ApiError;

/// What handlers share.
#[derive(Debug, Clone)]
pub struct Api {
    /// The installation.
    pub app: App,
    /// Its set-up.
    pub config: Arc<Config>,
    /// Sample accounts that the sign-in page offers; empty outside of demonstrations.
    pub demo_accounts: Arc<[system::DemoAccount]>,
    /// What stands before the public's forms.
    pub guard: Arc<Guard>,
    /// How one-time codes leave the installation; `None` while the resident's desk is closed.
    pub sender: Option<Arc<dyn CodeSender>>,
    /// Public pages, ready.
    pub pages: Arc<crate::portal::pages::Pages>,
}

impl Api {
    /// What handlers share, for an installation and its set-up. `form_key` is what forms of the public are sealed with.
    pub fn new(
        app: App,
        config: Config,
        demo_accounts: Vec<system::DemoAccount>,
        form_key: [u8; 32],
    ) -> Self {
        let guard = Arc::new(Guard::new(form_key));
        let sender = crate::sender::of(&config.portal.codes, config.mailer.as_ref(), &config.data);
        Self {
            app,
            config: Arc::new(config),
            demo_accounts: demo_accounts.into(),
            guard,
            sender,
            pages: Arc::default(),
        }
    }
}

/// A text in both languages.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Label {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl From<Text> for Label {
    fn from(text: Text) -> Self {
        Self { en: text.en, zh: text.zh }
    }
}

impl From<&Text> for Label {
    fn from(text: &Text) -> Self {
        text.clone().into()
    }
}

/// A region, named.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegionRef {
    /// Code.
    pub code: String,
    /// Official name.
    pub name: String,
    /// Administrative level.
    pub level: &'static str,
}

impl From<&Region> for RegionRef {
    fn from(region: &Region) -> Self {
        Self { code: region.code.to_string(), name: region.name.clone(), level: region.level.as_str() }
    }
}

/// Headers of a request as text.
pub trait Headers {
    /// The text of a header; `None` if it is absent.
    ///
    /// # Errors
    /// If it is not plain text.
    fn text(&self, name: &str) -> Result<Option<&str>, ApiError>;
}

impl Headers for HeaderMap {
    fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let refuse =
            |_| ApiError::new(StatusCode::BAD_REQUEST, "bad_header", format!("{name} is not plain text"));
        self.get(name).map(|value| value.to_str().map_err(refuse)).transpose()
    }
}
