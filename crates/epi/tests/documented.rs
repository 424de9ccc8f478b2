//! Every public function tells how it is called: a tested example, and what it refuses.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Free functions of a file that other crates may see: name, documentation and signature.
fn functions(text: &str) -> Vec<(String, String, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let Some(rest) = line.strip_prefix("pub fn ") else { continue };
        let above = lines[..i].iter().rev().take_while(|l| l.starts_with("///") || l.starts_with("#["));
        let mut docs: Vec<&str> = above.copied().collect();
        docs.reverse();
        let signature = lines[i..].iter().take_while(|l| !l.starts_with('}')).copied();
        let signature: String = signature.collect::<Vec<_>>().join(" ");
        let name = rest.split(['(', '<']).next().unwrap().to_owned();
        found.push((name, docs.join("\n"), signature.split(" {").next().unwrap().to_owned()));
    }
    found
}

#[test]
fn every_public_function_has_an_example_and_names_its_errors() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    files.sort();
    let (mut seen, mut missing) = (0, Vec::new());
    for file in files {
        for (name, docs, signature) in functions(&std::fs::read_to_string(&file).unwrap()) {
            seen += 1;
            if !docs.contains("/// # Examples\n/// ```") && !docs.contains("/// # Examples\n/// ") {
                missing.push(format!("{name} has no example"));
            }
            let fails =
                signature.split("->").nth(1).is_some_and(|result| result.trim().starts_with("Result"));
            if fails && !docs.contains("# Errors") && !docs.contains("# Input, output, errors") {
                missing.push(format!("{name} does not say what it refuses"));
            }
        }
    }
    assert!(seen >= 60, "{seen} functions; is the folder the right one?");
    assert!(missing.is_empty(), "{missing:#?}");
}
