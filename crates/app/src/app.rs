//! What every verb needs: the store, the packs, the clock, and the bus of live changes.

use crate::access::Throttle;
use crate::bus::Bus;
use crate::error::Error;
use crate::portal;
use crate::publish;
use crate::situation;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::{Notify, watch};
use wanquan_domain::actor::{Actor, ActorKind};
use wanquan_domain::pack::Packs;
use wanquan_store::person::KeySource;
use wanquan_store::{Store, Tx, audit};

/// Where the time comes from: the wall clock of a server, a replay, or a test's own time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present instant, in whole microseconds.
    fn now(&self) -> Timestamp;
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows `at`.
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.as_microsecond()))
    }

    /// Sets the clock.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.as_microsecond(), Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).expect("it was set from a timestamp")
    }
}

/// How an installation runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// Time zone in which days begin and end.
    pub time_zone: TimeZone,
    /// A demonstration on replayed history, with published sample accounts.
    pub demo: bool,
}

/// An installation at work; cheap to clone.
#[derive(Debug, Clone)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    packs: Packs,
    clock: Arc<dyn Clock>,
    options: Options,
    bus: Bus,
    jobs: Notify,
    throttle: Throttle,
    situation: situation::Memory,
    public: publish::Memory,
    portal: portal::Memory,
    stopping: watch::Sender<bool>,
}

impl App {
    /// An installation on an open store.
    pub fn new(store: Store, packs: Packs, clock: Arc<dyn Clock>, options: Options) -> Self {
        Self(Arc::new(Inner {
            store,
            packs,
            clock,
            options,
            bus: Bus::new(),
            jobs: Notify::new(),
            throttle: Throttle::default(),
            situation: situation::Memory::default(),
            public: publish::Memory::default(),
            portal: portal::Memory::default(),
            stopping: watch::channel(false).0,
        }))
    }

    /// Opens the database at `location` (a path, or a `postgres://` address) and brings its schema up to date.
    ///
    /// # Errors
    /// If the location is unusable or the database belongs to a later release.
    pub async fn open(
        location: &str,
        packs: Packs,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self, Error> {
        Self::open_with_key(location, KeySource::Beside, packs, clock, options).await
    }

    /// The same, with the key of personal data from another place than beside the database.
    ///
    /// # Errors
    /// As for [`App::open`]; `Refused` if the key is missing or is not that of the database.
    pub async fn open_with_key(
        location: &str,
        key: KeySource,
        packs: Packs,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self, Error> {
        let recommended = wanquan_store::Options::recommended();
        let store = Store::open(location, &wanquan_store::Options { key, ..recommended }).await?;
        Ok(Self::new(store, packs, clock, options))
    }

    /// What is declared.
    pub fn packs(&self) -> &Packs {
        &self.0.packs
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Time zone of the installation as browsers know it: an IANA name, or an offset such as +08:00.
    pub fn time_zone_name(&self) -> String {
        let zone = &self.0.options.time_zone;
        zone.iana_name().map_or_else(
            || {
                let seconds = zone.to_offset(self.now()).seconds();
                let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
                format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            },
            str::to_owned,
        )
    }

    /// The civil day of an instant at the place of the installation.
    pub fn day_of(&self, at: Timestamp) -> Date {
        self.0.options.time_zone.to_datetime(at).date()
    }

    /// The civil time of an instant at the place of the installation.
    pub fn time_of(&self, at: Timestamp) -> jiff::civil::DateTime {
        self.0.options.time_zone.to_datetime(at)
    }

    /// The present civil day at the place of the installation.
    pub fn today(&self) -> Date {
        self.day_of(self.now())
    }

    /// What the public read last.
    pub(crate) fn public_memory(&self) -> &publish::Memory {
        &self.0.public
    }

    /// True for a demonstration on replayed history.
    pub fn is_demo(&self) -> bool {
        self.0.options.demo
    }

    /// Where changes are told to whoever watches.
    pub fn bus(&self) -> &Bus {
        &self.0.bus
    }

    /// Wakes the worker of this process: a job was asked for.
    pub fn wake_worker(&self) {
        self.0.jobs.notify_one();
    }

    /// Waits until [`App::wake_worker`] is called.
    pub async fn worker_woken(&self) {
        self.0.jobs.notified().await;
    }

    /// Tells everything that runs on (the worker, streams of live changes) to end.
    pub fn stop(&self) {
        self.0.stopping.send_replace(true);
    }

    /// True once [`App::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        *self.0.stopping.borrow()
    }

    /// Waits until [`App::stop`] is called.
    pub async fn stopped(&self) {
        let mut stopping = self.0.stopping.subscribe();
        // The sender lives as long as the installation that is waited on.
        let _ = stopping.wait_for(|stop| *stop).await;
    }

    /// Ends the connections once the running transactions have ended.
    pub async fn close(&self) {
        self.0.store.close().await;
    }

    pub(crate) fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    pub(crate) fn situation_memory(&self) -> &situation::Memory {
        &self.0.situation
    }

    pub(crate) fn portal_memory(&self) -> &portal::Memory {
        &self.0.portal
    }

    /// Time zone of the installation.
    pub fn time_zone(&self) -> &TimeZone {
        &self.0.options.time_zone
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) async fn read(&self) -> Result<Tx<'static>, Error> {
        Ok(self.0.store.read().await?)
    }

    pub(crate) async fn write(&self) -> Result<Tx<'static>, Error> {
        Ok(self.0.store.write().await?)
    }

    /// An entry for the audit log about what `actor` does now; for stores that write it themselves. Names are not
    /// unique, so the detail of a person's act carries the account.
    pub(crate) fn audit_entry(
        &self,
        actor: &Actor,
        act: &str,
        subject: &str,
        mut detail: Json,
    ) -> audit::NewEntry {
        if let Some(facts) = detail.as_object_mut()
            && actor.kind == ActorKind::Person
        {
            facts.insert("account".to_owned(), Json::from(actor.id.to_string()));
        }
        audit::NewEntry {
            at: self.now(),
            actor: actor.name.clone(),
            act: act.to_owned(),
            subject: subject.to_owned(),
            detail,
        }
    }

    /// Appends an entry to the audit log in the transaction of the act. `detail` holds no personal data.
    pub(crate) async fn audit(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        act: &str,
        subject: &str,
        detail: Json,
    ) -> Result<(), Error> {
        audit::append(tx, &self.audit_entry(actor, act, subject, detail)).await?;
        Ok(())
    }
}
