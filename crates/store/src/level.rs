//! Response levels: what was decided for a region, and what plans proposed.

use crate::dialect::{Bind, Tx, bind_all, on_db, placeholders, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::AssertSqlSafe;
use uuid::Uuid;
use wanquan_domain::level::{LevelDecision, ResponseLevel};
use wanquan_domain::region::{RegionCode, subtree_bounds};

const WHAT: &str = "level";

#[derive(sqlx::FromRow)]
struct DecisionRow {
    id: Uuid,
    region: String,
    region_path: String,
    level: String,
    evidence: String,
    decided_by: String,
    decided_at: i64,
    start_day: i64,
    review_day: i64,
    drill: bool,
}

impl TryFrom<DecisionRow> for LevelDecision {
    type Error = Error;

    fn try_from(row: DecisionRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            region: RegionCode::new(&row.region),
            region_path: row.region_path,
            level: parse(&row.level)?,
            evidence: row.evidence,
            decided_by: row.decided_by,
            decided_at: time::from_micros(row.decided_at, WHAT)?,
            start: time::from_day(row.start_day, WHAT)?,
            review_on: time::from_day(row.review_day, WHAT)?,
            drill: row.drill,
        })
    }
}

fn parse(level: &str) -> Result<ResponseLevel, Error> {
    ResponseLevel::parse(level).ok_or_else(|| Error::damaged(WHAT, level))
}

macro_rules! columns {
    () => {
        "id, region, region_path, level, evidence, decided_by, decided_at, start_day, review_day, drill"
    };
}

/// Stores a decision.
///
/// # Errors
/// If the database fails.
pub async fn insert(tx: &mut Tx<'_>, decision: &LevelDecision) -> Result<(), Error> {
    const SQL: &str = concat!(
        "insert into level_decision (",
        columns!(),
        ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(decision.id)
            .bind(decision.region.as_str())
            .bind(&decision.region_path)
            .bind(decision.level.as_str())
            .bind(&decision.evidence)
            .bind(&decision.decided_by)
            .bind(time::to_micros(decision.decided_at))
            .bind(time::to_day(decision.start))
            .bind(time::to_day(decision.review_on))
            .bind(decision.drill)
            .execute(conn)
    })?;
    Ok(())
}

/// The decisions that hold on a day for each of these regions, drills left out: for every region that has one, the
/// last whose start has come.
///
/// # Errors
/// If the database fails.
pub async fn holding(
    tx: &mut Tx<'_>,
    regions: &[RegionCode],
    day: Date,
) -> Result<Vec<LevelDecision>, Error> {
    if regions.is_empty() {
        return Ok(Vec::new());
    }
    let mut binds: Vec<Bind> = regions.iter().map(|r| Bind::Text(r.as_str().to_owned())).collect();
    binds.push(Bind::Int(time::to_day(day)));
    let sql = format!(
        "select {} from level_decision d where region in ({}) and start_day <= ${} and drill = false
         and not exists (select 1 from level_decision later where later.region = d.region and later.drill = false
             and later.start_day <= ${} and (later.start_day, later.id) > (d.start_day, d.id))
         order by region_path",
        columns!(),
        placeholders(1, regions.len()),
        binds.len(),
        binds.len()
    );
    let rows: Vec<DecisionRow> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
    rows.into_iter().map(LevelDecision::try_from).collect()
}

/// Every decision on these regions themselves, the earliest first: what a timeline of levels is made of. Drills are left
/// out.
///
/// # Errors
/// If the database fails.
pub async fn of_regions(tx: &mut Tx<'_>, regions: &[RegionCode]) -> Result<Vec<LevelDecision>, Error> {
    if regions.is_empty() {
        return Ok(Vec::new());
    }
    let binds: Vec<Bind> = regions.iter().map(|r| Bind::Text(r.as_str().to_owned())).collect();
    let sql = format!(
        "select {} from level_decision where region in ({}) and drill = false order by start_day, id limit 1000",
        columns!(),
        placeholders(1, regions.len())
    );
    let rows: Vec<DecisionRow> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
    rows.into_iter().map(LevelDecision::try_from).collect()
}

/// Every decision of a subtree, the latest first; at most 1,000.
///
/// # Errors
/// If the database fails.
pub async fn list(tx: &mut Tx<'_>, path: &str) -> Result<Vec<LevelDecision>, Error> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from level_decision where region_path >= $1 and region_path < $2 order by start_day desc, id desc limit 1000"
    );
    let (low, high) = subtree_bounds(path);
    let rows: Vec<DecisionRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(low).bind(high).fetch_all(conn))?;
    rows.into_iter().map(LevelDecision::try_from).collect()
}

/// A level that a plan proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// Region.
    pub region: RegionCode,
    /// Its path.
    pub region_path: String,
    /// The level.
    pub level: ResponseLevel,
    /// Why.
    pub evidence: String,
    /// When.
    pub proposed_at: Timestamp,
    /// A rehearsal.
    pub drill: bool,
}

/// Stores a proposal.
///
/// # Errors
/// If the database fails.
pub async fn propose(tx: &mut Tx<'_>, proposal: &Proposal) -> Result<(), Error> {
    const SQL: &str =
        "insert into level_proposal (id, region, region_path, level, evidence, proposed_at, drill)
        values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing";
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(proposal.id)
            .bind(proposal.region.as_str())
            .bind(&proposal.region_path)
            .bind(proposal.level.as_str())
            .bind(&proposal.evidence)
            .bind(time::to_micros(proposal.proposed_at))
            .bind(proposal.drill)
            .execute(conn)
    })?;
    Ok(())
}

/// Proposals of a subtree that wait for an answer, the oldest first; at most 1,000.
///
/// # Errors
/// If the database fails.
pub async fn waiting(tx: &mut Tx<'_>, path: &str) -> Result<Vec<Proposal>, Error> {
    const SQL: &str = "select id, region, region_path, level, evidence, proposed_at, drill from level_proposal
        where answered_at is null and region_path >= $1 and region_path < $2 order by region_path, id limit 1000";
    let (low, high) = subtree_bounds(path);
    let rows: Vec<(Uuid, String, String, String, String, i64, bool)> =
        on_db!(tx, |conn| sqlx::query_as(SQL).bind(low).bind(high).fetch_all(conn))?;
    rows.into_iter()
        .map(|(id, region, region_path, level, evidence, at, drill)| {
            Ok(Proposal {
                id,
                region: RegionCode::new(&region),
                region_path,
                level: parse(&level)?,
                evidence,
                proposed_at: time::from_micros(at, WHAT)?,
                drill,
            })
        })
        .collect()
}

/// Notes the answer to a proposal; false if it was answered already or does not exist.
///
/// # Errors
/// If the database fails.
pub async fn answer(
    tx: &mut Tx<'_>,
    id: Uuid,
    accepted: bool,
    by: &str,
    at: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "update level_proposal set answered_by = $2, answered_at = $3, accepted = $4
        where id = $1 and answered_at is null";
    let written = run_on_db!(tx, |conn| {
        sqlx::query(SQL).bind(id).bind(by).bind(time::to_micros(at)).bind(accepted).execute(conn)
    })?;
    Ok(written > 0)
}
