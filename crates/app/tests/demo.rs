//! The demonstration as a visitor finds it.

mod city;

use city::{CHANGZHI, City, person};
use wanquan_app::demo::{self, ACCOUNTS, PASSWORD, SYNTHETIC_DISEASE, State};
use wanquan_app::situation::{View, read_situation};
use wanquan_app::{App, Error, FixedClock, Options, access, alarm, publish, supervise};
use wanquan_domain::pack::Packs;
use wanquan_domain::region::RegionCode;

use jiff::tz::TimeZone;
use std::path::Path;
use std::sync::Arc;

/// An empty installation on the morning of the demonstration, with the packs of the demonstration.
async fn empty(folder: &Path) -> App {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = city::files();
    for name in ["pack.toml", "disease.toml"] {
        let content =
            std::fs::read(root.join("crates/server/demo/synthetic").join(name)).expect("a demo pack");
        files.insert(format!("synthetic/{name}"), Arc::from(content));
    }
    let packs = Packs::load(&files).expect("the demo pack holds");
    let clock = Arc::new(FixedClock::new("2020-02-12T00:00:00Z".parse().expect("an instant")));
    let options = Options { time_zone: TimeZone::fixed(jiff::tz::offset(8)), demo: true };
    let path = folder.join("wanquan.db");
    App::open(path.to_str().expect("a path"), packs, clock, options).await.expect("a database")
}

async fn inbox_of(app: &App, late: bool) -> supervise::Inbox {
    let commander = person("commander", &[("commander", CHANGZHI)]);
    let query = supervise::Query {
        asked: supervise::Asked::Region(RegionCode::new(CHANGZHI)),
        register: Some("task".to_owned()),
        state: None,
        is_open: Some(true),
        late,
        cursor: None,
        limit: 50,
    };
    supervise::inbox(app, &commander, &query).await.expect("an inbox")
}

fn cases() -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read(root.join("crates/server/demo/synthetic/cases.csv")).expect("the invented cases")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_shows_history_as_known_then_and_keeps_the_invented_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let app = empty(folder.path()).await;
    assert_eq!(demo::state(&app).await.expect("a state"), State::Empty);
    demo::furnish(&app, &cases()).await.expect("it is made");
    assert_eq!(demo::state(&app).await.expect("a state"), State::Demonstration { complete: true });

    let commander = person("commander", &[("commander", CHANGZHI)]);
    let view = |disease: &str| View {
        region: RegionCode::new(CHANGZHI),
        disease: disease.to_owned(),
        measure: None,
        as_of: None,
    };
    let real = read_situation(&app, &commander, &view("covid-19")).await.expect("a situation");
    assert_eq!(real.figures.totals.cumulative, 8, "persons in Changzhi by 12 February, as published");
    let invented = read_situation(&app, &commander, &view(SYNTHETIC_DISEASE)).await.expect("a situation");
    let rows = i64::try_from(cases().iter().filter(|byte| **byte == b'\n').count() - 1).expect("a number");
    assert_eq!(invented.figures.totals.cumulative, rows);

    // No list of the response is empty, and whatever is in one says that it is invented.
    for view in wanquan_app::records::registers(&app, &commander).await.expect("registers") {
        assert!(view.total.n > 0, "{} is empty", view.register.id);
    }
    let late = inbox_of(&app, true).await;
    assert!(late.items.len() >= 3, "some units are late");
    assert!(late.items.iter().all(|item| item.title.contains("合成")), "{late:?}");
    let sites: u64 = inbox_of(&app, false).await.counts.values().map(|(n, _)| n).sum();
    assert!(sites > 149, "every township has a task");

    let open = alarm::Query { limit: 50, ..alarm::Query::default() };
    let (signals, _) = alarm::list_signals(&app, &commander, &open).await.expect("signals");
    assert!(!signals.is_empty(), "some signals wait");
    let everything = publish::Query { limit: 50, ..publish::Query::default() };
    let (publications, _) = publish::list_publications(&app, &commander, &everything).await.expect("a list");
    assert_eq!(publications.len(), 1);
    assert!(publications[0].title.contains("演示"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sample_account_signs_in_and_none_is_added_to_an_installation_in_earnest() {
    let folder = tempfile::tempdir().expect("a folder");
    let app = empty(folder.path()).await;
    demo::furnish(&app, &cases()).await.expect("it is made");
    for account in &ACCOUNTS {
        let signed_in = access::sign_in(&app, account.username, PASSWORD).await.expect("it signs in");
        assert_eq!(signed_in.actor.grants.len(), 1);
    }
    let again = demo::furnish(&app, &cases()).await;
    assert!(matches!(again, Err(Error::Refused { code: "not_empty", .. })));

    let real = City::at("2020-02-12T00:00:00Z").await;
    let secret = access::begin_setup(&real.app).await.expect("a secret").expect("nobody is there");
    let new = access::NewAccount {
        username: "chief".to_owned(),
        display_name: "Chief".to_owned(),
        password: "a password of its own".to_owned(),
    };
    access::complete_setup(&real.app, &secret, new).await.expect("an administrator");
    assert_eq!(demo::state(&real.app).await.expect("a state"), State::Real);
    assert!(matches!(demo::furnish(&real.app, &cases()).await, Err(Error::Refused { .. })));
}
