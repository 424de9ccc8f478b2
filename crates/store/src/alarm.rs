//! Alarms: signals that a person raised.

use crate::dialect::{Bind, Tx, bind_all, on_db, run_on_db};
use crate::error::Error;
use crate::page::{Conditions, page, rows_for};
use crate::time;
use sqlx::AssertSqlSafe;
use uuid::Uuid;
use wanquan_domain::region::RegionCode;
use wanquan_domain::signal::{Alarm, SeriesKey};

/// Longest page.
const LIMIT_MAX: u32 = 1_000;

#[derive(sqlx::FromRow)]
struct AlarmRow {
    id: Uuid,
    signal_id: Uuid,
    measure: String,
    disease: String,
    region: String,
    region_path: String,
    raised_by: String,
    raised_at: i64,
    reason: String,
}

impl TryFrom<AlarmRow> for Alarm {
    type Error = Error;

    fn try_from(row: AlarmRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            signal: row.signal_id,
            series: SeriesKey {
                measure: row.measure,
                disease: row.disease,
                region: RegionCode::new(&row.region),
            },
            region_path: row.region_path,
            raised_by: row.raised_by,
            raised_at: time::from_micros(row.raised_at, "alarm")?,
            reason: row.reason,
        })
    }
}

macro_rules! columns {
    () => {
        "id, signal_id, measure, disease, region, region_path, raised_by, raised_at, reason"
    };
}

/// Stores an alarm.
///
/// # Errors
/// `Duplicate` if the signal was raised before.
pub async fn insert(tx: &mut Tx<'_>, alarm: &Alarm) -> Result<(), Error> {
    const SQL: &str =
        concat!("insert into alarm (", columns!(), ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(alarm.id)
            .bind(alarm.signal)
            .bind(&alarm.series.measure)
            .bind(&alarm.series.disease)
            .bind(alarm.series.region.as_str())
            .bind(&alarm.region_path)
            .bind(&alarm.raised_by)
            .bind(time::to_micros(alarm.raised_at))
            .bind(&alarm.reason)
            .execute(conn)
    })
    .map_err(|e| e.duplicate_of("alarm"))?;
    Ok(())
}

/// The alarm of an identifier.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Alarm>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from alarm where id = $1");
    let row: Option<AlarmRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(id).fetch_optional(conn))?;
    row.map(Alarm::try_from).transpose()
}

/// Alarms of the regions below `paths` (everywhere if empty) and of a disease, latest first, with the cursor of the
/// next page. `limit` is brought into 1 to 1,000.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut Tx<'_>,
    paths: &[String],
    disease: Option<&str>,
    after: Option<Uuid>,
    limit: u32,
) -> Result<(Vec<Alarm>, Option<Uuid>), Error> {
    let limit = limit.clamp(1, LIMIT_MAX);
    let mut asked = Conditions::default();
    asked.below(paths);
    asked.equal("disease", disease);
    asked.after(after);
    let limited = asked.bind(Bind::Int(rows_for(limit)));
    let sql =
        format!("select {} from alarm where {} order by id desc limit {limited}", columns!(), asked.sql());
    let rows: Vec<AlarmRow> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), asked.binds()).fetch_all(conn))?;
    page(rows, limit, |alarm: &Alarm| alarm.id)
}
