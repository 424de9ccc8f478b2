//! What an operator does without a browser: accounts, the audit log, backup and restore, by the real executable.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod executable;

use std::path::Path;
use std::process::Output;

fn wanquan(folder: &Path, arguments: &[&str]) -> Output {
    typed(folder, arguments, "")
}

fn typed(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = executable::wanquan();
    command.args(arguments).env("WANQUAN_DATA", folder).env("WANQUAN_TIME_ZONE", "+08:00");
    executable::answer(command.env_remove("WANQUAN_DATABASE"), input)
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[track_caller]
fn fails(output: &Output, with: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains(with), "{error}");
}

#[test]
fn accounts_are_made_and_given_roles_without_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fails(&wanquan(at, &["user", "list"]), "no installation");
    fails(&wanquan(at, &["audit", "verify"]), "no installation");
    let made = ["user", "add", "root", "--name", "Root", "--role", "administrator", "--region", "100000"];
    let text = succeeds(&wanquan(at, &made));
    assert!(text.starts_with("root\tRoot\tadministrator@100000\n"), "{text}");
    let password = text.trim().rsplit(' ').next().unwrap();
    assert_eq!(password.len(), 20, "{text}");
    fails(&wanquan(at, &made), "exists already");
    fails(&wanquan(at, &["user", "add", "li", "--role", "emperor", "--region", "100000"]), "emperor");

    let typed_password = ["user", "add", "li", "--password-stdin"];
    fails(&typed(at, &typed_password, "short\n"), "at least 10 characters");
    let text = succeeds(&typed(at, &typed_password, "long enough for it\n"));
    assert!(!text.contains("long enough"), "{text}");
    let granted = succeeds(&wanquan(at, &["user", "grant", "li", "data_clerk", "140400"]));
    assert_eq!(granted, "li\tli\tdata_clerk@140400\n");
    let taken = succeeds(&wanquan(at, &["user", "grant", "--revoke", "li", "data_clerk", "140400"]));
    assert_eq!(taken, "li\tli\t\n");
    let last = ["user", "grant", "--revoke", "root", "administrator", "100000"];
    fails(&wanquan(at, &last), "somebody must remain");
    fails(&wanquan(at, &["user", "grant", "wang", "viewer", "140400"]), "no user");
    fails(&wanquan(at, &["user", "grant", "li", "viewer", "nowhere"]), "no region");
    succeeds(&wanquan(at, &["user", "password", "li"]));
    assert_eq!(succeeds(&wanquan(at, &["user", "list"])).lines().count(), 2);
}

#[test]
fn the_audit_log_is_verified_and_written_out() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    succeeds(&wanquan(at, &["user", "add", "root", "--role", "administrator", "--region", "100000"]));
    let verified = succeeds(&wanquan(at, &["audit", "verify"]));
    assert!(verified.starts_with("2 entries"), "{verified}");
    let file = at.join("log.jsonl");
    let file_name = file.to_str().unwrap();
    succeeds(&wanquan(at, &["audit", "export", "-o", file_name]));
    fails(&wanquan(at, &["audit", "export", "-o", file_name]), "log.jsonl");
    let lines: Vec<serde_json::Value> = std::fs::read_to_string(&file)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["act"], "account.create");
    assert_eq!(lines[1]["actor"], "operator (command line)");

    // Somebody who can write the database file rewrites an entry.
    let database = rusqlite::Connection::open(at.join("wanquan.db")).unwrap();
    let rewriting = "update audit set actor = 'nobody' where seq = 1";
    assert!(
        database.execute(rewriting, []).is_err(),
        "the database refuses it as long as its triggers are there"
    );
    let triggers = "select name from sqlite_schema where type = 'trigger' and tbl_name = 'audit'";
    let mut triggers = database.prepare(triggers).unwrap();
    let names: Vec<String> = triggers.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    drop(triggers);
    names.iter().for_each(|name| database.execute_batch(&format!("drop trigger {name}")).unwrap());
    database.execute(rewriting, []).unwrap();
    drop(database);
    let output = wanquan(at, &["audit", "verify"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success() && text.contains("entry 1 was altered"), "{text}");
}

#[test]
fn a_backup_is_restored_into_an_empty_folder_and_a_damaged_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("live");
    succeeds(&wanquan(&at, &["user", "add", "root", "--role", "administrator", "--region", "100000"]));
    let copy = folder.path().join("copy.wanquan");
    let copy_name = copy.to_str().unwrap();
    succeeds(&wanquan(&at, &["backup", copy_name]));
    fails(&wanquan(&at, &["backup", copy_name]), "exists already");

    let back = folder.path().join("back");
    std::fs::create_dir(&back).unwrap();
    std::fs::write(back.join("wanquan.toml"), "time_zone = \"+08:00\"\n").unwrap();
    succeeds(&wanquan(&back, &["restore", copy_name]));
    assert_eq!(succeeds(&wanquan(&back, &["user", "list"])), succeeds(&wanquan(&at, &["user", "list"])));
    fails(&wanquan(&back, &["restore", copy_name]), "is not empty");
    fails(&wanquan(&at, &["restore", copy_name]), "is not empty");

    let bytes = std::fs::read(&copy).unwrap();
    let mut flipped = bytes.clone();
    // The middle of a page in the middle of the file, and a file cut off.
    let middle = bytes.len() / 2 / 4096 * 4096;
    flipped[middle..middle + 64].fill(0xff);
    for damaged in [&flipped[..], &bytes[..bytes.len() - 5_000], b"not a database", b""] {
        std::fs::write(&copy, damaged).unwrap();
        let target = folder.path().join("target");
        fails(&wanquan(&target, &["restore", copy_name]), "");
        let left = std::fs::read_dir(&target).map_or(0, Iterator::count);
        assert_eq!(left, 0, "nothing is left behind");
    }
}

#[test]
fn somebody_who_asks_is_answered_and_erased_and_a_backup_without_its_key_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("live");
    std::fs::create_dir(&at).unwrap();
    let list = folder.path().join("list.csv");
    let rows = "病例编号,病种,姓名,证件号码,地区编码,发病日期,报告日期,病例分类\n\
        A-1,麻疹,李雷,140423198002030014,140423,2020-02-01,2020-02-05,疑似病例\n";
    std::fs::write(&list, rows).unwrap();
    let list = list.to_str().unwrap();
    succeeds(&wanquan(&at, &["import", list, "--register", "case"]));
    let found = succeeds(&typed(&at, &["person", "find", "document"], "1404 2319 8002 0300 14\n"));
    let person = found.trim();
    assert_eq!(person.len(), 36, "{found}");
    assert!(!typed(&at, &["person", "find", "phone"], "13900001234\n").status.success());
    let known = succeeds(&wanquan(&at, &["person", "export", person]));
    let known: serde_json::Value = serde_json::from_str(&known).unwrap();
    assert_eq!(known["records"][0]["versions"][0]["values"]["name"], "李雷");
    let page = succeeds(&wanquan(&at, &["person", "export", person, "--format", "html", "--lang", "zh"]));
    assert!(page.contains("李雷") && page.contains("证件号码"), "{page}");

    // The key is not in the backup: without it nothing opens, with it everything does.
    let copy = folder.path().join("copy.wanquan");
    succeeds(&wanquan(&at, &["backup", copy.to_str().unwrap()]));
    let back = folder.path().join("back");
    succeeds(&wanquan(&back, &["restore", copy.to_str().unwrap()]));
    let asked = ["person", "export", person];
    fails(&wanquan(&back, &asked), "the key of personal data is missing");
    std::fs::write(back.join("wanquan.key"), "7".repeat(64)).unwrap();
    fails(&wanquan(&back, &asked), "is not the one under which");
    std::fs::copy(at.join("wanquan.key"), back.join("wanquan.key")).unwrap();
    assert!(succeeds(&wanquan(&back, &asked)).contains("李雷"));

    fails(&wanquan(&at, &["person", "erase", person, "--reason", "retention ended"]), "--yes");
    succeeds(&wanquan(&at, &["person", "erase", person, "--reason", "retention ended", "--yes"]));
    let left = succeeds(&wanquan(&at, &["person", "export", person]));
    assert!(!left.contains("李雷") && left.contains("A-1"), "{left}");
    assert!(!typed(&at, &["person", "find", "document"], "140423198002030014\n").status.success());
}
