//! Links of what is public to pages of others: which there are, what holds them, what was found when somebody looked.

use crate::dialect::{Bind, Tx, bind_all, on_db, placeholders, run_on_db};
use crate::error::Error;
use crate::page::{page, rows_for};
use crate::time;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use std::collections::BTreeMap;
use wanquan_domain::link::{Link, LinkStatus};

const WHAT: &str = "link";
/// Links on a page of a list at most.
const LIMIT_MAX: u32 = 200;
/// Things that are named for one link at most; a link in every footer needs no longer list.
const USES_MAX: i64 = 2_000;

/// Something public that holds links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Kind of thing, as the table of changes calls it.
    pub kind: String,
    /// Its identifier.
    pub subject: String,
    /// What it is called.
    pub title: String,
    /// Path of its region.
    pub region_path: String,
}

#[derive(sqlx::FromRow)]
struct LinkRow {
    address: String,
    status: String,
    answer: Option<i64>,
    problem: Option<String>,
    moved_to: Option<String>,
    failures: i64,
    broken_since: Option<i64>,
    checked_at: Option<i64>,
    due_at: i64,
}

impl TryFrom<LinkRow> for Link {
    type Error = Error;

    fn try_from(row: LinkRow) -> Result<Self, Error> {
        let status = LinkStatus::parse(&row.status)
            .ok_or_else(|| Error::damaged(WHAT, format!("status `{}`", row.status)))?;
        let instant = |at: Option<i64>| at.map(|at| time::from_micros(at, WHAT)).transpose();
        Ok(Self {
            address: row.address,
            status,
            answer: row.answer.and_then(|answer| u16::try_from(answer).ok()),
            problem: row.problem,
            moved_to: row.moved_to,
            failures: u32::try_from(row.failures).unwrap_or(u32::MAX),
            broken_since: instant(row.broken_since)?,
            checked_at: instant(row.checked_at)?,
            due_at: time::from_micros(row.due_at, WHAT)?,
        })
    }
}

macro_rules! columns {
    () => {
        "address, status, answer, problem, moved_to, failures, broken_since, checked_at, due_at"
    };
}

/// Says which links something holds from now on; links that nothing holds any more are forgotten, new ones are due at
/// once.
///
/// # Errors
/// If the database fails.
pub async fn replace_uses(
    tx: &mut Tx<'_>,
    holder: &Use,
    addresses: &[String],
    now: Timestamp,
) -> Result<(), Error> {
    const BEFORE: &str = "select address from link_use where kind = $1 and subject = $2";
    const CLEAR: &str = "delete from link_use where kind = $1 and subject = $2";
    const HOLD: &str = "insert into link_use (kind, subject, address, title, region_path)
        values ($1, $2, $3, $4, $5) on conflict do nothing";
    const KNOW: &str = "insert into link (address, status, failures, due_at) values ($1, 'waiting', 0, $2)
        on conflict do nothing";
    const FORGET: &str = "delete from link where address = $1
        and not exists (select 1 from link_use where link_use.address = link.address)";
    let h = holder;
    let before: Vec<String> =
        on_db!(tx, |conn| sqlx::query_scalar(BEFORE).bind(&h.kind).bind(&h.subject).fetch_all(conn))?;
    if !before.is_empty() {
        run_on_db!(tx, |conn| sqlx::query(CLEAR).bind(&h.kind).bind(&h.subject).execute(conn))?;
    }
    for address in addresses {
        run_on_db!(tx, |conn| {
            sqlx::query(HOLD)
                .bind(&h.kind)
                .bind(&h.subject)
                .bind(address)
                .bind(&h.title)
                .bind(&h.region_path)
                .execute(conn)
        })?;
        run_on_db!(tx, |conn| sqlx::query(KNOW).bind(address).bind(time::to_micros(now)).execute(conn))?;
    }
    for address in before.iter().filter(|address| !addresses.contains(address)) {
        run_on_db!(tx, |conn| sqlx::query(FORGET).bind(address).execute(conn))?;
    }
    Ok(())
}

/// True if some link is due.
///
/// # Errors
/// If the database fails.
pub async fn any_due(tx: &mut Tx<'_>, now: Timestamp) -> Result<bool, Error> {
    const SQL: &str = "select min(due_at) from link";
    let first: Option<i64> = on_db!(tx, |conn| sqlx::query_scalar(SQL).fetch_one(conn))?;
    Ok(first.is_some_and(|at| at <= time::to_micros(now)))
}

/// Takes links that are due, the longest first, and puts them off until `held_until`, so that no other process takes
/// them as well; what is found meanwhile says when they are due next.
///
/// # Errors
/// If the database fails.
pub async fn take_due(
    tx: &mut Tx<'_>,
    now: Timestamp,
    held_until: Timestamp,
    limit: u32,
) -> Result<Vec<Link>, Error> {
    let lock = tx.for_update();
    let sql = format!(
        "update link set due_at = $2 where address in
            (select address from link where due_at <= $1 order by due_at, address limit $3{lock})
         and due_at <= $1 returning {}",
        columns!()
    );
    let rows: Vec<LinkRow> = on_db!(tx, |conn| {
        sqlx::query_as(AssertSqlSafe(sql))
            .bind(time::to_micros(now))
            .bind(time::to_micros(held_until))
            .bind(i64::from(limit))
            .fetch_all(conn)
    })?;
    rows.into_iter().map(Link::try_from).collect()
}

/// Stores what was found; a link that nothing holds any more stays forgotten.
///
/// # Errors
/// If the database fails.
pub async fn update(tx: &mut Tx<'_>, link: &Link) -> Result<(), Error> {
    const SQL: &str = "update link set status = $2, answer = $3, problem = $4, moved_to = $5, failures = $6,
        broken_since = $7, checked_at = $8, due_at = $9 where address = $1";
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(&link.address)
            .bind(link.status.as_str())
            .bind(link.answer.map(i64::from))
            .bind(&link.problem)
            .bind(&link.moved_to)
            .bind(i64::from(link.failures))
            .bind(link.broken_since.map(time::to_micros))
            .bind(link.checked_at.map(time::to_micros))
            .bind(time::to_micros(link.due_at))
            .execute(conn)
    })?;
    Ok(())
}

/// The link of an address.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, address: &str) -> Result<Option<Link>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from link where address = $1");
    let row: Option<LinkRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(address).fetch_optional(conn))?;
    row.map(Link::try_from).transpose()
}

/// Links of a status by address, after `after`; `limit` is brought into 1 to 200. With where the next page begins.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut Tx<'_>,
    status: LinkStatus,
    after: Option<&str>,
    limit: u32,
) -> Result<(Vec<Link>, Option<String>), Error> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from link where status = $1 and address > $2 order by address limit $3"
    );
    let limit = limit.clamp(1, LIMIT_MAX);
    let rows: Vec<LinkRow> = on_db!(tx, |conn| {
        sqlx::query_as(SQL)
            .bind(status.as_str())
            .bind(after.unwrap_or_default())
            .bind(rows_for(limit))
            .fetch_all(conn)
    })?;
    page(rows, limit, |link: &Link| link.address.clone())
}

/// What holds each of some links (at most 200 of them), by address.
///
/// # Errors
/// If the database fails.
pub async fn uses(tx: &mut Tx<'_>, addresses: &[&str]) -> Result<BTreeMap<String, Vec<Use>>, Error> {
    let mut found: BTreeMap<String, Vec<Use>> = BTreeMap::new();
    if addresses.is_empty() {
        return Ok(found);
    }
    let mut binds: Vec<Bind> = addresses.iter().map(|address| Bind::Text((*address).to_owned())).collect();
    binds.push(Bind::Int(USES_MAX));
    let sql = format!(
        "select address, kind, subject, title, region_path from link_use where address in ({})
         order by address, kind, subject limit ${}",
        placeholders(1, addresses.len()),
        binds.len()
    );
    let rows: Vec<(String, String, String, String, String)> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
    for (address, kind, subject, title, region_path) in rows {
        found.entry(address).or_default().push(Use { kind, subject, title, region_path });
    }
    Ok(found)
}

/// How many links there are of each status, by status.
///
/// # Errors
/// If the database fails.
pub async fn count(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>, Error> {
    const SQL: &str = "select status, count(*) from link group by status order by status";
    on_db!(tx, |conn| sqlx::query_as(SQL).fetch_all(conn))
}
