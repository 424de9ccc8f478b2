//! What people do with records by hand: rights, personal fields, versions, conflicts, counts, audit.

#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod town;

use jiff::civil::date;
use serde_json::{Value, json};
use town::{Town, case, holder, person, values};
use wanquan_app::bus::Change;
use wanquan_app::records::{self, Query, Shown};
use wanquan_app::{Error, audit};
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::issue::IssueCode;
use wanquan_domain::record::RecordId;
use wanquan_domain::region::RegionCode;

async fn enter(town: &Town, actor: &Actor, number: &str, region: &str) -> Shown {
    records::create(&town.app, actor, "case", case(number, region), None).await.unwrap()
}

/// Acts in the audit log about a subject, oldest first, with their detail.
async fn acts(town: &Town, subject: &str) -> Vec<(String, Value)> {
    let query = audit::Query { subject: Some(subject.to_owned()), ..audit::Query::default() };
    let page = audit::list(&town.app, &Actor::system("test"), &query, None, 1_000).await.unwrap();
    page.items.into_iter().rev().map(|entry| (entry.what.act, entry.what.detail)).collect()
}

fn ids(listed: &records::Listed) -> Vec<RecordId> {
    listed.items.iter().map(|shown| shown.record.id).collect()
}

#[tokio::test]
async fn a_record_is_entered_read_changed_and_withdrawn_and_every_step_is_in_the_audit_log() {
    let town = Town::open().await;
    let clerk = person("data_clerk", "1101");
    let made = enter(&town, &clerk, "A-1", "110101").await;
    let id = made.record.id;
    assert_eq!((made.record.version, made.record.event_date), (1, Some(date(2020, 2, 1))));

    town.set("2020-02-13T04:00:00Z");
    let mut changed = case("A-1", "110101");
    changed.insert("classification".into(), json!("confirmed"));
    let updated =
        records::update(&town.app, &clerk, id, 1, changed.clone(), Some(" laboratory ")).await.unwrap();
    assert_eq!((updated.record.version, updated.record.reason.as_deref()), (2, Some("laboratory")));

    let before = records::get(&town.app, &clerk, id, Some(date(2020, 2, 12))).await.unwrap();
    assert_eq!(before.record.data.get("classification"), Some(&json!("suspected")));
    let history = records::versions(&town.app, &clerk, id).await.unwrap();
    assert_eq!(history.versions.len(), 2);
    assert_eq!(history.versions[1].changes, ["classification"]);

    records::withdraw(&town.app, &clerk, id, 2, "entered twice").await.unwrap();
    let listed = records::list(&town.app, &clerk, "case", &Query::default(), None, 50).await.unwrap();
    assert!(listed.items.is_empty());
    let gone = records::get(&town.app, &clerk, id, None).await.unwrap();
    assert!(gone.record.deleted);
    // Withdrawing again finds nothing to withdraw; changing it brings it back.
    let again = records::withdraw(&town.app, &clerk, id, 3, "again").await;
    assert!(matches!(again, Err(Error::NotFound { .. })));
    let back = records::update(&town.app, &clerk, id, 3, changed, None).await.unwrap();
    assert_eq!((back.record.version, back.record.deleted), (4, false));

    let acts: Vec<String> = acts(&town, &format!("record/{id}")).await.into_iter().map(|a| a.0).collect();
    let expected = [
        "record.create",
        "record.update",
        "record.look",
        "record.look",
        "record.withdraw",
        "record.look",
        "record.update",
    ];
    assert_eq!(acts, expected);
}

#[tokio::test]
async fn values_that_change_nothing_make_no_version() {
    let town = Town::open().await;
    let clerk = person("data_clerk", "1");
    let made = enter(&town, &clerk, "A-1", "110101").await;
    let same = records::update(&town.app, &clerk, made.record.id, 1, case("A-1", "110101"), None).await;
    assert_eq!(same.unwrap().record.version, 1);
}

#[tokio::test]
async fn whoever_comes_second_learns_what_changed_meanwhile() {
    let town = Town::open().await;
    let clerk = person("data_clerk", "1");
    let id = enter(&town, &clerk, "A-1", "110101").await.record.id;
    let mut first = case("A-1", "110101");
    first.insert("outcome".into(), json!("recovered"));
    first.insert("phone".into(), json!("999"));
    records::update(&town.app, &person("data_clerk", "1101"), id, 1, first, None).await.unwrap();
    let second = records::update(&town.app, &clerk, id, 1, case("A-1", "110101"), None).await;
    let Err(Error::Conflict { current_version, changed, changed_by, .. }) = second else {
        panic!("{second:?}")
    };
    assert_eq!((current_version, changed), (2, vec!["phone".to_owned(), "outcome".to_owned()]));
    assert_eq!(changed_by.as_deref(), Some("[(\"data_clerk\", \"1101\")]"));
    let withdrawn = records::withdraw(&town.app, &clerk, id, 1, "wrong").await;
    assert!(matches!(withdrawn, Err(Error::Conflict { current_version: 2, .. })));
}

#[tokio::test]
async fn refused_values_are_named_and_doubtful_ones_are_kept_with_a_warning() {
    let town = Town::open().await;
    let clerk = person("data_clerk", "1");
    let broken =
        values(json!({ "disease": "plague", "region": "110101", "age_years": 300, "colour": "red" }));
    let Err(Error::Invalid { issues }) = records::create(&town.app, &clerk, "case", broken, None).await
    else {
        panic!("accepted")
    };
    let mut codes: Vec<IssueCode> = issues.iter().map(|issue| issue.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [IssueCode::OutOfRange, IssueCode::UnknownDisease, IssueCode::UnknownField]);

    let mut doubtful = case("A-1", "110101");
    doubtful.insert("report_date".into(), json!("2020-01-30"));
    let kept = records::create(&town.app, &clerk, "case", doubtful, None).await.unwrap();
    assert_eq!(kept.warnings.len(), 1);
    assert_eq!(kept.warnings[0].code, IssueCode::RuleDoubtful);
}

#[tokio::test]
async fn a_person_acts_in_the_own_regions_only_and_a_move_needs_both() {
    let town = Town::open().await;
    let (east, west) = (person("data_clerk", "110101"), person("data_clerk", "110102"));
    let id = enter(&town, &east, "A-1", "110101001").await.record.id;
    let outside = records::create(&town.app, &east, "case", case("A-2", "110102"), None).await;
    assert!(matches!(outside, Err(Error::Forbidden { action: Action::RecordWrite })));
    // The neighbour does not learn that the record exists, a viewer does and may not change it.
    for (actor, seen) in [(&west, false), (&person("viewer", "11"), true)] {
        let read = records::get(&town.app, actor, id, None).await;
        let write = records::update(&town.app, actor, id, 1, case("A-1", "110101001"), None).await;
        let withdrawn = records::withdraw(&town.app, actor, id, 1, "no").await;
        assert_eq!(read.is_ok(), seen);
        assert_eq!(matches!(read, Err(Error::NotFound { .. })), !seen);
        assert_eq!(matches!(write, Err(Error::Forbidden { .. })), actor.grants[0].role == "viewer");
        assert_eq!(matches!(withdrawn, Err(Error::NotFound { .. })), !seen);
    }
    let moved = records::update(&town.app, &east, id, 1, case("A-1", "110102"), None).await;
    assert!(matches!(moved, Err(Error::Forbidden { .. })));
    let both = holder(&[("data_clerk", "110101"), ("data_clerk", "110102")]);
    let moved = records::update(&town.app, &both, id, 1, case("A-1", "110102"), None).await.unwrap();
    assert_eq!(moved.record.region, RegionCode::new("110102"));
    assert!(records::get(&town.app, &west, id, None).await.is_ok());
    assert!(matches!(records::get(&town.app, &east, id, None).await, Err(Error::NotFound { .. })));
    // What the first region knew on a day, it knew.
    town.set("2020-02-14T04:00:00Z");
    let mut later = case("A-1", "110102");
    later.insert("remark".into(), json!("seen"));
    records::update(&town.app, &west, id, 2, later, None).await.unwrap();
    let (_, detail) = acts(&town, &format!("record/{id}")).await.remove(1);
    assert_eq!(detail["moved_from"], "110101001");
}

#[tokio::test]
async fn personal_fields_are_hidden_without_the_right_and_every_look_is_noted() {
    let town = Town::open().await;
    let (clerk, viewer) = (person("data_clerk", "1101"), person("viewer", "1101"));
    let id = enter(&town, &clerk, "A-1", "110101").await.record.id;
    let seen = records::get(&town.app, &viewer, id, None).await.unwrap();
    assert_eq!(seen.record.data.get("name"), None);
    assert_eq!(seen.redacted, ["name", "document_number", "phone", "birth_date", "address"]);
    assert!(seen.actions.is_empty());
    let history = records::versions(&town.app, &viewer, id).await.unwrap();
    assert!(history.versions.iter().all(|version| version.data.get("name").is_none()));
    let subject = format!("record/{id}");
    assert_eq!(acts(&town, &subject).await.len(), 1, "what hides personal fields is no look at them");

    let seen = records::get(&town.app, &clerk, id, None).await.unwrap();
    assert_eq!(seen.record.data.get("name"), Some(&json!("张三")));
    assert!(seen.redacted.is_empty());
    let (act, detail) = acts(&town, &subject).await.remove(1);
    assert_eq!((act.as_str(), &detail["fields"]), ("record.look", &json!(["name", "phone"])));
    // The log names fields and never a value.
    assert!(!detail.to_string().contains("张三"));
    // Lists of cases show no personal column, so they are no look.
    let listed = records::list(&town.app, &clerk, "case", &Query::default(), None, 50).await.unwrap();
    assert_eq!(listed.items[0].record.data.get("name"), None);
    assert!(acts(&town, "register/case").await.is_empty());
}

#[tokio::test]
async fn who_does_not_see_a_personal_value_neither_loses_nor_overwrites_it() {
    let town = Town::open().await;
    let clerk = person("data_clerk", "1101");
    let id = enter(&town, &clerk, "A-1", "110101").await.record.id;
    let blind = person("reporter", "1101");
    let mut change = case("A-1", "110101");
    change.remove("name");
    change.remove("phone");
    change.insert("outcome".into(), json!("recovered"));
    let changed = records::update(&town.app, &blind, id, 1, change.clone(), None).await.unwrap();
    assert_eq!(changed.record.data.get("name"), None);
    let seen = records::get(&town.app, &clerk, id, None).await.unwrap();
    assert_eq!(seen.record.data.get("name"), Some(&json!("张三")));
    assert_eq!(seen.record.data.get("outcome"), Some(&json!("recovered")));
    change.insert("name".into(), json!("李四"));
    let overwriting = records::update(&town.app, &blind, id, 2, change, None).await;
    assert!(matches!(overwriting, Err(Error::Forbidden { action: Action::RecordReadPersonal })));
}

#[tokio::test]
async fn a_list_does_not_tell_what_a_record_hides() {
    let town = Town::open().await;
    let (clerk, viewer) = (person("data_clerk", "1101"), person("viewer", "11"));
    for (name, region) in [("张三", "110101"), ("李四", "110102")] {
        let visitor =
            values(json!({ "name": name, "region": region, "date": "2020-02-10", "tags": ["fever"] }));
        records::create(&town.app, &clerk, "visitor", visitor, None).await.unwrap();
    }
    let by_name = Query { fields: vec![("name".into(), "张三".into())], ..Query::default() };
    let by_title = Query { title: Some("Zhang San".into()), ..Query::default() };
    for query in [&by_name, &by_title] {
        let blind = records::list(&town.app, &viewer, "visitor", query, None, 50).await;
        assert!(matches!(blind, Err(Error::Forbidden { action: Action::RecordReadPersonal })));
        let found = records::list(&town.app, &clerk, "visitor", query, None, 50).await.unwrap();
        assert_eq!(found.items.len(), 1);
        // Who sees persons in the west only does not find the one in the east.
        let west = holder(&[("viewer", "11"), ("data_clerk", "110102")]);
        let found = records::list(&town.app, &west, "visitor", query, None, 50).await.unwrap();
        assert!(found.items.is_empty());
    }
    // Names are sealed: a part of one finds nobody, and what is no name or number cannot be asked for.
    let part = Query { fields: vec![("name".into(), "张".into())], ..Query::default() };
    let found = records::list(&town.app, &clerk, "visitor", &part, None, 50).await.unwrap();
    assert!(found.items.is_empty());
    let address = Query { fields: vec![("address".into(), "桥东".into())], ..Query::default() };
    let refused = records::list(&town.app, &clerk, "case", &address, None, 50).await;
    assert!(matches!(refused, Err(Error::Refused { code: "sealed_field", .. })), "{refused:?}");
    let short = Query { fields: vec![("phone".into(), "13".into())], ..Query::default() };
    let refused = records::list(&town.app, &clerk, "case", &short, None, 50).await;
    assert!(matches!(refused, Err(Error::BadInput { field: "fields", .. })), "{refused:?}");
    let looks = acts(&town, "register/visitor").await;
    assert_eq!(looks.len(), 5);
    assert!(looks.iter().all(|(_, detail)| detail["searched"] == json!(["name"])));
    // A name that is a column is shown to whoever may see it, and that is a look.
    let all = records::list(&town.app, &clerk, "visitor", &Query::default(), None, 50).await.unwrap();
    assert_eq!(all.items.len(), 2);
    assert!(all.items.iter().all(|shown| shown.record.data.get("name").is_some()));
    let (_, look) = acts(&town, "register/visitor").await.pop().unwrap();
    assert_eq!(look["records"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn lists_are_paged_filtered_and_confined() {
    let town = Town::open().await;
    let clerk = person("data_clerk", "1101");
    let mut made = Vec::new();
    for n in 0..5 {
        let region = if n % 2 == 0 { "110101001" } else { "110102" };
        let mut record = case(&format!("A-{n}"), region);
        record.insert("onset_date".into(), json!(format!("2020-02-0{}", n + 1)));
        let classification = if n < 2 { "confirmed" } else { "suspected" };
        record.insert("classification".into(), json!(classification));
        made.push(records::create(&town.app, &clerk, "case", record, None).await.unwrap().record.id);
    }
    let first = records::list(&town.app, &clerk, "case", &Query::default(), None, 2).await.unwrap();
    assert_eq!(ids(&first), [made[4], made[3]]);
    assert_eq!(first.total.unwrap(), records::Total { n: 5, more: false });
    let cursor = first.next.unwrap();
    let second = records::list(&town.app, &clerk, "case", &Query::default(), Some(&cursor), 2).await.unwrap();
    assert_eq!(ids(&second), [made[2], made[1]]);
    assert_eq!(second.total, None);

    let check = async |query: Query, expected: &[usize]| {
        let listed = records::list(&town.app, &clerk, "case", &query, None, 50).await.unwrap();
        let expected: Vec<RecordId> = expected.iter().map(|&n| made[n]).collect();
        assert_eq!(ids(&listed), expected, "{query:?}");
    };
    let east = Some(RegionCode::new("110101"));
    let field = |id: &str, value: &str| vec![(id.to_owned(), value.to_owned())];
    check(Query { region: east.clone(), ..Query::default() }, &[4, 2, 0]).await;
    check(Query { from: Some(date(2020, 2, 2)), to: Some(date(2020, 2, 3)), ..Query::default() }, &[2, 1])
        .await;
    check(Query { fields: field("classification", "confirmed"), ..Query::default() }, &[1, 0]).await;
    check(Query { fields: field("region", "110102"), ..Query::default() }, &[3, 1]).await;
    check(Query { fields: field("name", "張三"), region: east, ..Query::default() }, &[4, 2, 0]).await;
    check(Query { title: Some("A-3".into()), ..Query::default() }, &[3]).await;
    check(Query { disease: Some("influenza".into()), ..Query::default() }, &[]).await;
    check(Query { as_of: Some(date(2020, 2, 11)), ..Query::default() }, &[]).await;

    let east_clerk = person("data_clerk", "110101");
    let listed = records::list(&town.app, &east_clerk, "case", &Query::default(), None, 50).await.unwrap();
    assert_eq!(ids(&listed), [made[4], made[2], made[0]]);
    let elsewhere = Query { region: Some(RegionCode::new("110102")), ..Query::default() };
    let refused = records::list(&town.app, &east_clerk, "case", &elsewhere, None, 50).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
}

#[tokio::test]
async fn what_makes_no_sense_in_a_filter_is_said() {
    let town = Town::open().await;
    let clerk = person("data_clerk", "1");
    let field =
        |id: &str, value: &str| Query { fields: vec![(id.to_owned(), value.to_owned())], ..Query::default() };
    for query in [field("colour", "red"), field("age_years", "old"), field("health_worker", "maybe")] {
        let refused = records::list(&town.app, &clerk, "case", &query, None, 50).await;
        assert!(matches!(refused, Err(Error::BadInput { field: "fields", .. })), "{query:?}");
    }
    let cursor = records::list(&town.app, &clerk, "case", &Query::default(), Some("first"), 50).await;
    assert!(matches!(cursor, Err(Error::BadInput { field: "cursor", .. })));
    let nowhere = Query { region: Some(RegionCode::new("99")), ..Query::default() };
    let refused = records::list(&town.app, &clerk, "case", &nowhere, None, 50).await;
    assert!(matches!(refused, Err(Error::NotFound { what: "region", .. })));
    let refused = records::list(&town.app, &clerk, "dogs", &Query::default(), None, 50).await;
    assert!(matches!(refused, Err(Error::NotFound { what: "register", .. })));
}

#[tokio::test]
async fn a_retry_with_the_same_idempotency_key_gives_the_same_record() {
    let town = Town::open().await;
    let clerk = person("data_clerk", "1101");
    let create = async |number: &str, key: &str| {
        records::create(&town.app, &clerk, "case", case(number, "110101"), Some(key)).await
    };
    let first = create("A-1", "k1").await.unwrap().record;
    // The answer stays the one of the first attempt although the record was changed since.
    let mut changed = case("A-1", "110101");
    changed.insert("outcome".into(), json!("died"));
    records::update(&town.app, &clerk, first.id, 1, changed, None).await.unwrap();
    let again = create("A-1", "k1").await.unwrap().record;
    assert_eq!(again, first);
    let reused = create("A-2", "k1").await;
    assert!(matches!(reused, Err(Error::Refused { code: "idempotency_key_reused", .. })));
    // Keys of different people have nothing to do with each other, and end.
    let other = person("data_clerk", "11");
    let theirs = records::create(&town.app, &other, "case", case("A-3", "110101"), Some("k1")).await;
    assert_ne!(theirs.unwrap().record.id, first.id);
    town.set("2020-02-15T04:00:00Z");
    assert_ne!(create("A-4", "k1").await.unwrap().record.id, first.id);
    assert!(matches!(create("A-5", "").await, Err(Error::BadInput { .. })));
    // A refused attempt keeps no key.
    assert!(matches!(create("A-1", "k2").await, Err(Error::Duplicate { .. })));
    assert!(create("A-6", "k2").await.is_ok());
}

#[tokio::test]
async fn a_taken_key_is_refused_and_the_holder_named_to_whoever_may_see_it() {
    let town = Town::open().await;
    let (east, west) = (person("data_clerk", "110101"), person("data_clerk", "110102"));
    let id = enter(&town, &east, "A-1", "110101").await.record.id;
    let existing = async |actor: &Actor, region: &str| match records::create(
        &town.app,
        actor,
        "case",
        case("A-1", region),
        None,
    )
    .await
    {
        Err(Error::Duplicate { existing, .. }) => existing,
        other => panic!("{other:?}"),
    };
    assert_eq!(existing(&east, "110101").await, Some(id.0));
    assert_eq!(existing(&west, "110102").await, None);
    // Entered again after it was withdrawn, it is the same record; elsewhere it would be taken away from here.
    records::withdraw(&town.app, &east, id, 1, "wrong").await.unwrap();
    assert_eq!(existing(&west, "110102").await, None);
    let back = enter(&town, &east, "A-1", "110101").await.record;
    assert_eq!((back.id, back.version), (id, 3));
    // A change may not take the key of another record either.
    let other = enter(&town, &east, "A-2", "110101").await.record.id;
    let renamed = records::update(&town.app, &east, other, 1, case("A-1", "110101"), None).await;
    assert!(matches!(renamed, Err(Error::Duplicate { existing: Some(holder), .. }) if holder == id.0));
}

#[tokio::test]
async fn whoever_watches_is_told_after_a_change_of_records_and_of_counts() {
    let town = Town::open().await;
    let clerk = holder(&[("data_clerk", "110101"), ("data_clerk", "110102")]);
    let mut watch = town.app.bus().watch();
    let mut told = || {
        let mut all = Vec::new();
        while let Ok(change) = watch.try_recv() {
            all.push(change);
        }
        all
    };
    let path = |code: &str| town.app.packs().regions.get_by_text(code).unwrap().path.clone();
    let tally = |measure: &str| Change::Tally { measure: measure.into(), disease: "measles".into() };
    let record = |code: &str| Change::Record { register: "case".into(), region_path: path(code) };
    let id = enter(&town, &clerk, "A-1", "110101").await.record.id;
    assert_eq!(told(), [record("110101"), tally("case.onset"), tally("case.report")]);
    records::update(&town.app, &clerk, id, 1, case("A-1", "110102"), None).await.unwrap();
    let moved = told();
    assert_eq!(moved[..2], [record("110101"), record("110102")]);
    let refused = records::create(&town.app, &clerk, "case", case("A-1", "110101"), None).await;
    assert!(refused.is_err());
    assert!(told().is_empty());
}

#[tokio::test]
async fn a_state_is_changed_by_steps_and_not_by_a_form() {
    let town = Town::open().await;
    let actor = Actor::system("test");
    let site = values(json!({
        "title": "look", "text": "look again", "category": "other", "region": "110101",
        "created_on": "2020-02-12"
    }));
    let mut closed = site.clone();
    closed.insert("state".into(), json!("closed"));
    let refused = records::create(&town.app, &actor, "task", closed, None).await;
    let Err(Error::Invalid { issues }) = refused else { panic!("{refused:?}") };
    assert_eq!((issues.len(), issues[0].field.as_deref()), (1, Some("state")));

    let made = records::create(&town.app, &actor, "task", site, None).await.unwrap().record;
    let state = made.data.get("state").cloned().unwrap();
    // What was read may be given back, or left out; neither changes it.
    let mut again = made.data.as_map().clone();
    again.insert("text".into(), json!("look a third time"));
    let changed = records::update(&town.app, &actor, made.id, 1, again.clone(), None).await.unwrap();
    assert_eq!(changed.record.data.get("state"), Some(&state));
    again.remove("state");
    again.insert("text".into(), json!("look well"));
    let changed = records::update(&town.app, &actor, made.id, 2, again.clone(), None).await.unwrap();
    assert_eq!(changed.record.data.get("state"), Some(&state));
    again.insert("state".into(), json!("nowhere"));
    let refused = records::update(&town.app, &actor, made.id, 3, again, None).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })));
}

#[tokio::test]
async fn equal_records_without_a_business_key_are_two_and_a_correction_keeps_its_origin() {
    let town = Town::open().await;
    let clerk = person("data_clerk", "1101");
    let visitor = || values(json!({ "name": "张三", "region": "110101", "date": "2020-02-10" }));
    let create =
        async || records::create(&town.app, &clerk, "visitor", visitor(), None).await.unwrap().record;
    let (first, second) = (create().await, create().await);
    assert_ne!(first.id, second.id);
    let mut corrected = visitor();
    corrected.insert("date".into(), json!("2020-02-11"));
    let updated = records::update(&town.app, &clerk, first.id, 1, corrected, None).await.unwrap().record;
    // The file from which it came still finds it.
    assert_eq!(updated.key, first.key);
    // Withdrawn and entered again, it is the same record.
    records::withdraw(&town.app, &clerk, second.id, 1, "twice").await.unwrap();
    let third = create().await;
    assert_eq!((third.id, third.version), (second.id, 3));
}
