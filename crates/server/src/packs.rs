//! Packs built into the executable, and those that a deployment adds in its data folder.

use anyhow::{Context, bail};
use rust_embed::RustEmbed;
use std::path::Path;
use std::sync::Arc;
use wanquan_domain::pack::{Files, Packs};

/// The folder `packs/` of the repository as it was when the executable was built.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../packs"]
struct Builtin;

/// Every file of the built-in packs with its path below `packs/`.
pub fn builtin_files() -> Files {
    Builtin::iter()
        .filter_map(|path| Builtin::get(&path).map(|file| (path.to_string(), Arc::from(file.data.as_ref()))))
        .collect()
}

/// Line list of the invented cases of the demonstration.
pub const DEMO_CASES: &[u8] = include_bytes!("../demo/synthetic/cases.csv");

/// What the demonstration declares beyond the built-in packs: a disease that says of itself that it is invented.
const DEMO_PACK: [(&str, &[u8]); 2] = [
    ("synthetic/pack.toml", include_bytes!("../demo/synthetic/pack.toml")),
    ("synthetic/disease.toml", include_bytes!("../demo/synthetic/disease.toml")),
];

/// The packs of the demonstration: the built-in ones, its own, and those of the folder `added`.
///
/// # Errors
/// As for [`load`].
pub fn load_demo(added: Option<&Path>) -> anyhow::Result<Packs> {
    let mut files = builtin_files();
    files.extend(DEMO_PACK.map(|(path, content)| (path.to_owned(), Arc::from(content))));
    load_over(files, added)
}

/// The built-in packs, with those of the folder `added` on top: a pack of the same name replaces the built-in one.
///
/// # Errors
/// Where a file cannot be read or a pack is wrong; the message lists every problem.
pub fn load(added: Option<&Path>) -> anyhow::Result<Packs> {
    load_over(builtin_files(), added)
}

fn load_over(mut files: Files, added: Option<&Path>) -> anyhow::Result<Packs> {
    if let Some(folder) = added.filter(|folder| folder.is_dir()) {
        let extra = read_folder(folder).with_context(|| format!("reading packs in {}", folder.display()))?;
        let replaced: std::collections::BTreeSet<String> =
            extra.keys().filter_map(|path| path.split_once('/').map(|(pack, _)| pack.to_owned())).collect();
        files.retain(|path, _| path.split_once('/').is_none_or(|(pack, _)| !replaced.contains(pack)));
        files.extend(extra);
    }
    Packs::load(&files).or_else(|issues| {
        let list: Vec<String> = issues.iter().map(ToString::to_string).collect();
        bail!("the packs have {} problems:\n{}", list.len(), list.join("\n"))
    })
}

/// Largest file of a pack: beyond it, something that is no declaration has slipped in.
const FILE_MAX_BYTES: u64 = 32 << 20;

/// The files of a folder of packs.
///
/// # Errors
/// Where a file cannot be read or is too large.
pub fn read_folder(root: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else if entry.file_type()?.is_file() {
                let size = entry.metadata()?.len();
                if size > FILE_MAX_BYTES {
                    bail!("{} has {size} bytes, at most {FILE_MAX_BYTES} are admissible", path.display());
                }
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                let content = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
                files.insert(name, Arc::from(content));
            }
        }
    }
    Ok(files)
}
