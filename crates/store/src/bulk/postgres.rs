//! The writer of a load on PostgreSQL: parts inserted with `unnest`, one value list per column.

use super::met::Met;
use super::tallies::{Row, Tallies};
use super::{Closer, Closing, Counts, Finished, Message, Seen, Stage};
use crate::dialect::{On, Tx};
use crate::error::Error;
use crate::person::{self, LookupKind, Lookups, MasterKey};
use crate::record::{Change, Counted, NewRecord, SUPERSEDE};
use crate::{audit, batch, job, tally, time};
use sqlx::Postgres;
use sqlx::Transaction;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;
use wanquan_domain::record::{KeyDigest, new_uuid};

/// Rows per statement.
const PART: usize = 5_000;

pub(super) async fn run(
    tx: Transaction<'static, Postgres>,
    keys: Arc<MasterKey>,
    change: Change,
    messages: mpsc::Receiver<Message>,
    report: oneshot::Sender<Result<Finished, Error>>,
) {
    let _ = report.send(write(tx, &keys, &change, messages).await);
}

async fn write(
    tx: Transaction<'static, Postgres>,
    keys: &Arc<MasterKey>,
    change: &Change,
    mut messages: mpsc::Receiver<Message>,
) -> Result<Finished, Error> {
    let mut writer = Writer {
        tx,
        keys,
        change,
        // Others may enter persons meanwhile, so that what is stored is always asked.
        met: Met::new(true),
        known_day: time::to_day(change.known_on),
        at: time::to_micros(change.at),
        tallies: Tallies::default(),
        counts: Counts::default(),
        seen: Seen::default(),
    };
    let closer: Option<Closer> = loop {
        match messages.recv().await {
            Some(Message::Records(mut records)) => {
                for part in records.chunks_mut(PART) {
                    writer.store(part).await?;
                }
            }
            Some(Message::Lock(keys, register, done)) => {
                writer.lock(&register, &keys).await?;
                let _ = done.send(());
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
    let mut tx = Tx { on: On::Postgres(tx), keys: Arc::clone(keys) };
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

/// Kind, digest, person, everything the person is found by.
type FoundRow = (String, Vec<u8>, Uuid, Option<Vec<u8>>);
/// Stored persons by kind and digest.
type Found = HashMap<(String, Vec<u8>), Vec<(Uuid, Lookups)>>;

fn stored_person(found: &Found, lookups: &Lookups) -> Option<Uuid> {
    Met::asked(lookups).find_map(|(kind, digest): (LookupKind, _)| {
        let entries = found.get(&(kind.code().to_owned(), digest.to_vec()))?;
        entries.iter().find(|(_, known)| Met::is_same(kind, lookups, known)).map(|(id, _)| *id)
    })
}

struct Writer<'a> {
    tx: Transaction<'static, Postgres>,
    keys: &'a MasterKey,
    change: &'a Change,
    met: Met,
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
    person_id: Option<Uuid>,
    wrapped_key: Option<Vec<u8>>,
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
    async fn lock(&mut self, register: &str, keys: &[KeyDigest]) -> Result<(), Error> {
        // In the order of identifiers, so that two loads never wait for each other.
        const SQL: &str =
            "select id from record where register = $1 and key = any($2) order by id for update";
        sqlx::query(SQL)
            .bind(register)
            .bind(keys.iter().map(|key| key.to_vec()).collect::<Vec<_>>())
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    async fn store(&mut self, part: &mut [NewRecord]) -> Result<(), Error> {
        let lookups = self.give_to_persons(part).await?;
        let created = self.insert(part).await?;
        let mut again = Vec::new();
        let mut persons = Vec::new();
        for (new, lookups) in part.iter().zip(&lookups) {
            let known_day = new.known_day.unwrap_or(self.known_day);
            let first = self.seen.insert(&new.register, &new.key, known_day);
            if created.contains(&new.id.0) {
                self.counts.created += 1;
                self.count(new, known_day, 1)?;
                persons.push((new, lookups));
            } else {
                again.push((new, known_day, first));
            }
        }
        self.keep_persons(&persons).await?;
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
                digest, data, person_id, sealed, counted, known_day, version, known_at, created_at, changed_by,
                reason, batch_id, drill, deleted)
            select r.*, 1, $15, $15, $16, $17, $18, $19, false
            from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bytea[],
                $8::text[], $9::bytea[], $10::jsonb[], $11::uuid[], $12::bytea[], $13::text[], $14::bigint[]) r
            on conflict (register, key) do nothing returning id";
        let raw = |text: &str| serde_json::value::RawValue::from_string(text.to_owned());
        let data: Vec<_> =
            part.iter().map(|r| raw(&r.data).map(sqlx::types::Json)).collect::<Result<_, _>>()?;
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
            .bind(part.iter().map(|r| r.sealed.as_deref().map(|s| s.person)).collect::<Vec<_>>())
            .bind(part.iter().map(|r| r.sealed.as_deref().map(|s| s.bytes.clone())).collect::<Vec<_>>())
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
                disease, drill, person_id,
                (select wrapped_key from person where person.id = person_id) as wrapped_key, greatest(version, coalesce((select max(v.version) from record_version v
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
        let (person, sealed) = self.sealed_again(new, current).await?;
        if late {
            self.slip_in(new, current, before, known_day, person, sealed).await?;
        } else {
            sqlx::query(SUPERSEDE).bind(current.id).bind(known_day).execute(&mut *self.tx).await?;
            self.update(new, current, known_day, person, sealed).await?;
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

    async fn update(
        &mut self,
        new: &NewRecord,
        current: &Current,
        known_day: i64,
        person: Option<Uuid>,
        sealed: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        const SQL: &str = "update record set version = $2, region = $3, region_path = $4, disease = $5,
                event_day = $6, title = $7, digest = $8, data = $9::jsonb, personal = null, person_id = $10,
                sealed = $11, counted = $12, known_at = $13, known_day = $14, changed_by = $15, reason = $16,
                batch_id = $17, drill = $18, deleted = false
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
            .bind(person)
            .bind(sealed)
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
        person: Option<Uuid>,
        sealed: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        const CUT: &str = "update record_version set known_until = $3 where record_id = $1 and version = $2";
        const FIRST: &str = "select min(known_day) from record_version where record_id = $1";
        const SQL: &str = "insert into record_version (record_id, version, register, region, region_path, disease,
                event_day, key, title, digest, data, person_id, sealed, counted, known_at, known_day, known_until,
                created_at, changed_by, reason, batch_id, drill, deleted)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                $22, false)";
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
            .bind(person)
            .bind(sealed)
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

    /// Seals records for their persons: those that are known, and new ones, who are not stored yet. Returns what each is
    /// found by.
    async fn give_to_persons(&mut self, part: &mut [NewRecord]) -> Result<Vec<Lookups>, Error> {
        for new in part.iter_mut().filter(|new| new.personal.is_some()) {
            new.digest = new.stored_digest(self.keys);
        }
        let lookups: Vec<Lookups> = part
            .iter()
            .map(|new| if new.personal.is_some() { new.lookups(self.keys) } else { Lookups::default() })
            .collect();
        let stored = self.stored_persons(&lookups).await?;
        let mut known = HashMap::new();
        let mut met_here = Met::new(false);
        for (new, lookups) in part.iter_mut().zip(&lookups).filter(|(new, _)| new.personal.is_some()) {
            let found = stored_person(&stored, lookups)
                .or_else(|| self.met.person(lookups))
                .or_else(|| met_here.person(lookups));
            if let Some(person) = found {
                known.insert(new.id.0, person);
            } else if new.sealed.is_none() {
                new.seal(self.keys, self.change.at)?;
            }
            let person = found.or(new.sealed.as_deref().map(|sealed| sealed.person));
            if let Some(person) = person {
                met_here.add(person, lookups, &Lookups::default());
            }
        }
        if known.is_empty() {
            return Ok(lookups);
        }
        // Who is known from an earlier row of this part is new with it: the key is the one of that row.
        let mut keys = self.keys_of(known.values().copied().collect()).await?;
        for new in part.iter().filter(|new| !known.contains_key(&new.id.0)) {
            if let Some((id, wrapped)) =
                new.sealed.as_deref().and_then(|s| Some((s.person, s.new_key.as_ref()?)))
            {
                keys.insert(id, self.keys.unwrap_key(id, wrapped)?);
            }
        }
        for new in part.iter_mut() {
            let Some(person) = known.get(&new.id.0) else { continue };
            match keys.get(person) {
                Some(key) => new.seal_under(*person, key, None)?,
                None => new.seal(self.keys, self.change.at)?,
            }
        }
        Ok(lookups)
    }

    /// Persons stored with the documents and telephones of a part, by digest.
    async fn stored_persons(&mut self, lookups: &[Lookups]) -> Result<Found, Error> {
        const SQL: &str = "select l.kind, l.digest, p.id, p.lookups from person_lookup l join person p on p.id = l.person_id
            where (l.kind, l.digest) in (select * from unnest($1::text[], $2::bytea[])) order by p.id";
        let asked: Vec<_> = lookups.iter().flat_map(Met::asked).collect();
        if asked.is_empty() {
            return Ok(Found::new());
        }
        let rows: Vec<FoundRow> = sqlx::query_as(SQL)
            .bind(asked.iter().map(|(kind, _)| kind.code()).collect::<Vec<_>>())
            .bind(asked.iter().map(|(_, digest)| digest.to_vec()).collect::<Vec<_>>())
            .fetch_all(&mut *self.tx)
            .await?;
        let mut found = Found::new();
        for (kind, digest, id, known) in rows {
            found
                .entry((kind, digest))
                .or_default()
                .push((id, Lookups::from_bytes(known.unwrap_or_default())));
        }
        Ok(found)
    }

    /// Keys of stored persons who are not erased, who cannot be erased until the load ends.
    async fn keys_of(&mut self, mut persons: Vec<Uuid>) -> Result<HashMap<Uuid, person::PersonKey>, Error> {
        const SQL: &str = "select id, wrapped_key from person where id = any($1) and wrapped_key is not null
            order by id for update";
        persons.sort_unstable();
        persons.dedup();
        let rows: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(SQL).bind(persons).fetch_all(&mut *self.tx).await?;
        rows.into_iter().map(|(id, wrapped)| Ok((id, self.keys.unwrap_key(id, &wrapped)?))).collect()
    }

    /// Stores the persons of records that were stored, and what known ones are found by from now on.
    async fn keep_persons(&mut self, stored: &[(&NewRecord, &Lookups)]) -> Result<(), Error> {
        const INSERT: &str = "insert into person (id, wrapped_key, lookups, created_at, changed_at, version)
            select p.*, $4, $4, 1 from unnest($1::uuid[], $2::bytea[], $3::bytea[]) p";
        const MORE: &str =
            "update person set lookups = p.lookups from unnest($1::uuid[], $2::bytea[]) p (id, lookups)
            where person.id = p.id";
        let mut new = Vec::new();
        let mut more: BTreeMap<Uuid, Lookups> = BTreeMap::new();
        for (record, lookups) in stored {
            let Some(sealed) = record.sealed.as_deref() else { continue };
            match &sealed.new_key {
                Some(wrapped) => new.push((sealed.person, wrapped, *lookups)),
                None => {
                    more.entry(sealed.person).or_default().add(lookups);
                }
            }
        }
        if !new.is_empty() {
            sqlx::query(INSERT)
                .bind(new.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
                .bind(new.iter().map(|(_, wrapped, _)| (*wrapped).clone()).collect::<Vec<_>>())
                .bind(new.iter().map(|(.., lookups)| lookups.as_bytes().to_vec()).collect::<Vec<_>>())
                .bind(self.at)
                .execute(&mut *self.tx)
                .await?;
        }
        for (id, _, lookups) in new {
            self.met.add(id, lookups, lookups);
        }
        if !more.is_empty() {
            let ids: Vec<Uuid> = more.keys().copied().collect();
            let known: Vec<(Uuid, Option<Vec<u8>>)> =
                sqlx::query_as("select id, lookups from person where id = any($1)")
                    .bind(ids)
                    .fetch_all(&mut *self.tx)
                    .await?;
            let (mut ids, mut all) = (Vec::new(), Vec::new());
            for (id, known) in known {
                let mut known = Lookups::from_bytes(known.unwrap_or_default());
                let given = more.remove(&id).unwrap_or_default();
                let added = known.add(&given);
                self.met.add(id, &given, &added);
                if !added.is_empty() {
                    ids.push(id);
                    all.push(known.as_bytes().to_vec());
                }
            }
            sqlx::query(MORE).bind(ids).bind(all).execute(&mut *self.tx).await?;
        }
        self.write_lookups().await
    }

    async fn write_lookups(&mut self) -> Result<(), Error> {
        const SQL: &str = "insert into person_lookup (kind, digest, person_id)
            select * from unnest($1::text[], $2::bytea[], $3::uuid[]) on conflict do nothing";
        let rows = self.met.take();
        if rows.is_empty() {
            return Ok(());
        }
        sqlx::query(SQL)
            .bind(rows.iter().map(|(kind, ..)| kind.code()).collect::<Vec<&str>>())
            .bind(rows.iter().map(|(_, digest, _)| digest.to_vec()).collect::<Vec<_>>())
            .bind(rows.iter().map(|(.., person)| *person).collect::<Vec<_>>())
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// The person who keeps a record that is stored already, and what is said of them, sealed.
    async fn sealed_again(
        &mut self,
        new: &NewRecord,
        current: &mut Current,
    ) -> Result<(Option<Uuid>, Option<Vec<u8>>), Error> {
        if new.personal.is_none() {
            return Ok((current.person_id, None));
        }
        let lookups = new.lookups(self.keys);
        let mut sealed = new.clone();
        match (current.person_id, &current.wrapped_key) {
            (Some(person), Some(wrapped)) => {
                sealed.seal_under(person, &self.keys.unwrap_key(person, wrapped)?, None)?;
            }
            // Given to its person with the part, or to a new one after all: that one may not be stored.
            _ => {
                let id = new_uuid(self.change.at);
                let (key, wrapped) = self.keys.new_key(id)?;
                sealed.seal_under(id, &key, Some(wrapped.clone()))?;
                current.person_id = Some(id);
                current.wrapped_key = Some(wrapped);
            }
        }
        self.keep_persons(&[(&sealed, &lookups)]).await?;
        Ok((current.person_id, sealed.sealed.map(|sealed| sealed.bytes)))
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
