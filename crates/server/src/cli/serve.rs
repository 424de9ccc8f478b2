//! `wanquan serve` and `wanquan openapi`.

use crate::api::openapi;
use crate::config::{Config, ServeArgs};
use crate::serve;
use std::process::ExitCode;

/// Starts the runtime and serves.
///
/// # Errors
/// If the set-up or the installation is unusable.
pub fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let config = Config::read(args)?;
    runtime()?.block_on(serve::serve(config))?;
    Ok(ExitCode::SUCCESS)
}

/// The runtime of every command that opens an installation.
///
/// # Errors
/// If the system gives no threads.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Prints the API contract.
pub fn print_openapi() -> ExitCode {
    print!("{}", openapi::contract());
    ExitCode::SUCCESS
}
