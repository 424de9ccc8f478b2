//! Plans that were run: once for each trigger, whatever happens.

use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::Timestamp;
use uuid::Uuid;
use wanquan_domain::region::{RegionCode, subtree_bounds};

const WHAT: &str = "plan run";

/// A plan that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRun {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// Plan.
    pub plan: String,
    /// Its version.
    pub plan_version: u32,
    /// What set it off: `signal/<id>`, `record/<id>/<state>/<n>`, ...
    pub trigger_key: String,
    /// Region of the trigger.
    pub region: RegionCode,
    /// Its path.
    pub region_path: String,
    /// When.
    pub at: Timestamp,
    /// Who or what set it off.
    pub by: String,
    /// How many plans deep.
    pub depth: u32,
    /// A rehearsal.
    pub drill: bool,
    /// Things done: records, notices, proposals, drafts.
    pub done: u64,
}

/// Stores a run unless the plan ran for this trigger already; true if it is new. Everything that the run does belongs
/// into the same transaction.
///
/// # Errors
/// If the database fails.
pub async fn begin(tx: &mut Tx<'_>, run: &PlanRun) -> Result<bool, Error> {
    const SQL: &str = "insert into plan_run
        (id, plan, plan_version, trigger_key, region, region_path, at, by, depth, drill, done)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing";
    let done = i64::try_from(run.done).map_err(|e| Error::damaged(WHAT, e))?;
    let written = run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(run.id)
            .bind(&run.plan)
            .bind(i64::from(run.plan_version))
            .bind(&run.trigger_key)
            .bind(run.region.as_str())
            .bind(&run.region_path)
            .bind(time::to_micros(run.at))
            .bind(&run.by)
            .bind(i64::from(run.depth))
            .bind(run.drill)
            .bind(done)
            .execute(conn)
    })?;
    Ok(written > 0)
}

/// True if the plan ran for this trigger.
///
/// # Errors
/// If the database fails.
pub async fn exists(tx: &mut Tx<'_>, plan: &str, trigger_key: &str) -> Result<bool, Error> {
    const SQL: &str = "select count(*) from plan_run where plan = $1 and trigger_key = $2";
    let n: i64 = on_db!(tx, |conn| sqlx::query_scalar(SQL).bind(plan).bind(trigger_key).fetch_one(conn))?;
    Ok(n > 0)
}

#[derive(sqlx::FromRow)]
struct RunRow {
    id: Uuid,
    plan: String,
    plan_version: i64,
    trigger_key: String,
    region: String,
    region_path: String,
    at: i64,
    by: String,
    depth: i64,
    drill: bool,
    done: i64,
}

/// Runs of a subtree, the latest first; `after` is the last one of the page before, `limit` is brought into 1 to 1,000.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut Tx<'_>,
    path: &str,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<PlanRun>, Error> {
    const SQL: &str =
        "select id, plan, plan_version, trigger_key, region, region_path, at, by, depth, drill, done
        from plan_run where region_path >= $1 and region_path < $2 and id < $3 order by id desc limit $4";
    let (low, high) = subtree_bounds(path);
    let rows: Vec<RunRow> = on_db!(tx, |conn| {
        sqlx::query_as(SQL)
            .bind(low)
            .bind(high)
            .bind(after.unwrap_or(Uuid::max()))
            .bind(i64::from(limit.clamp(1, 1_000)))
            .fetch_all(conn)
    })?;
    rows.into_iter()
        .map(|row| {
            Ok(PlanRun {
                id: row.id,
                plan: row.plan,
                plan_version: time::version(row.plan_version, WHAT)?,
                trigger_key: row.trigger_key,
                region: RegionCode::new(&row.region),
                region_path: row.region_path,
                at: time::from_micros(row.at, WHAT)?,
                by: row.by,
                depth: time::version(row.depth, WHAT)?,
                drill: row.drill,
                done: u64::try_from(row.done).map_err(|e| Error::damaged(WHAT, e))?,
            })
        })
        .collect()
}
