//! Articles: working copies, frozen versions, and the lists on which the public ones stand.

pub mod listing;
pub mod version;

use crate::dialect::{Bind, Tx, bind_all, on_db, run_on_db};
use crate::error::Error;
use crate::page::{Conditions, page, rows_for};
use crate::time;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::types::Json as Jsonb;
use uuid::Uuid;
use wanquan_domain::article::{Article, ArticleContent, ArticleStatus};
use wanquan_domain::region::RegionCode;

const WHAT: &str = "article";
/// Longest page.
const LIMIT_MAX: u32 = 200;

#[derive(sqlx::FromRow)]
struct ArticleRow {
    id: Uuid,
    number: i64,
    channel: String,
    region: String,
    region_path: String,
    status: String,
    content: Jsonb<ArticleContent>,
    correction: Option<String>,
    remark: Option<String>,
    writers: Jsonb<Vec<Uuid>>,
    publish_at: Option<i64>,
    approved_by: Option<String>,
    live: Option<i64>,
    frozen: i64,
    published_at: Option<i64>,
    address: Option<String>,
    withdrawn: Option<String>,
    changed_by: String,
    changed_at: i64,
    version: i64,
}

impl TryFrom<ArticleRow> for Article {
    type Error = Error;

    fn try_from(row: ArticleRow) -> Result<Self, Error> {
        let instant = |at: Option<i64>| at.map(|at| time::from_micros(at, WHAT)).transpose();
        Ok(Self {
            id: row.id,
            number: row.number,
            channel: row.channel,
            region: RegionCode::new(&row.region),
            region_path: row.region_path,
            status: ArticleStatus::parse(&row.status)
                .ok_or_else(|| Error::damaged(WHAT, format!("status `{}`", row.status)))?,
            content: row.content.0,
            correction: row.correction,
            remark: row.remark,
            writers: row.writers.0,
            publish_at: instant(row.publish_at)?,
            approved_by: row.approved_by,
            live: row.live.map(|n| time::version(n, WHAT)).transpose()?,
            frozen: time::version(row.frozen, WHAT)?,
            published_at: instant(row.published_at)?,
            address: row.address,
            withdrawn: row.withdrawn,
            changed_by: row.changed_by,
            changed_at: time::from_micros(row.changed_at, WHAT)?,
            version: time::version(row.version, WHAT)?,
        })
    }
}

macro_rules! columns {
    () => {
        "id, number, channel, region, region_path, status, content, correction, remark, writers, publish_at, \
         approved_by, live, frozen, published_at, address, withdrawn, changed_by, changed_at, version"
    };
}

/// Binds everything of an article in the order of its columns.
macro_rules! bind_article {
    ($query:expr, $a:expr) => {
        $query
            .bind($a.id)
            .bind($a.number)
            .bind(&$a.channel)
            .bind($a.region.as_str())
            .bind(&$a.region_path)
            .bind($a.status.as_str())
            .bind(Jsonb(&$a.content))
            .bind(&$a.correction)
            .bind(&$a.remark)
            .bind(Jsonb(&$a.writers))
            .bind($a.publish_at.map(time::to_micros))
            .bind(&$a.approved_by)
            .bind($a.live.map(i64::from))
            .bind(i64::from($a.frozen))
            .bind($a.published_at.map(time::to_micros))
            .bind(&$a.address)
            .bind(&$a.withdrawn)
            .bind(&$a.changed_by)
            .bind(time::to_micros($a.changed_at))
            .bind(i64::from($a.version))
    };
}

/// Stores a new article.
///
/// # Errors
/// `Duplicate` if the number is taken; if the database fails.
pub async fn insert(tx: &mut Tx<'_>, article: &Article) -> Result<(), Error> {
    const SQL: &str = concat!(
        "insert into article (",
        columns!(),
        ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)"
    );
    run_on_db!(tx, |conn| bind_article!(sqlx::query(SQL), article).execute(conn))
        .map_err(|e: Error| e.duplicate_of(WHAT))?;
    Ok(())
}

/// Stores an article after a change; `next.version` is one above the version that was read. Identifier and number stay.
///
/// # Errors
/// `NotFound`; `Conflict` with the current version.
pub async fn update(tx: &mut Tx<'_>, next: &Article) -> Result<(), Error> {
    const SQL: &str = "update article set channel = $3, region = $4, region_path = $5, status = $6, content = $7,
        correction = $8, remark = $9, writers = $10, publish_at = $11, approved_by = $12, live = $13, frozen = $14,
        published_at = $15, address = $16, withdrawn = $17, changed_by = $18, changed_at = $19, version = $20
        where id = $1 and number = $2 and version = $20 - 1";
    let written = run_on_db!(tx, |conn| bind_article!(sqlx::query(SQL), next).execute(conn))?;
    if written > 0 {
        return Ok(());
    }
    let current = get(tx, next.id).await?.ok_or_else(|| Error::not_found(WHAT, next.id))?;
    Err(Error::Conflict { what: WHAT, current: current.version })
}

/// Stores the address of an article alone, which is no change of what it says.
///
/// # Errors
/// If the database fails.
pub async fn set_address(tx: &mut Tx<'_>, id: Uuid, address: &str) -> Result<(), Error> {
    const SQL: &str = "update article set address = $2 where id = $1";
    run_on_db!(tx, |conn| { sqlx::query(SQL).bind(id).bind(address).execute(conn) })?;
    Ok(())
}

/// The article of an identifier.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Article>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from article where id = $1");
    let row: Option<ArticleRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(id).fetch_optional(conn))?;
    row.map(Article::try_from).transpose()
}

/// Which articles.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Paths of regions; empty means everywhere.
    pub paths: Vec<String>,
    /// Status of the working copy.
    pub status: Option<ArticleStatus>,
    /// Channels; empty means every one.
    pub channels: Vec<String>,
}

/// Articles, the last begun first, with the cursor of the next page. `limit` is brought into 1 to 200.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut Tx<'_>,
    filter: &Filter,
    after: Option<Uuid>,
    limit: u32,
) -> Result<(Vec<Article>, Option<Uuid>), Error> {
    let limit = limit.clamp(1, LIMIT_MAX);
    let mut asked = Conditions::default();
    asked.below(&filter.paths);
    asked.equal("status", filter.status.map(|status| status.as_str()));
    asked.one_of("channel", &filter.channels);
    asked.after(after);
    let limited = asked.bind(Bind::Int(rows_for(limit)));
    let sql =
        format!("select {} from article where {} order by id desc limit {limited}", columns!(), asked.sql());
    let rows: Vec<ArticleRow> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), asked.binds()).fetch_all(conn))?;
    page(rows, limit, |article: &Article| article.id)
}

/// The first scheduled article whose time has come.
///
/// # Errors
/// If the database fails.
pub async fn next_scheduled(tx: &mut Tx<'_>, now: Timestamp) -> Result<Option<Article>, Error> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from article where publish_at is not null and publish_at <= $1 order by publish_at limit 1"
    );
    let row: Option<ArticleRow> =
        on_db!(tx, |conn| sqlx::query_as(SQL).bind(time::to_micros(now)).fetch_optional(conn))?;
    row.map(Article::try_from).transpose()
}

/// Whether an article has a number.
///
/// # Errors
/// If the database fails.
pub async fn number_is_taken(tx: &mut Tx<'_>, number: i64) -> Result<bool, Error> {
    const SQL: &str = "select number from article where number = $1";
    let found: Option<i64> = on_db!(tx, |conn| sqlx::query_scalar(SQL).bind(number).fetch_optional(conn))?;
    Ok(found.is_some())
}

/// A new number, never given before.
///
/// # Errors
/// If the database fails.
pub async fn next_number(tx: &mut Tx<'_>) -> Result<i64, Error> {
    const SQL: &str = "update portal_counter set n = n + 1 where name = 'article' returning n";
    on_db!(tx, |conn| sqlx::query_scalar(SQL).fetch_one(conn))
}

/// Adds to how often articles were read.
///
/// # Errors
/// If the database fails.
pub async fn add_views(tx: &mut Tx<'_>, views: &[(Uuid, i64)]) -> Result<(), Error> {
    // Articles are never deleted, but a count may come from a process that saw one which was rolled back.
    const SQL: &str = "insert into article_view (article_id, n) select id, $2 from article where id = $1
        on conflict (article_id) do update set n = article_view.n + excluded.n";
    for (article, n) in views {
        run_on_db!(tx, |conn| { sqlx::query(SQL).bind(article).bind(n).execute(conn) })?;
    }
    Ok(())
}

/// How often an article was read, as counted so far.
///
/// # Errors
/// If the database fails.
pub async fn views(tx: &mut Tx<'_>, article: Uuid) -> Result<i64, Error> {
    const SQL: &str = "select n from article_view where article_id = $1";
    let n: Option<i64> = on_db!(tx, |conn| sqlx::query_scalar(SQL).bind(article).fetch_optional(conn))?;
    Ok(n.unwrap_or(0))
}
