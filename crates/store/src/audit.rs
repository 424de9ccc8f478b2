//! The audit log: who did what to what. Entries are appended and chained by digests; [`verify`] finds what was
//! removed, reordered or altered since.
//!
//! The end of the chain stands in a row of its own, so that entries cut off at the end are missed, too. What no look at
//! the database alone can find: somebody who may write to all of it rewrites every entry from one on with fitting
//! digests, or cuts the end off and sets the row of the end back. Against that helps a witness outside: keep what
//! [`head`] says now and then where that person cannot write (a printout, another machine, a publication), and hand it
//! to [`verify_against`].

use crate::dialect::{Bind, Tx, bind_all, on_db, run_on_db};
use crate::error::Error;
use crate::page::{page, rows_for};
use crate::time;
use jiff::Timestamp;
use serde_json::Value as Json;
use sqlx::AssertSqlSafe;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Longest page.
const LIMIT_MAX: u32 = 1_000;
/// Entries per step of a verification.
const VERIFY_STEP: i64 = 5_000;

/// An entry to append.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEntry {
    /// When.
    pub at: Timestamp,
    /// Name of who acted.
    pub actor: String,
    /// What was done, `noun.verb`.
    pub act: String,
    /// To what: kind and identifier, `record/0197...`.
    pub subject: String,
    /// Facts about the act, never personal ones.
    pub detail: Json,
}

/// An entry as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Place in the log, from 1 without gaps.
    pub seq: u64,
    /// What was done.
    pub what: NewEntry,
    /// Digest of the entry and of the one before it.
    pub hash: [u8; 32],
}

/// The end of the log: what a witness keeps. As text, `<number>:<digest in hexadecimal>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of the last entry; 0 of an empty log.
    pub seq: u64,
    /// Its digest.
    pub hash: [u8; 32],
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, blake3::Hash::from_bytes(self.hash).to_hex())
    }
}

impl FromStr for Head {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parse = || {
            let (seq, hash) = text.trim().split_once(':')?;
            Some(Self { seq: seq.parse().ok()?, hash: *blake3::Hash::from_hex(hash).ok()?.as_bytes() })
        };
        parse().ok_or_else(|| Error::damaged("witness", "it is not `number:digest`"))
    }
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    seq: i64,
    at: i64,
    actor: String,
    act: String,
    subject: String,
    detail: String,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl TryFrom<EntryRow> for Entry {
    type Error = Error;

    fn try_from(row: EntryRow) -> Result<Self, Error> {
        Ok(Self {
            seq: u64::try_from(row.seq).map_err(|e| Error::damaged("audit", e))?,
            what: NewEntry {
                at: time::from_micros(row.at, "audit")?,
                actor: row.actor,
                act: row.act,
                subject: row.subject,
                detail: serde_json::from_str(&row.detail)?,
            },
            hash: row.hash.try_into().map_err(|_| Error::damaged("audit", "hash is not 32 bytes"))?,
        })
    }
}

/// Digest of an entry: every field with its length, so that no two entries digest the same bytes.
pub(crate) fn entry_hash(seq: i64, at: i64, texts: [&str; 4], prev: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(prev);
    hasher.update(&seq.to_be_bytes());
    hasher.update(&at.to_be_bytes());
    for text in texts {
        hasher.update(&(text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// Identifiers looked for by one statement.
const NAMED_PER_STATEMENT: usize = 50;

/// Entries that name any of these identifiers, as what was acted on or among what was looked at, oldest first. Reads
/// the whole log: for the rare question of a person who looked at what is known about them.
///
/// # Errors
/// If the database fails.
pub async fn naming(tx: &mut Tx<'_>, ids: &[Uuid]) -> Result<Vec<Entry>, Error> {
    let mut found: Vec<Entry> = Vec::new();
    for part in ids.chunks(NAMED_PER_STATEMENT) {
        let binds: Vec<Bind> = part.iter().map(|id| Bind::Text(format!("%{id}%"))).collect();
        let tests: Vec<String> =
            (1..=part.len()).map(|n| format!("subject like ${n} or detail like ${n}")).collect();
        let sql = format!(
            "select seq, at, actor, act, subject, detail, prev_hash, hash from audit where {} order by seq",
            tests.join(" or ")
        );
        let rows: Vec<EntryRow> =
            on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
        for row in rows {
            found.push(Entry::try_from(row)?);
        }
    }
    found.sort_by_key(|entry| entry.seq);
    found.dedup_by_key(|entry| entry.seq);
    Ok(found)
}

pub(crate) const HEAD: &str = "update audit_head set seq = seq + 1 where id = 1 returning seq, hash";
pub(crate) const SET_HEAD: &str = "update audit_head set hash = $1 where id = 1";
pub(crate) const INSERT: &str = "insert into audit (seq, at, actor, act, subject, detail, prev_hash, hash)
    values ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Appends an entry in the transaction of the act, so that neither exists without the other. Transactions that append
/// wait for each other from here until they end; append last.
///
/// # Errors
/// If the database fails.
pub async fn append(tx: &mut Tx<'_>, entry: &NewEntry) -> Result<Entry, Error> {
    let head: Option<(i64, Vec<u8>)> = on_db!(tx, |conn| sqlx::query_as(HEAD).fetch_optional(conn))?;
    let (seq, prev) = head.ok_or_else(|| Error::damaged("audit", "the end of the log is not recorded"))?;
    let at = time::to_micros(entry.at);
    let detail = entry.detail.to_string();
    let hash = entry_hash(seq, at, [&entry.actor, &entry.act, &entry.subject, &detail], &prev);
    run_on_db!(tx, |conn| {
        sqlx::query(INSERT)
            .bind(seq)
            .bind(at)
            .bind(&entry.actor)
            .bind(&entry.act)
            .bind(&entry.subject)
            .bind(&detail)
            .bind(&prev)
            .bind(hash.as_slice())
            .execute(conn)
    })?;
    run_on_db!(tx, |conn| sqlx::query(SET_HEAD).bind(hash.as_slice()).execute(conn))?;
    let seq = u64::try_from(seq).map_err(|e| Error::damaged("audit", e))?;
    Ok(Entry { seq, what: entry.clone(), hash })
}

/// Which entries.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Name of who acted.
    pub actor: Option<String>,
    /// Kind and identifier of the subject.
    pub subject: Option<String>,
    /// What was done.
    pub act: Option<String>,
    /// From this instant.
    pub from: Option<Timestamp>,
    /// Until before this instant.
    pub until: Option<Timestamp>,
}

/// Entries, latest first; `before` is the number of the last entry of the page before. `limit` is brought into 1 to
/// 1,000. Returns the cursor of the next page.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut Tx<'_>,
    filter: &Filter,
    before: Option<u64>,
    limit: u32,
) -> Result<(Vec<Entry>, Option<u64>), Error> {
    let limit = limit.clamp(1, LIMIT_MAX);
    let before = before.map_or(i64::MAX, |seq| i64::try_from(seq).unwrap_or(i64::MAX));
    let mut binds = vec![Bind::Int(before), Bind::Int(rows_for(limit))];
    let mut condition = "seq < $1".to_owned();
    let mut also = |column: &str, bind: Option<Bind>| {
        if let Some(bind) = bind {
            binds.push(bind);
            condition.push_str(&format!(" and {column} ${}", binds.len()));
        }
    };
    also("actor =", filter.actor.clone().map(Bind::Text));
    also("subject =", filter.subject.clone().map(Bind::Text));
    also("act =", filter.act.clone().map(Bind::Text));
    also("at >=", filter.from.map(|at| Bind::Int(time::to_micros(at))));
    also("at <", filter.until.map(|at| Bind::Int(time::to_micros(at))));
    let sql = format!(
        "select seq, at, actor, act, subject, detail, prev_hash, hash from audit where {condition}
         order by seq desc limit $2"
    );
    let rows: Vec<EntryRow> =
        on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &binds).fetch_all(conn))?;
    page(rows, limit, |entry: &Entry| entry.seq)
}

/// The end of the log now.
///
/// # Errors
/// If the database fails or the end of the log is not recorded.
pub async fn head(tx: &mut Tx<'_>) -> Result<Head, Error> {
    let (seq, hash) = stored_head(tx)
        .await?
        .ok_or_else(|| Error::damaged("audit", "the end of the log is not recorded"))?;
    Ok(Head {
        seq: u64::try_from(seq).map_err(|e| Error::damaged("audit", e))?,
        hash: hash.try_into().map_err(|_| Error::damaged("audit", "hash is not 32 bytes"))?,
    })
}

async fn stored_head(tx: &mut Tx<'_>) -> Result<Option<(i64, Vec<u8>)>, Error> {
    const SQL: &str = "select seq, hash from audit_head where id = 1";
    on_db!(tx, |conn| sqlx::query_as(SQL).fetch_optional(conn))
}

/// Up to `limit` entries after number `after`, oldest first.
///
/// # Errors
/// If the database fails.
pub async fn list_from(tx: &mut Tx<'_>, after: u64, limit: u32) -> Result<Vec<Entry>, Error> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let limit = i64::from(limit.clamp(1, LIMIT_MAX));
    let rows: Vec<EntryRow> =
        on_db!(tx, |conn| sqlx::query_as(IN_ORDER).bind(after).bind(limit).fetch_all(conn))?;
    rows.into_iter().map(Entry::try_from).collect()
}

const IN_ORDER: &str = "select seq, at, actor, act, subject, detail, prev_hash, hash from audit
    where seq > $1 order by seq limit $2";

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Entries looked at.
    pub entries: u64,
    /// Faults, in order; at most 100.
    pub faults: Vec<Fault>,
    /// Digest of the last entry. Kept elsewhere, it proves later that the log was not rewritten as a whole.
    pub head: [u8; 32],
}

/// What is wrong with the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Entries are missing from `from` to `to`.
    Missing {
        /// First missing number.
        from: u64,
        /// Last missing number.
        to: u64,
    },
    /// The content of the entry is not what was written.
    Altered {
        /// Number of the entry.
        seq: u64,
    },
    /// The entry does not follow the one before it: entries were exchanged or replaced.
    Unlinked {
        /// Number of the entry.
        seq: u64,
    },
    /// The log does not end with the entry that was written last.
    HeadDiffers,
    /// The row that says where the log ends is gone.
    HeadMissing,
    /// Entries stand before the first number.
    OutsideChain {
        /// How many.
        entries: u64,
    },
    /// The log is not the one that the witness saw: it was rewritten from somewhere before this entry on, or cut off
    /// before it.
    WitnessDiffers {
        /// Number of the entry that was the last one then.
        seq: u64,
    },
}

/// Longest list of faults.
const FAULTS_MAX: usize = 100;

/// Reads the whole log and checks every entry and every link. Bounded memory; about a second for a million entries.
///
/// # Errors
/// If the database fails; faults of the log are no errors.
pub async fn verify(tx: &mut Tx<'_>) -> Result<Verification, Error> {
    verify_against(tx, &[]).await
}

/// The same, and compares the log with what [`head`] said at earlier times.
///
/// # Errors
/// If the database fails; faults of the log are no errors.
pub async fn verify_against(tx: &mut Tx<'_>, witnesses: &[Head]) -> Result<Verification, Error> {
    const OUTSIDE: &str = "select count(*) from audit where seq < 1";
    let stored = stored_head(tx).await?;
    let outside: i64 = on_db!(tx, |conn| sqlx::query_scalar(OUTSIDE).fetch_one(conn))?;
    let number = |n: i64| u64::try_from(n).map_err(|e| Error::damaged("audit", e));
    let mut faults = Vec::new();
    let mut fault = |found: Fault| {
        if faults.len() < FAULTS_MAX {
            faults.push(found);
        }
    };
    if outside > 0 {
        fault(Fault::OutsideChain { entries: number(outside)? });
    }
    // The digest of nothing, which stands before the first entry.
    let (mut last, mut prev, mut entries, mut end) = (0_i64, vec![0_u8; 32], 0_u64, [0_u8; 32]);
    let mut unseen: Vec<&Head> = witnesses.iter().filter(|w| w.seq > 0).collect();
    loop {
        let rows: Vec<EntryRow> =
            on_db!(tx, |conn| { sqlx::query_as(IN_ORDER).bind(last).bind(VERIFY_STEP).fetch_all(conn) })?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let (seq, expected) = (number(row.seq)?, number(last + 1)?);
            if seq != expected {
                fault(Fault::Missing { from: expected, to: seq - 1 });
            } else if row.prev_hash != prev {
                fault(Fault::Unlinked { seq });
            }
            let texts = [row.actor.as_str(), &row.act, &row.subject, &row.detail];
            end = entry_hash(row.seq, row.at, texts, &row.prev_hash);
            if end.as_slice() != row.hash {
                fault(Fault::Altered { seq });
            }
            for witness in witnesses.iter().filter(|w| w.seq == seq && w.hash != end) {
                fault(Fault::WitnessDiffers { seq: witness.seq });
            }
            unseen.retain(|witness| witness.seq != seq);
            (last, prev) = (row.seq, row.hash);
            entries += 1;
        }
    }
    match stored {
        None => fault(Fault::HeadMissing),
        Some((head, _)) if last < head => {
            fault(Fault::Missing { from: number(last + 1)?, to: number(head)? });
        }
        Some((head, hash)) if last != head || prev != hash => fault(Fault::HeadDiffers),
        Some(_) => {}
    }
    for witness in unseen {
        fault(Fault::WitnessDiffers { seq: witness.seq });
    }
    Ok(Verification { entries, faults, head: end })
}
