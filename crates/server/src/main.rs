//! The `wanquan` executable.

use clap::Parser;
use std::process::ExitCode;

// The system allocator returns memory late under many threads; idle memory is a stated target.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // `wanquan … | head` ends quietly when the reader has seen enough. Sockets are not concerned.
    sigpipe::reset();
    let cli = wanquan_server::cli::Cli::parse();
    start_log(cli.log());
    match cli.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("wanquan: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The log goes to standard error; `WANQUAN_LOG` chooses what is in it (for example `debug`).
fn start_log(usual: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("WANQUAN_LOG");
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usual));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
