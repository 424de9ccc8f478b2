//! The writer of a load on PostgreSQL: parts inserted with `unnest`, one value list per column.

use super::tallies::{Row, Tallies};
use super::{Closer, Closing, Counts, Finished, Message, Seen, Stage};
use crate::dialect::Tx;
use crate::error::Error;
use crate::record::{Change, Counted, NewRecord, SUPERSEDE};
use crate::{audit, batch, job, tally, time};
use sqlx::Postgres;
use sqlx::Transaction;
use std::collections::{HashMap, HashSet};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// Rows per statement.
const PART: usize = 5_000;

pub(super) async fn run(
    tx: Transaction<'static, Postgres>,
    change: Change,
    messages: mpsc::Receiver<Message>,
    report: oneshot::Sender<Result<Finished, Error>>,
) {
    let _ = report.send(write(tx, &change, messages).await);
}

async fn write(
    tx: Transaction<'static, Postgres>,
    change: &Change,
    mut messages: mpsc::Receiver<Message>,
) -> Result<Finished, Error> {
    let mut writer = Writer {
        tx,
        change,
        known_day: time::to_day(change.known_on),
        at: time::to_micros(change.at),
        tallies: Tallies::default(),
        counts: Counts::default(),
        seen: Seen::default(),
    };
    let closer: Option<Closer> = loop {
        match messages.recv().await {
            Some(Message::Records(records)) => {
                for part in records.chunks(PART) {
                    writer.store(part).await?;
                }
            }
            Some(Message::Finish(closer)) => break Some(closer),
            Some(Message::RollBack) => break None,
            None => return Err(Error::BulkStopped),
        }
    };
    let Writer { mut tx, counts, tallies, .. } = writer;
    let sums = tallies.finish();
    let mut finished = Finished { counts, touched: super::touched(sums.rows()) };
    let Some(closer) = closer else {
        tx.rollback().await?;
        return Ok(finished);
    };
    let mut rows: Vec<Row<'_>> = Vec::with_capacity(PART);
    let mut all = sums.rows();
    loop {
        rows.clear();
        rows.extend(all.by_ref().take(PART));
        if rows.is_empty() {
            break;
        }
        upsert(&mut tx, &rows).await?;
    }
    drop(all);
    for (measure, disease) in super::kinds(&finished.touched) {
        sqlx::query(tally::TOUCH).bind(measure).bind(disease).execute(&mut *tx).await?;
    }
    let closing = closer(&finished);
    let mut tx = Tx::Postgres(tx);
    close(&mut tx, &closing).await?;
    tx.commit().await?;
    finished.touched.shrink_to_fit();
    Ok(finished)
}

async fn close(tx: &mut Tx<'_>, closing: &Closing) -> Result<(), Error> {
    if let Some(batch) = &closing.batch {
        batch::insert(tx, batch).await?;
    }
    for job in &closing.jobs {
        job::enqueue(tx, job).await?;
    }
    for entry in &closing.audit {
        audit::append(tx, entry).await?;
    }
    Ok(())
}

async fn upsert(tx: &mut Transaction<'static, Postgres>, rows: &[Row<'_>]) -> Result<(), Error> {
    const SQL: &str = "insert into tally (measure, disease, region, event_day, known_day, n)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
        on conflict (measure, disease, region, event_day, known_day) do update set n = tally.n + excluded.n";
    sqlx::query(SQL)
        .bind(rows.iter().map(|r| r.measure).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.disease).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.region).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.event_day).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.known_day).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.n).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

struct Writer<'a> {
    tx: Transaction<'static, Postgres>,
    change: &'a Change,
    known_day: i64,
    at: i64,
    tallies: Tallies,
    counts: Counts,
    seen: Seen,
}

/// What a load needs to know of the version stored now.
#[derive(sqlx::FromRow)]
struct Current {
    id: Uuid,
    register: String,
    key: Vec<u8>,
    version: i64,
    version_last: i64,
    known_day: i64,
    created_at: i64,
    digest: Vec<u8>,
    counted: String,
    region_path: String,
    disease: String,
    drill: bool,
}

impl Current {
    fn stage(&self) -> Stage {
        Stage {
            version: self.version,
            known_until: i64::MAX,
            digest: self.digest.clone(),
            counted: self.counted.clone(),
            region_path: self.region_path.clone(),
            disease: self.disease.clone(),
            drill: self.drill,
        }
    }
}

impl Writer<'_> {
    async fn store(&mut self, part: &[NewRecord]) -> Result<(), Error> {
        let created = self.insert(part).await?;
        let mut again = Vec::new();
        for new in part {
            let known_day = new.known_day.unwrap_or(self.known_day);
            let first = self.seen.insert(&new.register, &new.key, known_day);
            if created.contains(&new.id.0) {
                self.counts.created += 1;
                self.count(new, known_day, 1)?;
            } else {
                again.push((new, known_day, first));
            }
        }
        if again.is_empty() {
            return Ok(());
        }
        let mut stored = self.current(&again).await?;
        for (new, known_day, first) in again {
            let key = (new.register.clone(), new.key.to_vec());
            let current =
                stored.get_mut(&key).ok_or_else(|| Error::damaged("record", "a key is stored and not"))?;
            self.store_again(new, known_day, first, current).await?;
        }
        Ok(())
    }

    fn encode(&self, new: &NewRecord) -> String {
        if self.change.drill { String::new() } else { new.counted.encode(&new.register) }
    }

    /// Inserts the records whose keys are new; returns their identifiers.
    async fn insert(&mut self, part: &[NewRecord]) -> Result<HashSet<Uuid>, Error> {
        const SQL: &str =
            "insert into record (id, register, region, region_path, disease, event_day, key, title,
                digest, data, personal, counted, known_day, version, known_at, created_at, changed_by, reason,
                batch_id, drill, deleted)
            select r.*, 1, $14, $14, $15, $16, $17, $18, false
            from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bytea[],
                $8::text[], $9::bytea[], $10::jsonb[], $11::jsonb[], $12::text[], $13::bigint[]) r
            on conflict (register, key) do nothing returning id";
        let raw = |text: &str| serde_json::value::RawValue::from_string(text.to_owned());
        let data: Vec<_> =
            part.iter().map(|r| raw(&r.data).map(sqlx::types::Json)).collect::<Result<_, _>>()?;
        let personal: Vec<Option<_>> = part
            .iter()
            .map(|r| r.personal.as_deref().map(|p| raw(p).map(sqlx::types::Json)).transpose())
            .collect::<Result<_, _>>()?;
        let ids: Vec<Uuid> = sqlx::query_scalar(SQL)
            .bind(part.iter().map(|r| r.id.0).collect::<Vec<_>>())
            .bind(part.iter().map(|r| r.register.as_str()).collect::<Vec<_>>())
            .bind(part.iter().map(|r| r.region.as_str()).collect::<Vec<_>>())
            .bind(part.iter().map(|r| r.region_path.as_str()).collect::<Vec<_>>())
            .bind(part.iter().map(|r| r.disease.as_str()).collect::<Vec<_>>())
            .bind(part.iter().map(|r| r.event_day).collect::<Vec<_>>())
            .bind(part.iter().map(|r| r.key.to_vec()).collect::<Vec<_>>())
            .bind(part.iter().map(|r| r.title.as_str()).collect::<Vec<_>>())
            .bind(part.iter().map(|r| r.digest.to_vec()).collect::<Vec<_>>())
            .bind(data)
            .bind(personal)
            .bind(part.iter().map(|r| self.encode(r)).collect::<Vec<_>>())
            .bind(part.iter().map(|r| r.known_day.unwrap_or(self.known_day)).collect::<Vec<_>>())
            .bind(self.at)
            .bind(&self.change.by)
            .bind(&self.change.reason)
            .bind(self.change.batch)
            .bind(self.change.drill)
            .fetch_all(&mut *self.tx)
            .await?;
        Ok(ids.into_iter().collect())
    }

    async fn current(
        &mut self,
        again: &[(&NewRecord, i64, bool)],
    ) -> Result<HashMap<(String, Vec<u8>), Current>, Error> {
        const SQL: &str =
            "select id, register, key, version, known_day, created_at, digest, counted, region_path,
                disease, drill, greatest(version, coalesce((select max(v.version) from record_version v
                    where v.record_id = record.id), 0)) as version_last
            from record where (register, key) in (select * from unnest($1::text[], $2::bytea[])) for update";
        let rows: Vec<Current> = sqlx::query_as(SQL)
            .bind(again.iter().map(|(r, ..)| r.register.as_str()).collect::<Vec<_>>())
            .bind(again.iter().map(|(r, ..)| r.key.to_vec()).collect::<Vec<_>>())
            .fetch_all(&mut *self.tx)
            .await?;
        Ok(rows.into_iter().map(|row| ((row.register.clone(), row.key.clone()), row)).collect())
    }

    async fn store_again(
        &mut self,
        new: &NewRecord,
        known_day: i64,
        first: bool,
        current: &mut Current,
    ) -> Result<(), Error> {
        let late = known_day < current.known_day;
        let before = if late { self.valid_on(current.id, known_day).await? } else { Some(current.stage()) };
        if before.as_ref().is_some_and(|b| b.says(new, self.change)) {
            self.counts.unchanged += 1;
            return Ok(());
        }
        if !first {
            self.counts.contradicting_rows.push(new.row);
            return Ok(());
        }
        current.version_last += 1;
        if late {
            self.slip_in(new, current, before, known_day).await?;
        } else {
            sqlx::query(SUPERSEDE).bind(current.id).bind(known_day).execute(&mut *self.tx).await?;
            self.update(new, current, known_day).await?;
            self.uncount(&new.register, &current.stage(), known_day, -1)?;
            self.count(new, known_day, 1)?;
            current.version = current.version_last;
            current.known_day = known_day;
            current.digest = new.digest.to_vec();
            current.counted = self.encode(new);
            current.region_path.clone_from(&new.region_path);
            current.disease.clone_from(&new.disease);
            current.drill = self.change.drill;
        }
        self.counts.changed += 1;
        Ok(())
    }

    async fn update(&mut self, new: &NewRecord, current: &Current, known_day: i64) -> Result<(), Error> {
        const SQL: &str = "update record set version = $2, region = $3, region_path = $4, disease = $5,
                event_day = $6, title = $7, digest = $8, data = $9::jsonb, personal = $10::jsonb, counted = $11,
                known_at = $12, known_day = $13, changed_by = $14, reason = $15, batch_id = $16, drill = $17,
                deleted = false
            where id = $1";
        sqlx::query(SQL)
            .bind(current.id)
            .bind(current.version_last)
            .bind(&new.region)
            .bind(&new.region_path)
            .bind(&new.disease)
            .bind(new.event_day)
            .bind(&new.title)
            .bind(new.digest.as_slice())
            .bind(sqlx::types::Json(serde_json::from_str::<serde_json::Value>(&new.data)?))
            .bind(personal(new)?)
            .bind(self.encode(new))
            .bind(self.at)
            .bind(known_day)
            .bind(&self.change.by)
            .bind(&self.change.reason)
            .bind(self.change.batch)
            .bind(self.change.drill)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Stores a version that was known before the current one.
    async fn slip_in(
        &mut self,
        new: &NewRecord,
        current: &Current,
        before: Option<Stage>,
        known_day: i64,
    ) -> Result<(), Error> {
        const CUT: &str = "update record_version set known_until = $3 where record_id = $1 and version = $2";
        const FIRST: &str = "select min(known_day) from record_version where record_id = $1";
        const SQL: &str = "insert into record_version (record_id, version, register, region, region_path, disease,
                event_day, key, title, digest, data, personal, counted, known_at, known_day, known_until, created_at,
                changed_by, reason, batch_id, drill, deleted)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                false)";
        let until = match &before {
            Some(before) => before.known_until,
            None => {
                let day: Option<i64> =
                    sqlx::query_scalar(FIRST).bind(current.id).fetch_one(&mut *self.tx).await?;
                day.map_or(current.known_day, |day| day.min(current.known_day))
            }
        };
        if let Some(before) = &before {
            sqlx::query(CUT)
                .bind(current.id)
                .bind(before.version)
                .bind(known_day)
                .execute(&mut *self.tx)
                .await?;
            self.uncount(&new.register, before, known_day, -1)?;
            self.uncount(&new.register, before, until, 1)?;
        }
        sqlx::query(SQL)
            .bind(current.id)
            .bind(current.version_last)
            .bind(&new.register)
            .bind(&new.region)
            .bind(&new.region_path)
            .bind(&new.disease)
            .bind(new.event_day)
            .bind(new.key.as_slice())
            .bind(&new.title)
            .bind(new.digest.as_slice())
            .bind(sqlx::types::Json(serde_json::from_str::<serde_json::Value>(&new.data)?))
            .bind(personal(new)?)
            .bind(self.encode(new))
            .bind(self.at)
            .bind(known_day)
            .bind(until)
            .bind(current.created_at)
            .bind(&self.change.by)
            .bind(&self.change.reason)
            .bind(self.change.batch)
            .bind(self.change.drill)
            .execute(&mut *self.tx)
            .await?;
        self.count(new, known_day, 1)?;
        self.count(new, until, -1)
    }

    async fn valid_on(&mut self, id: Uuid, day: i64) -> Result<Option<Stage>, Error> {
        const SQL: &str =
            "select version, known_until, digest, counted, region_path, disease, drill from record_version
            where record_id = $1 and known_day <= $2 and known_until > $2 order by version desc limit 1";
        Ok(sqlx::query_as(SQL).bind(id).bind(day).fetch_optional(&mut *self.tx).await?)
    }

    fn count(&mut self, new: &NewRecord, known_day: i64, sign: i64) -> Result<(), Error> {
        if self.change.drill {
            return Ok(());
        }
        self.tallies.count(&new.region_path, &new.disease, known_day, &new.counted, sign)
    }

    fn uncount(&mut self, register: &str, stage: &Stage, known_day: i64, sign: i64) -> Result<(), Error> {
        let counted = Counted::decode(&stage.counted, register)?;
        self.tallies.count(&stage.region_path, &stage.disease, known_day, &counted, sign)
    }
}

fn personal(new: &NewRecord) -> Result<Option<sqlx::types::Json<serde_json::Value>>, Error> {
    Ok(new.personal.as_deref().map(serde_json::from_str).transpose()?.map(sqlx::types::Json))
}
