//! The situation of a region: figures, curve, reproduction number, regions below, as known on any day.
//!
//! Read from tallies alone, never from records. Tallies of a series are kept in memory with the generation of the
//! measure and disease; a day of a replay is then a prefix of cells in the order in which they became known, and
//! costs a few milliseconds of arithmetic. Back of the envelope: a city with a million cases over two years has about
//! 10,000 cells a county (700 days, 14 days of delay), so a city with 12 counties takes 13 × 10,000 × 16 bytes = 2 MB.

mod cache;
mod figures;
mod series;
mod totals;

pub use figures::{ChildFigures, CurveDay, Figures, Totals, method_versions};
pub(crate) use series::{Frame, count_series, date};
pub use totals::{TotalsAsked, totals};

use crate::analyse::{Detector, NoteCode, SerialInterval, detectors};
use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::error::Error;
use cache::Cache;
use figures::{Input, Place};
use jiff::Timestamp;
use jiff::civil::Date;
use series::Cells;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::date::to_epoch_day;
use wanquan_domain::disease::Disease;
use wanquan_domain::kind::{Kind, Role};
use wanquan_domain::pack::Packs;
use wanquan_domain::region::{Region, RegionCode};
use wanquan_domain::register::{Measure, Register};
use wanquan_epi::Step;
use wanquan_store::{Tx, signal, tally};

/// Memory for tallies, and for figures computed from them. Together with the page caches of the database the server
/// stays far below 80 MB.
const CELLS_BYTES_MAX: usize = 16 << 20;
const FIGURES_BYTES_MAX: usize = 8 << 20;
/// What an entry takes beside its cells: most communities have none.
const ENTRY_BYTES: usize = 256;

/// What is kept in memory between two requests.
#[derive(Debug)]
pub(crate) struct Memory {
    cells: Cache<CellsKey, Arc<Cells>>,
    figures: Cache<FiguresKey, Arc<Figures>>,
    /// Held while tallies are read, so that ten readers of the same region read them once.
    reading: tokio::sync::Mutex<()>,
}

type CellsKey = (Arc<str>, Arc<str>, RegionCode);
type FiguresKey = (Arc<str>, Arc<str>, RegionCode, i32);

impl Default for Memory {
    fn default() -> Self {
        Self {
            cells: Cache::new(CELLS_BYTES_MAX),
            figures: Cache::new(FIGURES_BYTES_MAX),
            reading: tokio::sync::Mutex::new(()),
        }
    }
}

/// What a reader asks for.
#[derive(Debug, Clone)]
pub struct View {
    /// Region.
    pub region: RegionCode,
    /// Disease.
    pub disease: String,
    /// Measure; the disease's main one if `None`.
    pub measure: Option<String>,
    /// Day as known on; today if `None`.
    pub as_of: Option<Date>,
}

/// What was asked for, looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Looked<'a> {
    pub(crate) region: &'a Region,
    pub(crate) disease: &'a Disease,
    pub(crate) register: &'a Register,
    pub(crate) measure: &'a Measure,
    pub(crate) as_of: Date,
}

/// Signals that wait, and alarms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SignalCounts {
    /// Signals that wait for assessment.
    pub open: u64,
    /// Signals raised to alarms.
    pub alarms: u64,
}

/// The situation of a region.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    /// Region.
    pub region: &'a Region,
    /// Regions above, the root first.
    pub ancestors: Vec<&'a Region>,
    /// Day as known on.
    pub as_of: Date,
    /// Disease.
    pub disease: &'a Disease,
    /// Register that counts.
    pub register: &'a Register,
    /// Measure.
    pub measure: &'a Measure,
    /// The figures.
    pub figures: Arc<Figures>,
    /// Deaths counted by the same register, where it counts them.
    pub deaths: Option<i64>,
    /// Recoveries counted by the same register, where it counts them.
    pub cured: Option<i64>,
    /// Signals of the region and everything below.
    pub signals: SignalCounts,
    /// Where the numbers come from, in sentences.
    pub sources: Vec<String>,
    packs: &'a Packs,
    open_below: HashMap<String, u64>,
}

impl<'a> Situation<'a> {
    /// Regions directly below with their figures and their open signals, in the order of the tree.
    pub fn regions(&self) -> impl Iterator<Item = (&'a Region, &ChildFigures, u64)> {
        self.figures.children.iter().filter_map(|child| {
            let open = self.open_below.get(child.region.as_str()).copied().unwrap_or(0);
            Some((self.packs.regions.get(&child.region)?, child, open))
        })
    }
}

/// Days through which a replay walks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// First day on which something became known.
    pub first: Option<Date>,
    /// Last one.
    pub last: Option<Date>,
    /// Days on which something became known, with everything counted until then.
    pub days: Vec<(Date, i64)>,
}

/// Finds a measure with its register.
pub(crate) fn measure_of<'a>(packs: &'a Packs, id: &str) -> Option<(&'a Register, &'a Measure)> {
    packs.registers().iter().find_map(|register| {
        register.measures.iter().find(|m| m.id == id).map(|measure| (register.as_ref(), measure))
    })
}

/// Looks up what a view names.
pub(crate) fn look_up<'a>(app: &'a App, view: &View) -> Result<Looked<'a>, Error> {
    let packs = app.packs();
    let region =
        packs.regions.get(&view.region).ok_or_else(|| Error::not_found("region", view.region.as_str()))?;
    let disease = packs.disease(&view.disease).ok_or_else(|| Error::not_found("disease", &view.disease))?;
    let id = view.measure.as_ref().unwrap_or(&disease.main_measure);
    let (register, measure) = measure_of(packs, id).ok_or_else(|| Error::not_found("measure", id))?;
    let as_of = view.as_of.unwrap_or_else(|| app.today());
    if as_of > app.today() {
        let message = format!("is after today, {}", app.today());
        return Err(Error::BadInput { field: "as_of", message });
    }
    Ok(Looked { region, disease, register, measure, as_of })
}

/// Detectors that a disease pack sets for the daily counts of a measure; a measure that it does not watch has none.
pub(crate) fn daily_detectors(disease: &Disease, measure: &str) -> Result<Vec<Detector>, Error> {
    detectors(disease, measure, Step::Day).map_err(Error::Internal)
}

/// The serial interval of a disease, where the measure counts new infections: deaths and recoveries have no
/// reproduction number.
fn serial_interval(looked: Looked<'_>) -> Result<SerialInterval, &'static str> {
    let Looked { disease, register, measure, .. } = looked;
    let watched = disease.detectors.iter().any(|d| d.measure == measure.id);
    let counts_infections = match register.kind {
        Kind::Case => {
            let outcome = register.role(Role::OutcomeDate).map(|field| field.id.as_str());
            measure.date.first().map(String::as_str) != outcome
        }
        _ => watched || disease.main_measure == measure.id,
    };
    if !counts_infections {
        return Err("not_infections");
    }
    SerialInterval::of(disease).ok_or(NoteCode::NoSerialInterval.as_str())
}

/// The situation of a region. Everybody who may see the region's figures sees how many signals wait there; what they
/// say is for those who may read signals.
///
/// # Errors
/// `Forbidden` outside of the actor's regions; `NotFound` for an unknown region, disease or measure; `BadInput` for a
/// day in the future.
pub async fn read_situation<'a>(app: &'a App, actor: &Actor, view: &View) -> Result<Situation<'a>, Error> {
    authorize(app, actor, Action::SituationRead, Subject::At(&view.region))?;
    let looked = look_up(app, view)?;
    let mut tx = app.read().await?;
    read(app, &mut tx, looked).await
}

/// Reads without asking who reads: for verbs that have asked.
pub(crate) async fn read<'a>(
    app: &'a App,
    tx: &mut Tx<'_>,
    looked: Looked<'a>,
) -> Result<Situation<'a>, Error> {
    let (figures, deaths, cured) = figures_of(app, tx, looked).await?;
    let Looked { region, disease, register, measure, as_of } = looked;
    let mut signals = SignalCounts::default();
    let mut open_below: HashMap<String, u64> = HashMap::new();
    let until = end_of_day(app, as_of);
    for standing in signal::standing(tx, &region.path, &disease.id, as_of, until).await? {
        signals.open += standing.open;
        signals.alarms += standing.alarms;
        let below = standing.region_path.strip_prefix(region.path.as_str()).unwrap_or_default();
        if let Some(child) = below.split('/').next().filter(|code| !code.is_empty()) {
            *open_below.entry(child.to_owned()).or_default() += standing.open;
        }
    }
    let packs = app.packs();
    Ok(Situation {
        region,
        ancestors: packs.regions.ancestors(&region.code),
        as_of,
        disease,
        register,
        measure,
        figures,
        deaths,
        cured,
        signals,
        sources: sources(packs, register, region, disease),
        packs,
        open_below,
    })
}

/// The first instant after a day.
fn end_of_day(app: &App, day: Date) -> Timestamp {
    let next = day.tomorrow().unwrap_or(Date::MAX);
    app.time_zone().to_timestamp(next.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX)
}

/// Where the numbers come from.
fn sources(packs: &Packs, register: &Register, region: &Region, disease: &Disease) -> Vec<String> {
    let mut sources = vec![format!("Register {}: {}", register.id, register.title.en)];
    if let Some(population) = &region.population {
        sources.push(format!(
            "Population on {}: {}",
            population.as_of,
            source_title(packs, &population.source)
        ));
    }
    if let Some(interval) = SerialInterval::of(disease) {
        sources.push(format!(
            "Serial interval, mean {} and sd {} days: {}",
            interval.mean_days, interval.sd_days, interval.source
        ));
    }
    sources
}

/// What one of a register's counts is.
pub fn unit(register: &Register) -> &'static str {
    match register.kind {
        Kind::Case | Kind::CountReport | Kind::Contact => "persons",
        Kind::LabSample => "samples",
        Kind::Task | Kind::Directive | Kind::Order | Kind::Ledger => "records",
    }
}

/// Title of a pack's source; its identifier if it is not declared.
pub fn source_title<'a>(packs: &'a Packs, id: &'a str) -> &'a str {
    packs.source(id).map_or(id, |source| source.title.as_str())
}

/// Measures of a register that count deaths and recoveries, by the names under which packs declare them.
const DEATHS: [&str; 2] = ["dead", "death"];
const CURED: [&str; 2] = ["cured", "recovered"];

/// The figures with deaths and recoveries.
async fn figures_of(
    app: &App,
    tx: &mut Tx<'_>,
    looked: Looked<'_>,
) -> Result<(Arc<Figures>, Option<i64>, Option<i64>), Error> {
    let Looked { region, disease, register, measure, as_of } = looked;
    let mut also = [None, None];
    for (total, names) in also.iter_mut().zip([DEATHS, CURED]) {
        let named = |m: &&Measure| names.iter().any(|name| m.id == format!("{}.{name}", register.id));
        let Some(other) = register.measures.iter().find(named).filter(|m| m.id != measure.id) else {
            continue;
        };
        let generation = tally::generation(tx, &other.id, &disease.id).await?;
        let codes = [region.code.clone()];
        let cells = cells_of(app, tx, &other.id, &disease.id, &codes, generation).await?;
        *total = cells.first().map(|cells| cells.total(to_epoch_day(as_of)));
    }
    Ok((figures_of_region(app, tx, looked).await?, also[0], also[1]))
}

/// The figures of a region, from memory where they are fresh.
pub(crate) async fn figures_of_region(
    app: &App,
    tx: &mut Tx<'_>,
    looked: Looked<'_>,
) -> Result<Arc<Figures>, Error> {
    let Looked { region, disease, measure, as_of, .. } = looked;
    let generation = tally::generation(tx, &measure.id, &disease.id).await?;
    let (of, by) = (Arc::from(measure.id.as_str()), Arc::from(disease.id.as_str()));
    let key = (of, by, region.code.clone(), to_epoch_day(as_of));
    let memory = app.situation_memory();
    if let Some(figures) = memory.figures.get(&key, generation) {
        return Ok(figures);
    }
    let tree = &app.packs().regions;
    let children = tree.children(&region.code);
    let root = region.path.split('/').find(|code| !code.is_empty()).unwrap_or_default();
    let mut codes = vec![RegionCode::new(root), region.code.clone()];
    codes.extend(children.iter().map(|child| child.code.clone()));
    let mut cells = cells_of(app, tx, &measure.id, &disease.id, &codes, generation).await?.into_iter();
    let place = |region: &Region, cells: Option<Arc<Cells>>| Place {
        region: region.code.clone(),
        population: region.population.as_ref().map(|p| p.n),
        cells: cells.unwrap_or_default(),
    };
    let root = cells.next().unwrap_or_default();
    let own = place(region, cells.next());
    let below: Vec<Place> = children.iter().map(|child| place(child, cells.next())).collect();
    let computed = compute(app, looked, root, own, below).await?;
    memory.figures.put(key, generation, Arc::clone(&computed), computed.bytes());
    Ok(computed)
}

/// Computes on the blocking pool.
async fn compute(
    app: &App,
    looked: Looked<'_>,
    root: Arc<Cells>,
    place: Place,
    children: Vec<Place>,
) -> Result<Arc<Figures>, Error> {
    let detectors = daily_detectors(looked.disease, &looked.measure.id)?;
    let serial_interval = serial_interval(looked);
    let (app, id, as_of) = (app.clone(), looked.measure.id.clone(), to_epoch_day(looked.as_of));
    let work = move || {
        let (_, measure) = measure_of(app.packs(), &id).ok_or_else(|| Error::not_found("measure", &id))?;
        let input = Input {
            measure,
            events: root.events(as_of),
            place,
            children,
            detectors: &detectors,
            serial_interval,
            as_of,
        };
        figures::figures(&input).map(Arc::new)
    };
    blocking(work).await?
}

/// Runs arithmetic outside of the asynchronous threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::Internal(format!("a computation stopped: {e}")))
}

/// The cells of regions, from memory where they are fresh; in the order asked for.
async fn cells_of(
    app: &App,
    tx: &mut Tx<'_>,
    measure: &str,
    disease: &str,
    regions: &[RegionCode],
    generation: i64,
) -> Result<Vec<Arc<Cells>>, Error> {
    let memory = app.situation_memory();
    let (measure_key, disease_key): (Arc<str>, Arc<str>) = (Arc::from(measure), Arc::from(disease));
    let key = |region: &RegionCode| (Arc::clone(&measure_key), Arc::clone(&disease_key), region.clone());
    let mut found: HashMap<RegionCode, Arc<Cells>> = HashMap::new();
    let take = |found: &mut HashMap<RegionCode, Arc<Cells>>| {
        let mut missing: HashSet<RegionCode> = HashSet::new();
        for region in regions {
            match memory.cells.get(&key(region), generation) {
                Some(cells) => {
                    found.insert(region.clone(), cells);
                }
                None => {
                    missing.insert(region.clone());
                }
            }
        }
        missing
    };
    if !take(&mut found).is_empty() {
        let _reading = memory.reading.lock().await;
        let mut missing: Vec<RegionCode> = take(&mut found).into_iter().collect();
        missing.sort_unstable();
        if !missing.is_empty() {
            let mut read = tally::cells_of_regions(tx, measure, disease, &missing).await?;
            for region in missing {
                let cells = Arc::new(read.remove(&region).map_or_else(Cells::default, |c| Cells::new(&c)));
                memory.cells.put(key(&region), generation, Arc::clone(&cells), ENTRY_BYTES + cells.bytes());
                found.insert(region, cells);
            }
        }
    }
    Ok(regions.iter().map(|region| found.get(region).cloned().unwrap_or_default()).collect())
}

/// The days through which a replay of a region walks.
///
/// # Errors
/// As [`read_situation`].
pub async fn read_timeline(app: &App, actor: &Actor, view: &View) -> Result<Timeline, Error> {
    authorize(app, actor, Action::SituationRead, Subject::At(&view.region))?;
    let Looked { region, disease, measure, as_of, .. } = look_up(app, view)?;
    let mut tx = app.read().await?;
    let generation = tally::generation(&mut tx, &measure.id, &disease.id).await?;
    let codes = [region.code.clone()];
    let cells = cells_of(app, &mut tx, &measure.id, &disease.id, &codes, generation).await?;
    let days: Vec<(Date, i64)> = cells
        .first()
        .map(|cells| cells.cumulative(to_epoch_day(as_of)))
        .unwrap_or_default()
        .into_iter()
        .map(|(day, sum)| (date(day), sum))
        .collect();
    Ok(Timeline { first: days.first().map(|d| d.0), last: days.last().map(|d| d.0), days })
}
