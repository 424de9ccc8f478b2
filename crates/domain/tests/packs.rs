//! The packs of the repository load, and broken packs are reported whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use wanquan_domain::pack::{Files, PackIssueCode, Packs};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs")
}

fn read_folder(root: &Path, at: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(at).expect("the packs folder is there") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            read_folder(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            files.insert(name, Arc::from(std::fs::read(&path).expect("readable")));
        }
    }
}

fn repository() -> Files {
    let mut files = Files::new();
    read_folder(&folder(), &folder(), &mut files);
    files
}

#[test]
fn every_pack_of_the_repository_loads() {
    let packs = Packs::load(&repository())
        .unwrap_or_else(|issues| panic!("{}", issues.iter().map(|i| format!("{i}\n")).collect::<String>()));
    for id in ["case", "contact", "count_report", "lab_sample"] {
        assert!(packs.register(id).is_some(), "register {id}");
    }
    assert!(packs.roles.get("epidemiologist").is_some());
}

#[test]
fn every_problem_of_a_broken_pack_is_reported_with_its_line() {
    let mut files = Files::new();
    let mut add = |name: &str, text: &str| files.insert(name.to_owned(), Arc::from(text.as_bytes()));
    add(
        "x/pack.toml",
        "id = \"y\"\ntitle = { en = \"X\" }\nversion = \"1\"\nkind = \"odd\"\nlicence = \"none\"\nextra = 1\n",
    );
    add(
        "x/registers/case.toml",
        "[register]\nid = \"case\"\nkind = \"case\"\ntitle = { en = \"C\", zh = \"C\" }\ntitle_field = \"nothing\"\n\n\
         [[field]]\nid = \"size\"\ntype = \"integer\"\nlabel = { en = \"S\", zh = \"S\" }\nvalid_if = \"record.gone > 1\"\n\
         valid_message = { en = \"m\", zh = \"m\" }\n",
    );
    add("x/regions.csv", "code,name,level,parent\n1,A,nation,\n2,B,province,9\n3,C,planet,1\n");
    add("x/roles.toml", "[[role]\n");
    let issues = Packs::load(&files).unwrap_err();
    let found = |code: PackIssueCode, file: &str, line: usize| {
        assert!(
            issues.iter().any(|i| i.code == code && i.file == file && i.line == line),
            "{} in {file}:{line} not among {issues:#?}",
            code.as_str()
        );
    };
    found(PackIssueCode::WrongValue, "x/pack.toml", 1);
    found(PackIssueCode::MissingTranslation, "x/pack.toml", 2);
    found(PackIssueCode::WrongValue, "x/pack.toml", 4);
    found(PackIssueCode::UnknownKey, "x/pack.toml", 6);
    found(PackIssueCode::UnknownReference, "x/registers/case.toml", 1);
    found(PackIssueCode::Condition, "x/registers/case.toml", 11);
    found(PackIssueCode::Regions, "x/regions.csv", 3);
    found(PackIssueCode::WrongValue, "x/regions.csv", 4);
    found(PackIssueCode::Syntax, "x/roles.toml", 1);
}
