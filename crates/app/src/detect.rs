//! Detectors that run by themselves: when counts change, the series touched are looked at again and what is unusual
//! becomes a signal, once.
//!
//! - Which series: the measures for which a disease pack sets detectors, for regions from the nation down to the
//!   township. A community counts single persons; a first case there is the business of a case rule, not of a
//!   detector of excess.
//! - Which days: those of the last two weeks as known on the present day. Reports of a day trickle in for about that
//!   long, so a day may become unusual late; what is older is history, which the curve shows and nobody can act upon.
//!   Loading years of history therefore raises the signals of its last two weeks, not thousands of old ones.
//! - One signal for a series, step and date, by the first detector of the pack that fires; later runs leave it as it
//!   is, whatever became of it.
//!
//! Jobs are asked for in the transaction that changes the counts, so that no change goes unseen.

use crate::analyse::report::weekly;
use crate::analyse::{AnalysedStep, Detector, Exceedance, detectors, input_digest, run_detectors};
use crate::app::App;
use crate::bus::Change;
use crate::dispatch::{self, Happening};
use crate::error::Error;
use crate::situation::{Frame, blocking, count_series, date, measure_of};
use jiff::civil::Date;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use wanquan_domain::actor::Actor;
use wanquan_domain::date::to_epoch_day;
use wanquan_domain::record::new_uuid;
use wanquan_domain::region::{Level, RegionCode};
use wanquan_domain::register::Measure;
use wanquan_domain::signal::{SeriesKey, Signal, SignalStatus};
use wanquan_epi::{CountSeries, Step};
use wanquan_store::job::NewJob;
use wanquan_store::{Tx, job, signal, tally};

/// Name of the job.
pub(crate) const JOB: &str = "detect";
/// Narrowest regions that are watched.
const NARROWEST: Level = Level::Township;
/// Days back that may raise a signal.
const RECENT_DAYS: i32 = 14;
/// Longest history of weekly methods, in days: Farrington flexible looks five years back; ten are enough for any.
const WEEKLY_DAYS_MAX: i32 = 10 * 366;
/// Weeks whose expectation is shown beside a weekly signal.
pub(crate) const WEEKS_SHOWN: usize = 104;
/// Regions of one job: enough to spread the cost of a transaction, few enough to be done in a second.
const REGIONS_PER_JOB: usize = 500;
/// Attempts before a job is given up: with growing pauses, a day.
const ATTEMPTS_MAX: u32 = 30;

/// What a job looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Detect {
    measure: String,
    disease: String,
    regions: Vec<RegionCode>,
}

/// The jobs that follow from a change of these series; for a bulk load, which stores them itself.
pub fn jobs_for(app: &App, touched: &[SeriesKey]) -> Vec<NewJob> {
    let packs = app.packs();
    let mut kinds: BTreeMap<(&str, &str), BTreeSet<&RegionCode>> = BTreeMap::new();
    for key in touched {
        let watched = packs
            .disease(&key.disease)
            .is_some_and(|disease| disease.detectors.iter().any(|d| d.measure == key.measure));
        if watched && packs.regions.get(&key.region).is_some_and(|region| region.level <= NARROWEST) {
            kinds.entry((&key.measure, &key.disease)).or_default().insert(&key.region);
        }
    }
    let now = app.now();
    let mut jobs = Vec::new();
    for ((measure, disease), regions) in kinds {
        let regions: Vec<RegionCode> = regions.into_iter().cloned().collect();
        for part in regions.chunks(REGIONS_PER_JOB) {
            let work = Detect { measure: measure.into(), disease: disease.into(), regions: part.to_vec() };
            let payload = serde_json::to_value(&work).expect("a job is plain data");
            jobs.push(NewJob {
                id: new_uuid(now),
                name: JOB.to_owned(),
                // The same regions waiting already are looked at once for both changes.
                dedup_key: blake3::hash(payload.to_string().as_bytes()).to_hex()[..32].to_owned(),
                payload,
                run_at: now,
                attempts_max: ATTEMPTS_MAX,
                created_at: now,
            });
        }
    }
    jobs
}

/// Asks for the jobs that follow from a change of these series, in the transaction of the change.
///
/// # Errors
/// If the store fails.
pub async fn enqueue(app: &App, tx: &mut Tx<'_>, touched: &[SeriesKey]) -> Result<(), Error> {
    for new in jobs_for(app, touched) {
        job::enqueue(tx, &new).await?;
    }
    Ok(())
}

/// Tells watchers and the worker that counts have changed, once the transaction has committed.
pub fn announce(app: &App, touched: &[SeriesKey]) {
    let kinds: BTreeSet<(&str, &str)> =
        touched.iter().map(|key| (key.measure.as_str(), key.disease.as_str())).collect();
    for (measure, disease) in kinds {
        app.bus().send(Change::Tally { measure: measure.to_owned(), disease: disease.to_owned() });
    }
    if !touched.is_empty() {
        app.wake_worker();
    }
}

/// Looks at the series of a job and raises what is unusual. Returns how many signals are new.
///
/// # Errors
/// If the store fails or a pack's detector has unfit parameters.
pub(crate) async fn detect(app: &App, work: Detect) -> Result<usize, Error> {
    let changed = Change::Tally { measure: work.measure.clone(), disease: work.disease.clone() };
    let found = find(app, work).await?;
    let new = if found.is_empty() { 0 } else { raise(app, found).await? };
    // The counts may have been changed by another process (an import from the command line), whose announcement
    // watchers of this one did not hear.
    app.bus().send(changed);
    Ok(new)
}

/// Signals that the detectors propose now, without storing them.
async fn find(app: &App, work: Detect) -> Result<Vec<Signal>, Error> {
    let packs = app.packs();
    // A pack may have been taken away since the job was asked for; then there is nothing to do.
    let (Some(disease), Some((_, measure))) =
        (packs.disease(&work.disease), measure_of(packs, &work.measure))
    else {
        return Ok(Vec::new());
    };
    let of = |step| detectors(disease, &measure.id, step).map_err(Error::Internal);
    let (daily, weekly) = (of(Step::Day)?, of(Step::Week)?);
    let today = app.today();
    let mut tx = app.read().await?;
    let roots: BTreeSet<RegionCode> = work.regions.iter().filter_map(|code| root_of(app, code)).collect();
    let mut events = HashMap::new();
    for root in roots {
        let key = SeriesKey { measure: work.measure.clone(), disease: work.disease.clone(), region: root };
        let days = tally::series(&mut tx, &key, today).await?;
        events.insert(key.region, events_until(&days, today));
    }
    let read =
        tally::series_of_regions(&mut tx, &work.measure, &work.disease, &work.regions, None, today).await?;
    drop(tx);
    let (app, work) = (app.clone(), work.clone());
    blocking(move || {
        let Some((_, measure)) = measure_of(app.packs(), &work.measure) else { return Ok(Vec::new()) };
        let found: Vec<Vec<Signal>> = read
            .into_par_iter()
            .map(|(region, days)| {
                let events = root_of(&app, &region).and_then(|root| events.get(&root).copied().flatten());
                let key = SeriesKey { measure: work.measure.clone(), disease: work.disease.clone(), region };
                let series = Counts { measure, events, days: &days, today };
                propose(&app, &key, &series, &daily, &weekly)
            })
            .collect::<Result<_, Error>>()?;
        Ok(found.into_iter().flatten().collect())
    })
    .await?
}

/// First and last day of an event until a day.
pub(crate) fn events_until(days: &[(Date, i64)], until: Date) -> Option<(i32, i32)> {
    let mut days = days.iter().map(|(day, _)| *day).filter(|day| *day <= until).map(to_epoch_day);
    let first = days.next()?;
    Some((first, days.next_back().unwrap_or(first)))
}

pub(crate) fn root_of(app: &App, region: &RegionCode) -> Option<RegionCode> {
    let region = app.packs().regions.get(region)?;
    region.path.split('/').find(|code| !code.is_empty()).map(RegionCode::new)
}

/// The counts of a region.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts<'a> {
    pub(crate) measure: &'a Measure,
    /// First and last event of the whole tree.
    pub(crate) events: Option<(i32, i32)>,
    pub(crate) days: &'a [(Date, i64)],
    pub(crate) today: Date,
}

impl Counts<'_> {
    fn between(&self, first: i32, last: i32) -> Result<CountSeries, Error> {
        let mut daily = vec![0; usize::try_from(last - first + 1).unwrap_or(0)];
        for (day, n) in self.days {
            let at = usize::try_from(to_epoch_day(*day) - first).ok();
            if let Some(slot) = at.and_then(|i| daily.get_mut(i)) {
                *slot += n;
            }
        }
        count_series(first, &daily).map_err(refused)
    }

    /// The daily series, over the same days as the curve on the screen.
    fn daily(&self) -> Result<Option<CountSeries>, Error> {
        let frame = Frame::of(self.events, self.measure, to_epoch_day(self.today));
        frame.map(|frame| self.between(frame.first, frame.last)).transpose()
    }

    /// Whole weeks from Monday over the whole history.
    pub(crate) fn weekly(&self) -> Result<Option<CountSeries>, Error> {
        let Some(frame) = Frame::of(self.events, self.measure, to_epoch_day(self.today)) else {
            return Ok(None);
        };
        let first = self.events.map_or(frame.first, |events| events.0).max(frame.last - WEEKLY_DAYS_MAX);
        weekly(&self.between(first, frame.last)?).map_err(refused)
    }
}

fn refused(error: wanquan_epi::Error) -> Error {
    Error::Internal(format!("a detector refused the series: {error}"))
}

/// The weeks of a series with what the weekly detectors of its disease make of them, as known on a day.
pub(crate) async fn analysed_weeks(
    app: &App,
    tx: &mut Tx<'_>,
    key: &SeriesKey,
    as_of: Date,
) -> Result<Vec<AnalysedStep>, Error> {
    let packs = app.packs();
    let (Some(disease), Some((_, measure)), Some(root)) =
        (packs.disease(&key.disease), measure_of(packs, &key.measure), root_of(app, &key.region))
    else {
        return Ok(Vec::new());
    };
    let weekly = detectors(disease, &measure.id, Step::Week).map_err(Error::Internal)?;
    let whole = tally::series(tx, &SeriesKey { region: root, ..key.clone() }, as_of).await?;
    let days = tally::series(tx, key, as_of).await?;
    let events = events_until(&whole, as_of);
    let Some(series) = (Counts { measure, events, days: &days, today: as_of }).weekly()? else {
        return Ok(Vec::new());
    };
    blocking(move || run_detectors(&series, &weekly, Some(WEEKS_SHOWN)).map(|(steps, ..)| steps))
        .await?
        .map_err(refused)
}

/// Signals of one series.
fn propose(
    app: &App,
    key: &SeriesKey,
    counts: &Counts<'_>,
    daily: &[Detector],
    weekly: &[Detector],
) -> Result<Vec<Signal>, Error> {
    let recent = date(to_epoch_day(counts.today) - RECENT_DAYS);
    // Every detector fires on a count alone, so nothing lately means nothing to find.
    if !counts.days.iter().any(|(day, n)| *n > 0 && *day > recent && *day <= counts.today) {
        return Ok(Vec::new());
    }
    let mut signals = Vec::new();
    if !daily.is_empty()
        && let Some(series) = counts.daily()?
    {
        signals.extend(exceeding(app, key, &series, daily, counts.today)?);
    }
    if !weekly.is_empty()
        && let Some(series) = counts.weekly()?
    {
        let enough: Vec<Detector> =
            weekly.iter().filter(|d| series.len() > d.spec.history_steps_min(Step::Week)).cloned().collect();
        if !enough.is_empty() {
            signals.extend(exceeding(app, key, &series, &enough, counts.today)?);
        }
    }
    Ok(signals)
}

fn exceeding(
    app: &App,
    key: &SeriesKey,
    series: &CountSeries,
    detectors: &[Detector],
    today: Date,
) -> Result<Vec<Signal>, Error> {
    let (step, days) = match series.step() {
        Step::Day => ("day", 1),
        Step::Week => ("week", 7),
        Step::Month => return Ok(Vec::new()),
    };
    let oldest = to_epoch_day(today) - RECENT_DAYS;
    let is_recent = |i: &usize| to_epoch_day(series.date(*i)) + days - 1 > oldest;
    let recent = (0..series.len()).rev().take_while(is_recent).count();
    let (_, mut found, _) = run_detectors(series, detectors, Some(recent)).map_err(refused)?;
    // The order of the pack is the order of trust: of several detectors on one day the first one speaks.
    found.sort_by_key(|e| (e.date, e.detector));
    found.dedup_by_key(|e| e.date);
    let Some(region) = app.packs().regions.get(&key.region) else { return Ok(Vec::new()) };
    let digest = input_digest(series);
    let signal = |e: Exceedance| Signal {
        id: new_uuid(app.now()),
        series: key.clone(),
        region_path: region.path.clone(),
        step: step.to_owned(),
        date: e.date,
        method: e.method,
        method_version: e.method_version,
        params: params(&detectors[e.detector]),
        input_digest: digest.clone(),
        observed: e.observed,
        expected: e.expected,
        upper: e.upper,
        score: e.score,
        p_value: e.p_value,
        known_on: today,
        raised_at: app.now(),
        status: SignalStatus::Open,
        version: 1,
    };
    Ok(found.into_iter().map(signal).collect())
}

/// Everything that a detector was set to.
fn params(detector: &Detector) -> serde_json::Value {
    let mut params = serde_json::to_value(&detector.spec).unwrap_or_default();
    if let Some(params) = params.as_object_mut() {
        params.insert("min_count".to_owned(), detector.min_count.into());
    }
    params
}

/// Stores the signals that are new.
async fn raise(app: &App, found: Vec<Signal>) -> Result<usize, Error> {
    let detector = Actor::system("detector");
    let mut tx = app.write().await?;
    let Some(first) = found.first().map(|s| s.series.clone()) else { return Ok(0) };
    let regions: Vec<RegionCode> =
        found.iter().map(|s| s.series.region.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let from = found.iter().map(|s| s.date).min().unwrap_or_default();
    let raised = signal::raised_since(&mut tx, &first.measure, &first.disease, &regions, from).await?;
    let mut new = Vec::new();
    for proposed in found {
        let place = (proposed.series.region.clone(), proposed.step.clone(), proposed.date);
        if !raised.contains(&place) && signal::insert_new(&mut tx, &proposed, &detector.name).await? {
            let detail = json!({ "method": proposed.method, "version": proposed.method_version });
            app.audit(&mut tx, &detector, "signal.raise", &format!("signal/{}", proposed.id), detail).await?;
            dispatch::happened(app, &mut tx, &Happening::Signal { id: proposed.id }).await?;
            new.push(proposed.region_path);
        }
    }
    tx.commit().await?;
    let count = new.len();
    for region_path in new.into_iter().collect::<BTreeSet<_>>() {
        app.bus().send(Change::Signal { region_path });
    }
    if count > 0 {
        tracing::info!(measure = first.measure, disease = first.disease, count, "Raised {count} signals");
    }
    Ok(count)
}
