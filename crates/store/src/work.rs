//! What is to be done about records: state, unit, deadline, and the history of both.

/// Columns of work.
macro_rules! columns {
    () => {
        "record_id, register, region_path, state, is_open, unit, unit_path, parent_id, entered_at, due_at, \
         next_at, raised, offered_to, pending, drill"
    };
}

mod list;

pub use list::{Cursor, Filter, Whose, count, count_by_path, list};

use crate::dialect::{Bind, Tx, bind_all, on_db, placeholders, run_on_db};
use crate::error::Error;
use crate::person::MasterKey;
use crate::record::RecordRow;
use crate::time;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sqlx::AssertSqlSafe;
use sqlx::types::Json as Jsonb;
use uuid::Uuid;
use wanquan_domain::record::{Record, RecordId};
use wanquan_domain::region::subtree_bounds;
use wanquan_domain::unit::Unit;
use wanquan_domain::work::{Pending, Raised, Work, WorkAct, WorkEntry};

const WHAT: &str = "work";
/// Rows of one statement.
const ROWS_PER_STATEMENT: usize = 500;
/// Stands for no deadline.
const NEVER: i64 = i64::MAX;

#[derive(Serialize, Deserialize)]
struct PendingColumn {
    step: String,
    by: String,
    /// Before the values were sealed they stood here.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    values: Map<String, Json>,
    /// The values, sealed for the record, in hexadecimal digits: they may be personal, and wait for a second person.
    #[serde(default)]
    sealed: String,
    reason: Option<String>,
}

impl PendingColumn {
    fn of(work: &Work, keys: &MasterKey) -> Result<Option<Jsonb<Self>>, Error> {
        let Some(Pending { step, by, values, reason }) = work.pending.clone() else { return Ok(None) };
        let sealed = keys.seal_for(work.record.0, &serde_json::to_vec(&values)?)?;
        let sealed = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Some(Jsonb(Self { step, by, values: Map::new(), sealed, reason })))
    }

    fn open(self, record: Uuid, keys: &MasterKey) -> Result<Pending, Error> {
        let Self { step, by, mut values, sealed, reason } = self;
        if !sealed.is_empty() {
            let digits = sealed.as_bytes().chunks(2).map(|pair| {
                let pair = std::str::from_utf8(pair).map_err(|e| Error::damaged(WHAT, e))?;
                u8::from_str_radix(pair, 16).map_err(|e| Error::damaged(WHAT, e))
            });
            let bytes: Vec<u8> = digits.collect::<Result<_, Error>>()?;
            values = serde_json::from_slice(&keys.open_for(record, &bytes)?)?;
        }
        Ok(Pending { step, by, values, reason })
    }
}

#[derive(sqlx::FromRow)]
struct WorkRow {
    record_id: Uuid,
    register: String,
    region_path: String,
    state: String,
    is_open: bool,
    unit: String,
    unit_path: String,
    parent_id: Option<Uuid>,
    entered_at: i64,
    due_at: i64,
    next_at: Option<i64>,
    raised: i64,
    offered_to: Option<String>,
    pending: Option<Jsonb<PendingColumn>>,
    drill: bool,
}

fn unit(text: &str) -> Result<Unit, Error> {
    text.parse().map_err(|e| Error::damaged(WHAT, e))
}

impl WorkRow {
    fn open(self, keys: &MasterKey) -> Result<Work, Error> {
        let row = self;
        let at = |micros| time::from_micros(micros, WHAT);
        Ok(Work {
            record: RecordId(row.record_id),
            register: row.register,
            region_path: row.region_path,
            state: row.state,
            is_open: row.is_open,
            unit: unit(&row.unit)?,
            unit_path: row.unit_path,
            parent: row.parent_id.map(RecordId),
            entered_at: at(row.entered_at)?,
            due_at: Some(row.due_at).filter(|due| *due != NEVER).map(at).transpose()?,
            next_at: row.next_at.map(at).transpose()?,
            raised: Raised(time::version(row.raised, WHAT)?),
            offered_to: row.offered_to.as_deref().map(unit).transpose()?,
            pending: row.pending.map(|Jsonb(p)| p.open(row.record_id, keys)).transpose()?,
            drill: row.drill,
        })
    }
}

/// Stores the work of a record, new or changed.
///
/// # Errors
/// If the database fails.
pub async fn put(tx: &mut Tx<'_>, work: &Work) -> Result<(), Error> {
    const SQL: &str = concat!(
        "insert into work (",
        columns!(),
        ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        on conflict (record_id) do update set region_path = excluded.region_path, state = excluded.state,
        is_open = excluded.is_open, unit = excluded.unit, unit_path = excluded.unit_path,
        entered_at = excluded.entered_at, due_at = excluded.due_at, next_at = excluded.next_at,
        raised = excluded.raised, offered_to = excluded.offered_to, pending = excluded.pending"
    );
    let pending = PendingColumn::of(work, &tx.keys)?;
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(work.record.0)
            .bind(&work.register)
            .bind(&work.region_path)
            .bind(&work.state)
            .bind(work.is_open)
            .bind(work.unit.to_string())
            .bind(&work.unit_path)
            .bind(work.parent.map(|p| p.0))
            .bind(time::to_micros(work.entered_at))
            .bind(work.due_at.map_or(NEVER, time::to_micros))
            .bind(work.next_at.map(time::to_micros))
            .bind(i64::from(work.raised.0))
            .bind(work.offered_to.as_ref().map(Unit::to_string))
            .bind(&pending)
            .bind(work.drill)
            .execute(conn)
    })?;
    Ok(())
}

/// Stores the work of new records with the first entry of each history.
///
/// # Errors
/// If the database fails.
pub async fn begin_many(tx: &mut Tx<'_>, begun: &[(Work, WorkEntry)]) -> Result<(), Error> {
    for part in begun.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("insert into work ({}) values {}", columns!(), tx.value_lists(15, part.len()));
        let pending: Vec<_> =
            part.iter().map(|(work, _)| PendingColumn::of(work, &tx.keys)).collect::<Result<_, _>>()?;
        run_on_db!(tx, |conn| {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for ((work, _), pending) in part.iter().zip(&pending) {
                query = query
                    .bind(work.record.0)
                    .bind(&work.register)
                    .bind(&work.region_path)
                    .bind(&work.state)
                    .bind(work.is_open)
                    .bind(work.unit.to_string())
                    .bind(&work.unit_path)
                    .bind(work.parent.map(|p| p.0))
                    .bind(time::to_micros(work.entered_at))
                    .bind(work.due_at.map_or(NEVER, time::to_micros))
                    .bind(work.next_at.map(time::to_micros))
                    .bind(i64::from(work.raised.0))
                    .bind(work.offered_to.as_ref().map(Unit::to_string))
                    .bind(pending)
                    .bind(work.drill);
            }
            query.execute(conn)
        })?;
        let sql = format!(
            "insert into work_history (record_id, seq, at, by, act, to_state, unit) values {}",
            tx.value_lists(7, part.len())
        );
        run_on_db!(tx, |conn| {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (work, entry) in part {
                query = query
                    .bind(work.record.0)
                    .bind(1_i64)
                    .bind(time::to_micros(entry.at))
                    .bind(&entry.by)
                    .bind(entry.act.as_str())
                    .bind(&entry.to)
                    .bind(entry.unit.as_ref().map(Unit::to_string));
            }
            query.execute(conn)
        })?;
    }
    Ok(())
}

/// The work of a record; `None` for a record of a register without states.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, record: RecordId) -> Result<Option<Work>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from work where record_id = $1");
    let row: Option<WorkRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(record.0).fetch_optional(conn))?;
    row.map(|row| row.open(&tx.keys)).transpose()
}

/// The work of several records, in the order of their identifiers.
///
/// # Errors
/// If the database fails.
pub async fn get_many(tx: &mut Tx<'_>, records: &[RecordId]) -> Result<Vec<Work>, Error> {
    let mut found = Vec::with_capacity(records.len());
    for part in records.chunks(500) {
        let binds: Vec<Bind> = part.iter().map(|id| Bind::Id(id.0)).collect();
        let sql = format!(
            "select {} from work where record_id in ({}) order by record_id",
            columns!(),
            placeholders(1, part.len())
        );
        let rows: Vec<WorkRow> =
            on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
        for row in rows {
            found.push(row.open(&tx.keys)?);
        }
    }
    Ok(found)
}

/// Records of a register that have no work yet, withdrawn ones left out; at most `limit`.
///
/// # Errors
/// If the database fails.
pub async fn without(tx: &mut Tx<'_>, register: &str, limit: u32) -> Result<Vec<Record>, Error> {
    const SQL: &str = concat!(
        "select ",
        crate::record::columns!(),
        " from record where register = $1 and deleted = false
          and not exists (select 1 from work where work.record_id = record.id) limit $2"
    );
    let rows: Vec<RecordRow> =
        on_db!(tx, |conn| { sqlx::query_as(SQL).bind(register).bind(i64::from(limit)).fetch_all(conn) })?;
    rows.into_iter().map(|row| row.open(&tx.keys)).collect()
}

/// Appends to the history of a record.
///
/// # Errors
/// If the database fails.
pub async fn append(tx: &mut Tx<'_>, record: RecordId, entry: &WorkEntry) -> Result<(), Error> {
    const SQL: &str = "insert into work_history (record_id, seq, at, by, act, step, from_state, to_state, unit, reason)
        select $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9 from work_history where record_id = $1";
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(record.0)
            .bind(time::to_micros(entry.at))
            .bind(&entry.by)
            .bind(entry.act.as_str())
            .bind(&entry.step)
            .bind(&entry.from)
            .bind(&entry.to)
            .bind(entry.unit.as_ref().map(Unit::to_string))
            .bind(&entry.reason)
            .execute(conn)
    })?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    at: i64,
    by: String,
    act: String,
    step: Option<String>,
    from_state: Option<String>,
    to_state: Option<String>,
    unit: Option<String>,
    reason: Option<String>,
}

/// What happened to a record, oldest first; at most 1,000 entries.
///
/// # Errors
/// If the database fails.
pub async fn history(tx: &mut Tx<'_>, record: RecordId) -> Result<Vec<WorkEntry>, Error> {
    const SQL: &str = "select at, by, act, step, from_state, to_state, unit, reason from work_history
        where record_id = $1 order by seq limit 1000";
    let rows: Vec<EntryRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(record.0).fetch_all(conn))?;
    rows.into_iter().map(WorkEntry::try_from).collect()
}

impl TryFrom<EntryRow> for WorkEntry {
    type Error = Error;

    fn try_from(row: EntryRow) -> Result<Self, Error> {
        Ok(Self {
            at: time::from_micros(row.at, WHAT)?,
            by: row.by,
            act: WorkAct::parse(&row.act).ok_or_else(|| Error::damaged(WHAT, &row.act))?,
            step: row.step,
            from: row.from_state,
            to: row.to_state,
            unit: row.unit.as_deref().map(unit).transpose()?,
            reason: row.reason,
        })
    }
}

/// Something that happened to the work of some record.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    /// The record.
    pub record: RecordId,
    /// Its register.
    pub register: String,
    /// A rehearsal.
    pub drill: bool,
    /// What happened.
    pub entry: WorkEntry,
}

#[derive(sqlx::FromRow)]
struct HappenedRow {
    record_id: Uuid,
    register: String,
    drill: bool,
    #[sqlx(flatten)]
    entry: EntryRow,
}

/// What happened to the work of a subtree from one instant up to another, the latest first, at most `limit` (brought
/// into 1 to 10,000). The making of records that were made from another is left out: a directive to 2,628 villages is
/// one thing that happened.
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
        "select h.record_id, w.register, w.drill, h.at, h.by, h.act, h.step, h.from_state, h.to_state,
            h.unit, h.reason
        from work_history h join work w on w.record_id = h.record_id
        where h.at >= $1 and h.at < $2 and w.unit_path >= $3 and w.unit_path < $4
          and not (h.act = 'made' and w.parent_id is not null)
        order by h.at desc, h.record_id desc, h.seq desc limit $5";
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
                record: RecordId(row.record_id),
                register: row.register,
                drill: row.drill,
                entry: WorkEntry::try_from(row.entry)?,
            })
        })
        .collect()
}

/// Work whose deadline is to be looked at by `now`, the longest waiting first; at most `limit`.
///
/// # Errors
/// If the database fails.
pub async fn due(tx: &mut Tx<'_>, now: Timestamp, limit: u32) -> Result<Vec<Work>, Error> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from work where next_at is not null and next_at <= $1 order by next_at, record_id limit $2"
    );
    let rows: Vec<WorkRow> = on_db!(tx, |conn| {
        sqlx::query_as(SQL).bind(time::to_micros(now)).bind(i64::from(limit)).fetch_all(conn)
    })?;
    rows.into_iter().map(|row| row.open(&tx.keys)).collect()
}

/// The instant at which a deadline is to be looked at next; `None` if none is waiting.
///
/// # Errors
/// If the database fails.
pub async fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, Error> {
    const SQL: &str = "select next_at from work where next_at is not null order by next_at limit 1";
    let at: Option<i64> = on_db!(tx, |conn| sqlx::query_scalar(SQL).fetch_optional(conn))?;
    at.map(|at| time::from_micros(at, WHAT)).transpose()
}
