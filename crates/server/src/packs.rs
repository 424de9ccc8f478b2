//! Packs built into the executable, and those that a deployment adds in its data folder.

use rust_embed::RustEmbed;

/// The folder `packs/` of the repository as it was when the executable was built.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../packs"]
struct Builtin;

/// Every file of the built-in packs with its path below `packs/`, in order of path.
pub fn builtin_files() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = Builtin::iter()
        .filter_map(|path| Builtin::get(&path).map(|file| (path.to_string(), file.data.into_owned())))
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}
