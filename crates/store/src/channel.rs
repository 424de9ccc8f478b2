//! Channels of the portal.

use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use crate::time;
use wanquan_domain::channel::Channel;
use wanquan_domain::text::Text;

const WHAT: &str = "channel";

#[derive(sqlx::FromRow)]
struct ChannelRow {
    id: String,
    parent: Option<String>,
    slug: String,
    title_en: String,
    title_zh: String,
    position: i64,
    closed: bool,
    version: i64,
}

/// Every channel; editors arrange some dozens of them.
///
/// # Errors
/// If the database fails.
pub async fn all(tx: &mut Tx<'_>) -> Result<Vec<Channel>, Error> {
    const SQL: &str = "select id, parent, slug, title_en, title_zh, position, closed, version from channel
        order by position, id limit 5000";
    let rows: Vec<ChannelRow> = on_db!(tx, |conn| sqlx::query_as(SQL).fetch_all(conn))?;
    let channel = |row: ChannelRow| {
        Ok(Channel {
            id: row.id,
            parent: row.parent,
            slug: row.slug,
            title: Text::new(row.title_en, row.title_zh),
            position: row.position,
            closed: row.closed,
            version: time::version(row.version, WHAT)?,
        })
    };
    rows.into_iter().map(channel).collect()
}

/// Stores a new channel.
///
/// # Errors
/// `Duplicate` if the identifier is taken.
pub async fn insert(tx: &mut Tx<'_>, channel: &Channel) -> Result<(), Error> {
    const SQL: &str = "insert into channel (id, parent, slug, title_en, title_zh, position, closed, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let c = channel;
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(&c.id)
            .bind(&c.parent)
            .bind(&c.slug)
            .bind(&c.title.en)
            .bind(&c.title.zh)
            .bind(c.position)
            .bind(c.closed)
            .bind(i64::from(c.version))
            .execute(conn)
    })
    .map_err(|e: Error| e.duplicate_of(WHAT))?;
    Ok(())
}

/// Stores a channel after a change; `next.version` is one above the version that was read.
///
/// # Errors
/// `NotFound`; `Conflict` with the current version.
pub async fn update(tx: &mut Tx<'_>, next: &Channel) -> Result<(), Error> {
    const SQL: &str =
        "update channel set parent = $2, slug = $3, title_en = $4, title_zh = $5, position = $6,
        closed = $7, version = $8 where id = $1 and version = $8 - 1";
    let c = next;
    let written = run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(&c.id)
            .bind(&c.parent)
            .bind(&c.slug)
            .bind(&c.title.en)
            .bind(&c.title.zh)
            .bind(c.position)
            .bind(c.closed)
            .bind(i64::from(c.version))
            .execute(conn)
    })?;
    if written > 0 {
        return Ok(());
    }
    let current = all(tx).await?.into_iter().find(|c| c.id == next.id);
    let current = current.ok_or_else(|| Error::not_found(WHAT, &next.id))?;
    Err(Error::Conflict { what: WHAT, current: current.version })
}
