//! Accounts of persons, and the roles they hold.

use crate::dialect::{Bind, Tx, bind_all, on_db, placeholders, run_on_db};
use crate::error::Error;
use crate::page::{page, rows_for};
use crate::time;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use std::fmt;
use uuid::Uuid;
use wanquan_domain::actor::Grant;
use wanquan_domain::region::RegionCode;

/// Longest page.
const LIMIT_MAX: u32 = 1_000;

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// Name to sign in with; unique without regard to the case of ASCII letters.
    pub username: String,
    /// Name as shown.
    pub display_name: String,
    /// Language of the console.
    pub lang: String,
    /// Digest of the password in PHC form.
    pub password_hash: String,
    /// May not sign in.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Version, from 1.
    pub version: u32,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    id: Uuid,
    username: String,
    display_name: String,
    lang: String,
    password_hash: String,
    disabled: bool,
    created_at: i64,
    version: i64,
}

impl TryFrom<AccountRow> for Account {
    type Error = Error;

    fn try_from(row: AccountRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            username: row.username,
            display_name: row.display_name,
            lang: row.lang,
            password_hash: row.password_hash,
            disabled: row.disabled,
            created_at: time::from_micros(row.created_at, "account")?,
            version: time::version(row.version, "account")?,
        })
    }
}

macro_rules! columns {
    () => {
        "id, username, display_name, lang, password_hash, disabled, created_at, version"
    };
}

/// Stores a new account.
///
/// # Errors
/// `Duplicate` if the name is taken.
pub async fn insert(tx: &mut Tx<'_>, account: &Account) -> Result<(), Error> {
    const SQL: &str =
        concat!("insert into account (", columns!(), ") values ($1, $2, $3, $4, $5, $6, $7, $8)");
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(account.id)
            .bind(&account.username)
            .bind(&account.display_name)
            .bind(&account.lang)
            .bind(&account.password_hash)
            .bind(account.disabled)
            .bind(time::to_micros(account.created_at))
            .bind(i64::from(account.version))
            .execute(conn)
    })
    .map_err(|e| e.duplicate_of("account"))?;
    Ok(())
}

/// Stores changed fields of an account. `account.version` is the version that the caller read; the stored account,
/// one version on, is returned.
///
/// # Errors
/// `NotFound`; `Conflict` with the current version; `Duplicate` if the name is taken.
pub async fn update(tx: &mut Tx<'_>, account: &Account) -> Result<Account, Error> {
    const SQL: &str = concat!(
        "update account set username = $2, display_name = $3, lang = $4, password_hash = $5, disabled = $6,
         version = version + 1 where id = $1 and version = $7 returning ",
        columns!()
    );
    let row: Option<AccountRow> = on_db!(tx, |conn| {
        sqlx::query_as(SQL)
            .bind(account.id)
            .bind(&account.username)
            .bind(&account.display_name)
            .bind(&account.lang)
            .bind(&account.password_hash)
            .bind(account.disabled)
            .bind(i64::from(account.version))
            .fetch_optional(conn)
    })
    .map_err(|e| e.duplicate_of("account"))?;
    match row {
        Some(row) => row.try_into(),
        None => {
            let current =
                get(tx, account.id).await?.ok_or_else(|| Error::not_found("account", account.id))?;
            Err(Error::Conflict { what: "account", current: current.version })
        }
    }
}

/// The account of an identifier.
///
/// # Errors
/// If the database fails.
pub async fn get(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Account>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from account where id = $1");
    let row: Option<AccountRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(id).fetch_optional(conn))?;
    row.map(Account::try_from).transpose()
}

/// The account of a name, ASCII letters compared without case.
///
/// # Errors
/// If the database fails.
pub async fn get_by_username(tx: &mut Tx<'_>, username: &str) -> Result<Option<Account>, Error> {
    const SQL: &str = concat!("select ", columns!(), " from account where lower(username) = $1");
    let folded = username.to_ascii_lowercase();
    let row: Option<AccountRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(&folded).fetch_optional(conn))?;
    row.map(Account::try_from).transpose()
}

/// Accounts in the order in which they were made; `after` is the last one of the page before. `limit` is brought into
/// 1 to 1,000. Returns the cursor of the next page.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut Tx<'_>,
    after: Option<Uuid>,
    limit: u32,
) -> Result<(Vec<Account>, Option<Uuid>), Error> {
    const SQL: &str = concat!("select ", columns!(), " from account where id > $1 order by id limit $2");
    let limit = limit.clamp(1, LIMIT_MAX);
    let rows: Vec<AccountRow> = on_db!(tx, |conn| {
        sqlx::query_as(SQL).bind(after.unwrap_or(Uuid::nil())).bind(rows_for(limit)).fetch_all(conn)
    })?;
    page(rows, limit, |account: &Account| account.id)
}

/// Number of accounts; 0 means that the installation waits for its first administrator.
///
/// # Errors
/// If the database fails.
pub async fn count(tx: &mut Tx<'_>) -> Result<u64, Error> {
    let n: i64 = on_db!(tx, |conn| sqlx::query_scalar("select count(*) from account").fetch_one(conn))?;
    u64::try_from(n).map_err(|e| Error::damaged("account", e))
}

/// Gives a role for a region; giving it twice changes nothing.
///
/// # Errors
/// If the account does not exist or the database fails.
pub async fn add_grant(
    tx: &mut Tx<'_>,
    account: Uuid,
    grant: &Grant,
    by: &str,
    at: Timestamp,
) -> Result<(), Error> {
    const SQL: &str = "insert into role_grant (account_id, role, region, granted_by, granted_at)
        values ($1, $2, $3, $4, $5) on conflict do nothing";
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(account)
            .bind(&grant.role)
            .bind(grant.region.as_str())
            .bind(by)
            .bind(time::to_micros(at))
            .execute(conn)
    })?;
    Ok(())
}

/// Takes a role back; true if it was held.
///
/// # Errors
/// If the database fails.
pub async fn remove_grant(tx: &mut Tx<'_>, account: Uuid, grant: &Grant) -> Result<bool, Error> {
    const SQL: &str = "delete from role_grant where account_id = $1 and role = $2 and region = $3";
    run_on_db!(tx, |conn| {
        sqlx::query(SQL).bind(account).bind(&grant.role).bind(grant.region.as_str()).execute(conn)
    })
    .map(|written| written > 0)
}

/// The roles of an account. At most 1,000.
///
/// # Errors
/// If the database fails.
pub async fn grants(tx: &mut Tx<'_>, account: Uuid) -> Result<Vec<Grant>, Error> {
    const SQL: &str =
        "select role, region from role_grant where account_id = $1 order by role, region limit 1000";
    let rows: Vec<(String, String)> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(account).fetch_all(conn))?;
    Ok(rows.into_iter().map(|(role, region)| Grant { role, region: RegionCode::new(&region) }).collect())
}

/// The roles of several accounts, in the order of accounts.
///
/// # Errors
/// If the database fails.
pub async fn grants_of(tx: &mut Tx<'_>, accounts: &[Uuid]) -> Result<Vec<(Uuid, Grant)>, Error> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select account_id, role, region from role_grant where account_id in ({})
         order by account_id, role, region",
        placeholders(1, accounts.len())
    );
    let binds: Vec<Bind> = accounts.iter().map(|id| Bind::Id(*id)).collect();
    let rows: Vec<(Uuid, String, String)> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
    let grant = |(account, role, region): (Uuid, String, String)| {
        (account, Grant { role, region: RegionCode::new(&region) })
    };
    Ok(rows.into_iter().map(grant).collect())
}

/// Whether an account that may sign in holds one of these roles for exactly this region.
///
/// # Errors
/// If the database fails.
pub async fn is_held(tx: &mut Tx<'_>, roles: &[&str], region: &RegionCode) -> Result<bool, Error> {
    if roles.is_empty() {
        return Ok(false);
    }
    let sql = format!(
        "select count(*) from role_grant join account on account.id = role_grant.account_id
         where account.disabled = false and region = $1 and role in ({})",
        placeholders(2, roles.len())
    );
    let mut binds = vec![Bind::Text(region.as_str().to_owned())];
    binds.extend(roles.iter().map(|role| Bind::Text((*role).to_owned())));
    let n: i64 =
        on_db!(tx, |conn| bind_all!(sqlx::query_scalar(AssertSqlSafe(sql)), &binds).fetch_one(conn))?;
    Ok(n > 0)
}
