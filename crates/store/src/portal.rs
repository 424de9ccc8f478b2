//! What all pages of the portal share: addresses, the version of what is public, what search has to look at, files.

use crate::dialect::{Tx, on_db, run_on_db};
use crate::error::Error;
use crate::time;
use jiff::Timestamp;

/// What an address leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `article` or `channel`.
    pub kind: String,
    /// Its identifier.
    pub subject: String,
    /// True if it is the address in use; otherwise that one is to be asked.
    pub is_current: bool,
}

/// What stands at an address, or once stood there.
///
/// # Errors
/// If the database fails.
pub async fn find_address(tx: &mut Tx<'_>, path: &str) -> Result<Option<Address>, Error> {
    const SQL: &str = "select kind, subject, is_current from portal_address where path = $1";
    let row: Option<(String, String, bool)> =
        on_db!(tx, |conn| sqlx::query_as(SQL).bind(path).fetch_optional(conn))?;
    Ok(row.map(|(kind, subject, is_current)| Address { kind, subject, is_current }))
}

/// The address in use.
///
/// # Errors
/// If the database fails.
pub async fn current_address(tx: &mut Tx<'_>, kind: &str, subject: &str) -> Result<Option<String>, Error> {
    const SQL: &str = "select path from portal_address where kind = $1 and subject = $2 and is_current";
    on_db!(tx, |conn| sqlx::query_scalar(SQL).bind(kind).bind(subject).fetch_optional(conn))
}

/// Every address that something has or had, in order.
///
/// # Errors
/// If the database fails.
pub async fn addresses(tx: &mut Tx<'_>, kind: &str, subject: &str) -> Result<Vec<String>, Error> {
    const SQL: &str =
        "select path from portal_address where kind = $1 and subject = $2 order by path limit 1000";
    on_db!(tx, |conn| sqlx::query_scalar(SQL).bind(kind).bind(subject).fetch_all(conn))
}

/// Makes an address the one in use; the former ones lead to it from now on. What the address led to before loses it,
/// so that the present always goes before the past.
///
/// # Errors
/// If the database fails.
pub async fn claim_address(tx: &mut Tx<'_>, path: &str, kind: &str, subject: &str) -> Result<(), Error> {
    const RETIRE: &str =
        "update portal_address set is_current = false where kind = $1 and subject = $2 and is_current";
    run_on_db!(tx, |conn| sqlx::query(RETIRE).bind(kind).bind(subject).execute(conn))?;
    const CLAIM: &str =
        "insert into portal_address (path, kind, subject, is_current) values ($1, $2, $3, true)
        on conflict (path) do update set kind = excluded.kind, subject = excluded.subject, is_current = true";
    run_on_db!(tx, |conn| sqlx::query(CLAIM).bind(path).bind(kind).bind(subject).execute(conn))?;
    Ok(())
}

/// Lets a free address lead to something, as the old address of an imported article does. False if it leads somewhere
/// already.
///
/// # Errors
/// If the database fails.
pub async fn add_address(tx: &mut Tx<'_>, path: &str, kind: &str, subject: &str) -> Result<bool, Error> {
    const SQL: &str =
        "insert into portal_address (path, kind, subject, is_current) values ($1, $2, $3, false)
        on conflict (path) do nothing";
    let written = run_on_db!(tx, |conn| sqlx::query(SQL).bind(path).bind(kind).bind(subject).execute(conn))?;
    Ok(written > 0)
}

/// The version of what is public. Whatever changes a public page raises it in its transaction, and every process that
/// keeps pages looks at it.
///
/// # Errors
/// If the database fails.
pub async fn generation(tx: &mut Tx<'_>) -> Result<i64, Error> {
    const SQL: &str = "select n from portal_counter where name = 'generation'";
    on_db!(tx, |conn| sqlx::query_scalar(SQL).fetch_one(conn))
}

/// Raises the version of what is public; the new one.
///
/// # Errors
/// If the database fails.
pub async fn raise_generation(tx: &mut Tx<'_>) -> Result<i64, Error> {
    const SQL: &str = "update portal_counter set n = n + 1 where name = 'generation' returning n";
    on_db!(tx, |conn| sqlx::query_scalar(SQL).fetch_one(conn))
}

/// Notes that search has to look at something again. `generation` is what [`raise_generation`] gave in the same
/// transaction.
///
/// # Errors
/// If the database fails.
pub async fn note_change(tx: &mut Tx<'_>, kind: &str, subject: &str, generation: i64) -> Result<(), Error> {
    const SQL: &str = "insert into search_change (kind, subject, generation) values ($1, $2, $3)
        on conflict (kind, subject) do update set generation = excluded.generation";
    run_on_db!(tx, |conn| sqlx::query(SQL).bind(kind).bind(subject).bind(generation).execute(conn))?;
    Ok(())
}

/// Something that changed, for a search index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Kind of thing.
    pub kind: String,
    /// Its identifier.
    pub subject: String,
    /// The generation in which it changed last.
    pub generation: i64,
}

/// What changed after a position, in order; a position is the generation and subject that was seen last.
///
/// # Errors
/// If the database fails.
pub async fn changes(tx: &mut Tx<'_>, after: (i64, &str), limit: u32) -> Result<Vec<Changed>, Error> {
    const SQL: &str =
        "select kind, subject, generation from search_change where (generation, subject) > ($1, $2)
        order by generation, subject limit $3";
    let rows: Vec<(String, String, i64)> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(after.0)
        .bind(after.1)
        .bind(i64::from(limit))
        .fetch_all(conn))?;
    Ok(rows.into_iter().map(|(kind, subject, generation)| Changed { kind, subject, generation }).collect())
}

/// True if anything of a kind was ever noted.
///
/// # Errors
/// If the database fails.
pub async fn has_changes(tx: &mut Tx<'_>, kind: &str) -> Result<bool, Error> {
    const SQL: &str = "select kind from search_change where kind = $1 limit 1";
    let any: Option<String> = on_db!(tx, |conn| sqlx::query_scalar(SQL).bind(kind).fetch_optional(conn))?;
    Ok(any.is_some())
}

/// Digests of the files after one, in order.
///
/// # Errors
/// If the database fails.
pub async fn file_digests(tx: &mut Tx<'_>, after: &str, limit: u32) -> Result<Vec<String>, Error> {
    const SQL: &str = "select digest from portal_file where digest > $1 order by digest limit $2";
    on_db!(tx, |conn| sqlx::query_scalar(SQL).bind(after).bind(i64::from(limit)).fetch_all(conn))
}

/// Raises the last number given to an article, so that restored ones are not given again.
///
/// # Errors
/// If the database fails.
pub async fn reserve_number(tx: &mut Tx<'_>, number: i64) -> Result<(), Error> {
    const SQL: &str = "update portal_counter set n = $1 where name = 'article' and n < $1";
    run_on_db!(tx, |conn| sqlx::query(SQL).bind(number).execute(conn))?;
    Ok(())
}

/// A picture or an attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalFile {
    /// Digest of the bytes, in hexadecimal.
    pub digest: String,
    /// Name that it was uploaded with.
    pub name: String,
    /// Media type, found in the content.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Width and height of a picture, in pixels.
    pub pixels: Option<(u32, u32)>,
    /// Who uploaded it.
    pub uploaded_by: String,
    /// When.
    pub uploaded_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct FileRow {
    digest: String,
    name: String,
    media_type: String,
    bytes: Vec<u8>,
    width: Option<i64>,
    height: Option<i64>,
    uploaded_by: String,
    uploaded_at: i64,
}

/// Keeps a file; what is there already stays as it is.
///
/// # Errors
/// If the database fails.
pub async fn insert_file(tx: &mut Tx<'_>, file: &PortalFile) -> Result<(), Error> {
    const SQL: &str =
        "insert into portal_file (digest, name, media_type, bytes, size, width, height, uploaded_by,
        uploaded_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (digest) do nothing";
    let f = file;
    let size = i64::try_from(f.bytes.len()).unwrap_or(i64::MAX);
    run_on_db!(tx, |conn| {
        sqlx::query(SQL)
            .bind(&f.digest)
            .bind(&f.name)
            .bind(&f.media_type)
            .bind(&f.bytes)
            .bind(size)
            .bind(f.pixels.map(|p| i64::from(p.0)))
            .bind(f.pixels.map(|p| i64::from(p.1)))
            .bind(&f.uploaded_by)
            .bind(time::to_micros(f.uploaded_at))
            .execute(conn)
    })?;
    Ok(())
}

/// The file of a digest.
///
/// # Errors
/// If the database fails.
pub async fn get_file(tx: &mut Tx<'_>, digest: &str) -> Result<Option<PortalFile>, Error> {
    const SQL: &str = "select digest, name, media_type, bytes, width, height, uploaded_by, uploaded_at
        from portal_file where digest = $1";
    let row: Option<FileRow> = on_db!(tx, |conn| sqlx::query_as(SQL).bind(digest).fetch_optional(conn))?;
    row.map(|row| {
        let pixel = |n: Option<i64>| n.and_then(|n| u32::try_from(n).ok());
        Ok(PortalFile {
            digest: row.digest,
            name: row.name,
            media_type: row.media_type,
            bytes: row.bytes,
            pixels: pixel(row.width).zip(pixel(row.height)),
            uploaded_by: row.uploaded_by,
            uploaded_at: time::from_micros(row.uploaded_at, "file")?,
        })
    })
    .transpose()
}
