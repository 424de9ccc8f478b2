//! Signals: what detectors proposed, inserted once, and what people made of them.

use crate::dialect::{Bind, Tx, bind_all, on_db, placeholders, run_on_db};
use crate::error::Error;
use crate::page::{Conditions, page, rows_for};
use crate::time;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value as Json;
use sqlx::AssertSqlSafe;
use sqlx::types::Json as Jsonb;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;
use wanquan_domain::region::{RegionCode, subtree_bounds};
use wanquan_domain::signal::{SeriesKey, Signal, SignalStatus};

/// Longest page.
const LIMIT_MAX: u32 = 1_000;

#[derive(sqlx::FromRow)]
struct SignalRow {
    id: Uuid,
    measure: String,
    disease: String,
    region: String,
    region_path: String,
    step: String,
    day: i64,
    method: String,
    method_version: i64,
    params: Jsonb<Json>,
    input_digest: String,
    observed: i64,
    expected: Option<f64>,
    upper: Option<f64>,
    score: Option<f64>,
    p_value: Option<f64>,
    known_day: i64,
    raised_at: i64,
    status: String,
    version: i64,
}

impl TryFrom<SignalRow> for Signal {
    type Error = Error;

    fn try_from(row: SignalRow) -> Result<Self, Error> {
        const WHAT: &str = "signal";
        Ok(Self {
            id: row.id,
            series: SeriesKey {
                measure: row.measure,
                disease: row.disease,
                region: RegionCode::new(&row.region),
            },
            region_path: row.region_path,
            step: row.step,
            date: time::from_day(row.day, WHAT)?,
            method: row.method,
            method_version: time::version(row.method_version, WHAT)?,
            params: row.params.0,
            input_digest: row.input_digest,
            observed: row.observed,
            expected: row.expected,
            upper: row.upper,
            score: row.score,
            p_value: row.p_value,
            known_on: time::from_day(row.known_day, WHAT)?,
            raised_at: time::from_micros(row.raised_at, WHAT)?,
            status: SignalStatus::parse(&row.status)
                .ok_or_else(|| Error::damaged(WHAT, format!("status `{}`", row.status)))?,
            version: time::version(row.version, WHAT)?,
        })
    }
}

macro_rules! columns {
    () => {
        "id, measure, disease, region, region_path, step, day, method, method_version, params, input_digest, \
         observed, expected, upper, score, p_value, known_day, raised_at, status, version"
    };
}

/// What happened to a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Version that the act made.
    pub version: u32,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What: `raised`, or the status that a person gave.
    pub act: String,
    /// Why.
    pub reason: Option<String>,
}

/// Stores a signal unless one of the same measure, disease, region, method, step and date exists, whatever became of
/// it. True if it is new.
///
/// # Errors
/// If the database fails.
pub async fn insert_new(tx: &mut Tx<'_>, signal: &Signal, by: &str) -> Result<bool, Error> {
    const SQL: &str = concat!(
        "insert into signal (",
        columns!(),
        ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
         on conflict do nothing"
    );
    let written = run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(signal.id)
            .bind(&signal.series.measure)
            .bind(&signal.series.disease)
            .bind(signal.series.region.as_str())
            .bind(&signal.region_path)
            .bind(&signal.step)
            .bind(time::to_day(signal.date))
            .bind(&signal.method)
            .bind(i64::from(signal.method_version))
            .bind(Jsonb(&signal.params))
            .bind(&signal.input_digest)
            .bind(signal.observed)
            .bind(signal.expected)
            .bind(signal.upper)
            .bind(signal.score)
            .bind(signal.p_value)
            .bind(time::to_day(signal.known_on))
            .bind(time::to_micros(signal.raised_at))
            .bind(signal.status.as_str())
            .bind(i64::from(signal.version))
            .execute(conn)
    })?;
    if written > 0 {
        write_entry(tx, signal, by, "raised", None, signal.raised_at).await?;
    }
    Ok(written > 0)
}

async fn write_entry(
    tx: &mut Tx<'_>,
    signal: &Signal,
    by: &str,
    act: &str,
    reason: Option<&str>,
    at: Timestamp,
) -> Result<(), Error> {
    const SQL: &str = "insert into signal_history (signal_id, version, at, by, act, reason)
        values ($1, $2, $3, $4, $5, $6)";
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(signal.id)
            .bind(i64::from(signal.version))
            .bind(time::to_micros(at))
            .bind(by)
            .bind(act)
            .bind(reason)
            .execute(conn)
    })?;
    Ok(())
}

/// The signal of an identifier.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Signal>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from signal where id = $1");
    let row: Option<SignalRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(id).fetch_optional(conn))?;
    row.map(Signal::try_from).transpose()
}

/// Stores the signal after an assessment; `next.version` is one above the version that was assessed.
///
/// # Errors
/// `NotFound`; `Conflict` with the current version if somebody else was quicker.
pub async fn update(
    tx: &mut Tx<'_>,
    next: &Signal,
    by: &str,
    reason: &str,
    at: Timestamp,
) -> Result<(), Error> {
    const SQL: &str = "update signal set status = $2, version = $3 where id = $1 and version = $3 - 1";
    let written = run_on_db!(tx, |conn| {
        sqlx::query(SQL).bind(next.id).bind(next.status.as_str()).bind(i64::from(next.version)).execute(conn)
    })?;
    if written == 0 {
        let current = get(tx, next.id).await?.ok_or_else(|| Error::not_found("signal", next.id))?;
        return Err(Error::Conflict { what: "signal", current: current.version });
    }
    write_entry(tx, next, by, next.status.as_str(), Some(reason), at).await
}

/// What happened to a signal, oldest first.
///
/// # Errors
/// If the database fails.
pub async fn history(tx: &mut Tx<'_>, id: Uuid) -> Result<Vec<Entry>, Error> {
    const SQL: &str = "select version, at, by, act, reason from signal_history
        where signal_id = $1 order by version limit 1000";
    let rows: Vec<(i64, i64, String, String, Option<String>)> =
        on_db!(tx, |conn| sqlx::query_as(SQL).bind(id).fetch_all(conn))?;
    rows.into_iter()
        .map(|(version, at, by, act, reason)| {
            Ok(Entry {
                version: time::version(version, "signal")?,
                at: time::from_micros(at, "signal")?,
                by,
                act,
                reason,
            })
        })
        .collect()
}

/// Something that happened to some signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    /// The signal.
    pub id: Uuid,
    /// Its region.
    pub region: RegionCode,
    /// Its disease.
    pub disease: String,
    /// Day or first day of the step that exceeded.
    pub date: Date,
    /// Count observed.
    pub observed: i64,
    /// What happened.
    pub entry: Entry,
}

#[derive(sqlx::FromRow)]
struct HappenedRow {
    id: Uuid,
    region: String,
    disease: String,
    day: i64,
    observed: i64,
    version: i64,
    at: i64,
    by: String,
    act: String,
    reason: Option<String>,
}

/// What happened to the signals of a subtree from one instant up to another, the latest first, at most `limit` (brought
/// into 1 to 10,000).
///
/// # Errors
/// If the database fails.
pub async fn happened(
    tx: &mut Tx<'_>,
    path: &str,
    from: Timestamp,
    to: Timestamp,
    limit: u32,
) -> Result<Vec<Happened>, Error> {
    const SQL: &str =
        "select s.id, s.region, s.disease, s.day, s.observed, h.version, h.at, h.by, h.act, h.reason
        from signal_history h join signal s on s.id = h.signal_id
        where h.at >= $1 and h.at < $2 and s.region_path >= $3 and s.region_path < $4
        order by h.at desc, s.id desc, h.version desc limit $5";
    let (low, high) = subtree_bounds(path);
    let rows: Vec<HappenedRow> = on_db!(tx, |conn| {
        sqlx::query_as(SQL)
            .bind(time::to_micros(from))
            .bind(time::to_micros(to))
            .bind(low)
            .bind(high)
            .bind(i64::from(limit.clamp(1, 10_000)))
            .fetch_all(conn)
    })?;
    rows.into_iter()
        .map(|row| {
            Ok(Happened {
                id: row.id,
                region: RegionCode::new(&row.region),
                disease: row.disease,
                date: time::from_day(row.day, "signal")?,
                observed: row.observed,
                entry: Entry {
                    version: time::version(row.version, "signal")?,
                    at: time::from_micros(row.at, "signal")?,
                    by: row.by,
                    act: row.act,
                    reason: row.reason,
                },
            })
        })
        .collect()
}

/// Which signals.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Status.
    pub status: Option<SignalStatus>,
    /// Paths of the regions whose subtrees are meant; empty means everywhere.
    pub paths: Vec<String>,
    /// Disease.
    pub disease: Option<String>,
    /// Measure.
    pub measure: Option<String>,
}

impl Filter {
    fn conditions(&self) -> Conditions {
        let mut asked = Conditions::default();
        asked.equal("status", self.status.map(|status| status.as_str()));
        asked.equal("disease", self.disease.as_deref());
        asked.equal("measure", self.measure.as_deref());
        asked.below(&self.paths);
        asked
    }
}

/// Signals, latest first; `after` is the identifier of the last one of the page before. Returns up to `limit`
/// (brought into 1 to 1,000) and the cursor of the next page.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut Tx<'_>,
    filter: &Filter,
    after: Option<Uuid>,
    limit: u32,
) -> Result<(Vec<Signal>, Option<Uuid>), Error> {
    let limit = limit.clamp(1, LIMIT_MAX);
    let mut asked = filter.conditions();
    asked.after(after);
    let limited = asked.bind(Bind::Int(rows_for(limit)));
    let sql =
        format!("select {} from signal where {} order by id desc limit {limited}", columns!(), asked.sql());
    let rows: Vec<SignalRow> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), asked.binds()).fetch_all(conn))?;
    page(rows, limit, |signal: &Signal| signal.id)
}

/// Number of signals of each status in the filter's scope.
///
/// # Errors
/// If the database fails.
pub async fn count(tx: &mut Tx<'_>, filter: &Filter) -> Result<BTreeMap<&'static str, u64>, Error> {
    let asked = filter.conditions();
    let sql = format!("select status, count(*) from signal where {} group by status", asked.sql());
    let rows: Vec<(String, i64)> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), asked.binds()).fetch_all(conn))?;
    let mut counts = BTreeMap::new();
    for (status, n) in rows {
        let status = SignalStatus::parse(&status)
            .ok_or_else(|| Error::damaged("signal", format!("status `{status}`")))?;
        counts.insert(status.as_str(), u64::try_from(n).map_err(|e| Error::damaged("signal", e))?);
    }
    Ok(counts)
}

/// Signals of one series, by date; for marking them on a curve. At most 1,000, the latest ones.
///
/// # Errors
/// If the database fails.
pub async fn of_series(tx: &mut Tx<'_>, key: &SeriesKey) -> Result<Vec<Signal>, Error> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from signal where measure = $1 and disease = $2 and region = $3 order by day desc limit 1000"
    );
    let rows: Vec<SignalRow> = on_db!(tx, |conn| {
        sqlx::query_as(SQL).bind(&key.measure).bind(&key.disease).bind(key.region.as_str()).fetch_all(conn)
    })?;
    let mut signals = rows.into_iter().map(Signal::try_from).collect::<Result<Vec<_>, _>>()?;
    signals.reverse();
    Ok(signals)
}

/// Region, step and date of every signal of a measure and disease since a day, whatever became of it.
///
/// # Errors
/// If the database fails.
pub async fn raised_since(
    tx: &mut Tx<'_>,
    measure: &str,
    disease: &str,
    regions: &[RegionCode],
    from: Date,
) -> Result<BTreeSet<(RegionCode, String, Date)>, Error> {
    let mut raised = BTreeSet::new();
    for chunk in regions.chunks(500) {
        let sql = format!(
            "select region, step, day from signal
             where measure = $1 and disease = $2 and region in ({}) and day >= $3",
            placeholders(4, chunk.len())
        );
        let mut binds = vec![
            Bind::Text(measure.to_owned()),
            Bind::Text(disease.to_owned()),
            Bind::Int(time::to_day(from)),
        ];
        binds.extend(chunk.iter().map(|code| Bind::Text(code.as_str().to_owned())));
        let rows: Vec<(String, String, i64)> =
            on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
        for (region, step, day) in rows {
            raised.insert((RegionCode::new(&region), step, time::from_day(day, "signal")?));
        }
    }
    Ok(raised)
}

/// Signals of a region, as they stood at some instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Path of the region itself, not of the regions below.
    pub region_path: String,
    /// Signals that waited for assessment.
    pub open: u64,
    /// Signals that had been raised to alarms.
    pub alarms: u64,
}

/// Signals of a disease in the regions below a path, as they stood at the end of the day `as_of`, which is the
/// instant `until`: a row for each region that had an open one or an alarm.
///
/// # Errors
/// If the database fails.
pub async fn standing(
    tx: &mut Tx<'_>,
    path: &str,
    disease: &str,
    as_of: Date,
    until: Timestamp,
) -> Result<Vec<Standing>, Error> {
    // An assessment changes the status of the row, so an earlier state is read from the history.
    const SQL: &str = "select region_path,
            cast(sum(case when act = 'raised' then 1 else 0 end) as bigint),
            cast(sum(case when act = 'alarm' then 1 else 0 end) as bigint)
        from (select s.region_path as region_path,
                (select h.act from signal_history h where h.signal_id = s.id and (h.version = 1 or h.at < $5)
                 order by h.version desc limit 1) as act
            from signal s
            where s.region_path >= $1 and s.region_path < $2 and s.disease = $3 and s.known_day <= $4) standing
        where act in ('raised', 'alarm') group by region_path order by region_path";
    let (low, high) = subtree_bounds(path);
    let rows: Vec<(String, i64, i64)> = on_db!(tx, |conn| {
        sqlx::query_as(SQL)
            .bind(low)
            .bind(high)
            .bind(disease)
            .bind(time::to_day(as_of))
            .bind(time::to_micros(until))
            .fetch_all(conn)
    })?;
    let count = |n: i64| u64::try_from(n).map_err(|e| Error::damaged("signal", e));
    rows.into_iter()
        .map(|(region_path, open, alarms)| {
            Ok(Standing { region_path, open: count(open)?, alarms: count(alarms)? })
        })
        .collect()
}
