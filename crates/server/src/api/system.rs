//! What anybody may know of the installation.

use super::{Api, Label};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// State of the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
    /// Release.
    pub version: &'static str,
    /// The instant by the clock of the installation.
    #[schema(format = DateTime)]
    pub now: String,
    /// A demonstration on replayed history.
    pub demo: bool,
    /// Sample accounts, in demonstrations only.
    pub demo_accounts: Vec<DemoAccount>,
}

/// A sample account of a demonstration.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DemoAccount {
    /// Name to sign in with.
    pub username: String,
    /// Its published password.
    pub password: String,
    /// What it shows.
    pub role: Label,
}

/// Whether the server answers, and what it is.
#[utoipa::path(get, path = "/health", tag = "system", responses((status = 200, body = Health)))]
pub async fn read_health(State(api): State<Api>) -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        now: api.app.now().to_string(),
        demo: api.app.is_demo(),
        demo_accounts: api.demo_accounts.to_vec(),
    })
}
