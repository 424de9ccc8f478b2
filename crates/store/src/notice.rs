//! What people who hold a role for a region are told.

use crate::dialect::{Bind, Tx, bind_all, on_db, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use uuid::Uuid;
use wanquan_domain::text::Text;

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// Path of the region that it is for.
    pub region_path: String,
    /// Role that it is for.
    pub role: String,
    /// When.
    pub at: Timestamp,
    /// What is said.
    pub text: Text,
    /// What it is about: `record/<id>`, `signal/<id>`, ...
    pub subject: String,
    /// A rehearsal.
    pub drill: bool,
}

/// Stores a notice; one of the same identifier is left as it is.
///
/// # Errors
/// If the database fails.
pub async fn insert(tx: &mut Tx<'_>, notice: &Notice) -> Result<(), Error> {
    const SQL: &str = "insert into notice (id, region_path, role, at, text_en, text_zh, subject, drill)
        values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing";
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(notice.id)
            .bind(&notice.region_path)
            .bind(&notice.role)
            .bind(time::to_micros(notice.at))
            .bind(&notice.text.en)
            .bind(&notice.text.zh)
            .bind(&notice.subject)
            .bind(notice.drill)
            .execute(conn)
    })?;
    Ok(())
}

type Row = (Uuid, String, String, i64, String, String, String, bool);

/// Notices for holders of roles at regions, the latest first; at most `limit` (brought into 1 to 1,000). `held` are
/// (role, path of the region for which it is held): a notice is for those who hold its role for its region exactly.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut Tx<'_>,
    held: &[(String, String)],
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Notice>, Error> {
    if held.is_empty() {
        return Ok(Vec::new());
    }
    let mut binds = Vec::new();
    let mut places = Vec::new();
    for (role, path) in held {
        binds.push(Bind::Text(path.clone()));
        binds.push(Bind::Text(role.clone()));
        places.push(format!("(region_path = ${} and role = ${})", binds.len() - 1, binds.len()));
    }
    binds.push(Bind::Id(after.unwrap_or(Uuid::max())));
    binds.push(Bind::Int(i64::from(limit.clamp(1, 1_000))));
    let sql = format!(
        "select id, region_path, role, at, text_en, text_zh, subject, drill from notice
         where ({}) and id < ${} order by id desc limit ${}",
        places.join(" or "),
        binds.len() - 1,
        binds.len()
    );
    let rows: Vec<Row> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
    rows.into_iter()
        .map(|(id, region_path, role, at, en, zh, subject, drill)| {
            let at = time::from_micros(at, "notice")?;
            Ok(Notice { id, region_path, role, at, text: Text::new(en, zh), subject, drill })
        })
        .collect()
}
