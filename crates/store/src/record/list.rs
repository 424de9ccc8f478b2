//! Lists of records: bounded, paged by key, answered from one of two indexes.
//!
//! A narrow scope (a village, a small county) is read by its path and sorted; a wide one is read in the order of the
//! list with the path as a filter, where enough rows match that a page is found soon. Counting the scope up to
//! [`NARROW_MAX`] tells which. Tests of fields cannot use an index; a page therefore looks at no more than
//! [`SCANNED_MAX`] rows, and may hold fewer records than asked for although more follow.

use super::{NO_DAY, RecordRow};
use crate::dialect::{Bind, Tx, bind_all, on_db};
use crate::error::Error;
use crate::time;
use jiff::civil::Date;
use sqlx::AssertSqlSafe;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;
use wanquan_domain::record::Record;
use wanquan_domain::region::subtree_bounds;

/// A scope with up to this many records is read whole and sorted, in a few milliseconds.
pub(crate) const NARROW_MAX: i64 = 2_000;
/// Rows that one page may look at: about half a second.
const SCANNED_MAX: i64 = 200_000;
/// Rows looked at by one statement.
const SCAN_STEP: i64 = 20_000;
/// Longest page.
const LIMIT_MAX: u32 = 1_000;

/// Which records.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Register.
    pub register: String,
    /// Paths of the regions whose subtrees are meant; empty means everywhere. A caller that may see nothing must not
    /// ask.
    pub paths: Vec<String>,
    /// Disease.
    pub disease: Option<String>,
    /// First day of the event. Records without a day are left out where a bound is given.
    pub from: Option<Date>,
    /// Last day of the event.
    pub to: Option<Date>,
    /// Beginning of the title (the register's title field), compared exactly.
    pub title_prefix: Option<String>,
    /// Tests of fields, all of which hold.
    pub fields: Vec<(String, FieldTest)>,
    /// What was known at the end of this day; what is known now if absent.
    pub as_of: Option<Date>,
}

/// A test of one field.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldTest {
    /// The field holds this value.
    Equals(serde_json::Value),
    /// The field is a list with this value in it.
    Holds(serde_json::Value),
    /// The text of the field contains this, ASCII letters compared without case.
    Contains(String),
}

/// Place in a list, after the last record of a page. Its text form goes out and comes back as an opaque cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    event_day: i64,
    id: Uuid,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.event_day, self.id.simple())
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parse = || {
            let (day, id) = text.split_once('.')?;
            Some(Self { event_day: day.parse().ok()?, id: Uuid::try_parse(id).ok()? })
        };
        parse().ok_or_else(|| Error::damaged("cursor", text))
    }
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// Records, latest event first, then latest identifier first; those without a day last.
    pub items: Vec<Record>,
    /// Where the next page begins; `None` at the end. A page may be short, even empty, and still have a next one.
    pub next: Option<Cursor>,
}

/// One page of the records of a filter, without withdrawn ones.
///
/// `limit` is brought into 1 to 1,000.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut Tx<'_>,
    filter: &Filter,
    cursor: Option<Cursor>,
    limit: u32,
) -> Result<Page, Error> {
    let limit = i64::from(limit.clamp(1, LIMIT_MAX));
    if filter.as_of.is_some() {
        list_as_of(tx, filter, cursor, limit).await
    } else {
        list_now(tx, filter, cursor, limit).await
    }
}

/// Number of records of a filter with withdrawn ones and without tests of fields and titles, counted up to `max`:
/// a hint for the size of a list, exact below `max` apart from these.
///
/// # Errors
/// If the database fails.
pub async fn estimate_count(tx: &mut Tx<'_>, filter: &Filter, max: u32) -> Result<u64, Error> {
    let n = count_scope(tx, filter, i64::from(max)).await?;
    u64::try_from(n).map_err(|e| Error::damaged("record", e))
}

async fn count_scope(tx: &mut Tx<'_>, filter: &Filter, max: i64) -> Result<i64, Error> {
    let mut query = Query::default();
    query.scope(filter, Path::Range);
    let limit = query.bind(Bind::Int(max));
    let sql = format!(
        "select count(*) from (select 1 from record where {} limit {limit}) counted",
        query.condition()
    );
    on_db!(tx, |conn| {
        bind_all!(sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)), &query.binds).fetch_one(conn)
    })
}

/// How a page is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    /// By a range of the index on the path.
    Range,
    /// In the order of the list, the path only compared.
    Filter,
}

/// The plan for a filter: narrow scopes by path.
async fn choose(tx: &mut Tx<'_>, filter: &Filter) -> Result<Path, Error> {
    if filter.paths.is_empty() {
        return Ok(Path::Filter);
    }
    let narrow = count_scope(tx, filter, NARROW_MAX + 1).await? <= NARROW_MAX;
    Ok(if narrow { Path::Range } else { Path::Filter })
}

async fn list_now(
    tx: &mut Tx<'_>,
    filter: &Filter,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Page, Error> {
    let path = choose(tx, filter).await?;
    if filter.fields.is_empty() || path == Path::Range {
        let (sql, binds) = page_sql(filter, cursor, limit + 1, path);
        let rows: Vec<RecordRow> = on_db!(tx, |conn| {
            bind_all!(sqlx::query_as::<_, RecordRow>(AssertSqlSafe(sql)), &binds).fetch_all(conn)
        })?;
        return page(rows, limit);
    }
    scan(tx, filter, cursor, limit).await
}

/// Pages through rows that a test of a field has to look into, step by step, so that a test that nothing passes ends.
async fn scan(tx: &mut Tx<'_>, filter: &Filter, cursor: Option<Cursor>, limit: i64) -> Result<Page, Error> {
    let mut at = cursor;
    let mut rows: Vec<RecordRow> = Vec::new();
    let mut scanned = 0;
    while scanned < SCANNED_MAX {
        let Some(last) = step_end(tx, filter, at).await? else {
            let wanted = limit + 1 - count_of(&rows);
            rows.extend(step(tx, filter, at, None, wanted).await?);
            return page(rows, limit);
        };
        let wanted = limit + 1 - count_of(&rows);
        rows.extend(step(tx, filter, at, Some(last), wanted).await?);
        if count_of(&rows) > limit {
            return page(rows, limit);
        }
        at = Some(last);
        scanned += SCAN_STEP;
    }
    let items = rows.into_iter().map(Record::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, next: at })
}

fn count_of(rows: &[RecordRow]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}

/// The last row of the next step of a scan; `None` if fewer rows follow.
async fn step_end(tx: &mut Tx<'_>, filter: &Filter, after: Option<Cursor>) -> Result<Option<Cursor>, Error> {
    let mut query = Query::default();
    query.scope(filter, Path::Filter);
    query.after(after);
    let offset = query.bind(Bind::Int(SCAN_STEP - 1));
    let sql = format!(
        "select event_day, id from record where {} order by event_day desc, id desc limit 1 offset {offset}",
        query.condition()
    );
    let row: Option<(i64, Uuid)> = on_db!(tx, |conn| {
        bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &query.binds).fetch_optional(conn)
    })?;
    Ok(row.map(|(event_day, id)| Cursor { event_day, id }))
}

async fn step(
    tx: &mut Tx<'_>,
    filter: &Filter,
    after: Option<Cursor>,
    until: Option<Cursor>,
    limit: i64,
) -> Result<Vec<RecordRow>, Error> {
    let mut query = Query::default();
    query.scope(filter, Path::Filter);
    query.tests(filter);
    query.after(after);
    query.until(until);
    let limit = query.bind(Bind::Int(limit));
    let sql = format!(
        "select {} from record where {} and deleted = false order by event_day desc, id desc limit {limit}",
        columns!(),
        query.condition()
    );
    on_db!(tx, |conn| {
        bind_all!(sqlx::query_as::<_, RecordRow>(AssertSqlSafe(sql)), &query.binds).fetch_all(conn)
    })
}

/// Text and values of the query of one page.
pub(crate) fn page_sql(
    filter: &Filter,
    cursor: Option<Cursor>,
    limit: i64,
    path: Path,
) -> (String, Vec<Bind>) {
    let mut query = Query::default();
    query.scope(filter, path);
    query.tests(filter);
    query.after(cursor);
    let limit = query.bind(Bind::Int(limit));
    // The sign keeps a planner from reading a narrow scope in the order of the list.
    let order = if path == Path::Range { "+event_day" } else { "event_day" };
    let sql = format!(
        "select {} from record where {} and deleted = false order by {order} desc, id desc limit {limit}",
        columns!(),
        query.condition()
    );
    (sql, query.binds)
}

/// What was known on a day: current versions known until then, and superseded ones valid then, merged.
async fn list_as_of(
    tx: &mut Tx<'_>,
    filter: &Filter,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Page, Error> {
    let day = filter.as_of.map_or(i64::MAX, time::to_day);
    let path = choose(tx, filter).await?;
    let mut query = Query::default();
    query.scope(filter, path);
    query.tests(filter);
    query.after(cursor);
    let known = query.bind(Bind::Int(day));
    let limited = query.bind(Bind::Int(limit + 1));
    let order = if path == Path::Range { "+event_day" } else { "event_day" };
    let condition = query.condition();
    let now = format!(
        "select {} from record where {condition} and known_day <= {known} and deleted = false
         order by {order} desc, id desc limit {limited}",
        columns!()
    );
    let old = format!(
        "select {} from record_version where {} and known_day <= {known} and known_until > {known}
         and deleted = false order by event_day desc, record_id desc limit {limited}",
        version_columns!(),
        condition.replace("(event_day, id)", "(event_day, record_id)")
    );
    let mut rows: Vec<RecordRow> = on_db!(tx, |conn| {
        bind_all!(sqlx::query_as::<_, RecordRow>(AssertSqlSafe(now)), &query.binds).fetch_all(conn)
    })?;
    let superseded: Vec<RecordRow> = on_db!(tx, |conn| {
        bind_all!(sqlx::query_as::<_, RecordRow>(AssertSqlSafe(old)), &query.binds).fetch_all(conn)
    })?;
    rows.extend(superseded);
    rows.sort_by_key(|row| std::cmp::Reverse((row.event_day, row.id)));
    page(rows, limit)
}

fn page(mut rows: Vec<RecordRow>, limit: i64) -> Result<Page, Error> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| Cursor { event_day: row.event_day, id: row.id });
    Ok(Page { items: rows.into_iter().map(Record::try_from).collect::<Result<_, _>>()?, next })
}

/// A condition under construction, with its values.
#[derive(Default)]
pub(crate) struct Query {
    conditions: Vec<String>,
    pub(crate) binds: Vec<Bind>,
}

impl Query {
    pub(crate) fn bind(&mut self, value: Bind) -> String {
        self.binds.push(value);
        format!("${}", self.binds.len())
    }

    pub(crate) fn condition(&self) -> String {
        self.conditions.join(" and ")
    }

    pub(crate) fn push(&mut self, condition: String) {
        self.conditions.push(condition);
    }

    /// Register, region, disease and days.
    fn scope(&mut self, filter: &Filter, path: Path) {
        let register = self.bind(Bind::Text(filter.register.clone()));
        self.push(format!("register = {register}"));
        self.paths(&filter.paths, "region_path", path);
        if let Some(disease) = &filter.disease {
            let disease = self.bind(Bind::Text(disease.clone()));
            self.push(format!("disease = {disease}"));
        }
        if filter.from.is_some() || filter.to.is_some() {
            let from = self.bind(Bind::Int(filter.from.map_or(NO_DAY + 1, time::to_day)));
            self.push(format!("event_day >= {from}"));
        }
        if let Some(to) = filter.to {
            let to = self.bind(Bind::Int(time::to_day(to)));
            self.push(format!("event_day <= {to}"));
        }
    }

    /// Subtrees; any of them.
    pub(crate) fn paths(&mut self, paths: &[String], column: &str, path: Path) {
        // A concatenation is no column, so that an index on the path is not used for it.
        let column = match path {
            Path::Range => column.to_owned(),
            Path::Filter => format!("({column} || '')"),
        };
        let ranges: Vec<String> = paths
            .iter()
            .map(|path| {
                let (low, high) = subtree_bounds(path);
                let (low, high) = (self.bind(Bind::Text(low)), self.bind(Bind::Text(high)));
                format!("({column} >= {low} and {column} < {high})")
            })
            .collect();
        if !ranges.is_empty() {
            self.push(format!("({})", ranges.join(" or ")));
        }
    }

    fn tests(&mut self, filter: &Filter) {
        if let Some(prefix) = &filter.title_prefix {
            let low = self.bind(Bind::Text(prefix.clone()));
            let high = self.bind(Bind::Text(format!("{prefix}\u{10ffff}")));
            self.push(format!("title >= {low} and title < {high}"));
        }
        for (field, test) in &filter.fields {
            self.test(field, test);
        }
    }

    fn test(&mut self, field: &str, test: &FieldTest) {
        let field = self.bind(Bind::Text(field.to_owned()));
        // The JSON text of a value is the same on both engines; the plain value is not (true is 1 on SQLite).
        let json = format!(
            "cast(coalesce(data -> cast({field} as text), personal -> cast({field} as text)) as text)"
        );
        let condition = match test {
            FieldTest::Equals(value) => {
                let value = self.bind(Bind::Text(value.to_string()));
                format!("{json} = {value}")
            }
            FieldTest::Holds(value) => {
                let value = self.bind(Bind::Text(format!("%{}%", escape_like(&value.to_string()))));
                format!("{json} like {value} escape '\\'")
            }
            FieldTest::Contains(text) => {
                let text = self.bind(Bind::Text(format!("%{}%", escape_like(&text.to_lowercase()))));
                format!("lower({json}) like {text} escape '\\'")
            }
        };
        self.push(condition);
    }

    fn after(&mut self, cursor: Option<Cursor>) {
        if let Some(cursor) = cursor {
            let (day, id) = (self.bind(Bind::Int(cursor.event_day)), self.bind(Bind::Id(cursor.id)));
            self.push(format!("(event_day, id) < ({day}, {id})"));
        }
    }

    fn until(&mut self, cursor: Option<Cursor>) {
        if let Some(cursor) = cursor {
            let (day, id) = (self.bind(Bind::Int(cursor.event_day)), self.bind(Bind::Id(cursor.id)));
            self.push(format!("(event_day, id) >= ({day}, {id})"));
        }
    }
}

fn escape_like(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
