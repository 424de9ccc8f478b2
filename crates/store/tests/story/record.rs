//! A record from its first entry to its withdrawal.

use crate::support::*;
use anyhow::{Context as _, Result};
use serde_json::json;
use wanquan_domain::record::RecordId;
use wanquan_domain::region::RegionCode;
use wanquan_store::{Error, record, tally};

on_both_engines!(a_record_keeps_every_version_and_its_tallies_follow);

async fn a_record_keeps_every_version_and_its_tallies_follow(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let first = case("1", TOWN, 3).with("name", json!("王小明")).with("note", json!("发热")).ready();
    let stored = record::insert(&mut tx, first, &change(5)).await?;
    let id = stored.record.id;
    tx.commit().await?;

    assert_eq!(stored.record.version, 1);
    assert_eq!(stored.record.data.get("name"), Some(&json!("王小明")));
    let touched: Vec<_> = stored.touched.iter().map(|s| (s.measure.as_str(), s.region.as_str())).collect();
    let regions = ["1", "14", "1404", "140401"];
    let expected = ["case.onset", "case.persons"].iter().flat_map(|m| regions.map(|r| (*m, r)));
    assert_eq!(touched, expected.collect::<Vec<_>>());

    let mut tx = db.store.read().await?;
    assert_eq!(record::get(&mut tx, id).await?.context("stored")?, stored.record);
    assert_eq!(record::get_by_key(&mut tx, "case", &stored.record.key).await?, Some(stored.record.clone()));
    assert_eq!(record::get_by_key(&mut tx, "other", &stored.record.key).await?, None);
    assert_eq!(record::get_as_of(&mut tx, id, day(4)).await?, None, "nobody knew of it the day before");
    for path in [NATION, CITY, COUNTY, TOWN] {
        assert_eq!(total(&mut tx, path, 5).await?, 1, "{path}");
        assert_eq!(total(&mut tx, path, 4).await?, 0, "{path}");
    }
    assert_eq!(total(&mut tx, OTHER_COUNTY, 5).await?, 0);
    let generation = tally::generation(&mut tx, "case.onset", "measles").await?;
    assert_eq!(generation, 1);
    drop(tx);

    // The same key again is refused and names the record that has it.
    let mut tx = db.store.write().await?;
    let again = record::insert(&mut tx, case("1", COUNTY, 4).ready(), &change(6)).await;
    assert!(
        matches!(&again, Err(Error::Duplicate { existing: Some(existing), .. }) if *existing == id.0),
        "{again:?}"
    );
    tx.rollback().await?;

    // It was somewhere else, on another day: the old counts go, on the day on which that became known.
    let mut tx = db.store.write().await?;
    let mut why = change(8);
    why.reason = Some("investigated".into());
    let moved = case("1", OTHER_COUNTY, 2).persons(4).ready();
    let second = record::update(&mut tx, id, 1, moved, &why).await?;
    tx.commit().await?;
    assert_eq!((second.record.version, second.record.id), (2, id));
    assert_eq!(second.record.created_at, stored.record.created_at);
    assert_eq!(second.record.reason.as_deref(), Some("investigated"));

    let mut tx = db.store.write().await?;
    let late = record::update(&mut tx, id, 1, case("1", TOWN, 3).ready(), &change(9)).await;
    assert!(matches!(late, Err(Error::Conflict { current: 2, .. })), "{late:?}");
    let unknown = RecordId(new_id());
    let none = record::update(&mut tx, unknown, 1, case("1", TOWN, 3).ready(), &change(9)).await;
    assert!(matches!(none, Err(Error::NotFound { .. })));
    let other = record::insert(&mut tx, case("2", COUNTY, 3).ready(), &change(8)).await?;
    let taken = record::update(&mut tx, id, 2, case("2", TOWN, 3).ready(), &change(9)).await;
    assert!(
        matches!(&taken, Err(Error::Duplicate { existing: Some(existing), .. }) if *existing == other.record.id.0)
    );
    tx.commit().await?;

    let mut tx = db.store.read().await?;
    assert_eq!(record::get_as_of(&mut tx, id, day(7)).await?.context("day 7")?, stored.record);
    assert_eq!(record::get_as_of(&mut tx, id, day(8)).await?.context("day 8")?, second.record);
    let seen: Vec<_> = [5, 7, 8].into_iter().collect();
    for known in seen {
        let (town, other) = if known < 8 { (1, 0) } else { (0, 1) };
        assert_eq!(total(&mut tx, TOWN, known).await?, town);
        assert_eq!(total(&mut tx, OTHER_COUNTY, known).await?, other);
    }
    let persons = tally::series(&mut tx, &series("case.persons", CITY), day(8)).await?;
    assert_eq!(persons, [(day(2), 4), (day(3), 1)]);
    let cells = tally::cells(&mut tx, &series("case.onset", NATION), Some(day(3)), day(8)).await?;
    let cells: Vec<_> = cells.iter().map(|c| (c.event_date, c.known_on, c.n)).collect();
    assert_eq!(cells, [(day(3), day(5), 1)], "a record leaves and another comes on the same days: no change");
    let places = [NATION, TOWN].map(|path| series("case.onset", path));
    let regions = [places[0].region.clone(), places[1].region.clone(), RegionCode::new("nowhere")];
    let together = tally::cells_of_regions(&mut tx, "case.onset", "measles", &regions).await?;
    assert_eq!(together.len(), 2);
    for key in &places {
        assert_eq!(together[&key.region], tally::cells(&mut tx, key, None, day(1_000)).await?);
    }
    let days = tally::known_days(&mut tx, &series("case.onset", TOWN)).await?;
    assert_eq!(days, [(day(5), 1), (day(8), -1)]);
    let span = tally::span(&mut tx, &series("case.onset", NATION)).await?.context("counted")?;
    assert_eq!((span.event_first, span.event_last), (day(2), day(3)));
    assert_eq!((span.known_first, span.known_last), (day(5), day(8)));
    assert_eq!(tally::span(&mut tx, &series("case.other", NATION)).await?, None);
    assert_eq!(tally::generation(&mut tx, "case.onset", "measles").await?, generation + 2);
    drop(tx);

    // A second change on the day of the first leaves a version that was never known at the end of a day.
    let mut tx = db.store.write().await?;
    record::update(&mut tx, id, 2, case("1", TOWN, 1).ready(), &change(8)).await?;
    // A change dated before what it replaces becomes known no earlier than that.
    let early = record::update(&mut tx, id, 3, case("1", TOWN, 0).ready(), &change(2)).await?;
    assert_eq!(early.record.version, 4);
    tx.commit().await?;
    let mut tx = db.store.read().await?;
    assert_eq!(record::get_as_of(&mut tx, id, day(7)).await?.context("day 7")?.version, 1);
    assert_eq!(record::get_as_of(&mut tx, id, day(8)).await?.context("day 8")?.version, 4);
    let versions = record::versions(&mut tx, id).await?;
    assert_eq!(versions.iter().map(|r| r.version).collect::<Vec<_>>(), [1, 2, 3, 4]);
    check_recount(&mut tx, 12).await?;
    drop(tx);

    // Withdrawn: gone from lists and tallies from then on, not from the past.
    let mut tx = db.store.write().await?;
    let conflict = record::delete(&mut tx, id, 3, &change(10)).await;
    assert!(matches!(conflict, Err(Error::Conflict { current: 4, .. })));
    let gone = record::delete(&mut tx, id, 4, &change(10)).await?;
    assert!(gone.record.deleted);
    let twice = record::delete(&mut tx, id, 5, &change(10)).await;
    assert!(matches!(twice, Err(Error::NotFound { .. })));
    tx.commit().await?;
    let mut tx = db.store.read().await?;
    assert_eq!((total(&mut tx, NATION, 9).await?, total(&mut tx, NATION, 10).await?), (2, 1));
    assert_eq!(record::count(&mut tx, "case", 100).await?, 1);
    assert!(record::get(&mut tx, id).await?.context("kept")?.deleted);
    assert!(record::get_as_of(&mut tx, id, day(10)).await?.context("kept")?.deleted);
    check_recount(&mut tx, 12).await?;
    drop(tx);

    // Entered again, it is restored under its identifier; corrected after that as any other.
    let mut tx = db.store.write().await?;
    let back = record::insert(&mut tx, case("1", COUNTY, 3).ready(), &change(11)).await?;
    assert_eq!((back.record.id, back.record.version, back.record.deleted), (id, 6, false));
    tx.commit().await?;
    let mut tx = db.store.read().await?;
    assert_eq!(total(&mut tx, COUNTY, 11).await?, 2);
    check_recount(&mut tx, 12).await?;
    drop(tx);

    // A rehearsal is kept and counts nowhere; what it becomes when it turns serious does.
    let mut drill = change(12);
    drill.drill = true;
    let mut tx = db.store.write().await?;
    let practice = record::insert(&mut tx, case("3", TOWN, 3).ready(), &drill).await?;
    assert!(practice.record.drill && practice.touched.is_empty());
    let stays = record::update(&mut tx, practice.record.id, 1, case("3", TOWN, 4).ready(), &drill).await?;
    assert!(stays.touched.is_empty());
    check_recount(&mut tx, 12).await?;
    record::update(&mut tx, practice.record.id, 2, case("3", TOWN, 4).ready(), &change(12)).await?;
    assert_eq!(total(&mut tx, TOWN, 12).await?, 1);
    check_recount(&mut tx, 12).await?;

    // What is not committed did not happen.
    tx.rollback().await?;
    let mut tx = db.store.read().await?;
    assert_eq!(record::get(&mut tx, practice.record.id).await?, None);
    check_recount(&mut tx, 12).await
}

on_both_engines!(of_two_who_change_the_same_version_one_wins_and_the_other_is_told);

async fn of_two_who_change_the_same_version_one_wins_and_the_other_is_told(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let id = record::insert(&mut tx, case("1", TOWN, 3).ready(), &change(5)).await?.record.id;
    tx.commit().await?;
    for round in 1..=5_u32 {
        let attempt = |path: &'static str| {
            let store = db.store.clone();
            tokio::spawn(async move {
                let mut tx = store.write().await?;
                let done = record::update(&mut tx, id, round, case("1", path, 3).ready(), &change(6)).await?;
                tx.commit().await?;
                Ok::<_, Error>(done.record.version)
            })
        };
        let (one, two) = (attempt(TOWN), attempt(OTHER_COUNTY));
        let outcomes = [one.await?, two.await?];
        let won = outcomes.iter().filter(|o| matches!(o, Ok(version) if *version == round + 1)).count();
        let told = outcomes
            .iter()
            .filter(|o| matches!(o, Err(Error::Conflict { current, .. }) if *current == round + 1))
            .count();
        assert_eq!((won, told), (1, 1), "{outcomes:?}");
    }
    // Two who enter the same key at once: one record, and the other learns its identifier.
    let enter = || {
        let store = db.store.clone();
        tokio::spawn(async move {
            let mut tx = store.write().await?;
            let done = record::insert(&mut tx, case("2", TOWN, 3).ready(), &change(6)).await?;
            tx.commit().await?;
            Ok::<_, Error>(done.record.id.0)
        })
    };
    let outcomes = [enter(), enter()];
    let mut ids = Vec::new();
    for outcome in outcomes {
        ids.push(match outcome.await? {
            Ok(id) => id,
            Err(Error::Duplicate { existing: Some(id), .. }) => id,
            Err(error) => return Err(error.into()),
        });
    }
    assert_eq!(ids[0], ids[1]);
    let mut tx = db.store.read().await?;
    check_recount(&mut tx, 7).await
}

on_both_engines!(texts_of_every_script_come_back_as_they_were);

async fn texts_of_every_script_come_back_as_they_were(db: Db) -> Result<()> {
    let text = "长治市 襄垣县 \u{20bb7}\u{1f637} \"q\" \\ \t\n é ' %_";
    let mut tx = db.store.write().await?;
    let new = case("1", TOWN, 3).with("note", json!(text)).with("name", json!(text));
    let id = record::insert(&mut tx, new.ready(), &change(5)).await?.record.id;
    let found = record::get(&mut tx, id).await?.context("stored")?;
    assert_eq!(found.data.get("note"), Some(&json!(text)));
    assert_eq!(found.data.get("name"), Some(&json!(text)));
    let mut undated = case("2", TOWN, 3);
    undated.onset = None;
    let stored = record::insert(&mut tx, undated.ready(), &change(5)).await?;
    assert_eq!(stored.record.event_date, None);
    assert!(stored.touched.is_empty());
    Ok(())
}
