//! The `wanquan` executable: HTTP API, console, public portal, jobs and command line.
#![expect(clippy::print_stdout, reason = "a command-line program answers on standard output")]

mod cli;
mod clock;
mod packs;
mod report;

use clap::Parser;
use std::process::ExitCode;

// The system allocator returns memory late under many threads; idle memory is a stated target.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match cli.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("wanquan: {error:#}");
            ExitCode::FAILURE
        }
    }
}
