//! Jobs: work to be done later, deduplicated while it waits, retried with growing pauses, leased to one worker.

use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use sqlx::types::Json as Jsonb;
use uuid::Uuid;

/// Pause after the first failure; it doubles with each further one.
pub const BACKOFF_FIRST: SignedDuration = SignedDuration::from_secs(5);
/// Longest pause between two attempts.
pub const BACKOFF_MAX: SignedDuration = SignedDuration::from_hours(1);

/// A job to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// Which work.
    pub name: String,
    /// Of the jobs of one name, only one with this key waits at a time.
    pub dedup_key: String,
    /// What the work needs to know.
    pub payload: Json,
    /// Not before this instant.
    pub run_at: Timestamp,
    /// Attempts before it is given up, at least 1.
    pub attempts_max: u32,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// A job that a worker holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Identifier.
    pub id: Uuid,
    /// Which work.
    pub name: String,
    /// Key of deduplication.
    pub dedup_key: String,
    /// What the work needs to know.
    pub payload: Json,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Attempts before it is given up.
    pub attempts_max: u32,
}

pub(crate) const ENQUEUE: &str = "insert into job (id, name, dedup_key, payload, status, run_at, attempts,
        attempts_max, created_at)
    values ($1, $2, $3, $4, 'waiting', $5, 0, $6, $7)
    on conflict (name, dedup_key) where status = 'waiting'
    do update set run_at = case when excluded.run_at < job.run_at then excluded.run_at else job.run_at end";

/// Asks for a job. If one with the same name and key waits already, it stands for this one too and runs at the
/// earlier of the two times.
///
/// # Errors
/// If the database fails.
pub async fn enqueue(tx: &mut Tx<'_>, job: &NewJob) -> Result<(), Error> {
    run_on_db!(tx, |conn| {
        sqlx::query(ENQUEUE)
            .bind(job.id)
            .bind(&job.name)
            .bind(&job.dedup_key)
            .bind(Jsonb(&job.payload))
            .bind(time::to_micros(job.run_at))
            .bind(i64::from(job.attempts_max.max(1)))
            .bind(time::to_micros(job.created_at))
            .execute(conn)
    })?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct JobRow {
    id: Uuid,
    name: String,
    dedup_key: String,
    payload: Jsonb<Json>,
    attempts: i64,
    attempts_max: i64,
}

/// Takes the job that has waited longest, or one whose worker let its lease run out, and holds it for `lease`.
///
/// Two workers never get the same job: the second one finds nothing and asks again. A job whose lease ran out in its
/// last attempt is given up: it may be what ended its worker.
///
/// # Errors
/// If the database fails.
pub async fn claim(tx: &mut Tx<'_>, now: Timestamp, lease: SignedDuration) -> Result<Option<Job>, Error> {
    const GIVE_UP: &str = "update job set status = 'failed', finished_at = $1, lease_until = null,
        last_error = 'the worker ended without an answer'
        where status = 'running' and lease_until <= $1 and attempts >= attempts_max";
    const SQL: &str = "update job set status = 'running', attempts = attempts + 1, lease_until = $2
        where id = (select id from job where (status = 'waiting' and run_at <= $1)
                    or (status = 'running' and lease_until <= $1) order by run_at, id limit 1)
        and ((status = 'waiting' and run_at <= $1) or (status = 'running' and lease_until <= $1))
        returning id, name, dedup_key, payload, attempts, attempts_max";
    run_on_db!(tx, |conn| sqlx::query(GIVE_UP).bind(time::to_micros(now)).execute(conn))?;
    let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
    let row: Option<JobRow> = on_db!(tx, |conn| {
        sqlx::query_as(SQL).bind(time::to_micros(now)).bind(time::to_micros(until)).fetch_optional(conn)
    })?;
    row.map(|row| {
        Ok(Job {
            id: row.id,
            name: row.name,
            dedup_key: row.dedup_key,
            payload: row.payload.0,
            attempt: time::version(row.attempts, "job")?,
            attempts_max: time::version(row.attempts_max, "job")?,
        })
    })
    .transpose()
}

/// The instant from which on a job can be claimed: one that waits, or one whose lease runs out; `None` if there is
/// neither.
///
/// # Errors
/// If the database fails.
pub async fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, Error> {
    const SQL: &str = "select min(case when status = 'waiting' then run_at else lease_until end) from job
        where status in ('waiting', 'running')";
    let at: Option<i64> = on_db!(tx, |conn| sqlx::query_scalar(SQL).fetch_one(conn))?;
    at.map(|at| time::from_micros(at, "job")).transpose()
}

/// Holds a job for longer. False if the worker does not hold it any more.
///
/// # Errors
/// If the database fails.
pub async fn renew(tx: &mut Tx<'_>, job: &Job, now: Timestamp, lease: SignedDuration) -> Result<bool, Error> {
    const SQL: &str =
        "update job set lease_until = $2 where id = $1 and status = 'running' and attempts = $3";
    let until = time::to_micros(now.checked_add(lease).unwrap_or(Timestamp::MAX));
    run_on_db!(tx, |conn| sqlx::query(SQL)
        .bind(job.id)
        .bind(until)
        .bind(i64::from(job.attempt))
        .execute(conn))
    .map(|written| written > 0)
}

/// Ends every lease at `now`: for the only worker of a database, at its start, when whoever held a job is gone.
///
/// # Errors
/// If the database fails.
pub async fn end_leases(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, Error> {
    const SQL: &str = "update job set lease_until = $1 where status = 'running' and lease_until > $1";
    run_on_db!(tx, |conn| sqlx::query(SQL).bind(time::to_micros(now)).execute(conn))
}

/// Notes that a job is done. False if the worker does not hold it any more: its lease ran out and another one took it.
///
/// # Errors
/// If the database fails.
pub async fn complete(tx: &mut Tx<'_>, job: &Job, now: Timestamp) -> Result<bool, Error> {
    const SQL: &str =
        "update job set status = 'done', finished_at = $2, lease_until = null, last_error = null
        where id = $1 and status = 'running' and attempts = $3";
    run_on_db!(tx, |conn| {
        sqlx::query(SQL).bind(job.id).bind(time::to_micros(now)).bind(i64::from(job.attempt)).execute(conn)
    })
    .map(|written| written > 0)
}

/// What becomes of a job that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It runs again at this instant.
    RetryAt(Timestamp),
    /// The same work is asked for anew already; this job is done with.
    Superseded,
    /// It failed too often.
    GivenUp,
    /// The worker does not hold the job any more: its lease ran out and another one took it.
    Lost,
}

/// Pause before the attempt after the `attempt`-th one failed.
pub fn backoff(attempt: u32) -> SignedDuration {
    let doublings = attempt.saturating_sub(1).min(20);
    BACKOFF_FIRST.checked_mul(1 << doublings).map_or(BACKOFF_MAX, |pause| pause.min(BACKOFF_MAX))
}

/// Notes that an attempt failed. `error` must not hold personal data.
///
/// # Errors
/// If the database fails.
pub async fn fail(tx: &mut Tx<'_>, job: &Job, error: &str, now: Timestamp) -> Result<Failure, Error> {
    const END: &str = "update job set status = $2, finished_at = $3, lease_until = null, last_error = $4
        where id = $1 and status = 'running' and attempts = $5";
    const RETRY: &str = "update job set status = 'waiting', run_at = $2, lease_until = null, last_error = $3
        where id = $1 and status = 'running' and attempts = $4";
    const WAITING: &str =
        "select count(*) from job where name = $1 and dedup_key = $2 and status = 'waiting'";
    let error: String = error.chars().take(1_000).collect();
    let waiting: i64 = on_db!(tx, |conn| {
        sqlx::query_scalar(WAITING).bind(&job.name).bind(&job.dedup_key).fetch_one(conn)
    })?;
    let given_up = job.attempt >= job.attempts_max;
    if given_up || waiting > 0 {
        let (status, outcome) =
            if given_up { ("failed", Failure::GivenUp) } else { ("superseded", Failure::Superseded) };
        let written = run_on_db!(tx, |conn| {
            sqlx::query(END)
                .bind(job.id)
                .bind(status)
                .bind(time::to_micros(now))
                .bind(&error)
                .bind(i64::from(job.attempt))
                .execute(conn)
        })?;
        return Ok(if written > 0 { outcome } else { Failure::Lost });
    }
    let at = now.checked_add(backoff(job.attempt)).unwrap_or(Timestamp::MAX);
    let written = run_on_db!(tx, |conn| {
        sqlx::query(RETRY)
            .bind(job.id)
            .bind(time::to_micros(at))
            .bind(&error)
            .bind(i64::from(job.attempt))
            .execute(conn)
    })?;
    Ok(if written > 0 { Failure::RetryAt(at) } else { Failure::Lost })
}

/// How many jobs wait, run, failed, are done or superseded: (status, number), by status.
///
/// # Errors
/// If the database fails.
pub async fn count(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>, Error> {
    const SQL: &str = "select status, count(*) from job group by status order by status";
    on_db!(tx, |conn| sqlx::query_as(SQL).fetch_all(conn))
}

/// Removes finished jobs from before `until`; failed ones are kept. Returns how many.
///
/// # Errors
/// If the database fails.
pub async fn delete_finished(tx: &mut Tx<'_>, until: Timestamp) -> Result<u64, Error> {
    const SQL: &str = "delete from job where status in ('done', 'superseded') and finished_at < $1";
    run_on_db!(tx, |conn| { sqlx::query(SQL).bind(time::to_micros(until)).execute(conn) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        assert_eq!(backoff(1), SignedDuration::from_secs(5));
        assert_eq!(backoff(2), SignedDuration::from_secs(10));
        assert_eq!(backoff(4), SignedDuration::from_secs(40));
        assert_eq!(backoff(11), BACKOFF_MAX);
        assert_eq!(backoff(u32::MAX), BACKOFF_MAX);
    }
}
