//! Frozen versions of articles.

use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use crate::time;
use sqlx::types::Json as Jsonb;
use uuid::Uuid;
use wanquan_domain::article::{ArticleContent, ArticleVersion};
use wanquan_domain::text::Lang;

const WHAT: &str = "article version";

#[derive(sqlx::FromRow)]
struct VersionRow {
    article_id: Uuid,
    n: i64,
    content: Jsonb<ArticleContent>,
    summary: String,
    html: String,
    correction: Option<String>,
    approved_by: String,
    published_at: i64,
}

impl TryFrom<VersionRow> for ArticleVersion {
    type Error = Error;

    fn try_from(row: VersionRow) -> Result<Self, Error> {
        Ok(Self {
            article: row.article_id,
            n: time::version(row.n, WHAT)?,
            content: row.content.0,
            summary: row.summary,
            html: row.html,
            correction: row.correction,
            approved_by: row.approved_by,
            published_at: time::from_micros(row.published_at, WHAT)?,
        })
    }
}

macro_rules! columns {
    () => {
        "article_id, n, content, summary, html, correction, approved_by, published_at"
    };
}

/// The name of a language in columns.
pub(crate) fn lang_name(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "en",
        Lang::Zh => "zh",
    }
}

/// Keeps a version for good.
///
/// # Errors
/// `Duplicate` if the number is taken: a version is never replaced.
pub async fn insert(tx: &mut Tx<'_>, version: &ArticleVersion) -> Result<(), Error> {
    const SQL: &str = "insert into article_version (article_id, n, title, subtitle, summary, lang, cover, content,
        html, correction, approved_by, published_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let v = version;
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(v.article)
            .bind(i64::from(v.n))
            .bind(&v.content.title)
            .bind(&v.content.subtitle)
            .bind(&v.summary)
            .bind(lang_name(v.content.lang))
            .bind(&v.content.cover)
            .bind(Jsonb(&v.content))
            .bind(&v.html)
            .bind(&v.correction)
            .bind(&v.approved_by)
            .bind(time::to_micros(v.published_at))
            .execute(conn)
    })
    .map_err(|e: Error| e.duplicate_of(WHAT))?;
    Ok(())
}

/// One version.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, article: Uuid, n: u32) -> Result<Option<ArticleVersion>, Error> {
    const SQL: &str =
        concat!("select ", columns!(), " from article_version where article_id = $1 and n = $2");
    let row: Option<VersionRow> =
        on_db!(tx, |conn| sqlx::query_as(SQL).bind(article).bind(i64::from(n)).fetch_optional(conn))?;
    row.map(ArticleVersion::try_from).transpose()
}

/// Every version of an article, the latest first; at most 200.
///
/// # Errors
/// If the database fails.
pub async fn list(tx: &mut Tx<'_>, article: Uuid) -> Result<Vec<ArticleVersion>, Error> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from article_version where article_id = $1 order by n desc limit 200"
    );
    let rows: Vec<VersionRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(article).fetch_all(conn))?;
    rows.into_iter().map(ArticleVersion::try_from).collect()
}
