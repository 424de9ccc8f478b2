//! See `src/readers.rs`.
#![no_main]

#[path = "../src/readers.rs"]
mod readers;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(
    // Panics that a reader catches are none: only those that reach the end of an input are findings.
    init: drop(std::panic::take_hook()),
    |input: &[u8]| -> Corpus {
        match readers::run(input) {
            readers::Outcome::NoFile => Corpus::Reject,
            _ => Corpus::Keep,
        }
    }
);
