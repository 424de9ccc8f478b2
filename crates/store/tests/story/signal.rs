//! A signal from the detector to the alarm.

use crate::support::*;
use anyhow::{Context as _, Result};
use serde_json::json;
use uuid::Uuid;
use wanquan_domain::signal::{Assessment, Decision, Signal, SignalStatus};
use wanquan_store::signal::Filter;
use wanquan_store::{Error, alarm, signal};

fn raised(path: &str, onset: i32) -> Signal {
    Signal {
        id: new_id(),
        series: series("case.onset", path),
        region_path: path.into(),
        step: "day".into(),
        date: day(onset),
        method: "ears_c1".into(),
        method_version: 2,
        params: json!({ "window_days": 7, "alpha_prob": 0.001 }),
        input_digest: "00ff".into(),
        observed: 9,
        expected: Some(1.25),
        upper: Some(4.1),
        score: None,
        p_value: Some(1e-9),
        known_on: day(onset + 1),
        raised_at: at(onset + 1),
        status: SignalStatus::Open,
        version: 1,
    }
}

fn stand(path: &str, open: u64, alarms: u64) -> signal::Standing {
    signal::Standing { region_path: path.to_owned(), open, alarms }
}

fn assessment(decision: Decision, n: i32) -> Assessment {
    Assessment { decision, reason: "四例同校".into(), by: "wang".into(), at: at(n) }
}

on_both_engines!(a_signal_is_raised_once_and_assessed_by_one);

async fn a_signal_is_raised_once_and_assessed_by_one(db: Db) -> Result<()> {
    let first = raised(TOWN, 3);
    let mut tx = db.store.write().await?;
    assert!(signal::insert_new(&mut tx, &first, "detector").await?);
    let again = Signal { id: new_id(), observed: 12, ..first.clone() };
    assert!(
        !signal::insert_new(&mut tx, &again, "detector").await?,
        "the same series, method, step and date"
    );
    for other in [
        Signal { date: day(4), ..raised(TOWN, 3) },
        Signal { method: "ears_c2".into(), ..raised(TOWN, 3) },
        Signal { step: "week".into(), ..raised(TOWN, 3) },
        raised(COUNTY, 3),
        raised(OTHER_COUNTY, 3),
    ] {
        assert!(signal::insert_new(&mut tx, &other, "detector").await?);
    }
    tx.commit().await?;

    let mut tx = db.store.read().await?;
    assert_eq!(signal::get(&mut tx, first.id).await?, Some(first.clone()));
    assert_eq!(signal::get(&mut tx, again.id).await?, None);
    drop(tx);

    // Two assess it at once: one wins, the other is told.
    let decide = |decision| {
        let (store, signal) = (db.store.clone(), first.clone());
        tokio::spawn(async move {
            let mut tx = store.write().await?;
            let (next, _) = signal.assess(&assessment(decision, 5)).expect("it is open");
            signal::update(&mut tx, &next, "wang", "四例同校", at(5)).await?;
            tx.commit().await?;
            Ok::<_, Error>(())
        })
    };
    let outcomes = [decide(Decision::Dismiss), decide(Decision::Dismiss)];
    let mut told = 0;
    for outcome in outcomes {
        match outcome.await? {
            Ok(()) => {}
            Err(Error::Conflict { what: "signal", current: 2 }) => told += 1,
            Err(error) => return Err(error.into()),
        }
    }
    assert_eq!(told, 1);

    // Dismissed, then raised after all.
    let mut tx = db.store.write().await?;
    let dismissed = signal::get(&mut tx, first.id).await?.context("stored")?;
    assert_eq!((dismissed.status, dismissed.version), (SignalStatus::Dismissed, 2));
    let (next, raised_alarm) = dismissed.assess(&assessment(Decision::RaiseAlarm, 6))?;
    let raised_alarm = raised_alarm.context("an alarm")?;
    signal::update(&mut tx, &next, "wang", "四例同校", at(6)).await?;
    alarm::insert(&mut tx, &raised_alarm).await?;
    tx.commit().await?;
    let mut tx = db.store.read().await?;
    assert_eq!(alarm::get(&mut tx, raised_alarm.id).await?, Some(raised_alarm.clone()));
    let history = signal::history(&mut tx, first.id).await?;
    let acts: Vec<_> = history.iter().map(|e| (e.version, e.act.as_str(), e.by.as_str())).collect();
    assert_eq!(acts, [(1, "raised", "detector"), (2, "dismissed", "wang"), (3, "alarm", "wang")]);
    assert_eq!(history[0].reason, None);
    assert_eq!(history[2].reason.as_deref(), Some("四例同校"));
    assert_eq!(history[2].at, at(6));
    drop(tx);
    let mut tx = db.store.write().await?;
    let twice = wanquan_domain::signal::Alarm { id: new_id(), ..raised_alarm.clone() };
    assert!(matches!(alarm::insert(&mut tx, &twice).await, Err(Error::Duplicate { what: "alarm", .. })));
    tx.rollback().await?;
    let mut tx = db.store.write().await?;
    let unknown = Signal { version: 2, ..raised(TOWN, 3) };
    let none = signal::update(&mut tx, &unknown, "wang", "", at(6)).await;
    assert!(matches!(none, Err(Error::NotFound { what: "signal", .. })));
    Ok(())
}

on_both_engines!(signals_are_listed_by_status_and_scope);

async fn signals_are_listed_by_status_and_scope(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let mut ids = Vec::new();
    for n in 0..6 {
        let path = [TOWN, COUNTY, OTHER_COUNTY][usize::try_from(n)? % 3];
        let mut signal = raised(path, n);
        if n == 5 {
            signal.series.disease = "mers".into();
        }
        signal::insert_new(&mut tx, &signal, "detector").await?;
        if n == 4 {
            let (next, _) = signal.clone().assess(&assessment(Decision::Dismiss, 7))?;
            signal::update(&mut tx, &next, "wang", "one family", at(7)).await?;
        }
        ids.push(signal.id);
    }
    tx.commit().await?;
    let mut tx = db.store.read().await?;
    let of = |indices: &[usize]| indices.iter().map(|i| ids[*i]).collect::<Vec<Uuid>>();
    let everything = Filter::default();
    let open = Filter { status: Some(SignalStatus::Open), ..Filter::default() };
    let below = Filter { paths: vec![COUNTY.into()], ..open.clone() };
    let several = Filter { paths: vec![TOWN.into(), OTHER_COUNTY.into(), COUNTY.into()], ..open.clone() };
    let mers = Filter { disease: Some("mers".into()), ..everything.clone() };
    let none = Filter { measure: Some("case.persons".into()), ..everything.clone() };
    for (filter, expected) in [
        (&everything, &[5, 4, 3, 2, 1, 0][..]),
        (&open, &[5, 3, 2, 1, 0]),
        (&below, &[3, 1, 0]),
        (&several, &[5, 3, 2, 1, 0]),
        (&mers, &[5]),
        (&none, &[]),
    ] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = signal::list(&mut tx, filter, after, 2).await?;
            found.extend(page.iter().map(|s| s.id));
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(found, of(expected), "{filter:?}");
    }
    let counts = signal::count(&mut tx, &Filter { paths: vec![COUNTY.into()], ..Filter::default() }).await?;
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [("dismissed", 1), ("open", 3)]);
    let of_town = signal::of_series(&mut tx, &series("case.onset", TOWN)).await?;
    assert_eq!(of_town.iter().map(|s| s.date).collect::<Vec<_>>(), [day(0), day(3)], "by date");
    let waiting = [stand(COUNTY, 1, 0), stand(TOWN, 2, 0), stand(OTHER_COUNTY, 1, 0)];
    assert_eq!(signal::standing(&mut tx, CITY, "measles", day(20), at(20)).await?, waiting);
    assert_eq!(signal::standing(&mut tx, CITY, "measles", day(0), at(20)).await?, [], "not raised yet");
    let places = [series("case.onset", TOWN).region, series("case.onset", COUNTY).region];
    let raised = signal::raised_since(&mut tx, "case.onset", "measles", &places, day(3)).await?;
    assert!(raised.contains(&(places[0].clone(), "day".to_owned(), day(3))));
    assert!(raised.iter().all(|(_, _, date)| *date >= day(3)));
    let (alarms, next) = alarm::list(&mut tx, &[], None, None, 10).await?;
    assert!(alarms.is_empty() && next.is_none());
    drop(tx);

    let mut tx = db.store.write().await?;
    for n in [0, 1, 2] {
        let signal = signal::get(&mut tx, ids[n]).await?.context("stored")?;
        let (next, raised) = signal.assess(&assessment(Decision::RaiseAlarm, 8))?;
        signal::update(&mut tx, &next, "wang", "yes", at(8)).await?;
        alarm::insert(&mut tx, &raised.context("an alarm")?).await?;
    }
    tx.commit().await?;
    let mut tx = db.store.read().await?;
    let (page, next) = alarm::list(&mut tx, &[COUNTY.to_owned()], Some("measles"), None, 1).await?;
    let (rest, end) = alarm::list(&mut tx, &[COUNTY.to_owned()], Some("measles"), next, 1).await?;
    let mut found: Vec<_> = page.iter().chain(&rest).map(|a| a.signal).collect();
    found.sort();
    assert_eq!((found, end), (of(&[0, 1]), None));
    assert_eq!(
        signal::standing(&mut tx, CITY, "measles", day(20), at(8)).await?,
        waiting,
        "before the decision"
    );
    let decided = signal::standing(&mut tx, CITY, "measles", day(20), at(9)).await?;
    assert_eq!(decided.iter().map(|s| s.open).sum::<u64>() + 3, 4);
    assert_eq!(decided.iter().map(|s| s.alarms).sum::<u64>(), 3);
    assert_eq!(alarm::list(&mut tx, &[], Some("mers"), None, 9).await?.0, []);
    Ok(())
}
