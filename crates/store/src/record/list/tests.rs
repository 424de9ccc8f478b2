use super::query::{Query, Source};
use super::*;
use crate::dialect::{bind_all, on_db};
use crate::{Options, Store};
use sqlx::AssertSqlSafe;

async fn plan_of(store: &Store, (sql, query): (String, Query)) -> Vec<String> {
    let mut tx = store.read().await.unwrap();
    let sql = format!("explain query plan {sql}");
    let rows: Vec<(i64, i64, i64, String)> = on_db!(&mut tx, |conn| {
        bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &query.binds).fetch_all(conn)
    })
    .unwrap();
    rows.into_iter().map(|(.., detail)| detail).collect()
}

#[tokio::test]
async fn every_way_to_a_page_is_a_range_of_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wanquan.db");
    let store = Store::open(path.to_str().unwrap(), &Options::recommended()).await.unwrap();
    let everywhere = Filter { register: "case".into(), ..Filter::default() };
    let of_disease = Filter { disease: Some("measles".into()), ..everywhere.clone() };
    let below = Filter { paths: vec!["/1/2/".into()], ..everywhere.clone() };
    let both = Filter { paths: vec!["/1/2/".into()], ..of_disease.clone() };
    let cursor = Cursor { event_day: 10, region_path: "/1/2/3/".into(), id: Uuid::nil() };
    let check = async |query: (String, Query), expected: &[&str]| {
        let plan = plan_of(&store, query).await;
        for part in expected {
            assert!(plan.iter().any(|step| step.contains(part)), "no `{part}` in {plan:#?}");
        }
        let whole = plan.iter().filter(|step| step.contains("SCAN record") || step.contains("TEMP B-TREE"));
        assert_eq!(whole.count(), 0, "{plan:#?}");
    };
    let by_day = "INDEX record_by_day (register=?)";
    check(Source::current(&everywhere).in_order_sql(None, 51), &[by_day]).await;
    let after = "INDEX record_by_day (register=? AND (event_day,region_path,id)<(?,?,?))";
    check(Source::current(&everywhere).in_order_sql(Some(&cursor), 51), &[after]).await;
    let by_disease = "INDEX record_by_disease (register=? AND disease=?)";
    check(Source::current(&of_disease).in_order_sql(None, 51), &[by_disease]).await;
    let by_path = "COVERING INDEX record_by_path (register=? AND region_path>? AND region_path<?)";
    check(Source::current(&below).count_sql("/1/2/", 2_001), &[by_path]).await;

    let known = ["INDEX record_by_known (register=?)", "INDEX record_by_lead (register=?)"];
    check(Source::current(&everywhere).known_sql(), &known).await;
    let known = ["INDEX record_version_by_known (register=?)", "INDEX record_version_by_lead (register=?)"];
    check(Source::superseded(&everywhere).known_sql(), &known).await;

    // The window that turns running totals into numbers sorts as many rows as the walk had days.
    let plan = plan_of(&store, walk::days_sql(&Source::current(&below), None, 51)).await.join("\n");
    for part in [
        "COVERING INDEX record_by_day (register=?)",
        "COVERING INDEX record_by_day (register=? AND event_day<?)",
        "COVERING INDEX record_by_day (register=? AND event_day=? AND region_path>? AND region_path<?)",
    ] {
        assert!(plan.contains(part), "no `{part}` in\n{plan}");
    }
    // What no index answers is looked for along the walk, a title that many records share not excepted.
    let titled = Filter {
        title_prefix: Some("C".into()),
        fields: vec![("note".into(), FieldTest::Contains("x".into()))],
        ..below.clone()
    };
    let step = walk::Step { days: vec![9, 8, 7], part: Some((6, Some(cursor), 40)), ..walk::Step::default() };
    let tx = store.read().await.unwrap();
    let sql = walk::read_sql(&tx, &Source::current(&titled), &step, 400).unwrap().unwrap();
    drop(tx);
    let plan = plan_of(&store, sql).await;
    let searches: Vec<_> = plan.iter().filter(|line| line.contains("SEARCH record")).collect();
    assert_eq!(searches.len(), 2, "{plan:#?}");
    assert!(
        searches.iter().all(|line| line.contains("INDEX record_by_day (register=? AND event_day=?")),
        "{plan:#?}"
    );
    assert!(!plan.iter().any(|line| line.contains("SCAN record")), "{plan:#?}");

    let plan = plan_of(&store, walk::days_sql(&Source::current(&both), Some(5), 51)).await.join("\n");
    let part = "COVERING INDEX record_by_disease (register=? AND disease=? AND event_day=? AND region_path>? AND \
                region_path<?)";
    assert!(plan.contains(part), "no `{part}` in\n{plan}");
}

#[test]
fn a_cursor_reads_back_as_written_and_nothing_else_is_one() {
    let cursor = Cursor { event_day: -5, region_path: "/100000/14.1/".into(), id: Uuid::from_u128(7) };
    assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
    for text in ["", "5", "5.x./1/", "x.00000000000000000000000000000007./1/", "5.\0./1/"] {
        assert!(matches!(text.parse::<Cursor>(), Err(Error::InvalidCursor)), "{text}");
    }
}

#[test]
fn a_scope_below_another_one_is_left_out() {
    let paths = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    assert_eq!(apart(&paths(&["/1/2/", "/1/", "/1/3/4/", "/2/"])), paths(&["/1/", "/2/"]));
    assert_eq!(apart(&paths(&["/1/2/", "/1/20/", "/1/2/"])), paths(&["/1/2/", "/1/20/"]));
}
