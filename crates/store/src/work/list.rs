//! Lists of work, the earliest deadline first.
//!
//! A narrow scope is read by its path and sorted; a wide one is read in the order of deadlines, open or finished, with
//! the path only compared. Counting the scope up to [`NARROW_MAX`] tells which. Open and finished work asked for
//! together are two lists put together, so that each is a piece of an index.

use super::{WHAT, WorkRow};
use crate::dialect::{Bind, Tx, bind_all, on_db};
use crate::error::Error;
use crate::time;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;
use wanquan_domain::record::RecordId;
use wanquan_domain::region::subtree_bounds;
use wanquan_domain::unit::Unit;
use wanquan_domain::work::Work;

/// Longest page.
const LIMIT_MAX: u32 = 1_000;
/// A scope with up to this many pieces of work is read whole and sorted.
const NARROW_MAX: i64 = 2_000;

/// Whose work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Of one unit.
    Unit(Unit),
    /// Of every unit in these subtrees; of every unit at all if empty.
    Paths(Vec<String>),
    /// Made from this record.
    Parent(RecordId),
    /// Offered to this unit and not accepted yet.
    OfferedTo(Unit),
}

/// Which work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Whose.
    pub whose: Whose,
    /// Register.
    pub register: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Only these registers and states, if given.
    pub states: Vec<(String, String)>,
    /// Open or finished.
    pub is_open: Option<bool>,
    /// Only what is due before this instant.
    pub due_before: Option<Timestamp>,
}

/// Place in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    due_at: i64,
    record: Uuid,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.due_at, self.record.simple())
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parse = || {
            let (due, id) = text.split_once('.')?;
            Some(Self { due_at: due.parse().ok()?, record: Uuid::try_parse(id).ok()? })
        };
        parse().ok_or(Error::InvalidCursor)
    }
}

/// How a scope is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By its path, then sorted.
    Path,
    /// In the order of deadlines.
    Order,
}

impl Filter {
    /// All work of somebody, open and finished.
    pub fn of(whose: Whose) -> Self {
        Self { whose, register: None, state: None, states: Vec::new(), is_open: None, due_before: None }
    }

    fn conditions(&self, binds: &mut Vec<Bind>, is_open: Option<bool>, way: Way) -> String {
        let mut bind = |value: Bind| {
            binds.push(value);
            format!("${}", binds.len())
        };
        // An expression is no column: the planner cannot take the other index for it.
        let column = if way == Way::Path { "unit_path" } else { "(unit_path || '')" };
        let mut conditions = Vec::new();
        match &self.whose {
            Whose::Unit(unit) => conditions.push(format!("unit = {}", bind(Bind::Text(unit.to_string())))),
            Whose::Paths(paths) => {
                let ranges: Vec<String> = paths
                    .iter()
                    .map(|path| {
                        let (low, high) = subtree_bounds(path);
                        let (low, high) = (bind(Bind::Text(low)), bind(Bind::Text(high)));
                        format!("({column} >= {low} and {column} < {high})")
                    })
                    .collect();
                if !ranges.is_empty() {
                    conditions.push(format!("({})", ranges.join(" or ")));
                }
            }
            Whose::Parent(parent) => conditions.push(format!("parent_id = {}", bind(Bind::Id(parent.0)))),
            Whose::OfferedTo(unit) => {
                conditions.push(format!("offered_to = {}", bind(Bind::Text(unit.to_string()))));
            }
        }
        if let Some(register) = &self.register {
            conditions.push(format!("register = {}", bind(Bind::Text(register.clone()))));
        }
        if let Some(state) = &self.state {
            conditions.push(format!("state = {}", bind(Bind::Text(state.clone()))));
        }
        if !self.states.is_empty() {
            let pairs: Vec<String> = self
                .states
                .iter()
                .map(|(register, state)| {
                    let (register, state) =
                        (bind(Bind::Text(register.clone())), bind(Bind::Text(state.clone())));
                    format!("(register = {register} and state = {state})")
                })
                .collect();
            conditions.push(format!("({})", pairs.join(" or ")));
        }
        if let Some(due) = self.due_before {
            conditions.push(format!("due_at < {}", bind(Bind::Int(time::to_micros(due)))));
        }
        // `true` and `false` are literals on both engines; a bound number is no boolean on PostgreSQL.
        if let Some(is_open) = is_open {
            conditions.push(match way {
                Way::Path => format!("(is_open = {is_open}) is true"),
                Way::Order => format!("is_open = {is_open}"),
            });
        }
        if conditions.is_empty() { "1 = 1".to_owned() } else { conditions.join(" and ") }
    }

    async fn way(&self, tx: &mut Tx<'_>) -> Result<Way, Error> {
        let Whose::Paths(paths) = &self.whose else { return Ok(Way::Order) };
        if paths.is_empty() {
            return Ok(Way::Order);
        }
        let scope = Self::of(self.whose.clone());
        let mut binds = Vec::new();
        let condition = scope.conditions(&mut binds, None, Way::Path);
        binds.push(Bind::Int(NARROW_MAX + 1));
        let sql = format!(
            "select count(*) from (select 1 from work where {condition} limit ${}) counted",
            binds.len()
        );
        let n: i64 = on_db!(tx, |conn| {
            bind_all!(sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)), &binds).fetch_one(conn)
        })?;
        Ok(if n <= NARROW_MAX { Way::Path } else { Way::Order })
    }

    fn page_sql(&self, is_open: bool, after: Option<Cursor>, limit: u32, way: Way) -> (String, Vec<Bind>) {
        let mut binds = Vec::new();
        let mut condition = self.conditions(&mut binds, Some(is_open), way);
        if let Some(after) = after {
            binds.push(Bind::Int(after.due_at));
            binds.push(Bind::Id(after.record));
            let (due, record) = (binds.len() - 1, binds.len());
            condition = format!("{condition} and (due_at, record_id) > (${due}, ${record})");
        }
        binds.push(Bind::Int(i64::from(limit)));
        // The sign keeps a planner from reading a narrow scope in the order of deadlines.
        let order = if way == Way::Path { "+due_at" } else { "due_at" };
        let sql = format!(
            "select {} from work where {condition} order by {order}, record_id limit ${}",
            columns!(),
            binds.len()
        );
        (sql, binds)
    }
}

/// Work, the earliest deadline first, without a deadline last. Returns up to `limit` (brought into 1 to 1,000) and the
/// cursor of the next page.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut Tx<'_>,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<(Vec<Work>, Option<Cursor>), Error> {
    let limit = limit.clamp(1, LIMIT_MAX);
    let way = filter.way(tx).await?;
    let mut rows: Vec<WorkRow> = Vec::new();
    for is_open in [true, false] {
        if filter.is_open.is_none_or(|wanted| wanted == is_open) {
            let (sql, binds) = filter.page_sql(is_open, after, limit + 1, way);
            let found: Vec<WorkRow> =
                on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
            rows.extend(found);
        }
    }
    rows.sort_by_key(|row| (row.due_at, row.record_id));
    let more = rows.len() > limit as usize;
    let last = rows.get(limit as usize - 1).map(|row| Cursor { due_at: row.due_at, record: row.record_id });
    let items =
        rows.into_iter().take(limit as usize).map(|row| row.open(&tx.keys)).collect::<Result<_, _>>()?;
    Ok((items, last.filter(|_| more)))
}

/// Number of pieces of work by state, and of late ones among them: (state, number, late). It looks at every piece of
/// the scope.
///
/// # Errors
/// If the database fails.
pub async fn count(tx: &mut Tx<'_>, filter: &Filter) -> Result<BTreeMap<String, (u64, u64)>, Error> {
    let mut binds = Vec::new();
    let condition = filter.conditions(&mut binds, filter.is_open, Way::Path);
    let sql = format!(
        "select state, count(*),
            cast(coalesce(sum(case when raised >= 2 and is_open = true then 1 else 0 end), 0) as bigint)
         from work where {condition} group by state order by state"
    );
    let rows: Vec<(String, i64, i64)> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
    let whole = |n: i64| u64::try_from(n).map_err(|e| Error::damaged(WHAT, e));
    rows.into_iter().map(|(state, n, late)| Ok((state, (whole(n)?, whole(late)?)))).collect()
}

/// Open work by the path of the unit that answers: (number, number due before an instant). It looks at every piece of
/// the scope.
///
/// # Errors
/// If the database fails.
pub async fn count_by_path(
    tx: &mut Tx<'_>,
    filter: &Filter,
    now: Timestamp,
) -> Result<Vec<(String, u64, u64)>, Error> {
    let mut binds = Vec::new();
    let condition = filter.conditions(&mut binds, Some(true), Way::Path);
    binds.push(Bind::Int(time::to_micros(now)));
    let sql = format!(
        "select unit_path, count(*), cast(sum(case when due_at <= ${} then 1 else 0 end) as bigint)
         from work where {condition} group by unit_path order by unit_path",
        binds.len()
    );
    let rows: Vec<(String, i64, i64)> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
    let whole = |n: i64| u64::try_from(n).map_err(|e| Error::damaged(WHAT, e));
    rows.into_iter().map(|(path, n, late)| Ok((path, whole(n)?, whole(late)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Store};
    use wanquan_domain::region::RegionCode;

    async fn check(store: &Store, (sql, binds): (String, Vec<Bind>), expected: &str, sorted: bool) {
        let mut tx = store.read().await.unwrap();
        let sql = format!("explain query plan {sql}");
        let rows: Vec<(i64, i64, i64, String)> =
            on_db!(&mut tx, |conn| { bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn) })
                .unwrap();
        let plan = rows.into_iter().map(|(.., detail)| detail).collect::<Vec<_>>().join("\n");
        assert!(plan.contains(expected), "no `{expected}` in\n{plan}");
        assert_eq!(plan.contains("TEMP B-TREE"), sorted, "{plan}");
        assert!(!plan.contains("SCAN work"), "{plan}");
    }

    #[tokio::test]
    async fn every_list_of_work_is_a_range_of_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wanquan.db");
        let store = Store::open(path.to_str().unwrap(), &Options::recommended()).await.unwrap();
        let unit = || Unit::Region(RegionCode::new("1404"));
        let filter = |whose| Filter {
            whose,
            register: None,
            state: Some("working".into()),
            states: Vec::new(),
            is_open: None,
            due_before: Some(Timestamp::UNIX_EPOCH),
        };
        let after = Some(Cursor { due_at: 5, record: Uuid::nil() });
        let below = || filter(Whose::Paths(vec!["/1/14/".into()]));
        let of_unit = filter(Whose::Unit(unit()));
        let by_unit = "INDEX work_by_unit (unit=? AND is_open=? AND";
        check(&store, of_unit.page_sql(true, None, 51, Way::Order), by_unit, false).await;
        check(&store, of_unit.page_sql(true, after, 51, Way::Order), by_unit, false).await;
        let by_due = "INDEX work_by_due (is_open=? AND";
        check(&store, below().page_sql(true, None, 51, Way::Order), by_due, false).await;
        check(&store, below().page_sql(false, after, 51, Way::Order), by_due, false).await;
        let by_path = "INDEX work_by_path (unit_path>? AND unit_path<?)";
        check(&store, below().page_sql(true, None, 51, Way::Path), by_path, true).await;
        let of_parent = filter(Whose::Parent(RecordId(Uuid::nil())));
        let by_parent = "INDEX work_by_parent (parent_id=? AND is_open=? AND";
        check(&store, of_parent.page_sql(true, after, 51, Way::Order), by_parent, false).await;
    }
}
