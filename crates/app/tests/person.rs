//! Persons: nothing of them in plain text, told apart and joined by people, answered for, erased.

#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod town;

use serde_json::{Map, Value, json};
use town::{Town, case, holder, person as somebody, values};
use uuid::Uuid;
use wanquan_app::ingest::import::{ImportOptions, ImportReport, Input, import};
use wanquan_app::life::{Bulk, StepInput, get, take_step, take_steps};
use wanquan_app::person::{self, Asked, Whose};
use wanquan_app::records::{self, Query};
use wanquan_app::{Error, audit, export, jobs};
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::identity::Likeness;
use wanquan_domain::record::RecordId;

const MARKS: [&str; 4] = ["标记姓名", "MARKNUMBER77", "16600007777", "标记地址"];

/// A case of measles whose person is told by these values.
fn of(number: &str, region: &str, who: Value) -> Map<String, Value> {
    let mut case = case(number, region);
    case.remove("phone");
    case.extend(values(who));
    case
}

fn marked() -> Value {
    json!({ "name": MARKS[0], "document_number": MARKS[1], "phone": MARKS[2], "address": MARKS[3] })
}

async fn create(town: &Town, actor: &Actor, values: Map<String, Value>) -> (RecordId, Option<Uuid>) {
    let made = records::create(&town.app, actor, "case", values, None).await.unwrap();
    (made.record.id, made.record.person)
}

async fn bring(town: &Town, actor: &Actor, register: &str, text: String) -> ImportReport {
    let input = Input { source: text.into_bytes().into(), name: "list.csv".into() };
    let report = import(&town.app, actor, register, input, ImportOptions::default()).await.unwrap();
    assert!(report.refusal.is_none(), "{:?}", report.refusal);
    report
}

/// What the database keeps: the file with the log beside it.
fn everything(town: &Town) -> Vec<u8> {
    let mut bytes = std::fs::read(town.folder.path().join("wanquan.db")).unwrap();
    bytes.extend(std::fs::read(town.folder.path().join("wanquan.db-wal")).unwrap_or_default());
    bytes
}

fn check_no_mark(town: &Town) {
    let bytes = everything(town);
    assert!(bytes.len() > 100_000);
    for mark in MARKS {
        assert!(!bytes.windows(mark.len()).any(|w| w == mark.as_bytes()), "`{mark}` is in the database");
    }
}

#[tokio::test]
async fn no_way_into_the_registers_leaves_a_name_in_plain_text() {
    let town = Town::open().await;
    let clerk = holder(&[("data_clerk", "1101"), ("epidemiologist", "1101")]);
    // The form, with a key for retries; a correction; a withdrawal.
    let made = of("A-1", "110101", marked());
    let first = records::create(&town.app, &clerk, "case", made.clone(), Some("key-1")).await.unwrap();
    let again = records::create(&town.app, &clerk, "case", made, Some("key-1")).await.unwrap();
    assert_eq!(again.record.id, first.record.id);
    let mut corrected = of("A-1", "110101", marked());
    corrected.insert("classification".into(), json!("confirmed"));
    records::update(&town.app, &clerk, first.record.id, 1, corrected, None).await.unwrap();
    records::withdraw(&town.app, &clerk, first.record.id, 2, "entered twice").await.unwrap();
    // A title that is a name, and a key that is the whole content.
    let visitor = values(json!({ "name": MARKS[0], "region": "110101", "date": "2020-02-10" }));
    records::create(&town.app, &clerk, "visitor", visitor, None).await.unwrap();
    // Files, twice, with rows that are refused.
    let list = |day: &str| {
        let rows: Vec<String> = (0..20)
            .map(|n| {
                format!(
                    "L-{n},麻疹,{},{}{n},{},{},110101,2020-02-0{day},2020-02-05,疑似病例",
                    MARKS[0], MARKS[1], MARKS[2], MARKS[3]
                )
            })
            .collect();
        format!(
            "病例编号,病种,姓名,证件号码,联系电话,现住址,地区编码,发病日期,报告日期,病例分类\n{}\n\
             X,麻疹,{},,,,nowhere,2020-02-01,2020-02-05,疑似病例\n",
            rows.join("\n"),
            MARKS[0]
        )
    };
    let report = bring(&town, &clerk, "case", list("1")).await;
    assert_eq!((report.created, report.refused), (20, 1), "{:?}", report.issues);
    assert_eq!(bring(&town, &clerk, "case", list("2")).await.changed, 20);
    // A ledger with states: entered, then a step on a selection that sets a personal field.
    let arrival = |number: &str| {
        values(json!({
            "declaration_number": number, "name": MARKS[0], "document_number": MARKS[1], "phone": MARKS[2],
            "region": "110101", "arrived_on": "2020-02-11", "origin": "110102",
            "transport": "train", "landing_region": "110101", "risk": "low",
        }))
    };
    let mut arrivals = Vec::new();
    for number in ["D-1", "D-2"] {
        let made = records::create(&town.app, &clerk, "arrival", arrival(number), None).await;
        arrivals.push(made.unwrap_or_else(|e| panic!("{e:?}")).record.id);
    }
    let checked = StepInput {
        step: "check".into(),
        values: values(json!({ "address": MARKS[3] })),
        ..StepInput::default()
    };
    let taken = take_steps(&town.app, &clerk, &arrivals, &checked, Bulk::Together).await.unwrap();
    assert!(taken.iter().all(|(_, outcome)| outcome.is_ok()), "{taken:?}");
    jobs::run_due(&town.app).await.unwrap();
    // Looks, searches, a table taken out.
    let by_name = Query { fields: vec![("name".into(), MARKS[0].into())], ..Query::default() };
    assert_eq!(records::list(&town.app, &clerk, "case", &by_name, None, 50).await.unwrap().items.len(), 20);
    let sink = Box::new(std::io::sink());
    let form = (export::Form::Csv, export::Names::Ids);
    export::export(&town.app, &clerk, "case", &by_name, form.0, form.1, sink).await.unwrap();
    check_no_mark(&town);
    let seen = records::get(&town.app, &clerk, arrivals[0], None).await.unwrap();
    assert_eq!(seen.record.data.get("address"), Some(&json!(MARKS[3])));
    town.app.close().await;
    check_no_mark(&town);
}

#[tokio::test]
async fn who_may_be_the_same_is_shown_before_it_is_entered_and_a_person_decides() {
    let town = Town::open().await;
    let clerk = somebody("data_clerk", "1101");
    let li = json!({ "name": "李雷", "document_number": "140423198002030014", "phone": "13900001234" });
    let (known, lei) = create(&town, &clerk, of("A-1", "110101", li)).await;
    create(&town, &clerk, of("A-2", "110102", json!({ "name": "韩梅梅", "birth_date": "1980-02-03" }))).await;
    let check = async |who: Value, expected: &[(u32, &[Likeness])]| {
        let found = person::duplicates(&town.app, &clerk, "case", of("A-9", "110102", who)).await.unwrap();
        let found: Vec<_> = found.items.iter().map(|d| (d.score, d.reasons.as_slice())).collect();
        assert_eq!(found, expected);
    };
    use Likeness::{BirthDate, CharacterVariant, Document, Phone, Pinyin};
    check(
        json!({ "name": "x", "document_number": "1404 2319 8002 0300 14" }),
        &[(100, &[Document, BirthDate])],
    )
    .await;
    check(json!({ "name": "Li Lei", "birth_date": "1980-02-03" }), &[(50, &[Pinyin, BirthDate])]).await;
    check(json!({ "name": "王五", "phone": "+86 13900001234" }), &[(40, &[Phone])]).await;
    check(json!({ "name": "韓梅梅", "birth_date": "1980-02-03" }), &[(60, &[CharacterVariant, BirthDate])])
        .await;
    check(json!({ "name": "李雷" }), &[]).await;
    // Elsewhere than where the asker may see persons there is a number, and no name.
    let west = somebody("data_clerk", "110102");
    let lookalike = of("A-9", "110102", json!({ "name": "x", "document_number": "140423198002030014" }));
    let found = person::duplicates(&town.app, &west, "case", lookalike.clone()).await.unwrap();
    assert_eq!((found.items.len(), found.elsewhere), (0, 1));
    let blind = person::duplicates(&town.app, &somebody("viewer", "11"), "case", lookalike.clone()).await;
    assert!(matches!(blind, Err(Error::Forbidden { .. })));

    // The same, although nothing but the name says so; another, although the document does.
    let same = of("A-3", "110101", json!({ "name": "李雷" }));
    let said = Whose::Of(lei.unwrap());
    let made = records::create_for(&town.app, &clerk, "case", same.clone(), said, None).await.unwrap();
    assert_eq!(made.record.person, lei);
    let unseen =
        records::create_for(&town.app, &west, "case", of("A-8", "110102", json!({})), said, None).await;
    assert!(matches!(unseen, Err(Error::NotFound { what: "person", .. })));
    let another =
        records::create_for(&town.app, &clerk, "case", lookalike, Whose::OwnPerson, None).await.unwrap();
    assert_ne!(another.record.person, lei);
    let view = person::get(&town.app, &clerk, lei.unwrap()).await.unwrap();
    assert_eq!(view.records.len(), 2);
    assert!(view.records.iter().any(|r| r.record.id == known));
}

#[tokio::test]
async fn who_else_may_be_somebody_is_shown_until_it_is_said() {
    let town = Town::open().await;
    let clerk = somebody("data_clerk", "1101");
    let entered = |number: &str, region: &str| {
        of(number, region, json!({ "name": "李雷", "document_number": "140423198002030014" }))
    };
    let (_, first) = create(&town, &clerk, entered("A-1", "110101")).await;
    let twice =
        records::create_for(&town.app, &clerk, "case", entered("A-2", "110102"), Whose::OwnPerson, None);
    let (first, second) = (first.unwrap(), twice.await.unwrap().record.person.unwrap());
    let alike = async |actor: &Actor, id: Uuid| person::alike(&town.app, actor, id).await;
    let found = alike(&clerk, first).await.unwrap();
    assert_eq!(found.items.iter().map(|item| (item.person, item.score)).collect::<Vec<_>>(), [(second, 100)]);
    assert_eq!(alike(&clerk, second).await.unwrap().items[0].person, first);
    // Half of it is elsewhere; the other half is told by its number alone.
    let east = somebody("data_clerk", "110101");
    let half = alike(&east, first).await.unwrap();
    assert_eq!((half.items.len(), half.elsewhere), (0, 1));
    assert!(matches!(alike(&east, second).await, Err(Error::NotFound { .. })));
    assert!(matches!(alike(&somebody("viewer", "1101"), first).await, Err(Error::Forbidden { .. })));
    person::merge(&town.app, &clerk, first, second, "one document").await.unwrap();
    assert!(alike(&clerk, first).await.unwrap().items.is_empty(), "it was said");
    assert!(alike(&clerk, second).await.unwrap().items.is_empty(), "of both");
}

#[tokio::test]
async fn an_import_says_of_each_row_who_may_be_known_already() {
    let town = Town::open().await;
    let clerk = somebody("data_clerk", "1101");
    let li = json!({ "name": "李雷", "document_number": "140423198002030014" });
    let (known, lei) = create(&town, &clerk, of("A-1", "110101", li)).await;
    let list = "病例编号,病种,姓名,证件号码,联系电话,地区编码,发病日期,报告日期,病例分类\n\
        B-1,麻疹,李雷,140423198002030014,,110101,2020-02-01,2020-02-05,疑似病例\n\
        B-2,麻疹,王五,,13900005678,110101,2020-02-01,2020-02-05,疑似病例\n\
        B-3,麻疹,王 五,,139 0000 5678,110101,2020-02-02,2020-02-05,疑似病例\n\
        B-4,麻疹,赵六,,,110101,2020-02-02,2020-02-05,疑似病例\n";
    let report = bring(&town, &clerk, "case", list.to_owned()).await;
    let twins: Vec<_> = report.issues.iter().filter(|issue| issue.code == "W210").collect();
    let said: Vec<_> = twins.iter().map(|issue| (issue.row.unwrap(), issue.value.clone().unwrap())).collect();
    assert_eq!(said, [(2, known.to_string()), (4, "#3".to_owned())], "{:?}", report.issues);
    // Imported again the rows are known themselves and no news.
    let again = bring(&town, &clerk, "case", list.to_owned()).await;
    assert_eq!((again.unchanged, again.issues.len()), (4, 0), "{:?}", again.issues);
    let view = person::get(&town.app, &clerk, lei.unwrap()).await.unwrap();
    assert_eq!(view.records.len(), 2, "one document, one person");
}

#[tokio::test]
async fn a_merge_shows_both_histories_and_is_taken_back() {
    let town = Town::open().await;
    let clerk = somebody("data_clerk", "1101");
    let (one, first) = create(&town, &clerk, of("A-1", "110101", json!({ "name": "李雷" }))).await;
    let (two, second) = create(&town, &clerk, of("A-2", "110102", json!({ "name": "Li Lei" }))).await;
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_ne!(first, second);
    let east = somebody("data_clerk", "110101");
    let refused = person::merge(&town.app, &east, first, second, "same flat").await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "half of it is not theirs");
    let silent = person::merge(&town.app, &clerk, first, second, " ").await;
    assert!(matches!(silent, Err(Error::BadInput { field: "reason", .. })));
    let merge = person::merge(&town.app, &clerk, first, second, "same flat").await.unwrap();
    let ids = async |id: Uuid| {
        let view = person::get(&town.app, &clerk, id).await.unwrap();
        let mut records: Vec<RecordId> = view.records.iter().map(|found| found.record.id).collect();
        records.sort_unstable();
        (view.id, records)
    };
    assert_eq!(ids(second).await, (first, vec![one, two]), "either leads to both");
    let twice = person::merge(&town.app, &clerk, second, first, "again").await;
    assert!(matches!(twice, Err(Error::Refused { code: "not_mergeable", .. })));
    person::unmerge(&town.app, &clerk, first, merge.id).await.unwrap();
    assert_eq!(ids(first).await, (first, vec![one]));
    assert_eq!(ids(second).await, (second, vec![two]));
    let history = person::get(&town.app, &clerk, first).await.unwrap().merges;
    assert!(history.len() == 1 && history[0].undone.is_some(), "what was said stays on record");
    assert!(matches!(person::unmerge(&town.app, &clerk, first, merge.id).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn what_is_known_is_answered_with_who_looked_and_erased_for_good() {
    let town = Town::open().await;
    let clerk = somebody("data_clerk", "1101");
    let (id, who) = create(&town, &clerk, of("A-1", "110101", marked())).await;
    let who = who.unwrap();
    let mut changed = of("A-1", "110101", marked());
    changed.insert("address".into(), json!("another"));
    town.set("2020-02-13T04:00:00Z");
    records::update(&town.app, &clerk, id, 1, changed, None).await.unwrap();
    records::get(&town.app, &clerk, id, None).await.unwrap();

    let officer = somebody("privacy_officer", "11");
    let asked = Asked { document: Some("mark number 77".into()), phone: None };
    assert_eq!(person::find(&town.app, &officer, &asked).await.unwrap(), [who]);
    let known = person::known(&town.app, &officer, who).await.unwrap();
    assert_eq!((known.records.len(), known.records[0].versions.len()), (1, 2));
    assert_eq!(known.records[0].versions[0].values["address"], json!(MARKS[3]));
    let acts: Vec<&str> = known.looks.iter().map(|look| look.act.as_str()).collect();
    assert_eq!(acts, ["record.create", "record.update", "record.look", "person.find"]);
    for (actor, action) in [
        (&clerk, Action::PersonExport),
        (&somebody("privacy_officer", "12"), Action::PersonExport),
        (&somebody("privacy_officer", "110102"), Action::PersonExport),
    ] {
        let refused = person::known(&town.app, actor, who).await;
        assert!(matches!(refused, Err(Error::Forbidden { action: a }) if a == action), "{}", actor.name);
        let refused = person::erase(&town.app, actor, who, "asked for").await;
        assert!(matches!(refused, Err(Error::Forbidden { action: Action::PersonErase })), "{}", actor.name);
    }
    let silent = person::erase(&town.app, &officer, who, "").await;
    assert!(matches!(silent, Err(Error::BadInput { field: "reason", .. })));
    assert_eq!(person::erase(&town.app, &officer, who, "retention ended").await.unwrap(), 1);
    let twice = person::erase(&town.app, &officer, who, "again").await;
    assert!(matches!(twice, Err(Error::Refused { code: "erased", .. })));

    let seen = records::get(&town.app, &clerk, id, None).await.unwrap();
    assert!(seen.record.erased && seen.record.data.get("name").is_none());
    assert_eq!(seen.record.data.get("case_id"), Some(&json!("A-1")), "a case without names is still a case");
    let before = records::get(&town.app, &clerk, id, Some(jiff::civil::date(2020, 2, 12))).await.unwrap();
    assert!(before.record.erased && before.record.data.get("document_number").is_none());
    let history = records::versions(&town.app, &clerk, id).await.unwrap();
    assert!(history.versions.iter().all(|v| v.erased && v.data.get("phone").is_none()));
    assert!(person::find(&town.app, &officer, &asked).await.unwrap().is_empty());
    let by_name = Query { fields: vec![("name".into(), MARKS[0].into())], ..Query::default() };
    assert!(records::list(&town.app, &clerk, "case", &by_name, None, 50).await.unwrap().items.is_empty());
    let empty = person::known(&town.app, &officer, who).await.unwrap();
    assert!(
        empty.erased_at.is_some() && empty.records[0].versions.iter().all(|v| !v.values.contains_key("name"))
    );
    let verified = audit::verify(&town.app, &Actor::system("test")).await.unwrap();
    assert!(verified.faults.is_empty());
}

#[tokio::test]
async fn a_step_on_an_imported_record_does_not_wait_for_the_job_that_begins_lives() {
    let town = Town::open().await;
    let clerk = holder(&[("data_clerk", "1101"), ("epidemiologist", "1101")]);
    let list = "declaration_number,name,region,arrived_on,origin,transport,landing_region,risk\n\
        D-1,李雷,110101,2020-02-11,110102,train,110101,low\n";
    assert_eq!(bring(&town, &clerk, "arrival", list.to_owned()).await.created, 1);
    let found = records::list(&town.app, &clerk, "arrival", &Query::default(), None, 5).await.unwrap();
    let id = found.items[0].record.id;
    // No job was run yet.
    let life = get(&town.app, &clerk, id).await.unwrap().unwrap();
    assert_eq!((life.work.state.as_str(), life.history.len()), ("declared", 1));
    let step = StepInput { step: "check".into(), ..StepInput::default() };
    take_step(&town.app, &clerk, id, &step).await.unwrap();
    jobs::run_due(&town.app).await.unwrap();
    let life = get(&town.app, &clerk, id).await.unwrap().unwrap();
    assert_eq!((life.work.state.as_str(), life.history.len()), ("found", 2));
}
