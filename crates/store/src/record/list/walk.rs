//! Walking the days of a register from the latest on, for wide scopes.

use super::query::{Query, Source, order};
use super::{Cursor, FIRST_STEP, Found, LAST_STEP, SCANNED_MAX, sort};
use crate::dialect::{Bind, Tx, bind_all, on_db};
use crate::error::Error;
use crate::record::RecordRow;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// A part of the walk: whole days, and the beginning of one more.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// Days to read whole.
    pub(super) days: Vec<i64>,
    /// A day, the place in it after which to read, and how many rows.
    pub(super) part: Option<(i64, Option<Cursor>, usize)>,
    /// Rest of the day in which the walk goes on: read whole.
    pub(super) rest: Option<Cursor>,
    /// Where the next step begins; `None` if nothing follows.
    pub(super) end: Option<Cursor>,
}

pub(super) async fn walk(
    tx: &mut Tx<'_>,
    source: &Source<'_>,
    cursor: Option<Cursor>,
    need: usize,
) -> Result<Found, Error> {
    let mut at = cursor;
    let mut rows: Vec<RecordRow> = Vec::new();
    let mut looked_at = 0;
    let mut size = if source.has_tests() { FIRST_STEP } else { need };
    loop {
        let step = plan(tx, source, at, size).await?;
        let mut found = read(tx, source, &step, size).await?;
        if let Some(end) = &step.end {
            // Scopes side by side were each read as far as the step is long.
            found.retain(|row| Cursor::of(row) >= *end);
        }
        rows.extend(found);
        looked_at += size;
        if rows.len() >= need || step.end.is_none() || looked_at >= SCANNED_MAX.max(size) {
            sort(&mut rows);
            let enough = rows.len() >= need;
            rows.truncate(need);
            return Ok(Found { rows, end: if enough { None } else { step.end } });
        }
        at = step.end;
        // As many as are likely to hold what is missing, and half as many again; twice as many where none was found yet.
        let likely = ((need - rows.len()) * looked_at * 3 / 2).checked_div(rows.len());
        let next = likely.map_or(size * 2, |n| n.clamp(LAST_STEP, size * 2));
        size = next.min(SCANNED_MAX.saturating_sub(looked_at).max(1));
    }
}

/// The next `size` rows of the scope, tests apart.
async fn plan(tx: &mut Tx<'_>, source: &Source<'_>, at: Option<Cursor>, size: usize) -> Result<Step, Error> {
    let mut step = Step::default();
    let mut missing = size;
    // Without tests the step is the page, and nobody asks where it ends.
    let tests = source.has_tests();
    let before = at.as_ref().map(|cursor| cursor.event_day);
    if let Some(cursor) = at.filter(|cursor| !cursor.region_path.is_empty()) {
        let day = cursor.event_day;
        let in_day = count_in_day(tx, source, day, &cursor, size).await?;
        if in_day >= size {
            step.end = if tests { place(tx, source, day, Some(&cursor), size).await? } else { None };
            step.part = Some((day, Some(cursor), size));
            return Ok(step);
        }
        missing -= in_day;
        step.rest = Some(cursor);
    }
    let found = days(tx, source, before, missing).await?;
    let total: usize = found.iter().map(|(_, n)| n).sum();
    step.days = found.iter().map(|(day, _)| *day).collect();
    if total < missing {
        return Ok(step);
    }
    // The last day may hold far more rows than are missing.
    let Some(last) = step.days.pop() else { return Ok(step) };
    let take = missing - (total - found.last().map_or(0, |(_, n)| *n));
    step.end = if tests { place(tx, source, last, None, take).await? } else { None };
    step.part = Some((last, None, take));
    Ok(step)
}

async fn count_in_day(
    tx: &mut Tx<'_>,
    source: &Source<'_>,
    day: i64,
    after: &Cursor,
    max: usize,
) -> Result<usize, Error> {
    let mut query = Query::default();
    let always = source.always(&mut query);
    let (day, max) = (query.int(day), query.count(max));
    let after = after_in_day(source, &mut query, Some(after));
    let counts: Vec<String> = source
        .paths
        .iter()
        .map(|path| {
            let path = source.path(&mut query, path);
            format!(
                "(select count(*) from (select 1 from {} where {always} and event_day = {day}{after}{path}
                  limit {max}) counted)",
                source.table
            )
        })
        .collect();
    let n = query.one(tx, format!("select {}", counts.join(" + "))).await?;
    usize::try_from(n).map_err(|e| Error::damaged("record", e))
}

fn after_in_day(source: &Source<'_>, query: &mut Query, after: Option<&Cursor>) -> String {
    let Some(cursor) = after else { return String::new() };
    let (path, id) = (query.text(&cursor.region_path), query.bind(Bind::Id(cursor.id)));
    format!(" and (region_path, {}) < ({path}, {id})", source.id)
}

/// The place of the `n`-th row of a day.
async fn place(
    tx: &mut Tx<'_>,
    source: &Source<'_>,
    day: i64,
    after: Option<&Cursor>,
    n: usize,
) -> Result<Option<Cursor>, Error> {
    let mut query = Query::default();
    let always = source.always(&mut query);
    let (bound, limit) = (query.int(day), query.count(n));
    let offset = query.count(n.saturating_sub(1));
    let after = after_in_day(source, &mut query, after);
    let parts: Vec<String> = source
        .paths
        .iter()
        .map(|path| {
            let path = source.path(&mut query, path);
            format!(
                "select * from (select region_path, {id} as id from {table}
                 where {always} and event_day = {bound}{after}{path}
                 order by region_path desc, {id} desc limit {limit}) part",
                id = source.id,
                table = source.table
            )
        })
        .collect();
    let sql = format!(
        "select region_path, id from ({}) parts order by region_path desc, id desc limit 1 offset {offset}",
        parts.join(" union all ")
    );
    let row: Option<(String, Uuid)> = on_db!(tx, |conn| {
        bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &query.binds).fetch_optional(conn)
    })?;
    Ok(row.map(|(region_path, id)| Cursor { event_day: day, region_path, id }))
}

/// Days with rows of the scope and how many, from the latest before `before`, until `missing` rows are together.
pub(super) async fn days(
    tx: &mut Tx<'_>,
    source: &Source<'_>,
    before: Option<i64>,
    missing: usize,
) -> Result<Vec<(i64, usize)>, Error> {
    let (sql, query) = days_sql(source, before, missing);
    let rows: Vec<(i64, i64)> =
        on_db!(tx, |conn| { bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &query.binds).fetch_all(conn) })?;
    rows.into_iter()
        .map(|(day, n)| Ok((day, usize::try_from(n).map_err(|e| Error::damaged("record", e))?)))
        .collect()
}

/// Each row of the recursion is a day of the register with the number of rows in the scope on the days after it; the
/// next day and the next number are found by the index. SQLite allows the recursion in one place only, so that the
/// number of a day stands in the row of the day before.
pub(super) fn days_sql(source: &Source<'_>, before: Option<i64>, missing: usize) -> (String, Query) {
    let mut query = Query::default();
    let always = source.always(&mut query);
    // What was known does not matter for which days the register has; a plain `max` is one step of the index.
    let mut days = format!("register = {}", query.text(&source.filter.register));
    if let Some(disease) = source.filter.disease.as_ref().filter(|_| !source.superseded) {
        days.push_str(&format!(" and disease = {}", query.text(disease)));
    }
    days.push_str(" and not deleted");
    // One upper bound each: of two, the index uses the first and walks through everything above the second.
    let first = source.first_day(&mut query);
    let end = before.into_iter().chain(source.last_day().map(|day| day + 1)).min();
    let end = end.map(|day| format!(" and event_day < {}", query.int(day))).unwrap_or_default();
    let missing = query.count(missing);
    let table = source.table;
    let counts: Vec<String> = source
        .paths
        .iter()
        .map(|path| {
            let path = source.path(&mut query, path);
            format!(
                "(select count(*) from (select 1 from {table}
                  where {always} and event_day = walked.day{path} limit {missing}) counted)"
            )
        })
        .collect();
    let counts = counts.join(" + ");
    let sql = format!(
        "with recursive walked (day, later, previous) as (
            select (select max(event_day) from {table} where {days}{first}{end}), cast(0 as bigint),
                cast(null as bigint)
            union all
            select (select max(event_day) from {table} where {days}{first} and event_day < walked.day),
                later + {counts}, walked.day
            from walked where walked.day is not null and later < {missing}
         )
         select previous, n from (
            select previous, later - coalesce(lag(later) over (order by later, previous desc), 0) as n from walked
         ) counted where n > 0 order by previous desc"
    );
    (sql, query)
}

/// Rows of a step that pass the tests, in no order.
async fn read(
    tx: &mut Tx<'_>,
    source: &Source<'_>,
    step: &Step,
    size: usize,
) -> Result<Vec<RecordRow>, Error> {
    match read_sql(tx, source, step, size)? {
        Some((sql, query)) => query.rows(tx, sql).await,
        None => Ok(Vec::new()),
    }
}

pub(super) fn read_sql(
    tx: &Tx<'_>,
    source: &Source<'_>,
    step: &Step,
    size: usize,
) -> Result<Option<(String, Query)>, Error> {
    let mut query = Query::default();
    let tests = source.tests(tx, &mut query)?;
    let always = source.always(&mut query);
    let (columns, table) = (source.columns(), source.table);
    let mut parts = Vec::new();
    if !step.days.is_empty() {
        // Padded, so that few texts serve every length and stay prepared.
        let last = step.days.last().copied().unwrap_or_default();
        let padded = step.days.iter().copied().chain(std::iter::repeat(last));
        let days: Vec<String> =
            padded.take(step.days.len().next_power_of_two()).map(|day| query.int(day)).collect();
        let days = days.join(", ");
        for path in &source.paths {
            let path = source.path(&mut query, path);
            parts.push(format!(
                "select {columns} from {table} where {always} and event_day in ({days}){path}{tests}"
            ));
        }
    }
    let rest = step.rest.as_ref().map(|cursor| (cursor.event_day, Some(cursor), size));
    let part = step.part.as_ref().map(|(day, after, take)| (*day, after.as_ref(), *take));
    for (day, after, take) in rest.into_iter().chain(part) {
        let (day, take) = (query.int(day), query.count(take));
        let after = after_in_day(source, &mut query, after);
        for path in &source.paths {
            let path = source.path(&mut query, path);
            parts.push(format!(
                "select {columns} from (select * from {table}
                 where {always} and event_day = {day}{after}{path} order by {} limit {take}) part
                 where 1 = 1{tests}",
                order(source.id)
            ));
        }
    }
    Ok((!parts.is_empty()).then(|| (parts.join(" union all "), query)))
}
