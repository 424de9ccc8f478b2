//! Publications: drafted figures and text, frozen; the only table that the portal reads.

use crate::dialect::{Bind, Tx, bind_all, on_db, run_on_db};
use crate::error::Error;
use crate::page::{Conditions, page, rows_for};
use crate::time;
use serde_json::Value as Json;
use sqlx::AssertSqlSafe;
use sqlx::types::Json as Jsonb;
use uuid::Uuid;
use wanquan_domain::publication::{Publication, PublicationStatus};
use wanquan_domain::region::RegionCode;

/// Longest page.
const LIMIT_MAX: u32 = 200;

#[derive(sqlx::FromRow)]
struct PublicationRow {
    id: Uuid,
    region: String,
    region_path: String,
    title: String,
    body: String,
    figures: Jsonb<Json>,
    status: String,
    drafted_by: String,
    drafted_at: i64,
    published_by: Option<String>,
    published_at: Option<i64>,
    version: i64,
}

impl TryFrom<PublicationRow> for Publication {
    type Error = Error;

    fn try_from(row: PublicationRow) -> Result<Self, Error> {
        const WHAT: &str = "publication";
        Ok(Self {
            id: row.id,
            region: RegionCode::new(&row.region),
            region_path: row.region_path,
            title: row.title,
            body: row.body,
            figures: row.figures.0,
            status: PublicationStatus::parse(&row.status)
                .ok_or_else(|| Error::damaged(WHAT, format!("status `{}`", row.status)))?,
            drafted_by: row.drafted_by,
            drafted_at: time::from_micros(row.drafted_at, WHAT)?,
            published_by: row.published_by,
            published_at: row.published_at.map(|at| time::from_micros(at, WHAT)).transpose()?,
            version: time::version(row.version, WHAT)?,
        })
    }
}

macro_rules! columns {
    () => {
        "id, region, region_path, title, body, figures, status, drafted_by, drafted_at, published_by, \
         published_at, version"
    };
}

/// Stores a draft.
///
/// # Errors
/// If the database fails.
pub async fn insert(tx: &mut Tx<'_>, publication: &Publication) -> Result<(), Error> {
    const SQL: &str = concat!(
        "insert into publication (",
        columns!(),
        ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    );
    let p = publication;
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(p.id)
            .bind(p.region.as_str())
            .bind(&p.region_path)
            .bind(&p.title)
            .bind(&p.body)
            .bind(Jsonb(&p.figures))
            .bind(p.status.as_str())
            .bind(&p.drafted_by)
            .bind(time::to_micros(p.drafted_at))
            .bind(&p.published_by)
            .bind(p.published_at.map(time::to_micros))
            .bind(i64::from(p.version))
            .execute(conn)
    })?;
    Ok(())
}

/// Stores title, text, figures and status after a change; `next.version` is one above the version that was read. The
/// content of a published one is frozen: only its status may still change.
///
/// # Errors
/// `NotFound`; `Conflict` with the current version, also if the content of a published one would change.
pub async fn update(tx: &mut Tx<'_>, next: &Publication) -> Result<(), Error> {
    const SQL: &str =
        "update publication set title = $2, body = $3, figures = $4, status = $5, published_by = $6,
        published_at = $7, version = $8 where id = $1 and version = $8 - 1 and status = 'draft'";
    const SUPERSEDE: &str = "update publication set status = $2, version = $3
        where id = $1 and version = $3 - 1 and status = 'published' and $2 = 'superseded'";
    let written = run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(next.id)
            .bind(&next.title)
            .bind(&next.body)
            .bind(Jsonb(&next.figures))
            .bind(next.status.as_str())
            .bind(&next.published_by)
            .bind(next.published_at.map(time::to_micros))
            .bind(i64::from(next.version))
            .execute(conn)
    })?;
    if written > 0 {
        return Ok(());
    }
    let written = run_on_db!(tx, |conn| {
        sqlx::query(SUPERSEDE)
            .bind(next.id)
            .bind(next.status.as_str())
            .bind(i64::from(next.version))
            .execute(conn)
    })?;
    if written > 0 {
        return Ok(());
    }
    let current = get(tx, next.id).await?.ok_or_else(|| Error::not_found("publication", next.id))?;
    Err(Error::Conflict { what: "publication", current: current.version })
}

/// The publication of an identifier.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Publication>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from publication where id = $1");
    let row: Option<PublicationRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(id).fetch_optional(conn))?;
    row.map(Publication::try_from).transpose()
}

/// The publication that is public now for a region: the one published last.
///
/// # Errors
/// If the database fails.
pub async fn current(tx: &mut Tx<'_>, region: &RegionCode) -> Result<Option<Publication>, Error> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from publication where region = $1 and status = 'published' order by published_at desc, id desc limit 1"
    );
    let row: Option<PublicationRow> =
        on_db!(tx, |conn| sqlx::query_as(SQL).bind(region.as_str()).fetch_optional(conn))?;
    row.map(Publication::try_from).transpose()
}

/// The publication that was published last, of whatever region.
///
/// # Errors
/// If the database fails.
pub async fn latest(tx: &mut Tx<'_>) -> Result<Option<Publication>, Error> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from publication where status = 'published' order by published_at desc, id desc limit 1"
    );
    let row: Option<PublicationRow> = on_db!(tx, |conn| sqlx::query_as(SQL).fetch_optional(conn))?;
    row.map(Publication::try_from).transpose()
}

/// Publications of the regions below `paths` (everywhere if empty), latest first, with the cursor of the next page.
/// `limit` is brought into 1 to 200.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut Tx<'_>,
    paths: &[String],
    status: Option<PublicationStatus>,
    after: Option<Uuid>,
    limit: u32,
) -> Result<(Vec<Publication>, Option<Uuid>), Error> {
    let limit = limit.clamp(1, LIMIT_MAX);
    let mut asked = Conditions::default();
    asked.below(paths);
    asked.equal("status", status.map(|status| status.as_str()));
    asked.after(after);
    let limited = asked.bind(Bind::Int(rows_for(limit)));
    let sql = format!(
        "select {} from publication where {} order by id desc limit {limited}",
        columns!(),
        asked.sql()
    );
    let rows: Vec<PublicationRow> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), asked.binds()).fetch_all(conn))?;
    page(rows, limit, |publication: &Publication| publication.id)
}
