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

#[test]
fn a_life_and_a_plan_that_cannot_work_are_refused_with_their_lines() {
    let mut files = repository();
    let mut add = |name: &str, text: &str| files.insert(name.to_owned(), Arc::from(text.as_bytes()));
    add(
        "base/registers/visit.toml",
        "[register]\nid = \"visit\"\nkind = \"ledger\"\ntitle = { en = \"V\", zh = \"V\" }\ntitle_field = \"region\"\n\
         [[field]]\nid = \"region\"\ntype = \"region\"\nlabel = { en = \"R\", zh = \"R\" }\nrole = \"region\"\n\
         [[state]]\nid = \"open\"\nlabel = { en = \"O\", zh = \"O\" }\ndeadline = { within = \"soon\" }\n\
         [[state]]\nid = \"lost\"\nlabel = { en = \"L\", zh = \"L\" }\n\
         [[step]]\nid = \"go\"\nlabel = { en = \"G\", zh = \"G\" }\nfrom = [\"open\"]\nto = \"gone\"\nrequired = [\"nothing\"]\n\
         [[step.allow]]\nrole = \"emperor\"\nat = \"region\"\n",
    );
    add(
        "base/plans/odd.toml",
        "[plan]\nid = \"odd\"\ntitle = { en = \"O\", zh = \"O\" }\npurpose = { en = \"O\", zh = \"O\" }\nsource = \"s\"\n\
         [trigger]\non = \"record_enters\"\nregister = \"task\"\nstate = \"flying\"\nwhen = \"record.colour == 'red'\"\n\
         [[action]]\nid = \"a\"\ndo = \"create\"\nregister = \"task\"\nset = { title = \"{what}\", category = \"song\", state = \"done\" }\n",
    );
    let issues = Packs::load(&files).unwrap_err();
    let found = |code: PackIssueCode, file: &str, text: &str| {
        let fits = |i: &&wanquan_domain::pack::PackIssue| {
            i.code == code && i.file == file && i.message.contains(text)
        };
        assert!(issues.iter().any(|i| fits(&i)), "{} {text} not among {issues:#?}", code.as_str());
    };
    let (visit, odd) = ("base/registers/visit.toml", "base/plans/odd.toml");
    found(PackIssueCode::WrongValue, visit, "`soon` is no period");
    found(PackIssueCode::WrongValue, visit, "no step leads to state `lost`");
    found(PackIssueCode::WrongValue, visit, "no step leads out of state `lost`");
    found(PackIssueCode::UnknownReference, visit, "state `gone`");
    found(PackIssueCode::UnknownReference, visit, "field `nothing`");
    found(PackIssueCode::UnknownReference, visit, "role `emperor`");
    found(PackIssueCode::UnknownReference, odd, "no state `flying`");
    found(PackIssueCode::Condition, odd, "record.colour");
    found(PackIssueCode::UnknownReference, odd, "`{what}` is no fact");
    found(PackIssueCode::WrongValue, odd, "none of the choices of `category`");
    found(PackIssueCode::WrongValue, odd, "enters its first state by itself");
    assert_eq!(issues.iter().filter(|i| i.file == odd).count(), 5);
}

#[test]
fn a_new_record_enters_its_first_state() {
    let packs = Packs::load(&repository()).expect("the packs load");
    let task = packs.register("task").expect("it is declared");
    let values = serde_json::json!({
        "title": "T", "category": "other", "region": "140423", "created_on": "2020-02-12",
    });
    let context = wanquan_domain::validate::Context {
        tree: &packs.regions,
        is_disease: &|_| true,
        today: jiff::civil::date(2020, 2, 12),
    };
    let validated = task.validate(values.as_object().expect("an object").clone(), &context);
    let draft = validated.draft.unwrap_or_else(|| panic!("{:?}", validated.issues));
    assert_eq!(draft.data.get("state"), Some(&serde_json::json!("assigned")));
}
