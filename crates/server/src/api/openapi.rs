//! The contract: generated from the handlers, served, committed as `crates/server/openapi.json`, compared by a test.

use utoipa::OpenApi;

/// What the handlers cannot say by themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Wanquan",
        description = "Everything that the console does. Errors are problems (RFC 9457) with a stable `code`. A browser is known by its session cookie, a script by `Authorization: Bearer TOKEN`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/api/v1")),
    components(schemas(super::error::Problem))
)]
pub struct Contract;

/// The contract as the JSON text that is committed.
pub fn contract() -> String {
    let (_, contract) = crate::router::api().split_for_parts();
    let mut text = contract.to_pretty_json().expect("the contract is plain data");
    text.push('\n');
    text
}
