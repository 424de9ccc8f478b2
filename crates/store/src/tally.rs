//! Tallies: what is counted, for every region up the tree, by day of the event and day on which it became known.
//!
//! A row is a difference; the series as known on a day is the sum of the rows known until then. Reading a series is a
//! range of the primary key.

use crate::dialect::{Bind, Tx, bind_all, on_db, placeholders, run_on_db};
use crate::error::Error;
use crate::record::Counted;
use crate::time;
use jiff::civil::Date;
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, BTreeSet};
use wanquan_domain::region::RegionCode;
use wanquan_domain::signal::SeriesKey;

/// One row of a tally, without its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Day of the event.
    pub event_date: Date,
    /// Day on which it became known.
    pub known_on: Date,
    /// Difference that became known; negative for a correction.
    pub n: i64,
}

/// Codes of the regions on a path, widest first: `/a/b/c/` gives a, b, c.
pub(crate) fn codes(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|code| !code.is_empty())
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DeltaKey {
    pub(crate) measure: String,
    pub(crate) disease: String,
    pub(crate) region: String,
    pub(crate) event_day: i64,
    pub(crate) known_day: i64,
}

/// Changes of tallies, added up and in the order of the primary key, so that writers never lock in different orders.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deltas(pub(crate) BTreeMap<DeltaKey, i64>);

impl Deltas {
    /// Adds what one version counts, `sign` times, for its region and every region above.
    pub(crate) fn count(&mut self, path: &str, disease: &str, known_day: i64, counted: &Counted, sign: i64) {
        for (measure, event_day, n) in &counted.0 {
            for region in codes(path) {
                let key = DeltaKey {
                    measure: measure.clone(),
                    disease: disease.to_owned(),
                    region: region.to_owned(),
                    event_day: *event_day,
                    known_day,
                };
                *self.0.entry(key).or_default() += sign * n;
            }
        }
    }
}

/// Rows of one statement: a few hundred cost little more than one, and stay far below what the engines bind.
const ROWS_PER_STATEMENT: usize = 500;

pub(crate) const UPSERT: &str = "insert into tally (measure, disease, region, event_day, known_day, n)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (measure, disease, region, event_day, known_day) do update set n = tally.n + excluded.n";

pub(crate) const TOUCH: &str =
    "insert into tally_generation (measure, disease, generation) values ($1, $2, 1)
    on conflict (measure, disease) do update set generation = tally_generation.generation + 1";

/// Writes changes and counts up the generations; returns the series that changed.
pub(crate) async fn apply(tx: &mut Tx<'_>, deltas: Deltas) -> Result<Vec<SeriesKey>, Error> {
    let rows: Vec<(DeltaKey, i64)> = deltas.0.into_iter().filter(|(_, n)| *n != 0).collect();
    for part in rows.chunks(ROWS_PER_STATEMENT) {
        let sql = format!(
            "insert into tally (measure, disease, region, event_day, known_day, n) values {}
             on conflict (measure, disease, region, event_day, known_day) do update set n = tally.n + excluded.n",
            tx.value_lists(6, part.len())
        );
        run_on_db!(tx, |conn| {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (key, n) in part {
                query = query
                    .bind(&key.measure)
                    .bind(&key.disease)
                    .bind(&key.region)
                    .bind(key.event_day)
                    .bind(key.known_day)
                    .bind(n);
            }
            query.execute(conn)
        })?;
    }
    let mut touched = BTreeSet::new();
    let mut generations = BTreeSet::new();
    for (key, _) in rows {
        generations.insert((key.measure.clone(), key.disease.clone()));
        touched.insert(SeriesKey {
            measure: key.measure,
            disease: key.disease,
            region: RegionCode::new(&key.region),
        });
    }
    for (measure, disease) in generations {
        run_on_db!(tx, |conn| sqlx::query(TOUCH).bind(&measure).bind(&disease).execute(conn))?;
    }
    Ok(touched.into_iter().collect())
}

/// The series as known at the end of `as_of`, ascending by day; days without a count are absent, and a count that
/// corrections brought back to 0 is present as 0.
///
/// # Errors
/// If the database fails.
pub async fn series(tx: &mut Tx<'_>, key: &SeriesKey, as_of: Date) -> Result<Vec<(Date, i64)>, Error> {
    const SQL: &str = "select event_day, cast(sum(n) as bigint) from tally
        where measure = $1 and disease = $2 and region = $3 and known_day <= $4
        group by event_day order by event_day";
    let rows: Vec<(i64, i64)> = on_db!(tx, |conn| {
        sqlx::query_as(SQL)
            .bind(&key.measure)
            .bind(&key.disease)
            .bind(key.region.as_str())
            .bind(time::to_day(as_of))
            .fetch_all(conn)
    })?;
    rows.into_iter().map(|(day, n)| Ok((time::from_day(day, "tally")?, n))).collect()
}

/// The series of several regions (the children of one, say) as known at the end of `as_of`, in one pass, with the
/// days from `from` on. Regions without a count are absent.
///
/// # Errors
/// If the database fails.
pub async fn series_of_regions(
    tx: &mut Tx<'_>,
    measure: &str,
    disease: &str,
    regions: &[RegionCode],
    from: Option<Date>,
    as_of: Date,
) -> Result<BTreeMap<RegionCode, Vec<(Date, i64)>>, Error> {
    let mut found: BTreeMap<RegionCode, Vec<(Date, i64)>> = BTreeMap::new();
    for chunk in regions.chunks(REGIONS_PER_QUERY) {
        let sql = format!(
            "select region, event_day, cast(sum(n) as bigint) from tally
             where measure = $1 and disease = $2 and region in ({}) and event_day >= $3 and known_day <= $4
             group by region, event_day order by region, event_day",
            placeholders(5, chunk.len())
        );
        let mut binds = vec![
            Bind::Text(measure.to_owned()),
            Bind::Text(disease.to_owned()),
            Bind::Int(from.map_or(i64::MIN, time::to_day)),
            Bind::Int(time::to_day(as_of)),
        ];
        binds.extend(chunk.iter().map(|code| Bind::Text(code.as_str().to_owned())));
        let rows: Vec<(String, i64, i64)> =
            on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
        for (region, day, n) in rows {
            let day = time::from_day(day, "tally")?;
            found.entry(RegionCode::new(&region)).or_default().push((day, n));
        }
    }
    Ok(found)
}

/// Totals of several regions as known at the end of `as_of`, over the events from `from` to `to`.
///
/// # Errors
/// If the database fails.
pub async fn totals_of_regions(
    tx: &mut Tx<'_>,
    measure: &str,
    disease: &str,
    regions: &[RegionCode],
    from: Option<Date>,
    to: Option<Date>,
    as_of: Date,
) -> Result<BTreeMap<RegionCode, i64>, Error> {
    let mut found = BTreeMap::new();
    for chunk in regions.chunks(REGIONS_PER_QUERY) {
        let sql = format!(
            "select region, cast(sum(n) as bigint) from tally
             where measure = $1 and disease = $2 and region in ({}) and event_day >= $3 and event_day <= $4
             and known_day <= $5 group by region",
            placeholders(6, chunk.len())
        );
        let mut binds = vec![
            Bind::Text(measure.to_owned()),
            Bind::Text(disease.to_owned()),
            Bind::Int(from.map_or(i64::MIN, time::to_day)),
            Bind::Int(to.map_or(i64::MAX, time::to_day)),
            Bind::Int(time::to_day(as_of)),
        ];
        binds.extend(chunk.iter().map(|code| Bind::Text(code.as_str().to_owned())));
        let rows: Vec<(String, i64)> =
            on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
        found.extend(rows.into_iter().map(|(region, n)| (RegionCode::new(&region), n)));
    }
    Ok(found)
}

/// Every cell of a series that is not 0, by day of the event and day known: the reporting triangle.
///
/// # Errors
/// If the database fails.
pub async fn cells(
    tx: &mut Tx<'_>,
    key: &SeriesKey,
    from: Option<Date>,
    as_of: Date,
) -> Result<Vec<Cell>, Error> {
    const SQL: &str = "select event_day, known_day, n from tally
        where measure = $1 and disease = $2 and region = $3 and event_day >= $4 and known_day <= $5
        and n <> 0 order by event_day, known_day";
    let rows: Vec<(i64, i64, i64)> = on_db!(tx, |conn| {
        sqlx::query_as(SQL)
            .bind(&key.measure)
            .bind(&key.disease)
            .bind(key.region.as_str())
            .bind(from.map_or(i64::MIN, time::to_day))
            .bind(time::to_day(as_of))
            .fetch_all(conn)
    })?;
    rows.into_iter()
        .map(|(event, known, n)| {
            Ok(Cell {
                event_date: time::from_day(event, "tally")?,
                known_on: time::from_day(known, "tally")?,
                n,
            })
        })
        .collect()
}

/// Every cell of the series of several regions (a region with its children, say), in one pass; what a screen that is
/// replayed day by day keeps in memory. Regions without a count are absent.
///
/// A row holds a whole day of events (`known:n,known:n`): fetching a row costs ten times what a cell does, and a city
/// with a million cases has 100,000 cells.
///
/// # Errors
/// If the database fails.
pub async fn cells_of_regions(
    tx: &mut Tx<'_>,
    measure: &str,
    disease: &str,
    regions: &[RegionCode],
) -> Result<BTreeMap<RegionCode, Vec<Cell>>, Error> {
    let mut found: BTreeMap<RegionCode, Vec<Cell>> = BTreeMap::new();
    for chunk in regions.chunks(REGIONS_PER_QUERY) {
        let sql = format!(
            "select region, event_day, string_agg(known_day || ':' || n, ',') from tally
             where measure = $1 and disease = $2 and region in ({}) and n <> 0 group by region, event_day
             order by region, event_day",
            placeholders(3, chunk.len())
        );
        let mut binds = vec![Bind::Text(measure.to_owned()), Bind::Text(disease.to_owned())];
        binds.extend(chunk.iter().map(|code| Bind::Text(code.as_str().to_owned())));
        let rows: Vec<(String, i64, String)> =
            on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
        for (region, event, packed) in rows {
            let event_date = time::from_day(event, "tally")?;
            let cells = found.entry(RegionCode::new(&region)).or_default();
            let first = cells.len();
            for cell in packed.split(',') {
                let (known, n) = unpacked(cell).ok_or_else(|| Error::damaged("tally", cell.to_owned()))?;
                cells.push(Cell { event_date, known_on: time::from_day(known, "tally")?, n });
            }
            // The engines promise no order within a group.
            cells[first..].sort_by_key(|cell| cell.known_on);
        }
    }
    Ok(found)
}

fn unpacked(cell: &str) -> Option<(i64, i64)> {
    let (known, n) = cell.split_once(':')?;
    Some((known.parse().ok()?, n.parse().ok()?))
}

/// How many counts became known on each day, ascending: what the replay slider walks through.
///
/// # Errors
/// If the database fails.
pub async fn known_days(tx: &mut Tx<'_>, key: &SeriesKey) -> Result<Vec<(Date, i64)>, Error> {
    const SQL: &str = "select known_day, cast(sum(n) as bigint) from tally
        where measure = $1 and disease = $2 and region = $3 group by known_day order by known_day";
    let rows: Vec<(i64, i64)> = on_db!(tx, |conn| {
        sqlx::query_as(SQL).bind(&key.measure).bind(&key.disease).bind(key.region.as_str()).fetch_all(conn)
    })?;
    rows.into_iter().map(|(day, n)| Ok((time::from_day(day, "tally")?, n))).collect()
}

/// First and last days of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First day of an event.
    pub event_first: Date,
    /// Last day of an event.
    pub event_last: Date,
    /// First day on which something became known.
    pub known_first: Date,
    /// Last day on which something became known.
    pub known_last: Date,
}

/// First and last days of a series; `None` if nothing is counted.
///
/// # Errors
/// If the database fails.
pub async fn span(tx: &mut Tx<'_>, key: &SeriesKey) -> Result<Option<Span>, Error> {
    const SQL: &str = "select min(event_day), max(event_day), min(known_day), max(known_day) from tally
        where measure = $1 and disease = $2 and region = $3";
    let row: (Option<i64>, Option<i64>, Option<i64>, Option<i64>) = on_db!(tx, |conn| {
        sqlx::query_as(SQL).bind(&key.measure).bind(&key.disease).bind(key.region.as_str()).fetch_one(conn)
    })?;
    let (Some(event_first), Some(event_last), Some(known_first), Some(known_last)) = row else {
        return Ok(None);
    };
    let day = |n| time::from_day(n, "tally");
    Ok(Some(Span {
        event_first: day(event_first)?,
        event_last: day(event_last)?,
        known_first: day(known_first)?,
        known_last: day(known_last)?,
    }))
}

/// A number that grows with every change of any series of the measure and disease; 0 before the first.
///
/// # Errors
/// If the database fails.
pub async fn generation(tx: &mut Tx<'_>, measure: &str, disease: &str) -> Result<i64, Error> {
    const SQL: &str = "select generation from tally_generation where measure = $1 and disease = $2";
    let found: Option<i64> =
        on_db!(tx, |conn| { sqlx::query_scalar(SQL).bind(measure).bind(disease).fetch_optional(conn) })?;
    Ok(found.unwrap_or(0))
}

/// Every measure and disease that was ever counted, with its generation.
///
/// # Errors
/// If the database fails.
pub async fn generations(tx: &mut Tx<'_>) -> Result<Vec<(String, String, i64)>, Error> {
    const SQL: &str = "select measure, disease, generation from tally_generation order by measure, disease";
    on_db!(tx, |conn| sqlx::query_as(SQL).fetch_all(conn))
}

/// Regions that one query asks for; far below the number of values that either engine binds.
const REGIONS_PER_QUERY: usize = 500;
