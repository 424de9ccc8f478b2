//! Lists of public articles: everything, a channel, a tag, a month, by time of publication.

use super::version::lang_name;
use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use uuid::Uuid;
use wanquan_domain::region::RegionCode;
use wanquan_domain::text::Lang;

const WHAT: &str = "article listing";
/// Longest page of a list.
const LIMIT_MAX: u32 = 1_000;

/// The list of every public article.
pub const EVERYTHING: &str = "all";

/// The list of a channel with everything below it.
pub fn of_channel(channel: &str) -> String {
    format!("channel:{channel}")
}

/// The list of a channel, with everything below it, about a region, with everything below that.
pub fn of_channel_in(channel: &str, region: &RegionCode) -> String {
    format!("place:{channel}:{region}")
}

/// The list of a tag.
pub fn of_tag(tag: &str) -> String {
    format!("tag:{tag}")
}

/// The list of a month.
pub fn of_month(year: i16, month: i8) -> String {
    format!("month:{year:04}-{month:02}")
}

/// An article as it stands on a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Headline {
    /// The article.
    pub id: Uuid,
    /// Its address.
    pub address: String,
    /// Its channel.
    pub channel: String,
    /// Title.
    pub title: String,
    /// Line below the title; may be empty.
    pub subtitle: String,
    /// What it is about, in plain text.
    pub summary: String,
    /// Language of the text.
    pub lang: Lang,
    /// Digest of the cover image.
    pub cover: Option<String>,
    /// When it became public first.
    pub published_at: Timestamp,
    /// When the version that is shown became public.
    pub updated_at: Timestamp,
    /// Comments that are shown below it.
    pub comments: u64,
}

#[derive(sqlx::FromRow)]
struct HeadlineRow {
    id: Uuid,
    address: String,
    channel: String,
    title: String,
    subtitle: String,
    summary: String,
    lang: String,
    cover: Option<String>,
    published_at: i64,
    updated_at: i64,
    comments: Option<i64>,
}

impl TryFrom<HeadlineRow> for Headline {
    type Error = Error;

    fn try_from(row: HeadlineRow) -> Result<Self, Error> {
        let lang = if row.lang == lang_name(Lang::En) { Lang::En } else { Lang::Zh };
        Ok(Self {
            id: row.id,
            address: row.address,
            channel: row.channel,
            title: row.title,
            subtitle: row.subtitle,
            summary: row.summary,
            lang,
            cover: row.cover,
            published_at: time::from_micros(row.published_at, WHAT)?,
            updated_at: time::from_micros(row.updated_at, WHAT)?,
            comments: row.comments.and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
        })
    }
}

/// Puts an article on these lists and takes it off every other one; off all of them with none.
///
/// # Errors
/// If the database fails.
pub async fn replace(
    tx: &mut Tx<'_>,
    article: Uuid,
    lists: &[String],
    published_at: Timestamp,
) -> Result<(), Error> {
    const CLEAR: &str = "delete from article_listing where article_id = $1";
    run_on_db!(tx, |conn| sqlx::query(CLEAR).bind(article).execute(conn))?;
    add(tx, article, lists, published_at).await
}

/// Puts an article that stands on no list on these.
///
/// # Errors
/// If the database fails.
pub async fn add(
    tx: &mut Tx<'_>,
    article: Uuid,
    lists: &[String],
    published_at: Timestamp,
) -> Result<(), Error> {
    if lists.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "insert into article_listing (list, published_at, article_id) values {}",
        tx.value_lists(3, lists.len())
    );
    let at = time::to_micros(published_at);
    run_on_db!(tx, |conn| {
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for list in lists {
            query = query.bind(list).bind(at).bind(article);
        }
        query.execute(conn)
    })?;
    Ok(())
}

macro_rules! headlines {
    ($from:literal) => {
        concat!(
            "select a.id, a.address, a.channel, v.title, v.subtitle, v.summary, v.lang, v.cover, a.published_at,
             v.published_at as updated_at,
             (select c.n from comment_count c where c.article = l.article_id) as comments from (",
            $from,
            ") l join article a on a.id = l.article_id
             join article_version v on v.article_id = a.id and v.n = a.live"
        )
    };
}

/// A page of a list, the latest first. `limit` is brought into 1 to 1,000.
///
/// # Errors
/// If the database fails.
pub async fn page(tx: &mut Tx<'_>, list: &str, offset: u64, limit: u32) -> Result<Vec<Headline>, Error> {
    const SQL: &str = concat!(
        headlines!(
            "select article_id, published_at from article_listing where list = $1
             order by published_at desc, article_id desc limit $2 offset $3"
        ),
        " order by l.published_at desc, l.article_id desc"
    );
    let (limit, offset) = (limit.clamp(1, LIMIT_MAX), i64::try_from(offset).unwrap_or(i64::MAX));
    let rows: Vec<HeadlineRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(list)
        .bind(i64::from(limit))
        .bind(offset)
        .fetch_all(conn))?;
    rows.into_iter().map(Headline::try_from).collect()
}

/// How many articles stand on a list.
///
/// # Errors
/// If the database fails.
pub async fn count(tx: &mut Tx<'_>, list: &str) -> Result<u64, Error> {
    const SQL: &str = "select count(*) from article_listing where list = $1";
    let n: i64 = on_db!(tx, |conn| sqlx::query_scalar(SQL).bind(list).fetch_one(conn))?;
    Ok(u64::try_from(n).unwrap_or(0))
}

/// The neighbours of an article on a list: the one before it in time, and the one after it.
///
/// # Errors
/// If the database fails.
pub async fn neighbours(
    tx: &mut Tx<'_>,
    list: &str,
    published_at: Timestamp,
    article: Uuid,
) -> Result<(Option<Headline>, Option<Headline>), Error> {
    const BEFORE: &str = headlines!(
        "select article_id, published_at from article_listing
         where list = $1 and (published_at, article_id) < ($2, $3)
         order by published_at desc, article_id desc limit 1"
    );
    const AFTER: &str = headlines!(
        "select article_id, published_at from article_listing
         where list = $1 and (published_at, article_id) > ($2, $3)
         order by published_at, article_id limit 1"
    );
    let at = time::to_micros(published_at);
    let mut found = [None, None];
    for (found, sql) in found.iter_mut().zip([BEFORE, AFTER]) {
        let row: Option<HeadlineRow> =
            on_db!(tx, |conn| sqlx::query_as(sql).bind(list).bind(at).bind(article).fetch_optional(conn))?;
        *found = row.map(Headline::try_from).transpose()?;
    }
    let [before, after] = found;
    Ok((before, after))
}

/// The tags of the `latest` articles with how many of those carry them, the most used first; at most `limit`. Counts of
/// everything would read everything, and readers look for what is talked about now.
///
/// # Errors
/// If the database fails.
pub async fn tags_of_latest(tx: &mut Tx<'_>, latest: u32, limit: u32) -> Result<Vec<(String, u64)>, Error> {
    const SQL: &str = "select t.list, count(*) as n from (
            select article_id from article_listing where list = 'all' order by published_at desc limit $1
        ) l join article_listing t on t.article_id = l.article_id and t.list >= 'tag:' and t.list < 'tag;'
        group by t.list order by n desc, t.list limit $2";
    let rows: Vec<(String, i64)> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(i64::from(latest))
        .bind(i64::from(limit))
        .fetch_all(conn))?;
    let plain = |name: String| name.strip_prefix("tag:").map_or_else(String::new, str::to_owned);
    Ok(rows.into_iter().map(|(name, n)| (plain(name), u64::try_from(n).unwrap_or(0))).collect())
}

/// Lists whose names begin with `prefix` with the number of articles on each, in order of name; at most `limit`.
///
/// # Errors
/// If the database fails.
pub async fn sizes(tx: &mut Tx<'_>, prefix: &str, limit: u32) -> Result<Vec<(String, u64)>, Error> {
    const SQL: &str = "select list, count(*) from article_listing where list >= $1 and list < $2
        group by list order by list desc limit $3";
    // The names that begin with `tag:` end where `tag;` begins.
    let mut end = prefix.to_owned();
    let last = end.pop().and_then(|c| char::from_u32(u32::from(c) + 1)).unwrap_or(char::MAX);
    end.push(last);
    let rows: Vec<(String, i64)> =
        on_db!(tx, |conn| sqlx::query_as(SQL).bind(prefix).bind(end).bind(i64::from(limit)).fetch_all(conn))?;
    let plain = |name: String| name.strip_prefix(prefix).map_or_else(|| name.clone(), str::to_owned);
    Ok(rows.into_iter().map(|(name, n)| (plain(name), u64::try_from(n).unwrap_or(0))).collect())
}
