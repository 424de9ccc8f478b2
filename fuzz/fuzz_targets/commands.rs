//! See `src/commands.rs`.
#![no_main]

#[path = "../src/commands.rs"]
mod commands;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(
    // Panics that a reader catches are none: only those that reach the end of an input are findings.
    init: drop(std::panic::take_hook()),
    |input: &[u8]| -> Corpus {
        match commands::run(input) {
            commands::Outcome::NoCommand => Corpus::Reject,
            _ => Corpus::Keep,
        }
    }
);
