//! The tables from which the coverage-guided search starts (`make fuzz`), each taken once: what the targets do is compiled
//! and run with every test, and each seed reaches the answer that the search is to break.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "../../../fuzz/src/commands.rs"]
mod commands;
#[path = "../../../fuzz/src/readers.rs"]
mod readers;

use std::path::Path;

/// The seeds of a target, with their names.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let named = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        (path.display().to_string(), std::fs::read(path).unwrap())
    };
    let mut seeds: Vec<_> = std::fs::read_dir(folder).unwrap().map(named).collect();
    seeds.sort();
    seeds
}

#[test]
fn every_command_that_the_search_starts_from_is_answered() {
    let seeds = seeds("commands");
    let outcomes = seeds.iter().map(|(name, input)| (name, commands::run(input)));
    let others: Vec<_> = outcomes.filter(|(_, outcome)| *outcome != commands::Outcome::Answered).collect();
    assert!(others.is_empty(), "{others:#?}");
    std::fs::remove_dir_all(commands::folder()).unwrap();
    for command in commands::COMMANDS {
        assert!(
            seeds.iter().any(|(_, input)| input.starts_with(command.as_bytes())),
            "no seed for {command}"
        );
    }
}

#[test]
fn every_file_that_the_search_starts_from_is_a_table() {
    let outcomes = seeds("readers").into_iter().map(|(name, input)| (name, readers::run(&input)));
    let others: Vec<_> =
        outcomes.filter(|(_, outcome)| !matches!(outcome, readers::Outcome::Read(1..))).collect();
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn a_command_that_reaches_out_of_its_folder_is_not_run() {
    for line in [
        "",
        "serve",
        "export cases",
        "rt /dev/zero --si-mean 4 --si-sd 2",
        "rt ../TABLE --si-mean 4 --si-sd 2",
        "rt - --si-mean 4 --si-sd 2",
        "score --forecast -:model --truth TRUTH",
        "score --forecast=- --truth TRUTH",
        "detect TABLE --plot elsewhere",
        "detect TABLE --plot=elsewhere",
        "detect TABLE -oelsewhere",
        "detect TABLE --output elsewhere",
        "nowcast TABLE --draws 4000000000",
        "scan TABLE --places PLACES --replicates=4000000000",
    ] {
        assert_eq!(commands::run(line.as_bytes()), commands::Outcome::NoCommand, "{line}");
    }
}
