//! Work: who answers for a record, by when, and what happened to it.

use crate::support::*;
use anyhow::{Context as _, Result};
use jiff::Timestamp;
use uuid::Uuid;
use wanquan_domain::record::RecordId;
use wanquan_domain::unit::Unit;
use wanquan_domain::work::{Pending, Raised, Work, WorkAct, WorkEntry};
use wanquan_store::work::{self, Cursor, Filter, Whose};
use wanquan_store::{Error, Tx};

fn unit(path: &str) -> Unit {
    Unit::Region(code(path))
}

fn task(path: &str, due: Option<Timestamp>) -> Work {
    Work {
        record: RecordId(new_id()),
        register: "task".into(),
        region_path: path.into(),
        state: "received".into(),
        is_open: true,
        unit: unit(path),
        unit_path: path.into(),
        parent: None,
        entered_at: at(1),
        due_at: due,
        next_at: due,
        raised: Raised::QUIET,
        offered_to: None,
        pending: None,
        drill: false,
    }
}

fn filter(whose: Whose) -> Filter {
    Filter { is_open: Some(true), ..Filter::of(whose) }
}

async fn listed(tx: &mut Tx<'_>, filter: &Filter, size: u32) -> Result<Vec<Uuid>> {
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..10_000 {
        let (page, next) = work::list(tx, filter, after, size).await?;
        found.extend(page.iter().map(|w| w.record.0));
        let Some(next) = next else { return Ok(found) };
        after = Some(next.to_string().parse::<Cursor>().context("cursors read back")?);
    }
    anyhow::bail!("the list does not end")
}

on_both_engines!(what_happened_is_read_by_time_and_open_work_counted_by_unit);

async fn what_happened_is_read_by_time_and_open_work_counted_by_unit(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let parent = task(TOWN, Some(at(2)));
    let mut child = task(TOWN, Some(at(9)));
    child.parent = Some(parent.record);
    let entry = |second, act| WorkEntry {
        at: at(second),
        by: "officer".into(),
        act,
        step: None,
        from: None,
        to: None,
        unit: None,
        reason: None,
    };
    work::put(&mut tx, &parent).await?;
    work::append(&mut tx, parent.record, &entry(1, WorkAct::Made)).await?;
    work::append(&mut tx, parent.record, &entry(4, WorkAct::Late)).await?;
    work::put(&mut tx, &child).await?;
    work::append(&mut tx, child.record, &entry(2, WorkAct::Made)).await?;
    work::append(&mut tx, child.record, &entry(3, WorkAct::Step)).await?;
    let acts = async |tx: &mut Tx<'_>, path: &str, from, to| -> Result<Vec<WorkAct>> {
        let found = work::happened(tx, path, at(from), at(to), 10).await?;
        Ok(found.into_iter().map(|one| one.entry.act).collect())
    };
    // The making of what was made from something else is no news of its own.
    assert_eq!(acts(&mut tx, TOWN, 0, 9).await?, [WorkAct::Late, WorkAct::Step, WorkAct::Made]);
    assert_eq!(acts(&mut tx, TOWN, 2, 4).await?, [WorkAct::Step], "up to an instant, without it");
    assert_eq!(acts(&mut tx, "/elsewhere/", 0, 9).await?, []);
    let everything = filter(Whose::Paths(vec![TOWN.into()]));
    assert_eq!(work::count_by_path(&mut tx, &everything, at(5)).await?, [(TOWN.to_owned(), 2, 1)]);
    let pairs = Filter { states: vec![("task".into(), "received".into())], ..everything };
    assert_eq!(listed(&mut tx, &pairs, 10).await?.len(), 2);
    let pairs = Filter { states: vec![("task".into(), "done".into())], ..pairs };
    assert_eq!(listed(&mut tx, &pairs, 10).await?.len(), 0);
    Ok(())
}

on_both_engines!(work_is_kept_with_its_history_and_listed_by_whose_it_is);

async fn work_is_kept_with_its_history_and_listed_by_whose_it_is(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let parent = RecordId(new_id());
    let mut late = task(TOWN, Some(at(2)));
    late.parent = Some(parent);
    let soon = task(TOWN, Some(at(9)));
    let never = task(TOWN, None);
    let county = Work { parent: Some(parent), state: "working".into(), ..task(COUNTY, Some(at(5))) };
    let done = Work { is_open: false, state: "done".into(), ..task(OTHER_COUNTY, Some(at(1))) };
    let mut mine = task(OTHER_COUNTY, Some(at(4)));
    mine.unit = Unit::Person(new_id());
    let mut offered = task(OTHER_COUNTY, Some(at(7)));
    offered.offered_to = Some(unit(TOWN));
    offered.pending = Some(Pending {
        step: "close".into(),
        by: "li".into(),
        values: serde_json::Map::from_iter([("n".to_owned(), serde_json::json!(3))]),
        reason: Some("好了".into()),
    });
    let all = [&late, &soon, &never, &county, &done, &mine, &offered];
    for work in all {
        work::put(&mut tx, work).await?;
    }
    tx.commit().await?;

    let mut tx = db.store.write().await?;
    for work in all {
        assert_eq!(work::get(&mut tx, work.record).await?.as_ref(), Some(work));
    }
    assert_eq!(work::get(&mut tx, parent).await?, None);
    let some = work::get_many(&mut tx, &[soon.record, late.record, parent]).await?;
    assert_eq!(some, [late.clone(), soon.clone()]);
    let ids = |work: &[&Work]| work.iter().map(|w| w.record.0).collect::<Vec<_>>();
    let of_town = filter(Whose::Unit(unit(TOWN)));
    let below = filter(Whose::Paths(vec![COUNTY.into()]));
    let everywhere = filter(Whose::Paths(vec![]));
    let cases = [
        (of_town.clone(), ids(&[&late, &soon, &never])),
        (below.clone(), ids(&[&late, &county, &soon, &never])),
        (everywhere.clone(), ids(&[&late, &mine, &county, &offered, &soon, &never])),
        (
            Filter { is_open: None, ..everywhere.clone() },
            ids(&[&done, &late, &mine, &county, &offered, &soon, &never]),
        ),
        (Filter { is_open: Some(false), ..everywhere.clone() }, ids(&[&done])),
        (Filter { due_before: Some(at(5)), ..below.clone() }, ids(&[&late])),
        (Filter { state: Some("working".into()), ..below.clone() }, ids(&[&county])),
        (Filter { register: Some("order".into()), ..below }, vec![]),
        (
            filter(Whose::Paths(vec![TOWN.into(), OTHER_COUNTY.into()])),
            ids(&[&late, &mine, &offered, &soon, &never]),
        ),
        (filter(Whose::Paths(vec![COUNTY.into(), TOWN.into()])), ids(&[&late, &county, &soon, &never])),
        (filter(Whose::Unit(mine.unit.clone())), ids(&[&mine])),
        (filter(Whose::Parent(parent)), ids(&[&late, &county])),
        (filter(Whose::OfferedTo(unit(TOWN))), ids(&[&offered])),
    ];
    for (filter, expected) in cases {
        for size in [1, 2, 100] {
            assert_eq!(listed(&mut tx, &filter, size).await?, expected, "{filter:?} pages of {size}");
        }
    }
    assert!(matches!("x".parse::<Cursor>(), Err(Error::InvalidCursor)));

    // A step, and what was said of it.
    let mut taken = late.clone();
    (taken.state, taken.raised, taken.next_at) = ("working".into(), Raised::LATE, Some(at(3)));
    work::put(&mut tx, &taken).await?;
    assert_eq!(work::get(&mut tx, late.record).await?, Some(taken));
    let entry = |act, by: &str, to: &str| WorkEntry {
        at: at(2),
        by: by.into(),
        act,
        step: Some("start".into()),
        from: Some("received".into()),
        to: Some(to.into()),
        unit: Some(unit(TOWN)),
        reason: Some("已联系".into()),
    };
    let entries = [entry(WorkAct::Made, "plan", "received"), entry(WorkAct::Step, "li", "working")];
    for entry in &entries {
        work::append(&mut tx, late.record, entry).await?;
    }
    assert_eq!(work::history(&mut tx, late.record).await?, entries);
    assert_eq!(work::history(&mut tx, soon.record).await?, []);
    let counts = work::count(&mut tx, &filter(Whose::Paths(vec![COUNTY.into()]))).await?;
    let counts: Vec<_> = counts.into_iter().map(|(state, (n, late))| (state, n, late)).collect();
    assert_eq!(counts, [("received".to_owned(), 2, 0), ("working".to_owned(), 2, 1)]);
    Ok(())
}

on_both_engines!(deadlines_come_up_when_they_are_due_and_cost_nothing_before);

async fn deadlines_come_up_when_they_are_due_and_cost_nothing_before(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    assert_eq!(work::next_due(&mut tx).await?, None);
    let (one, two) = (task(TOWN, Some(at(5))), task(COUNTY, Some(at(4))));
    work::put(&mut tx, &one).await?;
    work::put(&mut tx, &two).await?;
    work::put(&mut tx, &task(TOWN, None)).await?;
    assert_eq!(work::next_due(&mut tx).await?, Some(at(4)));
    assert_eq!(work::due(&mut tx, at(3), 10).await?, []);
    assert_eq!(work::due(&mut tx, at(5), 10).await?, [two.clone(), one.clone()]);
    assert_eq!(work::due(&mut tx, at(5), 1).await?.first(), Some(&two));
    let finished = Work { next_at: None, is_open: false, ..two };
    work::put(&mut tx, &finished).await?;
    assert_eq!(work::next_due(&mut tx).await?, Some(at(5)));
    Ok(())
}

on_both_engines!(a_wide_scope_lists_the_same_as_a_narrow_one);

/// More work than is read whole.
async fn a_wide_scope_lists_the_same_as_a_narrow_one(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    let paths = [TOWN, COUNTY, OTHER_COUNTY, CITY];
    let mut expected = Vec::new();
    for n in 0..2_600_usize {
        let due = (n % 7 != 0).then(|| at(i32::try_from(n * 31 % 97).unwrap_or_default()));
        let work = Work { is_open: n % 5 != 0, ..task(paths[n % 4], due) };
        work::put(&mut tx, &work).await?;
        expected.push(work);
    }
    expected.sort_by_key(|w| (w.due_at.unwrap_or(Timestamp::MAX), w.record));
    for is_open in [Some(true), Some(false), None] {
        for due_before in [None, Some(at(40))] {
            for scope in [vec![NATION], vec![COUNTY], vec![COUNTY, OTHER_COUNTY, TOWN]] {
                let below = |w: &&Work| scope.iter().any(|path| w.unit_path.starts_with(path));
                let expected: Vec<_> = expected
                    .iter()
                    .filter(|w| is_open.is_none_or(|open| w.is_open == open))
                    .filter(|w| due_before.is_none_or(|before| w.due_at.is_some_and(|due| due < before)))
                    .filter(below)
                    .map(|w| w.record.0)
                    .collect();
                let whose = Whose::Paths(scope.iter().map(|p| (*p).to_owned()).collect());
                let filter = Filter { is_open, due_before, ..filter(whose) };
                assert_eq!(listed(&mut tx, &filter, 400).await?, expected, "{filter:?}");
            }
        }
    }
    Ok(())
}
