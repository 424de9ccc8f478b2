//! Response levels: decided, inherited, proposed, answered. Plan runs and notices stand beside them.

use crate::support::*;
use anyhow::Result;
use uuid::Uuid;
use wanquan_domain::level::{LevelDecision, ResponseLevel};
use wanquan_domain::text::Text;
use wanquan_store::level::{self, Proposal};
use wanquan_store::notice::{self, Notice};
use wanquan_store::plan_run::{self, PlanRun};

fn decision(path: &str, level: ResponseLevel, start: i32) -> LevelDecision {
    LevelDecision {
        id: new_id(),
        region: code(path),
        region_path: path.into(),
        level,
        evidence: "三例同源".into(),
        decided_by: "wang".into(),
        decided_at: at(start),
        start: day(start),
        review_on: day(start + 14),
        drill: false,
    }
}

on_both_engines!(the_last_decision_whose_start_has_come_holds);

async fn the_last_decision_whose_start_has_come_holds(db: Db) -> Result<()> {
    use ResponseLevel::{I, Ii, Iii, Routine};
    let mut tx = db.store.write().await?;
    let city = decision(CITY, Iii, 3);
    let raised = decision(CITY, Ii, 8);
    // Decided later for the same day: it replaces the one before.
    let corrected = decision(CITY, I, 8);
    let county = decision(COUNTY, Routine, 5);
    let drill = LevelDecision { drill: true, ..decision(COUNTY, I, 6) };
    for decision in [&city, &raised, &corrected, &county, &drill] {
        level::insert(&mut tx, decision).await?;
    }
    tx.commit().await?;
    let mut tx = db.store.write().await?;
    let regions = [NATION, CITY, COUNTY].map(code);
    let expected = [
        (2, vec![]),
        (3, vec![&city]),
        (7, vec![&city, &county]),
        (8, vec![&corrected, &county]),
        (99, vec![&corrected, &county]),
    ];
    for (n, expected) in expected {
        let holding = level::holding(&mut tx, &regions, day(n)).await?;
        assert_eq!(holding.iter().collect::<Vec<_>>(), expected, "on day {n}");
    }
    assert_eq!(level::holding(&mut tx, &[], day(9)).await?, []);
    let listed = level::list(&mut tx, CITY).await?;
    assert_eq!(listed, [corrected, raised, drill.clone(), county.clone(), city]);
    assert_eq!(level::list(&mut tx, COUNTY).await?, [drill, county]);

    let proposal = |path: &str| Proposal {
        id: new_id(),
        region: code(path),
        region_path: path.into(),
        level: Ii,
        evidence: "signal".into(),
        proposed_at: at(4),
        drill: false,
    };
    let (one, two) = (proposal(COUNTY), proposal(OTHER_COUNTY));
    for proposal in [&one, &two, &one] {
        level::propose(&mut tx, proposal).await?;
    }
    assert_eq!(level::waiting(&mut tx, CITY).await?, [one.clone(), two.clone()]);
    assert!(level::answer(&mut tx, one.id, true, "wang", at(5)).await?);
    assert!(!level::answer(&mut tx, one.id, false, "li", at(5)).await?, "answered once");
    assert!(!level::answer(&mut tx, new_id(), false, "li", at(5)).await?);
    assert_eq!(level::waiting(&mut tx, CITY).await?, [two]);
    assert_eq!(level::waiting(&mut tx, COUNTY).await?, []);
    Ok(())
}

fn run(trigger: &str, path: &str) -> PlanRun {
    PlanRun {
        id: new_id(),
        plan: "outbreak".into(),
        plan_version: 3,
        trigger_key: trigger.into(),
        region: code(path),
        region_path: path.into(),
        at: at(4),
        by: "wang".into(),
        depth: 0,
        drill: false,
        done: 12,
    }
}

on_both_engines!(a_plan_runs_once_for_a_trigger_whoever_asks);

async fn a_plan_runs_once_for_a_trigger_whoever_asks(db: Db) -> Result<()> {
    let first = run("alarm/1", COUNTY);
    let asked = || {
        let (store, run) = (db.store.clone(), PlanRun { id: new_id(), ..first.clone() });
        tokio::spawn(async move {
            let mut tx = store.write().await?;
            let new = plan_run::begin(&mut tx, &run).await?;
            tx.commit().await?;
            Ok::<_, wanquan_store::Error>(new)
        })
    };
    let askers = [asked(), asked(), asked()];
    let mut new = 0;
    for asker in askers {
        new += usize::from(asker.await??);
    }
    assert_eq!(new, 1);
    let mut tx = db.store.write().await?;
    assert!(plan_run::exists(&mut tx, "outbreak", "alarm/1").await?);
    assert!(!plan_run::exists(&mut tx, "other", "alarm/1").await?);
    let other = run("alarm/2", TOWN);
    let far = run("alarm/3", OTHER_COUNTY);
    assert!(plan_run::begin(&mut tx, &other).await? && plan_run::begin(&mut tx, &far).await?);
    let triggers = |runs: Vec<PlanRun>| runs.into_iter().map(|r| r.trigger_key).collect::<Vec<_>>();
    let page = plan_run::list(&mut tx, COUNTY, None, 1).await?;
    let rest = plan_run::list(&mut tx, COUNTY, page.last().map(|r| r.id), 9).await?;
    assert_eq!((triggers(page), triggers(rest)), (vec!["alarm/2".into()], vec!["alarm/1".into()]));
    assert_eq!(plan_run::list(&mut tx, OTHER_COUNTY, None, 9).await?, [far]);
    // A run that is taken back did not happen.
    tx.rollback().await?;
    let mut tx = db.store.write().await?;
    assert!(plan_run::begin(&mut tx, &other).await?);
    Ok(())
}

on_both_engines!(a_notice_is_for_those_who_hold_its_role_for_its_region);

async fn a_notice_is_for_those_who_hold_its_role_for_its_region(db: Db) -> Result<()> {
    let notice = |path: &str, role: &str| Notice {
        id: new_id(),
        region_path: path.into(),
        role: role.into(),
        at: at(2),
        text: Text::new("Late", "逾期"),
        subject: "record/1".into(),
        drill: false,
    };
    let notices =
        [notice(TOWN, "worker"), notice(COUNTY, "worker"), notice(TOWN, "commander"), notice(TOWN, "worker")];
    let mut tx = db.store.write().await?;
    for notice in notices.iter().chain(&notices[..1]) {
        notice::insert(&mut tx, notice).await?;
    }
    let held =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(r, p)| ((*r).into(), (*p).into())).collect::<Vec<_>>();
    let of_town = held(&[("worker", TOWN)]);
    assert_eq!(notice::list(&mut tx, &of_town, None, 9).await?, [notices[3].clone(), notices[0].clone()]);
    let after: Option<Uuid> = Some(notices[3].id);
    assert_eq!(notice::list(&mut tx, &of_town, after, 9).await?, [notices[0].clone()]);
    let both = held(&[("worker", COUNTY), ("commander", TOWN)]);
    assert_eq!(notice::list(&mut tx, &both, None, 9).await?, [notices[2].clone(), notices[1].clone()]);
    assert_eq!(notice::list(&mut tx, &[], None, 9).await?, []);
    Ok(())
}
