//! Lists of records: bounded, paged by key, at a cost that does not depend on how many records lie outside the scope.
//!
//! The order is day of the event, then region path, then identifier, latest first. Three ways lead to a page:
//!
//! - everywhere, without tests: a piece of the index in the order of the list;
//! - a narrow scope (a village, the few records of a rare title): read whole and sorted;
//! - a wide scope: the days of the register are walked from the latest on, and in each day the scope is a range of the
//!   index. A scope whose records are all old is found after as many steps as the register has days, not rows.
//!
//! Tests of fields cannot use an index; a page therefore looks at no more than [`SCANNED_MAX`] rows, and may hold fewer
//! records than asked for, even none, although more follow.

mod query;
mod walk;

use super::RecordRow;
use crate::dialect::Tx;
use crate::error::Error;
use crate::time;
use jiff::civil::Date;
use query::Source;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;
use wanquan_domain::identity::is_asked;
use wanquan_domain::kind::Role;
use wanquan_domain::record::Record;

/// A scope with up to this many records is read whole and sorted, in a few milliseconds.
const NARROW_MAX: i64 = 2_000;
/// Rows that one page may look into: about 15 µs each where the file is larger than the cache.
const SCANNED_MAX: usize = 4_000;
/// Rows looked into in the first step; how long the next one is follows from how many passed.
const FIRST_STEP: usize = 400;
/// A step costs a query, however short it is.
const LAST_STEP: usize = 100;
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
    /// Tests of fields, all of which hold. Personal fields are sealed: no test of this kind finds them.
    pub fields: Vec<(String, FieldTest)>,
    /// Records of one of these persons; up to 1,000 of them.
    pub persons: Option<Vec<Uuid>>,
    /// Tests of personal fields, made once a record is open; with `persons`, of whom there are few.
    pub sealed: Vec<SealedTest>,
    /// What was known at the end of this day; what is known now if absent.
    pub as_of: Option<Date>,
}

/// A test of a personal field. `Debug` prints no value.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedTest {
    /// The field.
    pub field: String,
    /// Its role, which says how values are compared.
    pub role: Role,
    /// What it must be, in any form.
    pub asked: String,
}

impl fmt::Debug for SealedTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedTest").field("field", &self.field).finish_non_exhaustive()
    }
}

impl SealedTest {
    fn holds(&self, record: &Record) -> bool {
        let stored = record.data.get(&self.field).and_then(|value| value.as_str());
        stored.and_then(|stored| is_asked(self.role, stored, &self.asked)).unwrap_or(false)
    }
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    event_day: i64,
    region_path: String,
    id: Uuid,
}

impl Cursor {
    fn of(row: &RecordRow) -> Self {
        Self { event_day: row.event_day, region_path: row.region_path.clone(), id: row.id }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.event_day, self.id.simple(), self.region_path)
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parse = || {
            let mut parts = text.splitn(3, '.');
            let event_day = parts.next()?.parse().ok()?;
            let id = Uuid::try_parse(parts.next()?).ok()?;
            let region_path = parts.next()?.to_owned();
            (!region_path.contains('\0')).then_some(Self { event_day, region_path, id })
        };
        parse().ok_or(Error::InvalidCursor)
    }
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// Records, latest event first, then by region and identifier downwards; those without a day last.
    pub items: Vec<Record>,
    /// Where the next page begins; `None` at the end. A page may be short, even empty, and still have a next one.
    pub next: Option<Cursor>,
}

/// What one source found: rows, and where it stopped looking although more may follow.
struct Found {
    rows: Vec<RecordRow>,
    end: Option<Cursor>,
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
    let limit = usize::try_from(limit.clamp(1, LIMIT_MAX)).unwrap_or(1);
    let mut found = page_of(tx, Source::current(filter), cursor.as_ref(), limit + 1).await?;
    if filter.as_of.is_some() {
        // What was known on a day: current versions known until then, and superseded ones valid then.
        let old = page_of(tx, Source::superseded(filter), cursor.as_ref(), limit + 1).await?;
        found.rows.extend(old.rows);
        // Where one source stopped looking, what the other found behind would come too early.
        found.end = found.end.max(old.end);
        if let Some(end) = &found.end {
            found.rows.retain(|row| Cursor::of(row) >= *end);
        }
        sort(&mut found.rows);
    }
    let more = found.rows.len() > limit;
    found.rows.truncate(limit);
    let next = if more { found.rows.last().map(Cursor::of) } else { found.end };
    let mut items = Vec::with_capacity(found.rows.len());
    for row in found.rows {
        let record = row.open(&tx.keys)?;
        if filter.sealed.iter().all(|test| test.holds(&record)) {
            items.push(record);
        }
    }
    Ok(Page { items, next })
}

fn sort(rows: &mut [RecordRow]) {
    rows.sort_by(|a, b| (b.event_day, &b.region_path, b.id).cmp(&(a.event_day, &a.region_path, a.id)));
}

/// Up to `need` rows of one source, in the order of the list.
async fn page_of(
    tx: &mut Tx<'_>,
    mut source: Source<'_>,
    cursor: Option<&Cursor>,
    need: usize,
) -> Result<Found, Error> {
    if !source.begin_at_known(tx).await? {
        return Ok(Found { rows: Vec::new(), end: None });
    }
    let source = &source;
    if source.filter.persons.is_some() {
        return Ok(Found { rows: source.by_person(tx, cursor, need).await?, end: None });
    }
    if source.filter.title_prefix.is_some() && source.count_titles(tx, NARROW_MAX + 1).await? <= NARROW_MAX {
        return Ok(Found { rows: source.by_title(tx, cursor, need).await?, end: None });
    }
    if is_narrow(tx, source).await? {
        return Ok(Found { rows: source.by_path(tx, cursor, need).await?, end: None });
    }
    if source.filter.paths.is_empty() && !source.has_tests() && source.filter.as_of.is_none() {
        return Ok(Found { rows: source.in_order(tx, cursor, need).await?, end: None });
    }
    walk::walk(tx, source, cursor.cloned(), need).await
}

/// Counts the places alone: a rare disease in a wide scope would be looked for in all of it.
async fn is_narrow(tx: &mut Tx<'_>, source: &Source<'_>) -> Result<bool, Error> {
    if source.filter.paths.is_empty() {
        return Ok(false);
    }
    let places = Filter {
        register: source.filter.register.clone(),
        paths: source.filter.paths.clone(),
        ..Filter::default()
    };
    let places = if source.superseded { Source::superseded(&places) } else { Source::current(&places) };
    Ok(places.count_scope(tx, NARROW_MAX + 1).await? <= NARROW_MAX)
}

/// Number of records of a filter without tests of fields and titles, as known now, counted up to `max`: a hint for the
/// size of a list, exact below `max` apart from these.
///
/// # Errors
/// If the database fails.
pub async fn estimate_count(tx: &mut Tx<'_>, filter: &Filter, max: u32) -> Result<u64, Error> {
    let now = Filter { as_of: None, ..filter.clone() };
    let source = Source::current(&now);
    let bounded = now.disease.is_none() && now.from.is_none() && now.to.is_none();
    if bounded || is_narrow(tx, &source).await? {
        let n = source.count_scope(tx, i64::from(max)).await?;
        return u64::try_from(n).map_err(|e| Error::damaged("record", e));
    }
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let found: usize = walk::days(tx, &source, None, max).await?.iter().map(|(_, n)| n).sum();
    Ok(u64::try_from(found.min(max)).unwrap_or(u64::MAX))
}

/// Paths without those that lie below another one, so that no record is met twice.
fn apart(paths: &[String]) -> Vec<String> {
    let mut sorted = paths.to_vec();
    sorted.sort();
    let mut kept: Vec<String> = Vec::new();
    for path in sorted {
        if !kept.iter().any(|above| path.starts_with(above.as_str())) {
            kept.push(path);
        }
    }
    kept
}

fn as_of_day(filter: &Filter) -> Option<i64> {
    filter.as_of.map(time::to_day)
}

#[cfg(test)]
mod tests;
