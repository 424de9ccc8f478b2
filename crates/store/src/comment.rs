//! Comments of readers and how many are shown below each article.

use crate::dialect::{Bind, Tx, bind_all, on_db, placeholders, run_on_db};
use crate::error::Error;
use crate::page::{page, rows_for};
use crate::time;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use std::collections::HashMap;
use uuid::Uuid;
use wanquan_domain::comment::{Comment, CommentStatus};
use wanquan_domain::region::RegionCode;

const WHAT: &str = "comment";
/// Longest page.
const LIMIT_MAX: u32 = 200;

#[derive(sqlx::FromRow)]
struct CommentRow {
    id: Uuid,
    article: Uuid,
    region: String,
    region_path: String,
    parent: Option<Uuid>,
    name: String,
    text: String,
    official: bool,
    status: String,
    doubt: Option<String>,
    reports: i64,
    sent_at: i64,
    decided_by: Option<String>,
    decided_at: Option<i64>,
    reason: Option<String>,
    version: i64,
}

impl TryFrom<CommentRow> for Comment {
    type Error = Error;

    fn try_from(row: CommentRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            article: row.article,
            region: RegionCode::new(&row.region),
            region_path: row.region_path,
            parent: row.parent,
            name: row.name,
            text: row.text,
            official: row.official,
            status: CommentStatus::parse(&row.status)
                .ok_or_else(|| Error::damaged(WHAT, format!("status `{}`", row.status)))?,
            doubt: row.doubt,
            reports: u32::try_from(row.reports).unwrap_or(u32::MAX),
            sent_at: time::from_micros(row.sent_at, WHAT)?,
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(|at| time::from_micros(at, WHAT)).transpose()?,
            reason: row.reason,
            version: time::version(row.version, WHAT)?,
        })
    }
}

macro_rules! columns {
    () => {
        "id, article, region, region_path, parent, name, text, official, status, doubt, reports, sent_at, decided_by, decided_at, \
         reason, version"
    };
}

/// Stores a comment; one that is shown already counts at once.
///
/// # Errors
/// `Duplicate` if the identifier is taken.
pub async fn insert(tx: &mut Tx<'_>, comment: &Comment) -> Result<(), Error> {
    const SQL: &str = concat!(
        "insert into comment (",
        columns!(),
        ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    );
    let c = comment;
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(c.id)
            .bind(c.article)
            .bind(c.region.as_str())
            .bind(&c.region_path)
            .bind(c.parent)
            .bind(&c.name)
            .bind(&c.text)
            .bind(c.official)
            .bind(c.status.as_str())
            .bind(&c.doubt)
            .bind(i64::from(c.reports))
            .bind(time::to_micros(c.sent_at))
            .bind(&c.decided_by)
            .bind(c.decided_at.map(time::to_micros))
            .bind(&c.reason)
            .bind(i64::from(c.version))
            .execute(conn)
    })
    .map_err(|e| e.duplicate_of(WHAT))?;
    if c.status == CommentStatus::Shown { count(tx, c.article, 1).await } else { Ok(()) }
}

/// Stores a decision; `next.version` is one above the version that was read. The count of the article follows.
///
/// # Errors
/// `NotFound`; `Conflict` with the current version.
pub async fn update(tx: &mut Tx<'_>, next: &Comment, before: CommentStatus) -> Result<(), Error> {
    const SQL: &str =
        "update comment set status = $2, reports = $3, decided_by = $4, decided_at = $5, reason = $6,
        version = $7 where id = $1 and version = $7 - 1 and status = $8";
    let written = run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(next.id)
            .bind(next.status.as_str())
            .bind(i64::from(next.reports))
            .bind(&next.decided_by)
            .bind(next.decided_at.map(time::to_micros))
            .bind(&next.reason)
            .bind(i64::from(next.version))
            .bind(before.as_str())
            .execute(conn)
    })?;
    if written == 0 {
        let current = get(tx, next.id).await?.ok_or_else(|| Error::not_found(WHAT, next.id))?;
        return Err(Error::Conflict { what: WHAT, current: current.version });
    }
    let shown = |status| i64::from(status == CommentStatus::Shown);
    match shown(next.status) - shown(before) {
        0 => Ok(()),
        change => count(tx, next.article, change).await,
    }
}

async fn count(tx: &mut Tx<'_>, article: Uuid, change: i64) -> Result<(), Error> {
    const SQL: &str = "insert into comment_count (article, n, version) values ($1, $2, 1)
        on conflict (article) do update set n = comment_count.n + excluded.n,
        version = comment_count.version + 1";
    run_on_db!(tx, |conn| sqlx::query(SQL).bind(article).bind(change).execute(conn))?;
    Ok(())
}

/// Notes that a reader reported a comment that is shown; true if there is one.
///
/// # Errors
/// If the database fails.
pub async fn report(tx: &mut Tx<'_>, id: Uuid) -> Result<bool, Error> {
    const SQL: &str = "update comment set reports = reports + 1 where id = $1 and status = 'shown'";
    run_on_db!(tx, |conn| sqlx::query(SQL).bind(id).execute(conn)).map(|written| written > 0)
}

/// The comment of an identifier.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Comment>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from comment where id = $1");
    let row: Option<CommentRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(id).fetch_optional(conn))?;
    row.map(Comment::try_from).transpose()
}

/// Comments whatever became of them, in order of their identifiers, after `after`; at most `limit`.
///
/// # Errors
/// If the database fails.
pub async fn all(tx: &mut Tx<'_>, after: Uuid, limit: u32) -> Result<Vec<Comment>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from comment where id > $1 order by id limit $2");
    let rows: Vec<CommentRow> =
        on_db!(tx, |conn| sqlx::query_as(SQL).bind(after).bind(i64::from(limit)).fetch_all(conn))?;
    rows.into_iter().map(Comment::try_from).collect()
}

/// Comments that are shown below an article, oldest first, after `after`; `limit` is brought into 1 to 200.
///
/// # Errors
/// If the database fails.
pub async fn shown(
    tx: &mut Tx<'_>,
    article: Uuid,
    after: Option<Uuid>,
    limit: u32,
) -> Result<(Vec<Comment>, Option<Uuid>), Error> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from comment where article = $1 and status = 'shown' and id > $2 order by id limit $3"
    );
    let limit = limit.clamp(1, LIMIT_MAX);
    let after = after.unwrap_or(Uuid::nil());
    let rows: Vec<CommentRow> = on_db!(tx, |conn| {
        sqlx::query_as(SQL).bind(article).bind(after).bind(rows_for(limit)).fetch_all(conn)
    })?;
    page(rows, limit, |comment: &Comment| comment.id)
}

/// Comments of a status, or those of any that readers reported, latest first, before `before`; `limit` is brought into
/// 1 to 200.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut Tx<'_>,
    status: Option<CommentStatus>,
    before: Option<Uuid>,
    limit: u32,
) -> Result<(Vec<Comment>, Option<Uuid>), Error> {
    const BY_STATUS: &str = concat!(
        "select ",
        columns!(),
        " from comment where status = $1 and id < $2 order by id desc limit $3"
    );
    const REPORTED: &str = concat!(
        "select ",
        columns!(),
        " from comment where reports > 0 and status = $1 and id < $2 order by id desc limit $3"
    );
    let limit = limit.clamp(1, LIMIT_MAX);
    let (sql, status) = match status {
        Some(status) => (BY_STATUS, status),
        None => (REPORTED, CommentStatus::Shown),
    };
    let before = before.unwrap_or(Uuid::max());
    let rows: Vec<CommentRow> = on_db!(tx, |conn| {
        sqlx::query_as(sql).bind(status.as_str()).bind(before).bind(rows_for(limit)).fetch_all(conn)
    })?;
    page(rows, limit, |comment: &Comment| comment.id)
}

/// How many comments wait.
///
/// # Errors
/// If the database fails.
pub async fn waiting(tx: &mut Tx<'_>) -> Result<u64, Error> {
    const SQL: &str = "select count(*) from comment where status = 'waiting'";
    let n: i64 = on_db!(tx, |conn| sqlx::query_scalar(SQL).fetch_one(conn))?;
    Ok(u64::try_from(n).unwrap_or(0))
}

/// How many comments are shown below articles, and the version of that number; articles without any are left out. At most
/// 1,000 articles at a time.
///
/// # Errors
/// If the database fails.
pub async fn counts(tx: &mut Tx<'_>, articles: &[Uuid]) -> Result<HashMap<Uuid, (u64, i64)>, Error> {
    if articles.is_empty() {
        return Ok(HashMap::new());
    }
    let articles = &articles[..articles.len().min(1_000)];
    let binds: Vec<Bind> = articles.iter().map(|id| Bind::Id(*id)).collect();
    let sql = format!(
        "select article, n, version from comment_count where article in ({})",
        placeholders(1, binds.len())
    );
    let rows: Vec<(Uuid, i64, i64)> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
    Ok(rows.into_iter().map(|(id, n, version)| (id, (u64::try_from(n).unwrap_or(0), version))).collect())
}

/// Comments below an article since an instant, whatever became of them: how much comes in there.
///
/// # Errors
/// If the database fails.
pub async fn sent_since(tx: &mut Tx<'_>, article: Uuid, since: Timestamp) -> Result<u64, Error> {
    const SQL: &str = "select count(*) from comment where article = $1 and sent_at >= $2";
    let n: i64 = on_db!(tx, |conn| {
        sqlx::query_scalar(SQL).bind(article).bind(time::to_micros(since)).fetch_one(conn)
    })?;
    Ok(u64::try_from(n).unwrap_or(0))
}

/// A public article, as far as its comments need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Title.
    pub title: String,
    /// Address of the page.
    pub address: String,
    /// Region.
    pub region: RegionCode,
    /// Path of the region.
    pub region_path: String,
    /// Whether readers may comment.
    pub open: bool,
}

#[derive(sqlx::FromRow)]
struct HeadRow {
    title: String,
    address: String,
    region: String,
    region_path: String,
    content: sqlx::types::Json<serde_json::Value>,
}

/// The public article of an identifier; `None` if there is none that is public.
///
/// # Errors
/// If the database fails.
pub async fn article(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Head>, Error> {
    const SQL: &str = "select v.title, a.address, a.region, a.region_path, v.content from article a
        join article_version v on v.article_id = a.id and v.n = a.live
        where a.id = $1 and a.address is not null";
    let row: Option<HeadRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(id).fetch_optional(conn))?;
    Ok(row.map(|row| Head {
        title: row.title,
        address: row.address,
        region: RegionCode::new(&row.region),
        region_path: row.region_path,
        open: row.content.0.get("comments_open") == Some(&serde_json::Value::Bool(true)),
    }))
}
