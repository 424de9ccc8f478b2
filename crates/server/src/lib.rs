//! The server of Wanquan: HTTP API, console, public portal, jobs and command line.
#![expect(clippy::print_stdout, reason = "a command-line program answers on standard output")]

pub mod api;
mod assets;
pub mod cli;
mod clock;
pub mod config;
mod describe;
mod diagram;
pub mod front;
mod mail;
mod packs;
mod portal;
mod report;
pub mod router;
pub mod sender;
pub mod serve;
mod upload;
