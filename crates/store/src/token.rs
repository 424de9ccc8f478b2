//! Tokens with which scripts call the API. The store sees digests only.

use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::Timestamp;
use uuid::Uuid;

/// A token, without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// First characters of the token, by which its owner recognises it.
    pub prefix: String,
    /// What it is for.
    pub name: String,
    /// Account that it acts as.
    pub account: Uuid,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    id: Uuid,
    prefix: String,
    name: String,
    account_id: Uuid,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl TryFrom<TokenRow> for ApiToken {
    type Error = Error;

    fn try_from(row: TokenRow) -> Result<Self, Error> {
        let at = |micros| time::from_micros(micros, "token");
        Ok(Self {
            id: row.id,
            prefix: row.prefix,
            name: row.name,
            account: row.account_id,
            created_at: at(row.created_at)?,
            expires_at: row.expires_at.map(at).transpose()?,
            last_used_at: row.last_used_at.map(at).transpose()?,
            revoked_at: row.revoked_at.map(at).transpose()?,
        })
    }
}

macro_rules! columns {
    () => {
        "id, prefix, name, account_id, created_at, expires_at, last_used_at, revoked_at"
    };
}

/// Stores a token under its digest.
///
/// # Errors
/// If the database fails.
pub async fn insert(tx: &mut Tx<'_>, token_hash: &[u8; 32], token: &ApiToken) -> Result<(), Error> {
    const SQL: &str = concat!(
        "insert into api_token (",
        columns!(),
        ", token_hash) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(token.id)
            .bind(&token.prefix)
            .bind(&token.name)
            .bind(token.account)
            .bind(time::to_micros(token.created_at))
            .bind(token.expires_at.map(time::to_micros))
            .bind(token.last_used_at.map(time::to_micros))
            .bind(token.revoked_at.map(time::to_micros))
            .bind(token_hash.as_slice())
            .execute(conn)
    })?;
    Ok(())
}

/// The token of a digest that is neither expired nor revoked at `now`.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<ApiToken>, Error> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from api_token where token_hash = $1 and revoked_at is null
          and (expires_at is null or expires_at > $2)"
    );
    let row: Option<TokenRow> = on_db!(tx, |conn| {
        sqlx::query_as(SQL).bind(token_hash.as_slice()).bind(time::to_micros(now)).fetch_optional(conn)
    })?;
    row.map(ApiToken::try_from).transpose()
}

/// The token of an identifier, whatever became of it.
///
/// # Errors
/// If the database fails.
pub async fn get_by_id(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<ApiToken>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from api_token where id = $1");
    let row: Option<TokenRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(id).fetch_optional(conn))?;
    row.map(ApiToken::try_from).transpose()
}

/// Tokens of an account, oldest first; the first 1,000.
///
/// # Errors
/// If the database fails.
pub async fn list(tx: &mut Tx<'_>, account: Uuid) -> Result<Vec<ApiToken>, Error> {
    const SQL: &str =
        concat!("select ", columns!(), " from api_token where account_id = $1 order by id limit 1000");
    let rows: Vec<TokenRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(account).fetch_all(conn))?;
    rows.into_iter().map(ApiToken::try_from).collect()
}

/// Notes a use.
///
/// # Errors
/// If the database fails.
pub async fn touch(tx: &mut Tx<'_>, id: Uuid, now: Timestamp) -> Result<(), Error> {
    run_on_db!(tx, |conn| {
        sqlx::query("update api_token set last_used_at = $2 where id = $1")
            .bind(id)
            .bind(time::to_micros(now))
            .execute(conn)
    })?;
    Ok(())
}

/// Takes a token back; false if it was taken back before or does not exist.
///
/// # Errors
/// If the database fails.
pub async fn revoke(tx: &mut Tx<'_>, id: Uuid, now: Timestamp) -> Result<bool, Error> {
    run_on_db!(tx, |conn| {
        sqlx::query("update api_token set revoked_at = $2 where id = $1 and revoked_at is null")
            .bind(id)
            .bind(time::to_micros(now))
            .execute(conn)
    })
    .map(|written| written > 0)
}
